"""Maps of places at the desk: zones, watch areas, learned places, and one area to be drawn."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from shapely.geometry import shape

from detectors.surroundings.zones import Zones
from pipelines.assess.silenced import Silenced
from pipelines.base.labels import Labels, labels
from pipelines.base.text import LOCAL, one_line
from pipelines.publish.briefing import NAME_LIMIT, SENTENCE_LIMIT
from pipelines.publish.maps import cut
from pipelines.publish.maps.scene import Point, Region, Scene
from pipelines.publish.review.page import COLOURS
from pipelines.publish.review.rows import Row
from pipelines.reference.layers.areas import FOLDER
from pipelines.reference.learned import PENDING, Snapshot
from pipelines.web.areas import in_words
from pipelines.web.changing import Area

MAX_POINTS: Final = 400
"""So many events that places would have silenced are on the map."""

_ROOM_DEG: Final = 0.15


def night_of(one: Silenced) -> str:
    """Return the date on whose evening a night begins: from noon to noon, local time."""
    local: pd.Timestamp = one.start.tz_convert(LOCAL) - pd.Timedelta(hours=12)
    return f"{local:%Y-%m-%d}"


@lru_cache(maxsize=2)
def without_areas(zones: Zones) -> Zones:
    """Return zones without the watch areas that the desk draws itself; the newest are kept."""
    drawn = zones.frame["file"].astype(str).str.startswith(f"{FOLDER}/")
    return zones.framed(zones.frame[~drawn])


def places(
    zones: Zones,
    areas: Sequence[Area],
    snapshot: Snapshot | None,
    rows: Sequence[Row],
    past: Mapping[str, Sequence[Silenced]],
    told: Callable[[Silenced], str],
    language: str,
) -> Scene:
    """Draw watch areas and learned places, with the events that these would have silenced.

    `told`: says what an event was; `language` what zones are called in.
    """
    outlines = {one.stem: one.geometry for one in areas if one.geometry is not None}
    key_of = {zone_id: row for row in rows for zone_id in row.zone_ids}
    learned = [] if snapshot is None else list(snapshot.features)
    shapes = [shape(feature["geometry"]) for feature in learned]
    corners = np.array([shapely.bounds(one) for one in [*outlines.values(), *shapes]])
    corners = corners.reshape(-1, 4)
    lon0, fit = cut.extent(corners[:, 0::2], corners[:, 1::2], zones)
    box = cut.padded(fit)
    regions = [
        _learned(feature, outline, key_of[str(feature["properties"]["zone_id"])], lon0)
        for feature, outline in zip(learned, shapes, strict=True)
    ]
    regions += [
        Region(
            cut.shape_rings(outlines[one.stem], lon0),
            "watch",
            _title(one, labels(language)),
            key=one.stem,
        )
        for one in areas
        if one.stem in outlines
    ]
    dots = dict.fromkeys(one.event_id for row in rows for one in past.get(row.zone_ids[0], ()))
    by_id = {one.event_id: one for found in past.values() for one in found}
    points = tuple(
        Point(
            float(cut.relative(by_id[key].lon, lon0)[0]),
            by_id[key].lat,
            "dot",
            "magenta" if by_id[key].flagged else "quiet",
            "",
            told(by_id[key]),
            night_of(by_id[key]),
        )
        for key in list(dots)[:MAX_POINTS]
        if np.isfinite(by_id[key].lat) and np.isfinite(by_id[key].lon)
    )
    ground = cut.ground(without_areas(zones), box, lon0, keyed=True, language=language)
    return Scene(lon0, fit, box, ground, regions=tuple(regions), points=points)


def _learned(feature: Mapping[str, Any], outline: Any, row: Row, lon0: float) -> Region:
    facts = feature["properties"]
    decision = row.decision if row.decision != "mixed" else PENDING
    return Region(
        cut.shape_rings(outline, lon0),
        "learned" if decision == PENDING else f"learned_{decision}",
        one_line(f"{facts['name']} ({row.key})", NAME_LIMIT * 2),
        COLOURS.get(str(facts["zone_class"]), "quiet"),
        facts.get("direction_deg"),
        row.key,
    )


def _title(area: Area, words: Labels) -> str:
    told = "; ".join(in_words(rule, words) for rule in area.asked)
    return one_line(f"{area.name}: {told}", SENTENCE_LIMIT)


def one(
    zones: Zones,
    area: Area | None,
    leads: Sequence[tuple[float, float, str]] = (),
    language: str = "en",
) -> Scene:
    """Draw the sea to draw an area on, near the one that there is.

    `leads`: latitude, longitude and words of what it would have told of; `language` what zones are
    called in.
    """
    bounds: Any = None if area is None else shapely.bounds(area.geometry)
    if area is None and leads:
        lats, lons = np.array([one[:2] for one in leads], "float64").T
        bounds = (lons.min(), lats.min(), lons.max(), lats.max())
    corners = np.zeros((0, 4)) if bounds is None else np.array([bounds], "float64")
    lon0, fit = cut.extent(corners[:, 0::2], corners[:, 1::2], zones)
    if bounds is not None:
        west, south, east, north = fit
        fit = (west - _ROOM_DEG, south - _ROOM_DEG, east + _ROOM_DEG, north + _ROOM_DEG)
        fit = (fit[0], max(fit[1], -cut.MAX_LAT), fit[2], min(fit[3], cut.MAX_LAT))
    box = cut.padded(fit)
    points = tuple(
        Point(float(cut.relative(lon, lon0)[0]), lat, "dot", "magenta", "", said)
        for lat, lon, said in leads
    )
    ground = cut.ground(without_areas(zones), box, lon0, language=language)
    return Scene(lon0, fit, box, ground, points=points)
