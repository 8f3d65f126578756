"""Where a mark finds room on a still map: on its place, else beside it and over the sea."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import shapely

from detectors.core.arrays import Floats
from pipelines.publish.maps.sheet import Sheet

MARK_R: Final = 13.0
"""Half the width of a mark."""
_RINGS: Final = ((0.0, 1), (30.0, 8), (56.0, 14), (84.0, 20), (112.0, 26))
"""Where a mark may stand: on its place, else beside it at these distances, so many to a ring."""
_TURNS: Final = np.concatenate([2 * np.pi * np.arange(n) / n - np.pi / 4 for _, n in _RINGS])
_RADII: Final = np.repeat(*np.array(_RINGS).T.astype("int64"))[:, None]
_AROUND: Final = _RADII * np.column_stack([np.cos(_TURNS), np.sin(_TURNS)])
"""These places, from the mark's own."""
_NINTHS: Final = tuple((dx, dy) for dx in (-9.0, 0.0, 9.0) for dy in (-9.0, 0.0, 9.0))
"""Where a mark is looked at for the land under it, from its middle."""
_ON_LAND: Final = (0, 3)
"""So many of these may be on land, the first preferred."""


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
    """Return where a mark may stand: on its place, else beside it, wholly over the sea, or in a
    narrow water by two thirds.
    """
    near = _AROUND + np.array([x, y])
    others = np.array(taken, "float64").reshape(-1, 1, 2) - near
    free = near[(np.hypot(others[..., 0], others[..., 1]) > 2 * MARK_R).all(axis=0)].tolist()
    for most in _ON_LAND:
        for at_x, at_y in free:
            if (at_x, at_y) == (x, y):
                return x, y
            if sum(on_land(at_x + dx, at_y + dy) for dx, dy in _NINTHS) <= most:
                return at_x, at_y
    return None
