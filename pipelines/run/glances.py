"""A glance between looks: whether what came can change anything that counts.

What came is read, and whom it says something new of is told by who was heard when
(`detect.silences`). Where that is nobody nothing is taken in: the files are as safe where they lie
as in the store, and the next look takes them in with what came since. All that is kept is in memory
and made of what the last look left: a process that dies loses nothing, and whatever else changes
meanwhile (the store, the configuration, what that look noted) asks for a look.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from detectors.core import frames
from detectors.core.detector import Detector
from pipelines import ingest
from pipelines.base.files import as_it_is
from pipelines.base.text import minute
from pipelines.detect.ahead import Ahead
from pipelines.detect.looks import early, rests_alone
from pipelines.detect.silences import Silences
from pipelines.detect.tail import LATE, Recent
from pipelines.ingest.sightings import find
from pipelines.run import feeds
from pipelines.run.feeds import Reading
from pipelines.run.looked import (
    State,
    on_one_thread,
    read_state,
    stamp,
    stats_of,
    write_state,
)
from pipelines.run.setup import Setup
from pipelines.run.windows import FOREVER
from pipelines.store import Writer, generation, read

MOST_REPORTS: Final = 500_000
"""So many reports, those of static data too, wait at most; then a look takes them in."""

MOST_KEPT: Final = 200_000
"""What was read of so many is kept to be taken in; of more it is read again, to save memory."""

ASK_EVERY: Final = timedelta(minutes=60)
"""So long after the look before, or since it was asked, is asked whether a silence is to be told:
asking costs a quarter of a look, and no lead is to wait longer than an hour."""

DAMAGE: Final = frozenset({"future", "truncated archive", "damaged archive", "unreadable file"})
"""What may be wrong with a feed that a look says, or comes back to."""


class Glances:
    """What the last look left, and what came since; see `after`.

    Attributes
    ----------
    silences
        Who was heard when, what waits included.
    reports
        How many reports wait to be taken in.
    """

    def __init__(
        self,
        setup: Setup,
        named: list[str],
        digest: str,
        left: State,
        silences: Silences,
        needed: int,
        asked: Sequence[Detector],
        recent: Recent,
        stored: Collection[str],
    ) -> None:
        self._asked, self._recent = asked, recent
        self._setup, self._named, self._digest, self._left = setup, named, digest, left
        self.silences, self._needed = silences, needed
        self.reports = self._statics = 0
        self._stored = stored
        self._waiting: dict[Path, tuple[int, ...]] = {}
        self._keys: dict[Path, str] = {}
        self._since_s = float("inf")
        self._fresh: list[ingest.Batch] = []
        self._decoded: dict[tuple[str, str], tuple[str, ingest.Decoding]] = {}
        self._positions = [frames.empty(frames.POSITIONS)]
        self._receptions = [frames.empty(frames.RECEPTIONS)]
        self._open = ExitStack()
        self._ahead: Ahead | None = None
        self._before, self._asked_at = self._beside(), silences.end

    @classmethod
    def after(
        cls,
        store: Writer,
        setup: Setup,
        named: list[str],
        digest: str,
        left: State | None,
        known: Silences | None,
        recent: Recent,
    ) -> "Glances | None":
        """Return what a look left, published and noted; None where every look must be one.

        Parameters
        ----------
        known
            Who was heard when, where it is known without asking the store.
        recent
            What the open date ended with.
        """
        settings = setup.installation.settings
        enough = settings.assess.min_score
        asked = early(setup.detectors, setup.zones, setup.models, enough)
        asked = [d for d in asked if d.of_silence is not None and rests_alone(d)]
        spans = [d.of_silence for d in asked if d.of_silence is not None]
        now = None if left is None else store.now(FOREVER)
        if left is None or now is None or not spans:
            return None
        if known is None:
            heard = store.heard_last(now.time - max(d.lookback for d in asked))
            settle = max(d.settle for d in asked)
            known = Silences(heard, now.time, min(spans), settle)
        known.asked()
        stored = store.feed_keys()
        return cls(setup, named, digest, left, known, now.needed, asked, recent, stored)

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
        watch, end = self._setup.installation.settings.watch, self.silences.end
        waits = end - stamp(self._left.upto) >= timedelta(minutes=watch.early_min)
        whole = timedelta(minutes=watch.whole_min)
        waits |= bool(whole) and end - stamp(self._left.whole) >= whole
        # The reports' clock stands still where too few are heard to believe them.
        waits |= time.monotonic() - self._since_s >= watch.early_min * 60
        if waits or self.reports + self._statics > MOST_REPORTS:
            return True
        due = self.silences.due if end - self._asked_at >= ASK_EVERY else set()
        if not due or not self.reports:
            return False
        try:
            if self._opened().tells(due, *self._frames(), end):
                return True
        except Exception:  # what is wrong is for a look to say
            return True
        self.silences.asked()
        self._asked_at = end
        return False

    def key(self, feed: ingest.FeedFile) -> str:
        """See `feeds.Read`."""
        return self._decoded[feed.sha256, feed.name][0] if self._has(feed) else ""

    def decoding(self, feed: ingest.FeedFile) -> ingest.Decoding | None:
        """See `feeds.Read`."""
        return self._decoded.pop((feed.sha256, feed.name))[1] if self._has(feed) else None

    def _has(self, feed: ingest.FeedFile) -> bool:
        return (feed.sha256, feed.name) in self._decoded

    def close(self) -> None:
        """Close the store, which is open since it was asked first."""
        self._open.close()
        self._ahead = None

    def _opened(self) -> Ahead:
        if self._ahead is None:
            setup = self._setup
            inst = setup.installation
            self._ahead = Ahead(
                self._open.enter_context(read(inst.store, on_one_thread(inst.settings.store))),
                self._asked,
                setup.zones,
                setup.models,
                inst.settings.assess.min_score,
                min(stamp(self._left.told_from), stamp(self._left.upto)),
                self._recent,
            )
        return self._ahead

    def _frames(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return `frames.POSITIONS` and `frames.RECEPTIONS` of what waits."""
        fresh, self._fresh = self._fresh, []
        for batch in fresh:
            self._positions.append(batch.positions)
            if batch.native is not None:
                station = batch.native["station"].cast(pa.large_string()).to_pandas()
                named = batch.positions.assign(station=station.fillna("").to_numpy())
                named = named[(named["station"] != "").to_numpy(bool)]
                self._receptions.append(frames.select(named, frames.RECEPTIONS))
        if fresh:
            self._positions = [_joined(self._positions, frames.POSITIONS)]
            self._receptions = [_joined(self._receptions, frames.RECEPTIONS)]
        return self._positions[0], self._receptions[0]

    def note(self, now: datetime, every_min: float) -> None:
        """Note that it was looked."""
        self._left = self._left.model_copy(update={"looked": now, "every_min": every_min})
        write_state(self._setup.installation, self._left)

    def in_words(self) -> str:
        """Say what came."""
        if not self.reports:
            return f"nothing new since {minute(self._left.upto)}"
        upto = minute(self.silences.end)
        return f"up to {upto}: nothing to tell; {self.reports:,} reports wait to be taken in"

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
            self.silences.hear(mmsi, time_us, self._needed)
            self.reports += len(mmsi)
            self._fresh += batches
        self._statics += sum(len(batch.statics) for batch in batches)
        if self.reports + self._statics <= MOST_KEPT:
            decoding.keep(batches)
            self._decoded[file.sha256, file.name] = key, decoding
        self._waiting[file.path], self._keys[file.path] = as_it_was, key
        self._since_s = min(self._since_s, time.monotonic())
        return True

    def _beside(self) -> object:
        """Return what tells the store, and files of sightings, from what they were."""
        inst = self._setup.installation
        named = list(inst.settings.sightings)
        seen = stats_of(*{path.parent for path in find(named)}) if named else []
        return generation(inst.store, inst.settings.store), seen


def _joined(parts: Sequence[pd.DataFrame], schema: Mapping[str, frames.Column]) -> pd.DataFrame:
    return frames.conform(pd.concat(parts, ignore_index=True), schema)
