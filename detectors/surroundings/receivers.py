"""Which receivers hear a place, and whether they were working.

A feed that names the station that received each report shows more than where vessels were heard:
by which receivers. That one of them fails shows in that it hears nothing anywhere; that others are
heard around a silence says little while the receivers that hear that place are down, since the
others may be nearer to those that work.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.frames import SECOND_US, epoch_us
from detectors.kinematics import geodesy, timegrid
from detectors.kinematics.geodesy import METRES_PER_NM
from detectors.surroundings.coverage import (
    CELL_DEG,
    CELL_SLOTS,
    SLOT_S,
    Coverage,
    block_keys,
    place_key,
)
from detectors.surroundings.rates import DAY_SLOTS, heard_as_usual

Span = tuple[int, int]

STEADY_SHARE: Final = 0.75
"""A receiver is steady that heard something in so many of the half hours before in which any did:
a feed that began in the night has no day behind it. Of another one, a satellite or one at a lonely
coast, hearing nothing doesn't show that it fails."""
LEAST_SLOTS: Final = 4
"""In two hours at least."""
YOUNG_SLOTS: Final = 2 * LEAST_SLOTS
"""Of a feed that began less than four hours before, what follows tells as well."""

LEAST_REACH_M: Final = 20 * METRES_PER_NM
"""What a coast station hears at least (20-40 nm)."""
ORDINARY_REACH_M: Final = 40 * METRES_PER_NM
"""What a coast station hears without ducts at most, as a rule (20-40 nm)."""
FAR_CELLS: Final = 4
"""So many cells at once: one ship at 20 kn comes through three in half an hour, and a duct carries
many."""
WIDEST_DEG: Final = 2.0
"""Twice 60 nm: a receiver that hears further across is a satellite or high up, and hears some."""
OFTEN_SLOTS: Final = 2
"""A place heard in so many half hours: what is heard once may have come through a duct."""
LEAST_PLACES: Final = 3
"""Fewer places show no disc."""
WELL_WITHIN: Final = 0.7
"""Share of a station's least reach within which it hears nearly all. Measured at 6,600 places at
sea of 20 simulated nights, where stations lose messages with the fourth power of the distance and
hardly anybody else was heard near: 98 % of those so far in were within reach, half of those at 1.15
to 1.3 times that distance, a fifth of those beyond (docs/decisions.md, 72)."""

AS_FAR: Final = 0.9
"""Nine tenths of a distance are as far: the cells that tell what was heard are 6 nm wide, and a
station on a hill hears to 40 nm and more."""

MIN_STEADY_SHARE: Final = 0.5
"""Below this share of what was heard at a place by steady receivers, nothing is said about them."""


@dataclass(frozen=True)
class Hearing:
    """Receivers that heard some places before some half hours."""

    place: Ints
    station: Ints
    share: Floats
    """One row per place and receiver that heard it, by place: number of the place, code of the
    receiver, share of the reports that it received, largest first."""
    steady: Bools
    """Whether that receiver heard something somewhere in `STEADY_SHARE` of those half hours in
    which any did, and in `LEAST_SLOTS` or more."""


class Receivers:
    """What each receiver heard, from `Coverage.receivers`.

    Attributes
    ----------
    names
        Of the receivers, by code.
    """

    def __init__(self, coverage: Coverage) -> None:
        frame = coverage.receivers
        codes, names = pd.factorize(frame["station"], sort=True)
        self.names: list[str] = [str(name) for name in names]
        slot = epoch_us(frame["time"]) // (SLOT_S * SECOND_US)
        key = place_key(
            frame["lat_cell"].to_numpy("int64"), frame["lon_cell"].to_numpy("int64"), slot
        )
        order = np.argsort(key, kind="stable")
        self._key, self._station = key[order], np.asarray(codes, "int64")[order]
        self._reports = frame["reports"].to_numpy("int64")[order]
        self._class_b = (frame["ais_class"] == "B").to_numpy()[order]
        self._heard = _heard_as_usual(np.asarray(codes, "int64"), slot, frame["reports"])
        self._slot = slot[order]
        self._lat = (frame["lat_cell"].to_numpy("float64")[order] + 0.5) * CELL_DEG - 90.0
        self._lon = (frame["lon_cell"].to_numpy("float64")[order] + 0.5) * CELL_DEG - 180.0
        self._slots = np.unique(self._heard % CELL_SLOTS)
        self._cell = self._station * (1 << 32) + self._key // CELL_SLOTS
        self._sorted: dict[tuple[str, bool], Ints] = {}
        self._middles: dict[tuple[str, Span, bool], tuple[float, float]] = {}

    def hearing(
        self,
        lat: ArrayLike,
        lon: ArrayLike,
        first: ArrayLike,
        last: ArrayLike,
        ais_class: ArrayLike,
        settled: Ints | None = None,
    ) -> Hearing:
        """Receivers that heard the cell of each place and the eight around it, half hours `first`
        to `last` since 1970-01-01 UTC, both inclusive; for class B only its like count.

        `settled` is the last half hour of which all is known, if that is later: of a feed that had
        just begun at `last` it tells by those in between which receivers are steady.
        """
        first, last = np.asarray(first, "int64"), np.asarray(last, "int64")
        low, inside = block_keys(lat, lon, first, by_cell=True)
        high, _ = block_keys(lat, lon, last + 1, by_cell=True)
        begin, end = (np.searchsorted(self._key, keys).ravel() for keys in (low, high))
        count = np.where(inside.ravel(), np.maximum(end - begin, 0), 0)
        block, row = timegrid.ranges(begin, count)
        place = block // 9
        own = np.asarray(ais_class, "str") == "B"
        counts = ~own[place] | self._class_b[row]
        place, row = place[counts], row[counts]
        pair, at = np.unique(
            place * max(len(self.names), 1) + self._station[row], return_inverse=True
        )
        reports = np.bincount(at, weights=self._reports[row], minlength=len(pair))
        place, station = np.divmod(pair, max(len(self.names), 1))
        share = reports / np.bincount(place, weights=reports, minlength=len(low))[place]
        order = np.lexsort((station, -share, place))
        place, station, share = place[order], station[order], share[order]
        settled = last if settled is None else np.maximum(settled, last)
        steady = self._steady(station, first[place], last[place], settled[place])
        return Hearing(place, station, share, steady)

    def _steady(self, station: Ints, first: Ints, last: Ints, settled: Ints) -> Bools:
        """Tell which receivers were steady from a first to a last half hour.

        Where the feed itself was heard in fewer than `YOUNG_SLOTS` of them, since it had just
        begun, those up to `settled` count too. What was heard until it failed, for longer than it
        has been down since, is as of then: an outage that goes on makes nothing unsteady.
        """

        def count(of: Ints, key: Ints, until: Ints) -> Ints:
            found = np.searchsorted(of, key + until + 1) - np.searchsorted(of, key + first)
            return np.asarray(found, "int64")

        anywhere = np.zeros_like(station)
        young = count(self._slots, anywhere, last) < YOUNG_SLOTS
        until = np.where(young, settled, last)
        n_heard = count(self._heard, station * CELL_SLOTS, until)
        n_any = count(self._slots, anywhere, until)
        at = np.searchsorted(self._heard, station * CELL_SLOTS + until + 1) - 1
        failed = np.where(n_heard > 0, self._heard[at] % CELL_SLOTS, until) if len(at) else until
        n_before = count(self._slots, anywhere, failed)
        n_any = np.where(n_any - n_before < n_heard, n_before, n_any)
        return np.asarray((n_heard >= STEADY_SHARE * n_any) & (n_heard >= LEAST_SLOTS))

    def working(self, hearing: Hearing, place: Ints, slot: Ints) -> Floats:
        """Share of what is heard at places by steady receivers that heard anything in a half hour;
        NaN where the receivers aren't known or not steady.

        Parameters
        ----------
        hearing
            From `hearing`.
        place, slot
            Numbers of places, each with a half hour since 1970-01-01 UTC.
        """
        n_places = int(max(place.max(initial=-1), hearing.place.max(initial=-1))) + 1
        steady = hearing.steady
        known = np.bincount(
            hearing.place[steady], weights=hearing.share[steady], minlength=n_places
        )
        begin, end = (np.searchsorted(hearing.place, place, side) for side in ("left", "right"))
        asked, row = timegrid.ranges(begin, end - begin)
        up = np.isin(hearing.station[row] * CELL_SLOTS + slot[asked], self._heard)
        share = hearing.share[row] * steady[row] * up
        heard = np.bincount(asked, weights=share, minlength=len(place))
        enough = known[place] >= MIN_STEADY_SHARE
        return np.where(enough, heard / np.where(enough, known[place], 1.0), np.nan)

    def listening(self, hearing: Hearing, place: Ints, slot: Ints) -> Bools:
        """Tell in which half hours any receiver that hears a place heard anything, steady or not;
        true where none is known. `hearing`, `place` and `slot` are as of `working`.
        """
        begin, end = (np.searchsorted(hearing.place, place, side) for side in ("left", "right"))
        asked, row = timegrid.ranges(begin, end - begin)
        up = np.isin(hearing.station[row] * CELL_SLOTS + slot[asked], self._heard)
        heard = np.bincount(asked, weights=up, minlength=len(place)) > 0
        return np.asarray(heard | (begin == end))

    def as_far(
        self, name: str, place: tuple[float, float], spans: Sequence[Span], like: str
    ) -> list[float]:
        """Return in which share of the half hours of each span that a receiver heard anything in it
        heard as far out as a place: `AS_FAR` of the way there from the middle of what it heard in
        the first span; in that one half hours count in which it heard so far in `FAR_CELLS` cells,
        since one ship alone out there tells nothing of others. NaN where it heard less than
        `YOUNG_SLOTS` half hours, and where the place is no further than coast stations hear
        (`ORDINARY_REACH_M`).

        Troposphere and ducts carry VHF far beyond the horizon for some hours, from all sides alike
        (Report ITU-R M.2123, on long-range detection of AIS), and the horizon doesn't come and go.

        Parameters
        ----------
        name
            Of the receiver.
        place
            Latitude and longitude, degrees.
        spans
            First and last half hours since 1970-01-01 UTC, both inclusive.
        like
            "B" counts what it heard of class B alone, which carries less far.
        """
        only_b = like == "B"
        middle = self._middle_of(name, spans[0], only_b)
        least_m = float(geodesy.distance_m(*middle, *place))
        if not least_m >= ORDINARY_REACH_M:
            return [np.nan] * len(spans)
        shares = []
        for n, span in enumerate(spans):
            row = self._rows_in(name, span, only_b)
            off_m = geodesy.distance_m(*middle, self._lat[row], self._lon[row])
            far = np.unique(self._key[row[off_m >= AS_FAR * least_m]])  # a cell in a half hour each
            cells = np.unique(far % CELL_SLOTS, return_counts=True)[1]
            n_heard = len(np.unique(self._slot[row]))
            n_far = int((cells >= (1 if n else FAR_CELLS)).sum())
            shares.append(n_far / n_heard if n_heard else np.nan)
        return shares

    def _middle_of(self, name: str, span: Span, only_b: bool) -> tuple[float, float]:
        """Return the middle of what a receiver heard in a span, NaN where that is too little.

        Worked out once: where a receiver fails, hundreds fall silent in the same half hour.
        """
        if (name, span, only_b) not in self._middles:
            row = self._rows_in(name, span, only_b)
            middle = np.nan, np.nan
            if len(np.unique(self._slot[row])) >= YOUNG_SLOTS:
                lat, lon = (
                    _middle(axis[row], self._reports[row]) for axis in (self._lat, self._lon)
                )
                middle = lat, lon
            self._middles[name, span, only_b] = middle
        return self._middles[name, span, only_b]

    def _rows_in(self, name: str, span: Span, only_b: bool) -> Ints:
        """Return the rows of what a receiver heard in a span; all are sorted by half hours once."""
        if (name, only_b) not in self._sorted:
            own = self._station == np.searchsorted(self.names, name)
            rows = np.flatnonzero(own & self._class_b if only_b else own)
            self._sorted[name, only_b] = rows[np.argsort(self._slot[rows], kind="stable")]
        rows = self._sorted[name, only_b]
        begin, end = np.searchsorted(self._slot[rows], (span[0], span[1] + 1))
        return rows[begin:end]

    def reach_ratio(self, lat: Floats, lon: Floats, slot: Ints, before: int, after: int) -> Floats:
        """Return how far places lie from the middle of what a coast station hears, over its reach.

        VHF goes by line of sight, so that a station's reach is a disc around it, wherever that is:
        the smallest circle around all places that it heard in `OFTEN_SLOTS` of the half hours
        `before` to `after` is about the least that its reach can be. Only steady receivers that
        heard something in the half hour of the place count, and of these the one it is deepest in;
        NaN where there is none.
        """
        found = np.full(len(lat), np.nan)
        for own in np.unique(slot).tolist():
            at = np.flatnonzero(slot == own)
            for middle_lat, middle_lon, radius_m in self._discs(own, before, after):
                off_m = geodesy.distance_m(lat[at], lon[at], middle_lat, middle_lon)
                found[at] = np.fmin(found[at], off_m / radius_m)
        return found

    def within_reach(self, lat: Floats, lon: Floats, slot: Ints, before: int, after: int) -> Bools:
        """Tell which places lie `WELL_WITHIN` the reach of a coast station that worked in a half
        hour; see `reach_ratio`.
        """
        return np.asarray(self.reach_ratio(lat, lon, slot, before, after) <= WELL_WITHIN)

    def _discs(self, slot: int, before: int, after: int) -> list[tuple[float, float, float]]:
        """Return middle and radius of what each coast station hears that worked in a half hour."""
        rows = np.flatnonzero((self._slot >= slot - before) & (self._slot <= slot + after))
        _, first, times = np.unique(self._cell[rows], return_index=True, return_counts=True)
        rows = rows[first[times >= OFTEN_SLOTS]]
        cells = np.stack([self._station[rows], self._lat[rows], self._lon[rows]], axis=1)
        made = []
        for code in self._near_and_steady(cells, slot, before, after).tolist():
            places = cells[cells[:, 0] == code, 1:]
            if len(places) >= LEAST_PLACES:
                made.append(_disc(places.tobytes()))
        return made

    def _near_and_steady(self, cells: Floats, slot: int, before: int, after: int) -> Ints:
        """Return the receivers of some cells that are coast stations, steady, and worked in a half
        hour.
        """
        codes, of = np.unique(cells[:, 0].astype("int64"), return_inverse=True)
        wide = np.zeros(len(codes))
        for column in (1, 2):
            low, high = np.full(len(codes), np.inf), np.full(len(codes), -np.inf)
            np.minimum.at(low, of, cells[:, column])
            np.maximum.at(high, of, cells[:, column])
            wide = np.maximum(wide, high - low)
        span = (np.full(len(codes), slot + k) for k in (-before, 0, after))
        worked = np.isin(codes * CELL_SLOTS + slot, self._heard)
        return codes[(wide <= WIDEST_DEG) & self._steady(codes, *span) & worked]


def _middle(values: Floats, weights: Ints) -> float:
    """Return the median of values, each as often as its weight says."""
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(below, below[-1] / 2)])


def _heard_as_usual(station: Ints, slot: Ints, reports: ArrayLike) -> Ints:
    """Return the sorted keys of receivers and half hours in which they heard as much as usual; what
    is dated wrongly or comes late is a trickle while a receiver is down (see `rates.TRICKLE`).
    """
    key, of = np.unique(station * CELL_SLOTS + slot, return_inverse=True)
    number = np.bincount(of, weights=np.asarray(reports, "float64")).astype("int64")
    own, when = np.divmod(key, CELL_SLOTS)
    begin = np.searchsorted(own, np.arange(own.max(initial=-1) + 2))
    kept = [
        code * CELL_SLOTS + heard_as_usual(when[a:b], number[a:b], DAY_SLOTS)
        for code, (a, b) in enumerate(pairwise(begin.tolist()))
    ]
    return np.concatenate(kept) if kept else key


@lru_cache(maxsize=1024)
def _disc(held: bytes) -> tuple[float, float, float]:
    """Return middle and radius of what a station hears, of latitudes and longitudes as numbers.

    Looks that follow one another ask it of the same half hours.
    """
    lat, lon = np.frombuffer(held, "float64").reshape(-1, 2).T
    shrink = float(np.cos(np.radians(lat.mean())))
    places = shapely.multipoints(np.stack([lon * shrink, lat], axis=1))
    circle = shapely.minimum_bounding_circle(places)
    [(x, y)] = shapely.get_coordinates(shapely.centroid(circle)).tolist()
    radius_m = float(shapely.minimum_bounding_radius(places)) * 60 * METRES_PER_NM
    return y, x / shrink, max(radius_m, LEAST_REACH_M)
