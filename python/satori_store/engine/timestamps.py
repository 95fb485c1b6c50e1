"""Timestamps as engines give them."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from typing import Any, Union

from .. import instants
from ..errors import InvalidTimestamp
from ..records import StoredTimestamp


def text_of(ts: Any) -> str:
    """Returns the text that a timestamp is inserted by: text as it stands, and the Unix
    seconds for a number, for text that is one, and for a datetime."""
    if isinstance(ts, str) and not instants.NUMBER.fullmatch(ts):
        return ts
    micros = to_micros(ts)
    whole, fraction = divmod(micros, 1_000_000)
    return format(Decimal(micros).scaleb(-6), "f") if fraction else str(whole)


def to_micros(ts: Any) -> int:
    """Returns microseconds since 1970-01-01 UTC. A datetime without a time zone is UTC."""
    if isinstance(ts, datetime):
        if ts != ts:  # pandas.NaT
            raise InvalidTimestamp(f"{ts!r} is no timestamp")
        if ts.tzinfo is None:
            ts = ts.replace(tzinfo=timezone.utc)
    return instants.to_micros(ts)


def number_of(stored: StoredTimestamp) -> Union[int, float]:
    """Returns the number that a stored row is indexed by: its timestamp if that is a number,
    Unix seconds if it is text."""
    if isinstance(stored, (int, float)):
        return stored
    micros = instants.parse_micros(stored or "")
    return micros / 1e6 if micros % 1_000_000 else micros // 1_000_000
