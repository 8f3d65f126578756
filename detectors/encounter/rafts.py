"""Rafts: pairs that hang together by common vessels."""

import numpy as np
import pandas as pd

from detectors.core import events
from detectors.core.frames import SECOND_US, epoch_us
from detectors.encounter.limits import Limits


def rafts(limits: Limits, found: pd.DataFrame) -> list[str]:
    """Return the group id of each pair's run, empty where it is connected to no other.

    Each run sees the others within a stretch of time around its own end, so that the answer
    doesn't depend on how much more of the past, or of the future, happens to be loaded.
    """
    group = [""] * len(found)
    track = np.array([text.split(";") for text in found["track_ids"]], "int64").reshape(-1, 2).T
    duration_s = np.array([e["duration_s"] for e in found["evidence"]], "int64")
    begin = epoch_us(found["start"]) // (limits.step_s * SECOND_US)
    end = begin + duration_s // limits.step_s - 1
    if len(np.unique(track)) == track.size:
        return group
    from detectors.encounter.hanging import oldest  # compiled: not for who finds no raft

    memory = limits.raft_memory_s // limits.step_s
    min_ticks = -(-limits.min_duration_s // limits.step_s)
    root, low = oldest(begin, end, track[0].copy(), track[1].copy(), memory, min_ticks)
    for run in np.flatnonzero(root >= 0).tolist():
        anchor_us = int(low[run]) * limits.step_s * SECOND_US
        pair = f"{track[0, root[run]]};{track[1, root[run]]}"
        group[run] = events.event_id(limits.name, "raft", "", pair, anchor_us)
    return group
