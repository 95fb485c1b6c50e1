"""The store: one engine.db, or one database, open."""

from __future__ import annotations

import os
import warnings
from typing import Any, Union

from . import _html, sqlite
from ._handle import Synchronous, open_options, path_of
from ._operations.changes import ChangeOperations
from ._operations.checks import CheckOperations
from ._operations.clocks import ClockOperations
from ._operations.observations import ObservationOperations
from ._operations.payloads import PayloadOperations
from ._operations.streams import StreamOperations
from .errors import InvalidArgument, StoreError, UnsafeSqliteWarning
from .sqlite import SqliteInfo

#: How the URL of a store in PostgreSQL begins.
_SCHEMES = ("postgres://", "postgresql://")
#: Streams that a notebook shows.
_SHOWN = 20
_HEADS = ("name", "uuid", "last synced (UTC)", "latest row (UTC)", "value")


class Store(
    StreamOperations,
    ObservationOperations,
    ClockOperations,
    ChangeOperations,
    PayloadOperations,
    CheckOperations,
):
    """One ``engine.db``, open.

    >>> with Store("engine.db") as store:
    ...     report = store.ingest(answer)  # as the server sent it
    ...     uuid = store.stream_by_name("bitcoin").uuid
    ...     frame = store.observations(uuid).to_pandas()
    >>> len(frame)
    156

    A missing or empty file becomes a new store. An installed engine's file is taken over
    without changing one observation. A file that is damaged, of a later release or of
    another shape is refused and left as it is.

    :param path: the file; or a URL, ``postgres://user@host/database``, of a store in
        PostgreSQL, if the library was built with its feature ``postgres``. Then what is said
        here of files is true of the database; ``digest``, :meth:`backup` and :meth:`compact`
        raise :class:`Unsupported`. No message and no ``repr`` shows the password. Other text
        that looks like a URL (``scheme://…``) is refused.
    :param read_only: write not one byte; every write raises :class:`ReadOnly`. A closed
        store is read even where its folder can't be written, without a lock. Every call
        looks before and after whether another program writes the file, and opens it anew if
        so; a call during which that happens raises :class:`DatabaseError`, and can be
        repeated. Opening, and after it any call, raises :class:`CannotOpen` if the ``-wal``
        holds commits and the folder can't be written, or if a program has the file open and
        this user may not read its ``-wal`` and ``-shm``.
    :param create: make a new store if there is no file.
    :param synchronous: what a power cut may take: ``"normal"`` (the writes since the
        last checkpoint; what the engine uses) or ``"full"`` (nothing).
    :param busy_timeout: how many seconds a write waits for another writer: 0 or more,
        ``float("inf")`` for as long as it takes.
    :param keep_spelling: if a stream has timestamps that are text, store its new rows as
        text spelled like the last of them, instead of as Unix seconds. This is for programs
        that order rows by plain SQL, in which numbers sort before all text. On a server
        the latest row says how new ones are spelled.
    :param skip_unreadable: leave rows that can't be read out of every read, instead of
        raising :class:`UnreadableRow` at the first. ``count`` and ``statistics`` still count
        them, and ``unreadable`` lists them.
    :param digest: keep a digest of each stream, which ``verify`` compares with the rows: a
        sum over all four columns, in the table ``__satori_digest`` of the file, that every
        write through a store updates from then on, whoever has opened it. Inserts take
        longer with it. The first opening that asks reads every stream. A program that
        writes rows by plain SQL leaves it as it was: see ``restate_digest``.
    :raises CannotOpen, NotAStore, Corrupt, LaterRelease, SchemaMismatch:
        not one byte of the file has changed.
    :raises InvalidArgument: an argument is not what it must be.

    **Threads.** Any number may share a store. Their calls take turns and release the GIL.
    Open the file again for reads that must not wait for writes.

    **Processes.** Any number may have the file open, installed engines among them.
    After ``fork``, which ``multiprocessing`` may use too, a child that uses its parent's
    store gets :class:`Forked`. It opens the file itself. That raises :class:`CannotOpen` if
    another thread of the parent was inside a call at the fork; ``multiprocessing`` with
    ``spawn`` has no such limit.

    **Any call** may raise :class:`Closed`, :class:`Busy`, :class:`Corrupt`,
    :class:`DatabaseError`, :class:`Forked` and :class:`Poisoned`; one that writes also
    :class:`ReadOnly`, :class:`DiskFull` and :class:`FileReplaced`. A ``uuid`` that can
    name no stream raises :class:`InvalidUuid`, one that names something else in the file
    :class:`NotAStream`. Text that is no ``str`` raises :class:`InvalidValue`, a ``str`` with
    lone surrogates :class:`InvalidUtf8`, and any other argument of a wrong kind or out of range
    :class:`InvalidArgument`. Methods say what else they raise. A call that fails has
    stored nothing, with two exceptions: :class:`FileReplaced`, and
    :class:`DatabaseError` if the disk failed during a commit. The write may then be
    found when the file is opened again. To repeat it is safe.
    """

    def __init__(
        self,
        path: Union[str, bytes, os.PathLike[str]],
        *,
        read_only: bool = False,
        create: bool = True,
        synchronous: Synchronous = "normal",
        busy_timeout: float = 5.0,
        keep_spelling: bool = False,
        skip_unreadable: bool = False,
        digest: bool = False,
    ) -> None:
        options = open_options(
            read_only=read_only,
            create=create,
            synchronous=synchronous,
            busy_timeout=busy_timeout,
            keep_spelling=keep_spelling,
            skip_unreadable=skip_unreadable,
            digest=digest,
        )
        self._open(path_of(path), options)
        if self.url is None and (danger := sqlite.danger()):
            warnings.warn(danger, UnsafeSqliteWarning, stacklevel=2)

    @classmethod
    def connect(
        cls,
        url: str,
        *,
        read_only: bool = False,
        create: bool = True,
        busy_timeout: float = 5.0,
        keep_spelling: bool = False,
    ) -> Store:
        """Opens the store in the database that a URL names, as ``Store(url)`` does; a path is
        refused.

        :param url: ``postgres://user@host/database``. The password may be in it, in
            ``PGPASSWORD`` or in ``~/.pgpass``.
        :param create: make the store's tables if there are none.
        :raises InvalidArgument: it is no such URL.
        :raises CannotOpen: there is no connection, or the library has no PostgreSQL.
        """
        if not (isinstance(url, str) and url.lstrip().startswith(_SCHEMES)):
            raise InvalidArgument("url: expected text that begins with postgres://")
        return cls(
            url,
            read_only=read_only,
            create=create,
            busy_timeout=busy_timeout,
            keep_spelling=keep_spelling,
        )

    @classmethod
    def in_memory(cls) -> Store:
        """Opens a store that lives in memory and is gone when it is closed."""
        store = cls.__new__(cls)
        store._open(None, open_options(in_memory=True))
        return store

    @_html.never_raising
    def _repr_html_(self) -> str:
        """Returns a table of the first streams by id, each with its latest row, and how many
        there are. It lists the streams and looks up the rows of those shown; it counts none."""
        where = self.path or self.url or "memory"
        if self.closed:
            return _html.page(f"Store {where}", _html.paragraph("It is closed: open it again."))
        uuids = [row["uuid"] for row in self.streams_as_stored()] + self.streams_without_metadata()
        rows = [
            [getattr(stream, "name", None), uuid, getattr(stream, "last_synced", None)]
            + self._latest_cells(uuid)
            for uuid, stream in self.streams_of(uuids[:_SHOWN]).items()
        ]
        more = [None] if len(uuids) > _SHOWN else []
        title = f"{_html.counted(len(uuids), 'stream')} in {where}"
        return _html.page(title, _html.table(_HEADS, [*rows, *more]))

    def _latest_cells(self, uuid: str) -> list[Any]:
        """Returns the instant and the value of a stream's latest row as a table shows them."""
        try:
            row = self.latest(uuid)
        except StoreError as error:
            return [type(error).__name__, None]
        return [None, None] if row is None else [row.ts, row.value]

    def sqlite_info(self) -> SqliteInfo:
        """Returns which SQLite this is, and which others are in the process; see
        :class:`SqliteInfo`."""
        return sqlite.sqlite_info()
