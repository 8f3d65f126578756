"""plan.geojson: routes, meetings, the regions that hold 80 % of their errors, and risk sectors."""

import json
from typing import Any

import numpy as np

from pipelines.base.visible import clean
from pipelines.publish.plan import words
from pipelines.publish.products import Planned


def to_geojson(planned: Planned) -> str:
    """Write the plan as GeoJSON (RFC 7946); `layer` says what each feature is."""
    plan = planned.plan
    features: list[dict[str, Any]] = []
    for sector in plan.sectors:
        west, south, east, north = (
            sector.west,
            sector.south,
            sector.west + sector.size_deg,
            sector.south + sector.size_deg,
        )
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        features.append(
            _feature(
                "risk sector",
                "Polygon",
                [np.round(ring, 5).tolist()],
                name=sector.name,
                events=sector.events,
                landing_places=sector.landings,
                events_per_day=round(float(sector.rate_per_h.sum()), 4),
            )
        )
    for one in plan.sailed:
        for number, stop in enumerate(one.stops, 1):
            facts = {
                "unit": clean(one.sortie.unit.name),
                "sortie": one.sortie.number,
                "stop": number,
                "task": words.task(stop),
                "what": clean(words.what(stop, one, words.of(planned))),
                "begin": words.zulu(stop.begin_us),
                "chance": round(stop.chance, 3),
            }
            path = np.round(np.column_stack([stop.route.lon, stop.route.lat]), 5).tolist()
            if stop.route.distance_m > 1.0:
                far = words.nm(stop.route.distance_m)
                features.append(_feature("route", "LineString", path, **facts, distance_nm=far))
            if stop.target is not None:
                lat, lon = words.ellipse(stop)
                ring = [list(point) for point in zip(lon, lat, strict=True)][::-1]
                features.append(_feature("80 % region", "Polygon", [ring], **facts))
            if words.task(stop) != "return":
                place = [round(stop.lon, 5), round(stop.lat, 5)]
                reason = clean(stop.target.reason) if stop.target else ""
                sea = clean(stop.sea)
                features.append(
                    _feature("task", "Point", place, **facts, territorial_sea=sea, reason=reason)
                )
    for feature in features:
        feature["properties"] |= {"simulated": plan.simulated, **planned.marks}
    head = {
        "type": "FeatureCollection",
        "run_id": plan.run_id,
        "simulated": plan.simulated,
        "stale_after": words.zulu(plan.stale_us),
        "note": " ".join(words.warnings(planned)),
    }
    body = ",\n".join(json.dumps(f, allow_nan=False, ensure_ascii=False) for f in features)
    return f'{json.dumps(head, ensure_ascii=False)[:-1]}, "features": [\n{body}\n]}}\n'


def _feature(layer: str, kind: str, coordinates: Any, **facts: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": kind, "coordinates": coordinates},
        "properties": {"layer": layer, **facts},
    }
