"""What of land, zones and boundaries lies in an extent: the ground of a map, and its extent."""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

from detectors.core.arrays import Floats, Ints
from detectors.kinematics import geodesy
from pipelines.base.labels import Labels, labels
from pipelines.base.text import one_line
from pipelines.publish.maps.scene import Box, Ground, Label, Place, Region

if TYPE_CHECKING:
    from detectors.surroundings.zones import Zones

HOME: Final = (98.0, 0.5, 105.0, 7.0)
"""The Straits, shown where there is nothing to show and layers reach them."""

MAX_LAT: Final = 84.0  # Mercator has no pole
EDGE_LAT: Final = 85.0
"""Where a map ends that shows what is as far north or south as that."""
NAME_LIMIT: Final = 60
_FIT_PAD: Final = 0.08
_MIN_SPAN_DEG: Final = 0.3
_GROUND_PAD_DEG: Final = 1.5
_LAND_VERTICES: Final = 60_000
_ZONE_VERTICES: Final = 20_000
_TOLERANCE_DEG: Final = 0.0004
_STATES: Final = {"MYS": "MALAYSIA", "IDN": "INDONESIA", "SGP": "SINGAPORE", "THA": "THAILAND"}
_LABEL_AREA_DEG2: Final = 0.02

Shapes = NDArray[np.object_]


def relative(lon: ArrayLike, lon0: float) -> Floats:
    """Longitudes as degrees east of `lon0`, from -180 to 180."""
    return np.atleast_1d(geodesy.wrap_lon(np.asarray(lon, "float64") - lon0))


def extent(
    lon: ArrayLike,
    lat: ArrayLike,
    zones: "Zones | None" = None,
    heard_deg: Sequence[float] = (),
) -> tuple[float, Box]:
    """Find the middle longitude of some places, and the box around them to show first; of none
    where vessels were heard, else the waters that the layers of `zones` reach, or the Straits if
    they lie in these.

    >>> extent([100.0, 102.0], [1.0, 2.0])
    (101.0, (-1.16, 0.92, 1.16, 2.08))
    """
    lons, lats = np.asarray(lon, "float64").ravel(), np.asarray(lat, "float64").ravel()
    if len(lons) == 0:
        west, south, east, north = heard_deg or _home(zones)
        south, north = max(south, -MAX_LAT), min(north, MAX_LAT)
        middle = (west + east) / 2
        return middle, (west - middle, south, east - middle, north)
    angle = np.radians(lons)
    lon0 = float(np.degrees(np.arctan2(np.sin(angle).mean(), np.cos(angle).mean())))
    x, y = relative(lons, lon0), np.clip(lats, -MAX_LAT, MAX_LAT)
    pad_x, pad_y = (
        max(float(np.ptp(v)) * _FIT_PAD, (_MIN_SPAN_DEG - float(np.ptp(v))) / 2) for v in (x, y)
    )
    west, east = float(x.min()) - pad_x, float(x.max()) + pad_x
    # Of a map of the world the room around it would reach beyond the poles.
    south, north = max(float(y.min()) - pad_y, -EDGE_LAT), min(float(y.max()) + pad_y, EDGE_LAT)
    return lon0, (west, south, east, north)


def _home(zones: "Zones | None") -> Box:
    reach = None if zones is None else zones.reach
    if reach is None or shapely.is_empty(reach) or shapely.intersects(reach, shapely.box(*HOME)):
        return HOME
    west, south, east, north = shapely.bounds(reach).tolist()
    return west, south, east, north


def padded(box: Box) -> Box:
    """Return how far the ground is cut out around what is shown first."""
    west, south, east, north = box
    return (
        max(west - _GROUND_PAD_DEG, -180.0),
        max(south - _GROUND_PAD_DEG, -MAX_LAT),
        min(east + _GROUND_PAD_DEG, 180.0),
        min(north + _GROUND_PAD_DEG, MAX_LAT),
    )


@lru_cache(maxsize=4)
def ground(
    zones: "Zones", box: Box, lon0: float, *, keyed: bool = False, language: str = "en"
) -> Ground:
    """Land, zones, boundaries, names of states and places in a box.

    `keyed`: whether zones of GeoJSON files bring their ids, for a page that opens them; `language`
    what zones of ours are called in.

    The newest are kept: a brief, its PDF and the packs of a run show the same one.
    """
    drawn = _zones(zones, box, lon0, keyed, labels(language))
    return replace(without_zones(zones, box, lon0), zones=drawn)


def without_zones(zones: "Zones", box: Box, lon0: float) -> Ground:
    """Return the ground without the zones, whose outlines take half of the time."""
    land, states = _land(zones.ground, box, lon0)
    borders = shapely.get_parts(clip(zones.boundaries.frame.geometry.to_numpy(), box, lon0))
    return Ground(
        land=land,
        zones=(),
        borders=tuple(shapely.get_coordinates(line) for line in borders),
        states=states,
        places=_places(zones, box, lon0),
    )


# What is made once for all zones that have the same polygons: who draws one more has the same land.


@lru_cache(maxsize=4)
def _land(
    polygons: tuple[tuple[bytes, ...], tuple[str, ...]], box: Box, lon0: float
) -> tuple[tuple[Floats, ...], tuple[Label, ...]]:
    """Outlines of land, and names of states."""
    wkb, iso3 = polygons
    shapes = shapely.from_wkb(np.array(wkb, object))
    # Thousands of islands touch nothing: ten times as fast as uniting all with all.
    pieces = shapely.get_parts(shapely.disjoint_subset_union_all(clip(shapes, box, lon0)))
    return rings_of(_coarser(pieces, _LAND_VERTICES)), _states(shapes, iso3, box, lon0)


@lru_cache(maxsize=8)
def _outlined(
    wkb: tuple[bytes, ...], box: Box, lon0: float, tolerance: float
) -> tuple[tuple[int, tuple[Floats, ...]], ...]:
    """Rings of the pieces of zones that lie in a box, simplified, with the number of each zone."""
    number, pieces = _cut(shapely.from_wkb(np.array(wkb, object)), box, lon0)
    order = np.argsort(number, kind="stable")
    simple = _simplified(pieces[order], _ZONE_VERTICES, tolerance)
    rings = [rings_of([shape]) for shape in simple]
    # Of what only touches the box, a line is left.
    return tuple((one, of) for one, of in zip(number[order].tolist(), rings, strict=True) if of)


def rings_of(shapes: Any) -> tuple[Floats, ...]:
    """Rings of polygons, holes too; what has no area is left out."""
    parts = shapely.get_parts(shapely.get_parts(list(shapes)))
    polygons = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    return tuple(shapely.get_coordinates(ring) for ring in shapely.get_rings(polygons))


def shape_rings(shape: shapely.Geometry, lon0: float) -> tuple[Floats, ...]:
    """Rings of a polygon given in WGS84, in the map's frame of longitude."""
    return tuple(
        np.column_stack([relative(ring[:, 0], lon0), ring[:, 1]]) for ring in rings_of([shape])
    )


def clip(shapes: Shapes, box: Box, lon0: float) -> Shapes:
    """Shapes cut to the box, in its frame; the world is looked at once on each side of it."""
    return _cut(shapes, box, lon0)[1]


def _cut(shapes: Shapes, box: Box, lon0: float) -> tuple[Ints, Shapes]:
    """Return what `clip` does, with the number of the shape that each is of."""
    west, south, east, north = box
    numbers, found = [np.empty(0, np.int64)], [np.empty(0, object)]
    for turn in (-360.0, 0.0, 360.0):
        shift = turn - lon0
        window = (west - shift, south, east - shift, north)
        if window[0] > 180.0 or window[2] < -180.0:
            continue
        cut = shapely.clip_by_rect(shapes, *window)
        there = np.flatnonzero(~shapely.is_empty(cut))
        numbers.append(there)
        found.append(shapely.transform(cut[there], partial(_shifted, by=shift)))
    return np.concatenate(numbers), np.concatenate(found)


def _shifted(xy: Floats, by: float) -> Floats:
    return np.asarray(xy + np.array([by, 0.0]))


def _simplified(shapes: Shapes, vertices: int, tolerance: float) -> list[shapely.Geometry]:
    """Shapes with the finest tolerance (doubling from the given) that keeps to `vertices`.

    Islets smaller than that are left out of a sea that they stand in, as they are of land. To keep
    them, and lines from crossing, took four times as long.
    """
    while True:
        simple = list(shapely.simplify(shapes, tolerance, preserve_topology=False))
        if shapely.get_num_coordinates(simple).sum() <= vertices or tolerance >= 1.0:
            return simple
        tolerance *= 2


def _coarser(pieces: Shapes, vertices: int) -> list[shapely.Geometry]:
    """Pieces of land as `_simplified` leaves them, without those smaller than the tolerance.

    Each is simplified alone: skerries by the ten thousand, as one shape, take minutes, and none
    goes below four vertices.
    """
    west, south, east, north = shapely.bounds(pieces).T
    across = np.maximum(east - west, north - south)
    tolerance, simple = _TOLERANCE_DEG, pieces
    while tolerance < 1.0:
        simple = shapely.simplify(pieces[across >= tolerance], tolerance)
        if shapely.get_num_coordinates(simple).sum() <= vertices:
            break
        tolerance *= 2
    return list(simple)


def _states(land: Shapes, iso3: Sequence[str], box: Box, lon0: float) -> tuple[Label, ...]:
    """Names of the states, with the widest spot of the largest piece and the room there."""
    labels, whose = [], np.array(iso3, object)
    for state, name in _STATES.items():
        pieces = shapely.get_parts(clip(land[whose == state], box, lon0))
        areas = shapely.area(pieces)
        if len(pieces) and areas.max() >= _LABEL_AREA_DEG2:
            coarse = shapely.simplify(pieces[areas.argmax()], 0.02)
            radius = shapely.maximum_inscribed_circle(coarse, tolerance=0.02)
            x, y = shapely.get_coordinates(radius)[0]
            room = float(shapely.length(radius))
            labels.append(Label(name, round(float(x), 3), round(float(y), 3), round(room, 3)))
    return tuple(labels)


def _places(zones: "Zones", box: Box, lon0: float) -> tuple[Place, ...]:
    """Return the places that sentences name: who reads "24 nm SSW of Muar" looks for Muar."""
    known = zones.gazetteer().places() if zones.gazetteer else []
    west, south, east, north = box
    found = [(name, float(relative(lon, lon0)[0]), lat) for name, lon, lat in known]
    return tuple(
        Place(one_line(name, NAME_LIMIT), round(x, 3), round(y, 3))
        for name, x, y in found
        if west <= x <= east and south <= y <= north
    )


def look_of(zone_class: str) -> str:
    """Return how a zone of a class is drawn."""
    if zone_class == "territorial_sea":
        return "territorial_sea"
    from detectors.surroundings.zones import LANE_CLASSES  # geopandas is slow to import

    return "lane" if zone_class in LANE_CLASSES else "zone"


def _zones(zones: "Zones", box: Box, lon0: float, keyed: bool, words: Labels) -> tuple[Region, ...]:
    """Outlines; territorial seas, long and seen from afar, coarser than what was drawn by hand."""
    frame = zones.frame
    far = (frame["zone_class"] == "territorial_sea").to_numpy(bool)
    found: list[Region] = []
    for rows, tolerance in ((far, 0.001), (~far, 0.0001)):
        chosen = frame[rows]
        facts = [
            _told(row, words, keyed=keyed)
            for row in chosen.drop(columns="geometry").to_dict("records")
        ]
        wkb = tuple(shapely.to_wkb(chosen.geometry.to_numpy()))
        for number, rings in _outlined(wkb, box, lon0, tolerance):
            title, look, way, key = facts[number]
            found.append(Region(rings, look, title, toward_deg=way, key=key))
    return tuple(found)


def _told(
    row: dict[Hashable, Any], words: Labels, *, keyed: bool
) -> tuple[str, str, float | None, str]:
    """Return a zone's title, look, direction and key."""
    angle = row.get("direction_deg", np.nan)
    return (
        one_line(words.zone(str(row["name"])), NAME_LIMIT),
        look_of(str(row["zone_class"])),
        None if pd.isna(angle) else float(round(float(angle))),
        str(row["zone_id"]) if keyed and str(row.get("file", "")).endswith(".geojson") else "",
    )
