"""Text of tests/scenario.txt: arguments and answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any, Optional

from satori_store import (
    Aligned,
    Finding,
    InsertReport,
    Observation,
    StoredRow,
    Summaries,
    instants,
)

from .conftest import FEEDS

_FIRST = datetime(1, 1, 1, tzinfo=timezone.utc)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\\]")


def parse(text: str) -> Optional[str]:
    """Reads an argument of the file."""
    if text == "-":
        return None
    return re.sub(r"\\x(..)", lambda found: chr(int(found[1], 16)), text)


def say(text: Optional[str]) -> str:
    """Writes text as the file has it."""
    if text is None:
        return "-"
    if text == "-":
        return "\\x2d"
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def as_json(value: Any) -> str:
    """Writes JSON as serde does."""
    return say(json.dumps(value, separators=(",", ":"), ensure_ascii=False))


def found_or_not(findings: Iterable[Finding], kind: str) -> Iterator[str]:
    """Writes whether one of the findings has this kind."""
    yield "found" if any(finding.kind == kind for finding in findings) else "not found"


def unreadable_rows(rows: Iterable[StoredRow]) -> Iterator[str]:
    """Writes how many rows there are, and the rows as JSON."""
    rows = list(rows)
    yield f"count {len(rows)}"
    yield as_json([vars(row) for row in rows])


def iso(instant: datetime) -> str:
    """Writes an instant as reports do."""
    return instant.isoformat().replace("+00:00", "Z")


def field(text: str) -> tuple[str, Any]:
    """Reads a field of a patch: `+name=text` or `!name`."""
    name, _, value = text[1:].partition("=")
    if text[0] == "!":
        return name, None
    return name, int(value) if name == "server_stream_id" else value


def stored(row: Observation) -> str:
    """Writes the timestamp as the row stores it; `-` for what the store itself writes."""
    seconds, rest = divmod(instants.to_micros(row.ts), 1_000_000)
    plain = seconds if rest == 0 else row.ts.timestamp()
    return "-\t" if row.stored_ts == plain else f"{say(str(row.stored_ts))}\t"


def instant(text: str) -> datetime:
    """Reads an instant, which the file has in microseconds."""
    return instants.to_datetime(int(text))


def optional(text: Optional[str]) -> Optional[datetime]:
    """Reads an end of a range; None if it has no bound."""
    return None if text is None else instant(text)


def contents(text: Optional[str]) -> bytes:
    """Reads a JSON argument: what it says, or the feed that it names."""
    if text is not None and text.startswith("@"):
        return (FEEDS / text[1:]).read_bytes()
    return (text or "").encode()


def inserted(report: InsertReport) -> Iterator[str]:
    """Yields the answer to an insert of many rows."""
    yield (
        f"inserted {report.inserted} already_there {report.already_there} "
        f"conflicts {len(report.conflicts)}"
    )
    yield as_json(
        [
            [found.index, {"ts": iso(found.ts), "stored": found.stored, "offered": found.offered}]
            for found in report.conflicts
        ]
    )


def ingested(report: Any) -> Iterator[str]:
    """Yields the answer to an ingest."""
    conflicts = [
        {
            "index": found.index,
            "line": found.line,
            "column": found.column,
            "stream": found.uuid,
            "ts": iso(found.ts),
            "stored": found.stored,
            "offered": found.offered,
        }
        for found in report.conflicts
    ]
    rejected = [vars(found) for found in report.rejected]
    yield (
        f"payloads {report.payloads} inserted {report.inserted} already_there "
        f"{report.already_there} nothing {report.nothing} conflicts {len(conflicts)} "
        f"rejected {len(rejected)}"
    )
    yield as_json({**vars(report), "conflicts": conflicts, "rejected": rejected})


def row_lines(
    rows: Iterable[Optional[Observation]],
    spelling: Callable[[Observation], str] = lambda row: "",
) -> Iterator[str]:
    """Yields a line for each row, with the spelling of its timestamp if that is asked for."""
    count = 0
    for row in rows:
        if row is not None:
            count += 1
            yield (
                f"{instants.to_micros(row.ts)}\t{spelling(row)}{row.value:.6f}\t"
                f"{say(row.hash)}\t{say(row.provider)}"
            )
    if count == 0:
        yield "count 0"


def number(value: float) -> str:
    """Writes a number; `-` for none."""
    return "-" if value != value else f"{value:.6f}"


def summary_lines(summaries: Summaries) -> Iterator[str]:
    """Writes what the rows of each step come to."""
    lines = []
    for one in summaries:
        bounds = (instants.to_micros(one.start), instants.to_micros(one.end), one.count)
        numbers = (one.first, one.last, one.min, one.max, one.mean, one.sum)
        lines.append("\t".join([*map(str, bounds), *map(number, numbers)]))
    return iter(lines or ["count 0"])


def fill_of(text: str) -> dict[str, Any]:
    """Reads which value stands at an instant: `exact`, `mean`, `as_of` or `as_of:max_age`."""
    how, _, age = text.partition(":")
    return {"how": how, "max_age": timedelta(microseconds=int(age)) if age else None}


def aligned_lines(aligned: Aligned) -> Iterator[str]:
    """Writes rows of values of several streams."""
    lines = [
        "\t".join([str(instants.to_micros(ts)), *map(number, values)]) for ts, values in aligned
    ]
    return iter(lines or ["count 0"])


def earliest(ts: str) -> datetime:
    """Reads an instant; the first one there is stands for the first that a datetime can hold."""
    return max(instant(ts), _FIRST) if int(ts) > instants.NONE else _FIRST
