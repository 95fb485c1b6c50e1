"""Rows and tables on their way in."""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Iterable, Sequence
from ctypes import byref
from datetime import datetime, timezone
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any, Optional, Protocol, Union

from . import _library, arrow, instants, records
from ._library import Handle, call, text_of, utf8
from .errors import InvalidArrow, InvalidValue
from .instants import Instant
from .records import InsertReport, Observation

if TYPE_CHECKING:
    import pandas

    from .store import Store

Value = Union[float, Decimal, str]


class ArrowStream(Protocol):
    """Anything with the Arrow PyCapsule protocol for streams."""

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any: ...


#: One row: an observation, or its timestamp, value and, where they are known, hash
#: and provider.
Row = Union[
    Observation,
    tuple[Instant, Value],
    tuple[Instant, Value, Optional[str]],
    tuple[Instant, Value, Optional[str], Optional[str]],
]
#: What :meth:`Store.insert` takes many rows from.
Data = Union[Iterable[Row], ArrowStream, "pandas.DataFrame"]

_COLUMNS = ("ts", "value", "hash", "provider")


def number(value: Value) -> float:
    """A value as the store reads it; whether it is finite the store says."""
    try:
        # Of text Python reads more than numbers: digits of every script, underscores.
        if isinstance(value, str) and value.isascii() and "_" not in value:
            return float(value)
        if isinstance(value, (Real, Decimal)) and not isinstance(value, bool):
            return float(value)
        raise ValueError
    except ValueError:
        raise InvalidValue(f"{value!r} is not a value: it is not a number") from None
    except OverflowError:
        raise InvalidValue(f"{value!r} is not a value: it is not finite") from None


def insert_data(store: Store, uuid: str, data: Any, provider: Optional[str]) -> InsertReport:
    """Inserts whatever it is that holds many rows."""
    if hasattr(data, "reset_index"):
        data = _of_frame(data)
    if hasattr(data, "__arrow_c_stream__"):
        return _insert_stream(store, uuid, data.__arrow_c_stream__(), provider)
    if hasattr(data, "__dataframe__"):
        raise InvalidArrow(f"a {type(data).__name__} has no __arrow_c_stream__: update its library")
    return _insert_rows(store, uuid, data, provider)


def _insert_stream(store: Store, uuid: str, capsule: Any, provider: Optional[str]) -> InsertReport:
    counts, conflicts = _library.InsertReport(), Handle()
    held = None if provider is None else utf8(provider)
    call(
        "satori_import_arrow",
        *store._at(uuid),
        arrow.of_capsule(capsule),
        byref(text_of(held)) if held is not None else None,
        byref(counts),
        byref(conflicts),
    )
    return records.insert_report(uuid, counts, conflicts)


def _insert_rows(
    store: Store, uuid: str, rows: Iterable[Row], provider: Optional[str]
) -> InsertReport:
    ts = array("q")
    columns = Columns(provider)
    for row in rows:
        if isinstance(row, Observation):
            row = (row.ts, row.value, row.hash, row.provider)
        if not isinstance(row, (tuple, list)) or not 2 <= len(row) <= 4:
            raise InvalidValue(
                f"{row!r} is no row: expected an Observation or (ts, value, hash, provider), "
                "of which hash and provider may be left out"
            )
        ts.append(instants.to_micros(row[0]))
        columns.append(*row[1:])
    return columns.insert("satori_insert_many", store, uuid, ts)


def insert_spelled(
    store: Store, uuid: str, rows: Iterable[Sequence[Any]], provider: Optional[str]
) -> InsertReport:
    """Inserts rows whose timestamps are text, stored as that text."""
    ts = Texts()
    columns = Columns(provider)
    for row in rows:
        ts.append(row[0])
        columns.append(*row[1:])
    return columns.insert("satori_insert_spelled", store, uuid, ts.column())


class Columns:
    """What rows hold beside their timestamps, as the C API takes it."""

    def __init__(self, provider: Optional[str]) -> None:
        self._provider = provider
        self._values, self._hashes, self._providers = array("d"), Texts(), Texts()

    def append(
        self, value: Value, hash: Optional[str] = None, provider: Optional[str] = None
    ) -> None:
        self._values.append(number(value))
        self._hashes.append(hash)
        self._providers.append(self._provider if provider is None else provider)

    def insert(self, function: str, store: Store, uuid: str, ts: array[Any]) -> InsertReport:
        counts, conflicts = _library.InsertReport(), Handle()
        columns = (ts, self._values, self._hashes.column(), self._providers.column())
        call(
            function,
            *store._at(uuid),
            len(self._values),
            *[column.buffer_info()[0] for column in columns],
            byref(counts),
            byref(conflicts),
        )
        return records.insert_report(uuid, counts, conflicts)


class Texts:
    """Texts as an array of the C API's `satori_text`, without an object for each."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._places: list[tuple[int, int]] = []
        self._buffer: Any = None

    def append(self, text: Optional[str]) -> None:
        if text is None:
            self._places.append((-1, 0))
            return
        data = utf8(text)
        self._places.append((len(self._data), len(data)))
        self._data += data

    def column(self) -> array[int]:
        """Pairs of pointer and length, valid as long as this object lives."""
        # One byte more: an empty buffer has no address.
        self._buffer = (ctypes.c_char * (len(self._data) + 1)).from_buffer(self._data + b"\0")
        base = ctypes.addressof(self._buffer)
        pairs = array("Q")
        for place, length in self._places:
            pairs.append(0 if place < 0 else base + place)
            pairs.append(length)
        return pairs


def _of_frame(frame: pandas.DataFrame) -> Any:
    """A DataFrame's rows, its index as the column `ts` that Arrow would not show: as an
    Arrow table, or as rows where there is no pyarrow or a column mixes kinds."""
    import pandas

    if not isinstance(frame, pandas.DataFrame):
        raise InvalidArrow(f"a {type(frame).__name__} is no table: make a DataFrame of it")
    if not frame.columns.is_unique:
        raise InvalidArrow("the table has two columns of one name")
    if "ts" not in frame.columns:
        index = frame.index
        if isinstance(index, pandas.MultiIndex):
            raise InvalidArrow("the table's index is of several levels, and there is no column ts")
        if isinstance(index, pandas.RangeIndex) and index.name != "ts":
            raise InvalidArrow(
                "the table has no column ts, and its index counts its rows: name the column of "
                "timestamps ts, or make it the index"
            )
        frame = frame.rename_axis(index="ts").reset_index()
    for name in ("ts", "value"):
        if name not in frame.columns:
            raise InvalidArrow(f"the table has no column {name}")
    frame = frame[[name for name in _COLUMNS if name in frame.columns]]
    if isinstance(frame["ts"].dtype, pandas.PeriodDtype):
        return _rows_of(frame)
    try:
        import pyarrow

        return pyarrow.Table.from_pandas(frame, preserve_index=False)
    except ImportError:
        return _rows_of(frame)
    except (pyarrow.ArrowException, NotImplementedError):
        return _rows_of(frame)


def _rows_of(frame: pandas.DataFrame) -> Iterable[Any]:
    import pandas

    columns: list[Any] = []
    for name in _COLUMNS:
        if name not in frame.columns:
            columns.append([None] * len(frame))
            continue
        column = frame[name]
        if name == "ts" and pandas.api.types.is_datetime64_any_dtype(column.dtype):
            column = pandas.to_datetime(column, utc=True)
        column = column.astype(object)
        # A hash that is missing is computed; a value that is missing is refused.
        items = column.where(column.notna(), None).tolist()
        columns.append([_in_utc(item) for item in items] if name == "ts" else items)
    return zip(*columns)


def _in_utc(ts: Any) -> Any:
    """Columns of timestamps without a time zone are UTC, whatever holds them."""
    if isinstance(ts, datetime) and ts.tzinfo is None:
        return ts.replace(tzinfo=timezone.utc)
    return ts
