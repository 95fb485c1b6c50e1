"""Looking one stream up, or its latest row: the calls that programs make most often, in as few
steps as can be."""

from __future__ import annotations

import ctypes
import json
import struct
from collections.abc import Callable
from ctypes import byref, c_size_t
from typing import Any, Optional, TypeVar

from .. import instants
from .._capi import structs
from .._capi.call import failure
from .._capi.library import LENGTHS, handle, prepared
from ..records import Observation, StoredTimestamp, Stream
from .cursor import instant_of, number_or_text, seconds

_T = TypeVar("_T")


class Rooms:
    """What answers come into: memory that begins with the places for members, and has texts
    behind them. Each room is taken for the time of a call, as the errors in `_capi.call` are.

    :param head: the bytes that the members take.
    :param members: where they lie; each is an argument of the function.
    """

    def __init__(self, function: str, head: int, members: tuple[int, ...]) -> None:
        self._function, self._head, self._members = prepared(function), head, members
        self._free: list[Any] = []
        #: The last answer for each key, and what was made of it. 10,000 streams take some
        #: 10 MB.
        self.known: dict[bytes, tuple[bytes, Any]] = {}

    def _room(self, capacity: int) -> Any:
        """Makes a room for texts of so many bytes."""
        memory = (ctypes.c_char * (self._head + capacity))()
        address, needed, error = ctypes.addressof(memory), c_size_t(), structs.Error()
        if self._head:
            # Of a struct that may grow it is the size; else it is written before it is read.
            c_size_t.from_buffer(memory).value = self._head
        places = [*self._members, self._head]
        arguments = (
            *[byref(memory, place) for place in places],
            LENGTHS[capacity],
            byref(needed),
            byref(error),
        )
        return memory, address, capacity, needed, error, arguments

    def made(self, store: int, key: bytes, make: Callable[[bytes, int], _T]) -> Optional[_T]:
        """Calls the function. Returns what `make` makes of the answer, which must not be
        changed: the bytes are mostly those of the last call, and so is what was made of
        them. None if the function found nothing."""
        answer = self.ask(store, key)
        if answer is None:
            return None
        found, address = answer
        known = self.known.get(key)
        if known is None or known[0] != found:
            known = found, make(found, address)
            if len(found) <= _SHORT:
                if len(self.known) >= _MOST:
                    self.known.clear()
                self.known[key] = known
        made: _T = known[1]
        return made

    def ask(self, store: int, key: bytes) -> Optional[tuple[bytes, int]]:
        """Calls the function. Returns a copy of what it wrote, whose pointers point into
        memory at the address beside it; None if it found nothing."""
        try:
            room = self._free.pop()
        except IndexError:
            room = self._room(1024)
        memory, address, capacity, needed, error, arguments = room
        status = self._function(handle(store), key, LENGTHS[len(key)], *arguments)
        while status != 0:
            if needed.value <= capacity:
                failed = failure(status, error)
                self._free.append(room)
                raise failed
            # Twice as much, because somebody may lengthen the texts further meanwhile.
            room = self._room(2 * needed.value)
            memory, address, capacity, needed, error, arguments = room
            status = self._function(handle(store), key, LENGTHS[len(key)], *arguments)
        length = needed.value
        found = memory[: self._head + length] if length else None
        self._free.append(room)
        return None if found is None else (found, address)


_STREAM = ctypes.sizeof(structs.Stream)
_by_uuid = Rooms("satori_get_stream", _STREAM, (0,))
_by_name = Rooms("satori_get_stream_by_name", _STREAM, (0,))

json_by_uuid = Rooms("satori_get_stream_json", 0, ())
json_by_name = Rooms("satori_get_stream_by_name_json", 0, ())

#: How long an answer that is kept may be, and how many are kept.
_SHORT, _MOST = _STREAM + 512, 16_384


def stream(store: int, uuid: bytes) -> Optional[Stream]:
    """Returns the metadata of a stream; None if it has none."""
    return _by_uuid.made(store, uuid, _record)


def stream_by_name(store: int, name: bytes) -> Optional[Stream]:
    """Returns the metadata of the stream of this name; None if there is none."""
    return _by_name.made(store, name, _record)


def as_stored(rooms: Rooms, store: int, key: bytes) -> Optional[dict[str, Any]]:
    """Returns the row of `streams` of a stream; None if it has no metadata."""
    row = rooms.made(store, key, _row)
    return None if row is None else row.copy()


def _row(found: bytes, _: int) -> dict[str, Any]:
    """Makes the row of a NUL-terminated JSON object."""
    row: dict[str, Any] = json.loads(found[:-1].decode())
    return row


#: The members of a `satori_stream`, as structs.Stream declares them: a text is a pointer and a
#: length. Taking them one by one from the struct takes twice as long.
_MEMBERS = struct.Struct("@NqqiiPNPNPNPNPNPNPNqq")


def _record(found: bytes, address: int) -> Stream:
    """Makes the record of a `satori_stream` and its texts, to which it points as if it were at
    the address."""
    _, id, server_stream_id, has_server_stream_id, _, *texts, last_synced, created_at = (
        _MEMBERS.unpack_from(found)
    )
    places = [pointer - address if pointer else None for pointer in texts[::2]]
    uuid, name, author, secondary, target, meta, description = [
        None if place is None else found[place : place + length].decode()
        for place, length in zip(places, texts[1::2])
    ]
    return Stream(
        id,
        server_stream_id if has_server_stream_id else None,
        uuid or "",
        name,
        author,
        secondary,
        target,
        meta,
        description,
        instants.optional(last_synced),
        instants.optional(created_at),
    )


#: `ts`, `value`, and pointer and length of `spelling`, `hash` and `provider`.
_ROW = struct.Struct("@qdPNPNPN")
_latest = Rooms("satori_get_latest", _ROW.size, (0, 16, 8, 32, 48))


def latest(store: int, uuid: bytes) -> Optional[Observation]:
    """Returns the latest row of a stream; None if there is none."""
    row = _latest_row(store, uuid)
    if row is None:
        return None
    micros, stored, value, hash, provider = row
    return Observation(instant_of(micros, stored, uuid), value, hash, provider, stored)


def latest_as_stored(store: int, uuid: bytes) -> Optional[dict[str, Any]]:
    """Returns the latest row of a stream by its columns; None if there is none."""
    row = _latest_row(store, uuid)
    if row is None:
        return None
    _, stored, value, hash, provider = row
    return {"ts": stored, "value": value, "hash": hash, "provider": provider}


def _latest_row(
    store: int, uuid: bytes
) -> Optional[tuple[int, StoredTimestamp, float, str, str]]:
    """Returns instant, timestamp as it is stored, value, hash and provider of the latest row of
    a stream; None if there is none."""
    answer = _latest.ask(store, uuid)
    if answer is None:
        return None
    found, address = answer
    ts, value, spelling, length, hash, hash_length, provider, provider_length = _ROW.unpack_from(
        found
    )
    hash, provider = hash - address, provider - address
    stored: StoredTimestamp = seconds(ts)
    if spelling:
        spelling -= address
        stored = number_or_text(found[spelling : spelling + length].decode())
    return (
        ts,
        stored,
        value,
        found[hash : hash + hash_length].decode(),
        found[provider : provider + provider_length].decode(),
    )
