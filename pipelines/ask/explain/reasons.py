"""The innocent reasons that an event was held against: the one that fits best, and the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import detectors
from detectors.core.evidence import Evidence
from detectors.core.explain import values_in
from detectors.core.hypothesis import Known
from detectors.core.sentences import numbers
from pipelines.ask.explain.unfit import Lack, lacks
from pipelines.base.labels import Labels, labels

BEST, WEAKER, NO, UNTESTED = "fits best", "fits, less well", "does not fit", "could not be tested"
_ENGLISH: Final = labels("en")
_ORDER: Final = (BEST, WEAKER, UNTESTED, NO)


@dataclass(frozen=True)
class Considered:
    """One innocent reason.

    Attributes
    ----------
    name, weight
        What it is called, and the share of the score that it would take away.
    verdict
        `BEST`, `WEAKER`, `NO` or `UNTESTED`.
    sentence
        Why it fits, or what it would take to fit; may be empty.
    overturned_by
        What would make it wrong.
    lacks
        What keeps it from fitting, as it was measured; nothing where it fits.
    """

    name: str
    weight: float
    verdict: str
    sentence: str
    overturned_by: str
    lacks: tuple[Lack, ...] = ()


def considered(
    event: Mapping[str, Any],
    evidence: Evidence,
    ship_types: Sequence[int],
    lengths_m: Sequence[float],
    words: Labels = _ENGLISH,
) -> list[Considered]:
    """Return every reason that the event's detector knows, tried again on its evidence.

    The reason that the event was given when it was found is `BEST` whatever is found now; for an
    event of an older version of its detector the others are those that are known today. `words` are
    those of the reader's language.
    """
    if event["detector"] not in detectors.names():
        return []
    told = words.told
    known = Known(
        str(event["kind"]), str(event["subkind"]), evidence, tuple(ship_types), tuple(lengths_m)
    )
    given = str(event["explanation"])
    found = []
    for one in detectors.reasons_of(event["detector"]):
        case = one.fitting(known)
        wants = told("Looked for: {what}", what=told(one.looks_for)) if one.looks_for else ""
        fits = "" if case is None else told(case.says, **numbers(values_in(case, known)))
        why_not: tuple[Lack, ...] = ()
        if given.startswith(f"{one.name}: "):
            stored = given.removeprefix(f"{one.name}: ")
            verdict, why = BEST, stored if words is _ENGLISH or not fits else fits
        elif case is not None:
            verdict, why = WEAKER, fits
        elif one.needs_types and not known.types_known():
            untold = told("not every vessel sent its type.")
            verdict, why = UNTESTED, f"{untold} {wants}".strip()
            why_not = lacks(one, known, words)
        else:
            verdict, why, why_not = NO, wants, lacks(one, known, words)
        weight = one.weight if case is None else one.weight_of(case)
        found.append(Considered(one.name, weight, verdict, why, told(one.overturned_by), why_not))
    unknown = words.say("not known")

    def far(one: Considered) -> tuple[bool, int]:
        """Of those that don't fit first what is nearest to it, then what wasn't measured."""
        return any(lack.measured == unknown for lack in one.lacks), len(one.lacks)

    return sorted(found, key=lambda c: (_ORDER.index(c.verdict), far(c), -c.weight, c.name))
