"""Loitering against a slow oracle, at any phase, and against partitioning."""

from itertools import groupby, pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from detectors.core.evidence import Evidence
from detectors.core.frames import epoch_us
from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import KNOT_MPS as MPS
from detectors.kinematics.timegrid import Grid
from detectors.loitering import Loitering, evidence
from detectors.loitering.detector import drifted, lay_still
from detectors.loitering.evidence import HELD_KN, HELD_M, NET_KN, stays

A = 533000001
SEA = (4.0, 100.0)


def pause(scene: Any, begin: float, end: float, **kw: Any) -> pd.DataFrame:
    """Comes from the west at 12 kn, drifts at 0.6 kn from `begin` to `end`, goes on east."""
    lat, lon = SEA
    waypoints = [
        (begin - 2.0, lat, lon - 0.4),
        (begin, lat, lon),
        (end, lat, lon + 0.01 * (end - begin)),
        (end + 2.0, lat, lon + 0.4 + 0.01 * (end - begin)),
    ]
    return scene.track(A, waypoints, **kw)


def test_a_drift_in_open_water_is_found_with_its_evidence(scene: Any) -> None:
    track = pause(scene, 3, 8, sog_kn=0.7, nav_status=1)
    found = Loitering().detect(scene.positions(track), scene.context())
    assert len(found) == 1
    assert abs(found["start"].iloc[0] - scene.at(3)) < pd.Timedelta(minutes=4)
    assert abs(found["end"].iloc[0] - scene.at(8)) < pd.Timedelta(minutes=4)
    evidence = found["evidence"].iloc[0]
    assert evidence["median_speed_kn"] == pytest.approx(0.6, abs=0.02)
    assert evidence["drift_kn"] == pytest.approx(0.6, abs=0.02)
    assert evidence["extent_m"] == pytest.approx(5550, rel=0.05)
    assert evidence["median_sog_kn"] == 0.7
    assert (evidence["nav_status"], evidence["nav_status_fraction"]) == (1, 1.0)
    shortest = next(check for check in evidence.checks if check.name == "duration_s")
    assert shortest.margin == evidence["duration_s"] - 7200
    assert all(check.margin >= 0 for check in evidence.checks)
    source, offset = evidence["first_report_source"].split(":")
    row = track[(track["source"] == source) & (track["source_offset"] == int(offset))]
    assert row["time"].iloc[0] <= found["start"].iloc[0]


@settings(max_examples=8, deadline=None)
@given(begin=st.floats(2.5, 20.0), length=st.floats(2.2, 6.0))
def test_any_start_phase_is_as_good_as_another(scene: Any, begin: float, length: float) -> None:
    found = Loitering().detect(
        scene.positions(pause(scene, begin, begin + length)), scene.context((0, 30))
    )
    assert len(found) == 1
    assert abs((found["end"] - found["start"]).iloc[0] - pd.Timedelta(hours=length)) < pd.Timedelta(
        minutes=5
    )


def test_short_or_fast_is_not_loitering(scene: Any) -> None:
    assert Loitering().detect(scene.positions(pause(scene, 3, 4.8)), scene.context()).empty
    cruise = scene.track(A, [(0, 4.0, 100.0), (10, 4.0, 100.57)])  # 3.4 kn
    assert Loitering().detect(scene.positions(cruise), scene.context()).empty


def test_one_pause_or_many(scene: Any) -> None:
    """Station keeping with the engine for a quarter of an hour doesn't cut it in two."""
    waypoints, lon = [], 100.0
    for hour in (1.0, 2.0, 3.0, 4.0):
        waypoints += [(hour, 4.0, lon), (hour + 0.75, 4.0, lon)]
        lon += 0.02  # 1.2 nm in a quarter of an hour
    found = Loitering().detect(scene.positions(scene.track(A, waypoints)), scene.context())
    assert len(found) == 1
    assert found["evidence"].iloc[0]["slow_fraction"] == pytest.approx(0.8, abs=0.05)


@pytest.mark.parametrize(
    ("back_nm", "pause_h", "stay_h", "together"),
    [
        (0.0, 0.75, 1.0, True),  # back to where it lay before, 3.5 nm, against the stream
        (-2.5, 0.75, 1.0, True),  # two miles and a half beyond that
        (-3.5, 0.75, 1.0, False),  # to a place where it hadn't lain
        (0.0, 1.05, 1.2, False),  # too long a way for that
        (0.0, 0.75, 0.6, False),  # under way for longer than it lies
    ],
)
def test_one_that_comes_back_to_where_it_lay_goes_on_drifting(
    scene: Any, back_nm: float, pause_h: float, stay_h: float, together: bool
) -> None:
    """It lay for an hour, shifted by 2 nm, lies there for an hour, and is carried 1.5 nm off."""
    lon = 100.0 + np.array([0.0, 2.0, 3.5, back_nm]) / 60
    ways = [
        (1.0, 4.0, lon[0]),
        (2.0, 4.0, lon[0]),
        (2.4, 4.0, lon[1]),
        (2.4 + stay_h, 4.0, lon[2]),
        (2.4 + stay_h + pause_h, 4.0, lon[3]),
        (2.4 + stay_h + pause_h + stay_h, 4.0, lon[3]),
    ]
    found = Loitering().detect(scene.positions(scene.track(A, ways)), scene.context())
    lasts = (found["end"] - found["start"]).max()
    assert (lasts > pd.Timedelta(hours=3)) == together


@pytest.mark.parametrize("every_s", [600, 1500, 1800])
def test_satellites_hear_it_every_half_hour(scene: Any, every_s: int) -> None:
    """Reports that are rare, a quarter of them lost; the span is right to within an interval."""
    track = pause(scene, 3, 9, every_s=every_s)
    rng = np.random.default_rng(every_s)
    found = Loitering().detect(
        scene.positions(track[rng.random(len(track)) > 0.25]), scene.context()
    )
    assert len(found) == 1
    tolerance = pd.Timedelta(seconds=2 * every_s)
    assert abs(found["start"].iloc[0] - scene.at(3)) <= tolerance
    assert abs(found["end"].iloc[0] - scene.at(9)) <= tolerance


def test_two_positions_are_no_loitering(scene: Any) -> None:
    track = pause(scene, 3, 9, every_s=7200)
    assert Loitering().detect(scene.positions(track.iloc[1:4]), scene.context()).empty


def test_carried_along_by_the_tidal_stream(scene: Any) -> None:
    track = scene.track(A, [(0, 4.0, 99.6), (2, 4.0, 100.0), (6, 4.0, 100.16), (8, 4.0, 100.56)])
    found = Loitering().detect(scene.positions(track), scene.context())
    assert len(found) == 1, "2.4 kn for four hours"
    assert found["score"].iloc[0] < 0.5 * 0.75


def test_it_says_whether_it_called_afterwards(scene: Any) -> None:
    """Into the anchorage an hour later, or past it."""
    positions = scene.positions(pause(scene, 3, 8))
    ahead = scene.zones(("inner", "anchorage", (100.2, 3.9, 100.4, 4.1)))
    for zones, called in ((ahead, True), (scene.zones(), False)):
        found = Loitering().detect(positions, scene.context(zones=zones))
        assert found["evidence"].iloc[0]["called_afterwards"] is called
    still = positions[positions["time"] <= scene.at(7)].reset_index(drop=True)
    found = Loitering().detect(still, scene.context((0, 7), ahead))
    assert found["evidence"].iloc[0]["called_afterwards"] is None


@pytest.mark.parametrize(("bound_lat", "off_deg"), [(4.0, 0.0), (3.2, 90.0)])
def test_one_that_was_carried_off_goes_back_to_its_way(
    scene: Any, bound_lat: float, off_deg: float
) -> None:
    """North by the stream, south to its lane, and eastward on as it came; or further south."""
    lat, lon = SEA
    on = (9.5, lat, lon + 0.3) if bound_lat == lat else (9.5, bound_lat - 0.3, lon)
    ways = [(1, lat, lon - 0.4), (3, lat, lon), (7, lat + 0.12, lon), (7.7, lat, lon), on]
    context = scene.context((0, 12), scene.zones())
    found = Loitering().detect(scene.positions(scene.track(A, ways)), context)
    evidence = found["evidence"].iloc[0]
    assert evidence["went_off_deg"] == pytest.approx(90, abs=1)
    assert evidence["resumed_off_deg"] == pytest.approx(off_deg, abs=1)


@pytest.mark.parametrize(
    "wrong", [{"excluded_classes": ("anchorages",)}, {"min_piece_s": 9000}, {"step_s": 900}]
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Loitering(**wrong)


def test_a_stuck_sog_neither_hides_nor_invents_one(scene: Any) -> None:
    hidden = scene.positions(pause(scene, 3, 8, sog_kn=9.9))
    assert len(Loitering().detect(hidden, scene.context())) == 1
    cruise = scene.track(A, [(0, 4.0, 100.0), (6, 4.0, 101.0)], sog_kn=0.0)
    assert Loitering().detect(scene.positions(cruise), scene.context()).empty


def test_ports_anchorages_and_land_are_left_out(scene: Any) -> None:
    positions, around = scene.positions(pause(scene, 3, 8)), (99.9, 3.9, 100.2, 4.1)
    for zone_class in ("port", "anchorage"):
        zones = scene.zones(("there", zone_class, around))
        assert Loitering().detect(positions, scene.context(zones=zones)).empty
    assert Loitering().detect(positions, scene.context(zones=scene.zones(land=[around]))).empty


def test_only_a_licensed_transfer_area_lowers_it(scene: Any) -> None:
    positions, around = scene.positions(pause(scene, 3, 8)), (99.9, 3.9, 100.2, 4.1)
    full = Loitering().detect(positions, scene.context())
    for licensed, share in ((True, 0.5), (False, 1.0)):
        zones = scene.zones(("there", "sts_area", around))
        zones.frame["licensed"] = licensed
        found = Loitering().detect(positions, scene.context(zones=zones))
        assert found["score"].iloc[0] == pytest.approx(full["score"].iloc[0] * share)
        said = found["evidence"].iloc[0]
        assert (said["in_sts_area"], said["in_licensed_sts_area"]) == (True, licensed)


def test_near_land_is_lowered(scene: Any) -> None:
    still = scene.positions(scene.track(A, [(1, 4.0, 100.0), (9, 4.0, 100.0)]))
    coast = scene.zones(land=[(100.001, 3.5, 100.5, 4.5)])
    lowered = Loitering().detect(still, scene.context(zones=coast))
    assert lowered["evidence"].iloc[0]["near_land"] is True
    assert lowered["score"].iloc[0] < 0.15


def test_a_long_silence_is_not_bridged(scene: Any) -> None:
    track = pause(scene, 3, 13)
    quiet = (track["time"] > scene.at(7)) & (track["time"] < scene.at(9.5))
    found = Loitering().detect(scene.positions(track[~quiet]), scene.context())
    assert len(found) == 2
    assert found["end"].iloc[0] <= scene.at(7)
    assert found["start"].iloc[1] >= scene.at(9.5)


@pytest.mark.parametrize(
    ("before_kn", "after_kn", "way_nm", "found"),
    [
        (0.0, 0.1, 1.6, False),  # at rest at two berths, 1.6 nm apart
        (0.0, 8.1, 1.6, False),  # set out meanwhile
        (0.7, 0.8, 1.6, True),  # adrift all the while
        (np.nan, np.nan, 1.6, False),  # says nothing, and lay still at both
        (np.nan, np.nan, 0.2, True),
        (0.0, 0.1, 0.2, True),  # swung to its anchor
    ],
)
def test_a_silence_between_two_places_is_no_drift_where_it_sailed(
    scene: Any, before_kn: float, after_kn: float, way_nm: float, found: bool
) -> None:
    """A ferry that is heard at its berths only doesn't drift from one to the other."""
    lon = 100.0 + way_nm / 60
    on = lon + (after_kn / 60 if after_kn > 3 else 0.0)
    lying = scene.track(A, [(2.0, 4.0, 100.0), (2.75, 4.0, 100.0)], every_s=900, sog_kn=before_kn)
    there = scene.track(A, [(4.5, 4.0, lon), (5.5, 4.0, on)], every_s=900, sog_kn=after_kn)
    events = Loitering().detect(scene.positions(lying, there), scene.context())
    assert len(events) == found


def test_one_that_is_heard_as_it_regains_its_place_drifts_on(scene: Any) -> None:
    """Heard by satellite at 4 kn once, with silences of 50 minutes before and after."""
    drift = scene.track(A, [(2.0, 4.0, 100.0), (4.0, 4.0, 100.02)], every_s=600, sog_kn=0.7)
    engine = scene.track(A, [(4.85, 4.0, 100.01), (4.9, 4.0, 100.009)], every_s=60, sog_kn=4.0)
    again = scene.track(A, [(5.75, 4.0, 100.0), (8.0, 4.0, 100.02)], every_s=600, sog_kn=0.7)
    found = Loitering().detect(scene.positions(drift, engine, again), scene.context())
    assert len(found) == 1
    assert abs(found["start"].iloc[0] - scene.at(2)) < pd.Timedelta(minutes=4)


def test_an_open_one_keeps_its_id(scene: Any) -> None:
    positions = scene.positions(pause(scene, 3, 8))
    seen = positions[positions["time"] <= scene.at(6)].reset_index(drop=True)
    open_ = Loitering().detect(seen, scene.context((0, 6)))
    closed = Loitering().detect(positions, scene.context())
    assert open_["end"].isna().all()
    assert closed["end"].notna().all()
    assert list(open_["event_id"]) == list(closed["event_id"])


# -- oracle -------------------------------------------------------------------------------------


def naive(positions: pd.DataFrame, rule: Loitering) -> set[tuple[int, int, int]]:
    """(track, first second, last second) of every loitering, one tick at a time."""
    found = set()
    step = rule.step_s
    for track, own in positions.groupby("track_id"):
        at: dict[int, tuple[float, float]] = {}
        reports = list(zip(epoch_us(own["time"]).tolist(), own["lat"], own["lon"], strict=True))
        for (t0, lat0, lon0), (t1, lat1, lon1) in pairwise(reports):
            if t1 - t0 > rule.max_silence_s * 10**6:
                continue
            tick = -(-t0 // (step * 10**6))
            while tick * step * 10**6 < t1:
                f = (tick * step * 10**6 - t0) / (t1 - t0)
                at[tick] = (lat0 + f * (lat1 - lat0), lon0 + f * (lon1 - lon0))
                tick += 1
        runs: list[tuple[int, int]] = []
        begin = None
        for tick in range(min(at, default=0), max(at, default=0) + 2):
            slow = (
                tick in at
                and tick + 1 in at
                and geodesy.speed_kn(geodesy.distance_m(*at[tick], *at[tick + 1]), step)
                < rule.max_speed_kn
            )
            if slow and begin is None:
                begin = tick
            if not slow and begin is not None:
                runs.append((begin, tick))
                begin = None
        pieces = [(a, b) for a, b in runs if (b - a) * step >= rule.min_piece_s]
        stories: list[tuple[int, int]] = []
        slow_at = {tick for first, last in runs for tick in range(first, last)}
        for first, last in pieces:
            if stories and _joins(rule, at, slow_at, stories[-1], (first, last), pieces):
                stories[-1] = (stories[-1][0], last)
            else:
                stories.append((first, last))
        found |= {
            (int(track), first * step, last * step)
            for first, last in stories
            if (last - first) * step >= rule.min_duration_s
            and _reports_around(reports, first * step, last * step) >= rule.min_reports
        }
    return found


def _joins(
    rule: Loitering,
    at: dict[int, tuple[float, float]],
    slow_at: set[int],
    story: tuple[int, int],
    piece: tuple[int, int],
    pieces: list[tuple[int, int]],
) -> bool:
    """Whether a stay goes on with a story: soon and near its end, or back where it had lain."""
    pause = piece[0] - story[1]
    last = story[1] - 1
    near = geodesy.distance_m(*at[last], *at[piece[0]]) <= rule.max_interruption_m
    if near and pause * rule.step_s <= rule.max_interruption_s:
        return True
    before = next(stay for stay in pieces if stay[1] == story[1])
    lay = [
        at[tick]
        for tick in range(story[0], story[1])
        if tick in slow_at and (last - tick) * rule.step_s < rule.min_duration_s
    ]
    return (
        pause * rule.step_s <= rule.max_return_s
        and max(before[1] - before[0], piece[1] - piece[0]) >= pause
        and any(geodesy.distance_m(*o, *at[piece[0]]) <= rule.max_interruption_m for o in lay)
    )


def _reports_around(reports: list[tuple[int, float, float]], start_s: int, end_s: int) -> int:
    """Reports from the last at or before the start to the first at or after the end."""
    inside = [t for t, _, _ in reports if start_s * 10**6 < t < end_s * 10**6]
    return len(inside) + 2


def wanderer(scene: Any, seed: int, hours: float = 24.0) -> pd.DataFrame:
    """Three vessels that stop and go, with lost reports and silences."""
    rng = np.random.default_rng(seed)
    tracks = []
    for i in range(3):
        steps = rng.choice([0.1, 0.2, 0.4, 1.0, 3.0], 40)
        turns = np.r_[0.0, np.cumsum(steps)]
        turns = turns[turns < hours]
        speed_kn = rng.choice(
            [0.3, 1.0, 1.9, 2.1, 6.0], len(turns) - 1, p=[0.4, 0.2, 0.1, 0.1, 0.2]
        )
        speed_kn *= rng.choice([-1.0, 1.0], len(speed_kn))  # to and fro
        lon = 100.0 + np.r_[0.0, np.cumsum(speed_kn * np.diff(turns) / 60)]
        waypoints = list(zip(turns, np.full(len(turns), 4.0), lon, strict=True))
        track = scene.track(A + i, waypoints, every_s=float(rng.choice([31, 60, 181])))
        keep = rng.random(len(track)) > rng.choice([0.0, 0.5, 0.9])
        silent = rng.uniform(0, hours)
        quiet = (track["time"] > scene.at(silent)) & (track["time"] < scene.at(silent + 2.0))
        tracks.append(track[keep & ~quiet.to_numpy()])
    return scene.positions(*tracks)


def keeps_its_place(scene: Any, seed: int, hours: float = 40.0) -> pd.DataFrame:
    """Three vessels that drift and motor back, over 5 nm at most, at 4 to 6 kn."""
    rng = np.random.default_rng(seed)
    tracks = []
    for i in range(3):
        at, off_nm, ways = 0.5, 0.0, [(0.0, 4.0, 99.8), (0.5, 4.0, 100.0)]
        while at < hours:
            at += rng.uniform(0.5, 1.4)
            off_nm += rng.uniform(-0.8, 0.8)
            ways.append((at, 4.0, 100.0 + off_nm / 60))
            back_nm = rng.uniform(-2.5, 2.5)
            at += max(abs(back_nm - off_nm) / rng.uniform(4.0, 6.0), 0.05)
            off_nm = back_nm
            ways.append((at, 4.0, 100.0 + off_nm / 60))
        tracks.append(scene.track(A + i, ways, every_s=180))
    return scene.positions(*tracks)


@pytest.mark.parametrize("kind", [wanderer, keeps_its_place])
@pytest.mark.parametrize("seed", range(8))
def test_as_the_oracle_says(scene: Any, seed: int, kind: Any) -> None:
    # At a speed at which a long silence tells neither of rest nor of way made at its ends.
    positions = kind(scene, seed).assign(sog_kn=1.0)
    found = Loitering().detect(positions, scene.context((0, 200)))
    epoch, second = pd.Timestamp(0, tz="UTC"), pd.Timedelta(seconds=1)
    got = {
        (int(r.track_ids), (r.start - epoch) // second, (r.end - epoch) // second)
        for r in found.itertuples()
    }
    assert got == naive(positions, Loitering())


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), cuts=st.lists(st.floats(0.1, 29.9), max_size=8, unique=True))
def test_any_partition_gives_the_same_events(scene: Any, seed: int, cuts: list[float]) -> None:
    for kind in (wanderer, keeps_its_place):
        scene.assert_same_in_windows(Loitering(), kind(scene, seed), [0.0, *sorted(cuts), 50.0])


def test_a_tug_beside_it_from_the_first_minute_counts(scene: Any) -> None:
    """Two hours and no more, at the beginning of its track: the fourth look back is its first tick,
    not the one before, which belongs to another track or to none.
    """
    lat, lon = SEA
    barge = scene.track(A, [(0, lat, lon), (2, lat, lon), (3, lat, lon + 0.2)])
    beside = lat + 200 / 111_195
    tug = scene.track(A + 1, [(0, beside, lon), (1.5, beside, lon), (2.5, beside, lon - 0.2)])
    far = scene.track(A + 2, [(0, lat + 1, lon), (4, lat + 1, lon + 0.8)])
    context = scene.context(vessels=scene.vessels({"mmsi": A + 1, "ship_type": 52}))
    found = Loitering().detect(scene.positions(barge, tug, far), context)
    (evidence,) = found.loc[found["mmsi"] == A, "evidence"]
    assert evidence["duration_s"] == Loitering().min_duration_s
    assert evidence["tug_attends"] is True


def test_a_call_at_a_port_two_hours_later_is_seen_where_it_is_heard(scene: Any) -> None:
    lat, lon = SEA
    port = scene.zones(("port", "port", (lon + 0.18, lat - 0.02, lon + 0.3, lat + 0.02)))
    drift = [(-1.0, lat, lon - 0.2), (0, lat, lon), (4, lat, lon + 0.01)]
    for berthed, heard_to, called in ((6.0, 12, True), (7.0, 12, False), (6.0, 4.2, None)):
        way = scene.track(A, [*drift, (berthed, lat, lon + 0.2), (12, lat, lon + 0.2)])
        way = way[way["time"] <= scene.at(heard_to)]
        found = Loitering().detect(scene.positions(way), scene.context((0, 14), zones=port))
        (evidence,) = found["evidence"]
        assert evidence["called_afterwards"] is called


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), cuts=st.lists(st.integers(0, 199), min_size=2, max_size=8))
def test_legs_of_all_runs_are_those_of_each(seed: int, cuts: list[int]) -> None:
    rng, rule = np.random.default_rng(seed), Loitering()
    way = np.cumsum(rng.choice([0.0, 0.0, 2e-4, 3e-3, -3e-3], (2, 201)), axis=1)
    tick = seed + np.arange(201)
    speed_kn = rng.choice([0.1, 1.0, 2.5, 5.0], 201)
    grid = Grid(rule.step_s, np.full(201, 7), tick, way[0], 100.0 + way[1], speed_kn, tick)
    ends = sorted(set(cuts)) or [0]
    begin, end = np.array(ends), np.array([*ends[1:], 200])
    told = stays(rule, grid, begin, end)
    shares, turns = evidence._working(rule, grid, begin, end)
    heading_deg = rng.choice(
        [np.nan, 0.0, 90.0, 180.0, 271.0], 500, p=[0.4, 0.15, 0.15, 0.15, 0.15]
    )
    heading_deg = np.r_[np.full(seed, np.nan), heading_deg]  # a grid row's report is its tick
    bow = evidence._on_heading(rule, heading_deg, grid, begin, end)
    for i, (a, b) in enumerate(zip(begin.tolist(), end.tolist(), strict=True)):
        own = speed_kn[a:b]
        fast = own >= rule.max_speed_kn
        assert told["n_shifts"][i] == np.count_nonzero(fast & ~np.r_[False, fast[:-1]])
        working = (own >= rule.min_working_kn) & (own < rule.max_working_kn)
        assert shares[i] == pytest.approx(working.mean())
        marks = [k for k in range(a, b + 1) if tick[k] % (rule.leg_s // rule.step_s) == 0]
        legs = [
            (k, m, geodesy.distance_m(way[0, k], way[1, k], way[0, m], way[1, m]))
            for k, m in pairwise(marks)
        ]
        made = [leg for leg in legs if leg[2] >= evidence.MOVES_KN * MPS * rule.leg_s]
        courses = [
            geodesy.bearing_deg(way[0, k], way[1, k], way[0, m], way[1, m]) for k, m, _ in made
        ]
        pointed = [
            abs(
                (heading_deg[tick[k]] - geodesy.bearing_deg(*way[:, k], *way[:, m]) + 180) % 360
                - 180
            )
            for k, m, _ in legs
            if np.isfinite(heading_deg[tick[k]])
        ]
        if pointed and 2 * len(pointed) >= len(legs):
            assert bow[i] == pytest.approx(np.mean(np.array(pointed) <= evidence.ON_HEADING_DEG))
        else:
            assert np.isnan(bow[i])
        about = [abs((y - x + 180) % 360 - 180) >= rule.min_turn_deg for x, y in pairwise(courses)]
        assert turns[i] == sum(about)
        held, still = [], [leg[2] <= HELD_KN * MPS * rule.leg_s for leg in legs]
        for slow, group in groupby(zip(still, legs, strict=True), key=lambda one: one[0]):
            first, *_, last = [legs_of[:2] for _, legs_of in group] * 2
            rows = range(first[0], last[1] + 1)
            off_m = geodesy.distance_m(way[0, first[0]], way[1, first[0]], *way[:, rows])
            took_s = (len(rows) - 1) * rule.step_s
            if slow and off_m[-1] <= NET_KN * MPS * took_s and off_m.max() <= HELD_M:
                held.append(took_s)
        assert told["n_held"][i] == len(held)
        assert told["held_fraction"][i] == pytest.approx(sum(held) / ((b - a) * rule.step_s))


@pytest.mark.parametrize(
    ("speed_kn", "drift_kn", "hours", "held", "still"),
    [
        (0.05, 0.01, 10.0, 1.0, True),  # at anchor
        (0.23, 0.28, 7.3, 0.18, False),  # two miles with the ice
        (0.23, 0.05, 7.3, 0.18, True),  # as slow, and hardly off its place
        (0.02, 0.20, 7.3, 0.9, True),  # made fast at one place and then at another
        (0.15, 0.20, 7.3, 0.6, True),  # at anchor for most of the time, and shifted once
        (0.40, 0.40, 3.0, 0.0, False),
    ],
)
def test_what_is_carried_off_is_not_told_to_lie_still(
    speed_kn: float, drift_kn: float, hours: float, held: float, *, still: bool
) -> None:
    values = {"median_speed_kn": speed_kn, "drift_kn": drift_kn, "held_fraction": held}
    evidence = Evidence.of({**values, "duration_s": hours * 3600.0})
    assert lay_still(evidence) == still


@pytest.mark.parametrize(("stated_kn", "still"), [(0.2, False), (0.1, True), (None, True)])
def test_what_a_weak_stream_carries_about_its_turn_isnt_told_to_lie_still(
    stated_kn: float | None, *, still: bool
) -> None:
    values = {"median_speed_kn": 0.2, "drift_kn": 0.05, "held_fraction": 0.6, "duration_s": 8280.0}
    assert lay_still(Evidence.of({**values, "median_sog_kn": stated_kn})) == still


@pytest.mark.parametrize(
    ("speed_kn", "drift_kn", "hours", "working", "told"),
    [
        (0.4, 0.40, 3.0, 0.0, True),  # with the stream, which hasn't turned
        (1.2, 0.50, 15.9, 0.0, True),  # to and fro with it
        (1.2, 1.19, 15.9, 0.0, False),  # straight on for two turns of it: a cable layer
        (2.3, 0.10, 13.8, 0.6, False),  # trawls
        (0.6, 0.30, 15.9, 0.39, False),  # trawls, and lies between
        (None, None, 4.0, None, False),  # redacted: it was slow
    ],
)
def test_what_goes_by_its_engine_is_not_told_to_drift(
    speed_kn: float | None,
    drift_kn: float | None,
    hours: float,
    working: float | None,
    *,
    told: bool,
) -> None:
    values = {"median_speed_kn": speed_kn, "drift_kn": drift_kn, "working_speed_fraction": working}
    known = {name: value for name, value in values.items() if value is not None}
    assert drifted(Evidence.of({**known, "duration_s": hours * 3600.0})) == told


@pytest.mark.parametrize(("held", "told"), [(0.16, True), (0.32, False), (0.54, False)])
def test_what_holds_one_place_after_the_other_is_not_told_to_drift(
    held: float, *, told: bool
) -> None:
    """A dredger between quay and dumping ground, and a ship that serves turbines."""
    values = {"median_speed_kn": 0.27, "drift_kn": 0.01, "median_sog_kn": 0.5}
    assert drifted(Evidence.of({**values, "held_fraction": held, "duration_s": 37_440.0})) == told
