"""A zone or a watch area with one of its rules, as it is typed at the desk."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from detectors.core.errors import ConfigError
from detectors.surroundings.rules import ASKS, MAX_SPEED, MAX_TEXT, WORDS, Rule
from detectors.surroundings.watches import WHEN, Watch
from detectors.surroundings.zones import LANE_CLASSES
from pipelines.base.labels import Labels
from pipelines.base.text import LOCAL, one_line
from pipelines.base.visible import clean_lines
from pipelines.reference.layers.areas import MAX_NAME, WATCH_CLASS
from pipelines.run.windows import utc

MAX_SAID: Final = 200
_MAX_SOURCE: Final = 140
WORDS_WHEN: Final = {
    "enter": "enters",
    "stay": "stays",
    "stop": "stops",
    "meet": "meets another",
    "silence": "falls silent",
    "speed": "goes fast",
}
"""What may be told of, in words: `watches.WHEN`."""
WORDS_ASKS: Final = {
    "anchoring: prohibited": "anchoring prohibited",
    "anchoring: permitted": "anchoring permitted",
    "anchoring: designated": "anchoring in designated places only",
    "transfer: prohibited": "transfers prohibited",
    "transfer: licensed": "transfers licensed",
    "ais: required": "AIS required",
    "entry: prohibited": "entry prohibited",
    "entry: restricted": "entry restricted",
    MAX_SPEED: "a limit of speed",
}
"""What may be asked of vessels, in words: `rules.ASKS`."""
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
TRANSFERS: Final = "sts_area"
WORDS_ZONES: Final = {
    WATCH_CLASS: "a watch area: it tells, and excuses nothing",
    "port": "a port",
    "anchorage": "an anchorage",
    "waiting_area": "where ships wait",
    "pilot_ground": "a pilot boarding ground",
    "ferry_route": "a ferry route",
    "precautionary_area": "a precautionary area",
    "ruled_waters": "waters in which something is asked of vessels",
    TRANSFERS: "where ships lie alongside one another",
    "lane": "a lane: traffic goes one way",
    "tss_lane": "a lane of an adopted scheme",
    "separation_zone": "a separation zone of an adopted scheme",
}
"""Classes of zones that are drawn here, in words; what lies in others takes more than an outline to
say."""
LICENSED: Final = {"": "nobody says", "yes": "licensed", "no": "not licensed"}
"""Whether an authority licenses transfers in a transfer area, in words."""

_FIELDS: Final = {
    "name": MAX_NAME,
    "zone_class": 40,
    "corners": 40_000,
    "direction_deg": 12,
    "licensed": 3,
    "licence_source": MAX_TEXT,
    "when": 24,
    "min_duration_min": 12,
    "speed_kn": 12,
    "hours_from": 5,
    "hours_to": 5,
    "score": 12,
    "valid_from": 30,
    "valid_until": 30,
    "source": MAX_TEXT,
    "published": 1,
    "drawn_from": 2000,
    "confidence": 12,
    "since": 30,
    "until": 30,
    "seen": 64,
    "rule": 3,
    "operator": 60,
}


@dataclass(frozen=True)
class Form:
    """An area with one of its rules, as it was typed."""

    name: str = ""
    zone_class: str = WATCH_CLASS
    corners: str = ""
    direction_deg: str = ""
    """Of a lane: where its traffic goes."""
    licensed: str = ""
    licence_source: str = ""
    """Of a transfer area: one of `LICENSED`, and who says so."""
    when: str = "enter"
    """One of `WORDS_WHEN` or `WORDS_ASKS`; empty where the area has no such rule."""
    min_duration_min: str = ""
    speed_kn: str = ""
    hours_from: str = ""
    hours_to: str = ""
    score: str = ""
    valid_from: str = ""
    valid_until: str = ""
    source: str = ""
    published: str = ""
    """Whether the text of what is asked was seen."""
    drawn_from: str = ""
    confidence: str = ""
    """Where the outline of a zone comes from, and how sure it is."""
    since: str = ""
    until: str = ""
    seen: str = ""
    rule: str = "0"
    operator: str = ""
    vessels: tuple[str, ...] = ()

    @property
    def number(self) -> int:
        """Return which of the area's rules it is, from 0."""
        return int(self.rule) if self.rule.isascii() and self.rule.isdecimal() else 0


def in_words(one: Watch | Rule, words: Labels) -> str:
    """Return what a rule tells of, or asks for and who says so, in words."""
    t = words.at_desk
    if isinstance(one, Rule):
        said = t(WORDS_ASKS.get(one.text) or WORDS_ASKS[MAX_SPEED])
        if one.asks == MAX_SPEED:
            said += f", {one.value:g} kn"
        # Dates stand behind the source, which may be long.
        source = one_line(words.cited(one.source), _MAX_SOURCE)
        return one_line(f"{said} ({words.cited(replace(one, source=source).cited)})", MAX_SAID)
    parts = [t(WORDS_WHEN[one.when])]
    if one.min_duration_s:
        parts.append(t("{n} min or more", n=one.min_duration_s // 60))
    if one.when in ("stop", "speed"):
        speed = "at most {n} kn" if one.when == "stop" else "at least {n} kn"
        parts.append(t(speed, n=f"{one.speed_kn:g}"))
    if one.hours:
        a, b = (f"{at // 60:02d}:{at % 60:02d}" for at in one.hours)
        parts.append(t("{a} to {b} local time", a=a, b=b))
    if one.vessels:
        parts.append(t("only {which}", which=" / ".join(t(WORDS_VESSELS[v]) for v in one.vessels)))
    return one_line(", ".join(parts), MAX_SAID)


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


def rule_of(form: Form) -> tuple[str, dict[str, Any]] | None:
    """Return the list that a typed rule stands in, and the rule; None where it is none.

    What it is about is checked when the file is read.

    Raises ConfigError if a number or a date is none.
    """
    if not form.when:
        return None
    if form.when in WORDS_ASKS:
        if not form.source:
            raise ConfigError("nobody says what is asked there")
        asks, _, value = form.when.partition(": ")
        made: dict[str, Any] = {asks: value or _number(form.speed_kn or "?", MAX_SPEED)}
        told = {"source": form.source, "confidence": "published" if form.published else ""}
        return "rules", {**made, **_dates(form), **{k: v for k, v in told.items() if v}}
    if form.when not in WHEN:
        raise ConfigError("what is to be told of isn't chosen")
    made = {"when": form.when}
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
    made |= _dates(form)
    if form.source:
        made["source"] = form.source
    return "watch", made


def facts_of(form: Form) -> dict[str, Any]:
    """Return what a form says of a zone of its class alone, by the keys of its file.

    Raises ConfigError if it says nothing that can be meant.
    """
    made: dict[str, Any] = {}
    if form.zone_class in LANE_CLASSES and form.direction_deg:
        angle = _number(form.direction_deg, "direction_deg")
        made["direction_deg"] = 0 if angle == 360 else angle
    if form.zone_class == TRANSFERS:
        if form.licensed not in LICENSED:
            raise ConfigError("whether transfers are licensed isn't chosen")
        if form.licensed:
            if not form.licence_source:
                raise ConfigError("nobody says who licenses transfers there, or doesn't")
            made["licensed"] = form.licensed == "yes"
            made["licence_source"] = form.licence_source
    return made


def facts_in(held: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a form that such facts of a zone fill."""
    angle, licensed = held.get("direction_deg"), held.get("licensed")
    return {
        "direction_deg": "" if angle is None else f"{angle:g}",
        "licensed": "" if licensed is None else "yes" if licensed else "no",
        "licence_source": str(held.get("licence_source") or ""),
    }


def _dates(form: Form) -> dict[str, date]:
    texts = {name: getattr(form, name) for name in ("valid_from", "valid_until")}
    return {name: _date(text) for name, text in texts.items() if text}


def texts_of(rule: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a form that a rule of either list fills."""
    asks = next((key for key in ASKS if key in rule), "")
    when = f"{asks}: {rule[asks]}" if asks in WORDS else asks or str(rule["when"])
    begin, _, end = str(rule.get("hours") or "").partition("-")
    vessels = rule.get("vessels") or ()
    texts = ("min_duration_min", "speed_kn", "score", "valid_from", "valid_until", "source")
    told = {name: "" if rule.get(name) is None else str(rule[name]) for name in texts}
    return {
        **told,
        "when": when,
        "speed_kn": str(rule[MAX_SPEED]) if asks == MAX_SPEED else told["speed_kn"],
        "hours_from": begin,
        "hours_to": end,
        "vessels": tuple(name for name in CLASSES if name in vessels),
        "published": "1" if rule.get("confidence") == "published" else "",
    }


def _number(text: str, name: str) -> float | int:
    try:
        value = float(text.replace(",", "."))
        return int(value) if value.is_integer() else value
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"{name} is a number, not {one_line(text, 20)}") from error


def _date(text: str) -> date:
    return utc(text).tz_convert(LOCAL).date()
