"""What notebooks show: tables and pictures, of a bounded size, of whatever a store holds."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Optional, Union
from xml.etree import ElementTree

import pytest

from satori_store import Store, _excerpt
from satori_store._reading.cursor import Cursor

from .conftest import BITCOIN, FEEDS

#: A page of one object, in bytes, at most: its table, and each picture.
TABLE, PICTURE = 8_000, 12_000
#: The attributes that a page has.
ATTRIBUTES = {
    *("style", "xmlns", "viewbox", "width", "height", "role", "d", "x", "y", "text-anchor"),
    *("fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-linecap"),
    *("stroke-linejoin", "font-size"),
}


class Page(HTMLParser):
    """A page as a browser takes it: its rows, its text, its pictures."""

    def __init__(self, shown: Any) -> None:
        super().__init__()
        self.html: str = shown._repr_html_()
        self.rows: list[list[str]] = []
        self.words = ""
        self._open: list[str] = []
        self.feed(self.html)
        assert self._open == [], "an element is not closed"
        pictures = re.findall(r"<svg.*?</svg>", self.html)
        self.pictures = [Picture(picture) for picture in pictures]
        assert len(self.html.encode()) < TABLE + PICTURE * len(pictures)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        # No script, nothing from elsewhere, no colour of its own.
        assert tag in {
            *("div", "p", "b", "table", "thead", "tbody", "tr", "th", "td"),
            *("svg", "title", "path", "text"),
        }, tag
        for name, value in attrs:
            assert name in ATTRIBUTES, name
            assert name == "xmlns" or not re.search("url|:/", value)
            assert name not in ("fill", "stroke") or value in ("none", "currentColor")
        if tag == "tr":
            self.rows.append([])
        elif tag in ("th", "td"):
            self.rows[-1].append("")
        self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.handle_starttag(tag, attrs)
        self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data
        if self._open[-1] in ("th", "td"):
            self.rows[-1][-1] += data


class Picture:
    """A picture: the parts of its line, its dots and its labels."""

    def __init__(self, svg: str) -> None:
        tree = ElementTree.fromstring(svg)
        space = "{http://www.w3.org/2000/svg}"
        self.title = tree.findtext(f"{space}title")
        self.labels = [text.text for text in tree.iter(f"{space}text")]
        self.line: list[list[tuple[float, float]]] = []
        self.dots: list[list[tuple[float, float]]] = []
        self.band: list[list[tuple[float, float]]] = []
        for path in tree.iter(f"{space}path"):
            assert path.get("stroke") == "currentColor"
            parts = self.line if path.get("fill") == "none" else self.band
            if path.get("stroke-linecap"):
                parts = self.dots
            for part in path.attrib["d"].split("M")[1:]:
                places = [place.split() for place in part.split("L")]
                parts.append([(float(x), float(y)) for x, y in places])
        width, height = tree.attrib["viewBox"].split()[2:]
        for x, y in self.places():
            assert 0 <= x <= float(width) and 0 <= y <= float(height)

    def places(self) -> Iterable[tuple[float, float]]:
        return (place for part in (*self.line, *self.dots, *self.band) for place in part)


def picture_of(store: Store, uuid: str, **span: Any) -> Picture:
    (picture,) = Page(store.observations(uuid, **span)).pictures
    return picture


def spoil(path: Union[Path, str], statement: str) -> None:
    with closing(sqlite3.connect(path)) as plain:
        plain.execute(statement)
        plain.commit()


# Tables


def test_a_store_lists_its_streams(store: Store, path: Path) -> None:
    store.ingest((FEEDS / "batch.json").read_bytes())
    store.insert("unknown", "2024-01-03 12:00", 1.5)
    store.upsert_stream("empty", name="nothing yet")
    page = Page(store)
    assert page.words.startswith(f"5 streams in {path}"[:100])
    heads, *rows = page.rows
    assert heads == ["name", "uuid", "last synced (UTC)", "latest row (UTC)", "value"]
    latest = store.latest(BITCOIN)
    assert latest is not None
    assert rows[0][:2] == ["bitcoin", BITCOIN]
    assert rows[0][3:] == [f"{latest.ts:%Y-%m-%d %H:%M:%S}", repr(latest.value)]
    assert [row[1] for row in rows[-2:]] == ["empty", "unknown"]
    assert rows[-2][3:] == ["", ""]
    assert rows[-1] == ["", "unknown", "", "2024-01-03 12:00:00", "1.5"]


def test_a_store_of_many_streams_says_how_many(store: Store) -> None:
    streams = [{"uuid": f"s{number}", "name": "n"} for number in range(10_000)]
    store.sync_streams(json.dumps(streams))
    store.insert_across((f"t{number}", 0, 1.0) for number in range(23))
    page = Page(store)
    assert page.words.startswith("10,023 streams in ")
    assert len(page.rows) == 22 and set(page.rows[-1]) == {"⋮"}
    assert page.rows[20][1] == "s19"
    latest = Page(store.latest_of_all())
    assert latest.words.startswith("Latest of 23 streams") and len(latest.rows) == 22


def test_a_stream_shows_its_fields(store: Store) -> None:
    stream = store.upsert_stream("a", name="n", server_stream_id=12345)
    shown = dict(row for row in Page(stream).rows)
    assert shown["server_stream_id"] == "12345" and shown["name"] == "n"
    assert "author" not in shown
    assert stream.created_at is not None
    assert shown["created_at (UTC)"] == str(stream.created_at.replace(tzinfo=None))


def test_observations_show_both_ends(store: Store) -> None:
    store.ingest((FEEDS / "bitcoin.ndjson").read_bytes())
    page = Page(store.observations(BITCOIN))
    assert page.words.startswith(f"156 rows of {BITCOIN}")
    rows = [
        [f"{row.ts:%Y-%m-%d %H:%M:%S}", repr(row.value), row.hash, row.provider]
        for row in store.observations(BITCOIN)
    ]
    assert page.rows == [
        ["ts (UTC)", "value", "hash", "provider"],
        *rows[:5],
        ["⋮"] * 4,
        *rows[-5:],
    ]
    few = Page(store.observations(BITCOIN, "2024-01-01", "2024-11-01"))
    assert few.words.startswith("10 rows") and few.rows[1:] == rows[-12:-2]
    some = Page(store.observations(BITCOIN, "2024-01-01", "2024-12-01"))
    assert some.words.startswith("11 rows") and some.rows[-5:] == rows[-6:-1]


def test_latest_rows_show_what_is_missing(store: Store) -> None:
    store.insert("a", "2024-01-03 12:00", 1.5, hash="h", provider="p")
    page = Page(store.latest_of(["a", "b"]))
    assert page.rows[1:] == [
        ["a", "2024-01-03 12:00:00", "1.5", "h", "p"],
        ["b", "", "", "", ""],
    ]


NASTY = '<script>alert("x")</script>&amp;\'"><img src=x onerror=y>'


def test_text_is_shown_as_text(store: Store) -> None:
    """The page's own checks refuse an element of a name that the page doesn't write."""
    store.upsert_stream(NASTY[:100], name=NASTY, description=NASTY * 100_000)
    store.insert(NASTY[:100], [(0, 1.0, NASTY, NASTY), (1, 2.0, NASTY, "<b>")])
    store.insert(NASTY[:100], [(row, 2.0) for row in range(2, 20)])
    stream = store.stream(NASTY[:100])
    observations = store.observations(NASTY[:100])
    aligned = store.align({NASTY: NASTY[:100]}, "1s")
    resampled = store.resample(NASTY[:100], "1s")
    latest = store.latest_of_all()
    for shown in (store, stream, observations, resampled, aligned, latest):
        assert NASTY[:50] in Page(shown).words
    assert Page(observations).rows[1][2] == NASTY
    assert Page(observations).pictures[0].title == NASTY[:100]
    # Turned text, controls and what is not seen are shown by their numbers.
    hidden = "a\u202eb\nc\x1b[1m\u200bd\U000e0041"
    store.upsert_stream("hidden", name=hidden)
    words = Page(store.stream("hidden")).words
    assert r"a\u{202e}b\nc\u{1b}[1m\u{200b}d\u{e0041}" in words, words
    # Lone surrogates can't be sent to a browser.
    Page(store.align({"\udcff": NASTY[:100]}, "1s")).html.encode()


def test_a_path_that_is_no_text(tmp_path: Path) -> None:
    with Store(os.fsencode(tmp_path) + b"/\xff<i>.db") as store:
        Page(store).html.encode()
    Page(store).html.encode()


# Pictures


def test_a_line_goes_through_every_row(store: Store) -> None:
    store.insert("a", [(0, 0.0), (100, 10.0), (200, 5.0)])
    picture = picture_of(store, "a")
    assert picture.line == [[(6, 104), (240, 18), (474, 61)]] and picture.dots == []
    assert picture.labels == ["10.0", "0.0", "1970-01-01 00:00:00", "1970-01-01 00:03:20"]
    assert picture.title == "a"


@pytest.mark.parametrize("spelling", [float, lambda ts: str(datetime.fromtimestamp(ts))])
def test_a_gap_breaks_the_line(store: Store, spelling: Callable[[int], Any]) -> None:
    """A step of just one and a half median steps is none."""
    ts = [0, 2, 4, 6, 9, 11, 13, 17, 19, 21, 23, 27, 40, 42]
    store.insert("a", [(spelling(1_700_000_000 + one), 1.0) for one in ts])
    picture = picture_of(store, "a")
    assert list(map(len, picture.line)) == [7, 4, 2]
    assert list(map(len, picture.dots)) == [2]


def test_one_row_none_and_a_constant(store: Store) -> None:
    store.insert("a", 1_700_000_000, 2.5)
    picture = picture_of(store, "a")
    assert picture.line == [] and picture.dots == [[(240, 61)] * 2]
    assert picture.labels == ["2.5", "2023-11-14 22:13:20"]
    store.insert("a", [(1_700_000_000 + row, 2.5) for row in range(10)])
    assert {y for _, y in picture_of(store, "a").line[0]} == {61}
    for empty in (
        store.observations("a", 0, 1),
        store.resample("a", "1h", 0, 1),
        store.align(["a"], "1h", 0, 0),
        store.align([], "1h", 0, 86400),
        store.latest_of([]),
    ):
        page = Page(empty)
        assert page.pictures == [] and re.match("(Latest of )?(0|24) ", page.words)


@pytest.mark.parametrize("values", [(1e300, -1e300), (1.7e308, -1.7e308), (5e-324, 0.0)])
def test_values_as_large_and_small_as_can_be(store: Store, values: tuple[float, float]) -> None:
    store.insert("a", enumerate(values))
    (picture,) = Page(store.observations("a")).pictures
    assert picture.labels[:2] == list(map(repr, values))
    (line,) = picture.line
    assert line[0][1] <= line[1][1]
    for shown in (store.resample("a", "1s"), store.align(["a"], "1s")):
        assert len(Page(shown).pictures) == 1


def test_instants_that_no_datetime_holds(path: Path) -> None:
    with Store(path) as store:
        store.insert("a", [(row, row) for row in range(20)])
        spoil(path, "INSERT INTO a VALUES (-99999999999, 5, 'h', 'p')")  # the year -1199
        page = Page(store.observations("a"))
        assert page.words.startswith("21 rows of a")
        assert page.rows[1] == ["⋮"] * 4 and page.rows[-1][1] == "19.0"
        assert page.pictures[0].labels[2] == "-99999999999000000 µs"
        Page(store.resample("a", "1y"))
        spoil(path, "DELETE FROM a WHERE ts >= 0")
        assert Page(store).rows[1][3:] == ["UnreadableRow", ""]


# Many rows


def test_many_rows_have_the_least_and_the_greatest_of_each_point(store: Store) -> None:
    """In 240 points, a spike of one row is seen, and so is a gap."""
    rows = [(ts, float(ts % 100)) for ts in range(50_000) if not 20_000 < ts < 25_000]
    rows[5_000] = (rows[5_000][0], 1e4)
    rows[30_000] = (rows[30_000][0], -1e4)
    store.insert("a", rows)
    page = Page(store.observations("a"))
    (picture,) = page.pictures
    assert picture.labels[:2] == ["10000.0", "-10000.0"]
    assert len(picture.line) == 2 and 300 < sum(map(len, picture.line)) <= 480
    assert sum(y == 18 for _, y in picture.places()) == 1
    assert "picture is made of" not in page.words


class Reading:
    """How many rows cursors have read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rows = 0
        real = Cursor._next

        def counted(cursor: Cursor, capacity: int, *columns: Optional[int]) -> int:
            count = real(cursor, capacity, *columns)
            self.rows += count
            return count

        monkeypatch.setattr(Cursor, "_next", counted)


@pytest.fixture(scope="module")
def long_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stores 200,000 rows in two parts, with a gap between."""
    path = tmp_path_factory.mktemp("long") / "engine.db"
    with Store(path) as store:
        store.insert("a", ((ts, float(ts % 977)) for ts in range(100_000)))
        store.insert("a", ((ts, float(ts % 977)) for ts in range(150_000, 250_000)))
    return path


@pytest.fixture
def long(long_path: Path) -> Iterator[Store]:
    with Store(long_path, read_only=True) as store:
        yield store


def test_of_a_long_stream_some_rows_are_read(
    long: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_excerpt, "SECONDS", float("inf"))
    reading = Reading(monkeypatch)
    page = Page(long.observations("a"))
    assert page.words.startswith("200,000 rows of a")
    assert page.rows[-1][:2] == ["1970-01-03 21:26:39", repr(249_999.0 % 977)]
    assert 100_000 < reading.rows < 210_000
    assert re.search(r"The picture is made of [\d,]+ rows, at 240 places", page.words)
    (picture,) = page.pictures
    # The gap is a fifth of the width, in the middle of the later half.
    first, second = picture.line
    assert picture.labels[2:] == ["1970-01-01 00:00:00", "1970-01-03 21:26:39"]
    assert 191 < first[-1][0] < 195 and 286 < second[0][0] < 288 and second[-1][0] == 474
    assert Page(long.observations("a", 1)).words.startswith("At least 100,000 rows of a")


def test_time_that_is_up_leaves_places_out(
    long: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_excerpt, "SECONDS", -1.0)
    page = Page(long.observations("a"))
    assert "rows, at 4 places." in page.words
    (picture,) = page.pictures
    assert len(picture.line) == 2 and picture.line[1][-1][0] == 474


def test_of_many_steps_the_first_ones_are_read(
    long: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = Reading(monkeypatch)
    hours = Page(long.resample("a", "1h"))
    # What the first 100,000 rows come to; the last step of them is not whole.
    assert hours.words.startswith("The first 28 steps of a")
    whole = list(long.resample("a", "1h"))[:28]
    assert [row[1] for row in hours.rows[-5:]] == [str(step.count) for step in whole[-5:]]
    (picture,) = hours.pictures
    assert len(picture.line[0]) == 28 and len(picture.band[0]) == 56
    assert Page(long.resample("a", "1s")).words.startswith("The first 1,000 steps of a")
    assert "A step has more than 100,000 rows" in Page(long.resample("a", "10d")).words
    assert reading.rows < 310_000


def test_of_many_rows_side_by_side(long: Store) -> None:
    aligned = long.align({str(number): "a" for number in range(9)}, "1s", how="exact")
    page = Page(aligned)
    assert page.words.startswith("250,000 rows of 9 streams") and "and 3 more" in page.words
    assert page.rows[0] == ["ts (UTC)", *map(str, range(6))]
    assert page.rows[1] == ["1970-01-01 00:00:00", *["0.0"] * 6]
    assert len(page.pictures) == 6 and len(page.pictures[0].line) == 2


def test_no_value_is_no_number(store: Store) -> None:
    store.insert("a", [(ts, float(ts)) for ts in (0, 1, 2, 4, 5, 7)])
    page = Page(store.align(["a"], "1s", how="exact"))
    assert [row[1] for row in page.rows[1:]] == ["0.0", "1.0", "2.0", "", "4.0", "5.0", "", "7.0"]
    (picture,) = page.pictures
    assert list(map(len, picture.line)) == [3, 2] and len(picture.dots) == 1


# What can't be read


def test_closed_stores_say_so(store: Store) -> None:
    store.insert("a", [(ts, ts) for ts in range(20)])
    shown = [store, store.observations("a"), store.resample("a", "1s")]
    kept = [store.align(["a"], "1s"), store.latest_of_all()]
    store.close()
    for one in shown:
        assert "closed" in Page(one).words
    for one in kept:
        assert len(Page(one).rows) > 1


def test_rows_that_cannot_be_read(path: Path) -> None:
    with Store(path) as store:
        store.insert("a", [(ts, float(ts)) for ts in range(30)])
        spoil(path, "UPDATE a SET value = 'abc' WHERE ts = 20")
        page = Page(store.observations("a"))
        assert page.words.startswith("30 rows of a") and "UnreadableRow: " in page.words
        assert len(page.pictures[0].line[0]) == 20
        assert [row[1] for row in page.rows[-5:]] == ["25.0", "26.0", "27.0", "28.0", "29.0"]
        assert Page(store.observations("a", 1)).words.startswith("At least 19 rows of a")
        assert "UnreadableRow" in Page(store.resample("a", "1s")).words
        spoil(path, "UPDATE a SET value = 'abc' WHERE ts IN (0, 29)")
        page = Page(store.observations("a"))
        assert page.rows[1:] == [["⋮"] * 4] and page.pictures == []
        assert Page(store).rows[1][3:] == ["UnreadableRow", ""]
    with Store(path, skip_unreadable=True) as store:
        page = Page(store.observations("a"))
        assert "UnreadableRow" not in page.words
        # Where a row was left out there is a gap.
        assert list(map(len, page.pictures[0].line)) == [19, 8]


def test_rows_that_cannot_be_read_among_many(long_path: Path, path: Path) -> None:
    shutil.copy(long_path, path)
    spoil(path, "UPDATE a SET value = 'abc' WHERE ts IN (0, 200000)")
    with Store(path) as store:
        page = Page(store.observations("a", 1))
        assert page.words.startswith("At least 100,000 rows of a") and len(page.pictures) == 1
        spoil(path, "UPDATE a SET value = 'abc' WHERE ts = 249999")
        page = Page(store.observations("a", 1))
        assert "UnreadableRow: " in page.words and "at 1 place." in page.words
        assert "UnreadableRow: " in Page(store.observations("a")).words


def test_a_stream_that_is_gone_and_a_file_that_is_damaged(path: Path) -> None:
    with Store(path) as store:
        store.insert("a", [(ts, ts) for ts in range(20_000)])
        rows = store.observations("a")
        store.remove("a")
        assert "NotFound" in Page(rows).words
        store.insert("a", [(ts, ts) for ts in range(20_000)])
    with path.open("r+b") as file:
        file.seek(16 * 4096)
        file.write(b"\xff" * 40 * 4096)
    with Store(path, read_only=True) as store:
        assert "Corrupt" in Page(store.observations("a")).words
        Page(store)


def test_looking_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "engine.db"
    with Store(path) as store:
        store.ingest((FEEDS / "batch.json").read_bytes())
    before = path.read_bytes()
    times = path.stat().st_mtime_ns
    with Store(path, read_only=True) as store:
        stream = store.streams()[0]
        for shown in (
            store,
            stream,
            store.observations(stream.uuid),
            store.resample(stream.uuid, "1d"),
            store.align([stream.uuid], "1d"),
            store.latest_of_all(),
        ):
            Page(shown)
    assert path.read_bytes() == before and path.stat().st_mtime_ns == times
