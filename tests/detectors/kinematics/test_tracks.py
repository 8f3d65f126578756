"""Tracks by day."""

import numpy as np
import pandas as pd
import pytest
import shapely

from detectors.core import frames
from detectors.kinematics import integrity, tracks
from detectors.kinematics.geodesy import wrap_lon
from tests import making

T0 = pd.Timestamp("2025-03-01T00:00:00Z")


def reports(*rows: tuple, **columns) -> pd.DataFrame:
    """Positions from (mmsi, seconds, lat, lon) tuples."""
    frame = pd.DataFrame(rows, columns=["mmsi", "s", "lat", "lon"])
    time = T0 + pd.to_timedelta(frame.pop("s"), unit="s")
    offset = np.arange(1, len(frame) + 1)
    return making.reports(**{**frame, "time": time, "source_offset": offset, **columns})


def test_a_track_is_summarised_by_day():
    rows = [(563000001, 43200.0 * k, 1.2, 103.5 + 0.1 * k) for k in range(4)]
    rows.append((563000002, 0.0, 1.0, 104.0))
    summary = tracks.summarise(integrity.segment(reports(*rows)).tracked)
    assert summary["track_id"].tolist() == [56300000101, 56300000101, 56300000201]
    assert summary["n_reports"].tolist() == [2, 2, 1]
    assert summary["length_m"].tolist() == pytest.approx([11117.1, 11117.1, 0.0], abs=1.0)
    assert summary["west"].tolist() == pytest.approx([103.5, 103.7, 104.0])
    assert summary["east"].tolist() == pytest.approx([103.6, 103.8, 104.0])
    shapes = shapely.from_wkb(summary["geometry"].to_numpy())
    assert [s.geom_type for s in shapes] == ["LineString", "LineString", "Point"]


def test_the_simplified_line_stays_within_its_tolerance():
    rng = np.random.default_rng(2)
    lat, lon = 1.2 + np.cumsum(rng.normal(0, 2e-4, 500)), 103.5 + 0.001 * np.arange(500)
    rows = [(563000001, 10.0 * k, lat[k], lon[k]) for k in range(500)]
    tracked = integrity.segment(reports(*rows)).tracked
    line = shapely.from_wkb(tracks.summarise(tracked)["geometry"].iloc[0])
    assert len(line.coords) < 300
    away = shapely.distance(line, shapely.points(lon, lat))
    assert away.max() <= tracks.SIMPLIFY_DEG


def test_a_track_across_the_antimeridian_has_its_true_extent():
    rows = [(563000001, 600.0 * k, 1.2, lon) for k, lon in enumerate([179.98, -179.99, -179.96])]
    summary = tracks.summarise(integrity.segment(reports(*rows)).tracked)
    assert summary[["west", "east"]].to_numpy()[0].tolist() == pytest.approx([179.98, -179.96])
    assert summary["length_m"].iloc[0] == pytest.approx(0.06 * 111_170, rel=1e-3)
    line = shapely.from_wkb(summary["geometry"].iloc[0])
    assert line.bounds[2] - line.bounds[0] == pytest.approx(0.06)


def test_a_summary_is_the_same_to_the_last_digit_whoever_else_is_summarised():
    rng = np.random.default_rng(3)
    table = reports(
        *(
            (563000001 + n, 300.0 * k, 1.2, float(lon))
            for n, (west, step) in enumerate([(-170.0, 1.7), (103.4, 0.01), (179.99, 0.01)])
            for k, lon in enumerate(wrap_lon(west + np.cumsum(rng.normal(step, 0.01, 200))))
        )
    )
    tracked = frames.conform(table.assign(track_id=table["mmsi"] * 100 + 1), frames.TRACKED)
    each = [tracks.summarise(own.reset_index(drop=True)) for _, own in tracked.groupby("mmsi")]
    pd.testing.assert_frame_equal(
        pd.concat(each, ignore_index=True), tracks.summarise(tracked), check_exact=True
    )
