"""Runs the sides of a comparison in turns, and writes the table of their rates."""

from __future__ import annotations

import gc
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, Optional

#: A side of a comparison: does the work once and returns how many seconds it took.
Side = Callable[[], float]


class Bench:
    """The comparisons of a run."""

    def __init__(self, folder: Path, rounds: int, rows: int) -> None:
        self.folder, self.rounds, self.rows = folder, rounds, rows
        self.table: list[str] = [
            "| work | ours | beside | theirs | ratio | target | met |",
            "|---|---:|---|---:|---:|---:|---|",
        ]
        self.missed = 0
        print(*self.table, sep="\n", flush=True)

    def compare(
        self, work: str, count: int, ours: Side, others: list[tuple[str, Side, Optional[float]]]
    ) -> None:
        """Measures the work of `count` rows, ours and others', each with the least ratio that
        is wanted."""
        sides = [ours, *(side for _, side, _ in others)]
        for side in sides:
            side()
        times: list[list[float]] = [[] for _ in sides]
        for turn in range(self.rounds):
            for step in range(len(sides)):
                at = (turn + step) % len(sides)
                gc.collect()
                times[at].append(sides[at]())
        for (name, _, target), theirs in zip(others, times[1:]):
            ratio = median(their / our for our, their in zip(times[0], theirs))
            met = "" if target is None else "yes" if ratio >= target else "**no**"
            self.missed += met == "**no**"
            wanted = "–" if target is None else f"≥ {target:g}"
            self.row(
                f"| {work} | {rate(count, times[0])} | {name} | {rate(count, theirs)} "
                f"| {ratio:.2f} | {wanted} | {met} |"
            )

    def row(self, row: str) -> None:
        """Adds a row to the table, and prints it."""
        self.table.append(row)
        print(row, flush=True)

    def fresh(self, name: str) -> Path:
        """Returns a path at which there is no database."""
        path = self.folder / name
        for suffix in ("", "-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        return path


def rate(count: int, seconds: list[float]) -> str:
    """Writes the median rate."""
    per_second = count / median(seconds)
    return f"{per_second / 1e6:.2f} M/s" if per_second >= 1e6 else f"{per_second / 1e3:.1f} k/s"


def plain(path: Path) -> sqlite3.Connection:
    """Opens a file as an installed engine does."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def timed(work: Callable[[], Any]) -> float:
    """Does the work, and returns how many seconds it took."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
