"""The handle of an open store: what every operation works on."""

from __future__ import annotations

import ctypes
import os
from ctypes import byref
from numbers import Real
from types import TracebackType
from typing import Any, Literal, Optional, TypeVar, Union

from ._capi import arrow
from ._capi.call import attempt, call, choice, flag
from ._capi.library import Handle
from ._capi.structs import OpenOptions
from ._text import shown, url_shown, utf8, without_password
from .errors import Closed, Forked, Interrupted, InvalidArgument, InvalidUtf8
from .reports import Compacted

Synchronous = Literal["normal", "full"]
_SYNCHRONOUS = {"normal": 0, "full": 1}
_Self = TypeVar("_Self", bound="StoreHandle")


def open_options(
    *,
    read_only: bool = False,
    create: bool = True,
    synchronous: Synchronous = "normal",
    busy_timeout: float = 5.0,
    keep_spelling: bool = False,
    skip_unreadable: bool = False,
    digest: bool = False,
    in_memory: bool = False,
) -> OpenOptions:
    """Returns the options as the C API takes them."""
    options = OpenOptions()
    options.read_only = flag(read_only, "read_only")
    options.must_exist = not flag(create, "create")
    options.synchronous = choice(synchronous, _SYNCHRONOUS, "synchronous")
    options.in_memory = in_memory
    options.keep_spelling = flag(keep_spelling, "keep_spelling")
    options.skip_unreadable = flag(skip_unreadable, "skip_unreadable")
    options.digest = flag(digest, "digest")
    # In C, 0 stands for the default and a negative number for no wait.
    options.busy_timeout = microseconds(busy_timeout, "busy_timeout") or -1
    return options


def microseconds(seconds: float, name: str) -> int:
    """Returns how long a call waits; without an end is some 30,000 years. `name` names it in
    errors."""
    is_number = isinstance(seconds, Real) and not isinstance(seconds, bool)
    # NaN is neither.
    if not is_number or not seconds >= 0:
        raise InvalidArgument(
            f"{name} is {shown(seconds)}: expected a number of seconds, 0 or more"
        )
    return int(min(seconds, 1e12) * 1e6)


def path_of(path: Any) -> bytes:
    """Returns a path as the C API takes it."""
    try:
        return os.fsencode(path)
    except TypeError:
        raise InvalidArgument(
            f"path is {shown(path)}: expected text, bytes or a pathlib.Path"
        ) from None
    except UnicodeEncodeError as error:
        raise InvalidUtf8(f"{shown(path)} can't be written as UTF-8: {error.reason}") from None


class StoreHandle:
    """A store that is open, until it is closed."""

    _handle: Optional[int] = None
    #: The file as it was named; None if the store is in memory or in a database on a server.
    path: Optional[str] = None
    #: The URL of the database, without its password; None if the store is a file or in memory.
    url: Optional[str] = None
    #: How many times the calls under way were to end.
    _interrupts = 0

    #: The last JSON of a function that lists streams, and what was made of it.
    _known: dict[str, tuple[bytes, list[Any]]]

    def _open(self, path: Optional[bytes], options: OpenOptions) -> None:
        self._known = {}
        handle = Handle()
        call("satori_store_open", path, len(path or b""), byref(options), byref(handle))
        self._handle = handle.value
        if path is not None:
            given = os.fsdecode(path)
            self.url = url_shown(given)
            self.path = given if self.url is None else None

    def _check_interrupts(self, began: int) -> None:
        """Raises what ends a call of several parts, if an interrupt came since the number of them
        was ``began``."""
        if self._interrupts != began:
            raise Interrupted("the call was interrupted; nothing of it was stored")

    def close(self) -> None:
        """Closes the store. Closing it again does nothing. Calls that other threads have
        under way end as they would have, but waits end at once, and what is being read stays
        readable."""
        handle, self._handle = self._handle, None
        arrow.sweep()
        if handle is not None:
            error = attempt("satori_store_close", handle)
            # In a forked child the file is the parent's, and stays open there.
            if error is not None and not isinstance(error, Forked):
                raise error

    def backup(self, path: Union[str, bytes, os.PathLike[str]]) -> int:
        """Copies the store, as it is at one moment, into a new file, and returns the file's
        size in bytes. It is the way to copy a store: ``engine.db`` by itself lacks what is
        still in the ``-wal`` beside it, which may be whole streams.

        Others may read and write meanwhile, other threads among them; where a file system has
        no WAL, writers wait. The copy is made beside ``path`` as the hidden file
        ``.satori-backup.partial-`` and numbers, checked for damage, and synced to the disk
        before it gets its name, so a file of that name is whole. It can be read by its owner
        only (mode 0600). To restore a backup, open it with ``read_only`` and back it up to the
        place where the store was.

        :raises CannotOpen: the file, or a ``-wal``, ``-shm`` or ``-journal`` beside it, already
            exists, and is left as it is; its name ends in one of these; or it can't be made.
        :raises DiskFull, Corrupt, FileReplaced: and what opening the store raises, as it is
            opened once more to be read. The call made no file of that name.
        """
        size, data = ctypes.c_uint64(), path_of(path)
        call("satori_backup", self.handle, data, len(data), byref(size))
        return size.value

    def compact(self) -> Compacted:
        """Rebuilds the file without the room that deleted rows and removed streams have left in
        it, and returns how large it was and is. What the store holds stays as it is. Without
        it that room is used for new rows, and the file doesn't shrink. It takes the write
        lock, and as much room on the disk once more, while it runs; others may read meanwhile.

        :raises ReadOnly, Busy, DiskFull: the file is as it was.
        """
        before, after = ctypes.c_uint64(), ctypes.c_uint64()
        call("satori_compact", self.handle, byref(before), byref(after))
        return Compacted(before.value, after.value)

    @property
    def closed(self) -> bool:
        """Returns ``True`` if the store has been closed."""
        return self._handle is None

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    # The default argument outlives the module when the interpreter shuts down.
    def __del__(self, attempt: Any = attempt) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            attempt("satori_store_close", handle)

    def __repr__(self) -> str:
        return f"<Store {self._where!r}{' (closed)' if self.closed else ''}>"

    @property
    def _where(self) -> str:
        """Returns where the store is, for messages."""
        return without_password(self.path or self.url or "in memory")

    def __reduce__(self) -> Any:
        raise TypeError("a Store can't be sent to another process: open the file there")

    @property
    def handle(self) -> int:
        """Returns the handle, for calls of the C API.

        :raises Closed: the store is closed.
        """
        if self._handle is None:
            raise Closed(f"the store {self._where!r} is closed: open it again")
        return self._handle

    def _at(self, text: str) -> tuple[int, bytes, int]:
        """Returns the first three arguments of most functions of the C API: the handle,
        and a text with its length."""
        data = utf8(text)
        return self.handle, data, len(data)
