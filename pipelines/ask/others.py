"""What of a home and its configuration other accounts of this machine may change.

There they can hide a vessel, have us trust their keys, or take away what was concluded. A group may
be let in, as SELAT_UMASK does; everybody never is.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pipelines.base.problems import Problem
from pipelines.base.settings import Installation


def check_others(installation: Installation) -> list[Problem]:
    """Return a problem for home and configuration each, where others may write to it, or did."""
    home, config = installation.home.resolve(), installation.config.resolve()
    found = [
        _open("home", home, sorted(home.glob("*"))),
        _open("configuration", config, sorted(config.rglob("*"))),
    ]
    return [one for one in found if one is not None]


def _open(name: str, folder: Path, below: list[Path]) -> Problem | None:
    """Return what is wrong with a folder; links in it are those that whoever made them meant."""
    may = [path for path, about in _reached(folder) if about.st_mode & stat.S_IWOTH]
    if may:
        more = f", and to {len(may) - 1} more there" if len(may) > 1 else ""
        text = f"other accounts of this machine may write to {may[0]}{more}"
        return Problem("warning", name, text, f"chmod -R o-w {folder}, once looked through")
    for path, about in _about(list(folder.parents)):
        if about.st_mode & stat.S_IWOTH and not about.st_mode & stat.S_ISVTX:
            text = f"other accounts of this machine may write to {path}"
            hint = f"chmod +t {path}: they could put another in the place of {folder}"
            return Problem("warning", name, text, hint)
    itself = [about for _, about in _about([folder])]
    if not itself or itself[0].st_mode & stat.S_IWGRP:
        return None
    ours = {0, os.geteuid(), itself[0].st_uid}
    alien = [path for path, about in _about(below) if about.st_uid not in ours]
    if alien:
        text = f"{alien[0]} is another account's"
        return Problem("warning", name, text, "is it meant to be there? Remove it, or chown")
    return None


def _reached(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Give what others reach of a folder: nothing that lies in one which they may not enter."""
    todo = [folder]
    while todo:
        for path, about in _about([todo.pop()]):
            yield path, about
            if stat.S_ISDIR(about.st_mode) and about.st_mode & stat.S_IXOTH:
                with suppress(OSError):
                    todo += sorted(path.iterdir(), reverse=True)


def _about(paths: list[Path]) -> Iterator[tuple[Path, os.stat_result]]:
    for path in paths:
        with suppress(OSError):
            about = path.lstat()
            if not stat.S_ISLNK(about.st_mode):
                yield path, about
