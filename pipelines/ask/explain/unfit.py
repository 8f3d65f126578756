"""Why an innocent reason doesn't fit: what was measured of the event, and what it would take.

Or why it wasn't tried: it is for other events, or what it asks isn't known.
"""

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
LIMITS: Final[dict[Op, str]] = {
    ">=": "at least {amount}",
    "<=": "at most {amount}",
    ">": "more than {amount}",
    "<": "less than {amount}",
}
SUBKINDS: Final[dict[str, str]] = {
    "": "a sighting near no vessel that is told of",
    "changed_callsign": "a changed call sign",
    "changed_imo": "a changed IMO number",
    "changed_name": "a changed name",
    "frozen": "one and the same position",
    "geometric": "circles",
    "invalid_imo": "an IMO number that can't be right",
    "invalid_mmsi": "an MMSI that can't be right",
    "jump": "leaps",
    "look_alike": "names alike",
    "near_gap": "a sighting of what may be a silent vessel",
    "near_loitering": "a sighting near a vessel that drifts",
    "on_land": "positions on land",
    "replay": "a track that repeats another",
    "scatter": "scattered positions",
    "silent_and_loitering": "one silent and one that drifts",
    "stop": "a stop in an area",
    "two_hulls": "two hulls under one number",
    "two_numbers": "two numbers on one hull",
    "watch_enter": "a watched area entered",
    "watch_speed": "speed in a watched area",
    "watch_stay": "a stay in a watched area",
    "watch_stop": "a stop in a watched area",
}
"""What tells apart the subkinds that reasons ask for, where their events are called the same."""
_STATED: Final = frozenset(range(1, 100))
"""Codes of ship types that say something (ITU-R M.1371-5, table 53)."""
_OPPOSITE: Final[dict[Op, Op]] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


@dataclass(frozen=True)
class Lack:
    """One thing that keeps a reason from fitting: what it is, as measured, and as it would fit."""

    what: str
    measured: str
    wanted: str


class _Unknown(Lack):
    """One that isn't known, so that it speaks neither for the reason nor against it."""


@dataclass(frozen=True)
class _OtherKind(Lack):
    """The event is none of those that the reason is for; `excluded` if it is for all but some."""

    excluded: bool = False


def cases(one: Hypothesis, known: Known, words: Labels) -> list[list[Lack]]:
    """Return what keeps each case of a reason from holding."""
    return [_Asked(known, words).lacking(case.when) for case in one.cases]


def lacks(found: Iterable[Sequence[Lack]]) -> tuple[Lack, ...]:
    """Return what keeps a reason from fitting by the nearest of its `cases`; nothing where it fits.

    The nearest is the case that fewest things speak against. What isn't known is left out where
    something known decides.
    """
    nearest = min(found, key=_far, default=[])
    decides = [lack for lack in nearest if not isinstance(lack, _Unknown)]
    return tuple(decides or nearest)


def untried(one: Hypothesis, known: Known, found: Sequence[Sequence[Lack]], words: Labels) -> str:
    """Return why a reason that doesn't fit wasn't tried on an event; empty where it was.

    It was where of each of its `cases` that are for such an event something known speaks against
    it.
    """
    t = words.at_desk
    meant = [case for case in found if not _for_others(case)]
    if not meant:
        others = [lack for case in found for lack in case if isinstance(lack, _OtherKind)]
        but = [lack.wanted for lack in others if lack.excluded]
        kinds = dict.fromkeys(but or [lack.wanted for lack in others])
        what = ", ".join(kinds)
        return t("not for {what}", what=what) if but else t("only for {what}", what=what)
    if one.needs_types and not known.types_known():
        return words.told("not every vessel sent its type.").rstrip(".")
    open_ = [case for case in meant if all(isinstance(lack, _Unknown) for lack in case)]
    nearest = min(open_, key=len, default=[])
    what = ", ".join(dict.fromkeys(lack.what for lack in nearest))
    return t("not known: {what}", what=what) if nearest else ""


def _for_others(found: Sequence[Lack]) -> bool:
    return any(isinstance(lack, _OtherKind) for lack in found)


def _far(found: Sequence[Lack]) -> tuple[bool, bool, int]:
    """Return how far from holding a way is: that which is open, or lacks least, is nearest."""
    decided = any(not isinstance(lack, _Unknown) for lack in found)
    return _for_others(found), decided, len(found)


class _Asked:
    """What is asked of one event."""

    def __init__(self, known: Known, words: Labels) -> None:
        self._known, self._words, self._t = known, words, words.at_desk

    def lacking(self, when: When) -> list[Lack]:
        """Return what keeps it from holding; of several ways the nearest."""
        if when.holds(self._known):
            return []
        match when:
            case All(of=of):
                return list(dict.fromkeys(one for part in of for one in self.lacking(part)))
            case Any(of=of):
                return min(map(self.lacking, of), key=_far, default=[])
            case Compare():
                return [self._compared(when, when.op)]
            case Is(fact=fact, value=value):
                return [self._fact(fact, value)]
            case Some(vessel=vessel):
                each = (self._vessel(vessel, i, of=self._each()) for i in self._each())
                return min(each, key=_far, default=[])
            case Each(vessel=vessel):
                return [one for i in self._each() for one in self._vessel(vessel, i)]
            case Own(vessel=vessel):
                return self._vessel(vessel, 0)
            case Not(what=what):
                return self._without(what)
            case Subkind(of=of):
                return [self._kind(of)]

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
                return min(map(self._without, of), key=_far, default=[])
            case Any(of=of):
                return [
                    one for part in of if part.holds(self._known) for one in self._without(part)
                ]
            case Not(what=what):
                return self.lacking(what)
            case Some(vessel=vessel) | Each(vessel=vessel) | Own(vessel=vessel):
                such = next((i for i in self._each() if vessel.fits(self._known, i)), 0)
                return self._vessel(vessel, such, wanted=False)
            case Subkind(of=of):
                return [self._kind(of, excluded=True)]

    def _kind(self, of: Sequence[str], *, excluded: bool = False) -> Lack:
        known, kinds = self._known, ", ".join(dict.fromkeys(map(self._called, of)))
        return _OtherKind(
            self._words.kind, self._words.kind_of(known.kind, known.subkind), kinds, excluded
        )

    def _called(self, subkind: str) -> str:
        """Return what tells events of a subkind from others of the kind."""
        words, kind = self._words, self._known.kind
        own = subkind in SUBKINDS and f"{kind} {subkind}" not in words.kinds
        return self._t(SUBKINDS[subkind]) if own else words.kind_of(kind, subkind)

    def _compared(self, one: Compare, op: Op) -> Lack:
        unit = unit_of(one.measure)
        to = self._known.number(one.to) if isinstance(one.to, str) else one.to
        value = self._known.value(one.measure)
        if isinstance(one.to, str) and value is not None and math.isnan(to):
            return self._lack(one.to, None, self._t("a limit that is known"))
        wanted = self._t("a limit that is known")
        if not math.isnan(to):
            wanted = self._t(LIMITS[op], amount=checks.amount(one.times * to, unit, self._words))
        return self._lack(one.measure, value, wanted)

    def _fact(self, fact: str, value: bool | str | None) -> Lack:
        wanted = self._t("anything else") if value == "" else self._shown(fact, value)
        return self._lack(fact, self._known.evidence.get(fact), wanted)

    def _lack(self, name: str, value: Value, wanted: str) -> Lack:
        made = _Unknown if value is None or value == "" else Lack
        return made(self._label(name), self._shown(name, value), wanted)

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
            says, such = self._types(map(self._type, of)), self._wanted(one.types)
            found.append(self._said(t("type stated"), says, self._such(such, wanted)))
        if one.statuses is not None and (status in one.statuses) != wanted:
            says, such = self._statuses(map(known.status, of)), self._statuses(sorted(one.statuses))
            found.append(self._said(t("navigation status stated"), says, self._such(such, wanted)))
        for name, value in one.facts.items():
            if (known.evidence.get(prefix + name) == value) != wanted:
                other = not value if isinstance(value, bool) else ""
                found.append(self._fact(prefix + name, value if wanted else other))
        if one.other is not None and len(known.ship_types) == 2:
            found += self._vessel(one.other, 1 - vessel, wanted=wanted)
        return found

    def _said(self, what: str, says: str, wanted: str) -> Lack:
        """Return one of what is stated; what no vessel states isn't known."""
        return (Lack if says else _Unknown)(what, says or self._t("not stated"), wanted)

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
