"""The package on PostgreSQL beside psycopg and SQLAlchemy, as one would write the same with them.

    scripts/with-postgres --disk python python/benches/server.py [--quick]

The server is the one that SATORI_STORE_POSTGRES names, and the library one that was built with the
feature `postgres`. Each round runs all sides on the same tables, in an order that turns round;
rates and ratios are medians. Needs `pip install pandas pyarrow 'psycopg[binary]' sqlalchemy`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as upsert

from harness import Bench, timed
from satori_store import Store

SERVER = os.environ["SATORI_STORE_POSTGRES"]
SCHEMA = "benchmark"

metadata = sa.MetaData()
STREAMS = sa.Table(
    "their_streams",
    metadata,
    sa.Column("uuid", sa.Text, primary_key=True),
    sa.Column("name", sa.Text),
    sa.Column("server_stream_id", sa.BigInteger),
    sa.Column("last_synced", sa.DateTime(timezone=True)),
)
OBSERVATIONS = sa.Table(
    "their_observations",
    metadata,
    sa.Column("uuid", sa.Text, primary_key=True),
    sa.Column("ts", sa.DateTime(timezone=True), primary_key=True),
    sa.Column("value", sa.Double, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("provider", sa.Text, nullable=False),
)


def frame(rows: int) -> pd.DataFrame:
    """Makes one row a minute, with hashes that look like the engine's."""
    return pd.DataFrame(
        {
            "ts": pd.date_range("2020-01-01", periods=rows, freq="min", tz="UTC").as_unit("us"),
            "value": [45_000.5 + row * 7919 % 1_000_000 / 100 for row in range(rows)],
            "hash": [hashlib.blake2s(b"%d" % row, digest_size=8).hexdigest() for row in range(rows)],
            "provider": "central",
        }
    )


def payloads(row: int) -> str:
    """Makes a payload of each of 100 streams, as the server sends it."""
    lines = (
        {
            "value": str(row + number / 100),
            "observed_at": str(1_600_000_000 + 60 * row),
            "hash": f"{row:08x}{number:08x}",
            "stream": {"id": number, "uuid": f"stream-{number}", "name": f"Stream {number}"},
        }
        for number in range(100)
    )
    return "".join(json.dumps(line) + "\n" for line in lines)


class Sides:
    """The three sides, and the tables of each."""

    def __init__(self) -> None:
        self.plain = psycopg.connect(SERVER, autocommit=True)
        self.plain.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        self.plain.execute(f"CREATE SCHEMA {SCHEMA}")
        self.plain.execute(f"SET search_path = {SCHEMA}")
        # psycopg reads no time in another style, and the server of scripts/with-postgres has one.
        url = f"{SERVER}?options=-csearch_path%3D{SCHEMA}%20-cDateStyle%3DISO"
        self.store = Store(url)
        self.engine = sa.create_engine(url.replace("postgres://", "postgresql+psycopg://"))
        metadata.create_all(self.engine)

    def empty(self) -> None:
        """Removes what the last round has stored."""
        tables = "observations, streams, their_observations, their_streams"
        self.plain.execute(f"TRUNCATE {tables}")


def bulk(bench: Bench, sides: Sides, count: int) -> None:
    """Compares inserting many rows of a stream."""
    data = frame(count)
    rows = list(data.itertuples(index=False, name=None))
    named = [dict(zip(("ts", "value", "hash", "provider"), row), uuid="s") for row in rows]

    def ours() -> None:
        assert sides.store.insert("s", data).inserted == count

    def executemany() -> None:
        with sides.plain.transaction(), sides.plain.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO their_observations VALUES ('s', %s, %s, %s, %s) "
                "ON CONFLICT DO NOTHING",
                rows,
            )

    def copy() -> None:
        with sides.plain.transaction(), sides.plain.cursor() as cursor:
            with cursor.copy("COPY their_observations FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(("s", *row))

    def alchemy() -> None:
        with sides.engine.begin() as connection:
            connection.execute(upsert(OBSERVATIONS).on_conflict_do_nothing(), named)

    bench.compare(
        f"insert {count} rows of a stream",
        count,
        lambda: (sides.empty(), timed(ours))[1],
        [
            ("psycopg executemany", lambda: (sides.empty(), timed(executemany))[1], None),
            ("psycopg COPY, no conflicts", lambda: (sides.empty(), timed(copy))[1], None),
            ("SQLAlchemy insert", lambda: (sides.empty(), timed(alchemy))[1], None),
        ],
    )


def ingest(bench: Bench, sides: Sides, batches: int) -> None:
    """Compares taking in the server's JSON: 100 payloads of 100 streams at a time."""
    texts = [payloads(row) for row in range(batches)]

    def ours() -> None:
        for text in texts:
            assert sides.store.ingest(text).inserted == 100

    def parsed(text: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        for line in text.splitlines():
            payload = json.loads(line)
            stream = payload["stream"]
            yield (
                {
                    "uuid": stream["uuid"],
                    "name": stream["name"],
                    "server_stream_id": stream["id"],
                    "last_synced": pd.Timestamp.now("UTC").to_pydatetime(),
                },
                {
                    "uuid": stream["uuid"],
                    "ts": pd.Timestamp(int(payload["observed_at"]), unit="s", tz="UTC"),
                    "value": float(payload["value"]),
                    "hash": payload["hash"],
                    "provider": "central",
                },
            )

    def by_hand() -> None:
        for text in texts:
            streams, rows = zip(*parsed(text))
            with sides.plain.transaction(), sides.plain.cursor() as cursor:
                cursor.executemany(
                    "INSERT INTO their_streams VALUES (%(uuid)s, %(name)s, %(server_stream_id)s, "
                    "%(last_synced)s) ON CONFLICT (uuid) DO UPDATE SET name = excluded.name, "
                    "server_stream_id = excluded.server_stream_id, "
                    "last_synced = excluded.last_synced",
                    streams,
                )
                cursor.executemany(
                    "INSERT INTO their_observations VALUES (%(uuid)s, %(ts)s, %(value)s, %(hash)s, "
                    "%(provider)s) ON CONFLICT DO NOTHING",
                    rows,
                )

    def alchemy() -> None:
        streams_insert = upsert(STREAMS)
        changed = {
            name: streams_insert.excluded[name]
            for name in ("name", "server_stream_id", "last_synced")
        }
        for text in texts:
            streams, rows = zip(*parsed(text))
            with sides.engine.begin() as connection:
                connection.execute(
                    streams_insert.on_conflict_do_update(index_elements=["uuid"], set_=changed),
                    list(streams),
                )
                connection.execute(upsert(OBSERVATIONS).on_conflict_do_nothing(), list(rows))

    bench.compare(
        "ingest 100 payloads of 100 streams",
        100 * batches,
        lambda: (sides.empty(), timed(ours))[1],
        [
            ("psycopg executemany", lambda: (sides.empty(), timed(by_hand))[1], None),
            ("SQLAlchemy", lambda: (sides.empty(), timed(alchemy))[1], None),
        ],
    )


def read(bench: Bench, sides: Sides, count: int) -> None:
    """Compares reading a stream into pandas."""
    sides.empty()
    data = frame(count)
    sides.store.insert("s", data)
    with sides.plain.cursor() as cursor:
        with cursor.copy("COPY their_observations FROM STDIN") as copy:
            for row in data.itertuples(index=False, name=None):
                copy.write_row(("s", *row))
    sides.plain.execute("VACUUM ANALYZE")
    select = "SELECT ts, value, hash, provider FROM their_observations WHERE uuid = 's' ORDER BY ts"

    def fetched() -> None:
        with sides.plain.cursor(binary=True) as cursor:
            rows = cursor.execute(select).fetchall()
        assert len(pd.DataFrame(rows, columns=["ts", "value", "hash", "provider"])) == count

    def read_sql() -> None:
        with sides.engine.connect() as connection:
            assert len(pd.read_sql_query(sa.text(select), connection)) == count

    def ours() -> None:
        assert len(sides.store.observations("s").to_pandas()) == count

    bench.compare(
        f"read {count} rows into pandas",
        count,
        lambda: timed(ours),
        [
            ("psycopg fetchall, binary", lambda: timed(fetched), None),
            ("SQLAlchemy read_sql_query", lambda: timed(read_sql), None),
        ],
    )


def main() -> int:
    """Compares all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rows, few rounds")
    arguments = parser.parse_args()
    sides = Sides()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), 3 if arguments.quick else 5, 0)
        count = 20_000 if arguments.quick else 200_000
        bulk(bench, sides, count)
        ingest(bench, sides, 10 if arguments.quick else 50)
        read(bench, sides, count)
    sides.store.close()
    sides.plain.execute(f"DROP SCHEMA {SCHEMA} CASCADE")
    return 1 if bench.missed else 0


if __name__ == "__main__":
    sys.exit(main())
