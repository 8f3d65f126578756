"""A look between two nights: at the vessels that new reports can concern, and no others.

A night looks at every vessel by every detector, from as far back as an event may rest on. In a
quarter of an hour little of that changes. So a look asks those detectors alone whose events rest on
the vessel itself and count towards a flag (`at_once`), and those vessels alone of which something
is new: who reported or said something, whose events aren't settled yet, and, for events that come
of silence, who was heard lately and is silent. All other events stay as the store has them. What
rests on others, who were near or took part, or flags nobody, is put off to a look at everything,
which is a night's.

What it finds is what a look at everything finds by these detectors. Only what reports say of those
before them shows in the next look at everything: they are judged as a `tail`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

from detectors.core import events, frames, run
from detectors.core.detector import Context, Detector
from detectors.core.relations import Own
from detectors.kinematics.integrity import PROVISIONAL
from detectors.surroundings.zones import Zones
from pipelines.detect import memory
from pipelines.detect.heard import COLUMNS, HEARD, heard_by_vessel
from pipelines.detect.nearness import Nearness
from pipelines.detect.parts import NOBODY, Sweep
from pipelines.detect.window import (
    Detection,
    context_of,
    cut_short,
    extended,
    first_reach,
    in_words,
    to_compare,
    vessels_of,
)
from pipelines.store import Queries

WORTH: Final = 0.2
"""A score that changes by less, on the same side of what counts, makes no run of its own: while a
vessel stays silent its score rises with every look (of 16 runs of a day 10 told nothing else)."""

MAX_PASSES: Final = 8
"""So often stories that are cut short are followed further back; a night follows them all."""


@dataclass(frozen=True)
class New:
    """What came since the look before.

    Attributes
    ----------
    vessels
        MMSIs of those that reported or said something.
    since
        From when on reports came, or may be judged otherwise than they were: no later than the end
        of the look before.
    looked_to
        The end of the look before.
    heard
        mmsi, time of the newest reports of tracks in order of both, all since some time; None where
        they aren't known.
    """

    vessels: frozenset[int]
    since: pd.Timestamp
    looked_to: pd.Timestamp
    heard: pd.DataFrame | None = None

    def steady(self, silence: timedelta, end: pd.Timestamp) -> set[int]:
        """Return vessels that are known to have been silent for less than `silence` at any time
        from `since` to `end`.
        """
        if self.heard is None or self.heard.empty:
            return set()
        mmsi, time_us = self.heard["mmsi"].to_numpy(), frames.epoch_us(self.heard["time"])
        since_us, end_us = (int(t.value) // 1_000 for t in (self.since, end))
        last = np.r_[np.diff(mmsi) != 0, True]
        until_us = np.where(last, end_us, np.r_[time_us[1:], 0])
        long = (until_us - time_us >= silence // timedelta(microseconds=1)) & (until_us >= since_us)
        return set(mmsi[time_us < since_us].tolist()) - set(mmsi[long].tolist())


@dataclass(frozen=True)
class Again:
    """What a look came to.

    Attributes
    ----------
    detection
        Events found, and those of the store that nothing new concerns; these as they are written,
        until `with_heard`.
    compared
        What the store has of the window, as `window.events_to_compare` gives it.
    looked_at
        How many vessels each detector looked at; those that weren't asked aren't among them.
    tells
        Whether there is anything to tell.
    """

    detection: Detection
    compared: pd.DataFrame
    looked_at: dict[str, int]
    tells: bool


def alone(detectors: Sequence[Detector]) -> list[Detector]:
    """Return those whose events rest on the vessel itself and on no event put off, in order."""
    names = set[str]()
    chosen = []
    for detector in run.in_order(detectors):
        alone = all(isinstance(relation, Own) for relation in detector.rests_on)
        joins = type(detector).finish is not Detector.finish
        if alone and not joins and names.issuperset(detector.after):
            names.add(detector.name)
            chosen.append(detector)
    return chosen


def at_once(
    detectors: Sequence[Detector], zones: Zones, models: Mapping[str, Any], enough: float
) -> list[Detector]:
    """Return those of them that a look at what is new asks: those whose events may have a score
    that counts, and where none has, or others read theirs, all.
    """
    asked = alone(detectors)
    counts = [d for d in asked if d.highest_score(zones, models) >= enough]
    read = set().union(*(d.after for d in asked))
    return counts if counts and not read.intersection(d.name for d in counts) else asked


def look_again(
    store: Queries,
    detectors: Sequence[Detector],
    new: New,
    *,
    start: pd.Timestamp,
    end: pd.Timestamp,
    zones: Zones,
    models: Mapping[str, Any],
    enough: float,
    anyway: bool = False,
    memory_gb: float = memory.MEMORY_GB,
    progress: Callable[[str], None] | None = None,
) -> Again:
    """Look again at a window, at what is new in it.

    Parameters
    ----------
    start, end
        The open window, and up to when reports count as heard.
    enough
        The score that counts.
    anyway
        Whether there is something to tell whatever is found.

    Returns
    -------
    Again
        Of every detector the events that touch the window. What was heard of everybody isn't in it
        yet, see `with_heard`.
    """
    known = _stored(store, detectors, start, new.since, end)
    compared = to_compare(known, detectors, start, end)
    look = _Look(
        store, detectors, new, known, start, end, zones, models, memory_gb, progress or _nobody
    )
    answer = look.asked(at_once(detectors, zones, models, enough))
    found = look.detection(answer, compared)
    looked_at = {name: len(own) for name, own in answer.owners.items()}
    return Again(found, compared, looked_at, anyway or worth_telling(found, compared, enough))


def worth_telling(detection: Detection, before: pd.DataFrame, enough: float) -> bool:
    """Whether an event came, went, ended or changed its score that counts towards a flag, or a
    detector failed.

    Parameters
    ----------
    before
        The events of the store.
    enough
        The score that counts.
    """
    return bool(detection.failures) or told(detection.events, before, enough)


def told(found: pd.DataFrame, before: pd.DataFrame, enough: float) -> bool:
    """Tell the same of events that were found."""
    if max(0.0, found["score"].max(), before["score"].max()) < enough:
        return False
    columns = ["event_id", "end", "score"]
    both = found[columns].merge(before[columns], on="event_id", how="outer", indicator=True)
    ended = both["end_x"].isna() != both["end_y"].isna()
    counts = both[["score_x", "score_y"]].max(axis=1) >= enough
    moved = (both["score_x"] - both["score_y"]).abs() >= WORTH
    moved |= both[["score_x", "score_y"]].min(axis=1) < enough
    return bool((counts & ((both["_merge"] != "both") | ended | moved)).any())


class _Answer(NamedTuple):
    """What some detectors, asked about some vessels by name, came to."""

    asked: Sequence[Detector]
    owners: Mapping[str, set[int]]
    found: Mapping[str, pd.DataFrame]
    failures: Mapping[str, tuple[str, str]]
    context: Context
    passes: int


class _Look(NamedTuple):
    """A look at what is new; see `look_again`. `known` are the store's events of it."""

    store: Queries
    detectors: Sequence[Detector]
    new: New
    known: pd.DataFrame
    start: pd.Timestamp
    end: pd.Timestamp
    zones: Zones
    models: Mapping[str, Any]
    memory_gb: float
    say: Callable[[str], None]

    def asked(self, asked: Sequence[Detector]) -> _Answer:
        """Ask some detectors about those concerned, from as far back as they say."""
        since, end = self.new.since, self.end
        stored = {d.name: self.known[self.known["detector"] == d.name] for d in asked}
        owners = {d.name: _concerned(self.store, d, stored[d.name], self.new, end) for d in asked}
        reach, only = reach_of(asked, self.detectors, owners, stored, since), owners
        found: dict[str, pd.DataFrame] = {d.name: events.empty() for d in asked}
        failures: dict[str, tuple[str, str]] = {}

        def failed(name: str, error: Exception) -> None:
            failures[name] = in_words(error)

        for passes in range(1, MAX_PASSES + 1):
            need = self.store.need(reach)
            said = f"pass {passes}, {len(need):,} vessels: "
            self.say(said + "loading")
            mmsi = need["mmsi"]
            context = context_of(self.store, mmsi, need, since, end, self.zones, self.models)
            sizes = memory.Sizes.of(self.store.reports_in(need, end), self.memory_gb)
            sweep = Sweep(
                self.store.segmented,
                need,
                end,
                sizes.ranges,
                Nearness(asked, since, end),  # none rests on who was near
                sizes.rows,
                self.detectors,
                context,
                partial(_say, self.say, said),
                failed,
            )
            sweep.run([d for d in asked if d.name not in failures], only)
            for name, vessels in only.items():
                here = sweep.known.get(name, events.empty())
                parts = [_of(here, vessels, True), _of(found[name], vessels, False)]
                found[name] = events.sort(events.concat(parts))
            further = cut_short(found, asked, need)
            if further.empty:
                break
            again = set(further["mmsi"].tolist())
            only = {name: own & again for name, own in owners.items()}
            reach = extended(reach[reach["mmsi"].isin(again)], further, since)
        return _Answer(asked, owners, found, failures, context, passes)

    def detection(self, answer: _Answer, compared: pd.DataFrame) -> Detection:
        """Return what was found, and those of the store's events that nothing new concerns."""
        found = list[pd.DataFrame]()
        again = np.zeros(len(compared), bool)
        for detector in answer.asked:
            since = cut(detector, self.detectors, self.new.since)
            events_of = answer.found[detector.name]
            of_window = self.start - PROVISIONAL - detector.settle
            found.append(run.touching(events_of, max(of_window, since)))
            own = compared["mmsi"].isin(list(answer.owners[detector.name]))
            own &= compared["detector"] == detector.name
            again |= (own & (compared["end"].isna() | (compared["end"] >= since))).to_numpy()
        whole = events.sort(events.concat([*found, compared[~again]]))
        return Detection(
            whole[~whole["detector"].isin(list(answer.failures))].reset_index(drop=True),
            {name: text for name, (text, _) in answer.failures.items()},
            frames.empty(HEARD),
            answer.context,
            answer.passes,
            {name: trace for name, (_, trace) in answer.failures.items()},
        )


def with_heard(
    store: Queries,
    detection: Detection,
    detectors: Sequence[Detector],
    start: pd.Timestamp,
    end: pd.Timestamp,
    reach_back: timedelta,
) -> Detection:
    """Return what was found with what was heard of everybody, from the window on and on the last
    date before: what is judged rests on that too.

    Parameters
    ----------
    reach_back
        As of `window.detect`.
    """
    everybody = first_reach(store, detectors, start, end, reach_back)
    need = store.need(everybody.assign(reach_time=start))
    heard = heard_by_vessel(store.segmented(need, end, COLUMNS).tracked, start, end)
    context = replace(detection.context, vessels=vessels_of(store, heard["mmsi"], end))
    found = events.parsed(detection.events)
    return replace(detection, events=found, heard=heard, context=context)


def _nobody(_: str) -> None:
    pass


def _say(say: Callable[[str], None], before: str, text: str) -> None:
    say(before + text)


def _of(found: pd.DataFrame, vessels: Collection[int], wanted: bool) -> pd.DataFrame:
    """Return the events of some vessels, or of all others."""
    return found[(found["mmsi"].isin(list(vessels)) == wanted).to_numpy(bool)]


def _stored(
    store: Queries,
    detectors: Sequence[Detector],
    start: pd.Timestamp,
    since: pd.Timestamp,
    end: pd.Timestamp,
) -> pd.DataFrame:
    """Return the store's events as far back as they are looked at again, or compared, as they are
    written.
    """
    back = max((run.extension(d, detectors) + d.settle for d in detectors), default=timedelta(0))
    found = store.events_touching(min(since, start - PROVISIONAL) - back, end, written=True)
    return found[list(events.EVENTS)]


def _concerned(
    store: Queries, detector: Detector, stored: pd.DataFrame, new: New, end: pd.Timestamp
) -> set[int]:
    """Return the vessels of which a detector may find something else than is stored."""
    since = min(new.looked_to - detector.settle, new.since)
    open_still = stored["end"].isna() | (stored["end"] >= since)
    found = set(new.vessels)
    if detector.of_silence is not None:
        found |= set(store.heard(new.looked_to - detector.lookback, new.looked_to).tolist())
        found -= new.steady(detector.of_silence, end)
    return (found | set(stored.loc[open_still, "mmsi"].tolist())) - {NOBODY}


def reach_of(
    asked: Sequence[Detector],
    detectors: Sequence[Detector],
    owners: Mapping[str, set[int]],
    stored: Mapping[str, pd.DataFrame],
    since: pd.Timestamp,
) -> pd.DataFrame:
    """Return those concerned, and from when on: from where a story that is known began, or as far
    back as one may begin.

    Returns
    -------
    pandas.DataFrame
        mmsi, reach_time.
    """
    history = max((run.history(d, detectors) + d.settle for d in asked), default=timedelta(0))
    everybody = set[int]().union(*owners.values())
    wants = [pd.DataFrame({"mmsi": sorted(everybody), "reach_time": since - history})]
    for detector in asked:
        begun = stored[detector.name]
        begun = begun[begun["end"].isna() | (begun["end"] >= cut(detector, detectors, since))]
        begun = _of(begun, owners[detector.name], True)
        early = {"mmsi": begun["mmsi"], "reach_time": begun["start"] - detector.lookback}
        wants.append(pd.DataFrame(early))
    some = [w.astype({"mmsi": "int64"}) for w in wants if len(w)]
    if not some:
        no_time = frames.from_epoch_us(np.empty(0, "int64"))
        return pd.DataFrame({"mmsi": pd.Series(dtype="int64"), "reach_time": no_time})
    reach = pd.concat(some, ignore_index=True)
    reach = reach[reach["mmsi"] != NOBODY]
    return reach.groupby("mmsi", as_index=False).agg(reach_time=("reach_time", "min"))


def cut(detector: Detector, detectors: Sequence[Detector], since: pd.Timestamp) -> pd.Timestamp:
    """Return from when on a detector reports on events: those that were over before stay."""
    return since - run.extension(detector, detectors) - detector.settle
