"""A sortie's route for a plotter (GPX 1.1) and an ECDIS (RTZ 1.2).

Both hold the way through all stops and back, with waypoints named after what is there. Only what
the schemas define is written; the warnings stand in the descriptions.

RTZ: IEC 61174 edition 4, annex S, schema 1.2 (http://www.cirm.org/RTZ).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from xml.etree import ElementTree

import gpxpy.gpx
import numpy as np

from detectors.core.frames import SECOND_US
from detectors.kinematics import geodesy
from pipelines.base import labels
from pipelines.base.text import iso, one_line
from pipelines.patrol.model import Sailed, utc
from pipelines.publish.plan import words
from pipelines.publish.products import Planned

RTZ: Final = "http://www.cirm.org/RTZ/1/2"
_CORRIDOR_NM: Final = "0.05"
"""Cross-track limit of every leg: within the clearance that routes keep from land."""
_RADIUS_NM: Final = "0.50"
"""Turn radius at every point: of a common size, for the navigator to set."""
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
    tasks: tuple[tuple[int, str], ...] = ()


def _points(one: Sailed, planned: Planned) -> list[_Point]:
    """Return a sortie's way, no place twice in a row; speed is that of the leg ending there."""
    mark, said, first = _short(planned), words.of(planned), one.stops[0]
    sortie = one.sortie
    found = [
        _Point(
            one_line(f"{mark}{sortie.unit.base.name}", _NAME_LIMIT),
            sortie.lat,
            sortie.lon,
            first.speed_kn,
            None,
            first.depart_us,
            said.route_base,
        )
    ]
    for number, stop in enumerate(one.stops, 1):
        way = stop.route
        arrive = stop.depart_us + np.round(
            way.along_m / (stop.speed_kn * geodesy.KNOT_MPS) * SECOND_US
        ).astype("int64")
        for k in range(1, len(way.lat) - 1):
            found.append(
                _Point(
                    f"{mark}{number}.{k}",
                    float(way.lat[k]),
                    float(way.lon[k]),
                    stop.speed_kn,
                    int(arrive[k]),
                    None,
                    said.route_turn,
                )
            )
        task, about = words.task_told(stop, said), words.what(stop, one, said)
        # The corners of a sector are cut by plotters, and by us, before they say where it is.
        named = task if words.task(stop) == "sector" else about
        tasks: tuple[tuple[int, str], ...] = ((number, named),)
        told = f"{task} {about}"
        note = f"{told}, {words.local(stop.begin_us, planned.language)}"
        if stop.target is not None:
            note += f", {said.chance} {stop.chance:.0%}, #{stop.target.rank}: {stop.target.reason}"
        leave = stop.end_us if words.task(stop) != "return" else None
        last, speed_kn, arrive_us = found[-1], stop.speed_kn, stop.begin_us
        if float(geodesy.distance_m(last.lat, last.lon, stop.lat, stop.lon)) < _ARRIVED_M:
            del found[-1]
            if last.tasks:  # a second task at the same place: one mark, which tells of both
                tasks, note = (*last.tasks, *tasks), f"{last.note} / {note}"
                speed_kn, arrive_us = last.speed_kn, last.arrive_us or arrive_us
        name = one_line(f"{mark}{_called(tasks)}", _NAME_LIMIT)
        found.append(_Point(name, stop.lat, stop.lon, speed_kn, arrive_us, leave, note, tasks))
    return found


def _called(tasks: tuple[tuple[int, str], ...]) -> str:
    """Name the tasks at a place, their numbers first: plotters cut names.

    >>> _called(((1, "KM SILVER"), (2, "KM BUNGA")))
    '1+2 KM SILVER, KM BUNGA'
    """
    numbers, names = zip(*tasks, strict=True)
    return f"{'+'.join(map(str, numbers))} {', '.join(names)}"


def title(one: Sailed, planned: Planned) -> str:
    """Name of a sortie's route."""
    name = words.sortie(one.sortie, words.of(planned))
    return one_line(f"{_short(planned)}{name} {utc(one.stops[0].depart_us):%Y-%m-%d %H%MZ}", 80)


def to_gpx(one: Sailed, planned: Planned) -> str:
    """Return a sortie's route as GPX, its tasks as waypoints beside it."""
    document = gpxpy.gpx.GPX()
    document.creator = "Selat"
    document.name = title(one, planned)
    document.description = " ".join(words.warnings(planned))
    document.time = _time(planned.plan.start_us)
    way = gpxpy.gpx.GPXRoute(
        name=title(one, planned), description=_marked(words.of(planned).depth, planned)
    )
    for point in _points(one, planned):
        lat, lon = round(point.lat, 6), round(point.lon, 6)
        note = one_line(_marked(point.note, planned), 500)
        time = None if point.arrive_us is None else _time(point.arrive_us)
        way.points.append(
            gpxpy.gpx.GPXRoutePoint(lat, lon, name=point.name, description=note, time=time)
        )
        if point.tasks:
            document.waypoints.append(
                gpxpy.gpx.GPXWaypoint(lat, lon, name=point.name, description=note, time=time)
            )
    document.routes.append(way)
    return str(document.to_xml(version="1.1")) + "\n"


def to_rtz(one: Sailed, planned: Planned) -> bytes:
    """Return a sortie's route as RTZ, with its schedule.

    Nobody has checked it: it says so in its status and in its extension.
    """
    points = _points(one, planned)
    root = ElementTree.Element(_tag("route"), version="1.2")
    info = {
        "routeName": title(one, planned),
        "routeAuthor": "Selat",
        "routeStatus": "unchecked",
        "validityPeriodStart": iso(utc(planned.plan.start_us)),
        "validityPeriodStop": iso(utc(planned.plan.stale_us)),
    }
    about = ElementTree.SubElement(root, _tag("routeInfo"), info)
    extensions = ElementTree.SubElement(about, _tag("extensions"))
    caveat = one_line(" ".join(words.warnings(planned)), 2000)
    said = {"manufacturer": "Selat", "name": "caveat", "version": "1", "text": caveat}
    ElementTree.SubElement(extensions, _tag("extension"), said)
    waypoints = ElementTree.SubElement(root, _tag("waypoints"))
    default = ElementTree.SubElement(waypoints, _tag("defaultWaypoint"), radius=_RADIUS_NM)
    to_either_side = {"starboardXTD": _CORRIDOR_NM, "portsideXTD": _CORRIDOR_NM}
    ElementTree.SubElement(default, _tag("leg"), {**to_either_side, "geometryType": "Loxodrome"})
    for number, point in enumerate(points, 1):
        facts = {"id": str(number), "revision": "1", "name": point.name}
        waypoint = ElementTree.SubElement(waypoints, _tag("waypoint"), facts)
        lon = float(geodesy.wrap_lon(point.lon))
        ElementTree.SubElement(waypoint, _tag("position"), lat=f"{point.lat:.6f}", lon=f"{lon:.6f}")
    schedules = ElementTree.SubElement(root, _tag("schedules"))
    schedule = ElementTree.SubElement(schedules, _tag("schedule"), id="1", name="plan")
    manual = ElementTree.SubElement(schedule, _tag("manual"))
    for number, point in enumerate(points, 1):
        times = {"etd": point.leave_us, "eta": point.arrive_us}
        known = {name: iso(utc(time)) for name, time in times.items() if time is not None}
        facts = {"waypointId": str(number), **known}
        ElementTree.SubElement(manual, _tag("scheduleElement"), facts)
    ElementTree.register_namespace("", RTZ)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _tag(name: str) -> str:
    return f"{{{RTZ}}}{name}"


def _short(planned: Planned) -> str:
    """Return what a plotter, which cuts names, shows of an exercise."""
    if not planned.plan.simulated:
        return ""
    return f"{labels.labels(planned.language).simulated_short} "


def _marked(text: str, planned: Planned) -> str:
    before = words.marks(planned)
    return f"{before}. {text}" if before else text


def _time(time_us: int) -> datetime:
    return utc(time_us).to_pydatetime(warn=False)
