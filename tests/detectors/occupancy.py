"""Where vessels were by half hour and small cell: enough to tell who can have been near whom.

A detector that looks at others near a vessel needs their reports, but not those of everybody. The
cells say who they can have been, for a fraction of the memory.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core import frames
from detectors.core.frames import SECOND_US, Column
from detectors.kinematics import geodesy, timegrid
from detectors.kinematics.near import between

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OCCUPANCY: Final[Mapping[str, Column]] = {
    "mmsi": Column("int64", "", "the vessel, or whoever asks"),
    "slot": Column("int64", "", "half hours since 1970-01-01 UTC"),
    "lat": Column("float64", "deg", "middle of the cell"),
    "lon": Column("float64", "deg", "middle of the cell"),
}
"""Sorted by (slot, mmsi, lat, lon), each row once."""

PAIRS: Final[Mapping[str, Column]] = {
    "mmsi": Column("int64", "", "a vessel"),
    "other_mmsi": Column("int64", "", "one whose reports may bear upon its events"),
}
"""Sorted, each pair once, nobody with itself."""

SLOT_S: Final = 1800
CELL_DEG: Final = 0.01
CELLS_IN_REACH: Final = 8
"""Cells are no smaller than this share of the reach, so that few lie within it."""


def cell_deg(reach_m: float) -> float:
    """Return the size of the cells in which to seek what is within reach."""
    return max(CELL_DEG, reach_m / CELLS_IN_REACH / float(geodesy.distance_m(0.0, 0.0, 1.0, 0.0)))


def slack_m(size_deg: float) -> float:
    """Return by how much the middles of two cells may be further apart than the places in them.

    It is the diagonal of a cell at the equator.
    """
    return 1.01 * float(geodesy.distance_m(0.0, 0.0, size_deg, size_deg))


def of_grid(grid: timegrid.Grid, rows: Ints, size_deg: float) -> pd.DataFrame:
    """Return `OCCUPANCY` of some rows of a grid."""
    time_us = grid.tick[rows] * grid.step_s * SECOND_US
    return of_reports(grid.track_id[rows] // 100, time_us, grid.lat[rows], grid.lon[rows], size_deg)


def of_reports(
    mmsi: Ints, time_us: Ints, lat: Floats, lon: Floats, size_deg: float
) -> pd.DataFrame:
    """Return `OCCUPANCY` of reports, or of whatever has a place and a time."""
    slot = time_us // (SLOT_S * SECOND_US)
    north, east = (np.floor(values / size_deg).astype("int64") for values in (lat, lon))
    found = pd.DataFrame({"slot": slot, "mmsi": mmsi, "north": north, "east": east})
    found = found.drop_duplicates().sort_values(
        ["slot", "mmsi", "north", "east"], ignore_index=True
    )
    return frames.conform(
        found.assign(
            lat=(found["north"] + 0.5) * size_deg, lon=(found["east"] + 0.5) * size_deg
        ).drop(columns=["north", "east"]),
        OCCUPANCY,
    )


def near(
    queries: pd.DataFrame,
    candidates: pd.DataFrame,
    reach_m: float,
    size_deg: float,
    within_s: float = 0.0,
) -> pd.DataFrame:
    """Return who may have been within `reach_m` of where another asks.

    All that were, at times no further apart than `within_s`, are among them, and some that
    weren't, by up to `slack_m` and a slot.

    Parameters
    ----------
    asks, answers
        `OCCUPANCY`, in cells of `size_deg`.

    Returns
    -------
    pandas.DataFrame
        `PAIRS`: who asks, who may be near.
    """
    further = -(-int(within_s) // SLOT_S)
    shifts = range(-further, further + 1)
    moved = pd.concat([queries.assign(slot=queries["slot"] + k) for k in shifts]).drop_duplicates()
    some, others = (
        (each["lat"].to_numpy(), each["lon"].to_numpy(), each["slot"].to_numpy())
        for each in (moved, candidates)
    )
    i, j = between(some, others, reach_m + slack_m(size_deg))
    return pairs(moved["mmsi"].to_numpy()[i], candidates["mmsi"].to_numpy()[j])


def pairs(mmsi: Ints, other: Ints) -> pd.DataFrame:
    """Return `PAIRS` from two columns in any order, with repeats."""
    one, two = _once(mmsi, other)
    return frames.conform(pd.DataFrame({"mmsi": one, "other_mmsi": two}), PAIRS)


def joined(several: list[pd.DataFrame]) -> pd.DataFrame:
    """Return one `PAIRS` from several."""
    whole = pd.concat([frames.empty(PAIRS), *several], ignore_index=True)
    return pairs(whole["mmsi"].to_numpy(), whole["other_mmsi"].to_numpy())


def _once(mmsi: Ints, other: Ints) -> tuple[Ints, Ints]:
    differ = mmsi != other
    key = np.unique(mmsi[differ] * 2**31 + other[differ])  # an MMSI has 30 bits
    return key // 2**31, key % 2**31
