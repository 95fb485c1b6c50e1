"""Steps of time, as callers give them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Optional, Union

from ._text import shown, utf8
from .errors import InvalidArgument, InvalidStep
from .instants import MICROSECOND

#: A step of time: a ``timedelta``, or text such as ``"15m"``, ``"1h"``, ``"1d"``, ``"1w"``,
#: ``"1mo"`` (``"m"`` is a minute) or ``"1d[Europe/Berlin]"``.
Step = Union[str, timedelta]


def step_text(step: Step) -> bytes:
    """Returns a step as calls take it."""
    if isinstance(step, str):
        return utf8(step)
    if not isinstance(step, timedelta) or step != step:
        raise InvalidStep(f"{shown(step)} is no step of time: expected text or a timedelta")
    if getattr(step, "nanoseconds", 0):  # pandas' Timedelta
        raise InvalidStep(f"{shown(step)} is no step of time: it must be whole microseconds")
    return f"{step // MICROSECOND}us".encode()


def age(max_age: Optional[timedelta]) -> int:
    """Returns how old a row may be, in microseconds; less than 0 stands for any age."""
    if max_age is None:
        return -1
    if not isinstance(max_age, timedelta) or not max_age >= timedelta(0):
        raise InvalidArgument(f"max_age is {shown(max_age)}: expected a timedelta of 0 or more")
    return min(max_age // MICROSECOND, 2**63 - 1)


def is_step(clock: Any) -> bool:
    """Returns ``True`` if a clock is given as a step, not as its instants."""
    return isinstance(clock, (str, timedelta))
