"""The tail of the open date, judged while the date goes on: between nights, for looks alone.

What came since the look before is judged behind what its vessels sent before, whose verdicts stand,
and is added to the date's judged reports: it costs what is new, not what the day has become. The
verdicts of a tail are as provisional as those of the last hours always are. The date is judged
whole, as `days` has it, by the night, by each look at everything, and by a look to which more came
than a tail of the open date; until then its tracks by day stay as they were.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from detectors.core.frames import epoch_us
from detectors.kinematics import integrity
from detectors.surroundings import coverage, coverage_learn
from pipelines.detect.days import input_digest
from pipelines.store import Queries, Writer
from pipelines.store.positions import encode_judged

LATE: Final = timedelta(hours=1)
"""Reports from longer before the newest one that is judged are no tail: most feeds are minutes
late."""

SILENCE: Final = timedelta(seconds=coverage.SILENCE_S)
SLOT: Final = timedelta(seconds=coverage.SLOT_S)

KEPT: Final = LATE + SILENCE + integrity.TAIL_BACK
"""So much before the newest report a tail and its coverage rest on."""

SHOWING: Final = ("mmsi", "time", "lat", "lon", "ais_class", "hull", "verdict")
"""Columns of judged reports that show where the feed is heard."""


@dataclass
class Recent:
    """What a tail ended with, so that the next one needn't read it, for the length of a process."""

    digest: str = ""
    """Of the input of the date that it is of; empty for none."""
    reports: pd.DataFrame | None = None
    """`integrity.JUDGED` of the last `KEPT`."""


class _Tail(NamedTuple):
    """What came to the open date since it was worked out: its files, and digests of its input."""

    date: str
    before: str
    after: str
    paths: list[str]


def extend(store: Writer, recent: Recent, feeds: Collection[str]) -> bool:
    """Judge what some feeds brought if it is a tail of the open date, and tell whether it was.

    Parameters
    ----------
    store
        The writer; nothing is published.
    feeds
        Keys of the feeds that weren't there when the date was worked out.
    """
    of = _tail_of(store, feeds)
    if of is None:
        return False
    midnight = pd.Timestamp(of.date, tz="UTC").as_unit("us")
    state = store.day_state(of.date)
    newest = state["time"].max()
    fresh, receptions = store.day_received(of.paths, midnight)
    if fresh.empty or pd.isna(newest) or newest < midnight or fresh["time"].min() < newest - LATE:
        return False
    known = recent.reports if recent.digest == of.before else None
    if known is None:
        known = store.judged_since(of.date, newest - KEPT)
    tail = integrity.judge_tail(known, fresh, state)
    whole = pd.concat([known, tail], ignore_index=True)
    order = np.lexsort((epoch_us(whole["time"]), whole["mmsi"].to_numpy()))
    whole = whole.take(order).reset_index(drop=True)
    store.extend_day(
        of.date,
        digest=of.after,
        counts=integrity.counts_of(len(fresh), tail),
        judged=encode_judged(tail),
        state=integrity.state_with(state, tail),
        coverage=coverage_learn.learn(integrity.parted(whole[list(SHOWING)]).tracked, receptions),
        # A silence is told by the hour behind it.
        since=(min(newest, fresh["time"].min()) - SILENCE).floor(SLOT),
    )
    kept = (whole["time"] >= whole["time"].max() - KEPT).to_numpy()
    recent.digest, recent.reports = of.after, whole[kept].reset_index(drop=True)
    return True


def _tail_of(store: Queries, feeds: Collection[str]) -> _Tail | None:
    """Return what some feeds added to the open date; None if that isn't all that is to be done."""
    files, days = store.files_with(sorted(feeds)), store.last_days()
    paths = list(dict.fromkeys(path for _, path in files))
    if not files or not days or not store.feeds_in(paths).issubset(feeds):
        return None
    date, known, _ = days[0]
    state = days[1][2] if len(days) > 1 else ""
    if {day for day, _ in files} != {date} or known is None or state is None:
        return None
    held = [(key, f"{key}:{rows}") for key, rows in store.held_on(date).items()]
    before = " ".join(text for key, text in held if key not in feeds)
    if known not in (input_digest(before, "", state), _digest(before, state)):
        return None
    return _Tail(date, known, _digest(" ".join(text for _, text in held), state), paths)


def _digest(content: str, state: str) -> str:
    """Return a digest of the input of a date with a tail: never that of one judged whole."""
    return f"~{input_digest(content, '', state)}"
