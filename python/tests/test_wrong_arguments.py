"""Whatever is given for an argument, only errors of the store come, in few words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas
import pytest

import satori_store
from satori_store import Store, StoreError
from satori_store.engine import EngineSqliteDatabase, EngineStorageManager

#: What is hardly ever meant, of every kind.
WRONG: list[Any] = [
    None,
    object(),
    "x" * 1_000_000,
    "\udc80",
    "a\0b",
    "",
    b"x",
    b"x" * 1_000_000,
    float("nan"),
    float("inf"),
    -float("inf"),
    -1,
    10**5000,
    True,
    1.5,
    timedelta.max,
    timedelta.min,
    [],
    [None],
    [object()],
    [()],
    [[1]],
    [(None, None)],
    [("2024-01-03", 1, 2, 3)],
    [(object(), object(), object(), object())],
    [("2024-01-03", "x" * 1_000_000)],
    [("x" * 1_000_000, 1)],
    [(b"x" * 1_000_000, 1)],
    {},
    {"a": object()},
    set("ab"),
    lambda: None,
]

#: Calls with one argument that is wrong.
CALLS: dict[str, Callable[[Store, Any], Any]] = {
    "upsert_stream(uuid)": lambda s, x: s.upsert_stream(x),
    "upsert_stream(name)": lambda s, x: s.upsert_stream("u", name=x),
    "upsert_stream(server_stream_id)": lambda s, x: s.upsert_stream("u", server_stream_id=x),
    "update_stream(uuid)": lambda s, x: s.update_stream(x),
    "update_stream(name)": lambda s, x: s.update_stream("a", name=x),
    "contains": lambda s, x: s.contains(x),
    "in": lambda s, x: x in s,
    "stream": lambda s, x: s.stream(x),
    "stream_by_name": lambda s, x: s.stream_by_name(x),
    "stream_as_stored": lambda s, x: s.stream_as_stored(x),
    "stream_by_name_as_stored": lambda s, x: s.stream_by_name_as_stored(x),
    "streams_by_name": lambda s, x: s.streams_by_name(x),
    "streams_by_server_id": lambda s, x: s.streams_by_server_id(x),
    "search_streams": lambda s, x: s.search_streams(x),
    "stale_streams": lambda s, x: s.stale_streams(x),
    "remove(uuid)": lambda s, x: s.remove(x),
    "remove(what)": lambda s, x: s.remove("u", x),
    "insert(uuid)": lambda s, x: s.insert(x, 0, 1),
    "insert(ts)": lambda s, x: s.insert("u", x, 1),
    "insert(value)": lambda s, x: s.insert("u", 0, x),
    "insert(hash)": lambda s, x: s.insert("u", 0, 1, hash=x),
    "insert(provider)": lambda s, x: s.insert("u", 0, 1, provider=x),
    "insert(unit)": lambda s, x: s.insert("u", 0, 1, unit=x),
    "insert(data)": lambda s, x: s.insert("u", x),
    "insert(data, provider)": lambda s, x: s.insert("u", [(0, 1)], provider=x),
    "insert_many(uuid)": lambda s, x: s.insert_many(x, [(0, 1)]),
    "insert_many(data)": lambda s, x: s.insert_many("u", x),
    "insert_many(row)": lambda s, x: s.insert_many("u", [x]),
    "insert_many(ts)": lambda s, x: s.insert_many("u", [(x, 1)]),
    "insert_many(value)": lambda s, x: s.insert_many("u", [(0, x)]),
    "insert_many(hash)": lambda s, x: s.insert_many("u", [(0, 1, x)]),
    "insert_many(row's provider)": lambda s, x: s.insert_many("u", [(0, 1, "h", x)]),
    "insert_many(provider)": lambda s, x: s.insert_many("u", [(0, 1)], provider=x),
    "insert_many(unit)": lambda s, x: s.insert_many("u", [(0, 1)], unit=x),
    "insert_across(rows)": lambda s, x: s.insert_across(x),
    "insert_across(row)": lambda s, x: s.insert_across([x]),
    "insert_across(uuid)": lambda s, x: s.insert_across([(x, 0, 1)]),
    "insert_across(ts)": lambda s, x: s.insert_across([("u", x, 1)]),
    "insert_across(value)": lambda s, x: s.insert_across([("u", 0, x)]),
    "insert_across(hash)": lambda s, x: s.insert_across([("u", 0, 1, x)]),
    "insert_across(row's provider)": lambda s, x: s.insert_across([("u", 0, 1, "h", x)]),
    "insert_across(provider)": lambda s, x: s.insert_across([("u", 0, 1)], provider=x),
    "insert_across(unit)": lambda s, x: s.insert_across([("u", 0, 1)], unit=x),
    "insert_spelled(uuid)": lambda s, x: s.insert_spelled(x, [("2024-01-03", 1)]),
    "insert_spelled(rows)": lambda s, x: s.insert_spelled("u", x),
    "insert_spelled(row)": lambda s, x: s.insert_spelled("u", [x]),
    "insert_spelled(rows, one wrong)": lambda s, x: s.insert_spelled(
        "u", [("2024-01-03", 1), x]
    ),
    "insert_spelled(ts)": lambda s, x: s.insert_spelled("u", [(x, 1)]),
    "insert_spelled(value)": lambda s, x: s.insert_spelled("u", [("2024-01-03", x)]),
    "insert_spelled(hash)": lambda s, x: s.insert_spelled("u", [("2024-01-03", 1, x)]),
    "insert_spelled(provider)": lambda s, x: s.insert_spelled(
        "u", [("2024-01-03", 1)], provider=x
    ),
    "observations(uuid)": lambda s, x: s.observations(x),
    "observations(start)": lambda s, x: list(s.observations("a", x)),
    "observations(end)": lambda s, x: list(s.observations("a", None, x)),
    "last(uuid)": lambda s, x: s.last(x, 1),
    "last(count)": lambda s, x: s.last("a", x),
    "backup": lambda s, x: s.backup(x),
    "first(uuid)": lambda s, x: s.first(x, 1),
    "first(count)": lambda s, x: s.first("a", x),
    "last_before(uuid)": lambda s, x: s.last_before(x, 0, 1),
    "last_before(before)": lambda s, x: s.last_before("a", x, 1),
    "last_before(count)": lambda s, x: s.last_before("a", 0, x),
    "as_of(uuid)": lambda s, x: s.as_of(x, 0),
    "as_of(ts)": lambda s, x: s.as_of("a", x),
    "latest_of(uuids)": lambda s, x: s.latest_of(x),
    "latest_of(uuid)": lambda s, x: s.latest_of(["a", x]),
    "wait(seen)": lambda s, x: s.wait(x, 0),
    "wait(timeout)": lambda s, x: s.wait(0, x),
    "newer(after)": lambda s, x: s.newer(x),
    "newer(uuid)": lambda s, x: s.newer({(x if isinstance(x, int) else (1,)): 0}),  # type: ignore[dict-item]
    "newer(ts)": lambda s, x: s.newer({"a": x}),
    "newer(limit)": lambda s, x: s.newer({"a": 0}, x),
    "follow(uuids)": lambda s, x: s.follow(x),
    "follow(uuid)": lambda s, x: s.follow(["a", x]),
    "follow(after)": lambda s, x: s.follow(["a"], x),
    "follow(timeout)": lambda s, x: s.follow(["a"], timeout=x),
    "resample(uuid)": lambda s, x: s.resample(x, "1h"),
    "resample(step)": lambda s, x: s.resample("a", x),
    "resample(start)": lambda s, x: list(s.resample("a", "1h", x)),
    "resample(end)": lambda s, x: list(s.resample("a", "1h", None, x)),
    "resample(empty)": lambda s, x: list(s.resample("a", "1h", empty=x)),
    "align(uuids)": lambda s, x: s.align(x, "1h"),
    "align(uuid)": lambda s, x: s.align(["a", x], "1h"),
    "align(names)": lambda s, x: s.align({"name": x}, "1h"),
    "align(clock)": lambda s, x: s.align(["a"], x),
    "align(instants)": lambda s, x: s.align(["a"], [x]),
    "align(start)": lambda s, x: s.align(["a"], "1h", x),
    "align(end)": lambda s, x: s.align(["a"], "1h", None, x),
    "align(how)": lambda s, x: s.align(["a"], "1h", how=x),
    "align(max_age)": lambda s, x: s.align(["a"], "1h", max_age=x),
    "streams_of(uuids)": lambda s, x: s.streams_of(x),
    "streams_of(uuid)": lambda s, x: s.streams_of(["a", x]),
    "streams_named(names)": lambda s, x: s.streams_named(x),
    "streams_named(name)": lambda s, x: s.streams_named(["a", x]),
    "latest": lambda s, x: s.latest(x),
    "latest_as_stored": lambda s, x: s.latest_as_stored(x),
    "observation(uuid)": lambda s, x: s.observation(x, 0),
    "observation(ts)": lambda s, x: s.observation("a", x),
    "count(uuid)": lambda s, x: s.count(x),
    "count(start)": lambda s, x: s.count("a", x),
    "count(end)": lambda s, x: s.count("a", None, x),
    "statistics": lambda s, x: s.statistics(x),
    "delete(uuid)": lambda s, x: s.delete(x),
    "delete(start)": lambda s, x: s.delete("u", x),
    "retain(uuid)": lambda s, x: s.retain(x, last=1),
    "retain(since)": lambda s, x: s.retain("a", since=x, dry_run=True),
    "retain(last)": lambda s, x: s.retain("a", last=x),
    "retain(dry_run)": lambda s, x: s.retain("a", last=1, dry_run=x),
    "retain_dry_run": lambda s, x: s.retain_dry_run("a", last=x),
    "check(synced_since)": lambda s, x: s.check(synced_since=x),
    "check_file(synced_since)": lambda s, x: s.check_file(synced_since=x),
    "check_stream": lambda s, x: s.check_stream(x),
    "normalize(uuid)": lambda s, x: s.normalize(x),
    "normalize(dry_run)": lambda s, x: s.normalize("a", dry_run=x),
    "normalize_dry_run": lambda s, x: s.normalize_dry_run(x),
    "unreadable": lambda s, x: s.unreadable(x),
    "quarantine(uuid)": lambda s, x: s.quarantine(x),
    "quarantine(dry_run)": lambda s, x: s.quarantine("a", dry_run=x),
    "quarantined": lambda s, x: s.quarantined(x),
    "restore": lambda s, x: s.restore(x),
    "restate_digest": lambda s, x: s.restate_digest(x),
    "verify": lambda s, x: s.verify(x),
    "ingest(json)": lambda s, x: s.ingest(x),
    "ingest(value)": lambda s, x: s.ingest({"value": x, "observed_at": 1, "stream": {"uuid": "u"}}),
    "ingest(line)": lambda s, x: s.ingest(["null", x]),
    "ingest(uuid)": lambda s, x: s.ingest("null", uuid=x),
    "ingest(provider)": lambda s, x: s.ingest("null", provider=x),
    "ingest(strict)": lambda s, x: s.ingest("null", strict=x),
    "ingest(format)": lambda s, x: s.ingest("null", format=x),
    "ingest(first_line)": lambda s, x: s.ingest("null", first_line=x),
    "ingest(unit)": lambda s, x: s.ingest("null", unit=x),
    "sync_streams": lambda s, x: s.sync_streams(x),
    "sync_streams(name)": lambda s, x: s.sync_streams([{"uuid": "u", "name": x}]),
    "sync_streams(key)": lambda s, x: s.sync_streams([{(x if isinstance(x, int) else (1,)): 1}]),
    "parse_timestamp(text)": lambda _, x: satori_store.parse_timestamp(x),
    "parse_timestamp(unit)": lambda _, x: satori_store.parse_timestamp("0", unit=x),
    "stream_uuid(source)": lambda _, x: satori_store.stream_uuid(x, "a", "b"),
    "stream_uuid(target)": lambda _, x: satori_store.stream_uuid("a", "b", "c", x),
}  # fmt: skip

#: Options of a store.
OPTIONS = [
    "busy_timeout",
    "synchronous",
    "read_only",
    "create",
    "keep_spelling",
    "skip_unreadable",
    "digest",
]


@contextmanager
def only_errors_of_the_store(call: str, wrong: Any) -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        assert 0 < len(str(error)) <= 500, (call, error)
    except Exception as error:
        pytest.fail(f"{call} of {satori_store._text.shown(wrong)}: {error!r:.300}")


@pytest.mark.parametrize("call", CALLS)
def test_calls(call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Some of what is wrong elsewhere is a path.
    monkeypatch.chdir(tmp_path)
    with Store.in_memory() as store:
        store.upsert_stream("a", name="a")
        store.insert("a", 0, 1)
        for wrong in WRONG:
            with only_errors_of_the_store(call, wrong):
                CALLS[call](store, wrong)
        assert store.count("a") == 1


#: What holds a password, in places where something else is meant.
SECRETS: list[Any] = [
    given
    for text in (
        "postgres://ann:secret@host/engine",
        "postgre:/ann:secret@host/engine",
        "postgresql://host/engine?password=secret",
        "//ann:secret@host/engine",
        "postgres://ann:secret/engine",
        "host=127.0.0.1 user=ann password=secret",
    )
    for given in (text, text.encode(), text + "\udc80", text + "\0", [text], [(text, 1)], {text: text})
]


@contextmanager
def no_secret(call: str) -> Iterator[None]:
    """Lets no exception show the password."""
    try:
        yield
    except Exception as error:
        assert "secret" not in f"{error} {error!r}", (call, error)


@pytest.mark.parametrize("call", CALLS)
def test_no_error_shows_a_password(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Store.in_memory() as store:
        store.insert("a", 0, 1)
        for secret in SECRETS:
            with no_secret(call):
                CALLS[call](store, secret)


FRAME: pandas.DataFrame = pandas.DataFrame({"ts": ["2024-01-03"], "value": [1.0]})


def frame(**cells: Any) -> pandas.DataFrame:
    """Makes a frame of one row, with cells as they are."""
    columns: dict[str, Any] = {"value": 1.0, **cells}
    series = {name: pandas.Series([cell], dtype=object) for name, cell in columns.items()}
    frame: pandas.DataFrame = pandas.DataFrame(series)
    return frame


#: Calls of the drop-in with one argument that is wrong. The writes among them report by a bool
#: or a number.
ENGINE_WRITES: dict[str, Callable[[EngineStorageManager, Any], Any]] = {
    "insertRow(uuid)": lambda e, x: e.db.insertRow(x, 7, 1.0),
    "insertRow(ts)": lambda e, x: e.db.insertRow("u", x, 1.0),
    "insertRow(value)": lambda e, x: e.db.insertRow("u", 7, x),
    "insertRow(hash)": lambda e, x: e.db.insertRow("u", 7, 1.0, x),
    "insertRow(provider)": lambda e, x: e.db.insertRow("u", 7, 1.0, "h", x),
    "insertDataframe(uuid)": lambda e, x: e.db.insertDataframe(x, FRAME),
    "insertDataframe(df)": lambda e, x: e.db.insertDataframe("u", x),
    "insertDataframe(provider)": lambda e, x: e.db.insertDataframe("u", FRAME, x),
    "insertDataframe(ts)": lambda e, x: e.db.insertDataframe("u", frame(ts=x)),
    "insertDataframe(value)": lambda e, x: e.db.insertDataframe("u", frame(value=x)),
    "insertDataframe(hash)": lambda e, x: e.db.insertDataframe("u", frame(hash=x)),
    "insertDataframe(index)": lambda e, x: e.db.insertDataframe("u", frame().set_axis(as_index(x))),
    "upsertStream(uuid)": lambda e, x: e.db.upsertStream(x),
    "upsertStream(server_stream_id)": lambda e, x: e.db.upsertStream("u", x),
    "upsertStream(name)": lambda e, x: e.db.upsertStream("u", name=x),
    "migrateTimestampFormat": lambda e, x: e.db.migrateTimestampFormat(x),
    "storeStreamData(uuid)": lambda e, x: e.storeStreamData(x, FRAME),
    "storeStreamData(df)": lambda e, x: e.storeStreamData("u", x),
    "storeStreamObservation(uuid)": lambda e, x: e.storeStreamObservation(x, 7, 1.0),
    "storeStreamObservation(ts)": lambda e, x: e.storeStreamObservation("u", x, 1.0),
    "storeStreamObservation(value)": lambda e, x: e.storeStreamObservation("u", 7, x),
    "storeStreamObservation(stream)": lambda e, x: e.storeStreamObservation("u", 7, 1, stream=x),
    "storeStreamObservation(stream's uuid)": lambda e, x: e.storeStreamObservation(
        x, 7, 1, stream={"name": "n"}
    ),
    "storeStreamObservation(name)": lambda e, x: e.storeStreamObservation(
        "u", 7, 1, stream={"name": x}
    ),
    "storePrediction(uuid)": lambda e, x: e.storePrediction(x, 7, 1.0),
    "storePrediction(ts)": lambda e, x: e.storePrediction("u", x, 1.0),
    "storePrediction(value)": lambda e, x: e.storePrediction("u", 7, x),
    "storePredictionDf(uuid)": lambda e, x: e.storePredictionDf(x, FRAME),
    "storePredictionDf(df)": lambda e, x: e.storePredictionDf("u", x),
}
#: These report nothing by a bool, or read: they raise.
ENGINE_READS: dict[str, Callable[[EngineStorageManager, Any], Any]] = {
    "createTable": lambda e, x: e.db.createTable(x),
    "tableExists": lambda e, x: e.db.tableExists(x),
    "deleteTable": lambda e, x: e.db.deleteTable(x),
    "getTableData": lambda e, x: e.db.getTableData(x),
    "insertRows(uuid)": lambda e, x: e.db.insertRows(x, [7], [(1.0, None, None)]),
    "insertRows(ts)": lambda e, x: e.db.insertRows("u", x, [(1.0, None, None)]),
    "insertRows(one ts)": lambda e, x: e.db.insertRows("u", [x], [(1.0, None, None)]),
    "insertRows(rows)": lambda e, x: e.db.insertRows("u", [7], x),
    "getLastHash": lambda e, x: e.db.getLastHash(x),
    "getRowCount": lambda e, x: e.db.getRowCount(x),
    "getLatestTimestamp": lambda e, x: e.db.getLatestTimestamp(x),
    "latestRow": lambda e, x: e.db.latestRow(x),
    "hashIt": lambda e, x: e.db.hashIt(x),
    "getStreamByUuid": lambda e, x: e.db.getStreamByUuid(x),
    "getStreamByName": lambda e, x: e.db.getStreamByName(x),
    "getStreamUuidByName": lambda e, x: e.db.getStreamUuidByName(x),
    "storeServerResponse(response)": lambda e, x: e.storeServerResponse(x),
    "storeServerResponse(uuid)": lambda e, x: e.storeServerResponse("null", x),
    "storeServerResponse(provider)": lambda e, x: e.storeServerResponse("null", None, x),
    "getStreamData": lambda e, x: e.getStreamData(x),
    "getStreamDataForEngine": lambda e, x: e.getStreamDataForEngine(x),
    "hasStreamData": lambda e, x: e.hasStreamData(x),
    "getStreamRowCount": lambda e, x: e.getStreamRowCount(x),
    "getLatestStreamTimestamp": lambda e, x: e.getLatestStreamTimestamp(x),
    "mergeServerDataWithLocal(uuid)": lambda e, x: e.mergeServerDataWithLocal(x, FRAME),
    "mergeServerDataWithLocal(df)": lambda e, x: e.mergeServerDataWithLocal("u", x),
    "deleteStreamData": lambda e, x: e.deleteStreamData(x),
    "getPredictions": lambda e, x: e.getPredictions(x),
    "getLatestPrediction": lambda e, x: e.getLatestPrediction(x),
}

def as_index(item: Any) -> pandas.Index:
    """Makes an index of one item, as it is."""
    index: pandas.Index = pandas.Index(pandas.Series([item], dtype=object), dtype=object)
    return index


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineStorageManager]:
    engine = EngineStorageManager(str(tmp_path), "engine.db")
    engine.storePrediction("a", 0, 1.0, "h")
    yield engine
    engine.close()


@pytest.mark.parametrize("call", ENGINE_WRITES)
def test_what_the_drop_in_logs_is_short(
    engine: EngineStorageManager, caplog: pytest.LogCaptureFixture, call: str
) -> None:
    engine.db.on_error = "log"
    for wrong in WRONG:
        caplog.clear()
        done = ENGINE_WRITES[call](engine, wrong)
        assert isinstance(done, int)
        for record in caplog.records:
            what = (call, satori_store._text.shown(wrong))
            assert len(record.getMessage()) <= 700, what
            if record.exc_info is not None:
                assert not done and isinstance(record.exc_info[1], StoreError), what
    assert engine.getStreamRowCount("a") == 1


@pytest.mark.parametrize("call", [*ENGINE_READS, *ENGINE_WRITES])
def test_calls_of_the_drop_in(engine: EngineStorageManager, call: str) -> None:
    engine.db.on_error = "raise"
    for wrong in WRONG:
        with only_errors_of_the_store(call, wrong):
            {**ENGINE_READS, **ENGINE_WRITES}[call](engine, wrong)
    assert engine.getStreamRowCount("a") == 1


@pytest.mark.parametrize("on_error", ["log", "raise"])
def test_the_drop_in_logs_and_raises_no_password(
    engine: EngineStorageManager, caplog: pytest.LogCaptureFixture, on_error: Any
) -> None:
    engine.db.on_error = on_error
    for call, run in {**ENGINE_READS, **ENGINE_WRITES}.items():
        for secret in SECRETS:
            with no_secret(call):
                run(engine, secret)
    for record in caplog.records:
        assert "secret" not in record.getMessage()
        if record.exc_info is not None:
            assert "secret" not in str(record.exc_info[1])


def test_every_method_of_the_drop_in_is_among_them() -> None:
    called = {call.split("(")[0] for call in (*ENGINE_READS, *ENGINE_WRITES)}
    names = {
        name
        for kind in (EngineStorageManager, EngineSqliteDatabase)
        for name in dir(kind)
        if not name.startswith("_")
    }
    without_arguments = {"close", "createConnection", "disconnect", "store", "listTables"}
    without_arguments |= {"createStreamsTable", "getAllStreams", "listAllStreams", "getInstance"}
    assert names - without_arguments == called


def test_what_holds_itself_is_no_json() -> None:
    ring: list[Any] = []
    ring.append(ring)
    with Store.in_memory() as store, only_errors_of_the_store("ingest", ring):
        store.ingest(ring)


@pytest.mark.parametrize("option", OPTIONS)
def test_options(path: Path, option: str) -> None:
    Store(path).close()
    for wrong in WRONG:
        with only_errors_of_the_store(option, wrong):
            Store(path, **{option: wrong}).close()


def test_paths(tmp_path: Path) -> None:
    for wrong in WRONG:
        with only_errors_of_the_store("path", wrong):
            Store(wrong, create=False).close()
    for secret in SECRETS:
        with no_secret("path"):
            Store(secret, create=False).close()
    # What is no URL is a path.
    with Store(tmp_path / "host=127.0.0.1 password=secret") as store:
        assert "secret" not in repr(store)
    with no_secret("closed"):
        store.streams()


def test_every_operation_is_among_them() -> None:
    called = {call.split("(")[0] for call in CALLS}
    names = {name for name in dir(Store) if not name.startswith("_")}
    without_arguments = {"close", "closed", "handle", "in_memory", "path", "quarantined_streams"}
    without_arguments |= {"sqlite_info", "latest_of_all", "compact", "data_version", "interrupt"}
    # `connect` opens a store, as `Store` itself does: test_postgres.py has its wrong arguments.
    without_arguments |= {"url", "connect"}
    without_arguments |= {name for name in names if name.startswith("streams")} - called
    assert names - without_arguments - called == set()
