"""Each scenario is what its name says: looked at on the stage, and in the feed it gives."""

import csv

import numpy as np
import pytest

from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.exercise import background, breakdowns, radio
from pipelines.exercise.fleet import imo_number
from pipelines.exercise.motion import AT_ANCHOR, speed_kn
from pipelines.exercise.programme import SORTS
from pipelines.exercise.scenarios import (
    identity,
    misread,
    mother_ship,
    possible_meeting,
    sightings,
    spoofing,
)
from pipelines.exercise.scenarios.common import coast, passage
from pipelines.exercise.stage import HOUR_S
from pipelines.exercise.truth import Sighting, write_sightings
from tests.pipelines.exercise.conftest import assert_noted, bare

pytestmark = pytest.mark.slow  # the simulator, not what is made with it

ALL = [
    (kind, scenario, suspicious)
    for kind, sorts in SORTS.items()
    for suspicious, some in ((True, sorts.planted), (False, sorts.traps))
    for scenario in dict.fromkeys(some)
]


def stage_with(sea, seed, *some, hours=24.0, coast=((), ())):
    """A stage with one of each of the scenarios, and whether each fitted."""
    stage = bare(sea, seed, hours)
    stage.moorings, stage.beaches = coast
    return stage, [scenario(stage) for scenario in some]


@pytest.mark.parametrize(
    ("kind", "scenario", "suspicious"), ALL, ids=lambda v: getattr(v, "__name__", "")
)
def test_a_scenario_notes_what_it_puts_on_the_stage(kind, scenario, suspicious, placed):
    for stage in placed(scenario, 24.0 * 8) if kind == "outlier" else placed(scenario):
        assert_noted(stage, kind, suspicious=suspicious)
        own = [e for e in stage.events if e.kind == kind]
        assert len({e.note for e in own}) == 1
        if kind == "outlier":
            assert min(e.start for e in own) >= stage.t1 - 24 * HOUR_S


@pytest.mark.parametrize("scenario", dict.fromkeys(s for _, s, _ in ALL), ids=lambda s: s.__name__)
def test_a_scenario_that_does_not_fit_leaves_the_stage_as_it_was(sea, coast, scenario):
    stage, (fitted,) = stage_with(sea, 1, scenario, hours=1.0, coast=coast)
    drifts = scenario in SORTS["loitering"].planted and scenario.__name__ != "before_the_feed"
    assert not (drifts and fitted), "it takes hours"
    if not fitted:
        assert stage.actors == []
        assert stage.events == []


FIRST = [s for sorts in SORTS.values() for s in (*sorts.planted[:1], *sorts.traps[:1])]


@pytest.mark.parametrize(
    "every",
    [
        pytest.param(FIRST, id="one-of-a-sort"),
        pytest.param([s for _, s, _ in ALL], id="all", marks=pytest.mark.prove),
    ],
)
def test_the_same_seed_plays_the_same_scenarios(sea, coast, every):
    one, other = (stage_with(sea, 3, *every, coast=coast) for _ in range(2))
    assert one[1] == other[1]
    assert one[0].events == other[0].events
    for a, b in zip(one[0].actors, other[0].actors, strict=True):
        assert a.ship == b.ship
        np.testing.assert_array_equal(a.path.t, b.path.t)
        np.testing.assert_array_equal(a.path.lat, b.path.lat)


# ---- identity


def test_a_hand_over_is_one_hull_with_two_numbers_one_after_the_other(sea):
    for seed in range(12):
        stage, (fitted,) = stage_with(sea, seed, identity.handover)
        assert fitted
        old, new = stage.actors
        said = [("mmsi", "name", "callsign")] + ([("imo",)] if old.ship.imo else [])
        for name in sum(said, ()):
            assert getattr(old.ship, name) != getattr(new.ship, name)
        pause_s = new.path.t[0] - old.path.t[-1]
        assert 0 <= pause_s <= 1200
        moved_m = geodesy.distance_m(*old.path.end_place, *new.path.place(new.path.t[0]))
        assert moved_m <= geodesy.KNOT_MPS * 22 * pause_s + 10
        (event,) = stage.events
        assert old.path.t[-1] == pytest.approx(event.start, abs=0.1)
        assert event.end - event.start <= 1200
        assert not radio.sending(old, np.array([event.end + 1, stage.t1])).any()


def test_two_hulls_are_as_far_apart_as_they_say(placed):
    for scenario, nearest_nm, farthest_nm in (
        (identity.two_hulls_far, 40, 700),
        (identity.two_hulls_near, 5, 32),
    ):
        for stage in placed(scenario):
            one, other = stage.actors
            assert one.ship.mmsi == other.ship.mmsi
            (event,) = stage.events
            t = (event.start + event.end) / 2
            apart_m = geodesy.distance_m(*one.path.place(t), *other.path.place(t))
            assert nearest_nm < apart_m / METRES_PER_NM < farthest_nm


def test_invented_numbers_are_wrong_in_both(placed):
    for stage in placed(identity.invented_numbers):
        ship = stage.actors[0].ship
        assert ship.imo != imo_number(ship.imo // 10)
        assert ship.mmsi // 10**6 in identity.UNASSIGNED_MIDS


def test_a_corrected_name_differs_by_a_letter_and_a_new_one_by_more(placed):
    for scenario, fewest, most in ((misread.corrected_typing, 0, 1), (identity.renaming, 2, 20)):
        for stage in placed(scenario):
            before, after = (a.ship.name for a in stage.actors)
            assert before != after
            # Insertions and deletions shift the rest: count what is left between the common ends.
            head = next(
                (k for k, (a, b) in enumerate(zip(before, after, strict=False)) if a != b),
                min(len(before), len(after)),
            )
            tails = zip(before[head:][::-1], after[head:][::-1], strict=False)
            tail = next(
                (k for k, (a, b) in enumerate(tails) if a != b), min(len(before), len(after)) - head
            )
            assert fewest <= max(len(before), len(after)) - head - tail <= most


# ---- spoofing


def test_false_positions_are_false_only_for_a_time_and_heard_from_the_true_place(placed):
    for scenario in spoofing.PLANTED:
        for stage in placed(scenario):
            (event,) = stage.events
            liars = [a for a in stage.actors if a.aerial is not None]
            (liar,) = liars
            t = np.linspace(max(event.start, liar.path.t[0]) + 60, event.end - 60, 50)
            off_m = geodesy.distance_m(*liar.path.at(t), *liar.afloat.at(t))
            assert np.quantile(off_m, 0.9) > 2 * METRES_PER_NM
            honest = [a for a in stage.actors if a.aerial is None]
            assert honest
            assert {a.ship.mmsi for a in stage.actors} == {event.mmsi}


def test_what_is_said_to_be_ashore_is_and_nothing_else(zones, placed):
    for scenario in spoofing.PLANTED:
        for stage in placed(scenario):
            liar = next(a for a in stage.actors if a.aerial is not None)
            on_land = zones.on_land(liar.path.lat, liar.path.lon)
            assert on_land.all() if scenario is spoofing.ashore else not on_land.any()


def test_circles_are_round_and_steady(placed):
    for stage in placed(spoofing.circles):
        liar = next(a for a in stage.actors if a.aerial is not None)
        lat, lon = liar.path.lat[1:-1], liar.path.lon[1:-1]
        speed = speed_kn(liar.path)[1:-1]
        assert np.ptp(speed) < 0.05 * speed.mean()
        turn = max(int(len(lat) / 72) * 72, 72)
        centre = lat[:turn].mean(), lon[:turn].mean()
        radius_nm = geodesy.distance_m(lat, lon, *centre) / METRES_PER_NM
        if len(lat) >= 72:
            assert np.ptp(radius_nm) < 0.1 * radius_nm.mean()
            assert 0.18 < radius_nm.mean() < 2.1


def test_an_offset_stays_the_same_and_a_frozen_position_does_not_move(placed):
    for scenario in (spoofing.offset, spoofing.offset_copy):
        for stage in placed(scenario):
            liar = next(a for a in stage.actors if a.aerial is not None)
            t = np.linspace(liar.path.t[0], liar.path.t[-1], 30)
            said, true = np.array(liar.path.at(t)), np.array(liar.afloat.at(t))
            np.testing.assert_allclose(said - true, (said - true)[:, :1] * np.ones(30), atol=1e-6)
    for stage in placed(spoofing.frozen):
        liar = next(a for a in stage.actors if a.aerial is not None)
        assert liar.exact
        assert np.ptp(liar.path.lat) == np.ptp(liar.path.lon) == 0
        assert np.median(speed_kn(liar.afloat)) > 5


def test_no_ship_anchors_in_anothers_swing(sea, monkeypatch):
    """Who comes in by the lane keeps clear of who lies there, though all come to one place."""
    largest = max(sea.polygons("anchorage").values(), key=lambda polygon: polygon.area)
    middle = largest.representative_point().buffer(0.012, cap_style="square")
    monkeypatch.setattr(background, "some_anchorage", lambda stage: middle)
    for seed in range(2):
        stage, _ = stage_with(sea, seed, *[background.caller] * 12)
        lain = [a.path for a in stage.actors if (a.path.status == AT_ANCHOR).any()]
        spots = [(p.lat[k], p.lon[k]) for p in lain for k in np.flatnonzero(p.status == 1)[:1]]
        lat, lon = np.array(spots).T
        apart_m = geodesy.distance_m(lat[:, None], lon[:, None], lat, lon)
        assert len(spots) >= 8
        assert apart_m[~np.eye(len(lat), dtype=bool)].min() >= 150.0


def test_a_corrupt_fix_is_a_single_report(placed):
    for stage in placed(spoofing.one_bad_fix):
        wrong = next(a for a in stage.actors if a.aerial is not None)
        assert len(radio.report_times(wrong)) == 1


def test_interference_disturbs_all_ships_nearby_but_those_to_be_found(sea):
    disturbed = 0
    for seed in range(6):
        stage, _ = stage_with(sea, seed, spoofing.jump, *[background.anchored] * 40)
        state = stage.rng.bit_generator.state
        wanted = {e.mmsi for e in stage.events if e.suspicious}
        if not breakdowns.interference(stage):
            continue
        disturbed += 1
        assert stage.rng.bit_generator.state == state, "nothing else depends on it"
        hit = [a for a in stage.actors if a.disturbed]
        traps = [e for e in stage.events if e.note.startswith("interference")]
        assert {a.ship.mmsi for a in hit} == {e.mmsi for e in traps}
        assert len(hit) >= 4
        assert not wanted & {e.mmsi for e in traps}
        (span,) = {(a.disturbed.start, a.disturbed.end) for a in hit}
        assert 15 * 60 <= span[1] - span[0] <= 40 * 60
        places = np.array([a.afloat.place(span[0]) for a in hit])
        assert geodesy.distance_m(*places[0], *places.T).max() < 30 * METRES_PER_NM
    assert disturbed >= 2


# ---- coasts


def test_a_coast_is_where_a_bearing_meets_land(sea):
    stage, _ = stage_with(sea, 1)
    east, west = (coast(stage, (1.85, 102.32), bearing, 60.0, 300.0) for bearing in (45, 225))
    assert (east.country, west.country) == ("MYS", "IDN")
    for landfall in (east, west):
        spot = np.array([landfall.place[0]]), np.array([landfall.place[1]])
        assert sea.clear(*spot, 250.0)[0]
        assert not sea.clear(*spot, 1500.0)[0]
    assert coast(stage, (1.85, 102.32), 45, 5.0, 300.0) is None


# ---- meetings


def test_silent_ships_meet_while_both_are_silent(placed):
    for stage in placed(possible_meeting.in_silence):
        one, other = stage.actors
        (event,) = [e for e in stage.events if e.kind == "possible_meeting"]
        t = np.linspace(event.start, event.end, 400)
        assert not radio.sending(one, t[1:-1]).any()
        assert not radio.sending(other, t[1:-1]).any()
        assert geodesy.distance_m(*one.path.at(t), *other.path.at(t)).min() < 200
        assert sum(e.kind == "gap" and e.suspicious for e in stage.events) == 2


def test_ships_too_far_apart_cannot_have_met(placed):
    for stage in placed(possible_meeting.too_far_apart):
        one, other = stage.actors
        (event,) = [e for e in stage.events if e.kind == "possible_meeting"]
        for t in (event.start, event.end):
            apart_m = geodesy.distance_m(*one.path.place(t), *other.path.place(t))
            assert apart_m > 40 * METRES_PER_NM * (event.end - event.start) / HOUR_S


def test_a_mother_ship_has_a_brief_visit_from_each_of_several_craft(placed):
    for scenario in (*mother_ship.PLANTED, *mother_ship.TRAPS):
        for stage in placed(scenario):
            (event,) = [e for e in stage.events if e.kind == "mother_ship"]
            visits = [e for e in stage.events if e.kind == "encounter"]
            assert len(visits) >= 3
            actors = {a.ship.mmsi: a for a in stage.actors}
            for visit in visits:
                assert event.mmsi in (visit.mmsi, visit.other_mmsi)
                assert 1199 <= visit.end - visit.start <= 2401
                assert event.start <= visit.start < visit.end <= event.end
                t = np.linspace(visit.start, visit.end, 20)
                one, other = (actors[m].path.at(t) for m in (visit.mmsi, visit.other_mmsi))
                assert geodesy.distance_m(*one, *other).max() < 120


# ---- sightings


@pytest.fixture(scope="module")
def crowd(sea):
    """Sixty ships in the lane and one that lies about its position, seen by others."""
    stage, _ = stage_with(sea, 2, spoofing.jump)
    for _ in range(60):
        found = passage(stage, stage.t0 + 6 * HOUR_S, stage.t0 + 10 * HOUR_S)
        if found:
            stage.enter(*found)
    return stage, sightings.see(stage, 450)


def test_boats_without_ais_are_seen_where_nobody_else_is(crowd):
    stage, seen = crowd
    boats = [e for e in stage.events if e.kind == "unmatched_sighting" and e.suspicious]
    assert len(boats) >= 4
    for boat in boats:
        assert boat.mmsi == boat.other_mmsi == 0
        assert boat.start == boat.end
        at_once = [s for s in seen if s.time == boat.start]
        off_m = [geodesy.distance_m(s.lat, s.lon, boat.lat, boat.lon) for s in at_once]
        assert min(off_m) < 1600
        others = [
            a.afloat.place(boat.start)
            for a in stage.actors
            if a.afloat.t[0] <= boat.start <= a.afloat.t[-1]
        ]
        apart_m = geodesy.distance_m(*np.array(others).T, boat.lat, boat.lon)
        assert apart_m.min() > 2.9 * METRES_PER_NM


def test_everything_else_that_is_seen_is_a_ship_that_sends_it(crowd):
    stage, seen = crowd
    boats = {e.start for e in stage.events if e.kind == "unmatched_sighting" and e.suspicious}
    for sighting in seen:
        assert sighting.source.startswith("SELATSIM-")
        assert stage.t0 <= sighting.time <= stage.t1
        if sighting.time in boats:
            continue
        there = [a for a in stage.actors if a.path.t[0] <= sighting.time <= a.path.t[-1]]
        lat, lon = np.array([a.path.place(sighting.time) for a in there]).T
        off_m = geodesy.distance_m(lat, lon, sighting.lat, sighting.lon)
        # A moving ship in a radar image is displaced by up to some 600 m.
        assert off_m.min() < 4 * sighting.uncertainty_m + (700 if "SAR" in sighting.source else 0)
        assert there[int(off_m.argmin())].aerial is None


def test_sightings_csv_has_the_columns_of_the_glossary(tmp_path):
    write_sightings(
        tmp_path / "sightings.csv",
        [
            Sighting(1000.0, 1.25, 103.5, 80, "SELATSIM-X", float("nan"), 0.5, "later, with comma"),
            Sighting(0.0, -1.5, 103.5, 80, "SELATSIM-X", 12.4, 0.9, ""),
        ],
    )
    with (tmp_path / "sightings.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert list(first) == [
        "sighting_id",
        "time",
        "lat",
        "lon",
        "uncertainty_m",
        "source",
        "length_m",
        "confidence",
        "note",
    ]
    assert (first["sighting_id"], first["time"]) == ("SIM-0001", "1970-01-01T00:00:00Z")
    assert (first["length_m"], second["length_m"]) == ("12", "")
    assert second["note"] == "later, with comma"
