"""Mother ship: a vessel that waits, and small craft that come to it one after another."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt

from detectors.core import events, geodesy, runs, sun, surroundings, timespan
from detectors.core.detector import Context, Detector, RestsOn
from detectors.core.explain import FISHING, OFFICIAL, PILOT, TUG, Facts, Hypothesis
from detectors.core.frames import SECOND_US, epoch_us, from_epoch_us
from detectors.core.telling import Told, Words

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DARK_STEP_S: Final = 600
"""The sun is looked at this often (it moves 2.5 degrees meanwhile)."""
ENOUGH_VISITORS: Final = 4
"""From this many on, more visitors add nothing to the score."""


def _served_at_anchor(facts: Facts) -> str | None:
    if facts.subkind == "visited" and facts.number("in_anchorage_fraction") >= 0.5:
        return (
            f"it lies in an anchorage, where {facts.number('n_visitors'):.0f} launches, supply or "
            "fishing boats in some hours are nothing unusual"
        )
    return None


def _roads(facts: Facts) -> str | None:
    away_m = facts.number("anchorage_distance_m")
    if facts.subkind == "visited" and away_m <= geodesy.METRES_PER_NM:
        return f"it lies {away_m:.0f} m off an anchorage or a port, whose boats serve ships"
    return None


def _working(facts: Facts) -> str | None:
    if facts.any_type(OFFICIAL | PILOT | TUG):
        return "it is a pilot, tug or official vessel, whose work it is to be met"
    return None


def _fish_carrier(facts: Facts) -> str | None:
    only = facts.number("fishing_visitors_fraction")
    if facts.subkind == "visited" and only == 1.0:
        return "all its visitors are fishing vessels: it may take over their catch"
    return None


def _fishing(facts: Facts) -> str | None:
    if facts.any_type(FISHING):
        return "it is a fishing vessel, which stays where the fish are"
    return None


def _orders(facts: Facts) -> str | None:
    if facts.subkind == "waiting" and not facts.flag("returned"):
        return "a ship may wait anywhere for orders, a tide or daylight, once"
    return None


@dataclass(frozen=True)
class _Visit:
    """One encounter, seen from the vessel that was visited."""

    host: int
    visitor: int
    start_us: int
    end_us: int
    still_on: bool
    lat: float
    lon: float
    first_source: str
    last_source: str
    in_anchorage: bool


class MotherShip(Detector):
    """A vessel that waits and is visited by small craft, or waits where only small craft come.

    **visited**: of the two vessels of an encounter, the visitor is the one that is small (at most
    `max_visitor_m`, or a class B transmitter, or silent about its size) and the host one that is
    larger (`min_size_ratio` times, or class A beside one that isn't known to be). Encounters
    that are well explained (by `max_explained_weight` or more) or last longer than `max_visit_s`
    don't count. Two visits to one host by different craft, no more than `max_wait_s` and
    `max_move_m` apart, make a link; links of one host no more than `max_wait_s` apart make one
    event, from the first visit's start to the last one's end.

    **waiting**: a loitering without a good explanation of a vessel that isn't small, with at
    least `min_dark_s` of it in the dark, less than `max_landing_m` from a landing place or
    `max_coast_m` from a coast, and more than `min_anchorage_m` from ports and anchorages. It is a
    hint beside the loitering itself; it weighs more where the vessel had loitered at the same
    place (`max_move_m`) and had gone away no more than `max_wait_s` before.

    Parameters
    ----------
    max_visitor_m, min_size_ratio
        30 m and 1.5: fishing boats and launches of the Strait are 10 to 30 m long.
    max_visit_s
        3 hours: a boat comes, hands over and leaves; what stays longer is a raft or a tow.
    max_wait_s
        6 hours between two visits: within one night.
    max_move_m
        5 nm: a vessel that drifts at 0.5 kn moves 3 nm in 6 hours.
    max_explained_weight
        0.65: pilots, tugs, bunker barges and official craft come to ships for good reasons. That a
        boat on its own would pass for a launch ("launch service", 0.6) is no such reason: whether
        several launches in a row are usual is what this detector's own explanations weigh.
    min_visitors
        2 different craft.
    max_sun_altitude_deg, min_dark_s
        -6, the end of civil twilight, and 2 hours, what a loitering takes.
    max_landing_m, max_coast_m, min_anchorage_m
        5, 6 and 2 nm: half an hour for a boat at 10 to 12 kn.
    min_waiting_kn
        3 kn: slower it waits.
    settle_s
        3 hours: a loitering is settled 2 h 50 min after its end, a meeting sooner.

    Notes
    -----
    Score before explanations, visited: 0.4 for two visitors, 0.15 more for each further one up to
    four, times the share of the time that the host was waiting. Waiting: 0.15, or 0.25 near a
    landing place, and 0.1 more where it returned.

    That a vessel waits at the same place on several nights is for its history to say (see
    assess): a detector's memory is hours.
    """

    name: ClassVar[str] = "mother_ship"
    version: ClassVar[str] = "3"
    rests_on: ClassVar[RestsOn] = RestsOn.EVENTS
    requires: ClassVar[tuple[str, ...]] = (
        "mmsi", "time", "lat", "lon", "ais_class", "track_id",
    )  # fmt: skip
    source: ClassVar[str] = (
        "Own rule over encounters and loiterings (Miller et al. 2018, doi:10.3389/fmars.2018."
        "00240); mother boats served by small craft after UNODC (2018), Global Study on Smuggling "
        "of Migrants, chapter on Asia"
    )
    after: ClassVar[tuple[str, ...]] = ("encounter", "loitering")
    symmetric_days: ClassVar[tuple[int, ...]] = (-1461, 1461)
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (
        Hypothesis(
            "craft at work", 0.8, _working, "its station or agent knows of no such work",
            needs_types=True,
        ),
        Hypothesis(
            "served at anchor", 0.75, _served_at_anchor,
            "no agent ordered the boats, or they came from the other coast",
        ),
        Hypothesis(
            "served off an anchorage", 0.5, _roads,
            "no agent ordered the boats, or they came from the other coast",
        ),
        Hypothesis(
            "fish carrier", 0.4, _fish_carrier, "no catch is landed or declared", needs_types=True
        ),
        Hypothesis(
            "fishing", 0.4, _fishing, "it lands no catch", needs_types=True
        ),
        Hypothesis(
            "waiting for orders", 0.3, _orders, "it comes back to the same place another night"
        ),
    )  # fmt: skip

    max_visitor_m: PositiveFloat = 30.0
    min_size_ratio: PositiveFloat = 1.5
    max_visit_s: PositiveInt = 10_800
    max_wait_s: PositiveInt = 21_600
    max_move_m: PositiveFloat = 9260.0
    max_explained_weight: float = Field(default=0.65, ge=0, le=1)
    min_visitors: int = Field(default=2, ge=2)
    max_sun_altitude_deg: float = Field(default=sun.CIVIL_TWILIGHT_DEG, ge=-18, le=0)
    min_dark_s: PositiveInt = 7200
    max_landing_m: PositiveFloat = 9260.0
    max_coast_m: PositiveFloat = 11_112.0
    min_anchorage_m: PositiveFloat = 3704.0
    min_waiting_kn: PositiveFloat = 3.0
    settle_s: PositiveInt = 10_800

    @property
    def settle(self) -> timedelta:
        """Whether a loitering or a meeting is over may show up to so much later."""
        return timedelta(seconds=self.settle_s)

    @property
    def lookback(self) -> timedelta:
        """Two visits of the longest and the longest wait between them."""
        return timedelta(seconds=self.max_wait_s + 2 * self.max_visit_s)

    def detect(self, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
        """Find mother ships; see the class for the rule and `Detector.detect` for the frames."""
        if positions.empty:
            return events.empty()
        found = [*self._visited(positions, context), *self._waiting(positions, context)]
        return events.build(found)

    # ---- visited

    def _visited(self, positions: pd.DataFrame, context: Context) -> list[dict[str, Any]]:
        met = context.events_of("encounter")
        if met.empty:
            return []
        window = timespan.window_us(context.start - self.settle, context.end)
        crafts = _Crafts(positions, context.vessels, (*met["mmsi"], *met["other_mmsi"]))
        visits: dict[int, list[_Visit]] = {}
        for visit in self._visits(met, crafts, window[1]):
            visits.setdefault(visit.host, []).append(visit)
        rows = []
        for host, own in visits.items():
            for story in self._stories(own):
                end_us = max(v.end_us for v in story)
                if not (story[0].start_us <= window[1] and end_us >= window[0]):
                    continue
                row = self._told_visits(host, story, end_us, positions, context, crafts)
                if row:
                    rows.append(row)
        return rows

    def _visits(self, met: pd.DataFrame, crafts: "_Crafts", now_us: int) -> list[_Visit]:
        starts = epoch_us(met["start"])
        ends = np.where(met["end"].isna(), now_us, epoch_us(met["end"].fillna(met["start"])))
        still_on = met["end"].isna().to_numpy()
        found = []
        for k, event in enumerate(met.to_dict("records")):
            said = json.loads(event["evidence"])
            if said.get("explanation_weight", 0.0) >= self.max_explained_weight:
                continue
            if ends[k] - starts[k] > self.max_visit_s * SECOND_US:
                continue
            tracks = [int(t) for t in event["track_ids"].split(";")]
            for side, prefix in ((0, ""), (1, "other_")):
                host, visitor = tracks[side], tracks[1 - side]
                if not self._visits_larger(crafts, host // 100, visitor // 100):
                    continue
                found.append(
                    _Visit(
                        host=host,
                        visitor=visitor // 100,
                        start_us=int(starts[k]),
                        end_us=int(ends[k]),
                        still_on=bool(still_on[k]),
                        lat=float(event["lat"]),
                        lon=float(event["lon"]),
                        first_source=said[f"{prefix}first_report_source"],
                        last_source=said[f"{prefix}last_report_source"],
                        in_anchorage=bool(said.get("in_anchorage")),
                    )
                )
        return sorted(found, key=lambda v: (v.host, v.start_us, v.visitor))

    def _visits_larger(self, crafts: "_Crafts", host: int, visitor: int) -> bool:
        """Whether the one is a small craft and the other isn't, as far as they say."""
        host_m, visitor_m = crafts.length_m(host), crafts.length_m(visitor)
        host_b, visitor_b = crafts.is_b(host), crafts.is_b(visitor)
        if np.isfinite(host_m) and np.isfinite(visitor_m):
            return visitor_m <= self.max_visitor_m and host_m >= self.min_size_ratio * visitor_m
        if np.isfinite(visitor_m):
            return visitor_m <= self.max_visitor_m and not host_b
        if np.isfinite(host_m):
            return host_m >= self.min_size_ratio * self.max_visitor_m / 2
        return visitor_b and not host_b

    def _stories(self, visits: list[_Visit]) -> list[list[_Visit]]:
        """Visits to one host that belong together, in order of their start.

        Built from links between any two visits that are near enough, so a story rests on nothing
        older than its links reach.
        """
        wait_us = self.max_wait_s * SECOND_US
        stories: list[list[_Visit]] = []
        ends_us = 0
        for k, later in enumerate(visits):
            linked = [
                v
                for v in visits[:k]
                if v.visitor != later.visitor
                and later.start_us - v.end_us <= wait_us
                and geodesy.distance_m(v.lat, v.lon, later.lat, later.lon) <= self.max_move_m
            ]
            if not linked:
                continue
            first_us = min(v.start_us for v in linked)
            if not stories or first_us - ends_us > wait_us:
                stories.append([])
                ends_us = 0
            stories[-1] += [v for v in (*linked, later) if v not in stories[-1]]
            ends_us = max(ends_us, *(v.end_us for v in stories[-1]))
        return [
            sorted(story, key=lambda v: (v.start_us, v.visitor))
            for story in stories
            if len({v.visitor for v in story}) >= self.min_visitors
        ]

    def _told_visits(
        self,
        host: int,
        story: list[_Visit],
        end_us: int,
        positions: pd.DataFrame,
        context: Context,
        crafts: "_Crafts",
    ) -> dict[str, Any] | None:
        own = _own(positions, host)
        if own.empty:
            return None
        start_us = story[0].start_us
        visitors = sorted({v.visitor for v in story})
        lasts_s = [(v.end_us - v.start_us) / SECOND_US for v in story]
        last = max(story, key=lambda v: (v.end_us, v.start_us))
        fishing = [crafts.ship_type(m) in FISHING for m in visitors]
        evidence = {
            "duration_s": (end_us - start_us) // SECOND_US,
            "n_visits": len(story),
            "n_visitors": len(visitors),
            "n_visitors_margin": len(visitors) - self.min_visitors,
            "visitors": " ".join(f"{m:09d}" for m in visitors),
            "mean_visit_s": float(np.mean(lasts_s)),
            "longest_wait_s": _longest_wait_s(story),
            "fishing_visitors_fraction": float(np.mean(fishing)),
            "in_anchorage_fraction": float(np.mean([v.in_anchorage for v in story])),
            "first_report_source": story[0].first_source,
            "last_report_source": last.last_source,
            "n_visitors_wanted": self.min_visitors,
            "max_visit_s": self.max_visit_s,
            "max_move_m": self.max_move_m,
            "max_explained_weight": self.max_explained_weight,
        }
        still_on = any(v.still_on for v in story)
        base = 0.4 + 0.15 * (min(len(visitors), ENOUGH_VISITORS) - 2)
        return self._row(
            "visited", host, (start_us, end_us), still_on, own, context, evidence, base
        )

    # ---- waiting

    def _waiting(self, positions: pd.DataFrame, context: Context) -> list[dict[str, Any]]:
        stayed = context.events_of("loitering")
        if stayed.empty:
            return []
        window = timespan.window_us(context.start - self.settle, context.end)
        said = events.evidence_of(stayed)
        unexplained = [e.get("explanation_weight", 0.0) < 0.3 for e in said]
        said = [e for e, kept in zip(said, unexplained, strict=True) if kept]
        stayed = stayed[unexplained].reset_index(drop=True)
        lat, lon = stayed["lat"].to_numpy("float64"), stayed["lon"].to_numpy("float64")
        zones = context.zones
        landing_m = surroundings.nearest_zone_m(zones, lat, lon, ("landing_place",))
        away_m = surroundings.nearest_zone_m(zones, lat, lon, ("port", "anchorage"))
        coast_m = zones.distance_to_land_m(lat, lon, self.max_coast_m)
        starts = epoch_us(stayed["start"])
        ends = np.where(
            stayed["end"].isna(), window[1], epoch_us(stayed["end"].fillna(stayed["start"]))
        )
        crafts = _Crafts(positions, context.vessels, stayed["mmsi"])
        rows = []
        still_on = stayed["end"].isna().to_numpy()
        for k, event in enumerate(stayed.to_dict("records")):
            near_landing = bool(landing_m[k] <= self.max_landing_m)
            if not (near_landing or coast_m[k] <= self.max_coast_m):
                continue
            if away_m[k] < self.min_anchorage_m or ends[k] < window[0] or starts[k] > window[1]:
                continue
            mmsi, track = int(event["mmsi"]), int(event["track_ids"])
            if crafts.is_b(mmsi) or crafts.length_m(mmsi) <= self.max_visitor_m:
                continue
            dark_s = self._dark_s(int(starts[k]), int(ends[k]), float(lat[k]), float(lon[k]))
            own = _own(positions, track)
            if dark_s < self.min_dark_s or own.empty:
                continue
            before = (stayed["track_ids"] == event["track_ids"]).to_numpy() & (ends < starts[k])
            before &= starts[k] - ends <= self.max_wait_s * SECOND_US
            before &= geodesy.distance_m(lat, lon, lat[k], lon[k]) <= self.max_move_m
            evidence = {
                "duration_s": int(ends[k] - starts[k]) // SECOND_US,
                "dark_s": dark_s,
                "dark_margin_s": dark_s - self.min_dark_s,
                "landing_place_distance_m": float(landing_m[k]),
                "coast_distance_m": float(coast_m[k]),
                "returned": bool(before.any()),
                "first_report_source": said[k]["first_report_source"],
                "last_report_source": said[k]["last_report_source"],
                "min_dark_s": self.min_dark_s,
                "max_landing_m": self.max_landing_m,
                "max_coast_m": self.max_coast_m,
                "max_sun_altitude_deg": self.max_sun_altitude_deg,
            }
            base = (0.25 if near_landing else 0.15) + (0.1 if before.any() else 0.0)
            span, on = (int(starts[k]), int(ends[k])), bool(still_on[k])
            rows.append(self._row("waiting", track, span, on, own, context, evidence, base))
        return rows

    def _dark_s(self, start_us: int, end_us: int, lat: float, lon: float) -> int:
        step_us = DARK_STEP_S * SECOND_US
        at_us = np.arange(-(-start_us // step_us), end_us // step_us + 1) * step_us
        dark = sun.altitude_deg(at_us, lat, lon) < self.max_sun_altitude_deg
        return int(np.count_nonzero(dark)) * DARK_STEP_S

    # ---- both

    def _row(
        self,
        subkind: str,
        track_id: int,
        span: tuple[int, int],
        still_on: bool,
        own: pd.DataFrame,
        context: Context,
        evidence: dict[str, Any],
        base: float,
    ) -> dict[str, Any]:
        """One event, with what lies around the middle of it."""
        track, time_us = own["track_id"].to_numpy(), epoch_us(own["time"])
        place = own["lat"].to_numpy(), own["lon"].to_numpy()
        middle_us = np.array([(span[0] + span[1]) // 2])
        lat, lon = runs.position_at(track, time_us, *place, np.array([track_id]), middle_us)
        zones = context.zones
        reached = bool(zones.reached(lat, lon)[0])
        away_m = surroundings.nearest_zone_m(zones, lat, lon, ("port", "anchorage"))
        grid = runs.resample(track, time_us, *place, 120, self.max_wait_s)
        step_us = grid.step_s * SECOND_US
        within = (grid.tick * step_us >= span[0]) & ((grid.tick + 1) * step_us <= span[1])
        slow = grid.speed_kn[within & np.isfinite(grid.speed_kn)] < self.min_waiting_kn
        waiting = float(slow.mean()) if len(slow) else 1.0
        evidence |= {
            "zones_reached": reached,
            "anchorage_distance_m": float(away_m[0]) if reached else None,
            "waiting_fraction": waiting,
            "min_waiting_kn": self.min_waiting_kn,
            "max_wait_s": self.max_wait_s,
        }
        times = from_epoch_us(np.array(span))
        return {
            "kind": self.name,
            "subkind": subkind,
            "detector": self.name,
            "version": self.version,
            "mmsi": track_id // 100,
            "track_ids": str(track_id),
            "start": times.iloc[0],
            "end": pd.NaT if still_on else times.iloc[1],
            "anchor": times.iloc[0],
            "lat": float(lat[0]),
            "lon": float(lon[0]),
            "score": base * waiting if reached else 0.0,
            "explanation": "" if reached else surroundings.NOT_ASSESSED,
            "evidence": evidence,
        }

    @classmethod
    def tell(cls, event: Told, words: Words, mmsi: int) -> str:
        """What happened, in a sentence for a sailor."""
        said, place = event.evidence, words.place(event.lat, event.lon)
        duration = words.duration(event.start, event.end)
        if event.subkind == "visited":
            return words.say(
                "Waited {duration} and was visited {n_visits} times by {n_visitors} small craft, "
                "{place}",
                duration=duration, n_visits=said["n_visits"], n_visitors=said["n_visitors"],
                place=place,
            )  # fmt: skip
        again = words.say(", where it had waited before,") if said["returned"] else ""
        return words.say(
            "Waited {duration}{again} within reach of small boats, {dark_h:.1f} h of it in the "
            "dark, {place}",
            duration=duration, again=again, dark_h=said["dark_s"] / 3600, place=place,
        )  # fmt: skip


class _Crafts:
    """Size and AIS class of some vessels, as far as they say."""

    def __init__(self, positions: pd.DataFrame, vessels: pd.DataFrame, mmsis: Any) -> None:
        wanted = np.unique(np.asarray([int(m) for m in mmsis], "int64"))
        said = vessels[vessels["mmsi"].isin(wanted)].drop_duplicates("mmsi").set_index("mmsi")
        self._class = dict(zip(said.index.tolist(), said["ais_class"].tolist(), strict=True))
        heard = positions.loc[positions["mmsi"].isin(wanted), ["mmsi", "ais_class"]]
        for mmsi, ais_class in heard.drop_duplicates().itertuples(index=False):
            if ais_class:
                self._class[mmsi] = ais_class
        self._length_m = said["length_m"].to_dict()
        self._ship_type = said["ship_type"].to_dict()

    def is_b(self, mmsi: int) -> bool:
        return str(self._class.get(mmsi, "")) == "B"

    def length_m(self, mmsi: int) -> float:
        length_m = float(self._length_m.get(mmsi, np.nan))
        return length_m if length_m > 0 else float("nan")

    def ship_type(self, mmsi: int) -> int:
        return int(self._ship_type.get(mmsi, -1))


def _own(positions: pd.DataFrame, track_id: int) -> pd.DataFrame:
    """The rows of one track."""
    begin, end = np.searchsorted(positions["track_id"].to_numpy(), [track_id, track_id + 1])
    return positions.iloc[begin:end]


def _longest_wait_s(story: list[_Visit]) -> int:
    """The longest time without a visit."""
    waits, until_us = [0], story[0].end_us
    for visit in story[1:]:
        waits.append(max(0, visit.start_us - until_us))
        until_us = max(until_us, visit.end_us)
    return max(waits) // SECOND_US
