"""What is alike: one kind of thing at one place and time, whoever sends it.

One transmitter can send by hundreds of numbers. Where a list or a rule's share holds no more, what
it invents is alike, and would take every place in it.
"""

from typing import Final

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from detectors.core.arrays import Bools, Ints
from detectors.core.frames import SECOND_US, epoch_us
from pipelines.assess.incidents.titles import AS_ONE, MANY

FEW: Final = 5
"""So many that are alike come by their scores; the others behind all else. A judgement: whoever
sails there for one sees the rest."""
CELL_DEG: Final = 0.1
"""Six miles: alike is what is in one such square."""
SPAN_S: Final = 3600
"""And begins in one such hour."""


def beyond_few(events: pd.DataFrame, order: Ints) -> Bools:
    """Tell of which rows, taken in an order, `FEW` that are alike came before."""
    own = events.iloc[order]
    squares = [
        np.floor(own[name].fillna(-999.0).to_numpy("float64") / CELL_DEG).astype("int64")
        for name in ("lat", "lon")
    ]
    hour = epoch_us(own["start"]) // (SPAN_S * SECOND_US)
    keys = [own["detector"].to_numpy(), own["subkind"].to_numpy(), *squares, hour]
    names = ["detector", "subkind", "lat", "lon", "hour"]
    turn = pd.DataFrame(dict(zip(names, keys, strict=True))).groupby(names).cumcount()
    found = np.zeros(len(events), bool)
    found[order] = turn.to_numpy() >= FEW
    return found


def sailing_as_one(events: pd.DataFrame, min_score: float) -> pd.DataFrame:
    """Return the events that say which numbers sail as one, where these are `MANY`: more than can
    be boats.
    """
    said = (events["subkind"] == AS_ONE) & (events["score"] >= min_score)
    pairs = events[said]
    numbers, place = np.unique(pairs[["mmsi", "other_mmsi"]].to_numpy("int64"), return_inverse=True)
    one, other = place.reshape(-1, 2).T
    graph = coo_array((np.ones(len(one)), (one, other)), shape=(len(numbers), len(numbers)))
    part = connected_components(graph, directed=False)[1] if len(numbers) else one
    return pairs[np.bincount(part)[part[one]] >= MANY] if len(numbers) else pairs
