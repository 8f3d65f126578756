"""What an account may not see is on no page of its desk: not said, not counted, not found."""

import itertools
import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pandas as pd
import pytest
from starlette.routing import Route
from typer.testing import CliRunner

from pipelines import store
from pipelines.assess.dispositions import newest
from pipelines.base import marks
from pipelines.base.marks import Tlp
from pipelines.base.progress import reporter
from pipelines.base.settings import Installation, load
from pipelines.cli.main import app as commands
from pipelines.exercise import simulate
from pipelines.patrol import units
from pipelines.publish import release as cut
from pipelines.publish.packs import recipients
from pipelines.reference.layers import area_files
from pipelines.run import cleared, dispositions, release
from pipelines.run.cleared import Clearance
from pipelines.run.feeds import ingest_only
from pipelines.run.setup import load_zones
from pipelines.run.windows import utc
from pipelines.store import Writer
from pipelines.web import clearances, planned
from pipelines.web.app import Desk, application
from tests.pipelines.publish.packs.conftest import configured
from tests.pipelines.web.conftest import Signed, Watch, leads

GUEST = Clearance(Tlp.GREEN, frozenset())
PARAMETERS = {"incident_id", "event_id", "mmsi", "name", "stem", "key", "title"}
"""Of the desk's addresses. A new one wants an answer here, so that no page is left out."""


MOST: Final = 2
"""So many open incidents, events and vessels are looked at; of the secret ones all."""


@pytest.fixture(scope="module")
def guest(marked: Installation) -> Signed:
    return Watch(marked).signed_in("Guest")


@pytest.fixture(scope="module")
def chief(marked: Installation) -> Signed:
    return Watch(marked).signed_in("Chief")


def values(installation: Installation) -> dict[str, list[str]]:
    """What the parameters of the desk's addresses can be in a home."""
    with store.read(installation.store) as reader:
        return {
            "incident_id": reader.sql("SELECT DISTINCT incident_id FROM incidents ORDER BY 1")[
                "incident_id"
            ].tolist(),
            "event_id": reader.sql("SELECT event_id FROM events ORDER BY 1")["event_id"].tolist(),
            "mmsi": [
                f"{m:09d}"
                for m in reader.sql("SELECT DISTINCT mmsi FROM presence ORDER BY 1")["mmsi"]
            ],
            "run_id": reader.runs()["run_id"].tolist(),
            "name": ["desk.css", "desk.js", "chart.js", "places.js", "area.js"],
            "stem": [path.stem for path in area_files(installation.config / "zones")],
            "key": [],  # of what a session asked for itself
            "title": [],
        }


def every(routes: Any) -> Iterator[Route]:
    """Every route of an application, those of its rooms too."""
    for route in routes:
        if isinstance(route, Route):
            yield route
        else:
            yield from every(route.original_router.routes)


def addresses(
    installation: Installation, known: dict[str, list[str]], most: int | None = None
) -> Iterator[str]:
    """Every address of the desk that can be asked for, found in the application itself.

    For each parameter at most so many values.
    """
    for route in every(application(Desk(installation), str).routes):
        if "GET" not in (route.methods or ()):
            continue
        named = re.findall(r"{(\w+)}", route.path)
        assert set(named) <= PARAMETERS, f"say what {route.path} can be asked for"
        if not named:
            yield route.path
        for value in known[named[0]][:most] if named else ():
            yield route.path.replace(f"{{{named[0]}}}", value)
    yield from (f"/?at={run}" for run in known["run_id"])


def secret_words(marked: Installation) -> set[str]:
    """All that only the secret feed, the secret sightings and the secret watch-list tell of."""
    with store.read(marked.store) as reader:
        ledger = reader.ledger()
        key = ledger.loc[ledger["name"].str.contains("secret"), "feed_key"].iloc[0]
        of = reader.sql("SELECT mmsi, list(DISTINCT feed_key) AS f FROM presence GROUP BY 1")
        only = {m for m, feeds in zip(of["mmsi"], of["f"], strict=True) if set(feeds) == {key}}
        said = reader.sql("SELECT mmsi, feed_key, name, callsign, imo FROM statics")
        run = reader.last_run()
        assert run is not None
        events, incidents = reader.events(run["run_id"]), reader.incidents(run["run_id"])
    own = said[said["mmsi"].isin(only)]
    open_text = " | ".join(said.loc[~said["mmsi"].isin(only), "name"])
    events = events[[bool(only & vessels) for vessels in cut.vessels_of(events)]]
    hidden = incidents[
        [not set(ids.split(";")) - set(events["event_id"]) for ids in incidents["events"]]
    ]
    assert len(only) > 10
    assert len(events) > 5
    assert len(hidden)
    return (
        {f"{mmsi:09d}" for mmsi in only}
        | {name for name in own["name"] if len(name) > 6 and name not in open_text}
        | {str(imo) for imo in own["imo"] if imo}
        | {sign for sign in own["callsign"] if len(sign) > 3}
        | set(events["event_id"])
        | set(hidden["incident_id"])
        | {"secret", "National list", key}
    )


def test_no_page_of_a_guest_holds_a_word_that_is_secret(
    marked: Installation, guest: Signed, chief: Signed
) -> None:
    words = secret_words(marked)
    pattern = re.compile("|".join(sorted(map(re.escape, words), key=len, reverse=True)))
    known, own = values(marked), values(cleared.home_of(marked, GUEST))
    few = {name: own[name][:MOST] + sorted(words & set(known[name])) for name in known}
    pages = list(addresses(marked, few))
    mmsi = next(word for word in words if word.isdigit() and len(word) == 9)
    for found in (f"/find?q={mmsi[:8]}", f"/?q={mmsi[:8]}", "/find?q=secre"):
        pages.append(found)
    shown = {}
    for address in pages:
        answer = guest.client.get(address)
        shown[address] = answer.status_code
        held = pattern.search(answer.text.replace(address, ""))
        asked = held is not None and held[0] in address
        assert held is None or asked, (address, held)
    hidden = {address for address in shown if pattern.search(address)}
    assert len(hidden) > 20
    assert {shown[address] for address in hidden} == {404}
    assert sum(status == 200 for status in shown.values()) > 15
    health = guest.page("/health").text
    assert "be read" not in health
    assert "GB free" not in health  # which falls with what isn't shown, too
    # The search would find them: whoever may see everything does.
    assert pattern.search(chief.page("/").html)
    assert all(chief.client.get(address).status_code == 200 for address in sorted(hidden)[:3])


@pytest.mark.prove  # word by word: the test above
def test_a_guests_desk_is_that_of_a_home_where_nothing_secret_ever_came(
    marked: Installation, unmarked: Installation, guest: Signed
) -> None:
    """To the last sign, but for what a session is called and how long ago a run ended."""
    other = Watch(unmarked).signed_in("Guest")
    known = values(cleared.home_of(marked, GUEST))
    assert known == values(cleared.home_of(unmarked, GUEST))
    compared = 0
    for address in addresses(marked, known, MOST):
        one, two = (_plain(side, side.client.get(address)) for side in (guest, other))
        assert one == two, address
        compared += 1
    assert compared > 15


def _plain(side: Signed, answer: Any) -> str:
    text: str = answer.text.replace(side.csrf, "CSRF")
    text = text.replace(str(side.watch.gate.accounts.path.parent.parent), "FOLDER")
    text = text.replace("/unmarked/", "/marked/")
    text = re.sub(r'(data-served=|<time datetime=)"[^"]+"', r"\1AGE", text)
    return re.sub(
        r"[\d.]+ (s|min|h|MB|seconds?|minutes?)\b|\d\d \w+( \d{4})? \d\d:\d\d MYT", "AGE", text
    )


def test_a_clearance_sees_what_a_pack_of_the_same_rights_holds(
    marked: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipients, "find", lambda *_: GUEST.recipient)
    packed = release.release_run(marked, "guest", None).products
    own = cleared.home_of(marked, GUEST)
    with store.read(own.store) as reader:
        run = reader.last_run()
        assert run is not None
        events, flags = reader.events(run["run_id"]), reader.flags(run["run_id"])
        incidents = reader.incidents(run["run_id"])
    columns = ["detector", "mmsi", "other_mmsi", "start", "end", "score"]
    same = [
        frame[columns].sort_values(columns, ignore_index=True) for frame in (events, packed.events)
    ]
    assert len(events) > 5
    assert same[0].equals(same[1])
    assert flags[["rank", "mmsi", "score"]].equals(packed.flagged[["rank", "mmsi", "score"]])
    assert incidents["title"].tolist() == packed.incidents["title"].tolist()


def test_who_may_see_all_that_can_be_marked_sees_the_home_itself(marked: Installation) -> None:
    assert cleared.home_of(marked, Clearance(Tlp.AMBER, frozenset({"MYS"}))) == marked
    for less in (
        GUEST,
        Clearance(Tlp.AMBER, frozenset()),
        Clearance(Tlp.GREEN, frozenset({"MYS"})),
    ):
        assert cleared.home_of(marked, less).home.is_relative_to(marked.release)


def test_who_may_see_the_same_shares_a_home_and_nobody_else(tmp_path: Path) -> None:
    config = configured(tmp_path, "{}", 50)
    (config / "marks.yaml").write_text(
        "default: {tlp: GREEN, rel: ALL}\n"
        "feeds: [{feed: a*, tlp: AMBER, rel: [MYS]}]\n"
        "sightings: [{file: b*, tlp: AMBER, rel: [AUS]}]\n"
        "watchlists: [{watchlist: c, tlp: AMBER, rel: [IDN]}]\n"
    )
    whole = load(tmp_path / "home", config)

    def home(label: Tlp, *holds: str) -> Path:
        return cleared.home_of(whole, Clearance(label, frozenset(holds))).home

    names = ("MYS", "AUS", "IDN")
    some = [one for n in range(4) for one in itertools.combinations(names, n)]
    homes = {one: home(Tlp.AMBER, *one) for one in some}
    assert len(set(homes.values())) == len(some)
    assert homes[names] == whole.home
    assert homes[()] == home(Tlp.GREEN, *names) == home(Tlp.AMBER, "BRN")
    assert homes["MYS",] == home(Tlp.AMBER, "MYS", "BRN")


@pytest.mark.usefixtures("without_maps")
def test_what_is_concluded_there_is_told_in_both_homes_and_by_nobody_elses_name(
    own_marked: Installation,
) -> None:
    watch = Watch(own_marked)
    guest, chief = watch.signed_in("Guest"), watch.signed_in("Chief")
    [first, *_] = guest.page("/").lines()
    page = guest.page(f"/incident/{first}")
    assert not page.all("input", name="operator")
    form = {"conclusion": "cleared", "reason": "a ferry", "operator": "Lt Aminah"}
    form["quiet_until"] = "2026-01-20"
    answer = guest.send(
        f"/incident/{first}", seen=page.all("input", name="seen")[0][0]["value"], **form
    )
    assert answer.status_code == 303
    own = cleared.home_of(own_marked, GUEST)
    for one in (own, own_marked):
        with store.read(one.store) as reader:
            known = reader.dispositions()
        assert set(known["author"]) == {"Guest"}
        assert known["disposition_id"].is_unique
        part = one == own_marked  # who sees a part sets nothing aside for who sees all
        assert set(known["reason"]) == {"[as far as TLP:GREEN shows] " * part + "a ferry"}
        assert known["quiet_until"].isna().all() == part
    assert "a ferry" in guest.page(f"/incident/{first}").text
    forged = {"reason": "not mine", "operator": "Guest"}
    assert chief.send(f"/incident/{first}/withdraw", **forged).status_code in {400, 404}
    taken = guest.send(f"/incident/{first}/withdraw", reason="no ferry", operator="Lt Aminah")
    assert taken.status_code == 303
    for one in (own, own_marked):
        with store.read(one.store) as reader:
            known = reader.dispositions()
        assert set(known["author"]) == {"Guest"}
        assert set(known["conclusion"]) == {"cleared", "withdrawn"}
        assert newest(known).empty
    # What others conclude with all that they know isn't told to who knows less.
    [told] = [line for line in chief.page("/").lines() if line == first] or [""]
    if told:
        chief.send(f"/incident/{told}", conclusion="watch", reason="the satellite saw more")
    assert "satellite" not in guest.page("/").html
    assert "satellite" not in guest.page(f"/incident/{first}").html


def test_a_withdrawal_that_was_cut_short_takes_back_one_conclusion_when_it_is_repeated(
    own_marked: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = cleared.home_of(own_marked, GUEST)
    first = leads(own.home)[0].removeprefix("/incident/")
    seen = (own_marked, "[as far as TLP:GREEN shows] ")
    for conclusion, reason in (("watch", "a ferry?"), ("cleared", "a ferry")):
        said: dict[str, Any] = {"author": "Guest", "conclusion": conclusion, "reason": reason}
        dispositions.record(own, first, quiet_within_m=0.0, also=seen, **said)
    add = Writer.add_disposition

    def once(writer: Writer, rows: pd.DataFrame) -> None:
        monkeypatch.setattr(Writer, "add_disposition", failing)
        add(writer, rows)

    def failing(writer: Writer, rows: pd.DataFrame) -> None:
        raise OSError("the machine went off")

    monkeypatch.setattr(Writer, "add_disposition", once)
    with pytest.raises(OSError, match="went off"):
        dispositions.withdraw(own, first, author="Guest", reason="no ferry", also=seen)
    monkeypatch.setattr(Writer, "add_disposition", add)
    dispositions.withdraw(own, first, author="Guest", reason="no ferry", also=seen)
    for one in (own, own_marked):
        with store.read(one.store) as reader:
            stands = newest(reader.dispositions())
        assert set(stands["conclusion"]) == {"watch"}


@pytest.mark.usefixtures("without_maps")
def test_who_sees_a_part_changes_nothing_that_belongs_to_all(own_marked: Installation) -> None:
    watch = Watch(own_marked)
    for name in ("Guest", "Lt Aminah"):
        assert watch.signed_in(name).send("/places").status_code == 403
    chief = watch.signed_in("Chief")
    assert chief.send("/places").status_code == 405
    assert "An account that may change" in watch.signed_in("Guest").page("/places").text
    assert chief.send("/address").status_code == 403


def test_a_mark_that_changes_counts_at_once(own_marked: Installation) -> None:
    watch, asked = Watch(own_marked), "/nights"
    aminah, guest = watch.signed_in("Lt Aminah"), watch.signed_in("Guest")
    aminah.page(asked)
    path = own_marked.config / "marks.yaml"
    text = path.read_text()
    path.write_text(text.replace("plan: {tlp: GREEN, rel: ALL}", "plan: {tlp: RED, rel: []}"))
    assert aminah.client.get(asked).status_code == 503  # until it is known what is left
    guest.page(asked)
    path.write_text(text + "\nbroken: [")
    for one in (aminah, guest):
        answer = one.client.get(asked)
        assert answer.status_code == 503
        assert str(own_marked.config) not in answer.text
    watch.signed_in("Chief").page(asked)
    path.write_text(text)
    aminah.page(asked)


def test_a_clearance_whose_home_is_not_there_yet_waits(own_marked: Installation) -> None:
    own = cleared.home_of(own_marked, GUEST)
    kept = own.home.rename(own.home.with_name("kept"))
    guest = Watch(own_marked).signed_in("Guest")
    try:
        answer = guest.client.get("/nights")
        assert answer.status_code == 503
        assert "worked out" in answer.text
        assert clearances.unprepared(own_marked, guest.watch.gate.accounts)
    finally:
        kept.rename(own.home)
    assert guest.client.get("/nights").status_code == 200


def test_the_desk_has_it_prepared_in_a_process_of_its_own(
    own_marked: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    asked: list[list[str]] = []
    watch = Watch(own_marked)
    preparing = clearances.Preparing(own_marked, watch.gate.accounts, said.append)

    @contextmanager
    def in_here(command: list[str], **_: object) -> Iterator[Any]:
        asked.append(command[4:])
        answer = CliRunner().invoke(commands, command[4:])
        assert answer.exit_code == 0, answer.output
        preparing._stop_now.set()
        yield SimpleNamespace(poll=lambda: 0, returncode=0, stderr=None)

    own = cleared.home_of(own_marked, GUEST)
    (own.home / "prepared.json").unlink()
    guest = watch.signed_in("Guest")
    assert guest.client.get("/nights").status_code == 503
    monkeypatch.setattr(clearances, "started", in_here)
    preparing.run()
    home = ["--home", str(own_marked.home), "--config", str(own_marked.config)]
    assert asked == [["desk", "prepare", *home, "--quiet"]]
    assert said == []
    guest.page("/nights")
    assert not clearances.unprepared(own_marked, watch.gate.accounts)


def test_a_plan_of_a_part_is_made_of_it_alone_while_its_mark_allows(
    own_marked: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Installation] = []
    nothing: dict[str, Any] = {k: [] for k in ("sorties", "left_out", "intercepts", "sectors")}
    note = {"stale_after": "2999-01-06T12:00Z", "notes": ["Not for navigation."], **nothing}

    def quickly(installation: Installation, *_: Any) -> Any:
        units.of(installation.config, installation.reference)  # it has them
        asked.append(installation)
        return note

    def write(installation: Installation, made: Any) -> None:
        (installation.home / "latest" / "plan.json").write_text(json.dumps(made))

    monkeypatch.setattr(planned, "plan_run", quickly)
    monkeypatch.setattr(planned, "write", write)
    own = cleared.home_of(own_marked, GUEST)
    guest = Watch(own_marked).signed_in("Guest")
    assert "what you may see alone" in guest.page("/plan").text
    assert guest.send("/plan").status_code == 303
    for _ in range(200):
        if "No plan was made" not in (page := guest.page("/plan")).text:
            break
        time.sleep(0.02)
    assert "Not for navigation." in page.text
    assert asked == [own]
    path = own_marked.config / "marks.yaml"
    text = path.read_text()
    path.write_text(text.replace("plan: {tlp: GREEN, rel: ALL}", "plan: {tlp: RED, rel: []}"))
    page = guest.page("/plan")
    assert "beyond what you may see" in page.text
    assert not page.all("form", action="/plan")
    assert "Not for navigation." not in page.text
    assert guest.send("/plan").status_code == 403


def test_a_feed_that_may_not_be_seen_shows_in_no_write(
    own_marked: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A desk says that somebody writes: so did that of a guest whenever something secret came."""
    own = cleared.home_of(own_marked, GUEST)
    before, there = cleared.made(own), store.generation(own.store, own.settings.store)
    zones, start = load_zones(own_marked), utc("2026-01-05T16:00:00Z").to_pydatetime()
    late = tmp_path / "secret.nmea.gz"
    simulate(tmp_path, seed=13, hours=1, vessels=20, start=start, zones=zones)
    (tmp_path / "feed.nmea.gz").rename(late)
    with reporter(quiet=True) as report:
        ingest_only(own_marked, zones, [str(late)], area=None, mapping=None, report=report)
    with store.read(own_marked.store) as reader:
        state = cleared.state_of(reader)
    assert cleared.prepared(own)["state"] != state
    with monkeypatch.context() as patch, reporter(quiet=True) as report:
        patch.setattr(cleared, "write", None)
        cleared.prepare(own_marked, GUEST, report)
    assert cleared.prepared(own)["state"] == state
    assert cleared.made(own) == before
    assert store.generation(own.store, own.settings.store) == there


def test_preparing_again_looks_at_nothing_and_a_feed_that_went_is_forgotten(
    own_marked: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = cleared.home_of(own_marked, GUEST)
    with monkeypatch.context() as patch, reporter(quiet=True) as report:
        patch.setattr(cleared, "_run", None)
        cleared.prepare(own_marked, GUEST, report)
    with store.read(own_marked.store) as reader:
        ledger = reader.ledger()
    [key] = ledger.loc[ledger["name"].str.contains("open"), "feed_key"]
    store.delete_feed(own_marked.store, key)
    with reporter(quiet=True) as report:
        cleared.prepare(own_marked, GUEST, report)
    with store.read(own.store) as reader:
        assert reader.ledger().empty
        assert reader.runs().empty
        assert reader.dispositions().empty
    assert cleared.clear_away(own_marked, [GUEST]) == []
    assert cleared.clear_away(own_marked, []) == [own.home]


def test_units_are_there_while_one_of_those_who_see_the_same_may_have_a_plan(
    own_marked: Installation,
) -> None:
    path = own_marked.config / "marks.yaml"
    text = path.read_text()
    path.write_text(
        text.replace("plan: {tlp: GREEN, rel: ALL}", "plan: {tlp: GREEN, rel: [PLANS]}")
    )
    planner = Clearance(GUEST.max_tlp, frozenset({"PLANS"}))
    assert cleared.home_of(own_marked, planner) == cleared.home_of(own_marked, GUEST)
    with reporter(quiet=True) as report:
        for one in (planner, GUEST):
            own = cleared.prepare(own_marked, one, report, [planner, GUEST])
            assert (own.config / "patrol.yaml").exists()
        cleared.prepare(own_marked, GUEST, report, [GUEST])
    assert not (own.config / "patrol.yaml").exists()


def test_what_a_cleared_home_is_configured_with_is_for_nobody_else_to_read(
    marked: Installation, tmp_path: Path
) -> None:
    own = Installation(tmp_path / "desk", tmp_path / "desk" / "config", marked.settings)
    before = os.umask(0o077)  # as the command sets it; what is copied is readable by all
    try:
        cleared._configure(marked, own, [GUEST], marks.load(marked.config))
    finally:
        os.umask(before)
    made = list(own.home.rglob("*"))
    assert own.config / "zones" in made
    assert not [path for path in made if path.stat().st_mode & 0o077]


def test_a_photograph_is_for_who_may_see_everything(
    marked: Installation, guest: Signed, chief: Signed
) -> None:
    """It has no mark, so that nobody else is told that there is one, or where it lies."""
    [mmsi, *_] = values(cleared.home_of(marked, GUEST))["mmsi"]
    marked.photographs.mkdir()
    path = marked.photographs / f"{mmsi}.png"
    try:
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(16))
        assert chief.client.get(f"/photograph/{mmsi}").status_code == 200
        assert chief.page(f"/vessel/{mmsi}").all("img")
        assert guest.client.get(f"/photograph/{mmsi}").status_code == 404
        page = guest.page(f"/vessel/{mmsi}")
        assert "No photograph." in page.text
        assert str(marked.home) not in page.html
    finally:
        path.unlink()
        marked.photographs.rmdir()


def test_the_plan_of_everything_is_for_who_may_see_everything(
    marked: Installation, guest: Signed, chief: Signed
) -> None:
    """Neither shown, nor beside an incident that both see."""
    [incident, *_] = values(cleared.home_of(marked, GUEST))["incident_id"]
    [mmsi, *_] = re.findall(r"/vessel/(\d{9})", guest.page(f"/incident/{incident}").html)
    found = {"unit": "KM Perwira", "mmsi": int(mmsi), "time": "2026-01-06T01:00Z", "out_nm": 9}
    found |= {"possible": True, "reason": "", "lat": 2, "lon": 101, "chance": 0.5, "rank": 1}
    plan = {"stale_after": "2026-01-06T01:00Z", "notes": ["KM Perwira"], "intercepts": [found]}
    plan |= {"sorties": [], "left_out": [], "sectors": []}
    runs = [folder for folder in marked.runs.iterdir() if folder.is_dir()]
    try:
        for folder in runs:
            assert not (folder / "plan.json").exists()
            (folder / "plan.json").write_text(json.dumps(plan))
        assert "KM Perwira" in chief.page("/plan").text
        for address in ("/plan", f"/incident/{incident}", "/"):
            assert "Perwira" not in guest.page(address).html
    finally:
        for folder in runs:
            (folder / "plan.json").unlink(missing_ok=True)
