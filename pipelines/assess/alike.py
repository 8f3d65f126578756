"""What is alike: one kind of thing at one place and time, whoever sends it.

One transmitter can send by hundreds of numbers. Where a list or a rule's share holds no more, what
it invents is alike, and would take every place in it.
"""

from typing import Final

import numpy as np
import pandas as pd

from detectors.core.arrays import Bools, Ints
from detectors.core.frames import SECOND_US, epoch_us

FEW: Final = 5
"""So many that are alike come by their scores; the others behind all else. A judgement: whoever
sails there for one sees the rest."""
CELL_DEG: Final = 0.1
"""Six miles: alike is what is in one such square."""
SPAN_S: Final = 3600
"""And begins in one such hour."""


def labels(events: pd.DataFrame, kind: str = "detector") -> Ints:
    """Return a number for each of some events, the same for those that are alike; nothing is alike
    to what has no place.
    """
    nowhere = -1000.0 - np.arange(len(events))
    squares = [
        np.floor(np.where(np.isnan(at), nowhere, at) / CELL_DEG).astype("int64")
        for at in (events[name].to_numpy("float64") for name in ("lat", "lon"))
    ]
    hour = epoch_us(events["start"]) // (SPAN_S * SECOND_US)
    keys = [events[kind].to_numpy(), events["subkind"].to_numpy(), *squares, hour]
    found = pd.DataFrame(dict(enumerate(keys))).groupby([*range(len(keys))]).ngroup()
    return np.asarray(found, "int64")


def beyond_few(events: pd.DataFrame, order: Ints) -> Bools:
    """Tell of which rows, taken in an order, `FEW` that are alike came before."""
    found = np.zeros(len(events), bool)
    label = pd.Series(labels(events.iloc[order]))
    found[order] = label.groupby(label).cumcount().to_numpy() >= FEW
    return found
