"""Outlier: what drove it, what is no outlier, and partitioning; with a model made by hand, in which
vessels go east and west at nine knots."""

import dataclasses
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core.errors import ConfigError
from detectors.outlier import Outlier
from detectors.surroundings import lanes, normal
from detectors.surroundings.normal import Normal
from tests.detectors.scenes import Stage

A = 533000001


@pytest.fixture(scope="module")
def model(stage: Any) -> Normal:
    """`ordinary_traffic`, with a lane of a mile in which forty vessels go east."""
    ordinary = stage.models["normal"]
    cell = np.unique(
        lanes.cell_of(np.full(400, 3.005), np.linspace(100.0, 102.0, 400), normal.FLOW_DEG)
    )
    courses = np.zeros((len(cell), lanes.BINS), "int64")
    courses[:, 3:5] = 20
    flow = {"flow_cell": cell, "flow_vessels": np.full(len(cell), 40), "flow_courses": courses}
    return Normal({**ordinary.arrays, **flow}, "by hand", "0123456789abcdef")


def found(
    scene: Any, model: Normal | ConfigError | None, way: Any, **context: Any
) -> list[dict[str, Any]]:
    models = {"normal": model} if model else {}
    seen = dataclasses.replace(scene.context(**context), models=models)
    events_ = Outlier().detect(scene.positions(scene.track(A, way)), seen)
    return [
        {**row, **row["evidence"].facts, **{c.name: c.measured for c in row["evidence"].checks}}
        for row in events_.to_dict("records")
    ]


EAST = [(0, 3.2, 100.0), (6, 3.2, 100.9)]
NORTH = [(0, 3.0, 100.0), (2, 3.0, 100.3), (6, 3.6, 100.3), (8, 3.6, 100.6)]
FAST = [(0, 3.2, 100.0), (2, 3.2, 100.3), (4, 3.2, 101.5), (5, 3.2, 101.65)]
AGAINST = [(0, 3.005, 101.8), (4, 3.005, 101.2), (6, 3.005, 100.9)]


def test_the_usual_is_silent(scene: Any, model: Normal) -> None:
    assert found(scene, model, EAST) == []
    assert found(scene, model, [(h, 3.005, lon + 0.2) for h, _, lon in EAST]) == []


def test_without_a_model_or_where_nobody_was_heard_nothing_is_found(
    scene: Any, model: Normal
) -> None:
    assert found(scene, None, NORTH) == []
    assert found(scene, model, [(h, lat + 4, lon) for h, lat, lon in NORTH]) == []


def test_a_model_that_cannot_be_read_is_an_error_that_keeps_no_window(scene: Any) -> None:
    """A back-fill raises one error for each of its windows: what it held it would hold on to."""
    broken, depths = ConfigError("it can't be read"), set()
    for _ in range(3):
        with pytest.raises(ConfigError, match="can't be read") as raised:
            found(scene, broken, NORTH)
        depths.add(len(raised.traceback))
    assert len(depths) == 1


@pytest.mark.parametrize(
    ("way", "driving", "begins", "ends"),
    [(NORTH, "course", 2, 6), (FAST, "speed", 2, 4), (AGAINST, "course", 0, 6)],
)
def test_it_says_what_drove_it_and_when(
    scene: Any, model: Normal, way: Any, driving: str, begins: float, ends: float
) -> None:
    (event,) = found(scene, model, way)
    assert event["driving_feature"] == driving
    assert abs(event["start"] - scene.at(begins)) <= pd.Timedelta(minutes=20)
    assert abs(event["end"] - scene.at(ends)) <= pd.Timedelta(minutes=20)
    assert event["excess_score"] > 0
    assert (event["model"], event["model_hash"]) == ("by hand", "0123456789abcdef")


def test_against_a_lane_by_its_course_alone(scene: Any, model: Normal) -> None:
    (event,) = found(scene, model, AGAINST)
    assert event["surprise_score"] < event["min_surprise_score"], "both ways are usual around there"
    assert event["course_surprise_score"] > event["min_course_surprise_score"]
    assert event["course_deg"] == pytest.approx(270, abs=1)
    assert lanes.turned_deg(event["usual_course_deg"], 90) < 25


def test_half_an_hour_out_of_the_way_is_none(scene: Any, model: Normal) -> None:
    brief = [(0, 3.0, 100.0), (2, 3.0, 100.3), (2.5, 3.08, 100.3), (5, 3.08, 100.7)]
    assert found(scene, model, brief) == []


def test_it_is_open_while_it_goes_on(scene: Any, model: Normal) -> None:
    (event,) = found(scene, model, NORTH[:3], hours=(0, 6))
    assert pd.isna(event["end"])


def walker(scene: Any, seed: int) -> pd.DataFrame:
    """Two vessels on courses and at speeds usual and unusual, with silences."""
    rng = np.random.default_rng(seed)
    tracks = []
    for i in range(2):
        hours = np.r_[0.0, np.sort(rng.uniform(0, 28, 14)), 28.0]
        lat = 3.0 + np.cumsum(rng.choice([0.0, 0.0, 0.1, -0.1, 0.3], len(hours)))
        lon = 100.5 + np.cumsum(rng.choice([0.3, -0.3, 0.1, 0.9], len(hours)) * 0.3)
        track = scene.track(A + i, list(zip(hours, lat, lon, strict=True)), every_s=170)
        quiet = rng.uniform(0, 24)
        silent = (track["time"] > scene.at(quiet)) & (track["time"] < scene.at(quiet + 2))
        tracks.append(track[(rng.random(len(track)) > 0.2) & ~silent.to_numpy()])
    return scene.positions(*tracks)


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), cuts=st.lists(st.floats(0.1, 29.9), max_size=8, unique=True))
def test_any_partition_gives_the_same_events(
    stage: Any, scene: Any, seed: int, cuts: list[float]
) -> None:
    positions = walker(scene, seed)
    edges = [scene.at(0), *(scene.at(h) for h in sorted(cuts)), scene.at(30)]
    whole = Stage(positions, stage.zones, edges[0], edges[-1], models=stage.models)
    windows = list(pairwise(edges))
    once = Outlier().detect(positions, whole.context())
    pd.testing.assert_frame_equal(whole.drive(Outlier(), windows), once)
