"""A folder in which commands are started, and to which others write: such as one of feeds."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PROJECT

COMPILED = """
from detectors.kinematics.integrity import jit
import numba
double = jit.compiled(lambda x: x + x)
print(double(21), numba.config.DISABLE_JIT, int(numba.config.OPT), numba.config.HTML)
print(bool(double.signatures))
"""


@pytest.mark.parametrize(
    "content", ["a: [\n", "- a\n", "disable_jit: 1\nopt: 0\ndump_html: over\ndump_annotation: 1\n"]
)
def test_nothing_there_says_how_code_is_compiled(tmp_path: Path, content: str) -> None:
    (tmp_path / ".numba_config.yaml").write_text(content)
    done = subprocess.run(
        [sys.executable, "-P", "-c", COMPILED],
        cwd=tmp_path,
        env={"PYTHONPATH": str(PROJECT), "NUMBA_CACHE_DIR": str(tmp_path / "kept")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr
    assert done.stdout == "42 0 3 None\nTrue\n"
    assert not (tmp_path / "over").exists()
