"""What was measured of encounters."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detectors.core import events
from detectors.core.arrays import Floats, Ints
from detectors.core.detector import Context
from detectors.core.evidence import Bound, at_least, at_most
from detectors.core.frames import SECOND_US
from detectors.encounter.dynamics import SLOWED, dynamics
from detectors.encounter.limits import Limits
from detectors.encounter.pairs import Craft, Pairs
from detectors.kinematics import geodesy, timegrid
from detectors.kinematics.reports import Reports
from detectors.surroundings import coverage, nearby
from detectors.surroundings.lying import Lying
from detectors.surroundings.rates import DAY_SLOTS

SETTINGS: Final = (
    "max_distance_m",
    "max_speed_kn",
    "min_duration_s",
    "min_brief_s",
    "min_boarding_s",
    "max_sun_altitude_deg",
    "max_alongside_m",
    "max_relative_speed_kn",
    "max_station_kn",
    "max_drift_kn",
    "max_alongside_speed_kn",
    "max_boat_speed_kn",
    "max_interruption_s",
    "max_silence_s",
    "near_land_m",
    "company_m",
    "min_lying",
    "licensed_edge_m",
    "anchorage_edge_m",
)
"""Parameters that evidence names where they bound nothing in it."""


def evidence_of(
    limits: Limits,
    reports: Reports,
    craft: Craft,
    grid: timegrid.Grid,
    context: Context,
    pairs: Pairs,
    first: Ints,
    last: Ints,
) -> list[dict[str, Any]]:
    """Return what was measured, one mapping per run."""
    left, right, distance_m = pairs.left, pairs.right, pairs.distance_m
    n_ticks = last - first + 1
    duration_s = (grid.tick[left[last]] + 1 - grid.tick[left[first]]) * limits.step_s
    shares = timegrid.shares_of(distance_m, first, last, 0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
    columns: dict[str, Any] = {
        "duration_s": duration_s,
        "n_ticks": n_ticks,
        "together_fraction": n_ticks * limits.step_s / duration_s,
        "median_distance_m": shares[3],
        "min_distance_m": shares[0],
        "max_distance_seen_m": shares[6],
        "distance_spread_m": shares[5] - shares[1],
        "distance_swing_m": shares[4] - shares[2],
        "median_relative_speed_kn": timegrid.quantiles(pairs.relative_kn, first, last, 0.5),
        "brief_meeting": [bool(value) for value in duration_s < limits.min_duration_s],
        **swings(grid, pairs, first, last),
    }
    small = craft.small(grid.track_id[np.stack([left[first], right[first]])])
    columns["small_craft"] = small.any(axis=0).tolist()
    columns["both_small_craft"] = small.all(axis=0).tolist()
    boat = small & ~small.all(axis=0)
    columns |= dynamics(limits, reports, grid, context, pairs, first, last, boat)
    columns["boat_of_port"] = _boat_of_port(columns, boat)
    ended = grid.lat[left[last] + 1], grid.lon[left[last] + 1]
    columns["ended_near_land"] = context.zones.near_land(*ended, limits.near_land_m).tolist()
    known = context.vessels.drop_duplicates("mmsi").set_index("mmsi")
    counts = _may_slow(columns, small)
    for prefix, side, own in zip(("", "other_"), (left, right), counts, strict=True):
        rows = grid.report[side]
        before, after = rows[first], grid.report[side[last] + 1] + 1
        begin, end = side[first], side[last] + 1
        moved_m = geodesy.apart_m(grid, begin, end)
        mmsi = grid.track_id[begin] // 100
        speed_kn = timegrid.quantiles(grid.speed_kn[side], first, last, 0.5)
        passage_kn = np.where(own, columns[f"{prefix}passage_kn"], np.nan)
        columns |= {
            f"{prefix}median_speed_kn": speed_kn,
            f"{prefix}slowed": [
                None if np.isnan(before) else bool(kn <= SLOWED * before)
                for kn, before in zip(speed_kn, passage_kn, strict=True)
            ],
            f"{prefix}median_sog_kn": timegrid.quantiles(reports.sog_kn[rows], first, last, 0.5),
            f"{prefix}drift_kn": geodesy.speed_kn(moved_m, duration_s),
            f"{prefix}nav_status": timegrid.most_common(reports.nav_status[rows], first, last)[0],
            f"{prefix}n_reports": after - before + 1,
            f"{prefix}first_report_source": reports.sources_of(before),
            f"{prefix}last_report_source": reports.sources_of(after),
            f"{prefix}ship_type": known["ship_type"].reindex(mmsi).fillna(-1).astype(int),
            f"{prefix}length_m": known["length_m"].reindex(mmsi),
        }
    return events.each(columns)


def _may_slow(columns: Mapping[str, Any], small: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell of each whether that it slowed tells anything: a boat that comes to keep beside a ship
    must, and of two boats the one that came the faster.

    `small` has a row for each vessel of the pair.
    """
    passage_kn = np.stack([columns["passage_kn"], columns["other_passage_kn"]])
    return np.asarray(~small | (small.all(axis=0) & (passage_kn < passage_kn[::-1])))


def _boat_of_port(columns: Mapping[str, Any], boat: NDArray[np.bool_]) -> list[bool]:
    """Tell of a boat beside a larger vessel whether it came out of a port, or went into one.

    `boat` is as of `dynamics`.
    """
    found = np.zeros(boat.shape[1], bool)
    for own, prefix in zip(boat, ("", "other_"), strict=True):
        ways = (columns[f"{prefix}came_from_port"], columns[f"{prefix}went_to_port"])
        for way in ways:
            found |= own & np.array([called is True for called in way], bool)
    return found.tolist()


def bounds(limits: Limits, measured: Mapping[str, Any]) -> dict[str, Bound]:
    """Return what of an encounter the rule bounds, by name.

    The rule bounds speeds at each tick, by the way in which two are together; here their medians
    are held against the limits of the way that they fall under. Where a median isn't within the
    limit, others of the ticks met it.
    """
    brief = measured["brief_meeting"]
    faster_kn = max(measured["median_speed_kn"], measured["other_median_speed_kn"])
    boat = measured["small_craft"] and not measured["both_small_craft"]
    steady = "max_station_kn"
    if faster_kn < limits.max_speed_kn:
        speed, steady = "max_speed_kn", "max_relative_speed_kn" if brief else ""
    elif faster_kn < limits.max_drift_kn:
        speed = "max_drift_kn"
    else:
        speed = "max_boat_speed_kn" if boat else "max_alongside_speed_kn"
    most = {
        "median_distance_m": "max_distance_m",
        "min_distance_m": "max_alongside_m" if brief else "",
        "median_speed_kn": speed,
        "other_median_speed_kn": speed,
        "median_relative_speed_kn": steady,
    }
    shortest = "min_brief_s" if brief else "min_duration_s"
    shortest = "min_boarding_s" if measured["duration_s"] < limits.min_brief_s else shortest
    return {
        "duration_s": at_least(measured["duration_s"], limits, shortest),
        **{
            name: at_most(measured[name], limits, by)
            for name, by in most.items()
            if by and measured[name] <= getattr(limits, by)
        },
    }


def around(
    limits: Limits, middle: tuple[Floats, Floats], at_us: Ints, context: Context
) -> list[dict[str, Any]]:
    """Return what lies around the middle of each encounter; rules hold at its beginning.

    Who lay there in the half hour in which it began and in the next is known before it can be
    settled; where a feed begins, or its receiver, the first is cut short and shows nobody lying.
    """
    lat, lon = np.atleast_1d(middle[0]), np.atleast_1d(middle[1])
    zones = context.zones
    reached = zones.reached(lat, lon)
    crowded = zones.within(lat, lon, limits.crowded_classes)
    edge_m = nearby.nearest_zone_m(zones, lat, lon, limits.crowded_classes)
    crowded |= edge_m <= limits.anchorage_edge_m
    transfer_area = zones.within(lat, lon, ("sts_area",))
    licensed = zones.licensed_at(lat, lon, at_us)
    off_m = nearby.nearest_zone_m(zones, lat, lon, ("sts_area",), excuses=True)
    licensed |= off_m <= limits.licensed_edge_m
    pilots = zones.within(lat, lon, ("pilot_ground",))
    land = zones.near_land(lat, lon, limits.near_land_m)
    lying = limits.excluded_classes + limits.crowded_classes
    away_m = nearby.nearest_zone_m(zones, lat, lon, lying)
    own = np.atleast_1d(at_us) // (coverage.SLOT_S * SECOND_US)
    n_lain, _ = context.coverage.once(Lying.of).around(lat, lon, own - DAY_SLOTS, own + 1)
    return [
        {
            "zones_reached": bool(reached[i]),
            "n_lain": int(n_lain[i]),
            "in_anchorage": bool(crowded[i]),
            "in_sts_area": bool(transfer_area[i]),
            "in_licensed_sts_area": bool(licensed[i]),
            "in_pilot_ground": bool(pilots[i]),
            "near_land": bool(land[i]),
            "anchorage_distance_m": float(away_m[i]) if reached[i] else None,
        }
        for i in range(len(lat))
    ]


# ---- how far two that lay together swung, and whether they turned about one another as they did


MOST: Final = (0.1, 0.9)
"""Quantiles between which four fifths of the time lie: a swing without its yaws and bad fixes."""


def swings(grid: timegrid.Grid, pairs: Pairs, first: Ints, last: Ints) -> dict[str, Floats]:
    """Return, by name, how far the one that swung less swung (m), over how many degrees one bore
    from the other meanwhile, and the radius of that swing (m) if they were made fast.

    Two that are fast to one another turn as one: in a swing through an angle, the line between
    their antennas turns by the same. Who gets so far through that angle goes round on a circle of
    `swing_radius_m` (radius): wider than any cable, each lay to an anchor of its own.
    """
    sides = pairs.left, pairs.right
    swung_m = np.minimum(*(_across_m(grid, rows, first, last) for rows in sides))
    spread_deg = _direction_spread_deg(grid, pairs, first, last)
    half = np.radians(np.clip(spread_deg, 0.1, 180.0)) / 2
    return {
        "swung_m": swung_m,
        "direction_spread_deg": spread_deg,
        "swing_radius_m": swung_m / (2 * np.sin(half)),
    }


def _across_m(grid: timegrid.Grid, rows: Ints, first: Ints, last: Ints) -> Floats:
    """Return the diagonal of the box in which a vessel lay for four fifths of the time each way."""
    run, covered = timegrid.ranges(first, last - first + 1)
    lat, east = grid.lat[rows], np.full(len(rows), np.nan)
    east[covered] = geodesy.wrap_lon(grid.lon[rows[covered]] - grid.lon[rows[first]][run])
    south, north = timegrid.shares_of(lat, first, last, *MOST)
    left, right = timegrid.shares_of(east, first, last, *MOST)
    zero = np.zeros(len(first))
    height_m = geodesy.distance_m(south, zero, north, zero)
    width_m = geodesy.distance_m((south + north) / 2, left, (south + north) / 2, right)
    return np.asarray(np.hypot(height_m, width_m))


def _direction_spread_deg(grid: timegrid.Grid, pairs: Pairs, first: Ints, last: Ints) -> Floats:
    """Return over how many degrees about its mean the second bore from the first."""
    a, b = pairs.left, pairs.right
    run, covered = timegrid.ranges(first, last - first + 1)
    bearing_deg = geodesy.course_deg(grid, a, b)
    way = np.radians(bearing_deg)
    north, east = (
        timegrid.aggregate(np.add, part, first, last) for part in (np.cos(way), np.sin(way))
    )
    off_deg = np.full(len(a), np.nan)
    mean_deg = np.degrees(np.arctan2(east, north))
    off_deg[covered] = geodesy.wrap_lon(bearing_deg[covered] - mean_deg[run])
    low, high = timegrid.shares_of(off_deg, first, last, *MOST)
    return np.asarray(high - low)
