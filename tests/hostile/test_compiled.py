"""Compiled loops: what they write lies within what they made room for, whatever they are given.

They look at no index, so that each test runs them as they are written, not compiled, too.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from detectors.encounter import hanging
from detectors.kinematics import cubes, near, nearest, ticks
from detectors.surroundings import raster
from detectors.surroundings.polygons import PolygonIndex

SECOND = 1_000_000
ODD = [0.0, -0.0, 90.0, -90.0, 180.0, -180.0, 179.9999, 1e-9, np.nan, np.inf, -np.inf]
places = st.one_of(st.sampled_from(ODD), st.floats(-180, 180))
reports = st.lists(st.tuples(st.integers(0, 2), st.integers(-900, 9000), places, places))
MODULES = (cubes, hanging, near, nearest, ticks, raster)


@pytest.fixture(autouse=True, scope="module")
def _looked_at() -> Iterator[None]:
    """Run what is compiled as Python, in which an index beyond an array is an error."""
    with pytest.MonkeyPatch.context() as patched:
        for module in MODULES:
            for name, one in vars(module).copy().items():
                if hasattr(one, "py_func"):
                    patched.setattr(module, name, one.py_func)
        with np.errstate(all="ignore"):
            yield


def columns(rows: list[tuple[int, int, float, float]]) -> tuple[Any, ...]:
    track, time, lat, lon = zip(*rows, strict=True) if rows else ((), (), (), ())
    whole = (np.array(one, "int64") for one in (track, time))
    numbers = (np.array(one, "float64") for one in (lat, lon))
    found = *whole, *numbers
    return found[0], found[1] * SECOND, found[2], found[3]


@given(reports)
def test_a_grid_has_room_for_each_tick(rows: list[tuple[int, int, float, float]]) -> None:
    """Also of reports that come in no order, which none should."""
    track, time_us, lat, lon = columns(rows)
    n = ticks.count(track, time_us, 60 * SECOND, 3600 * SECOND)
    assert n >= 0
    to = *(np.full(n, -1) for _ in range(3)), *(np.empty(n) for _ in range(3))
    ticks.fill(track, time_us, lat, lon, 60 * SECOND, 3600 * SECOND, to)
    assert (to[2] >= 0).all()  # all of it is filled


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 40), st.integers(0, 5)), max_size=12))
def test_rafts_have_room_for_each_run(rows: list[tuple[int, int, int]]) -> None:
    """Who hangs together at the end of a run ends no earlier than is remembered."""
    columns_of = zip(*rows, strict=True) if rows else ((), (), ())
    begin, lasting, left = (np.array(one, "int64") for one in columns_of)
    end = begin + lasting
    root, since = hanging.oldest(begin, end, left, left + 1, 20, 3)
    linked = np.flatnonzero(root >= 0)
    assert (end[root[linked]] >= end[linked] - 20).all()
    assert (since[linked] <= end[linked] + 1).all()


@given(reports.filter(lambda rows: all(np.isfinite(row[2:]).all() for row in rows)))
def test_pairs_have_room_for_each(rows: list[tuple[int, int, float, float]]) -> None:
    """Also where all are at one place at one tick."""
    mmsi, time_us, lat, lon = columns(rows)
    i, j = near.pairs((lat, lon, time_us // (600 * SECOND)), 500.0, whose=mmsi)
    assert (mmsi[i] < mmsi[j]).all()
    n = len(rows)
    here = np.full(3 * n + 60, 1.0)
    i, j = near.pairs((here, here, np.zeros(len(here), "int64")), 500.0)
    assert len(i) == len(here) * (len(here) - 1) // 2


@given(reports.filter(lambda rows: all(np.isfinite(row[2:]).all() for row in rows)))
def test_cubes_have_room_for_each_place(rows: list[tuple[int, int, float, float]]) -> None:
    track, time_us, lat, lon = columns(sorted(rows, key=lambda row: row[0]))
    bounds = np.searchsorted(track, np.arange(4))
    vessel = np.arange(3, dtype=np.int32)
    slots = cubes.Slots(0, 900 * SECOND, 4)
    asked = [cubes.Ticks(slow_m, pause, 100.0) for slow_m, pause in ((np.inf, 0), (500.0, 3))]
    tracks = cubes.Tracks(bounds, vessel, time_us, lat, lon)
    for whose, key in cubes.keys(tracks, (60 * SECOND, 3600 * SECOND), asked, slots):
        assert len(whose) == len(key)
        assert (key >= 0).all()


@given(
    st.lists(st.tuples(*[st.floats(-1, 1)] * 3), max_size=40),
    st.lists(st.tuples(*[st.one_of(st.sampled_from(ODD), st.floats(-1, 1))] * 3), max_size=8),
    st.sampled_from([0.0, 0.1, 4.0]),
)
def test_the_nearest_is_found_after_a_place_that_is_none(
    points: list[Any], asked: list[Any], within: float
) -> None:
    there = np.array(points, "float64").reshape(-1, 3)
    at = np.array(asked, "float64").reshape(-1, 3)
    chord, row = nearest.Nearest(there).to(at, within)
    apart = np.sqrt(((at[:, None] - there) ** 2).sum(axis=2)).min(axis=1, initial=np.inf)
    known = np.isfinite(at).all(axis=1)
    assert (row[~known] == -1).all()
    near = known & (apart < within * (1 - 1e-9))
    np.testing.assert_allclose(chord[near], apart[near], rtol=1e-9, atol=1e-150)
    assert np.isinf(chord[~(apart <= within * (1 + 1e-9))]).all()


SHAPES: dict[str, Callable[[], shapely.Geometry]] = {
    "a box across the antimeridian": lambda: shapely.box(179, -1, 181, 1),
    "the world": lambda: shapely.box(-180, -90, 180, 90),
    "a pole": lambda: shapely.box(-180, 89, 180, 90),
    "nothing": shapely.Polygon,
    "a sliver": lambda: shapely.Polygon([(0, 0), (1, 1), (0, 0)]),
    "a point": lambda: shapely.Polygon([(0, 0)] * 4),
    "a bow": lambda: shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]),
    "a hole": lambda: shapely.box(0, 0, 1, 1) - shapely.box(0.25, 0.25, 0.75, 0.75),
    "smaller than a cell, and far away": lambda: shapely.MultiPolygon(
        [shapely.box(0, 0, 1e-12, 1e-12), shapely.box(170, 80, 170.01, 80.01)]
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_points_in_polygons_of_any_shape(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detectors.surroundings.polygons._MAX_CELLS", 2000)
    shapes = [SHAPES[name](), shapely.box(100, 1, 101, 2)]
    index = PolygonIndex(shapes)
    corners = shapely.get_coordinates(shapes)
    lon, lat = (np.r_[axis, np.repeat(ODD, len(ODD)), np.tile(ODD, len(ODD))] for axis in corners.T)
    lat[-(len(ODD) ** 2) :] = np.repeat(ODD, len(ODD))
    point, polygon = index.pairs(lat, lon)
    known = np.isfinite(lat) & np.isfinite(lon)
    turned = [lon, lon - 360, lon + 360]
    for k, one in enumerate(shapes):
        inside = known & np.any([shapely.intersects_xy(one, x, lat) for x in turned], axis=0)
        assert sorted(point[polygon == k].tolist()) == np.flatnonzero(inside).tolist()
    np.testing.assert_array_equal(index.any(lat, lon), np.isin(np.arange(len(lat)), point))


def test_who_asks_for_other_polygons_than_there_are_is_told() -> None:
    """The look-up would read beyond what it was given."""
    index = PolygonIndex([shapely.box(0, 0, 1, 1)] * 2)
    with pytest.raises(ValueError, match="1 bools for 2 polygons"):
        index.pairs([0.5], [0.5], np.array([True]))
