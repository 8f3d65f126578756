"""Rafts: pairs that hang together by common vessels."""

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from detectors.core import events
from detectors.core.frames import SECOND_US, epoch_us
from detectors.encounter.limits import Limits


def rafts(limits: Limits, found: pd.DataFrame) -> list[str]:
    """Return the group id of each pair's run, empty where it is connected to no other.

    Each run sees the others within a stretch of time around its own end, so that the answer
    doesn't depend on how much more of the past, or of the future, happens to be loaded.
    """
    n, group = len(found), [""] * len(found)
    track = np.array([text.split(";") for text in found["track_ids"]], "int64").reshape(-1, 2).T
    duration_s = np.array([e["duration_s"] for e in found["evidence"]], "int64")
    begin = epoch_us(found["start"]) // (limits.step_s * SECOND_US)
    end = begin + duration_s // limits.step_s - 1
    member = pd.DataFrame({"run": np.tile(np.arange(n), 2), "track": track.ravel()})
    joined = member.merge(member, on="track")
    x, y = joined["run_x"].to_numpy(), joined["run_y"].to_numpy()
    meet = (x < y) & (np.maximum(begin[x], begin[y]) <= np.minimum(end[x], end[y]))
    x, y = x[meet], y[meet]
    min_ticks = -(-limits.min_duration_s // limits.step_s)
    for now in np.unique(end[np.unique(np.r_[x, y])]):
        floor, ceiling = now - limits.raft_memory_s // limits.step_s, now + min_ticks
        lows = [np.maximum(begin[run], floor) for run in (x, y)]
        highs = [np.minimum(end[run], ceiling) for run in (x, y)]
        met = np.maximum(*lows) <= np.minimum(*highs)
        for run, high in zip((x, y), highs, strict=True):
            met &= high - begin[run] + 1 >= min_ticks
        members, at = np.unique(np.r_[x[met], y[met]], return_inverse=True)
        ending = np.flatnonzero(end[members] == now)
        if len(ending) == 0:
            continue
        links = coo_matrix((np.ones(met.sum()), at.reshape(2, -1)), shape=(len(members),) * 2)
        _, label = connected_components(links, directed=False)
        low = np.maximum(begin[members], floor)
        oldest_first = np.lexsort((track[1, members], track[0, members], low, label))
        roots = oldest_first[np.searchsorted(label[oldest_first], np.arange(label.max() + 1))]
        for place in ending.tolist():
            run, root = int(members[place]), int(roots[label[place]])
            anchor_us = int(low[root]) * limits.step_s * SECOND_US
            pair = f"{track[0, members[root]]};{track[1, members[root]]}"
            group[run] = events.event_id(limits.name, "raft", "", pair, anchor_us)
    return group
