"""Run kernels against plain loops."""

from itertools import groupby
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from detectors.core.frames import is_first, is_last
from detectors.kinematics import geodesy, timegrid
from detectors.surroundings import nearby


@given(
    ticks=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 40)), max_size=60, unique=True),
    max_break=st.integers(0, 5),
    min_piece=st.integers(1, 4),
    min_length=st.integers(1, 10),
)
def test_spells_as_a_loop_would_have_them(
    ticks: list[tuple[int, int]], max_break: int, min_piece: int, min_length: int
) -> None:
    ticks = sorted(ticks)
    pieces: list[list[int]] = []
    for i, (group, tick) in enumerate(ticks):
        if pieces and (group, tick - 1) == ticks[pieces[-1][1]]:
            pieces[-1][1] = i
        else:
            pieces.append([i, i])
    merged: list[list[int]] = []
    for first, last in (p for p in pieces if p[1] - p[0] + 1 >= min_piece):
        near = (
            merged
            and ticks[merged[-1][1]][0] == ticks[first][0]
            and ticks[first][1] - ticks[merged[-1][1]][1] - 1 <= max_break
        )
        if near:
            merged[-1][1] = last
        else:
            merged.append([first, last])
    expected = [(a, b) for a, b in merged if ticks[b][1] - ticks[a][1] + 1 >= min_length]

    group, tick = np.array(ticks, "int64").reshape(-1, 2).T
    first, last = timegrid.episodes(
        group, tick, max_break=max_break, min_piece=min_piece, min_length=min_length
    )
    assert list(zip(first, last, strict=True)) == expected


@given(
    values=hnp.arrays("float64", 30, elements=st.floats(-100, 100) | st.just(float("nan"))),
    cuts=st.lists(st.integers(0, 29), min_size=2, max_size=8, unique=True),
    q=st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]),
)
def test_quantiles_are_values_that_were_measured(values: Any, cuts: list[int], q: float) -> None:
    cuts = sorted(cuts)
    first, last = np.array(cuts[:-1]), np.array(cuts[1:]) - 1
    expected = []
    for a, b in zip(first, last, strict=True):
        known = np.sort(values[a : b + 1][~np.isnan(values[a : b + 1])])
        expected.append(known[int((len(known) - 1) * q)] if len(known) else np.nan)
    np.testing.assert_array_equal(timegrid.quantiles(values, first, last, q), expected)


@given(
    rows=st.lists(st.tuples(st.integers(0, 2), st.sampled_from([0.0, 1.5])), max_size=12),
    cuts=st.lists(st.booleans(), min_size=12, max_size=12),
)
def test_rows_are_cut_where_a_value_changes_and_where_they_are_told_to(
    rows: list[tuple[int, float]], cuts: list[bool]
) -> None:
    track = np.array([one for one, _ in rows], "int64")
    value = np.array([other for _, other in rows])
    lengths = [len(list(same)) for _, same in groupby(rows)]
    last = np.cumsum(lengths, dtype="int64") - 1
    assert list(np.flatnonzero(is_last(track, value))) == list(last)
    assert list(np.flatnonzero(is_first(track, value))) == list(last - np.array(lengths, int) + 1)
    cut = np.array(cuts, bool)[: max(len(rows) - 1, 0)]
    begin, end = timegrid.stretches(track, value, cut=cut)
    assert list(end) == sorted({*last, *np.flatnonzero(cut)})
    assert list(begin) == [0, *(end[:-1] + 1)][: len(end)]


def test_aggregate_takes_stretches_that_touch() -> None:
    first, last = np.array([0, 2, 4]), np.array([1, 3, 4])
    assert list(timegrid.aggregate(np.add, np.arange(5), first, last)) == [1, 5, 4]


def test_ticks_do_not_depend_on_the_first_report() -> None:
    track, time_us = np.full(50, 101), np.arange(50) * 61_000_000 + 7_000_000
    lat, lon = np.linspace(1, 2, 50), np.linspace(103, 104, 50)
    whole = timegrid.resample(track, time_us, lat, lon, 120, 600)
    part = timegrid.resample(track[20:], time_us[20:], lat[20:], lon[20:], 120, 600)
    shared = np.isin(whole.tick, part.tick)
    assert len(part.tick) > 10
    np.testing.assert_array_equal(whole.tick[shared], part.tick)
    np.testing.assert_array_equal(whole.lat[shared], part.lat)
    assert list(whole.report[shared]) == list(part.report + 20)


@pytest.mark.parametrize("lon", [103.0, 179.9999])
def test_a_grid_is_what_interpolation_gives(lon: float) -> None:
    """Tick by tick, also across the antimeridian, of tracks of one report and of many."""
    random = np.random.default_rng(3)
    track = np.repeat([101, 102, 201, 301, 302], [7, 1, 30, 2, 11])
    time_us = np.cumsum(random.choice([10, 61, 400, 700], len(track))) * 1_000_000
    lat, east = (np.cumsum(random.normal(0, 1e-3, len(track))) + at for at in (1.0, lon))
    east = geodesy.wrap_lon(east)
    grid = timegrid.resample(track, time_us, lat, east, 120, 600)
    row, step_us = 0, 120_000_000
    for k in range(len(track) - 1):
        if track[k] != track[k + 1] or time_us[k + 1] - time_us[k] > 600_000_000:
            continue
        for tick in range(-(-time_us[k] // step_us), -(-time_us[k + 1] // step_us)):
            share = (tick * step_us - time_us[k]) / (time_us[k + 1] - time_us[k])
            at = geodesy.interpolate(lat[k], east[k], lat[k + 1], east[k + 1], share)
            assert (grid.track_id[row], grid.tick[row], grid.report[row]) == (track[k], tick, k)
            assert (grid.lat[row], grid.lon[row]) == at
            row += 1
    assert row == len(grid.tick) > 20
    moved_m = geodesy.distance_m(grid.lat[:-1], grid.lon[:-1], grid.lat[1:], grid.lon[1:])
    follows = (np.diff(grid.track_id) == 0) & (np.diff(grid.tick) == 1)
    expected = np.r_[np.where(follows, geodesy.speed_kn(moved_m, 120), np.nan), np.nan]
    np.testing.assert_allclose(grid.speed_kn, expected, rtol=1e-9)


def test_a_silence_has_no_ticks() -> None:
    minute = 60_000_000
    time_us = np.array([0, 10, 41, 50]) * minute
    grid = timegrid.resample(np.full(4, 101), time_us, np.zeros(4), np.zeros(4), 120, 1800)
    assert list(grid.tick) == [0, 1, 2, 3, 4, 21, 22, 23, 24]
    assert np.isnan(grid.speed_kn[[4, 8]]).all()


@given(
    hours=st.lists(st.integers(0, 200), min_size=2, max_size=20, unique=True),
    at=st.lists(st.tuples(st.sampled_from([101, 201]), st.integers(-10, 210)), max_size=9),
)
def test_position_at_is_interpolation(hours: list[int], at: list[tuple[int, int]]) -> None:
    hours = sorted(hours)
    time_us = np.array(hours * 2, "int64")
    track = np.repeat([101, 201], len(hours))
    lat = np.r_[np.sin(hours), np.cos(hours)]
    wanted = np.array(at, "int64").reshape(-1, 2)
    got, _ = timegrid.position_at(track, time_us, lat, lat, wanted[:, 0], wanted[:, 1])
    expected = [np.interp(when, hours, lat[track == which]) for which, when in wanted.tolist()]
    np.testing.assert_allclose(np.atleast_1d(got), expected, atol=1e-12)


def test_nearest_zone(scene: Any) -> None:
    zones = scene.zones(
        ("near", "anchorage", (100.0, 3.9, 100.1, 4.1)),
        ("nearer", "sts_area", (99.9, 3.9, 99.95, 4)),
    )
    lat, lon = np.array([4.0, 4.0, 4.2]), np.array([100.05, 99.8, 100.05])
    away_m = nearby.nearest_zone_m(zones, lat, lon, ("anchorage", "port"))
    expected = [0.0, geodesy.distance_m(4.0, 99.8, 4.0, 100.0), geodesy.distance_m(4.2, 0, 4.1, 0)]
    assert list(away_m) == pytest.approx(expected, rel=1e-3)
    assert np.isnan(nearby.nearest_zone_m(zones, lat, lon, ("port",))).all()
