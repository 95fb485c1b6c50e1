"""Data frames, as engines give and take them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import lru_cache
from numbers import Real
from typing import TYPE_CHECKING, Any, Optional, Union

from .._text import shown
from ..errors import InvalidArrow, InvalidValue
from ..frames import check_frame, numbers_in

if TYPE_CHECKING:
    import pandas

#: What a frame's column of timestamps may be called, the likeliest first. If it has none,
#: its index holds them.
_TIMESTAMPS = ("ts", "epoch", "date_time", "timestamp")
#: No frame has so many rows; as Unix seconds it lies in March 1973. An engine's frames are
#: indexed by numbers above it.
_COUNTED = 100_000_000
#: What a frame's column of hashes may be called.
_HASHES = ("hash", "id")


def table(
    ts: list[Union[int, float]], values: list[float], hashes: list[str], providers: list[str]
) -> pandas.DataFrame:
    """Makes a frame of `value, hash, provider`, indexed by `ts`."""
    if not ts:
        nothing: pandas.DataFrame = _nothing().copy()
        return nothing
    return _made(ts, values, hashes, providers)


@lru_cache(maxsize=None)
def _nothing() -> pandas.DataFrame:
    """Makes the frame of no rows, which takes as long as one of many."""
    return _made([], [], [], [])


def _made(
    ts: list[Union[int, float]], values: list[float], hashes: list[str], providers: list[str]
) -> pandas.DataFrame:
    """Makes a frame as :func:`table` does."""
    import numpy
    import pandas

    # An engine's frame that has no rows is indexed by objects.
    index: pandas.Index = pandas.Index(ts, name="ts", dtype=None if ts else "object")
    # From arrays and with their index, because pandas looks at each item of a list, and
    # aligns a column without an index.
    cells: dict[str, Any] = {
        "value": numpy.array(values, dtype="float64"),
        "hash": numpy.array(hashes, dtype="object"),
        "provider": numpy.array(providers, dtype="object"),
    }
    columns = {
        name: pandas.Series(array, index, dtype=array.dtype, copy=False)
        for name, array in cells.items()
    }
    frame: pandas.DataFrame = pandas.DataFrame(columns, copy=False)
    return frame


def for_engine(rows: Optional[pandas.DataFrame]) -> pandas.DataFrame:
    """Makes `date_time, value, id` of the store's own frame; None stands for no rows."""
    import numpy
    import pandas

    if rows is None:
        none = numpy.array([], dtype="datetime64[us]")
        rows = table([], [], [], []).set_index(pandas.DatetimeIndex(none, tz="UTC", name="ts"))
    frame = rows.reset_index().rename(columns={"ts": "date_time", "hash": "id"})
    engine: pandas.DataFrame = frame.drop(columns="provider")
    return engine


def is_empty(frame: Any) -> bool:
    """Returns ``True`` if a frame has no rows; what is no frame is not empty."""
    import pandas

    return isinstance(frame, pandas.DataFrame) and len(frame) == 0


def rows_of(frame: Any, provider: str) -> tuple[list[Any], list[tuple[Any, Optional[str], str]]]:
    """Returns the timestamps of a frame's rows; and value, hash and provider of each."""
    check_frame(frame)
    rows = list(_contents(frame, provider)) if len(frame) else []
    return _timestamps(frame), rows


def _timestamps(frame: pandas.DataFrame) -> list[Any]:
    """Returns the timestamps of the frame's rows."""
    for name in _TIMESTAMPS:
        if name in frame.columns:
            return list(frame[name])
    if any(abs(number) < _COUNTED for number in numbers_in(frame.index)):
        raise InvalidArrow(
            "the table has no column of timestamps "
            f"({', '.join(_TIMESTAMPS)}), and numbers in its index may count its rows: make the "
            "timestamps its index, set_index('…'), or name their column, or the index if it "
            "holds them (rename_axis('ts')), ts"
        )
    return list(frame.index)


def _contents(frame: pandas.DataFrame, provider: str) -> Iterator[tuple[Any, Optional[str], str]]:
    """Yields value, hash and provider of the frame's rows."""
    if "value" not in frame.columns:
        raise InvalidArrow("the table has no column value")
    hashes: Iterable[Any] = [None] * len(frame)
    for name in reversed(_HASHES):
        if name in frame.columns:
            hashes = frame[name].tolist()
    providers: Iterable[Any] = [provider] * len(frame)
    if "provider" in frame.columns:
        providers = frame["provider"].tolist()
    for value, one_hash, one_provider in zip(frame["value"].tolist(), hashes, providers):
        yield value, given(one_hash), given(one_provider) or provider


def given(text: Any) -> Optional[str]:
    """Returns what a frame or a caller gives as text; None if it gives nothing. A number is
    the text that it would be in a column of text."""
    if isinstance(text, str):
        return text or None
    # What a frame may hold for nothing (NaN, NA, NaT) is not equal to itself.
    if text is None or not _is_itself(text):
        return None
    try:
        if isinstance(text, (Real, Decimal)):
            return str(text)
    except ValueError:
        pass  # Python spells no number of more than 4,300 digits
    raise InvalidValue(f"{shown(text)} is not text")


def _is_itself(text: Any) -> bool:
    """Returns ``True`` if a thing is equal to itself."""
    try:
        return bool(text == text)
    except TypeError:
        return False  # pandas.NA
    except ValueError:
        return True  # an array
