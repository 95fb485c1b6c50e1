"""The operations on streams' metadata."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable
from ctypes import byref
from datetime import timedelta
from typing import Any, Literal, Optional, TypeVar, Union

from .. import instants
from .._capi.call import call, choice, fits, text_of
from .._capi.library import Handle
from .._capi.structs import FIELDS, StreamPatch
from .._capi.texts import all_of
from .._handle import StoreHandle
from .._reading import lookup
from .._reading.decode import columns_of, rows_of, streams_of, uuids_of
from .._text import many, shown, utf8
from ..errors import InvalidUuid
from ..instants import Instant
from ..records import Stream
from ..reports import Removed

_T = TypeVar("_T")
_REMOVE = {"metadata": 1, "data": 2, "both": 3}


class StreamOperations(StoreHandle):
    """Writing, finding and removing streams."""

    def upsert_stream(self, uuid: str, **fields: Union[str, int, None]) -> Stream:
        """Writes a stream's metadata, sets ``last_synced`` to now, and returns what is
        stored. The row is made if there is none. ``id`` and ``created_at`` never change.

        :param fields: ``server_stream_id, name, author, secondary, target, meta,
            description``. One that is left out keeps what is stored, None clears it.
        """
        return self._write_stream("satori_upsert_stream", uuid, fields)

    def update_stream(self, uuid: str, **fields: Union[str, int, None]) -> Stream:
        """Changes the metadata that a stream has, and returns it. ``last_synced`` stays as
        it is. The fields are those of :meth:`upsert_stream`.

        :raises NotFound: the stream has no metadata.
        """
        return self._write_stream("satori_update_stream", uuid, fields)

    def _write_stream(self, function: str, uuid: str, fields: dict[str, Any]) -> Stream:
        patch = StreamPatch()
        held = []
        for name, value in fields.items():
            if name not in FIELDS:
                raise TypeError(f"{shown(name)} is no field: expected {', '.join(FIELDS)}")
            bit = 1 << FIELDS.index(name)
            if value is None:
                patch.clear |= bit
                continue
            patch.set |= bit
            if name == "server_stream_id":
                patch.server_stream_id = fits(value, -(2**63), name)
            else:
                held.append(utf8(value))
                setattr(patch, name, text_of(held[-1]))
        return self._found(function, *self._at(uuid), byref(patch))[0]

    def contains(self, uuid: str) -> bool:
        """Returns ``True`` if the store has the stream: its metadata, or data.
        ``uuid in store`` does the same, but returns ``False`` for a text that can name no
        stream."""
        found = ctypes.c_int32()
        call("satori_contains", *self._at(uuid), byref(found))
        return bool(found.value)

    def __contains__(self, uuid: str) -> bool:
        try:
            return self.contains(uuid)
        except InvalidUuid:
            return False

    def stream(self, uuid: str) -> Optional[Stream]:
        """Returns the metadata of the stream of this uuid; None if it has none."""
        return lookup.stream(self._handle or self.handle, utf8(uuid))

    def stream_by_name(self, name: str) -> Optional[Stream]:
        """Returns the stream of this name; None if there is none. Names are not unique: of
        several streams it is the most recently synced, then the one with the lowest id."""
        return lookup.stream_by_name(self._handle or self.handle, utf8(name))

    def stream_as_stored(self, uuid: str) -> Optional[dict[str, Any]]:
        """Returns the stream that :meth:`stream` returns as :meth:`streams_as_stored` does."""
        return lookup.as_stored(lookup.json_by_uuid, self._handle or self.handle, utf8(uuid))

    def stream_by_name_as_stored(self, name: str) -> Optional[dict[str, Any]]:
        """Returns the stream that :meth:`stream_by_name` returns as :meth:`streams_as_stored`
        does."""
        return lookup.as_stored(lookup.json_by_name, self._handle or self.handle, utf8(name))

    def streams_of(self, uuids: Iterable[str]) -> dict[str, Optional[Stream]]:
        """Returns the metadata of each stream, all of one state of the store; None stands for
        a stream that has none.

        :raises InvalidUuid, InvalidArgument:
        """
        asked = many(uuids, "uuids")
        found = {stream.uuid: stream for stream in self._found_each("satori_streams_of", asked)}
        return {uuid: found.get(uuid) for uuid in asked}

    def streams_named(self, names: Iterable[str]) -> dict[str, Optional[Stream]]:
        """Returns the stream of each name, all of one state of the store, as
        :meth:`stream_by_name` chooses it; None stands for a name that no stream has.

        :raises InvalidArgument:
        """
        asked = many(names, "names")
        found = {
            stream.name: stream for stream in self._found_each("satori_streams_named", asked)
        }
        # C shows a NUL within a name as another character.
        return {
            name: self.stream_by_name(name) if "\0" in name else found.get(name) for name in asked
        }

    def streams_by_name(self, name: str) -> list[Stream]:
        """Returns all streams of this name, in the order that :meth:`stream_by_name`
        chooses by."""
        return self._found("satori_streams_by_name", *self._at(name))

    def streams_by_server_id(self, server_stream_id: int) -> list[Stream]:
        """Returns all streams to which the server gives this number, the most recently
        synced first."""
        number = fits(server_stream_id, -(2**63), "server_stream_id")
        return self._found("satori_streams_by_server_id", self.handle, number)

    def streams(self) -> list[Stream]:
        """Returns all streams that have metadata, by id."""
        return self._found("satori_streams", self.handle)

    def streams_as_stored(self) -> list[dict[str, Any]]:
        """Returns the streams that :meth:`streams` returns as rows of the table ``streams``: the
        fields by their names, times as the text that the store writes for them."""
        return [row.copy() for row in self._columns("satori_streams", rows_of)]

    def search_streams(self, part: str) -> list[Stream]:
        """Returns the streams whose name or description has ``part`` in it. ASCII letters
        match in either case."""
        return self._found("satori_search_streams", *self._at(part))

    def stale_streams(self, since: Union[Instant, timedelta]) -> list[Stream]:
        """Returns the streams not synced since an instant, or for longer than a
        ``timedelta``, the longest unsynced first. Those never synced are among them."""
        return self._found("satori_stale_streams", self.handle, instants.since(since))

    def streams_without_metadata(self) -> list[str]:
        """Returns the uuids of streams that have data and no metadata, in the order in which
        they got it."""
        return list(self._columns("satori_streams_without_metadata", uuids_of))

    def streams_with_data(self) -> list[str]:
        """Returns the uuids of streams that have data, with metadata or without, in the order
        in which they got it. A stream whose rows were all deleted is still among them, until
        its data is removed."""
        return list(self._columns("satori_streams_with_data", uuids_of))

    def quarantined_streams(self) -> list[str]:
        """Returns the uuids of streams of which :meth:`quarantine` has moved rows that are
        still where it put them, in the order in which their first was moved. They need not
        have metadata or data: :meth:`remove` leaves the rows in the quarantine.

        :raises NotAStream: something else has the name ``__satori_quarantine``.
        """
        return list(self._columns("satori_quarantined_streams", uuids_of))

    def _columns(self, function: str, make: Callable[[bytes], list[_T]]) -> list[_T]:
        """Returns what `make` makes of the columns of a list, to be copied. They are mostly
        those of the last call."""
        found = Handle()
        call(function, self.handle, byref(found))
        columns = columns_of(found)
        known = self._known.get(function)
        if known is None or known[0] != columns:
            known = self._known[function] = columns, make(columns)
        return known[1]

    def _found(self, function: str, *arguments: Any) -> list[Stream]:
        found = Handle()
        call(function, *arguments, byref(found))
        return streams_of(found)

    def _found_each(self, function: str, asked: list[str]) -> list[Stream]:
        """Returns what a function finds that takes an array of texts."""
        texts = all_of(asked)
        column = texts.column()
        return self._found(function, self.handle, len(asked), column.buffer_info()[0])

    def remove(
        self, uuid: str, what: Literal["metadata", "data", "both"] = "both"
    ) -> Removed:
        """Removes a stream's metadata, its data (all observations, and the place that they
        are in), or both. What doesn't exist is no error."""
        metadata, rows = ctypes.c_int32(), ctypes.c_uint64()
        kind = choice(what, _REMOVE, "what")
        call("satori_remove", *self._at(uuid), kind, byref(metadata), byref(rows))
        return Removed(bool(metadata.value), rows.value)
