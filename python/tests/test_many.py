"""Many streams in a call."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from satori_store import InvalidArgument, InvalidUuid, Observation, Store, UnreadableRow


def noon(day: int) -> datetime:
    return datetime(2024, 1, day, 12, tzinfo=timezone.utc)


def test_rows_go_into_their_streams(store: Store) -> None:
    row = Observation(noon(2), 2.5, "h", "engine", 1704196800)
    report = store.insert_across([("a", noon(1), 1.5), ("b", row), ["a", noon(1), 9.5, None, "p"]])
    assert (report.inserted, report.already_there) == (2, 0)
    (conflict,) = report.conflicts
    assert (conflict.uuid, conflict.index) == ("a", 2)
    assert (conflict.stored, conflict.offered) == (1.5, 9.5)
    latest = store.latest_of(iter(["b", "unknown", "a"]))
    assert list(latest) == ["b", "unknown", "a"]
    assert latest["unknown"] is None
    assert latest["b"] == row == store.latest("b")
    assert latest["a"] == store.latest("a")
    assert store.latest_of_all() == {"a": latest["a"], "b": latest["b"]}
    assert store.insert_across([]).inserted == 0
    assert store.latest_of([]) == {}


def test_an_error_stores_nothing(store: Store) -> None:
    with pytest.raises(InvalidUuid):
        store.insert_across([("a", noon(1), 1.5), ("streams", noon(1), 1.5)])
    assert store.latest_of_all() == {}


def test_streams_are_found_together(store: Store) -> None:
    store.upsert_stream("a", name="one")
    newest = store.upsert_stream("b", name="one")
    assert store.streams_of(["b", "unknown"]) == {"b": newest, "unknown": None}
    assert store.streams_named(("none", "one")) == {"none": None, "one": newest}
    nul = store.upsert_stream("c", name="a\0b")
    assert store.streams_named(["a\0b"]) == {"a\0b": nul} == {"a\0b": store.stream_by_name("a\0b")}


def test_a_text_is_not_taken_for_its_letters(store: Store) -> None:
    for find in (store.latest_of, store.streams_of, store.streams_named):
        with pytest.raises(InvalidArgument, match="several texts"):
            find("ab")


def test_more_streams_than_a_batch_has_rows(store: Store) -> None:
    """With texts that are not ASCII."""
    rows = [(f"ström-{number}", number, float(number)) for number in range(4_200)]
    assert store.insert_across(rows).inserted == 4_200
    latest = store.latest_of_all()
    assert [row.value for row in latest.values()] == [float(number) for number in range(4_200)]
    assert list(latest) == [uuid for uuid, _, _ in rows]


def test_rows_by_their_place_in_time(store: Store) -> None:
    store.insert("a", [(noon(day), day) for day in range(1, 6)])
    assert [row.value for row in store.first("a", 2)] == [1, 2]
    assert [row.value for row in store.last_before("a", noon(4), 2)] == [2, 3]
    known = store.as_of("a", "2024-01-04 11:59")
    assert known is not None and known.value == 3
    assert store.as_of("a", "2024-01-01") is None


def test_a_row_that_can_not_be_read_names_its_stream(path: Path) -> None:
    import sqlite3

    with Store(path) as store:
        store.insert_across([("a", noon(1), 1), ("b", noon(1), 1)])
    with sqlite3.connect(path) as plain:
        plain.execute("UPDATE b SET value = 'inf'")
    plain.close()
    with Store(path) as store, pytest.raises(UnreadableRow, match="'b'|\"b\""):
        store.latest_of(["a", "b"])
    with Store(path, skip_unreadable=True) as store:
        assert store.latest_of(["a", "b"])["b"] is None
