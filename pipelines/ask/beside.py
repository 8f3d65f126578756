"""What stands beside a list of flags: what was concluded, and how often such flags were right."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pandas as pd

from pipelines.assess.dispositions import models, newest
from pipelines.assess.dispositions.models import Model
from pipelines.base import story
from pipelines.base.settings import Installation
from pipelines.store import exists, read

_INNER: Final = str.maketrans("()", "[]")
"""Of what people typed, so that nobody closes a conclusion of their own and adds another's."""


@dataclass(frozen=True)
class Beside:
    """Known of a list of flags at a time.

    Attributes
    ----------
    model
        The calibration, None where none is fitted.
    probability
        The chance that a boarding finds something, for each flag; empty without a model.
    concluded
        What was concluded on the events of each flag, in words; empty where nothing was.
    watched
        Whether any of that is to watch it.
    """

    model: Model | None
    probability: list[float]
    concluded: list[str]
    watched: list[bool]


def beside(
    installation: Installation,
    scores: list[float],
    event_ids: list[str],
    *,
    simulated: bool,
    known: pd.Timestamp | None = None,
    say: Callable[[str], str] = str,
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
        Puts the name of a conclusion into the reader's language.
    """
    model = models.load(installation.learned, known)
    if model is not None and model.card["simulated"] != simulated:
        model = None
    probability = [] if model is None else model.calibration.probability(scores).tolist()
    told = _concluded(installation, known, say)
    held = [[told[key] for key in ids.split(";") if key in told] for ids in event_ids]
    return Beside(
        model,
        [round(value, 2) for value in probability],
        ["; ".join(dict.fromkeys(text for _, text in each)) for each in held],
        [any(conclusion == "watch" for conclusion, _ in each) for each in held],
    )


def _concluded(
    installation: Installation, known: pd.Timestamp | None, say: Callable[[str], str]
) -> dict[str, tuple[str, str]]:
    """Return what holds for each event, along its story to the event that took over; its name in
    the store and in words.
    """
    if not exists(installation.store, installation.settings.store):
        return {}
    with read(installation.store, installation.settings.store) as store:
        table, heirs = store.dispositions(known), store.heirs()
    told = {
        row["event_id"]: (
            row["conclusion"],
            f"{say(row['conclusion'].replace('_', ' '))} "
            f"({row['author'].translate(_INNER)}: {row['reason'].translate(_INNER)})",
        )
        for row in newest(table).to_dict("records")
    }
    own = dict(told)
    for event_id in heirs:
        stated = (own[before] for before in story.before(event_id, heirs) if before in own)
        if found := next(stated, None):
            told[event_id] = found
    return told
