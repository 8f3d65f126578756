"""Receivers whose clocks are minutes off, told by the vessels that several of them heard.

What a vessel goes between two reports is its speed times the time between them. Where two receivers
heard one each, their times differ by that, and by as much as their clocks differ: by the same for
every vessel. Of the differences of all pairs of receivers the offsets are what leaves least over
(least absolute deviations, so that reports with wrong times, second hulls and false fixes weigh
little; E. J. Schlossmacher, An iterative technique for absolute deviations curve fitting, 1973),
with most clocks right.
"""

from typing import Any, Final, NamedTuple

import numpy as np

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.frames import DAY_US, SECOND_US
from detectors.kinematics.geodesy import EARTH_RADIUS_M, KNOT_MPS
from detectors.kinematics.integrity.set_anew import LEAST_OWN, Clock, Leaps, Wrong, wrong_since
from detectors.kinematics.integrity.settling import STRETCH_S
from detectors.kinematics.integrity.verdicts import MIN_SHIFT_S, Reports

LEAST_RECEIVERS: Final = 3
"""Of two clocks nobody can say which is right."""

MAX_RECEIVERS: Final = 96
"""So many of a stretch at most, those with most pairs: work grows with the cube of their number.
OpenBLAS solves matrices of this size on one thread; of 128 on all, which took 75 times as long."""

MAX_APART_S: Final = 900.0
"""Between two reports of a pair, as dated; a difference in speed of 2 % is 18 s by then."""

MAX_OFFSET_S: Final = 1_500.0
"""Of a clock. What is later was delivered late; a vessel goes as far the other way by then."""

PAIRED: Final = 3
"""With so many reports before it each is compared, so that a misdated one in between hides none."""

ALONE: Final = (1, 2, 3, 5, 8, 13, 21)
"""With those so many before it, of one receiver, each is compared to tell when its clock was set:
once a late one is put right both times come in turns, and only those further off tell."""

SAILING_KN: Final = 6.0
STEADY_KN: Final = 1.5
STEADY_DEG: Final = 10.0
ACROSS_M: Final = 150.0
ACROSS_SHARE: Final = 0.1
"""A pair counts where the vessel keeps speed and course, and both reports lie on that course."""

AGREE_S: Final = 20.0
"""Of pairs of sound clocks 95 % and more differ by less, on simulated nights with the errors of
fixes and speeds that ITU-R M.1371-5 allows."""

AGREE_SHARE: Final = 0.6
LEAST_PAIRS: Final = 8
LEAST_VESSELS: Final = 2
"""A clock's offset is known from so many pairs of so many vessels, of which so many agree."""

STEP_S: Final = 600
"""Offsets are told for each such step of time, from pairs of it and of those beside it: clocks are
set anew."""

LASTS: Final = 3
"""Of so many steps to either side and its own so many agree with an offset."""

HELD_STEPS: Final = 6
"""So far behind or before what is known an offset holds where nothing is."""

ROUNDS: Final = 20
PRIOR_PAIRS: Final = 5.0
"""Each clock's being right weighs as much as so many pairs."""


class Pairs(NamedTuple):
    """Pairs of reports of one vessel by two receivers."""

    mmsi: Ints
    """Whose."""
    a: Ints
    b: Ints
    """The receivers of the earlier and the later one, as dated."""
    step_a: Ints
    step_b: Ints
    """The steps of time in which these are dated."""
    later_s: Floats
    """How much later the second clock is than the first, by the vessel's way."""

    def take(self, some: Bools) -> "Pairs":
        """Return some of them."""
        whole: list[Any] = [values[some] for values in self]
        return Pairs(*whole)

    def within_steps(self, first: int, end: int) -> "Pairs":
        """Return those within some steps, counted from the first of these."""
        step_a, step_b = self.step_a - first, self.step_b - first
        n_steps = end - first
        inside = (step_a >= 0) & (step_a < n_steps) & (step_b >= 0) & (step_b < n_steps)
        return self._replace(step_a=step_a, step_b=step_b).take(inside)

    def of_busiest(self, n: int) -> tuple[Ints, "Pairs"]:
        """Return which of `n` receivers have most pairs, and these, numbered so."""
        counts = np.bincount(np.r_[self.a, self.b], minlength=n)
        busiest = np.sort(np.argsort(-counts, kind="stable")[:MAX_RECEIVERS])
        busiest = busiest[counts[busiest] > 0]
        return busiest, self.of(busiest, n)

    def of(self, some: Ints, n: int) -> "Pairs":
        """Return those of some of `n` receivers, numbered by these."""
        place = np.full(n, -1)
        place[some] = np.arange(len(some))
        both = self.take((place[self.a] >= 0) & (place[self.b] >= 0))
        return both._replace(a=place[both.a], b=place[both.b])

    def put_right(self, errors: Floats) -> "Pairs":
        """Return them with what is known of their clocks taken off."""
        late_s = errors[self.b, self.step_b] - errors[self.a, self.step_a]
        return self._replace(later_s=self.later_s - late_s)


def clock_errors(
    reports: Reports, receiver: Ints, start_us: int, end_us: int
) -> tuple[Ints, Floats]:
    """Return the receivers whose clocks are wrong at some time, and how much too late each is by
    step of time; 0 where it is right, by less than `MIN_SHIFT_S` wrong, or not known.

    Each stretch of verdicts is told by its own reports. They are `MAX_RECEIVERS` of a stretch at
    most, however many a feed names.

    Parameters
    ----------
    reports
        Of a span, sorted by (mmsi, time).
    receiver
        Of each a number from 0, below 0 where the feed doesn't say.
    start_us, end_us
        The span; it begins and ends with a stretch.
    """
    n = int(receiver.max(initial=-1)) + 1
    n_steps = (end_us - start_us) // (STEP_S * SECOND_US)
    if n < LEAST_RECEIVERS:
        return np.zeros(0, "int64"), np.zeros((0, n_steps))
    each: list[tuple[Ints, int, Floats]] = []
    pairs, alone = _pairs(reports, receiver, start_us, end_us)
    per_stretch = STRETCH_S // STEP_S
    for first in range(0, n_steps, per_stretch):
        here, theirs = (some.within_steps(first, first + per_stretch) for some in (pairs, alone))
        if len(here.mmsi) >= LEAST_PAIRS:
            busiest, here = here.of_busiest(n)
            theirs = theirs.of(busiest, n)
            errors = _errors(here, theirs, len(busiest), per_stretch)
            wrong = np.flatnonzero(errors.any(axis=1))
            each.append((busiest[wrong], first, errors[wrong]))
    off = np.unique(np.concatenate([np.zeros(0, "int64"), *(who for who, _, _ in each)]))
    found = np.zeros((len(off), n_steps))
    for who, first, errors in each:
        found[np.searchsorted(off, who), first : first + per_stretch] = errors
    return off, found


def late_us(errors_s: Floats, receiver: Ints, time_us: Ints, start_us: int) -> Ints:
    """Return what is to be taken off each report's time, in microseconds.

    Nothing where that would take it over a midnight: each date has the reports that are dated so.
    """
    step = (time_us - start_us) // (STEP_S * SECOND_US)
    known = (receiver >= 0) & (step >= 0) & (step < errors_s.shape[1])
    late = np.zeros(len(time_us), "int64")
    late[known] = np.rint(errors_s[receiver[known], step[known]]).astype("int64") * SECOND_US
    late[time_us // DAY_US != (time_us - late) // DAY_US] = 0
    return late


def _pairs(reports: Reports, receiver: Ints, start_us: int, end_us: int) -> tuple[Pairs, Pairs]:
    """Return pairs of reports by two receivers, and by one."""
    sails = (receiver >= 0) & (reports.sog >= SAILING_KN) & ~np.isnan(reports.cog)
    sails &= (reports.time_us >= start_us) & (reports.time_us < end_us)
    rows = np.flatnonzero(sails)
    by_receiver = rows[np.lexsort((rows, receiver[rows], reports.mmsi[rows]))]
    two = [_pairs_of(reports, receiver, rows, start_us, n) for n in range(1, PAIRED + 1)]
    one = [_pairs_of(reports, receiver, by_receiver, start_us, n, alone=True) for n in ALONE]
    return _joined(two), _joined(one)


def _joined(parts: list[Pairs]) -> Pairs:
    whole: list[Any] = [np.concatenate(part) for part in zip(*parts, strict=True)]
    return Pairs(*whole)


def _pairs_of(
    reports: Reports, receiver: Ints, rows: Ints, start_us: int, hops: int, alone: bool = False
) -> Pairs:
    """Return pairs of each report and the one so many before it, by two receivers or by one."""
    a, b = rows[:-hops], rows[hops:]
    passed_s = (reports.time_us[b] - reports.time_us[a]) / SECOND_US
    kept = (reports.mmsi[a] == reports.mmsi[b]) & ((receiver[a] == receiver[b]) == alone)
    # By one clock what it leapt by comes to the time between them.
    kept &= passed_s <= MAX_APART_S + (MAX_OFFSET_S if alone else 0.0)
    kept &= np.abs(reports.sog[a] - reports.sog[b]) <= STEADY_KN
    a, b, passed_s = a[kept], b[kept], passed_s[kept]
    course_a, course_b = (np.exp(1j * np.radians(reports.cog[rows])) for rows in (a, b))
    turned = np.abs(np.angle(course_b / course_a, deg=True))
    degree_m = np.pi / 180 * EARTH_RADIUS_M
    north_m = (reports.lat[b] - reports.lat[a]) * degree_m
    east_m = (reports.lon[b] - reports.lon[a]) * degree_m * np.cos(np.radians(reports.lat[a]))
    course = course_a + course_b
    made_m = (north_m + 1j * east_m) * np.conj(course) / np.maximum(np.abs(course), 0.1)
    took_s = made_m.real / ((reports.sog[a] + reports.sog[b]) / 2 * KNOT_MPS)
    fits = (turned <= STEADY_DEG) & (np.abs(took_s) <= (MAX_APART_S if alone else MAX_OFFSET_S))
    fits &= np.abs(made_m.imag) <= ACROSS_M + ACROSS_SHARE * np.abs(made_m.real)
    fits &= np.abs(passed_s - took_s) <= (MAX_OFFSET_S if alone else np.inf)
    a, b = a[fits], b[fits]
    step_a, step_b = ((reports.time_us[r] - start_us) // (STEP_S * SECOND_US) for r in (a, b))
    later_s = (passed_s - took_s)[fits]
    return Pairs(reports.mmsi[a], receiver[a], receiver[b], step_a, step_b, later_s)


def _errors(pairs: Pairs, alone: Pairs, n: int, n_steps: int) -> Floats:
    """Return how late clocks are in a stretch, by receiver and step.

    What most of them say first; then, of what that doesn't tell, what the receivers' own vessels
    say of when one was set, and with that known what most say once more.
    """
    told = _by_most(pairs, n, n_steps)
    found = _wrong(_held(told, HELD_STEPS))
    free = np.isnan(told) | (np.abs(told) >= MIN_SHIFT_S)
    begun = _set_anew(pairs.put_right(found), alone.put_right(found), found, free)
    if begun.any():
        found += begun
        found += _wrong(_held(_by_most(pairs.put_right(found), n, n_steps), HELD_STEPS))
    return _wrong(found)


def _wrong(errors: Floats) -> Floats:
    return np.where(np.abs(errors) >= MIN_SHIFT_S, errors, 0.0)


def _by_most(pairs: Pairs, n: int, n_steps: int) -> Floats:
    """Return how late clocks are where most of them tell, NaN elsewhere.

    Twice: what is known of one time says which of two clocks is right at another.
    """
    pair, step = _around(pairs, n_steps)
    usual, told = np.zeros((n, n_steps)), np.full((n, n_steps), np.nan)
    for _ in range(2):
        errors = _least_deviations(pairs, pair, step, usual)
        told = np.where(_known(pairs, pair, step, errors, usual), errors, np.nan)
        told[~_lasts(told)] = np.nan
        usual = _held(told, n_steps)
    return told


def _set_anew(pairs: Pairs, alone: Pairs, known: Floats, free: Bools) -> Floats:
    """Return how late clocks are while they were set wrong, by receiver and step, where `free`; one
    after the other, the likeliest first. What is `known` was taken off already: where the vessels
    of one gainsay that, whether those compared with it are right isn't known either.
    """
    found = np.zeros(free.shape)
    leaps = np.bincount(alone.a[np.abs(alone.later_s) >= MIN_SHIFT_S], minlength=len(free))
    likely = np.flatnonzero(leaps >= LEAST_OWN).tolist()
    own = {one: alone.take(alone.a == one) for one in likely}
    others = {one: pairs.take((pairs.a == one) | (pairs.b == one)) for one in likely}
    told: dict[int, Wrong] = {}
    changed = likely
    while changed:
        for one in changed:
            clock = _clock(one, others[one].put_right(found), own[one].put_right(found), free[one])
            wrong = wrong_since(clock)
            told.pop(one, None)
            if wrong:
                told[one] = wrong
        if not told:
            break
        one = min(told, key=lambda one: (-told[one].gain, one))
        steps = slice(told[one].begin, told[one].end)
        found[one, steps] = told[one].lag_s
        compared = np.unique(np.r_[others[one].a, others[one].b])
        if not _wrong(found[one, steps] + known[one, steps]).any():
            free[compared[compared != one]] = True
        free &= found == 0.0
        changed = [other for other in likely if other == one or other in compared]
    return found


def _clock(one: int, pairs: Pairs, alone: Pairs, free: Bools) -> Clock:
    second = pairs.b == one
    return Clock(
        Leaps(alone.mmsi, alone.step_a, alone.step_b, alone.later_s),
        pairs.mmsi,
        np.where(second, pairs.step_b, pairs.step_a),
        np.where(second, pairs.later_s, -pairs.later_s),
        free,
    )


def _around(pairs: Pairs, n_steps: int) -> tuple[Ints, Ints]:
    """Return pair and step of the steps in which each counts: its own, and those beside it."""
    middle = (pairs.step_a + pairs.step_b) // 2
    step = np.concatenate([middle - 1, middle, middle + 1])
    pair = np.tile(np.arange(len(middle)), 3)
    inside = (step >= 0) & (step < n_steps)
    return pair[inside], step[inside]


def _least_deviations(pairs: Pairs, pair: Ints, step: Ints, usual: Floats) -> Floats:
    """Return the offset of each receiver in each step with the least sum of deviations, of pairs
    and from what is usual.
    """
    n, n_steps = usual.shape
    a, b, later_s = pairs.a[pair], pairs.b[pair], pairs.later_s[pair]
    later_s = later_s - usual[b, step] + usual[a, step]
    moved = np.zeros((n_steps, n))
    edge = (step * n + a) * n + b
    weight = np.ones(len(edge))
    prior = np.ones((n_steps, n))
    rows = np.arange(n)
    for _ in range(ROUNDS):
        between, later = (
            np.bincount(edge, values, n_steps * n * n).reshape(n_steps, n, n)
            for values in (weight, weight * later_s)
        )
        normal = -between - between.transpose(0, 2, 1)
        normal[:, rows, rows] = PRIOR_PAIRS * prior - normal.sum(axis=2)
        due = later.sum(axis=1) - later.sum(axis=2)
        moved = np.linalg.solve(normal, due[:, :, None])[:, :, 0]
        left_s = np.abs(later_s - moved[step, b] + moved[step, a])
        weight = 1.0 / np.maximum(left_s, AGREE_S / 4)
        prior = 1.0 / np.maximum(np.abs(moved), AGREE_S / 4)
    return usual + moved.T


def _known(pairs: Pairs, pair: Ints, step: Ints, errors: Floats, usual: Floats) -> Bools:
    """Tell where enough pairs agree with an offset, and of most receivers compared with one another
    it is the usual one: else nobody can say which of them are right.
    """
    n, n_steps = errors.shape
    a, b = pairs.a[pair], pairs.b[pair]
    agree = np.abs(pairs.later_s[pair] - errors[b, step] + errors[a, step]) <= AGREE_S
    key = np.r_[a, b] * n_steps + np.r_[step, step]
    size = np.bincount(key, minlength=n * n_steps)
    n_agree = np.bincount(key[np.r_[agree, agree]], minlength=n * n_steps)
    who, vessel = np.unique(pairs.mmsi[pair], return_inverse=True)
    several = np.unique(key[np.r_[agree, agree]] * len(who) + np.r_[vessel[agree], vessel[agree]])
    n_vessels = np.bincount(several // max(len(who), 1), minlength=n * n_steps)
    enough = (n_agree >= np.maximum(LEAST_PAIRS, AGREE_SHARE * size)) & (n_vessels >= LEAST_VESSELS)
    linked = np.zeros((n_steps, n, n), "float32")
    linked[step[agree], a[agree], b[agree]] = linked[step[agree], b[agree], a[agree]] = 1.0
    linked[:, np.arange(n), np.arange(n)] = 1.0
    n_linked = 0
    while n_linked < int(np.count_nonzero(linked)):
        n_linked = int(np.count_nonzero(linked))
        linked = np.minimum(linked @ linked, 1.0)
    moved = (np.abs(errors - usual) > 2 * AGREE_S).T.astype("float32")
    n_moved = (linked @ moved[:, :, None])[:, :, 0]
    return np.asarray(enough.reshape(n, n_steps) & (2 * n_moved < linked.sum(axis=2)).T)


def _lasts(told: Floats) -> Bools:
    """Tell which offsets aren't of a step or two, where pairs of before and after a clock was set
    are compared with one another.
    """
    n, n_steps = told.shape
    wide = np.full((n, n_steps + 2 * LASTS), np.nan)
    wide[:, LASTS:-LASTS] = told
    around = np.lib.stride_tricks.sliding_window_view(wide, 2 * LASTS + 1, axis=1)
    alike = np.abs(around - told[:, :, None]) <= 2 * AGREE_S
    return np.asarray((alike.sum(axis=2) >= LASTS) | (np.abs(told) < MIN_SHIFT_S))


def _held(told: Floats, held_steps: int) -> Floats:
    """Return offsets with those held over steps of which nothing is known: the nearest one's, if it
    isn't too far off or the next known one on the other side agrees with it; else 0.
    """
    n_steps = told.shape[1]
    place = np.arange(n_steps)
    known = ~np.isnan(told)
    behind = np.maximum.accumulate(np.where(known, place, -n_steps), axis=1)
    ahead = np.minimum.accumulate(np.where(known, place, 3 * n_steps)[:, ::-1], axis=1)[:, ::-1]
    nearest = np.where(place - behind <= ahead - place, behind, ahead)
    at_behind, at_ahead, found = (
        np.take_along_axis(told, np.clip(where, 0, n_steps - 1), axis=1)
        for where in (behind, ahead, nearest)
    )
    same = (behind >= 0) & (ahead < n_steps) & (np.abs(at_behind - at_ahead) <= 2 * AGREE_S)
    there = (nearest >= 0) & (nearest < n_steps) & (np.abs(nearest - place) <= held_steps)
    return np.where(there | same, found, 0.0)
