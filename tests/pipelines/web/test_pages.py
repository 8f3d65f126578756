"""The desk shows what the commands say, from the same objects, and records what is concluded."""

import json
import re
import shutil
import time
from dataclasses import replace
from datetime import date, timedelta
from importlib import import_module
from io import StringIO
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from detectors.core.evidence import Evidence
from detectors.kinematics.integrity import final_at
from detectors.surroundings.rules import Rule
from detectors.surroundings.watches import Watch
from detectors.surroundings.zones import Zones
from pipelines import store
from pipelines.ask import clocks
from pipelines.ask import desk as notebooks
from pipelines.ask.doctor import MAKE_LAYERS
from pipelines.ask.explain import page as explained
from pipelines.ask.explain import reasons, terminal, unfit
from pipelines.ask.explain.gather import PROVISIONAL, STATED
from pipelines.ask.explain.reasons import tried
from pipelines.ask.health import facts, feed_rows
from pipelines.ask.health.model import Clock, Health
from pipelines.ask.health.problems import problems
from pipelines.ask.look import look
from pipelines.assess.incidents import as_led
from pipelines.assess.incidents.first import HEARD_H
from pipelines.assess.incidents.related import stories
from pipelines.assess.reasons import by_own_vessel
from pipelines.base.labels import labels
from pipelines.base.problems import Problem
from pipelines.base.settings import PROJECT, load
from pipelines.base.spoken import spoken
from pipelines.base.text import LOCAL, LOCAL_NAME, moment, one_line, position_text
from pipelines.detect import reception
from pipelines.detect.lacking import LACKING
from pipelines.patrol.motions import Boat
from pipelines.patrol.plan import make
from pipelines.patrol.seamap import SeaMap
from pipelines.publish import checks
from pipelines.publish.briefing import span
from pipelines.publish.maps.style import COLOURS
from pipelines.publish.plan import tables
from pipelines.publish.products import Planned
from pipelines.reference.codes import nav_status_words
from pipelines.reference.gazetteer import load_gazetteer
from pipelines.reference.layers import sea_states
from pipelines.run import plan as flow
from pipelines.web import (
    areas,
    concluding,
    heard,
    incident,
    pages,
    planned,
    previewing,
    rooms,
    silences,
    tonight,
    units,
)
from pipelines.web.app import Desk
from pipelines.web.charts import Charts
from pipelines.web.night import Nights, Shown, stated
from tests.pipelines.patrol.conftest import BOX, config, small_land, tracked, unit
from tests.pipelines.patrol.test_plan import inputs
from tests.pipelines.web.conftest import (
    Page,
    Reader,
    ask,
    conclude,
    drawing_no_maps,
    few,
    first_of,
    recorded,
)

NOW = pd.Timestamp("2026-11-27T02:00Z").to_pydatetime()
HEARD_LATELY = pd.Timedelta(hours=HEARD_H)
PAGES = ("/", "/plan", "/nights", "/health", "/find?q=a", "/?q=nothing+is+called+so", "/nowhere")


@pytest.fixture(scope="module")
def malay(desk_home: Path) -> Shown:
    """The night as the desk has it open in Malay, to be read."""
    return Nights(load(desk_home)).shown("", "ms")


@pytest.fixture(scope="module")
def health(desk_home: Path) -> Health:
    """What Health finds of that home."""
    found, _ = look(load(desk_home), NOW, afresh=False)
    assert found is not None
    return found


def every_page(table: pd.DataFrame, night: notebooks.Night) -> list[str]:
    first = table.iloc[0]
    flagged = night.flagged["mmsi"].iloc[0]
    of_one = [f"/incident/{first['incident_id']}", f"/event/{first['events'].split(';')[0]}"]
    return [*PAGES, *of_one, f"/vessel/{flagged}"]


def test_an_event_says_when_and_where_it_was(
    reader: Reader, desk_home: Path, table: pd.DataFrame
) -> None:
    asked = {"id": table["events"].iloc[0].split(";")[0]}
    with store.read(desk_home / "store") as opened:
        [event] = opened.sql("SELECT * FROM events WHERE event_id = $id", asked).to_dict("records")
    text = reader.page(f"/event/{event['event_id']}").text
    begun = event["start"]
    assert f"{begun.tz_convert('Asia/Kuala_Lumpur'):%d %b %H:%M}" in text
    assert f"{begun:%d %b %H:%M}" in text
    assert position_text(float(table["lat"].iloc[0]), float(table["lon"].iloc[0])) in text


def test_tonight_is_what_the_command_lists(
    reader: Reader, night: notebooks.Night, table: pd.DataFrame
) -> None:
    page = reader.page("/")
    assert page.lines() == table["incident_id"].tolist()
    n, new = (table["rank"] > 0).sum(), (table["status"] == "created").sum()
    assert page.all("h1")[0][1] == f"{n} incidents, {new} new"
    for row in table.to_dict("records"):
        assert one_line(row["title"], 1200) in page.text  # whole, as on its own page
        assert row["next_step"] in page.text
    first = [text for about, text in page.all("h3")]
    assert [text.split(" ", 1)[1] for text in first] == [*night.first.sort_values("rank")["title"]]


def test_a_number_that_cannot_be_a_ships_is_said_on_the_list_too(
    own_reader: Reader, own_home: Path, table: pd.DataFrame
) -> None:
    row = table.iloc[0]
    said = f"KM A (number {row['mmsi']} can't be a ship's): Lay still"
    quoted = said.replace("'", "''")
    ask(
        own_home,
        f"UPDATE incidents SET title = '{quoted}' WHERE incident_id = '{row['incident_id']}'",
    )
    page = own_reader.page("/")
    assert said in page.all("a", **{"class": "title"})[0][1]
    assert said in own_reader.page(f"/incident/{row['incident_id']}").all("h1")[0][1]


def test_filters_keep_what_they_name_and_a_link_shows_the_same(
    reader: Reader, night: notebooks.Night, table: pd.DataFrame
) -> None:
    kinds = dict(zip(night.events["event_id"], night.events["kind"], strict=True))
    strongest = table["events"].str.split(";").str[0].map(kinds)
    for kind in sorted(set(strongest))[:2]:
        kept = reader.page(f"/?kind={kind}").lines()
        assert kept == table.loc[strongest == kind, "incident_id"].tolist()
    for certainty in sorted(set(table["certainty"]))[:2]:
        kept = reader.page(f"/?certainty={certainty}").lines()
        assert kept == table.loc[table["certainty"] == certainty, "incident_id"].tolist()
    name = table["title"].iloc[1].split(":")[0]
    assert table["incident_id"].iloc[1] in reader.page(f"/?q={name.lower()}").lines()
    options = [re.fullmatch(r"(.+) \((\d+)\)", text) for _, text in reader.page("/").all("option")]
    values = [about["value"] for about, _ in reader.page("/").all("option")]
    assert sorted(v for v in values if v in set(strongest)) == sorted(set(strongest))
    places = {one[1]: int(one[2]) for one in options if one and one[1][0].isupper()}
    place = next(iter(places))
    kept = reader.page(f"/?place={place}").lines()
    assert len(kept) == places[place]
    assert set(kept) < set(table["incident_id"])
    assert reader.page("/?news=changed").lines() == table["incident_id"].tolist()
    nothing = reader.page("/?q=nothing+is+called+so&kind=gap")
    assert nothing.lines() == []
    assert nothing.all("option", value="gap")[0][0].get("selected") == ""


def test_an_incident_shows_evidence_reasons_and_vessels(
    reader: Reader, night: notebooks.Night, table: pd.DataFrame
) -> None:
    events = night.opened.events.set_index("event_id")
    for row in table.head(2).to_dict("records"):
        page = reader.page(f"/incident/{row['incident_id']}")
        assert row["title"] in page.all("h1")[0][1]
        for one in row["vessels"].split(" | "):
            assert f"/vessel/{one[:9]}" in [about.get("href") for about, _ in page.all("a")]
        cells = [text for _, text in page.all("td")]
        for event_id in row["events"].split(";"):
            for one in checks.rows(events.loc[event_id, "evidence"]):
                for text in (one.label, one.measured, one.limit, one.margin):
                    assert text in cells
            evidence = events.loc[event_id, "evidence"]
            called = labels("en").facts.values()
            assert all(name in called for name, _ in checks.facts(evidence)), "plain words for all"
        told = night.explain(row["events"].split(";")[0]).explanation
        assert told.considered
        for reason in tried(told.considered):
            assert reason.name in cells
            assert one_line(reason.overturned_by, 1200) in cells


def test_an_incident_says_whose_each_event_and_position_is(
    reader: Reader, night: notebooks.Night, table: pd.DataFrame
) -> None:
    table = table[(table["rank"] > 0) & table["vessels"].str.contains("|", regex=False)]
    table = table.sort_values("vessels", key=lambda one: -one.str.len()).head(3)
    names = dict(zip(night.opened.flagged["mmsi"], night.opened.flagged["name"], strict=True))
    events, others = night.opened.events.set_index("event_id"), 0
    for row in table.to_dict("records"):
        page = reader.page(f"/incident/{row['incident_id']}")
        told = [text for tag in ("dd", "li") for _, text in page.all(tag)]
        for one in row["vessels"].split(" | "):
            name = names.get(int(one[:9]))
            if name is not None:
                called = f"{name or f'MMSI {one[:9]}'}: "
                assert any(text.startswith(called) and "′N" in text for text in told), called
        for event_id in row["events"].split(";"):
            event = events.loc[event_id]
            if event["mmsi"] and row["mmsi"] not in (event["mmsi"], event["other_mmsi"]):
                name = names.get(event["mmsi"]) or f"MMSI {event['mmsi']:09d}"
                assert any(text.startswith(f"{name}: ") for _, text in page.all("p")), name
                others += 1
    assert others


def test_of_many_events_each_is_told_and_until_when_they_may_change(
    reader: Reader, night: notebooks.Night, table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incident, "MAX_EVENTS", 1)
    known = night.opened.moment.known_time
    row = table[(table["rank"] > 0) & table["events"].str.contains(";")].iloc[0].to_dict()
    page = reader.page(f"/incident/{row['incident_id']}")
    events = night.opened.events.set_index("event_id")
    for event_id in row["events"].split(";")[1:]:
        [said] = {text for about, text in page.all("a") if about["href"] == f"/event/{event_id}"}
        assert len(said.split()) > 4
        assert event_id not in said
        assert f"{events.loc[event_id, 'score']:.2f} {said}" in page.text
    until = final_at(row["end"], known)
    assert until is not None
    assert f"provisional until {span(until, until, LOCAL, LOCAL_NAME)}" in page.text
    told = [text for _, text in page.all("dt") if text not in {"Silence", "At the coast"}]
    assert told[:4] == ["When", "Where", "Next", "Last heard"]  # what a first screen has room for


@pytest.mark.usefixtures("without_maps")
def test_incidents_of_one_vessel_lead_to_each_other(
    desk_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = Nights(load(desk_home)).shown("", "en")
    monkeypatch.setattr(Nights, "shown", lambda *_: shown)
    first, second, third, _ = shown.lines[:4]
    table = shown.incidents.head(4).copy()
    table["vessels"] = [f"{n:09d} met" for n in (533000001, 533000002, 533000001, 533000001)]
    table.loc[table.index[3], "rank"] = 0
    monkeypatch.setitem(vars(shown), "stories", stories(table, shown.night.events.head(0)))
    reader = Reader(Desk(load(desk_home)))
    for line, other in ((first, third), (third, first)):
        page = reader.page(f"/incident/{line.incident_id}")
        other_page = f"/incident/{other.incident_id}"
        found = [text for about, text in page.all("a") if about.get("href") == other_page]
        assert any(text.startswith(f"{other.number} ") for text in found)
        assert "MMSI 533000001 is in both" in page.text
    assert [one for one, _ in incident.see_also(shown, first)] == [third], "what is over isn't"
    assert third not in [one for one, _ in incident.see_also(shown, second)]


def test_what_is_asked_first_of_a_crossing_and_a_silence_stands_at_the_top(
    reader: Reader, shown: Shown
) -> None:
    events = shown.night.events.set_index("event_id")
    leads = {line.incident_id: line for line in shown.lines if line.rank}
    kinds = {one: str(events.loc[line.events[0], "kind"]) for one, line in leads.items()}
    for kind, name in (("crossing", "At the coast"), ("gap", "Silence")):
        [found, *_] = [one for one, of in kinds.items() if of == kind]
        evidence = events.loc[leads[found].events[0], "evidence"]
        page = reader.page(f"/incident/{found}")
        terms = [text for _, text in page.all("dt")]
        assert terms.index(name) < terms.index("Next")
        if kind == "gap":
            assert f"{evidence['implied_speed_kn']:.1f} kn straight over it" in page.text
        else:
            time = evidence.get("arrival_time") or evidence["landing_time"]
            assert f", {shown.teller.clock(pd.Timestamp(time))}" in page.text
            lead = events.loc[leads[found].events[0]].to_dict() | {"subkind": "crossed"}
            sails = {
                **lead,
                "evidence": replace(evidence, facts={**evidence.facts, "ended": "at sea"}),
            }
            [(where, _)] = incident.at_the_top(shown, sails)
            assert where == "Nearest to the coast"
            there_and_back = {
                **{"began": "shore", "from_state": "MYS", "left_coast_m": 140.0},
                **{"turned_off_m": 140.0, "left_lat": 2.06, "left_lon": 102.55},
                **{"left_time": "2026-01-05T19:10:00Z"},
            }
            facts = {**evidence.facts, **there_and_back}
            both = incident.at_the_top(
                shown, {**lead, "evidence": replace(evidence, facts=facts, redacted=())}
            )
            assert both[0] == ("At the coast", "off Muar, 03:10 MYT, 140 m off the shore")
            assert len(both) == 2
    withheld = {**events.loc[leads[found].events[0]].to_dict(), "evidence": Evidence.of({})}
    assert incident.at_the_top(shown, withheld) == ()


def test_small_events_of_a_long_incident_are_folded() -> None:
    assert incident._n_whole([0.9, 0.5, 0.44, 0.3, 0.2]) == 2
    assert incident._n_whole([0.9, 0.5, 0.44, 0.3]) == 4, "two aren't worth it"
    assert incident._n_whole([0.4, 0.9, 0.8, 0.3]) == 4
    assert incident._n_whole([0.5]) == 1


def test_what_a_vessel_states_of_its_voyage_is_told_as_stated(reader: Reader, shown: Shown) -> None:
    known = shown.vessels
    who = known[(known["destination"] != "") & (known["draught_m"] > 0)]
    line = next(x for x in shown.lines if x.rank and {*who["mmsi"]} & {x.main})
    row = who[who["mmsi"] == line.main].iloc[0]
    text = reader.page(f"/incident/{line.incident_id}").text
    stated = f"draught as stated {row['draught_m']:.1f} m"
    assert f"destination as stated {row['destination']}, {stated}" in text
    assert shown.bound(999999999) == ""
    # However long the words of a language: the draught was cut off.
    own = known["mmsi"] == line.main
    long = known.assign(destination=known["destination"].where(~own, "PORT KLANG VIA SIN SG"))
    told = replace(shown, vessels=long, words=labels("ms")).bound(line.main)
    assert told.startswith("destinasi seperti dinyatakan PORT KLANG VIA SIN SG, ")
    assert told.endswith(f"{row['draught_m']:.1f} m")
    endless = known.assign(destination=known["destination"].where(~own, "X" * 500))
    assert len(replace(shown, vessels=endless).bound(line.main)) < 120


def test_an_event_leads_back_to_its_incident(reader: Reader, table: pd.DataFrame) -> None:
    row = table[table["rank"] == 1].iloc[0]
    event = str(row["events"]).split(";")[0]
    [(about, said)] = reader.page(f"/event/{event}").all("a", **{"data-key": "l"})
    assert about["href"].startswith(f"/incident/{row['incident_id']}")
    assert said.endswith("1")


def test_an_event_shows_the_sentences_as_received(
    reader: Reader, night: notebooks.Night, table: pd.DataFrame
) -> None:
    event_id = table["events"].iloc[0].split(";")[0]
    told = night.explain(event_id).explanation
    lines = [line for report in told.raw for line in report.reported.lines]
    assert lines
    page = reader.page(f"/event/{event_id}")
    assert all(line in page.text for line in lines)
    feeds = {report.feed for report in told.raw}
    assert all(feed.startswith("/") for feed in feeds)
    named = {about["title"]: text for about, text in page.all("bdi") if "title" in about}
    assert named.keys() == feeds
    assert all(text.startswith(f"{Path(feed).name}, place ") for feed, text in named.items())
    assert not any(feed in page.text for feed in feeds)


def test_a_conclusion_lands_on_every_event_and_a_later_one_takes_its_place(
    own_reader: Reader,
    own_home: Path,
    own_nights: Nights,
    night: notebooks.Night,
    table: pd.DataFrame,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = table.iloc[2]
    address = f"/incident/{row['incident_id']}"
    own_reader.send(address, conclusion="boarded", reason="47 people", operator="KM Tegas")
    known = recorded(own_home)
    mine = known[known["event_id"].isin(row["events"].split(";"))]
    assert len(mine) == len(row["events"].split(";"))
    assert set(zip(mine["conclusion"], mine["author"], mine["reason"], strict=True)) == {
        ("boarded", "KM Tegas", "47 people")
    }
    page = own_reader.page("/")
    assert not any(row["title"] in text for _, text in page.all("h3"))
    open_, n = len(table[table["rank"] > 0]) - 1, len(table[table["rank"] > 0])
    assert page.all("h1")[0][1] == f"{open_} open of {n} incidents"
    own_reader.send(address, conclusion="watch", reason="it may come back", operator="KM Tegas")
    page = own_reader.page("/?news=open")
    assert page.all("h1")[0][1] == f"{n} incidents: {open_} open, 1 watched"
    assert row["incident_id"] in page.lines()
    vessel = own_reader.page(f"/vessel/{row['mmsi']}").text
    assert "watched" in vessel
    assert "no boarding of it is known" not in vessel
    shown = own_nights.shown("", "en")
    [watched] = [line for line in shown.lines if line.watched]
    first = tonight.tonight(shown, tonight.Asked(), None, ()).first
    assert len(first) == 3
    assert watched not in [one.line for one in first], "a watch has seen it"
    assert incident.next_open(shown.lines, 0) != watched
    week = {"conclusion": "cleared", "reason": "nets", "quiet": "7"}
    own_reader.send(address, **week)
    until = (night.run["end"] + pd.Timedelta(days=7)).tz_convert("Asia/Kuala_Lumpur")
    page = own_reader.page(address)
    assert f"quiet until {until:%d %b %Y}" in page.text
    assert f"1 week {until:%d %b %Y}" in page.text  # said before it is chosen
    own_reader.send(address, conclusion="cleared", reason="misread", quiet_until="2027-01-31")
    monkeypatch.setattr(incident, "MAX_CONCLUDED", 2)
    assert "2 earlier conclusions" in own_reader.page(address).text
    monkeypatch.undo()
    items = [text for _, text in own_reader.page(address).all("li") if "KM Tegas" in text]
    assert ["cleared misread" in items[0], "boarded 47 people" in items[-1]] == [True, True]
    assert "quiet until 31 Jan 2027" in items[0]
    assert row["incident_id"] not in own_reader.page("/?news=open").lines()


def test_what_nobody_could_tell_is_among_the_first_only_where_fewer_are_open(
    own_reader: Reader, own_home: Path, own_nights: Nights, table: pd.DataFrame
) -> None:
    def numbers() -> list[int]:
        return [one.line.rank for one in first_of(own_nights)]

    few(own_home, 6)
    ranked = table[table["rank"].between(1, 6)]
    scores = dict(zip(ranked["rank"].tolist(), ranked["score"].tolist(), strict=True))
    ids = dict(zip(ranked["rank"].tolist(), ranked["incident_id"].tolist(), strict=True))
    worst = max(ids)
    assert worst not in numbers()
    assert worst > 4
    why = [one.why for one in first_of(own_nights) if scores[one.line.rank] == max(scores.values())]
    assert all(one.startswith("highest score still open") for one in why)
    for rank in sorted(ids)[:-2]:
        conclude(own_home, ids[rank], "unknown", reason="too far off")
    assert numbers()[:2] == [worst - 1, worst]
    assert len(numbers()) == 3
    assert "left open" in first_of(own_nights)[2].why
    own_reader.send(f"/incident/{ids[worst - 1]}", conclusion="cleared", reason="nets")
    cards = [int(text.split()[0]) for _, text in own_reader.page("/").all("h3")]
    assert cards == numbers()
    assert cards[0] == worst
    assert [one.line.answered for one in first_of(own_nights)] == [False, True, True]
    assert "highest" not in first_of(own_nights)[0].why, "of one alone it says nothing"


def test_what_is_watched_and_heard_still_stays_on_a_card_and_says_so(
    own_reader: Reader, own_home: Path, own_nights: Nights
) -> None:
    few(own_home, 4)
    with store.read(own_home / "store") as reader:
        end = reader.runs()["end"].iloc[-1]
    near = [one.line for one in first_of(own_nights) if end - one.line.heard <= HEARD_LATELY]
    watched = max(near, key=lambda line: line.score)
    ask(own_home, f"UPDATE incidents SET score = 0.4 WHERE incident_id <> '{watched.incident_id}'")
    conclude(own_home, watched.incident_id, "watch", reason="a unit is on its way")
    cards = first_of(own_nights)
    assert len(cards) == 3
    assert cards[-1].line.incident_id == watched.incident_id
    assert cards[-1].why.startswith("watched")
    texts = [text for _, text in own_reader.page("/").all("li") if text.startswith(watched.number)]
    assert any("watched" in text for text in texts)


def test_as_many_wrong_clocks_are_listed_as_are_counted(
    desk_home: Path, health: Health, shown: Shown
) -> None:
    clocks_wrong = (
        Clock("feed /a.nmea", "receiver R-1: its clock is 12 s fast", ""),
        Clock("feed /a.nmea", "receiver R-3: its clock is 9 s slow", ""),
        Clock("receivers on 2026-01-05", "clocks were wrong: R-2 +349 s (2.5 h)", ""),
    )
    health = replace(health, clocks=clocks_wrong)
    found = [
        *problems(replace(health, feeds=(), coverage=None), load(desk_home).settings.health),
        Problem("warning", "feed /b.nmea", "silent: its newest report is 9 h old", ""),
        Problem("warning", "disk", "full in 9 days", ""),
    ]
    told = tonight.tonight(shown, tonight.Asked(), health, found)
    assert "receivers' clocks: 3 to read." in told.doubts[0]
    assert told.reception is not None
    listed = [*(one.text for one in clocks_wrong), found[-2].message]
    assert list(told.reception) == listed


@pytest.mark.parametrize(
    ("gaps", "problem", "said"),
    [
        (0, "", []),
        (1, "", ["satu jurang selama 70 min"]),
        (2, "", ["2 jurang, yang terpanjang 70 min"]),
        (0, "coverage", ["less here"]),
    ],
)
def test_a_silence_may_be_our_own_where_less_was_heard_and_nowhere_else(
    health: Health, malay: Shown, gaps: int, problem: str, said: list[str]
) -> None:
    coverage = reception.Coverage(
        NOW, 14, (), gaps, 4200.0 if gaps else 0.0, NOW if gaps else None, usual_gap_s=2400.0
    )
    found = [Problem("warning", problem, "less here", "")] if problem else []
    health = replace(health, clocks=(), coverage=coverage)
    told = tonight.tonight(malay, tonight.Asked(), health, found)
    assert list(told.reception or ()) == said
    assert bool(told.doubts) == bool(said)


def test_what_the_feeds_lack_is_counted_and_listed(
    desk_home: Path, health: Health, malay: Shown
) -> None:
    assert health.last_run is not None
    run = replace(health.last_run, lacking=("speed", "ais_class"))
    health = replace(health, last_run=run, clocks=(), coverage=None, feeds=())
    found = problems(health, load(desk_home).settings.health)
    told = tonight.tonight(malay, tonight.Asked(), health, found)
    lack = [labels("ms").desk[LACKING[name]] for name in run.lacking]
    assert [text for text in told.reception or () if text in lack] == lack
    assert any("2 untuk dibaca" in text for text in told.doubts)


@pytest.mark.slow
def test_what_a_run_lacks_is_said_also_where_nothing_is_on_the_list(own_home: Path) -> None:
    """No heading then promises what to look at."""
    ask(own_home, "DELETE FROM incidents")

    def told(counts: dict[str, int], n_failed: int = 0) -> Reader:
        failures = {f"feed {k}.gz": "is empty" for k in range(n_failed)}
        manifest = json.dumps({"counts": counts, "failures": failures})
        ask(own_home, f"UPDATE runs SET manifest = json_merge_patch(manifest, '{manifest}')")
        return Reader(Desk(load(own_home), "Lt Aminah"))

    page = told({"out_of_reach": 1662, "over_budget": 17, "of_own_vessels": 9}, 2).page("/")
    assert "1,662 events aren't assessed, as no land layer reaches them" in page.text
    assert "are over the night's budget: 17" in page.text
    assert "which flag nobody: 9;" in page.text
    assert "Look at these first" not in page.text
    assert "No incident fits." not in page.text
    # Many failures leave room for the list.
    [(attributes, failed)] = page.all("details", role="alert")
    assert "open" in attributes
    assert "2 parts of it failed" in failed
    assert all(f"feed {k}.gz failed: is empty" in failed for k in range(2))
    reader = told({}, 3)
    page = reader.page("/?q=x")
    assert "No incident fits." in page.text
    [(attributes, failed)] = page.all("details", role="alert")
    assert "open" not in attributes
    assert "3 parts of it failed" in failed
    assert "feed 2.gz failed: is empty" in failed
    reader.send("/settings", language="ms", operator="Lt Aminah")
    assert "1,662 kejadian tidak dinilai" in reader.page("/").text
    said = "662 events of the newest run aren't assessed: no land layer reaches them"
    for text in (said, MAKE_LAYERS):
        assert spoken(labels("ms"), text)[1] is False


def test_what_was_concluded_is_new_no_more(
    own_reader: Reader, own_home: Path, table: pd.DataFrame
) -> None:
    new = table[(table["status"] == "created") & (table["rank"] > 0)]
    first, second = new["incident_id"].iloc[:2]
    n = len(table[table["status"] == "created"])
    told = {(first, "cleared"): "concluded", (second, "watch"): "watched"}
    for incident_id, conclusion in told:
        conclude(own_home, incident_id, conclusion)
    for (incident_id, _), said in told.items():
        own = own_reader.page(f"/incident/{incident_id}").all("p", **{"class": "sure"})[0][1]
        assert own.endswith(f"· {said}")
        assert "new" not in own
    page = own_reader.page("/")
    assert f"{n - 2} new, " in page.text
    listed = {*own_reader.page("/?news=new").lines()}
    assert new["incident_id"].iloc[2] in listed
    assert not {first, second} & listed
    assert not {first, second} & {*own_reader.page("/?news=changed").lines()}
    [row] = [text for about, text in page.all("li", **{"data-rank": str(new["rank"].iloc[0])})]
    assert "· concluded" in row
    assert "Conclusion: cleared" in row


def test_a_card_says_when_it_was_and_no_length_that_no_hull_has(
    reader: Reader, shown: Shown
) -> None:
    """Of a boarding at 03:50 it said "still heard" only; of a tanker, "tanker 1 m"."""
    page = reader.page("/")
    for one in tonight.tonight(shown, tonight.Asked(), None, ()).first:
        assert any(one.line.when_local in text for _, text in page.all("p", **{"class": "sure"}))
    lengths = [stated(shown.words, 89, said)[1] for said in (1.0, 3.0, float("nan"), None)]
    assert lengths == ["", "3 m", "", ""]


def test_danger_to_people_is_said_on_the_page_as_on_the_card(
    reader: Reader, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = {line.incident_id: line.kind for line in shown.lines if line.rank}
    module = import_module("pipelines.assess.incidents.first")  # the package has a function so
    looked_at = [
        key for kind in ("gap", "encounter") for key in [k for k in kinds if kinds[k] == kind][:2]
    ]
    assert {kinds[key] for key in looked_at} == {"gap", "encounter"}
    for kind in ("gap", "encounter"):
        monkeypatch.setattr(module, "DANGER", {kind: 1.5})
        said = {line.incident_id: bool(incident._danger(shown, line)) for line in shown.lines}
        for key in looked_at:
            told = reader.page(f"/incident/{key}").all("p", **{"class": "danger"})
            assert [text for _, text in told] == ["People may be in danger."] * said[key]
        assert {key for key, one in said.items() if one} == {
            key for key in kinds if kinds[key] == kind
        }
        found = tonight.tonight(shown, tonight.Asked(), None, ()).first
        cards = {one.line.incident_id: "people may be in danger" in one.why for one in found}
        assert cards == {key: said[key] for key in cards}


def test_an_incident_says_when_its_leading_event_was(
    reader: Reader, night: notebooks.Night, table: pd.DataFrame
) -> None:
    several = table["events"].str.contains(";", regex=False)
    for row in table[several].head(2).to_dict("records"):
        page = reader.page(f"/incident/{row['incident_id']}")
        n = row["events"].count(";") + 1
        led = night.events.set_index("event_id").loc[row["events"].split(";")[0]]
        over = None if pd.isna(led["end"]) else led["end"]
        assert f"When{span(led['start'], over, LOCAL, LOCAL_NAME)} " in page.text
        assert page.text.count("This event: ") == n
    alone = reader.page(f"/incident/{table[~several]['incident_id'].iloc[0]}")
    assert "This event" not in alone.text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"conclusion": "boarded", "reason": " "}, "names its author and its reason"),
        ({"conclusion": "sunk", "reason": "x"}, "no conclusion is called"),
        ({"conclusion": "boarded", "reason": "x", "quiet_until": "2027-01-01"}, "can't set"),
        ({"conclusion": "cleared", "reason": "x", "quiet_until": "soon"}, "no date or time"),
        ({"conclusion": "cleared", "reason": "x", "quiet_until": "2026-01-05"}, "lies before"),
        ({"conclusion": "cleared", "reason": "x", "quiet": "date"}, "until which date"),
    ],
)
def test_what_cannot_be_recorded_is_said_and_kept(
    reader: Reader, desk_home: Path, table: pd.DataFrame, form: dict[str, str], said: str
) -> None:
    before = len(recorded(desk_home))
    page = reader.send(f"/incident/{table['incident_id'].iloc[0]}", 400, **form)
    assert said in page.text
    assert page.all("textarea", name="reason")[0][1] == form["reason"].strip()
    assert len(recorded(desk_home)) == before


def test_while_a_run_writes_nothing_typed_is_lost(
    own_reader: Reader, own_home: Path, table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(concluding, "WAIT_S", 0.0)
    address = f"/incident/{table['incident_id'].iloc[4]}"
    typed = {"conclusion": "watch", "reason": "a long note", "operator": "Sgt Lim"}
    with store.write(own_home / "store"):
        assert own_reader.client.get("/live").json()["writing"]
        page = own_reader.send(address, 409, **typed)
        assert "another process is writing" in page.text
        assert "send it again in a few minutes" in page.text
        assert page.all("textarea", name="reason")[0][1] == "a long note"
        assert page.all("input", name="operator")[-1][0]["value"] == "Sgt Lim"
        radios = page.all("input", name="conclusion")
        [chosen] = [about["value"] for about, _ in radios if "checked" in about]
        assert chosen == "watch"
        assert "/incident/" in own_reader.page("/").html  # readers don't wait
    assert not own_reader.client.get("/live").json()["writing"]
    own_reader.send(address, 303, **typed)
    assert "a long note" in set(recorded(own_home)["reason"])


def test_a_vessel_is_what_is_known_of_it(
    reader: Reader, night: notebooks.Night, table: pd.DataFrame
) -> None:
    mmsi = int(table["mmsi"].iloc[0])
    known = notebooks.vessel(night, mmsi)
    page = reader.page(f"/vessel/{mmsi:09d}")
    for value in known.history["value"]:
        assert one_line(value, 60) in page.text
    events = known.events[~known.events["retracted"]]
    links = [about.get("href") for about, _ in page.all("a")]
    assert {f"/event/{one}" for one in events["event_id"]} <= set(links)
    assert f"/incident/{table['incident_id'].iloc[0]}" in links
    for nothing in ("No watch-list that you may see names it.", "no boarding of it is known"):
        assert nothing in page.text
    name = known.identity.name
    assert f"/vessel/{mmsi:09d}" in reader.page(f"/find?q={name or mmsi}").html
    reader.page("/vessel/999999999", 404)


def test_a_crossing_is_told_and_drawn_at_one_place(
    reader: Reader,
    shown: Shown,
    night: notebooks.Night,
    table: pd.DataFrame,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[tuple[float, ...]] = []
    monkeypatch.setattr(terminal, "draw", lambda *given, **_: drawn.append(given[2:4]))
    found = night.opened.events.set_index("event_id")
    for row in table[table["rank"] > 0].to_dict("records"):
        led = row["events"].split(";")[0]
        if found["kind"].get(led) != "crossing":
            continue
        assert abs(found["lat"][led] - row["lat"]) > 0.01  # of the event: in the middle of its way
        data = json.loads(str(Charts().incident(shown, row["rank"]).data))
        [mark] = [one for one in data["events"] if one["id"] == led]
        assert (mark["y"], mark["x"] + data["lon0"]) == pytest.approx(
            (row["lat"], row["lon"]), abs=1e-4
        )
        where = position_text(float(row["lat"]), float(row["lon"]))
        assert where in reader.page(f"/event/{led}").text
        console = Console(file=StringIO(), width=200)
        terminal.show(night.explain(led).explanation, np.zeros(0), console)
        assert drawn == [(row["lat"], row["lon"])]
        assert where in console.file.getvalue()
        assert (
            reader.page(f"/incident/{row['incident_id']}").text.count(where) >= 2
        )  # and the event
        return
    pytest.fail("nobody crossed")


def test_fields_are_written_as_sailors_write_them() -> None:
    words = labels("en")
    assert [words.field(one) for one in ("imo", "ais_class", "length_m", "callsign")] == [
        *("IMO", "AIS class", "length", "call sign")
    ]


def test_who_is_found_is_told_with_when_and_where_it_was_heard_last(
    reader: Reader, night: notebooks.Night
) -> None:
    row = night.flagged.iloc[0]
    lines = re.findall(r"<tr>.*?</tr>", reader.page(f"/find?q={row['mmsi']}").html)
    [line] = [one for one in lines if f"/vessel/{row['mmsi']}" in one]
    assert moment(row["last_seen"]) in line
    assert position_text(float(row["lat"]), float(row["lon"])) in line
    gazetteer = load_gazetteer(night.installation.reference)
    assert gazetteer.describe(float(row["lat"]), float(row["lon"])) in line
    assert f"<td>{row['flag_state']}</td>" in line


def test_words_are_explained_as_the_list_has_them(reader: Reader) -> None:
    """The list said silence, and what words mean told of a gap."""
    explained = {text for _, text in reader.page("/").all("dt")}
    assert {"crossing", "silence", "loitering", "encounter", "provisional"} <= explained


def test_the_list_is_searched_by_what_kinds_and_hulls_are_called(
    reader: Reader, night: notebooks.Night, table: pd.DataFrame
) -> None:
    kind_of = night.events.set_index("event_id")["kind"]
    met = {
        row["incident_id"]
        for row in table.to_dict("records")
        if row["rank"] and "encounter" in {kind_of.get(one) for one in row["events"].split(";")}
    }

    def listed(words: str) -> set[str]:
        links = [
            about["href"] for about, _ in reader.page(f"/?q={words}").all("a", **{"class": "title"})
        ]
        return {link.removeprefix("/incident/") for link in links}

    assert met
    assert met <= listed("encounter")
    assert met <= listed("meeting")  # as the score calls it
    assert listed("tanker")
    assert not listed("too+late")  # what to do next is no word for what happened


def test_a_vessels_page_tells_when_its_incidents_were_as_the_list_does(
    reader: Reader, night: notebooks.Night, table: pd.DataFrame
) -> None:
    """Since when it lay at its berth is when nothing happened yet."""
    led = as_led(table, night.opened.events)
    row = led[led["led_start"] - led["start"] > pd.Timedelta(hours=1)].iloc[0]
    page = reader.page(f"/vessel/{row['mmsi']}")
    [when] = [
        Page(f"<body>{line}</body>").all("td")[1][1]
        for line in re.findall(r"<tr>.*?</tr>", page.html)
        if f"/incident/{row['incident_id']}" in line
    ]
    begun = row["led_start"].tz_convert("Asia/Kuala_Lumpur")
    assert when.startswith(f"{begun:%d %b %H:%M}")


def test_a_past_nights_page_of_a_vessel_tells_what_was_concluded_since(
    own_home: Path, own_nights: Nights, own_reader: Reader
) -> None:
    """The list of that night and the incident's own page tell it, too."""
    night = own_nights.shown("", "en")
    first = night.incidents.iloc[0]
    conclude(own_home, str(first["incident_id"]), reason="she had no fuel")
    page = own_reader.page(f"/vessel/{first['mmsi']:09d}?at={night.night.run['run_id']}")
    assert "she had no fuel" in page.text
    assert "no boarding of it is known" not in page.text


def test_of_what_is_set_aside_a_vessels_page_says_so(
    reader: Reader, own_home: Path, own_reader: Reader
) -> None:
    with store.read(own_home / "store") as opened:
        mmsi = int(opened.sql("SELECT mmsi FROM events WHERE NOT retracted LIMIT 1")["mmsi"].item())
    assert by_own_vessel() not in reader.page(f"/vessel/{mmsi:09d}").text
    told = f"UPDATE {{}} SET reason = reason || '{by_own_vessel()}' WHERE mmsi = {mmsi}"
    for table in ("events", "event_revisions"):
        ask(own_home, told.format(table))
    assert by_own_vessel() in own_reader.page(f"/vessel/{mmsi:09d}").text
    own_reader.send("/settings", language="ms", operator="Lt Aminah")
    said = by_own_vessel(labels("ms").say)
    assert said in own_reader.page(f"/vessel/{mmsi:09d}").text


def test_health_is_what_status_and_doctor_say(reader: Reader, desk_home: Path) -> None:
    health, problems = look(load(desk_home), pd.Timestamp.now("UTC").to_pydatetime(), afresh=False)
    page = reader.page("/health")
    assert problems
    for one in problems:
        assert one_line(one.message, 1200) in page.text
        assert one_line(one.hint, 1200) in page.text
    assert health is not None
    paths = {row[0] for row in feed_rows(health)} | {
        one.where.partition(" ")[2] for one in problems
    }
    paths = {path for path in paths if path.startswith("/")}
    assert paths
    titles = {
        about["title"].removeprefix("feed ") for about, _ in page.all("bdi") if "title" in about
    }
    assert titles == paths
    assert not any(path in page.text for path in paths)
    assert all(Path(path).name in page.text for path in paths)
    for name, text in facts(health)[:1]:
        assert name in page.text
        assert text in page.text


@pytest.mark.parametrize("days", [0, 14])
def test_what_was_heard_is_drawn_and_said(desk_home: Path, days: int) -> None:
    """A block of each kind, one of them south of the equator."""
    counts = ((900, 1000.0), (500, 1000.0), (20, 1000.0), (0, 1000.0), (300, 2.0), (5, 4.0))
    blocks = tuple(reception.Block(1 - k, 101.0 + k / 2, *one) for k, one in enumerate(counts))
    coverage = reception.Coverage(NOW, days, blocks, 2, 4200.0)
    told = heard.heard(load(desk_home), coverage, labels("en"))
    assert told is not None
    assert told.drawn is not None
    regions = json.loads(told.drawn.data)["regions"]
    looks = {one["key"]: one["look"] for one in regions}
    kinds = list(heard.WORDS) if days else ["heard_usual"] * 5 + ["heard_few"]
    assert list(looks.values()) == kinds
    assert told.said[1].startswith("2 gaps, the longest ")
    assert sum(n for *_, n in told.kinds) == len(blocks)
    assert [row.reports for row in told.rows][:2] == [0, 20]  # what is missing most comes first
    assert told.rows[0].where == "2°S–1°S 102°30′E–103°E"
    assert {row.key for row in told.rows} == set(looks)
    assert heard.heard(load(desk_home), replace(coverage, blocks=()), labels("en")) is None


def test_coverage_is_a_map_with_its_text(reader: Reader) -> None:
    page = reader.page("/health")
    holds_up(page)
    assert page.all("script", id="data")
    assert page.all("tr", id="block+3+101.0") or page.all("tr", id="block+2+101.5")
    assert "█" not in page.text


def test_a_past_night_is_shown_as_it_was_known(reader: Reader, night: notebooks.Night) -> None:
    run_id = night.run["run_id"]
    [link] = [about["href"] for about, _ in reader.page("/nights").all("a", **{"class": "title"})]
    page = reader.page(link)
    assert f"at={run_id}" in link
    assert "as it was known then" in page.text
    assert all(
        about["href"].endswith(f"?at={run_id}") for about, _ in page.all("a", **{"class": "title"})
    )
    assert reader.page(f"/incident/{page.lines()[0]}?at={run_id}").all("h1")
    reader.page("/?at=2001-01-01", 404)
    reader.page("/?at=whenever", 404)


def test_a_new_run_is_told_of(
    reader: Reader, night: notebooks.Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = reader.client.get("/live?on=").json()
    assert told["run"] == night.run["run_id"]
    assert reader.page("/").all("p", id="live")[0][0]["data-run"] == told["run"]
    reader.page("/live?on=../nights", 400)
    assert str(told["concluded"]) == reader.page("/").all("p", id="live")[0][0]["data-counted"]
    monkeypatch.setattr(rooms, "count", lambda *_: 1 / 0)  # a store that can't be read for once
    assert reader.client.get("/live?on=").json()["concluded"] is None  # else: somebody concluded


def test_every_page_in_malay_and_the_name_that_was_given(
    reader: Reader, table: pd.DataFrame
) -> None:
    reader.send("/settings", language="ms", operator="Lt <b>Siti</b>", back="/health")
    try:
        page = reader.page("/?certainty=high")
        incident_page = reader.page(f"/incident/{page.lines()[0]}")
        vessel = re.search(r"/vessel/[0-9]{9}", incident_page.html)
        assert vessel is not None
        vessel_page, health = reader.page(vessel[0]), reader.page("/health")
    finally:
        reader.send("/settings", language="en", operator="Lt Aminah")
    assert page.all("html")[0][0]["lang"] == "ms"
    assert "insiden" in page.all("h1")[0][1]
    assert "kepastian high" not in page.text
    assert "kepastian" in page.text
    assert table["title"].iloc[0] not in page.text
    assert table["title"].iloc[0].split(":")[0] in page.text  # the name is its own
    assert "(English" not in page.text
    assert page.all("summary")[0][1] == "Lt <b>Siti</b>"
    assert "Apa yang dinyatakannya" in vessel_page.text
    assert "[Inggeris: " not in incident_page.text.split("Bukti")[1].split("Alasan")[0]
    assert [one for one, _ in health.all("bdi") if one.get("lang") == "en"] == []
    assert "semua fail ada" in health.text


def test_what_is_said_at_the_desk_is_in_the_catalogue() -> None:
    folder = Path(rooms.__file__).parent
    said = {
        first or second
        for path in (
            *folder.glob("pages/*.j2"),
            Path(explained.__file__).with_name("sections.html.j2"),
        )
        for first, second in re.findall(
            r"""\bt\((?:"([^"]*)"|'([^']*)')""", path.read_text(encoding="utf-8")
        )
    }
    for path in folder.glob("*.py"):
        said |= set(re.findall(r'at_desk\(\s*"([^"]*)"', path.read_text(encoding="utf-8")))
    explaining = Path(explained.__file__).read_text("utf-8")
    said |= set(re.findall(r'\bt\(\s*"([^"]*)"', explaining)) | {PROVISIONAL}
    plain = {told: name for name, told in labels("en").desk.items()}
    said |= {plain.get(told, told) for told in map(labels("en").field, STATED)}
    said |= {clocks.SAID, clocks.USUAL, clocks.AT_TIMES, clocks.BOTH}
    said |= {unfit.LACKS, *unfit.LIMITS.values(), *unfit.SUBKINDS.values()}
    said |= {word for word in nav_status_words(range(16)) if word}
    said |= {reasons.BEST, reasons.WEAKER, reasons.NO, reasons.UNTRIED}
    said |= set(re.findall(r't\("([^"]*)"', Path(unfit.__file__).read_text("utf-8")))
    kinds = labels("en").kinds  # are told as the list tells them
    said |= {text for pair in pages.GLOSSARY for text in pair if text not in kinds}
    said |= {text for _, text in concluding.QUIET}
    said |= set(re.findall(r'Lacks\(\s*"([^"]*)"', Path(previewing.__file__).read_text("utf-8")))
    said |= {text.replace("_", " ") for name, _, why in concluding.CHOICES for text in (name, why)}
    said |= {*areas.WORDS_ZONES.values(), *areas.WORDS_WHEN.values(), *areas.WORDS_VESSELS.values()}
    said |= {*areas.LICENSED.values(), *areas.WORDS_ASKS.values(), *heard.WORDS.values()}
    known = labels("ms").desk
    assert said - known.keys() == set()
    for text, told in known.items():
        assert sorted(re.findall(r"{\w+}", text)) == sorted(re.findall(r"{\w+}", told)), text


@pytest.mark.parametrize(
    ("made", "english", "malay"),
    [
        (
            Watch("stop", 0.4, (1200, 360), ("tanker", "class_b"), 1800, 2.5),
            "stops, 30 min or more, at most 2.5 kn, 20:00 to 06:00 local time, "
            "only tankers / with a class B set",
            "berhenti, 30 min atau lebih, paling laju 2.5 kn, 20:00 hingga 06:00 waktu tempatan, "
            "hanya tangki / dengan set kelas B",
        ),
        (
            Rule("speed_kn_max", 12.0, "the port", date(2025, 8, 1)),
            "a limit of speed, 12 kn (the port (from 2025-08-01))",
            "had laju, 12 kn (the port (sejak 2025-08-01))",
        ),
        (Rule("ais", "required", "P.U."), "AIS required (P.U.)", "AIS diwajibkan (P.U.)"),
    ],
)
def test_a_rule_is_told_in_words(made: Watch | Rule, english: str, malay: str) -> None:
    """A page of places listed them as their file has them: "anchoring: prohibited", "class_a"."""
    assert areas.in_words(made, labels("en")) == english
    assert areas.in_words(made, labels("ms")) == malay


def test_pages_can_be_read_by_those_who_do_not_see_them(
    reader: Reader, night: notebooks.Night, table: pd.DataFrame
) -> None:
    for address in every_page(table, night):
        holds_up(reader.page(address, 404 if address == "/nowhere" else 200))


def holds_up(page: Page) -> None:
    """One heading, landmarks, a name for every field, no id twice, heads of tables."""
    assert page.all("html")[0][0]["lang"] == "en"
    assert page.all("title")[0][1]
    assert len(page.all("h1")) == len(page.all("main")) == len(page.all("header")) == 1
    assert page.all("h1")[0][1]
    navs = [about["aria-label"] for about, _ in page.all("nav")]
    assert len(navs) == len(set(navs))
    ids = [about["id"] for _, about, _ in page.elements if "id" in about]
    assert len(ids) == len(set(ids))
    inside = labelled(page.html)
    for tag in ("input", "select", "textarea"):
        for about, _ in page.all(tag):
            named = about.get("aria-label") or about.get("type") == "hidden"
            assert named or about.get("name") in inside or about.get("id") in inside, about
    for about, text in [*page.all("button"), *page.all("a")]:
        assert text or about.get("aria-label"), about
    for about, _ in page.all("th"):
        assert about["scope"] in {"col", "row", "rowgroup"}
    assert not [about for _, about, _ in page.elements if about.get("tabindex", "0") not in "0-1"]


def labelled(html: str) -> set[str]:
    """Names and ids of fields that stand in a label."""
    found = re.findall(r"<label\b.*?</label>", html, re.DOTALL)
    return {name for label in found for name in re.findall(r'(?:name|id)="([^"]+)"', label)}


@pytest.mark.parametrize("light", ["day", "night"])
def test_texts_stand_out_from_what_they_stand_on(light: str) -> None:
    pairs = [
        (ink, on)
        for ink in ("ink", "quiet", "magenta", "teal", "warn")
        for on in ("paper", "panel")
    ]
    for ink, on in [
        *pairs,
        ("on-magenta", "magenta"),
        ("ink", "magenta-soft"),
        ("warn", "warn-bg"),
    ]:
        text, ground = (luminance(getattr(COLOURS[name], light)) for name in (ink, on))
        ratio = (max(text, ground) + 0.05) / (min(text, ground) + 0.05)
        assert ratio >= 4.5, f"{ink} on {on} by {light}: {ratio:.2f}"  # WCAG 2.2, 1.4.3


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    digits = colour.removeprefix("#")
    digits = "".join(2 * c for c in digits) if len(digits) == 3 else digits
    parts: list[Any] = [int(digits[k : k + 2], 16) / 255 for k in (0, 2, 4)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return float(0.2126 * red + 0.7152 * green + 0.0722 * blue)


def test_a_new_run_takes_the_desk_over_and_old_links_lead_to_their_night(
    own_reader: Reader, own_home: Path, night: notebooks.Night, table: pd.DataFrame
) -> None:
    assert len(own_reader.page("/").lines()) == len(table)
    new = "'quiet' AS run_id, ordinal + 1 AS ordinal"
    ask(own_home, f"INSERT INTO runs SELECT * REPLACE ({new}) FROM runs")
    assert own_reader.client.get("/live").json()["run"] == "quiet"
    page = own_reader.page("/")
    assert page.lines() == []
    assert "No vessel was flagged" in page.text
    incident = f"/incident/{table['incident_id'].iloc[0]}"
    answer = own_reader.client.get(incident, follow_redirects=False)
    assert answer.headers["location"] == f"{incident}?at={night.run['run_id']}"
    page = own_reader.page(incident)
    assert "as it was known then" in page.text
    assert "Areas that changed since" not in page.text


def test_a_past_night_says_which_areas_are_those_of_today(desk_home: Path, tmp_path: Path) -> None:
    """One of its areas was drawn anew since: what it was then, nobody kept."""
    config = Path(shutil.copytree(PROJECT / "config", tmp_path / "config"))
    drawn = config / "zones" / "ports.geojson"
    drawn.write_text(drawn.read_text().replace('"Port Klang', '"Old Port Klang', 1))
    with drawing_no_maps():
        reader = Reader(Desk(load(desk_home, config), "Lt Aminah"))
        [(about, _)] = reader.page("/nights").all("a", **{"class": "title"})
        said = "Areas that changed since are drawn as they are now: ports.geojson."
        assert said in reader.page(about["href"]).text
        assert said not in reader.page("/").text


def test_a_run_that_came_to_nothing_is_the_first_thing_said(
    own_reader: Reader, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "LOOK_EVERY", timedelta(-1))
    failed = own_home / "FAILED"
    failed.write_text("2026-11-27: the feed <b>is gone</b>")
    page = own_reader.page("/")
    [(_, alert)] = page.all("p", role="alert")
    assert "this is the last one that ended" in alert
    assert "the feed <b>is gone</b>" in alert
    assert not page.all("details", role="alert")  # the run that is shown lacks nothing
    assert "Complete." in page.text


def test_without_a_run_it_says_what_to_do(tmp_path: Path) -> None:
    reader = Reader(Desk(load(tmp_path)))
    assert "ingest a feed first" in reader.page("/", 404).text
    assert "No run has finished yet" in reader.page("/nights").text
    assert reader.client.get("/live").json()["run"] == ""
    guest = Reader(Desk(load(tmp_path / "part"), whole=load(tmp_path))).page("/", 404)
    assert "Nothing that you may see has come yet." in guest.text
    assert "ingest a feed" not in guest.text, "that isn't theirs to do"
    (tmp_path / "FAILED").write_text("2026-11-27: the feed <b>is gone</b>")
    assert "the feed <b>is gone</b>" in reader.page("/", 404).text, "somebody did start one"


def test_health_tells_of_a_store_that_cannot_be_opened(desk_home: Path, tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    shutil.copy(desk_home / "examined.json", tmp_path)
    (tmp_path / "store" / "catalogue.duckdb").write_bytes(b"no database" * 1000)
    reader = Reader(Desk(load(tmp_path)))
    assert "can't be opened" in reader.page("/health").text
    assert "can't be opened" in reader.page("/", 404).text


def test_the_plan_says_who_goes_where_and_who_is_left_out(
    own_reader: Reader, own_home: Path, night: notebooks.Night
) -> None:
    assert "No plan was made" in own_reader.page("/plan").text
    folder = own_home / "runs" / night.run["run_id"]
    stop: dict[str, Any] = {
        "task": "boarding",
        "rank": 1,
        "mmsi": "563000101",
        "name": "<b>STAR</b>",
        "sector": None,
    }
    stop |= {"depart": "2026-01-06T10:00:00Z", "begin": "2026-01-06T10:41:00Z"}
    stop |= {"end": "2026-01-06T12:41:00Z", "lat": 6.5, "lon": 99.5, "course_deg": 48}
    stop |= {"distance_nm": 12.3, "speed_kn": 18, "chance": 0.924}
    stop["territorial_sea"] = "<b>Thailand</b>"
    stop["route"] = [[100.6, 4.2], [99.5, 6.5]]
    nameless = {**stop, "mmsi": "563000103", "name": ""}
    row = night.incidents[night.incidents["rank"] > 0].iloc[-1]
    boat = {**stop, "mmsi": None, "name": "", "rank": int(row["rank"])}
    del nameless["territorial_sea"]  # as of a plan that was made before
    back = {**stop, "task": "return", "mmsi": None, "rank": None, "name": "", "chance": None}
    sortie: dict[str, Any] = {
        "unit": "KM Tegas",
        "sortie": 1,
        "base": {"name": "Lumut"},
        "distance_nm": 24.6,
    }
    sortie |= {
        "watch": {"opens": stop["depart"], "closes": stop["end"]},
        "stops": [stop, nameless, boat, back],
    }
    left = {"mmsi": "563000102", "name": "HAI", "reason": "out of reach", "detail": "86 nm"}
    left["rank"] = 4
    abroad = labels("en").plan.abroad.format(stops="KM Tegas 1 (<b>Thailand</b>)")
    made: dict[str, Any] = {"stale_after": stop["end"], "notes": [abroad, "Not for navigation."]}
    made |= {"sorties": [sortie], "left_out": [left], "intercepts": [], "sectors": []}
    for text, told in ((json.dumps(made), True), ("{", False), ("[1]", False)):
        (folder / "plan.json").write_text(text)
        page = own_reader.page("/plan")
        assert ("KM Tegas" in page.text) == told
        assert ("No plan was made" in page.text) != told
        if told:
            assert "06 Jan 18:41" in page.text
            who, *_ = page.all("table")  # who goes where when, before the map and how
            assert page.html.index("<table") < page.html.index('id="map"')
            assert all(one in who[1] for one in ("KM Tegas", "board <b>STAR</b>", "back at Lumut"))
            assert "board <b>STAR</b>" in [text for _, text in page.all("td")]
            assert "board MMSI 563000103" in [text for _, text in page.all("td")]
            assert "back at Lumut" in [text for _, text in page.all("td")]
            assert f"board {row['rank']} boat without AIS" in [text for _, text in page.all("td")]
            assert f'href="/incident/{row["incident_id"]}">boat without AIS</a>' in page.html
            assert "out of reach: 86 nm" in page.text
            where = [text for _, text in page.all("td") if text.startswith("06°30.00′N")]
            assert where[0].endswith("in the territorial sea of <b>Thailand</b>")
            assert where[1] == "06°30.00′N 099°30.00′E"
            stale, caution = page.all("p", role="alert")
            assert "out of date" in stale[1]
            assert caution[1] == abroad
            assert abroad not in [text for _, text in page.all("li")]
            holds_up(page)
    before = abroad.partition("The units' file")[0] + "Whether a unit may go there is NOT checked."
    (folder / "plan.json").write_text(json.dumps({**made, "notes": [before]}))
    assert before in [text for _, text in own_reader.page("/plan").all("p", role="alert")]


def test_an_incident_says_which_unit_can_be_with_it_when(
    own_reader: Reader, own_home: Path, night: notebooks.Night
) -> None:
    row = next(r for r in night.incidents.to_dict("records") if r["vessels"])
    mmsi, address = str(row["vessels"])[:9], f"/incident/{row['incident_id']}"
    ask(own_home, f"UPDATE statics SET name = 'KM \"A\" & B' WHERE mmsi = {int(mmsi)}")
    pair: dict[str, Any] = {"mmsi": mmsi, "lat": 2.5, "lon": 101.25, "chance": 0.4}
    pair["rank"] = int(row["rank"])
    pair |= {"possible": True, "reason": "", "out_nm": 22.4, "speed_kn": 18}
    met = {**pair, "begin": "2026-01-06T01:30:00Z", "task": "boarding", "name": "X", "sector": ""}
    met["route"] = [[101.0, 2.0], [101.25, 2.5]]
    sortie = {"unit": "KM Satu", "sortie": 1, "base": {"name": "Lumut"}, "stops": [met]}
    pairs = [
        {**pair, "unit": "KM Satu", "time": "2026-01-06T01:30:00Z"},
        {**pair, "unit": "KM Dua", "time": "2026-01-06T05:00:00Z"},
        {**pair, "unit": "KM Dua", "time": "2026-01-06T03:00:00Z"},
        {**pair, "unit": "KM <b>", "possible": False, "time": "2026-01-06T02:00:00Z"},
    ]
    pairs[3]["reason"] = "out of reach"
    path = own_home / "runs" / night.run["run_id"] / "plan.json"
    plan = {"sorties": [sortie], "intercepts": pairs, "sectors": []}

    def told(**more: Any) -> str:
        path.write_text(json.dumps({**plan, **more}))
        page = own_reader.page(address)
        holds_up(page)
        return " ".join(text for _, text in page.all("dd"))

    text = told()
    assert 'KM Satu sails: with KM "A" & B 06 Jan 09:30 MYT' in text
    assert 'KM Dua could be with KM "A" & B 06 Jan 11:00 MYT' in text
    assert "KM <b>" not in text
    text = told(sorties=[], intercepts=pairs[3:])
    assert "KM <b> can't be with it: out of reach, 22 nm from its base" in text
    late = {**pairs[3], "unit": "KM Lewat", "out_nm": 30.0, "reason": "outside watch hours"}
    text = told(sorties=[], intercepts=[*pairs[3:], late, {**late, "unit": "B", "chance": 0.2}])
    assert "KM Lewat can't be with it: outside watch hours, 30 nm" in text, "as the plan tells it"
    assert "no unit" in told(sorties=[], intercepts=[])
    unseen = {**met, "mmsi": None, "name": ""}
    text = told(sorties=[{**sortie, "stops": [unseen]}], intercepts=[{**pairs[1], "mmsi": ""}])
    assert "KM Satu sails: with boat without AIS 06 Jan 09:30 MYT" in text
    assert "KM Dua could be with boat without AIS" in text
    path.unlink()
    assert "make the plan" in " ".join(text for _, text in own_reader.page(address).all("dd"))


def test_beside_a_number_of_the_plan_stands_who_is_boarded(
    shown: Shown, table: pd.DataFrame
) -> None:
    """Not another vessel of that incident, whom nobody sails to."""
    table = table[(table["rank"] > 0) & table["vessels"].str.contains(r" \| ")]
    row = table.sort_values("vessels", key=lambda one: -one.str.len()).iloc[0]
    stop = {"mmsi": f"{row['mmsi']:09d}", "rank": int(row["rank"]), "task": "boarding"}
    stop |= {"name": "", "sector": "", "lat": 2.5, "lon": 101.25, "chance": 0.4}
    stop["route"] = [[101.0, 2.0], [101.25, 2.5]]
    sortie = {"unit": "KM Satu", "sortie": 1, "base": {"name": "Lumut"}, "stops": [stop]}
    plan = {"sorties": [sortie], "intercepts": [], "sectors": []}
    charts = Charts()
    whole = json.loads(str(charts.night(shown, {int(row["rank"])}).data))["vessels"]
    assert len(whole) > 1
    named = json.loads(str(charts.plan(shown, plan).data))["vessels"]
    assert [one["mmsi"] for one in named] == [row["mmsi"]]


def test_the_desk_shows_a_plan_that_sends_a_unit_to_a_boat_without_ais(
    own_reader: Reader, own_home: Path, night: notebooks.Night
) -> None:
    """As the plan's own files have it: without an MMSI, by the rank of its incident."""
    last = night.incidents.nlargest(2, "rank")
    (rank, other), (incident, _) = last["rank"].tolist(), last["incident_id"].tolist()
    ask(own_home, f"UPDATE incidents SET vessels = '', mmsi = 0 WHERE rank IN ({rank}, {other})")
    start = pd.Timestamp(night.run["end"])
    seen_us = int((start - pd.Timedelta("10min")).value // 1000)
    boats = [
        Boat(key, str(key), 0.4, "Something", seen_us, lat, lon, 12.0, 0.0)
        for key, lat, lon in ((rank, 2.35, 101.3), (other, 3.9, 100.3))
    ]
    bare = replace(inputs(tracked, [(533000001, 3.9, 101.9, 0.0, 0)]), start=start)
    every = config(unit("KM Satu", boardings=1))
    plan = make(replace(bare, boats=tuple(boats), unheard=(99,)), every, SeaMap(small_land(), BOX))
    path = own_home / "runs" / night.run["run_id"] / "plan.json"
    path.write_text(tables.to_json(Planned(plan)))
    page = own_reader.page("/plan")
    links = [about["href"] for about, text in page.all("a") if text == "boat without AIS"]
    assert links.count(f"/incident/{incident}") == 2
    assert len(links) == 3  # the other one is left out
    assert f"board {rank} boat without AIS" in [text for _, text in page.all("td")]
    assert "-00000" not in page.html
    holds_up(page)
    told = " ".join(t for _, t in own_reader.page(f"/incident/{incident}").all("dd"))
    assert "KM Satu sails: with boat without AIS" in told
    note = "NOT IN THIS PLAN: 99 on the list of incidents, which AIS doesn't show"
    unheard = next(text for text in tables.document(Planned(plan))["notes"] if note in text)
    malay = labels("ms")
    assert units.said(unheard, malay) == one_line(malay.plan.unheard.format(numbers="99"), 500)


@pytest.mark.usefixtures("without_maps")
def test_an_incident_that_rests_on_a_wrong_clock_says_so(
    desk_home: Path, night: notebooks.Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, end = night.run["start"], night.run["end"]
    heard = {
        str(row["incident_id"]): clocks.Heard(frozenset({int(row["mmsi"])}), start, end)
        for row in night.incidents.to_dict("records")
        if row["mmsi"]
    }
    with store.read(desk_home / "store") as reader:
        paths = reader.sql("SELECT path FROM files")["path"].tolist()
        stations = sorted(set(reader.receptions(paths, start)["station"]))
        everywhere = clocks.doubts(reader, heard, dict.fromkeys(stations, clocks.Off()))
        one = clocks.doubts(reader, heard, {stations[0]: clocks.Off(28.0)})
        assert clocks.doubts(reader, heard, {"NOBODY": clocks.Off(1.0)}) == {}
        assert set(clocks.wrong_clocks(reader, start, end)) <= set(stations)
    assert {key: doubt.share for key, doubt in everywhere.items()} == dict.fromkeys(heard, 1.0)
    assert all(tuple(doubt.by) == (stations[0],) for doubt in one.values())
    said = f"clocks are wrong: {stations[0]} by 28 s."
    assert all(said in doubt.said(str.format) for doubt in one.values())
    assert all(clocks.LEAST <= doubt.share <= 1 for doubt in one.values())
    both = clocks.Off(28.0, 780.0)
    monkeypatch.setattr(clocks, "wrong_clocks", lambda *_: dict.fromkeys(stations, both))
    page = Reader(Desk(load(desk_home))).page(f"/incident/{next(iter(heard))}")
    assert "100% of its reports came by receivers whose clocks are wrong: " in page.text
    assert " by 28 s as a rule, 780 s (13 min) for a time" in page.text


def test_each_measure_of_a_clock_is_told_as_what_it_is() -> None:
    say = str.format
    assert clocks.Off(28.0).said("R", say) == "R by 28 s"
    assert clocks.Off(0.0, 214.4).said("R", say) == "R by 214 s (4 min) for a time"
    assert clocks.Off(28.0, 20.0).said("R", say) == "R by 28 s"
    assert clocks.Off().said("R", say) == "R"


def test_a_vessel_has_a_slot_for_its_photograph(
    own_reader: Reader, own_home: Path, night: notebooks.Night
) -> None:
    mmsi = next(str(r["vessels"])[:9] for r in night.incidents.to_dict("records") if r["vessels"])
    page = own_reader.page(f"/vessel/{mmsi}")
    assert f"photographs/{mmsi}.jpg" in page.text
    assert not page.all("img")
    folder = own_home / "photographs"
    folder.mkdir()
    png = b"\x89PNG\r\n\x1a\n" + bytes(16)
    (folder / f"{mmsi}.jpg").write_text("<svg onload=alert(1)>")
    own_reader.page(f"/photograph/{mmsi}", 404)
    (folder / f"{mmsi}.png").write_bytes(png)
    assert [dict(one)["src"] for one, _ in own_reader.page(f"/vessel/{mmsi}").all("img")] == [
        f"/photograph/{mmsi}"
    ]
    answer = own_reader.client.get(f"/photograph/{mmsi}")
    assert (answer.headers["content-type"], answer.content) == ("image/png", png)
    assert answer.headers["x-content-type-options"] == "nosniff"
    (folder / f"{mmsi}.png").unlink()
    (folder / f"{mmsi}.webp").symlink_to("/etc/hostname")
    own_reader.page(f"/photograph/{mmsi}", 404)


@pytest.mark.usefixtures("without_maps")
def test_silences_of_the_same_minutes_name_one_another(
    desk_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = Nights(load(desk_home)).shown("", "en")
    monkeypatch.setattr(Nights, "shown", lambda *_: shown)
    lines = [one for one in shown.lines if one.kind == "gap" and one.vessels]
    one = lines[0]
    other = next(line for line in lines if line.main != one.main)
    events = pd.DataFrame(shown.night.events)
    gap = events["kind"] == "gap"
    own = gap & events["event_id"].isin(one.events) & (events["mmsi"] == one.main)
    its = gap & events["event_id"].isin(other.events) & (events["mmsi"] == other.main)
    first = events[own].iloc[0]
    for name, value in {
        "start": first["start"] + pd.Timedelta(minutes=2),
        "end": first["start"] + pd.Timedelta(minutes=90),
        "lat": first["lat"] + 0.05,
        "lon": first["lon"],
        "score": 0.01,
    }.items():
        events.loc[its, name] = value
    reader = Reader(Desk(load(desk_home)))
    for far, until, told in ((0.05, 90, True), (0.5, 90, False), (0.5, None, True)):
        end = events.loc[own, "end"].iloc[0] if until is None else None
        events.loc[its, "lat"] = first["lat"] + far
        if end is not None:
            events.loc[its, "end"] = end + pd.Timedelta(minutes=1)
        beside = replace(shown.silences, each=silences.beside(events))
        monkeypatch.setitem(vars(shown), "silences", beside)
        for line, another in ((one, other), (other, one)):
            page = reader.page(f"/incident/{line.incident_id}")
            said = [text for _, text in page.all("dd") if shown.teller.name(another.main) in text]
            named = [text for text in said if f"incident {another.number}" in text]
            assert bool(named) == told, (far, until, said)
        assert ("the very same minutes" in page.text) == (until is None)
        name = shown.teller.name(other.main)
        cards = [text for _, text in reader.page("/").all("p") if text.startswith("Also silent")]
        assert any(name in text for text in cards) == told


@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.prove)])
def test_the_plan_is_made_at_the_desk_as_the_command_makes_it(
    own_reader: Reader,
    own_home: Path,
    night: notebooks.Night,
    monkeypatch: pytest.MonkeyPatch,
    whole: bool,
) -> None:
    asked: list[Any] = []
    path = own_home / "runs" / night.run["run_id"] / "plan.json"
    nothing: dict[str, Any] = {
        name: [] for name in ("sorties", "left_out", "intercepts", "sectors")
    }

    def quickly(installation: Any, run_id: str, start: Any, say: Any) -> Any:
        asked.append((installation.home, run_id, start))
        say("reading")
        if whole:
            return flow.plan_run(installation, run_id, start, say, use_solver=False)
        return {"stale_after": "2026-01-06T12:00Z", "notes": [], **nothing}

    monkeypatch.setattr(planned, "plan_run", quickly)
    if not whole:
        monkeypatch.setattr(planned, "write", lambda _, made: path.write_text(json.dumps(made)))
    own_reader.send("/plan")
    for _ in range(600):
        page = own_reader.page("/plan")
        if not page.all("div", id="work"):
            break
        time.sleep(0.05)
    made = json.loads(path.read_text())
    for one in made["sorties"]:
        assert one["unit"] in page.text
    if leaving := [one["leaves"] for one in made["sorties"] if one["leaves"]]:
        path.write_text(json.dumps(made | {"stale_after": min(leaving)}))
        late = sum(leaves > min(leaving) for leaves in leaving)
        assert own_reader.page("/plan").text.count("Leaves after this plan is stale") == 2 * late
    assert asked == [(own_home, night.run["run_id"], None)]
    assert "Make the plan anew" in page.text


def told_about(page: Page) -> dict[str, str]:
    """What the head of an incident's page says under each of its words."""
    told = [
        (tag, " ".join("".join(texts).split()))
        for tag, _, texts in page.elements
        if tag in {"dt", "dd"}
    ]
    return {name: text for (tag, name), (_, text) in pairwise(told) if tag == "dt"}


def test_an_incident_says_in_whose_territorial_sea_it_lies(
    reader: Reader, night: notebooks.Night
) -> None:
    """And where its vessel was heard last, which a name of the other shore would hide."""
    rows = night.incidents.to_dict("records")
    own = sea_states(night.zones, *([row[name] for row in rows] for name in ("lat", "lon")))
    assert len({*own} - {""}) > 1
    last = sea_states(
        night.zones, *([row[f"last_{name}"] for row in rows] for name in ("lat", "lon"))
    )
    each = {(state, other): (row, state) for row, state, other in zip(rows, own, last, strict=True)}
    for row, state in each.values():  # of each pair of shores one
        about = told_about(reader.page(f"/incident/{row['incident_id']}"))
        said = f"in the territorial sea of {state} (by the reference layer, no legal limit)"
        assert (said in about["Where"]) == bool(state)
        assert ("territorial sea" in about["Where"]) == bool(state)
        if "Last heard" in about and row["last_lat"] == row["last_lat"]:
            [last] = sea_states(night.zones, [row["last_lat"]], [row["last_lon"]])
            assert about["Last heard"].endswith(f", in the territorial sea of {last}") == bool(last)


@pytest.mark.parametrize("n_hulls", [3, 2])
def test_each_hull_that_sent_a_number_is_said_to_be_somewhere(n_hulls: int) -> None:
    """Who is to look at them needs to know where they are; an event names two, and counts all: of
    few misdated reports that made a track of their own no hull is told, as its sentence tells none.
    """
    hours = pd.to_datetime([f"2026-01-06T03:{minute}Z" for minute in ("00", "58", "30", "10")])
    reports = pd.DataFrame(
        {"time": hours, "track_id": [101, 101, 102, 103], "lat": [1.0, 1.5, 2.0, 2.5], "lon": 103.0}
    ).assign(sog_kn=12.0, cog_deg=90.0)
    events = pd.DataFrame({"mmsi": [1, 1], "subkind": ["two_hulls", "crossed"]})
    shown: Any = SimpleNamespace(
        events_of=lambda _: events.assign(evidence=[{"n_hulls": n_hulls}, {}]),
        night=SimpleNamespace(track=lambda _: reports, zones=Zones.none()),
        teller=SimpleNamespace(name=lambda _: "HORIZON"),
        words=labels("en"),
    )
    line: Any = SimpleNamespace(events=("a", "b"))
    assert [(name, text[:18]) for name, text, _ in incident._hulls(shown, line, 1)] == [
        ("HORIZON, hull 1", "01°30.00′N 103°00.0"[:18]),
        ("HORIZON, hull 2", "02°00.00′N 103°00.0"[:18]),
        ("HORIZON, hull 3", "02°30.00′N 103°00.0"[:18]),
    ][:n_hulls]
    assert incident._hulls(shown, line, 2) == []
