"""Events, incidents and flagged vessels as a reader sees them, in clean texts and chart words."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from detectors.core.explain import NOT_ASSESSED
from pipelines.base.labels import Labels, labels

_ENGLISH = labels("en")


@dataclass(frozen=True, kw_only=True)
class Happened:
    """When and where something was, in words too.

    `end` is None while it goes on, `lat` and `lon` (and `where` empty) where its place isn't known.
    """

    start: pd.Timestamp
    end: pd.Timestamp | None
    when_utc: str
    when_local: str
    lat: float | None
    lon: float | None
    where: str


@dataclass(frozen=True, kw_only=True)
class EventCard(Happened):
    """One event as a reader sees it."""

    event_id: str
    kind: str
    title: str
    who: str
    pair: bool
    reason: str
    explanation: str
    score: float
    status: str
    checks: Sequence[tuple[str, str, str, str]]
    evidence: Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class IncidentCard(Happened):
    """One incident as a reader sees it: when and where its leading event was (or one arrived)."""

    incident_id: str
    rank: int
    mmsi: int
    title: str
    kind: str
    """Of its leading event; `what` is that in words."""
    what: str
    score: float
    certainty: str
    status: str
    news: str
    next_step: str
    place: int | None
    """Where its first vessel stands on the list of flagged ones; None where it flags none."""
    vessels: Sequence[tuple[str, int, str]]
    """Name, number and role of each vessel."""
    event_ids: Sequence[str]
    """Its events, the leading one first."""
    made_of: str
    now: str
    """What its score is made of, and where its vessel was heard last; empty where there is nothing
    to say."""
    concluded: str
    """What people concluded on it, where the products tell that; see `products.Concluded`."""
    first: str
    """Why it is among those to look at first, empty where it isn't."""

    @property
    def who(self) -> str:
        """Return its vessels with their roles, on one line."""
        return ", ".join(
            f"{name} ({mmsi:09d}, {role})" if name else f"{mmsi:09d} ({role})"
            for name, mmsi, role in self.vessels
        )

    @property
    def sure(self) -> str:
        """Return its certainty, with what the score is made of."""
        return f"{self.certainty}: {self.made_of}" if self.made_of else self.certainty

    @property
    def name(self) -> str:
        """Return to whom it happened: a name, else a number; empty where nobody is known."""
        return next((name or f"{mmsi:09d}" for name, mmsi, _ in self.vessels), "")

    def called(self) -> str:
        """Return its number, to whom it happened, and what, for a plotter, which cuts names."""
        return f"{self.rank} {self.name}: {self.what}" if self.name else f"{self.rank} {self.what}"

    def told(self, words: Labels) -> list[str]:
        """Tell what happened, to whom, where, when and what to do, a sentence each."""
        return [
            f"{words.look_first}: {self.first}" if self.first else "",
            self.title,
            f"{words.now}: {self.now}" if self.now else "",
            f"{words.next_step}: {self.next_step}",
            f"{words.vessels}: {self.who}" if self.vessels else "",
            f"{self.when_utc} ({self.when_local}) {self.where}",
            words.score_line.format(score=f"{self.score:.2f} ({self.sure})"),
            f"{words.incident_line.format(incident_id=self.incident_id)} {self.status}",
        ]


@dataclass(frozen=True)
class VesselCard:
    """One flagged vessel as a reader sees it: its place on the list, the rank of its incident."""

    place: int
    rank: int
    mmsi: int
    name: str
    named: bool
    identity: Sequence[tuple[str, str]]
    score: float
    reasons: Sequence[str]
    explanations: Sequence[str]
    last_seen: pd.Timestamp | None
    seen_utc: str
    seen_local: str
    lat: float | None
    lon: float | None
    where: str
    events: Sequence[EventCard]
    incident_id: str

    @property
    def ranked(self) -> str:
        """Rank and name, for a plotter: the MMSI where it has none."""
        return f"{self.rank} {self.name if self.named else f'{self.mmsi:09d}'}"

    @property
    def says(self) -> str:
        """Return what the vessel says it is, on one line."""
        return " · ".join(f"{label} {value}" for label, value in self.identity)

    def introduced(self, words: Labels) -> list[str]:
        """Say what it says it is, its score, and where it was seen last."""
        return [
            self.says,
            words.score_line.format(score=f"{self.score:.2f}"),
            words.seen_line.format(utc=self.seen_utc, local=self.seen_local) + f" {self.where}",
        ]

    def told(self, words: Labels) -> list[str]:
        """Why it is flagged, a sentence each, the innocent explanations, and its incident."""
        of = words.incident_line.format(incident_id=self.incident_id) if self.incident_id else ""
        why = [*self.reasons, *(explanation_line(text, words) for text in self.explanations)]
        return [*why, of] if of else why


def explanation_parts(explanation: str, words: Labels = _ENGLISH) -> tuple[str, str]:
    """Return what to call an explanation, and its text.

    >>> explanation_parts("not assessed: no land or zone layer reaches this place")
    ('Not assessed', 'no land or zone layer reaches this place')
    >>> explanation_parts("bunkering in port limits")
    ('Innocent explanation', 'bunkering in port limits')
    """
    if explanation.startswith(NOT_ASSESSED):
        return words.not_assessed, explanation.removeprefix(NOT_ASSESSED).lstrip(": ")
    return words.innocent_explanation, explanation


def explanation_line(explanation: str, words: Labels = _ENGLISH) -> str:
    """Return an explanation with what it is; empty where there is none."""
    return ": ".join(explanation_parts(explanation, words)) if explanation else ""
