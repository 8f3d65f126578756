"""What was read of a store, kept for who reads it again within an hour: looks between nights."""

from collections.abc import Callable, Collection, Iterator, Set
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, Final

import pandas as pd

from pipelines.store.said import Said

COLUMN_SHARE: Final = 1 / 8
"""So much of the memory that a look may take is columns that are kept, where looks go on: at 2 GB
those of some 5 million reports."""


class Kept:
    """Things by what they are of, those that were asked for last, up to so many bytes in all."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._things: dict[tuple[Any, ...], Any] = {}
        self._lock = Lock()
        self._bytes = 0

    def get(self, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        """Return a thing, which has `nbytes`, as it is kept or as it is made."""
        if not self.most_bytes:
            return make()
        with self._lock:
            found = self._things.pop(key, None)
            if found is None:
                found = make()
                self._bytes += found.nbytes
            self._things[key] = found  # the last is that which was asked for last
            while self._bytes > self.most_bytes and len(self._things) > 1:
                self._bytes -= self._things.pop(next(iter(self._things))).nbytes
        return found

    def clear(self) -> None:
        """Keep nothing of what was asked for."""
        with self._lock:
            self._things.clear()
            self._bytes = 0


COLUMNS: Final = Kept(0)
"""Columns of row groups, as numbers: reading those of yesterday and today took a tenth of a look,
which comes back to them each hour; a night reads them once."""


NOTHING_SAID: Final = pd.DataFrame(
    {
        "feed_key": pd.Series([], dtype="str"),
        "last": pd.Series([], dtype="datetime64[us, UTC]"),
        "n_rows": pd.Series([], dtype="int64"),
    }
)


class Called:
    """What each vessel of a store called itself last, by the feeds of which all was said.

    A quarter of an hour brings a row a vessel: to ask a month of them took half a second, each
    look. In memory it is some 200 bytes for each vessel that was ever heard.

    Attributes
    ----------
    feeds
        Their keys, and digests of their reports: a feed that is read again has another.
    known
        What they say.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.feeds: set[tuple[str, str]] = set()
        self.known = Said.nothing()
        self._upto = pd.Timestamp(0, tz="UTC")

    def goes_on(self, feeds: Set[tuple[str, str]], end: pd.Timestamp) -> bool:
        """Tell whether all that it was made of is there still, and was said up to a time."""
        return self.feeds <= feeds and self._upto <= end

    def take(self, known: Said, feeds: Collection[tuple[str, str]], upto: pd.Timestamp) -> None:
        """Note what is known with some more feeds, of which all was said by a time, if anything."""
        self.known = known
        self.feeds |= {*feeds}
        if not pd.isna(upto):
            self._upto = max(self._upto, upto)


class _Stores:
    """The same by store, where it is kept."""

    def __init__(self) -> None:
        self.kept: dict[Path, Called] | None = None

    def of(self, root: Path) -> Called | None:
        """Return what is kept of a store; None where nothing is."""
        return None if self.kept is None else self.kept.setdefault(root, Called())


CALLED: Final = _Stores()


@contextmanager
def keeping(memory_gb: float) -> Iterator[None]:
    """Keep what is read of stores, for the length of a with block in which looks may take so much
    memory.
    """
    COLUMNS.most_bytes = int(memory_gb * COLUMN_SHARE * 1e9)
    CALLED.kept = {}
    try:
        yield
    finally:
        COLUMNS.most_bytes, CALLED.kept = 0, None
        COLUMNS.clear()
