"""events.geojson, incidents.geojson and tracks.geojson (RFC 7946): what a GIS or a web map opens.

Coordinates are longitude, latitude in WGS84, 6 decimals. Texts are clean (see `text`). Collections
carry run_id, simulated and note as foreign members, in a recipient's pack its marks too; as many
readers drop those, every feature has `simulated`, and its own marks, too.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely

from detectors.kinematics import geodesy
from pipelines.base.files import write_text
from pipelines.base.text import iso
from pipelines.base.visible import clean
from pipelines.publish import notices
from pipelines.publish.briefing import vessel_names
from pipelines.publish.csv_text import iso_seconds
from pipelines.publish.lines import track_lines
from pipelines.publish.products import Products
from pipelines.publish.tables import event_table, incident_table, leads

_EVIDENCE: Final = "\0evidence"
"""What no clean text is: evidence, which is JSON already, takes its place."""


def write_events(products: Products, path: Path) -> Path:
    """Write one Point feature per event that is more than context (`tables.leads`); return `path`.

    Properties: the columns of events.csv (mmsi a number, other_mmsi and end null where there is
    none, evidence an object) plus reason, name, other_name, rank (of the better placed of its
    vessels, null if neither is flagged), simulated. An event without a place has a null geometry.
    """
    chosen = leads(products)
    table = event_table(products)[chosen]
    names, ranks = vessel_names(products), _ranks(products)
    for name in ("start", "end"):
        table[name] = iso_seconds(table[name])
    reasons = [clean(str(text)) for text in products.events.loc[chosen, "reason"]]
    features = []
    places = zip(table["lat"].tolist(), table["lon"].tolist(), strict=True)
    for row, (lat, lon), reason in zip(_rows(table), places, reasons, strict=True):
        both = [row["mmsi"]] if row["other_mmsi"] is None else [row["mmsi"], row["other_mmsi"]]
        properties = {
            **row,
            "end": row["end"] or None,
            "evidence": _EVIDENCE,
            "reason": reason,
            "name": names.get(both[0], ""),
            "other_name": names.get(both[1], "") if len(both) > 1 else "",
            "rank": min((ranks[mmsi] for mmsi in both if mmsi in ranks), default=None),
            "simulated": products.simulated,
        }
        text = _text(_feature(row["event_id"], _point(lat, lon), properties))
        features.append(text.replace(_text(_EVIDENCE), _ascii(row["evidence"]), 1))
    return write_text(path, _collection(products, features))


def _rows(table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Return rows of a tidy table by column, None for numbers that aren't known."""
    columns = [
        values if table[name].dtype == "str" else [None if pd.isna(one) else one for one in values]
        for name, values in ((name, table[name].tolist()) for name in table.columns)
    ]
    names = [str(name) for name in table.columns]
    return (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))


def _ascii(evidence: str) -> str:
    """Return JSON text as `_text` would write what it says."""
    as_it_is = evidence.isascii() and "\\u" not in evidence
    return evidence if as_it_is else _text(json.loads(evidence))


def _text(value: Any) -> str:
    return json.dumps(value, allow_nan=False)


def write_incidents(products: Products, path: Path) -> Path:
    """Write one Point feature per incident, where its strongest event was; return `path`.

    Properties: the columns of incidents.csv (end null while it goes on) and simulated.
    """
    table = incident_table(products)
    for name in ("start", "end", "last_seen"):
        table[name] = iso_seconds(table[name])
    places = zip(table["lat"].tolist(), table["lon"].tolist(), strict=True)
    features = [
        _text(
            _feature(
                row["incident_id"],
                _point(lat, lon),
                {
                    **row,
                    "end": row["end"] or None,
                    "last_seen": row["last_seen"] or None,
                    "simulated": products.simulated,
                },
            )
        )
        for row, (lat, lon) in zip(_rows(table), places, strict=True)
    ]
    return write_text(path, _collection(products, features))


def _point(lat: float, lon: float) -> dict[str, Any] | None:
    if not (np.isfinite(lat) and np.isfinite(lon)):
        return None
    return {"type": "Point", "coordinates": [round(float(geodesy.wrap_lon(lon)), 6), lat]}


def write_tracks(products: Products, path: Path) -> Path:
    """Write the tracks of flagged vessels and their partners, one feature per track; return `path`.

    A LineString, cut into a MultiLineString at the antimeridian, or a Point if it has one place.
    Properties: track_id, mmsi, name, rank (null for a partner), start, end, n_reports, simulated.
    """
    lines = track_lines(products.tracks)
    names, ranks = vessel_names(products), _ranks(products)
    features = []
    for row in lines.assign(
        start=iso_seconds(lines["start"]) if len(lines) else [],
        end=iso_seconds(lines["end"]) if len(lines) else [],
    ).to_dict("records"):
        geometry = row.pop("geometry")
        properties = {
            **row,
            "name": names.get(row["mmsi"], ""),
            "rank": ranks.get(row["mmsi"]),
            "simulated": products.simulated,
            **_track_marks(products, row["track_id"]),
        }
        features.append(_text(_feature(str(row["track_id"]), _geometry(geometry), properties)))
    return write_text(path, _collection(products, features))


def _release(products: Products) -> dict[str, Any]:
    release = products.release
    if release is None:
        return {}
    return {
        **release.mark.fields,
        "recipient": release.title,
        "stale_after": iso(release.stale_after),
    }


def _track_marks(products: Products, track_id: int) -> dict[str, str]:
    if products.release is None:
        return {}
    return products.release.track_marks[track_id].fields


def _ranks(products: Products) -> dict[int, int]:
    flagged = products.flagged
    return {int(m): int(r) for m, r in zip(flagged["mmsi"], flagged["rank"], strict=True)}


def _geometry(geometry: shapely.Geometry) -> dict[str, Any]:
    rounded: Any = shapely.transform(geometry, lambda places: np.round(places, 6))
    return dict(shapely.geometry.mapping(rounded))


def _feature(
    key: str, geometry: dict[str, Any] | None, properties: dict[str, Any]
) -> dict[str, Any]:
    return {"type": "Feature", "id": key, "geometry": geometry, "properties": properties}


def _collection(products: Products, features: list[str]) -> str:
    head = {
        "type": "FeatureCollection",
        "run_id": products.run_id,
        "simulated": products.simulated,
        "note": notices.summary(products),
        **_release(products),
    }
    return json.dumps(head)[:-1] + ', "features": [\n' + ",\n".join(features) + "\n]}\n"
