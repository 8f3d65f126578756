"""How the last 24 hours were heard, against what is usual."""

from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pytest

from pipelines.detect.reception import received

END = pd.Timestamp("2026-01-06T16:20Z")


@pytest.mark.parametrize(("hours", "days"), [(24.5, 0), (35.0, 0), (37.0, 1), (48.0, 1), (61.0, 2)])
def test_a_first_day_that_was_hardly_heard_is_not_usual(hours: float, days: int) -> None:
    """A feed of a day and half an hour would say that half an hour is a usual day."""
    slots = pd.Series(pd.date_range(END - pd.Timedelta(hours=hours), END, freq="10min"))
    age = ((END - slots) // pd.Timedelta(days=1)).clip(lower=0)
    table = pd.DataFrame({"day": age, "lat": 3, "lon_half": 202, "reports": 10})
    table = table.groupby(["day", "lat", "lon_half"], as_index=False).sum()
    reader = SimpleNamespace(
        heard_by_block=lambda since, end: table, heard_by_slot=lambda since, end: slots
    )
    told = received(cast(Any, reader), END, 14)
    assert told.days == days
    assert told.gaps == 0
    [block] = told.blocks
    assert block.usual >= block.reports / 2


@pytest.mark.parametrize(
    ("silent_min", "after_s", "told"),
    [(0, 29, (0, 0.0)), (0, 599, (0, 0.0)), (10, 29, (1, 600.0)), (70, 0, (1, 4200.0))],
)
def test_what_is_left_of_a_slot_is_no_gap(
    silent_min: int, after_s: int, told: tuple[int, float]
) -> None:
    """The newest report may stand some seconds behind the slots that were heard."""
    slots = pd.Series(pd.date_range(END - pd.Timedelta(hours=48), END, freq="10min"))
    hour = END - pd.Timedelta(hours=5)
    within = (slots >= hour) & (slots < hour + pd.Timedelta(minutes=silent_min))
    table = pd.DataFrame({"day": [0, 1], "lat": 3, "lon_half": 202, "reports": 10})
    reader = SimpleNamespace(
        heard_by_block=lambda since, end: table,
        heard_by_slot=lambda since, end: slots[~within],
    )
    end = END + pd.Timedelta(minutes=10, seconds=after_s)
    found = received(cast(Any, reader), end, 14)
    assert (found.gaps, found.longest_gap_s) == told


@pytest.mark.parametrize(
    ("hole_min", "each_day", "told"),
    [(50, False, False), (60, False, True), (480, False, True), (480, True, False)],
)
def test_a_hole_is_told_where_days_have_no_such_holes(
    hole_min: int, each_day: bool, told: bool
) -> None:
    """A satellite's passes leave hours out each day; receivers on the shore don't."""
    slots = pd.Series(pd.date_range(END - pd.Timedelta(days=4), END, freq="10min"))
    began = END - pd.Timedelta(hours=15)
    behind = slots - began
    if each_day:
        behind %= pd.Timedelta(days=1)
    silent = (behind >= pd.Timedelta(0)) & (behind < pd.Timedelta(minutes=hole_min))
    table = pd.DataFrame({"day": range(5), "lat": 3, "lon_half": 202, "reports": 10})
    reader = SimpleNamespace(
        heard_by_block=lambda since, end: table, heard_by_slot=lambda since, end: slots[~silent]
    )
    found = received(cast(Any, reader), END, 14)
    assert found.broke_off == told
    assert found.gap_from == began
    assert found.longest_gap_s == hole_min * 60
    assert found.usual_gap_s == hole_min * 60 * each_day
