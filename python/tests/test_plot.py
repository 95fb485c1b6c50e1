"""Drawing with matplotlib: what is drawn, and what is said without it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import matplotlib
import numpy
import pytest

from satori_store import Store, UnreadableRow

from .conftest import BITCOIN, FEEDS
from .test_html import spoil


@pytest.fixture(autouse=True)
def pyplot() -> Iterator[Any]:
    """Draws without a screen."""
    matplotlib.use("agg")
    from matplotlib import pyplot

    yield pyplot
    pyplot.close("all")


def parts(line: Any) -> list[list[float]]:
    """Returns the values of a line's parts between gaps."""
    values = numpy.asarray(line.get_ydata(), dtype="float64")
    ends = numpy.flatnonzero(numpy.isnan(values))
    return [[one for one in part if one == one] for part in numpy.split(values, ends)]


def lines(ax: Any) -> list[Any]:
    return list(ax.get_lines())


def drawn(ax: Any) -> None:
    """Draws the figure, so that what can't be drawn is found."""
    ax.figure.canvas.draw()


def test_a_line_goes_through_every_row(store: Store) -> None:
    store.ingest((FEEDS / "bitcoin.ndjson").read_bytes())
    ax: Any = store.observations(BITCOIN).plot()
    (line,) = lines(ax)
    read = store.observations(BITCOIN).to_numpy()
    assert (line.get_xdata() == read.ts).all() and (line.get_ydata() == read.value).all()
    assert line.get_label() == BITCOIN and ax.get_legend() is None
    drawn(ax)
    # On axes that are given, with what Axes.plot takes; each call without makes a figure.
    again = store.observations(BITCOIN, "2024-01-01").plot(ax, color="red", label="this year")
    assert again is ax and len(lines(ax)) == 2
    assert (lines(ax)[1].get_color(), lines(ax)[1].get_label()) == ("red", "this year")
    assert store.observations(BITCOIN).plot().figure is not ax.figure


def test_gaps_break_the_line(store: Store) -> None:
    ts = [0, 2, 4, 6, 9, 11, 13, 17, 19, 21, 23, 27, 40, 42]
    store.insert("a", [(one, float(one)) for one in ts])
    line, dots = lines(store.observations("a").plot())
    assert parts(line) == [[0, 2, 4, 6, 9, 11, 13], [17, 19, 21, 23], [27], [40, 42]]
    # A row between two gaps is no line: it is a dot of the same colour.
    assert list(dots.get_ydata()) == [27] and dots.get_color() == line.get_color()
    drawn(line.axes)
    # Who asks for markers has dots already.
    (marked,) = lines(store.observations("a").plot(marker="x"))
    assert marked.get_marker() == "x"


def test_providers_are_told_apart(store: Store) -> None:
    rows = [(ts, float(ts), None, "engine" if ts % 3 == 0 else "central") for ts in range(9)]
    store.insert("a", rows)
    ax: Any = store.observations("a").plot()
    line, central, engine = lines(ax)
    assert parts(line) == [list(range(9))]
    assert list(central.get_ydata()) == [1, 2, 4, 5, 7, 8]
    assert list(engine.get_ydata()) == [0, 3, 6]
    assert central.get_color() != engine.get_color() and central.get_linestyle() == "None"
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["a", "central", "engine"]


def test_names_are_no_formulas(store: Store) -> None:
    store.insert("$\\frac$", [(0, 1.0, None, "$x^$"), (1, 1.0, None, "p")])
    ax: Any = store.observations("$\\frac$").plot()
    drawn(ax)
    # What matplotlib shows of them is seen when they are drawn: a formula would be refused.
    assert [text.get_text() for text in ax.get_legend().get_texts()][1] == r"\$x^\$"
    drawn(store.align({"$a_$": "$\\frac$", "b$": "$\\frac$"}, "1s").plot())


@pytest.mark.parametrize("rows", [[], [(0, 1.0)], [(0, 1.0), (1, 1.0)], [(0, 1e300), (1, -1e300)]])
def test_few_rows_and_large_values(store: Store, rows: list[tuple[int, float]]) -> None:
    store.insert("a", rows)
    store.upsert_stream("a")
    ax: Any = store.observations("a").plot()
    assert list(lines(ax)[0].get_ydata()) == [value for _, value in rows]
    drawn(ax)
    drawn(store.resample("a", "1s").plot())
    drawn(store.align(["a"], "1s", 0, 10).plot())


def test_steps_have_their_mean_and_range(store: Store) -> None:
    store.insert("a", [(ts, float(ts % 60)) for ts in range(240)])
    store.insert("a", 3600, 7.0)
    ax: Any = store.resample("a", "1min").plot()
    line, dot = lines(ax)
    assert parts(line) == [[29.5] * 4, [7.0]] and list(dot.get_ydata()) == [7.0]
    (band,) = ax.collections
    corners = [path.vertices[:, 1] for path in band.get_paths()]
    assert [(least.min(), greatest.max()) for least, greatest in zip(corners, corners)] == [
        (0, 59),
        (7, 7),
    ]
    drawn(ax)
    empty: Any = store.resample("a", "1min", empty=True).plot()
    assert list(map(len, parts(lines(empty)[0])))[0] == 4


def test_streams_side_by_side(store: Store) -> None:
    store.insert("a", [(ts, float(ts)) for ts in (0, 1, 2, 4, 5)])
    store.insert("b", [(ts, float(-ts)) for ts in range(6)])
    ax: Any = store.align({"one": "a", "two": "b"}, "1s", how="exact").plot()
    one, two = lines(ax)
    assert parts(one) == [[0, 1, 2], [4, 5]] and parts(two) == [[0, -1, -2, -3, -4, -5]]
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["one", "two"]
    assert lines(store.align([], "1s", 0, 10).plot()) == []


def test_a_row_that_cannot_be_read(store: Store) -> None:
    store.insert("a", [(ts, ts) for ts in range(9)])
    assert store.path is not None
    spoil(store.path, "UPDATE a SET value = 'abc' WHERE ts = 5")
    with pytest.raises(UnreadableRow):
        store.observations("a").plot()


_WITHOUT = """
import sys
sys.modules["matplotlib"] = None
from satori_store import Store
with Store.in_memory() as store:
    store.insert("a", [(0, 1.0), (1, 2.0)])
    for drawn in (store.observations("a"), store.resample("a", "1s"), store.align(["a"], "1s")):
        assert "<path" in drawn._repr_html_()
        try:
            drawn.plot()
        except ImportError as error:
            print(error)
"""


def test_without_matplotlib() -> None:
    """It says what to install; the pictures of notebooks need nothing."""
    ran = subprocess.run([sys.executable, "-c", _WITHOUT], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("pip install matplotlib") == 3
