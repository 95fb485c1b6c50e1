"""Arrays of the C API's `satori_text`, without a Python object for each item."""

from __future__ import annotations

import ctypes
import struct
from array import array
from collections.abc import Iterator
from typing import Any, Optional

from .call import utf8


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


def texts_of(column: Any, count: int) -> Iterator[Optional[str]]:
    """Yields the first texts of an array that the library has filled in."""
    string_at = ctypes.string_at
    pairs = struct.iter_unpack("PN", column)
    for _, (data, length) in zip(range(count), pairs):
        yield string_at(data, length).decode() if data else None
