"""The engine's database class."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Optional, Union

from .._text import shown, utf8
from ..errors import InvalidValue
from ..reports import InsertReport
from . import frames, timestamps
from .connection import Connection, log

if TYPE_CHECKING:
    import pandas


class _Kept:
    """Stands for an argument that is left out: what is stored stays."""


_KEPT = _Kept()
_Text = Union[str, None, _Kept]


def _as_row(row: Any) -> Sequence[Any]:
    """Refuses what is no row of value, hash and provider."""
    if not isinstance(row, (tuple, list)):
        raise InvalidValue(f"{shown(row)} is no row: expected (value, hash, provider)")
    return row


class EngineSqliteDatabase(Connection):
    """The store of streams and predictions, one table for each, by the engine's names.

    Threads may share it. ``store`` is the :class:`satori_store.Store` underneath. See
    :mod:`satori_store.engine` for what is different from the class of the engine.

    **Errors.** Reads raise what the methods of :class:`satori_store.Store` raise, except
    that a stream that doesn't exist has no rows, and that rows that can't be read are left
    out, with one warning for each stream. Writes that return a ``bool`` or a number return
    False or 0 if they fail, whatever the reason, and log the error with its cause (logger
    ``satori_store.engine``, level ERROR). Nothing is stored then, unless the error says that
    this is not known, as after a failing disk: the store gives the truth when it is opened
    again, and repeating the write is safe.

    :param data_dir: the folder, made if there is none.
    :param dbname: the file in it. Either may be a URL, ``postgres://user@host/database``, of a
        store in PostgreSQL; then the other doesn't matter.
    :param on_error: ``"raise"`` lets those writes raise too.
    :raises CannotOpen, NotAStore, Corrupt, LaterRelease, SchemaMismatch: as
        :class:`satori_store.Store` does; the file is left as it was.
    """

    # Tables

    def createTable(self, table_uuid: str) -> None:
        """Makes the stream's table if there is none."""
        self.store.insert_many(table_uuid, [])

    def tableExists(self, table_uuid: str) -> bool:
        """Returns ``True`` if the stream has a table, with rows or without."""
        # A table that has rows needs no look at the list of all.
        return self.latestRow(table_uuid) is not None or table_uuid in self.listTables()

    def deleteTable(self, table_uuid: str) -> None:
        """Removes the stream's table and its rows; the metadata stays."""
        self.store.remove(table_uuid, "data")

    def listTables(self) -> list[str]:
        """Returns the uuids of all streams that have a table."""
        return self.store.streams_with_data()

    def migrateTimestampFormat(self, table_uuid: str) -> int:
        """Rewrites text timestamps, and numbers of finer units, into Unix seconds, and
        returns how many; 0 if it fails. Those that can't be read, or that another row has,
        stay as they are."""
        try:
            return self._read(table_uuid, lambda store: store.normalize(table_uuid).rewritten, 0)
        except Exception as error:
            self._failed("migrateTimestampFormat", table_uuid, error)
            return 0

    # Rows

    def getTableData(self, table_uuid: str) -> pandas.DataFrame:
        """Returns all rows in order of time: ``value, hash, provider``, indexed by ``ts``, a
        number: as it is stored if that is a number, in Unix seconds if it is text."""
        nothing: Any = ([], [], [], [])
        rows = self._read(
            table_uuid, lambda store: store.observations(table_uuid).as_numbers(), nothing
        )
        return frames.table(*rows)

    def insertRow(
        self,
        table_uuid: str,
        ts: Any,
        value: Any,
        hash_val: Optional[str] = None,
        provider: str = "central",
    ) -> bool:
        """Inserts one row, and makes the table if there is none. Returns ``True`` if the row
        is stored, ``False`` if a row of its instant already exists, or if it fails."""
        try:
            row = (value, frames.given(hash_val), frames.given(provider))
            return self.insertRows(table_uuid, [ts], [row]).inserted == 1
        except Exception as error:
            self._failed("insertRow", table_uuid, error)
            return False

    def insertDataframe(
        self, table_uuid: str, df: pandas.DataFrame, provider: str = "central"
    ) -> int:
        """Inserts the rows of a data frame, all or none, and returns how many were new; 0 if
        it fails.

        The frame has a column ``value``, and may have ``hash`` and ``provider``. Timestamps
        are its index, or a column ``ts``. The frames that engines work with are taken too:
        ``epoch`` or ``date_time`` for the timestamp, ``id`` for the hash.
        """
        try:
            return self.insertRows(table_uuid, *frames.rows_of(df, provider)).inserted
        except Exception as error:
            self._failed("insertDataframe", table_uuid, error)
            return 0

    def insertRows(
        self, table_uuid: str, ts: Sequence[Any], rows: Sequence[tuple[Any, ...]]
    ) -> InsertReport:
        """Inserts rows of value, hash (None: chained) and provider (None: ``central``), all
        or none, and logs conflicts. The other methods that insert call this one. It raises
        what :meth:`satori_store.Store.insert_spelled` raises."""
        try:
            if len(ts) != len(rows):
                raise InvalidValue(f"there are {len(ts)} timestamps for {len(rows)} rows")
            spelled = [(timestamps.text_of(one), *_as_row(row)) for one, row in zip(ts, rows)]
        except TypeError:
            raise InvalidValue(
                f"{shown(ts)} and {shown(rows)} are not both sequences, of timestamps and of rows"
            ) from None
        report = self.store.insert_spelled(table_uuid, spelled)
        for conflict in report.conflicts:
            log.warning("%s", conflict)
        return report

    def getLastHash(self, table_uuid: str) -> Optional[str]:
        """Returns the hash of the latest row; None if there is none."""
        latest = self.latestRow(table_uuid)
        return None if latest is None else latest["hash"]

    def getRowCount(self, table_uuid: str) -> int:
        """Returns the number of rows; those that can't be read count too."""
        return self._read(table_uuid, lambda store: store.count(table_uuid), 0)

    def getLatestTimestamp(self, table_uuid: str) -> Union[str, int, float, None]:
        """Returns the timestamp of the latest row as it is stored; None if there is none."""
        latest = self.latestRow(table_uuid)
        return None if latest is None else latest["ts"]

    def latestRow(self, table_uuid: str) -> Optional[dict[str, Any]]:
        """Returns the latest row as it is stored: ``ts``, ``value``, ``hash`` and ``provider``;
        None if there is none."""
        return self._read(table_uuid, lambda store: store.latest_as_stored(table_uuid), None)

    @staticmethod
    def hashIt(string: str) -> str:
        """Returns the hash of a row: BLAKE2s of 8 bytes, in hex. The text is the previous
        hash, the timestamp and the value, one after the other."""
        return hashlib.blake2s(utf8(string), digest_size=8).hexdigest()

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
        """Writes a stream's metadata, makes the row if there is none, and returns ``True``;
        ``False`` if it fails. What is left out stays as it is, None clears it."""
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
        try:
            self.store.upsert_stream(uuid, **fields)
        except Exception as error:
            self._failed("upsertStream", uuid, error)
            return False
        return True

    def getStreamByUuid(self, uuid: str) -> Optional[dict[str, Any]]:
        """Returns a stream's metadata, by column; None if it has none."""
        return (self._store or self.store).stream_as_stored(uuid)

    def getStreamByName(self, name: str) -> Optional[dict[str, Any]]:
        """Returns the metadata of the stream of this name, by column; None if there is none.
        If there are several, it is that of the one that was synced last."""
        return (self._store or self.store).stream_by_name_as_stored(name)

    def getAllStreams(self) -> list[dict[str, Any]]:
        """Returns the metadata of all streams, by id."""
        return self.store.streams_as_stored()

    def getStreamUuidByName(self, name: str) -> Optional[str]:
        """Returns the uuid of the stream of this name; None if there is none."""
        stream = self.store.stream_by_name(name)
        return None if stream is None else stream.uuid
