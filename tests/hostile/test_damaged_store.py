"""A store whose files were damaged, or in whose place somebody put a link."""

import shutil
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from pipelines.base.progress import reporter
from pipelines.base.settings import load
from pipelines.run import watching
from pipelines.store import StoreError, write
from tests.hostile.conftest import selat  # noqa: F401

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
    selat: Selat,  # noqa: F811
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
