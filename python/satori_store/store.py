"""The store: one engine.db, open."""

from __future__ import annotations

import ctypes
import json as json_module
import math
import operator
import os
import warnings
from collections.abc import Iterable, Sequence
from ctypes import byref
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from numbers import Real
from types import TracebackType
from typing import Any, Literal, Optional, Union, overload

from . import _library, arrow, instants, lookup, records, rows as rows_module, sqlite
from ._library import Handle, call, text_of, utf8
from .errors import Closed, Conflict, Forked, InvalidArgument, InvalidValue, Refused, UnsafeSqliteWarning
from .instants import Instant
from .cursor import Cursor
from .observations import Observations
from .records import (
    IngestReport,
    InsertReport,
    Insertion,
    Normalization,
    Observation,
    Removed,
    Statistics,
    Stream,
    SyncReport,
    Verification,
)
from .rows import Data, number
from .sqlite import SqliteInfo

_SYNCHRONOUS = {"normal": 0, "full": 1}
_REMOVE = {"metadata": 1, "data": 2, "both": 3}
_INSERTIONS = ("inserted", "already_there", "conflict")


class Store:
    """One ``engine.db``, open.

    >>> with Store("engine.db") as store:
    ...     report = store.ingest(answer)  # as the server sent it
    ...     uuid = store.stream_by_name("bitcoin").uuid
    ...     frame = store.observations(uuid).to_pandas()
    >>> len(frame)
    156

    A missing or empty file becomes a new store; an installed engine's file is taken
    over without changing one observation; a file that is damaged, of a later release
    or of another shape is refused and left as it is.

    :param path: the file.
    :param read_only: write not one byte; every write raises :class:`ReadOnly`.
    :param create: make a new store where there is no file.
    :param synchronous: what a power cut may take: ``"normal"`` (the writes since the
        last checkpoint; what the engine uses) or ``"full"`` (nothing).
    :param busy_timeout: how many seconds a write waits for another writer.
    :param keep_spelling: where a stream's table holds timestamps that are text, store
        its new rows as text spelled like the last of them, instead of as Unix seconds:
        for programs that order a table by plain SQL, where numbers sort before all text.
    :raises CannotOpen, NotADatabase, Corrupt, LaterRelease, SchemaMismatch:
        not one byte of the file has changed.

    **Threads.** Any number may share a store; their calls take turns and release the
    GIL. Open the file again for reads that must not wait for writes.

    **Processes.** Any number may have the file open, installed engines among them.
    After ``fork`` (``multiprocessing`` with that method among them) a child that uses
    its parent's store gets :class:`Forked`; it opens the file itself, which raises
    :class:`CannotOpen` where another thread of the parent was inside a call at the fork:
    ``multiprocessing`` with ``spawn`` has no such limit.

    **Any call** may raise :class:`Closed`, :class:`Busy`, :class:`Corrupt`,
    :class:`SqliteError`, :class:`Forked` and :class:`Poisoned`; one that writes also
    :class:`ReadOnly`, :class:`DiskFull` and :class:`FileReplaced`. A ``uuid`` that can
    name no stream raises :class:`InvalidUuid`, one that names a table of another shape
    :class:`NotObservationTable`. Methods say what else there is. A call that fails has
    stored nothing, but for :class:`FileReplaced`.
    """

    _handle: Optional[int] = None

    def __init__(
        self,
        path: Union[str, bytes, os.PathLike[str]],
        *,
        read_only: bool = False,
        create: bool = True,
        synchronous: Literal["normal", "full"] = "normal",
        busy_timeout: float = 5.0,
        keep_spelling: bool = False,
    ) -> None:
        self._open(
            os.fsencode(path), read_only, create, synchronous, busy_timeout, keep_spelling
        )

    @classmethod
    def in_memory(cls) -> Store:
        """A store that lives in memory and is gone when it is closed."""
        store = cls.__new__(cls)
        store._open(None, False, True, "normal", 5.0)
        return store

    def _open(
        self,
        path: Optional[bytes],
        read_only: bool,
        create: bool,
        synchronous: str,
        busy_timeout: float,
        keep_spelling: bool = False,
    ) -> None:
        if synchronous not in _SYNCHRONOUS:
            raise InvalidArgument(f"synchronous is {synchronous!r}: expected 'normal' or 'full'")
        options = _library.OpenOptions()
        options.read_only = read_only
        options.must_exist = not create
        options.synchronous = _SYNCHRONOUS[synchronous]
        options.in_memory = path is None
        options.keep_spelling = keep_spelling
        # In C, 0 is the default and a negative number no wait.
        options.busy_timeout = int(min(busy_timeout * 1e6, 2**62)) or -1
        handle = Handle()
        call("satori_store_open", path, len(path or b""), byref(options), byref(handle))
        self._handle = handle.value
        #: The file, as it was named; None in memory.
        self.path = None if path is None else os.fsdecode(path)
        if path is not None and (danger := sqlite.danger()):
            warnings.warn(danger, UnsafeSqliteWarning, stacklevel=3)

    # Closing

    def close(self) -> None:
        """Closes the store; closing it again does nothing. Calls that other threads
        have under way end as they would have; what is being read stays readable."""
        handle, self._handle = self._handle, None
        arrow.sweep()
        if handle is not None:
            error = _library.attempt("satori_store_close", handle)
            # In a forked child the file is the parent's, and stays open there.
            if error is not None and not isinstance(error, Forked):
                raise error

    @property
    def closed(self) -> bool:
        """Whether it has been closed."""
        return self._handle is None

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    # The default arguments outlive the module when the interpreter shuts down.
    def __del__(self, attempt: Any = _library.attempt) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            attempt("satori_store_close", handle)

    def __repr__(self) -> str:
        return f"<Store {self.path or 'in memory'!r}{' (closed)' if self.closed else ''}>"

    def __reduce__(self) -> Any:
        raise TypeError("a Store can't be sent to another process: open the file there")

    @property
    def handle(self) -> int:
        """The handle, for calls of the C API.

        :raises Closed: the store is closed.
        """
        if self._handle is None:
            raise Closed(f"the store {self.path or 'in memory'!r} is closed: open it again")
        return self._handle

    def _at(self, uuid: str) -> tuple[int, bytes, int]:
        """The first three arguments of most functions."""
        data = utf8(uuid)
        return self.handle, data, len(data)

    # Streams

    def upsert_stream(self, uuid: str, **fields: Union[str, int, None]) -> Stream:
        """Writes a stream's metadata and sets ``last_synced`` to now, making the row
        where there is none. ``id`` and ``created_at`` never change.

        :param fields: ``server_stream_id, name, author, secondary, target, meta,
            description``: one that is left out keeps what is stored, None clears it.
        """
        return self._write_stream("satori_upsert_stream", uuid, fields)

    def update_stream(self, uuid: str, **fields: Union[str, int, None]) -> Stream:
        """Changes the metadata that a stream has; ``last_synced`` stays as it is.

        :raises NotFound: it has none.
        """
        return self._write_stream("satori_update_stream", uuid, fields)

    def _write_stream(self, function: str, uuid: str, fields: dict[str, Any]) -> Stream:
        patch = _library.StreamPatch()
        held = []
        for name, value in fields.items():
            if name not in records.FIELDS:
                raise TypeError(f"{name!r} is no field: expected {', '.join(records.FIELDS)}")
            bit = 1 << records.FIELDS.index(name)
            if value is None:
                patch.clear |= bit
                continue
            patch.set |= bit
            if name == "server_stream_id":
                patch.server_stream_id = _fits(value, -(2**63), name)
            else:
                held.append(utf8(value))
                setattr(patch, name, text_of(held[-1]))
        return self._streams(function, *self._at(uuid), byref(patch))[0]

    def stream(self, uuid: str) -> Optional[Stream]:
        """The metadata of the stream of this uuid; None where it has none."""
        return lookup.stream(self._handle or self.handle, utf8(uuid))

    def stream_by_name(self, name: str) -> Optional[Stream]:
        """The stream of this name: of several the most recently synced, then the one
        with the lowest id. Names are not unique."""
        return next(iter(self.streams_by_name(name)), None)

    def streams_by_name(self, name: str) -> list[Stream]:
        """All streams of this name, in the order that :meth:`stream_by_name` chooses by."""
        return self._streams("satori_streams_by_name", *self._at(name))

    def streams_by_server_id(self, server_stream_id: int) -> list[Stream]:
        """All streams to which the server gives this number, the most recently synced
        first."""
        number = _fits(server_stream_id, -(2**63), "server_stream_id")
        return self._streams("satori_streams_by_server_id", self.handle, number)

    def streams(self) -> list[Stream]:
        """All streams that have metadata, by id."""
        return self._streams("satori_streams_all", self.handle)

    def search_streams(self, part: str) -> list[Stream]:
        """The streams whose name or description has ``part`` in it; ASCII letters match
        in either case."""
        return self._streams("satori_search_streams", *self._at(part))

    def stale_streams(self, since: Union[Instant, timedelta]) -> list[Stream]:
        """The streams not synced since an instant, or for longer than a ``timedelta``,
        those never synced among them; the longest unsynced first."""
        if isinstance(since, timedelta):
            since = datetime.now(timezone.utc) - since
        return self._streams("satori_stale_streams", self.handle, instants.to_micros(since))

    def streams_without_metadata(self) -> list[str]:
        """The uuids of tables that hold observations of a stream without metadata."""
        found = self._streams("satori_streams_without_metadata", self.handle)
        return [stream.uuid for stream in found]

    def streams_with_table(self) -> list[str]:
        """The uuids of streams that have a table, with metadata or without, in the order
        of the tables' making."""
        return [stream.uuid for stream in self._streams("satori_streams_with_table", self.handle)]

    def _streams(self, function: str, *arguments: Any) -> list[Stream]:
        found = Handle()
        call(function, *arguments, byref(found))
        try:
            count = ctypes.c_size_t()
            call("satori_streams_count", found, byref(count))
            streams = []
            stream = _library.Stream()
            for index in range(count.value):
                call("satori_streams_get", found, index, byref(stream))
                streams.append(records.stream_of(stream))
            return streams
        finally:
            call("satori_streams_free", found)

    def sync_streams(self, streams: Union[str, bytes, list[dict[str, Any]]]) -> SyncReport:
        """Writes the metadata of many streams in one transaction: the stream objects of
        the server, as a list or as the JSON that it sent. Of each field, absent keeps
        what is stored and null clears it.

        :raises InvalidJson: the JSON is malformed or cut short.
        """
        data, report = _json(streams), Handle()
        call("satori_sync_streams", self.handle, data, len(data), byref(report))
        return records.sync_report(report)

    def remove(
        self, uuid: str, what: Literal["metadata", "data", "both"] = "both"
    ) -> Removed:
        """Removes a stream's metadata, its data (table and all), or both. What is not
        there is no error."""
        if what not in _REMOVE:
            raise InvalidArgument(f"what is {what!r}: expected 'metadata', 'data' or 'both'")
        metadata, rows = ctypes.c_int32(), ctypes.c_uint64()
        call("satori_remove", *self._at(uuid), _REMOVE[what], byref(metadata), byref(rows))
        return Removed(bool(metadata.value), rows.value)

    # Inserting

    @overload
    def insert(
        self,
        uuid: str,
        ts: Instant,
        value: Union[float, Decimal, str],
        *,
        hash: Optional[str] = None,
        provider: Optional[str] = None,
    ) -> Insertion: ...

    @overload
    def insert(
        self, uuid: str, ts: Data, value: None = None, *, provider: Optional[str] = None
    ) -> InsertReport: ...

    def insert(
        self,
        uuid: str,
        ts: Union[Instant, Data],
        value: Union[float, Decimal, str, None] = None,
        *,
        hash: Optional[str] = None,
        provider: Optional[str] = None,
    ) -> Union[Insertion, InsertReport]:
        """Inserts one observation, or many in one transaction, making the stream's table
        where there is none. A row that is there is never overwritten.

        ``insert(uuid, ts, value, hash=…, provider=…)`` inserts one. A hash that is left
        out is computed from that of the stream's latest row; the provider is
        ``"central"``.

        ``insert(uuid, data, provider=…)`` inserts many, all or none: rows
        (:class:`Observation`, or ``(ts, value)``, ``(ts, value, hash)``, ``(ts, value,
        hash, provider)``), a pandas DataFrame (a column ``value``, a column ``ts`` or
        the index, and where there are such columns ``hash`` and ``provider``), or
        anything with ``__arrow_c_stream__`` that has such columns (pyarrow, polars,
        duckdb, another store's observations). Timestamps are instants as everywhere;
        columns of timestamps without a time zone are UTC. ``provider`` is for rows
        that name none.

        :raises InvalidTimestamp, InvalidValue, InvalidArrow: nothing is stored.
        """
        if value is None:
            if hash is not None or isinstance(ts, (datetime, Real, Decimal, str)):
                raise InvalidValue("None is not a value: insert(uuid, ts, value) takes a number")
            return rows_module.insert_data(self, uuid, ts, provider)
        stored, kind = ctypes.c_double(), ctypes.c_int32()
        micros, offered = instants.to_micros(ts), number(value)  # type: ignore[arg-type]
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
        self, uuid: str, data: Data, *, provider: Optional[str] = None
    ) -> InsertReport:
        """The second form of :meth:`insert`, under the name it has in Rust and C."""
        return rows_module.insert_data(self, uuid, data, provider)

    def insert_spelled(
        self,
        uuid: str,
        rows: Iterable[Sequence[Any]],
        *,
        provider: Optional[str] = None,
    ) -> InsertReport:
        """Inserts rows ``(ts, value, hash, provider)``, of which hash and provider may be
        left out, whose timestamps are text, and stored as that text: for tables whose
        timestamps are text already, and programs that look a row up by it. Text that is
        a number becomes one, as in any SQL. The key is the instant still: where a row of
        the same instant is there, in whichever spelling, it stays. Read it back from
        :attr:`Observation.stored_ts`.

        :raises InvalidTimestamp, InvalidValue: nothing is stored.
        """
        return rows_module.insert_spelled(self, uuid, rows, provider)

    def ingest(
        self,
        json: Union[str, bytes, dict[str, Any], list[Any], None],
        *,
        uuid: Optional[str] = None,
        provider: Optional[str] = None,
        strict: bool = False,
    ) -> IngestReport:
        """Takes in the server's answers, metadata and observation together: one payload,
        an array of them, or one a line; null where the server had nothing new. As the
        JSON that came, or as what ``json.loads`` makes of it. All that can be stored is
        stored in one transaction; the report says of the rest where it stands and why.

        :param uuid: every payload belongs to this stream; else each names its own.
            Payloads from before the server sent streams name none and need this.
        :param provider: who delivers the rows; ``"central"`` unless said otherwise.
        :param strict: all or nothing.
        :raises Refused: strict, and nothing was stored; its ``report`` says why.
        :raises InvalidJson: an array is malformed or cut short.
        """
        data = _json(json)
        texts = [None if text is None else utf8(text) for text in (uuid, provider)]
        options = _library.IngestOptions()
        options.uuid, options.provider = text_of(texts[0]), text_of(texts[1])
        options.strict = strict
        details = Handle()
        error = _library.attempt(
            "satori_ingest", self.handle, data, len(data), byref(options), None, byref(details)
        )
        if isinstance(error, Refused):
            error.report = records.ingest_report(details)
        if error is not None:
            raise error
        return records.ingest_report(details)

    # Reading

    def observations(
        self, uuid: str, start: Optional[Instant] = None, end: Optional[Instant] = None
    ) -> Observations:
        """The observations from ``start``, included, to ``end``, excluded, in order of
        time; read when they are asked for. See :class:`Observations`.

        :raises NotFound: there is neither metadata nor data.
        """
        return Observations(self, uuid, *instants.bounds(start, end))

    def last(self, uuid: str, count: int) -> list[Observation]:
        """The last ``count`` observations, in order of time.

        :raises NotFound, UnreadableRow:
        """
        return list(Cursor("satori_last", *self._at(uuid), _fits(count, 0, "count")))

    def latest(self, uuid: str) -> Optional[Observation]:
        """The observation that lies latest in time, however the rows are spelled.

        :raises NotFound, UnreadableRow:
        """
        return next(iter(self.last(uuid, 1)), None)

    def observation(self, uuid: str, ts: Instant) -> Optional[Observation]:
        """The observation of this instant, however the row is spelled.

        :raises NotFound, UnreadableRow:
        """
        micros = instants.to_micros(ts)
        return next(Cursor("satori_observation", *self._at(uuid), micros), None)

    def count(
        self, uuid: str, start: Optional[Instant] = None, end: Optional[Instant] = None
    ) -> int:
        """The number of observations from ``start``, included, to ``end``, excluded.

        :raises NotFound:
        """
        found = ctypes.c_uint64()
        call("satori_count", *self._at(uuid), *instants.bounds(start, end), byref(found))
        return found.value

    def statistics(self, uuid: str) -> Statistics:
        """Rows, first and last instant, values, spacing, gaps and providers.

        :raises NotFound:
        """
        found, providers = _library.Statistics(), Handle()
        call("satori_get_statistics", *self._at(uuid), byref(found), byref(providers))
        return records.statistics_of(found, providers)

    # What is done to a whole stream

    def delete(
        self, uuid: str, start: Optional[Instant] = None, end: Optional[Instant] = None
    ) -> int:
        """Deletes the observations from ``start``, included, to ``end``, excluded; how
        many there were.

        :raises NotFound:
        """
        deleted = ctypes.c_uint64()
        call("satori_delete", *self._at(uuid), *instants.bounds(start, end), byref(deleted))
        return deleted.value

    def normalize(self, uuid: str, *, dry_run: bool = False) -> Normalization:
        """Rewrites the stream's timestamps into Unix seconds, in one transaction: text,
        and numbers of finer units. Where two rows have the same instant both stay.

        :param dry_run: do it and take it back.
        :raises NotFound:
        """
        report = Handle()
        call("satori_normalize", *self._at(uuid), dry_run, None, byref(report))
        return records.normalization(report)

    def normalize_dry_run(self, uuid: str) -> Normalization:
        """What :meth:`normalize` would do."""
        return self.normalize(uuid, dry_run=True)

    def verify(self, uuid: str) -> Verification:
        """Walks the stream's hash chain in order of time.

        :raises NotFound, UnreadableRow:
        """
        found, report = _library.Verification(), Handle()
        call("satori_verify", *self._at(uuid), byref(found), byref(report))
        return records.verification(report)

    def sqlite_info(self) -> SqliteInfo:
        """Which SQLite this is, and which others are in the process; see
        :class:`SqliteInfo`."""
        return sqlite.sqlite_info()


def stream_uuid(source: str, author: str, stream: str, target: str = "") -> str:
    """The uuid that Satori gives a stream: version 5, in the DNS namespace, of
    ``source:author:stream:target``.

    >>> stream_uuid("central", "satori", "bitcoin")
    'd39cd529-5dd4-5e4b-abc9-90b3751e71f1'
    """
    parts = [utf8(part) for part in (source, author, stream, target)]
    uuid = ctypes.create_string_buffer(_library.UUID_SIZE)
    call("satori_stream_uuid", *map(text_of, parts), ctypes.addressof(uuid))
    return uuid.value.decode()


def _fits(number: Any, least: int, name: str) -> int:
    """A whole number that C can take."""
    try:
        whole = operator.index(number)
    except TypeError:
        raise InvalidArgument(f"{name} is {number!r}: expected a whole number") from None
    # Where numbers can't be negative there is one bit more.
    if not least <= whole < 2**63 + (2**63 if least == 0 else 0):
        raise InvalidArgument(f"{name} is {whole}: out of range")
    return whole


def _json(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, str):
        return utf8(value)
    try:
        return json_module.dumps(value, default=str, allow_nan=False).encode()
    except ValueError:
        return json_module.dumps(_finite(value), default=str).encode()


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinities: as text each makes its own payload rejected."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
