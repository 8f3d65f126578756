"""Tracks to judge: what one hull does, put together."""

import numpy as np
import pytest

from detectors.core import frames
from detectors.kinematics.geodesy import KNOT_MPS, destination
from detectors.kinematics.integrity import Reports, Verdict
from detectors.kinematics.integrity.jammed import (
    astray,
    in_squares_around,
    jammed_places,
    mark_interference,
)
from detectors.kinematics.integrity.judging import judge_each
from detectors.kinematics.integrity.settling import mark_stretches, settle_each
from tests import making

T0_US = 1_700_006_400_000_000  # 2023-11-15T00:00:00Z
S = 1_000_000


def judge(reports):
    """Give all vessels of a stretch their verdicts in one go; see `judge_each`."""
    judged = judge_each(reports)
    false = np.flatnonzero(judged.verdict == Verdict.FALSE_FIX)
    jammed = jammed_places([astray(reports, false)])
    around = in_squares_around(reports.time_us, reports.lat, reports.lon, jammed)
    mark_interference(reports, judged.verdict, judged.hull, around)
    return judged


def settle(reports, known, heard, start_us, end_us):
    """Judge all vessels of a span in one go, as `dates` does it in parts; see `settle_each`."""
    settled = settle_each(reports, known, heard, start_us, end_us)
    jammed = [jammed_places([one]) for one in settled.astray]
    mark_stretches(reports, settled.judged, jammed, start_us)
    return settled


def sail(
    at_s,
    lat=3.0,
    lon=100.5,
    course=315.0,
    speed=10.0,
    mmsi=533000001,
    scatter_m=10.0,
    seed=1,
):
    """Reports of a vessel on a straight course, at times in seconds since T0."""
    at_s = np.asarray(at_s, float)
    rng = np.random.default_rng(seed)
    made = [destination(lat, lon, course, speed * KNOT_MPS * t) for t in at_s]
    lats, lons = (np.array([float(p[axis]) for p in made]) for axis in (0, 1))
    lats += rng.normal(0, scatter_m / 111_000, len(at_s))
    lons += rng.normal(0, scatter_m / 111_000, len(at_s))
    n = len(at_s)
    return Reports(
        np.full(n, mmsi),
        T0_US + (at_s * S).astype("int64"),
        lats,
        lons,
        np.full(n, speed),
        np.full(n, course),
    )


def together(*parts):
    """Reports of several, sorted by number and time, and the part that each is of."""
    whole = Reports(
        **{name: np.concatenate([vars(p)[name] for p in parts]) for name in vars(parts[0])}
    )
    order = np.lexsort((whole.time_us, whole.mmsi))
    part = np.repeat(np.arange(len(parts)), [len(p) for p in parts])
    return whole.take(order), part[order]


def as_positions(reports, **columns):
    """The same as the position reports that they are judged from."""
    return making.reports(
        mmsi=reports.mmsi,
        time=frames.from_epoch_us(reports.time_us),
        lat=reports.lat,
        lon=reports.lon,
        sog_kn=reports.sog,
        cog_deg=reports.cog,
        **columns,
    )


@pytest.fixture(scope="session")
def tracks():
    """The two functions above."""
    return sail, together
