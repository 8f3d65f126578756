"""A plan as a map shows it: risk sectors, where vessels may be, ways, tasks, bases."""

from typing import Final

import numpy as np
import shapely
from numpy.typing import ArrayLike

from detectors.core.arrays import Floats
from detectors.surroundings.zones import Zones
from pipelines.base.text import one_line
from pipelines.patrol.model import Plan, Sailed, Stop
from pipelines.publish.maps import cut
from pipelines.publish.maps.scene import Box, Point, Region, Scene, Way
from pipelines.publish.maps.style import UNITS
from pipelines.publish.plan import words
from pipelines.publish.products import Planned

_LABEL: Final = 80
SYMBOLS: Final = {"boarding": "circle", "sector": "square"}

Layers = tuple[tuple[Region, ...], tuple[Way, ...], tuple[Point, ...]]


def scene_of(planned: Planned, zones: Zones) -> Scene:
    """Draw the map of a plan alone."""
    lon0, fit = _extent(planned.plan, zones)
    box = cut.padded(fit)
    regions, ways, points = layers(planned, lon0)
    ground = cut.ground(zones, box, lon0, language=planned.language)
    return Scene(lon0, fit, box, ground, regions=regions, ways=ways, points=points)


def layers(planned: Planned | None, lon0: float) -> Layers:
    """Return what a plan lays over a map; nothing where there is none."""
    if planned is None:
        return (), (), ()
    plan, said = planned.plan, words.of(planned)
    regions = [
        Region(
            (
                _placed(
                    [s.south, s.south, s.south + s.size_deg, s.south + s.size_deg],
                    [s.west, s.west + s.size_deg, s.west + s.size_deg, s.west],
                    lon0,
                ),
            ),
            "sector",
            said.risk_sector.format(name=s.name),
        )
        for s in plan.sectors
    ]
    ways: list[Way] = []
    points = [
        Point(*_place(lat, lon, lon0), "ring", "quiet", title=said.not_sailed.format(rank=rank))
        for lat, lon, rank in missed(plan)
    ]
    bases = {}
    for one in plan.sailed:
        base = one_line(one.sortie.unit.base.name, _LABEL)
        at = _place(one.sortie.lat, one.sortie.lon, lon0)
        bases[at] = Point(*at, "base", "ink", base)
        look = "later_sortie" if one.sortie.number > 1 else "sortie"
        unit = colour(plan, one)
        for number, stop in enumerate(one.stops, 1):
            if stop.target is not None:
                outline = (_placed(*words.ellipse(stop), lon0),)
                regions.append(Region(outline, "whereabouts", colour=unit))
            ways.append(Way(_placed(stop.route.lat, stop.route.lon, lon0), look, unit))
            if words.task(stop) in SYMBOLS:
                symbol, title = SYMBOLS[words.task(stop)], _told(stop, number, one, planned)
                place = _place(stop.lat, stop.lon, lon0)
                points.append(Point(*place, symbol, unit, str(number), title))
    return tuple(regions), tuple(ways), (*points, *bases.values())


def colour(plan: Plan, one: Sailed) -> str:
    """Return the colour of a sortie's unit, the same wherever the plan is drawn."""
    names = list(dict.fromkeys(other.sortie.unit.name for other in plan.sailed))
    return UNITS[names.index(one.sortie.unit.name) % len(UNITS)]


def missed(plan: Plan) -> list[tuple[float, float, int]]:
    """Return where (lat, lon) vessels that are left out are expected when the plan begins; their
    rank.
    """
    row = {int(mmsi): k for k, mmsi in enumerate(plan.prediction.mmsi)}
    found = []
    for one in plan.left_out:
        k = row.get(one.target.mmsi)
        if k is not None:
            lat, lon = (float(v) for v in plan.prediction.at(k, plan.start_us))
            if np.isfinite(lat) and np.isfinite(lon):
                found.append((lat, lon, one.target.rank))
    return found


def _extent(plan: Plan, zones: Zones) -> tuple[float, Box]:
    lat: list[Floats] = []
    lon: list[Floats] = []
    for one in plan.sailed:
        lat.append(np.array([one.sortie.lat]))
        lon.append(np.array([one.sortie.lon]))
        for stop in one.stops:
            outline = words.ellipse(stop) if stop.target is not None else ([], [])
            lat += [np.asarray(stop.route.lat), np.asarray(outline[0], "float64")]
            lon += [np.asarray(stop.route.lon), np.asarray(outline[1], "float64")]
    if not lat:
        return cut.extent([], [], zones)
    # An error that spans half the map would make it useless; a region may run out of it.
    if shapely.is_empty(zones.reach):
        return cut.extent(np.concatenate(lon), np.concatenate(lat))
    west, south, east, north = shapely.bounds(zones.reach)
    return cut.extent(
        np.clip(np.concatenate(lon), west, east), np.clip(np.concatenate(lat), south, north)
    )


def _told(stop: Stop, number: int, one: Sailed, planned: Planned) -> str:
    said = words.of(planned)
    label = f"{number} {words.task_told(stop, said)} {words.what(stop, one, said)}, "
    return one_line(label + words.local(stop.begin_us, planned.language), 2 * _LABEL)


def _placed(lat: ArrayLike, lon: ArrayLike, lon0: float) -> Floats:
    return np.column_stack([cut.relative(lon, lon0), np.asarray(lat, "float64")])


def _place(lat: float, lon: float, lon0: float) -> tuple[float, float]:
    return float(cut.relative(lon, lon0)[0]), lat
