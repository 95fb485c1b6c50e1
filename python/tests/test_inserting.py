"""What goes in: instants, values and rows of every form, and what is refused."""

from __future__ import annotations

import pickle
import sqlite3
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest

import satori_store
from satori_store import Conflict, Observation, Store

UTC = timezone.utc
NOON = datetime(2024, 1, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "ts",
    [
        NOON,
        NOON.astimezone(timezone(timedelta(hours=-5, minutes=-30))),
        1704283200,
        1704283200.0,
        Decimal("1704283200"),
        Fraction(1704283200),
        1704283200000,
        1704283200000000,
        1704283200000000000,
        numpy.datetime64("2024-01-03T12", "h"),
        numpy.datetime64("2024-01-03T12:00", "ns"),
        numpy.datetime64("2024-01-03T12:00", "s"),
        pandas.Timestamp("2024-01-03 12:00", tz="UTC"),
        "1704283200",
        " 1704283200.0 ",
        "2024-01-03 12:00",
        "2024-01-03T14:00:00+02:00",
    ],
)
def test_every_spelling_of_an_instant(store: Store, ts: Any) -> None:
    store.insert("x", "2024-01-03T12:00:00Z", 1)
    assert store.insert("x", ts, 1).kind == "already_there"
    row = store.observation("x", ts)
    assert row is not None and row.ts == NOON and row.ts.tzinfo is UTC
    assert store.count("x", start=ts) == 1
    assert store.count("x", end=ts) == 0


@pytest.mark.parametrize(
    "ts",
    [datetime(2024, 1, 3, 12), "noon", "", "1_0", float("nan"), float("inf"), 2**70, None, b"0", []],
)
def test_what_is_no_instant(store: Store, ts: Any) -> None:
    with pytest.raises(satori_store.InvalidTimestamp):
        store.insert("x", ts, 1.0)
    assert store.streams_without_metadata() == []


def test_dates_are_their_midnight_in_utc(store: Store) -> None:
    midnight = datetime(2024, 1, 3, tzinfo=UTC)
    for ts in (date(2024, 1, 3), numpy.datetime64("2024-01-03"), numpy.datetime64("2024-01-03", "D")):
        store.insert("x", ts, 1)
        assert [row.ts for row in store.observations("x")] == [midnight]
    store.insert("y", [(numpy.datetime64("2024-01", "M"), 1), (numpy.datetime64("1969", "Y"), 2)])
    assert [row.ts.isoformat()[:10] for row in store.observations("y")] == ["1969-01-01", "2024-01-01"]


@pytest.mark.parametrize("ts", [pandas.NaT, numpy.datetime64("NaT"), numpy.datetime64("NaT", "ns"), pandas.NA])
def test_a_missing_timestamp_is_refused_in_words(store: Store, ts: Any) -> None:
    for insert in (lambda: store.insert("x", ts, 1.0), lambda: store.insert("x", [(ts, 1.0)])):
        with pytest.raises(satori_store.InvalidTimestamp, match="stands for a missing one"):
            insert()


def _nearest(nanos: int) -> int:
    """The rule: to the nearest microsecond, a half to the later one."""
    return (nanos + 500) // 1000


def test_each_way_in_rounds_nanoseconds_alike(store: Store) -> None:
    starts = [1704283200 * 10**9, 1704283200_123456_000, 0, -86400 * 10**9, -(10**9) + 999_000, -5000]
    for nanos in [start + rest for start in starts for rest in (0, 1, 499, 500, 501, 999, -500)]:
        wanted = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=_nearest(nanos))
        stamp = pandas.Timestamp(nanos, tz="UTC")
        ways: list[Any] = [
            stamp,
            stamp.tz_convert("America/New_York"),
            numpy.datetime64(nanos, "ns"),
            numpy.datetime64(nanos * 1000, "ps") if abs(nanos) < 2**53 else stamp,
            Decimal(nanos).scaleb(-9),
            format(Decimal(nanos).scaleb(-9), "f"),
            f"{stamp.tz_localize(None).isoformat(timespec='nanoseconds')}Z",
        ]
        for way in ways:
            store.insert("x", way, 1)
            store.insert("x", [(way, 1)])
        store.insert("x", nanos, 1, unit="ns")
        store.insert("x", str(nanos), 1, unit="ns")
        store.insert("x", [(nanos, 1)], unit="ns")
        naive = stamp.tz_localize(None)
        frame = pandas.DataFrame({"ts": [naive], "value": [1.0]})
        store.insert("x", frame)
        store.insert("x", frame.set_index("ts"))
        store.insert("x", frame.astype({"ts": object}))
        store.insert("x", frame.assign(ts=[numpy.datetime64(nanos, "ns")]))
        store.insert("x", pandas.DataFrame({"ts": [nanos], "value": [1]}), unit="ns")
        text = ways[-1]
        store.ingest({"value": 1, "observed_at": text}, uuid="x")
        store.ingest({"value": 1, "observed_at": nanos}, uuid="x", unit="ns")
        store.insert_spelled("x", [(text, 1)])
        assert [row.ts for row in store.observations("x")] == [wanted], nanos
        store.remove("x")


def test_a_float_counts_at_its_value(store: Store) -> None:
    for number in (1704283200.1234565, 0.5, -0.1, 1e-7, 5e-7, -1.5e-6, 1704283200123.4565):
        for way in (number, numpy.float64(number), Decimal(number)):
            store.insert("x", way, 1)
        store.insert("x", pandas.DataFrame({"ts": [number], "value": [1]}))
        assert store.count("x") == 1, number
        store.remove("x")
        # In a payload it counts by its digits, whether the JSON was parsed before or not.
        store.insert("x", repr(number), 1)
        store.ingest({"value": 1, "observed_at": number}, uuid="x")
        store.ingest(b'{"value": 1, "observed_at": %a}' % number, uuid="x")
        store.ingest({"value": 1, "observed_at": repr(number)}, uuid="x")
        assert store.count("x") == 1, number
        store.remove("x")


def test_the_unit_of_numbers(store: Store) -> None:
    day = datetime(1970, 1, 2, tzinfo=UTC)
    frame = pandas.DataFrame({"ts": [86400000], "value": [1.0]})
    for ts in (86400000, 86400000.0, Decimal(86400000), "86400000", day, "1970-01-02"):
        store.insert("x", ts, 1, unit="ms")
        store.insert("x", [(ts, 1)], unit="ms")
    store.insert("x", frame, unit="ms")
    store.insert_many("x", frame.astype({"ts": str}), unit="ms")
    for observed_at in (86400000, "86400000"):
        store.ingest({"value": 1, "observed_at": observed_at}, uuid="x", unit="ms")
    assert [row.ts for row in store.observations("x")] == [day]
    assert satori_store.parse_timestamp("86400000", unit="ms") == day
    assert satori_store.parse_timestamp("86400000").year == 1972
    units: Any = ("", "S", "sec", 1, None, [])
    for unit in units:
        for call in (
            lambda unit: store.insert("x", 1, 1, unit=unit),
            lambda unit: store.insert_many("x", [], unit=unit),
            lambda unit: store.ingest([], unit=unit),
            lambda unit: satori_store.parse_timestamp("1", unit=unit),
        ):
            with pytest.raises(satori_store.InvalidArgument, match="unit is"):
                call(unit)


def test_a_second_60_is_refused(store: Store) -> None:
    text = "2024-01-03T12:00:60Z"
    frame = pandas.DataFrame({"ts": [text], "value": [1.0]})
    for insert in (
        lambda: store.insert("x", text, 1),
        lambda: store.insert("x", [(text, 1)]),
        lambda: store.insert("x", frame),
        lambda: store.insert_spelled("x", [(text, 1)]),
    ):
        with pytest.raises(satori_store.InvalidTimestamp, match="seconds 0 to 59"):
            insert()
    assert len(store.ingest({"value": 1, "observed_at": text}, uuid="x").rejected) == 1
    assert "x" not in store


def test_a_wrong_argument_is_shown_short(store: Store) -> None:
    class Long:
        def __repr__(self) -> str:
            return "x" * 240_000

    huge: Any = Long()
    number: Any = 10**240_000
    fraction: Any = Fraction(number)
    for call in (
        lambda: store.insert("x", huge, 1),
        lambda: store.insert("x", 1, huge),
        lambda: store.insert("x", [huge]),
        lambda: store.insert("x", number, 1),
        lambda: store.insert("x", fraction, 1),
        lambda: store.insert("x", 1, number),
        lambda: store.insert("x", "y" * 240_000, 1),
        lambda: store.insert("x", 1, "y" * 240_000),
        lambda: store.insert("x", 1, 1, provider=huge),
        lambda: store.upsert_stream("x", server_stream_id=number),
        lambda: store.upsert_stream("x", server_stream_id=huge),
        lambda: store.upsert_stream("x", name=huge),
        lambda: store.upsert_stream("y" * 240_000),
        lambda: store.remove("x", huge),
        lambda: store.last("x", huge),
        lambda: store.last("x", number),
        lambda: store.ingest(huge),
        lambda: store.ingest([], format="y" * 240_000),  # type: ignore[arg-type]
        lambda: store.ingest([], unit="y" * 240_000),  # type: ignore[arg-type]
        lambda: store.ingest([], first_line=number),
        lambda: store.sync_streams(huge),
    ):
        with pytest.raises(satori_store.StoreError) as error:
            call()
        assert len(str(error.value)) < 600, str(error.value)[:200]


def test_a_server_stream_id_is_a_whole_number(store: Store) -> None:
    ids: Any = ("1", "one", 1.5, 0.0, Decimal("1"), 2**63, -(2**63) - 1, [], b"1", float("nan"))
    for server_stream_id in ids:
        for write in (store.upsert_stream, store.update_stream):
            with pytest.raises(satori_store.InvalidArgument, match="server_stream_id is"):
                write("x", server_stream_id=server_stream_id)
    for server_stream_id in ("one", 1.5, 2**63, True):
        stream = {"uuid": "x", "id": server_stream_id}
        assert len(store.sync_streams([stream]).rejected) == 1
        assert len(store.ingest({"value": 1, "observed_at": 1, "stream": stream}).rejected) == 1
    assert store.streams() == []


def test_fractions_of_a_second_are_kept(store: Store) -> None:
    for micros in (1, 123456, 999999):
        ts = NOON + timedelta(microseconds=micros)
        store.insert("x", ts, micros)
        found = store.observation("x", ts)
        assert found is not None and (found.ts, found.value) == (ts, micros)
    before = datetime(1, 1, 1, tzinfo=UTC)
    store.insert("x", before, 7)
    assert next(iter(store.observations("x"))).ts == before


def test_instants_that_no_datetime_can_hold(store: Store) -> None:
    """They are refused. Those that other programs store are read as columns."""
    far, late = -80_000_000_000, "9999-12-31 23:00:00-05:00"
    for insert in (lambda: store.insert("x", far, 1), lambda: store.insert("x", [(0, 1), (far, 1)])):
        with pytest.raises(satori_store.InvalidTimestamp, match="years 1 to 9999"):
            insert()
    assert store.streams_without_metadata() == []
    payload = {"value": 1, "observed_at": far, "stream": {"uuid": "x"}}
    assert store.ingest(payload).inserted == 1
    store.insert("x", 0, 5)
    assert store.insert_spelled("x", [(late, 1)]).inserted == 1
    for read in (
        lambda: list(store.observations("x")),
        lambda: store.last("x", 3),
        lambda: store.latest("x"),
    ):
        with pytest.raises(satori_store.UnreadableRow, match="the row .*(-80|9999).* of 'x'.*years 1 to 9999.*to_nu"):
            read()
    # The rows around them are read, and those in ranges without them.
    rows = iter(store.observations("x"))
    with pytest.raises(satori_store.UnreadableRow, match="-80000000000"):
        next(rows)
    assert next(rows) == store.observation("x", 0) and store.latest_as_stored("x") is not None
    assert [row.value for row in store.observations("x", datetime.min.replace(tzinfo=UTC), NOON)] == [5]
    # As the error says.
    assert store.observations("x").as_stored()[0] == [far, 0, late]
    seconds = store.observations("x").as_numbers()[0]
    assert seconds[:2] == [far, 0] and seconds[2] > datetime.max.replace(tzinfo=UTC).timestamp()
    instants = store.observations("x").to_numpy().ts
    assert instants.astype("int64").tolist() == [ts * 1_000_000 for ts in seconds]
    assert store.observations("x").to_arrow().num_rows == 3
    latest = store.latest_as_stored("x")
    assert latest is not None and (latest["ts"], latest["value"]) == (late, 1)
    assert list(latest) == ["ts", "value", "hash", "provider"]
    statistics = store.statistics("x")
    assert (statistics.first, statistics.last) == (None, None)
    assert (statistics.count, statistics.minimum, statistics.maximum) == (3, 1, 5)
    assert store.verify("x").rows == 3
    # What has been done is reported all the same.
    report = store.ingest({**payload, "value": 2})
    assert report.conflicts[0].ts.year == 1 and report.conflicts[0].offered == 2
    # A time of synchronisation takes down no list of streams.
    with sqlite3.connect(str(store.path)) as plain:
        plain.execute("UPDATE streams SET last_synced = ? WHERE uuid = 'x'", (far,))
    plain.close()
    assert [stream.last_synced for stream in store.streams()] == [None]
    found = store.stream("x")
    assert found is not None and found.last_synced is None


def test_no_rows_have_no_least_value(store: Store) -> None:
    store.insert("x", [])
    statistics = store.statistics("x")
    assert (statistics.count, statistics.sum, statistics.first, statistics.last) == (0, 0, None, None)
    assert statistics.minimum is None and statistics.maximum is None
    store.insert("x", [(0, 0.0), (1, -1.0)])
    statistics = store.statistics("x")
    assert (statistics.minimum, statistics.maximum) == (-1, 0)


@pytest.mark.parametrize("value", [45000.5, "45000.50", " 45000.5 ", Decimal("45000.5"), "4.50005e4"])
def test_values_are_numbers_or_text(store: Store, value: Any) -> None:
    assert store.insert("x", 0, value).stored == 45000.5


@pytest.mark.parametrize(
    "value", ["x", "", "nan", "inf", "1e400", "1_0", "١", float("nan"), 10**400, [], b"1"]
)
def test_what_is_no_value(store: Store, value: Any) -> None:
    with pytest.raises(satori_store.InvalidValue):
        store.insert("x", 0, value)


def test_an_insertion_says_what_came_of_it(store: Store) -> None:
    assert store.insert("x", 0, 1.5)
    again = store.insert("x", 0, 1.5)
    assert not again and again.kind == "already_there" and again.conflict is None
    other = store.insert("x", 0, 2)
    assert not other and other.kind == "conflict" and other.stored == 1.5
    conflict = other.conflict
    assert isinstance(conflict, Conflict)
    assert (conflict.uuid, conflict.stored, conflict.offered) == ("x", 1.5, 2.0)
    assert "1.5" in str(conflict) and "2.0" in str(conflict)
    with pytest.raises(Conflict):
        raise conflict


def test_rows_of_each_form(store: Store) -> None:
    rows = [
        (0, 1),
        (1, "2", "given"),
        (2, 3.0, None, "engine"),
        Observation(datetime(1970, 1, 1, 0, 0, 3, tzinfo=UTC), 4.0, "kept", "other"),
    ]
    report = store.insert("x", rows, provider="mine")  # type: ignore[arg-type]
    assert (report.inserted, report.already_there, report.conflicts) == (4, 0, ())
    found = list(store.observations("x"))
    assert [row.value for row in found] == [1, 2, 3, 4]
    assert [row.provider for row in found] == ["mine", "mine", "engine", "other"]
    assert found[1].hash == "given" and found[3].hash == "kept"
    assert store.verify("x").suspect == (found[1].ts,)
    report = store.insert_many("x", iter(rows))  # type: ignore[arg-type]
    assert report.already_there == 4
    assert store.insert("x", []).inserted == 0


def test_a_value_that_is_left_out(store: Store) -> None:
    for ts in (0, 0.5, "2024-01-03", NOON):
        with pytest.raises(satori_store.InvalidValue, match="None is not a value"):
            store.insert("x", ts, None)  # type: ignore[arg-type]
    with pytest.raises(satori_store.InvalidValue):
        store.insert("x", 0, hash="h")  # type: ignore[call-overload]


@pytest.mark.parametrize("rows", [[(1,)], [1], ["ab"], [(1, 2, "h", "p", 5)], [None], [(0, None)]])
def test_what_is_no_row(store: Store, rows: Any) -> None:
    with pytest.raises(satori_store.InvalidValue):
        store.insert("x", [(0, 1), *rows])
    assert store.streams_without_metadata() == []


def test_conflicts_of_many_name_the_row(store: Store) -> None:
    store.insert("x", [(0, 1), (1, 2)])
    report = store.insert("x", [(0, 1), (1, 3), (2, 4)])
    assert (report.inserted, report.already_there) == (1, 1)
    assert report.conflicts == (
        Conflict("x", datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), 2.0, 3.0, index=1),
    )


def test_reports_are_values(store: Store) -> None:
    store.insert("x", 0, 1)
    report = store.insert("x", [(0, 2)])
    again = pickle.loads(pickle.dumps(report))
    assert again == report and hash(again.conflicts[0]) == hash(report.conflicts[0])


def test_a_row_that_cannot_be_read_keeps_out_its_own_instant_alone(tmp_path: Path) -> None:
    with Store(tmp_path / "engine.db") as store:
        store.insert("x", [(0, 1)])
    plain = sqlite3.connect(tmp_path / "engine.db")
    plain.execute('INSERT INTO x VALUES (60, 9e999, "h", "p")')
    plain.commit()
    plain.close()
    with Store(tmp_path / "engine.db") as store:
        report = store.insert("x", [(60 * minute, 1) for minute in range(41)])
        assert (report.inserted, report.already_there) == (39, 1)
        (conflict,) = report.conflicts
        assert (conflict.index, conflict.stored, conflict.offered) == (1, None, 1.0)
        assert "a row that can't be read" in str(conflict)
        assert pickle.loads(pickle.dumps(conflict)) == conflict
