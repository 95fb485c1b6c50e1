"""Waiting for what others commit, following streams, ending calls."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from satori_store import Closed, Follow, Interrupted, InvalidArgument, Observation, Store


def at(hour: int) -> datetime:
    return datetime(2024, 1, 3, hour, tzinfo=timezone.utc)


@pytest.fixture
def others(tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    """Two stores on one file."""
    with Store(tmp_path / "engine.db") as store, Store(tmp_path / "engine.db") as other:
        yield store, other


def in_thread(work: Any) -> list[Any]:
    """Runs something in a thread; the list has what it returned or raised, once it has ended."""
    done: list[Any] = []

    def run() -> None:
        try:
            done.append(work())
        except Exception as error:
            done.append(error)

    threading.Thread(target=run, daemon=True).start()
    return done


def ended(done: list[Any]) -> Any:
    while not done:
        time.sleep(0.01)
    return done[0]


def test_a_commit_ends_the_wait(others: tuple[Store, Store]) -> None:
    store, other = others
    seen = store.data_version()
    assert store.wait(seen, 0) == seen == store.wait(seen, timeout=0.05)
    waiting = in_thread(lambda: store.wait(seen))
    other.insert("a", at(1), 1.5)
    now = ended(waiting)
    assert now != seen
    store.insert("a", at(2), 2.5)
    assert store.wait(now) not in (now, seen)


def test_rows_are_followed(others: tuple[Store, Store]) -> None:
    store, other = others
    other.insert("a", at(1), 1.5)
    follow = store.follow(["a", "b", "a"], timeout=0)
    assert list(follow) == []
    other.insert_across([("b", at(2), 2.5), ("a", at(2), 3.5), ("a", at(3), 4.5), ("c", at(1), 0)])
    assert [(uuid, row.value) for uuid, row in follow] == [("a", 3.5), ("a", 4.5), ("b", 2.5)]
    # One that arrives late is not given; one that is followed from the beginning is.
    other.insert("b", at(1), 9.5)
    assert list(follow) == []
    rows = list(store.follow(["b"], after=at(0), timeout=0))
    assert [row.value for _, row in rows] == [9.5, 2.5]
    assert isinstance(rows[0][1], Observation)
    assert list(store.follow([], timeout=0)) == []
    assert isinstance(follow, Follow)


def test_following_waits(others: tuple[Store, Store]) -> None:
    store, other = others
    follow = store.follow(["a"])
    rows = in_thread(lambda: [next(follow)[1].value for _ in range(50)])
    for number in range(50):
        other.insert("a", number, float(number))
    assert ended(rows) == [float(number) for number in range(50)]


def test_following_in_an_event_loop(others: tuple[Store, Store]) -> None:
    store, other = others

    async def read() -> list[float]:
        return [row.value async for _, row in store.follow(["a"], after=at(0), timeout=0.5)]

    async def write() -> None:
        for hour in range(1, 5):
            other.insert("a", at(hour), hour)
            await asyncio.sleep(0.02)

    async def both() -> list[float]:
        values, _ = await asyncio.gather(read(), write())
        return values

    assert asyncio.run(both()) == [1.0, 2.0, 3.0, 4.0]


def test_newer(store: Store) -> None:
    store.insert("a", [(at(1), 1.0), (at(2), 2.0), (at(3), 3.0)])
    store.insert("b", at(2), 4.0)
    values = [(uuid, row.value) for uuid, row in store.newer({"b": at(1), "a": at(1), "c": at(1)})]
    assert values == [("b", 4.0), ("a", 2.0), ("a", 3.0)]
    assert len(store.newer({"a": at(0)}, 2)) == 2
    assert store.newer({}) == []


def test_the_timeout_counts_rows_of_these_streams_alone(others: tuple[Store, Store]) -> None:
    store, other = others
    quiet = in_thread(lambda: list(store.follow(["quiet"], timeout=0.3)))
    number = 0
    while not quiet:
        other.insert("loud", number, 0.5)
        number += 1
        time.sleep(0.01)
    assert quiet == [[]]


def test_an_iteration_that_is_cancelled_loses_no_row(others: tuple[Store, Store]) -> None:
    store, other = others
    uuids = [f"s{number}" for number in range(200)]

    async def read() -> list[float]:
        follow = store.follow(uuids)
        values: list[float] = []
        for number in range(40):
            other.insert(uuids[number], number, float(number))
        while len(values) < 40:
            try:
                _, row = await asyncio.wait_for(follow.__anext__(), 0.01)
                values.append(row.value)
            except asyncio.TimeoutError:
                if len(values) == 20 and "late" not in other:
                    other.insert("late", 0, 0)
        return values

    assert asyncio.run(read()) == [float(number) for number in range(40)]


def test_closing_ends_a_wait(others: tuple[Store, Store]) -> None:
    store, _ = others
    seen = store.data_version()
    waiting = in_thread(lambda: store.wait(seen))
    time.sleep(0.05)
    store.close()
    assert isinstance(ended(waiting), (Interrupted, Closed))


def test_calls_are_ended(others: tuple[Store, Store]) -> None:
    store, other = others
    seen = store.data_version()
    waiting = in_thread(lambda: store.wait(seen))
    following = in_thread(lambda: next(store.follow(["a"])))
    while not (waiting and following):
        store.interrupt()
        time.sleep(0.01)
    assert isinstance(waiting[0], Interrupted) and isinstance(following[0], Interrupted)
    # Later calls are not affected.
    store.interrupt()
    assert store.insert("a", at(1), 1.5).kind == "inserted"
    rows = [(number, float(number)) for number in range(100_000)]
    inserting = in_thread(lambda: store.insert("new", rows))
    while not inserting:
        store.interrupt()
        time.sleep(0.001)
    # It is stored whole, or not at all.
    if isinstance(inserting[0], Interrupted):
        assert "new" not in other
    else:
        assert other.count("new") == 100_000


def test_what_is_wrong_is_said(store: Store) -> None:
    for timeout in (-1, float("nan"), "1", True):
        with pytest.raises(InvalidArgument, match="timeout"):
            store.wait(0, timeout)  # type: ignore[arg-type]
        with pytest.raises(InvalidArgument, match="timeout"):
            store.follow(["a"], timeout=timeout)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="several texts"):
        store.follow("a")
    with pytest.raises(InvalidArgument, match="by its uuid"):
        store.newer([("a", 0)])  # type: ignore[arg-type]
