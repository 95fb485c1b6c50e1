"""Several streams on one clock."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from . import instants

if TYPE_CHECKING:
    import numpy
    import pandas
    import pyarrow


class Aligned:
    """Values of several streams on one clock: a row for each instant, a column for each stream.
    NaN stands for no value, since a stored value never is NaN. Iterating gives each row: its
    instant, and its values."""

    #: The names of the columns.
    names: tuple[str, ...]

    def __init__(self, names: Sequence[str], ts: array[int], values: list[array[float]]) -> None:
        self.names, self._ts, self._values = tuple(names), ts, values

    def __len__(self) -> int:
        return len(self._ts)

    def __iter__(self) -> Iterator[tuple[datetime, tuple[float, ...]]]:
        for row, ts in enumerate(self._ts):
            yield instants.to_datetime(ts), tuple(column[row] for column in self._values)

    def to_numpy(self) -> tuple[numpy.ndarray[Any, Any], numpy.ndarray[Any, Any]]:
        """Returns the instants (``datetime64[us]``, UTC), and the values (``float64``): a line
        for each row, a column for each stream."""
        import numpy

        values = numpy.empty((len(self._ts), len(self.names)), order="F")
        for number, column in enumerate(self._values):
            values[:, number] = column
        return numpy.array(self._ts, dtype="int64").view("datetime64[us]"), values

    def to_pandas(self) -> pandas.DataFrame:
        """Returns a DataFrame of a column for each stream, indexed by ``ts`` (a UTC
        ``DatetimeIndex``)."""
        import pandas

        ts, values = self.to_numpy()
        index = pandas.DatetimeIndex(ts, tz="UTC", name="ts")
        frame: pandas.DataFrame
        frame = pandas.DataFrame(values, index=index, columns=list(self.names))
        return frame

    def to_arrow(self) -> pyarrow.Table:
        """Returns a pyarrow table of ``ts`` (timestamp, microseconds, UTC) and a column
        (float64) for each stream, with null for no value."""
        import pyarrow

        ts, values = self.to_numpy()
        columns = [pyarrow.array(ts.view("int64")).cast(pyarrow.timestamp("us", "UTC"))]
        columns += [pyarrow.array(column, from_pandas=True) for column in values.T]
        return pyarrow.Table.from_arrays(columns, names=["ts", *self.names])
