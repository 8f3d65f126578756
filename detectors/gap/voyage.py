"""Which silences neither the way of the vessel nor a berth accounts for."""

from typing import Final

import numpy as np

from detectors.core.detector import Context
from detectors.gap.limits import Limits
from detectors.gap.reception import DAY_SLOTS, known_before
from detectors.gap.silences import History, Silences
from detectors.kinematics import geodesy, reach
from detectors.surroundings import coverage, nearby

TWO_HOURS_S: Final = 7200


def not_out_of_range(
    limits: Limits, silences: Silences, reports: History, context: Context
) -> Silences:
    """Keep those of vessels that lay still, were heard again beyond or came back, or had others or
    land ahead.
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
        reports.ais_class[row][two_hours.silence],
    )
    fraction = two_hours.mean(ahead.vessels >= 1)
    n_ahead, _ = known_before(
        limits, ahead_lat, ahead_lon, np.arange(len(row)), silences, reports, context
    )
    share = n_ahead / np.maximum(columns["n_known_hours"], 1)
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
    reach_kn = reach.fastest_kn(
        columns["speed_before_kn"],
        implied_kn,
        limits.reach_share,
        limits.min_reach_kn,
        limits.max_reach_kn,
    )
    reach_m = reach_kn * geodesy.KNOT_MPS * columns["duration_s"]
    return silences.narrowed(
        ~moving
        | beyond
        | came_back
        | land
        | known_ahead
        | (fraction >= 0.5)
        | ~columns["history_known"],
        distance_m=distance_m,
        implied_speed_kn=implied_kn,
        reach_speed_kn=reach_kn,
        reachable_distance_m=reach.furthest_m(reach_m, distance_m),
        reachable_area_km2=reach.area_km2(reach_m, distance_m),
        ahead_distance_m=ahead_m,
        ahead_heard_fraction=fraction,
        ahead_known_ratio=share,
        land_ahead=land,
        was_moving=moving,
        came_back=came_back,
    )


def no_berth(limits: Limits, silences: Silences, reports: History, context: Context) -> Silences:
    """Keep those neither begun at a berth nor ended in one; beyond the layers all."""
    zones, row, columns = context.zones, silences.row, silences.columns
    lat, lon = reports.lat[row], reports.lon[row]
    next_row = np.minimum(row + 1, len(reports.lat) - 1)
    back_in_berth = ~silences.is_open & zones.within(
        reports.lat[next_row], reports.lon[next_row], limits.berth_classes
    )
    moving = columns["was_moving"]
    in_berth = zones.within(lat, lon, limits.berth_classes)
    alongside = ~moving & zones.near_land(lat, lon, limits.alongside_m)
    speed_mps = np.nan_to_num(columns["speed_before_kn"]) * geodesy.KNOT_MPS
    bound = np.zeros(len(row), bool)
    for part in (1 / 3, 2 / 3, 1.0):
        there = geodesy.destination(
            lat,
            lon,
            np.nan_to_num(columns["course_before_deg"]),
            speed_mps * limits.approach_s * part,
        )
        bound |= zones.within(*there, limits.approach_classes)
    ended = (in_berth | bound) & (silences.is_open | back_in_berth)
    berthed = ((alongside | (in_berth & ~moving)) & columns["history_known"]) | ended
    reached = zones.reached(lat, lon)
    return silences.narrowed(
        ~reached | ~berthed,
        zones_reached=reached,
        back_in_berth=back_in_berth,
        anchorage_distance_m=nearby.nearest_zone_m(zones, lat, lon, limits.berth_classes),
    )
