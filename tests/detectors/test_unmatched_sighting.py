"""Unmatched sightings: what explains one, what is named beside one, and what others read of it."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from detectors.core import explain
from detectors.core.evidence import Evidence, Explained
from detectors.core.frames import SIGHTINGS, conform
from detectors.core.hypothesis import Known
from detectors.unmatched_sighting import UnmatchedSighting
from detectors.unmatched_sighting.leads import loiterers, silent_vessels
from detectors.vessels import association
from tests.detectors.scenes import Stage, detected
from tests.detectors.tables import make_positions, make_zones


def sightings(*rows):
    """`frames.SIGHTINGS` from mappings."""
    defaults = {
        "uncertainty_m": 100.0,
        "source": "radar",
        "length_m": float("nan"),
        "confidence": 0.9,
        "note": "",
    }
    table = pd.DataFrame(
        [{**defaults, "sighting_id": f"s{i}", **row} for i, row in enumerate(rows)]
    )
    table["time"] = pd.to_datetime(table["time"], utc=True)
    return conform(table, SIGHTINGS)


@pytest.fixture
def look(stage):
    def looked(*rows, **parameters):
        seen = dataclasses.replace(stage, sightings=sightings(*rows))
        return detected(UnmatchedSighting(**parameters), seen.positions, seen.context())

    return looked


def place_of(stage, mmsi, time):
    own = stage.positions[(stage.positions["mmsi"] == mmsi) & (stage.positions["time"] <= time)]
    return {"lat": own["lat"].iloc[-1], "lon": own["lon"].iloc[-1]}


def test_a_vessel_with_ais_is_explained(stage, look):
    time = pd.Timestamp("2026-03-01T15:00Z")
    assert look({"time": time, **place_of(stage, 563000107, time)}).empty


def test_two_seen_beside_one_track_leave_one_unexplained(stage, look):
    time = pd.Timestamp("2026-03-01T15:00Z")
    place = place_of(stage, 563000107, time)
    beside = {"lat": place["lat"] + 0.004, "lon": place["lon"]}
    found = look({"time": time, **place}, {"time": time, **beside})
    assert [evidence["sighting_source"] for evidence in found["evidence"]] == ["s1"]


@pytest.mark.parametrize(
    ("source", "explained"),
    [
        ("SAR Sentinel-1", True),
        ("S1A_IW_GRDH", True),
        ("SELATSIM-SAR-1", True),
        ("ICEYE X7", True),
        ("SAR helicopter 2", False),
        ("radar", False),
        ("optical", False),
    ],
)
def test_a_moving_ship_is_displaced_in_sar_images_only(stage, look, source, explained):
    """The vessel makes 5.7 kn: it may lie some 130 m off in a SAR image. Here it is 330 m, across
    its course, where the place itself is known to 50 m."""
    fast = stage.positions[stage.positions["mmsi"] == 563000602]
    row = fast[fast["time"] == pd.Timestamp("2026-03-01T18:30Z")].iloc[0]
    seen = {"time": row["time"], "lat": row["lat"] + 0.003, "lon": row["lon"], "source": source}
    assert look({**seen, "uncertainty_m": 50, "length_m": 60}).empty == explained


def test_nothing_known_has_no_vessel_and_an_event_each(look):
    found = look(
        {"time": "2026-03-02T03:00Z", "lat": 2.05, "lon": 101.30, "length_m": 80},
        {"time": "2026-03-02T03:00Z", "lat": 2.05, "lon": 101.40, "length_m": 12},
    )
    assert found["mmsi"].tolist() == [0, 0]
    assert found["event_id"].is_unique
    assert (found["start"] == found["end"]).all()
    large, small = found.sort_values("lon")["score"]
    assert large > 0.5 > small


def test_small_craft_are_excused_and_faint_ones_too(stage, look):
    found = look(
        {"time": "2026-03-02T03:00Z", "lat": 2.05, "lon": 101.30, "length_m": 12},
        {"time": "2026-03-02T03:00Z", "lat": 2.05, "lon": 101.40, "confidence": 0.3},
    )
    told = explain.explain(found, stage.context(), UnmatchedSighting.hypotheses)
    assert sorted(text.split(":")[0] for text in told["explanation"]) == [
        "craft that need not carry AIS",
        "uncertain sighting",
    ]


def test_a_silent_vessel_of_that_size_is_named(look):
    found = look({"time": "2026-03-01T22:00Z", "lat": 2.27, "lon": 101.527, "length_m": 120})
    assert found[["mmsi", "subkind"]].to_numpy().tolist() == [[563000107, "near_gap"]]
    assert found["score"].iloc[0] > 0.2


def test_a_boat_beside_a_loiterer_names_the_loiterer(look):
    near = {"time": "2026-03-01T22:30Z", "lat": 2.322, "lon": 101.866, "length_m": 12}
    found = look(near)
    assert found[["mmsi", "subkind"]].to_numpy().tolist() == [[563000104, "near_loitering"]]
    assert look({**near, "lat": 2.36, "lon": 101.90})["subkind"].tolist() == [""]


@pytest.mark.parametrize(("explained", "named"), [(0.75, 2), (0.1, 1)])
def test_a_boat_with_a_reason_hides_no_ship_without_one(explained, named):
    """Of two that loiter, 400 m and 1,100 m off, the one counts beside which it is worth most."""
    at_us = np.array([0, 3_600_000_000])
    rows = [
        {"track_ids": str(100 * k + 1), "start": at_us[0], "end": at_us[1], "evidence": evidence}
        for k, evidence in ((1, Evidence(explained=Explained(0.5, explained))), (2, Evidence()))
    ]
    tracks = association.Tracks(
        np.repeat([101, 201], 2),
        np.tile(at_us, 2),
        np.repeat([2.0036, 2.0099], 2),
        *(np.full(4, value) for value in (101.0, 0.3, 90.0)),
    )
    one = (np.array([value]) for value in (0, at_us[1] // 2, 2.0, 101.0, 80.0, 11.0, 0.9, 0.0))
    loitering = pd.DataFrame(rows).assign(event_id=["e1", "e2"])
    loitering[["start", "end"]] = loitering[["start", "end"]].apply(pd.to_datetime, unit="us")
    seen = association.Seen(*one)
    [lead] = loiterers(UnmatchedSighting(), seen, np.array([0]), loitering, tracks)
    assert lead.event_id == f"e{named}"


def named_by(seen_h, seen_lon, again_h, **again):
    """The silent vessel that something of 150 m is held to be, seen on its way to the east: it made
    12 kn before its silence."""
    hour_us = 3_600_000_000
    last = pd.NaT if again_h is None else pd.Timestamp(int(again_h * hour_us), tz="UTC", unit="us")
    gap = {
        "event_id": "g",
        "mmsi": 563000001,
        "track_ids": "56300000101",
        "start": pd.Timestamp(0, unit="us", tz="UTC"),
        "end": last,
        "lat": 2.0,
        "lon": 101.0,
        "evidence": Evidence.of({"speed_before_kn": 12.0, "course_before_deg": 90.0, **again}),
    }
    one = (0, int(seen_h * hour_us), 2.0, seen_lon, 80.0, 150.0, 0.9, 0.0)
    seen = association.Seen(*(np.array([value]) for value in one))
    matches = association.Matches(
        np.array([1.0]), np.array([-1]), np.array([False]), np.array([0.0])
    )
    vessels = pd.DataFrame({"mmsi": [563000001], "length_m": [150.0]})
    rule, gaps = UnmatchedSighting(), pd.DataFrame([gap])
    [lead] = silent_vessels(rule, seen, np.array([0]), matches, gaps, vessels)
    return lead


@pytest.mark.parametrize(
    ("again_h", "named"),
    [
        (4.0, True),  # a quarter of an hour after it was seen, three miles on
        (9.0, False),  # nobody knows that yet when all of it is settled
        (None, False),
    ],
)
def test_a_silent_vessel_is_reckoned_back_from_where_it_is_heard_again(again_h, named):
    """It made 12 kn to the east for four hours of silence, as far as anybody knew, and lay: what is
    seen shortly before it is heard again, close to there, is it."""
    back = {"again_lat": 2.0, "again_lon": 101.15, "again_speed_kn": 12.0, "again_course_deg": 90.0}
    lead = named_by(3.75, 101.1, again_h, **({} if again_h is None else back))
    assert (lead is not None) == named


@pytest.mark.parametrize("speed_kn", [0.0, 0.3, 12.0, 102.2, None])
@pytest.mark.parametrize("course", [0.0, 90.0, None])
def test_who_comes_back_at_anchor_sailed_there(speed_kn, course):
    """Silent for an hour and a half at 12 kn, seen half-way through on its way, and heard again
    where it anchored, whatever its set says of its speed there."""
    back = {"again_lat": 2.0, "again_lon": 101.3, "again_speed_kn": speed_kn}
    assert named_by(1.0, 101.2, 1.5, **back, again_course_deg=course) is not None
    assert named_by(1.0, 101.2, None) is not None


@pytest.mark.parametrize(("time", "subkind"), [("10:40", "near_loitering"), ("12:30", "")])
def test_a_boat_beside_a_ship_that_loitered_until_lately_names_it(stage, look, time, subkind):
    there = place_of(stage, 563000108, f"2026-03-02T{time}Z")
    beside = {"lat": there["lat"] + 0.008, "lon": there["lon"], "length_m": 9}
    found = look({"time": f"2026-03-02T{time}Z", **beside})
    assert found["subkind"].tolist() == [subkind]
    assert (found["mmsi"] == (563000108 if subkind else 0)).all()


def test_where_no_ais_is_heard_it_says_so(stage, look):
    found = look({"time": "2026-03-02T03:00Z", "lat": 5.5, "lon": 98.0, "length_m": 90})
    told = explain.explain(found, stage.context(), UnmatchedSighting.hypotheses)
    assert told["explanation"].iloc[0].startswith("beyond reception")


@pytest.mark.parametrize(
    ("time", "says"), [("17:55", "a satellite that passed"), ("16:55", "no vessel was heard")]
)
def test_what_a_pass_hears_is_within_reception(time, says):
    """Six ships 20 nm off are heard every other hour, and nobody near the sighting."""
    noon = pd.Timestamp("2026-03-01T12:00Z")
    rows = [
        (563000200 + k, noon + pd.Timedelta(hours=2 * n), 2.3, 101.1 + k / 50)
        for k in range(6)
        for n in range(5)
    ]
    positions = make_positions(pd.DataFrame(rows, columns=["mmsi", "time", "lat", "lon"]))
    seen = sightings({"time": f"2026-03-01T{time}Z", "lat": 2.0, "lon": 101.1, "length_m": 20.0})
    stage = Stage(positions, make_zones([]), noon, noon + pd.Timedelta(hours=9))
    stage = dataclasses.replace(stage, sightings=seen)
    found = detected(UnmatchedSighting(), stage.positions, stage.context())
    told = explain.explain(found, stage.context(), UnmatchedSighting.hypotheses)
    assert [says in explanation for explanation in told["explanation"]] == [True]


def test_hostile_notes_stay_text(look):
    note = '=cmd|"/C calc"!A0 </script>\u202e'
    found = look({"time": "2026-03-02T03:00Z", "lat": 2.05, "lon": 101.30, "note": note})
    assert found["evidence"].iloc[0]["note"] == note


@pytest.mark.parametrize(
    ("differs", "subkind", "reason"),
    [
        ({}, "near_gap", "beyond reception"),
        ({"silence_probability": 0.05}, "near_gap", None),
        ({"reach_ratio": 0.7}, "near_gap", None),
        ({"n_heard_around": 3}, "near_gap", None),
        ({}, "", None),
    ],
)
def test_a_ship_lost_at_the_edge_of_reception_is_what_was_seen_there(differs, subkind, reason):
    measured = {
        "silence_probability": 0.16,
        "max_silence_probability": 0.2,
        "reach_ratio": 0.88,
        "n_heard_around": 1,
        "n_heard_near": 16,
        "min_heard_near": 5,
        "n_known_hours": 59,
        "min_known_hours": 4,
        "after_a_pass": False,
        "seen_without_ais": False,
        "length_m": 140.0,
    }
    evidence = Evidence.of({**measured, **differs})
    known = Known("unmatched_sighting", subkind, evidence, (70,), (149.0,))
    found = explain.best_of(known, UnmatchedSighting.hypotheses)
    assert (found[0].name if found else None) == reason
