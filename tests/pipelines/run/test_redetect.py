"""Looking again after a detector changed: the difference first, then the replacement."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from detectors.loitering import Loitering
from pipelines import store
from pipelines.base.progress import reporter
from pipelines.base.settings import PROJECT, load
from pipelines.run import runs
from tests.pipelines.run.test_command import one_report

Selat = Callable[..., Any]


@pytest.fixture
def stricter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Configuration of a loitering rule that has another version and is stricter."""
    monkeypatch.setattr(Loitering, "version", "99")
    config = Path(shutil.copytree(PROJECT / "config", tmp_path / "config"))
    text = (config / "detectors.yaml").read_text()
    old = next(
        line for line in text.split("loitering:")[1].splitlines() if "min_duration_s" in line
    )
    changed = text.replace(old, "  min_duration_s: 9000", 1) if old else text
    (config / "detectors.yaml").write_text(changed)
    return config


def tables(home: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    with store.read(home / "store") as reader:
        events = reader.sql("SELECT * EXCLUDE (run_id) FROM events ORDER BY event_id")
        return events, reader.runs()


def test_nothing_to_do_says_so(home: Path, selat: Selat) -> None:
    ran = selat("redetect", "--home", home)
    assert ran.code == 7
    assert "today's detectors" in ran.err


@pytest.mark.slow
@pytest.mark.usefixtures("without_briefs")
def test_the_difference_is_shown_and_then_made(home: Path, stricter: Path, selat: Selat) -> None:
    before, runs = tables(home)
    options = ("--home", home, "--config", stricter)
    shown = selat("redetect", *options, "--json")
    assert shown.code == 0, shown.err
    said = json.loads(shown.out)
    assert said["versions"] == {
        "loitering": {"before": runs_version(home, "loitering"), "now": "99"}
    }
    assert said["runs"] == []
    same, still = tables(home)
    pd.testing.assert_frame_equal(same, before)
    pd.testing.assert_frame_equal(still, runs)

    counts = {row["detector"]: row for row in said["counts"]}
    assert counts["loitering"]["retracted"] + counts["loitering"]["changed"] > 0
    for name, row in counts.items():  # what doesn't read loitering's events stays as it is
        if name not in {"loitering", "mother_ship", "possible_meeting"}:
            assert row["created"] == row["changed"] == row["retracted"] == 0, row

    done = selat("redetect", *options, "--apply", "--json")
    assert done.code == 0, done.err
    made = json.loads(done.out)
    assert {k: made[k] for k in ("counts", "flags_joined", "flags_left")} == {
        k: said[k] for k in ("counts", "flags_joined", "flags_left")
    }
    after, now = tables(home)
    gone = {e["event_id"] for e in said["events"] if e["status"] == "retracted"}
    assert (
        set(after.loc[after["retracted"], "event_id"])
        - set(before.loc[before["retracted"], "event_id"])
        == gone
    )
    standing = after[(after["detector"] == "loitering") & ~after["retracted"]]
    assert (standing["version"] == "99").all()
    # The newest night is the newest still, and nothing is left to look at again.
    assert now.iloc[-1][["start", "end"]].equals(runs.iloc[-1][["start", "end"]])
    assert (home / "latest").resolve().name == made["runs"][-1]
    assert selat("redetect", *options).code == 7


@pytest.mark.slow
@pytest.mark.usefixtures("without_briefs")
def test_a_past_span_that_is_looked_at_again_takes_no_incident_back(
    story_home: Path, tmp_path: Path
) -> None:
    home = Path(shutil.copytree(story_home, tmp_path / "home", symlinks=True))

    def standing() -> pd.DataFrame:
        with store.read(home / "store") as reader:
            told = reader.known_incidents()
        return told[~told["status"].isin(["retracted", "merged"])]

    def look(until: str) -> pd.DataFrame:
        with reporter(quiet=True) as report:
            runs.detect_only(load(home), None, None, until, report)
        return standing()

    before = standing()
    past = look("2026-01-05T22:00Z")
    assert set(past["incident_id"]) == set(before["incident_id"])
    assert not past["news"].str.contains("fewer").any()
    now = look("2026-01-06T12:00Z")
    assert set(now["status"]) == {"unchanged"}
    assert dict(zip(now["incident_id"], now["events"], strict=True)) == dict(
        zip(before["incident_id"], before["events"], strict=True)
    )


@pytest.mark.slow
def test_a_named_span_is_looked_at_again(home: Path, selat: Selat) -> None:
    ran = selat("redetect", "--date", "2026-01-06", "--home", home)
    assert ran.code == 0, ran.err
    assert "1 day, 2026-01-06" in ran.out
    assert "Nothing was written" in ran.out


@pytest.mark.slow
def test_new_feeds_are_looked_at_first(
    home: Path, stricter: Path, selat: Selat, tmp_path: Path
) -> None:
    (tmp_path / "more.nmea").write_bytes(one_report(1767636000))
    assert selat("ingest", tmp_path / "more.nmea", "--home", home).code == 0
    ran = selat("redetect", "--home", home, "--config", stricter)
    assert ran.code == 7
    assert "selat detect first" in ran.err


def runs_version(home: Path, name: str) -> str:
    manifest = json.loads((home / "latest" / "manifest.json").read_text())
    return str(manifest["detectors"][name])
