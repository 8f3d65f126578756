"""Distances are the same however many are asked for at once."""

import numpy as np
import pytest

from detectors.kinematics import geodesy

MANY = 5 * geodesy._BLOCK + 17
EACH = 1_000


def test_distances_of_many_places_are_those_of_a_few_at_a_time() -> None:
    random = np.random.default_rng(4)
    lat, lon = random.uniform(-80, 80, (2, MANY)), random.uniform(-180, 180, (2, MANY))
    few = [
        geodesy.distance_m(lat[0, at], lon[0, at], lat[1, at], lon[1, at])
        for at in (slice(first, first + EACH) for first in range(0, MANY, EACH))
    ]
    found = geodesy.distance_m(lat[0], lon[0], lat[1], lon[1])
    assert np.array_equal(found.view("int64"), np.concatenate(few).view("int64"))


@pytest.mark.parametrize("one", [1.2, np.array([1.2]), np.full(MANY, 1.2)])
def test_distances_of_many_places_from_one(one: object) -> None:
    random = np.random.default_rng(4)
    lat, lon = random.uniform(-3, 3, MANY), random.uniform(101, 107, MANY)
    found = geodesy.distance_m(one, 103.0, lat, lon)
    assert found.shape == (MANY,)
    assert np.array_equal(found, geodesy.distance_m(lat, lon, one, 103.0))
    assert found[-1] == geodesy.distance_m(1.2, 103.0, lat[-1], lon[-1])


def test_distances_of_a_table_of_places() -> None:
    lat = np.random.default_rng(4).uniform(-3, 3, (3, MANY))
    found = geodesy.distance_m(lat, 103.0, lat[:1], 104.0)
    assert found.shape == (3, MANY)
    assert np.array_equal(found[2], geodesy.distance_m(lat[2], 103.0, lat[0], 104.0))
