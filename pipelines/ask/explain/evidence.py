"""Evidence in readable form: each threshold beside what was measured, and by how much it passed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import detectors
from detectors.kinematics.geodesy import METRES_PER_NM

_SECONDS_PER_H: Final = 3600.0
_UNITS: Final = ("s", "m", "kn", "km2", "deg", "h", "min", "nm", "fraction", "ratio")
_PLACE: Final = re.compile(r"(?P<source>[0-9a-f]{16}):(?P<offset>\d+)")
_MEASURED_AS: Final = ("", "median_", "mean_", "longest_", "n_")
_BOOKKEEPING: Final = (
    "base_score",
    "explanation_weight",
    "explanation_overturned_by",
    "untested_explanations",
    "explained_by",
    "simulated",
)
"""What `explain` adds to the evidence; it is told elsewhere."""


@dataclass(frozen=True)
class Threshold:
    """One rule of the detector, met.

    Attributes
    ----------
    name
        The parameter, as in config/detectors.yaml.
    label
        What is measured, in words.
    at_least
        Whether the limit is a smallest value; else a largest.
    measured, limit, margin
        Numbers in the unit of the parameter's name; margin is how far the measured value is on the
        right side of the limit.
    """

    name: str
    label: str
    at_least: bool
    measured: float
    limit: float
    margin: float

    @property
    def unit(self) -> str:
        """Unit of the three numbers, as names end with it."""
        return unit_of(self.name)

    @property
    def share(self) -> float:
        """The margin as a share of the limit, infinite where the limit is 0."""
        return self.margin / abs(self.limit) if self.limit else float("inf")

    def texts(self) -> tuple[str, str, str]:
        """Measured value, limit and margin in words."""
        bound = "at least" if self.at_least else "at most"
        side = "more" if self.at_least else "less"
        shown = [amount(value, self.unit) for value in (self.measured, self.limit, self.margin)]
        return shown[0], f"{bound} {shown[1]}", f"{shown[2]} {side}"


@dataclass(frozen=True)
class Fact:
    """Anything else that was measured, or that the rule was set to."""

    name: str
    label: str
    value: Any
    text: str


def thresholds(detector: str, evidence: Mapping[str, Any]) -> list[Threshold]:
    """Return the rules that an event passed, the one nearest to its limit first.

    A threshold is a number of the evidence that begins with min or max (or ends with wanted), and
    whose margin is in the evidence; or a parameter of the detector named so, where the value that
    it bounds is in the evidence. A parameter that bounds nothing in it is no threshold here.
    """
    parameters = _parameters(detector, evidence)
    found = [one for name in parameters if (one := _threshold(name, evidence, is_parameter=True))]
    # Of encounters max_distance_m is a limit, min_distance_m was measured: one limit a margin.
    taken = {_margin_key(_stem(one.name), evidence) for one in found}
    for name in evidence:
        key = _margin_key(_stem(name), evidence)
        if name not in parameters and key and key not in taken:
            one = _threshold(name, evidence, is_parameter=False)
            found += [one] if one else []
    return sorted(found, key=lambda t: (t.share, t.name))


def facts(detector: str, evidence: Mapping[str, Any]) -> tuple[list[Fact], list[Fact]]:
    """Return what else the evidence says: measured values, and settings that bound nothing."""
    told = {t.name for t in thresholds(detector, evidence)}
    settings = [name for name in _parameters(detector, evidence) if name not in told]
    margins = {key for name in told if (key := _margin_key(_stem(name), evidence))}
    skipped = {*told, *settings, *margins, *_BOOKKEEPING}
    measured = [
        name
        for name, value in evidence.items()
        if name not in skipped and not places_of({name: value})
    ]
    return [_fact(n, evidence[n]) for n in measured], [_fact(n, evidence[n]) for n in settings]


def places_of(evidence: Mapping[str, Any]) -> dict[str, tuple[str, int]]:
    """Find the reports that the evidence names: what each is, its source and place in the feed."""
    found = {}
    for name, value in evidence.items():
        match = _PLACE.fullmatch(value) if isinstance(value, str) else None
        if match:
            what = label(name.removesuffix("_source"))
            found[what] = (match["source"], int(match["offset"]))
    return found


def label(name: str) -> str:
    """Return a name of the evidence in words, without its unit.

    >>> label("median_speed_kn"), label("n_other_silences"), label("heard_fraction")
    ('median speed', 'number of other silences', 'share heard')
    """
    name = re.sub(r"_([a-z0-9]+)_margin$", r"_margin_\1", name)
    unit = unit_of(name)
    words = name.removesuffix(f"_{unit}") if unit else name
    text = words.replace("_", " ")
    if unit == "fraction":
        return f"share {text}"
    return "number of " + text[2:] if text.startswith("n ") else text


def unit_of(name: str) -> str:
    """Return the unit that a name ends with, empty where it has none."""
    last = name.removesuffix("_margin").rpartition("_")[2]
    return last if last in _UNITS else ""


def amount(value: float, unit: str) -> str:
    """Put a number into words, in the unit that a reader thinks in.

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


def shown(name: str, value: Any) -> str:
    """Return a value of the evidence in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and name.endswith(("lat", "lon")):
        return f"{value:.5f}"
    if isinstance(value, int) and name.endswith("_id"):
        return str(value)
    if isinstance(value, int | float):
        return amount(value, unit_of(name))
    if isinstance(value, list):
        return ", ".join(shown(name, item) for item in value)
    return "not known" if value is None or value == "" else str(value)


def _parameters(detector: str, evidence: Mapping[str, Any]) -> list[str]:
    fields = detectors.find(detector).model_fields if detector in detectors.names() else {}
    return [name for name in evidence if name in fields]


def _threshold(name: str, evidence: Mapping[str, Any], *, is_parameter: bool) -> Threshold | None:
    limit, stem = _number(evidence[name]), _stem(name)
    if limit is None or stem == name:
        return None
    sign = -1.0 if name.startswith("max_") else 1.0
    named = [prefix + stem for prefix in _MEASURED_AS if prefix + stem != name]
    margin = _number(evidence.get(_margin_key(stem, evidence) or ""))
    if margin is not None:
        measured = limit + sign * margin
        keys = [*(key for key in named if key in evidence), *(key for key in evidence)]
        source = next((k for k in keys if _same(evidence[k], measured) and k != name), stem)
        return Threshold(name, label(source), sign > 0, measured, limit, margin)
    for key in named if is_parameter else ():
        value = _number(evidence.get(key))
        # On the wrong side of the limit it isn't what the limit is about.
        if value is not None and sign * (value - limit) >= 0:
            return Threshold(name, label(key), sign > 0, value, limit, sign * (value - limit))
    return None


def _stem(name: str) -> str:
    """Return what a threshold bounds: its name without min, max or wanted; else the name."""
    return re.sub(r"^(?:min|max)_|_wanted$", "", name)


def _margin_key(stem: str, evidence: Mapping[str, Any]) -> str | None:
    base, _, unit = stem.rpartition("_")
    keys = (f"{base}_margin_{unit}", f"{stem}_margin")
    return next((key for key in keys if key in evidence), None)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _same(value: Any, other: float) -> bool:
    number = _number(value)
    return number is not None and abs(number - other) <= 1e-5 * max(1.0, abs(other))


def _fact(name: str, value: Any) -> Fact:
    return Fact(name, label(name), value, shown(name, value))
