"""Verdicts of all vessels, stretch after stretch: each vessel by itself."""

from typing import Any, Final, NamedTuple

import numpy as np

from detectors.core.frames import SECOND_US
from detectors.kinematics.integrity.chains import stated_m
from detectors.kinematics.integrity.jit import compiled, part
from detectors.kinematics.integrity.making_way import makes_way
from detectors.kinematics.integrity.repeats import repeated
from detectors.kinematics.integrity.rows import TO_RAD, Rows, apart, apart_by, first_from, within
from detectors.kinematics.integrity.several import (
    CLOCK_FAULT,
    COPY,
    FALSE_FIX,
    MAX_HULLS,
    NOT_A_VESSEL,
    SOUND,
    Last,
    only_hull,
    tell_apart,
)

ROW_BITS: Final = 40


class Stretches(NamedTuple):
    """Times of each stretch, in microseconds."""

    low: Any
    high: Any
    """From when to before when reports are looked at."""
    settled: Any
    """Until when their hulls are known."""
    start: Any
    stop: Any
    """From when to before when they get their verdicts."""


class Own(NamedTuple):
    """What is known and found of the reports of one vessel, or of some of them."""

    first: Any
    late_s: Any
    """See `repeats.repeated`."""
    step_m: Any
    plain: Any
    """How far each is from the one before it, and whether one hull can have gone there, at the
    speeds stated."""
    known: Any
    verdict: Any
    hull: Any
    shift_s: Any
    """See `judging.judge_each`."""


@compiled
def judge(
    bounds: Any,
    nobody: Any,
    rows: Rows,
    stretches: Stretches,
    heard: Last,
    heard_from: Any,
    verdict: Any,
    hull: Any,
    shift_s: Any,
) -> Any:
    """Write the verdicts of vessels, the reports of each of which begin at `bounds`.

    Returns stretch and row, as one number, of each false fix among the reports around a stretch;
    the hulls of all that were heard up to the end; and how many these are of each vessel.

    Parameters
    ----------
    nobody
        Whether each number is no vessel's: what sends it isn't one unless it `makes_way`.
    heard, heard_from
        The hulls of all that were heard before, and at which of them each vessel's begin; the
        length of both with the end.
    hull
        Holds the hulls that are known, 0 elsewhere.
    """
    longest = 1
    for vessel in range(len(nobody)):
        longest = max(longest, bounds[vessel + 1] - bounds[vessel])
    scratch = Own(
        np.empty(longest, np.int64),
        np.empty(longest),
        np.empty(longest),
        np.empty(longest, np.bool_),
        np.empty(longest, np.uint8),
        np.empty(longest, np.uint8),
        np.empty(longest, np.uint8),
        np.empty(longest, np.float32),
    )
    false, n_false = np.empty(1_024, np.int64), 0
    n_heard = np.zeros(len(nobody), np.int64)
    ended, n_ended = _no_hulls(len(heard.hull) + len(nobody) + MAX_HULLS), 0
    for vessel in range(len(nobody)):
        begin, end = bounds[vessel], bounds[vessel + 1]
        own = within(rows, begin, end)
        last = Last(
            heard.hull[heard_from[vessel] : heard_from[vessel + 1]],
            heard.time_us[heard_from[vessel] : heard_from[vessel + 1]],
            heard.lat[heard_from[vessel] : heard_from[vessel + 1]],
            heard.lon[heard_from[vessel] : heard_from[vessel + 1]],
        )
        found = _slice(scratch, 0, end - begin)
        repeated(own, found.first, found.late_s)
        _mark_steps(own, found.step_m, found.plain)
        for place in range(len(stretches.low)):
            low = first_from(own.time_us, stretches.low[place])
            high = first_from(own.time_us, stretches.high[place])
            if low == high:
                continue
            start = first_from(own.time_us, stretches.start[place])
            stop = first_from(own.time_us, stretches.stop[place])
            if nobody[vessel] and not makes_way(own, low, high):
                for row in range(begin + start, begin + stop):
                    verdict[row], hull[row] = NOT_A_VESSEL, 0
                continue
            for row in range(low, high):
                is_known = own.time_us[row] < stretches.settled[place]
                found.known[row] = hull[begin + row] if is_known else 0
            around, of_around = within(own, low, high), _slice(found, low, high)
            if _repeats_earlier(of_around, low):
                first, late_s = np.empty(high - low, np.int64), np.empty(high - low)
                repeated(around, first, late_s)
                _judge_around(around, _with_repeats(of_around, first, late_s), 0, last)
            else:
                _judge_around(around, of_around, low, last)
            for row in range(start, stop):
                verdict[begin + row], hull[begin + row] = found.verdict[row], found.hull[row]
                shift_s[begin + row] = found.shift_s[row]
            for row in range(low, high):
                if found.verdict[row] != FALSE_FIX:
                    continue
                if n_false == len(false):
                    longer = np.empty(2 * n_false, np.int64)
                    for one in range(n_false):
                        longer[one] = false[one]
                    false = longer
                false[n_false] = place << ROW_BITS | (begin + row)
                n_false += 1
            last = _heard_with(last, within(own, start, stop), found.hull[start:stop])
        if n_ended + len(last.hull) > len(ended.hull):
            ended = _longer(ended, len(ended.hull) + len(last.hull))
        n_heard[vessel] = len(last.hull)
        _put(last, ended, n_ended)
        n_ended += len(last.hull)
    whole = Last(
        ended.hull[:n_ended], ended.time_us[:n_ended], ended.lat[:n_ended], ended.lon[:n_ended]
    )
    return false[:n_false], whole, n_heard


@part
def _no_hulls(size: int) -> Last:
    return Last(np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size), np.empty(size))


@part
def _put(hulls: Last, into: Last, place: int) -> None:
    for one in range(len(hulls.hull)):
        into.hull[place + one] = hulls.hull[one]
        into.time_us[place + one] = hulls.time_us[one]
        into.lat[place + one] = hulls.lat[one]
        into.lon[place + one] = hulls.lon[one]


@part
def _longer(hulls: Last, by: int) -> Last:
    longer = _no_hulls(len(hulls.hull) + by)
    _put(hulls, longer, 0)
    return longer


@part
def _slice(own: Own, begin: int, end: int) -> Own:
    return Own(
        own.first[begin:end],
        own.late_s[begin:end],
        own.step_m[begin:end],
        own.plain[begin:end],
        own.known[begin:end],
        own.verdict[begin:end],
        own.hull[begin:end],
        own.shift_s[begin:end],
    )


@part
def _mark_steps(own: Rows, step_m: Any, plain: Any) -> None:
    step_m[0], plain[0] = 0.0, False
    before = np.cos(own.lat[0] * TO_RAD)
    for row in range(1, len(plain)):
        here = np.cos(own.lat[row] * TO_RAD)
        d_lat, d_lon = own.lat[row] - own.lat[row - 1], own.lon[row] - own.lon[row - 1]
        step_m[row], before = apart_by(before, here, d_lat, d_lon), here
        plain[row] = _goes(own, row - 1, row, step_m[row])


@part
def _goes(own: Rows, a: int, b: int, apart_m: float) -> bool:
    """Tell whether one hull can have gone from one report to a later one, at the speeds stated."""
    passed_s = (own.time_us[b] - own.time_us[a]) / SECOND_US
    reach_m = stated_m(passed_s, own.sog[a], own.sog[b], 0.0)
    return bool(passed_s > 0.0 and apart_m <= reach_m)


@part
def _repeats_earlier(found: Own, low: int) -> bool:
    """Tell whether a report around a stretch repeats one before all of these, or the first of them
    by what came before it, which may be at hand or not: they are then judged by these alone.
    """
    for row in range(len(found.first)):
        first = found.first[row]
        if 0 <= first <= low:
            return True
    return False


@part
def _with_repeats(found: Own, first: Any, late_s: Any) -> Own:
    return Own(
        first,
        late_s,
        found.step_m,
        found.plain,
        found.known,
        found.verdict,
        found.hull,
        found.shift_s,
    )


@part
def _judge_around(own: Rows, found: Own, low: int, heard: Last) -> None:
    """Write the verdicts of the reports around a stretch, of one vessel; `low` is the first row."""
    for row in range(len(found.verdict)):
        found.verdict[row], found.hull[row], found.shift_s[row] = SOUND, 0, np.nan
        if found.first[row] >= low:
            found.verdict[row] = CLOCK_FAULT if found.late_s[row] > 0.0 else COPY
            if found.late_s[row] > 0.0:
                found.shift_s[row] = found.late_s[row]
    number = _one_hull(own, found) if len(heard.hull) < 2 else -1
    if number >= 0:
        only_hull(number, heard, own.time_us[0], found.verdict, found.hull)
    else:
        tell_apart(own, found.step_m, found.known, heard, found.verdict, found.hull, found.shift_s)


@part
def _one_hull(own: Rows, found: Own) -> int:
    """Return the number by which reports are known that are plainly of one hull, 0 where none is;
    -1 where there is more to it.

    Every step between them costs nothing. What `chains.best_chain` finds is all of them.
    """
    number = 0
    before = -1
    for row in range(len(found.verdict)):
        if found.verdict[row] != SOUND:
            continue
        if found.known[row] > 0:
            if number > 0 and number != found.known[row]:
                return -1
            number = int(found.known[row])
        if before == row - 1 and not found.plain[row] and before >= 0:
            return -1
        if 0 <= before < row - 1:
            apart_m = apart(own.lat[before], own.lon[before], own.lat[row], own.lon[row])
            if not _goes(own, before, row, apart_m):
                return -1
        before = row
    return number


@part
def _heard_with(heard: Last, own: Rows, hull: Any) -> Last:
    """Return the hulls that were heard, with where each of some reports was last."""
    latest = np.full(256, -1, np.int64)
    for row in range(len(hull)):
        latest[hull[row]] = row
    latest[0] = -1
    fresh = 0
    for number in range(1, 256):
        fresh += latest[number] >= 0
    ended = _longer(heard, fresh)
    place = len(heard.hull)
    for number in range(1, 256):
        row = latest[number]
        if row < 0:
            continue
        at = place
        for one in range(len(heard.hull)):
            at = one if heard.hull[one] == number else at
        place += at == place
        ended.hull[at], ended.time_us[at] = number, own.time_us[row]
        ended.lat[at], ended.lon[at] = own.lat[row], own.lon[row]
    return Last(ended.hull[:place], ended.time_us[:place], ended.lat[:place], ended.lon[:place])
