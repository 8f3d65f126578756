"""Notebooks run from top to bottom against a finished exercise, and only asks the desk."""

import ast
import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from pipelines.ask import desk

PROJECT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.ipynb"))
SOME = NOTEBOOKS
"""Those that `make test` runs; `make prove` runs each."""


def cells(path: Path, kind: str) -> list[dict[str, Any]]:
    """Cells of a notebook file of one kind, each with its source as one text."""
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    mine = [cell for cell in found if cell["cell_type"] == kind]
    return [{**cell, "source": "".join(cell["source"])} for cell in mine]


def execute(notebook: Any, home: Path) -> None:
    """Execute a notebook in a kernel of its own; errors are among its outputs."""
    from nbclient import NotebookClient  # seconds to import: here only who asks pays

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SELAT_HOME", str(home))
        NotebookClient(
            notebook,
            timeout=300,
            kernel_name="python3",
            allow_errors=True,
            resources={"metadata": {"path": PROJECT / "notebooks"}},
        ).execute()


@pytest.fixture(scope="module")
def executed(story_home: Path) -> dict[Path, list[Any]]:
    """Cells of some notebooks after they ran in one kernel, each with nothing of the others."""
    import nbformat

    first, *others = (nbformat.read(path, as_version=4) for path in SOME)
    lengths = [len(one.cells) for one in (first, *others)]
    for one in others:
        forget = nbformat.v4.new_code_cell("%reset -f")
        first.cells += [forget, *one.cells]
    execute(first, story_home)
    found, at = {}, 0
    for path, length in zip(SOME, lengths, strict=True):
        found[path] = first.cells[at : at + length]
        at += length + 1
    return found


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning:jupyter_client")
@pytest.mark.parametrize("path", SOME, ids=lambda path: path.stem)
def test_notebook_runs(path: Path, executed: dict[Path, list[Any]]) -> None:
    assert_told(executed[path])


@pytest.mark.prove  # some, in one kernel: test_notebook_runs
@pytest.mark.filterwarnings("ignore::DeprecationWarning:jupyter_client")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_by_itself(path: Path, story_home: Path) -> None:
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    execute(notebook, story_home)
    assert_told(notebook.cells)


def assert_told(cells: list[Any]) -> None:
    """Pictures and tables, no error and no warning, and nothing that asks the network."""
    code = [cell for cell in cells if cell.cell_type == "code"]
    outputs = [output for cell in code for output in cell.outputs]
    assert all(cell.execution_count for cell in code)
    assert not [o["evalue"] for o in outputs if o["output_type"] == "error"]
    shown = [output.get("data", {}) for output in outputs]
    html = "".join(data.get("text/html", "") for data in shown)
    maps = [unescape(page) for page in re.findall(r'<iframe [^>]*srcdoc="([^"]*)"', html)]
    assert maps or any("image/png" in data for data in shown), "no picture"
    assert all('Policy" content="default-src &#39;none&#39;; ' in page for page in maps)
    assert any("text/html" in data for data in shown), "no table"
    assert not [o for o in outputs if o.get("name") == "stderr"], "warnings on the page"
    html = re.sub(r'srcdoc="[^"]*"', "", html)
    assert "<script" not in html
    assert "http" not in html, "the page would ask the network for something"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_committed_without_output(path: Path) -> None:
    assert all(not cell["outputs"] for cell in cells(path, "code"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_asks_the_desk_and_defines_nothing(path: Path) -> None:
    code = [cell["source"] for cell in cells(path, "code")]
    lines = [line for line in "\n".join(code).splitlines() if not line.startswith("%")]
    tree = list(ast.walk(ast.parse("\n".join(lines))))
    imports = {ast.unparse(n) for n in tree if isinstance(n, ast.Import | ast.ImportFrom)}
    assert imports == {"from pipelines.ask import desk"}
    defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    assert not [n for n in tree if isinstance(n, defined)]


def test_the_stories_are_numbered_and_end_in_an_outcome() -> None:
    assert [path.stem[:3] for path in NOTEBOOKS] == [
        f"{k:02d}_" for k in range(1, 1 + len(NOTEBOOKS))
    ]
    for path in NOTEBOOKS:
        text = [cell["source"] for cell in cells(path, "markdown")]
        assert "**Question:**" in text[0], path.stem
        assert any(part.startswith("## Outcome") for part in text), path.stem


def test_what_is_new_of_a_first_run_is_all_of_it(
    exercise_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SELAT_HOME", str(exercise_home))  # one run, as `make nightly` leaves
    told = [cell["source"] for cell in cells(NOTEBOOKS[0], "code")]
    [since] = [source for source in told if "night.since()" in source]
    exec(f"{told[0]}\n{since}", {"display": print})
    assert "all of it is new" in capsys.readouterr().out


@pytest.mark.slow
def test_the_first_night_has_none_before_it(
    story_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever goes back to the first night is told that all of it is new."""
    monkeypatch.setenv("SELAT_HOME", str(story_home))
    first = desk.night(story_home).sql("SELECT run_id FROM runs ORDER BY ordinal")["run_id"].iloc[0]
    source = "\n".join(cell["source"] for cell in cells(NOTEBOOKS[0], "code"))
    asked = source.replace("desk.exercise())", f"desk.exercise(), as_of={first!r})")
    assert asked != source
    exec(asked, {"display": lambda _: None})
    said = capsys.readouterr().out
    assert f"run {first}, " in said
    assert "This is the first run here" in said
