"""What each report is worth, in made-up cases whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest

from detectors.kinematics.integrity import Reports, Verdict
from detectors.kinematics.integrity.repeats import MAX_AGAIN
from tests.detectors.kinematics.integrity.conftest import judge

NM_DEG = 1 / 60


def verdicts(judged):
    return [Verdict(v).name.lower() for v in judged.verdict]


def test_a_fix_off_an_anchorage_after_a_silence_is_false_and_the_anchorage_isnt(tracks):
    """5 nm off after 43 min; the ship lies on for hours: once hull 3, false for 9.6 h."""
    sail, together = tracks
    before = sail(np.arange(0, 7_200, 180), speed=0.1)
    silent = 7_200 + 43 * 60
    off = sail([silent], lat=3.0 + 5 * NM_DEG, speed=0.1)
    after = sail(np.arange(silent + 180, silent + 9 * 3_600, 180), speed=0.1)
    reports, part = together(before, off, after)
    got = judge(reports)
    assert (got.verdict[part == 1] == Verdict.FALSE_FIX).all()
    assert (got.verdict[part != 1] == Verdict.SOUND).all()
    assert set(got.hull[part != 1]) == {1}


@pytest.mark.parametrize("n", [1, 2])
def test_one_or_two_fixes_from_which_a_track_returns_are_false(tracks, n):
    sail, together = tracks
    way = sail(np.arange(0, 7_200, 60), speed=12)
    off = sail(3_610 + 60 * np.arange(n), lat=3.6, speed=12)
    reports, part = together(way, off)
    got = judge(reports)
    assert (got.verdict[part == 1] == Verdict.FALSE_FIX).all()
    assert (got.verdict[part == 0] == Verdict.SOUND).all()


def test_a_vessel_that_went_there_and_stays_is_sound(tracks):
    sail, together = tracks
    here = sail(np.arange(0, 3_600, 180), speed=0.0)
    there = sail(3_600 + 3_600 + np.arange(0, 7_200, 180), lat=3.0 + 10 * NM_DEG, speed=0.0)
    reports, _ = together(here, there)
    assert set(verdicts(judge(reports))) == {"sound"}


@pytest.mark.parametrize("late_s", [900, 3_600, 7_000])
def test_a_copy_of_a_track_shifted_in_time_is_a_clock_fault(tracks, late_s):
    sail, together = tracks
    at_s = np.arange(0, 5 * 3_600, 60)
    way = sail(at_s, speed=12)
    some = at_s[np.arange(len(at_s)) % 3 == 0]
    copy = sail(some, speed=12, seed=2)
    copy = copy.take(slice(None)).__class__(
        **{**vars(copy), "time_us": copy.time_us + late_s * 10**6 + 7}
    )
    reports, part = together(way, copy)
    got = judge(reports)
    # What comes after the track's end can't be told from the vessel itself.
    within = reports.time_us <= way.time_us[-1]
    late = (part == 1) & within
    assert np.mean(got.verdict[late] == Verdict.CLOCK_FAULT) > 0.95
    assert Verdict.OTHER_HULL not in got.verdict
    assert np.median(got.shift_s[late]) == pytest.approx(late_s, abs=60)
    assert np.mean(got.verdict[part == 0] == Verdict.SOUND) > 0.98


def test_the_same_report_again_with_a_later_time_is_a_clock_fault(tracks):
    sail, together = tracks
    way = sail(np.arange(0, 7_200, 60), speed=12)
    again = way.take(np.array([20]))
    again = again.__class__(**{**vars(again), "time_us": again.time_us + 1_830 * 10**6})
    reports, part = together(way, again)
    got = judge(reports)
    assert verdicts(got).count("clock_fault") == 1
    assert got.shift_s[part == 1] == pytest.approx(1_830)


def test_a_slow_boats_track_that_comes_once_more_is_a_clock_fault(tracks):
    """Hours later, some of it: what comes once more doesn't say that she is still there."""
    sail, together = tracks
    way = sail(np.arange(0, 6 * 3_600, 180), speed=1.5, scatter_m=3.0)
    again = way.take(np.arange(5, 70, 2))
    again = replace(again, time_us=again.time_us + 4_420 * 10**6)
    reports, part = together(way, again)
    got = judge(reports)
    assert (got.verdict[part == 1] == Verdict.CLOCK_FAULT).all()
    assert got.shift_s[part == 1] == pytest.approx(4_420)
    assert (got.verdict[part == 0] == Verdict.SOUND).all()


def test_a_feed_that_is_read_again_when_it_has_grown_gives_the_same(tracks):
    """A boat at its nets, some reports of which come once more: all of them twice."""
    sail, together = tracks
    way = sail(np.arange(0, 2 * 3_600, 90), speed=2.5, scatter_m=3.0)
    again = way.take(np.array([30, 33, 34]))
    again = replace(again, time_us=again.time_us + 453 * 10**6)
    once, part = together(way, again)
    got = judge(once)
    assert (got.verdict[part == 1] == Verdict.CLOCK_FAULT).all()
    twice, part = together(way, again, way, again)
    kept = judge(twice)
    assert (kept.verdict[part >= 2] == Verdict.COPY).all()
    assert (kept.verdict[part < 2] == got.verdict).all()


@pytest.mark.parametrize("n", [1, 2])
def test_a_fix_after_a_silence_is_false_though_misdated_reports_lie_on_the_way_to_what_follows(
    tracks, n
):
    sail, together = tracks
    way = sail(np.r_[np.arange(0, 6_000, 36), np.arange(7_500 + 36 * n, 14_400, 36)], speed=15)
    misdated = sail([3_000, 4_500, 5_900], speed=15, seed=2)
    misdated = replace(misdated, time_us=misdated.time_us + np.array([90, 330, -85]) * 10**6)
    off = sail(7_500 + 36 * np.arange(n), lat=3.0 + 2.8 * NM_DEG, speed=15, seed=3)
    reports, part = together(way, misdated, off)
    got = judge(reports)
    assert (got.verdict[part == 0] == Verdict.SOUND).all()
    assert (got.verdict[part == 2] == Verdict.FALSE_FIX).all()


def test_a_position_displaced_since_a_silence_is_no_false_fix(tracks):
    """What stays displaced for longer is told: the vessel, or another, is there."""
    sail, together = tracks
    way = sail(np.r_[np.arange(0, 6_000, 36), np.arange(9_000, 14_400, 36)], speed=15)
    off = sail(np.arange(7_500, 8_900, 36), lat=3.0 + 6 * NM_DEG, speed=15, seed=3)
    reports, part = together(way, off)
    got = judge(reports)
    assert not np.isin(got.verdict[part == 1], [Verdict.FALSE_FIX, Verdict.CLOCK_FAULT]).any()


def test_copies_within_seconds(tracks):
    sail, together = tracks
    way = sail(np.arange(0, 3_600, 60), speed=12)
    copy = way.__class__(**{**vars(way), "time_us": way.time_us + 3 * 10**6})
    reports, part = together(way, copy)
    assert (judge(reports).verdict == np.where(part == 1, Verdict.COPY, Verdict.SOUND)).all()


@pytest.mark.parametrize(
    ("knots", "late_s", "is_copy"), [(12, 20, True), (12, 2, False), (1, 20, False)]
)
def test_what_a_second_provider_rounds_and_dates_later_is_a_copy(tracks, knots, late_s, is_copy):
    """Each report once more, to four decimals; who hardly moves may be there still."""
    sail, together = tracks
    way = sail(np.arange(0, 3_600, 60), speed=knots)
    again = replace(
        way,
        time_us=way.time_us + late_s * 10**6,
        lat=way.lat.round(4),
        lon=way.lon.round(4),
    )
    reports, part = together(way, again)
    got = judge(reports)
    assert set(got.verdict[part == 0]) == {Verdict.SOUND}
    # Of the first report nothing says where the vessel came from.
    copies = np.flatnonzero(part == 1)[1:]
    assert set(got.verdict[copies]) == {Verdict.COPY if is_copy else Verdict.SOUND}


@pytest.mark.parametrize(
    ("to_knots", "to_deg", "is_copy"),
    [
        (np.round, np.round, True),
        (np.floor, np.floor, True),
        (np.round, lambda deg: deg, False),
        (lambda kn: np.round(kn) + 2, np.round, False),
    ],
    ids=["rounded", "cut", "degrees as they were", "two knots more"],
)
def test_what_a_second_provider_has_in_whole_knots_and_minutes_is_a_copy(
    tracks, to_knots, to_deg, is_copy
):
    """The one that is dated first stays, and the vessel doesn't stand still for half a minute."""
    sail, together = tracks
    way = sail(np.arange(35, 3_600, 60), speed=12.4, course=101.4)
    way = replace(way, sog=way.sog.round(1) + 0.1, cog=way.cog.round(1) + 0.1)
    again = replace(
        way,
        time_us=way.time_us // 60_000_000 * 60_000_000,
        lat=way.lat.round(4),
        lon=way.lon.round(4),
        sog=to_knots(way.sog),
        cog=to_deg(way.cog) % 360,
    )
    reports, part = together(way, again)
    later = np.flatnonzero(part == 0)[1:]
    told = np.mean(judge(reports).verdict[later] == Verdict.COPY)
    assert told > 0.95 if is_copy else told < 0.2


@pytest.mark.parametrize(("n", "is_copy"), [(MAX_AGAIN - 2, True), (MAX_AGAIN - 1, False)])
def test_a_copy_is_looked_for_among_so_many_reports(tracks, n, is_copy):
    """Who sends any number of reports in a minute costs no more for each."""
    sail, together = tracks
    way = sail(np.arange(0, 3_600, 60), speed=12)
    copy = way.take(np.array([30]))
    copy = replace(copy, time_us=copy.time_us + 20 * 10**6, lat=copy.lat.round(4))
    crowd = sail(30 * 60 + np.linspace(1, 19, n), lat=3.5, speed=1)
    reports, part = together(way, copy, crowd)
    assert (judge(reports).verdict[part == 1] == Verdict.COPY).all() == is_copy


def test_a_fix_that_froze_under_way_stays(tracks):
    """Its position, speed and course come on for an hour: a minute of it looks like copies."""
    sail, together = tracks
    way = sail(np.arange(0, 3_600, 10), speed=12)
    stuck = way.take(np.full(360, 359))
    stuck = replace(stuck, time_us=way.time_us[-1] + np.arange(10, 3_610, 10) * 10**6)
    got = judge(together(way, stuck)[0])
    assert (got.verdict == Verdict.COPY).sum() == 5


def test_reports_whose_times_are_coarse_are_of_one_hull(tracks):
    sail, together = tracks
    way = sail(np.arange(0, 3_600, 5), speed=12)
    coarse = way.__class__(**{**vars(way), "time_us": way.time_us // 10_000_000 * 10_000_000})
    reports, _ = together(coarse)
    got = judge(reports)
    assert set(verdicts(got)) == {"sound", "copy"}
    assert np.mean(got.verdict == Verdict.SOUND) == 0.5


@pytest.mark.parametrize("apart_nm", [2, 10, 60])
def test_two_hulls_that_take_turns_are_two(tracks, apart_nm):
    sail, together = tracks
    one = sail(np.arange(0, 6 * 3_600, 60), speed=10)
    two = sail(np.arange(30, 6 * 3_600, 90), lat=3.0 + apart_nm * NM_DEG, course=135, speed=8)
    reports, part = together(one, two)
    got = judge(reports)
    assert set(got.hull[part == 0]) == {1}
    assert np.mean(got.hull[part == 1] == 2) > 0.98
    assert np.mean(got.verdict[part == 1] == Verdict.OTHER_HULL) > 0.98


def test_vessels_that_claim_one_place_are_interfered_with(tracks):
    sail, together = tracks
    parts = []
    for n in range(4):
        mmsi = 533000001 + n
        parts += [
            sail(np.arange(0, 3_600, 60), lat=3 + n, speed=10, mmsi=mmsi),
            sail([1_815, 1_875], lat=1.4, lon=103.9, speed=10, mmsi=mmsi),
        ]
    reports, part = together(*parts)
    got = judge(reports)
    assert (got.verdict[part % 2 == 1] == Verdict.INTERFERENCE).all()
    assert (got.verdict[part % 2 == 0] == Verdict.SOUND).all()


def test_of_boats_adrift_in_interference_all_that_fits_nowhere_is_set_aside(tracks):
    """By itself each scattered fix is a way that the boat can have gone."""
    sail, together = tracks
    scatter = np.random.default_rng(3)
    boats = []
    for n in range(5):
        t = np.arange(0, 7_200, 180) + n
        boat = sail(t, lat=1.30 + 0.0005 * n, lon=103.90, speed=1.6, mmsi=533000001 + n)
        jammed = (t > 3_700) & (t < 6_000)
        off = np.where(jammed, 0.02, 0.0) * scatter.standard_normal((2, len(t)))
        stated = np.where(jammed, scatter.uniform(2, 25, len(t)), boat.sog)
        course = np.where(jammed, scatter.uniform(0, 360, len(t)), boat.cog)
        boats.append(
            Reports(boat.mmsi, boat.time_us, boat.lat + off[0], boat.lon + off[1], stated, course)
        )
    reports, _ = together(*boats)
    got = judge(reports)
    t = (reports.time_us - reports.time_us.min()) / 1e6
    jammed = (t > 3_710) & (t < 6_000)
    assert (got.verdict[~jammed] == Verdict.SOUND).mean() > 0.95
    assert (got.verdict[jammed] == Verdict.INTERFERENCE).mean() > 0.8
    assert (got.hull[got.verdict == Verdict.INTERFERENCE] == 0).all()


@pytest.mark.parametrize("misdated", [0, 30])
def test_a_frozen_position_is_no_copy_of_the_track(tracks, misdated):
    """Nor if its chain goes on with what is misdated, and is a clock's for the rest."""
    sail, together = tracks
    way = sail(np.arange(0, 18_000, 60), lat=2.0, speed=12)
    before, on = way.take(slice(0, 60)), way.take(slice(120, 300))
    held = sail(np.arange(3_600, 7_200, 60), lat=before.lat[-1], lon=before.lon[-1], speed=12.0)
    held.lat[:], held.lon[:] = before.lat[-1], before.lon[-1]
    held.sog[:] += np.arange(len(held)) % 5 / 10
    late = way.take(slice(180, 180 + misdated))
    late.time_us[:] += 15 * 60 * 1_000_000
    reports, part = together(before, held, on, late)
    verdicts = judge(reports).verdict
    assert (verdicts[part == 1] == Verdict.CLOCK_FAULT).sum() == 0


@pytest.mark.parametrize("mmsi", [111111111, 111222333, 111493663, 99123456])
def test_made_up_numbers_that_begin_as_a_stations_are_vessels(tracks, mmsi):
    sail, _ = tracks
    assert "not_a_vessel" not in verdicts(judge(sail([0, 60], mmsi=mmsi)))


@pytest.mark.parametrize("mmsi", [111232506, 992351000, 970012345, 5030148])
def test_numbers_that_are_no_vessels(tracks, mmsi):
    sail, _ = tracks
    assert set(verdicts(judge(sail([0, 60], mmsi=mmsi)))) == {"not_a_vessel"}


@pytest.mark.parametrize("mmsi", [111232506, 992351000, 970012345, 5030148])
def test_a_vessel_with_a_number_that_is_no_vessels_is_one_while_it_makes_way(tracks, mmsi):
    sail, together = tracks
    boat = sail(np.arange(0, 7_200, 120), mmsi=mmsi, speed=12)
    assert set(verdicts(judge(boat))) == {"sound"}
    assert set(verdicts(judge(boat.take(np.arange(0, 60, 14))))) == {"sound"}
    drifts = sail(np.arange(0, 21_600, 120), mmsi=mmsi, speed=4)
    flies = sail(np.arange(0, 7_200, 120), mmsi=mmsi, speed=110)
    astray = sail(np.arange(0, 21_600, 120), mmsi=mmsi, speed=0, scatter_m=30)
    astray.lat[50:52] += 0.1
    hovers, _ = together(flies.take(slice(0, 20)), boat.take(slice(20, 60)))
    in_turns = sail(np.arange(0, 21_600, 120), mmsi=mmsi, speed=1)
    in_turns.lat[(np.arange(180) % 7 % 2).astype(bool)] += 0.01
    for other in (drifts, flies, astray, hovers, in_turns):
        assert set(verdicts(judge(other))) == {"not_a_vessel"}


def test_nothing_in_nothing_out(tracks):
    sail, _ = tracks
    assert len(judge(sail([])).verdict) == 0
    assert verdicts(judge(sail([0]))) == ["sound"]


def test_speeds_not_stated_are_the_vessels_own(tracks):
    sail, together = tracks
    way = sail(np.arange(0, 7_200, 60), speed=8)
    off = sail([3_630], lat=3.0 + 6 * NM_DEG, speed=8)
    reports, part = together(way, off)
    reports = reports.__class__(**{**vars(reports), "sog": np.full(len(reports), np.nan)})
    got = judge(reports)
    assert (got.verdict == np.where(part == 1, Verdict.FALSE_FIX, Verdict.SOUND)).all()


def test_who_follows_on_the_same_way_and_falls_back_is_another_hull(tracks):
    sail, together = tracks
    at_s = np.arange(0, 6 * 3_600, 60)
    behind = sail(at_s[:-20] + 20, lat=2.9, lon=100.60014, speed=11.8, seed=2)
    reports, part = together(sail(at_s, speed=12), behind)
    got = judge(reports)
    assert np.mean(got.verdict[part == 0] == Verdict.SOUND) > 0.95
    assert np.mean(got.verdict[part == 1] == Verdict.OTHER_HULL) > 0.95
