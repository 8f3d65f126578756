"""Tracks and coverage, worked out once per UTC date and again only when its input changes."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from detectors.kinematics import tracks
from detectors.surroundings import coverage, coverage_learn
from pipelines.store import Queries, Writer


@dataclass(frozen=True)
class DaysReport:
    """What working out the days did."""

    worked_out: int
    reports: int
    duplicates: int
    rejected_jumps: int


def refresh(store: Writer, progress: Callable[[int, int], None] | None = None) -> DaysReport:
    """Bring tracks, open hulls and coverage of every date in line with its files.

    A date is worked out from its files and from the hulls that were open at the end of the date
    before, so late data make their own date and those after it stale, as far as the change
    reaches: where a date ends in the state that it ended in before, the later ones stand.

    Parameters
    ----------
    store
        The writer; nothing is published.
    progress
        Called with (dates done, dates in all).
    """
    days = store.day_files()
    state, state_digest = tracks.no_state(), ""
    paths_before = content_before = ""
    loaded_from: str | None = None
    done = reports = duplicates = jumps = 0
    for i, day in enumerate(days.itertuples(index=False)):
        digest = input_digest(content_before, str(day.content), state_digest)
        if day.input == digest:
            state_digest, loaded_from = str(day.state), str(day.date)
        else:
            if loaded_from is not None:
                state, loaded_from = store.day_state(loaded_from), None
            paths = f"{paths_before} {day.paths}".split()
            segmented, counts = segment_date(store, str(day.date), paths, state)
            state, state_digest = segmented.state, digest_of_state(segmented.state)
            store.set_day(
                str(day.date),
                digests=(digest, state_digest),
                counts=counts,
                state=state,
                summary=tracks.summarise(segmented.tracked),
                coverage=learn_date(
                    store, str(day.date), str(day.paths).split(), segmented.tracked
                ),
            )
            done += 1
            reports += counts["reports"]
            duplicates += counts["duplicates"]
            jumps += counts["rejected_jumps"]
        paths_before, content_before = str(day.paths), str(day.content)
        if progress:
            progress(i + 1, len(days))
    return DaysReport(done, reports, duplicates, jumps)


def stale(store: Queries) -> list[str]:
    """Find UTC dates that `refresh` would work out, but later ones that a change would reach."""
    content_before = state_digest = ""
    found = []
    for day in store.day_files().itertuples(index=False):
        if day.input != input_digest(content_before, str(day.content), state_digest):
            found.append(str(day.date))
        content_before, state_digest = str(day.content), str(day.state)
    return found


def segment_date(
    store: Queries, date: str, paths: list[str], state: pd.DataFrame
) -> tuple[tracks.Segmented, dict[str, int]]:
    """Segment one UTC date; with its counts: reports, duplicates, rejected jumps.

    Parameters
    ----------
    paths
        Files of the date and of the one before, whose last reports may have copies in it.
    state
        `hull_limits.STATE` as of the end of the date before.
    """
    midnight = pd.Timestamp(date, tz="UTC")
    margin = pd.Timedelta(seconds=tracks.DUPLICATE_WINDOW_S)
    received = store.day_positions(paths, midnight - margin)
    positions, n_duplicates = tracks.deduplicate(received, since=midnight)
    segmented = tracks.segment(positions, state)
    counts = {
        "reports": len(positions),
        "duplicates": n_duplicates,
        "rejected_jumps": len(segmented.noise),
    }
    return segmented, counts


def learn_date(
    store: Queries, date: str, paths: list[str], tracked: pd.DataFrame
) -> coverage.Coverage:
    """Learn the coverage of one UTC date, from all tracks and the date's own files."""
    return coverage_learn.learn(tracked, store.receptions(paths, pd.Timestamp(date, tz="UTC")))


def input_digest(content_before: str, content: str, state_digest: str) -> str:
    """Return a digest of all that a date's tracks and coverage rest on.

    The content of the date before and of its own (see `Queries.day_files`), and the digest of the
    hulls that were open when it began, empty for the first date of the store.
    """
    text = f"{coverage.VERSION}|{content_before}|{content}|{state_digest}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def digest_of_state(state: pd.DataFrame) -> str:
    """Return a digest of the hulls that are open (`hull_limits.STATE`)."""
    hashes = pd.util.hash_pandas_object(state.reset_index(drop=True), index=True)
    return hashlib.sha256(hashes.to_numpy().tobytes()).hexdigest()[:16]
