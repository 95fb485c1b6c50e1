"""What came of an operation that writes or checks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Optional

from .store_error import StoreError


class Conflict(StoreError):
    """An instant already has another value. The stored one stays.

    Inserting doesn't raise it. Reports hold one for each row that met another value, to
    be looked at, or raised.
    """

    code = "CONFLICT"

    def __init__(
        self,
        uuid: str,
        ts: datetime,
        stored: Optional[float],
        offered: float,
        index: int = 0,
        line: int = 0,
        column: int = 0,
    ) -> None:
        has = "a row that can't be read" if stored is None else f"the value {stored!r}"
        super().__init__(
            f"{uuid} has {has} at {ts.isoformat()}, "
            f"and {offered!r} was offered: the stored one stays"
        )
        #: The stream.
        self.uuid = uuid
        #: The instant.
        self.ts = ts
        #: The value that is stored, and stays; None if that row can't be read. Then
        #: :meth:`Store.unreadable` shows it.
        self.stored = stored
        #: The value that was offered.
        self.offered = offered
        #: Which of the rows or payloads it was, from 0.
        self.index = index
        #: The line of the input that the payload begins on, from 1; 0 for rows.
        self.line = line
        #: The byte of that line that it begins at, from 1; 0 for rows.
        self.column = column

    def _key(self) -> tuple[Any, ...]:
        position = (self.index, self.line, self.column)
        return self.uuid, self.ts, self.stored, self.offered, *position

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Conflict) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __reduce__(self) -> Any:
        return Conflict, self._key()


@dataclass(frozen=True)
class Insertion:
    """What came of inserting one observation. It is true if the row is new."""

    #: ``"inserted"``, ``"already_there"`` or ``"conflict"``.
    kind: str
    #: The value that is stored.
    stored: float
    #: Both values, if the instant has another one.
    conflict: Optional[Conflict] = None

    def __bool__(self) -> bool:
        return self.kind == "inserted"


@dataclass(frozen=True)
class InsertReport:
    """What came of inserting many."""

    #: Rows stored.
    inserted: int
    #: Rows that already exist with the same value.
    already_there: int
    #: One for each row whose instant has another value, or a row that can't be read; the
    #: stored ones stay.
    conflicts: tuple[Conflict, ...]


@dataclass(frozen=True)
class Rejected:
    """A payload or a stream object that can't be stored, and why."""

    #: Which one of the batch it is, from 0.
    index: int
    #: The line of the input that it begins on, from 1.
    line: int
    #: The byte of that line that it begins at, from 1.
    column: int
    #: Why.
    error: str


@dataclass(frozen=True)
class IngestReport:
    """What came of ingesting a batch. Each payload is counted exactly once. If the batch is
    refused, those that would have been stored count in ``payloads`` alone."""

    #: Payloads in the batch.
    payloads: int
    #: Observations stored.
    inserted: int
    #: Observations that already exist with the same value.
    already_there: int
    #: Payloads that were ``null``: the server had nothing new.
    nothing: int
    #: Observations whose instant has another value; the stored ones stay.
    conflicts: tuple[Conflict, ...]
    #: Payloads that can't be stored.
    rejected: tuple[Rejected, ...]
    #: The uuids of the streams that something came for.
    streams: tuple[str, ...]


@dataclass(frozen=True)
class SyncReport:
    """What came of a sync: uuids, and the stream objects that can't be stored."""

    #: Streams whose metadata is new.
    new: tuple[str, ...]
    #: Streams whose metadata has changed.
    changed: tuple[str, ...]
    #: Streams whose metadata is as it was.
    unchanged: tuple[str, ...]
    #: Stream objects that can't be stored.
    rejected: tuple[Rejected, ...]


@dataclass(frozen=True)
class Removed:
    """What was removed."""

    #: ``True`` if there was metadata, which is gone.
    metadata: bool
    #: How many observations went.
    rows: int


@dataclass(frozen=True)
class Normalization:
    """What rewriting timestamps did."""

    #: Rows rewritten into Unix seconds.
    rewritten: int
    #: Timestamps that stay as they are, because another row has the same instant.
    kept: tuple[str, ...]
    #: Timestamps that can't be read.
    unreadable: tuple[str, ...]


@dataclass(frozen=True)
class Finding:
    """Something that a check of a store has found; see :meth:`Store.check`."""

    #: What it is: ``damage``, ``other_table``, ``takes_no_rows``, ``mixed_spellings``,
    #: ``unreadable_rows``, ``quarantined_rows``, ``suspect_rows``, ``foreign_between``,
    #: ``digest_differs``, ``no_data``, ``no_metadata``, ``stale``, ``gaps``, ``large_wal``,
    #: ``free_room``, ``old_library``, ``shared_locks``, ``network_file_system``, ``no_wal``.
    #: Later releases may have more.
    kind: str
    #: ``note`` (nothing needs to be done), ``warning`` or ``damage``.
    severity: Literal["note", "warning", "damage"]
    #: The stream that it is about; None if it is about the file.
    stream: Optional[str]
    #: How many rows, streams or bytes it is about, as the message says.
    count: int
    #: What was found, in words. The wording may change.
    message: str
    #: What to do about it.
    advice: str


@dataclass(frozen=True)
class StoredRow:
    """A row that can't be read, as it is stored."""

    #: The timestamp as an SQL literal, such as ``'None'`` or ``X'0700'``;
    #: ``CAST(x'…' AS TEXT)`` is a text with a NUL in it, or one that is not UTF-8.
    ts: str
    #: The value, likewise.
    value: str
    #: The hash, likewise.
    hash: str
    #: The provider, likewise.
    provider: str
    #: Why the row can't be read.
    reason: str


@dataclass(frozen=True)
class Restored:
    """What came of putting rows back that were in the quarantine."""

    #: Rows that are back in the stream.
    restored: int
    #: Rows that stay in the quarantine: their key is taken by now, or their
    #: instant is by a row that came meanwhile, or the stream has no table, or one that
    #: doesn't take them.
    kept: int


#: What a stream's digest says about its rows.
Digest = Literal["not_kept", "matches", "differs"]


@dataclass(frozen=True)
class Verification:
    """What a walk along a stream's hash chain found.

    It can't see a changed provider, which is not part of the hash, nor that the last rows
    were removed. A changed hash makes its row and the row after it foreign: see
    ``foreign_between``. At the ends a change is foreign too, and can't be told from rows of
    another origin: that of ts, value or hash of the first or the last row, that of the hash
    of the last but one, and the first row that is left where the first were removed. Any
    other change of ts or value is suspect. A digest covers all of these: see ``digest`` of
    :class:`Store`."""

    #: Rows walked.
    rows: int
    #: Rows whose hash is the rule's.
    verified: int
    #: Rows whose hash is not made by the rule, as a server may send, or that
    #: arrived late.
    foreign: tuple[datetime, ...]
    #: Rows that fail although their neighbours hold: their content has changed since.
    suspect: tuple[datetime, ...]
    #: How many of the foreign rows have verified rows both before and after them: their
    #: hash was changed, or they arrived late, or the hashes of the stream come from
    #: several places.
    foreign_between: int
    #: What the stream's digest says: ``"not_kept"`` (it has none), ``"matches"``, or
    #: ``"differs"``: rows were changed, added or removed by another program, by plain SQL, or
    #: by a fault of the disk or the memory.
    digest: Digest


@dataclass(frozen=True)
class Compacted:
    """How large a store's database was before it was compacted, and is after it."""

    #: Its size before, in bytes.
    before: int
    #: Its size now, in bytes.
    after: int
