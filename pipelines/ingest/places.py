"""Latitude and longitude as people and databases write them: degrees and minutes, points.

Numbers of degrees alone `cells` reads; here is what a text says beside its digits, in feeds and in
sightings.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

DMS: Final = "dms"
"""Unit of degrees, minutes and seconds, with a hemisphere or a sign: 02°30.5'N, 2 30 12 S,
0230.123 N (as NMEA writes it: no blank between degrees and minutes), 2.5N."""
POINT: Final = "point"
"""Unit of a point that holds longitude, then latitude: well-known text or, in hexadecimal digits,
well-known binary (ISO 13249-3), in WGS84 degrees."""

_MOST: Final = {"lat": 90.0, "lon": 180.0}
# In English, Malay and Indonesian: utara, selatan; timur, barat; lintang utara, bujur timur.
_SIGNS: Final[Mapping[str, Mapping[str, int]]] = {
    "lat": {
        **dict.fromkeys(("N", "NORTH", "U", "UTARA", "LU"), 1),
        **dict.fromkeys(("S", "SOUTH", "SELATAN", "LS"), -1),
    },
    "lon": {
        **dict.fromkeys(("E", "EAST", "T", "TIMUR", "BT"), 1),
        **dict.fromkeys(("W", "WEST", "B", "BARAT", "BB"), -1),
    },
}
_SIDE: Final = "(NORTH|SOUTH|EAST|WEST|UTARA|SELATAN|TIMUR|BARAT|L[US]|B[TB]|[NSEWUTB])?"
_NUMBER: Final = r"\d{1,8}(?:[.,]\d{1,20})?"
_NOUGHTS: Final = re.compile(r"\.0*$")
# What stands between numbers is a sign of degrees or minutes, in any of its spellings; behind a
# blank "-" is that of the minutes, which have none.
_BETWEEN: Final = r"(?:(?![^\w.,+]{0,3}\s-\d)[^\w.,+]{1,4}|[^\w.,+]?[DM][^\w.,+]?)"
_WRITTEN: Final = re.compile(
    rf"{_SIDE}[^\w.,+-]{{0,3}}([+-]?)({_NUMBER})(?:{_BETWEEN}({_NUMBER}))?(?:{_BETWEEN}({_NUMBER}))?"
    rf"[^\w.,+-]{{0,4}}[DMS]??[^\w.,+-]{{0,2}}{_SIDE}"
)
_DIGITS: Final = re.compile(r"\d{1,9}")
_LONGEST: Final = 80
# A point takes 45 bytes, 90 digits; geometries within others, deep enough, end a process.
_LONGEST_POINT: Final = 256
_POINT: Final = re.compile(
    r"(?:SRID=4326;)?\s{0,4}POINT\s{0,4}(?:Z|M|ZM)?\s{0,4}\(|0[01][0-9A-F]{40,}$", re.IGNORECASE
)
_SRID: Final = re.compile(r"^SRID=4326;", re.IGNORECASE)
_TOKEN: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
AXES: Final = {
    "lat": frozenset({"lat", "latitude", "latitud", "lintang"}),
    "lon": frozenset({"lon", "long", "lng", "longitude", "longitud", "bujur"}),
}
_HEMISPHERE: Final = frozenset({"hemisphere", "hemi", "hem", "indicator"})
# Beside a latitude's name alone: by itself it is where a ship, or the wind, goes.
_SIDES: Final = frozenset({*_HEMISPHERE, "dir", "direction"})
_SIDES_OF: Final = {
    "lat": ({"ns"}, {"n", "s"}, {"north", "south"}),
    "lon": ({"ew"}, {"e", "w"}, {"east", "west"}),
}
_PARTS: Final = {
    "min": frozenset({"min", "mins", "minute", "minutes", "minit", "menit"}),
    "sec": frozenset({"sec", "secs", "second", "seconds", "saat", "detik"}),
}
_GEOMETRY: Final = re.compile(
    r"(?:SRID=\d{1,9};)?\s{0,4}[A-Z]{5,20}\s{0,4}(?:Z|M|ZM)?\s{0,4}\(", re.IGNORECASE
)
_WGS84: Final = 4326


def is_point(text: str) -> bool:
    """Tell whether a text looks like a point in degrees."""
    return len(text) <= _LONGEST_POINT and _POINT.match(text) is not None


def is_geometry(text: str) -> bool:
    """Tell whether a text looks like well-known text of anything, in any reference system."""
    return _GEOMETRY.match(text) is not None


def names_side(axis: str, column: str) -> bool:
    """Tell whether a column by its name says on which side of the equator, or of Greenwich,
    something is: "N/S", "lat dir"; "direction" alone, or of a wind, doesn't.
    """
    tokens = {*_tokens(column)}
    if rest := tokens - AXES[axis] if tokens & AXES[axis] else set():
        return rest <= _SIDES or rest - _SIDES in _SIDES_OF[axis]
    return tokens == {"hemisphere"} or tokens - _HEMISPHERE in _SIDES_OF[axis]


def names_part(axis: str, column: str) -> str:
    """Return of which part of an angle a column is by its name: "min", "sec" or none."""
    tokens = _tokens(column)
    if len(tokens) < 2 or tokens[0] not in AXES[axis]:
        return ""
    return next((part for part, words in _PARTS.items() if set(tokens[1:]) <= words), "")


def _tokens(column: str) -> list[str]:
    """Return the words of a column's name; of one inside another its own."""
    return [token.casefold() for token in _TOKEN.findall(column.rpartition(".")[2])]


def side_sign(axis: str, text: str) -> int:
    """Return the sign of the side of the equator, or of Greenwich, that a text says; 0 if none.

    >>> side_sign("lat", "LS"), side_sign("lon", "east"), side_sign("lat", "E")
    (-1, 1, 0)
    """
    return _SIGNS[axis].get(text.strip().upper(), 0)


def degrees(
    axis: str, unit: str, texts: Sequence[str], *, lettered: bool = False
) -> NDArray[np.float64]:
    """Return degrees of "lat" or "lon" by texts in the unit `DMS` or `POINT`; NaN where one says
    none, or more than there are.

    `lettered`: what names no hemisphere says none.
    """
    if unit == POINT:
        found = _of_points(axis, texts)
    else:
        each = [written(axis, text, lettered=lettered) for text in texts]
        found = np.array(each, "float64").reshape(-1)
    return np.where(np.abs(found) <= _MOST[axis], found, np.nan)


def is_written(text: str) -> bool:
    """Tell whether a text has the form of degrees with a hemisphere, whatever its numbers."""
    whole = _matched(text)
    return whole is not None and bool(whole[1] or whole.groups()[-1])


def written(axis: str, text: str, *, lettered: bool = False) -> float:
    """Return degrees of "lat" or "lon" by a text of degrees, minutes and seconds, out of range too;
    NaN if it is none. `lettered`: as of `degrees`. A sign that agrees with the side says it twice.

    >>> written("lat", "02°30.5'S"), written("lon", "10130.5E"), written("lat", "-2 30 LS")
    (-2.5083333333333333, 101.50833333333334, -2.5)
    """
    whole = _matched(text)
    if whole is None:
        return math.nan
    before, sign, *numbers, behind = whole.groups()
    letter = before or behind or ""
    parts = [number.replace(",", ".") for number in numbers if number]
    parts = [*(_NOUGHTS.sub("", part) for part in parts[:-1]), *parts[-1:]]
    if (before and behind) or (lettered and not letter):
        return math.nan
    if letter and letter not in _SIGNS[axis]:
        return math.nan
    if len(parts) == 1:
        parts = _run_together(axis, parts[0])
        if len(parts) > 1 and not letter:  # nobody says on which side
            return math.nan
    if any("." in part for part in parts[:-1]):  # of what has minutes, degrees are whole
        return math.nan
    degree, minute, second = (*map(float, parts), 0.0, 0.0)[:3]
    if minute >= 60 or second >= 60:
        return math.nan
    value = degree + minute / 60 + second / 3600
    said = {-1 if sign == "-" else 1} if sign else set()
    said |= {_SIGNS[axis][letter]} if letter else set()
    return math.nan if len(said) > 1 and value else value * min(said, default=1)


def _matched(text: str) -> "re.Match[str] | None":
    # The sign beside 0 on Spanish keyboards is an ordinal's, and a letter.
    bare = text.strip().upper().replace("º", "°")
    return _WRITTEN.fullmatch(bare) if len(text) <= _LONGEST else None


def _run_together(axis: str, number: str) -> list[str]:
    """Return degrees, minutes and seconds of digits without a blank between them: ddmm.mmm or
    ddmmss (of longitude dddmm.mmm, dddmmss); a number of degrees has fewer digits.
    """
    wide = 2 if axis == "lat" else 3
    digits = number.partition(".")[0]
    if len(digits) == wide + 2:
        return [number[:wide], number[wide:]]
    if len(digits) == wide + 4:
        return [number[:wide], number[wide : wide + 2], number[wide + 2 :]]
    return [number]


def is_run_together(axis: str, text: str) -> bool:
    """Tell whether a text begins with degrees and minutes that have no blank between them."""
    digits = _DIGITS.search(text)
    return digits is not None and len(_run_together(axis, digits[0])) > 1


def _of_points(axis: str, texts: Sequence[str]) -> NDArray[np.float64]:
    import shapely

    found = np.full(len(texts), np.nan)
    rows = [row for row, text in enumerate(texts) if is_point(text)]
    hexed = [row for row in rows if texts[row].startswith("0")]
    written = [row for row in rows if not texts[row].startswith("0")]
    bare = [_SRID.sub("", texts[row]) for row in written]
    with np.errstate(over="ignore"):
        points_hexed = shapely.from_wkb([texts[row] for row in hexed], on_invalid="ignore")
        points_written = shapely.from_wkt(bare, on_invalid="ignore")
    for some, points in ((hexed, points_hexed), (written, points_written)):
        right = shapely.get_type_id(points) == shapely.GeometryType.POINT
        right &= np.isin(shapely.get_srid(points), (0, _WGS84))
        along = shapely.get_x(points) if axis == "lon" else shapely.get_y(points)
        found[some] = np.where(right, along, np.nan)
    return found
