"""Timestamps as engines give them."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from .. import instants
from ..errors import InvalidTimestamp

_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)


def text_of(ts: Any) -> str:
    """The text that a timestamp is inserted by: text as it stands; of a number, of text
    that is one, and of a datetime the Unix seconds."""
    if isinstance(ts, str) and not _NUMBER.fullmatch(ts):
        return ts
    micros = to_micros(ts)
    whole, fraction = divmod(micros, 1_000_000)
    return format(Decimal(micros).scaleb(-6), "f") if fraction else str(whole)


def to_micros(ts: Any) -> int:
    """Microseconds since 1970-01-01 UTC; of a datetime without a time zone too."""
    if isinstance(ts, datetime):
        if ts != ts:
            raise InvalidTimestamp(f"{ts!r} is no timestamp")
        if ts.tzinfo is None:
            ts = ts.replace(tzinfo=timezone.utc)
    return instants.to_micros(ts)
