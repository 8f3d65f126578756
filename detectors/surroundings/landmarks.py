"""Where something is, in words that a sailor would use: "14 nm W of Lumut"."""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from detectors.core.errors import FrameError
from detectors.core.telling import Say, plain
from detectors.kinematics import geodesy

COMPASS_POINTS: Final = (
    "N",
    "NNE",
    "NE",
    "ENE",
    "E",
    "ESE",
    "SE",
    "SSE",
    "S",
    "SSW",
    "SW",
    "WSW",
    "W",
    "WNW",
    "NW",
    "NNW",
)
OFF_NM: Final = 3.0
"""Nearer than this it is "off" a place: the bearing from a town's centre says little there."""
FARTHEST_NM: Final = 200.0
"""Farther than this a place says less than the position itself."""
PLACE_COLUMNS: Final = ("name", "lat", "lon", "prominence")
_CHUNK: Final = 5_000


class Gazetteer:
    """Named places to describe positions by.

    `frame`: `name`, `lat`, `lon` and `prominence`: a place of prominence 2 is preferred
    to one of prominence 1 that is up to half as far away.

    Raises FrameError if a column is missing.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        missing = [name for name in PLACE_COLUMNS if name not in frame.columns]
        if missing:
            raise FrameError(f"the gazetteer lacks columns: {', '.join(missing)}")
        self._name = frame["name"].astype(str).to_numpy(dtype=object)
        self._prominence = frame["prominence"].to_numpy("float64")
        self._lat = frame["lat"].to_numpy("float64")
        self._lon = frame["lon"].to_numpy("float64")

    def places(self) -> list[tuple[str, float, float]]:
        """Return name, longitude and latitude of every place, the most prominent first."""
        order = np.argsort(-self._prominence, kind="stable")
        return [(str(self._name[i]), float(self._lon[i]), float(self._lat[i])) for i in order]

    def describe(self, lat: float, lon: float, say: Say = plain) -> str:
        """One position in words; see `describe_all`."""
        return str(self.describe_all([lat], [lon], say)[0])

    def describe_all(self, lat: ArrayLike, lon: ArrayLike, say: Say = plain) -> NDArray[np.object_]:
        """Positions in words.

        "off Lumut" within `OFF_NM`, "14 nm W of Lumut" (distance and bearing from the place) up
        to `FARTHEST_NM`, else the position in degrees and minutes; "position unknown" for a NaN.
        """
        lat, lon = np.asarray(lat, "float64"), np.asarray(lon, "float64")
        words = np.empty(len(lat), dtype=object)
        for a in range(0, len(lat), _CHUNK):
            words[a : a + _CHUNK] = self._chunk(lat[a : a + _CHUNK], lon[a : a + _CHUNK], say)
        return words

    def nearest(self, lat: ArrayLike, lon: ArrayLike) -> list[str]:
        """Return the name of the place that each position is described by; empty for none."""
        lat, lon = np.asarray(lat, "float64"), np.asarray(lon, "float64")
        known = np.isfinite(lat) & np.isfinite(lon)
        if not len(self._name) or not known.any():
            return [""] * len(lat)
        best, _, named = self._chosen(lat, lon, known)
        return [str(self._name[b]) if k else "" for b, k in zip(best, named, strict=True)]

    def _chunk(self, lat: NDArray[np.float64], lon: NDArray[np.float64], say: Say) -> list[str]:
        known = np.isfinite(lat) & np.isfinite(lon)
        if not len(self._name) or not known.any():
            return [position_text(a, o, say) for a, o in zip(lat, lon, strict=True)]
        best, nm, named = self._chosen(lat, lon, known)
        bearing = geodesy.bearing_deg(self._lat[best], self._lon[best], lat, lon)
        points = [compass_point(b) if k else "" for b, k in zip(bearing, named, strict=True)]
        return [
            position_text(lat[i], lon[i], say)
            if not named[i]
            else say("off {place}", place=self._name[best[i]])
            if nm[i] < OFF_NM
            else say(
                "{nm:.0f} nm {point} of {place}",
                nm=nm[i],
                point=say(points[i]),
                place=self._name[best[i]],
            )
            for i in range(len(lat))
        ]

    def _chosen(
        self, lat: NDArray[np.float64], lon: NDArray[np.float64], known: NDArray[np.bool_]
    ) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.bool_]]:
        """Return the place for each position, how far it is (nm), and whether it is in reach."""
        distance_nm = (
            geodesy.distance_m(
                np.where(known, lat, 0.0)[:, None],
                np.where(known, lon, 0.0)[:, None],
                self._lat[None, :],
                self._lon[None, :],
            )
            / geodesy.METRES_PER_NM
        )
        # A place out of reach is no candidate, however prominent: a nearer one may do.
        weighed = np.where(distance_nm <= FARTHEST_NM, distance_nm / self._prominence, np.inf)
        best = np.argmin(weighed, axis=1)
        rows = np.arange(len(lat))
        return best, distance_nm[rows, best], known & np.isfinite(weighed[rows, best])


def compass_point(bearing_deg: float) -> str:
    """Return the nearest of the sixteen compass points.

    >>> compass_point(268.0), compass_point(350.0)
    ('W', 'N')
    """
    return COMPASS_POINTS[round(bearing_deg / 22.5) % 16]


def position_text(lat: float, lon: float, say: Say = plain) -> str:
    """Return a position in degrees and decimal minutes, as on a chart.

    >>> position_text(4.205, 100.5)
    "4°12.3'N 100°30.0'E"
    >>> position_text(-0.99999, -3.05)
    "1°00.0'S 3°03.0'W"
    >>> position_text(float("nan"), 100.0)
    'position unknown'
    """
    if not (np.isfinite(lat) and np.isfinite(lon)):
        return say("position unknown")
    lon = float(geodesy.wrap_lon(lon))
    return f"{_angle(lat)}{'S' if lat < 0 else 'N'} {_angle(lon)}{'W' if lon < 0 else 'E'}"


def _angle(degrees: float) -> str:
    # Whole tenths of a minute first, so that 59.96' becomes the next degree and never 60.0'.
    tenths = round(abs(degrees) * 600)
    return f"{tenths // 600}°{tenths % 600 / 10:04.1f}'"
