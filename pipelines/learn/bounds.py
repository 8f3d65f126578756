"""How large a learned place may be, and that it covers no lane."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import shapely

from detectors.surroundings.zones import Zones
from pipelines.learn import shapes
from pipelines.learn.parameters import PlacesParameters
from pipelines.reference.place import Place, Refused

FAIRWAYS: Final = ("lane", "tss_lane", "separation_zone", "precautionary_area")
"""Drawn zones in which nobody lies at anchor."""
CUT: Final = frozenset({"anchorage", "waiting_area"})
"""Classes of which what lies in a lane is cut away."""


class Lanes:
    """Outlines of lanes, found by place.

    Of learned lanes, and of the `FAIRWAYS` among zones.
    """

    def __init__(self, outlines: Sequence[shapely.Geometry], zones: Zones) -> None:
        drawn = zones.frame.geometry[zones.frame["zone_class"].isin(FAIRWAYS)]
        self._outlines = [*outlines, *drawn]
        self._tree = shapely.STRtree(self._outlines)

    def near(self, shape: shapely.Geometry) -> Any:
        """Return the lanes that a shape touches, as one shape."""
        rows = self._tree.query(shape, predicate="intersects")
        return shapely.union_all([self._outlines[row] for row in rows])


def too_large(zone_class: str, shape: shapely.Geometry, parameters: PlacesParameters) -> str:
    """Return in words by how much a place is too large; empty where it isn't."""
    areas: Mapping[Any, float] = parameters.max_area_km2
    diameters: Mapping[Any, float] = parameters.max_diameter_m
    for measured, most, unit in (
        (shapes.area_km2(shape), areas[zone_class], "km2"),
        (shapes.diameter_m(shape) / 1000.0, diameters[zone_class] / 1000.0, "km across"),
    ):
        if measured > most:
            return f"{measured:,.0f} {unit} where its class has {most:,.0f} at most"
    return ""


def judged(place: Place, lanes: Lanes, parameters: PlacesParameters) -> Place | Refused:
    """Return a place with what lies in lanes cut away, or why it can be none."""
    why = too_large(place.zone_class, place.shape, parameters)
    if why:
        return Refused(place, why)
    within = shapely.intersection(place.shape, lanes.near(place.shape))
    share = shapely.area(within) / shapely.area(place.shape)
    shares: Mapping[Any, float] = parameters.max_lane_share
    if share > shares[place.zone_class]:
        most = shares[place.zone_class]
        return Refused(place, f"{share:.0%} of it lies over a lane, {most:.0%} at most may")
    if share > 0 and place.zone_class in CUT:
        place = replace(place, shape=shapely.difference(place.shape, within))
    return place
