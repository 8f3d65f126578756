"""Who is asked about on a look at what is new."""

from datetime import timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from pipelines.detect.looks import New

BEGIN = pd.Timestamp("2026-01-06T03:00Z").as_unit("us")


def at(minutes: int) -> pd.Timestamp:
    return BEGIN + timedelta(minutes=minutes)


@given(
    st.dictionaries(
        st.integers(200_000_001, 200_000_004),
        st.sets(st.integers(0, 300), min_size=1, max_size=12),
        max_size=4,
    ),
    st.integers(0, 300),
    st.integers(1, 120),
)
def test_steady_are_those_that_were_never_silent_so_long(
    heard: dict[int, set[int]], since: int, silence: int
) -> None:
    end = 300
    rows = [(mmsi, at(minute)) for mmsi in sorted(heard) for minute in sorted(heard[mmsi])]
    frame = pd.DataFrame(rows, columns=["mmsi", "time"]).astype({"time": "datetime64[us, UTC]"})
    steady = New(frozenset(), at(since), at(since), frame).steady(
        timedelta(minutes=silence), at(end)
    )
    slow = set()
    for mmsi, minutes in heard.items():
        edges = np.r_[sorted(minutes), end]
        touching = [b - a for a, b in pairwise(edges) if b >= since]
        if min(minutes) < since and max(touching, default=0) < silence:
            slow.add(mmsi)
    assert steady == slow


def test_nobody_is_known_to_be_steady_where_nothing_is_known() -> None:
    assert New(frozenset({1}), BEGIN, BEGIN).steady(timedelta(hours=1), at(60)) == set()
