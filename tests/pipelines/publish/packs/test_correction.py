"""What a correction says of a lead, in words."""

import pandas as pd
import pytest

from pipelines.base.labels import labels
from pipelines.publish.packs.correction import _told

LEAD = {
    "event_id": "3f2a" * 4,
    "incident_id": "9c1b" * 4,
    "kind": "loitering",
    "mmsi": 533_000_001,
    "other_mmsi": 0,
    "start": pd.Timestamp("2026-11-28T10:00Z"),
    "end": pd.NaT,
    "lat": 3.0,
    "lon": 100.0,
    "now_lat": float("nan"),
    "now_lon": float("nan"),
}


@pytest.mark.parametrize("language", ["en", "ms"])
def test_what_is_open_again_is_told_with_where_it_is_now(language: str) -> None:
    words = labels(language)
    text = _told({**LEAD, "correction": "reopened"}, words, lambda *_: "off Lumut")
    assert words.correction_reopened in text
    assert words.correction_moved.split("{")[0] not in text
    elsewhere = {**LEAD, "correction": "reopened", "now_lat": 3.5, "now_lon": 100.0}
    moved = _told(elsewhere, words, lambda *_: "off Lumut")
    assert words.correction_reopened in moved
    assert words.correction_moved.format(where="03°30.00′N 100°00.00′E") in moved
