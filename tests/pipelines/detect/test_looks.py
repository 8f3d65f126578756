"""Whether a look between two nights has anything to tell."""

import pandas as pd
import pytest

from pipelines.detect.looks import no_news, told

COUNTS = 0.3
OPEN, OVER = pd.NaT, pd.Timestamp("2026-01-06T03:00Z").as_unit("us")


def events(**score_and_end: tuple[float, object]) -> pd.DataFrame:
    rows = [(event_id, end, score) for event_id, (score, end) in score_and_end.items()]
    frame = pd.DataFrame(rows, columns=["event_id", "end", "score"])
    end = pd.to_datetime(frame["end"], utc=True).astype("datetime64[us, UTC]")
    return frame.assign(end=end).astype({"score": "float64"})


@pytest.mark.parametrize(
    ("found", "before", "tells"),
    [
        ({}, {}, False),
        ({"a": (0.5, OPEN)}, {}, True),  # came
        ({}, {"a": (0.5, OPEN)}, True),  # went
        ({"a": (0.5, OVER)}, {"a": (0.5, OPEN)}, True),  # ended
        ({"a": (0.5, OPEN)}, {"a": (0.5, OPEN)}, False),
        ({"a": (0.6, OPEN)}, {"a": (0.5, OPEN)}, False),  # grows from look to look
        ({"a": (0.8, OPEN)}, {"a": (0.5, OPEN)}, True),
        ({"a": (0.35, OPEN)}, {"a": (0.25, OPEN)}, True),  # counts from now on
        ({"a": (0.1, OVER)}, {"b": (0.2, OPEN)}, False),  # nothing that counts
        ({"a": (0.5, OPEN), "b": (0.2, OVER)}, {"a": (0.5, OPEN)}, False),
    ],
)
def test_what_counts_and_came_went_ended_or_changed_is_told(
    found: dict[str, tuple[float, object]], before: dict[str, tuple[float, object]], tells: bool
) -> None:
    assert told(events(**found), events(**before), COUNTS) == tells


def test_what_goes_on_and_does_not_count_is_no_news() -> None:
    before = {"a": 0.1, "b": 0.1, "c": 0.5, "d": 0.0, "over": 0.1}
    now = {"a": 0.15, "b": 0.35, "c": 0.5, "d": 0.25, "new": 0.1}
    found = events(**{name: (score, OPEN) for name, score in now.items()}, over=(0.1, OVER))
    known = events(**{name: (score, OPEN) for name, score in before.items()})
    assert no_news(found, known, COUNTS) == {"a"}
