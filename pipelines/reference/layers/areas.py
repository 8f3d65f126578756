"""Watch areas: a polygon and what users want to be told of in it, a YAML file each.

One that says which class of zone it is, such as `anchorage`, need ask for nothing; what is asked of
vessels in it may stand there as in a GeoJSON file of zones (`rules`). They lie in the
folder ``watch_areas`` of the folder of zones, and are zones themselves.
"""

import unicodedata
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import yaml

from detectors.core.errors import ConfigError, SelatError
from detectors.surroundings.rules import shown
from detectors.surroundings.zones import check_class
from pipelines.base.files import locked, write_text
from pipelines.base.rewriting import yaml_with
from pipelines.base.yaml_files import read_bounded, read_value
from pipelines.reference.layers.features import (
    read_direction,
    read_licence,
    read_polygon,
    read_rules,
    read_watches,
)
from pipelines.reference.layers.files import slug

FOLDER: Final = "watch_areas"
WATCH_CLASS: Final = "watch_area"
MAX_BYTES: Final = 200_000
MAX_FILES: Final = 500
MAX_NAME: Final = 100
_TEXTS: Final = ("name", "zone_class", "source", "note", "licence_source")
_KEYS: Final = (*_TEXTS[:-1], "direction_deg", "licensed", _TEXTS[-1], "polygon", "watch", "rules")

Ring = list[list[float]]
"""An outline or a hole: longitudes and latitudes, not closed."""
Piece = list[Ring]
"""An outline, then the holes in it."""


def area_files(zones_dir: Path) -> list[Path]:
    """Return files of watch areas, in the order of their names.

    Raises ConfigError if there are too many to look at in a night.
    """
    found = sorted(path for path in (zones_dir / FOLDER).glob("*.yaml") if path.is_file())
    if len(found) > MAX_FILES:
        raise ConfigError(f"{FOLDER} holds more than {MAX_FILES} watch areas")
    return found


def read_area(path: Path) -> dict[str, Any]:
    """Return a watch area as a zone; its id is made of the name of its file.

    Raises ConfigError at the first thing that is wrong: names the file, and what it is.
    """
    if not path.exists():
        raise ConfigError(f"there is no watch area {path}", hint="check the path")
    made, where = read_bounded(path, MAX_BYTES), f"watch area {path.name}"
    unknown = [shown(key) for key in made if key not in _KEYS]
    if unknown:
        raise ConfigError(f"{where}: there is no {unknown[0]}", hint=f"known: {', '.join(_KEYS)}")
    texts = {key: _text(made, key, where) for key in _TEXTS}
    zone_class = texts["zone_class"] or WATCH_CLASS
    if not texts["name"]:
        raise ConfigError(f"{where}: it has no name")
    try:
        check_class(zone_class)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from error
    watches = read_watches(made.get("watch"), where)
    rules = read_rules(made.get("rules"), where)
    if not watches and not rules and zone_class == WATCH_CLASS:
        raise ConfigError(f"{where}: watch is missing, a list of what to be told of")
    pieces = pieces_of(made.get("polygon"))
    if pieces is None:
        raise ConfigError(f"{where}: polygon is a list of [longitude, latitude]")
    if any(len(ring) < 3 for piece in pieces for ring in piece):
        raise ConfigError(f"{where}: a polygon has three corners at least")
    closed = [[[*ring, ring[0]] for ring in piece] for piece in pieces]
    many = len(closed) > 1
    geometry = {
        "type": "MultiPolygon" if many else "Polygon",
        "coordinates": closed if many else closed[0],
    }
    return {
        "zone_id": f"watch-{slug(path.stem) or 'area'}",
        "name": texts["name"],
        "zone_class": zone_class,
        "source": texts["source"] or "a user's own watch area",
        "confidence": "approximate",
        "direction_deg": read_direction(made.get("direction_deg"), zone_class, where),
        **read_licence(made, zone_class, where),
        "note": texts["note"],
        "rules": rules,
        "watches": watches,
        "file": f"{FOLDER}/{path.name}",
        "geometry": read_polygon(geometry, where),
    }


def pieces_of(polygon: Any) -> list[Piece] | None:
    """Return the pieces of an outline as it is written; None where it is none.

    It is a ring of [longitude, latitude], a list of such rings of which the others are holes in the
    first, or a list of such lists: GeoJSON's coordinates, whose rings need not be closed.

    >>> pieces_of([[101, 3], [102, 3], [102, 4]])
    [[[[101, 3], [102, 3], [102, 4]]]]
    """
    if not isinstance(polygon, list) or not polygon:
        return None
    if _is_ring(polygon):
        polygon = [[polygon]]
    elif _is_ring(polygon[0]):
        polygon = [polygon]
    for piece in polygon:
        if not isinstance(piece, list) or not piece or not all(_is_ring(ring) for ring in piece):
            return None
    return [[ring[:-1] if ring[0] == ring[-1] else ring for ring in piece] for piece in polygon]


def polygon_of(pieces: list[Piece]) -> Any:
    """Return pieces as they are written: a ring alone, or what `pieces_of` reads."""
    if len(pieces) > 1:
        return pieces
    return pieces[0] if len(pieces[0]) > 1 else pieces[0][0]


# ---- writing


class AreaTakenError(SelatError):
    """There is such a watch area, or another than the one that was changed."""


def area_text(made: Mapping[str, Any], before: str = "") -> str:
    """Return a watch area as the text of its file.

    `before`: the text that is changed, of which whatever else it says stays, comments too, as far
    as each value can be changed in its place.
    """
    if before:
        held = read_value(before)
        text = yaml_with(before, held, made)
        if read_value(text) == dict(made):
            return text
    return yaml.safe_dump(dict(made), sort_keys=False, allow_unicode=True, default_flow_style=None)


def check_area(text: str, name: str) -> dict[str, Any]:
    """Return what the text of a file says, as `read_area` does, before there is the file."""
    with TemporaryDirectory(prefix="selat-") as folder:
        path = Path(folder) / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        return read_area(path)


def area_seen(path: Path) -> str:
    """Return what tells the content of a watch area's file from any other."""
    return sha256(path.read_bytes()).hexdigest()


def write_area(zones_dir: Path, name: str, text: str, *, seen: str = "") -> Path:
    """Write a watch area, whole or not at all; what was there before stays as ``NAME.yaml.before``.

    `seen`: `area_seen` of the file that is changed; empty: there must be none.

    Raises
    ------
    ConfigError
        If it is no watch area.
    AreaTakenError
        If there is one of that name, or it was changed meanwhile.
    """
    check_area(text, name)
    with locked(zones_dir / FOLDER) as folder:
        path = folder / f"{name}.yaml"
        if not seen:
            alike = [one.name for one in area_files(zones_dir) if slug(one.stem) == slug(name)]
            if alike or path.exists():
                raise AreaTakenError(
                    f"there is a watch area in {(alike or [path.name])[0]}",
                    hint="open that one to change it, or give this one another name",
                )
        elif not path.is_file() or area_seen(path) != seen:
            raise AreaTakenError(
                f"{path.name} was changed since it was opened", hint="open it again"
            )
        else:
            write_text(folder / f"{path.name}.before", path.read_text(encoding="utf-8"))
        return write_text(path, text)


def remove_area(zones_dir: Path, name: str, *, seen: str) -> Path:
    """Take a watch area out of use; its file stays as ``NAME.yaml.before``.

    Raises AreaTakenError if it was changed meanwhile, or isn't there.
    """
    with locked(zones_dir / FOLDER) as folder:
        path = folder / f"{name}.yaml"
        if not path.is_file() or area_seen(path) != seen:
            raise AreaTakenError(
                f"{path.name} was changed since it was opened", hint="open it again"
            )
        return path.replace(folder / f"{path.name}.before")


# ---- parts


def _is_ring(ring: Any) -> bool:
    return isinstance(ring, list) and bool(ring) and all(_is_point(point) for point in ring)


def _is_point(point: Any) -> bool:
    return (
        isinstance(point, list)
        and len(point) == 2
        and all(isinstance(v, int | float) and not isinstance(v, bool) for v in point)
        and all(abs(v) <= 540 for v in point)
    )


def _text(made: dict[str, Any], key: str, where: str) -> str:
    value = made.get(key)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > (MAX_NAME if key == "name" else 500):
        raise ConfigError(f"{where}: {key} is a text, and no long one")
    if any(unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in value.strip()):
        raise ConfigError(f"{where}: {key} holds characters that can't be seen")
    return value.strip()
