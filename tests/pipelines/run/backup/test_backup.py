"""Backups: whole while others write, incremental, verified, and taken back whole or not at all."""

import errno
import gzip
import json
import shutil
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from detectors.core.errors import SelatError
from pipelines import store
from pipelines.ask.health import gather
from pipelines.base.progress import reporter
from pipelines.base.settings import Installation, load
from pipelines.publish.packs import log
from pipelines.publish.packs.keys import Keyring
from pipelines.run.backup import BackupError, Repository, Snapshot, backup, restore
from pipelines.run.backup.repository import Entry
from pipelines.run.looks import Looker
from pipelines.store import Writer
from pipelines.store.check import check
from tests.conftest import ingest, look
from tests.killing import kills

Selat = Callable[..., Any]


@pytest.fixture
def home(exercise_home: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(exercise_home, tmp_path / "home", symlinks=True))


def keep(installation: Installation, folder: Path, **options: Any) -> Any:
    with reporter(quiet=True) as report:
        return backup(installation, folder, report, **options)


def take(folder: Path, home: Path, name: str = "") -> Any:
    with reporter(quiet=True) as report:
        return restore(folder, home, report, name=name)


def objects(folder: Path) -> list[Path]:
    return sorted((folder / "objects").glob("*/*"))


def content(home: Path) -> dict[str, Any]:
    with store.read(home / "store") as reader:
        return {
            "runs": reader.runs()["run_id"].tolist(),
            "events": reader.sql("SELECT event_id, score FROM events ORDER BY ALL").values.tolist(),
            "files": reader.sql("SELECT path, sha256 FROM files ORDER BY ALL").values.tolist(),
        }


@pytest.mark.slow
def test_what_is_taken_back_is_what_was_kept(home: Path, selat: Selat, tmp_path: Path) -> None:
    disk, new = tmp_path / "disk", tmp_path / "new"
    (home / "recordings").mkdir()
    (home / "recordings" / "20260105T160000Z-a.nmea.zst").write_bytes(b"recorded")
    (home / "exports.jsonl").write_text("{}\n")
    ran = selat("backup", disk, "--home", home)
    assert ran.code == 0, ran.err
    assert "keys" not in ran.out  # there are none
    ran = selat("restore", disk, "--home", new)
    assert ran.code == 0, ran.err
    assert content(new) == content(home)
    assert check(new / "store") == []
    assert (new / "latest").resolve().name == (home / "latest").resolve().name
    for path in sorted(p for p in (home / "latest").rglob("*") if p.is_file()):
        copied = new / "latest" / path.relative_to(home / "latest")
        assert copied.read_bytes() == path.read_bytes()
    assert (new / "recordings" / "20260105T160000Z-a.nmea.zst").read_bytes() == b"recorded"
    assert (new / "restored-config" / "settings.yaml").exists()
    assert (
        selat("flagged", "--home", new, "--csv").out
        == selat("flagged", "--home", home, "--csv").out
    )


@pytest.mark.slow
@pytest.mark.usefixtures("without_briefs")
def test_a_look_takes_no_nights_place_in_what_is_taken_back(
    small_feed: Path, tmp_path: Path
) -> None:
    """Looks leave the list alone: whoever opens HOME/latest wants the brief, the map, the plan."""
    home, lines = tmp_path / "home", gzip.decompress(small_feed.read_bytes()).splitlines(True)
    for name, part in (("a", lines[: len(lines) // 2]), ("b", lines[len(lines) // 2 :])):
        (tmp_path / name).write_bytes(b"".join(part))
    ingest(home, tmp_path / "a")
    look(home)
    keep(load(home), tmp_path / "disk")
    take(tmp_path / "disk", tmp_path / "before")
    with reporter(quiet=True) as report:
        assert Looker(load(home), [str(tmp_path / "b")], report).look().finished is not None
    keep(load(home), tmp_path / "disk")
    take(tmp_path / "disk", tmp_path / "after")
    for given in ("before", "after"):
        assert (tmp_path / given / "latest").readlink() == (home / "latest").readlink()
    assert (tmp_path / "after" / "look").readlink() == (home / "look").readlink()
    assert not (tmp_path / "before" / "look").is_symlink()


def test_a_second_backup_costs_what_is_new(home: Path, tmp_path: Path) -> None:
    disk, installation = tmp_path / "disk", load(home)
    first = keep(installation, disk)
    assert first.new_bytes > 100_000
    again = keep(installation, disk)
    assert again.new_bytes == 0
    (home / "exports.jsonl").write_text("{}\n")
    third = keep(installation, disk)
    assert third.new_bytes == 3
    assert len(Repository(disk).names()) == 3


def test_a_recording_that_got_its_final_name_meanwhile_is_kept_under_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recorder goes on while a backup is made."""
    installation = load(tmp_path / "home")
    with store.write(installation.store):
        pass
    installation.recordings.mkdir(parents=True)
    open_, whole = (installation.recordings / name for name in ("tcp.nmea.gz.open", "tcp.nmea.gz"))
    open_.write_bytes(b"x")
    real = Repository.put

    def put(self: Repository, path: Path, *rest: Any) -> Any:
        if path == open_:
            open_.rename(whole)
        return real(self, path, *rest)

    monkeypatch.setattr(Repository, "put", put)
    made = keep(installation, tmp_path / "disk")
    assert made.gone == ("home/recordings/tcp.nmea.gz.open",)
    assert "home/recordings/tcp.nmea.gz" in {entry.path for entry in made.snapshot.entries}
    back = take(tmp_path / "disk", tmp_path / "back").home
    assert (back / "recordings" / "tcp.nmea.gz").read_bytes() == b"x"
    assert not (back / "latest").is_symlink()  # of no run


def test_old_backups_go_and_what_others_need_stays(home: Path, tmp_path: Path) -> None:
    disk, installation = tmp_path / "disk", load(home)
    for number in range(3):
        (home / "exports.jsonl").write_text(f"{number}\n" * (number + 1))
        made = keep(installation, disk, keep=2)
    names = Repository(disk).names()
    assert len(names) == 2
    assert made.freed_bytes == 2
    for name in names:
        assert Repository(disk).verify(Repository(disk).snapshot(name)) == []


def test_private_keys_stay_unless_they_are_asked_for(
    home: Path, selat: Selat, tmp_path: Path
) -> None:
    assert selat("keys", "make", "--home", home).code == 0
    assert selat("keys", "make", "--opening", "--home", home).code == 0
    secrets = {
        p.read_bytes()
        for p in (home / "keys").iterdir()
        if p.suffix == ".key" or p.name.startswith("opening")
    }
    assert len(secrets) == 2
    keep(load(home), tmp_path / "a")
    kept = {path.read_bytes() for path in objects(tmp_path / "a")}
    assert not secrets & kept
    keep(load(home), tmp_path / "b", keys=True)
    assert secrets <= {path.read_bytes() for path in objects(tmp_path / "b")}


def test_who_backs_up_is_told_in_time_that_keys_stay_out(
    home: Path, selat: Selat, tmp_path: Path
) -> None:
    Keyring(home / "keys").make(datetime(2026, 1, 6, tzinfo=UTC), None)
    assert "keep HOME/keys elsewhere" in selat("backup", tmp_path / "a", "--home", home).out
    kept = selat("backup", tmp_path / "b", "--home", home, "--with-keys")
    assert "keep HOME/keys elsewhere" not in kept.out


@pytest.mark.parametrize("with_keys", [False, True])
def test_the_log_of_exports_is_whole_after_it_was_taken_back(
    home: Path, tmp_path: Path, with_keys: bool
) -> None:
    keyring = Keyring(home / "keys")
    keyring.make(datetime(2026, 1, 6, tzinfo=UTC), None)
    for recipient in ("mmea", "abf"):
        log.append(home / "exports.jsonl", {"recipient": recipient}, keyring, keyring.signer(None))
    keep(load(home), tmp_path / "disk", keys=with_keys)
    log.append(home / "exports.jsonl", {"recipient": "boat"}, keyring, keyring.signer(None))
    new = tmp_path / "new"
    take(tmp_path / "disk", new)
    checked = log.check(new / "exports.jsonl", Keyring(new / "keys"))
    assert (len(checked.entries), checked.problems, checked.notes) == (2, (), ())
    lines = (new / "exports.jsonl").read_bytes().splitlines(keepends=True)
    (new / "exports.jsonl").write_bytes(lines[0])
    assert log.check(new / "exports.jsonl", Keyring(new / "keys")).problems
    shutil.rmtree(new / "keys")
    assert (
        "without HOME/keys" in log.check(new / "exports.jsonl", Keyring(new / "keys")).problems[0]
    )


def test_nobody_else_may_read_it(home: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    keep(load(home), disk)
    for folder in (disk, disk / "objects", disk / "snapshots"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in objects(disk)} == {0o400}
    take(disk, tmp_path / "new")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


@pytest.mark.parametrize("damage", ["lost", "changed", "list"])
def test_a_damaged_backup_is_found_and_not_taken_back(
    home: Path, selat: Selat, tmp_path: Path, damage: str
) -> None:
    disk = tmp_path / "disk"
    name = keep(load(home), disk).snapshot.name
    if damage == "list":
        victim = disk / "snapshots" / f"{name}.json"
        victim.chmod(0o600)
        victim.write_text(victim.read_text().replace("home/store", "home/../../store"))
    else:
        victim = max(objects(disk), key=lambda path: path.stat().st_size)
        victim.chmod(0o600)
        if damage == "lost":
            victim.unlink()
        else:
            raw = bytearray(victim.read_bytes())
            raw[len(raw) // 2] ^= 1
            victim.write_bytes(raw)
    assert selat("backup", disk, "--verify").code == 12
    with pytest.raises(BackupError, match=r"lost|changed"):
        take(disk, tmp_path / "new")
    assert not (tmp_path / "new").exists()
    assert not list(tmp_path.glob(".*unfinished"))


def test_a_list_that_leads_outside_is_refused(home: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    repository = Repository(disk)
    snapshot = keep(load(home), disk).snapshot
    content = json.loads((disk / "snapshots" / f"{snapshot.name}.json").read_text())
    assert content["entries"]
    from dataclasses import replace

    wicked = replace(snapshot.entries[0], path="home/../../outside")
    repository.add(replace(snapshot, made="20990101T000000Z", entries=(wicked,)))
    with pytest.raises(BackupError, match="outside"):
        take(disk, tmp_path / "new")
    assert not (tmp_path / "outside").exists()


def test_a_damaged_store_makes_no_backup(home: Path, tmp_path: Path) -> None:
    victim = next((home / "store" / "positions").rglob("*.parquet"))
    raw = bytearray(victim.read_bytes())
    raw[len(raw) // 2] ^= 1
    victim.write_bytes(raw)
    with pytest.raises(BackupError, match="isn't what the store says"):
        keep(load(home), tmp_path / "disk")
    assert Repository(tmp_path / "disk").names() == []


@pytest.mark.slow
def test_no_backup_holds_a_catalogue_that_is_damaged_where_nobody_looked(
    home: Path, tmp_path: Path
) -> None:
    catalogue = home / "store" / "catalogue.duckdb"
    whole, told = catalogue.read_bytes(), []
    for share in (0.3, 0.5, 0.7, 0.9):
        raw = bytearray(whole)
        middle = int(len(raw) * share)
        raw[middle] ^= 1
        catalogue.write_bytes(raw)
        damaged, disk = bool(check(home / "store")), tmp_path / f"disk{share}"
        if damaged:
            with pytest.raises(store.StoreError, match="can't be"):
                keep(load(home), disk)
        else:
            keep(load(home), disk)
        assert bool(Repository(disk).names()) != damaged
        told.append(damaged)
    assert any(told)


def test_whoever_is_killed_leaves_a_folder_of_backups(tmp_path: Path) -> None:
    disk, log_of_exports = tmp_path / "disk", tmp_path / "exports.jsonl"
    log_of_exports.write_text("{}\n")

    def make() -> None:
        repository = Repository(disk)
        with repository.locked():
            sha256, size, _ = repository.put(log_of_exports)
            repository.add(snapshot_of(Entry("home/exports.jsonl", size, sha256, 0)))

    for _ in kills(make):
        make()
        repository = Repository(disk)
        assert [repository.verify(repository.snapshot(one)) for one in repository.names()] != []
        assert not any(map(repository.verify, map(repository.snapshot, repository.names())))
        assert not list(disk.rglob("*.new"))
        shutil.rmtree(disk)


def test_what_is_made_once_the_clock_was_set_back_is_the_newest(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    with repository.locked():
        repository.add(snapshot_of(made="20270101T000000000000Z"))
        for made in ("20261120T100000000000Z", "20261120T110000000000Z"):
            added = repository.add(snapshot_of(made=made))
            repository.prune(2)
            assert repository.snapshot() == added
            assert added.made == made
    assert len(repository.names()) == 2


def test_a_home_that_is_full_has_its_backup_and_health_is_told_without_its_note(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation, now = load(home), datetime(2026, 1, 7, tzinfo=UTC)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no room")

    with monkeypatch.context() as patch:
        patch.setattr(sys.modules["pipelines.run.backup.make"], "write_text", full)
        assert Repository(tmp_path / "disk").snapshot(
            keep(installation, tmp_path / "disk").snapshot.name
        )
    for note in ("", "{", "[]", "null", '{"made": 1, "folder": "x"}', '{"made": "x"}'):
        installation.last_backup.write_text(note)
        told = gather(installation, now)
        assert told.backup is None
        assert told.last_run is not None


def test_two_who_take_a_backup_back_make_no_half_of_a_home(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, new = tmp_path / "disk", tmp_path / "new"
    made = keep(load(home), disk).snapshot
    take_one, refused = Repository.take, list[SelatError]()

    def taken(self: Repository, entry: Entry, target: Path) -> None:
        take_one(self, entry, target)
        if not refused:
            with pytest.raises(SelatError, match="made by somebody else") as told:
                take(disk, new)
            refused.append(told.value)

    monkeypatch.setattr(Repository, "take", taken)
    take(disk, new)
    assert refused
    files = [path for path in new.rglob("*") if path.is_file() and "latest" not in path.parts]
    assert len({*files} - {new / "store" / "writer.lock"}) == len(made.entries)


def snapshot_of(*entries: Entry, made: str = "20260106T000000000000Z") -> Snapshot:
    return Snapshot("", made, "0", None, None, "", keys=False, entries=entries)


def test_a_home_that_is_used_is_left_alone(home: Path, tmp_path: Path) -> None:
    keep(load(home), tmp_path / "disk")
    before = content(home)
    with pytest.raises(BackupError, match="isn't empty"):
        take(tmp_path / "disk", home)
    assert content(home) == before
    with pytest.raises(BackupError, match="lies in the home"):
        keep(load(home), home / "backups")
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "photo.jpg").touch()
    with pytest.raises(BackupError, match="isn't a folder of backups"):
        keep(load(home), tmp_path / "holiday")


PUBLISHING = """
    import sys
    from pathlib import Path

    sys.path[:0] = [{tests!r}]
    from conftest import REPORT, batch
    from pipelines import store
    from pipelines.base.settings import StoreSettings

    root, settings = Path({root!r}), StoreSettings(grace_h=0)
    print("writing", flush=True)
    for number in range(10_000):
        # A feed, then its dates merged with those of all before, whose files go at once.
        with store.write(root, settings) as writer:
            writer.add_feed(
                f"f{{number}}", sha256=str(number), name=f"{{number}}.csv",
                batches=[batch([533000001 + number], hours=30, source=str(number))],
                report=dict(REPORT, positions=180),
            )
            for date in writer.files_by_date()["date"]:
                writer.compact(date)
"""


@pytest.mark.slow
def test_while_others_publish(tmp_path: Path) -> None:
    home, disk = tmp_path / "home", tmp_path / "disk"
    with store.write(home / "store") as writer:
        assert isinstance(writer, Writer)
    tests = str(Path(__file__).parents[2] / "store")
    code = textwrap.dedent(PUBLISHING).format(root=str(home / "store"), tests=tests)
    made = []
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"writing\n"
            deadline = time.monotonic() + 60
            while len({m.snapshot.entries for m in made}) < 4 and time.monotonic() < deadline:
                made.append(keep(load(home), disk))
            assert process.poll() is None
        finally:
            process.kill()
    generations = {m.snapshot.entries: m.snapshot.name for m in made}
    assert len(generations) >= 3  # the store went on under the backups
    for number, name in enumerate(generations.values()):
        restored = tmp_path / f"restored-{number}"
        take(disk, restored, name)
        assert check(restored / "store") == []
