"""Whom a detector of silence is to be asked about again."""

from datetime import timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from pipelines.detect.silences import Silences

BEGIN = pd.Timestamp("2026-01-06T03:00Z").as_unit("us")
SILENCE, SETTLE, EVERY, LOOKS = 60, 20, 15, 24
VESSELS = [200_000_001, 200_000_002, 200_000_003]


def us(minutes: list[int]) -> np.ndarray:
    return BEGIN.value // 1_000 + np.array(minutes, "int64") * 60_000_000


def silences(heard: dict[int, list[int]], end: int) -> Silences:
    before = {m: max((t for t in times if t <= end), default=None) for m, times in heard.items()}
    known = [(m, BEGIN + timedelta(minutes=t)) for m, t in before.items() if t is not None]
    frame = pd.DataFrame(known, columns=["mmsi", "time"]).astype({"time": "datetime64[us, UTC]"})
    now = BEGIN + timedelta(minutes=end)
    return Silences(frame, now, timedelta(minutes=SILENCE), timedelta(minutes=SETTLE))


@given(
    st.dictionaries(
        st.sampled_from(VESSELS), st.sets(st.integers(0, LOOKS * EVERY), min_size=1), max_size=3
    )
)
def test_who_may_be_told_of_is_asked_about(heard: dict[int, set[int]]) -> None:
    """Whose silence became long enough, ended, or settled since they were asked about, and nobody
    who was heard all the time.
    """
    times = {m: sorted(own) for m, own in heard.items()} | {209_999_999: list(range(361))}
    found, asked = silences(times, 0), dict.fromkeys(times, 0)
    for before, end in pairwise(range(0, (LOOKS + 1) * EVERY, EVERY)):
        rows = [(m, t) for m, own in times.items() for t in own if before < t <= end]
        mmsi, minutes = [m for m, _ in rows], [t for _, t in rows]
        found.hear(np.array(mmsi, "int64"), us(minutes), 1)
        assert found.end == BEGIN + timedelta(minutes=end)
        for vessel, own in times.items():
            until = [t for t in own if t <= end]
            if not until or until[-1] <= 0:
                continue
            since = asked[vessel]
            long = [
                (a, b)
                for a, b in pairwise([t for t in until if t >= min(until)])
                if b - a >= SILENCE
            ]
            ended = any(since < b <= end or since < b + SETTLE <= end for _, b in long)
            silent = end - until[-1]
            begun = silent >= SILENCE and since - until[-1] < SILENCE
            if ended or begun:
                assert vessel in found.due
            elif not long and silent < SILENCE:
                assert vessel not in found.due
        asked |= dict.fromkeys(found.due, end)
        found.asked()
        assert not found.due


def test_a_clock_ahead_makes_nobody_silent() -> None:
    known = silences({m: [0] for m in VESSELS}, 0)
    known.hear(np.array([*VESSELS, 201_000_000]), us([10, 11, 12, 600]), 3)
    assert known.end == BEGIN + timedelta(minutes=12)
    assert not known.due
    known.hear(np.array(VESSELS), us([80, 81, 82]), 3)
    assert known.due == {*VESSELS}


def test_who_was_heard_shortly_before_counts_for_how_far_it_is_believed() -> None:
    known = silences({m: [0] for m in VESSELS}, 0)
    known.hear(np.array(VESSELS[:1]), us([10]), 3)
    assert known.end == BEGIN + timedelta(minutes=10)


def test_who_comes_late_and_is_new_is_silent_no_longer_than_its_reports_are_old() -> None:
    known = silences({m: [80] for m in VESSELS}, 80)
    known.hear(np.array([*VESSELS, 201_000_000, 202_000_000]), us([81, 81, 81, 70, 10]), 3)
    assert known.due == {202_000_000}
