"""The HTML that notebooks show: text, tables, and what becomes of errors. It has no scripts, takes
nothing from elsewhere, and has the colours of the page that it is shown on."""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Optional, TypeVar

#: How many characters of a text, and of a paragraph, are shown.
_SHOWN, _PARAGRAPH = 120, 500
_T = TypeVar("_T")


#: Characters that a page would obey, or show as nothing: controls, marks that turn the direction
#: of text, and invisible ones. The command line's text leaves out the same.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"
    "\U000e0000-\U000e007f]"
)
_NAMED = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def _escaped(hidden: re.Match[str]) -> str:
    character = hidden[0]
    return _NAMED.get(character) or f"\\u{{{ord(character):x}}}"


def text(value: Any, most: int = _SHOWN) -> str:
    """Returns a value as HTML that shows it as text, shortened if it is long. Characters that are
    not seen are escaped."""
    # What is cut off below needs no escape.
    whole = _HIDDEN.sub(_escaped, str(value)[: most + 1])
    if len(whole) > most:
        whole = f"{whole[:most]}…"
    # A path may hold bytes that are no text; Python keeps them as lone surrogates.
    return html.escape(whole.encode("utf-8", "replace").decode())


def counted(count: int, noun: str) -> str:
    """Returns a count and its noun, in the plural unless it is 1."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def paragraph(words: str) -> str:
    """Returns a paragraph of plain words."""
    return f"<p>{text(words, _PARAGRAPH)}</p>"


def failed(error: Exception) -> str:
    """Returns a paragraph that says what could not be read."""
    return paragraph(f"{type(error).__name__}: {error}")


def table(heads: Sequence[str], rows: Iterable[Optional[Sequence[Any]]]) -> str:
    """Returns a table. A row that is None stands for rows that are left out. Datetimes are in
    UTC, which the heads say. None and NaN are no value."""
    head = "".join(f"<th>{text(name)}</th>" for name in heads)
    dots = ["⋮"] * len(heads)
    body = "".join(f"<tr>{''.join(map(_cell, row or dots))}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: Any) -> str:
    if value is None or value != value:
        return "<td></td>"
    if isinstance(value, datetime):
        value = value.replace(tzinfo=None)
    is_number = isinstance(value, (int, float))
    align = ' style="text-align:right"' if is_number else ""
    return f"<td{align}>{text(repr(value) if is_number else value)}</td>"


def page(title: str, *parts: str) -> str:
    """Returns what a notebook shows of an object: its title, which is plain text, and parts that
    are HTML."""
    return f"<div><p><b>{text(title)}</b></p>{''.join(parts)}</div>"


def ends(rows: Sequence[_T], count: int) -> list[Optional[_T]]:
    """Returns the first and the last ``count`` rows, and None for those between."""
    if len(rows) <= 2 * count:
        return list(rows)
    return [*rows[:count], None, *rows[-count:]]


def never_raising(show: Callable[[_T], str]) -> Callable[[_T], str]:
    """Makes a ``_repr_html_`` show its error instead of raising it: who looks at an object that
    is closed, or whose file is damaged, learns that from the page."""

    @functools.wraps(show)
    def shown(self: _T) -> str:
        try:
            return show(self)
        except Exception as error:
            return page(type(self).__name__, failed(error))

    return shown
