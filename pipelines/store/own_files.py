"""Files of a store in a folder, also where others write to it: no link there is followed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipelines.store.catalogue import KINDS


def sizes_here(root: Path) -> dict[str, int]:
    """Return files of `KINDS` in a folder, with their size in bytes; what a link leads to is none.

    Whoever writes to a share could have put one there, and what no catalogue names is removed.
    """
    sizes = dict[str, int]()
    for kind in KINDS:
        for date in _entries(root / kind):
            if date.name.startswith("date=") and date.is_dir(follow_symlinks=False):
                for file in _entries(date):
                    if file.is_file(follow_symlinks=False):
                        size = file.stat(follow_symlinks=False).st_size
                        sizes[f"{kind}/{date.name}/{file.name}"] = size
    return sizes


def remove_here(root: Path, name: str) -> None:
    """Remove a file of a folder, and the folder of its date if that was its last one.

    No link in it is followed, not even one that is put there meanwhile.
    """
    kind, date, file = name.split("/", 2)
    if "/" in file:  # somebody's in object storage, and here none of ours
        return
    none = suppress(FileNotFoundError, NotADirectoryError)
    with none, _folder(root / kind) as above, _folder(date, above, os.O_NOFOLLOW) as inside:
        with suppress(FileNotFoundError):
            os.unlink(file, dir_fd=inside)
        with suppress(OSError):
            os.rmdir(date, dir_fd=above)


def _entries(folder: "Path | os.DirEntry[str]") -> "list[os.DirEntry[str]]":
    with suppress(FileNotFoundError), os.scandir(folder) as found:
        return list(found)
    return []


@contextmanager
def _folder(path: Path | str, above: int | None = None, flags: int = 0) -> Iterator[int]:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | flags, dir_fd=above)
    try:
        yield handle
    finally:
        os.close(handle)
