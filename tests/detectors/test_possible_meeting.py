"""Possible meetings against brute force: places and moments tried one by one."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core.errors import SelatError
from detectors.core.evidence import Evidence
from detectors.kinematics import geodesy, prism
from detectors.kinematics.prism import Discs, Prisms, can_meet, together, touching
from detectors.possible_meeting import PossibleMeeting, pairs
from detectors.possible_meeting.pairs import between_silences
from detectors.possible_meeting.story import Silence
from tests.detectors.scenes import detected

S = 1_000_000
STAY_S = 1800.0


def silence(start_s, until_s, last, following, knots):
    """One silence as columns; `following` None while it is open."""
    lat, lon = following or (np.nan, np.nan)
    values = {
        "mmsi": 1,
        "start_us": int(start_s * S),
        "until_us": int(until_s * S),
        "lat": last[0],
        "lon": last[1],
        "next_lat": lat,
        "next_lon": lon,
        "mps": knots * geodesy.KNOT_MPS,
    }
    return Prisms(**{name: np.array([value]) for name, value in values.items()})


def joined(*parts):
    """Several silences as columns, each of a vessel of its own."""
    columns = {name: np.concatenate([vars(p)[name] for p in parts]) for name in vars(parts[0])}
    return Prisms(**{**columns, "mmsi": np.arange(len(parts))})


def side_by_side(a, b):
    return together(joined(a, b), np.array([0]), np.array([1]), STAY_S)


def brute_force_s(a, b, points=201, half_deg=1.2):
    """Longest time together at any point of a dense grid, by the moments both can be there."""
    lat0, lon0 = float(a.lat[0] + b.lat[0]) / 2, float(a.lon[0] + b.lon[0]) / 2
    lat, lon = np.meshgrid(
        np.linspace(lat0 - half_deg, lat0 + half_deg, points),
        np.linspace(lon0 - half_deg, lon0 + half_deg, points),
    )
    from_s, to_s = [], []
    for one in (a, b):
        gone = geodesy.distance_m(one.lat[0], one.lon[0], lat, lon) / one.mps[0]
        left = geodesy.distance_m(lat, lon, one.next_lat[0], one.next_lon[0]) / one.mps[0]
        from_s.append(one.start_us[0] / S + gone)
        to_s.append(one.until_us[0] / S - np.nan_to_num(left))
    time_s = np.minimum(*to_s) - np.maximum(*from_s)
    degree_m = 2 * half_deg / (points - 1) * 111_195
    area_km2 = (time_s >= STAY_S).sum() * degree_m**2 / 1e6
    return float(time_s.max()), float(area_km2)


PLACE = st.tuples(st.floats(3.8, 4.2), st.floats(99.8, 100.2))
SILENCE = st.tuples(
    st.floats(0, 3600), st.floats(7200, 14_400), PLACE, st.none() | PLACE, st.floats(6, 15)
)


@given(SILENCE, SILENCE)
@settings(max_examples=60, deadline=None)
def test_time_together_is_that_of_brute_force(first, second):
    a, b = silence(*first), silence(*second)
    joint = side_by_side(a, b)
    longest_s, area_km2 = brute_force_s(a, b)
    # The grid of brute force is 1.3 km wide, 200 to 450 s at these speeds. The narrowing one ends
    # on the ridge within some tens of metres of its top, seconds at these speeds.
    if longest_s >= STAY_S:
        assert joint.longest_s[0] >= longest_s - 10.0
        assert joint.longest_s[0] <= longest_s + 450.0
    else:
        assert joint.longest_s[0] < STAY_S + 450.0
    if area_km2 > 300:
        assert joint.area_km2[0] == pytest.approx(area_km2, rel=0.25)


def every_pair(prisms):
    """The plain way: each pair of silences of two vessels, however far apart."""
    first, second = np.triu_indices(len(prisms.mmsi), 1)
    apart = prisms.mmsi[first] != prisms.mmsi[second]
    return first[apart], second[apart]


@given(st.lists(SILENCE, min_size=2, max_size=12), st.integers(0, 3), st.sampled_from([0.0, 0.3]))
@settings(max_examples=40, deadline=None)
def test_no_pair_that_can_have_met_is_left_out(silences, twins, share):
    prisms = joined(*(silence(*one) for one in silences))
    prisms.mmsi[:] = np.where(np.arange(len(silences)) < twins, 0, prisms.mmsi)
    found = set(zip(*(rows.tolist() for rows in can_meet(prisms, STAY_S, share)), strict=True))
    first, second = every_pair(prisms)
    longest_s = together(prisms, first, second, STAY_S).longest_s
    start_us = np.maximum(prisms.start_us[first], prisms.start_us[second])
    both_s = (np.minimum(prisms.until_us[first], prisms.until_us[second]) - start_us) / S
    met = longest_s >= np.maximum(STAY_S, share * both_s)
    assert found >= set(zip(first[met].tolist(), second[met].tolist(), strict=True))


@given(
    st.lists(SILENCE, min_size=2, max_size=12),
    st.lists(st.booleans(), min_size=12, max_size=12),
    st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_who_is_asked_about_meets_all_that_he_would(silences, asked, few):
    prisms, asked = joined(*(silence(*one) for one in silences)), np.array(asked)[: len(silences)]
    with mock.patch.object(prism, "FEW", prism.FEW if few else 0):
        found = can_meet(prisms, STAY_S, asked=asked)

    def met(first, second):
        long = together(prisms, first, second, STAY_S).longest_s >= STAY_S
        return set(zip(first[long].tolist(), second[long].tolist(), strict=True))

    every = can_meet(prisms, STAY_S)
    assert met(*found) == {(i, j) for i, j in met(*every) if asked[i] or asked[j]}
    assert len(found[0]) == len(set(zip(*(rows.tolist() for rows in found), strict=True)))


DISC = st.tuples(PLACE, st.floats(0, 30_000), st.integers(0, 7200), st.integers(0, 7200))


@given(st.lists(DISC, max_size=9), st.lists(DISC, max_size=9))
@settings(max_examples=40, deadline=None)
def test_each_pair_of_discs_that_touches_is_found(ones, others):
    def discs(of):
        lat, lon = np.array([place for place, *_ in of], "float64").reshape(-1, 2).T
        start_us, length_us = (np.array([d[k] * S for d in of], "int64") for k in (2, 3))
        radius_m = np.array([d[1] for d in of], "float64")
        return Discs(lat, lon, radius_m, start_us, start_us + length_us)

    def found():
        return [pair for i, j in touching(one, other) for pair in zip(i, j, strict=True)]

    one, other = discs(ones), discs(others)
    touch = {
        (i, j)
        for i in range(len(ones))
        for j in range(len(others))
        if geodesy.distance_m(one.lat[i], one.lon[i], other.lat[j], other.lon[j])
        <= one.radius_m[i] + other.radius_m[j]
        and one.start_us[i] <= other.until_us[j]
        and other.start_us[j] <= one.until_us[i]
    }
    each = found()
    with mock.patch.object(prism, "FEW", 0):
        by_trees = found()
    assert touch <= set(each) <= set(by_trees)
    assert len(each) == len(set(each))


def test_who_is_far_apart_in_place_or_time_makes_no_pair():
    """A thousand ships along five thousand miles, each silent for an hour beside one other."""
    n = 1000
    at = np.arange(n) // 2
    lon = -170.0 + at * 0.17
    start_us = (at * 7200 * S).astype("int64")
    prisms = Prisms(
        np.arange(n),
        start_us,
        start_us + 3600 * S,
        np.zeros(n),
        lon,
        np.zeros(n),
        lon,
        np.full(n, 5.0),
    )
    first, second = can_meet(prisms, STAY_S)
    assert first.tolist() == list(range(0, n, 2))
    assert second.tolist() == list(range(1, n, 2))


def test_a_silence_that_leaves_no_time_to_spare_makes_no_pair():
    first, second = can_meet(silence(0, 7200, (4.0, 100.0), (4.5, 100.0), 8.0), STAY_S)
    assert len(first) == len(second) == 0


def test_two_side_by_side_have_all_the_time():
    a = silence(0, 7200, (4.0, 100.0), (4.0, 100.0), 10)
    b = silence(0, 7200, (4.0, 100.0), (4.0, 100.0), 10)
    assert side_by_side(a, b).longest_s[0] == pytest.approx(7200, abs=5)


def test_two_too_far_apart_have_none():
    a = silence(0, 7200, (4.0, 100.0), (4.0, 100.0), 10)
    b = silence(0, 7200, (5.0, 101.0), (5.0, 101.0), 10)
    assert side_by_side(a, b).longest_s[0] < 0


def test_pairs_are_looked_at_in_parts_of_so_many_moments(monkeypatch):
    monkeypatch.setattr(pairs, "TICKS_AT_ONCE", 10)
    lasts = [[0, 1, 3], [], [2], [8, 9, 40, 0], [1]]
    parts, n = [], 0
    for own in lasts:
        row = np.arange(n, n + len(own))
        begin_us = np.zeros(len(own), "int64")
        parts.append((row, -row, begin_us, np.array(own, "int64") * pairs.STEP_US))
        n += len(own)
    found = list(pairs._by_ticks(parts))
    for whole, column in zip(zip(*parts, strict=True), zip(*found, strict=True), strict=True):
        np.testing.assert_array_equal(np.concatenate(whole), np.concatenate(column))
    moments = [int((end - begin).sum() // pairs.STEP_US) + len(of) for of, _, begin, end in found]
    assert max(moments) < 41 + 10  # a pair isn't parted
    assert len(found) < len([own for own in lasts if own])


def test_stage_pair_is_named_and_ranked(stage):
    found = detected(PossibleMeeting(), stage.positions, stage.context())
    pairs = set(zip(found["mmsi"], found["other_mmsi"], strict=True))
    assert (563000601, 563000602) in pairs
    own = found[(found["mmsi"] == 563000601) & (found["other_mmsi"] == 563000602)].iloc[0]
    assert own["subkind"] == "both_silent"
    assert 0.1 <= own["score"] <= 0.4


def test_more_moments_than_can_be_asked_are_refused_by_place(stage, monkeypatch):
    monkeypatch.setattr(pairs, "MOST_TICKS", 4)
    with pytest.raises(SelatError, match=r"too many silent vessels .* most around \d"):
        detected(PossibleMeeting(), stage.positions, stage.context())


def test_each_silence_keeps_its_best_partners_only(stage):
    loose = PossibleMeeting(min_weight=0.001, max_per_silence=1)
    found = detected(loose, stage.positions, stage.context())
    free = detected(
        PossibleMeeting(min_weight=0.001, max_per_silence=50), stage.positions, stage.context()
    )
    assert 0 < len(found) < len(free)
    assert set(found["event_id"]) <= set(free["event_id"])


class Heard:
    """A coverage by which so many vessels were heard around."""

    def within(self, lat, lon, slot, cells):
        return np.full(np.shape(lat), 20)


def silent(mmsi, start_s, from_lat):
    """A ship at 12 kn that is heard again in the one place after four hours."""
    facts = {"speed_before_kn": 12.0, "silence_probability": 0.05}
    row = {"mmsi": mmsi, "track_ids": mmsi * 100, "evidence": Evidence(facts=facts)}
    span = start_s * S, 4 * 3600 * S, 4 * 3600 * S
    return Silence(row, *span, from_lat, 100.0, 4.0, 100.0, 15.0 * geodesy.KNOT_MPS)


@pytest.mark.parametrize(("apart_deg", "least", "most"), [(0.3, 0.35, 0.5), (0.78, 0.0, 0.2)])
def test_ships_that_lost_as_much_time_as_one_another_weigh_more(apart_deg, least, most):
    """18 nm away both lost 2.5 h of four; over 47 nm nothing that counts."""
    pair = [silent(1, 0, 4.0 - apart_deg), silent(2, 300, 4.0 + apart_deg)]
    found = between_silences(PossibleMeeting(), pair, np.ones(2, bool), Heard())
    assert all(least <= one.weight <= most for one in found)
    assert found or not least
