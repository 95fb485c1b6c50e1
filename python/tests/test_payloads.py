"""The server's JSON: its forms, what is reported of it, and where it stands."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal

import pytest

import satori_store
from satori_store import Conflict, Store

from .conftest import BITCOIN, FEEDS

FIRST = b'{"value": 1, "observed_at": 1, "stream": {"uuid": "x"}}'
SECOND = b'{"value": 2, "observed_at": 2, "stream": {"uuid": "x"}}'


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
