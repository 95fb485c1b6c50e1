"""Looking one stream up: the call that programs make most often, in as few steps as can be."""

from __future__ import annotations

import ctypes
import struct
from ctypes import byref, c_size_t
from typing import Any, Optional

from . import _library, instants
from .records import Stream

#: `satori_stream` behind its size: pointers and numbers, as they lie in memory.
_LAYOUT = struct.Struct("nqqii" + "PN" * 7 + "qq")


#: Where answers come: memory with a `satori_stream` and its texts behind it, and what a
#: call takes of it. Each is taken for the time of a call, as in `_library`.
_Room = tuple[Any, c_size_t, _library.Error, tuple[Any, ...]]
_free: list[_Room] = []
#: The last answer for a uuid, where its texts are no more than so many bytes: 10,000
#: streams are some 10 MB.
_known: dict[bytes, tuple[bytes, Stream]] = {}
_SHORT, _MOST = 512, 16_384
_get_stream = _library.function("satori_get_stream")


def _new_room(capacity: int) -> _Room:
    memory = (ctypes.c_char * (_LAYOUT.size + capacity))()
    _library.Stream.from_buffer(memory).size = _LAYOUT.size
    address, needed, error = ctypes.addressof(memory), c_size_t(), _library.Error()
    texts = address + _LAYOUT.size
    return memory, needed, error, (address, texts, capacity, byref(needed), byref(error))


def stream(store: int, uuid: bytes) -> Optional[Stream]:
    """The metadata of a stream; None where it has none."""
    try:
        room = _free.pop()
    except IndexError:
        room = _new_room(1024)
    memory, needed, error, arguments = room
    status = _get_stream(store, uuid, len(uuid), *arguments)
    length = needed.value
    while status != 0:
        if length <= arguments[2]:
            failed = _library.failure(status, error)
            _free.append(room)
            raise failed
        # Somebody may lengthen it further meanwhile.
        memory, needed, error, arguments = _new_room(2 * length)
        status = _get_stream(store, uuid, len(uuid), *arguments)
        length = needed.value
    found: Optional[bytes] = memory[: _LAYOUT.size + length] if length else None
    texts = arguments[1]
    _free.append(room)
    if found is None:
        return None
    # A record can't be changed, so that the same bytes may be the same record: they
    # mostly are, from call to call.
    known = _known.get(uuid)
    if known is not None and known[0] == found:
        return known[1]
    record = _read(found, texts)
    if length <= _SHORT:
        if len(_known) >= _MOST:
            _known.clear()
        _known[uuid] = found, record
    return record


def _read(memory: bytes, address: int) -> Stream:
    """What stood in memory, its texts at that address."""
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
