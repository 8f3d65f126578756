"""How likely a vessel was somewhere while it wasn't heard.

A prism says where a vessel can have been, not how likely that is. Here its way between its last
place and its next one is a Brownian bridge (Horne, Garton, Krone & Lewis 2007, Analyzing animal
movements using Brownian bridges, Ecology 88:2354-2363, doi:10.1890/06-0957.1), as wide as the prism
that it must keep to (Winter & Yin 2010, Directed movements in probabilistic time geography,
International Journal of Geographical Information Science 24:1349-1365,
doi:10.1080/13658811003619150; Song & Miller 2014, Simulating visit probability distributions within
planar space-time prisms, ibid. 28:104-125, doi:10.1080/13658816.2013.830308): `WITHIN` of all ways
are inside it. Nothing is known of what the crew wanted: the chance is that of going about at will.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import chndtr, erfc

from detectors.core.arrays import Floats

WITHIN: Final = 0.95
WIDE: Final = float(np.sqrt(-2.0 * np.log(1.0 - WITHIN)))
"""Standard deviations from the middle within which a fix of two dimensions lies so often."""
STEPS: Final = 48
"""Steps that a time together is cut into."""
_LAGS: Final = (np.arange(24) + 0.5) / 24
PAIRS_AT_ONCE: Final = 200
"""Pairs that all steps are looked at of at once: some 10 MB."""
FAR: Final = 1e4
"""Beyond as many variances the distribution function of noncentral chi-squared is 0."""


def diffusion_m2_s(way_m: Floats, apart_m: Floats, duration_s: Floats) -> Floats:
    """Return by how much a bridge's variance grows at first (m²/s), each of its two dimensions.

    In its middle the prism is `WIDE` standard deviations wide to either side.

    Parameters
    ----------
    way_m
        The way that a vessel can have gone in `duration_s`.
    apart_m
        How far its next place is from its last one; NaN while there is none.
    """
    spare = np.maximum(way_m**2 - np.nan_to_num(apart_m) ** 2, 0.0)
    return np.asarray(spare / (WIDE**2 * np.maximum(duration_s, 1.0)))


def reached(way_m: Floats, apart_m: Floats, last_m: Floats, next_m: Floats) -> Floats:
    """Return how likely a straight line (a coast) was reached between two places off it.

    By the reflection principle (Karatzas & Shreve 1991, Brownian motion and stochastic calculus,
    2nd ed., 2.6 and 4.3). None where there and back is further than the vessel can have gone.

    Parameters
    ----------
    last_m, next_m
        How far off the line the last place is, and the next one; NaN while there is none.

    >>> reached(np.array([40e3, 40e3, 10e3]), np.array([0.0, np.nan, 0.0]), np.array([10e3] * 3),
    ...         np.array([10e3, np.nan, 10e3])).round(2)
    array([0.47, 0.54, 0.  ])
    """
    spare = np.maximum(way_m**2 - np.nan_to_num(apart_m) ** 2, 1.0)
    closed = np.exp(-2.0 * WIDE**2 * last_m * np.nan_to_num(next_m) / spare)
    left_open = erfc(WIDE * last_m / (way_m * np.sqrt(2.0)))
    able = last_m + np.nan_to_num(next_m) <= way_m
    return np.where(able, np.where(np.isnan(next_m), left_open, closed), 0.0)


@dataclass(frozen=True)
class Motion:
    """Where vessels are thought to be at moments: one row a vessel, one column a moment.

    East and north of a place of each row (m), and the variance of either as a product: that of two
    moments is `early` of the earlier one times `late` of the later one. A vessel that is heard
    has none.
    """

    east_m: Floats
    north_m: Floats
    early: Floats
    late: Floats

    @classmethod
    def heard(cls, east_m: Floats, north_m: Floats) -> "Motion":
        """Return that of vessels whose places are known."""
        return cls(east_m, north_m, np.zeros(east_m.shape), np.ones(east_m.shape))

    @classmethod
    def silent(
        cls, last: tuple[Floats, Floats], following: tuple[Floats, Floats], at: Floats, rate: Floats
    ) -> "Motion":
        """Return that of bridges.

        Parameters
        ----------
        last, following
            East and north of the last and of the next place; NaN while there is none.
        at
            How much of the silence has gone at each moment, 0 to 1.
        rate
            `diffusion_m2_s` times the duration of each.
        """
        share = np.where(np.isnan(following[0])[:, None], 0.0, at)
        east, north = (
            one[:, None] + share * np.nan_to_num(other - one)[:, None]
            for one, other in zip(last, following, strict=True)
        )
        return cls(east, north, rate[:, None] * at, 1.0 - share)


def alongside(one: Motion, other: Motion, within_m: float) -> Floats:
    """Return how likely two come within a distance of one another, between the first and the last
    of the moments, which are as far apart from one to the next.

    The first time that they do is the solution of a Volterra equation: to be near at some time they
    must have come near, then or before, and be so (still or again) from there (Fortet's renewal
    equation; Buonocore, Nobile & Ricciardi 1987, A new integral equation for the evaluation of
    first-passage-time probability densities, Advances in Applied Probability 19:784-800,
    doi:10.2307/1427102). It is solved step by step, all pairs at once.
    """
    east, north = one.east_m - other.east_m, one.north_m - other.north_m
    away = np.stack([east, north])
    variance = one.early * one.late + other.early * other.late
    n = variance.shape[1]
    near = _within(np.hypot(east, north), variance, within_m)
    first = np.zeros(variance.shape)
    first[:, 0] = near[:, 0]
    mid, moved = (away[:, :, :-1] + away[:, :, 1:]) / 2, np.diff(away, axis=2)
    grown = np.maximum(_grown(one) + _grown(other), 1e-9)
    straight = 1.0 / (1.0 + (grown / np.maximum(np.hypot(*moved) * within_m, 1e-9)) ** 2)
    towards = _touched(mid, moved, straight, within_m) - mid
    early = [(m.early[:, :-1] + m.early[:, 1:]) / 2 for m in (one, other)]
    late = [(m.late[:, :-1] + m.late[:, 1:]) / 2 for m in (one, other)]
    then = np.maximum(sum(e * w for e, w in zip(early, late, strict=True)), 1e-9)
    parts = np.array_split(np.arange(len(first)), len(first) // PAIRS_AT_ONCE + 1)
    stays = np.concatenate(
        [_stays(moved[:, some], grown[some], straight[some], within_m) for some in parts]
    )
    for j in range(1, n):
        again = np.zeros(len(first))
        if j > 1:
            share = sum(
                e[:, : j - 1] * m.late[:, [j]] for e, m in zip(early, (one, other), strict=True)
            )
            gain = share / then[:, : j - 1]
            left = away[:, :, [j]] + gain * towards[:, :, : j - 1]
            spread = np.maximum(variance[:, [j]] - gain * share, 0.0)
            again = (first[:, 1:j] * _within(np.hypot(*left), spread, within_m)).sum(axis=1)
        if first[:, 0].any():
            again += first[:, 0] * near[:, j]
        met = np.maximum(near[:, j] - again, 0.0) / stays[:, j - 1]
        first[:, j] = np.minimum(met, 1.0 - first[:, :j].sum(axis=1))
    return np.asarray(np.clip(first.sum(axis=1), 0.0, 1.0))


def _within(away_m: Floats, variance: Floats, within_m: float) -> Floats:
    """Return how likely a place so far off, with some variance, is within a distance."""
    some = np.maximum(variance, 1e-9)
    off = np.minimum(away_m**2 / some, 1e12)
    limit = within_m**2 / some
    asked = ~((variance <= 1e-9) | (off > FAR) | (limit > FAR))
    found = (away_m <= within_m).astype("float64")
    found[asked] = chndtr(limit[asked], 2.0, off[asked])
    return found


def _grown(one: Motion) -> Floats:
    """Return the variance that each step adds to what is known at its beginning."""
    late = np.where(one.late[:, :-1] > 0, one.late[:, :-1], 1.0)
    return np.asarray(
        (one.early[:, 1:] - one.early[:, :-1] * one.late[:, 1:] / late) * one.late[:, 1:]
    )


def _touched(mid: Floats, moved: Floats, straight: Floats, within_m: float) -> Floats:
    """Return where two come near: one as seen from the other, who is the origin.

    Who wanders comes where the middle of where it may be is nearest; who goes straight comes from
    ahead, as far to the side as that middle passes.
    """
    out_m = np.maximum(np.hypot(*mid), 1e-9)
    wandering = mid * np.minimum(within_m / out_m, 1.0)
    ahead = moved / np.maximum(np.hypot(*moved), 1e-9)
    side = np.stack([-ahead[1], ahead[0]])
    off_m = np.clip((mid * side).sum(axis=0), -within_m, within_m)
    going = side * off_m - ahead * np.sqrt(within_m**2 - off_m**2)
    return np.asarray((1.0 - straight) * wandering + straight * going)


def _stays(moved: Floats, grown: Floats, straight: Floats, within_m: float) -> Floats:
    """Return how likely who came near in a step is near at its end, on average over the step.

    From the circle's edge; who goes straight crosses it on the middle of all chords.
    """
    begin_m = within_m * (1.0 - (1.0 - np.pi / 4) * straight)
    lag = _LAGS**2
    away_m = np.abs((np.hypot(*moved) * straight)[..., None] * lag - begin_m[..., None])
    return np.asarray((_within(away_m, grown[..., None] * lag, within_m) * 2 * _LAGS).mean(axis=-1))
