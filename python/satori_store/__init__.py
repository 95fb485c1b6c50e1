"""The store of a Satori neuron: observations and stream metadata in one SQLite file.

``engine.db`` has one table for each data stream, named by the stream's uuid, with
columns ``ts, value, hash, provider``, and a table ``streams`` that says what each uuid
stands for. This package owns that file: it takes over files that installed engines
have written without changing one observation, takes in the server's JSON whole, and
stays readable and writable by any program that speaks SQL to the same file.

>>> from satori_store import Store
>>> store = Store("engine.db")
>>> report = store.ingest(
...     '{"value": "45000.50", "observed_at": "1704283200", "hash": "8c1f2f34ac1d7f2c",'
...     ' "stream": {"id": 1, "uuid": "d39cd529-5dd4-5e4b-abc9-90b3751e71f1", "name": "bitcoin"}}'
... )
>>> bitcoin = store.stream_by_name("bitcoin").uuid
>>> store.insert(bitcoin, "2024-01-03 13:00", 45100.25, provider="engine").kind
'inserted'
>>> for observation in store.observations(bitcoin, start="2024-01-03"):
...     print(observation.ts.isoformat(), observation.value)
2024-01-03T12:00:00+00:00 45000.5
2024-01-03T13:00:00+00:00 45100.25
>>> store.close()

Instants are aware ``datetime`` objects; numbers (Unix seconds, or finer units by
magnitude) and text are accepted as well. :mod:`satori_store.engine` has the class and
method names of the engine of today.
"""

from __future__ import annotations

from .errors import (
    Busy,
    CannotOpen,
    Closed,
    Conflict,
    ConnectionLost,
    Corrupt,
    DatabaseError,
    DiskFull,
    FileReplaced,
    Forked,
    Interrupted,
    InvalidArgument,
    InvalidArrow,
    InvalidJson,
    InvalidStep,
    InvalidTimestamp,
    InvalidUtf8,
    InvalidUuid,
    InvalidValue,
    LaterRelease,
    MissingUuid,
    NotAStore,
    NotAStream,
    NotFound,
    Panic,
    Poisoned,
    ReadOnly,
    Refused,
    SchemaMismatch,
    StoreError,
    UnknownOutcome,
    UnreadableRow,
    UnsafeSqliteWarning,
    Unsupported,
)
from .aligned import Aligned
from .follow import Follow
from .instants import Instant, parse_timestamp
from .latest import Latest
from .observations import Arrays, Observations
from .records import Observation, Statistics, Stream, Summary
from .reports import (
    Finding,
    IngestReport,
    InsertReport,
    Insertion,
    Normalization,
    Rejected,
    Removed,
    Restored,
    StoredRow,
    SyncReport,
    Verification,
)
from .sqlite import SqliteInfo, sqlite_info
from .store import Store
from .summaries import Summaries
from .uuids import stream_uuid

__version__ = "0.1.0"

__all__ = [
    "Aligned",
    "Arrays",
    "Busy",
    "CannotOpen",
    "Closed",
    "Conflict",
    "ConnectionLost",
    "Corrupt",
    "DatabaseError",
    "DiskFull",
    "FileReplaced",
    "Finding",
    "Follow",
    "Forked",
    "IngestReport",
    "InsertReport",
    "Insertion",
    "Instant",
    "Interrupted",
    "InvalidArgument",
    "InvalidArrow",
    "InvalidJson",
    "InvalidStep",
    "InvalidTimestamp",
    "InvalidUtf8",
    "InvalidUuid",
    "InvalidValue",
    "LaterRelease",
    "Latest",
    "MissingUuid",
    "Normalization",
    "NotAStore",
    "NotAStream",
    "NotFound",
    "Observation",
    "Observations",
    "Panic",
    "Poisoned",
    "ReadOnly",
    "Refused",
    "Rejected",
    "Removed",
    "Restored",
    "SchemaMismatch",
    "SqliteInfo",
    "Statistics",
    "Store",
    "StoreError",
    "StoredRow",
    "Stream",
    "Summaries",
    "Summary",
    "SyncReport",
    "UnknownOutcome",
    "UnreadableRow",
    "UnsafeSqliteWarning",
    "Unsupported",
    "Verification",
    "parse_timestamp",
    "sqlite_info",
    "stream_uuid",
]
