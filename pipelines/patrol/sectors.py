"""Risk sectors: where and when something happened before, for units without a vessel to look for.

Earlier events of the kinds that boats without AIS take part in, and places where boats landed, are
smoothed over the sea (a normal kernel, `SPACE_M`) and over the hours of the day (a wrapped normal,
`HOUR_SD`), each event with its score as its weight. A sector's rate is what that says of weighted
events per hour in a square of the sea, at a local hour. It is a description of what was noticed in
the past, where somebody looked; it is no forecast, and a sector of rate nought isn't safe.

Kernel density of incidents as a guide to patrols: Chainey, Tompson & Uhlig (2008), The utility of
hotspot mapping for predicting spatial patterns of crime, Security Journal 21, 4-28; that a search
of random legs finds what is there with probability 1 - exp(-W v t / A): Koopman (1956), The theory
of search II, Operations Research 4(5), 503-531.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from detectors.core.arrays import Floats
from detectors.kinematics import geodesy
from pipelines.base.text import LOCAL

KINDS: Final = ("crossing", "unmatched_sighting", "possible_meeting", "mother_ship")
"""Of these the boats are mostly unknown to AIS."""
MIN_SCORE: Final = 0.1
SPACE_M: Final = 10_000.0
HOUR_SD: Final = 1.5
LANDING_WEIGHT: Final = 0.5
"""A documented landing place counts as one event of this score in the span that is learned from, at
no particular hour. A judgement: it keeps sectors sensible where the store knows little."""
_REACH: Final = 3.0


@dataclass(frozen=True)
class Sector:
    """A square of sea."""

    name: str
    """By its south-west corner."""
    west: float
    south: float
    size_deg: float
    """The square."""
    rate_per_h: Floats
    """By local hour (24): weighted events per hour."""
    events: int
    landings: int
    """Events and landing places that lie within it."""

    @property
    def lat(self) -> float:
        """Latitude of its middle."""
        return self.south + self.size_deg / 2

    @property
    def lon(self) -> float:
        """Longitude of its middle."""
        return self.west + self.size_deg / 2

    @property
    def area_nm2(self) -> float:
        """Its area, land included, square nautical miles."""
        return float((60 * self.size_deg) ** 2 * np.cos(np.radians(self.lat)))

    def expected(self, start: pd.Timestamp, hours: float) -> float:
        """Weighted events to be expected within it over a span."""
        middle = start.tz_convert(LOCAL) + pd.Timedelta(hours=hours / 2)
        hour = middle.hour + middle.minute / 60
        return float(
            np.interp(hour, np.arange(25), np.r_[self.rate_per_h, self.rate_per_h[0]]) * hours
        )


def chance_found(search_nm: float, speed_kn: float, hours: float, area_nm2: float) -> float:
    """Probability that a random search of an area finds what is there, 0-1.

    >>> round(chance_found(4.0, 15.0, 2.0, 240.0), 3)
    0.632
    """
    return float(1 - np.exp(-2 * search_nm * speed_kn * hours / area_nm2))


def sectors(
    events: pd.DataFrame, landings: pd.DataFrame, days: float, size_deg: float, most: int
) -> list[Sector]:
    """Find the riskiest sectors, riskiest first.

    Parameters
    ----------
    events
        `events.EVENTS` of the past; those of `KINDS` with a score of `MIN_SCORE` count.
    landings
        lat, lon of places where boats landed.
    days
        Over how many days the events were gathered.
    """
    counted = events[events["kind"].isin(KINDS) & (events["score"] >= MIN_SCORE)]
    counted = counted[np.isfinite(counted["lat"]) & np.isfinite(counted["lon"])]
    counted = counted.sort_values("event_id", kind="stable")
    end = counted["end"].fillna(counted["start"])
    middle = (counted["start"] + (end - counted["start"]) / 2).dt.tz_convert(LOCAL)
    hour = (middle.dt.hour + middle.dt.minute / 60).to_numpy("float64")
    lat = np.r_[counted["lat"].to_numpy("float64"), landings["lat"].to_numpy("float64")]
    lon = np.r_[counted["lon"].to_numpy("float64"), landings["lon"].to_numpy("float64")]
    weight = np.r_[counted["score"].to_numpy("float64"), np.full(len(landings), LANDING_WEIGHT)]
    by_hour = np.concatenate([_hours(hour), np.full((len(landings), 24), 1 / 24)])
    squares = _around(lat, lon, size_deg)
    south, west = squares[:, 0] * size_deg, squares[:, 1] * size_deg
    mid_lat, mid_lon = south + size_deg / 2, west + size_deg / 2
    away = geodesy.distance_m(mid_lat[:, None], mid_lon[:, None], lat[None, :], lon[None, :])
    degree_m = np.pi / 180 * geodesy.EARTH_RADIUS_M
    area_m2 = (size_deg * degree_m) ** 2 * np.cos(np.radians(mid_lat))
    density = np.exp(-0.5 * (away / SPACE_M) ** 2) / (2 * np.pi * SPACE_M**2)
    rates = (density * area_m2[:, None] * weight) @ by_hour / days
    inside = np.floor(lat / size_deg)[None, :] == squares[:, [0]]
    inside &= np.floor(lon / size_deg)[None, :] == squares[:, [1]]
    n_events = inside[:, : len(counted)].sum(axis=1)
    n_landings = inside[:, len(counted) :].sum(axis=1)
    order = np.lexsort((west, south, -rates.sum(axis=1).round(12)))[:most]
    return [
        Sector(
            _name(south[k], west[k], size_deg),
            float(west[k]),
            float(south[k]),
            size_deg,
            rates[k],
            int(n_events[k]),
            int(n_landings[k]),
        )
        for k in order
    ]


def _hours(hour: Floats) -> Floats:
    """Return how much of each event falls on each hour of the day (they sum to 1), (event, 24)."""
    apart = (np.arange(24)[None, :] - hour[:, None] + 12.0) % 24.0 - 12.0
    weight = np.exp(-0.5 * (apart / HOUR_SD) ** 2)
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def _around(lat: ArrayLike, lon: ArrayLike, size_deg: float) -> NDArray[np.int64]:
    """Numbers (row, column) of the squares that the kernel of any event reaches."""
    reach = int(np.ceil(_REACH * SPACE_M / (np.pi / 180 * geodesy.EARTH_RADIUS_M) / size_deg))
    at = np.column_stack(
        [np.floor(np.asarray(lat) / size_deg), np.floor(np.asarray(lon) / size_deg)]
    ).astype("int64")
    step = np.arange(-reach, reach + 1)
    shifts = np.stack(np.meshgrid(step, step), axis=-1).reshape(-1, 2)
    return np.unique((at[:, None, :] + shifts[None, :, :]).reshape(-1, 2), axis=0)


def _name(south: float, west: float, size_deg: float) -> str:
    """Name a square by its edges, so that nobody takes a corner for its middle.

    >>> _name(2.5, 101.5, 0.25)
    '2°30′–2°45′N 101°30′–101°45′E'
    """
    north, east = south + size_deg, west + size_deg
    ns, ew = ("N" if south >= 0 else "S"), ("E" if west >= 0 else "W")
    return f"{_minutes(south)}–{_minutes(north)}{ns} {_minutes(west)}–{_minutes(east)}{ew}"


def _minutes(degrees: float) -> str:
    """Degrees and minutes as on a chart.

    >>> _minutes(101.25)
    '101°15′'
    """
    minutes = round(abs(degrees) * 60)
    return f"{minutes // 60}°{minutes % 60:02d}′"
