"""Python's sqlite3 and the store in one process, on one file, and other processes beside.

What fails without the store's locks is shown by the project's tests/capi/two_sqlites.rs, which
can turn them off.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

import satori_store
from satori_store import Store

pytestmark = pytest.mark.skipif(
    not satori_store.sqlite_info().safe_together, reason="not safe here, as sqlite_info reports"
)

SOAK = "SATORI_STORE_SOAK" in os.environ
INSERT = 'INSERT INTO "{}" (ts, value, hash, provider) VALUES (?, ?, ?, ?)'

#: A program that writes through plain sqlite3 and prints what was acknowledged.
OUTSIDE = """
import sqlite3, sys, time
path, stream, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
end = time.monotonic() + seconds
ts = 0
while time.monotonic() < end:
    connection = sqlite3.connect(path, timeout=60)
    for _ in range(20):
        connection.execute('INSERT INTO "%s" VALUES (?, ?, ?, ?)' % stream, (ts, ts, "h", "p"))
        connection.commit()
        print(ts)
        ts += 1
    connection.close()
"""


def plain(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=60)


def stored(path: Path, stream: str) -> set[int]:
    with closing(plain(path)) as connection:
        return {ts for (ts,) in connection.execute(f'SELECT ts FROM "{stream}"')}


def test_info_names_both() -> None:
    info = satori_store.sqlite_info()
    assert info.python_version == sqlite3.sqlite_version
    assert any("satori_store" in file for file in info.files)
    with Store.in_memory() as store:
        assert store.sqlite_info() == info


def test_python_closing_the_file_leaves_the_stores_locks(path: Path) -> None:
    with Store(path) as store:
        store.insert("x", 0, 0)
        for ts in range(1, 200):
            plain(path).close()
            # Another process, which would take the log away if nobody had a lock.
            if ts % 50 == 0:
                program = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]);"
                program += "c.execute('SELECT count(*) FROM x').fetchone(); c.close()"
                subprocess.run([sys.executable, "-c", program, str(path)], check=True)
            assert store.insert("x", ts, ts)
    assert stored(path, "x") == set(range(200))


def test_the_store_closing_the_file_leaves_pythons_locks(path: Path) -> None:
    Store(path).close()
    with closing(plain(path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with Store(path, busy_timeout=0) as store:
            assert store.streams() == []
            with pytest.raises(satori_store.Busy):
                store.insert("x", 0, 0)
        # Its write lock is held still: another process can't take it.
        program = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0.1).execute("
        program += "'BEGIN IMMEDIATE')"
        other = subprocess.run(
            [sys.executable, "-c", program, str(path)], capture_output=True, text=True
        )
        assert "database is locked" in other.stderr
        connection.rollback()


@pytest.mark.parametrize("run", range(3 if SOAK else 1))
def test_both_and_two_outside_lose_nothing(path: Path, run: int) -> None:
    seconds = 8.0 if SOAK else 2.0
    streams = ["store", "store again", "python", "python again", "outside 1", "outside 2"]
    with Store(path) as store:
        for stream in streams:
            store.insert(stream, -1, 0, hash="h")
    outside = [
        subprocess.Popen(
            [sys.executable, "-c", OUTSIDE, str(path), stream, str(seconds)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for stream in streams[4:]
    ]
    acknowledged: dict[str, set[int]] = {stream: {-1} for stream in streams}
    failed: list[BaseException] = []
    end = time.monotonic() + seconds

    def by_store(stream: str, batch: int) -> None:
        for start in count(0, batch):
            if time.monotonic() > end:
                return
            with Store(path, busy_timeout=60) as store:
                for ts in range(start, start + batch):
                    assert store.insert(stream, ts, ts, hash="h")
                    acknowledged[stream].add(ts)

    def by_python(stream: str, batch: int) -> None:
        for start in count(0, batch):
            if time.monotonic() > end:
                return
            with closing(plain(path)) as connection:
                for ts in range(start, start + batch):
                    connection.execute(INSERT.format(stream), (ts, ts, "h", "p"))
                    connection.commit()
                    acknowledged[stream].add(ts)

    def guarded(work: object, stream: str, batch: int) -> None:
        try:
            work(stream, batch)  # type: ignore[operator]
        except BaseException as error:
            failed.append(error)

    threads = [
        threading.Thread(target=guarded, args=arguments)
        for arguments in (
            (by_store, "store", 3),
            (by_store, "store again", 100),
            (by_python, "python", 3),
            (by_python, "python again", 100),
        )
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for process, stream in zip(outside, streams[4:]):
        said, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        acknowledged[stream].update(map(int, said.split()))
    assert failed == []
    print({stream: len(rows) for stream, rows in acknowledged.items()})
    for stream, rows in acknowledged.items():
        assert rows <= stored(path, stream), f"{stream}: acknowledged, and lost"
    with closing(plain(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
