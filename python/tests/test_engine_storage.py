"""EngineStorageManager, as engines call it."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas
import pytest

import satori_store
from satori_store.engine import EngineStorageManager

from .conftest import BITCOIN, FEEDS

HOURS = ["2024-02-01T00:00:00", "2024-02-01T01:00:00", "2024-02-01T02:00:00"]
SECONDS = [1706745600, 1706749200, 1706752800]


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[EngineStorageManager]:
    storage = EngineStorageManager(str(tmp_path), "engine.db")
    yield storage
    storage.close()


def hours() -> pandas.DataFrame:
    frame: pandas.DataFrame = pandas.DataFrame({"value": [50.0, 51.0, 52.0]}, index=HOURS)
    frame["hash"] = ["a", "b", "c"]
    return frame


def test_a_local_row_that_cannot_be_read_keeps_out_its_own_instant_alone(tmp_path: Path) -> None:
    storage = EngineStorageManager(str(tmp_path), "engine.db")
    assert storage.storeStreamData("x", hours()[:1]) == 1
    plain = sqlite3.connect(tmp_path / "engine.db")
    plain.execute('INSERT INTO x VALUES (?, ?, "h", "p")', (SECONDS[1], float("inf")))
    plain.commit()
    plain.close()
    merged = storage.mergeServerDataWithLocal("x", hours())
    assert merged["value"].tolist() == [50.0, 52.0]
    assert storage.getStreamRowCount("x") == 3
    # In the way as before, and of nothing else.
    assert not storage.storeStreamObservation("x", HOURS[1], 51.0)
    assert storage.storeStreamObservation("x", "2024-02-01T03:00:00", 53.0)
    storage.close()


def test_stream_data(storage: EngineStorageManager) -> None:
    assert not storage.hasStreamData("x") and storage.getStreamRowCount("x") == 0
    assert storage.getLatestStreamTimestamp("x") is None and storage.listAllStreams() == []
    assert storage.storeStreamData("x", hours(), provider="central") == 3
    assert storage.storeStreamData("x", hours()) == 0
    assert storage.hasStreamData("x") and storage.getStreamRowCount("x") == 3
    assert storage.getLatestStreamTimestamp("x") == HOURS[-1]
    frame = storage.getStreamData("x")
    assert frame.index.name == "ts" and frame.index.tolist() == SECONDS
    assert list(frame.columns) == ["value", "hash", "provider"]
    assert storage.listAllStreams() == ["x"]
    storage.deleteStreamData("x")
    assert not storage.hasStreamData("x") and storage.listAllStreams() == []


def test_the_frame_that_engines_work_with(storage: EngineStorageManager) -> None:
    for frame in (storage.getStreamDataForEngine("x"), stored(storage)):
        assert list(frame.columns) == ["date_time", "value", "id"]
        # Of nanoseconds alone before pandas 2.
        assert str(frame["date_time"].dtype) in ("datetime64[us, UTC]", "datetime64[ns, UTC]")
        assert frame["value"].dtype == "float64"
    assert frame["date_time"].tolist() == [pandas.Timestamp(hour, tz="UTC") for hour in HOURS]
    assert frame["value"].tolist() == [50, 51, 52] and frame["id"].tolist() == ["a", "b", "c"]
    assert frame.index.tolist() == [0, 1, 2]
    # It can be stored as it is.
    assert storage.storeStreamData("y", frame) == 3
    assert storage.getStreamDataForEngine("y").equals(frame)


def stored(storage: EngineStorageManager) -> pandas.DataFrame:
    storage.storeStreamData("x", hours())
    return storage.getStreamDataForEngine("x")


def test_one_observation_and_its_stream(storage: EngineStorageManager) -> None:
    stream = {"id": 1, "name": "bitcoin", "secondary": None, "meta": {"unit": "USD"}, "new": 1}
    assert storage.storeStreamObservation("x", "1704283200", "45000.50", "a", "central")
    assert storage.storeStreamObservation(
        streamUuid="x",
        timestamp="2024-01-03T13:00:00",
        value="45100.25",
        hash_val="",
        stream=stream,
    )
    found = storage.db.getStreamByName("bitcoin")
    assert found is not None and (found["uuid"], found["server_stream_id"]) == ("x", 1)
    assert json.loads(found["meta"]) == {"unit": "USD"}
    frame = storage.getStreamData("x")
    assert frame["value"].tolist() == [45000.5, 45100.25]
    hashed = storage.db.hashIt("a" + "2024-01-03T13:00:00" + "45100.25")
    assert frame["hash"].tolist() == ["a", hashed]
    # Already there: the metadata is news all the same.
    again = ("x", "1704283200", 45000.5, "a")
    assert not storage.storeStreamObservation(*again, stream={**stream, "name": "btc"})
    assert storage.db.getStreamUuidByName("btc") == "x"
    # In conflict: nothing of it is stored.
    assert not storage.storeStreamObservation("x", "1704283200", 1, "a", stream=stream)
    assert storage.db.getStreamUuidByName("bitcoin") is None
    # The metadata as this module gives it.
    other = storage.db.getStreamByUuid("x")
    assert other is not None
    assert storage.storeStreamObservation("y", "1704283200", 1, "a", stream=other)
    copy = storage.db.getStreamByUuid("y")
    assert copy is not None and (copy["server_stream_id"], copy["name"]) == (1, "btc")
    assert copy["id"] != other["id"]


def test_predictions(storage: EngineStorageManager) -> None:
    assert storage.getLatestPrediction("p") is None and storage.getPredictions("p").empty
    assert storage.storePrediction("p", "2024-02-01 04:00:00+00:00", 55.5, "h")
    assert not storage.storePrediction(
        predictionStreamUuid="p", timestamp="2024-02-01 04:00:00+00:00", value=55.5, hash_val="h"
    )
    index = ["2024-02-01 05:00:00+00:00", "2024-02-01 06:00:00+00:00"]
    predictions = pandas.DataFrame({"value": [56.0, 57.0]}, index=index)
    assert storage.storePredictionDf("p", predictions) == 2
    frame = storage.getPredictions("p")
    assert frame["value"].tolist() == [55.5, 56, 57] and set(frame["provider"]) == {"engine"}
    latest = storage.getLatestPrediction("p")
    assert latest == {
        "ts": 1706767200,
        "value": 57.0,
        "hash": storage.db.getLastHash("p"),
        "provider": "engine",
    }
    assert storage.listAllStreams() == ["p"]


def test_server_data_is_merged_with_local(storage: EngineStorageManager) -> None:
    storage.storeStreamData("x", hours().iloc[:2])
    # Both as the engine's own frame; the stored row of an instant stays.
    server = pandas.DataFrame({"value": [99.0, 52.0], "hash": ["z", "c"]}, index=HOURS[1:])
    merged = storage.mergeServerDataWithLocal("x", server)
    assert merged["value"].tolist() == [50, 51, 52] and merged["id"].tolist() == ["a", "b", "c"]
    assert storage.mergeServerDataWithLocal("x", server.iloc[:0]).equals(merged)
    assert storage.mergeServerDataWithLocal("y", server.iloc[:0]).empty


@pytest.mark.parametrize("as_text", [False, True])
def test_the_answers_of_the_server(storage: EngineStorageManager, as_text: bool) -> None:
    one: Any = {
        "id": 123,
        "value": "45000.50",
        "observed_at": "1704326400",
        "hash": "abc123",
        "stream_id": 1,
        "stream": {"id": 1, "uuid": "x", "name": "bitcoin", "secondary": None},
        "ts": "2024-01-04T00:00:00",
    }
    old = {"value": "1.5", "observed_at": "1704326400", "hash": "b", "ts": "2024-01-04T00:00:00"}
    batch = [
        {**one, "observed_at": "1704330000", "hash": "abc124"},
        {**one, "value": "much"},
        old,
    ]
    give = json.dumps if as_text else lambda answer: answer
    assert storage.storeServerResponse(give(one)).inserted == 1
    assert storage.storeServerResponse(give(one)).already_there == 1
    assert storage.storeServerResponse(give(old), streamUuid="y").streams == ("y",)
    assert storage.storeServerResponse(give(None)).nothing == 1
    report = storage.storeServerResponse(give(batch), provider="peer")
    assert report.inserted == 1 and [rejected.index for rejected in report.rejected] == [1, 2]
    assert storage.db.getStreamUuidByName("bitcoin") == "x"
    frame = storage.getStreamData("x")
    assert frame.index.tolist() == [1704326400, 1704330000]
    assert frame["provider"].tolist() == ["central", "peer"]


def test_a_feed(storage: EngineStorageManager) -> None:
    report = storage.storeServerResponse((FEEDS / "bitcoin.ndjson").read_bytes())
    assert report.inserted == 156
    frame = storage.getStreamDataForEngine(BITCOIN)
    assert len(frame) == 156 and frame["value"].sum() == pytest.approx(2459161.49)


def test_one_instance_in_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EngineStorageManager, "_instance", None)
    found: list[EngineStorageManager] = []
    start = threading.Barrier(16)

    def get() -> None:
        start.wait()
        found.append(EngineStorageManager.getInstance(str(tmp_path), "engine.db"))

    threads = [threading.Thread(target=get) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, found))) == 1
    first = EngineStorageManager.getInstance()
    assert first is found[0]
    first.close()
    with pytest.raises(satori_store.Closed):
        first.hasStreamData("x")
    second = EngineStorageManager.getInstance(str(tmp_path), "engine.db")
    assert second is not first and not second.hasStreamData("x")
    second.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_has_an_instance_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EngineStorageManager, "_instance", None)
    parent = EngineStorageManager.getInstance(str(tmp_path), "engine.db")
    parent.storeStreamObservation("x", "2024-01-03 12:00", 1.0, "a")
    child = os.fork()
    if child == 0:
        done = 1
        try:
            own = EngineStorageManager.getInstance(str(tmp_path), "engine.db")
            stored = own.storeStreamObservation("x", "2024-01-03 13:00", 2.0, "b")
            done = 0 if own is not parent and stored else 2
            own.close()
            parent.getStreamRowCount("x")
        except satori_store.Forked:
            done += 10
        finally:
            os._exit(done)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 10
    assert EngineStorageManager.getInstance() is parent
    assert parent.storeStreamObservation("x", "2024-01-03 14:00", 3.0, "c")
    assert parent.getStreamData("x")["value"].tolist() == [1, 2, 3]
    parent.close()


def test_metadata_that_cannot_be_stored_keeps_its_observation_out(
    storage: EngineStorageManager,
) -> None:
    assert not storage.storeStreamObservation("x", 1, 1.5, stream={"id": "no number", "name": 5})
    storage.db.on_error = "raise"
    with pytest.raises(satori_store.InvalidJson):
        storage.storeStreamObservation("x", 1, 1.5, stream={"id": "no number", "name": 5})
    assert not storage.hasStreamData("x") and storage.db.getStreamByUuid("x") is None
    assert storage.storeStreamObservation("x", 1, 1.5, stream={"id": 1, "name": "n"})
