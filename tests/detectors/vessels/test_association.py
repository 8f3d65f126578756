"""Association against slow oracles: every assignment enumerated, each track looked up alone."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.kinematics import geodesy
from detectors.vessels import assignment, association
from detectors.vessels.association import Motion, Pairs, Prior, Seen, Tracks

MOTION = Motion(1800.0, 0.2, 0.15, 0.4, 120.0)
PRIOR = Prior(45.0, 0.05, 0.0005)
S = 1_000_000


def enumerated(table):
    """Probabilities, and the best assignment, from all assignments one by one."""
    n, m = table.shape
    shares, none, total = np.zeros((n, m)), np.zeros(n), 0.0
    best, best_weight = None, -1.0
    for chosen in itertools.product(range(-1, m), repeat=n):
        taken = [t for t in chosen if t >= 0]
        if len(set(taken)) < len(taken):
            continue
        weight = float(np.prod([table[s, t] for s, t in enumerate(chosen) if t >= 0]))
        total += weight
        for s, t in enumerate(chosen):
            if t >= 0:
                shares[s, t] += weight
            else:
                none[s] += weight
        if weight > best_weight:
            best, best_weight = chosen, weight
    return shares / total, none / total, best, best_weight


TABLES = st.integers(1, 3).flatmap(
    lambda n: st.integers(1, 3).flatmap(
        lambda m: st.lists(
            st.lists(st.one_of(st.just(0.0), st.floats(0.01, 50.0)), min_size=m, max_size=m),
            min_size=n,
            max_size=n,
        )
    )
)


@given(TABLES)
@settings(max_examples=150, deadline=None)
def test_probabilities_are_those_of_all_assignments(rows):
    table = np.array(rows)
    shares, none = assignment.marginals(table)
    true_shares, true_none, _, _ = enumerated(table)
    assert shares == pytest.approx(true_shares, abs=1e-9)
    assert none == pytest.approx(true_none, abs=1e-9)


def test_probabilities_of_many_rows_of_large_weights_are_finite():
    table = np.random.default_rng(1).uniform(1e6, 1e7, (60, 4))
    shares, none = assignment.marginals(table)
    assert shares.sum(axis=0) == pytest.approx(np.ones(4), abs=1e-4)
    assert none.sum() == pytest.approx(56.0, abs=1e-3)


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_belief_propagation_comes_near_where_too_many_hang_together(seed):
    rng = np.random.default_rng(seed)
    table = rng.uniform(0.0, 20.0, (7, 7)) * (rng.random((7, 7)) < 0.6)
    shares, none = assignment._propagated(table)
    true_shares, true_none = assignment.marginals(table)
    assert np.allclose(shares.sum(axis=1) + none, 1.0)
    assert np.abs(shares - true_shares).max() < 0.15
    assert np.abs(none - true_none).max() < 0.15


@given(st.lists(st.floats(0.01, 50.0), min_size=1, max_size=5))
def test_one_sighting_is_exact(row):
    shares, none = assignment.marginals(np.array([row]))
    true_shares, true_none, _, _ = enumerated(np.array([row]))
    assert shares == pytest.approx(true_shares)
    assert none == pytest.approx(true_none)


@given(TABLES)
@settings(max_examples=150, deadline=None)
def test_assignment_is_the_most_probable(rows):
    table = np.array(rows)
    chosen = assignment.assign(table)
    taken = chosen[chosen >= 0]
    assert len(set(taken)) == len(taken)
    weight = np.prod([table[s, t] for s, t in enumerate(chosen) if t >= 0])
    assert weight == pytest.approx(enumerated(table)[3])


def make_tracks(*tracks):
    """Tracks from lists of (time_s, lat, lon, sog_kn, cog_deg)."""
    rows = [(100 + i, *report) for i, track in enumerate(tracks) for report in track]
    ids, time_s, *rest = (np.array(column) for column in zip(*rows, strict=True))
    return Tracks(ids, (time_s * S).astype("int64"), *(np.asarray(c, "float64") for c in rest))


def make_seen(*sightings, uncertainty_m=100.0, scene=None):
    """Sightings from (time_s, lat, lon)."""
    time_s, lat, lon = (np.array(column, "float64") for column in zip(*sightings, strict=True))
    n = len(sightings)
    return Seen(
        np.arange(n) if scene is None else np.array(scene),
        (time_s * S).astype("int64"),
        lat,
        lon,
        np.full(n, uncertainty_m),
        np.full(n, np.nan),
        np.full(n, 0.9),
        np.zeros(n),
    )


def looked_up(tracks, seen):
    """Every (sighting, track) with the place of the track, one by one."""
    found = {}
    for s in range(len(seen.time_us)):
        for track in np.unique(tracks.track_id):
            own = np.flatnonzero(tracks.track_id == track)
            at = seen.time_us[s]
            before = [i for i in own if tracks.time_us[i] <= at]
            after = [i for i in own if tracks.time_us[i] > at]
            left, right = before[-1] if before else None, after[0] if after else None
            whole = left is not None and right is not None
            if not whole or tracks.time_us[right] - tracks.time_us[left] > 3600 * S:
                if left is not None and at - tracks.time_us[left] > 1800 * S:
                    left = None
                if right is not None and tracks.time_us[right] - at > 1800 * S:
                    right = None
            if left is None and right is None:
                continue
            if left is not None and right is not None:
                f = (at - tracks.time_us[left]) / (tracks.time_us[right] - tracks.time_us[left])
                lat = tracks.lat[left] + f * (tracks.lat[right] - tracks.lat[left])
                lon = tracks.lon[left] + f * (tracks.lon[right] - tracks.lon[left])
            else:
                one = left if left is not None else right
                way_m = tracks.sog_kn[one] * geodesy.KNOT_MPS * (at - tracks.time_us[one]) / S
                lat, lon = geodesy.destination(
                    tracks.lat[one], tracks.lon[one], tracks.cog_deg[one], way_m
                )
            found[s, int(track)] = (float(lat), float(lon))
    return found


@given(st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_places_are_those_looked_up_one_by_one(seed):
    rng = np.random.default_rng(seed)
    tracks = make_tracks(
        *(
            [
                (
                    int(t),
                    4.0 + rng.normal(0, 0.01),
                    100.0 + rng.normal(0, 0.01),
                    10.0,
                    rng.uniform(0, 360),
                )
                for t in np.sort(rng.choice(12_000, rng.integers(1, 6), replace=False))
            ]
            for _ in range(4)
        )
    )
    seen = make_seen(
        *((int(t), 4.0, 100.0) for t in rng.integers(0, 12_000, 5)), uncertainty_m=50_000.0
    )
    pairs = association.candidates(tracks, seen, MOTION)
    got = {
        (int(s), int(t)): (lat, lon)
        for s, t, lat, lon in zip(pairs.sighting, pairs.track_id, pairs.lat, pairs.lon, strict=True)
    }
    expected = looked_up(tracks, seen)
    assert got.keys() == expected.keys()
    for key, place in expected.items():
        assert got[key] == pytest.approx(place, abs=1e-9)


def test_uncertainty_grows_with_the_time_to_the_nearest_report():
    track = [(0, 4.0, 100.0, 10.0, 90.0), (3000, 4.0, 100.1, 10.0, 90.0)]
    seen = make_seen(*((t, 4.0, 100.0) for t in (60, 600, 1400, 3060, 3900)), uncertainty_m=20_000)
    pairs = association.candidates(make_tracks(track), seen, MOTION)
    assert np.all(np.diff(pairs.sigma_m[:3]) > 0)
    assert pairs.sigma_m[4] > pairs.sigma_m[3]
    assert pairs.nearest_s.tolist() == [60, 600, 1400, 60, 900]


def test_what_comes_after_a_silence_says_where_the_track_was_in_it():
    """At 600 s of 3000 s the next report is far in time, and still knows of a turn."""
    track = [(0, 4.0, 100.0, 10.0, 90.0), (3000, 4.1, 100.0, 10.0, 0.0)]
    seen = make_seen((600, 4.02, 100.0), (600, 4.0, 100.028), uncertainty_m=500)
    pairs = association.candidates(make_tracks(track), seen, MOTION)
    assert pairs.lat[0] == pytest.approx(4.02, abs=1e-4)
    assert pairs.misfit[pairs.sighting == 0] < 0.1
    assert np.all(pairs.misfit[pairs.sighting == 1] > 3)


def test_no_track_is_carried_over_a_longer_silence():
    track = [(0, 4.0, 100.0, 10.0, 90.0), (7200, 4.0, 100.3, 10.0, 90.0)]
    seen = make_seen((3600, 4.0, 100.15), uncertainty_m=50_000.0)
    assert len(association.candidates(make_tracks(track), seen, MOTION).sighting) == 0


def test_a_clock_that_is_off_counts_along_the_course_only():
    track = [(t, 4.0, 100.0 + t * 6.0 / 110_900, 11.7, 90.0) for t in range(0, 3600, 60)]
    along = make_seen((1800, 4.0, 100.0 + (1800 + 200) * 6.0 / 110_900))
    across = make_seen((1800, 4.0 + 1200 / 111_195, 100.0 + 1800 * 6.0 / 110_900))
    for seen, matched in ((along, True), (across, False)):
        pairs = association.candidates(make_tracks(track), seen, MOTION)
        weight = association.weights(pairs, seen, np.full(len(pairs.sighting), np.nan), PRIOR)
        assert association.match(pairs, weight, seen.scene).assigned.tolist() == [matched]


def test_what_is_seen_is_the_hull_and_not_its_antenna():
    """A ship of 300 m at anchor: radar that is right to 20 m shows her middle 150 m off."""
    track = [(t, 4.0, 100.0, 0.0, np.nan) for t in range(0, 3600, 180)]
    for length_m, matched in ((300.0, True), (60.0, False), (np.nan, False)):
        seen = make_seen((1800, 4.0 + 150 / 111_195, 100.0), uncertainty_m=20.0)
        seen = seen._replace(length_m=np.array([length_m]))
        pairs = association.candidates(make_tracks(track), seen, MOTION)
        weight = association.weights(pairs, seen, np.full(len(pairs.sighting), length_m), PRIOR)
        assert association.match(pairs, weight, seen.scene).assigned.tolist() == [matched]


def test_one_track_explains_one_sighting_of_a_scene():
    track = [(0, 4.0, 100.0, 0.0, 0.0), (3600, 4.0, 100.0, 0.0, 0.0)]
    places = ((1800, 4.0, 100.0), (1800, 4.0, 100.001))
    for scene, assigned in (([0, 0], [True, False]), ([0, 1], [True, True])):
        seen = make_seen(*places, scene=scene)
        pairs = association.candidates(make_tracks(track), seen, MOTION)
        weight = association.weights(pairs, seen, np.full(len(pairs.sighting), np.nan), PRIOR)
        assert association.match(pairs, weight, seen.scene).assigned.tolist() == assigned


def test_lengths_tell_vessels_apart():
    factor = association.length_factor(
        np.array([100.0, 100.0, np.nan]), np.array([95.0, 20.0, 50.0])
    )
    assert factor[0] > 1 > factor[1]
    assert factor[2] == 1


def test_nothing_in_gives_nothing_out():
    nothing = Tracks(*(np.zeros(0, "int64") for _ in range(2)), *(np.zeros(0) for _ in range(4)))
    pairs = association.candidates(nothing, make_seen((0, 4.0, 100.0)), MOTION)
    assert isinstance(pairs, Pairs)
    matches = association.match(pairs, np.zeros(0), np.array([0]))
    assert matches.unmatched.tolist() == [1.0]
    assert matches.best.tolist() == [-1]


def test_a_report_that_two_receivers_dated_apart_is_no_stop():
    """A ship at 15 kn is displaced in a radar image by her speed, which her reports state."""
    twice = np.array([100, 100])
    tracks = Tracks(
        twice,
        np.array([0, 26 * S]),
        np.array([4.0, 4.0]),
        np.array([100.0, 100.0]),
        np.array([15.0, 15.0]),
        np.array([90.0, 90.0]),
    )
    north, _ = geodesy.destination(4.0, 100.0, 0.0, 550.0)
    seen = Seen(
        np.array([0]),
        np.array([10 * S]),
        np.array([float(north)]),
        np.array([100.0]),
        np.array([60.0]),
        np.array([300.0]),
        np.array([0.9]),
        np.array([45.0]),
    )
    assert association.candidates(tracks, seen, MOTION).sighting.tolist() == [0]
    still = tracks._replace(sog_kn=np.zeros(2))
    assert len(association.candidates(still, seen, MOTION).sighting) == 0
