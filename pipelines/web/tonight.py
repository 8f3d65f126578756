"""Tonight: what a watch officer reads in thirty seconds, and the list to work down."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, field_validator

from pipelines.ask.health import LACKS, Health
from pipelines.ask.health.words import day, gaps
from pipelines.assess import incidents
from pipelines.base.labels import Labels
from pipelines.base.problems import Problem
from pipelines.base.spoken import spoken
from pipelines.base.text import one_line, position_text
from pipelines.publish import brief, notices
from pipelines.publish.briefing import SENTENCE_LIMIT
from pipelines.web.line import Line
from pipelines.web.night import Shown, stands

NEWER: Final = timedelta(minutes=1)
"""So much later than what was looked at reports are worth telling of."""

CHANGED: Final = frozenset({"changed", "merged", "retracted"})


class Asked(BaseModel):
    """What the list is filtered by; it is in the address, so that a link shows the same."""

    model_config = ConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True)

    q: str = Field("", max_length=100)
    kind: str = Field("", max_length=60)
    place: str = Field("", max_length=100)
    certainty: str = Field("", max_length=20)
    news: str = Field("", max_length=20)
    at: str = Field("", max_length=60)

    @field_validator("*")
    @classmethod
    def _clean(cls, text: str) -> str:
        return one_line(text, SENTENCE_LIMIT)

    def keeps(self, line: Line) -> bool:
        """Tell whether an incident is on the list."""
        text = " ".join(
            [line.title, line.incident_id, line.called, line.near, line.when_local, line.concluded]
            + [f"{mmsi:09d} {name} {role}" for mmsi, name, role in line.vessels]
        ).casefold()
        return (
            all(word in text for word in self.q.casefold().split())
            and self.kind in ("", line.kind)
            and self.place in ("", line.near)
            and self.certainty in ("", line.certainty)
            and {
                "new": line.new,
                "changed": line.new or line.status in CHANGED,
                "open": line.open,
            }.get(self.news, True)
        )

    @property
    def filtered(self) -> bool:
        """Tell whether anything is asked for but the night itself."""
        return any((self.q, self.kind, self.place, self.certainty, self.news))


@dataclass(frozen=True)
class First:
    """One of the incidents to look at first, and why it is one."""

    line: Line
    why: str


@dataclass(frozen=True)
class Tonight:
    """The first page.

    Attributes
    ----------
    n, new, changed, over, concluded
        Incidents by what became of them.
    watched
        Those on which nothing but to watch them was concluded; they are open.
    first
        Those of the open ones to look at first, see `incidents.first`; those answered are last.
    lines
        Those that the filters keep; `hidden` are the others.
    problems, held_back, left_out
        What failed in the run, which rules were held back, and what else isn't listed.
    failed
        Why a later run came to nothing, so that this one is still the newest; empty if none did.
    unassessed
        How much of the night couldn't be judged, see `notices.unassessed`, and how many silences
        began at once.
    reception
        Where and when less was heard than usual; None where nothing is known of it.
    upto, newer, finished
        Up to when reports were looked at, up to when there are others, empty where there are none,
        and when the run ended.
    put_off
        Of a look between nights, by which detectors it didn't look, and up to when they did.
    kinds, places, certainties
        What can be filtered by: value, words, how many.
    """

    n: int
    new: int
    changed: int
    over: int
    concluded: int
    watched: int
    first: tuple[First, ...]
    lines: tuple[Line, ...]
    hidden: int
    problems: tuple[str, ...]
    failed: str
    held_back: Sequence[str]
    left_out: tuple[str, ...]
    unassessed: Sequence[str]
    reception: tuple[str, ...] | None
    doubts: tuple[str, ...]
    upto: str
    newer: str
    put_off: tuple[str, str] | None
    finished: pd.Timestamp | None
    kinds: tuple[tuple[str, str, int], ...]
    places: tuple[tuple[str, str, int], ...]
    certainties: tuple[tuple[str, str, int], ...]


def tonight(shown: Shown, asked: Asked, health: Health | None, found: Sequence[Problem]) -> Tonight:
    """Put a night into words.

    `health, found`: how the installation is, and its problems, for the newest night; None and none
    else.
    """
    lines = shown.lines
    kept = tuple(line for line in lines if asked.keeps(line))
    status = Counter(line.status for line in lines)
    manifest = shown.night.run["manifest"]
    return Tonight(
        n=sum(1 for line in lines if line.rank),
        new=sum(line.new for line in lines),
        changed=status["changed"],
        over=status["merged"] + status["retracted"],
        concluded=sum(1 for line in lines if line.rank and not line.open),
        watched=sum(1 for line in lines if line.rank and line.watched),
        first=_first(shown, lines, health),
        lines=kept,
        hidden=len(lines) - len(kept),
        problems=tuple(spoken(shown.words, one)[0] for one in brief.problems(manifest)),
        failed="" if health is None else _told(shown.words, health.failure),
        held_back=notices.held_back(manifest, shown.words, SENTENCE_LIMIT),
        left_out=brief.unlisted(manifest, shown.words),
        unassessed=[
            *notices.unassessed(manifest, shown.words),
            *notices.silent_at_once(manifest, shown.words),
        ],
        reception=None if health is None else _reception(health, found, shown.words),
        doubts=_doubts(shown, health, found),
        upto=day(shown.night.moment.known_time.to_pydatetime(), shown.words.say),
        newer=_newer(shown, health),
        put_off=_put_off(shown),
        finished=_finished(health),
        kinds=_choices(
            [(line.kind, shown.words.kind_of(line.kind, "")) for line in lines if line.kind]
        ),
        places=_choices([(line.near, line.near) for line in lines if line.near]),
        certainties=_choices([(line.certainty, line.certain) for line in lines]),
    )


def _put_off(shown: Shown) -> tuple[str, str] | None:
    """Return what a look between nights leaves to the next one at everything."""
    look = shown.night.run["manifest"].get("look") or {}
    if not look.get("put_off"):
        return None
    kinds = ", ".join(shown.words.kind_of(str(name), "") for name in look["put_off"])
    since = pd.Timestamp(look["put_off_since"]).to_pydatetime()
    return one_line(kinds, SENTENCE_LIMIT), day(since, shown.words.say)


def _first(shown: Shown, lines: Sequence[Line], health: Health | None) -> tuple[First, ...]:
    """Return what to look at first, with the reasons.

    What somebody watches who can still meet it is among them. Where fewer are left than are told,
    those come after them that somebody has answered, and left open.
    """
    night, by_id = shown.night, {line.incident_id: line for line in lines}
    left = [line for line in lines if line.open and not line.answered]
    found = incidents.first(
        pd.DataFrame(night.incidents),
        pd.DataFrame(night.events),
        pd.DataFrame(night.flagged),
        night.run["end"],
        concluded=_in([line for line in lines if line.rank and not line.open]),
        answered=_in([line for line in lines if line.open and line.answered]),
        watching=_in([line for line in lines if line.open and line.watched]),
        watched=_answered_since(shown, lines, health),
        say=shown.words.say,
    )
    highest = max(left, key=lambda line: line.score, default=None) if len(left) > 1 else None
    told = []
    for one in found:
        if (line := by_id.get(one.incident_id)) is not None:
            certain = shown.words.say("{word} certainty", word=line.certain)
            # Its certainty, and how lately it was heard, stand beside the reasons.
            beside = {certain, shown.words.say("still heard") if line.spot else ""}
            why = [reason for reason in one.why if reason not in beside]
            if line.answered:
                why.insert(0, stands(shown.words, line.standing))
            elif line is highest:
                why.insert(0, shown.words.at_desk("highest score still open"))
            told.append(First(line, ", ".join(why)))
    return tuple(told)


def _in(lines: Sequence[Line]) -> frozenset[str]:
    return frozenset(one for line in lines for one in line.events)


def _answered_since(shown: Shown, lines: Sequence[Line], health: Health | None) -> frozenset[str]:
    """Return the events of what somebody has answered since the run ended that tells of it, and
    left open.
    """
    run = None if health is None else health.last_run
    ended = None if run is None else run.finished
    since = pd.Timestamp(0, tz="UTC") if ended is None else pd.Timestamp(ended)
    made = shown.dispositions[shown.dispositions["made_time"] >= since]["event_id"]
    left = _in([line for line in lines if line.open and line.answered])
    return left & frozenset(made.tolist())


def _reception(health: Health, found: Sequence[Problem], words: Labels) -> tuple[str, ...]:
    """Return what is known of reception: every wrong clock that `_doubts` counts, and where and
    when less was heard than usual.
    """
    clocks = [one.text for one in health.clocks]
    heard = (one for one in found if one.where.startswith(("coverage", "reception", "feed")))
    # A problem may tell of several clocks in one line.
    more = [one.message for one in heard if not any(text in one.message for text in clocks)]
    said = [*clocks, *more]
    coverage = health.coverage
    if coverage is not None and coverage.gaps and not coverage.broke_off:
        t = words.at_desk
        said.append(gaps(coverage.gaps, coverage.longest_gap_s, t("h"), t("d")))
    return tuple(_told(words, text) for text in said)


def _told(words: Labels, text: str) -> str:
    return one_line(spoken(words, text)[0], SENTENCE_LIMIT)


def _doubts(shown: Shown, health: Health | None, found: Sequence[Problem]) -> tuple[str, ...]:
    """Return what may be wrong because of how it was received."""
    if health is None:
        return ()
    t = shown.words.at_desk
    said = []
    if health.clocks:
        said.append(
            t(
                "Times and speeds may be wrong by receivers' clocks: {n} to read.",
                n=len(health.clocks),
            )
        )
    coverage, less = health.coverage, any(one.where == "coverage" for one in found)
    if coverage is not None and (coverage.broke_off or (coverage.gaps and not less)):
        said.append(t("Silences may be our own: for a while next to nothing was heard."))
    elif less and coverage is not None:
        poor = coverage.poor(shown.night.installation.settings.health.min_usual_share)
        around = "" if poor is None else position_text(poor.lat, poor.lon)
        said.append(
            t(
                "Silences may be our own: less was heard than usual, above all around {place}.",
                place=around,
            )
        )
    if lacks := sum(one.where.startswith(LACKS) for one in found):
        said.append(t("Feeds lack what tells leads from ordinary traffic: {n} to read.", n=lacks))
    return tuple(said)


def _newer(shown: Shown, health: Health | None) -> str:
    """Return up to when the store holds reports that the newest run hasn't looked at."""
    newest = max((feed.newest for feed in health.feeds), default=None) if health else None
    upto = shown.night.moment.known_time.to_pydatetime()
    if newest is None or newest - upto <= NEWER:
        return ""
    return day(newest, shown.words.say)


def _finished(health: Health | None) -> pd.Timestamp | None:
    run = None if health is None else health.last_run
    return None if run is None or run.finished is None else pd.Timestamp(run.finished)


def _choices(values: list[tuple[str, str]]) -> tuple[tuple[str, str, int], ...]:
    counts = Counter(values)
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0][1]))
    return tuple((value, words, n) for (value, words), n in ordered)
