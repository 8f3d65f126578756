"""The two pages, read by a reader that didn't write them."""

import hashlib
import io
import pickle
import re
import subprocess
import sys
from dataclasses import replace
from importlib import resources
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pypdf
import pytest
from fontTools.ttLib import TTFont

from detectors.kinematics import geodesy
from detectors.surroundings.zones import Zones
from pipelines.base.marks import Mark, Tlp
from pipelines.base.text import one_line
from pipelines.publish import briefing, pdf
from pipelines.publish.brief import first
from pipelines.publish.brief.scene import scene_of
from pipelines.publish.briefing import incident_cards, vessel_cards
from pipelines.publish.maps.elements import ON_PAPER
from pipelines.publish.maps.scene import Point
from pipelines.publish.maps.svg import svg
from pipelines.publish.products import Concluded, Products, Release

pytestmark = pytest.mark.slow  # each sets pages in a process of its own


def opened(content: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(content))


def shown(content: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in opened(content).pages).split())


@pytest.fixture(scope="module")
def made(products: Products) -> bytes:
    return pdf.render(products)


def test_two_pages_tell_the_first_ten(made: bytes, products: Products) -> None:
    assert len(opened(made).pages) == 2
    said = shown(made)
    cards = vessel_cards(products)
    incidents = incident_cards(products)
    for one in incidents[: pdf.VESSEL_LIMIT]:
        assert one.next_step in said
        assert one.what in said
        assert one.where.split()[0] in said
    for card in cards[: pdf.VESSEL_LIMIT]:
        assert card.name in said
        assert str(card.mmsi) in said
        for event in card.events:
            assert event.reason.split(" (")[0] in said
            assert event.when_utc in said
            assert event.when_local in said
    assert cards[pdf.VESSEL_LIMIT].name not in said
    assert f"Incidents that score less: {len(incidents) - pdf.VESSEL_LIMIT} more" in said
    assert f"Flagged below these: {len(cards) - pdf.VESSEL_LIMIT} more" in said
    urgent = [one for one, _ in first(products, incidents)]
    assert urgent
    begins = said.index("Look first")
    for one in urgent:  # with when and what to do, however little others think of them
        row = said.index(f"{one.rank} {one.what} ", begins)
        assert row < said.index("Then by score")
        assert one.when_local.split(" – ")[0] in said[row : said.index("Then by score")]
    assert "Innocent explanation: bunkering in port limits" in said
    assert "Small boats often carry no AIS" in said
    assert said.count("SIMULATED DATA – EXERCISE") == 4
    assert said.count("Flags are leads, not findings.") == 3
    assert "Coastline © OpenStreetMap contributors" in said


def test_the_same_products_give_the_same_bytes(made: bytes, products: Products) -> None:
    assert pdf.render(products) == made
    assert opened(made).metadata["/CreationDate"].startswith("D:20261121160000")


def test_another_process_gives_the_same_bytes(empty: Products) -> None:
    # Of a process whose hashes are seeded otherwise, and that has nothing in a cache
    program = (
        "import sys, pickle, hashlib; from pipelines.publish import pdf;"
        "print(hashlib.sha256(pdf.render(pickle.load(sys.stdin.buffer))).hexdigest())"
    )
    bare = replace(empty, zones=Zones.none())
    done = subprocess.run(
        [sys.executable, "-c", program], input=pickle.dumps(bare), capture_output=True, check=True
    )
    assert done.stdout.decode().strip() == hashlib.sha256(pdf.render(bare)).hexdigest()


def test_nothing_in_it_acts_or_leads_out(hostile: Products) -> None:
    reader = opened(pdf.render(hostile))
    assert len(reader.pages) == 2
    acting = {
        "/JS",
        "/JavaScript",
        "/URI",
        "/Launch",
        "/OpenAction",
        "/AA",
        "/EmbeddedFiles",
        "/GoToR",
        "/SubmitForm",
        "/Annots",
    }
    for number in range(1, len(reader.xref[0]) + 1):
        keys = _keys(reader.get_object(number))
        assert not keys & acting, keys & acting


def _keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {str(key) for key in value} | {k for item in value.values() for k in _keys(item)}
    return {k for item in value for k in _keys(item)} if isinstance(value, list) else set()


def test_hostile_names_are_words_and_no_markup(coastless: Products) -> None:
    # Markup, code and data of Typst, and what would end the text that carries them
    names = [
        '#panic("x")',
        "*bold* _it_",
        "$ x^2 $",
        '#read("/etc/passwd")',
        "]#sys.version[",
        '"); #panic("',
        "<label> @ref",
        "https://example.org",
        "// comment /* more",
        "= Heading",
    ]
    vessels = coastless.flagged.head(len(names)).assign(name=names, reasons=names)
    said = shown(pdf.render(replace(coastless, flagged=vessels)))
    for name in names:
        assert said.count(name) >= 2, name
    assert "root:" not in said


def test_invisible_characters_are_shown(hostile: Products) -> None:
    said = shown(pdf.render(hostile)).replace(" ", "")
    for name in hostile.flagged["name"].head(pdf.VESSEL_LIMIT):
        assert pdf.drawable(one_line(name, 60)).replace(" ", "") in said
    assert "\u202e" not in said


def test_a_long_word_is_copied_out_as_it_was_written(coastless: Products) -> None:
    """Where a line may end, no sign that isn't seen stands between its letters."""
    word = "SELAT-0123456789-ABCDEFGHIJKLM"
    vessels = coastless.flagged.head(1).assign(name=word, reasons="r")
    said = shown(pdf.render(replace(coastless, flagged=vessels)))
    assert word in said
    assert not set("\u200b\u200c\u200d\u2060\ufeff\u00ad") & set(said)


def test_long_words_stay_on_two_pages(coastless: Products) -> None:
    wide = "W" * 5000
    events = coastless.events.assign(reason=wide, explanation=wide)
    flagged = coastless.flagged.assign(
        name=wide, callsign=wide, ship_type=wide, reasons=wide, explanations=wide
    )
    content = pdf.render(replace(coastless, events=events, flagged=flagged))
    assert len(opened(content).pages) == 2


def test_long_sentences_leave_the_map_its_room(coastless: Products) -> None:
    """First what scores are made of makes way, then incidents, and the page says how many."""
    shown_of = [pdf._data(coastless)]
    for words in (30, 60):
        long = coastless.incidents.assign(title="Sent nothing " * (words // 2))
        shown_of.append(pdf._data(replace(coastless, incidents=long)))
    few, longer, longest = (len(one["incidents"]) for one in shown_of)
    assert few == pdf.VESSEL_LIMIT >= longer > longest >= pdf.FEWEST
    assert not any(one["made_of"] for one in shown_of[-1]["incidents"])
    left = (coastless.incidents["rank"] > 0).sum() - longest
    assert f" {left} more" in shown_of[-1]["left_out"]
    made = opened(pdf.render(replace(coastless, incidents=long)))
    assert len(made.pages) == 2


def test_nothing_flagged_is_one_page_that_says_so(empty: Products) -> None:
    content = pdf.render(replace(empty, zones=Zones.none()))
    assert len(opened(content).pages) == 1
    assert "No vessel was flagged. This isn't “all clear”" in shown(content)
    assert "What AIS can't see" in shown(content)


def test_a_partial_run_says_what_failed(coastless: Products) -> None:
    manifest = {"state": "partial", "failures": {"detector gap": "no"}, "held_back": ["gap: 60"]}
    said = shown(pdf.render(replace(coastless, manifest=manifest)))
    assert "Partial run." in said
    assert "detector gap failed: no" in said
    assert "Held back." in said
    assert "gap: 60" in said


@pytest.mark.parametrize("label", [Tlp.CLEAR, Tlp.AMBER_STRICT])
def test_marks_and_language_of_a_recipient(coastless: Products, label: Tlp) -> None:
    mark = Mark(label, frozenset({"MYS"}))
    stale = coastless.end + pd.Timedelta(hours=12)
    release = Release("boat", "Patrol boat", mark, {}, stale, "ms")
    said = shown(pdf.render(replace(coastless, release=release)))
    assert said.count(f"TLP:{label} · REL MYS") == 4
    assert "Insiden" in said
    assert "Disediakan untuk Patrol boat. Luput selepas 22 Nov 2026 04:00 UTC" in said
    assert "Flags are leads" not in said


def test_the_fonts_are_ours_and_draw_what_they_are_said_to(made: bytes) -> None:
    known = {c for first, last in pdf._DRAWABLE for c in range(first, last + 1)}
    folder = resources.files("pipelines.publish.pdf").joinpath("fonts")
    for weight in ("Regular", "Bold"):
        with resources.as_file(folder.joinpath(f"NotoSans-{weight}.ttf")) as path:
            assert set(TTFont(path).getBestCmap()) == known
    used = {
        str(font.get_object()["/BaseFont"]).partition("+")[2]
        for page in opened(made).pages
        for font in page["/Resources"]["/Font"].values()
    }
    assert used == {"NotoSans-Regular", "NotoSans-Bold"}


# ---- the map


def test_the_map_shows_each_mark_where_it_belongs(coastless: Products) -> None:
    scene = scene_of(coastless, vessel_cards(coastless)[:10])
    drawn = svg(scene, 0.8, ink=ON_PAPER, names=False)
    root = ElementTree.fromstring(drawn)
    space = "{http://www.w3.org/2000/svg}"
    dots = [
        (float(c.get("cx", "")), float(c.get("cy", "")))
        for c in root.iter(f"{space}circle")
        if c.get("r") == "3.2"
    ]
    assert len(dots) == len(scene.events)
    # Distances on the sheet are those on the globe but for one scale, that of the middle latitude
    order = sorted(scene.events, key=lambda e: (not e.main, e.ranks[0]))
    a, b = order[0], max(order, key=lambda e: abs(e.x - order[0].x))
    (ax, ay), (bx, by) = dots[order.index(a)], dots[order.index(b)]
    metres = geodesy.distance_m(a.y, a.x, b.y, b.x)
    bar = [r for r in root.iter(f"{space}rect") if r.get("stroke")]
    miles = float(re.findall(r">([\d.]+) nm<", drawn)[0])
    per_mile = 4 * float(bar[0].get("width", "")) / miles
    assert np.hypot(ax - bx, ay - by) / per_mile == pytest.approx(float(metres) / 1852, rel=0.02)


def test_what_no_vessel_is_known_of_has_its_mark(coastless: Products) -> None:
    known = coastless.incidents
    row = known.index[known["rank"] == 2]
    seen = known.assign(mmsi=known["mmsi"].where(known["rank"] != 2, 0))
    seen.loc[row, ["vessels", "lat", "lon"]] = ["", 6.5, 98.5]
    flagged = coastless.flagged[coastless.flagged["rank"] != 2].reset_index(drop=True)
    told = replace(coastless, incidents=seen, flagged=flagged)
    scene = pdf.first_map(told, vessel_cards(told), incident_cards(told)[: pdf.VESSEL_LIMIT])
    [mark] = [one for one in scene.events if scene.numbers[one.ranks[0]] == 2]
    assert (mark.x + scene.lon0, mark.y) == pytest.approx((98.5, 6.5), abs=1e-4)
    west, south, east, north = scene.fit
    assert west < mark.x < east
    assert south < mark.y < north
    drawn = svg(scene, 0.8, ink=ON_PAPER, names=False)
    assert re.search(r'class="mark".*>2</text>', drawn)


def test_marks_of_one_place_stand_apart(coastless: Products) -> None:
    events = coastless.events.assign(lat=3.0, lon=100.5)
    cards = vessel_cards(replace(coastless, events=events))[:10]
    root = ElementTree.fromstring(svg(scene_of(coastless, cards), 0.8, ink=ON_PAPER, names=False))
    marks = [g.get("transform", "") for g in root.iter() if g.get("class") == "mark"]
    places = np.array([[float(v) for v in re.findall(r"[\d.]+", g)[:2]] for g in marks])
    assert len(places) == 10
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    assert apart[~np.eye(10, dtype=bool)].min() > 25


def test_numbers_of_a_plan_do_not_cover_one_another(coastless: Products) -> None:
    bare = replace(scene_of(coastless, ()), events=(), vessels=(), tracks=())
    near = [Point(0.0 + n / 500, 3.0, "circle", "unit-1", str(n)) for n in range(6)]
    scene = replace(bare, points=(*near, Point(0.0, 3.0, "base", "ink", "Lumut")))
    root = ElementTree.fromstring(svg(scene, 0.8, ink=ON_PAPER, names=False))
    circles = [one for one in root.iter() if one.get("r") == "11"]
    places = np.array([[float(one.get(name, "")) for name in ("cx", "cy")] for one in circles])
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    assert apart[~np.eye(6, dtype=bool)].min() > 22


def test_what_a_silence_of_class_b_lost_is_said_in_brief_and_pdf(coastless: Products) -> None:
    parts = '[{"kind": "gap", "score": 0.3755, "before": 0.6706, "why": "weak transmitter"}]'
    row = coastless.incidents.iloc[0]
    lead = row["events"].split(";")[0]
    events = coastless.events.copy()
    own = events["event_id"] == lead
    events.loc[own, ["kind", "mmsi", "score"]] = ["gap", row["mmsi"], 0.5365]
    told = replace(coastless, events=events, incidents=coastless.incidents.assign(made_of=parts))
    said = "lowered from 0.67 to 0.54 by: weak transmitter; further, as class B need not send AIS"
    assert incident_cards(told)[0].made_of == said
    events.loc[own, "score"] = 0.37551
    whole = replace(coastless, events=events, incidents=coastless.incidents.assign(made_of=parts))
    assert incident_cards(whole)[0].made_of == "lowered from 0.67 by: weak transmitter"


def test_an_incident_whose_event_was_left_out_is_called_by_its_score(coastless: Products) -> None:
    [first, *_] = incident_cards(replace(coastless, events=coastless.events.iloc[:0]))
    assert (first.kind, first.what) == ("gap", "Silence")
    bare = coastless.incidents.assign(made_of="[]")
    without = replace(coastless, events=coastless.events.iloc[:0], incidents=bare)
    assert incident_cards(without)[0].what == "Incident"


def test_what_to_look_at_first_is_in_the_first_table_and_on_its_map(
    coastless: Products, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many others score more: at sea the page is all there is of it."""
    incidents = incident_cards(coastless)
    low = incidents[-1]
    assert low.rank > pdf.VESSEL_LIMIT
    why = {low.incident_id: "people may be in danger"}
    monkeypatch.setattr(briefing, "look_first", lambda _: why)
    drawn: list[int] = []
    draw = pdf.first_map

    def noted(*given: Any) -> Any:
        scene = draw(*given)
        drawn.extend(scene.numbers)
        return scene

    monkeypatch.setattr(pdf, "first_map", noted)
    told = pdf._data(replace(coastless, zones=Zones.none()))
    assert [one["number"] for one in told["incidents"]][:3] == [low.rank, 1, 2]
    assert told["first"] == 1
    assert told["incidents"][0]["status"] == "people may be in danger"
    assert low.rank in drawn
    [card] = [one for one in vessel_cards(coastless) if one.rank == low.rank]
    assert told["vessels"][0]["name"] == card.name  # and why it is, on the second page


def test_what_a_conclusion_closed_takes_no_row_from_what_is_open(coastless: Products) -> None:
    """At sea the page is all there is, and boarded ones filled it."""
    first, second, *_ = incident_cards(coastless)
    none = frozenset[str]()
    said = {first.incident_id: "boarded", second.incident_id: "watch"}
    held = Concluded(coastless.end, said, frozenset(first.event_ids), none, none)
    told = pdf._data(replace(coastless, concluded=held))
    numbers = [one["number"] for one in told["incidents"]]
    assert first.rank not in numbers
    assert second.rank in numbers
    assert "or that a conclusion closed" in told["left_out"]
    assert "closed" not in pdf._data(coastless)["left_out"]
