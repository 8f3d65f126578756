"""Reports of tracks that are worth drawing."""

from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from detectors.core.arrays import Floats, Ints

SILENCE_S: Final = 1800
"""A longer step between two reports is drawn dashed: nobody saw that way."""

_TRACK_DEG: Final = 0.0001  # 11 m: how far a moving mark may be from where the vessel was
_STRETCH: Final = 0.01  # degrees a second, against 0.0003 at 60 kn


def kept_within(x: Floats, y: Floats, time_s: Ints, bounds: Ints, vertices: int) -> Ints:
    """Return indices of the reports worth drawing (`kept`), as finely as so many vertices allow."""
    tolerance, found = _TRACK_DEG, kept(x, y, time_s, bounds, _TRACK_DEG)
    while len(found) > vertices and tolerance < 1.0:
        tolerance *= 2
        found = kept(x, y, time_s, bounds, tolerance)
    return found


def breaks(x: Floats, time_s: Ints, bounds: Ints) -> NDArray[np.bool_]:
    """Find reports that begin a piece: a track's first, after a silence, or past the map's seam."""
    begins = np.zeros(len(x), bool)
    begins[bounds[:-1][bounds[:-1] < len(x)]] = True
    begins[1:] |= (np.diff(time_s) > SILENCE_S) | (np.abs(np.diff(x)) > 180.0)
    return begins


def kept(x: Floats, y: Floats, time_s: Ints, bounds: Ints, tolerance: float) -> Ints:
    """Find the reports worth drawing: what lies between is where it would be by the clock.

    Douglas-Peucker of longitude and of latitude over time, so that a straight way with a stop in it
    keeps the stop: what is left out is about as near as the tolerance (degrees) to the line between
    what is kept, at its own time (the synchronised distance of Meratnia and de By, "Spatiotemporal
    compression techniques for moving point objects", EDBT 2004). Ends of pieces stay.
    """
    if len(x) == 0:
        return np.empty(0, "int64")
    begins = breaks(x, time_s, bounds)
    piece = np.cumsum(begins) - 1
    keep = begins | np.r_[begins[1:], True]
    index = np.arange(len(x))
    several = np.bincount(piece)[piece] > 1
    if several.any():
        line_of = np.unique(piece[several], return_inverse=True)[1]
        # So stretched, a distance square to the line is one in degrees, at the same time
        clock = (time_s[several] - time_s.min()) * _STRETCH
        for value in (x, y):
            # The index travels as the third coordinate, which the algorithm doesn't weigh
            points = np.column_stack([clock, value[several], index[several].astype("float64")])
            lines = shapely.linestrings(points, indices=line_of)
            shape = shapely.get_coordinates(
                shapely.simplify(lines, tolerance, preserve_topology=False), include_z=True
            )[:, 2]
            keep[shape.astype("int64")] = True
    return np.asarray(index[keep], "int64")
