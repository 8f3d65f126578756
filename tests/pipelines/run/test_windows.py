"""What a person is told who gave no window that holds anything."""

import json
import re
from typing import Any

import pandas as pd
import pytest

from pipelines.run.windows import NoDataError, newest_report


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
