"""Who is to be looked at from further back, and by which detectors: where a story is cut short."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core import frames, run
from detectors.core.detector import Context, Detector
from pipelines.detect.parts import ALONE, about_vessels, manner, sharing, told_anew


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


def concerned(
    asked: Sequence[Detector],
    vessels: set[int],
    known: Mapping[str, pd.DataFrame],
    context: Context,
) -> dict[str, set[int]]:
    """Return by detector, of those that may look at some vessels apart, whom to look at again once
    some `vessels` reach further back: these, and who shared events with them.

    No other event changes, and so none that rests on it. Who comes to share one is added when that
    is known.
    """
    found: dict[str, set[int]] = {}
    for detector in run.in_order(asked):
        read = {name: known[name] for name in detector.after if name in known}
        theirs = set().union(vessels, *(found.get(name, set()) for name in detector.after))
        found[detector.name] = theirs | sharing(read, theirs)
    apart = (d for d in asked if manner(d, context) == ALONE)
    return {d.name: found[d.name] for d in apart if type(d).finish is Detector.finish}


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
    return earliest(mmsi[short], wanted_us[short])


def earliest(mmsi: NDArray[np.int64], time_us: NDArray[np.int64]) -> pd.DataFrame:
    """Return each vessel of some rows, ascending (mmsi), and its earliest time (reach_time)."""
    order = np.lexsort((time_us, mmsi))
    each = order[frames.is_first(mmsi[order])]
    return pd.DataFrame({"mmsi": mmsi[each], "reach_time": frames.from_epoch_us(time_us[each])})


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
                vessels = vessels | sharing(seen.earlier, vessels)
                company = vessels | sharing(seen.earlier, vessels)
                own = tracked[tracked["mmsi"].isin(company)].reset_index(drop=True)
                about = about_vessels(seen, company, seen.noise)
                found = [detector.detect(own, replace(about, asked=frozenset(vessels)))]
            known[detector.name] = told_anew(detector, found, seen, known, vessels)
        except Exception as error:  # one failing detector mustn't stop the others
            known.pop(detector.name, None)
            failed(detector.name, error)
