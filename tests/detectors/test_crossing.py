"""Crossing: which passage of a run is the best, against a look at every pair of its ticks; and
where one may lie by the cells that the run goes through.
"""

from itertools import combinations
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
import shapely

from detectors.core.arrays import Floats, Ints
from detectors.core.frames import SECOND_US
from detectors.crossing import Crossing
from detectors.crossing import passage as of_passages
from detectors.crossing.evidence import turned_about
from detectors.crossing.onward import goes_on, kept_moving
from detectors.crossing.passage import passages
from detectors.crossing.scoring import MIN_SCORE, OF_END, may_score, of_passage
from detectors.crossing.sieve import WRONG_M, Cells, steps_m, way_m, worth_a_look
from detectors.crossing.straight import grid_of, may_land
from detectors.crossing.unheard import lost_s
from detectors.kinematics import geodesy, timegrid
from detectors.kinematics.reports import Reports
from detectors.surroundings.coasts import Coasts
from tests.detectors.tables import make_positions, make_zones

LANDS = {
    "IDN": shapely.box(101.0, 1.5, 102.6, 2.0),
    "MYS": shapely.box(101.0, 2.5, 102.6, 2.95),
    "SGP": shapely.box(102.7, 2.15, 102.8, 2.25),
}
NIGHT_S = 1_772_377_200  # 2026-03-01 15:00 UTC, 23:00 in Kuala Lumpur
N_TRACKS = 40


def night_runs(seed: int) -> timegrid.Grid:
    """Boats at 11 to 32 kn, each for half an hour to an hour on one course, or on two."""
    random = np.random.default_rng(seed)
    tracks = []
    for number in range(N_TRACKS):
        lat, lon = random.uniform(2.01, 2.49), random.uniform(101.3, 102.5)
        course, kn = random.uniform(0, 360), random.uniform(11.5, 32)
        minutes = np.arange(0, random.uniform(30, 58), random.choice([0.5, 3.0, 9.0]))
        turn = random.choice([0.0, random.uniform(-120, 120)])
        half = len(minutes) // 2
        way_m = minutes * 60 * kn * geodesy.KNOT_MPS
        first = geodesy.destination(lat, lon, course, way_m[:half])
        corner = (np.r_[lat, first[0]][-1], np.r_[lon, first[1]][-1])
        begun_m = np.r_[0.0, way_m[:half]][-1]
        then = geodesy.destination(*corner, course + turn, way_m[half:] - begun_m)
        tracks.append((number, minutes, np.r_[first[0], then[0]], np.r_[first[1], then[1]]))
    track = np.concatenate([np.full(len(t[1]), 100 * (533_000_001 + t[0]) + 1) for t in tracks])
    time_us = np.concatenate([(NIGHT_S * 10**6 + t[1] * 60e6).astype("int64") for t in tracks])
    lat, lon = (np.concatenate([t[k] for t in tracks]) for k in (2, 3))
    rule = Crossing()
    return timegrid.resample(track, time_us, lat, lon, rule.step_s, rule.max_silence_s)


def best_of_all_pairs(rule: Crossing, grid: timegrid.Grid, ticks: Any, coasts: Coasts) -> float:
    """The largest value of any pair of ticks that is a passage as the class says, 0 for none."""
    lat, lon = grid.lat[ticks], grid.lon[ticks]
    metres = coasts.distance_m(lat, lon)
    nearest = metres.argmin(axis=0)
    best = 0.0
    for i, j in combinations(range(len(ticks)), 2):
        hours = (j - i) * rule.step_s / 3600
        steps = geodesy.distance_m(lat[i:j], lon[i:j], lat[i + 1 : j + 1], lon[i + 1 : j + 1])
        good_m = geodesy.distance_m(lat[i], lon[i], lat[j], lon[j])
        good_kn = good_m / geodesy.METRES_PER_NM / hours
        reports = grid.report[ticks[j]] - grid.report[ticks[i]] + 2
        if good_m < rule.min_distance_m or reports < rule.min_reports:
            continue
        if not rule.min_mean_speed_kn <= good_kn <= rule.max_mean_speed_kn:
            continue
        for left, ahead in [(a, b) for a in range(3) for b in range(3) if a != b]:
            a, b = metres[left], metres[ahead]
            share = a[j] / (a[j] + b[j]) - a[i] / (a[i] + b[i])
            ratio = ((a[j] - b[j]) - (a[i] - b[i])) / 2 / steps.sum()
            both = nearest[i] == left and nearest[j] == ahead
            either = nearest[i] == left or nearest[j] == ahead
            asked = rule.min_width_fraction if both else rule.min_one_sided_fraction
            wide = min(a[i] + b[i], a[j] + b[j]) >= rule.min_width_m
            if share > 0 and either and wide and share >= asked and ratio >= rule.min_across_ratio:
                best = max(best, share * min(ratio, 1.0) * (1.0 if both else 0.6))
    return float(best)


@pytest.mark.parametrize("seed", range(3))
def test_the_best_passage_is_that_of_all_pairs_of_ticks(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked for only where the cells that a run goes through leave room, some at a time."""
    monkeypatch.setattr(of_passages, "AT_A_TIME", 500)
    zones = make_zones(
        [{"zone_class": "land", "geometry": g, "iso3": iso3} for iso3, g in LANDS.items()]
    )
    rule, grid = Crossing(), night_runs(seed)
    first = np.flatnonzero(np.r_[True, np.diff(grid.track_id) != 0])
    last = np.r_[first[1:] - 1, len(grid.tick) - 1] - 1  # the last tick has no step
    cells = Cells(grid, zones.coasts)
    found = passages(rule, grid, first, last, zones.coasts, cells)
    wanted = {}
    for k, (a, b) in enumerate(zip(first, last + 1, strict=True)):
        value = best_of_all_pairs(rule, grid, np.arange(a, b + 1), zones.coasts)
        if value > 0:
            wanted[k] = value
    assert 4 < len(wanted) < N_TRACKS - 4
    got = {}
    for k, passage in found.items():
        ratio = min(passage.across_m / passage.path_m, 1.0)
        got[k] = passage.share * ratio * (1.0 if passage.sides_changed else 0.6)
    assert got == pytest.approx(wanted)


def may_hold(rule: Crossing, metres: Any, path_m: Any) -> tuple[int, int, set[int]] | None:
    """Between which ticks a passage may lie by every pair of them, and the states: slow."""
    wrong_m = WRONG_M
    seen = (metres <= metres.min(axis=0) + 2 * wrong_m).any(axis=1)
    pairs, states = [], set(np.flatnonzero(seen).tolist())
    far = path_m[None, :] >= path_m[:, None] + rule.min_distance_m
    for one, other in combinations(range(len(metres)), 2):
        if not seen[one] and not seen[other]:
            continue
        both = seen[one] and seen[other]
        a, b = metres[one], metres[other]
        position = a / np.maximum(a + b, 1.0)
        off = np.minimum(wrong_m / np.maximum(a + b - 2 * wrong_m, 1.0), 1.0)
        least = rule.min_width_fraction if both else rule.min_one_sided_fraction
        if (position + off).max() - (position - off).min() < least:
            continue
        across_m, way_m = (a - b) / 2, path_m[None, :] - path_m[:, None]
        gain_m = np.abs(across_m[None, :] - across_m[:, None]) + 2 * wrong_m
        leads = far & (gain_m >= rule.min_across_ratio * way_m)
        if leads.any():
            pairs.append((np.flatnonzero(leads.any(axis=1))[0], np.flatnonzero(leads.any(0))[-1]))
            states |= {one, other}
    if not pairs:
        return None
    return int(min(p[0] for p in pairs)), int(max(p[1] for p in pairs)), states


@pytest.mark.parametrize("seed", range(2))
def test_cells_leave_room_for_a_passage_where_any_pair_of_ticks_does(seed: int) -> None:
    zones = make_zones(
        [{"zone_class": "land", "geometry": g, "iso3": iso3} for iso3, g in LANDS.items()]
    )
    rule, grid = Crossing(), night_runs(seed)
    first = np.flatnonzero(np.r_[True, np.diff(grid.track_id) != 0])
    last = np.r_[first[1:] - 1, len(grid.tick) - 1]
    cells = Cells(grid, zones.coasts)
    ways_m = steps_m(grid.lat, grid.lon)
    begin, end, states = worth_a_look(rule, ways_m, first, last - 1, cells)
    wanted = []
    for a, b in zip(first, last + 1, strict=True):
        lat, lon = grid.lat[a:b], grid.lon[a:b]
        metres = cells.middle_m[:, cells.of_row[a:b]]
        wanted.append(may_hold(rule, metres, way_m(lat, lon)))
    assert 4 < sum(w is not None for w in wanted) < N_TRACKS - 4
    for k, found in enumerate(wanted):
        if found is None:
            assert begin[k] == end[k] == -1
        else:
            ends = first[k] + found[0], first[k] + found[1]
            assert (begin[k], end[k]) == ends
            assert set(np.flatnonzero(states[k]).tolist()) == found[2]


def test_first_heard_as_the_feed_begins_tells_nothing() -> None:
    seen = {
        "began": "unheard",
        "ended": "shore",
        "landed": True,
        "end_port_m": 20_000.0,
        "end_anchorage_m": 40_000.0,
        "mean_speed_kn": 20.0,
        "speed_kn": 20.0,
        "median_sog_kn": 20.0,
        "width_fraction": 0.63,
        "sides_changed": True,
        "dark_fraction": 1.0,
        "ais_class": "A",
        "feed_begins": False,
        "feed_ends": False,
    }
    of_old = of_passage(seen, 1000.0)
    assert of_old == pytest.approx(0.6, abs=0.05)
    began = of_passage({**seen, "feed_begins": True}, 1000.0)
    assert began == pytest.approx(of_old * 0.3 / 0.7)
    assert of_passage({**seen, "began": "shore", "feed_begins": True}, 1000.0) > of_old
    most_of_it = {**seen, "width_fraction": 0.75}
    of_old = of_passage(most_of_it, 1000.0)
    assert of_passage({**most_of_it, "feed_begins": True}, 1000.0) == of_old


def test_a_slow_boat_out_there_as_the_feed_ends_may_be_bound_for_a_ground() -> None:
    seen = {
        "began": "shore",
        "ended": "unheard",
        "landed": False,
        "mean_speed_kn": 7.0,
        "speed_kn": 7.0,
        "median_sog_kn": 7.0,
        "width_fraction": 0.55,
        "sides_changed": True,
        "dark_fraction": 1.0,
        "ais_class": "B",
        "feed_begins": False,
        "feed_ends": False,
    }
    of_old = of_passage(seen, 1000.0)
    assert of_old > 0.3
    ends = {**seen, "feed_ends": True}
    assert of_passage(ends, 1000.0) == pytest.approx(of_old * 0.3 / 0.7)
    assert of_passage({**ends, "width_fraction": 0.8}, 1000.0) > of_old
    assert of_passage({**ends, "mean_speed_kn": 20.0}, 1000.0) > of_old
    # Nor is it known of one that satellites hear, at either end; of a fast one it is.
    by_passes = {**seen, "feed_by_passes": True}
    assert of_passage(by_passes, 1000.0) == pytest.approx(of_old * 0.3 / 0.7)
    assert of_passage({**by_passes, "mean_speed_kn": 20.0}, 1000.0) > of_old
    came = {**by_passes, "began": "unheard", "ended": "near"}
    assert of_passage(came, 1000.0) < 0.3 < of_passage({**came, "feed_by_passes": False}, 1000.0)


def test_who_makes_way_along_a_shore_as_the_feed_ends_has_not_landed() -> None:
    seen = {"mean_speed_kn": 20.0, "sailed_on": True, "feed_ends": True}
    assert goes_on(seen, 19.0)
    assert not goes_on(seen, 6.0)
    assert not goes_on({**seen, "feed_ends": False}, 19.0)
    assert not goes_on({**seen, "sailed_on": False}, 19.0)


@pytest.mark.parametrize(
    ("silent_h", "stated_kn", "turned_deg", "followed"),
    [
        (2.5, 8.4, 0.0, True),
        (2.5, 16.0, 0.0, False),
        (2.5, 8.4, 90.0, True),
        (7.0, 8.4, 0.0, True),
        (7.0, 8.4, 90.0, False),
        (7.0, 16.0, 0.0, False),
        (9.0, 8.4, 0.0, False),
    ],
)
def test_a_boat_is_followed_across_a_silence_that_its_way_fills(
    silent_h: float, stated_kn: float, turned_deg: float, followed: bool
) -> None:
    """A boat makes 8 kn between two reports hours apart; beyond three it must keep her course."""
    start = pd.Timestamp(NIGHT_S, unit="s", tz="UTC")
    hours = [0.0, 0.5, 0.5 + silent_h]
    lats = [1.5 + 8.0 / 60 * h for h in hours]
    turn = np.radians(turned_deg)
    places = [(h, lat, 101.5) for h, lat in zip(hours, lats, strict=True)]
    places.append((1.0 + silent_h, lats[-1] + np.cos(turn) / 15, 101.5 + np.sin(turn) / 15))
    table = pd.DataFrame(places, columns=["time", "lat", "lon"]).assign(mmsi=533_000_001)
    table["sog_kn"] = stated_kn
    table["time"] = start + pd.to_timedelta(table["time"], unit="h")
    reports = Reports(make_positions(table))
    grid = grid_of(Crossing(), reports)
    ticks_h = len(grid.tick) * Crossing().step_s / 3600
    assert ticks_h == pytest.approx(1.0 + (silent_h if followed else 0.0), abs=0.1)
    # A beach on that straight way shows no landing, but where she was heard.
    straight = followed and turned_deg == 0.0
    assert (~may_land(Crossing(), reports, grid)).any() == straight


def test_who_came_past_a_shore_from_where_she_lay_at_sea_came_from_there() -> None:
    seen = {
        "began": "shore",
        "ended": "shore",
        "landed": True,
        "came_past": True,
        "run_start_coast_m": 20_000.0,
        "mean_speed_kn": 6.3,
        "width_fraction": 0.9,
        "feed_begins": False,
        "feed_ends": False,
        "sides_changed": True,
        "dark_fraction": 1.0,
        "ais_class": "B",
        "median_sog_kn": 6.3,
        "speed_kn": 6.3,
        "end_port_m": 9000.0,
        "end_anchorage_m": 9000.0,
    }
    from_shore = of_passage({**seen, "came_past": False}, 926.0)
    assert of_passage(seen, 926.0) == pytest.approx(0.3 * from_shore)
    assert of_passage({**seen, "run_start_coast_m": 900.0}, 926.0) == from_shore


@pytest.mark.parametrize("seed", range(4))
def test_a_passage_that_scores_enough_is_measured(seed: int) -> None:
    """Whatever is measured of it then; and many are seen not to score enough before that."""
    random = np.random.default_rng(seed)
    ways = list(OF_END)
    left_out = 0
    for _ in range(2000):
        seen: dict[str, Any] = {
            "began": str(random.choice(ways)),
            "ended": str(random.choice(ways)),
            "mean_speed_kn": random.uniform(4.0, 30.0),
            "width_fraction": random.uniform(0.2, 0.9),
            "dark_fraction": random.choice([0.0, 0.5, 1.0]),
            "ais_class": str(random.choice(["A", "B"])),
            "median_sog_kn": random.choice([None, 1.0, 9.0]),
            "speed_kn": random.uniform(4.0, 30.0),
            **{f"end_{where}_m": random.choice([0.0, 5000.0]) for where in ("port", "anchorage")},
        }
        flags = ("sides_changed", "feed_by_passes", "feed_begins", "feed_ends", "landed")
        seen |= {name: bool(random.integers(2)) for name in flags}
        seen["landed"] = seen["landed"] and seen["ended"] == "shore"
        known = seen["width_fraction"], seen["mean_speed_kn"], seen["sides_changed"]
        measured = may_score(*known, (seen["began"], seen["ended"]), seen["ais_class"] == "A")
        score = of_passage(seen, 926.0)
        assert measured or score is None
        assert score is None or score >= MIN_SCORE
        left_out += not measured
    assert left_out > 200


@pytest.mark.parametrize(
    ("differs", "lost"),
    [
        ({}, 200.0),
        ({"turn_sog_kn": 0.0}, 200.0),  # heard as it lay there
        ({"wait_s": 1500.0}, 0.0),  # a silence, of which its two ends are asked
        ({"before_kn": 4.0}, 0.0),  # at work
        ({"after_kn": float("nan")}, 0.0),
        ({"after_kn": 12.0}, 60.0),  # the lower of both speeds leaves less
    ],
)
def test_a_boat_loses_the_time_that_it_lies(differs: dict[str, float], lost: float) -> None:
    """Out for two minutes at 16 kn, back for five, and `wait_s` at rest in between."""
    asked = {"wait_s": 200.0, "before_kn": 16.0, "turn_sog_kn": 16.0, "after_kn": 16.0, **differs}
    out_m, back_m = (16.0 * geodesy.KNOT_MPS * s for s in (120.0, 300.0))
    turn = geodesy.destination(2.3, 101.7, 180.0, out_m)
    after = geodesy.destination(*turn, 20.0, back_m)
    table = pd.DataFrame(
        {
            "track_id": 53300050101,
            "mmsi": 533000501,
            "time": pd.to_datetime(
                NIGHT_S + np.array([0.0, 120.0, 420.0 + asked["wait_s"]]), unit="s", utc=True
            ),
            "lat": [2.3, float(turn[0]), float(after[0])],
            "lon": [101.7, float(turn[1]), float(after[1])],
            "sog_kn": [asked["before_kn"], asked["turn_sog_kn"], asked["after_kn"]],
            "ais_class": "B",
            "source": "case",
            "source_offset": [0, 1, 2],
        }
    )
    assert lost_s(Reports(table), 1, 5.0) == pytest.approx(lost, abs=1.0)
    assert lost_s(Reports(table), 0, 5.0) == lost_s(Reports(table), 2, 5.0) == 0.0


@pytest.mark.parametrize(
    ("speeds_kn", "every_s", "moving"),
    [
        ([4.7] * 60, 60, True),
        ([4.7] * 20 + [3.0] * 40, 60, True),  # a tow against the stream
        ([4.7] * 20 + [0.0] * 3 + [4.7] * 37, 60, False),
        ([4.7] * 30 + [1.0] * 30, 60, False),  # slowly along a beach
        ([4.7] * 20 + [0.0] * 3 + [4.7] * 37, 600, False),  # a stop would not show
        ([4.7] * 60, 600, False),
        ([4.7] * 30, 60, False),  # lost before a landing would be over
    ],
)
def test_who_stops_nowhere_does_not_land(
    speeds_kn: list[float], every_s: int, moving: bool
) -> None:
    """An hour along a shore, minute by minute, a quarter of it gone as the run ends."""
    way_m = np.r_[0.0, np.cumsum(np.array(speeds_kn) * geodesy.KNOT_MPS * 60.0)]
    lat, lon = geodesy.destination(1.3, 104.0, 90.0, way_m)
    heard = slice(None, None, every_s // 60)
    time_us = np.arange(len(way_m), dtype="int64")[heard] * 60 * SECOND_US + NIGHT_S * SECOND_US
    track = np.full(len(time_us), 53300000101)
    rule = Crossing()
    grid = timegrid.resample(track, time_us, lat[heard], lon[heard], rule.step_s, 7200.0)
    final = int(np.searchsorted(grid.tick * rule.step_s, NIGHT_S + 900))
    unsaid = told(time_us, np.full(len(time_us), np.nan))
    assert kept_moving(rule, unsaid, grid, final, 4.7) == moving


def told(time_us: Ints, sog_kn: Floats) -> Reports:
    """What `kept_moving` asks of reports."""
    return cast("Reports", SimpleNamespace(time_us=time_us, sog_kn=sog_kn))


@pytest.mark.parametrize(
    ("every_s", "sog_kn", "moving"),
    [(30, 10.0, True), (30, np.nan, False), (30, 0.0, False), (211, 10.0, False)],
)
def test_a_receiver_whose_clock_is_wrong_stops_nobody_who_says_that_she_sails(
    every_s: int, sog_kn: float, moving: bool
) -> None:
    """A trader was told to have landed, 0.90: some reports, a minute and a half off, held her back,
    and others made her way longer.
    """
    at_s = np.arange(0, 3600, every_s)
    late = (at_s > 780) & (at_s <= 900)
    way_m = 10.0 * geodesy.KNOT_MPS * np.where(late, at_s - 90, at_s)
    lat, lon = geodesy.destination(1.3, 104.0, 90.0, way_m)
    time_us = (at_s.astype("int64") + NIGHT_S) * SECOND_US
    rule, track = Crossing(), np.full(len(at_s), 53300000101)
    grid = timegrid.resample(track, time_us, lat, lon, rule.step_s, 7200.0)
    final = int(np.searchsorted(grid.tick * rule.step_s, NIGHT_S + 900))
    sailed = told(time_us, np.where(late, sog_kn, 10.0))
    assert kept_moving(rule, sailed, grid, final, 10.6) == moving


def test_on_a_grid_too_coarse_to_show_a_stop_nobody_kept_moving() -> None:
    rule = Crossing(step_s=1200, max_landing_s=600)
    hours = np.arange(5, dtype="int64") * 1200
    time_us = (hours + NIGHT_S // 1200 * 1200) * SECOND_US
    lat, lon = geodesy.destination(1.3, 104.0, 90.0, 2.5 * hours)
    track = np.full(5, 53300000101)
    grid = timegrid.resample(track, time_us, lat, lon, rule.step_s, 7200.0)
    assert not kept_moving(rule, told(time_us, np.full(5, 4.7)), grid, 2, 4.7)


def test_who_came_along_the_coast_that_it_left_had_not_come_over() -> None:
    """A boat that lay off its own coast, went 15 miles along it and then over "came over from" the
    other one: from its nearest to the shore it went on within 60 degrees of where it had been.
    """
    turns = [(164.0, None, True), (350.0, None, False)]
    ways = ("MYS", "IDN"), "IDN"
    assert turned_about(turns, *ways, set_out=True)["turned_off_m"] is None
    assert turned_about(turns, *ways, set_out=False)["turned_off_m"] == 164.0, "heard first at sea"
    assert turned_about(turns, ("IDN", "IDN"), "IDN", set_out=True)["turned_off_m"] == 164.0
