"""Tracks as lines, and over the antimeridian."""

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st

from detectors.core import frames
from detectors.kinematics import geodesy
from pipelines.publish.lines import track_lines
from tests.making import reports


def tracks(*parts: tuple[int, list[tuple[float, float]]]) -> pd.DataFrame:
    start = pd.Timestamp("2026-11-20T16:00Z")
    rows = [(mmsi, i, *place) for mmsi, points in parts for i, place in enumerate(points)]
    mmsi, minute, lon, lat = (np.array(column) for column in zip(*rows, strict=True))
    time = start + pd.to_timedelta(minute, unit="min")
    return reports(frames.TRACKED, mmsi=mmsi, time=time, lat=lat, lon=lon)


def test_a_track_is_a_line_and_a_single_report_a_point() -> None:
    lines = track_lines(tracks((533000001, [(103, 1), (104, 2)]), (533000002, [(100, 3)])))
    assert [g.wkt for g in lines.geometry] == ["LINESTRING (103 1, 104 2)", "POINT (100 3)"]
    assert list(lines["n_reports"]) == [2, 1]
    assert list(lines["mmsi"]) == [533000001, 533000002]


def test_a_vessel_that_says_one_place_all_night_is_a_point() -> None:
    """A line through one place is none: GeoJSON's readers call it invalid, KML wants two."""
    lying = [(103.0, 1.0), (103.0, 1.0000001), (103.0, 1.0)]
    lines = track_lines(tracks((533000001, lying), (533000002, [(103, 1), (103, 1.00001)])))
    assert [g.geom_type for g in lines.geometry] == ["Point", "LineString"]
    assert list(lines["n_reports"]) == [3, 2]


def test_no_tracks_no_lines() -> None:
    assert track_lines(frames.empty(frames.TRACKED)).empty


@pytest.mark.parametrize("turn", [1, -1])
def test_a_crossing_is_cut_on_the_meridian(turn: int) -> None:
    points = [(179 * turn, 0.0), (-179 * turn, 2.0), (-178 * turn, 2.0)]
    line = track_lines(tracks((533000001, points))).geometry.iloc[0]
    expected = [[[179, 0], [180, 1]], [[-180, 1], [-179, 2], [-178, 2]]]
    got = [(shapely.get_coordinates(part) * [turn, 1]).tolist() for part in line.geoms]
    assert got == expected


@given(
    st.lists(st.tuples(st.floats(-400, 400), st.floats(-80, 80)), min_size=2, max_size=12),
    st.floats(-180, 180),
)
def test_no_part_crosses_and_no_length_is_lost(
    steps: list[tuple[float, float]], start: float
) -> None:
    lon = geodesy.wrap_lon(start + np.cumsum([dlon / 10 for dlon, _ in steps]))
    lat = np.array([dlat for _, dlat in steps])
    line = track_lines(tracks((533000001, list(zip(lon, lat, strict=True))))).geometry.iloc[0]
    assume(line.geom_type != "Point")  # it never left its place
    parts = [shapely.get_coordinates(part) for part in shapely.get_parts(line)]
    assert all(np.abs(np.diff(part[:, 0])).max() <= 180 for part in parts)
    assert all(np.abs(part[:, 0]).max() <= 180 for part in parts)
    dlon = geodesy.wrap_lon(np.diff(lon))
    length = np.hypot(dlon, np.diff(lat)).sum()
    assert sum(np.hypot(*np.diff(p, axis=0).T).sum() for p in parts) == pytest.approx(length)
