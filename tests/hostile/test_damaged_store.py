"""A store whose files were damaged, or in whose place somebody put a link."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from pipelines.base.progress import reporter
from pipelines.base.settings import load
from pipelines.run import watching
from pipelines.store import StoreError, read, write
from pipelines.store.catalogue import BLOCK_BYTES, TABLES
from pipelines.store.check import check

Selat = Callable[..., Any]


def _cut(content: bytes) -> bytes:
    return content[:100]


def _footer(content: bytes) -> bytes:
    at = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    return content[:at] + b"\xff" * 40 + content[at + 40 :]


def _pages(content: bytes) -> bytes:
    at = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    return content[:4] + b"\xff" * (at - 4) + content[at:]


@pytest.mark.usefixtures("without_briefs")
@pytest.mark.parametrize("damage", [_cut, _footer, _pages])
def test_a_damaged_file_is_named(
    small_ingested_home: Path,
    tmp_path: Path,
    selat: Selat,
    damage: Callable[[bytes], bytes],
) -> None:
    """Not a traceback, nor what a library says of a file that nobody knows."""
    home = Path(shutil.copytree(small_ingested_home, tmp_path / "home", symlinks=True))
    for path in (home / "store" / "positions").rglob("*.parquet"):
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(damage(content))
    ran = selat("detect", "--home", home, "--quiet")
    assert ran.code == StoreError.exit_code
    assert ".parquet is damaged: " in ran.err
    assert "selat store check" in ran.err


@pytest.mark.parametrize("left", [b"", b"PAR1 and no more", None])
def test_a_file_that_duckdb_reads_is_named_too(
    small_ingested_home: Path, tmp_path: Path, left: bytes | None
) -> None:
    """As for a pack: of a file of several feeds a recipient has the rows of those it may have."""
    root = Path(shutil.copytree(small_ingested_home / "store", tmp_path / "store"))
    with read(root) as store:
        held = store.sql("SELECT path, feed_key FROM file_feeds").to_dict("records")[0]
    path = root / held["path"]
    path.unlink()
    if left is not None:
        path.write_bytes(left)
    with pytest.raises(StoreError, match=r"\.parquet is damaged or missing: "), read(root) as store:
        store.rows_of_feed(str(path), held["feed_key"])


@pytest.mark.parametrize(
    "command", ["flagged", "incidents", "since", "explain 1", "vessel 1", "correct"]
)
def test_a_catalogue_that_was_cut_short_is_named(cut: Path, selat: Selat, command: str) -> None:
    """It opens, since what it begins with is there: what is asked of it isn't."""
    ran = selat(*command.split(), "--home", cut)
    assert ran.code in (0, StoreError.exit_code), ran.err  # 0: of what isn't in it
    assert ran.code == 0 or "catalogue.duckdb can't be read: " in ran.err


@pytest.mark.parametrize("command", ["store check", "doctor", "status", "detect", "backup"])
def test_who_looks_after_a_store_hears_that_it_was_cut_short(
    cut: Path,
    selat: Selat,
    tmp_path: Path,
    command: str,
) -> None:
    where = [tmp_path / "disk"] if command == "backup" else []
    ran = selat(*command.split(), *where, "--home", cut)
    assert ran.code in (1, StoreError.exit_code), ran.err
    assert "catalogue.duckdb can't be " in " ".join((ran.out + ran.err).split())


@pytest.fixture
def cut(home: Path) -> Path:
    path = home / "store" / "catalogue.duckdb"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return home


def test_every_block_of_a_catalogue_is_checked(home: Path) -> None:
    """Also of what hardly anybody asks for, such as what an event was before it changed."""
    path = home / "store" / "catalogue.duckdb"
    whole = path.read_bytes()
    damaged = []
    for at in range(3 * 4096 + BLOCK_BYTES // 2, len(whole), BLOCK_BYTES):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with suppress(StoreError), read(home / "store") as store:
            free = all(len(store.sql(f"SELECT * FROM {name}")) >= 0 for name in TABLES)
            assert free
            continue
        damaged.append(at)
        assert "catalogue.duckdb" in [one.where for one in check(home / "store")]
    assert damaged


@pytest.mark.parametrize("gone", ["store/catalogue.duckdb", "store"])
def test_a_store_that_is_gone_is_missed(home: Path, selat: Selat, gone: str) -> None:
    """Else `selat status` tells of a home in which nothing was ever looked at: all is well."""
    path = home / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    for command in ("status", "doctor"):
        told = selat(command, "--home", home)
        assert told.code == 1
        assert "error: store: " in told.out


def test_a_link_in_place_of_the_lock_leads_nowhere(tmp_path: Path) -> None:
    """On a share that others write to, it would cut off a file that only we may write to."""
    mine, store = tmp_path / "mine", tmp_path / "store"
    mine.write_text("mine alone")
    store.mkdir()
    (store / "writer.lock").symlink_to(mine)
    with pytest.raises(StoreError, match="is a link"), write(store):
        pass
    assert mine.read_text() == "mine alone"


def test_no_more_does_one_in_place_of_who_watches(tmp_path: Path) -> None:
    mine, home, told, stop = tmp_path / "mine", tmp_path / "home", list[str](), Event()
    mine.write_text("mine alone")
    home.mkdir()
    (home / "watch.lock").symlink_to(mine)

    def say(text: str) -> None:
        told.append(text)
        stop.set()

    with reporter(quiet=True) as report:
        watching.watch(load(home), [], 0.0, report, stop, say)
    assert "watch.lock is a link (remove it: what is locked is a plain file)" in told[0]
    assert mine.read_text() == "mine alone"


@pytest.mark.parametrize("gone", ["latest", "runs", "latest/manifest.json"])
def test_a_run_that_is_not_shown_any_more_is_missed(home: Path, selat: Selat, gone: str) -> None:
    """As in a home that was copied by what leaves out links; `selat flagged` knows of no run."""
    assert selat("status", "--home", home).code == 0
    path = home / gone
    path.unlink() if path.is_symlink() or path.is_file() else shutil.rmtree(path)
    told = selat("status", "--home", home)
    assert told.code == 1
    assert "selat nightly does it again" in selat("doctor", "--home", home).out
