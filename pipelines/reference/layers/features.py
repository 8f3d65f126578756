"""Zones from GeoJSON features, as people write them: each checked, or refused with its place."""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import shapely
from shapely.geometry import shape

from detectors.core.errors import ConfigError
from detectors.surroundings.rules import Rule, read_rule, shown
from detectors.surroundings.watches import Watch, read_watch
from detectors.surroundings.zones import (
    CONFIDENCES,
    LANE_CLASSES,
    check_class,
)

One = TypeVar("One")

_ZONE_ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MAX_VERTICES: Final = 100_000
"""The whole coast of the Strait, good to 100 m, has fewer."""
MAX_RULES: Final = 50
"""A zone with more of them is no zone."""
_ZONE_KEYS: Final = ("zone_id", "name", "zone_class", "source", "confidence")


def zone_files(zones_dir: Path) -> list[Path]:
    """Return files of hand-written zones, in the order of their names."""
    return sorted(path for path in zones_dir.glob("*.geojson") if path.is_file())


def read_zone_file(path: Path) -> list[dict[str, Any]]:
    """Return zones of one GeoJSON file, one mapping each."""
    return [read_zone(feature, where, path.name) for where, feature in zone_features(path)]


def zone_features(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield features of a GeoJSON file with words for where each stands.

    Raises ConfigError if the file isn't a GeoJSON FeatureCollection in WGS84.
    """
    try:
        # Editors of Windows begin a file with a mark of its encoding.
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"zones file {path.name} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"zones file {path.name} isn't UTF-8 text") from error
    except (ValueError, RecursionError) as error:  # a ValueError of a number of 5,000 digits, too
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
    """Return one zone from its GeoJSON feature.

    Raises ConfigError if a property is missing or of no known value, or the geometry is no valid
    polygon.
    """
    properties = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(properties, dict):
        raise ConfigError(f"{where}: no GeoJSON feature with properties")
    if isinstance(properties.get("zone_id"), str):
        where = f"{where} ({properties['zone_id'][:60]})"
    for key in _ZONE_KEYS:
        if not isinstance(properties.get(key), str) or not properties[key].strip():
            raise ConfigError(
                f"{where}: property {key!r} is missing", hint="see config/zones/README.md"
            )
    zone = {key: properties[key].strip() for key in _ZONE_KEYS}
    if not _ZONE_ID.fullmatch(zone["zone_id"]):
        raise ConfigError(
            f"{where}: zone_id isn't kebab-case", hint="small letters, digits and hyphens"
        )
    try:
        check_class(zone["zone_class"])
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from error
    if zone["confidence"] not in CONFIDENCES:
        raise ConfigError(
            f"{where}: confidence {zone['confidence']!r} is unknown",
            hint=f"known: {', '.join(CONFIDENCES)}",
        )
    try:
        json.dumps(properties, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ConfigError(f"{where}: it holds half a character (a lone surrogate)") from error
    note = properties.get("note")
    return {
        **zone,
        "direction_deg": read_direction(properties.get("direction_deg"), zone["zone_class"], where),
        **read_licence(properties, zone["zone_class"], where),
        "rules": read_rules(properties.get("rules"), where),
        "watches": read_watches(properties.get("watch"), where),
        "note": note.strip() if isinstance(note, str) else "",
        "file": file,
        "geometry": read_polygon(feature.get("geometry"), where),
    }


def read_direction(value: Any, zone_class: str, where: str) -> float:
    """Return the direction of traffic in a lane, NaN where none is given."""
    if value is None:
        return math.nan
    if zone_class not in LANE_CLASSES:
        raise ConfigError(f"{where}: direction_deg says nothing of a {zone_class}")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 360:
        raise ConfigError(
            f"{where}: direction_deg {shown(value)} is no direction from 0 to 360 degrees"
        )
    return float(value)


def read_rules(made: Any, where: str) -> tuple[Rule, ...]:
    """Return the rules that a zone carries, from what stands in its file.

    Raises ConfigError if one is broken: says which, and what is wrong.
    """
    return _each(made, read_rule, ("rules", "rule"), where)


def read_watches(made: Any, where: str) -> tuple[Watch, ...]:
    """Return what users want to be told of in a zone, as `read_rules` does its rules."""
    return _each(made, read_watch, ("watch", "watch"), where)


def _each(
    made: Any, read: Callable[[Any], One], words: tuple[str, str], where: str
) -> tuple[One, ...]:
    if made is None:
        return ()
    if not isinstance(made, list) or len(made) > MAX_RULES:
        raise ConfigError(f"{where}: {words[0]} is a list, of {MAX_RULES} at most")
    found = []
    for number, one in enumerate(made, start=1):
        try:
            found.append(read(one))
        except ValueError as error:
            raise ConfigError(
                f"{where}, {words[1]} {number}: {error}", hint="see config/zones/README.md"
            ) from error
    return tuple(found)


def read_licence(properties: Mapping[str, Any], zone_class: str, where: str) -> dict[str, Any]:
    """Return whether transfers are licensed in a transfer area, and who says so."""
    licensed, says = properties.get("licensed"), properties.get("licence_source")
    if licensed is None and says is None:
        return {"licensed": False, "licence_source": ""}
    if zone_class != "sts_area":
        raise ConfigError(f"{where}: licensed, licence_source say nothing of a {zone_class}")
    if not isinstance(licensed, bool):
        raise ConfigError(f"{where}: licensed {shown(licensed)} is neither true nor false")
    if not isinstance(says, str) or not says.strip():
        raise ConfigError(
            f"{where}: property 'licence_source' is missing",
            hint="name who licenses, or who says so",
        )
    return {"licensed": licensed, "licence_source": says.strip()}


def read_polygon(geometry: Any, where: str) -> shapely.Geometry:
    """Return the outline of a zone from its GeoJSON geometry."""
    if not isinstance(geometry, dict) or geometry.get("type") not in {"Polygon", "MultiPolygon"}:
        raise ConfigError(f"{where}: the geometry isn't a Polygon or MultiPolygon")
    too_many = f"{where}: the outline has more than {MAX_VERTICES:,} points"
    if _has_more(geometry.get("coordinates"), MAX_VERTICES):
        raise ConfigError(too_many)
    try:
        polygon = shapely.force_2d(shape(geometry))
    except (
        AttributeError,
        KeyError,
        IndexError,
        TypeError,
        ValueError,
        OverflowError,
        RecursionError,
        shapely.errors.ShapelyError,
    ) as error:
        raise ConfigError(f"{where}: the coordinates can't be read: {error}") from error
    if polygon.is_empty:
        raise ConfigError(f"{where}: the geometry is empty")
    if shapely.get_num_coordinates(polygon) > MAX_VERTICES:
        raise ConfigError(too_many)
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


def _has_more(coordinates: Any, most: int) -> bool:
    """Tell whether there are more points, before a geometry is made of them, which takes long."""
    left, points = [coordinates], 0
    while left and points <= most:
        one = left.pop()
        if not (isinstance(one, list) and one and isinstance(one[0], list)):
            continue
        if one[0] and isinstance(one[0][0], list):
            left += one
        else:
            points += len(one)
    return points > most
