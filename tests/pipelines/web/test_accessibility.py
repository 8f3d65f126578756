"""Each page of the desk by axe-core, by day and by night, and what that version doesn't look at."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.base.settings import PROJECT, load
from pipelines.web.app import Desk
from tests.pipelines.publish.conftest import Page
from tests.pipelines.web.conftest import learn, let_in, one_of_each, place_around, served

OPENED = "for (const one of document.querySelectorAll('main details')) one.open = true"
SMALL = """
[...document.querySelectorAll("button, .button, select, summary, nav a, .choice, "
  + "input:not([type=hidden], [type=radio], [type=checkbox])")]
.filter((one) => one.checkVisibility({visibilityProperty: true}) && !one.closest("[hidden]"))
.map((one) => [one.getBoundingClientRect(), one.outerHTML.slice(0, 120)])
.filter(([box]) => box.width && box.bottom > 0 && (box.width < 23.5 || box.height < 23.5))
.map(([box, html]) => [Math.round(box.width), Math.round(box.height), html])
"""
"""Smaller than 24 by 24 pixels (WCAG 2.2, 2.5.8), links within sentences apart."""


@pytest.fixture(scope="module")
def address(
    desk_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], str]]:
    """A desk with something on every page: a watch area, a learned place, a pack that went out."""
    folder = tmp_path_factory.mktemp("desk")
    config = Path(shutil.copytree(PROJECT / "config", folder / "config"))
    home = Path(shutil.copytree(desk_home, folder / "home", symlinks=True))
    (config / "zones" / "watch_areas" / "beach.yaml").write_text(AREA)
    learn(home, place_around({"lat": 2.38, "lon": 101.51}))
    pack = "mmea_20260106T035957Z-cf64_TLP-AMBER"
    line = {"number": 1, "time": "2026-01-06T04:00:00Z", "title": "Agency", "pack": pack}
    (home / "exports.jsonl").write_text(json.dumps(line) + "\n")
    (home / "packs").mkdir(exist_ok=True)
    (home / "packs" / f"{pack}.zip").write_bytes(b"")
    with served(Desk(load(home, config), "Lt Aminah")) as given:
        yield given


AREA = "name: Beach\npolygon: [[101, 3], [102, 3], [102, 4]]\nwatch: [{when: stay}, {when: meet}]\n"


PLAIN = (
    "/places",
    "/areas/beach",
    "/zones/port-klang-anchorage",
    "/zones/territorial-sea-mys",
    "/packs",
    "/plan",
    "/nights",
    "/health",
    "/find?q=a",
    "/nowhere",
)


MORE = ("/area/new", "/zones/sungai-linggi-sts")
"""As /areas/beach and the other zones are."""


@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.prove)])
def test_no_page_keeps_anybody_out(
    page: Page,
    address: Callable[[], str],
    desk_home: Path,
    whole: bool,
) -> None:
    """Every page wide by day and narrow by night; as a rule in turn, where it is proved both."""
    desk = let_in(page, address())
    problems: list[Any] = []
    looks = ((1280, False), (390, True))
    for number, path in enumerate(["/", *one_of_each(desk_home), *PLAIN, *(MORE if whole else ())]):
        for width, night in looks if whole else [looks[number % 2]]:
            page.open(desk + path, width, 844, night=night)
            page.evaluate(OPENED)
            found = [("axe", *one) for one in page.violations()]
            found += [("small", *one) for one in page.evaluate(SMALL) if width < 1000]
            problems += [(path, "night" if night else "day", *one) for one in found]
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
    assert not problems, "\n".join(map(str, problems))


def test_where_the_keyboard_is_is_seen(page: Page, address: Callable[[], str]) -> None:
    """Every stop of the Tab key has an outline; none is hidden (WCAG 2.2, 2.4.7 and 2.4.11)."""
    desk = let_in(page, address())
    page.open(f"{desk}/area/new", 1280, 800)
    stops: list[str] = []
    for _ in range(60):
        page.key("Tab", "Tab")
        name, seen = page.evaluate(
            "(() => { const one = document.activeElement; "
            "const drawn = one.closest('.choice, .button') || one; "
            "const box = drawn.getBoundingClientRect(); "
            "const outline = (at) => getComputedStyle(at).outlineStyle !== 'none'; "
            "return [one.outerHTML.slice(0, 90), one === document.body || "
            "((outline(one) || outline(drawn)) && box.bottom > 0 && box.top < innerHeight)]; })()"
        )
        if name.startswith("<body") and stops:
            break
        assert seen, name
        stops.append(name)
    assert len(stops) > 25
    assert any('id="map"' in one for one in stops)
