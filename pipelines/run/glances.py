"""A glance between looks: whether one is due, or anything is otherwise than the last one left it.

Files that came wait until then: they are as safe where they lie as in the store, and are taken in
together. All that is kept is in memory, and little: a process that dies loses nothing, and whatever
else changes meanwhile (the store, the configuration, what that look noted, a file that was there)
asks for a look.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from pipelines import ingest
from pipelines.base.files import identity_of
from pipelines.base.text import minute
from pipelines.ingest.sightings import find
from pipelines.run import feeds
from pipelines.run.looked import State, read_state, stats_of, write_state
from pipelines.run.setup import Setup
from pipelines.store import generation

SOON: Final = timedelta(seconds=30)
"""A look that is due so soon is due: processes don't wake to the second."""


class Glances:
    """What a look left, published and noted.

    Parameters
    ----------
    digest
        Of the configuration.
    left
        What it noted.
    seen
        The files that it found, as they were (`files.identity_of`).
    """

    def __init__(
        self,
        setup: Setup,
        named: list[str],
        digest: str,
        left: State,
        seen: Mapping[Path, tuple[int, ...]],
    ) -> None:
        self._setup, self._named, self._digest, self._left = setup, named, digest, left
        self._seen, self._waiting = dict(seen), set[Path]()
        self._since, self._before = left.looked, self._beside()

    def finds_otherwise(self, digest: str) -> bool:
        """Tell whether anything is otherwise than the look left it, but for files that came.

        A file that holds something else than before is written over again and again: what it
        holds can't wait. `digest`: of the configuration as it is now.
        """
        inst, now = self._setup.installation, dict[Path, tuple[int, ...]]()

        def known(path: Path) -> bool:
            now[path] = identity_of(path)
            return True

        if digest != self._digest or read_state(inst) != self._left:
            return True
        try:
            if self._beside() != self._before:
                return True
            named = feeds.named(inst, self._named)
            if ingest.discover(named, inst.spool, known=known).unreadable:
                return True
        except Exception:  # what is wrong is for a look to say
            return True
        self._waiting |= now.keys() - self._seen.keys()
        otherwise = any(now[path] != at for path, at in self._seen.items() if path in now)
        self._seen |= now
        return otherwise or not self._waiting <= now.keys()

    def is_due(self, now: datetime) -> bool:
        """Tell whether what came has waited for long enough, by the clock; one that was set back
        says nothing of that.
        """
        return bool(self._waiting) and not self._since <= now < self._next - SOON

    @property
    def _next(self) -> datetime:
        watch = self._setup.installation.settings.watch
        return self._since + timedelta(minutes=watch.early_min)

    def note(self, now: datetime, every_min: float) -> None:
        """Note that it was looked."""
        self._left = self._left.model_copy(update={"looked": now, "every_min": every_min})
        write_state(self._setup.installation, self._left)

    def in_words(self) -> str:
        """Say what came."""
        if not self._waiting:
            return f"nothing new since {minute(self._left.upto)}"
        files = "a file waits" if len(self._waiting) == 1 else f"{len(self._waiting):,} files wait"
        return f"{files} to be taken in from {self._next:%H:%M}Z on"

    def _beside(self) -> object:
        """Return what tells the store, and files of sightings, from what they were."""
        inst = self._setup.installation
        named = list(inst.settings.sightings)
        seen = stats_of(*{path.parent for path in find(named)}) if named else []
        return generation(inst.store, inst.settings.store), seen
