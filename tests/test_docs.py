"""The documents say what is so: the reference is the code's, links lead somewhere."""

import ast
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

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


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_python_in_documents_is_python(page: Path) -> None:
    for block in re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.S | re.M):
        ast.parse(block)


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
