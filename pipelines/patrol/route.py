"""A route over water: its points, its length, and points between them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from detectors.core.arrays import Floats, Ints
from detectors.kinematics import geodesy

MAX_LEG_M: Final = 100_000.0


@dataclass(frozen=True)
class Route:
    """A way over water."""

    lat: Floats
    lon: Floats
    """Its points, degrees, the first and last being the places asked for (moved to the nearest free
    water where they lie on land or too near to it)."""

    @property
    def distance_m(self) -> float:
        """Its length."""
        return float(self.along_m[-1])

    @cached_property
    def along_m(self) -> Floats:
        """Distance from the start to each point."""
        legs = geodesy.distance_m(self.lat[:-1], self.lon[:-1], self.lat[1:], self.lon[1:])
        return np.asarray(np.r_[0.0, np.cumsum(legs)])


def cut_legs(lat: Floats, lon: Floats) -> Route:
    """Cut a route's long legs, so that great circle and rhumb line stay beside them."""
    metres = geodesy.distance_m(lat[:-1], lon[:-1], lat[1:], lon[1:])
    parts = np.maximum(1, np.ceil(metres / MAX_LEG_M)).astype("int64")
    return Route(*with_points(lat, lon, parts))


def with_points(lat: Floats, lon: Floats, parts: Ints) -> tuple[Floats, Floats]:
    """Return a way with each leg cut into so many equal parts."""
    leg = np.repeat(np.arange(len(parts)), parts)
    fraction = (np.arange(len(leg)) - np.repeat(np.cumsum(parts) - parts, parts)) / parts[leg]
    fine_lat = lat[leg] + fraction * (lat[leg + 1] - lat[leg])
    fine_lon = lon[leg] + fraction * (lon[leg + 1] - lon[leg])
    return np.r_[fine_lat, lat[-1]], np.r_[fine_lon, lon[-1]]
