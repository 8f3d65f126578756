"""Coverage: where and when the feed heard vessels."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Coverage:
    """What was heard, by UTC day and cell. Each day's rows rest on that day's reports only."""

    cells: pd.DataFrame
    feed: pd.DataFrame

    @classmethod
    def none(cls) -> "Coverage":
        """No knowledge of coverage."""
        return cls(pd.DataFrame(), pd.DataFrame())
