"""Places from past traffic: anchorages, waiting areas, pilot grounds, ferry routes, lanes.

Every place rests on many different vessels on several days, so that what a few do in a night
doesn't become normal; stays and passages during events that deserve a look are left out. What
would be larger than its class is bounded to, or lies over a lane, is no place: it is refused, with
the reason. Who has many sets sent from the same water can still make a place there, but neither one
that spans it nor one in a lane, and a person sees what it would have silenced before it counts.

Sources: the route extraction of Pallotta, Vespe & Bryan (2013), TREAD, Entropy 15(6), 2218-2245;
the anchorages of Global Fishing Watch (S2 cells where 20 vessels stayed within 500 m).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely

from detectors.core.arrays import Floats, Ints
from detectors.core.frames import DAY_US, SECOND_US
from detectors.core.hypothesis import PASSENGER
from detectors.kinematics import clusters, geodesy
from detectors.surroundings.zones import Zones
from pipelines.learn import bounds, shapes
from pipelines.learn.gather import Traffic
from pipelines.learn.lane_areas import lane_areas
from pipelines.learn.parameters import PlacesParameters
from pipelines.reference.place import Place, Refused

NOT_WAITING: Final = frozenset({30, 31, 32, 33, 34, 35, 36, 37, *range(50, 60)})
"""Ship types that lie at sea for their work: where they do is no waiting area of ships."""
AWAY_S: Final = 12 * 3600.0
"""Back at the same place within this, it is the same visit."""
STAY_MARGIN_M: Final = 200.0
"""Beyond the outermost of them, and as far again as the vessels swing."""
PILOT_MARGIN_M: Final = 500.0
FERRY_END_M: Final = 800.0
FERRY_HALF_WIDTH_M: Final = (300.0, 1500.0)


def learn(
    traffic: Traffic,
    zones: Zones,
    parameters: PlacesParameters,
    say: Callable[[str], None] = lambda _: None,
    lanes_in_use: Sequence[shapely.Geometry] = (),
) -> tuple[list[Place], list[Refused]]:
    """Find all places that the traffic shows, tidied: no land, no outline beyond what is known.

    `lanes_in_use`: outlines of learned lanes that a person has accepted: no place may cover them
    either, even where this traffic doesn't show them.

    Returns what may be reviewed, and what many vessels on many days made that can be no place.
    """
    say("lanes")
    found: list[Place] = lane_areas(traffic, zones, parameters)
    refused: list[Refused] = []
    learned = [place.shape for place in found if place.zone_class == "lane"]
    lanes = bounds.Lanes([*learned, *lanes_in_use], zones)
    for words, kind in (
        ("anchorages", anchorages),
        ("waiting areas", waiting_areas),
        ("pilot grounds", pilot_grounds),
        ("ferry routes", ferry_routes),
    ):
        say(words)
        for place in kind(traffic, zones, parameters):
            judged = bounds.judged(place, lanes, parameters) if isinstance(place, Place) else place
            if isinstance(judged, Refused):
                refused.append(judged)
            else:
                found.append(judged)
    land = zones.land.geometry.to_numpy()
    tree = shapely.STRtree(land)
    tidied = [replace(place, shape=shapes.tidy(place.shape, land, tree)) for place in found]
    return [_sized(place) for place in tidied if not shapely.is_empty(place.shape)], refused


def _sized(place: Place) -> Place:
    size = {
        "area_km2": round(shapes.area_km2(place.shape), 1),
        "diameter_m": round(shapes.diameter_m(place.shape)),
    }
    return replace(place, facts={**place.facts, **size})


# ---- where vessels stay


def anchorages(
    traffic: Traffic, zones: Zones, parameters: PlacesParameters
) -> Iterator[Place | Refused]:
    """Find the areas where many vessels lay still at sea."""
    stops = traffic.stops
    still = (stops["end_us"] - stops["start_us"] >= parameters.min_stay_s * SECOND_US) & (
        stops["spread_m"] <= parameters.max_spread_m
    )
    at_sea = _at_sea(stops[still].reset_index(drop=True), zones, parameters)
    yield from _stay_places("anchorage", at_sea, parameters)


def waiting_areas(
    traffic: Traffic, zones: Zones, parameters: PlacesParameters
) -> Iterator[Place | Refused]:
    """Find the areas where many ships drifted, neither anchored nor working."""
    drifts = traffic.drifts
    adrift = (drifts["spread_m"] > parameters.max_spread_m) & ~drifts["ship_type"].isin(NOT_WAITING)
    at_sea = _at_sea(drifts[adrift].reset_index(drop=True), zones, parameters)
    yield from _stay_places("waiting_area", at_sea, parameters)


def _at_sea(stops: pd.DataFrame, zones: Zones, parameters: PlacesParameters) -> pd.DataFrame:
    lat, lon = stops["lat"].to_numpy("float64"), stops["lon"].to_numpy("float64")
    berthed = zones.within(lat, lon, ("port",)) | zones.near_land(
        lat, lon, parameters.min_off_land_m
    )
    return stops[~berthed].reset_index(drop=True)


def _stay_places(
    zone_class: str, stops: pd.DataFrame, parameters: PlacesParameters
) -> Iterator[Place | Refused]:
    if stops.empty:
        return
    visits = clusters.visits(stops, within_m=parameters.merge_m, max_away_s=AWAY_S)

    def behind(mine: pd.DataFrame) -> tuple[int, int]:
        return int(mine["mmsi"].nunique()), _days_present(mine)

    def margin_m(mine: pd.DataFrame) -> float:
        return STAY_MARGIN_M + float(mine["spread_m"].median())

    def facts(mine: pd.DataFrame) -> dict[str, Any]:
        hours = (mine["end_us"] - mine["start_us"]) / 3.6e9
        return {
            "median_stay_h": round(float(hours.median()), 1),
            "median_spread_m": round(float(mine["spread_m"].median())),
        }

    fewest = (parameters.min_vessels, parameters.min_days)
    yield from _Points(zone_class, visits, fewest, behind, margin_m, facts, parameters).places()


@dataclass(frozen=True)
class _Points:
    """Points (lat, lon) that may lie together, with `fewest` vessels and days behind each place.

    `behind` gives these of some of them; `margin_m` and `facts` are of the places that they make.
    """

    zone_class: str
    points: pd.DataFrame
    fewest: tuple[int, int]
    behind: Callable[[pd.DataFrame], tuple[int, int]]
    margin_m: Callable[[pd.DataFrame], float]
    facts: Callable[[pd.DataFrame], dict[str, Any]]
    parameters: PlacesParameters

    def places(self) -> Iterator[Place | Refused]:
        """Yield the places that they make, and what is too large for one."""
        lat, lon = self.points["lat"].to_numpy(), self.points["lon"].to_numpy()
        margin_m = self.margin_m(self.points)

        def counts(rows: Ints) -> bool:
            found = self.behind(self.points.iloc[rows])
            return all(n >= least for n, least in zip(found, self.fewest, strict=True))

        def fits(rows: Ints, radius_m: float) -> bool:
            outline = shapes.around(lat[rows], lon[rows], margin_m, radius_m)
            return not bounds.too_large(self.zone_class, outline, self.parameters)

        found, too_large = clusters.bounded(
            lat,
            lon,
            min_size=max(5, self.fewest[0] // 2),
            radii_m=self.parameters.radii_m(),
            counts=counts,
            fits=fits,
        )
        yield from map(self._place, found)
        least_m = self.parameters.min_radius_m
        for place in map(self._place, too_large):
            why = bounds.too_large(self.zone_class, place.shape, self.parameters) or "too large"
            yield Refused(place, f"{why}, and no denser part within {least_m:.0f} m of one another")

    def _place(self, cluster: clusters.Cluster) -> Place:
        mine = self.points.iloc[cluster.rows]
        n_vessels, n_days = self.behind(mine)
        lat, lon = mine["lat"].to_numpy(), mine["lon"].to_numpy()
        return Place(
            self.zone_class,
            shapes.around(lat, lon, self.margin_m(mine), cluster.radius_m),
            self.parameters.score(n_vessels, n_days, cluster.firmness),
            n_vessels,
            len(mine),
            n_days,
            self.facts(mine),
        )


def _days_present(visits: pd.DataFrame) -> int:
    first, last = (visits[c].to_numpy() // DAY_US for c in ("start_us", "end_us"))
    begins, counts = int(first.min()), np.zeros(int(last.max() - first.min()) + 2, "int64")
    np.add.at(counts, first - begins, 1)
    np.add.at(counts, last - begins + 1, -1)
    return int((np.cumsum(counts) > 0).sum())


def _behind(mmsi: pd.Series, time_us: pd.Series) -> tuple[int, int]:
    return int(mmsi.nunique()), int((time_us // DAY_US).nunique())


# ---- where pilots board


def pilot_grounds(
    traffic: Traffic, zones: Zones, parameters: PlacesParameters
) -> Iterator[Place | Refused]:
    """Find the grounds where pilot craft came to many ships under way, outside ports."""
    met = traffic.meetings
    if met.empty:
        return
    in_port = zones.within(met["lat"].to_numpy(), met["lon"].to_numpy(), ("port",))
    met = met[~in_port].reset_index(drop=True)

    def behind(mine: pd.DataFrame) -> tuple[int, int]:
        return _behind(mine["mmsi"], mine["time_us"])

    def facts(mine: pd.DataFrame) -> dict[str, Any]:
        return {"n_pilot_craft": int(mine["pilot"].nunique())}

    fewest, margin = (parameters.min_pilot_vessels, parameters.min_days), PILOT_MARGIN_M
    kind = "pilot_ground"
    yield from _Points(kind, met, fewest, behind, lambda _: margin, facts, parameters).places()


# ---- ferry routes


def ferry_routes(traffic: Traffic, _: Zones, parameters: PlacesParameters) -> list[Place]:
    """Return lines between two places that are sailed again and again.

    Their ends are found by DBSCAN. A line needs many voyages on several days, and either passenger
    vessels or three vessels and more: one boat that shuttles between two shores is no ferry for it.
    """
    trips, paths = traffic.trips, traffic.paths
    if trips.empty:
        return []
    ends = np.concatenate([paths[:, 0], paths[:, -1]])
    label = clusters.close(
        ends[:, 0], ends[:, 1], min_size=parameters.min_trips, radius_m=FERRY_END_M
    )
    a, b = label[: len(trips)], label[len(trips) :]
    known = (a >= 0) & (b >= 0) & (a != b)
    lines = pd.DataFrame({"low": np.minimum(a, b), "high": np.maximum(a, b)})[known]
    found: list[Place] = []
    for _ends, rows in lines.groupby(["low", "high"]).groups.items():
        chosen = rows.to_numpy()
        mine = trips.iloc[chosen]
        passengers = mine["ship_type"].isin(PASSENGER)
        n_vessels, n_days = _behind(mine["mmsi"], mine["start_us"])
        enough = passengers.sum() >= parameters.min_trips or n_vessels >= 3
        if len(mine) < parameters.min_trips or n_days < parameters.min_trip_days or not enough:
            continue
        ways = paths[chosen].copy()
        back = a[chosen] > b[chosen]
        ways[back] = ways[back, ::-1]
        found += _ferry_places(mine, ways, n_vessels, n_days, float(passengers.mean()), parameters)
    return found


def _ferry_places(
    trips: pd.DataFrame,
    ways: Floats,
    n_vessels: int,
    n_days: int,
    passengers: float,
    parameters: PlacesParameters,
) -> Iterator[Place]:
    middle = np.median(ways, axis=0)
    away_m = geodesy.distance_m(ways[..., 0], ways[..., 1], middle[:, 0], middle[:, 1])
    half_m = float(np.clip(np.quantile(away_m, 0.9), *FERRY_HALF_WIDTH_M))
    minutes = (trips["end_us"] - trips["start_us"]) / 6e7
    # Few vessels ply even a busy line; what makes it certain is how often.
    voyages = len(trips) / (len(trips) + parameters.min_trips)
    days = n_days / (n_days + parameters.min_trip_days)
    yield Place(
        "ferry_route",
        shapes.corridor(middle[:, 0], middle[:, 1], half_m),
        round(float(2 * voyages * days / (voyages + days)), 3),
        n_vessels,
        len(trips),
        n_days,
        {
            "half_width_m": round(half_m),
            "median_trip_min": round(float(minutes.median())),
            "passenger_fraction": round(passengers, 2),
        },
    )
