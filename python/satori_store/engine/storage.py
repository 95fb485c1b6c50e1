"""The engine's storage manager."""

from __future__ import annotations

import copy
import os
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Optional, Union

from .._text import shown, utf8
from ..errors import InvalidJson, InvalidValue
from ..reports import IngestReport
from ..store import Store
from . import frames, timestamps
from .connection import OnError
from .database import EngineSqliteDatabase

if TYPE_CHECKING:
    import pandas


class EngineStorageManager:
    """Streams and predictions, each in a table of its own, by the engine's names.

    ``db`` is the :class:`EngineSqliteDatabase` that it works on. Threads may share it.

    Reads raise, and writes that return a ``bool`` or a number return False or 0 if they
    fail and log the error, as :class:`EngineSqliteDatabase` says.

    :param data_dir: the folder, made if there is none.
    :param dbname: the file in it. Either may be a URL, ``postgres://user@host/database``, of a
        store in PostgreSQL; then the other doesn't matter.
    :param on_error: ``"raise"`` lets those writes raise too.
    """

    _instance: ClassVar[Optional[EngineStorageManager]] = None
    _instances: ClassVar[threading.Lock] = threading.Lock()

    @classmethod
    def getInstance(
        cls,
        data_dir: str = "/Satori/Engine/db",
        dbname: str = "engine.db",
        on_error: OnError = "log",
    ) -> EngineStorageManager:
        """Returns the one instance of the process. It is made at the first call, with that
        call's arguments, and made anew after :meth:`close` and in a forked child. Later
        calls get the instance that exists."""
        with cls._instances:
            if cls._instance is None:
                cls._instance = cls(data_dir, dbname, on_error)
            return cls._instance

    @classmethod
    def _forget(cls) -> None:
        """Forgets the instance in a forked child, which must not use its parent's store, nor
        wait for a lock that no thread of its own holds."""
        cls._instance, cls._instances = None, threading.Lock()

    def __init__(
        self,
        data_dir: str = "/Satori/Engine/db",
        dbname: str = "engine.db",
        on_error: OnError = "log",
    ) -> None:
        self.db = EngineSqliteDatabase(data_dir, dbname, on_error)
        #: The stream object that was stored last for each stream: it can be stored.
        self._stored: dict[str, dict[str, Any]] = {}

    def close(self) -> None:
        """Closes the store."""
        cls = type(self)
        with cls._instances:
            if cls._instance is self:
                cls._instance = None
        self.db.disconnect()

    # Streams

    def storeServerResponse(
        self,
        response: Union[str, bytes, dict[str, Any], list[Any], None],
        streamUuid: Optional[str] = None,
        provider: str = "central",
    ) -> IngestReport:
        """Takes in what the server answers, one observation or a batch, as JSON or as what
        ``json.loads`` makes of it. Metadata and observations are stored together, all that
        can be in one transaction. The report says which of the rest it was and why.

        :param streamUuid: the stream that every observation belongs to; else each names its
            own. Answers from before the server sent streams name none and need this.
        """
        return self.db.store.ingest(response, uuid=streamUuid, provider=provider)

    def storeStreamData(
        self, streamUuid: str, df: pandas.DataFrame, provider: str = "central"
    ) -> int:
        """Stores a data frame of observations, and returns how many were new; 0 if it fails.
        See :meth:`EngineSqliteDatabase.insertDataframe`."""
        return self.db.insertDataframe(streamUuid, df, provider)

    def storeStreamObservation(
        self,
        streamUuid: str,
        timestamp: Any,
        value: Any,
        hash_val: Optional[str] = None,
        provider: str = "central",
        stream: Optional[Mapping[str, Any]] = None,
    ) -> bool:
        """Stores one observation. Returns ``True`` if it is stored, ``False`` if its instant
        already has one, or if it fails.

        :param stream: the server's stream object, whose metadata is stored too, unless
            the instant has another value. Its ``uuid`` is not looked at. If it is no stream
            object, nothing is stored. If the observation is stored and writing the metadata
            fails, that is logged (or raised), and the result stays that of the observation:
            the next one brings the metadata again.
        """
        if stream is None:
            return self.db.insertRow(streamUuid, timestamp, value, hash_val, provider)
        try:
            # Metadata that can't be stored is refused before its observation is stored.
            utf8(streamUuid)
            if not isinstance(stream, Mapping):
                raise InvalidValue(f"{shown(stream)} is no stream object: expected a dict")
            metadata = dict(stream)
            if self._stored.get(streamUuid) != metadata:
                with Store.in_memory() as nowhere:
                    self._storeMetadata(streamUuid, metadata, nowhere)
                # What the caller changes later is not what was stored.
                metadata = copy.deepcopy(metadata)
            row = (value, frames.given(hash_val), frames.given(provider))
            report = self.db.insertRows(streamUuid, [timestamp], [row])
        except Exception as error:
            self.db._failed("storeStreamObservation", streamUuid, error)
            return False
        try:
            if not report.conflicts:
                self._storeMetadata(streamUuid, metadata, self.db.store)
                if self._stored.get(streamUuid) != metadata:
                    self._stored[streamUuid] = metadata
        except Exception as error:
            what = "storeStreamObservation (the observation is stored, its metadata is not)"
            self.db._failed(what, streamUuid, error)
        return report.inserted == 1

    @staticmethod
    def _storeMetadata(uuid: str, stream: Mapping[str, Any], store: Store) -> None:
        """Stores the metadata in a stream object.

        :raises InvalidJson: it can't be stored.
        """
        fields = {**stream, "uuid": uuid}
        # The metadata as this module gives it has both the file's id and the server's.
        if "server_stream_id" in fields:
            fields["id"] = fields.pop("server_stream_id")
        for rejected in store.sync_streams([fields]).rejected:
            raise InvalidJson(rejected.error)

    def getStreamData(self, streamUuid: str) -> pandas.DataFrame:
        """Returns all rows in order of time: see :meth:`EngineSqliteDatabase.getTableData`."""
        return self.db.getTableData(streamUuid)

    def getStreamDataForEngine(self, streamUuid: str) -> pandas.DataFrame:
        """Returns all rows in order of time, as engines work with them: columns
        ``date_time`` (UTC), ``value`` and ``id`` (the hash)."""
        rows = self.db._read(
            streamUuid, lambda store: store.observations(streamUuid).to_pandas(), None
        )
        return frames.for_engine(rows)

    def hasStreamData(self, streamUuid: str) -> bool:
        """Returns ``True`` if the stream has rows."""
        return self.db.getRowCount(streamUuid) > 0

    def getStreamRowCount(self, streamUuid: str) -> int:
        """Returns the number of the stream's rows."""
        return self.db.getRowCount(streamUuid)

    def getLatestStreamTimestamp(self, streamUuid: str) -> Union[str, int, float, None]:
        """Returns the timestamp of the latest row as it is stored; None if there is none."""
        return self.db.getLatestTimestamp(streamUuid)

    def mergeServerDataWithLocal(
        self, streamUuid: str, serverDf: pandas.DataFrame, provider: str = "central"
    ) -> pandas.DataFrame:
        """Stores what is new of the server's rows, as :meth:`storeStreamData` does, and
        returns all rows, as :meth:`getStreamDataForEngine` does. A stored row is never
        overwritten."""
        if not frames.is_empty(serverDf):
            self.storeStreamData(streamUuid, serverDf, provider)
        return self.getStreamDataForEngine(streamUuid)

    def listAllStreams(self) -> list[str]:
        """Returns the uuids of all streams that have a table, those of predictions among
        them."""
        return self.db.listTables()

    def deleteStreamData(self, streamUuid: str) -> None:
        """Removes the stream's rows with their table; the metadata stays."""
        self.db.deleteTable(streamUuid)

    # Predictions

    def storePrediction(
        self,
        predictionStreamUuid: str,
        timestamp: Any,
        value: Any,
        hash_val: Optional[str] = None,
        provider: str = "engine",
    ) -> bool:
        """Stores one prediction. Returns ``True`` if it is stored, ``False`` if its instant
        already has one, or if it fails: publish what is stored, and no other."""
        return self.db.insertRow(predictionStreamUuid, timestamp, value, hash_val, provider)

    def storePredictionDf(self, predictionStreamUuid: str, df: pandas.DataFrame) -> int:
        """Stores a data frame of predictions, and returns how many were new; 0 if it fails.
        Their provider is ``engine`` if the frame names none."""
        return self.db.insertDataframe(predictionStreamUuid, df, provider="engine")

    def getPredictions(self, predictionStreamUuid: str) -> pandas.DataFrame:
        """Returns all predictions: see :meth:`EngineSqliteDatabase.getTableData`."""
        return self.db.getTableData(predictionStreamUuid)

    def getLatestPrediction(self, predictionStreamUuid: str) -> Optional[dict[str, Any]]:
        """Returns the latest prediction as ``ts`` (the number that it has in
        :meth:`getPredictions`), ``value``, ``hash`` and ``provider``; None if there is none."""
        latest = self.db.latestRow(predictionStreamUuid)
        return None if latest is None else {**latest, "ts": timestamps.number_of(latest["ts"])}


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=EngineStorageManager._forget)
