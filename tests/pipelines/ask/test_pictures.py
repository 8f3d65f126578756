"""Pictures of the notebooks say what their numbers do."""

import pandas as pd
import pytest

from pipelines.ask.desk import pictures


@pytest.mark.parametrize("alike", [True, False])
def test_bars_that_count_the_same_stand_on_one_scale(alike: bool) -> None:
    table = pd.DataFrame({"before": [7, 1], "during": [4, 3]}, index=["inside", "elsewhere"])
    tops = [axes.get_ylim()[1] for axes in pictures.bars(table, "", alike=alike).axes]
    assert (tops[0] == tops[1]) == alike
