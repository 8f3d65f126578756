"""The layers that come with the project, and zones files as users break them."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import shapely

from detectors.core.errors import ConfigError
from detectors.kinematics import geodesy
from detectors.surroundings.boundaries import BOUNDARY_CLASSES
from detectors.surroundings.zones import CONFIDENCES, ZONE_CLASSES, ZONE_COLUMNS, Zones
from pipelines.base.settings import PROJECT, REFERENCE
from pipelines.reference import codes as tables
from pipelines.reference import layers as reference
from pipelines.reference.layers import features
from pipelines.reference.layers.zones import SEA_OF

ZONES_DIR = PROJECT / "config" / "zones"


@pytest.fixture(scope="module")
def zones():
    return reference.load_zones(ZONES_DIR, REFERENCE)


@pytest.fixture(scope="module")
def gazetteer():
    return reference.load_gazetteer(REFERENCE)


def feature(**changes):
    properties = {
        "zone_id": "a-zone",
        "name": "A zone",
        "zone_class": "anchorage",
        "source": "a test",
        "confidence": "approximate",
    }
    geometry = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}
    geometry = changes.pop("geometry", geometry)
    properties |= changes
    return {
        "type": "Feature",
        "properties": {k: v for k, v in properties.items() if v is not None},
        "geometry": geometry,
    }


def polygon(*ring):
    return {"type": "Polygon", "coordinates": [[list(point) for point in ring]]}


def write(folder, *features, name="mine.geojson", **document):
    document = {"type": "FeatureCollection", "features": list(features), **document}
    (folder / name).write_text(json.dumps(document), encoding="utf-8")
    return folder


# ---- what comes with the project


def test_zones_have_every_class_with_source_and_confidence(zones):
    frame = zones.frame
    assert set(ZONE_COLUMNS) <= set(frame.columns)
    written = {"port", "anchorage", "sts_area", "landing_place", "territorial_sea", "joint_area"}
    assert written <= set(ZONE_CLASSES)
    assert set(frame["zone_class"]) == written | {"ruled_waters"}
    assert set(frame["confidence"]) <= set(CONFIDENCES)
    assert (frame["source"].str.len() > 10).all()
    assert frame["zone_id"].is_unique
    assert {"territorial-sea-mys", "territorial-sea-idn", "territorial-sea-sgp"} <= set(
        frame["zone_id"]
    )


@pytest.mark.slow
def test_only_a_transfer_area_with_a_licence_is_taken_for_licensed(zones):
    areas = zones.frame[zones.frame["zone_class"] == "sts_area"]
    assert areas["zone_id"][areas["licensed"]].tolist() == ["sungai-linggi-sts"]
    assert (areas["licence_source"].str.len() > 40).all()
    lat, lon = [1.45, 2.30], [104.45, 101.95]
    assert zones.within(lat, lon, ("sts_area",)).all()
    assert zones.within(lat, lon, ("sts_area",), excuses=True).tolist() == [False, True]


def test_every_hand_drawn_zone_admits_to_be_approximate(zones):
    drawn = zones.frame[zones.frame["zone_class"].isin(["port", "anchorage", "sts_area"])]
    assert (drawn["confidence"] == "approximate").all()


@pytest.mark.parametrize(
    ("place", "lat", "lon", "zone_id"),
    [
        ("Westports berths", 2.925, 101.287, "port-klang-westports"),
        ("off Pintu Gedong", 2.80, 101.25, "port-klang-anchorage"),
        ("Port Dickson refinery", 2.53, 101.785, "port-dickson"),
        ("Melaka river mouth", 2.185, 102.245, "melaka-port"),
        ("Tanjung Pelepas berths", 1.335, 103.545, "tanjung-pelepas-port"),
        ("off Katong", 1.28, 103.93, "singapore-eastern-anchorage"),
        ("west of Pulau Sudong", 1.20, 103.68, "singapore-sudong-anchorage"),
        ("west of Pulau Nipa", 1.13, 103.61, "nipah-anchorage"),
        ("off Ramunia", 1.45, 104.45, "eastern-opl"),
        ("Butterworth channel", 5.40, 100.355, "penang-port"),
        ("Dumai roads", 1.71, 101.46, "dumai-anchorage"),
        ("Belawan roads", 3.88, 98.77, "belawan-anchorage"),
    ],
)
def test_known_places_lie_in_their_zones(zones, place, lat, lon, zone_id):
    _, rows = zones.members([lat], [lon], ("port", "anchorage", "sts_area"))
    assert zone_id in {zones.id_of(row) for row in rows}, place


@pytest.mark.parametrize(("lat", "lon"), [(2.90, 100.95), (4.2, 99.9), (1.20, 103.50), (6.5, 97.0)])
def test_the_fairway_is_in_no_port_and_no_anchorage(zones, lat, lon):
    assert not zones.within([lat], [lon], ("port", "anchorage", "sts_area")).any()


def test_states_where_they_are(zones):
    def sea(lat, lon):
        rows = zones.members([lat], [lon], ("territorial_sea",))[1]
        return {zones.id_of(row) for row in rows}

    assert sea(3.0, 101.2) == {"territorial-sea-mys"}
    assert sea(1.27, 103.95) == {"territorial-sea-sgp"}
    assert sea(3.95, 98.8) == {"territorial-sea-idn"}
    assert sea(7.0, 97.0) == set()


def test_whose_sea_a_place_lies_in_is_said_where_it_is_one_states_alone(zones):
    places = {
        "off Kukup, south of the line": (1.17, 103.38, "Indonesia"),
        "off Batam": (1.2, 104.05, "Indonesia"),
        "off Port Klang": (3.0, 101.2, "Malaysia"),
        "mid-strait off Perak": (3.6, 100.0, ""),
        "high sea": (7.0, 97.0, ""),
        "Kuala Lumpur": (3.14, 101.69, ""),
        "nowhere": (np.nan, np.nan, ""),
    }
    lat, lon, states = zip(*places.values(), strict=True)
    assert reference.sea_states(zones, lat, lon) == list(states)
    assert reference.sea_states(Zones.none(), lat, lon) == [""] * len(places)
    seas = zones.frame[zones.frame["zone_class"] == "territorial_sea"]
    over = seas[seas["zone_id"] == "territorial-sea-idn"].assign(
        zone_id="claim", name=f"{SEA_OF} Malaysia"
    )
    both = Zones(pd.concat([seas, over], ignore_index=True), zones.land, zones.reach)
    assert reference.sea_states(both, lat, lon)[:3] == ["", "", "Malaysia"]  # who says whose it is?


def test_land_is_where_land_is(zones):
    lat = [3.14, 1.35, 3.59, 3.0, 4.0, np.nan]
    lon = [101.69, 103.82, 98.67, 101.0, 99.5, 100.0]
    assert zones.on_land(lat, lon).tolist() == [True, True, True, False, False, False]
    assert zones.reached(lat, lon).tolist() == [True] * 5 + [False]
    assert zones.reached([55.0], [11.0]).tolist() == [False]


@pytest.mark.slow
def test_a_million_points_would_do_but_ten_thousand_agree_with_geos(zones):
    random = np.random.default_rng(0)
    coast = zones.land.get_coordinates().to_numpy()
    points = coast[random.integers(0, len(coast), 10_000)] + random.normal(0, 0.01, (10_000, 2))
    lat, lon = points[:, 1], points[:, 0]
    tree = shapely.STRtree(zones.land.geometry.to_numpy())
    on_land = np.zeros(10_000, bool)
    on_land[tree.query(shapely.points(points), predicate="intersects")[0]] = True
    assert (zones.on_land(lat, lon) == on_land).all()
    expected = shapely.STRtree(zones.frame.geometry.to_numpy()).query(
        shapely.points(points), predicate="intersects"
    )
    order = np.lexsort(expected[::-1])
    np.testing.assert_array_equal(np.stack(zones.members(lat, lon)), expected[:, order])


def test_landing_places_are_circles_of_their_accuracy_within_bounds(zones):
    places = zones.frame[zones.frame["zone_class"] == "landing_place"]
    height_m = (places.bounds["maxy"] - places.bounds["miny"]) * 111_195
    low, high = reference.LANDING_RADIUS_M
    assert height_m.between(2 * low * 0.99, 2 * high * 1.01).all()
    assert len(set(height_m.round(-2))) > 3


def test_layers_for_maps():
    lines = reference.load_boundaries(REFERENCE)
    assert set(lines.geom_type) == {"LineString"}
    assert {"party_a", "party_b", "treaty", "verified"} <= set(lines.columns)


@pytest.mark.slow
def test_the_left_hand_of_a_boundary_is_nearer_to_the_state_on_its_left(zones):
    """Going to the left by five miles from along the line, one comes nearer to that coast."""
    lines = reference.load_boundaries(REFERENCE)
    land = zones.land.assign(geometry=shapely.simplify(zones.land.geometry.to_numpy(), 0.005))
    asked = 0
    for line in lines.itertuples():
        assert {line.left, line.right} == {line.party_a, line.party_b}
        way = shapely.get_coordinates(line.geometry)
        (lon1, lat1), (lon2, lat2) = way[:-1].T, way[1:].T
        course = geodesy.bearing_deg(lat1, lon1, lat2, lon2)
        weight = np.hypot(lon2 - lon1, lat2 - lat1)
        hands = [
            shapely.points(*reversed(geodesy.destination(*middle, course + turn, 9000.0)))
            for middle in [((lat1 + lat2) / 2, (lon1 + lon2) / 2)]
            for turn in (-90, 90)
        ]
        for state, mine, other in ((line.left, *hands), (line.right, *hands[::-1])):
            coast = shapely.union_all(land.geometry.to_numpy()[(land["iso3"] == state).to_numpy()])
            if coast.is_empty:
                continue  # India's islands lie outside the land layer
            nearer = shapely.distance(mine, coast) < shapely.distance(other, coast)
            assert weight[nearer].sum() > weight[~nearer].sum(), line.id
            asked += 1
    assert asked > 20


def test_one_boundary_is_one_line(zones):
    """Indonesia and Malaysia's line of 1970 replaces that of 1969 where both run together."""
    lines = zones.boundaries.frame.set_index("boundary_id")
    assert lines.index.is_unique
    assert lines.geometry.is_valid.all()
    assert set(lines["boundary_class"]) <= set(BOUNDARY_CLASSES)
    sea = lines.geometry["boundary-idn-mys-ts-1970"]
    shelf = lines.geometry["boundary-idn-mys-cs-1969-malacca"]
    assert not sea.intersects(shelf)
    across = zones.boundaries.cuts(np.array([2.2, 2.6]), np.array([101.5, 101.9]), np.ones(1, bool))
    (row,) = across.row
    assert lines.index[row] == "boundary-idn-mys-ts-1970"
    assert lines["left"].iloc[row] == "Malaysia"
    assert across.to_left.all()


@pytest.mark.parametrize(
    ("lat", "lon", "words"),
    [
        (4.20, 100.37, "14 nm W of Lumut"),
        (3.88, 98.77, "7 nm NE of Belawan"),
        (1.68, 101.50, "off Dumai"),
        (5.72, 98.94, "off Pulau Perak"),
        (55.0, 11.0, "55°00.0'N 11°00.0'E"),
    ],
)
def test_positions_as_a_sailor_would_say_them(gazetteer, lat, lon, words):
    assert gazetteer.describe(lat, lon) == words


def test_places_are_read_once_as_long_as_their_files_stay(tmp_path):
    shutil.copytree(REFERENCE / "places", tmp_path / "places")
    before = reference.load_gazetteer(tmp_path)
    assert reference.load_gazetteer(tmp_path) is before
    with (tmp_path / "places" / "landmarks.csv").open("a") as table:
        table.write("Pulau Baharu,3.88,98.77,island\n")
    assert before.describe(3.88, 98.77) == "7 nm NE of Belawan"
    assert reference.load_gazetteer(tmp_path).describe(3.88, 98.77) == "off Pulau Baharu"


def test_flag_states_of_all_forms_of_an_mmsi():
    mmsi = {
        533000001: "MYS",
        563123456: "SGP",
        525000001: "IDN",
        5330001: "MYS",
        53300001: "MYS",
        111533001: "MYS",
        853312345: "MYS",
        985331234: "MYS",
        995331234: "MYS",
        970123456: "",
        200000000: "",
        799999999: "",
        0: "",
        -1: "",
        1193046: "",
        999999999: "",
    }
    found = tables.flag_states(np.array(list(mmsi)))
    assert dict(zip(mmsi, found, strict=True)) == mmsi
    assert tables.flag_states(np.array([], "int64")).tolist() == []


def test_mid_table_is_sound():
    table = tables.load_mid(REFERENCE)
    assert table["mid"].is_unique
    assert table["mid"].str.fullmatch(r"[2-7]\d\d").all()
    assert table["iso3"].str.fullmatch(r"[A-Z]{3}").all()
    assert (table["name"] != "").all()


def test_code_words():
    assert tables.ship_type_words([30, 52, 80, 84]).tolist() == [
        "fishing vessel",
        "tug",
        "tanker",
        "tanker, hazard category D",
    ]
    assert tables.ship_type_words([-1, 0, 7, 255, 300]).tolist() == [""] * 5
    assert tables.nav_status_words([0, 1, 15, 99, -1]).tolist() == [
        "under way using engine",
        "at anchor",
        "",
        "",
        "",
    ]


def test_what_is_returned_is_the_callers_own():
    first = tables.load_mid(REFERENCE)
    first["name"] = "spoilt"
    assert "spoilt" not in set(tables.load_mid(REFERENCE)["name"])


# ---- what users do to the files


def test_any_geojson_file_in_the_folder_is_loaded(tmp_path):
    write(tmp_path, feature(), feature(zone_id="b", zone_class="port"), name="a.geojson")
    write(tmp_path, feature(zone_id="c", confidence="surveyed"), name="b.geojson")
    (tmp_path / "README.md").write_text("not a zone")
    frame = reference.load_zones(tmp_path, REFERENCE).frame
    assert frame["zone_id"].tolist()[:3] == ["a-zone", "b", "c"]
    assert frame["file"].tolist()[:3] == ["a.geojson", "a.geojson", "b.geojson"]


def test_a_zone_may_be_of_a_class_of_ones_own_and_nothing_known_holds_it(tmp_path):
    write(tmp_path, feature(zone_class="cable"))
    zones = reference.load_zones(tmp_path, REFERENCE)
    assert zones.within([0.5], [0.5], ("cable",)).all()
    assert not zones.within([0.5], [0.5], ZONE_CLASSES).any()


def test_a_rule_counts_on_its_dates_only(tmp_path):
    law = {"anchoring": "prohibited", "source": "a notice"}
    dated = {**law, "valid_from": "2026-01-02", "valid_until": "2026-01-03"}
    write(tmp_path, feature(rules=[dated]), feature(zone_id="b-zone"))
    (tmp_path / "rules.yaml").write_text("b-zone: [{entry: restricted, source: the port}]")
    zones = reference.load_zones(tmp_path, REFERENCE)
    days = [
        "2026-01-01T23:59:59",
        "2026-01-02T00:00:00",
        "2026-01-03T23:59:59",
        "2026-01-04T00:00:00",
    ]
    at_us = pd.to_datetime(days).astype("datetime64[us]").astype("int64").to_numpy()
    here = np.full(len(at_us), 0.5)
    found = zones.ruled(here, here, at_us, "anchoring", "prohibited")
    assert (found >= 0).tolist() == [False, True, True, False]
    assert [rule.text for rule in zones.rules_at(1, 0)] == ["entry: restricted"]


def test_the_law_that_comes_with_the_project_names_its_source(zones):
    built_in = [rule for _, rule in zones.rules if rule.asks == "anchoring"]
    waters = {"east-johor-ruled-waters", "west-penang-ruled-waters"}
    assert {zones.id_of(row) for row, _ in zones.rules} == waters | {"territorial-sea-mys"}
    assert all("491B" in rule.source and rule.confidence == "reported" for rule in built_in)


DETAINED = {
    "24 nm west of Muka Head": (5.47, 99.78),
    "14.3 nm north-west of it": (5.64, 100.01),
    "30.7 nm east of Tanjung Sedili": (1.85, 104.67),
    "21.5 nm east of Tanjung Balau": (1.62, 104.62),
}


def test_ships_were_detained_where_a_rule_asks_them_not_to_anchor(zones):
    lat, lon = (np.array(axis) for axis in zip(*DETAINED.values(), strict=True))
    for date, asked in (("2026-01-05", True), ("2014-01-05", False)):
        at_us = np.full(len(lat), pd.Timestamp(date, tz="UTC").value // 1000)
        assert ((zones.ruled(lat, lon, at_us, "anchoring", "designated") >= 0) == asked).all()
    pedra_branca, rupat = (1.36, 104.42), (2.6, 101.0)
    lat, lon = (np.array(axis) for axis in zip(pedra_branca, rupat, strict=True))
    at_us = np.full(2, pd.Timestamp("2026-01-05", tz="UTC").value // 1000)
    assert (zones.ruled(lat, lon, at_us, "anchoring", "designated") < 0).all()


def test_a_folder_without_zones_still_has_the_reference_layers(tmp_path):
    frame = reference.load_zones(tmp_path, REFERENCE).frame
    assert set(frame["zone_class"]) == {"landing_place", "territorial_sea", "joint_area"}


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (feature(zone_id=None), "feature 2: property 'zone_id' is missing"),
        (feature(zone_id="Not Kebab"), "kebab"),
        (feature(zone_id=7), "zone_id"),
        (feature(name="  "), "'name' is missing"),
        (feature(source=None), r"\(a-zone\): property 'source'"),
        (feature(zone_class="anchorge"), "'anchorge': is it 'anchorage'?"),
        (feature(zone_class="Harbour"), "no zone class is called 'Harbour'"),
        (feature(zone_class="a" * 41), "no zone class is called 'aaa"),
        (feature(zone_class="cable\x1b[2J"), "no zone class is called"),
        (feature(confidence="certain"), "confidence 'certain' is unknown"),
        (feature(licensed=True, licence_source="them"), "say nothing of a"),
        (feature(zone_class="sts_area", licensed="yes"), "neither true nor false"),
        (feature(zone_class="sts_area", licensed=True), "'licence_source' is missing"),
        (feature(rules={}), "rules is a list"),
        (feature(rules=[{}] * 51), "50 at most"),
        (feature(rules=["no"]), "rule 1: a rule is a mapping"),
        (feature(rules=[{"anchoring": "prohibited"}]), "names its 'source'"),
        (feature(rules=[{"source": "s"}]), "asks for one thing"),
        (feature(rules=[{"ais": "required", "entry": "restricted", "source": "s"}]), "one thing"),
        (feature(rules=[{"anchoring": "allowed", "source": "s"}]), "not 'allowed'"),
        (feature(rules=[{"speed_kn_max": float("nan"), "source": "s"}]), "up to 60 kn"),
        (feature(rules=[{"speed_kn_max": 1e9, "source": "s"}]), "up to 60 kn"),
        (feature(rules=[{"speed_kn_max": True, "source": "s"}]), "up to 60 kn"),
        (feature(rules=[{"ais": "required", "source": "s", "from": "x"}]), "has no 'from'"),
        (feature(rules=[{"ais": "required", "source": "s", "valid_from": "1 May"}]), "is no date"),
        (
            feature(
                rules=[
                    {"ais": "required", "source": "s"},
                    {
                        "ais": "required",
                        "source": "s",
                        "valid_from": "2026-02-01",
                        "valid_until": "2026-01-01",
                    },
                ]
            ),
            "rule 2: valid_until 2026-01-01 lies before valid_from 2026-02-01: swapped",
        ),
        (feature(geometry=None), "isn't a Polygon"),
        (feature(geometry={"type": "Point", "coordinates": [1, 1]}), "isn't a Polygon"),
        (feature(geometry={"type": "Polygon"}), "coordinates can't be read"),
        (feature(geometry={"type": "Polygon", "coordinates": [["x"]]}), "can't be read"),
        (feature(geometry={"type": "Polygon", "coordinates": []}), "is empty"),
        (feature(geometry=polygon((0, 0), (1, 1), (1, 0), (0, 1), (0, 0))), "isn't valid"),
        (feature(geometry=polygon((3, 101), (4, 101), (4, 102), (3, 101))), "out of range"),
        (feature(geometry=polygon((-179, 0), (179, 0), (179, 1), (-179, 0))), "180 degrees"),
        ("feature", "no GeoJSON feature"),
        ({"type": "Feature", "properties": None, "geometry": None}, "no GeoJSON feature"),
    ],
)
def test_a_broken_feature_is_named_with_its_file(tmp_path, broken, words):
    write(tmp_path, feature(zone_id="fine"), broken, name="mine.geojson")
    with pytest.raises(ConfigError, match=words) as caught:
        reference.load_zones(tmp_path, REFERENCE)
    assert "mine.geojson, feature 2" in caught.value.message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "isn't JSON"),
        (b"{", "isn't JSON"),
        (b"\xff\xfe\x00", "isn't UTF-8"),
        (b"[" * 100_000, "isn't JSON"),
        (b"[]", "FeatureCollection"),
        (b'{"type": "FeatureCollection"}', "no list of features"),
        (
            b'{"type": "FeatureCollection", "features": [], "crs": {"name": "EPSG:3375"}}',
            "coordinate system",
        ),
    ],
)
def test_a_broken_file_is_named(tmp_path, content, words):
    (tmp_path / "mine.geojson").write_bytes(content)
    with pytest.raises(ConfigError, match=words) as caught:
        reference.load_zones(tmp_path, REFERENCE)
    assert "mine.geojson" in caught.value.message


def test_a_file_that_an_editor_of_windows_saved_is_read(tmp_path):
    """It begins with a mark of its encoding, and was refused as no JSON."""
    path = write(tmp_path, feature(zone_id="mine"), name="mine.geojson") / "mine.geojson"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert "mine" in set(reference.load_zones(tmp_path, REFERENCE).frame["zone_id"])


def test_one_zone_id_in_two_files(tmp_path):
    write(tmp_path, feature(), name="a.geojson")
    write(tmp_path, feature(), name="b.geojson")
    with pytest.raises(ConfigError, match=r"'a-zone' is used twice, in a.geojson and b.geojson"):
        reference.load_zones(tmp_path, REFERENCE)


def test_no_zones_folder(tmp_path):
    with pytest.raises(ConfigError, match="no zones folder"):
        reference.load_zones(tmp_path / "none", REFERENCE)


def test_missing_and_damaged_reference_layers(tmp_path):
    with pytest.raises(ConfigError, match=r"land.parquet can't be read"):
        reference.load_land(tmp_path)
    shutil.copytree(REFERENCE, tmp_path / "copy")
    copy = tmp_path / "copy"
    assert len(reference.load_land(copy))
    (copy / "land" / "land.parquet").write_bytes(b"PAR1 but not really")
    with pytest.raises(ConfigError, match=r"land.parquet is damaged"):
        reference.load_land(copy)
    (copy / "codes" / "mid.csv").write_bytes(b"mid,iso3\n\xff")
    with pytest.raises(ConfigError, match=r"mid.csv is damaged"):
        tables.load_mid(copy)


def test_a_changed_table_is_read_again(tmp_path):
    (tmp_path / "codes").mkdir()
    table = tmp_path / "codes" / "mid.csv"
    table.write_text("mid,iso2,iso3,name\n533,MY,MYS,Malaysia\n")
    assert tables.load_mid(tmp_path)["iso3"].tolist() == ["MYS"]
    table.write_text("mid,iso2,iso3,name\n533,XX,XXX,Somewhere else\n")
    assert tables.load_mid(tmp_path)["iso3"].tolist() == ["XXX"]


def test_zones_are_made_once_until_a_file_comes_changes_or_goes(tmp_path):
    write(tmp_path, feature())
    learned = tmp_path / "learned"
    one = reference.load_zones(tmp_path, REFERENCE, learned)
    assert reference.load_zones(tmp_path, REFERENCE) is one
    learned.mkdir()
    assert reference.load_zones(tmp_path, REFERENCE, learned) is one
    write(tmp_path, feature(name="Another"))
    assert "Another" in reference.load_zones(tmp_path, REFERENCE).frame["name"].tolist()
    write(tmp_path, feature(zone_id="b-zone"), name="b.geojson")
    assert "b-zone" in reference.load_zones(tmp_path, REFERENCE).frame["zone_id"].tolist()
    (tmp_path / "b.geojson").unlink()
    assert "b-zone" not in reference.load_zones(tmp_path, REFERENCE).frame["zone_id"].tolist()


def test_zones_frame_is_plain_text_columns(zones):
    text = pd.DataFrame(zones.frame).drop(
        columns=["geometry", "direction_deg", "licensed", "rules", "watches"]
    )
    assert {str(kind) for kind in text.dtypes} == {"str"}


def test_an_outline_of_too_many_points_is_refused_before_a_geometry_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr(features, "MAX_VERTICES", 6)
    few = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]
    fits = {"type": "Polygon", "coordinates": [few]}
    assert features.read_polygon(fits, "a zone").is_valid
    monkeypatch.setattr(features, "shape", lambda _: pytest.fail("a geometry was made"))
    for kind, coordinates in (("Polygon", [few, few]), ("MultiPolygon", [[few], [few]])):
        zone = feature(geometry={"type": kind, "coordinates": coordinates})
        with pytest.raises(ConfigError, match="more than 6 points"):
            reference.load_zones(write(tmp_path, zone), tmp_path / "none")
