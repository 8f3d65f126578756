"""The detector `encounter`: its facts, its rule, its events."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd

from detectors.core import events
from detectors.core.arrays import Ints
from detectors.core.detector import Context
from detectors.core.frames import REPORTED, SECOND_US
from detectors.core.hypothesis import Hypothesis
from detectors.core.relations import Along, Near, Relation
from detectors.core.telling import Told, Words
from detectors.encounter.company import (
    FAST_KN,
    calls_before,
    came,
    convoy,
    dash,
    from_afar,
    kept_company,
    parted_ways,
    side_by_side,
)
from detectors.encounter.dynamics import PORT_LOOKS_S
from detectors.encounter.evidence import SETTINGS, around, bounds, evidence_of
from detectors.encounter.limits import Limits
from detectors.encounter.pairs import Craft, Pairs, runs_of, together
from detectors.encounter.passes import grid_of
from detectors.encounter.rafts import rafts
from detectors.encounter.told import tell
from detectors.hypotheses.encounter import HYPOTHESES
from detectors.kinematics import timespan
from detectors.kinematics.reports import Reports
from detectors.kinematics.timegrid import Grid
from detectors.surroundings import nearby

GFW_MIN_DURATION_S: Final = 7200.0
GFW_MAX_MEDIAN_SPEED_KN: Final = 2.0
GFW_MIN_ANCHORAGE_DISTANCE_M: Final = 10_000.0
CROWD: Final = 2
"""So many others lying within a mile make a crowd."""
IN_COMPANY: Final = "in_company"
"""Two that moved or lay on together as before: no encounter, though rafts hang together by them."""
BOARDING: Final = "boarding"
"""A boat came up from astern of a ship under way in the dark, kept beside it and was gone."""


class Encounter(Limits):
    """Two vessels together: slow and close for half an hour, or a boat alongside for a quarter.

    Both tracks are interpolated at the ticks of an absolute time grid, over a silence of up to
    `max_silence_s`, and of up to `max_pass_s` where the vessel stated `max_drift_kn` or less before
    and after and wasn't carried on faster than that, or was slower than `max_alongside_speed_kn`
    and its way fills the silence (nine tenths of it at the speed stated); there boats under way
    beside a larger vessel don't count. A boat that makes `max_alongside_speed_kn` or more at one
    report and lies at the next ones, or the other way round, went at that speed and lay for the
    rest. They are *together* at a tick when, over the step that follows,

    - both are slower than `max_speed_kn` and within `max_distance_m`; or
    - they drift as one: within `max_distance_m`, slower than `max_drift_kn`, and moving against
      one another at less than `max_station_kn`; or
    - they move along as one: at less than `max_station_kn` against one another, a small craft and a
      larger vessel slower than `max_boat_speed_kn` and within `max_alongside_m`, or two hulls
      slower than `max_alongside_speed_kn` and within `max_hull_distance_m`, and what
      `max_clock_error_s` makes at their speed; or
    - two reports of a boat, a step or more apart, both lie within `max_alongside_m` of another
      vessel: the ones before and after, where it is no faster than `max_drift_kn`; of a faster one
      at one place beside it, which they change at less than `max_station_kn`.

    What they say they are excludes none of them: whose trade that is, is for explanations to say.

    Ticks together make pieces of at least `min_piece_s`; pieces no more than `max_interruption_s`
    apart make one encounter, which lasts from its first tick to the end of its last step. It counts
    once it lasted `min_duration_s`; or as a *brief meeting* once a small craft was within
    `max_alongside_m` and steady, moving against the other at less than `max_relative_speed_kn`
    (under way: `max_station_kn`), at ticks that span `min_brief_s` within
    it. It is a *boarding* (a subkind of its own, from `min_boarding_s` on) where a boat came from
    away, out of the sector of the sternlight of a vessel that made way faster than a stream, in the
    dark: so boarders come in the Straits of Malacca and Singapore (ReCAAP ISC, annual and
    half-yearly reports: boarded under way, in the hours of darkness, from the stern). Who comes and
    goes planing need not stay longer either, a dash to a ship and back; nor two that part at once,
    each its own way at 4 kn or more. An encounter
    under way (a median of `max_speed_kn` or more) of vessels that were in company
    already when it began, or weren't seen apart at all, or sailed faster than any stream and
    further off than `max_alongside_m`, is none: a tow or a convoy. Nor is a brief meeting of two
    that lie still and weren't seen to come or go: boats at a berth that are heard now and then.
    How fast they came or parted isn't known where interference scattered fixes of either then.

    What is left out, tick by tick: places inside `excluded_classes` or drawn as land (berths), and
    inside `crowded_classes` all but vessels alongside (`max_crowded_distance_m`), since ships at
    anchor lie a swinging circle apart.

    Of more pairs at ticks than `pairs.MOST` nothing is told: the detector fails, and says where.

    Pairs at the same place and time share a `group_id`: the pairs connected by common vessels and
    overlapping spans, as seen when the pair parts and no further back than `raft_memory_s`.

    Notes
    -----
    Score before explanations: 0.3, plus up to 0.25 for duration (full at 2 h) and 0.25 for
    closeness (full at 0 m); for a brief meeting at least 0.4 plus up to 0.2 for closeness, for a
    boarding 0.5 plus as much. Times 0.6 if either's median speed is 2 kn or more (0.8 if they came
    together and kept their place), unless a boat came alongside under way; times 0.5 if under way
    and not seen to come together; times 0.6 if they lay near one another before, or 0.4 in a crowd
    (two neighbours or more) unless alongside. Inside a crowded class instead times 0.7 where one
    came alongside from away for long, 0.2 where they lay there before, 0.4 otherwise. Times 0.4 if
    both are small, it was brief, they closed at less than 15 kn and didn't part each its own way
    (0.6 if in the dark, and they were 2 nm apart or more half an hour before and half an hour
    after); times 0.3 near land.
    """

    name: ClassVar[str] = "encounter"
    version: ClassVar[str] = "33"
    requires: ClassVar[tuple[str, ...]] = (*REPORTED, "sog_kn", "nav_status", "ais_class")
    source: ClassVar[str] = (
        "Miller, Roan, Hochberg, Amos & Kroodsma (2018), Identifying Global Patterns of "
        "Transshipment Behavior, Frontiers in Marine Science 5:240, doi:10.3389/fmars.2018.00240"
    )
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = HYPOTHESES

    @property
    def settle(self) -> timedelta:
        """Return how long after its last tick an encounter or its raft can still change."""
        goes_on_s = (
            self.max_interruption_s + self.min_piece_s + self.min_duration_s + self.max_pass_s
        )
        port_s = max(PORT_LOOKS_S) + self.max_silence_s
        return timedelta(seconds=max(goes_on_s, self.company_s + self.max_pass_s, port_s))

    @property
    def lookback(self) -> timedelta:
        """Long enough to find any encounter not yet settled, and the raft it belongs to."""
        found_s = self.min_duration_s + 2 * (self.max_interruption_s + self.min_piece_s)
        return self.settle + timedelta(seconds=self.raft_memory_s + found_s + self.max_pass_s)

    @property
    def rests_on(self) -> tuple[Relation, ...]:
        """Return who was slow near by: partners, and neighbours of a pair by its lower MMSI."""
        slow = Along(self.step_s, self.max_pass_s, below_kn=self.max_boat_speed_kn)
        lying = replace(slow, below_kn=self.max_speed_kn)
        heard_s = self.max_pass_s + 2 * self.step_s
        memory_s = max(self.raft_memory_s, self.company_s, *PORT_LOOKS_S)
        return (
            Near(self.max_distance_m, 0.0, slow, slow, memory_s + heard_s),
            Near(self.neighbour_m, 0.0, slow, lying, heard_s),
        )

    def detect(self, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
        """Find encounters; see the class for the rule and `Detector.detect` for the frames.

        What rafts rest on is among them: those in company (subkind `IN_COMPANY`), which are none,
        and in the same guise, without any evidence, those that were over before the window.
        """
        if positions.empty:
            return events.empty()
        reports, craft = Reports(positions), Craft(positions, context, self)
        grid = grid_of(self, reports)
        pairs = together(self, reports, grid, craft, context)
        if len(pairs.left) == 0:
            return events.empty()
        window = timespan.window_us(context.start, context.end)
        spans, _ = timespan.of_runs(
            grid,
            [pairs.left, pairs.right],
            *runs_of(self, grid, pairs),
            window=window,
            settle=self.settle + timedelta(seconds=self.raft_memory_s),
            max_break_s=self.max_interruption_s,
        )
        if len(spans) == 0:
            return events.empty()
        calls = calls_before(self, pairs.number(grid)[spans.first], spans.start_us, spans.end_us)
        # Of what was over, rafts ask who and when; of the shortest it must be known what they were.
        lasted_us = spans.end_us - spans.start_us
        told = timespan.touches(spans.start_us, spans.end_us, window, self.settle)
        told |= lasted_us < self.min_brief_s * SECOND_US
        rows = self._over(grid, pairs, spans.take(np.flatnonzero(~told)))
        spans, calls = spans.take(np.flatnonzero(told)), calls[told]
        if len(spans):
            rows += self._told(reports, craft, grid, context, pairs, spans, calls)
        return events.build(rows)

    def _over(self, grid: Grid, pairs: Pairs, spans: timespan.Spans) -> list[dict[str, Any]]:
        """Return what rafts rest on of pairs that had parted before the window."""
        tracks = np.stack([grid.track_id[side[spans.first]] for side in (pairs.left, pairs.right)])
        lasted_s = (spans.end_us - spans.start_us) // SECOND_US
        return [
            events.row(
                self,
                tracks[:, i],
                subkind=IN_COMPANY,
                start_us=int(spans.start_us[i]),
                end_us=int(spans.end_us[i]),
                lat=0.0,
                lon=0.0,
                score=0.0,
                evidence={"duration_s": int(lasted_s[i])},
            )
            for i in range(len(spans))
        ]

    def _told(
        self,
        reports: Reports,
        craft: Craft,
        grid: Grid,
        context: Context,
        pairs: Pairs,
        spans: timespan.Spans,
        calls: Ints,
    ) -> list[dict[str, Any]]:
        first, last = spans.first, spans.last
        tracks = np.stack([grid.track_id[side[first]] for side in (pairs.left, pairs.right)])
        lat, lon = spans.middle(reports, tracks[0])
        told = zip(
            evidence_of(self, reports, craft, grid, context, pairs, first, last),
            around(self, (lat, lon), spans.start_us, context),
            kept_company(self, reports, grid, pairs, first, last),
            strict=True,
        )
        rows = []
        for i, parts in enumerate(told):
            measured = {key: value for part in parts for key, value in part.items()}
            measured["n_calls_before"] = int(calls[i])
            none = convoy(self, measured) or side_by_side(self, measured)
            boarding = not none and self._is_boarding(measured)
            sudden = boarding or dash(measured) or parted_ways(self, measured)
            if measured["duration_s"] < self.min_brief_s and not sudden:
                continue
            rows.append(
                events.row(
                    self,
                    tracks[:, i],
                    subkind=IN_COMPANY if none else BOARDING if boarding else "",
                    lat=lat[i],
                    lon=lon[i],
                    start_us=int(spans.start_us[i]),
                    end_us=spans.until_us(i),
                    evidence={**measured, **self._strict(measured), **bounds(self, measured)},
                    settings=SETTINGS,
                    **self._judged(measured),
                )
            )
        return rows

    def finish(self, found: pd.DataFrame) -> pd.DataFrame:
        """Give the pairs of a raft their common id, and leave out those that were in company."""
        group = pd.Series(rafts(self, found), index=found.index, dtype="str")
        found = found.assign(group_id=group)
        return found[found["subkind"] != IN_COMPANY].reset_index(drop=True)

    @staticmethod
    def _strict(evidence: dict[str, Any]) -> dict[str, Any]:
        """Return the rule of Miller et al., and whether it is met, None where that isn't known."""
        speed_kn = max(evidence["median_speed_kn"], evidence["other_median_speed_kn"])
        away_m = evidence["anchorage_distance_m"]
        met = (
            evidence["duration_s"] >= GFW_MIN_DURATION_S
            and speed_kn < GFW_MAX_MEDIAN_SPEED_KN
            and (away_m is None or np.isnan(away_m) or away_m >= GFW_MIN_ANCHORAGE_DISTANCE_M)
        )
        return {
            "gfw_rule_met": met if evidence["zones_reached"] else None,
            "gfw_min_duration_s": GFW_MIN_DURATION_S,
            "gfw_max_median_speed_kn": GFW_MAX_MEDIAN_SPEED_KN,
            "gfw_min_anchorage_distance_m": GFW_MIN_ANCHORAGE_DISTANCE_M,
        }

    def _is_boarding(self, evidence: dict[str, Any]) -> bool:
        """Tell whether a boat came up from astern and from away, in the dark."""
        return evidence["from_astern"] and evidence["in_the_dark"] and bool(came(self, evidence))

    def _judged(self, evidence: dict[str, Any]) -> dict[str, Any]:
        """Return the score: for how long and how close, times what speaks against a meeting."""
        if not evidence["zones_reached"]:
            return {"score": 0.0, "explanation": nearby.NOT_ASSESSED}
        closeness = 1.0 - evidence["median_distance_m"] / self.max_distance_m
        score = 0.3 + 0.25 * min(1.0, evidence["duration_s"] / GFW_MIN_DURATION_S)
        score += 0.25 * closeness
        if evidence["brief_meeting"]:
            least = 0.5 if self._is_boarding(evidence) else 0.4
            score = max(score, least + 0.2 * closeness)
        met = came(self, evidence)
        score *= self._if_fast(evidence, met)
        under_way = evidence["median_speed_kn"] >= self.max_speed_kn
        score *= 0.5 if under_way and met is None else 1.0
        score *= self._if_crowded(evidence, met)
        slowly = evidence["both_small_craft"] and not evidence["closing_kn"] >= FAST_KN
        slowly = slowly and evidence["brief_meeting"] and not parted_ways(self, evidence)
        score *= (0.6 if from_afar(evidence) else 0.4) if slowly else 1.0
        score *= 0.3 if evidence["near_land"] else 1.0
        return {"score": float(score)}

    def _if_fast(self, evidence: dict[str, Any], met: bool | None) -> float:
        """Return what remains of the score for their speed; a boat that came up may be fast."""
        speed_kn = max(evidence["median_speed_kn"], evidence["other_median_speed_kn"])
        boat = evidence["small_craft"] and not evidence["both_small_craft"]
        if not speed_kn >= GFW_MAX_MEDIAN_SPEED_KN or (boat and met):
            return 1.0
        steady = evidence["median_relative_speed_kn"] < self.max_station_kn
        return 0.8 if met and steady else 0.6

    def _if_crowded(self, evidence: dict[str, Any], met: bool | None) -> float:
        """Return what remains of the score where many lie, or neither came to the other."""
        alongside = evidence["median_distance_m"] <= self.max_crowded_distance_m
        if evidence["in_anchorage"]:
            visit = met and alongside and not evidence["brief_meeting"]
            return 0.7 if visit else 0.2 if met is False else 0.4
        if evidence["n_neighbours"] >= CROWD and not alongside:
            return 0.4
        return 0.6 if met is False else 1.0

    @classmethod
    def tell(cls, event: Told, words: Words, mmsi: int) -> str:
        """Say how long they lay, drifted or moved together, how close, and where."""
        return tell(event, words, mmsi)
