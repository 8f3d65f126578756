"""Evidence: what was measured of an event, against which limits, and what else is known of it.

A detector gives a mapping from names to values; a value that a limit bounds comes as a `Bound`,
made by `at_least` or `at_most`. `Evidence.of` checks it; it stays that object through explanation,
assessment and publishing, and becomes JSON once, where it is written (`Evidence.json`). Names end
with their unit (see `UNITS`); numbers without one are counts (``n_…``), codes or probabilities.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final, Literal, Self, final

import numpy as np
import pandas as pd

from detectors.core.errors import FrameError

Sense = Literal["at_least", "at_most"]
Value = str | int | float | bool | None | tuple[Any, ...]

UNITS: Final = ("s", "m", "kn", "km2", "deg", "h", "min", "nm", "fraction", "ratio")
"""Units that a name may end with; ``fraction`` is a share from 0 to 1, ``ratio`` a quotient."""
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*\Z")
_REPORT: Final = re.compile(r"(?P<source>[0-9a-f]{16}):(?P<offset>\d+)\Z")
_MISSING: Final = object()
_PLAIN: Final = frozenset({str, int, bool, type(None)})
_SENSES: Final = frozenset({"at_least", "at_most"})
_JSON: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


@lru_cache(maxsize=1_024)
def unit_of(name: str) -> str:
    """Return the unit that a name ends with, empty where it has none.

    >>> unit_of("median_speed_kn"), unit_of("n_reports")
    ('kn', '')
    """
    last = name.rpartition("_")[2]
    return last if last in UNITS else ""


@final
@dataclass(frozen=True, slots=True)
class Bound:
    """A measured value and the limit that it was held against."""

    measured: Any
    """The value, None or NaN where it isn't known."""
    limit: float
    """The limit, in the unit of the measured value."""
    sense: Sense
    """Whether the limit is the smallest or the largest value that is enough."""
    parameter: str = ""
    """Name of the detector's parameter that sets the limit, empty where it follows from several."""


def at_least(measured: Any, limits: Any, parameter: str) -> Bound:
    """Return a value that a parameter of `limits` bounds from below."""
    return Bound(measured, float(getattr(limits, parameter)), "at_least", parameter)


def at_most(measured: Any, limits: Any, parameter: str) -> Bound:
    """Return a value that a parameter of `limits` bounds from above."""
    return Bound(measured, float(getattr(limits, parameter)), "at_most", parameter)


@dataclass(frozen=True, slots=True)
class Check:
    """One rule that an event was held against; sense and parameter are as of `Bound`."""

    name: str
    """What was measured, ending with its unit."""
    measured: float | int | None
    limit: float
    """In `unit`; measured is None where it isn't known."""
    sense: Sense
    unit: str
    """Of both numbers, empty where they have none."""
    parameter: str = ""

    @property
    def margin(self) -> float | None:
        """Return how far the measured value is on the right side of the limit, None where
        unknown.
        """
        if self.measured is None:
            return None
        return (
            self.measured - self.limit if self.sense == "at_least" else self.limit - self.measured
        )

    @property
    def share(self) -> float:
        """The margin as a share of the limit; infinite where the limit is 0 or nothing is known."""
        margin = self.margin
        return margin / abs(self.limit) if self.limit and margin is not None else math.inf


@dataclass(frozen=True, slots=True)
class Explained:
    """What the innocent reasons did to an event."""

    base_score: float
    weight: float = 0.0
    """Score before explanation, and the share of it that the best reason takes away."""
    name: str = ""
    says: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)
    """The best reason, its sentence with named places, and what stands in them; empty where none
    fits. See `hypothesis.Case`."""
    overturned_by: str = ""
    """What would make it wrong."""
    untested: tuple[str, ...] = ()
    """Names of reasons that couldn't be tested, since a vessel sent no static data."""
    by_detector: bool = False
    """Whether the detector itself explained the event (it couldn't judge it)."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an event rests on."""

    checks: tuple[Check, ...] = ()
    """The limits that it was held against, in the order in which the detector gave them."""
    facts: Mapping[str, Value] = field(default_factory=dict)
    """What else was measured or is known, by name, in the order of names."""
    settings: Mapping[str, Value] = field(default_factory=dict)
    """Parameters of the detector that shaped the measurement and bound nothing."""
    explained: Explained | None = None
    """What innocent reasons did to it; None until that was asked."""
    redacted: tuple[str, ...] = ()
    """Names of what a recipient doesn't get."""
    simulated: bool = False
    """Whether the event is one of an exercise."""
    _text: str = field(default="", init=False, repr=False, compare=False)

    @classmethod
    def of(cls, values: Mapping[str, Any], settings: Mapping[str, Any] | None = None) -> Self:
        """Return evidence from values by name: a `Bound` is a check, anything else a fact.

        Numbers are rounded to 6 digits, infinite ones and NaN are unknown (None), times are
        ISO 8601 UTC to the second. A setting that is the limit of a check isn't repeated.

        Raises FrameError if a name isn't lower-case letters, digits and underscores, a value is of
        a type that evidence can't hold, or a limit isn't a finite number.
        """
        settings = settings or {}
        checks = [_check(name, v) for name, v in values.items() if type(v) is Bound]
        facts = {}
        for name in _in_order(*values):
            kind = type(value := values[name])
            if kind is not Bound:
                facts[name] = value if kind in _PLAIN else plain(value)
        bound = frozenset(check.parameter for check in checks)
        kinds = tuple(map(type, settings.values()))
        return cls(tuple(checks), facts, _chosen(bound, tuple(settings.items()), kinds))

    def __contains__(self, name: object) -> bool:
        """Tell whether anything is known by that name; see `get`."""
        return (
            name in self.facts or name in self.settings or any(c.name == name for c in self.checks)
        )

    def __getitem__(self, name: str) -> Any:
        """Return what `get` does.

        Raises KeyError if nothing is called so.
        """
        found = self.get(name, _MISSING)
        if found is _MISSING:
            raise KeyError(name)
        return found

    def get(self, name: str, default: Any = None) -> Any:
        """Return a fact, the measured value of a check, a limit by its parameter, or a setting."""
        if name in self.facts:
            return self.facts[name]
        for check in self.checks:
            if check.name == name:
                return check.measured
        for check in self.checks:
            if check.parameter == name:
                return check.limit
        return self.settings.get(name, default)

    def number(self, name: str) -> float:
        """Return a number, NaN where it is missing, unknown or none."""
        value = self.get(name)
        return float(value) if isinstance(value, int | float) else math.nan

    def reports(self) -> dict[str, tuple[str, int]]:
        """Return the reports that the evidence names: each one's source and place in the feed."""
        named = {}
        for name, value in self.facts.items():
            found = _REPORT.match(value) if isinstance(value, str) else None
            if found:
                named[name] = (found["source"], int(found["offset"]))
        return named

    def without(self, names: Iterable[str]) -> Self:
        """Return evidence in which these facts, checks and settings are named, but gone."""
        gone = {name for name in names if name in self}
        if not gone:
            return self
        return replace(
            self,
            checks=tuple(c for c in self.checks if c.name not in gone),
            facts={n: v for n, v in self.facts.items() if n not in gone},
            settings={n: v for n, v in self.settings.items() if n not in gone},
            redacted=tuple(sorted({*self.redacted, *gone})),
        )

    def json(self) -> str:
        """Return it as a JSON object, the same for equal evidence; see `parse`."""
        if not self._text:  # asked for by several products and the store
            object.__setattr__(self, "_text", self._written())
        return self._text

    def as_simulated(self) -> str:
        """Return the same of an exercise: `simulated` comes last."""
        text = self.json()
        return text if self.simulated else f'{text[:-1]}, "simulated": true}}'

    def _written(self) -> str:
        made: dict[str, Any] = {
            "checks": [
                {
                    "name": c.name,
                    "measured": c.measured,
                    "limit": c.limit,
                    "sense": c.sense,
                    "unit": c.unit,
                    **({"parameter": c.parameter} if c.parameter else {}),
                }
                for c in self.checks
            ],
            "facts": dict(self.facts),
        }
        if self.settings:
            made["settings"] = dict(self.settings)
        if told := self.explained:
            made["explained"] = {
                "base_score": told.base_score,
                "weight": told.weight,
                "name": told.name,
                "says": told.says,
                "values": dict(told.values),
                "overturned_by": told.overturned_by,
                "untested": list(told.untested),
                "by_detector": told.by_detector,
            }
        if self.redacted:
            made["redacted"] = list(self.redacted)
        if self.simulated:
            made["simulated"] = True
        return _JSON.encode(made)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return evidence from what `json` gave.

        Raises FrameError if it isn't such text.
        """
        try:
            made = json.loads(text)
            told = made.get("explained")
            return cls(
                tuple(
                    Check(
                        str(c["name"]),
                        c["measured"],
                        c["limit"],
                        _sense(c["sense"]),
                        str(c["unit"]),
                        str(c.get("parameter", "")),
                    )
                    for c in made["checks"]
                ),
                {name: _tuple(value) for name, value in made["facts"].items()},
                {name: _tuple(value) for name, value in made.get("settings", {}).items()},
                Explained(
                    told["base_score"],
                    told["weight"],
                    told["name"],
                    told["says"],
                    {name: _tuple(value) for name, value in told["values"].items()},
                    told["overturned_by"],
                    tuple(told["untested"]),
                    told["by_detector"],
                )
                if told
                else None,
                tuple(made.get("redacted", ())),
                bool(made.get("simulated", False)),
            )
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise FrameError(f"no evidence: {error}") from error


@lru_cache(maxsize=1_024)
def _in_order(*names: str) -> tuple[str, ...]:
    """Return names in order, checked: those of a detector's events are the same each time."""
    for name in names:
        if not _NAME.match(name):
            raise FrameError(f"evidence can't be called {name!r}")
    return tuple(sorted(names))


@lru_cache(maxsize=1_024)
def _chosen(
    bound: frozenset[str], settings: tuple[tuple[str, Any], ...], _: tuple[type, ...]
) -> Mapping[str, Value]:
    """Return settings that no check names, one mapping for equal ones of one type (1 is True)."""
    values = dict(settings)
    return {name: plain(values[name]) for name in _in_order(*values) if name not in bound}


def plain(value: Any) -> Any:
    """Return a value as evidence holds it; see `Evidence.of`."""
    kind = type(value)
    if kind in _PLAIN:  # nearly all: exact types are told apart quickly
        return value
    if kind is float or kind is np.float64:
        return round(float(value), 6) if math.isfinite(value) else None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, list | tuple):
        return tuple(plain(item) for item in value)
    if value is None or isinstance(value, str | int | bool):
        return value
    raise FrameError(f"evidence can't hold a {type(value).__name__}")


def _check(name: str, bound: Bound) -> Check:
    measured, limit = plain(bound.measured), plain(float(bound.limit))
    if limit is None or not (measured is None or isinstance(measured, int | float)):
        raise FrameError(f"the check {name} wants numbers, and a limit that is finite")
    return Check(name, measured, limit, bound.sense, unit_of(name), bound.parameter)


def _sense(text: str) -> Sense:
    if text not in _SENSES:
        raise ValueError(f"sense {text!r}")
    return "at_least" if text == "at_least" else "at_most"


def _tuple(value: Any) -> Any:
    return tuple(_tuple(item) for item in value) if isinstance(value, list) else value
