"""A look between two nights: by the detectors that are told early, from where one ended.

A night asks every detector, from as far back as an event may rest on. Between nights a look asks
those alone that are worth telling early (`early`): whose events may count towards a flag, and which
rest on little history, or on the vessel alone: silences, meetings, stops. It goes on from where the
look before ended: what was over by then for longer than it settles stands as the store has it, for
those too who read it. What takes days of history (who went on as whom, landings, false positions),
or flags nobody, is put off to a look at everything, which is a night's.

What it finds is what a look at everything finds by these detectors. Only what reports say of those
before them shows in the next look at everything: they are judged as a `tail`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

import numpy as np
import pandas as pd

from detectors.core import events, frames, run
from detectors.core.detector import Detector
from detectors.core.relations import Own
from detectors.kinematics.integrity import PROVISIONAL
from detectors.surroundings.zones import Zones
from pipelines.detect import memory
from pipelines.detect.context import covered_before, said
from pipelines.detect.further import cut_short, earliest
from pipelines.detect.parts import NOBODY, columns_of
from pipelines.detect.window import (
    Detection,
    Look,
    asked_about,
    before_window,
    look,
    to_compare,
)
from pipelines.store import Queries

WORTH: Final = 0.2
"""A score that changes by less, on the same side of what counts, makes no run of its own: while a
vessel stays silent its score rises with every look (of 16 runs of a day 10 told nothing else)."""

LITTLE: Final = timedelta(hours=17)
"""So much history of everybody is read for each look: meetings, loitering and what reads these rest
on less, while a look at everything reads two days and more."""


@dataclass(frozen=True)
class Again:
    """What a look came to."""

    detection: Detection
    """Events found, and those of the store that stand."""
    looked_at: dict[str, int]
    """How many vessels each detector looked at; those that weren't asked aren't among them."""
    tells: bool
    """Whether there is anything to tell."""
    stands: Mapping[str, str]
    """Of the events that were not looked at again, what the store tells of each, by id."""
    stored: pd.DataFrame
    """The events of the store that it may be compared with, as `Queries.events_touching` gives
    them."""
    wanted: pd.DataFrame
    """Whom the look had to read from further back than it knew before: mmsi, reach_time."""


def early(
    detectors: Sequence[Detector], zones: Zones, models: Mapping[str, Any], enough: float
) -> list[Detector]:
    """Return those of them that a look between nights asks, in order: whose events may have a score
    that counts, and rest on little history or the vessel alone, and on no event put off.
    """
    chosen = dict[str, Detector]()
    for detector in run.in_order(detectors):
        little = detector.lookback + detector.settle <= LITTLE and not detector.digests
        counts = detector.highest_score(zones, models) >= enough
        if counts and (little or rests_alone(detector)) and set(detector.after) <= set(chosen):
            chosen[detector.name] = detector
    return list(chosen.values())


def of_few(
    detectors: Sequence[Detector],
    asked: Sequence[Detector],
    zones: Zones,
    models: Mapping[str, Any],
    enough: float,
) -> list[Detector]:
    """Return those that need more history than is read of everybody, and know by less of whom they
    would tell anything new; all that they read of others is asked.
    """
    names = {d.name for d in asked}
    return [
        d
        for d in detectors
        if d.name not in names
        and type(d).concerned is not Detector.concerned
        and set(d.after) <= names
        and d.highest_score(zones, models) >= enough
    ]


def rests_alone(detector: Detector) -> bool:
    """Tell whether its events rest on the vessel itself, and on no event."""
    alone = all(isinstance(relation, Own) for relation in detector.rests_on)
    return alone and not detector.after and type(detector).finish is Detector.finish


def look_again(
    store: Queries,
    detectors: Sequence[Detector],
    since: pd.Timestamp,
    *,
    start: pd.Timestamp,
    end: pd.Timestamp,
    reach_back: timedelta,
    zones: Zones,
    models: Mapping[str, Any],
    enough: float,
    wanted: pd.DataFrame | None = None,
    anyway: bool = False,
    memory_gb: float = memory.MEMORY_GB,
    progress: Callable[[str], None] | None = None,
) -> Again:
    """Look again at a window, by the detectors that are told early.

    Returns of every detector the events that touch the window.

    Parameters
    ----------
    since
        From when on reports came, or may be judged otherwise than they were, since the look before.
    start, end
        The open window, and up to when reports count as heard.
    reach_back
        As of `window.detect`.
    enough
        The score that counts.
    wanted
        `Again.wanted` of the look before: read so far back at once, these aren't looked at twice.
        The store doesn't tell of all of them, such as silences that come to nothing.
    anyway
        Whether there is something to tell whatever is found.
    """
    asked = early(detectors, zones, models, enough)
    few = of_few(detectors, asked, zones, models, enough)
    back = max((run.extension(d, detectors) + d.settle for d in detectors), default=timedelta(0))
    stored = store.events_touching(min(since, start - PROVISIONAL) - back, end)
    reasons = dict(zip(stored["event_id"].tolist(), stored["reason"].tolist(), strict=True))
    known = stored[list(events.EVENTS)]
    over = before_window(known, detectors, since)
    by = known["detector"].to_numpy(object)
    of = {d.name: by == d.name for d in [*asked, *few]}
    concerned: dict[str, set[int]] = {d.name: set() for d in few}

    def note(tracked: pd.DataFrame) -> None:
        for detector in few:
            concerned[detector.name] |= detector.concerned(tracked, since, zones) or set()

    def reached(
        by: Sequence[Detector], vessels: Collection[int], spans: pd.DataFrame
    ) -> pd.DataFrame:
        reach = reach_of(by, vessels, spans, since)
        reach["reach_time"] = reach["reach_time"].where(lambda at: at <= start, start)
        return reach

    def looked(
        by: Sequence[Detector], reach: pd.DataFrame, standing: Mapping[str, pd.DataFrame]
    ) -> Look:
        return look(
            store,
            by,
            reach,
            start=start,
            end=end,
            since=since,
            standing=standing,
            zones=zones,
            models=models,
            memory_gb=memory_gb,
            progress=progress,
            each=note if by is asked else None,
        )

    everybody = asked_about(store, asked, start, end, reach_back, known).tolist()
    over_of = {name: known[over & own] for name, own in of.items()}
    spans = known[["detector", "mmsi", "other_mmsi", "start", "end"]]
    first = reached(asked, everybody, spans)
    both = first
    if wanted is not None:
        both = pd.concat([first, wanted[wanted["mmsi"].isin(first["mmsi"])]])
    reach = earliest(both["mmsi"].to_numpy("int64"), frames.epoch_us(both["reach_time"]))
    seen = looked(asked, reach, over_of)
    further = (seen.reach["reach_time"] < first["reach_time"]).to_numpy(bool)
    before, failures = dict(seen.before), dict(seen.failures)
    looked_at = {d.name: len(seen.heard) for d in asked}
    anew = np.logical_or.reduce([np.zeros(len(known), bool), *(of[d.name] for d in asked)])
    for detector in few:
        goes_on = known[of[detector.name] & known["end"].isna().to_numpy(bool)]
        vessels = concerned[detector.name] | set(goes_on["mmsi"].tolist())
        if vessels and not failures.keys() & set(detector.after):
            theirs = known["mmsi"].isin(vessels).to_numpy(bool)
            read = {
                name: events.concat([now, events.not_among(over_of[name], now)])
                for name, now in seen.before.items()
                if name in detector.after
            }
            reach, standing = reached([detector], vessels, spans[theirs]), {**over_of, **read}
            one = _at_once(store, detector, reach, seen, standing, end)
            if one is None:
                apart = looked([detector], reach, standing)
                failures, one = {**failures, **apart.failures}, apart.before.get(detector.name)
            if one is not None:
                before[detector.name] = one
            anew |= of[detector.name] & theirs
        looked_at[detector.name] = len(vessels)
    fresh = events.concat([*before.values()])
    goes_on_untold = no_news(fresh, known, enough)
    fresh = fresh[~fresh["event_id"].isin(goes_on_untold).to_numpy(bool)]
    stands = known[over | ~anew | known["event_id"].isin(goes_on_untold).to_numpy(bool)]
    stands = events.not_among(stands, fresh)
    found = events.concat([fresh, stands])
    detection = Detection(
        to_compare(found, detectors, start, end),
        {name: text for name, (text, _) in failures.items()},
        seen.heard,
        seen.context,
        seen.passes,
        {name: trace for name, (_, trace) in failures.items()},
    )
    compared = to_compare(known, detectors, start, end)
    tells = anyway or bool(failures) or told(detection.events, compared, enough)
    stay = {event: reasons[event] for event in stands["event_id"].tolist()}
    return Again(detection, looked_at, tells, stay, stored, seen.reach[further])


def no_news(found: pd.DataFrame, before: pd.DataFrame, enough: float) -> set[str]:
    """Return ids of events of the store that go on, and count no more than they did: they stand as
    the store has them, and are told as they are by the night.

    Parameters
    ----------
    before
        The events of the store.
    enough
        The score that counts.
    """
    now, then = (
        dict(zip(side["event_id"].tolist(), side["score"].tolist(), strict=True))
        for side in (found[found["end"].isna()], before[before["end"].isna()])
    )
    return {
        event
        for event, score in now.items()
        if event in then and max(score, then[event]) < enough and abs(score - then[event]) < WORTH
    }


def _at_once(
    store: Queries,
    detector: Detector,
    reach: pd.DataFrame,
    seen: Look,
    standing: Mapping[str, pd.DataFrame],
    end: pd.Timestamp,
) -> pd.DataFrame | None:
    """Return what a detector finds of a few vessels, knowing what a look at all has `seen`; None
    where their stories go further back, or it failed: then it is asked by a look of its own.
    """
    need = store.need(reach)
    if need.empty:
        return None
    first = need["from_time"].min()
    segmented = store.segmented(need, end, columns_of([detector]))
    about: dict[str, Any] = {"statements": said(store, need, end, [detector])}
    about["noise"] = segmented.noise
    known = min(seen.need["from_time"].min(), seen.context.start)
    if first < known:
        about["coverage"] = covered_before(store, seen.context.coverage, first, known)
        about["sightings"] = store.sightings(first, end)
    context = replace(seen.context, **about)
    try:
        found = run.run([detector], segmented.tracked, context, standing=standing)
    except Exception:  # a look says which failed, and how
        return None
    one = found[detector.name].before
    return None if len(cut_short({detector.name: one}, [detector], need)) else one


def told(found: pd.DataFrame, before: pd.DataFrame, enough: float) -> bool:
    """Tell whether an event came, went, ended or changed its score that counts towards a flag.

    Parameters
    ----------
    before
        The events of the store.
    enough
        The score that counts.
    """
    now, then = (
        {
            event: (goes_on, score)
            for event, goes_on, score in zip(
                side["event_id"].tolist(), side["end"].isna().tolist(), side["score"], strict=True
            )
        }
        for side in (found, before)
    )
    for event, (goes_on, score) in now.items():
        went_on, scored = then.get(event, (goes_on, -1.0))
        lower, higher = sorted((score, scored))
        if higher >= enough and (lower < enough or higher - lower >= WORTH or goes_on != went_on):
            return True
    return any(score >= enough for event, (_, score) in then.items() if event not in now)


def reach_of(
    asked: Sequence[Detector],
    vessels: Collection[int],
    spans: pd.DataFrame,
    since: pd.Timestamp,
) -> pd.DataFrame:
    """Return some vessels, and from when on: from where a story that is known began, or as far
    back as one may begin.

    `spans`: of their events in the store: detector, mmsi, other_mmsi, start, end.

    Returns mmsi, reach_time.
    """
    history = max((d.lookback + d.settle for d in asked), default=timedelta(0))
    everybody = np.array(sorted(vessels), "int64")
    lookback_us = {d.name: d.lookback // timedelta(microseconds=1) for d in asked}
    by_asked = spans["detector"].isin(list(lookback_us)).to_numpy(bool)
    begun = spans[by_asked & ~before_window(spans, asked, since)]
    back_us = np.array([lookback_us[name] for name in begun["detector"].tolist()], "int64")
    sides = (begun[side].to_numpy("int64") for side in ("mmsi", "other_mmsi"))
    latest_us = np.full(len(everybody), (since - history).value // 1_000)
    begun_us = frames.epoch_us(begun["start"]) - back_us
    reach = earliest(np.concatenate([everybody, *sides]), np.r_[latest_us, begun_us, begun_us])
    return reach[reach["mmsi"] != NOBODY].reset_index(drop=True)
