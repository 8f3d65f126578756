"""What detectors may know beside positions."""

from dataclasses import fields
from pathlib import Path

import pandas as pd
import pytest

from detectors.surroundings.coverage import Coverage
from pipelines import store
from pipelines.base.settings import load
from pipelines.detect.context import COVERAGE_BEFORE, covered_before


@pytest.mark.parametrize("hours", [0, 1, 14, 30, 80])
def test_coverage_of_dates_before_is_put_before_what_is_known(
    exercise_home: Path, hours: int
) -> None:
    with store.read(load(exercise_home).store) as reader:
        end = reader.last_heard(pd.Timestamp("2100-01-01", tz="UTC"))
        assert end is not None
        known = end + COVERAGE_BEFORE - pd.Timedelta(hours=2)
        first = known - pd.Timedelta(hours=hours)
        late = reader.coverage(known - COVERAGE_BEFORE, end)
        found = covered_before(reader, late, first, known)
        whole = reader.coverage(first - COVERAGE_BEFORE, end)
    assert len(late.cells) < len(whole.cells) or hours < 24
    for each in fields(Coverage):
        pd.testing.assert_frame_equal(getattr(found, each.name), getattr(whole, each.name))
