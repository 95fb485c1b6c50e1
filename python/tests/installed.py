"""An installed engine: a process of its own that speaks plain SQL to the file through
Python's sqlite3, and may have it open meanwhile."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Optional

_PROGRAM = """
import json, sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
for setting in ("foreign_keys = ON", "journal_mode = WAL", "wal_autocheckpoint = 100"):
    connection.execute("PRAGMA " + setting)
for line in sys.stdin:
    try:
        answer = connection.execute(*json.loads(line)).fetchall()
        connection.commit()
    except sqlite3.Error as error:
        answer = str(error)
    print(json.dumps(answer), flush=True)
"""


class InstalledEngine:
    """The process, and the statements that an engine sends to the file."""

    def __init__(self, path: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> InstalledEngine:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self._process.communicate()

    def sql(self, statement: str, *parameters: Any) -> Any:
        """Runs a statement in the process, and returns its rows."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps([statement, parameters]) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert isinstance(answer, list), answer
        return answer

    # What an engine does, in the statements that it does it by.

    def create(self, stream: str) -> None:
        self.sql(
            f'CREATE TABLE IF NOT EXISTS "{stream}" (ts TIMESTAMP PRIMARY KEY NOT NULL, '
            "value NUMERIC(20, 10) NOT NULL, hash TEXT NOT NULL, provider TEXT NOT NULL)"
        )

    def insert(self, stream: str, ts: Any, value: float, hash: str = "h") -> bool:
        if self.sql(f'SELECT 1 FROM "{stream}" WHERE ts = ?', ts):
            return False
        self.sql(f'INSERT INTO "{stream}" VALUES (?, ?, ?, ?)', ts, value, hash, "central")
        return True

    def latest(self, stream: str) -> Any:
        found = self.sql(f'SELECT ts, value FROM "{stream}" ORDER BY ts DESC LIMIT 1')
        return found[0] if found else None

    def rows(self, stream: str) -> Any:
        return self.sql(f'SELECT ts, value, hash, provider FROM "{stream}" ORDER BY ts')
