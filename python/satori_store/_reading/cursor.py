"""A cursor of the C API: observations, a batch at a time."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from ctypes import byref
from datetime import datetime
from typing import Any, Optional, Union

from .. import instants
from .._capi.call import attempt, call
from .._capi.library import Handle
from .._capi.texts import texts_of
from ..errors import UnreadableRow
from ..records import Observation, StoredTimestamp

#: Rows of a batch.
BATCH = 4096

#: Rows as lists: instants in microseconds, timestamps as they are stored, values, hashes,
#: providers.
Batch = tuple[list[int], list[StoredTimestamp], list[float], list[str], list[str]]


class Cursor(Iterator[Observation]):
    """A place in a stream. Threads that share it each get rows of their own.

    :param function: the function of the C API that makes the cursor.
    :param arguments: its arguments, but for the last two: the store, the stream and its
        length, and what else it takes.
    :param stream: the stream, if it is not among the arguments.
    :param first: rows of the first batch.
    :param later: rows of each later one.
    """

    _handle: Optional[int] = None

    def __init__(
        self,
        function: str,
        *arguments: Any,
        stream: Optional[bytes] = None,
        first: int = BATCH,
        later: int = BATCH,
    ) -> None:
        handle = Handle()
        call(function, *arguments, byref(handle))
        self._handle = handle.value
        self._stream = arguments[1] if stream is None else stream
        self._rows: Iterator[Observation] = iter(())
        self._capacity, self._later = first, later
        # The texts of a batch live until the next one.
        self._lock, self._reading = threading.RLock(), False

    def __next__(self) -> Observation:
        # One step of a C iterator: other threads may take steps of their own.
        row = next(self._rows, None)
        if row is not None:
            return row
        with self._lock:
            row = next(self._rows, None)
            if row is None:
                batch = self.batch()
                if batch is None:
                    raise StopIteration
                ts, stored, values, hashes, providers = batch
                if instants.is_datetime(ts[0]) and instants.is_datetime(ts[-1]):
                    instant = map(instants.to_datetime, ts)
                    self._rows = map(Observation, instant, values, hashes, providers, stored)
                else:
                    self._rows = map(self._row, ts, values, hashes, providers, stored)
                row = next(self._rows)
            return row

    def _row(
        self, micros: int, value: float, hash: str, provider: str, stored: StoredTimestamp
    ) -> Observation:
        """Makes a row of a batch in which some have no datetime; the next one comes after it."""
        ts = instant_of(micros, stored, self._stream)
        return Observation(ts, value, hash, provider, stored)

    def batch(self) -> Optional[Batch]:
        """Reads the next batch; None behind the last."""
        with self._lock:
            if self._reading:
                # A signal handler or a destructor calls within the call; generators
                # answer in the same way.
                raise ValueError("the observations are being read already")
            self._reading = True
            try:
                return self._batch()
            finally:
                self._reading = False

    def _batch(self) -> Optional[Batch]:
        if self._handle is None:
            return None
        capacity = self._capacity
        self._capacity = self._later
        ts, values = (ctypes.c_int64 * capacity)(), (ctypes.c_double * capacity)()
        texts = [(ctypes.c_size_t * (2 * capacity))() for _ in range(3)]
        columns: tuple[Any, ...] = (ts, texts[0], values, *texts[1:])
        count = self._next(capacity, *[ctypes.addressof(column) for column in columns])
        if count == 0:
            self.close()
            return None
        micros = ts[:count]
        spellings, hashes, providers = texts_of(texts, count)
        stored: list[StoredTimestamp] = list(map(seconds, micros))
        for row, spelling in enumerate(spellings):
            if spelling is not None:
                stored[row] = number_or_text(spelling)
        return micros, stored, values[:count], hashes, providers

    def _next(self, capacity: int, *columns: Optional[int]) -> int:
        count = ctypes.c_size_t()
        call("satori_cursor_next", self._handle, capacity, *columns, byref(count))
        return count.value

    def numbers(self, rows: int) -> tuple[list[int], list[float], Optional[UnreadableRow]]:
        """Reads instants and values of so many rows, or of those there are, without their texts,
        which take longest. The error is that of a row that can't be read, which ends them."""
        ts, values = (ctypes.c_int64 * rows)(), (ctypes.c_double * rows)()
        found = 0
        try:
            while found < rows:
                addresses = ctypes.addressof(ts), ctypes.addressof(values)
                places = [address + 8 * found for address in addresses]
                count = self._next(rows - found, places[0], None, places[1], None, None)
                if count == 0:
                    break
                found += count
        except UnreadableRow as error:
            return ts[:found], values[:found], error
        return ts[:found], values[:found], None

    def streams(self, count: int) -> list[str]:
        """Returns of which stream each of the `count` rows of the last batch is."""
        uuids = (ctypes.c_size_t * (2 * count))()
        call("satori_cursor_streams", self._handle, count, ctypes.addressof(uuids))
        found: list[str] = texts_of([uuids], count)[0]
        return found

    def __reduce__(self) -> Any:
        raise TypeError("observations that are being read can't be copied")

    def close(self, attempt: Any = attempt) -> None:
        """Frees the cursor; it gives no more rows."""
        handle, self._handle = self._handle, None
        if handle is not None:
            attempt("satori_cursor_free", handle)

    # The default argument outlives the module when the interpreter shuts down.
    __del__ = close


def rows_of_streams(function: str, *arguments: Any) -> Iterator[tuple[str, Observation]]:
    """Reads rows of several streams, each behind the uuid of its stream.

    :param function: the function of the C API that makes the cursor.
    :param arguments: its arguments, but for the last two.
    """
    cursor = Cursor(function, *arguments, stream=b"")
    while (batch := cursor.batch()) is not None:
        uuids = cursor.streams(len(batch[0]))
        for uuid, micros, stored, value, hash, provider in zip(uuids, *batch):
            ts = instant_of(micros, stored, uuid.encode())
            yield uuid, Observation(ts, value, hash, provider, stored)


def instant_of(micros: int, stored: StoredTimestamp, stream: bytes) -> datetime:
    """Returns the datetime of a stream's row, in UTC.

    :raises UnreadableRow: no datetime can hold it.
    """
    if instants.is_datetime(micros):
        return instants.to_datetime(micros)
    raise UnreadableRow(
        f"the row {stored!r} of {stream.decode()!r:.100} can't be read as an Observation: it lies "
        "outside the years 1 to 9999, which are all that a datetime can hold. Its columns can: "
        "observations(…).as_stored(), to_numpy(), to_arrow(), latest_as_stored(…)"
    )


def seconds(micros: int) -> Union[int, float]:
    """Returns what the store itself stores for an instant."""
    return micros // 1_000_000 if micros % 1_000_000 == 0 else micros / 1e6


def number_or_text(spelling: str) -> Union[int, float, str]:
    """Reads a stored timestamp. In a column of timestamps SQLite turns text that is a
    number into the number."""
    if spelling[4:5] == "-" and spelling[:4].isdigit():
        return spelling  # a date
    for number in (int, float):
        try:
            return number(spelling)
        except ValueError:
            pass
    return spelling
