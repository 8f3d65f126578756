"""Geofence: zones entered and left, boundaries crossed, conduct in lanes and off a coast."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt

from detectors.core import (
    boundaries,
    conduct,
    events,
    geodesy,
    runs,
    surroundings,
    timespan,
    visits,
)
from detectors.core.detector import Context, Detector, RestsOn
from detectors.core.explain import Hypothesis
from detectors.core.frames import SECOND_US, epoch_us
from detectors.core.hypotheses_geofence import HYPOTHESES
from detectors.core.reports import sources
from detectors.core.settings import BoundaryScores, ZoneClasses, ZoneScores
from detectors.core.telling import Told, Words
from detectors.core.zones import Zones

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

CROSSING_SCORES: Final = {"joint_area": 0.05, "sts_area": 0.05, "landing_place": 0.1}
DWELL_SCORES: Final = {"sts_area": 0.1, "landing_place": 0.25}
BOUNDARY_SCORES: Final = {
    "territorial_sea": 0.05, "exclusive_economic_zone": 0.03, "continental_shelf": 0.03,
}  # fmt: skip
STOP_SCORES: Final = {
    "tss_lane": 0.25, "separation_zone": 0.25, "precautionary_area": 0.15, "lane": 0.15,
}  # fmt: skip
AGAINST_SCORES: Final = {"tss_lane": 0.25, "lane": 0.15}
APPROACH_SCORES: Final = {"landing_place": 0.15}

SOURCES: Final = ("first_report_source", "last_report_source")
STEP_S: Final = 120
"""Step of the time grid for conduct: a boat at 5 kn makes 300 m in it."""
MERCHANT_TYPES: Final = (60, 89)
"""Passenger and cargo ships and tankers (ITU-R M.1371-5, table 53): unless they say that they are
short, they are no small craft."""


class Geofence(Detector):
    """Visits of vessels to zones, boundaries between states crossed, and conduct in zones.

    **Visits** (``enter``, ``exit``, ``dwell``). The reports of a track inside a zone make one visit
    while they are no more than `max_silence_s` apart, and no more than `min_outside_s` where the
    vessel was outside in between (the hysteresis: a vessel on the boundary doesn't flicker). A
    visit counts once it lasted `min_inside_s`, measured between crossings.

    A crossing lies where the segment between the report outside and the report inside cuts the
    zone's boundary, next to the report inside; its time is interpolated along the segment. Where
    those reports are more than `max_silence_s` apart the crossing isn't interpolated: the event
    spans the silence, lies at the report inside, and evidence says ``crossing_interpolated:
    false``. A vessel first seen inside has no crossing in.

    A dwell lasts from the crossing in (or the first report) to the crossing out (or the last
    report before a silence) and has no end while the vessel is inside.

    **Boundaries** (``cross_line``). A vessel has crossed a boundary line when it was clear of it on
    one side, by `min_beside_m`, and then on the other: the hysteresis for who sails along it. The
    crossing is the last time its way cut the line in between, interpolated like that of a zone
    (after a long silence it lies at the report behind the line). Who stays nearer than that for
    more than `max_beside_s` works on the line, and no crossing is reported.

    **Stopping in a lane** (``stop``). No faster than `max_stop_kn` for `min_stop_s` in a lane of a
    traffic separation scheme, its separation zone, a lane seen in past traffic, or a precautionary
    area; ports, anchorages and other `excluded_classes` drawn over them aside.

    **Against a lane** (``against_lane``). At `min_against_kn` or more, for `min_against_s`, on a
    course that differs by `min_against_deg` or more from the direction of each lane around it.

    **Approach to a landing place** (``approach``). A small craft, or one that doesn't say how large
    it is, at `min_approach_kn` or more outside and then no faster than `max_landing_kn` inside for
    `min_landing_s`, within `max_approach_s`. The event lasts from when it slowed down until that is
    sure. Landing places are known by name: the zone is as large as its position is uncertain.

    Interruptions of a stop or of a way against a lane count up to `max_interruption_s`.

    Parameters
    ----------
    crossing_scores
        Zone classes whose crossings are events, with their score. Crossings are context for what
        happens after them, so the scores are low.
    dwell_scores
        Zone classes in which a stay is an event, with its score. Ports and anchorages are left
        out, where staying is the rule.
    boundary_scores
        Classes of boundary lines whose crossings are events, with their score.
    stop_scores, against_scores
        Zone classes in which a stop, or the wrong direction, is an event, with its score: more
        where the lane is one of an adopted scheme, to which rule 10 applies.
    approach_scores
        Zone classes an approach to which is an event, with its score.
    min_outside_s
        10 minutes outside end a visit.
    min_inside_s
        2 minutes inside make one: one position off by a few metres doesn't.
    min_dwell_s
        30 minutes: long enough to land or take on something by boat.
    max_silence_s
        1 hour, the longest silence over which a crossing is interpolated, and a stay, a stop or a
        way against a lane goes on.
    min_beside_m
        Half a mile: treaty charts lie up to 0.2 nm off WGS84, and AIS positions are good to 10 m.
    max_beside_s
        6 hours.
    max_stop_kn
        2 knots made good: less than steerage way, no more than the tide of the Strait.
    min_stop_s
        30 minutes: a pilot boards under way and in less.
    excluded_classes
        Zone classes in which a stop is nothing special; of transfer areas (`sts_area`) only the
        licensed ones.
    min_against_kn, min_against_s
        Under way, and longer than giving way or overtaking takes: 20 minutes.
    min_against_deg
        135 degrees: who crosses a lane does so at right angles (rule 10(c)).
    min_approach_kn
        5 knots: under way.
    max_landing_kn, min_landing_s
        3 knots for 10 minutes: what it takes to feel one's way in.
    max_approach_s
        1 hour from the one to the other.
    max_approach_length_m
        Longer vessels don't land on a beach; 40 m as for fast crossings (`crossing`).
    max_interruption_s
        10 minutes.

    Notes
    -----
    A zone is known wherever it is drawn, so this detector assesses all that it reports. Boundaries
    are no legal limits; sides are named by the states that agreed on the line.
    """

    name: ClassVar[str] = "geofence"
    version: ClassVar[str] = "4"
    requires: ClassVar[tuple[str, ...]] = (
        "mmsi", "time", "lat", "lon", "sog_kn", "nav_status", "track_id", "source",
        "source_offset",
    )  # fmt: skip
    rests_on: ClassVar[RestsOn] = RestsOn.OWN
    source: ClassVar[str] = (
        "Visits with hysteresis as in Global Fishing Watch's port visits (entry and exit at "
        "different thresholds; globalfishingwatch.org/faqs, carrier vessel portal); crossings by "
        "linear interpolation between reports; boundaries: Limits in the Seas Nos. 1, 50, 60, 62, "
        "81, 93 (US Department of State) and later treaties; lanes: COLREGs 1972, rule 10(b)(i) "
        "(general direction of traffic flow), 10(e) (separation zones), 10(g) (no anchoring in a "
        "scheme)"
    )
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = HYPOTHESES

    crossing_scores: ZoneScores = Field(default=CROSSING_SCORES)
    dwell_scores: ZoneScores = Field(default=DWELL_SCORES)
    boundary_scores: BoundaryScores = Field(default=BOUNDARY_SCORES)
    stop_scores: ZoneScores = Field(default=STOP_SCORES)
    against_scores: ZoneScores = Field(default=AGAINST_SCORES)
    approach_scores: ZoneScores = Field(default=APPROACH_SCORES)
    min_outside_s: PositiveInt = 600
    min_inside_s: PositiveInt = 120
    min_dwell_s: PositiveInt = 1800
    max_silence_s: PositiveInt = 3600
    min_beside_m: PositiveFloat = 926.0
    max_beside_s: PositiveInt = 21600
    max_stop_kn: PositiveFloat = 2.0
    min_stop_s: PositiveInt = 1800
    excluded_classes: ZoneClasses = ("port", "anchorage", "sts_area", "waiting_area")
    min_against_kn: PositiveFloat = 5.0
    min_against_s: PositiveInt = 1200
    min_against_deg: float = Field(default=135.0, gt=90, le=180)
    min_approach_kn: PositiveFloat = 5.0
    max_landing_kn: PositiveFloat = 3.0
    min_landing_s: PositiveInt = 600
    max_approach_s: PositiveInt = 3600
    max_approach_length_m: PositiveFloat = 40.0
    max_interruption_s: PositiveInt = 600

    @property
    def settle(self) -> timedelta:
        """How long after a crossing it takes at most to be sure of it."""
        visit_s = self.max_silence_s + max(self.min_inside_s, self.min_outside_s)
        spell_s = self.max_silence_s + self.max_interruption_s + STEP_S
        return timedelta(seconds=max(visit_s, spell_s, self.max_beside_s))

    @property
    def lookback(self) -> timedelta:
        """Long enough to find what lies behind any event not yet settled."""
        visit_s = max(self.min_inside_s, self.min_dwell_s) + self.min_outside_s
        spell_s = max(self.min_stop_s, self.min_against_s) + 2 * self.max_interruption_s
        approach_s = self.max_approach_s + self.min_landing_s
        return self.settle + timedelta(
            seconds=max(visit_s + 2 * self.max_silence_s, spell_s, approach_s, self.max_beside_s)
            + 2 * STEP_S
        )

    def detect(self, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
        """Find all that the class describes; see `Detector.detect` for the frames."""
        if positions.empty:
            return events.empty()
        reports = _Reports(positions, timespan.window_us(context.start, context.end))
        found: list[dict[str, Any]] = []
        if len(context.zones.frame):
            members = self._members(reports, context.zones)
            found += self._visits(reports, context.zones, *members)
            found += self._conduct(reports, context, *members)
        if len(context.zones.boundaries.frame) and self.boundary_scores:
            found += self._lines(reports, context.zones.boundaries)
        _name_sources([event["evidence"] for event in found], positions)
        return events.build(found)

    @classmethod
    def tell(cls, event: Told, words: Words, mmsi: int) -> str:
        """What it did, and where."""
        fact = event.evidence
        zone, place = fact["zone_name"], words.place(event.lat, event.lon)
        lasted = words.duration(event.start, event.end)
        match event.subkind:
            case "dwell":
                return words.say("Stayed {duration} in {zone}", duration=lasted, zone=zone)
            case "cross_line":
                return words.say(
                    "Crossed from the side of {from_side} to that of {to_side} ({zone}), {place}",
                    from_side=fact["from_side"], to_side=fact["to_side"], zone=zone, place=place,
                )  # fmt: skip
            case "stop":
                zone_class = str(fact["zone_class"])
                kind = {
                    "tss_lane": words.say("TSS lane"),
                    "lane": words.say("lane"),
                    "precautionary_area": words.say("precautionary area"),
                }.get(zone_class, zone_class.replace("_", " "))
                return words.say(
                    "Stopped for {duration} in a {kind} ({zone}), {place}",
                    duration=lasted, kind=kind, zone=zone, place=place,
                )  # fmt: skip
            case "against_lane":
                return words.say(
                    "Went {course_deg:.0f}° for {duration} in a lane whose traffic goes "
                    "{direction_deg:.0f}° ({zone}), {place}",
                    course_deg=fact["course_deg"], duration=lasted,
                    direction_deg=fact["direction_deg"], zone=zone, place=place,
                )  # fmt: skip
            case "approach":
                return words.say(
                    "Came at {speed_kn:.0f} kn and slowed down within {distance} of {zone} (its "
                    "position is good to {accuracy})",
                    speed_kn=fact["approach_speed_kn"],
                    distance=words.distance(fact["zone_distance_m"]), zone=zone,
                    accuracy=words.distance(fact["zone_accuracy_m"]),
                )  # fmt: skip
            case "exit":
                return words.say("Left {zone}, {place}", zone=zone, place=place)
            case _:
                return words.say("Entered {zone}, {place}", zone=zone, place=place)

    def _members(self, reports: "_Reports", zones: Zones) -> tuple[Ints, Ints]:
        """Pairs (report, zone) of the reports in zones of any class that is watched."""
        scores = (
            self.crossing_scores, self.dwell_scores, self.stop_scores, self.against_scores,
            self.approach_scores,
        )  # fmt: skip
        classes = sorted({name for each in scores for name in each})
        if not classes:
            return np.zeros(0, "int64"), np.zeros(0, "int64")
        return zones.members(reports.lat, reports.lon, classes)

    # ---- visits

    def _visits(
        self, reports: "_Reports", zones: Zones, point: Ints, row: Ints
    ) -> Iterator[dict[str, Any]]:
        track, time_us, lat, lon = reports.track, reports.time_us, reports.lat, reports.lon
        visited = _of(zones, row, {**self.crossing_scores, **self.dwell_scores})
        point, row = point[visited], row[visited]
        order = np.argsort(row, kind="stable")
        point, row = point[order], row[order]
        first, last = visits.visits(
            track, time_us, point, row,
            max_silence_s=self.max_silence_s, min_outside_s=self.min_outside_s,
        )  # fmt: skip
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

        shapes = zones.frame.geometry.to_numpy()[zone]
        entry, exit_ = (
            visits.crossings(
                shapes, lat, lon, time_us, inside,
                side=side, crosses=crosses, max_silence_s=self.max_silence_s,
            )
            for inside, side, crosses in ((inside_first, -1, comes), (inside_last, +1, leaves))
        )  # fmt: skip
        stay_s = (exit_.inner_us - entry.inner_us) / SECOND_US
        lasting = stay_s >= self.min_inside_s
        now_us = reports.window[1]
        settled = now_us - time_us[inside_last] >= self.min_outside_s * SECOND_US

        for subkind, crossing, wanted, inside in (
            ("enter", entry, comes & lasting, inside_first),
            ("exit", exit_, leaves & lasting & settled, inside_last),
        ):
            picked = wanted & _of(zones, zone, self.crossing_scores)
            picked &= reports.touches(crossing.start_us, crossing.end_us, self.settle)
            for i in np.flatnonzero(picked).tolist():
                about = zones.records[zone[i]]
                yield {
                    **self._crossing(reports, crossing, i, int(inside[i]), subkind),
                    "zone_id": str(about["zone_id"]),
                    "score": self.crossing_scores[about["zone_class"]],
                    "evidence": {
                        **_about(about),
                        **self._crossing_evidence(reports, crossing, i, int(inside[i])),
                        "min_outside_s": self.min_outside_s,
                        "min_inside_s": self.min_inside_s,
                    },
                }
        long = (stay_s >= self.min_dwell_s) & _of(zones, zone, self.dwell_scores)
        long &= reports.touches(entry.inner_us, exit_.inner_us, self.settle)
        for i in np.flatnonzero(long).tolist():
            yield self._dwell(
                reports, zones.records[zone[i]], entry, exit_, i,
                (int(inside_first[i]), int(inside_last[i])),
            )  # fmt: skip

    def _crossing(
        self, reports: "_Reports", crossing: visits.Crossings, i: int, inside: int, subkind: str
    ) -> dict[str, Any]:
        return {
            **self._event(subkind, int(reports.track[inside])),
            "start": _time(crossing.start_us[i]),
            "end": _time(crossing.end_us[i]),
            "anchor": _time(reports.time_us[inside]),
            "lat": float(crossing.lat[i]),
            "lon": float(crossing.lon[i]),
        }

    def _crossing_evidence(
        self, reports: "_Reports", crossing: visits.Crossings, i: int, inside: int
    ) -> dict[str, Any]:
        first, last = sorted((inside, int(crossing.outside[i])))
        return {
            "crossing_interpolated": bool(crossing.interpolated[i]),
            "silence_s": float(crossing.silence_s[i]),
            "max_silence_s": self.max_silence_s,
            "sog_kn": float(reports.sog_kn[inside]),
            "speed_kn": reports.speed_kn(first, last),
            "nav_status": int(reports.nav_status[inside]),
            "n_reports": 2,
            **reports.sources(first, last),
        }

    def _dwell(
        self,
        reports: "_Reports",
        about: dict[str, Any],
        entry: visits.Crossings,
        exit_: visits.Crossings,
        i: int,
        inside: tuple[int, int],
    ) -> dict[str, Any]:
        a, b = inside
        quiet_us = reports.window[1] - reports.time_us[b]
        still_on = reports.final[b] and quiet_us <= self.max_silence_s * SECOND_US
        start_us, end_us = int(entry.inner_us[i]), int(exit_.inner_us[i])
        lat, lon = reports.position_at(a, (start_us + end_us) // 2)
        stay_s = round((end_us - start_us) / SECOND_US)
        known_kn = reports.sog_kn[a : b + 1][~np.isnan(reports.sog_kn[a : b + 1])]
        code, share = runs.most_common(reports.nav_status, np.array([a]), np.array([b]))
        return {
            **self._event("dwell", int(reports.track[a])),
            "zone_id": str(about["zone_id"]),
            "start": _time(start_us),
            "end": pd.NaT if still_on else _time(end_us),
            "anchor": _time(reports.time_us[a]),
            "lat": lat,
            "lon": lon,
            "score": self.dwell_scores[about["zone_class"]],
            "evidence": {
                **_about(about),
                "duration_s": stay_s,
                "min_dwell_s": self.min_dwell_s,
                "duration_margin_s": stay_s - self.min_dwell_s,
                "entry_interpolated": bool(entry.interpolated[i]),
                "exit_interpolated": bool(exit_.interpolated[i] and not still_on),
                "median_sog_kn": float(np.median(known_kn)) if len(known_kn) else None,
                "drift_kn": reports.speed_kn(a, b),
                "nav_status": code[0],
                "nav_status_fraction": share[0],
                "max_silence_s": self.max_silence_s,
                "min_outside_s": self.min_outside_s,
                "n_reports": b - a + 1,
                **reports.sources(a, b),
            },
        }

    # ---- boundaries

    def _lines(self, reports: "_Reports", lines: boundaries.Boundaries) -> Iterator[dict[str, Any]]:
        found = boundaries.passages(
            lines, reports.track, reports.time_us, reports.lat, reports.lon,
            beside_m=self.min_beside_m, max_beside_s=self.max_beside_s,
        )  # fmt: skip
        before, after = found.step, found.step + 1
        silence_us = reports.time_us[after] - reports.time_us[before]
        near = silence_us <= self.max_silence_s * SECOND_US
        at_us = reports.time_us[before] + visits.part_us(silence_us, found.fraction)
        start_us = np.where(near, at_us, reports.time_us[before])
        end_us = np.where(near, at_us, reports.time_us[after])
        lat, lon = geodesy.interpolate(
            reports.lat[before], reports.lon[before], reports.lat[after], reports.lon[after],
            np.where(near, found.fraction, 1.0),
        )  # fmt: skip
        records = lines.frame.drop(columns="geometry").to_dict("records")
        watched = lines.frame["boundary_class"].isin(list(self.boundary_scores)).to_numpy()
        wanted = watched[found.row] & reports.touches(start_us, end_us, self.settle)
        for i in np.flatnonzero(wanted).tolist():
            about = records[found.row[i]]
            a, b = int(before[i]), int(after[i])
            sides = (str(about["right"]), str(about["left"]))
            from_side, to_side = sides if found.to_left[i] else sides[::-1]
            clear_us = reports.time_us[found.after[i]] - reports.time_us[found.before[i]]
            yield {
                **self._event("cross_line", int(reports.track[a])),
                "zone_id": str(about["boundary_id"]),
                "start": _time(start_us[i]),
                "end": _time(end_us[i]),
                "anchor": _time(reports.time_us[b]),
                "lat": float(lat[i]),
                "lon": float(lon[i]),
                "score": self.boundary_scores[about["boundary_class"]],
                "evidence": {
                    "zone_class": str(about["boundary_class"]),
                    "zone_name": str(about["name"]),
                    "zone_confidence": str(about["confidence"]),
                    "boundary_treaty": str(about["source"]),
                    "from_side": from_side,
                    "to_side": to_side,
                    "n_cuts": int(found.cuts[i]),
                    "beside_s": round(clear_us / SECOND_US),
                    "max_beside_s": self.max_beside_s,
                    "min_beside_m": self.min_beside_m,
                    "crossing_interpolated": bool(near[i]),
                    "silence_s": float(silence_us[i] / SECOND_US),
                    "max_silence_s": self.max_silence_s,
                    "speed_kn": reports.speed_kn(a, b),
                    "nav_status": int(reports.nav_status[b]),
                    "n_reports": int(found.after[i] - found.before[i] + 1),
                    **reports.sources(int(found.before[i]), int(found.after[i])),
                },
            }

    # ---- conduct

    def _conduct(
        self, reports: "_Reports", context: Context, point: Ints, row: Ints
    ) -> Iterator[dict[str, Any]]:
        zones = context.zones
        directed = np.isfinite(zones.direction_deg)
        stop, against, approach = (
            np.array([scores.get(name, 0.0) for name in zones.frame["zone_class"]], "float64")
            for scores in (self.stop_scores, self.against_scores, self.approach_scores)
        )
        against = np.where(directed, against, 0.0)
        watched = (stop > 0) | (against > 0) | (approach > 0)
        tracks = np.unique(reports.track[point[watched[row]]])
        if not len(tracks):
            return
        grid = reports.grid(tracks, self.max_silence_s)
        excluded = zones.within(grid.lat, grid.lon, self.excluded_classes, excuses=True)
        spells = conduct.stops(
            grid, conduct.Inside.of(grid, zones, stop), excluded,
            max_speed_kn=self.max_stop_kn, min_duration_s=self.min_stop_s,
            max_interruption_s=self.max_interruption_s,
        )  # fmt: skip
        stopped = list(self._spells(reports, grid, spells, zones, "stop", stop))
        starts = np.array([a for _, a, _ in stopped], "int64")
        away_m = surroundings.nearest_zone_m(
            zones, grid.lat[starts], grid.lon[starts], ("port", "anchorage")
        )
        for (event, a, b), off_m in zip(stopped, away_m.tolist(), strict=True):
            event["evidence"] |= self._stopped(reports, grid, zones, a, b)
            event["evidence"]["anchorage_distance_m"] = off_m
            yield event
        spells, turned = conduct.against(
            grid, conduct.Inside.of(grid, zones, against), zones.direction_deg,
            min_speed_kn=self.min_against_kn, min_turned_deg=self.min_against_deg,
            min_duration_s=self.min_against_s, max_interruption_s=self.max_interruption_s,
        )  # fmt: skip
        for event, a, b in self._spells(reports, grid, spells, zones, "against_lane", against):
            event["evidence"] |= self._contrary(grid, turned, a, b)
            yield event
        yield from self._approaches(
            reports, grid, conduct.Inside.of(grid, zones, approach), context, approach
        )

    def _spells(
        self,
        reports: "_Reports",
        grid: runs.Grid,
        found: conduct.Spells,
        zones: Zones,
        subkind: str,
        scores: Floats,
    ) -> Iterator[tuple[dict[str, Any], int, int]]:
        """Events of spells, with the grid rows of their first and last tick."""
        spans, kept = timespan.of_runs(
            grid, [found.rows], found.first, found.last,
            window=reports.window, settle=self.settle, max_break_s=self.max_interruption_s,
        )  # fmt: skip
        for i, zone in enumerate(found.zone[kept].tolist()):
            a, b = int(found.rows[spans.first[i]]), int(found.rows[spans.last[i]])
            start_us, end_us = int(spans.start_us[i]), int(spans.end_us[i])
            first, last = int(grid.report[a]), min(int(grid.report[b + 1]) + 1, reports.last)
            lat, lon = reports.position_at(first, (start_us + end_us) // 2)
            about, seconds = zones.records[zone], (end_us - start_us) // SECOND_US
            least = {"stop": self.min_stop_s, "against_lane": self.min_against_s}[subkind]
            direction = about.get("direction_deg", np.nan)
            yield (
                {
                    **self._event(subkind, int(grid.track_id[a])),
                    "zone_id": str(about["zone_id"]),
                    "start": _time(start_us),
                    "end": pd.NaT if spans.open[i] else _time(end_us),
                    "anchor": _time(start_us),
                    "lat": lat,
                    "lon": lon,
                    "score": float(scores[zone]),
                    "evidence": {
                        **_about(about),
                        "direction_deg": None if pd.isna(direction) else float(direction),
                        "duration_s": seconds,
                        "min_duration_s": least,
                        "duration_margin_s": seconds - least,
                        "max_interruption_s": self.max_interruption_s,
                        "n_reports": last - first + 1,
                        **reports.sources(first, last),
                    },
                },
                a,
                b,
            )

    def _stopped(
        self, reports: "_Reports", grid: runs.Grid, zones: Zones, a: int, b: int
    ) -> dict[str, Any]:
        """How slow it was, how it drifted, and what lay around."""
        ticks = slice(a, b + 1)
        lat, lon = grid.lat[ticks], grid.lon[ticks]
        median_kn = float(np.nanmedian(grid.speed_kn[ticks]))
        made_m = geodesy.distance_m(lat[0], lon[0], grid.lat[b + 1], grid.lon[b + 1])
        seconds = (grid.tick[b] + 1 - grid.tick[a]) * grid.step_s
        first, last = int(grid.report[a]), int(grid.report[b])
        code, share = runs.most_common(reports.nav_status, np.array([first]), np.array([last]))
        return {
            "median_speed_kn": median_kn,
            "max_stop_kn": self.max_stop_kn,
            "speed_margin_kn": self.max_stop_kn - median_kn,
            "drift_kn": float(geodesy.speed_kn(made_m, seconds)),
            "nav_status": code[0],
            "nav_status_fraction": share[0],
            "pilot_ground_fraction": float(zones.within(lat, lon, ("pilot_ground",)).mean()),
        }

    def _contrary(self, grid: runs.Grid, turned: Floats, a: int, b: int) -> dict[str, Any]:
        """Its course and speed, and how far it was from the lane's direction."""
        rows = np.arange(a, b + 1)
        rows = rows[np.isfinite(turned[rows]) & (turned[rows] >= self.min_against_deg)]
        course = np.radians(
            geodesy.bearing_deg(
                grid.lat[rows], grid.lon[rows], grid.lat[rows + 1], grid.lon[rows + 1]
            )
        )
        mean = np.degrees(np.arctan2(np.sin(course).sum(), np.cos(course).sum())) % 360.0
        turned_deg, speed_kn = float(np.median(turned[rows])), float(np.median(grid.speed_kn[rows]))
        return {
            "course_deg": float(mean),
            "turned_deg": turned_deg,
            "min_against_deg": self.min_against_deg,
            "turned_margin_deg": turned_deg - self.min_against_deg,
            "median_speed_kn": speed_kn,
            "min_against_kn": self.min_against_kn,
            "speed_margin_kn": speed_kn - self.min_against_kn,
        }

    def _approaches(
        self,
        reports: "_Reports",
        grid: runs.Grid,
        inside: conduct.Inside,
        context: Context,
        scores: Floats,
    ) -> Iterator[dict[str, Any]]:
        found = conduct.approaches(
            grid, inside,
            min_speed_kn=self.min_approach_kn, max_speed_kn=self.max_landing_kn,
            min_slow_s=self.min_landing_s, max_approach_s=self.max_approach_s,
        )  # fmt: skip
        step_us = grid.step_s * SECOND_US
        start_us, end_us = grid.tick[found.slow] * step_us, (grid.tick[found.last] + 1) * step_us
        lengths, small = self._small(grid.track_id[found.slow] // 100, context.vessels)
        wanted = small & reports.touches(start_us, end_us, self.settle)
        shapes = context.zones.frame.geometry.to_numpy()
        for i in np.flatnonzero(wanted).tolist():
            about, shape = context.zones.records[found.zone[i]], shapes[found.zone[i]]
            fast, slow, end = (int(a[i]) for a in (found.fast, found.slow, found.last))
            ticks = slice(slow, end + 1)
            lat, lon = float(grid.lat[slow]), float(grid.lon[slow])
            centre = shape.centroid
            away_m = geodesy.distance_m(grid.lat[ticks], grid.lon[ticks], centre.y, centre.x)
            first, last = int(grid.report[fast]), min(int(grid.report[end + 1]) + 1, reports.last)
            slow_kn, fast_kn = float(np.max(grid.speed_kn[ticks])), float(grid.speed_kn[fast])
            yield {
                **self._event("approach", int(grid.track_id[slow])),
                "zone_id": str(about["zone_id"]),
                "start": _time(start_us[i]),
                "end": _time(end_us[i]),
                "anchor": _time(start_us[i]),
                "lat": lat,
                "lon": lon,
                "score": float(scores[found.zone[i]]),
                "evidence": {
                    **_about(about),
                    "zone_distance_m": float(np.min(away_m)),
                    "zone_accuracy_m": _radius_m(shape),
                    "approach_speed_kn": fast_kn,
                    "min_approach_kn": self.min_approach_kn,
                    "approach_margin_kn": fast_kn - self.min_approach_kn,
                    "landing_speed_kn": slow_kn,
                    "max_landing_kn": self.max_landing_kn,
                    "landing_margin_kn": self.max_landing_kn - slow_kn,
                    "slowing_s": int((grid.tick[slow] - grid.tick[fast]) * grid.step_s),
                    "max_approach_s": self.max_approach_s,
                    "min_landing_s": self.min_landing_s,
                    "length_m": float(lengths[i]),
                    "max_approach_length_m": self.max_approach_length_m,
                    "nav_status": int(reports.nav_status[int(grid.report[slow])]),
                    "n_reports": last - first + 1,
                    **reports.sources(first, last),
                },
            }

    def _small(self, mmsi: Ints, vessels: pd.DataFrame) -> tuple[Floats, Bools]:
        """Length of each vessel, and whether it is a small craft or may be one."""
        said = vessels.set_index("mmsi")[["length_m", "ship_type"]].reindex(mmsi)
        length_m = said["length_m"].to_numpy("float64")
        merchant = said["ship_type"].between(*MERCHANT_TYPES).to_numpy(bool)
        unknown = ~(length_m > 0) & ~merchant
        with np.errstate(invalid="ignore"):
            return length_m, unknown | ((length_m > 0) & (length_m <= self.max_approach_length_m))

    def _event(self, subkind: str, track: int) -> dict[str, Any]:
        return {
            "kind": self.name,
            "subkind": subkind,
            "detector": self.name,
            "version": self.version,
            "mmsi": track // 100,
            "track_ids": str(track),
        }


class _Reports:
    """The columns of the positions, and what is asked of them again and again."""

    def __init__(self, positions: pd.DataFrame, window: tuple[int, int]) -> None:
        self.track: Ints = positions["track_id"].to_numpy()
        self.time_us: Ints = epoch_us(positions["time"])
        self.lat: Floats = positions["lat"].to_numpy()
        self.lon: Floats = positions["lon"].to_numpy()
        self.sog_kn: Floats = positions["sog_kn"].to_numpy()
        self.nav_status = positions["nav_status"].to_numpy()
        self.final: Bools = np.r_[self.track[1:] != self.track[:-1], True]
        self.window = window
        self.last = len(self.track) - 1

    def touches(self, start_us: Ints, end_us: Ints, settle: timedelta) -> Bools:
        """Whether stories touch the window; see `runs.touches`."""
        return timespan.touches(start_us, end_us, self.window, settle)

    def position_at(self, row: int, at_us: int) -> tuple[float, float]:
        """Where the track of a report was at a time, see `runs.position_at`."""
        lat, lon = runs.position_at(
            self.track, self.time_us, self.lat, self.lon,
            self.track[row : row + 1], np.array([at_us]),
        )  # fmt: skip
        return float(lat[0]), float(lon[0])

    def speed_kn(self, first: int, last: int) -> float:
        """Speed made good from one report to another; NaN at once."""
        if self.time_us[last] <= self.time_us[first]:
            return float("nan")
        moved_m = geodesy.distance_m(
            self.lat[first], self.lon[first], self.lat[last], self.lon[last]
        )
        seconds = (self.time_us[last] - self.time_us[first]) / SECOND_US
        return float(geodesy.speed_kn(moved_m, seconds))

    @staticmethod
    def sources(first: int, last: int) -> dict[str, int]:
        """The rows of the first and the last report; where they come from is looked up for all
        events at once.
        """
        return dict(zip(SOURCES, (first, last), strict=True))

    def grid(self, tracks: Ints, max_silence_s: float) -> runs.Grid:
        """The time grid of some tracks; its `report` are rows of these reports."""
        mine = np.flatnonzero(np.isin(self.track, tracks))
        grid = runs.resample(
            self.track[mine], self.time_us[mine], self.lat[mine], self.lon[mine], STEP_S,
            max_silence_s,
        )  # fmt: skip
        return replace(grid, report=mine[grid.report])


def _of(zones: Zones, zone: Ints, scores: ZoneScores) -> Bools:
    return zones.rows_of(list(scores))[zone]


def _name_sources(evidences: list[dict[str, Any]], positions: pd.DataFrame) -> None:
    """Write where reports came from in the place of their rows (see `_Reports.sources`)."""
    for key in SOURCES:
        rows = np.array([evidence[key] for evidence in evidences], "int64")
        for evidence, source in zip(evidences, sources(positions, rows), strict=True):
            evidence[key] = source


def _about(about: dict[str, Any]) -> dict[str, Any]:
    return {
        "zone_class": str(about["zone_class"]),
        "zone_name": str(about["name"]),
        "zone_confidence": str(about["confidence"]),
    }


def _time(at_us: Any) -> pd.Timestamp:
    return pd.Timestamp(int(at_us), unit="us", tz="UTC")


def _radius_m(shape: Any) -> float:
    """Half the height of a zone: of a circle its radius."""
    west, south, _, north = shape.bounds
    return float(geodesy.distance_m(south, west, north, west)) / 2
