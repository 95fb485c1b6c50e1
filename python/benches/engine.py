"""The drop-in's calls beside the statements that the engine sends for the same result.

    python benches/engine.py [--quick] [--markdown FILE]

The engine's side is plain `sqlite3`: it looks whether there is a table, as the engine does
before most calls, and runs the statement. Rounds of both sides take turns, an order that
turns round; a ratio is the median of the rounds' own. Each side has a file of its own.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import logging
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import pandas

from satori_store.engine import EngineStorageManager

ROWS = 100
COLUMNS = (
    "id", "server_stream_id", "uuid", "name", "author", "secondary", "target", "meta",
    "description", "last_synced", "created_at",
)  # fmt: skip
SELECT = f"SELECT {', '.join(COLUMNS)} FROM streams"
CREATE = (
    'CREATE TABLE IF NOT EXISTS "{}" (ts TIMESTAMP PRIMARY KEY NOT NULL, '
    "value NUMERIC(20, 10) NOT NULL, hash TEXT NOT NULL, provider TEXT NOT NULL)"
)
START = datetime(2024, 1, 1, tzinfo=timezone.utc)


def number(hour: float) -> int:
    """Spells an hour as Unix seconds."""
    return int(START.timestamp() + 3600 * hour)


def text(hour: float) -> str:
    """Spells an hour as SQL does."""
    return (START + timedelta(hours=hour)).strftime("%Y-%m-%d %H:%M:%S")


class Plain:
    """The engine's statements."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, timeout=30, check_same_thread=False)
        for setting in ("journal_mode = WAL", "synchronous = NORMAL", "wal_autocheckpoint = 100"):
            self.connection.execute("PRAGMA " + setting)

    def exists(self, uuid: str) -> bool:
        """Looks whether there is a table."""
        sql = "SELECT name FROM sqlite_master WHERE type='table' AND name=?"
        return self.connection.execute(sql, (uuid,)).fetchone() is not None

    def first(self, sql: str, uuid: str) -> Any:
        """Returns the first cell that a statement on a table selects."""
        if not self.exists(uuid):
            return None
        found = self.connection.execute(sql.format(uuid)).fetchone()
        return found[0] if found else None

    def insert(self, uuid: str, ts: Any, value: Any, hash: str, provider: str) -> bool:
        """Inserts a row."""
        if not self.exists(uuid):
            self.connection.execute(CREATE.format(uuid))
        if self.connection.execute(f'SELECT 1 FROM "{uuid}" WHERE ts = ?', (ts,)).fetchone():
            return False
        row = (ts, float(value), str(hash), str(provider))
        self.connection.execute(
            f'INSERT INTO "{uuid}" (ts, value, hash, provider) VALUES (?, ?, ?, ?)', row
        )
        self.connection.commit()
        return True

    def insert_frame(self, uuid: str, frame: pandas.DataFrame) -> int:
        """Inserts a data frame."""
        if not self.exists(uuid):
            self.connection.execute(CREATE.format(uuid))
        inserted = 0
        for ts, row in frame.iterrows():
            values = (str(ts), float(row["value"]), str(row["hash"]), "central")
            try:
                self.connection.execute(
                    f'INSERT INTO "{uuid}" (ts, value, hash, provider) VALUES (?, ?, ?, ?)', values
                )
                inserted += 1
            except sqlite3.IntegrityError:
                pass
        self.connection.commit()
        return inserted

    def table(self, uuid: str) -> pandas.DataFrame:
        """Reads a table; its text timestamps have been rewritten."""
        if not self.exists(uuid):
            return pandas.DataFrame(columns=["ts", "value", "hash", "provider"])
        self.connection.execute(f'SELECT ts, value, hash, provider FROM "{uuid}"').fetchall()
        sql = f'SELECT ts, value, hash, provider FROM "{uuid}" ORDER BY ts'
        return pandas.read_sql_query(sql, self.connection, index_col="ts")

    def for_engine(self, uuid: str) -> pandas.DataFrame:
        """Reads a table as the engine works with it."""
        frame = self.table(uuid).reset_index()
        frame = frame.rename(columns={"ts": "date_time", "hash": "id"})
        frame["date_time"] = pandas.to_datetime(frame["date_time"], unit="s", utc=True)
        return frame.drop(columns="provider")

    def stream(self, where: str, key: str) -> Any:
        """Looks one stream up."""
        row = self.connection.execute(f"{SELECT} WHERE {where} = ?", (key,)).fetchone()
        return dict(zip(COLUMNS, row)) if row else None

    def streams(self) -> list[dict[str, Any]]:
        """Lists the metadata."""
        rows = self.connection.execute(f"{SELECT} ORDER BY created_at DESC").fetchall()
        return [dict(zip(COLUMNS, row)) for row in rows]

    def tables(self) -> list[str]:
        """Lists the tables."""
        sql = "SELECT name FROM sqlite_master WHERE type='table'"
        return [row[0] for row in self.connection.execute(sql).fetchall()]

    def upsert(self, uuid: str, stream: dict[str, Any]) -> bool:
        """Writes a stream's metadata."""
        last_synced = datetime.now(timezone.utc).replace(tzinfo=None).isoformat()
        self.connection.execute(
            "INSERT OR REPLACE INTO streams (uuid, server_stream_id, name, author, secondary, "
            "target, meta, description, last_synced) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                uuid,
                stream["id"],
                *(stream.get(name) for name in COLUMNS[3:9]),
                last_synced,
            ),
        )
        self.connection.commit()
        return True


def prepared(path: Path, uuids: list[str]) -> None:
    """Makes a file as an engine has it: half of its tables hold text."""
    EngineStorageManager(str(path.parent), path.name).close()
    plain = Plain(path)
    for place, uuid in enumerate(uuids):
        plain.connection.execute(CREATE.format(uuid))
        spell = text if place % 2 else number
        rows = [(spell(hour), hour + 0.5, hash_of(hour), "central") for hour in range(ROWS)]
        plain.connection.executemany(f'INSERT INTO "{uuid}" VALUES (?, ?, ?, ?)', rows)
        plain.upsert(uuid, stream_of(place))
    plain.connection.commit()
    plain.connection.close()


def hash_of(hour: int) -> str:
    """Makes a hash as the engine does."""
    return hashlib.blake2s(str(hour).encode(), digest_size=8).hexdigest()


def stream_of(place: int) -> dict[str, Any]:
    """Makes the server's stream object."""
    return {"id": place, "name": f"stream {place}", "author": "satori", "target": "close"}


class Bench:
    """The comparisons with so many streams."""

    def __init__(self, folder: Path, streams: int, rounds: int, calls: int) -> None:
        self.streams, self.rounds, self.calls = streams, rounds, calls
        self.uuids = [f"{place:08x}-5dd4-5e4b-abc9-90b3751e71f1" for place in range(streams)]
        for side in ("ours", "theirs"):
            (folder / side).mkdir(parents=True)
            prepared(folder / side / "engine.db", self.uuids)
        self.ours = EngineStorageManager(str(folder / "ours"), "engine.db")
        self.theirs = Plain(folder / "theirs" / "engine.db")
        self.ratios: dict[str, tuple[float, float, float]] = {}

    def compare(
        self,
        name: str,
        ours: Callable[[str, int], Any],
        theirs: Callable[[str, int], Any],
        among: str = "all",
        calls: int = 0,
    ) -> None:
        """Measures two sides of a call, which take a stream and a number that is new each
        time."""
        uuids = {"all": self.uuids, "numbers": self.uuids[::2], "text": self.uuids[1::2]}[among]
        calls = calls or self.calls
        numbers = [count(1000), count(1000)]
        times: list[list[float]] = [[], []]

        def run(side: int) -> float:
            call = (ours, theirs)[side]
            work = [(uuids[n * 7919 % len(uuids)], n) for n in take(numbers[side], calls)]
            gc.collect()
            started = time.perf_counter()
            for uuid, n in work:
                call(uuid, n)
            return (time.perf_counter() - started) / calls * 1e6

        for turn in range(-1, self.rounds):
            for side in ((0, 1), (1, 0))[turn % 2]:
                spent = run(side)
                if turn >= 0:
                    times[side].append(spent)
        ratio = median(their / our for our, their in zip(*times))
        our, their = map(median, times)
        self.ratios[name] = our, their, ratio
        print(f"{self.streams:6} {name:44} {our:9.1f} {their:9.1f} {ratio:7.2f}", flush=True)

    def all(self) -> None:
        """Measures every call."""
        ours, db, theirs = self.ours, self.ours.db, self.theirs
        last = 'SELECT {} FROM "{{}}" ORDER BY ts DESC LIMIT 1'
        for kind in ("numbers", "text"):
            for name, method, column in (
                ("getLatestTimestamp", db.getLatestTimestamp, "ts"),
                ("getLastHash", db.getLastHash, "hash"),
            ):
                sql = last.format(column)
                self.compare(
                    f"{name}, {kind}",
                    lambda uuid, _, method=method: method(uuid),
                    lambda uuid, _, sql=sql: theirs.first(sql, uuid),
                    kind,
                )
        self.compare(
            "getLatestTimestamp, no such stream",
            lambda uuid, _: db.getLatestTimestamp("none"),
            lambda uuid, _: theirs.first(last.format("ts"), "none"),
        )
        self.compare(
            "getRowCount",
            lambda uuid, _: db.getRowCount(uuid),
            lambda uuid, _: theirs.first('SELECT COUNT(*) FROM "{}"', uuid),
        )
        self.compare(
            "tableExists", lambda uuid, _: db.tableExists(uuid), lambda uuid, _: theirs.exists(uuid)
        )
        few = max(1, self.calls // self.streams)
        self.compare(
            "listAllStreams",
            lambda *_: ours.listAllStreams(),
            lambda *_: theirs.tables(),
            calls=few,
        )
        self.compare(
            "getAllStreams", lambda *_: db.getAllStreams(), lambda *_: theirs.streams(), calls=few
        )
        self.compare(
            "getStreamByUuid",
            lambda uuid, _: db.getStreamByUuid(uuid),
            lambda uuid, _: theirs.stream("uuid", uuid),
        )
        names = {uuid: f"stream {place}" for place, uuid in enumerate(self.uuids)}
        self.compare(
            "getStreamByName",
            lambda uuid, _: db.getStreamByName(names[uuid]),
            lambda uuid, _: theirs.stream("name", names[uuid]),
        )
        self.compare(
            "getStreamUuidByName",
            lambda uuid, _: db.getStreamUuidByName(names[uuid]),
            lambda uuid, _: theirs.stream("name", names[uuid]),
        )
        self.compare(
            "getStreamByName, no such name",
            lambda uuid, _: db.getStreamByName("none"),
            lambda uuid, _: theirs.stream("name", "none"),
        )
        for kind, spell in (("numbers", number), ("text", text)):
            self.compare(
                f"insertRow, a new row, {kind}",
                lambda uuid, n, spell=spell: db.insertRow(uuid, spell(n), n, "h", "central"),
                lambda uuid, n, spell=spell: theirs.insert(uuid, spell(n), n, "h", "central"),
                kind,
            )
            self.compare(
                f"insertRow, a row that exists, {kind}",
                lambda uuid, n, spell=spell: db.insertRow(
                    uuid, spell(n % ROWS), n % ROWS + 0.5, "h", "central"
                ),
                lambda uuid, n, spell=spell: theirs.insert(
                    uuid, spell(n % ROWS), n % ROWS + 0.5, "h", "central"
                ),
                kind,
            )
        objects = {uuid: stream_of(place) for place, uuid in enumerate(self.uuids)}
        self.compare(
            "storeStreamObservation(stream=…)",
            lambda uuid, n: ours.storeStreamObservation(
                uuid, number(100_000 + n), n, "h", "central", objects[uuid]
            ),
            lambda uuid, n: theirs.insert(uuid, number(100_000 + n), n, "h", "central")
            and theirs.upsert(uuid, objects[uuid]),
            "numbers",
        )
        self.compare(
            "upsertStream",
            lambda uuid, n: db.upsertStream(uuid, n, "n", "a", None, "t", None, None),
            lambda uuid, n: theirs.upsert(uuid, {**objects[uuid], "id": n}),
        )
        index = [text(hour) for hour in range(-24, 0)]
        frames = pandas.DataFrame({"value": range(24), "hash": "h"}, index=index)
        few = max(1, self.calls // 20)
        self.compare(
            "insertDataframe, 24 rows, new",
            lambda uuid, n: db.insertDataframe(f"new {n}", frames),
            lambda uuid, n: theirs.insert_frame(f"new {n}", frames),
            calls=few,
        )
        self.compare(
            "getTableData",
            lambda uuid, _: db.getTableData(uuid),
            lambda uuid, _: theirs.table(uuid),
            "numbers",
            few,
        )
        self.compare(
            "getStreamDataForEngine",
            lambda uuid, _: ours.getStreamDataForEngine(uuid),
            lambda uuid, _: theirs.for_engine(uuid),
            "numbers",
            few,
        )
        self.compare(
            "getTableData, no such stream",
            lambda uuid, _: db.getTableData("none"),
            lambda uuid, _: theirs.table("none"),
            calls=few,
        )
        self.compare(
            "getLatestPrediction",
            lambda uuid, _: ours.getLatestPrediction(uuid),
            lambda uuid, _: theirs.table(uuid).iloc[-1],
            "numbers",
            few,
        )


def take(numbers: Iterator[int], count: int) -> list[int]:
    """Takes the next numbers."""
    return [next(numbers) for _ in range(count)]


def main() -> int:
    """Runs the comparisons, and returns 1 if a call is slower than theirs."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="fewer calls and rounds")
    parser.add_argument("--markdown", type=Path, help="write the table there as well")
    options = parser.parse_args()
    logging.disable()
    rounds, calls = (5, 200) if options.quick else (15, 1000)
    found = []
    for streams in (100, 1_000):
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(Path(folder), streams, rounds, calls)
            bench.all()
            bench.ours.close()
            bench.theirs.connection.close()
        found.append(bench.ratios)
    table = [
        "| call | µs, 100 streams | engine's | ratio | µs, 1,000 streams | engine's | ratio |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name in found[0]:
        cells = []
        for ratios in found:
            ours, theirs, ratio = ratios[name]
            shown = f"{ratio:.2f}" if ratio >= 1 else f"**{ratio:.2f}**"
            cells += [f"{ours:.1f}", f"{theirs:.1f}", shown]
        table.append(f"| {name} | {' | '.join(cells)} |")
    if options.markdown:
        options.markdown.write_text("\n".join([*table, ""]), encoding="utf-8")
    return int(any(ratio < 1 for ratios in found for _, _, ratio in ratios.values()))


if __name__ == "__main__":
    sys.exit(main())
