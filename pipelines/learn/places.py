"""Places from past traffic: anchorages, waiting areas, pilot grounds, ferry routes, lanes.

Every place rests on many different vessels on several days, so that what a few do in a night
doesn't become normal; stays and passages during events that deserve a look are left out.

Sources: the route extraction of Pallotta, Vespe & Bryan (2013), TREAD, Entropy 15(6), 2218-2245;
the anchorages of Global Fishing Watch (S2 cells where 20 vessels stayed within 500 m); HDBSCAN of
Campello, Moulavi & Sander (2013).
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from detectors.core.frames import DAY_US, SECOND_US
from detectors.kinematics import clusters, geodesy
from detectors.surroundings import lanes
from detectors.surroundings.zones import Zones
from pipelines.learn import shapes
from pipelines.learn.gather import Traffic
from pipelines.learn.parameters import PlacesParameters
from pipelines.reference.place import Place

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NOT_WAITING: Final = frozenset({30, 31, 32, 33, 34, 35, 36, 37, *range(50, 60)})
"""Ship types that lie at sea for their work: where they do is no waiting area of ships."""
PASSENGER: Final = frozenset({*range(40, 50), *range(60, 70)})
AWAY_S: Final = 12 * 3600.0
"""Back at the same place within this, it is the same visit."""
FERRY_END_M: Final = 800.0
FERRY_HALF_WIDTH_M: Final = (300.0, 1500.0)
LANE_PIECE_DEG: Final = 0.25
"""Lanes are cut into pieces of this size, each with a direction of its own."""
LANE_TURN_DEG: Final = 20.0
"""Neighbouring cells whose directions differ by more belong to different lanes."""
MIN_LANE_KM2: Final = 1.0


def learn(
    traffic: Traffic,
    zones: Zones,
    parameters: PlacesParameters,
    say: Callable[[str], None] = lambda _: None,
) -> list[Place]:
    """Return all places that the traffic shows, tidied: no land, no outline beyond what is
    known.
    """
    found: list[Place] = []
    for words, kind in (
        ("anchorages", anchorages),
        ("waiting areas", waiting_areas),
        ("pilot grounds", pilot_grounds),
        ("ferry routes", ferry_routes),
        ("lanes", lane_areas),
    ):
        say(words)
        found += kind(traffic, zones, parameters)
    land = zones.land.geometry.to_numpy()
    tree = shapely.STRtree(land)
    tidied = [(place, shapes.tidy(place.shape, land, tree)) for place in found]
    return [
        Place(
            place.zone_class,
            shape,
            place.confidence_score,
            place.n_vessels,
            place.n_visits,
            place.n_days,
            place.facts,
        )
        for place, shape in tidied
        if not shapely.is_empty(shape)
    ]


def _score(n_vessels: int, n_days: int, firmness: float, parameters: PlacesParameters) -> float:
    """Return 0.5 at the fewest vessels and days, times firmness; towards 1 for many times as
    many.
    """
    vessels = n_vessels / (n_vessels + parameters.min_vessels)
    days = n_days / (n_days + parameters.min_days)
    return round(float(2 * min(vessels, 0.999) * days * firmness / (vessels + days)), 3)


# ---- where vessels stay


def anchorages(traffic: Traffic, zones: Zones, parameters: PlacesParameters) -> list[Place]:
    """Find the areas where many vessels lay still at sea."""
    stops = traffic.stops
    still = (stops["end_us"] - stops["start_us"] >= parameters.min_stay_s * SECOND_US) & (
        stops["spread_m"] <= parameters.max_spread_m
    )
    at_sea = _at_sea(stops[still].reset_index(drop=True), zones, parameters)
    return list(_stay_places("anchorage", at_sea, parameters))


def waiting_areas(traffic: Traffic, zones: Zones, parameters: PlacesParameters) -> list[Place]:
    """Find the areas where many ships drifted or went slowly to and fro, neither anchored nor
    working.
    """
    drifts = traffic.drifts
    adrift = (drifts["spread_m"] > parameters.max_spread_m) & ~drifts["ship_type"].isin(NOT_WAITING)
    at_sea = _at_sea(drifts[adrift].reset_index(drop=True), zones, parameters)
    return list(_stay_places("waiting_area", at_sea, parameters))


def _at_sea(stops: pd.DataFrame, zones: Zones, parameters: PlacesParameters) -> pd.DataFrame:
    lat, lon = stops["lat"].to_numpy("float64"), stops["lon"].to_numpy("float64")
    berthed = zones.within(lat, lon, ("port",)) | zones.near_land(
        lat, lon, parameters.min_off_land_m
    )
    return stops[~berthed].reset_index(drop=True)


def _stay_places(
    zone_class: str, stops: pd.DataFrame, parameters: PlacesParameters
) -> Iterator[Place]:
    if stops.empty:
        return
    visits = clusters.visits(stops, within_m=parameters.merge_m, max_away_s=AWAY_S)
    lat, lon = visits["lat"].to_numpy(), visits["lon"].to_numpy()
    label, membership = clusters.dense(
        lat, lon, min_size=max(5, parameters.min_vessels // 2), merge_m=parameters.merge_m
    )
    for one in range(label.max(initial=-1) + 1):
        inside = label == one
        mine = visits[inside]
        n_vessels, n_days = mine["mmsi"].nunique(), _days_present(mine)
        if n_vessels < parameters.min_vessels or n_days < parameters.min_days:
            continue
        hours = (mine["end_us"] - mine["start_us"]) / 3.6e9
        firmness = float(membership[inside].mean())
        yield Place(
            zone_class,
            shapes.around(lat[inside], lon[inside], 200.0 + float(mine["spread_m"].median())),
            _score(n_vessels, n_days, firmness, parameters),
            n_vessels,
            len(mine),
            n_days,
            {
                "median_stay_h": round(float(hours.median()), 1),
                "median_spread_m": round(float(mine["spread_m"].median())),
            },
        )


def _days_present(visits: pd.DataFrame) -> int:
    """Return UTC days on which at least one of the visits went on."""
    first, last = (visits[c].to_numpy() // DAY_US for c in ("start_us", "end_us"))
    begins, counts = int(first.min()), np.zeros(int(last.max() - first.min()) + 2, "int64")
    np.add.at(counts, first - begins, 1)
    np.add.at(counts, last - begins + 1, -1)
    return int((np.cumsum(counts) > 0).sum())


def _behind(mmsi: pd.Series, time_us: pd.Series) -> tuple[int, int]:
    return int(mmsi.nunique()), int((time_us // DAY_US).nunique())


# ---- where pilots board


def pilot_grounds(traffic: Traffic, zones: Zones, parameters: PlacesParameters) -> list[Place]:
    """Find the grounds where pilot craft came to many ships under way, outside ports."""
    met = traffic.meetings
    if met.empty:
        return []
    in_port = zones.within(met["lat"].to_numpy(), met["lon"].to_numpy(), ("port",))
    met = met[~in_port].reset_index(drop=True)
    lat, lon = met["lat"].to_numpy(), met["lon"].to_numpy()
    label, membership = clusters.dense(
        lat, lon, min_size=max(5, parameters.min_pilot_vessels // 2), merge_m=parameters.merge_m
    )
    found = []
    for one in range(label.max(initial=-1) + 1):
        inside = label == one
        n_vessels, n_days = _behind(met["mmsi"][inside], met["time_us"][inside])
        if n_vessels < parameters.min_pilot_vessels or n_days < parameters.min_days:
            continue
        found.append(
            Place(
                "pilot_ground",
                shapes.around(lat[inside], lon[inside], 500.0),
                _score(n_vessels, n_days, float(membership[inside].mean()), parameters),
                n_vessels,
                int(inside.sum()),
                n_days,
                {"n_pilot_craft": int(met["pilot"][inside].nunique())},
            )
        )
    return found


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


# ---- lanes


def lane_areas(traffic: Traffic, _: Zones, parameters: PlacesParameters) -> list[Place]:
    """Return lanes with their direction, and precautionary areas where lanes cross.

    Each place is judged in the finest cells that have enough traffic: a larger cell speaks only for
    the parts of it that no smaller one does.
    """
    cells = _judged_cells(traffic, parameters)
    if cells.empty:
        return []
    found = []
    for kind, zone_class in (("lane", "lane"), ("crossing", "precautionary_area")):
        chosen = cells[cells["kind"] == kind].reset_index(drop=True)
        for rows in _pieces(chosen, zone_class):
            place = _lane_place(zone_class, chosen.iloc[rows], parameters)
            if place is not None:
                found.append(place)
    return found


def _judged_cells(traffic: Traffic, parameters: PlacesParameters) -> pd.DataFrame:
    """Return cells of all sizes that have enough traffic, with what they are and their shapes."""
    parts = []
    decided: Any = shapely.Polygon()
    for flow in traffic.flows:
        field_ = lanes.field(flow)
        enough = (field_["vessels_1"] >= parameters.min_vessels) & (
            field_["days"] >= parameters.min_days
        )
        cells = field_[enough].reset_index(drop=True)
        if cells.empty:
            continue
        lane = lanes.lane_cells(
            cells,
            min_vessels=parameters.min_vessels,
            min_days=parameters.min_days,
            min_share=parameters.min_lane_share,
            min_resultant=parameters.min_resultant,
        )
        crossing = lanes.crossing_cells(
            cells,
            min_vessels=parameters.min_vessels,
            min_days=parameters.min_days,
            min_share=parameters.min_crossing_share,
        )
        south, west = lanes.corner_of(cells["cell"].to_numpy(), flow.size_deg)
        boxes = shapely.box(west, south, west + flow.size_deg, south + flow.size_deg)
        rest = shapely.difference(boxes, decided) if not decided.is_empty else boxes
        kind = np.where(lane, "lane", np.where(crossing, "crossing", "other"))
        parts.append(cells.assign(kind=kind, shape=rest, size_deg=flow.size_deg))
        decided = shapely.union_all([decided, shapely.union_all(boxes)])
    if not parts:
        return pd.DataFrame()
    whole = pd.concat(parts, ignore_index=True)
    empty = shapely.is_empty(whole["shape"].to_numpy())
    return whole[~empty].reset_index(drop=True)


def _pieces(cells: pd.DataFrame, zone_class: str) -> Iterator[Ints]:
    """Yield rows of cells that hang together and point the same way, lanes cut into pieces."""
    if cells.empty:
        return
    shapes_ = cells["shape"].to_numpy()
    one, other = shapely.STRtree(shapes_).query(shapes_, predicate="intersects")
    direction = cells["direction_deg_1"].to_numpy()
    if zone_class == "lane":
        alike = lanes.turned_deg(direction[one], direction[other]) <= LANE_TURN_DEG
        one, other = one[alike], other[alike]
    links = coo_matrix((np.ones(len(one)), (one, other)), shape=(len(cells), len(cells)))
    _, label = connected_components(links, directed=False)
    points = shapely.centroid(shapes_)
    block = np.zeros((len(cells), 2), "int64")
    if zone_class == "lane":
        block = np.floor(shapely.get_coordinates(points) / LANE_PIECE_DEG).astype("int64")
    keys = pd.DataFrame({"label": label, "x": block[:, 0], "y": block[:, 1]})
    for rows in keys.groupby(["label", "x", "y"]).groups.values():
        yield rows.to_numpy()


def _lane_place(zone_class: str, cells: pd.DataFrame, parameters: PlacesParameters) -> Place | None:
    shape = shapely.union_all(cells["shape"].to_numpy())
    middle = shapely.centroid(shape)
    cell_m = geodesy.distance_m(middle.y - 0.5, middle.x, middle.y + 0.5, middle.x)
    area_km2 = shapely.area(shape) * (cell_m / 1000.0) ** 2 * np.cos(np.radians(middle.y))
    if area_km2 < MIN_LANE_KM2:
        return None
    weight = cells["passages"].to_numpy("float64") * cells["share_1"].to_numpy()
    radians = np.radians(cells["direction_deg_1"].to_numpy())
    east, north = ((weight * f(radians)).sum() / weight.sum() for f in (np.sin, np.cos))
    n_vessels = int(cells["vessels_1"].max())
    n_days = int(cells["days"].max())
    resultant = float(np.average(cells["resultant_1"], weights=weight))
    share = float(np.average(cells["share_1"], weights=weight))
    facts: dict[str, Any] = {"n_cells": len(cells), "area_km2": round(float(area_km2), 1)}
    if zone_class == "lane":
        facts |= {
            "direction_deg": round(float(np.degrees(np.arctan2(east, north)) % 360.0), 1),
            "concentration": round(float(lanes.concentration(resultant)), 1),
            "one_way_share": round(share, 3),
            "median_speed_kn": round(float(cells["speed_kn_1"].median()), 1),
        }
        firmness = share * resultant
    else:
        second = float(np.average(cells["share_2"], weights=weight))
        facts |= {"second_share": round(second, 3)}
        firmness = min(1.0, 2 * second)
    return Place(
        zone_class,
        shapely.buffer(shape, 1e-6),
        _score(n_vessels, n_days, firmness, parameters),
        n_vessels,
        int(cells["passages"].max()),
        n_days,
        facts,
    )
