"""Summing up in steps of time, and streams side by side, compared with pandas."""

from __future__ import annotations

import math
import random
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from satori_store import (
    InvalidArgument,
    InvalidStep,
    InvalidTimestamp,
    NotFound,
    Store,
    Summary,
    stream_uuid,
)

from .conftest import FEEDS

numpy = pytest.importorskip("numpy")
pandas = pytest.importorskip("pandas")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def filled(store: Store, streams: int, rows: int, seed: int) -> list[str]:
    """Stores rows at random instants of a few days, around a change of the clocks."""
    chance = random.Random(seed)
    uuids = [f"s{number}" for number in range(streams)]
    begin = int(at("2024-03-29").timestamp()) * 10**6
    for uuid in uuids:
        instants = sorted({begin + chance.randrange(4 * 86400 * 10**6) for _ in range(rows)})
        ts = numpy.array(instants, dtype="datetime64[us]")
        frame = pandas.DataFrame({"ts": ts, "value": [chance.gauss(0, 1e3) for _ in ts]})
        store.insert(uuid, frame)
    return uuids


def frame_of(store: Store, uuid: str) -> Any:
    return store.observations(uuid).to_pandas()["value"]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("step, rule", [("1h", "1h"), ("7min", "7min"), ("1d", "1D")])
def test_resample_is_that_of_pandas(store: Store, seed: int, step: str, rule: str) -> None:
    (uuid,) = filled(store, 1, 300, seed)
    read = store.resample(uuid, step, empty=True).to_pandas()
    # pandas warns of an origin that days don't need.
    origin = {} if rule == "1D" else {"origin": "epoch"}
    resampled = frame_of(store, uuid).resample(rule, **origin)
    expected = resampled.agg(["count", "first", "last", "min", "max", "mean", "sum"])
    pandas.testing.assert_frame_equal(
        read, expected, check_freq=False, check_names=False, check_index_type=False, rtol=1e-12
    )
    # Without empty steps, what is left is the same.
    left_out = store.resample(uuid, step).to_pandas()
    pandas.testing.assert_frame_equal(left_out, read[read["count"] > 0])


def test_days_of_a_time_zone_are_those_of_pandas(store: Store) -> None:
    (uuid,) = filled(store, 1, 300, 7)
    read = store.resample(uuid, "1d[Europe/Berlin]").to_pandas()
    local = frame_of(store, uuid).tz_convert("Europe/Berlin")
    expected = local.resample("1D").agg(["count", "mean"])
    assert list(read["count"]) == list(expected["count"])
    assert list(read.index) == list(expected.index.tz_convert("UTC"))
    assert numpy.allclose(read["mean"], expected["mean"])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("max_age", [None, timedelta(minutes=9)])
def test_align_is_merge_asof_of_pandas(store: Store, seed: int, max_age: Any) -> None:
    uuids = filled(store, 3, 200, seed)
    clock = pandas.date_range("2024-03-28 23:00", "2024-04-02", freq="17min", tz="UTC")
    clock = clock.as_unit("us")
    expected = pandas.DataFrame({"ts": clock})
    for uuid in uuids:
        frame = frame_of(store, uuid).rename(uuid).reset_index()
        expected = pandas.merge_asof(expected, frame, on="ts", tolerance=max_age)
    expected = expected.set_index("ts")
    given = store.align(uuids, clock, max_age=max_age).to_pandas()
    pandas.testing.assert_frame_equal(given, expected, check_freq=False)
    # Instants as they may be given.
    for instants in (list(clock), clock.tz_localize(None), clock.to_numpy(), clock.as_unit("ns")):
        again = store.align(uuids, instants, max_age=max_age)
        pandas.testing.assert_frame_equal(again.to_pandas(), given)
    # On a grid.
    ends = (clock[0].ceil("17min"), clock[-1])
    grid = store.align(uuids, timedelta(minutes=17), *ends, max_age=max_age).to_pandas()
    same = store.align(uuids, grid.index, max_age=max_age).to_pandas()
    pandas.testing.assert_frame_equal(grid, same)
    # Each value is that of a look-up.
    row = random.Random(seed).choice(list(store.align(uuids, clock)))
    for uuid, value in zip(uuids, row[1]):
        known = store.as_of(uuid, row[0])
        assert known.value == value if known else math.isnan(value)


def test_exact_and_mean(store: Store) -> None:
    uuids = filled(store, 2, 300, 3)
    frames = [frame_of(store, uuid).rename(uuid) for uuid in uuids]
    union = frames[0].index.union(frames[1].index)
    exact = store.align(uuids, union, how="exact").to_pandas()
    pandas.testing.assert_frame_equal(
        exact, pandas.concat(frames, axis=1, sort=True), check_freq=False, check_names=False
    )
    mean = store.align({"one": uuids[0]}, "1h", how="mean").to_pandas()
    expected = frames[0].resample("1h", origin="epoch").mean()
    assert numpy.allclose(mean["one"], expected, equal_nan=True)


def test_a_real_feed(store: Store) -> None:
    feed = next(path for path in sorted(FEEDS.iterdir()) if path.suffix in (".json", ".ndjson"))
    uuid = stream_uuid("central", "satori", "feed")
    store.ingest(feed.read_bytes(), uuid=uuid, format="auto")
    values = frame_of(store, uuid)
    months = store.resample(uuid, "1mo").to_pandas()
    assert months["count"].sum() == len(values)
    expected = values.resample("MS").agg(["count", "min", "max"])
    expected = expected[expected["count"] > 0]
    assert list(months["count"]) == list(expected["count"])
    assert list(months["min"]) == list(expected["min"])


def test_iterating_and_arrow(store: Store) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    store.insert("a", [("2024-01-03 12:00", 1.5), ("2024-01-03 14:30", 2.5)])
    hours = store.resample("a", "1h", empty=True)
    first, second, third = hours
    assert first == Summary(
        at("2024-01-03 12:00"), at("2024-01-03 13:00"), 1, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5
    )
    assert (second.count, second.sum) == (0, 0) and math.isnan(second.mean)
    table = hours.to_arrow()
    assert table.column("mean").to_pylist() == [1.5, None, 2.5]
    assert table.column("start").to_pylist()[2] == third.start
    assert table.schema.field("end").type == pyarrow.timestamp("us", "UTC")
    aligned = store.align({"x": "a"}, "1h", how="exact")
    assert len(aligned) == 3
    assert aligned.to_arrow().to_pydict()["x"] == [1.5, None, None]


def test_more_steps_than_a_batch(store: Store) -> None:
    store.insert("a", [(0, 1.0), (99_999, 2.0)])
    seconds = store.resample("a", "1s", empty=True)
    assert len(seconds.to_numpy()) == 100_000 == sum(1 for _ in seconds)
    assert len(store.align(["a"], "1s")) == 100_000
    assert store.align([], "1s", 0, 10).to_pandas().shape == (10, 0)


def test_what_is_wrong_is_said(store: Store) -> None:
    store.insert("a", 0, 1.0)
    with pytest.raises(NotFound):
        store.resample("b", "1h")
    for step in ("1 fortnight", timedelta(0), -timedelta(hours=1), None, 5):
        with pytest.raises(InvalidStep):
            store.resample("a", step)  # type: ignore[arg-type]
    clock: Any
    for clock in ([2, 1], [1, None], numpy.array(["NaT"], "datetime64[us]"), 5):
        with pytest.raises(InvalidTimestamp):
            store.align(["a"], clock)
    for wrong in ({"how": "median"}, {"max_age": 5}, {"max_age": -timedelta(1)}):
        with pytest.raises(InvalidArgument):
            store.align(["a"], "1h", **wrong)
    for how in ("exact", "mean"):
        with pytest.raises(InvalidArgument, match="max_age"):
            store.align(["a"], "1h", how=how, max_age=timedelta(hours=1))
    with pytest.raises(InvalidStep, match="mean"):
        store.align(["a"], [1, 2], how="mean")
    with pytest.raises(InvalidArgument, match="several texts"):
        store.align("a", "1h")
