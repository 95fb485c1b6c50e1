"""Observations, read when they are asked for."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from ctypes import byref, c_uint64
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, Optional, Union

from . import _excerpt, _html, _picture, _plot, instants
from ._capi import arrow
from ._capi.call import call
from ._handle import StoreHandle
from ._reading.cursor import BATCH, Cursor, seconds
from .errors import StoreError, UnreadableRow
from .records import Observation, StoredTimestamp

if TYPE_CHECKING:
    import matplotlib.axes
    import numpy
    import pandas
    import pyarrow


#: Rows that a notebook shows of each end.
_SHOWN = 5
_ALL = instants.bounds(None, None)
_HEADS = ("ts (UTC)", "value", "hash", "provider")
#: Rows of the first batch of those who read all: many streams have no more.
_FIRST = 256


class Arrays(NamedTuple):
    """Observations as numpy arrays. Row ``i`` is the ``i``-th item of each."""

    #: Instants in UTC, ``datetime64[us]``.
    ts: numpy.ndarray[Any, Any]
    #: Values, ``float64``.
    value: numpy.ndarray[Any, Any]
    #: Hashes, ``str`` objects.
    hash: numpy.ndarray[Any, Any]
    #: Providers, ``str`` objects.
    provider: numpy.ndarray[Any, Any]


class Observations:
    """Observations of a range, in order of time.

    Nothing is read before it is asked for, and each way of asking reads anew. Iterating
    reads a batch at a time, so that a stream of any length fits. :meth:`to_pandas`,
    :meth:`to_numpy` and :meth:`to_arrow` read the whole. The class has the Arrow PyCapsule
    protocol, so that polars, pyarrow, duckdb and pandas take observations as they are,
    without a copy: ``polars.DataFrame(observations)``, ``pyarrow.table(observations)``.
    The columns are ``ts`` (timestamp, microseconds, UTC), ``value`` (float64), ``hash``
    and ``provider`` (utf8).

    Between batches nothing is locked: rows that others insert ahead are seen.

    :raises UnreadableRow: at a stored row that can't be read, however it is read. Iterating
        raises it also at an instant outside the years 1 to 9999, which no datetime can hold;
        the other ways read such rows, as Rust and C do.
    """

    def __init__(self, store: StoreHandle, uuid: str, start: int, end: int) -> None:
        self._store, self.uuid, self._range = store, uuid, (start, end)
        # Raises now, not when it is read, that there is no such stream.
        self._cursor()

    def _cursor(self, first: int = BATCH, later: int = BATCH) -> Cursor:
        arguments = (*self._store._at(self.uuid), *self._range)
        return Cursor("satori_observations", *arguments, first=first, later=later)

    def __iter__(self) -> Iterator[Observation]:
        # The first batch is small, because many who iterate want a few rows only.
        return self._cursor(64, BATCH)

    def as_stored(self) -> tuple[list[StoredTimestamp], list[float], list[str], list[str]]:
        """Reads four lists: timestamps as the rows store them (see
        :attr:`Observation.stored_ts`), values, hashes and providers."""
        return self._lists(lambda micros, stored: stored)

    def as_numbers(
        self,
    ) -> tuple[list[Union[int, float]], list[float], list[str], list[str]]:
        """Reads the lists that :meth:`as_stored` reads, but a timestamp that is stored as text
        is its Unix seconds: an integer if they are whole, else a float."""
        return self._lists(_numbers)

    def _lists(
        self, timestamps: Callable[[list[int], list[StoredTimestamp]], list[Any]]
    ) -> tuple[list[Any], list[float], list[str], list[str]]:
        """Reads four lists, the first as `timestamps` makes it of the instants and the stored
        timestamps of a batch."""
        cursor = self._cursor(_FIRST)
        ts, values, hashes, providers = [], [], [], []
        while batch := cursor.batch():
            ts += timestamps(batch[0], batch[1])
            values += batch[2]
            hashes += batch[3]
            providers += batch[4]
        return ts, values, hashes, providers

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """Returns a capsule with an Arrow stream, by the Arrow PyCapsule protocol. The
        schema is always that of the class."""
        stream = arrow.Stream()
        call(
            "satori_export_arrow",
            *self._store._at(self.uuid),
            *self._range,
            ctypes.addressof(stream),
        )
        return arrow.to_capsule(stream)

    def to_arrow(self) -> pyarrow.Table:
        """Reads a pyarrow table."""
        import pyarrow

        if not hasattr(pyarrow.RecordBatchReader, "from_stream"):
            return self._to_old_arrow()
        try:
            return pyarrow.RecordBatchReader.from_stream(self).read_all()
        except (pyarrow.ArrowException, OSError):
            self._raise_cause()
            raise

    def _to_old_arrow(self) -> pyarrow.Table:
        """Reads a pyarrow table with a pyarrow that takes no stream (before 15)."""
        import pyarrow

        types = (pyarrow.timestamp("us", "UTC"), pyarrow.float64(), pyarrow.utf8(), pyarrow.utf8())
        schema = pyarrow.schema(
            pyarrow.field(name, type, nullable=False) for name, type in zip(Arrays._fields, types)
        )
        batches = []
        for length, columns in self._batches():
            arrays = [
                pyarrow.Array.from_buffers(type, length, [None, *map(pyarrow.py_buffer, buffers)])
                for type, buffers in zip(types, columns)
            ]
            batches.append(pyarrow.RecordBatch.from_arrays(arrays, schema=schema))
        return pyarrow.Table.from_batches(batches, schema)

    def to_pandas(self) -> pandas.DataFrame:
        """Reads a DataFrame of ``value, hash, provider``, indexed by ``ts`` (a UTC
        ``DatetimeIndex``). It is faster if pyarrow is installed."""
        import pandas

        frame: pandas.DataFrame
        try:
            import pyarrow  # noqa: F401
        except ImportError:
            arrays = self.to_numpy()
            columns = {"value": arrays.value, "hash": arrays.hash, "provider": arrays.provider}
            frame = pandas.DataFrame(columns)
            ts = arrays.ts
        else:
            table = self.to_arrow()
            frame = table.select(["value", "hash", "provider"]).to_pandas()
            ts = table.column("ts").cast("int64").to_numpy().view("datetime64[us]")
        frame.index = pandas.DatetimeIndex(ts, tz="UTC", name="ts")
        return frame

    def to_numpy(self) -> Arrays:
        """Reads four arrays. Instants have no time zone in numpy: they are UTC."""
        import numpy

        ts, values = bytearray(), bytearray()
        hashes: list[str] = []
        providers: list[str] = []
        for _, columns in self._batches():
            ts += columns[0][0]
            values += columns[1][0]
            hashes += arrow.texts(*columns[2])
            providers += arrow.texts(*columns[3])
        return Arrays(
            numpy.frombuffer(ts, dtype="datetime64[us]"),
            numpy.frombuffer(values, dtype="float64"),
            numpy.array(hashes, dtype=object),
            numpy.array(providers, dtype=object),
        )

    def plot(
        self, ax: Optional[matplotlib.axes.Axes] = None, **kwargs: Any
    ) -> matplotlib.axes.Axes:
        """Draws the values over time with matplotlib, and returns the Axes: those given, or of a
        new figure. Where the next row comes later than one and a half spacings (the
        median, as :meth:`Store.statistics` has it), the line has a gap. If there are several
        providers, the rows of each are dots of a colour.

        It reads the whole and draws every row. Draw :meth:`Store.resample` of a long stream.

        :param kwargs: of the line, as ``Axes.plot`` takes them.
        :raises ImportError: matplotlib is not installed.
        """
        ax = _plot.axes(ax)
        read = self.to_numpy()
        _plot.line(ax, read.ts, read.value, **{"label": _plot.label(self.uuid), **kwargs})
        _plot.providers(ax, read.ts, read.value, read.provider)
        return ax

    @_html.never_raising
    def _repr_html_(self) -> str:
        """Returns the first and the last rows, how many there are, and a picture.

        It takes a part of a second, however many rows there are: of more than 100,000 the
        picture is made of some, at many places.
        """
        start, end = self._range
        read = _excerpt.excerpt(self._open, start, end, lambda: self._last(1)[0])
        parts = [_html.table(_HEADS, self._ends(read)), _picture.svg(read.points, self.uuid)]
        if read.places:
            rows, places = _html.counted(read.rows, "row"), _html.counted(read.places, "place")
            parts.append(_html.paragraph(f"The picture is made of {rows}, at {places}."))
        if read.error is not None:
            parts.append(_html.failed(read.error))
        return _html.page(f"{self._counted(read)} of {self.uuid}", *parts)

    def _open(self, start: int, end: int) -> Cursor:
        return Cursor("satori_observations", *self._store._at(self.uuid), start, end)

    def _last(self, count: int) -> list[Observation]:
        start, end = self._range
        last = Cursor("satori_last_before", *self._store._at(self.uuid), end, count)
        return [row for row in last if instants.to_micros(row.ts) >= start]

    def _ends(self, read: _excerpt.Excerpt) -> list[Optional[list[Any]]]:
        """Reads the first and the last rows, as a table has them."""
        all_known = read.places == 0 and read.error is None
        if all_known and read.rows <= 2 * _SHOWN:
            return [_cells(row) for row in _readable(self._cursor(2 * _SHOWN))]
        first = islice(_readable(self._cursor(_SHOWN, _SHOWN)), _SHOWN)
        try:
            last = self._last(_SHOWN)
        except UnreadableRow:
            last = []
        return [*map(_cells, first), None, *map(_cells, last)]

    def _counted(self, read: _excerpt.Excerpt) -> str:
        """Returns how many rows there are, as far as that is quickly known."""
        if read.places == 0 and read.error is None:
            return _html.counted(read.rows, "row")
        if self._range == _ALL:
            # SQLite counts the rows of a whole table without looking at them.
            count = c_uint64()
            call("satori_count", *self._store._at(self.uuid), *self._range, byref(count))
            return _html.counted(count.value, "row")
        return f"At least {_html.counted(_picture.ROWS if read.places else read.rows, 'row')}"

    def _batches(self) -> Iterator[tuple[int, list[list[bytes]]]]:
        """Yields the batches of the Arrow stream: how many rows, and the buffers of each
        column, copied."""
        try:
            yield from arrow.batches(self.__arrow_c_stream__())
        except arrow.Failed as failed:
            self._raise_cause()
            raise StoreError(str(failed)) from None

    def _raise_cause(self) -> None:
        """Raises what stopped an Arrow stream, which reports it as text alone."""
        cursor = self._cursor()
        while cursor.batch():
            pass


def _cells(row: Observation) -> list[Any]:
    return [row.ts, row.value, row.hash, row.provider]


def _readable(rows: Iterator[Observation]) -> Iterator[Observation]:
    """Yields the rows before one that can't be read."""
    try:
        yield from rows
    except UnreadableRow:
        pass


def _numbers(micros: list[int], stored: list[StoredTimestamp]) -> list[Any]:
    """Returns the stored timestamps, those that are text as Unix seconds."""
    return [
        seconds(instant) if isinstance(ts, str) else ts for instant, ts in zip(micros, stored)
    ]
