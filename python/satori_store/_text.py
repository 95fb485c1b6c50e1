"""Text that callers give: how calls take it, and how messages show it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Optional

from .errors import InvalidArgument, InvalidUtf8, InvalidValue

#: How many characters of a caller's argument an error shows.
_SHOWN = 100


def shown(value: Any) -> str:
    """Returns what a caller has given as a message shows it: shortened if it is long, and without
    a password, as a URL may stand where a stream was expected."""
    try:
        text = without_password(repr(value))
    except Exception:  # Python spells no number of more than 4,300 digits
        return f"a {type(value).__name__} that can't be shown"
    if len(text) <= _SHOWN:
        return text
    return f"{text[:_SHOWN]}… ({type(value).__name__}, {len(text)} characters)"


def url_shown(text: str) -> Optional[str]:
    """Returns a URL as messages show it, without what may be a password: that of the user, and
    whatever comes behind the address. None if the text is no URL."""
    scheme = re.match(r"\s*([a-z][a-z0-9+.:-]+):/+", text, re.ASCII | re.IGNORECASE)
    if scheme is None:
        return None
    hosts, *rest = re.split(r"(?=[/?#;])", text[scheme.end() :], maxsplit=1)
    path = "".join(rest)
    # Nobody knows what an @ elsewhere separates.
    if "@" in path or hosts.count("@") > 1:
        return f"{scheme[1]}://***"
    _, at, host = hosts.rpartition("@")
    # Where the host is missing, a password stands for the port.
    name, _, port = host.partition(":")
    if not at and not host.startswith("[") and not re.match(r"\d*($|[\s,:)\"'])", port, re.ASCII):
        return f"{scheme[1]}://{name}:***"
    end = re.search(r"[?#;]", path)
    path = path if end is None else f"{path[: end.end()]}***"
    return f"{scheme[1]}://{'***@' if at else ''}{host}{path}"


def without_password(text: str) -> str:
    """Returns a text as messages show it: without the password of a URL in it, and without what
    follows ``password=``. The library does the same."""
    url = _url_in(text)
    if url is not None:
        text = text[:url] + (url_shown(text[url:]) or "//***")
    word = re.search(r"password\s*=", text, re.IGNORECASE)
    return text if word is None else f"{text[: word.end()]}***"


def _url_in(text: str) -> Optional[int]:
    """Returns where the first URL in a text begins; it may lack its scheme, if it has a user with
    a password."""
    begin = text.find("//")
    # There may be others behind the first.
    user, at, _ = text[begin + 2 :].rpartition("@")
    without = [begin] if begin >= 0 and at and ":" in user else []
    colon = text.find(":/")
    while colon >= 0:
        # No scheme is longer; a text may be huge.
        start = max(colon - 40, 0)
        scheme = re.search(r"[a-z][a-z0-9+.:-]+$", text[start:colon], re.ASCII | re.IGNORECASE)
        if scheme is not None:
            return min([start + scheme.start(), *without])
        colon = text.find(":/", colon + 1)
    return min(without, default=None)


def utf8(text: str) -> bytes:
    """Encodes text for a call."""
    try:
        return text.encode()
    except AttributeError:
        raise InvalidValue(f"{shown(text)} is not text") from None
    except UnicodeEncodeError as error:
        raise InvalidUtf8(f"{shown(text)} can't be written as UTF-8: {error.reason}") from None


def many(texts: Iterable[str], name: str) -> list[str]:
    """Returns the texts that an argument holds. A text by itself is refused: it would be
    taken for its characters."""
    if not isinstance(texts, (str, bytes)):
        try:
            return list(texts)
        except TypeError:
            pass
    raise InvalidArgument(f"{name} is {shown(texts)}: expected several texts, as in a list")
