"""The nearest of many points: the same as when each is looked at."""

import numpy as np
import pytest

from detectors.kinematics.nearest import LEAF, Nearest


@pytest.mark.parametrize("n", [1, LEAF, LEAF + 1, 700])
@pytest.mark.parametrize("within", [0.02, 0.3, 4.0])
def test_as_when_each_point_is_looked_at(n: int, within: float) -> None:
    """Wherever the place before was; several points may lie on one place."""
    random = np.random.default_rng(n)
    points = random.uniform(-1, 1, (n, 3))
    points[n // 2 :: 3] = points[0]
    way = np.cumsum(random.normal(0, 0.02, (300, 3)), axis=0) % 2 - 1
    places = np.r_[way, random.uniform(-1, 1, (50, 3)), points[:1]]
    nearest = Nearest(points)
    chord, row = nearest.to(places, within)
    away = np.sqrt(((places[:, None] - points) ** 2).sum(axis=2)).min(axis=1)
    near = away < within
    np.testing.assert_array_equal(row >= 0, near)
    np.testing.assert_allclose(chord[near], away[near], rtol=1e-12)
    assert np.isinf(chord[~near]).all()
    there = nearest.points[row[near]]
    np.testing.assert_allclose(np.linalg.norm(places[near] - there, axis=1), away[near])
    assert sorted(map(tuple, nearest.points)) == sorted(map(tuple, points))
