"""A stream summed up in steps of time."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from ctypes import byref, c_size_t
from typing import TYPE_CHECKING, Any, Optional

from . import _html, _picture, _plot, instants
from ._capi import structs
from ._capi.call import call
from ._handle import StoreHandle
from ._reading.cursor import Cursor
from .records import Summary

if TYPE_CHECKING:
    import matplotlib.axes
    import numpy
    import pandas
    import pyarrow

#: Summaries of the first batch, and of each later one.
_FIRST, _BATCH = 256, 16_384
#: Summaries that a notebook shows of each end, and in the picture.
_SHOWN, _DRAWN = 5, 1000
_NUMBERS = ("first", "last", "min", "max", "mean", "sum")


class Summaries:
    """What the observations of a range come to in each step of time, in order of time.

    Nothing is read before it is asked for, and each way of asking reads anew. Iterating gives a
    :class:`Summary` for each step; :meth:`to_pandas`, :meth:`to_numpy` and :meth:`to_arrow` give
    all of them. Between batches nothing is locked: rows that others insert ahead are seen.

    :raises UnreadableRow: at a stored row that can't be read, however it is read. Iterating
        raises :class:`InvalidTimestamp` also at a step that no datetime can hold.
    """

    def __init__(
        self, store: StoreHandle, uuid: str, start: int, end: int, step: bytes, empty: bool
    ) -> None:
        self._store, self.uuid, self._range = store, uuid, (start, end)
        self._step, self._empty = step, empty
        # Raises now, not when it is read, that there is no such stream or step.
        self._read(instants.NO_END, 1)

    def __iter__(self) -> Iterator[Summary]:
        for batch, count in self._batches():
            for one in batch[:count]:
                yield Summary(
                    instants.to_datetime(one.start),
                    instants.to_datetime(one.end),
                    one.count,
                    *(getattr(one, name) for name in _NUMBERS),
                )

    def to_numpy(self) -> numpy.ndarray[Any, Any]:
        """Reads a structured array of ``start``, ``end`` (``datetime64[us]``, UTC), ``count``,
        ``first``, ``last``, ``min``, ``max``, ``mean`` and ``sum``. An empty step has NaN."""
        import numpy

        read = bytearray()
        for batch, count in self._batches():
            read += memoryview(batch).cast("B")[: count * ctypes.sizeof(structs.Summary)]
        types: list[Any] = [(name, "datetime64[us]") for name in ("start", "end")]
        types += [("count", "int64"), *((name, "float64") for name in _NUMBERS)]
        return numpy.frombuffer(read, dtype=types)

    def to_pandas(self) -> pandas.DataFrame:
        """Reads a DataFrame of ``count``, ``first``, ``last``, ``min``, ``max``, ``mean`` and
        ``sum``, indexed by ``start`` (a UTC ``DatetimeIndex``)."""
        import pandas

        read = self.to_numpy()
        index = pandas.DatetimeIndex(read["start"].copy(), tz="UTC", name="start")
        columns = {name: read[name].copy() for name in ("count", *_NUMBERS)}
        frame: pandas.DataFrame = pandas.DataFrame(columns, index=index)
        return frame

    def to_arrow(self) -> pyarrow.Table:
        """Reads a pyarrow table of the columns of :meth:`to_numpy`. An empty step has nulls."""
        import pyarrow

        read = self.to_numpy()
        ts = pyarrow.timestamp("us", "UTC")
        columns = {
            name: pyarrow.array(read[name].copy().view("int64")).cast(ts)
            for name in ("start", "end")
        }
        columns["count"] = pyarrow.array(read["count"].copy())
        for name in _NUMBERS:
            columns[name] = pyarrow.array(read[name].copy(), from_pandas=True)
        return pyarrow.table(columns)

    def plot(
        self, ax: Optional[matplotlib.axes.Axes] = None, **kwargs: Any
    ) -> matplotlib.axes.Axes:
        """Draws the mean of each step where it begins, and behind it the range of the values,
        with matplotlib. Returns the Axes: those given, or of a new figure. There is a gap where
        steps are empty, and where ten are left out.

        :param kwargs: of the line, as ``Axes.plot`` takes them.
        :raises ImportError: matplotlib is not installed.
        """
        ax = _plot.axes(ax)
        read = self.to_numpy()
        kwargs = {"label": _plot.label(self.uuid), **kwargs}
        drawn = _plot.line(ax, read["start"], read["mean"], **kwargs)
        _plot.band(ax, read["start"], read["min"], read["max"], drawn.get_color())
        return ax

    @_html.never_raising
    def _repr_html_(self) -> str:
        """Returns the first and the last steps, and a picture of the means and ranges. It takes a
        part of a second, however many rows there are: it has the first 1,000 steps at most, of
        the first 100,000 rows."""
        steps, more = self._begin()

        def cells(step: Any) -> list[Any]:
            numbers = [getattr(step, name) for name in ("count", *_NUMBERS)]
            return [instants.shown_in_utc(step.start), *numbers]

        rows = [None if step is None else cells(step) for step in _html.ends(steps, _SHOWN)]
        starts, lows, means, highs = (
            [getattr(step, name) for step in steps] for name in ("start", "min", "mean", "max")
        )
        longest = _picture.longest_step(_picture.steps_of(starts))
        line = _picture.points(starts, means, means, longest)
        band = _picture.points(starts, lows, highs, longest)
        counted = _html.counted(len(steps), "step")
        title = f"{'The first ' if more else ''}{counted} of {self.uuid}"
        heads = ["start (UTC)", "count", *_NUMBERS]
        parts = [_html.table(heads, rows), _picture.svg(line, self.uuid, band)]
        if more and not steps:
            parts = [_html.paragraph(f"A step has more than {_picture.ROWS:,} rows.")]
        return _html.page(title, *parts)

    def _begin(self) -> tuple[list[Any], bool]:
        """Reads the first steps that are quickly read. Returns ``True`` if there are more."""
        start, end = self._range
        rows = Cursor("satori_observations", *self._store._at(self.uuid), start, end)
        ts, _, _ = rows.numbers(_picture.ROWS + 1)
        is_long = len(ts) > _picture.ROWS
        step, empty = self._step, self._empty
        some = Summaries(self._store, self.uuid, start, ts[-1] if is_long else end, step, empty)
        found, count = some._read(start, _DRAWN + 1)
        steps = found[: min(count, _DRAWN)]
        if is_long:
            # The last one has more rows than were read.
            steps = [step for step in steps if step.end <= ts[-1]]
        return steps, is_long or count > _DRAWN

    def _batches(self) -> Iterator[tuple[Any, int]]:
        """Yields arrays of structs, and how many are filled."""
        start, capacity = self._range[0], _FIRST
        began = self._store._interrupts
        while True:
            batch, count = self._read(start, capacity)
            # An interrupt may fall between two calls.
            self._store._check_interrupts(began)
            if count:
                yield batch, count
            if count < capacity:
                return
            start, capacity = batch[count - 1].end, _BATCH

    def _read(self, start: int, capacity: int) -> tuple[Any, int]:
        batch, count = (structs.Summary * capacity)(), c_size_t()
        call(
            "satori_resample",
            *self._store._at(self.uuid),
            start,
            self._range[1],
            self._step,
            len(self._step),
            self._empty,
            capacity,
            batch,
            byref(count),
        )
        return batch, count.value
