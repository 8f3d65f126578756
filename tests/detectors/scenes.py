"""A window, or many in turn, looked at with no more loaded than the pipeline guarantees."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import detectors
from detectors.core import events, explain, run
from detectors.core.detector import Context, Detector
from detectors.core.frames import (
    NOISE,
    SIGHTINGS,
    STATEMENTS,
    TIME,
    empty,
    epoch_us,
)
from detectors.core.relations import EventsOf
from detectors.surroundings import coverage_learn
from detectors.surroundings.zones import Zones
from pipelines.detect.nearness import Nearness, in_places, only_tells
from tests.detectors import company as company_module
from tests.detectors.company import Company
from tests.detectors.tables import features_in, make_vessels


def with_sources(detector: Detector) -> list[Detector]:
    """A detector and those whose events it reads, with their own defaults, in turn."""
    sources = [with_sources(detectors.find(name)()) for name in detector.after]
    by_name = {d.name: d for part in sources for d in part}
    return [*by_name.values(), detector]


def history_of(detector: Detector) -> timedelta:
    """What is loaded before a window at first."""
    return run.history(detector, with_sources(detector))


def earlier_of(
    detector: Detector, positions: pd.DataFrame, context: Context
) -> dict[str, pd.DataFrame]:
    """Events of the detectors that one reads, over its window extended back."""
    found = run.run(with_sources(detector)[:-1], positions, since(context, detector))
    return {name: found[name].before for name in detector.after}


def detected(
    detector: Detector, positions: pd.DataFrame, context: Context, *, explained: bool = False
) -> pd.DataFrame:
    """Events of one detector, as it makes them or explained, after those that it reads (unless the
    context has them).
    """
    if detector.after and not context.earlier:
        context = replace(context, earlier=earlier_of(detector, positions, context))
    found = run.look(detector, positions, context)
    return explain.explain(found, context, detector.hypotheses) if explained else found


def consulted(
    detector: Detector, positions: pd.DataFrame, context: Context
) -> list[tuple[pd.DataFrame, timedelta]]:
    """Events of a detector, as it makes them, and all that they rest on, each with the history
    that they must have.
    """
    sources = with_sources(detector)[:-1]
    before = run.run(sources, positions, since(context, detector)) if sources else {}
    earlier = {name: before[name].before for name in detector.after}
    found = run.look(detector, positions, replace(context, earlier=earlier))
    return [(found, detector.lookback), *((before[d.name].before, d.lookback) for d in sources)]


def since(context: Context, detector: Detector) -> Context:
    """The window extended back as far as a detector reads others' events."""
    return replace(context, start=context.start - detector.reads_back)


def said_until(statements: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
    """`frames.STATEMENTS` as the store gives them at a time."""
    known = statements[statements["first_time"] <= end].reset_index(drop=True)
    return known.assign(last_time=known["last_time"].where(known["last_time"] <= end, end))


@dataclass(frozen=True)
class Stage:
    """Positions with the zones, the window and all else that goes with them."""

    positions: pd.DataFrame
    zones: Zones
    start: pd.Timestamp
    end: pd.Timestamp
    said: Sequence[dict[str, Any]] = ()
    statements: pd.DataFrame = field(default_factory=lambda: empty(STATEMENTS))
    sightings: pd.DataFrame = field(default_factory=lambda: empty(SIGHTINGS))
    models: Mapping[str, Any] = field(default_factory=dict)
    noise: pd.DataFrame = field(default_factory=lambda: empty(NOISE))
    _contexts: dict[Any, Context] = field(default_factory=dict, init=False, compare=False)

    def context(
        self, start: pd.Timestamp | None = None, end: pd.Timestamp | None = None
    ) -> Context:
        """Context of a window (the whole if not given), as known at its end.

        It is made once for all detectors: none may change it, which the contract suite holds.
        """
        window = (start or self.start, end or self.end)
        if window not in self._contexts:
            self._contexts[window] = self._context_of(*window)
        return self._contexts[window]

    def _context_of(self, start: pd.Timestamp, end: pd.Timestamp) -> Context:
        heard = self.positions[self.positions["time"] <= end].reset_index(drop=True)
        return Context(
            start=start,
            end=end,
            zones=self.zones,
            vessels=make_vessels(heard["mmsi"].unique(), self.said),
            coverage=coverage_learn.learn(heard),
            statements=said_until(self.statements, end),
            sightings=self.sightings[self.sightings["time"] <= end].reset_index(drop=True),
            models=self.models,
            noise=self.noise[self.noise["time"] <= end].reset_index(drop=True),
        )

    def look(self, detector: Detector, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
        """Look at one window as the pipeline guarantees to, with no more loaded than that.

        Each vessel is loaded from its last report at or before `start - lookback`. While an event
        of a vessel begins less than a look-back after its first loaded report, and there are older
        ones, it is loaded from further back and the window looked at again.
        """
        heard = self.positions[self.positions["time"] <= end]
        context = self.context(start, end)
        reach = dict.fromkeys(heard["mmsi"].unique(), start - history_of(detector))
        ever = heard.groupby("mmsi")["time"].min()
        while True:
            wanted = heard["mmsi"].map(reach).astype(TIME)
            before = heard["time"].where(heard["time"] <= wanted)
            from_time = before.groupby(heard["mmsi"]).transform("max").fillna(heard["time"])
            loaded = heard[heard["time"] >= from_time].reset_index(drop=True)
            known = context.noise["time"] >= context.noise["mmsi"].map(reach).astype(TIME)
            noise = context.noise[known].reset_index(drop=True)
            rests_on = consulted(detector, loaded, replace(context, noise=noise))
            found = rests_on[0][0]
            first = loaded.groupby("mmsi")["time"].min()
            again = False
            further = [
                (int(mmsi), row.start - lookback)
                for part, lookback in rests_on
                for row in part.itertuples()
                for mmsi in (row.mmsi, row.other_mmsi)
                if mmsi in first
            ]
            for mmsi, wants in further:
                if wants < first[mmsi] and ever[mmsi] < first[mmsi]:
                    reach[mmsi] = min(reach[mmsi], wants - (start - wants))
                    again = True
            if not again:
                return found

    def drive(
        self,
        detector: Detector,
        windows: Sequence[tuple[pd.Timestamp, pd.Timestamp]],
        look: Callable[[pd.Timestamp, pd.Timestamp], pd.DataFrame] | None = None,
    ) -> pd.DataFrame:
        """Look at windows in turn; what a window reports on, or is found again, is replaced.

        `look` gives what `look` of this class gives, where a test has it at hand.
        """
        look = look or partial(self.look, detector)
        kept = events.empty()
        for start, end in windows:
            found = look(start, end)
            since = start - detector.settle
            touches = (kept["start"] <= end) & (kept["end"].isna() | (kept["end"] >= since))
            again = kept["event_id"].isin(found["event_id"])
            kept = events.concat([kept[~touches & ~again], found])
        return kept


def in_company(
    detector: Detector, positions: pd.DataFrame, context: Context
) -> tuple[pd.DataFrame, Company]:
    """Events, and who had whom for company, where each vessel is looked at with its company only:
    where that is those near at the time, with what they sent around it.

    Of what vessels said only that of those that are looked at is known, and of noise, and of the
    events of others those in which nobody else takes part, unless it declares that it reads these.
    """

    met = any(isinstance(r, EventsOf) and not r.reports for r in detector.rests_on)

    def known(e: pd.DataFrame, own: frozenset[int]) -> pd.DataFrame:
        one, other = e["mmsi"].isin(own), e["other_mmsi"].isin(own)
        return e[one | other if met else one & (other | (e["other_mmsi"] == 0))]

    def about(own: frozenset[int]) -> Context:
        noise, said = context.noise, context.statements
        events_of = {name: known(e, own) for name, e in context.earlier.items()}
        return replace(
            context,
            noise=noise[noise["mmsi"].isin(own)].reset_index(drop=True),
            statements=said[said["mmsi"].isin(own)].reset_index(drop=True),
            earlier={name: e.reset_index(drop=True) for name, e in events_of.items()},
        )

    company = company_module.Scene(positions, context).company(detector)
    groups: dict[frozenset[int], list[int]] = {}
    for mmsi in [0, *positions["mmsi"].unique().tolist()]:
        groups.setdefault(company.of(mmsi) | {mmsi}, []).append(mmsi)
    near, alone = None, dict[str, pd.DataFrame]()
    if in_places(detector) and len(positions):
        near = Nearness([detector], positions["time"].min(), positions["time"].max())
        near.add(positions)
        groups = {frozenset({mmsi}): [mmsi] for mmsi in positions["mmsi"].unique().tolist()}
        if only_tells(detector):
            own = positions["mmsi"].to_numpy()
            each = [(m, positions[own == m].reset_index(drop=True)) for (m,) in groups.values()]
            alone[detector.name] = events.concat(
                [detector.detect(p, about(frozenset({m}))) for m, p in each]
            )
    found = []
    for company_of, owners in groups.items():
        group = company_of
        if near:
            within = near.of(detector, np.array(owners), alone)
            group = frozenset(within.vessels().tolist())
            held = within.holds(positions["mmsi"].to_numpy(), epoch_us(positions["time"]))
        else:
            held = positions["mmsi"].isin(group).to_numpy(bool)
        some = positions[held].reset_index(drop=True)
        seen = detector.detect(some, replace(about(group), asked=frozenset(owners)))
        found.append(seen[seen["mmsi"].isin(owners)])
    whole = detector.finish(events.concat(found))
    return run.touching(whole, context.start - detector.settle), company


def by_digests(detector: Detector, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Events where each vessel is looked at with what was gathered of all, one after the other, and
    with the reports of those that this names.
    """

    def of(frame: pd.DataFrame, vessels: Collection[int]) -> pd.DataFrame:
        return frame[frame["mmsi"].isin(vessels)].reset_index(drop=True)

    owners = sorted(positions["mmsi"].unique().tolist())
    digests = [detector.digest(of(positions, [m]), of(context.noise, [m])) for m in owners]
    gathered = detector.gather(digests, context)
    found = [events.empty()]
    for mmsi in owners:
        own = {mmsi} | gathered.company({mmsi})
        seen = replace(context, noise=of(context.noise, own), gathered=gathered.known)
        found.append(of(detector.detect(of(positions, own), seen), [mmsi]))
    return run.finished(detector, found, context)


def stage_additions(folder: Path) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Return the tracks, as a table, and the zones that detectors bring onto the common stage."""
    tables = [
        pd.read_csv(path, comment="#", skipinitialspace=True)
        for path in sorted(folder.glob("*/stage/positions.csv"))
    ]
    zones = [
        feature
        for path in sorted(folder.glob("*/stage/zones.geojson"))
        for feature in features_in(path)
    ]
    return pd.concat([pd.DataFrame(), *tables], ignore_index=True), zones
