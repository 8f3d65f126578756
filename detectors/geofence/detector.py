"""The detector `geofence`: its facts and its rules."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

import pandas as pd

from detectors.core import events
from detectors.core.arrays import Ints
from detectors.core.detector import Context
from detectors.core.frames import REPORTED
from detectors.core.hypothesis import Hypothesis
from detectors.core.relations import Own, Relation
from detectors.core.telling import Told, Words
from detectors.geofence.lane import in_lanes_and_off_coasts
from detectors.geofence.limits import STEP_S, Limits
from detectors.geofence.line import crossed_lines
from detectors.geofence.told import tell
from detectors.geofence.visit import visited
from detectors.geofence.watched import Story, WatchedReports
from detectors.geofence.watching import once, watched_conduct
from detectors.hypotheses.geofence import HYPOTHESES
from detectors.kinematics import timespan
from detectors.surroundings.watches import MAX_MIN
from detectors.surroundings.zones import Zones


class Geofence(Limits):
    """Visits of vessels to zones, boundaries between states crossed, and conduct in zones.

    **Visits** (``enter``, ``exit``, ``dwell``). The reports of a track inside a zone make one visit
    while they are no more than `max_silence_s` apart, and no more than `min_outside_s` where the
    vessel was outside in between, or `max_edge_s` where it never was further than `max_edge_m`
    from the zone (the hysteresis: a ship that swings over an edge at anchor makes one visit). A
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

    **Watch areas** (``watch_enter``, ``watch_stay``, ``watch_stop``, ``watch_speed``). What users
    ask to be told of in areas of their own (`watches` of a zone), and what a zone's rule asks for
    (`entry`, `speed_kn_max`). Their score is the asker's and isn't lowered by innocent reasons.

    Interruptions of a stop or of a way against a lane count up to `max_interruption_s`.

    Notes
    -----
    A zone is known wherever it is drawn, so this detector assesses all that it reports. Boundaries
    are no legal limits; sides are named by the states that agreed on the line.
    """

    name: ClassVar[str] = "geofence"
    version: ClassVar[str] = "7"
    requires: ClassVar[tuple[str, ...]] = (*REPORTED, "sog_kn", "nav_status", "ais_class")
    source: ClassVar[str] = (
        "Visits with hysteresis as in Global Fishing Watch's port visits (entry and exit at "
        "different thresholds; globalfishingwatch.org/faqs, carrier vessel portal); crossings by "
        "linear interpolation between reports; boundaries: Limits in the Seas Nos. 1, 50, 60, 62, "
        "81, 93 (US Department of State) and later treaties; lanes: COLREGs 1972, rule 10(b)(i) "
        "(general direction of traffic flow), 10(e) (separation zones), 10(g) (no anchoring in a "
        "scheme)"
    )
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = HYPOTHESES

    @property
    def rests_on(self) -> tuple[Relation, ...]:
        """Return the vessel itself: nobody else's positions matter."""
        return (Own(),)

    def highest_score(self, zones: Zones, models: Mapping[str, Any]) -> float:
        """Return the highest of those that are set, and of what is watched."""
        tables = (
            self.crossing_scores,
            self.dwell_scores,
            self.stop_scores,
            self.against_scores,
            self.approach_scores,
            self.boundary_scores,
        )
        known = [float(score) for table in tables for score in table.values()]
        return max([0.0, *known, *(watch.score for _, watch in zones.watches)])

    @property
    def lookback(self) -> timedelta:
        """Long enough to find what lies behind any event not yet settled."""
        outside_s = max(self.min_outside_s, self.max_edge_s)
        visit_s = max(self.min_inside_s, self.min_dwell_s, int(MAX_MIN * 60)) + outside_s
        episode_s = max(self.min_stop_s, self.min_against_s) + 2 * self.max_interruption_s
        approach_s = self.max_approach_s + self.min_landing_s
        watch_s = int(MAX_MIN * 60) + 2 * self.max_interruption_s
        visit_s = max(visit_s, watch_s) + 2 * self.max_silence_s
        longest_s = max(visit_s, episode_s, approach_s, self.max_beside_s)
        return self.settle + timedelta(seconds=longest_s + 2 * STEP_S)

    def detect(self, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
        """Find all that the class describes; see `Detector.detect` for the frames."""
        if positions.empty:
            return events.empty()
        reports = WatchedReports(positions, timespan.window_us(context.start, context.end))
        found: list[Story] = []
        if len(context.zones.frame):
            members = self._members(reports, context.zones)
            found += visited(self, reports, context, *members)
            found += in_lanes_and_off_coasts(self, reports, context, *members)
            found += watched_conduct(self, reports, context, *members)
        if len(context.zones.boundaries.frame) and self.boundary_scores:
            found += crossed_lines(self, reports, context.zones.boundaries)
        return events.build(self._events(once(found), reports))

    def _events(self, stories: Sequence[Story], reports: WatchedReports) -> list[dict[str, Any]]:
        first = reports.sources_of([story.first for story in stories])
        last = reports.sources_of([story.last for story in stories])
        return [
            events.row(
                self,
                [story.track],
                subkind=story.subkind,
                zone_id=story.zone_id,
                start_us=story.start_us,
                end_us=story.end_us,
                anchor_us=story.anchor_us,
                lat=story.lat,
                lon=story.lon,
                score=story.score,
                evidence={
                    **story.evidence,
                    "first_report_source": a,
                    "last_report_source": b,
                },
                settings=story.settings,
            )
            for story, a, b in zip(stories, first, last, strict=True)
        ]

    def _members(self, reports: WatchedReports, zones: Zones) -> tuple[Ints, Ints]:
        """Return pairs (report, zone) of the reports in zones that are watched, by class or not."""
        scores = (
            self.crossing_scores,
            self.dwell_scores,
            self.stop_scores,
            self.against_scores,
            self.approach_scores,
        )
        rows = zones.rows_of(sorted({name for each in scores for name in each}))
        rows[[row for row, _ in zones.watches]] = True
        return zones.members_of(reports.lat, reports.lon, rows)

    @classmethod
    def tell(cls, event: Told, words: Words, mmsi: int) -> str:
        """Say what it did, and where."""
        return tell(event, words)
