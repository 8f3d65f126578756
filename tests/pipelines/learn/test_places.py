"""Places learned from traffic made by hand: what makes one, and what doesn't."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely

from detectors.core.frames import DAY_US
from detectors.kinematics import geodesy
from detectors.kinematics.stops import STOP_COLUMNS
from detectors.surroundings import lanes
from detectors.surroundings.zones import Zones
from pipelines.learn import places
from pipelines.learn.gather import PATH_POINTS, Traffic
from pipelines.learn.parameters import PlacesParameters

FEW = PlacesParameters(min_vessels=6, min_days=3, min_pilot_vessels=6, min_trips=6, min_trip_days=3)
HOUR_US = 3_600_000_000
OPEN = Zones(Zones.none().frame, Zones.none().land, shapely.box(-180, -90, 180, 90))


def no_traffic() -> Traffic:
    stays = pd.DataFrame({name: np.empty(0) for name in (*STOP_COLUMNS, "ship_type")})
    met = pd.DataFrame({name: np.empty(0) for name in ("mmsi", "pilot", "time_us", "lat", "lon")})
    trips = pd.DataFrame({n: np.empty(0) for n in ("mmsi", "ship_type", "start_us", "end_us")})
    none, some = np.empty(0, "int64"), np.empty(0)
    flow = lanes.flow(none, none, some, some, some, some, 0.02)
    paths = np.empty((0, PATH_POINTS, 2))
    return Traffic((flow,), stays, stays, met, trips, paths, 0, 0, None, None)


def stays(
    n: int,
    *,
    hours: float = 8.0,
    spread_m: float = 80.0,
    ship_type: int = 70,
    days: int = 3,
    lat: float = 3.0,
    lon: float = 100.0,
    vessels: int | None = None,
) -> pd.DataFrame:
    """Stays within half a mile of a place, on days in turn."""
    rng = np.random.default_rng(n)
    start = (np.arange(n) % days) * DAY_US + 2 * HOUR_US
    return pd.DataFrame(
        {
            "mmsi": 533000000 + np.arange(n) % (vessels or n),
            "track_id": np.arange(n),
            "start_us": start,
            "end_us": start + int(hours * HOUR_US),
            "lat": lat + rng.normal(0, 0.003, n),
            "lon": lon + rng.normal(0, 0.003, n),
            "spread_m": spread_m,
            "median_speed_kn": 0.1,
            "ship_type": ship_type,
        }
    )


def learned(traffic: Traffic, zones: Zones = OPEN) -> list[places.Place]:
    return places.learn(traffic, zones, FEW)


def test_an_anchorage_needs_many_vessels_on_several_days_that_lay_still() -> None:
    (place,) = learned(replace(no_traffic(), stops=stays(12)))
    assert place.zone_class == "anchorage"
    assert place.shape.contains(shapely.Point(100.0, 3.0))
    assert place.shape.area < 0.03**2
    assert (place.n_vessels, place.n_days) == (12, 3)
    for few in (stays(5), stays(12, days=2), stays(12, vessels=3), stays(12, hours=1)):
        assert learned(replace(no_traffic(), stops=few)) == []
    assert learned(replace(no_traffic(), stops=stays(12, spread_m=900.0))) == []


def test_two_anchorages_apart_are_two() -> None:
    both = pd.concat([stays(12), stays(12, lat=3.1).assign(mmsi=lambda t: t["mmsi"] + 100)])
    found = learned(replace(no_traffic(), stops=both.reset_index(drop=True)))
    assert len(found) == 2
    assert not found[0].shape.intersects(found[1].shape)


def test_what_lies_at_a_quay_or_in_port_is_no_anchorage(scene_zones: Any) -> None:
    at_quay = scene_zones(land=[(100.0, 2.9, 100.2, 3.1)])
    in_port = scene_zones(("harbour", "port", (99.9, 2.9, 100.1, 3.1)))
    for zones in (at_quay, in_port):
        at = stays(12, lon=99.9995)
        assert learned(replace(no_traffic(), stops=at), zones) == []


def test_ships_that_drift_make_a_waiting_area_and_boats_at_work_do_not() -> None:
    (place,) = learned(replace(no_traffic(), drifts=stays(12, spread_m=1500.0)))
    assert place.zone_class == "waiting_area"
    fishing = stays(12, spread_m=1500.0, ship_type=30)
    assert learned(replace(no_traffic(), drifts=fishing)) == []


def test_a_pilot_ground_is_where_pilot_craft_met_many_ships() -> None:
    at = stays(10)
    met = pd.DataFrame(
        {
            "mmsi": at["mmsi"],
            "pilot": 533000900,
            "time_us": at["start_us"],
            "lat": at["lat"],
            "lon": at["lon"],
        }
    )
    (place,) = learned(replace(no_traffic(), meetings=met))
    assert place.zone_class == "pilot_ground"
    assert place.facts["n_pilot_craft"] == 1
    one_ship = met.assign(mmsi=533000001)
    assert learned(replace(no_traffic(), meetings=one_ship)) == []


def ferry(n: int, *, ship_type: int = 60, vessels: int = 1, days: int = 3) -> dict[str, Any]:
    """Voyages to and fro between two shores ten miles apart."""
    forth = np.stack([np.linspace(3.0, 3.15, PATH_POINTS), np.full(PATH_POINTS, 100.0)], axis=-1)
    rng = np.random.default_rng(1)
    paths = np.array([forth if k % 2 else forth[::-1] for k in range(n)])
    start = (np.arange(n) % days) * DAY_US + np.arange(n) * HOUR_US
    trips = pd.DataFrame(
        {
            "mmsi": 533000000 + np.arange(n) % vessels,
            "ship_type": ship_type,
            "start_us": start,
            "end_us": start + HOUR_US,
        }
    )
    return {"trips": trips, "paths": paths + rng.normal(0, 0.0005, paths.shape)}


def test_a_ferry_route_is_sailed_again_and_again_by_passenger_vessels_or_several() -> None:
    (place,) = learned(replace(no_traffic(), **ferry(10)))
    assert place.zone_class == "ferry_route"
    way = shapely.LineString([(100.0, 3.0), (100.0, 3.15)])
    assert place.shape.buffer(0.001).contains(way)
    assert place.shape.area < 0.2 * 0.03
    assert [p.n_vessels for p in learned(replace(no_traffic(), **ferry(10, vessels=3)))] == [3]
    one_boat = ferry(10, ship_type=0)
    assert learned(replace(no_traffic(), **one_boat)) == [], "a boat that shuttles is no ferry"
    for few in (ferry(5), ferry(10, days=1)):
        assert learned(replace(no_traffic(), **few)) == []


def sailing(course_deg: float, n: int, seed: int, offset_deg: float = 0.0) -> pd.DataFrame:
    """Ships on one course through 3 N 100 E, a point every 400 m for twenty miles."""
    rng = np.random.default_rng(seed)
    along = np.arange(-18_000.0, 18_000.0, 400.0)
    parts = []
    for k in range(n):
        across = rng.normal(0, 500.0) + offset_deg * 111_195
        lat, lon = geodesy.destination(3.0, 100.0, course_deg + 90.0, across)
        lat, lon = geodesy.destination(lat, lon, course_deg, along)
        parts.append(
            pd.DataFrame(
                {
                    "vessel": 533000000 + 1000 * seed + k,
                    "day": k % 4,
                    "lat": lat,
                    "lon": lon,
                    "course_deg": (course_deg + rng.normal(0, 4, len(along))) % 360,
                    "speed_kn": 12.0,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def flows(*parts: pd.DataFrame) -> dict[str, Any]:
    points = pd.concat(parts, ignore_index=True)
    columns = [points[c].to_numpy() for c in points.columns]
    return {"flows": tuple(lanes.flow(*columns, size) for size in (0.01, 0.02))}


def test_lanes_have_the_direction_of_their_traffic() -> None:
    both = flows(sailing(120.0, 40, 1, 0.03), sailing(300.0, 40, 2, 0.03))
    found = learned(replace(no_traffic(), **both))
    assert {place.zone_class for place in found} == {"lane"}
    for place in found:
        south = place.shape.representative_point()
        aside = (south.y - 3.0) * np.cos(np.radians(30)) + (south.x - 100.0) * np.sin(
            np.radians(30)
        )
        expected = 120.0 if aside < 0 else 300.0
        assert lanes.turned_deg(place.facts["direction_deg"], expected) < 3
        assert place.facts["one_way_share"] > 0.85
        assert place.n_days >= 3


def test_two_way_traffic_is_no_lane_and_crossing_traffic_is_a_precautionary_area() -> None:
    two_ways = flows(sailing(90.0, 40, 1), sailing(270.0, 40, 2))
    way = shapely.LineString([(99.85, 3.0), (100.15, 3.0)]).buffer(0.003)
    for place in learned(replace(no_traffic(), **two_ways)):
        assert place.shape.intersection(way).area < 0.2 * way.area, "only strays at its edge"
    crossing = learned(replace(no_traffic(), **flows(sailing(90.0, 60, 1), sailing(0.0, 60, 2))))
    middle = [p for p in crossing if p.shape.intersects(shapely.Point(100.0, 3.0).buffer(0.005))]
    assert "precautionary_area" in {place.zone_class for place in middle}
    assert {p.zone_class for p in crossing} == {"lane", "precautionary_area"}


def test_few_ships_make_no_lane() -> None:
    assert learned(replace(no_traffic(), **flows(sailing(90.0, 5, 1)))) == []


@pytest.fixture
def scene_zones() -> Any:
    """Zones and land from boxes."""
    import geopandas as gpd

    def make(*boxes: Any, land: Any = ()) -> Zones:
        frame = gpd.GeoDataFrame(
            {
                "zone_id": [b[0] for b in boxes],
                "name": "",
                "zone_class": [b[1] for b in boxes],
                "source": "test",
                "confidence": "approximate",
            },
            geometry=[shapely.box(*b[2]) for b in boxes],
            crs=4326,
        )
        ground = gpd.GeoDataFrame(geometry=[shapely.box(*box) for box in land], crs=4326)
        return Zones(frame, ground, OPEN.reach)

    return make
