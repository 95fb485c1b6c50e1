"""What the store holds: streams, observations, and a stream in numbers."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Optional, Union

from . import _html

#: A timestamp as a row stores it. None in an observation that is not from a store.
StoredTimestamp = Union[int, float, str, None]


@dataclass(frozen=True)
class Stream:
    """The metadata of one stream."""

    #: Given by the store, never changed.
    id: int
    #: The server's number for the stream.
    server_stream_id: Optional[int]
    #: The uuid, which names the stream's observations too.
    uuid: str
    #: The name; not unique.
    name: Optional[str]
    #: Who may publish.
    author: Optional[str]
    #: Secondary identifier.
    secondary: Optional[str]
    #: Field of the stream.
    target: Optional[str]
    #: Free text of the server.
    meta: Optional[str]
    #: Description.
    description: Optional[str]
    #: When the metadata last came from the server, in UTC.
    last_synced: Optional[datetime]
    #: When the row was made, in UTC.
    created_at: Optional[datetime]

    @_html.never_raising
    def _repr_html_(self) -> str:
        """Returns a table of the fields that have a value."""
        named = [(field.name, getattr(self, field.name)) for field in fields(self)]
        rows = [
            (f"{name} (UTC)", value) if isinstance(value, datetime) else (name, str(value))
            for name, value in named
            if value is not None
        ]
        title = self.uuid if self.name is None else self.name
        return _html.page(f"Stream {title}", _html.table(("field", "value"), rows))


@dataclass(frozen=True)
class Observation:
    """One row of a stream."""

    #: The instant, in UTC.
    ts: datetime
    #: The value.
    value: float
    #: The hash.
    hash: str
    #: Who delivered the row.
    provider: str
    #: The timestamp as the row stores it: a number of Unix seconds, or of a finer unit,
    #: or text. Observations that differ in this alone are equal.
    stored_ts: StoredTimestamp = field(default=None, compare=False)


@dataclass(frozen=True)
class Summary:
    """What the observations of one step of time come to."""

    #: Where the step begins, in UTC.
    start: datetime
    #: Where the next step begins, in UTC.
    end: datetime
    #: Rows. If it is 0, all that follow but ``sum`` are NaN.
    count: int
    #: The value of the earliest row.
    first: float
    #: The value of the latest row.
    last: float
    #: The smallest value.
    min: float
    #: The largest value.
    max: float
    #: The arithmetic mean.
    mean: float
    #: The sum; infinite if it is too large for a float.
    sum: float


@dataclass(frozen=True)
class Statistics:
    """What a stream holds, in numbers."""

    #: Rows.
    count: int
    #: Rows that can't be read, as ``unreadable`` lists them. They count in ``count`` and
    #: ``providers`` alone.
    unreadable: int
    #: The earliest instant; None if there is no row that can be read, or if a datetime
    #: can't hold it.
    first: Optional[datetime]
    #: The latest instant; None likewise.
    last: Optional[datetime]
    #: The least value; None if there is no row that can be read.
    minimum: Optional[float]
    #: The greatest value; None if there is no row that can be read.
    maximum: Optional[float]
    #: The sum of the values.
    sum: float
    #: The median of the times between one row and the next, the lower one of two; 0 if there
    #: are fewer than two rows.
    spacing: timedelta
    #: How many times the next row came later than one and a half spacings.
    gaps: int
    #: How many rows each provider delivered, the most first.
    providers: dict[str, int]
