"""Which vessels are together, tick by tick, and in runs of ticks."""

from functools import partial
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.detector import Context
from detectors.core.errors import SelatError
from detectors.core.frames import SECOND_US, offsets
from detectors.encounter.limits import Limits
from detectors.encounter.passes import thin
from detectors.kinematics import geodesy, shapes, timegrid
from detectors.kinematics.reports import Reports

EITHER: Final = np.zeros(0, bool)
"""Any two make a pair."""
NOWHERE: Final = EITHER
"""None is in a crowd."""
BLOCK: Final = 2**17
"""So many pairs are looked at at a time: in a crowd they are several times the reports."""

MOST: Final = 2**25
"""More pairs at ticks than this aren't looked at: they would take gigabytes, and the night with
them. 700 vessels that lie within `max_distance_m` of one another for five hours have as many."""


class Pairs(NamedTuple):
    """Ticks at which two vessels are together, sorted by (pair, tick).

    Grid rows of both, their distance, their speed against one another over the step that follows,
    whether it may be part of a brief meeting, and whether the boat's own reports before and after
    show it alongside.
    """

    left: Ints
    right: Ints
    distance_m: Floats
    relative_kn: Floats
    brief: NDArray[np.bool_]
    reported: NDArray[np.bool_]

    def number(self, grid: timegrid.Grid) -> Ints:
        """Return ascending numbers of the pairs of tracks, one for each tick."""
        first, last = timegrid.stretches(grid.track_id[self.left], grid.track_id[self.right])
        return np.repeat(np.arange(len(first)), last - first + 1)


class Craft:
    """What tracks are: small craft or not."""

    def __init__(self, positions: pd.DataFrame, context: Context, limits: Limits) -> None:
        track = positions["track_id"].to_numpy()
        begin = offsets(track)[:-1]
        self._track = track[begin]
        class_b = positions["ais_class"].iloc[begin].to_numpy("str") == "B"
        known = context.vessels.drop_duplicates("mmsi").set_index("mmsi")
        mmsi = self._track // 100
        length_m, beam_m = (
            known[name].reindex(mmsi).to_numpy("float64") for name in ("length_m", "beam_m")
        )
        # No hull is wider than it is long: who says so hasn't entered its size.
        typed = (length_m > 0) & ~(beam_m > length_m)
        self._small = class_b | (typed & (length_m <= limits.max_small_m))

    def small(self, track: Ints) -> NDArray[np.bool_]:
        """Tell whether each track is of a small craft."""
        return np.asarray(self._small[np.searchsorted(self._track, track)])


class _Places(NamedTuple):
    """What is known of each grid row at which somebody is near: worked out once, not by pair."""

    crowded: Bools
    small: Bools
    thin: Bools
    north_m: Floats
    east_m: Floats

    @classmethod
    def of(
        cls,
        limits: Limits,
        reports: Reports,
        grid: timegrid.Grid,
        craft: Craft,
        context: Context,
        rows: Ints,
    ) -> "_Places":
        """Return it, with how far each goes over the step that follows."""
        lat, lon = grid.lat[rows], grid.lon[rows]
        then_lat, then_lon = grid.lat[rows + 1], grid.lon[rows + 1]
        north_m = geodesy.distance_m(lat, lon, then_lat, lon)
        east_m = geodesy.distance_m(then_lat, lon, then_lat, then_lon)
        return cls(
            context.zones.within(lat, lon, limits.crowded_classes),
            craft.small(grid.track_id[rows]),
            thin(limits, reports, grid, rows),
            np.copysign(north_m, then_lat - lat),
            np.copysign(east_m, geodesy.wrap_lon(then_lon - lon)),
        )


def together(
    limits: Limits, reports: Reports, grid: timegrid.Grid, craft: Craft, context: Context
) -> Pairs:
    """Find ticks of two vessels together, sorted by (pair, tick), the lower MMSI first."""
    i, j = _near_pairs(limits, grid, craft, context)
    member = np.zeros(len(grid.tick), bool)
    member[i] = member[j] = True
    places = _Places.of(limits, reports, grid, craft, context, np.flatnonzero(member))
    number = np.cumsum(member, dtype="int32") - 1
    blocks = (slice(k, k + BLOCK) for k in range(0, max(len(i), 1), BLOCK))
    held = [_held(limits, reports, grid, places, number, i[block], j[block]) for block in blocks]
    left, right, *others = (np.concatenate(parts) for parts in zip(*held, strict=True))
    order = np.lexsort((grid.tick[left], grid.track_id[right], grid.track_id[left]))
    return Pairs(left[order], right[order], *(values[order] for values in others))


def _held(
    limits: Limits,
    reports: Reports,
    grid: timegrid.Grid,
    places: _Places,
    number: NDArray[np.int32],
    i: Ints,
    j: Ints,
) -> Pairs:
    """Return those of some that are near one another which are together, in no order."""
    swap = grid.track_id[i] > grid.track_id[j]
    i, j = np.where(swap, j, i), np.where(swap, i, j)
    a, b = number[i], number[j]

    distance_m = geodesy.apart_m(grid, i, j)
    faster_kn = np.maximum(grid.speed_kn[i], grid.speed_kn[j])
    apart_m = places.north_m[a] - places.north_m[b], places.east_m[a] - places.east_m[b]
    relative_kn = np.asarray(geodesy.speed_kn(np.hypot(*apart_m), grid.step_s))
    small = np.stack([places.small[a], places.small[b]])
    boat = small.any(axis=0)
    boat_and_ship = boat & ~small.all(axis=0)
    in_crowd = places.crowded[a] | places.crowded[b]
    limit_m = np.where(in_crowd, limits.max_crowded_distance_m, limits.max_distance_m)
    clock_m = np.where(
        faster_kn < limits.max_drift_kn,
        0.0,
        faster_kn * geodesy.KNOT_MPS * limits.max_clock_error_s,
    )
    beside_m = np.minimum(limits.max_alongside_m + clock_m, limit_m)

    lying = (faster_kn < limits.max_speed_kn) & (distance_m <= limit_m)
    as_one = (relative_kn < limits.max_station_kn) & (distance_m <= limit_m)
    drifting = as_one & (faster_kn < limits.max_drift_kn)
    boarding = as_one & boat_and_ship & (distance_m <= beside_m)
    boarding &= faster_kn < limits.max_boat_speed_kn
    hulls = as_one & (distance_m <= np.minimum(limits.max_hull_distance_m + clock_m, limit_m))
    hulls &= faster_kn < limits.max_alongside_speed_kn
    steady = relative_kn < np.where(
        faster_kn < limits.max_drift_kn, limits.max_relative_speed_kn, limits.max_station_kn
    )
    reported = np.zeros(len(i), bool)
    alongside = distance_m <= limits.max_alongside_m
    for own, (ours, theirs) in zip(small, ((i, j), (j, i)), strict=True):
        asked = np.flatnonzero(own & alongside)
        for shown in (_reported_beside, _reported_along):
            reported[asked] |= shown(limits, reports, grid, ours[asked], theirs[asked])
    # In a longer silence nothing shows what is read off a few minutes; hulls that went straight on
    # through it are as near one another at both ends.
    sure = ~(places.thin[a] | places.thin[b])
    together = lying | drifting | hulls | ((boarding | reported) & sure)
    brief = together & sure & boat & (steady | reported) & (distance_m <= beside_m)
    keep = np.flatnonzero(together)
    return Pairs(i[keep], j[keep], distance_m[keep], relative_kn[keep], brief[keep], reported[keep])


def _reported_beside(
    limits: Limits, reports: Reports, grid: timegrid.Grid, boat: Ints, ship: Ints
) -> NDArray[np.bool_]:
    """Tell whether two reports of a boat in turn, a step or more apart, lie alongside a vessel that
    moves no faster than a stream, and the tick between them or in the step before the first.

    Between a report under way and one alongside it is neither; between two alongside it was there.
    """
    found = np.zeros(len(boat), bool)
    at_us = grid.tick[boat] * (grid.step_s * SECOND_US)
    last = len(reports.time_us) - 1
    for ahead in (0, 1):
        rows = np.minimum(grid.report[boat] + ahead, last), grid.report[boat] + ahead + 1
        rows = rows[0], np.minimum(rows[1], last)
        times_us = [reports.time_us[row] for row in rows]
        leg_us = times_us[1] - times_us[0]
        beside = (leg_us >= limits.step_s * SECOND_US) & (
            leg_us <= limits.max_silence_s * SECOND_US
        )
        beside &= times_us[0] - at_us < limits.step_s * SECOND_US
        beside &= reports.track[rows[1]] == grid.track_id[boat]
        left = np.flatnonzero(beside)
        for row, time_us in zip(rows, times_us, strict=True):
            other, took_us = ship[left], np.abs(time_us[left] - at_us[left])
            places = reports.lat[row[left]], reports.lon[row[left]]
            away_m = geodesy.distance_m(*places, grid.lat[other], grid.lon[other])
            moved_m = grid.speed_kn[other] * geodesy.KNOT_MPS * took_us / SECOND_US
            left = left[away_m <= limits.max_alongside_m + moved_m]
        found[left] = True
    return np.asarray(found & (grid.speed_kn[ship] < limits.max_drift_kn))


def _reported_along(
    limits: Limits, reports: Reports, grid: timegrid.Grid, boat: Ints, ship: Ints
) -> NDArray[np.bool_]:
    """Tell whether two reports of a boat, a step or more apart, lie alongside a ship that makes way
    faster than a stream, at one place beside it; and the tick between them, or in the step before
    the first.

    A step of the grid that holds a report on the way there, or back, shows neither.
    """
    step_us, sails = grid.step_s * SECOND_US, grid.speed_kn[ship] >= limits.max_drift_kn
    found, last = np.zeros(len(boat), bool), len(reports.time_us) - 1
    for ahead in (0, 1):
        asked = np.flatnonzero(sails & ~found)
        first = np.minimum(grid.report[boat[asked]] + ahead, last)
        time_us, at_us = reports.time_us[first], grid.tick[boat[asked]] * step_us
        own, other = grid.track_id[boat[asked]], grid.track_id[ship[asked]]
        _, then = timegrid.around(reports.track, reports.time_us, own, time_us + step_us - 1)
        leg_us = reports.time_us[then] - time_us
        beside = (reports.track[first] == own) & (time_us - at_us < step_us)
        beside &= (leg_us >= step_us) & (leg_us <= limits.max_silence_s * SECOND_US)
        places = []
        for row in (first, then):
            here = reports.lat[row], reports.lon[row]
            columns = reports.track, reports.time_us, reports.lat, reports.lon
            there = timegrid.position_at(*columns, other, reports.time_us[row])
            beside &= geodesy.distance_m(*here, *there) <= limits.max_alongside_m
            places.append(np.stack(shapes.plane_m(*here, *there)))
        moved_m = np.hypot(*(places[1] - places[0]))
        steady = geodesy.speed_kn(moved_m, np.maximum(leg_us, 1) / SECOND_US)
        found[asked[beside & (steady < limits.max_station_kn)]] = True
    return found


def _near_pairs(
    limits: Limits, grid: timegrid.Grid, craft: Craft, context: Context
) -> tuple[Ints, Ints]:
    """Find grid rows of two MMSIs near one another at a tick, each pair once, in open water.

    Any two that are slow; and faster ones only of a small craft and a larger vessel, which are
    few, so that a full lane costs little.
    """
    zones = context.zones

    def outside(rows: Ints) -> NDArray[np.bool_]:
        lat, lon = grid.lat[rows], grid.lon[rows]
        return ~(zones.within(lat, lon, limits.excluded_classes) | zones.on_land(lat, lon))

    slow = np.flatnonzero(grid.speed_kn < limits.max_alongside_speed_kn)
    slow = slow[outside(slow)]
    # In a crowd most are further apart than counts there: see `_held`.
    crowded_m = max(limits.max_crowded_distance_m, limits.max_alongside_m)
    crowded = zones.within(grid.lat[slow], grid.lon[slow], limits.crowded_classes)
    radius_m = limits.max_distance_m, min(crowded_m, limits.max_distance_m)
    i, j = _near(grid, slow, context, radius_m, crowded=crowded)

    at_least_kn = limits.max_alongside_speed_kn - limits.max_station_kn
    fast = np.flatnonzero(
        (grid.speed_kn >= at_least_kn) & (grid.speed_kn < limits.max_boat_speed_kn)
    )
    small = craft.small(grid.track_id[fast])
    reach_m = limits.max_boat_speed_kn * geodesy.KNOT_MPS * limits.max_clock_error_s
    reach_m = min(limits.max_alongside_m + reach_m, limits.max_distance_m)
    boat, ship = _near(grid, fast, context, (reach_m, reach_m), small)
    slow_pair = grid.speed_kn[boat] < limits.max_alongside_speed_kn
    slow_pair &= grid.speed_kn[ship] < limits.max_alongside_speed_kn
    faster = np.flatnonzero(~slow_pair)
    faster = faster[outside(boat[faster])]
    faster = faster[outside(ship[faster])]
    return np.r_[i, boat[faster]], np.r_[j, ship[faster]]


def runs_of(limits: Limits, grid: timegrid.Grid, pairs: Pairs) -> tuple[Ints, Ints]:
    """Find runs that are long enough, or hold a brief meeting, or may be a boarding or a dash.

    The last may be as short as `min_boarding_s`, of any boat: two ticks, steady at one of them, or
    one between two reports of the boat alongside.
    """
    group = pairs.number(grid)
    tick = grid.tick[pairs.left]
    episodes = partial(
        timegrid.episodes,
        max_break=limits.max_interruption_s // limits.step_s,
        min_piece=-(-limits.min_piece_s // limits.step_s),
        min_length=-(-limits.min_brief_s // limits.step_s),
    )
    first, last = episodes(group, tick)
    long_enough = tick[last] - tick[first] + 1 >= -(-limits.min_duration_s // limits.step_s)
    brief = np.flatnonzero(pairs.brief)
    _, core_last = episodes(group[brief], tick[brief])
    holds = np.zeros(len(first), bool)
    if len(first):
        run = np.searchsorted(first, brief[core_last], side="right") - 1
        inside = (run >= 0) & (brief[core_last] <= last[run])
        holds[run[inside]] = True
    first, last = first[long_enough | holds], last[long_enough | holds]
    shortest = -(-limits.min_boarding_s // limits.step_s)
    begins, ends = timegrid.episodes(
        group,
        tick,
        max_break=limits.max_interruption_s // limits.step_s,
        min_piece=shortest,
        min_length=shortest,
    )
    n_brief = np.r_[0, np.cumsum(pairs.brief)]
    n_reported = np.r_[0, np.cumsum(pairs.reported)]
    steady = (n_brief[ends + 1] > n_brief[begins]) & (tick[ends] > tick[begins])
    steady |= n_reported[ends + 1] > n_reported[begins]
    begins, ends = begins[steady], ends[steady]
    after = np.searchsorted(last, begins)  # the run that ends there or later
    apart = np.r_[first, len(tick)][after] > ends
    begins, ends = begins[apart], ends[apart]
    order = np.argsort(np.r_[first, begins], kind="stable")
    return np.r_[first, begins][order], np.r_[last, ends][order]


def _near(
    grid: timegrid.Grid,
    rows: Ints,
    context: Context,
    radius_m: tuple[float, float],
    kind: Bools = EITHER,
    crowded: Bools = NOWHERE,
) -> tuple[Ints, Ints]:
    """Find pairs of grid rows of different MMSIs within `radius_m` at the same tick, each once.

    The second radius is of those of which one is `crowded`. Those of the vessels that are asked
    about: a pair's events are of its lower MMSI.
    """
    from detectors.kinematics import near  # compiled: not for who looks for no pair

    mmsi = grid.track_id[rows] // 100
    asked = np.ones(len(rows), bool)
    if context.asked is not None and len(rows):
        bounds = offsets(mmsi)
        own = np.isin(mmsi[bounds[:-1]], list(context.asked))
        asked = np.repeat(own, np.diff(bounds))
    i, j = near.pairs(
        (grid.lat[rows], grid.lon[rows], grid.tick[rows]),
        radius_m[0],
        whose=mmsi,
        asked=asked,
        kind=kind,
        crowded=crowded,
        crowded_m=radius_m[1],
        slack=near.SLACK,
        most=MOST,
    )
    if len(i) >= MOST:
        raise _too_crowded(grid, rows[i], radius_m[0])
    return rows[i], rows[j]


def _too_crowded(grid: timegrid.Grid, rows: Ints, radius_m: float) -> SelatError:
    """Return what says where most are near one another, by the rows that have others near."""
    n_near = np.bincount(rows)
    row = int(n_near.argmax())
    at = np.datetime64(int(grid.tick[row]) * grid.step_s, "s")
    return SelatError(
        f"too many vessels near one another to tell who met whom: {len(rows):,} pairs within "
        f"{radius_m:.0f} m, tick by tick; one had {n_near[row]:,} others so near, at "
        f"{grid.lat[row]:.4f}, {grid.lon[row]:.4f}, {at} UTC",
        "so many are hardly vessels: look which feed they come from, and leave it out",
    )
