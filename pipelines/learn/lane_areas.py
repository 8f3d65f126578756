"""Lanes from past traffic, and precautionary areas where they cross."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from detectors.core.arrays import Ints
from detectors.surroundings import lanes
from detectors.surroundings.zones import Zones
from pipelines.learn import shapes
from pipelines.learn.gather import Traffic
from pipelines.learn.parameters import PlacesParameters
from pipelines.reference.place import Place

LANE_PIECE_DEG: Final = 0.25
"""Lanes are cut into pieces of this size, each with a direction of its own."""
LANE_TURN_DEG: Final = 20.0
"""Neighbouring cells whose directions differ by more belong to different lanes."""
MIN_LANE_KM2: Final = 1.0


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
    if shapes.area_km2(shape) < MIN_LANE_KM2:
        return None
    weight = cells["passages"].to_numpy("float64") * cells["share_1"].to_numpy()
    radians = np.radians(cells["direction_deg_1"].to_numpy())
    east, north = ((weight * f(radians)).sum() / weight.sum() for f in (np.sin, np.cos))
    n_vessels = int(cells["vessels_1"].max())
    n_days = int(cells["days"].max())
    resultant = float(np.average(cells["resultant_1"], weights=weight))
    share = float(np.average(cells["share_1"], weights=weight))
    facts: dict[str, Any] = {"n_cells": len(cells)}
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
        parameters.score(n_vessels, n_days, firmness),
        n_vessels,
        int(cells["passages"].max()),
        n_days,
        facts,
    )
