"""Detectors run over a window in the order in which they need one another's events."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pandas as pd

from detectors.core.detector import Context, Detector
from detectors.core.errors import ConfigError
from detectors.core.explain import explain

How = Callable[[Detector, pd.DataFrame, Context], pd.DataFrame]
"""What is asked of a detector: from positions and context to `events.EVENTS`."""


@dataclass(frozen=True)
class Found:
    """What one detector found.

    Attributes
    ----------
    events
        `events.EVENTS`, explained, that touch the window, less `settle`.
    before
        The same of the window extended back for those that read them.
    """

    events: pd.DataFrame
    before: pd.DataFrame


def in_order(detectors: Sequence[Detector]) -> list[Detector]:
    """Detectors such that each comes after those whose events it reads, else as given.

    Raises
    ------
    ConfigError
        If some wait for one another in a circle.
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
    """How far before the window others need this one's events."""
    needs = (
        other.lookback + other.settle + extension(other, among)
        for other in among
        if detector.name in other.after
    )
    return max(needs, default=timedelta(0))


def history(detector: Detector, among: Sequence[Detector]) -> timedelta:
    """History that must be loaded before an event's start for this detector to judge it: its own
    look-back and all that those before it need in turn.
    """
    sources = (other for other in among if other.name in detector.after)
    own = detector.lookback
    return own + max((o.settle + history(o, among) for o in sources), default=timedelta(0))


def run(
    detectors: Sequence[Detector],
    positions: pd.DataFrame,
    context: Context,
    *,
    among: Sequence[Detector] | None = None,
    given: Mapping[str, pd.DataFrame] | None = None,
    how: How | None = None,
    before_each: Callable[[str], None] | None = None,
    failed: Callable[[str, Exception], None] | None = None,
) -> dict[str, Found]:
    """Events of each detector by name, explained.

    Parameters
    ----------
    detectors
        In any order. One that is named in another's `after` and isn't among them, or failed, gives
        no events to it.
    positions, context
        See `Detector.detect`; `context.earlier` is filled in here.
    among
        All detectors of the run where only some of them run here: what they need of one another
        rests on all.
    given
        `Found.before` of detectors that have run elsewhere, for those that read their events.
    how
        `Detector.detect` if left out; something else where only some of the vessels are looked at.
    before_each
        Called with each detector's name before it runs.
    failed
        Called with name and error of a detector that raised; the others go on. Without it the
        error is raised.
    """
    found: dict[str, Found] = {}
    known = dict(given or {})
    for detector in in_order(detectors):
        if before_each:
            before_each(detector.name)
        own_start = context.start - extension(detector, among or detectors)
        earlier = {
            name: touching(known[name], own_start - detector.lookback - detector.settle)
            for name in detector.after
            if name in known
        }
        try:
            seen = replace(context, start=own_start, earlier=earlier)
            before = explain(
                how(detector, positions, seen) if how else detector.detect(positions, seen),
                seen,
                detector.hypotheses,
            )
        except Exception as error:  # one failing detector mustn't stop the others
            if failed is None:
                raise
            failed(detector.name, error)
            continue
        known[detector.name] = before
        found[detector.name] = Found(touching(before, context.start - detector.settle), before)
    return found


def touching(events: pd.DataFrame, since: pd.Timestamp) -> pd.DataFrame:
    """Events that go on at `since` or later."""
    touches = events["end"].isna() | (events["end"] >= since)
    return events[touches].reset_index(drop=True)
