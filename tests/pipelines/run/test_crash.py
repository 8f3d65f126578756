"""kill -9 at any moment, then a rerun: the same store as without it."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import psutil
import pytest

from pipelines import store
from pipelines.store.catalogue import TABLES
from tests.conftest import asking_only

COMMANDS = """
import json, os, sys
from pipelines.cli import main, run
from pipelines.detect import window
from pipelines.publish import files
from pipelines.base.settings import load
from pipelines.ingest.aivdm import Decoder
from pipelines.run import feeds, runs
from pipelines.run.setup import load_zones

# Importing takes longer than what is to be killed: one process imports and forks the others.
zones = load_zones(load())
zones.on_land([0.0], [0.0]), zones.reached([0.0], [0.0]), zones.within([0.0], [0.0], ["port"])
zones.coasts, zones.shores, zones.distance_to_land_m([0.0], [0.0]), Decoder()
del files.WRITERS["brief.html"], files.WRITERS["brief.pdf"]  # two thirds of a run
for line in sys.stdin:
    child = os.fork()
    if not child:
        sys.argv = ["selat", *json.loads(line), "--quiet"]
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        main.main()
    print(child, flush=True)
    sys.stdin.readline()  # until then its number isn't given to another
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Commands:
    """Commands, each in a process of its own that has imported already what it needs."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin
        assert process.stdout
        self._requests, self._answers = process.stdin, process.stdout

    def run(self, *arguments: object, kill_after_s: float | None = None) -> float | None:
        """Run a command; return the seconds it took, None if it was killed after some time."""
        begin = time.monotonic()
        self._requests.write(json.dumps([str(one) for one in arguments]) + "\n")
        self._requests.flush()
        child = psutil.Process(int(self._answers.readline()))
        self._wait(child, kill_after_s)
        os.kill(child.pid, signal.SIGKILL)
        self._requests.write("\n")
        self._requests.flush()
        code = int(self._answers.readline())
        assert code in (0, -signal.SIGKILL)
        return None if code else time.monotonic() - begin

    @staticmethod
    def _wait(child: psutil.Process, at_most_s: float | None) -> None:
        """Wait until it has ended: then it is there still, for whoever started it."""
        deadline = None if at_most_s is None else time.monotonic() + at_most_s
        while child.status() != psutil.STATUS_ZOMBIE:
            if deadline is not None and time.monotonic() > deadline:
                return
            time.sleep(0.002)


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Commands]:
    config = asking_only(tmp_path / "config", "gap", "loitering", "encounter")
    monkeypatch.setenv("SELAT_CONFIG", str(config))
    with subprocess.Popen(
        [sys.executable, "-c", COMMANDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Commands(process)
        assert process.stdin
        process.stdin.close()


def content(home: Path) -> dict[str, pd.DataFrame]:
    with store.read(home / "store") as reader:
        tables = {name: reader.sql(f"SELECT * FROM {name} ORDER BY ALL") for name in TABLES}
    for path in sorted((home / "store" / "positions").rglob("*.parquet")):
        tables[str(path.relative_to(home))] = pd.read_parquet(path)
    return tables


@pytest.mark.slow
@pytest.mark.parametrize("kills", [1, pytest.param(3, marks=pytest.mark.prove)])
def test_kill_in_the_middle_of_ingest_and_of_detection(
    small_feed: Path, tmp_path: Path, commands: Commands, kills: int
) -> None:
    calm, rough = tmp_path / "calm", tmp_path / "rough"
    chance = random.Random(7)
    killed = 0
    for command in (["ingest", small_feed], ["detect"]):
        calm_s = commands.run(*command, "--home", calm)
        assert calm_s is not None
        for _ in range(kills):
            after_s = calm_s * chance.uniform(0.1, 0.9)
            killed += commands.run(*command, "--home", rough, kill_after_s=after_s) is None
            if (rough / "store" / "catalogue.duckdb").exists():
                content(rough)  # readable whatever happened
            if command == ["detect"] and _finished(rough):
                break
        if command != ["detect"] or not _finished(rough):
            assert commands.run(*command, "--home", rough) is not None
    assert killed >= kills - 1  # with luck one comes to its end before
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
