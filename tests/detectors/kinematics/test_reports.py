"""What detectors share: reports as arrays, stretches, rows of events."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core import events
from detectors.kinematics import timegrid
from detectors.kinematics.reports import Reports


@pytest.fixture
def reports():
    """Two tracks of one vessel and one of another, a minute between reports."""
    track = np.array([56300000101, 56300000101, 56300000102, 56300000201, 56300000201])
    minutes = np.array([0, 1, 1, 5, 7])
    frame = pd.DataFrame(
        {
            "track_id": track,
            "time": pd.Timestamp("2026-03-01", tz="UTC") + pd.to_timedelta(minutes, unit="min"),
            "lat": [1.0, 1.01, 2.0, 3.0, 3.0],
            "lon": [103.0, 103.0, 104.0, 179.99, -179.99],
            "source": list("aabbb"),
            "source_offset": np.arange(5),
        },
        index=[9, 3, 7, 1, 5],  # rows are counted, whatever the frame's index says
    )
    return Reports(frame.astype({"time": "datetime64[us, UTC]"}))


def test_reports_know_their_tracks_and_where_they_came_from(reports):
    assert reports.tracks.tolist() == [56300000101, 56300000102, 56300000201]
    assert reports.span_of(56300000102) == (2, 3)
    assert reports.final.tolist() == [False, True, True, False, True]
    assert reports.stretch(0, 30) == (0, 1)
    assert reports.stretch(0, 60) == (0, 2)
    assert reports.sources_of([4, 0]) == ["b:4", "a:0"]
    assert reports.seconds(0, 1) == 60
    assert reports.made_good_kn(0, 1) == pytest.approx(36.0, rel=0.01)
    assert np.isnan(reports.made_good_kn(1, 1))


def test_a_track_is_interpolated_across_the_antimeridian(reports):
    middle_us = (reports.time_us[3] + reports.time_us[4]) // 2
    lat, lon = reports.position_at(np.array([56300000201]), np.array([middle_us]))
    assert lat.tolist() == [pytest.approx(3.0, abs=1e-6)]
    assert abs(lon[0]) == pytest.approx(180.0, abs=1e-6)


def test_none_of_no_reports():
    nothing = pd.DataFrame({"track_id": np.zeros(0, "int64"), "lat": [], "lon": []})
    nothing["time"] = pd.Series(dtype="datetime64[us, UTC]")
    reports = Reports(nothing)
    assert len(reports) == len(reports.tracks) == len(reports.final) == 0
    assert reports.span_of(1) == (0, 0)


@given(values=st.lists(st.integers(0, 2), max_size=12), data=st.data())
def test_stretches_and_ranges_as_a_loop_would_have_them(values, data):
    cut = data.draw(st.lists(st.booleans(), min_size=max(len(values) - 1, 0), max_size=11))
    cut = cut[: max(len(values) - 1, 0)]
    expected: list[list[int]] = []
    for row, value in enumerate(values):
        if row and value == values[row - 1] and not cut[row - 1]:
            expected[-1].append(row)
        else:
            expected.append([row])
    first, last = timegrid.stretches(np.array(values, "int64"), cut=np.array(cut, bool))
    assert first.tolist() == [rows[0] for rows in expected]
    assert last.tolist() == [rows[-1] for rows in expected]
    owner, rows = timegrid.ranges(first, last - first + 1)
    assert rows.tolist() == list(range(len(values)))
    assert owner.tolist() == [n for n, rows in enumerate(expected) for _ in rows]


def test_a_row_of_an_event_names_each_vessel_once():
    class Finder:
        name = "gap"
        version = "1"

    given = {"start_us": 0, "end_us": None, "lat": 1, "lon": 103, "score": 0.5, "evidence": {}}
    one_hull = events.row(Finder, [56300000101, 56300000102], **given)
    pair = events.row(Finder, [56300000101, 56300000201], **given)
    nobody = events.row(Finder, [], **given)
    assert [row["mmsi"] for row in (one_hull, pair, nobody)] == [563000001, 563000001, 0]
    assert [row["other_mmsi"] for row in (one_hull, pair, nobody)] == [0, 563000002, 0]
    assert pair["track_ids"] == "56300000101;56300000201"
    built = events.build([one_hull, pair, nobody])
    assert built["end"].isna().all()
    assert built["event_id"].is_unique
