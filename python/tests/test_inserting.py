"""What goes in: instants, values and rows of every form, and what is refused."""

from __future__ import annotations

import pickle
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

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
    """They are refused. Those that other programs store are reported."""
    far = -80_000_000_000
    for insert in (lambda: store.insert("x", far, 1), lambda: store.insert("x", [(0, 1), (far, 1)])):
        with pytest.raises(satori_store.InvalidTimestamp, match="years 1 to 9999"):
            insert()
    assert store.streams_without_metadata() == []
    payload = {"value": 1, "observed_at": far, "stream": {"uuid": "x"}}
    assert store.ingest(payload).inserted == 1
    assert store.count("x") == 1
    with pytest.raises(satori_store.InvalidTimestamp, match="years 1 to 9999"):
        store.latest("x")
    # What has been done is reported all the same.
    report = store.ingest({**payload, "value": 2})
    assert report.conflicts[0].ts.year == 1 and report.conflicts[0].offered == 2


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
