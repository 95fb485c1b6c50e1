"""Streams that are followed."""

from __future__ import annotations

import asyncio
import time
from array import array
from collections.abc import AsyncIterator, Iterator, Sequence
from ctypes import byref, c_uint64

from . import instants
from ._capi.call import call
from ._capi.texts import all_of
from ._handle import StoreHandle
from ._reading.cursor import rows_of_streams
from .records import Observation

#: Rows that are read at a time.
_ROWS = 10_000
#: How long a call waits at most, in microseconds, so that Ctrl-C ends it.
SHORT = 200_000


class Follow:
    """Rows of streams, as they come: an iterator, and an async iterator, of pairs of the
    stream's uuid and an :class:`Observation`.

    A row is given if its instant lies after the last one given of its stream. One that arrives
    late, so that its instant lies before it, is not; :meth:`Store.observations` has it.
    Iterating ends when there has been no row for ``timeout`` seconds, or never; and with
    :class:`Interrupted` when another thread calls :meth:`Store.interrupt` while it waits. An async
    iteration reads and waits in a thread of the event loop's own pool.

    :raises UnreadableRow, NotAStream, FileReplaced, InvalidTimestamp: while iterating.
    """

    def __init__(
        self, store: StoreHandle, uuids: Sequence[str], after: Sequence[int], timeout: int
    ) -> None:
        self._store, self._uuids = store, list(uuids)
        self._after, self._timeout = array("q", after), timeout / 1e6
        self._texts = all_of(self._uuids)
        self._column = self._texts.column()
        self._places = {uuid: place for place, uuid in enumerate(self._uuids)}
        self._rows: Iterator[tuple[str, Observation]] = iter(())
        seen = c_uint64()
        call("satori_data_version", store.handle, byref(seen))
        self._seen = seen.value
        # Not all that was there has been read.
        self._may_have_more = True

    def __iter__(self) -> Iterator[tuple[str, Observation]]:
        return self

    def __next__(self) -> tuple[str, Observation]:
        end = time.monotonic() + self._timeout
        while (row := next(self._rows, None)) is None:
            if self._may_have_more:
                self._take(self._read())
                continue
            left = end - time.monotonic()
            if not self._note(self._wait(left)) and left <= 0:
                raise StopIteration
        return row

    def __aiter__(self) -> AsyncIterator[tuple[str, Observation]]:
        return self

    async def __anext__(self) -> tuple[str, Observation]:
        """Returns the next row. If it is cancelled, no row is lost: what the thread has found is
        noted here alone."""
        end = time.monotonic() + self._timeout
        loop = asyncio.get_running_loop()
        while (row := next(self._rows, None)) is None:
            if self._may_have_more:
                self._take(await loop.run_in_executor(None, self._read))
                continue
            left = end - time.monotonic()
            if not self._note(await loop.run_in_executor(None, self._wait, left)) and left <= 0:
                raise StopAsyncIteration
        return row

    def _read(self) -> list[tuple[str, Observation]]:
        """Reads the rows that have come."""
        if not self._uuids:
            return []
        # A copy, as a thread may still read when an iteration was cancelled.
        after = array("q", self._after)
        places = self._column.buffer_info()[0], after.buffer_info()[0]
        arguments = self._store.handle, len(self._uuids), *places, _ROWS
        return list(rows_of_streams("satori_newer", *arguments))

    def _take(self, rows: list[tuple[str, Observation]]) -> None:
        """Gives these rows next."""
        for uuid, row in rows:
            self._after[self._places[uuid]] = instants.to_micros(row.ts)
        self._rows = iter(rows)
        self._may_have_more = bool(rows)

    def _wait(self, seconds: float) -> int:
        """Waits for a commit, for a short time, and returns the data version."""
        now = c_uint64()
        longest = int(max(0.0, min(seconds * 1e6, SHORT)))
        call("satori_wait", self._store.handle, self._seen, longest, byref(now))
        return now.value

    def _note(self, now: int) -> bool:
        """Notes the data version. Returns ``False`` if nothing was committed."""
        # Before it is read, so that what comes meanwhile is seen the next time.
        changed = now != self._seen
        self._seen, self._may_have_more = now, changed
        return changed
