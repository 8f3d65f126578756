"""How much better than boarding at random."""

from typing import Final, NamedTuple

import numpy as np

Z_95: Final = 1.959964
"""Standard normal quantile of a two-sided interval of 95 %."""


class Lift(NamedTuple):
    """Precision over the share of planted vessels among all: 1 is boarding at random.

    `low` and `high` bound the lift at 95 %; all NaN where there is no figure.
    """

    lift: float
    low: float
    high: float


def wilson(right: int, tried: int) -> tuple[float, float]:
    """Interval of 95 % for a share: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209-212.

    NaN if nothing was tried.

    >>> [round(bound, 4) for bound in wilson(8, 10)]
    [0.4902, 0.9433]
    """
    if tried == 0:
        return float("nan"), float("nan")
    share, z2 = right / tried, Z_95**2
    middle = share + z2 / (2 * tried)
    half = Z_95 * np.sqrt(share * (1 - share) / tried + z2 / (4 * tried**2))
    scale = 1 + z2 / tried
    return float((middle - half) / scale), float((middle + half) / scale)


def lift(right: int, tried: int, planted: int, vessels: float) -> Lift:
    """Lift of `right` of `tried` vessels, where `planted` of all `vessels` are right.

    The base rate is known, not drawn: the interval is that of the precision.

    >>> lift(5, 10, 20, 200.0).lift
    5.0
    """
    if tried == 0 or planted == 0 or not vessels > 0:
        return Lift(*[float("nan")] * 3)
    base = planted / vessels
    low, high = wilson(right, tried)
    return Lift(right / tried / base, low / base, high / base)
