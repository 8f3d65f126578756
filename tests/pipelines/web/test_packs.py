"""Packs at the desk: seen as the recipient will, then made, logged, verified, corrected."""

import threading

import pandas as pd
import pytest
from starlette.testclient import TestClient

from pipelines import store
from pipelines.base.progress import Doing
from pipelines.base.settings import load
from pipelines.publish.packs import log
from pipelines.publish.packs.keys import Keyring
from pipelines.run.release import release_run
from pipelines.web import previewing
from pipelines.web.app import Desk
from pipelines.web.working import Work
from tests.pipelines.publish.conftest import Page
from tests.pipelines.web.conftest import HERE, Own, ask, let_in, served
from tests.pipelines.web.test_pages import holds_up


def entries(own: Own) -> tuple[object, ...]:
    return log.check(own.home / "exports.jsonl", Keyring(own.home / "keys")).entries


@pytest.mark.usefixtures("quick_locks")
def test_a_pack_is_seen_made_verified_and_corrected(own: Own) -> None:
    installation = load(own.home, own.config)
    key = Keyring(installation.keys).make(pd.Timestamp.now("UTC").to_pydatetime(), "hush hush")
    page = own.reader.page("/packs")
    holds_up(page)
    assert "Partner <b>" in page.text

    with store.read(own.home / "store") as opened:
        first = opened.sql("SELECT incident_id FROM incidents WHERE rank = 1")["incident_id"][0]
    own.sent(f"/incident/{first}", conclusion="watch", reason="<i>once more", operator="Sgt Lim")
    seen = own.sent("/packs/look", recipient="partner")
    page = own.done(seen)
    holds_up(page)
    assert page.all("h1")[0][1] == "A pack for Partner <b>"
    told = "watch (Sgt Lim: <i>once more)"  # said beside it, and not as if its recipient saw it
    assert f"1: {told}" in [text for _, text in page.all("li")]
    assert not [text for _, text in page.all("td") if told in text]
    back = own.reader.page("/packs")  # whoever left the page finds it again
    assert [text for about, text in back.all("a") if about["href"] == seen] == [
        page.all("h1")[0][1]
    ]
    less = own.done(own.sent(f"{seen}/without", incident_0="1"))
    holds_up(less)
    [title] = [text for _, text in page.all("td")[2:3]]
    assert title not in [text for _, text in less.all("td")]
    assert f"1 {title}" in [text for _, text in less.all("li")]
    assert entries(own) == ()
    assert not installation.packs.exists()  # nothing is written for a look
    released = release_run(installation, "partner", None)
    assert str(released.products.release.mark) in page.text  # type: ignore[union-attr]
    for row in released.products.incidents.to_dict("records"):
        assert row["title"] in page.text
    for mmsi in released.products.flagged["mmsi"]:
        assert f"{mmsi:09d}" in page.text

    wrong = own.post(f"{seen}/make", operator="PO Siti", passphrase="guess")
    assert wrong.status_code == 400
    assert "guess" not in wrong.text
    made = own.done(own.sent(f"{seen}/make", operator="PO Siti", passphrase="hush hush"))
    [entry] = entries(own)
    assert (entry["by"], entry["recipient"], entry["key"]) == ("PO Siti", "partner", key.name)  # type: ignore[index]
    name = str(entry["pack"])  # type: ignore[index]
    assert name in made.text
    assert entry["archive_sha256"] in made.text  # type: ignore[index]
    left = [about["href"] for about, _ in own.reader.page("/packs").all("a")]
    assert seen not in left  # something was made of it

    archive = own.reader.client.get(f"/packs/file/{name}")
    assert archive.status_code == 200
    assert archive.content == (installation.packs / f"{name}.zip").read_bytes()
    told = own.reader.page(f"/packs/verify?pack={name}")
    assert "stale" in told.text  # the exercise is of last winter
    head = {"origin": HERE, "content-type": "application/octet-stream", "x-desk-word": own.word}
    sent = own.reader.client.post("/packs/upload", content=archive.content, headers=head).json()
    assert (sent["state"], sent["key"]) == ("stale", key.name)
    spoilt = archive.content.replace(b"mmsi", b"imsi", 1) + b"x"
    sent = own.reader.client.post("/packs/upload", content=spoilt, headers=head).json()
    assert (sent["state"], sent["good"]) == ("changed", False)

    assert "PO Siti" in own.reader.page("/packs").text
    _correct(own, name)


def test_what_was_cleared_here_goes_out_and_is_marked_in_the_preview(own: Own) -> None:
    with store.read(own.home / "store") as opened:
        first = opened.sql("SELECT incident_id FROM incidents WHERE rank = 1")["incident_id"][0]
    own.sent(f"/incident/{first}", conclusion="benign_cause", reason="tide", operator="Sgt Lim")
    page = own.done(own.sent("/packs/look", recipient="partner"))
    holds_up(page)
    assert "1 of these were cleared here, or have a benign cause" in page.text
    assert [text.split()[-2:] for _, text in page.all("td") if "✓" in text] == [["1", "✓"]]
    own.sent(f"/incident/{first}/withdraw", reason="it wasn't")
    page = own.done(own.sent("/packs/look", recipient="partner"))
    assert "cleared here" not in page.text


def test_a_preview_says_that_a_plan_sails_to_what_was_concluded(own: Own) -> None:
    """A unit was sent to a boat that was boarded already, and nothing in the preview said so."""
    path = own.config / "recipients.yaml"
    path.write_text(path.read_text().replace("formats: [csv]", "formats: [csv], plan: all"))
    planned = release_run(load(own.home, own.config), "partner", None).products.planned
    assert planned is not None
    stops = [stop for one in planned.plan.sailed for stop in one.stops]
    sailed = {stop.target.rank for stop in stops if stop.target is not None}
    rank = min(sailed)
    with store.read(own.home / "store") as opened:
        table = opened.sql(f"SELECT incident_id FROM incidents WHERE rank = {rank}")
        others = opened.sql("SELECT incident_id, rank FROM incidents WHERE rank > 0 ORDER BY rank")
    page = own.done(own.sent("/packs/look", recipient="partner"))
    assert "The plan in it sends a unit to" not in page.text
    ashore = others[~others["rank"].isin(sailed)]["incident_id"].iloc[0]
    own.sent(f"/incident/{ashore}", conclusion="boarded", reason="empty", operator="Sgt Lim")
    page = own.done(own.sent("/packs/look", recipient="partner"))
    assert "The plan in it sends a unit to" not in page.text  # nobody sails to that one
    about = f"/incident/{table['incident_id'][0]}"
    own.sent(about, conclusion="boarded", reason="six without papers", operator="Sgt Lim")
    page = own.done(own.sent("/packs/look", recipient="partner"))
    holds_up(page)
    assert f"sends a unit to what was concluded here (No. {rank})" in page.text


def test_what_a_preview_does_not_list_is_counted_and_said(
    own: Own, monkeypatch: pytest.MonkeyPatch
) -> None:
    products = release_run(load(own.home, own.config), "partner", None).products
    incidents, vessels = len(products.incidents), len(products.flagged)
    monkeypatch.setattr(previewing, "MAX_LISTED", 1)
    page = own.done(own.sent("/packs/look", recipient="partner"))
    holds_up(page)
    assert f"{incidents} incidents, {vessels} vessels" in page.text
    assert f": {incidents - 1} more incidents, {vessels - 1} more vessels." in page.text
    monkeypatch.undo()
    page = own.done(own.sent("/packs/look", recipient="partner"))
    assert "Not listed" not in page.text


def _correct(own: Own, name: str) -> None:
    """Clear what the pack told, and tell its holder."""
    with store.read(own.home / "store") as opened:
        incident = opened.sql("SELECT incident_id FROM incidents WHERE rank > 0")["incident_id"][0]
    own.sent(f"/incident/{incident}", conclusion="cleared", reason="fishing", operator="Lt Aminah")
    ask(own.home, "UPDATE dispositions SET made_time = made_time + INTERVAL 1 MINUTE")
    page = own.reader.page("/packs")
    [(_, held)] = page.all("section", **{"aria-label": "Held wrong"})
    assert "Partner <b> holds leads that no longer stand" in held
    nothing = own.done(own.sent("/packs/correct", pack=name))
    assert "stands, by what partner may have" in nothing.all("p", role="alert")[0][1]
    seen = own.sent("/packs/correct", pack=name, cleared="1")
    assert "cleared" in own.done(seen).text
    own.done(own.sent(f"{seen}/make", operator="Lt Aminah", passphrase="hush hush"))
    last = entries(own)[-1]
    assert (last["corrects"], last["by"]) == (name, "Lt Aminah")  # type: ignore[index]
    page = own.reader.page(f"/packs/verify?pack={last['pack']}")  # type: ignore[index]
    [(_, verdict)] = page.all("div", id="verdict")
    assert f"correction of {name}" in verdict
    assert not own.reader.page("/packs").all("section", **{"aria-label": "Held wrong"})
    # Who was told "cleared" is told where it isn't so any more, asked for or not.
    own.sent(f"/incident/{incident}", conclusion="watch", reason="it was another", operator="Lim")
    [(_, held)] = own.reader.page("/packs").all("section", **{"aria-label": "Held wrong"})
    assert "reopened" in held
    seen = own.sent("/packs/correct", pack=name)
    assert "reopened" in own.done(seen).text


def test_one_thing_is_worked_at_at_a_time_and_for_who_asked(
    own: Own, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped, tell = threading.Event(), Work.tell

    def held(work: Work, doing: Doing) -> None:
        # Else it may be done before it is stopped.
        stopped.wait(60)
        tell(work, doing)

    monkeypatch.setattr(Work, "tell", held)
    seen = own.sent("/packs/look", recipient="partner")
    busy = own.post("/packs/look", recipient="partner")
    assert busy.status_code == 409
    assert own.sent(f"/work/{seen.split('/')[-1]}/stop") == seen
    stopped.set()
    assert "It was stopped" in own.done(seen).text
    stranger = TestClient(own.reader.doors, HERE, raise_server_exceptions=False)
    assert stranger.get("/", params={"token": own.reader.keys.token()}).status_code == 200
    for path in (seen, seen.replace("/pack/", "/work/"), seen.replace("/pack/", "/try/")):
        assert stranger.get(path).status_code == 404


def test_what_a_pack_would_hold_is_read_on_a_phone(page: Page, own: Own) -> None:
    """Its columns were a word wide each, and what to do next was cut off."""
    with served(Desk(load(own.home, own.config), "Lt Aminah")) as given:
        page.open(let_in(page, given()) + "/packs", 360, 740)
        page.evaluate("document.querySelector('#look [value=partner]').click()")
        page.evaluate("document.querySelector('#look button').click()")
        page.wait("Boolean(document.querySelector('#without td'))")
        rows = "[...document.querySelectorAll('#without tr')]"
        long = f"{rows}.flatMap((row) => [...row.cells]).filter((one) => one.innerText.length > 60)"
        assert page.evaluate(f"{long}.length > 0 && {long}.every((one) => one.offsetWidth > 250)")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
