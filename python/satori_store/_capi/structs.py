"""The structs of the C API.

tests/test_header.py compares every field with include/satori_store.h.
"""

from __future__ import annotations

import ctypes
from ctypes import (
    Structure,
    c_char,
    c_char_p,
    c_double,
    c_int32,
    c_int64,
    c_size_t,
    c_uint32,
    c_uint64,
    c_void_p,
)


class Error(Structure):
    _fields_ = [
        ("code", c_int32),
        ("database_code", c_int32),
        ("sqlstate", c_char * 6),
        ("message", c_char * 498),
    ]


class Text(Structure):
    _fields_ = [("data", c_void_p), ("length", c_size_t)]


class Summary(Structure):
    _fields_ = [
        ("start", c_int64),
        ("end", c_int64),
        ("count", c_uint64),
        ("first", c_double),
        ("last", c_double),
        ("min", c_double),
        ("max", c_double),
        ("mean", c_double),
        ("sum", c_double),
    ]


class Growable(Structure):
    """A struct whose first field is its size. A new one sets it."""

    size: int

    def __init__(self) -> None:
        super().__init__()
        self.size = ctypes.sizeof(self)


class LibraryInfo(Growable):
    _fields_ = [
        ("size", c_size_t),
        ("version", c_uint32),
        ("sqlite_version", c_uint32),
        ("version_text", c_char_p),
        ("sqlite_version_text", c_char_p),
        ("sqlite_source_id", c_char_p),
        ("sqlite_bundled", c_uint32),
        ("safe_beside_other_sqlite", c_uint32),
    ]


class OpenOptions(Growable):
    _fields_ = [
        ("size", c_size_t),
        ("read_only", c_int32),
        ("must_exist", c_int32),
        ("synchronous", c_int32),
        ("in_memory", c_int32),
        ("busy_timeout", c_int64),
        ("keep_spelling", c_int32),
        ("skip_unreadable", c_int32),
        ("digest", c_int32),
        ("reserved", c_int32),
    ]


class StreamPatch(Growable):
    _fields_ = [
        ("size", c_size_t),
        ("set", c_uint32),
        ("clear", c_uint32),
        ("server_stream_id", c_int64),
        ("name", Text),
        ("author", Text),
        ("secondary", Text),
        ("target", Text),
        ("meta", Text),
        ("description", Text),
    ]


#: The fields of a patch, in the order of their bits in `set` and `clear`.
FIELDS: tuple[str, ...] = tuple(name for name, _ in StreamPatch._fields_[3:])  # type: ignore[misc]


class Stream(Growable):
    _fields_ = [
        ("size", c_size_t),
        ("id", c_int64),
        ("server_stream_id", c_int64),
        ("has_server_stream_id", c_int32),
        ("reserved", c_int32),
        ("uuid", Text),
        ("name", Text),
        ("author", Text),
        ("secondary", Text),
        ("target", Text),
        ("meta", Text),
        ("description", Text),
        ("last_synced", c_int64),
        ("created_at", c_int64),
    ]


class InsertReport(Growable):
    _fields_ = [
        ("size", c_size_t),
        ("inserted", c_uint64),
        ("already_there", c_uint64),
        ("conflicts", c_uint64),
    ]


class Statistics(Growable):
    _fields_ = [
        ("size", c_size_t),
        ("count", c_uint64),
        ("unreadable", c_uint64),
        ("first", c_int64),
        ("last", c_int64),
        ("minimum", c_double),
        ("maximum", c_double),
        ("sum", c_double),
        ("spacing", c_int64),
        ("gaps", c_uint64),
    ]


class Verification(Growable):
    _fields_ = [
        ("size", c_size_t),
        ("rows", c_uint64),
        ("verified", c_uint64),
        ("foreign", c_uint64),
        ("suspect", c_uint64),
        ("foreign_between", c_uint64),
        ("digest", c_int32),
        ("reserved", c_int32),
    ]


class IngestOptions(Growable):
    _fields_ = [
        ("size", c_size_t),
        ("uuid", Text),
        ("provider", Text),
        ("strict", c_int32),
        ("format", c_int32),
        ("first_line", c_uint64),
        ("unit", c_int32),
        ("reserved", c_int32),
    ]


class IngestReport(Growable):
    _fields_ = [
        ("size", c_size_t),
        ("payloads", c_uint64),
        ("inserted", c_uint64),
        ("already_there", c_uint64),
        ("nothing", c_uint64),
        ("conflicts", c_uint64),
        ("rejected", c_uint64),
    ]
