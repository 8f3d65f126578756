"""Outlines of land cut into small pieces; cells of a grid that a leg touches, or side by side."""

from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from detectors.core.arrays import Floats, Ints

_MAX_VERTICES: Final = 64


def subdivided(land: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return polygons cut in half until none has many vertices; together they cover the same."""
    todo = shapely.get_parts(np.asarray(land, object))
    done = []
    while len(todo):
        small = shapely.get_num_coordinates(todo) <= _MAX_VERTICES
        done.append(todo[small])
        large = todo[~small]
        west, south, east, north = shapely.bounds(large).T
        wide = east - west >= north - south
        x, y = np.where(wide, (west + east) / 2, east), np.where(wide, north, (south + north) / 2)
        halves = (
            shapely.box(west, south, x, y),
            shapely.box(np.where(wide, x, west), np.where(wide, south, y), east, north),
        )
        todo = shapely.get_parts(np.concatenate([shapely.intersection(large, h) for h in halves]))
        todo = todo[shapely.area(todo) > 0]
    return np.concatenate(done) if done else np.empty(0, object)


def crossed_cells(x1: Floats, y1: Floats, x2: Floats, y2: Floats) -> tuple[Ints, Ints, Ints]:
    """Return legs, and columns and rows of the cells that they touch, coordinates being in cells.

    A cell that a leg touches holds one of its ends or has a side that the leg crosses.
    """
    legs = np.arange(len(x1))
    found = [(legs, x1, y1), (legs, x2, y2)]
    for a1, b1, a2, b2, upright in ((x1, y1, x2, y2, True), (y1, x1, y2, x2, False)):
        low, high = np.floor(np.minimum(a1, a2)), np.floor(np.maximum(a1, a2))
        count = (high - low).astype("int64")
        leg = np.repeat(legs, count)
        line = low[leg] + 1 + np.arange(len(leg)) - np.repeat(np.cumsum(count) - count, count)
        at = b1[leg] + (line - a1[leg]) / (a2[leg] - a1[leg]) * (b2[leg] - b1[leg])
        for beside in (line - 1, line):
            found.append((leg, beside, at) if upright else (leg, at, beside))
    leg, x, y = (np.concatenate(part) for part in zip(*found, strict=True))
    return leg, np.floor(x).astype("int64"), np.floor(y).astype("int64")


def beside(a: NDArray[np.int32], b: NDArray[np.int32], n: int) -> Ints:
    """Return different neighbours as one number each, the lower first, for each two cells of them
    side by side.
    """
    # Of twenty million cells few have another square beside them: only these are looked at.
    row, column = np.divmod(np.flatnonzero(a != b), a.shape[1])
    a, b = a[row, column], b[row, column]
    both = (a >= 0) & (b >= 0)
    low, high = np.minimum(a[both], b[both]), np.maximum(a[both], b[both])
    return np.asarray(low.astype("int64") * n + high)
