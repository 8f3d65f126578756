"""The doors of a desk on the network: who signs in, with what, from where, and for how long."""

import asyncio
import gc
import json
import logging
import os
import socket
import ssl
import struct
import subprocess
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.testclient import TestClient
from typer.testing import CliRunner

from detectors.core.errors import ConfigError
from pipelines import store
from pipelines.assess.dispositions import newest, set_aside
from pipelines.base import peers, prompt, sockets
from pipelines.base.marks import Tlp
from pipelines.base.settings import Installation
from pipelines.base.sockets import CROWDED, MAX_OF_NETWORK
from pipelines.cli.main import app as command
from pipelines.run import cleared
from pipelines.web import accounts, assets, clearances, serving, tls, tries
from pipelines.web.accounts import AccountError, Accounts, Secret
from pipelines.web.app import Desk
from pipelines.web.doors import Doors
from pipelines.web.protocol import MAX_BODY
from pipelines.web.recent import Recent
from pipelines.web.sessions import IDLE_S, MAX_OF_ONE, WHOLE_S, Keys
from pipelines.web.tries import FREE, FREE_ANYWHERE, FREE_OF_ADDRESS, MAX_KEPT, Tries
from tests.pipelines.web.conftest import (
    AWAY,
    COOKIE,
    PASSWORDS,
    Page,
    Signed,
    Watch,
    ask,
    cheap,
    served_tls,
)

WRONG = "not any of the passwords"
AMINAH = PASSWORDS["Lt Aminah"]


@pytest.fixture
def watch(marked: Installation) -> Watch:
    return Watch(marked)


@pytest.fixture
def known(tmp_path: Path) -> Iterator[Accounts]:
    with cheap():
        made = Accounts(tmp_path)
        made.add("Lt Aminah", AMINAH, "ALL")
        yield made


# ---- addresses and names


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8443",
        "localhost:8443",
        "desk.example",
        "desk.example:443",
        "desk.example:8443.evil.example",
        "evil.example:8443",
        "desk.example:8443, evil.example",
        "",
    ],
)
def test_another_name_is_not_answered(watch: Watch, host: str) -> None:
    for path in ("/", "/login", "/assets/desk.css"):
        answer = watch.browser().get(path, headers={"host": host})
        assert answer.status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "null"},
        {"origin": "http://desk.example:8443"},
        {"origin": "https://desk.example"},
        {"origin": "https://evil.example"},
        {"origin": f"{AWAY}.evil.example"},
        {"origin": AWAY, "sec-fetch-site": "cross-site"},
        {"origin": AWAY, "sec-fetch-site": "same-site"},
    ],
)
def test_no_other_page_signs_in_writes_or_signs_out(watch: Watch, headers: dict[str, str]) -> None:
    signed = watch.signed_in("Lt Aminah")
    for path in ("/login", "/settings", "/logout"):
        data = {"csrf": signed.csrf, "name": "Lt Aminah", "password": AMINAH}
        assert signed.client.post(path, data=data, headers=headers).status_code == 403
    assert signed.client.get("/live").status_code == 200


def test_without_its_own_word_no_form_is_taken(watch: Watch) -> None:
    signed, other = watch.signed_in("Lt Aminah"), watch.signed_in("Guest")
    [first, *_] = other.page("/").lines()
    for word in ("", "guess", other.csrf):
        for path in ("/settings", "/logout", f"/incident/{first}", f"/incident/{first}/withdraw"):
            answer = signed.client.post(path, data={"csrf": word}, headers={"origin": AWAY})
            assert answer.status_code == 403
    client = watch.browser()
    form = {"name": "Lt Aminah", "password": AMINAH, "csrf": "guess"}
    assert client.post("/login", data=form, headers={"origin": AWAY}).status_code == 403  # no word
    client.get("/login")
    assert client.post("/login", data=form, headers={"origin": AWAY}).status_code == 403
    assert COOKIE not in client.cookies


def test_who_is_not_signed_in_is_told_nothing(
    watch: Watch,
    marked: Installation,
) -> None:
    token = watch.gate.keys.token()
    other = watch.browser()
    for path in ("/", "/health", "/nowhere", "/assets/desk.js", f"/?token={token}", "/docs"):
        for cookie in ("", f"{COOKIE}=guess", f"{COOKIE}={token}", "desk-8443=x"):
            answer = other.get(path, headers={"cookie": cookie} if cookie else {})
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/login")
            assert "set-cookie" not in answer.headers
    assert other.get("/live").status_code == 401
    assert other.post("/settings", headers={"origin": AWAY}).status_code == 401
    page = other.get("/login?back=//evil.example")
    for secret in (str(marked.home), "Aminah", "evil", "SIMULATED", "Selatsim"):
        assert secret not in page.text
    assert other.get("/assets/desk.css").headers["content-type"].startswith("text/css")


def test_signing_in_leads_back_to_the_desk_alone(watch: Watch) -> None:
    for back in ("//evil.example", "https://evil.example", "/\\evil", "/a\r\nb: c", "javascript:x"):
        answer = watch.sign_in(watch.browser(), "Guest", PASSWORDS["Guest"], back=back)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
    client = watch.browser()
    assert client.get("/").headers["location"] == "/login"
    assert client.get("/health").headers["location"] == "/login?back=%2Fhealth"
    for back, kept in (("/health", "/health"), ("//evil.example", "/")):
        wrong = watch.sign_in(watch.browser(), "Guest", WRONG, back=back)
        hidden = {
            one["name"]: one["value"] for one, _ in Page(wrong.text).all("input", type="hidden")
        }
        assert (wrong.status_code, hidden["back"]) == (401, kept), "the next try leads there too"
    answer = watch.sign_in(client, "Guest", PASSWORDS["Guest"], back="/health")
    assert answer.headers["location"] == "/health"


def test_every_answer_is_hardened_and_every_cookie_is_for_this_host_over_tls(watch: Watch) -> None:
    client = watch.browser()
    answers = [client.get("/login"), watch.sign_in(client, "Guest", WRONG), client.get("/")]
    answers += [watch.sign_in(client, "Guest", PASSWORDS["Guest"])]
    for answer in answers:
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-frame-options"] == "DENY"
        assert "<script" not in answer.text
        for stated in answer.headers.get_list("set-cookie"):
            assert stated.startswith("__Host-")
            assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= set(stated.split("; "))
            assert "Domain" not in stated


# ---- sessions


def test_a_session_is_never_one_that_was_there_before(watch: Watch) -> None:
    client = watch.browser()
    client.cookies.set(COOKIE, "planted", domain="desk.example")
    first = watch.sign_in(client, "Guest", PASSWORDS["Guest"])
    assert "planted" not in str(first.headers)
    one = client.cookies[COOKIE]
    watch.sign_in(client, "Guest", PASSWORDS["Guest"])
    assert client.cookies[COOKIE] not in {one, "planted"}
    assert watch.gate.keys.session(one) is None  # the one before has ended


def test_a_cookie_opens_nothing_after_its_reader_signed_out(watch: Watch) -> None:
    signed = watch.signed_in("Guest")
    kept = signed.client.cookies[COOKIE]
    signed.send("/settings", language="ms")
    answer = signed.send("/logout")
    assert answer.headers["location"] == "/login?lang=ms"
    assert answer.headers["clear-site-data"] == '"storage"'
    again = watch.browser()
    for path in ("/", "/assets/desk.js"):
        assert again.get(path, headers={"cookie": f"{COOKIE}={kept}"}).status_code == 303


def test_sessions_end_unused_and_after_a_watch_and_no_page_keeps_one_open(watch: Watch) -> None:
    signed = watch.signed_in("Guest")
    for _ in range(4):
        watch.now += IDLE_S / 4
        assert signed.client.get("/live").status_code == (200 if watch.now < 1000 + IDLE_S else 401)
    signed = watch.signed_in("Guest")
    steps = 0
    while signed.client.get("/assets/desk.js").status_code == 200:
        watch.now += IDLE_S * 0.9
        steps += 1
    assert WHOLE_S <= steps * IDLE_S * 0.9 < WHOLE_S + IDLE_S


def test_an_account_that_changes_is_out_with_its_next_request(
    own_marked: Installation,
) -> None:
    watch, known = Watch(own_marked), Accounts(own_marked.home)
    with cheap():
        known.add("Kpl Osman", "three ducks in a row", Tlp.GREEN)
        signed = Signed(watch, watch.browser())
        for change in (
            lambda: known.set_password("KPL OSMAN", "four ducks in a row"),
            lambda: known.remove("kpl osman"),
        ):
            password = (
                "four ducks in a row" if known.check("Kpl Osman", "four ducks in a row") else ""
            )
            answer = watch.sign_in(signed.client, "Kpl Osman", password or "three ducks in a row")
            assert answer.status_code == 303
            assert signed.client.get("/live").status_code == 200
            change()
            assert signed.client.get("/live").status_code == 401
        assert watch.sign_in(signed.client, "Kpl Osman", "four ducks in a row").status_code == 401


@pytest.mark.parametrize("change", ["removed", "password", "signed out", "twelve hours"])
def test_a_form_that_is_still_coming_when_its_session_ends_writes_nothing(
    own_marked: Installation, change: str
) -> None:
    """A form may be on its way for 20 seconds: who opens one is asked again when it is there."""
    watch, known = Watch(own_marked), Accounts(own_marked.home)
    signed = watch.signed_in("Lt Aminah")
    [first, *_] = signed.page("/").lines()
    form = {"csrf": signed.csrf, "conclusion": "cleared", "reason": "nets"}
    session = watch.gate.keys.session(signed.client.cookies[COOKIE])
    assert session is not None

    def ends() -> None:
        with cheap():
            if change == "removed":
                known.remove("Lt Aminah")
            elif change == "password":
                known.set_password("Lt Aminah", "four ducks in a row")
            elif change == "signed out":
                watch.gate.keys.end(session)
            else:
                watch.now += WHOLE_S

    answer = _slowly(watch, f"/incident/{first}", signed.client.cookies[COOKIE], form, ends)
    assert answer == 401
    with store.read(own_marked.store) as reader:
        assert reader.dispositions().empty


def _slowly(
    watch: Watch, path: str, cookie: str, form: dict[str, str], meanwhile: Callable[[], None]
) -> int:
    """Send a form of which half comes first; return the status of the answer."""
    content, said = urlencode(form).encode(), []
    half = len(content) // 2
    parts = iter([content[:half], content[half:]])

    async def receive() -> dict[str, Any]:
        body = next(parts)
        if body == content[half:]:
            meanwhile()
        return {"type": "http.request", "body": body, "more_body": body != content[half:]}

    async def send(message: Any) -> None:
        said.append(message)

    headers = {
        "host": "desk.example:8443",
        "origin": AWAY,
        "cookie": f"{COOKIE}={cookie}",
        "content-type": "application/x-www-form-urlencoded",
        "content-length": str(len(content)),
    }
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "scheme": "https",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("192.0.2.9", 50_000),
    }
    asyncio.run(watch.doors(scope, receive, send))
    return int(said[0]["status"])


def test_a_page_that_waits_by_itself_keeps_no_session_open(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed = watch.signed_in("Guest")
    monkeypatch.setattr(watch.gate.desks, "app", lambda _: None)  # it asks again every 20 s
    for status in (503, 503, 503, 303):
        watch.now += IDLE_S / 3.5
        assert signed.client.get("/").status_code == status


def test_a_session_of_one_desk_opens_no_other(watch: Watch, marked: Installation) -> None:
    signed, other = watch.signed_in("Chief"), Watch(marked)
    there = other.browser()
    there.cookies.set(COOKIE, signed.client.cookies[COOKIE], domain="desk.example")
    assert there.get("/").status_code == 303


def test_sessions_are_bounded(watch: Watch) -> None:
    account = watch.gate.accounts.find("Guest")
    assert account is not None
    opened = [watch.gate.keys.sign_in(account, "en") for _ in range(200)]
    assert len(watch.gate.keys._sessions) == MAX_OF_ONE  # and nobody else is put out
    for n in range(100):
        watch.gate.keys.sign_in(account.model_copy(update={"name": f"Watch {n}"}), "en")
    assert len(watch.gate.keys._sessions) == 64
    watch.now += 1
    opened.append(watch.gate.keys.sign_in(account, "en"))
    assert watch.gate.keys.session(opened[-1].key) is not None


# ---- passwords


def test_wrong_names_and_wrong_passwords_are_told_alike_and_cost_alike(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    derived: list[tuple[int, int, int]] = []
    real = Secret.derived

    def counted(self: Secret, password: str) -> str:
        derived.append((self.cost, self.block, self.parallel))
        return real(self, password)

    monkeypatch.setattr(Secret, "derived", counted)
    told = []
    for name in ("Lt Aminah", "lt  aminah", "nobody", "<b>x</b>", "", "x" * 60, "\0", "A\u202eB"):
        answer = watch.sign_in(watch.browser(f"198.51.100.{len(told)}"), name, WRONG)
        page = Page(answer.text)
        [(_, said)] = page.all("p", role="alert")
        told.append((answer.status_code, said))
        assert name == "" or name not in page.html
        assert f"{COOKIE}=" not in answer.headers.get("set-cookie", "")
    assert set(told) == {(401, "Name and password don't belong together.")}
    assert derived == [(1, 8, 3)] * len(told)
    assert not any("nobody" in said or "<b>" in said for said in watch.said)  # may be a password


def test_guessing_is_slowed_for_the_guesser_and_not_for_the_officer(watch: Watch) -> None:
    guesser = watch.browser("203.0.113.5")
    for _ in range(FREE):
        assert watch.sign_in(guesser, "Lt Aminah", WRONG).status_code == 401
    told = {}
    for name in ("Lt Aminah", "LT AMINAH "):
        answer = watch.sign_in(guesser, name, AMINAH)  # right, and not now
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1
        told[name] = Page(answer.text).all("p", role="alert")
    assert len(set(map(str, told.values()))) == 1
    assert watch.sign_in(watch.browser("192.0.2.7"), "Lt Aminah", AMINAH).status_code == 303
    waits = []
    for _ in range(14):
        watch.now += (wait_s := watch.gate.tries.wait_s("lt aminah", "203.0.113.5"))
        waits.append(wait_s)
        assert watch.sign_in(guesser, "Lt Aminah", WRONG).status_code == 401
    assert waits[1] == 2 * waits[0]
    assert waits == sorted(waits)
    assert max(waits) == tries.MAX_WAIT_S
    watch.now += max(waits)
    assert watch.sign_in(guesser, "Lt Aminah", AMINAH).status_code == 303
    assert watch.gate.tries.wait_s("lt aminah", "203.0.113.5") == 0


def test_many_names_from_an_address_and_many_addresses_at_a_name_are_slowed() -> None:
    now = [0.0]
    counted = Tries(lambda: now[0])
    for n in range(FREE_OF_ADDRESS):
        assert counted.wait_s(f"n{n}", "2001:db8::1") == 0
        counted.wrong(f"n{n}", f"2001:db8::{n:x}")  # one subscriber's
    assert counted.wait_s("another", "2001:db8::ffff") > 0
    assert counted.wait_s("another", "2001:db8:1::1") == 0
    for n in range(FREE_ANYWHERE):
        counted.wrong("lt aminah", f"198.51.{n}.1")
    assert 0 < counted.wait_s("lt aminah", "192.0.2.1") <= tries.MAX_ANYWHERE_S
    for n in range(3 * MAX_KEPT):
        counted.wrong(f"m{n}", f"10.{n // 250}.{n % 250}.1")
    assert len(counted) <= 2 * MAX_KEPT
    now[0] += tries.FORGET_S + 1
    assert counted.wait_s("lt aminah", "192.0.2.1") == 0


def test_an_officer_is_not_kept_out_by_what_others_try(watch: Watch) -> None:
    officer = watch.browser("192.0.2.7")
    assert watch.sign_in(officer, "Lt Aminah", AMINAH).status_code == 303
    word = officer.cookies[f"{COOKIE}-known"]
    for n in range(FREE_ANYWHERE + 5):
        watch.gate.tries.wrong("lt aminah", f"198.51.{n}.1")
        watch.gate.tries.wrong("lt aminah", "192.0.2.7")  # even from where the officer sits
    assert watch.sign_in(watch.browser("192.0.2.8"), "Lt Aminah", AMINAH).status_code == 429
    assert watch.sign_in(officer, "Lt Aminah", AMINAH).status_code == 303
    assert officer.cookies[f"{COOKIE}-known"] != word
    thief = watch.browser("203.0.113.1")  # the word is no password, and is of that name alone
    thief.cookies.set(f"{COOKIE}-known", officer.cookies[f"{COOKIE}-known"], domain="desk.example")
    assert thief.get("/").status_code == 303
    for _ in range(FREE):
        assert watch.sign_in(thief, "Lt Aminah", WRONG).status_code == 401
    assert watch.sign_in(thief, "Lt Aminah", AMINAH).status_code == 429
    for used in (word, "x"):
        assert watch.gate.tries.wait_s("lt aminah", "192.0.2.7", used) > 0


def test_what_is_counted_of_a_name_is_pushed_out_by_nobody() -> None:
    counted = Tries(lambda: 0.0)
    word = counted.right("lt aminah", "192.0.2.1")
    for n in range(FREE_ANYWHERE):
        counted.wrong("lt aminah", f"2001:db8:0:{n:x}::1")
    for n in range(MAX_KEPT):  # guesses at other names, from as many networks
        counted.wrong(f"n{n}", f"2001:db8:1:{n:x}::1")
    assert counted.wait_s("lt aminah", "2001:db8:2::1") > 0
    for _ in range(600):  # nor is an officer's browser, by who may sign in
        counted.right("guest", "192.0.2.2")
    assert counted.wait_s("lt aminah", "192.0.2.1", word) == 0
    assert len(counted._browsers) <= tries.MAX_BROWSERS + 1


def test_those_who_sign_in_from_one_address_do_not_add_up() -> None:
    counted = Tries(lambda: 0.0)
    for n in range(5 * FREE_OF_ADDRESS):
        counted.wrong(f"n{n}", "192.0.2.1")
        counted.right(f"n{n}", "192.0.2.1")
    assert counted.wait_s("n", "192.0.2.1") == 0


def test_whoever_signs_in_takes_back_nothing_of_what_was_tried_under_other_names() -> None:
    counted = Tries(lambda: 0.0)
    for n in range(FREE_OF_ADDRESS):
        counted.wrong(f"n{n}", "192.0.2.1")
        counted.wrong("guest", "192.0.2.1")
        counted.right("guest", "192.0.2.1")
    assert counted.wait_s("n", "192.0.2.1") > 0


def test_a_token_opens_one_session_and_nothing_else_opens_one() -> None:
    keys = Keys(lambda: 0.0)
    one, other = keys.token(), keys.token()
    assert keys.exchange(f"{one}x") is None
    assert keys.exchange(one) is not None
    assert keys.exchange(one) is None
    assert keys.exchange(other) is not None


def test_many_guesses_at_once_each_count_and_few_are_worked_on(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, inside, most = threading.Event(), [0], [0]
    lock = threading.Lock()

    def slow(*_: object) -> None:
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        go.wait(20)
        with lock:
            inside[0] -= 1

    monkeypatch.setattr(watch.gate.accounts, "check", slow)
    clients = [watch.browser(f"198.51.100.{n}") for n in range(14)]
    answers: list[int] = []
    threads = [
        threading.Thread(
            target=lambda c=client: answers.append(watch.sign_in(c, "Guest", WRONG).status_code)
        )
        for client in clients
    ]
    for thread in threads:
        thread.start()
    while len(answers) < 6:  # beyond eight nobody is kept waiting
        threading.Event().wait(0.01)
    go.set()
    for thread in threads:
        thread.join(20)
    assert most[0] <= 2
    assert sorted(answers) == [401] * 8 + [503] * 6


def test_what_is_too_large_is_not_read(watch: Watch) -> None:
    client = watch.browser()
    client.get("/login")
    post = {"origin": AWAY, "content-type": "application/x-www-form-urlencoded"}
    assert client.post("/login", content="x" * (MAX_BODY + 1), headers=post).status_code == 413
    many = "&".join(f"f{k}=1" for k in range(1000))
    assert client.post("/login", content=many, headers=post).status_code == 400
    assert client.post("/login", json={}, headers={"origin": AWAY}).status_code == 415
    assert watch.sign_in(client, "n" * 30_000, "p" * 30_000).status_code == 401
    assert len(str(watch.gate.tries._counts)) < 5000
    assert (
        watch.sign_in(
            client, "Guest", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")
        ).status_code
        == 401
    )


@pytest.mark.parametrize(
    "password",
    ["", "short", "correct horseb", "x" * 300, "a" * 20, "abababababababab", "Lt Aminah on watch"],
)
def test_a_password_that_can_be_guessed_is_not_set(known: Accounts, password: str) -> None:
    for change in (
        lambda: known.add("Lt Aminah 2", password.replace("Aminah", "Aminah 2"), "ALL"),
        lambda: known.set_password("Lt Aminah", password),
    ):
        with pytest.raises(AccountError):
            change()
    assert known.check("Lt Aminah", AMINAH) is not None


def test_the_shortest_password_that_may_be_is_set(known: Accounts) -> None:
    known.set_password("Lt Aminah", "correct horse b")
    assert known.check("Lt Aminah", "correct horse b") is not None


def test_accounts_that_are_looked_up_again_and_again_hold_no_file_open(known: Accounts) -> None:
    held = len([*Path("/proc/self/fd").iterdir()])
    for _ in range(5):
        os.utime(known.path)
        assert known.find("Lt Aminah") is not None
    assert len([*Path("/proc/self/fd").iterdir()]) <= held


def test_of_what_is_kept_open_what_nobody_asked_for_longest_goes_first() -> None:
    kept, made = Recent(2), list[str]()

    def asked(key: str) -> str:
        return kept.get(key, lambda: made.append(key) or key)

    for key in "abacab":  # b goes for c, then c for b: a was asked for since
        assert asked(key) == key
    assert "".join(made) == "abcb"


def test_what_a_password_costs_is_what_is_advised() -> None:
    assert accounts.COST >= 15
    secret = Secret.of("nobody has this one")
    assert (secret.cost, secret.block, secret.parallel) == (accounts.COST, 8, 3)
    assert secret.fits("nobody has this one")
    assert not secret.fits("nobody has this two")


def test_a_password_is_kept_by_a_salt_of_its_own_and_read_by_nobody(known: Accounts) -> None:
    known.add("Kpl Osman", AMINAH, Tlp.GREEN, ("MYS",))
    text = known.path.read_text()
    assert AMINAH not in text
    one, two = (account.secret for account in known.all())
    assert one.salt != two.salt
    assert one.digest != two.digest
    assert known.path.stat().st_mode & 0o777 == 0o600
    assert known.check("ｌｔ ＡＭＩＮＡＨ", AMINAH) is not None  # however it is typed


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "x" * 61,
        "<script>",
        "a\nb",
        "a\0b",
        "a\u202eb",
        "a\u200bb",
        "a&b",
        "a\tb",
        "../a",
        "a  b",
        "-a",
        '"a"',
        "a;b",
        "a|b",
        "Lt Aminah\u3164",  # a letter that can't be seen
        "\u1160",
        "Lt \u0410minah",  # Cyrillic
    ],
)
def test_a_name_is_letters_and_digits(known: Accounts, name: str) -> None:
    with pytest.raises(AccountError):
        known.add(name, AMINAH, "ALL")
    assert len(known.all()) == 1


def test_names_that_read_alike_are_one(known: Accounts) -> None:
    for name in ("lt aminah", "LT AMINAH", "Ｌt Aminah", " Lt Aminah "):
        with pytest.raises(AccountError, match="there is an account"):
            known.add(name, "another good password", "ALL")
    with pytest.raises(AccountError):
        known.add("Kpl Osman", AMINAH, Tlp.GREEN, ("mys", "x y"))


# ---- the file


def _damages() -> dict[str, Callable[[dict[str, Any]], object]]:
    def one(**change: Any) -> Callable[[dict[str, Any]], object]:
        return lambda held: {**held, "accounts": [{**held["accounts"][0], **change}]}

    def secret(**change: Any) -> Callable[[dict[str, Any]], object]:
        return lambda held: {
            **held,
            "accounts": [
                {**held["accounts"][0], "secret": {**held["accounts"][0]["secret"], **change}}
            ],
        }

    return {
        "a list": lambda held: [held],
        "another version": lambda held: {**held, "version": 2},
        "more than is known": lambda held: {**held, "more": 1},
        "no accounts": lambda _: {"version": 1},
        "a name twice": lambda held: {**held, "accounts": held["accounts"] * 2},
        "a name that is none": one(name="<b>"),
        "a right that is none": one(clearance="EVERYTHING"),
        "a right by a word": one(admin="yes, please"),
        "a field too many": one(root=True),
        "a cost that takes all memory": secret(cost=40),
        "no cost": secret(cost=0),
        "blocks that take all memory": secret(block=1 << 20),
        "no salt": secret(salt=""),
        "a digest that is none": secret(digest="é" * 64),
    }


@pytest.mark.parametrize("damage", [*_damages(), "cut", "empty", "deep", "large", "binary"])
def test_a_damaged_file_lets_nobody_in(known: Accounts, damage: str) -> None:
    held = json.loads(known.path.read_text())
    whole = known.path.read_bytes()
    content = {
        "cut": whole[:-20],
        "empty": b"",
        "deep": b"[" * 100_000,
        "large": whole + b" " * (1 << 20),
        "binary": b"\xff\xfe\x00",
    }
    changed = content.get(damage) or json.dumps(_damages().get(damage, lambda _: 0)(held)).encode()
    if damage == "empty":
        changed = b""
    known.path.write_bytes(changed)
    for opened in (known, Accounts(known.path.parent)):
        with pytest.raises(AccountError, match="damaged") as told:
            opened.check("Lt Aminah", AMINAH)
        assert told.value.hint
        with pytest.raises(AccountError):
            opened.add("Intruder", "another good password", "ALL")
    assert known.path.read_bytes() == changed  # nothing is made of it


def test_a_file_that_others_could_have_written_or_read_lets_nobody_in(
    known: Accounts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for mode in (0o644, 0o640, 0o602, 0o606):
        known.path.chmod(mode)
        with pytest.raises(AccountError, match="others can"):
            known.all()
    known.path.chmod(0o600)
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: 4242)
        with pytest.raises(AccountError, match="another account"):
            known.all()
    moved = known.path.rename(tmp_path / "elsewhere.json")
    known.path.symlink_to(moved)
    with pytest.raises(AccountError, match="can't be read"):
        known.all()
    known.path.unlink()
    os.mkfifo(known.path, 0o600)
    with pytest.raises(AccountError, match="isn't a file"):
        known.all()
    known.path.unlink()
    known.path.mkdir()
    with pytest.raises(AccountError):
        known.all()


def test_a_desk_whose_accounts_are_damaged_shuts_and_opens_again(
    own_marked: Installation,
) -> None:
    watch = Watch(own_marked)
    signed = watch.signed_in("Chief")
    path = watch.gate.accounts.path
    whole = path.read_bytes()
    path.write_bytes(b"{")
    for answer in (
        signed.client.get("/"),
        signed.client.get("/live"),
        signed.send("/settings"),
        watch.sign_in(watch.browser(), "Chief", PASSWORDS["Chief"]),
    ):
        assert answer.status_code == 503
        assert str(path) not in answer.text
    assert any("damaged" in said for said in watch.said)  # the administrator is told
    path.write_bytes(whole)
    assert signed.client.get("/live").status_code == 200


def test_two_who_change_accounts_at_once_lose_none(known: Accounts) -> None:
    def add(n: int) -> None:
        Accounts(known.path.parent).add(f"Watch {n}", "another good password", "ALL")

    threads = [threading.Thread(target=add, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(known.all()) == 9


# ---- the command


def test_a_password_is_asked_for_twice_and_is_no_option(tmp_path: Path) -> None:
    run = CliRunner().invoke
    at = ["--home", str(tmp_path)]
    add = ["desk", "account", "add", "Lt Aminah", "--clearance", "AMBER", "--holds", "MYS", *at]
    with cheap():
        assert isinstance(run(command, add, input=f"{AMINAH}\n{WRONG}\n").exception, AccountError)
        assert run(command, add, input=f"{AMINAH}\n{AMINAH}\n").exit_code == 0
        assert isinstance(run(command, add, input="").exception, AccountError)  # not even asked
        assert run(command, [*add, "--password", AMINAH]).exit_code == 2
        elsewhere = run(command, ["desk", *at, "account", "list"])  # would be of another home
        assert isinstance(elsewhere.exception, ConfigError)
        told = run(command, ["desk", "account", "list", "--json", *at]).output
        assert json.loads(told)[0]["clearance"] == "AMBER"
        assert "secret" not in told
        new = f"{WRONG}\n{WRONG}\n"
        assert (
            run(command, ["desk", "account", "passwd", "lt aminah", *at], input=new).exit_code == 0
        )
        assert Accounts(tmp_path).check("Lt Aminah", WRONG) is not None
        assert run(command, ["desk", "account", "remove", "lt aminah", *at]).exit_code == 0
        gone = run(command, ["desk", "account", "remove", "lt aminah", *at])
        assert isinstance(gone.exception, AccountError)


# ---- where it listens, and TLS


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return tls.self_signed(tmp_path_factory.mktemp("tls"), ("127.0.0.1", "desk.example", "::1"))


def test_from_elsewhere_a_desk_is_reached_over_tls_by_accounts_and_names_alone(
    tmp_path: Path,
    marked: Installation,
) -> None:
    run = CliRunner().invoke
    for options in (
        ["--listen", "0.0.0.0"],
        ["--listen", "192.0.2.1"],
        ["--cert", "x"],
        ["--key", "x"],
        ["--name", "desk.example"],
        ["--cert", str(tmp_path / "none"), "--key", str(tmp_path / "none")],
    ):
        told = run(command, ["desk", "--home", str(tmp_path), "--no-browser", *options])
        assert isinstance(told.exception, ConfigError), (options, told.output)
        assert told.exception.hint
    for host in ("evil.example", "1.2.3", "127.0.0.1/8", ""):
        with pytest.raises(ConfigError):
            serving.listening(host, 0, network=True)
    with serving.listening("0.0.0.0", 0, network=True) as sock:
        desk = Desk(marked)
        with pytest.raises(ConfigError, match="names by which"):
            serving.gate_of(desk, sock, (), print)
        for name in ("", "a b", "a/b", "a@b", "désk"):
            with pytest.raises(ConfigError):
                serving.gate_of(desk, sock, (name,), print)
        port = sock.getsockname()[1]
        gate = serving.gate_of(desk, sock, ("Desk.Example.", "2001:db8::1"), print)
        assert gate.hosts == {f"desk.example:{port}".encode(), f"[2001:db8::1]:{port}".encode()}
        nobody = Desk(Installation(tmp_path, marked.config, marked.settings))
        with pytest.raises(ConfigError, match="nobody could sign in"):
            serving.gate_of(nobody, sock, ("desk.example",), print)


def test_a_certificate_or_key_that_cannot_be_used_is_told(
    certified: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cert, key = certified
    other_cert, other_key = tls.self_signed(tmp_path / "other", ("desk.example",))
    locked, old, odd = tmp_path / "locked.key", tmp_path / "old.crt", tmp_path / "odd"
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    locked.write_bytes(
        private.private_bytes(*pem, serialization.BestAvailableEncryption(b"a passphrase"))
    )
    locked.chmod(0o600)
    name = x509.load_pem_x509_certificate(cert.read_bytes()).subject
    then = datetime.now(UTC) - timedelta(days=30)
    expired = x509.CertificateBuilder(name, name, private.public_key(), 7, then, then)
    old.write_bytes(expired.sign(private, hashes.SHA256()).public_bytes(pem[0]))
    odd.write_bytes(b"-----BEGIN CERTIFICATE-----\n\xff\n")
    odd.chmod(0o600)
    for one, two in (
        (cert, other_key),
        (other_cert, key),
        (key, cert),
        (cert, locked),
        (old, key),
        (odd, key),
        (cert, odd),
        (tmp_path, key),
        (tmp_path / "none", key),
    ):
        two.chmod(0o600) if two.exists() else None
        with pytest.raises(ConfigError) as told:
            tls.context(one, two)
        assert told.value.hint
    for mode in (0o604, 0o620):
        key.chmod(mode)
        with pytest.raises(ConfigError, match="others can change"):
            tls.context(cert, key)
    key.chmod(0o600)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fstat", lambda _: SimpleNamespace(st_mode=0o100600, st_uid=77))
        with pytest.raises(ConfigError, match="another account's"):
            tls.context(cert, key)
    with pytest.raises(ConfigError, match="there is"):  # nothing is overwritten
        tls.self_signed(cert.parent, ("desk.example",))
    for name_of in ("", "a b", "a/b", "désk"):
        with pytest.raises(ConfigError):
            tls.self_signed(tmp_path / "none", (name_of,))


def test_a_request_that_says_its_length_twice_is_not_read(watch: Watch) -> None:
    client = watch.browser()
    client.get("/login")
    both = {"content-length": "1", "transfer-encoding": "chunked", "origin": AWAY}
    form = {"content-type": "application/x-www-form-urlencoded", **both}
    assert client.post("/login", content="x", headers=form).status_code == 411


def test_nobody_alone_takes_all_connections_or_all_files() -> None:
    """Before TLS begins no server counts them."""
    with serving.listening("127.0.0.1", 0, network=True) as sock, ExitStack() as open_:

        def called() -> socket.socket | None:
            open_.enter_context(socket.create_connection(sock.getsockname()))
            try:
                return open_.enter_context(sock.accept()[0])
            except ConnectionAbortedError:
                return None

        held = [one for _ in range(MAX_OF_NETWORK + 9) if (one := called())]
        assert len(held) == MAX_OF_NETWORK < CROWDED
        held[0].close()
        assert called() is not None
        assert called() is None


def test_no_other_account_keeps_its_owner_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """On loopback all come from one address, and who isn't let in is served for ten seconds."""
    monkeypatch.setattr(sockets, "MAX_OF_ACCOUNT", 4)
    monkeypatch.setattr(sockets, "MAX_OF_OTHERS", 6)
    accounts = iter([1000] * 9 + [1001] * 2 + [None] + [os.getuid()] * 9)
    monkeypatch.setattr(peers, "account", lambda _: next(accounts))
    with serving.listening("127.0.0.1", 0) as sock, ExitStack() as open_:

        def called() -> bool:
            open_.enter_context(socket.create_connection(sock.getsockname()))
            try:
                open_.enter_context(sock.accept()[0])
            except ConnectionAbortedError:
                return False
            return True

        assert [called() for _ in range(9)] == [True] * 4 + [False] * 5
        assert [called() for _ in range(12)] == [True] * 2 + [False] + [True] * 9


@pytest.mark.skipif(
    not peers.TABLES[4].exists(), reason="the system doesn't tell whose a connection is"
)
def test_another_account_takes_no_place_of_who_was_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an account that has what it may have each further try ended the connection of another;
    and at `::` its connections were those of whose desk it is."""
    monkeypatch.setattr(sockets, "CROWDED", 4)
    monkeypatch.setattr(sockets, "MAX_OF_OTHERS", 2)
    calls = [("::ffff:127.0.0.1", user) for user in (1000, 1001)] + [("192.0.2.7", 0)] * 4
    calls += [("::ffff:127.0.0.1", 1002)] * 4
    callers, users = iter(calls), iter([user for where, user in calls if ":" in where])
    monkeypatch.setattr(peers, "account", lambda _: next(users))
    accept = socket.socket.accept
    monkeypatch.setattr(
        socket.socket, "accept", lambda sock: (accept(sock)[0], (next(callers)[0], 1, 0, 0))
    )
    with serving.listening("127.0.0.1", 0, network=True) as sock, ExitStack() as open_:
        let_in = list[socket.socket]()
        for _ in calls:
            open_.enter_context(socket.create_connection(sock.getsockname()))
            with suppress(ConnectionAbortedError):
                let_in.append(open_.enter_context(sock.accept()[0]))
        assert len(let_in) == 6
        for one in let_in:
            one.setblocking(False)
            with pytest.raises(BlockingIOError):  # nobody ended it
                one.recv(1)


def test_two_networks_together_keep_no_third_one_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has less than a fair share gets the place of the oldest connection of who has most."""
    monkeypatch.setattr(sockets, "CROWDED", 8)
    with serving.listening("127.0.0.1", 0, network=True) as sock, ExitStack() as open_:
        assert isinstance(sock, sockets.Listener)
        sock.most_of_one = 4

        def called(host: str) -> tuple[socket.socket, socket.socket] | None:
            mine = open_.enter_context(
                socket.create_connection(sock.getsockname(), 5, source_address=(host, 0))
            )
            try:
                return mine, open_.enter_context(sock.accept()[0])
            except ConnectionAbortedError:
                return None

        held = [called(host) for host in ("127.0.0.2", "127.0.0.3") for _ in range(4)]
        assert all(held)
        assert called("127.0.0.2") is None
        late = called("127.0.0.4")
        assert late is not None
        ended = held[0]
        assert ended is not None
        assert ended[0].recv(1) == b""  # its client is told
        assert late[1].fileno() >= 0
        assert [one for one in held[1:] if one and one[1].getpeername()] == held[1:]
        more = [called("127.0.0.4") for _ in range(3)]
        assert len([one for one in more if one]) == 3
        of = Counter(where for _, where in sock._open)
        assert max(of.values()) - min(of.values()) <= 2  # each has about as much


def test_as_many_networks_as_places_keep_no_other_one_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And of many that come at once, none takes more files than are reckoned with."""
    monkeypatch.setattr(sockets, "CROWDED", 3)
    monkeypatch.setattr(sockets, "MAX_OPEN", 4)
    with serving.listening("127.0.0.1", 0, network=True) as sock, ExitStack() as open_:
        assert isinstance(sock, sockets.Listener)
        sock.most_of_one = 2
        address = sock.getsockname()

        def called(k: int) -> bool:
            where = (f"127.0.0.{2 + k}", 0)
            open_.enter_context(socket.create_connection(address, 5, source_address=where))
            try:
                open_.enter_context(sock.accept()[0])
            except ConnectionAbortedError:
                return False
            return True

        assert [called(k) for k in range(9)] == [True] * 8 + [False]
        for ended in sock._ended:  # as whoever serves them does
            ended.close()
        assert called(9)


def test_who_says_nothing_keeps_nobody_from_being_served(
    marked: Installation, certified: tuple[Path, Path]
) -> None:
    """From three addresses of a network: what is open isn't what is being worked at."""
    context = ssl.create_default_context(cafile=str(certified[0]))
    with served_tls(marked, certified) as (port, gate), ExitStack() as open_:

        def called(k: int) -> ssl.SSLSocket:
            where = (f"127.0.0.{2 + k}", 0)
            sock = socket.create_connection(("127.0.0.1", port), 20, source_address=where)
            return open_.enter_context(context.wrap_socket(sock, server_hostname="desk.example"))

        held = [called(k) for k in range(3) for _ in range(MAX_OF_NETWORK)]
        assert len(held) > CROWDED
        [host] = [one for one in gate.hosts if b"desk.example" in one]
        officer = called(9)
        officer.sendall(b"GET /login HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
        assert officer.recv(65_536).startswith(b"HTTP/1.1 200 ")


def test_what_strangers_send_is_no_line_in_the_log() -> None:
    serving.server_of(Doors(serving._nothing, Keys(), 8765))
    assert not logging.getLogger("uvicorn.error").isEnabledFor(logging.WARNING)


def test_what_the_desk_starts_is_imported_from_nowhere_else(
    marked: Installation,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "__init__.py").write_text("raise SystemExit('a stranger was here')")
    monkeypatch.chdir(tmp_path)  # a folder of anybody's, in which the desk was started
    asked: list[list[str]] = []

    @contextmanager
    def noted(command: list[str], **_: object) -> Iterator[Any]:
        asked.append(command)
        yield SimpleNamespace(poll=lambda: 0, returncode=0, stderr=None)

    monkeypatch.setattr(clearances, "started", noted)
    clearances.Preparing(marked, Accounts(tmp_path), print)._prepare()
    [command] = asked
    look = [*command[: command.index("-m")], "-c", "import pipelines"]
    assert subprocess.run(look, check=False, capture_output=True).returncode == 0


def test_only_new_tls_is_spoken_and_who_begins_none_is_cut_off(
    marked: Installation,
    certified: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prompt, "RECEIVE_S", 0.3)

    def spoken(port: int, most: ssl.TLSVersion) -> str | None:
        context = ssl.create_default_context(cafile=str(certified[0]))
        context.minimum_version, context.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, most
        context.set_ciphers("ALL:@SECLEVEL=0")
        with (
            socket.create_connection(("127.0.0.1", port), 20) as sock,
            context.wrap_socket(sock, server_hostname="desk.example") as safe,
        ):
            return safe.version()

    named = {one["name"] for one in tls.context(*certified).get_ciphers()}
    assert all("GCM" in one or "CHACHA20" in one for one in named)
    with served_tls(marked, certified) as (port, _):
        assert spoken(port, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
        assert spoken(port, ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
        with pytest.warns(DeprecationWarning, match="TLS"), pytest.raises((ssl.SSLError, OSError)):
            spoken(port, ssl.TLSVersion.TLSv1_1)
        for begun in (b"", b"GET / HTTP/1.1\r\nHost: desk.example\r\n\r\n", b"\x16\x03\x01"):
            with socket.create_connection(("127.0.0.1", port), 20) as sock:
                sock.sendall(begun)
                said = b""
                while more := _received(sock):
                    said += more
                assert b"HTTP" not in said


def test_who_reads_slowly_gets_a_whole_answer_and_who_reads_nothing_is_cut_off(
    marked: Installation,
    certified: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Half a night on a slow line looks like a whole one; as many who read nothing as are served
    keep everybody out."""
    monkeypatch.setattr(serving, "CLOSE_S", 1.5)
    ended, lost = threading.Event(), prompt.Prompt.connection_lost

    def noted(*given: Any) -> None:
        lost(*given)
        ended.set()

    monkeypatch.setattr(prompt.Prompt, "connection_lost", noted)
    long = "x" * (16 << 20)  # more than the system holds on the way
    monkeypatch.setattr(assets, "find", lambda _: ("text/css", long))
    context = ssl.create_default_context(cafile=str(certified[0]))
    with served_tls(marked, certified) as (port, gate), ExitStack() as open_:

        def asked() -> ssl.SSLSocket:
            [host] = [one.decode() for one in gate.hosts if b"desk.example" in one]
            head = f"GET /assets/desk.css HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
            sock = open_.enter_context(socket.create_connection(("127.0.0.1", port), 20))
            safe = open_.enter_context(context.wrap_socket(sock, server_hostname="desk.example"))
            safe.sendall(head.encode())
            return safe

        def read(safe: ssl.SSLSocket) -> int:
            got = 0
            with suppress(OSError):
                while more := len(safe.recv(1 << 20)):
                    got += more
            return got

        slow = asked()
        time.sleep(2.5)  # longer than a line is kept open for what is under way
        assert read(slow) > len(long)
        slow.close()
        assert ended.wait(20)
        ended.clear()
        monkeypatch.setattr(prompt, "RECEIVE_S", 0.1)
        steady, got = asked(), 0
        steady.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)  # little is on the way
        for _ in range(800):  # far longer than who takes nothing is borne with
            got += len(steady.recv(16_384))
            time.sleep(0.005)
        assert got + read(steady) > len(long)
        steady.close()
        assert ended.wait(20)
        ended.clear()
        nothing = asked()
        assert ended.wait(20)
        assert read(nothing) < len(long)


def test_a_connection_that_has_ended_is_held_by_nobody_and_is_no_line_in_the_log(
    marked: Installation,
    certified: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each has a quarter of a MB, and whoever isn't let in makes a thousand a second."""
    monkeypatch.setattr(prompt, "RECEIVE_S", 0.2)
    made, begin = list[Any](), prompt.Prompt.connection_made

    def noted(self: prompt.Prompt, transport: Any) -> None:
        made.append(weakref.ref(self))
        begin(self, transport)

    monkeypatch.setattr(prompt.Prompt, "connection_made", noted)
    context = ssl.create_default_context(cafile=str(certified[0]))
    reset = struct.pack("ii", 1, 0)
    gc.collect()
    gc.disable()
    try:
        with served_tls(marked, certified) as (port, gate):
            [host] = [one for one in gate.hosts if b"desk.example" in one]
            asked = b"GET /login HTTP/1.1\r\nHost: " + host + b"\r\n\r\n"
            ways = (
                (asked, True, b""),
                (asked, False, b""),
                (asked * 3, True, reset),
                (b"", False, b""),
            )
            for said, reads, how in ways:
                sock = socket.create_connection(("127.0.0.1", port), 20)
                with context.wrap_socket(sock, server_hostname="desk.example") as safe:
                    safe.sendall(said)
                    if reads:
                        assert safe.recv(65_536)
                    if how:
                        safe.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, how)
            last = time.monotonic() + 20
            while any(one() is not None for one in made) and time.monotonic() < last:
                time.sleep(0.05)
            assert made  # who has gone before TLS began is never served
            assert not [one for one in made if one() is not None]
            time.sleep(0.5)  # until each would have been looked at
    finally:
        gc.enable()
    assert not [one for one in caplog.records if one.name == "asyncio"]


def _received(sock: socket.socket) -> bytes:
    try:
        return sock.recv(65_536)
    except ConnectionResetError:
        return b""


# ---- loopback, where nobody signs in


def test_where_the_system_does_not_tell_whose_a_connection_is_our_own_processes_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delattr(socket, "AF_NETLINK", raising=False)
    monkeypatch.setattr(peers, "TABLES", {4: tmp_path / "none"})
    with (
        serving.listening("127.0.0.1", 0) as sock,
        socket.create_connection(sock.getsockname()) as client,
    ):
        scope = {"client": client.getsockname(), "server": sock.getsockname()}
        assert peers.account(scope) == os.getuid()
        assert peers.account({**scope, "client": ("127.0.0.1", 1)}) is None
        monkeypatch.setattr(os, "getuid", lambda: 4242)  # of another account
        assert peers.account(scope) is None


def test_a_connection_that_its_client_has_closed_is_nobodys(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The kernel shows it with root's number: root's desk took it for its own."""
    line = "3: 0100007F:A06C 0100007F:848B {} 0:0 03:0 0 {} 0 0 3 x\n"
    monkeypatch.delattr(socket, "AF_NETLINK", raising=False)
    monkeypatch.setattr(peers, "TABLES", {4: (table := tmp_path / "tcp")})
    scope = {"client": ("127.0.0.1", 0xA06C), "server": ("127.0.0.1", 0x848B)}
    for values, whose in (
        (("01", 1000), 1000),
        (("05", 0), None),
        (("06", 0), None),
        (("01", 0), 0),
    ):
        table.write_text(line.format(*values))
        assert peers.account(scope) == whose


def test_nobody_comes_in_whose_account_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = Keys()
    doors = Doors(serving._nothing, keys, 8765, strict=True)
    client = TestClient(doors, "http://127.0.0.1:8765", raise_server_exceptions=False)
    assert client.get("/", params={"token": keys.token()}).status_code == 401
    monkeypatch.setattr(peers, "account", lambda _: 1000)
    assert client.get("/", params={"token": keys.token()}).status_code == 200


# ---- conclusions


def test_what_is_concluded_on_an_old_night_says_which(
    own_marked: Installation,
) -> None:
    chief = Watch(own_marked).signed_in("Chief")
    [first, *_] = chief.page("/").lines()
    with store.read(own_marked.store) as reader:
        run_id = str(reader.runs()["run_id"].iloc[0])
    form = {"conclusion": "watch", "reason": "as it looked then"}
    assert chief.send(f"/incident/{first}?at={run_id}", **form).status_code == 303
    assert chief.send(f"/incident/{first}", conclusion="watch", reason="now").status_code == 303
    with store.read(own_marked.store) as reader:
        told = reader.dispositions()
    assert set(told["reason"]) == {f"[as of run {run_id}] as it looked then", "now"}
    assert set(told["author"]) == {"Chief"}


def test_a_part_that_is_made_anew_is_read_anew(
    own_marked: Installation,
) -> None:
    """Its runs have the same names, and may rest on less: a feed that is no more for the reader."""
    desks, guest = Watch(own_marked).gate.desks, cleared.Clearance(Tlp.GREEN, frozenset())
    own = cleared.home_of(own_marked, guest)
    held = cleared.prepared(own)
    before = desks.app(guest)
    assert desks.app(guest) is before
    cleared._note(own, held["state"], held["nights"])
    assert desks.app(guest) is not before


def test_who_sees_a_part_undoes_nothing_and_speaks_in_nobody_elses_name(
    own_marked: Installation,
) -> None:
    watch = Watch(own_marked)
    chief, guest = watch.signed_in("Chief"), watch.signed_in("Guest")
    shown = guest.page("/").lines()
    [first, second] = [one for one in chief.page("/").lines() if one in shown][:2]
    quiet = {"conclusion": "cleared", "reason": "seen alongside", "quiet_until": "2026-01-20"}
    assert chief.send(f"/incident/{first}", **quiet).status_code == 303
    forged = f"x); cleared (Chief: nothing there{' ' * 400}"
    for one, reason in ((first, "who knows"), (second, f"{forged}{'y' * 1500}")):
        sent = guest.send(f"/incident/{one}", conclusion="unknown", reason=reason)
        assert sent.status_code == 303
    with store.read(own_marked.store) as reader:
        known = reader.dispositions()
        run = reader.last_run()
        assert run is not None
        events = reader.events(run["run_id"])
    of_chief = known[known["quiet_until"].notna()]["event_id"]
    held = newest(known).set_index("event_id")
    assert set(held.loc[of_chief, "author"]) == {"Chief"}
    assert set_aside(events[events["event_id"].isin(of_chief)], known).all()
    page = chief.page(f"/incident/{first}")
    [(_, holds)] = page.all("li", **{"class": "holds"})
    assert "seen alongside" in holds
    assert "who knows" in page.text
    told = [text for about, text in chief.page("/").all("p", **{"class": "about done brief"})]
    [forgery] = [text for text in told if "Guest" in text]
    assert "[as far as TLP:GREEN shows]" in forgery  # however long it is
    assert "(Chief" not in forgery


def test_that_somebody_writes_is_told_to_nobody_who_leaves_no_trace(
    own_marked: Installation,
) -> None:
    """A home is written to when something comes, which may not be for whoever asks."""
    guest = Watch(own_marked).signed_in("Guest")
    address = f"/incident/{guest.page('/').lines()[0]}"
    nothing = [
        (address, {"conclusion": "innocent", "reason": "x"}),
        (address, {"conclusion": "watch", "reason": " "}),
        (address, {"conclusion": "watch", "reason": "x", "seen": "0" * 16}),
        (address, {"conclusion": "watch", "reason": "x", "quiet": "1"}),
        (f"{address}/withdraw", {"reason": "x"}),
    ]

    def told() -> list[tuple[int, bool]]:
        answers = [guest.send(where, **form) for where, form in nothing]
        return [(one.status_code, "is writing" in one.text) for one in answers]

    before = told()
    with store.write(own_marked.store):
        assert told() == before
        busy = guest.send(address, conclusion="watch", reason="x")
    assert (busy.status_code, "is writing" in busy.text) == (409, True)
    assert [writes for _, writes in before] == [False] * len(nothing)


def test_what_changes_while_it_is_written_is_not_concluded_on(
    own_marked: Installation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between reading the page and holding the store alone another run may be published."""
    chief = Watch(own_marked).signed_in("Chief")
    [first, *_] = chief.page("/").lines()
    page = chief.page(f"/incident/{first}")
    form = {
        "conclusion": "cleared",
        "reason": "x",
        "seen": page.all("input", name="seen")[0][0]["value"],
    }
    chief.page(f"/incident/{first}")
    with store.read(own_marked.store) as reader:
        before = len(reader.dispositions())
    from pipelines.run import dispositions

    real = dispositions.writing

    def late(*given: Any) -> Any:
        ask(
            own_marked.home, f"UPDATE incidents SET score = score / 2 WHERE incident_id = '{first}'"
        )
        return real(*given)

    with monkeypatch.context() as patch:
        patch.setattr(dispositions, "writing", late)
        answer = chief.send(f"/incident/{first}", **form)
    assert answer.status_code == 409
    assert "has changed" in answer.text
    with store.read(own_marked.store) as reader:
        assert len(reader.dispositions()) == before


def test_a_home_without_a_store_opens_and_says_so(
    tmp_path: Path,
    marked: Installation,
) -> None:
    empty = Installation(tmp_path, marked.config, marked.settings)
    with cheap():
        Accounts(tmp_path).add("Chief", PASSWORDS["Chief"], "ALL")
    assert Watch(empty).signed_in("Chief").client.get("/").status_code == 404


def test_who_sees_a_part_is_not_told_where_the_home_lies(
    watch: Watch,
    marked: Installation,
) -> None:
    guest = watch.signed_in("Guest")
    for address in ("/", "/plan", "/places", "/packs", "/nights", "/area/new"):
        assert str(marked.home) not in guest.page(address).html, address
