"""What is read for parts of the vessels: theirs, and what others sent while they were near."""

from typing import Any, Final

import numpy as np
import pandas as pd
import pytest

from detectors.core import frames
from detectors.core.detector import Detector
from detectors.core.relations import Along, Near, Own, Relation
from pipelines.detect.nearness import Nearness, in_places

START: Final = pd.Timestamp("2026-03-01T00:00Z").as_unit("us")
END: Final = START + pd.Timedelta("1D")
HOUR_US: Final = 3_600_000_000
ALONG: Final = Along(600, 1800)
NEAR: Final = Near(1000.0, 0.0, ALONG, ALONG, around_s=3600.0)
A, B, C = 563000001, 563000002, 563000003


def detector(*relations: Relation) -> Any:
    declared = {"rests_on": property(lambda _: relations), "name": "declared"}
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
