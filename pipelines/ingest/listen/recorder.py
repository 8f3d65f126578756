"""Lines to files that survive a kill, a full disk and a second recorder.

**Format.** A file is a row of zstandard frames (RFC 8878), each complete in itself and with a
checksum; half a second of lines to a frame, so that a killed process loses less than a second. A
file that was cut is whole again when it is cut at the end of its last complete frame. Short frames
cost room on a slow feed: real sentences with their stamps shrink by 3.8 at 10,000 a second, 3.2 at
200, and 1.7 at 10.

**Names.** ``20260105T160000Z-<station>.nmea.zst``: UTC of the first line, so they sort by time.
While it is written, a file is ``.<name>.part``: hidden, so neither a glob nor a folder given to
ingest takes it. It gets its name by a hard link, which never replaces a file that is there.

**Disks.** What has gone to the operating system no kill takes back. That the disk has it, too, is
waited for in another thread: a disk that is slow doesn't hold up the feed.

**Owners.** A recorder holds a lock (flock) on its file, which dies with the process. A ``.part``
without one is a left-over.
"""

import fcntl
import os
import stat
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple

import zstandard

from pipelines.base.files import sync
from pipelines.ingest.listen.errors import ListenError

SUFFIX: Final = ".nmea.zst"
MAX_FRAME: Final = 1 << 20
_READ: Final = 1 << 16
_LEVEL: Final = 3


class Recorded(NamedTuple):
    """A file that is finished."""

    path: Path
    lines: int


class Recovered(NamedTuple):
    """A left-over that is finished now, and the bytes after its last complete frame."""

    path: Path
    lost_bytes: int


class Recorder:
    """Writes lines to one file after another.

    Raises ListenError if the folder can't be made. Every method: if something can't be written;
    what was written before stays readable.

    Parameters
    ----------
    rotate_s
        A file ends at the multiples of this many seconds since the epoch.
    rotate_bytes
        A file ends when it has grown to this size, compressed.
    """

    def __init__(
        self,
        folder: Path,
        station: str,
        *,
        rotate_s: float,
        rotate_bytes: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ListenError(
                f"the folder {folder} can't be made: {error.strerror}",
                hint="run it as the account that owns the home, or name another place: --folder",
            ) from error
        self._folder, self._station = folder, station
        self._rotate_s, self._rotate_bytes = rotate_s, rotate_bytes
        self._clock = clock
        self._zstd = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
        # One worker: what it is given is done in turn.
        self._syncer = ThreadPoolExecutor(1, thread_name_prefix="sync")
        self._sync: Future[None] | None = None
        self._finishing: deque[tuple[_Part, Future[None] | None, Future[Path]]] = deque()
        self._file: _Part | None = None
        self._text = bytearray()
        self._text_lines = 0
        self.finished: list[Recorded] = []

    @property
    def path(self) -> Path | None:
        """The name that the file being written will have."""
        return None if self._file is None else self._file.final

    @property
    def size(self) -> int:
        """Compressed bytes of the file being written."""
        return 0 if self._file is None else self._file.size

    def write(self, lines: list[bytes]) -> None:
        """Take lines over, without their ends; they are on their way to disk after `save`."""
        if not lines:
            return
        if self._file is None:
            self._file = self._open()
        self._text += b"\n".join(lines) + b"\n"
        self._text_lines += len(lines)
        if len(self._text) >= MAX_FRAME:
            self.save()

    def save(self) -> None:
        """Hand all lines to the operating system, and have the disk told to keep them."""
        self._reap(wait=False)
        if self._file is None:
            return
        try:
            if self._text:
                self._file.append(self._zstd.compress(bytes(self._text)), self._text_lines)
                self._text.clear()
                self._text_lines = 0
            if self._sync is None or self._sync.done():
                if self._sync is not None:
                    self._sync.result()
                    self._sync = None
                if self._file.unsynced:
                    self._file.unsynced = False
                    self._sync = self._syncer.submit(self._file.sync)
        except OSError as error:
            raise self._failed(error) from error

    def is_due(self) -> bool:
        """Return whether the file should end: by clock, age (a clock may be set back) or size."""
        if self._file is None:
            return False
        return (
            self._clock() >= self._file.end_s
            or time.monotonic() - self._file.began_monotonic_s >= self._rotate_s
            or self._file.size >= self._rotate_bytes
        )

    def finish(self) -> None:
        """End the file, which is soon in `finished`; the next line begins another."""
        self.save()
        if self._file is not None:
            publishing = self._syncer.submit(self._file.publish)
            self._finishing.append((self._file, self._sync, publishing))
            self._file = self._sync = None

    def close(self) -> None:
        """End the file, and wait until all have their names."""
        try:
            self.finish()
        finally:
            self._syncer.shutdown()
            self._reap(wait=True)

    def _reap(self, *, wait: bool) -> None:
        while self._finishing and (wait or self._finishing[0][2].done()):
            file, syncing, publishing = self._finishing.popleft()
            try:
                self.finished.append(Recorded(publishing.result(), file.lines))
            except OSError as error:
                file.close()
                raise ListenError(
                    f"{file.part} can't get its name {file.final.name}: {error.strerror}",
                    hint="it is complete, and gets its name when the next recording here starts",
                ) from error
            try:
                if syncing is not None:  # the system tells a failure once, not to `publish` again
                    syncing.result()
            except OSError as error:
                raise ListenError(
                    f"the disk may not have kept {file.final.name}: {error.strerror}",
                    hint="check the disk, or record into another folder; start again then",
                ) from error

    def _open(self) -> "_Part":
        now_s = self._clock()
        end_s = (now_s // self._rotate_s + 1) * self._rotate_s
        stem = f"{datetime.fromtimestamp(now_s, UTC):%Y%m%dT%H%M%SZ}-{self._station}"
        try:
            return _Part(self._folder, stem, end_s)
        except OSError as error:
            raise ListenError(
                f"no file can be opened in {self._folder}: {error.strerror}",
                hint="free some space, or record into another folder; start again then",
            ) from error

    def _failed(self, error: OSError) -> ListenError:
        """Give up the file, keeping what is in it."""
        assert self._file is not None  # noqa: S101 - for the type checker; only called with a file
        file, self._file = self._file, None
        lost, self._text_lines = self._text_lines, 0
        self._text.clear()
        self._sync = None
        self._syncer.shutdown()
        hint = "free some space, or record into another folder; start again then"
        said = f"{file.final.name} can't be written: {error.strerror}."
        if not file.size:  # who is started again and again leaves no empty feed each time
            file.part.unlink(missing_ok=True)
            file.close()
            return ListenError(f"{said} {lost:,} lines were lost", hint=hint)
        name: Path = file.part
        try:
            name = file.publish()
            self.finished.append(Recorded(name, file.lines))
        except OSError:
            file.close()
        return ListenError(
            f"{said} The {file.lines:,} lines before are readable in {name}; {lost:,} were lost",
            hint=hint,
        )


class _Part:
    """A file being written, locked."""

    def __init__(self, folder: Path, stem: str, end_s: float) -> None:
        for name in _names(stem):
            self.final = folder / name
            self.part = folder / f".{name}.part"
            if self.final.exists():
                continue
            try:
                flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
                self.fd = os.open(self.part, flags, 0o666)
            except FileExistsError:
                continue
            # A recorder that starts right now may have taken the empty file for a left-over; one
            # that has just finished its file may have taken the name.
            if _lock(self.fd, self.part):
                if not self.final.exists():
                    break
                self.part.unlink()
            os.close(self.fd)
        self.end_s = end_s
        self.began_monotonic_s = time.monotonic()
        self.size = self.lines = 0
        self.unsynced = False
        self._named = False

    def append(self, frame: bytes, lines: int) -> None:
        """Write a frame whole, or nothing of it."""
        left = memoryview(frame)
        try:
            while left:
                left = left[os.write(self.fd, left) :]
        except OSError:
            os.ftruncate(self.fd, self.size)
            os.lseek(self.fd, self.size, os.SEEK_SET)
            raise
        self.size += len(frame)
        self.lines += lines
        self.unsynced = True

    def sync(self) -> None:
        """Wait until the disk has what was written, and the name."""
        os.fdatasync(self.fd)
        if not self._named:
            sync(self.part.parent)
            self._named = True

    def publish(self) -> Path:
        """Sync, give the file its name, close it."""
        os.fsync(self.fd)
        path = _publish(self.part, self.final)
        self.close()
        return path

    def close(self) -> None:
        os.close(self.fd)


def recover(
    folder: Path, failed: Callable[[Path, ListenError], object] | None = None
) -> list[Recovered]:
    """Finish what killed recorders left in a folder; files of running ones are left alone.

    They come in the order of their names. A left-over without a complete frame is removed, and
    isn't among them. `failed` is told of each that can't be finished, which keeps nothing else from
    being; without it that is raised, as ListenError.
    """
    found: list[Recovered] = []
    for part in sorted(folder.glob(f".*{SUFFIX}.part")):
        try:
            if (recovered := _recover(part)) is not None:
                found.append(recovered)
        except OSError as error:
            said = ListenError(
                f"{part} can't be finished: {error.strerror or error}",
                hint="another account's recorder may have left it: give it to this one, or move it "
                "away",
            )
            if failed is None:
                raise said from error
            failed(part, said)
    return found


def _recover(part: Path) -> Recovered | None:
    """Finish a left-over; None where there is nothing in it, or somebody writes it.

    No link is followed, and no pipe waited for: others may write to the folder.
    """
    try:
        fd = os.open(part, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError("it isn't a file")
        return _recovered(fd, part) if _lock(fd, part) else None
    finally:
        os.close(fd)


def complete_bytes(fd: int) -> int:
    """Return the size of a file up to the end of its last complete frame before any damage."""
    end = offset = 0
    frame = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()
    while data := os.pread(fd, _READ, offset):
        offset += len(data)
        while data:
            try:
                frame.decompress(data)
            except zstandard.ZstdError:
                return end
            if not frame.eof:
                break
            data = frame.unused_data
            end = offset - len(data)
            frame = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()
    return end


def _recovered(fd: int, part: Path) -> Recovered | None:
    before, end = os.fstat(fd).st_size, complete_bytes(fd)
    if end == 0:
        part.unlink()
        return None
    os.ftruncate(fd, end)
    os.fsync(fd)
    final = part.with_name(part.name.removeprefix(".").removesuffix(".part"))
    return Recovered(_publish(part, final), before - end)


def _names(stem: str) -> Iterator[str]:
    """Yield names for one moment without end, that sort in this order."""
    yield f"{stem}{SUFFIX}"
    for number in count(2):
        yield f"{stem}_{number:03}{SUFFIX}"


def _lock(fd: int, path: Path) -> bool:
    """Lock an open file; False if another process has it, or finished or removed it meanwhile."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(fd), path.stat())
    except (BlockingIOError, FileNotFoundError):
        return False


def _publish(part: Path, final: Path) -> Path:
    """Give a file its name, or a numbered one if that is taken; never replace a file."""
    for name in _names(final.name.removesuffix(SUFFIX)):
        target = final.with_name(name)
        try:
            os.link(part, target)
        except FileExistsError:
            # A process killed between the link and the unlink left both names.
            if not target.samefile(part):
                continue
        except OSError:
            # File systems of memory sticks have no hard links.
            if target.exists():
                continue
            part.rename(target)
            sync(final.parent)
            return target
        part.unlink()
        break
    sync(final.parent)
    return target
