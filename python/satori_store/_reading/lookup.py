"""Looking one stream up: the call that programs make most often, in as few steps as can
be."""

from __future__ import annotations

import ctypes
from ctypes import byref, c_size_t
from typing import Any, Optional

from .._capi import structs
from .._capi.call import failure
from .._capi.library import functions
from ..records import Stream
from .decode import stream_of

_SIZE = ctypes.sizeof(structs.Stream)

#: What an answer comes into: memory with a `satori_stream` and its texts behind it, and
#: the arguments of a call that fills it. Each is taken for the time of a call, as the
#: errors in `_capi.call` are.
_Room = tuple[Any, c_size_t, structs.Error, tuple[Any, ...]]
_free: list[_Room] = []
#: The last answer for each uuid, if its texts are no longer than `_SHORT` bytes. 10,000
#: streams take some 10 MB.
_known: dict[bytes, tuple[bytes, Stream]] = {}
_SHORT, _MOST = 512, 16_384
_get_stream = functions["satori_get_stream"]


def _new_room(capacity: int) -> _Room:
    """Makes a room for texts of so many bytes."""
    memory = (ctypes.c_char * (_SIZE + capacity))()
    structs.Stream.from_buffer(memory).size = _SIZE
    address, needed, error = ctypes.addressof(memory), c_size_t(), structs.Error()
    texts = address + _SIZE
    return memory, needed, error, (address, texts, capacity, byref(needed), byref(error))


def stream(store: int, uuid: bytes) -> Optional[Stream]:
    """Returns the metadata of a stream; None if it has none."""
    try:
        room = _free.pop()
    except IndexError:
        room = _new_room(1024)
    memory, needed, error, arguments = room
    status = _get_stream(store, uuid, len(uuid), *arguments)
    length = needed.value
    while status != 0:
        if length <= arguments[2]:
            failed = failure(status, error)
            _free.append(room)
            raise failed
        # Twice as much, because somebody may lengthen the texts further meanwhile.
        memory, needed, error, arguments = _new_room(2 * length)
        status = _get_stream(store, uuid, len(uuid), *arguments)
        length = needed.value
    try:
        if length == 0:
            return None
        found: bytes = memory[: _SIZE + length]
        # The bytes are mostly those of the last call. Records can't be changed, so that
        # the same bytes may be the same record.
        known = _known.get(uuid)
        if known is not None and known[0] == found:
            return known[1]
        record = stream_of(structs.Stream.from_buffer(memory))
    finally:
        _free.append(room)
    if length <= _SHORT:
        if len(_known) >= _MOST:
            _known.clear()
        _known[uuid] = found, record
    return record
