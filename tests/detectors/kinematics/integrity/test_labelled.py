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


@pytest.fixture(scope="module")
def displaced(shared):
    """The reports of one vessel some of which a satellite's clock dates wrongly, and verdicts."""
    file = shared / "feeds" / "gpsdio_segment" / "338013000.json"
    if not file.exists():
        pytest.skip("not among the shared feeds")
    table = pd.read_json(file, lines=True).rename(
        columns={"ssvid": "mmsi", "speed": "sog", "course": "cog"}
    )
    table["time"] = pd.to_datetime(table["timestamp"], utc=True)
    table = table.dropna(subset=["lat", "lon"]).sort_values("time", ignore_index=True)
    return table, judged(table)


def test_one_vessel_with_displaced_times_is_one_hull(displaced):
    _, got = displaced
    counts = np.bincount(got.verdict, minlength=7)
    assert counts[Verdict.OTHER_HULL] == 0
    assert counts[Verdict.CLOCK_FAULT] >= 8
    assert counts[Verdict.FALSE_FIX] <= 10


def test_reports_over_a_mile_off_the_way_are_told_from_the_others(displaced):
    """The labels of this file are what a segmenter made of it, report after report: it followed one
    19 nm off and cut up the 15 true ones behind it, 5 to 25 m from the vessel's way, one by one
    (adjusted Rand index with them 0.34). Joined and cut by a mile from where the neighbours have
    the vessel, which knows nothing of either, they are the verdicts'.
    """
    table, got = displaced
    near = _off_neighbours_m(table) <= 1852.0
    told = got.verdict != Verdict.COPY
    labelled = (table["expected"] == table["expected"].mode()[0]).to_numpy()
    assert 20 <= (near != labelled).sum() <= 40
    assert rand_index(near[told], got.hull[told]) >= 0.9


def _off_neighbours_m(table):
    """How far each report is from where the ten around it have the vessel, by their medians; those
    at the ends, which have too few, count as near.
    """
    time_s = epoch_us(table["time"]) / SECOND_US
    off = []
    for name in ("lat", "lon"):
        values = table[name].to_numpy("float64")
        step_s = pd.Series(time_s).diff().where(lambda s: s > 0).to_numpy()
        rate = pd.Series(np.diff(values, prepend=np.nan) / step_s)
        usual = rate.rolling(41, center=True, min_periods=1).median().to_numpy()
        around = [
            pd.Series(values).shift(k).to_numpy()
            + usual * (time_s - pd.Series(time_s).shift(k).to_numpy())
            for k in (-5, -4, -3, -2, -1, 1, 2, 3, 4, 5)
        ]
        off.append(values - np.nanmedian(around, axis=0))
    off_m = np.hypot(off[0], off[1] * np.cos(np.radians(table["lat"].to_numpy()))) * 111_195.0
    off_m[:5] = off_m[-5:] = 0.0
    return off_m
