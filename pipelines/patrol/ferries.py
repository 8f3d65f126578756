"""Vessels that ply a learned ferry route: to its end, a stay there, and back."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from detectors.core.arrays import Floats, Ints
from detectors.core.frames import SECOND_US
from detectors.kinematics import geodesy
from detectors.surroundings import lanes
from detectors.surroundings.zones import Zones
from pipelines.patrol.motions import Motions
from pipelines.patrol.prediction import LANE_TURN_DEG, PredictionParameters

_CUTS: Final = 24
"""Across a corridor, to find its middle."""


@dataclass(frozen=True)
class Ferries:
    """Vessels that ply a learned ferry route, and where that leaves them.

    `aboard` says which vessels do; the rest is by vessel too: the route's line (lat, lon), its
    length, half its width, how far along it the vessel was and which way it went (+1, -1).
    """

    aboard: NDArray[np.bool_]
    line: dict[int, Floats]
    length_m: Floats
    half_width_m: Floats
    along_m: Floats
    way: Floats
    speed_mps: Floats
    time_us: Ints
    turn_s: float

    @classmethod
    def of(
        cls,
        motion: Motions,
        moving: NDArray[np.bool_],
        zones: Zones | None,
        parameters: PredictionParameters,
    ) -> "Ferries":
        """Find the vessels that move along a learned route, and where on it each is."""
        n = len(motion)
        aboard, line = np.zeros(n, bool), dict[int, Floats]()
        length, half, along, way = np.full(n, np.inf), np.zeros(n), np.zeros(n), np.zeros(n)
        if zones is not None and moving.any():
            rows = np.flatnonzero(moving)
            point, zone = zones.members(motion.lat[rows], motion.lon[rows], ("ferry_route",))
            for row, shape in zip(rows[point], zones.frame.geometry.to_numpy()[zone], strict=True):
                path, wide_m = middle_line(shape)
                at, bearing = _beside(path, motion.lat[row], motion.lon[row])
                turned = float(lanes.turned_deg(bearing, motion.course_deg[row]))
                if aboard[row] or min(turned, 180 - turned) > LANE_TURN_DEG:
                    continue  # it crosses the route
                aboard[row], line[int(row)] = True, path
                length[row], half[row] = _along(path)[-1], wide_m
                along[row], way[row] = at, 1.0 if turned < 90 else -1.0
        return cls(
            aboard,
            line,
            length,
            half,
            along,
            way,
            motion.speed_kn * geodesy.KNOT_MPS,
            motion.time_us,
            parameters.ferry_turn_min * 60.0,
        )

    def put(self, now_us: int, lat: Floats, lon: Floats, course: Floats) -> None:
        """Put these vessels where they are at a time, in place."""
        for row, path in self.line.items():
            seconds = (now_us - self.time_us[row]) / SECOND_US
            if seconds < 0:
                continue
            length = self.length_m[row]
            way, speed = self.way[row], self.speed_mps[row]
            left = length - self.along_m[row] if way > 0 else self.along_m[row]
            trip_s = length / speed
            # Clock that stands at 0 when it arrives at the end it is making for.
            clock = (seconds - left / speed) % (2 * (trip_s + self.turn_s))
            if seconds < left / speed:
                at = self.along_m[row] + way * speed * seconds
            else:
                end = length if way > 0 else 0.0
                leg, within = divmod(clock, trip_s + self.turn_s)
                sailed = max(within - self.turn_s, 0.0) * speed
                from_end = sailed if leg == 0 else length - sailed
                at = end - way * from_end
            metres = _along(path)
            lat[row] = np.interp(at, metres, path[:, 0])
            lon[row] = np.interp(at, metres, path[:, 1])
            course[row] = _beside(path, lat[row], lon[row])[1]


def middle_line(shape: shapely.Geometry) -> tuple[Floats, float]:
    """Find the line through a corridor's middle, as (lat, lon), and half its width in metres.

    The corridor is cut across the long axis of the smallest rectangle around it; the middles of the
    cuts make the line. One that bends back on itself has no such line and gives a wrong one.
    """
    middle = shapely.centroid(shape)
    lat0, lon0 = float(middle.y), float(middle.x)
    rectangle = shapely.get_coordinates(shapely.minimum_rotated_rectangle(shape))
    east, north = geodesy.to_local_m(rectangle[:, 1], rectangle[:, 0], lat0, lon0)
    corners = np.column_stack([east, north])
    sides = np.diff(corners[:3], axis=0)
    long, short = sides[np.argsort(-np.hypot(*sides.T))]
    low = corners[:4].mean(axis=0) - long / 2
    fraction = (np.arange(_CUTS) + 0.5) / _CUTS
    centre = low + fraction[:, None] * long
    ends = np.stack([centre - short, centre + short], axis=1)
    lat, lon = geodesy.from_local_m(ends[..., 0], ends[..., 1], lat0, lon0)
    sections = np.asarray(shapely.linestrings(np.stack([lon, lat], axis=-1)))
    cuts = np.asarray(shapely.intersection(sections, shape))
    met = ~shapely.is_empty(cuts)
    points = shapely.get_coordinates(shapely.centroid(cuts[met]))
    line = points[:, ::-1]
    length_m = float(_along(line)[-1])
    degree_m = np.pi / 180 * geodesy.EARTH_RADIUS_M
    area_m2 = float(shapely.area(shape)) * degree_m**2 * np.cos(np.radians(lat0))
    return line, area_m2 / length_m / 2


def _along(line: Floats) -> Floats:
    metres = geodesy.distance_m(line[:-1, 0], line[:-1, 1], line[1:, 0], line[1:, 1])
    return np.asarray(np.r_[0.0, np.cumsum(metres)])


def _beside(line: Floats, lat: float, lon: float) -> tuple[float, float]:
    """Return how far along a line the point nearest to a place lies (m), and the line's bearing
    there.
    """
    path, point = shapely.LineString(line[:, ::-1]), shapely.Point(lon, lat)
    share = float(shapely.line_locate_point(path, point, normalized=True))
    along = _along(line)
    at = share * along[-1]
    leg = min(int(np.searchsorted(along, at, side="right")), len(line) - 1)
    bearing = geodesy.bearing_deg(line[leg - 1, 0], line[leg - 1, 1], line[leg, 0], line[leg, 1])
    return at, float(bearing)
