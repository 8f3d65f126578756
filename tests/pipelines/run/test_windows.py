"""What a person is told who gave no window that holds anything."""

import json
import re
from typing import Any

import pandas as pd
import pytest

from pipelines.run.windows import NoDataError, TimeError, newest_report, utc


class Empty:
    """A store without positions, with feeds of which so many lie outside the area."""

    def __init__(self, *outside: int) -> None:
        self._reports = [json.dumps({"outside_area": n}) for n in outside]

    def last_heard(self, until: pd.Timestamp) -> None:
        return None

    def ledger(self) -> pd.DataFrame:
        return pd.DataFrame({"report": self._reports})


@pytest.mark.parametrize(
    ("store", "hint"),
    [
        (Empty(), "--feed PATH"),
        (Empty(0), "selat store feeds"),
        (Empty(0, 3000), r"3,000, all outside.*--area"),
    ],
)
def test_an_empty_store_says_what_to_do(store: Any, hint: str) -> None:
    with pytest.raises(NoDataError, match="no position reports") as error:
        newest_report(store)
    assert re.search(hint, error.value.hint)


@pytest.mark.parametrize("text", ["now", "today", " now ", "2026-11-25\0", "2026-11-25T02\0:00"])
def test_what_goes_by_the_machines_zone_or_is_cut_is_no_time(text: str) -> None:
    """`now` was 8 h ago where the machine's zone is UTC: a plan began then."""
    with pytest.raises(TimeError, match="no date or time"):
        utc(text)
