"""Plans hold their limits, are the same for the same inputs, and say why a vessel is left out."""

import itertools
import json
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st

from detectors.core import events
from detectors.kinematics import geodesy
from detectors.surroundings.zones import ZONE_COLUMNS, Zones
from pipelines.assess.dispositions.outcomes import holding
from pipelines.patrol import assign, pairs
from pipelines.patrol import model as planning
from pipelines.patrol.motions import Boat
from pipelines.patrol.plan import Inputs, for_units, make
from pipelines.patrol.prediction import chance_within
from pipelines.patrol.units import Base
from pipelines.publish import plan as files
from pipelines.publish.plan import page, tables, words
from pipelines.publish.products import Planned
from pipelines.reference.layers.zones import SEA_OF
from pipelines.run.plan import concluded_of
from tests.making import event_row
from tests.pipelines.conftest import holds_its_policy, land_only
from tests.pipelines.patrol.conftest import T0, TEN_EXAMPLES, config, small_land, tracked, unit

NAMES = ["<script>alert(1)</script>", "=HYPERLINK(1)", "a\u202eb", "  ", "../x", "]]>", "OK"]


def inputs(tracked, vessels, past=None, **changes) -> Inputs:
    frame = tracked(*vessels)
    n = len(vessels)
    flagged = pd.DataFrame(
        {
            "rank": np.arange(1, n + 1),
            "mmsi": [v[0] for v in vessels],
            "name": [NAMES[k % len(NAMES)] for k in range(n)],
            "score": np.linspace(0.95, 0.4, n),
            "last_seen": T0,
            "incident_id": "",
        }
    )
    whole = Inputs(
        "20260106T160000Z-0001",
        True,
        T0,
        flagged,
        {},
        {},
        (),
        {},
        frame,
        events.empty() if past is None else past,
        5.0,
        pd.DataFrame({"lat": [2.7], "lon": [101.75]}),
        None,
    )
    return replace(whole, **changes)


def two_seas() -> Zones:
    """The territorial seas of two states: east of a line of longitude, and west of it."""
    names = {"MYS": "Malaysia", "IDN": "Indonesia"}
    rows = [
        (f"territorial-sea-{state.lower()}", f"{SEA_OF} {name}", "territorial_sea")
        for state, name in names.items()
    ]
    shapes = [shapely.box(101.25, 2.0, 102.0, 4.0), shapely.box(100.95, 2.0, 101.25, 4.0)]
    frame = gpd.GeoDataFrame(rows, columns=ZONE_COLUMNS[:3], geometry=shapes, crs=4326)
    frame = frame.assign(source="drawn", confidence="approximate")
    return Zones(frame, land_only(small_land()).land, shapely.box(100, 2, 102, 4))


def used_nm(one) -> float:
    cruise = one.sortie.unit.cruise_kn
    total = 0.0
    for stop in one.stops:
        total += stop.route.distance_m / 1852 * (stop.speed_kn / cruise) ** 2
        if stop.sector:
            total += (stop.end_us - stop.begin_us) / 3.6e9 * cruise
    return total


def hold(plan, cfg) -> None:
    """Everything that a plan promises."""
    met = [s.target.mmsi for one in plan.sailed for s in one.stops if s.target]
    assert len(met) == len(set(met))
    assert {o.target.mmsi for o in plan.left_out} | set(met) == {t.mmsi for t in plan.targets}
    assert not {o.target.mmsi for o in plan.left_out} & set(met)
    land = shapely.union_all(small_land())
    by_unit: dict[str, list[tuple[int, int]]] = {}
    for one in plan.sailed:
        if not one.stops:
            continue
        kind = one.sortie.unit
        here, time_us = (one.sortie.lat, one.sortie.lon), one.sortie.opens_us
        for stop in one.stops:
            assert stop.depart_us >= time_us
            assert stop.begin_us >= stop.depart_us
            assert (stop.route.lat[0], stop.route.lon[0]) == pytest.approx(here)
            assert (stop.route.lat[-1], stop.route.lon[-1]) == pytest.approx((stop.lat, stop.lon))
            sail_s = stop.route.distance_m / (stop.speed_kn * geodesy.KNOT_MPS)
            assert sail_s <= (stop.begin_us - stop.depart_us) / 1e6 + 1
            assert stop.speed_kn in (kind.cruise_kn, kind.max_kn)
            line = shapely.LineString(np.column_stack([stop.route.lon, stop.route.lat]))
            assert not line.intersects(land)
            assert not one.sortie.sea or stop.sea in ("", one.sortie.sea, *kind.seas)
            if stop.target:
                assert stop.end_us - stop.begin_us >= kind.boarding_min * 60e6
                assert stop.chance >= cfg.planning.min_chance
                hours = (stop.begin_us - plan.start_us) / planning.HOUR_US
                fades = (1 - cfg.planning.fade_per_h) ** hours
                assert stop.value == pytest.approx(stop.target.score * stop.chance * fades)
            here, time_us = (stop.lat, stop.lon), stop.end_us
        assert here == (one.sortie.lat, one.sortie.lon)
        assert time_us <= one.sortie.closes_us
        assert one.stops[0].depart_us >= one.sortie.opens_us
        assert one.hours <= (kind.endurance_h or np.inf) + 1e-9
        assert used_nm(one) <= (kind.endurance_nm or np.inf) + 1e-6
        assert sum(s.target is not None for s in one.stops) <= kind.boardings
        by_unit.setdefault(kind.name, []).append((one.stops[0].depart_us, one.stops[-1].end_us))
    for spans in by_unit.values():
        ordered = sorted(spans)
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(ordered))


places = st.tuples(
    st.floats(2.05, 3.95),
    st.floats(100.05, 101.75),
    st.sampled_from([0.0, 2.0, 9.0, 22.0]),
    st.integers(0, 359),
)


@TEN_EXAMPLES
@given(
    st.lists(places, min_size=1, max_size=9),
    st.sampled_from(["00:00-24:00", "18:00-06:00", "08:00-12:00"]),
    st.sampled_from([None, 4.0, 9.0]),
    st.sampled_from([None, 60.0, 150.0]),
    st.integers(0, 3),
    st.booleans(),
    st.sampled_from([(), ("Indonesia",)]),
)
@example(  # twice as fast as the second vessel, it meets it as long after the first boarding
    [(2.4, 101.47397202524319, 9.0, 2)] * 2, "18:00-06:00", 4.0, 150.0, 2, False, ("Indonesia",)
)
def test_plans_hold_their_limits(sea, where, watch, hours, nm, boardings, solver, seas):
    vessels = [(k + 1, *place) for k, place in enumerate(where)]
    cfg = config(
        unit("A", watch=watch, endurance_h=hours, endurance_nm=nm, boardings=boardings, seas=seas),
        unit("B", base=Base(name="East", lat=2.5, lon=101.4), cruise_kn=12, max_kn=15, seas=seas),
        iterations=50,
    )
    given_ = inputs(tracked, vessels, zones=two_seas())
    hold(make(given_, cfg, sea, use_solver=solver), cfg)


VESSELS = [
    (1, 2.3, 101.4, 0.0, 0),
    (2, 2.9, 101.3, 8.0, 200),
    (3, 3.6, 100.5, 12.0, 120),
    (4, 2.2, 100.2, 0.0, 0),
    (5, 3.9, 101.9, 2.0, 10),
    (6, 2.45, 101.1, 5.0, 90),
]


@pytest.mark.slow
def test_same_inputs_same_bytes(sea, tmp_path):
    cfg = config(unit("A"), unit("B", base=Base(name="West", lat=3.5, lon=100.3)))
    zones = land_only(small_land())
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        paths = files.write_all(
            Planned(make(inputs(tracked, VESSELS), cfg, sea)), tmp_path / name, zones
        )
        made.append({path.name: path.read_bytes() for path in paths})
    assert made[0] == made[1]
    assert {"plan.json", "plan.csv", "plan.geojson", "plan.html"} <= set(made[0])
    html = made[0]["plan.html"].decode()
    holds_its_policy(html)
    assert "<script" not in html


@pytest.mark.slow
def test_the_solver_is_no_worse_than_greed_and_greed_stands_in_for_it(sea, monkeypatch):
    given_ = inputs(tracked, VESSELS)
    cfg = config(unit("A"), unit("B", base=Base(name="West", lat=3.5, lon=100.3)))
    with_solver, without = make(given_, cfg, sea), make(given_, cfg, sea, use_solver=False)
    assert with_solver.value >= without.value - 1e-9
    assert without.solver == "greedy"
    assert without.value > 0
    monkeypatch.setitem(__import__("sys").modules, "pyvrp", None)
    assert make(given_, cfg, sea).solver == "greedy"


def test_an_incident_is_sailed_for_once(sea):
    vessels = [(1, 2.3, 101.4, 0.0, 0), (2, 2.35, 101.4, 0.0, 0)]
    cfg = config(unit("A", boardings=4), unit("B", boardings=4))
    both = make(inputs(tracked, vessels), cfg, sea)
    assert both.left_out == ()
    far = (3, 3.9, 100.1, 0.0, 0)
    near = config(unit("A", boardings=4, endurance_nm=80))
    for about, met in ((1, 1), (2, 2), (3, 1)):
        given_ = inputs(tracked, [*vessels, far], about={about})
        made = make(replace(given_, flagged=given_.flagged.assign(incident_id="i")), near, sea)
        assert {s.target.mmsi for one in made.sailed for s in one.stops if s.target} == {met}
        assert {o.target.mmsi: o.reason for o in made.left_out} == {
            3 - met: planning.SAME_INCIDENT,
            3: planning.OUT_OF_REACH,
        }
        hold(made, near)


def test_who_gets_the_plan_of_one_unit_is_told_what_others_go_for_and_nothing_of_them(sea):
    vessels = [(1, 2.3, 101.4, 0.0, 0), (2, 3.6, 100.5, 0.0, 0)]
    east, inland = Base(name="East", lat=2.5, lon=101.4), Base(name="Inland", lat=2.6, lon=100.4)
    west = Base(name="West", lat=3.5, lon=100.3)
    units = (unit("A", base=east), unit("B", base=west), unit("C", base=inland))
    made = make(inputs(tracked, vessels), config(*units), sea)
    assert {s.target.mmsi for one in made.sailed for s in one.stops if s.target} == {1, 2}
    own = for_units(made, ["A"])
    assert {one.sortie.unit.name for one in own.sailed} == {pair.unit for pair in own.intercepts}
    assert {one.sortie.unit.name for one in own.sailed} == {"A"}
    assert {o.target.mmsi: o.reason for o in own.left_out} == {2: planning.ANOTHER_UNIT}
    assert (own.unplaced, made.unplaced) == ((), ("C",))


@pytest.mark.parametrize(("fade_per_h", "first"), [(0.0, 2), (0.02, 1)])
def test_the_strongest_lead_is_not_left_for_the_evening(sea, fade_per_h, first):
    """It would be found as well in the second watch, and who sails away only in the first."""
    vessels = [(1, 2.45, 101.2, 0.0, 0), (2, 2.4, 101.1, 9.0, 260)]
    cfg = config(unit("A", watch="18:00-06:00", boardings=1), fade_per_h=fade_per_h)
    made = make(inputs(tracked, vessels), cfg, sea)
    met = [[s.target.mmsi for s in one.stops if s.target] for one in made.sailed]
    assert met[0] == [first]
    hold(made, cfg)


def test_what_was_concluded_is_not_sailed_for(sea):
    vessels = [(1, 2.3, 101.4, 0.0, 0), (2, 2.35, 101.4, 0.0, 0)]
    cfg = config(unit("A", boardings=4))
    made = make(inputs(tracked, vessels, concluded={1: ("boarded", "Aminah")}), cfg, sea)
    assert {s.target.mmsi for one in made.sailed for s in one.stops if s.target} == {2}
    [left] = tables.document(Planned(made))["left_out"]
    assert (left["reason"], left["detail"]) == ("concluded", "boarded, by Aminah")
    hold(made, cfg)


def test_a_conclusion_holds_until_something_else_happens():
    """What to watch is sailed for; so is what one of who saw a part didn't conclude on."""
    flagged = pd.DataFrame(
        {
            "mmsi": [1, 2, 3, 4],
            "incident_id": ["i", "j", "k", "l"],
            "event_ids": ["a", "b", "c", "d"],
        }
    )
    incidents = pd.DataFrame(
        {"incident_id": ["i", "j", "k", "l"], "events": ["a;e", "b", "c;new", "d"]}
    )
    said = [("before a", "boarded"), ("e", "boarded"), ("b", "watch"), ("c", "cleared")]
    said += [("d", "cleared"), ("d", "unknown")]
    dispositions = pd.DataFrame(said, columns=["event_id", "conclusion"]).assign(
        made_time=pd.date_range(T0, periods=6, freq="min"),
        disposition_id=[str(k) for k in range(6)],
        author="Aminah",
        reason="seen",
    )
    held = concluded_of(flagged, incidents, holding(dispositions, {"a": "before a"}))
    assert held == {1: ("boarded", "Aminah")}


def test_why_vessels_are_left_out(sea):
    vessels = [
        (1, 2.3, 101.4, 0.0, 0),  # could be met
        (2, 2.35, 101.4, 0.0, 0),  # as well, but there is one boarding, and its score is lower
        (3, 3.9, 100.1, 0.0, 0),  # beyond its endurance
        (4, 2.3, 101.3, 2.9, 0),  # not heard for five days
    ]
    cfg = config(unit("A", boardings=1, watch="06:00-10:00", endurance_nm=80))
    given_ = inputs(tracked, vessels)
    old = given_.tracked["time"].mask(
        given_.tracked["mmsi"] == 4, given_.tracked["time"] - pd.Timedelta("5D")
    )
    given_ = replace(given_, tracked=given_.tracked.assign(time=old))
    why = {o.target.mmsi: o.reason for o in make(given_, cfg, sea).left_out}
    assert why == {2: planning.LOWER_VALUE, 3: planning.OUT_OF_REACH, 4: planning.UNCERTAIN}
    late = config(unit("A", watch="00:00-01:00", cruise_kn=10, max_kn=10))
    [left] = make(inputs(tracked, vessels[:1]), late, sea).left_out
    assert left.reason == planning.OFF_WATCH
    unheard = inputs(tracked, vessels[:1])
    unheard = replace(unheard, tracked=unheard.tracked.iloc[:0])
    assert make(unheard, cfg, sea).left_out[0].reason == planning.NO_POSITION


def test_a_boat_that_ais_does_not_show_is_met_where_it_goes(sea):
    """It was seen ten minutes ago, 8 nm off, making 12 kn to the north."""
    seen_us = int((T0 - pd.Timedelta("10min")).value // 1000)
    boat = Boat(2, "b" * 16, 0.4, "<b>Something", seen_us, 2.35, 101.3, 12.0, 0.0)
    given_ = inputs(tracked, [(533000001, 3.9, 101.9, 0.0, 0)], boats=(boat,), unheard=(3,))
    plan = make(given_, config(unit("A", boardings=1)), sea)
    hold(plan, config())
    [stop] = [s for one in plan.sailed for s in one.stops if s.target]
    assert (stop.target.rank, stop.target.mmsi, stop.target.number) == (2, -2, "")
    hours = (stop.begin_us - seen_us) / 3.6e9
    assert stop.lat - 2.35 == pytest.approx(12 * hours / 60, abs=0.02)
    planned = Planned(plan)
    assert words.what(stop, plan.sailed[0], words.of(planned)) == "boat without AIS"
    row = words.rows(planned).iloc[0]
    assert (row["rank"], row["name"]) == (2, "")
    assert pd.isna(row["mmsi"])
    told = json.dumps(tables.document(planned)) + page.section(planned)
    assert {one["mmsi"] for one in tables.document(planned)["intercepts"]} == {533000001, None}
    assert "<b>Something" not in page.section(planned)
    assert "Seen last: 000° at 12.0 kn." in page.section(planned)
    assert "flagged vessels: 1" in page.section(planned), "boats without AIS are none"
    assert "NOT IN THIS PLAN: 3 on" in told


def test_a_boat_seen_too_long_ago_is_not_sailed_for(sea):
    seen_us = int((T0 - pd.Timedelta("8h")).value // 1000)
    boat = Boat(1, "b" * 16, 0.4, "Something", seen_us, 2.1, 101.3, 20.0, 0.0)
    given_ = inputs(tracked, [(533000001, 2.3, 101.4, 0.0, 0)], boats=(boat,), unheard=(3,))
    plan = make(given_, config(), sea)
    assert not plan.left_out, "where it would be by now says nothing of it"
    assert plan.unheard == (1, 3)
    assert {one.mmsi for one in plan.targets} == {533000001}


def test_a_unit_without_a_target_patrols_a_risk_sector(sea):
    plan = make(
        inputs(tracked, [(4, 2.2, 100.2, 0.0, 0)]), config(unit("A", endurance_nm=150)), sea
    )
    [one] = plan.sailed
    assert one.stops[0].sector is not None
    assert one.stops[0].value > 0
    hold(plan, config())


@pytest.mark.parametrize("use_solver", [True, False])
def test_a_unit_that_only_full_speed_brings_there_and_back_sails(sea, use_solver):
    """It lay in port, and what it could meet was of "lower value than what the units do"."""
    vessels = [(1, 2.83, 101.2, 0.0, 0), (2, 2.8, 101.15, 0.0, 0)]
    cfg = config(unit("A", cruise_kn=10, watch="00:00-04:00"))
    given_ = inputs(tracked, vessels, landings=pd.DataFrame({"lat": [], "lon": []}))
    plan = make(given_, cfg, sea, use_solver=use_solver)
    [one] = plan.sailed
    assert [(s.target and s.target.mmsi, s.speed_kn) for s in one.stops] == [(1, 25), (None, 10)]
    assert {left.target.mmsi: left.reason for left in plan.left_out} == {2: planning.LOWER_VALUE}
    hold(plan, cfg)
    slow = config(unit("A", cruise_kn=10, max_kn=10, watch="00:00-04:00"))
    assert not make(given_, slow, sea, use_solver=use_solver).sailed[0].stops


def test_a_sortie_that_was_given_nothing_searches_what_nobody_does(sea, monkeypatch):
    """As the solver leaves one in port, where what others do is worth more than all by greed."""
    real = assign.greedy
    monkeypatch.setattr(
        assign, "greedy", lambda runs, *of: [[] for _ in runs] if runs[1:] else real(runs, *of)
    )
    ends = T0 - pd.Timedelta("20h"), T0 - pd.Timedelta("19h")
    places = [(2.4, 101.1), (2.8, 101.1), (2.4, 101.6)]
    rows = [
        event_row("crossing", *ends, mmsi=mmsi, lat=lat, lon=lon, score=0.9)
        for mmsi, (lat, lon) in enumerate(places, 533000001)
    ]
    given_ = inputs(tracked, [(4, 2.2, 100.2, 0.0, 0)], events.build(rows))
    limits = {"watch": "00:00-08:00", "endurance_h": 5.0}
    cfg = config(unit("A", **limits), unit("B", **limits))
    plan = make(given_, cfg, sea, use_solver=False)
    first, second = ({s.sector.name for s in one.stops if s.sector} for one in plan.sailed[:2])
    assert first
    assert second
    assert not first & second
    hold(plan, cfg)


def test_hours_of_search_that_follow_one_another_are_one_stop(sea):
    plan = make(inputs(tracked, [(4, 2.2, 100.2, 0.0, 0)]), config(unit("A")), sea)
    [one] = plan.sailed
    for last, stop in itertools.pairwise(one.stops):
        goes_on = last.sector and stop.sector and stop.begin_us == last.end_us
        assert not goes_on or stop.sector.name != last.sector.name
    longest = max((s for s in one.stops if s.sector), key=lambda s: s.end_us - s.begin_us)
    begins = pd.date_range(
        planning.utc(longest.begin_us), planning.utc(longest.end_us), freq="2h", inclusive="left"
    )
    assert len(begins) > 1
    [whole] = [s for s in plan.sectors if s.name == longest.sector.name]
    expected = sum(whole.expected(begin, 2.0) for begin in begins) * longest.chance
    assert longest.value == pytest.approx(expected)
    hold(plan, config())


def test_without_flags_history_or_water(sea):
    empty = inputs(tracked, [(1, 2.3, 101.4, 0.0, 0)])
    empty = replace(
        empty,
        flagged=empty.flagged.iloc[:0],
        tracked=empty.tracked.iloc[:0],
        landings=empty.landings.iloc[:0],
    )
    plan = make(empty, config(), sea)
    assert plan.sailed
    assert not any(one.stops for one in plan.sailed)
    assert not plan.sectors
    ashore = config(unit("A", base=Base(name="Inland", lat=2.6, lon=100.4)))
    plan = make(inputs(tracked, VESSELS), ashore, sea)
    assert plan.unplaced == ("A",)
    assert not plan.sailed
    assert "Inland" not in tables.to_json(Planned(plan))


def test_what_only_full_speed_has_no_fuel_for_is_off_watch_not_out_of_reach(sea):
    """30 nm off: there and back at cruising speed is 60 of 80 nm, at full speed worth 150."""
    slow = unit("A", watch="00:00-01:30", cruise_kn=15, max_kn=30, endurance_nm=80)
    made = make(inputs(tracked, [(1, 3.0, 101.2, 0.0, 0)]), config(slow, max_sectors=0), sea)
    [left] = made.left_out
    assert left.reason == planning.OFF_WATCH
    assert left.nearest.speed_kn == 15
    assert "within its watch" in words.detail(left, Planned(made))


def test_a_unit_without_a_watch_in_the_plan_is_off_watch_not_out_of_reach(sea):
    night = unit("Night", watch="12:00-18:00")
    near = (563000001, 2.6, 101.25, 0.0, 0.0)
    plan = make(inputs(tracked, [near]), config(night, horizon_h=8), sea)
    assert not plan.sailed
    [left] = plan.left_out
    assert left.reason == planning.OFF_WATCH
    assert "within its watch" in words.detail(left, Planned(plan))


def test_greedy_against_every_order():
    """Two runs, few jobs: greed is feasible, the solver finds the best of all assignments."""
    import itertools

    metres = (
        np.array([[0, 10, 20, 30], [10, 0, 12, 22], [20, 12, 0, 11], [30, 22, 11, 0]], "float64")
        * 1852
    )
    run = assign.Run(0, 0, 6 * 3600, 10 * geodesy.KNOT_MPS, np.inf, np.inf, 2, 1800)
    jobs = [assign.Job(k, 0, 6 * 3600, v, True) for k, v in enumerate([0.3, 0.9, 0.5])]

    def value(order):
        time, place = 0.0, 0
        for k in order:
            time += metres[place, k + 1] / run.speed_mps + run.boarding_s
            place = k + 1
        back = time + metres[place, 0] / run.speed_mps
        return sum(jobs[k].value for k in order) if back <= run.closes_s else -1.0

    best = max(value(o) for n in (1, 2) for o in itertools.permutations(range(3), n))
    [solved] = assign.solve([run], jobs, metres, 1, iterations=100, seed=1)
    assert value(solved) == pytest.approx(best)
    [order] = assign.greedy([run], jobs, metres, 1)
    assert 0 < value(order) <= best


def soonest(plan, unit, mmsi, cfg, sea):
    """When and how fast a unit could first meet a vessel, time after time; None where never."""
    row, ticks = plan.prediction.mmsi.tolist().index(mmsi), plan.prediction.tick_us
    sorties = [one.sortie for one in plan.sailed if one.sortie.unit is unit]
    lat, lon, _ = sea.snap(*plan.prediction.at(row, ticks))
    out_nm = sea.distances_m(sorties[0].lat, sorties[0].lon, lat, lon) / 1852
    _, along, across = plan.prediction.scale_at(row, ticks)
    chance = chance_within(unit.search_nm * 1852, along, across, float(plan.prediction.dof[row]))
    for speed_kn in (unit.cruise_kn, unit.max_kn):
        for sortie in sorties:
            for tick, off_nm, found in zip(ticks.tolist(), out_nm, chance, strict=True):
                out_h, back_h = off_nm / speed_kn, off_nm / unit.cruise_kn
                board_h = unit.boarding_min / 60
                used_nm = off_nm * (1 + (speed_kn / unit.cruise_kn) ** 2)
                if (
                    unit.boardings
                    and plan.start_us <= tick <= plan.end_us
                    and sortie.opens_us + out_h * planning.HOUR_US <= tick
                    and tick + (board_h + back_h) * planning.HOUR_US <= sortie.closes_us
                    and out_h + board_h + back_h <= (unit.endurance_h or np.inf)
                    and used_nm <= (unit.endurance_nm or np.inf)
                    and found >= cfg.planning.min_chance
                ):
                    return tick, speed_kn
    return None


@pytest.mark.slow
def test_each_pair_is_the_first_meeting_that_the_unit_can_sail_to(sea):
    west, morning = Base(name="West", lat=3.5, lon=100.3), "08:00-14:00"
    cfg = config(
        unit("A", watch="20:00-06:00", endurance_h=2.2),
        unit("B", base=west, watch="20:00-06:00", cruise_kn=10, max_kn=25, boarding_min=45),
        unit("C", boardings=0),
        unit("D", cruise_kn=12, max_kn=24, watch=morning, endurance_nm=104, boarding_min=20),
        unit("E", cruise_kn=10, max_kn=20, watch=morning, boarding_min=60),
        unit("F", watch="20:00-06:00"),
    )
    plan = make(inputs(tracked, [VESSELS[k] for k in (0, 2, 5)]), cfg, sea, use_solver=False)
    units = {one.name: one for one in cfg.units}
    told = {
        (pair.unit, pair.target.mmsi): (pair.time_us, pair.speed_kn) if not pair.reason else None
        for pair in plan.intercepts
    }
    assert told == {(u, m): soonest(plan, units[u], m, cfg, sea) for u, m in told}
    assert {speed for _, speed in filter(None, told.values())} >= {18.0, 25.0}


def sail(run, jobs, metres, n_bases, order):
    """Whether a run can do these jobs in this order: each as early as it can, leaving for that."""
    place, left_s, time_s, sailed_m = run.base, None, run.opens_s, 0.0
    for job in order:
        way_m, place = metres[place, n_bases + job], n_bases + job
        begin_s = max(time_s + way_m / run.speed_mps, jobs[job].early_s)
        left_s = begin_s - way_m / run.speed_mps if left_s is None else left_s
        if begin_s > jobs[job].late_s or jobs[job].sea in run.closed:
            return False
        time_s = begin_s + run.duration_s(jobs[job])
        sailed_m += way_m + run.length_m(jobs[job])
    time_s, sailed_m = (
        time_s + metres[place, run.base] / run.speed_mps,
        sailed_m + metres[place, run.base],
    )
    return (
        time_s <= run.closes_s
        and time_s - (left_s or 0.0) <= run.endurance_s
        and sailed_m <= run.endurance_m
        and sum(jobs[job].boarding for job in order) <= run.boardings
    )


def test_a_boarding_takes_as_long_as_its_unit_does_and_a_search_as_long_as_it_is():
    run = assign.Run(0, 0, 30_000, 8, np.inf, np.inf, 5, 1_800)
    boarding, search = (assign.Job(-1, 0, 9, 1.0, one, duration_s=3_600) for one in (True, False))
    assert [run.duration_s(job) for job in (boarding, search)] == [1_800, 3_600]
    assert [run.length_m(job) for job in (boarding, search)] == [0, 8 * 3_600]


def test_the_nearest_thing_to_a_meeting_is_one_that_can_be_then_the_likeliest_then_the_nearest():
    target = planning.Target(1, 1, "", 0.5, "", "", 1.0)
    far, near, out, unlikely, likely, can = (
        planning.Intercept(str(k), target, reason, out_nm=nm, chance=chance)
        for k, (reason, nm, chance) in enumerate(
            [
                (planning.OUT_OF_REACH, 9.0, 0.0),
                (planning.OUT_OF_REACH, 5.0, 0.0),
                (planning.NO_POSITION, np.nan, 0.0),
                (planning.UNCERTAIN, 3.0, 0.1),
                (planning.UNCERTAIN, 4.0, 0.2),
                ("", 8.0, 0.1),
            ]
        )
    )
    for some, one in (
        ([out], None),
        ([far, near, out], near),
        ([near, unlikely, likely], likely),
        ([near, likely, can], can),
        ([unlikely, replace(unlikely, unit="z", out_nm=2.0)], "z"),
    ):
        found = pairs.nearest(target, some)
        assert (found.unit if isinstance(one, str) else found) == one


def test_what_happened_in_few_days_weighs_as_in_that_many(sea):
    """Fewer than one are as one."""
    ends = T0 - pd.Timedelta("20h"), T0 - pd.Timedelta("19h")
    past = events.build([event_row("crossing", *ends, lat=2.4, lon=101.1, score=0.9)])
    far = [(4, 2.2, 100.2, 0.0, 0)]
    worth = []
    for days in (0.5, 1.0, 2.0):
        given_ = inputs(tracked, far, past, past_days=days)
        made = make(given_, config(unit("A", endurance_nm=90)), sea, use_solver=False)
        worth.append(sum(s.value for one in made.sailed for s in one.stops if s.sector))
    assert worth[0] == worth[1] == pytest.approx(2 * worth[2], rel=0.3) != 0


@pytest.mark.parametrize("seed", range(8))
def test_greed_sails_within_every_limit_and_leaves_nothing_that_fits_behind(seed):
    rng = np.random.default_rng(seed)
    place = rng.uniform(0, 60_000, 14) + 1j * rng.uniform(0, 60_000, 14)
    metres = np.abs(place[:, None] - place)
    metres[13, :] = metres[:, 13] = np.inf  # no way there
    jobs = [
        assign.Job(
            int(rng.integers(-1, 3)),
            early := float(rng.uniform(0, 15_000)),
            early + float(rng.uniform(3_000, 15_000)),
            float(rng.uniform(0.1, 1)),
            boarding=bool(rng.random() < 0.7),
            duration_s=3_600,
            sea=str(rng.choice(["", "B"])),
        )
        for _ in range(12)
    ]
    runs = [
        assign.Run(0, 0, 30_000, 8, 14_000, np.inf, 5, 1_800),
        assign.Run(1, 3_000, 24_000, 10, np.inf, 90_000, 2, 1_200, frozenset({"B"})),
    ]
    orders = assign.greedy(runs, jobs, metres, 2)
    assert all(sail(run, jobs, metres, 2, one) for run, one in zip(runs, orders, strict=True))
    done = [job for one in orders for job in one]
    groups = [jobs[job].group for job in done if jobs[job].group >= 0]
    assert len(set(done)) == len(done) > 1
    assert len(set(groups)) == len(groups)
    free = [k for k in {*range(12)} - {*done} if jobs[k].group not in groups]
    more = [(run, [*one, job]) for run, one in zip(runs, orders, strict=True) for job in free]
    assert not any(sail(run, jobs, metres, 2, order) for run, order in more)


def test_a_plan_says_whose_sea_its_stops_lie_in(sea):
    """The base and the first vessel lie east of a line, the second one west of it."""
    zones = two_seas()
    vessels = [(1, 2.3, 101.4, 0.0, 0), (2, 2.4, 101.1, 0.0, 0)]
    cfg = config(unit("A", base=Base(name="East", lat=2.5, lon=101.4), seas=("Indonesia",)))
    plan = make(replace(inputs(tracked, vessels), zones=zones), cfg, sea)
    document = tables.document(Planned(plan))
    stops = document["sorties"][0]["stops"]
    seas = {stop["mmsi"]: stop["territorial_sea"] for stop in stops if stop["mmsi"]}
    assert seas == {1: "Malaysia", 2: "Indonesia"}
    away = [str(k) for k, stop in enumerate(stops, 1) if stop["territorial_sea"] == "Indonesia"]
    [note] = [one for one in document["notes"] if "ANOTHER STATE" in one]
    assert f": A, stop {away[0]}" in note
    assert "(Indonesia)" in note
    assert "Malaysia" not in note
    html = page.to_html(Planned(plan, None, "ms"), zones)
    assert "101°06.00′E, di laut wilayah Indonesia" in html
    assert "DI LAUT WILAYAH NEGARA LAIN" in html
    at_home = config(unit("A", base=Base(name="East", lat=2.5, lon=101.4), endurance_nm=40))
    for made in (
        make(replace(inputs(tracked, vessels[:1]), zones=zones), at_home, sea),
        make(inputs(tracked, vessels), cfg, sea),  # whose sea it is isn't known
    ):
        assert any(one.stops for one in made.sailed)
        assert "ANOTHER STATE" not in " ".join(words.warnings(Planned(made)))


def test_nobody_is_sent_into_the_sea_of_another_state(sea):
    """What lies there is left to its authorities; what comes out of it is met where it does."""
    lying = (2, 2.4, 101.1, 0.0, 0)
    vessels = [(1, 2.3, 101.4, 0.0, 0), lying, (3, 2.6, 101.1, 9.0, 90)]
    at_home = Base(name="East", lat=2.5, lon=101.4)
    cfg = config(unit("A", base=at_home))
    plan = make(inputs(tracked, vessels, zones=two_seas()), cfg, sea)
    assert {s.target.mmsi for one in plan.sailed for s in one.stops if s.target} == {1, 3}
    hold(plan, cfg)
    [left] = tables.document(Planned(plan))["left_out"]
    assert left["reason"] == "in another state's territorial sea: a lead for its authorities"
    assert left["detail"].startswith("A could meet it ")
    with_other = config(unit("A", base=at_home), unit("B"))
    plan = make(inputs(tracked, [lying], zones=two_seas()), with_other, sea)
    assert [one.sortie.unit.name for one in plan.sailed for s in one.stops if s.target] == ["B"]
    hold(plan, with_other)


def test_no_longer_watch_sends_anybody_into_the_sea_of_another_state(sea):
    """To say that its watch is too short would ask for a longer one."""
    at_home = Base(name="East", lat=2.5, lon=101.4)
    lying, coming = (2, 2.4, 101.1, 0.0, 0), (2, 2.4, 101.1, 8.0, 90)
    for vessel, seas, reason in (
        (lying, (), "in another state's territorial sea: a lead for its authorities"),
        (lying, ("Indonesia",), "outside watch hours"),
        (coming, (), "outside watch hours"),  # a longer one may wait for it outside
    ):
        cfg = config(unit("A", base=at_home, watch="00:00-02:00", seas=seas))
        plan = make(inputs(tracked, [vessel], zones=two_seas()), cfg, sea)
        [left] = tables.document(Planned(plan))["left_out"]
        assert left["reason"] == reason
        assert "within its watch" in left["detail"]


def test_a_vessel_is_left_out_for_what_is_told_of_it():
    """Not for what holds of another unit than the one named beside it."""
    target = planning.Target(1, 7, "", 0.9, "", "", 1.0, "", True)
    place = 1, 2.0, 101.0, 20.0
    unsure = planning.Intercept("A", target, planning.UNCERTAIN, *place, 10.0, 0.1)
    late = planning.Intercept("B", target, planning.OFF_WATCH, *place, 50.0, 0.4, True)
    able = planning.Intercept("C", target, "", *place, 60.0, 0.2)
    dry = planning.Intercept("A", target, planning.NO_WATER)
    for mine, why in (
        ([unsure, late], planning.OFF_WATCH),
        ([unsure, late, able], ""),
        ([dry], planning.NO_WATER),
    ):
        assert pairs.why_not([target], mine) == {7: why}


def test_no_sector_is_searched_in_the_sea_of_another_state(sea):
    ends = T0 - pd.Timedelta("20h"), T0 - pd.Timedelta("19h")
    past = events.build([event_row("crossing", *ends, lat=2.4, lon=101.1, score=0.9)])
    for seas, searched in (((), False), (("Indonesia",), True)):
        cfg = config(
            unit("A", base=Base(name="East", lat=2.5, lon=101.4), seas=seas, endurance_nm=90)
        )
        far = [(4, 2.2, 100.2, 0.0, 0)]
        plan = make(inputs(tracked, far, past, zones=two_seas()), cfg, sea)
        found = {s.sea for one in plan.sailed for s in one.stops if s.sector}
        assert ("Indonesia" in found) == searched


def test_the_document_says_what_it_must(sea):
    plan = make(inputs(tracked, VESSELS), config(unit("A", sample=True)), sea)
    document = tables.document(Planned(plan))
    assert document["simulated"]
    assert document["sample_units"]
    assert not document["depth_checked"]
    assert document["stale_after"] == "2026-01-07T04:00:00Z"
    text = " ".join(document["notes"])
    for said in ("SIMULATED", "SAMPLES", "leads, not findings", "depth is NOT checked", "Stale"):
        assert said in text
    json.loads(tables.to_json(Planned(plan)))
