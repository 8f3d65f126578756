"""Boundary lines between states: which steps of a track cross one, and which way.

A line has a left and a right hand, as seen along its points. Whoever sails along a line, or drifts
about on it, goes over it many times and has crossed nothing: what counts is a *passage*, from a
report clear of the line on one side to the next report clear of it on the other.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.errors import FrameError
from detectors.core.frames import SECOND_US, is_first, of_tracks
from detectors.kinematics import geodesy, shapes, timegrid
from detectors.surroundings.polygons import PolygonIndex

BOUNDARY_COLUMNS: Final = (
    "boundary_id",
    "name",
    "boundary_class",
    "left",
    "right",
    "source",
    "confidence",
    "geometry",
)
BOUNDARY_CLASSES: Final = ("territorial_sea", "exclusive_economic_zone", "continental_shelf")
_CELL_DEG: Final = 0.02


@dataclass(frozen=True)
class Cuts:
    """Where steps cross lines, sorted by (row, step, fraction)."""

    row: Ints
    """Row of the boundary in `Boundaries.frame`."""
    step: Ints
    """The step: from report `step` to report `step` + 1."""
    fraction: Floats
    """Of the way from the one to the other."""
    to_left: Bools
    """Whether the step ends on the line's left hand."""


class Boundaries:
    """Boundary lines, prepared for tracks.

    `frame`: one row per line with `BOUNDARY_COLUMNS`, EPSG:4326, line strings or multi line strings
    within longitudes -180 to 180; `left` and `right` name what lies on either hand.

    Raises FrameError if a column is missing.
    """

    def __init__(self, frame: gpd.GeoDataFrame) -> None:
        missing = [name for name in BOUNDARY_COLUMNS if name not in frame.columns]
        if missing:
            raise FrameError(f"boundaries lack columns: {', '.join(missing)}")
        self.frame = frame.reset_index(drop=True)
        self._from, self._to, self._row = _pieces(self.frame.geometry.to_numpy())
        self._strips: dict[float, PolygonIndex] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {"frame": self.frame}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["frame"])  # type: ignore[misc]

    @classmethod
    def none(cls) -> "Boundaries":
        """No boundary."""
        columns: dict[str, list[Any]] = {name: [] for name in BOUNDARY_COLUMNS}
        return cls(gpd.GeoDataFrame(columns, geometry="geometry", crs=4326))

    def cuts(self, lat: Floats, lon: Floats, asked: Bools) -> Cuts:
        """Return where straight steps (in degrees) between successive reports cross lines.

        Parameters
        ----------
        lat, lon
            Reports in the order of their tracks; longitudes may be any turn of the circle.
        asked
            One bool per step (one less than reports): both of its reports are of one track.

        Notes
        -----
        A report exactly on a line is on its left, so that a track which touches a line with a
        report, or passes over a vertex, crosses it once or not at all.
        """
        step = self._near(lat, lon, asked)
        x1, y1 = np.asarray(geodesy.wrap_lon(lon[step])), lat[step]
        x2 = x1 + np.asarray(geodesy.wrap_lon(lon[step + 1] - lon[step]))
        y2 = lat[step + 1]
        over = np.flatnonzero(np.abs(x2) > 180.0)  # tried on both sides of the antimeridian
        turn = -360.0 * np.sign(x1[over])
        step, y1, y2 = (np.r_[a, a[over]] for a in (step, y1, y2))
        x1, x2 = np.r_[x1, x1[over] + turn], np.r_[x2, x2[over] + turn]
        west, east = np.minimum(x1, x2), np.maximum(x1, x2)
        south, north = np.minimum(y1, y2), np.maximum(y1, y2)
        boxes = _Boxes(west, south, east, north)
        parts: list[tuple[Ints, Ints, Floats, Bools]] = []
        for (px, py), (qx, qy), row in zip(self._from, self._to, self._row, strict=True):
            near = boxes.touching(min(px, qx), min(py, qy), max(px, qx), max(py, qy))
            if not len(near):
                continue
            ax, ay, bx, by = x1[near], y1[near], x2[near], y2[near]
            a = (qx - px) * (ay - py) - (qy - py) * (ax - px)
            b = (qx - px) * (by - py) - (qy - py) * (bx - px)
            p = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
            q = (bx - ax) * (qy - ay) - (by - ay) * (qx - ax)
            cut = ((a >= 0) != (b >= 0)) & ((p >= 0) != (q >= 0))
            found = near[cut]
            a, b = a[cut], b[cut]
            parts.append((np.full(len(found), row), step[found], a / (a - b), b >= 0))
        if not parts:
            none = np.zeros(0, "int64")
            return Cuts(none, none, np.zeros(0), np.zeros(0, bool))
        rows, steps, fractions, lefts = (np.concatenate(part) for part in zip(*parts, strict=True))
        order = np.lexsort((fractions, steps, rows))
        return Cuts(rows[order], steps[order], fractions[order], lefts[order])

    def beside(self, lat: Floats, lon: Floats, within_m: float) -> tuple[Ints, Ints]:
        """Pairs (report, row of `frame`) of the reports within some metres of a line.

        The outline of that strip is straight between vertices in degrees, with longitudes shrunk
        by the line's middle latitude: good to 1 % of `within_m` in the Strait.
        """
        if within_m not in self._strips:
            self._strips[within_m] = PolygonIndex(_strips(self.frame.geometry, within_m))
        return self._strips[within_m].pairs(lat, lon)

    def _near(self, lat: Floats, lon: Floats, asked: Bools) -> Ints:
        """Find steps that could cross a line: those that begin near one, and long ones."""
        if not len(self._row):
            return np.zeros(0, "int64")
        marked, west, south = self._cells
        ny, nx = marked.shape
        turned = np.where(np.abs(lon) > 180.0, geodesy.wrap_lon(lon), lon)
        with np.errstate(invalid="ignore"):
            x = np.floor((turned - west) / _CELL_DEG).astype("int64")
            y = np.floor((lat - south) / _CELL_DEG).astype("int64")
        near = (x >= 0) & (x < nx) & (y >= 0) & (y < ny)
        near[near] = marked[y[near], x[near]]
        long = (np.abs(np.diff(lat)) > _CELL_DEG) | (np.abs(np.diff(lon)) > _CELL_DEG)
        return np.flatnonzero(asked & (near[:-1] | long))

    @cached_property
    def _cells(self) -> tuple[Bools, float, float]:
        """Cells within two of a line (rows south to north), and their south-west corner."""
        west, south = np.minimum(self._from, self._to).min(axis=0) - 4 * _CELL_DEG
        east, north = np.maximum(self._from, self._to).max(axis=0) + 4 * _CELL_DEG
        marked = np.zeros(
            [int((high - low) / _CELL_DEG) + 1 for low, high in ((south, north), (west, east))],
            bool,
        )
        lines = shapely.segmentize(self.frame.geometry.to_numpy(), _CELL_DEG / 2)
        x, y = np.floor((shapely.get_coordinates(lines) - (west, south)) / _CELL_DEG).astype(int).T
        for dx in range(-2, 3):
            for dy in range(-2, 3):
                marked[y + dy, x + dx] = True
        return marked, float(west), float(south)


_TOGETHER: Final = 128
"""So many steps in a row, which are mostly of one vessel, are held against a line as one first."""


class _Boxes:
    """Boxes around steps."""

    def __init__(self, west: Floats, south: Floats, east: Floats, north: Floats) -> None:
        self._each = west, south, east, north
        if not len(west):
            self._together = self._each
            return
        first = np.arange(0, len(west), _TOGETHER)
        least, most = np.fmin.reduceat, np.fmax.reduceat
        self._together = (
            least(west, first),
            least(south, first),
            most(east, first),
            most(north, first),
        )

    def touching(self, west: float, south: float, east: float, north: float) -> Ints:
        """Return those that touch a box."""
        several = _touching(self._together, west, south, east, north)
        rows = (several[:, None] * _TOGETHER + np.arange(_TOGETHER)).ravel()
        rows = rows[: np.searchsorted(rows, len(self._each[0]))]
        each = tuple(side[rows] for side in self._each)
        return np.asarray(rows[_touching(each, west, south, east, north)])


def _touching(
    boxes: tuple[Floats, ...], west: float, south: float, east: float, north: float
) -> Ints:
    low_x, low_y, high_x, high_y = boxes
    return np.flatnonzero((high_x >= west) & (low_x <= east) & (high_y >= south) & (low_y <= north))


def _strips(lines: Iterable[Any], within_m: float) -> list[shapely.Geometry]:
    strips: list[shapely.Geometry] = []
    for line in lines:
        narrow = np.array([np.cos(np.radians(line.centroid.y)), 1.0])
        flat = shapely.transform(line, narrow.__mul__)
        strip: Any = shapely.buffer(flat, within_m / shapes.DEGREE_M)
        strips.append(shapely.transform(strip, narrow.__rtruediv__))
    return strips


def _pieces(lines: NDArray[Any]) -> tuple[Floats, Floats, Ints]:
    """First points, last points (lon, lat) and rows of the straight pieces of lines."""
    parts, row = shapely.get_parts(lines, return_index=True)
    points, part = shapely.get_coordinates(parts, return_index=True)
    joined = part[1:] == part[:-1]
    return points[:-1][joined], points[1:][joined], row[part[:-1][joined]].astype("int64")


@dataclass(frozen=True)
class Passages:
    """Passages of tracks from one side of a line to the other."""

    row: Ints
    """Row of the boundary."""
    step: Ints
    fraction: Floats
    """The last cut of the passage: after it the track stayed on the new side."""
    to_left: Bools
    """Whether it went over to the left hand."""
    before: Ints
    after: Ints
    """Rows of the reports clear of the line, before and after."""
    cuts: Ints
    """How often the line was cut on the way."""


def passages(
    boundaries: Boundaries,
    track: Ints,
    time_us: Ints,
    lat: Floats,
    lon: Floats,
    *,
    beside_m: float,
    max_beside_s: float,
) -> Passages:
    """Passages over boundary lines.

    Parameters
    ----------
    track, time_us, lat, lon
        Reports sorted by (track, time), microseconds since 1970-01-01 UTC.
    beside_m
        Nearer than this to a line a report says nothing about the side.
    max_beside_s
        Longest time between the clear reports on either side, where there are others between.

    Notes
    -----
    Between the clear reports the cuts one way must outnumber those the other way.
    """
    cuts = boundaries.cuts(lat, lon, track[1:] == track[:-1])
    before, after = _clear(boundaries, cuts, track, lat, lon, beside_m)
    known = (before >= 0) & (after < len(track))
    at = np.flatnonzero(known)
    known[at] = (track[before[at]] == track[cuts.step[at]]) & (
        track[after[at]] == track[cuts.step[at]]
    )
    row, step, fraction, left = (
        cuts.row[known],
        cuts.step[known],
        cuts.fraction[known],
        cuts.to_left[known],
    )
    before, after = before[known], after[known]
    # Cuts of one passage follow one another: they are sorted by line and step.
    begins = is_first(row, before)
    first = np.flatnonzero(begins)
    last = np.r_[first[1:] - 1, len(row) - 1][: len(first)]
    net = timegrid.aggregate(np.add, np.where(left, 1, -1), first, last)
    apart_us = time_us[after[first]] - time_us[before[first]]
    soon = (after[first] == before[first] + 1) | (apart_us <= max_beside_s * SECOND_US)
    crossed = soon & (net != 0) & (left[last] == (net > 0))
    first, last = first[crossed], last[crossed]
    return Passages(
        row[last],
        step[last],
        fraction[last],
        left[last],
        before[last],
        after[last],
        last - first + 1,
    )


def _clear(
    boundaries: Boundaries, cuts: Cuts, track: Ints, lat: Floats, lon: Floats, beside_m: float
) -> tuple[Ints, Ints]:
    """Rows of the reports clear of the line before and after each cut; beyond the ends: none."""
    mine = np.flatnonzero(of_tracks(track, track[cuts.step]))
    point, row = boundaries.beside(lat[mine], lon[mine], beside_m)
    point = mine[point]
    order = np.lexsort((point, row))
    point, row = point[order], row[order]
    before, after = cuts.step.copy(), cuts.step + 1
    if not len(point):
        return before, after
    first, last = timegrid.stretches(row, track[point], cut=np.diff(point) != 1)
    run = np.repeat(np.arange(len(first)), last - first + 1)
    key = row * len(track) + point
    for side, edge in ((before, point[first] - 1), (after, point[last] + 1)):
        wanted = cuts.row * len(track) + side
        found = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
        near = key[found] == wanted
        side[near] = edge[run[found[near]]]
    return before, after
