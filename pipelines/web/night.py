"""Nights as the desk has them open: what `ask.desk` reads of a run, in the reader's language."""

from collections.abc import Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Final, TypeVar

import numpy as np
import pandas as pd

from detectors.core.telling import Told
from detectors.surroundings.landmarks import Gazetteer
from pipelines import store
from pipelines.ask import clocks, recall
from pipelines.ask.beside import beside as told_beside
from pipelines.ask.desk.opened import Opened, opened
from pipelines.assess.dispositions.outcomes import CLOSED, WATCHED, holding
from pipelines.assess.incidents import (
    as_led,
    made_of,
    marked_at,
    spot,
    vessels_in,
    whereabouts,
    with_events,
)
from pipelines.assess.incidents.first import HEARD_H
from pipelines.assess.incidents.related import Stories, stories
from pipelines.assess.incidents.wording import retold
from pipelines.assess.reasons import Teller
from pipelines.base.labels import Labels, labels
from pipelines.base.settings import Installation
from pipelines.base.spoken import spoken
from pipelines.base.text import LOCAL, LOCAL_NAME, age, one_line, position_text
from pipelines.publish.briefing import NAME_LIMIT, SENTENCE_LIMIT, span
from pipelines.reference.codes import flag_states, ship_type_words
from pipelines.reference.layers import load_gazetteer
from pipelines.run.changes import heard_since
from pipelines.web.line import NEW, Line
from pipelines.web.recent import Recent
from pipelines.web.silences import Silences, beside

T = TypeVar("T")

SHORTEST_M: Final = 3.0
"""A tanker that states 1 m states nothing: a set left as it was bought says so, and no boat that
carries one is shorter than this. A judgement; what was said stands on the vessel's page."""


@dataclass(frozen=True)
class Shown:
    """A night in a language, beside what is known now."""

    night: Opened
    """The run."""
    at: str
    """The run that the reader asked for; empty for the newest, whatever it is."""
    language: str
    words: Labels
    teller: Teller
    gazetteer: Gazetteer
    incidents: pd.DataFrame
    certainties: list[str]
    """Its incidents as they are told in the language, and how the store calls their certainty."""
    vessels: pd.DataFrame
    """What each vessel calls itself: `frames.VESSELS`."""
    dispositions: pd.DataFrame
    heirs: dict[str, str]
    """What people concluded until now, and which event took over which one's story."""
    doubts: dict[str, clocks.Doubt]
    """Of incidents by id: how much of what was heard of them came by receivers with wrong
    clocks."""

    @cached_property
    def names(self) -> dict[int, str]:
        """Name by MMSI."""
        return dict(zip(self.vessels["mmsi"].tolist(), self.vessels["name"].tolist(), strict=True))

    def events_of(self, ids: Sequence[str]) -> pd.DataFrame:
        """Return events of the night in the order of their ids; what isn't in it is left out."""
        at = self._events.index.get_indexer(pd.Index(list(ids)))
        return self._events.take(at[at >= 0])

    @cached_property
    def _events(self) -> pd.DataFrame:
        return pd.DataFrame(self.night.events).set_index("event_id", drop=False)

    @cached_property
    def stories(self) -> Stories:
        """Return what its incidents may have in common."""
        return stories(self.incidents, pd.DataFrame(self.night.events))

    @cached_property
    def lines(self) -> list[Line]:
        """List its incidents in rank order, then those that are over, with what was concluded."""
        table = self.incidents
        beside_them = told_beside(
            self.night.installation,
            table["score"].tolist(),
            table["events"].tolist(),
            simulated=self.night.simulated,
            say=self.words.at_desk,
            held=holding(self.dispositions, self.heirs),
        )
        kinds = dict(zip(self.night.events["event_id"], self._kinds(), strict=True))
        near = self.gazetteer.nearest(table["lat"].to_numpy(), table["lon"].to_numpy())
        held = zip(beside_them.concluded, beside_them.standing, strict=True)
        led = as_led(table, self.night.events)
        rows = zip(led.to_dict("records"), near, self.certainties, held, strict=True)
        return [self._line(row, kinds, by, word, *said) for row, by, word, said in rows]

    @cached_property
    def silences(self) -> Silences:
        """Return who else fell silent then."""
        return Silences(
            beside(pd.DataFrame(self.night.events)), self.numbers, self.teller, self.words
        )

    @property
    def live(self) -> bool:
        """Tell whether what is told goes on now: not of a night of the past, or of an exercise."""
        return not self.at and not self.night.simulated

    def before_end(self, time: pd.Timestamp) -> tuple[str, bool]:
        """Return how long before the night ended a time was, and whether that is over an hour.

        Where the night is `live` a reader wants the age, which grows: the page's script tells it.
        """
        before_s = max((self.night.run["end"] - time).total_seconds(), 0.0)
        t = self.words.at_desk
        told = age(before_s, t("h"), t("d"))
        if round(before_s / 60) == 0:
            return t("as the night ended"), False
        return t("{age} before the night ended", age=told), before_s > HEARD_H * 3600

    def placed(self, event: Mapping[str, Any]) -> tuple[str, str, str]:
        """Return when an event was, in local time and UTC, and where; empty for no place."""
        start, end = event["start"], event["end"]
        lat, lon = marked_at(event["evidence"], event["lat"], event["lon"])
        return (
            span(start, end, LOCAL, LOCAL_NAME, self.words),
            span(start, end, None, "UTC", self.words),
            "" if pd.isna(lat) else position_text(lat, lon),
        )

    @property
    def window(self) -> str:
        """Return from when to when it is, in local time."""
        run = self.night.run
        return span(run["start"], run["end"], LOCAL, LOCAL_NAME, self.words)

    @cached_property
    def numbers(self) -> dict[int, int]:
        """Number of the first incident that each vessel is in, of those that aren't over."""
        pairs = [(mmsi, line.rank) for line in self.lines if line.rank for mmsi, *_ in line.vessels]
        return dict(reversed(pairs))

    def _kinds(self) -> list[tuple[str, str]]:
        return list(zip(self.night.events["kind"], self.night.events["subkind"], strict=True))

    def _line(
        self,
        row: dict[Any, Any],
        kinds: dict[str, tuple[str, str]],
        near: str,
        certainty: str,
        concluded: str,
        standing: str,
    ) -> Line:
        ids = tuple(str(row["events"]).split(";"))
        kind = next((kinds[one] for one in ids if one in kinds), ("", ""))
        known = bool(np.isfinite(row["lat"]) and np.isfinite(row["lon"]))
        status = self.words.status_of(str(row["status"]))
        news, _ = spoken(self.words, one_line(str(row["news"]), SENTENCE_LIMIT))
        said = news and news != status and str(row["status"]) != NEW
        if standing and str(row["status"]) == NEW:
            status = stands(self.words, standing)
        return Line(
            incident_id=str(row["incident_id"]),
            rank=int(row["rank"]),
            title=one_line(str(row["title"]), SENTENCE_LIMIT),
            score=float(row["score"]),
            certainty=certainty,
            certain=one_line(str(row["certainty"]), NAME_LIMIT),
            status=str(row["status"]),
            news=f"{status}: {news}" if said else status,
            kind=kind[0],
            what=self.words.kind_of(*kind),
            near=one_line(near, NAME_LIMIT),
            where=position_text(row["lat"], row["lon"]) if known else "",
            when_utc=span(row["led_start"], row["led_end"], None, "UTC", self.words),
            when_local=span(row["led_start"], row["led_end"], LOCAL, LOCAL_NAME, self.words),
            vessels=tuple(self._vessels(str(row["vessels"]))),
            next_step=one_line(str(row["next_step"]), SENTENCE_LIMIT),
            events=ids,
            concluded=one_line(concluded, SENTENCE_LIMIT),
            standing=standing,
            made_of=self._made_of(row, ids),
            now=one_line(whereabouts(row, None, self.words.say), SENTENCE_LIMIT),
            spot=spot(row),
            heard=row["last_seen"],
            clocks=self._clocks(str(row["incident_id"])),
            called=self._called(
                {kinds[one] for one in ids if one in kinds},
                str(row["made_of"]),
                str(row["vessels"]),
            ),
        )

    def _called(self, kinds: Set[tuple[str, str]], made: str, vessels: str) -> str:
        """Return the words for kinds of events, for what a score is made of, and for hulls."""
        parts = made_of(made, self.words.say, self.words.hypotheses, whole=True)
        of = self.words.kind_of
        said = [f"{' '.join(one)} {of(*one)} {of(one[0], '')}" for one in sorted(kinds)]
        return " ".join([*said, parts, *map(self.hull, vessels_in(vessels))])

    def _made_of(self, row: dict[Any, Any], ids: Sequence[str]) -> str:
        told = with_events(str(row["made_of"]), self.events_of(ids), int(row["mmsi"]))
        return one_line(made_of(told, self.words.say, self.words.hypotheses), SENTENCE_LIMIT)

    def _clocks(self, incident_id: str) -> str:
        doubt = self.doubts.get(incident_id)
        if doubt is None:
            return ""
        return one_line(doubt.said(self.words.at_desk), SENTENCE_LIMIT)

    def _vessels(self, joined: str) -> list[tuple[int, str, str]]:
        parts = [one.partition(" ") for one in joined.split(" | ") if one]
        return [
            (int(mmsi), self.name(int(mmsi)), one_line(role, NAME_LIMIT)) for mmsi, _, role in parts
        ]

    def sentence(self, event: Told, mmsi: int) -> str:
        """Tell an event from the side of a vessel, if it is in it; else of its own first one."""
        side = mmsi if mmsi in (event.mmsi, event.other_mmsi) else event.mmsi
        return one_line(self.teller.sentence(event, side), SENTENCE_LIMIT)

    def hull(self, mmsi: int) -> str:
        """Return flag, type and length of a vessel, as far as it says them."""
        row = self._hulls.get(mmsi)
        if row is None:
            return ""
        flag = str(flag_states([mmsi])[0])
        said = (flag, *stated(self.words, row["ship_type"], row["length_m"]))
        return one_line(" ".join(text for text in said if text), NAME_LIMIT)

    def bound(self, mmsi: int) -> str:
        """Return which destination and draught a vessel states; empty where it states neither."""
        row, t = self._hulls.get(mmsi, {}), self.words.at_desk
        said = []
        if place := one_line(str(row.get("destination") or ""), NAME_LIMIT):
            said.append(t("destination as stated {place}", place=place))
        if not pd.isna(draught_m := row.get("draught_m", np.nan)) and draught_m > 0:
            said.append(t("draught as stated {draught} m", draught=f"{draught_m:.1f}"))
        return ", ".join(said)

    @cached_property
    def _hulls(self) -> dict[int, dict[Any, Any]]:
        return {int(row["mmsi"]): row for row in self.vessels.to_dict("records")}

    def name(self, mmsi: int) -> str:
        """Return what a vessel calls itself; empty where it doesn't."""
        return one_line(self.names.get(mmsi, ""), NAME_LIMIT)


def stated(words: Labels, ship_type: Any, length_m: Any) -> tuple[str, str]:
    """Put into words what type and length a vessel states; empty where it doesn't."""
    known = not pd.isna(ship_type) and int(ship_type) > 0
    kind = words.ship_type(str(ship_type_words([ship_type])[0])) if known else ""
    return kind, "" if pd.isna(length_m) or length_m < SHORTEST_M else f"{length_m:.0f} m"


def stands(words: Labels, standing: str) -> str:
    """Put into words how an incident stands that somebody has answered."""
    if standing == CLOSED:
        return words.at_desk("concluded")
    return words.at_desk("watched") if standing == WATCHED else words.at_desk("left open")


class Nights:
    """The nights of an installation, each read once."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self._nights, self._shown = Recent(), Recent()
        self._once, self._exercise = Recent(2), Recent(2)

    def runs(self) -> pd.DataFrame:
        """Return every finished run, the newest first; none where there is no store."""
        return self._once.get(self._generation(), self._runs)

    def simulated(self) -> bool:
        """Tell whether it is an exercise."""
        return bool(self._exercise.get(self._generation(), self._simulated))

    def _simulated(self) -> bool:
        one = self.installation
        # What is wrong with the store, however broken, is for each page and for Health to say.
        with suppress(Exception), store.read(one.store, one.settings.store) as reader:
            return bool(reader.simulated)
        return False

    def _generation(self) -> tuple[int, ...]:
        return store.generation(self.installation.store, self.installation.settings.store)

    def _runs(self) -> pd.DataFrame:
        if not self._generation():
            return pd.DataFrame({"run_id": []})
        with store.read(self.installation.store, self.installation.settings.store) as reader:
            return reader.runs().iloc[::-1].reset_index(drop=True)

    def told_last(self, incident_id: str) -> str:
        """Return the newest run that told of an incident; empty where none did."""
        query = (
            "SELECT run_id FROM incidents JOIN runs USING (run_id) WHERE incident_id = $id "
            "ORDER BY ordinal DESC LIMIT 1"
        )
        with store.read(self.installation.store, self.installation.settings.store) as reader:
            runs = reader.sql(query, {"id": incident_id})
        return "" if runs.empty else str(runs["run_id"].iloc[0])

    def newest(self) -> str:
        """Return the id of the newest finished run; empty where none can be read."""
        with suppress(Exception):  # as above
            runs = self.runs()
            return str(runs["run_id"].iloc[0]) if len(runs) else ""
        return ""

    def shown(self, at: str, language: str) -> Shown:
        """Return a night: the newest, or that of a run or time.

        Raises SelatError if there is no such night.
        """
        key = (self._generation(), at, language)
        return self._shown.get(key, partial(self._tell, at, language))

    def _open(self, run_id: str, now: bool) -> Opened:
        return opened(self.installation, None if now else run_id)

    def _tell(self, at: str, language: str) -> Shown:
        words = labels(language)
        with store.read(self.installation.store, self.installation.settings.store) as reader:
            moment = recall.moment(reader, at or None)
            key = (moment.run_id, moment.now)
            night = self._nights.get(key, partial(self._open, *key))
            incidents = reader.incidents(moment.run_id)
            vessels = reader.vessels(night.run["end"])
            dispositions, heirs = reader.dispositions(), reader.heirs()
            doubts = _doubts(reader, night, incidents)
            since = heard_since(reader, night.events, night.moment.ordinal, night.run["end"])
        names = dict(zip(vessels["mmsi"].tolist(), vessels["name"].tolist(), strict=True))
        gazetteer = load_gazetteer(self.installation.reference)
        teller = Teller(names, gazetteer, night.run["end"], words.say, since)
        certainties = incidents["certainty"].tolist()
        if language != "en":
            settings = self.installation.settings.assess
            told = pd.DataFrame(night.events), pd.DataFrame(night.flagged), teller
            steps = settings.next_steps, night.zones, settings.own_coast
            incidents = retold(incidents, *told, *steps)
        return Shown(
            night,
            at,
            language,
            words,
            teller,
            gazetteer,
            incidents,
            certainties,
            vessels,
            dispositions,
            heirs,
            doubts,
        )


def _doubts(
    reader: store.Queries, night: Opened, incidents: pd.DataFrame
) -> dict[str, clocks.Doubt]:
    with suppress(Exception):  # of positions that are lost Health tells; the list is there without
        wrong = clocks.wrong_clocks(reader, night.run["start"], night.run["end"])
        return clocks.doubts(reader, _heard(night, incidents), wrong)
    return {}


def _heard(night: Opened, incidents: pd.DataFrame) -> dict[str, clocks.Heard]:
    """Return whose reports each incident of a night rests on, and from when to when."""
    return {
        str(row["incident_id"]): clocks.Heard(
            frozenset(vessels_in(row["vessels"])),
            row["start"],
            night.run["end"] if pd.isna(row["end"]) else row["end"],
        )
        for row in incidents.to_dict("records")
    }
