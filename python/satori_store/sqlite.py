"""The copies of SQLite in this process, and whether they are safe together."""

from __future__ import annotations

import os
import sys
from ctypes import byref
from dataclasses import dataclass
from functools import lru_cache
from typing import Optional

from ._capi.call import call
from ._capi.structs import LibraryInfo

#: `safe_beside_other_sqlite`: safe if the other copy is the same one.
_IF_SAME = 2


@dataclass(frozen=True)
class SqliteInfo:
    """Which SQLite the store works with, and which others are in the process.

    POSIX file locks belong to the process. If two copies of SQLite have the same file
    open, one that closes it drops the other's locks, and rows are lost. On Linux the copy
    that is compiled into the store takes locks that nobody can drop, and drops nobody's
    (``safe_together``). A store that is built with ``system-sqlite`` is safe if Python's
    ``sqlite3`` uses the same shared library.
    """

    #: The version of the store's SQLite, such as ``"3.53.2"``.
    version: str
    #: Its source id (https://sqlite.org/c3ref/c_source_id.html).
    source_id: str
    #: ``True`` if it is compiled into the store; else it is the system's.
    bundled: bool
    #: The version of the SQLite that Python's ``sqlite3`` uses; None if that module is
    #: not imported.
    python_version: Optional[str]
    #: The files of this process that hold SQLite, as far as their names show it: the
    #: store's library, shared libraries of SQLite, extension modules of that name.
    files: tuple[str, ...]
    #: ``True`` if the same file may be open in this process through Python's ``sqlite3``
    #: and the store at once.
    safe_together: bool


def sqlite_info() -> SqliteInfo:
    """Returns which SQLite the store works with, and which others are in the process."""
    info = LibraryInfo()
    call("satori_get_library_info", byref(info))
    python = sys.modules.get("sqlite3")
    return SqliteInfo(
        version=info.sqlite_version_text.decode(),
        source_id=info.sqlite_source_id.decode(),
        bundled=bool(info.sqlite_bundled),
        python_version=None if python is None else python.sqlite_version,
        files=_files(),
        safe_together=_is_safe(info),
    )


def danger() -> Optional[str]:
    """Returns why another copy of SQLite in this process could harm a store; None if none
    could."""
    info = LibraryInfo()
    call("satori_get_library_info", byref(info))
    if _is_safe(info):
        return None
    return (
        "another copy of SQLite in this process could drop the store's locks on the file, "
        "and rows would be lost: don't open the same file with Python's sqlite3 in this "
        "process (see satori_store.sqlite_info)"
    )


def _is_safe(info: LibraryInfo) -> bool:
    """Returns ``True`` if the store's SQLite and Python's may share a file."""
    if info.safe_beside_other_sqlite != _IF_SAME:
        return bool(info.safe_beside_other_sqlite)
    return _is_pythons(info.sqlite_source_id.decode())


@lru_cache(maxsize=1)
def _is_pythons(source_id: str) -> bool:
    """Returns ``True`` if the system's SQLite, which the store is linked with, is that of
    Python's module as well. The answer is kept, because other threads may fork while it
    is looked for."""
    try:
        import sqlite3
    except ImportError:
        return True
    connection = sqlite3.connect(":memory:")
    (pythons,) = connection.execute("SELECT sqlite_source_id()").fetchone()
    connection.close()
    libraries = [file for file in _files() if "libsqlite3" in os.path.basename(file)]
    return len(libraries) == 1 and source_id == pythons


def _files() -> tuple[str, ...]:
    """Returns the libraries that the process has mapped and that hold SQLite."""
    found: dict[str, None] = {}
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
            for line in maps:
                path = line.rstrip("\n").partition("/")[2]
                name = os.path.basename(path)
                if "libsqlite3" in name or "libsatori_store" in name:
                    found["/" + path] = None
    except OSError:
        pass
    return tuple(found)
