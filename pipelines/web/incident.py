"""An incident at the desk: what happened, what it rests on, what was tried, what was concluded."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any, Final

import pandas as pd

from detectors.core.telling import Told, told
from detectors.kinematics.integrity import final_at
from pipelines.ask.explain.reasons import BEST, considered, not_tried, tried
from pipelines.assess import incidents
from pipelines.assess.incidents import crossings, related
from pipelines.assess.incidents.wording import COUNTS
from pipelines.base.text import LOCAL, LOCAL_NAME, one_line
from pipelines.publish import checks
from pipelines.publish.briefing import NAME_LIMIT, SENTENCE_LIMIT, span
from pipelines.web import waters, weighed
from pipelines.web.concluded import MAX_CONCLUDED, Concluded, conclusions
from pipelines.web.concluding import quiet_days
from pipelines.web.line import Line
from pipelines.web.night import Shown
from pipelines.web.silences import Beside

MAX_EVENTS: Final = 30
"""Events of one incident that are shown whole; of the others there is a link."""
MIN_FOLDED: Final = 3
"""So many small events are folded: to open fewer takes longer than to pass them."""
MAX_ALSO: Final = 2
"""Of what else happened so much is told at the head."""


@dataclass(frozen=True)
class Reason:
    """An innocent reason that was tried: what came of it, why, and what would overturn it.

    `lacks` is what keeps it from fitting: what it is, as it was measured, and as it would fit.
    """

    name: str
    verdict: str
    sentence: str
    overturned_by: str
    fits: bool
    lacks: Sequence[tuple[str, str, str]]


@dataclass(frozen=True)
class Event:
    """An event of an incident."""

    event_id: str
    kind: str
    what: str
    score: float
    status: str
    reason: str
    where: str
    when_utc: str
    when_local: str
    given: str
    """The innocent reason that lowered its score, and from what."""
    lowered_from: float | None
    limits: Sequence[tuple[str, str, str, str]]
    """What was measured, its value, the limit and the margin."""
    facts: Sequence[tuple[str, str]]
    reasons: Sequence[Reason]
    untried: Sequence[tuple[str, str]]
    """Those that were tried; why others weren't, and their names."""


@dataclass(frozen=True)
class Silence:
    """Another vessel's silence that began with one of an incident's: whose, when, and how far off.

    `line` is the incident that it is part of, None where it is of none; `same`, see `Beside`.
    """

    event_id: str
    mmsi: int
    name: str
    when: str
    off: str
    line: Line | None
    same: bool


@dataclass(frozen=True)
class Incident:
    """All of it."""

    line: Line
    events: Sequence[Event]
    n_whole: int
    """So many of them are read at once; the others are small, and folded."""
    more: Sequence[tuple[str, float, str]]
    """Id, score and sentence of each event that isn't among those shown."""
    provisional: str
    """Until when what comes in may still change it; empty where it is final."""
    concluded: Sequence[Concluded]
    """The newest conclusions; there are `concluded_more` earlier ones."""
    concluded_more: int
    quiet: Sequence[tuple[str, str, str]]
    """How long the like can be set aside: value, words, until which date."""
    merged_into: str
    place: str
    """Where it is told to be, by a place that sailors know, and in whose waters."""
    measured: Sequence[tuple[str, str]]
    """What of its leading event is read first beside its sentence, see `at_the_top`."""
    weighed: Sequence[str]
    """How the score of its strongest event came about, see `weighed.steps`."""
    also: Sequence[str]
    innocent: str
    """What its place on the list rests on beside its sentence, see `also`; and the innocent reason
    that was found for its strongest event, or that there is none, and for which others."""
    now: Sequence[tuple[str, str, pd.Timestamp]]
    """Where each flagged vessel of it was heard last, and when: its name, empty where it is
    alone."""
    related: Sequence[tuple[Line, str]]
    """Other incidents of the night, see `see_also`."""
    silent: Sequence[Silence]
    """Who else fell silent then, see `Silence`."""
    danger: str
    """That people may be in danger; empty where nothing says so."""


def next_open(lines: Sequence[Line], place: int) -> Line | None:
    """Return the first incident, but that at a place, that nobody has concluded anything on."""
    left = (one for at, one in enumerate(lines) if at != place)
    return next((one for one in left if one.open and not one.answered), None)


def find(shown: Shown, incident_id: str) -> Line | None:
    """Return an incident of a night by its whole id; None where it has none such."""
    return next((line for line in shown.lines if line.incident_id == incident_id), None)


def incident(shown: Shown, line: Line) -> Incident:
    """Put an incident into words."""
    own = shown.events_of(line.events).to_dict("records")
    about, left = _about(shown, own), own[MAX_EVENTS:]
    row = shown.incidents.set_index("incident_id").loc[line.incident_id].to_dict()
    concluded = conclusions(shown, line.events)
    return Incident(
        line=line,
        events=[_event(shown, row, about, line.main) for row in own[:MAX_EVENTS]],
        n_whole=_n_whole([float(row["score"]) for row in own[:MAX_EVENTS]]),
        more=[
            (str(row["event_id"]), float(row["score"]), sentence(shown, one, line.main))
            for row, one in zip(left, told(pd.DataFrame(left)) if left else [], strict=True)
        ],
        provisional=_provisional(shown, line, row),
        concluded=concluded[:MAX_CONCLUDED],
        concluded_more=max(len(concluded) - MAX_CONCLUDED, 0),
        quiet=quiet_days(shown.night.run["end"], shown.words.say),
        merged_into=str(row["merged_into"]),
        place=waters.placed(shown, row["lat"], row["lon"]) if line.where else "",
        measured=at_the_top(shown, own[0]) if own else (),
        weighed=weighed.steps(shown, line),
        also=also(shown, line),
        innocent=_innocent(shown, line),
        now=_now(shown, line, row),
        related=see_also(shown, line),
        danger=_danger(shown, line),
        silent=[_silence(shown, one) for one in shown.silences.of(line)],
    )


def _n_whole(scores: Sequence[float]) -> int:
    """Return how many of an incident's events, the leading one first, are told whole: all but the
    last ones that score less than half of it, where those are many.
    """
    n = len(scores)
    while n > 1 and scores[n - 1] < COUNTS * scores[0]:
        n -= 1
    return n if len(scores) - n >= MIN_FOLDED else len(scores)


def at_the_top(shown: Shown, lead: Mapping[Any, Any]) -> tuple[tuple[str, str], ...]:
    """Return what is asked first of what leads an incident: of a crossing where and when it came to
    the coast, or nearest to it, and how near, of a silence that is over how fast it went over it.
    As far as it is known, and may be.
    """
    evidence, teller, t = lead["evidence"], shown.teller, shown.words.at_desk
    if lead["kind"] == "gap" and evidence.get("implied_speed_kn") is not None:
        parts = [t("{speed} kn straight over it", speed=f"{evidence['implied_speed_kn']:.1f}")]
        if (far_m := evidence.get("distance_m")) is not None and not pd.isna(lead["end"]):
            parts.append(t("{far} in {hours} h", far=teller.distance(far_m), hours=_hours(lead)))
        if (before := evidence.get("speed_before_kn")) is not None:
            parts.append(t("{speed} kn before it", speed=f"{before:.1f}"))
        return ((t("Silence"), "; ".join(parts)),)
    at = incidents.place_of(evidence) if lead["kind"] == "crossing" else None
    if at is None:
        return ()
    said = [teller.place(*at)]
    if (time := crossings.time_of(evidence)) is not None:
        said.append(teller.clock(time))
    off_m = evidence.get("arrival_coast_m")
    if off_m is not None and evidence.get("ashore_lat") is None:
        said.append(t("{far} off the shore", far=teller.distance(off_m)))
    came = crossings.came_over(lead["subkind"], evidence)
    there = (t("At the coast") if came else t("Nearest to the coast"), ", ".join(said))
    if not crossings.both_shores(evidence):
        return (there,)
    first = teller.place(evidence["left_lat"], evidence["left_lon"])
    when = teller.clock(pd.Timestamp(evidence["left_time"]))
    off = t("{far} off the shore", far=teller.distance(evidence["left_coast_m"]))
    return ((t("At the coast"), ", ".join([first, when, off])), there)


def _hours(event: Mapping[Any, Any]) -> str:
    return f"{(event['end'] - event['start']).total_seconds() / 3600:.1f}"


def also(shown: Shown, line: Line) -> tuple[str, ...]:
    """Return what else happened in an incident that no innocent reason fits."""
    own = shown.events_of(line.events)
    if own.empty:
        return ()
    rows = [row for row in told(own) if row.other_mmsi or not incidents.excused(row)]
    sentences = {
        shown.sentence(row, line.main): sentence(shown, row, line.main)
        for row in rows[: MAX_ALSO + 1]
    }
    left = [(text, whose) for text, whose in sentences.items() if text not in line.title]
    # Those of the title's vessel first: after another's name they would be taken for its own.
    said = [whose for text, whose in sorted(left, key=lambda one: one[0] != one[1])]
    if len(rows) > MAX_ALSO + 1:
        said.append(shown.words.at_desk("{n} more events", n=len(rows) - MAX_ALSO - 1))
    return tuple(one_line(text, SENTENCE_LIMIT) for text in said)


def sentence(shown: Shown, event: Told, main: int) -> str:
    """Tell an event of an incident; whose it is too, where it isn't the vessel's of the title."""
    text = shown.sentence(event, main)
    if not event.mmsi or main in (event.mmsi, event.other_mmsi):
        return text
    return one_line(f"{shown.teller.name(event.mmsi)}: {text}", SENTENCE_LIMIT)


def _provisional(shown: Shown, line: Line, row: dict[Any, Any]) -> str:
    until = final_at(row["end"], shown.night.moment.known_time) if line.rank else None
    return "" if until is None else span(until, until, LOCAL, LOCAL_NAME, shown.words)


def _innocent(shown: Shown, line: Line) -> str:
    own = shown.events_of(line.events)
    if own.empty:
        return ""
    strongest, words = own.iloc[0], shown.words
    given = words.explained(str(strongest["explanation"]), strongest["evidence"].explained)
    others: dict[str, dict[str, None]] = {}
    names = own["explanation"].str.partition(": ")[0]
    for kind, subkind, name in zip(own["kind"], own["subkind"], names, strict=True):
        if name:
            of_kind = others.setdefault(words.kind_of(kind, subkind), {})
            of_kind[words.hypotheses.get(name, name)] = None
    if given:
        text = f"{words.innocent_explanation}: {given}"
    elif others:
        text = words.at_desk(
            "None that was tried fits what weighs most. Of the rest: {others}",
            others="; ".join(f"{kind}: {', '.join(found)}" for kind, found in others.items()),
        )
    else:
        text = words.at_desk("No innocent reason that was tried fits.")
    return one_line(text, SENTENCE_LIMIT)


def _now(
    shown: Shown, line: Line, row: dict[Any, Any]
) -> tuple[tuple[str, str, pd.Timestamp], ...]:
    """Return where each flagged vessel of an incident was heard last, its main one first."""
    flagged = pd.DataFrame(shown.night.flagged)
    rows = flagged.set_index("mmsi")[["last_seen", "lat", "lon"]].add_prefix("last_")
    rows = rows.rename(columns={"last_last_seen": "last_seen"})
    unknown = {"last_sog_kn": math.nan, "last_cog_deg": math.nan}  # of others no flag tells
    texts = {line.main: (waters.heard(shown, row), line.heard)}
    for mmsi in [m for m, *_ in line.vessels if m != line.main and m in rows.index]:
        text = waters.heard(shown, rows.loc[mmsi].to_dict() | unknown)
        texts[mmsi] = text, pd.Timestamp(str(rows.loc[mmsi, "last_seen"]))
    alone = len(line.vessels) < 2
    return tuple(
        (one_line(who, NAME_LIMIT), said, at)
        for m, told in texts.items()
        for who, said, at in _hulls(shown, line, m)
        or [("" if alone else shown.teller.name(m), *told)]
        if said
    )


def _hulls(shown: Shown, line: Line, mmsi: int) -> list[tuple[str, str, pd.Timestamp]]:
    """Return where each hull that sent a number was heard last; none where one alone did."""
    own = shown.events_of(line.events)
    at_once = own[(own["mmsi"] == mmsi) & (own["subkind"] == "two_hulls")]
    if at_once.empty:
        return []
    n = max(int(evidence["n_hulls"]) for evidence in at_once["evidence"])
    # The event names those that it rests on most; it counts, and tells of, all.
    reports = pd.DataFrame(shown.night.track(mmsi)).sort_values("time", kind="stable")
    # Misdated reports make tracks of a few reports each: no hulls that the sentence counts.
    most = reports["track_id"].value_counts().sort_index().nlargest(n).index
    last = reports[reports["track_id"].isin(most)].drop_duplicates("track_id", keep="last")
    if len(last) < 2:
        return []
    found = []
    for number, row in enumerate(last.sort_values("track_id").to_dict("records"), 1):
        about = {f"last_{name}": row[name] for name in ("lat", "lon", "sog_kn", "cog_deg")}
        about["last_seen"] = row["time"]
        name = shown.words.at_desk("{who}, hull {n}", who=shown.teller.name(mmsi), n=number)
        found.append((name, waters.heard(shown, about), row["time"]))
    return found


def see_also(shown: Shown, line: Line) -> tuple[tuple[Line, str], ...]:
    """Return the other incidents, not over, that one belongs with, and why."""
    found = related.related(shown.stories, line.incident_id, shown.teller) if line.rank else []
    of = {one.incident_id: one for one in shown.lines}
    return tuple((of[one.incident_id], one_line(one.why, SENTENCE_LIMIT)) for one in found)


def _danger(shown: Shown, line: Line) -> str:
    if not line.rank or not line.events:
        return ""
    found = shown.events_of(line.events).to_dict("records")
    if incidents.danger_in(found, line.events[0], shown.night.run["end"]) <= 1:
        return ""
    text = shown.words.say("people may be in danger")
    return text[:1].upper() + text[1:]


def _silence(shown: Shown, one: Beside) -> Silence:
    return Silence(
        one.event_id,
        one.mmsi,
        shown.name(one.mmsi),
        span(one.start, one.end, LOCAL, LOCAL_NAME, shown.words),
        shown.teller.distance(one.off_m) if math.isfinite(one.off_m) else "",
        next((line for line in shown.lines if one.event_id in line.events), None),
        one.same,
    )


def _about(shown: Shown, events: list[dict[Any, Any]]) -> dict[int, tuple[int, float]]:
    mmsis = {int(row[name]) for row in events for name in ("mmsi", "other_mmsi")}
    known = shown.vessels
    known = known[known["mmsi"].isin(mmsis)]
    stated = zip(known["ship_type"].tolist(), known["length_m"].tolist(), strict=True)
    return dict(zip(known["mmsi"].tolist(), stated, strict=True))


def _event(
    shown: Shown, row: dict[Any, Any], about: dict[int, tuple[int, float]], main: int
) -> Event:
    words, evidence = shown.words, row["evidence"]
    [told_event] = told(pd.DataFrame([row]))
    what = words.kind_of(str(row["kind"]), str(row["subkind"]))
    lowered = evidence.explained
    stated = [about[m] for m in (row["mmsi"], row["other_mmsi"]) if m in about]
    types, lengths = [one[0] for one in stated], [one[1] for one in stated]
    found = considered(row, evidence, types, lengths, words)
    return Event(
        event_id=str(row["event_id"]),
        kind=str(row["kind"]),
        what=what[:1].upper() + what[1:],
        score=float(row["score"]),
        status=words.status_of(str(row["status"])),
        reason=sentence(shown, told_event, main),
        where=shown.placed(row)[2],
        when_utc=span(row["start"], row["end"], None, "UTC", words),
        when_local=span(row["start"], row["end"], LOCAL, LOCAL_NAME, words),
        given=one_line(words.explained(str(row["explanation"]), lowered), SENTENCE_LIMIT),
        lowered_from=lowered.base_score if lowered and lowered.weight else None,
        limits=[
            (one.label, one.measured, one.limit, one.margin) for one in checks.rows(evidence, words)
        ],
        facts=[
            (one_line(label, NAME_LIMIT), one_line(text, SENTENCE_LIMIT))
            for label, text in checks.facts(evidence, words)
        ],
        reasons=[
            Reason(
                words.hypotheses.get(one.name, one.name),
                words.at_desk(one.verdict),
                one_line(one.sentence, SENTENCE_LIMIT),
                one_line(one.overturned_by, SENTENCE_LIMIT),
                one.verdict == BEST,
                [
                    (one_line(what, NAME_LIMIT), one_line(measured, NAME_LIMIT), wanted)
                    for what, measured, wanted in map(astuple, one.lacks)
                ],
            )
            for one in tried(found)
        ],
        untried=not_tried(found, words),
    )
