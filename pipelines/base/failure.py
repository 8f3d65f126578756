"""What went wrong with the last run, kept in the home for whoever looks in the morning."""

import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from pipelines.base.files import write_text
from pipelines.base.schedule import NIGHT
from pipelines.base.settings import Installation
from pipelines.base.text import minute
from pipelines.base.visible import clean

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


def failure_of(installation: Installation) -> str:
    """Return what the home says of a run that failed, a line; empty where the last one didn't."""
    with suppress(FileNotFoundError):  # or a night ends well meanwhile
        if text := installation.failure.read_text(encoding="utf-8").strip():
            return text
        when = datetime.fromtimestamp(installation.failure.stat().st_mtime, UTC)
        return f"{minute(when)}: {NIGHT} failed: {_UNSAID}"
    return ""
