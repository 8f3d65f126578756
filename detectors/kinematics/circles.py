"""The fit of `shapes.fit_circles`, compiled: a group after the other, its points six times."""

from typing import Final

import numpy as np

from detectors.core.arrays import Floats, Ints
from detectors.kinematics.integrity.jit import compiled

REFINEMENTS: Final = 4
"""Steps by which a circle is refined; a Gauss-Newton step near the solution leaves the square of
the error."""
_FLAT: Final = 1e-9
_AT_CENTRE_M: Final = 1e-9


@compiled
def fit(x_m: Floats, y_m: Floats, first: Ints) -> Floats:
    """Return of each group of points the circle: centre, radius, rms, and angle turned."""
    found = np.zeros((5, len(first)))
    for k in range(len(first)):
        low = first[k]
        high = first[k + 1] if k + 1 < len(first) else len(x_m)
        n = high - low
        mean_x, mean_y = 0.0, 0.0
        for i in range(low, high):
            mean_x += x_m[i]
            mean_y += y_m[i]
        mean_x, mean_y = mean_x / n, mean_y / n
        suu, svv, suv, suz, svz = 0.0, 0.0, 0.0, 0.0, 0.0
        for i in range(low, high):
            u, v = x_m[i] - mean_x, y_m[i] - mean_y
            z = u * u + v * v
            suu += u * u
            svv += v * v
            suv += u * v
            suz += u * z
            svz += v * z
        suu, svv, suv, suz, svz = suu / n, svv / n, suv / n, suz / n, svz / n
        det = suu * svv - suv * suv
        if not det > _FLAT * (suu + svv) ** 2:
            found[0, k], found[1, k], found[2, k], found[3, k] = mean_x, mean_y, np.inf, np.inf
            continue
        at_x = mean_x + (suz * svv - svz * suv) / (2 * det)
        at_y = mean_y + (svz * suu - suz * suv) / (2 * det)
        radius_m, rms_m = _about(x_m, y_m, low, high, at_x, at_y)
        for _ in range(REFINEMENTS):
            step_x, step_y = _step(x_m, y_m, (low, high), at_x, at_y, radius_m)
            tried_m, tried_rms_m = _about(x_m, y_m, low, high, at_x + step_x, at_y + step_y)
            if not tried_rms_m < rms_m:
                break
            at_x, at_y, radius_m, rms_m = at_x + step_x, at_y + step_y, tried_m, tried_rms_m
        turned, before = 0.0, 0.0
        for i in range(low, high):
            angle = np.arctan2(y_m[i] - at_y, x_m[i] - at_x)
            if i > low:
                turned += (angle - before + np.pi) % (2 * np.pi) - np.pi
            before = angle
        found[0, k], found[1, k], found[2, k] = at_x, at_y, radius_m
        found[3, k], found[4, k] = rms_m, turned
    return found


@compiled
def _about(
    x_m: Floats, y_m: Floats, low: int, high: int, at_x: float, at_y: float
) -> tuple[float, float]:
    """Return the mean distance from a centre, and how far points are from that (rms)."""
    radius_m, off_m2 = 0.0, 0.0
    for i in range(low, high):
        radius_m += np.sqrt((x_m[i] - at_x) ** 2 + (y_m[i] - at_y) ** 2)
    radius_m /= high - low
    for i in range(low, high):
        off_m = np.sqrt((x_m[i] - at_x) ** 2 + (y_m[i] - at_y) ** 2) - radius_m
        off_m2 += off_m * off_m
    return radius_m, np.sqrt(off_m2 / (high - low))


@compiled
def _step(
    x_m: Floats,
    y_m: Floats,
    rows: tuple[int, int],
    at_x: float,
    at_y: float,
    radius_m: float,
) -> tuple[float, float]:
    """Return the Gauss-Newton step of a centre, none where it isn't known."""
    low, high = rows
    n = high - low
    mean_c, mean_s = 0.0, 0.0
    for i in range(low, high):
        east, north = x_m[i] - at_x, y_m[i] - at_y
        length = max(np.sqrt(east * east + north * north), _AT_CENTRE_M)
        mean_c += east / length
        mean_s += north / length
    mean_c, mean_s = mean_c / n, mean_s / n
    scc, sss, scs, sco, sso = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(low, high):
        east, north = x_m[i] - at_x, y_m[i] - at_y
        away_m = np.sqrt(east * east + north * north)
        length, off_m = max(away_m, _AT_CENTRE_M), away_m - radius_m
        c, s = east / length - mean_c, north / length - mean_s
        scc += c * c
        sss += s * s
        scs += c * s
        sco += c * off_m
        sso += s * off_m
    det = scc * sss - scs * scs
    if det == 0.0:
        return 0.0, 0.0
    step_x, step_y = (sco * sss - sso * scs) / det, (sso * scc - sco * scs) / det
    if not (np.isfinite(step_x) and np.isfinite(step_y)):
        return 0.0, 0.0
    return step_x, step_y
