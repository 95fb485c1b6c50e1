"""Plays tests/scenario.txt, whose first lines say what it is made of, on the package."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Optional

from satori_store import (
    Refused,
    Store,
    StoreError,
    Stream,
    instants,
    parse_timestamp,
    stream_uuid,
)

from .conftest import FIXTURES
from .scenario_text import (
    aligned_lines,
    earliest,
    as_json,
    contents,
    field,
    fill_of,
    found_or_not,
    ingested,
    inserted,
    instant,
    iso,
    optional,
    parse,
    row_lines,
    say,
    stored,
    summary_lines,
    unreadable_rows,
)


class Player:
    """The store that the file's operations are played on."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.began = (int(time.time()) - 2) * 1_000_000
        self.store: Any = None
        #: The store's data version at the last ``wait``.
        self.seen = 0

    def play(self, line: str) -> list[str]:
        """Plays an operation and returns its answer, line by line."""
        name, *arguments = line.split("\t")
        try:
            return list(getattr(self, name)(*map(parse, arguments)))
        except Refused as error:
            return [f"error {error.code}", *ingested(error.report)]
        except StoreError as error:
            return [f"error {error.code}"]

    # Opening

    def fixture(self, file: str, name: str) -> Iterator[str]:
        shutil.copy(FIXTURES / file, self.scratch / name)
        yield "done"

    def open(self, name: Optional[str], *options: str) -> Iterator[str]:
        if "in_memory" in options:
            self.store = Store.in_memory()
        else:
            self.store = Store(
                # A URL is a place of its own.
                name if name and "://" in name else self.scratch / (name or ""),
                read_only="read_only" in options,
                create="must_exist" not in options,
                synchronous="full" if "full" in options else "normal",
                busy_timeout=0 if "no_wait" in options else 5,
                keep_spelling="keep_spelling" in options,
                skip_unreadable="skip_unreadable" in options,
                digest="digest" in options,
            )
        yield "done"

    def backup(self, name: str) -> Iterator[str]:
        assert self.store.backup(self.scratch / name) > 0
        yield "done"

    def compact(self) -> Iterator[str]:
        compacted = self.store.compact()
        yield "smaller" if compacted.after < compacted.before else "same"

    def close(self) -> Iterator[str]:
        self.store.close()
        yield "done"

    # Streams

    def upsert(self, uuid: str, *fields: str) -> Iterator[str]:
        yield self._stream(self.store.upsert_stream(uuid or "", **dict(map(field, fields))))

    def update(self, uuid: str, *fields: str) -> Iterator[str]:
        yield self._stream(self.store.update_stream(uuid, **dict(map(field, fields))))

    def contains(self, uuid: str) -> Iterator[str]:
        yield f"contains {self.store.contains(uuid):d}"

    def stream(self, uuid: str) -> Iterator[str]:
        return self._streams([self.store.stream(uuid)])

    def by_name(self, name: str) -> Iterator[str]:
        return self._streams([self.store.stream_by_name(name)])

    def streams_by_name(self, name: str) -> Iterator[str]:
        return self._streams(self.store.streams_by_name(name))

    def by_server_id(self, number: str) -> Iterator[str]:
        return self._streams(self.store.streams_by_server_id(int(number)))

    def streams(self) -> Iterator[str]:
        return self._streams(self.store.streams())

    def search(self, part: str) -> Iterator[str]:
        return self._streams(self.store.search_streams(part))

    def stale(self, since: str) -> Iterator[str]:
        return self._streams(self.store.stale_streams(instant(since)))

    def streams_of(self, *uuids: str) -> Iterator[str]:
        return self._streams(self.store.streams_of(uuids).values())

    def streams_named(self, *names: str) -> Iterator[str]:
        return self._streams(self.store.streams_named(names).values())

    def without_metadata(self) -> Iterator[str]:
        found = self.store.streams_without_metadata()
        return iter([say(uuid) for uuid in found] or ["count 0"])

    def with_data(self) -> Iterator[str]:
        found = self.store.streams_with_data()
        return iter([say(uuid) for uuid in found] or ["count 0"])

    def sync(self, text: str) -> Iterator[str]:
        report = self.store.sync_streams(contents(text))
        yield as_json(
            {
                "new": report.new,
                "changed": report.changed,
                "unchanged": report.unchanged,
                "rejected": [vars(rejected) for rejected in report.rejected],
            }
        )

    def remove(self, uuid: str, what: Any) -> Iterator[str]:
        removed = self.store.remove(uuid, what)
        yield f"metadata {removed.metadata:d} rows {removed.rows}"

    def _streams(self, streams: Iterable[Optional[Stream]]) -> Iterator[str]:
        found = [self._stream(stream) for stream in streams if stream is not None]
        return iter(found or ["count 0"])

    def _stream(self, stream: Stream) -> str:
        number = stream.server_stream_id
        texts = (
            stream.name,
            stream.author,
            stream.secondary,
            stream.target,
            stream.meta,
            stream.description,
        )
        return "\t".join(
            [
                "stream",
                str(stream.id),
                say(stream.uuid),
                "-" if number is None else str(number),
                *map(say, texts),
                self._instant(stream.last_synced),
                self._instant(stream.created_at),
            ]
        )

    def _instant(self, ts: Optional[datetime]) -> str:
        if ts is None:
            return "-"
        micros = instants.to_micros(ts)
        return "now" if micros >= self.began else str(micros)

    # Inserting

    def insert(
        self, uuid: str, ts: str, value: str, hash: Optional[str], provider: Optional[str]
    ) -> Iterator[str]:
        done = self.store.insert(uuid, instant(ts), float(value), hash=hash, provider=provider)
        yield f"{done.kind} {done.stored:.6f}"

    def insert_many(self, uuid: str, *rows: str) -> Iterator[str]:
        observations = []
        for row in rows:
            ts, value, hash, provider = row.split(",")
            observations.append((instant(ts), float(value), parse(hash), parse(provider)))
        return inserted(self.store.insert(uuid, observations))

    def insert_across(self, *rows: str) -> Iterator[str]:
        observations = []
        for row in rows:
            uuid, ts, value, hash, provider = row.split(",")
            observations.append((uuid, instant(ts), float(value), parse(hash), parse(provider)))
        return inserted(self.store.insert_across(observations))

    def insert_spelled(self, uuid: str, *rows: str) -> Iterator[str]:
        observations = []
        for row in rows:
            ts, value, hash, provider = row.split(",")
            observations.append((ts, float(value), parse(hash), parse(provider)))
        return inserted(self.store.insert_spelled(uuid, observations))

    def copy(
        self,
        uuid: str,
        start: Optional[str],
        end: Optional[str],
        target: str,
        provider: Optional[str],
    ) -> Iterator[str]:
        rows = self.store.observations(uuid, optional(start), optional(end))
        return inserted(self.store.insert(target, rows, provider=provider))

    def ingest(
        self,
        uuid: Optional[str],
        provider: Optional[str],
        mode: str,
        text: str,
        format: str = "auto",
        first_line: str = "1",
        unit: Any = "auto",
    ) -> Iterator[str]:
        report = self.store.ingest(
            contents(text),
            uuid=uuid,
            provider=provider,
            strict=mode == "strict",
            format=format,
            first_line=int(first_line),
            unit=unit,
        )
        return ingested(report)

    # Reading

    def range(
        self, uuid: str, start: Optional[str], end: Optional[str], batch: str
    ) -> Iterator[str]:
        observations = self.store.observations(uuid, optional(start), optional(end))
        rows = min(int(batch), 4096)
        return row_lines(observations._cursor(rows, rows))

    def last(self, uuid: str, count: str) -> Iterator[str]:
        return row_lines(self.store.last(uuid, int(count)))

    def first(self, uuid: str, count: str) -> Iterator[str]:
        return row_lines(self.store.first(uuid, int(count)))

    def last_before(self, uuid: str, before: str, count: str) -> Iterator[str]:
        return row_lines(self.store.last_before(uuid, instant(before), int(count)))

    def as_of(self, uuid: str, ts: str) -> Iterator[str]:
        return row_lines([self.store.as_of(uuid, instant(ts))])

    def latest_of(self, *uuids: str) -> Iterator[str]:
        latest = self.store.latest_of(uuids)
        return self._of_streams((uuid, latest[uuid]) for uuid in uuids)

    def wait(self) -> Iterator[str]:
        version = self.store.data_version()
        now = self.store.wait(self.seen, 0)
        same, self.seen = now == self.seen, version
        yield "same" if same else "changed"

    def newer(self, limit: str, *after: str) -> Iterator[str]:
        pairs = (one.split(",") for one in after)
        instants = {uuid: earliest(ts) for uuid, ts in pairs}
        return self._of_streams(self.store.newer(instants, int(limit)))

    def interrupt(self) -> Iterator[str]:
        self.store.interrupt()
        yield "done"

    def resample(
        self,
        uuid: str,
        start: Optional[str],
        end: Optional[str],
        step: str,
        empty: Optional[str] = None,
    ) -> Iterator[str]:
        # Such an end is none here.
        if start == "9223372036854775807":
            return iter(["count 0"])
        found = self.store.resample(
            uuid, step, optional(start), optional(end), empty=empty is not None
        )
        return summary_lines(found)

    def align(
        self, start: Optional[str], end: Optional[str], step: str, fill: str, *uuids: str
    ) -> Iterator[str]:
        bounds = optional(start), optional(end)
        return aligned_lines(self.store.align(uuids, step, *bounds, **fill_of(fill)))

    def align_to(self, clock: str, fill: str, *uuids: str) -> Iterator[str]:
        instants = [instant(ts) for ts in clock.split(",")]
        return aligned_lines(self.store.align(uuids, instants, **fill_of(fill)))

    def latest_of_all(self) -> Iterator[str]:
        return self._of_streams(self.store.latest_of_all().items())

    def _of_streams(self, rows: Iterable[tuple[str, Any]]) -> Iterator[str]:
        lines = [f"{say(uuid)}\t{line}" for uuid, row in rows if row for line in row_lines([row])]
        return iter(lines or ["count 0"])

    def latest(self, uuid: str) -> Iterator[str]:
        return row_lines([self.store.latest(uuid)])

    def at(self, uuid: str, ts: str) -> Iterator[str]:
        return row_lines([self.store.observation(uuid, instant(ts))])

    def spelled(
        self, uuid: str, start: Optional[str], end: Optional[str], batch: str
    ) -> Iterator[str]:
        observations = self.store.observations(uuid, optional(start), optional(end))
        return row_lines(observations._cursor(int(batch), int(batch)), stored)

    def spelled_last(self, uuid: str, count: str) -> Iterator[str]:
        return row_lines(self.store.last(uuid, int(count)), stored)

    def spelled_at(self, uuid: str, ts: str) -> Iterator[str]:
        return row_lines([self.store.observation(uuid, instant(ts))], stored)

    def count(self, uuid: str, start: Optional[str], end: Optional[str]) -> Iterator[str]:
        yield f"count {self.store.count(uuid, optional(start), optional(end))}"

    def delete(self, uuid: str, start: Optional[str], end: Optional[str]) -> Iterator[str]:
        yield f"count {self.store.delete(uuid, optional(start), optional(end))}"

    def retain(
        self, uuid: str, since: Optional[str], last: Optional[str], mode: str
    ) -> Iterator[str]:
        kept = {"since": optional(since)} if since else {"last": int(last or 0)}
        yield f"count {self.store.retain(uuid, **kept, dry_run=mode == 'dry')}"

    def check_stream(self, uuid: str) -> Iterator[str]:
        found = self.store.check_stream(uuid)
        yield f"problems {sum(finding.severity != 'note' for finding in found)}"
        yield as_json([vars(finding) for finding in found])

    def check(self, since: Optional[str], kind: str) -> Iterator[str]:
        return found_or_not(self.store.check(synced_since=optional(since)), kind)

    def check_file(self, since: Optional[str], kind: str) -> Iterator[str]:
        return found_or_not(self.store.check_file(synced_since=optional(since)), kind)

    def statistics(self, uuid: str) -> Iterator[str]:
        found = self.store.statistics(uuid)
        spacing = found.spacing // instants.MICROSECOND
        yield (
            f"count {found.count} unreadable {found.unreadable} first "
            f"{self._instant(found.first)} last {self._instant(found.last)} minimum "
            f"{found.minimum or 0:.6f} maximum {found.maximum or 0:.6f} sum {found.sum:.6f} "
            f"spacing {spacing} gaps {found.gaps}"
        )
        yield as_json(list(found.providers.items()))

    def normalize(self, uuid: str, mode: str) -> Iterator[str]:
        report = self.store.normalize(uuid, dry_run=mode == "dry")
        yield f"rewritten {report.rewritten}"
        yield as_json(vars(report))

    def unreadable(self, uuid: str) -> Iterator[str]:
        yield from unreadable_rows(self.store.unreadable(uuid))

    def quarantine(self, uuid: str, mode: str) -> Iterator[str]:
        yield from unreadable_rows(self.store.quarantine(uuid, dry_run=mode == "dry"))

    def quarantined(self, uuid: str) -> Iterator[str]:
        yield from unreadable_rows(self.store.quarantined(uuid))

    def quarantined_streams(self) -> Iterator[str]:
        found = self.store.quarantined_streams()
        return iter([say(uuid) for uuid in found] or ["count 0"])

    def restore(self, uuid: str) -> Iterator[str]:
        done = self.store.restore(uuid)
        yield f"restored {done.restored} kept {done.kept}"

    def restate_digest(self, uuid: str) -> Iterator[str]:
        self.store.restate_digest(uuid)
        yield "done"

    def verify(self, uuid: str) -> Iterator[str]:
        found = self.store.verify(uuid)
        yield (
            f"rows {found.rows} verified {found.verified} foreign {len(found.foreign)} "
            f"between {found.foreign_between} suspect {len(found.suspect)} "
            f"digest {('not_kept', 'matches', 'differs').index(found.digest)}"
        )
        lists = {name: [iso(ts) for ts in getattr(found, name)] for name in ("foreign", "suspect")}
        yield as_json({**vars(found), **lists})

    # Text

    def parse(self, text: Optional[str], unit: Any = "auto") -> Iterator[str]:
        yield str(instants.to_micros(parse_timestamp(text or "", unit=unit)))

    def uuid(self, *parts: Optional[str]) -> Iterator[str]:
        yield stream_uuid(*[part or "" for part in parts])
