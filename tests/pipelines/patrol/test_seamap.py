"""Routes never cross land, exactly; and they are about as short as can be."""

from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import dijkstra

from detectors.kinematics import geodesy
from pipelines.base.settings import REFERENCE
from pipelines.patrol.route import MAX_LEG_M
from pipelines.patrol.seamap import LEG_M, SeaMap
from pipelines.reference import layers as reference
from tests.pipelines.patrol.conftest import BOX, small_land

inside = st.tuples(st.floats(BOX[1], BOX[3]), st.floats(BOX[0], BOX[2]))
relaxed = settings(
    max_examples=50,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def metres_from_land(lat, lon, land) -> float:
    """Distance of a line (lat, lon) to land: nearest points exactly, then on the sphere."""
    line = shapely.LineString(np.column_stack([lon, lat]))
    a, b = shapely.get_coordinates(shapely.shortest_line(line, land))
    return float(geodesy.distance_m(a[1], a[0], b[1], b[0]))


@relaxed
@given(inside, inside)
def test_no_leg_comes_near_land(sea, here, there):
    (lat1, lat2), (lon1, lon2), moved = sea.snap([here[0], there[0]], [here[1], there[1]])
    if not np.isfinite(moved).all():
        return
    route = sea.route(lat1, lon1, lat2, lon2)
    assert route is not None  # this sea is of one piece
    assert (route.lat[0], route.lon[0]) == (lat1, lon1)
    assert (route.lat[-1], route.lon[-1]) == (lat2, lon2)
    land = shapely.union_all(small_land())
    assert metres_from_land(route.lat, route.lon, land) >= sea.clearance_m * 0.99
    straight = float(geodesy.distance_m(lat1, lon1, lat2, lon2))
    estimate = float(sea.distances_m(lat1, lon1, [lat2], [lon2])[0])
    assert straight * 0.999 - 1 <= route.distance_m <= estimate * 1.001 + 1
    assert np.diff(route.along_m).max(initial=0.0) <= MAX_LEG_M * 1.001


def shortest_by_corners(a, b, land) -> float:
    """Slow oracle: the exact shortest way, over corners of buffered land that see each other."""
    corners = shapely.get_coordinates(land)
    points = np.vstack([[a[1], a[0]], [b[1], b[0]], corners])
    shrunk = land.buffer(-1e-9)  # a way may graze
    n = len(points)
    legs = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1, n):
            if not shapely.LineString([points[i], points[j]]).intersects(shrunk):
                legs[i, j] = geodesy.distance_m(
                    points[i, 1], points[i, 0], points[j, 1], points[j, 0]
                )
    return float(dijkstra(legs, directed=False, indices=0)[1])


@pytest.mark.parametrize(
    ("here", "there"),
    [((2.5, 100.2), (2.5, 101.5)), ((3.5, 101.5), (3.5, 101.75)), ((2.6, 100.2), (2.6, 100.6))],
)
def test_routes_are_about_as_short_as_can_be(sea, here, there):
    degree_m = np.pi / 180 * geodesy.EARTH_RADIUS_M
    buffered = (
        shapely.union_all(small_land())
        .buffer(sea.clearance_m / degree_m, join_style="mitre")
        .simplify(1e-5)
    )
    shortest = shortest_by_corners(here, there, buffered)
    route = sea.route(*here, *there)
    assert route.distance_m <= shortest * 1.02
    assert route.distance_m >= shortest * 0.995


def test_legs_told_by_blocks_are_as_by_the_outlines(sea):
    random = np.random.default_rng(7)
    length = np.repeat([2.0, 0.3, 0.05, 0.01], 500)
    lat, lon = random.uniform(1.9, 4.1, 2000), random.uniform(99.9, 102.1, 2000)
    on_grid = random.random(2000) < 0.3  # the sides and corners of blocks, and legs along them
    lat[on_grid], lon[on_grid] = (np.round(a[on_grid] / 0.04) * 0.04 for a in (lat, lon))
    to_lat, to_lon = (a + length * random.normal(size=2000) for a in (lat, lon))
    to_lat[on_grid[::-1]] = lat[on_grid[::-1]]
    degree_m = np.pi / 180 * geodesy.EARTH_RADIUS_M * np.cos(np.radians(BOX[3]))
    near = shapely.union_all(small_land()).buffer(sea.clearance_m / degree_m)
    ends = np.stack([np.column_stack([lon, lat]), np.column_stack([to_lon, to_lat])], 1)
    legs = shapely.linestrings(ends)
    inside = shapely.covers(shapely.box(*BOX), legs)
    seen = sea.sees(lat, lon, to_lat, to_lon)
    assert not (seen & ~inside).any()
    assert not (seen & shapely.intersects(legs, near.buffer(-1e-4))).any()
    hidden = inside & ~seen
    assert shapely.intersects(legs[hidden], near.buffer(1e-3)).all()
    assert min(seen.sum(), hidden.sum()) > 200


def test_places_that_see_each_other_are_joined_by_a_line(sea):
    route = sea.route(2.2, 101.1, 2.7, 101.6)
    assert len(route.lat) == 2


def test_land_and_far_places_have_no_way(sea):
    lat, lon, moved = sea.snap([2.6, 3.0, np.nan], [100.4, 104.0, 101.0])
    assert np.isnan(lat).all()
    assert np.isnan(lon).all()
    assert np.isnan(moved).all()
    assert sea.route(2.6, 100.4, 2.2, 101.1) is None
    assert sea.route(np.nan, 100.4, 2.2, 101.1) is None
    assert np.isinf(sea.distances_m(2.6, 100.4, [2.2], [101.1])).all()
    assert np.isinf(sea.distances_m(2.2, 101.1, [2.6, np.nan], [100.4, 100.0])).all()


def test_a_place_by_the_shore_is_moved_to_free_water(sea):
    lat, lon, moved = sea.snap([2.5], [100.951])
    assert 0 < moved[0] < 1500
    land = shapely.union_all(small_land())
    assert not shapely.Point(lon[0], lat[0]).buffer(0.001).intersects(land)


def test_a_closed_lagoon_is_no_water_to_sail_in():
    wall = shapely.box(101.0, 3.0, 101.4, 3.4) - shapely.box(101.19, 3.19, 101.21, 3.21)
    sea = SeaMap([wall], BOX)
    _, _, moved = sea.snap([3.2], [101.2])
    assert np.isnan(moved).all()


def test_no_land_at_all():
    sea = SeaMap([], BOX)
    assert len(sea.route(2.1, 100.1, 3.9, 101.9).lat) >= 2


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((103.2, 0.8, 104.4, 1.8), id="singapore"),
        pytest.param((100.6, 0.6, 104.4, 3.4), id="southern", marks=pytest.mark.prove),
    ],
)
def strait(request):
    """The real coast of a part of the Strait, cut out."""
    box = request.param
    land = reference.load_land(REFERENCE).geometry.to_numpy()
    land = land[shapely.intersects(land, shapely.box(*box))]
    return SeaMap(land, box), land, box


@pytest.mark.slow
def test_routes_along_the_real_coast_keep_clear_of_it(strait):
    sea, land, box = strait
    random = np.random.default_rng(5)
    lat, lon = random.uniform(box[1], box[3], 400), random.uniform(box[0], box[2], 400)
    lat, lon, moved = sea.snap(lat, lon)
    good = np.flatnonzero(np.isfinite(moved))[:16]
    whole = shapely.union_all(shapely.make_valid(land))
    shapely.prepare(whole)
    found = 0
    for a, b in pairwise(good):
        route = sea.route(lat[a], lon[a], lat[b], lon[b])
        if route is None:
            continue
        found += 1
        line = shapely.LineString(np.column_stack([route.lon, route.lat]))
        assert not line.intersects(whole)
        assert metres_from_land(route.lat, route.lon, whole) >= sea.clearance_m * 0.99
    assert found >= 12


@pytest.mark.slow
def test_a_straight_way_has_no_points_on_it(strait):
    """Along a meridian, where the parts of a leg add up to less than it by the last digit."""
    sea, _, _ = strait
    route = sea.route(1.32125, 103.55375, 1.38625, 103.41625)
    lat, lon = route.lat, route.lon
    before, at, after = ((lat[i : len(lat) - 2 + i], lon[i : len(lon) - 2 + i]) for i in range(3))
    detour_m = geodesy.distance_m(*before, *at) + geodesy.distance_m(*at, *after)
    detour_m -= geodesy.distance_m(*before, *after)
    assert not (sea.sees(*before, *after) & (detour_m < LEG_M)).any()
