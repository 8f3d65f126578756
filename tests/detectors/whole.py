"""Days put together."""

from collections.abc import Sequence

import pandas as pd

from detectors.surroundings.coverage import Coverage


def coverage_of(parts: Sequence[Coverage]) -> Coverage:
    """Coverage of several days as one."""
    tables = zip(*((p.cells, p.feed, p.receivers, p.lying) for p in parts), strict=True)
    return Coverage(*(pd.concat(days, ignore_index=True) for days in tables))
