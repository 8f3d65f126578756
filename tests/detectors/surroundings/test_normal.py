"""Normal traffic: densities against an obvious oracle, thresholds, and what fitting finds."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from detectors.core.errors import FrameError
from detectors.kinematics import sliding
from detectors.surroundings import lanes, mixtures, normal, normal_fit
from detectors.surroundings.normal import CLASSES, SPEED_BINS, Normal

CARGO = CLASSES.index("cargo")
OPTIONS = {
    "step_s": 600,
    "max_silence_s": 1800,
    "min_speed_kn": 2.0,
    "min_vessels": 10,
    "max_ticks_per_vessel": 24,
    "max_components": 2,
    "max_share": 0.01,
}


def voyages(n: int, seed: int = 0) -> pd.DataFrame:
    """Cargo ships to and fro along 4 N, eastbound two miles south of westbound, at 12 kn."""
    rng = np.random.default_rng(seed)
    parts = []
    for k in range(n):
        east, ticks = k % 2 == 0, np.arange(30)
        lon = 100.0 + 0.0333 * (ticks + rng.uniform(0, 1))
        parts.append(
            pd.DataFrame(
                {
                    "mmsi": 533000000 + 7 * k,
                    "track_id": (533000000 + 7 * k) * 100 + 1,
                    "tick": ticks + 144 * (k % 9),
                    "ship": CARGO,
                    "lat": (3.93 if east else 3.97) + rng.normal(0, 0.004),
                    "lon": lon if east else lon[::-1],
                    "course_deg": (90.0 if east else 270.0) + rng.normal(0, 3, 30),
                    "speed_kn": 12.0 + rng.normal(0, 1.0, 30),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def model() -> Normal:
    return normal_fit.fit(voyages(120), **OPTIONS)


def asked(model: Normal, lat: float, lon: float, course: float, speed: float) -> normal.Surprise:
    one = [np.array([value]) for value in (lat, lon, course, speed)]
    return model.surprise(np.array([CARGO]), *one)


def test_the_usual_is_not_surprising_and_the_unusual_is(model: Normal) -> None:
    usual = asked(model, 3.93, 100.55, 90.0, 12.0)
    assert usual.total[0] < model.threshold(np.array([CARGO]))[0, 0]
    assert usual.flow[0] < 0.2
    across = asked(model, 3.93, 100.55, 0.0, 12.0)
    assert across.motion[0] > usual.motion[0] + 4
    assert across.without_course[0] < across.motion[0] - 4
    slow = asked(model, 3.93, 100.55, 90.0, 4.0)
    assert slow.without_speed[0] < slow.motion[0] - 4
    elsewhere = asked(model, 3.60, 100.55, 90.0, 12.0)
    assert elsewhere.place[0] > usual.place[0] + 3


def test_opposed_lanes_that_share_a_cell_are_told_apart_by_the_mile(model: Normal) -> None:
    """Two miles and a half apart, both lie in one cell of the mixtures: only the flow knows."""
    wrong = asked(model, 3.93, 100.55, 270.0, 12.0)
    assert wrong.motion[0] == pytest.approx(asked(model, 3.97, 100.55, 270.0, 12.0).motion[0])
    assert wrong.flow[0] > model.flow_threshold(np.array([CARGO]))[0, 0]
    assert lanes.turned_deg(wrong.flow_deg[0], 90.0) <= 12
    assert np.isnan(asked(model, 3.93, 100.55, 270.0, 3.0).flow[0]), "too slow to say"


def test_where_nobody_was_heard_nothing_is_surprising(model: Normal) -> None:
    found = asked(model, 7.0, 96.0, 0.0, 12.0)
    assert np.isnan(found.total[0])
    assert np.isnan(found.flow[0])
    fishing = model.surprise(np.array([1]), *(np.array([v]) for v in (3.93, 100.55, 0.0, 12.0)))
    assert np.isnan(fishing.total[0]), "no vessel of that class was seen"


def test_the_threshold_is_kept_on_vessels_that_were_not_fitted(model: Normal) -> None:
    fresh = voyages(100, seed=7)
    fresh["mmsi"] += 3
    columns = [fresh[c].to_numpy("float64") for c in normal.SAMPLES[4:]]
    found = model.surprise(fresh["ship"].to_numpy(), *columns)
    where = fresh["track_id"].to_numpy(), fresh["tick"].to_numpy()
    for values, limit in (
        (found.total, model.arrays["threshold"]),
        (found.flow, model.arrays["flow_threshold"]),
    ):
        hours = sliding.mean(*where, values, normal.WINDOWS[0])
        assert (hours[np.isfinite(hours)] > limit[CARGO, 0]).mean() < 5 * OPTIONS["max_share"]


def test_the_density_is_that_of_scipy() -> None:
    rng = np.random.default_rng(3)
    n = 40
    east, north = rng.normal(0, 8, n), rng.normal(0, 8, n)
    weight = np.tile([0.7, 0.3], (n, 1))
    mean = np.tile([[9.0, 1.0], [-8.0, 0.0]], (n, 1, 1))
    covariance = np.tile([[[4.0, 1.0], [1.0, 2.0]], [[1.0, 0.0], [0.0, 3.0]]], (n, 1, 1, 1))
    speeds = np.full((n, SPEED_BINS), 1 / SPEED_BINS)
    mixture = mixtures.Mixture(weight, mean, covariance, speeds)
    streams = sum(
        w * stats.multivariate_normal(m, c).pdf(np.stack([east, north], axis=1))
        for w, m, c in zip(weight[0], mean[0], covariance[0], strict=True)
    )
    speed = np.maximum(np.hypot(east, north), 1.0)
    share = mixtures.BACKGROUND_WEIGHT
    density = (1 - share) * streams + share / SPEED_BINS / (2 * np.pi * speed)
    assert mixture.log_density(east, north) == pytest.approx(np.log(density))


@settings(max_examples=50, deadline=None)
@given(
    steps=st.lists(st.sampled_from([1, 1, 1, 1, 2]), min_size=1, max_size=40),
    tracks=st.lists(st.integers(1, 3), min_size=1, max_size=40),
    seed=st.integers(0, 99),
)
def test_sliding_means_are_those_of_a_loop(steps: list[int], tracks: list[int], seed: int) -> None:
    n = min(len(steps), len(tracks))
    track = np.sort(np.array(tracks[:n]))
    tick = np.cumsum(steps[:n])
    rng = np.random.default_rng(seed)
    values = np.where(rng.random(n) < 0.3, np.nan, rng.normal(0, 1, n))
    window = 6
    found = sliding.mean(track, tick, values, window)
    for i in range(n):
        rows = np.arange(i - window + 1, i + 1)
        part = values[rows] if rows[0] >= 0 else np.array([])
        whole = rows[0] >= 0 and track[rows[0]] == track[i] and tick[i] - tick[rows[0]] == 5
        known = part[np.isfinite(part)]
        if whole and 2 * len(known) >= window:
            assert found[i] == pytest.approx(known.mean())
        else:
            assert np.isnan(found[i])


def test_a_damaged_model_is_refused(model: Normal) -> None:
    with pytest.raises(FrameError, match="lacks flow_cell"):
        Normal({k: v for k, v in model.arrays.items() if k != "flow_cell"})
    with pytest.raises(FrameError, match="damaged threshold"):
        Normal({**model.arrays, "threshold": np.full((len(CLASSES), 2), np.nan)})


def test_the_same_traffic_gives_the_same_model(model: Normal) -> None:
    again = normal_fit.fit(voyages(120), **OPTIONS)
    assert normal.digest(again.arrays) == normal.digest(model.arrays)
    other = {**model.arrays, "step_s": np.array(300)}
    assert normal.digest(other) != normal.digest(model.arrays)
