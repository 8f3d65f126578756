"""Unmatched sighting: something was seen that no AIS track explains."""

import hashlib
from datetime import timedelta
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt

from detectors.core import association, coverage, events, geodesy, runs, surroundings
from detectors.core.detector import Context, Detector, RestsOn
from detectors.core.explain import Facts, Hypothesis
from detectors.core.frames import SECOND_US, epoch_us, from_epoch_us
from detectors.core.telling import Told, Words

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

LARGE_SCORE: Final = 0.7
UNKNOWN_SCORE: Final = 0.35
SMALL_SCORE: Final = 0.25
"""Base scores of a lone sighting by the length seen, times the probability that it was a vessel
without AIS: from `voluntary_length_m` on, of unknown length, below."""

SAR: Final = (
    r"(?i)\b(?:sar\b(?! *(?:helicopter|aircraft|plane|vessel|boat|craft|unit|crew))|sentinel[- ]?1"
    r"|s1[abc]?(?:[ _-]|$)|radarsat|rcm\b|iceye|capella|umbra|cosmo[- ]?skymed|terrasar|tandem-?x"
    r"|paz\b|palsar|alos-?2|saocom|kompsat-?5)"
)
"""Sources that name a synthetic aperture radar, and not search and rescue."""


def uncertain(facts: Facts) -> str | None:
    """Whoever saw it wasn't sure."""
    share = facts.number("confidence_fraction")
    if share < 0.5:
        return f"whoever saw it gives it {share:.0%} of being anything at all"
    return None


def beyond_reception(facts: Facts) -> str | None:
    """No AIS was heard there at that time, nor is it at others; or it isn't heard on there.

    A satellite hears vessels for ten minutes of a pass: most of them fall silent after it.
    """
    known = facts.number("n_known_hours") >= facts.number(
        "n_known_hours_required"
    ) and facts.number("n_heard_near") >= facts.number("n_heard_near_required")
    n_heard, chance = facts.number("n_heard_around"), facts.number("silence_probability")
    if n_heard < 2 and not known:
        others = "no vessel" if n_heard == 0 else "one vessel alone"
        return f"{others} was heard around it in that half hour, and few are in the day"
    if chance > facts.number("max_silence_probability"):
        return (
            f"vessels heard there fall silent ({chance:.0%} in a half hour): they aren't heard on"
        )
    return None


def need_not_carry(facts: Facts) -> str | None:
    """Small: it need not carry AIS."""
    length_m, limit_m = facts.number("length_m"), facts.number("voluntary_length_m")
    if length_m < limit_m and not facts.subkind:
        return f"at {length_m:.0f} m it need not carry AIS (SOLAS V/19: from 300 GT, some 45 m, on)"
    return None


def harbour_traffic(facts: Facts) -> str | None:
    """In or off a harbour, where boats without AIS come and go."""
    small = not facts.number("length_m") >= facts.number("voluntary_length_m")
    if small and (facts.flag("in_harbour") or facts.flag("near_land")):
        where = "inside a port or anchorage" if facts.flag("in_harbour") else "close to land"
        return f"it was {where}, where boats without AIS come and go"
    return None


def moving_shift(facts: Facts) -> str | None:
    """A track passes almost near enough."""
    share = facts.number("best_match_probability")
    if share >= 0.2:
        return f"a vessel with AIS may be what was seen, with a probability of {share:.0%}"
    return None


HYPOTHESES: Final = (
    Hypothesis(
        "beyond reception", 0.85, beyond_reception,
        "another feed heard vessels there at that time",
    ),
    Hypothesis(
        "harbour traffic", 0.7, harbour_traffic,
        "it is seen again further out, or alongside a vessel",
    ),
    Hypothesis(
        "uncertain sighting", 0.6, uncertain,
        "a second source saw it too",
    ),
    Hypothesis(
        "craft that need not carry AIS", 0.5, need_not_carry,
        "it meets a vessel, or lies where one loiters or is silent",
    ),
    Hypothesis(
        "a vessel off its reckoned place", 0.4, moving_shift,
        "that vessel's next report shows that it was elsewhere",
    ),
)  # fmt: skip


class UnmatchedSighting(Detector):
    """A sighting that no AIS track explains with a probability of `min_unmatched_probability`.

    Sightings are matched to the tracks around as `detectors.core.association` says: interpolated
    or reckoned positions, Gaussian errors, one track for one sighting of a scene at most, against
    the density of vessels that AIS doesn't show. What the assignment gives to a track, or leaves
    unexplained with less than that probability, is no event.

    A vessel in a *gap* explains nothing more than `max_explaining_s` after its last report: it is
    named instead. Where it is what was seen with a probability of `min_lead_probability`, by the
    distance from where its last course and speed would have brought it, the event is `near_gap`
    and carries its MMSI: the silent vessel may have been seen. Of the sightings of one scene each
    is held against a silent vessel of its own. Else, where a vessel *loiters*
    within `near_m` (and the uncertainty), the event is `near_loitering` and carries the loiterer's
    MMSI: something without AIS was beside it. All others carry MMSI 0, no vessel known.

    Parameters
    ----------
    min_unmatched_probability
        0.7: what is as likely as not a vessel with AIS asks for no look.
    max_silence_s
        Half an hour: no track is carried further than that from a report of its own, so that it is
        interpolated over a silence of up to an hour.
    still_mps, between_share, beyond_share
        See `association.Motion`. At 12 kn 1 m/s between two reports, which is a turn of 20 degrees
        half-way, and 2.7 m/s beyond the last; 0.2 m/s lying still.
    clock_error_s
        2 minutes: receivers that stamp reports by a clock of their own are minutes off now and
        then, and people write times down to a few minutes.
    sar_shift_s
        45 s, for sources that name SAR: a ship is displaced along the satellite's track by its
        speed towards the radar times slant range over satellite speed (Rodger & Guida 2021), 65 s
        in ground range for Sentinel-1, of which its course takes two thirds on average.
    voluntary_length_m
        45 m, about 300 GT: SOLAS chapter V, regulation 19.2.4 asks for AIS from 300 GT on (on
        international voyages; 500 GT on others; all passenger ships).
    small_per_km2, large_per_km2
        Vessels without AIS: one small one in 20 km² (about what the Strait's fishing fleets make),
        a large one in 2,000 km². Judgements; Paolo et al. find 72-76 % of industrial fishing
        vessels and 21-30 % of the others without public AIS.
    scene_s
        10 s: sightings of one source within the same ten seconds are of different vessels.
    max_explaining_s
        10 min, from which on a vessel in a gap no longer explains a sighting.
    min_lead_probability
        0.2, for a silent vessel to be named.
    reach_share, min_reach_kn, max_reach_kn
        A silent vessel goes at most 1.25 times as fast as before, at least 6 kn, at most 30 kn.
    near_m
        2 km: a boat that close to a loiterer is within ten minutes of it. At the density of small
        craft given above it is there by chance in half of the cases, so it is a hint only.
    min_known_hours, min_heard_near, max_silence_probability
        16 half hours in which vessels were heard around the place in the day before, one each, and
        20 vessels heard within a station's reach (`Coverage.receiving`) in that half hour:
        reception is known there though nobody happens to be there. 0.2: where every fifth falls
        silent for an hour (the mean under Jeffreys' prior), vessels aren't heard on. Judgements.
    harbour_classes, near_land_m
        Where boats without AIS come and go: ports and anchorages, and 1 km off the shore.

    Notes
    -----
    Score before explanations: the probability of a vessel without AIS (unmatched, times the
    sighting's confidence) times 0.7 where it measures `voluntary_length_m` or more, 0.25 below,
    0.35 where the length isn't known. `near_gap`: that probability times 0.2 + 0.4 times the
    probability that it is the silent vessel. `near_loitering`: that probability times 0.35, falling
    to half of it at `near_m`, and times what explanations leave of the loitering.

    All of it is settled `settle` after the sighting: reports after that don't bear upon it, and a
    gap or a loitering that the sighting lies in has shown by then.
    """

    name: ClassVar[str] = "unmatched_sighting"
    version: ClassVar[str] = "3"
    rests_on: ClassVar[RestsOn] = RestsOn.EVENTS
    requires: ClassVar[tuple[str, ...]] = (
        "mmsi", "time", "lat", "lon", "sog_kn", "cog_deg", "track_id", "source", "source_offset",
    )  # fmt: skip
    source: ClassVar[str] = (
        "Kroodsma, Hochberg, Davis, Paolo, Joo & Wong (2022), Revealing the global longline fleet "
        "with satellite radar, Scientific Reports 12:21004, doi:10.1038/s41598-022-23688-7; Paolo "
        "et al. (2024), Satellite mapping reveals extensive industrial activity at sea, Nature "
        "625:85-91, doi:10.1038/s41586-023-06825-8"
    )
    after: ClassVar[tuple[str, ...]] = ("gap", "loitering")
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = HYPOTHESES

    min_unmatched_probability: PositiveFloat = Field(default=0.7, le=1.0)
    max_silence_s: PositiveInt = Field(default=1800, le=7200)
    still_mps: PositiveFloat = 0.2
    between_share: PositiveFloat = 0.15
    beyond_share: PositiveFloat = 0.4
    clock_error_s: float = Field(default=120.0, ge=0)
    sar_shift_s: float = Field(default=45.0, ge=0)
    voluntary_length_m: PositiveFloat = 45.0
    small_per_km2: PositiveFloat = 0.05
    large_per_km2: PositiveFloat = 0.0005
    scene_s: PositiveInt = 10
    max_explaining_s: PositiveInt = 600
    min_lead_probability: PositiveFloat = Field(default=0.2, le=1.0)
    reach_share: PositiveFloat = 1.25
    min_reach_kn: PositiveFloat = 6.0
    max_reach_kn: PositiveFloat = 30.0
    near_m: PositiveFloat = 2000.0
    min_known_hours: PositiveInt = 16
    min_heard_near: PositiveInt = 20
    max_silence_probability: PositiveFloat = Field(default=0.2, le=1.0)
    harbour_classes: tuple[str, ...] = ("port", "anchorage")
    near_land_m: PositiveFloat = 1000.0

    @property
    def settle(self) -> timedelta:
        """By then a gap of class B, or a loitering, that began at the sighting has shown."""
        return timedelta(hours=3)

    @property
    def lookback(self) -> timedelta:
        """As long; a track's reports reach back no further than `max_silence_s`."""
        return timedelta(hours=3)

    def involved(self, positions: pd.DataFrame, context: Context) -> Ints:
        """Vessels that may explain a sighting."""
        seen = self._seen(self._sightings(context))
        pairs = association.candidates(_tracks(positions), seen, self._motion())
        return np.unique(pairs.track_id // 100)

    def _sightings(self, context: Context) -> pd.DataFrame:
        wanted = context.sightings["time"].between(context.start - self.settle, context.end)
        return context.sightings[wanted].reset_index(drop=True)

    def detect(self, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
        """Find unmatched sightings; see the class and `Detector.detect`."""
        sightings = self._sightings(context)
        if sightings.empty:
            return events.empty()
        seen = self._seen(sightings)
        tracks = _tracks(positions)
        pairs = association.candidates(tracks, seen, self._motion())
        gaps, loiterings = context.events_of("gap"), context.events_of("loitering")
        pairs = _kept(pairs, ~self._silent(pairs, seen, gaps))
        stated_m = _lengths(context.vessels, pairs.track_id // 100)
        weight = association.weights(pairs, seen, stated_m, self._prior())
        matches = association.match(pairs, weight, seen.scene)
        raised = ~matches.assigned & (matches.unmatched >= self.min_unmatched_probability)
        rows = np.flatnonzero(raised)
        if len(rows) == 0:
            return events.empty()
        evidence = self._evidence(sightings, seen, pairs, matches, rows, context)
        silent = self._silent_vessels(seen, rows, matches, gaps, context.vessels)
        beside = self._loiterers(seen, rows, loiterings, tracks)
        found = [
            self._event(sightings.iloc[row], evidence[i], silent[i], beside[i], positions)
            for i, row in enumerate(rows)
        ]
        return events.build(found)

    def _motion(self) -> association.Motion:
        return association.Motion(
            self.max_silence_s, self.still_mps, self.between_share, self.beyond_share,
            self.clock_error_s,
        )  # fmt: skip

    def _prior(self) -> association.Prior:
        return association.Prior(self.voluntary_length_m, self.small_per_km2, self.large_per_km2)

    def _seen(self, sightings: pd.DataFrame) -> association.Seen:
        time_us = epoch_us(sightings["time"])
        moment = time_us // (self.scene_s * SECOND_US)
        scenes = pd.MultiIndex.from_arrays([moment, sightings["source"]])
        return association.Seen(
            np.asarray(pd.factorize(scenes)[0], "int64"),
            time_us,
            sightings["lat"].to_numpy("float64"),
            sightings["lon"].to_numpy("float64"),
            sightings["uncertainty_m"].to_numpy("float64"),
            sightings["length_m"].to_numpy("float64"),
            sightings["confidence"].to_numpy("float64"),
            np.where(sightings["source"].str.contains(SAR), self.sar_shift_s, 0.0),
        )

    def _silent(
        self, pairs: association.Pairs, seen: association.Seen, gaps: pd.DataFrame
    ) -> Bools:
        """Pairs whose track is in a gap, and not just since, when the sighting was made."""
        silent = np.zeros(len(pairs.sighting), bool)
        at_us = seen.time_us[pairs.sighting]
        for gap in _records(gaps):
            start_us, end_us = _span_us(gap)
            silent |= (
                (pairs.track_id == int(gap["track_ids"]))
                & (at_us > start_us + self.max_explaining_s * SECOND_US)
                & (at_us < end_us)
            )
        return silent

    def _silent_vessels(
        self,
        seen: association.Seen,
        rows: Ints,
        matches: association.Matches,
        gaps: pd.DataFrame,
        vessels: pd.DataFrame,
    ) -> list[dict[str, Any]]:
        """Of each sighting, the silent vessel that it is most likely to be; empty where none is.

        Of the sightings of one scene each gets a vessel of its own, the likeliest pair first.
        """
        at_us, lat, lon = seen.time_us[rows], seen.lat[rows], seen.lon[rows]
        own_m = np.maximum(seen.uncertainty_m[rows], association.MIN_SIGMA_M)
        prior = self._prior().density_per_m2(seen.length_m[rows], seen.confidence[rows])
        pairs, weights, named = list[tuple[int, int]](), list[float](), list[dict[str, Any]]()
        facts = events.evidence_of(gaps)
        for gap, measured in zip(_records(gaps), facts, strict=True):
            start_us, end_us = _span_us(gap)
            silent_s = (at_us - start_us) / SECOND_US
            before_kn = float(measured.get("speed_before_kn") or 0.0)
            fastest_kn = np.clip(before_kn * self.reach_share, self.min_reach_kn, self.max_reach_kn)
            reach_m = fastest_kn * geodesy.KNOT_MPS * np.maximum(silent_s, 0.0)
            away_m = geodesy.distance_m(gap["lat"], gap["lon"], lat, lon)
            course = float(measured.get("course_before_deg") or 0.0)
            way_m = before_kn * geodesy.KNOT_MPS * np.maximum(silent_s, 0.0)
            place = geodesy.destination(gap["lat"], gap["lon"], course, way_m)
            off_m = geodesy.distance_m(*place, lat, lon)
            sigma_m = np.hypot(own_m, reach_m / 2)
            density = np.exp(-0.5 * (off_m / sigma_m) ** 2) / (2 * np.pi * sigma_m**2)
            mmsi, track = int(gap["mmsi"]), int(gap["track_ids"])
            stated_m = _lengths(vessels, np.full(len(rows), mmsi))
            weight = density * association.length_factor(seen.length_m[rows], stated_m) / prior
            possible = (silent_s > self.max_explaining_s) & (at_us < end_us)
            possible &= away_m <= reach_m + 3 * own_m
            for i in np.flatnonzero(possible):
                pairs.append((int(i), track))
                weights.append(float(weight[i]))
                named.append({
                    "mmsi": mmsi,
                    "track_ids": str(gap["track_ids"]),
                    "event_id": str(gap["event_id"]),
                    "silent_s": float(silent_s[i]),
                    "distance_m": float(away_m[i]),
                    "reach_m": float(reach_m[i]),
                    "report": str(measured.get("last_report_source", "")),
                })  # fmt: skip
        best: list[dict[str, Any]] = [{} for _ in rows]
        sighting, track_id = np.array(pairs, "int64").reshape(-1, 2).T
        shares = association.shares(sighting, track_id, np.array(weights), seen.scene[rows])
        shares *= matches.unmatched[rows][sighting]
        taken: set[tuple[int, int]] = set()
        for k in np.lexsort((track_id, sighting, -shares)).tolist():
            i = pairs[k][0]
            own = (int(seen.scene[rows[i]]), pairs[k][1])
            if shares[k] >= self.min_lead_probability and not best[i] and own not in taken:
                best[i] = {**named[k], "probability": float(shares[k])}
                taken.add(own)
        return best

    def _loiterers(
        self,
        seen: association.Seen,
        rows: Ints,
        loiterings: pd.DataFrame,
        tracks: association.Tracks,
    ) -> list[dict[str, Any]]:
        """Of each sighting, the nearest loiterer close by; empty where there is none."""
        best: list[dict[str, Any]] = [{} for _ in rows]
        at_us = seen.time_us[rows]
        known = set(np.unique(tracks.track_id).tolist())
        facts = events.evidence_of(loiterings)
        for loitering, measured in zip(_records(loiterings), facts, strict=True):
            start_us, end_us = _span_us(loitering)
            during = np.flatnonzero((at_us >= start_us) & (at_us <= end_us))
            track = int(loitering["track_ids"])
            if len(during) == 0 or track not in known:
                continue
            low, high = np.searchsorted(tracks.track_id, [track, track + 1])
            there = runs.position_at(
                tracks.track_id[low:high], tracks.time_us[low:high], tracks.lat[low:high],
                tracks.lon[low:high], np.full(len(during), track), at_us[during],
            )  # fmt: skip
            away_m = geodesy.distance_m(*there, seen.lat[rows[during]], seen.lon[rows[during]])
            within_m = self.near_m + seen.uncertainty_m[rows[during]]
            for i, distance_m, limit_m in zip(during, away_m, within_m, strict=True):
                if distance_m <= limit_m and distance_m < best[i].get("distance_m", np.inf):
                    best[i] = {
                        "mmsi": int(loitering["mmsi"]),
                        "track_ids": str(loitering["track_ids"]),
                        "event_id": str(loitering["event_id"]),
                        "distance_m": float(distance_m),
                        "weight": 1.0 - float(measured.get("explanation_weight") or 0.0),
                        "report": str(measured.get("first_report_source", "")),
                    }
        return best

    def _evidence(
        self,
        sightings: pd.DataFrame,
        seen: association.Seen,
        pairs: association.Pairs,
        matches: association.Matches,
        rows: Ints,
        context: Context,
    ) -> list[dict[str, Any]]:
        lat, lon = seen.lat[rows], seen.lon[rows]
        slot = seen.time_us[rows] // (coverage.SLOT_S * SECOND_US)
        class_a = np.full(len(rows), "A")
        around = context.coverage.around(lat, lon, slot, class_a)
        day_slots = 86_400 // coverage.SLOT_S
        n_known, n_silences = context.coverage.between(lat, lon, slot - day_slots, slot, class_a)
        zones = context.zones
        best = matches.best[rows]
        has = best >= 0
        at = np.where(has, best, 0)
        n_candidates = np.bincount(pairs.sighting, minlength=len(sightings))[rows]
        columns: dict[str, Any] = {
            "sighting_source": sightings["sighting_id"].iloc[rows].tolist(),
            "seen_by": sightings["source"].iloc[rows].tolist(),
            "note": sightings["note"].iloc[rows].tolist(),
            "uncertainty_m": seen.uncertainty_m[rows],
            "length_m": seen.length_m[rows],
            "confidence_fraction": seen.confidence[rows],
            "unmatched_probability": matches.unmatched[rows],
            "unmatched_probability_margin": matches.unmatched[rows]
            - self.min_unmatched_probability,
            "n_candidates": n_candidates,
            "best_match": [f"{pairs.track_id[i] // 100:09d}" if i >= 0 else "" for i in best],
            "best_match_probability": matches.probability[rows],
            "best_match_distance_m": _of(pairs.distance_m, at, has),
            "best_match_sigma_m": _of(pairs.sigma_m, at, has),
            "best_match_misfit_ratio": _of(pairs.misfit, at, has),
            "best_match_nearest_report_s": _of(pairs.nearest_s, at, has),
            "n_heard_around": np.asarray(around.vessels, "int64"),
            "n_heard_near": context.coverage.receiving(lat, lon, slot),
            "n_known_hours": n_known,
            "silence_probability": (n_silences + 0.5) / (n_known + 1.0),
            "zones_reached": [bool(value) for value in zones.reached(lat, lon)],
            "in_harbour": [bool(v) for v in zones.within(lat, lon, self.harbour_classes)],
            "near_land": [bool(v) for v in zones.near_land(lat, lon, self.near_land_m)],
        }
        limits = {
            "min_unmatched_probability": self.min_unmatched_probability,
            "max_silence_s": self.max_silence_s,
            "clock_error_s": self.clock_error_s,
            "voluntary_length_m": self.voluntary_length_m,
            "near_m": self.near_m,
            "near_land_m": self.near_land_m,
            "n_known_hours_required": self.min_known_hours,
            "n_heard_near_required": self.min_heard_near,
            "max_silence_probability": self.max_silence_probability,
        }
        lists = {key: list(values) for key, values in columns.items()}
        return [{**{k: v[i] for k, v in lists.items()}, **limits} for i in range(len(rows))]

    def _event(
        self,
        sighting: pd.Series,
        evidence: dict[str, Any],
        silent: dict[str, Any],
        beside: dict[str, Any],
        positions: pd.DataFrame,
    ) -> dict[str, Any]:
        vessel = evidence["unmatched_probability"] * evidence["confidence_fraction"]
        lead = silent or beside
        if silent:
            subkind, score = "near_gap", vessel * (0.2 + 0.4 * silent["probability"])
            evidence |= {
                "silent_vessel_probability": silent["probability"],
                "min_lead_probability": self.min_lead_probability,
                "silent_s": silent["silent_s"],
                "silent_distance_m": silent["distance_m"],
                "silent_reach_m": silent["reach_m"],
            }
        elif beside:
            closeness = 1.0 - 0.5 * min(1.0, beside["distance_m"] / self.near_m)
            subkind, score = "near_loitering", vessel * 0.35 * closeness * beside["weight"]
            evidence |= {"loiterer_distance_m": beside["distance_m"]}
        else:
            subkind, score = "", vessel * self._lone_score(evidence["length_m"])
        if lead:
            evidence |= {"lead_event": lead["event_id"], "lead_report_source": lead["report"]}
        row = {
            "kind": self.name,
            "subkind": subkind,
            "detector": self.name,
            "version": self.version,
            "mmsi": lead["mmsi"] if lead else 0,
            "track_ids": lead["track_ids"] if lead else "",
            "start": sighting["time"],
            "end": sighting["time"],
            "anchor": _anchor(str(sighting["sighting_id"])),
            "lat": float(sighting["lat"]),
            "lon": float(sighting["lon"]),
            "score": float(np.clip(score, 0.0, 1.0)),
            "evidence": evidence,
        }
        if not evidence["zones_reached"]:
            row |= {"score": 0.0, "explanation": surroundings.NOT_ASSESSED}
        return row

    def _lone_score(self, length_m: float) -> float:
        if np.isnan(length_m):
            return UNKNOWN_SCORE
        return LARGE_SCORE if length_m >= self.voluntary_length_m else SMALL_SCORE

    @classmethod
    def tell(cls, event: Told, words: Words, mmsi: int) -> str:
        """What was seen, by whom, and which vessel it is held against."""
        facts = event.evidence
        length_m = facts.get("length_m")
        what = words.say("something")
        if length_m:
            what = words.say("something of {length_m:.0f} m", length_m=length_m)
        by = facts.get("seen_by") or words.say("someone")
        seen = words.say("{what} that no AIS explains was seen by {by}", what=what, by=by)
        place = words.place(event.lat, event.lon)
        if event.subkind == "near_gap":
            hours = facts["silent_s"] / 3600
            return words.say(
                "May have been seen while silent: {seen} {hours:.1f} h after its last report and "
                "{distance} from it, {place}",
                seen=seen, hours=hours, distance=words.distance(facts["silent_distance_m"]),
                place=place,
            )  # fmt: skip
        if event.subkind == "near_loitering":
            away = words.distance(facts["loiterer_distance_m"])
            return words.say(
                "Had company while it drifted: {seen} {distance} off, {place}",
                seen=seen, distance=away, place=place,
            )  # fmt: skip
        return f"{seen[:1].upper()}{seen[1:]}, {place}"


def _tracks(positions: pd.DataFrame) -> association.Tracks:
    return association.Tracks(
        positions["track_id"].to_numpy(),
        epoch_us(positions["time"]),
        *(positions[name].to_numpy("float64") for name in ("lat", "lon", "sog_kn", "cog_deg")),
    )


def _kept(pairs: association.Pairs, keep: Bools) -> association.Pairs:
    return pairs._replace(**{name: column[keep] for name, column in pairs._asdict().items()})


def _records(found: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): v for k, v in row.items()} for row in found.to_dict("records")]


def _lengths(vessels: pd.DataFrame, mmsi: Ints) -> Floats:
    """Length that each vessel states, NaN where it doesn't."""
    stated = pd.Series(vessels["length_m"].to_numpy(), index=vessels["mmsi"].to_numpy())
    return stated.reindex(mmsi).to_numpy("float64")


def _of(values: Floats, at: Ints, has: Bools) -> Floats:
    return np.where(has, values[at], np.nan) if len(values) else np.full(len(has), np.nan)


def _span_us(event: dict[str, Any]) -> tuple[int, int]:
    """Start and end in microseconds; an open event goes on for ever."""
    start, is_open = event["start"], pd.isna(event["end"])
    first, last = epoch_us(pd.Series([start, start if is_open else event["end"]])).tolist()
    return first, np.iinfo("int64").max if is_open else last


def _anchor(sighting_id: str) -> pd.Timestamp:
    """A moment that stands for the sighting's name in the event's id.

    All detections of a satellite image have one time, and no track of their own to tell them apart.
    """
    digest = hashlib.blake2b(sighting_id.encode(), digest_size=6).digest()
    return pd.Timestamp(from_epoch_us(np.array([int.from_bytes(digest, "big")])).iloc[0])
