"""Copying the products of a finished run."""

import shutil
from pathlib import Path

from detectors.core.errors import SelatError
from pipelines.base.settings import Installation
from pipelines.run.windows import NoDataError


def export_run(installation: Installation, run_id: str | None, out: Path) -> list[Path]:
    """Copy the products of a finished run into a new folder, which appears whole.

    Raises
    ------
    SelatError
        If the folder exists, or there is no such run.
    """
    if out.exists():
        raise SelatError(f"{out} exists already", hint="name a new folder")
    folder = installation.runs / run_id if run_id else installation.latest
    if not (folder / "manifest.json").exists():
        raise NoDataError(
            f"no run {run_id} in {installation.runs}" if run_id else "no finished run",
            hint="the runs are the folders in HOME/runs",
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(f".{out.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(folder.resolve(), unfinished)
    unfinished.rename(out)
    return sorted(out.iterdir())
