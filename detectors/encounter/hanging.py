"""Which runs hang together when one ends, compiled."""

import numpy as np

from detectors.core.arrays import Ints
from detectors.kinematics.integrity.jit import compiled


def oldest(
    begin: Ints,
    end: Ints,
    left: Ints,
    right: Ints,
    one: Ints,
    other: Ints,
    memory: int,
    min_ticks: int,
) -> tuple[Ints, Ints]:
    """Return, of each run, the oldest of those that it hangs together with when it ends, and from
    when on that counts; -1 where it is connected to no other.

    A run sees of others what lies from `memory` ticks before its end to `min_ticks` after it, and
    those alone that are `min_ticks` long by then.

    Parameters
    ----------
    begin, end, left, right
        First and last tick, and both tracks, of each run.
    one, other
        Two runs with a track in common whose times overlap, in the order in which they begin to.
    """
    linked = np.unique(np.r_[one, other])
    ending = linked[np.argsort(end[linked])]  # here, as to sort takes seconds to compile
    return _oldest(begin, end, left, right, one, other, ending, memory, min_ticks)


@compiled
def _oldest(
    begin: Ints,
    end: Ints,
    left: Ints,
    right: Ints,
    one: Ints,
    other: Ints,
    ending: Ints,
    memory: int,
    min_ticks: int,
) -> tuple[Ints, Ints]:
    n = len(begin)
    root, since = np.full(n, -1, np.int64), np.zeros(n, np.int64)
    active = np.empty(len(one), np.int64)
    n_active, entered, done = 0, 0, 0
    parent, members = np.full(n, -1, np.int64), np.empty(n, np.int64)
    best = np.empty(n, np.int64)
    while done < len(ending):
        now = end[ending[done]]
        floor, ceiling = now - memory, now + min_ticks
        while entered < len(one):
            if max(begin[one[entered]], begin[other[entered]]) > now + 1:
                break  # too short by then, and so are those behind it
            active[n_active] = entered
            n_active, entered = n_active + 1, entered + 1
        kept, n_members = 0, 0
        for k in range(n_active):
            a, b = one[active[k]], other[active[k]]
            until = min(end[a], end[b])
            if until < floor:
                continue  # for all that end later too
            active[kept] = active[k]
            kept += 1
            long = min(end[a], ceiling) - begin[a] + 1 >= min_ticks
            long &= min(end[b], ceiling) - begin[b] + 1 >= min_ticks
            if not long or max(begin[a], begin[b], floor) > min(until, ceiling):
                continue
            for run in (a, b):
                if parent[run] < 0:
                    parent[run] = run
                    members[n_members] = run
                    n_members += 1
            a, b = _top(parent, a), _top(parent, b)
            if a != b:
                parent[max(a, b)] = min(a, b)
        n_active = kept
        for k in range(n_members):
            best[members[k]] = -1
        for k in range(n_members):
            run = members[k]
            top = _top(parent, run)
            known = best[top]
            if known < 0 or _before(run, known, begin, left, right, floor):
                best[top] = run
        while done < len(ending) and end[ending[done]] == now:
            run = ending[done]
            if parent[run] >= 0:
                root[run] = best[_top(parent, run)]
                since[run] = max(begin[root[run]], floor)
            done += 1
        for k in range(n_members):
            parent[members[k]] = -1
    return root, since


@compiled
def _top(parent: Ints, run: int) -> int:
    """Return what stands for all that a run hangs together with."""
    while parent[run] != run:
        parent[run] = parent[parent[run]]
        run = parent[run]
    return run


@compiled
def _before(run: int, other: int, begin: Ints, left: Ints, right: Ints, floor: int) -> bool:
    """Tell whether a run is older than another, or by its tracks before it."""
    a, b = max(begin[run], floor), max(begin[other], floor)
    if a != b:
        return bool(a < b)
    if left[run] != left[other]:
        return bool(left[run] < left[other])
    if right[run] != right[other]:
        return bool(right[run] < right[other])
    return run < other
