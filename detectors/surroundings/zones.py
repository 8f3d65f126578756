"""Zones, land and the reach of those layers: which points lie in which polygon."""

import re
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from detectors.core.errors import FrameError
from detectors.kinematics import geodesy
from detectors.surroundings.boundaries import Boundaries
from detectors.surroundings.coasts import ROCK_M2, Coasts
from detectors.surroundings.polygons import PolygonIndex
from detectors.surroundings.rules import Rule
from detectors.surroundings.watches import Watch, implied_by

if TYPE_CHECKING:
    from detectors.kinematics.nearest import Nearest
    from detectors.surroundings.landmarks import Gazetteer

ZONE_COLUMNS: Final = ("zone_id", "name", "zone_class", "source", "confidence", "geometry")
ZONE_CLASSES: Final = (
    "port",
    "anchorage",
    "sts_area",
    "landing_place",
    "territorial_sea",
    "joint_area",
    "waiting_area",
    "pilot_ground",
    "ferry_route",
    "lane",
    "precautionary_area",
    "tss_lane",
    "separation_zone",
)
"""Classes that detectors and explanations that come with the project know. A user's own zones may
be of further ones, see `check_class`."""
_CLASS_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_ALIKE: Final = 0.85
"""From this likeness on (`difflib`) a name is taken for a known one misspelt, say by a letter."""
LANE_CLASSES: Final = ("tss_lane", "lane")
"""Classes whose zones have a direction: lanes of an adopted scheme, and lanes seen in traffic."""
CONFIDENCES: Final = ("surveyed", "published", "approximate", "learned")

COAST_SPACING_M: Final = 50.0
"""The coast is sampled this densely to measure the distance to it."""


def check_class(name: str) -> None:
    """Check the name of a zone class: a known one, or one of a user's own.

    A name of one's own excuses nothing: it counts only where a detector's parameter names it.

    Raises ValueError if it isn't lower-case letters, digits and underscores, or is that close to a
    known name that it may be that one misspelt: a zone that silently isn't the anchorage that it
    was meant to be would raise events on every ship at anchor.
    """
    if name in ZONE_CLASSES:
        return
    shown, known = repr(name[:60]), f"known: {', '.join(ZONE_CLASSES)}"
    if not _CLASS_NAME.fullmatch(name):
        raise ValueError(
            f"no zone class is called {shown}; one of your own is small letters, digits and "
            f"underscores, 40 at most; {known}"
        )
    if meant := get_close_matches(name, ZONE_CLASSES, n=1, cutoff=_ALIKE):
        raise ValueError(f"no zone class is called {shown}: is it {meant[0]!r}? {known}")


class Zones:
    """Polygons by class, land, and the area that these layers are complete for.

    Indices are built when they are first needed, so that making one is cheap; they are left out
    when it is pickled.

    Raises FrameError if `frame` lacks a column.

    Parameters
    ----------
    frame
        One row per zone with `ZONE_COLUMNS`, EPSG:4326, polygons; further columns are kept, of
        which `rules` and `watches` hold tuples of `rules.Rule` and `watches.Watch`.
    land
        Land polygons, EPSG:4326.
    reach
        Where both layers can be relied on. Outside, what needs them is not assessed.
    boundaries
        Boundary lines between states; none when left out.
    gazetteer
        Reads the places that positions there are described by, for who draws a map of them.
    """

    def __init__(
        self,
        frame: gpd.GeoDataFrame,
        land: gpd.GeoDataFrame,
        reach: shapely.Geometry,
        boundaries: Boundaries | None = None,
        gazetteer: Callable[[], "Gazetteer"] | None = None,
    ) -> None:
        missing = [name for name in ZONE_COLUMNS if name not in frame.columns]
        if missing:
            raise FrameError(f"zones lack columns: {', '.join(missing)}")
        self.frame = frame.reset_index(drop=True)
        self.land = land
        self.reach = reach
        self.boundaries = Boundaries.none() if boundaries is None else boundaries
        self.gazetteer = gazetteer

    def __getstate__(self) -> dict[str, Any]:
        kept = ("frame", "land", "reach", "boundaries", "gazetteer")
        return {name: self.__dict__[name] for name in kept}

    def framed(self, frame: gpd.GeoDataFrame) -> "Zones":
        """Return other zones on the same ground."""
        return Zones(frame, self.land, self.reach, self.boundaries, self.gazetteer)

    @classmethod
    def none(cls) -> "Zones":
        """No zones, no land, no reach."""
        frame = gpd.GeoDataFrame({name: [] for name in ZONE_COLUMNS}, geometry="geometry", crs=4326)
        return cls(frame, frame[["geometry"]], shapely.Polygon())

    def members(
        self, lat: ArrayLike, lon: ArrayLike, classes: Sequence[str] = (), *, excuses: bool = False
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Pairs (point index, row of `frame`) of the points in zones of `classes` (all if empty).

        With `excuses` only of those that do; see `rows_of`.

        Sorted by point, then row. A zone's boundary belongs to it; a NaN lies in no zone;
        longitudes may be any turn of the circle.
        """
        wanted = self.rows_of(classes, excuses=excuses) if classes else None
        return self._zone_index.pairs(lat, lon, wanted)

    def members_of(
        self, lat: ArrayLike, lon: ArrayLike, rows: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return pairs of points and zones as `members` does, of some rows of `frame`."""
        return self._zone_index.pairs(lat, lon, rows)

    def within(
        self, lat: ArrayLike, lon: ArrayLike, classes: Sequence[str], *, excuses: bool = False
    ) -> NDArray[np.bool_]:
        """Tell whether each point lies in a zone of `classes`, with `excuses` in one that does."""
        if not classes:
            return np.zeros(len(np.asarray(lat)), bool)
        return self._zone_index.any(lat, lon, self.rows_of(classes, excuses=excuses))

    def rows_of(self, classes: Sequence[str], *, excuses: bool = False) -> NDArray[np.bool_]:
        """Return which rows of `frame` are of `classes`.

        With `excuses` without the transfer areas (`sts_area`) that aren't `licensed`: that ships
        are known to lie alongside one another there explains nothing.
        """
        asked = tuple(classes), excuses
        if asked not in self._rows:
            rows = np.array(self.frame["zone_class"].isin(list(classes)), bool)
            self._rows[asked] = rows & self.licensed if excuses else rows
        return self._rows[asked].copy()

    @cached_property
    def _rows(self) -> dict[tuple[tuple[str, ...], bool], NDArray[np.bool_]]:
        """Return what `rows_of` was asked, and found."""
        return {}

    @cached_property
    def licensed(self) -> NDArray[np.bool_]:
        """Tell whether each row of `frame` is no `sts_area`, or one where transfers are licensed.

        That is by a rule `transfer: licensed` without dates, or by the column `licensed`. What
        holds at some times only excuses nothing where no time is asked for: see `ruled`.
        """
        found = np.array(self.frame["zone_class"] != "sts_area", bool)
        if "licensed" in self.frame.columns:
            found |= self.frame["licensed"].to_numpy(bool)
        for row, rule in self.rules:
            undated = rule.valid_from is None and rule.valid_until is None
            found[row] |= undated and (rule.asks, rule.value) == ("transfer", "licensed")
        return found

    def on_land(self, lat: ArrayLike, lon: ArrayLike) -> NDArray[np.bool_]:
        """Tell whether each point lies on land."""
        return self._land_index.any(lat, lon)

    def distance_to_land_m(
        self, lat: ArrayLike, lon: ArrayLike, within_m: float = np.inf
    ) -> NDArray[np.float64]:
        """Distance in metres to the nearest land, 0 on land.

        Never too short, and too long by at most half of `COAST_SPACING_M` right at the coast,
        less further out. A NaN gives NaN; no land within `within_m` gives infinity. About a
        second per million points within 1 km, ten times that without a limit.
        """
        lat, lon = np.asarray(lat, "float64"), np.asarray(lon, "float64")
        distance = np.full(len(lat), np.nan)
        known = np.flatnonzero(np.isfinite(lat) & np.isfinite(lon))
        distance[known] = np.inf
        if self._coast is not None and within_m > 0:
            # Half a circumference is as far as anything can be; beyond it the chord shrinks again.
            farthest = min(within_m, np.pi * geodesy.EARTH_RADIUS_M)
            _, nearest = self._coast.to(
                geodesy.unit_xyz(lat[known], lon[known]), geodesy.chord(farthest) * (1 + 1e-9)
            )
            near = nearest >= 0
            xyz = self._coast.points[nearest[near]]
            coast_lat = np.degrees(np.arcsin(np.clip(xyz[:, 2], -1.0, 1.0)))
            coast_lon = np.degrees(np.arctan2(xyz[:, 1], xyz[:, 0]))
            at = known[near]
            found = geodesy.distance_m(lat[at], lon[at], coast_lat, coast_lon)
            distance[at] = np.where(found <= within_m, found, np.inf)
        distance[self.on_land(lat, lon)] = 0.0
        return distance

    def near_land(self, lat: ArrayLike, lon: ArrayLike, within_m: float) -> NDArray[np.bool_]:
        """Tell whether land lies within so many metres of each point; see `distance_to_land_m`."""
        return np.asarray(self.distance_to_land_m(lat, lon, within_m) <= within_m)

    def reached(self, lat: ArrayLike, lon: ArrayLike) -> NDArray[np.bool_]:
        """Tell whether land and zones are known at each point."""
        return self._reach_index.any(lat, lon)

    @cached_property
    def direction_deg(self) -> NDArray[np.float64]:
        """Direction of traffic of each row of `frame`: of `LANE_CLASSES`, else NaN."""
        if "direction_deg" not in self.frame.columns:
            return np.full(len(self.frame), np.nan)
        return np.asarray(self.frame["direction_deg"], "float64")

    @cached_property
    def records(self) -> list[dict[str, Any]]:
        """Return the rows of `frame` without geometry and rules, one mapping each."""
        plain = self.frame.drop(columns=["geometry", "rules", "watches"], errors="ignore")
        found: list[dict[str, Any]] = plain.to_dict("records")
        return found

    @cached_property
    def rules(self) -> tuple[tuple[int, Rule], ...]:
        """Return all rules, each with the row of `frame` that carries it."""
        if "rules" not in self.frame.columns:
            return ()
        return tuple((row, rule) for row, own in enumerate(self.frame["rules"]) for rule in own)

    @cached_property
    def watches(self) -> tuple[tuple[int, Watch], ...]:
        """Return what is watched, each with the row of `frame` where.

        What users ask to be told of, and what a rule of entry or speed asks of vessels.
        """
        implied = ((row, implied_by(rule)) for row, rule in self.rules)
        found = tuple((row, watch) for row, watch in implied if watch is not None)
        if "watches" not in self.frame.columns:
            return found
        own = ((row, one) for row, these in enumerate(self.frame["watches"]) for one in these)
        return (*own, *found)

    def rules_at(self, row: int, at_us: int) -> tuple[Rule, ...]:
        """Return the rules of one zone that hold at a time."""
        return tuple(rule for rule in self._rules_of.get(row, ()) if rule.holds(at_us))

    @cached_property
    def _rules_of(self) -> dict[int, list[Rule]]:
        """Rules by the row of `frame` that carries them."""
        found: dict[int, list[Rule]] = {}
        for row, rule in self.rules:
            found.setdefault(row, []).append(rule)
        return found

    def licensed_at(
        self, lat: ArrayLike, lon: ArrayLike, at_us: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Tell whether each point lies, at its time, where transfers are licensed: by a rule of any
        zone that then holds, or in an `sts_area` that is licensed without dates.
        """
        always = self.within(lat, lon, ("sts_area",), excuses=True)
        return np.asarray(always | (self.ruled(lat, lon, at_us, "transfer", "licensed") >= 0))

    def ruled(
        self, lat: ArrayLike, lon: ArrayLike, at_us: NDArray[np.int64], asks: str, *values: str
    ) -> NDArray[np.int64]:
        """Index in `rules` of a rule that asks so of each point at its time; -1: none does.

        Of several the one with the first of `values`, and of those the first listed.
        """
        found = np.full(len(at_us), -1, "int64")
        for value in reversed(values):
            mine = [i for i, (_, r) in enumerate(self.rules) if (r.asks, r.value) == (asks, value)]
            carrying = np.zeros(len(self.frame), bool)
            carrying[[self.rules[i][0] for i in mine]] = True
            if not carrying.any():
                continue
            point, zone = self._zone_index.pairs(lat, lon, carrying)
            for i in reversed(mine):
                row, rule = self.rules[i]
                first, last = rule.span_us
                inside = point[zone == row]
                found[inside[(at_us[inside] >= first) & (at_us[inside] < last)]] = i
        return found

    def id_of(self, row: int) -> str:
        """Zone id of a row of `frame`."""
        return str(self.frame["zone_id"].iloc[row])

    @cached_property
    def coasts(self) -> Coasts:
        """Return the coasts of each state; none where the land layer has no column `iso3`."""
        return _coasts(*self.ground, 0.0)

    @cached_property
    def shores(self) -> Coasts:
        """Return the coasts of each state without its rocks, see `coasts.ROCK_M2`."""
        return _coasts(*self.ground, ROCK_M2)

    @cached_property
    def _zone_index(self) -> PolygonIndex:
        return _indexed(tuple(shapely.to_wkb(self.frame.geometry.to_numpy())))

    @cached_property
    def ground(self) -> tuple[tuple[bytes, ...], tuple[str, ...]]:
        """The polygons of the land, and the state of each, empty where none is told."""
        polygons = tuple(shapely.to_wkb(self.land.geometry.to_numpy()))
        told = self.land["iso3"].fillna("") if "iso3" in self.land else [""] * len(polygons)
        return polygons, tuple(told)

    @cached_property
    def _land_index(self) -> PolygonIndex:
        return _indexed(self.ground[0])

    @cached_property
    def _reach_index(self) -> PolygonIndex:
        return _indexed((shapely.to_wkb(self.reach),))

    @cached_property
    def _coast(self) -> "Nearest | None":
        return _coast(self.ground[0])


# What is made once for all zones that have the same polygons: few of them ever change, and those
# who change one zone have the same land.


@lru_cache(maxsize=8)
def _indexed(wkb: tuple[bytes, ...]) -> PolygonIndex:
    return PolygonIndex(shapely.from_wkb(np.array(wkb, dtype=object)))


@lru_cache(maxsize=4)
def _coasts(wkb: tuple[bytes, ...], states: tuple[str, ...], min_area_m2: float) -> Coasts:
    polygons = shapely.from_wkb(np.array(wkb, dtype=object))
    land = gpd.GeoDataFrame({"iso3": np.array(states, object)}, geometry=polygons, crs=4326)
    return Coasts(land, min_area_m2)


@lru_cache(maxsize=2)
def _coast(wkb: tuple[bytes, ...]) -> "Nearest | None":
    from detectors.kinematics.nearest import Nearest  # as in `Coasts`

    degree_m = np.pi / 180 * geodesy.EARTH_RADIUS_M
    land = shapely.from_wkb(np.array(wkb, dtype=object))
    lon, lat = shapely.get_coordinates(shapely.segmentize(land, COAST_SPACING_M / degree_m)).T
    return Nearest(geodesy.unit_xyz(lat, lon)) if len(lat) else None
