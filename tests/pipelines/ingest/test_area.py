"""Areas: boxes, across the antimeridian, zones."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from detectors.core.errors import ConfigError
from detectors.surroundings.zones import ZONE_COLUMNS, Zones
from pipelines.ingest import Area


@pytest.fixture
def zones():
    triangle = shapely.Polygon([(100, 1), (102, 1), (100, 3)])
    rows = [
        ("port-a", "Port A", "port", "", "approximate", triangle),
        ("twin-1", "Twin", "port", "", "approximate", triangle),
        ("twin-2", "Twin", "port", "", "approximate", triangle),
    ]
    frame = gpd.GeoDataFrame(rows, columns=list(ZONE_COLUMNS), geometry="geometry", crs=4326)
    return Zones(frame, frame[["geometry"]], shapely.box(90, -10, 110, 10))


def inside(area, *points):
    lat, lon = np.array(points, float).T
    return area.contains(lat, lon).tolist()


def test_everywhere():
    area = Area.parse(" ALL ")
    assert area.text == "all"
    assert inside(area, (89, 179), (-89, -179)) == [True, True]


def test_box_with_its_edges():
    area = Area.parse("94, -1.50, 106, 9")
    assert area.text == "94,-1.5,106,9"
    points = [(0, 100), (9, 106), (-1.5, 94), (9.01, 100), (0, 93.99)]
    assert inside(area, *points) == [True, True, True, False, False]


def test_box_across_the_antimeridian():
    area = Area.parse("170,-20,-170,0")
    points = [(-10, 175), (-10, -175), (-10, 180), (-10, -180), (-10, 0), (-10, 169)]
    assert inside(area, *points) == [True, True, True, True, False, False]


@pytest.mark.parametrize("text", ["port-a", "PORT-A", "Port A"])
def test_zone_by_id_or_name(zones, text):
    area = Area.parse(text, zones)
    assert area.text.startswith("zone:port-a:")
    assert inside(area, (1.5, 100.5), (2.9, 101.9)) == [True, False]


def test_the_text_of_a_zone_changes_with_its_shape(zones):
    before = Area.parse("port-a", zones).text
    zones.frame.loc[0, "geometry"] = shapely.box(0, 0, 1, 1)
    assert Area.parse("port-a", zones).text != before


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nowhere",
        "1,2,3",
        "1,2,3,4,5",
        "94,9,106,-1.5",
        "94,-91,106,9",
        "200,0,201,1",
        "nan,0,1,1",
        "5,0,5,1",
        "Twin",
    ],
)
def test_what_is_no_area(zones, text):
    with pytest.raises(ConfigError) as error:
        Area.parse(text, zones)
    assert error.value.hint
