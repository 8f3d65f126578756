"""What the other pages of the desk show: one vessel, the installation's health, past nights."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import RLock
from typing import Any, Final

import pandas as pd

from detectors.core import frames
from detectors.core.telling import told
from pipelines import store
from pipelines.ask import health as going
from pipelines.ask.dossier import dossier, last_fix
from pipelines.ask.health import Health
from pipelines.ask.health.words import day
from pipelines.ask.look import look
from pipelines.assess import watchlists
from pipelines.assess.incidents import as_led
from pipelines.assess.incidents.beside import way_of
from pipelines.assess.incidents.wording import retold
from pipelines.assess.reasons import aside_in
from pipelines.base.labels import Labels, labels
from pipelines.base.problems import Problem
from pipelines.base.progress import Doing, noted_in
from pipelines.base.schemas import FLAGGED
from pipelines.base.settings import Installation
from pipelines.base.spoken import spoken
from pipelines.base.text import (
    LOCAL,
    LOCAL_NAME,
    age,
    file_names,
    moment,
    one_line,
    position_text,
)
from pipelines.publish.briefing import NAME_LIMIT, SENTENCE_LIMIT, span
from pipelines.web import waters
from pipelines.web.charts import events_of
from pipelines.web.concluded import MAX_CONCLUDED, Concluded, count, told_conclusions
from pipelines.web.night import Nights, Shown, stands, stated

MAX_COMPANY: Final = 40
MAX_NIGHTS: Final = 200
MAX_ROWS: Final = 200
"""Of a vessel's events, incidents and names so many are shown: thousands may share an MMSI."""

LOOK_EVERY: Final = timedelta(minutes=1)

LAG: Final = going.FEED_COLUMNS.index("lag")
"""Which column of a feed's row tells how old its newest report is."""

_WHOLE: Final = frozenset({"home", "disk"})
"""What isn't told of a part of a home: how a disk fills says how much comes that isn't shown."""


class Looks:
    """How the installation is, looked at no more than once a minute unless asked for.

    Without `edited` its configuration isn't examined, and nothing told of the machine.
    """

    def __init__(self, installation: Installation, *, edited: bool = True) -> None:
        self._installation, self._lock, self._edited = installation, RLock(), edited
        self._kept: tuple[str, datetime, Health | None, list[Problem]] | None = None

    def look(self, run_id: str, *, afresh: bool = False) -> tuple[Health | None, list[Problem]]:
        """Return health and problems; looked at again after a new run."""
        now = datetime.now(UTC)
        with self._lock:
            kept = self._kept
            if kept is None or afresh or kept[0] != run_id or now - kept[1] > LOOK_EVERY:
                health, told = look(self._installation, now, afresh=afresh, edited=self._edited)
                told = [one for one in told if self._edited or one.where not in _WHOLE]
                self._kept = kept = (run_id, now, health, told)
            return kept[2], kept[3]


def health_page(
    health: Health | None,
    problems: Sequence[Problem],
    words: Labels,
    *,
    part: bool = False,
    served: pd.Timestamp | None = None,
) -> dict[str, Any]:
    """Return what `selat status` and `selat doctor` say for a page, maybe of a part of a home.

    Ages are those of when the page is `served`, which the page's script goes on from: what they
    tell of may have been looked up before.

    Each text comes with whether it is English on a page that isn't; a file is told by its name,
    which its path comes with.
    """
    say = partial(spoken, words)
    rows = [] if health is None else going.feed_rows(health)
    about = {one.where: one.where.partition(" ") for one in problems}
    t = words.at_desk

    def grows(text: str, time: datetime | None) -> tuple[str, pd.Timestamp | None, str, str]:
        """Split a text at the age that it tells of a time: before, time, age, after."""
        old_s = 0.0 if health is None or time is None else (health.now - time).total_seconds()
        before, told, after = text.partition(age(old_s))
        if time is None or not told:
            return text, None, "", ""
        since = pd.Timestamp(time)
        if served is not None:  # in whole seconds, as the page has both times
            old_s = (served.floor("s") - since.floor("s")).total_seconds()
        return before, since, age(max(old_s, 0.0), t("h"), t("d")), after

    ages = {} if health is None else going.ages(health)
    times = [] if health is None else going.feed_times(health)
    paths = file_names([*(row[0] for row in rows), *(path for _, _, path in about.values())])
    where = {one: f"{what}{space}{paths[path]}" for one, (what, space, path) in about.items()}
    facts = [] if health is None else going.facts(health)
    return {
        "facts": [
            (name, grows(said, ages.get(name)), english)
            for name, text in facts
            if not part or name not in _WHOLE
            for said, english in [say(text)]
        ],
        "columns": going.FEED_COLUMNS,
        "feeds": [
            (paths[path], path, [grows(cell, time if n == LAG else None) for n, cell in cells])
            for (path, *texts), time in zip(rows, times, strict=True)
            for cells in [list(enumerate(texts, 1))]
        ],
        "problems": [
            (
                one.level,
                say(where[one.where])[0],
                one.where,
                (grows(said, ages.get(one.where)), english),
                say(one.hint),
            )
            for one in problems
            for said, english in [say(one.message)]
        ],
    }


@dataclass(frozen=True)
class Vessel:
    """A vessel's dossier.

    Attributes
    ----------
    heard, where, near, course
        When and where it was heard last, by its last sound fix, and how it went; None for never.
    history
        Field, value, since, until, note.
    events
        Event, what, when, reason, score; newest first. Of others there are `more`.
    incidents
        Id, number where it is of that night, title, when, status; newest first.
    company
        MMSI, name, meetings, those with an innocent reason, possible ones, last, through, and
        through how many more.
    """

    mmsi: int
    name: str
    flag_state: str
    says: Sequence[tuple[str, str]]
    where: str
    near: str
    course: str
    history: Sequence[tuple[str, str, str, str, str]]
    events: Sequence[tuple[str, str, str, str, float]]
    more: int
    incidents: Sequence[tuple[str, str, str, str, str]]
    company: Sequence[tuple[int, str, int, int, int, str, int, int]]
    concluded: Sequence[Concluded]
    concluded_more: int
    listed: Sequence[str]
    heard: pd.Timestamp | None


def vessel(shown: Shown, mmsi: int) -> Vessel:
    """Put what is known of a vessel in that night into words."""
    installation, words, then = shown.night.installation, shown.words, shown.night.moment
    with store.read(installation.store, installation.settings.store) as reader:
        known = dossier(reader, mmsi, then.time, then.ordinal)
        fix = last_fix(reader, known.identity)
    led = as_led(known.incidents, known.happened)
    who = known.identity
    near = "" if fix is None else waters.near(shown, float(fix["lat"]), float(fix["lon"]))
    all_of_it = events_of(shown, mmsi).sort_values("start", ascending=False)
    mine = all_of_it.head(MAX_ROWS)
    lists = watchlists.match(
        watchlists.load(installation.watchlists),
        shown.vessels[shown.vessels["mmsi"] == mmsi],
        words.say,
    )
    everything = shown.dispositions
    own = (everything["mmsi"] == mmsi) | (everything["other_mmsi"] == mmsi)
    concluded = told_conclusions(everything[own].reset_index(drop=True), words)
    titles = {
        **_titles(shown, known.incidents, known.happened),
        **dict(zip(shown.incidents["incident_id"], shown.incidents["title"], strict=True)),
    }
    numbers = {line.incident_id: line.number for line in shown.lines}
    done = {one.incident_id: one.standing for one in shown.lines if one.answered}
    return Vessel(
        mmsi=mmsi,
        name=one_line(who.name, NAME_LIMIT),
        flag_state=who.flag_state,
        says=_says(shown, who),
        where="" if fix is None else position_text(float(fix["lat"]), float(fix["lon"])),
        near=one_line(near, SENTENCE_LIMIT),
        course="" if fix is None else way_of(fix["sog_kn"], fix["cog_deg"]),
        history=[
            (
                words.field(str(row["field"])),
                one_line(_value(row, words), NAME_LIMIT),
                moment(row["first_time"], say=words.say),
                moment(row["last_time"], say=words.say),
                words.at_desk(str(row["note"])) if row["note"] else "",
            )
            for row in known.history.tail(MAX_ROWS).to_dict("records")
        ],
        events=[
            (
                str(row["event_id"]),
                words.kind_of(str(row["kind"]), str(row["subkind"])),
                _when(shown, row),
                shown.sentence(one, mmsi) + aside_in(str(row["reason"]), words.say),
                float(row["score"]),
            )
            for row, one in zip(mine.to_dict("records"), told(mine), strict=True)
        ],
        more=len(all_of_it) - len(mine),
        incidents=[
            (
                str(row["incident_id"]),
                numbers.get(str(row["incident_id"]), ""),
                one_line(str(titles[row["incident_id"]]), SENTENCE_LIMIT),
                _when(shown, {"start": row["led_start"], "end": row["led_end"]}),
                stands(words, done[row["incident_id"]])
                if row["incident_id"] in done
                else words.status_of(str(row["status"])),
            )
            for row in led.iloc[::-1].head(MAX_ROWS).to_dict("records")
        ],
        company=[
            (
                int(row["mmsi"]),
                shown.name(int(row["mmsi"])),
                int(row["meetings"]),
                int(row["explained"]),
                int(row["possible"]),
                moment(row["last_time"], say=words.say),
                int(row["through"]),
                int(row["through_more"]),
            )
            for row in known.company.head(MAX_COMPANY).to_dict("records")
        ],
        concluded=concluded[:MAX_CONCLUDED],
        concluded_more=max(len(concluded) - MAX_CONCLUDED, 0),
        listed=[one_line(one.note, SENTENCE_LIMIT) for one in lists],
        # Of what goes on behind the night the store doesn't know the last report within it.
        heard=who.last_seen if fix is None or who.last_seen != then.time else fix["time"],
    )


def _titles(shown: Shown, incidents: pd.DataFrame, happened: pd.DataFrame) -> dict[str, str]:
    """Return what incidents of other nights are called, told again in another language."""
    if shown.language != "en":
        settings = shown.night.installation.settings.assess
        told = happened, frames.empty(FLAGGED), shown.teller
        steps = settings.next_steps, shown.night.zones, settings.own_coast
        incidents = retold(incidents, *told, *steps)
    return dict(zip(incidents["incident_id"], incidents["title"], strict=True))


def _value(row: dict[Any, Any], words: Labels) -> str:
    """Return what it called itself; a code of a type with what it stands for."""
    value = str(row["value"])
    if str(row["field"]).endswith("_m"):
        return f"{value} m"
    coded = row["field"] == "ship_type" and value.isascii() and value.isdigit() and len(value) < 4
    kind = stated(words, value, None)[0] if coded else ""
    return f"{value} ({kind})" if kind else value


def _says(shown: Shown, who: Any) -> list[tuple[str, str]]:
    words = shown.words
    kind, length = stated(words, who.ship_type, who.length_m)
    given = [
        (words.flag, who.flag_state),
        (words.type, kind),
        (words.imo, str(who.imo) if who.imo else ""),
        (words.callsign, who.callsign),
        (words.at_desk("Length"), length),
        (words.at_desk("Destination"), who.destination),
    ]
    return [(label, one_line(str(value), NAME_LIMIT)) for label, value in given if value]


def _when(shown: Shown, row: dict[Any, Any]) -> str:
    return span(row["start"], row["end"], LOCAL, LOCAL_NAME, shown.words)


def nights(installation: Installation, runs: pd.DataFrame, words: Labels) -> list[dict[str, Any]]:
    """Return past runs for a page, the newest first."""
    query = (
        "SELECT run_id, count(*) FILTER (rank > 0) AS n, "
        "count(*) FILTER (status = 'created') AS new FROM incidents GROUP BY run_id"
    )
    with store.read(installation.store, installation.settings.store) as reader:
        counts = reader.sql(query).set_index("run_id")
    none = pd.Series({"n": 0, "new": 0})
    return [
        {
            "run_id": str(row["run_id"]),
            "window": span(row["start"], row["end"], LOCAL, LOCAL_NAME, words),
            "state": str(row["state"]),
            "known": day(row["known_time"].to_pydatetime(), words.say),
            "n": int(one["n"]),
            "new": int(one["new"]),
        }
        for row in runs.head(MAX_NIGHTS).to_dict("records")
        for one in [counts.loc[row["run_id"]] if row["run_id"] in counts.index else none]
    ]


def live(nights: Nights, language: str, incident_id: str | None, at: str) -> dict[str, Any]:
    """Return what a page that stays open asks for: the newest run, and how far one is.

    `concluded` is how many conclusions there are on its incident, as the night that it shows (`at`)
    has it, or on all where it is of none (None where it doesn't ask, or they can't be read: a night
    is read for it), `writing` since when somebody writes, `for` how long that is, `doing` what a
    run is at and `share` how much of that is done, as far as it is known.
    """
    installation, words = nights.installation, labels(language)
    concluded = None
    newest = nights.newest()
    if newest and incident_id is not None:
        with suppress(Exception):  # what is wrong with the store is for pages to say
            concluded = count(nights.shown(at, language), incident_id)
    asked = {"run": newest, "concluded": concluded}
    since = store.writing(installation.store)
    if since is None:
        return {**asked, "writing": "", "for": "", "doing": "", "share": None}
    doing = noted_in(installation.progress)
    return {
        **asked,
        "writing": day(since, words.say),
        "for": age(
            (datetime.now(UTC) - since).total_seconds(), words.at_desk("h"), words.at_desk("d")
        ),
        "doing": "" if doing is None else _doing(doing, words),
        "share": None if doing is None else doing.share,
    }


STAGES: Final = ("Reading", "Tracks and coverage", "Detecting", "Judging", "Publishing")
"""What a night does, in order, as it says itself: `run.night`."""


def _doing(doing: Doing, words: Labels) -> str:
    """Say which step of a night is going on, and what of it."""
    place = next((k for k, one in enumerate(STAGES) if doing.stage.startswith(one)), None)
    if place is None:
        return one_line(f"{doing.stage} {doing.detail}", NAME_LIMIT * 2)
    step = words.at_desk(STAGES[place])
    more = doing.detail or doing.stage[len(STAGES[place]) :].strip()
    said = words.at_desk("Step {k} of {n}: {step}", k=place + 1, n=len(STAGES), step=step)
    return one_line(f"{said} ({more})" if more else said, NAME_LIMIT * 3)
