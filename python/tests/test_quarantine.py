"""Rows that can't be read: listed, moved out of the way, put back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from satori_store import NotFound, Store, StoredRow, UnreadableRow

#: What the fixture's rows hold where a timestamp or a value should be.
_WANTED = ["'inf'", "9.0e+999", "X'0700'", "'it''s late'", "2.5"]


def test_rows_are_moved_and_put_back(fixture: Callable[[str], Path]) -> None:
    with Store(fixture("unreadable_rows.db")) as store:
        with pytest.raises(UnreadableRow, match="with ts 'None'"):
            list(store.observations("engine"))
        rows = store.unreadable("engine")
        assert [row.value for row in rows] == _WANTED
        assert isinstance(rows[0], StoredRow) and rows[4].ts == "'None'"
        assert all(row.reason for row in rows)
        assert store.quarantine("engine", dry_run=True) == rows
        assert store.count("engine") == 6 and store.quarantined("engine") == ()

        assert store.quarantine("engine") == rows
        assert [row.value for row in store.observations("engine")] == [1.5]
        assert store.quarantined("engine") == rows and store.unreadable("engine") == ()

        assert store.quarantined_streams() == ["engine"]
        done = store.restore("engine")
        assert (done.restored, done.kept) == (5, 0)
        assert store.unreadable("engine") == rows
        assert store.quarantined_streams() == []


def test_rows_of_a_removed_stream_are_found(fixture: Callable[[str], Path]) -> None:
    with Store(fixture("unreadable_rows.db")) as store:
        rows = store.quarantine("engine")
        store.remove("engine")
        assert store.quarantined_streams() == ["engine"] and "engine" not in store
        assert store.quarantined("engine") == rows


def test_the_chain_goes_on_past_them(fixture: Callable[[str], Path]) -> None:
    with Store(fixture("unreadable_rows.db")) as store, Store.in_memory() as control:
        assert store.insert("engine", "2024-01-02", 3.0).kind == "inserted"
        control.insert("engine", "1704081600", 1.0, hash="h4")
        control.insert("engine", "2024-01-02", 3.0)
        store.quarantine("engine")
        assert store.latest("engine") == control.latest("engine")


def test_an_unknown_stream(store: Store) -> None:
    for call in (store.unreadable, store.quarantine, store.restore):
        with pytest.raises(NotFound):
            call("unknown")
    assert store.quarantined("unknown") == ()
