"""An earlier stretch of the same track once more."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd

from detectors.core.arrays import Ints
from detectors.core.evidence import at_least
from detectors.core.frames import SECOND_US
from detectors.kinematics import copies, geodesy, hull_limits, timegrid
from detectors.kinematics.reports import Reports
from detectors.spoofing.limits import Limits
from detectors.spoofing.story import Scene, Story, leap_m

SAMPLED: Final = 4
"""One position in so many, chosen by its own digits, is looked up to find vessels whose positions
repeat themselves; those are then looked at whole."""
FEWEST: Final = 10
"""Copies in a stretch that can be a replay: a few places are hit again by chance."""
ONE_LAG_S: Final = 60.0
"""Copies of one replay come after one lag, to the minute."""


WHOLE: Final = 30
WHOLE_SHARE: Final = 0.95
"""So many moving positions, nearly all of a stretch, after one lag to the second need no leap. A
ferry hits the same ten-thousandth of a minute now and then, not thirty times on end."""


def replayed(limits: Limits, scene: Scene) -> Iterator[Story]:
    """Find stretches that repeat earlier positions of the vessel after a constant time."""
    reports, moving = scene.reports, scene.moving
    digits = np.rint((reports.lat[moving] + reports.lon[moving]) * copies.UNIT_PER_DEG).astype(
        "int64"
    )
    sample = moving[digits % SAMPLED == 0]
    mmsi = reports.track[sample] // 100
    key = pd.util.hash_array(copies.places(reports.lat[sample], reports.lon[sample])) + mmsi.astype(
        "uint64"
    )
    again = pd.Series(key).duplicated().to_numpy()
    candidates, counts = np.unique(mmsi[again], return_counts=True)
    for vessel in candidates[counts >= 3].tolist():
        low, high = np.searchsorted(reports.track, [vessel * 100, vessel * 100 + 100]).tolist()
        own = moving[slice(*np.searchsorted(moving, [low, high]))]
        places = copies.places(reports.lat[own], reports.lon[own])
        by_place = np.lexsort((reports.time_us[own], places))
        order = own[by_place]
        lag_us = np.diff(reports.time_us[order])
        same = np.diff(places[by_place]) == 0
        same &= (lag_us >= limits.min_lag_s * SECOND_US) & (lag_us <= limits.max_lag_s * SECOND_US)
        copy, lag_us = order[1:][same], lag_us[same]
        by_track = np.argsort(copy, kind="stable")
        copy, lag_us = copy[by_track], lag_us[by_track]
        if len(copy) < FEWEST:
            continue
        cut = np.diff(reports.time_us[copy]) > limits.alive_s * SECOND_US
        cut |= np.abs(np.diff(lag_us)) > ONE_LAG_S * SECOND_US
        starts, ends = timegrid.stretches(reports.track[copy], cut=cut)
        some = ends - starts + 1 >= FEWEST  # of who comes back each day, nearly all are of one copy
        starts, ends = starts[some], ends[some]
        for i, j in zip(starts.tolist(), ends.tolist(), strict=True):
            a, b, n = int(copy[i]), int(copy[j]), j - i + 1
            duration_s = reports.seconds(a, b)
            share = n / max(int(np.diff(np.searchsorted(own, [a, b + 1]))[0]), 1)
            if duration_s < 2 * limits.min_duration_s or share < limits.min_copied_fraction:
                continue
            lag_s = float(np.median(lag_us[i : j + 1])) / SECOND_US
            off_m = max(
                leap_m(reports, a - 1, a, 5.0), _around_m(limits, reports, slice(low, high), a, b)
            )
            if a - reports.span_of(int(reports.track[a]))[0] <= 2 and reports.track[a] % 100 > 1:
                off_m = hull_limits.MAX_JUMP_M  # a further track begins where none can have got to
            off_m = max(off_m, leap_m(reports, b, b + 1, 5.0))
            # Who sails the same way each day leaps not, nor does all of it to the last digit.
            whole = n >= WHOLE and share >= WHOLE_SHARE and np.ptp(lag_us[i : j + 1]) <= SECOND_US
            if off_m < limits.min_leap_m and not whole:
                continue
            others = np.r_[reports.time_us[low:a], reports.time_us[b + 1 : high]]
            live = np.count_nonzero((others > reports.time_us[a]) & (others < reports.time_us[b]))
            evidence = {
                "n_copied": n,
                "copied_fraction": at_least(share, limits, "min_copied_fraction"),
                "lag_s": at_least(lag_s, limits, "min_lag_s"),
                "leapt": True,
                "leap_m": off_m if whole else at_least(off_m, limits, "min_leap_m"),
                "also_live": bool(live >= 0.2 * (b - a + 1)),
            }
            yield scene.story("replay", a, b, 0.6, evidence)


def repeats(limits: Limits, reports: Reports, homes: Ints, a: int, b: int) -> dict[str, Any]:
    """Return what an excursion repeats of earlier tracks, as evidence; nothing if it doesn't: few
    reports are enough where the vessel can't have got to.
    """
    own = np.arange(a, b + 1)
    if geodesy.apart_m(reports, a, own).max() < limits.min_moved_m:
        return {}
    earlier = homes[reports.time_us[homes] < reports.time_us[a]]
    keys = copies.places(reports.lat[earlier], reports.lon[earlier])
    order = np.argsort(keys, kind="stable")
    wanted = copies.places(reports.lat[own], reports.lon[own])
    at = np.searchsorted(keys[order], wanted, side="right") - 1
    same = (at >= 0) & (keys[order][np.maximum(at, 0)] == wanted) if len(order) else at >= 0
    lag_us = reports.time_us[own[same]] - reports.time_us[earlier[order[at[same]]]]
    if len(lag_us) < limits.min_reports:
        return {}
    lag_s = float(np.median(lag_us)) / SECOND_US
    n = int(np.count_nonzero(np.abs(lag_us / SECOND_US - lag_s) <= ONE_LAG_S))
    if n < max(limits.min_reports, limits.min_copied_fraction * len(own)):
        return {}
    if not limits.min_lag_s <= lag_s <= limits.max_lag_s:
        return {}
    return {
        "n_copied": n,
        "copied_fraction": at_least(n / len(own), limits, "min_copied_fraction"),
        "lag_s": at_least(lag_s, limits, "min_lag_s"),
        "also_live": False,
    }


def _around_m(limits: Limits, reports: Reports, own: slice, a: int, b: int) -> float:
    """Return how far the vessel leapt beyond what it can have gone, whatever its tracks, shortly
    before report a or after b.
    """
    rows = np.arange(own.start, own.stop)
    rows = rows[np.argsort(reports.time_us[rows], kind="stable")]
    times, near_us = reports.time_us[rows], limits.min_duration_s * SECOND_US
    first, last = reports.time_us[[a, b]]
    here, there = rows[:-1], rows[1:]
    edge = (times[1:] >= first - near_us) & (times[:-1] < first)
    edge |= (times[1:] > last) & (times[:-1] <= last + near_us)
    here, there = here[edge], there[edge]
    fastest_kn = np.fmax(np.fmax(reports.sog_kn[here], reports.sog_kn[there]), 5.0) + 5.0
    gone_m = fastest_kn * geodesy.KNOT_MPS * (times[1:] - times[:-1])[edge] / SECOND_US
    gone_m -= geodesy.apart_m(reports, here, there)
    return float(-gone_m.min(initial=0.0))
