"""A plan's files: valid, marked, and safe whatever vessels call themselves."""

import csv
import errno
import io
import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import gpxpy
import numpy as np
import pandas as pd
import pytest
import shapely

from pipelines.base.labels import labels
from pipelines.base.marks import Mark, Tlp
from pipelines.patrol import model
from pipelines.patrol.plan import make
from pipelines.patrol.prediction import How
from pipelines.patrol.route import Route
from pipelines.publish import plan as files
from pipelines.publish.pdf import plan as on_paper
from pipelines.publish.plan import page, routes, sheets, tables, words
from pipelines.publish.plan.routes import RTZ
from pipelines.publish.products import Planned
from tests.pipelines.conftest import land_only
from tests.pipelines.patrol.conftest import config, small_land, tracked, unit
from tests.pipelines.patrol.test_plan import NAMES, inputs

NASTY = "<b>\u202e]]>\x00 "


@pytest.fixture(scope="module")
def folder(request, tmp_path_factory):
    """Every vessel at anchor near the base, so that all are boarded."""
    sea = request.getfixturevalue("sea")
    vessels = [(k + 1, 2.3 + k / 50, 101.3, 0.0, 0) for k in range(len(NAMES))]
    given = inputs(tracked, vessels)
    reasons = dict.fromkeys(given.flagged["mmsi"], f"Silent near {NASTY}")
    boat = unit(f"../{NASTY}KM", boardings=9, boarding_min=20, sample=True)
    made = make(replace(given, reasons=reasons), config(boat), sea)
    assert sum(s.target is not None for one in made.sailed for s in one.stops) == len(NAMES)
    out = tmp_path_factory.mktemp("plan")
    files.write_all(Planned(made), out, land_only(small_land()))
    return out


def test_nothing_is_written_elsewhere(folder):
    names = sorted(path.name for path in folder.iterdir())
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.") for name in names)
    assert "plan.json" in names
    assert any(name.endswith(".rtz") for name in names)
    assert not list(folder.parent.glob("*KM*"))


def test_routes_of_an_earlier_plan_go(sea, tmp_path):
    (tmp_path / "plan-99-gone-1.gpx").write_text("old")
    made = make(inputs(tracked, [(1, 2.3, 101.3, 0.0, 0)]), config(), sea)
    files.write_all(Planned(made), tmp_path, land_only(small_land()))
    assert not (tmp_path / "plan-99-gone-1.gpx").exists()
    assert list(tmp_path.glob("plan-*.gpx"))


def test_what_says_that_a_plan_is_there_comes_last(sea, tmp_path, monkeypatch):
    """Who reads plan.json, as the desk does, finds the others of the same plan."""
    plan = make(inputs(tracked, [(1, 2.3, 101.3, 0.0, 0)]), config(), sea)
    placed, replace_by = [], Path.replace

    def placing(temporary, path):
        placed.append(path.name)
        return replace_by(temporary, path)

    monkeypatch.setattr(Path, "replace", placing)
    written = files.write_all(Planned(plan), tmp_path, land_only(small_land()))
    assert placed == [path.name for path in written]
    assert placed[-1] == "plan.json"


@pytest.mark.parametrize("full", ["plan.csv", "plan.html", "plan-01", "plan.json"])
def test_a_plan_that_finds_no_room_leaves_the_earlier_one_whole(sea, tmp_path, monkeypatch, full):
    """Half of the files were tonight's, and half of the night before: a unit had two orders."""
    zones, write = land_only(small_land()), Path.write_bytes
    one, other = (
        Planned(make(inputs(tracked, [(1, lat, 101.3, 0.0, 0)]), config(), sea))
        for lat in (2.3, 2.35)
    )
    files.write_all(one, tmp_path, zones)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def written(path, content):
        if full in path.name:
            raise OSError(errno.ENOSPC, "no room")
        return write(path, content)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", written)
        with pytest.raises(OSError, match="no room"):
            files.write_all(other, tmp_path, zones)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    files.write_all(other, tmp_path, zones)
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert all(after[name] != before[name] for name in ("plan.csv", "plan.html", "plan.json"))


def test_every_file_is_marked(folder):
    for path in folder.iterdir():
        text = path.read_text(encoding="utf-8")
        assert "SIM" in text or "simulated" in text, path
        assert "depth" in text.lower(), path
        assert not {"\u202e", "\x00"} & set(text), path


def test_the_page_on_paper_says_who_goes_where_when(sea):
    made = make(inputs(tracked, [(1, 2.3, 101.3, 0.0, 0)]), config(unit(f"KM {NASTY}")), sea)
    told = on_paper.data(Planned(made, None, "ms"), land_only(small_land()))
    assert told["heading"].startswith("Pelan rondaan")
    [sortie] = told["sorties"]
    assert sortie["name"].startswith("KM <b>")
    assert not {"\u202e", "\x00"} & set(json.dumps(told, ensure_ascii=False))
    stops = made.sailed[0].stops
    numbers = [stop[0] for stop in sortie["stops"]]
    assert numbers == [str(number) for number in range(1, len(stops) + 1)]
    assert sortie["stops"][0][1].startswith(words.local(stops[0].begin_us).removesuffix(" MYT"))
    assert ["–" in stop[1] for stop in sortie["stops"]] == [s.end_us > s.begin_us for s in stops]
    assert "–" not in sortie["stops"][-1][1]  # it is back then, and stays
    assert "<svg" in told["map"]
    assert NASTY not in told["map"]


def test_paper_says_whom_to_board_by_number_and_why(sea):
    """Of the list's incidents paper has ten; the plan may go for others."""
    reason = "Sent nothing for 5.4 h, last heard 5 nm SE of Singapore"
    vessels = [(533000001, 2.3, 101.3, 0.0, 0)]
    given = inputs(tracked, vessels, reasons={533000001: reason})
    for name, known_by in (("KM SILVER", "KM SILVER (#1, MMSI 533000001)"), ("", "(#1)")):
        flagged = given.flagged.assign(name=name)
        made = make(replace(given, flagged=flagged), config(), sea)
        [sortie] = on_paper.data(Planned(made), land_only(small_land()))["sorties"]
        [boarding, why, *_] = sortie["stops"]
        assert known_by in boarding[2]
        assert boarding[2].count("533000001") == 1
        assert why == ["", "", reason]


@pytest.mark.slow
def test_a_recipients_files_bear_its_marks_in_its_language(sea, tmp_path, request):
    made = make(inputs(tracked, [(1, 2.3, 101.3, 0.0, 0)]), config(), sea)
    planned = Planned(made, Mark(Tlp.AMBER, frozenset({"MYS"})), "ms")
    files.write_all(planned, tmp_path, land_only(small_land()), {"gpx", "rtz", "brief"})
    paths = sorted(tmp_path.iterdir())
    assert {path.suffix for path in paths} == {".csv", ".json", ".html", ".gpx", ".rtz"}
    for path in paths:
        text = path.read_text(encoding="utf-8")
        if path.suffix in {".csv", ".json"}:
            assert "AMBER" in text
            assert "MYS" in text
        else:
            assert "TLP:AMBER · REL MYS · DATA SIMULASI – LATIHAN" in text, path
            assert "kedalaman TIDAK diperiksa" in text, path
        assert "NOT checked" not in text, path
    valid = pytest.importorskip("xmlschema").XMLSchema
    schemas = request.getfixturevalue("shared") / "schemas"  # the rest holds without it too
    for path in paths:
        if path.suffix in {".gpx", ".rtz"}:
            name = {".gpx": "gpx11.xsd", ".rtz": "rtz_1_2.xsd"}[path.suffix]
            valid(schemas / name).validate(path)


def test_routes_are_valid_and_lead_back(folder, shared):
    xmlschema = pytest.importorskip("xmlschema")
    rtz = xmlschema.XMLSchema(shared / "schemas" / "rtz_1_2.xsd")
    gpx = xmlschema.XMLSchema(shared / "schemas" / "gpx11.xsd")
    for path in folder.glob("*.rtz"):
        rtz.validate(path)
        root = ElementTree.parse(path).getroot()
        places = [(p.get("lat"), p.get("lon")) for p in root.iter(f"{{{RTZ}}}position")]
        assert places[0] == places[-1]
        assert len(places) > 2
        etas = [e.get("eta", "") for e in root.iter(f"{{{RTZ}}}scheduleElement")]
        assert etas == ["", *sorted(etas[1:])]
        assert all(etas[1:])
    for path in folder.glob("*.gpx"):
        gpx.validate(path)
        parsed = gpxpy.parse(path.read_text(encoding="utf-8"))
        points = parsed.routes[0].points
        times = [p.time for p in points if p.time]
        assert times == sorted(times)
        assert len(parsed.waypoints) >= 1
        line = shapely.LineString([(p.longitude, p.latitude) for p in points])
        assert not line.intersects(shapely.union_all(small_land()))


def test_two_tasks_at_one_place_are_one_mark_that_tells_of_both(sea):
    made = make(inputs(tracked, [(k, 2.3, 101.3, 0.0, 0) for k in (1, 2)]), config(), sea)
    [sailed] = [one for one in made.sailed if one.stops]
    planned = Planned(made)
    a, b = (words.what(stop, sailed, words.of(planned)) for stop in sailed.stops[:2])
    parsed = gpxpy.parse(routes.to_gpx(sailed, planned))
    first, *rest = parsed.waypoints
    told = [waypoint.name for waypoint in rest]
    assert first.name.startswith("SIM 1+2 ")
    assert all(f"board {name}, " in first.description for name in (a, b))
    assert not [name for name in told if name.startswith(("SIM 1 ", "SIM 2 "))]
    assert first.time == words.utc(sailed.stops[0].begin_us)
    numbers = [point.name.split()[1] for point in parsed.routes[0].points]
    assert numbers.count("1+2") == 1


@pytest.mark.parametrize("language", ["en", "ms"])
def test_a_sortie_that_leaves_once_the_plan_is_stale_says_so(sea, language):
    made = make(inputs(tracked, [(1, 2.3, 101.3, 0.0, 0)]), config(), sea)
    [sailed] = [one for one in made.sailed if one.stops]
    late, there = labels(language).plan.late, labels(language).plan.late_there
    first, *_ = sailed.stops
    for stale_us, said in (
        (first.depart_us - 1_000_000, [late]),
        (first.depart_us, [there]),  # it leaves in time, and comes there when all of it is stale
        (first.begin_us - 1_000_000, [there]),
        (sailed.stops[-1].depart_us, []),  # the way home is told by no prediction
    ):
        planned = Planned(replace(made, stale_us=stale_us), None, language)
        shown = [
            page.section(planned, template)
            for template in ("first.html.j2", "section.html.j2", "narrow.html.j2")
        ]
        for text in (*shown, str(on_paper.data(planned, land_only(small_land())))):
            assert [one for one in (late, there) if one in text] == said


def test_a_sortie_says_on_what_day_it_leaves(sea):
    made = make(inputs(tracked, [(1, 2.3, 101.3, 0.0, 0)]), config(), sea)
    leaves = words.local(made.sailed[0].stops[0].depart_us).removesuffix(" MYT")
    for template in ("first.html.j2", "section.html.j2", "narrow.html.j2"):
        assert leaves in page.section(Planned(made), template)


def test_csv_runs_nothing(folder):
    rows = list(csv.reader(io.StringIO((folder / "plan.csv").read_text(encoding="utf-8"))))
    assert all(len(row) == len(rows[0]) for row in rows)
    assert not any(cell[:1] in "=+-@" for row in rows[1:] for cell in row if cell)
    assert "'=HYPERLINK(1)" in {cell for row in rows for cell in row}


def test_geojson_can_be_read(folder):
    document = json.loads((folder / "plan.geojson").read_text(encoding="utf-8"))
    layers = {f["properties"]["layer"] for f in document["features"]}
    assert layers == {"route", "80 % region", "task", "risk sector"}
    for feature in document["features"]:
        assert shapely.geometry.shape(feature["geometry"]).is_valid
        assert feature["properties"]["simulated"] is True


def test_the_page_asks_for_nothing_and_shows_names_as_text(folder):
    text = (folder / "plan.html").read_text(encoding="utf-8")
    found: list[tuple[str, dict[str, str | None]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.append((tag, dict(attrs)))

    Reader().feed(text)
    assert not any(tag in {"script", "img", "iframe"} for tag, _ in found)
    assert not any("src" in a or "style" in a for _, a in found)
    asked = {a["href"] for _, a in found if "href" in a}
    assert all(str(one).startswith("#") or one == "data:," for one in asked)  # an icon of nothing
    assert "default-src &#39;none&#39;" in text or "default-src 'none'" in text
    assert "&lt;script&gt;alert(1)" in text


def test_who_is_out_of_reach_is_met_at_no_time(sea):
    """How near it comes is told; a time beside that would be taken for one to be there."""
    made = make(inputs(tracked, [(1, 2.3, 101.3, 0.0, 0)]), config(), sea)
    [pair, *_] = made.intercepts
    assert pair.time_us > 0
    for reason, met in ((model.OFF_WATCH, True), (model.OUT_OF_REACH, False)):
        told = Planned(replace(made, intercepts=(replace(pair, reason=reason),)))
        [row] = sheets.intercepts(told).to_dict("records")
        said = words.of(told)
        assert [row[f"{said.there} (UTC)"] == row[f"{said.there} (UTC)"], row["lat"] > 0] == [
            met
        ] * 2
        assert row[said.distance] > 0


@pytest.mark.parametrize("language", ["en", "ms"])
def test_where_a_route_begins_and_turns_is_said_in_the_readers_language(sea, language):
    made = make(inputs(tracked, [(1, 2.3, 101.3, 0.0, 0)]), config(), sea)
    [sailed] = [one for one in made.sailed if one.stops]
    plan = labels(language).plan
    parsed = gpxpy.parse(routes.to_gpx(sailed, Planned(made, None, language)))
    notes = [point.description.removeprefix("SIM ") for point in parsed.routes[0].points]
    assert notes[0].endswith(plan.route_base)
    assert {"en": "base", "ms": "pangkalan"}[language] == plan.route_base
    marked = [point.description for point in parsed.waypoints]  # its tasks alone
    assert marked
    assert not [one for one in marked if one.endswith((plan.route_base, plan.route_turn))]


def test_a_malay_plan_names_its_months_in_malay_wherever_it_says_when(sea):
    """January is called alike in both languages; October isn't."""
    vessels = [(1, 2.3, 101.3, 0.0, 0), (2, 2.4, 101.3, 0.0, 0)]
    made = make(inputs(tracked, vessels), config(unit(boardings=1)), sea)
    october_us = int(pd.Timestamp("2026-10-06T16:00Z").timestamp() * 1e6)
    later_us = october_us - made.start_us
    sailed = tuple(
        replace(one, stops=tuple(replace(s, begin_us=s.begin_us + later_us) for s in one.stops))
        for one in made.sailed
    )
    left = tuple(
        replace(one, nearest=one.nearest and replace(one.nearest, time_us=october_us))
        for one in made.left_out
    )
    assert left
    assert all(one.nearest for one in left)
    plan = replace(made, start_us=october_us, end_us=october_us + 1, sailed=sailed, left_out=left)
    for language, month in (("en", "Oct"), ("ms", "Okt")):
        planned = Planned(plan, None, language)
        told = [words.heading(planned), *words.rows(planned)["begin_local"]]
        told += [words.detail(one, planned) for one in left]
        assert all(month in text for text in told), told


def test_a_course_of_north_has_one_name(sea):
    made = make(inputs(tracked, [(1, 2.3, 101.3, 0.0, 0)]), config(), sea)
    stop = made.sailed[0].stops[0]
    nearly = Route(np.array([2.0, 2.5]), np.array([101.2, 101.1999]))
    assert words.first_course(replace(stop, route=nearly)) == 0
    planned, how = Planned(made), How("under way", 359.7, 9.0, "")
    assert "000°" in words.how(replace(stop, how=how), words.of(planned))


def test_a_vessel_has_the_same_number_all_over_the_plan_for_machines(sea):
    """Stops had it as a number, the rest as text: nobody could look one up by the other."""
    vessels = [(533000001, 2.3, 101.3, 0.0, 0), (533000002, 2.4, 101.3, 0.0, 0)]
    made = make(inputs(tracked, vessels), config(unit(boardings=1)), sea)
    told = tables.document(Planned(made))
    stops = [stop for one in told["sorties"] for stop in one["stops"] if stop["mmsi"]]
    assert {type(row["mmsi"]) for row in (*stops, *told["left_out"])} == {int}
    assert {row["mmsi"] for row in told["intercepts"]} == {533000001, 533000002}
