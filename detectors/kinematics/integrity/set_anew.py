"""When a receiver's clock was set wrong or right, told by the vessels heard before and after.

When a clock leaps, so do all vessels that its receiver hears, at one time and by one lag, ahead or
astern on their ways. No other receiver needs to hear them. Nor need most clocks be right: whose own
vessels leap is the one that was set, whichever others it differs from since.
"""

from typing import Final, NamedTuple

import numpy as np

from detectors.core.arrays import Bools, Floats, Ints
from detectors.kinematics.integrity.verdicts import MIN_SHIFT_S

AGREE_S: Final = 20.0
"""As of pairs by two receivers (`receivers`): positions and speeds err as much."""

FAR_S: Final = 2 * AGREE_S
"""A pair that is further off than this says no more against a lag than one that is so far off."""

LEAST_PAIRS: Final = 8
LEAST_VESSELS: Final = 2
AGREE_SHARE: Final = 0.6
"""A clock was set where so many pairs of reports of before and after, of so many vessels, leap by
one lag, and so many of all. One vessel that leaps may have displaced itself."""

LEAST_OWN: Final = 4
"""So many of its own are enough where others' clocks differ from it by the same lag meanwhile: they
say which of the two was set."""

PER_STEP: Final = 0.05
"""A clock's being wrong for a step longer weighs as much as so many pairs: of two times before and
after a leap the longer one is right, unless other receivers say more."""

UNMOVED: Final = 0.1
"""What doesn't leap weighs so much beside what does: when a late clock is put right, what it dated
and what is dated since come in turns for as long as it was late. (Of 16,064 reports by clocks off
for hours on 66 simulated nights 10,977 were put right with it, 10,716 if both weigh the same.)"""

LAGS: Final = 3
"""So many lags are tried of each receiver, those by which most pairs leap."""


class Leaps(NamedTuple):
    """Pairs of reports of one vessel by one receiver."""

    mmsi: Ints
    """Whose."""
    step_a: Ints
    step_b: Ints
    """The steps of time in which the earlier and the later one are dated."""
    later_s: Floats
    """How much later the second is dated than the vessel's way makes it."""


class Clock(NamedTuple):
    """What bears on one receiver's clock in a stretch."""

    own: Leaps
    """Pairs of its own reports."""
    vessel: Ints
    step: Ints
    later_s: Floats
    """Of pairs of a report by it with one by another: whose, in which step its own is dated, and
    how much later its clock is than that other's."""
    free: Bools
    """By step, whether it isn't known what the clock is."""


class Wrong(NamedTuple):
    """A clock is wrong from one step to before another, by a lag; `gain` is by how many pairs more
    fit then.
    """

    begin: int
    end: int
    lag_s: float
    gain: float


def wrong_since(clock: Clock) -> Wrong | None:
    """Return when a clock is wrong and by how much, as far as its being set tells; the likeliest,
    and nothing where that isn't told well enough.
    """
    n_steps = len(clock.free)
    begin, end = np.triu_indices(n_steps + 1, 1)
    known = np.r_[0, np.cumsum(~clock.free)]
    allowed = (known[end] == known[begin]) & (end - begin < n_steps)
    found = None
    for lag_s in _lags(clock.own):
        gains = (_gain(clock.own.later_s, by_s) for by_s in (lag_s, -lag_s))
        came, went = (_sums(clock.own, np.where(g < 0, UNMOVED * g, g), n_steps) for g in gains)
        others = np.bincount(clock.step, _gain(clock.later_s, lag_s), n_steps)
        others = np.r_[0.0, np.cumsum(others - PER_STEP)]
        # Pairs from before it into it, and out of it to behind.
        gain = came[begin, end] - came[begin, begin]
        gain += went[end, -1] - went[begin, -1] - went[end, end] + went[begin, end]
        gain += others[end] - others[begin]
        at = int(np.argmax(np.where(allowed, gain, -np.inf)))
        one = Wrong(int(begin[at]), int(end[at]), lag_s, float(gain[at]))
        if allowed[at] and one.gain > (found.gain if found else 0.0) and _is_set(clock, one):
            found = one
    return found


def _lags(own: Leaps) -> list[float]:
    """Return the lags by which most pairs leap, either way."""
    size = np.sort(np.abs(own.later_s[np.abs(own.later_s) >= MIN_SHIFT_S]))
    lags: list[float] = []
    while len(size) >= LEAST_OWN and len(lags) < LAGS:
        first = np.searchsorted(size, size - AGREE_S)
        last = np.searchsorted(size, size + AGREE_S, side="right")
        most = int(np.argmax(last - first))
        if last[most] - first[most] < LEAST_OWN:
            break
        lags.append(float(np.median(size[first[most] : last[most]])))
        size = np.delete(size, slice(first[most], last[most]))
    return [lag * sign for lag in lags for sign in (1.0, -1.0)]


def _gain(later_s: Floats, lag_s: float) -> Floats:
    """Return by how much better pairs fit if the second clock is as much later."""
    before, after = (np.minimum(np.abs(x), FAR_S) / FAR_S for x in (later_s, later_s - lag_s))
    return np.asarray(before - after)


def _sums(own: Leaps, gain: Floats, n_steps: int) -> Floats:
    """Return sums over pairs whose first step is before one, and whose second before another."""
    each = np.bincount(own.step_a * n_steps + own.step_b, gain, n_steps**2)
    sums = np.zeros((n_steps + 1, n_steps + 1))
    sums[1:, 1:] = each.reshape(n_steps, n_steps).cumsum(axis=0).cumsum(axis=1)
    return sums


def _is_set(clock: Clock, one: Wrong) -> bool:
    """Tell whether enough pairs leap at one end or the other, and most at both; or some do, and by
    enough others it is off by as much meanwhile.
    """
    own = clock.own
    a_in, b_in = ((x >= one.begin) & (x < one.end) for x in (own.step_a, own.step_b))
    sure = False
    n_all = n_agree = 0
    leaping: Ints = np.zeros(0, "int64")
    for over, by_s in ((~a_in & b_in, one.lag_s), (a_in & ~b_in, -one.lag_s)):
        agree = over & (np.abs(own.later_s - by_s) <= AGREE_S)
        n, n_over = int(np.count_nonzero(agree)), int(np.count_nonzero(over))
        n_all, n_agree = n_all + n_over, n_agree + n
        leaping = np.r_[leaping, own.mmsi[agree]]
        sure |= n >= max(LEAST_PAIRS, AGREE_SHARE * n_over) and (
            len(np.unique(own.mmsi[agree])) >= LEAST_VESSELS
        )
    if sure and n_agree >= AGREE_SHARE * n_all:
        return True
    meanwhile = (clock.step >= one.begin) & (clock.step < one.end)
    off = meanwhile & (np.abs(clock.later_s - one.lag_s) <= AGREE_S)
    n_off = int(np.count_nonzero(off))
    return bool(
        n_agree >= LEAST_OWN
        and n_off >= max(LEAST_PAIRS, AGREE_SHARE * np.count_nonzero(meanwhile))
        and len(np.unique(np.r_[leaping, clock.vessel[off]])) >= LEAST_VESSELS
    )
