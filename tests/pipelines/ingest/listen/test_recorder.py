import errno
import fcntl
import glob
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from pipelines.ingest.containers import Budget, members
from pipelines.ingest.listen import ListenError, recover
from pipelines.ingest.listen.recorder import Recorder
from tests.pipelines.ingest.listen.conftest import read_back, wait_for

T0 = 1_767_628_800.0  # 2026-01-05T16:00:00Z


class Clock:
    def __init__(self) -> None:
        self.now_s = T0

    def __call__(self) -> float:
        return self.now_s


def recorder(
    folder: Path, clock: Callable[[], float], *, rotate_s: float = 900, rotate_bytes: int = 1 << 26
) -> Recorder:
    return Recorder(folder, "pier7", rotate_s=rotate_s, rotate_bytes=rotate_bytes, clock=clock)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_ends_at_the_next_multiple_of_its_length(tmp_path: Path) -> None:
    clock = Clock()
    writer = recorder(tmp_path, clock)
    clock.now_s = T0 + 700
    writer.write([b"one"])
    clock.now_s = T0 + 899
    assert not writer.is_due()
    clock.now_s = T0 + 900
    assert writer.is_due()
    writer.finish()
    assert not writer.is_due()
    writer.write([b"two"])
    writer.close()
    assert names(tmp_path) == ["20260105T161140Z-pier7.nmea.zst", "20260105T161500Z-pier7.nmea.zst"]
    assert read_back(tmp_path) == [b"one", b"two"]
    assert [file.lines for file in writer.finished] == [1, 1]
    written = writer.finished[0].path.read_bytes()
    assert zstandard.get_frame_parameters(written).has_checksum, "so that damage is found"


def test_a_file_ends_when_it_is_large_enough(tmp_path: Path) -> None:
    writer = recorder(tmp_path, Clock(), rotate_bytes=2000)
    writer.write([os.urandom(500).hex().encode()])
    writer.save()
    assert not writer.is_due()
    while not writer.is_due():
        writer.write([os.urandom(500).hex().encode()])
        writer.save()
    assert 2000 <= writer.size < 3000
    writer.close()


def test_a_clock_that_is_set_back_does_not_keep_a_file_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    writer = recorder(tmp_path, clock)
    writer.write([b"one"])
    clock.now_s = T0 - 86_400
    assert not writer.is_due()
    began_s = writer._file.began_monotonic_s  # type: ignore[union-attr]
    monkeypatch.setattr("time.monotonic", lambda: began_s + 901)
    assert writer.is_due()
    writer.close()


def test_files_of_one_second_sort_in_their_order(tmp_path: Path) -> None:
    writer = recorder(tmp_path, Clock())
    lines = [b"%d" % n for n in range(12)]
    for line in lines:
        writer.write([line])
        writer.finish()
    writer.close()
    assert read_back(tmp_path) == lines


def test_a_slow_disk_does_not_keep_lines_where_a_kill_takes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    awake = threading.Event()

    def slow(_: int) -> None:
        assert awake.wait(20)

    monkeypatch.setattr(os, "fdatasync", slow)
    monkeypatch.setattr(os, "fsync", slow)
    writer = recorder(tmp_path, Clock())
    for line in (b"one", b"two"):
        writer.write([line])
        writer.save()
    writer.finish()
    writer.write([b"three"])
    writer.save()
    copies = tmp_path / "copies"
    copies.mkdir()
    for part in tmp_path.glob(".*.part"):
        (copies / part.name[1:]).write_bytes(part.read_bytes())
    assert read_back(copies) == [b"one", b"two", b"three"]
    assert writer.finished == []
    awake.set()
    writer.close()
    assert [file.lines for file in writer.finished] == [2, 1]


def test_what_the_disk_did_not_keep_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", fail)
    writer = recorder(tmp_path, Clock())
    writer.write([b"one"])
    writer.save()
    wait_for(lambda: writer._sync is not None and writer._sync.done(), "the disk")
    with pytest.raises(ListenError, match="can't be written: Input/output error"):
        writer.save()


def test_what_the_disk_did_not_keep_of_the_last_lines_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()

    def fail(_: int) -> None:
        assert ended.wait(20)
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", fail)
    writer = recorder(tmp_path, Clock())
    writer.write([b"one"])
    writer.save()
    writer.finish()
    ended.set()
    with pytest.raises(ListenError, match=r"may not have kept .*: Input/output error"):
        writer.close()
    assert [file.lines for file in writer.finished] == [1]


def test_nothing_is_written_where_nothing_came(tmp_path: Path) -> None:
    writer = recorder(tmp_path / "new" / "folder", Clock())
    writer.save()
    writer.close()
    assert names(tmp_path / "new" / "folder") == []


def test_a_file_being_written_is_hidden_and_readable_without_its_end(tmp_path: Path) -> None:
    writer = recorder(tmp_path, Clock())
    writer.write([b"one", b"two"])
    writer.save()
    (part,) = tmp_path.iterdir()
    assert part.name == ".20260105T160000Z-pier7.nmea.zst.part"
    assert glob.glob(f"{tmp_path}/*") == []  # noqa: PTH207 - pathlib's finds hidden files, too
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "copy.nmea.zst").write_bytes(part.read_bytes())
    assert read_back(tmp_path / "copy") == [b"one", b"two"]
    writer.close()


def test_no_file_is_ever_replaced(tmp_path: Path) -> None:
    taken = tmp_path / "20260105T160000Z-pier7.nmea.zst"
    taken.write_bytes(b"taken")
    first, second = recorder(tmp_path, Clock()), recorder(tmp_path, Clock())
    first.write([b"first"])
    second.write([b"second"])
    # Somebody else takes the name of the first while it is being written.
    (tmp_path / "20260105T160000Z-pier7_002.nmea.zst").write_bytes(b"taken too")
    second.close()
    first.close()
    assert taken.read_bytes() == b"taken"
    assert (tmp_path / "20260105T160000Z-pier7_002.nmea.zst").read_bytes() == b"taken too"
    ours = {file.path for file in first.finished + second.finished}
    assert len(ours) == 2
    for path in names(tmp_path):
        if tmp_path / path not in ours:
            (tmp_path / path).unlink()
    assert sorted(read_back(tmp_path)) == [b"first", b"second"]


def left_over(folder: Path, groups: list[list[bytes]]) -> tuple[Path, list[int]]:
    """What a recorder leaves that is killed after some saves; and the size after each."""
    writer = recorder(folder, Clock())
    sizes = [0]
    for group in groups:
        writer.write(group)
        writer.save()
        sizes.append(writer.size)
    (part,) = folder.iterdir()
    text = part.read_bytes()
    writer.close()
    for path in folder.iterdir():
        path.unlink()
    part.write_bytes(text)
    return part, sizes


def test_a_file_cut_anywhere_keeps_all_that_was_saved_before(tmp_path: Path) -> None:
    groups = [[b"group %d line %d" % (g, n) for n in range(3)] for g in range(4)]
    part, sizes = left_over(tmp_path, groups)
    whole = part.read_bytes()
    part.unlink()
    for size in range(len(whole) + 1):
        part.write_bytes(whole[:size])
        recovered = recover(tmp_path)
        saved = sum(end <= size for end in sizes[1:])
        assert read_back(tmp_path) == [line for group in groups[:saved] for line in group]
        assert not part.exists()
        if saved:
            (file,) = recovered
            assert file.lost_bytes == size - sizes[saved]
            file.path.unlink()
        else:
            assert recovered == []


@pytest.mark.parametrize("tail", [b"\0" * 5000, b"\xff" * 100, b"\x28\xb5\x2f\xfd\0\0\0"])
def test_what_a_power_cut_left_behind_the_last_frame_is_cut_off(
    tmp_path: Path, tail: bytes
) -> None:
    part, _ = left_over(tmp_path, [[b"one"], [b"two"]])
    with part.open("ab") as file:
        file.write(tail)
    (recovered,) = recover(tmp_path)
    assert recovered.lost_bytes == len(tail)
    assert read_back(tmp_path) == [b"one", b"two"]


def test_a_recorder_that_lives_is_left_alone(tmp_path: Path) -> None:
    writer = recorder(tmp_path, Clock())
    writer.write([b"one"])
    writer.save()
    assert recover(tmp_path) == []
    writer.write([b"two"])
    writer.close()
    assert read_back(tmp_path) == [b"one", b"two"]


def test_a_kill_between_the_two_names_leaves_one_file(tmp_path: Path) -> None:
    part, _ = left_over(tmp_path, [[b"one"]])
    final = tmp_path / part.name[1:].removesuffix(".part")
    os.link(part, final)
    (recovered,) = recover(tmp_path)
    assert recovered.path == final
    assert names(tmp_path) == [final.name]
    assert read_back(tmp_path) == [b"one"]


def test_a_left_over_whose_name_is_taken_gets_another(tmp_path: Path) -> None:
    part, _ = left_over(tmp_path, [[b"one"]])
    final = tmp_path / part.name[1:].removesuffix(".part")
    final.write_bytes(b"taken")
    (recovered,) = recover(tmp_path)
    assert recovered.path.name == "20260105T160000Z-pier7_002.nmea.zst"
    assert final.read_bytes() == b"taken"


def test_without_hard_links_a_file_gets_its_name_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    for _ in range(2):
        writer = recorder(tmp_path, Clock())
        writer.write([b"one"])
        writer.close()
    assert len(names(tmp_path)) == 2
    assert read_back(tmp_path) == [b"one", b"one"]


def test_recovery_by_several_at_once_finishes_every_left_over_once(tmp_path: Path) -> None:
    part, _ = left_over(tmp_path, [[b"one"], [b"two"]])
    text = part.read_bytes()
    for number in range(20):
        (tmp_path / f".left-{number:02}.nmea.zst.part").write_bytes(text)
    found: list[Path] = []
    threads = [
        threading.Thread(target=lambda: found.extend(file.path for file in recover(tmp_path)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(path.name for path in found) == names(tmp_path)
    assert len(names(tmp_path)) == 21


def test_the_lock_of_a_dead_process_is_gone(tmp_path: Path) -> None:
    part, _ = left_over(tmp_path, [[b"one"]])
    code = "import fcntl, os, sys\nfd = os.open(sys.argv[1], os.O_RDWR)\n"
    code += "fcntl.flock(fd, fcntl.LOCK_EX)\nprint('locked', flush=True)\nsys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(part)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"locked\n"
        with pytest.raises(BlockingIOError), part.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert recover(tmp_path) == []
        holder.kill()
    assert len(recover(tmp_path)) == 1


FULL_DISK = """
import os, resource, sys
from pathlib import Path
from pipelines.ingest.listen import ListenError
from pipelines.ingest.listen.recorder import Recorder

resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
writer = Recorder(Path(sys.argv[1]), "pier7", rotate_s=900, rotate_bytes=1 << 26)
try:
    for n in range(1000):
        writer.write([b"%d %s" % (n, os.urandom(300).hex().encode())])
        writer.save()
except ListenError as error:
    print(error.message)
    sys.exit(error.exit_code)
"""


@pytest.mark.slow
def test_where_no_more_fits_the_error_says_so_and_the_rest_is_readable(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (8, "")
    lines = read_back(tmp_path)
    assert len(lines) > 20
    assert [int(line.split()[0]) for line in lines] == list(range(len(lines)))
    assert f"The {len(lines)} lines before are readable in {tmp_path}" in done.stdout
    assert "File too large" in done.stdout
    assert "1 were lost" in done.stdout


def test_a_disk_that_is_full_already_is_left_no_empty_feed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def append(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pipelines.ingest.listen.recorder._Part.append", append)
    for _ in range(2):  # as a service is started again and again
        writer = recorder(tmp_path, Clock())
        writer.write([b"one", b"two"])
        with pytest.raises(ListenError, match=r"No space left on device. 2 lines were lost"):
            writer.save()
        writer.close()
        assert writer.finished == []
    assert names(tmp_path) == []


def test_a_folder_that_can_not_be_made_is_an_error_for_a_person(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ListenError, match="can't be made") as error:
        recorder(tmp_path / "file" / "folder", Clock())
    assert "--folder" in error.value.hint


def test_ingest_reads_what_is_recorded_and_what_is_left_over(tmp_path: Path) -> None:
    groups = [[b"group %d line %d" % (g, n) for n in range(100)] for g in range(5)]
    part, sizes = left_over(tmp_path, groups)

    def read() -> tuple[bytes, str]:
        budget = Budget(max_bytes=1 << 30, max_ratio=1000)
        (member,) = members(part, part.name, budget, lambda _: None)
        return b"".join(member), member.damage

    text = b"".join(line + b"\n" for group in groups for line in group)
    assert read() == (text, "")
    part.write_bytes(part.read_bytes()[: sizes[3] + 10])
    got, damage = read()
    assert damage == "truncated archive"
    assert got.startswith(b"".join(line + b"\n" for group in groups[:3] for line in group))
