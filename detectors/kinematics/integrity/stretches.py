"""Verdicts of all vessels, stretch after stretch: each vessel by itself."""

from typing import Any, NamedTuple

import numpy as np

from detectors.core.frames import SECOND_US
from detectors.kinematics.integrity.chains import step_cost
from detectors.kinematics.integrity.jit import compiled
from detectors.kinematics.integrity.repeats import repeated
from detectors.kinematics.integrity.rows import Rows, apart, within
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


class Stretches(NamedTuple):
    """Times of each stretch, in microseconds.

    Attributes
    ----------
    low, high
        From when to before when reports are looked at.
    settled
        Until when their hulls are known.
    start, stop
        From when to before when they get their verdicts.
    """

    low: Any
    high: Any
    settled: Any
    start: Any
    stop: Any


class Own(NamedTuple):
    """What is known and found of the reports of one vessel, or of some of them.

    Attributes
    ----------
    first, late_s
        See `repeats.repeated`.
    plain
        Whether one hull can have gone to each from the one before it, at the speeds stated.
    known, verdict, hull, shift_s
        See `verdicts.judge_each`.
    """

    first: Any
    late_s: Any
    plain: Any
    known: Any
    verdict: Any
    hull: Any
    shift_s: Any


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

    Parameters
    ----------
    nobody
        Whether each number is no vessel's.
    heard, heard_from
        The hulls of all that were heard before, and at which of them each vessel's begin; the
        length of both with the end.
    hull
        Holds the hulls that are known, 0 elsewhere.

    Returns
    -------
    tuple
        Stretch and row of each false fix among the reports around a stretch; the hulls of all that
        were heard up to the end; and how many these are of each vessel.
    """
    longest = 1
    for vessel in range(len(nobody)):
        longest = max(longest, bounds[vessel + 1] - bounds[vessel])
    scratch = Own(
        np.empty(longest, np.int64),
        np.empty(longest),
        np.empty(longest, np.bool_),
        np.empty(longest, np.uint8),
        np.empty(longest, np.uint8),
        np.empty(longest, np.uint8),
        np.empty(longest, np.float32),
    )
    false, n_false = np.empty((2, 1_024), np.int64), 0
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
        found = _part(scratch, 0, end - begin)
        if not nobody[vessel]:
            repeated(own, found.first, found.late_s)
            _mark_plain(own, found.plain)
        for place in range(len(stretches.low)):
            low = np.searchsorted(own.time_us, stretches.low[place])
            high = np.searchsorted(own.time_us, stretches.high[place])
            if low == high:
                continue
            start = np.searchsorted(own.time_us, stretches.start[place])
            stop = np.searchsorted(own.time_us, stretches.stop[place])
            if nobody[vessel]:
                verdict[begin + start : begin + stop] = NOT_A_VESSEL
                hull[begin + start : begin + stop] = 0
                continue
            settled = np.searchsorted(own.time_us, stretches.settled[place])
            found.known[low:settled] = hull[begin + low : begin + settled]
            found.known[settled:high] = 0
            _judge_around(within(own, low, high), _part(found, low, high), low, last)
            verdict[begin + start : begin + stop] = found.verdict[start:stop]
            hull[begin + start : begin + stop] = found.hull[start:stop]
            shift_s[begin + start : begin + stop] = found.shift_s[start:stop]
            for row in range(low, high):
                if found.verdict[row] == FALSE_FIX:
                    if n_false == false.shape[1]:
                        false = np.concatenate((false, np.empty_like(false)), axis=1)
                    false[0, n_false], false[1, n_false] = place, begin + row
                    n_false += 1
            last = _heard_with(last, within(own, start, stop), found.hull[start:stop])
        if n_ended + len(last.hull) > len(ended.hull):
            more = _no_hulls(len(ended.hull) + len(last.hull))
            ended = Last(
                np.concatenate((ended.hull, more.hull)),
                np.concatenate((ended.time_us, more.time_us)),
                np.concatenate((ended.lat, more.lat)),
                np.concatenate((ended.lon, more.lon)),
            )
        n_heard[vessel] = len(last.hull)
        for one in range(len(last.hull)):
            ended.hull[n_ended], ended.time_us[n_ended] = last.hull[one], last.time_us[one]
            ended.lat[n_ended], ended.lon[n_ended] = last.lat[one], last.lon[one]
            n_ended += 1
    whole = Last(
        ended.hull[:n_ended], ended.time_us[:n_ended], ended.lat[:n_ended], ended.lon[:n_ended]
    )
    return false[:, :n_false], whole, n_heard


@compiled
def _no_hulls(size: int) -> Last:
    return Last(np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size), np.empty(size))


@compiled
def _part(own: Own, begin: int, end: int) -> Own:
    return Own(
        own.first[begin:end],
        own.late_s[begin:end],
        own.plain[begin:end],
        own.known[begin:end],
        own.verdict[begin:end],
        own.hull[begin:end],
        own.shift_s[begin:end],
    )


@compiled
def _mark_plain(own: Rows, plain: Any) -> None:
    plain[0] = False
    for row in range(1, len(plain)):
        plain[row] = _goes(own, row - 1, row)


@compiled
def _goes(own: Rows, a: int, b: int) -> bool:
    """Tell whether one hull can have gone from one report to a later one, at the speeds stated."""
    passed_s = (own.time_us[b] - own.time_us[a]) / SECOND_US
    if passed_s <= 0.0:
        return False
    apart_m = apart(own.lat[a], own.lon[a], own.lat[b], own.lon[b])
    return bool(step_cost(apart_m, passed_s, own.sog[a], own.sog[b], 0.0) == 0.0)


@compiled
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
        tell_apart(own, found.known, heard, found.verdict, found.hull, found.shift_s)


@compiled
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
        if before >= 0 and not (found.plain[row] if before == row - 1 else _goes(own, before, row)):
            return -1
        before = row
    return number


@compiled
def _heard_with(heard: Last, own: Rows, hull: Any) -> Last:
    """Return the hulls that were heard, with where each of some reports was last."""
    latest = np.full(256, -1, np.int64)
    for row in range(len(hull)):
        latest[hull[row]] = row
    latest[0] = -1
    fresh = 0
    for number in range(1, 256):
        fresh += latest[number] >= 0 and not (heard.hull == number).any()
    known = len(heard.hull)
    ended = _no_hulls(known + fresh)
    place = known
    for one in range(known):
        row = latest[heard.hull[one]]
        ended.hull[one] = heard.hull[one]
        ended.time_us[one] = heard.time_us[one] if row < 0 else own.time_us[row]
        ended.lat[one] = heard.lat[one] if row < 0 else own.lat[row]
        ended.lon[one] = heard.lon[one] if row < 0 else own.lon[row]
        latest[heard.hull[one]] = -1
    for number in range(1, 256):
        row = latest[number]
        if row >= 0:
            ended.hull[place], ended.time_us[place] = number, own.time_us[row]
            ended.lat[place], ended.lon[place] = own.lat[row], own.lon[row]
            place += 1
    return ended
