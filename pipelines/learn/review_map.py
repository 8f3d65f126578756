"""The page on which learned places are looked at: one HTML file, no request, SVG inside.

Its Content-Security-Policy allows exactly its own style sheet and script, by their hashes.
"""

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely
from markupsafe import Markup
from shapely.geometry import shape

from detectors.core import geodesy
from detectors.core.zones import Zones
from pipelines import reference
from pipelines.export import pages
from pipelines.export.files import write_text
from pipelines.learn.snapshot import PENDING, Snapshot, decisions
from pipelines.settings import REFERENCE

COLOURS: Final[Mapping[str, str]] = {
    "anchorage": "#7a3e9d",
    "waiting_area": "#b8860b",
    "pilot_ground": "#0b7a75",
    "ferry_route": "#2b6cb0",
    "lane": "#c2185b",
    "precautionary_area": "#e65100",
}
FILE: Final = "review.html"
"""Name of the page in HOME/learned."""
_HAND_DRAWN: Final = ("port", "anchorage", "sts_area")
_MARGIN_DEG: Final = 0.4
_ARROW_KM: Final = 6.0
_LAND_TOLERANCE_DEG: Final = 0.001
_ALL: Final = (98.0, 0.5, 105.0, 7.0)


def write(folder: Path, snapshot: Snapshot, zones: Zones) -> Path:
    """Draw a snapshot, with the decisions there are, into its folder; return the page."""
    land = reference.load_land_display(REFERENCE)
    return write_text(folder / FILE, page(snapshot, decisions(folder), zones, land))


def page(
    snapshot: Snapshot, decided: Mapping[str, str], zones: Zones, land: gpd.GeoDataFrame
) -> str:
    """The page.

    Parameters
    ----------
    snapshot
        What was learned.
    decided
        Zone id to decision.
    zones
        Hand-written zones, drawn dashed beside.
    land
        The coast.

    Returns
    -------
    str
        HTML with the map (degrees as units, north up) and a table of all places.
    """
    shapes = [shape(feature["geometry"]) for feature in snapshot.features]
    box = _box(shapes)
    facts = [feature["properties"] for feature in snapshot.features]
    drawn = [
        {
            **fact,
            "path": _path([outline]),
            "colour": COLOURS.get(fact["zone_class"], "#333333"),
            "arrow": _arrow(outline, fact.get("direction_deg")),
            "decision": decided.get(fact["zone_id"], PENDING),
            "more": _more(fact),
        }
        for fact, outline in zip(facts, shapes, strict=True)
    ]
    frame = zones.frame[zones.frame["zone_class"].isin(_HAND_DRAWN)]
    window = shapely.box(*box)
    coast = shapely.simplify(
        shapely.clip_by_rect(land.geometry.to_numpy(), *box), _LAND_TOLERANCE_DEG
    )
    by_hand = [
        {"name": f"{row.name_} ({row.zone_class.replace('_', ' ')})", "path": _path([row.geometry])}
        for row in frame.rename(columns={"name": "name_"}).itertuples()
        if row.geometry.intersects(window)
    ]
    style = pages.text_of(__package__, "review.css")
    script = pages.text_of(__package__, "review.js")
    west, south, east, north = box
    return pages.template(__package__, "review.html.j2").render(
        policy=(
            f"default-src 'none'; style-src '{pages.hash_of(style)}'; "
            f"script-src '{pages.hash_of(script)}'; base-uri 'none'; form-action 'none'"
        ),
        style=Markup(style),  # noqa: S704 - ours
        script=Markup(script),  # noqa: S704 - ours
        facts=snapshot.facts,
        file=snapshot.path.name,
        places=drawn,
        classes={k: v for k, v in COLOURS.items() if any(f["zone_class"] == k for f in facts)},
        counts={k: sum(f["zone_class"] == k for f in facts) for k in COLOURS},
        land=_path(coast),
        by_hand=by_hand,
        box=f"{west:.4f} {-north:.4f} {east - west:.4f} {north - south:.4f}",
        width=east - west,
    )


def _box(shapes: Sequence[Any]) -> tuple[float, float, float, float]:
    if not shapes:
        return _ALL
    west, south, east, north = shapely.total_bounds(np.array(shapes, object))
    return (
        float(west) - _MARGIN_DEG, float(south) - _MARGIN_DEG,
        float(east) + _MARGIN_DEG, float(north) + _MARGIN_DEG,
    )  # fmt: skip


def _path(shapes: Any) -> str:
    """SVG path data of polygons, degrees, y downwards."""
    parts = shapely.get_parts(shapely.get_parts(list(shapes)))
    rings = shapely.get_rings(parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON])
    pieces = []
    for ring in rings:
        points = " ".join(f"{x:.4f},{-y:.4f}" for x, y in shapely.get_coordinates(ring))
        pieces.append(f"M{points}Z")
    return html.escape("".join(pieces))


def _arrow(outline: Any, direction_deg: float | None) -> str:
    """SVG path data of an arrow in the middle of a lane."""
    if direction_deg is None:
        return ""
    middle = shapely.point_on_surface(outline)
    length_m = min(_ARROW_KM * 1000, 0.6 * np.sqrt(shapely.area(outline)) * 111_195)
    lat, lon = geodesy.destination(middle.y, middle.x, direction_deg, length_m)
    left, right = (
        geodesy.destination(lat, lon, direction_deg + turn, length_m * 0.4) for turn in (150, -150)
    )
    return (
        f"M{middle.x:.4f},{-middle.y:.4f} {lon:.4f},{-lat:.4f}"
        f"M{left[1]:.4f},{-left[0]:.4f} {lon:.4f},{-lat:.4f} {right[1]:.4f},{-right[0]:.4f}"
    )


_TOLD: Final = frozenset(
    {"zone_id", "name", "zone_class", "source", "confidence", "note", "confidence_score",
     "n_vessels", "n_visits", "n_days", "since", "until"}
)  # fmt: skip


def _more(fact: Mapping[str, Any]) -> str:
    """What else was measured, in one line."""
    return ", ".join(f"{key} {fact[key]}" for key in fact if key not in _TOLD)
