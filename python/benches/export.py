"""`satori-store export` beside duckdb's `COPY … TO`: Parquet of one stream, from the same file.

    python benches/export.py PATH-OF-SATORI-STORE [--quick]

Our side is the whole process, its start and the sync of the file among it; duckdb's is the
statement alone, on a connection that is open, and it doesn't sync. Each round runs both, in an
order that turns round; rates and ratios are medians. Needs duckdb and its extension for SQLite,
which must be of the same version: `pip install duckdb==1.5.5
duckdb-extension-sqlite-scanner==1.5.5`.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

from harness import Bench, plain, timed

STREAM = "d39cd529-5dd4-5e4b-abc9-90b3751e71f1"
CREATE = (
    f'CREATE TABLE "{STREAM}" (ts TIMESTAMP PRIMARY KEY NOT NULL, '
    "value NUMERIC(20, 10) NOT NULL, hash TEXT NOT NULL, provider TEXT NOT NULL) WITHOUT ROWID"
)


def fill(path: Path, rows: int) -> None:
    """Makes one row a minute, with hashes that look like the engine's."""
    with plain(path) as connection:
        connection.execute(CREATE)
        connection.executemany(
            f'INSERT INTO "{STREAM}" VALUES (?, ?, ?, ?)',
            (
                (
                    1_600_000_000 + 60 * row,
                    45_000.5 + row * 7919 % 1_000_000 / 100,
                    hashlib.blake2s(str(row).encode(), digest_size=8).hexdigest(),
                    "central",
                )
                for row in range(rows)
            ),
        )
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def scanner() -> Path:
    """Finds the extension that reads SQLite's files."""
    package = importlib.util.find_spec("duckdb_extension_sqlite_scanner")
    if package is None or package.origin is None:
        sys.exit("pip install duckdb-extension-sqlite-scanner, of duckdb's version")
    return next(Path(package.origin).parent.rglob("*.duckdb_extension"))


def main() -> int:
    """Compares both on a short stream and on a long one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=Path, help="satori-store, built for release")
    parser.add_argument("--quick", action="store_true", help="few rows, few rounds")
    arguments = parser.parse_args()
    connection = duckdb.connect()
    connection.execute(f"LOAD '{scanner()}'")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), 3 if arguments.quick else 9, 0)
        for rows in [20_000] if arguments.quick else [200_000, 2_000_000]:
            path = bench.fresh(f"{rows}.db")
            fill(path, rows)
            ours, theirs = (path.with_suffix(f".{side}.parquet") for side in ("ours", "theirs"))
            export = [arguments.program.resolve(), "export", path, STREAM]
            export += ["--force", "--output", ours]
            copy = (
                f"COPY (SELECT ts, value, hash, provider FROM sqlite_scan('{path}', '{STREAM}')) "
                f"TO '{theirs}' (FORMAT parquet)"
            )
            bench.compare(
                f"export {rows} rows as Parquet",
                rows,
                lambda: timed(lambda: subprocess.run(export, check=True, capture_output=True)),
                [("duckdb COPY TO", lambda: timed(lambda: connection.execute(copy)), 1.0)],
            )
            same = (
                f"SELECT count(*) FROM '{ours}' AS ours JOIN '{theirs}' AS theirs "
                "ON epoch_us(ours.ts) = epoch_us(theirs.ts) AND ours.value = theirs.value "
                "AND ours.hash = theirs.hash AND ours.provider = theirs.provider"
            )
            counted = connection.execute(same).fetchone()
            assert counted == (rows,), counted
    return 1 if bench.missed else 0


if __name__ == "__main__":
    sys.exit(main())
