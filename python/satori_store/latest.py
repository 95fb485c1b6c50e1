"""The latest rows of many streams."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Optional, TypeVar

from . import _html, instants
from .records import Observation

if TYPE_CHECKING:
    import pandas
    import pyarrow

_Row = TypeVar("_Row", bound=Optional[Observation])
_COLUMNS = ("value", "hash", "provider")
#: Streams that a notebook shows.
_SHOWN = 20


class Latest(dict[str, _Row]):
    """The observation of each stream, by the stream's uuid: a dictionary that is a table too."""

    def to_pandas(self) -> pandas.DataFrame:
        """Returns a DataFrame of ``ts`` (UTC), ``value``, ``hash`` and ``provider``, indexed by
        ``uuid``. What a stream without a row lacks is missing."""
        import numpy
        import pandas

        micros = [instants.NONE if ts is None else ts for ts in self._micros()]
        ts = numpy.array(micros, dtype="int64").view("datetime64[us]")
        columns: dict[str, Any] = {"ts": pandas.DatetimeIndex(ts, tz="UTC")}
        columns["value"] = numpy.array(self._column("value"), dtype="float64")
        for name in ("hash", "provider"):
            columns[name] = numpy.array(self._column(name), dtype=object)
        index = pandas.Index(list(self), dtype=object, name="uuid")
        frame: pandas.DataFrame = pandas.DataFrame(columns).set_axis(index, axis=0)
        return frame

    def to_arrow(self) -> pyarrow.Table:
        """Returns a pyarrow table of ``uuid``, ``ts`` (timestamp, microseconds, UTC), ``value``
        (float64), ``hash`` and ``provider``. A stream without a row has nulls."""
        import pyarrow

        columns = {
            "uuid": pyarrow.array(list(self), pyarrow.utf8()),
            "ts": pyarrow.array(self._micros(), pyarrow.timestamp("us", "UTC")),
            "value": pyarrow.array(self._column("value"), pyarrow.float64()),
            "hash": pyarrow.array(self._column("hash"), pyarrow.utf8()),
            "provider": pyarrow.array(self._column("provider"), pyarrow.utf8()),
        }
        return pyarrow.table(columns)

    @_html.never_raising
    def _repr_html_(self) -> str:
        """Returns a table of the first streams, and how many there are."""
        heads = ["uuid", "ts (UTC)", *_COLUMNS]
        rows = [
            [uuid, *(getattr(row, name, None) for name in ("ts", *_COLUMNS))]
            for uuid, row in islice(self.items(), _SHOWN)
        ]
        left = [None] if len(self) > _SHOWN else []
        title = f"Latest of {_html.counted(len(self), 'stream')}"
        return _html.page(title, _html.table(heads, [*rows, *left]))

    def _micros(self) -> list[Optional[int]]:
        return [None if row is None else instants.to_micros(row.ts) for row in self.values()]

    def _column(self, name: str) -> list[Any]:
        return [getattr(row, name, None) for row in self.values()]
