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
    joined = joined[joined["run_x"] < joined["run_y"]]
    x, y = joined["run_x"].to_numpy(), joined["run_y"].to_numpy()
    min_ticks = -(-limits.min_duration_s // limits.step_s)
    for now in np.unique(end[np.unique(np.r_[x, y])]):
        floor, ceiling = now - limits.raft_memory_s // limits.step_s, now + min_ticks
        low, high = np.maximum(begin, floor), np.minimum(end, ceiling)
        counts = (low <= high) & (high - begin + 1 >= min_ticks)
        met = counts[x] & counts[y]
        met &= np.maximum(low[x], low[y]) <= np.minimum(high[x], high[y])
        links = coo_matrix((np.ones(met.sum()), (x[met], y[met])), shape=(n, n))
        _, label = connected_components(links, directed=False)
        oldest_first = np.lexsort((track[1], track[0], low, label))
        roots = oldest_first[np.searchsorted(label[oldest_first], np.arange(label.max() + 1))]
        size = np.bincount(label)
        for run in np.flatnonzero((end == now) & (size[label] > 1)):
            root = roots[label[run]]
            anchor_us = int(low[root]) * limits.step_s * SECOND_US
            pair = f"{track[0, root]};{track[1, root]}"
            group[run] = events.event_id(limits.name, "raft", "", pair, anchor_us)
    return group
