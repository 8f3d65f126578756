"""The detector `crossing`: its facts, its rule, its events."""

from datetime import timedelta
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd

from detectors.core import events
from detectors.core.detector import Context
from detectors.core.frames import SECOND_US
from detectors.core.hypothesis import Hypothesis
from detectors.core.relations import Own, Relation
from detectors.core.telling import Told, Words
from detectors.crossing.evidence import (
    SETTINGS,
    around,
    bounds,
    craft,
    ends_of,
    like_trips,
    measured,
    reports_of,
)
from detectors.crossing.fast import candidates, fast_runs
from detectors.crossing.limits import Limits
from detectors.crossing.passage import passages
from detectors.crossing.told import tell
from detectors.hypotheses.crossing import HYPOTHESES
from detectors.kinematics import timespan
from detectors.kinematics.reports import Reports
from detectors.surroundings import nearby

UNKNOWN_FAST_KN: Final = 18.0
"""A vessel that doesn't say what it is and is slower than this may well be a ship."""


class Crossing(Limits):
    """A small craft faster than `min_speed_kn` at night, from coast to coast.

    The track is interpolated at the ticks of an absolute time grid. A tick is fast when the vessel
    makes `min_speed_kn`, by its positions, over the step that follows, and dark when the sun
    stands below `max_sun_altitude_deg` there. Fast ticks no more than `max_interruption_s` apart
    make one run. A run is a crossing when some passage within it, of at most `max_passage_s` and
    dark for `min_dark_fraction` of it, leads from one state's coast towards another's. For the
    distances a and b to both coasts that means, between two of its ticks: the share a / (a + b) of
    the strait's width changes by `min_width_fraction` (by `min_one_sided_fraction` unless the coast
    left is the nearest at one end and the one made for at the other); (a - b) / 2, the way made
    across, is `min_across_ratio` of the way sailed; the passage makes good `min_distance_m` at
    `min_mean_speed_kn` or more, at a place that is at least `min_width_m` wide, and rests on
    `min_reports` reports. So neither end needs to be heard: a boat that is only heard from
    mid-strait on crosses as well, and a ship that follows the lane, or a boat that follows a
    coast, doesn't. The event lasts as long as the run.

    Speed across a silence of up to `max_silence_s` counts: two reports 10 nm and 30 min apart
    prove 20 kn whoever was listening meanwhile.

    Notes
    -----
    The thresholds are judgements from the speeds of craft and the width of the Strait, some 5 nm
    off Singapore to 140 nm; UNODC (2018) describes the routes and the small boats that use them.

    The share of the width by distances to both coasts needs no boundary: its value is 0.5 on the
    equidistance line (UNCLOS, article 15).

    Score before explanations: 0.5, plus up to 0.2 for the share of the width (full at 0.8) and 0.2
    for speed made good (full at 30 kn); times 0.6 where only one side of the strait was seen, times
    0.5 to 1 for the share of darkness, times 0.8 from 30 m of length on, times 0.9 for a vessel
    that says nothing of itself (0.6 below 18 kn), times 0.3 where its stated speed contradicts its
    positions.
    """

    name: ClassVar[str] = "crossing"
    version: ClassVar[str] = "3"
    requires: ClassVar[tuple[str, ...]] = (
        "mmsi",
        "time",
        "lat",
        "lon",
        "sog_kn",
        "ais_class",
        "track_id",
        "source",
        "source_offset",
    )
    source: ClassVar[str] = (
        "Own rule; routes and craft after UNODC (2018), Global Study on Smuggling of Migrants, "
        "chapter on Asia; night after Meeus (1998), Astronomical Algorithms, ch. 25; equidistance "
        "after UNCLOS, art. 15"
    )
    symmetric_days: ClassVar[tuple[int, ...]] = (-1461, 1461)
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = HYPOTHESES

    @property
    def rests_on(self) -> tuple[Relation, ...]:
        """Return the vessel itself: nobody else's positions matter."""
        return (Own(),)

    @property
    def settle(self) -> timedelta:
        """How long after its last tick a run can still go on, or like trips follow."""
        goes_on_s = self.max_interruption_s + 2 * self.step_s + self.max_silence_s
        return timedelta(seconds=self.memory_s + goes_on_s)

    @property
    def lookback(self) -> timedelta:
        """The memory of earlier trips, and what shows where the first of them began."""
        return self.settle + timedelta(
            seconds=self.memory_s + self.min_duration_s + self.max_silence_s
        )

    def detect(self, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
        """Find crossings; see the class for the rule and `Detector.detect` for the frames."""
        if positions.empty or not context.zones.coasts.states:
            return events.empty()
        rows = candidates(self, positions, context.vessels)
        if len(rows) == 0:
            return events.empty()
        reports = Reports(positions[list(self.requires)].iloc[rows])
        grid = reports.grid(self.step_s, self.max_silence_s)
        fast = np.flatnonzero(grid.speed_kn >= self.min_speed_kn)
        if len(fast) == 0:
            return events.empty()
        first, last = fast_runs(self, grid, fast)
        spans, wanted = timespan.of_runs(
            grid,
            [fast],
            first,
            last,
            window=timespan.window_us(context.start, context.end),
            settle=self.settle,
            max_break_s=self.max_interruption_s,
        )
        first, last = fast[first], fast[last]
        found = passages(self, grid, first[wanted], last[wanted], context.zones.coasts)
        if not found:
            return events.empty()
        spans = spans.take(np.array(list(found)))
        # Interruptions and the last step belong to it.
        ends = np.stack([fast[spans.first], fast[spans.last] + 1])
        track = grid.track_id[ends[0]]
        lat, lon = spans.middle(reports, track)
        sent = reports.ais_class_of(grid.report[ends[0]])
        told = zip(
            [measured(self, passage) for passage in found.values()],
            ends_of(self, grid, ends, context),
            reports_of(reports, grid.report[ends]),
            craft(track // 100, context.vessels, sent),
            around(grid, ends, (lat, lon), context),
            strict=True,
        )
        found_events = []
        for i, parts in enumerate(told):
            a, b = ends[:, i].tolist()
            evidence: dict[str, Any] = {
                **{key: value for part in parts for key, value in part.items()},
                "duration_s": int(spans.end_us[i] - spans.start_us[i]) // SECOND_US,
                "speed_kn": float(np.median(grid.speed_kn[a:b])),
                "n_like_trips": like_trips(self, grid, first, last, a),
            }
            found_events.append(
                events.row(
                    self,
                    [track[i]],
                    start_us=int(spans.start_us[i]),
                    end_us=spans.until_us(i),
                    lat=lat[i],
                    lon=lon[i],
                    **self._judged(evidence),
                    evidence={**evidence, **bounds(self, evidence)},
                    settings=SETTINGS,
                )
            )
        return events.build(found_events)

    @staticmethod
    def _judged(evidence: dict[str, Any]) -> dict[str, Any]:
        """Return score and explanation."""
        if not evidence["zones_reached"]:
            return {"score": 0.0, "explanation": nearby.NOT_ASSESSED}
        mean_kn, length_m = evidence["mean_speed_kn"], evidence["length_m"]
        score = 0.5 + 0.2 * min(1.0, max(0.0, (evidence["width_fraction"] - 0.2) / 0.6))
        score += 0.2 * min(1.0, (mean_kn - 14.0) / 16.0 if mean_kn > 14.0 else 0.0)
        score *= 1.0 if evidence["sides_changed"] else 0.6
        score *= 0.5 + 0.5 * evidence["dark_fraction"]
        if length_m is not None:
            score *= 0.8 if length_m >= 30 else 1.0
        elif evidence["ais_class"] != "B":
            score *= 0.9 if mean_kn >= UNKNOWN_FAST_KN else 0.6
        stated_kn = evidence["median_sog_kn"]
        contradicted = stated_kn is not None and stated_kn < 0.5 * evidence["speed_kn"]
        score *= 0.3 if contradicted else 1.0
        return {"score": float(score)}

    @classmethod
    def tell(cls, event: Told, words: Words, mmsi: int) -> str:
        """Say what happened, in a sentence for a sailor."""
        return tell(event, words)
