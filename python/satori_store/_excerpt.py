"""What a picture of a stream is made of: all of its rows if they are few, else some at many
places. It takes a part of a second, however long the stream is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple, Optional

from . import instants
from ._picture import POINTS, ROWS, Point, longest_step, points, steps_of
from ._reading.cursor import Cursor
from .errors import UnreadableRow
from .records import Observation

#: How many seconds are spent on places: finding one in a stream whose timestamps are text may
#: take long.
SECONDS = 0.3
#: Rows that are read at a place.
_AT_A_PLACE = ROWS // POINTS
#: How far apart the places that are read first lie, and those after them. The first ones are
#: read in any case.
_STEPS = (60, 30, 15, 5, 1)

#: Reads from one instant to another.
Open = Callable[[int, int], Cursor]


class Excerpt(NamedTuple):
    """A stream's rows as points, and how they were come by."""

    points: list[Point]
    #: How many rows they stand for.
    rows: int
    #: At how many places the rows were read; 0 if they are all, as far as they can be read.
    places: int
    #: What reading ended at; None if nothing ended it.
    error: Optional[UnreadableRow]


class _Place(NamedTuple):
    number: int
    begin: int
    end: int
    ts: list[int]
    values: list[float]
    #: There are no more rows up to its end.
    complete: bool
    error: Optional[UnreadableRow]


def excerpt(open: Open, start: int, end: int, last: Callable[[], Observation]) -> Excerpt:
    """Reads an excerpt of a stream from one instant to another; ``last`` reads the last row."""
    ts, values, error = open(start, end).numbers(ROWS + 1)
    if len(ts) <= ROWS:
        whole = points(ts, values, values, longest_step(steps_of(ts)))
        return Excerpt(whole, len(ts), 0, error)
    try:
        row = last()
    except UnreadableRow as error_at_the_end:
        begin = points(ts, values, values, longest_step(steps_of(ts)))
        return Excerpt(begin, len(ts), 1, error_at_the_end)
    end_ts = instants.to_micros(row.ts)
    places = sorted(_places(open, ts[0], end_ts))
    longest = longest_step([step for place in places for step in steps_of(place.ts)])
    found = []
    following, behind, gap = 0, ts[0], False
    for place in places:
        if place.number != following:
            behind = place.begin
        # No row lies between these two.
        ahead = place.ts[0] if place.ts else place.end if place.complete else behind
        gap = gap or ahead - behind > longest
        if place.ts:
            low, high = min(place.values), max(place.values)
            found.append(Point(place.ts[0], place.ts[-1], low, high, gap))
            behind, gap = place.ts[-1], False
        following = place.number + 1 if place.complete else -1
    if not found or end_ts > found[-1].last:
        found.append(Point(end_ts, end_ts, row.value, row.value, False))
    error = next((place.error for place in places if place.error), None)
    return Excerpt(found, sum(len(place.ts) for place in places), len(places), error)


def _places(open: Open, first: int, last: int) -> Iterator[_Place]:
    """Reads some rows at each of many instants, equally far apart: a few first, then others
    between, so that what is read when time is up is of the whole stream."""
    until = time.monotonic() + SECONDS
    span = last - first + 1
    for number in dict.fromkeys(place for step in _STEPS for place in range(0, POINTS, step)):
        if number % _STEPS[0] and time.monotonic() > until:
            return
        begin = first + span * number // POINTS
        end = first + span * (number + 1) // POINTS
        ts, values, error = open(begin, end).numbers(_AT_A_PLACE)
        complete = error is None and len(ts) < _AT_A_PLACE
        yield _Place(number, begin, end, ts, values, complete, error)
