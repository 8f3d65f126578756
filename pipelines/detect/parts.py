"""Detectors over more vessels than fit into memory at once, in parts.

What a detector `rests_on` says how its vessels may be looked at apart:

- *alone*: events rest on the vessel, and on those that it shares events with. Parts of the vessels,
  each with these, give the same as all together.
- *taking part*: they rest on all who take part in some events. These are looked at together, all
  others as above.
- *in places*: they rest on who was near at the time. Parts of vessels that were in one place, each
  with what others sent around the time when they were near (see `nearness`). Where
  there are many parts each detector has its own: what matters to one is a fraction of what matters
  to any. One whose vessels raise the same events alone (`Near.ending_s`) is then asked of each
  alone first, and again of those that raise any, with what lay around the end of these.
- *by digests*: of others they rest on a few bytes a report, made of everybody while all is read
  (`Detector.digest`), and on the reports of a few pairs. Parts as those of who stands alone.
- *together*: nothing of that holds. Everybody is looked at at once, in the columns that are read
  and no others. No detector that comes with Selat does so.

A part is read for all detectors that can look at it, and is gone before the next one is read.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import pandas as pd

from detectors.core import events, frames, run
from detectors.core.detector import Context, Detector, Gathered
from detectors.core.explain import explain
from detectors.core.relations import EventsOf, Own, SightingsWithin
from detectors.kinematics.integrity import Segmented
from pipelines.detect.digests import Digests
from pipelines.detect.nearness import Nearness, in_places, only_tells
from pipelines.store.judged_files import Within


class Load(Protocol):
    """Loads some columns of the tracks of the vessels in `Queries.need` up to a time."""

    def __call__(
        self,
        need: pd.DataFrame,
        end: pd.Timestamp,
        columns: Sequence[str],
        within: Within | None = None,
    ) -> Segmented:
        """Return them, all or `within` some stretches of time."""


NOBODY: Final = 0
"""The MMSI of events without a vessel."""

ALONE: Final = "alone"
TAKING_PART: Final = "taking part"
IN_PLACES: Final = "in places"
BY_DIGESTS: Final = "by digests"
TOGETHER: Final = "together"

FEW: Final = 0.9
"""Of what was read for all detectors, one that asks for a smaller share gets that alone."""

TOGETHER_PARTS: Final = 2
"""In so many parts it is cheaper to read once for all detectors of places; in more, the company of
all is several times that of one. Measured, see docs/capacity.md."""


def manner(detector: Detector, context: Context) -> str:
    """Tell how a detector's vessels may be looked at apart: see above."""
    if detector.digests:
        return BY_DIGESTS
    if in_places(detector):
        return IN_PLACES
    found = ALONE
    for relation in detector.rests_on:
        match relation:
            case Own() | EventsOf(shared=True):
                continue
            case EventsOf():
                found = TAKING_PART
            case SightingsWithin() if context.sightings.empty:
                found = TAKING_PART
            case _:
                return TOGETHER
    return found


def columns_of(detectors: Sequence[Detector], *also: str) -> list[str]:
    """Return the columns of `frames.TRACKED` that some detectors read, and what is always read."""
    needed = {"mmsi", "time", "track_id", *also}.union(*(d.requires for d in detectors))
    return [name for name in frames.TRACKED if name in needed]


def asks_reports(detector: Detector) -> bool:
    """Tell whether a vessel's events rest on the reports of those that it shares events with."""
    return any(isinstance(r, EventsOf) and r.reports for r in detector.rests_on)


def taking_part(found: Mapping[str, pd.DataFrame]) -> set[int]:
    """Return the vessels in some events."""
    sides = (e[side] for e in found.values() for side in ("mmsi", "other_mmsi"))
    return {m for side in sides for m in side.unique().tolist()} - {NOBODY}


@dataclass
class Sweep:
    """A look at all vessels, in parts."""

    load: Load
    need: pd.DataFrame
    end: pd.Timestamp
    """The vessels, each from its from_time (`Queries.need`), and up to when."""
    ranges: list[tuple[int, int]]
    """Of MMSIs, of vessels that fit at a time (`memory.ranges`)."""
    near: Nearness
    rows: int
    """Who was near whom, and how many reports fit at a time."""
    among: Sequence[Detector]
    """All configured detectors."""
    context: Context
    """Of everybody, but for noise and earlier events, which each part has its own of."""
    say: Callable[[str], None]
    failed: Callable[[str, Exception], None]
    """Called with name and error of a detector that raised; it isn't asked again."""
    known: dict[str, pd.DataFrame] = field(default_factory=dict)
    """`run.Found.before` by detector; filled in by `run`."""
    digests: Digests | None = None
    """Of all vessels, of the detectors that make some."""
    standing: Mapping[str, pd.DataFrame] | None = None
    """As of `run.seen_by`."""
    _alone: dict[str, pd.DataFrame] = field(default_factory=dict)

    def run(self, detectors: Sequence[Detector], only: Mapping[str, set[int]]) -> None:
        """Run detectors, each after those whose events it reads.

        `only`: by name, the vessels to look at again; the events of all others stay as `known`.
        """
        waiting = run.in_order(detectors)
        while waiting:
            names = {d.name for d in waiting}
            ready = [d for d in waiting if not names & set(d.after)]
            manners = {d.name: manner(d, self.context) for d in ready}
            apart = {ALONE, TAKING_PART} | ({BY_DIGESTS} if self.digests else set())
            batch = [d for d in ready if manners[d.name] in apart]
            first = [d for d in ready if self._first_alone(d)]
            if batch or first:
                self._in_parts([*batch, *first], manners, only)
                waiting = [d for d in waiting if d not in first or d.name in self._alone]
            elif batch := [d for d in ready if manners[d.name] == IN_PLACES]:
                if len(self.ranges) > TOGETHER_PARTS:
                    batch = batch[:1]
                self._in_places(batch)
            else:
                batch = ready
                self._at_once(batch)
            waiting = [d for d in waiting if d not in batch]

    def _first_alone(self, detector: Detector) -> bool:
        """Tell whether it is to be asked first who raises events at all."""
        some = len(self.ranges) > TOGETHER_PARTS and detector.name not in self._alone
        return some and only_tells(detector)

    def _at_once(self, batch: Sequence[Detector]) -> None:
        self.say(f"all {len(self.need):,} vessels")
        segmented = self.load(self.need, self.end, columns_of(batch))
        for detector in batch:
            self.say(f"all vessels: {detector.name}")
            seen = replace(self._seen(detector), noise=segmented.noise)
            self._finish(detector, seen, [self._found(detector, segmented, seen)])

    def _in_parts(
        self, batch: Sequence[Detector], manners: Mapping[str, str], only: Mapping[str, set[int]]
    ) -> None:
        seen = {d.name: self._seen(d) for d in batch}
        only = {
            name: vessels | sharing(seen[name].earlier, vessels)
            for name, vessels in only.items()
            if name in seen
        }
        joint = {
            d.name: taking_part(seen[d.name].earlier)
            for d in batch
            if manners[d.name] == TAKING_PART
        }
        gathered = self._gathered([d for d in batch if manners[d.name] == BY_DIGESTS], seen)
        batch = [d for d in batch if d.name in seen]
        found: dict[str, list[pd.DataFrame] | None] = {d.name: [] for d in batch}
        mmsi = self.need["mmsi"]
        for number, (low, high) in enumerate(self.ranges, 1):
            own = set(mmsi[(mmsi >= low) & (mmsi < high)].tolist())
            asked = [
                (d, vessels)
                for d in batch
                if (vessels := (own & only.get(d.name, own)) - joint.get(d.name, set()))
            ]
            if asked:
                self.say(f"part {number} of {len(self.ranges)}: {len(own):,} vessels")
                whole = [(d, v, company(d, v, seen[d.name], gathered)) for d, v in asked]
                self._look(whole, seen, found)
        for detector in batch:
            if together := joint.get(detector.name):
                self.say(f"{len(together):,} vessels: {detector.name}")
                self._look([(detector, together | {NOBODY}, together)], seen, found)
            of_parts = found[detector.name]
            if manners[detector.name] != IN_PLACES:
                self._finish(detector, seen[detector.name], of_parts, only.get(detector.name))
            elif of_parts is not None:
                self._alone[detector.name] = events.concat([events.empty(), *of_parts])

    def _gathered(self, batch: Sequence[Detector], seen: dict[str, Context]) -> dict[str, Gathered]:
        """Return what detectors must know of all, and note it in what they have `seen`."""
        found = {}
        for detector in batch:
            assert self.digests is not None  # noqa: S101  # else none is asked so
            self.say(f"all vessels: {detector.name}")
            context = seen.pop(detector.name)
            try:
                found[detector.name] = known = self.digests.gather(detector, context)
            except Exception as error:  # one failing detector mustn't stop the others
                self._drop(detector, error)
                continue
            seen[detector.name] = replace(context, gathered=known.known)
        return found

    def _in_places(self, batch: Sequence[Detector]) -> None:
        seen = {d.name: self._seen(d) for d in batch}
        found: dict[str, list[pd.DataFrame] | None] = {d.name: [] for d in batch}
        names = ", ".join(seen)
        for number, part in enumerate(self.near.parts(batch, self.rows, self._alone), 1):
            vessels, reports = len(part.vessels), part.reports
            self.say(f"{names}: place {number}, {vessels:,} vessels, {reports:,} reports")
            own, company = set(part.vessels.tolist()), set(part.within.vessels().tolist())
            self._look([(d, own, company) for d in batch], seen, found, part.within)
        for detector in batch:
            self._finish(detector, seen[detector.name], found[detector.name])

    def _look(
        self,
        asked: Sequence[tuple[Detector, set[int], set[int]]],
        seen: Mapping[str, Context],
        found: dict[str, list[pd.DataFrame] | None],
        within: Within | None = None,
    ) -> None:
        """Look at some vessels with their company, by one reading for all detectors."""
        everybody = set().union(*(company for _, _, company in asked))
        need = self.need[self.need["mmsi"].isin(everybody)].reset_index(drop=True)
        segmented = self.load(need, self.end, columns_of([d for d, _, _ in asked]), within)
        for detector, owners, company in asked:
            if (parts := found[detector.name]) is None:
                continue
            # More company than it asks for makes no difference, but takes time, as leaving it out.
            few = FEW * len(everybody) > len(company)
            known = everybody | sharing(seen[detector.name].earlier, owners - {NOBODY})
            about = about_vessels(seen[detector.name], known, segmented.noise)
            about = replace(about, asked=frozenset(owners))
            own = self._found(detector, _of(segmented, company) if few else segmented, about)
            found[detector.name] = (
                None if own is None else [*parts, own[own["mmsi"].isin(owners).to_numpy(bool)]]
            )

    def _seen(self, detector: Detector) -> Context:
        return run.seen_by(detector, self.among, self.context, self.known, self.standing)

    def _found(
        self, detector: Detector, segmented: Segmented, seen: Context
    ) -> pd.DataFrame | None:
        """Return what a detector finds; None, and noted, where it fails."""
        try:
            return detector.detect(segmented.tracked, seen)
        except Exception as error:  # one failing detector mustn't stop the others
            self._drop(detector, error)
            return None

    def _finish(
        self,
        detector: Detector,
        seen: Context,
        parts: Sequence[pd.DataFrame | None] | None,
        only: set[int] | None = None,
    ) -> None:
        there = [part for part in parts or [None] if part is not None]
        if parts is None or len(there) < len(parts):
            return
        try:
            there = there or [events.empty()]
            self.known[detector.name] = told_anew(detector, there, seen, self.known, only)
        except Exception as error:  # one failing detector mustn't stop the others
            self._drop(detector, error)

    def _drop(self, detector: Detector, error: Exception) -> None:
        self.known.pop(detector.name, None)
        self.failed(detector.name, error)


def _of(segmented: Segmented, vessels: set[int]) -> Segmented:
    wanted = segmented.tracked["mmsi"].isin(vessels)
    return segmented._replace(tracked=segmented.tracked[wanted].reset_index(drop=True))


def told_anew(
    detector: Detector,
    found: Sequence[pd.DataFrame],
    seen: Context,
    known: Mapping[str, pd.DataFrame],
    only: set[int] | None,
) -> pd.DataFrame:
    """Return what was found, finished and explained; of `only` some vessels, beside what is known
    of all others.
    """
    whole = run.finished(detector, found, seen)
    if only is None or detector.name not in known:
        return explain(whole, seen, detector.hypotheses)
    whole = whole[whole["mmsi"].isin(only).to_numpy(bool)]
    before = known[detector.name]
    before = before[~before["mmsi"].isin(only).to_numpy(bool)]
    anew = explain(whole.reset_index(drop=True), seen, detector.hypotheses)
    return events.sort(events.concat([anew, before]))


def company(
    detector: Detector, vessels: set[int], seen: Context, gathered: Mapping[str, Gathered]
) -> set[int]:
    """Return some vessels, and those whose reports a detector asks for beside theirs."""
    if asks_reports(detector):
        vessels = vessels | sharing(seen.earlier, vessels)
    known = gathered.get(detector.name)
    return vessels if known is None else vessels | known.company(vessels)


def sharing(earlier: Mapping[str, pd.DataFrame], vessels: set[int]) -> set[int]:
    """Return who shares events with some vessels."""
    found = set[int]()
    for known in earlier.values():
        one, other = known["mmsi"].isin(vessels), known["other_mmsi"].isin(vessels)
        found |= set(known.loc[one, "other_mmsi"]) | set(known.loc[other, "mmsi"])
    return found - {NOBODY}


def about_vessels(seen: Context, company: set[int], noise: pd.DataFrame) -> Context:
    """Return what is known of some vessels: their noise, and events in which nobody else is."""
    inside = {*company, NOBODY}
    earlier = {
        name: known[
            (known["mmsi"].isin(inside) & known["other_mmsi"].isin(inside)).to_numpy(bool)
        ].reset_index(drop=True)
        for name, known in seen.earlier.items()
    }
    return replace(seen, earlier=earlier, noise=noise)
