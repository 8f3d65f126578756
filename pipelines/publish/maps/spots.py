"""Where a mark finds room on a still map: on its place, else beside it and over the sea."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import shapely

from detectors.core.arrays import Floats
from pipelines.publish.maps.sheet import Sheet

MARK_R: Final = 13.0
"""Half the width of a mark."""
_RINGS: Final = ((0.0, 1), (30.0, 8), (56.0, 14), (84.0, 20))
"""Where a mark may stand: on its place, else beside it at these distances, so many to a ring."""


def aground_of(land: Sequence[Floats], sheet: Sheet) -> Callable[[float, float], bool]:
    """Return what tells whether a place on the sheet is on land: in an odd number of rings."""
    rings = [ring for ring in land if len(ring) >= 4]
    if not rings:
        return lambda *_: False
    xy, of = sheet.xy(np.concatenate(rings)), np.arange(len(rings)).repeat([*map(len, rings)])
    outlines: Any = shapely.polygons(shapely.linearrings(xy, indices=of))
    tree = shapely.STRtree(outlines)

    def on_land(x: float, y: float) -> bool:
        return len(tree.query(shapely.Point(x, y), predicate="within")) % 2 == 1

    return on_land


def free_spot(
    x: float,
    y: float,
    taken: Sequence[tuple[float, float]],
    on_land: Callable[[float, float], bool],
) -> tuple[float, float] | None:
    """Return where a mark may stand: on its place, else beside it, over the sea."""
    for radius, n in _RINGS:
        for i in range(n):
            turn = 2 * np.pi * i / n - np.pi / 4
            spot = (float(x + radius * np.cos(turn)), float(y + radius * np.sin(turn)))
            if not all(np.hypot(spot[0] - a, spot[1] - b) > 2 * MARK_R for a, b in taken):
                continue
            if not radius or not on_land(*spot):
                return spot if radius else (x, y)
    return None
