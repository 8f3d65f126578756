"""Who is to be looked at from further back, and by which detectors: where a story is cut short."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd

from detectors.core import frames, run
from detectors.core.detector import Context, Detector
from detectors.core.explain import explain


def again(detectors: Sequence[Detector], cut: set[str]) -> list[Detector]:
    """Return the detectors to ask again where stories of some were cut short.

    What these read may want more history too; and who reads any of it has more to read.
    """
    wanted = set(cut)
    while more := {s for d in detectors if d.name in wanted for s in d.after} - wanted:
        wanted |= more
    while more := {d.name for d in detectors if wanted & set(d.after)} - wanted:
        wanted |= more
    return [d for d in detectors if d.name in wanted]


def cut_short(
    before: Mapping[str, pd.DataFrame], detectors: Sequence[Detector], need: pd.DataFrame
) -> pd.DataFrame:
    """Find vessels (mmsi, reach_time) whose events want history that exists and wasn't loaded.

    `before` holds `run.Found.before` by detector: events before the window count where another
    detector reads them.
    """
    own = need["mmsi"].to_numpy("int64")
    loaded_us, first_us = (frames.epoch_us(need[name]) for name in ("from_time", "first_time"))
    mmsis, times = [own[:0]], [loaded_us[:0]]
    for detector in detectors:
        if detector.name not in before:
            continue
        raised = before[detector.name]
        wanted_us = frames.epoch_us(raised["start"]) - detector.lookback // timedelta(
            microseconds=1
        )
        early = wanted_us < loaded_us.max(initial=0)
        mmsis += [raised[side].to_numpy("int64")[early] for side in ("mmsi", "other_mmsi")]
        times += [wanted_us[early]] * 2
    mmsi, wanted_us = np.concatenate(mmsis), np.concatenate(times)
    order = np.argsort(own)
    at = order[np.minimum(np.searchsorted(own, mmsi, sorter=order), len(own) - 1)]
    short = (own[at] == mmsi) & (wanted_us < loaded_us[at]) & (first_us[at] < loaded_us[at])
    mmsi, wanted_us = mmsi[short], wanted_us[short]
    order = np.lexsort((wanted_us, mmsi))
    each = order[np.r_[True, np.diff(mmsi[order]) != 0][: len(order)]]
    return pd.DataFrame({"mmsi": mmsi[each], "reach_time": frames.from_epoch_us(wanted_us[each])})


def extended(reach: pd.DataFrame, further: pd.DataFrame, start: pd.Timestamp) -> pd.DataFrame:
    """Reach twice as far back as an event asks, so that long stories take few passes."""
    doubled = further.assign(reach_time=further["reach_time"] - (start - further["reach_time"]))
    both = pd.concat([reach, doubled])
    return both.groupby("mmsi", as_index=False).agg(reach_time=("reach_time", "min"))


def looked_again(
    asked: Sequence[Detector],
    among: Sequence[Detector],
    only: Mapping[str, set[int]],
    tracked: pd.DataFrame,
    context: Context,
    known: dict[str, pd.DataFrame],
    standing: Mapping[str, pd.DataFrame] | None,
    before_each: Callable[[str], None],
    failed: Callable[[str, Exception], None],
) -> None:
    """Ask detectors again where all vessels fit at once, each after those whose events it reads.

    Parameters
    ----------
    asked, among
        Those that are asked, of all that are configured.
    only
        By name, the vessels that are looked at again; the events of all others stay as `known`.
    tracked, context
        Of all vessels, with their noise.
    known
        `run.Found.before` by detector; what is found takes its place.
    standing, before_each, failed
        As of `run.run`.
    """
    for detector in run.in_order(asked):
        before_each(detector.name)
        try:
            seen = run.seen_by(detector, among, context, known, standing)
            vessels = only.get(detector.name)
            if vessels is None or detector.name not in known:
                found = [detector.detect(tracked, seen)]
            else:
                own = tracked[tracked["mmsi"].isin(vessels)].reset_index(drop=True)
                theirs = detector.detect(own, replace(seen, asked=frozenset(vessels)))
                before = known[detector.name]
                found = [
                    theirs[theirs["mmsi"].isin(vessels).to_numpy(bool)],
                    before[~before["mmsi"].isin(vessels).to_numpy(bool)],
                ]
            whole = run.finished(detector, found, seen)
            known[detector.name] = explain(whole, seen, detector.hypotheses)
        except Exception as error:  # one failing detector mustn't stop the others
            known.pop(detector.name, None)
            failed(detector.name, error)
