"""Looking one stream up: the call that programs make most often, in as few steps as can be."""

from __future__ import annotations

import ctypes
from ctypes import byref, c_size_t
from typing import Any, Optional

from . import _library
from .records import Stream, stream_of

_SIZE = ctypes.sizeof(_library.Stream)

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
    memory = (ctypes.c_char * (_SIZE + capacity))()
    _library.Stream.from_buffer(memory).size = _SIZE
    address, needed, error = ctypes.addressof(memory), c_size_t(), _library.Error()
    texts = address + _SIZE
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
    try:
        if length == 0:
            return None
        found: bytes = memory[: _SIZE + length]
        # A record can't be changed, so that the same bytes may be the same record: they
        # mostly are, from call to call.
        known = _known.get(uuid)
        if known is not None and known[0] == found:
            return known[1]
        record = stream_of(_library.Stream.from_buffer(memory))
    finally:
        _free.append(room)
    if length <= _SHORT:
        if len(_known) >= _MOST:
            _known.clear()
        _known[uuid] = found, record
    return record
