"""What detectors would say of some vessels by reports that the store doesn't hold yet.

A look between nights asks so before it takes them in: only where they would tell something that
counts is it worth it. The vessels' own reports are judged as a tail, behind what is known of them;
of all others, who only show what was heard where, each report is taken for sound. What this finds
is forgotten: it decides whether a look is made, and the look finds what it finds.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from detectors.core import frames, run
from detectors.core.detector import Context, Detector
from detectors.core.explain import explain
from detectors.kinematics import integrity
from detectors.kinematics.integrity import Segmented
from detectors.surroundings import coverage, coverage_learn
from detectors.surroundings.coverage import Coverage
from detectors.surroundings.zones import Zones
from pipelines.detect.context import COVERAGE_BEFORE, said, vessels_of
from pipelines.detect.further import cut_short
from pipelines.detect.looks import reach_of, told
from pipelines.detect.parts import columns_of
from pipelines.detect.tail import KEPT, SILENCE, SLOT, Recent
from pipelines.store import Queries
from pipelines.store.sections import FOREVER


@dataclass
class Ahead:
    """What is asked, and of what; what is read of the store is kept."""

    store: Queries
    """What is known: open, and the same for as long as this is used."""
    asked: Sequence[Detector]
    """Detectors: their events rest on the vessel itself, and on no others."""
    zones: Zones
    models: Mapping[str, Any]
    enough: float
    """The score that counts."""
    since: pd.Timestamp
    """From when on their events may have changed since they were told of."""
    recent: Recent
    """What the open date ended with."""

    def tells(
        self,
        vessels: Collection[int],
        fresh: pd.DataFrame,
        receptions: pd.DataFrame,
        end: pd.Timestamp,
    ) -> bool:
        """Tell whether something that counts would be said of some vessels, or can't be known.

        Parameters
        ----------
        fresh, receptions
            `frames.POSITIONS` and `frames.RECEPTIONS` of all that the store doesn't hold.
        end
            Up to when reports count as heard.
        """
        known = self._known[self._known["mmsi"].isin(list(vessels)).to_numpy(bool)]
        stored = {d.name: known[known["detector"] == d.name] for d in self.asked}
        need = self.store.need(reach_of(self.asked, vessels, known, self.since))
        need = _with_new(need, vessels, fresh)
        segmented = self._segmented(need, fresh, end)
        context = Context(
            start=self.since,
            end=end,
            zones=self.zones,
            vessels=self._vessels,
            coverage=self._covered(fresh, receptions),
            models=self.models,
            statements=said(self.store, need, end, self.asked),
            sightings=frames.empty(frames.SIGHTINGS),
            noise=segmented.noise,
        )
        found: dict[str, pd.DataFrame] = {}
        for detector in self.asked:
            before = run.look(detector, segmented.tracked, context)
            found[detector.name] = explain(before, context, detector.hypotheses)
        if any(map(len, found.values())) and len(cut_short(found, self.asked, need)):
            return True
        for detector in self.asked:
            since = self.since - detector.settle
            before = run.touching(stored[detector.name], since)
            if told(found[detector.name], before, self.enough):
                return True
        return False

    @cached_property
    def _known(self) -> pd.DataFrame:
        back = max(d.settle for d in self.asked)
        return self.store.events_touching(self.since - back, FOREVER, written=True)

    @cached_property
    def _vessels(self) -> pd.DataFrame:
        back = max(d.lookback + d.settle for d in self.asked)
        return vessels_of(self.store, self.store.heard(self.since - back, FOREVER), FOREVER)

    @cached_property
    def _coverage(self) -> Coverage:
        back = max(d.lookback + d.settle for d in self.asked)
        return self.store.coverage(self.since - back - COVERAGE_BEFORE, FOREVER)

    @cached_property
    def _judged(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return what the open date ended with: its last reports, judged, and its state."""
        last = self.store.sql("SELECT date, input FROM days ORDER BY date DESC LIMIT 1")
        date = str(last["date"].iloc[0])
        state, kept = self.store.day_state(date), self.recent
        if kept.reports is not None and kept.digest == last["input"].iloc[0]:
            return kept.reports, state
        return self.store.judged_since(date, state["time"].max() - KEPT), state

    def _segmented(self, need: pd.DataFrame, fresh: pd.DataFrame, end: pd.Timestamp) -> Segmented:
        """Return the tracks of some vessels, and what belongs to none, with what is fresh."""
        columns = columns_of(self.asked)
        known = self.store.segmented(need, end, columns)
        own = fresh[fresh["mmsi"].isin(need["mmsi"]).to_numpy(bool)].reset_index(drop=True)
        if own.empty:
            return known
        tail = integrity.parted(integrity.judge_tail(self._judged[0], own, self._judged[1]))
        tracked = pd.concat([known.tracked, tail.tracked[columns]], ignore_index=True)
        order = np.lexsort((frames.epoch_us(tracked["time"]), tracked["track_id"].to_numpy()))
        schema = {name: frames.TRACKED[name] for name in columns}
        tracked = frames.conform(tracked.take(order).reset_index(drop=True), schema)
        noise = pd.concat([known.noise, tail.noise], ignore_index=True)
        return Segmented(tracked, frames.conform(noise, frames.NOISE))

    def _covered(self, fresh: pd.DataFrame, receptions: pd.DataFrame) -> Coverage:
        since = (fresh["time"].min() - SILENCE).floor(SLOT)
        judged = self._judged[0]
        before = judged[((judged["hull"] > 0) & (judged["time"] >= since - SLOT)).to_numpy(bool)]
        track = [before["mmsi"] * 100 + before["hull"], fresh["mmsi"] * 100 + 1]
        names = [name for name in coverage.REPORTS if name != "track_id"]
        whole = pd.concat([before[names], fresh[names]], ignore_index=True)
        whole = whole.assign(track_id=np.concatenate(track))
        time_us, own = frames.epoch_us(whole["time"]), whole["track_id"].to_numpy()
        order = np.lexsort((time_us, own))
        same = (np.diff(time_us[order]) == 0) & (np.diff(own[order]) == 0)
        once = order[np.r_[True, ~same][: len(order)]]
        learned = coverage_learn.learn(
            frames.conform(whole.take(once).reset_index(drop=True), coverage.REPORTS), receptions
        )
        known = self._coverage
        return Coverage(
            _renewed(known.cells, learned.cells, since),
            _renewed(known.feed, learned.feed, since),
            pd.concat([known.receivers, learned.receivers], ignore_index=True),
            _renewed(known.lying, learned.lying, since),
        )


def _with_new(need: pd.DataFrame, vessels: Collection[int], fresh: pd.DataFrame) -> pd.DataFrame:
    """Return `Queries.need` with those vessels of which the store knows nothing."""
    unknown = set(vessels) - set(need["mmsi"].tolist())
    new = fresh[fresh["mmsi"].isin(unknown).to_numpy(bool)] if unknown else fresh[:0]
    if new.empty:
        return need
    first = new.groupby("mmsi", as_index=False).agg(from_time=("time", "min"))
    rows = first.assign(first_time=first["from_time"]).astype(need.dtypes.to_dict())
    return pd.concat([need, rows], ignore_index=True).sort_values("mmsi", ignore_index=True)


def _renewed(known: pd.DataFrame, learned: pd.DataFrame, since: pd.Timestamp) -> pd.DataFrame:
    parts = [
        known[(known["time"] < since).to_numpy()],
        learned[(learned["time"] >= since).to_numpy()],
    ]
    return pd.concat(parts, ignore_index=True)
