"""Outlines as they are typed: a corner a line, in degrees or in degrees and minutes.

A line `+` begins another piece, a line `-` a hole in the piece before it.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from detectors.core.errors import ConfigError
from pipelines.base.text import one_line, position_text
from pipelines.reference.layers.areas import Piece, Ring

MAX_CORNERS: Final = 1000
PIECE, HOLE = "+", "-"
_SIGNS: Final = {"+": PIECE, "-": HOLE, "−": HOLE, "–": HOLE}
_MAX_LINE: Final = 60
_NUMBER: Final = r"([+-]?\d{1,3}(?:\.\d{1,9})?)(?: (\d{1,2}(?:\.\d{1,9})?))?"
_PLACE: Final = re.compile(rf"{_NUMBER} ?([NS])? {_NUMBER} ?([EW])?", re.ASCII)
_BLANKS: Final = re.compile(r"[\s,;°º′'’\"″]+|(?<=\d)-(?=\d)")


def shown(pieces: Sequence[Piece]) -> str:
    """Return an outline of longitudes and latitudes as it is typed."""
    lines: list[str] = []
    for piece in pieces:
        for number, ring in enumerate(piece):
            lines += [HOLE if number else PIECE, *map(_line, ring)]
    return "\n".join(lines[1:])


def outline_of(text: str, held: Sequence[Piece] = ()) -> list[Piece]:
    """Return what was typed as longitudes and latitudes.

    `held`: as the file has it. What is shown is rounded: a corner that nobody touched stays.

    Raises ConfigError if a line is no position, or makes no outline: names it.
    """
    if held and text.split() == shown(held).split():
        return [[[list(point) for point in ring] for ring in piece] for piece in held]
    known: dict[str, list[Sequence[float]]] = {}
    for point in (point for piece in held for ring in piece for point in ring):
        known.setdefault(_line(point), []).append(point)
    pieces: list[Piece] = []
    for sign, lines in _rings(text):
        ring: Ring = []
        for number, line in lines:
            if left := known.get(line):
                ring.append(list(left.pop(0)))
            else:
                ring.append([*reversed(_corner(line, number))])
        if len(ring) < 3:
            raise ConfigError(
                "an outline has three corners at least",
                hint="click on the map, or type a position a line: 3.205 101.5",
            )
        if sign == PIECE:
            pieces.append([ring])
        else:
            pieces[-1].append(ring)
    return pieces


def _rings(text: str) -> Iterator[tuple[str, list[tuple[int, str]]]]:
    """Yield what begins each ring, and its lines with their numbers."""
    sign, ring = PIECE, list[tuple[int, str]]()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if (n := sum(line not in _SIGNS for line in lines)) > MAX_CORNERS:
        raise ConfigError(f"an outline has {MAX_CORNERS} corners at most, not {n:,}")
    for number, line in enumerate(lines, 1):
        if line not in _SIGNS:
            ring.append((number, line))
        elif number > 1:
            yield sign, ring
            sign, ring = _SIGNS[line], []
        elif _SIGNS[line] == HOLE:
            raise ConfigError(
                "a hole lies in a piece", hint="the outline of the piece stands before its holes"
            )
    yield sign, ring


def _line(point: Sequence[float]) -> str:
    return position_text(point[1], point[0])


def _corner(line: str, number: int) -> tuple[float, float]:
    """Return the position in a line.

    >>> _corner("3.25 101.5", 1), _corner("03°15.00′S, 101°30.00′E", 1), _corner("3 15 101 30", 1)
    ((3.25, 101.5), (-3.25, 101.5), (3.25, 101.5))
    >>> _corner("03-15.0N 101-30.0E", 1)  # as patrols write it
    (3.25, 101.5)
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
    """Tell whether three numbers stand for two angles, or one has a sign and a letter."""
    signed = any(text[0] in "+-" and letter for text, letter in ((lat, north), (lon, east)))
    return signed or ((lat_min is None) != (lon_min is None) and not (north and east))


def _angle(degrees: str, minutes: str | None) -> float:
    whole = float(degrees)
    part = float(minutes or 0) / 60
    return whole - part if whole < 0 or degrees.startswith("-") else whole + part
