"""EngineSqliteDatabase, as engines call it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas
import pytest

import satori_store
from satori_store.engine import EngineSqliteDatabase

NOON = "2024-01-03T12:00:00"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[EngineSqliteDatabase]:
    db = EngineSqliteDatabase(str(tmp_path / "new" / "folder"), "engine.db")
    yield db
    db.disconnect()


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[EngineSqliteDatabase]:
    db = EngineSqliteDatabase(str(tmp_path / "strict"), "engine.db", on_error="raise")
    yield db
    db.disconnect()


def test_tables(db: EngineSqliteDatabase) -> None:
    assert db.listTables() == [] and not db.tableExists("x")
    db.createTable("x")
    db.createTable("x")
    assert db.tableExists("x") and db.listTables() == ["x"]
    # Metadata is no table.
    db.upsertStream("y", name="bitcoin")
    assert not db.tableExists("y") and db.listTables() == ["x"]
    db.upsertStream("x", name="bitcoin")
    assert db.tableExists("x")
    db.deleteTable("x")
    db.deleteTable("x")
    assert not db.tableExists("x") and db.listTables() == []
    assert db.getStreamByUuid("x") is not None


def test_what_a_stream_without_rows_has(db: EngineSqliteDatabase) -> None:
    db.createTable("made")
    for uuid in ("made", "never heard of"):
        frame = db.getTableData(uuid)
        assert frame.empty and list(frame.columns) == ["value", "hash", "provider"]
        assert frame.index.name == "ts"
        assert db.getRowCount(uuid) == 0
        assert db.getLastHash(uuid) is None
        assert db.getLatestTimestamp(uuid) is None
        assert db.migrateTimestampFormat(uuid) == 0


def test_a_row_is_new_once(db: EngineSqliteDatabase, caplog: pytest.LogCaptureFixture) -> None:
    assert db.insertRow("x", NOON, 100.5, "a", "central") is True
    for again in (NOON, "2024-01-03 12:00", "1704283200", 1704283200, "2024-01-03T13:00+01:00"):
        assert db.insertRow("x", again, 100.5, "b", "engine") is False
    assert not caplog.records
    # Another value is reported, and the stored one stays.
    with caplog.at_level(logging.WARNING, "satori_store.engine"):
        assert db.insertRow("x", NOON, 7, "c", "central") is False
    assert "has the value 100.5" in caplog.text and "7.0 was offered" in caplog.text
    frame = db.getTableData("x")
    assert frame.index.tolist() == [1704283200]
    assert frame.to_dict("list") == {"value": [100.5], "hash": ["a"], "provider": ["central"]}


def test_what_engines_give_as_rows(db: EngineSqliteDatabase) -> None:
    keywords = {"table_uuid": "x", "ts": "1704283200", "value": "45000.50", "hash_val": "a"}
    db.insertRow(**keywords, provider="central")
    db.insertRow("x", 1704283260.5, Decimal("2.5"), "b", "engine")
    db.insertRow("x", datetime(2024, 1, 3, 12, 2), 3)
    db.insertRow("x", datetime(2024, 1, 3, 13, 3, tzinfo=timezone(timedelta(hours=1))), 4)
    db.insertRow("x", pandas.Timestamp("2024-01-03 12:04"), 5)
    db.insertRow("x", 1704283500000, 6, None)
    frame = db.getTableData("x")
    assert frame.index.tolist() == [
        1704283200, 1704283260.5, 1704283320, 1704283380, 1704283440, 1704283500,
    ]
    assert frame["value"].tolist() == [45000.5, 2.5, 3, 4, 5, 6]
    assert db.getLatestTimestamp("x") == 1704283500 and db.getRowCount("x") == 6
    # A hash that is missing is that of the rule.
    hashes = frame["hash"].tolist()
    assert hashes[:2] == ["a", "b"]
    assert hashes[2] == db.hashIt("b" + "1704283320" + "3.0")
    assert db.getLastHash("x") == hashes[5] == db.hashIt(hashes[4] + "1704283500" + "6.0")
    assert db.store.verify("x").verified >= 4


def test_text_is_found_again_under_that_text(db: EngineSqliteDatabase) -> None:
    texts = ["2024-01-03", "2024-01-03 12:00", "2024-01-03T13:00:00.25Z", "2024-01-04 00:00+05:30"]
    for number, text in enumerate(texts):
        assert db.insertRow("x", text, number, f"h{number}", "central")
        assert db.getLatestTimestamp("x") == text
    assert db.store.observations("x").as_stored()[0] == texts
    # What it reads are numbers, as an engine's frames hold them.
    seconds = [1704240000, 1704283200, 1704286800.25, 1704306600]
    assert db.getTableData("x").index.tolist() == seconds


@pytest.mark.parametrize("ts", ["noon", "", None, float("nan"), pandas.NaT, "2024-02-30", b"0"])
def test_what_is_no_timestamp(strict: EngineSqliteDatabase, ts: Any) -> None:
    with pytest.raises(satori_store.InvalidTimestamp):
        strict.insertRow("x", ts, 1.0, "a", "central")
    with pytest.raises(satori_store.InvalidTimestamp):
        strict.insertDataframe("x", pandas.DataFrame({"value": [1.0, 2.0]}, index=[NOON, ts]))
    assert strict.listTables() == []


@pytest.mark.parametrize("value", ["much", None, float("nan"), float("inf"), "1e400"])
def test_what_is_no_value(strict: EngineSqliteDatabase, value: Any) -> None:
    with pytest.raises(satori_store.InvalidValue):
        strict.insertRow("x", NOON, value, "a", "central")
    assert strict.listTables() == []


def test_a_data_frame_of_text(db: EngineSqliteDatabase) -> None:
    index = [f"2024-01-01T{hour:02}:00:00" for hour in range(24)]
    df = pandas.DataFrame({"value": range(24), "hash": [f"h{n}" for n in range(24)]}, index=index)
    assert db.insertDataframe("x", df, provider="test") == 24
    assert db.insertDataframe("x", df, provider="test") == 0
    assert db.insertDataframe("x", df.iloc[:0]) == 0
    frame = db.getTableData("x")
    assert db.store.observations("x").as_stored()[0] == index
    assert frame.index.tolist() == [1704067200 + 3600 * hour for hour in range(24)]
    assert frame["value"].tolist() == list(range(24)) and frame["hash"].tolist() == list(df["hash"])
    assert set(frame["provider"]) == {"test"}


@pytest.mark.parametrize(
    "index",
    [
        [1704283200, 1704283260, 1704283320],
        [1704283200.0, 1704283260.0, 1704283320.0],
        ["1704283200", "1704283260", "1704283320"],
        pandas.date_range("2024-01-03 12:00", periods=3, freq="min"),
        pandas.date_range("2024-01-03 13:00", periods=3, freq="min", tz="Europe/Berlin"),
        [datetime(2024, 1, 3, 12, minute) for minute in range(3)],
        pandas.CategoricalIndex([1704283200, 1704283260, 1704283320]),
        [Decimal(1704283200), Decimal(1704283260), Decimal(1704283320)],
        pandas.Index([1704283200, "1704283260", datetime(2024, 1, 3, 12, 2)], dtype=object),
    ],
    ids=[
        "ints", "floats", "numeric text", "naive", "aware", "datetimes", "categories", "decimals",
        "mixed",
    ],
)
def test_data_frames_of_numbers_and_datetimes(db: EngineSqliteDatabase, index: Any) -> None:
    df = pandas.DataFrame({"value": [1.0, 2.0, 3.0], "provider": ["a", None, "c"]}, index=index)
    assert db.insertDataframe("x", df, provider="b") == 3
    frame = db.getTableData("x")
    assert frame.index.tolist() == [1704283200, 1704283260, 1704283320]
    assert frame.index.dtype == "int64"
    assert frame["provider"].tolist() == ["a", "b", "c"]
    # Chained, each to the one before it.
    previous = ""
    for ts, row in frame.iterrows():
        previous = db.hashIt(f"{previous}{ts}{row['value']}")
        assert row["hash"] == previous


def test_data_frames_as_engines_work_with_them(db: EngineSqliteDatabase) -> None:
    epoch = pandas.DataFrame({"epoch": [1704283200.0, 1704283260.0], "value": [1, 2]})
    assert db.insertDataframe("x", epoch.assign(id=["a", None])) == 2
    assert db.getTableData("x")["hash"].tolist() == ["a", db.hashIt("a" + "1704283260" + "2.0")]
    server = pandas.DataFrame({"ts": ["2024-01-04 00:00"], "value": ["3.5"], "hash": ["c"]})
    assert db.insertDataframe("x", server) == 1
    assert db.getLatestTimestamp("x") == "2024-01-04 00:00" and db.getLastHash("x") == "c"


def test_a_data_frame_is_stored_whole_or_not_at_all(strict: EngineSqliteDatabase) -> None:
    df = pandas.DataFrame({"value": [1.0, float("nan")]}, index=[NOON, "2024-01-03T13:00:00"])
    with pytest.raises(satori_store.InvalidValue):
        strict.insertDataframe("x", df)
    with pytest.raises(satori_store.InvalidArrow):
        strict.insertDataframe("x", df.rename(columns={"value": "values"}))
    assert strict.getRowCount("x") == 0


def _arrow_index() -> pandas.Index:
    pytest.importorskip("pyarrow")
    index: pandas.Index = pandas.Index([0, 2, 3], dtype="int64[pyarrow]")
    return index


#: What pandas' everyday calls leave of an index that counts rows.
_LEFT: dict[str, Callable[[pandas.DataFrame], pandas.DataFrame]] = {
    "nothing": lambda df: df,
    "dropna": lambda df: df.dropna(),
    "sort_values": lambda df: df.dropna().sort_values("value", ascending=False),
    "concat": lambda df: pandas.concat([df.dropna(), df.dropna().assign(value=7.0)]),
    "iloc": lambda df: df.iloc[[0, 2, 3]],
    "as floats": lambda df: df.dropna().set_axis([0.0, 2.0, 3.0]),
    "as objects": lambda df: df.dropna().set_axis(pandas.Index([0, 2, 3], dtype=object)),
    "as text": lambda df: df.dropna().set_axis(["0", "2", "3"]),
    "as decimals": lambda df: df.dropna().set_axis([Decimal(0), Decimal(2), Decimal(3)]),
    "as categories": lambda df: df.dropna().set_axis(pandas.CategoricalIndex([0, 2, 3])),
    "as text categories": lambda df: df.dropna().set_axis(pandas.CategoricalIndex(["0", "2", "3"])),
    "of Arrow's": lambda df: df.dropna().set_axis(_arrow_index()),
    "from -1": lambda df: df.dropna().set_axis([-1, 0, 2]),
    "halves": lambda df: df.dropna().set_axis([0.5, 1.5, 2.5]),
    "mixed": lambda df: df.dropna().set_axis(pandas.Index([0, "2", 3])),
    "numbers among times": lambda df: df.dropna().set_axis([0, 1704283200, 1704286800]),
    "yes and no": lambda df: df.dropna().set_axis([True, False, True]),
}


@pytest.mark.parametrize("left", _LEFT)
def test_an_index_that_counts_rows_is_no_time(strict: EngineSqliteDatabase, left: str) -> None:
    days = ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"]
    df = _LEFT[left](pandas.DataFrame({"date": days, "value": [3.0, None, 1.0, 2.0]}))
    with pytest.raises(satori_store.InvalidArrow, match="set_index"):
        strict.insertDataframe("x", df)
    assert strict.listTables() == []
    # As the error says.
    rows = df.dropna().iloc[:3]
    assert strict.insertDataframe("x", rows.set_index("date")) == 3
    assert strict.insertDataframe("y", rows.rename(columns={"date": "ts"})) == 3
    # An index that says that it holds timestamps does.
    early = pandas.DataFrame({"value": [1.0, 2.0]}, index=pandas.Index([0, 60], name="ts"))
    assert strict.insertDataframe("z", early) == 2


@pytest.mark.parametrize(
    "frame",
    [
        pandas.DataFrame(),
        pandas.DataFrame({"value": []}),
        pandas.DataFrame({"ts": [], "value": []}),
        pandas.DataFrame({"value": [1.0]}).iloc[:0],
        pandas.DataFrame({"value": [1.0]}, index=[NOON]).iloc[:0],
    ],
)
def test_a_data_frame_of_no_rows_is_no_failure(
    strict: EngineSqliteDatabase, caplog: pytest.LogCaptureFixture, frame: pandas.DataFrame
) -> None:
    assert strict.insertDataframe("x", frame) == 0
    assert not caplog.records
    assert strict.getRowCount("x") == 0


def test_migration_rewrites_when_it_is_called(db: EngineSqliteDatabase) -> None:
    for number, ts in enumerate([NOON, "2024-01-03 13:00", 1704290400]):
        db.insertRow("x", ts, number, "h", "central")
    before = db.getTableData("x")
    assert before.index.tolist() == [1704283200, 1704286800, 1704290400]
    assert db.getLatestTimestamp("x") == "2024-01-03T14:00:00"
    assert db.migrateTimestampFormat("x") == 3
    assert db.getTableData("x").equals(before)
    assert db.getLatestTimestamp("x") == 1704290400
    assert db.migrateTimestampFormat("x") == 0


def test_hash_is_that_of_the_engine() -> None:
    # The first two rows of the bitcoin feed.
    first = EngineSqliteDatabase.hashIt("1327968000" + "5.55")
    assert first == "88d64c21a0749e35"
    assert EngineSqliteDatabase.hashIt(first + "1330473600" + "4.99") == "e78f0ae3a0253d9a"


COLUMNS = [
    "id", "server_stream_id", "uuid", "name", "author", "secondary", "target", "meta",
    "description", "last_synced", "created_at",
]  # fmt: skip


def test_metadata(db: EngineSqliteDatabase) -> None:
    db.createStreamsTable()
    assert db.getStreamByUuid("x") is None and db.getStreamByName("bitcoin") is None
    assert db.getStreamUuidByName("bitcoin") is None and db.getAllStreams() == []
    assert db.upsertStream(server_stream_id=1, uuid="x", name="bitcoin", meta="m", secondary=None)
    first = db.getStreamByUuid("x")
    assert first is not None and list(first) == COLUMNS
    assert (first["server_stream_id"], first["name"], first["meta"]) == (1, "bitcoin", "m")
    assert first["author"] is None and first["description"] is None
    datetime.strptime(first["last_synced"], "%Y-%m-%dT%H:%M:%S.%f")
    datetime.strptime(first["created_at"], "%Y-%m-%d %H:%M:%S")
    # By position, as of the engine.
    assert db.upsertStream("x", 2, "bitcoin", "a", "s", "t", None, "d")
    second = db.getStreamByUuid("x")
    assert second is not None and second["meta"] is None and second["target"] == "t"
    assert (second["id"], second["created_at"]) == (first["id"], first["created_at"])
    assert second["last_synced"] > first["last_synced"]
    # What is left out stays.
    db.upsertStream("x", description=None)
    third = db.getStreamByUuid("x")
    assert third is not None and third["name"] == "bitcoin" and third["description"] is None
    db.upsertStream("y", name="bitcoin")
    assert db.getStreamUuidByName("bitcoin") == "y"
    assert db.getStreamByName("bitcoin") == db.getStreamByUuid("y")
    assert [stream["uuid"] for stream in db.getAllStreams()] == ["x", "y"]


def test_the_connection(db: EngineSqliteDatabase) -> None:
    db.insertRow("x", NOON, 1.0, "a", "central")
    db.createConnection()
    assert db.getRowCount("x") == 1
    db.disconnect()
    db.disconnect()
    with pytest.raises(satori_store.Closed, match="createConnection"):
        db.getRowCount("x")
    db.createConnection()
    assert db.getRowCount("x") == 1


def test_errors_are_raised(fixture: Callable[[str], Path]) -> None:
    for name, error in [
        ("later_release.db", satori_store.LaterRelease),
        ("not_a_database.db", satori_store.NotAStore),
        ("truncated.db", satori_store.Corrupt),
        ("bad_page.db", satori_store.Corrupt),
    ]:
        path = fixture(name)
        before = path.read_bytes()
        with pytest.raises(error):
            EngineSqliteDatabase(str(path.parent), name)
        assert path.read_bytes() == before


def test_names_that_are_no_streams(strict: EngineSqliteDatabase) -> None:
    for call in (
        lambda: strict.createTable("streams"),
        lambda: strict.deleteTable("sqlite_sequence"),
        lambda: strict.insertRow("", NOON, 1.0, "a", "central"),
    ):
        with pytest.raises(satori_store.InvalidUuid):
            call()
    for name in ("streams", "sqlite_sequence", ""):
        assert strict.getTableData(name).empty and strict.getRowCount(name) == 0
        assert strict.getLatestTimestamp(name) is None and not strict.tableExists(name)


def test_many_threads(db: EngineSqliteDatabase) -> None:
    def insert(thread: int) -> None:
        for n in range(50):
            assert db.insertRow(f"s{thread % 3}", 1704283200 + n * 100 + thread, n, "h", "central")

    threads = [threading.Thread(target=insert, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(db.getRowCount(f"s{number}") for number in range(3)) == 8 * 50
