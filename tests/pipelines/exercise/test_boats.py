"""Boats that carry people, boarders, villages and ships off limits are what their names say."""

import itertools

import numpy as np
import pytest

from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.exercise import geography, radio
from pipelines.exercise.motion import speed_kn
from pipelines.exercise.scenarios import anchoring, boarding, hulls, people, relays, shores, village
from pipelines.exercise.scenarios.common import coast as coast_ahead
from pipelines.exercise.scenarios.common import nights
from pipelines.exercise.stage import HOUR_S, Shore
from tests.pipelines.exercise.conftest import bare


def test_from_village_to_village_a_boat_keeps_to_its_own_side(sea):
    """What stops off another state's islet by night is to be found; the straight way between these
    two places off Indonesia leads past Raffles Lighthouse.
    """
    stage = bare(sea, 0)
    stage.moorings = [Shore((1.152, 103.658), "IDN"), Shore((1.149, 103.867), "IDN")]
    for _ in range(8):
        assert not village.along_one_coast(stage)
    assert stage.actors == []


def test_villages_and_beaches_lie_on_the_water_in_no_zone(sea, coast):
    moorings, beaches = coast
    assert len(moorings) >= 100
    assert {shore.country for shore in moorings} == {"IDN", "MYS"}
    for some, clearance_m in ((moorings, 40.0), (beaches, 35.0)):
        lat, lon = np.array([shore.place for shore in some]).T
        assert sea.clear(lat, lon, clearance_m).all()
        assert not sea.clear(lat, lon, 600.0).any()
        assert sea.outside(lat, lon, shores.MAPPED, 250.0, excuses=False).all()
    lat, lon = np.array([shore.place for shore in beaches]).T
    assert sea.outside(lat, lon, ("port",), METRES_PER_NM, excuses=False).all()


def drawn_one_by_one(stage, n, off_m, apart_nm, margin_m):
    """What `shores._drawn` draws, as slowly as it reads."""
    rng, along = stage.rng, geography.axis()
    found = []
    while len(found) < n:
        lat, lon = along.at(np.array([rng.uniform(along.along_m[2], along.along_m[21])]))
        bearing_deg, off = float(rng.uniform(0, 360)), float(rng.uniform(*off_m))
        one = coast_ahead(stage, (float(lat[0]), float(lon[0])), bearing_deg, 55.0, off)
        if one is None or one.country not in ("IDN", "MYS"):
            continue
        spot = geography.spot(one.place)
        if radio.best_hearing(*spot, class_b=True)[0] < 0.45:
            continue
        if not stage.sea.outside(*spot, shores.MAPPED, margin_m, excuses=False)[0]:
            continue
        others = [geodesy.distance_m(*shore.place, *one.place) for shore in found]
        if min(others, default=np.inf) >= apart_nm * METRES_PER_NM:
            found.append(Shore(one.place, one.country))
    return found


@pytest.mark.parametrize("n", [3, 60])  # of those tried at once, and of several times
def test_places_tried_together_are_those_tried_one_by_one(sea, n):
    together, alone = bare(sea, 5), bare(sea, 5)
    how = {"off_m": (40.0, 220.0), "apart_nm": 1.5, "margin_m": 300.0}
    assert shores._drawn(together, n, **how) == drawn_one_by_one(alone, n, **how)
    assert together.rng.random() == alone.rng.random(), "and what comes after is the same"


def actor_of(stage, mmsi):
    return next(actor for actor in stage.actors if actor.ship.mmsi == mmsi)


def landing(stage, event):
    """Where a boat is at the end of its label, and how long it stays there (s)."""
    path = actor_of(stage, event.mmsi).path
    there = path.place(event.end)
    t = np.arange(event.end - 60.0, path.t[-1], 15.0)
    away = geodesy.distance_m(*path.at(t), *there) > 150.0
    left = t[away & (t > event.end)]
    return there, float(left[0] - event.end) if len(left) else np.inf


@pytest.mark.parametrize(
    ("scenario", "slowest", "fastest"),
    [(people.slow_over, 5.5, 9.0), (people.fast_over, 14.0, 48.0), (people.noon_run, 5.5, 30.0)],
)
def test_boats_go_over_land_for_minutes_and_go_home(sea, coast, placed, scenario, slowest, fastest):
    beaches = np.array([shore.place for shore in shores.of_country(coast[1], "MYS")])
    for stage in placed(scenario):
        event = stage.events[0]
        path = actor_of(stage, event.mmsi).path
        over = path.within(event.start, event.end)
        assert slowest < np.median(speed_kn(over)) < fastest
        there, stays_s = landing(stage, event)
        assert geodesy.distance_m(*beaches.T, *there).min() < 30
        assert 120 < stays_s < 1100
        home = path.place(event.start)
        assert geodesy.distance_m(*home, *there) > 6 * METRES_PER_NM
        last = path.place(stage.t1 - 300.0), path.place(stage.t1)
        if geodesy.distance_m(*last[0], *last[1]) < 5:
            assert geodesy.distance_m(*last[1], *home) < 400
        hour = (event.end / HOUR_S + 6.8) % 24
        if scenario is people.noon_run:
            assert 10 < hour < 15.5
        else:
            assert any(s <= event.end <= e for s, e in nights(stage))


def test_a_boat_turns_off_a_beach_where_a_patrol_shows(placed):
    for scenario, lands in ((people.beach_switched, True), (people.run_cancelled, False)):
        for stage in placed(scenario):
            (event,) = stage.events
            boat = actor_of(stage, event.mmsi).path
            patrol = next(a for a in stage.actors if a.ship.model == "patrol").path
            t = np.arange(event.start, event.end, 30.0)
            apart_m = geodesy.distance_m(*boat.at(t), *patrol.at(t))
            assert apart_m.min() < 3.2 * METRES_PER_NM
            if lands:
                assert 120 < landing(stage, event)[1] < 1100


def test_the_local_half_meets_far_out_lands_and_never_reaches_the_other_side(coast, placed):
    afar = np.array([shore.place for shore in shores.of_country(coast[0], "IDN")])
    for scenario in (relays.trawler_meets, relays.trawler_meets_boat, relays.relay):
        for stage in placed(scenario):
            event = next(e for e in stage.events if e.kind == "crossing")
            path = actor_of(stage, event.mmsi).path
            t = np.arange(event.start, event.end, 60.0)
            lat, lon = path.at(t)
            apart_m = geodesy.distance_m(lat[:, None], lon[:, None], afar[:, 0], afar[:, 1])
            assert apart_m.min() > 2.5 * METRES_PER_NM
            assert 120 < landing(stage, event)[1] < 1100
            assert any(s <= event.end <= e + 3 * HOUR_S for s, e in nights(stage))
            for met in (e for e in stage.events if e.kind == "encounter"):
                one, other = (actor_of(stage, m).path for m in (met.mmsi, met.other_mmsi))
                when = np.linspace(met.start, met.end, 20)
                assert geodesy.distance_m(*one.at(when), *other.at(when)).max() < 40
                assert 300 <= met.end - met.start <= 1201


def test_boarders_come_from_astern_in_the_small_hours(placed):
    for stage in placed(boarding.from_astern):
        (event,) = stage.events
        ship, boat = (
            next(a for a in stage.actors if (a.ship.model == "fibreglass") == small)
            for small in (False, True)
        )
        t = np.linspace(event.start - 90.0, event.end - 5.0, 30)
        course = geodesy.bearing_deg(*ship.path.at(t), *ship.path.at(t + 30.0))
        to_boat = geodesy.bearing_deg(*ship.path.at(t), *boat.path.at(t))
        off_deg = np.abs((to_boat - course) % 360 - 180)
        assert np.quantile(off_deg, 0.9) < 45
        during = t >= event.start
        apart_m = geodesy.distance_m(*ship.path.at(t[during]), *boat.path.at(t[during]))
        assert apart_m.max() < ship.ship.stern_m + 60
        assert 1 <= (event.start / HOUR_S + 8) % 24 <= 6
        assert 6 < np.median(speed_kn(ship.path.within(event.start, event.end))) < 12


def test_fast_visits_follow_each_other_and_a_raft_arrives_slowly_and_drifts_with_the_stream(placed):
    for stage in placed(boarding.fast_visits):
        visits = sorted((e.start, e.end) for e in stage.events if e.kind == "encounter")
        assert len(visits) >= 3
        assert all(a[1] < b[0] for a, b in itertools.pairwise(visits))
        for event in (e for e in stage.events if e.kind == "encounter"):
            boat = next(
                a
                for a in stage.actors
                if a.ship.mmsi in (event.mmsi, event.other_mmsi) and a.ship.model == "fibreglass"
            )
            before = boat.path.within(event.start - 600.0, event.start)
            assert np.median(speed_kn(before)) > 12
    for stage in placed(boarding.raft_of_boats):
        spans = [e for e in stage.events if e.kind == "loitering"]
        assert len(spans) >= 3
        for event in spans:
            path = actor_of(stage, event.mmsi).path
            assert np.median(speed_kn(path.within(event.start - 600.0, event.start))) < 5.5
            assert np.median(speed_kn(path.within(event.end, event.end + 400.0))) < 4.5
            start, end = path.place(event.start), path.place(event.end)
            north, east = (end[0] - start[0]) * 111_195, (end[1] - start[1]) * 111_195
            t = np.linspace(event.start, event.end, 50)
            tide = stage.stream.carried(*start, t)[-1]
            wind_m = 0.16 * geodesy.KNOT_MPS * (event.end - event.start)
            assert abs(complex(north, east) - tide) < wind_m + 0.02 * abs(tide) + 100


def test_at_anchor_off_limits_they_keep_their_ground_while_the_stream_turns(sea, placed):
    for scenario in anchoring.PLANTED:
        for stage in placed(scenario):
            for event in (e for e in stage.events if e.kind == "anchoring"):
                path = actor_of(stage, event.mmsi).path
                t = np.linspace(event.start + 60, event.end - 60, 200)
                lat, lon = path.at(t)
                assert geodesy.distance_m(lat, lon, lat.mean(), lon.mean()).max() < 500
                ways = np.angle(stage.stream.at(event.lat, event.lon, t))
                assert np.cos(ways - ways[0]).min() < -0.5
                zones = ("anchorage", "port", "sts_area")
                assert sea.outside(lat, lon, zones, METRES_PER_NM / 2, excuses=False).all()
                at_us = (t * 1e6).astype("int64")
                assert (sea.zones.ruled(lat, lon, at_us, "anchoring", "designated") >= 0).all()


def test_one_hull_under_two_numbers_is_one_and_a_shared_number_is_two(placed):
    for stage in placed(hulls.two_numbers):
        one, other = stage.actors
        t = np.linspace(stage.events[0].start, stage.events[0].end, 50)
        assert geodesy.distance_m(*one.path.at(t), *other.path.at(t)).max() < 15
        assert one.ship.mmsi != other.ship.mmsi
    for stage in placed(hulls.shared_default):
        one, other = stage.actors
        assert one.ship.mmsi == other.ship.mmsi
        assert 9_000_000 <= one.ship.mmsi < 10_000_000
        t = np.linspace(stage.t0, stage.t1, 50)
        assert geodesy.distance_m(*one.path.at(t), *other.path.at(t)).min() > METRES_PER_NM
