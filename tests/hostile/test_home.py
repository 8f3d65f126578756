"""A home that can't be written to is said before anything starts."""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from detectors.core.errors import SelatError
from pipelines.ask.doctor import check_reach
from pipelines.ask.others import check_others
from pipelines.base import failure
from pipelines.base.labels import labels
from pipelines.base.progress import noted_in
from pipelines.base.schedule import LOOK
from pipelines.base.settings import PROJECT, load
from pipelines.base.spoken import spoken
from pipelines.cli import main
from pipelines.flows import environment, server
from pipelines.flows.environment import HomeError, prepare
from pipelines.publish.packs import log
from pipelines.publish.packs.keys import Keyring
from pipelines.run.export import export_run
from pipelines.run.looked import read_state
from pipelines.run.setup import load_zones
from pipelines.store.catalogue import unopened
from tests.hostile.waiting import nobody_waits

Selat = Callable[..., Any]


@pytest.mark.parametrize(
    "command",
    [
        ["nightly"],
        ["serve"],
        ["learn", "places"],
        ["learn", "normal"],
        ["backfill", "--since", "2026-01-01"],
    ],
)
def test_a_home_that_is_no_folder(tmp_path: Path, selat: Selat, command: list[str]) -> None:
    (tmp_path / "home").touch()
    ran = selat(*command, "--home", tmp_path / "home" / "deep")
    assert ran.code != 0
    if command[0] not in ("backfill", "learn"):  # which say that there is no store in it
        assert "can't be written to: Not a directory" in ran.err
    assert "hint:" in ran.err


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _zeros(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("put", [_pipe, _loop, _zeros, Path.mkdir])
def test_what_took_the_place_of_a_note_is_told_and_never_waited_for(
    tmp_path: Path, put: Callable[[Path], None]
) -> None:
    own = load(tmp_path)
    notes = own.failure, own.exports, own.progress, own.looked, own.last_backup, own.told
    for note in notes:
        put(note)
    with nobody_waits():
        assert "the nightly run failed" in failure.failure_of(own)
        assert noted_in(own.progress) is None
        assert read_state(own) is None
        if put is not _loop:  # which is as one that isn't there
            for look_at in (log.check, partial(log.append, entry={}, signer=None)):
                with pytest.raises(log.LogBrokenError, match="isn't a file"):
                    look_at(own.exports, keyring=Keyring(own.keys))


@pytest.mark.parametrize("put", [_pipe, _loop, _zeros, Path.mkdir])
def test_a_run_that_leads_nowhere_is_told(tmp_path: Path, put: Callable[[Path], None]) -> None:
    zones = load_zones(load(tmp_path))
    with nobody_waits():
        put(tmp_path / "latest")
        found = check_reach(tmp_path / "latest", zones)
        assert [one.message for one in found] == (
            ["its manifest.json or events.parquet is damaged"] if put is _loop else []
        )
        (tmp_path / "run").mkdir()
        put(tmp_path / "run" / "manifest.json")
        [problem] = check_reach(tmp_path / "run", zones)
        assert "damaged" in problem.message


@pytest.mark.parametrize(
    "command",
    [["flagged"], ["correct"], ["exports"], ["disposition", "list"], ["find", "x"], ["backup"]],
)
def test_a_home_that_was_moved_is_no_all_clear(
    tmp_path: Path,
    selat: Selat,
    command: list[str],
) -> None:
    home = tmp_path / "home"
    to = [tmp_path / "copies"] if command == ["backup"] else []
    ran = selat(*command, *to, "--home", home)
    assert (ran.code, ran.out) == (7, "")
    assert f"{home} isn't there" in ran.err
    assert not list(tmp_path.iterdir())  # nor is an empty backup made, nor the home
    home.mkdir()  # a disk that isn't mounted
    ran = selat(*command, *to, "--home", home)
    assert (ran.code, ran.out) == (7, "")
    assert f"{home} holds nothing" in ran.err


def test_looking_at_a_home_that_was_moved_makes_none(tmp_path: Path, selat: Selat) -> None:
    """`selat notify` is a timer's, and leaves what it told where the disk isn't mounted."""
    home = tmp_path / "home"
    for command in ("notify", "status", "doctor", "notify"):
        selat(command, "--home", home)
    assert (home / "notices.json").exists()
    assert (home / "examined.json").exists()
    ran = selat("exports", "--home", home)
    assert (ran.code, ran.out) == (7, "")
    assert f"{home} holds nothing" in ran.err
    assert f"{home} isn't there or holds nothing" in " ".join(
        selat("doctor", "--home", home).out.split()
    )


def test_a_list_that_was_never_made_says_what_failed(tmp_path: Path, selat: Selat) -> None:
    (tmp_path / "FAILED").write_text("2026-11-30 02:10 MYT: the nightly run failed: no space\n")
    ran = selat("flagged", "--home", tmp_path)
    assert ran.code == 7
    assert "the nightly run failed: no space" in ran.err
    assert "hint: selat doctor" in ran.err


def test_a_night_that_failed_on_a_disk_without_room_for_a_word_is_told(
    small_home: Path,
    selat: Selat,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing else in the home says so: yesterday's list would be read as tonight's."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no room")

    installation = load(small_home)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(failure, "write_text", full)
            failure.note_failure(installation, OSError("a look without room"), LOOK)
            assert not installation.failure.exists()
            failure.note_failure(installation, OSError("no room"))
        assert installation.failure.read_bytes() == b""
        ran = selat("flagged", "--home", small_home)
        assert ran.code == 0
        assert "the nightly run failed" in ran.err
        assert "is the disk full?" in ran.err
        assert "is the disk full?" in selat("status", "--home", small_home, "--json").out
        failure.note_failure(installation, OSError("no feed"))
        assert "no feed" in installation.failure.read_text()
        failure.note_failure(installation, OSError(errno.ENOSPC, "no room", "run.json"))
        assert installation.failure.read_text().endswith(" failed: run.json: no room\n")
    finally:
        installation.failure.unlink(missing_ok=True)


@pytest.mark.parametrize(("free", "said"), [(0, "no room left"), (1 << 40, "ended at once")])
def test_a_server_that_ends_for_want_of_room_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, said: str
) -> None:
    """It can't: its log is on the disk that is full."""
    monkeypatch.setattr(server.shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    pipe = subprocess.PIPE
    ended = subprocess.Popen([sys.executable, "-c", "input()"], stdin=pipe, stdout=pipe)
    with ended, pytest.raises(SelatError, match=said):
        server._wait_for(ended, {}, tmp_path / "server.log")


def test_a_copy_for_which_there_is_no_room_is_told_in_one_line_and_leaves_nothing(
    small_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left of it would fill the disk for whoever makes room."""
    copied: list[Path] = []

    def full(source: Path, to: Path, **_: Any) -> Any:
        copied.append(to)
        if len(copied) > 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(to))
        Path(to).write_bytes(b"what was copied")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", full)
        with pytest.raises(OSError, match="No space") as refused:
            export_run(load(small_home), None, tmp_path / "usb")
    assert refused.value.errno == errno.ENOSPC
    assert len(copied) == 3
    assert list(tmp_path.iterdir()) == []
    made = export_run(load(small_home), None, tmp_path / "usb")
    assert [one.name for one in made] == sorted(
        one.name for one in (small_home / "latest").iterdir()
    )


@pytest.mark.parametrize("where", ["", "prefect", "store", "runs"])
def test_a_read_only_folder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """As on a read-only file system; the owner's rights don't bind root, which tests may be."""
    for name in ("prefect", "store", "runs"):
        (tmp_path / name).mkdir()
    made = environment.tempfile.TemporaryFile

    def refuse(dir: Path) -> Any:
        if dir == tmp_path / where:
            raise OSError(30, os.strerror(30))
        return made(dir=dir)

    monkeypatch.setattr(environment.tempfile, "TemporaryFile", refuse)
    with pytest.raises(HomeError, match="Read-only file system") as refused:
        prepare(tmp_path)
    assert str(tmp_path / where).rstrip("/") in str(refused.value)
    assert "--home" in refused.value.hint


def test_nothing_is_left_of_the_look(tmp_path: Path) -> None:
    environment.refuse_unwritable(tmp_path / "home")
    assert list((tmp_path / "home").iterdir()) == []


def test_what_other_accounts_may_write_to_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where zones, watch-lists or trusted keys lie, somebody else hid a vessel unseen."""
    home, config = tmp_path / "home", tmp_path / "config"
    shutil.copytree(PROJECT / "config", config)
    (home / "keys").mkdir(parents=True)
    for path in (home, config, *home.rglob("*"), *config.rglob("*")):
        path.chmod(0o775 if path.is_dir() else 0o664)  # a group may be let in
    installation = load(home, config)
    assert check_others(installation) == []
    home.chmod(0o1777)
    (config / "zones").chmod(0o777)
    (config / "recipients.yaml").chmod(0o666)
    told = check_others(installation)
    assert [one.where for one in told] == ["home", "configuration"]
    assert told[0].message.endswith(f"write to {home}")
    assert told[1].message.endswith(f"write to {config / 'recipients.yaml'}, and to 1 more there")
    for one in told:
        for text in (one.message, one.hint):
            assert spoken(labels("ms"), text) != (text, True)
    for path in (home, config / "zones", config / "recipients.yaml"):
        path.chmod(0o750)
    assert check_others(installation) == []
    (home / "keys" / "trusted").write_text("")
    (home / "keys" / "trusted").chmod(0o666)
    assert check_others(installation) == []  # nobody else gets there
    home.chmod(0o755)
    [deep] = check_others(installation)
    assert deep.message.endswith(f"write to {home / 'keys' / 'trusted'}")
    home.chmod(0o750)
    (linked := tmp_path / "linked").symlink_to(home)
    home.chmod(0o757)
    assert [one.where for one in check_others(load(linked, config))] == ["home"]
    home.chmod(0o750)
    tmp_path.chmod(0o777)
    for above in check_others(installation):
        assert above.message.endswith(f"write to {tmp_path}")
        assert spoken(labels("ms"), above.hint)[0].startswith(f"chmod +t {tmp_path}: mereka")
    assert len(check_others(installation)) == 2
    tmp_path.chmod(0o1777)
    assert check_others(installation) == []
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    whose, lstat = (home / "keys"), Path.lstat

    def of(path: Path) -> Any:
        about = lstat(path)
        return SimpleNamespace(st_mode=about.st_mode, st_uid=4343 if path == whose else 4242)

    monkeypatch.setattr(Path, "lstat", of)
    [told_of] = check_others(installation)
    assert told_of.message == f"{home / 'keys'} is another account's"
    assert "akaun lain" in spoken(labels("ms"), told_of.message)[0]


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_a_folder_of_another_user(tmp_path: Path, selat: Selat) -> None:
    home = tmp_path / "home"
    home.mkdir(0o555)
    ran = selat("nightly", "--home", home)
    assert ran.code == 1
    assert f"{home} can't be written to: Permission denied" in ran.err
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(
    ("refused", "hint"),
    [
        (errno.EACCES, "as the account that owns"),
        (errno.EROFS, "another place"),
        (errno.ENOSPC, "room"),
    ],
)
def test_what_the_system_refuses_says_what_to_do(
    refused: int,
    hint: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As where somebody plans in a home that another account keeps."""

    def plan() -> None:
        raise OSError(refused, os.strerror(refused), "home/runs/plan.csv")

    monkeypatch.setattr(main, "_app_of", lambda _: plan)
    with pytest.raises(SystemExit):
        main._run("plan")
    told = capsys.readouterr().err
    assert f"home/runs/plan.csv: {os.strerror(refused)}" in told
    assert hint in told.partition("hint:")[2]


@pytest.mark.parametrize(
    ("why", "hint"),
    [
        ("Permission denied", "the account that owns it"),
        ("No such file or directory", "from a copy"),
    ],
)
def test_nobody_is_told_to_move_a_store_away_that_is_anothers(why: str, hint: str) -> None:
    error = duckdb.IOException(f'IO Error: Cannot open file "catalogue.duckdb": {why}')
    told = unopened(Path("catalogue.duckdb"), error)
    assert hint in told.hint
    assert ("move the store" in told.hint) == (why != "Permission denied")
