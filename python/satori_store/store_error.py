"""What all errors of the store have in common."""

from __future__ import annotations

from typing import ClassVar, Optional


class StoreError(Exception):
    """An error of the store.

    ``status`` is the number in the C header, ``code`` its name there without
    ``SATORI_``. If the database was the one to object, it says more: ``database_code`` is
    SQLite's extended result code (https://sqlite.org/rescode.html), else None.
    ``sqlstate`` is the five characters of a database that has such; SQLite has none, and
    it is empty.
    """

    status: ClassVar[int] = 0
    code: ClassVar[str] = "UNKNOWN"

    def __init__(
        self, message: str, database_code: Optional[int] = None, sqlstate: str = ""
    ) -> None:
        super().__init__(message)
        self.database_code = database_code
        self.sqlstate = sqlstate
