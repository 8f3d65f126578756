"""Folders of reference layers for other waters than the Straits."""

import json
import warnings
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from detectors.core.errors import ConfigError
from detectors.kinematics import geodesy
from pipelines.base.settings import load
from pipelines.reference import layers as reference
from pipelines.reference.make import make
from pipelines.reference.make.folder import parse_bbox

BOX = (23.0, 37.0, 25.0, 38.0)
ISLAND = shapely.Point(24.0, 37.5).buffer(0.2, quad_segs=64)


def a_file(path: Path, shapes: list[shapely.Geometry], crs: int | None = 4326, **columns) -> Path:
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=crs)
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        with warnings.catch_warnings(action="ignore"):  # it has no coordinate system, as meant
            frame.to_file(path)
    return path


def as_zip(shp: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for one in shp.parent.glob(f"{shp.stem}.*"):
            archive.write(one, f"land-polygons/{one.name}")
    return path


@pytest.fixture
def zones_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "zones"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("ending", ["geojson", "shp", "gpkg", "parquet", "zip"])
def test_a_folder_is_made_from_each_format_and_read_as_the_straits_own(
    tmp_path: Path, zones_dir: Path, ending: str
) -> None:
    (tmp_path / "in").mkdir()
    written = tmp_path / "in" / f"land.{'shp' if ending == 'zip' else ending}"
    land = a_file(written, [ISLAND, shapely.box(40, 40, 41, 41)], iso3=["GRC", "XXX"])
    if ending == "zip":
        land = as_zip(land, tmp_path / "land.zip")
    made = make(tmp_path / "out", land, BOX)
    zones = reference.load_zones(zones_dir, made.folder)
    assert zones.on_land([37.5, 37.9, 40.5], [24.0, 24.9, 40.5]).tolist() == [True, False, False]
    assert zones.reached([37.5, 36.9], [24.0, 24.0]).tolist() == [True, False]
    assert zones.coasts.states == ("GRC",)
    assert reference.load_gazetteer(made.folder).describe(37.5, 24.0)
    assert len(reference.landing_points(made.folder)) == 0


def test_no_coast_moves_by_more_than_the_tolerance(tmp_path: Path) -> None:
    land = a_file(tmp_path / "land.gpkg", [ISLAND])
    made = make(tmp_path / "out", land, BOX, tolerance_m=200)
    assert made.land.points < made.land.points_before
    simplified = made.land.frame.geometry.iloc[0]
    lon, lat = shapely.get_coordinates(ISLAND).T
    near = shapely.get_coordinates(
        shapely.line_interpolate_point(
            simplified.exterior,
            shapely.line_locate_point(simplified.exterior, shapely.points(lon, lat)),
        )
    )
    assert geodesy.distance_m(lat, lon, near[:, 1], near[:, 0]).max() <= 200


def test_a_box_across_the_antimeridian(tmp_path: Path, zones_dir: Path) -> None:
    shapes = [shapely.box(179, -18, 180, -16), shapely.box(-180, -18, -179, -16)]
    land = a_file(tmp_path / "land.gpkg", shapes)
    made = make(tmp_path / "out", land, parse_bbox("177,-19,-178,-15"))
    assert len(made.land.frame) == 1  # the cut along the antimeridian is no coast
    zones = reference.load_zones(zones_dir, made.folder)
    assert zones.on_land([-17] * 4, [179.5, -179.5, 180, -178.5]).tolist() == [True] * 3 + [False]
    assert zones.reached([-17] * 4, [179.5, -178.1, -177.9, 0]).tolist() == [
        True,
        True,
        False,
        False,
    ]


def test_an_outline_that_crosses_itself_is_mended_and_counted(tmp_path: Path) -> None:
    bow = shapely.Polygon([(23.2, 37.2), (23.8, 37.8), (23.8, 37.2), (23.2, 37.8)])
    made = make(tmp_path / "out", a_file(tmp_path / "land.gpkg", [bow]), BOX)
    assert made.land.mended == 1
    assert made.land.frame.geometry.is_valid.all()
    assert np.isclose(shapely.area(made.land.frame.geometry.to_numpy()).sum(), 0.18, rtol=1e-3)


def test_boundaries_and_places_of_others(tmp_path: Path, zones_dir: Path) -> None:
    land = a_file(tmp_path / "land.gpkg", [ISLAND])
    lines = a_file(
        tmp_path / "lines.geojson",
        [shapely.LineString([(23, 37.1), (25, 37.1)])],
        left=["GRC"],
        right=["TUR"],
        kind=["territorial_sea"],
    )
    places = tmp_path / "places.csv"
    places.write_text("name,lat,lon,kind\nSyros,37.44,24.94,port\n", encoding="utf-8")
    made = make(tmp_path / "out", land, BOX, boundaries=lines, places=places)
    zones = reference.load_zones(zones_dir, made.folder)
    assert len(zones.boundaries.frame) == 1
    assert reference.load_gazetteer(made.folder).describe(37.44, 24.94) == "off Syros"


@pytest.mark.parametrize(
    ("shapes", "crs", "columns", "said"),
    [
        ([shapely.LineString([(23, 37), (24, 38)])], 4326, {}, "not polygons"),
        ([shapely.box(500_000, 4_000_000, 600_000, 4_100_000)], 32635, {}, "projected"),
        ([shapely.box(500_000, 4_000_000, 600_000, 4_100_000)], None, {}, "projected"),
        ([shapely.box(37.2, 23.5, 37.6, 24.5)], 4326, {}, "latitude before longitude"),
        ([shapely.box(37.2, 120.5, 37.6, 121.5)], None, {}, "latitude before longitude"),
        ([shapely.box(1, 1, 2, 2)], 4326, {}, "no land in the box"),
        ([shapely.box(20, 30, 30, 40)], 4326, {}, "no sea in the box"),
        ([shapely.box(-40, -10, 40, 45)], 4326, {}, "middle of an ocean"),
        ([ISLAND], 4326, {"featurecla": ["Lake"]}, "water"),
        ([ISLAND], 4326, {"level": [2], "source": ["WVS"]}, "another level"),
    ],
)
def test_what_is_no_land_is_refused_and_leaves_nothing(
    tmp_path: Path, shapes: list, crs: int | None, columns: dict, said: str
) -> None:
    land = a_file(tmp_path / "land.gpkg", shapes, crs, **columns)
    with pytest.raises(ConfigError, match=said):
        make(tmp_path / "out", land, BOX)
    assert [one.name for one in tmp_path.iterdir()] == ["land.gpkg"]


def test_of_several_layers_none_is_taken_for_the_one_that_is_meant(tmp_path: Path) -> None:
    """The first was taken: water, as land. A table without shapes is no layer."""
    land = a_file(tmp_path / "land.gpkg", [ISLAND], iso3=["GRC"])
    pyogrio.write_dataframe(pd.DataFrame({"style": ["x"]}), land, layer="styles", append=True)
    assert len(make(tmp_path / "out", land, BOX).land.frame) == 1
    water = gpd.GeoDataFrame(geometry=[shapely.box(*BOX)], crs=4326)
    water.to_file(land, layer="water")
    with pytest.raises(ConfigError, match="2 layers, not one: land, water"):
        make(tmp_path / "two", land, BOX)


def test_degrees_of_another_datum_are_turned_into_those_of_wgs84(tmp_path: Path) -> None:
    """Greek degrees of 1987 lie 240 m off, and their column is called in capitals."""
    told = gpd.GeoDataFrame({"ISO3": ["GRC"]}, geometry=[ISLAND], crs=4326).to_crs(4121)
    land = a_file(tmp_path / "land.gpkg", list(told.geometry), 4121, ISO3=told["ISO3"])
    made = make(tmp_path / "out", land, BOX, tolerance_m=0).land.frame
    assert made["iso3"].tolist() == ["GRC"]
    assert shapely.hausdorff_distance(made.geometry[0], ISLAND) < 1e-6
    assert shapely.hausdorff_distance(told.geometry[0], ISLAND) > 1e-3


@pytest.mark.parametrize("text", ["", "1,2,3", "a,b,c,d", "1,2,1,3", "1,3,2,2", "nan,1,2,3"])
def test_a_box_that_is_none(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_bbox(text)


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(ConfigError, match="there already"):
        make(tmp_path / "out", a_file(tmp_path / "land.gpkg", [ISLAND]), BOX)


def test_the_setting_names_the_folder_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("reference: waters\n", encoding="utf-8")
    assert load(tmp_path / "home", tmp_path).reference == tmp_path / "waters"


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"bbox": [1, 2]}', json.dumps({"bbox": [1, 9, 2, 3]})]
)
def test_a_reach_that_is_none_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "reach.json").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"reach\.json"):
        reference.load_reach(tmp_path)
