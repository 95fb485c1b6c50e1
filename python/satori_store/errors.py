"""What can go wrong: a class for each kind.

Every error of the store is a :class:`StoreError`. Its text says what is wrong and
what to do. The kinds are those of the C header's ``satori_code``, one meaning for
one number. Those that stand for bad input are ``ValueError`` too.
"""

from __future__ import annotations

from .reports import Conflict as Conflict, IngestReport
from .store_error import StoreError as StoreError


class CannotOpen(StoreError, OSError):
    """The file can't be opened or created: missing, a folder, no permission, a URL, no
    descriptor left; or missing or empty beside a ``-wal`` that holds what was written last."""

    status, code = 1, "CANNOT_OPEN"


class NotAStore(StoreError):
    """The file is no store: not a SQLite database. It was left as it is."""

    status, code = 2, "NOT_A_STORE"


class Corrupt(StoreError):
    """The file is damaged. It was left as it is."""

    status, code = 3, "CORRUPT"


class LaterRelease(StoreError):
    """A later release has migrated the file: open it read-only, or update."""

    status, code = 4, "LATER_RELEASE"


class SchemaMismatch(StoreError):
    """The file's table ``streams`` has another shape. It was left as it is."""

    status, code = 5, "SCHEMA_MISMATCH"


class Busy(StoreError):
    """Another writer held the lock for longer than the limit. Try again."""

    status, code = 6, "BUSY"


class ReadOnly(StoreError):
    """The store was opened read-only, or the file can't be written."""

    status, code = 7, "READ_ONLY"


class DiskFull(StoreError):
    """The disk is full. Nothing was stored; it works again once there is room."""

    status, code = 8, "DISK_FULL"


class DatabaseError(StoreError):
    """Any other refusal by the database; see ``database_code`` and ``sqlstate``. Among
    them are a disk that fails, a file that the system can't look at, and no descriptor
    left."""

    status, code = 9, "DATABASE"


class FileReplaced(StoreError):
    """The path no longer leads to the file that was opened: the database, or the
    ``-wal`` or ``-shm`` beside it, was replaced or removed. What was just written may be
    lost. Close every store on the file, open it again and repeat the write."""

    status, code = 10, "FILE_REPLACED"


class Forked(StoreError):
    """The store was opened before the fork: open it again in the child."""

    status, code = 11, "FORKED"


class Poisoned(StoreError):
    """An earlier call met a defect in the library: open the store again."""

    status, code = 12, "POISONED"


class InvalidUuid(StoreError, ValueError):
    """The text can't name a stream."""

    status, code = 13, "INVALID_UUID"


class NotAStream(StoreError):
    """The name belongs to something else in the store, which holds no observations."""

    status, code = 14, "NOT_A_STREAM"


class NotFound(StoreError, LookupError):
    """No stream of that uuid."""

    status, code = 15, "STREAM_NOT_FOUND"


class InvalidTimestamp(StoreError, ValueError):
    """The text or number is no instant that can be read, or stored."""

    status, code = 16, "INVALID_TIMESTAMP"


class InvalidValue(StoreError, ValueError):
    """The text or number is no finite value."""

    status, code = 17, "INVALID_VALUE"


class UnreadableRow(StoreError):
    """A stored row can't be read as an observation; or its instant lies outside the years 1 to
    9999, which a datetime can't hold (see :class:`satori_store.observations.Observations`)."""

    status, code = 18, "UNREADABLE_ROW"


class InvalidJson(StoreError, ValueError):
    """The input is not the JSON that was expected; the text says where."""

    status, code = 19, "INVALID_JSON"


class MissingUuid(StoreError, ValueError):
    """A stream object has no uuid, or a payload names no stream and the caller named none."""

    status, code = 20, "MISSING_UUID"


class Refused(StoreError):
    """A strict batch was refused: nothing of it was stored. ``report`` says why."""

    status, code = 21, "REFUSED"
    report: IngestReport


class InvalidArrow(StoreError, ValueError):
    """A table is not what can be inserted; the text says why."""

    status, code = 22, "INVALID_ARROW"


class InvalidStep(StoreError, ValueError):
    """The text or duration is no step of time."""

    status, code = 23, "INVALID_STEP"


class Interrupted(StoreError):
    """:meth:`Store.interrupt` has ended the call. Nothing of it was stored."""

    status, code = 24, "INTERRUPTED"


class ConnectionLost(StoreError):
    """The connection to the server was lost. Nothing of the call was stored; the next call
    connects anew."""

    status, code = 25, "CONNECTION_LOST"


class UnknownOutcome(StoreError):
    """The connection to the server was lost while a write was being committed: it may be stored
    or not. To repeat it is safe."""

    status, code = 26, "UNKNOWN_OUTCOME"


class Unsupported(StoreError):
    """The database in which the store is doesn't have this; the text says what to use
    instead."""

    status, code = 27, "UNSUPPORTED"


class InvalidArgument(StoreError, ValueError):
    """A number or a length is out of range."""

    status, code = 103, "INVALID_ARGUMENT"


class Closed(StoreError, ValueError):
    """The store is closed."""

    status, code = 102, "INVALID_HANDLE"


class InvalidUtf8(StoreError, ValueError):
    """The text can't be written as UTF-8: it has lone surrogates."""

    status, code = 104, "INVALID_UTF8"


class Panic(StoreError):
    """A defect in the library; the text says where. Open the store again."""

    status, code = 105, "PANIC"


class UnsafeSqliteWarning(UserWarning):
    """Another copy of SQLite in this process could drop the store's locks: don't
    open the same file with Python's ``sqlite3`` here; see :func:`sqlite_info`."""


#: The kinds by their number in the C header.
KINDS = {kind.status: kind for kind in StoreError.__subclasses__() if kind.status != 0}


def error_of(status: int, message: str, database_code: int, sqlstate: str) -> StoreError:
    """Returns the exception for what a call of the C API reports."""
    return KINDS.get(status, StoreError)(message, database_code or None, sqlstate)
