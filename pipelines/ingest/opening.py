"""Opening what others may have put where feeds lie.

Who may write to a folder of feeds can put there, at any moment, a link or a pipe by the name of a
feed. A link may lead to what they may not read themselves, and we may: it would be read under the
name, and so with the mark, that they gave it. A pipe has whoever opens it wait for good.
"""

import os
import stat
from pathlib import Path
from typing import BinaryIO, Final, cast

from pipelines.ingest.errors import ChangedError, IngestError

_ROOT: Final = 0


class OpeningError(IngestError):
    """What is called a feed leads to something else."""


def opened(path: Path) -> BinaryIO:
    """Open a file to read, as it lies there at this moment.

    Links are followed that are ours or the system's, or lead to what belongs to whoever made them
    (Apache's SymLinksIfOwnerMatch).

    Raises
    ------
    OpeningError
        If it is no regular file, or somebody else's link leads to it.
    ChangedError
        If another one took its place meanwhile.
    OSError
        If it can't be opened.
    """
    # Without waiting for whoever writes to a pipe; reading a file isn't changed by it.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            raise OpeningError(f"{path.name} isn't a regular file", hint="pipe it in: … | selat -")
        _refuse_links(path)
        # Looked at after it was opened: what was a link then, and is none any more, is another.
        if not os.path.samestat(about, path.stat()):
            raise ChangedError(
                f"{path.name} changed while it was opened",
                hint="whatever writes it should write a new file and rename it when it is done",
            )
        return cast(BinaryIO, os.fdopen(handle, "rb"))
    except BaseException:
        os.close(handle)
        raise


def _refuse_links(path: Path) -> None:
    """Refuse links on the way to a file that lead out of what is their maker's."""
    for one in (path, *path.absolute().parents):
        link = one.lstat()
        if not stat.S_ISLNK(link.st_mode) or link.st_uid in {_ROOT, os.geteuid()}:
            continue
        if link.st_uid != one.stat().st_uid:
            raise OpeningError(
                f"{one.name} is a link by another account to what isn't its own",
                hint="name the file itself, or make the link as the account that runs Selat",
            )
