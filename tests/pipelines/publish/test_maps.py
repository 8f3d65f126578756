"""GeoJSON, KML and GPX, each read back by a program that didn't write it."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import geopandas as gpd
import gpxpy
import numpy as np
import pandas as pd
import pytest
import shapely

from detectors.surroundings.zones import Zones
from pipelines.publish import geojson, gpx, kml
from pipelines.publish.brief.scene import scene_of
from pipelines.publish.briefing import vessel_cards
from pipelines.publish.maps import cut
from pipelines.publish.maps.elements import ON_PAPER
from pipelines.publish.maps.sheet import Sheet, ratio_of
from pipelines.publish.maps.spots import MARK_R, aground_of, free_spot
from pipelines.publish.maps.svg import svg
from pipelines.publish.products import Products
from tests.pipelines.publish.conftest import START, event_row, flagged_row, make, positions

KML = "{http://www.opengis.net/kml/2.2}"


def placemarks(file: Path, folder: str) -> list[dict[str, str]]:
    root = ElementTree.parse(file).getroot()
    assert root.tag == f"{KML}kml"
    [found] = [f for f in root.iter(f"{KML}Folder") if f.findtext(f"{KML}name") == folder]
    return [
        {
            "name": mark.findtext(f"{KML}name", ""),
            "description": mark.findtext(f"{KML}description", ""),
            "coordinates": " ".join(e.text or "" for e in mark.iter(f"{KML}coordinates")),
            "begin": mark.findtext(f"{KML}TimeSpan/{KML}begin", ""),
            "end": mark.findtext(f"{KML}TimeSpan/{KML}end", ""),
        }
        for mark in found.iter(f"{KML}Placemark")
    ]


def test_events_geojson_leaves_context_out(products: Products, tmp_path: Path) -> None:
    context = products.events.index[1]
    score = products.events["score"].clip(lower=0.1).where(products.events.index != context, 0.09)
    some = replace(products, events=products.events.assign(score=score))
    frame = gpd.read_file(geojson.write_events(some, tmp_path / "events.geojson"))
    assert list(frame["event_id"]) == list(products.events["event_id"].drop(context))


def test_events_geojson(products: Products, tmp_path: Path) -> None:
    weighty = products.events["score"].clip(lower=0.1)
    products = replace(products, events=products.events.assign(score=weighty))
    file = geojson.write_events(products, tmp_path / "events.geojson")
    document = json.loads(file.read_text(encoding="utf-8"))
    assert document["simulated"] is True
    assert document["note"].startswith("SIMULATED DATA – EXERCISE.")
    first = document["features"][0]["properties"]
    assert first["evidence"]["simulated"] is True
    assert first["reason"]
    assert isinstance(first["mmsi"], int)
    frame = gpd.read_file(file)
    assert list(frame["event_id"]) == list(products.events["event_id"])
    assert np.allclose(frame.geometry.x, products.events["lon"], atol=1e-6)
    assert np.allclose(frame.geometry.y, products.events["lat"], atol=1e-6)
    assert set(frame["rank"].dropna()) <= set(products.flagged["rank"])
    assert frame["end"].isna().sum() == products.events["end"].isna().sum()


def test_tracks_geojson(products: Products, tmp_path: Path) -> None:
    file = geojson.write_tracks(products, tmp_path / "tracks.geojson")
    frame = gpd.read_file(file)
    assert len(frame) == products.tracks["track_id"].nunique()
    assert frame["n_reports"].sum() == len(products.tracks)
    assert set(frame.geom_type) == {"LineString"}
    assert frame["simulated"].all()
    flagged = frame[frame["rank"].notna()]
    assert set(flagged["mmsi"]) == set(products.flagged["mmsi"])


def test_a_track_over_the_antimeridian(products: Products, tmp_path: Path) -> None:
    east = products.tracks.assign(lon=(products.tracks["lon"] + 80 + 180) % 360 - 180)
    moved = replace(products, tracks=east)
    frame = gpd.read_file(geojson.write_tracks(moved, tmp_path / "tracks.geojson"))
    assert "MultiLineString" in set(frame.geom_type)
    for part in shapely.get_parts(frame.geometry.to_numpy()):
        assert np.abs(np.diff(shapely.get_coordinates(part)[:, 0])).max() < 180
    kml.write(moved, tmp_path / "flagged.kml")
    assert len(placemarks(tmp_path / "flagged.kml", "Tracks")) == len(frame)


def test_kml_has_incidents_vessels_events_and_tracks(products: Products, tmp_path: Path) -> None:
    file = kml.write(products, tmp_path / "flagged.kml")
    told = placemarks(file, "Incidents")
    assert len(told) == len(products.incidents)
    first = products.incidents.iloc[0]
    assert told[0]["name"] == "SIM 1 OCEAN KASIH: Encounter"
    for text in (
        first["incident_id"],
        first["next_step"],
        f"{first['mmsi']:09d}",
        "0.95 (high: silence 0.70",
    ):
        assert text in told[0]["description"]
    vessels = placemarks(file, "Flagged vessels")
    assert [v["name"].split()[:2] for v in vessels] == [["SIM", str(i + 1)] for i in range(40)]
    lon, lat = map(float, vessels[0]["coordinates"].split(","))
    assert (lon, lat) == pytest.approx(tuple(products.flagged.loc[0, ["lon", "lat"]]), abs=1e-6)
    assert vessels[0]["description"].startswith("SIMULATED DATA – EXERCISE")
    assert "Flags are leads, not findings." in vessels[0]["description"]
    assert f"Incident {first['incident_id']}." in vessels[0]["description"]
    events = placemarks(file, "Events")
    assert len(events) == len(products.events)
    assert sum(not event["end"] for event in events) == products.events["end"].isna().sum()
    assert len(placemarks(file, "Tracks")) == products.tracks["track_id"].nunique()
    layers = gpd.list_layers(file)
    assert set(layers["name"]) == {"Incidents", "Flagged vessels", "Events", "Tracks"}
    read = gpd.read_file(file, layer="Flagged vessels")
    assert len(read) == 40
    assert np.allclose(read.geometry.x, products.flagged["lon"], atol=1e-6)


def test_kml_names_no_address(products: Products, tmp_path: Path) -> None:
    file = kml.write(products, tmp_path / "flagged.kml")
    text = file.read_text(encoding="utf-8")
    assert "href" not in text.lower()
    assert text.count("http") == 1  # the namespace
    assert "<kml xmlns=" in text  # no prefix: plotters look for plain names


def test_gpx_has_incidents_and_vessels(products: Products, tmp_path: Path) -> None:
    file = gpx.write(products, tmp_path / "flagged.gpx")
    read = gpxpy.parse(file.read_text(encoding="utf-8"))
    vessels = [w for w in read.waypoints if w.type == "flagged vessel"]
    told = [w for w in read.waypoints if w.type == "incident"]
    assert len(vessels) == 40
    assert len(told) == len(products.incidents)
    assert told[0].name == "SIM 1 OCEAN KASIH: Encounter"
    assert "Next: ask by VHF" in told[0].description
    assert told[0].time == products.incidents["start"].iloc[0].floor("s")
    assert vessels[0].name == "SIM 1 OCEAN KASIH"
    assert vessels[0].description.startswith("SIMULATED DATA – EXERCISE. Flag PAN")
    assert vessels[0].time == products.flagged["last_seen"].iloc[0].floor("s")
    assert vessels[0].latitude == pytest.approx(products.flagged["lat"].iloc[0], abs=1e-6)
    assert all(len(w.name) <= 30 for w in read.waypoints)
    assert "Flags are leads" in read.description


@pytest.mark.parametrize("which", ["products", "hostile", "empty"])
def test_gpx_is_valid(
    which: str, request: pytest.FixtureRequest, shared: Path, tmp_path: Path
) -> None:
    xmlschema = pytest.importorskip("xmlschema")
    schema = xmlschema.XMLSchema(shared / "schemas" / "gpx11.xsd")
    schema.validate(str(gpx.write(request.getfixturevalue(which), tmp_path / "flagged.gpx")))


def test_longitude_180_is_legal_gpx(products: Products, tmp_path: Path) -> None:
    file = gpx.write(
        replace(products, flagged=products.flagged.assign(lon=180.0)), tmp_path / "flagged.gpx"
    )
    last = gpxpy.parse(file.read_text(encoding="utf-8")).waypoints[-1]
    assert last.longitude == -180.0


def test_what_has_no_place_is_counted_not_drawn(products: Products, tmp_path: Path) -> None:
    flagged = products.flagged.copy()
    flagged.loc[0, ["lat", "lon"]] = np.nan
    lost = replace(products, flagged=flagged)
    read = gpxpy.parse(gpx.write(lost, tmp_path / "flagged.gpx").read_text(encoding="utf-8"))
    assert "Vessels and events without a known place, which aren't here: 1." in read.description
    assert len([w for w in read.waypoints if w.type == "flagged vessel"]) == 39
    kml.write(lost, tmp_path / "flagged.kml")
    assert len(placemarks(tmp_path / "flagged.kml", "Flagged vessels")) == 39


def test_nothing_flagged_is_said(empty: Products, tmp_path: Path) -> None:
    texts = [
        gpx.write(empty, tmp_path / "flagged.gpx").read_text(encoding="utf-8"),
        kml.write(empty, tmp_path / "flagged.kml").read_text(encoding="utf-8"),
        json.loads(geojson.write_events(empty, tmp_path / "events.geojson").read_text())["note"],
    ]
    for text in texts:
        assert "No vessel was flagged." in text
        assert "all clear" in text
    assert gpxpy.parse(texts[0]).waypoints == []
    assert placemarks(tmp_path / "flagged.kml", "Flagged vessels") == []
    assert gpd.read_file(tmp_path / "events.geojson").empty


def test_a_partial_run_is_said(products: Products, tmp_path: Path) -> None:
    half = replace(products, manifest={"state": "partial"})
    writers: list[tuple[Callable[[Products, Path], Path], str]] = [
        (gpx.write, "g.gpx"),
        (kml.write, "k.kml"),
        (geojson.write_events, "e.geojson"),
    ]
    for write, name in writers:
        assert "PARTIAL RUN" in write(half, tmp_path / name).read_text(encoding="utf-8")


def test_vessels_of_one_incident_share_its_waypoint(products: Products, tmp_path: Path) -> None:
    incidents = products.incidents.head(1)
    flagged = products.flagged.head(2).assign(incident_id=incidents["incident_id"].iloc[0])
    pair = replace(products, flagged=flagged, incidents=incidents)
    read = gpxpy.parse(gpx.write(pair, tmp_path / "flagged.gpx").read_text(encoding="utf-8"))
    names = [w.name for w in read.waypoints if w.type == "incident"]
    assert names == ["SIM 1 OCEAN KASIH: Encounter"[:30]]


def test_a_mark_beside_its_place_stands_over_the_sea() -> None:
    """East of the middle is land: what finds no room at its place goes west of it."""
    taken = [(100.0, 100.0)]
    for _ in range(8):
        spot = free_spot(100.0, 100.0, taken, lambda x, _: x > 100.0)
        assert spot is not None
        assert spot[0] <= 100.0
        assert all(np.hypot(spot[0] - x, spot[1] - y) > 26.0 for x, y in taken), "none on another"
        taken.append(spot)
    assert free_spot(50.0, 50.0, taken[:1], lambda *_: True) == (50.0, 50.0)  # its own place


def zones_of(land: shapely.Geometry, *shapes: shapely.Geometry) -> Zones:
    facts = {"zone_class": "port", "source": "a test", "confidence": "approximate"}
    names = [f"Zone {number}" for number in range(len(shapes))]
    about = {"zone_id": names, "name": names, **facts, "file": "a.geojson"}
    frame = gpd.GeoDataFrame(about, geometry=list(shapes), crs=4326)
    ground = gpd.GeoDataFrame({"iso3": ["MYS"]}, geometry=[land], crs=4326)
    return Zones(frame, ground, shapely.box(-180, -90, 180, 90))


def test_a_map_of_nothing_shows_the_waters_that_the_layers_reach() -> None:
    """A desk of other waters drew its first area on the Straits, where it had no land."""

    def shown(*reach: float) -> tuple[float, ...]:
        bare = Zones.none()
        there = Zones(bare.frame, bare.land, shapely.box(*reach) if reach else bare.reach)
        lon0, (west, south, east, north) = cut.extent([], [], there)
        return west + lon0, south, east + lon0, north

    assert shown(6, 53, 31, 66.5) == (6, 53, 31, 66.5)
    assert shown() == shown(94, -1.5, 106, 9) == cut.HOME


def test_a_map_of_nothing_opens_where_vessels_were_heard(empty: Products) -> None:
    """A quiet night off Australia opened on the Straits, whose layers it has; what is found at one
    place is shown where it is.
    """
    for heard, middle in (
        ([115.0, -36.0, 154.0, -2.0], 134.5),
        ([177.0, -20.0, 185.0, -15.0], 181),
    ):
        there = replace(empty, manifest={**empty.manifest, "heard_within_deg": heard})
        scene = scene_of(there, vessel_cards(there))
        west, south, east, north = scene.fit
        assert scene.lon0 == middle
        assert [west + middle, south, east + middle, north] == heard
    of_before = {**empty.manifest, "heard_within_deg": []}  # and that of an earlier version
    for manifest in (empty.manifest, of_before):
        west, *_ = scene_of(replace(empty, manifest=manifest), []).fit
        assert west == (cut.HOME[0] - cut.HOME[2]) / 2


def test_each_zone_keeps_its_outline_and_name_whatever_was_drawn_before() -> None:
    """One is cut in two by the antimeridian, of one nothing is there, and the rest is kept of the
    same box: of other land, other zones, another box.
    """
    across = shapely.union_all([shapely.box(179, 0, 180, 1), shapely.box(-180, 0, -179, 1)])
    away, beside = shapely.box(0, 0, 1, 1), shapely.box(178.5, 2, 179.5, 3)
    low, high = shapely.box(179, -2, 179.5, -1), shapely.box(178, 4, 179, 5)
    box = (-3.0, -3.0, 3.0, 6.0)
    for land, shapes, named in (
        (low, (across, away, beside), ["Zone 0", "Zone 0", "Zone 2"]),
        (high, (across, away, beside), ["Zone 0", "Zone 0", "Zone 2"]),
        (high, (beside, across), ["Zone 0", "Zone 1", "Zone 1"]),
    ):
        for lon0 in (180.0, 179.0):
            zones = zones_of(land, *shapes)
            drawn = cut.ground(zones, box, lon0, keyed=True)
            assert [one.title for one in drawn.zones] == [one.key for one in drawn.zones] == named
            for number, shape in enumerate(shapes):
                rings = [r for z in drawn.zones if z.title == f"Zone {number}" for r in z.rings]
                assert sum(np.ptp(ring[:, 0]) * np.ptp(ring[:, 1]) for ring in rings) == (
                    pytest.approx(0 if shape is away else shapely.area(shape))
                )
                for ring in rings:
                    inside = shapely.buffer(shape, 1e-6).covers(
                        shapely.points(cut.relative(ring[:, 0] + lon0, 0.0), ring[:, 1])
                    )
                    assert inside.all() or shape is across
            [island] = drawn.land
            assert island[:, 1].min() == land.bounds[1]
            assert island[:, 0].min() == land.bounds[0] - lon0
            bare = cut.without_zones(zones, box, lon0)
            assert (bare.zones, bare.states) == ((), drawn.states)
            np.testing.assert_array_equal(bare.land[0], island)


def test_no_mark_that_is_moved_covers_any_land_on_a_still_map() -> None:
    """Not a pond, where its middle alone would be wet, nor an edge of the coast beside it."""
    coast = shapely.box(-3, -3, -0.05, 3)
    middles = [shapely.Point(-0.4 - x / 3, y / 3) for x in range(4) for y in range(-4, 4)]
    ponds = shapely.buffer(middles, 0.06)
    rings = [shapely.get_coordinates(one.exterior) for one in (coast, *ponds)]
    sheet = Sheet(0.0, 0.0, 100.0, 1000.0)
    land = shapely.Polygon(sheet.xy(rings[0]), [sheet.xy(ring) for ring in rings[1:]])
    aground = aground_of(rings, sheet)
    taken = [(490.0, 500.0)]  # its own place, five off the coast
    for _ in range(24):
        spot = free_spot(*taken[0], taken, aground)
        assert spot is not None
        assert shapely.Point(spot).distance(land) >= MARK_R
        taken.append(spot)
    assert len({spot for spot in taken if spot[0] > 500}) == 24


def test_every_still_map_says_where_north_is(products: Products) -> None:
    scene = scene_of(products, vessel_cards(products))
    assert svg(scene, ratio_of(scene.fit), ink=ON_PAPER).count(">N</text>") == 1


@pytest.mark.parametrize("lats", [(90.0, 3.0), (-90.0, 3.0), (82.0, -40.0), (90.0, 90.0)])
def test_a_vessel_at_a_pole_takes_the_map_from_nobody(
    lats: tuple[float, float], products: Products
) -> None:
    """Room around such a map reached beyond the pole, and the run ended there."""
    turns = np.arange(len(products.events)) % 2
    there = replace(
        products,
        events=products.events.assign(lat=np.array(lats)[turns]),
        flagged=products.flagged.assign(lat=lats[0]),
    )
    scene = scene_of(there, vessel_cards(there))
    assert -90 < scene.fit[1] < scene.fit[3] < 90
    drawn = svg(scene, ratio_of(scene.fit), ink=ON_PAPER)
    numbers = re.findall(r'(?: (?:[xy][12]?|c[xy])="|[ML ,(]|translate\()(-?[a-z0-9.]+)', drawn)
    assert not {"nan", "inf", "-inf"} & set(numbers)
    assert drawn.count("<text") > 3


def test_who_states_no_name_is_called_by_all_nine_digits_of_its_number() -> None:
    """A tablet called it "no name reported", and its track by eight digits; and no viewer that
    shows a description as it stands shows an apostrophe as a code.
    """
    mmsi = 52_524_178
    flagged = flagged_row(1, mmsi=mmsi, reasons="", event_ids=[0])
    hours = np.arange(4.0)
    times = (START + pd.to_timedelta(hours, unit="h")).as_unit("us")
    tracks = positions(mmsi, 3.0 + hours / 10, 100.5 + hours / 10, times)
    made = make([event_row("gap", mmsi, START)], ["It isn't heard"], [flagged], {}, tracks)
    root = ElementTree.fromstring(kml.document(made))
    names = [one.text for one in root.iter(f"{KML}name")]
    assert "SIM 1 052524178" in names
    assert "SIM Track of MMSI 052524178" in names
    said = [one.text or "" for one in root.iter(f"{KML}description")]
    assert any("It isn't heard" in text for text in said)
    [track] = scene_of(made, vessel_cards(made)).tracks
    assert track.name == "MMSI 052524178"
