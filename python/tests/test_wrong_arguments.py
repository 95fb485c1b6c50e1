"""Whatever is given for an argument, only errors of the store come, in few words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import satori_store
from satori_store import Store, StoreError

#: What is hardly ever meant, of every kind.
WRONG: list[Any] = [
    None,
    object(),
    "x" * 1_000_000,
    "\udc80",
    "a\0b",
    "",
    b"x",
    b"x" * 1_000_000,
    float("nan"),
    float("inf"),
    -float("inf"),
    -1,
    10**5000,
    True,
    1.5,
    timedelta.max,
    timedelta.min,
    [],
    [None],
    [object()],
    [()],
    [[1]],
    [(None, None)],
    [("2024-01-03", 1, 2, 3)],
    [(object(), object(), object(), object())],
    [("2024-01-03", "x" * 1_000_000)],
    [("x" * 1_000_000, 1)],
    [(b"x" * 1_000_000, 1)],
    {},
    {"a": object()},
    set("ab"),
    lambda: None,
]

#: Calls with one argument that is wrong.
CALLS: dict[str, Callable[[Store, Any], Any]] = {
    "upsert_stream(uuid)": lambda s, x: s.upsert_stream(x),
    "upsert_stream(name)": lambda s, x: s.upsert_stream("u", name=x),
    "upsert_stream(server_stream_id)": lambda s, x: s.upsert_stream("u", server_stream_id=x),
    "update_stream(uuid)": lambda s, x: s.update_stream(x),
    "update_stream(name)": lambda s, x: s.update_stream("a", name=x),
    "contains": lambda s, x: s.contains(x),
    "in": lambda s, x: x in s,
    "stream": lambda s, x: s.stream(x),
    "stream_by_name": lambda s, x: s.stream_by_name(x),
    "stream_as_stored": lambda s, x: s.stream_as_stored(x),
    "stream_by_name_as_stored": lambda s, x: s.stream_by_name_as_stored(x),
    "streams_by_name": lambda s, x: s.streams_by_name(x),
    "streams_by_server_id": lambda s, x: s.streams_by_server_id(x),
    "search_streams": lambda s, x: s.search_streams(x),
    "stale_streams": lambda s, x: s.stale_streams(x),
    "remove(uuid)": lambda s, x: s.remove(x),
    "remove(what)": lambda s, x: s.remove("u", x),
    "insert(uuid)": lambda s, x: s.insert(x, 0, 1),
    "insert(ts)": lambda s, x: s.insert("u", x, 1),
    "insert(value)": lambda s, x: s.insert("u", 0, x),
    "insert(hash)": lambda s, x: s.insert("u", 0, 1, hash=x),
    "insert(provider)": lambda s, x: s.insert("u", 0, 1, provider=x),
    "insert(unit)": lambda s, x: s.insert("u", 0, 1, unit=x),
    "insert(data)": lambda s, x: s.insert("u", x),
    "insert(data, provider)": lambda s, x: s.insert("u", [(0, 1)], provider=x),
    "insert_many(uuid)": lambda s, x: s.insert_many(x, [(0, 1)]),
    "insert_many(data)": lambda s, x: s.insert_many("u", x),
    "insert_many(row)": lambda s, x: s.insert_many("u", [x]),
    "insert_many(ts)": lambda s, x: s.insert_many("u", [(x, 1)]),
    "insert_many(value)": lambda s, x: s.insert_many("u", [(0, x)]),
    "insert_many(hash)": lambda s, x: s.insert_many("u", [(0, 1, x)]),
    "insert_many(row's provider)": lambda s, x: s.insert_many("u", [(0, 1, "h", x)]),
    "insert_many(provider)": lambda s, x: s.insert_many("u", [(0, 1)], provider=x),
    "insert_many(unit)": lambda s, x: s.insert_many("u", [(0, 1)], unit=x),
    "insert_spelled(uuid)": lambda s, x: s.insert_spelled(x, [("2024-01-03", 1)]),
    "insert_spelled(rows)": lambda s, x: s.insert_spelled("u", x),
    "insert_spelled(row)": lambda s, x: s.insert_spelled("u", [x]),
    "insert_spelled(rows, one wrong)": lambda s, x: s.insert_spelled(
        "u", [("2024-01-03", 1), x]
    ),
    "insert_spelled(ts)": lambda s, x: s.insert_spelled("u", [(x, 1)]),
    "insert_spelled(value)": lambda s, x: s.insert_spelled("u", [("2024-01-03", x)]),
    "insert_spelled(hash)": lambda s, x: s.insert_spelled("u", [("2024-01-03", 1, x)]),
    "insert_spelled(provider)": lambda s, x: s.insert_spelled(
        "u", [("2024-01-03", 1)], provider=x
    ),
    "observations(uuid)": lambda s, x: s.observations(x),
    "observations(start)": lambda s, x: list(s.observations("a", x)),
    "observations(end)": lambda s, x: list(s.observations("a", None, x)),
    "last(uuid)": lambda s, x: s.last(x, 1),
    "last(count)": lambda s, x: s.last("a", x),
    "latest": lambda s, x: s.latest(x),
    "observation(uuid)": lambda s, x: s.observation(x, 0),
    "observation(ts)": lambda s, x: s.observation("a", x),
    "count(uuid)": lambda s, x: s.count(x),
    "count(start)": lambda s, x: s.count("a", x),
    "count(end)": lambda s, x: s.count("a", None, x),
    "statistics": lambda s, x: s.statistics(x),
    "delete(uuid)": lambda s, x: s.delete(x),
    "delete(start)": lambda s, x: s.delete("u", x),
    "normalize(uuid)": lambda s, x: s.normalize(x),
    "normalize(dry_run)": lambda s, x: s.normalize("a", dry_run=x),
    "normalize_dry_run": lambda s, x: s.normalize_dry_run(x),
    "unreadable": lambda s, x: s.unreadable(x),
    "quarantine(uuid)": lambda s, x: s.quarantine(x),
    "quarantine(dry_run)": lambda s, x: s.quarantine("a", dry_run=x),
    "quarantined": lambda s, x: s.quarantined(x),
    "restore": lambda s, x: s.restore(x),
    "restate_digest": lambda s, x: s.restate_digest(x),
    "verify": lambda s, x: s.verify(x),
    "ingest(json)": lambda s, x: s.ingest(x),
    "ingest(uuid)": lambda s, x: s.ingest("null", uuid=x),
    "ingest(provider)": lambda s, x: s.ingest("null", provider=x),
    "ingest(strict)": lambda s, x: s.ingest("null", strict=x),
    "ingest(format)": lambda s, x: s.ingest("null", format=x),
    "ingest(first_line)": lambda s, x: s.ingest("null", first_line=x),
    "ingest(unit)": lambda s, x: s.ingest("null", unit=x),
    "sync_streams": lambda s, x: s.sync_streams(x),
    "parse_timestamp(text)": lambda _, x: satori_store.parse_timestamp(x),
    "parse_timestamp(unit)": lambda _, x: satori_store.parse_timestamp("0", unit=x),
    "stream_uuid(source)": lambda _, x: satori_store.stream_uuid(x, "a", "b"),
    "stream_uuid(target)": lambda _, x: satori_store.stream_uuid("a", "b", "c", x),
}  # fmt: skip

#: Options of a store.
OPTIONS = [
    "busy_timeout",
    "synchronous",
    "read_only",
    "create",
    "keep_spelling",
    "skip_unreadable",
    "digest",
]


@contextmanager
def only_errors_of_the_store(call: str, wrong: Any) -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        assert 0 < len(str(error)) <= 500, (call, error)
    except Exception as error:
        pytest.fail(f"{call} of {satori_store._capi.call.shown(wrong)}: {error!r:.300}")


@pytest.mark.parametrize("call", CALLS)
def test_calls(call: str) -> None:
    with Store.in_memory() as store:
        store.upsert_stream("a", name="a")
        store.insert("a", 0, 1)
        for wrong in WRONG:
            with only_errors_of_the_store(call, wrong):
                CALLS[call](store, wrong)
        assert store.count("a") == 1


@pytest.mark.parametrize("option", OPTIONS)
def test_options(path: Path, option: str) -> None:
    Store(path).close()
    for wrong in WRONG:
        with only_errors_of_the_store(option, wrong):
            Store(path, **{option: wrong}).close()


def test_paths(tmp_path: Path) -> None:
    for wrong in WRONG:
        with only_errors_of_the_store("path", wrong):
            Store(wrong, create=False).close()


def test_every_operation_is_among_them() -> None:
    called = {call.split("(")[0] for call in CALLS}
    names = {name for name in dir(Store) if not name.startswith("_")}
    without_arguments = {"close", "closed", "handle", "in_memory", "path", "quarantined_streams"}
    without_arguments |= {"sqlite_info"}
    without_arguments |= {name for name in names if name.startswith("streams")} - called
    assert names - without_arguments - called == set()
