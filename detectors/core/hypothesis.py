"""Innocent reasons as data: what is compared, what is said where it fits, and what overturns it.

A `Hypothesis` holds no code. Its cases ask a closed set of comparisons over the evidence of an
event and what is known of its vessels; one that fits gives the sentence, a template with named
numbers (`sentences.Number` says how they are written) that can be translated as it stands.

No reason rests on what a crew typed in: `Hypothesis.weight_of` bounds what that takes away.

Ship types are the first and second digits of ITU-R M.1371-5, table 53; navigation status codes are
those of table 45.
"""

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

from detectors.core.evidence import Evidence, Value
from detectors.core.statements import STATED, STATED_BOUND, TELLS_NOTHING

NAV_STATUS_UNDEFINED: Final = 15
FISHING: Final = frozenset({30})
TOWING: Final = frozenset({31, 32})
TUG: Final = frozenset({52})
PILOT: Final = frozenset({50})
WORKING: Final = frozenset({33, 34})
RESCUE: Final = frozenset({51})
OFFICIAL: Final = frozenset({35, 55, 58}) | RESCUE
TENDER: Final = frozenset({53, 54})
PLEASURE: Final = frozenset({36, 37})
UNSTATED: Final = frozenset({-1, 0, *range(90, 100)})
"""Nothing said, or "other type"."""
PASSENGER: Final = frozenset({*range(40, 50), *range(60, 70)})
TANKER: Final = frozenset(range(80, 90))
MERCHANT: Final = frozenset(range(70, 90))
KNOWN: Final = frozenset(range(1, 1000))
"""Any type that is said; 0 is the code for not available."""

AT_ANCHOR, NOT_UNDER_COMMAND, RESTRICTED, MOORED, FISHING_STATUS = 1, 2, 3, 5, 7


@dataclass(frozen=True)
class Known:
    """What a reason may ask of: one event's evidence, and what its vessels say they are."""

    kind: str
    subkind: str
    evidence: Evidence
    ship_types: tuple[int, ...] = ()
    lengths_m: tuple[float, ...] = ()

    def number(self, name: str) -> float:
        """Return a measure: one of `MEASURES`, else from the evidence; NaN where unknown."""
        return MEASURES[name](self) if name in MEASURES else self.evidence.number(name)

    def value(self, name: str) -> Value:
        """Return a measure as a sentence shows it."""
        if name in MEASURES:
            number = MEASURES[name](self)
            return number if math.isfinite(number) else None
        found: Value = self.evidence.get(name)
        return found

    def status(self, vessel: int) -> int:
        """Return the navigation status of a vessel of the event, 15 where undefined."""
        status = self.evidence.get(("nav_status", "other_nav_status")[vessel])
        return NAV_STATUS_UNDEFINED if status is None else int(status)

    def types_known(self) -> bool:
        """Tell whether each vessel says what it is (0 is the code for not available)."""
        return all(code > 0 for code in self.ship_types)


# ---- what may be measured beside the evidence


def _pair(known: Known, name: str) -> tuple[float, float]:
    return known.evidence.number(name), known.evidence.number(f"other_{name}")


def _smallest_m(known: Known, types: frozenset[int]) -> float:
    of = zip(known.lengths_m, known.ship_types, strict=True)
    return min((m for m, code in of if code in types and m > 0), default=math.nan)


def _slower_drift_kn(known: Known) -> float:
    drifts = _pair(known, "drift_kn")
    return min(drifts) if len(known.ship_types) == 2 else drifts[0]


def _zone_distance_m(known: Known) -> float:
    inside = known.evidence.get("in_anchorage") is True
    return 0.0 if inside else known.evidence.number("anchorage_distance_m")


def _passage_fraction(known: Known) -> float:
    whole_m = known.evidence.number("run_path_m")
    return known.evidence.number("path_m") / whole_m if whole_m else math.nan


_RUN_COASTS_M: Final = ("run_start_coast_m", "run_end_coast_m")
MEASURES: Final[Mapping[str, Callable[[Known], float]]] = {
    "sighted_length_m": lambda known: known.evidence.number("length_m"),
    "longest_m": lambda known: max((m for m in known.lengths_m if m > 0), default=math.nan),
    "own_length_m": lambda known: (*known.lengths_m, math.nan)[0],
    "smallest_tanker_m": lambda known: _smallest_m(known, TANKER),
    "smallest_tug_m": lambda known: _smallest_m(known, TUG | TENDER | PILOT),
    "slower_drift_kn": _slower_drift_kn,
    "faster_drift_kn": lambda known: max(_pair(known, "drift_kn")),
    "slower_kn": lambda known: sorted(_pair(known, "median_speed_kn"))[0],
    "faster_kn": lambda known: sorted(_pair(known, "median_speed_kn"))[1],
    "zone_distance_m": _zone_distance_m,
    "passage_fraction": _passage_fraction,
    "nearest_coast_m": lambda known: min(map(known.evidence.number, _RUN_COASTS_M)),
    "lag_size_s": lambda known: abs(known.evidence.number("lag_s")),
    "longer_interval_s": lambda known: max(_pair(known, "interval_s")),
    # By how much the median speeds of a pair differ.
    "speed_difference_kn": lambda known: abs(operator.sub(*_pair(known, "median_speed_kn"))),
}
"""What follows from evidence and vessels together: length of the longest vessel, of the event's own
and of the smallest tanker and tug; of a pair the smaller and the larger speed made good, and the
median speeds; distance to the nearest port or anchorage, 0 inside an anchorage.
Of a fast run the share that its passage across makes, and how far the nearer of its ends is from
any coast; by how much a copy lags, either way; of a pair the longer interval between reports."""


# ---- the closed set of comparisons

Op = Literal["<", "<=", ">", ">="]
_COMPARED: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Compare:
    """A measure stands so to a number or a measure, `times` over. What is unknown never does."""

    measure: str
    op: Op
    to: float | str
    times: float = 1.0

    def holds(self, known: Known) -> bool:
        """Tell whether it does."""
        left = known.number(self.measure)
        right = self.times * (known.number(self.to) if isinstance(self.to, str) else self.to)
        return bool(_COMPARED[self.op](left, right))


@dataclass(frozen=True)
class Is:
    """A fact of the evidence is just so: yes, no, a word, or unknown (None)."""

    fact: str
    value: bool | str | None = True

    def holds(self, known: Known) -> bool:
        """Tell whether it is; what is missing is unknown."""
        found = known.evidence.get(self.fact)
        return (
            found is None
            if self.value is None
            else (type(found) is type(self.value) and found == self.value)
        )


@dataclass(frozen=True)
class Subkind:
    """The event is of one of these subkinds."""

    of: tuple[str, ...]

    def holds(self, known: Known) -> bool:
        """Tell whether it is."""
        return known.subkind in self.of


@dataclass(frozen=True)
class Vessel:
    """What a vessel of the event says; what is left out isn't asked."""

    types: frozenset[int] | None = None
    statuses: frozenset[int] | None = None
    """Codes, one of which it says."""
    facts: Mapping[str, bool | str | None] = field(default_factory=dict)
    """Facts of the evidence by name, which have ``other_`` before it for the second vessel, and
    their values."""
    other: "Vessel | None" = None
    """What the other vessel says."""

    def fits(self, known: Known, vessel: int) -> bool:
        """Tell whether the first (0) or the second (1) vessel is such."""
        if self.types is not None and known.ship_types[vessel] not in self.types:
            return False
        if self.statuses is not None and known.status(vessel) not in self.statuses:
            return False
        prefix = "other_" if vessel else ""
        if any(known.evidence.get(prefix + name) != value for name, value in self.facts.items()):
            return False
        two = len(known.ship_types) == 2
        return self.other is None or (two and self.other.fits(known, 1 - vessel))


@dataclass(frozen=True)
class Some:
    """At least one vessel of the event is such."""

    vessel: Vessel

    def holds(self, known: Known) -> bool:
        """Tell whether one is."""
        return any(self.vessel.fits(known, i) for i in range(len(known.ship_types)))


@dataclass(frozen=True)
class Each:
    """Every vessel of the event is such."""

    vessel: Vessel

    def holds(self, known: Known) -> bool:
        """Tell whether all are."""
        return all(self.vessel.fits(known, i) for i in range(len(known.ship_types)))


@dataclass(frozen=True)
class Own:
    """The event's own vessel is such."""

    vessel: Vessel

    def holds(self, known: Known) -> bool:
        """Tell whether it is."""
        return bool(known.ship_types) and self.vessel.fits(known, 0)


@dataclass(frozen=True)
class Not:
    """Something doesn't hold."""

    what: "When"

    def holds(self, known: Known) -> bool:
        """Tell whether it doesn't."""
        return not self.what.holds(known)


@dataclass(frozen=True, init=False)
class All:
    """All of these hold; nothing asked holds."""

    of: tuple["When", ...]

    def __init__(self, *of: "When") -> None:
        object.__setattr__(self, "of", of)

    def holds(self, known: Known) -> bool:
        """Tell whether they do."""
        for one in self.of:  # noqa: SIM110  # asked some fifty times an event: no generator
            if not one.holds(known):
                return False
        return True


@dataclass(frozen=True, init=False)
class Any:
    """At least one of these holds."""

    of: tuple["When", ...]

    def __init__(self, *of: "When") -> None:
        object.__setattr__(self, "of", of)

    def holds(self, known: Known) -> bool:
        """Tell whether one does."""
        return any(one.holds(known) for one in self.of)


When = Compare | Is | Subkind | Some | Each | Own | Not | All | Any


# ---- what the crew says


def rests_on_conduct(when: "When") -> bool:
    """Tell whether statements can't make it hold: something measured of its conduct or place must.

    What is unknown, or doesn't hold, speaks for nothing.

    >>> rests_on_conduct(Some(Vessel(types=FISHING)))
    False
    >>> rests_on_conduct(All(Some(Vessel(types=FISHING)), Compare("n_turns", ">=", 2.0)))
    True
    """
    match when:
        case All(of=of):
            return any(map(rests_on_conduct, of))
        case Any(of=of):
            return bool(of) and all(map(rests_on_conduct, of))
        case Compare(measure=measure):
            return measure not in STATED | TELLS_NOTHING
        case Is(fact=fact, value=value):
            return value is not None and fact not in STATED | TELLS_NOTHING
        case Some(vessel=vessel) | Each(vessel=vessel) | Own(vessel=vessel):
            measured = (name for name, value in vessel.facts.items() if value is not None)
            return any(name not in STATED | TELLS_NOTHING for name in measured)
    return False


def asks_statements(when: "When") -> bool:
    """Tell whether a statement takes part in it."""
    match when:
        case All(of=of) | Any(of=of):
            return any(map(asks_statements, of))
        case Not(what=what):
            return asks_statements(what)
        case Compare(measure=measure, to=to):
            return not STATED.isdisjoint({measure, to})
        case Is(fact=fact):
            return fact in STATED
        case Some() | Each() | Own():
            return True
    return False


# ---- reasons


@dataclass(frozen=True, init=False)
class Case:
    """One way in which a reason fits: the sentence that says why, and what all must hold for it.

    `says` is a template for `str.format` over measures and facts; see `sentences.Number`.
    """

    says: str
    when: When

    def __init__(self, says: str, when: When, *more: When) -> None:
        if not isinstance(says, str):
            raise TypeError("a Case is what it says, and then all that must hold")
        object.__setattr__(self, "says", says)
        object.__setattr__(self, "when", All(when, *more) if more else when)

    @cached_property
    def only_stated(self) -> bool:
        """Tell whether it rests on what is said, without conduct that fits."""
        return asks_statements(self.when) and not rests_on_conduct(self.when)


@dataclass(frozen=True, init=False)
class Hypothesis:
    """One innocent reason."""

    name: str
    """What it is called, in words."""
    weight: float
    """The share of the score it takes away, 0 to 1. A judgement, ordered by how rarely the reason
    is a disguise. A case that rests on what is said, without conduct that fits, takes
    `STATED_BOUND` at most whatever stands here: see `weight_of`."""
    looks_for: str
    """What it looks for, for a reader whose event it doesn't fit."""
    overturned_by: str
    """What would make it wrong."""
    cases: tuple[Case, ...]
    """Ways in which it fits; of those that do, the first of the heaviest gives the sentence."""
    needs_types: bool
    """Whether it can't be tested without knowing the ship types."""

    def __init__(
        self,
        name: str,
        weight: float,
        looks_for: str,
        overturned_by: str,
        *own: Case,
        cases: tuple[Case, ...] = (),
        needs_types: bool = False,
    ) -> None:
        """Take its own cases, and behind them `cases` of another, as `replace` gives them."""
        if not isinstance(looks_for, str):
            raise TypeError(f"the cases of {name!r} stand behind what would overturn it")
        values = (name, weight, looks_for, overturned_by, (*own, *cases), needs_types)
        for one, value in zip(self.__dataclass_fields__, values, strict=True):
            object.__setattr__(self, one, value)

    def weight_of(self, case: Case) -> float:
        """Return the share of the score that it takes away by one of its cases."""
        return min(self.weight, STATED_BOUND) if case.only_stated else self.weight

    def fitting(self, known: Known) -> Case | None:
        """Return the first of the heaviest cases that fit, None where none does."""
        fits = (case for case in self.cases if case.when.holds(known))
        return max(fits, key=self.weight_of, default=None)
