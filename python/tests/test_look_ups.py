"""The quick ways: what they give is what the others give."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import satori_store
from satori_store import Store
from satori_store.engine import EngineSqliteDatabase


def test_a_stream_as_the_table_holds_it(path: Path) -> None:
    with Store(path) as store:
        store.upsert_stream("b", name="źródło", server_stream_id=7, meta='"\\\x01\n')
        store.upsert_stream("a", name="a")
        rows = store.streams_as_stored()
        assert [row["uuid"] for row in rows] == ["b", "a"]
        for row in rows:
            for _ in range(2):
                assert store.stream_as_stored(row["uuid"]) == row
                assert store.stream_by_name_as_stored(row["name"]) == row
        assert store.stream_as_stored("c") is None
        assert store.stream_by_name_as_stored("c") is None
        with pytest.raises(satori_store.InvalidUuid):
            store.stream_as_stored("streams")
    with closing(sqlite3.connect(path)) as plain:
        plain.row_factory = sqlite3.Row
        assert [dict(row) for row in plain.execute("SELECT * FROM streams")] == rows


def test_what_is_given_belongs_to_the_caller(store: Store) -> None:
    """Answers that are remembered are copied."""
    store.upsert_stream("a", name="n")
    store.insert("a", 0, 1)
    asked: list[Callable[[], Any]] = [
        lambda: store.stream_as_stored("a"),
        lambda: store.stream_by_name_as_stored("n"),
        lambda: store.streams_as_stored()[0],
    ]
    for ask in asked:
        whole = ask()
        ask().clear()
        ask()["name"] = "other"
        assert ask() == whole
    store.streams_as_stored().clear()
    store.streams_with_data().clear()
    assert len(store.streams_as_stored()) == 1 and store.streams_with_data() == ["a"]


def test_a_change_is_seen_at_once(store: Store) -> None:
    """Also if the answer before is remembered."""
    for number in range(3):
        for _ in range(2):
            stored = store.upsert_stream("a", name="n", meta=str(number))
            assert store.stream("a") == stored == store.stream_by_name("n")
            for row in (store.stream_as_stored("a"), store.stream_by_name_as_stored("n")):
                assert row is not None and row["meta"] == str(number)
            assert store.streams_as_stored() == [store.stream_as_stored("a")]
    assert store.streams_with_data() == []
    store.insert("a", 0, 1)
    assert store.streams_with_data() == ["a"]
    store.remove("a", "data")
    assert store.streams_with_data() == [] and store.streams_without_metadata() == []


@pytest.mark.parametrize("length", [0, 1, 1000, 1024, 1025, 100_000])
def test_one_row_of_any_length(store: Store, length: int) -> None:
    """Rows whose texts are long take the way of many."""
    hash, provider = "é" * length, "p" * length
    report = store.insert_spelled("a", [("2024-01-03 12:00", 1.5, hash, provider)])
    assert (report.inserted, report.already_there, report.conflicts) == (1, 0, ())
    report = store.insert_spelled("a", [("2024-01-03T12:00:00Z", 1.5, hash, provider)])
    assert (report.inserted, report.already_there, report.conflicts) == (0, 1, ())
    (conflict,) = store.insert_spelled("a", [("2024-01-03 12:00", 2.5, hash)]).conflicts
    assert (conflict.stored, conflict.offered) == (1.5, 2.5)
    (row,) = store.observations("a")
    assert (row.hash, row.provider, row.stored_ts) == (hash, provider, "2024-01-03 12:00")


def test_one_row_has_the_defaults_of_many(store: Store) -> None:
    row = ("2024-01-03 12:00", 1.5)
    store.insert_spelled("one", [row])
    store.insert_spelled("many", [row, ("2024-01-03 13:00", 1)])
    assert store.latest("one") == next(iter(store.observations("many")))
    store.insert_spelled("given", [row], provider="engine")
    latest = store.latest("given")
    assert latest is not None and (latest.provider, len(latest.hash)) == ("engine", 16)


def test_a_row_that_exists_waits_for_no_lock(tmp_path: Path) -> None:
    database = EngineSqliteDatabase(str(tmp_path), on_error="raise")
    database.insertRow("a", "2024-01-03 12:00", 1.5, "h")
    with closing(sqlite3.connect(tmp_path / "engine.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with Store(tmp_path / "engine.db", busy_timeout=0) as store:
            report = store.insert_spelled("a", [("2024-01-03 12:00", 1.5, "h")])
            assert report.already_there == 1
            with pytest.raises(satori_store.Busy):
                store.insert_spelled("a", [("2024-01-03 13:00", 1.5, "h")])
    database.disconnect()


@pytest.mark.parametrize("spelling", ["{}", "'2024-01-01 0{}:00'"])
@pytest.mark.parametrize("spoilt", ["value = 'abc'", "hash = CAST(x'ff' AS TEXT)"])
def test_rows_before_one_that_cannot_be_read_come_first(
    path: Path, spelling: str, spoilt: str
) -> None:
    with Store(path) as store:
        store.insert_many("a", [(0, 0)])
        store.delete("a")
        with closing(sqlite3.connect(path)) as plain:
            for number in range(9):
                ts = spelling.format(number)
                plain.execute(f"INSERT INTO a VALUES ({ts}, {number}, 'h', 'p')")
            plain.execute(f"UPDATE a SET {spoilt} WHERE ts = {spelling.format(5)}")
            plain.commit()
        for rows in (store.observations("a"), store.observations("a", start=0)):
            found, read = iter(rows), []
            with pytest.raises(satori_store.UnreadableRow):
                for row in found:
                    read.append(row.value)
            assert read == [0, 1, 2, 3, 4]
            with pytest.raises(satori_store.UnreadableRow):
                next(found)
        with pytest.raises(satori_store.UnreadableRow):
            store.observations("a").to_numpy()
        with pytest.raises(satori_store.UnreadableRow):
            store.observations("a").as_stored()
        assert store.statistics("a").unreadable == len(store.unreadable("a")) == 1


@pytest.mark.parametrize("rows", [1, 255, 256, 257, 5000])
def test_batches_of_any_length(store: Store, rows: int) -> None:
    """Texts of several bytes a character, and none, in every place of a batch."""
    texts = ["", "h", "źródło", "🎯"]
    given = [
        (f"2024-01-01T00:{n // 60 % 60:02}:{n % 60:02}.{n:06}", n, texts[n % 4])
        for n in range(rows)
    ]
    store.insert_spelled("a", given)
    found = store.observations("a").as_stored()
    assert sorted(zip(*found[:3])) == sorted(given)
    assert found[3] == ["central"] * rows
