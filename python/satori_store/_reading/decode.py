"""What a call has filled in, made into records. Handles that are given here are freed."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Callable
from ctypes import byref
from dataclasses import fields as fields_of
from datetime import timedelta
from typing import Any

from .. import instants
from .._capi import structs
from .._capi.call import call, read, take_bytes, take_string
from .._capi.library import Handle
from ..records import Statistics, Stream
from ..reports import (
    Conflict,
    Finding,
    IngestReport,
    InsertReport,
    Normalization,
    Rejected,
    StoredRow,
    SyncReport,
    Verification,
)


def stream_of(found: structs.Stream) -> Stream:
    """Copies a stream's metadata."""
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


def streams_of(found: Handle) -> list[Stream]:
    """Copies the streams of a list."""
    try:
        count = ctypes.c_size_t()
        call("satori_stream_list_count", found, byref(count))
        streams = []
        stream = structs.Stream()
        for index in range(count.value):
            call("satori_stream_list_get", found, index, byref(stream))
            streams.append(stream_of(stream))
        return streams
    finally:
        call("satori_stream_list_free", found)


def columns_of(found: Handle) -> bytes:
    """Returns the JSON of the columns of a list of streams that are set in one of them; times
    are text."""
    try:
        columns = Handle()
        call("satori_stream_list_columns", found, byref(columns))
        return take_bytes(columns)
    finally:
        call("satori_stream_list_free", found)


def uuids_of(columns: bytes) -> list[str]:
    """Returns the column of uuids."""
    uuids: list[str] = json.loads(columns).get("uuid", [])
    return uuids


#: The columns of the table `streams`.
_COLUMNS = [field.name for field in fields_of(Stream)]


def rows_of(json_columns: bytes) -> list[dict[str, Any]]:
    """Makes the rows of `streams` from their columns."""
    columns = json.loads(json_columns)
    nothing = [None] * len(columns.get("id", ()))
    # Names that are written out take half as long as `dict(zip(…))`.
    return [
        {
            "id": id,
            "server_stream_id": server_stream_id,
            "uuid": uuid,
            "name": name,
            "author": author,
            "secondary": secondary,
            "target": target,
            "meta": meta,
            "description": description,
            "last_synced": last_synced,
            "created_at": created_at,
        }
        for (
            id, server_stream_id, uuid, name, author, secondary, target, meta, description,
            last_synced, created_at,
        ) in zip(*[columns.get(column, nothing) for column in _COLUMNS])
    ]  # fmt: skip


def insert_report(
    stream_of: Callable[[int], str], counts: structs.InsertReport, conflicts: Handle
) -> InsertReport:
    """Makes a report of the counts and the conflicts' JSON; `stream_of` says of which stream
    the row of an index is."""
    found = json.loads(take_string(conflicts)) if conflicts else []
    return InsertReport(
        inserted=counts.inserted,
        already_there=counts.already_there,
        conflicts=tuple(
            _conflict({"index": index, "stream": stream_of(index), **conflict})
            for index, conflict in found
        ),
    )


def ingest_report(details: Handle) -> IngestReport:
    """Reads a report from its JSON."""
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
    """Reads a report from its JSON."""
    found = json.loads(take_string(report))
    return SyncReport(
        new=tuple(found["new"]),
        changed=tuple(found["changed"]),
        unchanged=tuple(found["unchanged"]),
        rejected=tuple(Rejected(**rejected) for rejected in found["rejected"]),
    )


def statistics_of(found: structs.Statistics, providers: Handle) -> Statistics:
    """Makes the record of the numbers and the providers' JSON."""
    has_values = found.count > found.unreadable
    return Statistics(
        count=found.count,
        unreadable=found.unreadable,
        first=instants.optional(found.first),
        last=instants.optional(found.last),
        minimum=found.minimum if has_values else None,
        maximum=found.maximum if has_values else None,
        sum=found.sum,
        spacing=timedelta(microseconds=found.spacing),
        gaps=found.gaps,
        providers=dict(json.loads(take_string(providers))),
    )


def normalization(report: Handle) -> Normalization:
    """Reads a report from its JSON."""
    found = json.loads(take_string(report))
    return Normalization(found["rewritten"], tuple(found["kept"]), tuple(found["unreadable"]))


def unreadable_rows(rows: Handle) -> tuple[StoredRow, ...]:
    """Reads rows from their JSON."""
    return tuple(StoredRow(**row) for row in json.loads(take_string(rows)))


def findings(found: Handle) -> tuple[Finding, ...]:
    """Reads findings from their JSON."""
    return tuple(Finding(**finding) for finding in json.loads(take_string(found)))


def verification(report: Handle) -> Verification:
    """Reads a report from its JSON."""
    found = json.loads(take_string(report))
    return Verification(
        rows=found["rows"],
        verified=found["verified"],
        foreign=tuple(map(instants.of_json, found["foreign"])),
        suspect=tuple(map(instants.of_json, found["suspect"])),
        foreign_between=found["foreign_between"],
        digest=found["digest"],
    )


def _conflict(found: dict[str, Any]) -> Conflict:
    """Reads a conflict from what a report says of it."""
    return Conflict(
        found["stream"],
        instants.of_json(found["ts"]),
        found["stored"],
        found["offered"],
        found["index"],
        found.get("line", 0),
        found.get("column", 0),
    )
