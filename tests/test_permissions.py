"""What the command writes is for its owner alone."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest


def selat(*commands: list[object], **environment: str) -> None:
    """Run commands, one after another, in a process that would let everybody in."""
    code = """
import json, os, sys
os.umask(0)
from pipelines.cli.main import main
from pipelines.publish.files import WRITERS
del WRITERS["brief.html"], WRITERS["brief.pdf"]  # made as the others are, and slowly
for command in json.loads(sys.argv[1]):
    sys.argv = ["selat", *command, "--quiet"]
    try:
        main()
    except SystemExit as end:
        assert not end.code, command
"""
    asked = json.dumps([[str(one) for one in command] for command in commands])
    subprocess.run(
        [sys.executable, "-c", code, asked],
        check=True,
        capture_output=True,
        env={**os.environ, **environment},
    )


def open_to_others(folder: Path, mask: int) -> list[str]:
    found = []
    for path in [folder, *folder.rglob("*")]:
        mode = stat.S_IMODE(path.lstat().st_mode)
        if not path.is_symlink() and mode & mask:
            found.append(f"{path.relative_to(folder)} {mode:o}")
    return found


@pytest.mark.slow
def test_nobody_else_reads_what_a_run_writes(small_feed: Path, tmp_path: Path) -> None:
    home, disk = tmp_path / "home", tmp_path / "disk"
    selat(
        ["ingest", small_feed, "--home", home],
        ["detect", "--home", home],
        ["backup", disk, "--home", home],
        ["restore", disk, "--home", tmp_path / "new"],
    )
    manifest = json.loads((home / "latest" / "manifest.json").read_text())
    assert manifest["state"] == "complete"
    for folder in (home, disk, tmp_path / "new"):
        assert open_to_others(folder, 0o077) == []


@pytest.mark.slow
def test_a_group_may_be_let_in(small_feed: Path, tmp_path: Path) -> None:
    selat(["ingest", small_feed, "--home", tmp_path / "home"], SELAT_UMASK="027")
    assert open_to_others(tmp_path / "home", 0o027) == []
    assert stat.S_IMODE((tmp_path / "home" / "store").stat().st_mode) == 0o750
