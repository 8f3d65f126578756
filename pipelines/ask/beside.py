"""What stands beside flags and incidents: conclusions, and how often such flags were right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from detectors.core.telling import Say, plain
from pipelines.assess.dispositions import models
from pipelines.assess.dispositions.models import Model
from pipelines.assess.dispositions.outcomes import cleared, holding, standing, told
from pipelines.base.settings import Installation
from pipelines.store import Queries, exists, read


@dataclass(frozen=True)
class Beside:
    """Known of a list of flags at a time."""

    model: Model | None
    """The calibration, None where none is fitted."""
    probability: list[float]
    """The chance that a boarding finds something, for each flag; empty without a model."""
    concluded: list[str]
    """What was concluded on the events of each flag, in words; empty where nothing was."""
    standing: list[str]
    cleared: list[bool]
    """How the events of each flag stand by that, see `outcomes.standing` and `cleared`."""


def beside(
    installation: Installation,
    scores: list[float],
    event_ids: list[str],
    *,
    simulated: bool,
    known: pd.Timestamp | None = None,
    say: Say = plain,
    held: Mapping[str, dict[Any, Any]] | None = None,
) -> Beside:
    """Look up what stands beside flags.

    Parameters
    ----------
    scores, event_ids
        Of each flag: its score, and its events joined by ";".
    simulated
        Whether the flags are an exercise: its calibration holds for exercises only.
    known
        What was known at this time; None for now.
    say
        Puts it into the reader's language.
    held
        What holds for each event (`outcomes.holding`), where that is known already.
    """
    model = models.load(installation.learned, known)
    if model is not None and model.card["simulated"] != simulated:
        model = None
    probability = [] if model is None else model.calibration.probability(scores).tolist()
    held = _held(installation, known) if held is None else held
    ids = [joined.split(";") for joined in event_ids]
    return Beside(
        model,
        [round(value, 2) for value in probability],
        told(ids, held, say),
        [standing(each, held) for each in ids],
        [cleared(each, held) for each in ids],
    )


def ids_here(incidents: pd.DataFrame, events: pd.DataFrame, own: pd.DataFrame) -> list[list[str]]:
    """Return the ids that the events of each of a recipient's incidents have here.

    `events` are the recipient's, `own` the same in the same order, as they are called here.
    """
    here = dict(zip(events["event_id"].tolist(), own["event_id"].tolist(), strict=True))
    return [
        [here[one] for one in str(ids).split(";") if one in here] for ids in incidents["events"]
    ]


def concluded_on(
    store: Queries, event_ids: Sequence[str], known: pd.Timestamp | None = None
) -> dict[str, list[str]]:
    """Return what was concluded by a time on each of some incidents, by their events joined by ";".

    As columns: `concluded`, in words, empty where nothing was; `standing`, see `outcomes.standing`.
    """
    held = holding(store.dispositions(known), store.heirs())
    ids = [joined.split(";") for joined in event_ids]
    return {
        "concluded": told(ids, held),
        "standing": [standing(each, held) for each in ids],
    }


def _held(installation: Installation, known: pd.Timestamp | None) -> dict[str, dict[Any, Any]]:
    if not exists(installation.store, installation.settings.store):
        return {}
    with read(installation.store, installation.settings.store) as store:
        return holding(store.dispositions(known), store.heirs())
