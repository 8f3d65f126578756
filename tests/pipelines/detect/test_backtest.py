"""A rule with other thresholds: how they are given, and what is compared."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from detectors.core import events
from detectors.core.errors import ConfigError
from pipelines.base.progress import reporter
from pipelines.base.settings import load
from pipelines.detect.compare import readers_of
from pipelines.run.backtest import build_pair, changed, compare
from pipelines.run.backtests import run_backtest, trial_of_thresholds
from pipelines.store import read
from tests.making import event_row

NIGHT = pd.Timestamp("2026-01-05T16:00", tz="UTC")


def event(start: float, end: float | None, **other: Any) -> dict[str, Any]:
    begin, until = (None if h is None else NIGHT + pd.Timedelta(hours=h) for h in (start, end))
    given = {"score": 0.4, "evidence": {"min_duration_s": 1}, **other}
    return event_row("loitering", begin, until, **given)


@pytest.mark.parametrize(
    ("setting", "key", "value"),
    [
        ("min_duration_s=5400", "min_duration_s", 5400),
        ("min_duration_h=2", "min_duration_s", 7200),
        ("min_duration_h=0.5", "min_duration_s", 1800),
        ("max_interruption_min=45", "max_interruption_s", 2700),
        ("near_land_nm=1", "near_land_m", 1852),
        ("max_speed_kn=2.5", "max_speed_kn", 2.5),
        ("excluded_classes=[port]", "excluded_classes", ["port"]),
    ],
)
def test_thresholds_are_given_in_any_unit(setting: str, key: str, value: object) -> None:
    assert changed({}, "loitering", [setting]) == {"enabled": True, key: value}


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("min_duration_h", "no value"),
        ("min_duration_h=long", "isn't a number"),
        ("min_duration_s=2h", "write --set min_duration_h=2"),
        ("min_duration_s=1.5 h", "write --set min_duration_h=1.5"),
        ("min_duration_fortnights=1", "no parameter"),
        ("max_speed_kn=[", "--set"),
    ],
)
def test_what_cannot_be_set_is_said(setting: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        changed({}, "loitering", [setting])
    assert words in f"{refused.value} {refused.value.hint}"


def test_a_value_out_of_range_is_said() -> None:
    with pytest.raises(ConfigError, match=r"^--set, loitering\.min_duration_s: Input should be"):
        build_pair({"loitering": {}}, "loitering", ["min_duration_s=-1"])
    with pytest.raises(ConfigError, match=r"^--set, encounter: max_alongside_m \(250"):
        build_pair({"encounter": {}}, "encounter", ["max_distance_m=100"])
    with pytest.raises(ConfigError, match=r"^detectors\.yaml, loitering\.min_duration_s: "):
        build_pair({"loitering": {"min_duration_s": -1}}, "loitering", ["min_duration_h=2"])


def test_thresholds_that_hold_already_are_no_trial() -> None:
    """The first example of the help set what is set, and the table said "+0" four times."""
    with pytest.raises(ConfigError, match=r"loitering has min_duration_h=2 already"):
        build_pair({"loitering": {}, "gap": {}}, "loitering", ["min_duration_h=2"])
    with pytest.raises(ConfigError, match=r"no threshold of loitering is named"):
        build_pair({"loitering": {}, "gap": {}}, "loitering", [])
    now, then = build_pair({"gap": {}}, "loitering", ["min_duration_h=2"])  # not enabled: it is
    assert (len(now), len(then)) == (0, 1)


def test_a_rule_brings_those_that_read_it_and_what_they_read() -> None:
    blocks: dict[str, dict[str, Any]] = {
        "gap": {},
        "loitering": {},
        "geofence": {},
        "possible_meeting": {},
    }
    now, then = build_pair(blocks, "gap", ["min_duration_a_h=3"])
    assert (
        {d.name for d in now} == {d.name for d in then} == {"gap", "loitering", "possible_meeting"}
    )
    assert readers_of(then, "gap") == {"gap", "possible_meeting"}
    assert readers_of(then, "loitering") == {"loitering", "possible_meeting"}


def test_a_disabled_rule_is_tried_all_the_same() -> None:
    blocks = {"loitering": {"enabled": False}, "geofence": {}}
    now, then = build_pair(blocks, "loitering", [])
    assert [d.name for d in now] == []
    assert [d.name for d in then] == ["loitering"]


def test_events_are_the_same_changed_new_or_gone() -> None:
    before = [event(1, 3), event(5, 9), event(12, 14), event(20, None)]
    after = [
        event(1, 3, evidence={"min_duration_s": 2}),
        event(4, 9, score=0.5),
        event(16, 18),
        event(20, None),
    ]
    found = compare(events.build(before), events.build(after))
    assert list(found["status"]) == ["same", "changed", "gone", "new", "same"]
    assert found.loc[1, ["score", "score_before"]].tolist() == [0.5, 0.4]
    assert pd.isna(found.loc[3, "score_before"])


def test_an_event_takes_over_one_story_only() -> None:
    split = compare(events.build([event(1, 9)]), events.build([event(1, 3), event(5, 9)]))
    assert sorted(split["status"]) == ["changed", "new"]
    joined = compare(events.build([event(1, 3), event(5, 9)]), events.build([event(1, 9)]))
    assert sorted(joined["status"]) == ["changed", "gone"]


def test_nothing_against_nothing() -> None:
    assert compare(events.empty(), events.empty()).empty
    assert list(compare(events.empty(), events.build([event(1, 2)]))["status"]) == ["new"]


@pytest.mark.slow
def test_a_span_of_the_past_counts_what_began_in_it_though_later_reports_tell_how_it_ended(
    stories: Path,
) -> None:
    rule, asked = ["min_duration_h=3"], (None, None, "2026-01-05T22:00Z")
    then, since = (load(stories / name) for name in ("early", "home"))
    with reporter(quiet=True) as report:
        early, late = (
            run_backtest(one, trial_of_thresholds(one, "loitering", rule), *asked, report)
            for one in (then, since)
        )
    with read(since.store) as store:
        known = store.events_touching(late.window.start, late.window.now)
    known = known[known["detector"] == "loitering"]
    begun = known["start"] <= late.window.end
    assert not begun.all(), "nothing began later"
    found = late.result.before.events
    mine = found["detector"] == "loitering"
    assert set(found.loc[mine, "event_id"]) == set(known.loc[begun, "event_id"])
    assert late.vessel_hours == early.vessel_hours
    assert (late.result.compared["start"] <= late.window.end).all()
