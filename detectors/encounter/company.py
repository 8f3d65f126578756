"""Whether two came to one another, and who else lay around."""

from typing import Any, Final

import numpy as np

from detectors.core.arrays import Floats, Ints
from detectors.core.frames import SECOND_US
from detectors.encounter.limits import Limits
from detectors.encounter.pairs import Pairs
from detectors.kinematics import geodesy, timegrid
from detectors.kinematics.reports import Reports
from detectors.surroundings import nearby

FAST_KN: Final = 15.0
"""Who closes at this or more planes: a displacement hull of 20 m at the waterline makes 10.9 kn
(hull speed: 1.34 times the root of the waterline in feet), one of 12 m planes at 15.7 (2.5)."""
WENT_KN: Final = 4.0
OPPOSITE_SHARE: Final = 0.8
"""Faster than any net is towed (2 to 4 kn), and on courses at least 106 degrees apart: two of equal
speed part at 0.8 of the sum of their speeds then."""
LOOKS: Final = 5
"""So often others are counted: at the first and last tick, and at the quarters in between."""
SAME_GROUND_M: Final = 2 * geodesy.METRES_PER_NM
"""Boats of one ground work within a mile or two of one another; who comes from another coast or
village to meet one covers that in a quarter of an hour."""
AT_ONCE_S: Final = 120
"""A tick of the grid."""
_SECONDS: Final = 2**33
"""Seconds counted from 1970 are fewer."""
_PAIRS: Final = 256
"""Looked at at once: each has up to some thousand reports."""
STILL_KN: Final = 0.2
"""Slower it lies at a berth or at anchor: position noise alone makes as much of a step."""


def kept_company(
    limits: Limits, reports: Reports, grid: timegrid.Grid, pairs: Pairs, first: Ints, last: Ints
) -> list[dict[str, Any]]:
    """Return how far apart they were before and after, for how long they had been near one another
    before, or sailed so, and how many others lay around meanwhile.

    The others are counted at `LOOKS` ticks from the first to the last, and the median counts: of
    a raft someone comes first and someone goes last, who lay among others all the same. Only those
    no more than `raft_memory_s` before the last count: of a story that goes further back than a
    look loads, others are known for as long alone.
    """
    left, right = pairs.left, pairs.right
    apart = {}
    for name, edge, sign in (("before", first, -1), ("after", last, 1)):
        farthest = np.full(len(first), np.nan)
        for part in (1 / 3, 2 / 3, 1.0):
            shift = sign * (int(limits.company_s * part) // limits.step_s)
            rows = [
                grid.rows_at(grid.track_id[side[edge]], grid.tick[side[edge]] + shift)
                for side in (left, right)
            ]
            known = (rows[0] >= 0) & (rows[1] >= 0)
            a, b = rows[0][known], rows[1][known]
            apart_m = geodesy.apart_m(grid, a, b)
            farthest[known] = np.fmax(farthest[known], apart_m)
        apart[name] = farthest
    near_s = _further_back(limits, grid, left[first], right[first], apart["before"])
    alike_s = _sailed_alike_s(limits, reports, grid, left[first], right[first])
    looks = first + (last - first) * np.arange(LOOKS)[:, None] // (LOOKS - 1)
    counts = _neighbours(limits, grid, left[looks.ravel()], right[looks.ravel()])
    tick = grid.tick[left[looks]]
    known = tick >= tick[-1] - limits.raft_memory_s // limits.step_s
    neighbours = np.nanmedian(np.where(known, counts.reshape(looks.shape), np.nan), axis=0)
    return [
        {
            "apart_before_m": apart["before"][i],
            "apart_after_m": apart["after"][i],
            "near_before_s": int(near_s[i]),
            "sailed_alike_s": alike_s[i],
            "n_neighbours": int(neighbours[i]),
        }
        for i in range(len(first))
    ]


def calls_before(limits: Limits, pair: Ints, start_us: Ints, end_us: Ints) -> Ints:
    """Return how many times the two of each run had been together before, for `min_brief_s` or
    longer and until no more than `raft_memory_s` before the run's end.
    """
    long = end_us - start_us >= limits.min_brief_s * SECOND_US
    ends = np.sort(pair[long] * _SECONDS + end_us[long] // SECOND_US)
    since_s = end_us // SECOND_US - limits.raft_memory_s
    until = np.searchsorted(ends, pair * _SECONDS + start_us // SECOND_US)
    return np.asarray(np.maximum(until - np.searchsorted(ends, pair * _SECONDS + since_s), 0))


def _further_back(
    limits: Limits, grid: timegrid.Grid, left: Ints, right: Ints, apart_m: Floats
) -> Ints:
    """Fill in how far apart pairs were when both were last heard before, where it isn't known.

    `left` and `right` are their first ticks. Returns, in seconds, at how many ten-minute marks
    before both were heard within `SAME_GROUND_M`, since they were further apart.
    """
    mark = limits.company_s // 3 // limits.step_s
    near, apart = np.zeros(len(left), "int64"), np.zeros(len(left), bool)
    for number, shift in enumerate(
        range(mark, limits.raft_memory_s // limits.step_s + 1, mark), start=1
    ):
        asked = np.flatnonzero(~apart | np.isnan(apart_m))
        if len(asked) == 0:
            break
        a, b = (
            grid.rows_at(grid.track_id[side[asked]], grid.tick[side[asked]] - shift)
            for side in (left, right)
        )
        known = (a >= 0) & (b >= 0)
        a, b, asked = a[known], b[known], asked[known]
        then_m = geodesy.apart_m(grid, a, b)
        unknown = np.isnan(apart_m[asked]) & (number > 3)  # the first three have been looked at
        apart_m[asked[unknown]] = then_m[unknown]
        apart[asked[then_m > SAME_GROUND_M]] = True
        near[asked] += ~apart[asked]
    return near * (mark * limits.step_s)


def _sailed_alike_s(
    limits: Limits, reports: Reports, grid: timegrid.Grid, left: Ints, right: Ints
) -> list[int]:
    """Return from when to when two were heard within `AT_ONCE_S` and `company_m` of one another
    under way, in the hours before grid rows of theirs, in seconds: 0 where they were heard further
    apart, too. By the reports themselves: what is heard by passes isn't on the grid under way.
    """
    start_us = grid.tick[left] * grid.step_s * SECOND_US
    since_us = start_us - limits.raft_memory_s * SECOND_US
    until_us = start_us - limits.company_s // 3 * SECOND_US
    went_by = np.r_[0, np.cumsum(~(reports.sog_kn < limits.max_speed_kn))]
    spans = [
        [_first_at(reports, grid.report[side], time_us) for time_us in (since_us, until_us)]
        for side in (left, right)
    ]
    went = np.logical_and.reduce([went_by[end] > went_by[begin] for begin, end in spans])
    alike_s = np.zeros(len(left), "int64")
    pairs = np.flatnonzero(went)  # in a crowd most lie at anchor
    for first in range(0, len(pairs), _PAIRS):
        some = pairs[first : first + _PAIRS]
        (begin, end), others = ([edge[some] for edge in span] for span in spans)
        alike_s[some] = _alike_s(limits, reports, begin, end, others)
    return alike_s.tolist()


def _first_at(reports: Reports, row: Ints, time_us: Ints) -> Ints:
    """Return the first row of each row's track from a time on; that after its last if there is
    none.
    """
    before, _ = timegrid.around(reports.track, reports.time_us, reports.track[row], time_us - 1)
    return np.asarray(before + (reports.time_us[before] < time_us))


def _alike_s(limits: Limits, reports: Reports, begin: Ints, end: Ints, others: list[Ints]) -> Ints:
    """Return what `_sailed_alike_s` does of stretches of rows and those of others, none empty."""
    time_us, sog_kn = reports.time_us, reports.sog_kn
    pair, a = timegrid.ranges(begin, end - begin)
    least, most = others[0][pair], others[1][pair] - 1
    after = _first_at(reports, least, time_us[a])
    around = np.stack([np.clip(row, least, most) for row in (after - 1, after)])
    off_us = np.abs(time_us[around] - time_us[a])
    b = np.where(off_us[1] < off_us[0], around[1], around[0])
    at_once = np.abs(time_us[b] - time_us[a]) <= AT_ONCE_S * SECOND_US
    pair, a, b = pair[at_once], a[at_once], b[at_once]
    apart_m = geodesy.apart_m(reports, a, b)
    apart = np.isin(np.arange(len(begin)), pair[apart_m > limits.company_m])
    kept = ~apart[pair] & (np.fmin(sog_kn[a], sog_kn[b]) >= limits.max_speed_kn)
    pair, at_us = pair[kept], time_us[a[kept]]
    first, last = timegrid.stretches(pair)
    alike_s = np.zeros(len(begin), "int64")
    alike_s[pair[first]] = (at_us[last] - at_us[first]) // SECOND_US
    return alike_s


def _neighbours(limits: Limits, grid: timegrid.Grid, left: Ints, right: Ints) -> Ints:
    """Count other slow tracks within `neighbour_m` of each pair at its tick."""
    slow = np.flatnonzero(grid.speed_kn < limits.max_speed_kn)
    found = nearby.n_near(grid, left, slow, limits.neighbour_m)
    return np.asarray(np.maximum(found - np.isin(right, slow), 0), "int64")


def convoy(limits: Limits, evidence: dict[str, Any]) -> bool:
    """Tell whether they moved on together as they had come, or were never seen apart, or sailed
    without being alongside, whatever brought them together.
    """
    under_way = evidence["median_speed_kn"] >= limits.max_speed_kn
    before_m, after_m = evidence["apart_before_m"], evidence["apart_after_m"]
    met = after_m >= limits.company_m if np.isnan(before_m) else before_m >= limits.company_m
    nearest = "min_distance_m" if evidence["brief_meeting"] else "median_distance_m"
    clear = evidence[nearest] > limits.max_alongside_m
    clear = clear and evidence["median_speed_kn"] >= limits.max_drift_kn
    return bool(under_way and (clear or not met))


def side_by_side(limits: Limits, evidence: dict[str, Any]) -> bool:
    """Tell whether it is a stretch of two that lay there before and after: no meeting, let alone a
    brief one.
    """
    speed_kn = max(evidence["median_speed_kn"], evidence["other_median_speed_kn"])
    lying = evidence["brief_meeting"] and speed_kn < STILL_KN
    return bool(lying and not came(limits, evidence))


def dash(evidence: dict[str, Any]) -> bool:
    """Tell whether a boat came planing and, as far as that is known, went so."""
    return bool(evidence["closing_kn"] >= FAST_KN and not evidence["leaving_kn"] < FAST_KN)


def parted_ways(limits: Limits, evidence: dict[str, Any]) -> bool:
    """Tell whether both made off at once, each its own way: what one brought the other takes on.

    Who comes for a talk or for bait goes back, and the other stays at its nets.
    """
    went_kn = (evidence["went_kn"], evidence["other_went_kn"])
    apart = evidence["parting_kn"] >= OPPOSITE_SHARE * sum(went_kn)
    return bool(min(went_kn) >= WENT_KN and apart and came(limits, evidence))


def from_afar(evidence: dict[str, Any]) -> bool:
    """Tell whether two were off one ground half an hour before and half an hour after, in the
    dark: they came for that alone (see `hypotheses.company.FROM_AFAR`).
    """
    ways_m = (evidence["apart_before_m"], evidence["apart_after_m"])
    return bool(evidence["in_the_dark"] and all(m >= SAME_GROUND_M for m in ways_m))


def came(limits: Limits, evidence: dict[str, Any]) -> bool | None:
    """Tell whether one came to the other or went from it; None where neither was seen."""
    apart_m = (evidence["apart_before_m"], evidence["apart_after_m"])
    known = [m for m in apart_m if not np.isnan(m)]
    return known[0] >= limits.company_m if known else None
