"""Geofence: exact crossings, hysteresis, silence, conduct in lanes, and partitioning."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from detectors.core.explain import explain
from detectors.geofence import Geofence
from detectors.hypotheses.geofence import HYPOTHESES
from detectors.surroundings.rules import read_rule
from detectors.surroundings.watches import read_watch

A = 533000001
BOX = (100.0, 3.9, 100.5, 4.1)


def landing(scene: Any, *more: Any) -> Any:
    """One landing place, a box."""
    return scene.zones(("jetty", "landing_place", BOX), *more)


def through(scene: Any, **kw: Any) -> pd.DataFrame:
    """Along 4 N from 99.5 E to 101 E in 6 hours, so in at 2 h and out at 4 h."""
    return scene.track(A, [(0, 4.0, 99.5), (6, 4.0, 101.0)], **kw)


def kinds(found: pd.DataFrame) -> list[str]:
    return list(found.sort_values(["start", "subkind"])["subkind"])


@pytest.mark.parametrize("every_s", [10, 60, 433, 1700])
def test_crossings_lie_on_the_boundary_at_the_interpolated_time(scene: Any, every_s: int) -> None:
    found = (
        Geofence()
        .detect(
            scene.positions(through(scene, every_s=every_s)), scene.context(zones=landing(scene))
        )
        .set_index("subkind")
    )
    assert sorted(found.index) == ["dwell", "enter", "exit"]
    second = pd.Timedelta(seconds=1)
    assert abs(found.loc["enter", "start"] - scene.at(2)) < second
    assert abs(found.loc["exit", "start"] - scene.at(4)) < second
    assert found.loc["enter", "lon"] == pytest.approx(100.0, abs=1e-6)
    assert found.loc["exit", "lon"] == pytest.approx(100.5, abs=1e-6)
    assert (found["start"] == found["end"])[["enter", "exit"]].all()
    assert abs(found.loc["dwell", "start"] - scene.at(2)) < second
    assert abs(found.loc["dwell", "end"] - scene.at(4)) < second
    assert found.loc["dwell", "lon"] == pytest.approx(100.25, abs=1e-4)


def test_a_slanting_crossing_is_cut_where_the_segment_meets_the_boundary(scene: Any) -> None:
    track = scene.track(A, [(0, 3.7, 100.1), (0.5, 4.0, 100.3), (2, 4.0, 100.3)], every_s=1800)
    found = Geofence().detect(scene.positions(track), scene.context((0, 2), landing(scene)))
    enter = found[found["subkind"] == "enter"].iloc[0]
    assert (enter["lat"], enter["lon"]) == pytest.approx((3.9, 100.1 + 0.2 * 2 / 3), abs=1e-6)
    assert abs(enter["start"] - scene.at(0.5 * 2 / 3)) < pd.Timedelta(seconds=1)


def test_two_zones_entered_at_once_are_two_events(scene: Any) -> None:
    zones = landing(scene, ("lagoon", "landing_place", BOX))
    found = Geofence().detect(scene.positions(through(scene)), scene.context(zones=zones))
    entered = found[found["subkind"] == "enter"]
    assert sorted(entered["zone_id"]) == ["jetty", "lagoon"]
    assert entered["event_id"].nunique() == 2


def test_on_the_boundary_it_does_not_flicker(scene: Any) -> None:
    n, edge = 240, 100.0
    wobble = [(h, 4.0, edge + 0.0005 * (-1) ** i) for i, h in enumerate(np.linspace(1, 9, n))]
    track = scene.track(A, [(0, 4.0, 99.8), *wobble, (10, 4.0, 99.8)], every_s=30)
    found = Geofence().detect(scene.positions(track), scene.context(zones=landing(scene)))
    assert kinds(found) == ["dwell", "enter", "exit"]


def swings(hours: float, east_m: float) -> list[tuple[float, float, float]]:
    """At anchor so far east of the zone's western edge, 300 m to and fro with the tide."""
    way = np.arange(1.0, hours, 0.25)
    off_m = east_m + 300.0 * np.sin(2 * np.pi * way / 12.42)
    return [(h, 4.0, 100.0 + m / 111_000.0) for h, m in zip(way.tolist(), off_m, strict=True)]


@pytest.mark.parametrize("east_m", [-50.0, 0.0, 200.0])
def test_who_swings_over_an_edge_at_anchor_makes_one_visit(scene: Any, east_m: float) -> None:
    way = [(0, 4.0, 99.8), *swings(40, east_m), (41, 4.0, 99.8)]
    positions = scene.positions(scene.track(A, way, every_s=180))
    context = scene.context((0, 48), landing(scene))
    found = Geofence(approach_scores={}).detect(positions, context)
    assert sorted(found["subkind"]) == ["dwell", "enter", "exit"]
    without = Geofence(approach_scores={}, max_edge_m=0).detect(positions, context)
    assert len(without) > 6, "without hysteresis each swing is a visit"


def test_who_goes_away_from_an_edge_has_left(scene: Any) -> None:
    way = [(0, 4.0, 99.8), (1, 4.0, 100.002), (2, 4.0, 100.002), (2.5, 4.0, 99.99)]
    back = [(3, 4.0, 99.99), (3.5, 4.0, 100.002), (4.5, 4.0, 100.002), (5, 4.0, 99.8)]
    positions = scene.positions(scene.track(A, [*way, *back]))
    found = Geofence(approach_scores={}).detect(positions, scene.context((0, 10), landing(scene)))
    assert sorted(found["subkind"]) == ["dwell", "dwell", "enter", "enter", "exit", "exit"]


def test_an_exit_is_told_once_it_is_sure(scene: Any) -> None:
    """Who lies beside the edge may swing back; who is gone, silent, or out for long has left."""

    def told(way: list[tuple[float, float, float]], until: float) -> bool:
        positions = scene.positions(scene.track(A, way))
        positions = positions[positions["time"] <= scene.at(until)].reset_index(drop=True)
        found = Geofence().detect(positions, scene.context((0, until), landing(scene)))
        return "exit" in set(found["subkind"])

    inside = [(0, 4.0, 99.8), (1, 4.0, 100.1), (2, 4.0, 100.001)]
    beside = [*inside, (2.1, 4.0, 99.998), (20, 4.0, 99.998)]
    assert not told(beside, 6)
    assert told(beside, 10)
    assert told([*inside, (2.5, 4.0, 99.9), (3, 4.0, 99.9)], 3)
    assert told(beside[:-1], 4), "not heard for two hours"


def watched(scene: Any, *watches: dict[str, Any], box: Any = BOX) -> Any:
    """One zone of a class that no parameter names, with what is watched for in it."""
    zones = scene.zones(("quiet", "quiet_bay", box))
    zones.frame["watches"] = [tuple(read_watch(one) for one in watches)]
    return zones


def raised(scene: Any, zones: Any, track: pd.DataFrame, *vessels: Any) -> list[tuple[str, float]]:
    said = scene.vessels(*vessels) if vessels else None
    context = scene.context((0, 12), zones, vessels=said)
    found = explain(Geofence().detect(scene.positions(track), context), context, HYPOTHESES)
    return sorted(zip(found["subkind"], found["score"].round(3), strict=True))


def test_each_watch_finds_its_conduct(scene: Any) -> None:
    zones = watched(
        scene,
        {"when": "enter", "score": 0.2},
        {"when": "stay", "min_duration_min": 60, "score": 0.4},
        {"when": "stop", "min_duration_min": 30, "score": 0.5},
        {"when": "speed", "speed_kn": 12, "score": 0.6},
    )
    slow = [(0, 4.0, 99.9), (2, 4.0, 100.1), (3, 4.0, 100.1), (6, 4.0, 100.6)]
    assert raised(scene, zones, scene.track(A, slow)) == [
        ("watch_enter", 0.2),
        ("watch_stay", 0.4),
        ("watch_stop", 0.5),
    ]
    fast = scene.track(A, [(0, 4.0, 99.9), (3, 4.0, 100.9)])
    assert ("watch_speed", 0.6) in raised(scene, zones, fast)
    passing = scene.track(A, [(0, 3.5, 99.9), (3, 3.5, 100.9)])
    assert raised(scene, zones, passing) == []


def test_a_watch_of_some_vessels_hours_and_dates(scene: Any) -> None:
    track = scene.track(A, [(0, 4.0, 99.9), (4, 4.0, 100.9)])  # 08:00 to 12:00 in Malaysia
    for asked, finds in (
        ({"hours": "08:00-09:00"}, True),
        ({"hours": "20:00-06:00"}, False),
        ({"vessels": ["class_a"]}, True),
        ({"vessels": ["class_b", "unknown"]}, False),
        ({"vessels": ["tanker", "fishing"]}, True),
        ({"valid_from": "2026-03-01", "valid_until": "2026-03-01"}, True),
        ({"valid_from": "2026-03-02"}, False),
    ):
        zones = watched(scene, {"when": "enter", **asked})
        found = raised(scene, zones, track, {"mmsi": A, "ship_type": 30})
        assert found == ([("watch_enter", 0.3)] if finds else []), asked


def test_of_two_watches_that_ask_for_the_same_the_higher_score_counts(scene: Any) -> None:
    zones = watched(scene, {"when": "enter", "score": 0.1}, {"when": "enter", "score": 0.7})
    assert raised(scene, zones, through(scene)) == [("watch_enter", 0.7)]


def test_a_zones_rules_of_entry_and_speed_are_watched_on_their_dates(scene: Any) -> None:
    zones = scene.zones(("closed", "quiet_bay", BOX))
    law = {"entry": "prohibited", "source": "a notice", "valid_from": "2026-03-01"}
    limit = {"speed_kn_max": 4, "source": "the port", "valid_until": "2026-02-28"}
    zones.frame["rules"] = [(read_rule(law), read_rule(limit))]
    (event,) = flat(Geofence().detect(scene.positions(through(scene)), scene.context(zones=zones)))
    assert (event["subkind"], event["zone_rules"]) == ("watch_enter", "entry: prohibited")
    assert event["zone_rules_cited"] == "a notice (from 2026-03-01)"


def test_one_stray_position_is_no_visit(scene: Any) -> None:
    track = scene.track(A, [(0, 4.0, 99.9), (5, 4.0, 99.9)], every_s=10)
    track.loc[500, "lon"] = 100.001
    found = Geofence().detect(scene.positions(track), scene.context(zones=landing(scene)))
    assert found.empty


def test_a_crossing_in_a_long_silence_is_bounded_not_interpolated(scene: Any) -> None:
    track = through(scene)
    quiet = (track["time"] > scene.at(1)) & (track["time"] < scene.at(3))
    found = Geofence().detect(scene.positions(track[~quiet]), scene.context(zones=landing(scene)))
    enter = found[found["subkind"] == "enter"].iloc[0]
    assert (enter["start"], enter["end"]) == (scene.at(1), scene.at(3))
    assert enter["lon"] == pytest.approx(100.25, abs=1e-3)
    evidence = found[found["subkind"] == "enter"]["evidence"].iloc[0]
    assert evidence["crossing_interpolated"] is False
    assert evidence["silence_s"] == 7200
    dwell = found[found["subkind"] == "dwell"].iloc[0]
    assert dwell["start"] == scene.at(3)


def test_first_seen_inside_has_no_entry(scene: Any) -> None:
    track = scene.track(A, [(0, 4.0, 100.2), (3, 4.0, 100.2), (5, 4.0, 101.0)])
    found = Geofence().detect(scene.positions(track), scene.context(zones=landing(scene)))
    assert kinds(found) == ["dwell", "exit"]
    evidence = found[found["subkind"] == "dwell"]["evidence"].iloc[0]
    assert evidence["entry_interpolated"] is False


def test_a_dwell_is_open_while_inside_and_keeps_its_id(scene: Any) -> None:
    positions, zones = scene.positions(through(scene)), landing(scene)
    seen = positions[positions["time"] <= scene.at(3)].reset_index(drop=True)
    open_ = Geofence().detect(seen, scene.context((0, 3), zones))
    closed = Geofence().detect(positions, scene.context((0, 24), zones))
    assert kinds(open_) == ["dwell", "enter"]
    dwell = open_[open_["subkind"] == "dwell"]
    assert dwell["end"].isna().all()
    assert set(open_["event_id"]) <= set(closed["event_id"])


def test_what_is_not_watched_is_silent(scene: Any) -> None:
    zones = scene.zones(("harbour", "port", BOX), ("sea", "territorial_sea", BOX))
    positions, context = scene.positions(through(scene)), scene.context(zones=zones)
    assert Geofence().detect(positions, context).empty
    watching = Geofence(crossing_scores={"territorial_sea": 0.02})
    found = watching.detect(positions, context)
    assert kinds(found) == ["enter", "exit"]
    assert set(found["zone_id"]) == {"sea"}
    assert list(found["score"]) == [0.02, 0.02]


def test_across_the_antimeridian(scene: Any) -> None:
    zones = scene.zones(("east", "landing_place", (-180.0, -1.0, -179.5, 1.0)))
    track = scene.track(A, [(0, 0.0, 179.0), (4, 0.0, 181.0)], every_s=1000)
    track["lon"] = (track["lon"] + 180) % 360 - 180
    found = Geofence().detect(scene.positions(track), scene.context(zones=zones))
    enter = found[found["subkind"] == "enter"].iloc[0]
    assert abs(enter["start"] - scene.at(2)) < pd.Timedelta(seconds=1)
    assert abs(enter["lon"]) == pytest.approx(180.0, abs=1e-6)


# ---- boundaries

LINE = {
    "boundary_id": "border",
    "left": "West",
    "right": "East",
    "geometry": shapely.LineString([(100.0, 3.0), (100.0, 5.0)]),
}


def flat(found: pd.DataFrame) -> list[dict[str, Any]]:
    """Events with what was measured of each beside the columns."""
    return [
        {**row, **row["evidence"].facts, **{c.name: c.measured for c in row["evidence"].checks}}
        for row in found.to_dict("records")
    ]


def crossed(scene: Any, track: pd.DataFrame, **parameters: Any) -> list[dict[str, Any]]:
    context = scene.context(zones=scene.zones(lines=[LINE]))
    found = Geofence(**parameters).detect(scene.positions(track), context)
    return flat(found)


@pytest.mark.parametrize("every_s", [10, 60, 433, 1700])
def test_a_boundary_is_crossed_at_the_interpolated_time_from_side_to_side(
    scene: Any, every_s: int
) -> None:
    there_and_back = [(0, 4.0, 99.5), (4, 4.0, 100.5), (8, 4.0, 99.5)]
    out, back = crossed(scene, scene.track(A, there_and_back, every_s=every_s))
    for event, hours in ((out, 2), (back, 6)):
        assert event["subkind"] == "cross_line"
        assert event["zone_id"] == "border"
        assert abs(event["start"] - scene.at(hours)) < pd.Timedelta(seconds=1)
        assert event["start"] == event["end"]
        assert event["lon"] == pytest.approx(100.0, abs=1e-6)
        assert event["speed_kn"] == pytest.approx(15.0, abs=0.1)
    assert (out["from_side"], out["to_side"]) == ("West", "East")
    assert (back["from_side"], back["to_side"]) == ("East", "West")


def test_along_a_boundary_it_does_not_flicker(scene: Any) -> None:
    wobble = [
        (h, 3.2 + 0.15 * h, 100.0 + 0.003 * (-1) ** i) for i, h in enumerate(np.linspace(1, 5, 60))
    ]
    stays = scene.track(A, [(0, 3.2, 99.8), *wobble, (6, 4.0, 99.8)], every_s=30)
    assert crossed(scene, stays) == []
    (event,) = crossed(scene, scene.track(A, [(0, 3.2, 99.8), *wobble, (6, 4.0, 100.2)]))
    assert (event["from_side"], event["to_side"]) == ("West", "East")
    assert event["n_cuts"] > 40
    assert event["start"] > scene.at(4.8)


def test_a_boundary_crossed_in_a_long_silence_is_bounded(scene: Any) -> None:
    track = scene.track(A, [(0, 4.0, 99.5), (4, 4.0, 100.5)], every_s=60)
    quiet = (track["time"] > scene.at(1)) & (track["time"] < scene.at(3))
    (event,) = crossed(scene, track[~quiet])
    assert (event["start"], event["end"]) == (scene.at(1), scene.at(3))
    assert event["crossing_interpolated"] is False
    assert event["lon"] == pytest.approx(100.25, abs=1e-3)


def test_only_boundaries_of_the_classes_asked_for(scene: Any) -> None:
    track = scene.track(A, [(0, 4.0, 99.5), (4, 4.0, 100.5)])
    assert crossed(scene, track, boundary_scores={"continental_shelf": 0.03}) == []
    (event,) = crossed(scene, track, boundary_scores={"territorial_sea": 0.2})
    assert event["score"] == 0.2


def test_classes_are_checked() -> None:
    with pytest.raises(ValidationError, match="no zone class is called 'lanes'"):
        Geofence(stop_scores={"lanes": 0.1})
    with pytest.raises(ValidationError, match="no class of boundaries is called 'lane'"):
        Geofence(boundary_scores={"lane": 0.1})


# ---- conduct

LANE = (100.0, 3.95, 101.0, 4.05)


def conduct(
    scene: Any, waypoints: list[tuple[float, float, float]], *boxes: Any, **said: Any
) -> list[dict[str, Any]]:
    """What one vessel does in an eastbound lane, and in other zones."""
    zones = scene.zones(("lane", "tss_lane", LANE), *boxes, direction_deg=90.0)
    vessels = scene.vessels({"mmsi": A, **said}) if said else None
    context = scene.context(zones=zones, vessels=vessels)
    found = Geofence().detect(scene.positions(scene.track(A, waypoints)), context)
    return flat(found)


STOPPED = [(0, 4.0, 99.9), (1, 4.0, 100.2), (2, 4.0, 100.21), (4, 4.0, 100.8)]


def test_a_stop_in_a_lane(scene: Any) -> None:
    (stop,) = conduct(scene, STOPPED)
    assert (stop["subkind"], stop["zone_id"]) == ("stop", "lane")
    assert abs(stop["start"] - scene.at(1)) <= pd.Timedelta(minutes=2)
    assert abs(stop["end"] - scene.at(2)) <= pd.Timedelta(minutes=2)
    assert stop["median_speed_kn"] == pytest.approx(0.6, abs=0.05)
    assert stop["direction_deg"] == 90.0


def test_a_stop_counts_where_staying_is_not_the_rule(scene: Any) -> None:
    assert conduct(scene, STOPPED, ("roads", "anchorage", (100.1, 3.9, 100.3, 4.1))) == []
    brief = [(0, 4.0, 99.9), (1, 4.0, 100.2), (1.4, 4.0, 100.201), (4, 4.0, 100.8)]
    assert conduct(scene, brief) == []
    elsewhere = [(h, lat + 0.2, lon) for h, lat, lon in STOPPED]
    assert conduct(scene, elsewhere) == []


def test_an_open_stop_has_no_end(scene: Any) -> None:
    zones = scene.zones(("bend", "precautionary_area", LANE))
    track = scene.track(A, [(0, 4.0, 99.9), (1, 4.0, 100.2), (2, 4.0, 100.21)])
    found = Geofence().detect(scene.positions(track), scene.context((0, 2), zones))
    assert found["end"].isna().all()
    assert list(found["score"]) == [0.15]


def test_against_the_lane(scene: Any) -> None:
    (event,) = conduct(scene, [(0, 4.0, 100.9), (3, 4.0, 100.1)])
    assert event["subkind"] == "against_lane"
    assert event["course_deg"] == pytest.approx(270, abs=1)
    assert event["turned_deg"] == pytest.approx(180, abs=1)
    assert conduct(scene, [(0, 4.0, 100.1), (3, 4.0, 100.9)]) == [], "with it"
    assert conduct(scene, [(0, 3.95, 100.5), (1, 4.05, 100.5)]) == [], "across it"
    slow = [(0, 4.0, 100.9), (5, 4.0, 100.6)]
    assert conduct(scene, slow) == [], "drifting back at 3.6 kn"


def test_against_one_of_two_lanes_that_overlap_is_not_against(scene: Any) -> None:
    zones = scene.zones(("east", "lane", LANE), ("west", "lane", LANE))
    zones.frame["direction_deg"] = [90.0, 270.0]
    track = scene.track(A, [(0, 4.0, 100.9), (3, 4.0, 100.1)])
    assert Geofence().detect(scene.positions(track), scene.context(zones=zones)).empty


BEACH = ("beach", "landing_place", (101.5, 3.95, 101.6, 4.05))
LANDS = [(0, 4.0, 101.3), (1, 4.0, 101.55), (1.3, 4.0, 101.551), (2, 4.0, 101.3)]


def approaches(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event for event in found if event["subkind"] == "approach"]


def test_an_approach_to_a_landing_place(scene: Any) -> None:
    (event,) = approaches(conduct(scene, LANDS, BEACH))
    assert abs(event["start"] - scene.at(1)) <= pd.Timedelta(minutes=2)
    assert event["end"] - event["start"] == pd.Timedelta(minutes=10)
    assert event["approach_speed_kn"] == pytest.approx(15, abs=0.5)
    assert event["zone_accuracy_m"] == pytest.approx(5560, abs=10)
    assert event["zone_distance_m"] < 300
    assert approaches(conduct(scene, LANDS, BEACH, length_m=12.0))
    assert approaches(conduct(scene, LANDS, BEACH, ship_type=30))


@pytest.mark.parametrize(
    "said", [{"length_m": 150.0}, {"ship_type": 70}, {"ship_type": 60, "length_m": 50.0}]
)
def test_what_is_no_small_craft_approaches_no_beach(scene: Any, said: dict[str, Any]) -> None:
    assert approaches(conduct(scene, LANDS, BEACH, **said)) == []


def test_who_passes_or_comes_out_or_lies_there_does_not_approach(scene: Any) -> None:
    passes = [(0, 4.0, 101.3), (1, 4.0, 101.55), (2, 4.0, 101.8)]
    leaves = [(0, 4.0, 101.55), (1, 4.0, 101.551), (2, 4.0, 101.3)]
    drifts_in = [(0, 4.0, 101.45), (4, 4.0, 101.53), (5, 4.0, 101.53)]
    for way in (passes, leaves, drifts_in):
        assert approaches(conduct(scene, way, BEACH)) == []


def test_manoeuvring_off_a_jetty_is_one_approach(scene: Any) -> None:
    way = [*LANDS[:3], (1.32, 4.0, 101.556), (1.6, 4.0, 101.557), (1.62, 4.0, 101.552)]
    assert len(approaches(conduct(scene, [*way, (2, 4.0, 101.552)], BEACH))) == 1
    again = [*LANDS, (3, 4.0, 101.55), (3.5, 4.0, 101.551)]
    assert len(approaches(conduct(scene, again, BEACH))) == 2


def sailor(scene: Any, seed: int) -> pd.DataFrame:
    """A vessel to and fro over the line, in the lane and off the beach, fast, slow and silent."""
    rng = np.random.default_rng(seed)
    turns = np.r_[0.0, np.sort(rng.uniform(0, 28, 16)), 28.0]
    lon = rng.choice([99.5, 99.995, 100.003, 100.3, 100.301, 101.4, 101.55, 101.551], len(turns))
    waypoints = list(zip(turns, np.full(len(turns), 4.0), lon, strict=True))
    track = scene.track(A, waypoints, every_s=float(rng.choice([60, 170])))
    silent = rng.uniform(0, 22)
    quiet = (track["time"] > scene.at(silent)) & (track["time"] < scene.at(silent + 4.0))
    return scene.positions(track[(rng.random(len(track)) > 0.3) & ~quiet.to_numpy()])


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), cuts=st.lists(st.floats(0.1, 29.9), max_size=10, unique=True))
def test_any_partition_gives_the_same_conduct(scene: Any, seed: int, cuts: list[float]) -> None:
    positions = sailor(scene, seed)
    zones = scene.zones(("lane", "tss_lane", LANE), BEACH, lines=[LINE], direction_deg=90.0)
    scene.assert_same_in_windows(Geofence(), positions, [0.0, *sorted(cuts), 30.0], zones)


@settings(max_examples=10, deadline=None)
@given(east_m=st.floats(-600, 600), cuts=st.lists(st.floats(0.1, 47.9), max_size=10, unique=True))
def test_any_partition_gives_the_same_swings(scene: Any, east_m: float, cuts: list[float]) -> None:
    way = [(0, 4.0, 99.8), *swings(40, east_m), (41, 4.0, 99.8)]
    positions = scene.positions(scene.track(A, way, every_s=360))
    zones = landing(scene)
    scene.assert_same_in_windows(Geofence(), positions, [0.0, *sorted(cuts), 48.0], zones)


def wanderer(scene: Any, seed: int) -> pd.DataFrame:
    """Two vessels in and about the zone, on its boundary too, with lost reports and silences."""
    rng = np.random.default_rng(seed)
    tracks = []
    for i in range(2):
        turns = np.r_[0.0, np.sort(rng.uniform(0, 20, 25)), 20.0]
        lon = rng.choice([99.9, 99.999, 100.001, 100.2], len(turns))
        waypoints = list(zip(turns, np.full(len(turns), 4.0), lon, strict=True))
        track = scene.track(A + i, waypoints, every_s=float(rng.choice([30, 61, 300])))
        keep = rng.random(len(track)) > rng.choice([0.0, 0.5, 0.9])
        silent = rng.uniform(0, 20)
        quiet = (track["time"] > scene.at(silent)) & (track["time"] < scene.at(silent + 3.0))
        tracks.append(track[keep & ~quiet.to_numpy()])
    return scene.positions(*tracks)


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), cuts=st.lists(st.floats(0.1, 29.9), max_size=10, unique=True))
def test_any_partition_gives_the_same_events(scene: Any, seed: int, cuts: list[float]) -> None:
    positions, zones = wanderer(scene, seed), landing(scene)
    scene.assert_same_in_windows(Geofence(), positions, [0.0, *sorted(cuts), 30.0], zones)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_visits_alternate(scene: Any, seed: int) -> None:
    """In and out take turns, and no dwell overlaps another of the same vessel and zone."""
    found = Geofence().detect(wanderer(scene, seed), scene.context((0, 30), landing(scene)))
    for _, own in found[found["subkind"] == "dwell"].groupby("track_ids"):
        ends = own["end"].fillna(scene.at(30)).to_numpy()
        assert (own["start"].to_numpy()[1:] >= ends[:-1]).all()
    for _, own in found[found["subkind"] != "dwell"].groupby("track_ids"):
        assert len(own) == len(own.drop_duplicates(["subkind", "start"]))
