"""Tables: out to pandas, numpy, pyarrow, polars and duckdb, and in from them."""

from __future__ import annotations

import gc
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy
import pandas
import pyarrow
import pytest

import satori_store
from satori_store import Store

from .conftest import BITCOIN, FEEDS

ROWS = 70_000  # more than a batch
SEVEN = pandas.Index([7], name="ts")
_NUMBERS = ("integer", "floating", "mixed-integer")


@pytest.fixture
def bitcoin(store: Store) -> Iterator[Store]:
    store.ingest((FEEDS / "bitcoin.ndjson").read_bytes())
    yield store


@pytest.fixture(params=["pyarrow", "no pyarrow"])
def with_and_without_pyarrow(request: pytest.FixtureRequest, monkeypatch: Any) -> None:
    if request.param == "no pyarrow":
        # What `import pyarrow` then raises is ImportError.
        monkeypatch.setitem(sys.modules, "pyarrow", None)


def test_pandas(bitcoin: Store, with_and_without_pyarrow: None) -> None:
    frame = bitcoin.observations(BITCOIN).to_pandas()
    assert list(frame.columns) == ["value", "hash", "provider"]
    assert frame.index.name == "ts" and str(frame.index.dtype) == "datetime64[us, UTC]"
    assert frame["value"].dtype == "float64" and len(frame) == 156
    rows = list(bitcoin.observations(BITCOIN))
    assert [ts.to_pydatetime() for ts in frame.index] == [row.ts for row in rows]
    for name in ("value", "hash", "provider"):
        assert frame[name].tolist() == [getattr(row, name) for row in rows]
    part = bitcoin.observations(BITCOIN, "2024-01-01", "2025-01-01").to_pandas()
    assert len(part) == 12 and part.index.min() == pandas.Timestamp("2024-01-31", tz="UTC")


def test_nothing_to_read(store: Store, with_and_without_pyarrow: None) -> None:
    store.upsert_stream("x")
    rows = store.observations("x")
    frame = rows.to_pandas()
    assert len(frame) == 0 and str(frame.index.dtype) == "datetime64[us, UTC]"
    assert list(frame.columns) == ["value", "hash", "provider"]
    assert rows.to_numpy().value.shape == (0,)
    assert list(rows) == []


def test_numpy(store: Store) -> None:
    texts = ["", "ascii", "źródło", "🎯"]
    store.insert("x", [(ts, ts / 4, texts[ts % 4], texts[-ts % 4]) for ts in range(ROWS)])
    arrays = store.observations("x").to_numpy()
    assert arrays.ts.dtype == "datetime64[us]" and arrays.value.dtype == "float64"
    assert (arrays.ts.astype("int64") == numpy.arange(ROWS) * 1_000_000).all()
    assert (arrays.value == numpy.arange(ROWS) / 4).all()
    assert arrays.hash.tolist() == [texts[ts % 4] for ts in range(ROWS)]
    assert arrays.provider.tolist() == [texts[-ts % 4] for ts in range(ROWS)]


def test_arrow(bitcoin: Store) -> None:
    rows = bitcoin.observations(BITCOIN)
    table = rows.to_arrow()
    assert table.schema.names == ["ts", "value", "hash", "provider"]
    assert table.schema.field("ts").type == pyarrow.timestamp("us", tz="UTC")
    assert table.num_rows == 156
    assert pyarrow.table(rows).equals(table)
    for _ in range(3):
        rows.__arrow_c_stream__()  # and nobody takes it
    gc.collect()


def test_polars_and_duckdb(bitcoin: Store) -> None:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(bitcoin.observations(BITCOIN))
    assert frame.height == 156 and frame["value"].sum() == pytest.approx(2459161.49)
    assert bitcoin.insert("polars", frame).inserted == 156
    duckdb = pytest.importorskip("duckdb")
    observations = bitcoin.observations(BITCOIN).__arrow_c_stream__()
    reader = pyarrow.RecordBatchReader._import_from_c_capsule(observations)
    assert duckdb.sql("SELECT count(*), max(value) FROM reader").fetchall() == [(156, 97482.0)]


def test_a_frame_comes_back_as_it_went(bitcoin: Store, with_and_without_pyarrow: None) -> None:
    frame = bitcoin.observations(BITCOIN).to_pandas()
    assert bitcoin.insert("indexed", frame).inserted == 156
    assert bitcoin.insert("column", frame.reset_index()).inserted == 156
    assert bitcoin.insert("column", frame[["value"]]).already_there == 156
    for uuid in ("indexed", "column"):
        pandas.testing.assert_frame_equal(bitcoin.observations(uuid).to_pandas(), frame)


@pytest.mark.parametrize(
    "index",
    [
        pandas.Index([1704283200, 1704286800]),
        pandas.Index([1704283200.0, 1704286800.0]),
        pandas.Index([1704283200000, 1704286800000]),
        pandas.Index(["2024-01-03 12:00", "2024-01-03T14:00:00+01:00"]),
        pandas.Index([1704283200, "2024-01-03 13:00"], dtype=object),
        pandas.DatetimeIndex(["2024-01-03 12:00", "2024-01-03 13:00"]),
        pandas.DatetimeIndex(["2024-01-03 07:00", "2024-01-03 08:00"], tz="America/New_York"),
    ],
)
def test_every_index_of_a_frame(
    store: Store, index: pandas.Index, with_and_without_pyarrow: None
) -> None:
    # An index of numbers holds timestamps if it is named so.
    frame = pandas.DataFrame({"value": [1, "2.5"], "hash": ["a", None]}, index=index)
    frame = frame.rename_axis(index="ts" if index.inferred_type in _NUMBERS else None)
    report = store.insert("x", frame, provider="engine")
    assert report.inserted == 2
    rows = list(store.observations("x"))
    assert [row.ts.isoformat() for row in rows] == [
        "2024-01-03T12:00:00+00:00",
        "2024-01-03T13:00:00+00:00",
    ]
    assert [(row.value, row.provider) for row in rows] == [(1, "engine"), (2.5, "engine")]
    assert rows[0].hash == "a" and len(rows[1].hash) == 16


def test_what_a_frame_must_have(store: Store, with_and_without_pyarrow: None) -> None:
    with pytest.raises(satori_store.InvalidArrow, match="no column value"):
        store.insert("x", pandas.DataFrame({"price": [1.0]}, index=SEVEN))
    # An index that counts rows is no timestamp, nor are names of others.
    for frame in (
        pandas.DataFrame({"value": [1.0]}),
        pandas.DataFrame({"value": [1.0], "date_time": ["2024-01-03"]}),
        pandas.DataFrame({"value": [1.0, 2.0]}, index=[["a", "a"], [1, 2]]),
        pandas.DataFrame([[1.0, 2.0]], columns=["value", "value"], index=SEVEN),
        pandas.Series([1.0], index=[7]),
    ):
        with pytest.raises(satori_store.InvalidArrow):
            store.insert("x", frame)
    period = pandas.DataFrame({"value": [1.0]}, index=pandas.PeriodIndex(["2024-01"], freq="M"))
    with pytest.raises(satori_store.InvalidTimestamp):
        store.insert("x", period)
    for values in ([1.0, None], [1.0, "x"], [1.0, float("inf")], [True, False]):
        with pytest.raises((satori_store.InvalidArrow, satori_store.InvalidValue)):
            store.insert("x", pandas.DataFrame({"value": values}, index=SEVEN.append(SEVEN + 1)))
    big_endian = pandas.DataFrame({"value": numpy.array([1.5], dtype=">f8")}, index=SEVEN)
    assert store.insert("y", big_endian).inserted == 1
    store.remove("y")
    for index in (["2024-01-03", "never"], ["2024-01-03", None]):
        frame = pandas.DataFrame({"value": [1.0, 2.0]}, index=index)
        with pytest.raises((satori_store.InvalidArrow, satori_store.InvalidTimestamp)):
            store.insert("x", frame)
    assert store.streams_without_metadata() == []


@pytest.mark.parametrize(
    "left",
    [
        lambda frame: frame.dropna(),
        lambda frame: frame.sort_values("value", ascending=False),
        lambda frame: pandas.concat([frame, frame]),
        lambda frame: frame.iloc[[0, 2]],
        lambda frame: frame.set_index(frame.index.astype(float)),
        lambda frame: frame.set_index(frame.index.astype(str)),
        lambda frame: frame.set_index(frame.index.astype(object)),
        lambda frame: frame.set_index(frame.index.astype("category")),
        lambda frame: frame.set_index(frame.index.astype(str).astype("category")),
        lambda frame: frame.set_index(frame.index - 1),
        lambda frame: frame.set_index(frame.index + 0.5),
        lambda frame: frame.set_index(pandas.Index([0, "1", 2])),
        lambda frame: frame.set_index(pandas.Index(["2024-01-03", "2024-01-04", 2])),
        lambda frame: frame.set_index(pandas.Index([Decimal(number) for number in range(3)])),
        lambda frame: frame.set_index(frame.index.astype("int64[pyarrow]")),
        lambda frame: frame.rename_axis("row"),
        lambda frame: frame.set_index(frame["value"] > 1),
    ],
)
def test_an_index_that_counted_rows_is_no_timestamp(
    store: Store, left: Any, with_and_without_pyarrow: None
) -> None:
    dates = ["2024-01-03", "2024-01-04", "2024-01-05"]
    frame = left(pandas.DataFrame({"date": dates, "value": [1.0, None, 3.0]}))
    with pytest.raises(satori_store.InvalidArrow, match=r"it has date, value.*name the column"):
        store.insert("x", frame)
    assert store.streams_without_metadata() == []
    named = frame.rename(columns={"date": "ts"}).dropna().drop_duplicates()
    assert store.insert("x", named).inserted == 2


def test_a_frame_of_no_rows_counts_none(store: Store, with_and_without_pyarrow: None) -> None:
    for frame in (pandas.DataFrame({"value": []}), pandas.DataFrame({"ts": [], "value": []})):
        assert store.insert("x", frame).inserted == 0


@pytest.mark.parametrize("unit", ["ns", "object"])
def test_a_missing_timestamp_is_named(
    store: Store, unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    ts = pandas.Series([pandas.NaT, pandas.Timestamp("2024-01-01")])
    column = pandas.DataFrame({"ts": ts.astype(object) if unit == "object" else ts, "value": 1.0})
    text = pandas.DataFrame({"ts": ["2024-01-01", None], "value": 1.0})
    for frame in (column, column.set_index("ts"), text):
        with pytest.raises(satori_store.InvalidTimestamp, match="NaT is no instant: it stands for"):
            store.insert("x", frame)


def test_tables_without_an_index_name_their_timestamps(store: Store) -> None:
    columns = {"date": ["2024-01-03"], "value": [1.0]}
    polars = pytest.importorskip("polars")
    kept = pandas.DataFrame(columns).iloc[[0]]
    for table in (polars.DataFrame(columns), pyarrow.table(columns), pyarrow.table(kept)):
        with pytest.raises(satori_store.InvalidArrow, match="there is no column ts"):
            store.insert("x", table)
    assert store.streams_without_metadata() == []


def test_what_an_arrow_table_must_have(store: Store) -> None:
    columns: Any
    for columns in (
        {"ts": [1]},
        {"value": [1.0]},
        {"ts": [None], "value": [1.0]},
        {"ts": [[1]], "value": [1.0]},
    ):
        with pytest.raises(satori_store.InvalidArrow):
            store.insert("x", pyarrow.table(columns))
    table = pyarrow.table({"ts": [1], "value": [2.0], "more": [3]})
    assert store.insert("x", table).inserted == 1
    # Not consumed by a call that was refused.
    reader = pyarrow.RecordBatchReader.from_batches(table.schema, table.to_batches())
    with pytest.raises(satori_store.InvalidUuid):
        store.insert("streams", reader)
    assert store.insert("y", reader).inserted == 1


def test_a_capsule_that_is_dropped_while_an_exception_passes(bitcoin: Store) -> None:
    rows = bitcoin.observations(BITCOIN)
    for _ in range(10):
        with pytest.raises(ValueError, match="invalid literal"):
            print(rows.__arrow_c_stream__(), int("x"))
        with pytest.raises((pyarrow.ArrowException, ValueError)):
            pyarrow.Schema._import_from_c_capsule(rows.__arrow_c_stream__())
    assert len(rows.to_pandas()) == 156


def test_text_that_is_no_text(path: Path, with_and_without_pyarrow: None) -> None:
    """In Arrow it is refused. In a stored row it is reported as the row that it is."""
    with Store(path) as store:
        store.insert("x", 0, 1)
        bad = pyarrow.array([b"\xff\xfe"]).view(pyarrow.string())
        for columns in ({"hash": bad}, {"provider": bad}, {"ts": bad}):
            table = pyarrow.table({"ts": [5], "value": [1.0], **columns})
            with pytest.raises(satori_store.InvalidArrow):
                store.insert("x", table)
        assert store.count("x") == 1
    with closing(sqlite3.connect(path)) as plain:
        plain.execute("INSERT INTO x VALUES (9, 1, CAST(x'ff' AS TEXT), 'p')")
        plain.commit()
    with Store(path) as store:
        rows = store.observations("x")
        for read in (rows.to_pandas, rows.to_numpy, lambda: list(rows)):
            with pytest.raises(satori_store.UnreadableRow, match="UTF-8"):
                read()


def test_an_error_about_text_with_a_nul_is_whole(path: Path, with_and_without_pyarrow: None) -> None:
    """The stream interface of Arrow has no such text, and its maker ended the process."""
    with Store(path) as store:
        store.insert("x", 0, 1)
    with closing(sqlite3.connect(path)) as plain:
        plain.execute("INSERT INTO x VALUES (CAST(x'3100' AS TEXT) || 'y', 1, 'h', 'p')")
        plain.commit()
    with Store(path) as store:
        rows = store.observations("x")
        for read in (rows.to_pandas, rows.to_numpy, lambda: list(rows)):
            with pytest.raises(satori_store.UnreadableRow, match=r"CAST\(x.310079. AS TEXT\).* is not a timestamp"):
                read()


def test_rows_that_are_null_are_no_rows(store: Store) -> None:
    rows = pyarrow.StructArray.from_arrays(
        [pyarrow.array([10, 20, 30]), pyarrow.array([1.0, 999.0, 3.0])],
        names=["ts", "value"],
        mask=pyarrow.array([False, True, False]),
    )
    with pytest.raises(satori_store.InvalidArrow, match="row 1 is null"):
        store.insert("x", pyarrow.chunked_array([rows]))
    with pytest.raises(satori_store.InvalidArrow, match="not of rows"):
        store.insert("x", pyarrow.chunked_array([[1, 2]]))
    assert store.streams_without_metadata() == []
    assert store.insert("x", pyarrow.chunked_array([rows.drop_null()])).inserted == 2


def test_an_unreadable_row_is_reported_as_it_is(path: Path, with_and_without_pyarrow: None) -> None:
    with Store(path) as store:
        store.insert("x", [(second, second) for second in range(10)])
    with closing(sqlite3.connect(path)) as plain:
        plain.execute("INSERT INTO x VALUES ('someday', 1, 'h', 'p')")
        plain.commit()
    with Store(path) as store:
        rows = store.observations("x")
        for read in (rows.to_pandas, rows.to_numpy, lambda: list(rows)):
            with pytest.raises(satori_store.UnreadableRow, match="someday"):
                read()
        if sys.modules["pyarrow"] is not None:
            with pytest.raises(satori_store.UnreadableRow, match="someday"):
                rows.to_arrow()


class _OldArrow:
    """pyarrow as it was before it took streams from others: engines pin 10.0.1."""

    class RecordBatchReader:
        """Has no `from_stream`."""

    class Table:
        """Has no `__arrow_c_stream__`."""

    def __getattr__(self, name: str) -> Any:
        return getattr(pyarrow, name)


def test_an_old_pyarrow_reads_and_inserts(
    bitcoin: Store, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = bitcoin.observations(BITCOIN)
    table, frame, none = rows.to_arrow(), rows.to_pandas(), bitcoin.observations(BITCOIN, 1, 2)
    monkeypatch.setattr(pyarrow, "RecordBatchReader", _OldArrow.RecordBatchReader)
    assert rows.to_arrow().equals(table) and rows.to_arrow().schema.equals(table.schema)
    assert none.to_arrow().schema.equals(table.schema) and none.to_arrow().num_rows == 0
    pandas.testing.assert_frame_equal(rows.to_pandas(), frame)
    store.insert("é", [(1, 1.0, "é", "€"), (2, 2.0, "", "p")])
    accented = store.observations("é").to_arrow()
    assert accented.column("hash").to_pylist() == ["é", ""]
    assert accented.column("provider").to_pylist() == ["€", "p"]


def test_a_data_frame_is_inserted_with_an_old_pyarrow(
    bitcoin: Store, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = bitcoin.observations(BITCOIN).to_pandas()
    monkeypatch.setitem(sys.modules, "pyarrow", _OldArrow())
    assert store.insert("x", frame).inserted == 156
    assert list(store.observations("x")) == list(bitcoin.observations(BITCOIN))
