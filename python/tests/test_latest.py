"""The latest rows of many streams as a table."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from satori_store import Latest, Observation, Store

NOON = datetime(2024, 1, 3, 12, tzinfo=timezone.utc)


@pytest.fixture
def two(store: Store) -> Latest[Observation]:
    store.insert("b", [("2024-01-03 11:00", 1.0), (NOON, 2.5, "h", "p")])
    store.insert("a", 1.25, 3.0)
    return store.latest_of_all()


def test_it_is_a_dictionary(store: Store, two: Latest[Observation]) -> None:
    assert two == {"b": store.latest("b"), "a": store.latest("a")} and isinstance(two, dict)
    assert store.latest_of(["c", "b"]) == {"c": None, "b": Observation(NOON, 2.5, "h", "p")}


def test_as_a_frame(store: Store, two: Latest[Observation]) -> None:
    pandas = pytest.importorskip("pandas")
    frame = two.to_pandas()
    assert list(frame.index) == ["b", "a"] and frame.index.name == "uuid"
    assert list(frame.columns) == ["ts", "value", "hash", "provider"]
    assert list(frame["ts"]) == [row.ts for row in two.values()]
    assert list(frame["value"]) == [2.5, 3.0] and list(frame["provider"]) == ["p", "central"]
    # Its rows are those that reading the streams gives.
    for uuid in two:
        last = store.observations(uuid).to_pandas().iloc[-1]
        assert list(last) == list(frame.loc[uuid, ["value", "hash", "provider"]])
    some = store.latest_of(["c", "b"]).to_pandas()
    assert some.loc["c"].isna().all() and some.loc["b", "ts"] == pandas.Timestamp(NOON)
    for nothing in (store.latest_of([]), store.latest_of(["c"])):
        kinds = [kind.kind for kind in nothing.to_pandas().dtypes[:2]]
        assert kinds == ["M", "f"] and len(nothing.to_pandas()) == len(nothing)


def test_as_an_arrow_table(store: Store, two: Latest[Observation]) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    table = store.latest_of(["c", "b"]).to_arrow()
    assert table.to_pylist() == [
        {"uuid": "c", "ts": None, "value": None, "hash": None, "provider": None},
        {"uuid": "b", "ts": NOON, "value": 2.5, "hash": "h", "provider": "p"},
    ]
    assert table.schema.field("ts").type == pyarrow.timestamp("us", "UTC")
    assert store.latest_of([]).to_arrow().schema == table.schema == two.to_arrow().schema
