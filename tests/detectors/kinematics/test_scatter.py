"""Fixes that scatter, told from two hulls, wrong clocks and leaps."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detectors.core import frames
from detectors.core.frames import epoch_us, offsets
from detectors.kinematics import geodesy, integrity, leaps, scatter
from tests.making import reports

T0 = pd.Timestamp("2026-03-01T00:00Z")
MMSI = 563000101
LIMITS = {"min_bad": 5, "min_duration_s": 600.0, "max_pause_s": 7200.0}
HOURS = 5


class Arrays(NamedTuple):
    time_us: np.ndarray
    lat: np.ndarray
    lon: np.ndarray
    sog_kn: np.ndarray
    cog_deg: np.ndarray


def sailed(t, speed_kn):
    """A ship that sails east, with 5 m of noise."""
    rng = np.random.default_rng(1)
    lat, lon = geodesy.destination(2.0, 101.0, 90.0, speed_kn * geodesy.KNOT_MPS * t)
    return lat + rng.normal(0, 5 / 111_195, len(t)), lon


def looked_at(t, lat, lon, speed_kn=12.0, mmsi=MMSI) -> pd.DataFrame:
    time = T0 + pd.to_timedelta(np.round(t), unit="s")
    at = {"mmsi": mmsi, "time": time, "lat": lat, "lon": lon}
    return reports(**at, sog_kn=speed_kn, cog_deg=90.0, nav_status=0)


def merged(*tables: pd.DataFrame) -> scatter.Reports:
    found = integrity.segment(frames.conform(pd.concat(tables), frames.POSITIONS))
    rows, track = found.tracked, found.tracked["track_id"].to_numpy()
    columns = (rows[name].to_numpy() for name in ("lat", "lon", "sog_kn", "cog_deg"))
    arrays = Arrays(epoch_us(rows["time"]), *columns)
    later = np.setdiff1d(np.arange(len(rows)), offsets(track)[:-1])
    return scatter.merged(track, arrays, leaps.among(arrays, later), found.noise)


def scattered(every_s, speed_kn, minutes, km, seed, start_s=2 * 3600.0):
    rng = np.random.default_rng(seed)
    t = np.arange(0, HOURS * 3600, every_s)
    lat, lon = sailed(t, speed_kn)
    off = (t >= start_s) & (t < start_s + 60 * minutes)
    away_m, bearing = rng.rayleigh(1000 * km, off.sum()), rng.uniform(0, 360, off.sum())
    lat[off], lon[off] = geodesy.destination(lat[off], lon[off], bearing, away_m)
    return t, lat, lon, off


def standing_out(t, lat, lon, off, speed_kn) -> tuple[float, float]:
    """Return when the first and the last scattered fix that must be noticed were sent.

    By chance some lie where the ship may be, as far as speed and course tell since the last sound
    fix (or until the next). Of the others less than `MIN_BAD` among `AROUND` neighbours may be
    corrupt ones.
    """
    off_m = geodesy.distance_m(lat, lon, *sailed(t, speed_kn))
    first, last = np.flatnonzero(off)[[0, -1]]
    ends = []
    for away_s, end in ((t - t[first - 1], 0), (t[last + 1] - t, -1)):
        way_m = speed_kn * geodesy.KNOT_MPS * away_s
        astray = off & (off_m >= leaps.MIN_OFFSET_M + leaps.MAX_WAY_ERROR * way_m)
        among = np.convolve(astray, np.ones(2 * scatter.AROUND + 1), "same")
        ends.append(float(t[astray & (among >= scatter.MIN_BAD)][end]))
    return ends[0], ends[1]


@settings(max_examples=40, deadline=None)
@given(
    every_s=st.sampled_from([30.0, 60.0, 120.0]),
    speed_kn=st.sampled_from([0.0, 4.0, 12.0]),
    minutes=st.integers(25, 50),
    km=st.floats(2.5, 6.0),
    seed=st.integers(0, 50),
)
@example(every_s=120.0, speed_kn=12.0, minutes=39, km=4.5, seed=0)  # two good ones near the start
@example(every_s=120.0, speed_kn=4.0, minutes=30, km=3.3325482670626516, seed=9)  # first unmarked
@example(every_s=60.0, speed_kn=0.0, minutes=33, km=5.0, seed=24)  # two agree near the end
def test_a_spell_of_scattered_fixes_is_one_and_the_ship_goes_on(
    every_s, speed_kn, minutes, km, seed
):
    t, lat, lon, off = scattered(every_s, speed_kn, minutes, km, seed)
    reports = merged(looked_at(t, lat, lon, speed_kn))
    (episode,) = scatter.episodes(reports, **LIMITS)
    assert episode.mmsi == MMSI
    assert episode.joined
    assert not episode.parted
    start_s, end_s = (us / 1e6 - T0.timestamp() for us in (episode.start_us, episode.end_us))
    noticed_s, until_s = standing_out(t, lat, lon, off, speed_kn)
    assert t[off][0] - 3 * every_s <= start_s <= noticed_s + 3 * every_s
    assert until_s - 3 * every_s <= end_s <= t[off][-1] + 3 * every_s


def two_hulls():
    t = np.arange(0, HOURS * 3600, 60.0)
    lat, lon = sailed(t, 12.0)
    return [looked_at(t, lat, lon), looked_at(t + 20, lat + 0.5, lon[::-1])]


def near_copy():
    t = np.arange(0, HOURS * 3600, 60.0)
    lat, lon = sailed(t, 12.0)
    return [looked_at(t, lat, lon), looked_at(t + 20, lat + 0.025, lon)]


def late_receiver():
    t = np.arange(0, HOURS * 3600, 60.0)
    lat, lon = sailed(t, 12.0)
    late = np.random.default_rng(2).uniform(size=len(t)) < 0.4
    lat[late], lon[late] = sailed(t[late] - 300, 12.0)
    return [looked_at(t, lat, lon)]


def jump_and_back():
    t = np.arange(0, HOURS * 3600, 60.0)
    lat, lon = sailed(t, 12.0)
    lat[100:200] += 0.8
    return [looked_at(t, lat, lon)]


def corrupt_fixes():
    t = np.arange(0, HOURS * 3600, 60.0)
    lat, lon = sailed(t, 12.0)
    lat[100:140:7] += np.linspace(-0.5, 0.5, 6)
    return [looked_at(t, lat, lon)]


@pytest.mark.parametrize(
    "made", [two_hulls, near_copy, late_receiver, jump_and_back, corrupt_fixes]
)
def test_nothing_else_scatters(made):
    assert scatter.episodes(merged(*made()), **LIMITS) == []


def test_a_ship_that_is_elsewhere_afterwards_has_parted():
    t, lat, lon, off = scattered(60.0, 12.0, 30, 3.0, 1)
    lat[t > t[off][-1]] += 0.9
    (episode,) = scatter.episodes(merged(looked_at(t, lat, lon)), **LIMITS)
    assert episode.parted
    assert not episode.joined


LEAP = st.tuples(
    st.integers(1, 3),
    st.sampled_from([60, 900, 4 * 3600]),
    st.floats(-5e4, 5e4, allow_subnormal=False),
    st.floats(-5e4, 5e4, allow_subnormal=False),
)
"""Vessel, seconds since its leap before, east and north."""


@given(st.lists(LEAP, max_size=30))
def test_whether_leaps_wander_rests_on_no_others_and_no_other_times(
    found: list[tuple[int, int, float, float]],
) -> None:
    table = pd.DataFrame(found, columns=["vessel", "after_s", "east", "north"]).astype(
        {"vessel": "int64", "after_s": "int64", "east": "float64", "north": "float64"}
    )
    table["time"] = table.groupby("vessel")["after_s"].cumsum() * frames.SECOND_US
    table = table.sort_values(["vessel", "time"], kind="stable", ignore_index=True)

    def wander(some: pd.DataFrame) -> list[bool]:
        columns = (some[name].to_numpy() for name in ("vessel", "time", "east", "north"))
        return scatter._wanders(*columns).tolist()

    broken = (table["after_s"] > scatter.MAX_BREAK_S).cumsum()
    apart = [one for _, some in table.groupby(["vessel", broken]) for one in wander(some)]
    assert wander(table) == apart


def test_others_suffer_near_and_at_once():
    tables, nm = [], geodesy.METRES_PER_NM
    for k, (north, start_s) in enumerate(
        [(0, 7200), (0.1, 7200), (0.2, 8000), (0.1, 14000), (2, 7200)]
    ):
        t, lat, lon, _ = scattered(60.0, 12.0, 25, 3.0, k, start_s)
        tables.append(looked_at(t, lat + north, lon, mmsi=MMSI + k))
    t = np.arange(0, HOURS * 3600, 60.0)
    tables.append(looked_at(t, *sailed(t, 12.0), mmsi=MMSI + 9))
    reports = merged(*tables)
    episodes = {s.mmsi - MMSI: s for s in scatter.episodes(reports, **LIMITS)}
    assert episodes.keys() == {0, 1, 2, 3, 4}

    def suffering(k):
        episode = episodes[k]
        place = float(reports.lat[episode.before]), float(reports.lon[episode.before])
        ends = episode.start_us, episode.end_us
        return scatter.marks(reports).n_suffering(MMSI + k, *ends, *place, 20 * nm)

    assert [suffering(k) for k in range(5)] == [2, 2, 2, 0, 0]
