"""Who is near whom at a tick: what two loops over all rows say."""

from typing import Any, Final

import numpy as np
import pytest

from detectors.kinematics import geodesy, moments

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


def expected(places: tuple[Any, ...], asked: Any, kind: Any) -> set[tuple[int, int]]:
    tick, lat, lon, mmsi = places
    i, j = np.nonzero((tick[:, None] == tick) & (mmsi[:, None] < mmsi) & asked[:, None])
    if len(kind):
        i, j = (one[kind[i] != kind[j]] for one in (i, j))
    near = geodesy.distance_m(lat[i], lon[i], lat[j], lon[j]) <= RADIUS_M
    return set(zip(i[near].tolist(), j[near].tolist(), strict=True))


@pytest.mark.parametrize("lon", [103.8, 179.999])
@pytest.mark.parametrize("some", [False, True])
@pytest.mark.parametrize("kinds", [False, True])
def test_each_pair_that_is_asked_for_is_found_once(lon: float, some: bool, kinds: bool) -> None:
    places = scene(lon)
    mmsi = places[3]
    asked = mmsi % 3 == 0 if some else np.ones(len(mmsi), bool)
    kind = mmsi % 2 == 0 if kinds else np.zeros(0, bool)
    i, j = moments.pairs(*places, asked, kind, RADIUS_M)
    found = list(zip(i.tolist(), j.tolist(), strict=True))
    assert len(found) == len(set(found)) > 20
    least = expected(places, asked, kind)
    assert least <= set(found)
    assert len(found) <= 1.02 * len(least) + 1


def test_nobody_is_near_anybody() -> None:
    tick, lat, lon, mmsi = scene(103.8)
    none, any_kind = np.zeros(len(tick), bool), np.zeros(0, bool)
    assert len(moments.pairs(tick, lat, lon, mmsi, none, any_kind, RADIUS_M)[0]) == 0
    empty = (one[:0] for one in (tick, lat, lon, mmsi, none))
    assert len(moments.pairs(*empty, any_kind, RADIUS_M)[0]) == 0
