"""Identity: numbers that change hulls and hulls that change numbers, through the segmentation and
in any windows."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from detectors.core import frames
from detectors.core.explain import explain
from detectors.identity import Identity
from detectors.identity.one_hull import MOSTLY, Moving, as_one
from detectors.identity.story import VesselReports
from detectors.identity.two_hulls import is_of_one_way
from detectors.kinematics import geodesy, hand_over, integrity
from tests.detectors.scenes import Stage
from tests.detectors.tables import make_positions, make_zones

T0 = pd.Timestamp("2026-03-01T00:00Z")
HOURS = 16
OLD, NEW, OTHER = 533000401, 563000777, 477000123
KNOT = geodesy.KNOT_MPS
SLOW = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def way(time_s, speed_kn=12.0, lat0=3.0, turn_at_s=0.0, turn_deg=0.0):
    """Positions of a ship that sails east, turning once at a time."""
    before_m = speed_kn * KNOT * np.minimum(time_s, turn_at_s if turn_deg else np.inf)
    after_m = speed_kn * KNOT * np.asarray(time_s, "float64") - before_m
    lat, lon = geodesy.destination(lat0, 95.0, 90.0, before_m)
    return geodesy.destination(lat, lon, 90.0 + turn_deg, after_m)


def heard(rng, every_s: float, begin_s: float, end_s: float):
    """Times of reports, a tenth of which is lost."""
    time_s = np.arange(begin_s, end_s, every_s) + rng.uniform(0, every_s / 3)
    return time_s[(rng.uniform(size=len(time_s)) > 0.1) & (time_s < end_s)]


def reports(mmsi: int, time_s, lat, lon, rng, speed_kn=12.0, course_deg=90.0) -> pd.DataFrame:
    """Reports of one vessel as ingested, with 5 m of noise."""
    lat, lon = (v + rng.normal(0, 5 / 111_195, len(v)) for v in (lat, lon))
    table = {
        "mmsi": mmsi,
        "time": (T0 + pd.to_timedelta(time_s.round(3), unit="s")).astype(frames.TIME),
        "lat": np.round(lat * 6e5) / 6e5,
        "lon": np.round(lon * 6e5) / 6e5,
        "sog_kn": speed_kn,
        "cog_deg": course_deg,
        "heading_deg": np.nan,
        "nav_status": 0,
        "msg_type": 1,
        "ais_class": "A",
        "source": "feed",
        "source_offset": np.arange(len(time_s)),
    }
    return pd.DataFrame(table)


def staged(*parts: pd.DataFrame):
    whole = frames.conform(pd.concat(parts, ignore_index=True), frames.POSITIONS)
    found = integrity.segment(whole)
    end = T0 + pd.Timedelta(hours=HOURS)
    return Stage(found.tracked, make_zones([]), T0, end)


hand_overs = st.fixed_dictionaries(
    {
        "every_s": st.sampled_from([2.0, 10.0, 60.0, 180.0]),
        "pause_s": st.sampled_from([-60.0, 0.0, 30.0, 300.0, 900.0, 1400.0, 3600.0, 6000.0]),
        "speed_kn": st.floats(5, 30) | st.floats(0, 2),
        "turn_deg": st.floats(-35, 35),
        "begin_h": st.floats(3, 12),
        "seed": st.integers(0, 99),
    }
)


def handed_over(one):
    """A ship that goes on, or drifts on, under another number."""
    rng = np.random.default_rng(one["seed"])
    when_s = one["begin_h"] * 3600
    again_s = when_s + one["pause_s"]
    turn = {"turn_at_s": (when_s + again_s) / 2, "turn_deg": one["turn_deg"]}
    parts = []
    for mmsi, begin_s, end_s in ((OLD, when_s - 9000, when_s), (NEW, again_s, again_s + 9000)):
        time_s = heard(rng, one["every_s"], begin_s, end_s)
        lat, lon = way(time_s, one["speed_kn"], **turn)
        course_deg = np.where(time_s > turn["turn_at_s"], 90.0 + one["turn_deg"], 90.0)
        parts.append(reports(mmsi, time_s, lat, lon, rng, one["speed_kn"], course_deg))
    return staged(*parts), when_s, again_s


@pytest.mark.slow
@SLOW
@given(one=hand_overs)
def test_finds_each_hand_over_once(one):
    sailed_m = one["speed_kn"] * KNOT * one["pause_s"]
    assume(sailed_m < hand_over.reach_m(Identity().motion) - 2000)  # which it rests on
    assume(one["speed_kn"] > 2 or one["begin_h"] < 11)  # at rest, silent for three hours
    # 64 reports, 2 s apart, are two minutes: of what lies that is noise, carried on for so long.
    assume(one["speed_kn"] > 2 or one["every_s"] > 2 or one["pause_s"] < 6000)
    stage, when_s, again_s = handed_over(one)
    time = stage.positions.groupby("mmsi")["time"]
    pause = time.min()[NEW] - time.max()[OLD]  # reports are lost at the ends too
    assume(pause <= pd.Timedelta(seconds=Identity().max_pass_pause_s))
    context = stage.context()
    found = explain(Identity().detect(stage.positions, context), context, Identity.hypotheses)
    assert found["subkind"].tolist() == ["hand_over"]
    assert found[["mmsi", "other_mmsi"]].to_numpy().tolist() == [[OLD, NEW]]
    start = T0 + pd.Timedelta(seconds=min(when_s, again_s))
    assert abs(found["start"].iloc[0] - start) <= pd.Timedelta(seconds=5 * one["every_s"])
    assert found["score"].iloc[0] >= 0.3


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("every_s", [10.0, 180.0])
def test_noise_of_fixes_hides_no_hand_over_of_what_drifts(every_s, seed):
    """Of two fixes 10 m off, two minutes apart, 0.2 kn was carried on for 100 minutes: of tankers
    that drift half of the hand-overs weren't told.
    """
    rng = np.random.default_rng(seed)
    east, parts = geodesy.destination(3.0, 95.0, 90.0, 1.0)[1] - 95.0, []
    for mmsi, begin_s, end_s in ((OLD, 18000, 27000), (NEW, 33000, 42000)):
        time_s = heard(rng, every_s, begin_s, end_s)
        noise = rng.normal(0, 10 / 111_195, (2, len(time_s)))
        lat, lon = 3.0 + noise[0], 95.0 + 0.7 * KNOT * time_s * east + noise[1]
        parts.append(reports(mmsi, time_s, lat, lon, rng, 0.7))
    context = (stage := staged(*parts)).context()
    found = Identity().detect(stage.positions, context)
    assert found["subkind"].tolist() == ["hand_over"]


def test_who_came_to_lie_of_late_isnt_carried_on():
    """Over ten minutes a ship that sailed for five of them makes 4 kn."""
    rng, stopped_s = np.random.default_rng(1), 27_000 - 300
    parts = []
    for mmsi, begin_s, end_s in ((OLD, 18000, 27000), (NEW, 30600, 42000)):
        time_s = heard(rng, 10.0, begin_s, end_s)
        lat, lon = way(np.minimum(time_s, stopped_s), 8.0)
        parts.append(reports(mmsi, time_s, lat, lon, rng, np.where(time_s < stopped_s, 8.0, 0.0)))
    context = (stage := staged(*parts)).context()
    found = Identity().detect(stage.positions, context)
    assert found["subkind"].tolist() == ["hand_over"]


@pytest.mark.parametrize(
    ("stations", "again_h", "off_deg", "n_found"),
    [(False, None, 0.0, 1), (True, None, 0.0, 1), (False, 9.9, 0.0, 0), (False, None, 0.1, 0)],
)
def test_a_hand_over_between_passes(stations, again_h, off_deg, n_found):
    """Both are heard for three minutes of every forty, 80 minutes from one to the other: while
    others are heard so too or all the time, the first is heard again, or the second is 6 nm off.
    """
    rng = np.random.default_rng(5)
    every_s = np.arange(0.0, HOURS * 3600.0, 60.0)
    passing = every_s[every_s % 2400 < 180]
    after = passing / 3600
    parts = [
        reports(OTHER + k, every_s if stations else passing, lat, lon, rng)
        for k in range(3)
        for lat, lon in [way(every_s if stations else passing, lat0=4.0 + k)]
    ]
    old = (after > 4) & (after < 7.9)
    if again_h:
        old |= (after > again_h) & (after < again_h + 0.8)
    for mmsi, some, off in ((OLD, old, 0.0), (NEW, after > 9.2, off_deg)):
        lat, lon = way(passing[some])
        parts.append(reports(mmsi, passing[some], lat + off, lon, rng))
    stage = staged(*parts)
    whole = Identity().detect(stage.positions, stage.context())
    edges = T0 + pd.to_timedelta([0.0, 8.5, 9.5, 11.0, HOURS], unit="h")
    pd.testing.assert_frame_equal(stage.drive(Identity(), list(pairwise(edges))), whole)
    found = whole[whole["subkind"].eq("hand_over")]
    assert found[["mmsi", "other_mmsi"]].to_numpy().tolist() == [[OLD, NEW]] * n_found


def test_two_that_are_heard_for_the_same_minutes_hand_nothing_over():
    """One sails 350 m behind the other; both are heard for four minutes, and once long after."""
    rng = np.random.default_rng(3)
    time_s = 20_000.0 + np.array([0.0, 36.0, 72.0, 144.0, 252.0, 1286.0])
    parts = []
    for mmsi, behind_s in ((OLD, 0.0), (NEW, 45.0)):
        lat, lon = way(time_s - behind_s, 15.0)
        late = time_s[-1] - behind_s - 700.0  # a receiver that is late: where each was long before
        lat[-1], lon[-1] = (one[0] for one in way(np.array([late]), 15.0))
        parts.append(reports(mmsi, time_s, lat, lon, rng, 15.0, np.full(len(time_s), 90.0)))
    stage = staged(*parts)
    found = Identity().detect(stage.positions, stage.context())
    assert "hand_over" not in found["subkind"].tolist()


@pytest.mark.slow
@SLOW
@given(
    one=hand_overs,
    cuts=st.lists(st.integers(1, HOURS * 60 - 1), min_size=1, max_size=6, unique=True),
)
def test_any_windows_equal_one_go(one, cuts):
    stage, _, _ = handed_over({**one, "every_s": 120.0})
    edges = [T0, *(T0 + pd.Timedelta(minutes=m) for m in sorted(cuts)), stage.end]
    whole = Identity().detect(stage.positions, stage.context())
    pd.testing.assert_frame_equal(stage.drive(Identity(), list(pairwise(edges))), whole)


@pytest.mark.slow
@SLOW
@given(
    pause_s=st.sampled_from([60.0, 300.0, 900.0]),
    behind_m=st.floats(1500, 4000),
    seed=st.integers(0, 99),
)
def test_a_ship_that_follows_is_another(pause_s, behind_m, seed):
    """One is lost and the next in the lane is found, a mile or two behind."""
    rng = np.random.default_rng(seed)
    when_s = 6 * 3600.0
    first_s = heard(rng, 10.0, when_s - 7200, when_s)
    next_s = heard(rng, 10.0, when_s + pause_s, when_s + pause_s + 7200)
    behind_s = behind_m / (12.0 * KNOT)
    stage = staged(
        reports(OLD, first_s, *way(first_s), rng),
        reports(NEW, next_s, *way(next_s - behind_s), rng),
    )
    found = Identity().detect(stage.positions, stage.context())
    assert (found["score"] < 0.3).all()


@pytest.mark.slow
@SLOW
@given(
    every_s=st.tuples(*[st.sampled_from([5.0, 30.0, 180.0])] * 2),
    apart_deg=st.floats(0.15, 5.0),
    speed_kn=st.sampled_from([0.0, 8.0, 15.0]),
    course_deg=st.sampled_from([45.0, 270.0]),
    seed=st.integers(0, 99),
)
def test_finds_two_hulls(every_s, apart_deg, speed_kn, course_deg, seed):
    rng = np.random.default_rng(seed)
    begin_s, end_s = 4 * 3600.0, 9 * 3600.0
    one_s = heard(rng, every_s[0], 0, HOURS * 3600)
    other_s = heard(rng, every_s[1], begin_s, end_s)
    lat, lon = geodesy.destination(
        3.0 + apart_deg, 96.0, course_deg, speed_kn * KNOT * (other_s - begin_s)
    )
    stage = staged(
        reports(OLD, one_s, *way(one_s), rng),
        reports(OLD, other_s, lat, lon, rng, speed_kn, course_deg),
    )
    context = stage.context()
    found = explain(Identity().detect(stage.positions, context), context, Identity.hypotheses)
    assert set(found["subkind"]) == {"two_hulls"}
    assert found["score"].max() >= 0.6
    assert abs(found["start"].min() - T0 - pd.Timedelta(seconds=begin_s)) <= pd.Timedelta("20min")


def test_a_hull_heard_ten_times_less_than_another_of_its_number():
    """It lies still, while its number is sent from a round of 30 miles, and the track of that had
    some of its own reports before and after: whoever sends the number from elsewhere, again and
    again, makes its own reports few, and hides nobody's story."""
    rng = np.random.default_rng(12)
    lain_s = heard(rng, 60.0, 0, HOURS * 3600.0)
    lain = reports(OLD, lain_s, *way(lain_s, 0.0), rng, 0.1)
    lain_there = rng.uniform(size=len(lain)) < 0.02
    round_s = heard(rng, 6.0, 6.2 * 3600.0, 9.7 * 3600.0)
    turned_deg = 180.0 + 360.0 * (round_s - round_s[0]) / np.ptp(round_s)
    lat, lon = geodesy.destination(*geodesy.destination(3.0, 95.0, 0.0, 9260.0), turned_deg, 9260.0)
    sent = reports(OLD, round_s, lat, lon, rng, 9.0, (turned_deg + 90.0) % 360.0)
    far = (round_s > 6.4 * 3600.0) & (round_s < 9.5 * 3600.0)
    tracked = pd.concat(
        [
            lain[~lain_there].assign(track_id=OLD * 100 + 1),
            pd.concat([lain[lain_there], sent[far]]).assign(track_id=OLD * 100 + 2),
        ]
    ).sort_values(["track_id", "time"])
    stage = Stage(
        frames.conform(tracked, frames.TRACKED),
        make_zones([]),
        T0,
        T0 + pd.Timedelta(hours=HOURS),
    )
    found = Identity().detect(stage.positions, stage.context())
    assert set(found["subkind"]) == {"two_hulls"}


@pytest.mark.parametrize("n_hulls", [2, 3, 5, 8])
def test_hulls_of_one_number_that_report_in_turn(n_hulls):
    """Each every so many minutes, one after the other: whoever sends so hides nobody's story."""
    rng = np.random.default_rng(11)
    turns_s = np.arange(0.0, HOURS * 3600.0, 60.0)
    parts = [
        reports(OLD, own_s, *way(own_s, 9.0 + k, lat0=2.0 + 0.4 * k), rng, 9.0 + k)
        for k in range(n_hulls)
        for own_s in [turns_s[k::n_hulls]]
    ]
    other_s = heard(rng, 60.0, 0, HOURS * 3600.0)
    parts.append(reports(OTHER, other_s, *way(other_s, 12.0, lat0=7.0), rng))
    stage = staged(*parts)
    found = Identity().detect(stage.positions, stage.context())
    assert set(found["subkind"]) == {"two_hulls"}
    assert set(found["mmsi"]) == {OLD}
    assert [one["n_hulls"] for one in found["evidence"]] == [n_hulls] * len(found)


def test_misdated_reports_are_no_third_hull():
    """Every fortieth report of one of two hulls bears a time six minutes late."""
    rng = np.random.default_rng(11)
    parts = []
    for k in range(2):
        own_s = heard(rng, 60.0, 0, HOURS * 3600.0)
        late_s = own_s + np.where(np.arange(len(own_s)) % 40 == 7, 360.0 * (k == 0), 0.0)
        parts.append(reports(OLD, late_s, *way(own_s, 9.0 + k, lat0=2.0 + k), rng, 9.0 + k))
    stage = staged(*parts)
    found = Identity().detect(stage.positions, stage.context())
    assert [one["n_hulls"] for one in found["evidence"]] == [2]


@pytest.mark.parametrize("late_s", [400.0, 900.0, 1500.0, 3600.0])
@pytest.mark.parametrize("every_s", [10.0, 60.0])
def test_a_receiver_with_a_wrong_clock_makes_no_second_hull(late_s, every_s):
    rng = np.random.default_rng(5)
    time_s = heard(rng, every_s, 0, HOURS * 3600.0)
    lat, lon = way(time_s, 16.0, turn_at_s=6 * 3600.0, turn_deg=20.0)
    course_deg = np.where(time_s > 6 * 3600, 110.0, 90.0)
    by_it = (time_s > 4 * 3600) & (time_s < 9 * 3600) & (rng.uniform(size=len(time_s)) < 0.4)
    stamped_s = np.where(by_it, time_s + late_s, time_s)
    stage = staged(reports(OLD, stamped_s, lat, lon, rng, 16.0, course_deg))
    assert Identity().detect(stage.positions, stage.context()).empty


def said(stage, *rows):
    """The stage with what vessels said."""
    defaults = {
        "imo": 0,
        "name": "",
        "callsign": "",
        "ship_type": 70,
        "length_m": 180.0,
        "beam_m": 30.0,
        "draught_m": 9.0,
        "destination": "",
        "ais_class": "A",
        "reports": 10,
        "source": "feed",
        "source_offset": 1,
    }
    table = pd.DataFrame([{**defaults, **row} for row in rows])
    for name in ("first_time", "last_time"):
        hours = pd.to_timedelta(table[name], unit="h")
        table[name] = (T0 + hours).astype(frames.TIME)
    return replace(stage, statements=frames.conform(table, frames.STATEMENTS))


def sailing(*mmsis: int):
    rng = np.random.default_rng(7)
    parts = []
    for k, mmsi in enumerate(mmsis):
        time_s = heard(rng, 60.0, 0, HOURS * 3600.0)
        parts.append(reports(mmsi, time_s, *way(time_s, 12.0, lat0=3.0 + k), rng))
    return staged(*parts)


@pytest.mark.parametrize(
    ("field", "old", "new", "subkind"),
    [
        ("name", "OCEAN STAR", "GOLDEN HOPE", "changed_name"),
        ("callsign", "9VAB3", "HOXY", "changed_callsign"),
        ("imo", 9074729, 9319466, "changed_imo"),
        ("name", "OCEAN STAR", "OCEAN STARR", None),
        ("name", "OCEAN STAR", "M/V OCEAN-STAR", None),
        ("imo", 9074728, 9074729, None),
    ],
)
def test_finds_changes_that_are_more_than_typing(field, old, new, subkind):
    stage = said(
        sailing(OLD),
        {"mmsi": OLD, "first_time": 1, "last_time": 7, field: old},
        {"mmsi": OLD, "first_time": 7.2, "last_time": 15, field: new},
    )
    found = Identity().detect(stage.positions, stage.context())
    assert found["subkind"].tolist() == ([subkind] if subkind else [])
    if subkind:
        assert abs(found["start"].iloc[0] - T0 - pd.Timedelta(hours=7)) <= pd.Timedelta("13min")


@pytest.mark.parametrize(("reports_said", "changed"), [(4, True), (121, False)])
def test_a_name_is_remembered_as_long_as_its_static_reports_ask_for(reports_said, changed):
    """Said every four hours it still stands 18 hours later; every six minutes it doesn't."""
    rng = np.random.default_rng(7)
    time_s = heard(rng, 600.0, 0, 40 * 3600.0)
    stage = said(
        staged(reports(OLD, time_s, *way(time_s, 8.0), rng)),
        {"mmsi": OLD, "first_time": 1, "last_time": 13, "name": "OCEAN", "reports": reports_said},
        {"mmsi": OLD, "first_time": 31, "last_time": 34, "name": "GOLDEN HOPE"},
    )
    stage = replace(stage, end=T0 + pd.Timedelta(hours=40))
    found = Identity().detect(stage.positions, stage.context())
    assert found["subkind"].tolist() == ["changed_name"] * changed
    days = list(pairwise(pd.date_range(T0, stage.end, freq="20h")))
    assert stage.drive(Identity(), days)["event_id"].tolist() == found["event_id"].tolist()


@pytest.mark.slow
def test_a_wrong_number_is_raised_unless_it_is_put_right_in_time():
    rows = [
        {"mmsi": OLD, "first_time": 1, "last_time": 7, "imo": 9074728},
        {"mmsi": OLD, "first_time": 7.2, "last_time": 15, "imo": 9074729},
    ]
    stage = sailing(OLD)
    mended = said(stage, *rows)
    by_hours = list(pairwise(pd.date_range(T0, stage.end, freq="2h")))
    assert mended.drive(Identity(), by_hours).empty
    late = said(stage, rows[0], {**rows[1], "first_time": 10})
    found = late.drive(Identity(), by_hours)
    assert found["subkind"].tolist() == ["invalid_imo"]


def test_one_imo_number_on_two_ships_apart():
    stage = said(
        sailing(OLD, OTHER),
        *({"mmsi": m, "first_time": 1, "last_time": 15, "imo": 9074729} for m in (OLD, OTHER)),
    )
    found = Identity().detect(stage.positions, stage.context())
    assert found["subkind"].tolist() == ["shared_imo"]
    assert found["score"].iloc[0] >= 0.6


@pytest.mark.parametrize(
    ("new", "says", "name"),
    [
        (OLD + 1, {"name": "OCEAN STAR"}, "mended number"),
        (NEW, {"name": "OCEAN STAR"}, "set programmed anew"),
        (OLD + 1, {"name": "GOLDEN HOPE"}, ""),
        (OLD + 1, {}, ""),
    ],
)
def test_a_near_number_is_mended_only_where_all_else_agrees(new, says, name):
    rng = np.random.default_rng(3)
    first_s, next_s = heard(rng, 10.0, 0, 20_000.0), heard(rng, 10.0, 20_060.0, 40_000.0)
    stage = staged(
        reports(OLD, first_s, *way(first_s), rng), reports(new, next_s, *way(next_s), rng)
    )
    stage = said(
        stage,
        {"mmsi": OLD, "first_time": 0, "last_time": 5.5, "name": "OCEAN STAR"},
        *([{"mmsi": new, "first_time": 5.7, "last_time": 11, **says}] if says else []),
    )
    context = stage.context()
    found = explain(Identity().detect(stage.positions, context), context, Identity.hypotheses)
    assert found["subkind"].tolist() == ["hand_over"]
    assert found["explanation"].iloc[0].split(":")[0] == name


@pytest.mark.parametrize(("mmsi", "subkinds"), [(985331049, ["hand_over"]), (992351000, [])])
def test_a_number_of_a_ships_boat_may_be_taken_and_no_buoys(mmsi, subkinds):
    rng = np.random.default_rng(2)
    first_s, next_s = np.arange(9_000, 18_000, 60.0), np.arange(18_300, 27_300, 60.0)
    old = reports(OLD, first_s, *way(first_s), rng)
    stage = staged(old, reports(mmsi, next_s, *way(next_s), rng))
    assert Identity().detect(stage.positions, stage.context())["subkind"].tolist() == subkinds


@pytest.mark.parametrize(("off_deg", "late_s", "one_way"), [(0.1, 0, False), (0.0, 1800, True)])
def test_what_lies_off_the_way_is_no_misdated_stretch(off_deg, late_s, one_way):
    """A ship sails for four hours; ten reports are of a place beside it, or of where it was."""
    at_s = np.r_[np.arange(0, 4 * 3600, 120), np.arange(7260, 8460, 120)]
    lat, lon = way(at_s - np.where(at_s % 120 == 60, late_s, 0))
    other = at_s % 120 == 60
    table = pd.DataFrame(
        {
            "mmsi": OLD,
            "time": T0 + pd.to_timedelta(at_s, unit="s"),
            "lat": lat + np.where(other, off_deg, 0.0),
            "lon": lon,
            "track_id": 100 * OLD + np.where(other, 2, 1),
        }
    )
    sent = VesselReports(make_positions(table))
    assert is_of_one_way(sent, sent.of(OLD)) == one_way


@pytest.mark.parametrize(("astray", "n_minor"), [(True, 2), (False, 12)])
def test_fixes_that_scatter_are_no_other_hulls(astray, n_minor):
    """Two misdated reports open a hull to which then every other of a stretch's fixes is added."""
    at_s = np.arange(0, 4 * 3600, 60)
    lat, lon = way(at_s)
    beside = np.isin(at_s, [600, 3000]) | ((at_s >= 9000) & (at_s < 10_200) & (at_s % 120 == 0))
    table = pd.DataFrame(
        {
            "mmsi": OLD,
            "time": T0 + pd.to_timedelta(at_s, unit="s"),
            "lat": lat + beside * np.random.default_rng(2).uniform(0.02, 0.06, len(at_s)),
            "lon": lon,
            "track_id": 100 * OLD + np.where(beside, 2, 1),
        }
    )
    positions = make_positions(table)
    false = positions[positions["time"].isin(T0 + pd.to_timedelta(range(9060, 10_200, 300), "s"))]
    noise = frames.conform(false.assign(reason=frames.FALSE_FIX), frames.NOISE)
    end = T0 + pd.Timedelta(hours=5)
    noise = noise if astray else noise[:0]
    context = Stage(positions, make_zones([]), T0, end, noise=noise).context()
    found = Identity().detect(positions, context)
    hulls = explain(found[found["subkind"] == "two_hulls"], context, Identity.hypotheses)
    assert [evidence.facts["n_minor_reports"] for evidence in hulls["evidence"]] == [n_minor]
    assert hulls["explanation"].str.startswith("interference").tolist() == [astray]


def test_a_boat_that_sends_a_handhelds_number_is_a_boat():
    """8MIDxxxxx sends no positions itself; 99MIDxxxx is a buoy's, 111MIDxxx an aircraft's."""
    numbers = np.array([856791343, 525904487, 995251234, 111525123])
    assert VesselReports.is_ship(numbers).tolist() == [True, True, False, False]


def sail_as_one(rule, of, where):
    """Tell moment by moment whether two sail as one: slow."""
    at = [
        {tick: k for k, tick in enumerate(where.tick.tolist()) if where.track[k] == track}
        for track in of
    ]
    both = sorted(at[0].keys() & at[1].keys())
    apart_m = {
        tick: geodesy.distance_m(
            where.lat[at[0][tick]],
            where.lon[at[0][tick]],
            where.lat[at[1][tick]],
            where.lon[at[1][tick]],
        )
        for tick in both
    }
    near = [tick for tick in both if apart_m[tick] <= rule.max_beside_m]
    if not near or np.median([apart_m[tick] for tick in near]) > rule.max_one_hull_m:
        return False
    meanwhile = [tick for tick in both if near[0] <= tick <= near[-1]]
    sailed_m = sum(where.speed_kn[at[0][tick]] for tick in near) * KNOT * 300
    long = (near[-1] - near[0] + 1) * 300 >= rule.min_one_hull_s
    return bool(long and sailed_m >= rule.min_one_hull_m and len(near) >= MOSTLY * len(meanwhile))


@pytest.mark.parametrize("seed", range(4))
def test_one_hull_is_mostly_beside_itself(seed):
    rng = np.random.default_rng(seed)
    rule, outcomes = Identity(), []
    for _ in range(60):
        ticks = np.arange(60)
        share = rng.choice([0.2, 0.45, 0.55, 0.9])
        beside = rng.random(60) < share
        off_m = np.where(beside, 10.0, 400.0) + rng.uniform(0, 5, 60)
        lat, lon = 3.0 + np.zeros(60), 100.0 + 0.0135 * ticks
        astern = geodesy.destination(lat, lon, 270.0, off_m)
        kept = rng.random((2, 60)) < 0.9
        where = Moving(
            np.repeat([53300000101, 56600000201], kept.sum(axis=1)),
            np.r_[ticks[kept[0]], ticks[kept[1]]],
            np.r_[lat[kept[0]], astern[0][kept[1]]],
            np.r_[lon[kept[0]], astern[1][kept[1]]],
            np.full(kept.sum(), 9.7),
        )
        found = len(as_one(rule, where).first) > 0
        assert found == sail_as_one(rule, (53300000101, 56600000201), where)
        outcomes.append(found)
    assert 10 < sum(outcomes) < 50
