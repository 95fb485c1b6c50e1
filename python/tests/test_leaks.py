"""Memory and descriptors stay where they are."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import satori_store
from satori_store import Store

from .conftest import BITCOIN, FEEDS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

#: What the allocators may keep for themselves, in bytes. One leaked object a call
#: would be far above it.
ROOM = 2 << 20


def resident() -> int:
    """Returns the bytes of memory that the process holds, without what it has freed: tests
    before leave much, which would hide a leak."""
    gc.collect()
    # glibc has it.
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def descriptors() -> int:
    """Returns how many descriptors are open."""
    return len(os.listdir("/proc/self/fd"))


def check_flat(what: str, count: int, work: Callable[[], object]) -> None:
    """Does the work a few times, for the caches to fill, then `count` times, and checks that
    memory and descriptors have not grown."""
    for _ in range(count // 10):
        work()
    memory, open_files = resident(), descriptors()
    for _ in range(count):
        work()
    grown = resident() - memory
    print(f"{what}: {count} times, {grown / 1024:.0f} KiB more, {descriptors()} descriptors")
    assert descriptors() == open_files
    assert grown < ROOM


def test_a_thousand_openings(path: Path) -> None:
    def work() -> None:
        with Store(path) as store:
            store.insert("x", 0, 1)

    check_flat("open, insert, close", 1_000, work)
    assert not Path(f"{path}-wal").exists()


def test_openings_that_are_refused(fixture: Callable[[str], Path]) -> None:
    path = fixture("not_a_database.db")

    def work() -> None:
        with pytest.raises(satori_store.NotAStore):
            Store(path)

    check_flat("refused opening", 500, work)


def test_a_hundred_thousand_calls(store: Store) -> None:
    store.ingest((FEEDS / "bitcoin.ndjson").read_bytes())
    payload = (FEEDS / "bitcoin.ndjson").read_bytes().splitlines()[0]

    def work() -> None:
        store.stream(BITCOIN)
        store.stream_by_name("bitcoin")
        store.latest(BITCOIN)
        store.observation(BITCOIN, 1327968000)
        store.count(BITCOIN)
        store.insert(BITCOIN, 1327968000, 5.55)
        store.ingest(payload)
        satori_store.parse_timestamp("2024-01-03")
        for fails in (lambda: store.count("unknown"), lambda: store.insert("x", "never", 1)):
            with pytest.raises(satori_store.StoreError):
                fails()

    check_flat("10 calls", 10_000, work)


def test_tables_in_and_out(store: Store) -> None:
    store.ingest((FEEDS / "bitcoin.ndjson").read_bytes())

    def work() -> None:
        rows = store.observations(BITCOIN)
        rows.__arrow_c_stream__()
        rows.to_numpy()
        frame = rows.to_pandas()
        store.insert(BITCOIN, frame)
        store.insert(BITCOIN, rows)

    check_flat("tables", 300, work)


def test_pages_of_notebooks(store: Store) -> None:
    store.ingest((FEEDS / "bitcoin.ndjson").read_bytes())
    rows, steps = store.observations(BITCOIN), store.resample(BITCOIN, "1mo")

    def work() -> None:
        for shown in (store, rows, steps, store.align([BITCOIN], "1mo"), store.latest_of_all()):
            assert "<table" in shown._repr_html_()

    check_flat("pages", 200, work)


def test_iterations_that_end_in_the_middle(store: Store) -> None:
    store.insert("x", [(ts, ts) for ts in range(10_000)])

    class Enough(Exception):
        pass

    def work() -> None:
        with pytest.raises(Enough):
            for row in store.observations("x"):
                if row.value == 100:
                    raise Enough
        next(iter(store.observations("x")))
        for row in store.observations("x"):
            if row.value == 5:
                break

    check_flat("iterations", 300, work)


def test_the_control_a_leak_is_noticed(store: Store) -> None:
    kept: list[object] = []
    # Random bytes, not `bytearray(16384)`: zeros that nobody has written are not resident.
    with pytest.raises(AssertionError):
        check_flat("leaking memory", 1_000, lambda: kept.append(os.urandom(16384)))
    with pytest.raises(AssertionError):
        check_flat("leaking descriptors", 10, lambda: kept.append(open(os.devnull)))
    for file in kept:
        if hasattr(file, "close"):
            file.close()
