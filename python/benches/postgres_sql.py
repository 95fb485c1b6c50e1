"""What the statements of a store on PostgreSQL cost beside others that would do the same,
without a store: docs/scale.md has the figures. It needs psycopg:

    scripts/with-postgres --disk python python/benches/postgres_sql.py

A statement that is measured goes to libpq as it is, with parameters made beforehand, so
that Python's own time is out of it.
"""

from __future__ import annotations

import os
import random
import struct
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg
from harness import Bench, Side, timed
from psycopg.pq import ExecStatus

BIGINT, TEXT, DOUBLE = 20, 25, 701
ROWS, STREAMS = 200_000, 10_000
SCHEMA = """
DROP TABLE IF EXISTS streams, observations;
CREATE TABLE streams (stream bigint PRIMARY KEY, id bigint, server_stream_id bigint,
  uuid text NOT NULL, name text, author text, secondary text, target text, meta text,
  description text, last_synced timestamptz, created_at timestamptz, data bigint);
CREATE TABLE observations (stream bigint NOT NULL, ts bigint NOT NULL,
  value double precision NOT NULL, hash text NOT NULL, provider text NOT NULL, spelling text,
  PRIMARY KEY (stream, ts), CHECK (value > '-Infinity' AND value < 'Infinity'));
"""
COLUMNS = "observations (stream, ts, value, hash, provider)"

connection = psycopg.connect(
    os.environ["SATORI_STORE_POSTGRES"], autocommit=True, prepare_threshold=None
)
raw = connection.pgconn


class Parameter:
    """A value as libpq takes it, with its type."""

    def __init__(self, type: int, value: bytes) -> None:
        self.type, self.value = type, value


def bigint(value: int) -> Parameter:
    return Parameter(BIGINT, struct.pack(">q", value))


def array(element: int, values: Sequence[bytes]) -> Parameter:
    head = struct.pack(">iiiii", 1, 0, element, len(values), 1)
    kind = {BIGINT: 1016, TEXT: 1009, DOUBLE: 1022}[element]
    return Parameter(kind, head + b"".join(struct.pack(">i", len(v)) + v for v in values))


def bigints(values: Sequence[int]) -> Parameter:
    return array(BIGINT, [struct.pack(">q", value) for value in values])


def run(sql: str, *parameters: Parameter) -> psycopg.pq.abc.PGresult:
    """Runs an unnamed statement, and returns its result in binary form."""
    result = raw.exec_params(
        sql.encode(),
        [parameter.value for parameter in parameters],
        [parameter.type for parameter in parameters],
        [1] * len(parameters),
        1,
    )
    if result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        raise RuntimeError(result.error_message.decode())
    return result


def expect(rows: int, wanted: int) -> None:
    if rows != wanted:
        raise RuntimeError(f"{rows} rows instead of {wanted}")


def bulk(bench: Bench) -> None:
    """Rows of one new stream, in one transaction."""
    ts = [1_600_000_000_000_000 + 60_000_000 * minute for minute in range(ROWS)]
    values = [struct.pack(">d", random.random()) for _ in ts]
    hashes = [b"%016x" % random.getrandbits(64) for _ in ts]
    connection.execute("INSERT INTO streams (stream, uuid) VALUES (1, 'a')")

    def binary(of: range) -> bytes:
        rows = (
            struct.pack(">hiqiqi", 5, 8, 1, 8, ts[at], 8)
            + values[at]
            + struct.pack(">i", 16)
            + hashes[at]
            + struct.pack(">i", 7)
            + b"central"
            for at in of
        )
        end = struct.pack(">h", -1)
        return b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0) + b"".join(rows) + end

    chunks = [range(first, first + 50_000) for first in range(0, ROWS, 50_000)]
    whole, copies = binary(range(ROWS)), [(chunk, binary(chunk)) for chunk in chunks]
    arrays = [
        (
            bigints(ts[chunk.start : chunk.stop]),
            array(DOUBLE, values[chunk.start : chunk.stop]),
            array(TEXT, hashes[chunk.start : chunk.stop]),
        )
        for chunk in chunks
    ]

    def copy(data: bytes) -> None:
        raw.exec_(f"COPY {COLUMNS} FROM STDIN (FORMAT binary)".encode())
        for first in range(0, len(data), 65_536):
            raw.put_copy_data(data[first : first + 65_536])
        raw.put_copy_end()
        while (result := raw.get_result()) is not None:
            if result.status != ExecStatus.COMMAND_OK:
                raise RuntimeError(result.error_message.decode())

    def looked_at() -> None:
        run("SELECT 1 FROM streams WHERE stream = $1 FOR NO KEY UPDATE", bigint(1))
        for chunk, data in copies:
            there = run(
                "SELECT ts, value FROM observations WHERE stream = $1 AND ts BETWEEN $2 AND $3",
                bigint(1),
                bigint(ts[chunk.start]),
                bigint(ts[chunk.stop - 1]),
            )
            expect(there.ntuples, 0)
            copy(data)

    def unnest(conflicts: str) -> None:
        for parameters in arrays:
            run(
                f"INSERT INTO {COLUMNS} SELECT $1, ts, value, hash, 'central' "
                f"FROM unnest($2, $3, $4) AS new (ts, value, hash) {conflicts}",
                bigint(1),
                *parameters,
            )

    def transaction(work: Callable[..., None], *arguments: object) -> None:
        connection.execute("BEGIN")
        work(*arguments)
        connection.execute("COMMIT")

    def side(work: Callable[..., None], *arguments: object) -> Side:
        def once() -> float:
            connection.execute("TRUNCATE observations")
            connection.execute("CHECKPOINT")
            seconds = timed(lambda: transaction(work, *arguments))
            stored = connection.execute("SELECT count(*) FROM observations").fetchone()
            expect(stored[0] if stored else 0, ROWS)
            return seconds

        return once

    bench.compare(
        "bulk: lock, look, COPY 50,000",
        ROWS,
        side(looked_at),
        [
            ("binary COPY, no conflict handling", side(copy, whole), None),
            ("arrays, no conflict handling", side(unnest, ""), None),
            ("arrays, ON CONFLICT", side(unnest, "ON CONFLICT DO NOTHING RETURNING ts"), None),
        ],
    )


def latest(bench: Bench) -> None:
    """The latest row of each of many streams."""
    keys = [key for (key,) in connection.execute("SELECT stream FROM streams WHERE data > 0")]

    def read(sql: str, *parameters: Parameter) -> Side:
        return lambda: timed(lambda: expect(run(sql, *parameters).ntuples, STREAMS))

    lateral = (
        "CROSS JOIN LATERAL (SELECT ts, value, hash, provider FROM observations o "
        "WHERE o.stream = k.stream ORDER BY ts DESC LIMIT 1) o"
    )
    by_keys = f"SELECT n, o.* FROM unnest($1) WITH ORDINALITY AS k (stream, n) {lateral}"
    by_streams = f"SELECT k.stream, o.* FROM streams k {lateral} WHERE data > 0"
    distinct = (
        "SELECT DISTINCT ON (stream) stream, ts, value, hash, provider FROM observations "
        "WHERE stream <> 1 ORDER BY stream, ts DESC"
    )
    bench.compare(
        f"latest of {STREAMS:,}: keys, LATERAL",
        STREAMS,
        read(by_keys, bigints(keys)),
        [
            ("streams with data, LATERAL", read(by_streams), None),
            ("DISTINCT ON", read(distinct), None),
        ],
    )


def pages(bench: Bench) -> None:
    """All rows of one stream."""
    row = "SELECT ts, value, hash, provider, spelling FROM observations WHERE stream = $1"

    def whole() -> None:
        expect(run(f"{row} ORDER BY ts", bigint(1)).ntuples, ROWS)

    def paged(size: int, *settings: str) -> None:
        statement = f"{row} AND ts > $2 ORDER BY ts LIMIT {size}"
        last, rows, count = -(2**63), 0, size
        raw.enter_pipeline_mode()
        while count == size:
            for before in ("BEGIN READ ONLY", *settings):
                raw.send_query_params(before.encode(), None)
            keys = [bigint(1), bigint(last)]
            raw.send_query_params(
                statement.encode(), [key.value for key in keys], [BIGINT, BIGINT], [1, 1], 1
            )
            raw.send_query_params(b"COMMIT", None)
            raw.pipeline_sync()
            while (result := raw.get_result()) is None or result.status != ExecStatus.PIPELINE_SYNC:
                if result is not None and result.status == ExecStatus.TUPLES_OK:
                    count = result.ntuples
                    if count:
                        last = struct.unpack(">q", result.get_value(count - 1, 0) or b"")[0]
            rows += count
        raw.exit_pipeline_mode()
        expect(rows, ROWS)

    bench.compare(
        f"pages of 10,000 of {ROWS:,}, enable_sort = off",
        ROWS,
        lambda: timed(lambda: paged(10_000, "SET LOCAL enable_sort = off")),
        [
            ("one result", lambda: timed(whole), None),
            ("pages as they are planned", lambda: timed(lambda: paged(10_000)), None),
        ],
    )


def main() -> None:
    connection.execute(SCHEMA)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), 5, ROWS)
        bulk(bench)
        connection.execute(
            "INSERT INTO streams (stream, uuid, data) SELECT hashint8extended(s, 0), s, s "
            "FROM generate_series(1, 10000) AS s"
        )
        connection.execute(
            "INSERT INTO observations SELECT hashint8extended(s, 0), t * 60000000::bigint, "
            "random(), left(md5(s || ' ' || t), 16), 'central' "
            "FROM generate_series(1, 100) AS t, generate_series(1, 10000) AS s ORDER BY t, s"
        )
        connection.execute("VACUUM ANALYZE observations")
        latest(bench)
        pages(bench)


if __name__ == "__main__":
    main()
