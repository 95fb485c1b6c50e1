"""The names of streams."""

from __future__ import annotations

import ctypes

from ._capi.call import call, text_of
from ._capi.library import UUID_SIZE
from ._text import utf8


def stream_uuid(source: str, author: str, stream: str, target: str = "") -> str:
    """Returns the uuid that Satori gives a stream: version 5, in the DNS namespace, of
    ``source:author:stream:target``.

    >>> stream_uuid("central", "satori", "bitcoin")
    'd39cd529-5dd4-5e4b-abc9-90b3751e71f1'
    """
    parts = [utf8(part) for part in (source, author, stream, target)]
    uuid = ctypes.create_string_buffer(UUID_SIZE)
    call("satori_stream_uuid", *map(text_of, parts), ctypes.addressof(uuid))
    return uuid.value.decode()
