"""`make audit` passes only where every pinned package was looked at and none is known weak."""

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[1]
spec = importlib.util.spec_from_file_location("audit", PROJECT / ".ci" / "audit.py")
assert spec
assert spec.loader
audit = importlib.util.module_from_spec(spec)
spec.loader.exec_module(audit)

LOCK = """\
some_thing==1.0 ; sys_platform == 'win32' \\
    --hash=sha256:00
Other.One==2.1 \\
    --hash=sha256:00
"""
WELL = [
    {"name": "some-thing", "version": "1.0", "vulns": []},
    {"name": "other-one", "version": "2.1", "vulns": []},
]
WEAK = {"id": "PYSEC-1", "fix_versions": ["2.2"], "aliases": [], "description": "bad"}


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Audit a lock with a pip-audit that says what it is told to."""

    def run(reply: Any, status: int = 0, error: str = "") -> list[str]:
        said = reply if isinstance(reply, str) else json.dumps({"dependencies": reply})
        code = f"import sys; print({said!r}); print({error!r}, file=sys.stderr); sys.exit({status})"
        (tmp_path / "x.lock").write_text(LOCK)
        return audit.audit(tmp_path / "x.lock", (sys.executable, "-c", code))

    return run


def test_all_looked_at_and_well_is_a_pass(run: Any) -> None:
    assert run(WELL) == []


def test_a_package_that_was_skipped_or_left_out_is_named(run: Any) -> None:
    skipped = {"name": "some-thing", "skip_reason": "Dependency not found on PyPI"}
    for reply in ([skipped, WELL[1]], [WELL[1]], [{**WELL[0], "version": "1.1"}, WELL[1]]):
        assert run(reply) == ["1 of 2 packages were not audited: some-thing==1.0"]


def test_a_weakness_is_told_with_what_mends_it(run: Any) -> None:
    assert run([WELL[0], {**WELL[1], "vulns": [WEAK]}], 1) == [
        "weak: other-one==2.1: PYSEC-1, mended in 2.2"
    ]


@pytest.mark.parametrize("reply", ["", "<html>", "[]", "{}", '{"dependencies": [{}]}'])
def test_no_answer_is_no_pass(run: Any, reply: str) -> None:
    [said] = run(reply, 1, "ERROR: Could not connect to PyPI's vulnerability feed")
    assert said.startswith("nothing was audited (exit 1): ERROR: Could not connect")


def test_a_clean_answer_with_a_bad_end_is_no_pass(run: Any) -> None:
    assert run(WELL, 2, "gone wrong")


def test_the_locks_are_read_whole() -> None:
    for lock in PROJECT.glob("requirements*.lock"):
        text = lock.read_text()
        assert len(audit.pinned(text)) == text.count("==") - text.count(" == ") > 0


def test_nothing_to_audit_is_no_pass() -> None:
    assert audit.main([]) == 1
