"""Explanations: the best innocent reason for each event, and what would overturn it.

Of the reasons (`hypothesis.Hypothesis`) that fit, the one with the largest weight lowers the
event's score by that share. Reasons that rest on ship types can't be tested for a vessel that sent
no static data: they are named as untested, and count neither for nor against it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd

from detectors.core.detector import Context
from detectors.core.events import objects
from detectors.core.evidence import Explained, Value
from detectors.core.hypothesis import Case, Hypothesis, Known
from detectors.core.sentences import numbers, places_in
from detectors.core.statements import hull_length_m

NOT_ASSESSED: Final = "not assessed"
"""How the explanation of an event begins that a detector couldn't judge; left as it is."""


def explain(
    events: pd.DataFrame, context: Context, hypotheses: Sequence[Hypothesis]
) -> pd.DataFrame:
    """Give each event its best innocent reason.

    Returns the same events in the same order. Where a reason fits, `explanation` holds its name and
    the sentence, and `score` is the base score times (1 - weight). `Evidence.explained` is filled
    in. An event that comes with an explanation of its detector's keeps it and its score. Explaining
    twice changes nothing.

    Parameters
    ----------
    events
        `events.EVENTS`, as the detectors made them.
    context
        Only `vessels` is read.
    hypotheses
        What is tried, usually those of the detector that found the events.
    """
    explained = events.copy()
    if events.empty:
        return explained
    types, lengths = _known(events, context)
    by_weight = _by_weight(hypotheses)
    scores, texts, evidences = [], [], []
    names = ("kind", "subkind", "mmsi", "other_mmsi", "score", "explanation", "evidence")
    rows = zip(*(events[name].tolist() for name in names), strict=True)
    for kind, subkind, mmsi, other_mmsi, score, explanation, evidence in rows:
        told: Explained | None = evidence.explained
        if told is None and explanation:
            told = Explained(score, by_detector=True)
        if told is None or not told.by_detector:
            vessels = [m for m in (mmsi, other_mmsi) if m]
            known = Known(
                kind,
                subkind,
                evidence,
                tuple(types.get(m, -1) for m in vessels),
                tuple(lengths.get(m, float("nan")) for m in vessels),
            )
            base_score = told.base_score if told else score
            told = _told(known, hypotheses, by_weight, base_score)
            scores.append(base_score * (1.0 - told.weight))
            texts.append(sentence_of(told))
        else:
            scores.append(score)
            texts.append(explanation)
        evidences.append(replace(evidence, explained=told))
    explained["score"] = np.asarray(scores, "float64")
    explained["explanation"] = pd.Series(texts, index=events.index, dtype="str")
    explained["evidence"] = objects(evidences, events.index)
    return explained


def sentence_of(told: Explained) -> str:
    """Return the best reason's name and sentence in English, empty where none fits."""
    return f"{told.name}: {told.says.format(**numbers(told.values))}" if told.name else ""


def values_in(case: Case, known: Known) -> dict[str, Value]:
    """Return what stands in the named places of a case's sentence."""
    return {name: known.value(name) for name in places_in(case.says)}


def best_of(known: Known, hypotheses: Sequence[Hypothesis]) -> tuple[Hypothesis, Case] | None:
    """Return the heaviest reason that fits, with its case; of equal ones the first listed."""
    return _first_of(known, _by_weight(hypotheses))


def _by_weight(hypotheses: Sequence[Hypothesis]) -> list[tuple[Hypothesis, Case]]:
    """Return all cases of some reasons, the heaviest first, equal ones as they are listed."""
    cases = [(one, case) for one in hypotheses for case in one.cases]
    return sorted(cases, key=lambda pair: -pair[0].weight_of(pair[1]))


def _first_of(
    known: Known, by_weight: Sequence[tuple[Hypothesis, Case]]
) -> tuple[Hypothesis, Case] | None:
    """Return the first case that fits: what is lighter needn't be tried."""
    for one, case in by_weight:
        if case.when.holds(known):
            return one, case
    return None


def untested(known: Known, hypotheses: Sequence[Hypothesis]) -> tuple[str, ...]:
    """Return names of reasons that couldn't be tested because a vessel sent no static data."""
    if known.types_known():
        return ()
    return tuple(one.name for one in hypotheses if one.needs_types)


def _told(
    known: Known,
    hypotheses: Sequence[Hypothesis],
    by_weight: Sequence[tuple[Hypothesis, Case]],
    base_score: float,
) -> Explained:
    best, left = _first_of(known, by_weight), untested(known, hypotheses)
    base_score = round(float(base_score), 6)
    if best is None:
        return Explained(base_score, untested=left)
    one, case = best
    return Explained(
        base_score,
        one.weight_of(case),
        one.name,
        case.says,
        values_in(case, known),
        one.overturned_by,
        left,
    )


def _known(events: pd.DataFrame, context: Context) -> tuple[dict[int, int], dict[int, float]]:
    vessels = context.vessels
    if vessels.empty:
        return {}, {}
    theirs = np.concatenate([events[side].to_numpy() for side in ("mmsi", "other_mmsi")])
    concerned = np.flatnonzero(np.isin(vessels["mmsi"].to_numpy(), theirs))
    mmsi = vessels["mmsi"].to_numpy()[concerned].tolist()
    codes: list[Any] = vessels["ship_type"].to_numpy(int)[concerned].tolist()
    sizes = (vessels[name].to_numpy("float64")[concerned] for name in ("length_m", "beam_m"))
    lengths: list[Any] = hull_length_m(*sizes).tolist()
    return dict(zip(mmsi, codes, strict=True)), dict(zip(mmsi, lengths, strict=True))
