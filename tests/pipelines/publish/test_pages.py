"""The frame that every page stands in, and what both renderers make of one scene."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import shapely

from detectors.surroundings.landmarks import Gazetteer
from detectors.surroundings.zones import Zones
from pipelines.base.marks import Mark, Tlp
from pipelines.publish.maps import canvas, cut, page, style
from pipelines.publish.maps.elements import IN_PAGE, ON_PAPER
from pipelines.publish.maps.scene import Event, Ground, Point, Region, Scene, Track, Vessel, Way
from pipelines.publish.maps.svg import svg
from pipelines.publish.review import page as review_map
from pipelines.reference.learned import Snapshot
from tests.pipelines.conftest import holds_its_policy, land_only
from tests.pipelines.publish.conftest import decoded

BAD = '<img src=x onerror=alert(1)>"]]>&'
SQUARE = np.array([[-0.2, 2.9], [0.2, 2.9], [0.2, 3.1], [-0.2, 3.1], [-0.2, 2.9]])


def snapshot(**changes: Any) -> Snapshot:
    facts = {
        "zone_id": "learned-anchorage-0300n-10050e",
        "name": BAD,
        "zone_class": "anchorage",
        "source": "AIS",
        "confidence": "learned",
        "note": "",
        "confidence_score": 0.7,
        "n_vessels": 12,
        "n_visits": 30,
        "n_days": 4,
        "spread_m": 300,
        **changes,
    }
    outline = shapely.box(100.4, 2.9, 100.6, 3.1)
    lane = {
        **facts,
        "zone_id": "learned-lane-0250n-10050e",
        "zone_class": "lane",
        "direction_deg": 130.0,
    }
    features = (
        {"type": "Feature", "properties": facts, "geometry": shapely.geometry.mapping(outline)},
        {
            "type": "Feature",
            "properties": lane,
            "geometry": shapely.geometry.mapping(shapely.box(100.4, 2.4, 100.9, 2.6)),
        },
    )
    told = {
        "since": "2026-01-01T00:00:00Z",
        "until": "2026-02-01T00:00:00Z",
        "reports": 9,
        "vessels": 3,
        "simulated": True,
    }
    return Snapshot(Path("places-2026-02-01.geojson"), told, features)


@pytest.fixture(scope="module")
def review(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("review") / "review.html"
    zones = land_only([shapely.box(99, 2.7, 100.3, 3.5)])
    decided = {"learned-lane-0250n-10050e": "reject"}
    file.write_text(review_map.render(snapshot(), decided, zones), encoding="utf-8")
    return file


def test_the_review_page_holds_its_policy(review: Path) -> None:
    html = review.read_text(encoding="utf-8")
    holds_its_policy(html)
    assert "unsafe" not in html
    assert html == review_map.render(
        snapshot(),
        {"learned-lane-0250n-10050e": "reject"},
        land_only([shapely.box(99, 2.7, 100.3, 3.5)]),
    )
    assert "<img" not in html
    assert "SIMULATED DATA" in html
    for fact in ("9 reports of 3 vessels", "anchorage</span>", "spread 300 m", "reject"):
        assert fact in html or fact.replace("</span>", " (1)</span>") in html


def test_the_review_page_shows_a_place_from_its_row(page: Any, review: Path) -> None:
    page.open(review)
    assert page.evaluate("document.documentElement.dataset.ready") == "true"
    page.evaluate("document.querySelector('a[data-key]').click()")
    page.settle()
    at = page.evaluate(
        "(() => { const b = document.querySelector('#map').getBoundingClientRect();"
        "return [b.x + b.width / 2, b.y + b.height / 2]; })()"
    )
    page.mouse("mouseMoved", *at)
    assert page.evaluate("document.querySelector('#cursor').textContent").startswith("03°")
    tip = page.evaluate("document.querySelector('.leaflet-tooltip')?.textContent ?? ''")
    assert tip.startswith("learned-anchorage-0300n-10050e: <img src=x")
    assert page.evaluate("document.querySelectorAll('img').length") == 0
    assert page.requests == [review.as_uri()]
    assert page.messages == []


def test_marks_stand_on_every_sheet() -> None:
    mark = Mark(Tlp.AMBER_STRICT, frozenset({"MYS"}))
    head = page.Head("H <b>", mark=mark, simulated=True)
    html = page.render(
        "pipelines.publish.plan",
        "plan.html.j2",
        head,
        said=head.words.plan,
        still="",
        first="",
        section="",
        has_land=False,
    )
    holds_its_policy(html)
    assert (
        html.count("TLP:AMBER+STRICT · REL MYS") == 6
    )  # tab, paper twice; above, which is called so too, and below
    assert "@top-center" in html
    assert "H &lt;b&gt;" in html
    assert "@top-center" not in page.render(
        "pipelines.publish.plan",
        "plan.html.j2",
        page.Head("H"),
        said=head.words.plan,
        still="",
        first="",
        section="",
        has_land=False,
    )


# ---- looks


def test_every_name_has_a_colour_and_a_look() -> None:
    sheet = style.variables()
    for name in style.COLOURS:
        assert sheet.count(f"--{name}:") == 5  # day and night, each also switched, and paper
    for look in style.LOOKS.values():
        assert {look.colour, look.fill} - {""} <= set(style.COLOURS)
    sheets = [
        page.text_of("pipelines.publish.maps", "page.css"),
        canvas.sheet(),
        page.text_of("pipelines.publish.brief", "brief.css"),
        page.text_of("pipelines.publish.review", "review.css"),
    ]
    assert set(re.findall(r"var\(--([\w-]+)\)", " ".join(sheets))) <= set(style.COLOURS)
    assert set(review_map.COLOURS.values()) <= set(style.COLOURS)


# ---- one scene, two renderers


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene(
        lon0=179.9,
        fit=(-0.5, 2.5, 0.5, 3.5),
        box=(-1.5, 1.5, 1.5, 4.5),
        ground=Ground((SQUARE + np.array([0.4, 0.4]),), (Region((SQUARE,), "zone", BAD),)),
        regions=(Region((SQUARE,), "sector", BAD, key="one"),),
        ways=(Way(SQUARE[:3], "later_sortie", "unit-2"),),
        points=tuple(
            Point(0.1, 3.0, symbol, "unit-1", text, BAD)
            for symbol, text in (("circle", "1"), ("square", "2"), ("base", BAD), ("dot", ""))
        ),
        tracks=(
            Track(1, 1, BAD, (np.array([[0, 3, 0], [0.1, 3, 60]]), np.array([[0.3, 3, 9e3]]))),
        ),
        vessels=(Vessel(1, 1, BAD, 0.1, 3.0, 45.0), Vessel(2, 2, "NOWHERE", None, None, None)),
        events=tuple(
            Event(kind, kind, BAD, 0.1, 3.0, 0, None, (1,), (1,), True) for kind in style.MARKS
        ),
    )


def test_words_in_a_drawing_are_words(scene: Scene) -> None:
    drawn = svg(scene, 0.8, ink=IN_PAGE, title=BAD)
    root = ElementTree.fromstring(drawn)  # well-formed
    assert root.get("aria-label") == BAD
    assert {e.tag for e in root.iter()} == {
        "svg",
        "clipPath",
        "rect",
        "g",
        "path",
        "circle",
        "text",
        "title",
    }
    assert any(BAD in (e.text or "") for e in root.iter("title"))
    assert "http" not in drawn
    bare = svg(scene, 0.8, ink=ON_PAPER, names=False)
    assert "img" not in bare
    assert "var(" not in bare


def test_the_same_scene_gives_the_same_drawing(scene: Scene) -> None:
    assert svg(scene, 0.8, ink=IN_PAGE) == svg(scene, 0.8, ink=IN_PAGE)
    assert json.dumps(canvas.data_of(scene)) == json.dumps(canvas.data_of(scene))


def test_both_renderers_have_all_of_a_scene(scene: Scene) -> None:
    data = canvas.data_of(scene)
    root = ElementTree.fromstring(svg(scene, 0.8, ink=IN_PAGE))
    drawn = [g for g in root.iter("g") if g.get("class") == "mark"]
    assert len(drawn) == len(data["events"]) == len(style.MARKS)
    outlines = {path.get("d") for g in drawn for path in g.iter("path")}
    assert {mark["path"] for mark in data["style"]["marks"].values()} <= outlines
    dashes = {path.get("stroke-dasharray") for path in root.iter("path")}
    for look in ("zone", "sector", "later_sortie", "silence"):
        dash = data["style"]["looks"][look]["dash"]
        assert " ".join(f"{d:g}" for d in dash) in dashes
    assert [region["key"] for region in data["regions"]] == ["one"]
    assert len([path for path in root.iter("path") if path.get("id") == "one"]) == 1
    coded = decoded(data["regions"][0]["rings"][0], 2) / data["scale"]
    assert np.abs(coded - SQUARE).max() < 1e-4


def test_islands_by_the_ten_thousand_leave_room_for_the_coast() -> None:
    xy = np.random.default_rng(3).uniform((0.0, 0.0), (5.0, 4.0), (20_000, 2))
    skerries = shapely.buffer(shapely.points(xy), 0.0003, quad_segs=1)
    ground = cut.ground(
        land_only([*skerries, shapely.Point(6.0, 2.0).buffer(0.5)]), (-3.0, 0.0, 4.0, 4.0), 3.0
    )
    assert sum(map(len, ground.land)) <= 60_000
    coast = shapely.union_all([shapely.Polygon(ring) for ring in ground.land if len(ring) > 5])
    shown = coast.intersection(shapely.box(2.0, 0.0, 4.0, 4.0))
    assert shown.area == pytest.approx(np.pi * 0.25, rel=0.01)


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    whole = colour[1:] if len(colour) == 7 else "".join(2 * one for one in colour[1:])
    parts = np.array([int(whole[i : i + 2], 16) for i in (0, 2, 4)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("light", style.Colour._fields)
def test_each_kind_has_a_colour_of_its_own_that_shows_its_number(light: str) -> None:
    numbers, paper = (getattr(style.COLOURS[name], light) for name in ("on-magenta", "paper"))
    used = {kind: getattr(style.COLOURS[f"k-{kind}"], light) for kind in style.MARKS}
    assert len(set(used.values())) == len(used)
    for kind, colour in used.items():
        assert contrast(colour, numbers) >= 4.5, kind  # WCAG 2.2, 1.4.3
        assert contrast(colour, paper) >= 3.0, kind  # 1.4.11, where it is hollow
        assert f".symbol.k-{kind}{{stroke:var(--k-{kind})}}" in style.variables()


def test_a_mark_weighs_by_certainty() -> None:
    box = (-1.0, -1.0, 1.0, 1.0)
    marks = {
        sure: svg(
            Scene(
                100.0,
                box,
                box,
                events=(Event("e", "gap", "", 0, 0, 0, None, (1,), (1,), True, certainty=sure),),
            ),
            1.0,
            ink=ON_PAPER,
        )
        for sure in ("high", "moderate", "low")
    }
    ink, hue = style.COLOURS["ink"].paper, style.COLOURS["k-gap"].paper
    edge, pale = f'stroke="{ink}" stroke-width="3.4"', f'fill="{hue}" fill-opacity="{style.PALE}"'
    assert [(edge in one, pale in one) for one in marks.values()] == [
        *((True, False), (False, False), (False, True))
    ]


def test_the_places_that_sentences_name_are_on_the_map() -> None:
    """Who reads "24 nm SSW of Muar" looks for Muar."""
    names = ["Muar", "Far Away", "Muar Kecil", "Đồ Sơn"]
    at = {"lon": [179.9, 170.0, -179.99, -179.5], "lat": [2.0, 2.0, 2.1, 4.0]}
    frame = pd.DataFrame({"name": names, "prominence": [1.0, 9.0, 2.0, 1.0], **at})
    plain = land_only([shapely.box(179.2, 2, 180, 4)])
    zones = Zones(plain.frame, plain.land, plain.reach, gazetteer=lambda: Gazetteer(frame))
    box = (-1.0, 1.0, 1.0, 5.0)
    ground = cut.ground(zones.framed(zones.frame), box, 179.9)
    places = [(one.text, one.x, one.y) for one in ground.places]
    assert places == [("Muar Kecil", 0.11, 2.1), ("Muar", 0.0, 2.0), ("Đồ Sơn", 0.6, 4.0)]
    scene = Scene(179.9, box, box, ground)
    drawn = svg(scene, 1.0, ink=IN_PAGE)
    assert [name in drawn for name in ("Muar Kecil", ">Muar<", "Đồ Sơn")] == [True, False, True]
    paper = svg(scene, 1.0, ink=ON_PAPER, names=False)  # its fonts don't have them all
    assert [name in paper for name in ("Muar Kecil", "Đồ Sơn")] == [True, False]
    said = svg(replace(scene, points=(Point(0, 3, "base", "ink", "Muar Kecil"),)), 1.0, ink=IN_PAGE)
    assert said.count("Muar Kecil") == 1


def test_the_ground_is_cut_across_the_antimeridian() -> None:
    west, east = shapely.box(-180, 2, -179.5, 4), shapely.box(179.2, 2, 180, 4)
    ground = cut.ground(land_only([west, east]), (-1.0, 1.0, 1.0, 5.0), 179.9)
    corners = np.concatenate(ground.land)
    assert corners[:, 0].min() == pytest.approx(-0.7)
    assert corners[:, 0].max() == pytest.approx(0.6)
    assert cut.ground(Zones.none(), (-1.0, 1.0, 1.0, 5.0), 179.9).land == ()


def test_the_name_of_a_base_stands_clear_of_the_stops_beside_it() -> None:
    """A sortie that begins in sight of its base had its number across the base's name."""
    points = (
        Point(0.0, 3.0, "base", "unit-1", "Langkawi"),
        Point(0.04, 3.0, "square", "unit-1", "1"),
    )
    scene = Scene(100.0, (-0.5, 2.5, 0.5, 3.5), (-1.0, 2.0, 1.0, 4.0), points=points)
    drawn = svg(scene, 1.0, ink=IN_PAGE)
    [(x, anchor)] = re.findall(r'<text x="([\d.]+)"[^>]*text-anchor="(\w+)"[^>]*>Langkawi<', drawn)
    assert (float(x) < 500, anchor) == (True, "end")
    assert "Langkawi" not in svg(scene, 1.0, ink=ON_PAPER, names=False)
