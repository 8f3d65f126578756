"""Geofence: exact crossings, hysteresis, silence, and partitioning."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core import events
from detectors.geofence import Geofence

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
    evidence = events.evidence_of(found[found["subkind"] == "enter"])[0]
    assert evidence["crossing_interpolated"] is False
    assert evidence["silence_s"] == 7200
    dwell = found[found["subkind"] == "dwell"].iloc[0]
    assert dwell["start"] == scene.at(3)


def test_first_seen_inside_has_no_entry(scene: Any) -> None:
    track = scene.track(A, [(0, 4.0, 100.2), (3, 4.0, 100.2), (5, 4.0, 101.0)])
    found = Geofence().detect(scene.positions(track), scene.context(zones=landing(scene)))
    assert kinds(found) == ["dwell", "exit"]
    evidence = events.evidence_of(found[found["subkind"] == "dwell"])[0]
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


@settings(max_examples=10, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    cuts=st.lists(st.floats(0.1, 29.9), max_size=10, unique=True),
)
def test_any_partition_gives_the_same_events(scene: Any, seed: int, cuts: list[float]) -> None:
    positions, zones = wanderer(scene, seed), landing(scene)
    whole = Geofence().detect(positions, scene.context((0, 30), zones))
    parts = scene.in_windows(Geofence(), positions, [0.0, *sorted(cuts), 30.0], zones)
    scene.assert_same(parts, whole)


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
