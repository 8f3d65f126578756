"""Detectors over a window, each vessel's story followed back to where it began.

`look` is the one loop that nights, back-fills, redetects and backtests run: load, tracks, context,
detectors in order, and again from further back where a story is cut short.
"""

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core import events, frames, run
from detectors.core.detector import Context, Detector
from detectors.core.errors import SelatError
from detectors.kinematics.integrity import PROVISIONAL, Segmented
from detectors.surroundings.zones import Zones
from pipelines.base.allocation import give_back
from pipelines.detect import memory
from pipelines.detect.context import context_of
from pipelines.detect.digests import Digests
from pipelines.detect.further import again, concerned, cut_short, extended, looked_again
from pipelines.detect.heard import COLUMNS, heard_by_vessel, heard_in_parts
from pipelines.detect.nearness import Nearness
from pipelines.detect.parts import Load, Sweep, columns_of
from pipelines.store import Queries


@dataclass(frozen=True)
class Detection:
    """What the detectors found."""

    events: pd.DataFrame
    """`events.EVENTS` of every detector that succeeded, explained."""
    failures: dict[str, str]
    """Name and error of every detector that did not."""
    heard: pd.DataFrame
    """`heard.HEARD` of the vessels that were looked at."""
    context: Context
    passes: int
    """How often the window was looked at until no story was cut short."""
    tracebacks: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Look:
    """What a look at a window came to."""

    before: dict[str, pd.DataFrame]
    """`run.Found.before` of each detector that succeeded, in the order of running."""
    failures: dict[str, tuple[str, str]]
    """Error and traceback of each that did not."""
    reach: pd.DataFrame
    need: pd.DataFrame
    heard: pd.DataFrame
    context: Context
    """What the last pass looked at; `need` as `Queries.need` gives it, `heard.HEARD`."""
    passes: int
    """How often the window was looked at until no story was cut short."""


def look(
    store: Queries,
    detectors: Sequence[Detector],
    reach: pd.DataFrame,
    *,
    start: pd.Timestamp,
    end: pd.Timestamp,
    until: pd.Timestamp | None = None,
    since: pd.Timestamp | None = None,
    standing: Mapping[str, pd.DataFrame] | None = None,
    zones: Zones,
    models: Mapping[str, Any],
    memory_gb: float = memory.MEMORY_GB,
    progress: Callable[[str], None] | None = None,
    estimated: Callable[[str], None] | None = None,
    each: Callable[[pd.DataFrame], None] | None = None,
) -> Look:
    """Look at a window, pass by pass, until no story is cut short.

    The detectors look from `PROVISIONAL` before `start` on: until then verdicts of reports may have
    changed since they were looked at last, and events with them.

    Where an event of a vessel begins so early that its detector lacks its look-back, while the
    store has older reports of that vessel, the vessel is loaded from twice as far back and looked
    at again, by that detector, those whose events it reads, and those that read its own.

    Raises TooLittleMemoryError if what must be held at once doesn't fit into the machine.

    Parameters
    ----------
    reach
        Vessels and how far back they are wanted, as `first_reach` says.
    until
        Up to when reports count as heard; None: `end`.
    since
        From when on the detectors look; None: as above.
    standing
        As of `run.seen_by`.
    memory_gb
        How much memory it may take: vessels are looked at in parts that fit.
    estimated
        Called with what the first pass will read, and the memory that it will take.
    each
        Called with the tracks that the first pass reads, of some vessels at a time.
    """
    say = progress or (lambda _: None)
    since, until = since or start - PROVISIONAL, until or end
    times, beside = (start, end, until, since), (zones, models)
    window = _Window(store, detectors, *times, *beside, standing, memory_gb, each)
    known, asked, only = window.known, list(detectors), dict[str, set[int]]()
    for number in count(1):
        need = store.need(reach)
        sizes = memory.Sizes.of(store.reports_in(need, end), memory_gb)
        said = f"{len(need):,} vessels, {sizes}"
        say(f"pass {number}: loading {said}")
        if estimated and number == 1:
            estimated(said)
        sizes.refuse_too_much()
        look_at = window.at_once if len(sizes.ranges) == 1 else window.in_parts
        one = _Pass(number, need, sizes, asked, only, partial(_named, say, number))
        heard, context = look_at(one)
        further = {d.name: cut_short(known, [d], need) for d in detectors if d.name in known}
        further = {name: cut for name, cut in further.items() if len(cut)}
        if not further:
            break
        reach = extended(reach, pd.concat(further.values(), ignore_index=True), since)
        asked = again(detectors, set(further))
        vessels = set(pd.concat(further.values())["mmsi"].tolist())
        only = concerned(asked, vessels, known, context)
    before = {d.name: known[d.name] for d in run.in_order(detectors) if d.name in known}
    return Look(before, window.failures, reach, need, heard, context, number)


class _Pass(NamedTuple):
    """One look at a window."""

    number: int
    need: pd.DataFrame
    sizes: memory.Sizes
    asked: Sequence[Detector]
    only: Mapping[str, set[int]]
    """By name of those asked, the vessels to look at again, if not all."""
    named: Callable[[str], None]


@dataclass
class _Window:
    """What all passes over a window rest on (see `look`), and what they found."""

    store: Queries
    detectors: Sequence[Detector]
    start: pd.Timestamp
    end: pd.Timestamp
    until: pd.Timestamp
    since: pd.Timestamp
    zones: Zones
    models: Mapping[str, Any]
    standing: Mapping[str, pd.DataFrame] | None
    memory_gb: float
    each: Callable[[pd.DataFrame], None] | None
    known: dict[str, pd.DataFrame] = field(default_factory=dict)
    failures: dict[str, tuple[str, str]] = field(default_factory=dict)

    def at_once(self, one: _Pass) -> tuple[pd.DataFrame, Context]:
        """Look at all vessels together; return `heard.HEARD` of them, and the context."""
        columns = columns_of(self.detectors, *COLUMNS)
        tracked, noise = self.store.segmented(one.need, self.end, columns)
        if self.each and one.number == 1:
            self.each(tracked)
        heard = heard_by_vessel(tracked, self.start, self.until)
        context = self._context(one.need, heard)
        seen = replace(context, noise=noise)
        if one.number == 1:
            run_all = partial(run.run, standing=self.standing, before_each=one.named)
            found = run_all(self.detectors, tracked, seen, failed=self._failed)
            self.known.update({name: of.before for name, of in found.items()})
        else:
            asked, how = self._working(one.asked), (self.known, self.standing, one.named)
            looked_again(asked, self.detectors, one.only, tracked, seen, *how, self._failed)
        return heard, context

    def in_parts(self, one: _Pass) -> tuple[pd.DataFrame, Context]:
        """Look at as many vessels at a time as fit into memory; return the same."""
        need, ranges, columns = one.need, one.sizes.ranges, columns_of(self.detectors, *COLUMNS)
        near = Nearness(one.asked, need["from_time"].min(), self.end)
        digests = Digests(self._working(one.asked), self._failed)
        with self.store.spool() as spool:
            times = self.start, self.end, self.until
            noted = spool, near, digests, self.each if one.number == 1 else None
            heard = heard_in_parts(self.store, need, ranges, times, columns, *noted)
            context = self._context(need, heard)
            parts = need, self.end, ranges, near, one.sizes.rows
            told = context, one.named, self._failed, self.known
            load = partial(_with_room, spool.segmented, self.memory_gb)
            sweep = Sweep(load, *parts, self.detectors, *told, digests, self.standing)
            sweep.run(self._working(one.asked), one.only)
        return heard, context

    def _context(self, need: pd.DataFrame, heard: pd.DataFrame) -> Context:
        span, beside = (self.since, self.end), (self.zones, self.models)
        return context_of(self.store, heard["mmsi"], need, *span, *beside, self.detectors)

    def _working(self, asked: Sequence[Detector]) -> list[Detector]:
        return [d for d in asked if d.name not in self.failures]

    def _failed(self, name: str, error: Exception) -> None:
        self.failures[name] = in_words(error)


def _with_room(load: Load, memory_gb: float, *asked: Any) -> Segmented:
    """Load some vessels where what was freed of others is given back, if it is much."""
    give_back(memory_gb + memory.FREED_GB)
    return load(*asked)


def _named(say: Callable[[str], None], passes: int, name: str) -> None:
    say(f"looking for {name.replace('_', ' ')}{f', further back ({passes})' * (passes > 1)}")


def detect(
    store: Queries,
    detectors: Sequence[Detector],
    *,
    start: pd.Timestamp,
    end: pd.Timestamp,
    until: pd.Timestamp | None = None,
    zones: Zones,
    reach_back: timedelta,
    models: Mapping[str, Any] | None = None,
    memory_gb: float = memory.MEMORY_GB,
    progress: Callable[[str], None] | None = None,
    estimated: Callable[[str], None] | None = None,
) -> Detection:
    """Run detectors over [start, end] with enough history that the cut doesn't show.

    Every vessel heard since `start - reach_back` is loaded from `start` minus the longest
    look-back and settling time (and from the report before that), and further back where `look`
    finds it wanting. So the events of a span are the same whether it is processed in one go or in
    many.

    A detector that raises is named in `failures`; the others finish. `until`, `memory_gb`
    and `estimated` are as of `look`.
    """
    seen = look(
        store,
        detectors,
        first_reach(store, detectors, start, end, reach_back),
        start=start,
        end=end,
        until=until,
        zones=zones,
        models=models or {},
        memory_gb=memory_gb,
        progress=progress,
        estimated=estimated,
    )
    give_back(memory_gb)  # what was held of all vessels is let go of
    return detection_of(
        seen.before, seen.failures, detectors, seen.heard, seen.context, seen.passes
    )


def detection_of(
    before: Mapping[str, pd.DataFrame],
    failures: Mapping[str, tuple[str, str]],
    detectors: Sequence[Detector],
    heard: pd.DataFrame,
    context: Context,
    passes: int,
) -> Detection:
    """Return what was found that touches the window, with what goes with it."""
    settle = {d.name: d.settle for d in detectors}
    touching = [run.touching(e, context.start - settle[name]) for name, e in before.items()]
    return Detection(
        events.concat(touching),
        {name: text for name, (text, _) in failures.items()},
        heard,
        context,
        passes,
        {name: trace for name, (_, trace) in failures.items()},
    )


def in_words(error: Exception) -> tuple[str, str]:
    """Return what went wrong, and where."""
    said = error.told if isinstance(error, SelatError) else f"{type(error).__name__}: {error}"
    return said, "".join(traceback.format_exception(error))


def first_reach(
    store: Queries,
    detectors: Sequence[Detector],
    start: pd.Timestamp,
    end: pd.Timestamp,
    reach_back: timedelta,
) -> pd.DataFrame:
    """Return the vessels that a window asks about, and from when on: mmsi, reach_time.

    Who is in a stored event that counts, there or for another, is wanted from so early that it
    isn't cut short.
    """
    back = {d.name: run.extension(d, detectors) + d.settle for d in detectors}
    since = start - PROVISIONAL - max(back.values(), default=timedelta(0))
    known = store.events_touching(since, end, written=True)
    asked = asked_about(store, detectors, start, end, reach_back, known)
    latest = start - longest_history(detectors)
    since_each = start - PROVISIONAL - pd.to_timedelta(known["detector"].map(back))
    counts = known[known["end"].isna() | (known["end"] >= since_each)]
    lookback = counts["detector"].map({d.name: d.lookback for d in detectors})
    begun = counts["start"] - pd.to_timedelta(lookback)
    sides = [counts["mmsi"], counts["other_mmsi"]]
    reach = pd.concat(
        pd.DataFrame({"mmsi": mmsi, "reach_time": time})
        for mmsi, time in [(pd.Series(asked), latest), *((side, begun) for side in sides)]
    )
    reach["reach_time"] = reach["reach_time"].where(reach["reach_time"] < latest, latest)
    reach = reach[reach["mmsi"].isin(asked) & (reach["mmsi"] > 0)].astype({"mmsi": "int64"})
    return reach.groupby("mmsi", as_index=False, sort=False).agg(reach_time=("reach_time", "min"))


def asked_about(
    store: Queries,
    detectors: Sequence[Detector],
    start: pd.Timestamp,
    end: pd.Timestamp,
    reach_back: timedelta,
    known: pd.DataFrame,
) -> NDArray[np.int64]:
    """Return whom a window asks about: those heard since `start - reach_back`, and those of known
    events that are to be compared.
    """
    heard = store.heard(start - reach_back, end)
    compared = to_compare(known, detectors, start, end)
    sides = (heard, compared["mmsi"], compared["other_mmsi"])
    return np.unique(np.concatenate([side.to_numpy("int64") for side in sides]))


def longest_history(detectors: Sequence[Detector]) -> timedelta:
    """Return how far before a window detectors need reports, unless a story began earlier."""
    own = (run.history(d, detectors) + d.settle for d in detectors)
    return PROVISIONAL + max(own, default=timedelta(0))


def events_to_compare(
    store: Queries,
    detectors: Sequence[Detector],
    start: pd.Timestamp,
    end: pd.Timestamp,
    *,
    written: bool = False,
) -> pd.DataFrame:
    """Return stored events that these detectors report on, and any other's that touch the window.

    A detector reports on events that touch the window or ended less than its settling time, and
    that of verdicts, before. `written` is as of `Queries.events_touching`.
    """
    longest = PROVISIONAL + max((d.settle for d in detectors), default=timedelta(0))
    known = store.events_touching(start - longest, end, written=written)
    return to_compare(known, detectors, start, end)


def to_compare(
    known: pd.DataFrame, detectors: Sequence[Detector], start: pd.Timestamp, end: pd.Timestamp
) -> pd.DataFrame:
    """Return the same of known events, none of them retracted."""
    reported_on = ~before_window(known, detectors, start - PROVISIONAL)
    reported_on &= frames.epoch_us(known["start"]) <= end.value // 1_000
    return known[reported_on].reset_index(drop=True)


def before_window(
    found: pd.DataFrame, detectors: Sequence[Detector], start: pd.Timestamp
) -> NDArray[np.bool_]:
    """Tell which events were over before a window began, for longer than their detector settles.

    They were looked at again since the verdicts that they rest on may have changed.
    """
    settle = {d.name: d.settle // timedelta(microseconds=1) for d in detectors}
    settle_us = np.array([settle.get(name, 0) for name in found["detector"].tolist()], "int64")
    _, ends_us = events.spans_us(found)
    return np.asarray(ends_us < start.value // 1_000 - settle_us)
