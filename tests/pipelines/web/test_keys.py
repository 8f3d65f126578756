"""Every key that the help lists does what it says on every page, and ages grow on an open one."""

from pathlib import Path

import pytest

from pipelines.base.settings import load
from pipelines.web.app import Desk
from pipelines.web.night import Shown
from tests.pipelines.publish.conftest import Page
from tests.pipelines.web.conftest import Reader, let_in, recorded, served
from tests.pipelines.web.test_browser import leave, press

LEADS = {
    **{"t": "/", "p": "/plan", "a": "/places"},
    **{"s": "/packs", "n": "/nights", "h": "/health"},
}
REASON = "document.querySelector('[name=reason]').value"
CHOSEN = "document.querySelector('[name=conclusion]:checked').value"
DOES = "document.getElementById('does').textContent"
OLD = "document.querySelector('time[data-late]').textContent"


def pages_of(page: Page, desk: str) -> list[str]:
    """One page of each kind."""
    page.open(f"{desk}/")
    first = page.evaluate("document.querySelector('#lines a.title').getAttribute('href')")
    page.open(desk + first)
    links = page.evaluate("[...document.links].map((one) => one.getAttribute('href'))")
    within = [next(one for one in links if one.startswith(f"/{kind}/")) for kind in ("vessel",)]
    rest = ["/", "/plan", "/places", "/packs", "/nights", "/health", "/find?q=star", "/area/new"]
    return [*rest, *within, first]


def at(page: Page, where: str) -> str:
    page.wait(f"location.pathname === {where!r} && document.readyState === 'complete'")
    return str(page.evaluate("location.pathname"))


def test_the_keys_of_every_page_lead_where_the_help_says_from_each(
    page: Page,
    desk: str,
) -> None:
    kept = "addEventListener('click', (e) => { e.preventDefault(); window.led = e.target.href; })"
    for path in pages_of(page, desk):
        if path != "/":
            page.open(desk + path)
            leave(page, "l")
            up = "/places" if path.startswith("/area/") else "/"
            assert at(page, up) == up, path
        page.open(desk + path)
        page.evaluate(kept)
        for key, where in LEADS.items():
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


def test_from_an_event_the_way_back_is_by_its_incident(page: Page, desk: str) -> None:
    page.open(f"{desk}/")
    incident = page.evaluate("document.querySelector('#lines a.title').getAttribute('href')")
    page.open(desk + incident)
    event = page.evaluate("document.querySelector('a[href^=\"/event/\"]').getAttribute('href')")
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
    page.open(f"{own_desk}/")
    incident = page.evaluate("document.querySelectorAll('#lines a.title')[3].getAttribute('href')")
    page.open(own_desk + incident)
    assert page.evaluate(DOES) == "Record"
    press(page, "b")
    assert page.evaluate(DOES) == "Record: boarded"
    press(page, "c")  # a letter in a field is text, and what Enter makes of it is said
    assert (page.evaluate(CHOSEN), page.evaluate(REASON)) == ("boarded", "c")
    assert page.evaluate(DOES) == "No text: choose “cleared”"
    press(page, "Enter")
    assert (page.evaluate(CHOSEN), page.evaluate(REASON)) == ("cleared", "")
    assert page.evaluate(DOES) == "Record: cleared"
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
    monkeypatch.setattr(Shown, "live", property(lambda _: True))
    with served(Desk(load(desk_home), "Lt Aminah", language)) as given:
        here = let_in(page, given())
        incident = page.evaluate("document.querySelector('#lines a.title').getAttribute('href')")
        for path in ("/", incident):
            page.open(here + path)
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
    page: Page,
    desk: str,
) -> None:
    page.open(f"{desk}/")
    links = "[...document.querySelectorAll('#lines a.title')]"
    paths = page.evaluate(f"{links}.slice(0, 2).map((a) => a.getAttribute('href'))")
    page.open(desk + paths[0])
    leave(page, "2")
    assert at(page, paths[1]) == paths[1]
    page.wait("document.querySelector('.act .of') !== null")
    assert page.evaluate("document.querySelector('.act .of').textContent").startswith("2 ")


def test_on_a_phone_the_map_comes_before_the_rows_and_healths_ages_grow(
    page: Page,
    desk_home: Path,
) -> None:
    def top(what: str) -> float:
        return float(page.evaluate(f"document.querySelector('{what}').getBoundingClientRect().top"))

    with served(Desk(load(desk_home), "Lt Aminah", "en")) as given:
        here = let_in(page, given())
        page.open(f"{here}/", 390, 844)
        page.settle()
        assert top("a.to-map") < top(".chart") < top("#lines")
        low = page.evaluate("document.querySelector('.chart').offsetHeight")
        assert low < 844 / 2
        page.evaluate("document.querySelector('a.to-map').click()")
        page.settle()
        assert page.evaluate("document.querySelector('.chart').offsetHeight") > low
        page.open(f"{here}/health", 390, 844)
        age = "document.querySelector('time[data-age]').textContent"
        page.evaluate(
            "(() => { const was = Date.now; Date.now = () => was() + 7200e3; ages(); })()"
        )
        old = page.evaluate(age)
        page.evaluate(
            "(() => { const was = Date.now; Date.now = () => was() + 7200e3; ages(); })()"
        )
        assert float(page.evaluate(age).split()[0]) == pytest.approx(
            float(old.split()[0]) + 2.0, abs=0.11
        )
