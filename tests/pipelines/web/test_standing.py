"""How a lead stands by what was concluded on it; what its certainty and score are said to be."""

from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from pipelines import store
from pipelines.ask import desk as notebooks
from pipelines.assess.incidents.wording import CERTAINTIES
from pipelines.base.labels import labels
from pipelines.base.settings import load
from pipelines.cli.main import app
from pipelines.run import dispositions
from pipelines.run.plan import concluded_of
from pipelines.web import tonight, weighed
from pipelines.web.line import Line
from pipelines.web.night import Nights
from tests.pipelines.web.conftest import Reader


@pytest.fixture(scope="module")
def table(desk_home: Path) -> pd.DataFrame:
    return pd.DataFrame(notebooks.night(desk_home).opened.incidents)


def recorded(home: Path) -> pd.DataFrame:
    with store.read(home / "store") as reader:
        return reader.dispositions()


def test_a_lead_that_nobody_could_tell_stays_open_on_cards_and_in_the_plan(
    own_reader: Reader, own_home: Path, table: pd.DataFrame
) -> None:
    ranked = table[table["rank"] > 0]
    flagged = load(own_home)
    row = ranked[ranked["mmsi"] > 0].iloc[0]
    address = f"/incident/{row['incident_id']}"

    def sailed_for() -> bool:
        with store.read(own_home / "store") as one:
            run = one.last_run()
            assert run is not None
            closed = concluded_of(
                one.flags(run["run_id"]),
                one.incidents(run["run_id"]),
                one.dispositions(),
                one.heirs(),
            )
        return row["mmsi"] not in closed

    def line() -> Line:
        shown = Nights(flagged).shown("", "en")
        return next(one for one in shown.lines if one.incident_id == row["incident_id"])

    for other in ranked["incident_id"]:
        if other != row["incident_id"]:
            own_reader.send(f"/incident/{other}", conclusion="cleared", reason="nets")
    own_reader.send(address, conclusion="unknown", reason="lost in the dark")
    assert line().open
    assert sailed_for()
    [first] = _first_of(own_home)
    assert first.line.incident_id == row["incident_id"]
    assert first.why.startswith("left open")
    assert row["incident_id"] in own_reader.page("/?news=open").lines()
    own_reader.send(address, conclusion="boarded", reason="47 people")
    assert not line().open
    assert not sailed_for()
    assert _first_of(own_home) == ()
    withdrawn = own_reader.send(f"{address}/withdraw", reason="the wrong boat")
    assert withdrawn
    assert line().open, "what held before holds again"
    assert sailed_for()
    items = [text for _, text in own_reader.page(address).all("li") if "Lt Aminah" in text]
    assert [text.split()[0] for text in items] == ["withdrawn", "boarded", "unknown"]
    assert [text for _, text in own_reader.page(address).all("s")] == ["withdrawn", "boarded"]
    assert "Withdraw your conclusion: unknown" in own_reader.page(address).text


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
    assert len(recorded(own_home)) == 1
    own = ("--reason", "wrong", "--by", "KM Tegas", "--home", str(own_home))
    done = CliRunner().invoke(app, ["disposition", "withdraw", ids[0], *own])
    assert done.exit_code == 0, done.output
    assert recorded(own_home)["conclusion"].tolist() == ["boarded", "withdrawn"]
    assert "Withdraw your conclusion" not in own_reader.page(address).text


def test_certainty_is_said_to_be_a_band_of_the_score_and_what_made_the_score(
    reader: Reader, desk_home: Path, table: pd.DataFrame
) -> None:
    page = reader.page(f"/incident/{table.iloc[0]['incident_id']}")
    bounds = {word: f"{bound:.2f}" for bound, word in CERTAINTIES}
    for text in (labels("en").score_title, page.text):
        assert f"high from {bounds['high']}, moderate from {bounds['moderate']}, low below" in text
    assert page.all("b", title=labels("en").score_title)
    shown = Nights(load(desk_home)).shown("", "en")
    told = {line.incident_id: weighed.steps(shown, line) for line in shown.lines}
    gaps = [line for line in shown.lines if line.kind == "gap"]
    assert gaps
    for line in gaps:
        assert "chance of such a silence there" in told[line.incident_id][0]
    for line in shown.lines:
        lead = shown.events_of(line.events[:1]).iloc[0]
        given = lead["evidence"].explained
        lowered = given is not None and given.weight > 0
        assert told[line.incident_id][1].startswith(
            f"{lead['score']:.2f} after an innocent reason" if lowered else "no innocent reason"
        )
        assert f"{told[line.incident_id][0]}; " in reader.page(f"/incident/{line.incident_id}").text


def _first_of(home: Path) -> tuple[tonight.First, ...]:
    shown = Nights(load(home)).shown("", "en")
    return tonight.tonight(shown, tonight.Asked(), None, ()).first
