"""A moment in the past: the run whose knowledge was the newest then."""

from dataclasses import dataclass

import pandas as pd

from detectors.core.errors import SelatError
from pipelines.base import text
from pipelines.base.text import minute
from pipelines.run.windows import FOREVER, TimeError, utc
from pipelines.store import Queries


class RecallError(SelatError):
    """Nothing was known then."""

    exit_code = 7


@dataclass(frozen=True)
class Moment:
    """What was known at a time."""

    run_id: str
    ordinal: int
    """The newest run then."""
    time: pd.Timestamp
    """The time asked for; the run's `known_time` where the run was named, `FOREVER` for now."""
    known_time: pd.Timestamp
    """The newest report that this run, or one before it, had looked at."""

    @property
    def now(self) -> bool:
        """Tell whether it is everything that is known."""
        return self.time == FOREVER

    def __str__(self) -> str:
        return f"run {self.run_id}, which had looked at reports up to {minute(self.known_time)}"


def latest(store: Queries) -> Moment:
    """Now: the newest run, and all conclusions; raises RecallError if there is no run."""
    runs = _runs(store)
    return _moment(runs.iloc[-1], FOREVER)


def moment(store: Queries, text: str | None) -> Moment:
    """Find the moment that a person names: a run id or a time (ISO 8601, MYT); None is now.

    Raises
    ------
    RecallError
        If no run knew anything then.
    TimeError
        If it is neither a run nor a time, or one that lies ahead.
    """
    if text is None:
        return latest(store)
    runs = _runs(store)
    named = runs[runs["run_id"] == text]
    if len(named):
        return _moment(named.iloc[0], named["known_time"].iloc[0])
    return known_at(store, _typed(runs, text))


def _typed(runs: pd.DataFrame, text: str) -> pd.Timestamp:
    """Return the time that is no run's id; raises TimeError if it isn't a time either, or lies
    ahead: of that nobody knows anything, and a year mistyped would read as "nothing changed".
    """
    try:
        time = utc(text)
    except TimeError as error:
        newest = ", ".join(runs["run_id"].tail(3))
        raise TimeError(
            f"{text!r} is neither a run nor a time",
            hint=f"a time is 2026-11-25T02:00Z; the newest runs are {newest}",
        ) from error
    if time > max([*runs["known_time"], pd.Timestamp.now("UTC")]):
        looked = "no run is finished"
        if len(runs):
            known = minute(runs["known_time"].max())
            looked = f"the newest run had looked at reports up to {known}"
        raise TimeError(f"{text} lies ahead", hint=looked)
    return time


def known_at(store: Queries, time: pd.Timestamp) -> Moment:
    """Find the moment of a time; raises RecallError where no run knew anything then."""
    runs = _runs(store)
    then = runs[runs["known_time"] <= time]
    if then.empty:
        first = runs.iloc[0]
        raise RecallError(
            f"nothing was known yet at {text.moment(time)}",
            hint=f"the first run had looked at reports up to {text.moment(first['known_time'])}",
        )
    return _moment(then.iloc[-1], time)


def _runs(store: Queries) -> pd.DataFrame:
    runs = store.runs()
    if runs.empty:
        raise RecallError("no finished run in the store", hint="start one: selat nightly --feed …")
    return runs


def _moment(run: pd.Series, time: pd.Timestamp) -> Moment:
    return Moment(str(run["run_id"]), int(run["ordinal"]), time, run["known_time"])


def time_of(store: Queries, text: str | None) -> pd.Timestamp:
    """Return the time of a moment, for what is known without a run: reports and conclusions.

    Raises TimeError if it is neither a run nor a time, or one that lies ahead.
    """
    if text is None:
        return FOREVER
    runs = store.runs()
    named = runs.loc[runs["run_id"] == text, "known_time"]
    return named.iloc[0] if len(named) else _typed(runs, text)


def ordinal_of(store: Queries, text: str | None) -> int:
    """Return the number of the run that was the newest at a moment; 0 where there was none."""
    try:
        return moment(store, text).ordinal
    except RecallError:
        return 0


def last_watch(store: Queries, text: str | None, until: Moment) -> Moment:
    """Find the moment to compare with: the one that is named, else that of the last night before,
    or of the run before where that is none: who reads of a night was at no look since the last.

    Raises RecallError if there is no run before.
    """
    if text is not None:
        return moment(store, text)
    runs = _runs(store)
    before = runs[runs["ordinal"] < until.ordinal]
    if before.empty:
        raise RecallError(
            f"{until.run_id} is the first run", hint="all of it is new: selat flagged"
        )
    query = (
        "SELECT max(ordinal) AS night FROM runs "
        "WHERE ordinal < $ordinal AND (manifest -> '$.look') IS NULL"
    )
    [night] = store.sql(query, {"ordinal": until.ordinal})["night"].tolist()
    found = before[before["ordinal"] == night] if pd.notna(night) else before
    return _moment(found.iloc[-1], found["known_time"].iloc[-1])
