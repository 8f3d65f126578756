"""Receivers, beside counts of each by itself."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core import frames
from detectors.surroundings import coverage, coverage_learn
from detectors.surroundings.coverage import Coverage
from detectors.surroundings.receivers import LEAST_SLOTS, Receivers
from tests.detectors.whole import coverage_of

T0 = pd.Timestamp("2026-03-01T00:00Z")
SLOT0 = int(T0.timestamp()) // coverage.SLOT_S
HERE = (1.25, 103.85)


def received(rows) -> pd.DataFrame:
    """`frames.RECEPTIONS` from (station, half hour, latitude, longitude, class)."""
    table = pd.DataFrame(rows, columns=["station", "slot", "lat", "lon", "ais_class"])
    time = T0 + pd.to_timedelta(table["slot"] * coverage.SLOT_S + 7, unit="s")
    return frames.conform(table.assign(mmsi=563000001, time=time), frames.RECEPTIONS)


def learnt(rows) -> Coverage:
    return coverage_learn.learn(frames.empty(frames.TRACKED), received(rows))


def asked(known: Receivers, slots, ais_class="A"):
    """Shares by name over a span of half hours, and what worked in each."""
    first, last = min(slots), max(slots)
    heard = known.hearing([HERE[0]], [HERE[1]], [SLOT0 + first], [SLOT0 + last], [ais_class])
    shares = dict(zip([known.names[i] for i in heard.station], heard.share, strict=True))
    place = np.zeros(len(slots), "int64")
    return shares, known.working(heard, place, SLOT0 + np.array(slots)), heard


def test_a_receiver_that_hears_nothing_anywhere_is_down():
    rows = [("X", slot, *HERE, "A") for slot in range(8) for _ in range(9)]
    rows += [("Y", slot, *HERE, "A") for slot in range(10)]
    rows += [("X", 9, 5.0, 100.0, "A")]  # far away, but it works
    known = Receivers(learnt(rows))
    heard = known.hearing([HERE[0]], [HERE[1]], [SLOT0], [SLOT0 + 7], ["A"])
    assert heard.share.tolist() == pytest.approx([0.9, 0.1])
    working = known.working(heard, np.zeros(3, "int64"), SLOT0 + np.array([7, 8, 9]))
    assert working.tolist() == pytest.approx([1.0, 0.1, 1.0])


@pytest.mark.parametrize(("late", "works"), [(2, 0.0), (20, 1.0)])
def test_a_trickle_of_late_copies_is_no_receiver_at_work(late, works):
    rows = [("X", slot, *HERE, "A") for slot in range(8) for _ in range(100)]
    rows += [("X", 8, *HERE, "A")] * late
    known = Receivers(learnt(rows))
    heard = known.hearing([HERE[0]], [HERE[1]], [SLOT0], [SLOT0 + 7], ["A"])
    place, slot = np.zeros(1, "int64"), np.array([SLOT0 + 8])
    assert known.working(heard, place, slot).tolist() == [works]
    assert known.listening(heard, place, slot).tolist() == [bool(works)]


def test_of_a_receiver_that_hears_now_and_then_nothing_is_said():
    rows = [("SAT", slot, *HERE, "A") for slot in (0, 3, 6)]
    _, working, heard = asked(Receivers(learnt(rows)), range(8))
    assert not heard.steady.any()
    assert np.isnan(working).all()


@pytest.mark.parametrize(("until", "works"), [(8, 0.0), (3, np.nan)])
def test_what_failed_before_is_down_if_it_was_up_for_longer(until, works):
    """A station is off from `until` on, another one, far off, is heard all the while."""
    rows = [("X", slot, *HERE, "A") for slot in range(until)]
    rows += [("COAST", slot, 5.0, 100.0, "A") for slot in range(14)]
    known = Receivers(learnt(rows))
    heard = known.hearing([HERE[0]], [HERE[1]], [SLOT0], [SLOT0 + 12], ["A"])
    found = known.working(heard, np.zeros(1, "int64"), np.array([SLOT0 + 13]))
    np.testing.assert_array_equal(found, [works])


def test_what_never_heard_a_place_missed_nothing_there():
    """A satellite heard it now and then; a coast station hears others all the while."""
    rows = [("SAT", slot, *HERE, "A") for slot in (0, 3)] + [("SAT", 6, 3.0, 101.0, "A")]
    rows += [("COAST", slot, 5.0, 100.0, "A") for slot in range(8)]
    known = Receivers(learnt(rows))
    heard = known.hearing([HERE[0]], [HERE[1]], [SLOT0], [SLOT0 + 4], ["A"])
    slots = SLOT0 + np.arange(4, 8)
    assert known.listening(heard, np.zeros(4, "int64"), slots).tolist() == [
        False,
        False,
        True,
        False,
    ]
    nobody = known.hearing([9.0], [95.0], [SLOT0], [SLOT0 + 4], ["A"])
    assert known.listening(nobody, np.zeros(4, "int64"), slots).all()


def test_of_a_feed_that_has_just_begun_what_follows_tells_which_are_steady():
    rows = [("X", slot, *HERE, "A") for slot in range(9)]
    rows += [("Y", slot, *HERE, "A") for slot in (0, 2, 7)]
    known = Receivers(learnt(rows))
    first, last = np.array([SLOT0 - 9]), np.array([SLOT0 + 2])

    def steady(settled):
        heard = known.hearing([HERE[0]], [HERE[1]], first, last, ["A"], settled)
        return [known.names[i] for i in heard.station[heard.steady]]

    assert steady(None) == []
    assert steady(np.array([SLOT0 + 8])) == ["X"]


def test_where_no_receiver_is_named_nothing_is_known():
    shares, working, _ = asked(Receivers(Coverage.none()), range(4))
    assert shares == {}
    assert np.isnan(working).all()


def test_a_class_b_set_is_heard_by_those_that_hear_its_like():
    rows = [("X", slot, *HERE, "A") for slot in range(8)] + [("Y", 2, *HERE, "B")]
    known = Receivers(learnt(rows))
    assert asked(known, range(8), "B")[0] == {"Y": 1.0}
    assert asked(known, range(8), "A")[0] == pytest.approx({"X": 8 / 9, "Y": 1 / 9})


def test_only_the_receivers_that_heard_most_are_kept(monkeypatch):
    monkeypatch.setattr(coverage_learn, "MAX_RECEIVERS", 2)
    rows = [(name, k, *HERE, "A") for name, n in (("X", 3), ("Y", 1), ("Z", 2)) for k in range(n)]
    rows += [("Y", 48, *HERE, "A")]  # another day has its own
    kept = learnt(rows).receivers
    assert kept.groupby("date")["station"].agg(lambda s: sorted(set(s))).tolist() == [
        ["X", "Z"],
        ["Y"],
    ]


RING = [(2.5 + 0.5 * np.cos(a), 101.5 + 0.5 * np.sin(a)) for a in np.radians(range(0, 360, 45))]
"""What a station at 2.5, 101.5 hears: 30 nm around."""


def ratio(rows, lat, lon, slot=20):
    known = Receivers(learnt(rows))
    found = known.reach_ratio(np.array([lat]), np.array([lon]), np.array([SLOT0 + slot]), 48, 8)
    return float(found[0])


def test_a_stations_reach_is_the_disc_around_what_it_hears():
    rows = [("X", slot, *place, "A") for place in RING for slot in range(24)]
    assert ratio(rows, 2.5, 101.5) < 0.15
    assert ratio(rows, 2.5, 101.75) == pytest.approx(0.5, abs=0.1)
    assert ratio(rows, 2.5, 102.1) == pytest.approx(1.2, abs=0.15)
    half = [row for row in rows if row[3] >= 101.5]  # ships sail on one side of it only
    assert ratio(half, 2.5, 101.25) == pytest.approx(0.55, abs=0.1)


def test_what_is_heard_once_or_by_a_station_that_is_down_shows_no_reach():
    rows = [("X", slot, *place, "A") for place in RING for slot in range(24)]
    far = ("X", 3, 2.5, 102.6, "A")  # through a duct
    assert ratio([*rows, far], 2.5, 102.1) == ratio(rows, 2.5, 102.1)
    assert np.isnan(ratio([*rows, ("Y", 26, *HERE, "A")], 2.5, 101.5, slot=26))
    assert np.isnan(ratio([("X", s, *p, "A") for p in RING[:2] for s in range(24)], 2.5, 101.5))


def test_a_small_disc_is_taken_for_that_of_a_station_that_hears_little():
    few = [(2.5, 101.5), (2.5, 101.6), (2.6, 101.5)]
    rows = [("X", slot, *place, "A") for place in few for slot in range(24)]
    assert ratio(rows, 2.5, 101.75) == pytest.approx(0.5, abs=0.15)


ROWS = st.tuples(
    st.sampled_from(["X", "Y", "Z"]),
    st.integers(0, 60),
    st.sampled_from([1.0, 1.25, 1.36, -0.05]),
    st.sampled_from([103.7, 103.85, 104.0, 179.99, -180.0]),
    st.sampled_from(["A", "B", ""]),
)


def heard_slowly(table: pd.DataFrame) -> set[tuple[str, int]]:
    """Receivers and half hours in which they brought a twentieth of the usual or more."""
    found = set()
    for station, own in table.groupby("station"):
        of = own["slot"].value_counts()
        for slot in of.index:
            day = sorted(of.get(k, 0) for k in range(max(of.index.min(), slot - 47), slot + 1))
            if of[slot] >= 0.05 * day[(len(day) - 1) // 2]:
                found.add((station, slot))
    return found


@given(
    st.lists(ROWS, min_size=1, max_size=60),
    st.sampled_from([1, 50]),
    st.integers(0, 60),
    st.integers(0, 12),
)
@settings(max_examples=60, deadline=None)
def test_shares_and_what_works_equal_a_slow_count(rows, times, first, n):
    rows = [row for row in rows for _ in range(times if row[0] == "X" and row[1] % 5 else 1)]
    known = Receivers(learnt(rows))
    places = [(1.25, 103.85), (1.25, 179.95), (-0.01, 103.7)]
    lat, lon = (np.array(axis) for axis in zip(*places, strict=True))
    classes = ["A", "B", "A"]
    slots = np.array([first, first + n + 1])
    heard = known.hearing(lat, lon, [SLOT0 + first] * 3, [SLOT0 + first + n] * 3, classes)
    table = received(rows)
    table["slot"] = (frames.epoch_us(table["time"]) // (coverage.SLOT_S * 10**6)) - SLOT0
    table["row"], table["col"] = coverage.cells_of(table["lat"], table["lon"])
    ever = heard_slowly(table)
    for i, klass in enumerate(classes):
        row, col = (int(c[0]) for c in coverage.cells_of(lat[[i]], lon[[i]]))
        east = (table["col"] - col + 1800) % 3600 - 1800
        near = table[(table["row"] - row).abs().le(1) & east.abs().le(1)]
        near = near[near["slot"].between(first, first + n)]
        near = near[near["ais_class"] == "B"] if klass == "B" else near
        expected = (near["station"].value_counts() / max(len(near), 1)).to_dict()
        own = heard.place == i
        got = {known.names[s]: x for s, x in zip(heard.station[own], heard.share[own], strict=True)}
        assert got == pytest.approx(expected)
        active = {s: sum((s, k) in ever for k in range(first, first + n + 1)) for s in expected}
        heard_in = sorted({k for _, k in ever if first <= k <= first + n})
        steady = {}
        for s, x in expected.items():
            failed = max((k for k in heard_in if (s, k) in ever), default=first - 1)
            until = [k for k in heard_in if k <= failed]
            counted = until if len(heard_in) - len(until) < active[s] else heard_in
            if active[s] >= max(0.75 * len(counted), LEAST_SLOTS):
                steady[s] = x
        total = sum(steady.values())
        working = known.working(heard, np.array([i, i]), SLOT0 + slots)
        for slot, share in zip(slots.tolist(), working, strict=True):
            if total < 0.5:
                assert np.isnan(share)
            else:
                up = sum(x for s, x in steady.items() if (s, slot) in ever)
                assert share == pytest.approx(up / total)


@given(st.lists(ROWS, min_size=1, max_size=40))
@settings(max_examples=30, deadline=None)
def test_each_day_stands_for_itself(rows):
    table = received(rows)
    none = frames.empty(frames.TRACKED)
    days = [part.reset_index(drop=True) for _, part in table.groupby(table["time"].dt.date)]
    whole = coverage_learn.learn(none, table).receivers
    parts = coverage_of([coverage_learn.learn(none, day) for day in days]).receivers
    by = list(coverage.RECEIVERS)
    pd.testing.assert_frame_equal(
        whole.sort_values(by, ignore_index=True), parts.sort_values(by, ignore_index=True)
    )
    assert whole["reports"].sum() == len(table)


def heard_from_afar(far_slots) -> Receivers:
    """A receiver that hears its harbour all day, and 72 nm to the east in some half hours."""
    rows = [("X", slot, *HERE, "A") for slot in range(60) for _ in range(9)]
    at = [(HERE[0] + off, HERE[1] + 1.2) for off in (0.0, 0.1, 0.2, 0.3)]
    rows += [("X", slot, *place, "A") for slot in far_slots for place in at]
    return Receivers(learnt(rows))


@pytest.mark.parametrize(
    ("far_slots", "shares"),
    [(range(38, 48), [10 / 48, 0.0]), (range(38, 54), [10 / 48, 0.5]), (range(60), [1.0, 1.0])],
)
def test_how_often_a_receiver_hears_as_far_shows_weather(far_slots, shares):
    known = heard_from_afar(far_slots)
    spans = (SLOT0, SLOT0 + 47), (SLOT0 + 48, SLOT0 + 59)
    place = HERE[0], HERE[1] + 1.2
    assert known.as_far("X", place, spans, "A") == pytest.approx(shares)


def test_class_b_goes_by_how_far_its_like_is_heard():
    known = heard_from_afar(range(60))
    spans = (SLOT0, SLOT0 + 47), (SLOT0 + 48, SLOT0 + 59)
    assert np.isnan(known.as_far("X", (HERE[0], HERE[1] + 1.2), spans, "B")).all()


@pytest.mark.parametrize("off_deg", [0.2, 0.4, 0.6])
def test_what_stations_hear_by_line_of_sight_is_not_far(off_deg):
    known = heard_from_afar(range(10))
    spans = (SLOT0, SLOT0 + 47), (SLOT0 + 48, SLOT0 + 59)
    assert np.isnan(known.as_far("X", (HERE[0], HERE[1] + off_deg), spans, "A")).all()


def test_one_ship_alone_out_there_shows_no_weather():
    rows = [("X", slot, *HERE, "A") for slot in range(60) for _ in range(9)]
    rows += [
        ("X", slot, HERE[0], HERE[1] + 1.2 + k / 10, "A") for slot in range(10) for k in (0, 1)
    ]
    spans = (SLOT0, SLOT0 + 47), (SLOT0 + 48, SLOT0 + 59)
    place = HERE[0], HERE[1] + 1.2
    assert Receivers(learnt(rows)).as_far("X", place, spans, "A") == [0.0, 0.0]


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("XY"), st.integers(0, 11), st.integers(0, 14), st.sampled_from("AB")
        ),
        min_size=1,
        max_size=160,
    ),
    st.sampled_from("XY"),
    st.sampled_from("AB"),
)
def test_as_far_is_what_a_slow_count_says(rows, name, like):
    rows += [("X", 0, 0, "A"), ("Y", 0, 0, "A")]
    table = [
        (station, slot, 1.25, 103.05 + east / 10, klass) for station, slot, east, klass in rows
    ]
    spans = (SLOT0, SLOT0 + 8), (SLOT0 + 9, SLOT0 + 11)
    found = Receivers(learnt(table)).as_far(name, (1.25, 104.45), spans, like)
    mine = [(slot, east) for station, slot, east, k in rows if station == name and like in (k, "A")]
    first = sorted(east for slot, east in mine if slot <= 8)
    wanted = [np.nan, np.nan]
    if len({slot for slot, _ in mine if slot <= 8}) >= 8:
        middle = first[(len(first) - 1) // 2]
        least = 0.9 * (14 - middle)
        for i, (low, high, cells) in enumerate(((0, 8, 4), (9, 11, 1))):
            heard = {slot for slot, _ in mine if low <= slot <= high}
            out = {(slot, east) for slot, east in mine if abs(east - middle) >= least - 1e-3}
            far = [slot for slot in heard if sum(one == slot for one, _ in out) >= cells]
            if heard and 14 - middle >= 7:
                wanted[i] = len(far) / len(heard)
    assert found == pytest.approx(wanted, nan_ok=True)
