"""Who is killed while it writes leaves nothing that grows, and nothing plain where it may not."""

import errno
import fcntl
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import IO, Any

import pytest

from detectors.core.errors import SelatError
from pipelines.ask.health import gather, problems
from pipelines.base import files
from pipelines.base.failure import failure_of, note_failure, under_way
from pipelines.base.progress import reporter
from pipelines.base.settings import PROJECT, Installation, load
from pipelines.publish.packs import build, issued, log
from pipelines.publish.packs.keys import Keyring
from pipelines.run import runs
from pipelines.run.packs import Sent, export_to, send
from pipelines.run.release import release_run
from tests.conftest import leaving_out_briefs
from tests.pipelines.publish.packs.conftest import NOW

Selat = Callable[..., Any]

BOAT = "title: Boat, holds: [MYS], max_tlp: AMBER, formats: [csv]"


@pytest.fixture(scope="module")
def fleet(small_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A home with two recipients, one of which gets encrypted packs, to be copied."""
    folder = tmp_path_factory.mktemp("fleet")
    config = Path(shutil.copytree(PROJECT / "config", folder / "config"))
    opening = Keyring(folder / "theirs").make_opening(NOW).public
    (config / "recipients.yaml").write_text(
        f"plain: {{{BOAT}}}\nsealed: {{{BOAT}, encrypt_to: [{opening}]}}\n"
    )
    return load(Path(shutil.copytree(small_home, folder / "home", symlinks=True)), config)


@pytest.fixture
def boat(fleet: Installation, tmp_path: Path) -> Installation:
    """A copy of that home."""
    home = Path(shutil.copytree(fleet.home, tmp_path / "home", symlinks=True))
    return load(home, Path(shutil.copytree(fleet.config, tmp_path / "config")))


@pytest.fixture(scope="module")
def sent_from(fleet: Installation) -> Callable[..., Sent]:
    """Make a pack of a copy's night, as `export_to`: what is told is worked out once for all."""
    released = cache(lambda name: release_run(fleet, name, None))
    return lambda copy, name, **how: send(copy, name, released(name), None, unsigned=True, **how)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_encrypted_never_lies_plain_on_the_stick(
    boat: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is killed leaves what is there then, and a stick keeps what was deleted on it."""
    stick, seal, fill = tmp_path / "stick", build.sealed, build.fill
    seen: list[list[Path]] = []

    def looked(make):
        def made(*given):
            result = make(*given)
            seen.append([path for path in stick.rglob("*") if path.is_file()])
            return result

        return made

    monkeypatch.setattr(build, "fill", looked(fill))
    monkeypatch.setattr(build, "sealed", looked(seal))
    sent = export_to(boat, "sealed", out=stick, unsigned=True)
    assert seen == [[], []]
    assert [stick / name for name in names(stick)] == list(sent.paths)
    assert names(boat.packs) == []


@pytest.mark.parametrize("recipient", ["plain", "sealed"])
def test_a_pack_is_on_the_disk_before_the_log_has_it(
    boat: Installation,
    sent_from: Callable[..., Sent],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    recipient: str,
) -> None:
    """Power fails, or a stick is pulled: what the log says went out is there."""
    flushed, logged, fsync, append = set(), set[int](), os.fsync, log.append

    def flush(handle: int) -> None:
        fsync(handle)
        flushed.add(os.fstat(handle).st_ino)

    def noted(*given):
        logged.update(flushed)
        return append(*given)

    monkeypatch.setattr(os, "fsync", flush)
    monkeypatch.setattr(log, "append", noted)
    stick = tmp_path / "stick"
    sent = sent_from(boat, recipient, out=stick)
    made = [path for path in stick.rglob("*") if path.is_file()]
    assert {path.stat().st_ino for path in (*sent.paths, *made)} <= logged
    assert stick.stat().st_ino in flushed  # and so are their names, when it is done


def test_what_a_killed_export_left_goes_and_what_is_being_made_stays(
    boat: Installation, sent_from: Callable[..., Sent]
) -> None:
    left, making = (boat.packs / f".{name}.unfinished" for name in ("left", "making"))
    for folder in (left, making):
        (folder / "folder").mkdir(parents=True)
        (folder / "folder" / "flagged.csv").write_text("mmsi")
    with held(making):
        sent = sent_from(boat, "plain")
        assert names(boat.packs) == sorted([making.name, *(path.name for path in sent.paths)])
    mine = boat.packs / f".{sent.paths[0].name}.unfinished"
    mine.symlink_to(boat.runs)  # whatever leads elsewhere is neither followed nor emptied
    with pytest.raises(SelatError, match="being made by somebody else"):
        sent_from(boat, "plain", replace=True)
    assert names(boat.runs)
    mine.unlink()
    mine.mkdir()
    with held(mine), pytest.raises(SelatError, match="being made by somebody else"):
        sent_from(boat, "plain", replace=True)
    sent_from(boat, "plain", replace=True)
    assert names(boat.packs) == sorted(path.name for path in sent.paths)


@pytest.mark.parametrize("where", [(build, "archive"), (log, "append")])
def test_what_a_pack_that_came_to_nothing_would_have_told_is_not_kept(
    boat: Installation,
    sent_from: Callable[..., Sent],
    monkeypatch: pytest.MonkeyPatch,
    where: tuple[Any, str],
) -> None:
    """A correction tells what its recipient was told: not what was struck from the next pack."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no room")

    with monkeypatch.context() as patch:
        patch.setattr(*where, full)
        with pytest.raises(OSError, match="no room"):
            sent_from(boat, "plain")
    assert not boat.exported.exists()
    whole = sent_from(boat, "plain").released.products.events
    shutil.rmtree(boat.exported)
    struck = str(whole["mmsi"].iloc[0])
    sent = export_to(boat, "plain", unsigned=True, strike=[struck], replace=True)
    told, _ = issued.leads_of(boat.exported, sent.paths[0].name)
    assert len(told)
    assert struck not in {str(one) for one in told["mmsi"]}


def test_a_sheet_is_put_together_where_it_is_written(
    boat: Installation, sent_from: Callable[..., Sent], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a pack holds lies in no folder that is everybody's, for whoever is killed."""
    path = boat.config / "recipients.yaml"
    path.write_text(path.read_text().replace("csv", "xlsx"))
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    folder, _ = sent_from(boat, "plain").paths
    assert (folder / "flagged.xlsx").stat().st_size > 1000


def test_in_a_folder_of_somebody_elses_nothing_is_tidied(
    boat: Installation, sent_from: Callable[..., Sent], tmp_path: Path
) -> None:
    theirs = tmp_path / "stick" / ".film.unfinished"
    theirs.mkdir(parents=True)
    sent_from(boat, "plain", out=tmp_path / "stick")
    assert theirs.is_dir()


def test_a_share_that_knows_no_locks_takes_packs(
    boat: Installation,
    sent_from: Callable[..., Sent],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As NFS has none of folders."""
    lock = fcntl.flock

    def none_of_folders(handle: int | IO[Any], how: int) -> None:
        number = handle if isinstance(handle, int) else handle.fileno()
        if stat.S_ISDIR(os.fstat(number).st_mode):
            raise OSError(errno.EBADF, "no locks here")
        lock(handle, how)

    monkeypatch.setattr(fcntl, "flock", none_of_folders)
    share = tmp_path / "share"
    (share / ".film.unfinished").mkdir(parents=True)
    (tmp_path / "link").symlink_to(share)
    sent = sent_from(boat, "plain", out=tmp_path / "link")
    assert names(share) == sorted([".film.unfinished", *(path.name for path in sent.paths)])
    (boat.packs / ".film.unfinished").mkdir(parents=True)
    sent_from(boat, "plain")
    assert ".film.unfinished" in names(boat.packs)  # somebody may be making it


def test_what_runs_that_were_killed_left_goes_with_the_next(boat: Installation) -> None:
    """Of a night before, whose id no run has again."""
    left = boat.runs / ".20260101T160000Z-0001.unfinished"
    left.mkdir()
    (left / "brief.html").write_text("half of it")
    with leaving_out_briefs(), reporter(quiet=True) as report:
        runs.detect_only(boat, None, None, None, report)
    assert [name for name in names(boat.runs) if name.startswith(".")] == []


def test_a_run_that_was_killed_before_it_was_shown_is_told(boat: Installation) -> None:
    """Else `selat status` tells of one run, and `selat flagged` shows the vessels of another."""
    first = boat.latest.readlink()
    now = datetime.now(UTC) + timedelta(hours=1)
    with leaving_out_briefs(), reporter(quiet=True) as report:
        second = runs.detect_only(boat, None, None, None, report).run_id
    settings = boat.settings.health
    assert f"run {second}" not in [one.where for one in problems(gather(boat, now), settings)]
    boat.latest.unlink()
    boat.latest.symlink_to(first)
    told = {one.where: one for one in problems(gather(boat, now), settings)}[f"run {second}"]
    assert told.level == "error"
    assert first.name in told.message


def test_half_a_file_goes_when_it_is_written_again_once_nobody_writes_it(tmp_path: Path) -> None:
    old, fresh, others = (
        tmp_path / name for name in (".a[1].json.41.part", ".a[1].json.42.part", ".b.json.41.part")
    )
    for path in (old, fresh, others):
        path.write_text("{")
    days_ago = time.time() - 2 * files.LEFT_S
    for path in (old, others):
        os.utime(path, (days_ago, days_ago))
    files.write_text(tmp_path / "a[1].json", "{}")
    assert names(tmp_path) == sorted([fresh.name, others.name, "a[1].json"])


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Have a folder be made by somebody, for the length of a with block."""
    handle = os.open(folder, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(handle)


HOLD = """
import sys, time
from pathlib import Path
from pipelines.base import settings
from pipelines.base.failure import under_way
with under_way(settings.load(Path(sys.argv[1]))):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_night_that_was_killed_is_told_in_the_morning(home: Path, selat: Selat) -> None:
    """By the system for want of memory, or with the machine: nobody is left to say so."""
    installation = load(home)
    command = [sys.executable, "-c", HOLD, str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=PROJECT) as night:
        assert night.stdout is not None
        assert night.stdout.readline() == b"held\n"
        assert failure_of(installation) == ""  # it lasts
        night.kill()
    assert "the nightly run failed: it began then and was ended" in failure_of(installation)
    ran = selat("flagged", "--home", home)
    assert (ran.code, "ended without a word" in ran.err) == (0, True)
    assert "ended without a word" in selat("status", "--home", home, "--json").out
    # What failed before it is older news, what failed since is newer.
    began = datetime.now(UTC).timestamp()
    os.utime(installation.under_way, (began, began))
    note_failure(installation, SelatError("no feed"))
    os.utime(installation.failure, (began - 60, began - 60))
    assert "without a word" in failure_of(installation)
    os.utime(installation.failure, (began + 60, began + 60))
    assert failure_of(installation).endswith("no feed")
    installation.failure.unlink()
    with under_way(installation):  # the next night
        assert failure_of(installation) == ""
    assert failure_of(installation) == ""
    assert not installation.under_way.exists()


def test_a_night_that_ends_by_itself_leaves_nothing_behind(home: Path) -> None:
    installation = load(home)
    with pytest.raises(RuntimeError, match="no luck"), under_way(installation):
        raise RuntimeError("no luck")
    assert not installation.under_way.exists()
    os.mkfifo(installation.under_way)  # or whatever stands in its way: no night fails for it
    with under_way(installation):
        assert failure_of(installation) == ""


def test_who_looks_whether_a_night_was_killed_makes_none_look_so(home: Path) -> None:
    """Nor who looks just as one begins, or ends."""
    installation = load(home)
    installation.under_way.touch()
    with installation.under_way.open("rb") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        threading.Timer(0.2, fcntl.flock, (looking, fcntl.LOCK_UN)).start()
        with under_way(installation):
            assert failure_of(installation) == ""
        assert failure_of(installation) == ""
        assert not installation.under_way.exists()
