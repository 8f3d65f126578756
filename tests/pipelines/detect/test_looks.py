"""Whether a look between two nights has anything to tell."""

from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from detectors.core import run
from detectors.core.detector import Context
from detectors.core.events import not_among
from detectors.encounter import Encounter
from pipelines import store
from pipelines.base.settings import load
from pipelines.detect.context import context_of
from pipelines.detect.looks import early, no_news, of_few, reach_of, told
from pipelines.run.setup import Setup
from pipelines.run.windows import FOREVER

COUNTS, LITTLE = 0.3, 0.1
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


def test_what_was_over_and_goes_on_all_the_same_is_told_once() -> None:
    """A ship visited at 15:52 and at 20:30 waited all the while: each look failed from then on."""
    known, found = events(a=(0.2, OVER), b=(0.5, OVER)), events(a=(0.2, OPEN), c=(0.4, OPEN))
    assert not_among(known, found)["event_id"].tolist() == ["b"]


def test_a_meeting_that_goes_on_is_read_of_both_from_where_it_began() -> None:
    since = pd.Timestamp("2026-01-07T08:00Z").as_unit("us")
    encounter, began = Encounter(), since - pd.Timedelta(hours=30)
    known = {"detector": "encounter", "mmsi": 1, "other_mmsi": 2, "start": began, "end": OPEN}
    spans = pd.DataFrame([known])
    spans["end"] = pd.to_datetime(spans["end"], utc=True).astype("datetime64[us, UTC]")
    reach = reach_of([encounter], {1, 2, 3}, spans, since).set_index("mmsi")
    latest = since - encounter.lookback - encounter.settle
    assert reach["reach_time"].to_dict() == {
        1: began - encounter.lookback,
        2: began - encounter.lookback,
        3: latest,
    }


def test_of_whom_is_not_asked_nothing_that_counts_would_be_told(exercise_home: Path) -> None:
    """Hour by hour, of every vessel: neither came anything, nor went, ended or changed.

    Held to a lower score than what counts, so that the exercise has some of it.
    """
    setup = Setup.load(load(exercise_home))
    enough = LITTLE
    rules = setup.zones, setup.models, enough
    asked = early(setup.detectors, *rules)
    few = of_few(setup.detectors, asked, *rules)
    with store.read(setup.installation.store) as reader:
        first, last = reader.first_time(), reader.last_heard(FOREVER)
        assert first is not None
        assert last is not None
        mmsis = reader.heard(first, last)
        reach = pd.DataFrame({"mmsi": mmsis.astype("int64"), "reach_time": first})
        need = reader.need(reach)
        tracked = reader.tracked(need, last)
        given = context_of(reader, mmsis, need, first, last, setup.zones, setup.models, [])

    def found_at(since: pd.Timestamp, end: pd.Timestamp) -> dict[str, pd.DataFrame]:
        context = Context(
            since, end, setup.zones, given.vessels, given.coverage, models=setup.models
        )
        known = tracked[tracked["time"] <= end].reset_index(drop=True)
        found = run.run([*asked, *few], known, context)
        return {d.name: found[d.name].before for d in few}

    n_told = 0
    hours = pd.date_range(first, last, freq="h")[2:]
    before = found_at(first, hours[0])
    for since, end in pairwise(hours):
        known = tracked[tracked["time"] <= end].reset_index(drop=True)
        now = found_at(since, end)
        for detector in few:
            then = run.touching(before[detector.name], since - detector.settle)
            goes_on = then.loc[then["end"].isna(), "mmsi"]
            of = detector.concerned(known, since, setup.zones) | set(goes_on.tolist())
            sides = (now[detector.name], then)
            n_told += told(*sides, enough)
            unasked = [side[~side["mmsi"].isin(of)] for side in sides]
            assert not told(*unasked, enough), (detector.name, end)
        before = now
    assert n_told
