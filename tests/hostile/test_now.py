"""A few forged vessels don't move "now", and a quiet feed still has one."""

import random
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core import frames
from pipelines.base.text import minute
from pipelines.run.windows import choose_window
from pipelines.store import write
from pipelines.store.now import FEW_VESSELS, MOST_NEEDED, REFERENCE_DATES, Now, believed

T0 = pd.Timestamp("2026-01-05T00:00Z").as_unit("us")
HOUR = pd.Timedelta(hours=1)


def now_of(heard: list[tuple[int, pd.Timestamp]]) -> Now | None:
    """What is believed of reports (MMSI, time), by the rule that the store asks."""
    frame = pd.DataFrame(heard, columns=["mmsi", "time"])
    newest = frame.groupby("mmsi")["time"].max().sort_values(ascending=False)
    by_date = frame.groupby(frame["time"].dt.floor("D"))["mmsi"].nunique()

    def busiest(last: pd.Timestamp) -> int:
        return int(by_date[: last.floor("D")].tail(REFERENCE_DATES).max())

    return believed(newest.head(MOST_NEEDED), busiest)


def sea(vessels: int, hours: int, every: int = 1) -> list[tuple[int, pd.Timestamp]]:
    """Vessels that report every hour, each at its own minute."""
    return [
        (563000000 + vessel, T0 + hour * HOUR + timedelta(seconds=37 * vessel % 3600))
        for vessel in range(vessels)
        for hour in range(0, hours, every)
    ]


def forged(
    vessels: int, first_h: float, last_h: float, step_h: float = 1
) -> list[tuple[int, pd.Timestamp]]:
    return [
        (244000000 + vessel, T0 + hour * HOUR)
        for vessel in range(vessels)
        for hour in np.arange(first_h, last_h + 1e-9, step_h)
    ]


@pytest.mark.parametrize(
    ("honest", "vessels"), [(100, 2), (100, 5), (100, 20), (1000, 20), (1000, 49), (10, 2), (40, 9)]
)
@pytest.mark.parametrize("first_h", [20, 44])  # at once, or bridging the way there
@pytest.mark.parametrize("step_h", [1, 0.25])
def test_forged_vessels_do_not_move_now(
    honest: int, vessels: int, first_h: float, step_h: float
) -> None:
    heard = sea(honest, 24)
    before = now_of(heard)
    after = now_of(heard + forged(vessels, first_h, 44, step_h))
    assert before is not None
    assert after is not None
    assert timedelta(0) <= after.time - before.time <= timedelta(hours=1)
    assert after.later == vessels
    assert "heard up to" in after.in_words()


@pytest.mark.parametrize("days", [4.5, 30, 400])
def test_nor_do_they_long_after_all_others(days: float) -> None:
    heard = sea(400, 24)
    before, after = now_of(heard), now_of(heard + forged(2, 24 * days, 24 * days))
    assert before is not None
    assert after is not None
    assert after.time == before.time
    assert after.later == 2


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_fewer_than_are_needed_never_move_it_by_more_than_an_hour(data: st.DataObject) -> None:
    honest = data.draw(st.integers(FEW_VESSELS + 2, 90))
    heard = sea(honest, 30)
    before = now_of(heard)
    assert before is not None
    vessels = data.draw(st.integers(1, before.needed - 1))
    ahead = data.draw(
        st.lists(st.tuples(st.integers(0, vessels - 1), st.integers(-200_000, 70 * 3600)))
    )
    lies = [(244000000 + k, T0 + pd.Timedelta(hours=29, seconds=s)) for k, s in ahead]
    after = now_of(heard + lies)
    assert after is not None
    assert after.time <= max(time for _, time in heard) + HOUR
    # Nor do they hold it back: all honest vessels were heard in the last hour.
    assert after.time >= before.time - HOUR
    # The order of reports is nothing to it.
    mixed = heard + lies
    random.Random(len(lies)).shuffle(mixed)
    assert now_of(mixed) == after


def test_a_flood_of_numbers_in_the_past_does_not_hold_it_back() -> None:
    heard = sea(200, 24)
    flood = [(300000000 + k, T0 + 2 * HOUR) for k in range(20_000)]
    assert now_of(heard + flood) is not None
    assert now_of(heard + flood).time == now_of(heard).time


@pytest.mark.parametrize("vessels", [1, 2, 3, 4, FEW_VESSELS - 1])
def test_a_quiet_feed_uses_its_newest_report_and_says_so(vessels: int) -> None:
    heard = [(1 + k, T0 + k * 50 * HOUR) for k in range(vessels)]
    now = now_of(heard)
    assert now is not None
    assert now.time == heard[-1][1]
    assert now.in_words() == f"now ({minute(now.time)}) rests on one vessel"


def test_how_far_ahead_others_are_is_said_in_the_hour_of_all_else_and_in_days() -> None:
    """It said "now is 2012-01-31 06:35Z: one vessel was heard up to 118073.4 h later"."""
    now = now_of([*sea(60, 24), (533000001, T0 + 118_000 * HOUR)])
    assert now is not None
    assert now.in_words().startswith(f"now is {minute(now.time)}: one vessel was heard up to 4,9")
    assert " d later" in now.in_words()


def test_a_night_of_few_vessels_ends_where_a_quarter_of_the_day_is_heard() -> None:
    """Traffic thins out hour by hour; three are left in the small hours."""
    heard = [(vessel, time) for vessel, time in sea(60, 24) if time < T0 + 12 * HOUR]
    heard += [
        (563000000 + vessel, T0 + hour * HOUR)
        for hour, left in zip(range(12, 20), (50, 40, 30, 20, 16, 8, 4, 3), strict=True)
        for vessel in range(left)
    ]
    now = now_of(heard)
    assert now is not None
    assert now.time == T0 + 17 * HOUR  # of the eight, one hour after sixteen
    assert now.later == 4
    # Three days later nobody waits for the others any more.
    alone = [(563000000 + k, T0 + (20 + h) * HOUR) for h in range(100) for k in range(3)]
    later = now_of(heard + alone)
    assert later is not None
    assert later.time == max(time for _, time in alone)
    assert later.few


def test_a_feed_that_stops_early_and_one_that_goes_on() -> None:
    """A late satellite feed of half as many vessels is believed, as long as they are enough."""
    shore = sea(60, 20)
    satellite = [(700000000 + k, T0 + h * HOUR) for h in range(26) for k in range(30)]
    now = now_of(shore + satellite)
    assert now is not None
    assert now.time == T0 + 25 * HOUR


def test_a_store_says_where_now_is(tmp_path: Path) -> None:
    """The window ends with the honest reports; the forged ones stay new for a later run."""
    rows = pd.DataFrame(sea(100, 24) + forged(20, 30, 43), columns=["mmsi", "time"])
    blank = {name: pd.Series(dtype=column.dtype) for name, column in frames.POSITIONS.items()}
    filled = pd.DataFrame({name: blank[name].reindex(rows.index) for name in frames.POSITIONS})
    filled = filled.assign(mmsi=rows["mmsi"], time=rows["time"], lat=3.0, lon=100.5, nav_status=0)
    filled = filled.assign(msg_type=1, ais_class="A", source="s", source_offset=rows.index)
    batch = SimpleNamespace(
        positions=frames.conform(filled, frames.POSITIONS), statics=frames.empty(frames.STATICS)
    )
    with write(tmp_path) as store:
        store.add_feed("k", sha256="s", name="n", batches=[batch], report={"simulated": False})
        now, window = (
            store.now(T0 + 100 * HOUR),
            choose_window(store, date=None, since=None, until=None),
        )
    assert now is not None
    assert window.end == window.now == now.time == max(t for _, t in sea(100, 24))
    assert now.later == 20
    assert now.newest == T0 + 43 * HOUR
