"""pandas' data frames on their way in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any

from .errors import InvalidArrow
from .instants import NUMBER

if TYPE_CHECKING:
    import pandas

_COLUMNS = ("ts", "value", "hash", "provider")
#: How many columns a message names.
_SHOWN = 8


def rows_of_frame(frame: pandas.DataFrame) -> Any:
    """Returns the rows of a DataFrame as an Arrow table; as tuples if there is no pyarrow, or
    if a column mixes kinds. Its index becomes the column `ts`, because Arrow would not show
    it."""
    import pandas

    check_frame(frame)
    if "ts" not in frame.columns:
        _check_index(frame)
        frame = frame.rename_axis(index="ts").reset_index()
    for name in ("ts", "value"):
        if name not in frame.columns:
            raise InvalidArrow(f"the table has no column {name}")
    frame = frame[[name for name in _COLUMNS if name in frame.columns]]
    ts = frame["ts"]
    if isinstance(ts.dtype, pandas.PeriodDtype):
        return _rows_of(frame)
    # Arrow would cut the nanoseconds of Timestamps off, not round them.
    if ts.dtype == object and any(getattr(item, "nanosecond", 0) for item in ts):
        return _rows_of(frame)
    try:
        import pyarrow

        if not hasattr(pyarrow.Table, "__arrow_c_stream__"):
            return _rows_of(frame)  # pyarrow before 14
        return pyarrow.Table.from_pandas(frame, preserve_index=False)
    except ImportError:
        return _rows_of(frame)
    except (pyarrow.ArrowException, NotImplementedError):
        return _rows_of(frame)


def check_frame(frame: Any) -> None:
    """Refuses what is no DataFrame, or has two columns of one name."""
    import pandas

    if not isinstance(frame, pandas.DataFrame):
        raise InvalidArrow(f"a {type(frame).__name__} is no table: make a DataFrame of it")
    if not frame.columns.is_unique:
        raise InvalidArrow("the table has two columns of one name")


def numbers_in(index: pandas.Index) -> Iterator[Any]:
    """Yields the items of an index that are numbers, also in text, whatever its type.

    An index holds timestamps if it is named ``ts``, or if its items are datetimes, dates
    or text of such. Numbers may count rows: ``dropna``, ``sort_values``, ``concat`` or
    ``iloc`` leave some of them, and ``astype`` makes text or categories of those.
    """
    import pandas

    if index.name == "ts" or isinstance(index, pandas.DatetimeIndex):
        return
    if isinstance(index, pandas.CategoricalIndex):
        index = index.remove_unused_categories().categories
    for item in index:
        if isinstance(item, str):
            if NUMBER.fullmatch(item):
                yield float(item)
        elif isinstance(item, (Real, Decimal)) or type(item).__name__ in ("bool_", "bool"):
            yield item


def _check_index(frame: pandas.DataFrame) -> None:
    """Refuses an index that may count rows: nothing distinguishes that from Unix seconds."""
    import pandas

    if isinstance(frame.index, pandas.MultiIndex):
        raise InvalidArrow("the table's index has several levels, and there is no column ts")
    for _ in numbers_in(frame.index):
        columns = ", ".join(f"{name!s:.50}" for name in frame.columns[:_SHOWN])
        more = ", …" if len(frame.columns) > _SHOWN else ""
        raise InvalidArrow(
            f"the table has no column ts (it has {columns}{more}), and its index of numbers may "
            "count its rows: name the column of timestamps ts, or the index if it holds them "
            "(frame.rename_axis('ts'))"
        )


def _rows_of(frame: pandas.DataFrame) -> Iterable[Any]:
    """Yields a DataFrame's rows as tuples."""
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
        # A hash that is missing is computed; a value or an instant that is missing is refused.
        items = column.where(column.notna(), pandas.NaT if name == "ts" else None).tolist()
        columns.append([_in_utc(item) for item in items] if name == "ts" else items)
    return zip(*columns)


def _in_utc(ts: Any) -> Any:
    """Gives a datetime without a time zone that of columns without one, which is UTC."""
    if isinstance(ts, datetime) and ts.tzinfo is None:
        return ts.replace(tzinfo=timezone.utc)
    return ts
