"""Zones that are entered, left and stayed in."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.detector import Context
from detectors.core.evidence import at_least
from detectors.core.frames import SECOND_US
from detectors.geofence.limits import Limits
from detectors.geofence.watched import Story, WatchedReports, about_zone, of_classes, silence
from detectors.geofence.watching import Visits, watched_visits
from detectors.kinematics import geodesy, timegrid, visits
from detectors.surroundings.zones import Zones

CROSSING_SETTINGS: Final = ("min_outside_s", "min_inside_s", "max_edge_m")
DWELL_SETTINGS: Final = ("max_silence_s", "min_outside_s", "max_edge_m")


def visited(
    limits: Limits, reports: WatchedReports, context: Context, point: Ints, row: Ints
) -> Iterator[Story]:
    """Find zones entered, left and stayed in, from pairs of reports and zones."""
    zones = context.zones
    track, time_us, lat, lon = reports.track, reports.time_us, reports.lat, reports.lon
    visited = zones.rows_of([*limits.crossing_scores, *limits.dwell_scores])
    visited[[one for one, watch in zones.watches if watch.when in ("enter", "stay")]] = True
    point, row = point[visited[row]], row[visited[row]]
    order = np.argsort(row, kind="stable")
    point, row = point[order], row[order]
    first, last = visits.visits(
        track,
        time_us,
        point,
        row,
        max_silence_s=limits.max_silence_s,
        min_outside_s=limits.min_outside_s,
        beside=stays_beside(limits, reports, zones, point, row),
    )
    zone, inside_first, inside_last = row[first], point[first], point[last]

    comes = np.zeros(len(zone), bool)
    leaves = np.zeros(len(zone), bool)
    some = inside_first > 0
    comes[some] = track[inside_first[some] - 1] == track[inside_first[some]]
    some = inside_last < len(track) - 1
    leaves[some] = track[inside_last[some] + 1] == track[inside_last[some]]
    # A visit cut short by a silence with the vessel inside at both ends has no crossing there.
    follows = np.zeros(len(zone), bool)
    follows[1:] = (zone[1:] == zone[:-1]) & (inside_first[1:] == inside_last[:-1] + 1)
    comes &= ~follows
    leaves[:-1] &= ~follows[1:]

    outlines = zones.frame.geometry.to_numpy()[zone]
    entry, exit_ = (
        visits.crossings(
            outlines,
            lat,
            lon,
            time_us,
            inside,
            side=side,
            crosses=crosses,
            max_silence_s=limits.max_silence_s,
        )
        for inside, side, crosses in ((inside_first, -1, comes), (inside_last, +1, leaves))
    )
    stay_s = (exit_.inner_us - entry.inner_us) / SECOND_US
    lasting = stay_s >= limits.min_inside_s
    now_us = reports.window[1]
    settled = now_us - time_us[inside_last] >= limits.min_outside_s * SECOND_US
    goes_on = np.flatnonzero(settled & leaves)
    goes_on = goes_on[~_followed(zone, track[inside_last])[goes_on]]
    sure = has_left(limits, reports, zones, zone[goes_on], inside_last[goes_on])
    settled[goes_on[~sure]] = False

    quiet_us = now_us - time_us[inside_last]
    still_on = reports.final[inside_last] & (quiet_us <= limits.max_silence_s * SECOND_US)
    found = Visits(zone, inside_first, inside_last, entry, exit_, comes & lasting, still_on)
    yield from watched_visits(limits, reports, context, found)

    for subkind, crossing, wanted, inside in (
        ("enter", entry, comes & lasting, inside_first),
        ("exit", exit_, leaves & lasting & settled, inside_last),
    ):
        picked = wanted & of_classes(zones, zone, limits.crossing_scores)
        picked &= reports.touches(crossing.start_us, crossing.end_us, limits.settle)
        for i in np.flatnonzero(picked).tolist():
            about, row_inside = zones.records[zone[i]], int(inside[i])
            a, b = sorted((row_inside, int(crossing.outside[i])))
            yield Story(
                subkind,
                str(about["zone_id"]),
                int(reports.track[row_inside]),
                start_us=int(crossing.start_us[i]),
                end_us=int(crossing.end_us[i]),
                lat=float(crossing.lat[i]),
                lon=float(crossing.lon[i]),
                score=limits.crossing_scores[about["zone_class"]],
                first=a,
                last=b,
                evidence={
                    **about_zone(zones, int(zone[i]), int(crossing.start_us[i])),
                    "crossing_interpolated": bool(crossing.interpolated[i]),
                    "silence_s": silence(limits, float(crossing.silence_s[i])),
                    "sog_kn": float(reports.sog_kn[row_inside]),
                    "speed_kn": reports.made_good_kn(a, b),
                    "nav_status": int(reports.nav_status[row_inside]),
                    "n_reports": 2,
                },
                settings=CROSSING_SETTINGS,
                anchor_us=int(reports.time_us[row_inside]),
            )
    long = (stay_s >= limits.min_dwell_s) & of_classes(zones, zone, limits.dwell_scores)
    long &= reports.touches(entry.inner_us, exit_.inner_us, limits.settle)
    for i in np.flatnonzero(long).tolist():
        ends = (int(inside_first[i]), int(inside_last[i]))
        yield _dwell(limits, reports, zones, int(zone[i]), entry, exit_, i, ends)


def _followed(zone: Ints, track: Ints) -> NDArray[np.bool_]:
    """Tell which visits are followed by another of the same track to the same zone."""
    found = np.zeros(len(zone), bool)
    found[:-1] = (zone[1:] == zone[:-1]) & (track[1:] == track[:-1])
    return found


def _dwell(
    limits: Limits,
    reports: WatchedReports,
    zones: Zones,
    row: int,
    entry: visits.Crossings,
    exit_: visits.Crossings,
    i: int,
    inside: tuple[int, int],
) -> Story:
    a, b = inside
    about = zones.records[row]
    quiet_us = reports.window[1] - reports.time_us[b]
    still_on = reports.final[b] and quiet_us <= limits.max_silence_s * SECOND_US
    start_us, end_us = int(entry.inner_us[i]), int(exit_.inner_us[i])
    lat, lon = reports.place_at(a, (start_us + end_us) // 2)
    stay_s = round((end_us - start_us) / SECOND_US)
    known_kn = reports.sog_kn[a : b + 1][~np.isnan(reports.sog_kn[a : b + 1])]
    code, share = timegrid.most_common(reports.nav_status, np.array([a]), np.array([b]))
    evidence = {
        **about_zone(zones, row, start_us),
        "duration_s": at_least(stay_s, limits, "min_dwell_s"),
        "entry_interpolated": bool(entry.interpolated[i]),
        "exit_interpolated": bool(exit_.interpolated[i] and not still_on),
        "median_sog_kn": float(np.median(known_kn)) if len(known_kn) else None,
        "drift_kn": reports.made_good_kn(a, b),
        "nav_status": code[0],
        "nav_status_fraction": share[0],
        "n_reports": b - a + 1,
    }
    return Story(
        "dwell",
        str(about["zone_id"]),
        int(reports.track[a]),
        start_us=start_us,
        end_us=None if still_on else end_us,
        lat=lat,
        lon=lon,
        score=limits.dwell_scores[about["zone_class"]],
        first=a,
        last=b,
        evidence=evidence,
        settings=DWELL_SETTINGS,
        anchor_us=int(reports.time_us[a]),
    )


# ---- edges of zones: who swings over one at anchor, or works along it, hasn't left


def stays_beside(
    limits: Limits, reports: WatchedReports, zones: Zones, point: Ints, row: Ints
) -> Bools:
    """Tell after which reports inside zones the vessel stayed beside the edge until the next.

    It did where it was heard without a silence, for no more than `max_edge_s`, and never further
    than `max_edge_m` outside. `point` and `row` are pairs of reports and zones, sorted by zone.
    """
    a, b = point[:-1], point[1:]
    apart_us = reports.time_us[b] - reports.time_us[a]
    same = (row[1:] == row[:-1]) & (reports.track[b] == reports.track[a])
    found = np.asarray(same & (b > a + 1), bool)
    found &= apart_us > limits.min_outside_s * SECOND_US
    found &= apart_us <= limits.max_edge_s * SECOND_US
    asked = np.flatnonzero(found)
    strays = _strays(limits, reports, zones, row[asked], a[asked], b[asked])
    found[asked[strays]] = False
    return found


def has_left(
    limits: Limits, reports: WatchedReports, zones: Zones, zone: Ints, last: Ints
) -> Bools:
    """Tell whether it is sure that each visit, by its last report inside, won't go on.

    It is where the vessel strayed from the edge afterwards, wasn't heard for too long, or has been
    outside for longer than it may be beside.
    """
    ends = reports.bounds[1:][np.searchsorted(reports.tracks, reports.track[last])] - 1
    now_us, limit_us = reports.window[1], limits.max_edge_s * SECOND_US
    found = now_us - reports.time_us[last] > limit_us
    found |= now_us - reports.time_us[ends] > limits.max_silence_s * SECOND_US
    asked = np.flatnonzero(~found)
    end = ends[asked]
    found[asked[_strays(limits, reports, zones, zone[asked], last[asked], end, whole=True)]] = True
    return np.asarray(found)


def _strays(
    limits: Limits,
    reports: WatchedReports,
    zones: Zones,
    zone: Ints,
    a: Ints,
    b: Ints,
    *,
    whole: bool = False,
) -> Ints:
    """Return which stretches, from report `a` to `b`, hold a silence or a report off the zone.

    Reports between the two are looked at, `b` too where `whole`.
    """
    owner, step = timegrid.ranges(a, b - a)
    silent_us = reports.time_us[step + 1] - reports.time_us[step]
    found = np.zeros(len(a), bool)
    found[owner[silent_us > limits.max_silence_s * SECOND_US]] = True
    count = b - a - (0 if whole else 1)
    # Who sails away is far off half-way: then the others needn't be measured.
    asked = np.flatnonzero(~found & (count > 0))
    middle = a[asked] + 1 + count[asked] // 2
    found[asked] = _away_m(reports, zones, zone[asked], middle) > limits.max_edge_m
    asked = np.flatnonzero(~found)
    owner, at = timegrid.ranges(a[asked] + 1, count[asked])
    away = _away_m(reports, zones, zone[asked[owner]], at) > limits.max_edge_m
    found[asked[owner[away]]] = True
    return np.flatnonzero(found)


def _away_m(reports: WatchedReports, zones: Zones, zone: Ints, at: Ints) -> Floats:
    outlines = zones.frame.geometry.to_numpy()[zone]
    points = shapely.points(reports.lon[at], reports.lat[at])
    ends = shapely.get_coordinates(shapely.shortest_line(points, outlines)).reshape(-1, 2, 2)
    return np.asarray(
        geodesy.distance_m(reports.lat[at], reports.lon[at], ends[:, 1, 1], ends[:, 1, 0])
    )
