"""Who sends many vessels that aren't there can't have a place learned that hides a lane."""

from dataclasses import replace

import numpy as np
import shapely

from detectors.kinematics import geodesy
from pipelines.learn import places
from pipelines.learn.parameters import PlacesParameters
from tests.pipelines.learn.test_places import OPEN, flows, no_traffic, sailing, stays


def test_a_ring_of_fake_vessels_makes_no_place_over_the_lane_that_it_lies_around() -> None:
    rng = np.random.default_rng(3)
    n = 2000
    turn, off_m = rng.uniform(0, 2 * np.pi, n), rng.uniform(3000, 4500, n)
    lat, lon = geodesy.from_local_m(off_m * np.sin(turn), off_m * np.cos(turn), 3.0, 100.0)
    ring = stays(n, days=7).assign(lat=lat, lon=lon)
    lane = flows(sailing(90.0, 60, 1))
    for traffic in ({"stops": ring}, {"drifts": ring.assign(spread_m=1500.0)}):
        found, _ = places.learn(replace(no_traffic(), **traffic, **lane), OPEN, PlacesParameters())
        ways = shapely.union_all([p.shape for p in found if p.zone_class == "lane"])
        assert not ways.is_empty
        for place in found:
            if place.zone_class in {"anchorage", "waiting_area"}:
                assert not place.shape.contains(shapely.Point(100.0, 3.0))
                assert shapely.area(shapely.intersection(place.shape, ways)) < 1e-6
