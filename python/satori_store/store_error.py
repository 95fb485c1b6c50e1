"""What all errors of the store have in common."""

from __future__ import annotations

from typing import ClassVar, Optional


class StoreError(Exception):
    """An error of the store.

    ``status`` is the number in the C header, ``code`` its name there without
    ``SATORI_``. ``sqlite_code`` is SQLite's extended result code if SQLite was the one
    to object (https://sqlite.org/rescode.html), else None.
    """

    status: ClassVar[int] = 0
    code: ClassVar[str] = "UNKNOWN"

    def __init__(self, message: str, sqlite_code: Optional[int] = None) -> None:
        super().__init__(message)
        self.sqlite_code = sqlite_code
