"""Tiles of a grid over the Earth, and what lies in one or around it."""

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.kinematics import geodesy

Ints = NDArray[np.int64]

DEGREE_M = geodesy.distance_m(0.0, 0.0, 1.0, 0.0)
"""Length of a degree of latitude."""


class Bounds(NamedTuple):
    """From and to: north to be below `north`, and east of `west` by less than `width_deg`.

    `west` may be less than -180 and `west + width_deg` more than 180: the antimeridian is no edge.
    """

    south: float
    north: float
    west: float
    width_deg: float


class Tile(NamedTuple):
    """One tile: `north` and `east` are its ordinals from 0°, 0° on."""

    step_deg: float
    north: int
    east: int

    def bounds(self, halo_m: float) -> Bounds:
        """The tile with so much around it, or more."""
        more_deg = halo_m / float(DEGREE_M) + 0.001 * self.step_deg
        west = self.east * self.step_deg
        south = self.north * self.step_deg - more_deg
        high = (self.north + 1) * self.step_deg + more_deg
        furthest = min(max(abs(south), abs(high)), 89.9)
        # The meridians that a circle about a place touches are asin(sin r / cos lat) off.
        sine = math.sin(math.radians(min(more_deg, 89.0))) / math.cos(math.radians(furthest))
        wide_deg = math.degrees(math.asin(sine)) if sine < 1.0 else 180.0
        return Bounds(south, high, west - wide_deg, min(self.step_deg + 2 * wide_deg, 360.0))

    def own(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Rows of a frame with lat and lon that lie in the tile."""
        north, east = _ordinals(frame, self.step_deg)
        found: pd.DataFrame = frame.loc[(north == self.north) & (east == self.east)]
        return found

    def around(self, frame: pd.DataFrame, halo_m: float) -> pd.DataFrame:
        """Rows that lie in the tile, or no further from it than that, or a little more."""
        lat, lon = frame["lat"].to_numpy("float64"), frame["lon"].to_numpy("float64")
        found: pd.DataFrame = frame.loc[within(self.bounds(halo_m), lat, lon)]
        return found


def within(bounds: Bounds, lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether places lie within bounds."""
    east_deg = np.mod(lon - bounds.west, 360.0)
    return (lat >= bounds.south) & (lat < bounds.north) & (east_deg < bounds.width_deg)


def _ordinals(frame: pd.DataFrame, step_deg: float) -> tuple[Ints, Ints]:
    north, east = (
        np.floor(frame[name].to_numpy("float64") / step_deg).astype("int64")
        for name in ("lat", "lon")
    )
    return north, east


def occupied(some: Iterable[pd.DataFrame], step_deg: float) -> list[Tile]:
    """Tiles in which at least one row lies of frames with lat and lon, in order."""
    found: set[Tile] = set()
    for frame in some:
        ordinals = np.stack(_ordinals(frame, step_deg), axis=1)
        for north, east in np.unique(ordinals, axis=0).tolist():
            found.add(Tile(step_deg, north, east))
    return sorted(found)
