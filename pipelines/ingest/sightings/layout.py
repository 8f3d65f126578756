"""The columns of a sightings file, the names they may have, and what a row must hold.

======================  ========  ===============================================================
column                  needed    meaning
======================  ========  ===============================================================
``time``                yes       ISO 8601 (UTC where it names no zone), seconds or milliseconds
                                  since 1970, "05 Jan 2026 18:00", or a date-time group
                                  ("051800Z JAN 26"); a ``date`` beside it where it has none
``lat``, ``lon``        yes       WGS84 degrees, or degrees and minutes as people write them
                                  ("2°15.5'N", "101 30 15 E"); in GeoJSON the point itself; in place
                                  of both a ``position`` ("02-15.5N 101-30.2E")
                                  (minutes, seconds and N or S may have columns of their own, as
                                  in feeds; so may the zone of times)
``source``              no        who or what saw it: "SAR Sentinel-1", "radar Bukit Segara", …;
                                  else the file's name
``uncertainty_m``       no        standard deviation of the position along each axis, metres
``semi_major_m``,       no        half axes of an uncertainty ellipse, one standard deviation, where
``semi_minor_m``                  there is no ``uncertainty_m``
``length_m``            no        estimated length; empty or 0 where there is no estimate
``confidence``          no        that something was there at all: 0-1, a percentage (with %, or
                                  above 1), or confirmed, high, probable, medium, possible, low
``note``                no        free text
``sighting_id``         no        name of the sighting where it comes from
======================  ========  ===============================================================

Names are compared without case, blanks, dashes, slashes, underscores and the zone in "(UTC)",
"(GMT)" or "(MYT)", which is that of times that name none. Where a file has several of a column's
names, the one named first in names.yaml, beside this module, counts.
`uncertainty_nm` is taken for nautical miles. An ellipse becomes the circle of the same mean square,
since its direction isn't kept. What isn't named here is left out, and the report says so.

Where a row gives no uncertainty or confidence, names.yaml does, by words in its source, and the
report counts it. The values are orders of magnitude: SAR and optical detections are placed
within a few tens of metres plus the shift that a ship's motion causes in SAR (Rodger & Guida 2021,
"Classification-aided SAR and AIS data fusion for space-based maritime surveillance", Remote Sensing
13(1):104, doi:10.3390/rs13010104); a coast radar within some 1 % of its range; what a person
estimates by eye within a fraction of a mile to a mile.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.base.yaml_files import read_yaml
from pipelines.ingest.column_names import names_zone_column, zone_named
from pipelines.ingest.places import AXES, names_part, written
from pipelines.ingest.samples import Sample, hemisphere_of, numbers_of, parts_of
from pipelines.ingest.sightings.written import (
    NO_ZONE,
    ZONES,
    angle,
    in_zone,
    names_zone,
    number,
    place,
    sided,
    time,
)

REQUIRED: Final = ("time", "lat", "lon")
BESIDE: Final = frozenset({"zone", *(f"{axis}_side" for axis in AXES)})
"""What stands beside others, of which a blank is no row without it."""

OTHER_DEFAULT: Final = (1000.0, 0.7)

SIMULATED: Final = "SELATSIM"
"""How the source of an exercise's sightings begins, as in its feeds."""

MAX_TEXT: Final = 2000
MAX_UNCERTAINTY_M: Final = 50_000.0
MAX_LENGTH_M: Final = 500.0
"""The longest ship ever built measured 458 m (Seawise Giant)."""

_WORD: Final = re.compile(r"[a-z]+")


@cache
def _names() -> Mapping[str, Any]:
    return read_yaml(Path(__file__).with_name("names.yaml"))


def plain(name: str) -> str:
    """Return a column's name as it is compared.

    >>> plain(" Length-M "), plain("Date/Time (UTC)")
    ('lengthm', 'datetime')
    """
    return re.sub(r"[\s_\-/]+|\((?:utc|gmt|myt)\)", "", name.casefold())


def zone_of(name: str) -> str:
    """Return the zone that a time column's name tells, empty where it tells none.

    >>> zone_of("Masa (MYT)"), zone_of("time_utc"), zone_of("dtg")
    ('MYT', 'UTC', '')
    """
    words = re.findall(r"[A-Z]+", name.upper())
    return next((zone for zone in ZONES if zone in words), "")


def joined(stated: Mapping[str, Any], zone: str) -> dict[str, Any]:
    """Return what a row states with its time and its place in one: a date of its own stands before
    a clock, `zone` (its column's), or else its own, behind a time that names none, minutes and the
    side of the equator behind degrees, and a position falls into its two angles.
    """
    date, clock = (str(stated.get(name, "")).strip() for name in ("date", "time"))
    found = dict(stated)
    if date and re.fullmatch(r"\d{1,2}:\d{2}.*", clock):
        found["time"] = f"{date}T{clock.zfill(5) if len(clock) < 5 else clock}"
    own = found.pop("zone", None)
    zone = zone or str(own or found.pop("utc", "")).strip()
    if (zone or own is not None) and "time" in found and not names_zone(found["time"]):
        found["time"] = in_zone(found["time"], zone or NO_ZONE)
    if "position" in found:
        text = found["position"]
        found["lat"], found["lon"] = place(text) or (text, text)
    for axis in AXES:
        side = found.pop(f"{axis}_side", None)
        behind = [found.pop(f"{axis}_{part}", "") for part in ("min", "sec")]
        if axis in found and (side is not None or any(behind)):
            text = " ".join(str(one).strip() for one in (found[axis], *behind)).strip()
            found[axis] = written(axis, text) if side is None else sided(axis, text, str(side))
    return found


def columns_of(header: list[str]) -> dict[str, str]:
    """Return which of a file's columns holds each quantity.

    >>> columns_of(["Timestamp", "latitude", "lon", "LON", "sensor"])
    {'time': 'Timestamp', 'lat': 'latitude', 'lon': 'lon', 'source': 'sensor'}
    """
    names: dict[str, str] = {}
    for name in header:
        names.setdefault(plain(name), name)
    found = {}
    for quantity, aliases in _names()["columns"].items():
        known = [names[plain(alias)] for alias in aliases if plain(alias) in names]
        if known:
            found[quantity] = known[0]
    if "date" in found and "time" not in found:
        found["time"] = found.pop("date")
    if "lat" in found and "lon" in found:
        found.pop("position", None)
    return found


def beside(chosen: Mapping[str, str], sample: Sample) -> dict[str, str]:
    """Return which columns say minutes, sides and the zone of chosen ones, as `naming` takes them
    of feeds: what says nothing, or stands beside fractions of a degree, is left.
    """
    found = {}
    for axis in AXES:
        if axis in chosen:
            numbers = numbers_of(sample.of(chosen[axis]), ",")
            for part in parts_of(sample, axis, numbers):
                found[f"{axis}_{names_part(axis, part)}"] = part
            found[f"{axis}_side"] = hemisphere_of(sample, axis)
    zones = (name for name in sample.header if names_zone_column(name) and sample.of(name))
    zone = next(zones, "")
    # Beside another zone than UTC a blank says none, and not that one.
    utc = zone and all(zone_named(cell) == "UTC" for cell in sample.of(zone))
    found["utc" if utc else "zone"] = zone
    return {quantity: column for quantity, column in found.items() if column}


def defaults_of(source: str) -> tuple[float, float]:
    """Return uncertainty in metres and confidence that a source has where a row doesn't say.

    >>> defaults_of("SAR Sentinel-1"), defaults_of("lighthouse keeper")
    ((150.0, 0.9), (1000.0, 0.7))
    """
    words = set(_WORD.findall(source.casefold()))
    for known in _names()["sources"]:
        if words & set(known["words"]):
            return known["uncertainty_m"], known["confidence"]
    return OTHER_DEFAULT


def _lat(value: Any) -> float:
    return angle(value, "NS")


def _lon(value: Any) -> float:
    return angle(value, "EW")


def _share(value: Any) -> float:
    text = str(value).strip()
    if text.casefold() in _names()["confidence"]:
        return float(_names()["confidence"][text.casefold()])
    share = number(text.removesuffix("%"))
    return share / 100.0 if text.endswith("%") or share > 1.0 else share


def _text(value: Any) -> str:
    """Return text as it can be stored: trimmed, and lone surrogates replaced."""
    return str(value).encode("utf-8", "replace").decode("utf-8").strip()


Number = Annotated[float, BeforeValidator(number)]


class Row(BaseModel):
    """One sighting as a file states it; what isn't stated is None or empty."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    time: Annotated[datetime, BeforeValidator(time)]
    lat: Annotated[float, BeforeValidator(_lat), Field(ge=-90, le=90)]
    lon: Annotated[float, BeforeValidator(_lon), Field(ge=-180, le=180)]
    source: Annotated[str, BeforeValidator(_text), Field(min_length=1, max_length=200)]
    semi_major_m: Annotated[Number, Field(gt=0, le=MAX_UNCERTAINTY_M)] | None = None
    semi_minor_m: Annotated[Number, Field(gt=0, le=MAX_UNCERTAINTY_M)] | None = None
    uncertainty_m: Annotated[Number, Field(gt=0, le=MAX_UNCERTAINTY_M)] | None = None
    uncertainty_nm: Annotated[Number, Field(gt=0, le=MAX_UNCERTAINTY_M / METRES_PER_NM)] | None = (
        None
    )
    length_m: Annotated[Number, Field(ge=0, le=MAX_LENGTH_M)] | None = None
    confidence: Annotated[float, BeforeValidator(_share), Field(ge=0, le=1)] | None = None
    note: Annotated[str, BeforeValidator(_text), Field(max_length=MAX_TEXT)] = ""
    sighting_id: Annotated[str, BeforeValidator(_text), Field(max_length=200)] = ""
