"""Observations, read when they are asked for."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterator
from ctypes import byref
from typing import TYPE_CHECKING, Any, NamedTuple, Optional, Union

from . import _library, arrow, instants
from ._library import Handle, Text, call
from .errors import StoreError
from .records import Observation

if TYPE_CHECKING:
    import numpy
    import pandas
    import pyarrow

    from .store import Store

#: Rows of a batch while iterating.
_BATCH = 4096


class Arrays(NamedTuple):
    """Observations as numpy arrays: row ``i`` is made of the ``i``-th item of each."""

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

    Nothing is read before it is asked for, and each way of asking reads anew:
    iterating (a batch at a time, so that a stream of any length fits), and whole as
    :meth:`to_pandas`, :meth:`to_numpy` or :meth:`to_arrow`. It has the Arrow PyCapsule
    protocol, so that polars, pyarrow, duckdb and pandas take it as it is, without a
    copy: ``polars.DataFrame(observations)``, ``pyarrow.table(observations)``.
    Columns there: ``ts`` (timestamp, microseconds, UTC), ``value`` (float64), ``hash``
    and ``provider`` (utf8).

    Between batches nothing is locked: rows that others insert ahead are seen.

    :raises UnreadableRow: at a stored row that can't be read, however it is read.
    """

    def __init__(self, store: Store, uuid: str, start: int, end: int) -> None:
        self._store, self.uuid, self._range = store, uuid, (start, end)
        # Says now, not when it is read, that there is no such stream.
        self._cursor()

    def _cursor(self, first: int = _BATCH, later: int = _BATCH) -> Cursor:
        arguments = (*self._store._at(self.uuid), *self._range)
        return Cursor("satori_observations", *arguments, first=first, later=later)

    def __iter__(self) -> Iterator[Observation]:
        # The first batch is small: many who iterate want a few rows only.
        return self._cursor(64, _BATCH)

    def batches_of(self, rows: int) -> Iterator[Observation]:
        """Iterates, reading so many rows at a time."""
        return self._cursor(rows, rows)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """The Arrow PyCapsule protocol. The schema is always that of the class."""
        stream = arrow.Stream()
        call(
            "satori_export_arrow",
            *self._store._at(self.uuid),
            *self._range,
            ctypes.addressof(stream),
        )
        return arrow.to_capsule(stream)

    def to_arrow(self) -> pyarrow.Table:
        """A pyarrow table."""
        import pyarrow

        try:
            return pyarrow.RecordBatchReader.from_stream(self).read_all()
        except (pyarrow.ArrowException, OSError):
            self._tell()
            raise

    def to_pandas(self) -> pandas.DataFrame:
        """A DataFrame of ``value, hash, provider``, indexed by ``ts`` (a UTC
        ``DatetimeIndex``). Uses pyarrow where it is installed, which is faster."""
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
            frame = table.drop_columns("ts").to_pandas()
            ts = table.column("ts").cast("int64").to_numpy().view("datetime64[us]")
        frame.index = pandas.DatetimeIndex(ts, tz="UTC", name="ts")
        return frame

    def to_numpy(self) -> Arrays:
        """Four arrays. Instants have no time zone in numpy: they are UTC."""
        import numpy

        try:
            ts, values, hashes, providers = arrow.read(self.__arrow_c_stream__())
        except arrow.Failed as failed:
            self._tell()
            raise StoreError(str(failed)) from None
        return Arrays(
            numpy.frombuffer(ts, dtype="datetime64[us]"),
            numpy.frombuffer(values, dtype="float64"),
            numpy.array(hashes, dtype=object),
            numpy.array(providers, dtype=object),
        )

    def _tell(self) -> None:
        """Raises what stopped an Arrow stream, which can tell it as text only."""
        cursor = self._cursor()
        while cursor.skip():
            pass


class Cursor(Iterator[Observation]):
    """A cursor of the C API: rows a batch at a time. One thread at a time."""

    _handle: Optional[int] = None

    def __init__(
        self, function: str, *arguments: Any, first: int = _BATCH, later: int = _BATCH
    ) -> None:
        handle = Handle()
        call(function, *arguments, byref(handle))
        self._handle = handle.value
        self._rows: Iterator[Observation] = iter(())
        self._capacity, self._later = first, later

    def __next__(self) -> Observation:
        row = next(self._rows, None)
        if row is None:
            self._rows = iter(self._batch())
            row = next(self._rows, None)
        if row is None:
            self.close()
            raise StopIteration
        return row

    def _batch(self) -> list[Observation]:
        if self._handle is None:
            return []
        capacity = self._capacity
        self._capacity = self._later
        ts, values = (ctypes.c_int64 * capacity)(), (ctypes.c_double * capacity)()
        spellings, hashes, providers = ((Text * capacity)() for _ in range(3))
        columns = (ts, spellings, values, hashes, providers)
        count = self._next(capacity, *[ctypes.addressof(column) for column in columns])
        rows = zip(ts[:count], _texts(spellings), values, _texts(hashes), _texts(providers))
        return [
            Observation(
                instants.to_datetime(micros),
                value,
                hash or "",
                provider or "",
                _seconds(micros) if spelling is None else _number_or_text(spelling),
            )
            for micros, spelling, value, hash, provider in rows
        ]

    def _next(self, capacity: int, *columns: Optional[int]) -> int:
        count = ctypes.c_size_t()
        call("satori_cursor_next_spelled", self._handle, capacity, *columns, byref(count))
        return count.value

    def skip(self) -> int:
        """Reads a batch and throws it away; how many rows it had."""
        return self._next(65_536, *[None] * 5)

    def close(self, attempt: Any = _library.attempt) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            attempt("satori_cursor_free", handle)

    __del__ = close


def _texts(column: Any) -> Iterator[Optional[str]]:
    """An array of texts, read as it is asked for."""
    string_at = ctypes.string_at
    for data, length in struct.iter_unpack("PN", column):
        yield string_at(data, length).decode() if data else None


def _seconds(micros: int) -> Union[int, float]:
    """What the store itself stores for an instant."""
    return micros // 1_000_000 if micros % 1_000_000 == 0 else micros / 1e6


def _number_or_text(spelling: str) -> Union[int, float, str]:
    """SQLite keeps no text in a column of timestamps that is a number."""
    for number in (int, float):
        try:
            return number(spelling)
        except ValueError:
            pass
    return spelling
