"""Where vessels will be: dead reckoning along what was learned of their ways, with uncertainty.

What a vessel did in the hour before it was last heard says how it goes on:

- *still*: at anchor, moored or aground, or without way. It stays.
- *working*: slow, or going to and fro. It stays about there and spreads like a random walk.
- *under way*: it keeps its speed made good. In a learned lane it takes the lane's direction; in a
  learned ferry route it goes on to the end, lies there, and comes back; elsewhere it keeps its
  course. Where land lies ahead it turns as little as clears it, and stops where nothing does.

The error is a bivariate Student t along and across the course: its scale is that of a fix at first
and grows in proportion to time and speed (a wrong speed along, a wrong course across), with the
square root of time for what wanders. A normal distribution wouldn't do: most vessels keep on, some
turn off, so that errors are either small or very large. The growth and the tails are fitted so that
the region said to hold 80 % does (tests/pipelines/patrol/calibration.py). That dead reckoning errs
in proportion to the distance run is the rule of search and rescue (IAMSAR Manual vol. II).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.core.arrays import Floats, Ints
from detectors.core.frames import SECOND_US
from detectors.kinematics import geodesy
from detectors.surroundings import lanes
from detectors.surroundings.zones import Zones
from pipelines.patrol.ferries import Ferries
from pipelines.patrol.motions import Motions
from pipelines.patrol.prediction import (
    LANE_TURN_DEG,
    STEP_S,
    STILL,
    UNDER_WAY,
    WORKING,
    Along,
    How,
    Prediction,
    PredictionParameters,
)
from pipelines.patrol.seamap import SeaMap

_LOOK_AHEAD_S: Final = 1800
_TURNS_DEG: Final = (0.0, 15.0, -15.0, 30.0, -30.0, 45.0, -45.0, 60.0, -60.0, 75.0, -75.0)


def predict(
    motion: Motions,
    start_us: int,
    end_us: int,
    parameters: PredictionParameters,
    zones: Zones | None = None,
    sea: SeaMap | None = None,
) -> Prediction:
    """Return where vessels will be between two times.

    Parameters
    ----------
    start_us, end_us
        The span, microseconds since 1970-01-01 UTC; the ticks are the multiples of `STEP_S` that
        hold it.
    zones
        Lanes and ferry routes among them are followed. None: neither is.
    sea
        Where land is. None: land is no obstacle.
    """
    step_us = STEP_S * SECOND_US
    first, last = start_us // step_us, -(-end_us // step_us)
    ticks = np.arange(first, last + 1) * step_us
    n = len(motion)
    lat, lon, course = (np.full((n, len(ticks)), np.nan) for _ in range(3))
    along_m, across_m = np.full((n, len(ticks)), np.nan), np.full((n, len(ticks)), np.nan)
    moving = motion.mode == UNDER_WAY
    ferries = Ferries.of(motion, moving, zones, parameters)
    at_lat, at_lon, towards = motion.lat.copy(), motion.lon.copy(), motion.course_deg.copy()
    going = moving & ~ferries.aboard
    guided = np.zeros(n)  # how much of the distance run was along a lane
    followed = np.zeros(n, bool)
    begin = int(motion.time_us.min()) // step_us if n else first
    for tick in range(min(begin, first), last + 1):
        now = tick * step_us
        elapsed_s = np.clip((now - motion.time_us) / SECOND_US, 0.0, STEP_S)
        rows = np.flatnonzero(going & (elapsed_s > 0))
        if len(rows):
            in_lane = _take_lanes(at_lat, at_lon, towards, rows, zones)
            clear = _turn_from_land(at_lat, at_lon, towards, rows, motion.speed_kn, sea)
            going[rows[~clear]] = False
            metres = motion.speed_kn[rows] * geodesy.KNOT_MPS * elapsed_s[rows]
            guided[rows] += np.where(in_lane, metres, 0.0)
            followed[rows] |= in_lane
            metres = np.where(clear, metres, 0.0)
            at_lat[rows], at_lon[rows] = geodesy.destination(
                at_lat[rows], at_lon[rows], towards[rows], metres
            )
        column = tick - first
        if column < 0:
            continue
        heard = motion.time_us <= now
        hours = np.maximum((now - motion.time_us) / SECOND_US / 3600.0, 0.0)
        lat[heard, column], lon[heard, column] = at_lat[heard], at_lon[heard]
        course[heard, column] = towards[heard]
        ferries.put(now, lat[:, column], lon[:, column], course[:, column])
        along, across = _scales(motion, hours, guided, ferries, parameters)
        along_m[heard, column], across_m[heard, column] = along[heard], across[heard]
    return Prediction(
        motion.mmsi,
        ticks,
        lat,
        lon,
        course,
        along_m,
        across_m,
        _dof(motion, parameters),
        tuple(
            _how(motion, row, bool(followed[row]), bool(ferries.aboard[row])) for row in range(n)
        ),
    )


def _dof(motion: Motions, parameters: PredictionParameters) -> Floats:
    by_mode = {
        STILL: parameters.still_dof,
        WORKING: parameters.working_dof,
        UNDER_WAY: parameters.under_way_dof,
    }
    return np.array([by_mode[str(mode)] for mode in motion.mode], "float64")


def _how(motion: Motions, row: int, in_lane: bool, aboard: bool) -> How:
    along: Along = "ferry" if aboard else "lanes" if in_lane else ""
    return How(
        str(motion.mode[row]),
        float(motion.course_deg[row]),
        float(motion.speed_kn[row]),
        along,
    )


def _take_lanes(
    lat: Floats, lon: Floats, towards: Floats, rows: Ints, zones: Zones | None
) -> NDArray[np.bool_]:
    """Turn vessels in a lane into its direction; says which are in one they follow."""
    followed = np.zeros(len(rows), bool)
    if zones is None:
        return followed
    point, zone = zones.members(lat[rows], lon[rows], ("lane",))
    direction = zones.direction_deg[zone]
    turn = lanes.turned_deg(direction, towards[rows[point]])
    fits = np.flatnonzero(np.isfinite(direction) & (turn <= LANE_TURN_DEG))
    order = fits[np.lexsort((zone[fits], turn[fits]))][::-1]  # the best fitting one is put last
    towards[rows[point[order]]] = direction[order]
    followed[point[order]] = True
    return followed


def _turn_from_land(
    lat: Floats, lon: Floats, towards: Floats, rows: Ints, speed_kn: Floats, sea: SeaMap | None
) -> NDArray[np.bool_]:
    """Turn vessels that have land ahead as little as clears it; says which have a way ahead.

    One that lies nearer to land than the clearance (a fairway, a berth) keeps its course while
    that leads to free water within a step.
    """
    clear = np.ones(len(rows), bool)
    if sea is None:
        return clear
    ahead_m = speed_kn[rows] * geodesy.KNOT_MPS * _LOOK_AHEAD_S
    there = geodesy.destination(lat[rows], lon[rows], towards[rows], ahead_m)
    free = sea.free(lat[rows], lon[rows])
    step_m = ahead_m * STEP_S / _LOOK_AHEAD_S
    near = geodesy.destination(lat[rows], lon[rows], towards[rows], step_m)
    clear[~free & ~sea.free(*near) & sea.covers(*near)] = False
    blocked = free & ~sea.sees(lat[rows], lon[rows], *there)
    turned = np.flatnonzero(blocked & sea.covers(*there))
    clear[turned] = False
    for turn in _TURNS_DEG[1:]:
        ask = turned[~clear[turned]]
        if not len(ask):
            break
        here, heading = rows[ask], towards[rows[ask]] + turn
        there = geodesy.destination(lat[here], lon[here], heading, ahead_m[ask])
        open_ = sea.sees(lat[here], lon[here], *there)
        towards[here[open_]] = heading[open_] % 360.0
        clear[ask[open_]] = True
    return clear


def _scales(
    motion: Motions,
    hours: Floats,
    guided_m: Floats,
    ferries: Ferries,
    parameters: PredictionParameters,
) -> tuple[Floats, Floats]:
    still, working = motion.mode == STILL, motion.mode == WORKING
    # What stopped for land before it is all the less certain to be there: the time counts on.
    sailed = motion.speed_kn * geodesy.KNOT_MPS * 3600.0 * hours
    free_m = np.maximum(sailed - guided_m, 0.0)
    grown_along = parameters.along_fraction * sailed
    grown_across = parameters.across_fraction * free_m + parameters.lane_across_fraction * guided_m
    limit = ferries.length_m / 2
    ferry_m = np.minimum(parameters.along_fraction * sailed, limit)
    grown_along = np.where(ferries.aboard, ferry_m, grown_along)
    grown_across = np.where(ferries.aboard, ferries.half_width_m, grown_across)
    stay_m = np.where(
        still,
        parameters.still_m_per_h * hours,
        parameters.working_m_per_sqrt_h * np.maximum(motion.speed_kn, 0.5) * np.sqrt(hours),
    )
    stays = still | working
    along = np.hypot(parameters.fix_m, np.where(stays, stay_m, grown_along))
    across = np.hypot(parameters.fix_m, np.where(stays, stay_m, grown_across))
    return along, across
