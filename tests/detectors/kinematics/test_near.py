"""Who is near whom at a tick: what two loops over all rows say."""

from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.kinematics import geodesy, near
from tests.detectors.company import between

RADIUS_M: Final = 500.0


def scene(lon: float, seed: int = 3) -> tuple[Any, ...]:
    """Forty vessels, at some of 30 ticks, within some kilometres; two hulls of one MMSI."""
    random = np.random.default_rng(seed)
    n = 600
    mmsi = np.sort(random.integers(0, 40, n)) + 563_000_000
    east = lon + random.normal(0, 0.01, n)
    return (
        random.integers(1_000, 1_030, n),
        random.normal(1.2, 0.01, n),
        (east + 180.0) % 360.0 - 180.0,
        mmsi,
    )


def pairs(places: tuple[Any, ...], asked: Any, kind: Any) -> tuple[Any, Any]:
    tick, lat, lon, mmsi = places
    at = lat, lon, tick
    return near.pairs(at, RADIUS_M, whose=mmsi, asked=asked, kind=kind, slack=near.SLACK)


def expected(places: tuple[Any, ...], asked: Any, kind: Any) -> set[tuple[int, int]]:
    tick, lat, lon, mmsi = places
    i, j = np.nonzero((tick[:, None] == tick) & (mmsi[:, None] < mmsi) & asked[:, None])
    if len(kind):
        i, j = (one[kind[i] != kind[j]] for one in (i, j))
    within = geodesy.distance_m(lat[i], lon[i], lat[j], lon[j]) <= RADIUS_M
    return set(zip(i[within].tolist(), j[within].tolist(), strict=True))


@pytest.mark.parametrize("lon", [103.8, 179.999, 0.0, 45.0, 90.0])
@pytest.mark.parametrize("thirds", [1, 2, 3])
@pytest.mark.parametrize("kinds", [False, True])
def test_each_pair_that_is_asked_for_is_found_once(lon: float, thirds: int, kinds: bool) -> None:
    places = scene(lon)
    mmsi = places[3]
    asked = mmsi % 3 < thirds
    kind = mmsi % 2 == 0 if kinds else np.zeros(0, bool)
    i, j = pairs(places, asked, kind)
    found = list(zip(i.tolist(), j.tolist(), strict=True))
    assert len(found) == len(set(found)) > 20
    least = expected(places, asked, kind)
    assert least <= set(found)
    assert len(found) <= 1.02 * len(least) + 1


def test_moments_may_be_far_apart() -> None:
    places = scene(103.8)
    tick, *others = places
    years = np.where(tick % 2 == 0, tick, tick + 10**7), *others
    everybody, any_kind = np.ones(len(tick), bool), np.zeros(0, bool)
    found = [pairs(one, everybody, any_kind) for one in (places, years)]
    assert set(zip(*found[0], strict=True)) == set(zip(*found[1], strict=True))


def test_nobody_is_near_anybody() -> None:
    tick, lat, lon, mmsi = scene(103.8)
    none, any_kind = np.zeros(len(tick), bool), np.zeros(0, bool)
    assert len(pairs((tick, lat, lon, mmsi), none, any_kind)[0]) == 0
    nobody = tuple(one[:0] for one in (tick, lat, lon, mmsi))
    assert len(pairs(nobody, none[:0], any_kind)[0]) == 0


@given(
    seed=st.integers(0, 2**16),
    radius_m=st.sampled_from([50.0, 500.0, 5000.0]),
    at=st.sampled_from([(1.0, 103.0), (-0.02, 179.98), (89.95, 0.0), (-90.0, -180.0)]),
    moments=st.sampled_from([1, 10**15]),
)
def test_near_are_those_of_the_same_moment_within_the_radius(
    seed: int, radius_m: float, at: tuple[float, float], moments: int
) -> None:
    rng = np.random.default_rng(seed)
    lat, lon = rng.uniform(0.0, 0.05, (2, 12))
    lat, lon = at[0] + lat, geodesy.wrap_lon(at[1] + lon * rng.choice([1.0, 3600.0]))
    moment = rng.integers(0, 3, 12) * moments
    places = lat, lon, moment
    distance_m = geodesy.distance_m(lat[:, None], lon[:, None], lat, lon)
    together = (distance_m <= radius_m) & (moment[:, None] == moment)
    i, j = near.pairs(places, radius_m)
    found = {tuple(sorted(pair)) for pair in zip(i.tolist(), j.tolist(), strict=True)}
    assert found == {(a, b) for a, b in np.argwhere(together).tolist() if a < b}
    i, j = between(places, (lat[:5], lon[:5], moment[:5]), radius_m)
    assert set(zip(i.tolist(), j.tolist(), strict=True)) == {
        (a, b) for a, b in np.argwhere(together[:, :5]).tolist()
    }
