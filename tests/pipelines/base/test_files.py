"""Files as they are told from one another."""

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.base import files


def test_a_file_is_read_again_once_it_may_have_changed(tmp_path, monkeypatch):
    path = tmp_path / "zones.geojson"
    path.write_text("one")
    first = files.remembered_sha256(path)
    path.write_text("two")  # as long, within what a clock tells apart
    assert files.remembered_sha256(path) != first
    monkeypatch.setattr(files, "FRESH_NS", 0)
    second = files.remembered_sha256(path)
    monkeypatch.setattr(files, "sha256_of", lambda _: pytest.fail("read again"))
    assert files.remembered_sha256(path) == second


def test_what_a_killed_process_left_of_a_file_goes_and_its_folder_is_listed_once(
    tmp_path, monkeypatch
):
    old = time.time() - files.LEFT_S - 60
    left, other, young = (tmp_path / f".{n}.part" for n in ("a.csv.17", "b.csv.17", "a.csv.18"))
    for path in (left, other, young):
        path.write_text("half")
    for path in (left, other):
        os.utime(path, (old, old))
    files.write_text(tmp_path / "a.csv", "whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["a.csv", other.name, young.name]
    )
    monkeypatch.setattr(Path, "iterdir", lambda _: pytest.fail("listed again"))
    files.write_text(tmp_path / "b.csv", "whole")
    assert not other.exists()


def _refused(number: int) -> Callable[..., int]:
    def refuse(*_: int) -> int:
        raise OSError(number, os.strerror(number))

    return refuse


@pytest.mark.parametrize("content", [b"", b"a generation" * 90_000])
@pytest.mark.parametrize(
    "shares",
    [None, _refused(errno.EXDEV), _refused(errno.EOPNOTSUPP), lambda *_: 0],
    ids=["as it is here", "between two", "not here", "nothing comes"],
)
def test_a_copy_is_what_was_copied_whatever_the_file_system_can(
    tmp_path, monkeypatch, content, shares
):
    source, to = tmp_path / "catalogue", tmp_path / "work"
    source.write_bytes(content)
    to.write_bytes(b"of a writer that was killed" * 99_000)
    if shares is not None:
        monkeypatch.setattr(os, "copy_file_range", shares, raising=False)
    files.copy_file(source, to)
    assert to.read_bytes() == content
    to.write_bytes(b"changed")
    assert source.read_bytes() == content


def test_a_copy_for_which_there_is_no_room_says_so(tmp_path, monkeypatch):
    (tmp_path / "catalogue").write_bytes(b"a generation")
    monkeypatch.setattr(os, "copy_file_range", _refused(errno.ENOSPC), raising=False)
    with pytest.raises(OSError, match="No space left") as told:
        files.copy_file(tmp_path / "catalogue", tmp_path / "work")
    assert told.value.errno == errno.ENOSPC


def test_a_private_folder_that_was_left_goes_and_others_stay(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    elsewhere = tmp_path / "ours"
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    (tmp_path / "p-link").symlink_to(elsewhere)
    old = time.time() - files.LEFT_S - 60
    for name in ("p-left", "p-young", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "part").touch()
        os.utime(tmp_path / name, (old, old) if name != "p-young" else None)
    with files.private_folder("p-") as held:
        os.utime(held, (old, old))
        with files.private_folder("p-") as another:
            assert held.is_dir()
            assert another.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "other",
        "ours",
        "p-link",
        "p-young",
    ]
    assert (elsewhere / "kept").exists()


def test_a_private_file_is_written_through_no_link_and_leaves_nothing_beside(tmp_path):
    own, other = tmp_path / "home" / "key", tmp_path / "another's"
    own.parent.mkdir()
    other.write_text("theirs")
    own.with_name(f".key.{os.getpid()}").symlink_to(other)
    files.make_private(own, "first")
    files.make_private(own, "second")
    assert own.read_text() == "first\n"
    assert own.stat().st_mode & 0o777 == 0o600
    assert other.read_text() == "theirs"
    assert not list(own.parent.glob("*.part"))


@pytest.mark.parametrize("errno_", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_without_room_is_told_with_the_file_that_was_written(tmp_path, errno_):
    """The system says of an open file what is wrong, and not which it is."""
    with (
        pytest.raises(OSError, match=r"plan\.csv") as raised,
        files.replacing(tmp_path / "plan.csv"),
    ):
        raise OSError(errno_, os.strerror(errno_))
    assert raised.value.filename == str(tmp_path / "plan.csv")
    with pytest.raises(OSError, match="feed"), files.replacing(tmp_path / "plan.csv"):
        raise OSError(errno_, os.strerror(errno_), "feed")
    with pytest.raises(OSError, match="Connection") as raised, files.replacing(tmp_path / "a"):
        raise OSError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
    assert raised.value.filename is None
