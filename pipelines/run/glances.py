"""A glance between looks: whether what came can change anything that counts.

What came is read, and tells up to when reports are heard; until `watch.early_min` have passed
nothing is taken in: the files are as safe where they lie as in the store, and the next look takes
them in with what came since. All that is kept is in memory and made of what the last look left: a
process that dies loses nothing, and whatever else changes meanwhile (the store, the configuration,
what that look noted) asks for a look.
"""

import time
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from detectors.core.arrays import Ints
from detectors.core.frames import is_last
from pipelines import ingest
from pipelines.base.files import as_it_is
from pipelines.base.text import minute
from pipelines.detect.tail import LATE
from pipelines.ingest.sightings import find
from pipelines.run import feeds
from pipelines.run.feeds import Reading
from pipelines.run.looked import State, read_state, stamp, stats_of, write_state
from pipelines.run.setup import Setup
from pipelines.run.windows import FOREVER
from pipelines.store import Writer, generation
from pipelines.store.now import WITHIN

MOST_REPORTS: Final = 500_000
"""So many reports, those of static data too, wait at most; then a look takes them in."""

MOST_KEPT: Final = 200_000
"""What was read of so many is kept to be taken in; of more it is read again, to save memory."""

DAMAGE: Final = frozenset({"future", "truncated archive", "damaged archive", "unreadable file"})
"""What may be wrong with a feed that a look says, or comes back to."""


class Glances:
    """What the last look left, and what came since; see `after`.

    Attributes
    ----------
    reports
        How many reports wait to be taken in.
    end
        Up to when they count as heard: the newest time that as many vessels were heard around as
        `store.now` asks for. Of one that is ahead, or of too few, it stands still.
    """

    def __init__(
        self,
        setup: Setup,
        named: list[str],
        digest: str,
        left: State,
        needed: int,
        stored: Collection[str],
    ) -> None:
        self._setup, self._named, self._digest, self._left = setup, named, digest, left
        self._needed, self._stored = needed, stored
        self.reports = self._statics = 0
        self.end = stamp(left.upto)
        self._last = pd.Series(dtype="int64")
        self._waiting: dict[Path, tuple[int, ...]] = {}
        self._keys: dict[Path, str] = {}
        self._since_s = float("inf")
        self._decoded: dict[tuple[str, str], tuple[str, ingest.Decoding]] = {}
        self._before = self._beside()

    @classmethod
    def after(
        cls, store: Writer, setup: Setup, named: list[str], digest: str, left: State | None
    ) -> "Glances | None":
        """Return what a look left, published and noted; None where every look must be one."""
        now = None if left is None else store.now(FOREVER)
        if left is None or now is None:
            return None
        return cls(setup, named, digest, left, now.needed, store.feed_keys())

    def reads(self, digest: str, taken: Callable[[Path], bool], before: Collection[Path]) -> bool:
        """Read what came, and tell whether that is all that is otherwise than the look left it.

        Parameters
        ----------
        digest
            Of the configuration as it is now.
        taken
            Whether a file is in the store as it is.
        before
            Files that looks have taken in. One of them, or one that waits, which holds something
            else by now is written over again and again: what it holds can't wait.
        """
        inst = self._setup.installation
        if digest != self._digest or read_state(inst) != self._left:
            return False
        try:
            if self._beside() != self._before or not all(path.exists() for path in self._waiting):
                return False
            found = ingest.discover(
                feeds.named(inst, self._named),
                inst.spool,
                known=lambda path: self._is_known(path, taken),
            )
            options = feeds.ingest_options(inst, self._setup.zones, Reading())
            return not found.unreadable and all(self._read(file, options, before) for file in found)
        except Exception:  # what is wrong is for a look to say
            return False

    def counts(self) -> bool:
        """Tell whether a look is to be made of what came."""
        watch = self._setup.installation.settings.watch
        waits = self.end - stamp(self._left.upto) >= timedelta(minutes=watch.early_min)
        whole = timedelta(minutes=watch.whole_min)
        waits |= bool(whole) and self.end - stamp(self._left.whole) >= whole
        # The reports' clock stands still where too few are heard to believe them.
        waits |= time.monotonic() - self._since_s >= watch.early_min * 60
        return waits or self.reports + self._statics > MOST_REPORTS

    def key(self, feed: ingest.FeedFile) -> str:
        """See `feeds.Read`."""
        return self._decoded[feed.sha256, feed.name][0] if self._has(feed) else ""

    def decoding(self, feed: ingest.FeedFile) -> ingest.Decoding | None:
        """See `feeds.Read`."""
        return self._decoded.pop((feed.sha256, feed.name))[1] if self._has(feed) else None

    def _has(self, feed: ingest.FeedFile) -> bool:
        return (feed.sha256, feed.name) in self._decoded

    def note(self, now: datetime, every_min: float) -> None:
        """Note that it was looked."""
        self._left = self._left.model_copy(update={"looked": now, "every_min": every_min})
        write_state(self._setup.installation, self._left)

    def in_words(self) -> str:
        """Say what came."""
        if not self.reports:
            return f"nothing new since {minute(self._left.upto)}"
        return f"up to {minute(self.end)}: {self.reports:,} reports wait to be taken in"

    def _is_known(self, path: Path, taken: Callable[[Path], bool]) -> bool:
        return taken(path) or self._waiting.get(path) == as_it_is(path)

    def _read(
        self, file: ingest.FeedFile, options: ingest.IngestOptions, before: Collection[Path]
    ) -> bool:
        """Read a file; tell whether it is whole, new, not more than may wait, and no older than
        what a tail may be.
        """
        as_it_was, key = as_it_is(file.path), feeds.feed_key(file, options)
        if self._keys.get(file.path) == key:
            self._waiting[file.path] = as_it_was
        if key in self._stored or key in self._keys.values():
            return True
        if file.path in self._keys or file.path in before:
            return False
        decoding = ingest.decode(file, options)
        batches, heard, held = [], [], self.reports + self._statics
        for batch in decoding:
            heard.append(batch.heard)
            held += len(heard[-1][0]) + len(batch.statics)
            if held > MOST_REPORTS:
                return False
            batches.append(batch)
        if DAMAGE.intersection(decoding.report.rejected):
            return False
        oldest_us = (stamp(self._left.upto) - LATE).value // 1_000
        for mmsi, time_us in heard:
            if len(mmsi) and time_us.min() < oldest_us:
                return False
        if any(len(mmsi) for mmsi, _ in heard):
            mmsi, time_us = (np.concatenate(each) for each in zip(*heard, strict=True))
            self._hear(mmsi, time_us)
            self.reports += len(mmsi)
        self._statics += sum(len(batch.statics) for batch in batches)
        if self.reports + self._statics <= MOST_KEPT:
            decoding.keep(batches)
            self._decoded[file.sha256, file.name] = key, decoding
        self._waiting[file.path], self._keys[file.path] = as_it_was, key
        self._since_s = min(self._since_s, time.monotonic())
        return True

    def _hear(self, mmsi: Ints, time_us: Ints) -> None:
        """Note reports that came, each vessel's newest; and up to when they count as heard."""
        order = np.lexsort((time_us, mmsi))
        last = order[is_last(mmsi[order])]
        came = pd.Series(time_us[last], index=mmsi[last])
        self._last = pd.concat([self._last, came]).groupby(level=0).max()
        times_us = np.sort(self._last.to_numpy())[::-1]
        around = np.searchsorted(-times_us, WITHIN // timedelta(microseconds=1) - times_us, "right")
        enough = times_us[around >= self._needed]
        if len(enough):
            self.end = max(self.end, stamp(pd.Timestamp(int(enough[0]), unit="us", tz="UTC")))

    def _beside(self) -> object:
        """Return what tells the store, and files of sightings, from what they were."""
        inst = self._setup.installation
        named = list(inst.settings.sightings)
        seen = stats_of(*{path.parent for path in find(named)}) if named else []
        return generation(inst.store, inst.settings.store), seen
