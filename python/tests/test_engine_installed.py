"""The engine's classes on files that installed engines have written, and write meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas
import pytest

from satori_store.engine import EngineSqliteDatabase, EngineStorageManager

from .conftest import BITCOIN, FIXTURES
from .installed import InstalledEngine

MANIFEST = json.loads((FIXTURES / "manifest.json").read_text())
OPENED = ["before_streams.db", "nine_columns.db", "eleven_columns.db", "zero_bytes.db"]


@pytest.mark.parametrize("name", OPENED)
def test_every_method_on_files_from_the_field(fixture: Callable[[str], Path], name: str) -> None:
    path = fixture(name)
    tables = MANIFEST[name].get("tables", {})
    streams = MANIFEST[name].get("streams") or {}
    storage = EngineStorageManager(str(path.parent), name)
    db = storage.db
    assert db.listTables() == storage.listAllStreams() == list(tables)
    assert [stream["uuid"] for stream in db.getAllStreams()] == list(streams)
    for uuid, wanted in streams.items():
        found = db.getStreamByUuid(uuid)
        assert found is not None and {key: found[key] for key in wanted} == wanted
        named = db.getStreamByName(wanted["name"])
        assert named is not None and named["name"] == wanted["name"]
        assert db.getStreamUuidByName(wanted["name"]) in streams
    for uuid, wanted in tables.items():
        rows = wanted["rows"]
        assert db.tableExists(uuid)
        assert db.getRowCount(uuid) == storage.getStreamRowCount(uuid) == rows
        assert storage.hasStreamData(uuid) is (rows > 0)
        frame, engine = storage.getStreamData(uuid), storage.getStreamDataForEngine(uuid)
        assert len(frame) == len(engine) == rows
        if rows == 0:
            assert storage.getLatestStreamTimestamp(uuid) is None
            assert storage.getLatestPrediction(uuid) is None
            continue
        assert frame["value"].sum() == pytest.approx(wanted["sum"])
        assert frame["value"].tolist() == engine["value"].tolist()
        assert frame["hash"].tolist() == engine["id"].tolist()
        assert engine["date_time"].is_monotonic_increasing
        assert engine["date_time"].iloc[-1].timestamp() == wanted["last"]
        stored = db.store.observations(uuid).as_stored()[0]
        assert storage.getLatestStreamTimestamp(uuid) == stored[-1]
        assert db.getLastHash(uuid) == frame["hash"].iloc[-1]
        # As the file holds them: the last row is not there twice, whichever way it is given.
        last = frame.iloc[-1]
        spellings = [stored[-1], frame.index[-1], wanted["last"], str(wanted["last"])]
        for ts in [*spellings, engine["date_time"].iloc[-1]]:
            assert not storage.storeStreamObservation(uuid, ts, last["value"], last["hash"])
        again = storage.mergeServerDataWithLocal(uuid, frame)
        assert again.equals(engine) and db.insertDataframe(uuid, engine) == 0
        # One more, an hour later.
        later = wanted["last"] + 3600
        assert storage.storePrediction(uuid, later, 1.5)
        latest = storage.getLatestPrediction(uuid)
        assert latest is not None and latest["value"] == 1.5 and latest["provider"] == "engine"
        # A table that holds text goes on as text, until it is migrated.
        texts = sum(isinstance(ts, str) for ts in stored)
        assert latest["ts"] == later
        assert isinstance(db.getLatestTimestamp(uuid), str) == (texts > 0)
        assert db.migrateTimestampFormat(uuid) == (texts + 1 if texts else 0)
        numbers = db.getTableData(uuid)
        assert numbers["value"].tolist() == [*frame["value"], 1.5]
        assert numbers.index[0] == wanted["first"] and numbers.index[-1] == later
        storage.deleteStreamData(uuid)
        assert not db.tableExists(uuid) and db.getTableData(uuid).empty
    storage.close()


def installed(path: Path, stream: str, timestamps: list[Any]) -> InstalledEngine:
    """Starts an installed engine that has written the stream, and still has the file open."""
    engine = InstalledEngine(path)
    engine.create(stream)
    for number, ts in enumerate(timestamps):
        assert engine.insert(stream, ts, number)
    return engine


HOURS: dict[str, list[Any]] = {
    "seconds": [1704283200, 1704286800, 1704290400],
    "numeric text": ["1704283200", "1704286800", "1704290400"],
    "text": ["2024-01-03 12:00:00", "2024-01-03 13:00:00", "2024-01-03 14:00:00"],
    "ISO text": ["2024-01-03T12:00:00Z", "2024-01-03T13:00:00Z", "2024-01-03T14:00:00Z"],
    "pandas": [f"2024-01-03 {hour}:00:00+00:00" for hour in (12, 13, 14)],
}
NEXT = pandas.Timestamp("2024-01-03 15:00")


@pytest.mark.parametrize("spelling", HOURS)
@pytest.mark.parametrize(
    "given",
    [1704294000, 1704294000.0, "1704294000", NEXT, NEXT.tz_localize("UTC")],
    ids=["int", "float", "numeric text", "datetime", "aware datetime"],
)
def test_a_table_goes_on_as_it_is(tmp_path: Path, spelling: str, given: Any) -> None:
    path = tmp_path / "engine.db"
    hours = HOURS[spelling]
    with installed(path, "x", hours) as engine:
        db = EngineSqliteDatabase(str(tmp_path), "engine.db")
        assert db.insertRow("x", given, 3, "h", "engine")
        assert db.insertDataframe("x", pandas.DataFrame({"value": [4.0]}, index=[1704297600])) == 1
        answer = {"value": 5, "observed_at": "1704301200", "stream": {"uuid": "x"}}
        assert EngineStorageManager(str(tmp_path), "engine.db").storeServerResponse(answer).inserted
        # Plain SQL finds them at the end, spelled like those before.
        assert [row[1] for row in engine.rows("x")] == [0, 1, 2, 3, 4, 5]
        ts, value = engine.latest("x")
        assert value == 5 and type(ts) is type(engine.rows("x")[0][0])
        if isinstance(ts, str):
            assert ts == hours[0].replace("12:00", "17:00")
        assert db.getLatestTimestamp("x") == ts
        db.disconnect()


def test_the_control_a_number_in_a_table_of_text_is_never_the_last_in_plain_sql(
    tmp_path: Path,
) -> None:
    with installed(tmp_path / "engine.db", "x", HOURS["text"]) as engine:
        engine.insert("x", 1704294000, 3)
        assert engine.latest("x") == ["2024-01-03 14:00:00", 2]
        db = EngineSqliteDatabase(str(tmp_path), "engine.db")
        assert db.getLatestTimestamp("x") == 1704294000
        assert db.getTableData("x")["value"].tolist() == [0, 1, 2, 3]
        # Ours is: the table holds text, and goes on as text.
        db.insertRow("x", 1704297600, 4)
        assert engine.latest("x") == ["2024-01-03 16:00:00", 4]
        db.disconnect()


@pytest.mark.parametrize("spelling", HOURS)
def test_opened_extended_and_read_back(tmp_path: Path, spelling: str) -> None:
    hours = HOURS[spelling]
    with installed(tmp_path / "engine.db", BITCOIN, hours) as engine:
        before = engine.rows(BITCOIN)
        storage = EngineStorageManager(str(tmp_path), "engine.db")
        assert engine.rows(BITCOIN) == before
        # The engine's own rows already exist, under whatever it calls them.
        for number, ts in enumerate(hours):
            assert not storage.storeStreamObservation(BITCOIN, ts, number, "h", "central")
        text = "2024-01-03 15:00:00" if spelling != "ISO text" else "2024-01-03T15:00:00Z"
        stream = {"id": 1, "name": "bitcoin"}
        assert storage.storeStreamObservation(BITCOIN, text, 3, "h3", "central", stream)
        # And it finds ours, under the text that was given.
        found = engine.sql(f'SELECT value, hash, provider FROM "{BITCOIN}" WHERE ts = ?', text)
        assert found == [[3, "h3", "central"]]
        assert not engine.insert(BITCOIN, text, 3)
        assert engine.sql("SELECT uuid, name, server_stream_id FROM streams") == [
            [BITCOIN, "bitcoin", 1]
        ]
        # A stream that is new to both, and metadata that it changes.
        storage.storePredictionDf("p", pandas.DataFrame({"value": [7.0]}, index=[text]))
        assert engine.rows("p")[0][:2] == [text, 7]
        engine.create("p")
        assert engine.insert("p", "2024-01-03 16:00:00", 8)
        engine.sql("UPDATE streams SET description = 'close' WHERE uuid = ?", BITCOIN)
        changed = storage.db.getStreamByName("bitcoin")
        assert changed is not None and changed["description"] == "close"
        assert storage.getPredictions("p")["value"].tolist() == [7, 8]
        later = 1704301200 if "-" not in str(hours[0]) else hours[0].replace("12:00", "17:00")
        assert engine.insert(BITCOIN, later, 9)
        assert storage.getStreamData(BITCOIN)["value"].tolist() == [0, 1, 2, 3, 9]
        storage.close()
        assert engine.sql("PRAGMA integrity_check") == [["ok"]]


#: Nine hours, as servers, pandas, SQLite and people spell them.
SPELLINGS: dict[str, list[Any]] = {
    "seconds": [1704283200 + 3600 * hour for hour in range(9)],
    "numeric text": [str(1704283200 + 3600 * hour) for hour in range(9)],
    "fractions": [1704283200.25 + 3600 * hour for hour in range(9)],
    "SQL text": [f"2024-01-03 {hour}:00:00" for hour in range(12, 21)],
    "SQL text with a fraction": [f"2024-01-03 {hour}:00:00.250000" for hour in range(12, 21)],
    "ISO text": [f"2024-01-03T{hour}:00:00" for hour in range(12, 21)],
    "ISO text in UTC": [f"2024-01-03T{hour}:00:00Z" for hour in range(12, 21)],
    "text with an offset": [f"2024-01-03 {hour}:00:00+00:00" for hour in range(12, 21)],
    "text with another offset": [f"2024-01-03 {hour}:00:00-05:00" for hour in range(12, 21)],
}


def accuracy(observed: pandas.DataFrame, predicted: pandas.DataFrame) -> list[tuple[Any, float]]:
    """Returns what an engine's page of its accuracy shows: each prediction's error against
    the next observation. It compares timestamps as numbers where observations have such."""
    observed, predicted = observed.reset_index(), predicted.reset_index()
    found = []
    for _, prediction in predicted.iterrows():
        ts: Any = prediction["ts"]
        if pandas.api.types.is_numeric_dtype(observed["ts"]):
            ts = float(ts)
        following = observed[observed["ts"] > ts]
        if not following.empty:
            found.append((ts, prediction["value"] - following.iloc[0]["value"]))
    return found


def as_an_engine_reads(engine: InstalledEngine, stream: str) -> pandas.DataFrame:
    """Reads a table as an installed engine does: it turns text into Unix seconds in the file,
    and reads numbers."""
    for ts, *row in engine.rows(stream):
        if isinstance(ts, str):
            engine.sql(f'DELETE FROM "{stream}" WHERE ts = ?', ts)
            seconds = pandas.to_datetime(ts).timestamp()
            engine.sql(f'INSERT INTO "{stream}" VALUES (?, ?, ?, ?)', seconds, *row)
    columns = ["ts", "value", "hash", "provider"]
    types = {"value": "float64", "hash": "object", "provider": "object"}
    frame: pandas.DataFrame = pandas.DataFrame(engine.rows(stream), columns=columns)
    read: pandas.DataFrame = frame.set_index("ts").astype(types)
    return read


@pytest.mark.parametrize("predictions", SPELLINGS)
@pytest.mark.parametrize("observations", SPELLINGS)
def test_the_page_of_accuracy_shows_what_an_engine_shows(
    tmp_path: Path, observations: str, predictions: str
) -> None:
    (tmp_path / "theirs").mkdir()
    ours = EngineStorageManager(str(tmp_path / "ours"), "engine.db")
    with InstalledEngine(tmp_path / "theirs" / "engine.db") as engine:
        for stream, spelling in (("observed", observations), ("predicted", predictions)):
            engine.create(stream)
            for number, ts in enumerate(SPELLINGS[spelling]):
                value = number + (0.5 if stream == "predicted" else 0.0)
                assert engine.insert(stream, ts, value)
                assert ours.storeStreamObservation(stream, ts, value, "h", "central")
        theirs = [as_an_engine_reads(engine, stream) for stream in ("observed", "predicted")]
    found = [ours.getStreamData("observed"), ours.getPredictions("predicted")]
    for our, their in zip(found, theirs):
        pandas.testing.assert_frame_equal(our, their)
    assert accuracy(*found) == accuracy(*theirs) != []
    latest = ours.getLatestPrediction("predicted")
    assert latest is not None and latest["ts"] == theirs[1].index[-1]
    ours.close()


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_an_engine_that_rewrites_text_meanwhile_loses_nothing(
    tmp_path: Path, spelling: str
) -> None:
    texts = SPELLINGS[spelling]
    seconds = [
        pandas.Timestamp(ts).timestamp() if "-" in str(ts) else float(ts) for ts in texts
    ]
    ours = EngineStorageManager(str(tmp_path), "engine.db")
    with InstalledEngine(tmp_path / "engine.db") as engine:
        for number, ts in enumerate(texts):
            # One row is ours, the next one theirs; each reads all after every row.
            if number % 2 == 0:
                assert ours.storePrediction("p", ts, number, "h")
            else:
                assert engine.insert("p", ts, number)
            as_an_engine_reads(engine, "p")
            frame = ours.getPredictions("p")
            assert frame.index.tolist() == seconds[: number + 1]
            assert frame["value"].tolist() == list(range(number + 1))
            # It is there, under whichever spelling.
            assert not ours.storePrediction("p", ts, number, "h")
            assert engine.latest("p")[1] == number
    ours.close()
