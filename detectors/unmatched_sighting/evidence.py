"""What was measured of sightings."""

from typing import Any, Final

import numpy as np
import pandas as pd

from detectors.core import events
from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.detector import Context
from detectors.core.frames import SECOND_US
from detectors.kinematics.near import n_near
from detectors.surroundings import coverage, passes, receivers
from detectors.unmatched_sighting.limits import Limits
from detectors.vessels import association

BESIDE_SLOTS: Final = (-1, 0, 1)
"""What receives there may hear by passes: who was there would be heard before or after, since a
track is carried over an hour of silence."""
NO_AIS: Final = (
    r"(?i)\b(?:(?:no|without|not (?:sending|transmitting|showing)(?: on)?|silent on) +AIS"
    r"|AIS +(?:is +|was +)?(?:off|silent|not (?:sending|transmitting|on))"
    r"|(?:tiada|tanpa|tidak (?:hantar|pancar)(?:kan)?) +AIS)\b"
)
"""What whoever saw it says of its AIS, English and Malay: a patrol, an aircraft or a vessel has a
receiver of its own beside it, and hears it whatever this feed hears there."""
SETTLED_SLOTS: Final = 8
"""4 h, by which all of a sighting is settled."""
SETTINGS: Final = (
    "max_silence_s",
    "clock_error_s",
    "voluntary_length_m",
    "near_m",
    "fleet_m",
    "min_fleet",
    "near_land_m",
    "min_known_hours",
    "min_heard_near",
    "max_silence_probability",
)
"""Parameters that shape what is measured, and by which it is explained."""


def evidence_of(
    limits: Limits,
    sightings: pd.DataFrame,
    seen: association.Seen,
    pairs: association.Pairs,
    matches: association.Matches,
    rows: Ints,
    context: Context,
) -> list[dict[str, Any]]:
    """Return what was measured of some sightings."""
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
        "n_candidates": n_candidates,
        "best_match": [f"{pairs.track_id[i] // 100:09d}" if i >= 0 else "" for i in best],
        "best_match_probability": matches.probability[rows],
        "best_match_distance_m": _of(pairs.distance_m, at, has),
        "best_match_sigma_m": _of(pairs.sigma_m, at, has),
        "best_match_misfit_ratio": _of(pairs.misfit, at, has),
        "best_match_nearest_report_s": _of(pairs.nearest_s, at, has),
        "n_unmatched_near": _others_near(limits, seen, rows),
        "n_heard_around": np.asarray(around.vessels, "int64"),
        "n_heard_near": np.maximum.reduce(
            [context.coverage.receiving(lat, lon, slot + shift) for shift in BESIDE_SLOTS]
        ),
        "n_known_hours": n_known,
        "after_a_pass": _after_a_pass(limits, seen.time_us[rows], context),
        "reach_ratio": context.coverage.once(receivers.Receivers).reach_ratio(
            lat, lon, slot, day_slots, SETTLED_SLOTS
        ),
        "seen_without_ais": sightings["note"].iloc[rows].str.contains(NO_AIS).tolist(),
        "silence_probability": (n_silences + 0.5) / (n_known + 1.0),
        "zones_reached": [bool(value) for value in zones.reached(lat, lon)],
        "in_harbour": [bool(v) for v in zones.within(lat, lon, limits.harbour_classes)],
        "near_land": [bool(v) for v in zones.near_land(lat, lon, limits.near_land_m)],
    }
    return events.each(columns)


def _after_a_pass(limits: Limits, time_us: Ints, context: Context) -> list[bool]:
    """Tell which were seen within `max_silence_s` of a pass of a feed that comes by passes."""
    tens = time_us // (coverage.FEED_SLOT_S * SECOND_US)
    reach = limits.max_silence_s // coverage.FEED_SLOT_S
    about = tens[:, None] + np.arange(-reach, reach + 1)
    passed = (passes.Passes(context.coverage).at(about) >= 0).any(axis=1)
    usual = passes.usual_share(context.coverage, tens, tens)
    return [bool(one) for one in passed & (usual <= passes.BY_PASSES)]


def _others_near(limits: Limits, seen: association.Seen, rows: Ints) -> Ints:
    """Count the others of each one's scene that nothing explains either, within `fleet_m`."""
    by_scene = np.unique(seen.scene[rows], return_inverse=True)[1]
    places = seen.lat[rows], seen.lon[rows], by_scene
    return n_near(places, places, limits.fleet_m) - 1  # but for itself


def _of(values: Floats, at: Ints, has: Bools) -> Floats:
    """Return values at some rows, NaN where there is none."""
    return np.where(has, values[at], np.nan) if len(values) else np.full(len(has), np.nan)
