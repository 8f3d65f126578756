"""What went wrong with the last run, kept in the home for whoever looks in the morning."""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from traceback import format_exception
from typing import Final

from pipelines.base.files import lock_now, lock_within, read_plain, write_text
from pipelines.base.schedule import NIGHT
from pipelines.base.settings import Installation
from pipelines.base.text import minute
from pipelines.base.visible import clean, clean_lines

_KILLED: Final = (
    "it began then and was ended without a word: was it killed, or the machine stopped?"
)
_LOOKS_S: Final = 1.0
"""Longer than anybody takes who looks whether it is held."""
_LONGEST: Final = 1 << 16
_UNSAID: Final = "there was no room to write down why: is the disk full?"


def note_failure(installation: Installation, error: Exception, what: str = NIGHT) -> None:
    """Say on stderr and in the home that a run failed.

    In the home a night's failure stands until a night ends well: nothing else takes its place. On
    a disk without room for a word an empty file says so, which takes none. An error is noted once,
    by the first that it passes.
    """
    if vars(error).setdefault("is_noted", False):
        return
    vars(error)["is_noted"] = True
    said = clean(_in_words(error))
    text = f"{minute(datetime.now(UTC))}: {what} failed: {said}\n"
    sys.stderr.write(text)
    if what == NIGHT:
        with suppress(OSError):  # of another failure
            installation.failure_trace.unlink(missing_ok=True)
    with suppress(OSError):
        if what == NIGHT:
            installation.failure.touch()
        elif f": {NIGHT} failed: " in failure_of(installation):
            return
        write_text(installation.failure, text)


def keep_traceback(installation: Installation, error: Exception) -> None:
    """Keep in the home where a night went wrong: what stands in the failure is for its operator."""
    with suppress(OSError):
        write_text(installation.failure_trace, clean_lines("".join(format_exception(error))))


def _in_words(error: Exception) -> str:
    """Return what an error says: of the system's, which of its files and what, and no number."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'the system'}: {error.strerror}"
    return str(error) or type(error).__name__


def forget_failure(installation: Installation) -> None:
    """Take away what the home says of a run that failed: one has ended well.

    A folder that somebody put in its place stays, and is told of; it costs no night.
    """
    for said in (installation.failure, installation.failure_trace):
        with suppress(FileNotFoundError, IsADirectoryError, PermissionError):
            said.unlink()


@contextmanager
def under_way(installation: Installation) -> Iterator[None]:
    """Hold a file in the home for the length of a with block, a nightly run that may write.

    What is killed, by the system for want of memory or with the machine, can't say so: the file
    stays behind, and the system lets go of its lock.
    """
    path = installation.under_way
    with ExitStack() as stack:
        with suppress(OSError):  # a disk without room: the run itself says what is wrong
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
            stack.callback(os.close, handle)
            stack.callback(path.unlink, missing_ok=True)
            os.utime(handle)
            lock_within(handle, _LOOKS_S)
        yield


def _killed_at(installation: Installation) -> datetime | None:
    """Return when a nightly run began that was killed, or None: nobody holds its file."""
    with suppress(OSError), ExitStack() as stack:
        handle = os.open(installation.under_way, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        stack.callback(os.close, handle)
        free, about = lock_now(handle, shared=True), os.fstat(handle)
        if free and about.st_nlink and stat.S_ISREG(about.st_mode):
            return datetime.fromtimestamp(about.st_mtime, UTC)
    return None


def failure_of(installation: Installation) -> str:
    """Return what the home says of a run that failed, a line; empty where the last one didn't."""
    text, when = "", datetime.fromtimestamp(0, UTC)
    with suppress(FileNotFoundError):  # or a night ends well meanwhile
        when = datetime.fromtimestamp(installation.failure.lstat().st_mtime, UTC)
        unsaid = _UNSAID
        try:
            text = read_plain(installation.failure, _LONGEST).decode("utf-8", "replace").strip()
        except FileNotFoundError:
            raise
        except OSError as error:  # what somebody put in its place; something failed all the same
            unsaid = f"why can't be read: {error.strerror}"
        text = text or f"{minute(when)}: {NIGHT} failed: {unsaid}"
    killed = _killed_at(installation)
    if killed is None or killed < when:
        return text
    return f"{minute(killed)}: {NIGHT} failed: {_KILLED}"
