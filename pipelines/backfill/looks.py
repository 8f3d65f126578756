"""Stage 2: detectors over a window, in parts, each story followed back to where it began."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from detectors.core import events, run
from detectors.core.detector import Detector
from detectors.core.zones import Zones
from pipelines.backfill.days import Ranges
from pipelines.backfill.engines import Engine, Pending
from pipelines.backfill.tasks import Look, Looked, TrackIndex, before_of, load_tracks, look
from pipelines.backfill.work import Place
from pipelines.detect.window import Detection, context_of, cut_short, extended
from pipelines.store import Queries


def alone(detectors: Sequence[Detector]) -> set[str]:
    """Names of detectors that may be run on a part of the vessels: those that say so, and read
    only the events of such ones.
    """
    names: set[str] = set()
    for detector in run.in_order(detectors):
        others = {d.name for d in detectors} & set(detector.after)
        if detector.alone and others <= names:
            names.add(detector.name)
    return names


@dataclass(frozen=True)
class Bench:
    """What all windows share.

    Attributes
    ----------
    inputs
        Digest of all feeds and sightings in the store.
    index, ranges
        The tracks of the whole span, and the parts of the vessels.
    """

    engine: Engine
    place: Place
    inputs: str
    detectors: Sequence[Detector]
    index: TrackIndex
    ranges: Ranges
    zones: Zones
    models: Mapping[str, Any]


class Following:
    """Looks at one window, pass by pass, until no story is cut short; see `window.detect`.

    Parameters
    ----------
    store
        For questions about who was heard when.
    start, end
        The window, and up to when reports are looked at.
    reach
        Vessels and how far back they are wanted, as `window.first_reach` says.
    """

    def __init__(
        self,
        bench: Bench,
        store: Queries,
        start: pd.Timestamp,
        end: pd.Timestamp,
        reach: pd.DataFrame,
    ) -> None:
        self._bench, self._store = bench, store
        self.start, self.end = start, end
        self._reach = reach
        self._before: dict[str, pd.DataFrame] = {}
        self._failures: dict[str, tuple[str, str]] = {}
        self._passes = 0
        self.done = False
        self._begin()

    def _begin(self) -> None:
        """Send off the tasks of a pass."""
        bench = self._bench
        self._passes += 1
        self._need = need = self._store.need(self._reach)
        single = alone(bench.detectors)
        names = [d.name for d in bench.detectors if d.name not in self._failures]
        mmsi = need["mmsi"]
        some = [need[(mmsi >= low) & (mmsi < high)] for low, high in bench.ranges]
        parts = [
            self._submit([n for n in names if n in single], part, [])
            for part in some
            if len(part) and set(names) & single
        ]
        read = {name for d in bench.detectors if d.name not in single for name in d.after}
        together = [n for n in names if n not in single]
        given = parts if read & single else []
        self.pending = [*parts, self._submit(together, need, given)] if together else parts

    def _submit(self, names: list[str], need: pd.DataFrame, given: list[Pending]) -> Pending:
        bench = self._bench
        need = need.reset_index(drop=True)
        since = need["from_time"].min() if len(need) else self.start
        task = Look(
            bench.place, bench.inputs, tuple(names), tuple(d.name for d in bench.detectors),
            self.start, self.end, need, bench.index.between(since, self.end),
        )  # fmt: skip
        return bench.engine.submit(look, task, given)

    def advance(self) -> None:
        """Go on where the tasks of a pass have ended."""
        while not self.done and all(one.done() for one in self.pending):
            looks: list[Looked] = [one.result() for one in self.pending]
            for one in looks:
                self._failures |= {k: v for k, v in one.failures.items() if k not in self._failures}
            found = before_of(self._bench.place, looks)
            names = [d.name for d in run.in_order(self._bench.detectors)]
            self._before = {
                name: found.get(name, events.empty())
                for name in names
                if name not in self._failures
            }
            further = cut_short(self._before, self._bench.detectors, self._need)
            if further.empty:
                self.done = True
                return
            self._reach = extended(self._reach, further, self.start)
            self._begin()

    def vessels(self) -> set[int]:
        """MMSIs that were looked at."""
        return set(self._need["mmsi"].tolist())

    def concerned(self) -> set[int]:
        """MMSIs that take part in what was found."""
        sides = [found[side] for found in self._before.values() for side in ("mmsi", "other_mmsi")]
        return set(pd.concat(sides).tolist()) - {0} if sides else set()

    def detection(self, mmsis: set[int]) -> Detection:
        """What `window.detect` would have given for these vessels."""
        bench = self._bench
        need = self._need[self._need["mmsi"].isin(sorted(mmsis))].reset_index(drop=True)
        since = need["from_time"].min() if len(need) else self.start
        index = bench.index.between(since, self.end)
        segmented = load_tracks(self._store, bench.place, index, need, self.end)
        settle = {d.name: d.settle for d in bench.detectors}
        return Detection(
            events.concat(
                [
                    run.touching(found, self.start - settle[name])
                    for name, found in self._before.items()
                ]
            ),
            {name: text for name, (text, _) in self._failures.items()},
            segmented.tracked,
            context_of(
                self._store, segmented, need, self.start, self.end, bench.zones, bench.models
            ),
            self._passes,
            {name: trace for name, (_, trace) in self._failures.items()},
        )
