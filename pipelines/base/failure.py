"""What went wrong with the last run, kept in the home for whoever looks in the morning."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from typing import Final

from pipelines.base.files import lock_now, write_text
from pipelines.base.schedule import NIGHT
from pipelines.base.settings import Installation
from pipelines.base.text import minute
from pipelines.base.visible import clean

_KILLED: Final = (
    "it began then and was ended without a word: was it killed, or the machine stopped?"
)
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
    said = clean(str(error) or type(error).__name__)
    text = f"{minute(datetime.now(UTC))}: {what} failed: {said}\n"
    sys.stderr.write(text)
    with suppress(OSError):
        if what == NIGHT:
            installation.failure.touch()
        elif f": {NIGHT} failed: " in failure_of(installation):
            return
        write_text(installation.failure, text)


@contextmanager
def under_way(installation: Installation) -> Iterator[None]:
    """Hold a file in the home for the length of a with block, a nightly run.

    What is killed, by the system for want of memory or with the machine, can't say so: the file
    stays behind, and the system lets go of its lock. Of a second run at a time the first one's
    holds.
    """
    with ExitStack() as stack:
        with suppress(OSError):  # a disk without room: the run itself says what is wrong
            installation.home.mkdir(parents=True, exist_ok=True)
            handle = os.open(installation.under_way, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            stack.callback(os.close, handle)
            if lock_now(handle):
                os.utime(handle)
                stack.callback(installation.under_way.unlink, missing_ok=True)
        yield


def _killed_at(installation: Installation) -> datetime | None:
    """Return when a nightly run began that was killed, or None: nobody holds its file."""
    with suppress(OSError), installation.under_way.open("rb") as file:
        if lock_now(file.fileno()):
            return datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
    return None


def failure_of(installation: Installation) -> str:
    """Return what the home says of a run that failed, a line; empty where the last one didn't."""
    text, when = "", datetime.fromtimestamp(0, UTC)
    with suppress(FileNotFoundError):  # or a night ends well meanwhile
        text = installation.failure.read_text(encoding="utf-8").strip()
        when = datetime.fromtimestamp(installation.failure.stat().st_mtime, UTC)
        text = text or f"{minute(when)}: {NIGHT} failed: {_UNSAID}"
    killed = _killed_at(installation)
    if killed is None or killed < when:
        return text
    return f"{minute(killed)}: {NIGHT} failed: {_KILLED}"
