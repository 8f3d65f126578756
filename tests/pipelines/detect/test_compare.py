"""Statuses of a run's events against the store."""

import json
from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pytest

from detectors.core import events
from detectors.core.detector import Detector
from detectors.core.evidence import Evidence
from pipelines.detect.compare import compare, succeeded_of
from tests.making import event_row


def at(hour: float) -> pd.Timestamp:
    return pd.Timestamp("2026-01-05", tz="UTC") + pd.Timedelta(hours=hour)


def event(hour: float, until: float | None = None, **other: Any) -> dict[str, Any]:
    given = {"evidence": {"duration_s": 1}, **other}
    return event_row("loitering", at(hour), None if until is None else at(until), **given)


def frame(*rows: dict[str, Any]) -> pd.DataFrame:
    return events.build(list(rows)).assign(reason="it drifted")


def statuses(found: pd.DataFrame, stored: pd.DataFrame, assessed: set[str]) -> list[str]:
    return list(compare(found, stored, assessed)["status"])


def test_new_grown_same_and_gone() -> None:
    goes_on = event(25)
    stored = frame(event(1), event(10, 12), event(20, 22), goes_on)
    found = frame(event(1, 6), event(10, 12), goes_on, event(30, 33))
    result = compare(found, stored, {"loitering"})
    told = list(result["status"])
    assert told == ["changed", "unchanged", "retracted", "unchanged", "created"]
    assert result["end"].iloc[0] == at(6)


def test_evidence_of_what_is_stored_may_be_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what is as it was it isn't parsed; what is retracted is told with it."""
    found = frame(event(10, 12), event(15, 17, evidence={"duration_s": 1, "n_ticks": 2}))
    stored = events.written(frame(event(1), event(10, 12), event(15, 17)))
    asked: list[str] = []
    parse = Evidence.parse
    monkeypatch.setattr(Evidence, "parse", lambda text: asked.append(text) or parse(text))
    result = compare(found, stored, {"loitering"})
    assert list(result["status"]) == ["retracted", "unchanged", "changed"]
    assert [evidence["duration_s"] for evidence in result["evidence"]] == [1, 1, 1]
    assert set(asked) <= {stored["evidence"].iloc[0], stored["evidence"].iloc[2]}
    text = found["evidence"].iloc[1].json()
    other = json.dumps(dict(reversed(json.loads(text).items())))
    assert other != text
    again = compare(found.iloc[[1]], stored.iloc[[2]].assign(evidence=other), {"loitering"})
    assert list(again["status"]) == ["unchanged"]


def test_what_was_not_looked_at_is_not_retracted() -> None:
    assert statuses(events.empty().assign(reason=""), frame(event(1)), set()) == ["not_assessed"]
    assert statuses(events.empty().assign(reason=""), frame(event(1)), {"gap"}) == ["not_assessed"]


def test_what_stands_is_as_stored_without_being_held_against_it() -> None:
    stored, found = frame(event(1), event(10, 12)), frame(event(1, 6), event(10, 13))
    [first, _] = found["event_id"]
    result = compare(found, stored, {"loitering"}, {first, "gone"})
    assert list(result["status"]) == ["unchanged", "changed"]


def test_nothing_against_nothing() -> None:
    assert statuses(events.empty().assign(reason=""), events.empty().assign(reason=""), set()) == []


@pytest.mark.parametrize("span", [(2, 6), (6, 9), (1, 3)])
def test_a_moved_anchor_supersedes(span: tuple[float, float]) -> None:
    stored = frame(event(3, 6))
    found = frame(event(*span))
    result = compare(found, stored, {"loitering"}).set_index("status")
    assert result.loc["created", "supersedes"] == result.loc["retracted", "event_id"]
    assert result.loc["retracted", "supersedes"] == ""


def test_another_vessel_does_not_supersede() -> None:
    stored = frame(event(3, 6))
    found = frame(event(2, 6, mmsi=533000002, track_ids="53300000201"))
    assert set(compare(found, stored, {"loitering"})["supersedes"]) == {""}


@pytest.mark.parametrize("span", [(1, 2), (7, 9)])
def test_another_time_does_not_supersede(span: tuple[float, float]) -> None:
    result = compare(frame(event(*span)), frame(event(3, 6)), {"loitering"})
    assert set(result["supersedes"]) == {""}


def test_who_reads_the_events_of_one_that_failed_failed_too() -> None:
    after = {"first": (), "second": ("first",), "third": ("second",), "other": ()}
    every = [cast(Detector, SimpleNamespace(name=name, after=of)) for name, of in after.items()]
    assert succeeded_of(every, {"first": "why"}) == {"other"}
    assert succeeded_of(every, {"third": "why"}) == {"first", "second", "other"}
    assert succeeded_of(every, {}) == set(after)


def test_an_open_event_supersedes_an_open_one() -> None:
    result = compare(frame(event(2)), frame(event(3)), {"loitering"}).set_index("status")
    assert result.loc["created", "supersedes"] == result.loc["retracted", "event_id"]
