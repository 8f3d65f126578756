"""Detectors over a window, each vessel's story followed back to where it began."""

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import pandas as pd

from detectors.core import events, frames, run
from detectors.core.detector import Context, Detector
from detectors.core.zones import Zones
from pipelines.reference import flag_states
from pipelines.store import Queries

COVERAGE_BEFORE: Final = timedelta(days=1)
"""Coverage reaches this much further back than positions: a silence is judged by what was heard
around it in the day before."""


@dataclass(frozen=True)
class Detection:
    """What the detectors found.

    Attributes
    ----------
    events
        `events.EVENTS` of every detector that succeeded, explained.
    failures
        Name and error of every detector that did not.
    positions
        `frames.TRACKED` that the last pass looked at.
    passes
        How often the window was looked at until no story was cut short.
    """

    events: pd.DataFrame
    failures: dict[str, str]
    positions: pd.DataFrame
    context: Context
    passes: int
    tracebacks: dict[str, str] = field(default_factory=dict)


def detect(
    store: Queries,
    detectors: Sequence[Detector],
    *,
    start: pd.Timestamp,
    end: pd.Timestamp,
    zones: Zones,
    reach_back: timedelta,
    models: Mapping[str, Any] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Detection:
    """Run detectors over [start, end] with enough history that the cut doesn't show.

    Every vessel heard since `start - reach_back` is loaded from `start` minus the longest
    look-back and settling time (and from the report before that). Where an event of a vessel then
    begins so early that its detector lacks its look-back, while the store has older reports of
    that vessel, the vessel is loaded from twice as far back and the window looked at again. So
    the events of a span are the same whether it is processed in one go or in many.

    A detector that raises is named in `failures`; the others finish.
    """
    say = progress or (lambda _: None)
    lookback = max((run.history(d, detectors) + d.settle for d in detectors), default=timedelta(0))
    mmsis = store.heard(start - reach_back, end)
    known = events_to_compare(store, detectors, start, end)
    mmsis = pd.concat([mmsis, known["mmsi"], known["other_mmsi"]]).drop_duplicates()
    reach = pd.DataFrame({"mmsi": mmsis.astype("int64"), "reach_time": start - lookback})
    failures: dict[str, str] = {}
    tracebacks: dict[str, str] = {}

    def failed(name: str, error: Exception) -> None:
        failures[name] = f"{type(error).__name__}: {error}"
        tracebacks[name] = "".join(traceback.format_exception(error))

    passes = 0
    while True:
        passes += 1
        need = store.need(reach[reach["mmsi"] > 0])
        say(f"pass {passes}: loading {len(need):,} vessels")
        segmented = store.segmented(need, end)
        positions = segmented.tracked
        first = need["from_time"].min() if len(need) else start
        context = Context(
            start=start,
            end=end,
            zones=zones,
            vessels=vessels_of(store, positions, end),
            coverage=store.coverage(min(first, start) - COVERAGE_BEFORE, end),
            models=models or {},
            noise=segmented.noise,
            statements=store.statements(need, end),
            sightings=store.sightings(min(first, start), end),
        )
        found = run.run(
            [d for d in detectors if d.name not in failures],
            positions,
            context,
            before_each=lambda name: say(f"pass {passes}: {name}"),  # noqa: B023
            failed=failed,
        )
        further = _cut_short(found, detectors, need)
        if further.empty:
            break
        reach = _extended(reach, further, start)
    whole = events.concat([one.events for one in found.values()])
    return Detection(whole, failures, positions, context, passes, tracebacks)


def events_to_compare(
    store: Queries, detectors: Sequence[Detector], start: pd.Timestamp, end: pd.Timestamp
) -> pd.DataFrame:
    """Stored events that these detectors report on in a window, and any other's that touch it.

    A detector reports on events that touch the window or ended less than its settling time before.
    """
    longest = max((d.settle for d in detectors), default=timedelta(0))
    stored = store.events_touching(start - longest, end)
    settle = stored["detector"].map({d.name: d.settle for d in detectors})
    since = start - pd.to_timedelta(settle).fillna(pd.Timedelta(0))
    return stored[stored["end"].isna() | (stored["end"] >= since)].reset_index(drop=True)


def vessels_of(
    store: Queries,
    positions: pd.DataFrame,
    end: pd.Timestamp,
    feeds: list[str] | None = None,
) -> pd.DataFrame:
    """`frames.VESSELS` of every vessel that has positions or ever sent static data."""
    said = store.vessels(end, feeds)
    silent = pd.DataFrame({"mmsi": positions["mmsi"].drop_duplicates()})
    silent = silent[~silent["mmsi"].isin(said["mmsi"])]
    vessels = pd.concat([said, silent], ignore_index=True).sort_values("mmsi", ignore_index=True)
    nothing = {
        "imo": 0, "name": "", "callsign": "", "ship_type": -1, "destination": "", "ais_class": "",
    }  # fmt: skip
    vessels = vessels.fillna(nothing)
    vessels["flag_state"] = flag_states(vessels["mmsi"].to_numpy())
    return frames.conform(vessels, frames.VESSELS)


def _cut_short(
    found: Mapping[str, run.Found], detectors: Sequence[Detector], need: pd.DataFrame
) -> pd.DataFrame:
    """Vessels (mmsi, reach_time) whose events want history that wasn't loaded but exists.

    Events before the window count where another detector reads them.
    """
    parts = [pd.DataFrame({"mmsi": pd.Series(dtype="int64"), "reach_time": need["from_time"][:0]})]
    for detector in detectors:
        if detector.name not in found:
            continue
        raised = found[detector.name].before
        wanted = raised["start"] - detector.lookback
        for side in ("mmsi", "other_mmsi"):
            parts.append(pd.DataFrame({"mmsi": raised[side], "reach_time": wanted}))
    wants = pd.concat(parts).groupby("mmsi", as_index=False).agg(reach_time=("reach_time", "min"))
    wants = wants.merge(need, on="mmsi")
    short = (wants["reach_time"] < wants["from_time"]) & (wants["first_time"] < wants["from_time"])
    return wants.loc[short, ["mmsi", "reach_time"]]


def _extended(reach: pd.DataFrame, further: pd.DataFrame, start: pd.Timestamp) -> pd.DataFrame:
    """Reach twice as far back as an event asks, so that long stories take few passes."""
    doubled = further.assign(reach_time=further["reach_time"] - (start - further["reach_time"]))
    both = pd.concat([reach, doubled])
    return both.groupby("mmsi", as_index=False).agg(reach_time=("reach_time", "min"))
