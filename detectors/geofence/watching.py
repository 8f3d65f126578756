"""Areas of users' own: who enters, stays, stops or speeds there, when and as they ask."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from detectors.core.arrays import Bools, Ints
from detectors.core.detector import Context
from detectors.core.events import NEVER
from detectors.core.evidence import Bound, Sense
from detectors.core.frames import SECOND_US
from detectors.geofence.limits import Limits
from detectors.geofence.watched import Story, WatchedReports, about_zone, silence
from detectors.kinematics import visits
from detectors.surroundings import zone_conduct
from detectors.surroundings.watches import Watch
from detectors.surroundings.zones import Zones

SETTINGS: Final = ("max_silence_s", "max_interruption_s", "max_edge_m")


@dataclass(frozen=True)
class Visits:
    """Visits to zones, one value each: rows of reports `first` to `last`, and the crossings.

    `comes` tells which began with a crossing and last long enough, `still_on` which go on.
    """

    zone: Ints
    first: Ints
    last: Ints
    entry: visits.Crossings
    exit: visits.Crossings
    comes: Bools
    still_on: Bools


def watched_visits(
    limits: Limits, reports: WatchedReports, context: Context, found: Visits
) -> Iterator[Story]:
    """Find who entered areas that are watched for it, and who stayed there."""
    zones, vessels = context.zones, _Vessels(reports, context.vessels)
    start_us = np.where(found.comes, found.entry.start_us, found.entry.inner_us)
    end_us = np.where(found.still_on, NEVER, found.exit.inner_us)
    stay_s = (found.exit.inner_us - found.entry.inner_us) / SECOND_US
    for row, watch in zones.watches:
        if watch.when == "enter":
            upto_us, here = found.entry.end_us, found.comes
        elif watch.when == "stay":
            upto_us, here = end_us, stay_s >= watch.min_duration_s
        else:
            continue
        here = here & (found.zone == row) & watch.asks(start_us, upto_us)
        here &= reports.touches(start_us, upto_us, limits.settle)
        at = np.flatnonzero(here)
        for i in at[vessels.concerned(watch, found.first[at])].tolist():
            a, b = int(found.first[i]), int(found.last[i])
            entered = watch.when == "enter"
            begin_us, finish_us = int(start_us[i]), int(upto_us[i])
            known_us = finish_us if finish_us != NEVER else int(found.exit.inner_us[i])
            lat, lon = reports.place_at(a, (begin_us + known_us) // 2)
            if entered:
                lat, lon = float(found.entry.lat[i]), float(found.entry.lon[i])
            outside = int(found.entry.outside[i])
            more: dict[str, Any] = (
                {
                    "silence_s": silence(limits, float(found.entry.silence_s[i])),
                    "speed_kn": reports.made_good_kn(outside, a),
                }
                if entered
                else {
                    "duration_s": Bound(round(stay_s[i]), watch.min_duration_s, "at_least"),
                    "drift_kn": reports.made_good_kn(a, b),
                }
            )
            rows = (min(a, outside), a) if entered else (a, b)
            yield _story(reports, zones, row, watch, rows, (begin_us, finish_us), (lat, lon), more)


def watched_conduct(
    limits: Limits, reports: WatchedReports, context: Context, point: Ints, row: Ints
) -> Iterator[Story]:
    """Find who stopped or went fast in areas that are watched for it."""
    zones, vessels = context.zones, _Vessels(reports, context.vessels)
    asked = [(one, watch) for one, watch in zones.watches if watch.when in ("stop", "speed")]
    rows = [one for one, _ in asked]
    tracks = np.unique(reports.track[point[np.isin(row, rows)]])
    if not len(tracks):
        return
    grid = reports.grid_of(tracks, limits.max_silence_s)
    for zone, watch in asked:
        only = (np.arange(len(zones.frame)) == zone).astype("float64")
        inside = zone_conduct.Inside.of(grid, zones, only)
        slow = watch.when == "stop"
        held = grid.speed_kn <= watch.speed_kn if slow else grid.speed_kn >= watch.speed_kn
        episodes = zone_conduct.episodes(
            grid, inside, held, watch.min_duration_s, limits.max_interruption_s
        )
        spans, _ = reports.spans_of(limits, grid, episodes)
        upto_us = np.where(spans.open, NEVER, spans.end_us)
        first = grid.report[episodes.rows[spans.first]]
        kept = watch.asks(spans.start_us, upto_us) & vessels.concerned(watch, first)
        for i in np.flatnonzero(kept).tolist():
            a, b = int(episodes.rows[spans.first[i]]), int(episodes.rows[spans.last[i]])
            begin_us, end_us = int(spans.start_us[i]), int(spans.end_us[i])
            one, other = int(grid.report[a]), min(int(grid.report[b + 1]) + 1, reports.last)
            place = reports.place_at(one, (begin_us + end_us) // 2)
            seconds = (end_us - begin_us) // SECOND_US
            median_kn = float(np.nanmedian(grid.speed_kn[a : b + 1]))
            sense: Sense = "at_most" if slow else "at_least"
            more: dict[str, Any] = {
                "duration_s": Bound(seconds, watch.min_duration_s, "at_least"),
                "median_speed_kn": Bound(median_kn, watch.speed_kn, sense),
            }
            span = (begin_us, int(upto_us[i]))
            yield _story(reports, zones, zone, watch, (one, other), span, place, more)


def once(stories: Iterable[Story]) -> list[Story]:
    """Leave the one with the highest score of stories that would be one event.

    Two rules of one area may ask for the same.
    """
    best: dict[tuple[Any, ...], Story] = {}
    for story in stories:
        anchor = story.start_us if story.anchor_us is None else story.anchor_us
        key = (story.subkind, story.zone_id, story.track, anchor)
        if key not in best or story.score > best[key].score:
            best[key] = story
    return list(best.values())


class _Vessels:
    """What vessels are, as far as a watch asks."""

    def __init__(self, reports: WatchedReports, vessels: pd.DataFrame) -> None:
        self._reports = reports
        self._stated = vessels.drop_duplicates("mmsi").set_index("mmsi")["ship_type"]

    def concerned(self, watch: Watch, rows: Ints) -> Bools:
        """Tell of which reports a watch is about the vessel."""
        mmsi = self._reports.track[rows] // 100
        types = self._stated.reindex(mmsi).fillna(-1).to_numpy("int64")
        return watch.concerns(types, self._reports.ais_class_of(rows))


def _story(
    reports: WatchedReports,
    zones: Zones,
    zone: int,
    watch: Watch,
    rows: tuple[int, int],
    span: tuple[int, int],
    place: tuple[float, float],
    measured: dict[str, Any],
) -> Story:
    a, b = rows
    return Story(
        f"watch_{watch.when}",
        zones.id_of(zone),
        int(reports.track[b]),
        start_us=span[0],
        end_us=None if span[1] == NEVER else span[1],
        lat=place[0],
        lon=place[1],
        score=watch.score,
        first=a,
        last=b,
        evidence={
            **about_zone(zones, zone, span[0]),
            "watch": watch.text,
            "watch_asked_by": watch.source,
            **measured,
            "nav_status": int(reports.nav_status[b]),
            "n_reports": b - a + 1,
        },
        settings=SETTINGS,
        anchor_us=int(reports.time_us[b]) if watch.when == "enter" else span[0],
    )
