"""Who was near whom, by half hour: what a part of the vessels takes beside its own reports.

A detector that asks who was near declares how near, and for how long around that it matters
(`relations.Near.around_s`). Where vessels were is noted once for all, by half hour and cube of a
grid through the Earth whose edge is the reach: near is who was in the same cube or one beside it.
Parts are made by place, so that those who lie in one anchorage fall into one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.detector import Detector
from detectors.core.frames import SECOND_US, each_once, epoch_us, is_first, offsets
from detectors.core.relations import Along, Near, Own, Places
from detectors.kinematics import cubes, geodesy, timegrid
from detectors.kinematics.cubes import BITS
from detectors.kinematics.reports import Reports
from pipelines.store.judged_files import Within

SLOT_S: Final = 1800
SLOT_US: Final = SLOT_S * SECOND_US
LEAST_M: Final = 600.0
"""Cubes are no smaller, so that each coordinate has room in `cubes.BITS`."""
LEAST_SHARE: Final = 1 / 8
"""A part isn't halved once its own reports are so small a share of what fits: what is too much is
the company, which a half has too."""


def in_places(detector: Detector) -> bool:
    """Tell whether a vessel's events rest on who was near at the same time, around that time."""
    further = [relation for relation in detector.rests_on if not isinstance(relation, Own)]
    return bool(further) and not detector.after and all(_at_once(r) for r in further)


def only_tells(detector: Detector) -> bool:
    """Tell whether a vessel raises the same events alone, and others only what is told of them."""
    near = [relation for relation in detector.rests_on if isinstance(relation, Near)]
    return in_places(detector) and all(relation.ending_s is not None for relation in near)


def _at_once(relation: object) -> bool:
    return (
        isinstance(relation, Near)
        and isfinite(relation.around_s)
        and not relation.within_s
        and not relation.mutual
        and relation.hop is None
        and isinstance(relation.own, Along)
        and isinstance(relation.others, Along)
    )


@dataclass(frozen=True)
class Part:
    """Some vessels, and what else is to be read for them."""

    vessels: Ints
    """Their MMSIs."""
    within: Within
    """In which half hours the reports of whom are wanted: theirs in all."""
    reports: int
    """How many these are."""


class Nearness:
    """Where vessels were in a span, by half hour and cube, for some detectors.

    Parameters
    ----------
    detectors
        Of those all that are `in_places` can be asked about.
    since, end
        The span of all reports.
    """

    def __init__(
        self, detectors: Sequence[Detector], since: pd.Timestamp, end: pd.Timestamp
    ) -> None:
        self._near: dict[str, list[Near]] = {
            d.name: [r for r in d.rests_on if isinstance(r, Near)]
            for d in detectors
            if in_places(d)
        }
        self._end = end
        relations = [relation for each in self._near.values() for relation in each]
        asked = {
            (which, r.within_m): None
            for r in relations
            for which in (r.own, r.others)
            if isinstance(which, Along)
        }
        self._places: dict[tuple[Places, float], _Places] = {k: _Places(k[1]) for k in asked}
        self._grids: dict[tuple[int, float], list[tuple[Along, float]]] = {}
        for which, within_m in asked:
            grid = which.step_s, which.max_silence_s
            self._grids.setdefault(grid, []).append((which, within_m))
        self._first = since.value // 1_000 // SLOT_US
        self._n_slots = int(end.value // 1_000 // SLOT_US - self._first) + 1
        self._mmsi: list[Ints] = []
        self._counts: list[NDArray[np.int32]] = []
        self._n = 0

    def add(self, tracked: pd.DataFrame) -> None:
        """Note where some vessels were, whose MMSIs are above those of all before."""
        if tracked.empty or not self._near:
            return
        reports = Reports(tracked)
        bounds = offsets(reports.mmsi)
        mmsi = reports.mmsi[bounds[:-1]]
        slot = np.clip(reports.time_us // SLOT_US - self._first, 0, self._n_slots - 1)
        flat = np.repeat(np.arange(len(mmsi)), np.diff(bounds)) * self._n_slots + slot
        counts = np.bincount(flat, minlength=len(mmsi) * self._n_slots)
        self._counts.append(counts.reshape(len(mmsi), self._n_slots).astype("int32"))
        self._mmsi.append(mmsi)
        whose = (np.searchsorted(mmsi, reports.tracks // 100) + self._n).astype("int32")
        tracks = cubes.Tracks(reports.bounds, whose, reports.time_us, reports.lat, reports.lon)
        slots = cubes.Slots(self._first, SLOT_US, self._n_slots)
        for (step_s, silence_s), asked in self._grids.items():
            silence_us = int(min(silence_s * SECOND_US, 2**62))
            rules = [ticks_of(which, self._places[which, at].edge) for which, at in asked]
            found = cubes.keys(tracks, (step_s * SECOND_US, silence_us), rules, slots)
            for each, places in zip(asked, found, strict=True):
                self._places[each].add(*places)
        self._n += len(mmsi)

    def parts(
        self,
        detectors: Sequence[Detector],
        rows: int,
        alone: Mapping[str, pd.DataFrame] | None = None,
    ) -> Iterator[Part]:
        """Return parts of the vessels, with their company by some detectors, that hold no more than
        so many reports as far as that can be.

        `alone`: by name of a detector that `only_tells` of others: the events that vessels raise
        alone. It is asked about no others.
        """
        if not self._mmsi:
            return
        mmsi, counts = np.concatenate(self._mmsi), np.concatenate(self._counts)
        relations = self._relations(detectors, alone or {}, mmsi)
        own_rows = counts.sum(axis=1)
        first = relations[0][0]
        where = self._places[first.others, first.within_m].middles(len(mmsi))
        concerned = np.logical_or.reduce([during.any(axis=1) for _, during in relations])
        waiting = [np.flatnonzero(concerned)] if concerned.any() else []
        while waiting:
            own = waiting.pop()
            theirs = int(own_rows[own].sum())
            halves = len(own) > 1 and theirs > rows * LEAST_SHARE
            if not (halves and theirs > rows):
                wanted = self._wanted(relations, own, counts)
                held = int(counts[wanted].sum())
                if held <= rows or not halves:
                    yield Part(mmsi[own], self._within(mmsi, wanted), held)
                    continue
            waiting += _halves(own, where, own_rows)[::-1]

    def of(
        self, detector: Detector, vessels: Ints, alone: Mapping[str, pd.DataFrame] | None = None
    ) -> Within:
        """Return what is to be read for some vessels: theirs, and that of their company."""
        mmsi, counts = np.concatenate(self._mmsi), np.concatenate(self._counts)
        own = np.searchsorted(mmsi, vessels)
        relations = self._relations([detector], alone or {}, mmsi)
        return self._within(mmsi, self._wanted(relations, own, counts))

    def _relations(
        self, detectors: Sequence[Detector], alone: Mapping[str, pd.DataFrame], mmsi: Ints
    ) -> list[tuple[Near, Bools]]:
        """Return each relation, and in which half hours who is near whom matters."""
        always = np.ones((len(mmsi), self._n_slots), bool)
        return [
            (r, self._ending(d, r.ending_s, alone[d.name], mmsi))
            if r.ending_s is not None and d.name in alone
            else (r, always)
            for d in detectors
            for r in self._near[d.name]
        ]

    def _ending(
        self, detector: Detector, ending_s: float, found: pd.DataFrame, mmsi: Ints
    ) -> Bools:
        """Return the half hours in so long before events ended."""
        found = found[found["mmsi"].isin(mmsi).to_numpy(bool)]
        # One that may still go on ended no longer ago than after which it couldn't.
        ended = found["end"].fillna(self._end - detector.settle)
        end_us = epoch_us(found["end"].fillna(self._end))
        before_us = int(min(ending_s * SECOND_US, 2**62))
        since_us = np.maximum(epoch_us(found["start"]), epoch_us(ended) - before_us)
        first, last = (
            np.clip(us // SLOT_US - self._first, 0, self._n_slots - 1) for us in (since_us, end_us)
        )
        vessel = np.searchsorted(mmsi, found["mmsi"].to_numpy())
        edges = np.zeros((len(mmsi), self._n_slots + 1), "int32")
        np.add.at(edges, (vessel, first), 1)
        np.add.at(edges, (vessel, last + 1), -1)
        return np.asarray(np.cumsum(edges[:, :-1], axis=1) > 0)

    def _within(self, mmsi: Ints, wanted: Bools) -> Within:
        return Within(mmsi, self._first * SLOT_US, SLOT_US, wanted)

    def _wanted(
        self, relations: Sequence[tuple[Near, Bools]], own: Ints, counts: NDArray[np.int32]
    ) -> Bools:
        """Tell of each vessel in which half hours its reports matter to some of them."""
        wanted = np.zeros(counts.shape, bool)
        for relation, during in relations:
            asking, asked = (
                self._places[which, relation.within_m] for which in (relation.own, relation.others)
            )
            vessel, slot = asked.around(asking.cubes_of(own, during))
            found = np.zeros(counts.shape, bool)
            found[vessel, slot] = True
            wanted |= _around(found, counts, -(-int(relation.around_s) // SLOT_S))
        wanted[own] = True
        return wanted


def ticks_of(which: Along, edge: float) -> cubes.Ticks:
    """Return which ticks count, as `company.slow_rows` has it; `edge` is that of their cubes."""
    slow_m = which.below_kn * geodesy.KNOT_MPS * which.step_s
    pause = -(-int(which.pause_s) // which.step_s) if isfinite(slow_m) else 0
    return cubes.Ticks(slow_m, pause, 1.0 / edge)


class _Places:
    """In which cubes vessels were in which half hours.

    Attributes
    ----------
    edge
        Of a cube, in radii of the Earth.
    """

    def __init__(self, reach_m: float) -> None:
        self.edge = geodesy.chord(max(reach_m, LEAST_M)) * 1.001
        self._vessel: list[NDArray[np.int32]] = []
        self._key: list[Ints] = []
        self._sorted: _Sorted | None = None

    def add(self, vessel: NDArray[np.int32], key: Ints) -> None:
        """Note places of vessels, as `cubes.keys` gives them."""
        self._vessel.append(vessel)
        self._key.append(key)
        self._sorted = None

    def middles(self, n: int) -> Floats:
        """Return about where each of `n` vessels was, an axis a row."""
        there = self._by_vessel_and_cube()
        vessel, key = there.vessel, there.key
        times = np.maximum(np.bincount(vessel, minlength=n), 1)
        axes = ((key >> shift) & (2**BITS - 1) for shift in (2 * BITS, BITS, 0))
        return np.stack([np.bincount(vessel, weights=axis, minlength=n) / times for axis in axes])

    def cubes_of(self, own: Ints, during: Bools) -> Ints:
        """Return the cubes, by half hour, in which some vessels were in half hours that matter."""
        there = self._by_vessel_and_cube()
        begin, end = (np.searchsorted(there.vessel, own, side) for side in ("left", "right"))
        of, rows = timegrid.ranges(begin, end - begin)
        key = there.key[rows]
        return each_once(key[during[own[of], key >> 3 * BITS]])

    def around(self, asked: Ints) -> tuple[Ints, Ints]:
        """Return who was in some cubes or beside them, and in which half hour."""
        there = self._by_vessel_and_cube()
        if not len(there.known):
            return np.zeros(0, "int64"), np.zeros(0, "int64")
        near = np.flatnonzero(cubes.among(there.known, asked))
        of, rows = timegrid.ranges(there.begin[near], np.diff(there.begin)[near])
        return there.among[rows].astype("int64"), (there.known[near] >> 3 * BITS)[of]

    def _by_vessel_and_cube(self) -> "_Sorted":
        if self._sorted is None:
            vessel = np.concatenate([np.zeros(0, "int32"), *self._vessel])
            key = np.concatenate([np.zeros(0, "int64"), *self._key])
            self._vessel, self._key = [vessel], [key]
            order = np.argsort(key)
            known = key[order]
            first = np.flatnonzero(is_first(known))
            self._sorted = _Sorted(vessel, key, known[first], np.r_[first, len(key)], vessel[order])
        return self._sorted


class _Sorted(NamedTuple):
    """Places: whose each is and which cube, sorted by vessel; cubes, each once, where the vessels
    of each begin, and these.
    """

    vessel: NDArray[np.int32]
    key: Ints
    known: Ints
    begin: Ints
    among: NDArray[np.int32]


def _around(found: Bools, counts: NDArray[np.int32], n_slots: int) -> Bools:
    """Return the half hours so many before and behind some, and the one in which each of these
    vessels was first heard, which shows what set it has.

    Where less than so many are missing between two they are there too: a silence shorter than that
    would be sailed through in a straight line.
    """
    there = np.flatnonzero(found.any(axis=1))
    near = _distance(found[there]) <= n_slots
    near[np.arange(len(there)), np.argmax(counts[there] > 0, axis=1)] = True
    after, before = _since(near), _since(near[:, ::-1])[:, ::-1]
    wanted = np.zeros(found.shape, bool)
    wanted[there] = near | (after + before - 1 < n_slots)
    return wanted


def _distance(found: Bools) -> NDArray[np.int32]:
    return np.minimum(_since(found), _since(found[:, ::-1])[:, ::-1])


def _since(found: Bools) -> NDArray[np.int32]:
    """Return how many columns ago each row last held."""
    at = np.arange(found.shape[1], dtype="int32")
    last = np.maximum.accumulate(np.where(found, at, np.int32(-(2**20))), axis=1)
    return np.asarray(at - last)


def _halves(own: Ints, where: Floats, rows: Ints) -> list[Ints]:
    """Halve vessels by place, along the axis on which they lie furthest apart."""
    places = where[:, own]
    order = np.argsort(places[np.argmax(places.std(axis=1))], kind="stable")
    so_far = np.cumsum(rows[own[order]])
    cut = int(np.clip(np.searchsorted(so_far, so_far[-1] / 2) + 1, 1, len(own) - 1))
    return [np.sort(own[order[:cut]]), np.sort(own[order[cut:]])]
