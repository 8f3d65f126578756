"""What a vessel's false positions are held against: bad fixes of others, and who was near."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from detectors.core.arrays import Floats
from detectors.core.frames import SECOND_US
from detectors.kinematics import geodesy, scatter
from detectors.spoofing.story import CIRCLE_BINS_S, Fixes

STEP_US = CIRCLE_BINS_S[0] * SECOND_US


@dataclass(frozen=True)
class Others:
    """Of all vessels: their bad fixes, and where each was at its first report in ten minutes."""

    marks: scatter.Marks
    """Bad fixes among others that are, by time."""
    mmsi: NDArray[np.int32]
    tick: NDArray[np.int32]
    lat: Floats
    lon: Floats
    """Who was where in which step of `STEP_US` since 1970-01-01 UTC, by step."""

    @classmethod
    def of(cls, fixes: Fixes) -> Self:
        """Return what is to be known of some vessels, from all that they sent."""
        reports, bins = fixes.reports, fixes.bins
        return cls(
            fixes.marks,
            (bins.track_id // 100).astype("int32"),
            bins.tick.astype("int32"),
            reports.lat[bins.first],
            reports.lon[bins.first],
        )

    @classmethod
    def together(cls, parts: Sequence["Others"]) -> "Others":
        """Return the same of all vessels from that of parts of them."""
        time_us = np.concatenate([part.marks.time_us for part in parts])
        tick = np.concatenate([part.tick for part in parts])
        marked, heard = (np.argsort(values, kind="stable") for values in (time_us, tick))

        def marks(name: str) -> Any:
            return np.concatenate([getattr(part.marks, name) for part in parts])[marked]

        def places(name: str) -> Any:
            return np.concatenate([getattr(part, name) for part in parts])[heard]

        return cls(
            scatter.Marks(marks("mmsi"), time_us[marked], marks("lat"), marks("lon")),
            places("mmsi"),
            tick[heard],
            places("lat"),
            places("lon"),
        )

    def n_near(
        self, mmsi: int, since_us: int, until_us: int, lat: float, lon: float, radius_m: float
    ) -> int:
        """Return how many others were near a place within `scatter.NEAR_S` of a span."""
        reach_us = int(scatter.NEAR_S * SECOND_US)
        low = int(np.searchsorted(self.tick, (since_us - reach_us) // STEP_US))
        high = int(np.searchsorted(self.tick, (until_us + reach_us) // STEP_US, side="right"))
        off_m = geodesy.distance_m(lat, lon, self.lat[low:high], self.lon[low:high])
        near = np.unique(self.mmsi[low:high][off_m <= radius_m])
        return int(np.count_nonzero(near != mmsi))
