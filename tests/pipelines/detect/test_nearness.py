"""What is read for parts of the vessels: theirs, and what others sent while they were near."""

from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest

from detectors.core import frames
from detectors.core.detector import Detector
from detectors.core.frames import SECOND_US
from detectors.core.relations import Along, Near, Own, Relation
from detectors.kinematics import cubes, geodesy, timegrid
from detectors.kinematics.cubes import BITS
from pipelines.detect.nearness import (
    SLOT_S,
    SLOT_US,
    Nearness,
    in_places,
    only_tells,
    ticks_of,
)
from tests.detectors.company import slow_rows

START: Final = pd.Timestamp("2026-03-01T00:00Z").as_unit("us")
END: Final = START + pd.Timedelta("1D")
HOUR_US: Final = 3_600_000_000
ALONG: Final = Along(600, 1800)
NEAR: Final = Near(1000.0, 0.0, ALONG, ALONG, around_s=3600.0)
A, B, C = 563000001, 563000002, 563000003


def detector(*relations: Relation) -> Any:
    declared = {
        "rests_on": property(lambda _: relations),
        "settle": property(lambda _: pd.Timedelta("1h")),
        "name": "declared",
    }
    return type("Declared", (Detector,), declared)()


def track(mmsi: int, lat: Any, lon: Any) -> pd.DataFrame:
    """A report each five minutes of a day."""
    n = 288
    values = {
        "mmsi": mmsi,
        "time": (START + pd.to_timedelta(5 * np.arange(n), unit="min")).astype(frames.TIME),
        "lat": np.broadcast_to(lat, n).astype("float64"),
        "lon": np.broadcast_to(lon, n).astype("float64"),
        "track_id": mmsi * 100 + 1,
    }
    return pd.DataFrame(values)


def nearness(asked: Detector, *tracks: pd.DataFrame) -> Nearness:
    near = Nearness([asked], START, END)
    for one in tracks:
        near.add(one)
    return near


def hours_read(near: Nearness, asked: Detector, of: int, other: int) -> tuple[float, float]:
    """Return from which hour of the day to which another's reports are read."""
    time_us = START.value // 1000 + np.arange(0, 24 * HOUR_US, 300_000_000)
    held = near.of(asked, np.array([of])).holds(np.full(len(time_us), other), time_us)
    hours = (time_us[held] - START.value // 1000) / HOUR_US
    hours = hours[hours >= 1]  # the half hour in which it was first heard is always read
    return (float(hours.min()), float(hours.max())) if len(hours) else (np.nan, np.nan)


@pytest.mark.parametrize("lon", [103.0, 179.999])
def test_others_are_read_around_the_time_when_they_were_near(lon: float) -> None:
    """Also across the antimeridian; who keeps away isn't read, and its own reports all are."""
    hours = np.arange(288) / 12
    passing = 1.0 + 0.2 * (hours - 12)  # 12 nm an hour, by at noon
    east = lon + 0.002
    tracks = [
        track(A, 1.0, lon),
        track(B, passing, east if east < 180 else east - 360),
        track(C, 2.0, lon),
    ]
    asked = detector(NEAR)
    near = nearness(asked, *tracks)
    first, last = hours_read(near, asked, A, B)
    assert 10 <= first <= 11
    assert 13 <= last < 14.5
    assert np.isnan(hours_read(near, asked, A, C)).all()
    assert hours_read(near, asked, A, A)[1] > 23.9


def test_a_silence_too_short_to_end_a_way_is_not_made() -> None:
    """It would be sailed through in a straight line."""
    hours = np.arange(288) / 12
    twice = np.where((np.abs(hours - 8) < 0.5) | (np.abs(hours - 11) < 0.5), 1.0, 1.5)
    asked = detector(NEAR)
    near = nearness(asked, track(A, 1.0, 103.0), track(B, twice, 103.0))
    within = near.of(asked, np.array([A]))
    wanted = np.flatnonzero(within.wanted[1])[1:]
    gaps = np.diff(wanted)
    assert wanted.min() >= 2 * 6
    assert np.all((gaps == 1) | (gaps > 2))


def test_who_only_is_told_of_is_read_around_the_end_of_events() -> None:
    """Of an event that goes on, around the end of all; without one nobody is asked about."""
    asked = detector(replace(NEAR, ending_s=3600.0))
    near = nearness(asked, track(A, 1.0, 103.0), track(B, 1.0, 103.002), track(C, 2.0, 103.0))
    event = pd.DataFrame(
        {"mmsi": [A], "start": [START + pd.Timedelta("2h")], "end": [START + pd.Timedelta("10h")]}
    ).astype({"start": frames.TIME, "end": frames.TIME})
    for end, first_h, last_h in (("10h", 8, 11.5), ("2h30min", 1, 4), (None, 21, 24)):
        ended = pd.Series([START + pd.Timedelta(end) if end else pd.NaT], dtype=frames.TIME)
        alone = {asked.name: event.assign(end=ended)}
        within = near.of(asked, np.array([A]), alone)
        wanted = np.flatnonzero(within.wanted[1])[1:] / 2
        assert first_h - 0.5 <= wanted.min() <= first_h + 0.5
        assert last_h - 0.5 <= wanted.max() <= last_h + 0.5
        assert within.wanted[0].all()
        assert not within.wanted[2].any()
        parts = list(near.parts([asked], 10_000, alone))
        assert [part.vessels.tolist() for part in parts] == [[A]]
    assert not list(near.parts([asked], 10_000, {asked.name: event[:0]}))
    assert only_tells(asked)
    assert not only_tells(detector(NEAR))


@pytest.mark.parametrize("rows", [400, 900, 10_000])
def test_each_vessel_is_in_one_part_and_parts_are_by_place(rows: int) -> None:
    asked = detector(NEAR)
    places = [(1.0 + 0.5 * (k % 4), 103.0 + 0.001 * k) for k in range(12)]
    tracks = [track(A + k, *place) for k, place in enumerate(places)]
    parts = list(nearness(asked, *tracks).parts([asked], rows))
    own = np.concatenate([part.vessels for part in parts])
    assert sorted(own.tolist()) == [A + k for k in range(12)]
    assert (len(parts) == 1) == (rows > 12 * 288)
    if rows == 900:  # three lie at each place
        assert [part.reports for part in parts] == [3 * 288] * 4
    assert list(Nearness([asked], START, END).parts([asked], rows)) == []


def test_who_looks_in_places() -> None:
    assert in_places(detector(Own(), NEAR))
    assert not in_places(detector(Own()))
    assert not in_places(detector(Near(1000.0, 0.0, ALONG, ALONG)))
    assert not in_places(detector(Near(1000.0, 60.0, ALONG, ALONG, around_s=3600.0)))


@pytest.mark.parametrize("which", [ALONG, Along(120, 1800, below_kn=3.0, pause_s=1200)])
@pytest.mark.parametrize("lon", [103.0, 179.95])
def test_no_place_of_the_grid_is_missed(
    which: Along, lon: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a walk over the ticks of the grid; and few are there that needn't be."""
    random = np.random.default_rng(7)
    n, days = 400, []
    for hull in (1, 2, 3):
        time_us = (
            START.value // 1000 + np.cumsum(random.choice([60, 300, 1200, 2400], n)) * SECOND_US
        )
        speed = np.where(np.arange(n) // 40 % 2, 0.0002, 0.01)
        lat, east = (np.cumsum(random.normal(0, speed)) + by for by in (1.0, lon))
        days.append((np.full(n, A * 100 + hull), time_us, lat, (east + 180) % 360 - 180))
    track, time_us, lat, east = (np.concatenate(parts) for parts in zip(*days, strict=True))
    grid = timegrid.resample(track, time_us, lat, east, which.step_s, which.max_silence_s)
    rows = slow_rows(grid, which)
    assert len(rows) > 0
    edge = 1e-4
    cube = ((geodesy.unit_xyz(grid.lat[rows], grid.lon[rows]) + 1) * (1 / edge)).astype("int64") + 1
    slot = grid.tick[rows] * which.step_s // SLOT_S - START.value // 10**9 // SLOT_S
    expected = {(s, *c) for s, c in zip(slot.tolist(), map(tuple, cube.tolist()), strict=True)}
    slots = cubes.Slots(START.value // 10**9 // SLOT_S, SLOT_US, 10_000)
    whose = np.zeros(3, "int32")
    bounds = np.array([0, n, 2 * n, 3 * n])
    tracks = cubes.Tracks(bounds, whose, time_us, lat, east)
    grid_us = which.step_s * SECOND_US, int(min(which.max_silence_s * SECOND_US, 2**62))
    monkeypatch.setattr(cubes, "AT_A_TIME", n)  # each track by itself
    ((_, key),) = cubes.keys(tracks, grid_us, [ticks_of(which, edge)], slots)
    ones = 2**BITS - 1
    found = {
        (k >> 3 * BITS, k >> 2 * BITS & ones, k >> BITS & ones, k & ones) for k in key.tolist()
    }
    assert expected <= found
    assert len(found) <= 1.05 * len(expected)


def test_cubes_among_others_are_those_beside_them() -> None:
    random = np.random.default_rng(5)
    slot, *axes = random.integers(1, 9, (4, 400))
    known = np.unique(sum(one << shift * BITS for one, shift in zip(axes, (2, 1, 0), strict=True)))
    known = np.unique((slot[: len(known)] << 3 * BITS) + known)
    asked = known[random.random(len(known)) < 0.1]
    parts = np.stack([known >> shift * BITS & (1 << BITS) - 1 for shift in (3, 2, 1, 0)])
    own = parts[:, np.isin(known, asked)]
    apart = np.abs(parts[:, :, None] - own[:, None])
    beside = ((apart[0] == 0) & (apart[1:].max(axis=0) <= 1)).any(axis=1)
    assert cubes.among(known, asked).tolist() == beside.tolist()
    assert len(asked) < beside.sum() < len(known)
    assert not cubes.among(known, asked[:0]).any()
