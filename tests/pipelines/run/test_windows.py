"""What a person is told who gave no window that holds anything."""

import json
import re
from typing import Any

import pandas as pd
import pytest

from pipelines.run.runs import _looked_at
from pipelines.run.windows import NoDataError, TimeError, new_since, newest_report, utc


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


DAYS = pd.date_range("2026-11-24", periods=6, freq="D", tz="UTC")


class Planned:
    """A store with a file of sightings that goes on for days to come, and feeds of a day each."""

    def __init__(self, looked_to: pd.Timestamp | None) -> None:
        self._looked_to = looked_to

    def new_feeds(self) -> pd.DataFrame:
        return pd.DataFrame({"feed_key": ["feed"], "first_time": DAYS[:1], "last_time": DAYS[1:2]})

    def new_sightings(self) -> pd.DataFrame:
        return pd.DataFrame({"feed_key": ["seen"], "first_time": DAYS[:1], "last_time": DAYS[5:6]})

    def last_looked_at(self, *, looks: bool) -> pd.Timestamp | None:
        assert not looks
        return self._looked_to


@pytest.mark.parametrize(
    ("looked_to", "keys"),
    [
        (None, ["feed", "seen"]),
        (DAYS[0], ["feed", "seen"]),
        (DAYS[1], ["feed", "seen"]),  # the same once more
        (DAYS[3], ["feed"]),  # an old night looked at again: what is after it nobody may have seen
    ],
)
def test_sightings_of_days_to_come_are_new_once(
    looked_to: pd.Timestamp | None, keys: list[str]
) -> None:
    """Each night until the last of these days looked 48 hours back for them."""
    store: Any = Planned(looked_to)
    assert _looked_at(store, DAYS[0], DAYS[1]) == keys
    none, feeds = pd.Series([], dtype="datetime64[us, UTC]"), pd.Series(DAYS[1:2])
    assert new_since(DAYS[2], feeds, none, DAYS[1]) == DAYS[1], "what comes is in the next night"
