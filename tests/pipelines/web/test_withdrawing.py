"""What is taken back at the desk is what its page showed, once, and what is typed stays."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from pipelines import store
from pipelines.assess.dispositions import PART, DispositionError, newest
from pipelines.base.settings import load
from pipelines.cli.main import app
from pipelines.run import conclusions, dispositions
from pipelines.web import concluding
from pipelines.web.app import Desk
from tests.pipelines.web.conftest import Page, Reader, conclude, leads, recorded, seen_on


@pytest.fixture(scope="module")
def first(table: pd.DataFrame) -> pd.Series:
    """Return the first incident of the night."""
    return table.iloc[0]


def meant(page: Page) -> str:
    """Return which conclusion a page's form would withdraw."""
    return page.all("input", name="made")[0][0]["value"]


def test_a_form_sent_twice_takes_back_one_conclusion(
    own_reader: Reader, own_home: Path, first: pd.Series
) -> None:
    address = f"/incident/{first['incident_id']}"
    conclude(own_home, first["incident_id"], "watch")
    own_reader.send(address, conclusion="boarded", reason="47 people")
    form = {"reason": "the wrong boat", "made": meant(own_reader.page(address))}
    own_reader.send(f"{address}/withdraw", **form)
    again = own_reader.send(f"{address}/withdraw", 409, **form)
    assert "It has changed since you opened it" in again.text
    assert set(newest(recorded(own_home))["conclusion"]) == {"watch"}


def test_two_desks_at_the_same_moment_conclude_both_and_take_back_one_conclusion(
    own_reader: Reader, own_home: Path, first: pd.Series, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(concluding, "WAIT_S", 60.0)  # one writes for seconds on a busy machine
    address, other = (f"/incident/{first['incident_id']}", leads(own_home)[1])
    desks = [own_reader, Reader(Desk(load(own_home), "Lt Aminah"))]

    def sent(desk: Reader, address: str, form: dict[str, str]) -> int:
        session = desk.keys.session(desk.client.cookies["desk-8765"])
        assert session is not None
        answer = desk.client.post(
            address,
            data={"csrf": session.csrf, **form},
            headers={"origin": "http://127.0.0.1:8765"},
            follow_redirects=False,
        )
        return answer.status_code

    def all_send(address: str, *forms: dict[str, str]) -> list[int]:
        with ThreadPoolExecutor(2) as pool:
            return sorted(pool.map(sent, desks, [address] * 2, forms))

    names = ("one", "two")
    shown = {"conclusion": "watch", **seen_on(own_reader.client, other)}
    said = [{**shown, "reason": name, "operator": name} for name in names]
    assert all_send(other, *said) == [303] * 2
    known = recorded(own_home)
    assert set(known["author"]) == {*names}
    assert known["disposition_id"].is_unique
    own_reader.send("/settings", operator="Lt Aminah")
    for what in ("unknown", "boarded"):
        conclude(own_home, first["incident_id"], what)
    form = {"reason": "the wrong boat", "operator": "Lt Aminah"}
    form["made"] = meant(own_reader.page(address))
    assert all_send(f"{address}/withdraw", *[form] * 2) == [303, 409]
    known = recorded(own_home)
    ids = first["events"].split(";")
    assert set(newest(known[known["event_id"].isin(ids)])["conclusion"]) == {"unknown"}


def test_what_was_typed_to_withdraw_stays_where_it_was_typed(
    own_reader: Reader, own_home: Path, first: pd.Series
) -> None:
    address = f"/incident/{first['incident_id']}"
    own_reader.send(address, conclusion="watch", reason="since the evening")
    form = {"reason": "the <wrong> boat", "made": meant(own_reader.page(address))}
    with store.write(own_home / "store"):  # a run is writing
        refused = own_reader.send(f"{address}/withdraw", 409, **form)
    [(typed, _)] = [one for one in refused.all("input", name="reason") if "value" in one[0]]
    assert typed["value"] == "the <wrong> boat"
    assert refused.all("textarea", name="reason")[0][1] == ""
    assert "open" in refused.all("details", id="withdraw")[0][0]
    assert "data-given" not in refused.all("form", id="conclude")[0][0]
    assert len(recorded(own_home)) == len(first["events"].split(";"))
    own_reader.send(f"{address}/withdraw", **form)
    done = own_reader.page(f"{address}?recorded=withdrawn")
    assert "Recorded." in done.text
    assert "data-recorded" not in done.all("form", id="conclude")[0][0], "a note begun is kept"


def test_no_reason_begins_as_that_of_who_sees_a_part(
    own_reader: Reader, own_home: Path, first: pd.Series
) -> None:
    home, event = load(own_home), first["events"].split(";")[0]
    for reason in (f"{PART}I know] nets", f" {PART}I know] nets", f"\n\u2003{PART}x] y"):
        with pytest.raises(DispositionError, match="begin so"):
            dispositions.record(
                home, event, author="A", conclusion="watch", reason=reason, quiet_within_m=0
            )
        with pytest.raises(DispositionError, match="begin so"):
            dispositions.withdraw(home, event, author="A", reason=reason)
    address = f"/incident/{first['incident_id']}"
    own_reader.send(address, 400, conclusion="watch", reason=f"{PART}I know] nets")
    assert recorded(own_home).empty


def test_who_sees_all_is_offered_nothing_that_they_said_seeing_a_part(
    own_reader: Reader, own_home: Path, first: pd.Series
) -> None:
    home, ids = load(own_home), first["events"].split(";")
    address = f"/incident/{first['incident_id']}"
    dispositions.record(
        home, ids[0], author="Lt Aminah", conclusion="watch", reason="nets", quiet_within_m=0
    )
    assert "Withdraw your conclusion" in own_reader.page(address).text
    with store.write(own_home / "store") as writer:
        rows = writer.dispositions()
        writer.add_disposition(
            rows.assign(
                disposition_id=f"{ids[0]}-2",
                reason=f"{PART}TLP:GREEN shows] nets",
                made_time=rows["made_time"] + pd.Timedelta("1h"),
            )
        )
    dispositions.withdraw(home, ids[0], author="Lt Aminah", reason="none there")
    assert "Withdraw your conclusion" not in own_reader.page(address).text


def test_what_isnt_there_is_called_so(own_home: Path) -> None:
    with pytest.raises(DispositionError, match="no single event or incident 'zz'"):
        dispositions.withdraw(load(own_home), "zz", author="A", reason="x")
    for one in ("", "';DROP TABLE dispositions--", "%", "_" * 10_000, "\u202e"):
        done = CliRunner().invoke(
            app, ["disposition", "withdraw", one, "--reason", "x", "--home", str(own_home)]
        )
        assert isinstance(done.exception, DispositionError), done.output
    assert recorded(own_home).empty


def test_no_file_withdraws(own_home: Path, first: pd.Series) -> None:
    text = (
        '{"format": "selat-conclusions/1", "run_id": "r", "author": "Lt Aminah", "conclusions": '
        f'[{{"incident_id": "{first["incident_id"]}", "conclusion": "#", "reason": "nets"}}]}}'
    )
    with pytest.raises(conclusions.ConclusionsError):
        conclusions.parse(text.replace("#", "withdrawn").encode())
    of_part = text.replace("#", "watch").replace("nets", f"{PART}x shows] nets")
    with pytest.raises(conclusions.ConclusionsError):
        conclusions.parse(of_part.encode())
    file = conclusions.parse(text.replace("#", "cleared").encode())
    assert [one.state for one in conclusions.take_in(load(own_home), file)] == ["recorded"]
    dispositions.withdraw(
        load(own_home), first["incident_id"], author="Lt Aminah", reason="the wrong boat"
    )
    assert [one.state for one in conclusions.take_in(load(own_home), file)] == ["known"]
    assert newest(recorded(own_home)).empty, "what was taken back doesn't come back by itself"


def test_an_explanation_says_which_conclusion_was_taken_back(
    own_reader: Reader, own_home: Path, first: pd.Series
) -> None:
    event = first["events"].split(";")[0]
    address = f"/incident/{first['incident_id']}"
    for what in ("watch", "boarded"):
        conclude(own_home, first["incident_id"], what, reason="seen by us")
    own_reader.send(f"{address}/withdraw", reason="the wrong boat")
    told = CliRunner().invoke(app, ["explain", event, "--home", str(own_home)]).output
    assert "boarded [withdrawn], Lt Aminah: seen by us" in told
    assert "watch, Lt Aminah: seen by us" in told
    page = own_reader.page(f"/event/{event}").text
    assert "boarded [withdrawn] (" in page
    assert "watch [withdrawn]" not in page
    assert "withdrawn [withdrawn]" not in page + told
