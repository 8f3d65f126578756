"""What the doctor finds."""

import json
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import pandas as pd
import pytest
import shapely

import detectors
from detectors.surroundings.rules import Rule
from detectors.surroundings.zones import Zones
from pipelines.ask import doctor
from pipelines.ask.examine import check_next_steps
from pipelines.base.settings import PROJECT, REFERENCE
from pipelines.reference import layers as reference
from pipelines.reference import learned as snapshot


def zones_with(**changes):
    """Two sound zones by the coast of a square of land; `changes` go to the first."""
    rows = [
        {"zone_id": "a", "zone_class": "port", "geometry": shapely.box(100.9, 3, 101, 3.1)},
        {"zone_id": "b", "zone_class": "anchorage", "geometry": shapely.box(100.5, 3, 100.6, 3.1)},
    ]
    common = {"name": "x", "source": "a test", "confidence": "approximate"}
    frame = gpd.GeoDataFrame([{**common, **row} for row in rows], geometry="geometry", crs=4326)
    frame["rules"] = [() for _ in rows]
    for key, value in changes.items():
        frame[key] = [value, *frame[key].iloc[1:]]
    land = gpd.GeoDataFrame(geometry=[shapely.box(101, 2, 103, 5)], crs=4326)
    return Zones(frame.set_geometry("geometry", crs=4326), land, reference.load_reach(REFERENCE))


def test_what_comes_with_the_project_is_healthy():
    zones = reference.load_zones(PROJECT / "config" / "zones", REFERENCE)
    assert doctor.check_zones(zones) == []
    assert doctor.check_zone_files(PROJECT / "config" / "zones") == []


def test_sound_zones_have_no_problems():
    assert doctor.check_zones(zones_with()) == []


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({"zone_id": "b"}, "error", "same zone_id"),
        ({"source": " "}, "error", "no source"),
        ({"confidence": "sure"}, "error", "unknown confidence"),
        ({"geometry": shapely.Polygon()}, "error", "no shape"),
        (
            {"geometry": shapely.Polygon([(100, 3), (101, 4), (101, 3), (100, 4)])},
            "error",
            "isn't valid",
        ),
        ({"geometry": shapely.box(23, 37, 24, 38)}, "warning", "1 zone lies outside the area"),
        ({"geometry": shapely.box(3, 100, 4, 101)}, "warning", "it lies outside the area"),
        ({"geometry": shapely.box(100.98, 3, 101.2, 3.1)}, "warning", "is land; 60%"),
        (
            {"geometry": shapely.box(100.8, 3, 101.1, 3.1), "zone_class": "sts_area"},
            "warning",
            "33.3% of it is land; 1% is tolerated in a sts_area",
        ),
    ],
)
def test_each_fault_is_found(changes, level, words):
    problems = doctor.check_zones(zones_with(**changes))
    assert any(words in p.message and p.level == level for p in problems), problems
    assert all(p.where.startswith("zone") for p in problems)


def test_rules_that_hold_no_more_or_belong_nowhere_are_named(tmp_path):
    old = Rule("anchoring", "prohibited", "a notice", valid_until=date(2025, 12, 31))
    zones = zones_with(rules=(old,))
    assert doctor.check_rules(zones, tmp_path, date(2025, 12, 31)) == []
    (problem,) = doctor.check_rules(zones, tmp_path, date(2026, 1, 1))
    assert (problem.level, problem.where) == ("warning", "zone a")
    assert "anchoring: prohibited held until 2025-12-31" in problem.message
    (tmp_path / "rules.yaml").write_text("nowhere: [{ais: required, source: x}]")
    (problem,) = doctor.check_rules(zones_with(), tmp_path, date(2026, 1, 1))
    assert "there is no zone 'nowhere'" in problem.message


def test_swapped_dates_in_the_rules_file_are_an_error(tmp_path):
    assert doctor.check_rule_files(tmp_path) == []
    text = "a: [{ais: required, source: x, valid_from: 2026-02-01, valid_until: 2026-01-01}]"
    (tmp_path / "rules.yaml").write_text(text)
    (problem,) = doctor.check_rule_files(tmp_path)
    assert problem.level == "error"
    assert "a, rule 1: valid_until 2026-01-01 lies before" in problem.message


def test_a_class_of_ones_own_is_named_where_nothing_reads_it():
    own, usual = zones_with(zone_class="cable"), detectors.build({"gap": {}})
    (problem,) = doctor.check_own_classes(own, usual)
    assert (problem.level, problem.where) == ("warning", "zones")
    assert "no detector that is enabled reads zones of class 'cable'" in problem.message
    reads = detectors.build({"geofence": {"dwell_scores": {"cable": 0.2}}})
    assert doctor.check_own_classes(own, reads) == []
    (problem,) = doctor.check_own_classes(zones_with(), reads)
    assert "there is no zone of class 'cable'" in problem.message


def test_a_sea_zone_may_touch_the_coast():
    shape = shapely.box(100.8, 3, 101.0005, 3.1)
    assert doctor.check_zones(zones_with(geometry=shape, zone_class="sts_area"))[1:] == []


def test_no_ports_at_all_is_a_warning():
    zones = Zones.none()
    assert [p.level for p in doctor.check_zones(zones)] == ["warning", "warning"]


def test_every_broken_feature_of_every_file_is_named(tmp_path):
    assert [p.level for p in doctor.check_zone_files(tmp_path)] == ["warning"]
    bad = {"type": "Feature", "properties": {"zone_id": "x"}, "geometry": None}
    collection = {"type": "FeatureCollection", "features": [bad, bad]}
    (tmp_path / "a.geojson").write_text(json.dumps(collection))
    (tmp_path / "b.geojson").write_text("{")
    problems = doctor.check_zone_files(tmp_path)
    assert [p.where for p in problems] == ["a.geojson", "a.geojson", "b.geojson"]
    assert "feature 2" in problems[1].message


def test_a_file_of_zones_that_is_not_read_is_named(tmp_path):
    for name in ("a.geojson", "b.gpkg", "C.GEOJSON", "README.md", "a.geojson.before", "rules.yaml"):
        (tmp_path / name).write_text('{"type": "FeatureCollection", "features": []}')
    problems = doctor.check_zone_files(tmp_path)
    assert [(p.level, p.where) for p in problems] == [
        ("warning", "C.GEOJSON"),
        ("warning", "b.gpkg"),
    ]


def test_configuration_files(tmp_path):
    (tmp_path / "mappings.yaml").write_text("a: [")
    (tmp_path / "detectors.yaml").write_text("geofence:\n  no_such_parameter: 1\n")
    problems = doctor.check_config(tmp_path)
    assert [p.where for p in problems] == ["mappings.yaml", "detectors.yaml"]
    assert problems[1].message == "geofence.no_such_parameter: nothing is called so here: mistyped?"
    assert problems[1].hint == f"mend line 2 of {tmp_path / 'detectors.yaml'}"


def test_a_next_step_that_is_never_said_is_named():
    known = ["gap over", "encounter boarding again", "identity hand_over", "watch_area"]
    assert list(check_next_steps(known)) == []
    [odd, other] = check_next_steps([*known, "gap ovr", "smuggling"])
    assert "'gap ovr'" in odd.message
    assert "did you mean 'gap over'?" in odd.hint
    assert "'smuggling'" in other.message


@pytest.mark.parametrize(
    ("lat", "lon", "hint"),
    [
        ("37.5,37.6,37.7", "23.5,23.6,3.5", "selat reference make"),
        ("100.5,100.6,37.7", "3.5,3.6,23.5", "swapped"),
    ],
)
def test_events_beyond_the_land_layer_are_told_with_what_to_do(tmp_path, lat, lon, hint):
    places = {"lat": map(float, lat.split(",")), "lon": map(float, lon.split(","))}
    pd.DataFrame({name: [*values] for name, values in places.items()}).to_parquet(
        tmp_path / "events.parquet"
    )
    manifest = {"counts": {"out_of_reach": 3}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    [problem] = doctor.check_reach(tmp_path, zones_with())
    assert "3 events" in problem.message
    assert hint in problem.hint


def test_a_run_within_reach_or_none_has_no_problem(tmp_path):
    assert doctor.check_reach(tmp_path, zones_with()) == []
    (tmp_path / "manifest.json").write_text('{"counts": {}}', encoding="utf-8")
    assert doctor.check_reach(tmp_path, zones_with()) == []


def test_a_learned_place_in_pieces_waits_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Pages and `selat learn review` list a place once, whatever pieces it lies in."""
    pieces = SimpleNamespace(ids=lambda: ["lane-1", "lane-1", "lane-2"])
    monkeypatch.setattr(snapshot, "read_newest", lambda _: pieces)
    (problem,) = doctor._undecided(tmp_path)
    assert problem.message.startswith("2 learned places wait")
