"""The operations that take the server's JSON."""

from __future__ import annotations

import json as json_module
import math
import os
from collections.abc import Iterable, Mapping
from ctypes import byref
from pathlib import Path
from typing import Any, Literal, Optional, Protocol, Union

from .._capi.call import attempt, call, choice, fits, flag, text_of
from .._capi.library import Handle
from .._capi.structs import IngestOptions
from .._handle import StoreHandle
from .._reading import decode
from .._text import shown, utf8
from ..errors import InvalidValue, Refused
from ..instants import Unit, unit_of
from ..reports import IngestReport, SyncReport


class Readable(Protocol):
    """An open file, or a response."""

    def read(self) -> Union[str, bytes]: ...


#: What holds JSON, or what ``json.loads`` makes of it.
Json = Union[
    str,
    bytes,
    bytearray,
    memoryview,
    "os.PathLike[str]",
    Readable,
    dict[str, Any],
    Iterable[Any],
    None,
]

_FORMATS = {"auto": 0, "ndjson": 1}
#: Longer text names no file.
_LONGEST_PATH = 4096


class PayloadOperations(StoreHandle):
    """Taking in what the server sends."""

    def ingest(
        self,
        json: Json,
        *,
        uuid: Optional[str] = None,
        provider: Optional[str] = None,
        strict: bool = False,
        format: Literal["auto", "ndjson"] = "auto",
        first_line: int = 1,
        unit: Unit = "auto",
    ) -> IngestReport:
        """Takes in the server's answers, metadata and observation together. Input is the
        JSON that came, or what ``json.loads`` makes of it: one payload, an array of them,
        or one a line; null if the server had nothing new. All that can be stored is stored
        in one transaction. The report says which of the rest it was and why.

        JSON is text, bytes or whatever has the buffer protocol. It is also read from a
        ``pathlib.Path``, an open file, a response of an HTTP client (whatever has ``read()``
        or ``content``), and an iterable of lines or payloads: a list too, such as
        ``file.readlines()``. Text is never opened as a path, because it may come from a
        server: if it names a file and is no JSON, it is refused.

        :param uuid: the stream that every payload belongs to; else each names its own.
            Payloads from before the server sent streams name none and need this.
        :param provider: who delivers the rows; ``"central"`` if it is left out.
        :param strict: all or nothing.
        :param format: how JSON falls into payloads. ``"auto"`` takes payloads and arrays of
            them, one a line or over several lines; a line that is no JSON is rejected by
            itself, and the whole input if it begins with an array that is malformed.
            ``"ndjson"``, for lines and for the pieces of a long input, rejects the line that
            begins such an array by itself too. What ``json.loads`` made is taken as it is.
        :param first_line: the number of the input's first line, if it is a piece of a longer
            input. Reports and errors count from there.
        :param unit: the unit of timestamps that are numbers, also in text: ``"s"``, ``"ms"``,
            ``"us"``, ``"ns"``, or ``"auto"``, which goes by their magnitude and takes
            milliseconds before 1973 for seconds.
        :raises InvalidValue: the input is nothing that holds JSON, or the path of a file as
            text.
        :raises Refused: strict, and nothing was stored; its ``report`` says why.
        :raises InvalidJson: an array is malformed or cut short.
        """
        input_format = choice(format, _FORMATS, "format")
        sent = _as_sent(json)
        data = _json_of(json) if sent is None else sent
        texts = [None if text is None else utf8(text) for text in (uuid, provider)]
        options = IngestOptions()
        options.uuid, options.provider = text_of(texts[0]), text_of(texts[1])
        options.strict = flag(strict, "strict")
        options.format = _FORMATS["auto"] if sent is None else input_format
        options.first_line = fits(first_line, 1, "first_line")
        options.unit = unit_of(unit)
        details = Handle()
        error = attempt(
            "satori_ingest", self.handle, data, len(data), byref(options), None, byref(details)
        )
        if isinstance(error, Refused):
            error.report = decode.ingest_report(details)
        if error is not None:
            raise error
        return decode.ingest_report(details)

    def sync_streams(self, streams: Json) -> SyncReport:
        """Writes the metadata of many streams in one transaction. Input is the server's
        stream objects, as a list or as the JSON that it sent, in every form that
        :meth:`ingest` takes. A field that is absent keeps
        what is stored, one that is null clears it.

        :raises InvalidJson: the JSON is malformed or cut short.
        :raises InvalidValue: the input is nothing that holds JSON, or the path of a file as
            text.
        """
        sent, report = _as_sent(streams), Handle()
        data = _json_of(streams) if sent is None else sent
        call("satori_sync_streams", self.handle, data, len(data), byref(report))
        return decode.sync_report(report)


def _as_sent(value: Any) -> Optional[bytes]:
    """Returns JSON as it came; None if the value is what `json.loads` made of it."""
    text = _text_of(value)
    if text is not None:
        return _no_path(text)
    if value is None or isinstance(value, dict):
        return None
    if isinstance(value, (list, tuple)):
        texts = [_text_of(item) for item in value]
        if all(text is None for text in texts):
            return None
        # Lines. What else is among them is reported for what it is, not refused.
        return _lines(_json_of(item) if text is None else text for item, text in zip(value, texts))
    if isinstance(value, os.PathLike):
        return Path(value).read_bytes()
    # A response of requests has no read(), and iterates over pieces of lines.
    for name in ("read", "content"):
        held = getattr(value, name, None)
        text = _text_of(held() if callable(held) else held)
        if text is not None:
            return text
    is_table = any(hasattr(value, name) for name in ("__arrow_c_stream__", "__dataframe__", "iloc"))
    if isinstance(value, Iterable) and not isinstance(value, Mapping) and not is_table:
        return _lines(value)
    raise InvalidValue(
        f"{shown(value)} holds no JSON: expected text, bytes, a path, an open file, lines or "
        "what json.loads makes"
    )


def _text_of(value: Any) -> Optional[bytes]:
    """Returns text and what has the buffer protocol as bytes; None for anything else."""
    if isinstance(value, str):
        return utf8(value)
    if isinstance(value, bytes):
        return value
    try:
        view = memoryview(value)
    except TypeError:
        return None
    return bytes(view) if view.format in ("B", "b", "c") else None


def _no_path(text: bytes) -> bytes:
    """Returns text; refuses it if it is the path of a file instead of JSON."""
    if len(text) > _LONGEST_PATH or text[:1] in b"{[" or not os.path.exists(text):
        return text
    try:
        json_module.loads(text)
    except ValueError:
        raise InvalidValue(
            f"{shown(os.fsdecode(text))} is the path of a file, and no JSON: pass a pathlib.Path "
            "or the open file"
        ) from None
    return text


def _lines(items: Iterable[Any]) -> bytes:
    """Returns lines and payloads as the lines of one text."""
    return b"\n".join(map(_line_of, items))


def _line_of(item: Any) -> bytes:
    """Returns a line, or a payload on a line."""
    text = _text_of(item)
    if text is not None:
        return _no_path(text[:-1] if text.endswith(b"\n") else text)
    if item is None or isinstance(item, (dict, list, tuple)):
        return _json_of(item)
    raise InvalidValue(f"{shown(item)} is no line of JSON: expected text, bytes or a payload")


def _json_of(value: Any) -> bytes:
    """Writes as JSON what `json.loads` made."""
    try:
        return json_module.dumps(value, default=str, allow_nan=False).encode()
    except ValueError:
        pass  # a number that JSON doesn't have, or one of those below
    except (TypeError, RecursionError) as error:
        raise _unwritable(error) from None
    try:
        return json_module.dumps(_finite(value), default=str).encode()
    except (ValueError, RecursionError) as error:
        # More digits than Python spells, or a list that holds itself.
        raise _unwritable(error) from None


def _unwritable(error: Exception) -> InvalidValue:
    return InvalidValue(f"the input can't be written as JSON: {error!s:.200}")


def _finite(value: Any) -> Any:
    """Replaces NaN and infinities, which JSON doesn't have, by text. The library then
    rejects the payloads that hold them, and no others."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
