"""Which vessel a sighting is held against: one that was silent, or one that loitered."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from detectors.core import events
from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.evidence import Evidence
from detectors.core.frames import SECOND_US
from detectors.kinematics import geodesy, timegrid
from detectors.unmatched_sighting.limits import Limits
from detectors.vessels import association

UNEXPLAINED: Final = 0.5
FAR_SHARE: Final = 0.6
"""What is left at `near_m` of the base score of a sighting beside a loiterer."""


@dataclass(frozen=True)
class Lead:
    """A vessel that a sighting is held against, by an event of another detector.

    `report` is the report that this event rests on. Of a silent vessel `silent_s` is the time since
    its last report, `reach_m` how far it can have gone, `probability` that it is what was seen; of
    a loiterer `weight` is what explanations leave of its loitering.
    """

    track: int
    event_id: str
    distance_m: float
    report: str
    silent_s: float = 0.0
    reach_m: float = 0.0
    probability: float = 0.0
    weight: float = 1.0

    def worth(self, near_m: float) -> float:
        """Return what a sighting beside it is worth, at most 1: less further off."""
        return self.weight * (1.0 - (1.0 - FAR_SHARE) * min(1.0, self.distance_m / near_m))


def in_silence(
    limits: Limits, pairs: association.Pairs, seen: association.Seen, gaps: pd.DataFrame
) -> Bools:
    """Tell of which pairs the track was in a gap, and not just since, at the sighting."""
    silent = np.zeros(len(pairs.sighting), bool)
    at_us = seen.time_us[pairs.sighting]
    for gap in events.records(gaps):
        start_us, end_us = events.span_us(gap)
        silent |= (
            (pairs.track_id == int(gap["track_ids"]))
            & (at_us > start_us + limits.max_explaining_s * SECOND_US)
            & (at_us < end_us)
        )
    return silent


def silent_vessels(
    limits: Limits,
    seen: association.Seen,
    rows: Ints,
    matches: association.Matches,
    gaps: pd.DataFrame,
    vessels: pd.DataFrame,
) -> list[Lead | None]:
    """Return, of each sighting, the silent vessel that it is most likely to be, if any.

    Of the sightings of one scene each gets a vessel of its own, the likeliest pair first. A vessel
    that was heard again until all of it is settled is reckoned from there, too.
    """
    at_us, lat, lon = seen.time_us[rows], seen.lat[rows], seen.lon[rows]
    own_m = np.maximum(seen.uncertainty_m[rows], association.MIN_SIGMA_M)
    prior = limits.prior.density_per_m2(seen.length_m[rows], seen.confidence[rows])
    pairs, weights, named = list[tuple[int, int]](), list[float](), list[Lead]()
    for gap in events.records(gaps):
        measured: Evidence = gap["evidence"]
        start_us, end_us = events.span_us(gap)
        silent_s = (at_us - start_us) / SECOND_US
        before_kn = float(measured.get("speed_before_kn") or 0.0)
        reach_m = _reach_m(limits, before_kn, silent_s)
        away_m = geodesy.distance_m(gap["lat"], gap["lon"], lat, lon)
        course = float(measured.get("course_before_deg") or 0.0)
        way_m = before_kn * geodesy.KNOT_MPS * np.maximum(silent_s, 0.0)
        place = geodesy.destination(gap["lat"], gap["lon"], course, way_m)
        mmsi, track = int(gap["mmsi"]), int(gap["track_ids"])
        back = _reckoned_back(limits, measured, end_us, at_us)
        back_m = np.where(back.known, geodesy.distance_m(*back.heard, lat, lon), 0.0)
        # Two reckonings of one place: the product of both densities, scaled to be one.
        both_m2 = np.maximum(reach_m**2 + back.reach_m**2, 1.0)
        share = np.where(back.known, reach_m**2 / both_m2, 0.0)
        off_m = geodesy.distance_m(*geodesy.interpolate(*place, *back.place, share), lat, lon)
        sigma_m = np.hypot(own_m, reach_m / 2 * np.sqrt(1.0 - share))
        density = np.exp(-0.5 * (off_m / sigma_m) ** 2) / (2 * np.pi * sigma_m**2)
        stated_m = lengths(vessels, np.full(len(rows), mmsi))
        weight = density * association.length_factor(seen.length_m[rows], stated_m) / prior
        possible = (silent_s > limits.max_explaining_s) & (at_us < end_us)
        possible &= (away_m <= reach_m + 3 * own_m) & (back_m <= back.reach_m + 3 * own_m)
        for i in np.flatnonzero(possible):
            pairs.append((int(i), track))
            weights.append(float(weight[i]))
            named.append(
                Lead(
                    track=track,
                    event_id=str(gap["event_id"]),
                    distance_m=float(away_m[i]),
                    report=str(measured.get("last_report_source", "")),
                    silent_s=float(silent_s[i]),
                    reach_m=float(reach_m[i]),
                )
            )
    best: list[Lead | None] = [None for _ in rows]
    sighting, track_id = np.array(pairs, "int64").reshape(-1, 2).T
    shares = association.shares(sighting, track_id, np.array(weights), seen.scene[rows])
    shares *= matches.unmatched[rows][sighting]
    taken: set[tuple[int, int]] = set()
    for k in np.lexsort((track_id, sighting, -shares)).tolist():
        i = pairs[k][0]
        own = (int(seen.scene[rows[i]]), pairs[k][1])
        if shares[k] >= limits.min_lead_probability and not best[i] and own not in taken:
            best[i] = replace(named[k], probability=float(shares[k]))
            taken.add(own)
    return best


class _Back(NamedTuple):
    """Where a vessel was at some times, reckoned from where it was `heard` again; how far off it
    can have been; and whether it was heard again by when what was seen at that time is settled.
    """

    heard: tuple[float, float]
    place: tuple[Floats, Floats]
    reach_m: Floats
    known: Bools


def _reckoned_back(limits: Limits, measured: Evidence, end_us: int, at_us: Ints) -> _Back:
    """Reckon a vessel back from its first report after a silence, by its course and speed there."""
    lat, lon = measured.get("again_lat"), measured.get("again_lon")
    since_us = end_us - at_us
    known = (since_us >= 0) & (since_us <= limits.settle // timedelta(microseconds=1))
    if lat is None or lon is None or not known.any():
        nowhere = np.zeros(len(at_us))
        return _Back((0.0, 0.0), (nowhere, nowhere), nowhere, np.zeros(len(at_us), bool))
    course, knots = measured.get("again_course_deg"), measured.get("again_speed_kn")
    knots = min(float(knots or 0.0), limits.max_reach_kn)  # a set may send 102.2
    before_kn = float(measured.get("speed_before_kn") or 0.0)
    since_s = np.where(known, since_us / SECOND_US, 0.0)
    way_m = -knots * geodesy.KNOT_MPS * since_s * (course is not None)
    place = geodesy.destination(lat, lon, float(course or 0.0), way_m)
    # Who comes back at anchor may have come there at the speed of before.
    reach_m = _reach_m(limits, max(knots, before_kn), since_s)
    return _Back((float(lat), float(lon)), place, reach_m, known)


def _reach_m(limits: Limits, speed_kn: float, silent_s: Floats) -> Floats:
    """Return how far a silent vessel can have gone that made some speed before or after."""
    fastest_kn = np.clip(speed_kn * limits.reach_share, limits.min_reach_kn, limits.max_reach_kn)
    return np.asarray(fastest_kn * geodesy.KNOT_MPS * np.maximum(silent_s, 0.0))


def loiterers(
    limits: Limits,
    seen: association.Seen,
    rows: Ints,
    loiterings: pd.DataFrame,
    tracks: association.Tracks,
) -> list[Lead | None]:
    """Return, of each sighting, the loiterer close by beside which it is worth most, if any: one
    that loiters then, or that does so `before_or_after_s` from it at most without a likely reason.
    A boat that has a reason to lie there doesn't hide the ship beyond it that has none.
    """
    best: list[Lead | None] = [None for _ in rows]
    at_us = seen.time_us[rows]
    known = set(np.unique(tracks.track_id).tolist())
    for loitering in events.records(loiterings):
        measured: Evidence = loitering["evidence"]
        start_us, end_us = events.span_us(loitering)
        weight = 1.0 - (measured.explained.weight if measured.explained else 0.0)
        slack_us = limits.before_or_after_s * SECOND_US if weight > UNEXPLAINED else 0
        during = np.flatnonzero((at_us >= start_us - slack_us) & (at_us - slack_us <= end_us))
        track = int(loitering["track_ids"])
        if len(during) == 0 or track not in known:
            continue
        low, high = np.searchsorted(tracks.track_id, [track, track + 1])
        there = timegrid.position_at(
            tracks.track_id[low:high],
            tracks.time_us[low:high],
            tracks.lat[low:high],
            tracks.lon[low:high],
            np.full(len(during), track),
            at_us[during],
        )
        away_m = geodesy.distance_m(*there, seen.lat[rows[during]], seen.lon[rows[during]])
        within_m = limits.near_m + seen.uncertainty_m[rows[during]]
        for i, distance_m, limit_m in zip(during, away_m, within_m, strict=True):
            if distance_m > limit_m:
                continue
            lead = Lead(
                track=track,
                event_id=str(loitering["event_id"]),
                distance_m=float(distance_m),
                report=str(measured.get("first_report_source", "")),
                weight=weight,
            )
            so_far = best[i]
            if so_far is None or lead.worth(limits.near_m) > so_far.worth(limits.near_m):
                best[i] = lead
    return best


def lengths(vessels: pd.DataFrame, mmsi: Ints) -> Floats:
    """Return the length that each vessel states, NaN where it doesn't."""
    stated = pd.Series(vessels["length_m"].to_numpy(), index=vessels["mmsi"].to_numpy())
    return stated.reindex(mmsi).to_numpy("float64")
