"""Reference layers: zones, land, boundaries, places and code tables, from the files of a folder.

Callers say where the files are. A file is parsed once as long as it doesn't change; a frame that
is returned is the caller's own copy, zones are shared by all who ask for the same files.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from shapely.geometry import shape

from detectors.core.errors import ConfigError
from detectors.kinematics import geodesy
from detectors.surroundings.boundaries import BOUNDARY_COLUMNS, Boundaries
from detectors.surroundings.landmarks import Gazetteer
from detectors.surroundings.zones import (
    CONFIDENCES,
    LANE_CLASSES,
    ZONE_CLASSES,
    ZONE_COLUMNS,
    Zones,
)
from pipelines.reference.tables import REFERENCE_HINT, load_mid, read_table, stamp

REACH: Final = shapely.box(94.0, -1.5, 106.0, 9.0)
"""What the land layer was cut to, and the area that the zones were drawn for."""

LANDING_RADIUS_M: Final = (500.0, 5000.0)
"""Bounds of a landing place's radius: its position accuracy, but no smaller than where a boat
would lie off and no larger than what still says "here"."""
_CIRCLE_VERTICES: Final = 48

_MAX_COAST_M: Final = 12_000.0
"""Farther from the sea a town is no sailor's landmark."""
_MIN_POPULATION: Final = 2_000
_SHADOW_M: Final = 15_000.0
_SHADOW_RATIO: Final = 5.0
"""A place this near to one so many times more populous is a part of it to a sailor."""
_PROMINENCE: Final[Mapping[str, float]] = {"port": 3.5, "light": 2.0, "island": 2.0, "cape": 2.0}

_ZONE_ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_ZONE_KEYS: Final = ("zone_id", "name", "zone_class", "source", "confidence")


# ---- zones


def load_zones(zones_dir: Path, reference_dir: Path, learned_dir: Path | None = None) -> Zones:
    """Return zones as configured, of the reference layers and as learned, land, and their reach.

    They are made, and indexed, once as long as no file changes: nobody may change them.

    Parameters
    ----------
    zones_dir
        Folder of hand-written zones: every ``*.geojson`` in it is read.
    reference_dir
        Folder of the reference layers.
    learned_dir
        Folder of learned places, of which the accepted ones of the newest snapshot are used.

    Returns
    -------
    Zones
        Its frame has `zones.ZONE_COLUMNS`, `note`, `file`, `direction_deg` (of lanes, else NaN),
        `licensed` and `licence_source` (of transfer areas); hand-written zones first. Its
        boundaries are `boundary_lines`.

    Raises
    ------
    ConfigError
        If the folder or a file can't be read, or a feature is broken: names file and feature.
    """
    if not zones_dir.is_dir():
        raise ConfigError(
            f"there is no zones folder {zones_dir}", hint="make it, or point --config elsewhere"
        )
    learned = _stamps(learned_dir) if learned_dir else frozenset()
    stamps = _stamps(zones_dir) | _stamps(reference_dir) | learned
    return _make_zones(zones_dir, reference_dir, learned_dir if learned else None, stamps)


@lru_cache(maxsize=2)
def _make_zones(
    zones_dir: Path, reference_dir: Path, learned_dir: Path | None, _: frozenset[Any]
) -> Zones:
    rows = [row for path in zone_files(zones_dir) for row in read_zone_file(path)]
    frame = pd.concat(
        [
            _zone_frame(rows),
            territorial_seas(reference_dir),
            joint_areas(reference_dir),
            landing_places(reference_dir),
            learned_places(learned_dir),
        ],
        ignore_index=True,
    )
    twice = frame[frame["zone_id"].duplicated(keep=False)]
    if len(twice):
        zone_id = twice["zone_id"].iloc[0]
        files = sorted(set(twice["file"][twice["zone_id"] == zone_id]))
        raise ConfigError(
            f"zone_id {zone_id!r} is used twice, in {' and '.join(files)}",
            hint="events carry the zone_id: give each zone its own",
        )
    return Zones(
        gpd.GeoDataFrame(frame, geometry="geometry", crs=4326),
        load_land(reference_dir),
        REACH,
        Boundaries(boundary_lines(reference_dir)),
    )


def learned_places(learned_dir: Path | None) -> gpd.GeoDataFrame:
    """Learned places that a person has accepted, as zones; see `pipelines.reference.learned`."""
    from pipelines.reference import learned as snapshot

    found = snapshot.accepted(learned_dir) if learned_dir else ()
    return _zone_frame(
        read_zone(feature, where, where.split(",", 1)[0]) for where, feature in found
    )


def zone_files(zones_dir: Path) -> list[Path]:
    """Files of hand-written zones, in the order of their names."""
    return sorted(path for path in zones_dir.glob("*.geojson") if path.is_file())


def read_zone_file(path: Path) -> list[dict[str, Any]]:
    """Zones of one GeoJSON file, one mapping each.

    Raises
    ------
    ConfigError
        At the first thing that is wrong: names the file, the feature and what it is.
    """
    return [read_zone(feature, where, path.name) for where, feature in zone_features(path)]


def zone_features(path: Path) -> Iterator[tuple[str, Any]]:
    """Features of a GeoJSON file with words for where each stands.

    Raises
    ------
    ConfigError
        If the file isn't a GeoJSON FeatureCollection in WGS84.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"zones file {path.name} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"zones file {path.name} isn't UTF-8 text") from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise ConfigError(f"zones file {path.name} isn't JSON: {error}") from error
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        raise ConfigError(f"zones file {path.name} isn't a GeoJSON FeatureCollection")
    crs = document.get("crs")
    if crs and not re.search(r"CRS84|EPSG:{1,2}4326", json.dumps(crs)):
        raise ConfigError(
            f"zones file {path.name} has a coordinate system of its own",
            hint="GeoJSON is WGS84 longitude, latitude: convert it",
        )
    features = document.get("features")
    if not isinstance(features, list):
        raise ConfigError(f"zones file {path.name} has no list of features")
    for number, feature in enumerate(features, start=1):
        yield f"{path.name}, feature {number}", feature


def read_zone(feature: Any, where: str, file: str) -> dict[str, Any]:
    """One zone from its GeoJSON feature.

    Raises
    ------
    ConfigError
        If a property is missing or of no known value, or the geometry is no valid polygon.
    """
    properties = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(properties, dict):
        raise ConfigError(f"{where}: no GeoJSON feature with properties")
    if isinstance(properties.get("zone_id"), str):
        where = f"{where} ({properties['zone_id'][:60]})"
    for key in _ZONE_KEYS:
        if not isinstance(properties.get(key), str) or not properties[key].strip():
            raise ConfigError(f"{where}: property {key!r} is missing", hint="see zones/README.md")
    zone = {key: properties[key].strip() for key in _ZONE_KEYS}
    if not _ZONE_ID.fullmatch(zone["zone_id"]):
        raise ConfigError(
            f"{where}: zone_id isn't kebab-case", hint="small letters, digits and hyphens"
        )
    for key, known in (("zone_class", ZONE_CLASSES), ("confidence", CONFIDENCES)):
        if zone[key] not in known:
            raise ConfigError(
                f"{where}: {key} {zone[key]!r} is unknown", hint=f"known: {', '.join(known)}"
            )
    note = properties.get("note")
    return {
        **zone,
        "direction_deg": _direction(properties.get("direction_deg"), zone["zone_class"], where),
        **_licence(properties, zone["zone_class"], where),
        "note": note.strip() if isinstance(note, str) else "",
        "file": file,
        "geometry": _polygon(feature.get("geometry"), where),
    }


def _direction(value: Any, zone_class: str, where: str) -> float:
    """Direction of traffic in a lane, NaN where none is given."""
    if value is None:
        return float("nan")
    if zone_class not in LANE_CLASSES:
        raise ConfigError(f"{where}: direction_deg says nothing of a {zone_class}")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 360:
        raise ConfigError(f"{where}: direction_deg {value!r} is no direction from 0 to 360 degrees")
    return float(value)


def _licence(properties: dict[str, Any], zone_class: str, where: str) -> dict[str, Any]:
    """Whether transfers are licensed in a transfer area, and who says so; not where unsaid."""
    licensed, says = properties.get("licensed"), properties.get("licence_source")
    if licensed is None and says is None:
        return {"licensed": False, "licence_source": ""}
    if zone_class != "sts_area":
        raise ConfigError(f"{where}: licensed, licence_source say nothing of a {zone_class}")
    if not isinstance(licensed, bool):
        raise ConfigError(f"{where}: licensed {licensed!r} is neither true nor false")
    if not isinstance(says, str) or not says.strip():
        raise ConfigError(
            f"{where}: property 'licence_source' is missing",
            hint="name who licenses, or who says so",
        )
    return {"licensed": licensed, "licence_source": says.strip()}


def _polygon(geometry: Any, where: str) -> shapely.Geometry:
    if not isinstance(geometry, dict) or geometry.get("type") not in {"Polygon", "MultiPolygon"}:
        raise ConfigError(f"{where}: the geometry isn't a Polygon or MultiPolygon")
    try:
        polygon = shapely.force_2d(shape(geometry))
    except (
        AttributeError,
        KeyError,
        IndexError,
        TypeError,
        ValueError,
        shapely.errors.ShapelyError,
    ) as error:
        raise ConfigError(f"{where}: the coordinates can't be read: {error}") from error
    if polygon.is_empty:
        raise ConfigError(f"{where}: the geometry is empty")
    if not polygon.is_valid:
        raise ConfigError(
            f"{where}: the geometry isn't valid: {shapely.is_valid_reason(polygon)}",
            hint="an outline may not cross itself",
        )
    west, south, east, north = polygon.bounds
    if not (-540 <= west <= east <= 540 and -90 <= south <= north <= 90):
        raise ConfigError(
            f"{where}: coordinates out of range", hint="longitude comes first, both in degrees"
        )
    if east - west > 180:
        raise ConfigError(
            f"{where}: the outline spans more than 180 degrees of longitude",
            hint="cut it at the antimeridian, or write it with longitudes beyond 180",
        )
    return polygon


def territorial_seas(reference_dir: Path) -> gpd.GeoDataFrame:
    """Territorial seas (with internal waters) as zones such as ``territorial-sea-mys``."""
    seas = _read_geo(reference_dir / "boundaries" / "territorial_sea.parquet")
    mid = load_mid(reference_dir).drop_duplicates("iso3").set_index("iso3")["name"]
    return _zone_frame(
        {
            "zone_id": f"territorial-sea-{sea.iso3.lower()}",
            "name": f"Territorial sea of {mid.get(sea.iso3, sea.iso3)}",
            "zone_class": "territorial_sea",
            "source": sea.source,
            "confidence": "approximate",
            "note": "Internal waters included. Not a legal limit.",
            "file": "boundaries/territorial_sea.parquet",
            "geometry": sea.geometry,
        }
        for sea in seas.itertuples()
    )


def joint_areas(reference_dir: Path) -> gpd.GeoDataFrame:
    """Areas that two states use together, as zones."""
    areas = _read_geo(reference_dir / "boundaries" / "joint_areas.parquet")
    return _zone_frame(
        {
            "zone_id": f"joint-area-{area.id.lower()}",
            "name": area.name,
            "zone_class": "joint_area",
            "source": "published agreements of 1979 and 1990, transcribed by hand",
            "confidence": "approximate",
            "note": "Not a legal limit.",
            "file": "boundaries/joint_areas.parquet",
            "geometry": area.geometry,
        }
        for area in areas.itertuples(index=False)
    )


def landing_places(reference_dir: Path) -> gpd.GeoDataFrame:
    """Landing places as circles, the accuracy of their position being the radius.

    The radius is kept within `LANDING_RADIUS_M`.
    """
    places = _read_geo(reference_dir / "places" / "landing_places.parquet")
    radius = places["prec_m"].clip(*LANDING_RADIUS_M).to_numpy("float64")
    bearings = np.arange(_CIRCLE_VERTICES) * (-360.0 / _CIRCLE_VERTICES)
    lat, lon = geodesy.destination(
        places["lat"].to_numpy()[:, None],
        places["lon"].to_numpy()[:, None],
        bearings[None, :],
        radius[:, None],
    )
    circles = np.asarray(shapely.polygons(np.stack([lon, lat], axis=-1)))
    return _zone_frame(
        {
            "zone_id": f"landing-place-{_slug(place.name)}",
            "name": place.name,
            "zone_class": "landing_place",
            "source": place.source,
            "confidence": "approximate",
            "note": f"Reported as: {place.role}. Says nothing about a vessel that is there now.",
            "file": "places/landing_places.parquet",
            "geometry": circle,
        }
        for place, circle in zip(places.itertuples(index=False), circles, strict=True)
    )


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _zone_frame(rows: Iterator[dict[str, Any]] | Sequence[dict[str, Any]]) -> gpd.GeoDataFrame:
    unsaid = {"direction_deg": float("nan"), "licensed": False, "licence_source": ""}
    columns = [*ZONE_COLUMNS[:-1], "note", "file", *unsaid, "geometry"]
    frame = pd.DataFrame([{**unsaid, **row} for row in rows], columns=columns)
    types = dict.fromkeys(columns[:-1], "str") | {"direction_deg": "float64", "licensed": "bool"}
    return gpd.GeoDataFrame(frame.astype(types), geometry="geometry", crs=4326)


# ---- other layers


def load_land(reference_dir: Path) -> gpd.GeoDataFrame:
    """Land for analysis: iso3, area_km2, is_mainland, geometry."""
    return _read_geo(reference_dir / "land" / "land.parquet")


def load_boundaries(reference_dir: Path) -> gpd.GeoDataFrame:
    """Agreed boundary lines with parties, kind, treaty, and how far each was verified.

    `left` and `right` are the parties on either hand, along the points of the line.
    """
    return _read_geo(reference_dir / "boundaries" / "treaty_lines.parquet")


def boundary_lines(reference_dir: Path) -> gpd.GeoDataFrame:
    """Agreed boundary lines as `boundaries.BOUNDARY_COLUMNS`; left and right are names of states.

    Where a line of the continental shelf runs beside a territorial sea line of the same two states
    (Indonesia and Malaysia, 1969 and 1970) only the latter is kept: it is one crossing.
    """
    lines = load_boundaries(reference_dir)
    state = load_mid(reference_dir).drop_duplicates("iso3").set_index("iso3")["name"]
    classes = [_boundary_class(kind) for kind in lines["kind"]]
    shapes = lines.geometry.to_numpy()
    parties = [frozenset(pair) for pair in zip(lines["left"], lines["right"], strict=True)]
    rows = []
    for k, row in enumerate(lines.itertuples(index=False)):
        shape_ = shapes[k]
        if classes[k] != "territorial_sea":
            nearer = [
                shapely.buffer(shapes[i], _BESIDE_DEG)
                for i in range(len(lines))
                if classes[i] == "territorial_sea" and parties[i] == parties[k]
            ]
            shape_ = shapely.difference(shape_, shapely.union_all(nearer))
        left, right = (str(state.get(iso3, iso3)) for iso3 in (row.left, row.right))
        rows.append(
            {
                "boundary_id": f"boundary-{_slug(row.id)}",
                "name": f"{_BOUNDARY_NAMES[classes[k]]} {'-'.join(sorted((left, right)))}",
                "boundary_class": classes[k],
                "left": left,
                "right": right,
                "source": f"{row.treaty} ({row.doc})" if len(row.doc) > 1 else row.treaty,
                "confidence": "approximate" if "recalled" in row.verified else "published",
                "geometry": shape_,
            }
        )
    frame = pd.DataFrame(rows, columns=list(BOUNDARY_COLUMNS))
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=4326)


_BESIDE_DEG: Final = 0.005
"""A third of a mile: more than treaty charts of different datum lie apart."""
_BOUNDARY_NAMES: Final[Mapping[str, str]] = {
    "territorial_sea": "Territorial sea boundary",
    "exclusive_economic_zone": "Boundary of economic zones",
    "continental_shelf": "Continental shelf boundary",
}


def _boundary_class(kind: str) -> str:
    """The nearest to the shore of what a line divides."""
    if "territorial_sea" in kind:
        return "territorial_sea"
    return "exclusive_economic_zone" if "EEZ" in kind else "continental_shelf"


def load_landmarks(reference_dir: Path) -> pd.DataFrame:
    """Ports, lights, islands and capes: name, lat, lon, kind."""
    marks = read_table(reference_dir / "places" / "landmarks.csv")
    return marks.astype({"lat": "float64", "lon": "float64"})


def landing_points(reference_dir: Path) -> pd.DataFrame:
    """Documented landing places, at sea beside them: name, lat, lon."""
    places = _read_geo(reference_dir / "places" / "landing_places.parquet")
    return pd.DataFrame(
        {"name": places["name"], "lat": places["snap_lat"], "lon": places["snap_lon"]}
    ).reset_index(drop=True)


def load_gazetteer(reference_dir: Path) -> Gazetteer:
    """Places to describe positions by: ports, islands, capes, lights and coastal towns.

    Prominence: ports 3.5, other landmarks 2, a town 1 to 2.5 by its population (half a point per
    power of ten over 1,000). Villages, inland towns and districts of a larger town are left out.
    """
    marks = load_landmarks(reference_dir)
    prominence = marks["kind"].map(_PROMINENCE).fillna(1.0)
    landmarks = gpd.GeoDataFrame(
        {"name": marks["name"], "prominence": prominence},
        geometry=gpd.points_from_xy(marks["lon"], marks["lat"]),
        crs=4326,
    )
    towns = _read_geo(reference_dir / "places" / "cities.parquet")
    towns = towns[
        (towns["dist_coast_m"] <= _MAX_COAST_M) & (towns["population"] >= _MIN_POPULATION)
    ]
    towns = towns[~_overshadowed(towns)]
    towns = towns.assign(prominence=(1 + np.log10(towns["population"] / 1000) / 2).clip(1.0, 2.5))
    # The landmark of the same name, on the water, is the one that a sailor means.
    towns = towns[~towns["name"].isin(set(landmarks["name"]))]
    columns = ["name", "prominence", "geometry"]
    return Gazetteer(pd.concat([landmarks[columns], towns[columns]], ignore_index=True))


def _overshadowed(towns: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    tree = cKDTree(geodesy.unit_xyz(towns.geometry.y.to_numpy(), towns.geometry.x.to_numpy()))
    a, b = tree.query_pairs(geodesy.chord(_SHADOW_M), output_type="ndarray").T
    population = towns["population"].to_numpy("float64")
    shadowed = np.zeros(len(towns), bool)
    shadowed[a[population[b] >= _SHADOW_RATIO * population[a]]] = True
    shadowed[b[population[a] >= _SHADOW_RATIO * population[b]]] = True
    return shadowed


# ---- files


def _read_geo(path: Path) -> gpd.GeoDataFrame:
    return _parse_geo(path, stamp(path)).copy()


def _stamps(folder: Path) -> frozenset[tuple[Path, int, int]]:
    """Return what changes when a file below a folder comes, goes or changes."""
    files = ((path, path.stat()) for path in folder.rglob("*") if path.is_file())
    return frozenset((path, status.st_mtime_ns, status.st_size) for path, status in files)


@lru_cache(maxsize=16)
def _parse_geo(path: Path, _: tuple[int, int]) -> gpd.GeoDataFrame:
    try:
        return gpd.read_parquet(path)
    except (OSError, ValueError) as error:  # pyarrow's ArrowInvalid is a ValueError
        raise ConfigError(
            f"reference layer {path.name} is damaged: {error}", hint=REFERENCE_HINT
        ) from error
