"""How much is held at a time: parts of vessels sized to the memory that a run may take.

`detection.memory_gb` is kept by looking at as many vessels at a time as fit. What a report takes
was measured (docs/capacity.md); what a part holds beside is the same whatever its size.
"""

from typing import Final

import numpy as np
import pandas as pd

from detectors.core.errors import SelatError

MEMORY_GB: Final = 2.0
"""Where nothing else is set."""

BASE_GB: Final = 0.6
"""The program with its libraries, zones and the catalogue: measured, see docs/capacity.md."""

JUDGE_BYTES: Final = 450.0
"""A report in a part of a date being judged, with those around the date."""

KEPT_BYTES: Final = 110.0
"""A report of a date that was judged and waits to be written, in the units of its file, and what
coverage is learned from."""


class TooLittleMemoryError(SelatError):
    """What must be held at once doesn't fit."""

    exit_code = 2


def rows_in(memory_gb: float, bytes_a_row: float, held_gb: float = 0.0) -> int:
    """Return how many reports fit into what is left of the memory, 50,000 at least.

    `held_gb` is held beside, whatever the size of the part.
    """
    left_gb = memory_gb - BASE_GB - held_gb
    return max(int(left_gb * 1e9 / bytes_a_row), 50_000)


def ranges(counts: pd.DataFrame, rows: int) -> list[tuple[int, int]]:
    """Return ranges of MMSIs that hold no more than so many reports each, or a single vessel.

    Parameters
    ----------
    counts
        mmsi, reports.

    Returns
    -------
    list
        First MMSI of each range and the one behind its last; together they hold every number.
    """
    whole = (0, 1_000_000_000)
    ordered = counts.sort_values("mmsi")
    mmsi, reports = ordered["mmsi"].to_numpy("int64"), ordered["reports"].to_numpy("int64")
    if reports.sum() <= rows:
        return [whole]
    bounds, held = [whole[0]], 0
    for number, own in zip(mmsi.tolist(), reports.tolist(), strict=True):  # vessels
        if held and held + own > rows:
            bounds.append(number)
            held = 0
        held += own
    return list(zip(bounds, [*bounds[1:], whole[1]], strict=True))


def of_range(frame: pd.DataFrame, low: int, high: int) -> pd.DataFrame:
    """Return the rows of the vessels from one MMSI on and below another."""
    mmsi = frame["mmsi"].to_numpy()
    inside = (mmsi >= low) & (mmsi < high)
    return frame if inside.all() else frame[np.asarray(inside)].reset_index(drop=True)
