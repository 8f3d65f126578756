"""A patrol plan in the words and numbers that all its files share."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd

from detectors.core import geodesy
from pipelines.export import labels
from pipelines.export.text import clean, one_line
from pipelines.patrol.plan import Plan, Sailed, Stop, Target, utc
from pipelines.patrol.units import LOCAL

NAME_LIMIT: Final = 40
ENGLISH: Final = labels.labels("en")
DEPTH: Final = (
    "Routes keep clear of the coastline only: depth is NOT checked, nor are wrecks, cables, "
    "restricted areas or separation schemes. Lay every route out again on a chart."
)
SAMPLE: Final = "THE PATROL UNITS ARE SAMPLES: made up, of no real service."
EXPECTED: Final = (
    "Positions are predictions; each says how far off it may be. A chance is that of finding the "
    "vessel from there. Boardings are assumed to hold the vessel where it is met."
)
FALSE_POSITIONS: Final = "its own position reports are in doubt"


def warnings(plan: Plan) -> list[str]:
    """What every file of a plan says, the gravest first."""
    stale = f"Stale after {zulu(plan.stale_us)} ({local(plan.stale_us)}): make a new plan then."
    samples = any(one.sortie.unit.sample for one in plan.sailed)
    return [
        *([f"{ENGLISH.simulated}."] if plan.simulated else ["Made from real feeds."]),
        *([SAMPLE] if samples else []),
        ENGLISH.leads, stale, DEPTH, EXPECTED, ENGLISH.not_for_navigation,
    ]  # fmt: skip


def zulu(time_us: int) -> str:
    """A time for machines and people: ISO 8601 UTC to the minute, as all times of a plan are."""
    return utc(time_us).strftime("%Y-%m-%dT%H:%M:%SZ")


def local(time_us: int, *, date: bool = True) -> str:
    """A time for people, Kuala Lumpur."""
    time = utc(time_us).tz_convert(LOCAL)
    return time.strftime("%d %b %H:%M MYT" if date else "%H:%M")


def vessel(target: Target) -> str:
    """A vessel's name, or its MMSI where it has none."""
    return one_line(target.name, NAME_LIMIT) or f"MMSI {target.mmsi:09d}"


def task(stop: Stop) -> str:
    """What a stop is."""
    if stop.target is not None:
        return "boarding"
    return "sector" if stop.sector is not None else "return"


def what(stop: Stop, sailed: Sailed) -> str:
    """What a stop is about."""
    if stop.target is not None:
        return vessel(stop.target)
    return stop.sector.name if stop.sector is not None else clean(sailed.sortie.unit.base.name)


def caveat(target: Target) -> str:
    """What to know of a vessel before sailing for it."""
    return FALSE_POSITIONS if target.kind == "spoofing" else ""


def rows(plan: Plan) -> pd.DataFrame:
    """One row per stop of every sortie, in order: the plan as a table (`COLUMNS`)."""
    return pd.DataFrame(list(_rows(plan)), columns=list(COLUMNS))


COLUMNS: Final = (
    "unit", "sortie", "stop", "task", "rank", "mmsi", "name", "sector", "depart", "begin", "end",
    "begin_local", "lat", "lon", "course_deg", "distance_nm", "speed_kn", "chance", "value",
    "error_along_nm", "error_across_nm", "how", "reason",
)  # fmt: skip


def _rows(plan: Plan) -> Iterator[dict[str, Any]]:
    for one in plan.sailed:
        for number, stop in enumerate(one.stops, 1):
            target = stop.target
            yield {
                "unit": one.sortie.unit.name,
                "sortie": one.sortie.number,
                "stop": number,
                "task": task(stop),
                "rank": target.rank if target else None,
                "mmsi": target.mmsi if target else None,
                "name": target.name if target else "",
                "sector": stop.sector.name if stop.sector else "",
                "depart": zulu(stop.depart_us),
                "begin": zulu(stop.begin_us),
                "end": zulu(stop.end_us),
                "begin_local": local(stop.begin_us),
                "lat": round(stop.lat, 5),
                "lon": round(stop.lon, 5),
                "course_deg": first_course(stop),
                "distance_nm": nm(stop.route.distance_m),
                "speed_kn": round(stop.speed_kn, 1),
                "chance": round(stop.chance, 3),
                "value": round(stop.value, 4),
                "error_along_nm": nm(stop.along_m) if target else None,
                "error_across_nm": nm(stop.across_m) if target else None,
                "how": "; ".join(t for t in (stop.how, caveat(target)) if t) if target else "",
                "reason": target.reason if target else "",
            }


def nm(metres: float) -> float:
    """Nautical miles to a tenth."""
    return round(float(metres) / geodesy.METRES_PER_NM, 1)


def first_course(stop: Stop) -> float | None:
    """Course of the first leg of the way to a stop, None where there is none."""
    lat, lon = stop.route.lat, stop.route.lon
    moves = np.flatnonzero(geodesy.distance_m(lat[:-1], lon[:-1], lat[1:], lon[1:]) > 1.0)
    if not len(moves):
        return None
    k = int(moves[0])
    return round(float(geodesy.bearing_deg(lat[k], lon[k], lat[k + 1], lon[k + 1])))


def ellipse(stop: Stop, vertices: int = 48) -> tuple[list[float], list[float]]:
    """Outline (lat, lon) of the region that holds 80 % of the errors of a boarding's position."""
    return outline(stop.lat, stop.lon, stop.course_deg, stop.along_m, stop.across_m, vertices)


def outline(
    lat: float, lon: float, course_deg: float, along_m: float, across_m: float, vertices: int = 48
) -> tuple[list[float], list[float]]:
    """Outline (lat, lon), closed, of an ellipse with its long axis along a course."""
    angle = np.linspace(0.0, 2 * np.pi, vertices + 1)
    turn = np.radians(course_deg)
    along, across = along_m * np.cos(angle), across_m * np.sin(angle)
    north = along * np.cos(turn) - across * np.sin(turn)
    east = along * np.sin(turn) + across * np.cos(turn)
    out_lat, out_lon = geodesy.from_local_m(east, north, lat, lon)
    return np.round(out_lat, 5).tolist(), np.round(out_lon, 5).tolist()
