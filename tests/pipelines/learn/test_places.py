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
from pipelines.learn import places, shapes
from pipelines.learn.bounds import Lanes, judged
from pipelines.learn.gather import PATH_POINTS, Traffic
from pipelines.learn.parameters import PlacesParameters
from pipelines.reference.place import Place, Refused

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
    return places.learn(traffic, zones, FEW)[0]


def refused(traffic: Traffic, zones: Zones = OPEN, **more: Any) -> list[Refused]:
    """What looked like a place and can be none; nothing else came of the traffic."""
    found, no = places.learn(traffic, zones, FEW, **more)
    assert {place.zone_class for place in found} <= {"lane", "precautionary_area"}
    return no


@pytest.mark.slow
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


def strewn(n: int, seed: int, across_m: float = 12_000.0) -> pd.DataFrame:
    """Stays here and there along 200 km of a strait."""
    rng = np.random.default_rng(seed)
    along = rng.uniform(-100_000, 100_000, n)
    lat, lon = geodesy.destination(3.0, 100.0, 130.0, along)
    lat, lon = geodesy.destination(lat, lon, 40.0, rng.normal(0, across_m, n))
    return stays(n, days=7).assign(lat=lat, lon=lon)


@pytest.mark.parametrize("n", [30, 150, 600, 3000])
def test_sparse_stops_of_a_week_are_no_place_and_hide_none(n: int) -> None:
    sea = strewn(n, n)
    roads = stays(60, lat=4.2, lon=99.0, days=7).assign(mmsi=lambda t: t["mmsi"] + 10_000)
    roads["lat"] += np.random.default_rng(1).uniform(-0.02, 0.02, 60)
    stops = pd.concat([sea, roads], ignore_index=True)
    found, no = places.learn(replace(no_traffic(), stops=stops), OPEN, PlacesParameters())
    assert no == []
    (road,) = found
    assert road.shape.contains(shapely.Point(99.0, 4.2))
    assert 1 < road.facts["area_km2"] < 40
    assert road.facts["diameter_m"] < 12_000


def test_what_is_too_large_is_split_where_it_is_denser() -> None:
    roads = [stays(80, lat=3.0 + k * 0.12, days=5) for k in range(3)]
    between = stays(900, days=5).assign(mmsi=lambda t: t["mmsi"] + 5000)
    rng = np.random.default_rng(5)
    between["lat"], between["lon"] = rng.uniform(2.9, 3.35, 900), rng.uniform(99.9, 100.1, 900)
    stops = pd.concat([*roads, between], ignore_index=True)
    found, no = places.learn(replace(no_traffic(), stops=stops), OPEN, FEW)
    assert no == []
    for k in range(3):
        (mine,) = (p for p in found if p.shape.contains(shapely.Point(100.0, 3.0 + k * 0.12)))
        assert shapes.area_km2(mine.shape) < 40


@pytest.mark.slow
def test_what_cannot_be_split_is_refused_and_says_why() -> None:
    rng = np.random.default_rng(2)
    n = 4000  # evenly dense at every radius, 30 km across
    stops = stays(n, days=5).assign(
        lat=3.0 + rng.uniform(-0.15, 0.15, n), lon=100.0 + rng.uniform(-0.15, 0.15, n)
    )
    wide = stops["lat"].to_numpy(), stops["lon"].to_numpy()
    few = PlacesParameters(min_vessels=6, min_days=3, min_radius_m=1000)
    found, no = places.learn(replace(no_traffic(), stops=stops), OPEN, few)
    assert found == []
    (one,) = no
    assert one.place.n_vessels > 3500
    assert "km2 where its class has 80 at most" in one.reason
    assert one.place.shape.contains(shapely.Point(np.median(wide[1]), np.median(wide[0])))


def test_an_outline_has_nothing_in_it_that_is_far_from_every_stop() -> None:
    turn = np.radians(np.arange(0, 360, 4.0))
    lat, lon = geodesy.from_local_m(3000 * np.sin(turn), 3000 * np.cos(turn), 3.0, 100.0)
    ring = stays(len(turn)).assign(lat=lat, lon=lon)
    (place,) = learned(replace(no_traffic(), stops=ring))
    assert not place.shape.contains(shapely.Point(100.0, 3.0))


def test_no_place_covers_a_lane() -> None:
    lane = flows(sailing(90.0, 40, 1))
    at = stays(40)  # in the middle of it
    (one,) = refused(replace(no_traffic(), stops=at, **lane))
    assert (one.place.zone_class, "over a lane" in one.reason) == ("anchorage", True)
    beside = stays(40, lat=3.03)
    found = learned(replace(no_traffic(), stops=beside, **lane))
    (roads,) = (p for p in found if p.zone_class == "anchorage")
    ways = shapely.union_all([p.shape for p in found if p.zone_class == "lane"])
    assert shapely.area(shapely.intersection(roads.shape, ways)) < 1e-7, "what touches it is cut"
    # A lane that a person has accepted is one, though nobody sailed along it this time.
    box = shapely.box(99.8, 2.98, 100.2, 3.02)
    assert len(refused(replace(no_traffic(), stops=at), lanes_in_use=[box])) == 1


@pytest.mark.parametrize("zone_class", ["tss_lane", "separation_zone", "precautionary_area"])
def test_no_place_covers_a_drawn_scheme(zone_class: str, scene_zones: Any) -> None:
    zones = scene_zones(("scheme", zone_class, (99.8, 2.98, 100.2, 3.02)))
    drifting = stays(40, spread_m=1500.0)
    for traffic in ({"stops": stays(40)}, {"drifts": drifting}):
        (one,) = refused(replace(no_traffic(), **traffic), zones)
        assert "over a lane" in one.reason


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


@pytest.mark.parametrize(
    ("zone_class", "share", "left"),
    [
        ("anchorage", 0.2, 0.8),  # the rest of the lane is cut away
        ("waiting_area", 0.2, 0.8),
        ("anchorage", 0.3, None),
        ("pilot_ground", 0.4, 1.0),  # pilots board at the edge of lanes, ferries cross them
        ("ferry_route", 0.4, 1.0),
        ("ferry_route", 0.6, None),
    ],
)
def test_what_lies_in_a_lane_is_cut_off_only_where_nobody_may_anchor(
    zone_class: str, share: float, left: float | None
) -> None:
    shape = shapely.box(100.0, 3.0, 100.02, 3.02)
    lane = shapely.box(100.0, 3.0, 100.0 + 0.02 * share, 3.02)
    found = judged(Place(zone_class, shape, 1.0, 9, 9, 9), Lanes([lane], OPEN), FEW)
    if left is None:
        assert isinstance(found, Refused)
    else:
        assert isinstance(found, Place)
        assert found.shape.area == pytest.approx(left * shape.area)


def test_what_is_larger_than_its_class_may_be_is_no_place_and_says_so() -> None:
    anywhere = Place("anchorage", shapely.box(100.0, 3.0, 101.0, 4.0), 1.0, 9, 9, 9)
    found = judged(anywhere, Lanes([], OPEN), FEW)
    assert isinstance(found, Refused)
    assert "km2 where its class has" in found.reason


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


@pytest.mark.slow
def test_two_way_traffic_is_no_lane_and_crossing_traffic_is_a_precautionary_area() -> None:
    two_ways = flows(sailing(90.0, 40, 1), sailing(270.0, 40, 2))
    way = shapely.LineString([(99.85, 3.0), (100.15, 3.0)]).buffer(0.003)
    for place in learned(replace(no_traffic(), **two_ways)):
        assert place.shape.intersection(way).area < 0.2 * way.area, "only strays at its edge"
    crossing = learned(replace(no_traffic(), **flows(sailing(90.0, 60, 1), sailing(0.0, 60, 2))))
    middle = [p for p in crossing if p.shape.intersects(shapely.Point(100.0, 3.0).buffer(0.005))]
    assert "precautionary_area" in {place.zone_class for place in middle}
    assert {p.zone_class for p in crossing} == {"lane", "precautionary_area"}


def test_a_place_scores_by_the_fewer_of_its_vessels_and_days() -> None:
    bounds = PlacesParameters(min_vessels=5, min_days=3)
    assert (bounds.score(5, 3, 1.0), bounds.score(5, 3, 0.5)) == (0.5, 0.25)
    assert 0.5 < bounds.score(500, 3, 1.0) < 0.7
    assert bounds.score(500, 300, 1.0) > 0.9


def test_clusters_are_looked_for_at_distances_from_the_largest_to_the_smallest() -> None:
    found = PlacesParameters(min_radius_m=200, max_radius_m=800).radii_m()
    assert found == pytest.approx([800, 800 / 2**0.5, 400, 400 / 2**0.5, 200])


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
