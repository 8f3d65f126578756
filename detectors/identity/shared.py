"""Two vessels that say the same, or alike."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from detectors.core.arrays import Ints
from detectors.core.detector import Context
from detectors.core.frames import SECOND_US
from detectors.identity.going_on import at_sea
from detectors.identity.limits import Limits
from detectors.identity.story import SCORES, Story, VesselReports
from detectors.kinematics import geodesy
from detectors.vessels import namesakes
from detectors.vessels.numbers import plain

SHARED_SCORES: Final[Mapping[str, float]] = {"apart": 0.65, "in turn": 0.15, "together": 0.15}
IMPOSSIBLE_SCORE: Final = 0.5
AT_SEA: Final = "one after the other, renamed at sea"
"""How two are that one hull was that changed number and name on a voyage: Windward & C4ADS (2021)
tell of hulls that go silent under one identity and come back under another. Who is sold or changes
her flag gets papers and a set's new number where clerks and technicians are. A judgement."""
HOW_SETTINGS: Final = ("min_switches", "max_together_m", "max_transit_kn")
"""Parameters that tell whether two are apart, together or heard in turn."""


def shared(
    limits: Limits,
    reports: VesselReports,
    numbers: Sequence[namesakes.Shared],
    names: Sequence[namesakes.Shared],
    named: pd.DataFrame,
    context: Context,
) -> Iterator[Story]:
    """Return the stories of vessels that say the same IMO number, or names that look alike.

    `named`: what they said of their names, `statement.spans`.
    """
    heard = set(reports.vessels.tolist())
    for one in numbers:
        if one.mmsi in heard and one.other_mmsi in heard:
            yield _shared_imo(limits, one, reports, named, context)
    for one in names:
        if one.mmsi in heard and one.other_mmsi in heard:
            yield _look_alike(limits, one, reports)


def _shared_imo(
    limits: Limits,
    shared: namesakes.Shared,
    reports: VesselReports,
    named: pd.DataFrame,
    context: Context,
) -> Story:
    """Return the story of one IMO number under two MMSIs: heard at once or not, how far apart."""
    since_us = shared.start_us - limits.memory_s * SECOND_US
    rows = [reports.between(m, since_us, shared.last_us) for m in (shared.mmsi, shared.other_mmsi)]
    own = np.concatenate(rows)
    own = own[np.lexsort((reports.mmsi[own], reports.time_us[own]))]
    turn = np.flatnonzero(np.diff(reports.mmsi[own]) != 0)
    here, there = own[turn], own[turn + 1]
    apart_m = np.atleast_1d(geodesy.apart_m(reports, here, there))
    apart_s = (reports.time_us[there] - reports.time_us[here]) / SECOND_US
    needed_kn = np.atleast_1d(geodesy.speed_kn(apart_m, np.maximum(apart_s, 1.0)))
    distance_m = float(np.median(apart_m)) if len(turn) else float("nan")
    if len(turn) < limits.min_switches:
        how = "in turn"
    else:
        how = "apart" if distance_m > limits.max_together_m else "together"
    fastest_kn = float(needed_kn.max()) if len(turn) else float("nan")
    score = SHARED_SCORES[how]
    if how == "in turn" and fastest_kn > limits.max_transit_kn and distance_m > 5000.0:
        how, score = "too far apart for one ship", IMPOSSIBLE_SCORE
    row, other = (reports.at(m, shared.start_us) for m in (shared.mmsi, shared.other_mmsi))
    renamed = how == "in turn" and _renamed(limits, shared, named)
    if renamed and _at_sea(reports, np.r_[here, there], context):
        how, score = AT_SEA, SCORES["changed_name"]
    evidence = {
        "how": how,
        "new_value": shared.value,
        "n_switches": len(turn),
        "median_distance_m": distance_m,
        "needed_speed_kn": fastest_kn,
        "said_before_s": (shared.start_us - shared.since_us) / SECOND_US,
        "n_reports": len(own),
        "first_report_source": reports.source_of(row),
        "last_report_source": reports.source_of(other),
    }
    return _story("shared_imo", shared, reports, (row, other), score, evidence, HOW_SETTINGS)


def _renamed(limits: Limits, shared: namesakes.Shared, named: pd.DataFrame) -> bool:
    """Tell whether both said a name, and none that the other said."""
    since_us = shared.since_us - limits.memory_s * SECOND_US
    about = (named["last_us"] >= since_us) & (named["first_us"] <= shared.last_us)
    said = named[about.to_numpy(bool)]
    own, others = (
        {plain(value) for value in said.loc[(said["mmsi"] == mmsi).to_numpy(bool), "value"]}
        for mmsi in (shared.mmsi, shared.other_mmsi)
    )
    return bool(own and others and not own & others)


def _at_sea(reports: VesselReports, rows: Ints, context: Context) -> bool:
    """Tell whether no report, the last of one or the first of the other, is of a port, an anchorage
    or the shore. What a ship says of herself may be heard hours after where she is.
    """
    if not len(rows):
        return False
    return bool(at_sea(context, reports.lat[rows], reports.lon[rows]).all())


def _look_alike(limits: Limits, pair: namesakes.Shared, reports: VesselReports) -> Story:
    """Return the story of two vessels whose names or call signs look the same."""
    row, other = (reports.at(m, pair.start_us) for m in (pair.mmsi, pair.other_mmsi))
    ends = (reports.lat[row], reports.lon[row], reports.lat[other], reports.lon[other])
    evidence = {
        "new_value": pair.value,
        "old_value": pair.other_value,
        "distance_m": float(geodesy.distance_m(*ends)),
        "said_before_s": (pair.start_us - pair.since_us) / SECOND_US,
        "n_reports": 2,
        "first_report_source": reports.source_of(row),
        "last_report_source": reports.source_of(other),
    }
    score, settings = SCORES["look_alike"], ("min_said_s",)
    return _story("look_alike", pair, reports, (row, other), score, evidence, settings)


def _story(
    subkind: str,
    both: namesakes.Shared,
    reports: VesselReports,
    rows: tuple[int, int],
    score: float,
    evidence: Mapping[str, Any],
    settings: tuple[str, ...],
) -> Story:
    """Return the story of two vessels, from their reports when it began."""
    return Story(
        subkind,
        (int(reports.track[rows[0]]), int(reports.track[rows[1]])),
        both.start_us,
        max(both.last_us, both.start_us),
        float(reports.lat[rows[0]]),
        float(reports.lon[rows[0]]),
        score,
        evidence,
        settings,
    )
