"""What the command writes is for its owner alone."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.cli.main import main
from tests.conftest import leaving_out_briefs


def ended(command: list[object], environment: dict[str, str]) -> None:
    """Run a command in this process, which lets everybody in; briefs are made as the others are."""
    os.umask(0)
    with pytest.MonkeyPatch.context() as patch, leaving_out_briefs():
        patch.setattr(sys, "argv", ["selat", *map(str, command), "--quiet"])
        for name, value in environment.items():
            patch.setenv(name, value)
        with pytest.raises(SystemExit) as end:
            main()
    assert not end.value.code, command


@pytest.fixture(scope="module")
def folder(small_feed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What commands wrote, one after another."""
    folder = tmp_path_factory.mktemp("written")
    home, disk = folder / "home", folder / "disk"
    commands: list[list[object]] = [
        ["ingest", small_feed, "--home", home],
        ["detect", "--home", home],
        ["backup", disk, "--home", home],
        ["restore", disk, "--home", folder / "new"],
        ["ingest", small_feed, "--home", folder / "shared"],
    ]
    before = os.umask(0)
    try:
        for command in commands:
            ended(command, {"SELAT_UMASK": "027"} if folder / "shared" in command else {})
    finally:
        os.umask(before)
    return folder


def open_to_others(folder: Path, mask: int) -> list[str]:
    found = []
    for path in [folder, *folder.rglob("*")]:
        mode = stat.S_IMODE(path.lstat().st_mode)
        if not path.is_symlink() and mode & mask:
            found.append(f"{path.relative_to(folder)} {mode:o}")
    return found


@pytest.mark.slow
def test_nobody_else_reads_what_a_run_writes(folder: Path) -> None:
    manifest = json.loads((folder / "home" / "latest" / "manifest.json").read_text())
    assert manifest["state"] == "complete"
    for name in ("home", "disk", "new"):
        assert open_to_others(folder / name, 0o077) == []


@pytest.mark.slow
def test_a_group_may_be_let_in(folder: Path) -> None:
    assert open_to_others(folder / "shared", 0o027) == []
    assert stat.S_IMODE((folder / "shared" / "store").stat().st_mode) == 0o750


@pytest.mark.parametrize("given", ["group", "9", "0o27", "777", "-1"])
def test_what_is_no_mode_or_would_keep_the_owner_out_is_said(given: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli.main", "--version"],
        env={**os.environ, "SELAT_UMASK": given},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: SELAT_UMASK is '{given}'")
    assert "Traceback" not in done.stderr
