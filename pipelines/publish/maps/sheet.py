"""The sheet that a still map is drawn on: Mercator, its graticule and scale, and room for names."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from detectors.core.arrays import Floats
from pipelines.publish.maps.scene import Box
from pipelines.publish.maps.style import CLOSEST, GRID_STEPS_DEG, SCALE_NM

WIDTH: Final = 1000.0
"""Width of a drawing in its own units; the page scales it."""

_EDGE: Final = 45.0
"""Room around what must be shown."""
_GRID_APART: Final = 110.0
_LONGEST: Final = 200.0
_POLE_DEG: Final = 89.0
_LETTER: Final = 0.56
"""Width of a letter over its size, as a rule."""


Spot = tuple[float, float, str]
"""Where a name may stand from a place, and its anchor: start, middle or end."""

BESIDE: Final[Sequence[Spot]] = (
    (12.0, 0.0, "start"),
    (-12.0, 0.0, "end"),
    (0.0, -17.0, "middle"),
    (0.0, 17.0, "middle"),
)
"""Where a name may stand beside its mark, the best first."""
BESIDE_PLACE: Final[Sequence[Spot]] = tuple((0.55 * x, 0.65 * y, side) for x, y, side in BESIDE)
"""The same beside the dot of a place."""
PLACES_APART: Final = (120.0, 50.0)
"""No two places nearer to each other, across and down, have a name: the eye goes by a few."""


@dataclass(frozen=True)
class Sheet:
    """From degrees (east of lon0, north) to the drawing: `k` units to a degree of longitude."""

    x: float
    y: float
    k: float
    height: float

    @classmethod
    def fitted(cls, fit: Box, height: float) -> "Sheet":
        """Return the sheet of a height that shows a box, as large as it can."""
        west, south, east, north = fit
        low, high = (float(mercator(lat)) for lat in (south, north))
        k = min(
            (WIDTH - 2 * _EDGE) / max(east - west, 1e-6),
            (height - 2 * _EDGE) / max(high - low, 1e-6),
            CLOSEST,
        )
        return cls((west + east) / 2, (low + high) / 2, k, height)

    def xy(self, points: Floats) -> Floats:
        """Points (n, 2) in the drawing."""
        x = (points[:, 0] - self.x) * self.k + WIDTH / 2
        y = self.height / 2 - (mercator(points[:, 1]) - self.y) * self.k
        return np.column_stack([x, y])

    def at(self, x: float, y: float) -> tuple[float, float]:
        """One place in the drawing."""
        [[sx, sy]] = self.xy(np.array([[x, y]], "float64")).tolist()
        return sx, sy

    def meridians(self, lon0: float) -> Iterator[tuple[float, str]]:
        """Return where each meridian of the graticule is (x), and its name."""
        step = self._step()
        left, right = (self.x + side * WIDTH / 2 / self.k + lon0 for side in (-1, 1))
        for lon in (np.arange(np.ceil(left / step), right / step) * step).tolist():
            yield self.at(lon - lon0, 0.0)[0], angle((lon + 180) % 360 - 180, "EW")

    def parallels(self) -> Iterator[tuple[float, str]]:
        """Return where each parallel of the graticule is (y), and its name."""
        step = self._step()
        low, high = (latitude(self.y + side * self.height / 2 / self.k) for side in (-1, 1))
        for lat in (np.arange(np.ceil(low / step), high / step) * step).tolist():
            yield self.at(0.0, lat)[1], angle(lat, "NS")

    def scale(self) -> tuple[float, float]:
        """Miles of the scale bar, and how long it is."""
        # On Mercator a minute of latitude is a mile, as long as 1/cos(lat) minutes of longitude
        per_mile = self.k / 60 / float(np.cos(np.radians(latitude(self.y))))
        fits = (m for m in reversed(SCALE_NM) if m * per_mile <= _LONGEST)
        miles = next(fits, SCALE_NM[0])
        return miles, miles * per_mile

    def _step(self) -> float:
        return next((s for s in GRID_STEPS_DEG if s * self.k >= _GRID_APART), 45.0)


@dataclass
class Room:
    """What of a sheet is taken, so that names and marks don't cover one another."""

    height: float
    taken: list[Box] = field(default_factory=list)

    def take(self, box: Box) -> bool:
        """Tell whether a box is free and on the sheet; from now on it is taken."""
        left, top, right, bottom = box
        if left < 2 or top < 20 or right > WIDTH - 50 or bottom > self.height - 2:
            return False
        if any(left < b[2] and right > b[0] and top < b[3] and bottom > b[1] for b in self.taken):
            return False
        self.taken.append(box)
        return True

    def name(
        self, text: str, x: float, y: float, spots: Sequence[Spot], size: float
    ) -> Spot | None:
        """Return where a name fits beside a place: x, y and anchor of the first free spot; else
        None.
        """
        long = len(text) * size * _LETTER
        for dx, dy, anchor in spots:
            left = x + dx - {"start": 0.0, "middle": long / 2, "end": long}[anchor]
            box = (left - 2, y + dy - 0.6 * size, left + long + 2, y + dy + 0.6 * size)
            if self.take(box):
                return x + dx, y + dy, anchor
        return None


def mercator(lat: Any) -> Any:
    """Latitudes in degrees of longitude at the equator, as Mercator stretches them.

    A pole, which would be endlessly far away, stands where it is off every sheet.
    """
    lat = np.clip(lat, -_POLE_DEG, _POLE_DEG)
    return np.degrees(np.log(np.tan(np.pi / 4 + np.radians(lat) / 2)))


def latitude(y: float) -> float:
    """Return the latitude that `mercator` makes this of."""
    return float(np.degrees(2 * np.arctan(np.exp(np.radians(y))) - np.pi / 2))


def ratio_of(fit: Box) -> float:
    """Height over width of a sheet that a box fills, from 0.5 to 0.9."""
    west, south, east, north = fit
    high = float(mercator(north) - mercator(south)) / max(east - west, 1e-6)
    return min(max(high, 0.5), 0.9)


def angle(value: float, signs: str) -> str:
    """Degrees and whole minutes.

    >>> angle(3.5, "NS"), angle(-0.25, "NS"), angle(0.0, "NS")
    ('3°30′N', '0°15′S', '0°')
    """
    degrees, minutes = divmod(round(abs(value) * 60), 60)
    if not degrees and not minutes:
        return "0°"
    return f"{degrees}°{f'{minutes:02d}′' if minutes else ''}{signs[value < 0]}"
