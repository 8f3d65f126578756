"""A route as an ECDIS takes it: RTZ 1.2.

RTZ: IEC 61174 edition 4, annex S, schema 1.2 (http://www.cirm.org/RTZ). Nobody has checked a route
that is made here: it says so in its name and in its extension.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree

import pandas as pd

from detectors.kinematics import geodesy
from pipelines.base.text import iso, one_line

NAMESPACE: Final = "http://www.cirm.org/RTZ/1/2"
_NAME_LIMIT: Final = 30
_TITLE_LIMIT: Final = 120
CORRIDOR_NM: Final = 0.25
_RADIUS_NM: Final = "0.50"
"""Corridor and turn radius of every leg: of a common size, for the navigator to set."""


@dataclass(frozen=True)
class Waypoint:
    """One point of a route, in degrees; `eta`, `etd` are None where there is no schedule."""

    name: str
    lat: float
    lon: float
    eta: pd.Timestamp | None = None
    etd: pd.Timestamp | None = None


@dataclass(frozen=True)
class Route:
    """A route with what must be said of it; `valid_until` is when it is out of date.

    `corridor_nm` is how far off each leg a ship may be, to either side.
    """

    name: str
    caveat: str
    waypoints: Sequence[Waypoint]
    valid_from: pd.Timestamp
    valid_until: pd.Timestamp | None = None
    corridor_nm: float = CORRIDOR_NM


def rtz(route: Route) -> bytes:
    """Return a route of two waypoints or more as an RTZ 1.2 document."""
    root = ElementTree.Element(_tag("route"), version="1.2")
    info = {
        "routeName": one_line(route.name, _TITLE_LIMIT),
        "routeAuthor": "Selat",
        "routeStatus": "unchecked",
        "validityPeriodStart": iso(route.valid_from),
    }
    if route.valid_until is not None:
        info["validityPeriodStop"] = iso(route.valid_until)
    about = ElementTree.SubElement(root, _tag("routeInfo"), info)
    extensions = ElementTree.SubElement(about, _tag("extensions"))
    ElementTree.SubElement(
        extensions,
        _tag("extension"),
        manufacturer="Selat",
        name="caveat",
        version="1",
        text=one_line(route.caveat, 2000),
    )
    waypoints = ElementTree.SubElement(root, _tag("waypoints"))
    default = ElementTree.SubElement(waypoints, _tag("defaultWaypoint"), radius=_RADIUS_NM)
    ElementTree.SubElement(
        default,
        _tag("leg"),
        starboardXTD=f"{route.corridor_nm:.2f}",
        portsideXTD=f"{route.corridor_nm:.2f}",
        geometryType="Loxodrome",
    )
    for number, point in enumerate(route.waypoints, 1):
        waypoint = ElementTree.SubElement(
            waypoints,
            _tag("waypoint"),
            id=str(number),
            revision="1",
            name=one_line(point.name, _NAME_LIMIT),
        )
        lon = float(geodesy.wrap_lon(point.lon))
        ElementTree.SubElement(waypoint, _tag("position"), lat=f"{point.lat:.6f}", lon=f"{lon:.6f}")
    if any(point.eta is not None for point in route.waypoints):
        _schedule(root, route)
    ElementTree.register_namespace("", NAMESPACE)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _schedule(root: ElementTree.Element, route: Route) -> None:
    schedules = ElementTree.SubElement(root, _tag("schedules"))
    schedule = ElementTree.SubElement(schedules, _tag("schedule"), id="1", name="plan")
    manual = ElementTree.SubElement(schedule, _tag("manual"))
    for number, point in enumerate(route.waypoints, 1):
        times = {"etd": point.etd, "eta": point.eta}
        known = {name: iso(time) for name, time in times.items() if time is not None}
        if known:
            facts = {"waypointId": str(number), **known}
            ElementTree.SubElement(manual, _tag("scheduleElement"), facts)


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"
