"""Times, angles and positions as people write them in a report."""

import math
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final
from zoneinfo import ZoneInfo

from pipelines.ingest.column_names import zone_named
from pipelines.ingest.options import EARLIEST
from pipelines.ingest.places import is_written, side_sign, written

_MONTHS: Final = tuple(
    tuple(names.split())
    for names in (
        "january february march april may june july august september october november december",
        # Malay
        "januari februari mac april mei jun julai ogos september oktober november disember",
    )
)
_LETTERS: Final = "YXWVUTSRQPONZABCDEFGHIKLM"
"""Time zones from UTC-12 to UTC+12 in a date-time group (ACP 121, military time zones)."""
_GROUP: Final = re.compile(
    r"(?P<day>\d\d)(?P<hour>\d\d)(?P<minute>\d\d) ?(?P<zone>[A-IK-Z]) ?"
    r"(?P<month>[A-Z]{3}) ?(?P<year>\d{4}|\d\d)",
    re.IGNORECASE | re.ASCII,
)
ZONES: Final = {
    **{"UTC": "+00:00", "GMT": "+00:00"},
    **{"MYT": "+08:00", "SGT": "+08:00", "WIB": "+07:00", "WITA": "+08:00", "WIT": "+09:00"},
}
"""Malaysia and Singapore; west, middle and east Indonesia."""
_WORDS: Final = re.compile(
    r"(?P<day>\d\d?)[ -](?P<month>[A-Z]{3,9})[ -](?P<year>\d{4})[ T,]{1,3}"
    r"(?P<hour>\d\d?):?(?P<minute>\d\d)(?::(?P<second>\d\d))?"
    rf" ?(?P<zone>Z|{'|'.join(ZONES)})?",
    re.IGNORECASE | re.ASCII,
)
_EPOCH: Final = re.compile(r"(\d{9,10}(?:\.\d+)?)|(\d{13})(?:\.0)?", re.ASCII)
"""Milliseconds since 2001: twelve digits are a date and a clock written together, too."""
_NO_CLOCK: Final = re.compile(r"[\d-]+|\d{4}-?W[\d-]+", re.ASCII)
_ZONE: Final = re.compile(rf" ?({'|'.join(ZONES)})$")
_MAX_ANGLE: Final = 40
"""Characters of an angle, written however it may be."""
_NUMBERS: Final = re.compile(r"\d+(?:[.,]\d+)?", re.ASCII)
_PLACE: Final = re.compile(r"([^NSEWUTB]+[NSU])[ ,;/]*([^NSEWUTB]+[EWTB])", re.IGNORECASE)
_TWO: Final = re.compile(
    r"(?=.*\.)(-?\d{1,2}(?:\.\d+)?)(?: ?[,;/] ?| )(-?\d{1,3}(?:\.\d+)?)", re.ASCII
)
"""One of them has decimals: "2,25" may be a latitude alone, and so may "2 36"."""


NO_ZONE: Final = "(no zone)"
"""What stands behind a time for the zone that its row doesn't say, where others do."""


def time(value: Any) -> datetime:
    """Return when a row says; UTC where it names no zone.

    Raises ValueError for what is no time, has no clock, or is out of range.

    >>> [f"{time(one):%d %H:%M}" for one in ("060200H JAN 26", "051800ZJAN2026")]
    ['05 18:00', '05 18:00']
    >>> [f"{time(one):%d %H:%M}" for one in ("5 Jan 2026 18:00", "06-Jan-2026, 0200 MYT")]
    ['05 18:00', '05 18:00']
    """
    text = " ".join(str(value).split())
    try:
        moment = _moment(text)
    except (ValueError, OverflowError) as error:
        message = "isn't ISO 8601, seconds or milliseconds since 1970, or a date-time group"
        if text.endswith(NO_ZONE):
            message = "says no zone, where others say one"
        raise ValueError(message) from error
    if _NO_CLOCK.fullmatch(re.sub(_ZONE, "", text)) and not _EPOCH.fullmatch(text):
        raise ValueError("a date without a clock")
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    try:
        moment = moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("out of range") from error
    if moment < EARLIEST:  # a clock that was never set
        raise ValueError(f"before {EARLIEST.year}")
    return moment


def names_zone(value: Any) -> bool:
    """Tell whether a time says in which zone it is; seconds since 1970 do, what is no time doesn't.

    >>> [names_zone(one) for one in ("2026-01-05T18:00Z", "060200H JAN 26", "5 Jan 2026 18:00")]
    [True, True, False]
    """
    with suppress(ValueError, OverflowError):
        return _moment(" ".join(str(value).split())).tzinfo is not None
    return False


def in_zone(value: Any, zone: str) -> str:
    """Return a time that names no zone with that which stands beside it ("MYT", "+8",
    "Asia/Kuala_Lumpur") behind it; what is no zone, or of an hour that is there twice, makes no
    time.

    >>> [in_zone("5 Jan 2026 18:00", one) for one in ("myt", "UTC+07:00", "somewhere")]
    ['2026-01-05T18:00:00+08:00', '2026-01-05T18:00:00+07:00', '5 Jan 2026 18:00 somewhere']
    """
    if known := zone_named(zone.strip()):
        with suppress(ValueError, OverflowError):  # said of the time itself
            at = time(value).replace(tzinfo=ZoneInfo(known))
            if at.utcoffset() == at.replace(fold=1).utcoffset():
                return at.isoformat()
    return f"{str(value).strip()} {zone.strip()}"


def _moment(text: str) -> datetime:
    """Return a time in the zone that it names; without one where it names none."""
    if match := _EPOCH.fullmatch(text):
        seconds = float(match[1]) if match[1] else int(match[2]) / 1000.0
        return datetime.fromtimestamp(seconds, UTC)
    if not (match := _GROUP.fullmatch(text) or _WORDS.fullmatch(text)):
        return datetime.fromisoformat(re.sub(_ZONE, lambda found: ZONES[found[1]], text))
    part = match.groupdict()
    month = _month(part["month"].lower())
    year = int(part["year"]) + (2000 if len(part["year"]) == 2 else 0)
    of_day = [int(part.get(name) or 0) for name in ("day", "hour", "minute", "second")]
    zone = (part["zone"] or "").upper()
    hours = int(ZONES[zone][:3]) if zone in ZONES else _LETTERS.index(zone) - 12
    day, hour, minute, second = of_day
    at = timezone(timedelta(hours=hours)) if zone else None
    return datetime(year, month, day, hour, minute, second, tzinfo=at)


def _month(word: str) -> int:
    """Return the number of a month in English or Malay, written out or its first letters: what only
    begins like one is a slip, and which month was meant isn't known. 0 of those.
    """
    found = {
        number for names in _MONTHS for number, name in enumerate(names, 1) if name.startswith(word)
    }
    return found.pop() if len(found) == 1 else 0


def angle(value: Any, sides: str) -> float:
    """Return degrees as a number, or degrees, minutes and seconds with the hemisphere, in
    English, Malay or Indonesian (`places`).

    Raises ValueError for what is neither.

    >>> angle("2°15.5'S", "NS"), angle("101 30 36 E", "EW"), angle(-1.5, "NS")
    (-2.2583333333333333, 101.51, -1.5)
    """
    text = "" if isinstance(value, bool) else " ".join(str(value).split())
    if len(text) > _MAX_ANGLE or not is_written(text):
        return number(value)
    found = written("lat" if sides == "NS" else "lon", text, lettered=True)
    if math.isnan(found):
        raise ValueError("isn't an angle")
    return found


def sided(axis: str, text: str, side: str) -> float:
    """Return degrees with the side of the equator, or of Greenwich, beside them; NaN where that
    says none, or another than their sign or letter: one that agrees says it twice.

    >>> [sided("lat", one, "S") for one in ("2.5", "-2.5", "2d30m0s", "2.5N")]
    [-2.5, -2.5, -2.5, nan]
    """
    found = written(axis, f"{text} {side}", lettered=True)
    # Behind three numbers "s" may be that of seconds.
    if not is_written(text) or (not math.isnan(found) and len(_NUMBERS.findall(text)) > 2):
        return found
    alone, sign = written(axis, text), side_sign(axis, side)
    return alone if sign and alone * sign >= 0 else math.nan


def place(value: Any) -> tuple[str, str] | None:
    """Return the latitude and the longitude in a text that holds both; None where it doesn't.

    >>> place("02-15.5N 101-30.2E"), place("2.25, 101.5"), place("off Lumut")
    (('02-15.5N', '101-30.2E'), ('2.25', '101.5'), None)
    """
    text = " ".join(str(value).split())
    if len(text) > 2 * _MAX_ANGLE:
        return None
    match = _PLACE.fullmatch(text) or _TWO.fullmatch(text)
    return (match[1].strip(), match[2].strip()) if match else None


def number(value: Any) -> float:
    """Return a finite number; raises ValueError for anything else."""
    if isinstance(value, bool) or "_" in str(value):  # Python takes "2_5" for 25
        raise ValueError("isn't a number")
    try:
        found = float(str(value).strip())
    except ValueError as error:
        raise ValueError("isn't a number") from error
    if not math.isfinite(found):
        raise ValueError("isn't a number")
    return found
