"""Windows that slide over the ticks of tracks."""

import numpy as np

from detectors.core.arrays import Floats, Ints


def mean(track_id: Ints, tick: Ints, values: Floats, window: int) -> Floats:
    """Return the mean of the last `window` ticks of each tick, where they follow one another.

    NaN where fewer do, and where more than half of them are unknown (NaN), which don't count.

    >>> mean(np.ones(5, int), np.arange(5), np.arange(5.0), 4)
    array([nan, nan, nan, 1.5, 2.5])
    """
    n, w = len(values), window
    means = np.full(n, np.nan)
    if n < w:
        return means
    known = np.isfinite(values)
    windows = np.lib.stride_tricks.sliding_window_view
    counts = windows(known, w).sum(axis=1)
    sums = windows(np.where(known, values, 0.0), w).sum(axis=1)
    whole = (track_id[w - 1 :] == track_id[: n - w + 1]) & (
        tick[w - 1 :] - tick[: n - w + 1] == w - 1
    )
    enough = whole & (2 * counts >= w)
    means[w - 1 :][enough] = sums[enough] / counts[enough]
    return means


def highest(values: Floats, window: int) -> Floats:
    """Return the highest value of the windows that each tick lies in; NaN counts as none.

    >>> highest(np.array([np.nan, np.nan, 1.0, 3.0, np.nan]), 3)
    array([  1.,   3.,   3.,   3., -inf])
    """
    best = np.where(np.isnan(values), -np.inf, values)
    first = best.copy()
    for ahead in range(1, window):
        best[:-ahead] = np.maximum(best[:-ahead], first[ahead:])
    return best
