"""The brief in a real browser (skipped where there is none): it works, and it asks for nothing."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely

from pipelines.ask.desk.charts import Chart
from pipelines.base.labels import labels
from pipelines.base.marks import Mark, Tlp
from pipelines.publish import brief
from pipelines.publish.maps import page as pages
from pipelines.publish.maps import style
from pipelines.publish.maps.page import text_of
from pipelines.publish.products import Products, Release
from pipelines.run.conclusions import parse


@pytest.fixture(scope="module")
def files(
    products: Products, hostile: Products, empty: Products, tmp_path_factory: Any
) -> dict[str, Path]:
    out = tmp_path_factory.mktemp("briefs")
    made = {"products": products, "hostile": hostile, "empty": empty}
    return {name: brief.write(p, out / f"{name}.html") for name, p in made.items()}


@pytest.mark.parametrize("which", ["products", "hostile", "empty"])
def test_it_asks_for_nothing_and_complains_of_nothing(
    page: Any, files: dict[str, Path], which: str
) -> None:
    page.open(files[which])
    assert page.evaluate("document.documentElement.dataset.ready") == "true"
    page.evaluate(
        "document.querySelectorAll('.vessel .show, .zoom button').forEach((b) => b.click())"
    )
    page.settle()
    assert page.requests == [files[which].as_uri()]
    assert page.messages == []


def test_text_from_ais_makes_no_element(page: Any, files: dict[str, Path]) -> None:
    page.open(files["hostile"])
    elements = "img, iframe, object, embed, a:not(.incidents a), b.x, #map script"
    made = f"document.querySelectorAll('{elements}').length"
    assert page.evaluate("document.querySelectorAll('#jump option *').length") == 0
    links = "[...document.querySelectorAll('.incidents a')].map(a => a.getAttribute('href'))"
    assert all(re.fullmatch(r"#vessel-\d+", one) for one in page.evaluate(links))
    assert page.evaluate("document.querySelectorAll('script').length") == 3
    for i in range(16):
        page.evaluate(f"document.querySelectorAll('.vessel .show')[{i}].click()")
        assert page.evaluate(made) == 0
        assert page.evaluate("document.querySelectorAll('.event-popup b b').length") == 0
    page.mouse("mouseMoved", *mark(page))  # the label beside the pointer
    tip = page.evaluate("document.querySelector('.leaflet-tooltip')?.textContent ?? ''")
    shown = page.evaluate("document.querySelector('.event-popup').textContent")
    assert "<img src=x onerror=alert(1)>" in shown
    assert not tip  # of the one whose popup is open
    page.key("Escape", "Escape")
    x, y = mark(page, "document.querySelectorAll('.vessel .show')[0]")
    page.key("Escape", "Escape")
    page.mouse("mouseMoved", x, y)
    tip = page.evaluate("document.querySelector('.leaflet-tooltip')?.textContent ?? ''")
    assert "<script>alert(1)</script>" in tip
    assert page.evaluate(made) == 0
    tenth = """document.querySelector('.vessel[data-rank="10"] .select').textContent"""
    assert "</script>" in page.evaluate(tenth)
    assert page.messages == []


TITLE = "document.querySelector('.event-popup:not([hidden])')?.innerText ?? ''"


def mark(page: Any, opener: str = "") -> tuple[float, float]:
    """Where the open event's mark is in the window, or that of the event that `opener` opens."""
    if opener:
        page.evaluate(f"{opener}.click()")
        page.settle()
    x, y = page.evaluate(
        "(() => { const data = JSON.parse(document.querySelector('#data').textContent);"
        "const id = document.querySelector('.event.chosen').dataset.event;"
        "const e = data.events.find((one) => one.id === id); return [e.x + data.lon0, e.y]; })()"
    )
    (south, west), (north, east) = place(page, 700, 700), place(page, 1100, 300)

    def mercator(lat: float) -> float:
        return float(np.log(np.tan(np.pi / 4 + np.radians(lat) / 2)))

    up = (mercator(y) - mercator(south)) / (mercator(north) - mercator(south))
    return 700 + 400 * (x - west) / (east - west), 700 - 400 * up


def place(page: Any, x: float, y: float) -> tuple[float, float]:
    """The position that the map names for a pixel, in degrees."""
    page.mouse("mouseMoved", x, y)
    text = page.evaluate("document.querySelector('#cursor').textContent")
    values = []
    for part in text.split():
        degrees, rest = part.split("°")
        values.append((int(degrees) + float(rest[:-2]) / 60) * (-1 if rest[-1] in "SW" else 1))
    return values[0], values[1]


def test_an_event_opens_from_list_map_and_keyboard(page: Any, files: dict[str, Path]) -> None:
    page.open(files["products"])
    x, y = mark(page, "document.querySelector('.vessel .show')")
    opened = page.evaluate(TITLE)
    assert "OCEAN KASIH" in opened
    assert "median sog" in page.evaluate("document.querySelector('.event-popup').textContent")
    assert page.evaluate("document.querySelector('.vessel.selected').dataset.rank") == "1"
    page.key("Escape", "Escape")
    assert page.evaluate(TITLE) == ""
    page.click(x, y)
    assert page.evaluate(TITLE) == opened
    page.evaluate("document.querySelector('#all').click()")
    assert page.evaluate(TITLE) == ""
    page.evaluate("document.querySelector('#map').focus()")
    page.key("n", "KeyN")
    first = page.evaluate(TITLE)
    page.key("n", "KeyN")
    assert page.evaluate(TITLE) not in {"", first}
    page.key("p", "KeyP")
    assert page.evaluate(TITLE) == first
    assert page.evaluate("document.querySelector('#said').textContent")


def test_a_sentence_opens_its_event_and_what_is_told_leaves_the_approach_free(
    page: Any, files: dict[str, Path]
) -> None:
    page.open(files["products"])
    assert not page.evaluate("document.querySelector('.legend').open")
    assert page.evaluate("document.querySelectorAll('.first li').length") == 3
    page.evaluate("document.querySelectorAll('.incidents.all a')[1].click()")
    page.settle()
    assert page.evaluate("document.querySelector('.vessel.selected').dataset.rank") == "2"
    x, y = mark(page)
    box = "(() => { const b = document.querySelector('#panel').getBoundingClientRect();"
    left, top, right, bottom = page.evaluate(f"{box} return [b.x, b.y, b.right, b.bottom]; }})()")
    assert not (left < x < right and top < y < bottom)


def test_an_incident_without_a_vessel_is_on_the_map_and_opens_from_it(
    page: Any, products: Products, tmp_path: Path
) -> None:
    known = products.incidents[products.incidents["rank"].between(1, 6)]
    events = products.events[
        products.events["event_id"].isin(set(";".join(known["events"]).split(";")))
    ]
    here = known["rank"] == 2
    seen = known.assign(mmsi=known["mmsi"].where(~here, 0))
    hostile = "Something <img src=x onerror=alert(1)> was seen"
    seen.loc[here, ["vessels", "lat", "lon", "events", "title"]] = [
        "",
        3.5,
        100.2,
        "e" * 16,
        hostile,
    ]
    few = products.flagged["rank"].isin({1, 3, 4, 5, 6})
    flagged = products.flagged[few].reset_index(drop=True)
    told = replace(products, incidents=seen, flagged=flagged, events=events.reset_index(drop=True))
    page.open(brief.write(told, tmp_path / "brief.html"))
    page.evaluate("document.querySelector('.incident[data-lone] .title a').click()")
    page.settle()
    panel = "document.querySelector('#panel')"
    assert hostile in page.evaluate(f"{panel}.textContent")
    assert page.evaluate(f"{panel}.querySelectorAll('img, button.copy').length") == 0
    page.key("Escape", "Escape")
    assert page.evaluate(f"{panel}.hidden")
    page.evaluate("document.querySelector('#map').focus()")
    for _ in range(60):  # from mark to mark
        page.key("n", "KeyN")
        if hostile in page.evaluate(f"{panel}.textContent"):
            break
    assert hostile in page.evaluate(f"{panel}.textContent")
    page.evaluate(
        "document.querySelector('#search').value = 'Something <img';"
        "document.querySelector('#search').dispatchEvent(new Event('input', {bubbles: true}))"
    )
    assert page.evaluate("document.querySelector('#found').textContent").startswith("1 / ")
    assert page.messages == []


def test_the_list_is_searched_and_filtered_and_what_was_concluded_is_saved(
    page: Any, files: dict[str, Path], products: Products
) -> None:
    page.open(files["products"])
    shown = "document.querySelectorAll('.vessel:not([hidden])').length"
    put = (
        "((id, v) => { const e = document.querySelector(id); e.value = v;"
        "e.dispatchEvent(new Event('input', {bubbles: true})); })"
    )
    page.evaluate(f"{put}('#search', 'kasih')")
    assert 0 < page.evaluate(shown) < 5
    page.evaluate(f"{put}('#search', '')")
    page.evaluate(f"{put}('#kind', 'gap')")
    assert page.evaluate(shown) == 8
    page.evaluate(f"{put}('#kind', '')")
    assert page.evaluate(shown) == len(products.flagged)
    page.evaluate(
        "window.saved = []; URL.createObjectURL = (blob) => { blob.text().then((t) =>"
        "window.saved.push(t)); return 'about:blank#'; }; HTMLAnchorElement.prototype.click ="
        "function () {};"
    )
    page.evaluate(f"{put}('.conclude select', 'boarded')")
    page.evaluate("document.querySelector('#save').click()")
    assert page.evaluate("window.saved.length") == 0  # nobody has said who, nor why
    page.evaluate(f"{put}('.conclude input', '47 on board')")
    page.evaluate(f"{put}('#author', 'KM Tegas')")
    page.evaluate("document.querySelector('#save').click()")
    page.wait("window.saved.length === 1")
    (one,) = parse(page.evaluate("window.saved[0]").encode()).conclusions
    assert one.incident_id == products.incidents["incident_id"].iloc[0]
    assert (one.conclusion, one.reason) == ("boarded", "47 on board")
    assert page.requests == [files["products"].as_uri()]


def test_a_mark_is_where_the_map_says(
    page: Any, files: dict[str, Path], products: Products
) -> None:
    page.open(files["products"])
    event = products.events.set_index("event_id").loc[
        page.evaluate("document.querySelector('.vessel .show').dataset.event")
    ]
    x, y = mark(page, "document.querySelector('.vessel .show')")
    page.key("Escape", "Escape")
    assert place(page, x, y) == pytest.approx((event["lat"], event["lon"]), abs=0.002)


def test_drag_wheel_and_keys_move_the_map(page: Any, files: dict[str, Path]) -> None:
    page.open(files["products"])
    before = place(page, 900, 300)
    page.mouse("mousePressed", 900, 300, button="left", buttons=1, clickCount=1)
    for x in (930, 960):
        page.mouse("mouseMoved", x, 300, button="left", buttons=1)
    page.mouse("mouseReleased", 960, 300, button="left", clickCount=1)
    page.settle()
    assert place(page, 960, 300) == pytest.approx(before, abs=0.02)
    wide = place(page, 1100, 300)[1] - place(page, 900, 300)[1]
    page.evaluate("document.querySelector('#map').focus()")
    page.key("+", "Equal")
    page.wait("!document.querySelector('.leaflet-zoom-anim')")
    near = place(page, 1100, 300)[1] - place(page, 900, 300)[1]
    assert near == pytest.approx(wide / 2**0.75, rel=0.02)
    page.mouse("mouseWheel", 900, 300, deltaX=0, deltaY=-300)
    page.wait(f"(() => {{ {PASSED} return passed > 15; }})()")
    assert place(page, 1100, 300)[1] - place(page, 900, 300)[1] < 0.9 * near


PASSED = "window.passed = (window.passed ?? 0) + 1; const passed = window.passed;"
DRAWN = (
    "(() => { const c = document.querySelectorAll('.leaflet-overlay-pane canvas')[1];"
    "const o = new OffscreenCanvas(c.width, c.height).getContext('2d', {willReadFrequently: true});"
    "o.drawImage(c, 0, 0); const d = o.getImageData(0, 0, c.width, c.height).data;"
    "let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n; })()"
)
CLOCK = "document.querySelector('#clock').textContent"


def test_playback_runs_without_a_network(page: Any, files: dict[str, Path]) -> None:
    page.call(
        "Network.emulateNetworkConditions",
        offline=True,
        latency=0,
        downloadThroughput=0,
        uploadThroughput=0,
    )
    page.open(files["products"])
    end = page.evaluate(CLOCK)
    assert end == "21 Nov 16:00 UTC · 22 Nov 00:00 MYT"
    assert page.evaluate(DRAWN) == 0
    page.evaluate("document.querySelector('#map').focus()")
    page.key(" ", "Space")
    page.wait(f"{CLOCK} >= '20 Nov 16:30'")
    assert page.evaluate(DRAWN) > 200  # ships
    page.key("]", "BracketRight")
    assert page.evaluate("document.querySelector('#speed').value") == "1800"
    page.key(" ", "Space")
    stopped = page.evaluate(CLOCK)
    page.settle()
    assert page.evaluate(CLOCK) == stopped < "21 Nov"
    page.key(".", "Period")
    page.key(".", "Period")
    page.key(",", "Comma")
    page.settle()
    assert page.evaluate(CLOCK) != stopped
    page.evaluate("document.querySelector('#time').focus()")
    page.key("End", "End")
    page.settle()
    assert page.evaluate(CLOCK) == end
    assert page.evaluate(DRAWN) == 0
    page.evaluate(
        "(() => { const t = document.querySelector('#time'); t.value = 43200;"
        "t.dispatchEvent(new Event('input')); })()"
    )
    page.settle()
    assert page.evaluate(CLOCK) == "21 Nov 04:00 UTC · 21 Nov 12:00 MYT"
    assert page.evaluate(DRAWN) > 200
    page.evaluate("document.querySelector('#play').click()")
    page.evaluate("document.querySelector('#speed').selectedIndex = 5")
    page.wait(f"{CLOCK} === '{end}'")  # it stops at the end, and shows the whole again
    page.settle()
    assert page.evaluate(DRAWN) == 0
    assert page.evaluate("document.querySelector('#play').getAttribute('aria-label')") == "Play"
    assert page.requests == [files["products"].as_uri()]
    assert page.messages == []
    page.call(
        "Network.emulateNetworkConditions",
        offline=False,
        latency=0,
        downloadThroughput=-1,
        uploadThroughput=-1,
    )


def test_playback_begins_shortly_before_what_is_chosen(page: Any, files: dict[str, Path]) -> None:
    """From the window's beginning a boat lies at its berth for minutes."""
    page.open(files["products"])
    events = page.evaluate("JSON.parse(document.getElementById('data').textContent).events")
    late = max((one for one in events if one["x"] is not None), key=lambda one: one["begin_s"])
    assert late["begin_s"] > 2 * 3600
    for chosen, begin in (("", 0), (late["id"], late["begin_s"] - 3600)):
        if chosen:
            page.evaluate(f"document.querySelector('.show[data-event=\"{chosen}\"]').click()")
        page.evaluate("document.getElementById('play').click()")
        page.evaluate("document.getElementById('play').click()")
        moment = float(page.evaluate("document.getElementById('time').value"))
        assert begin - 60 <= moment < begin + 900  # the slider goes by minutes
        page.evaluate("document.getElementById('whole').click()")


def test_of_a_night_after_a_long_silence_the_slider_begins_where_somebody_was_heard(
    page: Any, products: Products, tmp_path: Path
) -> None:
    silent = replace(products, start=products.start - pd.Timedelta(days=30))
    page.open(brief.write(silent, tmp_path / "brief.html"))
    time = "document.getElementById('time')"
    heard_s = (products.tracks["time"].min() - silent.start).total_seconds()
    assert float(page.evaluate(f"{time}.min")) == pytest.approx(heard_s, abs=1800)
    page.evaluate("document.getElementById('play').click()")
    page.evaluate("document.getElementById('play').click()")
    assert float(page.evaluate(f"{time}.value")) < heard_s + 3600
    assert page.messages == []


def test_ships_are_where_they_reported(
    page: Any, files: dict[str, Path], products: Products
) -> None:
    page.open(files["products"])
    code = "\n".join(
        text_of("pipelines.publish.maps", f"script/{name}.js") for name in ("world", "playback")
    )
    moments = [3600, 30000, 80000]
    found = page.evaluate(
        f"(() => {{ {code}\n return {moments}.map((t) => voyages.map((v) => {{"
        "const p = whereAt(v, t); return p && [v.mmsi, p.x + x0 + data.lon0, latitude(p.y + y0),"
        "p.silent, v.points[p.i].t]; })); })()"
    )
    n = 0
    for t, ships in zip(moments, found, strict=True):
        for mmsi, lon, lat, silent, last in filter(None, ships):
            mine = products.tracks[products.tracks["mmsi"] == mmsi]
            seconds = (mine["time"] - products.start).dt.total_seconds().to_numpy()
            before, after = seconds[seconds <= t], seconds[seconds > t]
            gap = len(after) == 0 or after[0] - before[-1] > 1800
            assert silent == (gap and t - before[-1] > 1800)
            if gap:
                assert last == pytest.approx(before[-1], abs=1)
            at = before[-1] if gap else t
            expected = np.interp(at, seconds, mine["lon"]), np.interp(at, seconds, mine["lat"])
            assert (lon, lat) == pytest.approx(expected, abs=0.0004)
            n += 1
    assert n > 100


@pytest.mark.parametrize(("width", "height"), [(1400, 900), (1024, 640), (390, 844), (320, 568)])
def test_no_sideways_scrolling(page: Any, files: dict[str, Path], width: int, height: int) -> None:
    for which in ("products", "hostile", "empty"):
        page.open(files[which], width=width, height=height)
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, which
        over = "(list) => list.scrollWidth - list.clientWidth"
        inner = page.evaluate(f"({over})(document.querySelector('#list'))")
        assert inner <= 0, which


def test_a_phone_has_half_of_its_screen_to_read_on(page: Any, files: dict[str, Path]) -> None:
    page.open(files["products"], width=390, height=844)
    page.evaluate("scrollTo(0, document.body.scrollHeight / 2)")
    page.settle()
    covered = page.evaluate(
        "Math.max(...[...document.querySelectorAll('.chart, .find')]"
        ".map((one) => one.getBoundingClientRect().bottom))"
    )
    assert 0 < covered <= 844 / 2


LINE = "document.querySelector('#{id}').closest('.fold')"
SEEN = (
    "(() => {{ const head = {fold}.querySelector('summary').getBoundingClientRect();"
    "const covered = {covered}; return {fold}.open && head.bottom > covered"
    "&& head.bottom < innerHeight; }})()"
)


@pytest.mark.parametrize("width", [1400, 390])
def test_what_is_linked_to_is_opened(
    page: Any, files: dict[str, Path], products: Products, width: int
) -> None:
    covers = ".chart" if width == 390 else ".find"
    covered = f"document.querySelector('{covers}').getBoundingClientRect().bottom"
    late = products.incidents.set_index("rank").loc[15, "incident_id"]
    for target in ("vessel-14", f"incident-{late}"):
        fold = LINE.format(id=target)
        page.open(files["products"], width=width)
        assert not page.evaluate(f"{fold}.open")
        page.evaluate(f"location.hash = '{target}'")
        page.settle()
        assert page.evaluate(SEEN.format(fold=fold, covered=covered)), "from a link"
        page.open(f"{files['products'].as_uri()}#{target}", width=width)
        assert page.evaluate(SEEN.format(fold=fold, covered=covered)), "from the address"
    assert page.messages == []


def test_map_sentence_and_list_of_places_open_the_card_they_go_to(
    page: Any, files: dict[str, Path]
) -> None:
    page.open(files["products"])
    opened = (
        "[...document.querySelectorAll('.vessel > [open]')]"
        ".map((e) => e.parentElement.dataset.rank)"
    )
    page.evaluate("document.querySelectorAll('.incidents.all a')[3].click()")
    assert page.evaluate(opened) == ["4"]
    page.evaluate(
        "(() => { const jump = document.querySelector('#jump'); jump.value = '6';"
        "jump.dispatchEvent(new Event('change')); })()"
    )
    assert page.evaluate(opened) == ["4", "6"]
    page.evaluate("document.querySelector('.vessel[data-rank=\"6\"] summary').click()")
    assert page.evaluate(opened) == ["4"]
    assert page.evaluate("document.querySelector('.vessel[aria-current]')") is None
    page.evaluate("document.querySelector('.vessel[data-rank=\"2\"] summary').click()")
    assert page.evaluate(opened) == ["2", "4"]
    assert page.evaluate("document.querySelector('.vessel[aria-current]').dataset.rank") == "2"
    page.open(files["products"])
    x, y = mark(page, "document.querySelector('.vessel .show')")
    page.open(files["products"])
    page.evaluate("document.querySelector('.vessel .show').click()")
    page.key("Escape", "Escape")
    assert page.evaluate(opened) == []
    page.click(x, y)
    assert page.evaluate(opened) == ["1"]


def test_what_is_found_in_a_shut_card_is_opened_until_something_else_is_asked(
    page: Any, files: dict[str, Path], products: Products
) -> None:
    page.open(files["products"])
    put = (
        "((v) => { const e = document.querySelector('#search'); e.value = v;"
        "e.dispatchEvent(new Event('input', {bubbles: true})); })"
    )
    page.evaluate("document.querySelector('.vessel[data-rank=\"3\"] .fold').open = true")
    event = page.evaluate(
        "document.querySelector('.vessel[data-rank=\"14\"] .event').dataset.event"
    )
    page.evaluate(f"{put}('{event}')")
    assert event in page.evaluate("document.querySelector('#vessel-14').innerText")
    assert page.evaluate("document.querySelector('#vessel-14').offsetHeight") > 50
    page.evaluate(f"{put}('')")
    shut = "document.querySelectorAll('.vessel > [open]').length"
    assert page.evaluate(shut) == 1, "what somebody opened stays open"


def test_a_large_night_is_short_on_a_phone(page: Any, products: Products, tmp_path: Path) -> None:
    """Each further incident costs two lines, each vessel one: 57 and 94 were 63 screens."""
    many = pd.concat([products.incidents] * 4, ignore_index=True)
    many = many.assign(
        rank=range(1, len(many) + 1), incident_id=[f"{n:016x}" for n in range(len(many))]
    )
    page.open(
        brief.write(replace(products, incidents=many), tmp_path / "brief.html"),
        width=390,
        height=844,
    )
    heights = "[...document.querySelectorAll('{} > .fold')].map((e) => e.offsetHeight)"
    incidents = page.evaluate(heights.format(".incident"))
    assert len(incidents) == len(many) - brief.CARDS_OPEN > 50
    assert max(incidents) <= 60
    assert max(page.evaluate(heights.format(".vessel"))) <= 40
    assert page.evaluate("document.documentElement.scrollHeight") / len(many) < 200


@pytest.mark.parametrize(("width", "height"), [(1400, 900), (390, 844)])
def test_all_three_to_look_at_first_begin_on_the_first_screen(
    page: Any, products: Products, tmp_path: Path, width: int, height: int
) -> None:
    """However long their sentences are: what else there is to say of them stands on the list."""
    long = products.incidents.assign(title=products.incidents["title"] + " and so on" * 30)
    made = brief.write(replace(products, incidents=long), tmp_path / "brief.html")
    page.open(made, width=width, height=height)
    step = (
        "[...document.querySelectorAll('.first .next')].map((e) => e.getBoundingClientRect().top)"
    )
    tops = page.evaluate(step)
    assert len(tops) == 3
    assert max(tops) < height
    # "Meet the boat where it is now" says nothing without where, nor "still heard" without when.
    seen = "[...document.querySelectorAll('.first li')].map((e) => e.innerText)"
    assert all("MYT" in text and "′N" in text for text in page.evaluate(seen))
    hidden = (
        "[...document.querySelectorAll('.first .heard')]"
        ".map((e) => e.scrollHeight - e.clientHeight)"
    )
    assert max(page.evaluate(hidden)) <= 1, "its time is cut off"


@pytest.mark.parametrize("language", ["en", "ms"])
def test_no_button_lies_on_the_hours_looked_at(
    page: Any, products: Products, tmp_path: Path, language: str
) -> None:
    """On phones that were wide enough for the heading and the hours, but not for the button."""
    mark = Mark(Tlp.AMBER, frozenset({"MYS"}))
    release = Release("boat", "Patrol boat", mark, {}, products.end, language)
    made = brief.write(replace(products, release=release), tmp_path / "brief.html")
    box = "document.querySelector('{}').getBoundingClientRect()"
    apart = f"{box.format('.window')}.top >= {box.format('.tools')}.bottom"
    for width in (360, 390, 412, 430, 480):
        page.open(made, width=width, height=844)
        assert page.evaluate(apart), width


def test_it_starts_with_the_readers_own_light(page: Any, files: dict[str, Path]) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    page.open(files["products"], night=True)
    night = page.evaluate(background)
    page.evaluate("document.querySelector('#night').click()")
    day = page.evaluate(background)
    page.open(files["products"])
    assert page.evaluate(background) == day != night


def test_without_scripts_the_list_is_there(
    page: Any, files: dict[str, Path], products: Products
) -> None:
    page.open(files["products"], scripts=False)
    document = page.call("DOM.getDocument")["root"]["nodeId"]
    cards = page.call("DOM.querySelectorAll", nodeId=document, selector=".vessel")["nodeIds"]
    assert len(cards) == len(products.flagged)
    assert page.call("DOM.getBoxModel", nodeId=cards[0])["model"]["height"] < 50
    line = page.call("DOM.querySelector", nodeId=cards[0], selector="summary")["nodeId"]
    page.call("DOM.focus", nodeId=line)
    enter = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}
    page.call("Input.dispatchKeyEvent", type="keyDown", **enter)
    assert page.call("DOM.getBoxModel", nodeId=cards[0])["model"]["height"] > 200
    shown = page.call("DOM.querySelector", nodeId=document, selector=".no-map")["nodeId"]
    assert page.call("DOM.getBoxModel", nodeId=shown)["model"]["height"] > 20


def test_paper_and_a_page_without_scripts_show_the_whole_chart(
    page: Any, files: dict[str, Path]
) -> None:
    size = (
        "(() => { const b = document.querySelector('.still svg').getBoundingClientRect();"
        "return [b.width, b.height]; })()"
    )
    page.open(files["products"])
    assert page.evaluate(size) == [0, 0]  # the one that moves stands in its place
    assert page.evaluate("document.querySelector('#map').offsetHeight") > 100
    page.evaluate("document.querySelector('#night').click()")
    page.call("Emulation.setEmulatedMedia", media="print")
    assert min(page.evaluate(size)) > 300
    assert page.evaluate("document.querySelector('#map').offsetHeight") == 0
    sea = "getComputedStyle(document.querySelector('.still g rect')).fill"
    assert page.evaluate(sea) == "rgb(230, 240, 244)"  # as by day, though it is night on screen
    shown = page.evaluate("document.querySelectorAll('.still .mark').length")
    assert shown == page.evaluate("document.querySelectorAll('.vessel').length")
    printed = "[...document.querySelectorAll('.vessel')].filter((e) => e.offsetHeight).length"
    said = "document.querySelector('.on-paper').offsetHeight > 0"
    assert shown > page.evaluate(printed) == 10
    shut = (
        "[...document.querySelectorAll('li:not(:nth-child(n + 11)) > .fold:not([open]) > div,"
        ".incident > .fold:not([open]) > div')].map((e) => e.offsetHeight)"
    )
    assert len(page.evaluate(shut)) > 10
    assert min(page.evaluate(shut)) > 50
    assert page.evaluate(said)
    page.call("Emulation.setEmulatedMedia", media="")
    page.open(files["products"], scripts=False)
    document = page.call("DOM.getDocument")["root"]["nodeId"]
    drawn = page.call("DOM.querySelector", nodeId=document, selector=".still svg")["nodeId"]
    assert page.call("DOM.getBoxModel", nodeId=drawn)["model"]["height"] > 300


def test_an_event_without_a_place_still_opens(
    page: Any, products: Products, tmp_path: Path
) -> None:
    lost = products.events.assign(lat=float("nan"), lon=float("nan"))
    one = replace(products, events=lost, flagged=products.flagged.head(1))
    page.open(brief.write(one, tmp_path / "brief.html"))
    page.evaluate("document.querySelector('.vessel .show').click()")
    page.settle()
    assert page.messages == []
    assert page.evaluate("document.querySelector('.where').textContent").count("place not known")


@pytest.mark.slow
def test_in_a_notebook_the_map_fills_its_frame(
    page: Any, products: Products, tmp_path: Path
) -> None:
    file = Chart("A night", products).page(tmp_path / "map.html")
    page.open(file, width=900, height=560)
    shown = "(s) => document.querySelector(s).getBoundingClientRect().height"
    assert page.evaluate(f"({shown})('#map')") > 450
    assert page.evaluate(f"({shown})('#player')") > 20
    assert page.evaluate("document.querySelector('.list').offsetParent") is None
    page.evaluate("document.querySelector('#map').focus()")
    page.key("n", "KeyN")
    assert "OCEAN KASIH" in page.evaluate(TITLE)
    frame = tmp_path / "notebook.html"
    frame.write_text(Chart("A night", products)._repr_html_(), encoding="utf-8")
    page.open(frame)
    assert page.requests == [frame.as_uri()]
    assert page.messages == []


def test_what_goes_on_at_a_moment_opens_from_the_map(
    page: Any, files: dict[str, Path], products: Products
) -> None:
    page.open(files["products"])
    x, y = mark(page, "document.querySelector('.vessel .show')")
    opened = page.evaluate(TITLE)
    event = products.events.set_index("event_id").loc[
        page.evaluate("document.querySelector('.vessel .show').dataset.event")
    ]
    page.key("Escape", "Escape")
    during = (event["start"] - products.start).total_seconds() + 600
    page.evaluate(
        f"(() => {{ const t = document.querySelector('#time'); t.value = {during};"
        "t.dispatchEvent(new Event('input')); })()"
    )
    page.settle()
    page.mouse("mouseMoved", x + 10, y)  # at the edge of a mark, beyond the reach of a dot
    assert page.evaluate("document.querySelector('.leaflet-tooltip')?.textContent ?? ''")
    page.click(x + 10, y)
    assert page.evaluate(TITLE) == opened


def test_of_the_hours_that_a_boat_lay_at_one_place_the_last_is_said(page: Any) -> None:
    script = (Path(pages.__file__).parent / "script" / "drawing.js").read_text()
    lay = "{x: 102, y: 1.6, t: 0}, {x: 102.0004, y: 1.6, t: 4.5 * 3600}, {x: 102, y: 1.8, t: 23400}"
    said = page.evaluate(
        "(() => { const MYT_MINUTES = 480, data = { start_s: 0 };"
        f"{script}; return fullHours({{ pieces: [[{lay}]] }}).map((one) => one.text); }})()"
    )
    assert said == ["1200", "1300", "1400"]


def test_whose_ship_is_in_the_window_is_named_in_it(page: Any) -> None:
    """The sheet is wider than the window: rank 2 was named beneath it, or nowhere in a crowd."""
    script = (Path(pages.__file__).parent / "script" / "marks.js").read_text()
    ship = "{rank: 2, name: 'HARMONY 56', x: 400, y: 560}"
    crowd = "[[300, 495, 500, 745]]"  # on all sides, over 60 pixels wide
    run = "shipNames(ctx, 800, 900, {}, (x) => x, (y) => y, taken, s)"
    stubs = (
        "const said = [], style = { marks: {} }, FAR_OFF = 1e6, TAU = 6.28; const events = [];"
        "const numberOf = String; const label = (_, text, x, y) => said.push([text, x, y]);"
        "const ctx = new Proxy({ measureText: (t) => ({ width: 6 * t.length }) },"
        " { get: (o, name) => o[name] ?? (() => {}), set: () => true });"
        "const s = { rank: null, pad: 0.25, closed: new Set() };"
    )
    [[text, _, y]] = page.evaluate(
        f"(() => {{ {stubs} const vessels = [{ship}], taken = {crowd}; {script}; {run};"
        "return said; })()"
    )
    assert text == "2  HARMONY 56"
    assert 150 <= y <= 490, "in the window, whose lower edge is at 750, above the crowd"
    full, low = "[[0, 0, 800, 742]]", ship.replace("560", "700")
    said = page.evaluate(
        f"(() => {{ {stubs} const vessels = [{low}], taken = {full}; {script}; {run};"
        "return said; })()"
    )
    assert said == [], "there is room beneath the window alone"


RECORD = """(() => {
  const own = CanvasRenderingContext2D.prototype;
  const { fillText, fillRect } = own;
  window.drawn = new Map();
  own.fillRect = function (x, y, w, h) {
    if (!x && !y && w >= 300) window.drawn.set(this.canvas, []);  // a sheet is drawn anew
    return fillRect.apply(this, arguments);
  };
  own.fillText = function (text, x, y) {
    const [to, m] = [this.getTransform(), this.measureText(text)];
    const [cx, cy] = [to.a * x + to.e, to.d * y + to.f];
    const box = [cx - m.actualBoundingBoxLeft, cy - 4, cx + m.actualBoundingBoxRight, cy + 4];
    if (!this.font.startsWith("700")) window.drawn.get(this.canvas)?.push({ text, box });
    return fillText.apply(this, arguments);
  };
})()"""
TOUCHING = """[...window.drawn.values()].flatMap((all) => all.flatMap((a, i) =>
  all.slice(0, i).filter((b) => a.box[0] < b.box[2] + 5 && b.box[0] < a.box[2] + 5
    && a.box[1] < b.box[3] + 7 && b.box[1] < a.box[3] + 7).map((b) => [a.text, b.text])))"""


COVERED = """[...window.drawn].flatMap(([canvas, all]) => {
  const at = canvas.getBoundingClientRect();
  const over = [...document.querySelectorAll('.legend, .zoom')]
    .map((one) => one.getBoundingClientRect());
  return all.filter(({ text, box }) => !text.includes("°") && over.some((r) =>
    box[0] + at.left < r.right && r.left < box[2] + at.left
    && box[1] + at.top < r.bottom && r.top < box[3] + at.top)).map((one) => one.text); })"""


def test_no_name_lies_under_a_button_of_the_map(
    page: Any, products: Products, tmp_path: Path
) -> None:
    name = page.call("Page.addScriptToEvaluateOnNewDocument", source=RECORD)["identifier"]
    try:
        page.open(brief.write(products, tmp_path / "brief.html"), width=390, height=844)
        for button in ("all", "in", "in", "in", "all", "out"):
            page.evaluate(f"document.getElementById('{button}').click()")
            page.settle()  # it begins to zoom in the next frame
            page.wait("!document.querySelector('.leaflet-zoom-anim')")
            page.settle()
            assert page.evaluate("[...window.drawn.values()].flat().length") > 3
            assert page.evaluate(COVERED) == [], button
    finally:
        page.call("Page.removeScriptToEvaluateOnNewDocument", identifier=name)


def test_no_name_touches_another_and_the_first_ranks_are_named(
    page: Any, products: Products, tmp_path: Path
) -> None:
    """Ships close together, as they are off a port, and each chosen by itself with its hours."""
    near = products.flagged.copy()
    near["lat"] = near["lat"].iloc[0] + 0.05 * (near["lat"] - near["lat"].mean())
    near["lon"] = near["lon"].iloc[0] + 0.05 * (near["lon"] - near["lon"].mean())
    name = page.call("Page.addScriptToEvaluateOnNewDocument", source=RECORD)["identifier"]
    try:
        for made in (products, replace(products, flagged=near)):
            page.open(brief.write(made, tmp_path / "brief.html"))
            texts = page.evaluate("[...window.drawn.values()].flat().map((one) => one.text)")
            assert page.evaluate(TOUCHING) == []
            assert [n for n in ("1", "2", "3") if any(t.startswith(f"{n}  ") for t in texts)] == [
                *("1", "2", "3")
            ]
            for n in range(0, len(made.flagged), 4):
                page.evaluate(f"document.querySelectorAll('.vessel .show')[{n}].click()")
                page.settle()
                assert page.evaluate(TOUCHING) == []
    finally:
        page.call("Page.removeScriptToEvaluateOnNewDocument", identifier=name)


def test_the_name_of_a_base_makes_way_for_what_stands_there(page: Any) -> None:
    scripts = Path(pages.__file__).parent / "script"
    marks, overlay = ((scripts / f"{name}.js").read_text() for name in ("marks", "overlay"))
    needed = [
        marks[marks.index("const boxAt") : marks.index("// Marks stay on their place")],
        re.findall(r"^const SPOTS = .*$", marks, re.MULTILINE)[0],
        overlay[overlay.index("const pointsShown") : overlay.index("function pointsOf")],
    ]
    stage = """(() => { const said = [], thread = () => {};
      const ctx = { measureText: () => ({ width: 50 }) };
      const label = (ctx, text, x, y, color, c, align) => said.push([text, x, y, align]);
      const places = [0, 4].map((x) => ({ symbol: "base", text: "Base " + x, x, y: 0 }));
      %s
      pointNames(ctx, {}, (x) => x, (y) => y, [boxAt(30, 0, 8)], {});
      return said; })()"""
    page.open("about:blank")
    said = page.evaluate(stage % "\n".join(needed))
    assert said == [["Base 0", -11, 0, "right"], ["Base 4", 4, -17, "center"]]


def test_no_mark_that_is_moved_lies_on_the_line_of_another(page: Any) -> None:
    """Else the eye takes it for where it stands."""
    marks = (Path(pages.__file__).parent / "script" / "marks.js").read_text()
    needed = marks[marks.index("// Marks stay on their place") : marks.index("function leader")]
    stage = """(() => { const TAU = 2 * Math.PI;
      %s
      const s = { moment: null, rank: 0, event: null, closed: new Set() };
      const spots = [[0, 0], [6, 4], [10, -3], [18, 2], [25, 30], [31, 28], [36, 33], [60, 5]];
      const event = ([x, y], i) => ({ x: 300 + x, y: 300 + y, ranks: [i + 1], main: true });
      const shown = spots.map(event);
      return layOut(600, 600, (x) => x, (y) => y, s, shown).filter((m) => !m.small); })()"""
    page.open("about:blank")
    found = page.evaluate(stage % needed)
    away = [m for m in found if (m["sx"], m["sy"]) != (m["x"], m["y"])]
    assert len(away) >= 3
    for m in away:
        line = shapely.LineString([(m["x"], m["y"]), (m["sx"], m["sy"])])
        for other in found:
            at = shapely.Point(other["sx"], other["sy"])
            stands = shapely.Point(m["x"], m["y"]).distance(at) <= 13
            assert other is m or stands or line.distance(at) >= 12


def test_a_mark_is_heavy_by_its_certainty_and_hollow_while_it_is_open(page: Any) -> None:
    marks = (Path(pages.__file__).parent / "script" / "marks.js").read_text()
    stage = """(() => { const TAU = 2 * Math.PI, RAD = TAU / 360, data = { numbers: {} };
      const style = { pale: 0.2, marks: { gap: { path: "M0 0h1", dash: [], x: 0, y: 0 } } };
      const numberOf = String, latitude = (y) => y, y0 = 0, land = new Path2D();
      %s
      const c = { ink: "ink", halo: "halo", paper: "paper", "k-gap": "hue", "on-magenta": "on" };
      return ["high", "moderate", "low"].flatMap((certainty) => [false, true].map((open) => {
        const event = { kind: "gap", ranks: [1], main: true, certainty };
        const done = [];
        const ctx = new Proxy({ globalAlpha: 1 }, { get: (o, name) =>
          name === "stroke" ? () => done.push(o.strokeStyle) :
          name === "fill" ? () => done.push(o.fillStyle + (o.globalAlpha < 1 ? " pale" : "")) :
          name === "fillText" ? () => done.push(o.fillStyle) :
          name in o ? o[name] : () => 0 });
        const s = { event: open ? event : null, closed: new Set(), rank: 0, moment: null };
        drawMark(ctx, { event, sx: 0, sy: 0, x: 0, y: 0 }, c, s);
        return done; })); })()"""
    page.open("about:blank")
    hollow = ["halo", "paper", "hue", "hue"]
    assert page.evaluate(stage % marks) == [
        ["ink", "hue", "hue", "on"],
        hollow,
        ["halo", "hue", "hue", "on"],
        hollow,
        ["halo", "paper", "hue pale", "hue", "ink"],
        hollow,
    ]


@pytest.mark.parametrize("playing", [False, True])
def test_no_mark_that_is_moved_lies_on_land(page: Any, playing: bool) -> None:
    """Not even in a pond or a river, where its middle alone is wet; nor while the night plays."""
    script = Path(pages.__file__).parent / "script"
    marks, playback = ((script / f"{one}.js").read_text() for one in ("marks", "playback"))
    needed = marks[marks.index("// Marks stay on their place") : marks.index("function leader")]
    needed += playback[playback.index("function drawMoment") : playback.index("const MONTHS")]
    stage = """(() => { const TAU = 2 * Math.PI, land = new Path2D();
      land.rect(-100, -300, 100, 600);
      for (let i = 0; i < 480; i += 1) // ponds
        land.rect(-95 + 10 * (i %% 8), -295 + 10 * Math.floor(i / 8), 4, 4);
      %s
      const s = { moment: null, rank: 0, event: null, closed: new Set() };
      const v = { x: 0, y: 0, k: 1 };
      const shown = [...Array(14).keys()].map((i) =>
        ({ x: 305 + (i %% 3), y: 300 + 2 * i, ranks: [i + 1], main: true, begin_s: 0, end_s: 9 }));
      const on = aground(v, 600, 600);
      if (aground(v, 0, 0)(0, 0)) return []; // of a map that has no room yet
      const still = () => layOut(600, 600, (x) => x, (y) => y, s, shown, on);
      const events = shown, voyages = [], companions = new Map(), mmsiOf = new Map();
      const onSheet = () => [(x) => x, (y) => y], boxAt = () => [], none = () => 0;
      const [reachOf, leader, drawMark] = [none, none, none];
      const ctx = document.createElement("canvas").getContext("2d");
      const moment = () => drawMoment(ctx, 600, 600, v, {}, 1, { ...s, moment: { t: 5 } });
      return (%s ? moment() : still()).filter((m) => !m.small); })()"""
    page.open("about:blank")
    found = page.evaluate(stage % (needed, "true" if playing else "false"))
    ground = shapely.box(200, 0, 300, 600)
    away = [m for m in found if (m["sx"], m["sy"]) != (m["x"], m["y"])]
    assert len(away) >= 8
    for m in away:
        assert shapely.Point(m["sx"], m["sy"]).distance(ground) >= 10  # the land is painted in 3s


def test_what_a_silent_vessel_can_have_reached_is_sea_and_ends_where_it_may_be_anywhere(
    page: Any,
) -> None:
    """West of the middle is sea, east of it land; beyond 60 pixels is off the sheet."""
    marks = (Path(pages.__file__).parent / "script" / "marks.js").read_text()
    stage = """(() => { const TAU = 2 * Math.PI, RAD = TAU / 360, y0 = 0, latitude = () => 0;
      const data = { start_s: 0, end_s: 7200 }, style = { far_nm: %s };
      const openSea = new Path2D();
      openSea.rect(0, -1, 1, 2);
      openSea.rect(-1, -1, 2, 2);
      %s
      const canvas = Object.assign(document.createElement("canvas"), { width: 400, height: 400 });
      const ctx = canvas.getContext("2d");
      const v = { x: 0, y: 0, k: 60 };
      const [X, Y] = [(x) => 200 + 60 * x, (y) => 200 - 60 * y];
      const e = { x: -0.1, y: 0, begin_s: 0, end_s: null, pace_kn: 40 };
      ringOf(ctx, v, { magenta: "#f0f" }, X, Y, { moment: null }, e);
      const inked = (x) => ctx.getImageData(x, 200, 1, 1).data[3] > 0;
      return [120, 145, 190, 210, 250].map(inked); })()"""
    page.open("about:blank")
    ring = marks[marks.index("function ringOf") :]
    far_nm = style.for_scripts()["far_nm"]
    assert page.evaluate(stage % (far_nm, ring)) == [False, True, True, False, False]
    assert not any(page.evaluate(stage % (79.0, ring)))
    for language in ("en", "ms"):
        assert f"{far_nm:.0f} nm" in labels(language).legend_reach


@pytest.mark.slow
def test_an_opened_legend_keeps_to_its_map(page: Any, files: dict[str, Path]) -> None:
    """On a low screen its head, which closes it, would lie above the map."""
    page.open(files["products"], 1366, 500)
    page.evaluate("document.querySelector('.legend').open = true")
    page.settle()
    legend, chart = (
        page.evaluate(f"document.querySelector('{one}').getBoundingClientRect().top")
        for one in (".legend", "#map")
    )
    assert legend >= chart
