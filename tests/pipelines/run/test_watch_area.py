"""A watch area: tried on the past at once, and counted from the next look on."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines import store
from tests.conftest import asking_only

Selat = Callable[..., Any]

AREA = """
name: All of the Strait
polygon: [[98.0, 1.0], [105.0, 1.0], [105.0, 7.0], [98.0, 7.0]]
watch:
  - {when: meet, score: 0.6}
  - {when: stop, min_duration_min: 60, vessels: [class_a], score: 0.5}
"""


@pytest.mark.slow
@pytest.mark.usefixtures("without_briefs")
def test_it_is_tried_on_the_past_and_then_counts(home: Path, tmp_path: Path, selat: Selat) -> None:
    config = asking_only(tmp_path / "config", "geofence", "encounter", "watch_area")
    area = tmp_path / "all.yaml"
    area.write_text(AREA)
    span = ("--since", "2026-01-05T16:00Z")
    tried = selat(
        "backtest", "--home", home, "--watch-area", area, *span, "--config", config, "--json"
    )
    assert tried.code == 0, tried.err
    said = json.loads(tried.out)
    found = {row["event_id"]: (row["kind"], row["subkind"]) for row in said["changes"]}
    assert {row["status"] for row in said["changes"]} == {"new"}
    assert set(found.values()) == {("watch_area", "meet"), ("geofence", "watch_stop")}
    assert said["after"]["leads"] > said["before"]["leads"]
    assert said["flags_left"] == []

    shutil.copy(area, config / "zones" / "watch_areas" / "all.yaml")
    again = selat("redetect", "--home", home, "--config", config, *span, "--apply")
    assert again.code == 0, again.err
    with store.read(home / "store") as reader:
        stored = reader.sql("SELECT event_id, score FROM events").set_index("event_id")
    assert set(found) <= set(stored.index)
    assert set(stored.loc[list(found), "score"]) == {0.5, 0.6}


def test_what_is_asked_for_must_be_one_thing(home: Path, tmp_path: Path, selat: Selat) -> None:
    for given in ((), ("--detector", "gap"), ("--watch-area", "x.yaml", "--set", "a=1")):
        assert selat("backtest", "--home", home, *given).code == 2
    broken = tmp_path / "broken.yaml"
    broken.write_text("name: x")
    ran = selat("backtest", "--home", home, "--watch-area", broken)
    assert ran.code != 0
    assert "broken.yaml: watch is missing" in ran.err
