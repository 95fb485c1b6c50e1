"""Drawing with matplotlib, if it is installed: lines with gaps, bands, dots of providers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from ._picture import GAP

if TYPE_CHECKING:
    import matplotlib.axes
    import numpy
    from matplotlib.lines import Line2D

    Array = numpy.ndarray[Any, Any]


def axes(given: Optional[matplotlib.axes.Axes]) -> matplotlib.axes.Axes:
    """Returns the Axes to draw on: those given, or of a new figure.

    :raises ImportError: matplotlib is not installed.
    """
    if given is not None:
        return given
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError(
            "plot() draws with matplotlib, which is not installed: pip install matplotlib. "
            "to_pandas(), to_numpy() and to_arrow() give the numbers to other libraries."
        ) from error
    _, made = pyplot.subplots()
    return made


def label(name: str) -> str:
    """Returns a name as a label shows it: matplotlib reads formulas between dollars."""
    return name.replace("$", r"\$")


def line(ax: matplotlib.axes.Axes, ts: Array, values: Array, **kwargs: Any) -> Line2D:
    """Draws values over time, and returns the line. It ends at a gap, and at NaN; a row between
    two gaps is a dot."""
    import numpy

    ts, (values,) = with_gaps(ts, values)
    (drawn,) = ax.plot(ts, values, **kwargs)
    known = numpy.concatenate([[False], ~numpy.isnan(values), [False]])
    alone = known[1:-1] & ~known[:-2] & ~known[2:]
    if alone.any() and drawn.get_marker() == "None":
        ax.plot(ts[alone], values[alone], ".", color=drawn.get_color(), label="_alone")
    return drawn


def providers(ax: matplotlib.axes.Axes, ts: Array, values: Array, provider: Array) -> None:
    """Draws the rows of each provider as dots of a colour, and the legend, if there are
    several."""
    names = sorted(set(provider))
    if len(names) < 2:
        return
    for name in names:
        rows = provider == name
        ax.plot(ts[rows], values[rows], ".", label=label(name))
    ax.legend()


def band(ax: matplotlib.axes.Axes, ts: Array, lows: Array, highs: Array, color: Any) -> None:
    """Draws the room between two lines."""
    ts, (lows, highs) = with_gaps(ts, lows, highs)
    ax.fill_between(ts, lows, highs, color=color, alpha=0.2, linewidth=0)


def with_gaps(ts: Array, *columns: Array) -> tuple[Array, list[Array]]:
    """Returns instants and columns with a row of NaN in each gap: a step between neighbouring
    rows that is longer than one and a half median steps."""
    import numpy

    steps = numpy.diff(ts.astype("int64"))
    if not len(steps):
        return ts, list(columns)
    gaps = numpy.flatnonzero(steps > GAP * numpy.median(steps)) + 1
    between = ts[gaps - 1] + (ts[gaps] - ts[gaps - 1]) // 2
    filled = [numpy.insert(column, gaps, numpy.nan) for column in columns]
    return numpy.insert(ts, gaps, between), filled
