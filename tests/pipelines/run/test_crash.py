"""kill -9 wherever files are changed or read, then a rerun: the same store as without it."""

import json
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from pipelines import store
from pipelines.store.catalogue import TABLES
from tests.conftest import asking_only

COMMANDS = """
import atexit, json, os, signal, sys
from pathlib import Path
from pipelines.cli import main, run
from pipelines.detect import window
from pipelines.publish import files
from pipelines.base.settings import load
from pipelines.ingest.aivdm import Decoder
from pipelines.run import feeds, runs
from pipelines.run.setup import load_zones

def count(last):
    # What it does with files is counted, and the last of it is left undone.
    done = 0
    def heard(event, given):
        nonlocal done
        if event == "open" or event.startswith("os."):
            done += 1
            if done == last:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(heard)
    atexit.register(lambda: Path(os.environ["COUNTED"]).write_text(str(done)))

# Importing takes longer than what is to be killed: one process imports and forks the others.
zones = load_zones(load())
zones.on_land([0.0], [0.0]), zones.reached([0.0], [0.0]), zones.within([0.0], [0.0], ["port"])
zones.coasts, zones.shores, zones.distance_to_land_m([0.0], [0.0]), Decoder()
del files.WRITERS["brief.html"], files.WRITERS["brief.pdf"]  # two thirds of a run
for line in sys.stdin:
    child = os.fork()
    if not child:
        last, *arguments = json.loads(line)
        sys.argv = ["selat", *arguments, "--quiet"]
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        count(last)
        main.main()
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Commands:
    """Commands, each in a process of its own that has imported already what it needs."""

    def __init__(self, process: "subprocess.Popen[str]", counted: Path) -> None:
        assert process.stdin
        assert process.stdout
        self._requests, self._answers, self._counted = process.stdin, process.stdout, counted

    def run(self, *arguments: object, kill_at: int = 0) -> int | None:
        """Run a command; return how often it turned to files, None if it was killed by then."""
        self._requests.write(json.dumps([kill_at, *(str(one) for one in arguments)]) + "\n")
        self._requests.flush()
        code = int(self._answers.readline())
        assert code in (0, -signal.SIGKILL)
        return None if code else int(self._counted.read_text())


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Commands]:
    config = asking_only(tmp_path / "config", "gap", "loitering", "encounter")
    monkeypatch.setenv("SELAT_CONFIG", str(config))
    monkeypatch.setenv("COUNTED", str(tmp_path / "counted"))
    with subprocess.Popen(
        [sys.executable, "-c", COMMANDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Commands(process, tmp_path / "counted")
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
    for command in (["ingest", small_feed], ["detect"]):
        whole = commands.run(*command, "--home", calm)
        assert whole is not None
        for kill in range(kills):
            at = int(whole * chance.uniform(0.1, 0.9))
            ended = commands.run(*command, "--home", rough, kill_at=at)
            assert kill or ended is None  # what was killed before has less to do
            if (rough / "store" / "catalogue.duckdb").exists():
                content(rough)  # readable whatever happened
            if command == ["detect"] and _finished(rough):
                break
        if command != ["detect"] or not _finished(rough):
            assert commands.run(*command, "--home", rough) is not None
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
