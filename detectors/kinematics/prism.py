"""Where vessels can have been while they weren't heard, and which of them can have been together.

Between two known places at two times a vessel of some top speed lies within a space-time prism
(Hägerstrand 1970, What about people in regional science?, Papers of the Regional Science
Association 24:7-21; Pfoser & Jensen 1999, Capturing the uncertainty of moving-object
representations, LNCS 1651:111-131, doi:10.1007/3-540-48482-5_9): at a place x it can have been from
``start + |x - last| / v`` until ``until - |x - next| / v``. Whether the prisms of two vessels touch
is the alibi query (Kuijpers & Othman 2009, Modeling uncertainty of moving objects on road networks
via space-time prisms, International Journal of Geographical Information Science 23:1095-1117,
doi:10.1080/13658810802097485); here it is asked for how long they can have been together.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.frames import SECOND_US
from detectors.kinematics import geodesy

GRID: Final = 21
"""Points along each side of the grid that the joint area is measured on."""
ZOOMS: Final = 6
"""Steps in which the best place is sought, each a third as wide as the one before."""
PAIRS_AT_ONCE: Final = 200
"""Pairs whose grids are held at once: some 10 MB."""
PAIRS_IN_REACH: Final = 2_000_000
"""Pairs that a search may hold at once, whoever is near whom."""
FEW: Final = 20_000_000
"""So many pairs are held against one another each, in a third of the time that trees of all sizes
take (of 20 silences and 150 loiterings in a six hundredth)."""
TOLERANCE_S: Final = 1.0
"""By how much a bound of the time together may be off by rounding."""


@dataclass(frozen=True)
class Prisms:
    """Silences as columns: the last place before and the next one after, NaN while there is none.

    `until_us` is the time of the next report, or now.
    """

    mmsi: Ints
    start_us: Ints
    until_us: Ints
    lat: Floats
    lon: Floats
    next_lat: Floats
    next_lon: Floats
    mps: Floats

    def rows(self, at: Ints) -> "Prisms":
        """Return some rows."""
        return Prisms(*(values[at] for values in vars(self).values()))

    @property
    def duration_s(self) -> Floats:
        """Return how long each lasted."""
        return np.asarray((self.until_us - self.start_us) / SECOND_US)

    def discs(self, stay_s: float) -> "Discs":
        """Return discs outside of which none can have been anywhere for `stay_s`."""
        lat, lon, radius_m = self._ellipses(stay_s)
        return Discs(lat, lon, radius_m, self.start_us, self.until_us)

    def _ellipses(self, stay_s: float) -> tuple[Floats, Floats, Floats]:
        """Return centre and half the longest axis of where each can have been for `stay_s`."""
        is_open = np.isnan(self.next_lat)
        to_lat, to_lon = (
            np.where(is_open, here, there)
            for here, there in ((self.lat, self.next_lat), (self.lon, self.next_lon))
        )
        lat, lon = geodesy.interpolate(self.lat, self.lon, to_lat, to_lon, 0.5)
        way_m = self.mps * np.maximum(self.duration_s - stay_s, 0.0)
        return np.asarray(lat), np.asarray(lon), np.where(is_open, way_m, way_m / 2)

    def hold(self, lat: Floats, lon: Floats, at_us: Ints) -> NDArray[np.bool_]:
        """Tell whether each can have been at a place at a time within its silence."""
        gone_m = geodesy.distance_m(self.lat, self.lon, lat, lon)
        left_m = geodesy.distance_m(lat, lon, self.next_lat, self.next_lon)
        can_go_m = self.mps * (at_us - self.start_us) / SECOND_US
        can_return_m = self.mps * (self.until_us - at_us) / SECOND_US
        return np.asarray((gone_m <= can_go_m) & ~(left_m > can_return_m))

    def way_m(self, lat: Floats, lon: Floats) -> Floats:
        """Return the way by a place from each last position to the next one, to it while open."""
        gone_m = geodesy.distance_m(self.lat, self.lon, lat, lon)
        left_m = geodesy.distance_m(lat, lon, self.next_lat, self.next_lon)
        return np.asarray(gone_m + np.nan_to_num(left_m))


@dataclass(frozen=True)
class Discs:
    """Discs that hold all places where something can have been over a span."""

    lat: Floats
    lon: Floats
    radius_m: Floats
    start_us: Ints
    until_us: Ints

    @property
    def length_us(self) -> Ints:
        """Return how long each span is."""
        return np.asarray(self.until_us - self.start_us)

    def rows(self, at: Ints) -> "Discs":
        """Return some rows."""
        return Discs(*(values[at] for values in vars(self).values()))

    def points(self, rows: Ints) -> Floats:
        """Return places on the unit sphere with the middles of their spans (us)."""
        middle_us = (self.start_us[rows] + self.until_us[rows]) / 2
        return np.column_stack([geodesy.unit_xyz(self.lat[rows], self.lon[rows]), middle_us])

    def groups(self) -> list[Ints]:
        """Return rows alike in size and length, by powers of two, so that a search fits each."""
        if len(self.radius_m) == 0:
            return []
        size = np.log2(np.maximum(self.radius_m, 1.0)).astype("int64")
        length = np.log2(np.maximum(self.length_us, 1)).astype("int64")
        kinds, of = np.unique(size * 64 + length, return_inverse=True)
        order = np.argsort(of, kind="stable")
        return np.split(order, np.searchsorted(of[order], np.arange(1, len(kinds))))


def touching(one: Discs, other: Discs) -> Iterator[tuple[Ints, Ints]]:
    """Yield, part by part, the pairs of one and another whose discs and spans may touch.

    Places on the unit sphere and middles of spans make one tree for each two groups alike in size;
    what is further apart in any coordinate than the largest of them reach can't touch. Of `FEW`
    each pair is held against its own reach.
    """
    n = len(one.lat)
    if n * len(other.lat) <= FEW:
        step = max(1, PAIRS_IN_REACH // max(len(other.lat), 1))
        for part in np.split(np.arange(n), range(step, n, step)):
            i, j = _touching(one.rows(part), other)
            yield part[i], j
        return
    others = other.groups()
    for mine in one.groups():
        for theirs in others:
            reach_m = float(one.radius_m[mine].max() + other.radius_m[theirs].max())
            reach = geodesy.chord(min(reach_m, np.pi * geodesy.EARTH_RADIUS_M)) + 1e-9
            span_us = one.length_us[mine].max() + other.length_us[theirs].max()
            unit = np.array([reach, reach, reach, span_us / 2 + 1.0])
            tree = cKDTree(other.points(theirs) / unit)
            step = max(1, PAIRS_IN_REACH // len(theirs))
            for begin in range(0, len(mine), step):
                part = mine[begin : begin + step]
                found = cKDTree(one.points(part) / unit).sparse_distance_matrix(
                    tree, 1.0 + 1e-9, p=np.inf, output_type="ndarray"
                )
                yield part[found["i"]], theirs[found["j"]]


def _touching(one: Discs, other: Discs) -> tuple[Ints, Ints]:
    """Return the same pairs, by what two reach: first by their times, which tell most apart."""
    then = (one.start_us[:, None] <= other.until_us) & (other.start_us <= one.until_us[:, None])
    i, j = np.nonzero(then)
    reach_m = np.minimum(one.radius_m[i] + other.radius_m[j], np.pi * geodesy.EARTH_RADIUS_M)
    reach = 2 * np.sin(reach_m / geodesy.EARTH_RADIUS_M / 2) + 1e-9
    places = (geodesy.unit_xyz(discs.lat, discs.lon) for discs in (one, other))
    near = (np.abs(next(places)[i] - next(places)[j]) <= reach[:, None]).all(axis=1)
    return i[near], j[near]


def can_meet(
    prisms: Prisms,
    stay_s: float,
    least_share: float = 0.0,
    asked: Bools | None = None,
    most: int | None = None,
) -> tuple[Ints, Ints]:
    """Find pairs of silences of two vessels that may have been together for `stay_s` or longer.

    No pair is left out that was, for that long and for `least_share` of the time that both were
    silent; of the others as many as the bounds of `_most_s` tell. Pairs of two that aren't `asked`
    are left out. It is given up once `most` or more are found.

    Returns rows, the lower one first, sorted.
    """
    own_s = prisms.duration_s - _way_s(prisms, prisms, prisms.mps)
    rows = np.flatnonzero(own_s >= stay_s - TOLERANCE_S)
    able = prisms.rows(rows)
    own = np.ones(len(rows), bool) if asked is None else asked[rows]
    among = np.flatnonzero(own)
    parts = [(np.zeros(0, "int64"), np.zeros(0, "int64"))]
    discs, n_found = able.discs(stay_s), 0
    for some, other in touching(discs.rows(among), discs):
        one = among[some]
        # Of two that are asked both find one another.
        keep = ((one < other) | ~own[other]) & (able.mmsi[one] != able.mmsi[other])
        i, j = np.minimum(one, other)[keep], np.maximum(one, other)[keep]
        a, b = able.rows(i), able.rows(j)
        both_us = np.minimum(a.until_us, b.until_us) - np.maximum(a.start_us, b.start_us)
        wanted_s = np.maximum(stay_s, least_share * both_us / SECOND_US) - TOLERANCE_S
        near = _most_s(a, b) >= wanted_s
        parts.append((rows[i[near]], rows[j[near]]))
        n_found += int(near.sum())
        if most is not None and n_found >= most:
            break
    first, second = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((second, first))
    return first[order], second[order]


def _way_s(one: Prisms, other: Prisms, mps: Floats) -> Floats:
    """Return the time from the last places of one to the next ones of another, 0 while open."""
    way_m = geodesy.distance_m(one.lat, one.lon, other.next_lat, other.next_lon)
    return np.asarray(np.nan_to_num(way_m) / mps)


def _most_s(a: Prisms, b: Prisms) -> Floats:
    """Return a time that two can't have been together for longer than, wherever.

    One must have left by the time that its way asks for after the other came, however they divide
    the way between them; and both come, and both leave, at the same place.
    """
    faster = np.maximum(a.mps, b.mps)
    bounds = [
        (until.until_us - start.start_us) / SECOND_US - _way_s(start, until, mps)
        for start, until, mps in ((a, a, a.mps), (b, b, b.mps), (a, b, faster), (b, a, faster))
    ]
    both = a.mps + b.mps
    origin_us = np.minimum(a.start_us, b.start_us)
    starts, untils = (
        [(time_us - origin_us) / SECOND_US for time_us in times]
        for times in ((a.start_us, b.start_us), (a.until_us, b.until_us))
    )
    apart_m = geodesy.distance_m(a.lat, a.lon, b.lat, b.lon)
    come_s = (apart_m + a.mps * starts[0] + b.mps * starts[1]) / both
    parted_m = geodesy.distance_m(a.next_lat, a.next_lon, b.next_lat, b.next_lon)
    leave_s = (a.mps * untils[0] + b.mps * untils[1] - parted_m) / both
    come_s, leave_s = np.maximum(come_s, np.maximum(*starts)), np.fmin(leave_s, np.minimum(*untils))
    return np.asarray(np.minimum.reduce([*bounds, leave_s - come_s]))


@dataclass(frozen=True)
class Joint:
    """Of pairs of silences: how long they can have been together at most and where, and the area
    of all places where they can have been together long enough.
    """

    longest_s: Floats
    lat: Floats
    lon: Floats
    area_km2: Floats


def together(prisms: Prisms, first: Ints, second: Ints, stay_s: float) -> Joint:
    """Find where and how long pairs of silent vessels can have been together.

    The time that two can have been at a place together is the smallest of the moments when they
    must leave less the largest of those when they can come: a concave function of the place, so
    that narrowing a grid around its best point finds the maximum to within seconds.
    """
    parts = [
        _together(
            prisms.rows(first[i : i + PAIRS_AT_ONCE]),
            prisms.rows(second[i : i + PAIRS_AT_ONCE]),
            stay_s,
        )
        for i in range(0, len(first), PAIRS_AT_ONCE)
    ]
    if not parts:
        return Joint(*(np.zeros(0) for _ in range(4)))
    columns = zip(*(vars(part).values() for part in parts), strict=True)
    return Joint(*(np.concatenate(column) for column in columns))


def _together(a: Prisms, b: Prisms, stay_s: float) -> Joint:
    """Find it for as many as fit at once."""
    one, other = a.discs(stay_s), b.discs(stay_s)
    smaller = one.radius_m <= other.radius_m
    lat, lon, half_m = (
        np.where(smaller, getattr(one, name), getattr(other, name))
        for name in ("lat", "lon", "radius_m")
    )
    half_m = np.maximum(half_m, 1.0)
    time_s = _Times(a, b)
    north, east = _square(GRID)
    places = _moved(geodesy.unit_xyz(lat, lon), north, east, half_m)
    found_s = time_s(places)
    cell_km2 = (2 * half_m / (GRID - 1) / 1000) ** 2
    area_km2 = np.maximum((found_s >= stay_s).sum(axis=1), 1) * cell_km2
    rows, width_m = np.arange(len(half_m)), half_m / 6
    north, east = _square(9)
    at = found_s.argmax(axis=1)
    best, longest_s = places[rows, at], found_s[rows, at]
    for _ in range(ZOOMS):
        places = _moved(best, north, east, width_m)
        found_s = time_s(places)
        at = found_s.argmax(axis=1)
        best, longest_s = places[rows, at], found_s[rows, at]
        width_m = width_m / 3
    best_lat, best_lon = geodesy.from_unit_xyz(best)
    return Joint(longest_s, best_lat, best_lon, area_km2)


def _square(n: int) -> tuple[Floats, Floats]:
    """Return the points of a square of sides -1 to 1, `n` a side."""
    step = np.linspace(-1.0, 1.0, n)
    north, east = np.meshgrid(step, step, indexing="ij")
    return north.ravel(), east.ravel()


def _moved(centre: Floats, north: Floats, east: Floats, unit_m: Floats) -> Floats:
    """Return unit vectors of places so many units north and east of others (azimuthal equidistant,
    Snyder 1987, Map projections, USGS Professional Paper 1395, ch. 25), one row of them each.
    """
    pole = np.array([0.0, 0.0, 1.0])
    right = np.cross(pole, centre)
    right /= np.maximum(np.linalg.norm(right, axis=1), 1e-12)[:, None]
    up = np.cross(centre, right)
    angle = np.hypot(north, east)[None, :] * (unit_m / geodesy.EARTH_RADIUS_M)[:, None]
    size = np.hypot(north, east)
    size[size == 0] = 1.0
    to = up[:, None, :] * (north / size)[:, None] + right[:, None, :] * (east / size)[:, None]
    return np.asarray(np.cos(angle)[..., None] * centre[:, None, :] + np.sin(angle)[..., None] * to)


class _Times:
    """How long two can have been together at places: one row of places a pair."""

    def __init__(self, a: Prisms, b: Prisms) -> None:
        origin_us = np.minimum(a.start_us, b.start_us)
        self._ends = [
            (
                geodesy.unit_xyz(one.lat, one.lon),
                geodesy.unit_xyz(one.next_lat, one.next_lon),
                ((one.start_us - origin_us) / SECOND_US)[:, None],
                ((one.until_us - origin_us) / SECOND_US)[:, None],
                one.mps[:, None],
            )
            for one in (a, b)
        ]

    def __call__(self, places: Floats) -> Floats:
        come, leave = [], []
        for last, following, start_s, until_s, mps in self._ends:
            come.append(start_s + _away_m(places, last) / mps)
            leave.append(until_s - np.nan_to_num(_away_m(places, following)) / mps)
        return np.asarray(np.minimum(*leave) - np.maximum(*come))


def _away_m(places: Floats, point: Floats) -> Floats:
    """Return how far places are from the point of their row; right to a foot."""
    cosine = np.matmul(places, point[:, :, None])[..., 0]
    return np.asarray(
        2 * geodesy.EARTH_RADIUS_M * np.arcsin(np.sqrt(np.clip((1.0 - cosine) / 2, 0.0, 1.0)))
    )
