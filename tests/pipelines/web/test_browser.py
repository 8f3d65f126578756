"""The desk in a real browser: nothing asked of others, keyboard alone, two desks at once."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines import store
from pipelines.base.settings import Installation, load
from pipelines.web import concluding, tls
from pipelines.web.app import Desk
from pipelines.web.corners import outline_of
from tests.pipelines.publish.conftest import Page
from tests.pipelines.web.conftest import (
    PASSWORDS,
    ask,
    leads,
    let_in,
    one_of_each,
    recorded,
    served,
    served_tls,
)


def asked_elsewhere(page: Page, desk: str) -> list[str]:
    return [url for url in page.requests if not url.startswith((f"{desk}/", "data:"))]


def test_the_token_is_left_behind(page: Page, address: Callable[[], str]) -> None:
    page.open(address())
    page.wait("location.search === '' && Boolean(document.querySelector('h1'))")
    assert page.evaluate("document.cookie").find("desk-") < 0  # a script can't read it
    entries = page.call("Page.getNavigationHistory")["entries"]
    assert not [entry["url"] for entry in entries if "token" in entry["url"]]
    assert page.evaluate("document.referrer") == ""


@pytest.mark.parametrize("width", [pytest.param(1400, marks=pytest.mark.prove), 390])
def test_each_page_asks_nobody_else_and_fits(
    page: Page,
    desk: str,
    desk_home: Path,
    width: int,
) -> None:
    incident, event, vessel = one_of_each(desk_home)
    wide = (event, "/plan", "/nights", "/health", "/find?q=star") if width > 1000 else ()
    for path in ("/", incident, vessel, *wide):
        page.open(desk + path, width, night=width < 1000)
        assert page.messages == []
        assert asked_elsewhere(page, desk) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        if path in ("/", incident, vessel):
            assert page.evaluate("document.documentElement.dataset.ready") == "true"
            assert page.evaluate("document.querySelectorAll('#map canvas').length") > 0


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.key(key, key if len(key) > 1 else f"Key{key.upper()}")


def test_an_incident_is_concluded_by_the_keyboard_alone(
    page: Page,
    own_desk: str,
    own_home: Path,
) -> None:
    page.open(f"{own_desk}/")
    press(page, "j", "j", "k", "j")
    chosen = "document.activeElement.closest('li').dataset.rank"
    assert page.evaluate(chosen) == "2"
    assert page.evaluate("document.querySelector('#lines li.chosen').dataset.rank") == "2"
    address = page.evaluate("document.activeElement.href")
    press(page, "Enter")
    page.wait(f"location.href === {address!r} && document.readyState === 'complete'")
    page.settle()
    high = page.evaluate("document.getElementById('concluded').offsetHeight")
    press(page, "b")
    assert page.evaluate("document.getElementById('concluded').offsetHeight") == high
    assert page.evaluate("document.activeElement.name") == "reason"
    before = len(recorded(own_home))
    page.call("Input.insertText", text="47 people on board")
    press(page, "Enter")
    page.wait("location.search.includes('recorded') && document.readyState === 'complete'")
    known = recorded(own_home).iloc[before:]
    assert set(zip(known["conclusion"], known["author"], known["reason"], strict=True)) == {
        ("boarded", "Lt Aminah", "47 people on board")
    }
    assert page.evaluate("localStorage.length") == 0
    assert page.evaluate("document.activeElement.id") == "go-on"
    press(page, "Enter")  # goes on with the first that nobody concluded anything on
    page.wait(f"location.pathname !== {address!r}.replace(location.origin, '')")
    page.wait("document.readyState === 'complete' && Boolean(document.querySelector('h1'))")
    assert page.evaluate("document.querySelector('h1 .rank').textContent") == "1"
    assert not page.evaluate("Boolean(document.querySelector('ul.concluded'))")
    press(page, "l")
    page.wait("location.pathname === '/' && document.readyState === 'complete'")
    assert "47 people" in page.evaluate(
        "document.querySelector('#lines li[data-rank=\"2\"]').textContent"
    )


def test_a_laptop_shows_seven_incidents_beside_the_map_and_all_of_the_chosen_one(
    page: Page,
    desk: str,
) -> None:
    page.open(f"{desk}/", 1366, 768)
    whole = """[...document.querySelectorAll("#lines li")].filter((one) => {
      const box = one.getBoundingClientRect();
      return box.bottom <= innerHeight && box.height > 40; }).length"""
    assert page.evaluate(whole) >= 7
    chooses = "[...document.querySelectorAll('.filters :is(select, input[type=search])')]"
    tops = f"new Set({chooses}.map((one) => Math.round(one.getBoundingClientRect().top))).size"
    assert page.evaluate(tops) == 1
    narrow = "document.querySelector('.filters [type=search]').offsetWidth"
    before = page.evaluate(narrow)
    press(page, "/")
    assert page.evaluate(narrow) > 1.5 * before, "what is typed is seen"
    assert page.evaluate(tops) == 1
    page.key("Escape", "Escape")
    # What to look at first says whereto: "to Indonesia, …" is where to search.
    told = """[...document.querySelectorAll('.first h3')].map((h) => {
      const seen = h.clientHeight / parseFloat(getComputedStyle(h).lineHeight);
      return h.scrollHeight <= h.clientHeight || seen > 3.5; })"""
    assert page.evaluate(told) == [True, True, True]
    assert page.evaluate("document.querySelector('#map').getBoundingClientRect().width") > 800
    more = "getComputedStyle(document.querySelector('#lines li .more')).display"
    assert page.evaluate(more) == "none"
    press(page, "j")
    assert page.evaluate(more) == "block"
    cut = "const one = document.querySelector('#lines .title'); one.scrollHeight > one.clientHeight"
    assert not page.evaluate(f"(() => {{ {cut.replace('; one', '; return one')} }})()")


def test_a_phone_shows_all_that_is_told_of_who_is_found(page: Page, desk: str) -> None:
    page.open(f"{desk}/find?q=star", 390, 844)
    assert page.evaluate("document.querySelectorAll('.found tbody tr').length") > 0
    beyond = "one.getBoundingClientRect().right > innerWidth || one.scrollWidth > one.clientWidth"
    cells = f"[...document.querySelectorAll('.found td')].filter(one => {beyond})"
    assert page.evaluate(f"{cells}.map(one => one.textContent)") == []
    assert page.evaluate("document.querySelector('.found').scrollWidth <= innerWidth")


def test_a_phone_tells_what_words_mean_and_of_no_keys(page: Page, desk: str) -> None:
    page.open(f"{desk}/", 390, 844)
    x, y = page.evaluate(
        "(() => { const at = document.getElementById('help').getBoundingClientRect();"
        " return [at.x + at.width / 2, at.y + at.height / 2]; })()"
    )
    page.click(x, y)
    high = "document.querySelector('#keys {}').offsetHeight"
    assert page.evaluate("document.getElementById('keys').open")
    assert page.evaluate(high.format("table")) == 0
    assert page.evaluate(high.format("dl")) > 100
    assert page.evaluate("document.getElementById('keys').scrollTop") == 0


def test_what_is_read_is_scrolled_and_keys_go_where_they_are_meant(page: Page, desk: str) -> None:
    page.open(f"{desk}/")
    leave(page, "3")  # the incident with that number
    page.wait("location.pathname.startsWith('/incident/') && document.readyState === 'complete'")
    page.settle()
    assert page.evaluate("document.querySelector('h1 .rank').textContent") == "3"
    panel = "document.querySelector('[data-panel]')"
    assert page.evaluate(f"document.activeElement === {panel}")
    press(page, "PageDown")
    page.wait(f"{panel}.scrollTop > 100")
    inside = "(() => { const box = document.querySelector('button[form=conclude]')"
    inside += ".getBoundingClientRect(); return box.top > 0 && box.bottom <= innerHeight; })()"
    assert page.evaluate(inside)  # wherever one reads
    press(page, "q", "q")  # a week; then what it was, after all
    chosen = "document.querySelector('[name=%s]:checked').value"
    assert page.evaluate(chosen % "quiet") == "7"
    press(page, "n")  # leads nowhere else while a form has the keys
    press(page, "u")
    assert page.evaluate(chosen % "conclusion") == "unknown"
    assert page.evaluate("document.activeElement.name") == "reason"
    assert page.evaluate("document.getElementById('quiet').disabled")
    page.call("Input.insertText", text="seen twice")
    page.evaluate("document.querySelector('[name=conclusion]:checked').checked = false")
    press(page, "Enter")
    assert "what it was" in page.evaluate("document.getElementById('lacks').textContent")
    assert page.evaluate("document.querySelector('[name=reason]').value") == "seen twice"
    page.evaluate("localStorage.clear(); document.querySelector('.who summary').click()")
    page.wait("document.activeElement.name === 'operator'")
    page.evaluate("document.querySelector('.who [name=language]').focus()")
    press(page, "p")
    assert page.evaluate("location.pathname").startswith("/incident/")
    page.key("Escape", "Escape")
    assert not page.evaluate("document.querySelector('.who').open")


def test_what_is_typed_stays_while_a_run_writes_the_desk_is_away_or_lets_nobody_in(
    page: Page,
    own_desk: str,
    own_home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(concluding, "WAIT_S", 0.0)
    incident, typed = leads(own_home)[4], "seen again at dawn"
    reason = "document.querySelector('[name=reason]').value"
    page.open(own_desk + incident)
    with store.write(own_home / "store"):
        press(page, "w")
        page.call("Input.insertText", text=typed)
        page.evaluate("document.getElementById('conclude').requestSubmit()")
        page.wait("Boolean(document.querySelector('#concluded [role=alert]'))")
        page.open(own_desk + incident)  # it is even there when the page is left
        assert page.evaluate(reason) == typed
        assert page.evaluate("document.querySelector('[name=conclusion]:checked').value") == "watch"

    limits = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    page.call("Network.emulateNetworkConditions", offline=True, **limits)
    said = "document.getElementById('lacks')"
    press(page, "w")
    leave(page, "Enter")
    page.wait(f"!{said}.hidden && {said}.textContent.includes('does not answer')")
    assert page.evaluate("location.pathname") == incident
    assert page.evaluate(reason) == typed
    # Other forms are told beside what was pressed.
    page.evaluate("document.querySelector('.who form').requestSubmit()")
    page.wait("Boolean(document.querySelector('.who .unsent')?.textContent)")
    page.call("Network.emulateNetworkConditions", offline=False, **limits)

    # It was started again: its reader needs a new address, and what was typed.
    name = f"desk-{own_desk.rsplit(':', maxsplit=1)[1]}"  # of this desk alone
    cookies = page.call("Network.getCookies", urls=[own_desk])["cookies"]
    [key] = [one["value"] for one in cookies if one["name"] == name]
    page.call("Network.deleteCookies", name=name, url=own_desk)
    leave(page, "Enter")
    page.wait(f"!{said}.hidden && {said}.textContent.includes('was closed')")
    assert page.evaluate(reason) == typed

    page.call("Network.setCookie", name=name, value=key, url=own_desk, httpOnly=True)
    assert recorded(own_home).empty
    leave(page, "Enter")
    page.wait("location.search.includes('recorded') && document.readyState === 'complete'")
    known = recorded(own_home)
    assert set(known["reason"]) == {typed}
    assert len(set(known["disposition_id"])) == len(known)


def test_two_desks_at_once(
    page: Page, own_desk: str, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(concluding, "WAIT_S", 60.0)  # one writes for seconds on a busy machine
    page.open(own_desk + leads(own_home)[5])
    word, seen = (
        page.evaluate(f"document.querySelector('[name={name}]').value") for name in ("csrf", "seen")
    )
    send = (
        "Promise.all(['one', 'two'].map((reason) => fetch(location.pathname, {method: 'POST', "
        f"body: new URLSearchParams({{csrf: '{word}', conclusion: 'watch', reason, "
        f"seen: '{seen}', operator: reason}})}}).then((answer) => answer.status)))"
    )
    assert page.evaluate(send) == [200, 200]
    new = recorded(own_home)
    assert set(new["author"]) == {"one", "two"}
    assert new["disposition_id"].is_unique


def test_what_is_pressed_twice_while_it_is_being_recorded_is_recorded_once(
    page: Page, own_desk: str, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(concluding, "WAIT_S", 60.0)  # as above
    page.open(own_desk + leads(own_home)[5])
    press(page, "w")
    page.call("Input.insertText", text="seen again at noon")
    again = "setTimeout(() => document.getElementById('conclude').requestSubmit(), 1500)"
    with store.write(own_home / "store"):  # it waits
        page.evaluate(f"void {again}")  # nothing can be evaluated while a page is left
        leave(page, "Enter")
        time.sleep(2.5)
    page.wait("location.search.includes('recorded') && document.readyState === 'complete'")
    assert recorded(own_home)["event_id"].is_unique


def test_keys_pressed_while_a_conclusion_is_being_recorded_conclude_on_nothing_else(
    page: Page, own_desk: str, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its number opens the next incident once the page is there; a letter is for that one."""
    monkeypatch.setattr(concluding, "WAIT_S", 60.0)  # as above
    first, on = leads(own_home)[0], leads(own_home)[5]
    page.open(own_desk + first)
    number = page.evaluate(f"document.querySelector('a[href=\"{on}\"]').dataset.number")
    press(page, "w")
    page.call("Input.insertText", text="seen again at noon")
    pressed = "new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true})"
    typed = f"for (const key of '{number}b') document.activeElement.dispatchEvent({pressed})"
    keys = f"setTimeout(() => {{ {typed}; }}, 1500)"
    with store.write(own_home / "store"):  # it waits
        page.evaluate(f"void {keys}")
        leave(page, "Enter")
        time.sleep(2.5)
    page.wait(f"location.pathname === '{on}' && document.readyState === 'complete'")
    assert set(recorded(own_home)["reason"]) == {"seen again at noon"}
    assert page.evaluate("document.querySelector('[name=conclusion]:checked')") is None
    page.open(own_desk + first)  # what was kept is kept for one page
    assert page.evaluate("location.pathname") == first


def test_what_another_desk_concluded_is_said_on_an_open_page_and_on_the_list_of_any_night(
    page: Page, own_desk: str, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(concluding, "WAIT_S", 60.0)  # as above
    with store.read(own_home / "store") as reader:
        past = reader.runs()["run_id"].iloc[-1]
    one, other = leads(own_home)[3:5]
    link, loaded = "document.querySelector('#live a')", "document.readyState === 'complete'"

    def conclude(incident: str, author: str) -> str:
        word = page.evaluate("document.querySelector('[name=csrf]').value")
        body = f"csrf: '{word}', conclusion: 'watch', reason: 'seen', operator: '{author}'"
        return f"""fetch('{incident}').then((answer) => answer.text()).then((text) =>
            fetch('{incident}', {{method: 'POST', body: new URLSearchParams(
                {{{body}, seen: /name="seen" value="(.*?)"/.exec(text)[1]}})}}))"""

    def told_on(address: str, author: str) -> None:
        page.evaluate(f"{conclude(address, author)}.then(ask)")
        assert page.evaluate(f"{link}.textContent").startswith("Somebody concluded on this")
        assert author not in page.evaluate("document.body.innerText")
        page.evaluate(f"{link}.click()")
        page.wait(f"{loaded} && document.body.innerText.includes('{author}')")
        assert page.evaluate("location.pathname + location.search") == address

    def listed_anew(address: str, author: str) -> None:
        page.evaluate("document.body.dataset.old = 'yes'")
        page.evaluate(f"void {conclude(address, author)}.then(ask)")
        page.wait(f"{loaded} && !document.body.dataset.old")

    page.open(own_desk + one)
    page.evaluate(f"{conclude(other, 'Sgt Lim')}.then(ask)")  # that is no matter of this page
    assert page.evaluate("document.getElementById('live').hidden")
    told_on(one, "Lt Siti")
    page.open(f"{own_desk}/")
    listed_anew(other, "Lt Tan")

    new = "'quiet' AS run_id, ordinal + 1 AS ordinal"
    ask(own_home, f"INSERT INTO runs SELECT * REPLACE ({new}) FROM runs")
    page.open(f"{own_desk}{one}?at={past}")
    page.evaluate("ask()")
    assert page.evaluate("document.getElementById('live').hidden")  # that it is past stands above
    told_on(f"{one}?at={past}", "Lt Rahim")
    page.open(f"{own_desk}/?at={past}")
    listed_anew(f"{other}?at={past}", "Lt Wong")


def test_a_new_run_appears_by_itself_not_under_a_readers_hands_and_nights_are_gone_through(
    page: Page,
    own_desk: str,
    own_home: Path,
) -> None:
    page.open(f"{own_desk}/")
    press(page, "j")  # somebody reads
    new = "'quiet' AS run_id, ordinal + 1 AS ordinal"
    ask(own_home, f"INSERT INTO runs SELECT * REPLACE ({new}) FROM runs")
    page.evaluate("ask()")
    assert page.evaluate("document.querySelector('#live a').textContent").startswith("A new run")
    page.evaluate("document.activeElement.blur(); void ask()")
    page.wait("document.readyState === 'complete' && !document.querySelector('#lines li')")
    assert page.evaluate("document.querySelector('h1').textContent").startswith("0 incidents")

    page.open(f"{own_desk}/nights")
    told = "document.querySelector('#slide output').textContent"
    newest = page.evaluate(told)
    page.evaluate("document.querySelector('#slide [type=range]').focus()")
    press(page, "ArrowLeft")
    assert page.evaluate(told) != newest
    older = page.evaluate("document.querySelector('tr.chosen a').getAttribute('href')")
    leave(page, "Enter")
    page.wait("location.pathname === '/' && document.readyState === 'complete'")
    assert page.evaluate("location.pathname + location.search") == older


def test_a_row_opens_where_it_is_clicked_and_has_one_mark_on_the_map(
    page: Page,
    desk: str,
) -> None:
    page.open(f"{desk}/")
    drawn = "JSON.parse(document.getElementById('data').textContent).events"
    ranks = f"{drawn}.filter((e) => e.main).map((e) => e.ranks[0]).sort((a, b) => a - b)"
    listed = "[...document.querySelectorAll('#lines li')].map((one) => Number(one.dataset.rank))"
    assert page.evaluate(ranks) == page.evaluate(listed)
    box = page.evaluate(
        "(() => { const one = document.querySelector('#lines .about').getBoundingClientRect(); "
        "return [one.right - 4, one.bottom - 2]; })()"
    )
    page.click(*box)
    page.wait("location.pathname.startsWith('/incident/') && document.readyState === 'complete'")
    several = (
        "(() => { const own = document.querySelector('#main dl.about'); "
        "for (let n = 0; n < 4; n += 1) own.append(own.lastElementChild.cloneNode(true)); "
        "const all = [...own.querySelectorAll('dd')]; "
        "return [new Set(all.map((one) => one.offsetLeft)).size, all[0].offsetWidth > 200]; })()"
    )
    assert page.evaluate(several) == [1, True], "what has several lines stays in its column"


def leave(page: Page, key: str) -> None:
    """Press a key that leads to another page, without waiting for this one to be drawn."""
    code = "Enter" if key == "Enter" else f"Key{key.upper()}"
    about = {"key": key, "code": code, "windowsVirtualKeyCode": 13 if key == "Enter" else 0}
    page.call(
        "Input.dispatchKeyEvent", type="keyDown", text="\r" if key == "Enter" else key, **about
    )


def test_an_account_signs_in_concludes_and_signs_out_by_the_keyboard_alone(
    page: Page,
    own_marked: Installation,
    tmp_path: Path,
) -> None:
    certified = tls.self_signed(tmp_path, ("127.0.0.1",))
    page.call("Security.setIgnoreCertificateErrors", ignore=True)
    with served_tls(own_marked, certified) as (port, gate):
        home = f"https://127.0.0.1:{port}"
        page.open(f"{home}/health", 390, night=True)
        assert page.evaluate("location.pathname") == "/login"
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert page.evaluate("document.activeElement.name") == "name"
        page.evaluate("localStorage.setItem('desk:Guest/incident/0', 'a draft')")  # ran out
        page.evaluate("localStorage.setItem('desk:Lt Aminah/incident/0', 'one of ours')")
        page.call("Input.insertText", text="lt aminah")
        page.key("Tab", "Tab")
        page.call("Input.insertText", text="not the password")
        leave(page, "Enter")
        page.wait(
            "Boolean(document.querySelector('[role=alert]')) && document.readyState === 'complete'"
            " && document.activeElement.name === 'name'"
        )
        page.call("Input.insertText", text="lt aminah")
        page.key("Tab", "Tab")
        page.call("Input.insertText", text=PASSWORDS["Lt Aminah"])
        leave(page, "Enter")
        page.wait("location.pathname === '/health' && document.readyState === 'complete'")
        assert page.evaluate("document.cookie").find("desk-") < 0
        page.wait("localStorage.getItem('desk:Guest/incident/0') === null")
        assert page.evaluate("localStorage.getItem('desk:Lt Aminah/incident/0')") == "one of ours"
        leave(page, "t")
        page.wait("location.pathname === '/' && document.readyState === 'complete'")
        page.settle()
        press(page, "j")
        leave(page, "Enter")
        page.wait(
            "location.pathname.startsWith('/incident/') && document.readyState === 'complete'"
        )
        page.settle()
        press(page, "w")
        page.call("Input.insertText", text="seen from the bridge")
        leave(page, "Enter")
        page.wait("location.search.includes('recorded') && document.readyState === 'complete'")
        known = recorded(own_marked.home)
        assert set(known["author"]) == {"Lt Aminah"}
        assert [said for said in page.messages if "401" not in said] == []  # the wrong password
        assert asked_elsewhere(page, home) == []
        page.evaluate(
            "localStorage.setItem('desk:', 'typed'); document.querySelector('.who summary').focus()"
        )
        press(page, "Enter")
        assert page.evaluate("document.querySelector('.who').open")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        page.evaluate("document.querySelector('[formaction=\"/logout\"]').focus()")
        leave(page, "Enter")
        page.wait("location.pathname === '/login' && document.readyState === 'complete'")
        assert page.evaluate("localStorage.length") == 0
        page.open(f"{home}/")
        assert page.evaluate("location.pathname") == "/login"
        assert len(gate.keys._sessions) == 0


def test_an_area_is_drawn_by_pointer_by_keys_and_by_typing(page: Page, desk: str) -> None:
    page.open(f"{desk}/area/new", 1280, 800)
    corners = "document.getElementById('corners').value.trim().split('\\n').filter(Boolean)"
    for x, y in ((900, 400), (1000, 400), (1000, 500)):
        page.click(x, y)
    drawn = page.evaluate(corners)
    assert len(drawn) == len(set(drawn)) == 3
    ((ring,),) = outline_of("\n".join(drawn))
    assert ring[0][1] > ring[2][1]  # further north
    assert page.evaluate("document.activeElement.id") == "map"
    page.key("Enter", "Enter")
    assert len(page.evaluate(corners)) == 4
    page.key("Backspace", "Backspace")
    assert page.evaluate(corners) == drawn
    type_in = (
        "(() => { const one = document.getElementById('corners'); one.value = %r; "
        "one.dispatchEvent(new Event('input')); "
        "return document.getElementById('corners-said').textContent; })()"
    )
    assert (
        page.evaluate(
            type_in % "3.205 101.5\n03°12.30′N 101°40.00′E\n3 0 101 30\n03-15.0N 101-30.0E"
        )
        == ""
    )
    assert "2: nowhere" in page.evaluate(type_in % "3.205 101.5\nnowhere\n3 101")
    assert page.messages == []
    hidden = "document.querySelector('[data-when=\"stop speed speed_kn_max\"]').hidden"
    assert page.evaluate(hidden)
    page.evaluate("document.querySelector('[value=speed]').click()")
    assert not page.evaluate(hidden)


def test_a_corner_is_dragged_and_a_click_on_a_side_sets_one_in_it(page: Page, desk: str) -> None:
    page.open(f"{desk}/area/new", 1280, 800)
    lines = "document.getElementById('corners').value.trim().split('\\n').filter(Boolean)"
    for x, y in ((900, 300), (1050, 300), (1050, 450)):
        page.click(x, y)
    drawn = page.evaluate(lines)
    page.mouse("mousePressed", 1050, 300, button="left", clickCount=1)
    page.mouse("mouseMoved", 1080, 310, button="left", buttons=1)
    page.mouse("mouseMoved", 1100, 320, button="left", buttons=1)
    page.mouse("mouseReleased", 1100, 320, button="left", clickCount=1)
    moved = page.evaluate(lines)
    assert (moved[0], moved[2]) == (drawn[0], drawn[2])
    ((ring,),) = outline_of("\n".join([moved[1], drawn[1], moved[0]]))
    (lon, lat), (before_lon, before_lat) = ring[:2]
    assert lat < before_lat
    assert lon > before_lon
    page.click(1000, 310)
    assert page.evaluate(lines) == [moved[0], page.evaluate(lines)[1], *moved[1:]]
    assert len(page.evaluate(lines)) == 4
    page.click(950, 500)  # elsewhere: after the last
    assert page.evaluate(lines)[:4] == [*page.evaluate(lines)[:2], *moved[1:]]
    assert len(page.evaluate(lines)) == 5
    assert page.messages == []


def test_another_piece_and_a_hole_are_drawn_by_pointer_and_keys(page: Page, desk: str) -> None:
    page.open(f"{desk}/area/new", 1280, 800)
    for x, y in ((800, 250), (1100, 250), (1100, 500), (800, 500)):
        page.click(x, y)
    page.evaluate("document.querySelector('[data-sign=\"-\"]').click()")
    assert page.evaluate("document.activeElement.id") == "map"
    for x, y in ((900, 320), (1000, 320), (1000, 420)):
        page.click(x, y)
    page.evaluate("document.querySelector('[data-sign=\"+\"]').focus()")
    press(page, "Enter")
    for x, y in ((800, 600), (900, 600), (900, 680)):
        page.click(x, y)
    typed = page.evaluate("document.getElementById('corners').value")
    pieces = outline_of(typed)
    assert [[len(ring) for ring in piece] for piece in pieces] == [[4, 3], [3]]
    assert page.evaluate("document.getElementById('corners-said').textContent") == ""
    page.click(950, 320)  # on a side of the hole: a corner more in it
    pieces = outline_of(page.evaluate("document.getElementById('corners').value"))
    assert [[len(ring) for ring in piece] for piece in pieces] == [[4, 4], [3]]
    direction = "document.querySelector('[name=direction_deg]')"
    assert page.evaluate(f"{direction}.offsetHeight") == 0
    page.evaluate(
        "(() => { const one = document.querySelector('[name=zone_class]'); one.value = 'lane'; "
        "one.dispatchEvent(new Event('change', { bubbles: true })); })()"
    )
    assert page.evaluate(f"{direction}.offsetHeight") > 0
    page.evaluate(f"{direction}.focus()")
    page.call("Input.insertText", text="315")
    page.settle()
    assert page.messages == []


def test_a_layers_outline_is_not_drawn_on_and_its_rules_are(page: Page, desk: str) -> None:
    page.open(f"{desk}/zones/territorial-sea-mys?rule=1", 1280, 800)
    page.click(900, 400)
    press(page, "Enter")
    assert page.evaluate("document.getElementById('corners').value") == ""
    assert page.evaluate("document.querySelector('[name=when]:checked').value") == "ais: required"
    assert page.evaluate("document.querySelector('[name=valid_from]').value") == "2025-08-01"
    assert page.messages == []


@pytest.mark.parametrize("width", [1280, 375])
def test_what_was_heard_is_found_on_its_map_by_the_keyboard(
    page: Page,
    desk: str,
    width: int,
) -> None:
    page.open(f"{desk}/health", width, 812, night=width < 1000)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate("document.querySelector('.swatches li').textContent").strip()
    page.evaluate("document.querySelector('.blocks summary').focus()")
    press(page, "Enter")
    page.evaluate("document.querySelector('.blocks [data-region]').focus()")
    press(page, "Enter")
    said = page.evaluate("document.getElementById('said').textContent")
    row = page.evaluate("document.querySelector('.blocks tr.chosen th').textContent")
    assert said.startswith(row)
    assert page.messages == []
    assert asked_elsewhere(page, desk) == []


def test_a_zone_on_the_map_leads_to_its_line_and_is_opened(page: Page, desk: str) -> None:
    page.open(f"{desk}/places#port-klang-anchorage", 1280, 800)
    line = "document.getElementById('port-klang-anchorage')"
    assert page.evaluate(f"{line}.closest('details').open")
    assert page.evaluate(f"{line}.classList.contains('chosen')")
    page.open(f"{desk}/places", 1280, 800)
    assert not page.evaluate(f"{line}.closest('details').open")
    page.open(f"{desk}/nights", 1280, 800)  # else only the part behind # would change
    page.open(f"{desk}/places#port-klang-anchorage", 1280, 800)
    page.settle()
    # It fills the map now, so that its middle is the map's.
    box = page.evaluate(
        "(() => { const b = document.getElementById('map').getBoundingClientRect(); "
        "return [b.left + b.width / 2, b.top + b.height / 2]; })()"
    )
    page.evaluate(f"{line}.closest('details').open = false")
    page.click(*box)
    assert page.evaluate(f"{line}.closest('details').open")
    page.evaluate(f"{line}.querySelector('a').click()")
    page.wait("location.pathname === '/zones/port-klang-anchorage'")
    page.wait("document.readyState === 'complete' && Boolean(document.querySelector('#corners'))")
    page.settle()
    hidden = "document.querySelector('[data-when=\"stop speed speed_kn_max\"]').hidden"
    assert page.evaluate(hidden)
    page.evaluate("document.querySelector('[value=speed_kn_max]').click()")
    assert not page.evaluate(hidden)
    assert page.evaluate("document.querySelector('[name=source]').required")
    chosen = "document.querySelector('[name=when]:checked').value"
    page.evaluate(
        "(() => { const one = document.querySelector('[name=zone_class]'); one.value = 'port'; "
        "one.dispatchEvent(new Event('change', { bubbles: true })); })()"
    )
    assert page.evaluate(chosen) == "speed_kn_max"  # of what there is nothing goes by itself
    assert page.messages == []


def test_what_was_measured_is_read_on_a_phone_in_the_language_of_longer_words(
    page: Page, desk_home: Path
) -> None:
    with served(Desk(load(desk_home), "Lt Aminah", "ms")) as given:
        page.open(let_in(page, given()) + leads(desk_home)[0], 360, 740)
        table = "document.querySelector('.limits')"
        assert page.evaluate(f"{table}.querySelector('tbody td').offsetWidth") > 80
        assert page.evaluate(f"{table}.offsetWidth <= {table}.parentElement.clientWidth")


@pytest.mark.parametrize("language", ["en", "ms"])
def test_a_zone_fits_on_a_phone(page: Page, desk_home: Path, language: str) -> None:
    with served(Desk(load(desk_home), "Lt Aminah", language)) as given:
        here = let_in(page, given())
        page.open(f"{here}/zones/east-johor-ruled-waters", 390, 844)
        assert page.evaluate("document.documentElement.lang") == language
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        shown = "[...document.querySelectorAll('#area [name^=hours]')].some((e) => e.offsetHeight)"
        assert not page.evaluate(shown)  # what is asked holds at all hours
