"""Stage 2: detectors over a window, in parts, each story followed back to where it began."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from detectors.core import events, run
from detectors.core.detector import Detector, RestsOn
from detectors.kinematics import whereabouts
from detectors.surroundings.zones import Zones
from pipelines.detect.spread.days import Ranges
from pipelines.detect.spread.engines import Engine, Pending
from pipelines.detect.spread.tasks import (
    Ask,
    Look,
    Looked,
    TrackIndex,
    before_of,
    company_of,
    find_company,
    heard_in,
    involved_of,
    keep,
    load_tracks,
    look,
    look_apart,
    look_in_company,
)
from pipelines.detect.spread.work import Place
from pipelines.detect.window import Detection, Heard, context_of, cut_short, extended
from pipelines.store import Queries


@dataclass(frozen=True)
class Kinds:
    """Names of detectors by whose positions their events rest on, in the order of running.

    Attributes
    ----------
    own
        Each vessel may be looked at by itself: so they say, and read only the events of such.
    company
        Each vessel may be looked at with its company, and no others' events are read.
    events
        Those may be looked at that take part in events of the others, or are involved.
    everybody
        The rest.
    """

    own: list[str]
    company: list[str]
    events: list[str]
    everybody: list[str]

    @classmethod
    def of(cls, detectors: Sequence[Detector]) -> "Kinds":
        """The kinds of these detectors."""
        kinds = cls([], [], [], [])
        among = {d.name for d in detectors}
        for detector in run.in_order(detectors):
            reads = among & set(detector.after)
            if detector.rests_on == RestsOn.OWN and reads <= set(kinds.own):
                kinds.own.append(detector.name)
            elif detector.rests_on == RestsOn.COMPANY and not reads:
                kinds.company.append(detector.name)
            elif detector.rests_on == RestsOn.EVENTS and not reads & set(kinds.everybody):
                kinds.events.append(detector.name)
            else:
                kinds.everybody.append(detector.name)
        return kinds


@dataclass(frozen=True)
class Bench:
    """What all windows share.

    Attributes
    ----------
    inputs
        Digest of all feeds and sightings in the store.
    index, ranges
        The tracks of the whole span, and the parts of the vessels.
    tile_deg
        Size of the tiles in which company is sought; None where who needs company is looked at
        among all.
    """

    engine: Engine
    place: Place
    inputs: str
    detectors: Sequence[Detector]
    index: TrackIndex
    ranges: Ranges
    zones: Zones
    models: Mapping[str, Any]
    tile_deg: float | None = None


class Following:
    """Looks at one window, pass by pass, until no story is cut short; see `window.detect`.

    Parameters
    ----------
    store
        For questions about who was heard when.
    start, end, until
        The window, up to when reports are looked at, and the last moment that counts as looked at.
    reach
        Vessels and how far back they are wanted, as `window.first_reach` says.
    """

    def __init__(
        self,
        bench: Bench,
        store: Queries,
        start: pd.Timestamp,
        end: pd.Timestamp,
        until: pd.Timestamp,
        reach: pd.DataFrame,
    ) -> None:
        self._bench, self._store = bench, store
        self.start, self.end, self._until = start, end, until
        self._reach = reach
        self._before: dict[str, pd.DataFrame] = {}
        self._failures: dict[str, tuple[str, str]] = {}
        self._heard: pd.DataFrame | None = None
        self._passes = 0
        self.done = False
        self.pending: list[Pending] = []
        self._work = self._passing()
        self.advance()

    def advance(self) -> None:
        """Go on where the tasks of a step have ended."""
        while not self.done and all(one.done() for one in self.pending):
            step = next(self._work, None)
            self.done = step is None
            self.pending = step or []

    def _passing(self) -> Iterator[list[Pending]]:
        """Pass after pass; yields what it waits for."""
        while True:
            self._passes += 1
            self._need = self._store.need(self._reach)
            kinds = Kinds.of([d for d in self._bench.detectors if d.name not in self._failures])
            yield from self._together(kinds) if self._bench.tile_deg is None else self._apart(kinds)
            further = cut_short(self._before, self._bench.detectors, self._need)
            if further.empty:
                return
            self._reach = extended(self._reach, further, self.start)

    def _together(self, kinds: Kinds) -> Iterator[list[Pending]]:
        """A pass in which all that look at more than one vessel look at everybody."""
        parts = [self._send(look, kinds.own, part, []) for part in self._parts()]
        among = kinds.company + kinds.events + kinds.everybody
        read = {name for d in self._bench.detectors if d.name in among for name in d.after}
        given = parts if read & set(kinds.own) else []
        pending = [*parts, self._send(look, among, self._need, given)] if among else parts
        yield pending
        looks = self._looked(pending)
        self._heard = heard_in(self._bench.place, looks[: len(parts)]) if parts else None
        self._take_found(before_of(self._bench.place, looks))

    def _apart(self, kinds: Kinds) -> Iterator[list[Pending]]:
        """A pass in which nobody looks at more vessels than it must."""
        tile_deg = self._bench.tile_deg
        names = kinds.own + kinds.company + kinds.events
        parts = [self._send(look_apart, names, part, tile_deg) for part in self._parts()]
        yield parts
        apart = self._looked(parts)
        self._heard = heard_in(self._bench.place, apart) if apart else None
        asking = [name for name in kinds.company if name not in self._failures]

        tiles = sorted({tile for one in apart for tile in one.tiles})
        asked = (
            [
                self._bench.engine.submit(
                    find_company,
                    Ask(
                        self._bench.place,
                        self._bench.inputs,
                        tuple(asking),
                        tile,
                        self._need,
                        self.end,
                    ),
                    parts,
                )
                for tile in [*tiles, None]
            ]
            if asking
            else []
        )
        yield asked
        keys = [one.result() for one in asked]

        company = {name: self._company(keys, name) for name in asking}
        groups = [
            self._send(look_in_company, [name], need, owners=owners)
            for name, pairs in company.items()
            for need, owners in self._groups(pairs)
        ]
        yield groups
        found = before_of(self._bench.place, apart)
        for name, pairs in company.items():
            alone = found.get(name, events.empty())
            found[name] = alone[~alone["mmsi"].isin(pairs["mmsi"])]
        seen = before_of(self._bench.place, self._looked(groups))
        for name in asking:
            both = events.concat([found.pop(name), seen.get(name, events.empty())])
            found[name] = self._gathered(name, both)
        self._take_found(found)

        rest = {*kinds.events, *kinds.everybody} - self._failures.keys()
        waiting = [d for d in self._bench.detectors if d.name in rest]
        while waiting:
            unmet = {d.name for d in waiting}
            ready = [d for d in waiting if not unmet & set(d.after)]
            given = [keep(self._bench.place, self._before)]
            pending = []
            for detector in ready:
                need = self._need
                if detector.name in kinds.events:
                    need = need[need["mmsi"].isin(sorted(self._named(apart, detector)))]
                pending.append(self._send(look, [detector.name], need, given))
            yield pending
            found |= before_of(self._bench.place, self._looked(pending))
            self._take_found(found)
            waiting = [d for d in waiting if d not in ready]

    def _parts(self) -> list[pd.DataFrame]:
        """The vessels in parts that have any."""
        need, mmsi = self._need, self._need["mmsi"]
        parts = [need[(mmsi >= low) & (mmsi < high)] for low, high in self._bench.ranges]
        return [part for part in parts if len(part)]

    def _send(
        self,
        task: Any,
        names: list[str],
        need: pd.DataFrame,
        *arguments: Any,
        owners: tuple[int, ...] | None = None,
    ) -> Pending:
        bench = self._bench
        need = need.reset_index(drop=True)
        since = need["from_time"].min() if len(need) else self.start
        order = [d.name for d in bench.detectors if d.name in names]
        look_at = Look(
            bench.place,
            bench.inputs,
            tuple(order),
            tuple(d.name for d in bench.detectors),
            self.start,
            self.end,
            self._until,
            need,
            bench.index.between(since, self.end),
            owners,
        )
        return bench.engine.submit(task, look_at, *arguments)

    def _looked(self, pending: list[Pending]) -> list[Looked]:
        """What looks gave; what failed in one of them has failed."""
        looks: list[Looked] = [one.result() for one in pending]
        for one in looks:
            self._failures |= {k: v for k, v in one.failures.items() if k not in self._failures}
        return looks

    def _take_found(self, found: Mapping[str, pd.DataFrame]) -> None:
        """Keep what was found, in the order in which detectors run."""
        names = [d.name for d in run.in_order(self._bench.detectors)]
        self._before = {
            name: found.get(name, events.empty()) for name in names if name not in self._failures
        }

    def _company(self, keys: list[str], name: str) -> pd.DataFrame:
        """Company as far as those vessels are looked at."""
        found = whereabouts.joined([company_of(self._bench.place, key, name) for key in keys])
        known = found["mmsi"].isin(self._need["mmsi"]) & found["other_mmsi"].isin(
            self._need["mmsi"]
        )
        return found[known].reset_index(drop=True)

    def _groups(self, company: pd.DataFrame) -> Iterator[tuple[pd.DataFrame, tuple[int, ...]]]:
        """Vessels with all their company in groups, and those of them whose events are wanted.

        There are as many groups as parts, or fewer where only some vessels have any company; those
        that have much in common come together, so that little is looked at twice.
        """
        counts = self._store.report_counts(self.start, self.end).set_index("mmsi")["reports"]
        having = counts[counts.index.isin(company["mmsi"])]
        share = having.sum() / max(counts.sum(), 1)
        most = max(1, math.ceil(len(self._bench.ranges) * share))
        for owners in whereabouts.in_groups(company, counts, most):
            others = company.loc[company["mmsi"].isin(owners), "other_mmsi"].tolist()
            need = self._need[self._need["mmsi"].isin([*owners, *others])]
            yield need, tuple(sorted(owners))

    def _gathered(self, name: str, found: pd.DataFrame) -> pd.DataFrame:
        detector = next(d for d in self._bench.detectors if d.name == name)
        since = self.start - run.extension(detector, self._bench.detectors)
        return detector.gather(found, since, self.end)

    def _named(self, apart: list[Looked], detector: Detector) -> set[int]:
        """Vessels in the events that a detector reads, or involved."""
        named = involved_of(self._bench.place, apart, detector.name)
        for other in set(detector.after) & self._before.keys():
            found = self._before[other]
            named |= {*found["mmsi"].tolist(), *found["other_mmsi"].tolist()}
        return named

    def vessels(self) -> set[int]:
        """MMSIs that were looked at."""
        return set(self._need["mmsi"].tolist())

    def concerned(self) -> set[int]:
        """MMSIs that take part in what was found."""
        sides = [found[side] for found in self._before.values() for side in ("mmsi", "other_mmsi")]
        return set(pd.concat(sides).tolist()) - {0} if sides else set()

    def detection(self, mmsis: set[int], named: set[int]) -> Detection:
        """What `window.detect` would have given for these vessels.

        Positions are of those of them that take part in what was found, or are `named`.
        """
        bench = self._bench
        wanted = sorted(mmsis & (self.concerned() | named))
        need = self._need[self._need["mmsi"].isin(wanted)].reset_index(drop=True)
        since = need["from_time"].min() if len(need) else self.start
        index = bench.index.between(since, self.end)
        segmented = load_tracks(self._store, bench.place, index, need, self.end)
        settle = {d.name: d.settle for d in bench.detectors}
        heard = Heard(0, 0, 0)
        if self._heard is not None:
            heard = Heard.of(self._heard[self._heard["mmsi"].isin(sorted(mmsis))])
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
            heard,
        )
