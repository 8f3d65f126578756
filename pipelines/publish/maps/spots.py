"""Where a mark finds room on a still map: on its place, else beside it and over the sea."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import shapely

from detectors.core.arrays import Floats
from pipelines.publish.maps.sheet import Sheet

MARK_R: Final = 13.0
"""Half the width of a mark."""
_RINGS: Final = (
    (0.0, 1),
    (30.0, 8),
    *((28.0 * ring, 1 + round(6.4 * ring)) for ring in range(2, 9)),
)
"""Where a mark may stand: on its place, else beside it at these distances, so many to a ring."""
_TURNS: Final = np.concatenate([2 * np.pi * np.arange(n) / n - np.pi / 4 for _, n in _RINGS])
_RADII: Final = np.repeat(*np.array(_RINGS).T.astype("int64"))[:, None]
_AROUND: Final = _RADII * np.column_stack([np.cos(_TURNS), np.sin(_TURNS)])
"""These places, from the mark's own."""


def aground_of(land: Sequence[Floats], sheet: Sheet) -> Callable[[float, float], bool]:
    """Return what tells whether any of a mark at a place on the sheet would cover land: near a
    coast, or in an odd number of rings.
    """
    rings = [ring for ring in land if len(ring) >= 4]
    if not rings:
        return lambda *_: False
    xy, of = sheet.xy(np.concatenate(rings)), np.arange(len(rings)).repeat([*map(len, rings)])
    coasts: Any = shapely.linearrings(xy, indices=of)
    coast, outline = shapely.STRtree(coasts), shapely.STRtree(shapely.polygons(coasts))

    def on_land(x: float, y: float) -> bool:
        middle = shapely.Point(x, y)
        near = coast.query(middle, predicate="dwithin", distance=MARK_R)
        return len(near) > 0 or len(outline.query(middle, predicate="within")) % 2 == 1

    return on_land


def free_spot(
    x: float,
    y: float,
    taken: Sequence[tuple[float, float]],
    on_land: Callable[[float, float], bool],
) -> tuple[float, float] | None:
    """Return where a mark may stand: on its place, else beside it, all of it over the sea."""
    near = _AROUND + np.array([x, y])
    others = np.array(taken, "float64").reshape(-1, 1, 2) - near
    free = near[(np.hypot(others[..., 0], others[..., 1]) > 2 * MARK_R).all(axis=0)].tolist()
    for at_x, at_y in free:
        if (at_x, at_y) == (x, y) or not on_land(at_x, at_y):
            return at_x, at_y
    return None
