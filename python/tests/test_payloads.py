"""The server's JSON: its forms, what is reported of it, and where it stands."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import mmap
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest

import satori_store
from satori_store import Conflict, Store

from .conftest import BITCOIN, FEEDS

FIRST = b'{"value": 1, "observed_at": 1, "stream": {"uuid": "x"}}'
SECOND = b'{"value": 2, "observed_at": 2, "stream": {"uuid": "x"}}'


@contextmanager
def holding_the_lock(path: Path) -> Iterator[None]:
    """Holds the write lock of the store in another process."""
    code = (
        "import sqlite3, sys; db = sqlite3.connect(sys.argv[1], isolation_level=None); "
        "db.execute('BEGIN IMMEDIATE'); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdin and other.stdout and other.stdout.readline() == b"held\n"
        yield
        other.stdin.close()


def test_payloads_as_text_bytes_or_parsed(store: Store) -> None:
    payload = {"value": "1.5", "observed_at": "7", "stream": {"uuid": "x", "name": "n"}}
    assert store.ingest(payload).inserted == 1
    assert store.ingest([payload, None]).already_there == 1
    assert store.ingest(None).nothing == 1
    feed = FEEDS / "bitcoin.ndjson"
    assert store.ingest(feed.read_bytes()).inserted == 156
    assert store.ingest(feed.read_text(encoding="utf-8")).already_there == 156
    assert store.stream(BITCOIN) == store.stream_by_name("bitcoin")
    assert store.sync_streams([{"uuid": "y"}]).new == ("y",)


def test_json_from_whatever_holds_it(store: Store, tmp_path: Path) -> None:
    feed = FEEDS / "bitcoin.ndjson"
    data = feed.read_bytes()
    lines = data.decode().splitlines()

    class Response:  # as that of requests, which iterates over pieces
        content = data

        def __iter__(self) -> Iterator[bytes]:
            return iter([data[:100], data[100:]])

    class Reader:  # as that of urllib and httpx
        def read(self) -> bytes:
            return data

    with open(feed, "rb") as binary, open(feed, encoding="utf-8") as text, open(feed, "rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        for held in (
            feed,
            binary,
            text,
            io.BytesIO(data),
            io.StringIO(data.decode()),
            bytearray(data),
            memoryview(data),
            mapped,
            Response(),
            Reader(),
            iter(lines),
            (line + "\n" for line in lines),
            iter(data.splitlines(keepends=True)),
            (json.loads(line) for line in lines),
            map(json.loads, lines),
            lines,
            tuple(lines),
            io.StringIO(data.decode()).readlines(),
            data.splitlines(keepends=True),
            [bytearray(line) for line in data.splitlines()],
            [lines[0].encode(), memoryview(lines[1].encode()), json.loads(lines[2]), *lines[3:]],
            json.dumps(list(map(json.loads, lines)), indent=1).splitlines(keepends=True),
        ):
            report = store.ingest(held)
            assert report.payloads == 156 and not report.rejected, held
            store.remove(BITCOIN)
    assert store.sync_streams(io.StringIO('[{"uuid": "y"}]')).new == ("y",)
    assert store.sync_streams({"uuid": "z"} for _ in range(1)).new == ("z",)
    assert store.sync_streams(['{"uuid": "v"}\n', b'{"uuid": "w"}']).new == ("v", "w")
    with pytest.raises(FileNotFoundError):
        store.ingest(tmp_path / "missing")


def test_a_list_of_lines_is_one_of_payloads_where_it_holds_no_text(store: Store) -> None:
    """A bad line is reported by its number; what json.loads makes stays as it was."""
    report = store.ingest([FIRST.decode() + "\n", "noon\n", "\n", 5, None, SECOND])
    assert (report.payloads, report.inserted, report.nothing) == (5, 2, 1)
    assert [(one.index, one.line) for one in report.rejected] == [(1, 2), (2, 4)]
    parsed = store.ingest([json.loads(FIRST), 5, None, [7]])
    assert (parsed.already_there, parsed.nothing, len(parsed.rejected)) == (1, 1, 2)
    with pytest.raises(satori_store.Refused):
        store.ingest([FIRST, "noon"], strict=True)


def test_a_path_as_text_is_named(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not opened: a server's answer must not choose a file."""
    feed = FEEDS / "bitcoin.ndjson"
    monkeypatch.chdir(tmp_path)
    for name in ("feed.json", "null", "[1]"):
        (tmp_path / name).write_bytes(FIRST)
    relative: Any = "feed.json"
    for take in (store.ingest, store.sync_streams):
        for path in (str(feed), str(feed).encode(), relative, [relative], iter([relative + "\n"]), "."):
            with pytest.raises(satori_store.InvalidValue, match="is the path of a file.*pathlib.Path"):
                take(path)
    assert store.streams() == []
    # As the error says; and JSON stays JSON, whatever files are called.
    assert store.ingest(tmp_path / relative).inserted == 1
    assert store.ingest("null").nothing == 1
    assert len(store.ingest("[1]").rejected) == 1
    missing = store.ingest(str(tmp_path / "missing.json"))
    assert "expected value" in missing.rejected[0].error


def test_what_holds_no_json(store: Store) -> None:
    class Readerless:
        read = content = None

    frame = pandas.DataFrame({"value": [1]})
    none: Any = (5, 1.5, True, object(), frame, frame["value"], numpy.array([1]), Readerless(), [].append)
    lines: Any = ([5], [None, object()])
    for take in (store.ingest, store.sync_streams):
        for value in (*none, *map(iter, lines)):
            with pytest.raises(satori_store.InvalidValue, match="holds no JSON|no line of JSON"):
                take(value)
    assert store.streams() == []


@pytest.mark.parametrize("encode", [gzip.compress, bz2.compress, lzma.compress])
def test_compressed_input_is_named(store: Store, encode: Callable[[bytes], bytes]) -> None:
    with pytest.raises(satori_store.InvalidJson, match="the input is (gzip|bzip2|xz): decompress"):
        store.ingest(encode(FIRST))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_other_encodings_are_named(store: Store, encoding: str) -> None:
    with pytest.raises(satori_store.InvalidJson, match=f"the input is {encoding[:6].upper()}: convert"):
        store.ingest(FIRST.decode().encode(encoding))


def test_nothing_to_write_waits_for_no_lock(path: Path) -> None:
    with Store(path, busy_timeout=30) as store:
        with ThreadPoolExecutor() as pool, holding_the_lock(path):
            nothing: tuple[Any, ...] = ([], None, "", "null", "no JSON", [{}])
            for payload in nothing:
                assert pool.submit(store.ingest, payload).result(timeout=10).inserted == 0
            assert pool.submit(store.sync_streams, []).result(timeout=10).new == ()


def test_a_refused_batch_carries_its_report(store: Store) -> None:
    payloads = [{"value": 1, "observed_at": 1, "stream": {"uuid": "x"}}, {"value": 2}]
    with pytest.raises(satori_store.Refused) as refused:
        store.ingest(payloads, strict=True)
    assert refused.value.report.rejected[0].index == 1
    assert store.streams() == [] and store.streams_without_metadata() == []
    report = store.ingest(payloads)
    assert report.inserted == 1 and report.rejected[0].line == 1
    with pytest.raises(satori_store.MissingUuid):
        raise satori_store.MissingUuid("x")


def test_what_json_cannot_say(store: Store) -> None:
    good = {"value": Decimal("1.5"), "observed_at": 1, "stream": {"uuid": "x"}}
    bad = {"value": float("nan"), "observed_at": 2, "stream": {"uuid": "x"}}
    report = store.ingest([bad, good])
    assert report.inserted == 1 and report.rejected[0].index == 0


def test_where_a_payload_stands(store: Store) -> None:
    store.insert("x", [(1, 7), (2, 2)])
    report = store.ingest(b"\n [" + FIRST + b",\n  {}, " + SECOND + b", 5]")
    places = [(one.index, one.line, one.column) for one in report.rejected]
    assert places == [(1, 3, 3), (3, 3, 9 + len(SECOND))]
    assert report.conflicts == (
        Conflict("x", datetime(1970, 1, 1, 0, 0, 1, tzinfo=timezone.utc), 7.0, 1.0, 0, 2, 3),
    )
    assert report.already_there == 1
    synced = store.sync_streams(b'[{"uuid": "x"}, {}]').rejected
    assert [(one.index, one.line, one.column) for one in synced] == [(1, 1, 17)]


def test_the_pieces_of_a_long_input(store: Store) -> None:
    # The first line of a piece may look like an array, or be cut short.
    for line in (b"[1]", b"[", b"{"):
        piece = line + b"\n" + FIRST + b"\n\n" + SECOND
        report = store.ingest(piece, format="ndjson", first_line=1000)
        assert (report.payloads, report.inserted + report.already_there) == (3, 2)
        assert [(one.index, one.line) for one in report.rejected] == [(0, 1000)]
        assert "line 1000" in report.rejected[0].error
    # The control: elsewhere an array that is cut short is no batch.
    with pytest.raises(satori_store.InvalidJson, match="line 7"):
        store.ingest(b"[\n" + FIRST, first_line=6)
    report = store.ingest(FIRST.replace(b"1", b"3") + b"\n" + FIRST + b"\n{}", first_line=6)
    assert [one.line for one in report.rejected] == [8]
    with pytest.raises(satori_store.Refused) as refused:
        store.ingest(FIRST + b"\n{}", strict=True, format="ndjson", first_line=2**40)
    assert refused.value.report.rejected[0].line == 2**40 + 1
    # What is parsed has no lines.
    payload = {"value": 9, "observed_at": 9, "stream": {"uuid": "x"}}
    assert store.ingest([payload, payload], format="ndjson").already_there == 1
    assert store.ingest(payload, format="ndjson").already_there == 1


def test_formats_and_lines_that_are_none(store: Store) -> None:
    for format in ("", "json", "NDJSON", 1, None):
        with pytest.raises(satori_store.InvalidArgument, match="expected 'auto' or 'ndjson'"):
            store.ingest(FIRST, format=format)  # type: ignore[arg-type]
    for first_line in (0, -1, 2**64, 1.5, "1", None):
        with pytest.raises(satori_store.InvalidArgument, match="first_line"):
            store.ingest(FIRST, first_line=first_line)  # type: ignore[arg-type]
    assert "x" not in store
