"""Evidence in readable form: each limit beside what was measured, and by how much it passed.

The same table is shown by `selat explain`, the brief, the workbook and the desk.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from detectors.core.evidence import Check, Evidence, unit_of
from detectors.core.telling import Say, plain
from detectors.kinematics.geodesy import METRES_PER_NM

_SECONDS_PER_H: Final = 3600.0


@dataclass(frozen=True)
class Row:
    """One check in words.

    Attributes
    ----------
    label
        What was measured.
    measured, limit, margin
        Amounts with their units; how far the measured value is on the right side of the limit.
    parameter
        Name of the detector's parameter, as in config/detectors.yaml; empty where there is none.
    """

    label: str
    measured: str
    limit: str
    margin: str
    parameter: str


def rows(evidence: Evidence, say: Say = plain) -> list[Row]:
    """Return the checks of an event in words, the one nearest to its limit first.

    `say` puts texts into the reader's language.
    """
    nearest = sorted(evidence.checks, key=lambda check: (check.share, check.name))
    return [_row(check, say) for check in nearest]


def facts(evidence: Evidence, say: Say = plain) -> list[tuple[str, str]]:
    """Return what else was measured, label and value in words, without the reports it names."""
    named = evidence.reports()
    left = {name: value for name, value in evidence.facts.items() if name not in named}
    return [(say(label(name)), shown(name, value, say)) for name, value in left.items()]


def settings(evidence: Evidence, say: Say = plain) -> list[tuple[str, str]]:
    """Return the parameters that shaped the measurement, label and value in words."""
    return [(say(label(name)), shown(name, v, say)) for name, v in evidence.settings.items()]


def reports(evidence: Evidence) -> dict[str, tuple[str, int]]:
    """Return the reports that the evidence names by what each is: its source and place there."""
    named = evidence.reports()
    return {label(name.removesuffix("_source")): place for name, place in named.items()}


def nearest(events: pd.DataFrame) -> pd.DataFrame:
    """Return every limit that some events were held against, the nearest first.

    Returns
    -------
    pandas.DataFrame
        event_id, kind, subkind, mmsi, measured (what was), value, limit, sense, unit, parameter,
        margin, share (of the limit), score.
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
    """Return a name of the evidence in words, without its unit.

    >>> label("median_speed_kn"), label("n_other_silences"), label("heard_fraction")
    ('median speed', 'number of other silences', 'share heard')
    """
    unit = unit_of(name)
    words = name.removesuffix(f"_{unit}") if unit else name
    text = words.replace("_", " ")
    if unit == "fraction":
        return f"share {text}"
    return "number of " + text[2:] if text.startswith("n ") else text


def amount(value: float, unit: str) -> str:
    """Return a number in words, in the unit that a reader thinks in.

    >>> amount(20400, "s"), amount(720, "s"), amount(51.4, "m"), amount(94605.5, "m")
    ('5.7 h', '12 min', '51 m', '51.1 nm')
    >>> amount(0.454, "fraction"), amount(2.5, "kn"), amount(3, "")
    ('45 %', '2.5 kn', '3')
    """
    if unit == "s":
        if abs(value) < 90:
            return f"{value:.3g} s"
        hours = value / _SECONDS_PER_H
        return f"{hours:.1f} h" if abs(hours) >= 1.5 else f"{value / 60:.3g} min"
    if unit == "m":
        far = abs(value) >= METRES_PER_NM
        return f"{value / METRES_PER_NM:.1f} nm" if far else f"{value:.0f} m"
    if unit == "fraction":
        return f"{100 * value:.0f} %"
    if unit == "km2":
        return f"{value:,.0f} km²"
    if unit == "deg":
        return f"{value:.1f}°"
    if unit == "kn":
        return f"{value:.3g} kn" if abs(value) < 1000 else f"{value:,.0f} kn"
    text = f"{value:,.0f}" if float(value).is_integer() else f"{value:.4g}"
    return f"{text} {unit}" if unit in {"h", "min", "nm"} else text


def shown(name: str, value: Any, say: Say = plain) -> str:
    """Return a value of the evidence in words."""
    if isinstance(value, bool):
        return say("yes") if value else say("no")
    if isinstance(value, float) and name.endswith(("lat", "lon")):
        return f"{value:.5f}"
    if isinstance(value, int) and re.search(r"(?:^|_)(?:id|mmsi|imo)$", name):
        return str(value)
    if isinstance(value, int | float):
        return amount(value, unit_of(name))
    if isinstance(value, list | tuple):
        return ", ".join(shown(name, item, say) for item in value)
    return say("not known") if value is None or value == "" else str(value)


def values(evidence: Evidence) -> dict[str, Any]:
    """Return every value by name: facts, what checks measured, limits by parameter, settings."""
    limits = {check.parameter: check.limit for check in evidence.checks if check.parameter}
    measured = {check.name: check.measured for check in evidence.checks}
    return {**evidence.settings, **limits, **measured, **evidence.facts}


def _row(check: Check, say: Say) -> Row:
    least, margin = check.sense == "at_least", check.margin
    limit = amount(check.limit, check.unit)
    beyond = ""
    if margin is not None:
        by = amount(abs(margin), check.unit)
        more = least == (margin >= 0)
        beyond = say("{amount} more", amount=by) if more else say("{amount} less", amount=by)
    return Row(
        say(label(check.name)),
        shown(check.name, check.measured, say),
        say("at least {amount}", amount=limit) if least else say("at most {amount}", amount=limit),
        beyond,
        check.parameter,
    )
