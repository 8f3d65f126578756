"""Land polygons of a box: clipped, valid, simplified to a stated tolerance."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from detectors.core.arrays import Bools, Floats
from detectors.core.errors import ConfigError
from detectors.kinematics import geodesy
from pipelines.reference.make.source import Box, read_layer

_STATES: Final = ("iso3", "iso_a3", "iso_a3_eh", "adm0_a3")
"""Columns that name a state by ISO 3166 alpha-3, in capitals or not; Natural Earth's among them."""

_OCEANS: Final = ((-30.0, 0.0), (80.0, 0.0), (-130.0, 0.0), (-30.0, 40.0), (75.0, -30.0))
"""Longitude and latitude in the middle of the oceans: no land holds them."""

_NO_LAND: Final = "ocean|lake|river|water|reef|playa"
"""Kinds (`featurecla` of Natural Earth, `fclass` of OpenStreetMap extracts) that aren't land."""

_EQUAL_AREA: Final = 6933
"""EPSG code of the cylindrical equal-area projection of WGS84 (EASE-Grid 2.0)."""


MAX_CROSSINGS: Final = 10_000
"""Of an outline with itself: damaged coasts have some, 6,000 corners at random millions."""
MAX_PAIRS: Final = 5_000_000
PAIRS_OF_A_SIDE: Final = 10
"""Of sides whose boxes meet, in a file's outlines that aren't valid, and as many more for each
side: of a coast it meets a few. 4,000 along one line make 8 million pairs, and take 6 s to mend."""
_PAIRS_AT_A_TIME: Final = 4_000_000


@dataclass(frozen=True)
class Land:
    """Land of a box."""

    frame: gpd.GeoDataFrame
    """iso3, area_km2, is_mainland, geometry; longitudes beyond 180 in a box across the
    antimeridian."""
    mended: int
    """Outlines that crossed themselves."""
    points_before: int
    points: int
    """Points of all outlines before simplification and after it."""


def boxes_of(bbox: Box) -> list[tuple[Box, float]]:
    """Return the boxes of a bbox within longitude ±180, with what to add to their longitudes."""
    west, south, east, north = bbox
    if west < east:
        return [((west, south, east, north), 0.0)]
    return [((west, south, 180.0, north), 0.0), ((-180.0, south, east, north), 360.0)]


def read_land(path: Path, bbox: Box, tolerance_m: float) -> Land:
    """Return the land of a box from a file of land polygons.

    Raises ConfigError if the file isn't one of land polygons in degrees, or the box has no land or
    no sea.

    Parameters
    ----------
    bbox
        West, south, east, north in degrees; west above east crosses the antimeridian.
    tolerance_m
        No outline is moved by more than this (Douglas and Peucker 1973, as GEOS has it).
    """
    boxes = boxes_of(bbox)
    frame = read_layer(path, [box for box, _ in boxes], "land file")
    _check_land(frame, path)
    shapes = shapely.force_2d(frame.geometry.to_numpy())
    broken = ~shapely.is_valid(shapes)
    _check_tangles(shapes[broken], path)
    shapes[broken] = shapely.make_valid(shapes[broken])
    states = _states(frame)
    parts = []
    for state in sorted(set(states)):
        own = shapes[states == state]
        cut = [
            shapely.transform(shapely.intersection(own, shapely.box(*box)), _moved(turn))
            for box, turn in boxes
        ]
        polygons = shapely.get_parts(shapely.union_all(np.concatenate(cut)))
        polygons = polygons[shapely.get_type_id(polygons) == shapely.GeometryType.POLYGON]
        parts.append(
            gpd.GeoDataFrame(
                {"iso3": state}, geometry=polygons, crs=4326, index=range(len(polygons))
            )
        )
    whole = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=4326) if parts else None
    if whole is None or whole.empty:
        raise _no_land(path, frame, bbox)
    found = _simplified(whole, tolerance_m)
    west, south, east, north = bbox
    reach = shapely.box(west, south, east + (360.0 if east < west else 0.0), north)
    if shapely.area(found.geometry.to_numpy()).sum() >= shapely.area(reach) * (1 - 1e-9):
        raise ConfigError(
            f"land file {path.name} has no sea in the box: is it a layer of water?",
            hint="land polygons are wanted; a vessel is at sea where there are none",
        )
    return Land(found, int(broken.sum()), _points(whole), _points(found))


def _check_tangles(shapes: Iterable[shapely.Geometry], path: Path) -> None:
    """Refuse outlines that take minutes, and gigabytes, to mend.

    Mending compares sides whose boxes meet and makes corners of each crossing; sides of one line
    that lie over one another cross nowhere, and take as long as if they did.
    """
    left = MAX_PAIRS
    for shape in shapes:
        ends = _sides(shape)
        tree, crossings = shapely.STRtree(np.asarray(shapely.linestrings(ends))), 0
        left += PAIRS_OF_A_SIDE * len(ends)
        at_a_time = max(_PAIRS_AT_A_TIME // max(len(ends), 1), 1)
        for first in range(0, len(ends), at_a_time):
            one, other = tree.query(tree.geometries[first : first + at_a_time])
            one += first
            apart = other > one + 1  # neighbours share a corner
            one, other = one[apart], other[apart]
            left -= len(one)
            if left < 0:
                raise ConfigError(
                    f"land file {path.name}: outlines that aren't valid lie over themselves",
                    hint="it is damaged, or no outline of land: fetch it again",
                )
            crossings += _crossing(ends[one], ends[other])
            if crossings > MAX_CROSSINGS:
                raise ConfigError(
                    f"land file {path.name}: an outline crosses itself over {MAX_CROSSINGS:,} "
                    "times",
                    hint="it is damaged, or no outline of land: fetch it again",
                )


def _sides(shape: shapely.Geometry) -> Floats:
    """Return where the sides of all rings begin and end, n by 2 by 2."""
    points, ring = shapely.get_coordinates(shapely.get_rings(shape), return_index=True)
    return np.asarray(np.stack([points[:-1], points[1:]], axis=1)[ring[:-1] == ring[1:]])


def _crossing(one: Floats, other: Floats) -> int:
    """Count the pairs of sides that cross: the ends of each lie on both sides of the other."""
    parted = _parted(one, other)
    return int(np.count_nonzero(_parted(other[parted], one[parted])))


def _parted(by: Floats, side: Floats) -> Bools:
    along, to = by[:, 1] - by[:, 0], side - by[:, :1]
    turn = along[:, None, 0] * to[..., 1] - along[:, None, 1] * to[..., 0]
    return np.asarray(np.sign(turn[:, 0]) * np.sign(turn[:, 1]) < 0)


def _moved(degrees: float) -> Any:
    return lambda lon_lat: np.add(lon_lat, [degrees, 0.0])


def _points(frame: gpd.GeoDataFrame) -> int:
    return int(shapely.get_num_coordinates(frame.geometry.to_numpy()).sum())


def _simplified(whole: gpd.GeoDataFrame, tolerance_m: float) -> gpd.GeoDataFrame:
    degrees = tolerance_m / (np.pi / 180 * geodesy.EARTH_RADIUS_M)
    # A degree of longitude is never longer than one of latitude, so nothing moves further.
    thinner = shapely.simplify(whole.geometry.to_numpy(), degrees, preserve_topology=True)
    thinner = np.where(shapely.is_valid(thinner), thinner, whole.geometry.to_numpy())
    found = whole.set_geometry(gpd.GeoSeries(thinner, crs=4326))
    area_km2 = found.to_crs(_EQUAL_AREA).area.to_numpy() / 1e6
    largest = found.assign(area_km2=area_km2).groupby("iso3")["area_km2"].transform("max")
    found = found.assign(area_km2=area_km2, is_mainland=area_km2 == largest.to_numpy())
    order = np.argsort(-area_km2, kind="stable")
    return found[["iso3", "area_km2", "is_mainland", "geometry"]].iloc[order].reset_index(drop=True)


def _states(frame: gpd.GeoDataFrame) -> np.ndarray[Any, Any]:
    called = {str(name).lower(): name for name in frame.columns}
    column = next((called[name] for name in _STATES if name in called), None)
    if column is None:
        return np.full(len(frame), "", object)
    said = frame[column].astype("str").str.strip().str.upper()
    return np.asarray(said.where(said.str.fullmatch("[A-Z]{3}"), ""), object)


def _check_land(frame: gpd.GeoDataFrame, path: Path) -> None:
    """Refuse what isn't land polygons: lines, points, water."""
    kinds = {str(one) for one in frame.geometry.geom_type.dropna().unique()}
    if other := sorted(kinds - {"Polygon", "MultiPolygon"}):
        raise ConfigError(
            f"land file {path.name} has {', '.join(other)}, not polygons alone",
            hint="a coastline won't do: take land polygons",
        )
    for column in ("featurecla", "fclass", "natural"):
        if column in frame.columns:
            water = frame[column].astype("str").str.contains(_NO_LAND, case=False)
            if water.any():
                kind = str(frame.loc[water, column].iloc[0])[:40]
                raise ConfigError(f"land file {path.name} has features of the kind {kind!r}: water")
    if "level" in frame.columns and "source" in frame.columns:  # GSHHG, README of its Shapefiles
        levels = set(frame["level"].astype("str"))
        if levels - {"1", "5", "6"}:
            raise ConfigError(
                f"land file {path.name} is of another level of GSHHG than land",
                hint="level 1 is land (GSHHS_f_L1.shp), 2 are lakes, 3 islands in lakes",
            )
    lon, lat = np.array(_OCEANS).T
    bad = shapely.is_valid(frame.geometry.to_numpy())
    for x, y in zip(lon, lat, strict=True):
        if shapely.intersects_xy(frame.geometry.to_numpy()[bad], x, y).any():
            raise ConfigError(
                f"land file {path.name} holds the middle of an ocean ({y:g} N, {x:g} E): it is "
                "no land",
                hint="take land polygons, not those of water",
            )


def _no_land(path: Path, frame: gpd.GeoDataFrame, bbox: Box) -> ConfigError:
    west, south, east, north = bbox
    swapped = read_swapped(path, (south, west, north, east))
    if swapped:
        return ConfigError(
            f"land file {path.name} has latitude before longitude: its land lies in the box with "
            "both swapped",
            hint="swap them: longitude comes first in all these formats",
        )
    return ConfigError(
        f"land file {path.name} has no land in the box {west:g},{south:g},{east:g},{north:g}",
        hint="the order is W,S,E,N in degrees; is it the file of these waters?",
    )


def read_swapped(path: Path, box: Box) -> bool:
    """Tell whether a file has features in a box whose longitude and latitude were swapped."""
    if not (-180 <= box[0] < box[2] <= 180 and -90 <= box[1] < box[3] <= 90):
        return False
    return bool(len(read_layer(path, [box], "land file")))
