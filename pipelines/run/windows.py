"""The span that a run looks at, and times as a person types them."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import pandas as pd

from detectors.core.errors import SelatError
from detectors.kinematics.integrity import PROVISIONAL
from pipelines.base.text import minute
from pipelines.store import Queries

_DAY_FIRST: Final = re.compile(r"^(\d\d?)[-/.](\d\d?)[-/.](\d{4})(?!\d)", re.ASCII)
_BEHIND_ZONE: Final = re.compile(r"\dZ\S", re.ASCII)
"""More behind a zone, as in a run's id: pandas takes that for another zone."""
_IN_DOUBT: Final = re.compile(r"\d\d?[-/.]\d\d?([-/.]|$)", re.ASCII)
"""A date without a whole year: nobody knows which figure is which."""
FIRST: Final = pd.Timestamp(0, tz="UTC").as_unit("us")
FOREVER: Final = pd.Timestamp("2200-01-01", tz="UTC").as_unit("us")
"""Earlier and later than all reports and all that was ever recorded."""

LATE_SIGHTINGS: Final = timedelta(days=2)
"""New sightings are looked at by themselves when no older than this before the newest report; for
older ones a window is to be named."""


class NoDataError(SelatError):
    """There is nothing to look at."""

    exit_code = 7


class TimeError(SelatError):
    """What was given as a date or time isn't one."""

    exit_code = 2


@dataclass(frozen=True)
class Window:
    """The span that a run reports on, UTC."""

    start: pd.Timestamp
    end: pd.Timestamp
    """The span. It ends no later than the newest report, so that a feed that ends early makes no
    gaps."""
    now: pd.Timestamp
    """Up to when reports are looked at: `end`, or later where a run has looked further already.
    What is known isn't forgotten when an earlier span is looked at again."""
    asked: tuple[pd.Timestamp, pd.Timestamp] | None = None
    """The span that was asked for; None where it was all that is new."""
    again: bool = False
    """Whether nothing is new, so that it is what the last night looked at."""

    @property
    def span(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        """Return its ends."""
        return self.start, self.end


def choose_window(
    store: Queries, *, date: str | None, since: str | None, until: str | None
) -> Window:
    """Return the window of a run.

    The Kuala Lumpur day of `date`; or from `since` to `until` (ISO 8601, Kuala Lumpur time where
    no zone is given); or, with none of them, from the earliest report or sighting that is new in
    the store, and from where a night has looked to, to the newest report of all; with nothing new
    the last run's window again.

    Raises
    ------
    NoDataError
        If the store is empty, or holds no report in the span.
    TimeError
        If a date or time can't be read.
    """
    if date is not None or since or until:
        return window_between(store, *asked_for(date, since, until))
    newest = newest_report(store)
    horizon = min(store.last_looked_at() or FIRST, newest)
    fresh = store.new_feeds()["first_time"].dropna()
    run = store.last_run(looks=False)
    seen = store.new_sightings()["first_time"].dropna() if run is not None else None
    start = new_since(newest, fresh, seen, store.last_looked_at(looks=False))
    if start is not None or run is None:
        return Window(FIRST if start is None else start, newest, newest)
    return Window(run["start"], run["end"], max(run["end"], horizon), again=True)


def new_since(
    newest: pd.Timestamp,
    feeds: pd.Series,
    sightings: pd.Series | None,
    looked_to: pd.Timestamp | None,
) -> pd.Timestamp | None:
    """Return where a window of all that is new begins, None where nothing is.

    Where nothing was heard for long it begins before that all the same: what went on when a night
    had looked to the end ended meanwhile, and would lie before a window of reports alone.

    Parameters
    ----------
    newest
        Time of the newest report.
    feeds, sightings
        First times of what is new; the sightings of a first run are None.
    looked_to
        The latest end of a night's window; None without.
    """
    fresh = feeds
    if sightings is not None:
        seen = sightings.where(sightings >= newest - LATE_SIGHTINGS, newest - LATE_SIGHTINGS)
        fresh = pd.concat([feeds, seen[seen <= newest]])
    return min(fresh.min(), newest, looked_to or newest) if len(fresh) else None


def window_between(store: Queries, start: pd.Timestamp, end: pd.Timestamp) -> Window:
    """Return the window of a run over a span.

    Where nothing was heard before it for longer than verdicts may change, it begins with the last
    report before that, for the reason that `new_since` has.

    Raises NoDataError if the store is empty, or holds no report in the span.
    """
    horizon = min(store.last_looked_at() or FIRST, newest_report(store))
    last = store.last_heard(end)
    if last is None or last < start:
        raise NoDataError(
            f"no position report from {minute(start)} to {minute(end)}", hint=_held(store)
        )
    before = store.last_heard(start)
    begin = start if before is None or start - before <= PROVISIONAL else before
    return Window(begin, last, max(last, horizon), (start, end))


def leads_from(store: Queries, window: Window) -> pd.Timestamp:
    """Return from when on what goes on in a window is a lead of that night, for all that is known.

    Where the window was begun earlier than what is new, or was asked for, by a silence of more than
    `LATE_SIGHTINGS` that is with the first report behind it: what was told then has ended, and is
    told so, but a list of tonight isn't led by what a feed of last winter showed.
    """
    if window.asked is not None and window.start >= window.asked[0]:
        return window.start
    query = (
        "SELECT max(last_time) FILTER (first_time <= $settled) AS last, "
        "min(first_time) FILTER (first_time > $settled) AS first FROM presence"
    )
    [row] = store.sql(query, {"settled": window.start + PROVISIONAL}).to_dict("records")
    silent = pd.notna(row["first"]) and row["first"] - row["last"] > LATE_SIGHTINGS
    first: pd.Timestamp = row["first"] if silent else window.start
    return min(first, window.end)


def newest_report(store: Queries) -> pd.Timestamp:
    """Time of the newest report in the store that can be believed.

    Raises NoDataError if the store is empty.
    """
    newest = store.last_heard(FOREVER)
    if newest is None:
        raise NoDataError("the store holds no position reports", hint=_why_empty(store))
    return newest


def _why_empty(store: Queries) -> str:
    """Say what to do about a store without positions."""
    read = [json.loads(text) for text in store.ledger()["report"]]
    outside = sum(report.get("outside_area", 0) for report in read)
    if outside == 0 and read:
        return "nor do the feeds that were read: selat store feeds says what was in them"
    if outside == 0:
        return "name a feed: --feed PATH"
    return (
        f"the feeds hold {outside:,}, all outside the area of interest: read them with --area all, "
        "or set area in settings.yaml (or are latitude and longitude swapped?)"
    )


def asked_for(
    date: str | None, since: str | None, until: str | None
) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the span that a person asked for, UTC; without an edge where none was given.

    Raises TimeError if a date or time can't be read, or they contradict one another.
    """
    if date is not None:
        if since or until:
            raise TimeError("--date goes without --since and --until", hint="name one or the other")
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", date):
            raise TimeError(f"{date!r} is no date", hint="write 2026-11-25, a Kuala Lumpur day")
        return utc(date), utc(date) + timedelta(days=1) - timedelta(microseconds=1)
    start, end = utc(since) if since else FIRST, utc(until) if until else FOREVER
    if start > end:
        raise TimeError("--since lies after --until", hint="swap them")
    return start, end


def span_of(noted: Sequence[str] | None) -> tuple[pd.Timestamp, pd.Timestamp] | None:
    """Return the span that was asked for, as a run's manifest notes it."""
    if noted is None:
        return None
    start, end = (pd.Timestamp(text).as_unit("us") for text in noted)
    return start, end


def utc(text: str, zone: str = "Asia/Kuala_Lumpur") -> pd.Timestamp:
    """Read a time that a person typed, in `zone` where it names none.

    It is ISO 8601, or begins with a day, a month and a year in figures, in this order.

    >>> utc("25-11-2026 02:00") == utc("2026-11-24T18:00Z")
    True

    Raises TimeError if it isn't one.
    """
    iso = _DAY_FIRST.sub(r"\3-\2-\1", text.strip())
    try:
        doubt = _IN_DOUBT.match(iso) or _BEHIND_ZONE.search(iso) or not iso.isascii()
        # pandas reads "now" and "today" by the machine's own zone, and nothing behind a NUL.
        doubt = doubt or not iso.isprintable() or not re.search(r"\d", iso)
        stamp = pd.NaT if doubt else pd.Timestamp(iso)
    except ValueError:
        stamp = pd.NaT
    if pd.isna(stamp):
        raise TimeError(
            f"{text!r} is no date or time",
            hint="write 2026-11-25 or 25-11-2026, and a time after it: 2026-11-25 02:00",
        )
    if not FIRST.year <= stamp.year <= FOREVER.year:  # what is beyond can't be printed
        raise TimeError(
            f"{text!r} is too far away", hint=f"write a year from {FIRST.year} to {FOREVER.year}"
        )
    stamp = stamp.tz_localize(zone) if stamp.tz is None else stamp
    return stamp.tz_convert("UTC").as_unit("us")


def _held(store: Queries) -> str:
    spans = store.ledger().dropna(subset="first_time")
    if spans.empty:
        return "the store holds no position reports yet"
    first, last = spans["first_time"].min(), spans["last_time"].max()
    return f"the store holds reports from {minute(first)} to {minute(last)}"
