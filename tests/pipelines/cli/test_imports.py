"""Commands that only read start at once: what they don't need isn't imported."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from pipelines.base.settings import load

pytestmark = pytest.mark.slow  # each is an import in a process of its own

HEAVY = {
    "dask",
    "distributed",
    "fastkml",
    "fpdf",
    "geopandas",
    "jinja2",
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

GEOMETRY = {"geopandas", "scipy"}
"""What it takes to draw a chart of an event, and to judge zones."""

READERS = {"pyais"}
"""What it takes to read an event's reports in the feed again."""

PROGRAM = """
import contextlib, io, json, sys
from pipelines.cli.main import app
said = io.TextIOWrapper(io.BytesIO())
with contextlib.redirect_stdout(said):
    try:
        app(sys.argv[1:])
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
    assert code in {0, None, 1}, ran.stderr
    return set(modules)


def needless(modules: set[str], heavy: set[str]) -> set[str]:
    rooms = {name for name in modules if name.startswith(WRITERS)}
    return {name for name in modules if name in heavy} | rooms


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
    assert needless(imported(exercise_home, command, *what, *how), HEAVY) == set()


@pytest.mark.parametrize("how", [[], ["--json"]])
def test_a_vessel_imports_only_what_it_needs(
    exercise_home: Path, flag: dict[str, str], how: list[str]
) -> None:
    modules = imported(exercise_home, "vessel", flag["mmsi"], *how)
    assert needless(modules, HEAVY) == set()


def test_an_explanation_imports_geometry_and_a_reader_and_no_writer(
    exercise_home: Path, flag: dict[str, str]
) -> None:
    modules = imported(exercise_home, "explain", flag["event_ids"].split(";")[0])
    assert needless(modules, HEAVY - GEOMETRY - READERS) == set()


def test_the_status_imports_what_it_checks_and_no_writer(exercise_home: Path) -> None:
    modules = imported(exercise_home, "status")
    assert needless(modules, HEAVY - GEOMETRY) == {
        name for name in modules if name.startswith("pipelines.patrol")
    }


def test_help_imports_no_table(tmp_path: Path) -> None:
    assert load(tmp_path).home == tmp_path
    modules = imported(tmp_path, "flagged", "--help")
    assert needless(modules, HEAVY | {"pandas", "duckdb", "pyarrow", "numpy"}) == set()
