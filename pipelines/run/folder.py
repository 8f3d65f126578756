"""The folder of a run: written beside its place, then renamed into it; what names the newest."""

import os
import shutil
import traceback
from collections.abc import Collection, Mapping
from pathlib import Path

from pipelines.base.settings import Installation
from pipelines.base.visible import clean_lines
from pipelines.publish.files import write_all
from pipelines.publish.products import Products


def write_folder(
    products: Products,
    folder: Path,
    tracebacks: Mapping[str, str],
    files: Collection[str] | None = None,
    failed: dict[str, Exception] | None = None,
    attempt: str = "",
) -> None:
    """Write the files of a run into its folder, which appears whole; see `runs.publish`.

    Of several attempts at once, each by a name of its own, the first that ends stands. `failed` is
    as of `publish.write_all`.
    """
    unfinished = folder.with_name(f".{folder.name}{attempt}.unfinished")
    if not attempt:  # no other is written now: what is there is of runs that crashed
        for left in (folder, *folder.parent.glob(".*.unfinished")):
            shutil.rmtree(left, ignore_errors=True)
    unfinished.mkdir(parents=True)
    write_all(products, unfinished, files, failed)
    texts = {
        name.removeprefix("file "): "".join(traceback.format_exception(error))
        for name, error in (failed or {}).items()
    }
    for name, text in {**tracebacks, **texts}.items():
        (unfinished / f"failure-{name}.txt").write_text(clean_lines(text), encoding="utf-8")
    try:
        unfinished.rename(folder)
    except OSError:
        if not (attempt and folder.is_dir()):
            raise
        shutil.rmtree(unfinished, ignore_errors=True)


def point_newest(installation: Installation, folder: Path, *, look: bool = False) -> None:
    """Let HOME/latest, or HOME/look, name the folder of a run; a night ends what looks saw.

    Where a folder is in the place of a link, since the home was copied by what follows links, it is
    left beside it.
    """
    link = installation.look if look else installation.latest
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(folder.relative_to(link.parent))
    for place in (installation.look, installation.latest):
        if place.is_dir() and not place.is_symlink():
            place.rename(place.with_name(f"{place.name}.copied-{folder.name}"))
    if not look:
        installation.look.unlink(missing_ok=True)
    os.replace(fresh, link)  # noqa: PTH105 (over a link itself)
