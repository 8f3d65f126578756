"""The documents say what is so: the reference is the code's, links lead somewhere."""

import importlib.util
import re
import shlex
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer

import detectors

PROJECT = Path(__file__).resolve().parents[1]
PAGES = sorted([PROJECT / "README.md", *(PROJECT / "docs").rglob("*.md")])


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("maker", PROJECT / "docs" / "make_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_what_the_code_says(maker: ModuleType) -> None:
    made = maker.pages()
    kept = {path.name: path.read_text("utf-8") for path in (PROJECT / "docs/reference").iterdir()}
    assert sorted(kept) == sorted(made)
    for name, text in made.items():
        assert kept[name] == text, f"{name} is out of date: make docs"


def test_every_setting_has_a_meaning(maker: ModuleType) -> None:
    text = maker.settings()
    rows = re.findall(r"^\| `([\w.]+)` \|", text, re.MULTILINE)
    from pipelines.base.settings import Settings

    fields = Settings.model_fields
    assert {row.split(".")[0] for row in rows} == set(fields)


def test_every_parameter_of_a_detector_has_a_meaning(maker: ModuleType) -> None:
    rows = re.findall(r"^\| `(\w+)` \| `.*?` \| (.*) \|$", maker.all_detectors(), re.MULTILINE)
    assert len(rows) > 100
    assert not [name for name, meaning in rows if not meaning.strip()]


def test_a_model_of_parameters_says_what_each_field_is_at_the_field(maker: ModuleType) -> None:
    from pipelines.base.secrets import Secrets
    from pipelines.learn.parameters import NormalParameters, PlacesParameters
    from pipelines.patrol.prediction import PredictionParameters
    from pipelines.patrol.units import Planning, Unit
    from pipelines.run.fill import FillRequest
    from pipelines.run.night import NightRequest
    from pipelines.run.past import LearnRequest

    models = [detectors.find(name) for name in detectors.names()]
    settings = (Secrets, NormalParameters, PlacesParameters, PredictionParameters, Planning, Unit)
    for model in (*models, *settings, FillRequest, NightRequest, LearnRequest):
        means = maker.meanings(model)
        missing = [name for name in model.model_fields if not means[name].strip()]
        assert not missing, f"{model}: what each of these is stands below it"
        assert not re.search(r"^ *(Parameters|Attributes)$", model.__doc__ or "", re.MULTILINE)


def test_a_local_detector_is_not_in_the_reference(
    maker: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detectors.find("gap"), "local", True)
    assert "## gap" not in maker.all_detectors()
    assert "## identity" in maker.all_detectors()


def test_the_readme_is_short() -> None:
    assert (PROJECT / "README.md").stat().st_size <= 6_000


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" not in target:
            assert (page.parent / target.split("#")[0]).exists(), target


def commands_in(page: Path) -> list[list[str]]:
    """Every `selat …` of a page, in blocks and within lines, in words; comments and pipes aside."""
    text = page.read_text("utf-8")
    blocks = re.findall(r"^```\n(.*?)^```", text, re.S | re.M)
    lines = [line for block in blocks for line in block.splitlines()]
    lines += re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    found = (re.match(r"\s*(?:\.venv/bin/)?selat (.*)", " ".join(line.split())) for line in lines)
    return [shlex.split(one[1].split(" | ")[0], comments=True) for one in found if one]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_commands_in_documents_exist_with_their_options(page: Path) -> None:
    from pipelines.cli.main import app

    root: Any = typer.main.get_command(app)
    for line in commands_in(page):
        command, words = root, line
        while words and words[0] in getattr(command, "commands", {}):
            command, words = command.commands[words[0]], words[1:]
        said = " ".join(words)
        assert command is not root or words[:1] in ([], ["--help"], ["…"]), f"selat {said}"
        known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
        options = {word.split("=")[0] for word in words if word.startswith("--")} - {"--help"}
        assert options <= known, f"{command.name} has no {options - known}: {said}"


FILE = re.compile(
    r"`((?:detectors|pipelines|tests|config|docs|notebooks|\.ci)/[\w./-]+|[A-Z]+\.md|Makefile)`"
)


@pytest.mark.parametrize(
    "page",
    [
        *PAGES,
        PROJECT / "CONTRIBUTING.md",
        PROJECT / "SECURITY.md",
        PROJECT / "config/zones/README.md",
    ],
    ids=lambda path: str(path.relative_to(PROJECT)),
)
def test_files_that_documents_name_are_there(page: Path) -> None:
    names = FILE.findall(page.read_text("utf-8"))
    assert not [n for n in names if not (PROJECT / n).exists() and not (page.parent / n).exists()]


def test_every_page_is_in_the_site() -> None:
    import tomllib

    def pages(part: object) -> set[str]:
        if isinstance(part, str):
            return {part}
        parts = part.values() if isinstance(part, dict) else part
        return set().union(*map(pages, parts))  # type: ignore[arg-type]

    nav = tomllib.loads((PROJECT / "zensical.toml").read_text("utf-8"))["project"]["nav"]
    kept = {str(page.relative_to(PROJECT / "docs")) for page in PAGES if page.parent != PROJECT}
    assert pages(nav) == kept
