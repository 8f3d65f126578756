"""Outlines as they are typed: a corner a line, in degrees or in degrees and minutes."""

import re
from collections.abc import Sequence
from typing import Final

from detectors.core.errors import ConfigError
from pipelines.base.text import one_line, position_text

MAX_CORNERS: Final = 300
_MAX_LINE: Final = 60
_NUMBER: Final = r"([+-]?\d{1,3}(?:\.\d{1,9})?)(?: (\d{1,2}(?:\.\d{1,9})?))?"
_PLACE: Final = re.compile(rf"{_NUMBER} ?([NS])? {_NUMBER} ?([EW])?", re.ASCII)
_BLANKS: Final = re.compile(r"[\s,;°º′'’\"″]+")

Ring = Sequence[Sequence[float]]


def shown(ring: Ring) -> str:
    """Return an outline of longitudes and latitudes as it is typed."""
    return "\n".join(position_text(lat, lon) for lon, lat in ring)


def ring_of(text: str, ring: Ring = ()) -> list[list[float]]:
    """Return what was typed as longitudes and latitudes.

    `ring`: as the file has it. What is shown is rounded: a corner that nobody touched stays.

    Raises ConfigError if a line is no position: names it.
    """
    if ring and text.split() == shown(ring).split():
        return [list(point) for point in ring]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    known: dict[str, list[Sequence[float]]] = {}
    for point in ring:
        known.setdefault(shown([point]), []).append(point)
    return [
        list(left.pop(0)) if (left := known.get(line)) else [lon, lat]
        for line, (lat, lon) in zip(lines, corners_of(text), strict=True)
    ]


def corners_of(text: str) -> list[tuple[float, float]]:
    """Return latitude and longitude of each line: 3.205 101.5, or 03°12.30′N 101°30.00′E.

    Raises ConfigError if a line is no position: names it.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > MAX_CORNERS:
        raise ConfigError(f"an outline has {MAX_CORNERS} corners at most, not {len(lines):,}")
    found = [_corner(line, number) for number, line in enumerate(lines, 1)]
    if len(found) < 3:
        raise ConfigError(
            "an outline has three corners at least",
            hint="click on the map, or type a position a line: 3.205 101.5",
        )
    return found


def _corner(line: str, number: int) -> tuple[float, float]:
    """Return the position in a line.

    >>> _corner("3.25 101.5", 1), _corner("03°15.00′S, 101°30.00′E", 1), _corner("3 15 101 30", 1)
    ((3.25, 101.5), (-3.25, 101.5), (3.25, 101.5))
    """
    plain = _BLANKS.sub(" ", line[:_MAX_LINE]).strip().upper()
    plain = re.sub(r" ?([NSEW])", r"\1", plain)
    match = _PLACE.fullmatch(plain)
    if match is None or len(line) > _MAX_LINE or _in_doubt(*match.groups()):
        raise ConfigError(
            f"corner {number} is no position: {one_line(line, 40)}",
            hint="latitude, then longitude: 3.205 101.5, or 03°12.30′N 101°30.00′E",
        )
    lat_deg, lat_min, north, lon_deg, lon_min, east = match.groups()
    lat = _angle(lat_deg, lat_min) * (-1 if north == "S" else 1)
    lon = _angle(lon_deg, lon_min) * (-1 if east == "W" else 1)
    if abs(lat) > 90 or abs(lon) > 180:
        raise ConfigError(
            f"corner {number} lies nowhere: {one_line(line, 40)}",
            hint="latitude stands first, then longitude",
        )
    return round(lat, 6), round(lon, 6)


def _in_doubt(
    lat: str,
    lat_min: str | None,
    north: str | None,
    lon: str,
    lon_min: str | None,
    east: str | None,
) -> bool:
    """Whether three numbers stand for two angles, or one has a sign and a letter."""
    signed = any(text[0] in "+-" and letter for text, letter in ((lat, north), (lon, east)))
    return signed or ((lat_min is None) != (lon_min is None) and not (north and east))


def _angle(degrees: str, minutes: str | None) -> float:
    whole = float(degrees)
    part = float(minutes or 0) / 60
    return whole - part if whole < 0 or degrees.startswith("-") else whole + part
