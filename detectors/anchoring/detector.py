"""The detector `anchoring`: its facts, its rule, its events."""

from datetime import timedelta
from math import inf
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd

from detectors.anchoring.held import held_ticks, stays, swung_deg
from detectors.anchoring.limits import Limits
from detectors.anchoring.place import around, asked
from detectors.core import events
from detectors.core.arrays import Floats, Ints
from detectors.core.detector import Context
from detectors.core.evidence import at_least, at_most
from detectors.core.frames import REPORTED, SECOND_US
from detectors.core.hypothesis import AT_ANCHOR, Hypothesis
from detectors.core.relations import Along, Near, Relation
from detectors.core.telling import Told, Words
from detectors.hypotheses.anchoring import HYPOTHESES
from detectors.kinematics import geodesy, timegrid, timespan
from detectors.kinematics.reports import Reports
from detectors.surroundings import nearby
from detectors.surroundings.zones import Zones

SETTINGS: Final = (
    "max_swing_m",
    "hold_s",
    "max_pause_s",
    "edge_m",
    "near_land_m",
    "neighbour_m",
    "alongside_m",
)
LONG_S: Final = 86_400.0
"""From a day on duration adds nothing to the score."""
SUBKINDS: Final = {"designated": "outside_designated", "prohibited": "in_prohibited"}


class Anchoring(Limits):
    """A vessel held to the ground in waters whose rule doesn't let it lie there.

    Held: over spans of `hold_s` its place changes by no more than `max_swing_m`, and such spans,
    pauses of up to `max_pause_s` at the same place between them, make a stay of `min_held_s`, over
    a turn of the tidal stream; or of `min_swung_s`, where its heading turned by `min_swung_deg`
    meanwhile. What the crew states of her status is told in evidence and counts for nothing.

    Where: in a zone with a rule `anchoring: prohibited` (subkind ``in_prohibited``); or in one with
    `anchoring: designated`, such as a territorial sea, and more than `edge_m` off every zone of
    `designated_classes`, every licensed transfer area and every zone whose own rule is
    `anchoring: permitted` (``outside_designated``). A rule counts on the dates on which it holds.

    Notes
    -----
    Where no rule asks for it nothing is found: whether a ship may anchor is the law's to say.

    Score before explanations: 0.45, plus up to 0.1 for duration (full at 24 h), plus 0.1 where
    anchoring is prohibited, plus 0.1 where others lie alongside.
    """

    name: ClassVar[str] = "anchoring"
    version: ClassVar[str] = "11"
    requires: ClassVar[tuple[str, ...]] = (
        *REPORTED,
        "sog_kn",
        "heading_deg",
        "nav_status",
        "ais_class",
    )
    source: ClassVar[str] = (
        "Own rule: held to the ground over a turn of the semi-diurnal stream (M2, 12.42 h); limits "
        "measured on tankers at anchor off Singapore (AIS of Pedrielli, Xing, Peh & Ng 2016). "
        "Where: rules of zones, each with its source"
    )
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = HYPOTHESES

    @property
    def rests_on(self) -> tuple[Relation, ...]:
        """Return who was near meanwhile: who lay alongside, or on moorings around."""
        anywhere = Along(self.step_s, self.max_silence_s)
        around_s = self.max_silence_s + 2 * self.step_s
        return (Near(self.neighbour_m, 0.0, anywhere, anywhere, around_s, ending_s=inf),)

    @property
    def settle(self) -> timedelta:
        """Return how long after its last tick a stay can still go on."""
        goes_on_s = self.max_pause_s + self.max_silence_s + self.hold_s + 3 * self.step_s
        return timedelta(seconds=goes_on_s)

    @property
    def lookback(self) -> timedelta:
        """Long enough to find any stay not yet settled."""
        found_s = self.min_held_s + self.max_pause_s + 2 * self.hold_s
        return self.settle + timedelta(seconds=found_s + self.max_silence_s)

    def detect(self, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
        """Find stays; see the class for the rule and `Detector.detect` for the frames."""
        zones = context.zones
        if positions.empty or not any(rule.asks == "anchoring" for _, rule in zones.rules):
            return events.empty()
        reports = Reports(positions)
        grid = reports.grid(self.step_s, self.max_silence_s)
        rows = np.flatnonzero(held_ticks(self, grid))
        first, last = stays(self, grid, rows)
        rows = rows[timegrid.ranges(first, last - first + 1)[1]]
        rule = asked(self, grid, rows, zones)
        rows, rule = rows[rule >= 0], rule[rule >= 0]
        heading_deg = reports.heading_deg[grid.report]
        first, last = stays(self, grid, rows)
        turned = swung_deg(heading_deg[rows], first, last)
        held_s = (grid.tick[rows[last]] - grid.tick[rows[first]] + 1) * self.step_s
        sure = (held_s >= self.min_held_s) | (turned >= self.min_swung_deg)
        spans, kept = timespan.of_runs(
            grid,
            [rows],
            first[sure],
            last[sure],
            window=timespan.window_us(context.start, context.end),
            settle=self.settle,
            max_break_s=self.max_pause_s,
        )
        if len(spans) == 0:
            return events.empty()
        turned = turned[sure][kept]
        told = zip(
            self._measured(reports, grid, rows, spans, turned),
            around(self, grid, rows[spans.first], rows[spans.last], context),
            strict=True,
        )
        tracks = grid.track_id[rows[spans.first]]
        lat, lon = spans.middle(reports, tracks)
        return events.build(
            [
                self._event(
                    int(tracks[i]),
                    spans,
                    i,
                    (float(lat[i]), float(lon[i])),
                    {**measured, **company, **self._law(zones, int(rule[spans.first[i]]))},
                    zones.id_of(zones.rules[rule[spans.first[i]]][0]),
                )
                for i, (measured, company) in enumerate(told)
            ]
        )

    def _event(
        self,
        track: int,
        spans: timespan.Spans,
        i: int,
        place: tuple[float, float],
        evidence: dict[str, Any],
        zone_id: str,
    ) -> dict[str, Any]:
        prohibited = evidence["rule"] == "anchoring: prohibited"
        score = 0.45 + 0.1 * min(1.0, evidence["duration_s"] / LONG_S)
        score += 0.1 * prohibited + 0.1 * (evidence["n_moored_together"] > 0)
        reached = evidence["zones_reached"]
        least = "min_held_s" if evidence["duration_s"] >= self.min_held_s else "min_swung_s"
        bounds = {
            "duration_s": at_least(evidence["duration_s"], self, least),
            "longest_silence_s": at_most(evidence["longest_silence_s"], self, "max_silence_s"),
        }
        return events.row(
            self,
            [track],
            subkind=SUBKINDS["prohibited" if prohibited else "designated"],
            zone_id=zone_id,
            start_us=int(spans.start_us[i]),
            end_us=spans.until_us(i),
            lat=place[0],
            lon=place[1],
            score=score if reached else 0.0,
            explanation="" if reached else nearby.NOT_ASSESSED,
            evidence={**evidence, **bounds},
            settings=SETTINGS,
        )

    def _measured(
        self,
        reports: Reports,
        grid: timegrid.Grid,
        rows: Ints,
        spans: timespan.Spans,
        turned: Floats,
    ) -> list[dict[str, Any]]:
        """Return what was measured of each stay."""
        first, last = spans.first, spans.last
        before, after = grid.report[rows[first]], grid.report[rows[last]] + 1
        step_us = np.r_[np.diff(reports.time_us), 0]
        code, share = timegrid.most_common(reports.nav_status, before, after)
        spread, extent = _spread_m(grid, rows, first, last)
        return events.each(
            {
                "duration_s": (spans.end_us - spans.start_us) // SECOND_US,
                "extent_m": extent,
                "spread_m": spread,
                "median_speed_kn": timegrid.quantiles(grid.speed_kn[rows], first, last, 0.5),
                "median_sog_kn": timegrid.quantiles(reports.sog_kn, before, after, 0.5),
                "swung_deg": turned,
                "ais_class": reports.ais_class_of(before).tolist(),
                "nav_status": code,
                "nav_status_fraction": share,
                "says_at_anchor": [one == AT_ANCHOR for one in code],
                "longest_silence_s": timegrid.aggregate(
                    np.maximum, step_us[grid.report[rows]] / SECOND_US, first, last
                ),
                "n_reports": after - before + 1,
                "first_report_source": reports.sources_of(before),
                "last_report_source": reports.sources_of(after),
            }
        )

    @staticmethod
    def _law(zones: Zones, index: int) -> dict[str, Any]:
        """Return what evidence says of the rule that applies, and of the zone that carries it."""
        row, rule = zones.rules[index]
        about = zones.records[row]
        return {
            "zone_class": str(about["zone_class"]),
            "zone_name": str(about["name"]),
            "zone_confidence": str(about["confidence"]),
            "rule": rule.text,
            "rule_cited": rule.cited,
            "rule_confidence": rule.confidence,
        }

    @classmethod
    def tell(cls, event: Told, words: Words, mmsi: int) -> str:
        """Say how long it lay at anchor, with whom, and where."""
        fact = event.evidence
        lasted = words.duration(event.start, event.seen_until)
        place = words.place(event.lat, event.lon)
        beside = words.say(", moored to another") if fact.number("n_moored_together") > 0 else ""
        if event.subkind == "in_prohibited":
            return words.say(
                "Lay at anchor for {duration}{beside}, {place}, where anchoring is prohibited "
                "({zone})",
                duration=lasted,
                beside=beside,
                place=place,
                zone=fact["zone_name"],
            )
        return words.say(
            "Lay at anchor for {duration}{beside}, {place}, outside any designated anchorage "
            "({zone})",
            duration=lasted,
            beside=beside,
            place=place,
            zone=fact["zone_name"],
        )


def _spread_m(grid: timegrid.Grid, rows: Ints, first: Ints, last: Ints) -> tuple[Floats, Floats]:
    """Return how far each run lies from its median place: for three quarters of it, and ever."""
    run, at = timegrid.ranges(first, last - first + 1)
    lat, east = grid.lat[rows], np.zeros(len(rows))
    east[at] = geodesy.wrap_lon(grid.lon[rows[at]] - grid.lon[rows[first]][run])
    middle_lat, middle_east = (timegrid.quantiles(v, first, last, 0.5) for v in (lat, east))
    away_m = np.zeros(len(rows))
    away_m[at] = geodesy.distance_m(lat[at], east[at], middle_lat[run], middle_east[run])
    return (
        timegrid.quantiles(away_m, first, last, 0.75),
        timegrid.aggregate(np.maximum, away_m, first, last),
    )
