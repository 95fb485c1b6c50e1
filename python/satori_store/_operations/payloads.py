"""The operations that take the server's JSON."""

from __future__ import annotations

import json as json_module
import math
from ctypes import byref
from typing import Any, Optional, Union

from .._capi.call import attempt, call, text_of, utf8
from .._capi.library import Handle
from .._capi.structs import IngestOptions
from .._handle import StoreHandle
from .._reading import decode
from ..errors import Refused
from ..reports import IngestReport, SyncReport


class PayloadOperations(StoreHandle):
    """Taking in what the server sends."""

    def ingest(
        self,
        json: Union[str, bytes, dict[str, Any], list[Any], None],
        *,
        uuid: Optional[str] = None,
        provider: Optional[str] = None,
        strict: bool = False,
    ) -> IngestReport:
        """Takes in the server's answers, metadata and observation together. Input is the
        JSON that came, or what ``json.loads`` makes of it: one payload, an array of them,
        or one a line; null if the server had nothing new. All that can be stored is stored
        in one transaction. The report says which of the rest it was and why.

        :param uuid: the stream that every payload belongs to; else each names its own.
            Payloads from before the server sent streams name none and need this.
        :param provider: who delivers the rows; ``"central"`` if it is left out.
        :param strict: all or nothing.
        :raises Refused: strict, and nothing was stored; its ``report`` says why.
        :raises InvalidJson: an array is malformed or cut short.
        """
        data = _bytes_of(json)
        texts = [None if text is None else utf8(text) for text in (uuid, provider)]
        options = IngestOptions()
        options.uuid, options.provider = text_of(texts[0]), text_of(texts[1])
        options.strict = strict
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
        data, report = _bytes_of(streams), Handle()
        call("satori_sync_streams", self.handle, data, len(data), byref(report))
        return decode.sync_report(report)


def _bytes_of(value: Any) -> bytes:
    """Returns JSON as it came; anything else is written as JSON."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, str):
        return utf8(value)
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
