"""Sea routes that never cross land: a quadtree of free water, shortest paths in it, pulled taut.

The water is cut into squares, large in the open sea and down to `FINEST_DEG` along coasts, that
touch no land, nor water nearer to it than the clearance. Two squares that share a part of a side
can be joined centre to centre without leaving them; two that touch at a corner are joined where the
exact test allows. A shortest path through that graph (Dijkstra, `scipy.sparse.csgraph`) is then
drawn taut over all its points that see one another, each leg being tested against the outlines
themselves. Where two places see each other the route is the straight line, so most need no graph.

The depth of the water isn't known here, nor are traffic separation schemes, wrecks, cables or
restricted areas: a route is a distance and a suggestion, to be laid out again on a chart.

Outlines are simplified: 121 m at the 90th percentile (data/reference/land/SOURCE.txt), which the
clearance must exceed. Legs are straight in longitude and latitude and at most `MAX_LEG_M` long: in
these latitudes the great circle and the rhumb line between their ends are within 30 m of that.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Final

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.frames import each_once
from detectors.kinematics import geodesy
from pipelines.patrol.outlines import beside, crossed_cells, subdivided
from pipelines.patrol.route import Route, cut_legs, with_points

FINEST_DEG: Final = 0.0025
"""280 m: with the clearance on both sides, what the narrowest channel needs."""
LEVELS: Final = 5
"""The largest square is 2**LEVELS times the finest: 0.08 degrees, 9 km."""
CLEARANCE_M: Final = 250.0
SNAP_M: Final = 5_000.0
"""A place farther from free water than this has no route."""
MIN_SQUARES: Final = 100
SEE_M: Final = 75_000.0
"""Places farther apart are asked of the graph at once: testing long legs against land is slow."""
_ARC: Final = 3
_TAUT_POINTS: Final = 100
LEG_M: Final = 0.1
"""What a leg costs beside its length, the sixth decimal that routes are written with: of two ways
as long the one with fewer points, each of which a crew has on its plotter."""
MAX_WAYS: Final = 64
"""Squares whose ways to all others are kept, about a megabyte each."""
_CHUNK: Final = 20_000
_PROBES: Final = 64
"""Points along a leg that tell most that cross land before the outlines are asked."""
MAX_ROUTES: Final = 4096
_COAST: Final = -1
_INLAND: Final = -2
_BLOCK: Final = 2 ** (LEVELS - 1)
"""Finest cells along a block: most legs are told by the blocks they cross, a far cheaper test."""


class SeaMap:
    """Water free of land within a box, and routes over it.

    Parameters
    ----------
    land
        Land polygons, WGS84 degrees.
    box
        West, south, east, north: what the land is known for. There is no water outside it.
    clearance_m
        How near to land a route may come.
    """

    def __init__(
        self,
        land: Sequence[shapely.Geometry] | NDArray[np.object_],
        box: tuple[float, float, float, float],
        clearance_m: float = CLEARANCE_M,
    ) -> None:
        self.box = box
        self.clearance_m = clearance_m
        far = np.cos(np.radians(max(abs(box[1]), abs(box[3]))))
        buffer_deg = clearance_m / (np.pi / 180 * geodesy.EARTH_RADIUS_M * far)
        buffer_deg /= np.cos(np.pi / 4 / _ARC)  # its round corners are cut by chords
        # What is near to a part of the land is near to the land, so the parts are buffered.
        pieces = shapely.buffer(subdivided(np.asarray(land, object)), buffer_deg, quad_segs=_ARC)
        shapely.prepare(pieces)
        self._pieces = shapely.STRtree(pieces)
        self._squares()

    # ---- the squares

    def _squares(self) -> None:
        """Cut the water into free squares; `_leaf` says which each of the finest cells lies in.

        `_INLAND` where a cell is all land, `_COAST` where it is partly land or outside the box.
        """
        west, south, east, north = self.box
        size = 2**LEVELS
        nx = int(np.ceil((east - west) / FINEST_DEG / size - 1e-9))
        ny = int(np.ceil((north - south) / FINEST_DEG / size - 1e-9))
        x, y = (a.ravel() for a in np.meshgrid(np.arange(nx), np.arange(ny)))
        self._leaf = np.full((ny * size, nx * size), _COAST, np.int32)
        centre_x, centre_y = [], []
        count = 0
        for level in range(LEVELS, -1, -1):
            size = 2**level
            corner = (west + x * size * FINEST_DEG, south + y * size * FINEST_DEG)
            width = size * FINEST_DEG
            boxes = shapely.box(*corner, corner[0] + width, corner[1] + width)
            free = np.ones(len(boxes), bool)
            box, piece = self._met(boxes)
            free[box] = False
            inland = np.unique(box[shapely.covers(piece, boxes[box])])
            free &= (corner[0] + width <= east + 1e-9) & (corner[1] + width <= north + 1e-9)
            number = np.full(len(boxes), _COAST, np.int32)
            number[inland] = _INLAND
            number[free] = count + np.arange(free.sum())
            cells = np.arange(size)
            self._leaf[
                (y[:, None] * size + cells)[:, :, None], (x[:, None] * size + cells)[:, None, :]
            ] = number[:, None, None]
            centre_x.append(corner[0][free] + width / 2)
            centre_y.append(corner[1][free] + width / 2)
            count += int(free.sum())
            cut = ~free
            cut[inland] = False
            x, y = x[cut], y[cut]
            x = np.add.outer(2 * x, [0, 1, 0, 1]).ravel()
            y = np.add.outer(2 * y, [0, 0, 1, 1]).ravel()
        self._x, self._y = np.concatenate(centre_x), np.concatenate(centre_y)
        self._ways: dict[int, tuple[Floats, NDArray[np.int32]]] = {}
        self._routes: dict[tuple[float, float, float, float], Route | None] = {}

    @cached_property
    def _graph(self) -> csr_matrix:
        """Distances in metres between the centres of neighbouring squares."""
        leaf, n = self._leaf, len(self._x)
        sides = [(leaf[:, :-1], leaf[:, 1:]), (leaf[:-1], leaf[1:])]
        corners = [(leaf[:-1, :-1], leaf[1:, 1:]), (leaf[:-1, 1:], leaf[1:, :-1])]
        joined = each_once(np.concatenate([beside(a, b, n) for a, b in sides]))
        touching = each_once(np.concatenate([beside(a, b, n) for a, b in corners]))
        touching = np.setdiff1d(touching, joined, assume_unique=True)
        a, b = np.divmod(touching, n)
        seen = self._clear(self._x[a], self._y[a], self._x[b], self._y[b])
        a, b = np.divmod(np.concatenate([joined, touching[seen]]), n)
        metres = geodesy.distance_m(self._y[a], self._x[a], self._y[b], self._x[b])
        return csr_matrix((np.r_[metres, metres], (np.r_[a, b], np.r_[b, a])), shape=(n, n))

    @cached_property
    def _sea(self) -> Ints:
        """Squares of the waters that are large enough to count; others are ponds and moats."""
        _, water = connected_components(self._graph, directed=False)
        return np.flatnonzero(np.bincount(water)[water] >= MIN_SQUARES)

    @cached_property
    def _centres(self) -> cKDTree:
        return cKDTree(geodesy.unit_xyz(self._y[self._sea], self._x[self._sea]))

    def _square_of(self, lat: ArrayLike, lon: ArrayLike) -> Ints:
        """Return the number of each point's square, -1 where it isn't in free water."""
        x = np.floor((np.asarray(lon, "float64") - self.box[0]) / FINEST_DEG).astype("int64")
        y = np.floor((np.asarray(lat, "float64") - self.box[1]) / FINEST_DEG).astype("int64")
        ny, nx = self._leaf.shape
        inside = (x >= 0) & (x < nx) & (y >= 0) & (y < ny)
        found = self._leaf[np.where(inside, y, 0), np.where(inside, x, 0)]
        return np.where(inside, found, -1).astype("int64")

    def _met(self, shapes: NDArray[np.object_]) -> tuple[Ints, NDArray[np.object_]]:
        """Return the number of each shape that touches land, once for each piece, and the piece.

        Asked of the pieces, which are prepared: the tree would prepare each shape instead.
        """
        shape, number = self._pieces.query(shapes)
        piece = self._pieces.geometries[number]
        met = shapely.intersects(piece, shapes[shape])
        return shape[met], piece[met]

    # ---- questions

    def free(self, lat: ArrayLike, lon: ArrayLike) -> Bools:
        """Tell whether each point (no NaN) lies in a square of free water."""
        return np.asarray(self._square_of(lat, lon) >= 0)

    def covers(self, lat: ArrayLike, lon: ArrayLike) -> Bools:
        """Tell whether each point lies in the box that land is known for."""
        west, south, east, north = self.box
        lat, lon = np.asarray(lat, "float64"), np.asarray(lon, "float64")
        return np.asarray((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))

    def snap(self, lat: ArrayLike, lon: ArrayLike) -> tuple[Floats, Floats, Floats]:
        """Find the nearest free water to each point: lat, lon, and how far the point was moved (m).

        A point in free water stays; others go to the middle of the nearest square. NaN where that
        is farther than `SNAP_M`, or the point itself is NaN.
        """
        lat = np.array(lat, "float64", ndmin=1)
        lon = np.array(lon, "float64", ndmin=1)
        known = np.isfinite(lat) & np.isfinite(lon)
        inside = np.zeros(len(lat), bool)
        inside[known] = np.isin(self._square_of(lat[known], lon[known]), self._sea)
        moved = np.where(inside, 0.0, np.nan)
        ask = np.flatnonzero(known & ~inside)
        if len(ask) and len(self._sea):
            _, found = self._centres.query(geodesy.unit_xyz(lat[ask], lon[ask]))
            nearest = self._sea[found]
            away = geodesy.distance_m(lat[ask], lon[ask], self._y[nearest], self._x[nearest])
            near = away <= SNAP_M
            moved[ask[near]] = away[near]
            lat[ask], lon[ask] = self._y[nearest], self._x[nearest]
        gone = ~np.isfinite(moved)
        lat[gone], lon[gone] = np.nan, np.nan
        return lat, lon, moved

    def sees(self, lat1: ArrayLike, lon1: ArrayLike, lat2: ArrayLike, lon2: ArrayLike) -> Bools:
        """Tell whether the straight leg between two points keeps clear of land, element by
        element.
        """
        arrays = np.broadcast_arrays(
            *(np.atleast_1d(np.asarray(a, "float64")) for a in (lon1, lat1, lon2, lat2))
        )
        return self._clear(*arrays)

    def _clear(self, x1: Floats, y1: Floats, x2: Floats, y2: Floats) -> Bools:
        """Tell whether straight legs keep clear of land: by the blocks they cross, else by
        outlines.
        """
        west, south, east, north = self.box
        clear = np.ones(len(x1), bool)
        for x, y in ((x1, y1), (x2, y2)):
            clear &= (x >= west) & (x <= east) & (y >= south) & (y <= north)
        ask = np.flatnonzero(clear)
        width = _BLOCK * FINEST_DEG
        column1, row1, column2, row2 = (
            (a[ask] - b) / width for a, b in ((x1, west), (y1, south), (x2, west), (y2, south))
        )
        leg, column, row = crossed_cells(column1, row1, column2, row2)
        ny, nx = self._blocks.shape  # the box's own edge is of the last blocks
        kind = self._blocks[np.clip(row, 0, ny - 1), np.clip(column, 0, nx - 1)]
        inland = np.bincount(leg[kind == _INLAND], minlength=len(ask)) > 0
        coast = np.bincount(leg[kind == _COAST], minlength=len(ask)) > 0
        clear[ask[inland]] = False
        ask = ask[coast & ~inland]
        for first in range(0, len(ask), _CHUNK):
            legs = ask[first : first + _CHUNK]
            ends = x1[legs], y1[legs], x2[legs], y2[legs]
            ashore = self._ashore(*ends)
            clear[legs[ashore]] = False
            legs = legs[~ashore]
            lines = np.stack([np.column_stack(end)[~ashore] for end in (ends[:2], ends[2:])], 1)
            clear[legs[self._met(np.asarray(shapely.linestrings(lines)))[0]]] = False
        return clear

    def _ashore(self, x1: Floats, y1: Floats, x2: Floats, y2: Floats) -> Bools:
        """Tell whether one of some points along each leg is in a cell that is all land."""
        share = (np.arange(_PROBES) + 0.5) / _PROBES
        column, row = (
            ((a[:, None] + share * (b - a)[:, None] - edge) / FINEST_DEG).astype("int64")
            for a, b, edge in ((x1, x2, self.box[0]), (y1, y2, self.box[1]))
        )
        ny, nx = self._leaf.shape
        kind = self._leaf[np.minimum(row, ny - 1), np.minimum(column, nx - 1)]
        return np.asarray((kind == _INLAND).any(axis=1))

    @cached_property
    def _blocks(self) -> NDArray[np.int8]:
        """By block of `_BLOCK` cells a side: 0 all free, `_INLAND` all land, else `_COAST`."""
        cells = np.minimum(self._leaf, 0).astype(np.int8)
        ny, nx = cells.shape
        cells = cells.reshape(ny // _BLOCK, _BLOCK, nx // _BLOCK, _BLOCK)
        least, most = cells.min(axis=(1, 3)), cells.max(axis=(1, 3))
        return np.where(least == most, least, np.int8(_COAST))

    def distances_m(self, lat: float, lon: float, to_lat: ArrayLike, to_lon: ArrayLike) -> Floats:
        """Distance over water from one place to many, infinite where there is no way.

        Straight where they see each other within `SEE_M`. Else through the graph, which is up to
        8 % longer than the shortest way (it goes along sides and diagonals); `route` is taut.

        Parameters
        ----------
        lat, lon
            In free water (see `snap`); a place that isn't has no way to anywhere.
        to_lat, to_lon
            Places likewise.
        """
        to_lat = np.atleast_1d(np.asarray(to_lat, "float64"))
        to_lon = np.atleast_1d(np.asarray(to_lon, "float64"))
        found = np.full(len(to_lat), np.inf)
        start = int(self._square_of(lat, lon)) if np.isfinite(lat + lon) else -1
        known = np.flatnonzero(np.isfinite(to_lat) & np.isfinite(to_lon))
        square = np.full(len(to_lat), -1, "int64")
        square[known] = self._square_of(to_lat[known], to_lon[known])
        known = known[square[known] >= 0]
        if start < 0 or not len(known):
            return found
        straight = geodesy.distance_m(lat, lon, to_lat[known], to_lon[known])
        seen = straight <= SEE_M
        near = known[seen]
        seen[seen] = self.sees(lat, lon, to_lat[near], to_lon[near])
        found[known[seen]] = straight[seen]
        hidden = known[~seen]
        if len(hidden):
            graph, _ = self._ways_from(start)
            here = geodesy.distance_m(lat, lon, self._y[start], self._x[start])
            at = square[hidden]
            there = geodesy.distance_m(to_lat[hidden], to_lon[hidden], self._y[at], self._x[at])
            found[hidden] = np.maximum(here + graph[at] + there, straight[~seen])
        return found

    def route(self, lat1: float, lon1: float, lat2: float, lon2: float) -> Route | None:
        """Find a short way from one place in free water to another, None where there is none.

        Raises nothing for places outside the box or on land: there is no way from them. Ways are
        kept: the orders that a plan tries have most in common.
        """
        key = (lat1, lon1, lat2, lon2)
        if key not in self._routes:
            if len(self._routes) >= MAX_ROUTES:
                self._routes.clear()
            self._routes[key] = self._route(*key)
        return self._routes[key]

    def _route(self, lat1: float, lon1: float, lat2: float, lon2: float) -> Route | None:
        if not np.isfinite([lat1, lon1, lat2, lon2]).all():
            return None
        start, end = (int(self._square_of(*at)) for at in ((lat1, lon1), (lat2, lon2)))
        if start < 0 or end < 0:
            return None
        if bool(self.sees(lat1, lon1, lat2, lon2)[0]):
            return cut_legs(np.array([lat1, lat2]), np.array([lon1, lon2]))
        away, before = self._ways_from(start)
        if not np.isfinite(away[end]):
            return None
        path = [end]
        while path[-1] != start:
            path.append(int(before[path[-1]]))
        nodes = np.array(path[::-1])
        lat, lon = np.r_[lat1, self._y[nodes], lat2], np.r_[lon1, self._x[nodes], lon2]
        for _ in range(2):  # the second round pulls what the first one left
            lat, lon = self._taut(lat, lon)
            lat, lon = self._divided(lat, lon)
        return cut_legs(*self._taut(lat, lon))

    def _ways_from(self, start: int) -> tuple[Floats, NDArray[np.int32]]:
        """Distance of every square from one of them, and the square before it on the way there.

        A plan asks again and again from the same few places.
        """
        if start not in self._ways:
            if len(self._ways) >= MAX_WAYS:
                self._ways.clear()
            self._ways[start] = dijkstra(self._graph, indices=start, return_predecessors=True)
        return self._ways[start]

    def _taut(self, lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
        """Find the shortest way over the points of a way, each leg clear of land.

        A long way is pulled piece by piece; the pieces overlap in the next round.
        """
        if len(lat) > _TAUT_POINTS:
            middle = len(lat) // 2
            one = self._taut(lat[: middle + 1], lon[: middle + 1])
            two = self._taut(lat[middle:], lon[middle:])
            return np.r_[one[0], two[0][1:]], np.r_[one[1], two[1][1:]]
        n = len(lat)
        a, b = np.triu_indices(n, 1)
        metres = geodesy.distance_m(lat[a], lon[a], lat[b], lon[b])
        seen = (b == a + 1) | self.sees(lat[a], lon[a], lat[b], lon[b])
        legs = np.full((n, n), np.inf)
        legs[a[seen], b[seen]] = metres[seen] + LEG_M
        best, before = np.full(n, np.inf), np.zeros(n, "int64")
        best[0] = 0.0
        for point in range(1, n):  # legs go forward only
            total = best[:point] + legs[:point, point]
            before[point] = int(np.argmin(total))
            best[point] = total[before[point]]
        kept = [n - 1]
        while kept[-1]:
            kept.append(int(before[kept[-1]]))
        rows = np.array(kept[::-1])
        return lat[rows], lon[rows]

    def _divided(self, lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
        """Put more points on a way's legs, so that its corners can be cut nearer to land."""
        metres = geodesy.distance_m(lat[:-1], lon[:-1], lat[1:], lon[1:])
        spacing = max(float(metres.sum()) / max(_TAUT_POINTS - len(lat), 1), 250.0)
        count = np.maximum(1, np.floor(metres / spacing)).astype("int64")
        return with_points(lat, lon, count)
