"""Who keeps beside a loiterer, lies or fishes near it, where it came from and went afterwards."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detectors.core import events
from detectors.core.arrays import Floats, Ints
from detectors.core.detector import Context
from detectors.core.frames import SECOND_US, offsets
from detectors.core.hypothesis import FISHING, MERCHANT, RESTRICTED, TOWING, TUG, WORKING
from detectors.kinematics import geodesy, timegrid
from detectors.loitering.limits import Limits
from detectors.surroundings import lanes, nearby

STILL_KN: Final = 0.5
"""A ship that swings at anchor moves slower over a step."""
AFTER_SILENCE_S: Final = 1800
"""Where it went afterwards is read between reports no further apart, so that all of it is known
when the loitering is settled."""
AFTER_LOOKS: Final = 6
STOPS_S: Final = 1200
"""In which a ship loses its way, or gathers it."""
WAY_S: Final = 1200
"""Of a voyage before and after: 4 nm at 12 kn."""
SHORT_STOPS_S: Final = 300
SHORT_WAY_S: Final = 600
"""The same of a voyage before, where no more was heard, as when a feed begins. A ship that has
begun to lose her way by then seems to have come slower than she did."""
MAKES_WAY_KN: Final = 5.0
"""See `hypotheses.common.WENT_ON`."""


def around(
    limits: Limits,
    grid: timegrid.Grid,
    first: Ints,
    last: Ints,
    status: NDArray[np.int16],
    context: Context,
) -> list[dict[str, Any]]:
    """Tell who keeps beside each, how many drift there with it, and who else lies or fishes near.

    Looked at in the last two hours, of which any window that reports it has loaded everybody,
    and no earlier than it began. `first` and `last` are grid rows.
    """
    ship_type = ship_types(grid, context)
    attending = attendants(grid, ship_type, status)
    # A loitering's ticks follow one another: no silence within it is longer than a pause.
    third = limits.min_duration_s // 3 // limits.step_s
    parts = np.maximum(last - np.arange(4)[:, None] * third, first)

    def near(among: NDArray[np.bool_]) -> Ints:
        found = nearby.n_near(grid, parts.ravel(), np.flatnonzero(among), limits.company_m)
        return found.reshape(parts.shape)

    beside = {name: (near(among) > 0).sum(axis=0) >= 3 for name, among in attending.items()}
    still = np.flatnonzero(grid.speed_kn < STILL_KN)
    fishing = np.flatnonzero(np.isin(ship_type, list(FISHING)))
    # Not at its very end, where it may be that no other has reported yet.
    then = parts[1]
    lying = nearby.n_near(grid, then, still, limits.neighbour_m)
    together = np.sort(near(grid.speed_kn < limits.max_speed_kn), axis=0)[1]
    boats = nearby.n_near(grid, then, fishing, limits.fishing_near_m)
    return [
        {
            **{name: bool(values[i]) for name, values in beside.items()},
            "n_lying_near": int(lying[i]),
            "n_beside": int(together[i]),
            "n_fishing_near": int(boats[i]),
        }
        for i in range(len(last))
    ]


def called_afterwards(
    limits: Limits,
    grid: timegrid.Grid,
    time_us: Ints,
    last: Ints,
    still: NDArray[np.bool_],
    context: Context,
) -> list[bool | None]:
    """Tell whether each was in an excluded zone within `after_s` of its end; None if not known."""
    inside = np.zeros(len(last), bool)
    seen = np.zeros(len(last), bool)
    track, tick = grid.track_id[last], grid.tick[last]
    for part in range(1, AFTER_LOOKS + 1):
        row = grid.rows_at(track, tick + limits.after_s * part // AFTER_LOOKS // limits.step_s)
        report = grid.report[np.maximum(row, 0)]
        silence_us = time_us[report + 1] - time_us[report]
        known = np.flatnonzero((row >= 0) & (silence_us <= AFTER_SILENCE_S * SECOND_US))
        seen[known] = True
        there = row[known]
        inside[known] |= context.zones.within(
            grid.lat[there], grid.lon[there], limits.excluded_classes
        )
    return [
        True if i else None if s or not k else False
        for i, s, k in zip(inside.tolist(), still.tolist(), seen.tolist(), strict=True)
    ]


def voyage(
    limits: Limits,
    grid: timegrid.Grid,
    time_us: Ints,
    first: Ints,
    last: Ints,
    still: NDArray[np.bool_],
) -> list[dict[str, float]]:
    """Return how fast each came and went on, and by how much its course differs; NaN if not known.

    Over `WAY_S`, from as long before it began and after it ended as a ship takes to stop; or over
    what was heard of that just before (`SHORT_WAY_S`). A ship
    that was carried off its way goes back to it first: so it is also told how near to its old
    course it made way (`MAKES_WAY_KN` or more over `WAY_S`) within `after_s`.
    """
    came_kn, came_deg = _way(limits, grid, time_us, first, -STOPS_S)
    short_kn, short_deg = _way(limits, grid, time_us, first, -SHORT_STOPS_S, SHORT_WAY_S)
    came_deg = np.where(np.isnan(came_kn), short_deg, came_deg)
    came_kn = np.where(np.isnan(came_kn), short_kn, came_kn)
    away = np.where(still, np.nan, 1.0)
    ways = []
    for after_s in range(STOPS_S, max(limits.after_s - WAY_S, STOPS_S) + 1, WAY_S):
        speed_kn, course_deg = _way(limits, grid, time_us, last, after_s)
        ways.append((speed_kn * away, lanes.turned_deg(course_deg, came_deg) * away))
    off_deg = [np.where(kn >= MAKES_WAY_KN, deg, np.nan) for kn, deg in ways]
    went_kn, went_off_deg = ways[0]
    return events.each(
        {
            "came_kn": came_kn,
            "went_kn": went_kn,
            "went_off_deg": went_off_deg,
            "resumed_off_deg": np.fmin.reduce(off_deg),
        }
    )


def _way(
    limits: Limits,
    grid: timegrid.Grid,
    time_us: Ints,
    edge: Ints,
    from_s: int,
    way_s: int = WAY_S,
) -> tuple[Floats, Floats]:
    """Return speed and course made good over a time that begins so long after grid rows, or that
    ends so long before them, if that is less than 0; NaN where it wasn't heard.
    """
    shifts = (from_s, from_s + way_s) if from_s > 0 else (from_s - way_s, from_s)
    rows = [
        grid.rows_at(grid.track_id[edge], grid.tick[edge] + shift // limits.step_s)
        for shift in shifts
    ]
    report = grid.report[np.maximum(np.stack(rows), 0)]
    heard = time_us[report + 1] - time_us[report] <= AFTER_SILENCE_S * SECOND_US
    known = (np.stack(rows) >= 0).all(axis=0) & heard.all(axis=0)
    ends = grid.lat[rows[0]], grid.lon[rows[0]], grid.lat[rows[1]], grid.lon[rows[1]]
    speed_kn = geodesy.speed_kn(geodesy.distance_m(*ends), way_s)
    course_deg = geodesy.bearing_deg(*ends)
    return np.where(known, speed_kn, np.nan), np.where(known, course_deg, np.nan)


def ship_types(grid: timegrid.Grid, context: Context) -> Ints:
    """Return the ship type that the vessel of each grid row states, -1 where it states none."""
    stated = context.vessels.drop_duplicates("mmsi").set_index("mmsi")["ship_type"]
    bounds = offsets(grid.track_id)
    of_track = stated.reindex(grid.track_id[bounds[:-1]] // 100).fillna(-1).to_numpy("int64")
    return np.repeat(of_track, np.diff(bounds))


def attendants(
    grid: timegrid.Grid, ship_type: Ints, status: NDArray[np.int16]
) -> dict[str, NDArray[np.bool_]]:
    """Return which grid rows are of vessels that explain a loiterer by keeping beside it."""
    restricted = (status[grid.report] == RESTRICTED) & (ship_type > 0)
    restricted &= ~np.isin(ship_type, list(MERCHANT))
    return {
        "tug_attends": np.isin(ship_type, list(TUG | TOWING)),
        "at_work_beside": np.isin(ship_type, list(WORKING)) | restricted,
    }
