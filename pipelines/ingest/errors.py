"""The errors of this stage."""

import time
from typing import Final

from detectors.core.errors import SelatError

WRITTEN_NS: Final = 120_000_000_000
"""Two minutes: who writes a file over a slow line adds to it more often."""


class IngestError(SelatError):
    """A feed can't be found, can't be read, or isn't a feed."""

    exit_code = 3


class ChangedError(IngestError):
    """A feed changed while it was read."""


class CutOffError(IngestError):
    """Nothing in a feed can be read, as it is damaged, cut off or not written whole yet."""

    def of_file(self, changed_ns: int) -> "CutOffError":
        """Return it as of a file that was changed then, which may still be written.

        Of a time in the future, by more than clocks differ, nothing is known.
        """
        if abs(time.time_ns() - changed_ns) >= WRITTEN_NS:
            return self
        text = f"{self}; it was written to in the last two minutes, and may not be whole yet"
        hint = "the next look reads it if it is whole by then; else fetch it again"
        return CutOffError(text, hint)


def explained(name: str, error: Exception) -> SelatError:
    """Return what a feed or file met, as an error with its name and a hint, whatever it is.

    Readers meet whatever somebody sends, and no list of the errors of all libraries is complete: a
    feed that can't be read mustn't stop those beside it.
    """
    if isinstance(error, SelatError):
        return error
    if isinstance(error, OSError) and error.strerror:
        return IngestError(
            f"{name} can't be read: {error.strerror}", hint="check its permissions and the disk"
        )
    if isinstance(error, MemoryError):
        return IngestError(
            f"{name} can't be read: it takes more memory than there is",
            hint="it may be made to do harm; if it is a feed, split it",
        )
    lines = str(error).splitlines()
    cause = f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
    return IngestError(
        f"{name} can't be read: {cause}",
        hint="it is damaged, or of a kind that isn't known: keep it for the developers",
    )


def as_text(name: str) -> str:
    """Return a file's name that can be written: bytes of it that aren't text are replaced."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
