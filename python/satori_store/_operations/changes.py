"""The operations that wait for others, and the one that ends them."""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterable, Mapping
from ctypes import byref, c_uint64
from typing import Optional

from .. import instants
from .._capi.call import call, fits
from .._capi.texts import all_of
from .._handle import StoreHandle, microseconds
from .._reading.cursor import rows_of_streams
from .._text import many, shown
from ..errors import InvalidArgument
from ..follow import SHORT, Follow
from ..instants import Instant
from ..records import Observation


class ChangeOperations(StoreHandle):
    """Waiting for what others commit, following streams, ending calls."""

    def data_version(self) -> int:
        """Returns a number that is another once anybody has committed to the store: this object,
        another one, another process. It means nothing else.

        :raises FileReplaced:
        """
        version = c_uint64()
        call("satori_data_version", self.handle, byref(version))
        return version.value

    def wait(self, seen: int, timeout: Optional[float] = None) -> int:
        """Waits until somebody has committed since :meth:`data_version` was ``seen``, and returns
        the number as it is then; after ``timeout`` seconds it returns ``seen``. Take the number
        before you read: what is committed while you read then ends the next wait at once.

        The commit may be of any stream, or of the metadata. It is noticed within 50 ms. Other
        threads go on meanwhile; :meth:`interrupt` ends the wait, and so does Ctrl-C.

        :raises Interrupted, FileReplaced:
        """
        version, seen = c_uint64(), fits(seen, 0, "seen")
        end, began = time.monotonic() + _micros(timeout) / 1e6, self._interrupts
        while True:
            left = max(0, int((end - time.monotonic()) * 1e6))
            call("satori_wait", self.handle, seen, min(left, SHORT), byref(version))
            if version.value != seen or left == 0:
                return version.value
            # One that fell between two calls.
            self._check_interrupts(began)

    def newer(
        self, after: Mapping[str, Instant], limit: int = 10_000
    ) -> list[tuple[str, Observation]]:
        """Returns the rows of each stream that lie after an instant: stream by stream, each in
        order of time, all of one state of the store. It stops after ``limit`` rows, but never
        between two rows of one instant. A stream that is not in the store has none.

        :param after: the instant of each stream; it is excluded.
        :raises NotAStream, UnreadableRow:
        """
        if not isinstance(after, Mapping):
            raise InvalidArgument(
                f"after is {shown(after)}: expected the instant of each stream, by its uuid"
            )
        texts = all_of(after)
        column, ts = texts.column(), array("q", map(instants.to_micros, after.values()))
        places = column.buffer_info()[0], ts.buffer_info()[0]
        arguments = self.handle, len(after), *places, fits(limit, 0, "limit")
        return list(rows_of_streams("satori_newer", *arguments))

    def follow(
        self,
        uuids: Iterable[str],
        after: Optional[Instant] = None,
        *,
        timeout: Optional[float] = None,
    ) -> Follow:
        """Follows streams: an iterator, and an async iterator, of each row that lies after
        ``after``, and later of those that are inserted, by whichever process. Without ``after``
        it begins behind the rows that are there. See :class:`Follow`.

        :param timeout: end after so many seconds without a row.
        :raises NotAStream, UnreadableRow:
        """
        given = many(uuids, "uuids")
        all_of(given)  # refuses what is no text
        asked = list(dict.fromkeys(given))
        if after is not None:
            first = [instants.to_micros(after)] * len(asked)
            return Follow(self, asked, first, _micros(timeout))
        texts = all_of(asked)
        column = texts.column()
        place = column.buffer_info()[0]
        # What comes after the look is followed.
        latest = dict(rows_of_streams("satori_latest_of", self.handle, len(asked), place))
        first = [
            instants.to_micros(latest[uuid].ts) if uuid in latest else instants.NONE
            for uuid in asked
        ]
        return Follow(self, asked, first, _micros(timeout))

    def interrupt(self) -> None:
        """Ends the calls that are under way on this store in other threads, whether they wait
        or work: each raises :class:`Interrupted` within a few milliseconds, with nothing stored.
        Calls that begin later are not affected.
        """
        self._interrupts += 1
        call("satori_interrupt", self.handle)


def _micros(timeout: Optional[float]) -> int:
    """Returns how long to wait; without a timeout, for as long as it takes."""
    return microseconds(float("inf") if timeout is None else timeout, "timeout")
