"""When the newest run was published is known however its home came to where it is."""

import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.ask.health import gather
from pipelines.base.progress import reporter
from pipelines.base.settings import load
from pipelines.run.backup.make import backup
from pipelines.run.backup.restore import restore
from pipelines.run.folder import point_newest
from pipelines.run.published import note_published, published_at
from tests.conftest import look

WHEN = datetime(2026, 4, 2, 20, 30, tzinfo=UTC)


def finished(home: Path) -> datetime:
    health = gather(load(home), datetime.now(UTC))
    assert health.last_run is not None
    assert health.last_run.finished is not None
    return health.last_run.finished


def newest(home: Path) -> str:
    return (home / "latest").resolve().name


def note(home: Path, **more: Any) -> str:
    return json.dumps({"run_id": newest(home), "time": WHEN.isoformat(), **more})


def times_now(home: Path) -> None:
    """Give all files the time of now, as what copies without times does."""
    for path in home.rglob("*"):
        if not path.is_symlink():
            os.utime(path)


def test_a_copy_without_times_and_a_backup_taken_back_tell_when_it_was(
    home: Path, tmp_path: Path
) -> None:
    (home / "published.json").write_text(note(home))
    copied = Path(
        shutil.copytree(home, tmp_path / "copied", symlinks=True, copy_function=shutil.copyfile)
    )
    assert finished(copied) == WHEN
    with reporter(quiet=True) as report:
        backup(load(copied), tmp_path / "disk", report)
        restore(tmp_path / "disk", tmp_path / "back", report)
    times_now(tmp_path / "back")
    assert finished(tmp_path / "back") == WHEN


@pytest.mark.slow
@pytest.mark.usefixtures("without_briefs")
def test_a_run_is_noted_as_it_is_published_and_says_nothing_of_it_itself(home: Path) -> None:
    begun = datetime.now(UTC)
    look(home)
    written = published_at(load(home), newest(home))
    assert written is not None
    assert begun <= written <= datetime.now(UTC)
    times_now(home)
    assert finished(home) == written
    told = json.loads((home / "published.json").read_text())
    assert told["time"] not in (home / "latest" / "manifest.json").read_text()


@pytest.mark.slow
@pytest.mark.usefixtures("without_briefs")
def test_what_cant_be_noted_costs_no_run(home: Path) -> None:
    (home / "published.json").unlink(missing_ok=True)
    (home / "published.json").mkdir()
    (home / "published.json" / "in-the-way").touch()
    before = newest(home)
    look(home)
    assert newest(home) != before
    assert datetime.now(UTC) - finished(home) < timedelta(minutes=10)


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _nothing(path: Path) -> None:
    assert not path.exists()


BROKEN: dict[str, Callable[[Path], object]] = {
    "a home of before": _nothing,
    "a pipe that nobody writes to": _pipe,
    "a folder": Path.mkdir,
    "a link to itself": lambda path: path.symlink_to(path),
    "empty": lambda path: path.write_text(""),
    "not UTF-8": lambda path: path.write_bytes(b'{"run_id": "\xff"}'),
    "deep": lambda path: path.write_text("[" * 100_000),
    "long": lambda path: path.write_text(note(path.parent) + " " * (1 << 26)),
    "of another run": lambda path: path.write_text(note(path.parent, run_id="another")),
    "without a zone": lambda path: path.write_text(note(path.parent, time="2026-04-02T20:30:00")),
    "beyond what can be shown": lambda path: path.write_text(
        note(path.parent, time="9999-12-31T23:59:59Z")
    ),
    "before the first year": lambda path: path.write_text(
        note(path.parent, time="0001-01-01T00:00:00+14:00")
    ),
    "a word": lambda path: path.write_text(note(path.parent, time="yesterday")),
    "more": lambda path: path.write_text(note(path.parent, more=1)),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_isnt_noted_is_told_by_the_time_of_the_manifest(what: str, tmp_path: Path) -> None:
    run = tmp_path / "runs" / "20260402T000000Z-0001"
    run.mkdir(parents=True)
    (tmp_path / "latest").symlink_to(run)
    assert published_at(load(tmp_path), run.name) is None
    (run / "manifest.json").touch()
    os.utime(run / "manifest.json", (86_400, 86_400))
    BROKEN[what](tmp_path / "published.json")
    assert published_at(load(tmp_path), run.name) == datetime(1970, 1, 2, tzinfo=UTC)


def test_to_name_a_run_again_makes_it_no_newer(tmp_path: Path) -> None:
    """As a backfill does that finds nothing left to do."""
    run = tmp_path / "runs" / "20260402T000000Z-0001"
    run.mkdir(parents=True)
    (run / "manifest.json").touch()
    note_published(load(tmp_path), run.name)
    noted = published_at(load(tmp_path), run.name)
    point_newest(load(tmp_path), run)
    assert published_at(load(tmp_path), run.name) == noted
