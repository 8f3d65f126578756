"""No tracks end a detector: by a few transmitters somebody could hide everybody's story."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import detectors
from detectors.core import events, frames, run
from detectors.kinematics import integrity

ODD_NUMBERS = (1, 2320001, 111111111, 123456789, 811111111, 970123456, 992351000, 999999999)


def thinned(track: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    return track.iloc[:: int(rng.integers(2, 60))]


def cut(track: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    first, last = np.sort(rng.integers(0, len(track) + 1, 2))
    return track.iloc[first:last]


def in_whole_times(track: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    return track.assign(time=track["time"].dt.floor(str(rng.choice(["1min", "10min", "1h"]))))


def rounded(track: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    digits = int(rng.integers(0, 4))
    return track.assign(lat=track["lat"].round(digits), lon=track["lon"].round(digits))


def at_one_speed(track: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    return track.assign(sog_kn=rng.choice([np.nan, 0.0, 5.0, 30.0, 102.2]))


def without_course(track: pd.DataFrame, _: np.random.Generator) -> pd.DataFrame:
    return track.assign(cog_deg=np.nan)


def of_another_status(track: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    return track.assign(nav_status=rng.integers(0, 16), ais_class=rng.choice(["A", "B", ""]))


def sent_again(track: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    late = pd.Timedelta(seconds=int(rng.integers(0, 4000)))
    return pd.concat([track, track.assign(time=track["time"] + late)])


def leaping(track: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    some = rng.uniform(size=len(track)) < rng.choice([0.02, 0.3])
    anywhere = rng.uniform(-90, 90, len(track)), rng.uniform(-180, 180, len(track))
    lat, lon = (np.where(some, a, track[n]) for a, n in zip(anywhere, ("lat", "lon"), strict=True))
    return track.assign(lat=lat, lon=lon)


def elsewhere(track: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Across the antimeridian, or at a pole."""
    if rng.uniform() < 0.3:
        return track.assign(lat=rng.choice([-90.0, 0.0, 90.0]))
    return track.assign(lon=(track["lon"] + 78.4 + 180) % 360 - 180)


def at_one_place(track: pd.DataFrame, _: np.random.Generator) -> pd.DataFrame:
    return track.assign(lat=2.28, lon=101.6)


def by_one_number(track: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    return track.assign(mmsi=563000901 + int(rng.integers(0, 2)))


def by_an_odd_number(track: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    return track.assign(mmsi=int(rng.choice(ODD_NUMBERS)))


DAMAGE: tuple[Callable[..., pd.DataFrame], ...] = (
    thinned,
    cut,
    in_whole_times,
    rounded,
    at_one_speed,
    without_course,
    of_another_status,
    sent_again,
    leaping,
    elsewhere,
    at_one_place,
    by_one_number,
    by_an_odd_number,
)


def damaged(positions: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Some vessels' reports, each damaged in some ways; a few ways hit most of them."""
    usual = rng.uniform(0.0, 0.6, len(DAMAGE)) * (rng.uniform(size=len(DAMAGE)) < 0.3)
    some = rng.choice(positions["mmsi"].unique(), int(rng.integers(2, 14)), replace=False)
    tracks = []
    for mmsi in some:
        track = positions[positions["mmsi"] == mmsi]
        for share, way in zip(usual, DAMAGE, strict=True):
            if len(track) and rng.uniform() < share + 0.02:
                track = way(track, rng)
        tracks.append(track)
    whole = pd.concat(tracks).sort_values(["mmsi", "time"], kind="stable", ignore_index=True)
    return frames.conform(whole[list(frames.POSITIONS)], frames.POSITIONS)


def failures(stage: Any, seed: int) -> dict[str, str]:
    """Detectors that fail on a stage's tracks, damaged, and how."""
    rng = np.random.default_rng(seed)
    found = integrity.segment(damaged(stage.positions, rng))
    begins = stage.start + (stage.end - stage.start) * float(rng.choice([0.0, 0.3, 0.7]))
    ends = stage.end + pd.Timedelta(hours=float(rng.choice([0, 2, 30])))
    here = replace(stage, positions=found.tracked, noise=found.noise, start=begins, end=ends)
    failed: dict[str, str] = {}
    told = run.run(
        [detectors.find(name)() for name in detectors.names()],
        found.tracked,
        here.context(),
        failed=lambda name, error: failed.update({name: repr(error)}),
    )
    for one in told.values():
        frames.validate(one.events, events.EVENTS)
    return failed


@pytest.mark.parametrize(
    "seed", [*range(4), *(pytest.param(n, marks=pytest.mark.prove) for n in range(4, 12)), 7753]
)
def test_no_damage_ends_a_detector(stage: Any, seed: int) -> None:
    assert failures(stage, seed) == {}


@pytest.mark.prove
@pytest.mark.parametrize("block", range(20))
def test_no_damage_whatever_ends_a_detector(stage: Any, block: int) -> None:
    found = {seed: failures(stage, seed) for seed in range(1000 + 50 * block, 1050 + 50 * block)}
    assert {seed: failed for seed, failed in found.items() if failed} == {}
