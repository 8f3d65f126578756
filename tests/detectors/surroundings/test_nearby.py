"""What lies around, against the way to the nearest zone of each place."""

import numpy as np
import pytest
import shapely

from detectors.surroundings import nearby
from tests.detectors.surroundings.test_zones import zones_of


@pytest.mark.parametrize("north", [1.2, 60.0])
@pytest.mark.parametrize("reach_m", [0.0, 700.0, 20_000.0])
def test_within_reach_is_who_is_no_further_from_a_zone(north: float, reach_m: float) -> None:
    random = np.random.default_rng(7)
    shapes = [
        shapely.Point(103.8 + east, north + up).buffer(0.05) for east, up in random.random((6, 2))
    ]
    zones = zones_of(shapes)
    lat, lon = north + random.random(2_000), 103.8 + random.random(2_000)
    for rows in (np.arange(6) < 3, np.zeros(6, bool)):
        away_m, _ = nearby.nearest_of(zones, lat, lon, rows)
        found = nearby.within(zones, lat, lon, rows, reach_m)
        assert found.tolist() == (away_m <= reach_m).tolist()
        assert found.any() == rows.any()
    assert nearby.within(zones, lat[:0], lon[:0], np.ones(6, bool), reach_m).tolist() == []
