"""Interference with satellite navigation: false fixes of several vessels at one place."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.frames import SECOND_US
from detectors.kinematics import geodesy
from detectors.kinematics.integrity.verdicts import JAMMED_S, Reports, Verdict

JAMMED_VESSELS: Final = 3
JAMMED_DEG: Final = 0.25
"""False fixes of so many vessels within an hour at one place are of one interference: spoofed
receivers all claim the same place (Bergman, Systematic GPS manipulation, 2019)."""

MISSED_M: Final = 500.0
MISSED_SHARE: Final = 0.5
"""By more than this, and half of the way that the slower of two reports makes, the place of the
next one is missed by going on from either as it states: what a vessel does that starts, stops or
turns stays below."""


def astray(reports: Reports, false: Ints) -> Ints:
    """Return hour, square north and east, and vessel of false fixes, each once, on a fixed grid."""
    cells = _cells(reports.time_us[false], reports.lat[false], reports.lon[false])
    return np.unique(np.c_[cells, reports.mmsi[false]], axis=0)


def jammed_places(of_parts: Sequence[Ints]) -> Ints:
    """Return the hours and squares in which several vessels had false fixes (see `astray`)."""
    vessels = np.unique(np.concatenate(of_parts), axis=0)
    places, n_vessels = np.unique(vessels[:, :3], axis=0, return_counts=True)
    return np.asarray(places[n_vessels >= JAMMED_VESSELS])


def mark_interference(
    reports: Reports, verdict: NDArray[np.uint8], hull: NDArray[np.uint8], around: Bools
) -> None:
    """Mark the false fixes among reports where and when there was interference (`around`, see
    `in_squares_around`), in place; and what else of these fits neither the report before nor the
    one behind it.

    A boat adrift whose fixes scatter by a mile can have gone each of these miles: by itself it
    can't be told from one that went about, in the company of others whose fixes scatter it can.
    """
    if not around.any():
        return
    loose = _fits_nowhere(reports, hull, around)
    loose |= _nowhere_else(reports, verdict, hull, around)
    loose &= around
    verdict[around & (verdict == Verdict.FALSE_FIX) | loose] = Verdict.INTERFERENCE
    hull[loose] = 0


def in_squares_around(time_us: Ints, lat: Floats, lon: Floats, jammed: Ints) -> Bools:
    """Tell which places are of such an hour and square, or one beside it: fixes scatter over the
    edge of a square too.
    """
    found = np.zeros(len(time_us), bool)
    if not len(jammed):
        return found
    shifts = np.array([(0, north, east) for north in (-1, 0, 1) for east in (-1, 0, 1)])
    wanted = (jammed[:, None, :] + shifts).reshape(-1, 3)
    low = wanted.min(axis=0)
    there = np.zeros(wanted.max(axis=0) - low + 1, bool)
    there[tuple((wanted - low).T)] = True
    hour = time_us // (JAMMED_S * SECOND_US) - low[0]
    rows = np.flatnonzero((hour >= 0) & (hour < len(there)))
    # Few hours, of which few squares: the others need no square.
    rows = rows[np.asarray(there.any(axis=(1, 2)))[hour[rows]]]
    north, east = (
        _square(values[rows]) - first for values, first in ((lat, low[1]), (lon, low[2]))
    )
    inside = (north >= 0) & (north < there.shape[1]) & (east >= 0) & (east < there.shape[2])
    rows = rows[inside]
    found[rows] = there[hour[rows], north[inside], east[inside]]
    return found


def _cells(time_us: Ints, lat: Floats, lon: Floats) -> Ints:
    return np.column_stack([time_us // (JAMMED_S * SECOND_US), _square(lat), _square(lon)])


def _square(degrees: Floats) -> Ints:
    return np.floor(degrees / JAMMED_DEG).astype("int64")


def _fits_nowhere(reports: Reports, hull: NDArray[np.uint8], around: Bools) -> Bools:
    """Tell which reports of hulls are where neither the one before nor the one behind has them, of
    some: of the others it isn't told.

    One that has no other of its hull within an hour on a side fits nothing there.
    """
    rows = np.flatnonzero(hull)
    # In the order of time already: mostly there is nothing to sort.
    order = rows[np.argsort(reports.mmsi[rows] * 256 + hull[rows], kind="stable")]
    asked = np.flatnonzero(around[order[:-1]] | around[order[1:]])
    a, b = order[asked], order[asked + 1]
    passed_s = (reports.time_us[b] - reports.time_us[a]) / SECOND_US
    joined = (reports.mmsi[a] == reports.mmsi[b]) & (hull[a] == hull[b]) & (passed_s <= JAMMED_S)
    a, b, passed_s = a[joined], b[joined], passed_s[joined]
    slower_kn = np.fmin(reports.sog[a], reports.sog[b])
    way_m = np.nan_to_num(slower_kn) * geodesy.KNOT_MPS * passed_s
    limit_m = MISSED_M + MISSED_SHARE * way_m
    misses = _missed_m(reports, a, b, passed_s) > limit_m
    # Going back is asked of the few that going on doesn't bring there.
    left = np.flatnonzero(misses)
    misses[left] = _missed_m(reports, b[left], a[left], -passed_s[left]) > limit_m[left]
    nowhere = np.zeros(len(reports), bool)
    nowhere[order] = True
    nowhere[a[~misses]] = False
    nowhere[b[~misses]] = False
    return nowhere


def _nowhere_else(
    reports: Reports, verdict: NDArray[np.uint8], hull: NDArray[np.uint8], around: Bools
) -> Bools:
    """Tell which reports are of further hulls of a number that are heard there and then only."""
    further = np.flatnonzero(verdict == Verdict.OTHER_HULL)
    _, of = np.unique(reports.mmsi[further] * 256 + hull[further], return_inverse=True)
    elsewhere = np.bincount(of, weights=~around[further]) > 0
    nowhere = np.zeros(len(reports), bool)
    nowhere[further] = ~elsewhere[of]
    return nowhere


def _missed_m(reports: Reports, here: Ints, there: Ints, passed_s: NDArray[np.float64]) -> Ints:
    """Return how far off `there` a vessel comes that goes on (or back) from `here` as it states."""
    way_m = np.nan_to_num(reports.sog[here]) * geodesy.KNOT_MPS * passed_s
    course = np.nan_to_num(reports.cog[here])
    lat, lon = geodesy.destination(reports.lat[here], reports.lon[here], course, way_m)
    return np.asarray(geodesy.distance_m(lat, lon, reports.lat[there], reports.lon[there]))
