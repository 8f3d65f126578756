"""Who must be looked at together: company, worked out from `detectors.core.relations`.

A vessel's events are the same whether all are looked at, or the vessel with its company. Who can
have been near whom is told by half hours and small cells.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from detectors.core.detector import Context, Detector
from detectors.core.frames import ASTRAY, SECOND_US, epoch_us
from detectors.core.relations import (
    All,
    Along,
    Edges,
    EventsOf,
    LastNear,
    Near,
    Own,
    Places,
    Relation,
    Reported,
    SightingsWithin,
    StatedAlike,
)
from detectors.kinematics import geodesy, leaps, timegrid
from detectors.kinematics.near import Places as Moments
from detectors.kinematics.near import pairs
from detectors.kinematics.reports import Reports
from detectors.vessels import association, namesakes, statement
from detectors.vessels.numbers import OTHER_STATION, mmsi_kind

Ints = NDArray[np.int64]

NOBODY: Final = 0
"""The MMSI of events without a vessel."""
ALLOWED_KN: Final = 5.0
"""A vessel may go so much faster than it says."""
_SIGHTED: Final = ("lat", "lon", "uncertainty_m", "length_m", "confidence")
SLOT_US: Final = 1800 * SECOND_US
CELL_DEG: Final = 0.01
CELLS_IN_REACH: Final = 8
"""Cells are no smaller than this share of the reach, so that few lie within it."""


@dataclass(frozen=True)
class Company:
    """Whose positions the events of each vessel rest on.

    Attributes
    ----------
    pairs
        A vessel (mmsi), and one whose reports may bear upon its events (other_mmsi).
    together
        Vessels that are all each other's company; events without a vessel rest on them.
    """

    pairs: pd.DataFrame
    together: frozenset[int]

    def of(self, mmsi: int) -> frozenset[int]:
        """Return the vessels to look at together with one, itself aside."""
        own = self.pairs.loc[self.pairs["mmsi"] == mmsi, "other_mmsi"].tolist()
        others = self.together if mmsi in self.together or mmsi == NOBODY else frozenset()
        return frozenset(own) | (others - {mmsi})


class Scene:
    """What was heard and is known in a span, to be asked who is whose company.

    Parameters
    ----------
    positions, context
        As for `Detector.detect`; `context.earlier` holds the events of `Detector.after`.
    """

    def __init__(self, positions: pd.DataFrame, context: Context) -> None:
        self._positions, self._context = positions, context
        self._reports = Reports(positions)
        self._vessels = np.unique(self._reports.track // 100)
        self._grid = lru_cache(self._reports.grid)
        self._places = lru_cache(self._places_of)

    def company(self, detector: Detector) -> Company:
        """Work out who is whose company for a detector."""
        pairs, together = [], set[int]()
        for relation in detector.rests_on:
            if isinstance(relation, All):
                together |= set(self._vessels.tolist())
            elif isinstance(relation, EventsOf) and not relation.shared:
                together |= self._taking_part(relation)
            elif isinstance(relation, SightingsWithin):
                together |= self._may_be_sighted(relation)
            else:
                pairs.append(self._pairs(relation))
        return Company(_joined(pairs), frozenset(together))

    def _pairs(self, relation: Relation) -> pd.DataFrame:
        """Return the pairs of a relation that is one of pairs."""
        match relation:
            case Near():
                return self._near(relation)
            case LastNear():
                return self._last_near(relation)
            case StatedAlike():
                return self._stated_alike(relation)
            case Own() | EventsOf(reports=False):
                return _pairs([], [])
            case EventsOf():
                return self._met(relation)
            case _:
                raise TypeError(f"no relation of pairs: {relation}")

    def _near(self, relation: Near) -> pd.DataFrame:
        own, others = (self._places(which) for which in (relation.own, relation.others))
        found = near(own, others, relation.within_m, relation.within_s)
        if relation.mutual:
            found = _joined([found, found.set_axis(found.columns[::-1], axis=1)])
        if relation.hop is None:
            return found
        hops = self._near(relation.hop).merge(found, left_on="other_mmsi", right_on="mmsi")
        return _joined([found, _pairs(hops["mmsi_x"], hops["other_mmsi_y"])])

    def _places_of(self, which: Places) -> pd.DataFrame:
        """Return the places that a relation is about: mmsi, time_us, lat, lon."""
        reports = self._reports
        if isinstance(which, Along):
            grid = self._grid(which.step_s, which.max_silence_s)
            rows = slow_rows(grid, which)
            of = {"mmsi": grid.track_id // 100, "time_us": grid.tick * grid.step_s * SECOND_US}
            return pd.DataFrame({**of, "lat": grid.lat, "lon": grid.lon}).iloc[rows]
        rows = np.arange(len(reports)) if isinstance(which, Reported) else _edges(reports, which)
        of = {"mmsi": reports.track // 100, "time_us": reports.time_us}
        return pd.DataFrame({**of, "lat": reports.lat, "lon": reports.lon}).iloc[rows]

    def _last_near(self, relation: LastNear) -> pd.DataFrame:
        """Return who had ever been near those whose positions leap, and who they are."""
        columns = ["mmsi", "lat", "lon"]
        noise = self._context.noise
        aside = noise.loc[noise["reason"].isin(ASTRAY).to_numpy(bool), columns]
        there = pd.concat([self._positions[columns], aside]).assign(time_us=0)
        leaping = there["mmsi"].isin(
            np.union1d(aside["mmsi"], _leaping(self._reports, relation.leap_m))
        )
        return near(there[leaping.to_numpy(bool)], there, relation.within_m)

    def _stated_alike(self, relation: StatedAlike) -> pd.DataFrame:
        """Return who of those that were heard say the same, or alike."""
        stated = self._context.statements
        ships = stated["mmsi"].isin(self._vessels) & (mmsi_kind(stated["mmsi"]) != OTHER_STATION)
        stated = stated[ships.to_numpy(bool)]
        names, callsigns, imos = (
            statement.spans(stated if name in relation.fields else stated[:0], name)
            for name in ("name", "callsign", "imo")
        )
        memory = statement.Memory(relation.min_said_s, relation.memory_s, relation.settle_s)
        return _namesakes(names, callsigns, imos, memory)

    def _met(self, relation: EventsOf) -> pd.DataFrame:
        """Return who takes part in events together with whom."""
        events = [self._context.events_of(name) for name in relation.detectors]
        one, other = (
            np.concatenate([e[side].to_numpy("int64") for e in events])
            for side in ("mmsi", "other_mmsi")
        )
        two = (one != NOBODY) & (other != NOBODY)
        one, other = one[two], other[two]
        return _pairs(np.r_[one, other], np.r_[other, one])

    def _taking_part(self, relation: EventsOf) -> set[int]:
        events = [self._context.events_of(name) for name in relation.detectors]
        return {m for e in events for side in ("mmsi", "other_mmsi") for m in e[side]} - {NOBODY}

    def _may_be_sighted(self, relation: SightingsWithin) -> set[int]:
        """Return who may explain a sighting of the span."""
        seen = self._context.sightings
        motion = {k: v for k, v in vars(relation).items() if k != "shift_s"}
        reports = self._reports
        heard = association.Tracks(
            reports.track,
            reports.time_us,
            reports.lat,
            reports.lon,
            reports.sog_kn,
            reports.cog_deg,
        )
        lat, lon, uncertainty_m, length_m, confidence = (
            seen[name].to_numpy("float64") for name in _SIGHTED
        )
        sighted = association.Seen(
            np.zeros(len(seen), "int64"),
            epoch_us(seen["time"]),
            lat,
            lon,
            uncertainty_m,
            length_m,
            confidence,
            np.full(len(seen), relation.shift_s),
        )
        found = association.candidates(heard, sighted, association.Motion(**motion))
        return set(np.unique(found.track_id // 100).tolist())


def between(some: Moments, others: Moments, radius_m: float) -> tuple[Ints, Ints]:
    """Return the rows of each pair of one of some places and one of others."""
    lat, lon, moment = (np.concatenate(both) for both in zip(some, others, strict=True))
    own = np.arange(len(moment)) < len(some[2])
    one, other = pairs((lat, lon, moment), radius_m, asked=own, kind=own)
    return one, other - len(some[2])


def near(
    own: pd.DataFrame, others: pd.DataFrame, reach_m: float, within_s: float = 0.0
) -> pd.DataFrame:
    """Return who may have been within `reach_m` of another: of places (mmsi, time_us, lat, lon).

    All that were, at times no further apart than `within_s`, are among them, and some that weren't,
    by up to two cells and a slot.
    """
    size_deg = max(CELL_DEG, reach_m / CELLS_IN_REACH / float(geodesy.distance_m(0, 0, 1, 0)))
    # The middles of two cells are further apart than places in them by a diagonal at most.
    slack_m = 1.01 * float(geodesy.distance_m(0, 0, size_deg, size_deg))
    some, candidates = (_cells(places, size_deg) for places in (own, others))
    further = -(-int(within_s * SECOND_US) // SLOT_US)
    shifts = range(-further, further + 1)
    some = pd.concat([some.assign(slot=some["slot"] + k) for k in shifts]).drop_duplicates()
    i, j = between(
        *(
            (c["lat"].to_numpy(), c["lon"].to_numpy(), c["slot"].to_numpy())
            for c in (some, candidates)
        ),
        reach_m + slack_m,
    )
    return _pairs(some["mmsi"].to_numpy()[i], candidates["mmsi"].to_numpy()[j])


def _cells(places: pd.DataFrame, size_deg: float) -> pd.DataFrame:
    """Return by vessel in which half hours it was in which cells: their middles."""
    middles = {
        name: (np.floor(places[name] / size_deg) + 0.5) * size_deg for name in ("lat", "lon")
    }
    cells = places[["mmsi"]].assign(slot=places["time_us"] // SLOT_US, **middles)
    return cells.drop_duplicates()


def _pairs(mmsi: ArrayLike, other: ArrayLike) -> pd.DataFrame:
    both = pd.DataFrame({"mmsi": mmsi, "other_mmsi": other}, dtype="int64")
    return both[both["mmsi"] != both["other_mmsi"]].drop_duplicates()


def _joined(several: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([_pairs([], []), *several]).drop_duplicates()


def slow_rows(grid: timegrid.Grid, which: Along) -> Ints:
    """Find the rows of a grid at which a vessel was slow enough, or paused being so."""
    if np.isinf(which.below_kn):
        return np.arange(len(grid.tick))
    slow = np.flatnonzero(grid.speed_kn < which.below_kn)
    if which.pause_s <= 0 or len(slow) == 0:
        return slow
    ticks = -(-int(which.pause_s) // grid.step_s)
    at = np.arange(len(grid.tick))
    near = np.zeros(len(at), bool)
    after = np.searchsorted(slow, at)
    for k in (np.minimum(after, len(slow) - 1), np.maximum(after - 1, 0)):
        near |= (grid.track_id[slow[k]] == grid.track_id) & (
            np.abs(grid.tick[slow[k]] - grid.tick) <= ticks
        )
    return np.flatnonzero(near)


def _edges(reports: Reports, which: Edges) -> Ints:
    """Find the reports next to silences."""
    cut = np.diff(reports.time_us) >= which.min_silence_s * SECOND_US
    first, last = timegrid.stretches(reports.track, cut=cut)
    n = np.minimum(which.n_reports, last - first + 1)
    begin = last - n + 1 if which.before else first
    _, rows = timegrid.ranges(begin, n)
    return rows


def _leaping(reports: Reports, leap_m: float) -> Ints:
    """Find the vessels whose positions leap; see `LastNear`."""
    same = np.diff(reports.track) == 0
    here, there = np.flatnonzero(same), np.flatnonzero(same) + 1
    moved_m = geodesy.distance_m(
        reports.lat[here], reports.lon[here], reports.lat[there], reports.lon[there]
    )
    stated_kn = np.fmax(np.fmax(reports.sog_kn[here], reports.sog_kn[there]), 0.0)
    gone_s = (reports.time_us[there] - reports.time_us[here]) / SECOND_US
    far = moved_m - (stated_kn + ALLOWED_KN) * geodesy.KNOT_MPS * gone_s >= leap_m
    far |= leaps.leapt(reports, here, there)
    further = reports.track[reports.track % 100 > 1]
    return np.unique(np.r_[reports.track[there[far]], further] // 100)


def _namesakes(
    names: pd.DataFrame, callsigns: pd.DataFrame, imos: pd.DataFrame, memory: statement.Memory
) -> pd.DataFrame:
    """Pairs of all that `shared_imo` and `look_alikes` compare or count.

    Where more than `MAX_SHARERS` say a value, so many others of them are named that among these
    too it is nobody's in particular.
    """
    several = namesakes.several(imos)
    found = [_pairs(*_both(several["value"], several["mmsi"]))]
    table = namesakes.named(names, callsigns, imos, memory)
    for key in namesakes.KEYS:
        stated = table[table[key].ne("").to_numpy(bool)]
        group = stated.groupby([key, "day"]).ngroup()
        found.append(_pairs(*_both(group, stated["mmsi"], namesakes.MAX_SHARERS + 1)))
    return _joined(found)


def _both(group: pd.Series, mmsi: pd.Series, most: int | None = None) -> tuple[Ints, Ints]:
    """Vessels with the others (the `most` lowest MMSIs) of their group."""
    members = pd.DataFrame({"group": group.to_numpy(), "mmsi": mmsi.to_numpy()}).drop_duplicates()
    members = members.sort_values(["group", "mmsi"])
    others = members if most is None else members.groupby("group").head(most)
    both = members.merge(others, on="group")
    return both["mmsi_x"].to_numpy("int64"), both["mmsi_y"].to_numpy("int64")
