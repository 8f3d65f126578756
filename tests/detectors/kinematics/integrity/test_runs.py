"""Faults as feeds have them, put into tracks: runs are of one hull each, and dated right or not."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.kinematics.geodesy import destination, distance_m
from detectors.kinematics.integrity import Reports, Verdict
from detectors.kinematics.integrity.rows import Rows
from detectors.kinematics.integrity.runs import runs
from detectors.kinematics.integrity.verdicts import nothing_heard
from tests.detectors.kinematics.integrity.conftest import T0_US, S, judge, sail, settle, together
from tests.detectors.kinematics.integrity.test_labelled import judged, rand_index

HOUR = 3_600
NM_DEG = 1 / 60


def over(reports, hours):
    """Verdicts of stretch after stretch, as the store has them; `hours` are a multiple of six."""
    nothing = np.zeros(len(reports), np.uint8)
    end_us = T0_US + hours * HOUR * S
    return settle(reports, nothing, nothing_heard(), T0_US, end_us).judged


def by_chance(rng, hours, mean_s, silences):
    """Times at which a vessel is heard, with silences of an hour and more among them."""
    at_s = np.cumsum(rng.exponential(mean_s, int(hours * HOUR / mean_s)) + 1)
    for begin in rng.uniform(0, hours * HOUR, silences):
        at_s = at_s[(at_s < begin) | (at_s > begin + rng.uniform(1, 2) * HOUR)]
    return at_s[at_s < hours * HOUR]


def neighbours(seed):
    """How well two of one number are told apart: 10 to 30 nm, which each can sail unheard."""
    rng = np.random.default_rng(seed)
    lies = by_chance(rng, 24, rng.uniform(60, 500), 3)
    other = by_chance(rng, 24, rng.uniform(60, 500), 3)
    one = sail(lies, speed=0.1)
    two = sail(
        other, lat=3.0 + rng.uniform(10, 30) * NM_DEG, course=45, speed=rng.choice([0.0, 9.0])
    )
    reports, part = together(one, two)
    return rand_index(part, over(reports, 24).hull)


def test_neighbours_of_one_number_stay_apart_through_silences():
    """One lies, one sails or lies, each now and then silent for an hour or two."""
    found = [neighbours(seed) for seed in range(20)]
    assert np.mean(found) >= 0.98
    assert min(found) >= 0.9


@pytest.mark.parametrize("hours", [1, 3, 5, 9])
@pytest.mark.parametrize("away_nm", [5, 40])
def test_what_leaps_away_and_back_is_another_hull_whatever_it_lasts(hours, away_nm):
    """In so many hours it may as well have sailed there, but for the minute of the leap."""
    at_s = np.arange(0, 24 * HOUR, 120)
    way = sail(at_s, speed=10)
    off = (at_s >= 7 * HOUR) & (at_s < (7 + hours) * HOUR)
    way.lat[off] += away_nm * NM_DEG
    got = over(way, 24)
    assert set(got.hull[off].tolist()) == {2}
    assert set(got.hull[~off].tolist()) == {1}
    assert Verdict.FALSE_FIX not in got.verdict


def test_a_ferry_heard_seldom_is_back_at_its_berth():
    legs, t = [], 0
    for _ in range(6):
        legs.append(sail(t + np.array([0, 900, 1_800]), speed=0.0))
        out = t + 2_400 + np.arange(0, 1_801, 600)
        legs.append(replace(sail(out - out[0] + 600, speed=11), time_us=T0_US + out * S))
        t += 8_000
    reports, _ = together(*legs)
    assert set(judge(reports).verdict) == {Verdict.SOUND}


@pytest.mark.parametrize("hours", [0.75, 1.5, 4])
@pytest.mark.parametrize("every_s", [20, 180])
def test_a_position_held_under_way_is_none_of_the_track(hours, every_s):
    at_s = np.arange(0, 18 * HOUR, every_s)
    way = sail(at_s, speed=12)
    held = (at_s >= 7 * HOUR) & (at_s < (7 + hours) * HOUR)
    first = np.flatnonzero(held)[0]
    way.lat[held], way.lon[held] = way.lat[first], way.lon[first]
    got = over(way, 18)
    assert set(got.hull[~held].tolist()) == {1}
    assert np.mean(got.hull[held] == 2) > 0.9


def test_who_came_to_rest_isnt_held_there():
    """Off a berth where it says that it lies, a false place of hours is the other hull."""
    came = sail(np.arange(0, 5 * HOUR, 60), speed=8)
    at_s = np.arange(5 * HOUR, 18 * HOUR, 300)
    berth = sail(at_s, lat=came.lat[-1], lon=came.lon[-1], speed=0.0)
    false = (at_s >= 8.7 * HOUR) & (at_s < 15.1 * HOUR)
    berth.lat[false] += 0.6
    reports, part = together(came, replace(berth, sog=np.full(len(at_s), 0.1)))
    got = over(reports, 18)
    away = (part == 1) & (reports.lat > came.lat[-1] + 0.3)
    assert set(got.hull[~away].tolist()) == {1}
    assert set(got.hull[away].tolist()) == {2}


@settings(max_examples=10, deadline=None)
@given(late_min=st.floats(16, 120), begin_h=st.floats(3, 6), minutes=st.floats(8, 25))
def test_a_pass_dated_when_it_was_delivered_is_a_clock_fault(late_min, begin_h, minutes):
    """It leaves a hole in the track, over a turn, and comes amid what is dated right."""
    at_s = np.arange(0, 12 * HOUR, 60)
    one = sail(at_s[at_s < 5 * HOUR], speed=14)
    end = sail([5 * HOUR], speed=14, scatter_m=0)
    rest = at_s[at_s >= 5 * HOUR]
    two = sail(rest - 5 * HOUR, lat=end.lat[0], lon=end.lon[0], course=20, speed=14)
    way, _ = together(one, replace(two, time_us=T0_US + rest * S))
    late = (at_s >= begin_h * HOUR) & (at_s < begin_h * HOUR + minutes * 60)
    dated = way.time_us + np.where(late, int(late_min * 60) * S + 7, 0)
    reports, part = together(replace(way, time_us=dated).take(late), way.take(~late))
    got = over(reports, 12)
    assert Verdict.OTHER_HULL not in got.verdict
    assert np.mean(got.verdict[part == 0] == Verdict.CLOCK_FAULT) > 0.9
    assert np.mean(got.verdict[part == 1] == Verdict.SOUND) > 0.98
    assert np.nanmedian(got.shift_s) == pytest.approx(late_min * 60, abs=180)


@pytest.mark.parametrize("seed", [2, 4, 15, 22, 39])
def test_a_vessel_sails_on_past_its_reports_that_are_dated_minutes_wrong(seed):
    """A mile astern or ahead of it they are nearby, and its run goes on from before them."""
    rng = np.random.default_rng(seed)
    at_s = np.arange(0, 6 * HOUR, 60)
    way = sail(at_s[rng.random(len(at_s)) > 0.3], speed=12, seed=seed)
    wrong = rng.random(len(way)) < 0.1
    by_s = rng.choice([-1, 1], len(way)) * rng.uniform(110, 400, len(way))
    dated = way.time_us + np.where(wrong, (by_s * S).astype("int64"), 0)
    reports, part = together(replace(way, time_us=dated).take(wrong), way.take(~wrong))
    got = judge(reports)
    assert Verdict.OTHER_HULL not in got.verdict
    assert np.mean(got.verdict[part == 1] == Verdict.SOUND) > 0.95


def test_late_reports_of_what_lay_still_and_left_are_no_second_hull():
    berth = sail(np.arange(0, 4 * HOUR, 120), speed=0.0)
    left = sail(4 * HOUR + np.arange(0, 4 * HOUR, 60), speed=12)
    left = replace(sail(np.arange(0, 4 * HOUR, 60), speed=12), time_us=left.time_us)
    late = sail(3 * HOUR + 70 * 60 + np.arange(0, HOUR, 300), speed=0.0, seed=3)
    reports, part = together(berth, left, late)
    got = judge(reports)
    away = (part == 2) & (reports.time_us > T0_US + (4 * HOUR + 600) * S)
    assert set(got.verdict[away].tolist()) == {Verdict.CLOCK_FAULT}


def test_a_second_boat_that_lies_still_may_repeat_itself():
    """Moored, it says the same again to the last digit; what comes between is another's."""
    one = sail(np.arange(0, 6 * HOUR, 170), speed=8, mmsi=9_912_345)
    two = sail(np.arange(30, 6 * HOUR, 180), lat=3.5, speed=0.0, scatter_m=0.0, mmsi=9_912_345)
    reports, part = together(one, two)
    assert np.mean(judge(reports).hull[part == 1] == 2) > 0.98


def test_a_set_that_always_says_nought_knots_states_no_speed():
    way = sail(np.arange(0, 12 * HOUR, 240), speed=20)
    assert set(judge(replace(way, sog=np.zeros(len(way)))).verdict) == {Verdict.SOUND}


def test_real_tracks_put_under_one_number_are_told_apart(shared):
    """A fishing vessel of the South Atlantic, and the same a week later 16 nm off."""
    files = sorted((shared / "feeds" / "gfw_shared_number").glob("*seg1.csv.gz"))
    if not files:
        pytest.skip("not among the shared feeds")
    names = {"ssvid": "mmsi", "speed_knots": "sog", "course": "cog"}
    table = pd.read_csv(files[0]).rename(columns=names)
    table["time"] = pd.to_datetime(table["timestamp"], utc=True)
    table = table.drop_duplicates("time")
    week = pd.Timedelta(days=7)
    start = table["time"].min().ceil("D") + pd.Timedelta(days=20)
    parts = []
    for shift, east in ((week * 0, 0.0), (week, 0.33)):
        own = table[table["time"].between(start + shift, start + shift + pd.Timedelta(days=2))]
        parts.append(own.assign(time=own["time"] - shift, lon=own["lon"] + east, seg=east))
    both = pd.concat(parts).sort_values("time", ignore_index=True)
    got = judged(both)
    told = got.verdict != Verdict.COPY
    assert len(both) > 500
    assert rand_index(both["seg"][told].to_numpy(), got.hull[told]) >= 0.98


def test_a_receiver_with_another_clock_takes_over():
    """From then on the vessel is two miles ahead, on its course."""
    way = sail(np.arange(0, 8 * HOUR, 60), speed=18)
    late = way.time_us < T0_US + 4 * HOUR * S
    ahead = sail(np.arange(0, 8 * HOUR, 60) + 400, speed=18)
    lat, lon = np.where(late, way.lat, ahead.lat), np.where(late, way.lon, ahead.lon)
    assert set(judge(replace(way, lat=lat, lon=lon)).verdict) == {Verdict.SOUND}


@pytest.mark.parametrize("late_s", [250, 410, 690, 880])
@pytest.mark.parametrize("speed", [7, 14])
def test_a_clock_that_is_put_right_makes_no_second_hull(late_s, speed):
    """For as long as it was late, reports of before and after are dated alike."""
    way = sail(np.arange(0, 8 * HOUR, 60), speed=speed)
    late = way.time_us < T0_US + 4 * HOUR * S
    wrong = replace(way, time_us=way.time_us + late_s * S)
    reports, part = together(wrong.take(late), way.take(~late))
    got = judge(reports)
    after = (part == 0) & (reports.time_us >= T0_US + 4 * HOUR * S)
    assert set(got.verdict[~after]) == {Verdict.SOUND}
    assert np.mean(got.verdict[after] == Verdict.CLOCK_FAULT) > 0.8
    assert Verdict.OTHER_HULL not in got.verdict
    assert np.nanmedian(got.shift_s[after]) == pytest.approx(late_s, abs=15)


@pytest.mark.parametrize("behind_nm", [0.7, 2.0])
def test_a_second_ship_on_the_same_way_is_one_however_near(behind_nm):
    """Both are heard for longer than clocks differ: what overlaps for hours isn't put right."""
    at_s = np.arange(0, 8 * HOUR, 60)
    first = sail(at_s[: 5 * 60], speed=12)
    second = sail(at_s[3 * 60 :] + 20, speed=11, lat=first.lat[3 * 60] - behind_nm * NM_DEG)
    reports, part = together(first, second)
    assert rand_index(part, judge(reports).hull) >= 0.9


def test_nothing_and_one_report_make_no_run():
    assert len(judge(sail([])).verdict) == 0
    assert isinstance(sail([0]), Reports)


@pytest.mark.parametrize("ahead_nm", [-9, 8])
def test_a_ship_displaced_along_its_course_is_no_clock(ahead_nm):
    """What is dated wrongly leaves a hole at one end; this takes up a silence from end to end."""
    at_s = np.arange(0, 10 * HOUR, 60)
    way = sail(at_s, speed=11)
    false = (at_s >= 4 * HOUR) & (at_s < 7 * HOUR)
    begin = destination(3.0, 100.5, 315.0, ahead_nm * 1_852.0)
    other = sail(at_s, *(float(one) for one in begin), speed=11, seed=2)
    reports, part = together(way.take(~false), other.take(false))
    got = judge(reports)
    assert set(got.verdict[part == 0]) == {Verdict.SOUND}
    assert np.mean(got.verdict[part == 1] == Verdict.OTHER_HULL) > 0.95


def misdated(way, seed, n, most_s=700):
    """Some reports on a way, as they are dated minutes too early or too late, and all others."""
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.choice(np.arange(20, len(way) - 20), n, replace=False))
    off_s = rng.uniform(70, most_s, n) * rng.choice([-1, 1], n)
    some = way.take(rows)
    rest = way.take(np.setdiff1d(np.arange(len(way)), rows))
    return replace(some, time_us=some.time_us + (off_s * S).astype(int)), rest


@pytest.mark.parametrize("seed", range(6))
def test_what_a_further_hull_misdates_is_no_third(seed):
    """Only the first hull's way was looked at: of 300 such ships 91 were three."""
    at_s = np.arange(0, 12 * HOUR, 45)
    way = sail(at_s, speed=15)
    false = (at_s >= 3 * HOUR) & (at_s < 8 * HOUR)
    begin = destination(3.0, 100.5, 20.0 + 40.0 * seed, 9 * 1_852.0)
    late, other = misdated(
        sail(at_s, *(float(one) for one in begin), speed=15, seed=2).take(false), seed, 10
    )
    reports, part = together(way.take(~false), other, late)
    got = judge(reports)
    assert set(got.hull) <= {0, 1, 2}
    assert set(got.hull[part == 0]) == {1}
    assert set(got.hull[part == 1]) == {2}
    assert np.mean(got.verdict[part == 2] == Verdict.CLOCK_FAULT) > 0.8


@pytest.mark.parametrize("behind_s", [1_200, 2_400, 4_200])
def test_a_ferry_that_follows_another_by_the_timetable_is_a_hull(behind_s):
    """It lies on the other's way at another time, as what a clock misdates does: all of it was set
    aside, so that of three boats of one number two were told.
    """
    at_s = np.arange(0, 6 * HOUR, 60)
    far = sail(np.arange(0, 6 * HOUR, 20), lat=3.5, course=45.0, speed=11)
    one = sail(at_s, speed=14, seed=2)
    two = sail(at_s[:200], speed=14, seed=3)
    two = replace(two, time_us=two.time_us + behind_s * S)
    reports, part = together(far, one, two)
    got = judge(reports)
    assert [set(got.hull[part == k].tolist()) for k in range(3)] == [{1}, {2}, {3}]


def runs_of(reports, usual):
    """Return the run of each report."""
    here, there = slice(None, -1), slice(1, None)
    lat, lon = reports.lat, reports.lon
    step_m = np.r_[0.0, distance_m(lat[here], lon[here], lat[there], lon[there])]
    rows = Rows(reports.time_us, lat, lon, reports.sog, reports.cog)
    return runs(rows, step_m, np.ones(len(reports), bool), usual)[0]


def test_a_run_goes_on_past_a_misdated_report_further_off():
    """For minutes it lies where a vessel can have come from, too."""
    at_s = np.arange(0, 6 * HOUR, 60)
    way = sail(at_s, speed=13)
    wrong = at_s == 3 * HOUR
    early = replace(way, time_us=way.time_us - 290 * S)
    reports, part = together(early.take(wrong), way.take(~wrong))
    assert len(set(runs_of(reports, 13.0)[part == 1])) == 1


@pytest.mark.parametrize(("seed", "n"), [(11, 10), (113, 14)])
def test_a_run_goes_on_past_what_was_misdated_long_ago(seed, n):
    """Where the report before is misdated too, one of an hour ago was as near as the run itself."""
    way = sail(np.arange(0, 6 * HOUR, 45), speed=19, seed=seed)
    late, rest = misdated(way, seed, n)
    reports, part = together(rest, late)
    assert len(set(runs_of(reports, 19.0)[part == 0])) == 1


def test_real_boats_heard_seldom_take_over_no_run_of_one_another(shared):
    """Both may have gone to where one is heard next: who was heard lately is no likelier."""
    files = sorted((shared / "feeds" / "baltic_2018").glob("*.csv"))
    if not files:
        pytest.skip("not among the shared feeds")
    table = pd.read_csv(files[0], sep=";").rename(columns={"long": "lon"})
    boats = [211330370, 211719910, 218601000, 209808000, 211245200]
    table = table[table["mmsi"].isin(boats)].drop_duplicates(["mmsi", "timestamp"])
    table = table.assign(time=pd.to_datetime(table["timestamp"], unit="ms", utc=True))
    both = table.sort_values(["time", "mmsi"], ignore_index=True)
    got = judged(both.assign(mmsi=235000001))
    assert rand_index(both["mmsi"].to_numpy(), got.hull) >= 0.9


def test_what_one_clock_misdates_now_and_then_takes_over_no_run():
    """Such reports lie on one way; half an hour after one the ship is where that may lead, too."""
    at_s = np.arange(0, 6 * HOUR, 36)
    way = sail(at_s, speed=14)
    heard = (at_s < 9_600) | (at_s > 10_060) & (at_s < 10_550) | (at_s >= 3 * HOUR)
    late = [
        replace(sent, time_us=sent.time_us + lag_s * S)
        for sent, lag_s in (
            (way.take(at_s == 36 * 245), 318),
            (way.take(at_s == 36 * 289), 333),
        )
    ]
    reports, part = together(way.take(heard), *late)
    assert len(set(runs_of(reports, 14.0)[part == 0])) == 1


def test_a_stay_at_the_berth_that_a_clock_misdates_is_misdated():
    """Where the vessel isn't heard at its berth, what says that it lies there later is no place."""
    at_s = np.arange(0, 3 * HOUR, 60)
    there = sail(at_s, speed=12)
    stay_s = np.arange(3 * HOUR, 3.6 * HOUR, 180)
    berth = sail(stay_s, float(there.lat[-1]), float(there.lon[-1]), speed=0.0, seed=3)
    back_s = np.arange(0, 3 * HOUR, 60)
    back = sail(back_s, float(there.lat[-1]), float(there.lon[-1]), 135.0, 12, seed=4)
    back = replace(back, time_us=back.time_us + int(3.6 * HOUR * S))
    late = [replace(one, time_us=one.time_us + 1_000 * S) for one in (there, berth, back)]
    few = slice(120, None), slice(None), slice(0, 40)
    copies = [one.take(some) for one, some in zip(late, few, strict=True)]
    reports, _ = together(there, back, *copies)
    got = judge(reports)
    assert Verdict.FALSE_FIX not in got.verdict
    assert Verdict.OTHER_HULL not in got.verdict


def test_who_lies_beside_a_ship_wasnt_away_by_a_report_of_its_way_there():
    come = sail(np.arange(0, 1_800, 90), speed=20)
    end = float(come.lat[-1]), float(come.lon[-1])
    lies = sail(np.arange(1_720, 2_900, 180), *end, speed=0.3, seed=2)
    stray = come.take(slice(-2, -1))
    stray = replace(stray, time_us=lies.time_us[2:3] + 120 * S)
    reports, part = together(come, lies, stray)
    got = judge(reports)
    assert set(got.verdict[part == 2]) == {Verdict.CLOCK_FAULT}
    assert set(got.verdict[part < 2]) == {Verdict.SOUND}
