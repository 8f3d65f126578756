"""Spoofing: false tracks planted into true ones, through the segmentation and in any windows."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from detectors.core import frames
from detectors.core.detector import Context
from detectors.core.explain import explain
from detectors.core.telling import told
from detectors.kinematics import geodesy, integrity, scatter
from detectors.spoofing import Spoofing, away
from detectors.spoofing.scatter import as_one
from detectors.surroundings import coverage_learn
from detectors.surroundings.coverage import Coverage
from tests.detectors.scenes import Stage
from tests.detectors.tables import Plain, make_zones
from tests.making import said

T0 = pd.Timestamp("2026-03-01T00:00Z")
HOURS = 40
MMSI = 533000301
KINDS = (
    "jump",
    "circle",
    "circle here",
    "frozen",
    "copy",
    "copy nearby",
    "replay",
    "late",
    "nothing",
)


def reports(time_s, lat, lon, sog_kn=12.0, offset: int = 0) -> pd.DataFrame:
    """Reports of one vessel as ingested."""
    return pd.DataFrame(
        {
            "mmsi": MMSI,
            "time": (T0 + pd.to_timedelta(np.round(time_s * 1e3), unit="ms")).astype(frames.TIME),
            "lat": np.round(lat * 6e5) / 6e5,
            "lon": np.round(lon * 6e5) / 6e5,
            "sog_kn": sog_kn,
            "cog_deg": 90.0,
            "source_offset": np.arange(len(time_s)) + offset,
        }
    )


def scene(kind: str, begin_h: float, duration_h: float, every_s: float, seed: int) -> pd.DataFrame:
    """A ship that sails east at 12 kn with 5 m of noise, and one falsehood."""
    rng = np.random.default_rng(seed)
    t = np.arange(0, HOURS * 3600, every_s) + rng.uniform(0, every_s / 3)
    t = t[rng.uniform(size=len(t)) > 0.1]

    def noise(n: int):
        return rng.normal(0, 5 / 111_195, n)

    def way(s):
        return 3.0 + 0.05 * np.sin(s / 20_000) + noise(len(s)), 95.0 + 0.2 * s / 3600

    lat, lon = way(t)
    sog = np.full(len(t), 12.0)
    false = (t >= begin_h * 3600) & (t < (begin_h + duration_h) * 3600)
    more = []
    s = t[false] - begin_h * 3600
    if kind == "jump":
        lat[false] += 0.8
    elif kind in {"circle", "circle here"}:
        middle = (3.6, lon[false][0] + 0.3) if kind == "circle" else (lat[false][0], lon[false][0])
        angle = np.degrees(16 * geodesy.KNOT_MPS / 2500 * s)
        lat[false], lon[false] = geodesy.destination(*middle, angle, 2500.0)
        lat[false] += noise(len(s))
    elif kind == "frozen":
        lat[false], lon[false] = lat[false][0], lon[false][0]
    elif kind in {"copy", "copy nearby"}:
        away = 0.3 if kind == "copy" else 0.025
        more = [reports(t[false] + 2, lat[false] + away, lon[false], offset=100_000)]
    elif kind == "replay":
        lag = 5 * 3600.0
        old = (t >= begin_h * 3600 - lag) & (t < (begin_h + duration_h) * 3600 - lag)
        more = [reports(t[old] + lag, lat[old], lon[old], offset=100_000)]
        t, lat, lon, sog = t[~false], lat[~false], lon[~false], sog[~false]
    elif kind == "late":
        late = false & (rng.uniform(size=len(t)) < 0.4)
        lat[late], lon[late] = way(t[late] - 240)
    return pd.concat([reports(t, lat, lon, sog), *more], ignore_index=True)


def segmented(table: pd.DataFrame) -> integrity.Segmented:
    """What the store would hand to a detector."""
    full = table.assign(heading_deg=np.nan, nav_status=0, msg_type=1, ais_class="A", source="feed")
    return integrity.segment(frames.conform(full, frames.POSITIONS))


def staged(table: pd.DataFrame):
    end = T0 + pd.Timedelta(hours=HOURS)
    return Stage(segmented(table).tracked, make_zones([]), T0, end)


falsehoods = st.tuples(
    st.sampled_from(KINDS),
    st.floats(6, 30),
    st.floats(0.5, 8),
    st.sampled_from([20.0, 60.0, 180.0]),
    st.integers(0, 99),
)


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(falsehood=falsehoods)
def test_finds_each_falsehood_once_and_nothing_else(falsehood):
    kind, begin_h, duration_h, every_s, _ = falsehood
    if kind in {"circle", "circle here"}:  # two turns take 65 minutes
        duration_h = max(duration_h, 1.5)
    if kind == "circle here":  # of ten reports a turn, at one in three minutes, some are missed
        every_s = min(every_s, 60.0)
    duration_h = max(duration_h, 30 * every_s / 3600)
    stage = staged(scene(kind, begin_h, duration_h, every_s, falsehood[4]))
    found = Spoofing().detect(stage.positions, stage.context())
    subkind = {
        "jump": "jump",
        "circle": "geometric",
        "circle here": "geometric",
        "frozen": "frozen",
        "copy": "offset_copy",
        "copy nearby": "offset_copy",
        "replay": "replay",
    }
    if kind in subkind:
        begin, end = (T0 + pd.Timedelta(hours=h) for h in (begin_h, begin_h + duration_h))
        slack = pd.Timedelta(seconds=12 * every_s)
        assert len(found) == 1
        [event] = found.to_dict("records")
        assert event["score"] >= 0.5
        assert event["subkind"] == subkind[kind]
        ended = stage.end if pd.isna(event["end"]) else event["end"]
        assert event["start"] >= begin - slack
        assert ended <= end + slack
        if kind != "circle here":  # as much of that as a ship may sail isn't told
            assert event["start"] <= begin + slack
            assert ended >= end - slack
    else:
        assert found.empty


@pytest.mark.parametrize("kind", ["circle", "jump"])
@pytest.mark.parametrize("duration_h", [6.0, 7.5, 9.0])
def test_who_was_away_for_as_long_as_is_looked_back_is_back(kind, duration_h):
    """Its own track is forgotten by then: it goes on under the further one, which leaps."""
    stage = staged(scene(kind, 6.0, duration_h, 60.0, 1))
    [event] = Spoofing().detect(stage.positions, stage.context()).to_dict("records")
    end = T0 + pd.Timedelta(hours=6 + duration_h)
    assert end - pd.Timedelta(minutes=5) <= event["end"] <= end


@pytest.mark.parametrize(("late", "found"), [(0, 1), (10, 1), (40, 0)])
def test_a_few_reports_that_come_late_hide_no_excursion(late, found):
    """Of 160 of three hours; where a third comes while the vessel sails, both are heard."""
    table = scene("jump", 8.0, 3.0, 60.0, 1)
    away = table[table["lat"] > 3.4]
    behind = away.iloc[-1:].loc[away.index[-1:].repeat(late)].reset_index(drop=True)
    behind["time"] += pd.to_timedelta(np.arange(1, late + 1) * 300, unit="s")
    behind["source_offset"] = 200_000 + np.arange(late)
    behind["lon"] += np.arange(1, late + 1) * 1e-4
    stage = staged(pd.concat([table, behind], ignore_index=True))
    events = Spoofing().detect(stage.positions, stage.context())
    assert (events["subkind"] == "jump").sum() == found


@pytest.mark.slow
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    falsehood=falsehoods,
    cuts=st.lists(st.integers(1, HOURS * 60 - 1), min_size=1, max_size=6, unique=True),
)
def test_any_windows_equal_one_go(falsehood, cuts):
    stage = staged(scene(*falsehood))
    edges = [T0, *(T0 + pd.Timedelta(minutes=m) for m in sorted(cuts)), stage.end]
    whole = Spoofing().detect(stage.positions, stage.context())
    parts = stage.drive(Spoofing(), list(pairwise(edges)))
    pd.testing.assert_frame_equal(parts, whole)


def context_of(found: integrity.Segmented, zones, **more) -> Context:
    vessels = frames.empty(frames.VESSELS)
    end = T0 + pd.Timedelta(hours=HOURS)
    return Context(T0, end, zones, vessels, Coverage.none(), **more)


@pytest.mark.parametrize("cut_h", [8.0, 10.1, 11.0, 12.5, 14.0, 17.5])
@pytest.mark.parametrize(
    ("back_h", "subkind"), [(None, "frozen"), (16.0, "jump"), (20.0, "frozen")]
)
def test_who_sailed_while_her_transmitter_drifted_is_told_alike_in_any_windows(
    back_h, subkind, cut_h
):
    """Heard where it drifted soon after she was lost it is a leap there and back."""

    def leg(begin_h, end_h, east, sog_kn):
        s = np.arange(begin_h * 3600, end_h * 3600, 60.0)
        lon = 100.7 + np.interp(s / 3600, (begin_h, end_h), east)
        return reports(s, np.full(len(s), 4.0), lon, sog_kn=sog_kn)

    legs = [leg(0, 6, (-1.2, 0.0), 12.0), leg(6, 10, (0.0, 0.005), 0.3)]
    legs += [leg(10.2, 15, (0.75, 1.7), 12.0)]
    legs += [] if back_h is None else [leg(back_h, back_h + 4, (0.005, 0.01), 0.3)]
    found = segmented(pd.concat(legs, ignore_index=True))
    end = T0 + pd.Timedelta(hours=30)
    name = {"mmsi": MMSI, "imo": 9074729, "first_time": T0, "last_time": end, "reports": 99}
    statements = said(name, schema=frames.STATEMENTS)
    stage = Stage(found.tracked, make_zones([]), T0, end, statements=statements, noise=found.noise)
    whole = stage.look(Spoofing(), T0, end)
    assert whole["subkind"].tolist() == [subkind]
    edges = [T0, T0 + pd.Timedelta(hours=cut_h), end]
    pd.testing.assert_frame_equal(stage.drive(Spoofing(), list(pairwise(edges))), whole)


def test_a_jump_begins_with_the_first_report_there():
    table = scene("jump", 10, 2, 60.0, 1)
    found = segmented(table)
    event = Spoofing().detect(found.tracked, context_of(found, make_zones([]), noise=found.noise))
    assert event["start"].tolist() == [table.loc[table["lat"] > 3.5, "time"].min()]


@pytest.mark.parametrize(("wander_deg", "n_found"), [(0.0, 1), (0.5, 0)])
def test_false_fixes_at_one_far_place_are_a_jump(wander_deg, n_found):
    found = segmented(scene("jump", 10, 2, 60.0, 1))
    away = (found.tracked["track_id"] == MMSI * 100 + 2).to_numpy()
    begin, end = found.tracked.loc[away, "time"].agg(["min", "max"])
    false = found.tracked[away].assign(reason=frames.FALSE_FIX, lat=4.5, sog_kn=0.0)
    false["lon"] = 99.0 + np.linspace(0.0, wander_deg, len(false))
    noise = frames.conform(false, frames.NOISE)
    tracked = found.tracked[~away].reset_index(drop=True)
    events = Spoofing().detect(tracked, context_of(found, make_zones([]), noise=noise))
    assert len(events) == n_found
    for event in events.to_dict("records"):
        assert (event["subkind"], event["start"], event["end"]) == ("jump", begin, end)
        assert event["evidence"]["returned"]
        assert event["evidence"]["n_bad_fixes"] == len(false)


@pytest.mark.parametrize("n_hull", [4, 7, 9, 50])
def test_false_fixes_the_first_of_which_make_a_hull_are_a_jump(n_hull):
    """Such a hull is of the false place, and no report from before the vessel was put there."""
    found = segmented(scene("jump", 10, 2, 60.0, 1))
    away = (found.tracked["track_id"] == MMSI * 100 + 2).to_numpy()
    false = found.tracked[away].assign(reason=frames.FALSE_FIX, lat=4.5, lon=99.0, sog_kn=0.0)
    hull = found.tracked[away][:n_hull].assign(lat=4.5, lon=99.0, sog_kn=0.0)
    noise = frames.conform(false[n_hull:], frames.NOISE)
    tracked = pd.concat([found.tracked[~away], hull]).sort_values(["track_id", "time"])
    context = context_of(found, make_zones([]), noise=noise)
    events = Spoofing().detect(tracked.reset_index(drop=True), context)
    assert events["subkind"].tolist() == ["jump"]
    begin, end = events["start"].iloc[0], events["end"].iloc[0]
    assert begin == (false if n_hull > 4 else false[n_hull:])["time"].min()
    assert end == (hull if n_hull == 50 else false)["time"].max()


@pytest.mark.parametrize(("n_astray", "n_found"), [(1, 1), (12, 0)])
def test_a_misdated_report_of_one_who_drifts_far_off_scatters_nothing(n_astray, n_found):
    found = segmented(scene("jump", 10, 2, 60.0, 1))
    away = (found.tracked["track_id"] == MMSI * 100 + 2).to_numpy()
    false = found.tracked[away].assign(reason=frames.FALSE_FIX, lon=99.0, sog_kn=0.4)
    false["lat"] = 4.5 + np.linspace(0.0, 0.05, len(false))
    false.loc[false.index[5 : 5 + 2 * n_astray : 2], "lat"] += 0.01
    noise = frames.conform(false, frames.NOISE)
    tracked = found.tracked[~away].reset_index(drop=True)
    events = Spoofing().detect(tracked, context_of(found, make_zones([]), noise=noise))
    assert events["subkind"].tolist() == ["jump"] * n_found


@pytest.mark.parametrize(("radius_m", "kind"), [(0.0, "frozen"), (4_000.0, "geometric")])
def test_false_fixes_held_or_on_a_circle_while_the_vessel_sails_on(radius_m, kind):
    found = segmented(scene("jump", 10, 2, 60.0, 1))
    away = (found.tracked["track_id"] == MMSI * 100 + 2).to_numpy()
    false = found.tracked[away].assign(reason=frames.FALSE_FIX, sog_kn=0.0)
    tracked = found.tracked[~away].reset_index(drop=True)
    last = tracked[tracked["time"] < false["time"].min()].iloc[-1]
    angle = np.linspace(0.0, 720.0, len(false))
    false["lat"], false["lon"] = geodesy.destination(last["lat"], last["lon"], angle, radius_m)
    noise = frames.conform(false, frames.NOISE)
    events = Spoofing().detect(tracked, context_of(found, make_zones([]), noise=noise))
    assert events["subkind"].tolist() == [kind]
    assert events["start"].tolist() == [false["time"].min()]
    moored = tracked[tracked["time"] < false["time"].max()]
    assert (
        Spoofing().detect(moored, context_of(found, make_zones([]), noise=noise)).empty or radius_m
    )


@pytest.mark.parametrize("n_sound", [5, 12])
def test_the_first_held_fixes_may_be_sound(n_sound):
    """From these the next sound report is within reach, so that no verdict is against them."""
    found = segmented(scene("jump", 10, 2, 60.0, 1))
    away = (found.tracked["track_id"] == MMSI * 100 + 2).to_numpy()
    false = found.tracked[away].assign(reason=frames.FALSE_FIX, sog_kn=0.0)
    tracked = found.tracked[~away]
    last = tracked[tracked["time"] < false["time"].min()].iloc[-1]
    false = false.assign(lat=last["lat"], lon=last["lon"])
    sound = false[:n_sound].assign(track_id=last["track_id"])[tracked.columns]
    tracked = pd.concat([tracked, sound]).sort_values("time", ignore_index=True)
    noise = frames.conform(false[n_sound:], frames.NOISE)
    events = Spoofing().detect(tracked, context_of(found, make_zones([]), noise=noise))
    assert events["subkind"].tolist() == ["frozen"]


def test_one_report_of_a_further_track_is_no_home_of_false_fixes():
    found = segmented(scene("jump", 10, 2, 60.0, 1))
    away = (found.tracked["track_id"] == MMSI * 100 + 2).to_numpy()
    false = found.tracked[away].assign(reason=frames.FALSE_FIX, lat=4.5, lon=99.0, sog_kn=0.0)
    tracked = pd.concat([found.tracked[~away], false[:1][found.tracked.columns]])
    tracked = tracked.reset_index(drop=True)
    noise = frames.conform(false[1:], frames.NOISE)
    events = Spoofing().detect(tracked, context_of(found, make_zones([]), noise=noise))
    assert events["subkind"].tolist() == ["jump"]
    assert events["evidence"].iloc[0]["returned"]


def test_a_copy_that_nobody_leapt_to_is_told_also_where_the_vessel_is_not_heard_to_be_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As of one reached at an ordinary speed and cut short by an outage."""
    leads_away = away._away

    def without_leap(*given):
        found = leads_away(*given)
        return found and replace(found, came_by_leap=False)

    monkeypatch.setattr(away, "_away", without_leap)
    stage = staged(scene("copy", HOURS - 2.0, 2.0, 60.0, seed=1))
    [event] = Spoofing().detect(stage.positions, stage.context()).to_dict("records")
    assert event["subkind"] == "offset_copy"
    assert not event["evidence"]["returned"]


def test_late_reports_of_a_false_place_dont_prolong_it():
    table = scene("jump", 10, 2, 60.0, 1)
    there = table[table["lat"] > 3.5]
    late = there.iloc[-3:].assign(source_offset=[90_001, 90_002, 90_003])
    late["time"] = there["time"].max() + pd.to_timedelta([20, 41, 75], unit="min")
    found = segmented(pd.concat([table, late.astype({"time": frames.TIME})], ignore_index=True))
    event = Spoofing().detect(found.tracked, context_of(found, make_zones([]), noise=found.noise))
    assert event["subkind"].tolist() == ["jump"]
    assert event["end"].tolist() == [there["time"].max()]


@pytest.mark.parametrize(("n_before", "n_found"), [(0, 1), (1, 1), (40, 0)])
def test_a_few_reports_of_its_track_before_hide_no_excursion(n_before, n_found):
    """Dated wrongly, one of the ship's own way begins the hull as which she then jumps."""
    found = segmented(scene("jump", 8.0, 3.0, 60.0, 1))
    tracked = found.tracked
    away = tracked.loc[tracked["lat"] > 3.4]
    home = tracked.index[(tracked["lat"] < 3.4) & (tracked["time"] < away["time"].min())]
    some = home[-2 * n_before - 10 : -10 : 2] if n_before else home[:0]
    tracked.loc[some, "track_id"] = away["track_id"].iloc[0]
    tracked = tracked.sort_values(["track_id", "time"], ignore_index=True)
    events = Spoofing().detect(tracked, context_of(found, make_zones([]), noise=found.noise))
    assert (events["subkind"] == "jump").sum() == n_found
    assert (events["start"] == away["time"].min()).sum() == n_found


@pytest.mark.parametrize(
    ("back_min", "before", "n_found"),
    [(40, 0, 1), (18, 0, 1), (40, 4, 1), (40, 12, 0)],
)
def test_a_vessel_that_is_back_came_back_whatever_goes_on_later(back_min, before, n_found):
    """Its way goes on under the further track later, as where the clock of a station is put right;
    who was heard at both places before is two.
    """
    found = segmented(scene("jump", 8.0, 3.0, 60.0, 1))
    tracked = found.tracked
    away = tracked.loc[tracked["lat"] > 3.4]
    back = tracked[(tracked["lat"] < 3.4) & (tracked["time"] > away["time"].max())]
    later = back.index[back["time"] > back["time"].min() + pd.Timedelta(minutes=back_min)]
    tracked.loc[later, "track_id"] = away["track_id"].iloc[0]
    ends = away["time"].min(), away["time"].max()
    astray = away.iloc[20 : 20 + 3 * before : 3].assign(lat=3.2)
    astray["track_id"] = MMSI * 100 + 1
    tracked = pd.concat([tracked, astray]).sort_values(["track_id", "time"], ignore_index=True)
    events = Spoofing().detect(tracked, context_of(found, make_zones([]), noise=found.noise))
    jumps = events[events["subkind"] == "jump"]
    assert [*zip(jumps["start"], jumps["end"], strict=True)] == [ends] * n_found
    assert all(evidence["returned"] for evidence in jumps["evidence"])


@pytest.mark.parametrize(("n_there", "n_found"), [(0, 0), (1, 1), (5, 1)])
def test_reports_at_the_false_place_show_nobody_alive_at_the_true_one(n_there, n_found):
    """Five reports were taken for the vessel's own track, of which some lie on the false way."""
    found = segmented(scene("jump", 8.0, 3.0, 60.0, 1))
    tracked = found.tracked
    away = tracked.index[tracked["lat"] > 3.4]
    some = away[15::32][:5]
    tracked.loc[some, "track_id"] = MMSI * 100 + 1
    tracked.loc[some[n_there:], "lat"] -= 0.03 * np.arange(n_there + 1, 6) ** 2
    tracked = tracked.sort_values(["track_id", "time"], ignore_index=True)
    events = Spoofing().detect(tracked, context_of(found, make_zones([]), noise=found.noise))
    assert (events["subkind"] == "jump").sum() == n_found


@pytest.mark.parametrize(
    ("wander_deg", "fixes", "stations", "n_found"),
    [(0.005, 3, False, 1), (0.2, 3, False, 0), (0.005, 2, False, 0), (0.005, 3, True, 0)],
)
def test_three_false_fixes_do_that_passes_brought(wander_deg, fixes, stations, n_found):
    """A fix each 40 minutes 90 nm off: held there or anywhere, of passes or among stations."""
    table = scene("nothing", 10, 2, 60.0, 1)
    since_s = (table["time"] - T0).dt.total_seconds()
    burst = since_s % 2400 < 240
    heard = table[burst & ~since_s.between(10 * 3600, 12.5 * 3600)].reset_index(drop=True)
    found = segmented(heard)
    times = T0 + pd.to_timedelta(10.2 + np.arange(fixes) * 2 / 3, unit="h")
    false = found.tracked.iloc[:fixes].assign(time=times.astype(frames.TIME), lat=4.5, lon=97.0)
    false["lat"] += np.array([0.0, wander_deg, -wander_deg])[:fixes]
    noise = frames.conform(false.assign(reason=frames.FALSE_FIX), frames.NOISE)
    feed = segmented(table).tracked if stations else found.tracked
    context = context_of(found, make_zones([]), noise=noise)
    context = replace(context, coverage=coverage_learn.learn(feed))
    events = Spoofing().detect(found.tracked, context)
    assert events["subkind"].tolist() == ["jump"] * n_found
    assert events["start"].tolist() == [times[0]] * n_found


@pytest.mark.parametrize(
    ("north_deg", "back_deg", "n_found"),
    [(0.3, 0.3, 1), (0.3, 0.2, 0), (0.1, 0.1, 1), (0.1, 0.07, 0)],
)
def test_a_shift_between_passes_shows_by_its_vector(north_deg, back_deg, n_found):
    """Heard for four minutes of every forty: it leaps 18 nm, or 6 nm within its reach, and back by
    as much or less.
    """
    table = scene("nothing", 10, 2, 60.0, 1)
    since_s = (table["time"] - T0).dt.total_seconds()
    hour = since_s / 3600
    table["lat"] += np.where((hour >= 10) & (hour < 14), north_deg, 0.0)
    table["lat"] += np.where(hour >= 14, north_deg - back_deg, 0.0)
    found = segmented(table[since_s % 2400 < 240].reset_index(drop=True))
    events = Spoofing().detect(found.tracked, context_of(found, make_zones([]), noise=found.noise))
    assert len(events) == n_found
    assert events["subkind"].eq("jump").all()


@pytest.mark.parametrize(("bend_deg", "subkinds"), [(0.0, []), (50.0, ["offset_copy"])])
def test_where_the_way_bends_an_offset_astern_is_no_clocks(bend_deg, subkinds):
    """A ship, and she again 4 nm astern: on a straight way as a receiver that is late would."""
    s = np.arange(0.0, 6 * 3600.0, 60.0)
    leg_m = 12 * geodesy.KNOT_MPS * np.minimum(s, 3 * 3600.0), 12 * geodesy.KNOT_MPS * s
    lat, lon = geodesy.destination(3.0, 95.0, 90.0 + bend_deg / 2, leg_m[0])
    lat, lon = geodesy.destination(lat, lon, 90.0 - bend_deg / 2, leg_m[1] - leg_m[0])
    again = (s >= 3600.0) & (s < 5 * 3600.0)
    astern = reports(s[again] + 20, lat[again], lon[again] - 0.07, offset=100_000)
    found = segmented(pd.concat([reports(s, lat, lon), astern], ignore_index=True))
    events = Spoofing().detect(found.tracked, context_of(found, make_zones([]), noise=found.noise))
    assert events["subkind"].tolist() == subkinds


@pytest.mark.parametrize(("across_deg", "subkinds"), [(0.0, []), (0.03, ["offset_copy"])])
def test_a_clock_that_is_put_right_leaves_her_where_her_late_track_never_was(across_deg, subkinds):
    """Half of her reports come 8 min late for 40 min, and all of them at once from then on; or she
    sends a displaced copy for as long, which lies beside the way.
    """
    s = np.arange(0.0, 4 * 3600.0, 60.0)
    lat, lon = geodesy.destination(3.0, 95.0, 90.0, 12 * geodesy.KNOT_MPS * s)
    late = (s >= 3600.0) & (s < 6000.0) & (np.arange(len(s)) % 2 == 0)
    true = reports(s[~late], lat[~late], lon[~late])
    behind = reports(s[late] + 500.0, lat[late] + across_deg, lon[late], offset=100_000)
    early = true["time"] < behind["time"].min()
    both = pd.concat([true[early], behind, true[~early]], ignore_index=True)
    full = both.assign(heading_deg=np.nan, nav_status=0, msg_type=1, ais_class="A", source="feed")
    full["track_id"] = MMSI * 100 + 1 + (full.index >= len(full) - (~early).sum())
    tracked = frames.conform(full.sort_values(["track_id", "time"]), frames.TRACKED)
    context = context_of(integrity.Segmented(tracked, frames.empty(frames.NOISE)), make_zones([]))
    assert Spoofing().detect(tracked, context)["subkind"].tolist() == subkinds


def test_says_which_track_is_believed_and_why():
    found = segmented(scene("jump", 10, 2, 60.0, 1))
    context = context_of(found, make_zones([]), noise=found.noise)
    event = explain(Spoofing().detect(found.tracked, context), context, Spoofing.hypotheses)
    [evidence] = event["evidence"]
    assert evidence["believed_track_id"] == f"{MMSI}01"
    assert evidence["false_track_id"] == f"{MMSI}02"
    assert "resumed where the vessel can have sailed" in evidence["believed_because"]
    assert event["explanation"].iloc[0].startswith("interference")
    assert event["lat"].iloc[0] == pytest.approx(3.0, abs=0.06), "the last true position"
    assert evidence["false_lat"] == pytest.approx(3.8, abs=0.06)


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in {"late", "nothing"}])
def test_tells_a_sailor(kind):
    found = segmented(scene(kind, 10, 2, 60.0, 1))
    event = Spoofing().detect(found.tracked, context_of(found, make_zones([])))
    sentence = Spoofing.tell(told(event)[0], Plain(), MMSI)
    assert "2 h" in sentence
    assert "at " in sentence


def test_a_replay_heard_live_meanwhile_may_be_a_receivers_clock():
    table = scene("nothing", 10, 2, 60.0, 1)
    late = table[(table["time"] >= T0 + pd.Timedelta(hours=10))]
    late = late[late["time"] < T0 + pd.Timedelta(hours=12)]
    hour = pd.Timedelta(hours=1)
    late = late.assign(time=late["time"] + hour, source_offset=late["source_offset"] + 100_000)
    found = segmented(pd.concat([table, late]))
    context = context_of(found, make_zones([]))
    event = explain(Spoofing().detect(found.tracked, context), context, Spoofing.hypotheses)
    assert (event["score"] < 0.3).all()


def test_without_layers_nothing_is_on_land_but_a_leap_is_a_leap():
    found = segmented(scene("jump", 10, 2, 60.0, 1))
    context = context_of(found, make_zones([]))
    land = replace(context, zones=make_zones([]))
    assert Spoofing().detect(found.tracked, land)["subkind"].tolist() == ["jump"]


@pytest.mark.parametrize("mmsi", [9_753_168, 853_312_345])
def test_boats_with_numbers_that_sets_are_left_with_are_looked_at(mmsi):
    """009… and 8…: in these waters about half of class B."""
    found = segmented(scene("jump", 10, 2, 60.0, 1).assign(mmsi=mmsi))
    event = Spoofing().detect(found.tracked, context_of(found, make_zones([])))
    assert event[["mmsi", "subkind"]].to_numpy().tolist() == [[mmsi, "jump"]]


@pytest.mark.parametrize(
    ("mmsi", "msg_type"), [(111533001, 1), (993123456, 1), (5331234, 1), (MMSI, 9), (MMSI, 4)]
)
def test_only_vessels_are_looked_at(mmsi, msg_type):
    found = segmented(scene("circle here", 10, 3, 60.0, 1)).tracked
    found = found.assign(
        mmsi=mmsi, track_id=mmsi * 100 + 1, msg_type=np.int16(msg_type)
    ).drop_duplicates(["track_id", "time"], ignore_index=True)
    found = frames.conform(found.sort_values("time", ignore_index=True), frames.TRACKED)
    context = Context(
        T0,
        T0 + pd.Timedelta(hours=HOURS),
        make_zones([]),
        frames.empty(frames.VESSELS),
        Coverage.none(),
    )
    assert Spoofing().detect(found, context).empty


def disturbed(begin_h: float, minutes: float, every_s: float, seed: int) -> integrity.Segmented:
    """Three ships near each other whose fixes scatter at once, and one farther off."""
    rng, parts = np.random.default_rng(seed), []
    for k in range(4):
        table = scene("nothing", 0, 0, every_s, seed + k).assign(mmsi=MMSI + k)
        table["lat"] += 0.1 * k if k < 3 else 2.0
        at_h = (table["time"] - T0) / pd.Timedelta(hours=1)
        off = ((at_h >= begin_h) & (at_h < begin_h + minutes / 60)).to_numpy()
        if k < 3:
            away_m, bearing = rng.rayleigh(4000.0, off.sum()), rng.uniform(0, 360, off.sum())
            near = geodesy.destination(
                table["lat"].to_numpy()[off], table["lon"].to_numpy()[off], bearing, away_m
            )
            table.loc[off, "lat"], table.loc[off, "lon"] = near
        parts.append(table)
    return segmented(pd.concat(parts, ignore_index=True))


@pytest.mark.slow
@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    begin_h=st.floats(6, 30),
    minutes=st.floats(30, 60),  # of a dozen reports of a ship it is chance whether they scatter
    every_s=st.sampled_from([60.0, 120.0]),
    seed=st.integers(0, 99),
    cuts=st.lists(st.floats(0.1, HOURS - 0.1), min_size=1, max_size=3),
)
@example(begin_h=27.40625, minutes=58.0, every_s=60.0, seed=71, cuts=[1.0])  # as if shifted
def test_interference_is_the_same_in_any_windows(begin_h, minutes, every_s, seed, cuts):
    found = disturbed(begin_h, minutes, every_s, seed)
    end = T0 + pd.Timedelta(hours=HOURS)
    stage = Stage(found.tracked, make_zones([]), T0, end, noise=found.noise)
    whole = stage.look(Spoofing(), T0, end)
    assert whole["subkind"].tolist() == ["scatter"] * 3
    assert sorted(whole["mmsi"]) == [MMSI, MMSI + 1, MMSI + 2]
    for evidence in whole["evidence"]:
        assert evidence["n_others_scattered"] == 2
        assert evidence["rejoined"]
    cuts = [begin_h + minutes / 120, *cuts]  # in the middle of it, too
    edges = [T0, *(T0 + pd.Timedelta(hours=h) for h in sorted(set(cuts))), end]
    pd.testing.assert_frame_equal(stage.drive(Spoofing(), list(pairwise(edges))), whole)


def test_a_shift_between_scattered_fixes_is_told():
    """Fixes scatter for half an hour, are all shifted alike for as long, and scatter again."""
    table = scene("nothing", 0, 0, 60.0, 2)
    at_h = ((table["time"] - T0) / pd.Timedelta(hours=1)).to_numpy()
    rng = np.random.default_rng(2)
    scatters = ((at_h >= 10.0) & (at_h < 10.5)) | ((at_h >= 11.2) & (at_h < 11.7))
    here = table.loc[scatters, ["lat", "lon"]].to_numpy().T
    away_m, bearing = rng.rayleigh(4000.0, scatters.sum()), rng.uniform(0, 360, scatters.sum())
    table.loc[scatters, "lat"], table.loc[scatters, "lon"] = geodesy.destination(
        *here, bearing, away_m
    )
    table.loc[(at_h >= 10.6) & (at_h < 11.1), "lat"] += 0.02
    found, end = segmented(table), T0 + pd.Timedelta(hours=HOURS)
    stage = Stage(found.tracked, make_zones([]), T0, end, noise=found.noise)
    events = stage.look(Spoofing(), T0, end)
    told_h = (events.loc[events["subkind"] == "jump", "start"] - T0) / pd.Timedelta(hours=1)
    assert [round(float(one), 1) for one in told_h] == [10.6], events["subkind"].tolist()


@pytest.mark.parametrize(("begin_h", "others"), [(10.4, 3), (10.75, None)])
def test_interference_that_was_over_explains_no_jump(begin_h, others):
    """Ships' fixes scatter from 10 to 10.5 h; another's go off meanwhile, or a quarter later."""
    jumps = segmented(scene("jump", begin_h, 2, 60.0, 7).assign(mmsi=MMSI + 9))
    jammed = disturbed(10.0, 30.0, 60.0, 1)
    tracked = pd.concat([jammed.tracked, jumps.tracked], ignore_index=True)
    noise = pd.concat([jammed.noise, jumps.noise], ignore_index=True)
    events = Spoofing().detect(tracked, context_of(jammed, make_zones([]), noise=noise))
    event = events[events["mmsi"] == MMSI + 9].iloc[0]
    assert event["subkind"] == "jump"
    assert event["evidence"].get("n_others_scattered") == others


def test_fixes_that_scatter_twice_with_no_sound_one_between_are_one_story():
    """Every ten minutes one anywhere. Both were told of the last sound one, by one id, for which
    the detector failed for everybody.
    """
    rng, table = np.random.default_rng(0), scene("nothing", 0, 0, 60.0, 0)
    begin, end = T0 + pd.Timedelta(hours=10), T0 + pd.Timedelta(hours=13)
    times = pd.date_range(begin, end, freq="10min", inclusive="neither").as_unit("us")
    places = {"lat": rng.uniform(-60, 60, 17), "lon": rng.uniform(-170, 170, 17)}
    away = table[: len(times)].assign(time=times, **places)
    sound = table[~table["time"].between(begin, end)]
    found = segmented(pd.concat([sound, away]).sort_values("time", ignore_index=True))
    events = Spoofing().detect(found.tracked, context_of(found, make_zones([]), noise=found.noise))
    assert events["subkind"].tolist() == ["scatter"]
    assert (events["end"] - events["start"]).iloc[0] > pd.Timedelta(hours=2)


@pytest.mark.parametrize(
    ("pause_min", "heard_meanwhile", "n_stories"),
    [(10, True, 1), (20, True, 2), (20, False, 1), (150, False, 2)],
)
def test_jamming_with_a_pause_is_one_story(pause_min, heard_meanwhile, n_stories):
    minute = 60 * frames.SECOND_US
    first = scatter.Episode(533000001, 10, 20, 9, 21, True, 0, 30 * minute)
    begin = 25 if heard_meanwhile else 21
    later = (30 + pause_min) * minute
    second = scatter.Episode(533000001, begin, 40, begin - 1, 41, True, later, later + minute)
    other = replace(second, mmsi=533000008)
    found = as_one(Spoofing(), [first, second, other])
    assert len(found) == n_stories + 1
    assert found[-2].last == 40
    assert found[-2].end_us == later + minute
