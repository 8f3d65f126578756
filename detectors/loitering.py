"""Loitering: one vessel slow for long in open water."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar, Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from detectors.core import (
    events,
    geodesy,
    lanes,
    runs,
    settings,
    surroundings,
    telling,
    timespan,
    whereabouts,
)
from detectors.core.detector import Apart, Context, Detector, RestsOn
from detectors.core.explain import (
    FISHING,
    MERCHANT,
    RESTRICTED,
    TOWING,
    TUG,
    WORKING,
    Hypothesis,
)
from detectors.core.frames import SECOND_US, epoch_us, from_epoch_us
from detectors.core.hypotheses_loitering import HYPOTHESES
from detectors.core.reports import sources
from detectors.core.settings import ZoneClasses
from detectors.core.telling import Told, Words

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LONG_S: Final = 28_800.0
"""8 h, the loitering of Miller et al. (2018): from here on duration adds nothing to the score."""
STILL_KN: Final = 0.5
"""A ship that swings at anchor moves slower over a step."""
AFTER_SILENCE_S: Final = 1800
"""Where it went afterwards is read between reports no further apart, so that all of it is known
when the loitering is settled."""
AFTER_LOOKS: Final = 6
MOVES_KN: Final = 1.2
"""A leg on which less was made good has no course to speak of."""


class Loitering(Detector):
    """A vessel slower than `max_speed_kn` for `min_duration_s` outside ports and anchorages.

    The track is interpolated at the ticks of an absolute time grid (never over a silence longer
    than `max_silence_s`). A tick qualifies when the vessel is slow, by its positions, over the
    step that follows, outside `excluded_classes` and not on land. Qualifying ticks in a row make
    pieces of at least `min_piece_s`; pieces no more than `max_interruption_s` and
    `max_interruption_m` apart make one loitering, which lasts from its first tick to the end of
    its last step. So it may begin at any minute, cross midnight, and hold one pause or many.

    Speed comes from positions rather than the reported SOG because a stuck or missing SOG field
    would otherwise hide a drifting vessel or invent one; the median of the reported SOG is kept
    in evidence beside it.

    Parameters
    ----------
    max_speed_kn
        3.2 kn. Miller et al. (2018) and Global Fishing Watch use 2 kn on the high seas; here the
        tidal stream carries a drifting vessel along at 2 to 3 kn, and position noise adds 0.2 kn.
        A median of `lowered_speed_kn` or more lowers the score.
    lowered_speed_kn
        2 kn, the limit of Miller et al.
    min_duration_s
        2 hours. Miller et al. ask for 8 h, Starboard Maritime Intelligence for 4 h, Global
        Fishing Watch publishes from 1 h of hourly blocks. Waiting for a pilot or a tide in the
        Strait takes less than 2 h as a rule; a transfer to a boat without AIS is seen from 2 h.
    max_interruption_s, max_interruption_m, min_piece_s
        40 minutes within 3 nm, and 10 minutes: using the engine to regain the place after
        drifting off it doesn't cut a loitering in two, going elsewhere does, and a vessel that
        slows down for a moment now and then doesn't loiter.
    max_silence_s
        2 hours: received by satellites only, a vessel is heard every 10 to 30 minutes and now and
        then missed. The longest silence is kept in evidence.
    min_reports
        4 reports at least, the ones on either side included: two positions two hours apart show
        where a vessel was twice, not that it stayed.
    excluded_classes
        Where lying still is the rule.
    step_s
        2 minutes: 10 m of position noise then make 0.2 kn.
    near_land_m
        Closer to land than this the vessel is taken for berthed, and its score is lowered.
    min_working_kn, max_working_kn, leg_s, min_turn_deg
        2 to 4.5 kn, the speed at which nets are towed (2.5 to 4 kn as a rule) and lines hauled;
        legs of 20 minutes, shorter than a tow; and a change of course by 60 degrees from one leg
        on which it made 1.2 kn to the next such leg. Share of time and turns are kept in evidence:
        working to and fro isn't drifting.
    company_m
        A tug within 600 m at three of four moments (the end, and 40, 80 and 120 minutes before it:
        thirds of `min_duration_s`) attends the vessel or has it in tow; hawsers are 150 to 500 m
        long. So does a vessel at work that this one guards or serves.
    neighbour_m
        2 nm: others that lie still within it shortly before the end (a third of `min_duration_s`)
        make a customary anchorage.
    fishing_near_m
        3 nm: vessels that say they fish within it then work the same ground.
    after_s
        2 h 20 min after it ended: where the vessel is in a zone of `excluded_classes` at one of six
        moments until then, it was waiting to call there. From a pilot ground or the roads to a
        berth are 10 to 15 nm at 6 to 8 kn.

    Notes
    -----
    The published rules also ask for 20 nm from shore; no point of the Singapore Strait is that far
    out and hardly any of the Malacca Strait, so zones and land stand in for it here.

    Transfer areas aren't excluded, since a meeting may begin there with one vessel only: evidence
    says so, and where transfers are licensed the score is lowered.

    Score before explanations: 0.35, plus up to 0.3 for duration (full at 8 h); times 0.7 at a
    median of `lowered_speed_kn` or more, times 0.5 inside a licensed area, times 0.2 near land.
    """

    name: ClassVar[str] = "loitering"
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

    max_speed_kn: PositiveFloat = Field(default=3.2, le=10.0)
    lowered_speed_kn: PositiveFloat = 2.0
    min_duration_s: PositiveInt = 7200
    max_interruption_s: PositiveInt = 2400
    max_interruption_m: PositiveFloat = 5556.0
    min_piece_s: PositiveInt = 600
    max_silence_s: PositiveInt = 7200
    min_reports: PositiveInt = 4
    step_s: PositiveInt = 120
    excluded_classes: ZoneClasses = ("port", "anchorage")
    near_land_m: PositiveFloat = 300.0
    after_s: PositiveInt = 8400
    min_working_kn: PositiveFloat = 2.0
    max_working_kn: PositiveFloat = 4.5
    leg_s: PositiveInt = 1200
    min_turn_deg: PositiveFloat = 60.0
    company_m: PositiveFloat = 600.0
    neighbour_m: PositiveFloat = 3704.0
    fishing_near_m: PositiveFloat = 5556.0

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        settings.at_most(self, "step_s", "min_piece_s")
        settings.at_most(self, "min_piece_s", "min_duration_s")
        settings.at_most(self, "max_interruption_s", "max_silence_s")
        settings.at_most(self, "min_working_kn", "max_working_kn")
        settings.at_most(self, "step_s", "leg_s")
        settings.at_most(self, "step_s", "after_s")
        return self

    @property
    def settle(self) -> timedelta:
        """How long after its last tick a loitering can still go on, or what followed be seen."""
        goes_on_s = self.max_interruption_s + self.min_piece_s + self.max_silence_s
        return timedelta(seconds=max(goes_on_s, self.after_s + AFTER_SILENCE_S))

    @property
    def lookback(self) -> timedelta:
        """Long enough to find any loitering not yet settled, whatever its phase."""
        found_s = self.min_duration_s + 2 * (self.max_interruption_s + self.min_piece_s)
        found_s = max(found_s, self.min_reports * self.max_silence_s)
        return self.settle + timedelta(seconds=found_s + self.max_silence_s)

    def detect(self, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
        """Find loiterings; see the class for the rule and `Detector.detect` for the frames."""
        if positions.empty:
            return events.empty()
        track, time_us = positions["track_id"].to_numpy(), epoch_us(positions["time"])
        lat, lon = positions["lat"].to_numpy(), positions["lon"].to_numpy()
        grid = runs.grid_of(positions, self.step_s, self.max_silence_s)
        slow = self._in_open_water(grid, np.flatnonzero(grid.speed_kn < self.max_speed_kn), context)
        first, last = self._spells(grid, slow)
        n_reports = grid.report[slow[last] + 1] + 2 - grid.report[slow[first]]
        enough = n_reports >= self.min_reports
        window = timespan.window_us(context.start, context.end)
        spans, _ = timespan.of_runs(
            grid, [slow], first[enough], last[enough],
            window=window, settle=self.settle, max_break_s=self.max_interruption_s,
        )  # fmt: skip
        first, last, start_us, end_us = spans.first, spans.last, spans.start_us, spans.end_us
        if len(first) == 0:
            return events.empty()
        tracks = grid.track_id[slow[first]]
        middle = runs.position_at(track, time_us, lat, lon, tracks, (start_us + end_us) // 2)
        evidence = self._evidence(positions, time_us, grid, slow, first, last, middle, context)
        called = self._called_afterwards(grid, time_us, slow[last], spans.open, context)
        around = self._company(
            grid, slow[first], slow[last], positions["nav_status"].to_numpy(), context
        )
        times = [from_epoch_us(values) for values in (start_us, end_us)]
        rows = [
            {
                "kind": self.name,
                "detector": self.name,
                "version": self.version,
                "mmsi": int(tracks[i] // 100),
                "track_ids": str(tracks[i]),
                "start": times[0].iloc[i],
                "end": pd.NaT if spans.open[i] else times[1].iloc[i],
                "anchor": times[0].iloc[i],
                "lat": float(middle[0][i]),
                "lon": float(middle[1][i]),
                **self._judged({**evidence[i], **around[i], "called_afterwards": called[i]}),
            }
            for i in range(len(tracks))
        ]
        return events.build(rows)

    @property
    def halo_m(self) -> float:
        """Who keeps beside it, lies or fishes near it is no further off."""
        return self._reach_m + whereabouts.SLACK_M

    @property
    def _reach_m(self) -> float:
        return max(self.company_m, self.neighbour_m, self.fishing_near_m)

    def apart(self, positions: pd.DataFrame, context: Context) -> Apart:
        """Loiterings, where they were, and who could explain one by lying or being there."""
        found = self.detect(positions, context)
        grid = runs.grid_of(positions, self.step_s, self.max_silence_s)
        said = _ship_types(grid, context)
        attending = np.logical_or.reduce(
            list(_attendants(grid, said, positions["nav_status"].to_numpy()).values())
        )
        telling = attending | _fishing(said) | (grid.speed_kn < STILL_KN)
        answers = whereabouts.of_grid(grid, np.flatnonzero(telling))
        own = np.isin(grid.track_id, found["track_ids"].astype("int64"))
        return Apart(
            found,
            {"loiterers": whereabouts.of_grid(grid, np.flatnonzero(own))},
            {"others": answers},
        )

    def company(
        self, asks: Mapping[str, pd.DataFrame], answers: Mapping[str, pd.DataFrame]
    ) -> pd.DataFrame:
        """Who could explain a loitering and was near the loiterer at any time."""
        return whereabouts.near(asks["loiterers"], answers["others"], self._reach_m)

    @classmethod
    def tell(cls, event: Told, words: Words, mmsi: int) -> str:
        """How long it drifted, how fast, and where."""
        speed = event.evidence.get("median_speed_kn")
        at = "" if speed is None else words.say(" at {speed_kn:.1f} kn", speed_kn=speed)
        return words.say(
            "Drifted {duration}{at}, {place}{surroundings}",
            duration=words.duration(event.start, event.end), at=at,
            place=words.place(event.lat, event.lon),
            surroundings=telling.surroundings(event.evidence, words),
        )  # fmt: skip

    def _spells(self, grid: runs.Grid, rows: Ints) -> tuple[Ints, Ints]:
        def joins(before: Ints, after: Ints) -> NDArray[np.bool_]:
            a, b = rows[before], rows[after]
            apart_m = geodesy.distance_m(grid.lat[a], grid.lon[a], grid.lat[b], grid.lon[b])
            return np.asarray(apart_m <= self.max_interruption_m)

        return runs.spells(
            grid.track_id[rows],
            grid.tick[rows],
            max_break=self.max_interruption_s // self.step_s,
            min_piece=-(-self.min_piece_s // self.step_s),
            min_length=-(-self.min_duration_s // self.step_s),
            joins=joins,
        )

    def _in_open_water(self, grid: runs.Grid, slow: Ints, context: Context) -> Ints:
        """The slow ticks outside excluded zones and land.

        Zones only take ticks away, so only ticks of runs that are long enough without them need
        the test.
        """
        first, last = self._spells(grid, slow)
        inside = np.zeros(len(slow) + 1, "int64")
        inside[first] += 1
        inside[last + 1] -= 1
        slow = slow[np.cumsum(inside[:-1]) > 0]
        lat, lon = grid.lat[slow], grid.lon[slow]
        zones = context.zones
        return slow[~(zones.within(lat, lon, self.excluded_classes) | zones.on_land(lat, lon))]

    def _called_afterwards(
        self,
        grid: runs.Grid,
        time_us: Ints,
        last: Ints,
        still: NDArray[np.bool_],
        context: Context,
    ) -> list[bool | None]:
        """Whether each was in an excluded zone within `after_s` of its end; None if not known."""
        inside = np.zeros(len(last), bool)
        seen = np.zeros(len(last), bool)
        track, tick = grid.track_id[last], grid.tick[last]
        for part in range(1, AFTER_LOOKS + 1):
            row = grid.rows_at(track, tick + self.after_s * part // AFTER_LOOKS // self.step_s)
            report = grid.report[np.maximum(row, 0)]
            silence_us = time_us[report + 1] - time_us[report]
            known = np.flatnonzero((row >= 0) & (silence_us <= AFTER_SILENCE_S * SECOND_US))
            seen[known] = True
            there = row[known]
            inside[known] |= context.zones.within(
                grid.lat[there], grid.lon[there], self.excluded_classes
            )
        return [
            True if i else None if s or not k else False
            for i, s, k in zip(inside.tolist(), still.tolist(), seen.tolist(), strict=True)
        ]

    def _company(
        self,
        grid: runs.Grid,
        first: Ints,
        last: Ints,
        status: NDArray[np.int16],
        context: Context,
    ) -> list[dict[str, Any]]:
        """Who keeps beside each, and who else lies or fishes near by.

        Looked at in the last two hours, of which any window that reports it has loaded everybody,
        and no earlier than it began. `first` and `last` are grid rows.
        """
        ship_type = _ship_types(grid, context)
        attendants = _attendants(grid, ship_type, status)
        # A loitering's ticks follow one another: no silence within it is longer than a pause.
        third = self.min_duration_s // 3 // self.step_s
        beside = {}
        for name, wanted in attendants.items():
            among, moments = np.flatnonzero(wanted), np.zeros(len(last), "int64")
            for part in (0, 1, 2, 3):
                then = np.maximum(last - part * third, first)
                moments += surroundings.n_near(grid, then, among, self.company_m) > 0
            beside[name] = moments >= 3
        still = np.flatnonzero(grid.speed_kn < STILL_KN)
        fishing = np.flatnonzero(_fishing(ship_type))
        # Not at its very end, where it may be that no other has reported yet.
        then = np.maximum(last - third, first)
        lying = surroundings.n_near(grid, then, still, self.neighbour_m)
        boats = surroundings.n_near(grid, then, fishing, self.fishing_near_m)
        return [
            {
                **{name: bool(values[i]) for name, values in beside.items()},
                "n_lying_near": int(lying[i]),
                "n_fishing_near": int(boats[i]),
            }
            for i in range(len(last))
        ]

    def _working(self, grid: runs.Grid, begin: Ints, end: Ints) -> tuple[list[float], list[int]]:
        """Of each run, the share of its time at working speed, and how often it turned about."""
        every = self.leg_s // self.step_s
        moves_m = MOVES_KN * geodesy.KNOT_MPS * self.leg_s
        shares, turns = [], []
        for a, b in zip(begin.tolist(), end.tolist(), strict=True):
            speed_kn = grid.speed_kn[a:b]
            working = (speed_kn >= self.min_working_kn) & (speed_kn < self.max_working_kn)
            shares.append(float(working.mean()))
            marks = a + np.flatnonzero(grid.tick[a : b + 1] % every == 0)
            lat, lon = grid.lat[marks], grid.lon[marks]
            ends = lat[:-1], lon[:-1], lat[1:], lon[1:]
            moves = np.asarray(geodesy.distance_m(*ends)) >= moves_m
            course_deg = np.asarray(geodesy.bearing_deg(*ends))[moves]
            change_deg = lanes.turned_deg(course_deg[1:], course_deg[:-1])
            turns.append(int(np.count_nonzero(change_deg >= self.min_turn_deg)))
        return shares, turns

    def _evidence(
        self,
        positions: pd.DataFrame,
        time_us: Ints,
        grid: runs.Grid,
        slow: Ints,
        first: Ints,
        last: Ints,
        middle: tuple[Floats, Floats],
        context: Context,
    ) -> list[dict[str, Any]]:
        """What was measured, one mapping per run."""
        reports = grid.report[slow]
        sog_kn, status = positions["sog_kn"].to_numpy(), positions["nav_status"].to_numpy()
        before, after = reports[first], grid.report[slow[last] + 1] + 1
        begin, end = slow[first], slow[last] + 1
        n_ticks, duration_s = last - first + 1, (grid.tick[end] - grid.tick[begin]) * self.step_s
        moved_m = geodesy.distance_m(grid.lat[begin], grid.lon[begin], grid.lat[end], grid.lon[end])
        height_m, width_m = self._box(grid, slow, first, last)
        status_code, status_fraction = runs.most_common(status[reports], first, last)
        working, turns = self._working(grid, begin, end)
        step_us = time_us[np.minimum(reports + 1, len(time_us) - 1)] - time_us[reports]

        lat, lon = np.atleast_1d(middle[0]), np.atleast_1d(middle[1])
        zones = context.zones
        reached = zones.reached(lat, lon)
        away_m = surroundings.nearest_zone_m(zones, lat, lon, self.excluded_classes)
        columns: dict[str, Any] = {
            "duration_s": duration_s,
            "n_ticks": n_ticks,
            "slow_fraction": n_ticks * self.step_s / duration_s,
            "median_speed_kn": runs.quantiles(grid.speed_kn[slow], first, last, 0.5),
            "median_sog_kn": runs.quantiles(sog_kn[reports], first, last, 0.5),
            "drift_kn": geodesy.speed_kn(moved_m, duration_s),
            "extent_m": np.hypot(height_m, width_m),
            "area_km2": height_m * width_m / 1e6,
            "working_speed_fraction": working,
            "n_turns": turns,
            "ais_class": positions["ais_class"].iloc[before].tolist(),
            "nav_status": status_code,
            "nav_status_fraction": status_fraction,
            "n_reports": after - before + 1,
            "longest_silence_s": runs.aggregate(np.maximum, step_us / SECOND_US, first, last),
            "first_report_source": sources(positions, before),
            "last_report_source": sources(positions, after),
            "zones_reached": [bool(value) for value in reached],
            **{
                f"in_{name}": [bool(value) for value in zones.within(lat, lon, (name,))]
                for name in ("sts_area", "waiting_area", "pilot_ground")
            },
            "in_licensed_sts_area": zones.within(lat, lon, ("sts_area",), excuses=True).tolist(),
            "near_land": [bool(value) for value in zones.near_land(lat, lon, self.near_land_m)],
            "anchorage_distance_m": np.where(reached, away_m, np.nan),
        }
        limits = {
            "max_speed_kn": self.max_speed_kn,
            "min_duration_s": self.min_duration_s,
            "max_interruption_s": self.max_interruption_s,
            "max_silence_s": self.max_silence_s,
            "min_reports": self.min_reports,
            "near_land_m": self.near_land_m,
            "min_working_kn": self.min_working_kn,
            "max_working_kn": self.max_working_kn,
        }
        lists = {key: list(values) for key, values in columns.items()}
        return [
            {
                **{key: values[i] for key, values in lists.items()},
                **limits,
                "duration_margin_s": int(duration_s[i]) - self.min_duration_s,
                "speed_margin_kn": self.max_speed_kn - float(lists["median_speed_kn"][i]),
            }
            for i in range(len(first))
        ]

    @staticmethod
    def _box(grid: runs.Grid, slow: Ints, first: Ints, last: Ints) -> tuple[Floats, Floats]:
        """Height and width in metres of the box around each run's qualifying ticks."""
        lat, run = grid.lat[slow], np.repeat(np.arange(len(first)), last - first + 1)
        begin_lon = np.zeros(len(slow))
        covered = np.repeat(first - np.r_[0, np.cumsum(last - first + 1)[:-1]], last - first + 1)
        begin_lon[covered + np.arange(len(run))] = grid.lon[slow[first]][run]
        east = geodesy.wrap_lon(grid.lon[slow] - begin_lon)
        south, north = (runs.aggregate(f, lat, first, last) for f in (np.minimum, np.maximum))
        left, right = (runs.aggregate(f, east, first, last) for f in (np.minimum, np.maximum))
        zero = np.zeros(len(first))
        return (
            np.asarray(geodesy.distance_m(south, zero, north, zero)),
            np.asarray(geodesy.distance_m((south + north) / 2, left, (south + north) / 2, right)),
        )

    def _judged(self, evidence: dict[str, Any]) -> dict[str, Any]:
        if not evidence["zones_reached"]:
            return {"score": 0.0, "explanation": surroundings.NOT_ASSESSED, "evidence": evidence}
        score = 0.35 + 0.3 * min(1.0, evidence["duration_s"] / LONG_S)
        score *= 0.7 if evidence["median_speed_kn"] >= self.lowered_speed_kn else 1.0
        score *= 0.5 if evidence["in_licensed_sts_area"] else 1.0
        score *= 0.2 if evidence["near_land"] else 1.0
        return {"score": float(score), "evidence": evidence}


def _ship_types(grid: runs.Grid, context: Context) -> Ints:
    """Ship type that the vessel of each grid row states, -1 where it states none."""
    said = context.vessels.drop_duplicates("mmsi").set_index("mmsi")["ship_type"]
    return said.reindex(grid.track_id // 100).fillna(-1).to_numpy("int64")


def _attendants(
    grid: runs.Grid, ship_type: Ints, status: NDArray[np.int16]
) -> dict[str, NDArray[np.bool_]]:
    """Grid rows of vessels that, keeping beside a loiterer, explain it; by what evidence says."""
    restricted = (status[grid.report] == RESTRICTED) & (ship_type > 0)
    restricted &= ~np.isin(ship_type, list(MERCHANT))
    return {
        "tug_attends": np.isin(ship_type, list(TUG | TOWING)),
        "at_work_beside": np.isin(ship_type, list(WORKING)) | restricted,
    }


def _fishing(ship_type: Ints) -> NDArray[np.bool_]:
    return np.isin(ship_type, list(FISHING))
