"""The page on which learned places are looked at: one HTML file, no request, the brief's map."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import shapely
from markupsafe import Markup
from shapely.geometry import shape

from detectors.surroundings.zones import Zones
from pipelines.assess.silenced import Silenced, summary
from pipelines.base.files import write_text
from pipelines.base.labels import labels
from pipelines.base.text import script_json
from pipelines.publish import checks
from pipelines.publish.maps import canvas, cut, page
from pipelines.publish.maps.scene import Region, Scene
from pipelines.publish.review.rows import rows_of
from pipelines.reference.learned import PENDING, Snapshot, decisions

COLOURS: Final[Mapping[str, str]] = {
    "anchorage": "anchorage",
    "waiting_area": "waiting_area",
    "pilot_ground": "pilot_ground",
    "ferry_route": "ferry_route",
    "lane": "learned-lane",
    "precautionary_area": "precautionary_area",
}
"""Colour of each class, a name in `maps.style.COLOURS`."""
FILE: Final = "review.html"
"""Name of the page in HOME/learned."""


Past = Mapping[str, Sequence[Silenced]]


def write(
    folder: Path, snapshot: Snapshot, zones: Zones, past: Past = MappingProxyType({})
) -> Path:
    """Draw a snapshot, with the decisions there are, into its folder; return the page."""
    return write_text(folder / FILE, render(snapshot, decisions(folder), zones, past))


def render(
    snapshot: Snapshot,
    decided: Mapping[str, str],
    zones: Zones,
    past: Past = MappingProxyType({}),
) -> str:
    """Write the page, with the map and a table of all places.

    Parameters
    ----------
    decided
        Zone id to decision.
    past
        Zone id to what accepting it would have silenced.
    """
    facts = [feature["properties"] for feature in snapshot.features]
    rows = rows_of(snapshot, decided)
    shown = {zone_id: row.key for row in rows for zone_id in row.zone_ids}
    places = [
        {
            **fact,
            "decision": decided.get(fact["zone_id"], PENDING),
            "more": _more(fact),
            "key": shown[fact["zone_id"]],
        }
        for fact in facts
    ]
    scene = scene_of(places, [shape(feature["geometry"]) for feature in snapshot.features], zones)
    counts = Counter(fact["zone_class"] for fact in facts)
    title = f"Learned places, {snapshot.facts['since'][:10]} to {snapshot.facts['until'][:10]}"
    return page.render(
        __package__,
        "review.html.j2",
        page.Head("Learned places", title, simulated=bool(snapshot.facts["simulated"])),
        sheets=[canvas.sheet(), page.text_of(__package__, "review.css")],
        scripts=[canvas.leaflet(), canvas.script(page.text_of(__package__, "review.js"))],
        data=Markup(script_json(canvas.data_of(scene))),  # noqa: S704 - made for this place
        still=page.still(scene, "Map of learned places"),
        facts=snapshot.facts,
        kind_of=labels("en").kind_of,
        file=snapshot.path.name,
        rows=[
            {
                **row.facts,
                "key": row.key,
                "decision": row.decision,
                "more": _more(row.facts),
                "pieces": len(row.zone_ids),
                "summary": summary(past.get(row.zone_ids[0], ())),
                "silences": past.get(row.zone_ids[0], ()),
            }
            for row in rows
        ],
        refused=snapshot.refused,
        classes=[(name, COLOURS[name], counts[name]) for name in COLOURS if counts[name]],
        has_land=len(zones.land) > 0,
    )


def scene_of(places: list[dict[str, Any]], outlines: list[shapely.Geometry], zones: Zones) -> Scene:
    """Draw the map: each place in the colour of its class, fuller or fainter as was decided."""
    corners = np.array([shapely.bounds(outline) for outline in outlines]).reshape(-1, 4)
    lon0, fit = cut.extent(corners[:, 0::2], corners[:, 1::2], zones)
    box = cut.padded(fit)
    return Scene(
        lon0,
        fit,
        box,
        cut.ground(zones, box, lon0),
        regions=tuple(
            Region(
                cut.shape_rings(outline, lon0),
                "learned" if place["decision"] == PENDING else f"learned_{place['decision']}",
                _title(place),
                COLOURS.get(place["zone_class"], "quiet"),
                place.get("direction_deg"),
                place["key"],
            )
            for place, outline in zip(places, outlines, strict=True)
        ),
    )


def _title(place: Mapping[str, Any]) -> str:
    return (
        f"{place['zone_id']}: {place['name']}; {place['n_vessels']} vessels, "
        f"{place['n_visits']} visits, {place['n_days']} days, confidence "
        f"{place['confidence_score']}; {place['more']}; {place['decision']}"
    )


_TOLD: Final = frozenset(
    {
        "zone_id",
        "name",
        "zone_class",
        "source",
        "confidence",
        "note",
        "confidence_score",
        "n_vessels",
        "n_visits",
        "n_days",
        "since",
        "until",
    }
)


def _more(fact: Mapping[str, Any]) -> str:
    """Return what else was measured, in one line."""
    return ", ".join(
        f"{checks.label(key)} {checks.shown(key, fact[key])}" for key in fact if key not in _TOLD
    )
