"""The nightly flow, run as its users run it: a process of its own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines import store
from pipelines.base.failure import forget_failure, keep_traceback, note_failure
from pipelines.base.settings import load
from pipelines.run.night import NightRequest, run_night
from tests.conftest import asking_only

Selat = Callable[..., Any]


@pytest.fixture
def gaps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without_briefs: None) -> None:
    """Nights ask one detector, and draw little: what feeds come to is the point."""
    monkeypatch.setenv("SELAT_CONFIG", str(asking_only(tmp_path / "config", "gap")))


def nightly(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipelines.cli.main", "nightly", *map(str, arguments)]
    # What the machine has set for Prefect must not matter, nor may a proxy be needed.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


@pytest.mark.slow
def test_whole_job_with_a_feed_that_cannot_be_read(
    small_feed: Path, tmp_path: Path, with_records: Callable[[Path], Path]
) -> None:
    broken = tmp_path / "broken.csv"
    broken.write_text("one,two\n1,2\n")
    home = with_records(tmp_path / "home")
    ran = nightly("--feed", small_feed, "--feed", broken, "--home", home)
    assert ran.returncode == 6, ran.stderr
    assert "SIMULATED DATA" in ran.stdout
    assert "broken.csv" in ran.stderr
    assert "Traceback" not in ran.stderr
    manifest = json.loads((home / "latest" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["state"] == "partial"
    [(what, why)] = manifest["failures"].items()
    assert what == f"feed {broken}"
    assert not why.startswith(str(broken))  # it stands behind its name
    assert manifest["counts"]["flagged"] > 0
    kept = {"store", "runs", "latest", "prefect", "published.json"}
    assert {p.name for p in home.iterdir()} == kept
    files = [path for path in home.rglob("*") if path.is_file() and not path.is_symlink()]
    assert [path for path in files if path.stat().st_mode & 0o077] == []  # Prefect's records too
    with store.read(home / "store") as reader:
        run = reader.last_run()
    assert run is not None
    assert run["run_id"] == manifest["run_id"]

    artifacts = (
        "import sqlite3, sys; "
        "ask = 'SELECT key FROM artifact WHERE key IS NOT NULL'; "
        "print(sorted({row[0] for row in sqlite3.connect(sys.argv[1]).execute(ask)}))"
    )
    database = home / "prefect" / "prefect.db"
    done = subprocess.run(
        [sys.executable, "-c", artifacts, database], capture_output=True, text=True, check=True
    )
    assert "flagged-vessels" in done.stdout
    assert "nightly-summary" in done.stdout


def test_nothing_readable(tmp_path: Path, selat: Callable[..., Any]) -> None:
    ran = selat("nightly", "--feed", tmp_path / "none.nmea", "--home", tmp_path / "home")
    assert ran.code == 3
    assert "none.nmea" in ran.err
    assert "hint:" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.slow
@pytest.mark.usefixtures("gaps")
def test_a_whole_exercise_is_a_night_with_what_was_seen(small_feed: Path, tmp_path: Path) -> None:
    """Tables of sightings among the feeds are sightings, each once; a damaged one is told."""
    folder = Path(shutil.copytree(small_feed.parent, tmp_path / "exercise"))
    (folder / "faulty_reports.csv").write_text("fault,mmsi,time,lat,lon,true_time,source,note\n")
    home = load(tmp_path / "home")
    named = NightRequest(feeds=(str(folder),), sightings=(str(folder / "sightings.csv"),))
    for asked in (NightRequest(feeds=(str(folder),)), named):
        done = run_night(home, asked, quiet=True, steps=None)
        assert done.state == "complete", done.failures
        with store.read(home.store) as reader:
            known = reader.sql("SELECT name, count(*) OVER () AS n FROM sighting_files")
        assert known[["name", "n"]].to_numpy().tolist() == [["sightings.csv", 1]]
    (folder / "seen.csv").write_bytes(
        (folder / "sightings.csv").read_bytes().splitlines(keepends=True)[0] + b"\xff\xfe,1\n"
    )
    done = run_night(home, named, quiet=True, steps=None)
    assert (done.state, [name.split()[-1] for name in done.failures]) == ("partial", ["seen.csv"])


@pytest.mark.slow
@pytest.mark.usefixtures("gaps")
def test_a_night_that_looks_again_is_no_more_complete_than_it_was(
    small_feed: Path, tmp_path: Path
) -> None:
    broken, cut = tmp_path / "broken.csv", tmp_path / "cut.nmea.gz"
    broken.write_text("one,two\n1,2\n")
    cut.write_bytes(small_feed.read_bytes()[:-2000])
    home = load(tmp_path / "home")
    asked = [
        NightRequest(feeds=tuple(map(str, named)))
        for named in ([small_feed, broken, cut], [cut], [])
    ]
    first, *again = [run_night(home, one, quiet=True, steps=None) for one in asked]
    assert first.state == "partial"
    assert set(first.failures) == {f"feed {broken}", f"feed {cut}"}
    assert [(one.state, one.failures) for one in again] == [("partial", first.failures)] * 2
    shutil.copy(small_feed, cut)  # whole now; its reports are there already
    done = run_night(home, asked[1], quiet=True, steps=None)
    assert done.failures == {f"feed {broken}": first.failures[f"feed {broken}"]}


@pytest.mark.slow
@pytest.mark.usefixtures("gaps")
def test_what_can_be_read_again_is_no_failure_of_a_night_that_looks_again(
    small_feed: Path, tmp_path: Path
) -> None:
    seen, share = tmp_path / "seen.csv", tmp_path / "share"
    share.mkdir()
    kept = shutil.copy(small_feed, tmp_path / "kept.nmea.gz")
    shutil.copy(kept, share)
    seen.write_text("time,lat,lon,source\n2026-01-05T17:00:00Z,3.0,101.0,SELATSIM-PATROL\n")
    home, good = load(tmp_path / "home"), seen.read_bytes()
    asked = NightRequest(feeds=(str(kept), str(share)), sightings=(str(seen),))
    first = run_night(home, asked, quiet=True, steps=None)
    assert (first.state, first.failures) == ("complete", {})
    shutil.rmtree(share)
    seen.write_bytes(b"\xff\xfe,1\n")
    done = run_night(home, asked, quiet=True, steps=None)
    assert set(done.failures) == {f"feed {share}", "feed seen.csv"}
    share.mkdir()
    shutil.copy(kept, share)
    seen.write_bytes(good)
    done = run_night(home, asked, quiet=True, steps=None)
    assert (done.state, done.failures) == ("complete", {})


def test_runs_without_their_store_are_told_and_no_new_store_is_begun(
    small_feed: Path, tmp_path: Path, selat: Selat
) -> None:
    home = load(tmp_path / "home")
    (home.runs / "20260107T155959Z-0001").mkdir(parents=True)
    with pytest.raises(store.StoreError, match="there is no store") as told:
        run_night(home, NightRequest(feeds=(str(small_feed),)), quiet=True, steps=None)
    assert "is its disk mounted?" in told.value.hint
    assert "there is no store" in home.failure.read_text()
    assert "in run_night" in home.failure_trace.read_text()  # of an error of ours, too
    note_failure(home, store.StoreError("the next night's"))
    assert not home.failure_trace.exists(), "it was another failure's"
    keep_traceback(home, told.value)
    forget_failure(home)
    assert not home.failure.exists()
    assert not home.failure_trace.exists()
    seen = tmp_path / "seen.csv"
    seen.write_text("sighting_id,time,lat,lon,source\na,2026-01-06T00:00:00Z,2.5,101.0,RADAR\n")
    span = ("--since", "2026-01-06", "--until", "2026-01-07", "--area", "99,1,104,4", "--by", "X")
    for command in (
        ("ingest", small_feed),
        ("watch", "--once", "--feed", small_feed),
        ("sightings", "import", seen),
        ("operation", "add", "X", *span),
        ("disposition", "add", "3f2a", "--as", "cleared", "--reason", "tide", "--by", "X"),
        ("detect",),
    ):
        ran = selat(*command, "--home", home.home)
        assert (ran.code, "is its disk mounted?" in ran.err) == (4, True), ran.err
    assert not store.exists(home.store)
