"""A sortie's route for a plotter (GPX 1.1) and an ECDIS (RTZ 1.2, IEC 61174:2015 annex S).

Both hold the way through all stops and back, with waypoints named after what is there. Only what
the schemas define is written; the warnings stand in the descriptions.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import gpxpy.gpx
import numpy as np

from detectors.core import geodesy
from pipelines.export import route
from pipelines.export.plan import words
from pipelines.export.text import one_line
from pipelines.patrol.plan import Plan, Sailed, utc

CORRIDOR_NM: Final = 0.05
"""Cross-track limit of every leg: within the clearance that routes keep from land."""
_NAME_LIMIT: Final = 30
_ARRIVED_M: Final = 1.0


@dataclass(frozen=True)
class _Point:
    name: str
    lat: float
    lon: float
    speed_kn: float
    arrive_us: int | None
    leave_us: int | None
    note: str


def _points(one: Sailed, simulated: bool) -> list[_Point]:
    """The way of a sortie, no place twice in a row; speed is that of the leg which ends there."""
    mark = "SIM " if simulated else ""
    sortie, first = one.sortie, one.stops[0]
    found = [
        _Point(one_line(f"{mark}{sortie.unit.base.name}", _NAME_LIMIT), sortie.lat, sortie.lon,
               first.speed_kn, None, first.depart_us, "base")
    ]  # fmt: skip
    for number, stop in enumerate(one.stops, 1):
        way = stop.route
        arrive = stop.depart_us + np.round(
            way.along_m / (stop.speed_kn * geodesy.KNOT_MPS) * 1e6
        ).astype("int64")
        for k in range(1, len(way.lat) - 1):
            found.append(
                _Point(f"{mark}{number}.{k}", float(way.lat[k]), float(way.lon[k]),
                       stop.speed_kn, int(arrive[k]), None, "turn")
            )  # fmt: skip
        name = one_line(f"{mark}{number} {words.what(stop, one)}", _NAME_LIMIT)
        note = f"{words.task(stop)}, {words.local(stop.begin_us)}"
        if stop.target is not None:
            note += f", chance {stop.chance:.0%}, rank {stop.target.rank}: {stop.target.reason}"
        leave = stop.end_us if words.task(stop) != "return" else None
        point = _Point(name, stop.lat, stop.lon, stop.speed_kn, stop.begin_us, leave, note)
        if float(geodesy.distance_m(found[-1].lat, found[-1].lon, stop.lat, stop.lon)) < _ARRIVED_M:
            found[-1] = point  # a second task at the same place
        else:
            found.append(point)
    return found


def title(one: Sailed, plan: Plan) -> str:
    """Name of a sortie's route."""
    text = f"{one.sortie.name} {utc(one.stops[0].depart_us):%Y-%m-%d %H%MZ}"
    return one_line(f"SIM {text}" if plan.simulated else text, 80)


def to_gpx(one: Sailed, plan: Plan) -> str:
    """A sortie's route as GPX, its tasks as waypoints beside it."""
    document = gpxpy.gpx.GPX()
    document.creator = "Selat"
    document.name = title(one, plan)
    document.description = " ".join(words.warnings(plan))
    document.time = _time(plan.start_us)
    way = gpxpy.gpx.GPXRoute(name=title(one, plan), description=words.DEPTH)
    for point in _points(one, plan.simulated):
        lat, lon = round(point.lat, 6), round(point.lon, 6)
        note = one_line(_marked(point.note, plan), 500)
        time = None if point.arrive_us is None else _time(point.arrive_us)
        way.points.append(
            gpxpy.gpx.GPXRoutePoint(lat, lon, name=point.name, description=note, time=time)
        )
        if point.note not in {"turn", "base"}:
            document.waypoints.append(
                gpxpy.gpx.GPXWaypoint(lat, lon, name=point.name, description=note, time=time)
            )
    document.routes.append(way)
    return str(document.to_xml(version="1.1")) + "\n"


def to_rtz(one: Sailed, plan: Plan) -> bytes:
    """A sortie's route as RTZ, with its schedule."""
    points = [
        route.Waypoint(
            point.name, point.lat, point.lon,
            None if point.arrive_us is None else utc(point.arrive_us),
            None if point.leave_us is None else utc(point.leave_us),
        )
        for point in _points(one, plan.simulated)
    ]  # fmt: skip
    return route.rtz(
        route.Route(
            title(one, plan), " ".join(words.warnings(plan)), points, utc(plan.start_us),
            utc(plan.stale_us), corridor_nm=CORRIDOR_NM,
        )
    )  # fmt: skip


def _marked(text: str, plan: Plan) -> str:
    return f"{words.ENGLISH.simulated}. {text}" if plan.simulated else text


def _time(time_us: int) -> datetime:
    return utc(time_us).to_pydatetime(warn=False)
