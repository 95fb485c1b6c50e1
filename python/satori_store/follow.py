"""Streams that are followed."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import AsyncIterator, Iterator, Sequence
from ctypes import byref, c_uint64
from typing import Optional

from . import instants
from ._capi.call import call
from ._capi.texts import all_of
from ._handle import StoreHandle
from ._reading.cursor import rows_of_streams
from .records import Observation

#: Rows that are read at a time.
_ROWS = 10_000
#: How long a wait lasts at most, in microseconds, so that Ctrl-C ends it.
_SHORT = 200_000


class Follow:
    """Rows of streams, as they come: an iterator, and an async iterator, of pairs of the
    stream's uuid and an :class:`Observation`.

    A row is given if its instant lies after the last one given of its stream. One that arrives
    late, so that its instant lies before it, is not; :meth:`Store.observations` has it.
    Iterating ends when there has been no row for ``timeout`` seconds, or never; and with
    :class:`Interrupted` when another thread calls :meth:`Store.interrupt`.

    :raises UnreadableRow, NotAStream, FileReplaced, InvalidTimestamp: while iterating.
    """

    def __init__(
        self, store: StoreHandle, uuids: Sequence[str], after: Sequence[int], timeout: int
    ) -> None:
        self._store, self._uuids = store, list(uuids)
        self._after, self._timeout = array("q", after), timeout
        self._texts = all_of(self._uuids)
        self._column = self._texts.column()
        self._places = {uuid: place for place, uuid in enumerate(self._uuids)}
        self._seen = c_uint64()
        self._rows: Iterator[tuple[str, Observation]] = iter(())
        call("satori_data_version", store.handle, byref(self._seen))
        # Not all that was there has been read.
        self._may_have_more = True

    def __iter__(self) -> Iterator[tuple[str, Observation]]:
        return self

    def __next__(self) -> tuple[str, Observation]:
        left = self._timeout
        while True:
            row = next(self._rows, None)
            if row is not None:
                return row
            if not self._read() and not self._wait(min(left, _SHORT)):
                left -= _SHORT
                if left <= 0:
                    raise StopIteration

    def __aiter__(self) -> AsyncIterator[tuple[str, Observation]]:
        return self

    async def __anext__(self) -> tuple[str, Observation]:
        """Waits in a thread, so that the event loop goes on."""
        left = self._timeout
        while True:
            row = next(self._rows, None)
            if row is not None:
                return row
            if self._read():
                continue
            loop = asyncio.get_running_loop()
            if not await loop.run_in_executor(None, self._wait, min(left, _SHORT)):
                left -= _SHORT
                if left <= 0:
                    raise StopAsyncIteration

    def _read(self) -> bool:
        """Reads the rows that have come. Returns ``False`` if there are none."""
        if not self._may_have_more or not self._uuids:
            return False
        column, after = self._column.buffer_info()[0], self._after.buffer_info()[0]
        arguments = self._store.handle, len(self._uuids), column, after, _ROWS
        rows = list(rows_of_streams("satori_newer", *arguments))
        for uuid, row in rows:
            self._after[self._places[uuid]] = instants.to_micros(row.ts)
        self._rows = iter(rows)
        self._may_have_more = bool(rows)
        return bool(rows)

    def _wait(self, timeout: int) -> bool:
        """Waits for a commit. Returns ``False`` if there was none."""
        now = c_uint64()
        call("satori_wait", self._store.handle, self._seen, timeout, byref(now))
        # Before it is read, so that what comes meanwhile is seen the next time.
        changed = now.value != self._seen.value
        self._seen = now
        self._may_have_more = self._may_have_more or changed
        return changed
