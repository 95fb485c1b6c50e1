"""How timestamps that engines give are stored."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any, Optional

from .. import instants
from ..errors import InvalidTimestamp, NotFound, UnreadableRow
from ..store import Store

_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
#: The parts in which ISO 8601 texts differ.
_ISO = re.compile(
    r"\d{4}-\d\d-\d\d"
    r"(?:(?P<separator>.)\d\d:\d\d(?P<seconds>:\d\d(?:[.,](?P<fraction>\d+))?)?"
    r"(?P<zone>[zZ]|(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d)?)?)?",
    re.ASCII,
)


def spell(store: Store, uuid: str, timestamps: Iterable[Any]) -> Iterator[str]:
    """The text under which each timestamp is to be stored."""
    # Where text is all there is, nobody needs to look.
    sample, looked = None, False
    for ts in timestamps:
        if isinstance(ts, str) and not _NUMBER.fullmatch(ts):
            yield ts
            continue
        if not looked:
            sample, looked = _latest_text(store, uuid), True
        micros = to_micros(ts)
        yield _seconds(micros) if sample is None else like(sample, micros)


def _latest_text(store: Store, uuid: str) -> Optional[str]:
    """The timestamp of the stream's latest row, if it is text."""
    try:
        latest = store.latest(uuid)
    except (NotFound, UnreadableRow):
        return None
    stored = None if latest is None else latest.stored_ts
    return stored if isinstance(stored, str) else None


def to_micros(ts: Any) -> int:
    """Microseconds since 1970-01-01 UTC; of a datetime without a time zone too."""
    if isinstance(ts, datetime):
        if ts != ts:
            raise InvalidTimestamp(f"{ts!r} is no timestamp")
        if ts.tzinfo is None:
            ts = ts.replace(tzinfo=timezone.utc)
    return instants.to_micros(ts)


def _seconds(micros: int) -> str:
    whole, fraction = divmod(micros, 1_000_000)
    return format(Decimal(micros).scaleb(-6), "f") if fraction else str(whole)


def like(sample: str, micros: int) -> str:
    """An instant in the spelling of `sample`; finer where it needs to be."""
    found = _ISO.fullmatch(sample)
    parts = {} if found is None else found.groupdict()
    ts = instants.to_datetime(micros)
    if parts.get("sign"):
        offset = timedelta(hours=int(parts["hours"]), minutes=int(parts["minutes"] or 0))
        ts += -offset if parts["sign"] == "-" else offset
    separator, date = parts.get("separator"), ts.date().isoformat()
    if found is not None and separator is None and ts.time() == time():
        return date
    text = f"{date}{separator or ' '}{ts.hour:02}:{ts.minute:02}"
    digits = len(parts.get("fraction") or "")
    if ts.microsecond % 10 ** max(6 - digits, 0):
        digits = 6
    if ts.second or digits or parts.get("seconds") or separator is None:
        text += f":{ts.second:02}"
    if digits:
        text += "." + f"{ts.microsecond:06}".ljust(digits, "0")[:digits]
    return text + (parts.get("zone") or "")
