"""Taking a backup back: into a new home, whole and verified, or not at all."""

import json
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from pipelines.base.files import sync, unfinished
from pipelines.base.progress import Reporter
from pipelines.base.settings import StoreSettings
from pipelines.run.backup.make import HELD
from pipelines.run.backup.repository import BackupError, Entry, Repository, Snapshot
from pipelines.store.foreign import FILE
from pipelines.store.pin import forget_superseded
from pipelines.store.place import CATALOGUE

_RESTORED: Final = "restored"
_OF_DISKS: Final = frozenset({"lost+found", f".{_RESTORED}.unfinished"})
"""What an empty home may hold: what is on a disk that was made anew, and what taking a backup back
left that was killed."""


@dataclass(frozen=True)
class Restored:
    """What was taken back, and where its configuration lies."""

    snapshot: Snapshot
    home: Path
    config: Path


def restore(folder: Path, home: Path, report: Reporter, *, name: str = "") -> Restored:
    """Take a backup back into a home that doesn't exist yet, or is empty.

    The configuration of that time goes to ``restored-config`` in the home, for a person to compare:
    which one counts is for that person to say.

    `name`: the backup, by the beginning of its name; the newest if empty.

    Raises
    ------
    BackupError
        If the home holds anything, or the backup isn't whole; nothing is restored then.
    SelatError
        If somebody else is taking one back there.
    """
    snapshot = Repository(folder).snapshot(name)
    within = home.exists()  # which may be a disk of its own, a link, or in another's folder
    place = home / _RESTORED if within else home
    if home.exists() and any(one.name not in _OF_DISKS for one in home.iterdir()):
        raise BackupError(
            f"{home} isn't empty", hint="move it away first, or name another one with --home"
        )
    with unfinished(place, tidy=False) as taken:
        _take_all(Repository(folder), snapshot, taken, report)
        if snapshot.latest:
            if Path(snapshot.latest).name != snapshot.latest or snapshot.latest == "..":
                raise BackupError("the backup's newest run is elsewhere", "don't trust it")
            _name_newest(taken, snapshot.latest)
        forget_superseded(taken / "store", StoreSettings())
        sync(taken)
        if within:
            _move_in(taken, home)
        else:
            taken.rename(home)
            with suppress(PermissionError):  # of a folder that may be written in, but not read
                sync(home.parent)
    return Restored(snapshot, home, home / "restored-config")


def _move_in(taken: Path, home: Path) -> None:
    """Put what was taken back into a folder that is there, which can't always be replaced.

    The store comes last: without one a home has nothing to show, so that whoever is killed between
    leaves none that looks whole.
    """
    for one in sorted(taken.iterdir(), key=lambda path: (path.name == "store", path.name)):
        one.rename(home / one.name)
    with suppress(PermissionError):  # of another account's folder
        home.chmod(0o700)
    sync(home)


def _take_all(repository: Repository, snapshot: Snapshot, target: Path, report: Reporter) -> None:
    free = shutil.disk_usage(target.parent).free
    if snapshot.bytes > free:
        raise BackupError(f"no room in {target.parent}", f"it needs {snapshot.bytes:,} bytes")
    done = 0
    with report.bar("Restoring", snapshot.bytes) as bar:
        target.chmod(0o700)
        for entry in snapshot.entries:
            path = target / _place(entry)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                repository.take(entry, path)
            except (FileExistsError, NotADirectoryError) as error:
                raise BackupError(
                    f"the backup has two files in one place, {entry.path!a}", "don't trust it"
                ) from error
            done += entry.bytes
            bar.to(done, snapshot.bytes)


def _name_newest(home: Path, newest: str) -> None:
    """Let HOME/latest name the newest night, and HOME/look the newest run where that is a look's,
    as `folder.point_newest` does: what a patrol needs is in the folders of nights.
    """
    night = newest
    if _is_look(home / "runs" / newest):
        (home / "look").symlink_to(Path("runs") / newest)
        nights = [run.name for run in (home / "runs").iterdir() if not _is_look(run)]
        night = max(nights, key=_by_ordinal, default="")
    if night:
        (home / "latest").symlink_to(Path("runs") / night)


def _by_ordinal(run_id: str) -> tuple[int, str]:
    ordinal = run_id.rpartition("-")[2]
    return len(ordinal), ordinal


def _is_look(run: Path) -> bool:
    with suppress(OSError, ValueError, RecursionError):
        return "look" in json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    return False


def _place(entry: Entry) -> Path:
    """Return where a file goes, relative to the home; never outside it, nor where no backup has
    one.

    Of what else is in a home some says who may come in (`accounts.json`), or what Prefect runs;
    what lies beside a catalogue DuckDB takes for the rest of it (``work.duckdb.wal``).

    >>> _place(Entry("home/runs/a/flagged.csv", 0, "", 0)).as_posix()
    'runs/a/flagged.csv'
    >>> _place(Entry("config/settings.yaml", 0, "", 0)).as_posix()
    'restored-config/settings.yaml'
    """
    whole = PurePosixPath(entry.path)
    top, *inner = whole.parts or ("",)  # of "." there is none
    if top not in {"home", "config"} or not inner or ".." in inner or whole.is_absolute():
        raise BackupError(f"the backup names a file {entry.path!a}", "don't trust it")
    in_store = PurePosixPath(*inner[1:]).as_posix() if top == "home" and inner[0] == "store" else ""
    odd = bool(in_store) and in_store != CATALOGUE and not FILE.fullmatch(in_store)
    if odd or (top == "home" and inner[0] not in HELD):
        raise BackupError(f"no backup holds a file {entry.path!a}", hint="don't trust it")
    return Path("restored-config" if top == "config" else "", *inner)
