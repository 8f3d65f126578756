"""What a feed adds: the same sums however often they are made."""

import pandas as pd
import pytest

from pipelines.store import feeds
from pipelines.store.place import Place
from tests.pipelines.store.conftest import batch


@pytest.mark.parametrize("limit", [1, 7, 100_000])
def test_sums_do_not_depend_on_when_they_are_made(tmp_path, monkeypatch, limit):
    def added(rows: int, flush: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        monkeypatch.setattr(feeds, "_SUM_ROWS", rows)
        monkeypatch.setattr(feeds, "FLUSH_ROWS", flush)
        root = tmp_path / f"{rows}-{flush}"
        parts = feeds.FeedParts(root, Place(root), "key")
        for number in range(6):
            parts.add(batch([533000001, 533000002 + number % 3], name="AB"[number % 2]))
        parts.flush()
        return parts.presence, parts.statics

    for got, expected in zip(added(limit, 100), added(1_000_000, 1_000_000), strict=True):
        columns = sorted(expected)
        pd.testing.assert_frame_equal(
            got.sort_values(columns).reset_index(drop=True)[columns],
            expected.sort_values(columns).reset_index(drop=True)[columns],
        )
