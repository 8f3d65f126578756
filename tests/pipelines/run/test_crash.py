"""kill -9 at any moment, then a rerun: the same store as without it."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from pipelines import store
from pipelines.store.catalogue import TABLES


def selat(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "pipelines.cli.main", *map(str, arguments), "--quiet"]


def run(*arguments: object) -> float:
    """Run to the end; returns the seconds it took."""
    begin = time.monotonic()
    subprocess.run(selat(*arguments), check=True, capture_output=True)
    return time.monotonic() - begin


def run_and_kill(after_s: float, *arguments: object) -> bool:
    """Run and kill -9 after some time; whether it was still running then."""
    with subprocess.Popen(
        selat(*arguments), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            process.wait(after_s)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            return True
        return False


def content(home: Path) -> dict[str, pd.DataFrame]:
    with store.read(home / "store") as reader:
        tables = {name: reader.sql(f"SELECT * FROM {name} ORDER BY ALL") for name in TABLES}
    for path in sorted((home / "store" / "positions").rglob("*.parquet")):
        tables[str(path.relative_to(home))] = pd.read_parquet(path)
    return tables


@pytest.mark.slow
def test_kill_in_the_middle_of_ingest_and_of_detection(small_feed: Path, tmp_path: Path) -> None:
    calm, rough = tmp_path / "calm", tmp_path / "rough"
    ingest_s = run("ingest", small_feed, "--home", calm)
    detect_s = run("detect", "--home", calm)
    chance = random.Random(7)
    killed = 0
    for duration_s, command in ((ingest_s, ["ingest", small_feed]), (detect_s, ["detect"])):
        for _ in range(4):
            after_s = duration_s * chance.uniform(0.3, 1.0)
            killed += run_and_kill(after_s, *command, "--home", rough)
            if (rough / "store" / "catalogue.duckdb").exists():
                content(rough)  # readable whatever happened
            if command == ["detect"] and _finished(rough):
                break
        if command != ["detect"] or not _finished(rough):
            run(*command, "--home", rough)
    assert killed >= 2
    one, other = content(calm), content(rough)
    assert one.keys() == other.keys()
    for name, table in one.items():
        pd.testing.assert_frame_equal(table, other[name], obj=name)
    runs = sorted(p.name for p in (calm / "runs").iterdir())
    assert sorted(p.name for p in (rough / "runs").iterdir()) == runs
    for name in ("events.csv", "flagged.csv"):
        assert (rough / "latest" / name).read_bytes() == (calm / "latest" / name).read_bytes()


def _finished(home: Path) -> bool:
    with store.read(home / "store") as reader:
        return reader.last_run() is not None
