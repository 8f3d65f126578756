"""The store of an installation opened for writing, and begun only where none was lost."""

from collections.abc import Iterator
from contextlib import contextmanager

from pipelines.base.settings import Installation, StoreSettings
from pipelines.run.windows import NoDataError
from pipelines.store import StoreError, Writer, exists, write


def require_store(installation: Installation) -> None:
    """Raise NoDataError where nothing was taken in yet; else as `_refuse_lost`."""
    _refuse_lost(installation)
    if not exists(installation.store, installation.settings.store):
        raise NoDataError(f"no store in {installation.store}", hint="selat ingest FEED")


def _refuse_lost(installation: Installation) -> None:
    """Raise StoreError where runs are there, and the store that they came from isn't: who writes
    would begin a new one, which knows of nothing that was found.
    """
    runs = any(each.is_dir() for each in installation.runs.glob("2*"))
    if runs and not exists(installation.store, installation.settings.store):
        raise StoreError(
            f"{installation.runs} holds runs, but there is no store in {installation.store}",
            hint="is its disk mounted? To begin anew, move the runs away first",
        )


@contextmanager
def writing(
    installation: Installation,
    wait_s: float = 0.0,
    settings: StoreSettings | None = None,
    *,
    begins: bool = False,
) -> Iterator[Writer]:
    """Return the one writer of an installation's store; see `pipelines.store.write`.

    Parameters
    ----------
    wait_s
        How long another writer is waited for.
    settings
        In place of the installation's own.
    begins
        Whether a store is made where there is none: for what takes something in.

    Raises
    ------
    StoreError
        As `_refuse_lost` and `pipelines.store.write`.
    NoDataError
        As `require_store`, unless it `begins`.
    """
    (_refuse_lost if begins else require_store)(installation)
    with write(installation.store, settings or installation.settings.store, wait_s) as store:
        yield store
