"""Verdicts, tracks and coverage, worked out once per UTC date and again when its input changes."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pandas as pd

from detectors.core.frames import POSITIONS, empty
from detectors.kinematics import integrity, tracks
from detectors.surroundings import coverage, coverage_learn
from pipelines.store import Queries, Writer


@dataclass(frozen=True)
class DaysReport:
    """What working out the days did."""

    worked_out: int
    reports: int
    duplicates: int
    false_fixes: int


def refresh(store: Writer, progress: Callable[[int, int], None] | None = None) -> DaysReport:
    """Bring verdicts, tracks and coverage of every date in line with its files.

    A date is worked out from its files, from what the next date begins with, and from what the
    date before ended with: its last hours and the hulls heard. So late data make their own date,
    the one before and those after it stale, as far as the change reaches: where a date ends with
    what it ended with before, the later ones stand.

    Parameters
    ----------
    store
        The writer; nothing is published.
    progress
        Called with (dates done, dates in all).
    """
    days = _days(store)
    state_digest = ""
    done = reports = duplicates = false_fixes = 0
    for i, day in enumerate(days):
        after = _next(days, i)
        digest = input_digest(str(day["content"]), str(after.get("early", "")), state_digest)
        if day["input"] == digest:
            state_digest = str(day["state"])
        else:
            before = str(days[i - 1]["date"]) if i else ""
            counts, state_digest = _work_out(store, day, before, after, digest)
            done += 1
            reports += counts["reports"]
            duplicates += counts["duplicates"]
            false_fixes += counts["false_fixes"]
        if progress:
            progress(i + 1, len(days))
    return DaysReport(done, reports, duplicates, false_fixes)


def stale(store: Queries) -> list[str]:
    """Find UTC dates that `refresh` would work out, but later ones that a change would reach."""
    days = _days(store)
    state_digest, found = "", []
    for i, day in enumerate(days):
        early = str(_next(days, i).get("early", ""))
        if day["input"] != input_digest(str(day["content"]), early, state_digest):
            found.append(str(day["date"]))
        state_digest = str(day["state"])
    return found


def _days(store: Queries) -> list[dict[str, Any]]:
    rows = store.day_files().to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def _next(days: list[dict[str, Any]], i: int) -> dict[str, Any]:
    """Return what is known of the date after, nothing where there are no reports of it."""
    if i + 1 == len(days):
        return {}
    following = pd.Timestamp(days[i]["date"]) + timedelta(days=1)
    return days[i + 1] if f"{following:%Y-%m-%d}" == days[i + 1]["date"] else {}


def _work_out(
    store: Writer, day: dict[str, Any], before: str, after: dict[str, Any], digest: str
) -> tuple[dict[str, int], str]:
    """Work out a date; return its counts and the digest of what the next one begins with."""
    date, paths = str(day["date"]), str(day["paths"]).split()
    midnight = pd.Timestamp(date, tz="UTC").as_unit("us")
    morning = midnight + timedelta(days=1)
    following = str(after["paths"]).split() if after.get("early") else []
    found = integrity.judge_date(
        midnight,
        store.judged_since(before, midnight - integrity.LOOK_BACK),
        store.day_positions(paths, midnight, until=morning),
        store.day_positions(following, morning, until=morning + integrity.SETTLING)
        if following
        else empty(POSITIONS),
        store.day_state(before),
    )
    ended = digest_of_end(found, morning - integrity.LOOK_BACK)
    tracked = integrity.parted(found.judged).tracked
    store.set_day(
        date,
        digests=(digest, ended),
        counts=found.counts,
        judged=found.judged,
        state=found.state,
        summary=tracks.summarise(tracked),
        coverage=coverage_learn.learn(tracked, store.receptions(paths, midnight)),
    )
    return found.counts, ended


def input_digest(content: str, early: str, state_digest: str) -> str:
    """Return a digest of all that a date's verdicts, tracks and coverage rest on.

    Its own content, what the date after begins with (see `Queries.day_files`), and the digest of
    what the date before ended with, empty for the first date of the store.
    """
    text = f"{integrity.VERSION}|{coverage.VERSION}|{content}|{early}|{state_digest}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def digest_of_end(found: integrity.JudgedDate, since: pd.Timestamp) -> str:
    """Return a digest of what a date hands on: its last hours, and the hulls heard."""
    tail = found.judged[found.judged["time"] >= since]
    whole = hashlib.sha256()
    for frame in (tail, found.state):
        hashes = pd.util.hash_pandas_object(frame.reset_index(drop=True), index=True)
        whole.update(hashes.to_numpy().tobytes())
    return whole.hexdigest()[:16]
