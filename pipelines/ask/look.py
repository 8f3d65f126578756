"""What `selat doctor` and `selat status` look at.

How it goes is asked of the store each time. What a person may edit is examined by geometry, which
takes seconds and all that detectors need: what that found is kept in the home, and `selat status`
takes it from there as long as every file that it was found in is as it was.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from detectors.core.errors import SelatError
from pipelines.ask.health import Health, gather
from pipelines.ask.health import problems as health_problems
from pipelines.ask.others import check_others
from pipelines.base.files import read_plain, write_text
from pipelines.base.problems import Problem
from pipelines.base.settings import PROJECT, Installation


def look(
    installation: Installation, now: datetime, *, afresh: bool, edited: bool = True
) -> tuple[Health | None, list[Problem]]:
    """Return an installation's health, and all its problems: errors first, then what is poorer.

    Without health where the store can't be opened; the problems say why. With `afresh` what a
    person may edit is examined, changed or not; without `edited` never.
    """
    problems = _edited(installation, now, afresh=afresh) if edited else []
    problems += check_others(installation) if edited else []
    if not installation.holds:
        home = installation.home
        text = f"{home} isn't there or holds nothing: nothing was ever taken in, or it is mistyped"
        problems.insert(0, Problem("warning", "home", text, "--home or SELAT_HOME names another"))
    health: Health | None = None
    try:
        health = gather(installation, now)
        problems += health_problems(health, installation.settings.health)
    except Exception as error:
        from pipelines.ingest import explained

        told = error if isinstance(error, SelatError) else explained("the store", error)
        problems.append(Problem("error", "store", told.message, told.hint))
    return health, sorted(problems, key=lambda problem: problem.level != "error")


def _edited(installation: Installation, now: datetime, *, afresh: bool) -> list[Problem]:
    """Return the problems of what a person may edit, as kept where nothing changed since today."""
    state = f"{now.date()} {_state(installation)}"  # rules of zones expire
    if not afresh:
        with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
            kept = json.loads(read_plain(installation.examined))
            if kept["state"] == state:
                return [Problem(**one) for one in kept["problems"]]
    from pipelines.ask.examine import examine

    problems = examine(installation, now)
    if installation.home.is_dir():
        kept = {"state": state, "problems": [asdict(problem) for problem in problems]}
        with suppress(OSError):  # whoever may only read the home examines each time
            write_text(installation.examined, json.dumps(kept))
    return problems


def _state(installation: Installation) -> str:
    """Return a digest of settings and of size and time of every file that is examined, or does."""
    digest = hashlib.sha256(installation.settings.model_dump_json().encode())
    folders = (installation.config, installation.reference, installation.learned)
    program = (PROJECT / "detectors", PROJECT / "pipelines")
    for path in (*_files(*folders), *_files(*program, pattern="*.py")):
        with suppress(OSError):  # went away meanwhile
            stat = path.stat()
            digest.update(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    newest = installation.latest / "manifest.json"
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        if json.loads(read_plain(newest))["counts"].get("out_of_reach"):
            digest.update(str(newest.resolve()).encode())
    return digest.hexdigest()


def _files(*folders: Path, pattern: str = "*") -> Iterator[Path]:
    for folder in folders:
        yield from sorted(folder.rglob(pattern))
