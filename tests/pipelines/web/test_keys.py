"""Every key that the help lists does what it says on every page, and ages grow on an open one."""

import time
from pathlib import Path

import pytest

from pipelines import store
from pipelines.base.settings import load
from pipelines.web import concluding
from pipelines.web.app import Desk
from pipelines.web.night import Shown
from tests.pipelines.publish.conftest import Page
from tests.pipelines.web.conftest import (
    Reader,
    conclude,
    leads,
    let_in,
    one_of_each,
    recorded,
    served,
)
from tests.pipelines.web.test_browser import leave, press

LEADS = {
    **{"t": "/", "p": "/plan", "a": "/places"},
    **{"s": "/packs", "n": "/nights", "h": "/health"},
}
REASON = "document.querySelector('[name=reason]').value"
CHOSEN = "document.querySelector('[name=conclusion]:checked').value"
MEANING = "document.getElementById('meaning').textContent"
DOES = "document.getElementById('does').textContent"
OLD = "document.querySelector('time[data-late]').textContent"


def pages_of(home: Path) -> list[str]:
    """One page of each kind."""
    incident, _, vessel = one_of_each(home)
    rest = ["/", "/plan", "/places", "/packs", "/nights", "/health", "/find?q=star", "/area/new"]
    return [*rest, vessel, incident]


def at(page: Page, where: str) -> str:
    page.wait(f"location.pathname === {where!r} && document.readyState === 'complete'")
    return str(page.evaluate("location.pathname"))


def test_the_keys_of_every_page_lead_where_the_help_says_from_each(
    page: Page, desk: str, desk_home: Path
) -> None:
    kept = (
        "(e) => { e.preventDefault(); window.led = e.destination.url; }"  # a link's or a script's
    )
    for path in pages_of(desk_home):
        page.open(desk + path)
        page.evaluate(f"navigation.addEventListener('navigate', {kept})")
        up = {} if path == "/" else {"l": "/places" if path.startswith("/area/") else "/"}
        for key, where in {**LEADS, **up}.items():
            page.evaluate("window.led = ''")
            press(page, key)
            assert page.evaluate("window.led") == desk + where, (path, key)
        press(page, "f")
        assert page.evaluate("document.activeElement.closest('form').getAttribute('action')")
        page.key("Escape", "Escape")
        press(page, "/")
        assert page.evaluate("document.activeElement.name") == "q", path
        page.key("Escape", "Escape")
        assert page.evaluate("document.activeElement.tagName") != "INPUT", path
        press(page, "?")
        assert page.evaluate("document.querySelector('dialog').open"), path
        page.key("Escape", "Escape")
        assert not page.evaluate("document.querySelector('dialog').open"), path
    assert page.messages == [one for one in page.messages if "404" in one]


def test_from_an_event_the_way_back_is_by_its_incident(
    page: Page, desk: str, desk_home: Path
) -> None:
    incident, event, _ = one_of_each(desk_home)
    page.open(desk + event)
    leave(page, "l")
    at(page, incident)
    leave(page, "l")
    at(page, "/")
    press(page, "l")  # is there already: what is read has the keys
    assert page.evaluate("document.activeElement.id") == "lines"


def test_another_conclusion_is_chosen_and_no_reason_loses_its_first_letter(
    page: Page,
    own_desk: str,
    own_home: Path,
) -> None:
    page.open(own_desk + leads(own_home)[3])
    assert page.evaluate(DOES) == "Record"
    assert page.evaluate(MEANING) == ""
    press(page, "b")
    assert page.evaluate(DOES) == "Record: boarded"
    press(page, "c")  # a letter in a field is text, and what Enter makes of it is said
    assert (page.evaluate(CHOSEN), page.evaluate(REASON)) == ("boarded", "c")
    assert page.evaluate(DOES) == "No text: choose “cleared”"
    press(page, "Enter")
    assert (page.evaluate(CHOSEN), page.evaluate(REASON)) == ("cleared", "")
    assert page.evaluate(DOES) == "Record: cleared"
    assert page.evaluate(MEANING) == "– a boarding or a look found nothing"
    assert "cleared" in page.evaluate("document.querySelector('[name=reason]').placeholder")
    assert page.evaluate("document.activeElement.name") == "reason"
    press(page, "w")
    page.key("Escape", "Escape")
    assert page.evaluate("document.activeElement.matches('[data-panel]')")
    press(page, "i")
    assert (page.evaluate(CHOSEN), page.evaluate(REASON)) == ("benign_cause", "")
    before = len(recorded(own_home))
    press(page, "w")
    page.call("Input.insertText", text="as fishing")
    assert page.evaluate(DOES) == "Record: benign cause"
    leave(page, "Enter")
    page.wait("location.search.includes('recorded') && document.readyState === 'complete'")
    known = recorded(own_home).iloc[before:]
    assert set(known["conclusion"]) == {"benign_cause"}
    assert set(known["reason"]) == {"was fishing"}


@pytest.mark.parametrize(
    ("language", "told", "hours"), [("en", "{} old", "2.4 h"), ("ms", "{} lalu", "2.4 jam")]
)
def test_ages_grow_while_a_page_is_open(
    page: Page,
    desk_home: Path,
    language: str,
    told: str,
    hours: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On the list and on an incident, which have them from the same place (`age_of`)."""
    monkeypatch.setattr(Shown, "live", property(lambda _: True))
    with served(Desk(load(desk_home), "Lt Aminah", language)) as given:
        page.open(let_in(page, given()) + ("/" if language == "en" else leads(desk_home)[0]))
        assert not page.evaluate("document.querySelector('time[data-late]').hidden")
        heard = "document.querySelector('time[data-late]').dateTime = new Date(Date.now() - {})"
        page.evaluate(f"{heard.format('22 * 60000')}.toISOString(); ages()")
        assert page.evaluate(OLD).startswith(told.format("22 min"))
        assert not page.evaluate("document.querySelector('time[data-late]').matches('.warn')")
        later = "(() => { const was = Date.now; Date.now = () => was() + 3600e3; ages(); })()"
        page.evaluate(later)
        assert page.evaluate(OLD).startswith(told.format("82 min"))
        assert page.evaluate("document.querySelector('time[data-late]').matches('.warn')")
        page.evaluate(later)
        assert page.evaluate(OLD).startswith(told.format(hours))
        assert "#" not in page.evaluate(
            "[...document.querySelectorAll('time')].map((one) => one.textContent).join()"
        )


@pytest.mark.usefixtures("without_maps")
def test_without_a_script_the_time_itself_stays(
    desk_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Shown, "live", property(lambda _: True))
    page = Reader(Desk(load(desk_home))).page("/")
    aging = [(about, text) for about, text in page.all("time") if "data-late" in about]
    assert aging
    assert all("hidden" in about and not text for about, text in aging)
    texts = [
        text for about, text in page.all("p", **{"class": "next"}) if text.startswith("Last heard")
    ]
    assert texts
    assert all("MYT" in text and " old" not in text for text in texts)
    [(_, ended)] = [one for one in page.all("time") if "data-late" not in one[0]]
    assert ended.startswith("The run ended ")
    assert ended.endswith("MYT.")


def test_of_an_exercise_no_age_is_told_that_stands_still(reader: Reader) -> None:
    page = reader.page("/")
    texts = [
        text for about, text in page.all("p", **{"class": "next"}) if text.startswith("Last heard")
    ]
    assert texts
    assert all("before the night ended" in text for text in texts)
    assert not [about for about, _ in page.all("time") if "data-late" in about]


def test_a_number_opens_another_incident_from_one_and_the_button_says_whose_it_is(
    page: Page, desk: str, desk_home: Path
) -> None:
    paths = leads(desk_home)
    page.open(desk + paths[0])
    leave(page, "2")
    assert at(page, paths[1]) == paths[1]
    page.wait("document.querySelector('.act .of') !== null")
    assert page.evaluate("document.querySelector('.act .of').textContent").startswith("2 ")


def test_on_a_phone_the_map_comes_before_the_rows_and_healths_ages_grow(
    page: Page, desk: str
) -> None:
    def top(what: str) -> float:
        return float(page.evaluate(f"document.querySelector('{what}').getBoundingClientRect().top"))

    page.open(f"{desk}/", 390, 844)
    page.settle()
    assert top("a.to-map") < top(".chart") < top("#lines")
    low = page.evaluate("document.querySelector('.chart').offsetHeight")
    assert low < 844 / 2
    page.evaluate("document.querySelector('a.to-map').click()")
    page.settle()
    assert page.evaluate("document.querySelector('.chart').offsetHeight") > low
    page.open(f"{desk}/health", 390, 844)
    age = "document.querySelector('time[data-age]').textContent"
    later = "(() => { const was = Date.now; Date.now = () => was() + 7200e3; ages(); })()"
    page.evaluate(later)
    old = page.evaluate(age)
    page.evaluate(later)
    assert float(page.evaluate(age).split()[0]) == pytest.approx(
        float(old.split()[0]) + 2.0, abs=0.11
    )


def test_what_is_pressed_before_the_next_page_is_there_is_kept_or_said_not_to_be(
    page: Page, own_desk: str, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Enter goes on from the page that says what was recorded; a letter is told to be lost."""
    monkeypatch.setattr(concluding, "WAIT_S", 60.0)  # the store is held, and it waits
    first = leads(own_home)[0]
    page.open(own_desk + first)
    press(page, "w")
    page.call("Input.insertText", text="seen again at noon")
    pressed = "new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true})"
    on = "document.activeElement.dispatchEvent"
    said = "localStorage.setItem('said', JSON.stringify([...told, !busy.hidden]))"
    told = f"const key = 'b'; const told = [!busy.hidden]; {on}({pressed})"
    at_once = f"setTimeout(() => {{ const key = 'Enter'; {on}({pressed}); }}, 50)"
    later = f"setTimeout(() => {{ {told}; setTimeout(() => {said}, 20); }}, 900)"
    go_on = f"setTimeout(() => {{ const key = 'Enter'; {on}({pressed}); }}, 1200)"
    with store.write(own_home / "store"):
        page.evaluate(f"void {at_once}, {later}, {go_on}")
        leave(page, "Enter")
        time.sleep(2.5)
    page.wait(f"location.pathname !== '{first}' && document.readyState === 'complete'")
    assert page.evaluate("location.pathname").startswith("/incident/")
    assert page.evaluate("localStorage.getItem('said')") == "[true,true]"
    assert set(recorded(own_home)["reason"]) == {"seen again at noon"}
    assert page.evaluate("busy.hidden")


def test_an_enter_pressed_twice_stays_on_the_page_that_says_what_was_recorded(
    page: Page, own_desk: str, own_home: Path
) -> None:
    page.open(own_desk + leads(own_home)[0])
    press(page, "w")
    page.call("Input.insertText", text="seen again at noon")
    enter = "new KeyboardEvent('keydown', {key: 'Enter', bubbles: true, cancelable: true})"
    page.evaluate(f"void setTimeout(() => document.activeElement.dispatchEvent({enter}), 30)")
    leave(page, "Enter")
    page.wait("location.search.includes('recorded') && document.readyState === 'complete'")
    assert page.evaluate("document.activeElement.id") == "go-on"


def test_keys_pressed_before_a_pages_script_is_there_are_acted_on_by_it(
    page: Page, desk: str, desk_home: Path
) -> None:
    page.open(desk + leads(desk_home)[0])
    page.evaluate("void early.push('w', 'a', ' ', 'b', 'Enter', 'l')")
    page.evaluate("replay(early)")
    assert page.evaluate(CHOSEN) == "watch"
    assert page.evaluate(REASON) == "a b", "what follows is typed, and nothing is sent"
    assert page.evaluate("typeof keepEarly") == "function", "it is there before what waits for it"
    first = page.evaluate("document.querySelector('script').getAttribute('src')")
    assert first.startswith("/assets/early.js?")


def test_who_has_nothing_to_withdraw_is_told_so_until_something_is_chosen(
    page: Page, desk: str, desk_home: Path
) -> None:
    """The key did nothing, and said nothing."""
    page.open(desk + one_of_each(desk_home)[0], 390, 844)
    press(page, "z")
    said = "document.getElementById('lacks')"
    assert page.evaluate(f"{said}.checkVisibility() && {said}.textContent") == (
        "You have concluded nothing here that could be withdrawn."
    )
    box = page.evaluate(f"{said}.getBoundingClientRect().bottom")
    assert box <= page.evaluate("innerHeight") + 1
    press(page, "c")
    assert not page.evaluate(f"{said}.checkVisibility()")


def test_a_conclusion_is_withdrawn_by_the_keyboard_alone(
    page: Page, own_desk: str, own_home: Path
) -> None:
    incident = leads(own_home)[0]
    conclude(own_home, incident.rpartition("/")[2], "watch", reason="by mistake")
    page.open(own_desk + incident)
    press(page, "z")
    assert page.evaluate("document.activeElement.form.action").endswith("/withdraw")
    page.call("Input.insertText", text="the other boat")
    leave(page, "Enter")
    page.wait("location.search.includes('withdrawn') && document.readyState === 'complete'")
    assert "the other boat" in set(recorded(own_home)["reason"])


@pytest.mark.parametrize("width", [390, 1400])
def test_evidence_and_conclusion_are_in_reach_from_anywhere_on_a_long_page(
    page: Page, desk: str, desk_home: Path, width: int
) -> None:
    page.open(desk + leads(desk_home)[0], width)

    def top(what: str) -> float:
        return float(page.evaluate(f"document.querySelector('{what}').getBoundingClientRect().top"))

    for key, what in (("e", "#evidence"), ("o", "#concluded"), ("e", "#evidence")):
        page.evaluate(f"document.querySelector('a[data-key={key}]').click()")
        page.settle()
        assert 0 <= top(f"a[data-key={key}]") < 120, "the way back stays in view"
        bar = page.evaluate("document.querySelector('.steps').getBoundingClientRect().bottom")
        assert bar - 1 <= top(what) < 844


def test_a_row_is_shown_on_the_map_by_its_button_and_by_a_key(page: Page, desk: str) -> None:
    chosen = "document.querySelector('#lines li.chosen').dataset.rank"

    def height() -> float:
        """How many degrees lie between two points of the window."""
        found = []
        for y in (500, 700):
            page.mouse("mouseMoved", 1000, y)
            text = str(page.evaluate("document.getElementById('cursor').textContent"))
            degrees, _, rest = text.partition("°")
            found.append(float(degrees) + float(rest[:5]) / 60)
        return found[0] - found[1]

    page.open(f"{desk}/")
    whole = height()
    page.evaluate("document.querySelector('li[data-rank=\"2\"] .frame').click()")
    page.settle()
    assert page.evaluate(chosen) == "2"
    assert height() < whole / 2
    assert page.evaluate("document.activeElement.id") == "map"
    page.evaluate("document.querySelector('li[data-rank=\"1\"] a.title').focus()")
    press(page, "m")
    assert page.evaluate(f"[{chosen}, document.activeElement.id]") == ["1", "map"]
    assert page.evaluate("location.pathname") == "/", "a click on it opens nothing"
