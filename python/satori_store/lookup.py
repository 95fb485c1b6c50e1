"""Looking one stream up: the call that programs make most often, in as few steps as can be."""

from __future__ import annotations

import ctypes
import struct
import threading
from ctypes import byref, c_size_t
from functools import lru_cache
from typing import Optional

from . import _library, instants
from .records import Stream

#: `satori_stream` behind its size: pointers and numbers, as they lie in memory.
_LAYOUT = struct.Struct("nqqii" + "PN" * 7 + "qq")


class _Room(threading.local):
    """Where a thread's answers come: a `satori_stream`, and its texts behind it."""

    def __init__(self) -> None:
        self.resize(1024)

    def resize(self, capacity: int) -> None:
        memory = (ctypes.c_char * (_LAYOUT.size + capacity))()
        _library.Stream.from_buffer(memory).size = _LAYOUT.size
        address, needed = ctypes.addressof(memory), c_size_t()
        arguments = (
            address,
            address + _LAYOUT.size,
            capacity,
            byref(needed),
            _library.local.reference,
        )
        #: One attribute: each costs a look at which thread this is.
        self.parts = memory, needed, address + _LAYOUT.size, arguments


_room = _Room()
_get_stream = _library.function("satori_get_stream")


def stream(store: int, uuid: bytes) -> Optional[Stream]:
    """The metadata of a stream; None where it has none."""
    memory, needed, texts, arguments = _room.parts
    status = _get_stream(store, uuid, len(uuid), *arguments)
    length = needed.value
    if status != 0:
        if length > len(memory) - _LAYOUT.size:
            _room.resize(length)
            return stream(store, uuid)
        raise _library.failure(status)
    if length == 0:
        return None
    # A slice of characters is bytes.
    return _read(memory[: _LAYOUT.size + length], texts)  # type: ignore[arg-type]


@lru_cache(maxsize=4096)
def _read(memory: bytes, address: int) -> Stream:
    """What stands in memory, its texts at that address. A record can't be changed, so
    that the same bytes may be the same record: they mostly are, from call to call."""
    _, number, server, has_server, _, *texts, synced, created = _LAYOUT.unpack_from(memory)
    base = address - _LAYOUT.size
    uuid, name, author, secondary, target, meta, description = (
        memory[data - base : data - base + length].decode() if data else None
        for data, length in zip(texts[::2], texts[1::2])
    )
    return Stream(
        number,
        server if has_server else None,
        uuid or "",
        name,
        author,
        secondary,
        target,
        meta,
        description,
        instants.optional(synced),
        instants.optional(created),
    )
