"""Chances of Brownian bridges against ways that are walked step by step."""

import numpy as np
import pytest

from detectors.kinematics.bridges import STEPS, Motion, alongside, diffusion_m2_s, reached

N, WALKS = 2000, 500
SHIFT = 0.5826
"""A walk that is looked at now and then is taken for one that is looked at all the while where the
line is so many of its steps nearer (Broadie, Glasserman & Kou 1997, Mathematical Finance 7)."""


def walked(rng, last, following, variance, n=N):
    """Ways from a place to another (to anywhere), as many as `WALKS`."""
    steps = rng.normal(size=(WALKS, 2, n)) * np.sqrt(variance / n)
    way = np.concatenate([np.zeros((WALKS, 2, 1)), np.cumsum(steps, axis=2)], axis=2)
    at, begin = np.linspace(0, 1, n + 1), np.array(last, float)[None, :, None]
    if following is None:
        return begin + way
    end = np.array(following, float)[None, :, None]
    return begin * (1 - at) + end * at + way - at * way[:, :, -1:]


def motion(last, following, variance):
    pairs = [
        tuple(np.array([c], float) for c in place or (np.nan, np.nan))
        for place in (last, following)
    ]
    return Motion.silent(*pairs, np.linspace(0, 1, STEPS + 1)[None], np.array([float(variance)]))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (((0, 0), (40e3, 0), 2e8), ((20e3, 3e3), (20e3, 3e3), 0)),
        (((0, 0), (0, 0), 1e8), ((5e3, 0), (5e3, 0), 1e8)),
        (((0, 0), None, 2e8), ((8e3, 0), None, 1e8)),
        (((0, 0), (30e3, 0), 5e7), ((0, 10e3), (30e3, 10e3), 5e7)),
        (((0, 0), (30e3, 0), 1e7), ((15e3, 1e3), (15e3, 1e3), 0)),
        (((0, 0), (10e3, 0), 1e6), ((0, 400), (10e3, 600), 1e6)),
    ],
)
def test_two_come_alongside_as_often_as_when_they_are_walked(one, other):
    rng = np.random.default_rng(14)
    apart = walked(rng, *one) - walked(rng, *other)
    near_m = 500.0 + SHIFT * np.sqrt((one[2] + other[2]) / N)
    often = (np.hypot(apart[:, 0], apart[:, 1]).min(axis=1) <= near_m).mean()
    assert alongside(motion(*one), motion(*other), 500.0)[0] == pytest.approx(often, abs=0.08)


def test_many_pairs_at_once_are_as_one_by_one():
    rng = np.random.default_rng(1)
    places = rng.uniform(-20e3, 20e3, (4, 2, 9))
    variance = rng.uniform(1e6, 2e8, (2, 9))
    at = np.broadcast_to(np.linspace(0, 1, STEPS + 1), (9, STEPS + 1))
    one, other = (
        Motion.silent(tuple(places[k]), tuple(places[k + 1]), at, variance[k // 2]) for k in (0, 2)
    )
    rows = [
        Motion(*(part[i : i + 1] for part in vars(m).values()))
        for i in range(9)
        for m in (one, other)
    ]
    singly = [alongside(rows[k], rows[k + 1], 500.0)[0] for k in range(0, 18, 2)]
    assert alongside(one, other, 500.0) == pytest.approx(np.array(singly), abs=1e-12)


@pytest.mark.parametrize(("next_m", "apart_m"), [(6e3, 20e3), (np.nan, np.nan)])
def test_a_coast_is_reached_as_often_as_when_ways_are_walked(next_m, apart_m):
    rng = np.random.default_rng(7)
    way_m, duration_s = 40e3, 7200.0
    variance = float(diffusion_m2_s(np.array(way_m), np.array(apart_m), np.array(duration_s)))
    along = 0.0 if np.isnan(apart_m) else float(np.sqrt(apart_m**2 - (10e3 - next_m) ** 2))
    following = None if np.isnan(next_m) else (along, next_m)
    ways = walked(rng, (0, 10e3), following, variance * duration_s)
    line_m = SHIFT * np.sqrt(variance * duration_s / N)
    often = (ways[:, 1].min(axis=1) <= line_m).mean()
    found = reached(*(np.array([x]) for x in (way_m, apart_m, 10e3, next_m)))
    assert found[0] == pytest.approx(often, abs=0.05)


def test_what_is_out_of_reach_has_no_chance():
    assert reached(*(np.array([x]) for x in (10e3, 0.0, 6e3, 6e3)))[0] == 0.0
    assert diffusion_m2_s(np.array([5e3]), np.array([9e3]), np.array([60.0]))[0] == 0.0
