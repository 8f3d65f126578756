"""Files of a store in a folder, also where others write to it: no link there is followed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from pipelines.store.catalogue import KINDS

_CHUNK: Final = 1 << 22


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


def write_here(path: Path, root: Path, name: str) -> None:
    """Copy a file into a folder under a name, such as ``positions/date=…/…``; it is whole and on
    the disk when it appears there. Folders are made if need be.

    No link in it is followed, not even one that is put there meanwhile: NotADirectoryError where
    one stands in place of a folder.
    """
    *folders, file = name.split("/")
    root.mkdir(parents=True, exist_ok=True)
    with ExitStack() as opened:
        inside = opened.enter_context(_folder(root))
        for folder in folders:
            with suppress(FileExistsError):
                os.mkdir(folder, dir_fd=inside)
            inside = opened.enter_context(_folder(folder, inside, os.O_NOFOLLOW))
        fresh = f".{file}.new"
        with suppress(FileNotFoundError):
            os.unlink(fresh, dir_fd=inside)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with (
            path.open("rb") as here,
            os.fdopen(os.open(fresh, flags, 0o666, dir_fd=inside), "wb") as to,
        ):
            shutil.copyfileobj(here, to, _CHUNK)
            to.flush()
            os.fsync(to.fileno())
        os.replace(fresh, file, src_dir_fd=inside, dst_dir_fd=inside)
        os.fsync(inside)


def remove_older(root: Path, folder: str, kept: str, most: int) -> None:
    """Remove the oldest files of one folder until no more than `most` are left, `kept` with them.

    Where the folder is a link nothing is removed: what it leads to is somebody's.
    """
    none = suppress(FileNotFoundError, NotADirectoryError)
    with none, _folder(root) as above, _folder(folder, above, os.O_NOFOLLOW) as inside:
        with os.scandir(inside) as entries:
            found = [one for one in entries if one.is_file(follow_symlinks=False)]
        old = [one for one in found if one.name != kept]
        old.sort(key=lambda one: one.stat(follow_symlinks=False).st_mtime_ns)
        for one in old[: 1 - most]:
            with suppress(FileNotFoundError):
                os.unlink(one.name, dir_fd=inside)


def _entries(folder: "Path | os.DirEntry[str]") -> "list[os.DirEntry[str]]":
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as found:
        return list(found)
    return []


@contextmanager
def _folder(path: Path | str, above: int | None = None, flags: int = 0) -> Iterator[int]:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | flags, dir_fd=above)
    try:
        yield handle
    finally:
        os.close(handle)
