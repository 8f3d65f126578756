"""Which silences neither the way of the vessel nor a berth accounts for."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.core.arrays import Floats
from detectors.core.detector import Context
from detectors.core.frames import SECOND_US
from detectors.gap.limits import Limits
from detectors.gap.reception import ALL_THE_WAY, known_before
from detectors.gap.silences import History, Silences
from detectors.hypotheses.gap import MADE_FAST_M
from detectors.kinematics import geodesy, reach
from detectors.surroundings import coverage, nearby
from detectors.surroundings.lying import Lying
from detectors.surroundings.rates import DAY_SLOTS

TWO_HOURS_S: Final = 7200
AHEAD_DEG: Final = 45.0
DAWDLED_SHARE: Final = 0.5
"""Heard again ahead on its course, where it would have been unheard, after twice the time that the
way takes: what receives there hears the straight way between two places that it hears (VHF goes by
line of sight), so it left that way or kept silent on it."""
AT_REST_KN: Final = 0.3
"""What a set states of a vessel made fast: nothing, but for errors of its position. Boats that come
in put the set out with the engine, minutes after they stopped. Their last two places must agree: a
set may state 0 for ever. Where it went out with the lines ashore, the last and the next do."""
SETTLED_S: Final = 120.0
SETTLED_KN: Final = 1.0
"""Of a feed that states no speed the places of its last minutes tell: two errors of 20 m make a
knot of a minute and a quarter."""
STILL_THERE_M: Final = 1000.0
"""Heard again within that: it lay there all the while, as far as anybody knows."""
SAME_PORT_M: Final = 9260.0
"""5 nm, a quarter of an hour in and out at 10 kn: who comes out of another port sailed there."""


def not_out_of_range(
    limits: Limits, silences: Silences, reports: History, context: Context
) -> Silences:
    """Keep those of vessels that lay still, were heard again beyond, ahead or back here, or had
    others or land ahead.
    """
    row, columns = silences.row, silences.columns
    lat, lon = reports.lat[row], reports.lon[row]
    course = np.nan_to_num(columns["course_before_deg"])
    next_row = np.minimum(row + 1, len(reports.lat) - 1)
    distance_m = np.where(
        silences.is_open,
        np.nan,
        geodesy.distance_m(lat, lon, reports.lat[next_row], reports.lon[next_row]),
    )
    way_m = np.nan_to_num(columns["speed_before_kn"]) * geodesy.KNOT_MPS * TWO_HOURS_S
    ahead_m = np.minimum(way_m, limits.ahead_m)
    ahead_lat, ahead_lon = geodesy.destination(lat, lon, course, ahead_m)
    two_hours = silences.at_slots(reports, coverage.SLOT_S, TWO_HOURS_S)
    ahead = context.coverage.around(
        np.asarray(ahead_lat)[two_hours.silence],
        np.asarray(ahead_lon)[two_hours.silence],
        two_hours.slot,
        reports.ais_class_of(row)[two_hours.silence],
    )
    fraction = two_hours.mean(ahead.vessels >= 1)
    n_ahead, _ = known_before(
        limits, ahead_lat, ahead_lon, np.arange(len(row)), silences, reports, context
    )
    share = n_ahead / np.maximum(columns["n_known_hours"], 1)
    n_astern = _known_astern(limits, silences, reports, context)
    # Where more than one vessel an half hour is the rule, that nobody is heard says something.
    seldom = (n_ahead >= limits.min_known_hours) & (n_ahead <= DAY_SLOTS)
    known_ahead = seldom & (share >= 0.5)
    half_lat, half_lon = geodesy.destination(lat, lon, course, ahead_m / 2)
    land = context.zones.on_land(ahead_lat, ahead_lon)
    land |= context.zones.on_land(half_lat, half_lon)
    moving = columns["speed_before_kn"] >= limits.moving_kn
    beyond = ~silences.is_open & (distance_m >= limits.ahead_m)
    implied_kn = geodesy.speed_kn(distance_m, columns["duration_s"])
    came_back = moving & ~silences.is_open
    came_back &= implied_kn <= limits.came_back_share * columns["speed_before_kn"]
    came_back &= n_ahead >= limits.min_known_hours
    towards_deg = geodesy.bearing_deg(lat, lon, reports.lat[next_row], reports.lon[next_row])
    off_deg = np.abs((towards_deg - course + 180.0) % 360.0 - 180.0)
    dawdled = implied_kn <= DAWDLED_SHARE * columns["speed_before_kn"]
    again_ahead = moving & ~silences.is_open & dawdled & (off_deg <= AHEAD_DEG)
    again_ahead &= distance_m >= ahead_m / 2
    reach_kn = reach.fastest_kn(
        np.fmax(columns["speed_before_kn"], columns["usual_top_speed_kn"]),
        implied_kn,
        limits.reach_share,
        limits.min_reach_kn,
        limits.max_reach_kn,
    )
    reach_m = reach_kn * geodesy.KNOT_MPS * columns["duration_s"]
    # Others were heard beside the way to where it is heard again, and it was lost in full.
    lost = columns["heard_in_full_before"] & (columns["neighbour_fraction"] >= ALL_THE_WAY)
    lost &= ~silences.is_open
    # Who makes way along the edge of the feed, or from it, doesn't leave over it.
    began = silences.start_us // (coverage.SLOT_S * SECOND_US)
    rates = context.coverage.rates()
    edge_m = rates.edge_m(lat, lon, began)
    edge_ahead_m = rates.edge_m(np.asarray(ahead_lat), np.asarray(ahead_lon), began)
    return silences.narrowed(
        ~moving
        | beyond
        | came_back
        | again_ahead
        | columns["cut_off_sharply"]
        | lost
        | land
        | known_ahead
        | (fraction >= 0.5)
        | columns["by_passes"]
        | ~columns["history_known"],
        distance_m=distance_m,
        implied_speed_kn=implied_kn,
        reach_speed_kn=reach_kn,
        reachable_distance_m=reach.furthest_m(reach_m, distance_m),
        reachable_area_km2=reach.area_km2(reach_m, distance_m),
        ahead_distance_m=ahead_m,
        ahead_heard_fraction=fraction,
        ahead_known_ratio=share,
        edge_distance_m=np.where(moving & (edge_ahead_m >= edge_m), np.nan, edge_m),
        astern_known_ratio=n_astern / np.maximum(columns["n_known_hours"], 1),
        land_ahead=land,
        was_moving=moving,
        came_back=came_back,
        again_ahead=again_ahead,
    )


def _known_astern(limits: Limits, silences: Silences, reports: History, context: Context) -> Floats:
    """Return how many half hours vessels were heard in where each came from, NaN where unknown.

    By dead reckoning back from the report after the silence, on the course and at the speed that
    it states itself, since no later one may be known yet; `ahead_m` at most.
    """
    after = np.minimum(silences.row + 1, len(reports.lat) - 1)
    speed_kn, course = reports.sog_kn[after], reports.cog_deg[after]
    known = ~silences.is_open & np.isfinite(course) & (speed_kn >= limits.moving_kn)
    way_m = np.minimum(np.nan_to_num(speed_kn) * geodesy.KNOT_MPS * TWO_HOURS_S, limits.ahead_m)
    place = geodesy.destination(
        reports.lat[after], reports.lon[after], np.nan_to_num(course) + 180.0, way_m
    )
    n_heard, _ = known_before(limits, *place, np.arange(len(after)), silences, reports, context)
    return np.where(known, n_heard, np.nan)


def no_berth(limits: Limits, silences: Silences, reports: History, context: Context) -> Silences:
    """Keep those neither begun at a berth nor ended in one; beyond the layers all."""
    zones, row, columns = context.zones, silences.row, silences.columns
    lat, lon = reports.lat[row], reports.lon[row]
    next_row = np.minimum(row + 1, len(reports.lat) - 1)
    back_in_berth = ~silences.is_open & zones.within(
        reports.lat[next_row], reports.lon[next_row], limits.berth_classes
    )
    # The mean of the minutes before tells who came in, the last report who has stopped.
    last_kn, _ = reports.way_before(row, 0)
    back = (columns["distance_m"] <= MADE_FAST_M) & (reports.sog_kn[next_row] <= AT_REST_KN)
    settled_kn, _ = reports.way_before(row, SETTLED_S)
    stopped = np.where(
        np.isnan(reports.sog_kn[row]),
        settled_kn <= SETTLED_KN,
        reports.sog_kn[row] <= AT_REST_KN,
    )
    stopped &= (last_kn < limits.moving_kn) | (back & ~silences.is_open)
    moving = columns["was_moving"] & ~stopped
    in_berth = zones.within(lat, lon, limits.berth_classes)
    n_lying, n_sets_off = _lying_before(silences, reports, context)
    stayed = silences.is_open | (columns["distance_m"] <= STILL_THERE_M)
    many = ~moving & stayed & (n_lying >= limits.min_lying)
    alongside = ~moving & zones.near_land(lat, lon, limits.alongside_m)
    way = columns["speed_before_kn"], columns["course_before_deg"]
    bound = _at_hand(limits, (lat, lon), *way, context)
    # What is heard next on its way out of there lay in it: shores and quays take reception away.
    out_kn = np.where(silences.is_open, np.nan, reports.sog_kn[next_row])
    again = reports.lat[next_row], reports.lon[next_row]
    came_out = _at_hand(limits, again, out_kn, reports.cog_deg[next_row] + 180.0, context)
    came_out &= columns["distance_m"] <= SAME_PORT_M
    left_berth = back_in_berth | (bound & came_out)
    ended = (in_berth | bound) & (silences.is_open | left_berth)
    alongside |= many & (n_sets_off >= limits.min_sets_off)
    berthed = ((alongside | (in_berth & ~moving)) & columns["history_known"]) | ended
    reached = zones.reached(lat, lon)
    return silences.narrowed(
        ~reached | ~berthed,
        was_moving=moving,
        zones_reached=reached,
        back_in_berth=back_in_berth,
        n_lying=n_lying,
        n_sets_off=n_sets_off,
        among_many_lying=many,
        anchorage_distance_m=nearby.nearest_zone_m(zones, lat, lon, limits.berth_classes),
    )


def _at_hand(
    limits: Limits,
    place: tuple[Floats, Floats],
    speed_kn: Floats,
    course_deg: Floats,
    context: Context,
) -> NDArray[np.bool_]:
    """Tell whether `approach_s` on a course leads into a zone of `approach_classes`."""
    way_m = np.nan_to_num(speed_kn) * geodesy.KNOT_MPS * limits.approach_s
    known = (way_m > 0) & np.isfinite(course_deg)
    course_deg = np.nan_to_num(course_deg)
    into = np.zeros(len(way_m), bool)
    for part in (1 / 3, 2 / 3, 1.0):
        there = geodesy.destination(*place, course_deg, way_m * part)
        into |= context.zones.within(*there, limits.approach_classes)
    return into & known


def _lying_before(
    silences: Silences, reports: History, context: Context
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many lay around each place at once in the day before, and how many sets went off.

    All of that is settled when the silence is an hour old.
    """
    row, own = silences.row, silences.start_us // (coverage.SLOT_S * SECOND_US)
    return context.coverage.once(Lying.of).around(
        reports.lat[row], reports.lon[row], own - DAY_SLOTS, own - 1
    )
