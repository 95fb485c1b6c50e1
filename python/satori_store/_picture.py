"""Small pictures of streams: a line in SVG, of few points, however many rows there are."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from . import _html, instants

#: Points of a picture: as many as can be told apart.
POINTS = 240
#: Rows that a picture is made of at most.
ROWS = 100_000
#: A step between neighbouring rows is a gap if it is longer than this many median steps, as for
#: ``Statistics.gaps``.
GAP = 1.5

#: The picture, and the part of it that the line fills.
_WIDTH, _HEIGHT = 480, 132
_LEFT, _RIGHT, _TOP, _BOTTOM = 6.0, 474.0, 18.0, 104.0

#: How a band, a line, and rows between two gaps are drawn.
_BAND = 'fill="currentColor" fill-opacity="0.2" stroke="currentColor" stroke-opacity="0.2"'
_LINE = 'fill="none" stroke="currentColor" stroke-width="1.2" stroke-linejoin="round"'
_DOTS = 'stroke="currentColor" stroke-width="4" stroke-linecap="round"'


class Point(NamedTuple):
    """Neighbouring rows that a picture doesn't tell apart: often one, else a range of values."""

    #: The first and the last instant, in microseconds.
    first: int
    last: int
    #: The least and the greatest value.
    low: float
    high: float
    #: The line doesn't come from the point before: there is a gap between.
    apart: bool


def longest_step(steps: Sequence[int]) -> float:
    """Returns the longest step between neighbouring rows that is no gap."""
    if not steps:
        return math.inf
    ordered = sorted(steps)
    # The median, without the module `statistics`, which takes long to import.
    return GAP * (ordered[(len(steps) - 1) // 2] + ordered[len(steps) // 2]) / 2


def steps_of(ts: Sequence[int]) -> list[int]:
    """Returns the steps from each instant to the next."""
    return [later - earlier for earlier, later in zip(ts, ts[1:])]


def points(
    ts: Sequence[int], lows: Sequence[float], highs: Sequence[float], longest: float
) -> list[Point]:
    """Makes points of rows in order of time, each a range of values. NaN stands for no value and
    ends a line, as a step longer than ``longest`` does. Of more than ROWS rows, each point has
    the first ones of its share."""
    found = []
    for begin, end in _shares(ts):
        rows = [row for row in range(begin, end) if lows[row] == lows[row]]
        if not rows:
            continue
        first = rows[0]
        before = first - 1
        apart = before < 0 or lows[before] != lows[before] or ts[first] - ts[before] > longest
        low, high = min(lows[row] for row in rows), max(highs[row] for row in rows)
        found.append(Point(ts[first], ts[rows[-1]], low, high, apart))
    return found


def _shares(ts: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yields the rows of each point, from one to another: a row each, or equal times."""
    if len(ts) <= POINTS:
        yield from ((row, row + 1) for row in range(len(ts)))
        return
    most = ROWS // POINTS if len(ts) > ROWS else ROWS
    begin, span = 0, ts[-1] - ts[0] + 1
    for number in range(1, POINTS + 1):
        end = bisect_left(ts, ts[0] + span * number // POINTS)
        yield begin, min(end, begin + most)
        begin = end


def svg(points: Sequence[Point], title: str, band: Sequence[Point] = ()) -> str:
    """Returns the picture of a line, and of the room between the least and the greatest values
    of a band behind it. Of no points it is empty text. The title is plain text."""
    if not points:
        return ""
    both = [*points, *band]
    low, high = min(point.low for point in both), max(point.high for point in both)
    first, last = points[0].first, points[-1].last

    def place(point: Point) -> float:
        middle = (point.first + point.last) / 2
        return _between(middle, first, last, _LEFT, _RIGHT)

    def height(value: float) -> float:
        return _between(value, low, high, _BOTTOM, _TOP)

    strokes = [
        [(place(point), height(value)) for point, value in _corners(stroke)]
        for stroke in _strokes(points)
    ]
    line = "".join(_path(stroke) for stroke in strokes if len(stroke) > 1)
    dots = "".join(_path(stroke * 2) for stroke in strokes if len(stroke) == 1)
    room = "".join(
        _path(
            [(place(point), height(point.high)) for point in stroke]
            + [(place(point), height(point.low)) for point in reversed(stroke)]
        )
        for stroke in _strokes(band)
    )
    labels = [
        _label(_LEFT, 12, "start", repr(high)),
        _label(_LEFT, 117, "start", repr(low)),
        _label(_LEFT, 129, "start", instants.shown_in_utc(first)),
    ]
    if high == low:
        labels = labels[1:]
    if last != first:
        labels.append(_label(_RIGHT, 129, "end", instants.shown_in_utc(last)))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'width="{_WIDTH}" height="{_HEIGHT}" role="img" style="max-width:100%">'
        f"<title>{_html.text(title)}</title>{_drawn(room, _BAND)}{_drawn(line, _LINE)}"
        f"{_drawn(dots, _DOTS)}{''.join(labels)}</svg>"
    )


def _between(value: float, low: float, high: float, start: float, end: float) -> float:
    """Returns where a value between low and high lies between start and end."""
    # Halves, because the difference of two floats may be none.
    span = high / 2 - low / 2
    share = (value / 2 - low / 2) / span if span else 0.5
    return start + share * (end - start)


def _strokes(points: Iterable[Point]) -> Iterator[list[Point]]:
    """Yields the points between gaps."""
    stroke: list[Point] = []
    for point in points:
        if point.apart and stroke:
            yield stroke
            stroke = []
        stroke.append(point)
    if stroke:
        yield stroke


def _corners(stroke: Iterable[Point]) -> Iterator[tuple[Point, float]]:
    """Yields the values that a line goes through: of a range both, the nearer one first."""
    last = math.nan
    for point in stroke:
        values = [point.low] if point.low == point.high else [point.low, point.high]
        if abs(last - point.high) < abs(last - point.low):
            values.reverse()
        yield from ((point, value) for value in values)
        last = values[-1]


def _path(corners: list[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in corners)


def _drawn(path: str, style: str) -> str:
    return f'<path d="{path}" {style}/>' if path else ""


def _label(x: float, y: float, anchor: str, words: str) -> str:
    return (
        f'<text x="{x:g}" y="{y}" font-size="10" text-anchor="{anchor}" fill="currentColor">'
        f"{_html.text(words)}</text>"
    )
