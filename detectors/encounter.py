"""Encounter: two vessels close together and slow for a while, away from port."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar, Final, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import PositiveFloat, PositiveInt, model_validator
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from detectors.core import (
    events,
    geodesy,
    runs,
    settings,
    surroundings,
    telling,
    timespan,
    whereabouts,
)
from detectors.core.detector import Apart, Context, Detector, RestsOn
from detectors.core.explain import Hypothesis
from detectors.core.frames import SECOND_US, epoch_us, from_epoch_us, offsets
from detectors.core.hypotheses_encounter import HYPOTHESES
from detectors.core.reports import sources
from detectors.core.settings import ZoneClasses
from detectors.core.telling import Told, Words

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

GFW_MIN_DURATION_S: Final = 7200.0
GFW_MAX_MEDIAN_SPEED_KN: Final = 2.0
GFW_MIN_ANCHORAGE_DISTANCE_M: Final = 10_000.0
STILL_KN: Final = 0.2
"""Slower it lies at a berth or at anchor: position noise alone makes as much of a step."""
CROWD: Final = 2
"""So many others lying within a mile make a crowd."""
IN_COMPANY: Final = "in_company"
"""Two that moved or lay on together as before: no encounter, though rafts hang together by them."""


class Encounter(Detector):
    """Two vessels together: slow and close for half an hour, or a boat alongside for a quarter.

    Both tracks are interpolated at the ticks of an absolute time grid (never over a silence
    longer than `max_silence_s`). They are *together* at a tick when, over the step that follows,

    - both are slower than `max_speed_kn` and within `max_distance_m`; or
    - they drift as one: within `max_distance_m`, slower than `max_drift_kn`, and moving against
      one another at less than `max_station_kn`; or
    - they move along as one: at less than `max_station_kn` against one another, a small craft and a
      larger vessel slower than `max_boat_speed_kn` and within `max_alongside_m`, or two hulls
      slower than `max_alongside_speed_kn` and within `max_hull_distance_m`, and what
      `max_clock_error_s` makes at their speed;

    the latter two for vessels that aren't of the `service_types`, whose trade that is.

    Ticks together make pieces of at least `min_piece_s`; pieces no more than `max_interruption_s`
    apart make one encounter, which lasts from its first tick to the end of its last step. It counts
    once it lasted `min_duration_s`; or as a *brief meeting* once a small craft (not of the
    `service_types`) was within `max_alongside_m` and steady, moving against the other at less than
    `max_relative_speed_kn` (under way: `max_station_kn`), at ticks that span `min_brief_s` within
    it. An encounter under way (a median of `max_speed_kn` or more) of vessels that were in company
    already when it began, or weren't seen apart at all, is none: a tow or a convoy. Nor is a brief
    meeting of two that lie still and weren't seen to come or go: boats at a berth that are heard
    now and then.

    What is left out, tick by tick: places inside `excluded_classes` or drawn as land (berths), and
    inside `crowded_classes` all but vessels alongside (`max_crowded_distance_m`), since ships at
    anchor lie a swinging circle apart.

    Pairs at the same place and time share a `group_id`: the pairs connected by common vessels and
    overlapping spans, as seen when the pair parts and no further back than `raft_memory_s`.

    Parameters
    ----------
    max_distance_m
        500 m, Miller et al. (2018) and Global Fishing Watch.
    max_speed_kn
        Speed over a step, from positions. 2.5 kn rather than the 2 kn of Miller et al. because two
        drifting vessels are carried along by the tidal stream (2 kn and more in the Singapore
        Strait), yet below the 2.5 to 4 kn at which trawlers tow. Their median against 2 kn is kept
        in evidence and lowers the score.
    min_duration_s
        30 minutes, as Starboard Maritime Intelligence uses within 200 m ("How are vessel
        encounters identified?"); the 2 h of Miller et al. miss a small tanker's or a boat's
        transfer. Whether the stricter rule is met is kept in evidence.
    min_brief_s
        12 minutes measured. Handing over goods or people to a boat takes some 20 minutes; at
        reports every 3 minutes (class A at anchor, class B below 2 kn: ITU-R M.1371-5, annex 1,
        tables 1 and 2) interpolation loses up to an interval and a step at either end.
    max_drift_kn
        3.3 kn: the stream of the narrows reaches 3 kn at springs, and two vessels that keep their
        place against one another in it are together.
    max_alongside_m, max_hull_distance_m, max_relative_speed_kn
        250 m between antennas (a ship's is up to 300 m from where a boat lies), 120 m for two
        larger vessels (nearer than a tow lies astern), and 1.5 kn for a boat that lies to
        (position noise of 10 m on both sides makes 0.3 kn of a step).
    max_station_kn, max_boat_speed_kn, max_alongside_speed_kn
        0.8 kn: who overtakes at less is still within a mile half an hour later, which is company.
        11 kn for a boat with a ship, since boats board at up to 10 kn as pilots do (6 to 10 kn);
        7 kn for two ships, in which they can lie alongside one another.
    max_clock_error_s
        A minute between the clocks of two receivers or transmitters, which seems 150 m at 5 kn and
        nothing at rest.
    max_small_m
        Small craft: class B, or no longer than 45 m. A vessel of class A that doesn't say how long
        it is isn't taken for one.
    service_types
        Ship types that go alongside by trade (pilot, search and rescue, tug, tender, towing, police
        and medical: ITU-R M.1371-5, table 53). Longer encounters of theirs are found and explained.
    max_interruption_s, min_piece_s
        20 and 6 minutes: one lost position or a swing on the hawser doesn't cut an encounter in
        two, and vessels that pass twice don't make one.
    max_silence_s
        30 minutes; class A at anchor reports every 3 minutes, class B below 2 kn as often
        (ITU-R M.1371-5, table 1), and receivers lose some.
    step_s
        2 minutes: 10 m of position noise then make 0.2 kn.
    near_land_m
        Closer to land than this the pair is taken for berthed, and its score is lowered.
    company_m, company_s
        They came together (parted) when 10, 20 or 30 minutes before (after) they were 1000 m apart
        or more; otherwise they came (left) in company. Judgement; twice `max_distance_m`. Where one
        of them wasn't heard then, the last of the ten-minute marks before counts at which both
        were, up to `raft_memory_s` back: a barge heard now and then doesn't come to its tug each
        time.
    neighbour_m
        1 nm: other slow vessels within it when the encounter ends make a crowd, in which lying near
        one another says less.

    Notes
    -----
    Score before explanations: 0.3, plus up to 0.25 for duration (full at 2 h) and 0.25 for
    closeness (full at 0 m); for a brief meeting at least 0.4 plus up to 0.2 for closeness. Times
    0.6 if either's median speed is 2 kn or more (0.8 if they came together and kept their place),
    unless a boat came alongside under way; times 0.5 if under way and not seen to come together;
    times 0.6 if they lay near one another before, or 0.4 in a crowd (two neighbours or more) unless
    alongside. Inside a crowded class instead times 0.7 where one came alongside from away for long,
    0.2 where they lay there before, 0.4 otherwise. Times 0.4 if both are small and it was brief;
    times 0.3 near land.
    """

    name: ClassVar[str] = "encounter"
    version: ClassVar[str] = "4"
    requires: ClassVar[tuple[str, ...]] = (
        "mmsi", "time", "lat", "lon", "sog_kn", "nav_status", "ais_class", "track_id", "source",
        "source_offset",
    )  # fmt: skip
    source: ClassVar[str] = (
        "Miller, Roan, Hochberg, Amos & Kroodsma (2018), Identifying Global Patterns of "
        "Transshipment Behavior, Frontiers in Marine Science 5:240, doi:10.3389/fmars.2018.00240"
    )
    rests_on: ClassVar[RestsOn] = RestsOn.COMPANY
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = HYPOTHESES

    max_distance_m: PositiveFloat = 500.0
    max_speed_kn: PositiveFloat = 2.5
    min_duration_s: PositiveInt = 1800
    min_brief_s: PositiveInt = 720
    max_alongside_m: PositiveFloat = 250.0
    max_hull_distance_m: PositiveFloat = 120.0
    max_relative_speed_kn: PositiveFloat = 1.5
    max_station_kn: PositiveFloat = 0.8
    max_drift_kn: PositiveFloat = 3.3
    max_alongside_speed_kn: PositiveFloat = 7.0
    max_boat_speed_kn: PositiveFloat = 11.0
    max_clock_error_s: PositiveFloat = 60.0
    max_small_m: PositiveFloat = 45.0
    service_types: tuple[int, ...] = (31, 32, 50, 51, 52, 53, 55, 58)
    max_interruption_s: PositiveInt = 1200
    min_piece_s: PositiveInt = 360
    max_silence_s: PositiveInt = 1800
    step_s: PositiveInt = 120
    excluded_classes: ZoneClasses = ("port",)
    crowded_classes: ZoneClasses = ("anchorage",)
    max_crowded_distance_m: PositiveFloat = 150.0
    near_land_m: PositiveFloat = 300.0
    company_m: PositiveFloat = 1000.0
    company_s: PositiveInt = 1800
    neighbour_m: PositiveFloat = 1852.0
    raft_memory_s: PositiveInt = 21_600

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        settings.at_most(self, "step_s", "min_piece_s")
        settings.at_most(self, "min_piece_s", "min_brief_s")
        settings.at_most(self, "min_brief_s", "min_duration_s")
        settings.at_most(self, "max_hull_distance_m", "max_alongside_m")
        settings.at_most(self, "max_alongside_m", "max_distance_m")
        settings.at_most(self, "max_crowded_distance_m", "max_distance_m")
        settings.at_most(self, "max_speed_kn", "max_drift_kn")
        settings.at_most(self, "max_drift_kn", "max_alongside_speed_kn")
        settings.at_most(self, "max_alongside_speed_kn", "max_boat_speed_kn")
        settings.at_most(self, "max_station_kn", "max_relative_speed_kn")
        return self

    @property
    def settle(self) -> timedelta:
        """How long after its last tick an encounter or its raft can still change."""
        goes_on_s = (
            self.max_interruption_s + self.min_piece_s + self.min_duration_s + self.max_silence_s
        )
        return timedelta(seconds=max(goes_on_s, self.company_s + self.max_silence_s))

    @property
    def lookback(self) -> timedelta:
        """Long enough to find any encounter not yet settled, and the raft it belongs to."""
        found_s = self.min_duration_s + 2 * (self.max_interruption_s + self.min_piece_s)
        return self.settle + timedelta(seconds=self.raft_memory_s + found_s + self.max_silence_s)

    def detect(self, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
        """Find encounters; see the class for the rule and `Detector.detect` for the frames."""
        return self.gather(self.find(positions, context), context.start, context.end)

    def find(self, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
        """The same before rafts are told, and with what rafts rest on: older encounters, and those
        in company (subkind `IN_COMPANY`), which are none.
        """
        if positions.empty:
            return events.empty()
        track, time_us = positions["track_id"].to_numpy(), epoch_us(positions["time"])
        lat, lon = positions["lat"].to_numpy(), positions["lon"].to_numpy()
        grid = runs.grid_of(positions, self.step_s, self.max_silence_s)
        pairs = self._together(grid, _Craft(positions, context, self), context)
        if len(pairs.left) == 0:
            return events.empty()
        left, right = pairs.left, pairs.right
        first, last = self._runs(grid, pairs)
        window = timespan.window_us(context.start, context.end)
        spans, _ = timespan.of_runs(
            grid, [left, right], first, last, window=window,
            settle=self.settle + timedelta(seconds=self.raft_memory_s),
            max_break_s=self.max_interruption_s,
        )  # fmt: skip
        first, last, start_us, end_us = spans.first, spans.last, spans.start_us, spans.end_us
        if len(first) == 0:
            return events.empty()

        pair = np.stack([grid.track_id[left[first]], grid.track_id[right[first]]])
        middle_us = (start_us + end_us) // 2
        middle = runs.position_at(track, time_us, lat, lon, pair[0], middle_us)
        evidence = self._evidence(positions, grid, context, pairs, first, last)
        around = self._surroundings(middle, context)
        company = self._company(grid, pairs, first, last)
        times = [from_epoch_us(values) for values in (start_us, end_us)]
        rows = []
        for i in range(len(first)):
            measured = {**evidence[i], **around[i], **company[i]}
            none = self._convoy(measured) or self._side_by_side(measured)
            rows.append(
                {
                    "kind": self.name,
                    "subkind": IN_COMPANY if none else "",
                    "detector": self.name,
                    "version": self.version,
                    "mmsi": int(pair[0, i] // 100),
                    "other_mmsi": int(pair[1, i] // 100),
                    "track_ids": f"{pair[0, i]};{pair[1, i]}",
                    "start": times[0].iloc[i],
                    "end": pd.NaT if spans.open[i] else times[1].iloc[i],
                    "anchor": times[0].iloc[i],
                    "lat": float(middle[0][i]),
                    "lon": float(middle[1][i]),
                    **self._judged(measured),
                }
            )
        return events.build(rows)

    def gather(self, found: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
        """Encounters that touch the window, with their rafts, from what `find` found."""
        group = pd.Series(self._rafts(found), index=found.index, dtype="str")
        found = found.assign(group_id=group)
        wanted = (found["subkind"] != IN_COMPANY) & (found["start"] <= end)
        wanted &= found["end"].isna() | (found["end"] >= start - self.settle)
        return found[wanted].reset_index(drop=True)

    @property
    def halo_m(self) -> float:
        """Partners and neighbours are no further off."""
        return max(self.max_distance_m, self.neighbour_m) + whereabouts.SLACK_M

    def apart(self, positions: pd.DataFrame, context: Context) -> Apart:
        """Where each was slow enough to meet another."""
        grid = runs.grid_of(positions, self.step_s, self.max_silence_s)
        slow = whereabouts.of_grid(grid, np.flatnonzero(grid.speed_kn < self.max_boat_speed_kn))
        return Apart(events.empty(), {"slow": slow}, {"slow": slow})

    def company(
        self, asks: Mapping[str, pd.DataFrame], answers: Mapping[str, pd.DataFrame]
    ) -> pd.DataFrame:
        """Who was slow near by: partners, and neighbours of a pair by its lower MMSI's side."""
        reach_m = max(self.max_distance_m, self.neighbour_m)
        return whereabouts.near(asks["slow"], answers["slow"], reach_m)

    @classmethod
    def tell(cls, event: Told, words: Words, mmsi: int) -> str:
        """How long they lay, drifted or moved together, how close, and where."""
        distance = event.evidence["median_distance_m"]
        speed = max(event.evidence["median_speed_kn"], event.evidence["other_median_speed_kn"])
        if speed < 1:
            how = words.say("Stopped")
        elif speed < 2:
            how = words.say("Drifted")
        else:
            how = words.say("Moved at {speed_kn:.1f} kn", speed_kn=speed)
        away = words.distance(distance)
        if distance < 150:
            beside = words.say("{distance} alongside", distance=away)
        else:
            beside = words.say("{distance} off", distance=away)
        return words.say(
            "{how} {duration} with {other} {beside}, {place}{surroundings}",
            how=how, duration=words.duration(event.start, event.end),
            other=words.name(event.partner_of(mmsi)), beside=beside,
            place=words.place(event.lat, event.lon),
            surroundings=telling.surroundings(event.evidence, words),
        )  # fmt: skip

    def _together(self, grid: runs.Grid, craft: "_Craft", context: Context) -> "_Pairs":
        """Ticks at which two vessels are together, sorted by (pair, tick), the lower MMSI first."""
        i, j = self._near_pairs(grid, craft, context)
        members, place = np.unique(np.r_[i, j], return_inverse=True)
        crowded = context.zones.within(grid.lat[members], grid.lon[members], self.crowded_classes)[
            place
        ]
        in_crowd = crowded[: len(i)] | crowded[len(i) :]
        swap = grid.track_id[i] > grid.track_id[j]
        i, j = np.where(swap, j, i), np.where(swap, i, j)

        distance_m = np.asarray(
            geodesy.distance_m(grid.lat[i], grid.lon[i], grid.lat[j], grid.lon[j])
        )
        faster_kn = np.maximum(grid.speed_kn[i], grid.speed_kn[j])
        relative_kn = _relative_kn(grid, i, j)
        small = np.stack([craft.small(grid.track_id[rows]) for rows in (i, j)])
        service = craft.service(grid.track_id[i]) | craft.service(grid.track_id[j])
        boat = small.any(axis=0) & ~service
        boat_and_ship = boat & ~small.all(axis=0)
        limit_m = np.where(in_crowd, self.max_crowded_distance_m, self.max_distance_m)
        clock_m = np.where(
            faster_kn < self.max_drift_kn,
            0.0,
            faster_kn * geodesy.KNOT_MPS * self.max_clock_error_s,
        )
        beside_m = np.minimum(self.max_alongside_m + clock_m, limit_m)

        lying = (faster_kn < self.max_speed_kn) & (distance_m <= limit_m)
        as_one = ~service & (relative_kn < self.max_station_kn) & (distance_m <= limit_m)
        drifting = as_one & (faster_kn < self.max_drift_kn)
        boarding = as_one & boat_and_ship & (distance_m <= beside_m)
        boarding &= faster_kn < self.max_boat_speed_kn
        hulls = as_one & (distance_m <= np.minimum(self.max_hull_distance_m + clock_m, limit_m))
        hulls &= faster_kn < self.max_alongside_speed_kn
        steady = relative_kn < np.where(
            faster_kn < self.max_drift_kn, self.max_relative_speed_kn, self.max_station_kn
        )
        together = lying | drifting | boarding | hulls
        brief = together & boat & steady & (distance_m <= beside_m)
        keep = np.flatnonzero(together)
        order = np.lexsort((grid.tick[i[keep]], grid.track_id[j[keep]], grid.track_id[i[keep]]))
        keep = keep[order]
        return _Pairs(i[keep], j[keep], distance_m[keep], relative_kn[keep], brief[keep])

    def _near_pairs(self, grid: runs.Grid, craft: "_Craft", context: Context) -> tuple[Ints, Ints]:
        """Grid rows of two MMSIs near one another at a tick, each pair once, in open water.

        Any two that are slow; and faster ones only of a small craft and a larger vessel, which are
        few, so that a full lane costs little.
        """
        zones = context.zones

        def outside(rows: Ints) -> NDArray[np.bool_]:
            lat, lon = grid.lat[rows], grid.lon[rows]
            return ~(zones.within(lat, lon, self.excluded_classes) | zones.on_land(lat, lon))

        slow = np.flatnonzero(grid.speed_kn < self.max_alongside_speed_kn)
        slow = slow[outside(slow)]
        i, j = _near(grid, slow, slow, self.max_distance_m)

        at_least_kn = self.max_alongside_speed_kn - self.max_station_kn
        fast = np.flatnonzero(
            (grid.speed_kn >= at_least_kn) & (grid.speed_kn < self.max_boat_speed_kn)
        )
        track = grid.track_id[fast]
        small, service = craft.small(track), craft.service(track)
        reach_m = self.max_boat_speed_kn * geodesy.KNOT_MPS * self.max_clock_error_s
        reach_m = min(self.max_alongside_m + reach_m, self.max_distance_m)
        boat, ship = _near(grid, fast[small & ~service], fast[~small & ~service], reach_m)
        slow_pair = grid.speed_kn[boat] < self.max_alongside_speed_kn
        slow_pair &= grid.speed_kn[ship] < self.max_alongside_speed_kn
        faster = np.flatnonzero(~slow_pair)
        faster = faster[outside(boat[faster])]
        faster = faster[outside(ship[faster])]
        return np.r_[i, boat[faster]], np.r_[j, ship[faster]]

    def _runs(self, grid: runs.Grid, pairs: "_Pairs") -> tuple[Ints, Ints]:
        """Runs that are long enough, or hold a brief meeting."""
        group = _codes(grid.track_id[pairs.left], grid.track_id[pairs.right])
        tick = grid.tick[pairs.left]
        spells = partial(
            runs.spells,
            max_break=self.max_interruption_s // self.step_s,
            min_piece=-(-self.min_piece_s // self.step_s),
            min_length=-(-self.min_brief_s // self.step_s),
        )
        first, last = spells(group, tick)
        long_enough = tick[last] - tick[first] + 1 >= -(-self.min_duration_s // self.step_s)
        brief = np.flatnonzero(pairs.brief)
        _, core_last = spells(group[brief], tick[brief])
        holds = np.zeros(len(first), bool)
        if len(first):
            run = np.searchsorted(first, brief[core_last], side="right") - 1
            inside = (run >= 0) & (brief[core_last] <= last[run])
            holds[run[inside]] = True
        return first[long_enough | holds], last[long_enough | holds]

    def _company(
        self, grid: runs.Grid, pairs: "_Pairs", first: Ints, last: Ints
    ) -> list[dict[str, Any]]:
        """How far apart they were before and after, and how many others lay around at the end.

        The others are counted at the last tick, which lies within any window that reports the
        encounter, so that it doesn't matter how much of the past is loaded.
        """
        left, right = pairs.left, pairs.right
        apart = {}
        for name, edge, sign in (("before", first, -1), ("after", last, 1)):
            farthest = np.full(len(first), np.nan)
            for part in (1 / 3, 2 / 3, 1.0):
                shift = sign * (int(self.company_s * part) // self.step_s)
                rows = [
                    grid.rows_at(grid.track_id[side[edge]], grid.tick[side[edge]] + shift)
                    for side in (left, right)
                ]
                known = (rows[0] >= 0) & (rows[1] >= 0)
                a, b = rows[0][known], rows[1][known]
                apart_m = geodesy.distance_m(grid.lat[a], grid.lon[a], grid.lat[b], grid.lon[b])
                farthest[known] = np.fmax(farthest[known], apart_m)
            apart[name] = farthest
        self._further_back(grid, left[first], right[first], apart["before"])
        neighbours = self._neighbours(grid, left[last], right[last])
        return [
            {
                "apart_before_m": apart["before"][i],
                "apart_after_m": apart["after"][i],
                "min_apart_m": self.company_m,
                "n_neighbours": int(neighbours[i]),
            }
            for i in range(len(first))
        ]

    def _further_back(self, grid: runs.Grid, left: Ints, right: Ints, apart_m: Floats) -> None:
        """Fill in how far apart pairs were when both were last heard before, where it isn't known.

        `left` and `right` are their first ticks.
        """
        mark = self.company_s // 3 // self.step_s
        for shift in range(4 * mark, self.raft_memory_s // self.step_s + 1, mark):
            unknown = np.flatnonzero(np.isnan(apart_m))
            if len(unknown) == 0:
                return
            a, b = (
                grid.rows_at(grid.track_id[side[unknown]], grid.tick[side[unknown]] - shift)
                for side in (left, right)
            )
            known = (a >= 0) & (b >= 0)
            a, b = a[known], b[known]
            apart_m[unknown[known]] = geodesy.distance_m(
                grid.lat[a], grid.lon[a], grid.lat[b], grid.lon[b]
            )

    def _neighbours(self, grid: runs.Grid, left: Ints, right: Ints) -> Ints:
        """Other slow tracks within `neighbour_m` of each pair at its tick."""
        slow = np.flatnonzero(grid.speed_kn < self.max_speed_kn)
        found = surroundings.n_near(grid, left, slow, self.neighbour_m)
        return np.asarray(np.maximum(found - np.isin(right, slow), 0), "int64")

    def _convoy(self, evidence: dict[str, Any]) -> bool:
        """Whether they moved on together as they had come, or were never seen apart."""
        under_way = evidence["median_speed_kn"] >= self.max_speed_kn
        before_m, after_m = evidence["apart_before_m"], evidence["apart_after_m"]
        came = after_m >= self.company_m if np.isnan(before_m) else before_m >= self.company_m
        return bool(under_way and not came)

    def _side_by_side(self, evidence: dict[str, Any]) -> bool:
        """Whether it is a stretch of two that lay there before and after: no meeting, let alone a
        brief one.
        """
        speed_kn = max(evidence["median_speed_kn"], evidence["other_median_speed_kn"])
        lying = evidence["brief_meeting"] and speed_kn < STILL_KN
        return bool(lying and not self._came(evidence))

    def _rafts(self, found: pd.DataFrame) -> list[str]:
        """Group id of each pair's run, empty where it is connected to no other.

        Each run sees the others within a stretch of time around its own end, so that the answer
        doesn't depend on how much more of the past, or of the future, happens to be loaded.
        """
        n, group = len(found), [""] * len(found)
        track = np.array([text.split(";") for text in found["track_ids"]], "int64").reshape(-1, 2).T
        duration_s = np.array([e["duration_s"] for e in events.evidence_of(found)], "int64")
        begin = epoch_us(found["start"]) // (self.step_s * SECOND_US)
        end = begin + duration_s // self.step_s - 1
        member = pd.DataFrame({"run": np.tile(np.arange(n), 2), "track": track.ravel()})
        joined = member.merge(member, on="track")
        joined = joined[joined["run_x"] < joined["run_y"]]
        x, y = joined["run_x"].to_numpy(), joined["run_y"].to_numpy()
        min_ticks = -(-self.min_duration_s // self.step_s)
        for now in np.unique(end[np.unique(np.r_[x, y])]):
            floor, ceiling = now - self.raft_memory_s // self.step_s, now + min_ticks
            low, high = np.maximum(begin, floor), np.minimum(end, ceiling)
            counts = (low <= high) & (high - begin + 1 >= min_ticks)
            met = counts[x] & counts[y]
            met &= np.maximum(low[x], low[y]) <= np.minimum(high[x], high[y])
            links = coo_matrix((np.ones(met.sum()), (x[met], y[met])), shape=(n, n))
            _, label = connected_components(links, directed=False)
            oldest_first = np.lexsort((track[1], track[0], low, label))
            roots = oldest_first[np.searchsorted(label[oldest_first], np.arange(label.max() + 1))]
            size = np.bincount(label)
            for run in np.flatnonzero((end == now) & (size[label] > 1)):
                root = roots[label[run]]
                anchor_us = int(low[root]) * self.step_s * SECOND_US
                pair = f"{track[0, root]};{track[1, root]}"
                group[run] = events.event_id(self.name, "raft", "", pair, anchor_us)
        return group

    def _evidence(
        self,
        positions: pd.DataFrame,
        grid: runs.Grid,
        context: Context,
        pairs: "_Pairs",
        first: Ints,
        last: Ints,
    ) -> list[dict[str, Any]]:
        """What was measured, one mapping per run."""
        left, right, distance_m = pairs.left, pairs.right, pairs.distance_m
        n_ticks = last - first + 1
        duration_s = (grid.tick[left[last]] + 1 - grid.tick[left[first]]) * self.step_s
        columns: dict[str, Any] = {
            "duration_s": duration_s,
            "n_ticks": n_ticks,
            "together_fraction": n_ticks * self.step_s / duration_s,
            "median_distance_m": runs.quantiles(distance_m, first, last, 0.5),
            "min_distance_m": runs.quantiles(distance_m, first, last, 0.0),
            "max_distance_seen_m": runs.quantiles(distance_m, first, last, 1.0),
            "distance_spread_m": runs.quantiles(distance_m, first, last, 0.9)
            - runs.quantiles(distance_m, first, last, 0.1),
            "distance_swing_m": runs.quantiles(distance_m, first, last, 0.75)
            - runs.quantiles(distance_m, first, last, 0.25),
            "median_relative_speed_kn": runs.quantiles(pairs.relative_kn, first, last, 0.5),
            "brief_meeting": [bool(value) for value in duration_s < self.min_duration_s],
        }
        sog_kn, status = positions["sog_kn"].to_numpy(), positions["nav_status"].to_numpy()
        craft = _Craft(positions, context, self)
        small = [craft.small(grid.track_id[side[first]]) for side in (left, right)]
        columns["small_craft"] = [bool(value) for value in small[0] | small[1]]
        columns["both_small_craft"] = [bool(value) for value in small[0] & small[1]]
        known = context.vessels.drop_duplicates("mmsi").set_index("mmsi")
        for prefix, side in (("", left), ("other_", right)):
            reports = grid.report[side]
            before, after = reports[first], grid.report[side[last] + 1] + 1
            begin, end = side[first], side[last] + 1
            moved_m = geodesy.distance_m(
                grid.lat[begin], grid.lon[begin], grid.lat[end], grid.lon[end]
            )
            mmsi = grid.track_id[begin] // 100
            columns |= {
                f"{prefix}median_speed_kn": runs.quantiles(grid.speed_kn[side], first, last, 0.5),
                f"{prefix}median_sog_kn": runs.quantiles(sog_kn[reports], first, last, 0.5),
                f"{prefix}drift_kn": geodesy.speed_kn(moved_m, duration_s),
                f"{prefix}nav_status": runs.most_common(status[reports], first, last)[0],
                f"{prefix}n_reports": after - before + 1,
                f"{prefix}first_report_source": sources(positions, before),
                f"{prefix}last_report_source": sources(positions, after),
                f"{prefix}ship_type": known["ship_type"].reindex(mmsi).fillna(-1).astype(int),
                f"{prefix}length_m": known["length_m"].reindex(mmsi),
            }
        limits = {
            "max_distance_m": self.max_distance_m,
            "max_speed_kn": self.max_speed_kn,
            "min_duration_s": self.min_duration_s,
            "min_brief_s": self.min_brief_s,
            "max_alongside_m": self.max_alongside_m,
            "max_relative_speed_kn": self.max_relative_speed_kn,
            "max_station_kn": self.max_station_kn,
            "max_drift_kn": self.max_drift_kn,
            "max_alongside_speed_kn": self.max_alongside_speed_kn,
            "max_boat_speed_kn": self.max_boat_speed_kn,
            "max_interruption_s": self.max_interruption_s,
            "max_silence_s": self.max_silence_s,
        }
        lists = {key: list(values) for key, values in columns.items()}
        return [
            {
                **{key: values[i] for key, values in lists.items()},
                **limits,
                "duration_margin_s": int(lists["duration_s"][i])
                - (self.min_brief_s if lists["brief_meeting"][i] else self.min_duration_s),
                "distance_margin_m": self.max_distance_m - lists["median_distance_m"][i],
                "speed_margin_kn": self.max_speed_kn
                - max(lists["median_speed_kn"][i], lists["other_median_speed_kn"][i]),
            }
            for i in range(len(first))
        ]

    def _surroundings(
        self, middle: tuple[Floats, Floats], context: Context
    ) -> list[dict[str, Any]]:
        """What lies around the middle of each encounter."""
        lat, lon = np.atleast_1d(middle[0]), np.atleast_1d(middle[1])
        zones = context.zones
        reached = zones.reached(lat, lon)
        crowded = zones.within(lat, lon, self.crowded_classes)
        transfer_area, licensed = (
            zones.within(lat, lon, ("sts_area",), excuses=excuses) for excuses in (False, True)
        )
        pilots = zones.within(lat, lon, ("pilot_ground",))
        land = zones.near_land(lat, lon, self.near_land_m)
        around = self.excluded_classes + self.crowded_classes
        away_m = surroundings.nearest_zone_m(zones, lat, lon, around)
        return [
            {
                "zones_reached": bool(reached[i]),
                "in_anchorage": bool(crowded[i]),
                "in_sts_area": bool(transfer_area[i]),
                "in_licensed_sts_area": bool(licensed[i]),
                "in_pilot_ground": bool(pilots[i]),
                "near_land": bool(land[i]),
                "near_land_m": self.near_land_m,
                "anchorage_distance_m": float(away_m[i]) if reached[i] else None,
            }
            for i in range(len(lat))
        ]

    def _came(self, evidence: dict[str, Any]) -> bool | None:
        """Whether one came to the other or went from it; None where neither was seen."""
        apart_m = (evidence["apart_before_m"], evidence["apart_after_m"])
        known = [m for m in apart_m if not np.isnan(m)]
        return known[0] >= self.company_m if known else None

    def _judged(self, evidence: dict[str, Any]) -> dict[str, Any]:
        """Score, explanation and evidence, with the rule of Miller et al. met or not."""
        speed_kn = max(evidence["median_speed_kn"], evidence["other_median_speed_kn"])
        away_m = evidence["anchorage_distance_m"]
        gfw = (
            evidence["duration_s"] >= GFW_MIN_DURATION_S
            and speed_kn < GFW_MAX_MEDIAN_SPEED_KN
            and (away_m is None or np.isnan(away_m) or away_m >= GFW_MIN_ANCHORAGE_DISTANCE_M)
        )
        evidence |= {
            "gfw_rule_met": gfw if evidence["zones_reached"] else None,
            "gfw_min_duration_s": GFW_MIN_DURATION_S,
            "gfw_max_median_speed_kn": GFW_MAX_MEDIAN_SPEED_KN,
            "gfw_min_anchorage_distance_m": GFW_MIN_ANCHORAGE_DISTANCE_M,
        }
        if not evidence["zones_reached"]:
            return {"score": 0.0, "explanation": surroundings.NOT_ASSESSED, "evidence": evidence}
        closeness = 1.0 - evidence["median_distance_m"] / self.max_distance_m
        alongside = evidence["median_distance_m"] <= self.max_crowded_distance_m
        came = self._came(evidence)
        score = 0.3 + 0.25 * min(1.0, evidence["duration_s"] / GFW_MIN_DURATION_S)
        score += 0.25 * closeness
        if evidence["brief_meeting"]:
            score = max(score, 0.4 + 0.2 * closeness)
        fast = speed_kn >= GFW_MAX_MEDIAN_SPEED_KN
        steady = evidence["median_relative_speed_kn"] < self.max_station_kn
        boat = evidence["small_craft"] and not evidence["both_small_craft"]
        under_way = evidence["median_speed_kn"] >= self.max_speed_kn
        if fast and not (boat and came):
            score *= 0.8 if came and steady else 0.6
        score *= 0.5 if under_way and came is None else 1.0
        if evidence["in_anchorage"]:
            visit = came and alongside and not evidence["brief_meeting"]
            score *= 0.7 if visit else 0.2 if came is False else 0.4
        elif evidence["n_neighbours"] >= CROWD and not alongside:
            score *= 0.4
        elif came is False:
            score *= 0.6
        score *= 0.4 if evidence["both_small_craft"] and evidence["brief_meeting"] else 1.0
        score *= 0.3 if evidence["near_land"] else 1.0
        return {"score": float(score), "evidence": evidence}


class _Pairs(NamedTuple):
    """Ticks at which two vessels are together, sorted by (pair, tick).

    Grid rows of both, their distance, their speed against one another over the step that follows,
    and whether it may be part of a brief meeting.
    """

    left: Ints
    right: Ints
    distance_m: Floats
    relative_kn: Floats
    brief: NDArray[np.bool_]


class _Craft:
    """What tracks are: small craft or not, service craft or not."""

    def __init__(self, positions: pd.DataFrame, context: Context, rule: Encounter) -> None:
        track = positions["track_id"].to_numpy()
        begin = offsets(track)[:-1]
        self._track = track[begin]
        class_b = positions["ais_class"].iloc[begin].to_numpy("str") == "B"
        known = context.vessels.drop_duplicates("mmsi").set_index("mmsi")
        mmsi = self._track // 100
        length_m = known["length_m"].reindex(mmsi).to_numpy("float64")
        self._small = class_b | ((length_m > 0) & (length_m <= rule.max_small_m))
        self._small &= ~(length_m > rule.max_small_m)
        self._service = known["ship_type"].reindex(mmsi).isin(rule.service_types).to_numpy(bool)

    def small(self, track: Ints) -> NDArray[np.bool_]:
        """Whether each track is of a small craft."""
        return np.asarray(self._small[np.searchsorted(self._track, track)])

    def service(self, track: Ints) -> NDArray[np.bool_]:
        """Whether each track is of a vessel of the service types."""
        return np.asarray(self._service[np.searchsorted(self._track, track)])


def _near(grid: runs.Grid, some: Ints, others: Ints, radius_m: float) -> tuple[Ints, Ints]:
    """Pairs of grid rows of different MMSIs within `radius_m` at the same tick, each pair once.

    `others` is `some` itself, or holds none of its rows.
    """
    none = np.zeros(0, "int64")
    if len(some) == 0 or len(others) == 0:
        return none, none
    # One tree for all ticks: time is a fourth coordinate whose steps exceed the radius.
    radius = geodesy.chord(radius_m) * 1.001
    since = min(grid.tick[some].min(), grid.tick[others].min())

    def tree(rows: Ints) -> cKDTree:
        ordinal = (grid.tick[rows] - since) * (4 * radius)
        points = np.column_stack([geodesy.unit_xyz(grid.lat[rows], grid.lon[rows]), ordinal])
        return cKDTree(points, balanced_tree=False)

    if others is some:
        near = tree(some).query_pairs(radius, output_type="ndarray")
        i, j = some[near[:, 0]], some[near[:, 1]]
    else:
        found = tree(some).sparse_distance_matrix(tree(others), radius, output_type="ndarray")
        i, j = some[found["i"]], others[found["j"]]
    differ = grid.track_id[i] // 100 != grid.track_id[j] // 100
    return i[differ], j[differ]


def _relative_kn(grid: runs.Grid, left: Ints, right: Ints) -> Floats:
    """How fast two vessels change their place against one another over the step that follows."""
    moved = []
    for rows in (left, right):
        here_lat, here_lon = grid.lat[rows], grid.lon[rows]
        there_lat, there_lon = grid.lat[rows + 1], grid.lon[rows + 1]
        north_m = geodesy.distance_m(here_lat, here_lon, there_lat, here_lon)
        east_m = geodesy.distance_m(there_lat, here_lon, there_lat, there_lon)
        moved.append(
            np.stack(
                [
                    np.copysign(north_m, there_lat - here_lat),
                    np.copysign(east_m, geodesy.wrap_lon(there_lon - here_lon)),
                ]
            )
        )
    return np.asarray(geodesy.speed_kn(np.hypot(*(moved[0] - moved[1])), grid.step_s))


def _codes(left: Ints, right: Ints) -> Ints:
    """Ascending code of each distinct (left, right), both sorted together."""
    changes = (np.diff(left) != 0) | (np.diff(right) != 0)
    return np.asarray(np.r_[0, np.cumsum(changes)], "int64")
