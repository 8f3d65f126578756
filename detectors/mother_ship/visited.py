"""A vessel that small craft come to, one after another."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from detectors.core.detector import Context
from detectors.core.evidence import Evidence, at_least, at_most
from detectors.core.frames import SECOND_US, epoch_us
from detectors.core.hypothesis import FISHING
from detectors.kinematics import geodesy, timespan
from detectors.kinematics.reports import Reports
from detectors.mother_ship.limits import Limits
from detectors.mother_ship.story import Crafts, Story, explained_weight, of_track

ENOUGH_VISITORS: Final = 4
"""From this many on, more visitors add nothing to the score."""
SETTINGS: Final = ("max_visit_s", "max_move_m", "max_explained_weight")
"""Parameters that shape what is measured."""


@dataclass(frozen=True)
class Visit:
    """One encounter, seen from the vessel that was visited."""

    host: int
    visitor: int
    start_us: int
    end_us: int
    still_on: bool
    lat: float
    lon: float
    first_source: str
    last_source: str
    in_anchorage: bool
    port_call: bool
    approach_kn: float
    boat_to_boat: bool


def visited(limits: Limits, positions: pd.DataFrame, context: Context) -> Iterator[Story]:
    """Find vessels that small craft came to one after another."""
    met = context.events_of("encounter")
    if met.empty:
        return
    window = timespan.window_us(context.start - limits.settle, context.end)
    crafts = Crafts(positions, context.vessels, (*met["mmsi"], *met["other_mmsi"]))
    visits: dict[int, list[Visit]] = {}
    for visit in _found(limits, met, crafts, window[1]):
        visits.setdefault(visit.host, []).append(visit)
    for host, own in visits.items():
        for story in _linked(limits, own):
            end_us = max(v.end_us for v in story)
            if not (story[0].start_us <= window[1] and end_us >= window[0]):
                continue
            reports = of_track(positions, host)
            if reports:
                yield _story(limits, host, story, end_us, reports, crafts)


def _found(limits: Limits, met: pd.DataFrame, crafts: Crafts, now_us: int) -> list[Visit]:
    """Return the visits of small craft to larger vessels, by host and time."""
    starts = epoch_us(met["start"])
    ends = np.where(met["end"].isna(), now_us, epoch_us(met["end"].fillna(met["start"])))
    still_on = met["end"].isna().to_numpy()
    found = []
    told: list[Evidence] = met["evidence"].tolist()
    weights = np.array([explained_weight(stated) for stated in told])
    short = ends - starts <= limits.max_visit_s * SECOND_US
    texts, lats, lons = (met[name].to_numpy() for name in ("track_ids", "lat", "lon"))
    for k in np.flatnonzero(short & (weights < limits.max_explained_weight)).tolist():
        stated = told[k]
        tracks = [int(t) for t in texts[k].split(";")]
        came_kn = stated.number("came_kn"), stated.number("other_came_kn")
        for side, prefix in ((0, ""), (1, "other_")):
            host, visitor = tracks[side], tracks[1 - side]
            came = came_kn[side], came_kn[1 - side]
            closing_kn = stated.number("closing_kn")
            if not _visits(limits, crafts, host // 100, visitor // 100, came, closing_kn):
                continue
            found.append(
                Visit(
                    host=host,
                    visitor=visitor // 100,
                    start_us=int(starts[k]),
                    end_us=int(ends[k]),
                    still_on=bool(still_on[k]),
                    lat=float(lats[k]),
                    lon=float(lons[k]),
                    first_source=stated[f"{prefix}first_report_source"],
                    last_source=stated[f"{prefix}last_report_source"],
                    in_anchorage=bool(stated.get("in_anchorage")),
                    port_call=_port_call(stated, ("other_", "")[side]),
                    approach_kn=stated.number("approach_kn"),
                    boat_to_boat=crafts.is_b(host // 100)
                    and came[0] < limits.min_waiting_kn
                    and came[1] < limits.min_planing_kn,
                )
            )
    return sorted(found, key=lambda v: (v.host, v.start_us, v.visitor))


def _port_call(stated: Evidence, visitor: str) -> bool:
    """Tell whether the visitor came out of a port, or went into one, in a licensed transfer area;
    `visitor` is before the names of what was measured of it.
    """
    ways = (f"{visitor}came_from_port", f"{visitor}went_to_port")
    return bool(stated.get("in_licensed_sts_area")) and any(stated.get(name) for name in ways)


def _visits(
    limits: Limits,
    crafts: Crafts,
    host: int,
    visitor: int,
    came_kn: tuple[float, float],
    closing_kn: float,
) -> bool:
    """Tell whether the one waited and the other is a small craft that came to it.

    By conduct, where both were heard on the way: `came_kn` are the speeds of host and visitor over
    the ten minutes before, `closing_kn` is the fastest at which they came nearer shortly before: a
    boat that goes alongside with care takes ten minutes over the last half mile, and of twice what
    waits makes the visitor made half or more. Else by size, as far as they say; unknown is neither
    small nor large.
    """
    host_m, visitor_m = crafts.length_m(host), crafts.length_m(visitor)
    waited_kn, came_at_kn = came_kn
    planes = came_at_kn >= limits.min_planing_kn
    if not (planes or crafts.is_b(visitor) or visitor_m <= limits.max_visitor_m):
        return False
    if np.isfinite(waited_kn) and np.isfinite(came_at_kn):
        came = came_at_kn >= limits.min_waiting_kn or closing_kn >= 2 * limits.min_waiting_kn
        return bool(waited_kn < limits.min_waiting_kn and came)
    if np.isfinite(host_m) and np.isfinite(visitor_m):
        return host_m >= limits.min_size_ratio * visitor_m
    return not crafts.is_b(host)


def _linked(limits: Limits, visits: list[Visit]) -> list[list[Visit]]:
    """Return visits to one host that belong together, in order of their start.

    Built from links between any two visits that are near enough, so a story rests on nothing
    older than its links reach. Boats come to a boat by twos to talk: from three on they count.
    """
    wait_us = limits.max_wait_s * SECOND_US
    stories: list[list[Visit]] = []
    ends_us = 0
    for k, later in enumerate(visits):
        linked = _before(limits, visits[:k], later)
        if len({v.visitor for v in linked}) + 1 < limits.min_boat_visitors:
            linked = [v for v in linked if not (v.boat_to_boat or later.boat_to_boat)]
        if not linked:
            continue
        first_us = min(v.start_us for v in linked)
        if not stories or first_us - ends_us > wait_us:
            stories.append([])
            ends_us = 0
        stories[-1] += [v for v in (*linked, later) if v not in stories[-1]]
        ends_us = max(ends_us, *(v.end_us for v in stories[-1]))
    return [
        sorted(story, key=lambda v: (v.start_us, v.visitor))
        for story in stories
        if len({v.visitor for v in story}) >= limits.min_visitors
    ]


def _before(limits: Limits, visits: list[Visit], later: Visit) -> list[Visit]:
    """Return the visits by others of which each was over `max_wait_s` or less before a later one,
    and within `max_move_m` of it or of one between: a host adrift is carried on meanwhile.
    """
    found: list[Visit] = []
    for visit in reversed(visits):
        if visit.visitor == later.visitor:
            continue
        soon = later.start_us - visit.end_us <= limits.max_wait_s * SECOND_US
        if soon and any(
            geodesy.distance_m(visit.lat, visit.lon, one.lat, one.lon) <= limits.max_move_m
            for one in (later, *found)
        ):
            found.append(visit)
    return found[::-1]


def _story(
    limits: Limits, host: int, visits: list[Visit], end_us: int, reports: Reports, crafts: Crafts
) -> Story:
    start_us = visits[0].start_us
    visitors = sorted({v.visitor for v in visits})
    lasts_s = [(v.end_us - v.start_us) / SECOND_US for v in visits]
    last = max(visits, key=lambda v: (v.end_us, v.start_us))
    fishing = [crafts.ship_type(m) in FISHING for m in visitors]
    evidence = {
        "duration_s": (end_us - start_us) // SECOND_US,
        "n_visits": len(visits),
        "n_visitors": at_least(len(visitors), limits, "min_visitors"),
        "visitors": " ".join(f"{m:09d}" for m in visitors),
        "mean_visit_s": float(np.mean(lasts_s)),
        "fastest_approach_kn": max((v.approach_kn for v in visits), key=_known),
        "n_at_once": _n_at_once(visits),
        "longest_wait_s": at_most(_longest_wait_s(visits), limits, "max_wait_s"),
        "fishing_visitors_fraction": float(np.mean(fishing)),
        "in_anchorage_fraction": float(np.mean([v.in_anchorage for v in visits])),
        "port_calls_fraction": float(np.mean([v.port_call for v in visits])),
        "first_report_source": visits[0].first_source,
        "last_report_source": last.last_source,
    }
    still_on = any(v.still_on for v in visits)
    base = 0.4 + 0.15 * (min(len(visitors), ENOUGH_VISITORS) - 2)
    return Story("visited", host, start_us, end_us, still_on, reports, evidence, SETTINGS, base)


def _known(number: float) -> float:
    """Order numbers with those that aren't known before all others."""
    return number if np.isfinite(number) else -np.inf


def _n_at_once(visits: list[Visit]) -> int:
    """Return how many different craft lay there at the same time, at most."""
    return max(
        len({v.visitor for v in visits if v.start_us <= one.start_us < v.end_us}) for one in visits
    )


def _longest_wait_s(story: list[Visit]) -> int:
    """Return the longest time without a visit."""
    waits, until_us = [0], story[0].end_us
    for visit in story[1:]:
        waits.append(max(0, visit.start_us - until_us))
        until_us = max(until_us, visit.end_us)
    return max(waits) // SECOND_US
