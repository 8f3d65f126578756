"""The columns of a sightings file, the names they may have, and what a row must hold.

======================  ========  ===============================================================
column                  needed    meaning
======================  ========  ===============================================================
``time``                yes       ISO 8601 (UTC where it names no zone), or seconds since 1970
``lat``, ``lon``        yes       WGS84 degrees; in GeoJSON the point itself
``source``              yes       who or what saw it: "SAR Sentinel-1", "radar Bukit Segara", …
``uncertainty_m``       no        standard deviation of the position along each axis, metres
``length_m``            no        estimated length; empty or 0 where there is no estimate
``confidence``          no        0-1 or a percentage with %, that something was there at all
``note``                no        free text
``sighting_id``         no        name of the sighting where it comes from
======================  ========  ===============================================================

Names are compared without case, blanks, dashes and underscores. Where a file has several of a
column's names, the one named first in `ALIASES` counts. `uncertainty_nm` is taken for nautical
miles. What isn't named here is left out, and the report says so.

Where a row gives no uncertainty or confidence, `SOURCE_DEFAULTS` does, by words in its source, and
the report counts it. The values are orders of magnitude: SAR and optical detections are placed
within a few tens of metres plus the shift that a ship's motion causes in SAR (Rodger & Guida 2021,
"Classification-aided SAR and AIS data fusion for space-based maritime surveillance", Remote Sensing
13(1):104, doi:10.3390/rs13010104); a coast radar within some 1 % of its range; what a person
estimates by eye within a fraction of a mile to a mile.
"""

import math
import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from detectors.core.geodesy import METRES_PER_NM

ALIASES: Final = {
    "time": (
        "time", "timestamp", "datetime", "time_utc", "datetime_utc", "utc", "detect_timestamp",
        "detection_time", "observed_at", "acquisition_time", "acquired", "date_time",
    ),
    "lat": ("lat", "latitude", "lat_deg", "detect_lat", "y"),
    "lon": ("lon", "longitude", "lng", "long", "lon_deg", "detect_lon", "x"),
    "uncertainty_m": (
        "uncertainty_m", "uncertainty", "position_error_m", "accuracy_m", "error_m", "sigma_m",
    ),
    "uncertainty_nm": ("uncertainty_nm", "position_error_nm", "accuracy_nm", "error_nm"),
    "source": ("source", "sensor", "platform", "reported_by", "reporter", "observer"),
    "length_m": ("length_m", "length", "vessel_length_m", "est_length_m", "loa_m"),
    "confidence": ("confidence", "presence_score", "score", "probability", "conf"),
    "note": ("note", "notes", "remarks", "remark", "comment", "description"),
    "sighting_id": ("sighting_id", "id", "detection_id", "detect_id", "event_id"),
}  # fmt: skip
"""Names of each column, the preferred one first."""

REQUIRED: Final = ("time", "lat", "lon", "source")

SOURCE_DEFAULTS: Final = (
    # Words of a source; standard deviation in metres; confidence.
    (("sar", "satellite", "sentinel", "viirs", "optical", "eo"), 150.0, 0.9),
    (("radar", "vts", "coastal"), 200.0, 0.9),
    (("patrol", "navy", "police", "coastguard", "vessel", "ship"), 500.0, 0.95),
    (("aerial", "aircraft", "drone", "uav", "mpa"), 500.0, 0.95),
    (("public", "fisher", "phone", "tip", "citizen"), 2000.0, 0.5),
)
OTHER_DEFAULT: Final = (1000.0, 0.7)

SIMULATED: Final = "SELATSIM"
"""How the source of an exercise's sightings begins, as in its feeds."""

MAX_TEXT: Final = 2000
MAX_UNCERTAINTY_M: Final = 50_000.0
MAX_LENGTH_M: Final = 500.0
"""The longest ship ever built measured 458 m (Seawise Giant)."""

_WORD: Final = re.compile(r"[a-z]+")


def plain(name: str) -> str:
    """A column's name as it is compared.

    >>> plain(" Length-M ")
    'lengthm'
    """
    return re.sub(r"[\s_\-]+", "", name).casefold()


def columns_of(header: list[str]) -> dict[str, str]:
    """Which of a file's columns holds each quantity.

    >>> columns_of(["Timestamp", "latitude", "lon", "LON", "sensor"])
    {'time': 'Timestamp', 'lat': 'latitude', 'lon': 'lon', 'source': 'sensor'}
    """
    names: dict[str, str] = {}
    for name in header:
        names.setdefault(plain(name), name)
    found = {}
    for quantity, aliases in ALIASES.items():
        known = [names[plain(alias)] for alias in aliases if plain(alias) in names]
        if known:
            found[quantity] = known[0]
    return found


def defaults_of(source: str) -> tuple[float, float]:
    """Uncertainty in metres and confidence that a source has where a row doesn't say.

    >>> defaults_of("SAR Sentinel-1"), defaults_of("lighthouse keeper")
    ((150.0, 0.9), (1000.0, 0.7))
    """
    words = set(_WORD.findall(source.casefold()))
    for known, uncertainty_m, confidence in SOURCE_DEFAULTS:
        if words & set(known):
            return uncertainty_m, confidence
    return OTHER_DEFAULT


def _time(value: Any) -> datetime:
    text = str(value).strip()
    try:
        if re.fullmatch(r"\d{9,10}(\.\d+)?", text):
            return datetime.fromtimestamp(float(text), UTC)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise ValueError("isn't ISO 8601, nor seconds since 1970") from error
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    try:
        moment = moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("out of range") from error
    if moment.year < 1970:
        raise ValueError("before 1970")
    return moment


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise ValueError("isn't a number")
    try:
        number = float(str(value).strip())
    except ValueError as error:
        raise ValueError("isn't a number") from error
    if not math.isfinite(number):
        raise ValueError("isn't a number")
    return number


def _share(value: Any) -> float:
    text = str(value).strip()
    return _number(text[:-1]) / 100.0 if text.endswith("%") else _number(text)


def _text(value: Any) -> str:
    """Text as it can be stored: trimmed, and lone surrogates replaced."""
    return str(value).encode("utf-8", "replace").decode("utf-8").strip()


Number = Annotated[float, BeforeValidator(_number)]


class Row(BaseModel):
    """One sighting as a file states it; what isn't stated is None or empty."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    time: Annotated[datetime, BeforeValidator(_time)]
    lat: Annotated[Number, Field(ge=-90, le=90)]
    lon: Annotated[Number, Field(ge=-180, le=180)]
    source: Annotated[str, BeforeValidator(_text), Field(min_length=1, max_length=200)]
    uncertainty_m: Annotated[Number, Field(gt=0, le=MAX_UNCERTAINTY_M)] | None = None
    uncertainty_nm: Annotated[Number, Field(gt=0, le=MAX_UNCERTAINTY_M / METRES_PER_NM)] | None = (
        None
    )
    length_m: Annotated[Number, Field(ge=0, le=MAX_LENGTH_M)] | None = None
    confidence: Annotated[float, BeforeValidator(_share), Field(ge=0, le=1)] | None = None
    note: Annotated[str, BeforeValidator(_text), Field(max_length=MAX_TEXT)] = ""
    sighting_id: Annotated[str, BeforeValidator(_text), Field(max_length=200)] = ""
