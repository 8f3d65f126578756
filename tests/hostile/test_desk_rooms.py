"""Forms and files of the desk's places and packs, attacked: only what was meant is written."""

import io
import json
import os
import re
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml
from starlette.testclient import TestClient

from pipelines import store
from pipelines.base.settings import load
from pipelines.base.yaml_files import read_yaml
from pipelines.reference import learned
from pipelines.reference.layers import area_files, read_area
from pipelines.web import photographs, planned
from pipelines.web.night import Nights
from pipelines.web.protocol import MAX_UPLOAD
from tests.hostile.test_desk import HOSTILE
from tests.pipelines.web.conftest import HERE, Own, Page

FORMS = ("/area/new", "/areas/x", "/places/x", "/packs/look", "/packs/correct", "/work/" + "0" * 16)
FORMS = (*FORMS, "/work/" + "0" * 16 + "/stop", "/pack/" + "0" * 16 + "/make", "/packs/upload")
FORMS = (*FORMS, "/pack/" + "0" * 16 + "/without", "/plan", "/zones/port-klang-anchorage")
FORMS = (*FORMS, "/zones/territorial-sea-mys")


@pytest.fixture
def unchanged(refusing: Own) -> Iterator[None]:
    """Fails where a file of the configuration or of the home was made or changed."""

    def state() -> dict[str, bytes]:
        roots = refusing.config, refusing.home / "learned", refusing.home / "packs"
        roots = *roots, *(path.parent for path in refusing.home.glob("runs/*/plan.json"))
        files = [path for root in roots for path in sorted(root.rglob("*")) if path.is_file()]
        return {str(path): path.read_bytes() for path in files}

    before = state()
    yield
    assert state() == before


def shown_and_not_obeyed(page: Page) -> None:
    for tag, about, _ in page.elements:
        assert tag not in {"img", "iframe", "object", "embed", "base"}
        assert not [name for name in about if name.startswith("on") or name == "style"]
        src = about.get("src", "") if tag == "script" else ""
        assert tag != "script" or src.startswith("/assets/") or about.get("id") == "data"
    assert "\u202e" not in page.html
    assert "\u200b" not in page.html
    assert "<script>alert" not in page.html


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("path", FORMS)
def test_no_other_page_sends_a_form(refusing: Own, path: str) -> None:
    form = {"csrf": refusing.word, "act": "save", "decision": "accept", "recipient": "partner"}
    form |= refusing.about
    for headers in (
        {},
        {"origin": "null"},
        {"origin": "http://evil.example"},
        {"origin": HERE, "sec-fetch-site": "cross-site"},
        {"origin": HERE, "host": "evil.example"},
    ):
        answer = refusing.reader.client.post(
            path, data=form, headers=headers, follow_redirects=False
        )
        assert answer.status_code in {403, 421}
    kinds = ("text/plain", "multipart/form-data; boundary=x", "application/json")
    for kind in (*kinds, "application/octet-stream"):
        head = {"origin": HERE, "content-type": kind}
        answer = refusing.reader.client.post(
            path, content=b"csrf=" + refusing.word.encode(), headers=head
        )
        assert answer.status_code in {403, 415}
    for word in ("", "guess"):
        answer = refusing.post(path, **{**form, "csrf": word})
        assert answer.status_code in {403, 415}
    assert refusing.reader.client.get(path).status_code in {200, 404, 405}


@pytest.mark.usefixtures("unchanged")
def test_a_million_corners_are_not_read(refusing: Own) -> None:
    many = {**refusing.about, "corners": "3 101\n" * 1_000_000}
    assert refusing.post("/area/new", act="save", **many).status_code == 413
    some = refusing.post("/area/new", act="save", **{**refusing.about, "corners": "3 101\n" * 6000})
    assert some.status_code == 400
    assert "1000 corners at most" in some.text
    for corners in (
        "3 101 " * 4000,
        "9" * 60_000,
        "3.1" + "1" * 5000 + " 101\n3 102\n4 102",
        "nan nan\ninf inf\n1e300 1",
        "3 101\n3 102\n3 103",  # no area
        "3 101\n3 102\n4 102\n" + "-\n" * 3000,
        "-\n3 101\n3 102\n4 102",  # a hole in nothing
        "3 101\n3 102\n4 102\n+\n" + "3 101\n3 102\n4 102\n+\n" * 200,  # on one another
        "＋\n3 101\n3 102\n4 102",
        "3 101\n4 102\n4 101\n3 102",  # crosses itself
        "３ １０１\n３ １０２\n４ １０２",
        "٣ ١٠١\n٣ ١٠٢\n٤ ١٠٢",
        "\x00\n\x00\n\x00",
    ):
        answer = refusing.post("/area/new", act="save", **{**refusing.about, "corners": corners})
        assert answer.status_code == 400, corners[:40]


def test_an_area_is_drawn_only_where_it_can_be_noted_who_drew_it(own: Own) -> None:
    """The disk of the home is full, or read only, and that of the zones isn't."""
    changes = load(own.home, own.config).changes
    (changes / "zones.jsonl").mkdir(parents=True)
    before = [path.name for path in area_files(own.config / "zones")]
    refused = own.post("/area/new", act="save", **own.about)
    assert refused.status_code == 400
    assert "Is a directory" in refused.text
    assert [path.name for path in area_files(own.config / "zones")] == before
    (changes / "zones.jsonl").rmdir()
    assert own.post("/area/new", act="save", **own.about).status_code == 303
    assert len(area_files(own.config / "zones")) == len(before) + 1


NAMES = (
    "x\nwatch: [{when: enter}, {when: stay}]",
    "x: {a: b}, *c, &d e",
    "!!python/object/apply:os.system ['true']",
    '"}]\npolygon: []',
    "'",
    "# no name",
    "yes",
    "2026-01-01",
    "<script>alert(1)</script>",
    "{{7*7}} ${x} %s {0}",
    "../../../etc/cron.d/x",
    "..\\..\\x",
    "C:\\x",
    "a/b",
    "x" * 100_0,
)


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_a_name_in_its_file(refusing: Own, name: str) -> None:
    before = set(refusing.config.rglob("*"))
    form = {**refusing.about, "name": name, "operator": f"{name} – me", "source": name[:200]}
    answer = refusing.post("/area/new", act="save", **form)
    new = set(refusing.config.rglob("*")) - before
    if answer.status_code != 303:
        assert answer.status_code == 400
        assert not new
        return
    [path] = new
    try:
        is_a_name_in(path, refusing, name)
    finally:
        path.unlink()


def is_a_name_in(path: Path, own: Own, name: str) -> None:
    assert path.parent == own.areas
    assert re.fullmatch(r"[a-z0-9-]+\.yaml", path.name)
    assert area_files(own.config / "zones") == [path]
    made = read_area(path)
    assert made["name"] == name.strip()[:100]
    assert [watch.when for watch in made["watches"]] == ["enter"]
    assert set(yaml.safe_load(path.read_text())) == {"name", "note", "polygon", "watch"}
    for address in ("/places", f"/areas/{path.stem}"):
        shown_and_not_obeyed(own.reader.page(address))


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("name", ["\u202eDROWSSAP", "\x1b[31mred", "\x00", "…", "中国", "   ", "-"])
def test_a_name_that_cannot_be_seen_or_written_is_refused(refusing: Own, name: str) -> None:
    answer = refusing.post("/area/new", act="save", **{**refusing.about, "name": name})
    assert answer.status_code == 400
    shown_and_not_obeyed(Page(answer.text))


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "more",
    [
        {"when": "<x>"},
        {"when": "stay", "min_duration_min": "1e999"},
        {"when": "stay", "min_duration_min": "nan"},
        {"when": "speed", "speed_kn": "-1"},
        {"score": "2"},
        {"hours_from": "25:00", "hours_to": "x"},
        {"valid_from": "0000-00-00"},
        {"valid_from": "2026-12-01", "valid_until": "2026-11-01"},
        {"rule": "99999"},
        {"zone_class": "../x"},
        {"zone_class": "territorial_sea"},
        {"zone_class": "anchorage", "when": "", "corners": "3 101\n4 102\n4 101\n3 102"},
        {"corners": "3 101\n" * 5000},
        {"zone_class": "port", "valid_until": "1e9", "when": "enter"},
        {"since": "x", "act": "try"},
        {"since": "2020-01-01", "until": "2026-01-01", "act": "try"},
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(refusing: Own, more: dict[str, str]) -> None:
    answer = refusing.post("/area/new", **{"act": "save", **refusing.about, **more})
    if answer.status_code == 303:  # it is tried, and that tells
        where = answer.headers["location"].partition("#")[0]
        assert where.startswith("/try/") or more.get("rule")
        if where.startswith("/try/"):
            assert refusing.done(where).all("p", role="alert")
            return
        [path] = refusing.areas.glob("*.yaml")
        path.unlink()
        return
    assert answer.status_code == 400
    assert Page(answer.text).all("p", role="alert")


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "path",
    [
        "/areas/..%2fports",
        "/areas/..%2f..%2fsettings",
        "/areas/%00",
        "/areas/example.yaml",
        "/areas/" + "x" * 121,
        "/places/../../x",
        "/packs/file/..%2f..%2fkeys",
        "/packs/file/../keys/keys.json",
        "/packs/file/%2e%2e",
        "/packs/file/settings",
        "/packs/verify?pack=../../keys/x",
        "/packs/verify?pack=%2fetc%2fpasswd",
        "/packs/verify?pack=",
        "/pack/" + "f" * 16,
        "/try/" + "f" * 16,
        "/work/" + "f" * 16,
        "/work/..%2f",
    ],
)
def test_odd_addresses_of_places_and_packs_lead_nowhere(refusing: Own, path: str) -> None:
    answer = refusing.reader.client.get(path, follow_redirects=False)
    assert answer.status_code == 404
    assert "root:" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.usefixtures("unchanged")
def test_only_packs_that_went_out_are_given_and_no_links(refusing: Own) -> None:
    packs = refusing.home / "packs"
    packs.mkdir(exist_ok=True)
    (packs / "loose.zip").write_bytes(b"x")
    (packs / "link.zip").symlink_to("/etc/passwd")
    log = refusing.home / "exports.jsonl"
    log.write_text(json.dumps({"pack": "link", "number": 1, "time": "x"}) + "\n")
    try:
        for name in ("loose", "link"):
            assert refusing.reader.client.get(f"/packs/file/{name}").status_code == 404
            assert refusing.reader.client.get(f"/packs/verify?pack={name}").status_code == 404
    finally:
        for path in (packs / "loose.zip", packs / "link.zip", log):
            path.unlink()
        packs.rmdir()


@pytest.mark.usefixtures("unchanged")
def test_what_is_sent_to_be_verified_is_bounded_and_thrown_away(
    refusing: Own,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    client, path = refusing.reader.client, "/packs/upload"
    head = {
        "origin": HERE,
        "content-type": "application/octet-stream",
        "x-desk-word": refusing.word,
    }
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/manifest.json", b"0" * 20_000_000)
        archive.writestr("../../x", b"x")
    for content in (b"", b"PK", b"x" * 100_000, bomb.getvalue(), b"age-encryption.org/v1\n" * 9):
        said = client.post(path, content=content, headers=head)
        assert said.status_code == 200
        assert said.json()["good"] is False
        assert str(tmp_path) not in said.text
    assert client.post(path, content=b"x", headers={**head, "x-desk-word": "x"}).status_code == 403
    assert client.post(path, content=b"x", headers={**head, "content-length": "x"}).status_code in {
        400,
        411,
    }
    large = {**head, "content-length": str(MAX_UPLOAD + 1)}
    assert client.post(path, content=b"x", headers=large).status_code == 413
    monkeypatch.setattr("pipelines.web.packing.MAX_UPLOAD", 1000)
    assert client.post(path, content=b"x" * 2000, headers=head).status_code == 413
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "form",
    [
        {},
        {"recipient": "../x"},
        {"recipient": "nobody"},
        {"recipient": HOSTILE},
    ],
)
def test_a_pack_for_nobody_is_not_looked_at(refusing: Own, form: dict[str, str]) -> None:
    answer = refusing.post("/packs/look", **form)
    assert answer.status_code == 400
    shown_and_not_obeyed(Page(answer.text))


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("form", [{"run": "../../runs"}, {"run": "' OR ''='"}])
def test_a_run_that_is_none_is_told(refusing: Own, form: dict[str, str]) -> None:
    page = refusing.done(refusing.sent("/packs/look", recipient="partner", **form))
    assert page.all("p", role="alert")
    shown_and_not_obeyed(page)
    lost = refusing.done(refusing.sent("/packs/correct", pack="../../keys/" + HOSTILE[:60]))
    assert lost.all("p", role="alert")
    shown_and_not_obeyed(lost)


@pytest.mark.usefixtures("unchanged")
def test_what_is_ticked_is_what_was_shown_to_who_ticks(refusing: Own) -> None:
    """Ids are never taken from a form: a place on the page that was shown says what is meant."""
    seen = refusing.sent("/packs/look", recipient="partner")
    refusing.done(seen)
    odd = {"incident_9999": "1", "incident_-1": "1", f"vessel_{HOSTILE[:40]}": "1", "strike": "x"}
    page = refusing.done(refusing.sent(f"{seen}/without", **odd))
    assert not [text for _, text in page.all("li") if "left out by you" in text]
    shown_and_not_obeyed(page)
    other = TestClient(refusing.reader.doors, HERE, raise_server_exceptions=False)
    assert other.get("/", params={"token": refusing.reader.keys.token()}).status_code == 200
    session = refusing.reader.keys.session(other.cookies["desk-8765"])
    assert session is not None
    form = {"csrf": session.csrf, "incident_0": "1"}
    for path in (f"{seen}/without", "/pack/" + "0" * 16 + "/without"):
        assert other.post(path, data=form, headers={"origin": HERE}).status_code == 404


def test_what_files_say_is_shown_and_never_obeyed(own: Own) -> None:
    """Learned places, watch areas, decisions, log and progress: anybody may have written them."""
    home = own.home
    snapshot = learned.read_newest(home / "learned")
    assert snapshot is not None
    features = [json.loads(json.dumps(one)) for one in snapshot.features]
    features[0]["properties"]["name"] = HOSTILE
    facts = {**snapshot.facts, "hash": learned._digest(features)}
    facts["refused"] = [{"name": HOSTILE, "reason": HOSTILE}]
    made = home / "learned" / "places-2027-01-01.geojson"
    made.write_text(learned._dumped({"selat": facts, "features": features}))
    decisions = home / "learned" / learned.DECISIONS
    zone_id = features[0]["properties"]["zone_id"]
    held = {"what": "reject", "by": HOSTILE, "made": HOSTILE}
    decisions.write_text(yaml.safe_dump({zone_id: held}))
    area = own.areas / "a b <b>.yaml"
    area.write_text(
        yaml.safe_dump(
            {
                "name": "<script>alert(1)</script>",
                "note": "<img src=x onerror=alert(1)>",
                "polygon": [[100, 3], [101, 3], [101, 4]],
                "watch": [{"when": "enter", "source": "</script><!--"}],
            }
        )
    )
    broken = own.areas / "broken.yaml"
    broken.write_text("- <script>alert(1)</script>")
    log = home / "exports.jsonl"
    keys = ("title", "pack", "by", "time", "tlp", "run_id", "corrects", "flagged")
    log.write_text(json.dumps(dict.fromkeys(keys, HOSTILE) | {"number": 1}) + "\nx\n")
    progress = load(home, own.config).progress
    page = own.reader.page("/places")
    shown_and_not_obeyed(page)
    assert "broken.yaml" in page.text
    assert page.text.count("[U+202E]DROWSSAP") >= 2
    shown_and_not_obeyed(own.reader.page("/areas/broken", 404))
    shown_and_not_obeyed(own.reader.page("/area/new", 404))  # says which file is broken
    broken.unlink()
    shown_and_not_obeyed(own.reader.page(f"/areas/{quote('a b <b>')}"))
    page = own.reader.page("/places")
    shown_and_not_obeyed(page)
    shown_and_not_obeyed(own.reader.page("/packs"))
    with store.write(home / "store"):
        for held in (
            {"stage": HOSTILE, "detail": HOSTILE, "done": 1e308, "total": 1e308},
            {"stage": "x" * 9000, "detail": "", "done": 0, "total": 0},
            {"stage": "x", "detail": "", "done": float("nan"), "total": 1},
            {"stage": ["x"], "detail": {}, "done": "1", "total": "1"},
            [],
            {},
        ):
            progress.write_text(json.dumps(held))
            told = own.reader.client.get("/live").json()
            assert len(told["doing"]) < 1000
            assert "\u202e" not in told["doing"]
            assert told["share"] is None or 0 <= told["share"] <= 1
        progress.write_text("[" * 100_000)
        assert own.reader.client.get("/live").json()["doing"] == ""
    for odd in (
        "[a]",
        "x: accept",
        f"{zone_id}: {{what: accept, who: x}}",
        f"{zone_id}: [accept]",
    ):
        decisions.write_text(odd)
        own.reader.page("/places")


def test_who_decides_is_written_as_a_text(own: Own) -> None:
    key = learned.read_newest(own.home / "learned").ids()[0].removeprefix("learned-")  # type: ignore[union-attr]
    for name in NAMES[:9]:
        own.sent(f"/places/{key}", decision="reject", operator=name)
        [held] = read_yaml(own.home / "learned" / learned.DECISIONS).values()
        assert held["what"] == "reject"
        assert set(held) == {"what", "by", "made"}
        assert len(held["by"]) <= 60
    own.sent(f"/places/{key}", decision="undo", operator="x")
    for decision in ("", "ACCEPT", "accept: x", "delete"):
        assert own.post(f"/places/{key}", decision=decision).status_code == 404
    assert own.post("/places/nowhere", decision="accept").status_code == 404


@pytest.mark.usefixtures("unchanged")
def test_plans_that_many_ask_for_at_once_are_made_one_at_a_time(
    refusing: Own,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go_on, under_way = threading.Event(), []

    def slowly(*_: object) -> None:
        under_way.append(threading.get_ident())
        assert go_on.wait(20)
        raise ValueError("no plan")

    def ask(_: int = 0) -> int:
        return int(refusing.post("/plan").status_code)

    def until(done: Callable[[], bool]) -> bool:
        for _ in range(600):
            if done():
                return True
            time.sleep(0.1)
        return False

    def idle() -> bool:
        return not any(one.name.endswith("(_run)") for one in threading.enumerate())

    assert until(idle)  # of what the tests before began
    monkeypatch.setattr(planned, "plan_run", slowly)
    monkeypatch.setattr(threading, "excepthook", lambda _: None)  # it is told where it was started
    try:
        with ThreadPoolExecutor(16) as many:
            answers = sorted(many.map(ask, range(48)))
        assert answers == [303] + [409] * 47
        assert until(lambda: len(under_way) == 1)
        assert refusing.reader.client.get("/").status_code == 200  # nobody waits for it
    finally:
        go_on.set()
    assert until(idle)
    assert "Something went wrong" in refusing.reader.client.get("/plan").text
    assert ask() == 303  # what failed keeps nobody from the next
    assert until(lambda: len(under_way) == 2)
    assert until(idle)


def test_a_plan_that_somebody_wrote_is_shown_or_left_out_and_never_obeyed(own: Own) -> None:
    [row] = [re.search(r"/incident/[0-9a-f]{16}", own.reader.page("/").html)]
    assert row is not None
    folder = max((own.home / "runs").iterdir())
    stop: dict[str, object] = {
        "task": "boarding",
        "rank": 1,
        "mmsi": 1,
        "name": HOSTILE,
        "sector": HOSTILE,
        "lat": 2,
        "lon": 101,
    }
    stop |= dict.fromkeys(("depart", "begin", "end"), "2026-01-06T01:00Z")
    stop |= {"course_deg": 1, "distance_nm": 1, "speed_kn": 1, "chance": 0.5}
    stop |= {"route": [[101, 2], [101, 2.1]]}
    sortie: dict[str, object] = {
        "unit": HOSTILE,
        "sortie": 1,
        "base": {"name": HOSTILE},
        "distance_nm": 1,
    }
    sortie |= {"watch": {"opens": stop["begin"], "closes": stop["end"]}, "stops": [stop]}
    plan: dict[str, object] = {
        "stale_after": "2026-01-06T01:00Z",
        "notes": [HOSTILE],
        "sorties": [sortie],
    }
    plan |= {"left_out": [], "intercepts": [], "sectors": []}
    odd: tuple[object, ...] = (
        plan,
        {**plan, "sorties": [{**sortie, "stops": [{**stop, "lat": float("nan")}]}]},
        {**plan, "sorties": [{**sortie, "stops": [{**stop, "route": [[1e999, 1]]}]}]},
        {**plan, "sorties": [{**sortie, "stops": [{**stop, "mmsi": "x"}]}]},
        {**plan, "sorties": [{**sortie, "stops": [{**stop, "rank": "x"}]}]},
        {**plan, "intercepts": [{"mmsi": "1", "time": "never", "possible": True, "unit": "x"}]},
        {**plan, "notes": 5},
        {**plan, "stale_after": "9" * 400},
        [plan] * 3,
    )
    for one in odd:
        (folder / "plan.json").write_text(json.dumps(one))
        page = own.reader.page("/plan")
        shown_and_not_obeyed(page)
        assert ("alert(1)" in page.text) == (one is plan)
        shown_and_not_obeyed(own.reader.page(row[0]))
    (folder / "plan.json").write_text("[" * 100_000)
    shown_and_not_obeyed(own.reader.page("/plan"))


@pytest.fixture(scope="module")
def flagged(refusing: Own) -> tuple[str, int, int]:
    """An incident that is shown, its rank, and a vessel of it."""
    found = re.search(r"/incident/([0-9a-f]{16})", refusing.reader.page("/").html)
    assert found is not None
    mmsi = re.search(r"/vessel/(\d{9})", refusing.reader.page(found[0]).html)
    assert mmsi is not None
    shown = Nights(load(refusing.home)).shown("", "en")
    [rank] = [line.rank for line in shown.lines if line.incident_id == found[1]]
    return found[0], rank, int(mmsi[1])


PLACE = {"lat": 2.0, "lon": 101.0, "chance": 0.5}
SOON = "2026-01-06T01:00Z"


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"lat": 1e300},
        {"lat": -90, "lon": 1e15},
        {"lat": 90, "lon": -180},
        {"chance": 1e308},
        {"chance": float("nan"), "out_nm": float("nan")},
        {"time": "9999-12-31T23:59Z"},
        {"time": "0001-01-01"},
        {"time": "now"},
        {"unit": {"a": 1}},
        {"unit": HOSTILE * 50, "reason": HOSTILE},
        {"possible": "no", "out_nm": True},
        {"mmsi": True},
        {"mmsi": 10**400},
        {"mmsi": None},
        {"rank": True},
        {"rank": 10**400},
        {"rank": [1]},
    ],
)
@pytest.mark.parametrize("sails", [True, False])
def test_where_units_could_meet_a_vessel_is_told_or_left_out(
    refusing: Own,
    flagged: tuple[str, int, int],
    odd: dict[str, object],
    sails: bool,
) -> None:
    """Of the vessels of an incident that is shown, which a plan that somebody wrote names."""
    address, rank, mmsi = flagged
    pair = {"unit": HOSTILE, "mmsi": mmsi, "time": SOON, "possible": True, "reason": ""}
    pair["rank"] = rank
    pair |= {"out_nm": 3.0, **PLACE, **odd}
    stop = {"task": "boarding", "name": HOSTILE, "sector": HOSTILE, **PLACE, "mmsi": pair["mmsi"]}
    stop["rank"] = pair["rank"]
    stop |= dict.fromkeys(("depart", "begin", "end"), pair["time"])
    stop |= {"course_deg": 1, "distance_nm": 1, "speed_kn": 1, "chance": pair["chance"]}
    stop |= {name: pair[name] for name in ("lat", "lon")}
    stop |= {"route": [[101, 2], [pair["lon"], pair["lat"]]]}
    sortie = {"unit": pair["unit"], "sortie": 1, "distance_nm": 1, "stops": [stop]}
    sortie |= {"base": {"name": HOSTILE}, "watch": {"opens": SOON, "closes": SOON}}
    plan = {"stale_after": SOON, "notes": [], "left_out": [], "sectors": []}
    plan |= {"sorties": [sortie] if sails else [], "intercepts": [] if sails else [pair]}
    folder = max((refusing.home / "runs").iterdir())
    path = folder / "plan.json"
    kept = path.read_bytes() if path.exists() else None
    try:
        path.write_text(json.dumps(plan))
        pages = [refusing.reader.page(one) for one in (address, *(["/plan"] if sails else []))]
        for page in pages:
            shown_and_not_obeyed(page)
            assert "0" * 300 not in page.text
        assert odd or "chance of finding it 50%" in pages[0].text
    finally:
        path.unlink()
        if kept is not None:
            path.write_bytes(kept)


def test_a_photograph_is_an_image_of_this_folder_and_of_no_other(own: Own) -> None:
    client, folder = own.reader.client, own.home / "photographs"
    folder.mkdir()
    jpeg = b"\xff\xd8\xff"
    (own.home / "outside.jpg").write_bytes(jpeg)
    for ending, content in {
        "jpg": b"<html><script>alert(1)</script>",
        "jpeg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        "png": b"",
        "webp": b"RIFF",
    }.items():
        (folder / f"533000001.{ending}").write_bytes(content)
    os.mkfifo(folder / "533000002.jpg")  # whoever opens it waits
    (folder / "533000003.jpg").mkdir()
    (folder / "533000004.jpg").symlink_to(own.home / "outside.jpg")
    with (folder / "533000005.jpg").open("wb") as file:
        file.write(jpeg)
        file.truncate(photographs.MAX_BYTES + 1)
    for name in ("533000001", "533000002", "533000003", "533000004", "533000005"):
        assert client.get(f"/photograph/{name}").status_code == 404
    for odd in ("..%2foutside", "%2e%2e/outside", "outside", "533000001.jpg", "0", "9" * 10):
        assert client.get(f"/photograph/{odd}").status_code in {404, 422}
    (folder / "000000007.jpg").write_bytes(jpeg + b"<script>alert(1)</script>")
    answer = client.get("/photograph/7")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "script-src" in answer.headers["content-security-policy"]
