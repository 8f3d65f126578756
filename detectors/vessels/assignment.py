"""Which tracks explain which sightings, by tables of weights; see `vessels.association`."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from detectors.core.arrays import Floats, Ints

EXACT_UP_TO: Final = 10
"""So many tracks, or sightings if these are fewer, are assigned in every way: 1,024 sets."""


MAX_ROUNDS: Final = 200


CONVERGED: Final = 1e-10


def tables(
    sighting: Ints, track_id: Ints, weight: Floats, scene: Ints
) -> Iterator[tuple[Ints, Ints, Ints, Ints, Floats]]:
    """Pairs that hang together: their rows, the sightings among them, the place of each row in the
    table of weights that they make (sightings, tracks of a scene), and that table.
    """
    node = _numbered(scene[sighting], track_id)
    for rows in _components(sighting, node, len(scene)):
        s, place = np.unique(sighting[rows], return_inverse=True)
        t, column = np.unique(node[rows], return_inverse=True)
        table = np.zeros((len(s), len(t)))
        table[place, column] = weight[rows]
        yield rows, s, place, column, table


def marginals(table: Floats) -> tuple[Floats, Floats]:
    """Probability of each pair of a table (sightings, tracks) of weights, and of none per sighting.

    Exact where there are no more than `EXACT_UP_TO` sightings or tracks, else by belief
    propagation.

    Examples
    --------
    >>> marginals(np.array([[3.0]]))
    (array([[0.75]]), array([0.25]))
    """
    if min(table.shape) > EXACT_UP_TO:
        return _propagated(table)
    many_tracks = table.shape[1] > table.shape[0]
    shares = _enumerated(table.T).T if many_tracks else _enumerated(table)
    return shares, np.maximum(1.0 - shares.sum(axis=1), 0.0)


def _enumerated(table: Floats) -> Floats:
    """Probability of each pair over all assignments of rows to columns, or to none.

    Forward and backward sums over the sets of columns that are taken: `done[i]` has the weight of
    all ways to assign the rows before i, `left[i]` that of the rows from i on, each up to a factor
    that cancels out, which keeps them within range.
    """
    n, m = table.shape
    sets = np.arange(1 << m)
    free = [np.flatnonzero(sets & (1 << t) == 0) for t in range(m)]
    done, left = np.zeros((n + 1, 1 << m)), np.ones((n + 1, 1 << m))
    done[0, 0] = 1.0
    for i in range(n):
        done[i + 1] = done[i]
        for t in range(m):
            done[i + 1, free[t] | 1 << t] += done[i, free[t]] * table[i, t]
        done[i + 1] /= done[i + 1].max()
    for i in reversed(range(n)):
        left[i] = left[i + 1]
        for t in range(m):
            left[i, free[t]] += left[i + 1, free[t] | 1 << t] * table[i, t]
        left[i] /= left[i].max()
    none = (done[:-1] * left[1:]).sum(axis=1)
    ways = np.stack(
        [(done[:-1, f] * left[1:, f | 1 << t]).sum(axis=1) for t, f in enumerate(free)], axis=1
    )
    shares = ways * table
    return np.asarray(shares / (none + shares.sum(axis=1))[:, None])


def _propagated(table: Floats) -> tuple[Floats, Floats]:
    """`marginals` by belief propagation; exact where the pairs make no circle."""
    back = np.ones(table.shape)
    for _ in range(MAX_ROUNDS):
        pull = table * back
        forth = table / (1.0 + pull.sum(axis=1, keepdims=True) - pull)
        fresh = 1.0 / (1.0 + forth.sum(axis=0, keepdims=True) - forth)
        done = np.abs(fresh - back).max() <= CONVERGED
        back = fresh
        if done:
            break
    pull = table * back
    none = 1.0 / (1.0 + pull.sum(axis=1))
    return pull * none[:, None], none


def assign(table: Floats) -> Ints:
    """Track of each sighting in the most probable assignment, -1 where none explains it best.

    >>> assign(np.array([[8.0, 5.0], [9.0, 0.0]]))
    array([1, 0])
    """
    # Takes a seventh of a second: most nights nobody else saw anything.
    from scipy.optimize import linear_sum_assignment

    n, m = table.shape
    tiny = 1e-300
    gain = np.log(np.maximum(table, tiny))
    cost = np.full((n, m + n), np.log(tiny) * -1.0)
    cost[:, :m] = -gain
    cost[np.arange(n), m + np.arange(n)] = 0.0
    _, column = linear_sum_assignment(cost)
    return np.where(column < m, column, -1)


def _components(sighting: Ints, node: Ints, n: int) -> list[Ints]:
    """Rows of pairs that hang together, directly or by way of others."""
    if len(sighting) == 0:
        return []
    size = n + int(node.max()) + 1
    graph = coo_array((np.ones(len(node)), (sighting, n + node)), shape=(size, size))
    _, label = connected_components(graph, directed=False)
    order = np.argsort(label[sighting], kind="stable")
    cuts = np.flatnonzero(np.diff(label[sighting][order])) + 1
    return list(np.split(order, cuts))


def _numbered(scene: Ints, track_id: Ints) -> Ints:
    """Return a number for each (scene, track)."""
    if len(scene) == 0:
        return np.zeros(0, "int64")
    _, number = np.unique(np.stack([scene, track_id]), axis=1, return_inverse=True)
    return np.asarray(number, "int64").ravel()
