"""Evidence in readable form: each limit beside what was measured, and by how much it passed.

The same table is shown by `selat explain`, the brief, the workbook and the desk.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from detectors.core.evidence import Check, Evidence, unit_of
from detectors.core.telling import state
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.base.labels import Labels, labels
from pipelines.reference.codes import nav_status_words

_ENGLISH: Final = labels("en")
UNKNOWN: Final = _ENGLISH.say("not known")
"""How a fact that wasn't measured is shown, in English."""
_SECONDS_PER_H: Final = 3600.0
_FOR_PROGRAMS: Final = re.compile(
    r"(.*_)?(lat|lon|time|track_id|event)|(gfw|min|run|n_chances)_.*|.*_gain_score"
    r"|(other_)?(nav_status|ship_type)|n_(chances|half_hours|prior_trials|reports_per_half_hour|ticks)"
    r"|(ahead|astern)_known_ratio|ahead_distance_m|best_match_(misfit_ratio|sigma_m)|chance_fraction"
    r"|(entry|exit)_interpolated|(feed_silence|missed)_probability|model_hash|remembered_s|rule|same_said"
    r"|statics_interval_s|zones_reached"
)
"""Facts that programs go by, or that the sentence tells: in JSON, and left out of tables."""

_STATUS: Final = ("nav_status", "nav_status_fraction")


@dataclass(frozen=True)
class Row:
    """One check in words."""

    label: str
    """What was measured."""
    measured: str
    limit: str
    margin: str
    """Amounts with their units; how far the measured value is on the right side of the limit."""
    parameter: str
    """Name of the detector's parameter, as in config/detectors.yaml; empty where there is none."""


def rows(evidence: Evidence, words: Labels = _ENGLISH) -> list[Row]:
    """Return the checks of an event in words, the one nearest to its limit first."""
    nearest = sorted(evidence.checks, key=lambda check: (check.share, check.name))
    return [_row(check, words) for check in nearest]


def facts(evidence: Evidence, words: Labels = _ENGLISH) -> list[tuple[str, str]]:
    """Return what else was measured, label and value in words; what isn't known stands last.

    Left out are the reports that it names, and what only programs go by.
    """
    named = evidence.reports()
    left = [
        (name, value)
        for name, value in _with_status(evidence.facts).items()
        if name not in named
        and not name.endswith("_report_source")  # one that wasn't heard
        and (name in words.facts or not _FOR_PROGRAMS.fullmatch(name))
    ]
    left.sort(key=lambda fact: not _known(fact[1]))
    return [(words.fact_of(name, label(name)), shown(name, value, words)) for name, value in left]


def _with_status(measured: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts with the navigation status in words; neither it nor its share is known of a
    vessel that stated none.
    """
    if not isinstance(code := measured.get("nav_status"), int):
        return dict(measured)
    status = str(nav_status_words([code])[0])
    known = {"nav_status": status} if status else dict.fromkeys(_STATUS)
    return {**measured, **{name: known[name] for name in known if name in measured}}


def settings(evidence: Evidence, words: Labels = _ENGLISH) -> list[tuple[str, str]]:
    """Return the parameters that shaped the measurement: names in English, values in words."""
    return [(label(name), shown(name, value, words)) for name, value in evidence.settings.items()]


def reports(evidence: Evidence) -> dict[str, tuple[str, int]]:
    """Return the reports that the evidence names by what each is: its source and place there."""
    named = evidence.reports()
    return {label(name.removesuffix("_source")): place for name, place in named.items()}


def nearest(events: pd.DataFrame) -> pd.DataFrame:
    """Return every limit that some events were held against, the nearest first.

    Returns event_id, kind, subkind, mmsi, measured (what was), value, limit, sense, unit,
    parameter, margin, share (of the limit), score.
    """
    of = [
        (
            *(row[name] for name in ("event_id", "kind", "subkind", "mmsi")),
            *(one.name, one.measured, one.limit, one.sense, one.unit, one.parameter),
            *(one.margin, one.share, row["score"]),
        )
        for row in events.to_dict("records")
        for one in row["evidence"].checks
    ]
    names = (
        "event_id kind subkind mmsi measured value limit sense unit parameter margin share score"
    )
    found = pd.DataFrame(of, columns=names.split())
    return found.sort_values(["share", "event_id"], kind="stable", ignore_index=True)


def label(name: str) -> str:
    """Return a name of the evidence in words, without its unit, where no label is written for it.

    >>> label("median_speed_kn"), label("n_other_silences"), label("heard_fraction")
    ('median speed', 'number of other silences', 'share heard')
    """
    unit = unit_of(name)
    words = name.removesuffix(f"_{unit}") if unit else name
    text = words.replace("_", " ")
    if unit == "fraction":
        return f"share {text}"
    return "number of " + text[2:] if text.startswith("n ") else text


def units(words: Labels) -> tuple[str, str]:
    """Return what hours and days are called behind a number."""
    return words.at_desk("h"), words.at_desk("d")


def amount(value: float, unit: str, words: Labels = _ENGLISH) -> str:
    """Return a number in words, in the unit that a reader thinks in.

    >>> amount(20400, "s"), amount(720, "s"), amount(51.4, "m"), amount(94605.5, "m")
    ('5.7 h', '12 min', '51 m', '51.1 nm')
    >>> amount(0.454, "fraction"), amount(2.5, "kn"), amount(3, "")
    ('45 %', '2.5 kn', '3')
    >>> amount(0.8777, "ratio"), amount(343.28, "ratio"), amount(0.00083, "")
    ('0.88', '343', '< 0.01')
    """
    if unit == "s":
        if abs(value) < 90:
            return f"{value:.3g} s"
        hours = value / _SECONDS_PER_H
        return f"{hours:.1f} {units(words)[0]}" if abs(hours) >= 1.5 else f"{value / 60:.3g} min"
    if unit == "m":
        far = abs(value) >= METRES_PER_NM
        return f"{value / METRES_PER_NM:.1f} nm" if far else f"{value:.0f} m"
    if unit == "fraction":
        return f"{100 * value:.0f} %"
    if unit == "km2":
        return f"{value:,.0f} km²" if value >= 10 else f"{value:.2g} km²"
    if unit == "deg":
        return f"{value:.1f}°"
    if unit == "kn":
        exact = round(value, 2) if abs(value) < 1 else value  # AIS has tenths
        return f"{exact:.3g} kn" if abs(value) < 1000 else f"{value:,.0f} kn"
    text = f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 100 else f"{value:.2f}"
    if 0 < abs(value) < 0.005:
        text = "< 0.01"
    if unit == "h":
        return f"{text} {units(words)[0]}"
    return f"{text} {unit}" if unit in {"min", "nm"} else text


_SHOWN_IN: Final = {
    "s": {"s": 1.0, "min": 60.0, "h": _SECONDS_PER_H},
    "m": {"m": 1.0, "nm": METRES_PER_NM},
    "fraction": {"%": 0.01},
}


def as_shown(value: float, unit: str) -> float:
    """Return a number as `amount` rounds it, in its own unit.

    >>> as_shown(0.9249, "fraction"), as_shown(20400, "s")
    (0.92, 20520.0)
    """
    number, _, shown_in = amount(value, unit).partition(" ")
    try:
        return float(number.removesuffix("°").replace(",", "")) * _SHOWN_IN.get(unit, {}).get(
            shown_in, 1.0
        )
    except ValueError:  # less than what is told
        return value


_SPEED: Final = re.compile(r"\d+\.\d(?= kn$)")
_ENDS: Final = ("shore", "near", "unheard", "at sea")
_CONFIDENCES: Final = ("surveyed", "published", "reported", "approximate", "learned")
WORDED: Final = {
    "how": (
        "apart",
        "in turn",
        "one after the other, renamed at sea",
        "together",
        "too far apart for one ship",
    ),
    "began": _ENDS,
    "ended": _ENDS,
    "what_is_wrong": ("no such form", "no such MID"),
    "anchorage_confidence": _CONFIDENCES,
    "rule_confidence": _CONFIDENCES,
    "zone_confidence": _CONFIDENCES,
    "zone_class": (
        "continental shelf",
        "landing place",
        "ruled waters",
        "sts area",
        "territorial sea",
    ),
    "believed_because": (
        "its fixes scatter, and no sound ones are known before and after",
        "after its fixes scattered the vessel was where it can have sailed from its last sound "
        "one, at {kn} kn",
        "one of the two is displaced; which one, only another sensor can tell",
        "the same track before and after the false stretch, from which it leaps",
        "there is no other track; where the vessel was isn't known",
        "it was there first, and the other repeats it at a constant offset",
        "the other track follows it some time apart",
        "it was silent meanwhile and resumed where the vessel can have sailed, at {kn} kn",
        "the other track has a shape that no vessel sails",
        "it was there first; the other begins where it can't have got to",
        "it calls itself the same, and can have sailed there from where the other began to lie "
        "or drift",
    ),
}
"""Values that are one of a few words, which every language has; others are told as they are, for a
class of zones may be an installation's own."""


def _known(value: Any) -> bool:
    """Tell whether a fact was measured: unknown ones are null or empty."""
    return value is not None and value != ""


def shown(name: str, value: Any, words: Labels = _ENGLISH) -> str:
    """Return a value of the evidence in words.

    >>> shown("unmatched_probability", 1), shown("missed_probability", 0.0), shown("n_reports", 1)
    ('> 0.99', '< 0.01', '1')
    """
    if isinstance(value, bool):
        return words.say("yes") if value else words.say("no")
    if isinstance(value, float) and name.endswith(("lat", "lon")):
        return f"{value:.5f}"
    if isinstance(value, int) and re.search(r"(?:^|_)(?:id|mmsi|imo)$", name):
        return str(value)
    if isinstance(value, int | float) and name.endswith("_probability"):
        # no measurement makes a chance certain, or none
        return "< 0.01" if value < 0.005 else "> 0.99" if value >= 0.995 else f"{value:.2f}"
    if isinstance(value, int | float):
        return amount(value, unit_of(name), words)
    if isinstance(value, list | tuple):
        return ", ".join(shown(name, item, words) for item in value)
    if not _known(value):
        return words.say(UNKNOWN)
    if name.endswith(("_state", "_side")):
        return state(str(value), words.say)
    if name == "nav_status":
        return words.at_desk(str(value))
    if name == "zone_name":
        return words.zone(str(value))
    if name.endswith(("rule_cited", "rules_cited")):
        return words.cited(str(value))
    if name.endswith("_explanation"):
        return words.explanation(str(value))
    if name.endswith("story"):
        return words.kind_of(str(value), "")
    word = str(value).replace("_", " ")
    speed = _SPEED.search(word)
    word = word if speed is None else _SPEED.sub("{kn}", word)
    known = word in WORDED.get(name, ())
    return words.say(word, kn=speed[0] if speed else "") if known else str(value)


def values(evidence: Evidence) -> dict[str, Any]:
    """Return every value by name: facts, what checks measured, limits by parameter, settings."""
    limits = {check.parameter: check.limit for check in evidence.checks if check.parameter}
    measured = {check.name: check.measured for check in evidence.checks}
    return {**evidence.settings, **limits, **measured, **evidence.facts}


def _row(check: Check, words: Labels) -> Row:
    least, margin = check.sense == "at_least", check.margin
    limit = amount(check.limit, check.unit, words)
    beyond = ""
    if margin is not None and check.measured is not None:
        by = _beyond(check.measured, check.limit, check.unit, words)
        more = least == (margin >= 0)
        beyond = (
            words.say("{amount} more", amount=by) if more else words.say("{amount} less", amount=by)
        )
    return Row(
        words.fact_of(check.name, label(check.name)),
        shown(check.name, check.measured, words),
        words.say("at least {amount}", amount=limit)
        if least
        else words.say("at most {amount}", amount=limit),
        beyond,
        check.parameter,
    )


def _beyond(measured: float, limit: float, unit: str, words: Labels) -> str:
    """Return by how much two numbers differ as they are shown, so that a reader's sum agrees."""
    by = abs(as_shown(measured, unit) - as_shown(limit, unit))
    if unit != "fraction":
        return amount(by, unit, words)
    points = round(100 * by)  # 33 % more than 60 % would be 80 %
    return words.say("1 point") if points == 1 else words.say("{n} points", n=points)
