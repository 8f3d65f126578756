"""The detector `crossing`: its facts, its rules, its events."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core import events
from detectors.core.detector import Context
from detectors.core.frames import REPORTED, SECOND_US
from detectors.core.hypothesis import Hypothesis
from detectors.core.relations import EventsOf, Own, Relation
from detectors.core.telling import Told, Words
from detectors.crossing.beaches import SAMPLED_M
from detectors.crossing.before import lay_at_sea
from detectors.crossing.concerned import concerned
from detectors.crossing.endings import NEAR, SHORE, Ending, endings
from detectors.crossing.evidence import (
    SETTINGS,
    around,
    at_row,
    bounds,
    craft,
    ends_of,
    like_trips,
    measured,
    reports_of,
    turned_about,
)
from detectors.crossing.half import Met, halves, meetings
from detectors.crossing.homeward import lay_out
from detectors.crossing.limits import Limits
from detectors.crossing.onward import (
    ashore_after,
    came_past,
    goes_on,
    heard_next,
    kept_moving,
    left_again,
    passed,
)
from detectors.crossing.passage import Passage, passages
from detectors.crossing.scoring import may_score, of_half, of_passage
from detectors.crossing.sieve import Cells, at_a_shore
from detectors.crossing.straight import grid_of
from detectors.crossing.told import tell
from detectors.crossing.under_way import candidates, runs_under_way
from detectors.crossing.unheard import heard_by_passes, may_have_landed
from detectors.hypotheses.crossing import HYPOTHESES
from detectors.kinematics import geodesy, timegrid, timespan
from detectors.kinematics.reports import Reports
from detectors.surroundings import nearby
from detectors.surroundings.zones import Zones

HALF = "half"


class Crossing(Limits):
    """A passage from one state's coast to another's, or half of one that meets the other half.

    The track is interpolated at the ticks of an absolute time grid. It is under way at a tick when
    the vessel makes `min_speed_kn`, by its positions, over the step that follows. Such ticks no
    more than `max_interruption_s` apart make one run; a stop at a shore (`shore_m` from land) ends
    it.

    **Passage** (no subkind): some passage within a run, of at most `max_passage_s`, leads from one
    state's coast towards another's. For the distances a and b to both coasts that means, between
    two of its ticks: the share a / (a + b) of the strait's width changes by `min_width_fraction`
    (by `min_one_sided_fraction` unless the coast left is the nearest at one end and the one made
    for at the other); (a - b) / 2, the way made across, is `min_across_ratio` of the way sailed;
    the passage makes good `min_distance_m` at `min_mean_speed_kn` or more, at a place that is at
    least `min_width_m` wide, and rests on `min_reports` reports. One end at least lies at or near a
    coast (`near_m`, `near_fraction`; `turned_m` if it turned about there and went home); a passage
    that doesn't come nearer to one state than to the other ends unheard. So neither end needs to be
    heard, and a ship that follows the lane, or a boat that follows a coast, doesn't cross. The
    event lasts as long as the run.

    **half**: a voyage of at most `max_voyage_s` from a shore to the same state's shore leads out
    `min_out_m` (in narrows `min_met_out_m` and over `near_fraction` of the width) and
    `min_out_fraction` of the width; out there the boat lies for `min_lying_s`, in no
    port, or meets another vessel (an event of `encounter` that is explained by less than
    `max_explained_weight`; then `min_met_out_m` are enough, or, anywhere off the shore, that the
    two were as far apart in the half hour before and in the one after); then it lands, by its
    positions or by a report that says so, for `max_landing_s` at most, `elsewhere_m` from where it
    set out and more than `port_m` from ports and anchorages, and goes on. The event lasts from when
    it left the shore (or is first heard) until it leaves the landing.

    Way across a silence of up to `max_silence_s` counts: two reports 10 nm and 30 min apart prove
    20 kn whoever was listening meanwhile; one of up to `max_straight_s` counts too where the way
    leaves less than a tenth of it to spare at the speed stated before or after, and up to
    `max_steered_s` where it also kept one course to 30 degrees. Where a way of half an hour or more
    was made so, on one course, nobody was ashore. A boat heard on its
    way out before a silence of half an hour or more, and on its way in after it, lay out there for
    what its way leaves of it; one that was under way at the reports before and after that at which
    it was out furthest, and lost `min_lost_s` between them, lay there as well.

    A boat that stopped off the coast it made for (`near_m`) and came to its shore within an hour
    and a half, or within four and a half at 15 kn or more, `port_m` or more from ports and
    anchorages, waited for it to be clear: it neither fished there nor turned back.

    What a vessel says of itself neither makes a crossing nor unmakes one.

    Notes
    -----
    The thresholds are judgements from the speeds of craft and the width of the Strait, some 5 nm
    off Singapore to 140 nm; UNODC (2018) describes the routes and the small boats that use them.
    Slow boats, runs at noon, hand-overs at sea and landings of minutes away from ports are as the
    authorities told the press in 2024 to 2026.

    The share of the width by distances to both coasts needs no boundary: its value is 0.5 on the
    equidistance line (UNCLOS, article 15).

    Score of a passage before explanations: 0.45, plus up to 0.2 for the share of the width (full at
    0.8), 0.2 where it ends at the shore made for, half a mile or more from ports and anchorages
    (0.1 near that coast, or where it kept its way past the shore, or a class A set was heard to
    stop nowhere there), and up to 0.1 for speed made good (full at 20 kn); times 0.7 for each end
    that isn't heard (evidence says how likely it was ashore, going about at will, which who makes
    for a coast doesn't; or it made for that coast and came from it again between two reports, with
    time to land, or to turn within `turned_m` of it where it went home to the other one), times 0.3
    for each that lies at sea (also of who came from there past that shore), or unheard as the feed
    begins, or, on a way at less than 10 kn, as it ends or wherever it comes by passes (0.3 for who
    is then heard over less than 0.65 of the width, rising to 0.7 at 0.75); times 0.6 where only one
    side of the strait was seen; times 0.75 to 1 for the share of darkness; times 0.6 for a class A
    set below 18 kn that isn't seen to land; times 0.3 where its stated speed contradicts its
    positions.

    Score of a half: 0.45, plus 0.3 where it met another, plus up to 0.1 for the share of the width
    (full at 0.5); times 0.8 where it isn't heard to leave a shore, and where it isn't heard to
    land; times 0.75 to 1 for darkness.
    """

    name: ClassVar[str] = "crossing"
    version: ClassVar[str] = "33"
    requires: ClassVar[tuple[str, ...]] = (*REPORTED, "sog_kn", "ais_class")
    source: ClassVar[str] = (
        "Own rules; routes and craft after UNODC (2018), Global Study on Smuggling of Migrants, "
        "chapter on Asia, and cases told by the authorities (Bernama, 31 January 2026; The Star, "
        "12 January 2026); night after Meeus (1998), Astronomical Algorithms, ch. 25; equidistance "
        "after UNCLOS, art. 15"
    )
    after: ClassVar[tuple[str, ...]] = ("encounter",)
    symmetric_days: ClassVar[tuple[int, ...]] = (-1461, 1461)
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = HYPOTHESES

    @property
    def rests_on(self) -> tuple[Relation, ...]:
        """Return the vessel itself, and that it met others."""
        return (Own(), EventsOf(self.after, shared=True, reports=False))

    @property
    def settle(self) -> timedelta:
        """Return how long after its last tick a run can still go on, or like trips follow."""
        goes_on_s = self.max_interruption_s + 2 * self.step_s + self.longest_silence_s
        return timedelta(seconds=self.memory_s + goes_on_s)

    @property
    def lookback(self) -> timedelta:
        """The memory of earlier trips and what shows where the first began, or a whole voyage."""
        trips_s = self.memory_s + self.min_duration_s + self.longest_silence_s
        return max(self.settle + timedelta(seconds=trips_s), self.reads_back)

    @property
    def reads_back(self) -> timedelta:
        """Meetings on a voyage count, which is over once it ended longer ago than it settles."""
        voyage_s = self.max_voyage_s + self.max_landing_s + self.longest_silence_s
        return self.settle + timedelta(seconds=voyage_s)

    def concerned(self, positions: pd.DataFrame, since: pd.Timestamp, zones: Zones) -> set[int]:
        """Return who came to a shore, or on across, since a time."""
        return set(concerned(self, positions, since, zones.shores).tolist())

    def detect(self, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
        """Find crossings; see the class for the rules and `Detector.detect` for the frames."""
        if positions.empty or not context.zones.shores.states:
            return events.empty()
        rows = candidates(self, positions)
        if len(rows) == 0:
            return events.empty()
        reports = Reports(positions[list(self.requires)].iloc[rows])
        grid = grid_of(self, reports)
        if len(grid.tick) == 0:
            return events.empty()
        cells = Cells(grid, context.zones.shores)
        ashore = at_a_shore(self, grid, context.zones, cells)
        met = meetings(self, context.events_of("encounter"))
        found = [
            *self._passages(reports, grid, ashore, cells, met, context),
            *self._halves(reports, grid, ashore, met, context),
        ]
        return events.build(found)

    def _passages(
        self,
        reports: Reports,
        grid: timegrid.Grid,
        ashore: NDArray[np.bool_],
        cells: Cells,
        met: Met,
        context: Context,
    ) -> Iterator[dict[str, Any]]:
        moving = np.flatnonzero(grid.speed_kn >= self.min_speed_kn)
        first, last = runs_under_way(self, grid, moving, ashore)
        spans, wanted = timespan.of_runs(
            grid,
            [moving],
            first,
            last,
            window=timespan.window_us(context.start, context.end),
            settle=self.settle,
            max_break_s=self.max_interruption_s,
        )
        first, last = moving[first], moving[last]
        found = passages(self, grid, first[wanted], last[wanted], context.zones.shores, cells)
        if not found:
            return
        runs, across = np.array(list(found)), list(found.values())
        # Interruptions and the last step belong to it.
        ends = np.stack([moving[spans.first[runs]], moving[spans.last[runs]] + 1])
        sent = reports.ais_class_of(grid.report[ends[0]])
        shores = context.zones.shores
        ways = endings(self, reports, grid, across, ends, shores, (ashore, cells))
        kept = [k for k, both in ways.items() if self._may_score(across[k], both, sent[k])]
        if not kept:
            return
        spans, ends, sent = spans.take(runs[kept]), ends[:, kept], sent[kept]
        across, how = [across[k] for k in kept], [one for k in kept for one in ways[k]]
        whole = np.array([[passage.begin, passage.end] for passage in across]).T
        track = grid.track_id[ends[0]]
        lat, lon = spans.middle(reports, track)
        told = zip(
            measured(self, grid, across, how, ends, context),
            ends_of(self, grid, ends, context),
            reports_of(reports, grid, ends),
            craft(track // 100, context.vessels, sent),
            around(self, grid, ends, whole, (lat, lon), context),
            heard_by_passes(self, reports, grid, ends, how, context),
            strict=True,
        )
        for i, parts in enumerate(told):
            a, b = ends[:, i].tolist()
            evidence: dict[str, Any] = {
                **{key: value for part in parts for key, value in part.items()},
                "duration_s": int(spans.end_us[i] - spans.start_us[i]) // SECOND_US,
                "speed_kn": float(np.median(grid.speed_kn[a:b])),
                "n_like_trips": like_trips(self, grid, first, last, a),
                "left_again": left_again(self, grid, first, last, b),
            }
            took = evidence.pop("turns"), evidence.pop("run_states")
            set_out = evidence["run_start_coast_m"] <= self.near_m
            evidence |= turned_about(*took, evidence["to_state"], set_out=set_out)
            evidence["passed_by"] = passed(evidence)
            at_sea = lay_at_sea(self, grid, a, shores)
            other = shores.states.index(evidence["from_state"])
            evidence |= lay_out(self, reports, grid, (a, b), (ashore, shores, other), met)
            evidence["came_past"] = came_past(evidence, at_sea)
            # A boat may turn at a beach within a step of the grid; a ship that passes one goes on,
            # also where the feed ends before she is past it.
            stopped = evidence["run_end_coast_m"] <= self.shore_m + SAMPLED_M
            stopped = stopped and not goes_on(evidence, float(grid.speed_kn[b - 1]))
            stopped = stopped and not kept_moving(self, reports, grid, b, evidence["mean_speed_kn"])
            turned_in = evidence["ais_class"] == "B" and not evidence["passed_by"]
            evidence["landed"] = evidence["ended"] == SHORE and (turned_in or stopped)
            stayed_off = evidence["ended"] == NEAR and took[1][1] == evidence["to_state"]
            if stayed_off and evidence["heard_after"]:
                after = ashore_after(self, grid, ashore, b, evidence["to_state"], context)
                if after is not None:
                    evidence |= {**at_row(grid, after, "ashore"), "next_ashore": False}
                    evidence |= heard_next(self, reports, grid, after, shores)
            if "feed_by_passes" in evidence:
                evidence["landed"] = evidence["landed"] and may_have_landed(evidence)
            score = of_passage(evidence, self.port_m)
            if score is None:
                continue
            yield events.row(
                self,
                [track[i]],
                start_us=int(spans.start_us[i]),
                end_us=spans.until_us(i),
                lat=lat[i],
                lon=lon[i],
                **_assessed(evidence, score),
                evidence={**evidence, **bounds(self, evidence)},
                settings=SETTINGS,
            )

    def _may_score(self, passage: Passage, ways: tuple[Ending, Ending], sent: str) -> bool:
        mean_kn = float(geodesy.speed_kn(passage.made_good_m, passage.duration_s(self.step_s)))
        how = ways[0].how, ways[1].how
        by_a = sent not in ("", "B")
        return may_score(passage.share, mean_kn, passage.sides_changed, how, by_a)

    def _halves(
        self,
        reports: Reports,
        grid: timegrid.Grid,
        ashore: NDArray[np.bool_],
        met: Met,
        context: Context,
    ) -> Iterator[dict[str, Any]]:
        """Return the events of voyages that are half of a crossing."""
        step_us = self.step_s * SECOND_US
        window_us = timespan.window_us(context.start, context.end)
        for half in halves(self, reports, grid, ashore, window_us, met, context):
            ends = np.array([[half.begin], [half.leaves]])
            start_us = int(grid.tick[half.begin]) * step_us
            end_us = int(grid.tick[half.leaves] + 1) * step_us
            track = grid.track_id[ends[0]]
            lat, lon = reports.position_at(track, np.array([(start_us + end_us) // 2]))
            sent = reports.ais_class_of(grid.report[ends[0]])
            evidence: dict[str, Any] = {
                **half.evidence,
                **reports_of(reports, grid, ends)[0],
                **craft(track // 100, context.vessels, sent)[0],
                "zones_reached": bool(context.zones.reached(lat, lon)[0]),
            }
            yield events.row(
                self,
                track,
                subkind=HALF,
                start_us=start_us,
                end_us=end_us,
                lat=lat[0],
                lon=lon[0],
                **_assessed(evidence, of_half(evidence)),
                evidence=evidence,
                settings=(
                    *SETTINGS,
                    "lying_kn",
                    "min_lying_s",
                    "min_lost_s",
                    "port_m",
                    "max_explained_weight",
                ),
            )

    @classmethod
    def tell(cls, event: Told, words: Words, mmsi: int) -> str:
        """Say what happened, in a sentence for a sailor."""
        return tell(event, words)


def _assessed(evidence: dict[str, Any], score: float) -> dict[str, Any]:
    if not evidence["zones_reached"]:
        return {"score": 0.0, "explanation": nearby.NOT_ASSESSED}
    return {"score": score}
