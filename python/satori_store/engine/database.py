"""The engine's database class."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Optional, Union

from ..errors import Closed, InvalidUuid, NotAStream, NotFound
from ..records import Observation, Stream
from ..reports import InsertReport
from ..store import Store
from . import frames, timestamps

if TYPE_CHECKING:
    import pandas

#: How many seconds a write waits for another writer, as engines do.
_BUSY_TIMEOUT = 30.0

#: There is no stream of that name, or can be none.
_NO_STREAM = (NotFound, InvalidUuid, NotAStream)

_log = logging.getLogger("satori_store.engine")
# A program that sets no logging up sees nothing, rather than lines of ours.
_log.addHandler(logging.NullHandler())


class _Kept:
    """Stands for an argument that is left out: what is stored stays."""


_KEPT = _Kept()
_Text = Union[str, None, _Kept]


class EngineSqliteDatabase:
    """The store of streams and predictions, one table for each, by the engine's names.

    Threads may share it. ``store`` is the :class:`satori_store.Store` underneath; any
    method may raise what its methods raise. See :mod:`satori_store.engine` for what is
    different from the class of the engine.

    :param data_dir: the folder, made if there is none.
    :param dbname: the file in it.
    :raises CannotOpen, NotAStore, Corrupt, LaterRelease, SchemaMismatch: as
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
        the store of before, which is closed with the last of them."""
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
        """Returns the store underneath.

        :raises Closed: after :meth:`disconnect`.
        """
        store = self._store
        if store is None:
            raise Closed(f"the store {self.dbname!r} is closed: call createConnection()")
        return store

    # Tables

    def createTable(self, table_uuid: str) -> None:
        """Makes the stream's table if there is none."""
        self.store.insert_many(table_uuid, [])

    def tableExists(self, table_uuid: str) -> bool:
        """Returns ``True`` if the stream has a table, with rows or without."""
        try:
            # A table that has rows needs no look at the list of all.
            return self.store.count(table_uuid) > 0 or table_uuid in self.listTables()
        except _NO_STREAM:
            return False

    def deleteTable(self, table_uuid: str) -> None:
        """Removes the stream's table and its rows; the metadata stays."""
        self.store.remove(table_uuid, "data")

    def listTables(self) -> list[str]:
        """Returns the uuids of all streams that have a table."""
        return self.store.streams_with_data()

    def migrateTimestampFormat(self, table_uuid: str) -> int:
        """Rewrites text timestamps, and numbers of finer units, into Unix seconds, and
        returns how many. Those that can't be read, or that another row has, stay as they
        are."""
        try:
            return self.store.normalize(table_uuid).rewritten
        except NotFound:
            return 0

    # Rows

    def getTableData(self, table_uuid: str) -> pandas.DataFrame:
        """Returns all rows in order of time: ``value, hash, provider``, indexed by ``ts`` as
        it is stored."""
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
        """Inserts one row, and makes the table if there is none. Returns ``True`` if the row
        is new, ``False`` if a row of its instant already exists."""
        row = (value, frames.given(hash_val), frames.given(provider))
        return self.insertRows(table_uuid, [ts], [row]).inserted == 1

    def insertDataframe(
        self, table_uuid: str, df: pandas.DataFrame, provider: str = "central"
    ) -> int:
        """Inserts the rows of a data frame, all or none, and returns how many were new.

        The frame has a column ``value``, and may have ``hash`` and ``provider``. Timestamps
        are its index, or a column ``ts``. The frames that engines work with are taken too:
        ``epoch`` or ``date_time`` for the timestamp, ``id`` for the hash.
        """
        rows = list(frames.contents(df, provider)) if len(df) else []
        return self.insertRows(table_uuid, frames.timestamps(df), rows).inserted

    def insertRows(
        self, table_uuid: str, ts: Sequence[Any], rows: Sequence[tuple[Any, ...]]
    ) -> InsertReport:
        """Inserts rows of value, hash (None: chained) and provider (None: ``central``), all
        or none, and logs conflicts. The other methods that insert call this one."""
        spelled = ((timestamps.text_of(one), *row) for one, row in zip(ts, rows))
        report = self.store.insert_spelled(table_uuid, spelled)
        for conflict in report.conflicts:
            _log.warning("%s", conflict)
        return report

    def getLastHash(self, table_uuid: str) -> Optional[str]:
        """Returns the hash of the latest row; None if there is none."""
        latest = self.latestRow(table_uuid)
        return None if latest is None else latest.hash

    def getRowCount(self, table_uuid: str) -> int:
        """Returns the number of rows."""
        try:
            return self.store.count(table_uuid)
        except _NO_STREAM:
            return 0

    def getLatestTimestamp(self, table_uuid: str) -> Union[str, int, float, None]:
        """Returns the timestamp of the latest row as it is stored; None if there is none."""
        latest = self.latestRow(table_uuid)
        return None if latest is None else latest.stored_ts

    def latestRow(self, table_uuid: str) -> Optional[Observation]:
        """Returns the latest row; None if there is none."""
        try:
            return self.store.latest(table_uuid)
        except NotFound:
            return None

    @staticmethod
    def hashIt(string: str) -> str:
        """Returns the hash of a row: BLAKE2s of 8 bytes, in hex. The text is the previous
        hash, the timestamp and the value, one after the other."""
        return hashlib.blake2s(string.encode(), digest_size=8).hexdigest()

    # Metadata

    def createStreamsTable(self) -> None:
        """Does nothing, because opening has made the table ``streams``.

        :raises Closed: after :meth:`disconnect`.
        """
        self.store.handle

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
        """Writes a stream's metadata, makes the row if there is none, and returns ``True``.
        What is left out stays as it is, None clears it."""
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
        """Returns a stream's metadata, by column; None if it has none."""
        return _metadata(self.store.stream(uuid))

    def getStreamByName(self, name: str) -> Optional[dict[str, Any]]:
        """Returns the metadata of the stream of this name, by column; None if there is none.
        If there are several, it is that of the one that was synced last."""
        return _metadata(self.store.stream_by_name(name))

    def getAllStreams(self) -> list[dict[str, Any]]:
        """Returns the metadata of all streams, by id."""
        return [metadata for metadata in map(_metadata, self.store.streams()) if metadata]

    def getStreamUuidByName(self, name: str) -> Optional[str]:
        """Returns the uuid of the stream of this name; None if there is none."""
        stream = self.store.stream_by_name(name)
        return None if stream is None else stream.uuid


def _metadata(stream: Optional[Stream]) -> Optional[dict[str, Any]]:
    """Returns the row of ``streams`` by column, times as the text that the columns hold."""
    if stream is None:
        return None
    metadata = dict(vars(stream))
    metadata["last_synced"] = _text(stream.last_synced, "T", "microseconds")
    metadata["created_at"] = _text(stream.created_at, " ", "seconds")
    return metadata


def _text(ts: Optional[datetime], separator: str, precision: str) -> Optional[str]:
    """Spells a time as a column holds it."""
    return None if ts is None else ts.replace(tzinfo=None).isoformat(separator, precision)
