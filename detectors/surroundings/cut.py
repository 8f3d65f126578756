"""Where straight steps cross pieces of lines: `boundaries.Boundaries.cuts`, compiled."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.kinematics.integrity.jit import compiled

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@compiled
def where(
    x1: Floats, y1: Floats, x2: Floats, y2: Floats, begin: Floats, end: Floats
) -> tuple[Ints, Ints, Floats, Bools]:
    """Return piece and step of each crossing, the share of the step before it, and whether the step
    ends on the left of the piece.

    Steps lead from (`x1`, `y1`) to (`x2`, `y2`), pieces from `begin` to `end`, a row each. What
    lies on a line is on its left.
    """
    n, held = 0, 256
    piece, step = np.empty(held, np.int64), np.empty(held, np.int64)
    share, left = np.empty(held, np.float64), np.empty(held, np.bool_)
    for k in range(len(begin)):
        px, py, qx, qy = begin[k, 0], begin[k, 1], end[k, 0], end[k, 1]
        west, east, south, north = min(px, qx), max(px, qx), min(py, qy), max(py, qy)
        for i in range(len(x1)):
            ax, ay, bx, by = x1[i], y1[i], x2[i], y2[i]
            # What isn't a number is near nothing.
            if not (max(ax, bx) >= west and min(ax, bx) <= east):
                continue
            if not (max(ay, by) >= south and min(ay, by) <= north):
                continue
            a = (qx - px) * (ay - py) - (qy - py) * (ax - px)
            b = (qx - px) * (by - py) - (qy - py) * (bx - px)
            p = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
            q = (bx - ax) * (qy - ay) - (by - ay) * (qx - ax)
            if (a >= 0) == (b >= 0) or (p >= 0) == (q >= 0):
                continue
            if n == held:
                held *= 2
                piece, step = _longer(piece, held), _longer(step, held)
                share, left = _longer(share, held), _longer(left, held)
            piece[n], step[n], share[n], left[n] = k, i, a / (a - b), b >= 0
            n += 1
    return piece[:n].copy(), step[:n].copy(), share[:n].copy(), left[:n].copy()


@compiled
def _longer(values: Any, size: int) -> Any:
    """Return values with room for more behind them."""
    longer = np.empty(size, values.dtype)
    for k in range(len(values)):
        longer[k] = values[k]
    return longer
