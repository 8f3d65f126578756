"""How far a vessel can have gone while it wasn't heard.

Between two known places at two times a vessel of some top speed can only have been within an
ellipse whose foci are those places, and from one known place within a circle (the space-time prism
of Hägerstrand 1970, What about people in regional science?, Papers of the Regional Science
Association 24:7-21, projected onto the sea).
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from detectors.core.arrays import Floats

FAR_M: Final = 400_000.0
"""Half the length of the Strait of Malacca, 800 km (Encyclopaedia Britannica, "Strait of Malacca"):
who can have come so far can be at either end of it, or out of it, and no distance helps to look for
it."""


def fastest_kn(
    before_kn: ArrayLike, between_kn: ArrayLike, share: float, least_kn: float, most_kn: float
) -> Floats:
    """Speed that a vessel may have made: `share` times the faster of its speed before and of what
    the way between its last and its next place asks for, within bounds; NaN says nothing.

    >>> fastest_kn([8.0, np.nan], [12.0, np.nan], 1.25, 6.0, 30.0)
    array([15.,  6.])
    """
    fastest = np.fmax(before_kn, between_kn)
    return np.asarray(np.clip(np.nan_to_num(fastest) * share, least_kn, most_kn))


def furthest_m(way_m: ArrayLike, apart_m: ArrayLike) -> Floats:
    """Furthest from its last place that it can have been, given the way that it can have gone and
    how far off its next place is (NaN: none is known).

    >>> furthest_m([10_000.0, 10_000.0], [4_000.0, np.nan])
    array([ 7000., 10000.])
    """
    way, apart = np.asarray(way_m, "float64"), np.asarray(apart_m, "float64")
    return np.asarray(np.where(np.isnan(apart), way, (way + np.nan_to_num(apart)) / 2))


def area_km2(way_m: ArrayLike, apart_m: ArrayLike) -> Floats:
    """Area of all places where it can have been: an ellipse, or a circle where no next is known.

    >>> area_km2([10_000.0, 10_000.0], [6_000.0, np.nan]).round(1)
    array([ 62.8, 314.2])
    """
    way, apart = np.asarray(way_m, "float64"), np.asarray(apart_m, "float64")
    across_m = np.sqrt(np.maximum(way**2 - np.nan_to_num(apart) ** 2, 0.0))
    circle, ellipse = np.pi * way**2, np.pi * way * across_m / 4
    return np.asarray(np.where(np.isnan(apart), circle, ellipse) / 1e6)
