"""Who may have been near whom: against every pair tried, and cut into tiles."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core import frames
from detectors.kinematics import geodesy, tiles, whereabouts

HALF_HOUR_US = whereabouts.SLOT_S * frames.SECOND_US
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


def where(table: pd.DataFrame) -> pd.DataFrame:
    columns = (table[name].to_numpy() for name in ("mmsi", "time_us", "lat", "lon"))
    return whereabouts.of_reports(*columns)


def every_pair(table: pd.DataFrame, reach_m: float) -> set[tuple[int, int]]:
    """Pairs of vessels with reports that near in one half hour."""
    both = table.assign(slot=table["time_us"] // HALF_HOUR_US)
    both = both.merge(both, on="slot")
    off_m = geodesy.distance_m(both["lat_x"], both["lon_x"], both["lat_y"], both["lon_y"])
    near = both[(off_m <= reach_m) & (both["mmsi_x"] != both["mmsi_y"])]
    return set(zip(near["mmsi_x"], near["mmsi_y"], strict=True))


def as_set(pairs: pd.DataFrame) -> set[tuple[int, int]]:
    frames.validate(pairs, whereabouts.PAIRS)
    assert not pairs.duplicated().any()
    return set(zip(pairs["mmsi"], pairs["other_mmsi"], strict=True))


@pytest.mark.parametrize("corner", EDGES)
@given(found=st.lists(REPORT, min_size=1, max_size=25), reach_m=st.sampled_from([500.0, 9000.0]))
def test_all_that_were_near_are_found_and_few_others(
    corner: str, found: list[Any], reach_m: float
) -> None:
    table = reports(found, corner)
    cells = where(table)
    got = as_set(whereabouts.near(cells, cells, reach_m))
    assert every_pair(table, reach_m) <= got
    assert got <= every_pair(table, reach_m + 2 * whereabouts.SLACK_M)


@pytest.mark.parametrize("corner", EDGES)
@given(found=st.lists(REPORT, min_size=1, max_size=25), step_deg=st.sampled_from([0.05, 0.3, 7.0]))
def test_tiles_with_a_halo_find_the_same(corner: str, found: list[Any], step_deg: float) -> None:
    reach_m = 4000.0
    cells = where(reports(found, corner))
    whole = whereabouts.near(cells, cells, reach_m)
    some = tiles.occupied([cells], step_deg)
    own = [tile.own(cells) for tile in some]
    assert sum(map(len, own)) == len(cells)
    assert all(len(one) for one in own)
    around = [tile.around(cells, reach_m + whereabouts.SLACK_M) for tile in some]
    parts = [whereabouts.near(a, b, reach_m) for a, b in zip(own, around, strict=True)]
    pd.testing.assert_frame_equal(whereabouts.joined(parts), whole)


def test_a_tile_takes_in_little_more_than_its_halo() -> None:
    tile = tiles.Tile(1.0, 2, 103)
    lat, lon = np.meshgrid(np.arange(0, 6, 0.05), np.arange(101, 107, 0.05))
    cells = pd.DataFrame({"lat": lat.ravel(), "lon": lon.ravel()})
    inside = tile.around(cells, 20_000.0)
    assert inside["lat"].between(2 - 0.19, 3 + 0.19).all()
    assert inside["lon"].between(103 - 0.19, 104 + 0.19).all()
    assert len(inside) > len(tile.own(cells))


@given(
    pairs=st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), max_size=60),
    most=st.integers(1, 5),
)
def test_groups_hold_each_vessel_that_has_company_once(
    pairs: list[tuple[int, int]], most: int
) -> None:
    mmsi, other = np.array(pairs, "int64").reshape(-1, 2).T
    company = whereabouts.pairs(mmsi, other)
    weight = pd.Series({m: m for m in range(1, 20)})
    groups = whereabouts.in_groups(company, weight, most)
    assert len(groups) <= most
    assert sorted(m for group in groups for m in group) == sorted(company["mmsi"].unique())


def test_neighbours_come_into_one_group() -> None:
    """Two crowds far apart, whose vessels have numbers by turns."""
    crowds = [range(1, 40, 2), range(2, 41, 2)]
    pairs = [(a, b) for crowd in crowds for a in crowd for b in crowd if a != b]
    company = whereabouts.pairs(*np.array(pairs, "int64").T)
    groups = whereabouts.in_groups(company, pd.Series(dtype="int64"), 2)
    assert sorted(map(sorted, groups)) == [list(crowd) for crowd in crowds]
