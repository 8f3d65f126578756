"""Commands that only read start at once: what they don't need isn't imported."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from pipelines.base.settings import load
from pipelines.run.windows import NoDataError

pytestmark = pytest.mark.slow  # each is an import in a process of its own

HEAVY = {
    "dask",
    "distributed",
    "fastkml",
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
said = io.TextIOWrapper(io.BytesIO())
with contextlib.redirect_stdout(said):
    try:
        command.main()
    except SystemExit as end:
        code = end.code
print(json.dumps([code, sorted(sys.modules)]))
"""


def imported(home: Path, *arguments: str) -> set[str]:
    """Run a command in a process of its own; return the modules that it imported."""
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments, "--home", str(home)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    code, modules = json.loads(ran.stdout.splitlines()[-1])
    assert code in {0, None, 1, NoDataError.exit_code}, ran.stderr
    return set(modules)


def needless(modules: set[str], heavy: set[str]) -> set[str]:
    rooms = {name for name in modules if name.startswith(WRITERS)}
    return {name for name in modules if name in heavy} | rooms


def detectors_in(modules: set[str]) -> set[str]:
    return {name for name in modules if re.fullmatch(r"detectors\.(?!core)\w+\.detector", name)}


@pytest.fixture(scope="module")
def flag(exercise_home: Path) -> dict[str, str]:
    table = pd.read_csv(exercise_home / "latest" / "flagged.csv", dtype=str)
    return {str(name): str(value) for name, value in table.iloc[0].items()}


@pytest.mark.parametrize("how", [[], ["--json"], ["--csv"]])
@pytest.mark.parametrize("command", ["flagged", "find"])
def test_lists_import_only_what_they_need(
    exercise_home: Path, flag: dict[str, str], command: str, how: list[str]
) -> None:
    what = [flag["mmsi"]] if command == "find" else []
    assert (
        needless(imported(exercise_home, command, *what, *how), HEAVY | {"pipelines.ingest"})
        == set()
    )


@pytest.mark.parametrize("how", [[], ["--json"]])
def test_a_vessel_imports_only_what_it_needs(
    exercise_home: Path, flag: dict[str, str], how: list[str]
) -> None:
    modules = imported(exercise_home, "vessel", flag["mmsi"], *how)
    assert needless(modules, HEAVY | {"pipelines.ingest"}) == set()


@pytest.mark.parametrize("how", [[], ["--json"]])
def test_an_explanation_imports_a_reader_and_no_writer(
    exercise_home: Path, flag: dict[str, str], how: list[str]
) -> None:
    event = flag["event_ids"].split(";")[0]
    modules = imported(exercise_home, "explain", event, *how)
    assert needless(modules, HEAVY - READERS) == set()
    assert not detectors_in(modules)


@pytest.mark.parametrize("how", [[], ["--json"], ["--prometheus"]])
def test_the_status_imports_no_geometry_where_nothing_changed_since_it_was_examined(
    exercise_home: Path, how: list[str]
) -> None:
    imported(exercise_home, "status")
    modules = imported(exercise_home, "status", *how)
    assert needless(modules, HEAVY) == set()
    assert not detectors_in(modules)


def test_a_plain_night_imports_no_orchestrator(tmp_path: Path) -> None:
    modules = imported(tmp_path, "nightly", "--plain", "--quiet")
    assert "pipelines.run.night" in modules
    assert {name for name in modules if name.split(".")[0] == "prefect"} == set()


def test_help_imports_no_table(tmp_path: Path) -> None:
    assert load(tmp_path).home == tmp_path
    modules = imported(tmp_path, "flagged", "--help")
    assert needless(modules, HEAVY | {"pandas", "duckdb", "pyarrow", "numpy"}) == set()
