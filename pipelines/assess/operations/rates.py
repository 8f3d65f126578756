"""How much a rate changed, and how sure that is, where counts are small."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

CONFIDENCE: Final = 0.95
FEW: Final = 5
"""With fewer events in both spans together nothing is said: even none against four is no proof (the
exact test gives 0.125 for equal exposures)."""
MIN_DAYS: Final = 4
_DRAWS: Final = 2000
LEAST: Final = 10
"""Events on which a share rests at least."""


@dataclass(frozen=True)
class Ratio:
    """One rate over another."""

    ratio: float
    """The later rate over the earlier; NaN where that can't be said."""
    low: float
    high: float
    """Ends of its 95 % interval."""

    @property
    def verdict(self) -> str:
        """In words."""
        if np.isnan(self.ratio):
            return "too few to tell"
        if self.low > 1:
            return "more"
        return "fewer" if self.high < 1 else "no clear change"


NONE: Final = Ratio(float("nan"), float("nan"), float("nan"))


def rate_ratio(later: int, later_exposure: float, earlier: int, earlier_exposure: float) -> Ratio:
    """Ratio of two Poisson rates with its exact interval.

    Given their sum, the later count is binomial; Clopper and Pearson's interval for its probability
    gives one for the ratio that holds it in at least 95 % of cases, however small the counts
    (Przyborowski & Wilenski 1940, Biometrika 31, 313-323; Sahai & Khurshid 1993, Biometrical
    Journal 35(7), 857-875). It supposes that events come independently; a few vessels that do
    the same again and again make it too narrow.

    >>> found = rate_ratio(4, 100.0, 16, 100.0)
    >>> round(found.ratio, 2), round(found.low, 2), round(found.high, 2)
    (0.25, 0.06, 0.77)
    """
    total = later + earlier
    if total < FEW or later_exposure <= 0 or earlier_exposure <= 0:
        return NONE
    from scipy import stats  # a second, for a desk on which nobody compares rates

    interval = stats.binomtest(later, total).proportion_ci(CONFIDENCE, method="exact")
    scale = earlier_exposure / later_exposure
    ratio = later / earlier * scale if earlier else float("inf")
    low, high = (
        float("inf") if p >= 1 else p / (1 - p) * scale for p in (interval.low, interval.high)
    )
    return Ratio(float(ratio), float(low), float(high))


def mean_ratio(later: NDArray[np.float64], earlier: NDArray[np.float64]) -> Ratio:
    """Ratio of the means of daily values, with a bootstrap interval over days.

    Vessel-hours of a day are no independent counts, but days nearly are: days are drawn with
    repetition (percentile bootstrap, fixed seed; Efron & Tibshirani 1993, chapter 13). Nothing is
    said of fewer than `MIN_DAYS` days in either.
    """
    if len(later) < MIN_DAYS or len(earlier) < MIN_DAYS or earlier.mean() <= 0:
        return NONE
    random = np.random.default_rng(20_260_101)
    one = later[random.integers(0, len(later), (_DRAWS, len(later)))].mean(axis=1)
    two = earlier[random.integers(0, len(earlier), (_DRAWS, len(earlier)))].mean(axis=1)
    low, high = np.quantile(one / np.maximum(two, 1e-9), [0.025, 0.975])
    return Ratio(float(later.mean() / earlier.mean()), float(low), float(high))


def displacement(
    inside: tuple[int, int], beside: tuple[int, int], elsewhere: tuple[int, int]
) -> float:
    """Weighted displacement quotient: how far what left an area turned up beside it.

    (B1/C1 - B0/C0) / (A1/C1 - A0/C0) with counts inside (A), beside (B) and elsewhere (C), before
    (0) and during (1): Bowers & Johnson 2003, Measuring the geographical displacement and diffusion
    of benefit effects of crime prevention activity, Journal of Quantitative Criminology 19(3),
    275-301. Where counts fell inside: below 0 they rose beside (displacement; -1: as many as left),
    above 0 they fell there too. NaN where a count before or elsewhere is below `LEAST`, or nothing
    fell inside.
    """
    (a0, a1), (b0, b1), (c0, c1) = inside, beside, elsewhere
    if min(a0, c0, c1) < LEAST or b0 + b1 < LEAST:
        return float("nan")
    fell = a1 / c1 - a0 / c0
    return (b1 / c1 - b0 / c0) / fell if fell < 0 else float("nan")
