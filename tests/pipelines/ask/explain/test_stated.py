"""What a vessel said otherwise once an event was over."""

import pandas as pd
import pytest

from detectors.core import frames
from pipelines.ask.explain.stated import AROUND, Otherwise, in_units, otherwise
from pipelines.store.vessels import HISTORY

START, END = pd.Timestamp("2026-01-06 02:00Z"), pd.Timestamp("2026-01-06 08:00Z")


def history(*spans: tuple[str, str, str, str]) -> pd.DataFrame:
    """Return statements: field, value, when first and last said, on 2026-01-06."""
    rows = [
        {
            "field": field,
            "value": value,
            "first_time": pd.Timestamp(f"2026-01-06 {first}Z"),
            "last_time": pd.Timestamp(f"2026-01-06 {last}Z"),
            "reports": 10,
            "note": "",
        }
        for field, value, first, last in spans
    ]
    return frames.conform(pd.DataFrame(rows, columns=list(HISTORY)), HISTORY)


@pytest.mark.parametrize(
    ("until", "since"),
    [
        pytest.param("01:55", "08:05", id="over a silence"),
        pytest.param("03:10", "03:16", id="meanwhile"),
        pytest.param("08:40", "08:46", id="as she goes on"),
    ],
)
def test_a_draught_typed_in_anew_is_told(until: str, since: str) -> None:
    said = history(
        ("draught_m", "6.2", "00:00", until),
        ("draught_m", "11.5", since, "20:00"),
        ("name", "MV A", "00:00", "20:00"),
    )
    then = pd.Timestamp(f"2026-01-06 {until}Z"), pd.Timestamp(f"2026-01-06 {since}Z")
    assert otherwise(said, START, END) == [Otherwise("draught_m", "6.2", "11.5", *then)]


def test_what_stays_or_comes_back_is_no_news() -> None:
    said = history(
        ("draught_m", "6.2", "00:00", "03:00"),
        ("draught_m", "6.5", "03:06", "04:00"),
        ("draught_m", "6.2", "04:06", "20:00"),
        ("destination", "MY PEN", "00:00", "20:00"),
    )
    assert otherwise(said, START, END) == []


def test_two_hulls_that_speak_in_turn_replace_nothing() -> None:
    said = history(
        ("name", "A", "00:00", "20:00"),
        ("name", "B", "02:30", "19:00"),
        ("callsign", "9MAA", "00:00", "12:00"),
        ("callsign", "9MBB", "04:00", "19:00"),
    )
    assert otherwise(said, START, END) == []


def test_another_voyage_is_not_told() -> None:
    later = (END + AROUND + pd.Timedelta(minutes=1)).strftime("%H:%M")
    said = history(
        ("draught_m", "6.2", "00:00", "10:00"),
        ("draught_m", "9.0", later, "23:00"),
    )
    assert otherwise(said, START, END) == []
    # Nor where nothing was said before, or after.
    assert otherwise(history(("draught_m", "9.0", "08:10", "23:00")), START, END) == []
    assert otherwise(history(("draught_m", "9.0", "00:00", "01:00")), START, END) == []


def test_of_several_the_nearest_to_the_event_count() -> None:
    said = history(
        ("destination", "A", "00:00", "00:30"),
        ("destination", "B", "00:40", "01:50"),
        ("destination", "C", "08:30", "09:00"),
        ("destination", "D", "09:10", "20:00"),
    )
    (found,) = otherwise(said, START, END)
    assert (found.before, found.after) == ("B", "C")


def test_lengths_carry_their_unit() -> None:
    assert in_units("draught_m", "6.2") == "6.2 m"
    assert in_units("destination", "MY PEN") == "MY PEN"
