"""What accepting a learned place would have silenced of the past nights.

Nothing is detected again: of each event that is stored, its evidence is held against the innocent
reasons of its detector once more, as if the place had been a zone; where the detector leaves zones
of that class out, the event wouldn't have been raised. What only whole tracks can tell (how much of
a crossing lies on a ferry route) is taken as the place would have it at most.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from shapely.geometry import shape

import detectors
from detectors.core.detector import Detector
from detectors.core.evidence import Evidence
from detectors.core.explain import best_of
from detectors.core.hypothesis import Known
from detectors.kinematics import geodesy
from pipelines.assess.dispositions import newest
from pipelines.assess.dispositions.outcomes import FOUND
from pipelines.store import Queries

REACH_M: Final = {"anchorage": 5556.0}
"""How far beyond its outline a zone excuses: `gap.NEAR_A_BERTH_M`; other classes inside alone."""
NEAR_ANCHORAGE_SHARE: Final = 0.7
"""`Encounter` lowers what it finds in an anchorage to this share at least, whatever explains it."""
FALLS: Final = 0.005
"""A score that falls by less is the same in every table."""
_EVER: Final = pd.Timestamp("1970-01-01T00:00Z"), pd.Timestamp("2200-01-01T00:00Z")

_COPIED: Final = (
    "event_id",
    "kind",
    "subkind",
    "mmsi",
    "other_mmsi",
    "start",
    "lat",
    "lon",
    "score",
)

INSIDE: Final[Mapping[str, Mapping[str, Any]]] = {
    "anchorage": {"in_anchorage": True, "in_anchorage_fraction": 1.0, "in_port": True},
    "waiting_area": {"in_waiting_area": True},
    "pilot_ground": {"in_pilot_ground": True, "pilot_ground_fraction": 1.0},
    "ferry_route": {"ferry_route_fraction": 1.0},
}
"""What the evidence of an event in a zone of each class would say."""


@dataclass(frozen=True)
class Silenced:
    """An event that a place would have silenced or lowered."""

    event_id: str
    kind: str
    subkind: str
    mmsi: int
    other_mmsi: int
    start: pd.Timestamp
    lat: float
    lon: float
    score: float
    """Of the event as it is stored."""
    score_then: float
    """What its score would have been at most; 0 where it wouldn't have been raised."""
    reason: str
    """Why."""
    flagged: bool
    """Whether a vessel was flagged for it."""
    conclusion: str
    made_time: pd.Timestamp
    """What a person concluded of it last, and when; empty and NaT where nobody did."""

    @property
    def order(self) -> tuple[Any, ...]:
        """Return what was found to be right first, then what was concluded, flagged, and high."""
        return (
            self.conclusion not in FOUND,
            not self.conclusion,
            not self.flagged,
            -self.score,
            self.event_id,
        )


def silenced(
    store: Queries, features: Sequence[Mapping[str, Any]], used: Sequence[Detector] = ()
) -> dict[str, list[Silenced]]:
    """Return what each place would have silenced, by zone id, what was concluded first.

    Parameters
    ----------
    features
        Learned places as GeoJSON features; places that excuse nothing (lanes) have no entry.
    used
        Detectors as they are configured; others are taken by their defaults.
    """
    configured = {detector.name: detector for detector in used}
    excusing = [f for f in features if f["properties"]["zone_class"] in INSIDE]
    if not excusing:
        return {}
    said = newest(store.dispositions())
    stored = store.events_counted(*_EVER, FALLS)
    gone = set(said["event_id"]) - set(stored["event_id"])
    concluded = store.events_by_id(gone).sort_values("event_id")
    placed = ["event_id", "lat", "lon"]
    events = pd.concat([stored[placed], concluded[placed]], ignore_index=True)
    conclusions = dict(zip(said["event_id"], said.to_dict("records"), strict=True))
    flags = store.sql("SELECT event_ids FROM flags")["event_ids"]
    flagged = {one for ids in flags for one in ids.split(";")}
    vessels = store.vessels(_EVER[1]).set_index("mmsi")[["ship_type", "length_m"]]
    stated = {int(m): (int(t), float(n)) for m, t, n in vessels.itertuples()}
    lat, lon = (events[name].to_numpy("float64") for name in ("lat", "lon"))
    near = []
    for feature in excusing:
        away_m = _away_m(shape(feature["geometry"]), lat, lon)
        there = away_m <= REACH_M.get(feature["properties"]["zone_class"], 0.0)
        near.append(dict(zip(events["event_id"][there], away_m[there].tolist(), strict=True)))
    whole = store.events_by_id(list({key for each in near for key in each}))
    rows = {row["event_id"]: row for row in whole.to_dict("records")}
    found = {}
    for feature, each in zip(excusing, near, strict=True):
        facts, mine = feature["properties"], []
        for key, off_m in each.items():
            row, conclusion = rows[key], conclusions.get(key, {})
            score_then, reason = _then(facts["zone_class"], row, off_m, stated, configured)
            if score_then > row["score"] - FALLS:
                continue
            mine.append(
                Silenced(
                    **{name: row[name] for name in _COPIED},
                    score_then=score_then,
                    reason=reason,
                    flagged=row["event_id"] in flagged,
                    conclusion=str(conclusion.get("conclusion", "")),
                    made_time=conclusion.get("made_time", pd.NaT),
                )
            )
        found[str(facts["zone_id"])] = sorted(mine, key=lambda one: one.order)
    return found


def summary(found: Sequence[Silenced]) -> str:
    """Say in one line what a place would have silenced, what was concluded named; empty: nothing.

    >>> summary([])
    ''
    """
    if not found:
        return ""
    flagged = sum(one.flagged for one in found)
    concluded = [one for one in found if one.conclusion]
    many = f"would have silenced {len(found)} event{'s' * (len(found) > 1)}"
    many += f" ({flagged} flagged)" if flagged else ""
    if not concluded:
        return many
    said = ", ".join(f"{one.conclusion} {one.made_time:%Y-%m-%d}" for one in concluded[:3])
    more = f" and {len(concluded) - 3} more" if len(concluded) > 3 else ""
    return f"{many}, {len(concluded)} concluded: {said}{more}"


def _away_m(outline: shapely.Geometry, lat: Any, lon: Any) -> Any:
    """Return the distance of points from a place, 0 inside, infinite far away."""
    west, south, east, north = shapely.bounds(outline)
    middle = (south + north) / 2, (west + east) / 2

    def to(lon_lat: Any) -> Any:
        return np.stack(geodesy.to_local_m(lon_lat[:, 1], lon_lat[:, 0], *middle), axis=-1)

    local, points = shapely.transform(outline, to), to(np.stack([lon, lat], axis=-1))
    away_m = shapely.distance(local, shapely.points(points))
    return np.where(np.isfinite(away_m), away_m, np.inf)


def _then(
    zone_class: str,
    row: Mapping[Any, Any],
    away_m: float,
    stated: Mapping[int, tuple[int, float]],
    configured: Mapping[str, Detector],
) -> tuple[float, str]:
    """Return the score that an event would have had, and why."""
    score, name = float(row["score"]), str(row["detector"])
    told = row["evidence"].explained
    if name not in detectors.names() or (told is not None and told.by_detector):
        return score, ""
    detector = configured.get(name) or detectors.find(name)
    if why := _not_raised(detector, zone_class, row, away_m):
        return 0.0, why
    evidence = _as_if(zone_class, row["evidence"], away_m)
    vessels = [stated.get(int(m), (-1, math.nan)) for m in (row["mmsi"], row["other_mmsi"]) if m]
    types, lengths = tuple(ship_type for ship_type, _ in vessels), tuple(m for _, m in vessels)
    known = Known(str(row["kind"]), str(row["subkind"]), evidence, types, lengths)
    base = told.base_score if told is not None else score
    crowded = evidence.facts.get("in_anchorage") and row["evidence"].get("in_anchorage") is False
    base *= NEAR_ANCHORAGE_SHARE if name == "encounter" and crowded else 1.0
    best = best_of(known, detector.hypotheses)
    if best is None:
        return min(score, base), f"expected in a place of class {zone_class.replace('_', ' ')}"
    return min(score, base * (1.0 - best[0].weight_of(best[1]))), best[0].name


def _not_raised(detector: Any, zone_class: str, row: Mapping[Any, Any], away_m: float) -> str:
    """Say why a detector wouldn't have raised an event; empty where it would."""
    if zone_class in _left_out(detector, row) and away_m <= _edge_m(detector):
        return f"not raised in a place of class {zone_class.replace('_', ' ')}"
    off_m = _value(detector, "min_anchorage_m") if row["subkind"] == "waiting" else None
    if zone_class == "anchorage" and off_m is not None and away_m < off_m:
        return f"not raised within {off_m / geodesy.METRES_PER_NM:.1f} nm of an anchorage"
    return ""


def _as_if(zone_class: str, evidence: Evidence, away_m: float) -> Evidence:
    """Return what the evidence of an event would say, were the place a zone."""
    facts = {**evidence.facts, **(INSIDE[zone_class] if away_m == 0.0 else {})}
    facts = {key: value for key, value in facts.items() if key in evidence}
    if zone_class == "anchorage" and "anchorage_distance_m" in evidence:
        known_m = evidence.number("anchorage_distance_m")
        facts["anchorage_distance_m"] = away_m if math.isnan(known_m) else min(away_m, known_m)
    return replace(evidence, facts=facts)


def _left_out(detector: Any, row: Mapping[Any, Any]) -> Sequence[str]:
    """Return the classes of zones in which such an event isn't raised."""
    kind, evidence = row["kind"], row["evidence"]
    if kind == "geofence" and row["subkind"] != "stop":
        return ()
    if kind == "anchoring" and row["subkind"] != "in_prohibited":
        return tuple(_value(detector, "designated_classes") or ())
    # A silence under way that began at a berth is told where it ended elsewhere (`gap.no_berth`).
    if kind == "gap" and (evidence.get("is_open") or evidence.get("was_moving") is False):
        return tuple(_value(detector, "berth_classes") or ())
    return tuple(_value(detector, "excluded_classes") or ())


def _edge_m(detector: Any) -> float:
    """Return how far beyond its outline a zone counts as it does inside."""
    return float(_value(detector, "edge_m") or 0.0) if detector.name == "anchoring" else 0.0


def _value(detector: Any, parameter: str) -> Any:
    """Return a parameter of a detector as it is configured, or of its class: the default; None
    where it has none.
    """
    if isinstance(detector, Detector):
        return getattr(detector, parameter, None)
    field = detector.model_fields.get(parameter)
    return None if field is None else field.default
