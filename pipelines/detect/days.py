"""Tracks and coverage, worked out once per UTC date and again only when its input changes."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from detectors.core import coverage, tracks
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
        digest = _input(content_before, str(day.content), state_digest)
        if day.input == digest:
            state_digest, loaded_from = str(day.state), str(day.date)
        else:
            if loaded_from is not None:
                state, loaded_from = store.day_state(loaded_from), None
            midnight = pd.Timestamp(str(day.date), tz="UTC")
            received = store.day_positions(
                f"{paths_before} {day.paths}".split(),
                midnight - pd.Timedelta(seconds=tracks.DUPLICATE_WINDOW_S),
            )
            positions, n_duplicates = tracks.deduplicate(received, since=midnight)
            segmented = tracks.segment(positions, state)
            state, state_digest = segmented.state, _digest(segmented.state)
            counts = {
                "reports": len(positions), "duplicates": n_duplicates,
                "rejected_jumps": len(segmented.noise),
            }  # fmt: skip
            store.set_day(
                str(day.date),
                digests=(digest, state_digest),
                counts=counts,
                state=state,
                summary=tracks.summarise(segmented.tracked),
                coverage=coverage.learn(
                    segmented.tracked, store.receptions(str(day.paths).split(), midnight)
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
    """UTC dates that `refresh` would work out, later ones that a change would reach left aside."""
    content_before = state_digest = ""
    found = []
    for day in store.day_files().itertuples(index=False):
        if day.input != _input(content_before, str(day.content), state_digest):
            found.append(str(day.date))
        content_before, state_digest = str(day.content), str(day.state)
    return found


def _input(content_before: str, content: str, state: str) -> str:
    """Digest of all that a date is worked out from."""
    text = f"{coverage.VERSION}|{content_before}|{content}|{state}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _digest(state: pd.DataFrame) -> str:
    hashes = pd.util.hash_pandas_object(state.reset_index(drop=True), index=True)
    return hashlib.sha256(hashes.to_numpy().tobytes()).hexdigest()[:16]
