"""The functions of the C API: what each takes, and where they are.

tests/test_header.py compares every signature with include/satori_store.h.
"""

from __future__ import annotations

import ctypes
import os
import sys
from ctypes import POINTER, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint64, c_void_p
from pathlib import Path
from typing import Any

from . import structs

#: The release of the header that this module is written for.
VERSION = (0, 1, 0)
UUID_SIZE = 37

#: A handle: a number, checked by the library at every call.
Handle = c_void_p
_OUT = POINTER(Handle)
_ERROR = POINTER(structs.Error)
_TEXT = POINTER(structs.Text)
_STORE_AND_UUID = (Handle, c_char_p, c_size_t)
_RANGE = (c_int64, c_int64)
#: Columns that the caller owns: addresses.
_COLUMN = c_void_p

#: What each function takes; all return a status.
FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "satori_get_library_info": (POINTER(structs.LibraryInfo), _ERROR),
    "satori_store_open": (c_char_p, c_size_t, POINTER(structs.OpenOptions), _OUT, _ERROR),
    "satori_store_close": (Handle, _ERROR),
    "satori_upsert_stream": (*_STORE_AND_UUID, POINTER(structs.StreamPatch), _OUT, _ERROR),
    "satori_update_stream": (*_STORE_AND_UUID, POINTER(structs.StreamPatch), _OUT, _ERROR),
    "satori_contains": (*_STORE_AND_UUID, POINTER(c_int32), _ERROR),
    "satori_stream_by_uuid": (*_STORE_AND_UUID, _OUT, _ERROR),
    "satori_get_stream": (
        *_STORE_AND_UUID,
        c_void_p,
        _COLUMN,
        c_size_t,
        POINTER(c_size_t),
        _ERROR,
    ),
    "satori_get_stream_by_name": (
        Handle,
        c_char_p,
        c_size_t,
        c_void_p,
        _COLUMN,
        c_size_t,
        POINTER(c_size_t),
        _ERROR,
    ),
    "satori_get_stream_json": (
        *_STORE_AND_UUID,
        _COLUMN,
        c_size_t,
        POINTER(c_size_t),
        _ERROR,
    ),
    "satori_get_stream_by_name_json": (
        Handle,
        c_char_p,
        c_size_t,
        _COLUMN,
        c_size_t,
        POINTER(c_size_t),
        _ERROR,
    ),
    "satori_streams_of": (Handle, c_size_t, _COLUMN, _OUT, _ERROR),
    "satori_streams_named": (Handle, c_size_t, _COLUMN, _OUT, _ERROR),
    "satori_streams_by_name": (Handle, c_char_p, c_size_t, _OUT, _ERROR),
    "satori_streams_by_server_id": (Handle, c_int64, _OUT, _ERROR),
    "satori_streams": (Handle, _OUT, _ERROR),
    "satori_search_streams": (Handle, c_char_p, c_size_t, _OUT, _ERROR),
    "satori_stale_streams": (Handle, c_int64, _OUT, _ERROR),
    "satori_streams_without_metadata": (Handle, _OUT, _ERROR),
    "satori_streams_with_data": (Handle, _OUT, _ERROR),
    "satori_stream_list_count": (Handle, POINTER(c_size_t), _ERROR),
    "satori_stream_list_get": (Handle, c_size_t, POINTER(structs.Stream), _ERROR),
    "satori_stream_list_columns": (Handle, _OUT, _ERROR),
    "satori_stream_list_free": (Handle, _ERROR),
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
        _COLUMN,
        POINTER(structs.InsertReport),
        _OUT,
        _ERROR,
    ),
    "satori_insert_across": (
        Handle,
        c_size_t,
        _COLUMN,
        _COLUMN,
        _COLUMN,
        _COLUMN,
        _COLUMN,
        _COLUMN,
        POINTER(structs.InsertReport),
        _OUT,
        _ERROR,
    ),
    "satori_count": (*_STORE_AND_UUID, *_RANGE, POINTER(c_uint64), _ERROR),
    "satori_get_statistics": (*_STORE_AND_UUID, POINTER(structs.Statistics), _OUT, _ERROR),
    "satori_delete": (*_STORE_AND_UUID, *_RANGE, POINTER(c_uint64), _ERROR),
    "satori_normalize": (*_STORE_AND_UUID, c_int32, POINTER(c_uint64), _OUT, _ERROR),
    "satori_unreadable": (*_STORE_AND_UUID, POINTER(c_uint64), _OUT, _ERROR),
    "satori_quarantine": (*_STORE_AND_UUID, c_int32, POINTER(c_uint64), _OUT, _ERROR),
    "satori_quarantined": (*_STORE_AND_UUID, POINTER(c_uint64), _OUT, _ERROR),
    "satori_quarantined_streams": (Handle, _OUT, _ERROR),
    "satori_restore": (*_STORE_AND_UUID, POINTER(c_uint64), POINTER(c_uint64), _ERROR),
    "satori_retain": (*_STORE_AND_UUID, c_int64, c_uint64, c_int32, POINTER(c_uint64), _ERROR),
    "satori_check": (Handle, c_int64, POINTER(c_uint64), _OUT, _ERROR),
    "satori_check_file": (Handle, c_int64, POINTER(c_uint64), _OUT, _ERROR),
    "satori_check_stream": (*_STORE_AND_UUID, POINTER(c_uint64), _OUT, _ERROR),
    "satori_compact": (Handle, POINTER(c_uint64), POINTER(c_uint64), _ERROR),
    "satori_backup": (*_STORE_AND_UUID, POINTER(c_uint64), _ERROR),
    "satori_restate_digest": (*_STORE_AND_UUID, _ERROR),
    "satori_verify": (*_STORE_AND_UUID, POINTER(structs.Verification), _OUT, _ERROR),
    "satori_parse_timestamp": (c_char_p, c_size_t, c_int32, POINTER(c_int64), _ERROR),
    "satori_stream_uuid": (structs.Text, structs.Text, structs.Text, structs.Text, _COLUMN, _ERROR),
    "satori_observations": (*_STORE_AND_UUID, *_RANGE, _OUT, _ERROR),
    "satori_first": (*_STORE_AND_UUID, c_size_t, _OUT, _ERROR),
    "satori_last": (*_STORE_AND_UUID, c_size_t, _OUT, _ERROR),
    "satori_last_before": (*_STORE_AND_UUID, c_int64, c_size_t, _OUT, _ERROR),
    "satori_as_of": (*_STORE_AND_UUID, c_int64, _OUT, _ERROR),
    "satori_latest_of": (Handle, c_size_t, _COLUMN, _OUT, _ERROR),
    "satori_latest_of_all": (Handle, _OUT, _ERROR),
    "satori_data_version": (Handle, POINTER(c_uint64), _ERROR),
    "satori_wait": (Handle, c_uint64, c_int64, POINTER(c_uint64), _ERROR),
    "satori_newer": (Handle, c_size_t, _COLUMN, _COLUMN, c_size_t, _OUT, _ERROR),
    "satori_interrupt": (Handle, _ERROR),
    "satori_resample": (
        *_STORE_AND_UUID,
        *_RANGE,
        c_char_p,
        c_size_t,
        c_int32,
        c_size_t,
        POINTER(structs.Summary),
        POINTER(c_size_t),
        _ERROR,
    ),
    "satori_align": (
        Handle,
        c_size_t,
        _COLUMN,
        *_RANGE,
        c_char_p,
        c_size_t,
        c_int32,
        c_int64,
        c_size_t,
        _COLUMN,
        _COLUMN,
        POINTER(c_size_t),
        _ERROR,
    ),
    "satori_align_to": (
        Handle,
        c_size_t,
        _COLUMN,
        c_size_t,
        _COLUMN,
        c_int32,
        c_int64,
        _COLUMN,
        _ERROR,
    ),
    "satori_get_latest": (
        *_STORE_AND_UUID,
        _COLUMN,
        _COLUMN,
        _COLUMN,
        _COLUMN,
        _COLUMN,
        _COLUMN,
        c_size_t,
        POINTER(c_size_t),
        _ERROR,
    ),
    "satori_observation": (*_STORE_AND_UUID, c_int64, _OUT, _ERROR),
    "satori_cursor_next": (
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
    "satori_cursor_streams": (Handle, c_size_t, _COLUMN, _ERROR),
    "satori_cursor_free": (Handle, _ERROR),
    "satori_export_arrow": (*_STORE_AND_UUID, *_RANGE, c_void_p, _ERROR),
    "satori_import_arrow": (
        *_STORE_AND_UUID,
        c_void_p,
        _TEXT,
        c_int32,
        POINTER(structs.InsertReport),
        _OUT,
        _ERROR,
    ),
    "satori_ingest": (
        Handle,
        c_char_p,
        c_size_t,
        POINTER(structs.IngestOptions),
        POINTER(structs.IngestReport),
        _OUT,
        _ERROR,
    ),
    "satori_string_get": (Handle, POINTER(c_void_p), POINTER(c_size_t), _ERROR),
    "satori_string_free": (Handle, _ERROR),
}


def _path() -> Path:
    """Returns SATORI_STORE_LIBRARY if it is set, else the library in this package."""
    named = os.environ.get("SATORI_STORE_LIBRARY")
    if named:
        return Path(named)
    suffix = {"darwin": ".dylib", "win32": ".dll"}.get(sys.platform, ".so")
    return Path(__file__).parents[1] / f"libsatori_store{suffix}"


def _load() -> tuple[ctypes.CDLL, dict[str, Any]]:
    """Loads the library and declares its functions."""
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
    return library, functions


#: The functions are by name. Each takes a `satori_error` last, and returns a status.
_library, functions = _load()


def prepared(name: str) -> Any:
    """Returns a function whose arguments are not converted, which takes as long as the call:
    they are bytes, and what `handle`, `LENGTHS`, `from_param` and `byref` have made."""
    function = _library[name]
    function.restype = c_int32
    return function


class _Lengths(dict[int, Any]):
    """Lengths as arguments of a function; those of most uuids and names are made once."""

    def __missing__(self, length: int) -> Any:
        return c_size_t.from_param(length)


LENGTHS = _Lengths((length, c_size_t.from_param(length)) for length in range(256))
#: Makes a handle an argument of a function.
handle = Handle.from_param
