"""How a function of the C API is called, and how values get in and out."""

from __future__ import annotations

import ctypes
import operator
from collections.abc import Mapping
from ctypes import byref, c_char_p, c_size_t, c_void_p
from typing import Any, Optional

from .._text import shown
from ..errors import InvalidArgument, StoreError, error_of
from .library import Handle, functions
from .structs import Error, Text

#: Where calls put their errors: an item each, taken for the time of a call. There is not
#: one for each thread, because a signal handler or a destructor may call within a call.
_free: list[tuple[Error, Any]] = []



def _new_error() -> tuple[Error, Any]:
    error = Error()
    return error, byref(error)


def attempt(name: str, *arguments: Any) -> Optional[StoreError]:
    """Calls a function and returns what went wrong, if anything. The GIL is released
    meanwhile."""
    try:
        slot = _free.pop()
    except IndexError:
        slot = _new_error()
    status = functions[name](*arguments, slot[1])
    error = None if status == 0 else failure(status, slot[0])
    _free.append(slot)
    return error


def call(name: str, *arguments: Any) -> None:
    """Calls a function and raises what went wrong."""
    error = attempt(name, *arguments)
    if error is not None:
        raise error


def failure(status: int, error: Error) -> StoreError:
    """Returns the exception for what a call has put into `error`."""
    return error_of(
        status,
        error.message.decode("utf-8", "replace"),
        error.database_code,
        error.sqlstate.decode("ascii", "replace"),
    )


def text_of(data: Optional[bytes]) -> Text:
    """Wraps text for a call. The caller must hold `data` until the call returns."""
    if data is None:
        return Text()
    return Text(ctypes.cast(c_char_p(data), c_void_p), len(data))


def fits(number: Any, least: int, name: str) -> int:
    """Returns a whole number that C can take; `name` names it in errors."""
    try:
        whole = operator.index(number)
    except TypeError:
        raise InvalidArgument(f"{name} is {shown(number)}: expected a whole number") from None
    # A number that can't be negative has one bit more.
    if not least <= whole < 2**63 + (2**63 if least == 0 else 0):
        raise InvalidArgument(f"{name} is {shown(whole)}: out of range")
    return whole


def choice(value: Any, choices: Mapping[str, int], name: str) -> int:
    """Returns the number of one of several texts; `name` names it in errors."""
    try:
        return choices[value]
    except (KeyError, TypeError):
        *others, last = map(repr, choices)
        expected = f"{', '.join(others)} or {last}"
        raise InvalidArgument(f"{name} is {shown(value)}: expected {expected}") from None


def flag(value: Any, name: str) -> bool:
    """Returns a yes or no that C can take; `name` names it in errors. Text and the like are
    neither, though Python takes them for yes."""
    is_bool = isinstance(value, int) or type(value).__name__ in ("bool", "bool_")  # numpy's
    if not is_bool or value not in (0, 1):
        raise InvalidArgument(f"{name} is {shown(value)}: expected True or False")
    return bool(value)


def read(text: Text) -> Optional[str]:
    """Copies text that the library gave out; None if it is not set."""
    if text.data is None:
        return None
    return ctypes.string_at(text.data, text.length).decode()


def take_string(handle: Handle) -> str:
    """Copies the text of a `satori_string`, and frees it."""
    return take_bytes(handle).decode()


def take_bytes(handle: Handle) -> bytes:
    """Copies the UTF-8 of a `satori_string`, and frees it."""
    data, length = c_void_p(), c_size_t()
    try:
        call("satori_string_get", handle, byref(data), byref(length))
        return ctypes.string_at(data.value or 0, length.value)
    finally:
        call("satori_string_free", handle)
