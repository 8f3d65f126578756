"""How two came to one another and parted: how fast, which of them, and from which side."""

from typing import Any, Final

import numpy as np

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.detector import Context
from detectors.core.frames import INTERFERENCE, SECOND_US, epoch_us
from detectors.encounter.limits import Limits
from detectors.encounter.pairs import Pairs
from detectors.encounter.passes import thin
from detectors.kinematics import geodesy, timegrid
from detectors.kinematics.reports import Reports
from detectors.surroundings import sun

LEG_S: Final = 600
"""Approach and parting are measured over ten minutes: a sixth of an hour, five steps."""
LOOKS: Final = 6
"""Steps, twelve minutes."""
CLEAR_OF_S: Final = 960
"""What is looked at around a meeting: `LOOKS` and two steps more, and a leg of ten minutes."""
COMING: Final = ("approach_kn", "closing_kn", "came_kn", "other_came_kn")
GOING: Final = ("parting_kn", "leaving_kn", "went_kn", "other_went_kn")
MMSI_UNIT: Final = 2**32
"""Steps of time counted from 1970 are fewer."""
STERN_SECTOR_DEG: Final = 67.5
"""To either side of right astern: the arc of the sternlight, within which who comes up overtakes
(COLREG 1972, rules 13(b) and 21(c))."""
PORT_LOOKS_S: Final = tuple(range(900, 7201, 900))
"""Every quarter of an hour in the two hours before and after: 15 nm at 8 kn are less."""
PASSAGE_LEGS: Final = 6
"""Legs in the hour before: a ship takes the way off her for a pilot within half of one."""
SLOWED: Final = 0.8
"""A stream that changes within an hour makes less of a difference."""
ASTERN_LOOKS: Final = (1, 2, 3, 4)
ASTERN_ENOUGH: Final = 2
"""Steps before they were together at which the side is looked at. The two nearest that are known
must agree: what counts is the side that it comes up on; before, a boat comes from wherever its
beach is. One known has to do where there are no two."""


def dynamics(
    limits: Limits,
    reports: Reports,
    grid: timegrid.Grid,
    context: Context,
    pairs: Pairs,
    first: Ints,
    last: Ints,
    boat: Bools,
) -> dict[str, Any]:
    """Return, by name, how fast they came and parted, from and to which places, and whether a boat
    came from astern by night.

    `boat` has a row for each vessel of the pair and tells where it is a small craft beside a larger
    vessel. Speeds are unknown where either wasn't heard ten minutes before or after.
    """
    sides = np.stack([pairs.left, pairs.right])
    shift = LEG_S // limits.step_s
    begin, end = sides[:, first], sides[:, last] + 1
    before, after = _shifted(grid, begin, -shift), _shifted(grid, end, shift)
    met_m = _apart_m(grid, begin)
    columns: dict[str, Any] = {
        "approach_kn": geodesy.speed_kn(_apart_m(grid, before) - met_m, LEG_S),
        "parting_kn": geodesy.speed_kn(_apart_m(grid, after) - _apart_m(grid, end), LEG_S),
    }
    for name, rows, sign in (("closing_kn", begin, -1), ("leaving_kn", end, 1)):
        columns[name] = _fastest_kn(grid, rows, sign)
    coming, going = _jammed(grid, context, begin, -1), _jammed(grid, context, end, 1)
    legs = zip(("", "other_"), before, begin, end, after, strict=True)
    for prefix, was, came, left, went in legs:
        columns[f"{prefix}came_kn"] = geodesy.speed_kn(_moved_m(grid, was, came), LEG_S)
        columns[f"{prefix}went_kn"] = geodesy.speed_kn(_moved_m(grid, left, went), LEG_S)
    for jammed, names in ((coming, COMING), (going, GOING)):
        columns |= {name: np.where(jammed, np.nan, columns[name]) for name in names}
    for prefix, came, left in zip(("", "other_"), begin, end, strict=True):
        columns[f"{prefix}came_from_port"] = _from_port(limits, grid, came, context)
        columns[f"{prefix}went_to_port"] = _to_port(limits, reports, grid, left, context)
        columns[f"{prefix}passage_kn"] = _passage_kn(grid, came)
    columns["from_astern"] = _from_astern(limits, grid, begin, boat).tolist()
    time_us = grid.tick[begin[0]] * grid.step_s * SECOND_US
    altitude_deg = sun.altitude_deg(time_us, grid.lat[begin[0]], grid.lon[begin[0]])
    columns["in_the_dark"] = np.atleast_1d(altitude_deg < limits.max_sun_altitude_deg).tolist()
    return columns


def _fastest_kn(grid: timegrid.Grid, rows: Ints, sign: int) -> Floats:
    """Return the fastest that two came nearer before rows (sign -1), or parted after (1), over any
    two steps of the `LOOKS` around: a report of either that is minutes old can cut its first or
    last minutes alongside off a meeting.
    """
    apart_m = np.stack([_apart_m(grid, _shifted(grid, rows, sign * k)) for k in range(LOOKS + 3)])
    opened_m = apart_m[2:] - apart_m[:-2]
    return np.asarray(geodesy.speed_kn(np.fmax.reduce(opened_m), 2 * grid.step_s))


def _jammed(grid: timegrid.Grid, context: Context, rows: Ints, sign: int) -> Bools:
    """Tell of pairs of rows whether interference scattered fixes of either vessel before them (sign
    -1) or after (1).
    """
    noise = context.noise
    jammed = (noise["reason"] == INTERFERENCE).to_numpy(bool)
    tick = epoch_us(noise["time"])[jammed] // (grid.step_s * SECOND_US)
    scattered = np.sort(noise["mmsi"].to_numpy("int64")[jammed] * MMSI_UNIT + tick)
    here = grid.track_id[rows] // 100 * MMSI_UNIT + grid.tick[rows]
    there = here + sign * (CLEAR_OF_S // grid.step_s)
    low, high = np.minimum(here, there), np.maximum(here, there)
    found = np.searchsorted(scattered, high, side="right") > np.searchsorted(scattered, low)
    return np.asarray(found.any(axis=0))


def _shifted(grid: timegrid.Grid, rows: Ints, by: int) -> Ints:
    """Return the rows of the same tracks so many ticks on, -1 where there is none."""
    moved = [grid.rows_at(grid.track_id[side], grid.tick[side] + by) for side in rows]
    return np.stack(moved)


def _apart_m(grid: timegrid.Grid, rows: Ints) -> Floats:
    return _moved_m(grid, rows[0], rows[1])


def _moved_m(grid: timegrid.Grid, a: Ints, b: Ints) -> Floats:
    """Return how far apart grid rows are, NaN where one of them isn't known."""
    away_m = geodesy.apart_m(grid, a, b)
    return np.where((a >= 0) & (b >= 0), away_m, np.nan)


def _from_port(
    limits: Limits, grid: timegrid.Grid, begin: Ints, context: Context
) -> list[bool | None]:
    """Tell whether each was in a port at one of the moments before; None if not heard at any."""
    looks = [_looked(grid, begin, -back_s) for back_s in PORT_LOOKS_S]
    inside = [_in_port(limits, grid, rows, context) for rows in looks]
    heard = np.any([rows >= 0 for rows in looks], axis=0)
    return [bool(i) if h else None for i, h in zip(np.any(inside, axis=0), heard, strict=True)]


def _to_port(
    limits: Limits, reports: Reports, grid: timegrid.Grid, end: Ints, context: Context
) -> list[bool | None]:
    """Tell whether each was in a port at one of the moments after; None of one that wasn't, and
    isn't heard at the last of them. What lies in a long silence isn't known in time.
    """
    looks = [_looked(grid, end, after_s) for after_s in PORT_LOOKS_S]
    looks = [np.where(thin(limits, reports, grid, rows), -1, rows) for rows in looks]
    inside = np.any([_in_port(limits, grid, rows, context) for rows in looks], axis=0)
    heard = looks[-1] >= 0
    return [bool(i) if i or h else None for i, h in zip(inside, heard, strict=True)]


def _looked(grid: timegrid.Grid, rows: Ints, after_s: int) -> Ints:
    """Return the rows of the same tracks so many seconds on, -1 where there is none."""
    return grid.rows_at(grid.track_id[rows], grid.tick[rows] + after_s // grid.step_s)


def _in_port(limits: Limits, grid: timegrid.Grid, rows: Ints, context: Context) -> Bools:
    inside, known = np.zeros(len(rows), bool), np.flatnonzero(rows >= 0)
    at = grid.lat[rows[known]], grid.lon[rows[known]]
    inside[known] = context.zones.within(*at, limits.excluded_classes)
    return inside


def _passage_kn(grid: timegrid.Grid, begin: Ints) -> Floats:
    """Return the fastest that each went over a leg in the hour before, NaN where not heard."""
    marks = [_looked(grid, begin, -LEG_S * k) for k in range(PASSAGE_LEGS + 1)]
    legs_m = [_moved_m(grid, a, b) for a, b in zip(marks[1:], marks[:-1], strict=True)]
    return np.asarray(geodesy.speed_kn(np.fmax.reduce(legs_m), LEG_S))


def _from_astern(limits: Limits, grid: timegrid.Grid, begin: Ints, boat: Bools) -> Bools:
    """Tell whether a boat came up from astern of a ship that made way: faster than a stream."""
    ship, craft = np.where(boat[0], begin[::-1], begin)
    agree = grid.speed_kn[ship] >= limits.max_drift_kn
    seen = np.zeros(len(ship), "int64")
    for back in ASTERN_LOOKS:
        here, there = _shifted(grid, np.stack([ship, craft]), -back)
        known = (here >= 0) & (there >= 0) & (_moved_m(grid, here, there) > limits.max_alongside_m)
        ahead = np.minimum(here + 1, len(grid.lat) - 1)
        at = grid.lat[here], grid.lon[here]
        course_deg = geodesy.bearing_deg(*at, grid.lat[ahead], grid.lon[ahead])
        towards_deg = geodesy.bearing_deg(*at, grid.lat[there], grid.lon[there])
        off_deg = np.abs((towards_deg - course_deg) % 360.0 - 180.0)
        agree &= ~known | (seen >= ASTERN_ENOUGH) | (off_deg <= STERN_SECTOR_DEG)
        seen += known
    return np.asarray(agree & (seen > 0) & boat.any(axis=0))
