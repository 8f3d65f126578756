"""Where vessels lie still: the rule said again slowly, and what no cut may change."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core import frames
from detectors.core.frames import SECOND_US, epoch_us, from_epoch_us
from detectors.kinematics import geodesy
from detectors.surroundings import coverage, coverage_learn
from detectors.surroundings.lying import Lying

T0 = pd.Timestamp("2025-03-01T00:00:00Z")
SLOT0 = int(T0.timestamp()) // coverage.SLOT_S


def tracked(rows):
    """Positions from (mmsi, seconds, lat, lon)."""
    frame = pd.DataFrame(rows, columns=["mmsi", "s", "lat", "lon"]).drop_duplicates(["mmsi", "s"])
    frame = frame.sort_values(["mmsi", "s"], ignore_index=True)
    frame["time"] = T0 + pd.to_timedelta(frame.pop("s"), unit="s")
    frame["ais_class"], frame["track_id"] = "A", frame["mmsi"] * 100
    return frames.conform(frame, coverage.REPORTS)


def naive(frame):
    """Rows (slot, row, column, vessels) as the module says, one track and half hour at a time."""
    lain = set()
    for track, own in frame.groupby("track_id"):
        at, slots = epoch_us(own["time"]), epoch_us(own["time"]) // (1800 * SECOND_US)
        lat, lon = own["lat"].to_numpy(), own["lon"].to_numpy()
        for slot in np.unique(slots):
            inside = np.flatnonzero(slots == slot)
            first = inside[0]
            same_day = first > 0 and at[first - 1] // frames.DAY_US == at[first] // frames.DAY_US
            if same_day and at[first] - at[first - 1] <= 7200 * SECOND_US:
                first -= 1
            rows = np.arange(first, inside[-1] + 1)
            east, north = geodesy.to_local_m(lat[rows], lon[rows], lat[rows[-1]], lon[rows[-1]])
            across_m = np.hypot(np.ptp(east), np.ptp(north))
            if across_m <= 400 and at[rows[-1]] - at[first] >= 1200 * SECOND_US:
                row, col = (
                    np.floor((lat[rows[-1]] + 90) * 100),
                    np.floor((lon[rows[-1]] + 180) * 100),
                )
                lain.add((int(slot), int(row), int(col), track // 100))
    counted = pd.DataFrame(sorted(lain), columns=["slot", "row", "col", "mmsi"])
    return counted.groupby(["slot", "row", "col"]).size().reset_index().to_numpy().tolist()


VESSEL = st.lists(
    st.tuples(
        st.integers(0, 30 * 3600), st.sampled_from([2.0051, 2.0062, 2.0151]), st.just(101.0053)
    ),
    min_size=1,
    max_size=40,
)


@given(st.lists(VESSEL, min_size=1, max_size=4))
@settings(max_examples=50, deadline=None)
def test_learns_what_the_slow_rule_says(vessels):
    rows = [(563000001 + k, *one) for k, reports in enumerate(vessels) for one in reports]
    frame = tracked(rows)
    learnt = coverage_learn.learn(frame).lying
    frames.validate(learnt, coverage.LYING)
    slot = epoch_us(learnt["time"]) // (1800 * SECOND_US)
    got = learnt.assign(slot=slot)[["slot", "lat_cell", "lon_cell", "vessels"]]
    assert got.to_numpy().tolist() == naive(frame)


def test_nobody_lies_under_way_or_adrift():
    sailing = [(563000001, 60 * k, 2.0 + 0.003 * k, 101.0) for k in range(120)]
    adrift = [(563000002, 300 * k, 2.0 + 0.0008 * k, 101.2) for k in range(60)]
    assert coverage_learn.learn(tracked(sailing + adrift)).lying.empty


def test_around_counts_who_lies_at_once_and_sets_that_go_off():
    rows = [
        (563000001 + k, 180 * j, 2.0051 + 1e-4 * k, 101.0051)
        for k in range(6)
        for j in range(240 if k < 4 else 120)
    ]
    place = Lying(coverage_learn.learn(tracked(rows)).lying)
    ask = [np.array([2.006, 2.006, 2.5]), np.array([101.012, 101.012, 101.0])]
    first, last = np.full(3, SLOT0), np.array([SLOT0 + 8, SLOT0 + 20, SLOT0 + 20])
    most, off = place.around(*ask, first, last)
    assert most.tolist() == [6, 6, 0]
    assert off.tolist() == [0, 2, 0]


def slowly_around(frame, lat, lon, first, last):
    row, col = (
        int((round(lat * 1e6) + 90_000_000) // 10_000),
        int((round(lon * 1e6) + 180_000_000) // 10_000),
    )
    slot = epoch_us(frame["time"]) // (1800 * SECOND_US)
    near = (frame["lat_cell"] - row).abs() <= 1
    near &= ((frame["lon_cell"] - col + 1) % 36_000) <= 2
    there = frame[near & (slot >= first) & (slot <= last)]
    sums = there.groupby("time")[["vessels", "silences"]].sum()
    return [int(sums["vessels"].max()) if len(sums) else 0, int(sums["silences"].sum())]


@pytest.mark.parametrize("seed", range(4))
def test_around_counts_as_the_slow_rule_does(seed):
    random = np.random.default_rng(seed)
    rows = random.integers([SLOT0, 0, 0, 1, 0], [SLOT0 + 40, 7, 7, 9, 3], (600, 5))
    cells = pd.DataFrame(rows, columns=["slot", "lat_cell", "lon_cell", "vessels", "silences"])
    cells = cells.drop_duplicates(["slot", "lat_cell", "lon_cell"])
    cells["lat_cell"] += [0, 9_100, 17_994, 9_100][seed]  # the poles, the antimeridian
    cells["lon_cell"] = (cells["lon_cell"] + [28_100, 35_997, 28_100, 28_100][seed]) % 36_000
    cells["time"] = from_epoch_us(cells["slot"].to_numpy() * 1800 * SECOND_US)
    n = 3_000
    lat = (cells["lat_cell"].min() + random.uniform(-2, 9, n)).clip(0, 17_999.9) / 100 - 90
    lon = geodesy.wrap_lon(
        ([28_098, 35_995, 28_098, 28_098][seed] + random.uniform(0, 11, n)) / 100 - 180
    )
    first = SLOT0 + random.integers(-30, 45, n)
    last = first + random.integers(-2, 30, n)
    got = Lying(cells).around(lat, lon, first, last)
    some = random.integers(0, n, 60)
    assert [[int(v[i]) for v in got] for i in some] == [
        slowly_around(cells, lat[i], lon[i], first[i], last[i]) for i in some
    ]


@pytest.mark.parametrize("lon", [179.9999, -179.9999])
def test_antimeridian(lon):
    rows = [(563000001 + k, 180 * j, 2.0051, 180.0 - 1e-4 * k) for k in range(5) for j in range(60)]
    frame = tracked(rows).assign(lon=lambda f: geodesy.wrap_lon(f["lon"]))
    place = Lying(coverage_learn.learn(frame).lying)
    most, _ = place.around([2.0051], [lon], np.array([SLOT0]), np.array([SLOT0 + 4]))
    assert most.tolist() == [5]


def test_nothing_known():
    place = Lying(frames.empty(coverage.LYING))
    most, off = place.around([2.0], [101.0], np.array([SLOT0]), np.array([SLOT0]))
    assert (most.tolist(), off.tolist()) == ([0], [0])
