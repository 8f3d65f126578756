"""Detectors over a window, each vessel's story followed back to where it began.

`look` is the one loop that nights, back-fills, redetects and backtests run: load, tracks, context,
detectors in order, and again from further back where a story is cut short.
"""

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any

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
    failures: dict[str, tuple[str, str]] = {}

    def failed(name: str, error: Exception) -> None:
        failures[name] = in_words(error)

    known: dict[str, pd.DataFrame] = {}
    asked, only = list(detectors), dict[str, set[int]]()
    passes = 0
    while True:
        passes += 1
        need = store.need(reach)
        rest = need, since, end, zones, models, detectors
        sizes = memory.Sizes.of(store.reports_in(need, end), memory_gb)
        said = f"{len(need):,} vessels, {sizes}"
        say(f"pass {passes}: loading {said}")
        if estimated and passes == 1:
            estimated(said)
        sizes.refuse_too_much()
        named = partial(_named, say, passes)
        columns = columns_of(detectors, *COLUMNS)
        if len(sizes.ranges) == 1:
            segmented = store.segmented(need, end, columns)
            if each and passes == 1:
                each(segmented.tracked)
            heard = heard_by_vessel(segmented.tracked, start, until)
            context = context_of(store, heard["mmsi"], *rest)
            context = replace(context, noise=segmented.noise)
            if passes == 1:
                run_all = partial(run.run, standing=standing, before_each=named, failed=failed)
                found = run_all(detectors, segmented.tracked, context)
                known = {name: one.before for name, one in found.items()}
                del found
            else:
                wanted = [d for d in asked if d.name not in failures]
                how = known, standing, named, failed
                looked_again(wanted, detectors, only, segmented.tracked, context, *how)
            del segmented
            context = replace(context, noise=frames.empty(frames.NOISE))
        else:
            near = Nearness(asked, need["from_time"].min(), end)
            digests = Digests([d for d in asked if d.name not in failures], failed)
            with store.spool() as spool:
                times = start, end, until
                noted = spool, near, digests, each if passes == 1 else None
                heard = heard_in_parts(store, need, sizes.ranges, times, columns, *noted)
                context = context_of(store, heard["mmsi"], *rest)
                parts = need, end, sizes.ranges, near, sizes.rows
                told = context, named, failed, known
                load = partial(_with_room, spool.segmented, memory_gb)
                sweep = Sweep(load, *parts, detectors, *told, digests, standing)
                sweep.run([d for d in asked if d.name not in failures], only)
        further = {d.name: cut_short(known, [d], need) for d in detectors if d.name in known}
        further = {name: one for name, one in further.items() if len(one)}
        if not further:
            before = {d.name: known[d.name] for d in run.in_order(detectors) if d.name in known}
            return Look(before, failures, reach, need, heard, context, passes)
        reach = extended(reach, pd.concat(further.values(), ignore_index=True), since)
        asked = again(detectors, set(further))
        vessels = set(pd.concat(further.values())["mmsi"].tolist())
        only = concerned(asked, vessels, known, context)


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
