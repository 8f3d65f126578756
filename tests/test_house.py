"""The house stays as it was built: modules of one sitting, docstrings that begin with a verb."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
MODULES = sorted(
    path for name in ("detectors", "pipelines") for path in (PROJECT / name).rglob("*.py")
)
QUESTIONS = {"What", "Who", "Whose", "Whom", "Whether", "Which", "Where", "When", "How"}


def test_no_module_is_longer_than_a_sitting() -> None:
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in MODULES}
    assert not {str(path): length for path, length in lengths.items() if length > 400}


def statements(inside: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """All statements, and none of what they are made of: that is nine tenths of a module."""
    for one in inside:
        yield one
        for name in ("body", "handlers", "orelse", "finalbody", "cases"):
            yield from statements(getattr(one, name, ()))


def test_docstrings_of_functions_begin_with_a_verb_and_not_with_a_question() -> None:
    found = []
    for path in MODULES:
        for node in statements(ast.parse(path.read_text("utf-8")).body):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                words = (ast.get_docstring(node, clean=False) or "").split()
                if words and words[0] in QUESTIONS:
                    found.append(f"{path}:{node.lineno} {words[0]} …")
    assert not found


def test_the_formatter_is_obeyed_and_the_linter_refused_for_a_reason() -> None:
    texts = {path: path.read_text("utf-8") for path in MODULES}
    assert sum(len(re.findall(r"# fmt: (?:skip|off)", text)) for text in texts.values()) <= 5
    bare = re.compile(r"# noqa(?::[ A-Z0-9,]*)?$", re.MULTILINE)
    assert not [str(path) for path, text in texts.items() if bare.search(text)]


def test_nothing_lies_loose_between_the_rooms_and_each_says_what_it_is() -> None:
    inside = {path.name for path in (PROJECT / "pipelines").iterdir()} - {"__pycache__"}
    rooms = {path.parent for path in (PROJECT / "pipelines").glob("*/__init__.py")}
    assert inside == {"__init__.py", *(room.name for room in rooms)}
    for room in rooms:
        said = ast.get_docstring(ast.parse((room / "__init__.py").read_text("utf-8"))) or ""
        assert re.search(r"\bit imports\b", " ".join(said.lower().split())), room.name
        assert re.search(r"\bgives?\b", said), room.name


@pytest.mark.parametrize(
    ("folder", "known"),
    [
        ("pipelines/ingest/aivdm", ("pipelines.ingest.aivdm", "pipelines.base", "detectors.core")),
        # What is tried has no part in the feed and the truth that it is tried on.
        (
            "pipelines/exercise",
            (
                "pipelines.exercise",
                "pipelines.base",
                "detectors.core",
                "detectors.kinematics.geodesy",
                "detectors.surroundings.zones",
            ),
        ),
    ],
)
def test_the_codec_and_the_simulator_know_nothing_of_the_rest(
    folder: str, known: tuple[str, ...]
) -> None:
    asked = set()
    for path in (PROJECT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                asked |= {one.name for one in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert not node.level, path  # from the folder itself: the linter has it so
                asked |= {f"{node.module}.{one.name}" for one in node.names}
    ours = {name for name in asked if name.split(".")[0] in ("pipelines", "detectors")}
    assert len(ours) > 5
    assert not {name for name in ours if not f"{name}.".startswith(tuple(f"{k}." for k in known))}
