"""Who may have been near whom: against every pair tried."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core import frames
from detectors.kinematics import geodesy
from tests.detectors import occupancy

HALF_HOUR_US = occupancy.SLOT_S * frames.SECOND_US
EDGES = ["equator", "north", "antimeridian"]
CORNERS = {"equator": (0.0, 103.0), "north": (70.0, 20.0), "antimeridian": (1.0, 180.0)}
REPORT = st.tuples(
    st.integers(1, 6), st.integers(0, 3 * HALF_HOUR_US), st.floats(-0.2, 0.2), st.floats(-0.2, 0.2)
)
"""Vessel, time, and place from a corner."""


def reports(found: list[tuple[int, int, float, float]], corner: str) -> pd.DataFrame:
    table = pd.DataFrame(found, columns=["mmsi", "time_us", "lat", "lon"])
    lat, lon = CORNERS[corner]
    return table.assign(lat=table["lat"] + lat, lon=geodesy.wrap_lon(table["lon"] + lon))


def every_pair(table: pd.DataFrame, reach_m: float, slots_apart: int) -> set[tuple[int, int]]:
    """Pairs of vessels with reports that near, in half hours no further apart."""
    both = table.assign(slot=table["time_us"] // HALF_HOUR_US)
    both = both.merge(both, how="cross")
    both = both[(both["slot_x"] - both["slot_y"]).abs() <= slots_apart]
    off_m = geodesy.distance_m(both["lat_x"], both["lon_x"], both["lat_y"], both["lon_y"])
    near = both[(off_m <= reach_m) & (both["mmsi_x"] != both["mmsi_y"])]
    return set(zip(near["mmsi_x"], near["mmsi_y"], strict=True))


def as_set(pairs: pd.DataFrame) -> set[tuple[int, int]]:
    frames.validate(pairs, occupancy.PAIRS)
    assert not pairs.duplicated().any()
    return set(zip(pairs["mmsi"], pairs["other_mmsi"], strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("corner", EDGES)
@given(
    found=st.lists(REPORT, min_size=1, max_size=25),
    reach_m=st.sampled_from([500.0, 9000.0, 40_000.0]),
    slots_apart=st.integers(0, 2),
)
def test_all_that_were_near_are_found_and_few_others(
    corner: str, found: list[Any], reach_m: float, slots_apart: int
) -> None:
    table, size_deg = reports(found, corner), occupancy.cell_deg(reach_m)
    columns = (table[name].to_numpy() for name in ("mmsi", "time_us", "lat", "lon"))
    cells = occupancy.of_reports(*columns, size_deg)
    within_s = slots_apart * occupancy.SLOT_S
    got = as_set(occupancy.near(cells, cells, reach_m, size_deg, within_s))
    assert every_pair(table, reach_m, slots_apart) <= got
    further_m = reach_m + 2 * occupancy.slack_m(size_deg)
    assert got <= every_pair(table, further_m, slots_apart)
