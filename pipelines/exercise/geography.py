"""The places of the exercise, chosen by hand to keep off land: a lane, ferry lines, receivers.

None of this is a chart. The lane is where traffic plausibly sails, not the traffic separation
scheme (no official coordinates were to be had); receivers stand where a coast station could.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal, NamedTuple

import numpy as np

from detectors.core.arrays import Floats
from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM

Place = tuple[float, float]
"""Latitude and longitude."""
Direction = Literal["east", "west"]


class AxisPoint(NamedTuple):
    """A point between the two directions of the lane."""

    lat: float
    lon: float
    separation_nm: float
    """From here to the middle of either direction's lane."""
    half_width_nm: float


AXIS: Final = (
    AxisPoint(6.32, 94.3, 3, 2),  # Andaman entrance, north of Pulau Weh
    AxisPoint(6.25, 95.6, 3, 2),
    AxisPoint(5.80, 97.5, 3, 2),  # off Lhokseumawe
    AxisPoint(4.65, 98.95, 3, 2),
    AxisPoint(3.80, 99.90, 3, 2),
    AxisPoint(3.02, 100.72, 1.5, 0.7),  # One Fathom Bank
    AxisPoint(2.62, 101.30, 1.3, 0.6),
    AxisPoint(2.25, 101.79, 1.2, 0.6),  # between Tanjung Tuan and Rupat
    AxisPoint(1.85, 102.32, 1.2, 0.6),
    AxisPoint(1.50, 102.85, 1.2, 0.6),
    AxisPoint(1.24, 103.28, 0.7, 0.4),  # north of Karimun
    AxisPoint(1.205, 103.45, 0.5, 0.3),
    AxisPoint(1.182, 103.60, 0.45, 0.15),
    AxisPoint(1.174, 103.66, 0.4, 0.15),  # between Nipa and Sudong
    AxisPoint(1.141, 103.735, 0.4, 0.15),
    AxisPoint(1.168, 103.82, 0.4, 0.15),
    AxisPoint(1.200, 103.885, 0.4, 0.15),  # off Batu Berhanti
    AxisPoint(1.215, 103.93, 0.45, 0.15),
    AxisPoint(1.25, 104.12, 0.5, 0.3),
    AxisPoint(1.285, 104.33, 0.5, 0.3),
    AxisPoint(1.305, 104.45, 0.6, 0.3),  # south of Horsburgh
    AxisPoint(1.42, 104.75, 1.5, 1),
    AxisPoint(1.75, 105.3, 3, 2),
    AxisPoint(2.1, 105.9, 3, 2),  # out into the South China Sea
)

FERRIES: Final = {
    "DUMAI-MELAKA": ((1.695, 101.47), (1.685, 101.62), (1.755, 101.735), (2.165, 102.24)),
    "BENGKALIS-MELAKA": (
        (1.47, 102.09),
        (1.54, 102.02),
        (1.585, 101.995),
        (1.78, 102.055),
        (2.165, 102.24),
    ),
    "BATAM-SINGAPORE": (
        (1.145, 104.055),
        (1.155, 104.065),
        (1.18, 104.045),
        (1.195, 104.025),
        (1.21, 103.85),
        (1.245, 103.82),
    ),
    "NONGSA-TANAH MERAH": ((1.204, 104.075), (1.30, 104.0)),
    "KARIMUN-SINGAPORE": (
        (0.985, 103.46),
        (1.17, 103.655),
        (1.135, 103.735),
        (1.165, 103.82),
        (1.21, 103.85),
        (1.245, 103.82),
    ),
    "KARIMUN-KUKUP": ((0.985, 103.46), (1.315, 103.44)),
    "LANGKAWI-PENANG": ((6.293, 99.85), (5.705, 100.26), (5.42, 100.355)),
    "LANGKAWI-PERLIS": ((6.293, 99.85), (6.27, 99.865), (6.26, 99.885), (6.39, 100.11)),
}
"""Ferry lines as (lat, lon) waypoints from berth to berth."""


class Station(NamedTuple):
    """A receiver on the coast; names in tag blocks are `SELATSIM-` and `code`."""

    code: str
    lat: float
    lon: float
    range_nm: float


STATIONS: Final = (
    Station("SAB", 5.89, 95.32, 50),  # Sabang
    Station("LHO", 5.17, 97.14, 42),  # Lhokseumawe
    Station("LGS", 4.52, 98.02, 40),  # Langsa
    Station("BEL", 3.78, 98.69, 50),  # Belawan
    Station("TBA", 3.00, 99.87, 45),  # Tanjung Balai Asahan
    Station("LKW", 6.37, 99.82, 60),  # Langkawi, Gunung Raya
    Station("PEN", 5.42, 100.27, 55),  # Penang Hill
    Station("LUM", 4.22, 100.55, 58),  # Lumut
    Station("JUG", 2.84, 101.41, 50),  # Bukit Jugra, Port Klang
    Station("PDK", 2.41, 101.85, 45),  # Tanjung Tuan, Port Dickson
    Station("DUM", 1.68, 101.45, 30),  # Dumai
    Station("MEL", 2.19, 102.25, 40),  # Melaka
    Station("BEN", 1.47, 102.10, 32),  # Bengkalis
    Station("BPT", 1.80, 102.88, 40),  # Batu Pahat
    Station("PIA", 1.27, 103.51, 32),  # Tanjung Piai
    Station("SIN", 1.27, 103.82, 35),  # Singapore
    Station("CHA", 1.36, 104.00, 30),  # Changi
    Station("BTM", 1.12, 104.05, 32),  # Batam
    Station("HOR", 1.33, 104.41, 35),  # Horsburgh
)
"""Two stretches of the lane lie between receivers on purpose: Sabang–Lhokseumawe and off Langsa."""


class Ended:
    """What leads from a place to a place, in straight pieces."""

    lat: Floats
    lon: Floats

    @cached_property
    def along_m(self) -> Floats:
        """Distance from the beginning to each point (m)."""
        pieces = geodesy.distance_m(self.lat[:-1], self.lon[:-1], self.lat[1:], self.lon[1:])
        return np.asarray(np.r_[0.0, np.cumsum(pieces)])

    def at(self, knots: Floats) -> tuple[Floats, Floats]:
        """Latitude and longitude at distances along a line, or times of a path."""
        raise NotImplementedError

    def place(self, knot: float) -> Place:
        """Latitude and longitude at one of them."""
        lat, lon = self.at(np.array([knot]))
        return float(lat[0]), float(lon[0])

    @property
    def start_place(self) -> Place:
        """Latitude and longitude of its beginning."""
        return float(self.lat[0]), float(self.lon[0])

    @property
    def end_place(self) -> Place:
        """Latitude and longitude of its end."""
        return float(self.lat[-1]), float(self.lon[-1])


@dataclass(frozen=True)
class Line(Ended):
    """A line of straight pieces: a voyage without times."""

    lat: Floats
    lon: Floats

    @property
    def length_m(self) -> float:
        """Its length (m)."""
        return float(self.along_m[-1])

    def at(self, along_m: Floats) -> tuple[Floats, Floats]:
        """Latitude and longitude at a distance along the line."""
        knots = self.along_m
        return np.interp(along_m, knots, self.lat), np.interp(along_m, knots, self.lon)

    def cut(self, start_m: float, end_m: float) -> "Line":
        """Return the part between two distances along the line."""
        knots = self.along_m
        inner = knots[(knots > start_m) & (knots < end_m)]
        return Line(*self.at(np.r_[start_m, inner, end_m]))

    def nearest_m(self, lat: float, lon: float) -> tuple[float, float]:
        """Distance along the line of its point nearest to a place, and how far off that is."""
        along = np.arange(0.0, self.length_m, METRES_PER_NM / 4)
        off = geodesy.distance_m(*self.at(along), lat, lon)
        best = int(np.argmin(off))
        return float(along[best]), float(off[best])

    def reversed(self) -> "Line":
        """Return the line from its end to its beginning."""
        return Line(self.lat[::-1], self.lon[::-1])

    def begun_at(self, place: Place) -> "Line":
        """Return the line, with a straight way from a place to its beginning."""
        return Line(np.r_[place[0], self.lat], np.r_[place[1], self.lon])

    def then(self, *places: Place) -> "Line":
        """Return the line, continued straight to each (lat, lon)."""
        lat, lon = zip(*places, strict=True)
        return Line(np.r_[self.lat, lat], np.r_[self.lon, lon])


def away(lat: float, lon: float, bearing_deg: float, distance_m: float) -> Place:
    """Return the place at a bearing and distance from another."""
    to_lat, to_lon = geodesy.destination(lat, lon, bearing_deg, distance_m)
    return float(to_lat), float(to_lon)


def spot(place: Place) -> tuple[Floats, Floats]:
    """Return a place as arrays of one, as what asks about many places at once wants it."""
    return np.array([place[0]]), np.array([place[1]])


def line(*places: Place) -> Line:
    """Draw a line through (lat, lon) places.

    >>> line((0.0, 100.0), (0.0, 101.0)).length_m
    111195.08
    """
    lat, lon = zip(*places, strict=True)
    return Line(np.asarray(lat, "float64"), np.asarray(lon, "float64"))


def lane(direction: Direction, across: float, beyond_nm: float = 0.0) -> Line:
    """Return a voyage through the whole Strait, keeping to starboard of the axis (COLREG rules 9,
    10).

    Parameters
    ----------
    direction
        "east" (from the Andaman entrance) or "west".
    across
        -1 on the axis side of the lane, 1 on its outer side.
    beyond_nm
        Farther out still, e.g. for slow tows that stay clear of the lane.
    """
    axis = np.asarray(AXIS, "float64")
    bearing = np.radians(geodesy.bearing_deg(axis[:-1, 0], axis[:-1, 1], axis[1:, 0], axis[1:, 1]))
    heading = np.exp(1j * bearing)
    mean = np.r_[heading[:1], heading[:-1] + heading[1:], heading[-1:]]
    starboard_deg = np.degrees(np.angle(mean)) + 90.0
    offset_m = (axis[:, 2] + across * axis[:, 3] + beyond_nm) * METRES_PER_NM
    side = offset_m if direction == "east" else -offset_m
    lat, lon = geodesy.destination(axis[:, 0], axis[:, 1], starboard_deg, side)
    return Line(lat, lon) if direction == "east" else Line(lat[::-1], lon[::-1])


def axis() -> Line:
    """Return the line between the two directions."""
    points = np.asarray(AXIS, "float64")
    return Line(points[:, 0], points[:, 1])
