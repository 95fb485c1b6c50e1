"""Instants: aware datetimes outside, microseconds since 1970 (UTC) inside."""

from __future__ import annotations

import ctypes
import re
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Literal, Optional, Union

from ._capi.call import call, choice
from ._text import shown, utf8
from .errors import InvalidTimestamp

if TYPE_CHECKING:
    import numpy

#: An instant as callers may give it. An aware ``datetime``. A ``date``, which is its
#: midnight in UTC. A ``numpy.datetime64``, which is UTC. A number of Unix seconds
#: (from 1e11, 1e14 and 1e17 on: of milli-, micro- and nanoseconds). Text, such as
#: ``"2024-01-03 12:00"``, which is UTC if it has no offset, or a number in text.
#: What is finer than a microsecond is rounded to the nearest one, a half to the later.
Instant = Union[datetime, date, "numpy.datetime64", int, float, Decimal, str]

#: The unit of instants that are numbers, also in text; ``"auto"`` goes by their magnitude.
Unit = Literal["auto", "s", "ms", "us", "ns"]
_UNITS = {"auto": 0, "s": 1, "ms": 2, "us": 3, "ns": 4}

#: Text that is a number. In a column of timestamps SQLite makes a number of it, too.
NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MICROSECOND = timedelta(microseconds=1)
#: What a datetime can hold.
_LEAST = (datetime.min.replace(tzinfo=timezone.utc) - EPOCH) // MICROSECOND
_GREATEST = (datetime.max.replace(tzinfo=timezone.utc) - EPOCH) // MICROSECOND
#: The ends of a range that has no bound; the first one also stands for "none".
NONE, NO_END = -(2**63), 2**63 - 1
#: Whole numbers below this one are seconds.
_SECONDS_LIMIT = 10**11


#: The units of datetime64 that have a length: how many in a microsecond, or how many
#: microseconds.
_FINE = {"as": 10**12, "fs": 10**9, "ps": 10**6, "ns": 10**3, "us": 1}
_COARSE = {"ms": 10**3, "s": 10**6, "m": 60 * 10**6, "h": 3600 * 10**6, "D": 86400 * 10**6}


def unit_of(unit: Any) -> int:
    """Returns the number of a unit in the C API.

    :raises InvalidArgument: it is none.
    """
    return choice(unit, _UNITS, "unit")


def to_micros(instant: Instant, unit: int = 0) -> int:
    """Returns microseconds since 1970-01-01 UTC. `unit` is that of numbers, as the C API
    counts them."""
    if isinstance(instant, datetime):
        if instant != instant:
            raise _missing(instant)
        if instant.tzinfo is None:
            raise InvalidTimestamp(
                f"{shown(instant)} has no time zone: give it one, such as datetime.timezone.utc"
            )
        # A Timestamp of pandas has nanoseconds too.
        later = getattr(instant, "nanosecond", 0) >= 500
        return (instant - EPOCH) // MICROSECOND + later
    if type(instant) is int and unit == 0 and 0 <= instant < _SECONDS_LIMIT:
        return instant * 1_000_000
    if type(instant).__module__ == "numpy" and type(instant).__name__ == "datetime64":
        micros = _of_datetime64(instant)
    elif isinstance(instant, (Real, Decimal, str)) and not isinstance(instant, bool):
        # The library alone knows the units, and it reads text.
        text = instant if isinstance(instant, str) else _text_of(instant)
        micros = parse_micros(text, unit)
    elif isinstance(instant, date):
        return (instant.toordinal() - EPOCH.toordinal()) * 86400 * 10**6
    elif type(instant).__name__ in ("NaTType", "NAType"):
        raise _missing(instant)
    else:
        raise InvalidTimestamp(
            f"{shown(instant)} is no instant: expected a datetime, a number or text"
        )
    # Refuses what could be stored, but never be given back.
    to_datetime(micros)
    return micros


def _missing(instant: Any) -> InvalidTimestamp:
    return InvalidTimestamp(
        f"{shown(instant)} is no instant: it stands for a missing one; leave its row out"
    )


def _of_datetime64(instant: Any) -> int:
    """Reads a datetime64 of any unit."""
    import numpy

    if numpy.isnat(instant):
        raise _missing(instant)
    unit, count = numpy.datetime_data(instant.dtype)
    if unit not in _FINE and unit not in _COARSE:  # weeks, months, years
        instant, unit, count = instant.astype("datetime64[D]"), "D", 1
    number = int(instant.astype("int64")) * count
    if unit in _COARSE:
        return number * _COARSE[unit]
    micros, rest = divmod(number, _FINE[unit])
    return micros + (2 * rest >= _FINE[unit])


def _text_of(number: Union[Real, Decimal]) -> str:
    """Spells a number as the library reads it, with all its digits."""
    if isinstance(number, Integral):
        whole = int(number)
        # Python spells no number of more than 4,300 digits.
        return str(whole) if whole.bit_length() < 128 else f"{whole:#x}"[:100]
    if isinstance(number, Decimal):
        return format(number, "f")
    try:
        return format(Decimal(float(number)), "f")
    except OverflowError:
        return shown(number)


def parse_micros(text: str, unit: int = 0) -> int:
    """Reads a timestamp in any spelling, as microseconds since 1970-01-01 UTC."""
    data = utf8(text)
    ts = ctypes.c_int64()
    call("satori_parse_timestamp", data, len(data), unit, ctypes.byref(ts))
    return ts.value


def parse_timestamp(text: str, *, unit: Unit = "auto") -> datetime:
    """Reads a timestamp in any spelling that the store reads: Unix seconds, finer
    units by magnitude, ISO 8601. Text without an offset is UTC.

    :param unit: the unit of text that is a number.
    :raises InvalidTimestamp: the text is no timestamp, or it lies outside the years 1 to
        9999.

    >>> parse_timestamp("2024-01-03T14:00:00+02:00")
    datetime.datetime(2024, 1, 3, 12, 0, tzinfo=datetime.timezone.utc)
    """
    return to_datetime(parse_micros(text, unit_of(unit)))


def to_datetime(micros: int) -> datetime:
    """Returns the datetime, in UTC.

    :raises InvalidTimestamp: no datetime can hold it.
    """
    try:
        return EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        raise InvalidTimestamp(
            f"{micros} microseconds since 1970 lie outside the years 1 to 9999, which are "
            "all that a datetime can hold"
        ) from None


def is_datetime(micros: int) -> bool:
    """Returns ``True`` if a datetime can hold the instant."""
    return _LEAST <= micros <= _GREATEST


def optional(micros: int) -> Optional[datetime]:
    """Returns the datetime, in UTC; None if the number stands for no instant, or for one that
    no datetime can hold."""
    return to_datetime(micros) if is_datetime(micros) else None


def shown_in_utc(micros: int) -> str:
    """Returns an instant as people read it, in UTC, whether a datetime can hold it or not."""
    if not is_datetime(micros):
        return f"{micros} µs"
    return str(to_datetime(micros).replace(tzinfo=None))


def bounds(start: Optional[Instant], end: Optional[Instant]) -> tuple[int, int]:
    """Returns `start`, included, and `end`, excluded, as the C API takes them."""
    return (
        NONE if start is None else to_micros(start),
        NO_END if end is None else to_micros(end),
    )


def since(since: Union[Instant, timedelta]) -> int:
    """Returns microseconds since 1970-01-01 UTC of an instant, or of that so long ago."""
    if not isinstance(since, timedelta):
        return to_micros(since)
    now = to_micros(datetime.now(timezone.utc))
    # A timedelta may be longer than C can count.
    return max(NONE + 1, min(now - since // MICROSECOND, NO_END))


def of_json(text: str) -> datetime:
    """Reads an instant as the library's reports spell it. If no datetime can hold it, the
    nearest one is returned, because what is reported has been done."""
    try:
        return to_datetime(parse_micros(text))
    except InvalidTimestamp:
        last = datetime.max if text.startswith(("+", "9")) else datetime.min
        return last.replace(tzinfo=timezone.utc)
