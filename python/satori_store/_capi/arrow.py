"""Arrow's C stream interface, as ctypes and as PyCapsules.

https://arrow.apache.org/docs/format/CStreamInterface.html and
https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html
"""

from __future__ import annotations

import ctypes
import sys
import threading
from array import array
from collections.abc import Iterator
from ctypes import CFUNCTYPE, POINTER, Structure, byref, c_char_p, c_int, c_int64, c_void_p
from typing import Any


class Stream(Structure):
    """struct ArrowArrayStream."""


class Array(Structure):
    """struct ArrowArray."""


Stream._fields_ = [
    ("get_schema", c_void_p),
    ("get_next", CFUNCTYPE(c_int, POINTER(Stream), POINTER(Array))),
    ("get_last_error", CFUNCTYPE(c_char_p, POINTER(Stream))),
    ("release", CFUNCTYPE(None, POINTER(Stream))),
    ("private_data", c_void_p),
]
Array._fields_ = [
    ("length", c_int64),
    ("null_count", c_int64),
    ("offset", c_int64),
    ("n_buffers", c_int64),
    ("n_children", c_int64),
    ("buffers", POINTER(c_void_p)),
    ("children", POINTER(POINTER(Array))),
    ("dictionary", c_void_p),
    ("release", CFUNCTYPE(None, POINTER(Array))),
    ("private_data", c_void_p),
]

_NAME = b"arrow_array_stream"

_new = ctypes.pythonapi.PyCapsule_New
_new.restype, _new.argtypes = ctypes.py_object, [c_void_p, c_char_p, c_void_p]
_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype, _pointer.argtypes = c_void_p, [ctypes.py_object, c_char_p]

#: Capsules that were given out, and the streams in them. A capsule's destructor would
#: have to be C, because one in Python runs while exceptions are on their way, and ends
#: them. So each capsule is held here too, and its stream is released when nobody else
#: holds it any more.
_given: list[tuple[Any, Stream]] = []
_sweeping = threading.Lock()


def to_capsule(stream: Stream) -> Any:
    """Returns a capsule that owns the stream."""
    sweep()
    capsule = _new(ctypes.addressof(stream), _NAME, None)
    _given.append((capsule, stream))
    return capsule


def sweep() -> None:
    """Releases the streams of capsules that were dropped before anybody took them."""
    if not _sweeping.acquire(blocking=False):
        return
    try:
        for place in range(len(_given) - 1, -1, -1):
            # The tuple's reference, and that of the call.
            if sys.getrefcount(_given[place][0]) <= 2:
                _, stream = _given.pop(place)
                if stream.release:
                    stream.release(stream)
    finally:
        _sweeping.release()


def of_capsule(capsule: Any) -> int:
    """Returns the address of the stream in a capsule."""
    return int(_pointer(capsule, _NAME))


class Failed(Exception):
    """A stream ended with an error. Arrow gives its text alone."""


def batches(capsule: Any) -> Iterator[tuple[int, list[list[bytes]]]]:
    """Reads a stream of ours, which has no nulls: for each batch how many rows it has, and a
    copy of each column's buffers. Numbers have one, of eight bytes a row; texts have two,
    offsets of four bytes and what they point into."""
    stream = Stream.from_address(of_capsule(capsule))
    batch = Array()
    while True:
        if stream.get_next(byref(stream), byref(batch)) != 0:
            message = stream.get_last_error(byref(stream)) or b"the Arrow stream failed"
            raise Failed(message.decode("utf-8", "replace"))
        if not batch.release:
            return
        try:
            columns = [batch.children[index].contents for index in range(batch.n_children)]
            copy = [_numbers(columns[0]), _numbers(columns[1]), *map(_texts, columns[2:])]
            length = batch.length
        finally:
            batch.release(byref(batch))
        yield length, copy


def _numbers(column: Array) -> list[bytes]:
    """Copies a column of numbers."""
    return [_copy(column.buffers[1], 8 * column.offset, 8 * column.length)]


def _texts(column: Array) -> list[bytes]:
    """Copies a column of texts."""
    offsets = _copy(column.buffers[1], 4 * column.offset, 4 * (column.length + 1))
    return [offsets, _copy(column.buffers[2], 0, int.from_bytes(offsets[-4:], sys.byteorder))]


def _copy(address: Any, start: int, length: int) -> bytes:
    """Copies a part of a buffer. One that holds nothing may have no address."""
    return ctypes.string_at(address + start, length) if address and length else b""


def texts(offsets: bytes, data: bytes) -> list[str]:
    """Makes the texts of a column's buffers."""
    ends = array("i")
    ends.frombytes(offsets)
    pairs = zip(ends, ends[1:])
    text = data.decode()
    if len(text) == len(data):  # ASCII: a character is a byte
        return [text[a:b] for a, b in pairs]
    return [data[a:b].decode() for a, b in pairs]
