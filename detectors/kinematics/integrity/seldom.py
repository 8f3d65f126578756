"""What is heard of a hull by itself, or briefly: whether it is one's, another's, or scattered."""

from typing import Any, Final

import numpy as np

from detectors.core.frames import SECOND_US
from detectors.kinematics.integrity.confirmed import CONFIRMING_REPORTS, HULL_STEP_S, MANY_REPORTS
from detectors.kinematics.integrity.jit import part
from detectors.kinematics.integrity.rows import Rows, first_from, taken
from detectors.kinematics.integrity.runs import BRIEF_S
from detectors.kinematics.integrity.shifted import legs_of, shifts_s
from detectors.kinematics.integrity.verdicts import JAMMED_S, Verdict

CLOCK_FAULT: Final = int(Verdict.CLOCK_FAULT)
FALSE_FIX: Final = int(Verdict.FALSE_FIX)

BRIEF_REPORTS: Final = 12
"""Two further hulls of one number at once, each heard so seldom and for at most `JAMMED_S`, are
fixes that scatter, of which some lie on ways that a vessel can have gone. Boats that share a
default number are heard more often or for longer."""


@part
def is_hull(times_us: Any) -> bool:
    """Tell whether a chain is a hull's: some reports close in time, or many."""
    if len(times_us) >= MANY_REPORTS:
        return True
    near = 0
    for row in range(1, len(times_us)):
        near = near + 1 if times_us[row] - times_us[row - 1] <= HULL_STEP_S * SECOND_US else 0
        if near >= CONFIRMING_REPORTS - 1:
            return True
    return False


@part
def few(times_us: Any) -> Any:
    """Tell which reports of a chain are by themselves, with fewer than `CONFIRMING_REPORTS`."""
    n = len(times_us)
    found = np.zeros(n, np.bool_)
    begin = 0
    for row in range(1, n + 1):
        if row < n and times_us[row] - times_us[row - 1] <= HULL_STEP_S * SECOND_US:
            continue
        found[begin:row] = row - begin < CONFIRMING_REPORTS
        begin = row
    return found


@part
def late_of(track: Rows, others: Rows) -> Any:
    """Return by how much reports are misdated that lie on the way of a hull which is heard within
    `BRIEF_S` before and after them, by as much at most; else NaN. A ferry goes the same way as
    another an hour later.
    """
    shifted = np.full(len(others.lat), np.nan)
    if len(track.lat) < 2:
        return shifted
    shifted[:] = shifts_s(track, legs_of(track), others)
    within_us = int(BRIEF_S * SECOND_US)
    for row in range(len(shifted)):
        behind = first_from(track.time_us, others.time_us[row])
        if (
            behind == 0
            or behind == len(track.lat)
            or others.time_us[row] - track.time_us[behind - 1] > within_us
            or track.time_us[behind] - others.time_us[row] > within_us
            or np.abs(shifted[row]) > BRIEF_S
        ):
            shifted[row] = np.nan
    return shifted


@part
def of_another(own: Rows, first: Any, other: Any, of_hull: Any, verdict: Any, shift_s: Any) -> None:
    """Take what is by itself from the first hull where it lies on the way of another at another
    time (`late_of`): that one's, misdated. A hull that is silent meanwhile, as a ship that sends
    false positions is, reaches much of what comes late. One that would be nothing else stays.

    Parameters
    ----------
    first, other
        The rows of both hulls.
    of_hull, verdict, shift_s
        Of all rows; written to.
    """
    alone = first[few(own.time_us[first])]
    if len(alone) == 0:
        return
    shifted = late_of(taken(own, other), taken(own, alone))
    if np.count_nonzero(~np.isnan(shifted)) == len(first):
        return
    for place in range(len(alone)):
        if not np.isnan(shifted[place]):
            of_hull[alone[place]], verdict[alone[place]] = 0, CLOCK_FAULT
            shift_s[alone[place]] = shifted[place]


@part
def scattered(time_us: Any, of_hull: Any, n_hulls: int, verdict: Any) -> None:
    """Make false what is of further hulls that are heard briefly and seldom, two and more within
    `HULL_STEP_S`.
    """
    count = np.zeros(n_hulls + 1, np.int64)
    since, until = np.zeros(n_hulls + 1, np.int64), np.zeros(n_hulls + 1, np.int64)
    for row in range(len(of_hull)):
        one = of_hull[row]
        if count[one] == 0:
            since[one] = time_us[row]
        until[one] = time_us[row]
        count[one] += 1
    reach_us = int(HULL_STEP_S * SECOND_US)
    false = np.zeros(n_hulls + 1, np.bool_)
    for one in range(2, n_hulls + 1):
        if count[one] >= BRIEF_REPORTS or until[one] - since[one] > JAMMED_S * SECOND_US:
            continue
        near = 0
        for other in range(2, n_hulls + 1):
            near += (
                count[other] < BRIEF_REPORTS
                and since[other] <= until[one] + reach_us
                and until[other] >= since[one] - reach_us
            )
        false[one] = near > 1
    for row in range(len(of_hull)):
        if false[of_hull[row]]:
            verdict[row] = FALSE_FIX
            of_hull[row] = 0
