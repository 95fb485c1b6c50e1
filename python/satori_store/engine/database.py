"""The engine's database class."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Optional, Union

from ..errors import Closed, InvalidUuid, NotFound, NotObservationTable
from ..records import Observation, Stream
from ..reports import InsertReport
from ..store import Store
from . import frames, timestamps

if TYPE_CHECKING:
    import pandas

#: How many seconds a write waits for another writer, as engines do.
_BUSY_TIMEOUT = 30.0

#: There is no stream of that name, and can be none.
_NO_STREAM = (NotFound, InvalidUuid, NotObservationTable)

_log = logging.getLogger("satori_store.engine")
# A program that sets no logging up is told nothing, rather than by lines of ours.
_log.addHandler(logging.NullHandler())


class _Kept:
    """The argument is left out: what is stored stays."""


_KEPT = _Kept()
_Text = Union[str, None, _Kept]


class EngineSqliteDatabase:
    """The store of streams and predictions, one table for each, by the engine's names.

    Threads may share it. ``store`` is the :class:`satori_store.Store` underneath; any
    method may raise what its methods raise. See :mod:`satori_store.engine` for what is
    different from the class of the engine.

    :param data_dir: the folder, made where there is none.
    :param dbname: the file in it.
    :raises CannotOpen, NotADatabase, Corrupt, LaterRelease, SchemaMismatch: as
        :class:`satori_store.Store` does; the file is left as it was.
    """

    def __init__(self, data_dir: str = "/Satori/Engine/db", dbname: str = "engine.db") -> None:
        self.data_dir = data_dir
        self.dbname = os.path.join(data_dir, dbname)
        self._lock = threading.Lock()
        self._store: Optional[Store] = None
        self.createConnection()

    # The connection

    def createConnection(self) -> None:
        """Opens the store, or opens it anew. Calls that other threads have under way end on
        the one of before, which is closed with the last of them."""
        with self._lock:
            os.makedirs(os.path.dirname(self.dbname) or ".", exist_ok=True)
            self._store = Store(self.dbname, keep_spelling=True, busy_timeout=_BUSY_TIMEOUT)

    def disconnect(self) -> None:
        """Closes the store; ``createConnection`` opens it again."""
        with self._lock:
            store, self._store = self._store, None
        if store is not None:
            store.close()

    @property
    def store(self) -> Store:
        """The store underneath.

        :raises Closed: after :meth:`disconnect`.
        """
        store = self._store
        if store is None:
            raise Closed(f"the store {self.dbname!r} is closed: call createConnection()")
        return store

    # Tables

    def createTable(self, table_uuid: str) -> None:
        """Makes the stream's table where there is none."""
        self.store.insert_many(table_uuid, [])

    def tableExists(self, table_uuid: str) -> bool:
        """Whether the stream has a table, with rows or without."""
        try:
            # One that has rows needs no look at the list of all tables.
            return self.store.count(table_uuid) > 0 or table_uuid in self.listTables()
        except _NO_STREAM:
            return False

    def deleteTable(self, table_uuid: str) -> None:
        """Removes the stream's table and its rows; the metadata stays."""
        self.store.remove(table_uuid, "data")

    def listTables(self) -> list[str]:
        """The uuids of all streams that have a table."""
        return self.store.streams_with_table()

    def migrateTimestampFormat(self, table_uuid: str) -> int:
        """Rewrites text timestamps, and numbers of finer units, into Unix seconds; how
        many. Those that can't be read, or that another row has, stay as they are."""
        try:
            return self.store.normalize(table_uuid).rewritten
        except NotFound:
            return 0

    # Rows

    def getTableData(self, table_uuid: str) -> pandas.DataFrame:
        """All rows in order of time: ``value, hash, provider``, indexed by ``ts`` as it is
        stored."""
        try:
            return frames.table(*self.store.observations(table_uuid).as_stored())
        except NotFound:
            return frames.table([], [], [], [])

    def insertRow(
        self,
        table_uuid: str,
        ts: Any,
        value: Any,
        hash_val: Optional[str] = None,
        provider: str = "central",
    ) -> bool:
        """Inserts one row, making the table where there is none. True where it is new,
        False where a row of its instant is there."""
        row = (value, frames.given(hash_val), frames.given(provider))
        return self.insertRows(table_uuid, [ts], [row]).inserted == 1

    def insertDataframe(
        self, table_uuid: str, df: pandas.DataFrame, provider: str = "central"
    ) -> int:
        """Inserts the rows of a data frame, all or none; how many were new.

        It has a column ``value``, and may have ``hash`` and ``provider``. Timestamps are
        its index, or a column ``ts``. The frames that engines work with are taken too:
        ``epoch`` or ``date_time`` for the timestamp, ``id`` for the hash.
        """
        rows = list(frames.contents(df, provider)) if len(df) else []
        return self.insertRows(table_uuid, frames.timestamps(df), rows).inserted

    def insertRows(
        self, table_uuid: str, ts: Sequence[Any], rows: Sequence[tuple[Any, ...]]
    ) -> InsertReport:
        """Inserts rows of value, hash (None: chained) and provider (None: ``central``), all
        or none, and tells of conflicts: what the other methods that insert come to."""
        spelled = ((timestamps.text_of(one), *row) for one, row in zip(ts, rows))
        report = self.store.insert_spelled(table_uuid, spelled)
        for conflict in report.conflicts:
            _log.warning("%s", conflict)
        return report

    def getLastHash(self, table_uuid: str) -> Optional[str]:
        """The hash of the latest row; None where there is none."""
        latest = self.latestRow(table_uuid)
        return None if latest is None else latest.hash

    def getRowCount(self, table_uuid: str) -> int:
        """The number of rows."""
        try:
            return self.store.count(table_uuid)
        except _NO_STREAM:
            return 0

    def getLatestTimestamp(self, table_uuid: str) -> Union[str, int, float, None]:
        """The timestamp of the latest row as it is stored; None where there is none."""
        latest = self.latestRow(table_uuid)
        return None if latest is None else latest.stored_ts

    def latestRow(self, table_uuid: str) -> Optional[Observation]:
        """The latest row; None where there is none."""
        try:
            return self.store.latest(table_uuid)
        except NotFound:
            return None

    @staticmethod
    def hashIt(string: str) -> str:
        """The hash of a row whose previous hash, timestamp and value this is, one after
        the other: BLAKE2s of 8 bytes, in hex."""
        return hashlib.blake2s(string.encode(), digest_size=8).hexdigest()

    # Metadata

    def createStreamsTable(self) -> None:
        """Does nothing: opening has made the table ``streams``."""
        self.store.handle  # which is open, or raises

    def upsertStream(
        self,
        uuid: str,
        server_stream_id: Union[int, None, _Kept] = _KEPT,
        name: _Text = _KEPT,
        author: _Text = _KEPT,
        secondary: _Text = _KEPT,
        target: _Text = _KEPT,
        meta: _Text = _KEPT,
        description: _Text = _KEPT,
    ) -> bool:
        """Writes a stream's metadata, making the row where there is none; True. What is
        left out stays as it is, None clears it."""
        given = dict(
            server_stream_id=server_stream_id,
            name=name,
            author=author,
            secondary=secondary,
            target=target,
            meta=meta,
            description=description,
        )
        fields = {key: field for key, field in given.items() if not isinstance(field, _Kept)}
        self.store.upsert_stream(uuid, **fields)
        return True

    def getStreamByUuid(self, uuid: str) -> Optional[dict[str, Any]]:
        """A stream's metadata, by column; None where it has none."""
        return _columns(self.store.stream(uuid))

    def getStreamByName(self, name: str) -> Optional[dict[str, Any]]:
        """The metadata of the stream of this name, by column: of several the one that was
        synced last; None where there is none."""
        return _columns(self.store.stream_by_name(name))

    def getAllStreams(self) -> list[dict[str, Any]]:
        """The metadata of all streams, by id."""
        return [columns for columns in map(_columns, self.store.streams()) if columns]

    def getStreamUuidByName(self, name: str) -> Optional[str]:
        """The uuid of the stream of this name; None where there is none."""
        stream = self.store.stream_by_name(name)
        return None if stream is None else stream.uuid


def _columns(stream: Optional[Stream]) -> Optional[dict[str, Any]]:
    """The eleven columns, times as the text that the columns hold."""
    if stream is None:
        return None
    columns = dict(vars(stream))
    columns["last_synced"] = _text(stream.last_synced, "T", "microseconds")
    columns["created_at"] = _text(stream.created_at, " ", "seconds")
    return columns


def _text(ts: Optional[datetime], separator: str, precision: str) -> Optional[str]:
    return None if ts is None else ts.replace(tzinfo=None).isoformat(separator, precision)
