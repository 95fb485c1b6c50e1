"""The operations on a stream's observations."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Sequence
from ctypes import byref
from datetime import date, datetime
from decimal import Decimal
from numbers import Real
from typing import Any, Optional, Union, overload

from .. import instants, rows as rows_module
from .._capi import structs
from .._capi.call import call, fits, flag, text_of
from .._capi.library import Handle
from .._capi.texts import all_of
from .._handle import StoreHandle
from .._reading import decode, lookup
from .._reading.cursor import Cursor, rows_of_streams
from .._text import many, utf8
from ..errors import InvalidValue
from ..instants import Instant, Unit
from ..latest import Latest
from ..observations import Observations
from ..records import Observation, Statistics
from ..reports import (
    Conflict,
    InsertReport,
    Insertion,
    Normalization,
    Restored,
    StoredRow,
    Verification,
)
from ..rows import Data, Value, number

#: By their number in the C header.
_INSERTIONS = ("inserted", "already_there", "conflict")


class ObservationOperations(StoreHandle):
    """Inserting, reading and checking observations."""

    # Inserting

    @overload
    def insert(
        self,
        uuid: str,
        ts: Instant,
        value: Value,
        *,
        hash: Optional[str] = None,
        provider: Optional[str] = None,
        unit: Unit = "auto",
    ) -> Insertion: ...

    @overload
    def insert(
        self,
        uuid: str,
        ts: Data,
        value: None = None,
        *,
        provider: Optional[str] = None,
        unit: Unit = "auto",
    ) -> InsertReport: ...

    def insert(
        self,
        uuid: str,
        ts: Union[Instant, Data],
        value: Optional[Value] = None,
        *,
        hash: Optional[str] = None,
        provider: Optional[str] = None,
        unit: Unit = "auto",
    ) -> Union[Insertion, InsertReport]:
        """Inserts one observation, or many in one transaction. The stream is made if there
        is none. A row that exists is never overwritten.

        ``insert(uuid, ts, value, hash=…, provider=…)`` inserts one. A hash that is left
        out is computed from that of the stream's latest row. A provider that is left out
        is ``"central"``.

        ``insert(uuid, data, provider=…)`` inserts many, all or none: rows
        (:class:`Observation`, or ``(ts, value)``, ``(ts, value, hash)``, ``(ts, value,
        hash, provider)``), a pandas DataFrame (a column ``value``, a column ``ts`` or
        the index, and ``hash`` and ``provider`` if there are such columns; an index of
        numbers must be named ``ts``, because it could count the rows), or anything
        with ``__arrow_c_stream__`` that has such columns (pyarrow, polars, duckdb, another
        store's observations). Timestamps are instants as everywhere. Columns of timestamps
        without a time zone are UTC. ``provider`` is for rows that name none. ``unit`` is the
        unit of timestamps that are numbers, also in text: ``"s"``, ``"ms"``, ``"us"``,
        ``"ns"``, or ``"auto"``, which goes by their magnitude and takes milliseconds before
        1973 for seconds.

        :raises InvalidTimestamp, InvalidValue, InvalidArrow: nothing is stored.
        """
        if value is None:
            if hash is not None or isinstance(ts, (date, Real, Decimal, str)):
                raise InvalidValue("None is not a value: insert(uuid, ts, value) takes a number")
            return rows_module.insert_data(
                self, uuid, ts, provider, instants.unit_of(unit)
            )
        stored, kind = ctypes.c_double(), ctypes.c_int32()
        micros = instants.to_micros(ts, instants.unit_of(unit))  # type: ignore[arg-type]
        offered = number(value)
        texts = [None if text is None else utf8(text) for text in (hash, provider)]
        call(
            "satori_insert",
            *self._at(uuid),
            micros,
            offered,
            byref(text_of(texts[0])) if hash is not None else None,
            byref(text_of(texts[1])) if provider is not None else None,
            byref(kind),
            byref(stored),
        )
        conflict = None
        if _INSERTIONS[kind.value] == "conflict":
            conflict = Conflict(uuid, instants.to_datetime(micros), stored.value, offered)
        return Insertion(_INSERTIONS[kind.value], stored.value, conflict)

    def insert_many(
        self,
        uuid: str,
        data: Data,
        *,
        provider: Optional[str] = None,
        unit: Unit = "auto",
    ) -> InsertReport:
        """Inserts many observations: the second form of :meth:`insert`, under the name that
        it has in Rust and C."""
        return rows_module.insert_data(
            self, uuid, data, provider, instants.unit_of(unit)
        )

    def insert_across(
        self,
        rows: Iterable[Sequence[Any]],
        *,
        provider: Optional[str] = None,
        unit: Unit = "auto",
    ) -> InsertReport:
        """Inserts rows of many streams, all or none, in one transaction, which costs a small
        part of a call for each stream. A row is ``(uuid, ts, value, hash, provider)``, of
        which hash and provider may be left out, or ``(uuid, Observation)``. The rows of a
        stream are inserted in their order, as by :meth:`insert`.

        :raises InvalidUuid, InvalidTimestamp, InvalidValue, NotAStream: nothing is stored.
        """
        return rows_module.insert_across(self, rows, provider, instants.unit_of(unit))

    def insert_spelled(
        self,
        uuid: str,
        rows: Iterable[Sequence[Any]],
        *,
        provider: Optional[str] = None,
    ) -> InsertReport:
        """Inserts rows ``(ts, value, hash, provider)`` whose timestamps are text, and stores
        them as that text. Hash and provider may be left out. This is for streams whose
        timestamps are text already, and for programs that look a row up by it. Text that is
        a number becomes one, as in any SQL. The key is still the instant: a row of the same
        instant that exists stays, however it is spelled. :attr:`Observation.stored_ts`
        gives the text back.

        :raises InvalidTimestamp, InvalidValue: nothing is stored.
        """
        return rows_module.insert_spelled(self, uuid, rows, provider)

    # Reading

    def observations(
        self, uuid: str, start: Optional[Instant] = None, end: Optional[Instant] = None
    ) -> Observations:
        """Returns the observations from ``start``, included, to ``end``, excluded, in order
        of time. They are read when they are asked for; see :class:`Observations`.

        :raises NotFound: there is neither metadata nor data.
        """
        return Observations(self, uuid, *instants.bounds(start, end))

    def first(self, uuid: str, count: int) -> list[Observation]:
        """Returns the first ``count`` observations, in order of time.

        :raises NotFound, UnreadableRow:
        """
        return list(Cursor("satori_first", *self._at(uuid), fits(count, 0, "count")))

    def last(self, uuid: str, count: int) -> list[Observation]:
        """Returns the last ``count`` observations, in order of time.

        :raises NotFound, UnreadableRow:
        """
        return list(Cursor("satori_last", *self._at(uuid), fits(count, 0, "count")))

    def last_before(self, uuid: str, before: Instant, count: int) -> list[Observation]:
        """Returns the last ``count`` observations before an instant, which is excluded, in
        order of time.

        :raises NotFound, UnreadableRow:
        """
        arguments = instants.to_micros(before), fits(count, 0, "count")
        return list(Cursor("satori_last_before", *self._at(uuid), *arguments))

    def as_of(self, uuid: str, ts: Instant) -> Optional[Observation]:
        """Returns the observation as of an instant: the one that lies latest in time among
        those at the instant and before it; None if there is none.

        :raises NotFound, UnreadableRow:
        """
        micros = instants.to_micros(ts)
        return next(Cursor("satori_as_of", *self._at(uuid), micros), None)

    def latest_of(self, uuids: Iterable[str]) -> Latest[Optional[Observation]]:
        """Returns the observation that lies latest in time of each stream, all of one state
        of the store: a dictionary, and a table too (see :class:`Latest`). None stands for a
        stream without a row, be it in the store or not.

        :raises InvalidUuid, InvalidArgument, NotAStream:
        :raises UnreadableRow: for the first stream whose latest row can't be read; a store
            opened with ``skip_unreadable`` passes over such rows.
        """
        asked = many(uuids, "uuids")
        texts = all_of(asked)
        column = texts.column()
        address = column.buffer_info()[0]
        found = dict(rows_of_streams("satori_latest_of", self.handle, len(asked), address))
        return Latest({uuid: found.get(uuid) for uuid in asked})

    def latest_of_all(self) -> Latest[Observation]:
        """Returns the observation that lies latest in time of every stream that has one, all
        of one state of the store, in the order of :meth:`streams_with_data`; see
        :class:`Latest`.

        :raises UnreadableRow: as :meth:`latest_of`.
        """
        return Latest(rows_of_streams("satori_latest_of_all", self.handle))

    def latest(self, uuid: str) -> Optional[Observation]:
        """Returns the observation that lies latest in time, however the rows are spelled;
        None if there is none.

        :raises NotFound, UnreadableRow:
        """
        return lookup.latest(self._handle or self.handle, utf8(uuid))

    def latest_as_stored(self, uuid: str) -> Optional[dict[str, Any]]:
        """Returns the observation that :meth:`latest` returns as the row of the stream's table:
        ``ts`` (see :attr:`Observation.stored_ts`), ``value``, ``hash`` and ``provider``. Its
        instant may be one that no datetime can hold.

        :raises NotFound, UnreadableRow:
        """
        return lookup.latest_as_stored(self._handle or self.handle, utf8(uuid))

    def observation(self, uuid: str, ts: Instant) -> Optional[Observation]:
        """Returns the observation of this instant, however the row is spelled; None if
        there is none.

        :raises NotFound, UnreadableRow:
        """
        micros = instants.to_micros(ts)
        return next(Cursor("satori_observation", *self._at(uuid), micros), None)

    def count(
        self, uuid: str, start: Optional[Instant] = None, end: Optional[Instant] = None
    ) -> int:
        """Returns the number of observations from ``start``, included, to ``end``,
        excluded.

        :raises NotFound:
        """
        found = ctypes.c_uint64()
        call("satori_count", *self._at(uuid), *instants.bounds(start, end), byref(found))
        return found.value

    def statistics(self, uuid: str) -> Statistics:
        """Returns rows, first and last instant, values, spacing, gaps and providers.

        :raises NotFound:
        """
        found, providers = structs.Statistics(), Handle()
        call("satori_get_statistics", *self._at(uuid), byref(found), byref(providers))
        return decode.statistics_of(found, providers)

    # What is done to a whole stream

    def delete(
        self, uuid: str, start: Optional[Instant] = None, end: Optional[Instant] = None
    ) -> int:
        """Deletes the observations from ``start``, included, to ``end``, excluded, and
        returns how many there were.

        :raises NotFound:
        """
        deleted = ctypes.c_uint64()
        call("satori_delete", *self._at(uuid), *instants.bounds(start, end), byref(deleted))
        return deleted.value

    def normalize(self, uuid: str, *, dry_run: bool = False) -> Normalization:
        """Rewrites the stream's timestamps into Unix seconds, in one transaction: text, and
        numbers of finer units. If two rows have the same instant, both stay.

        :param dry_run: do it and take it back.
        :raises NotFound:
        """
        report = Handle()
        call("satori_normalize", *self._at(uuid), flag(dry_run, "dry_run"), None, byref(report))
        return decode.normalization(report)

    def normalize_dry_run(self, uuid: str) -> Normalization:
        """Returns what :meth:`normalize` would do."""
        return self.normalize(uuid, dry_run=True)

    def unreadable(self, uuid: str) -> tuple[StoredRow, ...]:
        """Lists the stream's rows that can't be read, as they are stored: installed engines
        have stored ``None`` for a timestamp, and infinities, text and blobs for values.
        Reading the stream ends at such a row; :meth:`quarantine` moves them out of the way.

        :raises NotFound:
        """
        rows = Handle()
        call("satori_unreadable", *self._at(uuid), None, byref(rows))
        return decode.unreadable_rows(rows)

    def quarantine(self, uuid: str, *, dry_run: bool = False) -> tuple[StoredRow, ...]:
        """Moves the stream's rows that can't be read out of its table, as they are stored
        and with the reason, in one transaction, and returns them. They are kept in the table
        ``__satori_quarantine`` of the same file until :meth:`restore` puts them back.

        :param dry_run: only list them.
        :raises NotFound:
        """
        rows = Handle()
        call("satori_quarantine", *self._at(uuid), flag(dry_run, "dry_run"), None, byref(rows))
        return decode.unreadable_rows(rows)

    def quarantined(self, uuid: str) -> tuple[StoredRow, ...]:
        """Lists the stream's rows that :meth:`quarantine` has moved, in the order in which it
        did.

        :raises NotAStream: something else has the name ``__satori_quarantine``.
        """
        rows = Handle()
        call("satori_quarantined", *self._at(uuid), None, byref(rows))
        return decode.unreadable_rows(rows)

    def restore(self, uuid: str) -> Restored:
        """Puts the stream's rows that :meth:`quarantine` has moved back where they were. A row
        stays in the quarantine if its key is taken by now, or its instant is by a row that
        came meanwhile, or if the stream has no table, or one that doesn't take it.

        :raises NotFound:
        """
        restored, kept = ctypes.c_uint64(), ctypes.c_uint64()
        call("satori_restore", *self._at(uuid), byref(restored), byref(kept))
        return Restored(restored.value, kept.value)

    def restate_digest(self, uuid: str) -> None:
        """Makes the stream's digest that of its rows as they are, whatever has written them:
        after another program has changed the stream by plain SQL, which leaves the digest as
        it was. If the store keeps no digests yet, it does from now on, of this stream and of
        new ones.

        :raises NotFound:
        """
        call("satori_restate_digest", *self._at(uuid))

    def verify(self, uuid: str) -> Verification:
        """Walks the stream's hash chain in order of time, and returns what it found.

        :raises NotFound, UnreadableRow:
        """
        found, report = structs.Verification(), Handle()
        call("satori_verify", *self._at(uuid), byref(found), byref(report))
        return decode.verification(report)
