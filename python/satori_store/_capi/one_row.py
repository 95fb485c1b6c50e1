"""Inserting one row, as programs do most often, in as few steps as can be."""

from __future__ import annotations

import ctypes
import struct
from ctypes import byref
from typing import Any, NamedTuple, Optional

from . import structs
from .call import failure
from .library import LENGTHS, handle, prepared

#: `value`, pointer and length of `spelling`, `hash` and `provider`, and the report.
_ROW = struct.Struct("@dPNPNPNNQQQ")
_REPORT = _ROW.size - ctypes.sizeof(structs.InsertReport)
_COUNTS = struct.Struct("@QQQ")
#: How many bytes of texts there is room for.
_CAPACITY = 1024

_insert = prepared("satori_insert_many")
#: Memory for a row and its report, each taken for the time of a call, as the errors in
#: `call` are.
_free: list[Any] = []


class Counts(NamedTuple):
    """The numbers of a report on one row: one of them is 1."""

    inserted: int
    already_there: int
    conflicts: int


def _room() -> Any:
    memory, error = (ctypes.c_char * (_ROW.size + _CAPACITY))(), structs.Error()
    address = ctypes.addressof(memory)
    value, spelling, hash, provider, report = (
        byref(memory, place) for place in (0, 8, 24, 40, _REPORT)
    )
    # One row; no instant, because it is spelled; no report of a conflict.
    places = (spelling, value, hash, provider, report)
    arguments = (LENGTHS[1], None, *places, None, byref(error))
    return memory, address + _ROW.size, error, arguments


def insert(
    store: int,
    uuid: bytes,
    spelling: bytes,
    value: float,
    hash: Optional[bytes],
    provider: Optional[bytes],
) -> Optional[Counts]:
    """Inserts a row whose timestamp is text; None if its texts are too long for this way."""
    hash_text, provider_text = hash or b"", provider or b""
    texts = spelling + hash_text + provider_text
    if len(texts) > _CAPACITY:
        return None
    room = _free.pop() if _free else _room()
    memory, place, error, arguments = room
    hash_place = place + len(spelling)
    _ROW.pack_into(
        memory,
        0,
        value,
        place,
        len(spelling),
        0 if hash is None else hash_place,
        len(hash_text),
        0 if provider is None else hash_place + len(hash_text),
        len(provider_text),
        _ROW.size - _REPORT,
        0,
        0,
        0,
    )
    memory[_ROW.size : _ROW.size + len(texts)] = texts
    status = _insert(handle(store), uuid, LENGTHS[len(uuid)], *arguments)
    failed = failure(status, error) if status else None
    counts = Counts(*_COUNTS.unpack_from(memory, _ROW.size - _COUNTS.size))
    _free.append(room)
    if failed is not None:
        raise failed
    return counts
