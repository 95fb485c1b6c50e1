"""The operations that put observations on a clock."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping
from ctypes import byref, c_size_t
from datetime import timedelta
from typing import Any, Literal, Optional, Union

from .. import instants
from .._capi.call import call, choice, flag
from .._capi.texts import all_of
from .._handle import StoreHandle
from .._steps import Step, age, is_step, step_text
from .._text import many, shown
from ..aligned import Aligned
from ..errors import InvalidArgument, InvalidTimestamp
from ..instants import Instant
from ..summaries import Summaries

_FILLS = {"as_of": 0, "exact": 1, "mean": 2}
#: Values, and rows, of a batch.
_VALUES, _ROWS = 1 << 20, 65_536


class ClockOperations(StoreHandle):
    """Summing a stream up in steps of time, and putting several side by side."""

    def resample(
        self,
        uuid: str,
        step: Step,
        start: Optional[Instant] = None,
        end: Optional[Instant] = None,
        *,
        empty: bool = False,
    ) -> Summaries:
        """Sums the observations from ``start``, included, to ``end``, excluded, up in steps of
        time: count, first, last, least, greatest and mean value, and sum of each step.

        :param step: a ``timedelta``, or text: ``"15m"``, ``"1 hour"``, ``"1d"``, ``"1w"``,
            ``"1mo"``, ``"1y"``. Steps of hours and shorter begin at multiples of their length
            since 1970-01-01 UTC. Days begin at midnight, weeks on Monday, months on the first,
            in UTC, or in the IANA time zone that stands behind: ``"1d[Europe/Berlin]"``.
        :param empty: give steps without rows too, from the one of ``start`` to the one of
            ``end``; where the range is open, between those with rows.
        :raises NotFound: there is neither metadata nor data.
        :raises InvalidStep:
        """
        bounds = instants.bounds(start, end)
        return Summaries(self, uuid, *bounds, step_text(step), flag(empty, "empty"))

    def align(
        self,
        uuids: Union[Iterable[str], Mapping[str, str]],
        clock: Union[Step, Iterable[Instant]],
        start: Optional[Instant] = None,
        end: Optional[Instant] = None,
        *,
        how: Literal["as_of", "exact", "mean"] = "as_of",
        max_age: Optional[timedelta] = None,
    ) -> Aligned:
        """Puts streams side by side on one clock: a row for each instant, a column for each
        stream.

        :param uuids: the streams; or a mapping from the names of the columns to the streams.
        :param clock: a step, as :meth:`resample` has it: a row for each step that begins from
            ``start``, included, to ``end``, excluded, and where the range is open, as far as
            the streams' rows reach. Or the instants themselves, which must ascend: a list, an
            array of ``datetime64``, a ``DatetimeIndex``.
        :param how: ``"as_of"``: the value of the row that lies latest in time among those at
            the instant and before it, which is what was known then. ``"exact"``: of the row of
            just this instant. ``"mean"``: the mean of the rows of the step that begins there,
            which looks ahead.
        :param max_age: for ``"as_of"``, how old a row may be; nothing else takes it.
        :raises InvalidArgument:
        :raises NotFound: there is neither metadata nor data of a stream.
        :raises InvalidStep, InvalidTimestamp, UnreadableRow:
        """
        if isinstance(uuids, Mapping):
            names, asked = list(uuids), list(uuids.values())
        else:
            names = asked = many(uuids, "uuids")
        texts = all_of(asked)
        column = texts.column()
        streams = (self.handle, len(asked), column.buffer_info()[0])
        fill = (choice(how, _FILLS, "how"), age(max_age))
        if max_age is not None and how != "as_of":
            raise InvalidArgument(f"max_age is given, which how={how!r} doesn't take")
        if is_step(clock):
            step = step_text(clock)  # type: ignore[arg-type]
            bounds = instants.bounds(start, end)
            began = self._interrupts

            def check() -> None:
                self._check_interrupts(began)

            return Aligned(names, *_on_steps(streams, bounds, step, fill, check))
        ts = _micros_of(clock)
        if start is not None or end is not None:
            low, high = instants.bounds(start, end)
            ts = array("q", (one for one in ts if low <= one < high))
        return Aligned(names, ts, _on_instants(streams, ts, fill))


def _on_steps(
    streams: tuple[Any, int, int],
    bounds: tuple[int, int],
    step: bytes,
    fill: tuple[int, int],
    check: Callable[[], None],
) -> tuple[array[int], list[array[float]]]:
    """Reads the instants and the columns, a batch at a time."""
    capacity = max(1, min(_ROWS, _VALUES // max(1, streams[1])))
    ts, columns = array("q"), [array("d") for _ in range(streams[1])]
    # One item more, because an empty array has no address.
    instants_read = array("q", bytes(8 * capacity))
    values = array("d", bytes(8 * (capacity * streams[1] + 1)))
    start, rows = bounds[0], c_size_t(capacity)
    while rows.value == capacity:
        call(
            "satori_align",
            *streams,
            start,
            bounds[1],
            step,
            len(step),
            *fill,
            capacity,
            instants_read.buffer_info()[0],
            values.buffer_info()[0],
            byref(rows),
        )
        # An interrupt may fall between two calls.
        check()
        ts += instants_read[: rows.value]
        for number, column in enumerate(columns):
            column += values[number * capacity : number * capacity + rows.value]
        if ts:
            start = ts[-1] + 1
    return ts, columns


def _on_instants(
    streams: tuple[Any, int, int], ts: array[int], fill: tuple[int, int]
) -> list[array[float]]:
    """Reads the columns."""
    rows = len(ts)
    values = array("d", bytes(8 * (rows * streams[1] + 1)))
    given = ts or array("q", [0])
    call(
        "satori_align_to",
        *streams,
        rows,
        given.buffer_info()[0],
        *fill,
        values.buffer_info()[0],
    )
    return [values[number * rows : (number + 1) * rows] for number in range(streams[1])]


def _micros_of(clock: Any) -> array[int]:
    """Returns the instants of a clock, in microseconds."""
    if getattr(getattr(clock, "dtype", None), "tz", None) is not None:  # pandas
        import pandas

        clock = pandas.DatetimeIndex(clock).tz_convert("UTC").tz_localize(None)
    kind = getattr(getattr(clock, "dtype", None), "kind", None)
    if kind == "M":
        return array("q", _of_datetime64s(clock))
    try:
        items = iter(clock)
    except TypeError:
        raise InvalidTimestamp(
            f"{shown(clock)} is no clock: expected a step, such as '1h', or several instants"
        ) from None
    return array("q", [instants.to_micros(item) for item in items])


def _of_datetime64s(clock: Any) -> bytes:
    """Returns an array of datetime64 as microseconds, to the nearest one."""
    import numpy

    found = numpy.asarray(clock).reshape(-1)
    if numpy.isnat(found).any():
        raise InvalidTimestamp("a clock has no missing instants: leave NaT out")
    unit, _ = numpy.datetime_data(found.dtype)
    if unit in ("ns", "ps", "fs", "as"):
        nanos = found.astype("datetime64[ns]").view("int64")
        return ((nanos // 1000) + (nanos % 1000 >= 500)).astype("int64").tobytes()
    micros = found.astype("datetime64[us]")
    if (micros.astype(found.dtype) != found).any():
        raise InvalidTimestamp("a clock has instants that don't fit into 64 bits of microseconds")
    return micros.view("int64").tobytes()
