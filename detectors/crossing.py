"""Crossing: a small craft at speed, at night, from one state's coast towards another's."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from detectors.core import events, geodesy, runs, shapes, sun, surroundings, timespan
from detectors.core.coasts import Coasts
from detectors.core.detector import Context, Detector, RestsOn
from detectors.core.explain import (
    MERCHANT,
    OFFICIAL,
    PASSENGER,
    PILOT,
    PLEASURE,
    TENDER,
    TUG,
    Facts,
    Hypothesis,
)
from detectors.core.frames import SECOND_US, epoch_us, from_epoch_us, offsets
from detectors.core.reports import sources
from detectors.core.telling import Told, Words

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

SERVICE_TRIPS: Final = 3
"""Like trips within the memory from which a run counts as a service: two would be one boat that
went out, came back and goes again. Of a craft equipped as ferries are, two are enough."""
OFFSHORE_M: Final = 3 * geodesy.METRES_PER_NM
"""Who stops further out than this has not landed anybody."""
SLOWLY_KN: Final = 4.0
GATHERING_S: Final = 480.0
"""From 4 kn to `min_speed_kn`: a ship takes ten minutes and more, a planing boat seconds."""
VOYAGE_M: Final = 60 * geodesy.METRES_PER_NM
"""Ways without a stop that are longer than this and than three crossings are voyages."""
FINE_STEPS: Final = 30
"""Passages of up to so many steps (an hour) may begin and end at any tick."""
CELL_DEG: Final = 0.005
"""550 m: distances to coasts are looked up by cells of this size first."""
FERRY_M: Final = 20.0
"""Passenger vessels on voyages between states carry class A whatever their size (SOLAS V/19.2.4);
from this length on a craft may well be one whatever its set."""
ROUTE_SHARE: Final = 0.7
"""So much of a way on a ferry route is a way along it (judgement)."""
UNKNOWN_FAST_KN: Final = 18.0
"""A vessel that doesn't say what it is and is slower than this may well be a ship."""


def _ferry(facts: Facts) -> str | None:
    """The type is typed in by the crew: something else must speak for a ferry too. There and back
    is one like trip, which any boat makes.
    """
    trips, length_m = facts.number("n_like_trips"), facts.number("length_m")
    if not facts.any_type(PASSENGER):
        return None
    if trips >= SERVICE_TRIPS - 1:
        why = f"it made {trips:.0f} like trips in the hours around"
    elif length_m >= FERRY_M:
        why = f"it is {length_m:.0f} m long"
    elif facts.number("n_ends_in_port") == 2:
        why = "it went from port to port"
    elif facts.number("ferry_route_fraction") >= ROUTE_SHARE:
        why = f"{facts.number('ferry_route_fraction'):.0%} of its way lies on a known ferry route"
    else:
        return None
    return (
        "it is a passenger vessel or high-speed craft, which sail between these coasts by "
        f"timetable, and {why}"
    )


def _equipped(facts: Facts) -> bool:
    """Whether it carries the set of larger craft, or is one."""
    return facts.evidence.get("ais_class") == "A" or facts.number("length_m") >= FERRY_M


def _says_passenger(facts: Facts) -> str | None:
    if facts.any_type(PASSENGER):
        return (
            "it calls itself a passenger vessel or high-speed craft, though nothing else speaks "
            "for one: neither size, nor like trips, nor ports at both ends, nor a known route"
        )
    return None


def _official(facts: Facts) -> str | None:
    if facts.any_type(OFFICIAL):
        return "it is a military, rescue, law enforcement or medical vessel"
    return None


def _regular(facts: Facts) -> str | None:
    trips = facts.number("n_like_trips")
    if trips >= (SERVICE_TRIPS - 1 if _equipped(facts) else SERVICE_TRIPS):
        return (
            f"it made {trips:.0f} more trips between the same two ends within "
            f"{facts.number('memory_s') / 3600:.0f} h, as a service does"
        )
    return None


def _harbour(facts: Facts) -> str | None:
    if facts.any_type(PILOT | TENDER | TUG):
        return "it is a pilot boat, tender or tug, which carry people to ships at any hour"
    return None


def _route(facts: Facts) -> str | None:
    share = facts.number("ferry_route_fraction")
    if share >= ROUTE_SHARE:
        return f"{share:.0%} of its way lies on a known ferry route"
    return None


def _crew_boat(facts: Facts) -> str | None:
    if facts.number("anchorage_distance_m") <= geodesy.METRES_PER_NM and not facts.flag(
        "sides_changed"
    ):
        return "it began or ended within a mile of an anchorage, where launches carry crews"
    return None


def _voyage(facts: Facts) -> str | None:
    whole_m = facts.number("run_path_m")
    part = facts.number("path_m") / whole_m
    if facts.evidence.get("ais_class") == "A" and whole_m >= VOYAGE_M and part <= 1 / 3:
        return (
            f"it is {part:.0%} of a passage of {whole_m / geodesy.METRES_PER_NM:.0f} nm without a "
            "stop, as of a ship that follows the strait past both coasts"
        )
    return None


def _between_stops(facts: Facts) -> str | None:
    nearest_m = min(facts.number("run_start_coast_m"), facts.number("run_end_coast_m"))
    if facts.flag("heard_before") and facts.flag("heard_after") and nearest_m >= OFFSHORE_M:
        return (
            "it was heard lying before and after, at places "
            f"{nearest_m / geodesy.METRES_PER_NM:.0f} nm and more from any coast: it came from "
            "none and reached none"
        )
    return None


def _gathers_way(facts: Facts) -> str | None:
    unsaid = facts.evidence.get("length_m") is None and facts.evidence.get("ais_class") == "A"
    took_s = facts.number("gathering_way_s")
    if unsaid and took_s >= GATHERING_S:
        return (
            "it says nothing of its size, carries a class A set, and took "
            f"{took_s / 60:.0f} min to gather way, as a ship does and a boat doesn't"
        )
    return None


def _yacht(facts: Facts) -> str | None:
    if facts.any_type(PLEASURE):
        return "it is a sailing or pleasure craft"
    return None


@dataclass(frozen=True)
class _Passage:
    """The part of a fast run that best shows a crossing; indices count the run's ticks."""

    begin: int
    end: int
    from_state: str
    to_state: str
    share: float
    across_m: float
    path_m: float
    made_good_m: float
    width_m: float
    sides_changed: bool
    dark: float
    sun_altitude_deg: float
    distances_m: tuple[float, float, float, float]
    """To the coast left and the coast made for, at the beginning; the same at the end."""

    @property
    def value(self) -> float:
        """The better it shows a crossing the larger."""
        ratio = min(self.across_m / max(self.path_m, 1.0), 1.0)
        return self.share * ratio * (1.0 if self.sides_changed else 0.6)


class Crossing(Detector):
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

    Parameters
    ----------
    min_speed_kn
        11 kn. Fishing boats of the Strait make 6 to 10; planing boats don't go slower for long.
    min_mean_speed_kn
        11.5 kn made good over the passage.
    max_mean_speed_kn
        60 kn: faster is an aircraft or a corrupt position (see `tracks.MAX_SPEED_KN`).
    max_length_m
        40 m. Longer vessels, and cargo ships or tankers that don't state a length, are left out.
    max_sun_altitude_deg, min_dark_fraction
        -6, the end of civil twilight, for half of the passage.
    max_passage_s
        6 hours: the widest crossing of the Strait, 140 nm, at 24 kn.
    min_width_fraction, min_one_sided_fraction
        0.2 and 0.35 of the strait's width.
    min_across_ratio
        0.5: at most 60 degrees off the shortest way.
    min_distance_m, min_width_m
        3 nm and 2 nm. The Johor Strait is narrower than 2 nm nearly everywhere and full of
        harbour craft.
    min_duration_s, max_interruption_s
        Both 10 minutes: slowing down for a wash or a ship doesn't cut a crossing in two, a stop at
        the other side does.
    max_silence_s
        1 hour.
    min_reports
        3: class B is lost half-way across as a rule.
    memory_s
        12 hours: trips within it before and after, between ends less than `same_end_m` (3 nm)
        apart, are counted; ferries show by them. So a crossing is judged anew until as long after
        it ended.
    step_s
        2 minutes.

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
        "mmsi", "time", "lat", "lon", "sog_kn", "ais_class", "track_id", "source", "source_offset",
    )  # fmt: skip
    rests_on: ClassVar[RestsOn] = RestsOn.OWN
    source: ClassVar[str] = (
        "Own rule; routes and craft after UNODC (2018), Global Study on Smuggling of Migrants, "
        "chapter on Asia; night after Meeus (1998), Astronomical Algorithms, ch. 25; equidistance "
        "after UNCLOS, art. 15"
    )
    symmetric_days: ClassVar[tuple[int, ...]] = (-1461, 1461)
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (
        Hypothesis(
            "ferry", 0.9, _ferry, "no timetable has a sailing at this hour", needs_types=True
        ),
        Hypothesis(
            "official craft", 0.85, _official,
            "the authority it claims to belong to does not know the vessel", needs_types=True,
        ),
        Hypothesis(
            "regular service", 0.8, _regular, "no operator runs a service between these two places"
        ),
        Hypothesis(
            "harbour craft", 0.75, _harbour, "its station or agent knows of no such job",
            needs_types=True,
        ),
        Hypothesis(
            "part of a longer voyage", 0.7, _voyage, "it says it is a boat, or turns back",
        ),
        Hypothesis(
            "ship gathering way", 0.6, _gathers_way, "it turns out to be a boat",
        ),
        Hypothesis(
            "between stops at sea", 0.6, _between_stops,
            "it met another vessel at either end, or was at a coast before",
        ),
        Hypothesis("ferry route", 0.6, _route, "no ferry of that line sails at this hour"),
        Hypothesis("crew boat", 0.5, _crew_boat, "no ship at anchor there was served that night"),
        Hypothesis(
            "boat for hire", 0.25, _says_passenger, "no operator hires it out", needs_types=True
        ),
        Hypothesis("pleasure craft", 0.2, _yacht, "no marina knows the yacht", needs_types=True),
    )  # fmt: skip

    min_speed_kn: PositiveFloat = 11.0
    min_mean_speed_kn: PositiveFloat = 11.5
    max_mean_speed_kn: PositiveFloat = 60.0
    max_length_m: PositiveFloat = 40.0
    max_sun_altitude_deg: float = Field(default=sun.CIVIL_TWILIGHT_DEG, ge=-18, le=0)
    min_dark_fraction: float = Field(default=0.5, gt=0, le=1)
    max_passage_s: PositiveInt = 21_600
    min_width_fraction: float = Field(default=0.2, gt=0, lt=1)
    min_one_sided_fraction: float = Field(default=0.35, gt=0, lt=1)
    min_across_ratio: float = Field(default=0.5, gt=0, le=1)
    min_distance_m: PositiveFloat = 5556.0
    min_width_m: PositiveFloat = 3704.0
    min_duration_s: PositiveInt = 600
    max_interruption_s: PositiveInt = 600
    max_silence_s: PositiveInt = 3600
    min_reports: PositiveInt = 3
    memory_s: PositiveInt = 43_200
    same_end_m: PositiveFloat = 5556.0
    step_s: PositiveInt = 120

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
        rows = self._candidates(positions, context.vessels)
        if len(rows) == 0:
            return events.empty()
        track, lat, lon = (positions[c].to_numpy()[rows] for c in ("track_id", "lat", "lon"))
        time_us = epoch_us(positions["time"].iloc[rows])
        grid = runs.resample(track, time_us, lat, lon, self.step_s, self.max_silence_s)
        step_us = self.step_s * SECOND_US
        fast = np.flatnonzero(grid.speed_kn >= self.min_speed_kn)
        if len(fast) == 0:
            return events.empty()
        first, last = (fast[ends] for ends in self._spells(grid, fast))
        start_us, end_us = grid.tick[first] * step_us, (grid.tick[last] + 1) * step_us
        window = timespan.window_us(context.start, context.end)
        wanted = np.flatnonzero(timespan.touches(start_us, end_us, window, self.settle))
        passages = self._passages(grid, first[wanted], last[wanted], context.zones.coasts)
        if not passages:
            return events.empty()
        run = wanted[list(passages)]
        start_us, end_us, track_id = start_us[run], end_us[run], grid.track_id[first[run]]
        last_ticks = grid.last_ticks()
        still_on = grid.tick[last[run]] >= [last_ticks[t] for t in track_id.tolist()]
        still_on &= window[1] - end_us <= self.max_interruption_s * SECOND_US
        middle = runs.position_at(track, time_us, lat, lon, track_id, (start_us + end_us) // 2)
        # Interruptions and the last step belong to it.
        ends = np.stack([first[run], last[run] + 1])
        evidence = zip(
            [self._measured(passage) for passage in passages.values()],
            self._ends(grid, ends, context),
            self._reports(positions, rows, grid.report[ends]),
            self._craft(
                track_id // 100,
                context.vessels,
                positions["ais_class"].iloc[rows[grid.report[ends[0]]]],
            ),
            self._around(grid, ends, middle, context),
            strict=True,
        )
        times = [from_epoch_us(values) for values in (start_us, end_us)]
        found = []
        for i, parts in enumerate(evidence):
            a, b = int(ends[0, i]), int(ends[1, i])
            measured: dict[str, Any] = {
                **{key: value for part in parts for key, value in part.items()},
                "duration_s": int(end_us[i] - start_us[i]) // SECOND_US,
                "speed_kn": float(np.median(grid.speed_kn[a:b])),
                "n_like_trips": self._like_trips(grid, first, last, a),
                **self._limits(),
            }
            found.append(
                {
                    "kind": self.name,
                    "detector": self.name,
                    "version": self.version,
                    "mmsi": int(track_id[i] // 100),
                    "track_ids": str(track_id[i]),
                    "start": times[0].iloc[i],
                    "end": pd.NaT if still_on[i] else times[1].iloc[i],
                    "anchor": times[0].iloc[i],
                    "lat": float(middle[0][i]),
                    "lon": float(middle[1][i]),
                    **self._judged(measured),
                }
            )
        return events.build(found)

    def _spells(self, grid: runs.Grid, rows: Ints) -> tuple[Ints, Ints]:
        return runs.spells(
            grid.track_id[rows],
            grid.tick[rows],
            max_break=self.max_interruption_s // self.step_s,
            min_piece=2,
            min_length=-(-self.min_duration_s // self.step_s),
        )

    def _candidates(self, positions: pd.DataFrame, vessels: pd.DataFrame) -> Ints:
        """Rows of the tracks that may hold a crossing: small, far enough apart, fast at all.

        Each test follows from the rule, so it takes no crossing away; it only saves work.
        """
        track = positions["track_id"].to_numpy()
        starts = offsets(track)
        mmsi = track[starts[:-1]] // 100
        said = vessels.drop_duplicates("mmsi").set_index("mmsi")
        length_m = said["length_m"].reindex(mmsi).to_numpy("float64")
        ship_type = said["ship_type"].reindex(mmsi).fillna(-1).to_numpy("int64")
        unmeasured = ~(length_m > 0)
        small = np.where(
            unmeasured, ~np.isin(ship_type, list(MERCHANT)), length_m <= self.max_length_m
        )
        small &= mmsi // 1_000_000 != 111  # search and rescue aircraft, ITU-R M.585

        lat, lon = positions["lat"].to_numpy(), positions["lon"].to_numpy()
        apart_deg = np.degrees(self.min_distance_m / geodesy.EARTH_RADIUS_M) * 0.7
        far = np.zeros(len(mmsi), bool)
        for values in (lat, lon):  # a track across the antimeridian is far apart by this; good
            high = np.maximum.reduceat(values, starts[:-1])
            far |= high - np.minimum.reduceat(values, starts[:-1]) >= apart_deg
        rows = np.flatnonzero(np.repeat(small & far, np.diff(starts)))
        if len(rows) < 2:
            return rows[:0]

        own = track[rows]
        dlon = (np.diff(lon[rows]) + 180.0) % 360.0 - 180.0
        moved_deg = np.hypot(np.diff(lat[rows]), dlon * np.cos(np.radians(lat[rows[1:]])))
        step_s = np.diff(epoch_us(positions["time"].iloc[rows])) / SECOND_US
        speed = np.radians(moved_deg) * geodesy.EARTH_RADIUS_M / geodesy.KNOT_MPS
        same = own[1:] == own[:-1]
        fast = same & (speed >= 0.9 * self.min_speed_kn * step_s) & (step_s <= self.max_silence_s)
        keep = np.unique(own[1:][fast])
        return rows[np.isin(own, keep)]

    def _passages(
        self, grid: runs.Grid, first: Ints, last: Ints, coasts: Coasts
    ) -> dict[int, _Passage]:
        """The best passage of each run that holds one, by the run's ordinal."""
        stretches = {}
        for k, (a, b) in enumerate(zip(first.tolist(), (last + 1).tolist(), strict=True)):
            for night, stretch in enumerate(self._in_reach_of_the_dark(grid, a, b)):
                stretches[k, night] = stretch
        found: dict[int, _Passage] = {}
        for (k, night), (part, states) in self._worth_a_look(grid, stretches, coasts).items():
            ticks, altitude_deg = stretches[k, night]
            passage = self._passage(grid, ticks[part], altitude_deg[part], coasts, states)
            if passage is not None and (k not in found or passage.value > found[k].value):
                found[k] = passage
        return found

    def _in_reach_of_the_dark(
        self, grid: runs.Grid, first: int, last: int
    ) -> list[tuple[Ints, Floats]]:
        """The ticks of a run that can belong to a passage dark for long enough, and the sun's
        altitude at each, night by night.
        """
        ticks = np.arange(first, last + 1)
        at_us = grid.tick[ticks] * (self.step_s * SECOND_US)
        altitude_deg = sun.altitude_deg(at_us, grid.lat[ticks], grid.lon[ticks])
        dark = altitude_deg < self.max_sun_altitude_deg
        if dark.sum() * self.step_s < self.min_dark_fraction * self.min_duration_s:
            return []
        # What is dark for long enough lies no further from the dark than this.
        longest = self.max_passage_s // self.step_s
        light = int((1 - self.min_dark_fraction) * longest) + 1
        reach = np.flatnonzero(maximum_filter1d(dark, 2 * light + 1))
        nights = np.split(reach, np.flatnonzero(np.diff(reach) > 1) + 1)
        return [(ticks[night], altitude_deg[night]) for night in nights]

    def _worth_a_look(
        self,
        grid: runs.Grid,
        stretches: dict[tuple[int, int], tuple[Ints, Floats]],
        coasts: Coasts,
    ) -> dict[tuple[int, int], tuple[slice, tuple[int, ...]]]:
        """The part of each stretch in which a passage may lie, and the states (their ordinals)
        whose coasts matter there, by the cells that it goes through.

        A distance changes by no more than the way made, so the distance of a cell's middle is wrong
        by half of the cell's diagonal at most. The way across that is asked for is several times
        that; ships that follow the strait don't come near it, and needn't be measured at each tick.
        """
        if not stretches:
            return {}
        rows = np.concatenate([ticks for ticks, _ in stretches.values()])
        cell_lat, cell_lon = (
            np.floor(degrees[rows] / CELL_DEG).astype("int64") for degrees in (grid.lat, grid.lon)
        )
        _, one_of, cell = np.unique(
            cell_lat * 10**6 + cell_lon, return_index=True, return_inverse=True
        )
        near_m = coasts.distance_m(
            (cell_lat[one_of] + 0.5) * CELL_DEG, (cell_lon[one_of] + 0.5) * CELL_DEG
        )
        wrong_m = float(CELL_DEG / np.sqrt(2) * shapes.DEGREE_M)
        parts, end = {}, 0
        for k, (ticks, _) in stretches.items():
            begin, end = end, end + len(ticks)
            path_m = self._path_m(grid.lat[ticks], grid.lon[ticks])
            part = self._may_hold(near_m[:, cell[begin:end]], path_m, wrong_m)
            if part is not None:
                parts[k] = part
        return parts

    def _may_hold(
        self, distance_m: Floats, path_m: Floats, wrong_m: float
    ) -> tuple[slice, tuple[int, ...]] | None:
        """Between which ticks any passage lies if each distance is wrong by up to `wrong_m`, and
        the states it may lead between or have nearest to it; None where there can be none.
        """
        seen = (distance_m <= distance_m.min(axis=0) + 2 * wrong_m).any(axis=1)
        first, last, states = len(path_m), -1, set(np.flatnonzero(seen).tolist())
        for one, other in combinations(range(len(distance_m)), 2):
            if not seen[one] and not seen[other]:
                continue
            least = self._least(bool(seen[one]), bool(seen[other]))
            a, b = distance_m[one], distance_m[other]
            position = a / np.maximum(a + b, 1.0)
            off = np.minimum(wrong_m / np.maximum(a + b - 2 * wrong_m, 1.0), 1.0)
            if (position + off).max() - (position - off).min() < least:
                continue
            begins, ends = self._leads_across((a - b) / 2, path_m, 2 * wrong_m)
            if begins.any():
                first = min(first, int(begins.argmax()))
                last = max(last, int(np.flatnonzero(ends)[-1]))
                states |= {one, other}
        return (slice(first, last + 1), tuple(sorted(states))) if last >= 0 else None

    def _least(self, one_seen: bool, other_seen: bool) -> float:
        """The share of the width to ask for, by whether either coast was the nearest at all."""
        return self.min_width_fraction if one_seen and other_seen else self.min_one_sided_fraction

    def _passage(
        self,
        grid: runs.Grid,
        ticks: Ints,
        altitude_deg: Floats,
        coasts: Coasts,
        states: tuple[int, ...],
    ) -> _Passage | None:
        """The best passage of a run from one coast towards another, if there is one; `states` are
        the ordinals of those that come into question.

        More of a run only adds pairs of ticks to choose from: what is a crossing stays one.
        """
        dark = altitude_deg < self.max_sun_altitude_deg
        longest = self.max_passage_s // self.step_s
        lat, lon = grid.lat[ticks], grid.lon[ticks]
        distance_m = coasts.distance_m(lat, lon, of=states)
        nearest = distance_m.argmin(axis=0)
        seen = set(np.unique(nearest).tolist())
        path_m = self._path_m(lat, lon)
        n_dark = np.r_[0, np.cumsum(dark)]
        best, best_value = None, 0.0
        for one, other in combinations(states, 2):
            at_one, at_other = one in seen, other in seen
            if not at_one and not at_other:
                continue
            least = self._least(at_one, at_other)
            a, b = distance_m[one], distance_m[other]
            position = a / np.maximum(a + b, 1.0)
            if np.ptp(position) < least:
                continue
            across_m = (a - b) / 2
            i, j = self._far_apart(position, across_m, path_m, grid.tick[ticks], longest, least)
            if len(i) == 0:
                continue
            seconds = (grid.tick[ticks[j]] - grid.tick[ticks[i]]) * self.step_s
            good_m = geodesy.distance_m(lat[i], lon[i], lat[j], lon[j])
            speed_kn = geodesy.speed_kn(good_m, seconds)
            forth = position[j] > position[i]
            leaves = nearest[i] == np.where(forth, one, other)
            arrives = nearest[j] == np.where(forth, other, one)
            share = np.abs(position[j] - position[i])
            made_m, sailed_m = np.abs(across_m[j] - across_m[i]), path_m[j] - path_m[i]
            ratio = made_m / np.maximum(sailed_m, 1.0)
            asked = np.where(leaves & arrives, self.min_width_fraction, self.min_one_sided_fraction)
            darkness = (n_dark[j + 1] - n_dark[i]) / (j + 1 - i)
            ok = (
                (leaves | arrives)
                & (share >= asked)
                & (ratio >= self.min_across_ratio)
                & (good_m >= self.min_distance_m)
                & (speed_kn >= self.min_mean_speed_kn)
                & (speed_kn <= self.max_mean_speed_kn)
                & (darkness >= self.min_dark_fraction)
                & (np.minimum((a + b)[i], (a + b)[j]) >= self.min_width_m)
                & (grid.report[ticks[j]] - grid.report[ticks[i]] + 2 >= self.min_reports)
            )
            if not ok.any():
                continue
            value = share * np.minimum(ratio, 1.0) * np.where(leaves & arrives, 1.0, 0.6)
            k = int(np.where(ok, value, 0.0).argmax())
            if value[k] <= best_value:
                continue
            best_value = float(value[k])
            left, ahead = (one, other) if forth[k] else (other, one)
            begin, end = int(i[k]), int(j[k])
            best = _Passage(
                begin=begin,
                end=end,
                from_state=coasts.states[left],
                to_state=coasts.states[ahead],
                share=float(share[k]),
                across_m=float(made_m[k]),
                path_m=float(sailed_m[k]),
                made_good_m=float(good_m[k]),
                width_m=float((a + b)[begin : end + 1].min()),
                sides_changed=bool(leaves[k] & arrives[k]),
                dark=float(darkness[k]),
                sun_altitude_deg=float(altitude_deg[(begin + end) // 2]),
                distances_m=(
                    float(distance_m[left, begin]),
                    float(distance_m[ahead, begin]),
                    float(distance_m[left, end]),
                    float(distance_m[ahead, end]),
                ),
            )
        return best

    def _ends(self, grid: runs.Grid, ends: Ints, context: Context) -> list[dict[str, Any]]:
        """How long each whole run is, how far from any coast it begins and ends, whether the vessel
        was heard, slower, right before and after, and how long it took to gather way.
        """
        flat = ends.ravel()
        coast_m = context.zones.coasts.distance_m(grid.lat[flat], grid.lon[flat]).min(axis=0)
        coast_m = coast_m.reshape(ends.shape)
        heard = [
            (grid.rows_at(grid.track_id[rows], grid.tick[rows] + shift) >= 0).tolist()
            for rows, shift in zip(ends, (-1, 1), strict=True)
        ]
        return [
            {
                "run_path_m": float(self._path_m(grid.lat[a : b + 1], grid.lon[a : b + 1])[-1]),
                "run_start_coast_m": float(coast_m[0, i]),
                "run_end_coast_m": float(coast_m[1, i]),
                "heard_before": heard[0][i],
                "heard_after": heard[1][i],
                "gathering_way_s": self._gathering_s(grid, a),
            }
            for i, (a, b) in enumerate(ends.T.tolist())
        ]

    def _gathering_s(self, grid: runs.Grid, first: int) -> int:
        """How long it was faster than `SLOWLY_KN` right before it became fast."""
        before = np.arange(first - 1, max(first - 1 - FINE_STEPS, -1), -1)
        follows = grid.track_id[before] == grid.track_id[first]
        follows &= grid.tick[first] - grid.tick[before] == first - before
        gathers = follows & (grid.speed_kn[before] >= SLOWLY_KN)
        stops = np.flatnonzero(~gathers)
        steps = int(stops[0]) if len(stops) else len(before)
        # All along faster than that, or not heard before: nothing is known.
        whole = len(stops) > 0 and bool(follows[steps])
        return steps * self.step_s if whole else 0

    @staticmethod
    def _path_m(lat: Floats, lon: Floats) -> Floats:
        """Way sailed up to each tick."""
        steps_m = geodesy.distance_m(lat[:-1], lon[:-1], lat[1:], lon[1:])
        return np.asarray(np.r_[0.0, np.cumsum(steps_m)])

    def _far_apart(
        self,
        position: Floats,
        across_m: Floats,
        path_m: Floats,
        tick: Ints,
        longest: int,
        least: float,
    ) -> tuple[Ints, Ints]:
        """Pairs of ticks, no more than `longest` apart, worth a closer look.

        A tick without another `least` of the width away within reach is in none, nor is one that no
        stretch of `min_distance_m` begins or ends at that leads across for `min_across_ratio` of
        its way. More than `FINE_STEPS` apart every third tick is enough.
        """
        size = 2 * longest + 1
        high = np.maximum(
            maximum_filter1d(position, size) - position, position - minimum_filter1d(position, size)
        )
        far = high >= least
        if not far.any():
            return np.empty(0, "int64"), np.empty(0, "int64")
        begins, ends = self._leads_across(across_m, path_m)
        one, other = np.flatnonzero(far & begins), np.flatnonzero(far & ends)
        first = np.searchsorted(other, one, side="right")
        n = np.searchsorted(other, one + longest, side="right") - first
        i = np.repeat(one, n)
        j = other[np.arange(len(i)) - np.repeat(np.cumsum(n) - n, n) + np.repeat(first, n)]
        coarse = tick % 3 == 0
        near = (j - i <= FINE_STEPS) | (coarse[i] & coarse[j])
        return i[near], j[near]

    def _leads_across(
        self, across_m: Floats, path_m: Floats, error_m: float = 0.0
    ) -> tuple[Flags, Flags]:
        """Which ticks begin, and which end, a stretch of `min_distance_m` or more that leads across
        for `min_across_ratio` of its way, or may do so where that is wrong by up to `error_m`.
        """
        begins, ends = np.zeros(len(path_m), bool), np.zeros(len(path_m), bool)
        soonest = np.searchsorted(path_m, path_m + self.min_distance_m)
        latest = np.searchsorted(path_m, path_m - self.min_distance_m, side="right") - 1
        for gain_m in (across_m, -across_m):
            # More across than asked for from i to j: then this has grown between them.
            excess_m = gain_m - self.min_across_ratio * path_m
            later_m = np.append(np.maximum.accumulate(excess_m[::-1])[::-1], -np.inf)
            begins |= later_m[soonest] >= excess_m - error_m
            earlier_m = np.append(np.minimum.accumulate(excess_m), np.inf)
            ends |= earlier_m[latest] <= excess_m + error_m
        return begins, ends

    def _measured(self, passage: _Passage) -> dict[str, Any]:
        passage_s = (passage.end - passage.begin) * self.step_s
        speed_kn = float(geodesy.speed_kn(passage.made_good_m, passage_s))
        least = self.min_width_fraction if passage.sides_changed else self.min_one_sided_fraction
        return {
            "from_state": passage.from_state,
            "to_state": passage.to_state,
            "sides_changed": passage.sides_changed,
            "width_fraction": passage.share,
            "width_fraction_margin": passage.share - least,
            "across_m": passage.across_m,
            "across_ratio": passage.across_m / max(passage.path_m, 1.0),
            "path_m": passage.path_m,
            "distance_m": passage.made_good_m,
            "distance_margin_m": passage.made_good_m - self.min_distance_m,
            "passage_s": passage_s,
            "mean_speed_kn": speed_kn,
            "mean_speed_margin_kn": speed_kn - self.min_mean_speed_kn,
            "width_m": passage.width_m,
            "dark_fraction": passage.dark,
            "dark_fraction_margin": passage.dark - self.min_dark_fraction,
            "sun_altitude_deg": passage.sun_altitude_deg,
            "sun_altitude_margin_deg": self.max_sun_altitude_deg - passage.sun_altitude_deg,
            "start_from_coast_m": passage.distances_m[0],
            "start_to_coast_m": passage.distances_m[1],
            "end_from_coast_m": passage.distances_m[2],
            "end_to_coast_m": passage.distances_m[3],
        }

    @staticmethod
    def _reports(positions: pd.DataFrame, rows: Ints, reports: Ints) -> list[dict[str, Any]]:
        """What each run rests on; the report after its last tick belongs to it.

        `reports` are ordinals in `rows`, which are rows of `positions`.
        """
        first, last = reports[0], reports[1] + 1
        all_kn = positions["sog_kn"].to_numpy()
        sources = [sources(positions, rows[which]) for which in (first, last)]
        found = []
        for i, (a, b) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
            sog_kn = all_kn[rows[a : b + 1]]
            sog_kn = sog_kn[np.isfinite(sog_kn)]
            found.append(
                {
                    "n_reports": b - a + 1,
                    "median_sog_kn": float(np.median(sog_kn)) if len(sog_kn) else None,
                    "first_report_source": sources[0][i],
                    "last_report_source": sources[1][i],
                }
            )
        return found

    @staticmethod
    def _craft(mmsi: Ints, vessels: pd.DataFrame, ais_class: pd.Series) -> list[dict[str, Any]]:
        """What each says it is, or what is missing; `ais_class` is that of its first report."""
        said = vessels.drop_duplicates("mmsi").set_index("mmsi").reindex(mmsi)
        columns = (
            ais_class.tolist(),
            said["ais_class"].fillna("").tolist(),
            said["ship_type"].fillna(-1).astype("int64").tolist(),
            said["length_m"].tolist(),
        )
        return [
            {
                "ais_class": sent or known,
                "ship_type": ship_type,
                "length_m": length_m if length_m > 0 else None,
            }
            for sent, known, ship_type, length_m in zip(*columns, strict=True)
        ]

    @staticmethod
    def _around(
        grid: runs.Grid, ends: Ints, middle: tuple[Floats, Floats], context: Context
    ) -> list[dict[str, Any]]:
        """What lies where each run leads, begins and ends."""
        zones, flat = context.zones, ends.ravel()
        lat, lon = grid.lat[flat], grid.lon[flat]
        away_m = surroundings.nearest_zone_m(
            zones, lat, lon, ("anchorage", "sts_area"), excuses=True
        ).reshape(ends.shape)
        in_port = zones.within(lat, lon, ("port",)).reshape(ends.shape).sum(axis=0)
        length = ends[1] - ends[0] + 1
        begin = np.cumsum(length) - length
        rows = np.arange(length.sum()) - np.repeat(begin - ends[0], length)
        on_route = zones.within(grid.lat[rows], grid.lon[rows], ("ferry_route",))
        share = np.add.reduceat(on_route.astype("int64"), begin) / length
        reached = zones.reached(*middle)
        return [
            {
                "zones_reached": bool(reached[i]),
                "n_ends_in_port": int(in_port[i]),
                "ferry_route_fraction": float(share[i]),
                "anchorage_distance_m": float(away_m[:, i].min()),
            }
            for i in range(len(length))
        ]

    def _like_trips(self, grid: runs.Grid, first: Ints, last: Ints, this: int) -> int:
        """Other fast runs of the same track, by day or night, between the same two ends.

        Those that began within the memory before it began, or after it ended.
        """
        final = int(last[np.searchsorted(first, this)])
        memory = self.memory_s // self.step_s
        since, until = grid.tick[this] - memory, grid.tick[final] + memory
        around = (grid.track_id[first] == grid.track_id[this]) & (first != this)
        around &= (grid.tick[first] >= since) & (grid.tick[first] <= until)
        begin, end = first[around], last[around] + 1  # the tick after the last step
        here, there = this, final + 1

        def near(one: Ints, other: int) -> Flags:
            return np.asarray(
                geodesy.distance_m(grid.lat[one], grid.lon[one], grid.lat[other], grid.lon[other])
                <= self.same_end_m
            )

        same = near(begin, here) & near(end, there)
        back = near(begin, there) & near(end, here)
        return int(np.count_nonzero(same | back))

    def _limits(self) -> dict[str, Any]:
        return {
            "min_speed_kn": self.min_speed_kn,
            "min_mean_speed_kn": self.min_mean_speed_kn,
            "max_length_m": self.max_length_m,
            "max_sun_altitude_deg": self.max_sun_altitude_deg,
            "min_dark_fraction": self.min_dark_fraction,
            "min_width_fraction": self.min_width_fraction,
            "min_one_sided_fraction": self.min_one_sided_fraction,
            "min_across_ratio": self.min_across_ratio,
            "min_distance_m": self.min_distance_m,
            "max_interruption_s": self.max_interruption_s,
            "max_silence_s": self.max_silence_s,
            "memory_s": self.memory_s,
        }

    @staticmethod
    def _judged(evidence: dict[str, Any]) -> dict[str, Any]:
        if not evidence["zones_reached"]:
            return {"score": 0.0, "explanation": surroundings.NOT_ASSESSED, "evidence": evidence}
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
        return {"score": float(score), "evidence": evidence}

    @classmethod
    def tell(cls, event: Told, words: Words, mmsi: int) -> str:
        """What happened, in a sentence for a sailor."""
        said = event.evidence
        length = ""
        if said.get("length_m"):
            length = words.say(", {length_m:.0f} m long,", length_m=said["length_m"])
        return words.say(
            "Small craft{length} ran {distance} at {speed_kn:.0f} kn in the dark from the side of "
            "{from_state} towards {to_state}, within {near} of that coast, {place}",
            length=length, distance=words.distance(said["distance_m"]),
            speed_kn=said["mean_speed_kn"], from_state=said["from_state"],
            to_state=said["to_state"], near=words.distance(said["end_to_coast_m"]),
            place=words.place(event.lat, event.lon),
        )  # fmt: skip
