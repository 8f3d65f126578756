"""Zones against the obvious: every point asked of every polygon, one by one."""

import pickle

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core.errors import FrameError
from detectors.kinematics import geodesy
from detectors.surroundings.zones import ZONE_COLUMNS, Zones

EVERYWHERE = shapely.box(-180, -90, 180, 90)


def zones_of(shapes, classes=None, land=(), reach=EVERYWHERE):
    frame = gpd.GeoDataFrame(
        {
            "zone_id": [f"zone-{k}" for k in range(len(shapes))],
            "name": "",
            "zone_class": classes or ["port"] * len(shapes),
            "source": "test",
            "confidence": "approximate",
        },
        geometry=list(shapes),
        crs=4326,
    )
    return Zones(frame, gpd.GeoDataFrame(geometry=list(land), crs=4326), reach)


def slow_members(shapes, lat, lon):
    """The oracle: no index, no preparation, three turns of the circle."""
    return [
        (i, k)
        for i in range(len(lat))
        for k, shape in enumerate(shapes)
        if np.isfinite(lat[i])
        and np.isfinite(lon[i])
        and any(
            shape.intersects(shapely.Point(lon[i] + turn, lat[i]))
            for turn in (-720, -360, 0, 360, 720)
        )
    ]


@st.composite
def star(draw):
    """A star-shaped polygon, maybe with a hole, maybe of two parts, anywhere on the globe."""
    x = draw(st.sampled_from([0.0, 101.25, 179.99, 180.0, -180.0, -179.999]))
    y = draw(st.sampled_from([0.0, 1.25, -0.01]))
    size = draw(st.sampled_from([0.001, 0.02, 0.3, 4.0]))
    n = draw(st.integers(3, 9))
    radii = draw(st.lists(st.floats(0.2, 1.0), min_size=n, max_size=n))
    angles = np.arange(n) * 2 * np.pi / n
    r = size * np.array(radii)
    ring = np.column_stack([x + r * np.cos(angles), y + r * np.sin(angles)])
    shape = shapely.Polygon(ring)
    if draw(st.booleans()):
        shape = shape.difference(shapely.box(x, y, x + size / 9, y + size / 9))
    if draw(st.booleans()):
        shape = shape.union(shapely.box(x + 2 * size, y, x + 3 * size, y + size))
    return shape


@st.composite
def scene(draw):
    """A few polygons, and points in them, around them, on their edges and corners, or NaN."""
    shapes = draw(st.lists(star(), min_size=1, max_size=5))
    corners = np.vstack([shapely.get_coordinates(shape) for shape in shapes])
    seed = draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    base = corners[random.integers(0, len(corners), 60)]
    spread = random.choice([0.0, 0.003, 0.1, 3.0], 60)[:, None]
    points = base + random.normal(0, 1, (60, 2)) * spread
    points[:20] = (base[:20] + corners[random.integers(0, len(corners), 20)]) / 2
    points[20:24] = np.round(points[20:24], 2)  # the edges of raster cells
    points[24] = np.nan
    points[25, 0] = np.inf
    return shapes, points[:, 1], points[:, 0]


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(scene())
def test_members_are_those_of_the_oracle(drawn):
    shapes, lat, lon = drawn
    point, row = zones_of(shapes).members(lat, lon)
    assert list(zip(point.tolist(), row.tolist(), strict=True)) == _settled(
        shapes, lat, lon, point, row
    )


def _settled(shapes, lat, lon, point, row):
    """The oracle's pairs, taking the answer's word for points within a rounding of an edge."""
    expected = set(slow_members(shapes, lat, lon))
    for pair in expected ^ set(zip(point.tolist(), row.tolist(), strict=True)):
        i, k = pair
        gap = min(
            shapely.boundary(shapes[k]).distance(shapely.Point(lon[i] + turn, lat[i]))
            for turn in (-360, 0, 360)
        )
        # Moving a shape or a point by a full turn rounds at 3e-14 degrees: 3 nanometres.
        assert gap < 1e-12, (pair, gap)
        assert shapes[k].bounds[0] < -180 or shapes[k].bounds[2] > 180 or abs(lon[i]) > 180
        expected ^= {pair}
    return sorted(expected)


@pytest.mark.slow
@given(scene(), st.permutations(range(60)))
@settings(max_examples=30, deadline=None)
def test_row_order_does_not_matter(drawn, order):
    shapes, lat, lon = drawn
    zones, order = zones_of(shapes), np.array(order)
    point, row = zones.members(lat, lon)
    shuffled, shuffled_row = zones.members(lat[order], lon[order])
    assert set(zip(order[shuffled], shuffled_row, strict=True)) == set(zip(point, row, strict=True))


def test_pairs_are_sorted_by_point_then_row():
    shapes = [shapely.box(0, 0, 2, 2), shapely.box(1, 1, 3, 3), shapely.box(0, 0, 9, 9)]
    point, row = zones_of(shapes).members([1.5, 50.0, 0.5, 2.5], [1.5, 0.0, 0.5, 2.5])
    assert point.tolist() == [0, 0, 0, 2, 2, 3, 3]
    assert row.tolist() == [0, 1, 2, 0, 2, 1, 2]


def test_a_boundary_belongs_to_both_neighbours():
    shapes = [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)]
    point, row = zones_of(shapes).members([0.5, 0.0], [1.0, 0.0])
    assert list(zip(point, row, strict=True)) == [(0, 0), (0, 1), (1, 0)]


def test_only_the_classes_asked_for():
    shapes = [shapely.box(0, 0, 2, 2), shapely.box(0, 0, 2, 2), shapely.box(0, 0, 2, 2)]
    zones = zones_of(shapes, ["port", "anchorage", "sts_area"])
    assert zones.members([1.0], [1.0], ("anchorage", "sts_area"))[1].tolist() == [1, 2]
    assert zones.within([1.0, 5.0], [1.0, 5.0], ("port",)).tolist() == [True, False]
    assert zones.within([1.0], [1.0], ("joint_area",)).tolist() == [False]
    assert zones.within([1.0], [1.0], ()).tolist() == [False]
    assert zones.id_of(2) == "zone-2"


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param(shapely.box(179, -1, 181, 1), id="beyond 180"),
        pytest.param(shapely.box(-181, -1, -179, 1), id="beyond -180"),
        pytest.param(
            shapely.MultiPolygon([shapely.box(179, -1, 180, 1), shapely.box(-180, -1, -179, 1)]),
            id="cut as GeoJSON asks",
        ),
    ],
)
def test_a_zone_across_the_antimeridian_is_one_however_it_is_written(shape):
    lon = np.array([179.5, 180.0, -180.0, -179.5, 180.5, -180.5, 178.5, -178.5, 0.0])
    inside = zones_of([shape]).within(np.zeros(9), lon, ("port",))
    assert inside.tolist() == [True] * 6 + [False] * 3


def test_points_on_land_and_in_reach():
    zones = zones_of([], land=[shapely.box(0, 0, 1, 1)], reach=shapely.box(-5, -5, 5, 5))
    assert zones.on_land([0.5, 3.0, np.nan], [0.5, 3.0, 0.5]).tolist() == [True, False, False]
    assert zones.reached([0.5, 9.0, np.nan], [0.5, 9.0, 0.5]).tolist() == [True, False, False]


def test_the_coasts_of_the_same_land_are_whose_it_says_there():
    """Coasts are made once for zones that have the same land: whose it is counts, too."""
    islands = [shapely.box(101, 2, 101.2, 2.2), shapely.box(103, 2, 103.2, 2.2)]
    near, told = ([2.1], [101.3]), {}
    for states in (["MYS", "IDN"], ["IDN", "MYS"], ["", "MYS"], None):
        about = {} if states is None else {"iso3": states}
        land = gpd.GeoDataFrame(about, geometry=islands, crs=4326)
        zones = Zones(Zones.none().frame, land, EVERYWHERE)
        for coasts in (zones.coasts, zones.shores):
            far = coasts.distance_m(*near)[:, 0].tolist()
            told[str(states)] = dict(zip(coasts.states, np.less(far, 15_000).tolist(), strict=True))
    assert told == {
        "['MYS', 'IDN']": {"IDN": False, "MYS": True},
        "['IDN', 'MYS']": {"IDN": True, "MYS": False},
        "['', 'MYS']": {"MYS": False},
        "None": {},
    }
    rock = shapely.Point(101.3, 2.1).buffer(1e-4)
    land = gpd.GeoDataFrame({"iso3": ["MYS"] * 2}, geometry=[islands[1], rock], crs=4326)
    zones = Zones(Zones.none().frame, land, EVERYWHERE)
    assert [bool(one.distance_m(*near) > 100_000) for one in (zones.coasts, zones.shores)] == [
        False,
        True,
    ]
    assert zones.near_land(*near, 100.0).all()


def test_no_zones_no_land_no_reach():
    zones = Zones.none()
    lat, lon = np.array([1.0, np.nan]), np.array([101.0, 101.0])
    assert [len(part) for part in zones.members(lat, lon)] == [0, 0]
    assert not zones.on_land(lat, lon).any()
    assert not zones.reached(lat, lon).any()
    assert not zones.near_land(lat, lon, 1e7).any()
    assert [len(part) for part in zones.members([], [])] == [0, 0]
    assert tuple(sorted(zones.frame.columns)) == tuple(sorted(ZONE_COLUMNS))


def test_frame_without_a_column_is_refused():
    with pytest.raises(FrameError, match="zone_class"):
        Zones(zones_of([]).frame.drop(columns="zone_class"), Zones.none().land, EVERYWHERE)


def test_pickled_without_its_indices_and_still_the_same():
    zones = zones_of([shapely.box(0, 0, 1, 1)], land=[shapely.box(2, 0, 3, 1)])
    before = len(pickle.dumps(zones))
    assert zones.within([0.5], [0.5], ("port",)).tolist() == [True]
    assert zones.near_land([0.5], [1.999], 200.0).tolist() == [True]
    text = pickle.dumps(zones)
    assert len(text) == before
    assert pickle.loads(text).within([0.5], [0.5], ("port",)).tolist() == [True]


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1.0, 30.0, 500.0, 20_000.0, np.inf]))
def test_distance_to_land_against_the_closest_point_of_the_coast(seed, within_m):
    random = np.random.default_rng(seed)
    x, y = random.choice([100.0, 179.99, -180.0]), random.uniform(-9, 9)
    land = [shapely.box(x, y, x + 0.05, y + 0.03), shapely.box(x + 0.1, y, x + 0.1002, y + 0.0001)]
    lat, lon = random.uniform(y - 0.1, y + 0.1, 40), random.uniform(x - 0.1, x + 0.2, 40)
    found = zones_of([], land=land).distance_to_land_m(lat, lon, within_m)
    for i in range(40):
        point = shapely.Point(lon[i], lat[i])
        # The oracle: the coast every 2 m.
        coast = shapely.get_coordinates(shapely.segmentize(shapely.union_all(land), 2 / 111_195))
        exact = geodesy.distance_m(lat[i], lon[i], coast[:, 1], coast[:, 0]).min()
        if any(shape.intersects(point) for shape in land):
            assert found[i] == 0
        elif np.isinf(found[i]):
            assert exact > within_m - 25.5
        else:
            assert exact - 1 <= found[i] <= exact + 25.5
            assert found[i] <= within_m


def test_distance_to_land_of_a_nan_is_nan():
    zones = zones_of([], land=[shapely.box(0, 0, 1, 1)])
    distance = zones.distance_to_land_m([np.nan, 0.5, 0.5], [0.5, 0.5, 2.0])
    assert np.isnan(distance[0])
    assert distance[1] == 0
    assert distance[2] == pytest.approx(111_191, rel=1e-4)
    assert zones.near_land([np.nan], [0.5], 1e6).tolist() == [False]


def test_coarser_cells_over_a_large_extent_stay_exact():
    random = np.random.default_rng(3)
    shapes = [
        shapely.Point(x, y).buffer(0.02)
        for x, y in random.uniform((-179, -80), (179, 80), (300, 2))
    ]
    near = np.repeat([shapely.centroid(s).coords[0] for s in shapes], 5, axis=0)
    near += random.normal(0, 0.015, near.shape)
    point, row = zones_of(shapes).members(near[:, 1], near[:, 0])
    tree = shapely.STRtree(shapes)
    expected = tree.query(shapely.points(near), predicate="intersects")
    assert sorted(zip(point, row, strict=True)) == sorted(zip(*expected, strict=True))
