"""Few numbers that stand for much: what a crowd or a babbler on the air may cost a night.

One transmitter can send by any number, at any place, under any name.
"""

import tracemalloc
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core import events, frames
from detectors.core.arrays import Ints
from detectors.core.detector import Context
from detectors.core.errors import SelatError
from detectors.encounter import hanging, pairs
from detectors.gap import Gap
from detectors.identity import Identity
from detectors.kinematics import near, timegrid
from detectors.possible_meeting import PossibleMeeting
from detectors.possible_meeting import pairs as met
from detectors.spoofing import Spoofing, false_fixes
from detectors.surroundings import nearby
from detectors.surroundings.coverage import Coverage
from detectors.surroundings.zones import Zones
from detectors.unmatched_sighting import evidence
from detectors.vessels import namesakes, statement
from pipelines.assess.guard import guard
from pipelines.assess.incidents.first import first
from pipelines.assess.ranking import Assessment, assess
from pipelines.base.settings import REFERENCE, AssessSettings
from pipelines.detect.heard import heard_by_vessel
from pipelines.detect.window import Detection
from pipelines.reference.layers import load_gazetteer
from tests import making
from tests.detectors import test_identity, test_possible_meeting
from tests.detectors.company import between
from tests.detectors.scenes import Stage
from tests.detectors.tables import make_positions, make_zones
from tests.making import event_row, reports

HOUR_US = 3_600_000_000
NIGHT = pd.Timestamp("2026-01-05T16:00", tz="UTC").as_unit("us")
FORGED, TRUE = 533_200_000, 525_000_001
MEMORY = statement.Memory(900.0, 43_200.0, 5400.0, most_s=86_400.0, intervals=8.0)


def oldest(begin: Ints, end: Ints, tracks: Ints, memory: int, least: int) -> list[tuple[int, int]]:
    """Return what `hanging.oldest` does, run by run and pair by pair."""
    found = []
    for run in range(len(begin)):
        floor, ceiling = end[run] - memory, end[run] + least
        since, until = np.maximum(begin, floor), np.minimum(end, ceiling)
        seen = [
            k for k in range(len(begin)) if end[k] >= floor and until[k] - begin[k] + 1 >= least
        ]
        linked = {run} & set(seen)
        while True:
            more = {
                b
                for a in linked
                for b in seen
                if set(tracks[:, a]) & set(tracks[:, b])
                and max(since[a], since[b]) <= min(until[a], until[b])
            }
            if more <= linked:
                break
            linked |= more
        if len(linked) < 2:
            found.append((-1, 0))
            continue
        first = min(linked, key=lambda k: (since[k], *tracks[:, k], k))
        found.append((first, int(since[first])))
    return found


runs = st.tuples(st.integers(0, 60), st.integers(0, 30), st.integers(0, 6), st.integers(1, 3))


@given(st.lists(runs, max_size=14), st.integers(0, 40), st.integers(1, 8))
def test_a_raft_is_that_of_all_its_pairs(rows: list[Any], memory: int, least: int) -> None:
    begin, lasting, left, more = np.array(rows, "int64").reshape(-1, 4).T.copy()
    found = hanging.oldest(begin, begin + lasting, left, left + more, memory, least)
    root, since = (one.tolist() for one in found)
    wanted = oldest(begin, begin + lasting, np.stack([left, left + more]), memory, least)
    assert [(r, s if r >= 0 else 0) for r, s in zip(root, since, strict=True)] == wanted


def test_a_crowd_of_pairs_hangs_together_at_a_cost_of_their_number() -> None:
    """Of 500 vessels each pair shares a vessel with a thousand others: 62 million in all."""
    left, right = (side.astype("int64") for side in np.triu_indices(500, 1))
    begin = np.zeros(len(left), "int64")
    root, since = hanging.oldest(begin, begin + 100, left, right, 180, 15)
    assert (root == 0).all()
    assert (since == 0).all()


def crowd(n: int, ticks: int) -> timegrid.Grid:
    track, tick = (
        np.repeat(np.arange(n) * 100 + 56_300_000_000, ticks),
        np.tile(np.arange(ticks), n),
    )
    here = np.full(n * ticks, 2.9)
    still = np.full(n * ticks, 0.2)
    return timegrid.Grid(120, track, tick, here, here + 98.0, still, np.arange(n * ticks))


def test_who_lies_near_in_a_crowd_is_counted_once_for_all_who_ask() -> None:
    """Each of 300 vessels is asked about 300 times at a tick, with 299 others near: 27 million."""
    grid = crowd(300, 1)
    asked = np.repeat(np.arange(300), 300)
    assert (nearby.n_near(grid, asked, np.arange(300), 1852.0) == 299).all()
    assert nearby.n_near(grid, np.array([7, 7, 3]), np.array([3, 4]), 500.0).tolist() == [2, 2, 1]


def test_counting_who_is_near_is_counting_the_pairs() -> None:
    rng = np.random.default_rng(7)
    some, others = (
        (rng.uniform(0, 0.02, n), rng.uniform(100, 100.02, n), rng.integers(0, 4, n))
        for n in (150, 220)
    )
    counted = np.bincount(between(some, others, 700.0)[0], minlength=150)
    assert near.n_near(some, others, 700.0).tolist() == counted.tolist()
    assert counted.any()


def test_sightings_heaped_at_one_place_take_no_memory() -> None:
    """Twenty thousand in a file of a megabyte made two hundred million pairs: 8 GB."""
    n = 4000
    seen = SimpleNamespace(
        lat=np.full(n, 2.9), lon=np.full(n, 100.9), scene=np.r_[7, 7, np.full(n - 2, 9)]
    )
    limits = SimpleNamespace(fleet_m=5000.0)
    tracemalloc.start()
    try:
        others = evidence._others_near(cast("Any", limits), cast("Any", seen), np.arange(n))
        peak_mb = tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()
    assert others.tolist() == [1, 1] + [n - 3] * (n - 2)
    assert peak_mb < 50


def test_more_vessels_at_one_place_than_can_be_paired_are_refused_by_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One detector fails with a message that says where; the night goes on without it."""
    monkeypatch.setattr(pairs, "MOST", 1 << 12)
    grid, everybody = crowd(60, 10), cast("Context", SimpleNamespace(asked=None))
    with pytest.raises(
        SelatError,
        match=r"4,\d+ pairs within 500 m.* 59 others .* 2\.9000, 100\.9000, 1970-01-01T00",
    ):
        pairs._near(grid, np.arange(len(grid.tick)), everybody, (500.0, 150.0))


def test_more_silences_than_can_be_held_against_one_another_are_refused_by_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """20,000 numbers that fall silent in one sea never let a night end."""
    gone = test_possible_meeting.silent
    silences = [gone(563_000_000 + k, 60.0 * k, 4.0 + k / 1000) for k in range(40)]
    heard = cast("Coverage", test_possible_meeting.Heard())
    asked = PossibleMeeting(), silences, np.ones(40, bool), heard
    assert met.between_silences(*asked)
    held: list[int] = []
    monkeypatch.setattr(met.prism, "together", lambda *given: held.append(1))
    monkeypatch.setattr(met, "MOST", 1 << 8)
    with pytest.raises(SelatError, match=r"silent vessels .*: 40, most around 4\.0\d+, 100"):
        met.between_silences(*asked)
    assert held == []


def said(n: int, lasting_us: int, mmsi: int = 563_999_999) -> list[tuple[Any, ...]]:
    """Return `n` names of a vessel in seven hours of one date."""
    every_us = 7 * HOUR_US // n
    return [
        (
            mmsi,
            20_000,
            f"{chr(65 + k % 26)}{chr(65 + k // 26 % 26)} STAR {k}",
            at,
            at + lasting_us,
            2,
        )
        for k, at in enumerate(range(0, n * every_us, every_us))
    ]


def stated(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(statement.Stated._fields))
    return frame.astype({"value": "str"})


@pytest.mark.parametrize(("lasting_us", "told"), [(0, 0), (HOUR_US // 2, 48)])
def test_a_number_that_says_thousands_of_names_is_gone_through_once(
    lasting_us: int, told: int
) -> None:
    """A crew has time for 48 names that stand for a quarter of an hour in twelve hours."""
    assert len(statement.changes(stated(said(3000, lasting_us)), "name", MEMORY)) == told


def test_those_who_share_a_call_sign_and_say_thousands_of_names_arent_compared() -> None:
    vessels = 563_999_998, 563_999_999
    names = stated([row for mmsi in vessels for row in said(1500, HOUR_US // 2, mmsi)])
    signs = stated([(mmsi, 20_000, "9V1234", 0, 20 * HOUR_US, 50) for mmsi in vessels])
    none = stated([])
    few = names.groupby("mmsi").head(20)
    assert len(namesakes.named(few, signs, none, MEMORY)) == 40
    assert namesakes.look_alikes(names, signs, none, MEMORY) == []


def test_a_number_of_a_hull_said_by_thousands_is_gone_through_once() -> None:
    rows = [(201_000_000 + k, 20_000, "9074729", k, k, 1) for k in range(5000)]
    assert namesakes.shared_imo(stated(rows), MEMORY) == []


def test_what_another_vessel_says_next_day_makes_no_number_stand() -> None:
    """A number that came through once, perhaps damaged, was never said again by that vessel."""
    late = 24 * HOUR_US - 60_000_000
    rows = [
        (563_000_001, 20_000, "9074729", late, late, 1),
        (563_000_002, 20_001, "9074729", late + 1_000_000_000, late + 9 * HOUR_US, 90),
    ]
    found = namesakes.shared_imo(stated(rows), MEMORY)
    assert found == []


@pytest.mark.parametrize("until_us", [HOUR_US // 2, 24 * HOUR_US])
def test_names_that_nobody_remembers_are_not_gone_through_for_each_new_one(until_us: int) -> None:
    """Thousands said the day before, or once the day before and once today, stood for nothing."""
    old = [(*row[:4], row[3] + 20 * 60_000_000, 2) for row in said(3000, 0)]
    if until_us > HOUR_US:
        once = said(3000, 0)
        old = [*once, *((m, d + 1, v, a + until_us, b + until_us, n) for m, d, v, a, b, n in once)]
    later = 20_002, 2 * 24 * HOUR_US
    new = [
        (m, later[0], f"NEW {v}", later[1] + a, later[1] + b, n)
        for m, _, v, a, b, n in said(24, HOUR_US // 4)
    ]
    changes = statement.changes(stated([*old, *new]), "name", MEMORY)
    # What was new is told of what was new before it alone, for as long as that may be remembered.
    told = [change.old for change in changes if change.new.startswith("NEW")]
    assert [old.startswith("NEW") for old in told] == [True] * 23


def crossed(mmsi: int, score: float, **other: Any) -> dict[str, Any]:
    begin = NIGHT + pd.Timedelta(hours=4)
    until = begin + pd.Timedelta(hours=2)
    where = {"mmsi": mmsi, "lat": 2.0, "lon": 101.9, "score": score, **other}
    return event_row("crossing", begin, until, **where)


def sailed_as_one(*numbers: int) -> list[dict[str, Any]]:
    """Each as the one before."""
    return [
        crossed(one, 0.5, other_mmsi=other)
        | {"kind": "identity", "subkind": "two_numbers", "detector": "identity"}
        for one, other in pairwise(numbers)
    ]


def test_copies_of_one_crossing_leave_the_others_their_share() -> None:
    copies = [crossed(FORGED + i, 0.95) for i in range(300)]
    boats = [crossed(TRUE + i, 0.8, lat=3.0 + i / 5) for i in range(4)]
    kept, [held] = guard(events.build([*copies, *boats]), 410, AssessSettings())
    assert set(kept["mmsi"]) >= {TRUE + i for i in range(4)}
    assert (len(kept), held.vessels) == (82, 304)
    assert "304 of 410 vessels" in str(held)
    assert str(held).endswith("; 300 of all did so within six miles and an hour")
    kept, _ = guard(events.build([*copies[:20], *boats]), 410, AssessSettings())
    assert len(kept) == 24, "within its share nothing is held back, however alike"
    apart = [crossed(FORGED + i, 0.95, lat=i / 5) for i in range(100)]
    _, [held] = guard(events.build(apart), 410, AssessSettings())
    assert str(held).endswith("count")


def listed(*rows: dict[str, Any], **held: Any) -> Assessment:
    """Return what a night's list makes of events."""
    found = events.build(list(rows))
    numbers = sorted({*found["mmsi"], *found["other_mmsi"]} - {0})
    vessels = making.said(*({"mmsi": one} for one in numbers), schema=frames.VESSELS)
    heard = reports(frames.TRACKED, mmsi=numbers, time=NIGHT, lat=2.0, lon=101.9)
    end = NIGHT + pd.Timedelta(hours=24)
    context = Context(NIGHT, end, Zones.none(), vessels, Coverage.none())
    by_vessel = heard_by_vessel(heard.sort_values("track_id", ignore_index=True), NIGHT, end)
    detection = Detection(found, {}, by_vessel, context, 1)
    settings = AssessSettings(**{"max_share": 1.0, **held})
    nothing = events.build([])
    return assess(detection, load_gazetteer(REFERENCE), settings, past=nothing, changes=nothing)


def test_copies_of_one_crossing_leave_the_others_their_place_on_the_list() -> None:
    copies = [crossed(FORGED + i, 0.95) for i in range(40)]
    boats = [crossed(TRUE + i, 0.5, lat=3.0 + i / 5) for i in range(4)]
    cut = listed(*copies, *boats, max_flags=12)
    assert len(cut.flagged) == 12
    assert set(cut.flagged["mmsi"]) >= {TRUE + i for i in range(4)}
    assert cut.over_budget == 32
    whole = listed(*copies, *boats).flagged
    assert len(whole) == 44, "of a list that isn't full none goes"


def test_more_numbers_than_can_be_hulls_on_one_way_are_one_incident() -> None:
    copies = [crossed(FORGED + i, 0.95) for i in range(8)]
    beside = sailed_as_one(*(FORGED + i for i in range(8)))
    first, second = listed(*copies, *beside, crossed(TRUE, 0.5)).incidents["title"]
    assert "At least 8 numbers sailed as one: one transmitter sends them, or boats in tow" in first
    assert "as one" not in second
    few = {"max_shares": {"identity": 0.01}, "min_share_vessels": 2}
    held = listed(*copies, *beside, **few)
    assert [str(one.detector) for one in held.held_back] == ["identity"]
    assert len(held.incidents) == 1, "what says so is held back, and says so all the same"
    pushed = listed(*copies[:3], *beside[:2], **few).incidents
    assert len(pushed) > 1, "a pusher and her barges are vessels"
    assert not pushed["title"].str.contains("as one").any()


def test_hulls_with_two_numbers_each_that_met_are_not_six_as_one() -> None:
    sets = [one for i in (0, 2, 4) for one in sailed_as_one(FORGED + i, FORGED + i + 1)]
    later, how = {"start": NIGHT + pd.Timedelta(hours=5), "score": 0.7}, "encounter"
    visits = [
        {**crossed(FORGED, 0.7, other_mmsi=FORGED + i), "kind": how, "detector": how, **later}
        for i in (2, 4)
    ]
    kind = {"median_distance_m": 20.0, "median_speed_kn": 0.1, "other_median_speed_kn": 0.1}
    told = [{**one, "evidence": {**kind, "zones_reached": True}} for one in visits]
    told[1]["anchor"] += pd.Timedelta(minutes=30)
    [title] = listed(*sets, *told).incidents["title"]
    assert "as one" not in title
    assert title.endswith("With 3 other vessels")


def test_of_many_that_did_alike_one_is_among_those_to_look_at_first() -> None:
    boats = [crossed(TRUE + i, 0.6, lat=3.0 + i / 5) for i in range(2)]

    def forged_among_first(n_forged: int, *others: dict[str, Any], answered: bool = False) -> int:
        rows = [*(crossed(FORGED + i, 0.95) for i in range(n_forged)), *others]
        found = listed(*rows)
        now = NIGHT + pd.Timedelta(hours=24)
        ids = found.events.loc[(found.events["mmsi"] < FORGED) & answered, "event_id"].tolist()
        told = first(found.incidents, found.events, found.flagged, now, answered=ids)
        of = found.incidents.set_index("incident_id")["mmsi"]
        assert len(told) == 3
        return sum(of[one.incident_id] >= FORGED for one in told)

    assert forged_among_first(6, *boats) == 1
    assert forged_among_first(5, *boats) == 3, "a few boats are boats"
    assert forged_among_first(9, *boats[:1]) == 2, "where there is nothing else"
    assert forged_among_first(9, *boats, answered=True) == 3, "what is answered comes behind all"


def numbers_heard_once(n: int, hours: int) -> Stage:
    rng = np.random.default_rng(7284)
    table = pd.DataFrame(
        {
            "mmsi": 533_000_000 + np.arange(n),
            "time": NIGHT + pd.to_timedelta(np.sort(rng.integers(0, hours * 3600, n)), unit="s"),
            "lat": 3.0 + rng.normal(0, 0.3, n),
            "lon": 100.5 + rng.normal(0, 0.3, n),
            "sog_kn": 8.0,
            "cog_deg": 90.0,
            "ais_class": np.where(np.arange(n) % 3 == 0, "B", "A"),
        }
    )
    day = NIGHT, NIGHT + pd.Timedelta(hours=hours)
    return Stage(make_positions(table), make_zones([]), *day)


def test_numbers_that_are_heard_once_take_no_memory_each() -> None:
    """Each is silent for the rest of the day: a million took 20 GB, and the night with them."""
    stage = numbers_heard_once(24_000, 24)
    context = stage.context()
    tracemalloc.start()
    Gap().detect(stage.positions, context)
    peak_mb = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    assert peak_mb < 300, peak_mb


@pytest.mark.parametrize(
    ("field", "old", "new", "told"),
    [
        ("name", "OCEAN STAR", ("GOLDEN HOPE", "SILVER MOON"), "changed_name"),
        ("callsign", "9VAB3", ("HOXY", "V7KL2"), "changed_callsign"),
        ("imo", 9074729, (9319466, 9290488), "changed_imo"),
        ("imo", 9319466, (9074728, 9074720), "invalid_imo"),
    ],
)
def test_two_things_said_of_oneself_within_a_second_end_no_detector(
    field: str, old: Any, new: tuple[Any, Any], told: str
) -> None:
    """Two events of one id did `identity`, for all vessels of the night."""
    rows = [{"first_time": 1, "last_time": 7, field: old}]
    rows += [{"first_time": 7.2, "last_time": 15 + k, field: new[k]} for k in (0, 1)]
    vessel = test_identity.OLD
    stage = test_identity.said(
        test_identity.sailing(vessel), *({"mmsi": vessel, **row} for row in rows)
    )
    found = Identity().detect(stage.positions, stage.context())
    assert found["subkind"].tolist().count(told) == 2
    early = replace(stage, end=test_identity.T0 + pd.Timedelta(hours=15.5))
    ids = Identity().detect(early.positions, early.context())["event_id"]
    assert set(ids) <= set(found["event_id"])


def test_each_false_fix_between_two_sound_ones_is_not_looked_for_among_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One number that sends from two places by turns, 350,000 times each, took 25 s for that."""
    n, looked_at = 300, []
    times = NIGHT + pd.to_timedelta(np.arange(n) * 20.0, unit="s")
    where: dict[str, Any] = {
        "mmsi": 533_000_001,
        "lat": 3.0,
        "lon": 100.5,
        "sog_kn": 0.0,
        "cog_deg": 0.0,
    }
    where["ais_class"] = "A"
    table = make_positions(pd.DataFrame({"time": times, **where}))
    late = times + pd.Timedelta(seconds=10)
    false = make_positions(pd.DataFrame({"time": late, **where, "lat": 4.0}))
    noise = false.assign(reason=frames.FALSE_FIX)[list(frames.NOISE)]
    stage = Stage(table, make_zones([]), times[0], late[-1], noise=noise)
    monkeypatch.setattr(false_fixes, "_story", lambda *given: looked_at.append(given))
    Spoofing().detect(stage.positions, stage.context())
    assert looked_at == []
