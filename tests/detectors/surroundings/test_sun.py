"""The sun's position against published values."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.surroundings import sun


def us(text: str) -> int:
    return pd.Timestamp(text, tz="UTC").value // 1000


def test_apparent_position_of_meeus_example_25a() -> None:
    """1992 October 13, 0h: 198.38083 and -7.78507 (Meeus 1998, p. 165)."""
    right_ascension, declination = sun.apparent_position_deg(us("1992-10-13"))
    assert right_ascension == pytest.approx(198.38083, abs=2e-3)
    assert declination == pytest.approx(-7.78507, abs=1e-3)


def test_altitude_of_the_nrel_example() -> None:
    """Reda & Andreas (2008), NREL/TP-560-34302, table A5.1: 39.872046 degrees without refraction,
    on 2003-10-17 at 12:30:30 UTC-7, 39.742476 N 105.1786 W (1830 m up)."""
    found = sun.altitude_deg(us("2003-10-17T19:30:30"), 39.742476, -105.1786)
    assert found == pytest.approx(39.872, abs=0.01)


@pytest.mark.parametrize(
    ("noon", "declination"),
    [
        ("2026-03-20T14:46", 0.0),
        ("2026-06-21T08:24", 23.436),
        ("2026-09-23T00:05", 0.0),
        ("2026-12-21T20:50", -23.436),
    ],
)
def test_equinoxes_and_solstices_of_2026(noon: str, declination: float) -> None:
    """Times of the Astronomical Applications Department of the US Naval Observatory."""
    assert sun.apparent_position_deg(us(noon))[1] == pytest.approx(declination, abs=0.01)


@given(
    at_s=st.integers(0, 4_000_000_000),
    lat=st.floats(-90, 90),
    lon=st.floats(-180, 180),
    east_deg=st.floats(-180, 180),
)
def test_the_sun_moves_west_by_a_turn_a_day(
    at_s: int, lat: float, lon: float, east_deg: float
) -> None:
    """Farther east the same altitude is reached earlier, but for the sun's own motion (1 deg/d)."""
    here = sun.altitude_deg(at_s * 10**6, lat, lon)
    there = sun.altitude_deg(
        at_s * 10**6 - round(east_deg / 360 * 86_400 * 1e6), lat, lon + east_deg
    )
    assert -90 <= here <= 90
    assert there == pytest.approx(here, abs=0.6)


def test_columns_at_once_equal_one_by_one() -> None:
    times = np.array([us("2026-01-01") + i * 10**12 for i in range(50)])
    lat, lon = np.linspace(-60, 60, 50), np.linspace(-180, 180, 50)
    whole = sun.altitude_deg(times, lat, lon)
    each = [sun.altitude_deg(t, a, o) for t, a, o in zip(times, lat, lon, strict=True)]
    assert whole.tolist() == each


def test_a_night_in_the_strait() -> None:
    """Off Melaka the equinox sun sets about 19:20 Malaysian time (UTC+8) and rises at 07:13."""

    def altitude(text: str) -> float:
        return float(sun.altitude_deg(us(text), 2.2, 102.2))

    assert altitude("2026-03-20T11:10") > 0 > altitude("2026-03-20T11:25")
    assert altitude("2026-03-20T11:35") > sun.CIVIL_TWILIGHT_DEG > altitude("2026-03-20T11:48")
    assert altitude("2026-03-20T23:10") < 0 < altitude("2026-03-20T23:25")
    assert altitude("2026-03-20T17:00") < -60
