"""Which of many points is nearest, asked for along tracks.

Who asks a tree for the ticks of a track asks for places a short way from one another, so the
point that was nearest to the last place bounds how far the nearest to this one can be, and most of
the tree is passed over. The tree is one of boxes over the points in Morton order, which sorting
makes (Lauterbach et al. 2009, Fast BVH Construction on GPUs, doi:10.1111/j.1467-8659.2009.01377.x).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.core.arrays import Floats, Ints
from detectors.kinematics.integrity.jit import compiled

LEAF: Final = 8
"""Points in a box of the lowest level: measured on tracks of the Strait."""
_BITS: Final = 20


class Nearest:
    """Points, to be asked which of them is nearest.

    `xyz`: at least one point a row, of three coordinates from -1 to 1.

    Attributes
    ----------
    points
        The same in another order.
    """

    def __init__(self, xyz: Floats) -> None:
        points = np.ascontiguousarray(xyz[np.argsort(_morton(xyz))])
        n_leaves = 1 << max(-(-len(points) // LEAF) - 1, 0).bit_length()
        boxes = np.full((2 * n_leaves, 6), np.inf)  # an empty box is infinitely far
        begin = np.arange(0, len(points), LEAF)
        full = slice(n_leaves, n_leaves + len(begin))
        boxes[full, :3] = np.minimum.reduceat(points, begin)
        boxes[full, 3:] = np.maximum.reduceat(points, begin)
        while n_leaves > 1:
            below = boxes[n_leaves : 2 * n_leaves].reshape(-1, 2, 6)
            n_leaves //= 2
            own = boxes[n_leaves : 2 * n_leaves]
            own[:, :3] = below[:, :, :3].min(axis=1)
            there = np.isfinite(below[:, :, :1])
            own[:, 3:] = np.where(there, below[:, :, 3:], -np.inf).max(axis=1)
            own[~there.any(axis=(1, 2))] = np.inf
        self.points, self._boxes = points, boxes

    def to(self, xyz: Floats, within: float) -> tuple[Floats, Ints]:
        """Return how far each place is from the nearest of `points`, and its row; infinity and -1
        where none is nearer than `within`.
        """
        return _nearest(self.points, self._boxes, np.ascontiguousarray(xyz), within)


def _morton(xyz: Floats) -> NDArray[np.uint64]:
    """Return numbers that are near for points that are: the bits of coordinates by turns."""
    found = np.zeros(len(xyz), "uint64")
    cells = ((xyz + 1.0) * 2 ** (_BITS - 1)).astype("uint64")
    for bit in range(_BITS):
        for axis in range(3):
            found |= ((cells[:, axis] >> np.uint64(bit)) & np.uint64(1)) << np.uint64(
                3 * bit + axis
            )
    return found


@compiled
def _away(boxes: Floats, box: int, x: float, y: float, z: float) -> float:
    """Return the square of the distance to a box."""
    dx = max(boxes[box, 0] - x, x - boxes[box, 3], 0.0)
    dy = max(boxes[box, 1] - y, y - boxes[box, 4], 0.0)
    dz = max(boxes[box, 2] - z, z - boxes[box, 5], 0.0)
    return float(dx * dx + dy * dy + dz * dz)


@compiled
def _nearest(points: Floats, boxes: Floats, xyz: Floats, within: float) -> tuple[Floats, Ints]:
    n_leaves = len(boxes) // 2
    found, rows = np.full(len(xyz), np.inf), np.full(len(xyz), -1)
    stack = np.empty(128, np.int64)
    far = np.empty(128, np.float64)
    last = -1
    for k in range(len(xyz)):
        x, y, z = xyz[k, 0], xyz[k, 1], xyz[k, 2]
        best = within * within
        n, begin = 0, 1
        if last >= 0:
            dx, dy, dz = x - points[last, 0], y - points[last, 1], z - points[last, 2]
            best = min(best, dx * dx + dy * dy + dz * dz)
            # From where that lies up to the top: most of what is beside is too far off.
            begin = box = n_leaves + last // LEAF
            while box > 1:
                away = _away(boxes, box ^ 1, x, y, z)
                if away <= best:
                    stack[n], far[n] = box ^ 1, away
                    n += 1
                box //= 2
        stack[n], far[n] = begin, 0.0
        n += 1
        while n:
            n -= 1
            box = stack[n]
            if far[n] > best:
                continue
            if box >= n_leaves:
                low = (box - n_leaves) * LEAF
                for p in range(low, min(low + LEAF, len(points))):
                    dx, dy, dz = x - points[p, 0], y - points[p, 1], z - points[p, 2]
                    away = dx * dx + dy * dy + dz * dz
                    if away <= best:
                        best, last = away, p
                continue
            one, other = 2 * box, 2 * box + 1
            a, b = _away(boxes, one, x, y, z), _away(boxes, other, x, y, z)
            if a < b:  # the nearer one is looked into first
                one, other, a, b = other, one, b, a
            if a <= best:
                stack[n], far[n] = one, a
                n += 1
            if b <= best:
                stack[n], far[n] = other, b
                n += 1
        if best < within * within:
            found[k], rows[k] = np.sqrt(best), last
    return found, rows
