"""Commands that only read start at once: what they don't need isn't imported."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from pipelines.ask.look import look
from pipelines.base.settings import load
from pipelines.run.windows import NoDataError

pytestmark = pytest.mark.slow  # imports in processes of their own

HEAVY = {
    "dask",
    "distributed",
    "fpdf",
    "geopandas",
    "jinja2",
    "matplotlib",
    "numba",
    "prefect",
    "pyais",
    "pyogrio",
    "scipy",
    "sklearn",
    "xlsxwriter",
}
"""What only writers, detectors, maps and the orchestrator need."""

WRITERS = ("pipelines.publish.files", "pipelines.run.runs", "pipelines.flows", "pipelines.patrol")

READERS = {"pyais"}
"""What it takes to read an event's reports in the feed again."""

PROGRAM = """
import contextlib, io, json, sys
from pipelines.cli import main as command
for arguments in json.loads(sys.argv[1]):
    sys.argv[1:] = arguments
    said = io.TextIOWrapper(io.BytesIO())
    with contextlib.redirect_stdout(said):
        try:
            command.main()
        except SystemExit as end:
            code = end.code
    print(json.dumps([code, sorted(sys.modules)]))
"""


def imported(home: Path, *commands: list[str]) -> list[set[str]]:
    """Run commands one after another in a process; return what is imported after each."""
    asked = json.dumps([[*command, "--home", str(home)] for command in commands])
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, asked], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    told = [json.loads(line) for line in ran.stdout.splitlines()[-len(commands) :]]
    assert {code for code, _ in told} <= {0, None, 1, NoDataError.exit_code}, ran.stderr
    return [set(modules) for _, modules in told]


def needless(modules: set[str], heavy: set[str]) -> set[str]:
    rooms = {name for name in modules if name.startswith(WRITERS)}
    return {name for name in modules if name in heavy} | rooms


def detectors_in(modules: set[str]) -> set[str]:
    return {name for name in modules if re.fullmatch(r"detectors\.(?!core)\w+\.detector", name)}


@pytest.fixture(scope="module")
def flag(exercise_home: Path) -> dict[str, str]:
    table = pd.read_csv(exercise_home / "latest" / "flagged.csv", dtype=str)
    return {str(name): str(value) for name, value in table.iloc[0].items()}


@pytest.fixture(scope="module")
def read(exercise_home: Path, flag: dict[str, str]) -> dict[str, list[set[str]]]:
    """What is imported after commands that only read, one after another in a process: first those
    that need least, so that what one imports is no excuse for those before it.
    """
    look(load(exercise_home), datetime.now(UTC), afresh=False)  # what was edited is examined
    lists = [
        [*command, *how]
        for command in (["flagged"], ["find", flag["mmsi"]])
        for how in ([], ["--json"], ["--csv"])
    ]
    lists += [["vessel", flag["mmsi"]], ["vessel", flag["mmsi"], "--json"]]
    status = [["status"], ["status", "--json"], ["status", "--prometheus"]]
    event = flag["event_ids"].split(";")[0]
    explain = [["explain", event, "--json"], ["explain", event]]
    asked = {"lists": lists, "status": status, "explain": explain}
    modules = iter(imported(exercise_home, *(one for some in asked.values() for one in some)))
    return {what: [next(modules) for _ in some] for what, some in asked.items()}


def test_lists_and_a_vessel_import_only_what_they_need(read: dict[str, list[set[str]]]) -> None:
    for modules in read["lists"]:
        assert needless(modules, HEAVY | {"pipelines.ingest"}) == set()


def test_an_explanation_imports_a_reader_and_no_writer(read: dict[str, list[set[str]]]) -> None:
    for modules in read["explain"]:
        assert needless(modules, HEAVY - READERS) == set()
        assert not detectors_in(modules)


def test_the_status_imports_no_geometry_where_nothing_changed_since_it_was_examined(
    read: dict[str, list[set[str]]],
) -> None:
    for modules in read["status"]:
        assert needless(modules, HEAVY) == set()
        assert not detectors_in(modules)


def test_a_plain_night_imports_no_orchestrator(tmp_path: Path) -> None:
    [modules] = imported(tmp_path, ["nightly", "--plain", "--quiet"])
    assert "pipelines.run.night" in modules
    assert {name for name in modules if name.split(".")[0] == "prefect"} == set()


def test_help_imports_no_table(tmp_path: Path) -> None:
    assert load(tmp_path).home == tmp_path
    [modules] = imported(tmp_path, ["flagged", "--help"])
    assert needless(modules, HEAVY | {"pandas", "duckdb", "pyarrow", "numpy"}) == set()
