"""Which events a window reports on, and which of them are an earlier window's."""

import pandas as pd
import pytest

from detectors.core import events
from detectors.kinematics.integrity import PROVISIONAL
from detectors.loitering import Loitering
from pipelines.detect.further import cut_short
from pipelines.detect.window import before_window, longest_history, to_compare

START = pd.Timestamp("2026-01-05T12:00", tz="UTC").as_unit("us")
DETECTOR = Loitering()


def ended(before: pd.Timedelta | None) -> pd.DataFrame:
    """One event that ended so long before the window, or goes on."""
    row = {
        "kind": "loitering",
        "detector": "loitering",
        "version": "1",
        "mmsi": 533000001,
        "track_ids": "53300000101",
        "start": START - pd.Timedelta(days=2),
        "anchor": START - pd.Timedelta(days=2),
        "lat": 4.0,
        "lon": 100.0,
        "score": 0.5,
        "evidence": {"duration_s": 1},
        "end": pd.NaT if before is None else START - before,
    }
    return events.build([row])


MINUTE = pd.Timedelta(minutes=1)
SETTLE = pd.Timedelta(DETECTOR.settle)


@pytest.mark.parametrize(
    ("before", "compared", "of_an_earlier_window"),
    [
        (None, True, False),
        (SETTLE, True, False),
        (SETTLE + MINUTE, True, True),
        (SETTLE + PROVISIONAL, True, True),
        (SETTLE + PROVISIONAL + MINUTE, False, True),
    ],
)
def test_events_are_compared_until_their_verdicts_are_final(
    before: pd.Timedelta | None, compared: bool, of_an_earlier_window: bool
) -> None:
    event = ended(before)
    known = to_compare(event, [DETECTOR], START, START + pd.Timedelta(hours=1))
    assert len(known) == compared
    assert before_window(event, [DETECTOR], START).tolist() == [of_an_earlier_window]


def test_history_reaches_back_over_verdicts_that_may_change() -> None:
    assert longest_history([]) == PROVISIONAL
    assert longest_history([DETECTOR]) >= PROVISIONAL + DETECTOR.lookback + DETECTOR.settle


@pytest.mark.parametrize(
    ("loaded", "first", "short"),
    [
        (pd.Timedelta(days=3), pd.Timedelta(days=9), False),  # all that it wants was loaded
        (pd.Timedelta(days=1), pd.Timedelta(days=9), True),
        (pd.Timedelta(days=1), pd.Timedelta(days=1), False),  # there is nothing older
    ],
)
def test_a_story_is_cut_short_where_older_reports_are_there(
    loaded: pd.Timedelta, first: pd.Timedelta, short: bool
) -> None:
    """Of the vessel and of the other one, from where the earliest of their stories wants them."""
    one, other = 533000001, 563000002
    event = ended(None)
    later = event.assign(start=START - pd.Timedelta(days=1), event_id="later")
    found = pd.concat([event.assign(other_mmsi=other), later], ignore_index=True)
    need = pd.DataFrame({"mmsi": [one, other], "from_time": START - loaded})
    need = need.assign(first_time=START - first)
    reach = cut_short({"loitering": found, "gap": found}, [DETECTOR], need)
    assert list(reach["mmsi"]) == ([one, other] if short else [])
    wanted = START - pd.Timedelta(days=2) - DETECTOR.lookback
    assert (reach["reach_time"] == wanted).all()
    assert cut_short({"gap": found}, [DETECTOR], need).empty
