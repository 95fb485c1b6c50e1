"""What Python adds to the scenario: metadata, errors, lifetimes."""

from __future__ import annotations

import copy
import dataclasses
import gc
import pickle
import re
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

import satori_store
from satori_store import Observation, Store

UTC = timezone.utc


def test_a_wait_without_an_end(path: Path) -> None:
    with Store(path, busy_timeout=float("inf")) as store:
        assert store.insert("x", 0, 1)


def test_metadata_absent_keeps_and_none_clears(store: Store) -> None:
    first = store.upsert_stream("x", name="bitcoin", server_stream_id=7, meta="m")
    assert dataclasses.astuple(first)[:9] == (
        (1, 7, "x", "bitcoin", None, None, None, "m", None)
    )
    assert first.created_at is not None and abs(first.created_at - datetime.now(UTC)) < timedelta(
        minutes=1
    )
    second = store.upsert_stream("x", meta=None, description="now")
    assert (second.name, second.meta, second.description) == ("bitcoin", None, "now")
    assert (second.id, second.created_at) == (first.id, first.created_at)
    third = store.update_stream("x", server_stream_id=None)
    assert third.server_stream_id is None and third.last_synced == second.last_synced
    with pytest.raises(satori_store.NotFound):
        store.update_stream("unknown", name="x")
    with pytest.raises(TypeError, match="no field"):
        store.upsert_stream("x", title="x")
    with pytest.raises(satori_store.InvalidArgument):
        store.upsert_stream("x", server_stream_id=2**63)
    with pytest.raises(dataclasses.FrozenInstanceError):
        third.name = "y"  # type: ignore[misc]


def test_text_keeps_every_character(store: Store) -> None:
    text = "źródło 作者 🎯 -\\ \n"
    found = store.upsert_stream("流", name=text, description="")
    assert (found.uuid, found.name, found.description) == ("流", text, "")
    assert store.stream_by_name(text) == found
    store.insert("流", 0, 1, hash="h\x00h", provider="")
    row = store.latest("流")
    assert row is not None and (row.hash, row.provider) == ("h\x00h", "")
    with pytest.raises(satori_store.InvalidUtf8):
        store.stream_by_name("\ud800")


def test_staleness_by_instant_and_by_age(store: Store) -> None:
    store.upsert_stream("x", name="x")
    assert store.stale_streams(timedelta(hours=1)) == []
    assert store.stale_streams("2000-01-01") == []
    assert [stream.uuid for stream in store.stale_streams(timedelta(0))] == ["x"]


def test_no_new_store_is_made_beside_a_wal_with_content(path: Path) -> None:
    wal = path.with_name("engine.db-wal")
    wal.write_bytes(b"what was written last" * 3)
    with pytest.raises(satori_store.CannotOpen, match="engine.db-wal"):
        Store(path)
    assert wal.read_bytes() == b"what was written last" * 3 and not path.exists()
    wal.unlink()
    Store(path).close()


def test_foreign_rows_between_verified_ones_are_counted(path: Path) -> None:
    with closing(Store(path)) as store:
        store.insert("s", [(1704283200 + n, float(n)) for n in range(10)])
        assert store.verify("s").foreign_between == 0
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE s SET hash = 'changed' WHERE ts = 1704283205")
    with closing(Store(path)) as store:
        found = store.verify("s")
    assert (len(found.foreign), found.foreign_between, len(found.suspect)) == (2, 2, 0)


def test_a_digest_differs_after_plain_sql_until_it_is_restated(path: Path) -> None:
    with closing(Store(path)) as store:
        store.insert("s", [(1704283200 + n, float(n)) for n in range(10)])
        assert store.verify("s").digest == "not_kept"
    with closing(Store(path, digest=True)) as store:
        assert store.verify("s").digest == "matches"
        with closing(sqlite3.connect(path)) as other, other:
            other.execute("UPDATE s SET provider = 'other' WHERE ts = 1704283205")
        found = store.verify("s")
        assert (found.digest, found.verified) == ("differs", 10)
        store.restate_digest("s")
        assert store.verify("s").digest == "matches"
        with pytest.raises(satori_store.NotFound):
            store.restate_digest("unknown")


def test_a_text_that_can_name_no_stream_is_in_no_store(path: Path) -> None:
    with closing(Store(path)) as store:
        for name in ["", "streams", "sqlite_x", "a\x00b", "x" * 256]:
            assert name not in store
            with pytest.raises(satori_store.InvalidUuid):
                store.contains(name)


def test_errors_say_their_kind(path: Path, fixture: Callable[[str], Path]) -> None:
    with pytest.raises(satori_store.CannotOpen) as missing:
        Store(path, create=False)
    assert missing.value.code == "CANNOT_OPEN" and isinstance(missing.value, OSError)
    assert str(path) in str(missing.value)
    with pytest.raises(satori_store.Corrupt):
        Store(fixture("bad_page.db"))
    with pytest.raises(satori_store.NotAStore):
        Store(fixture("not_a_database.db"))
    with pytest.raises(satori_store.LaterRelease):
        Store(fixture("later_release.db"))
    with Store(fixture("eleven_columns.db"), read_only=True) as store:
        with pytest.raises(satori_store.ReadOnly):
            store.insert("x", 0, 1)
        with pytest.raises(satori_store.NotFound) as unknown:
            store.observations("unknown")
        assert isinstance(unknown.value, LookupError)
        assert (unknown.value.database_code, unknown.value.sqlstate) == (None, "")
        with pytest.raises(satori_store.NotAStream):
            store.count("notes")
        with pytest.raises(satori_store.InvalidUuid):
            store.count("streams")
    with pytest.raises(satori_store.InvalidArgument):
        Store(path, synchronous="off")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Store()  # type: ignore[call-arg]


def test_the_databases_own_code(path: Path) -> None:
    with Store(path) as store, closing(sqlite3.connect(path)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with Store(path, busy_timeout=0) as other, pytest.raises(satori_store.Busy) as busy:
            other.insert("x", 0, 1)
        # SQLITE_BUSY. SQLite has no SQLSTATE.
        assert (busy.value.database_code, busy.value.sqlstate) == (5, "")
        writer.rollback()
        assert store.streams() == []
    error = satori_store.DatabaseError("refused", 19, "23505")
    assert (str(error), error.database_code, error.sqlstate) == ("refused", 19, "23505")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "file", "x-other+1.0"])
def test_a_url_is_no_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for url in (f"{scheme}://ann:secret@example.com/engine", f"{scheme}://ann:secret@x".encode()):
        with pytest.raises(satori_store.CannotOpen, match=re.escape(f"{scheme}://")) as refused:
            Store(url)
        assert "secret" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_contains(path: Path, fixture: Callable[[str], Path]) -> None:
    with Store(path) as store:
        assert "x" not in store and not store.contains("x")
        store.upsert_stream("x", name="metadata alone")
        store.insert("y", 0, 1)
        assert "x" in store and "y" in store and store.contains("y") is True
        assert "z" not in store and store.contains("z") is False
        store.delete("y")
        assert "y" in store
        store.remove("x")
        store.remove("y", "data")
        assert "x" not in store and "y" not in store
        for wrong in ("streams", ""):
            with pytest.raises(satori_store.InvalidUuid):
                store.contains(wrong)
        with pytest.raises(satori_store.InvalidValue):
            1 in store  # type: ignore[operator]
    with pytest.raises(satori_store.Closed):
        "x" in store
    with Store(fixture("eleven_columns.db")) as store, pytest.raises(satori_store.NotAStream):
        store.contains("notes")


def test_a_closed_store_says_so(path: Path) -> None:
    store = Store(path)
    store.insert("x", 0, 1)
    rows = store.observations("x")
    reading = iter(rows)
    store.close()
    store.close()
    assert store.closed and "closed" in repr(store)
    for use in (store.streams, lambda: store.insert("x", 1, 1), lambda: list(rows)):
        with pytest.raises(satori_store.Closed):
            use()
    # What was being read stays readable.
    assert [row.value for row in reading] == [1]


def test_numbers_that_c_would_cut(store: Store) -> None:
    store.upsert_stream("x", server_stream_id=1)
    store.insert("x", [(0, 1), (1, 2)])
    for call in (
        lambda: store.streams_by_server_id(2**64 + 1),
        lambda: store.last("x", 2**64 + 1),
        lambda: store.last("x", 2.5),  # type: ignore[arg-type]
        lambda: store.last("x", -1),
        lambda: store.upsert_stream("x", server_stream_id="1"),
    ):
        with pytest.raises(satori_store.InvalidArgument):
            call()


def test_a_call_within_a_call(store: Store) -> None:
    """Signal handlers call in between: each call has its own answer and its own error."""
    store.upsert_stream("one", name="one")
    store.upsert_stream("two", name="two")

    def handler(number: int, frame: Any) -> None:
        assert store.stream("two").name == "two"  # type: ignore[union-attr]
        with pytest.raises(satori_store.NotFound, match="from the handler"):
            store.count("from the handler")

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        for _ in range(20_000):
            assert store.stream("one").name == "one"  # type: ignore[union-attr]
            with pytest.raises(satori_store.InvalidTimestamp, match="never"):
                satori_store.parse_timestamp("never")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_threads_share_an_iterator(store: Store) -> None:
    count = 40_000
    store.insert("x", [(ts, ts, f"{ts:016x}", f"by {ts}") for ts in range(count)])
    reading = iter(store.observations("x"))
    rows: list[Observation] = []

    def work() -> None:
        rows.extend(reading)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(row.value for row in rows) == list(range(count))
    assert all(row.provider == f"by {int(row.value)}" for row in rows)
    with pytest.raises(TypeError):
        copy.copy(reading)


def test_a_store_is_not_sent_to_another_process(store: Store) -> None:
    with pytest.raises(TypeError, match="open the file there"):
        pickle.dumps(store)


def test_a_store_that_is_dropped_is_closed(path: Path) -> None:
    Store(path).insert("x", 0, 1)
    gc.collect()
    # The last to close the file takes the write-ahead log away.
    assert not Path(f"{path}-wal").exists()


def test_paths_of_every_kind(tmp_path: Path) -> None:
    for name in ("plain.db", "with space ?#%20.db", "żółw.db", b"not utf-8 \xff.db"):
        file = tmp_path / name if isinstance(name, str) else bytes(tmp_path) + b"/" + name
        with Store(file) as store:
            store.insert("x", 0, 1)
    if sys.platform == "linux":
        assert (tmp_path / "with space ?#%20.db").exists()


def test_in_memory() -> None:
    with Store.in_memory() as store:
        assert store.path is None and "in memory" in repr(store)
        assert store.insert("x", 0, 1)


def test_last_and_latest(store: Store) -> None:
    store.insert("x", [(second, second) for second in range(10)])
    assert [row.value for row in store.last("x", 3)] == [7, 8, 9]
    assert store.last("x", 0) == []
    with pytest.raises(satori_store.InvalidArgument):
        store.last("x", -1)
    store.upsert_stream("empty")
    assert store.latest("empty") is None and store.last("empty", 5) == []


def test_iterating_gives_what_comes_in_meanwhile(store: Store) -> None:
    store.insert("x", [(second, second) for second in range(100)])
    reading = iter(store.observations("x"))
    first = next(reading)
    store.insert("x", 1000, 1000)
    assert [first.value, *(row.value for row in reading)][-1] == 1000
    assert next(reading, None) is None


def test_streams_as_the_table_holds_them(store: Store) -> None:
    assert store.streams_as_stored() == []
    store.upsert_stream("é", name='quoted "n"\n', server_stream_id=7)
    store.upsert_stream("b", description="d", meta="\x00")
    store.insert("c", 0, 1.0)
    rows = store.streams_as_stored()
    for row, stream in zip(rows, store.streams()):
        assert list(row) == list(vars(stream))
        for time in ("last_synced", "created_at"):
            row[time] = satori_store.parse_timestamp(row[time])
        assert row == vars(stream)
    assert [row["uuid"] for row in rows] == ["é", "b"]
    assert store.streams_with_data() == ["c"] and store.streams_without_metadata() == ["c"]


@pytest.mark.parametrize("length", [0, 900, 1024, 5_000, 100_000])
def test_look_ups_of_any_length(store: Store, length: int) -> None:
    name = "é" * length
    for _ in range(2):
        stream = store.upsert_stream("x", name=name, description=name + "d")
        assert store.stream("x") == store.stream_by_name(name) == stream
        store.insert("x", 1, 1.5, hash="h" + name, provider="p" + name)
        latest = store.latest("x")
        assert latest is not None and latest == list(store.observations("x"))[-1]
        assert latest.hash == "h" + name and latest.stored_ts == 1
    assert store.stream_by_name(name + "n") is None and store.stream("none") is None
    store.upsert_stream("empty")
    assert store.latest("empty") is None
    with pytest.raises(satori_store.NotFound):
        store.latest("none")


def test_the_latest_row_as_it_is_stored(store: Store) -> None:
    for ts, wanted in [
        ("1704283200", 1704283200),
        ("1704283200.25", 1704283200.25),
        ("1704283201000", 1704283201000),
        ("2024-01-03 13:00+01:00", "2024-01-03 13:00+01:00"),
    ]:
        store.delete("x") if "x" in store else None
        store.insert_spelled("x", [(ts, 1.0)])
        latest = store.latest("x")
        assert latest is not None and latest.stored_ts == wanted
        assert type(latest.stored_ts) is type(wanted)
