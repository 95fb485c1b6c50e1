"""Several streams on one clock."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Optional

from . import _html, _picture, _plot, instants

if TYPE_CHECKING:
    import matplotlib.axes
    import numpy
    import pandas
    import pyarrow

#: Rows that a notebook shows of each end, and columns.
_SHOWN, _COLUMNS = 5, 6


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

    def plot(
        self, ax: Optional[matplotlib.axes.Axes] = None, **kwargs: Any
    ) -> matplotlib.axes.Axes:
        """Draws a line for each stream with matplotlib, and returns the Axes: those given, or of
        a new figure. A line has gaps where there is no value.

        :param kwargs: of the lines, as ``Axes.plot`` takes them.
        :raises ImportError: matplotlib is not installed.
        """
        ax = _plot.axes(ax)
        ts, values = self.to_numpy()
        for name, column in zip(self.names, values.T):
            _plot.line(ax, ts, column, **{"label": _plot.label(name), **kwargs})
        if len(self.names) > 1:
            ax.legend()
        return ax

    @_html.never_raising
    def _repr_html_(self) -> str:
        """Returns the first and the last rows and a picture of each stream; of the first few, if
        they are many."""
        names, columns = self.names[:_COLUMNS], self._values[:_COLUMNS]

        def cells(row: int) -> list[Any]:
            return [instants.shown_in_utc(self._ts[row]), *(column[row] for column in columns)]

        rows = [
            None if row is None else cells(row) for row in _html.ends(range(len(self)), _SHOWN)
        ]
        parts = [_html.table(["ts (UTC)", *names], rows)]
        longest = _picture.longest_step(_picture.steps_of(self._ts[: _picture.ROWS]))
        for name, column in zip(names, columns):
            points = _picture.points(self._ts, column, column, longest)
            parts += [_html.paragraph(name), _picture.svg(points, name)]
        if len(self) > _picture.ROWS:
            most = f"A picture is made of {_picture.ROWS:,} rows at most."
            parts.append(_html.paragraph(most))
        if len(self.names) > _COLUMNS:
            parts.append(_html.paragraph(f"and {len(self.names) - _COLUMNS} more"))
        title = f"{_html.counted(len(self), 'row')} of {_html.counted(len(self.names), 'stream')}"
        return _html.page(title, *parts)
