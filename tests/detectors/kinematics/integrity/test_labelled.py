"""Real reports of numbers whose hulls somebody else told apart."""

import numpy as np
import pandas as pd
import pytest

from detectors.core.frames import SECOND_US, epoch_us
from detectors.kinematics.integrity import Reports, Verdict
from detectors.kinematics.integrity.settling import STRETCH_S
from detectors.kinematics.integrity.verdicts import nothing_heard
from tests.detectors.kinematics.integrity.conftest import settle


def rand_index(one, other):
    """Adjusted Rand index (L. Hubert and P. Arabie, Comparing partitions, 1985)."""
    table = pd.crosstab(one, other).to_numpy()

    def pairs(counts):
        return float((counts * (counts - 1) / 2).sum())

    both, of_one, of_other = pairs(table), pairs(table.sum(1)), pairs(table.sum(0))
    by_chance = of_one * of_other / pairs(np.array([len(one)]))
    return (both - by_chance) / ((of_one + of_other) / 2 - by_chance)


def judged(frame):
    reports = Reports(
        frame["mmsi"].to_numpy("int64"),
        epoch_us(frame["time"]),
        *(frame[name].to_numpy("float64") for name in ("lat", "lon", "sog", "cog")),
    )
    step_us = STRETCH_S * SECOND_US
    start, end = reports.time_us[0] // step_us, reports.time_us[-1] // step_us + 1
    nothing = np.zeros(len(reports), np.uint8)
    stop = int(end) * step_us
    return settle(reports, nothing, nothing_heard(), int(start) * step_us, stop).judged


def test_two_hulls_of_one_number_as_global_fishing_watch_tells_them(shared):
    files = sorted((shared / "feeds" / "gfw_shared_number").glob("*.csv.gz"))
    if not files:
        pytest.skip("not among the shared feeds")
    table = pd.concat([pd.read_csv(file) for file in files]).assign(
        time=lambda t: pd.to_datetime(t["timestamp"], utc=True)
    )
    names = {"ssvid": "mmsi", "speed_knots": "sog", "course": "cog"}
    table = table.rename(columns=names).sort_values("time", ignore_index=True)
    got = judged(table)
    told = got.verdict != Verdict.COPY
    assert rand_index(table["seg_id"][told].to_numpy(), got.hull[told]) >= 0.9


def test_one_vessel_with_displaced_times_is_one_hull(shared):
    file = shared / "feeds" / "gpsdio_segment" / "338013000.json"
    if not file.exists():
        pytest.skip("not among the shared feeds")
    table = pd.read_json(file, lines=True).rename(
        columns={"ssvid": "mmsi", "speed": "sog", "course": "cog"}
    )
    table["time"] = pd.to_datetime(table["timestamp"], utc=True)
    table = table.dropna(subset=["lat", "lon"]).sort_values("time", ignore_index=True)
    got = judged(table)
    counts = np.bincount(got.verdict, minlength=7)
    assert counts[Verdict.OTHER_HULL] == 0
    assert counts[Verdict.CLOCK_FAULT] >= 8
    assert counts[Verdict.FALSE_FIX] <= 10
