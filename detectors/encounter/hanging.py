"""Which runs hang together when one ends, compiled."""

import numpy as np

from detectors.core.arrays import Ints
from detectors.kinematics.integrity.jit import compiled


def oldest(
    begin: Ints, end: Ints, left: Ints, right: Ints, memory: int, min_ticks: int
) -> tuple[Ints, Ints]:
    """Return, of each run, the oldest of those that it hangs together with when it ends, and from
    when on that counts; -1 where it is connected to no other.

    Two hang together that have a track in common and overlap. A run sees of others what lies from
    `memory` ticks before its end to `min_ticks` after it, and those alone that are `min_ticks` long
    by then.

    `begin, end, left, right`: first and last tick, and both tracks, of each run.
    """
    tracks, number = np.unique(np.r_[left, right], return_inverse=True)
    number = number.reshape(2, -1)
    beginning = np.argsort(begin, kind="stable")
    ending = np.argsort(end, kind="stable")  # here, as to sort takes seconds to compile
    orders = beginning, ending
    return _oldest(begin, end, number[0], number[1], orders, len(tracks), memory, min_ticks)


@compiled
def _oldest(
    begin: Ints,
    end: Ints,
    left: Ints,
    right: Ints,
    orders: tuple[Ints, Ints],
    n_tracks: int,
    memory: int,
    min_ticks: int,
) -> tuple[Ints, Ints]:
    beginning, ending = orders
    n = len(begin)
    root, since = np.full(n, -1, np.int64), np.zeros(n, np.int64)
    active = np.empty(n, np.int64)
    n_active, entered, done = 0, 0, 0
    parent, members = np.full(n, -1, np.int64), np.empty(n, np.int64)
    best, longest = np.empty(n, np.int64), np.full(n_tracks, -1, np.int64)
    while done < n:
        now = end[ending[done]]
        floor, ceiling = now - memory, now + min_ticks
        while entered < n and begin[beginning[entered]] <= now + 1:  # others are too short by then
            active[n_active] = beginning[entered]
            n_active, entered = n_active + 1, entered + 1
        kept, n_members = 0, 0
        for k in range(n_active):
            run = active[k]
            if end[run] < floor:
                continue  # for all that end later too
            active[kept] = run
            kept += 1
            if min(end[run], ceiling) - begin[run] + 1 < min_ticks:
                continue
            # In the order in which they begin, who overlaps any of a track's runs that hang
            # together overlaps the one that ends last: a crowd has a million pairs of runs a track.
            for track in (left[run], right[run]):
                other = longest[track]
                if other < 0:
                    longest[track] = run
                    continue
                if max(begin[run], floor) <= min(end[other], ceiling):
                    for one in (run, other):
                        if parent[one] < 0:
                            parent[one] = one
                            members[n_members] = one
                            n_members += 1
                    a, b = _top(parent, run), _top(parent, other)
                    if a != b:
                        parent[max(a, b)] = min(a, b)
                if end[run] > end[other]:
                    longest[track] = run
        n_active = kept
        for k in range(n_active):
            longest[left[active[k]]] = longest[right[active[k]]] = -1
        for k in range(n_members):
            best[members[k]] = -1
        for k in range(n_members):
            run = members[k]
            top = _top(parent, run)
            known = best[top]
            if known < 0 or _before(run, known, begin, left, right, floor):
                best[top] = run
        while done < n and end[ending[done]] == now:
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
