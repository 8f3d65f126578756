"""Which event of a run is which part of the truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from detectors.core.arrays import Bools, Floats, Ints
from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.exercise.truth import Planted

MIN_IOU: Final = {
    "gap": 0.6,
    "crossing": 0.2,
    "outlier": 0.2,
    "identity": 0.0,
    "spoofing": 0.0,
    "unmatched_sighting": 0.0,
}
"""Least intersection over union of an event's span and a planted one's; 0: touching is enough.
A gap has sharp ends; a crossing is read off an area's edge and is short; where a departure from
what is normal begins is open."""
DEFAULT_MIN_IOU: Final = 0.4
_ALIKE: Final = ({"identity", "spoofing"},)
"""Kinds that stand for each other: which of the two a borrowed identity shows as is open."""
ANY_OTHER: Final = ("mother_ship", "crossing", "anchoring")
"""Kinds of one vessel whose event may name another one as well."""
RAISED_SHARE: Final = 0.5
SAME_PLACE_M: Final = 2 * METRES_PER_NM
SAME_TIME_S: Final = 60.0
"""A sighting is a moment, which files round; without a vessel it is known by that and its place."""
SIGHTING: Final = "unmatched_sighting"
CROSSING: Final = "crossing"
LEG_WITHIN_S: Final = 12 * 3600.0
LEG_WITHIN_M: Final = 5 * METRES_PER_NM
"""Another leg of a planted crossing begins or ends so soon after or before it, and is half-way so
near to where that was: a boat that goes over by night is home within the next day's half, and goes
between the same two beaches. A later or other way over is another journey, that nobody planted."""


@dataclass(frozen=True)
class Match:
    """The events of a run seen from the truth."""

    found: dict[int, int]
    """Row of the event that matches each planted one best, by its index among the planted."""
    fitting: dict[int, Ints]
    """Rows of all events that match it."""
    raising: list[Ints]
    """Rows of the events that raise each trap."""
    matched: Bools
    related: Bools
    in_traps: Bools
    """Which events match a planted one; are at the same time as anything planted on one of their
    vessels, or another leg of who crossed; or raise a trap. Each event is at most one of these."""

    @property
    def other(self) -> Bools:
        """Events that have nothing to do with anything in the truth."""
        return ~(self.matched | self.related | self.in_traps)


def compare(planted: Sequence[Planted], traps: Sequence[Planted], events: pd.DataFrame) -> Match:
    """Tell what each event is.

    `events`: kind, mmsi, other_mmsi (0: none), lat, lon, start_s, end_s (epoch seconds).
    """
    fitting = {k: rows for k, one in enumerate(planted) if len(rows := _fitting(one, events))}
    found = {k: int(rows[0]) for k, rows in fitting.items()}
    raising = [_raising(trap, events) for trap in traps]
    matched, related, in_traps = (np.zeros(len(events), bool) for _ in range(3))
    matched[list(found.values())] = True
    for one in planted:
        same = _at_the_time(one, events) | _another_leg(one, events)
        related |= same & _about(one, events)
    related &= ~matched
    for rows in raising:
        in_traps[rows] = True
    in_traps &= ~matched & ~related
    return Match(found, fitting, raising, matched, related, in_traps)


def iou(start: Floats, end: Floats, other_start: float, other_end: float) -> Floats:
    """Intersection over union of spans with one other span, 0-1.

    Two equal moments have 1; spans that only touch have 0.

    >>> iou(np.array([0.0]), np.array([10.0]), 5.0, 10.0)
    array([0.5])
    """
    both = np.maximum(np.minimum(end, other_end) - np.maximum(start, other_start), 0.0)
    either = np.maximum(end, other_end) - np.minimum(start, other_start)
    return np.asarray(np.divide(both, either, out=np.ones_like(both), where=either > 0))


def kinds_like(kind: str) -> set[str]:
    """Return the kinds that stand for a kind, itself among them.

    >>> sorted(kinds_like("spoofing"))
    ['identity', 'spoofing']
    """
    return next((alike for alike in _ALIKE if kind in alike), {kind})


def _fitting(planted: Planted, events: pd.DataFrame) -> Ints:
    """Return the rows of the events that match, the best first."""
    start, end = events["start_s"].to_numpy(), events["end_s"].to_numpy()
    candidate = events["kind"].isin(kinds_like(planted.kind)).to_numpy(copy=True)
    candidate &= (events["mmsi"] == planted.mmsi).to_numpy()
    if planted.mmsi == 0:
        candidate &= _there(planted, events)
    elif planted.other_mmsi or planted.kind not in ANY_OTHER:
        candidate &= (events["other_mmsi"] == planted.other_mmsi).to_numpy()
    # Touching is asked for in any case, so that an IoU of 0 can't join a day to the next.
    candidate &= _at_the_time(planted, events)
    overlap = iou(start, end, planted.start, planted.end)
    candidate &= overlap >= MIN_IOU.get(planted.kind, DEFAULT_MIN_IOU)
    rows = np.flatnonzero(candidate)
    return rows[np.argsort(-overlap[rows], kind="stable")]


def _raising(trap: Planted, events: pd.DataFrame) -> Ints:
    """Rows of the events that raise a trap: of its kind, about it, half or more inside it."""
    start, end = events["start_s"].to_numpy(), events["end_s"].to_numpy()
    both = np.minimum(end, trap.end) - np.maximum(start, trap.start)
    inside = (both >= RAISED_SHARE * (end - start)) & (both >= 0)
    nobody = (events["mmsi"] == 0).to_numpy()
    inside |= nobody & _at_the_time(trap, events)
    of_kind = (events["kind"] == trap.kind).to_numpy()
    return np.flatnonzero(inside & of_kind & _about(trap, events))


def _at_the_time(one: Planted, events: pd.DataFrame) -> Bools:
    moment = (events["mmsi"] == 0) | (events["kind"] == SIGHTING)
    slack_s = np.where(moment, SAME_TIME_S, 0.0)
    begins_before = (events["start_s"] - slack_s <= one.end).to_numpy()
    return np.asarray(begins_before & (events["end_s"] + slack_s >= one.start).to_numpy())


def _another_leg(one: Planted, events: pd.DataFrame) -> Bools:
    """Crossings beside a planted one: it is planted one way, and who went over goes home too."""
    if one.kind != CROSSING:
        return np.zeros(len(events), bool)
    leg = (events["kind"] == CROSSING).to_numpy(copy=True)
    leg &= (events["start_s"] <= one.end + LEG_WITHIN_S).to_numpy()
    leg &= (events["end_s"] >= one.start - LEG_WITHIN_S).to_numpy()
    return np.asarray(leg & (_away_m(one, events) <= LEG_WITHIN_M))


def _about(one: Planted, events: pd.DataFrame) -> Bools:
    """Events that involve one of its vessels, or, if they have none, are where it is."""
    some = [vessel for vessel in (one.mmsi, one.other_mmsi) if vessel]
    named = (events["mmsi"].isin(some) | events["other_mmsi"].isin(some)).to_numpy()
    return np.asarray(named | ((events["mmsi"] == 0).to_numpy() & _there(one, events)))


def _there(one: Planted, events: pd.DataFrame) -> Bools:
    return _away_m(one, events) <= SAME_PLACE_M


def _away_m(one: Planted, events: pd.DataFrame) -> Floats:
    return np.asarray(geodesy.distance_m(events["lat"], events["lon"], one.lat, one.lon))
