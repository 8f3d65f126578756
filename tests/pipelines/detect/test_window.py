"""Which events a window reports on, and which of them are an earlier window's."""

from types import SimpleNamespace
from typing import cast

import pandas as pd
import pytest

from detectors import find
from detectors.core import events, run
from detectors.core.detector import Context
from detectors.kinematics.integrity import PROVISIONAL
from detectors.loitering import Loitering
from pipelines.detect.further import concerned, cut_short, extended
from pipelines.detect.window import before_window, first_reach, longest_history, to_compare
from pipelines.store import Queries
from tests.making import event_row

START = pd.Timestamp("2026-01-05T12:00", tz="UTC").as_unit("us")
DETECTOR = Loitering()


def ended(before: pd.Timedelta | None) -> pd.DataFrame:
    """One event that ended so long before the window, or goes on."""
    end = None if before is None else START - before
    start = START - pd.Timedelta(days=2)
    return events.build([event_row("loitering", start, end, evidence={"duration_s": 1})])


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


def test_who_was_loaded_from_far_enough_back_is_not_cut_short_by_who_was_not() -> None:
    one, other = 533000001, 563000002
    need = pd.DataFrame({"mmsi": [one, other], "first_time": START - pd.Timedelta(days=9)})
    need["from_time"] = START - pd.to_timedelta([1, 8], unit="D")
    reach = cut_short({"loitering": ended(None).assign(other_mmsi=other)}, [DETECTOR], need)
    assert list(reach["mmsi"]) == [one]


def test_a_longer_story_is_looked_at_from_twice_as_far_back_at_once() -> None:
    day = pd.Timedelta(days=1)
    reach = pd.DataFrame({"mmsi": [1, 2, 3], "reach_time": [START - n * day for n in (1, 1, 9)]})
    further = pd.DataFrame({"mmsi": [2, 3], "reach_time": START - 2 * day})
    found = extended(reach, further, START)
    assert list(found["reach_time"]) == [START - n * day for n in (1, 4, 9)]


class Heard:
    """A store in which two vessels were heard."""

    def __init__(self, known: pd.DataFrame) -> None:
        self._known = known

    def events_touching(self, *_: pd.Timestamp, written: bool) -> pd.DataFrame:
        """Return the known events."""
        return self._known

    def heard(self, *_: pd.Timestamp) -> pd.Series:
        """Return one of the known event, and one of which nothing is known."""
        return pd.Series([533000001, 563000002])


def test_a_known_story_is_looked_at_from_where_it_began() -> None:
    """So that it isn't cut short; of whom nothing is known, from the longest look-back on."""
    week = ended(None).assign(start=START - pd.Timedelta(days=7))
    over = ended(SETTLE + PROVISIONAL + MINUTE).assign(mmsi=563000002)
    known = pd.concat([week, over], ignore_index=True)
    store, hour = cast(Queries, Heard(known)), pd.Timedelta(hours=1)
    reach = first_reach(store, [DETECTOR], START, START + hour, pd.Timedelta(days=14))
    began = START - pd.Timedelta(days=7) - DETECTOR.lookback
    latest = START - longest_history([DETECTOR])
    found = dict(zip(reach["mmsi"].tolist(), reach["reach_time"].tolist(), strict=True))
    assert found == {533000001: began, 563000002: latest}


def test_meetings_are_read_as_far_back_as_a_voyage_takes() -> None:
    crossing, encounter = find("crossing")(), find("encounter")()
    assert run.extension(encounter, [crossing, encounter]) == crossing.reads_back
    chained = crossing.reads_back + encounter.settle + encounter.lookback
    assert longest_history([crossing, encounter]) == PROVISIONAL + max(
        chained, crossing.lookback + crossing.settle
    )


def test_a_longer_story_concerns_its_vessels_and_whom_they_met() -> None:
    """Of detectors that may look at some apart: crossings rest on who met whom."""
    context = cast(Context, SimpleNamespace(sightings=pd.DataFrame()))
    asked = [find(name)() for name in ("geofence", "loitering", "encounter", "crossing")]
    met = ended(None).assign(other_mmsi=563000002)
    known = {"encounter": pd.concat([met, met.assign(mmsi=1, other_mmsi=2)], ignore_index=True)}
    found = concerned(asked, {533000001}, known, context)
    assert found == {"geofence": {533000001}, "crossing": {533000001, 563000002}}
