"""Learned places as files: dated snapshots that never change, and what a person decided of them.

A snapshot is ``HOME/learned/places-<date>.geojson`` (the date on which the traffic ends; a second
one of that date gets ``-2``), the newest counts. What a person decided is in
``HOME/learned/decisions.yaml``, by zone id: only accepted places are used, so that nobody's habits
become normal without a look. Ids are kept from snapshot to snapshot while a place stays where it
is, and the decision with them.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
import yaml
from shapely.geometry import shape

from detectors.core.errors import ConfigError
from detectors.surroundings.landmarks import Gazetteer
from pipelines.base.files import locked, read_plain, write_text
from pipelines.base.yaml_files import read_yaml
from pipelines.reference.place import Place, Refused
from pipelines.reference.snapshots import free_path, newest

ACCEPT, REJECT, PENDING = "accept", "reject", "pending"
DECISIONS: Final = "decisions.yaml"
SAME_PLACE: Final = 0.3
"""Two outlines of one class are the same place from this overlap (intersection over union) on."""
_MAX_BYTES: Final = 200_000_000
_HINT: Final = (
    "snapshots aren't edited: decide with `selat learn review`, draw zones of your own in "
    "config/zones, or delete the file and learn again"
)


@dataclass(frozen=True)
class Snapshot:
    """A snapshot of places as it was written."""

    path: Path
    facts: Mapping[str, Any]
    features: Sequence[Mapping[str, Any]]

    @property
    def hash(self) -> str:
        """SHA-256 of its features."""
        return str(self.facts["hash"])

    @property
    def refused(self) -> list[dict[str, Any]]:
        """Return what was refused: zone_class, name, reason, lat, lon, bounds (west, south, east,
        north), n_vessels, n_visits, n_days; none in snapshots of older versions.
        """
        return [dict(one) for one in self.facts.get("refused", ())]

    def ids(self) -> list[str]:
        """Return zone ids in their order."""
        return [str(feature["properties"]["zone_id"]) for feature in self.features]


# ---- writing


def write(
    folder: Path,
    places: Sequence[Place],
    facts: Mapping[str, Any],
    until: pd.Timestamp,
    gazetteer: Gazetteer,
    refused: Sequence[Refused] = (),
) -> Snapshot:
    """Write a snapshot; where the newest one says the same already, that one is returned.

    Parameters
    ----------
    facts
        Of the snapshot as a whole: span, counts, parameters.
    refused
        What looked like a place and can be none; kept with its reason, see `Snapshot.refused`.
    """
    before = read_newest(folder)
    features = _features(places, facts, gazetteer, before)
    whole = {**facts, "refused": _refusals(refused, gazetteer), "hash": _digest(features)}
    if before is not None and dict(before.facts) == json.loads(json.dumps(whole)):
        return before
    folder.mkdir(parents=True, exist_ok=True)
    path = free_path(folder, "places", until, ".geojson")
    document = {"type": "FeatureCollection", "selat": whole, "features": features}
    write_text(path, _dumped(document))
    return Snapshot(path, whole, features)


def _dumped(document: Mapping[str, Any]) -> str:
    """Return GeoJSON, one feature a line."""
    lines = ",\n".join(json.dumps(f, ensure_ascii=False) for f in document["features"])
    head = json.dumps(document["selat"], ensure_ascii=False)
    return f'{{"type": "FeatureCollection",\n"selat": {head},\n"features": [\n{lines}\n]}}\n'


def _digest(features: Sequence[Mapping[str, Any]]) -> str:
    text = json.dumps(features, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _features(
    places: Sequence[Place], facts: Mapping[str, Any], gazetteer: Gazetteer, before: Snapshot | None
) -> list[dict[str, Any]]:
    ordered = sorted(places, key=lambda p: (p.zone_class, *_corner(p.shape)))
    ids = _ids(ordered, before)
    points = [shapely.point_on_surface(place.shape) for place in ordered]
    where = [gazetteer.describe(p.y, p.x) for p in points]
    span = f"{str(facts['since'])[:10]} to {str(facts['until'])[:10]}"
    return [
        {
            "type": "Feature",
            "properties": {
                "zone_id": zone_id,
                "name": _name(place, words),
                "zone_class": place.zone_class,
                "source": "learned",
                "confidence": "learned",
                "note": f"Learned from {place.n_vessels} vessels on {place.n_days} days, {span}.",
                "confidence_score": place.confidence_score,
                "n_vessels": place.n_vessels,
                "n_visits": place.n_visits,
                "n_days": place.n_days,
                "since": facts["since"],
                "until": facts["until"],
                **place.facts,
            },
            "geometry": _rounded(json.loads(shapely.to_geojson(place.shape))),
        }
        for zone_id, place, words in zip(ids, ordered, where, strict=True)
    ]


def _refusals(refused: Sequence[Refused], gazetteer: Gazetteer) -> list[dict[str, Any]]:
    found = []
    for one in sorted(refused, key=lambda r: (r.place.zone_class, *_corner(r.place.shape))):
        place, middle = one.place, shapely.centroid(one.place.shape)
        found.append(
            {
                "zone_class": place.zone_class,
                "name": _name(place, gazetteer.describe(middle.y, middle.x)),
                "reason": one.reason,
                "lat": round(middle.y, 4),
                "lon": round(middle.x, 4),
                "bounds": [round(float(v), 4) for v in shapely.bounds(place.shape)],
                "n_vessels": place.n_vessels,
                "n_visits": place.n_visits,
                "n_days": place.n_days,
            }
        )
    return found


def _name(place: Place, where: str) -> str:
    return f"{place.zone_class.replace('_', ' ').capitalize()} {where}"


def _corner(geometry: Any) -> tuple[float, float]:
    west, south, _, _ = geometry.bounds
    return float(west), float(south)


def _rounded(geometry: Mapping[str, Any]) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, float | np.floating):
            return round(float(value), 6)
        return [plain(v) for v in value]

    return {"type": geometry["type"], "coordinates": plain(geometry["coordinates"])}


def _ids(places: Sequence[Place], before: Snapshot | None) -> list[str]:
    """Return ids: of the same place before, else made of class and position."""
    inherited = _inherited(places, before)
    taken = set(inherited.values())
    ids = []
    for k, place in enumerate(places):
        name = inherited.get(k)
        if name is None:
            middle = shapely.centroid(place.shape)
            base = f"learned-{place.zone_class.replace('_', '-')}-{_code(middle.y, middle.x)}"
            name, number = base, 1
            while name in taken:
                number += 1
                name = f"{base}-{number}"
            taken.add(name)
        ids.append(name)
    return ids


def _code(lat: float, lon: float) -> str:
    """Return a position in hundredths of a degree: 0125n-10390e."""
    north, east = "n" if lat >= 0 else "s", "e" if lon >= 0 else "w"
    return f"{round(abs(lat) * 100):04d}{north}-{round(abs(lon) * 100):05d}{east}"


def _inherited(places: Sequence[Place], before: Snapshot | None) -> dict[int, str]:
    """Return ids of the snapshot before by row, each given once, the largest overlap first."""
    if before is None or not before.features or not places:
        return {}
    old = [shape(feature["geometry"]) for feature in before.features]
    classes = [feature["properties"]["zone_class"] for feature in before.features]
    new = np.array([place.shape for place in places], object)
    rows, cols = shapely.STRtree(old).query(new, predicate="intersects")
    overlaps = []
    for row, col in zip(rows.tolist(), cols.tolist(), strict=True):
        if places[row].zone_class == classes[col]:
            common = shapely.area(shapely.intersection(new[row], old[col]))
            share = common / (shapely.area(new[row]) + shapely.area(old[col]) - common)
            overlaps.append((-share, row, col))
    found: dict[int, str] = {}
    ids = before.ids()
    for minus_share, row, col in sorted(overlaps):
        if -minus_share >= SAME_PLACE and row not in found and ids[col] not in found.values():
            found[row] = ids[col]
    return found


# ---- reading


def read_newest(folder: Path) -> Snapshot | None:
    """Return the newest snapshot of places, None where there is none; see `read`."""
    path = newest(folder, "places", ".geojson")
    return None if path is None else read(path)


def read(path: Path) -> Snapshot:
    """Return a snapshot of places.

    Raises ConfigError if it can't be read, or isn't as it was written.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ConfigError(f"{path.name} is too large for a snapshot", hint=_HINT)
        document = json.loads(read_plain(path, _MAX_BYTES))
        facts, features = document["selat"], document["features"]
        right = facts["hash"] == _digest(features)
    except (OSError, ValueError, RecursionError, LookupError, TypeError) as error:
        text = f"the learned places in {path.name} can't be read: {error}"
        raise ConfigError(text, hint=_HINT) from error
    if not right:
        raise ConfigError(f"{path.name} isn't as it was written", hint=_HINT)
    return Snapshot(path, facts, features)


def accepted(folder: Path) -> Iterator[tuple[str, Any]]:
    """Yield accepted features of the newest snapshot, with words for where each is."""
    snapshot = read_newest(folder)
    if snapshot is None:
        return
    decided = decisions(folder)
    for number, feature in enumerate(snapshot.features, start=1):
        if decided.get(str(feature["properties"]["zone_id"])) == ACCEPT:
            yield f"{snapshot.path.name}, feature {number}", feature


# ---- decisions


@dataclass(frozen=True)
class Decision:
    """What a person decided of a place, `ACCEPT` or `REJECT`; who and when, if known."""

    what: str
    by: str = ""
    made: str = ""


def decisions(folder: Path) -> dict[str, str]:
    """Return what a person decided: zone id to `ACCEPT` or `REJECT`."""
    return {zone_id: one.what for zone_id, one in decided(folder).items()}


def decided(folder: Path) -> dict[str, Decision]:
    """Return what a person decided by zone id, as `decisions`, with who did, and when."""
    path = folder / DECISIONS
    if not path.exists():
        return {}
    try:
        return {str(key): _decision(value) for key, value in read_yaml(path).items()}
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"{DECISIONS} of the learned places isn't a list of decisions",
            hint=f"each line is a zone id and {ACCEPT} or {REJECT}",
        ) from error


def _decision(value: Any) -> Decision:
    held = value if isinstance(value, dict) else {"what": value}
    made = Decision(**{str(key): str(text) for key, text in held.items()})
    if made.what not in (ACCEPT, REJECT):
        raise ValueError(made.what)
    return made


def decide(folder: Path, changes: Mapping[str, str], by: str = "", made: str = "") -> None:
    """Add decisions to those there are; `PENDING` takes one back."""
    more = {name: text for name, text in (("by", by), ("made", made)) if text}
    with locked(folder):  # two desks may decide
        held = {key: asdict(one) for key, one in decided(folder).items()}
        held |= {key: {"what": what, **more} for key, what in changes.items()}
        kept = {key: _plain(held[key]) for key in sorted(held) if held[key]["what"] != PENDING}
        head = (
            "# What a person decided of learned places; `selat learn review` and the desk write "
            "this.\n"
        )
        text = yaml.safe_dump(kept, default_flow_style=None, allow_unicode=True, width=200)
        write_text(folder / DECISIONS, head + (text if kept else "{}\n"))


def _plain(held: Mapping[str, str]) -> Any:
    told = {key: text for key, text in held.items() if text}
    return told if len(told) > 1 else told["what"]


def in_use(folder: Path) -> dict[str, Any] | None:
    """Return name, places, places used and their hash of the newest snapshot, or None."""
    snapshot = read_newest(folder)
    if snapshot is None:
        return None
    used = [feature for _, feature in accepted(folder)]
    return {
        "name": snapshot.path.stem,
        "learned": len(snapshot.features),
        "used": len(used),
        "hash": _digest(used)[:16],
    }
