"""Each edition of a page that is handed on by axe-core: by day, by night on a phone, on paper."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import shapely

from pipelines.base.marks import Mark, Tlp
from pipelines.patrol.plan import make
from pipelines.patrol.seamap import SeaMap
from pipelines.publish import brief
from pipelines.publish.operation import page as operation
from pipelines.publish.plan import page as plan
from pipelines.publish.plan import words
from pipelines.publish.products import Planned, Products, Release
from pipelines.publish.review import page as review
from tests.pipelines.assess.operations.test_report import everything
from tests.pipelines.conftest import land_only
from tests.pipelines.patrol.conftest import BOX, config, small_land, tracked, unit
from tests.pipelines.patrol.test_plan import inputs, two_seas
from tests.pipelines.publish.conftest import Page
from tests.pipelines.publish.test_pages import snapshot

MARK = Mark(Tlp.AMBER, frozenset({"MYS"}))
PARTIAL = {"state": "partial", "failures": ["detector gap: no"], "held_back": ["gap: 900 events"]}


def planned() -> Planned:
    given = inputs(tracked, [(1, 2.3, 101.4, 0.0, 0), (2, 2.4, 101.1, 0.0, 0)])
    sailing = config(unit("A", seas=("Indonesia",)), unit("B"))
    return Planned(make(replace(given, zones=two_seas()), sailing, SeaMap(small_land(), BOX)), MARK)


def in_malay(products: Products) -> str:
    """A pack's: marked, with a plan, of a night that is partial."""
    stale = products.end + pd.Timedelta(hours=12)
    release = Release("boat", "Patrol boat", MARK, {}, stale, "ms")
    told = replace(planned(), language="ms")
    manifest = {**products.manifest, **PARTIAL}
    made = replace(products, release=release, planned=told, manifest=manifest)
    return brief.render(made, sections=plan.section(told, "narrow.html.j2"))


EDITIONS: dict[str, Callable[[Products], str]] = {
    "brief": brief.render,
    "nothing": lambda one: brief.render(
        replace(one, flagged=one.flagged.head(0), incidents=one.incidents.head(0))
    ),
    "of one event": lambda one: brief.render(one, heading="Encounter 0123"),
    "Malay": in_malay,
    "plan": lambda _: plan.to_html(planned(), two_seas()),
    "operation": lambda _: operation.to_html(
        everything(), land_only([shapely.box(100, 1, 101.2, 2.2)])
    ),
    "review": lambda _: review.render(snapshot(), {}, land_only([shapely.box(99, 2.7, 100.3, 3)])),
}
LOOKS = {"night": (390, True, ""), "day": (1280, False, ""), "paper": (800, False, "print")}


@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.prove)])
@pytest.mark.parametrize("edition", EDITIONS)
def test_no_edition_keeps_anybody_out(
    page: Page, coastless: Products, edition: str, whole: bool, tmp_path: Path
) -> None:
    """As a rule where there is least room; where it is proved in every look."""
    few = replace(coastless, flagged=coastless.flagged.head(4))
    if edition == "of one event":
        few = replace(few, incidents=few.incidents.head(0))
    file = tmp_path / "edition.html"
    file.write_text(EDITIONS[edition](few), encoding="utf-8")
    problems = []
    for look, (width, night, media) in list(LOOKS.items())[: None if whole else 1]:
        page.open(file, width, 844, night=night)
        page.call("Emulation.setEmulatedMedia", media=media)
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        problems += [(look, *one) for one in page.violations()]
    page.call("Emulation.setEmulatedMedia", media="")
    assert not problems, "\n".join(map(str, problems))


def test_a_brief_with_a_plan_leads_to_it_from_its_first_screen(coastless: Products) -> None:
    [heading] = re.findall(r'<a href="#plan">([^<]+)</a>', in_malay(coastless))
    assert heading.startswith("Pelan rondaan")
    assert '<section class="notes plan" id="plan">' in in_malay(coastless)
    assert "#plan" not in brief.render(coastless)


def test_a_brief_with_a_plan_says_on_its_first_screen_who_sails_to_what_when(
    coastless: Products,
) -> None:
    page = in_malay(coastless)
    [lines] = re.findall(r'<ul class="sails">(.*?)</ul>', page, re.S)
    assert page.index('class="sails"') < page.index('<ol class="first">')
    told = [" ".join(re.sub(r"<[^>]+>", " ", one).split()) for one in lines.split("</li>")[:-1]]
    sailing = [one for one in planned().plan.sailed if one.stops]
    assert len(told) == len(sailing) > 0
    for line, one in zip(told, sailing, strict=True):
        stop = one.stops[0]
        assert line.startswith(one.sortie.unit.name)
        assert f" {words.local(stop.begin_us, 'ms')} " in line
        if stop.target and stop.target.rank:
            assert f"{stop.target.rank})" in line
    assert 'class="sails"' not in brief.render(coastless)
