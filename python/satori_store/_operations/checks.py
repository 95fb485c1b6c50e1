"""Checking a store, and deleting what is beyond what is to be kept."""

from __future__ import annotations

import ctypes
from ctypes import byref
from datetime import timedelta
from typing import Any, Optional, Union

from .. import instants
from .._capi.call import call, fits, flag
from .._capi.library import Handle
from .._handle import StoreHandle
from .._reading import decode
from ..errors import InvalidArgument
from ..instants import Instant
from ..reports import Finding


class CheckOperations(StoreHandle):
    """Operations that look whether all is well, and that keep a store small."""

    def check(
        self, *, synced_since: Optional[Union[Instant, timedelta]] = None
    ) -> tuple[Finding, ...]:
        """Checks the whole store, and returns what it has found: about the file first, as
        :meth:`check_file` does, then about each stream, as :meth:`check_stream` does. It reads
        every row, and writes nothing. Damage is a finding, not an error.

        :param synced_since: streams not synced since this instant, or for longer than a
            ``timedelta``, are stale; by default none is.
        """
        return _findings("satori_check", self.handle, _since(synced_since))

    def check_file(
        self, *, synced_since: Optional[Union[Instant, timedelta]] = None
    ) -> tuple[Finding, ...]:
        """Checks the file, without reading all rows one by one: its structure (SQLite's
        ``quick_check``), tables that are no streams', free room, the size of the ``-wal``,
        the version of SQLite, locks; rows in the quarantine; and streams that were not synced.

        :param synced_since: as for :meth:`check`.
        """
        return _findings("satori_check_file", self.handle, _since(synced_since))

    def check_stream(self, uuid: str) -> tuple[Finding, ...]:
        """Checks one stream: its table (SQLite's ``integrity_check``), how its timestamps are
        spelled, rows that can't be read, its hash chain and digest as :meth:`verify` does,
        gaps, and whether it has both rows and metadata.

        :raises NotFound:
        """
        return _findings("satori_check_stream", *self._at(uuid))

    def retain(
        self,
        uuid: str,
        *,
        since: Optional[Union[Instant, timedelta]] = None,
        last: Optional[int] = None,
        dry_run: bool = False,
    ) -> int:
        """Deletes the stream's observations but for those from an instant on, or for the last
        ones, and returns how many were deleted. The earliest go first.

        It deletes a thousand rows in a transaction, so that others can write in between. If it
        ends with an error, what it has deleted by then stays deleted, and the next call goes on
        from there; :meth:`count` before and after says how much that is. The room in the file is used for new rows; :meth:`compact` makes the file
        smaller. Rows without a timestamp that can be read stay. The first row that is left is
        foreign to :meth:`verify`, as the row that its hash follows from is gone.

        :param since: keeps the observations from this instant on, or those of this long.
        :param last: keeps this many, the latest ones, and all of those that share the instant
            of the earliest.
        :param dry_run: delete nothing, and return how many would be; the store may be
            read-only.
        :raises InvalidArgument: both or none of ``since`` and ``last`` are given.
        :raises NotFound:
        :raises UnreadableRow: a row can't be read: if it is one of those that would be deleted,
            those before it are; :meth:`quarantine` moves it out of the way.
        """
        if (since is None) == (last is None):
            raise InvalidArgument("give since or last, one of them")
        deleted = ctypes.c_uint64()
        call(
            "satori_retain",
            *self._at(uuid),
            _since(since),
            0 if last is None else fits(last, 0, "last"),
            flag(dry_run, "dry_run"),
            byref(deleted),
        )
        return deleted.value

    def retain_dry_run(
        self,
        uuid: str,
        *,
        since: Optional[Union[Instant, timedelta]] = None,
        last: Optional[int] = None,
    ) -> int:
        """Returns how many observations :meth:`retain` would delete."""
        return self.retain(uuid, since=since, last=last, dry_run=True)


def _since(since: Optional[Union[Instant, timedelta]]) -> int:
    """Returns the instant, or that so long ago, as the C API takes it."""
    return instants.NONE if since is None else instants.since(since)


def _findings(function: str, *arguments: Any) -> tuple[Finding, ...]:
    """Returns what a function that checks has found."""
    findings = Handle()
    call(function, *arguments, None, byref(findings))
    return decode.findings(findings)
