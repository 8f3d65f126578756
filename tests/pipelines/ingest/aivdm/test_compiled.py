"""The kernel's cache: nothing on import, announced when cold, fine without a folder to write."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from pipelines.ingest.aivdm import compiled
from tests.pipelines.ingest.aivdm.conftest import decoded

PROJECT = Path(__file__).resolve().parents[4]


def run(code, **environment):
    """Run code in a new interpreter; its output."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=PROJECT,
        env={"PATH": "", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split("\n")[:-1]


@pytest.mark.slow
def test_import_loads_no_compiler():
    code = """
        import sys
        import pipelines.ingest.aivdm
        print("numba" in sys.modules, "llvmlite" in sys.modules)
    """
    assert run(code) == ["False False"]


@pytest.mark.slow
def test_compiled_kernel_is_found_again_without_a_word():
    decoded(b"")
    code = """
        from pipelines.ingest.aivdm import Decoder
        Decoder(announce=print)
        print("ready")
    """
    assert compiled.kernel().folder is not None
    assert run(code) == ["ready"]


def test_cache_is_beside_the_sources_or_where_the_user_wants_it(monkeypatch, tmp_path):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    assert compiled.cache_folder().parent == compiled.HERE / "__pycache__"
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "mine"))
    assert compiled.cache_folder().parent == tmp_path / "mine"


def test_folder_that_cant_be_written_isnt_used(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file"))
    assert compiled.cache_folder() is None


def test_cache_changes_with_the_sources(monkeypatch, tmp_path):
    before = compiled.state()
    assert compiled.state() == before
    for name in compiled.SOURCES:
        (tmp_path / name).write_bytes((compiled.HERE / name).read_bytes())
    monkeypatch.setattr(compiled, "HERE", tmp_path)
    assert compiled.state() == before
    with (tmp_path / "framing.py").open("a") as source:
        source.write("# changed\n")
    assert compiled.state() != before


def test_every_module_of_the_kernel_counts_for_the_cache():
    kernel = {path.name for path in compiled.HERE.glob("*.py") if "jit import" in path.read_text()}
    assert kernel | {"jit.py", "layouts.py", "limits.py", "memory.py"} == set(compiled.SOURCES)


@pytest.mark.slow
def test_without_a_folder_it_says_so_and_compiles_without_a_cache(tmp_path):
    """The shorter variant: what differs from a kernel with a cache, but on a small function."""
    (tmp_path / "file").write_text("")
    code = """
        from pipelines.ingest.aivdm import Decoder, compiled, jit
        Decoder(announce=print)
        print(compiled.kernel().folder, compiled.kernel().cold)
        print(compiled.kernel().scan.stats.cache_path)
        print(jit.entry_without_cache(lambda number: number + 1)(1))
    """
    said = run(code, NUMBA_CACHE_DIR=str(tmp_path / "file"))
    assert said == [compiled.MESSAGE_NO_CACHE, "None True", "None", "2"]


@pytest.mark.prove
def test_without_a_folder_the_kernel_compiles_says_so_and_works(tmp_path):
    (tmp_path / "file").write_text("")
    code = """
        from pipelines.ingest.aivdm import Decoder
        decoder = Decoder(announce=print)
        decoder.feed(b"!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5C\\n")
        columns = decoder.finish()
        print(columns.positions["mmsi"].tolist())
    """
    said, rows = run(code, NUMBA_CACHE_DIR=str(tmp_path / "file"))
    assert said == compiled.MESSAGE_NO_CACHE
    assert rows == "[477553000]"
