"""Where vessels were by half hour and small cell: enough to tell who can have been near whom.

A detector that looks at others near a vessel needs their reports, but not those of everybody. The
cells say who they can have been, for a fraction of the memory: 5,000 vessels make about a tenth as
many rows in a day as they send reports.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import reverse_cuthill_mckee

from detectors.core import frames
from detectors.core.frames import SECOND_US, Column
from detectors.kinematics import timegrid
from detectors.kinematics.near import Near

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WHEREABOUTS: Final[Mapping[str, Column]] = {
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
SLACK_M: Final = 1600.0
"""The middles of two cells are further apart than the places in them by no more than this: the
diagonal of a cell at the equator is 1573 m."""
SLOTS_AT_ONCE: Final = 4


def of_grid(grid: timegrid.Grid, rows: Ints) -> pd.DataFrame:
    """`WHEREABOUTS` of some rows of a grid."""
    time_us = grid.tick[rows] * grid.step_s * SECOND_US
    return of_reports(grid.track_id[rows] // 100, time_us, grid.lat[rows], grid.lon[rows])


def of_reports(mmsi: Ints, time_us: Ints, lat: Floats, lon: Floats) -> pd.DataFrame:
    """`WHEREABOUTS` of reports, or of whatever has a place and a time."""
    slot = time_us // (SLOT_S * SECOND_US)
    north, east = (np.floor(values / CELL_DEG).astype("int64") for values in (lat, lon))
    found = pd.DataFrame({"slot": slot, "mmsi": mmsi, "north": north, "east": east})
    found = found.drop_duplicates().sort_values(
        ["slot", "mmsi", "north", "east"], ignore_index=True
    )
    return frames.conform(
        found.assign(
            lat=(found["north"] + 0.5) * CELL_DEG, lon=(found["east"] + 0.5) * CELL_DEG
        ).drop(columns=["north", "east"]),
        WHEREABOUTS,
    )


def near(asks: pd.DataFrame, answers: pd.DataFrame, reach_m: float) -> pd.DataFrame:
    """Who may have been within `reach_m` of where another asks, in the same half hour.

    All that were are among them, and some that weren't, by up to `SLACK_M`.

    Parameters
    ----------
    asks, answers
        `WHEREABOUTS`.

    Returns
    -------
    pandas.DataFrame
        `PAIRS`: who asks, who may be near.
    """
    return pairs(*_joined(list(_near(asks, answers, reach_m))))


def _near(asks: pd.DataFrame, answers: pd.DataFrame, reach_m: float) -> Iterator[tuple[Ints, Ints]]:
    parts = asks["slot"].to_numpy() // SLOTS_AT_ONCE, answers["slot"].to_numpy() // SLOTS_AT_ONCE
    order = [np.argsort(part, kind="stable") for part in parts]
    for part in np.unique(parts[0]):
        one, other = (
            frame.iloc[rows[slice(*np.searchsorted(own[rows], [part, part + 1]))]]
            for frame, own, rows in zip((asks, answers), parts, order, strict=True)
        )
        if not len(other):
            continue
        places = [
            Near(
                frame["lat"].to_numpy(),
                frame["lon"].to_numpy(),
                frame["slot"].to_numpy() % SLOTS_AT_ONCE,
                reach_m + SLACK_M,
            )
            for frame in (one, other)
        ]
        i, j = places[0].pairs_with(places[1])
        yield _once(one["mmsi"].to_numpy()[i], other["mmsi"].to_numpy()[j])


def pairs(mmsi: Ints, other: Ints) -> pd.DataFrame:
    """`PAIRS` from two columns in any order, with repeats."""
    one, two = _once(mmsi, other)
    return frames.conform(pd.DataFrame({"mmsi": one, "other_mmsi": two}), PAIRS)


def joined(several: list[pd.DataFrame]) -> pd.DataFrame:
    """One `PAIRS` from several."""
    return pairs(*_joined([(p["mmsi"].to_numpy(), p["other_mmsi"].to_numpy()) for p in several]))


def _joined(several: list[tuple[Ints, Ints]]) -> tuple[Ints, Ints]:
    none = np.zeros(0, "int64")
    one, other = zip(*several, strict=True) if several else ((none,), (none,))
    return np.concatenate(one), np.concatenate(other)


def _once(mmsi: Ints, other: Ints) -> tuple[Ints, Ints]:
    differ = mmsi != other
    key = np.unique(mmsi[differ] * 2**31 + other[differ])  # an MMSI has 30 bits
    return key // 2**31, key % 2**31


def in_groups(company: pd.DataFrame, weight: pd.Series, most: int) -> list[list[int]]:
    """Vessels that have company in at most so many groups of about the same weight.

    In the order in which one leads to another (reverse Cuthill-McKee: Cuthill & McKee 1969,
    Reducing the bandwidth of sparse symmetric matrices, doi:10.1145/800195.805928), so that those
    with company in common are mostly in one group.

    Parameters
    ----------
    company
        `PAIRS`.
    weight
        By MMSI; a vessel that isn't there weighs 1.
    """
    if company.empty:
        return []
    vessels = np.unique(company[["mmsi", "other_mmsi"]].to_numpy())
    one, other = (np.searchsorted(vessels, company[c]) for c in ("mmsi", "other_mmsi"))
    links = coo_array((np.ones(len(one), "int8"), (one, other)), shape=(len(vessels),) * 2)
    order = reverse_cuthill_mckee((links + links.T).tocsr(), symmetric_mode=True)
    owners = vessels[order][np.isin(vessels[order], company["mmsi"])]
    heavy = weight.reindex(owners).fillna(1).to_numpy("float64")
    share = (np.cumsum(heavy) - heavy / 2) / heavy.sum()
    group = np.minimum((share * most).astype("int64"), most - 1)
    return [owners[group == g].tolist() for g in np.unique(group)]
