"""The innocent reasons that an event was held against: the one that fits best, and the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import detectors
from detectors.core.evidence import Evidence
from detectors.core.explain import values_in
from detectors.core.hypothesis import Known
from detectors.core.sentences import numbers
from pipelines.ask.explain.unfit import Lack, cases, lacks, untried
from pipelines.base.labels import Labels, labels
from pipelines.base.text import one_line
from pipelines.publish.briefing import SENTENCE_LIMIT

BEST, WEAKER, NO, UNTRIED = "fits best", "fits, less well", "does not fit", "not tried"
_ENGLISH: Final = labels("en")
_ORDER: Final = (BEST, WEAKER, NO, UNTRIED)


@dataclass(frozen=True)
class Considered:
    """One innocent reason."""

    name: str
    weight: float
    """What it is called, and the share of the score that it would take away."""
    verdict: str
    """`BEST`, `WEAKER`, `NO` or `UNTRIED`."""
    sentence: str
    """Why it fits, what it would take to fit, or why it wasn't tried; may be empty."""
    overturned_by: str
    """What would make it wrong."""
    lacks: tuple[Lack, ...] = ()
    """What keeps it from fitting, as it was measured; nothing where it fits."""


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
        elif not_tried := untried(one, known, speaks := cases(one, known, words), words):
            verdict, why = UNTRIED, not_tried
        else:
            verdict, why, why_not = NO, wants, lacks(speaks)
        weight = one.weight if case is None else one.weight_of(case)
        found.append(Considered(one.name, weight, verdict, why, told(one.overturned_by), why_not))

    def far(one: Considered) -> tuple[int, int, float, str]:
        """Of those that don't fit first what is nearest to it."""
        return _ORDER.index(one.verdict), len(one.lacks), -one.weight, one.name

    return sorted(found, key=far)


def tried(found: Sequence[Considered]) -> list[Considered]:
    """Return the reasons that were tried on an event."""
    return [one for one in found if one.verdict != UNTRIED]


def not_tried(found: Sequence[Considered], words: Labels = _ENGLISH) -> list[tuple[str, str]]:
    """Return why the others weren't, each time with their names."""
    names: dict[str, list[str]] = {}
    for one in found:
        if one.verdict == UNTRIED:
            names.setdefault(one.sentence, []).append(words.hypotheses.get(one.name, one.name))
    return [
        (one_line(why, SENTENCE_LIMIT), one_line(", ".join(those), SENTENCE_LIMIT))
        for why, those in names.items()
    ]
