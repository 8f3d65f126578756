"""One incident as the desk shows it."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import pandas as pd

from pipelines.assess.dispositions.outcomes import CLOSED, UNANSWERED, WATCHED

NEW: Final = "created"
"""The status of what no look before told of."""


@dataclass(frozen=True)
class Line:
    """One incident as the desk shows it.

    Attributes
    ----------
    number
        Its rank, a dash where it is over.
    certainty, status, kind
        As the store has them, to filter by; `certain`, `news` and `what` are the words for them.
    near, where
        The place it is told by, and its position.
    concluded, standing
        What holds of what people concluded on it, in words; and how it stands by that, see
        `outcomes.standing`.
    made_of, now, spot, heard
        What its score is made of, where its vessel was heard last, with and without when, and when;
        NaT for never.
    clocks
        How much of it rests on wrong clocks; empty where little does.
    called
        What it may be looked for by and isn't told by: each of its kinds, as the program, the list
        and the score call it, and flag, type and length of its vessels.
    """

    incident_id: str
    rank: int
    title: str
    score: float
    certainty: str
    certain: str
    status: str
    news: str
    kind: str
    what: str
    near: str
    where: str
    when_utc: str
    when_local: str
    vessels: tuple[tuple[int, str, str], ...]
    next_step: str
    events: tuple[str, ...]
    concluded: str
    standing: str
    made_of: str
    now: str
    spot: str
    heard: pd.Timestamp
    clocks: str
    called: str

    @property
    def main(self) -> int:
        """The vessel that it is about first, 0 where none is known."""
        return self.vessels[0][0] if self.vessels else 0

    @property
    def seen(self) -> str:
        """Return what changes when it does, in every language."""
        return seen_of(self.score, self.events)

    @property
    def new(self) -> bool:
        """Tell whether no look before told of it, and nobody has answered it since."""
        return self.status == NEW and not self.answered

    @property
    def open(self) -> bool:
        """Tell whether it goes on, and nobody has concluded what closes it."""
        return bool(self.rank) and self.standing != CLOSED

    @property
    def watched(self) -> bool:
        """Tell whether nothing but to watch it was concluded."""
        return self.standing == WATCHED

    @property
    def answered(self) -> bool:
        """Tell whether somebody has concluded something on all that happened in it."""
        return self.standing != UNANSWERED

    @property
    def number(self) -> str:
        """Return its rank for a person."""
        return str(self.rank) if self.rank else "–"


def seen_of(score: float, events: tuple[str, ...]) -> str:
    """Return what changes when an incident with this score and these events does."""
    return sha256(f"{score} {events}".encode()).hexdigest()[:16]
