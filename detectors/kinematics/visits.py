"""Visits of tracks to polygons, and where and when their way cuts an outline."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.frames import SECOND_US
from detectors.kinematics import geodesy, timegrid


@dataclass(frozen=True)
class Crossings:
    """Crossings of an outline, one per visit; where there is none, the report at that end."""

    inner_us: Ints
    """When the vessel was inside from, or up to."""
    start_us: Ints
    end_us: Ints
    """Between which times the crossing lies: the same where it is interpolated, the reports around
    the silence where that is too long for it."""
    lat: Floats
    lon: Floats
    """Where: at the report inside if it isn't interpolated."""
    interpolated: Bools
    """Whether it is a crossing between two reports near enough in time."""
    silence_s: Floats
    """Between the reports on either side."""
    outside: Ints
    """Row of the report outside; that inside where there is no crossing."""


def visits(
    track: Ints,
    time_us: Ints,
    point: Ints,
    row: Ints,
    *,
    max_silence_s: float,
    min_outside_s: float,
    beside: Bools | None = None,
) -> tuple[Ints, Ints]:
    """Visits: reports inside that belong together.

    Returns first and last membership of each visit, both inclusive.

    Parameters
    ----------
    track, time_us
        Of all reports.
    point, row
        Memberships sorted by (row, point): report `point` lies in polygon `row`.
    max_silence_s
        Longest time between two reports of one visit that follow one another.
    min_outside_s
        Longest time between them where there are reports outside in between.
    beside
        Whether a vessel that was outside after each membership, but the last, stayed beside the
        edge until the next: they belong together for as long as that may be.
    """
    apart_us = time_us[point[1:]] - time_us[point[:-1]]
    adjacent = point[1:] == point[:-1] + 1
    limit_us = np.where(adjacent, max_silence_s, min_outside_s) * SECOND_US
    cut = apart_us > limit_us
    return timegrid.stretches(row, track[point], cut=cut if beside is None else cut & ~beside)


def crossings(
    shapes: NDArray[Any],
    lat: Floats,
    lon: Floats,
    time_us: Ints,
    inside: Ints,
    *,
    side: int,
    crosses: Bools,
    max_silence_s: float,
) -> Crossings:
    """Return where and when each visit crosses the outline beside its report `inside`.

    Parameters
    ----------
    shapes
        The polygon of each visit.
    lat, lon, time_us
        Of all reports.
    inside
        The visit's first report (side -1: the way in) or its last (side +1: the way out).
    side
        Where the report outside is: one row before or after.
    crosses
        Whether there is such a report.
    max_silence_s
        Longest silence over which a crossing is interpolated.
    """
    outside = np.where(crosses, inside + side, inside)
    silence_us = np.abs(time_us[outside] - time_us[inside])
    near = crosses & (silence_us <= max_silence_s * SECOND_US)
    fraction = np.zeros(len(inside))  # of the way from the report inside to the one outside
    pick = np.flatnonzero(near)
    fraction[pick] = _cut(
        shapes[pick],
        np.column_stack([lon[inside[pick]], lat[inside[pick]]]),
        np.column_stack([lon[outside[pick]], lat[outside[pick]]]),
    )
    at_lat, at_lon = geodesy.interpolate(
        lat[inside], lon[inside], lat[outside], lon[outside], fraction
    )
    at_us = time_us[inside] + side * part_us(silence_us, fraction)
    bounded = crosses & ~near
    low_us, high_us = (f(time_us[inside], time_us[outside]) for f in (np.minimum, np.maximum))
    return Crossings(
        inner_us=at_us,
        start_us=np.where(bounded, low_us, at_us),
        end_us=np.where(bounded, high_us, at_us),
        lat=np.atleast_1d(at_lat),
        lon=np.atleast_1d(at_lon),
        interpolated=near,
        silence_s=silence_us / SECOND_US,
        outside=outside,
    )


def part_us(silence_us: Ints, fraction: Floats) -> Ints:
    """Return a part of a silence in whole milliseconds: a time that two machines round alike."""
    return (np.round(fraction * silence_us / 1000) * 1000).astype("int64")


def _cut(shapes: NDArray[Any], inside: Floats, outside: Floats) -> Floats:
    """Fraction of the way from `inside` to `outside` at which each polygon is first left.

    Points are (lon, lat). A segment over the antimeridian is tried on both sides of it. Where
    rounding hides the cut the fraction is 0: the report inside, which lies on the boundary.
    """
    delta = outside - inside
    delta[:, 0] = geodesy.wrap_lon(delta[:, 0])
    segments = np.asarray(shapely.linestrings(np.stack([inside, inside + delta], axis=1)))
    over = np.abs(inside[:, 0] + delta[:, 0]) > 180.0
    if over.any():
        shift = np.column_stack([-360.0 * np.sign(inside[:, 0]), np.zeros(len(inside))])[over]
        other = np.stack([inside[over] + shift, inside[over] + delta[over] + shift], axis=1)
        both = np.stack([segments[over], np.asarray(shapely.linestrings(other))], axis=1)
        segments[over] = shapely.multilinestrings(both)
    cuts = shapely.intersection(segments, shapely.boundary(shapes))
    coordinates, owner = shapely.get_coordinates(cuts, return_index=True)
    offset = coordinates - inside[owner]
    offset[:, 0] = geodesy.wrap_lon(offset[:, 0])
    length2 = np.maximum((delta**2).sum(axis=1), 1e-30)
    fraction = np.clip((offset * delta[owner]).sum(axis=1) / length2[owner], 0.0, 1.0)
    first = np.full(len(shapes), np.inf)
    np.minimum.at(first, owner, fraction)
    return np.where(np.isfinite(first), first, 0.0)
