"""What the store gives back."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Optional, Union

from . import _library, instants
from ._library import Handle, take_string
from .errors import Conflict

#: A timestamp as a row stores it. None in an observation that is not from a store.
StoredTimestamp = Union[int, float, str, None]


@dataclass(frozen=True)
class Stream:
    """The metadata of one stream."""

    #: Given by the store, never changed.
    id: int
    #: The server's number for the stream.
    server_stream_id: Optional[int]
    #: The uuid, and the name of the observation table.
    uuid: str
    #: The name; not unique.
    name: Optional[str]
    #: Who may publish.
    author: Optional[str]
    #: Secondary identifier.
    secondary: Optional[str]
    #: Field of the stream.
    target: Optional[str]
    #: Free text of the server.
    meta: Optional[str]
    #: Description.
    description: Optional[str]
    #: When the metadata last came from the server, in UTC.
    last_synced: Optional[datetime]
    #: When the row was made, in UTC.
    created_at: Optional[datetime]


@dataclass(frozen=True)
class Observation:
    """One row of a stream."""

    #: The instant, in UTC.
    ts: datetime
    #: The value.
    value: float
    #: The hash.
    hash: str
    #: Who delivered the row.
    provider: str
    #: The timestamp as the row stores it: a number of Unix seconds, or of a finer unit,
    #: or text. Of the same observation it may be spelled in several ways.
    stored_ts: StoredTimestamp = field(default=None, compare=False)


@dataclass(frozen=True)
class Insertion:
    """What came of inserting one observation. True where the row is new."""

    #: ``"inserted"``, ``"already_there"`` or ``"conflict"``.
    kind: str
    #: The value that is stored.
    stored: float
    #: Both values, where the instant has another one.
    conflict: Optional[Conflict] = None

    def __bool__(self) -> bool:
        return self.kind == "inserted"


@dataclass(frozen=True)
class InsertReport:
    """What came of inserting many."""

    #: Rows stored.
    inserted: int
    #: Rows that were there with the same value.
    already_there: int
    #: One for each row whose instant has another value; the stored ones stay.
    conflicts: tuple[Conflict, ...]


@dataclass(frozen=True)
class Rejected:
    """A payload or a stream object that can't be stored, and why."""

    #: Which one of the batch it is, from 0.
    index: int
    #: The line of the input that it begins on, from 1.
    line: int
    #: Why.
    error: str


@dataclass(frozen=True)
class IngestReport:
    """What came of ingesting a batch: each payload is counted exactly once."""

    #: Payloads in the batch.
    payloads: int
    #: Observations stored.
    inserted: int
    #: Observations that were there with the same value.
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
    """What came of a sync, in uuids."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    rejected: tuple[Rejected, ...]


@dataclass(frozen=True)
class Removed:
    """What was removed."""

    #: Whether there was metadata, and it is gone.
    metadata: bool
    #: How many observations went.
    rows: int


@dataclass(frozen=True)
class Statistics:
    """What a stream holds, in numbers."""

    #: Rows.
    count: int
    #: Rows whose timestamp can't be read; they count in ``count`` alone.
    unreadable: int
    #: The earliest instant.
    first: Optional[datetime]
    #: The latest instant.
    last: Optional[datetime]
    #: The least value; 0 where there are no rows.
    minimum: float
    #: The greatest value; 0 where there are no rows.
    maximum: float
    #: The sum of the values.
    sum: float
    #: The most frequent time between one row and the next; 0 below two rows.
    spacing: timedelta
    #: How many times the next row came later than one and a half spacings.
    gaps: int
    #: How many rows each provider delivered, the most first.
    providers: dict[str, int]


@dataclass(frozen=True)
class Normalization:
    """What rewriting timestamps did."""

    #: Rows rewritten into Unix seconds.
    rewritten: int
    #: Timestamps that stay as they are: another row has the same instant.
    kept: tuple[str, ...]
    #: Timestamps that can't be read.
    unreadable: tuple[str, ...]


@dataclass(frozen=True)
class Verification:
    """What a walk along a stream's hash chain found."""

    #: Rows walked.
    rows: int
    #: Rows whose hash is the rule's.
    verified: int
    #: Rows whose hash is not made by the rule, as a server may send, or that
    #: arrived late.
    foreign: tuple[datetime, ...]
    #: Rows that fail although their neighbours hold: changed since.
    suspect: tuple[datetime, ...]


#: The metadata's fields that callers may set, in the order of their bits.
FIELDS = (
    "server_stream_id",
    "name",
    "author",
    "secondary",
    "target",
    "meta",
    "description",
)


def stream_of(found: _library.Stream) -> Stream:
    """From what the library has filled in."""
    read = _library.read
    return Stream(
        id=found.id,
        server_stream_id=found.server_stream_id if found.has_server_stream_id else None,
        uuid=read(found.uuid) or "",
        name=read(found.name),
        author=read(found.author),
        secondary=read(found.secondary),
        target=read(found.target),
        meta=read(found.meta),
        description=read(found.description),
        last_synced=instants.optional(found.last_synced),
        created_at=instants.optional(found.created_at),
    )


def insert_report(uuid: str, counts: _library.InsertReport, conflicts: Handle) -> InsertReport:
    """From the counts and the conflicts' JSON, which is freed."""
    found = json.loads(take_string(conflicts))
    return InsertReport(
        inserted=counts.inserted,
        already_there=counts.already_there,
        conflicts=tuple(
            _conflict({"index": index, "stream": uuid, **conflict}) for index, conflict in found
        ),
    )


def ingest_report(details: Handle) -> IngestReport:
    found = json.loads(take_string(details))
    return IngestReport(
        payloads=found["payloads"],
        inserted=found["inserted"],
        already_there=found["already_there"],
        nothing=found["nothing"],
        conflicts=tuple(map(_conflict, found["conflicts"])),
        rejected=tuple(Rejected(**rejected) for rejected in found["rejected"]),
        streams=tuple(found["streams"]),
    )


def sync_report(report: Handle) -> SyncReport:
    found = json.loads(take_string(report))
    return SyncReport(
        new=tuple(found["new"]),
        changed=tuple(found["changed"]),
        unchanged=tuple(found["unchanged"]),
        rejected=tuple(Rejected(**rejected) for rejected in found["rejected"]),
    )


def statistics_of(found: _library.Statistics, providers: Handle) -> Statistics:
    return Statistics(
        count=found.count,
        unreadable=found.unreadable,
        first=instants.optional(found.first),
        last=instants.optional(found.last),
        minimum=found.minimum,
        maximum=found.maximum,
        sum=found.sum,
        spacing=timedelta(microseconds=found.spacing),
        gaps=found.gaps,
        providers=dict(json.loads(take_string(providers))),
    )


def normalization(report: Handle) -> Normalization:
    found = json.loads(take_string(report))
    return Normalization(found["rewritten"], tuple(found["kept"]), tuple(found["unreadable"]))


def verification(report: Handle) -> Verification:
    found = json.loads(take_string(report))
    return Verification(
        rows=found["rows"],
        verified=found["verified"],
        foreign=tuple(map(instants.of_json, found["foreign"])),
        suspect=tuple(map(instants.of_json, found["suspect"])),
    )


def _conflict(found: dict[str, Any]) -> Conflict:
    return Conflict(
        found["stream"],
        instants.of_json(found["ts"]),
        found["stored"],
        found["offered"],
        found["index"],
        found.get("line", 0),
    )
