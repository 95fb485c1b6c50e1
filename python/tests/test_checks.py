"""Checking a store, and deleting what is beyond what is to be kept."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from satori_store import Finding, InvalidArgument, NotFound, Store, UnreadableRow


@pytest.fixture
def filled(path: Path) -> Store:
    store = Store(path)
    store.upsert_stream("x", name="x")
    store.insert("x", [(60 * n, n) for n in range(3_000)])
    return store


def sql(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as other:
        other.execute(statement)
    other.close()


def kinds(findings: tuple[Finding, ...]) -> list[str]:
    return [f.kind for f in findings if f.kind not in ("old_library", "shared_locks")]


def test_nothing_is_found_where_nothing_is_wrong(filled: Store) -> None:
    assert kinds(filled.check()) == kinds(filled.check_file()) == []
    assert filled.check_stream("x") == ()
    assert kinds(filled.check(synced_since=timedelta(days=1))) == []
    # In no time at all nothing can have been synced.
    assert kinds(filled.check(synced_since=timedelta(days=-1))) == ["stale"]
    assert kinds(filled.check_file(synced_since=datetime.max.replace(tzinfo=timezone.utc))) == [
        "stale"
    ]


def test_what_is_wrong_is_found(filled: Store, path: Path) -> None:
    sql(path, "INSERT INTO x VALUES ('None', 1, 'h', 'p')")
    found = filled.check_stream("x")
    assert found == tuple(f for f in filled.check() if f.stream == "x")
    assert [(f.kind, f.severity, f.stream, f.count) for f in found] == [
        ("unreadable_rows", "warning", "x", 1)
    ]
    assert "quarantine" in found[0].advice and "can't be read" in found[0].message
    filled.quarantine("x")
    assert kinds(filled.check()) == ["quarantined_rows"]
    with pytest.raises(NotFound):
        filled.check_stream("unknown")


def test_retain(filled: Store) -> None:
    assert filled.retain_dry_run("x", last=2_000) == 1_000
    assert filled.count("x") == 3_000
    assert filled.retain("x", last=2_000) == 1_000
    assert filled.retain("x", since=60 * 1_500) == 500
    assert filled.retain("x", since=timedelta(days=30), dry_run=True) == 1_500
    assert next(iter(filled.observations("x"))).value == 1_500
    assert filled.retain("x", last=0) == 1_500
    assert "x" in filled


def test_retain_of_one_thing_or_the_other(filled: Store) -> None:
    with pytest.raises(InvalidArgument):
        filled.retain("x")
    with pytest.raises(InvalidArgument):
        filled.retain("x", since=1, last=1)
    with pytest.raises(InvalidArgument):
        filled.retain("x", last=-1)
    assert filled.count("x") == 3_000


def test_retain_stops_at_a_row_that_cannot_be_read(filled: Store, path: Path) -> None:
    sql(path, "UPDATE x SET value = 'late' WHERE ts = 6000")
    with pytest.raises(UnreadableRow):
        filled.retain("x", last=10)
    filled.quarantine("x")
    filled.retain("x", last=10)
    assert filled.count("x") == 10
