"""Explanations: the best innocent reason for each event, and what would overturn it.

This is the engine; a detector brings its own reasons (those of the first four, which are many, are
in the modules `hypotheses_*` beside this one). Each `Hypothesis` is one reason a sailor would
offer. Its test reads what was measured and answers with a sentence that holds the numbers, or with
nothing. The reason with the largest weight wins and lowers the event's score by that share.
Reasons that rest on ship types can't be tested for a vessel that sent no static data: they are
named as untested, and count neither for nor against it.

Ship types are the first and second digits of ITU-R M.1371-5, table 53; navigation status codes
are those of table 45. Weights are judgements, ordered by how rarely the reason is a disguise.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd

from detectors.core.detector import Context
from detectors.core.events import dump_evidence
from detectors.core.frames import NAV_STATUS_UNDEFINED

NOT_ASSESSED: Final = "not assessed"
"""How the explanation of an event begins that a detector couldn't judge; left as it is."""

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

AT_ANCHOR, NOT_UNDER_COMMAND, RESTRICTED, MOORED, FISHING_STATUS = 1, 2, 3, 5, 7


@dataclass(frozen=True)
class Facts:
    """What a test may look at: one event's evidence, and what its vessels say they are."""

    kind: str
    subkind: str
    evidence: dict[str, Any]
    ship_types: tuple[int, ...]
    lengths_m: tuple[float, ...] = field(default=())

    def number(self, key: str) -> float:
        """Return a number from the evidence, NaN where it is missing."""
        value = self.evidence.get(key)
        return float(value) if isinstance(value, int | float) else float("nan")

    def flag(self, key: str) -> bool:
        """Tell whether the evidence says yes; missing is no."""
        return self.evidence.get(key) is True

    def statuses(self) -> tuple[int, ...]:
        """Navigation status of each vessel, 15 where undefined."""
        keys = ("nav_status", "other_nav_status")[: len(self.ship_types)]
        return tuple(int(self.evidence.get(key, NAV_STATUS_UNDEFINED)) for key in keys)

    def any_type(self, wanted: frozenset[int]) -> bool:
        """Tell whether at least one vessel says it is of such a type."""
        return any(code in wanted for code in self.ship_types)

    def all_types(self, wanted: frozenset[int]) -> bool:
        """Tell whether each vessel says it is of such a type."""
        return all(code in wanted for code in self.ship_types)

    def types_known(self) -> bool:
        """Tell whether each vessel says what it is (0 is the code for not available)."""
        return all(code > 0 for code in self.ship_types)

    @property
    def longest_m(self) -> float:
        """Length of the longest vessel as stated, NaN where none says so."""
        return max((m for m in self.lengths_m if m > 0), default=float("nan"))

    def zone_distance_m(self) -> float:
        """Distance to the nearest port or anchorage, 0 inside an anchorage, NaN where unknown."""
        return 0.0 if self.flag("in_anchorage") else self.number("anchorage_distance_m")

    @property
    def hours(self) -> float:
        """Duration in hours."""
        return self.number("duration_s") / 3600.0

    @property
    def minutes(self) -> float:
        """Duration in minutes."""
        return self.number("duration_s") / 60.0

    @property
    def slower_drift_kn(self) -> float:
        """Speed made good, of a pair the smaller of both."""
        values = [self.number("drift_kn")]
        if len(self.ship_types) == 2:
            values.append(self.number("other_drift_kn"))
        return min(values)

    def median_speeds_kn(self) -> tuple[float, float]:
        """Median speeds of a pair, the slower first."""
        low, high = sorted((self.number("median_speed_kn"), self.number("other_median_speed_kn")))
        return low, high


Test = Callable[[Facts], str | None]


@dataclass(frozen=True)
class Hypothesis:
    """One innocent reason.

    Attributes
    ----------
    name
        What it is called, in words.
    weight
        The share of the score it takes away, 0 to 1.
    test
        Returns the sentence that says why it fits, or None where it doesn't.
    overturned_by
        What would make it wrong.
    needs_types
        Whether it can't be tested without knowing the ship types.
    """

    name: str
    weight: float
    test: Test
    overturned_by: str
    needs_types: bool = False


def explain(
    events: pd.DataFrame, context: Context, hypotheses: Sequence[Hypothesis]
) -> pd.DataFrame:
    """Give each event its best innocent reason.

    Parameters
    ----------
    events
        `events.EVENTS`, as the detectors made them.
    context
        Only `vessels` is read.
    hypotheses
        What is tried, usually those of the detector that found the events.

    Returns
    -------
    pandas.DataFrame
        The same events in the same order. Where a reason fits, `explanation` holds its name and
        the sentence, and `score` is the base score times (1 - weight). Evidence gains
        ``base_score``, ``explanation_weight``, ``explanation_overturned_by`` (empty where no
        reason fits) and ``untested_explanations`` (names joined by "; "). An event that comes with
        an explanation of its detector's keeps it and its score. Explaining twice changes nothing.
    """
    explained = events.copy()
    types, lengths = _known(events, context)
    scores, texts, evidences = [], [], []
    for row in events.to_dict("records"):
        evidence = json.loads(row["evidence"])
        own = row["explanation"]
        if own and "base_score" not in evidence:
            evidence |= {
                "base_score": row["score"],
                "explanation_weight": 0.0,
                "explanation_overturned_by": "",
                "untested_explanations": "",
                "explained_by": "detector",
            }
        if evidence.get("explained_by") == "detector":
            scores.append(row["score"])
            texts.append(own)
            evidences.append(dump_evidence(evidence))
            continue
        vessels = [m for m in (row["mmsi"], row["other_mmsi"]) if m]
        facts = Facts(
            row["kind"],
            row["subkind"],
            evidence,
            tuple(types.get(m, -1) for m in vessels),
            tuple(lengths.get(m, float("nan")) for m in vessels),
        )
        base_score = float(evidence.get("base_score", row["score"]))
        best, sentence = best_of(facts, hypotheses)
        weight = best.weight if best else 0.0
        evidence |= {
            "base_score": base_score,
            "explanation_weight": weight,
            "explanation_overturned_by": best.overturned_by if best else "",
            "untested_explanations": "; ".join(untested(facts, hypotheses)),
        }
        scores.append(base_score * (1.0 - weight))
        texts.append(f"{best.name}: {sentence}" if best else "")
        evidences.append(dump_evidence(evidence))
    explained["score"] = np.asarray(scores, "float64")
    explained["explanation"] = pd.Series(texts, index=events.index, dtype="str")
    explained["evidence"] = pd.Series(evidences, index=events.index, dtype="str")
    return explained


def best_of(facts: Facts, hypotheses: Sequence[Hypothesis]) -> tuple[Hypothesis | None, str]:
    """Return the heaviest reason that fits, with its sentence; of equal ones the first listed."""
    best, sentence = None, ""
    for hypothesis in hypotheses:
        if best and hypothesis.weight <= best.weight:
            continue
        answer = hypothesis.test(facts)
        if answer is not None:
            best, sentence = hypothesis, answer
    return best, sentence


def untested(facts: Facts, hypotheses: Sequence[Hypothesis]) -> list[str]:
    """Reasons that couldn't be tested because a vessel sent no static data."""
    if facts.types_known():
        return []
    return [h.name for h in hypotheses if h.needs_types]


def _known(events: pd.DataFrame, context: Context) -> tuple[dict[int, int], dict[int, float]]:
    """Ship types and lengths of the vessels in the events."""
    vessels = context.vessels
    if vessels.empty:
        return {}, {}
    concerned = vessels[
        vessels["mmsi"].isin(events["mmsi"]) | vessels["mmsi"].isin(events["other_mmsi"])
    ]
    mmsi = concerned["mmsi"].tolist()
    return (
        dict(zip(mmsi, concerned["ship_type"].astype(int).tolist(), strict=True)),
        dict(zip(mmsi, concerned["length_m"].astype(float).tolist(), strict=True)),
    )
