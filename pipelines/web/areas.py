"""A watch area as it is typed or drawn at the desk, and as the file that it becomes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from detectors.core.errors import ConfigError
from detectors.surroundings.watches import WHEN
from pipelines.base.settings import Installation
from pipelines.base.text import LOCAL, one_line, position_text
from pipelines.base.visible import clean_lines
from pipelines.base.yaml_files import read_bounded
from pipelines.reference import layers
from pipelines.reference.layers.areas import FOLDER, MAX_BYTES, MAX_NAME, WATCH_CLASS
from pipelines.reference.layers.files import slug
from pipelines.run.setup import load_zones
from pipelines.run.windows import utc

WORDS_WHEN: Final = {
    "enter": "enters",
    "stay": "stays",
    "stop": "stops",
    "meet": "meets another",
    "silence": "falls silent",
    "speed": "goes fast",
}
"""What may be told of, in words: `watches.WHEN`."""
WORDS_VESSELS: Final = {
    "class_a": "with a class A set",
    "class_b": "with a class B set",
    "cargo": "cargo",
    "tanker": "tankers",
    "passenger": "passenger",
    "fishing": "fishing",
    "tug": "tugs",
    "pleasure": "pleasure",
    "official": "official",
    "unknown": "type not stated",
}
"""Classes of vessels that a rule may be about, in words: `watches.SETS` and `watches.SHIPS`."""
CLASSES: Final = tuple(WORDS_VESSELS)
WORDS_ZONES: Final = {
    WATCH_CLASS: "a watch area: it tells, and excuses nothing",
    "port": "a port",
    "anchorage": "an anchorage",
    "waiting_area": "where ships wait",
    "pilot_ground": "a pilot boarding ground",
    "ferry_route": "a ferry route",
    "precautionary_area": "a precautionary area",
}
"""Classes of zones that are drawn here, in words; what lies in others takes more than an outline to
say."""

MAX_CORNERS: Final = 300
MAX_RULES: Final = 12
_MAX_LINE: Final = 60
_MAX_FILE_NAME: Final = 60
_FIELDS: Final = {
    "name": MAX_NAME,
    "zone_class": 40,
    "corners": 40_000,
    "when": 12,
    "min_duration_min": 12,
    "speed_kn": 12,
    "hours_from": 5,
    "hours_to": 5,
    "score": 12,
    "valid_from": 30,
    "valid_until": 30,
    "source": 200,
    "since": 30,
    "until": 30,
    "seen": 64,
    "rule": 3,
    "operator": 60,
}
_NUMBER: Final = r"([+-]?\d{1,3}(?:\.\d{1,9})?)(?: (\d{1,2}(?:\.\d{1,9})?))?"
_PLACE: Final = re.compile(rf"{_NUMBER} ?([NS])? {_NUMBER} ?([EW])?", re.ASCII)
_BLANKS: Final = re.compile(r"[\s,;°º′'’\"″]+")


@dataclass(frozen=True)
class Form:
    """An area with one of its rules, as it was typed."""

    name: str = ""
    zone_class: str = WATCH_CLASS
    corners: str = ""
    when: str = "enter"
    min_duration_min: str = ""
    speed_kn: str = ""
    hours_from: str = ""
    hours_to: str = ""
    score: str = ""
    valid_from: str = ""
    valid_until: str = ""
    source: str = ""
    since: str = ""
    until: str = ""
    seen: str = ""
    rule: str = "0"
    operator: str = ""
    vessels: tuple[str, ...] = ()

    @property
    def number(self) -> int:
        """Which of the area's rules it is, from 0."""
        return int(self.rule) if self.rule.isascii() and self.rule.isdecimal() else 0


@dataclass(frozen=True)
class Area:
    """A watch area that there is.

    Attributes
    ----------
    stem
        The name of its file without ending, which names its page.
    rules
        What each of its rules asks for, in a line.
    problem
        Why it can't be read; empty where it can.
    """

    stem: str
    name: str = ""
    zone_id: str = ""
    zone_class: str = ""
    note: str = ""
    rules: tuple[str, ...] = ()
    geometry: Any = None
    problem: str = ""
    held: Mapping[str, Any] = field(default_factory=dict)


def visible(form: Form) -> Form:
    """Return a form as a page may show it: what can't be seen in it is."""
    texts: dict[str, Any] = {name: clean_lines(getattr(form, name)) for name in _FIELDS}
    return replace(form, **texts)


def typed(form: Mapping[str, str], operator: str) -> Form:
    """Return what a form holds, cut to what may be meant."""
    held = {name: form.get(name, "").strip()[:limit] for name, limit in _FIELDS.items()}
    held["operator"] = one_line(held["operator"], _FIELDS["operator"]) or operator
    held["zone_class"] = held["zone_class"] or WATCH_CLASS
    chosen = tuple(name for name in CLASSES if f"vessels_{name}" in form)
    return Form(**held, vessels=chosen)


def all_of(installation: Installation) -> list[Area]:
    """Return every watch area of an installation, those that can't be read with what is wrong."""
    return [_area(path) for path in layers.area_files(installation.config / "zones")]


def find(installation: Installation, stem: str) -> Area | None:
    """Return a watch area by the name of its file; None where there is none."""
    return next((one for one in all_of(installation) if one.stem == stem), None)


def _area(path: Path) -> Area:
    try:
        zone, held = layers.read_area(path), read_bounded(path, MAX_BYTES)
    except ConfigError as error:
        return Area(path.stem, one_line(path.stem, MAX_NAME), problem=error.message)
    return Area(
        path.stem,
        one_line(zone["name"], MAX_NAME),
        zone["zone_id"],
        zone["zone_class"],
        one_line(zone["note"], 500),
        tuple(one_line(watch.text, 200) for watch in zone["watches"]),
        zone["geometry"],
        held=held,
    )


def form_of(area: Area, seen: str, number: int, operator: str) -> Form:
    """Return the form that changes an area: one of its rules, or a further one."""
    rules = area.held.get("watch", ())
    rule: Mapping[str, Any] = rules[number] if number < len(rules) else {"when": ""}
    if not rule["when"] and (number or area.zone_class == WATCH_CLASS):
        rule = {"when": "enter"}
    begin, _, end = str(rule.get("hours") or "").partition("-")
    vessels = rule.get("vessels") or ()
    texts = ("min_duration_min", "speed_kn", "score", "valid_from", "valid_until", "source")
    return Form(
        name=str(area.held["name"]),
        zone_class=area.zone_class,
        corners="\n".join(position_text(lat, lon) for lon, lat in area.held["polygon"]),
        when=str(rule["when"]),
        hours_from=begin,
        hours_to=end,
        seen=seen,
        rule=str(min(number, len(rules))),
        operator=operator,
        vessels=tuple(name for name in CLASSES if name in vessels),
        **{name: "" if rule.get(name) is None else str(rule[name]) for name in texts},
    )


def classes_of(area: Area | None) -> dict[str, str]:
    """Return the classes that an area may be of, in words: one of a user's own stays."""
    own = WATCH_CLASS if area is None else area.zone_class
    return WORDS_ZONES if own in WORDS_ZONES else {own: own, **WORDS_ZONES}


def made_of(form: Form, area: Area | None, *, without: bool = False) -> dict[str, Any]:
    """Return the content of the file that a form makes of an area, or of none.

    `without`: whether the rule is left out.

    Raises ConfigError if something that was typed can't be meant.
    """
    if not form.name:
        raise ConfigError("the area has no name")
    if not form.operator:
        raise ConfigError("who are you?", hint="your name goes with what you draw")
    held = {} if area is None else dict(area.held)
    rules: list[Any] = list(held.get("watch", ()))
    place = min(form.number, len(rules))
    if form.zone_class not in classes_of(area):
        raise ConfigError("what it is isn't chosen")
    watched = form.zone_class == WATCH_CLASS
    rules[place : place + 1] = [] if without or not (watched or form.when) else [_rule(form)]
    if not rules and watched:
        raise ConfigError("an area without a rule tells of nothing", hint="remove the area")
    if len(rules) > MAX_RULES:
        raise ConfigError(f"an area has {MAX_RULES} rules at most here")
    said = "drawn" if area is None else "changed"
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    kept = {k: v for k, v in held.items() if k not in ("name", "note", "zone_class", "watch")}
    return {
        "name": form.name,
        **({} if watched else {"zone_class": form.zone_class}),
        **kept,
        "note": _noted(str(held.get("note") or ""), f"{said} by {form.operator}, {today}"),
        "polygon": _polygon(form, held),
        **({"watch": rules} if rules else {}),
    }


def _noted(before: str, said: str) -> str:
    """Return an area's note with who drew it and who changed it last."""
    kept = [one for one in before.split("; ") if one and not one.startswith("changed by ")]
    return "; ".join([*kept, said])[:500]


def _polygon(form: Form, held: Mapping[str, Any]) -> list[Any]:
    """Return the corners; those of the file as they are, where nobody touched them."""
    ring = held.get("polygon")
    if ring and form.corners.split() == _shown(ring).split():
        return list(ring)
    return [[lon, lat] for lat, lon in corners_of(form.corners)]


def _shown(ring: Any) -> str:
    return "\n".join(position_text(lat, lon) for lon, lat in ring)


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


def _rule(form: Form) -> dict[str, Any]:
    """Return a rule as the file has it; what it is about is checked when the file is read."""
    if form.when not in WHEN:
        raise ConfigError("what is to be told of isn't chosen")
    made: dict[str, Any] = {"when": form.when}
    for name in ("min_duration_min", "speed_kn", "score"):
        text = getattr(form, name)
        concerned = {
            "min_duration_min": form.when != "enter",
            "speed_kn": form.when in ("stop", "speed"),
        }.get(name, True)
        if text and concerned:
            made[name] = _number(text, name)
    if form.hours_from or form.hours_to:
        made["hours"] = f"{form.hours_from}-{form.hours_to}"
    if form.vessels:
        made["vessels"] = list(form.vessels)
    for name in ("valid_from", "valid_until"):
        if text := getattr(form, name):
            made[name] = _date(text)
    if form.source:
        made["source"] = form.source
    return made


def _number(text: str, name: str) -> float | int:
    try:
        value = float(text.replace(",", "."))
        return int(value) if value.is_integer() else value
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"{name} is a number, not {one_line(text, 20)}") from error


def _date(text: str) -> date:
    return utc(text).tz_convert(LOCAL).date()


def stem_of(form: Form) -> str:
    """Return the name of a new area's file.

    Raises ConfigError if nothing of the area's name can stand in it.
    """
    stem = slug(form.name)[:_MAX_FILE_NAME].strip("-")
    if not stem:
        raise ConfigError(
            "the name holds no letter from a to z and no digit", hint="its file is called after it"
        )
    return stem


def text_of(installation: Installation, form: Form, area: Area | None, *, without: bool) -> str:
    """Return the text of the file, after everything was checked that a run would stumble over.

    Raises ConfigError if it is no watch area, or its id is another zone's.
    """
    text = layers.area_text(made_of(form, area, without=without))
    zone = layers.check_area(text, stem_of(form) if area is None else area.stem)
    if area is None:
        frame = load_zones(installation).frame
        mine = frame[frame["zone_id"] == zone["zone_id"]]
        if len(mine) and not str(mine["file"].iloc[0]).startswith(f"{FOLDER}/"):
            raise ConfigError(f"a zone has the id {zone['zone_id']} already", hint="another name")
    return text
