"""Threads, forks, and the end of the interpreter: real ones."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import satori_store
from satori_store import Store

#: The folder in which programs of their own find the package that is being tested.
PACKAGE = str(Path(satori_store.__file__).parents[1])


def python(program: str, *arguments: object) -> str:
    """Runs a program of its own, and returns what it printed, errors included."""
    environment = {**os.environ, "PYTHONPATH": PACKAGE}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, *map(str, arguments)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def in_threads(count: int, work: Callable[[int], None]) -> None:
    """Does the work in so many threads at once, and checks that none failed."""
    failed: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_many_threads_share_a_store(store: Store) -> None:
    rows = 200

    def work(number: int) -> None:
        for row in range(rows):
            assert store.insert(f"stream {number % 4}", number * rows + row, row)
            latest = store.latest(f"stream {number % 4}")
            assert latest is not None
            with pytest.raises(satori_store.NotFound) as unknown:
                store.count(f"unknown {number}")
            # Errors are a thread's own.
            assert f"unknown {number}" in str(unknown.value)

    in_threads(16, work)
    assert sum(store.count(f"stream {number}") for number in range(4)) == 16 * rows


def test_the_gil_is_released_in_calls(path: Path) -> None:
    """One thread waits for the write lock, in C, while another one counts."""
    counted = 0
    waiting = threading.Event()
    with Store(path) as store, Store(path, busy_timeout=30) as other:
        store.insert("x", 0, 1)
        holder = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
                "c.execute('BEGIN IMMEDIATE'); print('held', flush=True); input()",
                str(path),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert holder.stdin is not None and holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"

        def wait() -> None:
            waiting.set()
            other.insert("x", 1, 1)

        thread = threading.Thread(target=wait)
        thread.start()
        waiting.wait()
        while counted < 100_000:
            counted += 1
        assert thread.is_alive()
        holder.communicate(b"\n")
        thread.join()
        assert store.count("x") == 2


def test_closing_while_others_call(path: Path) -> None:
    for _ in range(20):
        store = Store(path)
        store.insert("x", 0, 0)
        started = threading.Barrier(9)

        def work(number: int, store: Store = store, started: Any = started) -> None:
            started.wait()
            if number == 8:
                store.close()
                return
            try:
                while True:
                    store.insert("x", time.time_ns() // 1000 + number, number)
            except satori_store.Closed:
                pass

        in_threads(9, work)
    with Store(path) as store:
        assert store.verify("x").rows == store.count("x")


def test_a_forked_child_must_open_the_file_itself(path: Path) -> None:
    said = python(
        """
import os, sys
from satori_store import Forked, Store
store = Store(sys.argv[1])
store.insert("x", 0, 1)
reading = iter(store.observations("x"))
child = os.fork()
if child == 0:
    for use in (lambda: store.insert("x", 1, 1), store.streams, lambda: next(reading)):
        try:
            use()
        except Forked as error:
            print(error.code, "open the store again" in str(error))
    with Store(sys.argv[1]) as own:
        print(own.insert("x", 2, 2).kind)
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
print(store.insert("x", 3, 3).kind, [row.value for row in store.observations("x")])
""",
        path,
    )
    lines = said.splitlines()
    assert lines[:3] == ["FORKED True"] * 3
    assert "inserted" in lines[3:] and lines[-1] == "inserted [1.0, 2.0, 3.0]"


def test_a_child_of_a_busy_parent_never_waits_for_ever(path: Path) -> None:
    """Other threads are inside calls at the fork: the child is served or refused."""
    said = python(
        """
import os, signal, sys, threading
from satori_store import Busy, CannotOpen, Store
path, ended = sys.argv[1], False
store = Store(path)
store.insert("x", 0, 0)
rows = [0] * 3
def insert(thread):
    while not ended:
        rows[thread] += 1
        store.insert(f"thread {thread}", rows[thread], 1, hash="h")
def reopen():
    while not ended:
        with Store(path + " other") as other:
            other.insert("x", 0, 0)
threads = [threading.Thread(target=insert, args=(thread,)) for thread in range(3)]
threads.append(threading.Thread(target=reopen))
for thread in threads:
    thread.start()
statuses = []
for number in range(40):
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        try:
            with Store(path) as own:
                own.insert("children", number, number)
            os._exit(0)
        except CannotOpen as error:
            os._exit(7 if "only after exec()" in str(error) else 8)
        except Busy:
            os._exit(9)
    statuses.append(os.waitpid(child, 0)[1])
ended = True
for thread in threads:
    thread.join()
print(set(statuses) <= {0, 7 << 8, 9 << 8})
print([store.count(f"thread {thread}") for thread in range(3)] == rows)
served = statuses.count(0)
print(served == 0 or store.count("children") == served)
""",
        path,
    )
    assert said.splitlines() == ["True"] * 3


def use_parents(store: Any, answers: Any) -> None:
    try:
        store.count("x")
        answers.put("counted")
    except satori_store.Forked as error:
        answers.put(f"{error.code}: {error}")


def test_multiprocessing_with_fork(store: Store) -> None:
    store.insert("x", 0, 1)
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    child = context.Process(target=use_parents, args=(store, answers))
    child.start()
    answer = answers.get(timeout=30)
    child.join()
    assert answer.startswith("FORKED") and "open the store again" in answer
    assert store.insert("x", 1, 1) and store.count("x") == 2


def test_multiprocessing_with_spawn_is_refused(store: Store) -> None:
    context = multiprocessing.get_context("spawn")
    child = context.Process(target=use_parents, args=(store, None))
    with pytest.raises(TypeError, match="open the file there"):
        child.start()


@pytest.mark.parametrize(
    "end", ["", "sys.exit(0)", "del store", "store.close()", "threading.Thread(target=busy).start()"]
)
def test_the_end_of_the_interpreter(path: Path, end: str) -> None:
    program = f"""
import sys, threading
from satori_store import Store
store = Store(sys.argv[1])
class Keeper:  # outlives the module
    def __del__(self, store=store):
        store.insert("x", 5, 5)
store.insert("x", [(ts, ts) for ts in range(5)])
reading = iter(store.observations("x"))
next(reading)
capsule = store.observations("x").__arrow_c_stream__()
cycle = [store, reading, capsule]
cycle.append(cycle)
sys.keeper = cycle
def busy():
    for ts in range(100, 200):
        store.insert("x", ts, ts)
{end}
"""
    assert python(program, path) == ""
    with Store(path) as store:
        assert store.count("x", 0, 5) == 5


def test_a_process_that_is_killed_loses_nothing(path: Path) -> None:
    program = """
import os, signal, sys
from satori_store import Store
store = Store(sys.argv[1])
for ts in range(1000):
    store.insert("x", ts, ts)
    print(ts, flush=True)
    if ts == 500:
        os.kill(os.getpid(), signal.SIGKILL)
"""
    environment = {**os.environ, "PYTHONPATH": PACKAGE}
    killed = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, str(path)],
        env=environment,
        stdout=subprocess.PIPE,
        timeout=60,
    )
    assert killed.returncode == -9
    with Store(path) as store:
        assert store.count("x") == len(killed.stdout.splitlines()) == 501
