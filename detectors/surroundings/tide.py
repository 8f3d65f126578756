"""High waters of a user's table: how long before or after the nearest one something was.

Boats land at high water, when a beach can be reached over its flats. What the tide does isn't
computed here: a table says it, and where none does nothing is said.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.core.frames import SECOND_US
from detectors.kinematics import geodesy

MODEL: Final = "tides"
"""Its name among the models of a `Context`."""
REACH_M: Final = 40 * geodesy.METRES_PER_NM
"""A place's high waters are told no further away: along the Strait they come an hour later every 30
to 60 miles."""
WITHIN_US: Final = 7 * 3600 * SECOND_US
"""Half a tide, with something to spare; further off the table has a hole."""


@dataclass(frozen=True)
class HighWater:
    """The high water nearest in time at the nearest place."""

    place: str
    """Its name."""
    at_us: int
    """When, microseconds since 1970-01-01 UTC."""
    after_s: float
    """How long after it something was; negative before it."""
    height_m: float | None
    """How high, above the table's datum; None where the table doesn't say."""


@dataclass(frozen=True)
class Tides:
    """A table of high waters, one element of each a high water."""

    place: tuple[str, ...]
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    """Where."""
    time_us: NDArray[np.int64]
    """When."""
    height_m: NDArray[np.float64]
    """How high, NaN where it isn't said."""
    name: str = field(default="")
    """What the table is called."""

    @cached_property
    def _places(self) -> NDArray[np.int64]:
        """The first row of each place."""
        _, first = np.unique(np.array(self.place, dtype=object).astype(str), return_index=True)
        return np.asarray(np.sort(first), "int64")

    def nearest(self, lat: float, lon: float, at_us: int) -> HighWater | None:
        """Return the nearest high water; None where the table has none near enough."""
        if not len(self.place):
            return None
        first = self._places
        away_m = np.atleast_1d(geodesy.distance_m(lat, lon, self.lat[first], self.lon[first]))
        k = int(away_m.argmin())
        if not away_m[k] <= REACH_M:
            return None
        name = self.place[int(first[k])]
        rows = np.flatnonzero(np.array([place == name for place in self.place]))
        row = int(rows[np.abs(self.time_us[rows] - at_us).argmin()])
        after_us = at_us - int(self.time_us[row])
        if abs(after_us) > WITHIN_US:
            return None
        height_m = float(self.height_m[row])
        return HighWater(
            name,
            int(self.time_us[row]),
            after_us / SECOND_US,
            height_m if np.isfinite(height_m) else None,
        )
