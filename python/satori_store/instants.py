"""Instants: aware datetimes outside, microseconds since 1970 (UTC) inside."""

from __future__ import annotations

import ctypes
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from numbers import Integral, Real
from typing import Optional, Union

from ._capi.call import call, utf8
from .errors import InvalidTimestamp

#: An instant as callers may give it. An aware ``datetime``. A number of Unix seconds
#: (from 1e11, 1e14 and 1e17 on: of milli-, micro- and nanoseconds). Text, such as
#: ``"2024-01-03 12:00"``, which is UTC if it has no offset, or a number in text.
Instant = Union[datetime, int, float, Decimal, str]

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MICROSECOND = timedelta(microseconds=1)
#: The ends of a range that has no bound; the first one also stands for "none".
NONE, NO_END = -(2**63), 2**63 - 1
#: Whole numbers below this one are seconds.
_SECONDS_LIMIT = 10**11


def to_micros(instant: Instant) -> int:
    """Returns microseconds since 1970-01-01 UTC."""
    if isinstance(instant, datetime):
        if instant.tzinfo is None:
            raise InvalidTimestamp(
                f"{instant!r} has no time zone: give it one, such as datetime.timezone.utc"
            )
        return (instant - EPOCH) // MICROSECOND
    if type(instant) is int and 0 <= instant < _SECONDS_LIMIT:
        return instant * 1_000_000
    if isinstance(instant, (Real, Decimal, str)) and not isinstance(instant, bool):
        # The library alone knows the units, and it reads text.
        micros = parse_micros(instant if isinstance(instant, str) else _text_of(instant))
        # Refuses what could be stored, but never be given back.
        to_datetime(micros)
        return micros
    raise InvalidTimestamp(
        f"{instant!r} is no instant: expected a datetime, a number or text"
    )


def _text_of(number: Union[Real, Decimal]) -> str:
    """Spells a number as the library reads it."""
    if isinstance(number, Integral):
        return str(int(number))
    if isinstance(number, Decimal):
        return format(number, "f")
    # Without an exponent, down to less than a microsecond.
    return repr(float(number)) if abs(float(number)) < 1e15 else format(float(number), "f")


def parse_micros(text: str) -> int:
    """Reads a timestamp in any spelling, as microseconds since 1970-01-01 UTC."""
    data = utf8(text)
    ts = ctypes.c_int64()
    call("satori_parse_timestamp", data, len(data), ctypes.byref(ts))
    return ts.value


def parse_timestamp(text: str) -> datetime:
    """Reads a timestamp in any spelling that the store reads: Unix seconds, finer
    units by magnitude, ISO 8601. Text without an offset is UTC.

    :raises InvalidTimestamp: the text is no timestamp, or it lies outside the years 1 to
        9999.

    >>> parse_timestamp("2024-01-03T14:00:00+02:00")
    datetime.datetime(2024, 1, 3, 12, 0, tzinfo=datetime.timezone.utc)
    """
    return to_datetime(parse_micros(text))


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


def optional(micros: int) -> Optional[datetime]:
    """Returns the datetime, in UTC; None if the number stands for no instant."""
    return None if micros == NONE else to_datetime(micros)


def bounds(start: Optional[Instant], end: Optional[Instant]) -> tuple[int, int]:
    """Returns `start`, included, and `end`, excluded, as the C API takes them."""
    return (
        NONE if start is None else to_micros(start),
        NO_END if end is None else to_micros(end),
    )


def of_json(text: str) -> datetime:
    """Reads an instant as the library's reports spell it. If no datetime can hold it, the
    nearest one is returned, because what is reported has been done."""
    try:
        return to_datetime(parse_micros(text))
    except InvalidTimestamp:
        last = datetime.max if text.startswith(("+", "9")) else datetime.min
        return last.replace(tzinfo=timezone.utc)
