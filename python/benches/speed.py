"""The store from Python beside pandas, sqlite3 and ADBC: the same work in one run.

    python benches/speed.py [--quick] [--markdown FILE]

Each round runs every side once, in an order that turns round. Rates are medians of the
rounds, ratios medians of the rounds' own ratios. Files are on disk (in the folder that
TMPDIR names), in WAL mode, `synchronous` NORMAL. Each side has a file of its own, a copy
of the same one. Needs pandas, pyarrow and adbc-driver-sqlite.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path
from typing import Any

import adbc_driver_sqlite.dbapi as adbc
import pandas
import pyarrow
import pyarrow.compute

from harness import Bench, plain, timed
from satori_store import Store, sqlite_info

STREAM = "d39cd529-5dd4-5e4b-abc9-90b3751e71f1"
SELECT = f'SELECT ts, value, hash, provider FROM "{STREAM}" ORDER BY ts'
CREATE = (
    'CREATE TABLE IF NOT EXISTS "{}" (ts TIMESTAMP PRIMARY KEY NOT NULL, '
    "value NUMERIC(20, 10) NOT NULL, hash TEXT NOT NULL, provider TEXT NOT NULL)"
)
INSERT = 'INSERT OR IGNORE INTO "{}" (ts, value, hash, provider) VALUES (?, ?, ?, ?)'
UPSERT = (
    "INSERT INTO streams (server_stream_id, uuid, name, author, secondary, target, meta, "
    "description, last_synced) VALUES (?, ?, ?, ?, ?, ?, ?, ?, CURRENT_TIMESTAMP) "
    "ON CONFLICT(uuid) DO UPDATE SET server_stream_id = excluded.server_stream_id, "
    "name = excluded.name, author = excluded.author, secondary = excluded.secondary, "
    "target = excluded.target, meta = excluded.meta, description = excluded.description, "
    "last_synced = excluded.last_synced"
)

def table_of(rows: int) -> pyarrow.Table:
    """Makes one row a minute, with hashes as the engine makes them."""
    hashes = [hashlib.blake2s(str(row).encode(), digest_size=8).hexdigest() for row in range(rows)]
    return pyarrow.table(
        {
            "ts": pyarrow.array([1_600_000_000 + 60 * row for row in range(rows)]),
            "value": pyarrow.array([45_000.5 + row * 0.25 for row in range(rows)]),
            "hash": pyarrow.array(hashes),
            "provider": pyarrow.array(["central"] * rows),
        }
    )


def reading(bench: Bench, table: pyarrow.Table) -> None:
    """Compares ways to read a stream into pandas."""
    path = bench.fresh("read.db")
    with Store(path) as store:
        store.insert(STREAM, table)
    others = [Path(shutil.copy(path, bench.folder / name)) for name in ("adbc.db", "pandas.db")]
    store = Store(path)
    by_adbc = adbc.connect(str(others[0]))
    by_pandas = plain(others[1])

    def with_adbc() -> None:
        with by_adbc.cursor() as cursor:
            cursor.execute(SELECT)
            assert len(cursor.fetch_arrow_table().to_pandas()) == table.num_rows

    def ours() -> None:
        assert len(store.observations(STREAM).to_pandas()) == table.num_rows

    bench.compare(
        f"read {table.num_rows} rows into pandas",
        table.num_rows,
        lambda: timed(ours),
        [
            ("adbc fetch_arrow_table().to_pandas()", lambda: timed(with_adbc), 2.0),
            (
                "pandas read_sql_query",
                lambda: timed(lambda: pandas.read_sql_query(SELECT, by_pandas, index_col="ts")),
                7.0,
            ),
        ],
    )
    by_adbc.close()
    by_pandas.close()
    store.close()


def on_a_clock(bench: Bench, table: pyarrow.Table) -> None:
    """Compares ways to sum a stream up, and to put streams side by side."""
    path = bench.fresh("clock.db")
    streams = [f"{number:08x}-5dd4-5e4b-abc9-90b3751e71f1" for number in range(20)]
    rows = table.num_rows // 10
    with Store(path) as store:
        store.insert(STREAM, table)
        for number, uuid in enumerate(streams):
            shifted = pyarrow.compute.add(table.column("ts"), 7 * number)
            store.insert(uuid, table.set_column(0, "ts", shifted).slice(0, rows))
    copy = Path(shutil.copy(path, bench.folder / "clock-pandas.db"))
    store = Store(path)
    by_pandas = plain(copy)

    def read(uuid: str) -> pandas.DataFrame:
        select = f'SELECT ts, value FROM "{uuid}" ORDER BY ts'
        frame = pandas.read_sql_query(select, by_pandas)
        frame["ts"] = pandas.to_datetime(frame["ts"], unit="s", utc=True)
        return frame

    def resample() -> None:
        names = ["count", "first", "last", "min", "max", "mean", "sum"]
        read(STREAM).set_index("ts")["value"].resample("1h", origin="epoch").agg(names)

    bench.compare(
        f"resample {table.num_rows} rows to hours, as a DataFrame",
        table.num_rows,
        lambda: timed(lambda: store.resample(STREAM, "1h").to_pandas()),
        [("pandas read_sql_query and resample", lambda: timed(resample), 3.0)],
    )

    def align() -> None:
        frames = [read(uuid).rename(columns={"value": uuid}) for uuid in streams]
        ends = (min(frame["ts"].iloc[0] for frame in frames), frames[0]["ts"].iloc[-1])
        clock = pandas.date_range(ends[0], ends[1], freq="5min")
        wide = pandas.DataFrame({"ts": clock.as_unit("ns")})
        for frame in frames:
            frame["ts"] = frame["ts"].dt.as_unit("ns")
            wide = pandas.merge_asof(wide, frame, on="ts")

    bench.compare(
        f"align {len(streams)} streams of {rows} rows on 5 minutes, as a DataFrame",
        len(streams) * rows,
        lambda: timed(lambda: store.align(streams, "5min").to_pandas()),
        [("pandas read_sql_query and merge_asof", lambda: timed(align), 3.0)],
    )
    by_pandas.close()
    store.close()


def inserting(bench: Bench, table: pyarrow.Table) -> None:
    """Compares ways to insert many rows."""
    rows = table.num_rows
    frame = table.to_pandas().set_index("ts")
    tuples = list(zip(*(table.column(name).to_pylist() for name in table.column_names)))

    def ours(data: Any) -> float:
        store = Store(bench.fresh("ours.db"))
        seconds = timed(lambda: store.insert(STREAM, data))
        assert store.count(STREAM) == rows
        store.close()
        return seconds

    def prepared(name: str) -> sqlite3.Connection:
        connection = plain(bench.fresh(name))
        connection.execute(CREATE.format(STREAM))
        connection.commit()
        return connection

    def with_adbc() -> float:
        prepared("adbc.db").close()
        connection = adbc.connect(str(bench.folder / "adbc.db"), autocommit=True)
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous = NORMAL")
        connection.adbc_connection.set_autocommit(False)

        def work() -> None:
            with connection.cursor() as cursor:
                cursor.adbc_ingest(STREAM, table, mode="append")
            connection.commit()

        seconds = timed(work)
        connection.close()
        return seconds

    def with_pandas() -> float:
        connection = prepared("pandas.db")
        seconds = timed(lambda: frame.to_sql(STREAM, connection, if_exists="append"))
        connection.close()
        return seconds

    def with_sqlite3() -> float:
        connection = prepared("sqlite3.db")

        def work() -> None:
            connection.executemany(INSERT.format(STREAM), tuples)
            connection.commit()

        seconds = timed(work)
        connection.close()
        return seconds

    bench.compare(
        f"insert {rows} rows from an Arrow table",
        rows,
        lambda: ours(table),
        [
            ("adbc_ingest", with_adbc, 1.5),
            ("sqlite3 executemany, from tuples", with_sqlite3, None),
        ],
    )
    bench.compare(
        f"insert {rows} rows from a DataFrame",
        rows,
        lambda: ours(frame),
        [("pandas to_sql", with_pandas, 3.0)],
    )


def ingesting(bench: Bench, feed: Path, size: int = 100) -> None:
    """Compares ways to take in the server's answers."""
    lines = feed.read_bytes().splitlines()
    batches = [b"\n".join(lines[at : at + size]) for at in range(0, len(lines), size)]

    def ours() -> float:
        store = Store(bench.fresh("ours.db"))

        def work() -> None:
            for batch in batches:
                store.ingest(batch)

        seconds = timed(work)
        store.close()
        return seconds

    def with_sqlite3() -> float:
        path = bench.fresh("sqlite3.db")
        Store(path).close()  # for the table of streams
        connection = plain(path)
        known = set()

        def work() -> None:
            for line in lines:
                payload = json.loads(line)
                stream = payload["stream"]
                uuid = stream["uuid"]
                if uuid not in known:
                    connection.execute(CREATE.format(uuid))
                    known.add(uuid)
                connection.execute(
                    UPSERT,
                    (
                        stream["id"],
                        uuid,
                        stream["name"],
                        stream.get("author"),
                        stream.get("secondary"),
                        stream.get("target"),
                        stream.get("meta"),
                        stream.get("description"),
                    ),
                )
                connection.execute(
                    INSERT.format(uuid),
                    (
                        float(payload["observed_at"]),
                        float(payload["value"]),
                        payload["hash"],
                        "central",
                    ),
                )
                connection.commit()

        seconds = timed(work)
        connection.close()
        return seconds

    bench.compare(
        f"ingest {len(lines)} payloads of {feed.name}, {size} at a time",
        len(lines),
        ours,
        [("sqlite3: an upsert, an insert and a commit each", with_sqlite3, 15.0)],
    )


def looking_up(bench: Bench, streams: int, count: int = 20_000) -> None:
    """Compares ways to look a stream up."""
    path = bench.fresh(f"lookup-{streams}.db")
    uuids = [f"{number:08x}-5dd4-5e4b-abc9-90b3751e71f1" for number in range(streams)]
    store = Store(path)
    store.sync_streams(
        [
            {"uuid": uuid, "id": number, "name": f"stream {number}", "author": "satori"}
            for number, uuid in enumerate(uuids)
        ]
    )
    store.close()
    copy = Path(shutil.copy(path, bench.folder / f"lookup-{streams}-sqlite3.db"))
    store = Store(path)
    connection = plain(copy)
    wanted = [uuids[at * 7919 % streams] for at in range(count)]

    def ours() -> None:
        for uuid in wanted:
            store.stream(uuid)

    def with_sqlite3() -> None:
        for uuid in wanted:
            connection.execute("SELECT * FROM streams WHERE uuid = ?", (uuid,)).fetchone()

    bench.compare(
        f"look up a stream by uuid, of {streams}",
        count,
        lambda: timed(ours),
        [("sqlite3 execute(…).fetchone()", lambda: timed(with_sqlite3), 1.0)],
    )
    connection.close()
    store.close()


def main() -> int:
    """Runs the comparisons, and returns 1 if one missed what is wanted."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="fewer rows, three rounds")
    parser.add_argument("--markdown", type=Path, help="write the table there as well")
    parser.add_argument("--feed", type=Path, help="payloads of one stream, one a line")
    options = parser.parse_args()
    here = Path(__file__).resolve().parents[2]
    feed = options.feed or next(
        path
        for path in (
            here / "../shared/feeds/sea_surface_temperature.ndjson",
            here / "tests/feeds/bitcoin.ndjson",
        )
        if path.exists()
    )
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), 3 if options.quick else 5, 20_000 if options.quick else 200_000)
        table = table_of(bench.rows)
        reading(bench, table)
        on_a_clock(bench, table)
        inserting(bench, table)
        ingesting(bench, feed)
        looking_up(bench, 1_000)
        looking_up(bench, 10_000)
    info = sqlite_info()
    facts = (
        f"Python {sys.version.split()[0]}, pandas {pandas.__version__}, pyarrow "
        f"{pyarrow.__version__}, SQLite {info.version} (ours), {sqlite3.sqlite_version} (Python's)"
    )
    print(f"\n{facts}")
    if options.markdown:
        options.markdown.write_text("\n".join([*bench.table, "", facts, ""]), encoding="utf-8")
    return 1 if bench.missed else 0


if __name__ == "__main__":
    sys.exit(main())
