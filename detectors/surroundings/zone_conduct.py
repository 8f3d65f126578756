"""How tracks behave inside zones: stopping there, going against a lane, slowing down off a coast.

All three are episodes of ticks of the absolute time grid (`timegrid`), so that they are the same
however the reports were cut into windows.
"""

from dataclasses import dataclass

import numpy as np

from detectors.core.arrays import Bools, Floats, Ints
from detectors.kinematics import geodesy, timegrid
from detectors.surroundings import lanes
from detectors.surroundings.zones import Zones


@dataclass(frozen=True)
class Episodes:
    """Episodes of ticks in zones."""

    rows: Ints
    """Grid rows of the ticks that qualify."""
    first: Ints
    last: Ints
    """First and last tick of each episode, as positions in `rows`."""
    zone: Ints
    """Row of `Zones.frame` of each episode: where its first tick lies."""


@dataclass(frozen=True)
class Inside:
    """Ticks of a grid in zones of some classes, as pairs sorted by (tick, zone)."""

    tick: Ints
    zone: Ints
    """Grid row and row of `Zones.frame` of each pair."""
    first: Ints
    """Row of the first zone of each grid row, -1 where it lies in none."""

    @classmethod
    def of(cls, grid: timegrid.Grid, zones: Zones, rank: Floats) -> "Inside":
        """Return the ticks in zones of positive `rank`, one value per zone; `first` is of the
        highest.
        """
        if not (rank > 0).any() or not len(grid.tick):
            none = np.zeros(0, "int64")
            return cls(none, none, np.full(len(grid.tick), -1, "int64"))
        tick, zone = zones.members_of(grid.lat, grid.lon, np.asarray(rank > 0))
        order = np.lexsort((zone, -rank[zone], tick))
        tick, zone = tick[order], zone[order]
        first = np.full(len(grid.tick), -1, "int64")
        first[tick[::-1]] = zone[::-1]
        return cls(tick, zone, first)


def episodes(
    grid: timegrid.Grid, inside: Inside, held: Bools, min_duration_s: int, max_interruption_s: int
) -> Episodes:
    """Episodes inside zones of ticks of which something `held`."""
    rows = np.flatnonzero(held & (inside.first >= 0))
    first, last = timegrid.episodes(
        grid.track_id[rows],
        grid.tick[rows],
        max_break=max_interruption_s // grid.step_s,
        min_piece=1,
        min_length=max(-(-min_duration_s // grid.step_s), 1),
    )
    return Episodes(rows, first, last, inside.first[rows[first]])


def against(
    grid: timegrid.Grid,
    inside: Inside,
    direction_deg: Floats,
    *,
    min_speed_kn: float,
    min_turned_deg: float,
    min_duration_s: int,
    max_interruption_s: int,
) -> tuple[Episodes, Floats]:
    """Episodes in which a track went against the direction of every lane that it was in.

    Returns them, and the angle between course made good and the nearest direction, per grid row.

    Parameters
    ----------
    inside
        Of zones with a direction.
    direction_deg
        Of each zone, NaN where it has none.
    """
    turned = np.full(len(grid.tick), np.inf)
    with np.errstate(invalid="ignore"):
        moving = grid.speed_kn >= min_speed_kn
    asked = moving[inside.tick]
    tick, zone = inside.tick[asked], inside.zone[asked]
    course = geodesy.course_deg(grid, tick, tick + 1)
    np.minimum.at(turned, tick, lanes.turned_deg(course, direction_deg[zone]))
    held = np.isfinite(turned) & (turned >= min_turned_deg)
    return episodes(grid, inside, held, min_duration_s, max_interruption_s), turned


@dataclass(frozen=True)
class Approaches:
    """Tracks that came to a zone at speed and slowed down in it."""

    zone: Ints
    """Row of `Zones.frame`."""
    fast: Ints
    """Grid row of the last tick at speed outside."""
    slow: Ints
    """Grid row of the first tick of the slow episode."""
    last: Ints
    """Grid row of the tick with which that episode is long enough."""


def approaches(
    grid: timegrid.Grid,
    inside: Inside,
    *,
    min_speed_kn: float,
    max_speed_kn: float,
    min_slow_s: int,
    max_approach_s: int,
) -> Approaches:
    """Approaches: at least `min_speed_kn` outside, then no more than `max_speed_kn` inside.

    The slow ticks follow one another for `min_slow_s`, the first of them no more than
    `max_approach_s` after the last fast tick outside, and of several such episodes after the same
    fast tick the first counts: who manoeuvres off a jetty has come once.
    """
    need = -(-min_slow_s // grid.step_s)
    with np.errstate(invalid="ignore"):
        slow = grid.speed_kn[inside.tick] <= max_speed_kn
        fast = grid.speed_kn >= min_speed_kn
    order = np.lexsort((inside.tick[slow], inside.zone[slow]))
    tick, zone = inside.tick[slow][order], inside.zone[slow][order]
    # Grid rows are in order of track and time: a visit's group is its zone and track.
    group = zone * (int(grid.track_id.max(initial=0)) + 1) + grid.track_id[tick]
    first, _ = timegrid.episodes(
        group, grid.tick[tick], max_break=0, min_piece=need, min_length=need
    )
    tick, zone = tick[first], zone[first]
    before = _last_fast_outside(grid, inside, fast, tick, zone)
    came = before >= 0
    tick, zone, before = tick[came], zone[came], before[came]
    soon = (grid.tick[tick] - grid.tick[before]) * grid.step_s <= max_approach_s
    tick, zone, before = tick[soon], zone[soon], before[soon]
    _, once = np.unique(np.stack([zone, before], axis=1), axis=0, return_index=True)
    once = np.sort(once)
    return Approaches(zone[once], before[once], tick[once], tick[once] + need - 1)


def _last_fast_outside(
    grid: timegrid.Grid, inside: Inside, fast: Bools, tick: Ints, zone: Ints
) -> Ints:
    """Grid row of the last fast tick of the track outside the zone before each tick; -1: none."""
    found = np.full(len(tick), -1, "int64")
    for one in np.unique(zone):  # a few dozen zones
        free = fast.copy()
        free[inside.tick[inside.zone == one]] = False
        rows = np.flatnonzero(free)
        mine = np.flatnonzero(zone == one)
        at = np.searchsorted(rows, tick[mine]) - 1
        known = at >= 0
        row = rows[at[known]]
        same = grid.track_id[row] == grid.track_id[tick[mine[known]]]
        found[mine[known]] = np.where(same, row, -1)
    return found
