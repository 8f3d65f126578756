"""Who is told under which number a silent hull is heard since: by what is known, and may be had."""

from collections.abc import Collection
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from detectors.core import events
from detectors.core.evidence import Evidence
from pipelines.base.marks import Mark, Tlp
from pipelines.detect.window import Detection
from pipelines.run import backtests, release_marks
from pipelines.run.changes import changes_of, heard_since
from pipelines.run.windows import Window
from tests.making import event_row

NIGHT = pd.Timestamp("2026-01-05T16:00", tz="UTC").as_unit("us")
OLD, NEW = 563000002, 533000001
HOUR = pd.Timedelta(hours=1)


def both() -> tuple[pd.DataFrame, pd.DataFrame]:
    """A silence that goes on, and the change that tells of it."""
    silent = event_row("gap", NIGHT, None, mmsi=OLD)
    pair = {"mmsi": NEW, "other_mmsi": OLD, "track_ids": f"{NEW}01;{OLD}01"}
    given = {**pair, "subkind": "hand_over", "evidence": {"from_mmsi": f"{OLD:09d}"}}
    changed = event_row("identity", NIGHT, NIGHT + HOUR, **given)
    return events.build([silent]), events.build([changed])


class Known:
    """A store that learned of the change by its second run."""

    def __init__(self) -> None:
        self.silent, self.changed = both()

    def sql(self, _query: str, _values: Any) -> pd.DataFrame:
        return self.changed[["event_id"]]

    def events_as_of(self, ordinal: int, *, ids: Collection[str]) -> pd.DataFrame:
        known = self.changed[self.changed["event_id"].isin(ids)].assign(retracted=False)
        return known if ordinal >= 2 else known.iloc[:0]

    def events_by_id(self, ids: Collection[str]) -> pd.DataFrame:
        return self.changed[self.changed["event_id"].isin(ids)].assign(reason="")


def test_a_past_night_knows_no_number_that_was_found_later() -> None:
    known: Any = Known()

    assert heard_since(known, known.silent, 1, NIGHT) == {}
    assert heard_since(known, known.silent, 2, NIGHT) == {(OLD, NIGHT): NEW}


def test_a_change_of_a_night_before_has_its_evidence() -> None:
    known: Any = Known()
    counted = known.changed.assign(evidence=events.objects([Evidence()], known.changed.index))
    (evidence,) = changes_of(known, counted, ())["evidence"]
    assert evidence.get("from_mmsi") == f"{OLD:09d}"


@pytest.mark.parametrize(
    ("starts_h", "again", "n_before"),
    [(-1, False, 0), (0.5, False, 0), (2, False, 1), (2, True, 0)],
)
def test_a_backtest_takes_no_change_that_is_its_own_for_one_of_before(
    monkeypatch: pytest.MonkeyPatch, starts_h: float, again: bool, n_before: int
) -> None:
    """One across its beginning hid the silence that the night itself had flagged; one that a trial
    of `identity` found again, since it ended within what that settles, was there twice.
    """
    known: Any = Known()
    start, given = NIGHT + starts_h * HOUR, dict[str, Any]()
    known.events_touching = lambda begin, _: known.changed[known.changed["end"] >= begin]
    known.events_counted = lambda _, until, __: known.changed[known.changed["start"] <= until]
    known.dispositions = known.heirs = lambda: None
    monkeypatch.setattr(backtests, "assess", lambda *_, **more: given.update(more))
    monkeypatch.setattr(backtests.reference, "load_gazetteer", lambda _: None)
    monkeypatch.setattr(backtests.watchlists, "load", lambda _: [])
    bare: Any = SimpleNamespace(
        reference=None, watchlists=None, settings=SimpleNamespace(assess=None)
    )
    found = known.changed if again else known.silent
    look: Any = Detection(found, {}, None, None, 0)  # type: ignore[arg-type]
    window = Window(start, start + 24 * HOUR, start + 24 * HOUR)
    backtests._assessed(known, bare, look, window, {"identity" if again else "loitering"})
    assert len(given["changes"]) == n_before


def test_a_silence_has_the_mark_of_the_change_that_it_tells() -> None:
    silent, changed = both()
    free, held = Mark(Tlp.GREEN, None), Mark(Tlp.AMBER, frozenset({"MYS"}))
    tonight = events.concat([silent, changed]).assign(status="created")
    order = [held if kind == "identity" else free for kind in tonight["kind"]]
    none = changed.iloc[:0]
    assert release_marks.with_changes(tonight, order, none, []) == [held, held]
    alone = silent.assign(status="unchanged")
    assert release_marks.with_changes(alone, [free], changed, [held]) == [held]
    assert release_marks.with_changes(alone, [free], none, []) == [free]
    gone = tonight.assign(status=["retracted" if k == "identity" else k for k in tonight["kind"]])
    assert sorted(map(str, release_marks.with_changes(gone, order, none, []))) == sorted(
        map(str, order)
    )


def test_a_recipient_is_told_a_change_of_before_once_and_none_beyond_its_waters() -> None:
    _, changed = both()
    mark = Mark(Tlp.GREEN, None)

    def told(inside: bool, again: bool) -> int:
        area = SimpleNamespace(contains=lambda lat, lon: np.full(len(lat), inside))
        made: Any = SimpleNamespace(events=changed if again else changed.iloc[:0], area=area)
        rows, marks = release_marks.changes(made, changed, [mark])
        assert len(rows) == len(marks)
        return len(rows)

    assert told(True, again=False) == 1
    assert told(False, again=False) == 0
    assert told(True, again=True) == 0
