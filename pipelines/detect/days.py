"""Verdicts, tracks and coverage, worked out once per UTC date and again when its input changes."""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from detectors.kinematics import integrity
from detectors.surroundings import coverage, coverage_learn
from pipelines.detect import clocks, judging, memory
from pipelines.detect.judging import Part
from pipelines.store import Queries, Writer, verdict_files
from pipelines.store.parted import ALL_NAMES
from pipelines.store.sections import FOREVER


def refresh(
    store: Writer,
    progress: Callable[[int, int], None] | None = None,
    memory_gb: float = memory.MEMORY_GB,
    only: Collection[str] | None = None,
) -> int:
    """Bring verdicts, tracks and coverage of every date in line with its files; returns how many
    dates were worked out.

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
    memory_gb
        How much memory it may take: a date is judged in parts of vessels that fit.
    only
        The dates to work out where they are stale, and those that never were; None for all.
    """
    dates = Dates(store, only)
    done = 0
    while (due := dates.due(progress)) is not None:
        worked = work_out(store, due, memory_gb)
        record(store, worked)
        dates.stands(worked.digests[1])
        done += 1
    return done


@dataclass(frozen=True)
class Due:
    """A date to be worked out."""

    date: str
    paths: list[str]
    following: list[str]
    """Its files, and those of the date after where what that begins with counts."""
    before: str
    """The date before in the store, empty where there is none."""
    digest: str
    """Of all that it rests on."""


@dataclass(frozen=True)
class Worked:
    """What came of a date; see `ResultWriter.set_day`."""

    date: str
    digests: tuple[str, str]
    counts: Mapping[str, int]
    clocks: Mapping[str, Mapping[str, float]]
    judged: pa.Table | Path
    tables: Mapping[str, pd.DataFrame | Path]


class Dates:
    """The dates of a store in order, each worked out where it is stale; see `refresh`."""

    def __init__(self, store: Queries, only: Collection[str] | None = None) -> None:
        self._days, self._only = _days(store), only
        self._at, self._state = 0, ""

    def due(self, progress: Callable[[int, int], None] | None = None) -> Due | None:
        """Return the next date to be worked out, None where the rest stands."""
        while self._at < len(self._days):
            day, after = self._days[self._at], _next(self._days, self._at)
            early = str(after.get("early", ""))
            digest = input_digest(str(day["content"]), early, self._state)
            date, known = str(day["date"]), not pd.isna(day["input"])
            put_off = self._only is not None and date not in self._only and known
            if progress:
                progress(self._at, len(self._days))
            if day["input"] != digest and not put_off:
                following = str(after["paths"]).split() if early else []
                before = str(self._days[self._at - 1]["date"]) if self._at else ""
                return Due(date, str(day["paths"]).split(), following, before, digest)
            self.stands(str(day["state"]))
        if progress:
            progress(self._at, len(self._days))
        return None

    def stands(self, state_digest: str) -> None:
        """Go on to the date after, given what the next one begins with."""
        self._at, self._state = self._at + 1, state_digest


def record(store: Writer, worked: Worked) -> None:
    """Replace what the store holds of a date."""
    store.set_day(
        worked.date,
        digests=worked.digests,
        counts=worked.counts,
        clocks=worked.clocks,
        judged=worked.judged,
        tables=worked.tables,
    )


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


def work_out(store: Queries, due: Due, memory_gb: float) -> Worked:
    """Work out a date."""
    midnight = pd.Timestamp(due.date, tz="UTC").as_unit("us")
    morning = midnight + timedelta(days=1)
    before, paths, following = due.before, due.paths, due.following
    state = store.day_state(before)
    right = clocks.of_date(store, paths, following, midnight)

    ranges = _parts(store, midnight, memory_gb)
    beside = len(paths) <= verdict_files.MOST_FILES
    spans = (
        (store.files_judged(before), midnight - integrity.LOOK_BACK, FOREVER),
        (paths, midnight, morning),
        (following, morning, morning + integrity.SETTLING),
    )
    names = judging.BESIDE if beside else ALL_NAMES
    with store.parted(ranges, spans, names) as reports:

        def judged(vessels: tuple[int, int]) -> Part:
            began = memory.of_range(state, *vessels)
            sections = reports.sections(vessels)
            late_us, _ = (right.put_right(section) for section in sections[1:])
            how = {"beside": beside, "waits": len(ranges) > 1}
            return judging.judged(midnight, sections, late_us, began, **how)

        waiting = [judged(vessels) for vessels in ranges]
    jammed = integrity.jammed_in([part.judged for part in waiting])
    # Each part is let go of once it is worked with.
    parts = [judging.finished(waiting.pop(0), jammed, midnight) for _ in ranges]
    ended = pd.concat([part.state for part in parts], ignore_index=True)
    state_digest = _digest_of_end([one.tail for one in parts], ended)
    counts = dict(sum((Counter(part.counts) for part in parts), Counter()))
    counts = {name: counts.get(name, 0) for name in parts[0].counts}
    heard = coverage_learn.Heard.of([part.reports for part in parts])
    shown = []
    for place, part in enumerate(parts):
        shown.append(coverage_learn.shown(part.reports, heard))
        parts[place] = replace(part, reports=part.reports[:0].copy())
    rows = pa.concat_tables([part.rows for part in parts], promote_options="default")
    if beside:
        rows = verdict_files.noted(rows, paths)
    summary = pd.concat([part.summary for part in parts], ignore_index=True)
    learned = coverage_learn.learned(shown, store.receptions(paths, midnight))
    return Worked(
        due.date,
        (due.digest, state_digest),
        counts,
        right.in_numbers(),
        rows.unify_dictionaries(),
        {
            "track_state": ended.assign(date=due.date),
            "track_days": summary.assign(date=due.date),
            **{f"coverage_{name}": table for name, table in vars(learned).items()},
        },
    )


def _parts(store: Queries, midnight: pd.Timestamp, memory_gb: float) -> list[tuple[int, int]]:
    counts = store.report_counts(midnight, midnight + timedelta(days=1, microseconds=-1))
    reports = int(counts["reports"].sum())
    held_gb = reports * memory.KEPT_BYTES / 1e9
    return memory.ranges(counts, memory.rows_in(memory_gb, memory.JUDGE_BYTES, reports, held_gb))


def input_digest(content: str, early: str, state_digest: str) -> str:
    """Return a digest of all that a date's verdicts, tracks and coverage rest on.

    Its own content, what the date after begins with (see `Queries.day_files`), and the digest of
    what the date before ended with, empty for the first date of the store.
    """
    text = f"{integrity.VERSION}|{coverage.VERSION}|{content}|{early}|{state_digest}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _digest_of_end(tails: list[NDArray[np.uint64]], state: pd.DataFrame) -> str:
    """Return a digest of what a date hands on: its last hours, and the hulls heard."""
    whole = hashlib.sha256()
    hashes = pd.util.hash_pandas_object(state.reset_index(drop=True), index=True)
    for part in (*tails, hashes.to_numpy()):
        whole.update(part.tobytes())
    return whole.hexdigest()[:16]
