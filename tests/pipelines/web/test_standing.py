"""How a lead stands by what was concluded on it; what its certainty and score are said to be."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from pipelines import store
from pipelines.ask import recall
from pipelines.ask.health import problems
from pipelines.ask.health.model import LastLook
from pipelines.ask.look import look
from pipelines.assess.dispositions import PART
from pipelines.assess.dispositions.outcomes import holding
from pipelines.assess.incidents import vessels_in
from pipelines.assess.incidents.first import CERTAINTIES
from pipelines.base.labels import labels
from pipelines.base.settings import HealthSettings, load
from pipelines.base.text import age
from pipelines.cli.main import app
from pipelines.publish import earlier
from pipelines.publish.plan import words
from pipelines.publish.products import Planned
from pipelines.reference.codes import flag_states
from pipelines.run import dispositions
from pipelines.run.plan import concluded_of, plan_run
from pipelines.web import charts, rooms, tonight, units, waters, weighed
from pipelines.web.line import Line
from pipelines.web.night import Nights, Shown
from tests.pipelines.web.conftest import Reader, ask, conclude, few, first_of, recorded

NOW = datetime(2026, 11, 27, 2, tzinfo=UTC)


def test_a_lead_that_nobody_could_tell_stays_open_on_cards_and_in_the_plan(
    own_reader: Reader, own_home: Path, own_nights: Nights, table: pd.DataFrame
) -> None:
    few(own_home, 3)
    ranked = table[table["rank"].between(1, 3)]
    row = ranked[ranked["mmsi"] > 0].iloc[0]
    address = f"/incident/{row['incident_id']}"

    def sailed_for() -> bool:
        with store.read(own_home / "store") as one:
            run = one.last_run()
            assert run is not None
            closed = concluded_of(
                one.flags(run["run_id"]),
                one.incidents(run["run_id"]),
                holding(one.dispositions(), one.heirs()),
            )
        return row["mmsi"] not in closed

    def line() -> Line:
        lines = own_nights.shown("", "en").lines
        return next(one for one in lines if one.incident_id == row["incident_id"])

    for other in ranked["incident_id"]:
        if other != row["incident_id"]:
            conclude(own_home, other)
    own_reader.send(address, conclusion="unknown", reason="lost in the dark")
    assert line().open
    assert sailed_for()
    [first] = first_of(own_nights)
    assert first.line.incident_id == row["incident_id"]
    assert first.why.startswith("left open")
    assert row["incident_id"] in own_reader.page("/?news=open").lines()
    conclude(own_home, row["incident_id"], "boarded", reason="47 people")
    assert not line().open
    assert not sailed_for()
    assert first_of(own_nights) == ()
    assert own_reader.send(f"{address}/withdraw", reason="<i>the wrong boat")
    assert line().open, "what held before holds again"
    assert sailed_for()
    page = own_reader.page(address)
    items = [text for _, text in page.all("li") if "Lt Aminah" in text]
    assert [text.split()[0] for text in items] == ["withdrawn", "boarded", "unknown"]
    assert [text for _, text in page.all("s")] == ["boarded"]
    assert "Withdraw your conclusion: unknown" in page.text
    assert "<i>the wrong boat" in page.text, "as text"


def test_a_plan_says_whom_it_cannot_go_for_until_that_is_concluded(
    own_home: Path, table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What AIS doesn't show is on the list and in no sortie."""
    unseen = table[table["rank"] > 0].sort_values("rank").iloc[-3:]
    ranks, held = unseen["rank"].tolist(), store.Queries.incidents

    def without_a_vessel(self: store.Queries, run_id: str) -> pd.DataFrame:
        found = held(self, run_id)
        return found.assign(mmsi=found["mmsi"].where(~found["rank"].isin(ranks), 0))

    monkeypatch.setattr(store.Queries, "incidents", without_a_vessel)

    def told() -> tuple[tuple[int, ...], str]:
        made = Planned(plan_run(load(own_home), use_solver=False))
        return made.plan.unheard, " ".join(words.warnings(made))

    first, second, third = unseen["incident_id"]
    conclude(own_home, third)
    unheard, said = told()
    assert unheard == tuple(ranks[:2])
    assert f"NOT IN THIS PLAN: {', '.join(map(str, unheard))} on the list of incidents" in said
    conclude(own_home, second)
    conclude(own_home, first, "boarded", reason="empty")
    assert "NOT IN THIS PLAN" not in told()[1]


def test_only_ones_own_last_conclusion_can_be_withdrawn(
    own_reader: Reader, own_home: Path, table: pd.DataFrame
) -> None:
    address = f"/incident/{table.iloc[0]['incident_id']}"
    ids = table.iloc[0]["events"].split(";")
    refused = own_reader.send(f"{address}/withdraw", 400, reason="nothing there")
    assert "nothing that Lt Aminah concluded on it stands" in refused.text
    dispositions.record(
        load(own_home),
        ids[0],
        author="KM Tegas",
        conclusion="boarded",
        reason="47 people",
        quiet_within_m=0,
    )
    assert "Withdraw your conclusion" not in own_reader.page(address).text
    own_reader.send(f"{address}/withdraw", 400, reason="not mine")
    own_reader.send(f"{address}/withdraw", 400, reason=" ")
    own_reader.send(f"{address}/withdraw", 400, reason=f"{PART}nothing shows] x")
    own_reader.send(address, 400, conclusion="withdrawn", reason="by the other way")
    assert len(recorded(own_home)) == 1
    own = ("--reason", "wrong", "--by", "KM Tegas", "--home", str(own_home))
    done = CliRunner().invoke(app, ["disposition", "withdraw", ids[0], *own])
    assert done.exit_code == 0, done.output
    assert recorded(own_home)["conclusion"].tolist() == ["boarded", "withdrawn"]
    assert "Withdraw your conclusion" not in own_reader.page(address).text


def test_certainty_is_said_to_be_a_band_of_the_score_and_what_made_the_score(
    reader: Reader, shown: Shown, table: pd.DataFrame
) -> None:
    page = reader.page(f"/incident/{table.iloc[0]['incident_id']}")
    bounds = {word: f"{bound:.2f}" for bound, word in CERTAINTIES}
    for text in (labels("en").score_title, page.text):
        assert f"high from {bounds['high']}, moderate from {bounds['moderate']}, low below" in text
    assert page.all("b", title=labels("en").score_title)
    told = {line.incident_id: weighed.steps(shown, line) for line in shown.lines}
    gaps = [line for line in shown.lines if line.kind == "gap"]
    assert gaps
    for line in gaps:
        assert "chance of such a silence there" in told[line.incident_id][0]
    seen: set[tuple[bool, bool, bool]] = set()
    for line in shown.lines:
        lead = shown.events_of(line.events[:1]).iloc[0]
        given = lead["evidence"].explained
        lowered = given is not None and given.weight > 0
        assert told[line.incident_id][1].startswith(
            f"{lead['score']:.2f} after an innocent reason" if lowered else "no innocent reason"
        )
        kind = len(line.events) > 1, lowered, line.kind == "gap"
        if kind in seen:
            continue
        seen.add(kind)  # one of each is enough to see on its page
        stands = "; ".join(told[line.incident_id])
        if len(line.events) > 1:  # what stands behind may be of the whole incident
            stands = f"Of the event that it is told by: {stands}"
        assert f"Score{stands}" in reader.page(f"/incident/{line.incident_id}").text


def test_flag_type_and_length_stand_on_cards_and_incidents(reader: Reader, shown: Shown) -> None:
    known = shown.vessels.set_index("mmsi")
    seen = 0
    for line in shown.lines[:3]:
        page = reader.page(f"/incident/{line.incident_id}").text
        for mmsi, _, _ in line.vessels:
            if mmsi not in known.index:  # it said nothing of itself
                continue
            row = known.loc[mmsi]
            told = shown.hull(mmsi)
            assert told in page
            assert str(flag_states([mmsi])[0]) in told
            assert f"{row['length_m']:.0f} m" in told or not row["length_m"] > 0
            seen += bool(row["length_m"] > 0 and row["ship_type"] > 0)
    assert seen
    cards = reader.page("/").text
    assert all(
        f"{labels('en').vessel}: {shown.hull(one.line.main)}" in cards
        for one in tonight.tonight(shown, tonight.Asked(), None, ()).first
        if shown.hull(one.line.main)
    )
    assert shown.hull(999) == ""


def test_a_code_of_a_type_is_told_in_words_beside_it(
    reader: Reader, shown: Shown, table: pd.DataFrame
) -> None:
    types = shown.vessels.set_index("mmsi")["ship_type"]
    mmsi = next(m for m in table["mmsi"] if types.get(m, 0) == 80)
    assert "80 (tanker)" in reader.page(f"/vessel/{mmsi:09d}").text
    for odd in ("9" * 30, "²", "x", ""):  # whatever else a record holds stays as it is
        assert rooms._value({"field": "ship_type", "value": odd}, labels("en")) == odd
    assert rooms._value({"field": "name", "value": "80"}, labels("en")) == "80"


def test_ages_on_health_grow_by_the_same_rule(reader: Reader) -> None:
    page = reader.page("/health")
    times = page.all("time")
    assert [about["data-age"] for about, _ in times][:1] == ["#"]
    [(body, _)] = page.all("body")
    assert (body["data-hours-from"], body["data-days-from"]) == ("5400", "172800")
    for about, text in times:
        old_s = (
            pd.Timestamp(body["data-served"]) - pd.Timestamp(about["datetime"])
        ).total_seconds()
        assert text == age(old_s)
    assert "ago" in page.text
    script = (Path(units.__file__).parent / "static" / "desk.js").read_text("utf-8")
    assert "5400" not in script, "the rule stands once"


def test_ages_in_what_is_to_be_looked_at_grow_too(desk_home: Path) -> None:
    health, _ = look(load(desk_home), NOW, afresh=False)
    assert health is not None
    [feed, *_] = health.feeds
    newest, looked = NOW - timedelta(hours=40), NOW - timedelta(hours=3)
    health = replace(
        health,
        now=NOW,
        feeds=(replace(feed, newest=newest, lag_s=40 * 3600),),
        last_look=LastLook(looked, looked, looked, 15),
    )
    told = rooms.health_page(health, problems(health, HealthSettings()), labels("ms"))
    growing = {where: text for _, _, where, (text, _), _ in told["problems"] if text[1]}
    assert growing[f"feed {feed.name}"][1:3] == (newest, "40.0 jam")
    assert growing["looks"][1:3] == (looked, "3.0 jam")
    still = replace(health, feeds=(replace(feed, newest=newest, lag_s=39 * 3600),))  # an exercise
    told = rooms.health_page(still, problems(still, HealthSettings()), labels("en"))
    [lag] = [text for *_, (text, _), _ in told["problems"] if text[0].startswith("silent")]
    assert lag == ("silent: its newest report is 39.0 h old", None, "", "")


def test_a_unit_is_said_to_meet_in_whose_sea(
    own_reader: Reader, own_home: Path, shown: Shown, table: pd.DataFrame
) -> None:
    row = table[(table["rank"] > 0) & (table["mmsi"] > 0)].iloc[0]
    with store.read(own_home / "store") as one:
        run = str((one.last_run() or {})["run_id"])
    plan = {
        "run_id": run,
        "start": "2026-01-06T04:00:00Z",
        "end": "2026-01-06T12:00:00Z",
        "sectors": [],
        "sorties": [],
        "left_out": [],
        "units": [],
        "intercepts": [
            {
                "unit": unit,
                "rank": int(row["rank"]),
                "mmsi": int(row["mmsi"]),
                "time": "2026-01-06T05:00:00Z",
                "possible": True,
                "lat": lat,
                "lon": lon,
                "chance": 0.5,
                "out_nm": 12.0,
                "reason": "",
            }
            for unit, lat, lon in (("KM Tegas", 2.9, 101.2), ("KM Jauh", 54.5, 11.2))
        ],
    }
    folder = own_home / "runs" / run
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plan.json").write_text(json.dumps(plan), "utf-8")
    text = own_reader.page(f"/incident/{row['incident_id']}").text
    sea = waters.placed(shown, 2.9, 101.2)
    assert "no legal limit" in sea
    assert f"02°54.00′N 101°12.00′E, {sea}, " in text
    assert "54°30.00′N 011°12.00′E, 12 nm" in text  # no words for that place


def test_a_position_is_not_said_twice_where_no_place_is_near(shown: Shown) -> None:
    """In waters without landmarks a place's words are its position."""
    assert waters.near(shown, 2.9, 101.2)
    assert waters.near(shown, 54.5, 11.2) == ""
    assert waters.placed(shown, 54.5, 11.2) == ""


def test_what_became_part_of_another_takes_it_neither_from_the_cards_nor_the_commands(
    own_home: Path, own_nights: Nights, table: pd.DataFrame
) -> None:
    listed = table[table["rank"].between(1, 4)]
    row = listed[listed["events"].str.contains(";")].iloc[0]
    lead, *others = row["events"].split(";")
    few(own_home, 4)
    with store.read(own_home / "store") as one:
        run = (one.last_run() or {})["run_id"]
    ask(
        own_home,
        "INSERT INTO incidents SELECT * REPLACE ('ffffffffffffffff' AS incident_id, 0 AS rank, "
        f"'merged' AS status, '{row['incident_id']}' AS merged_into, '{lead}' AS events) "
        f"FROM incidents WHERE run_id = '{run}' AND incident_id = '{row['incident_id']}'",
    )
    for other in listed["incident_id"]:
        if other != row["incident_id"]:
            conclude(own_home, other)

    def firsts() -> tuple[list[str], list[str]]:
        with store.read(own_home / "store") as one:
            told = recall.first_of(one, recall.moment(one, None))
        return [f.line.incident_id for f in first_of(own_nights)], [f.incident_id for f in told]

    assert firsts() == ([row["incident_id"]], [row["incident_id"]])
    conclude(own_home, lead)
    assert firsts() == ([row["incident_id"]], [row["incident_id"]]), "of the others nobody said"
    for event in others:
        conclude(own_home, event)
    assert firsts() == ([], [])


def test_what_is_answered_in_part_is_counted_as_new_where_its_line_says_so(
    own_home: Path, own_nights: Nights, table: pd.DataFrame
) -> None:
    new = table[(table["rank"] > 0) & (table["status"] == "created")]
    row = new[new["events"].str.contains(";")].iloc[0]
    lead, *others = row["events"].split(";")

    def told() -> tuple[str, int, bool]:
        shown = own_nights.shown("", "en")
        [line] = [one for one in shown.lines if one.incident_id == row["incident_id"]]
        page = tonight.tonight(shown, tonight.Asked(news="new"), None, ())
        return line.news, page.new, line in page.lines

    before = told()
    assert before == ("new", len(new), True)
    conclude(own_home, lead)
    assert told() == before
    for event in others:
        conclude(own_home, event, "watch")
    assert told() == ("watched", len(new) - 1, False)


def test_no_reach_is_drawn_of_a_hull_that_is_heard_under_another_number(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The change may be one of a night before, which this one's events don't hold."""
    [gap, *_] = [one for one in charts._scene(shown).events if one.kind == "gap" and one.pace_kn]
    [row] = shown.events_of([gap.id]).to_dict("records")
    since = {(row["mmsi"], row["start"]): 533000009}
    monkeypatch.setattr(shown.teller, "since", since)
    again = {one.id: one.pace_kn for one in charts._scene(shown).events}
    assert again[gap.id] == 0.0
    assert any(again.values())


def test_what_began_before_the_night_is_drawn_from_before_it_began(
    desk_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crossing of the night before had no way to play back, a silence neither name nor reach."""
    shown = Nights(load(desk_home)).shown("", "en")
    night, ranked = shown.night, shown.incidents[shown.incidents["rank"] > 0]
    own = ranked[ranked["mmsi"] > 0].iloc[0]
    rank, mmsis = int(own["rank"]), vessels_in(own["vessels"])
    began = shown.events_of(own["events"].split(";"))["start"].min()
    newest = night.track(*mmsis).groupby("mmsi").last()
    monkeypatch.setitem(night.run, "start", newest["time"].max() + pd.Timedelta(seconds=1))

    def drawn(chart: charts.Drawn) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(str(chart.data))
        at = {one["mmsi"]: (one["x"] + data["lon0"], one["y"]) for one in data["vessels"]}
        seen = newest.loc[list(at), ["lon", "lat"]].itertuples(index=False, name=None)
        assert list(at.values()) == [pytest.approx(one, abs=1e-4) for one in seen]
        return data

    data = drawn(charts.Charts().incident(shown, rank))
    assert data["start_s"] == int((began - earlier.BEFORE).timestamp())
    assert min(one["begin_s"] for one in data["events"]) == earlier.BEFORE.total_seconds()
    assert {one["mmsi"] for one in data["tracks"]} >= mmsis
    drawn(charts.Charts().night(shown, {rank}))
