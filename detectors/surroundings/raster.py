"""Which cells of a grid lie in a polygon, and through which its boundary runs, compiled.

The boundary is walked row by row; of a cell that it doesn't run through, the middle tells (by the
number of boundary lines west of it: even-odd rule).
"""

from typing import Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from detectors.core.arrays import Bools, Floats, Ints
from detectors.kinematics.integrity.jit import compiled

_BOUNDARY: Final = 2


class Grid(NamedTuple):
    """Cells of a grid, counted from its south-western corner."""

    west: float
    south: float
    cell_deg: float
    nx: int
    ny: int
    eps: float
    """In cells: what is so near to a cell's edge may lie on either side of it."""


def cells_of(geometries: NDArray[np.object_], grid: Grid) -> tuple[Ints, Ints, Bools]:
    """Return (polygon, cell, whether the polygon covers all of it) for each cell that some polygon
    reaches, sorted by cell, then polygon.
    """
    parts, part_of = shapely.get_parts(geometries, return_index=True)
    parts, within = shapely.get_parts(parts, return_index=True)
    rings, ring_of = shapely.get_rings(parts, return_index=True)
    points, point_of = shapely.get_coordinates(rings, return_index=True)
    at = (points - [grid.west, grid.south]) / grid.cell_deg
    follows = np.flatnonzero(np.diff(point_of) == 0)
    edges = np.hstack([at[follows], at[follows + 1]])
    owner = part_of[within[ring_of[point_of[follows]]]]
    bounds = np.searchsorted(owner, np.arange(len(geometries) + 1))
    found = [
        _cells(edges[low:high], grid.nx, grid.ny, grid.eps)
        for low, high in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
    ]
    polygon = np.repeat(np.arange(len(found)), [len(cell) for cell, _ in found])
    cell = np.concatenate([cell for cell, _ in found])
    order = np.argsort(cell, kind="stable")
    return polygon[order], cell[order], np.concatenate([own for _, own in found])[order]


@compiled
def _cells(edges: Floats, nx: int, ny: int, eps: float) -> tuple[Ints, Bools]:
    """Return the cells of one polygon, in order, and whether it covers them.

    `edges`: from where to where its boundary runs: east and north, then the same of the other end.
    """
    if len(edges) == 0:
        return np.empty(0, np.int64), np.empty(0, np.bool_)
    west, south, east, north = edges[0, 0], edges[0, 1], edges[0, 0], edges[0, 1]
    for k in range(1, len(edges)):  # not `numpy.min` of each, which takes longer to compile
        west, east = min(west, edges[k, 0]), max(east, edges[k, 0])
        south, north = min(south, edges[k, 1]), max(north, edges[k, 1])
    low_x = max(int(np.floor(west - eps)), 0)
    low_y = max(int(np.floor(south - eps)), 0)
    n_x = min(int(np.floor(east + eps)), nx - 1) - low_x + 1
    n_y = min(int(np.floor(north + eps)), ny - 1) - low_y + 1
    marks = np.zeros((n_y, n_x + 1), np.uint8)
    for k in range(len(edges)):
        x1, y1, x2, y2 = edges[k, 0] - low_x, edges[k, 1] - low_y, edges[k, 2], edges[k, 3]
        x2, y2 = x2 - low_x, y2 - low_y
        if y1 > y2:
            x1, y1, x2, y2 = x2, y2, x1, y1
        for row in range(
            max(int(np.floor(y1 - eps)), 0), min(int(np.floor(y2 + eps)), n_y - 1) + 1
        ):
            one, other = x1, x2
            if y2 > y1:  # as far as it runs in this row
                one = x1 + (x2 - x1) * min(max((row - eps - y1) / (y2 - y1), 0.0), 1.0)
                other = x1 + (x2 - x1) * min(max((row + 1 + eps - y1) / (y2 - y1), 0.0), 1.0)
            first = max(int(np.floor(min(one, other) - eps)), 0)
            for x in range(first, min(int(np.floor(max(one, other) + eps)), n_x - 1) + 1):
                marks[row, x] |= _BOUNDARY
            middle = row + 0.5
            if y1 <= middle < y2:
                cut = x1 + (x2 - x1) * (middle - y1) / (y2 - y1)
                marks[row, min(max(int(np.ceil(cut - 0.5)), 0), n_x)] ^= 1
    cell, covered = np.empty(n_y * n_x, np.int64), np.empty(n_y * n_x, np.bool_)
    n = 0
    for row in range(n_y):
        inside = 0
        for x in range(n_x):
            inside ^= marks[row, x] & 1
            bounds = marks[row, x] & _BOUNDARY
            if bounds or inside:
                cell[n], covered[n] = (low_y + row) * nx + low_x + x, not bounds
                n += 1
    return cell[:n].copy(), covered[:n].copy()


class Index(NamedTuple):
    """What `cells_of` gave: where the entries of each cell begin, and polygon and cover of each."""

    first: NDArray[np.int32]
    polygon: NDArray[np.int32]
    covered: Bools


@compiled
def entries_at(
    lat: Floats, lon: Floats, grid: Grid, index: Index, wanted: Bools, enough: bool
) -> tuple[Ints, Ints, Bools]:
    """Return (point, polygon, whether it lies in it for sure) of the wanted polygons that reach a
    point's cell, sorted. With `enough` of a point that lies in one for sure no others.
    """
    n = 0
    cells = np.empty(len(lat), np.int64)
    for k in range(len(lat)):
        cells[k] = -1
        x, y = (
            np.floor((lon[k] - grid.west) / grid.cell_deg),
            np.floor((lat[k] - grid.south) / grid.cell_deg),
        )
        if 0 <= x < grid.nx and 0 <= y < grid.ny:  # never where one isn't known
            cells[k] = int(y) * grid.nx + int(x)
            n += index.first[cells[k] + 1] - index.first[cells[k]]
    point, polygon = np.empty(n, np.int64), np.empty(n, np.int64)
    sure = np.empty(n, np.bool_)
    n = 0
    for k in range(len(lat)):
        if cells[k] < 0:
            continue
        begin = n
        for entry in range(index.first[cells[k]], index.first[cells[k] + 1]):
            if not wanted[index.polygon[entry]]:
                continue
            if enough and index.covered[entry]:
                n = begin
            point[n], polygon[n], sure[n] = k, index.polygon[entry], index.covered[entry]
            n += 1
            if enough and index.covered[entry]:
                break
    return point[:n].copy(), polygon[:n].copy(), sure[:n].copy()
