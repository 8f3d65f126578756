"""Boundary lines against the obvious: every step held against every line, one by one."""

import pickle

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core.errors import FrameError
from detectors.kinematics import geodesy
from detectors.surroundings import boundaries
from detectors.surroundings.boundaries import BOUNDARY_COLUMNS, Boundaries

MINUTE_US = 60_000_000


def lines_of(*shapes):
    frame = gpd.GeoDataFrame(
        {
            "boundary_id": [f"line-{k}" for k in range(len(shapes))],
            "name": "line",
            "boundary_class": "territorial_sea",
            "left": "left",
            "right": "right",
            "source": "test",
            "confidence": "approximate",
        },
        geometry=list(shapes),
        crs=4326,
    )
    return Boundaries(frame)


def slow_cuts(shapes, lat, lon):
    """The oracle: (line, step) of each crossing of general position, by shapely."""
    found = []
    for k, shape in enumerate(shapes):
        for i in range(len(lat) - 1):
            step = shapely.LineString([(lon[i], lat[i]), (lon[i + 1], lat[i + 1])])
            cut = shapely.get_coordinates(shapely.intersection(step, shape))
            found += [(k, i)] * len(cut)
    return found


degrees = st.floats(-0.5, 0.5)
points = st.lists(st.tuples(degrees, degrees), min_size=2, max_size=8, unique=True)


@settings(max_examples=60, deadline=None)
@given(
    shapes=st.lists(points, min_size=1, max_size=3),
    way=points,
    seed=st.integers(0, 999),
    x=st.sampled_from([0.0, 101.0, 179.9]),
    size=st.sampled_from([1.0, 0.03]),
)
def test_cuts_are_those_of_the_oracle(shapes, way, seed, x, size):
    rng = np.random.default_rng(seed)  # to general position
    shapes, way = (
        [np.array(s) * size + rng.normal(0, 1e-3, (len(s), 2)) for s in part]
        for part in (shapes, [way])
    )
    way = way[0]
    if x > 179.0:  # lines end at the antimeridian, ways pass it
        shapes = [np.column_stack([-np.abs(s[:, 0]), s[:, 1]]) for s in shapes]
    lines = [shapely.LineString(np.add(s, (x, 3.0))) for s in shapes]
    lon, lat = way[:, 0] + x, way[:, 1] + 3.0
    found = lines_of(*lines).cuts(lat, lon, np.ones(len(lat) - 1, bool))
    turned = lines_of(*lines).cuts(lat, lon + 360.0, np.ones(len(lat) - 1, bool))
    assert list(zip(found.row, found.step, strict=True)) == slow_cuts(lines, lat, lon)
    assert list(turned.step) == list(found.step)
    for row, step, fraction in zip(found.row, found.step, found.fraction, strict=True):
        at = shapely.Point(
            lon[step] + fraction * (lon[step + 1] - lon[step]),
            lat[step] + fraction * (lat[step + 1] - lat[step]),
        )
        assert at.distance(lines[row]) < 1e-9


def test_a_vertex_or_a_report_on_the_line_is_cut_once():
    bent = lines_of(shapely.LineString([(0, -1), (0, 0), (0.5, 1)]))
    through_the_vertex = bent.cuts(np.zeros(2), np.array([-0.1, 0.1]), np.ones(1, bool))
    assert list(through_the_vertex.step) == [0]
    straight = lines_of(shapely.LineString([(0, -1), (0, 1)]))
    over_a_report = straight.cuts(np.zeros(3), np.array([-0.1, 0.0, 0.1]), np.ones(2, bool))
    assert len(over_a_report.step) == 1
    touched = straight.cuts(np.zeros(3), np.array([-0.1, 0.0, -0.1]), np.ones(2, bool))
    assert len(touched.step) in (0, 2)


def test_it_says_which_hand_it_went_to():
    north = lines_of(shapely.LineString([(101.0, 0.0), (101.0, 5.0)]))
    west = north.cuts(np.full(2, 3.0), np.array([101.1, 100.9]), np.ones(1, bool))
    east = north.cuts(np.full(2, 3.0), np.array([100.9, 101.1]), np.ones(1, bool))
    assert list(west.to_left) == [True]
    assert list(east.to_left) == [False]


def test_over_the_antimeridian():
    line = lines_of(shapely.LineString([(-179.9, -1), (-179.9, 1)]))
    cut = line.cuts(np.zeros(2), np.array([179.9, -179.8]), np.ones(1, bool))
    assert cut.fraction == pytest.approx([2 / 3])
    assert list(cut.to_left) == [False]


@settings(max_examples=40, deadline=None)
@given(points=st.lists(st.tuples(degrees, degrees), min_size=1, max_size=30))
def test_beside_is_within_that_distance(points):
    line = shapely.LineString([(101.0, 2.9), (101.3, 3.2)])
    lon, lat = np.array(points).T + np.array([[101.0], [3.0]])
    near = np.zeros(len(lat), bool)
    near[lines_of(line).beside(lat, lon, 5000.0)[0]] = True
    dense = shapely.get_coordinates(shapely.segmentize(line, 1e-4))
    away_m = geodesy.distance_m(lat[:, None], lon[:, None], dense[:, 1], dense[:, 0]).min(axis=1)
    assert near[away_m < 4900].all()
    assert not near[away_m > 5100].any()


def passed(lon, minutes=None, *, max_beside_s=21_600, beside_m=1000.0, line_lon=101.0):
    """Passages of one track along 3 N over a line that goes north."""
    lon = np.asarray(lon, "float64")
    time = np.arange(len(lon)) if minutes is None else np.asarray(minutes)
    return boundaries.passages(
        lines_of(shapely.LineString([(line_lon, 0.0), (line_lon, 6.0)])),
        np.ones(len(lon), "int64"),
        time.astype("int64") * MINUTE_US,
        np.full(len(lon), 3.0),
        lon,
        beside_m=beside_m,
        max_beside_s=max_beside_s,
    )


def test_a_passage_is_from_clear_to_clear_and_lies_at_the_last_cut():
    found = passed([100.9, 100.995, 101.002, 100.998, 101.003, 101.1])
    assert list(found.step) == [3]
    assert list(found.cuts) == [3]
    assert (list(found.before), list(found.after)) == ([0], [5])
    assert list(found.to_left) == [False]


def test_who_comes_back_or_never_was_clear_has_not_passed():
    assert len(passed([100.9, 101.002, 100.998, 101.002, 100.9]).step) == 0
    assert len(passed([100.998, 101.002, 101.1]).step) == 0, "not clear before"
    assert len(passed([100.9, 100.998, 101.002]).step) == 0, "not clear yet"


def test_who_works_on_the_line_for_long_has_not_passed():
    lon, minutes = [100.9, 100.998, 101.002, 101.1], [0, 10, 20, 90]
    assert len(passed(lon, minutes).step) == 1
    assert len(passed(lon, minutes, max_beside_s=3600).step) == 0
    assert len(passed([100.9, 101.1], [0, 90], max_beside_s=3600).step) == 1, "a silence"


def test_tracks_and_lines_stay_apart():
    track = np.array([1, 1, 2, 2], "int64")
    time = np.arange(4, dtype="int64") * MINUTE_US
    lon = np.array([100.9, 100.95, 101.05, 101.1])
    line = shapely.LineString([(101.0, 0.0), (101.0, 6.0)])
    options = {"beside_m": 1000.0, "max_beside_s": 3600}
    apart = boundaries.passages(lines_of(line), track, time, np.full(4, 3.0), lon, **options)
    assert len(apart.step) == 0
    track[:] = 1
    both = boundaries.passages(
        lines_of(line, shapely.transform(line, lambda xy: np.add(xy, (0.001, 0)))),
        track,
        time,
        np.full(4, 3.0),
        lon,
        **options,
    )
    assert list(both.row) == [0, 1]


def test_it_is_pickled_without_its_indices():
    line = lines_of(shapely.LineString([(101.0, 0.0), (101.0, 6.0)]))
    line.beside(np.array([3.0]), np.array([101.0]), 1000.0)
    again = pickle.loads(pickle.dumps(line))
    cut = again.cuts(np.full(2, 3.0), np.array([100.9, 101.1]), np.ones(1, bool))
    assert len(cut.step) == 1


def test_it_names_what_is_missing():
    with pytest.raises(FrameError, match="left"):
        Boundaries(lines_of().frame.drop(columns="left"))
    assert list(Boundaries.none().frame.columns) == list(BOUNDARY_COLUMNS)


def test_of_many_steps_are_cut_those_that_are_cut_alone():
    rng = np.random.default_rng(2)
    lines = lines_of(*(shapely.LineString(rng.uniform(0, 1, (4, 2))) for _ in range(3)))
    lat, lon = rng.uniform(0, 1, 40).repeat(50) + np.cumsum(rng.normal(0, 3e-3, (2, 2000)), axis=1)
    lat[777] = np.nan
    asked = np.ones(1999, bool)
    asked[49::50] = False
    found = lines.cuts(lat, lon, asked)
    each = [lines.cuts(lat[i : i + 2], lon[i : i + 2], asked[i : i + 1]) for i in range(1999)]
    alone = [(row, i) for i, cut in enumerate(each) for row in cut.row.tolist()]
    assert len(alone) > 30
    assert sorted(zip(found.row.tolist(), found.step.tolist(), strict=True)) == sorted(alone)
