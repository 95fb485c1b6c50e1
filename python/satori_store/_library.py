"""The C library: its structs and functions as ctypes sees them, and one way to call.

tests/test_header.py compares every line with include/satori_store.h.
"""

from __future__ import annotations

import ctypes
import os
import sys
from ctypes import (
    POINTER,
    Structure,
    byref,
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
from pathlib import Path
from typing import Any, Optional

from .errors import InvalidUtf8, InvalidValue, StoreError, error_of

#: The release of the header that this module is written for.
VERSION = (0, 1, 0)
UUID_SIZE = 37


class Error(Structure):
    _fields_ = [("code", c_int32), ("sqlite_code", c_int32), ("message", c_char * 504)]


class Text(Structure):
    _fields_ = [("data", c_void_p), ("length", c_size_t)]


class Growable(Structure):
    """A struct whose size comes first, and which sets it."""

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
    ]


class IngestOptions(Growable):
    _fields_ = [
        ("size", c_size_t),
        ("uuid", Text),
        ("provider", Text),
        ("strict", c_int32),
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


#: A handle: a number, checked by the library at every call.
Handle = c_void_p
_OUT = POINTER(Handle)
_ERROR = POINTER(Error)
_TEXT = POINTER(Text)
_STORE_AND_UUID = (Handle, c_char_p, c_size_t)
_RANGE = (c_int64, c_int64)
#: Columns that the caller owns: addresses.
_COLUMN = c_void_p

#: What each function takes; all return a status.
FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "satori_get_library_info": (POINTER(LibraryInfo), _ERROR),
    "satori_store_open": (c_char_p, c_size_t, POINTER(OpenOptions), _OUT, _ERROR),
    "satori_store_close": (Handle, _ERROR),
    "satori_upsert_stream": (*_STORE_AND_UUID, POINTER(StreamPatch), _OUT, _ERROR),
    "satori_update_stream": (*_STORE_AND_UUID, POINTER(StreamPatch), _OUT, _ERROR),
    "satori_stream_by_uuid": (*_STORE_AND_UUID, _OUT, _ERROR),
    "satori_get_stream": (
        *_STORE_AND_UUID,
        c_void_p,
        _COLUMN,
        c_size_t,
        POINTER(c_size_t),
        _ERROR,
    ),
    "satori_streams_by_name": (Handle, c_char_p, c_size_t, _OUT, _ERROR),
    "satori_streams_by_server_id": (Handle, c_int64, _OUT, _ERROR),
    "satori_streams_all": (Handle, _OUT, _ERROR),
    "satori_search_streams": (Handle, c_char_p, c_size_t, _OUT, _ERROR),
    "satori_stale_streams": (Handle, c_int64, _OUT, _ERROR),
    "satori_streams_without_metadata": (Handle, _OUT, _ERROR),
    "satori_streams_with_table": (Handle, _OUT, _ERROR),
    "satori_streams_count": (Handle, POINTER(c_size_t), _ERROR),
    "satori_streams_get": (Handle, c_size_t, POINTER(Stream), _ERROR),
    "satori_streams_free": (Handle, _ERROR),
    "satori_sync_streams": (Handle, c_char_p, c_size_t, _OUT, _ERROR),
    "satori_remove": (*_STORE_AND_UUID, c_int32, POINTER(c_int32), POINTER(c_uint64), _ERROR),
    "satori_insert": (
        *_STORE_AND_UUID,
        c_int64,
        c_double,
        _TEXT,
        _TEXT,
        POINTER(c_int32),
        POINTER(c_double),
        _ERROR,
    ),
    "satori_insert_many": (
        *_STORE_AND_UUID,
        c_size_t,
        _COLUMN,
        _COLUMN,
        _COLUMN,
        _COLUMN,
        POINTER(InsertReport),
        _OUT,
        _ERROR,
    ),
    "satori_insert_spelled": (
        *_STORE_AND_UUID,
        c_size_t,
        _COLUMN,
        _COLUMN,
        _COLUMN,
        _COLUMN,
        POINTER(InsertReport),
        _OUT,
        _ERROR,
    ),
    "satori_count": (*_STORE_AND_UUID, *_RANGE, POINTER(c_uint64), _ERROR),
    "satori_get_statistics": (*_STORE_AND_UUID, POINTER(Statistics), _OUT, _ERROR),
    "satori_delete": (*_STORE_AND_UUID, *_RANGE, POINTER(c_uint64), _ERROR),
    "satori_normalize": (*_STORE_AND_UUID, c_int32, POINTER(c_uint64), _OUT, _ERROR),
    "satori_verify": (*_STORE_AND_UUID, POINTER(Verification), _OUT, _ERROR),
    "satori_parse_timestamp": (c_char_p, c_size_t, POINTER(c_int64), _ERROR),
    "satori_stream_uuid": (Text, Text, Text, Text, _COLUMN, _ERROR),
    "satori_observations": (*_STORE_AND_UUID, *_RANGE, _OUT, _ERROR),
    "satori_last": (*_STORE_AND_UUID, c_size_t, _OUT, _ERROR),
    "satori_observation": (*_STORE_AND_UUID, c_int64, _OUT, _ERROR),
    "satori_cursor_next": (
        Handle,
        c_size_t,
        _COLUMN,
        _COLUMN,
        _COLUMN,
        _COLUMN,
        POINTER(c_size_t),
        _ERROR,
    ),
    "satori_cursor_next_spelled": (
        Handle,
        c_size_t,
        _COLUMN,
        _COLUMN,
        _COLUMN,
        _COLUMN,
        _COLUMN,
        POINTER(c_size_t),
        _ERROR,
    ),
    "satori_cursor_free": (Handle, _ERROR),
    "satori_export_arrow": (*_STORE_AND_UUID, *_RANGE, c_void_p, _ERROR),
    "satori_import_arrow": (
        *_STORE_AND_UUID,
        c_void_p,
        _TEXT,
        POINTER(InsertReport),
        _OUT,
        _ERROR,
    ),
    "satori_ingest": (
        Handle,
        c_char_p,
        c_size_t,
        POINTER(IngestOptions),
        POINTER(IngestReport),
        _OUT,
        _ERROR,
    ),
    "satori_string_get": (Handle, POINTER(c_void_p), POINTER(c_size_t), _ERROR),
    "satori_string_free": (Handle, _ERROR),
}


def _path() -> Path:
    """SATORI_STORE_LIBRARY where it is set, else the library in this package."""
    named = os.environ.get("SATORI_STORE_LIBRARY")
    if named:
        return Path(named)
    suffix = {"darwin": ".dylib", "win32": ".dll"}.get(sys.platform, ".so")
    return Path(__file__).with_name(f"libsatori_store{suffix}")


def _load() -> dict[str, Any]:
    path = _path()
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        raise ImportError(
            f"satori_store's library can't be loaded: {error}. A wheel brings it; in a "
            "clone `pip install ./python` builds it."
        ) from error
    functions = {}
    for name, arguments in FUNCTIONS.items():
        function = getattr(library, name, None)
        if function is None:
            raise ImportError(f"{path} has no {name}: it is of an older release")
        function.argtypes = arguments
        function.restype = c_int32
        functions[name] = function
    return functions


_functions = _load()
#: Where calls put their errors: an item each, taken for the time of a call. Not one for
#: each thread: a signal handler or a destructor may call within a call.
_free: list[tuple[Error, Any]] = []


def _new_error() -> tuple[Error, Any]:
    error = Error()
    return error, byref(error)


def function(name: str) -> Any:
    """A function, for those who call it too often to look it up."""
    return _functions[name]


def attempt(name: str, *arguments: Any) -> Optional[StoreError]:
    """Calls a function; the GIL is released meanwhile. What went wrong, if anything."""
    try:
        slot = _free.pop()
    except IndexError:
        slot = _new_error()
    status = _functions[name](*arguments, slot[1])
    error = None if status == 0 else failure(status, slot[0])
    _free.append(slot)
    return error


def call(name: str, *arguments: Any) -> None:
    """Calls a function and raises what went wrong."""
    error = attempt(name, *arguments)
    if error is not None:
        raise error


def failure(status: int, error: Error) -> StoreError:
    """The exception for what a call has put into `error`."""
    return error_of(status, error.message.decode("utf-8", "replace"), error.sqlite_code)


def utf8(text: str) -> bytes:
    try:
        return text.encode()
    except AttributeError:
        raise InvalidValue(f"{text!r} is not text") from None
    except UnicodeEncodeError as error:
        raise InvalidUtf8(f"{text!r} can't be written as UTF-8: {error.reason}") from None


def text_of(data: Optional[bytes]) -> Text:
    """Text for a call. `data` must be held by the caller until it returns."""
    if data is None:
        return Text()
    return Text(ctypes.cast(c_char_p(data), c_void_p), len(data))


def read(text: Text) -> Optional[str]:
    """Text that the library gave out; None where it is not set."""
    if text.data is None:
        return None
    return ctypes.string_at(text.data, text.length).decode()


def take_string(handle: Handle) -> str:
    """The text of a `satori_string`, which is freed."""
    data, length = c_void_p(), c_size_t()
    try:
        call("satori_string_get", handle, byref(data), byref(length))
        return ctypes.string_at(data.value or 0, length.value).decode()
    finally:
        call("satori_string_free", handle)
