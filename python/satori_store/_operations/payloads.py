"""The operations that take the server's JSON."""

from __future__ import annotations

import json as json_module
import math
from ctypes import byref
from typing import Any, Literal, Optional, Union

from .._capi.call import attempt, call, fits, text_of, utf8
from .._capi.library import Handle
from .._capi.structs import IngestOptions
from .._handle import StoreHandle
from .._reading import decode
from ..errors import InvalidArgument, Refused
from ..reports import IngestReport, SyncReport


_FORMATS = {"auto": 0, "ndjson": 1}


class PayloadOperations(StoreHandle):
    """Taking in what the server sends."""

    def ingest(
        self,
        json: Union[str, bytes, dict[str, Any], list[Any], None],
        *,
        uuid: Optional[str] = None,
        provider: Optional[str] = None,
        strict: bool = False,
        format: Literal["auto", "ndjson"] = "auto",
        first_line: int = 1,
    ) -> IngestReport:
        """Takes in the server's answers, metadata and observation together. Input is the
        JSON that came, or what ``json.loads`` makes of it: one payload, an array of them,
        or one a line; null if the server had nothing new. All that can be stored is stored
        in one transaction. The report says which of the rest it was and why.

        :param uuid: the stream that every payload belongs to; else each names its own.
            Payloads from before the server sent streams name none and need this.
        :param provider: who delivers the rows; ``"central"`` if it is left out.
        :param strict: all or nothing.
        :param format: how JSON falls into payloads: ``"ndjson"`` is one payload a line, for
            the pieces of a long input, of which the first may look like another format.
            ``"auto"`` finds out. What ``json.loads`` made is taken as it is.
        :param first_line: the number of the input's first line, if it is a piece of a longer
            input. Reports and errors count from there.
        :raises Refused: strict, and nothing was stored; its ``report`` says why.
        :raises InvalidJson: an array is malformed or cut short.
        """
        if format not in _FORMATS:
            raise InvalidArgument(f"format is {format!r}: expected 'auto' or 'ndjson'")
        sent = _as_sent(json)
        data = _json_of(json) if sent is None else sent
        texts = [None if text is None else utf8(text) for text in (uuid, provider)]
        options = IngestOptions()
        options.uuid, options.provider = text_of(texts[0]), text_of(texts[1])
        options.strict = strict
        options.format = _FORMATS["auto" if sent is None else format]
        options.first_line = fits(first_line, 1, "first_line")
        details = Handle()
        error = attempt(
            "satori_ingest", self.handle, data, len(data), byref(options), None, byref(details)
        )
        if isinstance(error, Refused):
            error.report = decode.ingest_report(details)
        if error is not None:
            raise error
        return decode.ingest_report(details)

    def sync_streams(self, streams: Union[str, bytes, list[dict[str, Any]]]) -> SyncReport:
        """Writes the metadata of many streams in one transaction. Input is the server's
        stream objects, as a list or as the JSON that it sent. A field that is absent keeps
        what is stored, one that is null clears it.

        :raises InvalidJson: the JSON is malformed or cut short.
        """
        sent, report = _as_sent(streams), Handle()
        data = _json_of(streams) if sent is None else sent
        call("satori_sync_streams", self.handle, data, len(data), byref(report))
        return decode.sync_report(report)


def _as_sent(value: Any) -> Optional[bytes]:
    """Returns JSON as it came; None if the value is what `json.loads` made of it."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, str):
        return utf8(value)
    return None


def _json_of(value: Any) -> bytes:
    """Writes as JSON what `json.loads` made."""
    try:
        return json_module.dumps(value, default=str, allow_nan=False).encode()
    except ValueError:
        return json_module.dumps(_finite(value), default=str).encode()


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
