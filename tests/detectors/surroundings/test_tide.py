"""High waters of a table: which is the nearest, and when nothing is said."""

import numpy as np
import pytest

from detectors.surroundings.tide import Tides

HOUR_US = 3_600_000_000


@pytest.fixture
def tides() -> Tides:
    """Two places 60 nm apart, three high waters each."""
    hours = np.array([0.0, 12.4, 24.8, 1.0, 13.4, 25.8])
    return Tides(
        ("Sabak Bernam",) * 3 + ("Port Klang",) * 3,
        np.array([3.7] * 3 + [3.0] * 3),
        np.array([100.9] * 3 + [101.3] * 3),
        (hours * HOUR_US).astype("int64"),
        np.array([2.5, 2.6, np.nan, 4.0, 4.1, 4.2]),
    )


def test_the_nearest_place_and_the_nearest_time(tides: Tides) -> None:
    found = tides.nearest(3.71, 100.95, int(11.2 * HOUR_US))
    assert found is not None
    assert (found.place, found.height_m) == ("Sabak Bernam", 2.6)
    assert found.after_s == pytest.approx(-1.2 * 3600)
    other = tides.nearest(3.05, 101.3, int(14.4 * HOUR_US))
    assert other is not None
    assert (other.place, other.after_s) == ("Port Klang", pytest.approx(3600))


def test_a_height_that_is_not_said(tides: Tides) -> None:
    found = tides.nearest(3.7, 100.9, int(25 * HOUR_US))
    assert found is not None
    assert found.height_m is None


@pytest.mark.parametrize(
    ("lat", "lon", "hours"),
    [(1.2, 103.8, 0.0), (3.7, 100.9, 40.0), (float("nan"), 100.9, 0.0)],
    ids=["too far", "the table ends", "no place"],
)
def test_nothing_is_said(tides: Tides, lat: float, lon: float, hours: float) -> None:
    assert tides.nearest(lat, lon, int(hours * HOUR_US)) is None


def test_an_empty_table_says_nothing() -> None:
    empty = np.zeros(0)
    assert Tides((), empty, empty, empty.astype("int64"), empty).nearest(3.7, 100.9, 0) is None
