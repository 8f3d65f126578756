"""Sightings without AIS that follow one another as one hull under way would."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.frames import SECOND_US
from detectors.core.telling import Told
from detectors.kinematics import geodesy

LEAST: Final = 4
"""Two sightings lie on a line whoever was seen, and so, now and then, do three: of 5 to 10 that had
nothing to do with one another each ten minutes, over 100 nm by 100, by chance three did 0.5 to 3
times in two hours, and four in one case of fifteen at most (simulated). Radars confirm a track
likewise (Blackman & Popoli 1999, Design and Analysis of Modern Tracking Systems, 6.2)."""

SURE_M: Final = 500.0
"""What is known no better than that tells nobody's way: of ten that had nothing to do with one
another each ten minutes over 100 nm by 100, some four did by chance 0.1 times in two hours where
places are known to 200 m, 0.4 times at 500 m, and 3 and 8 times at 1 and 2 km, as callers and files
give that don't say (simulated). And who was seen miles off would be taken for the boat followed."""

APART_S: Final = 1800.0
"""Half an hour: coast radars and aircraft report each few minutes, and in twice as long there are
four times as many others that it could have been. A judgement."""

MAX_KN: Final = 45.0
"""What the fastest smugglers' boats make."""

STRAY: Final = 0.1
"""Of the way between two sightings: how far a boat that holds its course to 6 degrees, or its speed
to a tenth, is off from where it was to be. A judgement."""

SIGMAS: Final = 3.0
"""Within three standard deviations positions agree."""

MAX_SHARE: Final = 3.0
"""How many times as long one step of three may be as the other: two radars that see a boat within a
minute say nothing of where it is ten minutes later."""

ALIKE: Final = 2.0
"""Lengths that were estimated at one hull differ by no more than this factor. A judgement."""

CROWD: Final = 40
"""Where more than so many could be the next, nobody can tell which is. A judgement."""

MOST: Final = 500
"""Of more in one window, such as of a satellite's scenes of a fishing fleet, none are followed."""


class Way(NamedTuple):
    """How a hull went that was seen several times: its speed and course over the last of them."""

    n: int
    sog_kn: float
    cog_deg: float


def followed(
    lat: Floats, lon: Floats, time_us: Ints, uncertainty_m: Floats, length_m: Floats
) -> Ints:
    """Return pairs of rows, in two rows, that are of one hull under way, of those whose place is
    known to `SURE_M`.

    Three follow one another where each is at most `APART_S` behind the one before, and steady
    course and speed from the first by the second lead to the third within `SIGMAS` of what the
    positions are uncertain by and `STRAY` of the way. Each is before and behind one other at most:
    what is soonest goes first. Fewer than `LEAST` in a row may be so by chance, and are none. Of
    the same hull is who was seen by others meanwhile where it was then.

    Parameters
    ----------
    lat, lon, time_us
        Places in degrees and when something was seen there, in any order.
    uncertainty_m
        Standard deviations of the positions.
    length_m
        Estimated lengths, NaN where there is none.
    """
    order = np.argsort(time_us, kind="stable")
    order = order[uncertainty_m[order] <= SURE_M]
    if not LEAST <= len(order) <= MOST:
        return np.zeros((2, 0), "int64")
    lat, lon = lat[order], lon[order]
    plots = _Plots(
        *geodesy.to_local_m(lat, lon, float(lat.mean()), float(lon.mean())),
        time_us[order] / SECOND_US,
        uncertainty_m[order],
        length_m[order],
    )
    lines = _lines(plots)
    label = np.full(len(order), -1)
    for number, rows in enumerate(lines):
        label[rows] = number
    pairs = [pair for rows in lines for pair in pairwise(rows)]
    for number, rows in enumerate(lines):
        there = plots.along(rows)
        pairs += [(rows[0], int(row)) for row in np.flatnonzero(there & (label < 0))]
        pairs += [
            (rows[0], others[0])
            for other, others in enumerate(lines)
            if other != number and there[others].sum() >= LEAST - 1  # who crosses is there once
        ]
    return np.asarray(order[np.array(pairs, "int64").reshape(-1, 2)].T, "int64")


def _lines(plots: "_Plots") -> list[list[int]]:
    """Return the rows of each line of `LEAST` or more."""
    behind = [plots.behind(row) for row in range(len(plots.time_s))]
    before: list[list[int]] = [[] for _ in behind]
    for row, rows in enumerate(behind):
        for other in rows.tolist():
            before[other].append(row)
    fits = [
        fit
        for middle, (firsts, lasts) in enumerate(zip(before, behind, strict=True))
        for fit in plots.fits(np.array(firsts, "int64"), middle, lasts)
    ]
    after: dict[int, int] = {}
    ahead: dict[int, int] = {}
    for _, _, *three in sorted(fits):
        steps = list(pairwise(three))
        if all(after.get(a, b) == b and ahead.get(b, a) == a for a, b in steps):
            after.update(steps)
            ahead.update((b, a) for a, b in steps)
    lines = [[first] for first in sorted(after.keys() - ahead.keys())]
    for line in lines:
        while line[-1] in after:
            line.append(after[line[-1]])
    return [line for line in lines if len(line) >= LEAST]


class _Plots(NamedTuple):
    """Places in metres, times in seconds, in the order of time."""

    east: Floats
    north: Floats
    time_s: Floats
    sigma_m: Floats
    length_m: Floats

    def behind(self, row: int) -> Ints:
        """Return rows that may be the next plot of the same hull; none in a crowd."""
        first, last = np.searchsorted(
            self.time_s, self.time_s[row] + np.array([0.0, APART_S]), side="right"
        )
        rows = np.arange(first, last)
        away_m = np.hypot(self.east[rows] - self.east[row], self.north[rows] - self.north[row])
        reach_m = MAX_KN * geodesy.KNOT_MPS * (self.time_s[rows] - self.time_s[row])
        reach_m += SIGMAS * np.hypot(self.sigma_m[rows], self.sigma_m[row])
        ratio = self.length_m[rows] / self.length_m[row]
        unlike = np.maximum(ratio, 1 / ratio) > ALIKE  # not where a length isn't known
        rows = rows[(away_m <= reach_m) & ~unlike]
        return np.asarray(rows[:0] if len(rows) > CROWD else rows, "int64")

    def fits(
        self, firsts: Ints, middle: int, lasts: Ints
    ) -> list[tuple[float, float, int, int, int]]:
        """Return which go on as others lead to: in which time, how far off, of what is allowed, and
        the rows.
        """
        first, last = (rows.ravel() for rows in np.meshgrid(firsts, lasts))
        share = (self.time_s[last] - self.time_s[middle]) / (
            self.time_s[middle] - self.time_s[first]
        )
        off_m, way_m = (
            np.hypot(
                *(
                    place[last] - place[middle] - ahead * (place[middle] - place[first])
                    for place in (self.east, self.north)
                )
            )
            for ahead in (share, 0.0)
        )
        sigma_m = np.sqrt(
            (share * self.sigma_m[first]) ** 2
            + ((1 + share) * self.sigma_m[middle]) ** 2
            + self.sigma_m[last] ** 2
        )
        misfit = off_m / (SIGMAS * sigma_m + STRAY * way_m)
        return [
            (*late, int(first[k]), middle, int(last[k]))
            for k in np.flatnonzero((misfit <= 1) & (np.maximum(share, 1 / share) <= MAX_SHARE))
            for late in [(float(self.time_s[last[k]] - self.time_s[first[k]]), float(misfit[k]))]
        ]

    def along(self, rows: list[int]) -> Bools:
        """Tell what was seen, between the times of a line's rows, where its hull was then."""
        time_s = self.time_s[rows]
        off_m = np.hypot(
            *(
                place - np.interp(self.time_s, time_s, place[rows])
                for place in (self.east, self.north)
            )
        )
        sigma_m = np.hypot(self.sigma_m, np.interp(self.time_s, time_s, self.sigma_m[rows]))
        within = (self.time_s >= time_s[0]) & (self.time_s <= time_s[-1])
        return np.asarray(within & (off_m <= SIGMAS * sigma_m))


def way_of(rows: Sequence[Told]) -> Way | None:
    """Return how what was seen went, over the last `LEAST` sightings without a vessel among events,
    or as many more as it takes to go so far that `STRAY` of it is more than two places are
    uncertain by: several radars see a boat within seconds. None where it wasn't seen as often.
    """
    plots = sorted(_sightings(rows), key=lambda row: row.start)
    if len(plots) < LEAST:
        return None
    last = plots[-1]
    before = [row for row in plots[: 1 - LEAST] if row.start < last.start]
    if not before:
        return None
    first = next((row for row in reversed(before) if _far(row, last)), before[0])
    places = first.lat, first.lon, last.lat, last.lon
    duration_s = (last.start - first.start).total_seconds()
    sog_kn = geodesy.speed_kn(geodesy.distance_m(*places), duration_s)
    return Way(len(plots), float(sog_kn), float(geodesy.bearing_deg(*places)))


def _far(one: Told, other: Told) -> bool:
    """Tell whether two are so far apart that the way between them is known."""
    away_m = float(geodesy.distance_m(one.lat, one.lon, other.lat, other.lon))
    sigmas_m = [float(row.evidence.get("uncertainty_m") or 0.0) for row in (one, other)]
    return STRAY * away_m >= math.hypot(*sigmas_m)


def newest(rows: Sequence[Told]) -> int | None:
    """Return the place of the last sighting of what was seen so often that its way is known."""
    if way_of(rows) is None:
        return None
    last = max(_sightings(rows), key=lambda row: row.start)
    return next(place for place, row in enumerate(rows) if row is last)


def _sightings(rows: Sequence[Told]) -> Iterator[Told]:
    return (row for row in rows if row.kind == "unmatched_sighting" and not row.mmsi)
