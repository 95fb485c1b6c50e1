"""The connection of the engine's database class: the store underneath, and what becomes of
errors."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from typing import Literal, Optional, TypeVar

from .._text import shown, url_shown
from ..errors import Closed, InvalidArgument, InvalidUuid, NotAStream, NotFound, UnreadableRow
from ..store import Store

#: What a write does that fails: ``"log"`` returns False or 0 and logs the error, ``"raise"``
#: raises it.
OnError = Literal["log", "raise"]

#: How many seconds a write waits for another writer, as engines do.
_BUSY_TIMEOUT = 30.0

#: There is no stream of that name, or can be none.
_NO_STREAM = (NotFound, InvalidUuid, NotAStream)

log = logging.getLogger("satori_store.engine")
# A program that sets no logging up sees nothing, rather than lines of ours.
log.addHandler(logging.NullHandler())

_T = TypeVar("_T")


class Connection:
    """The file, open; see :class:`satori_store.engine.EngineSqliteDatabase`."""

    def __init__(
        self,
        data_dir: str = "/Satori/Engine/db",
        dbname: str = "engine.db",
        on_error: OnError = "log",
    ) -> None:
        if on_error not in ("log", "raise"):
            raise InvalidArgument(f"on_error is {shown(on_error)}: expected 'log' or 'raise'")
        try:
            place = os.path.join(data_dir, dbname)
        except TypeError as error:
            raise InvalidArgument(f"data_dir and dbname are no path: {error!s:.100}") from None
        # A URL stands for both.
        urls = [text for text in map(os.fsdecode, (dbname, data_dir)) if url_shown(text)]
        self._place, self._is_file = (urls[0], False) if urls else (place, True)
        #: The file; of a URL, what may be shown.
        self.dbname = url_shown(self._place) or self._place
        self.data_dir = url_shown(os.fsdecode(data_dir)) or data_dir
        self.on_error = on_error
        self._lock = threading.Lock()
        self._store: Optional[Store] = None
        #: The file opened once more, from the first row on that can't be read.
        self._skipping: Optional[Store] = None
        #: The streams whose unreadable rows have been logged.
        self._warned: set[str] = set()
        self.createConnection()

    def createConnection(self) -> None:
        """Opens the store, or opens it anew. Calls that other threads have under way end on
        the store of before, which is closed with the last of them."""
        with self._lock:
            if self._is_file:
                os.makedirs(os.path.dirname(self._place) or ".", exist_ok=True)
            self._store = Store(self._place, keep_spelling=True, busy_timeout=_BUSY_TIMEOUT)
            self._skipping = None

    def disconnect(self) -> None:
        """Closes the store; ``createConnection`` opens it again."""
        with self._lock:
            stores = self._store, self._skipping
            self._store = self._skipping = None
        for store in stores:
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

    def _read(self, uuid: str, read: Callable[[Store], _T], nothing: _T) -> _T:
        """Returns what ``read`` reads of a stream; ``nothing`` if there is no such stream.
        Rows that can't be read are left out, and logged once for each stream."""
        try:
            return read(self.store)
        except _NO_STREAM:
            return nothing
        except UnreadableRow as error:
            self._warn(uuid, error)
        try:
            return read(self._store_that_skips())
        except _NO_STREAM:
            return nothing  # removed meanwhile

    def _store_that_skips(self) -> Store:
        """Returns a store that leaves out rows that can't be read."""
        with self._lock:
            if self._skipping is None:
                self.store  # raises Closed
                self._skipping = Store(self._place, read_only=True, skip_unreadable=True)
            return self._skipping

    def _warn(self, uuid: str, error: UnreadableRow) -> None:
        """Logs that a stream has rows that can't be read."""
        with self._lock:
            if uuid in self._warned:
                return
            self._warned.add(uuid)
        log.warning(
            "%s; it is left out, with all rows of the stream that can't be read: "
            "store.unreadable(%r) lists them, store.quarantine(%r) moves them out of the way",
            error,
            uuid,
            uuid,
        )

    def _failed(self, what: str, uuid: str, error: Exception) -> None:
        """Logs that a write failed; raises the error instead if that is asked for. Call it
        while the error is handled."""
        if self.on_error == "raise":
            raise error
        # What is stored then is for the error to say: after a failed sync nobody knows.
        log.error("%s of %s failed: %s", what, shown(uuid), error, exc_info=True)
