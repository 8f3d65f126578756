"""Chains of reports that one hull can have made.

A chain's worth is the number of its reports less what its steps cost. A step costs nothing where
the speeds stated at its ends make the distance, `STRAY` where they don't but a vessel can have gone
so far, and a step that none can have gone isn't made. So a chain passes over fixes from which the
track returns at once, and takes those where it stays: leaving and coming back costs `2 * STRAY`.
"""

from typing import Any, Final

import numpy as np

from detectors.core.frames import SECOND_US
from detectors.kinematics.geodesy import KNOT_MPS
from detectors.kinematics.integrity.jit import compiled, part
from detectors.kinematics.integrity.rows import Rows, apart, upper_quartile

STRAY: Final = 1.5
"""Cost of a step that the stated speeds don't make, in reports: up to three fixes from which a
track returns are false; of more the vessel went there."""

NEAR_M: Final = 1_852.0
"""So near one another two reports may always be of one hull: a position may be old by minutes.
Hulls closer than a mile aren't told apart."""

SLACK_M: Final = 500.0
"""A position of low accuracy is right within 10 m and more (ITU-R M.1371-5, annex 8, position
accuracy), a time stamp within seconds: at 30 kn 15 s are 230 m."""

MARGIN: Final = 1.5
MARGIN_KN: Final = 3.0
"""By how much a vessel may go faster between two reports than the faster of them says."""

MAX_SPEED_KN: Final = 60.0
MAX_UNSUPPORTED_KN: Final = 30.0
"""The fastest craft in service make about 50 kn; no merchant ship is faster than 30 kn (the fastest
container ships are built for 25 kn)."""

UNKNOWN_KN: Final = 20.0
HEADS: Final = 24
"""Ends of chains that are remembered at a time; it bounds the work that random fixes can cause."""

EDGE: Final = 2
"""So many reports where one run is left for another may be false: a receiver's
first fixes after a silence, or the last that came misdated."""

LINEAGE: Final = 3
"""Reports of one chain among them, so that a false last one doesn't end it, beside those from which
it strayed."""


@compiled
def step_cost(apart_m: float, passed_s: float, sog_a: float, sog_b: float, usual: float) -> float:
    """Return what a step costs, in reports; infinity where no vessel can have made it.

    `usual` is the speed in knots that counts where neither report states one.
    """
    if apart_m <= stated_m(passed_s, sog_a, sog_b, usual):
        return 0.0
    limit = min(max(2.0 * _faster(sog_a, sog_b, usual), MAX_UNSUPPORTED_KN), MAX_SPEED_KN)
    if apart_m <= NEAR_M or apart_m <= limit * KNOT_MPS * passed_s:
        return STRAY
    return np.inf


@part
def stated_m(passed_s: float, sog_a: float, sog_b: float, usual: float) -> float:
    """Return how far apart two reports may be for the speeds that they state, or `usual`."""
    faster = _faster(sog_a, sog_b, usual)
    return (MARGIN * faster + MARGIN_KN) * KNOT_MPS * passed_s + SLACK_M


@part
def _faster(sog_a: float, sog_b: float, usual: float) -> float:
    if np.isnan(sog_a):
        return usual if np.isnan(sog_b) else sog_b
    return sog_a if np.isnan(sog_b) or sog_a >= sog_b else sog_b


@compiled
def best_chain(
    time_us: Any,
    lat: Any,
    lon: Any,
    sog: Any,
    step_m: Any,
    free: Any,
    runs: Any,
    usual: float,
    out: Any,
) -> int:
    """Mark in `out` the chain of most worth among one vessel's `free` reports; return its length.

    It goes from one of `runs.runs` to another only at their ends, but for `EDGE` and where a clock
    leaps. `step_m` is how far each report is from the one before it.

    Reports are in the order of time. Of several chains of one worth the one that ends first counts.
    Linear in the reports: of each only `HEADS` before it are looked at, and of a chain, where there
    are more, first of all its last `LINEAGE` and those from which it strayed. Of `HEADS` reports it
    is the best chain.
    """
    n = len(time_us)
    worth = np.zeros(n)
    before = np.full(n, -1, np.int64)
    heads = np.full(HEADS, -1, np.int64)
    spent = np.zeros(n, np.bool_)
    count = 0
    best = -1
    for row in range(n):
        if not free[row]:
            continue
        alone = runs[3, row]
        most = alone
        for place in range(count - 1, -1, -1):
            head = heads[place]
            # The newest is mostly the best; who can't come to as much needn't be measured.
            if worth[head] + alone < most or time_us[row] <= time_us[head]:
                continue
            leapt = runs[4, row] == head
            amid = runs[0, head] != runs[0, row] and runs[2, head] + runs[1, row] > EDGE
            if amid and not leapt:
                continue
            passed_s = (time_us[row] - time_us[head]) / SECOND_US
            apart_m = step_m[row]
            if head < row - 1:
                apart_m = apart(lat[head], lon[head], lat[row], lon[row])
            after = worth[head] + alone
            cost = step_cost(apart_m, passed_s, sog[head], sog[row], usual)
            after -= min(cost, STRAY) if leapt else cost
            if after >= most and after > alone:
                most = after
                before[row] = head
        worth[row] = most
        if best < 0 or worth[row] > worth[best]:
            best = row
        # Of its lineage what isn't among its last few reports, is no end of a run, and where it
        # didn't stray is given up first: the chain hardly goes on from there.
        old, next_of_old = before[row], np.int64(row)
        for _ in range(LINEAGE - 1):
            next_of_old = old
            old = before[old] if old >= 0 else np.int64(-1)
        ends = old >= 0 and runs[2, old] == 0 and runs[1, old] >= LINEAGE - 1
        strayed = worth[next_of_old] - worth[old] < runs[3, next_of_old] - 0.01
        if old >= 0 and not strayed and not ends:
            spent[old] = True
        if count == HEADS:
            given_up = 0
            for place in range(count):
                if spent[heads[place]]:
                    given_up = place
                    break
                if worth[heads[place]] < worth[heads[given_up]]:
                    given_up = place
            for later in range(given_up, count - 1):
                heads[later] = heads[later + 1]
            count -= 1
        heads[count] = row
        count += 1
    length = 0
    while best >= 0:
        out[best] = True
        length += 1
        best = before[best]
    return length


@part
def usual_kn(rows: Rows, step_m: Any, free: Any) -> float:
    """Return the speed that counts where a vessel states none: its own derived one, at most 30 kn.

    `step_m` is how far each report is from the one before it.

    Three quarters of its steps are slower. With one report it is the 20 kn of a merchant ship.
    """
    derived = np.empty(len(free))
    count = 0
    before = -1
    for row in range(len(free)):
        if not free[row]:
            continue
        if before >= 0:
            passed_s = (rows.time_us[row] - rows.time_us[before]) / SECOND_US
            if passed_s > 1.0:
                far_m = step_m[row]
                if before < row - 1:
                    far_m = apart(rows.lat[before], rows.lon[before], rows.lat[row], rows.lon[row])
                derived[count] = far_m / passed_s / KNOT_MPS
                count += 1
        before = row
    return min(upper_quartile(derived[:count]), MAX_UNSUPPORTED_KN) if count else UNKNOWN_KN
