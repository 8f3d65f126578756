"""A disk with backups that has been in other hands: nothing outside is read, written or removed."""

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.base.progress import reporter
from pipelines.run.backup import BackupError, Repository, restore
from tests.killing import kills

MADE = "20260106T050000000000Z"
CONTENT = b"flagged"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
ENTRY = {"path": "home/runs/r1/flagged.csv", "bytes": 7, "sha256": DIGEST, "mtime_ns": 0}
CATALOGUE = {**ENTRY, "path": "home/store/catalogue.duckdb"}
GOOD = {
    "format": 1,
    "name": "",
    "made": MADE,
    "version": "0.1.0",
    "schema_version": None,
    "simulated": True,
    "latest": "r1",
    "keys": False,
    "entries": [ENTRY],
}


def _disk(folder: Path, paper: bytes) -> Path:
    """A folder of backups with one of such a list, whose name fits it."""
    place = folder / "objects" / DIGEST[:2]
    place.mkdir(parents=True)
    (place / DIGEST).write_bytes(CONTENT)
    (folder / "snapshots").mkdir()
    name = f"{MADE}-{hashlib.sha256(paper).hexdigest()[:16]}"
    (folder / "snapshots" / f"{name}.json").write_bytes(paper)
    return folder


def _take(disk: Path, home: Path) -> Any:
    with reporter(quiet=True) as report:
        return restore(disk, home, report)


def _of(**changes: Any) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


def _entry(**changes: Any) -> bytes:
    return _of(entries=[{**ENTRY, **changes}])


@pytest.fixture
def no_duckdb(monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules["pipelines.run.backup.restore"]
    monkeypatch.setattr(module, "forget_superseded", lambda *_: None)


@pytest.mark.usefixtures("no_duckdb")
def test_the_good_one_is_taken_back(tmp_path: Path) -> None:
    _take(_disk(tmp_path / "disk", _of()), tmp_path / "home")
    assert (tmp_path / "home" / "latest" / "flagged.csv").read_bytes() == CONTENT


@pytest.mark.usefixtures("no_duckdb")
def test_a_home_that_is_there_is_filled(tmp_path: Path) -> None:
    """A disk of its own can't be replaced by the folder that was made, nor one in another
    account's folder, where none can be made beside it."""
    home = tmp_path / "home"
    disk = _disk(tmp_path / "disk", _of(entries=[ENTRY, CATALOGUE]))
    (home / "lost+found").mkdir(parents=True)
    for at in kills(lambda: _take(disk, home)):
        assert (home / "store").exists() <= (home / "latest" / "flagged.csv").exists(), at
        shutil.rmtree(home, ignore_errors=True)
        (home / "lost+found").mkdir(parents=True)
    shutil.rmtree(home)
    left = home / ".restored.unfinished"
    left.mkdir(parents=True)
    (left / "of one that was killed").write_bytes(CONTENT)
    _take(disk, home)
    assert sorted(path.name for path in home.iterdir()) == ["latest", "runs", "store"]
    with pytest.raises(BackupError, match="isn't empty"):
        _take(disk, home)


BAD: dict[str, bytes] = {
    "nothing": b"",
    "a list": b"[]",
    "null": b"null",
    "deep": b"[" * 100_000,
    "half": _of()[:50],
    "not UTF-8": b"\xff" + _of(),
    "another field": _of(more=1),
    "no entries": b'{"format": 1}',
    "entries as a text": _of(entries="x"),
    "an entry as a text": _of(entries=["x"]),
    "a path that climbs": _entry(path="home/../../x"),
    "a path from the root": _entry(path="/etc/x"),
    "a path elsewhere": _entry(path="other/x"),
    "who may come in": _entry(path="home/accounts.json"),
    "what Prefect runs": _entry(path="home/prefect/profiles.toml"),
    "what DuckDB adds to a catalogue": _entry(path="home/store/work.duckdb.wal"),
    "a store that is no folder": _entry(path="home/store"),
    "no path": _entry(path=""),
    "a path to nowhere": _entry(path="."),
    "a path with NUL": _entry(path="home/a\0b"),
    "half a pair": _entry(path="home/\ud800"),
    "a path as a number": _entry(path=1),
    "a hash that climbs": _entry(sha256="../../../../../../../../../etc/passwd"),
    "a hash from the root": _entry(sha256="/etc/passwd"),
    "a hash as a number": _entry(sha256=7),
    "a size below none": _entry(bytes=-1),
    "a size as a text": _entry(bytes="7"),
    "a size that isn't its": _entry(bytes=6),
    "more than the disk has": _entry(bytes=1 << 62),
    "a time too late": _entry(mtime_ns=10**30),
    "a time as a fraction": _entry(mtime_ns=1.5),
    "a file twice": _of(entries=[ENTRY, ENTRY]),
    "a file in the place of a folder": _of(entries=[ENTRY, {**ENTRY, "path": "home/runs/r1"}]),
    "a folder in the place of a file": _of(
        entries=[ENTRY, {**ENTRY, "path": "home/runs/r1/flagged.csv/x"}]
    ),
    "the newest run elsewhere": _of(latest="../../.."),
    "the newest run from the root": _of(latest="/etc"),
    "the newest run above": _of(latest=".."),
    "the newest run as a number": _of(latest=7),
    "the newest run here": _of(latest="."),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_list_that_is_none_is_refused(tmp_path: Path, bad: str) -> None:
    disk = _disk(tmp_path / "disk", BAD[bad])
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BackupError) as told:
        _take(disk, tmp_path / "home")
    assert told.value.message.isprintable()
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("what", ["link", "device", "pipe", "folder", "larger"])
@pytest.mark.parametrize("of", ["object", "list"])
def test_what_is_no_plain_file_is_refused(tmp_path: Path, what: str, of: str) -> None:
    disk = _disk(tmp_path / "disk", _of())
    [path] = (disk / "snapshots").glob("*") if of == "list" else (disk / "objects").glob("*/*")
    whole = path.read_bytes()
    path.unlink()
    if what == "link":
        (tmp_path / "elsewhere").write_bytes(whole)
        path.symlink_to(tmp_path / "elsewhere")
    elif what == "device":
        path.symlink_to("/dev/zero")
    elif what == "pipe":
        os.mkfifo(path)
    elif what == "folder":
        path.mkdir()
    else:
        path.write_bytes(whole + b" ")
        os.truncate(path, 1 << 40)  # a file with a hole, which takes no room
        if of == "list":
            os.truncate(path, 1 << 20)
    with pytest.raises(BackupError):
        _take(disk, tmp_path / "home")
    if of == "object":
        repository = Repository(disk)
        assert len(repository.verify(repository.snapshot())) == 1


def _inside(disk: Path) -> None:
    with Repository(disk).locked():
        Repository(disk).prune(1)


@pytest.mark.parametrize("name", ["lock", "README.txt", "objects", "snapshots"])
def test_a_link_in_place_of_what_is_written_to_is_refused(tmp_path: Path, name: str) -> None:
    victim = tmp_path / "victim"
    disk = tmp_path / "disk"
    disk.mkdir()
    if name in {"lock", "README.txt"}:
        (disk / "snapshots").mkdir()
        victim.write_text("dear")
    else:
        victim.mkdir()
        (disk / "snapshots").mkdir() if name == "objects" else None
    (disk / name).symlink_to(victim)
    with pytest.raises(BackupError, match="leads elsewhere"):
        _inside(disk)
    assert list(victim.iterdir()) == [] if victim.is_dir() else victim.read_text() == "dear"


@pytest.mark.parametrize("link", [True, False])
def test_nothing_is_removed_that_is_no_object(tmp_path: Path, link: bool) -> None:
    disk = _disk(tmp_path / "disk", _of())
    older = _of(latest="")
    name = f"20250106T050000000000Z-{hashlib.sha256(older).hexdigest()[:16]}"
    (disk / "snapshots" / f"{name}.json").write_bytes(older)
    dear = tmp_path / "dear" if link else disk / "objects" / "ab"
    dear.mkdir()
    for file in ("thesis.txt", "a" * 64, "x.new"):
        (dear / file).write_text("dear")
    if link:
        (disk / "objects" / "ab").symlink_to(dear)
    _inside(disk)
    left = {"thesis.txt", "x.new", *(["a" * 64] if link else [])}
    assert {path.name for path in dear.iterdir()} == left


def test_names_do_not_paint(selat_list: Callable[[Path], str], tmp_path: Path) -> None:
    disk = _disk(tmp_path / "disk", _of(latest="\x1b]0;x\x07\u202e"))
    (disk / "snapshots" / "\x1b]0;x\x07.json").write_bytes(b"{}")
    shown = selat_list(disk)
    assert "\x1b" not in shown
    assert "\u202e" not in shown


@pytest.fixture
def selat_list(capsys: pytest.CaptureFixture[str]) -> Callable[[Path], str]:
    """What `selat backup FOLDER --list` prints."""
    from pipelines.cli.backup import _show

    def listed(folder: Path) -> str:
        _show(Repository(folder), verify=False, as_json=False)
        return capsys.readouterr().out

    return listed
