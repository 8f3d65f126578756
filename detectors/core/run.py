"""Detectors run over a window in the order in which they need one another's events."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from detectors.core import events
from detectors.core.detector import Context, Detector, Undeclared
from detectors.core.errors import ConfigError
from detectors.core.explain import explain


@dataclass(frozen=True)
class Found:
    """What one detector found."""

    events: pd.DataFrame
    """`events.EVENTS`, explained, that touch the window, less `settle`."""
    before: pd.DataFrame
    """The same of the window extended back for those that read them."""


def in_order(detectors: Sequence[Detector]) -> list[Detector]:
    """Return detectors such that each comes after those whose events it reads, else as given.

    Raises ConfigError if some wait for one another in a circle.
    """
    waiting, done = list(detectors), list[Detector]()
    while waiting:
        names = {d.name for d in waiting}
        ready = next((d for d in waiting if not names & set(d.after)), None)
        if ready is None:
            raise ConfigError(f"detectors wait for one another: {', '.join(sorted(names))}")
        waiting.remove(ready)
        done.append(ready)
    return done


def extension(detector: Detector, among: Sequence[Detector]) -> timedelta:
    """Return how far before the window others need this one's events."""
    needs = (
        other.reads_back + extension(other, among)
        for other in among
        if detector.name in other.after
    )
    return max(needs, default=timedelta(0))


def history(detector: Detector, among: Sequence[Detector]) -> timedelta:
    """Return the history to load before an event's start for this detector to judge it.

    It is its own look-back, or what those before it need in turn of what it reads, if that is more.
    """
    sources = (other for other in among if other.name in detector.after)
    reads = detector.reads_back - detector.settle
    own = detector.lookback
    return max([own, *(reads + o.settle + history(o, among) for o in sources)])


def run(
    detectors: Sequence[Detector],
    positions: pd.DataFrame,
    context: Context,
    *,
    standing: Mapping[str, pd.DataFrame] | None = None,
    before_each: Callable[[str], None] | None = None,
    failed: Callable[[str, Exception], None] | None = None,
) -> dict[str, Found]:
    """Return the events of each detector by name, explained.

    Parameters
    ----------
    detectors
        In any order. One that is named in another's `after` and isn't among them, or failed, gives
        no events to it.
    positions, context
        See `Detector.detect`; `context.earlier` is filled in here.
    standing
        As of `seen_by`.
    before_each
        Called with each detector's name before it runs.
    failed
        Called with name and error of a detector that raised; the others go on. Without it the
        error is raised.
    """
    found: dict[str, Found] = {}
    known: dict[str, pd.DataFrame] = {}
    for detector in in_order(detectors):
        if before_each:
            before_each(detector.name)
        try:
            seen = seen_by(detector, detectors, context, known, standing)
            before = explain(look(detector, positions, seen), seen, detector.hypotheses)
        except Exception as error:  # one failing detector mustn't stop the others
            if failed is None:
                raise
            failed(detector.name, error)
            continue
        known[detector.name] = before
        found[detector.name] = Found(touching(before, context.start - detector.settle), before)
    return found


def seen_by(
    detector: Detector,
    detectors: Sequence[Detector],
    context: Context,
    known: Mapping[str, pd.DataFrame],
    standing: Mapping[str, pd.DataFrame] | None = None,
) -> Context:
    """Return what a detector may know: its window, and the events of those before it.

    Parameters
    ----------
    known
        `Found.before` of those that have run.
    standing
        Events that were over too early to be found again, by detector: with them nobody is asked
        for more than the window; of detectors that aren't asked all events. None where all that is
        read is found anew.
    """
    own_start = context.start
    if standing is None:
        own_start -= extension(detector, detectors)
    names, earlier = {d.name for d in detectors}, {}
    for name in detector.after:
        whole = [known[name]] if name in known else []
        # What failed gives no events, not those that stand alone.
        if standing is not None and name in standing and (whole or name not in names):
            stood = standing[name]
            whole.append(events.not_among(stood, whole[0]) if whole else stood)
        if whole:
            since = own_start - detector.reads_back
            whole = [touching(each, since) for each in whole]
            earlier[name] = events.concat(whole) if standing is not None else whole[0]
    said: Any = context.statements if detector.reads_statements else Undeclared()
    return replace(context, start=own_start, earlier=earlier, statements=said)


def look(detector: Detector, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Return the events of one detector that touch the window, joined, not yet explained.

    `positions, context`: see `Detector.detect`; `context.earlier` included.
    """
    return finished(detector, [detector.detect(positions, context)], context)


def finished(detector: Detector, found: Sequence[pd.DataFrame], context: Context) -> pd.DataFrame:
    """Return the same from what `detect` found in parts of the vessels."""
    together = found[0] if len(found) == 1 else events.sort(events.concat(found))
    return touching(detector.finish(together), context.start - detector.settle)


def touching(found: pd.DataFrame, since: pd.Timestamp) -> pd.DataFrame:
    """Return events that go on at `since` or later."""
    if found.empty:
        return found.reset_index(drop=True)
    ends = found["end"].to_numpy("datetime64[us]")
    touches = np.isnat(ends) | (ends >= since.to_datetime64())
    return (found if touches.all() else found[touches]).reset_index(drop=True)
