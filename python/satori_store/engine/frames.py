"""Data frames, as engines give and take them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Optional

from ..errors import InvalidArrow
from ..records import StoredTimestamp

if TYPE_CHECKING:
    import pandas

#: What a frame's column of timestamps may be called, the likeliest first. If it has none,
#: its index holds them.
_TIMESTAMPS = ("ts", "epoch", "date_time", "timestamp")
#: What a frame's column of hashes may be called.
_HASHES = ("hash", "id")


def table(
    ts: list[StoredTimestamp], values: list[float], hashes: list[str], providers: list[str]
) -> pandas.DataFrame:
    """Makes a frame of `value, hash, provider`, indexed by `ts` as it is stored."""
    import pandas

    # Text is given as objects, because what pandas makes of it differs from one release to
    # the next.
    is_text = not ts or any(isinstance(one, str) for one in ts)
    frame: pandas.DataFrame = pandas.DataFrame(
        {
            "value": pandas.Series(values, dtype="float64"),
            "hash": pandas.Series(hashes, dtype="object"),
            "provider": pandas.Series(providers, dtype="object"),
        }
    )
    frame.index = pandas.Index(ts, name="ts", dtype="object" if is_text else None)
    return frame


def for_engine(rows: Optional[pandas.DataFrame]) -> pandas.DataFrame:
    """Makes `date_time, value, id` of the store's own frame; None stands for no rows."""
    import pandas

    columns = {"date_time": "datetime64[us, UTC]", "value": "float64", "id": "object"}
    frame: pandas.DataFrame
    if rows is None:
        frame = pandas.DataFrame({name: [] for name in columns}).astype(columns)
    else:
        frame = rows.reset_index().rename(columns={"ts": "date_time", "hash": "id"})
        frame = frame.drop(columns="provider")
    return frame


def timestamps(frame: pandas.DataFrame) -> list[Any]:
    """Returns the timestamps of the frame's rows."""
    for name in _TIMESTAMPS:
        if name in frame.columns:
            return list(frame[name])
    import pandas

    if isinstance(frame.index, pandas.RangeIndex) and frame.index.name != "ts":
        raise InvalidArrow(
            "the table has no column of timestamps, and its index counts its rows: make the "
            "timestamps its index"
        )
    return list(frame.index)


def contents(frame: pandas.DataFrame, provider: str) -> Iterator[tuple[Any, Optional[str], str]]:
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
    """Returns what a frame or a caller gives as text; None if it gives nothing."""
    if isinstance(text, str):
        return text or None
    # What a frame may hold for nothing (NaN, NA, NaT) is not equal to itself.
    if text is None or not _is_itself(text):
        return None
    return str(text)


def _is_itself(text: Any) -> bool:
    """Returns ``True`` if a thing is equal to itself."""
    try:
        return bool(text == text)
    except TypeError:
        return False  # pandas.NA
