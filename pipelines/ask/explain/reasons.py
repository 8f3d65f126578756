"""The innocent reasons that an event was held against: the one that fits best, and the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from inspect import isfunction
from typing import Any, Final

import detectors
from detectors.core.explain import Facts, Test

BEST, WEAKER, NO, UNTESTED = "fits best", "fits, less well", "does not fit", "could not be tested"
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
        Why it fits, or what it would take to fit where its test says so; may be empty.
    overturned_by
        What would make it wrong.
    """

    name: str
    weight: float
    verdict: str
    sentence: str
    overturned_by: str


def considered(
    event: Mapping[str, Any],
    evidence: Mapping[str, Any],
    ship_types: Sequence[int],
    lengths_m: Sequence[float],
) -> list[Considered]:
    """Every reason that the event's detector knows, tried again on its evidence.

    The reason that the event was given when it was found is `BEST` whatever is found now; for an
    event of an older version of its detector the others are those that are known today.
    """
    if event["detector"] not in detectors.names():
        return []
    facts = Facts(
        str(event["kind"]),
        str(event["subkind"]),
        dict(evidence),
        tuple(ship_types),
        tuple(lengths_m),
    )
    given = str(event["explanation"])
    found = []
    for one in detectors.find(event["detector"]).hypotheses:
        answer = one.test(facts)
        wants = _wants(one.test)
        if given.startswith(f"{one.name}: "):
            verdict, sentence = BEST, given.removeprefix(f"{one.name}: ")
        elif answer is not None:
            verdict, sentence = WEAKER, answer
        elif one.needs_types and not facts.types_known():
            verdict, sentence = UNTESTED, f"not every vessel sent its type. {wants}".strip()
        else:
            verdict, sentence = NO, wants
        found.append(Considered(one.name, one.weight, verdict, sentence, one.overturned_by))
    return sorted(found, key=lambda c: (_ORDER.index(c.verdict), -c.weight, c.name))


def _wants(test: Test) -> str:
    """Return what a test looks for, as its docstring says it."""
    text = test.__doc__ if isfunction(test) else None
    return f"Looked for: {text.strip().splitlines()[0]}" if text else ""
