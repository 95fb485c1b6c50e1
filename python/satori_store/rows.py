"""Rows and tables on their way in."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from ctypes import byref
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any, Optional, Protocol, Union

from . import frames, instants
from ._capi import arrow, one_row, structs
from ._capi.call import call, text_of
from ._capi.library import Handle
from ._capi.texts import Texts, all_of
from ._handle import StoreHandle
from ._reading import decode
from ._text import shown, utf8
from .errors import InvalidArrow, InvalidValue
from .instants import Instant
from .records import Observation
from .reports import InsertReport

if TYPE_CHECKING:
    import pandas

Value = Union[float, Decimal, str]


class ArrowStream(Protocol):
    """Anything with the Arrow PyCapsule protocol for streams."""

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any: ...


#: One row: an observation, or its timestamp, value and, if they are known, hash and
#: provider.
Row = Union[
    Observation,
    tuple[Instant, Value],
    tuple[Instant, Value, Optional[str]],
    tuple[Instant, Value, Optional[str], Optional[str]],
]
#: What :meth:`Store.insert` takes many rows from.
Data = Union[Iterable[Row], ArrowStream, "pandas.DataFrame"]


def number(value: Value) -> float:
    """Reads a value as the store does. The store checks that it is finite."""
    try:
        # Python reads more text as numbers: digits of every script, underscores.
        if isinstance(value, str) and value.isascii() and "_" not in value:
            return float(value)
        if isinstance(value, (Real, Decimal)) and not isinstance(value, bool):
            return float(value)
        raise ValueError
    except ValueError:
        raise InvalidValue(f"{shown(value)} is not a value: it is not a number") from None
    except OverflowError:
        raise InvalidValue(f"{shown(value)} is not a value: it is not finite") from None


def insert_data(
    store: StoreHandle, uuid: str, data: Any, provider: Optional[str], unit: int
) -> InsertReport:
    """Inserts the rows of whatever holds many."""
    if hasattr(data, "reset_index"):
        data = frames.rows_of_frame(data)
    if hasattr(data, "__arrow_c_stream__"):
        return _insert_stream(store, uuid, data.__arrow_c_stream__(), provider, unit)
    if hasattr(data, "__dataframe__") or hasattr(data, "to_batches"):
        raise InvalidArrow(f"a {type(data).__name__} has no __arrow_c_stream__: update its library")
    return _insert_rows(store, uuid, data, provider, unit)


def _insert_stream(
    store: StoreHandle, uuid: str, capsule: Any, provider: Optional[str], unit: int
) -> InsertReport:
    """Inserts the rows of an Arrow stream."""
    counts, conflicts = structs.InsertReport(), Handle()
    held = None if provider is None else utf8(provider)
    call(
        "satori_import_arrow",
        *store._at(uuid),
        arrow.of_capsule(capsule),
        byref(text_of(held)) if held is not None else None,
        unit,
        byref(counts),
        byref(conflicts),
    )
    return decode.insert_report(lambda _: uuid, counts, conflicts)


def _insert_rows(
    store: StoreHandle, uuid: str, rows: Iterable[Row], provider: Optional[str], unit: int
) -> InsertReport:
    """Inserts observations and tuples."""
    ts = array("q")
    contents = _Contents(provider)
    for row in _each(rows):
        if isinstance(row, Observation):
            row = (row.ts, row.value, row.hash, row.provider)
        _check(row)
        ts.append(instants.to_micros(row[0], unit))
        contents.append(*row[1:])
    return contents.insert(store, uuid, ts=ts)


def insert_across(
    store: StoreHandle, rows: Iterable[Any], provider: Optional[str], unit: int
) -> InsertReport:
    """Inserts rows that begin with the uuids of their streams."""
    uuids: list[str] = []
    ts = array("q")
    contents = _Contents(provider)
    for row in _each(rows):
        is_row = isinstance(row, (tuple, list))
        if is_row and len(row) == 2 and isinstance(row[1], Observation):
            row = (row[0], row[1].ts, row[1].value, row[1].hash, row[1].provider)
        if not is_row or not 3 <= len(row) <= 5:
            raise InvalidValue(
                f"{shown(row)} is no row: expected (uuid, Observation) or (uuid, ts, value, "
                "hash, provider), of which hash and provider may be left out"
            )
        uuids.append(row[0])
        ts.append(instants.to_micros(row[1], unit))
        contents.append(*row[2:])
    return contents.insert_across(store, uuids, ts)


def insert_spelled(
    store: StoreHandle, uuid: str, rows: Iterable[Sequence[Any]], provider: Optional[str]
) -> InsertReport:
    """Inserts rows whose timestamps are text, stored as that text."""
    if isinstance(rows, (list, tuple)) and len(rows) == 1:
        report = _insert_one_spelled(store, uuid, rows[0], provider)
        if report is not None:
            return report
    spellings = Texts()
    contents = _Contents(provider)
    for row in _each(rows):
        _check(row)
        spellings.append(row[0])
        contents.append(*row[1:])
    return contents.insert(store, uuid, spellings=spellings.column())


def _insert_one_spelled(
    store: StoreHandle, uuid: str, row: Sequence[Any], provider: Optional[str]
) -> Optional[InsertReport]:
    """Inserts one row whose timestamp is text; None if that needs the way of many: there is a
    conflict to be reported, or texts are long."""
    _check(row)
    hash = row[2] if len(row) > 2 else None
    if len(row) > 3 and row[3] is not None:
        provider = row[3]
    counts = one_row.insert(
        store.handle,
        utf8(uuid),
        utf8(row[0]),
        number(row[1]),
        None if hash is None else utf8(hash),
        None if provider is None else utf8(provider),
    )
    if counts is None or counts.conflicts:
        return None
    return InsertReport(counts.inserted, counts.already_there, ())


def _each(rows: Any) -> Iterator[Any]:
    """Iterates over rows."""
    try:
        return iter(rows)
    except TypeError:
        raise InvalidValue(
            f"{shown(rows)} holds no rows: expected an iterable of them, or a table"
        ) from None


def _check(row: Any) -> None:
    """Refuses what is no row."""
    if not isinstance(row, (tuple, list)) or not 2 <= len(row) <= 4:
        raise InvalidValue(
            f"{shown(row)} is no row: expected an Observation or (ts, value, hash, provider), "
            "of which hash and provider may be left out"
        )


class _Contents:
    """What rows hold beside their timestamps, as the C API takes it."""

    def __init__(self, provider: Optional[str]) -> None:
        self._provider = provider
        self._values, self._hashes, self._providers = array("d"), Texts(), Texts()

    def append(
        self, value: Value, hash: Optional[str] = None, provider: Optional[str] = None
    ) -> None:
        """Appends a row."""
        self._values.append(number(value))
        self._hashes.append(hash)
        self._providers.append(self._provider if provider is None else provider)

    def insert(
        self,
        store: StoreHandle,
        uuid: str,
        *,
        ts: Optional[array[int]] = None,
        spellings: Optional[array[int]] = None,
    ) -> InsertReport:
        """Inserts the rows into a stream; their timestamps are given as instants or spelled."""
        into = (*store._at(uuid), len(self._values))
        return self._insert("satori_insert_many", into, ts, spellings, lambda _: uuid)

    def insert_across(
        self, store: StoreHandle, uuids: Sequence[str], ts: array[int]
    ) -> InsertReport:
        """Inserts each row into its stream."""
        streams = all_of(uuids)
        column = streams.column()
        into = (store.handle, len(self._values), column.buffer_info()[0])
        return self._insert("satori_insert_across", into, ts, None, uuids.__getitem__)

    def _insert(
        self,
        function: str,
        into: tuple[Any, ...],
        ts: Optional[array[int]],
        spellings: Optional[array[int]],
        stream_of: Callable[[int], str],
    ) -> InsertReport:
        """Calls a function that inserts; `into` is what it takes before the columns."""
        counts, conflicts = structs.InsertReport(), Handle()
        columns = (ts, spellings, self._values, self._hashes.column(), self._providers.column())
        arguments = (
            *into,
            *[None if column is None else column.buffer_info()[0] for column in columns],
            byref(counts),
        )
        call(function, *arguments, byref(conflicts))
        return decode.insert_report(stream_of, counts, conflicts)
