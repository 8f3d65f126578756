"""The desk's doors: other accounts, other pages, other names, and what ships call themselves."""

import errno
import hashlib
import json
import os
import re
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import duckdb
import pytest
from starlette.testclient import TestClient

from detectors.core.errors import ConfigError
from pipelines import store
from pipelines.ask.explain import raw
from pipelines.base import peers, prompt, spoken
from pipelines.base.labels import labels
from pipelines.base.progress import reporter
from pipelines.base.settings import load
from pipelines.run.runs import detect_only
from pipelines.run.windows import NoDataError
from pipelines.web import assets, concluding, rooms, working
from pipelines.web.app import Desk
from pipelines.web.doors import MAX_ADDRESS, MAX_HEADERS
from pipelines.web.protocol import MAX_BODY
from pipelines.web.serving import _open, listening
from tests.pipelines.web.conftest import HERE, Page, Reader, ask, seen_on, served

POST = {"origin": HERE, "content-type": "application/x-www-form-urlencoded"}
HOSTILE = (
    "<script>alert(1)</script>\"onload=\"alert(2)\" 'onfocus='x' "
    "</script><!--{{7*7}}\u202eDROWSSAP\u200b &lt;img src=x onerror=alert(3)&gt;"
)


@pytest.fixture(scope="module")
def incident(reader: Reader) -> str:
    return f"/incident/{reader.page('/').lines()[0]}"


def recorded(home: Path) -> int:
    with store.read(home / "store") as opened:
        return len(opened.dispositions())


def csrf(reader: Reader) -> str:
    session = reader.keys.session(reader.client.cookies["desk-8765"])
    assert session is not None
    return session.csrf


@pytest.fixture
def stranger(reader: Reader) -> Iterator[Any]:
    """Another program of the machine: the same server, no cookie."""
    client = TestClient(reader.doors, HERE, raise_server_exceptions=False)
    yield client
    assert not client.cookies


@pytest.mark.parametrize("path", ["/", "/health", "/live", "/assets/desk.css", "/nowhere", "/docs"])
def test_who_was_not_let_in_is_told_nothing(
    stranger: Any,
    reader: Reader,
    desk_home: Path,
    path: str,
) -> None:
    key = reader.client.cookies["desk-8765"]
    for cookie in (
        "",
        "desk-8765=",
        "desk-8765=guess",
        f"desk-8765={csrf(reader)}",
        f"desk-1={key}",
    ):
        answer = stranger.get(path, headers={"cookie": cookie} if cookie else {})
        assert answer.status_code == 401
        assert str(desk_home) not in answer.text
        assert "Aminah" not in answer.text


def test_a_token_opens_once_and_a_guess_never(stranger: Any, reader: Reader) -> None:
    token = reader.keys.token()
    for guess in ("x", token[:-1], token + "x", token.swapcase(), "%00", "é" * 9):
        answer = stranger.get("/", params={"token": guess})
        assert answer.status_code == 401
    first = stranger.get("/", params={"token": token})
    assert first.status_code == 200
    assert token not in first.text
    stated = first.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(stated.split("; "))
    stranger.cookies.clear()
    again = stranger.get("/", params={"token": token})
    assert again.status_code == 401
    assert "set-cookie" not in again.headers


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1",
        "127.0.0.1:80",
        "127.0.0.1:8765.evil.example",
        "desk@127.0.0.1:8765",
        "0.0.0.0:8765",
        "",
    ],
)
def test_another_name_for_us_is_answered_with_nothing(reader: Reader, host: str) -> None:
    answer = reader.client.get("/", headers={"host": host})
    assert answer.status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "null"},
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:8766"},
        {"origin": "https://127.0.0.1:8765"},
        {"origin": "http://localhost:8765"},
        {"origin": HERE, "sec-fetch-site": "cross-site"},
        {"origin": HERE, "sec-fetch-site": "same-site"},
    ],
)
def test_a_form_of_another_page_writes_nothing(
    reader: Reader,
    desk_home: Path,
    incident: str,
    headers: dict[str, str],
) -> None:
    before = recorded(desk_home)
    form = {"csrf": csrf(reader), "conclusion": "cleared", "reason": "x", "operator": "x"}
    for address in (incident, f"{incident}/withdraw", "/settings", "/address"):
        answer = reader.client.post(address, data=form, headers=headers)
        assert answer.status_code == 403
    assert recorded(desk_home) == before


def test_a_form_without_its_word_or_by_another_way_writes_nothing(
    reader: Reader,
    desk_home: Path,
    incident: str,
) -> None:
    before, form = recorded(desk_home), "conclusion=cleared&reason=x&operator=x"
    other = Reader(Desk(load(desk_home)))
    word = csrf(reader)
    for body in (form, f"{form}&csrf=", f"{form}&csrf={word[:-1]}", f"{form}&csrf={csrf(other)}"):
        for address in (incident, f"{incident}/withdraw"):
            assert reader.client.post(address, content=body, headers=POST).status_code == 403
    right = f"{form}&csrf={word}"
    request = reader.client.request
    for kind in ("application/json", "text/plain", "multipart/form-data; boundary=x", ""):
        headers = {**POST, "content-type": kind}
        assert request("POST", incident, content=right, headers=headers).status_code == 415
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        assert request(method, incident, headers={"origin": HERE}).status_code == 405
    for address in (f"{incident}?{right}", f"/settings?language=ms&csrf={word}", "/address"):
        assert reader.client.get(address, follow_redirects=False).status_code in {200, 404, 405}
    assert reader.page("/").all("html")[0][0]["lang"] == "en"
    assert recorded(desk_home) == before


def test_what_is_too_large_is_not_read(reader: Reader, incident: str) -> None:
    word, client = csrf(reader), reader.client
    large = f"csrf={word}&reason=" + "x" * 1_000_000
    assert client.post(incident, content=large, headers=POST).status_code == 413

    def endless() -> Iterator[bytes]:
        while True:
            yield b"x" * 1000

    assert client.post(incident, content=endless(), headers=POST).status_code == 411
    many = "&".join(f"f{k}=1" for k in range(1000)) + f"&csrf={word}"
    assert client.post(incident, content=many, headers=POST).status_code == 400
    lying = {**POST, "content-length": "9"}
    assert client.post(incident, content="x" * (MAX_BODY + 1), headers=lying).status_code in {
        403,
        413,
    }
    assert client.get("/?q=" + "x" * MAX_ADDRESS).status_code == 414
    assert client.get("/", headers={"x": "y" * MAX_HEADERS}).status_code == 431
    assert client.get("/?q=" + "x" * 101).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/incident/../../../../etc/passwd",
        "/incident/..%2f..%2fetc%2fpasswd",
        "/incident/%00",
        "/incident/0000000000000000",
        "/incident/" + "f" * 15,
        "/incident/'%20OR%201=1--",
        "/incident/%25",
        "/event/_______________%25",
        "/event/ffffffffffffffff",
        "/vessel/-1",
        "/vessel/9999999999",
        "/vessel/１２３",
        "/vessel/000000000",
        "/assets/../app.py",
        "/assets/..%2fapp.py",
        "/assets/%2e%2e/doors.py",
        "/assets/desk.css%00.py",
        "/assets/",
        "/?at=../../runs",
        "/?at='%20OR%20''='",
        "/openapi.json",
        "/docs",
        "/redoc",
    ],
)
def test_odd_addresses_lead_nowhere(reader: Reader, path: str) -> None:
    answer = reader.client.get(path, follow_redirects=False)
    assert answer.status_code == 404
    assert "root:" not in answer.text
    assert "Traceback" not in answer.text


def test_assets_are_a_closed_list() -> None:
    maps = {"chart.js", "places.js", "area.js"}
    assert {"desk.css", "desk.js", "early.js", *maps} == assets._assets().keys()
    assert assets.find("../pages/desk.html.j2") is None


def test_a_form_leads_back_to_the_desk_alone(reader: Reader) -> None:
    for back in (
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "javascript:x",
        "/a\r\nb: c",
    ):
        answer = reader.client.post(
            "/settings",
            data={"csrf": csrf(reader), "back": back},
            headers={"origin": HERE},
            follow_redirects=False,
        )
        assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_every_answer_is_hardened(reader: Reader, stranger: Any, incident: str) -> None:
    answers = [
        reader.client.get(path) for path in ("/", incident, "/live", "/assets/desk.js", "/no")
    ]
    answers += [stranger.get("/"), reader.client.get("/", headers={"host": "x"})]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "server" not in answer.headers
        assert "access-control-allow-origin" not in answer.headers
        if "<script" in answer.text and "<html" in answer.text:
            scripts = [about for about, _ in Page(answer.text).all("script")]
            assert all(about.get("src") or about["type"] == "application/json" for about in scripts)
            assert not re.search(r"<[^>]+\s(style|on\w+)=", answer.text)


def test_what_goes_wrong_inside_is_not_shown(
    reader: Reader,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("/secret/path")

    monkeypatch.setattr(rooms, "nights", broken)
    answer = reader.client.get("/nights")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_where_a_home_cannot_be_written_to_it_is_said_and_what_was_typed_kept(
    own_reader: Reader,
    incident: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A disk that is read only, or somebody else's."""

    def read_only(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), "/secret/writer.lock")

    monkeypatch.setattr(concluding, "record", read_only)
    page = own_reader.send(incident, 400, conclusion="watch", reason="two hulls", operator="x")
    assert "Read-only file system" in page.text
    assert page.all("textarea", name="reason")[0][1] == "two hulls"
    assert "secret" not in page.html
    work = (works := working.Works()).start("a", "plan", "", read_only)
    while work.running:
        time.sleep(0.01)
    [told] = works.of("a", "plan")
    assert (told.state, told.said) == ("failed", "Read-only file system")


def test_another_account_with_the_cookie_stays_outside(
    reader: Reader,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A browser sends a cookie to every port of a host, so to any account's server."""
    accounts = iter([1000, 1000, 1001, None, 0, 1000])
    monkeypatch.setattr(peers, "account", lambda _: next(accounts))
    own = TestClient(reader.doors, HERE, raise_server_exceptions=False)
    assert own.get("/", params={"token": reader.keys.token()}).status_code == 200
    assert [own.get("/live").status_code for _ in range(5)] == [200, 401, 401, 401, 200]


@pytest.mark.skipif(
    not peers.TABLES[4].exists(), reason="the system doesn't tell whose a connection is"
)
@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "::"])
@pytest.mark.parametrize("asked", ["yes", "not allowed", "knows none"])
def test_whose_connection_it_is_is_told_by_the_system(
    monkeypatch: pytest.MonkeyPatch, host: str, asked: str
) -> None:
    """Also in a sandbox that doesn't let the kernel be asked, and of a kernel that says of each
    connection that there is none. At `::` who comes by IPv4 comes as one of IPv6."""
    if asked == "not allowed":
        monkeypatch.delattr(socket, "AF_NETLINK")
    if asked == "knows none":
        monkeypatch.setattr(peers, "_asked", lambda *_: None)
        monkeypatch.setattr(peers, "_can_be_asked", peers._can_be_asked.__wrapped__)
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as sock:
        if host == "::":
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        try:
            sock.bind((host, 0))
        except OSError:
            pytest.skip("no IPv6 here")
        sock.listen()
        to = "127.0.0.1" if host == "::" else host
        with (
            socket.create_connection((to, sock.getsockname()[1])),
            (accepted := sock.accept())[0],
        ):
            address = accepted[1]
            scope = {"client": address, "server": (*address[:1], *sock.getsockname()[1:])}
            assert peers.account(scope) == os.getuid()
            scope["client"] = (host, 1)
            assert peers.account(scope) is None
    assert peers.account({"client": ("testclient", 1), "server": ("::1", 2)}) is None
    assert peers.account({}) is None


def test_a_page_elsewhere_can_link_to_the_desk_and_not_load_it(reader: Reader) -> None:
    get = reader.client.get
    for site in ("cross-site", "same-site"):
        for mode in ("no-cors", "cors", "websocket", ""):
            headers = {"sec-fetch-site": site, "sec-fetch-mode": mode}
            assert get("/live", headers=headers).status_code == 403
        headers = {"sec-fetch-site": site, "sec-fetch-mode": "navigate"}
        assert get("/live", headers=headers).status_code == 200
    assert get("/live", headers={"sec-fetch-site": "same-origin"}).status_code == 200


def test_a_link_cannot_say_that_something_was_recorded(
    own_reader: Reader,
    incident: str,
) -> None:
    """It would also throw away what was typed."""
    assert not own_reader.page(f"{incident}?recorded=1").all("form", **{"data-recorded": "1"})
    own_reader.send(incident, conclusion="watch", reason="x", operator="x")
    for n in (1, 0):  # once
        forms = own_reader.page(f"{incident}?recorded=1").all("form", **{"data-recorded": "1"})
        assert len(forms) == n


def test_what_changed_meanwhile_is_looked_at_before_it_is_concluded_on(
    own_reader: Reader,
    own_home: Path,
    incident: str,
) -> None:
    before = recorded(own_home)
    form = {"conclusion": "cleared", "reason": "all of it", "operator": "x"}
    own_reader.send(incident, 409, seen="", **form)  # nobody says what was seen
    told = own_reader.send(incident, 409, seen="0" * 16, **form)
    assert "has changed" in told.all("p", role="alert")[0][1]
    assert "all of it" in told.all("textarea")[0][1]
    assert recorded(own_home) == before
    seen = told.all("input", name="seen")[0][0]["value"]
    own_reader.send(incident, seen=seen, **form)
    assert recorded(own_home) > before


def test_a_later_conclusion_holds_where_the_clock_was_set_back(
    own_reader: Reader,
    own_home: Path,
    incident: str,
) -> None:
    own_reader.send(incident, conclusion="cleared", reason="early", operator="x")
    ask(own_home, "UPDATE dispositions SET made_time = made_time + INTERVAL 1 DAY")
    own_reader.send(incident, conclusion="watch", reason="a day later", operator="x")
    [(_, holds)] = own_reader.page(incident).all("li", **{"class": "holds"})
    assert "a day later" in holds


def test_a_plan_that_is_none_is_not_shown(
    own_reader: Reader,
    own_home: Path,
) -> None:
    path = (own_home / "latest").resolve() / "plan.json"
    late = {"base": {"name": ""}, "watch": {"opens": "9999-12-31T23:59Z"}, "unit": "", "sortie": 1}
    odd = {"stale_after": "2026-01-01T00:00Z", "notes": [], "sorties": [late], "left_out": []}
    for text in ("[" * 100_000, "{}", "\0", "[1e999]", json.dumps(odd)):
        path.write_text(text)
        assert "No plan was made" in own_reader.page("/plan").text


def test_clearances_work_at_one_thing_between_them() -> None:
    going_on = threading.Event()
    desks = [working.Works(working.PARTS) for _ in range(8)]
    desks[0].start("a", "plan", "", lambda _: going_on.wait(20))
    try:
        for one in desks:
            with pytest.raises(working.BusyError):
                one.start("b", "plan", "", lambda _: None)
        whole = working.Works().start("chief", "plan", "", lambda _: None)  # waits for none of them
        while whole.running:
            time.sleep(0.01)
    finally:
        going_on.set()


def test_work_that_cannot_begin_keeps_nobody_from_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = (working.Works(shared) for shared in [threading.Lock()] * 2)

    def full(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", full)
        with pytest.raises(RuntimeError):
            one.start("a", "plan", "", lambda _: None)
    assert one.of("a", "plan") == []
    work = other.start("b", "plan", "", lambda _: None)
    while work.running:
        time.sleep(0.01)
    assert work.state == "done"


@pytest.mark.parametrize(
    "when",
    [
        *("0001-01-01", "-1", "9999-12-31", "9999-12-31T23:59Z", "nan", "x"),
        *("31-02-2026", "01-13-2026", "5-1-26", "1/1", "00-00-0000", "1-1-2026-1", "٣-١-٢٠٢٦"),
        "01-01-9999",
    ],
)
def test_a_time_that_cannot_be_meant_is_refused(
    reader: Reader,
    incident: str,
    when: str,
) -> None:
    """One that can't be printed, once stored, shut every page that shows it."""
    reader.page(f"/?at={when}", 404)
    form = {"conclusion": "cleared", "reason": "x", "operator": "x", "quiet_until": when}
    told = reader.send(incident, 400, **form)
    assert when in told.all("p", role="alert")[0][1]
    reader.page(incident)


def test_a_time_with_a_plus_leads_back_to_itself(own_reader: Reader, incident: str) -> None:
    word, seen = csrf(own_reader), seen_on(own_reader.client, incident)
    for at in ("2026-12-01T20:00+08:00", "2026-12-01 20:00"):
        answer = own_reader.client.post(
            incident,
            params={"at": at},
            data={"csrf": word, "conclusion": "watch", "reason": "x", "operator": "x"} | seen,
            headers={"origin": HERE},
            follow_redirects=False,
        )
        told = parse_qs(urlsplit(answer.headers["location"]).query)
        assert told == {"recorded": ["1"], "at": [at]}


def test_a_broken_store_is_told_by_health(
    desk_home: Path,
    tmp_path: Path,
) -> None:
    home = Path(shutil.copytree(desk_home, tmp_path / "home", symlinks=True))
    catalogue = home / "store" / "catalogue.duckdb"
    catalogue.write_bytes(catalogue.read_bytes()[: catalogue.stat().st_size // 2])
    opened = Reader(Desk(load(home)))
    assert "can't be read" in opened.page("/", 404).text
    assert "can't be read" in opened.page("/health").text
    assert opened.client.get("/live").json()["run"] == ""


def test_a_feed_is_not_read_again_at_each_view(
    reader: Reader,
    incident: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    links = [about.get("href", "") for about, _ in reader.page(incident).all("a")]
    event = next(link for link in links if link.startswith("/event/"))
    first = reader.page(event).text
    monkeypatch.setattr(hashlib, "file_digest", None)
    monkeypatch.setattr(raw, "read_back", None)
    assert reader.page(event).text == first


def test_who_sends_nothing_is_cut_off(
    desk_home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As many silent connections as are allowed would keep everybody out."""
    monkeypatch.setattr(prompt, "RECEIVE_S", 0.1)
    begun = (b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\na")
    with served(Desk(load(desk_home))) as address:
        where = urlsplit(address())
        socks = [socket.create_connection((where.hostname, where.port), 20) for _ in begun]
        for sock, data in zip(socks, begun, strict=True):
            sock.sendall(data)
        for sock in socks:  # ends, else the time runs out
            with sock, suppress(ConnectionResetError):
                while sock.recv(65_536):
                    pass
        odd = socket.create_connection((where.hostname, where.port), 20)
        with odd:
            odd.sendall(f"GET [ HTTP/1.1\r\nHost: {where.netloc}\r\n\r\n".encode())
            assert odd.recv(12) == b"HTTP/1.1 400"


@pytest.mark.parametrize("path", ["/live", "/address", "/", "/settings", "/nights"])
def test_an_address_with_a_line_break_is_none(reader: Reader, path: str) -> None:
    """Routes would take it for the one without, which the gate may have refused."""
    assert reader.client.get(f"{path}%0A").status_code == 400
    word = {"csrf": csrf(reader)}
    assert reader.client.post(f"{path}%0a", data=word, headers=POST).status_code == 400


@pytest.mark.parametrize("host", ["127.0.0.1", "evil.example"])
def test_what_stops_being_http_behind_its_head_is_no_error_of_ours(
    desk_home: Path,
    caplog: pytest.LogCaptureFixture,
    host: str,
) -> None:
    """A stranger could have sixty lines written into the log with each request."""
    with served(Desk(load(desk_home))) as address:
        where = urlsplit(address())
        head = (
            f"POST /x HTTP/1.1\r\nHost: {host}:{where.port}\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        with socket.create_connection((where.hostname, where.port), 20) as sock:
            sock.sendall(head.encode() + b"no length\r\n")
            with suppress(ConnectionResetError):
                assert sock.recv(12) == b"HTTP/1.1 400"
                while sock.recv(65_536):
                    pass
        with socket.create_connection((where.hostname, where.port), 20) as sock:  # it goes on
            sock.sendall(f"GET / HTTP/1.1\r\nHost: {where.netloc}\r\n\r\n".encode())
            assert sock.recv(12) == b"HTTP/1.1 401"
    assert "Exception in ASGI application" not in caplog.text
    assert "ASGI callable" not in caplog.text


def test_the_desk_is_opened_on_this_machine_alone() -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1", "evil.example"):
        with pytest.raises(ConfigError) as told:
            listening(host, 0)
        assert told.value.hint
    sock = listening("localhost", 0)
    assert sock.getsockname()[0] == "127.0.0.1"
    sock.close()


def test_the_browser_is_opened_without_telling_others_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url) or True)
    path = _open(tmp_path, "http://127.0.0.1:1/?token=hush")
    assert path is not None
    assert "hush" not in opened[0]
    assert path.stat().st_mode & 0o777 == 0o600
    other = _open(tmp_path, "http://127.0.0.1:1/?token=hush")
    assert other not in {path, None}  # nobody can take its name
    assert "hush" in path.read_text()
    os.utime(path, (0, 0))  # of a desk that was killed long ago
    last = _open(tmp_path, "http://127.0.0.1:1/?token=hush")
    assert set(tmp_path.iterdir()) == {other, last}


@pytest.fixture(scope="module")
def hostile_reader(exercise_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """A night whose every text is hostile, with events of every kind."""
    home = tmp_path_factory.mktemp("evil") / "home"
    shutil.copytree(exercise_home, home, symlinks=True)
    connection = duckdb.connect(str(home / "store" / "catalogue.duckdb"))
    for change in (
        "UPDATE incidents SET title = $t, next_step = $t, news = $t, status = 'changed'",
        "UPDATE incidents SET vessels = "
        "trim(regexp_replace(vessels, '([0-9]{9}) [^|]*', '\\1 ' || $t || ' ', 'g'))",
        "UPDATE events SET reason = $t, explanation = $t",
        "UPDATE event_revisions SET reason = $t, explanation = $t",
        "UPDATE statics SET name = $t, destination = $t, callsign = $t",
    ):
        connection.execute(change, {"t": HOSTILE})
    connection.close()
    return Reader(Desk(load(home), HOSTILE))


def test_a_text_of_any_length_is_shown_as_it_was_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure quotes what feeds and receivers are called: a name took a minute at each view."""
    words, asked = labels("ms"), list[int]()

    class Pattern:
        def fullmatch(self, text: str) -> None:
            asked.append(len(text))

    start = "receiver x: its clock is 1 s slow, by the UTC second inside 1"
    long = start + " s slow, by the UTC second inside 1" * 120
    many = "; ".join(["x"] * 20_000)
    [known] = [one for one in words.spoken if "s slow, by" in one and "{k}" in one]
    short = known.format(name="x", s=1, share=1, n=1, m=1, k=1)
    assert spoken.spoken(words, short)[0] != short
    monkeypatch.setattr(spoken, "pattern_of", lambda _: Pattern())
    assert spoken.spoken(words, long) == (long, True)
    assert max(asked) < len(short) * 4
    asked.clear()
    assert spoken.spoken(words, many) == (many, True)
    assert not asked


def test_what_ships_call_themselves_is_shown_and_never_obeyed(hostile_reader: Reader) -> None:
    first = hostile_reader.page("/")
    incident = hostile_reader.page(f"/incident/{first.lines()[0]}")
    links = [about.get("href", "") for about, _ in incident.all("a")]
    vessel = next(link for link in links if link.startswith("/vessel/"))
    event = next(link for link in links if link.startswith("/event/"))
    found = f"/find?q={vessel[8:]}"
    searched = hostile_reader.client.get("/", params={"q": HOSTILE[:90], "kind": HOSTILE[:50]})
    pages = [first, incident, Page(searched.text)]
    # Not all tell alike: some are of several vessels, or of several hulls of one number.
    pages += [hostile_reader.page(f"/incident/{one}") for one in first.lines()[1:]]
    pages += [hostile_reader.page(path) for path in (vessel, event, found)]
    for page in pages:
        scripts = [about for about, _ in page.all("script")]
        assert all(
            about.get("src", "").startswith("/assets/") or about.get("id") == "data"
            for about in scripts
        )
        for tag, about, _ in page.elements:
            assert not [name for name in about if name.startswith("on")], (tag, about)
            assert tag not in {"img", "iframe", "object", "embed", "base"}
        assert "\u202e" not in page.html
        assert "\u200b" not in page.html
        assert "49" not in re.findall(r"<!--(.*?)\\u202e", page.text)
        assert "<script>alert(1)" not in page.html
    assert "<script>alert(1)</script>" in first.text  # shown
    assert "[U+202E]DROWSSAP" in first.text


def test_who_concludes_without_end_keeps_no_run_from_writing(tmp_path: Path) -> None:
    stop = threading.Event()

    def desk() -> None:
        while not stop.is_set():
            with suppress(store.StoreBusyError), store.write(tmp_path):
                time.sleep(0.2)
            time.sleep(0.05)  # its own wait between tries, and the next request

    desks = [threading.Thread(target=desk) for _ in range(3)]
    for one in desks:
        one.start()
    try:
        for _ in range(3):
            with store.write(tmp_path, wait_s=store.RUN_WAIT_S):
                pass
    finally:
        stop.set()
        for one in desks:
            one.join()
    with store.write(tmp_path), pytest.raises(store.StoreBusyError), store.write(tmp_path):
        pass


def test_a_run_waits_for_a_conclusion(tmp_path: Path) -> None:
    one = load(tmp_path)
    with store.write(one.store):
        pass
    begun = threading.Event()

    def desk() -> None:
        with store.write(one.store):
            begun.set()
            time.sleep(0.5)

    thread = threading.Thread(target=desk)
    thread.start()
    begun.wait(10)
    # It comes as far as to see that there is nothing to look at.
    with reporter(quiet=True) as report, pytest.raises(NoDataError):
        detect_only(one, None, None, None, report)
    thread.join()
