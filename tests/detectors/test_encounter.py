"""Encounter against a slow oracle, against planted meetings and against partitioning."""

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from detectors.core import explain, run
from detectors.core.evidence import Evidence
from detectors.core.frames import FALSE_FIX, INTERFERENCE, NOISE, SECOND_US, conform, epoch_us
from detectors.core.hypothesis import Known
from detectors.core.statements import STATED_BOUND
from detectors.encounter import Encounter, pairs, passes
from detectors.encounter.company import SAME_GROUND_M, calls_before
from detectors.hypotheses.encounter import KEPT_APART
from detectors.kinematics import geodesy
from detectors.kinematics.reports import Reports
from detectors.surroundings import coverage_learn

A, B, C, D = 533000001, 563000002, 525000003, 440000004
METRE = 1 / 111_195.0
SEA = (4.0, 100.0)


def meeting(
    scene: Any, mmsi: int, begin: float, end: float, offset_m: float = 0.0, **kw: Any
) -> pd.DataFrame:
    """Comes from the west at speed, lies still from `begin` to `end`, leaves to the north."""
    lat, lon = SEA[0] + offset_m * METRE, SEA[1]
    waypoints = [
        (begin - 1.0, lat, lon - 0.2),
        (begin, lat, lon),
        (end, lat, lon),
        (end + 1.0, lat + 0.2, lon),
    ]
    return scene.track(mmsi, waypoints, **kw)


def spans(found: pd.DataFrame) -> list[tuple[int, int, float, float]]:
    """(mmsi, other, start, end) with hours after the day began."""
    day = pd.Timestamp("2026-03-01", tz="UTC")
    hour = pd.Timedelta(hours=1)
    return [
        (r.mmsi, r.other_mmsi, (r.start - day) / hour, (r.end - day) / hour)
        for r in found.itertuples()
    ]


@pytest.mark.parametrize(("n_lying", "explained"), [(8, True), (2, False)])
def test_where_many_lie_two_that_lay_all_along_are_in_a_harbour(
    scene: Any, n_lying: int, explained: bool
) -> None:
    """No zone and no land says so; their positions stray as those of ships at rest do."""
    rng = np.random.default_rng(14)
    tracks = []
    for k in range(n_lying):
        lat = SEA[0] + (15 * k if k < 2 else 120 * k) * METRE
        track = scene.track(A + k, [(1, lat, 100.0), (6, lat, 100.0)], every_s=120)
        track[["lat", "lon"]] += rng.normal(0, 4 * METRE, (len(track), 2))
        tracks.append(track)
    positions = scene.positions(*tracks)
    context = replace(scene.context((0, 6)), coverage=coverage_learn.learn(positions))
    found = explain.explain(
        run.look(Encounter(), positions, context), context, Encounter.hypotheses
    )
    pair = found[(found["mmsi"] == A) & (found["other_mmsi"] == A + 1)].iloc[0]
    assert pair["explanation"].startswith("berthed near one another") == explained
    assert (pair["score"] < 0.3) == explained


def test_a_transfer_in_open_water_is_found_with_its_span(scene: Any) -> None:
    positions = scene.positions(meeting(scene, B, 5, 9, 60), meeting(scene, A, 6, 10))
    found = run.look(Encounter(), positions, scene.context())
    ((mmsi, other, start, end),) = spans(found)
    assert (mmsi, other) == (A, B)
    assert start == pytest.approx(6, abs=0.1)
    assert end == pytest.approx(9, abs=0.1)
    evidence = found["evidence"].iloc[0]
    assert evidence["median_distance_m"] == pytest.approx(60, abs=1)
    assert evidence["median_speed_kn"] < 0.1
    assert evidence["gfw_rule_met"] is True
    assert {(c.name, c.limit, c.parameter) for c in evidence.checks} == {
        ("duration_s", 1800, "min_duration_s"),
        ("median_distance_m", 500, "max_distance_m"),
        ("median_speed_kn", 2.5, "max_speed_kn"),
        ("other_median_speed_kn", 2.5, "max_speed_kn"),
    }
    assert all(check.margin > 0 for check in evidence.checks)
    assert evidence.settings["max_silence_s"] == 1800
    assert "max_speed_kn" not in evidence.settings, "it is told as the limit of a check"
    assert found["score"].iloc[0] > 0.7
    assert found["track_ids"].iloc[0] == f"{A}01;{B}01"
    assert (found["lat"].iloc[0], found["lon"].iloc[0]) == pytest.approx(SEA, abs=1e-6)


def test_evidence_points_at_the_reports_around_the_span(scene: Any) -> None:
    positions = scene.positions(meeting(scene, A, 6, 10), meeting(scene, B, 5, 9, 60))
    found = run.look(Encounter(), positions, scene.context())
    evidence = found["evidence"].iloc[0]
    for prefix, mmsi in (("", A), ("other_", B)):
        times = []
        for end in ("first", "last"):
            source, offset = evidence[f"{prefix}{end}_report_source"].split(":")
            row = positions[
                (positions["source"] == source) & (positions["source_offset"] == int(offset))
            ]
            assert list(row["mmsi"]) == [mmsi]
            times.append(row["time"].iloc[0])
        assert times[0] <= found["start"].iloc[0] < found["end"].iloc[0] <= times[1]


@pytest.mark.parametrize("hours", [0.5, 0.75, 2.0, 6.0])
def test_short_and_long_transfers_are_found(scene: Any, hours: float) -> None:
    positions = scene.positions(
        meeting(scene, A, 5, 5 + hours + 0.1), meeting(scene, B, 5, 5 + hours + 0.1, 100)
    )
    assert len(run.look(Encounter(), positions, scene.context())) == 1


def test_gfw_rule_is_kept_apart_from_ours(scene: Any) -> None:
    positions = scene.positions(meeting(scene, A, 5, 6), meeting(scene, B, 5, 6, 60))
    found = run.look(Encounter(), positions, scene.context())
    assert found["evidence"].iloc[0]["gfw_rule_met"] is False
    near = scene.zones(("inner", "anchorage", (100.05, 3.9, 100.1, 4.1)))
    positions = scene.positions(meeting(scene, A, 5, 9), meeting(scene, B, 5, 9, 60))
    evidence = run.look(Encounter(), positions, scene.context(zones=near))["evidence"].iloc[0]
    assert evidence["anchorage_distance_m"] == pytest.approx(5546, rel=0.01)
    assert evidence["gfw_rule_met"] is False


def test_passing_and_overtaking_is_not_an_encounter(scene: Any) -> None:
    slow = scene.track(A, [(0, 4.0, 100.0), (4, 4.0, 100.8)])  # 12 kn
    fast = scene.track(B, [(0, 4.001, 99.9), (4, 4.001, 100.9)])  # 15 kn
    assert run.look(Encounter(), scene.positions(slow, fast), scene.context()).empty


def test_a_pilot_transfer_under_way_is_not_an_encounter(scene: Any) -> None:
    ship = scene.track(A, [(0, 4.0, 100.0), (4, 4.0, 100.5)])
    pilot = scene.track(
        B,
        [
            (0, 4.05, 100.25),
            (1.9, 4.05, 100.25),
            (2.0, 4.0005, 100.25),
            (2.2, 4.0005, 100.275),
            (2.4, 4.05, 100.25),
            (4, 4.05, 100.25),
        ],
        every_s=10,
    )
    assert run.look(Encounter(), scene.positions(ship, pilot), scene.context()).empty


def boat_alongside(
    scene: Any, minutes: float, speed_kn: float = 0.0, offset_m: float = 40.0, **kw: Any
) -> pd.DataFrame:
    """From 6 h on beside a ship that makes `speed_kn` east from (4 N, 100 E) at 5 h; 15 kn off."""
    per_hour = speed_kn / 60
    begin, end = 6.0, 6.0 + minutes / 60
    lat = SEA[0] + offset_m * METRE
    lons = [SEA[1] + per_hour * (t - 5.0) for t in (begin, end)]
    waypoints = [
        (begin - 1, lat + 0.25, lons[0]),
        (begin, lat, lons[0]),
        (end, lat, lons[1]),
        (end + 1, lat + 0.25, lons[1]),
    ]
    return scene.track(B, waypoints, **{"ais_class": "B", **kw})


@pytest.mark.parametrize("every_s", [30, 180])
@pytest.mark.parametrize("speed_kn", [0.0, 2.0, 5.0])
def test_a_boat_alongside_for_twenty_minutes(scene: Any, every_s: int, speed_kn: float) -> None:
    ship = scene.track(A, [(4, 4.0, 100.0 - speed_kn / 60), (8, 4.0, 100.0 + speed_kn / 20)])
    boat = boat_alongside(scene, 20, speed_kn, every_s=every_s)
    found = run.look(Encounter(), scene.positions(ship, boat), scene.context())
    ((mmsi, other, start, end),) = spans(found)
    assert (mmsi, other) == (A, B)
    assert start == pytest.approx(6, abs=0.1)
    assert end == pytest.approx(6 + 1 / 3, abs=0.1)
    evidence = found["evidence"].iloc[0]
    assert evidence["brief_meeting"] is True
    assert evidence["small_craft"] is True
    assert evidence["apart_before_m"] > 1000
    limits = {check.name: check.parameter for check in evidence.checks}
    assert limits["duration_s"] == "min_brief_s"
    assert limits["median_speed_kn"] == ("max_boat_speed_kn" if speed_kn > 3.3 else "max_speed_kn")
    assert found["score"].iloc[0] > 0.5


def test_no_boat_no_brief_meeting(scene: Any) -> None:
    ship = scene.track(A, [(4, 4.0, 100.0), (8, 4.0, 100.0)])
    for kw in ({"ais_class": "A"}, {"offset_m": 300.0}):
        boat = boat_alongside(scene, 20, **kw)
        assert run.look(Encounter(), scene.positions(ship, boat), scene.context()).empty
    short = scene.positions(ship, boat_alongside(scene, 2))
    assert run.look(Encounter(), short, scene.context()).empty


@pytest.mark.parametrize(("off_nm", "found"), [(18, 1), (8, 0)])
def test_who_comes_and_goes_planing_need_not_stay(scene: Any, off_nm: float, found: int) -> None:
    ship = scene.track(A, [(4, 4.0, 100.0), (8, 4.0, 100.0)])
    away, beside = (SEA[0] + off_nm / 60, SEA[1]), (SEA[0] + 40 * METRE, SEA[1])
    way = [(5.0, *away), (6.0, *beside), (6.12, *beside), (7.12, *away)]
    boat = scene.track(B, way, ais_class="B", every_s=30)
    assert len(run.look(Encounter(), scene.positions(ship, boat), scene.context())) == found


def boarded(
    scene: Any, hour: float = 18.0, bearing: int = -1, minutes: float = 7, **kw: Any
) -> pd.DataFrame:
    """A ship makes 8 kn east; a boat comes up from one side at 20 kn, keeps with it, makes off.

    `bearing` -1: from right astern; 1: from right ahead. 18 h UTC at 100 E is 00:40 local time.
    """
    per_hour, lasts = 8 / 60, minutes / 60
    ship = scene.track(
        A, [(hour - 2, 4.0, 100 - 2 * per_hour), (hour + 2, 4.0, 100 + 2 * per_hour)]
    )
    off = 60 * METRE
    boat = [
        (hour - 0.5, 4.0 - off, 100 + bearing * 10 / 60 if bearing < 0 else 100 + 10 / 60),
        (hour, 4.0 - off, 100.0),
        (hour + lasts, 4.0 - off, 100 + per_hour * lasts),
        (hour + lasts + 0.5, 4.0 - 10 / 60, 100.0),
    ]
    return scene.positions(ship, scene.track(B, boat, **{"ais_class": "B", "every_s": 30, **kw}))


def test_a_boarding_from_astern_in_the_dark_is_a_subkind_of_its_own(scene: Any) -> None:
    found = run.look(Encounter(), boarded(scene), scene.context())
    assert list(found["subkind"]) == ["boarding"]
    evidence = found["evidence"].iloc[0]
    assert evidence["from_astern"] is True
    assert evidence["in_the_dark"] is True
    assert evidence["approach_kn"] == pytest.approx(12, abs=1), "20 kn against 8"
    assert evidence["other_came_kn"] == pytest.approx(20, abs=1)
    assert {c.parameter for c in evidence.checks if c.name == "duration_s"} == {"min_boarding_s"}
    assert found["score"].iloc[0] > 0.6
    assert found["start"].iloc[0] == pytest.approx(scene.at(18), abs=pd.Timedelta(minutes=3))


@pytest.mark.parametrize(
    "differs", [{"hour": 6.0}, {"bearing": 1}, {"minutes": 1}], ids=["by day", "ahead", "passes"]
)
def test_what_is_no_boarding(scene: Any, differs: dict[str, Any]) -> None:
    found = run.look(Encounter(), boarded(scene, **differs), scene.context())
    assert "boarding" not in set(found["subkind"])


@pytest.mark.parametrize("every_s", [30, 60, 90, 180])
def test_a_boarding_of_four_minutes_is_found_wherever_ticks_and_reports_fall(
    scene: Any, every_s: int
) -> None:
    for tenths in range(0, 60, 7):
        positions = boarded(scene, hour=18 + tenths / 600, minutes=4, every_s=every_s)
        found = run.look(Encounter(), positions, scene.context())
        assert list(found["subkind"]) == ["boarding"], f"{tenths / 10} minutes later"


@pytest.mark.parametrize("faster_kn", [1, 2, 4, 7])
def test_who_overtakes_close_by_boards_nobody(scene: Any, faster_kn: int) -> None:
    for tenths in range(0, 60, 11):
        beside = 18 + tenths / 600
        ship = scene.track(A, [(16, 4.0, 100 - 16 / 60), (20, 4.0, 100 + 16 / 60)])
        way = [
            (hour, 4.0 - 60 * METRE, 100 + (8 * (hour - 18) + faster_kn * (hour - beside)) / 60)
            for hour in (16.0, 20.0)
        ]
        boat = scene.track(B, way, ais_class="B", every_s=180)
        assert run.look(Encounter(), scene.positions(ship, boat), scene.context()).empty


@pytest.mark.parametrize(
    "says", [{"ship_type": 50, "length_m": 12.0}, {"ship_type": 52}, {"length_m": 120.0}]
)
def test_what_a_boat_says_excludes_no_boarding(scene: Any, says: dict[str, Any]) -> None:
    vessels = scene.vessels({"mmsi": B, **says})
    found = run.look(Encounter(), boarded(scene), scene.context(vessels=vessels))
    told = explain.explain(found, scene.context(vessels=vessels), Encounter.hypotheses)
    assert list(told["subkind"]) == ["boarding"]
    assert told["score"].iloc[0] >= (1 - STATED_BOUND) * found["score"].iloc[0] - 1e-9


def raft(scene: Any, hours: float, speed_kn: float, leaves_kn: float | None = None) -> pd.DataFrame:
    """Two boats that the stream carries at 1.5 kn: one comes, stays, and leaves, as fast."""
    east = 1.5 / 60
    way, away = speed_kn / 60, (speed_kn if leaves_kn is None else leaves_kn) / 60
    lies = scene.track(A, [(2, 4.0, 100 - 2 * east), (12, 4.0, 100 + 8 * east)], ais_class="B")
    off = 20 * METRE
    comes = [
        (3.0, 4.0 + off + way, 100.0),
        (4.0, 4.0 + off, 100.0),
        (4.0 + hours, 4.0 + off, 100 + hours * east),
        (5.0 + hours, 4.0 + off + away, 100 + hours * east),
    ]
    return scene.positions(lies, scene.track(B, comes, ais_class="B"))


@pytest.mark.parametrize(
    ("hours", "speed_kn", "at_rest"),
    [(4.0, 4.0, True), (2.5, 4.0, True), (4.0, 22.0, False), (1.0, 4.0, False)],
)
def test_a_raft_is_told_by_how_boats_come_drift_and_part(
    scene: Any, hours: float, speed_kn: float, at_rest: bool
) -> None:
    found = run.look(Encounter(), raft(scene, hours, speed_kn), scene.context())
    told = explain.explain(found, scene.context(), Encounter.hypotheses)
    assert len(told) == 1
    assert told["evidence"].iloc[0]["median_speed_kn"] == pytest.approx(1.5, abs=0.1)
    assert told["explanation"].iloc[0].startswith("boats at rest: ") == at_rest
    assert (told["score"].iloc[0] < 0.3) == at_rest


@pytest.mark.parametrize(
    ("reason", "hours", "at_rest"),
    [(INTERFERENCE, 8.05, True), (INTERFERENCE, 8.5, False), (FALSE_FIX, 8.05, False)],
)
def test_where_interference_scatters_fixes_nobody_is_seen_to_part_fast(
    scene: Any, reason: str, hours: float, at_rest: bool
) -> None:
    """Some scattered fixes lie where a boat can have got to: those around tell what they are."""
    scattered = scene.track(B, [(hours, 4.1, 100.1), (hours + 0.1, 4.2, 100.3)])
    noise = conform(scattered.assign(reason=reason), NOISE)
    context = replace(scene.context(), noise=noise)
    found = run.look(Encounter(), raft(scene, 4.0, 4.0, 22.0), context)
    told = explain.explain(found, context, Encounter.hypotheses)
    assert told["explanation"].str.startswith("boats at rest: ").tolist() == [at_rest]


def test_a_brief_meeting_grows_into_an_encounter_and_keeps_its_id(scene: Any) -> None:
    ship = scene.track(A, [(4, 4.0, 100.0), (9, 4.0, 100.0)])
    positions = scene.positions(ship, boat_alongside(scene, 90))
    seen = positions[positions["time"] <= scene.at(6.4)].reset_index(drop=True)
    open_ = run.look(Encounter(), seen, scene.context((0, 6.4)))
    closed = run.look(Encounter(), positions, scene.context())
    assert open_["end"].isna().all()
    assert list(open_["event_id"]) == list(closed["event_id"])
    assert closed["evidence"].iloc[0]["brief_meeting"] is False


def test_two_that_come_and_go_together_under_way_are_none(scene: Any) -> None:
    """A convoy, a barge alongside its tug: no telling them from the way they lie."""
    way = [(0, 4.0, 100.0), (2, 4.0, 100.3), (4, 4.0, 100.46), (6, 4.0, 100.76)]
    beside = [(t, lat + 80 * METRE, lon) for t, lat, lon in way]
    positions = scene.positions(scene.track(A, way), scene.track(B, beside, ais_class="B"))
    assert run.look(Encounter(), positions, scene.context()).empty


def test_a_transfer_in_a_fleet_is_told_from_its_neighbours(scene: Any) -> None:
    """Boats drift some 400 m from one another; one comes and lies alongside."""
    fleet = [
        scene.track(
            C + i, [(0, SEA[0] + i * 400 * METRE, 100.0), (12, SEA[0] + i * 400 * METRE, 100.05)]
        )
        for i in range(4)
    ]
    guest = scene.track(
        A,
        [
            (4, SEA[0], 99.8),
            (5, SEA[0] + 440 * METRE, 100.0 + 0.05 * 5 / 12),
            (8, SEA[0] + 440 * METRE, 100.0 + 0.05 * 8 / 12),
            (9, SEA[0] + 0.2, 100.1),
        ],
    )
    found = run.look(Encounter(), scene.positions(*fleet, guest), scene.context())
    ours = found[(found["mmsi"] == C + 1) & (found["other_mmsi"] == A)]
    assert len(ours) == 1
    assert ours["score"].iloc[0] > 0.6
    assert found.loc[found["event_id"] != ours["event_id"].iloc[0], "score"].max() < 0.3


@pytest.mark.parametrize(
    "wrong",
    [
        {"excluded_classes": ("anchorages",)},
        {"min_brief_s": 3600},
        {"max_alongside_m": 900.0},
        {"max_alongside_speed_kn": 1.0},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Encounter(**wrong)


def test_two_hulls_on_one_mmsi_are_no_pair(scene: Any) -> None:
    positions = scene.positions(meeting(scene, A, 5, 8), meeting(scene, A, 5, 8, 60, ordinal=2))
    assert run.look(Encounter(), positions, scene.context()).empty


def test_in_port_nothing_and_in_an_anchorage_only_alongside(scene: Any) -> None:
    around = (99.9, 3.9, 100.1, 4.1)
    port = scene.zones(("harbour", "port", around))
    anchorage = scene.zones(("inner", "anchorage", around))
    neighbours = scene.positions(meeting(scene, A, 5, 9), meeting(scene, B, 5, 9, 400))
    alongside = scene.positions(meeting(scene, A, 4, 9), meeting(scene, B, 5, 9, 60))
    assert run.look(Encounter(), alongside, scene.context(zones=port)).empty
    assert run.look(Encounter(), neighbours, scene.context(zones=anchorage)).empty
    found = run.look(Encounter(), alongside, scene.context(zones=anchorage))
    open_water = run.look(Encounter(), alongside, scene.context())
    assert found["score"].iloc[0] == pytest.approx(0.7 * open_water["score"].iloc[0])


def explained_beside_a_ship(scene: Any, ship: Any, boat: Any, port: Any) -> Any:
    """The one meeting of a ship of 180 m and a boat of 18 m, with its best innocent reason."""
    vessels = scene.vessels(
        {"mmsi": A, "ship_type": 70, "length_m": 180.0},
        {"mmsi": B, "ship_type": -1, "length_m": 18.0},
    )
    tracks = scene.track(A, ship, every_s=30), scene.track(B, boat, every_s=30)
    context = scene.context((0, 12), zones=port, vessels=vessels)
    found = run.look(Encounter(), scene.positions(*tracks), context)
    (told,) = explain.explain(found, context, Encounter.hypotheses).itertuples()
    return told


@pytest.mark.parametrize(
    ("cruise_kn", "back", "reason"),
    [(13.0, True, "launch service"), (7.0, True, ""), (13.0, False, "")],
)
def test_a_ship_that_slows_for_a_boat_of_a_port_takes_her_pilot(
    scene: Any, cruise_kn: float, back: bool, reason: str
) -> None:
    """The boat meets her 12 nm off at 7 kn, from the sea, and goes into the port or out to sea."""
    nm = 1 / 60.0
    lat, lon = SEA
    ship = [
        (4.0, lat, lon - (4.0 + cruise_kn) * nm),
        (5.0, lat, lon - 4.0 * nm),
        (6.2, lat, lon + 4.4 * nm),
        (7.2, lat, lon + (4.4 + cruise_kn) * nm),
    ]
    meets, parts = (lat + 30 * METRE, lon - 0.5 * nm), (lat + 30 * METRE, lon + 0.67 * nm)
    home = (lat + (12 if back else -12) * nm, lon)
    boat = [
        (4.6, lat - 14 * nm, lon),
        (5.5, *meets),
        (5.5 + 1 / 6, *parts),
        (6.5, *home),
        (9.0, *home),
    ]
    port = scene.zones(("harbour", "port", (lon - nm, lat + 11.5 * nm, lon + nm, lat + 13 * nm)))
    told = explained_beside_a_ship(scene, ship, boat, port)
    assert told.evidence["other_went_to_port"] is back
    assert told.evidence["slowed"] is (cruise_kn == 13.0)
    assert told.explanation.startswith(reason) if reason else not told.explanation


def test_a_boat_that_comes_up_to_a_ship_bound_for_a_port_is_no_launch_of_hers(scene: Any) -> None:
    """She keeps her 9 knots and goes into a port; the boat slows down from 18 to keep beside her,
    for a quarter of an hour, by day, and goes back to where it came from.
    """
    nm = 1 / 60.0
    lat, lon = SEA
    ship = [(4.0, lat, lon - 13.5 * nm), (7.0, lat, lon + 13.5 * nm), (9.0, lat, lon + 13.5 * nm)]
    meets, parts = (lat + 30 * METRE, lon), (lat + 30 * METRE, lon + 2.25 * nm)
    beach = (lat - 9 * nm, lon)
    boat = [
        (4.0, *beach),
        (5.0, *beach),
        (5.5, *meets),
        (5.75, *parts),
        (6.25, *beach),
        (9, *beach),
    ]
    east = lon + 12.5 * nm
    port = scene.zones(("harbour", "port", (east, lat - nm, east + 2 * nm, lat + nm)))
    told = explained_beside_a_ship(scene, ship, boat, port)
    assert told.evidence["went_to_port"] is True
    assert told.evidence["other_slowed"] is None
    assert not told.explanation


@pytest.mark.parametrize(
    ("hour", "off_nm", "raised"), [(16, 6, True), (16, 1, False), (4, 6, False)]
)
def test_boats_that_come_from_afar_by_night_for_minutes(
    scene: Any, hour: float, off_nm: float, raised: bool
) -> None:
    """One lies adrift, the other comes at 12 knots, stays for 18 minutes and goes back."""
    lat, lon = SEA
    near, off = (lat + 15 * METRE, lon), (lat + off_nm / 60, lon)
    way_h = off_nm / 12
    waits = scene.track(A, [(hour - 2, lat, lon), (hour + 3, lat, lon)], every_s=60)
    comes = [
        (hour - 2, *off),
        (hour - way_h, *off),
        (hour, *near),
        (hour + 0.3, *near),
        (hour + 0.3 + way_h, *off),
        (hour + 3, *off),
    ]
    positions = scene.positions(waits, scene.track(B, comes, every_s=60))
    vessels = scene.vessels({"mmsi": A, "length_m": 18.0}, {"mmsi": B, "length_m": 12.0})
    found = run.look(Encounter(), positions, scene.context((0, 24), vessels=vessels))
    assert [score >= 0.3 for score in found["score"]] == [raised]


def test_who_came_from_afar_and_stays_on_that_ground_did_not_come_for_that_alone(
    scene: Any,
) -> None:
    """It came 6 miles by night, and lies a mile off afterwards."""
    lat, lon = SEA
    near, off, on = (lat + 15 * METRE, lon), (lat + 6 / 60, lon), (lat + 1 / 60, lon)
    waits = scene.track(A, [(14.0, lat, lon), (19.0, lat, lon)], every_s=60)
    way = [(14.0, off), (15.5, off), (16.0, near), (16.3, near), (16.4, on), (19.0, on)]
    comes = scene.track(B, [(hour, *place) for hour, place in way], every_s=60)
    vessels = scene.vessels({"mmsi": A, "length_m": 18.0}, {"mmsi": B, "length_m": 12.0})
    positions = scene.positions(waits, comes)
    found = run.look(Encounter(), positions, scene.context((0, 24), vessels=vessels))
    [met], [score] = found["evidence"], found["score"]
    assert met["in_the_dark"]
    assert met["apart_before_m"] > SAME_GROUND_M > met["apart_after_m"]
    assert score < 0.3


def test_who_only_passed_close_by_before_does_not_come_again(scene: Any) -> None:
    """One tick beside another is no call."""
    limits = Encounter()
    pair, minute_us = np.array([3, 3, 3]), 60 * SECOND_US
    start_us = np.array([0, 60, 120]) * minute_us
    lasted_us = np.array([int(limits.min_brief_s) * SECOND_US, minute_us, 30 * minute_us])
    calls = calls_before(limits, pair, start_us, start_us + lasted_us)
    assert calls.tolist() == [0, 1, 1]
    assert calls_before(limits, pair[:0], start_us[:0], start_us[:0]).tolist() == []


@pytest.mark.parametrize("since", [0.0, 7.5])
def test_who_comes_again_was_alongside_before(scene: Any, since: float) -> None:
    """Known too where the window begins after the first time was over."""
    still = scene.track(A, [(0.0, *SEA), (14.0, *SEA)], every_s=60)
    near, off = (SEA[0] + 30 * METRE, SEA[1]), (SEA[0] + 0.1, SEA[1])
    times = [(2.0, off), (3.0, near), (3.7, near), (4.7, off), (7.0, off), (8.0, near)]
    way = [(hour, *place) for hour, place in (*times, (8.7, near), (9.7, off), (14.0, off))]
    positions = scene.positions(still, scene.track(B, way, every_s=60))
    found = run.look(Encounter(), positions, scene.context((since, 14)))
    calls = [told["n_calls_before"] for told in found.sort_values("start")["evidence"]]
    assert calls[-1] == 1
    assert calls[:-1] == ([0] if since == 0 else [])


def test_near_land_is_lowered_and_on_land_left_out(scene: Any) -> None:
    positions = scene.positions(meeting(scene, A, 5, 9), meeting(scene, B, 5, 9, 60))
    coast = scene.zones(land=[(100.001, 3.5, 100.5, 4.5)])
    found = run.look(Encounter(), positions, scene.context(zones=coast))
    assert found["evidence"].iloc[0]["near_land"] is True
    assert found["score"].iloc[0] < 0.3
    ashore = scene.zones(land=[(99.9, 3.5, 100.5, 4.5)])
    assert run.look(Encounter(), positions, scene.context(zones=ashore)).empty


def test_a_silence_is_bridged_only_as_far_as_stated(scene: Any) -> None:
    still, other = meeting(scene, A, 4, 10), meeting(scene, B, 4, 10, 60)

    def with_silence(minutes: float) -> pd.DataFrame:
        quiet = (other["time"] > scene.at(7)) & (other["time"] < scene.at(7 + minutes / 60))
        return run.look(Encounter(), scene.positions(still, other[~quiet]), scene.context())

    assert len(with_silence(25)) == 1
    assert len(with_silence(110)) == 1
    assert len(with_silence(125)) == 2
    other.loc[other["time"] >= scene.at(7 + 110 / 60), "sog_kn"] = 6.0
    assert len(with_silence(110)) == 2
    assert len(with_silence(25)) == 1


def test_two_that_drift_heard_by_passes_are_one_encounter(scene: Any) -> None:
    """A report of each at a pass, every 20 to 60 minutes, none at the same one; and one missed."""
    drift = [(0, SEA[0] - 0.5, SEA[1]), (4, *SEA), (10, SEA[0] + 0.05, SEA[1] + 0.05)]
    beside = [(h, lat + 0.0005, lon) for h, lat, lon in drift]
    beside[0] = (0, SEA[0], SEA[1] - 0.5)
    passes_h = np.cumsum([4.1, 0.6, 0.9, 0.4, 1.0, 0.3, 0.9, 0.7, 0.8])
    tracks = []
    for mmsi, way, missed in ((A, drift, 3), (B, beside, 6)):
        track = scene.track(mmsi, way, every_s=60)
        track["sog_kn"] = 1.0
        at = [abs(track["time"] - scene.at(h + 0.01)).idxmin() for h in np.delete(passes_h, missed)]
        tracks.append(track.loc[at])
    found = run.look(Encounter(), scene.positions(*tracks), scene.context())
    assert len(found) == 1
    assert found["evidence"].iloc[0]["duration_s"] >= 5 * 3600


def test_an_encounter_that_goes_on_has_no_end(scene: Any) -> None:
    positions = scene.positions(meeting(scene, A, 5, 9), meeting(scene, B, 5, 9, 60))
    seen = positions[positions["time"] <= scene.at(7)].reset_index(drop=True)
    open_ = run.look(Encounter(), seen, scene.context((0, 7)))
    closed = run.look(Encounter(), positions, scene.context())
    assert open_["end"].isna().all()
    assert list(open_["event_id"]) == list(closed["event_id"])


def test_a_raft_shares_a_group_and_a_lone_pair_has_none(scene: Any) -> None:
    raft = [meeting(scene, A, 5, 10), meeting(scene, B, 5, 7, 60), meeting(scene, C, 6, 9, -60)]
    far = [
        scene.track(m, [(3, 5.0 + i * 60 * METRE, 99.0), (8, 5.0 + i * 60 * METRE, 99.0)])
        for i, m in enumerate((D, 440000009))
    ]
    found = run.look(Encounter(), scene.positions(*raft, *far), scene.context())
    groups = {(r.mmsi, r.other_mmsi): r.group_id for r in found.itertuples()}
    assert len(found) == 4
    assert len({g for pair, g in groups.items() if D not in pair}) == 1
    assert groups[(D, 440000009)] == ""
    assert all(g for pair, g in groups.items() if D not in pair)


def test_those_who_leave_last_lay_among_others(scene: Any) -> None:
    """And two that came from one ground were near one another before."""
    gone_first = [meeting(scene, m, 3.5, 9.5, 300 * k) for k, m in enumerate((C, D), start=1)]
    ground = [
        scene.track(m, [(0, 4.02, 100.0 + i * 900 * METRE), (5, 4.0 + i * 60 * METRE, 100.0)])
        for i, m in enumerate((A, B))
    ]
    stay = [
        scene.track(m, [(5.05, 4.0 + i * 60 * METRE, 100.0), (10, 4.0 + i * 60 * METRE, 100.0)])
        for i, m in enumerate((A, B))
    ]
    found = run.look(Encounter(), scene.positions(*ground, *stay, *gone_first), scene.context())
    pair = {(r.mmsi, r.other_mmsi): r.evidence for r in found.itertuples()}[A, B]
    assert pair["n_neighbours"] == 2
    assert pair["near_before_s"] >= 7200
    alone = run.look(
        Encounter(), scene.positions(meeting(scene, A, 3.5, 10), *gone_first), scene.context()
    )
    assert max(e["near_before_s"] for e in alone["evidence"]) <= 3600


def test_across_the_antimeridian(scene: Any) -> None:
    west = scene.track(A, [(2, 0.0, 179.999), (6, 0.0, 179.999)])
    east = scene.track(B, [(2, 0.0, -179.999), (6, 0.0, -179.999)])
    found = run.look(Encounter(), scene.positions(west, east), scene.context())
    assert len(found) == 1
    assert found["evidence"].iloc[0]["median_distance_m"] == pytest.approx(222, abs=1)


# -- oracle -------------------------------------------------------------------------------------


def ticks_of(track: pd.DataFrame, rule: Encounter) -> dict[int, tuple[float, float]]:
    """Tick to (lat, lon), one tick at a time."""
    at = {}
    times, lat, lon = epoch_us(track["time"]), track["lat"].to_numpy(), track["lon"].to_numpy()
    step = rule.step_s * 1_000_000
    sog = track["sog_kn"].to_numpy()
    for i in range(len(times) - 1):
        silent_s = (times[i + 1] - times[i]) / 1_000_000
        if silent_s > rule.max_silence_s:
            apart_m = geodesy.distance_m(lat[i], lon[i], lat[i + 1], lon[i + 1])
            slow = [geodesy.speed_kn(apart_m, silent_s), sog[i], sog[i + 1]]
            if silent_s > rule.max_pass_s or any(kn >= rule.max_drift_kn for kn in slow):
                continue
        for tick in range(-(-int(times[i]) // step), -(-int(times[i + 1]) // step)):
            f = (tick * step - times[i]) / (times[i + 1] - times[i])
            at[tick] = (lat[i] + f * (lat[i + 1] - lat[i]), lon[i] + f * (lon[i + 1] - lon[i]))
    return at


def naive(positions: pd.DataFrame, rule: Encounter) -> set[tuple[int, int, int, int]]:
    """(track, other, first tick, last tick) of every encounter, pair by pair, tick by tick."""
    found = set()
    tracks = {t: ticks_of(own, rule) for t, own in positions.groupby("track_id")}
    for a, b in combinations(sorted(tracks), 2):
        if a // 100 == b // 100:
            continue
        together = []
        for k in sorted(tracks[a].keys() & tracks[b].keys()):
            if k + 1 not in tracks[a] or k + 1 not in tracks[b]:
                continue
            slow = all(
                geodesy.speed_kn(geodesy.distance_m(*t[k], *t[k + 1]), rule.step_s)
                < rule.max_speed_kn
                for t in (tracks[a], tracks[b])
            )
            if slow and geodesy.distance_m(*tracks[a][k], *tracks[b][k]) <= rule.max_distance_m:
                together.append(k)
        pieces: list[list[int]] = []
        for k in together:
            if pieces and k == pieces[-1][-1] + 1:
                pieces[-1].append(k)
            else:
                pieces.append([k])
        merged: list[list[int]] = []
        for piece in pieces:
            if len(piece) * rule.step_s < rule.min_piece_s:
                continue
            if merged and (piece[0] - merged[-1][1] - 1) * rule.step_s <= rule.max_interruption_s:
                merged[-1][1] = piece[-1]
            else:
                merged.append([piece[0], piece[-1]])
        found |= {
            (int(a), int(b), first, last)
            for first, last in merged
            if (last - first + 1) * rule.step_s >= rule.min_duration_s
        }
    return found


def crowd(scene: Any, seed: int, n: int = 6, hours: float = 8.0) -> pd.DataFrame:
    """Vessels that wander about the same square mile, stop and go, and lose reports."""
    rng = np.random.default_rng(seed)
    tracks = []
    for i in range(n):
        turns = np.sort(rng.uniform(0, hours, rng.integers(3, 9)))
        turns = np.r_[0.0, turns, hours]
        place = rng.uniform(-0.006, 0.006, (len(turns), 2))
        stays = rng.random(len(turns)) < 0.6
        for j in np.flatnonzero(stays[1:]) + 1:
            place[j] = place[j - 1]
        waypoints = [(h, SEA[0] + y, SEA[1] + x) for h, (y, x) in zip(turns, place, strict=True)]
        track = scene.track(
            A + i, waypoints, every_s=float(rng.choice([47, 61, 180])), source_offset=1
        )
        track["source_offset"] = np.arange(len(track)) + 1
        keep = rng.random(len(track)) > rng.choice([0.0, 0.3, 0.8])
        silent = rng.uniform(0, hours)
        quiet = (track["time"] > scene.at(silent)) & (track["time"] < scene.at(silent + 0.8))
        tracks.append(track[keep & ~quiet.to_numpy()])
    return scene.positions(*[t for t in tracks if len(t)])


@pytest.mark.parametrize("seed", range(5))
def test_as_the_oracle_says(scene: Any, seed: int) -> None:
    rule = Encounter()
    positions = crowd(scene, seed)
    found = run.look(rule, positions, scene.context((0, 200)))
    step = pd.Timedelta(seconds=rule.step_s)
    epoch = pd.Timestamp(0, tz="UTC")
    got = {
        (*map(int, r.track_ids.split(";")), (r.start - epoch) // step, (r.end - epoch) // step - 1)
        for r in found.itertuples()
    }
    expected = naive(positions, rule)
    assert got == expected
    assert len(found) == len(got)


@settings(max_examples=10, deadline=None)
@example(seed=77, cuts=[12.0])  # sixteen hours side by side, among others who come and go
@given(seed=st.integers(0, 10_000), cuts=st.lists(st.floats(0.1, 29.9), max_size=6, unique=True))
def test_any_partition_gives_the_same_events(scene: Any, seed: int, cuts: list[float]) -> None:
    # A short memory, so that it is put to the test.
    rule = Encounter(raft_memory_s=3600)
    positions = crowd(scene, seed, n=5, hours=16.0)
    scene.assert_same_in_windows(rule, positions, [0.0, *sorted(cuts), 30.0])


def seen_along(
    rule: Encounter, boat: pd.DataFrame, ship: pd.DataFrame, tick_us: int, ship_kn: float
) -> bool:
    """Tell by one tick of two vessels what `pairs._reported_along` does, report by report."""
    times, ship_times = epoch_us(boat["time"]).tolist(), epoch_us(ship["time"])
    step_us = rule.step_s * 1_000_000
    before = [k for k, at in enumerate(times) if at <= tick_us][-1:]
    after = [k for k, at in enumerate(times) if at > tick_us][:1]
    for first in before + after:
        later = [k for k, at in enumerate(times) if at >= times[first] + step_us][:1]
        if ship_kn < rule.max_drift_kn or times[first] - tick_us >= step_us or not later:
            continue
        took_s = (times[later[0]] - times[first]) / 1e6
        off_m, places = [], []
        for k in (first, later[0]):
            lat, lon = (float(boat[name].iloc[k]) for name in ("lat", "lon"))
            there = [float(np.interp(times[k], ship_times, ship[name])) for name in ("lat", "lon")]
            off_m.append(float(geodesy.distance_m(lat, lon, *there)))
            east_m = (lon - there[1]) / METRE * np.cos(np.radians(lat))
            places.append(((lat - there[0]) / METRE, east_m))
        moved_kn = float(geodesy.speed_kn(float(np.hypot(*np.subtract(*places))), took_s))
        beside = max(off_m) <= rule.max_alongside_m and moved_kn < rule.max_station_kn
        if beside and took_s <= rule.max_silence_s:
            return True
    return False


@pytest.mark.parametrize("seed", range(6))
def test_what_two_reports_show_beside_a_ship_under_way_is_as_one_by_one(
    scene: Any, seed: int
) -> None:
    """Boats come and go, keep up or fall astern; their reports are lost for up to an hour."""
    rule, rng = Encounter(), np.random.default_rng(seed)
    speed_kn = float(rng.choice([2.0, 4.0, 9.0]))
    ship = scene.track(A, [(2.0, 4.0, 100.0), (6.0, 4.0, 100.0 + 4 * speed_kn / 60)], every_s=37)
    tracks = {A: ship}
    for mmsi in (B, C, D):
        hours = np.r_[2.1, np.sort(rng.uniform(2.2, 5.8, 14)), 5.9]
        off_m = np.where(rng.random(16) < 0.7, rng.uniform(30, 260, 16), 2000.0)
        off_m[1:] = np.where(rng.random(15) < 0.5, off_m[:-1], off_m[1:])
        along_m = rng.uniform(-80, 80, 16)
        lon = 100.0 + (hours - 2) * speed_kn / 60 + along_m * METRE
        way = list(zip(hours, 4.0 + off_m * METRE, lon, strict=True))
        every_s = float(rng.choice([11, 60, 170, 400]))
        boat = scene.track(mmsi, way, every_s=every_s, ais_class="B")
        keep = rng.random(len(boat)) > rng.choice([0.0, 0.3, 0.7])
        tracks[mmsi] = boat[keep]
    positions = scene.positions(*tracks.values())
    reports = Reports(positions)
    grid = passes.grid_of(rule, reports)
    number = {mmsi: grid.track_id == mmsi * 100 + 1 for mmsi in tracks}
    rows = {int(grid.tick[k]): k for k in np.flatnonzero(number[A]).tolist()}
    n_seen = 0
    for mmsi in (B, C, D):
        own = [k for k in np.flatnonzero(number[mmsi]).tolist() if int(grid.tick[k]) in rows]
        other = [rows[int(grid.tick[k])] for k in own]
        got = pairs._reported_along(rule, reports, grid, np.array(own), np.array(other))
        expected = [
            seen_along(
                rule,
                tracks[mmsi],
                ship,
                int(grid.tick[k]) * rule.step_s * 1_000_000,
                float(grid.speed_kn[j]),
            )
            for k, j in zip(own, other, strict=True)
        ]
        assert got.tolist() == expected
        n_seen += sum(expected)
    assert n_seen > 0 or speed_kn < rule.max_drift_kn


@pytest.mark.parametrize("every_s", [60, 180, 400])
def test_a_boarding_is_the_same_in_any_windows(scene: Any, every_s: int) -> None:
    positions = boarded(scene, minutes=14, every_s=every_s)
    edges = [0.0, 17.9, 18.03, 18.1, 18.2, 18.3, 18.6, 19.0, 30.0]
    scene.assert_same_in_windows(Encounter(), positions, edges)


@pytest.mark.parametrize(("told", "apart"), [({}, True), ({"n_reports": 2}, False)])
def test_who_wasnt_heard_in_between_isnt_known_to_have_kept_apart(told, apart):
    facts = {"min_distance_m": 218.0, "both_small_craft": True, "duration_s": 600.0}
    facts |= {"n_reports": 6, "other_n_reports": 6} | told
    known = Known("encounter", "", Evidence(facts=facts), (-1, -1))
    assert (KEPT_APART.fitting(known) is not None) == apart


@pytest.mark.parametrize(("swing_m", "apart"), [(80.0, True), (8.0, False)])
def test_ships_that_drift_as_one_for_hours_are_made_fast(swing_m, apart):
    facts = {"min_distance_m": 155.0, "duration_s": 9720.0}
    facts |= {"n_reports": 159, "other_n_reports": 157, "distance_swing_m": swing_m}
    known = Known("encounter", "", Evidence(facts=facts), (70, 89), (150.0, 18.0))
    assert (KEPT_APART.fitting(known) is not None) == apart


@pytest.mark.parametrize(("fast", "radius_m"), [(True, 100.0), (False, 1000.0)])
def test_two_made_fast_turn_about_one_another_as_they_swing(
    scene: Any, fast: bool, radius_m: float
) -> None:
    """With the stream, once round a semicircle of 100 m: on one anchor, or each on its own."""
    hours = np.linspace(1, 9, 33)
    lie = 1.3 * np.tanh(2 * (hours - 5))
    east, north = 100 * np.sin(lie), 100 * np.cos(lie)
    beside = 80 * np.array([np.cos(lie), -np.sin(lie)] if fast else [0 * lie + 1, 0 * lie])
    ways = {A: (east, north), B: (east + beside[0], north + beside[1])}
    rng = np.random.default_rng(14)
    tracks = []
    for mmsi, (x_m, y_m) in ways.items():
        lat, lon = SEA[0] + y_m * METRE, SEA[1] + x_m * METRE
        track = scene.track(mmsi, list(zip(hours, lat, lon, strict=True)), every_s=180)
        track[["lat", "lon"]] += rng.normal(0, 4 * METRE, (len(track), 2))
        tracks.append(track)
    found = run.look(Encounter(), scene.positions(*tracks), scene.context())
    evidence = found["evidence"].iloc[0]
    assert 150 < evidence["swung_m"] < 300
    if fast:
        assert evidence["direction_spread_deg"] > 120
        assert evidence["swing_radius_m"] == pytest.approx(radius_m, rel=0.3)
    else:
        assert evidence["direction_spread_deg"] < 15
        assert evidence["swing_radius_m"] > radius_m / 2
