"""Why an innocent reason doesn't fit: what was measured of the event, and what it would take."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from detectors.core.evidence import Value, unit_of
from detectors.core.hypothesis import (
    All,
    Any,
    Compare,
    Each,
    Hypothesis,
    Is,
    Known,
    Not,
    Op,
    Own,
    Some,
    Subkind,
    Vessel,
    When,
)
from pipelines.base.labels import Labels
from pipelines.publish import checks
from pipelines.reference.codes import nav_status_words, ship_type_words

LACKS: Final = "{what}: {measured}; it would take {wanted}."
"""How one is told, as a text of the desk."""
STATUSES: Final = tuple(str(one) for one in nav_status_words(range(16)) if one)
LIMITS: Final[dict[Op, str]] = {
    ">=": "at least {amount}",
    "<=": "at most {amount}",
    ">": "more than {amount}",
    "<": "less than {amount}",
}
_STATED: Final = frozenset(range(1, 100))
"""Codes of ship types that say something (ITU-R M.1371-5, table 53)."""
_OPPOSITE: Final[dict[Op, Op]] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


@dataclass(frozen=True)
class Lack:
    """One thing that keeps a reason from fitting: what it is, as measured, and as it would fit."""

    what: str
    measured: str
    wanted: str


def lacks(one: Hypothesis, known: Known, words: Labels) -> tuple[Lack, ...]:
    """Return what keeps a reason from fitting by the nearest of its cases; nothing where it fits.

    The nearest is the case that fewest things speak against.
    """
    found = [tuple(_Asked(known, words).lacking(case.when)) for case in one.cases]
    return min(found, key=len, default=())


class _Asked:
    """What is asked of one event."""

    def __init__(self, known: Known, words: Labels) -> None:
        self._known, self._words, self._t = known, words, words.at_desk

    def lacking(self, when: When) -> list[Lack]:
        """Return what keeps it from holding; of several ways the one that lacks least."""
        if when.holds(self._known):
            return []
        match when:
            case All(of=of):
                return list(dict.fromkeys(one for part in of for one in self.lacking(part)))
            case Any(of=of):
                return min(map(self.lacking, of), key=len, default=[])
            case Compare():
                return [self._compared(when, when.op)]
            case Is(fact=fact, value=value):
                return [self._fact(fact, value)]
            case Some(vessel=vessel):
                each = (self._vessel(vessel, i, of=self._each()) for i in self._each())
                return min(each, key=len, default=[])
            case Each(vessel=vessel):
                return [one for i in self._each() for one in self._vessel(vessel, i)]
            case Own(vessel=vessel):
                return self._vessel(vessel, 0)
            case Not(what=what):
                return self._without(what)
            case Subkind(of=of):
                kinds = (self._words.kind_of(self._known.kind, one) for one in of)
                return [self._kind(", ".join(dict.fromkeys(kinds)))]

    def _each(self) -> range:
        return range(max(len(self._known.ship_types), 1))

    def _type(self, vessel: int) -> int:
        types = self._known.ship_types  # none of a vessel that is known by its positions alone
        return types[vessel] if vessel < len(types) else -1

    def _without(self, when: When) -> list[Lack]:
        """Return what keeps something from not holding: it holds."""
        match when:
            case Compare():
                return [self._compared(when, _OPPOSITE[when.op])]
            case Is(fact=fact, value=value):
                return [self._fact(fact, not value if isinstance(value, bool) else "")]
            case All(of=of):  # one of them that doesn't hold is enough
                return min(map(self._without, of), key=len, default=[])
            case Any(of=of):
                return [
                    one for part in of if part.holds(self._known) for one in self._without(part)
                ]
            case Not(what=what):
                return self.lacking(what)
            case Some(vessel=vessel) | Each(vessel=vessel) | Own(vessel=vessel):
                such = next((i for i in self._each() if vessel.fits(self._known, i)), 0)
                return self._vessel(vessel, such, wanted=False)
        return [self._kind(self._t("anything else"))]

    def _kind(self, wanted: str) -> Lack:
        words, known = self._words, self._known
        return Lack(words.kind, words.kind_of(known.kind, known.subkind), wanted)

    def _compared(self, one: Compare, op: Op) -> Lack:
        unit = unit_of(one.measure)
        to = self._known.number(one.to) if isinstance(one.to, str) else one.to
        limit = one.times * to
        return Lack(
            self._label(one.measure),
            self._shown(one.measure, self._known.value(one.measure)),
            self._t("a limit that is known")
            if math.isnan(limit)
            else self._t(LIMITS[op], amount=checks.amount(limit, unit)),
        )

    def _fact(self, fact: str, value: bool | str | None) -> Lack:
        wanted = self._t("anything else") if value == "" else self._shown(fact, value)
        return Lack(self._label(fact), self._shown(fact, self._known.evidence.get(fact)), wanted)

    def _vessel(
        self, one: Vessel, vessel: int, *, wanted: bool = True, of: Sequence[int] = ()
    ) -> list[Lack]:
        """Return what a vessel of the event would have to say, or not to say, and doesn't.

        `of` are the vessels of which any may: it is told what each says.
        """
        known, t = self._known, self._t
        prefix = "other_" if vessel else ""
        code, status, of = self._type(vessel), known.status(vessel), of or [vessel]
        found = []
        if one.types is not None and (code in one.types) != wanted:
            says = self._types(map(self._type, of)) or t("not stated")
            found.append(Lack(t("type stated"), says, self._such(self._wanted(one.types), wanted)))
        if one.statuses is not None and (status in one.statuses) != wanted:
            says = self._statuses(map(known.status, of)) or t("not stated")
            such = self._such(self._statuses(sorted(one.statuses)), wanted)
            found.append(Lack(t("navigation status stated"), says, such))
        for name, value in one.facts.items():
            if (known.evidence.get(prefix + name) == value) != wanted:
                other = not value if isinstance(value, bool) else ""
                found.append(self._fact(prefix + name, value if wanted else other))
        if one.other is not None and len(known.ship_types) == 2:
            found += self._vessel(one.other, 1 - vessel, wanted=wanted)
        return found

    def _such(self, text: str, wanted: bool) -> str:
        return text if wanted else self._t("anything but {what}", what=text)

    def _wanted(self, types: frozenset[int]) -> str:
        """Return types in words: those that fit, or where these are most the others."""
        others = _STATED - types
        if len(others) > len(_STATED) / 2:
            return self._types(sorted(types))
        but = self._types(sorted(others))
        return self._such(but, wanted=False) if but else self._t("any type")

    def _types(self, codes: Iterable[int]) -> str:
        words = (str(one).partition(",")[0] for one in ship_type_words(list(codes)))
        return ", ".join(dict.fromkeys(self._words.ship_type(one) for one in words if one))

    def _statuses(self, codes: Iterable[int]) -> str:
        return ", ".join(self._t(str(one)) for one in nav_status_words(list(codes)) if one)

    def _label(self, name: str) -> str:
        called = self._words.measures.get(name)
        return called or self._words.fact_of(name, checks.label(name))

    def _shown(self, name: str, value: Value) -> str:
        return checks.shown(name, value, self._words)
