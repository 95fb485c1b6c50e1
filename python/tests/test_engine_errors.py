"""What engines get where something fails: writes report it, reads raise it, and rows that
can't be read are left out."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas
import pytest

import satori_store
from satori_store.engine import EngineSqliteDatabase, EngineStorageManager

from .installed import InstalledEngine

HOURS = pandas.DataFrame({"value": [1.0, 2.0]}, index=["2024-01-03 12:00", "2024-01-03 13:00"])
STREAM = {"id": 1, "name": "bitcoin"}

#: The writes that report by a bool or a number, each with what it reports if it fails.
WRITES: dict[str, tuple[Any, Callable[[EngineStorageManager], Any]]] = {
    "insertRow": (False, lambda storage: storage.db.insertRow("x", 1, 1.0, "h")),
    "insertDataframe": (0, lambda storage: storage.db.insertDataframe("x", HOURS)),
    "upsertStream": (False, lambda storage: storage.db.upsertStream("x", name="n")),
    "storeStreamData": (0, lambda storage: storage.storeStreamData("x", HOURS)),
    "storeStreamObservation": (False, lambda storage: storage.storeStreamObservation("x", 1, 1.0)),
    "storeStreamObservation with a stream": (
        False,
        lambda storage: storage.storeStreamObservation("x", 1, 1.0, stream=STREAM),
    ),
    "storePrediction": (False, lambda storage: storage.storePrediction("x", 1, 1.0, "h")),
    "storePredictionDf": (0, lambda storage: storage.storePredictionDf("x", HOURS)),
    "migrateTimestampFormat": (0, lambda storage: storage.db.migrateTimestampFormat("text")),
}


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EngineStorageManager]:
    monkeypatch.setattr("satori_store.engine.connection._BUSY_TIMEOUT", 0.05)
    storage = EngineStorageManager(str(tmp_path), "engine.db")
    storage.storeStreamData("text", HOURS)
    yield storage
    storage.close()


@pytest.mark.parametrize("write", WRITES)
def test_a_write_that_fails_says_so(
    storage: EngineStorageManager, caplog: pytest.LogCaptureFixture, write: str
) -> None:
    failure, call = WRITES[write]
    other = sqlite3.connect(storage.db.dbname, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    found = call(storage)
    assert found == failure and type(found) is type(failure)
    (record,) = caplog.records
    assert record.name == "satori_store.engine" and record.levelno == logging.ERROR
    assert record.exc_info is not None and isinstance(record.exc_info[1], satori_store.Busy)
    assert f"failed: {record.exc_info[1]}" in record.getMessage()
    # Asked to, it raises.
    caplog.clear()
    storage.db.on_error = "raise"
    with pytest.raises(satori_store.Busy):
        call(storage)
    assert not caplog.records
    # The control: nothing was stored, and without the other it does.
    other.execute("ROLLBACK")
    assert storage.db.listTables() == ["text"] and storage.db.getAllStreams() == []
    assert call(storage) not in (False, 0)
    other.close()


def test_an_observation_is_stored_though_its_metadata_is_not(
    storage: EngineStorageManager, caplog: pytest.LogCaptureFixture
) -> None:
    plain = sqlite3.connect(storage.db.dbname, isolation_level=None)
    plain.execute(
        "CREATE TRIGGER no BEFORE INSERT ON streams BEGIN SELECT RAISE(ABORT, 'not today'); END"
    )
    call = ("x", 5, 1.0, "h", "central", STREAM)
    # The engine publishes what is stored, which the row is.
    assert storage.storeStreamObservation(*call) is True
    assert plain.execute("SELECT ts, value, hash FROM x").fetchall() == [(5, 1, "h")]
    (record,) = caplog.records
    assert record.levelno == logging.ERROR and record.exc_info is not None
    for part in ("the observation is stored, its metadata is not", "not today"):
        assert part in record.getMessage()
    assert "nothing is stored" not in record.getMessage()
    # It raises if that is asked for, and the repeat reports that the row already exists.
    storage.db.on_error = "raise"
    with pytest.raises(satori_store.DatabaseError, match="not today"):
        storage.storeStreamObservation("x", 6, 1.0, "h", "central", STREAM)
    assert storage.getStreamRowCount("x") == 2
    plain.execute("DROP TRIGGER no")
    assert storage.storeStreamObservation("x", 6, 1.0, "h", "central", STREAM) is False
    assert storage.db.getStreamUuidByName("bitcoin") == "x"
    plain.close()


def test_what_nobody_knows_is_not_claimed(
    storage: EngineStorageManager,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The commit's sync fails: the row may be stored, and the error says so."""
    unknown = satori_store.DatabaseError("disk I/O error; whether the write is stored is not known")

    def failing(*_: Any, **__: Any) -> Any:
        raise unknown

    for method in ("insert_spelled", "upsert_stream", "normalize"):
        monkeypatch.setattr(storage.db.store, method, failing)
    for failure, call in WRITES.values():
        caplog.clear()
        assert call(storage) == failure
        (record,) = caplog.records
        assert str(unknown) in record.getMessage() and "nothing" not in record.getMessage()


@pytest.mark.parametrize(
    "call",
    [
        lambda storage: storage.storePrediction("p", object(), 1.0, "h"),
        lambda storage: storage.storePrediction("p", "2024-01-03", [], "h"),
        lambda storage: storage.storePrediction(7, "2024-01-03", 1.0, "h"),
        lambda storage: storage.storePredictionDf("p", {"value": [1.0]}),
        lambda storage: storage.storePredictionDf("p", pandas.DataFrame({"price": [1.0]})),
        lambda storage: storage.storeStreamObservation("p", "2024-01-03", 1.0, stream="bitcoin"),
        lambda storage: storage.db.upsertStream("p", server_stream_id="one"),
    ],
)
def test_a_wrong_argument_is_a_failure_too(
    storage: EngineStorageManager,
    caplog: pytest.LogCaptureFixture,
    call: Callable[[EngineStorageManager], Any],
) -> None:
    assert call(storage) in (False, 0)
    (record,) = caplog.records
    assert record.exc_info is not None and record.levelno == logging.ERROR
    assert storage.listAllStreams() == ["text"] and storage.db.getAllStreams() == []
    storage.db.on_error = "raise"
    with pytest.raises(Exception):  # noqa: B017
        call(storage)


def test_an_interrupt_goes_through(
    storage: EngineStorageManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(storage.db, "insertRows", interrupt)
    for call in (WRITES["storePrediction"], WRITES["storePredictionDf"]):
        with pytest.raises(KeyboardInterrupt):
            call[1](storage)


def test_a_call_that_lacks_an_argument_is_no_failure_but_an_error(
    storage: EngineStorageManager,
) -> None:
    with pytest.raises(TypeError):
        storage.storePrediction("p")  # type: ignore[call-arg]


def test_reads_raise(storage: EngineStorageManager) -> None:
    storage.close()
    for read in READS.values():
        with pytest.raises(satori_store.Closed):
            read(storage, "text")
    assert storage.storePrediction("p", 1, 1.0) is False


def test_how_errors_are_reported_is_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong: Any = "ignore"
    with pytest.raises(satori_store.InvalidArgument, match="'log' or 'raise'"):
        EngineSqliteDatabase(str(tmp_path), "engine.db", on_error=wrong)
    monkeypatch.setattr(EngineStorageManager, "_instance", None)
    storage = EngineStorageManager.getInstance(str(tmp_path), "engine.db", on_error="raise")
    with pytest.raises(satori_store.InvalidTimestamp):
        storage.storePrediction("p", "noon", 1.0)
    storage.close()


#: Every read call of the drop-in that has to do with one stream.
READS: dict[str, Callable[[EngineStorageManager, str], Any]] = {
    "getTableData": lambda storage, uuid: storage.db.getTableData(uuid),
    "getRowCount": lambda storage, uuid: storage.db.getRowCount(uuid),
    "getLastHash": lambda storage, uuid: storage.db.getLastHash(uuid),
    "getLatestTimestamp": lambda storage, uuid: storage.db.getLatestTimestamp(uuid),
    "latestRow": lambda storage, uuid: storage.db.latestRow(uuid),
    "tableExists": lambda storage, uuid: storage.db.tableExists(uuid),
    "getStreamData": lambda storage, uuid: storage.getStreamData(uuid),
    "getStreamDataForEngine": lambda storage, uuid: storage.getStreamDataForEngine(uuid),
    "hasStreamData": lambda storage, uuid: storage.hasStreamData(uuid),
    "getStreamRowCount": lambda storage, uuid: storage.getStreamRowCount(uuid),
    "getLatestStreamTimestamp": lambda storage, uuid: storage.getLatestStreamTimestamp(uuid),
    "getPredictions": lambda storage, uuid: storage.getPredictions(uuid),
    "getLatestPrediction": lambda storage, uuid: storage.getLatestPrediction(uuid),
    "mergeServerDataWithLocal": lambda storage, uuid: storage.mergeServerDataWithLocal(
        uuid, pandas.DataFrame({"value": []})
    ),
}
#: The reads that count rows, whether these can be read or not.
COUNTS = ("getRowCount", "getStreamRowCount")

#: Rows as installed engines have stored them, which can't be read.
UNREADABLE = {
    "a date that doesn't exist": ("2024-13-45", 9.0, "h"),
    "no time": ("None", 9.0, "h"),
    "text after all dates": ("yesterday", 9.0, "h"),
    "an infinite value, the latest": (1704294000, float("inf"), "h"),
    "an infinite value, the first": (1704200000, float("inf"), "h"),
    "a value that is text": (1704294000, "much", "h"),
    "no value but bytes": ("2024-01-03 23:00:00", b"\x07", "h"),
}


@pytest.mark.parametrize("bad", UNREADABLE)
@pytest.mark.parametrize("spelling", ["numbers", "text", "mixed"])
def test_rows_that_cannot_be_read_are_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, spelling: str, bad: str
) -> None:
    numbers: list[Any] = [1704283200, 1704286800, 1704290400]
    texts = ["2024-01-03 12:00:00", "2024-01-03 13:00:00", "2024-01-03 14:00:00"]
    good = {"numbers": numbers, "text": texts, "mixed": [*numbers[:1], *texts[1:]]}[spelling]
    with InstalledEngine(tmp_path / "engine.db") as engine:
        for stream in ("clean", "bad", "also bad"):
            engine.create(stream)
            for number, ts in enumerate(good):
                engine.insert(stream, ts, number)
    plain = sqlite3.connect(tmp_path / "engine.db")
    for stream in ("bad", "also bad"):
        plain.execute(f'INSERT INTO "{stream}" VALUES (?, ?, ?, "p")', UNREADABLE[bad])
    plain.commit()
    plain.close()
    before = (tmp_path / "engine.db").read_bytes()

    storage = EngineStorageManager(str(tmp_path), "engine.db")
    for name, read in READS.items():
        wanted, found = read(storage, "clean"), read(storage, "bad")
        if name in COUNTS:
            assert (wanted, found) == (3, 4)
        elif isinstance(wanted, pandas.DataFrame):
            pandas.testing.assert_frame_equal(found, wanted)
        else:
            assert found == wanted, name
    # One warning a stream, that says which row, why, and what to do.
    (warning,) = caplog.records
    assert warning.levelno == logging.WARNING
    for part in ('"bad"', "quarantine('bad')", "unreadable('bad')"):
        assert part in warning.getMessage()
    # The page that lists all streams goes on.
    pages = [storage.getPredictions(uuid) for uuid in storage.listAllStreams()]
    assert len(pages) == 3 and pages[0].equals(pages[1]) and pages[0].equals(pages[2])
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    # Reading has changed nothing, and what it left out is still there.
    assert len(storage.db.store.unreadable("bad")) == 1
    storage.close()
    assert (tmp_path / "engine.db").read_bytes() == before


@pytest.mark.parametrize(
    ("far", "seconds"),
    [(-94_694_400_000, -94_694_400_000), ("9999-12-31 23:00:00-05:00", 253_402_315_200)],
)
def test_a_year_that_no_datetime_can_hold_is_a_number(
    storage: EngineStorageManager, caplog: pytest.LogCaptureFixture, far: Any, seconds: int
) -> None:
    plain = sqlite3.connect(storage.db.dbname)
    storage.db.createTable("x")
    plain.executemany("INSERT INTO x VALUES (?, ?, 'h', 'p')", [(far, 1.0)])
    plain.commit()
    plain.close()
    for name, read in READS.items():
        if name not in ("getStreamDataForEngine", "mergeServerDataWithLocal"):
            read(storage, "x")
    assert storage.getLatestStreamTimestamp("x") == far
    assert storage.getStreamData("x").index.tolist() == [seconds]
    latest = storage.getLatestPrediction("x")
    assert latest == {"ts": seconds, "value": 1, "hash": "h", "provider": "p"}
    assert storage.db.getLastHash("x") == "h" and not caplog.records
