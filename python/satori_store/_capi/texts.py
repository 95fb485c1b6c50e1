"""Arrays of the C API's `satori_text`, without a Python object for each item."""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Optional

from .._text import utf8


class Texts:
    """Texts on their way in."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._places: list[tuple[int, int]] = []
        self._buffer: Any = None

    def append(self, text: Optional[str]) -> None:
        """Appends a text; None is one that is not set."""
        if text is None:
            self._places.append((-1, 0))
            return
        data = utf8(text)
        self._places.append((len(self._data), len(data)))
        self._data += data

    def column(self) -> array[int]:
        """Returns the array: pairs of pointer and length, valid as long as this object
        lives."""
        # One byte more, because an empty buffer has no address.
        self._buffer = (ctypes.c_char * (len(self._data) + 1)).from_buffer(self._data + b"\0")
        base = ctypes.addressof(self._buffer)
        pairs = array("Q")
        for place, length in self._places:
            pairs.append(0 if place < 0 else base + place)
            pairs.append(length)
        return pairs


def all_of(texts: Iterable[str]) -> Texts:
    """Returns texts on their way in, none of which may be missing."""
    all = Texts()
    for text in texts:
        # None is not text here.
        utf8(text)
        all.append(text)
    return all


def texts_of(columns: Sequence[Any], rows: int) -> list[list[Any]]:
    """Returns the texts of a batch of rows, column by column. The columns are arrays of
    `satori_text` that the library has filled in, as numbers: pointer, length, pointer, …"""
    pairs = [column[: 2 * rows] for column in columns]
    # They lie one after the other in memory, row by row, so that one copy takes them all.
    start = min(column[0] for column in pairs if column[0])
    end = max(column[-2] + column[-1] for column in pairs if column[-2])
    data = ctypes.string_at(start, end - start)
    text = data.decode()
    if len(text) == len(data):  # ASCII: a character is a byte
        return [
            [text[at - start : at - start + size] if at else None for at, size in _pairs(column)]
            for column in pairs
        ]
    return [
        [
            data[at - start : at - start + size].decode() if at else None
            for at, size in _pairs(column)
        ]
        for column in pairs
    ]


def _pairs(column: list[int]) -> Iterator[tuple[int, int]]:
    """Pairs pointers and lengths."""
    return zip(column[::2], column[1::2])
