"""A patrol plan in the words and numbers that all its files share."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

import numpy as np
import pandas as pd

from detectors.kinematics import geodesy
from pipelines.base import labels
from pipelines.base.labels import Labels, PlanLabels
from pipelines.base.text import LOCAL, day_and_hour, iso, one_line, position_text
from pipelines.base.visible import clean
from pipelines.patrol import model
from pipelines.patrol.model import LeftOut, Sailed, Sortie, Stop, Target, utc
from pipelines.patrol.prediction import STILL, WORKING
from pipelines.publish.products import Planned

NAME_LIMIT: Final = 40
VERTICES: Final = 48
"""Of an outline."""


def of(planned: Planned) -> PlanLabels:
    """Return the labels that a plan is written with."""
    return labels.labels(planned.language).plan


def marks(planned: Planned) -> str:
    """Return what stands first on every page and text: handling, exercise; may be empty."""
    simulated = labels.labels(planned.language).simulated if planned.plan.simulated else ""
    handling = "" if planned.mark is None else str(planned.mark)
    return " · ".join(text for text in (handling, simulated) if text)


def warnings(planned: Planned) -> list[str]:
    """Return what every file of a plan says, the gravest first."""
    plan, every, said = planned.plan, labels.labels(planned.language), of(planned)
    samples = any(one.sortie.unit.sample for one in plan.sailed)
    away = [text for one in plan.sailed if (text := _abroad(one, every))]
    stale = said.stale.format(utc=zulu(plan.stale_us), local=local(plan.stale_us, planned.language))
    first = [f"{marks(planned)}."] if marks(planned) else []
    return [
        *first,
        *([] if plan.simulated else [said.real]),
        *([said.sample] if samples else []),
        *([said.abroad.format(stops="; ".join(away))] if away else []),
        *([said.unheard.format(numbers=", ".join(map(str, plan.unheard)))] if plan.unheard else []),
        every.leads,
        stale,
        said.depth,
        said.expected,
        every.not_for_navigation,
    ]


def _abroad(one: Sailed, every: Labels) -> str:
    """Name the stops of a sortie in another state's territorial sea than its base's."""
    home, stops = one.sortie.sea, enumerate(one.stops, 1)
    told = []
    for state, group in groupby(stops, lambda each: each[1].sea if home else ""):
        numbers = [str(number) for number, _ in group]
        if state not in ("", home):
            span = "–".join(dict.fromkeys([numbers[0], numbers[-1]]))
            at = every.plan.at_stop.format(n=span)
            told.append(f"{at} ({clean(every.sayings.get(state, state))})")
    who = one_line(sortie(one.sortie, every.plan), NAME_LIMIT)
    return f"{who}, {', '.join(told)}" if told else ""


def heading(planned: Planned) -> str:
    """Return what the plan is, and of when."""
    plan, said = planned.plan, of(planned)
    start, end = (local(us, planned.language) for us in (plan.start_us, plan.end_us))
    span = said.span.format(start=start, end=end)
    return f"{said.heading}, {span}"


def cautions(planned: Planned | None) -> list[str]:
    """Return what a text about a whole pack says of the plan in it; empty where there is none."""
    if planned is None:
        return []
    return [" ".join([f"{heading(planned)}.", *warnings(planned)])]


def zulu(time_us: int) -> str:
    """Write a time for machines and people: ISO 8601 UTC to the minute, as all of a plan are."""
    return iso(utc(time_us))


def local(time_us: int, language: str = "en", *, date: bool = True) -> str:
    """Write a time for people, Kuala Lumpur."""
    time = utc(time_us).tz_convert(LOCAL)
    if not date:
        return f"{time:%H:%M}"
    return f"{day_and_hour(time, labels.labels(language).say)} MYT"


def vessel(target: Target, said: PlanLabels) -> str:
    """Return a vessel's name, its MMSI where it has none, or that AIS doesn't show it."""
    name = one_line(target.name, NAME_LIMIT)
    return name or (f"MMSI {target.number}" if target.number else said.boat)


def sortie(one: Sortie, said: PlanLabels) -> str:
    """Name the unit, and which of its sorties."""
    name = clean(one.unit.name)
    return name if one.number == 1 else said.sortie.format(unit=name, n=one.number)


def late(one: Sailed, planned: Planned) -> str:
    """Say that a sortie leaves, or comes to a task, after its plan is stale; empty where not."""
    said, stale_us = of(planned), planned.plan.stale_us
    if one.stops and one.stops[0].depart_us > stale_us:
        return said.late
    there_late = any(stop.begin_us > stale_us and task(stop) != "return" for stop in one.stops)
    return said.late_there if there_late else ""


def task(stop: Stop) -> str:
    """Return what a stop is."""
    if stop.target is not None:
        return "boarding"
    return "sector" if stop.sector is not None else "return"


def task_told(stop: Stop, said: PlanLabels) -> str:
    """Put the same into words."""
    told = {"boarding": said.boarding, "sector": said.sector, "return": said.return_}
    return told[task(stop)]


def what(stop: Stop, sailed: Sailed, said: PlanLabels) -> str:
    """Return what a stop is about."""
    if stop.target is not None:
        return vessel(stop.target, said)
    return stop.sector.name if stop.sector is not None else clean(sailed.sortie.unit.base.name)


def chance(stop: Stop) -> float:
    """Return the chance of finding a stop's vessel, as the tables have it: alike everywhere."""
    return round(stop.chance, 3)


def place(stop: Stop, every: Labels) -> str:
    """Return where a stop begins, and in whose territorial sea."""
    lat, lon = round(stop.lat, 5), round(stop.lon, 5)  # as the tables have it
    parts = position_text(lat, lon), every.sea(one_line(stop.sea, NAME_LIMIT))
    return ", ".join(part for part in parts if part)


def how(stop: Stop, said: PlanLabels) -> str:
    """Return how a stop's vessel is thought to go on, and what to know before sailing for it."""
    if stop.target is None:
        return ""
    doubt = [said.in_doubt] if stop.target.kind == "spoofing" else []
    if stop.how is None:
        return "; ".join(doubt)
    speed, course = f"{stop.how.speed_kn:.1f}", f"{_degrees(stop.how.course_deg):03.0f}"
    if stop.how.mode == STILL:
        told = said.still
    elif stop.how.mode == WORKING:
        told = said.working.format(speed=speed)
    else:
        told = said.under_way.format(course=course, speed=speed)
    along = {"lanes": [said.along_lanes], "ferry": [said.along_ferry]}.get(stop.how.along, [])
    return "; ".join([", ".join([told, *along]), *doubt])


def how_told(stop: Stop, said: PlanLabels) -> str:
    """Put the same into a sentence; empty where there is nothing to say."""
    if stop.target is None or not (told := how(stop, said)):
        return ""
    return (said.last_heard if stop.target.number else said.last_seen).format(how=told)


def with_tide(text: str, stop: Stop, said: PlanLabels) -> str:
    """Return a text about a stop, with how far off high water is when it begins."""
    return "; ".join(part for part in (text, tide(stop, said)) if part)


def tide(stop: Stop, said: PlanLabels) -> str:
    """Tell how far off high water is when a stop begins, where a table says so."""
    if stop.tide is None:
        return ""
    place, after_s = one_line(stop.tide.place, NAME_LIMIT), stop.tide.after_s
    told = said.before_high_water if after_s < 0 else said.after_high_water
    return told.format(hours=f"{abs(after_s) / 3600:.1f}", place=place)


def reason(code: str, said: PlanLabels) -> str:
    """One of the reasons for which a vessel isn't met."""
    return str(getattr(said, code)) if code else ""


def detail(left: LeftOut, planned: Planned) -> str:
    """Return the nearest thing to a chance that there was, or what was concluded, in words."""
    said = of(planned)
    if left.target.concluded:
        what, who = left.target.concluded
        return str(getattr(said, f"{what}_by")).format(who=one_line(who, NAME_LIMIT))
    pair = left.nearest
    if pair is None:
        return ""
    nm_out, unit = f"{pair.out_nm:.0f}", clean(pair.unit)
    if pair.reason == model.OUT_OF_REACH:
        return said.never_nearer.format(nm=nm_out, unit=unit)
    text = said.could_meet_on_watch if pair.off_watch else said.could_meet
    time = local(pair.time_us, planned.language)
    return text.format(unit=unit, time=time, nm=nm_out, chance=f"{pair.chance:.0%}")


def rows(planned: Planned) -> pd.DataFrame:
    """One row per stop of every sortie, in order: the plan as a table (`COLUMNS`)."""
    return pd.DataFrame(list(_rows(planned)), columns=list(COLUMNS))


COLUMNS: Final = (
    "unit",
    "sortie",
    "stop",
    "task",
    "rank",
    "mmsi",
    "name",
    "sector",
    "depart",
    "begin",
    "end",
    "begin_local",
    "lat",
    "lon",
    "territorial_sea",
    "course_deg",
    "distance_nm",
    "speed_kn",
    "chance",
    "value",
    "error_along_nm",
    "error_across_nm",
    "how",
    "reason",
)


def _rows(planned: Planned) -> Iterator[dict[str, Any]]:
    for one in planned.plan.sailed:
        for number, stop in enumerate(one.stops, 1):
            target = stop.target
            yield {
                "unit": one.sortie.unit.name,
                "sortie": one.sortie.number,
                "stop": number,
                "task": task(stop),
                "rank": target.rank if target else None,
                "mmsi": target.mmsi if target and target.number else None,
                "name": target.name if target else "",
                "sector": stop.sector.name if stop.sector else "",
                "depart": zulu(stop.depart_us),
                "begin": zulu(stop.begin_us),
                "end": zulu(stop.end_us),
                "begin_local": local(stop.begin_us, planned.language),
                "lat": round(stop.lat, 5),
                "lon": round(stop.lon, 5),
                "territorial_sea": stop.sea,
                "course_deg": first_course(stop),
                "distance_nm": nm(stop.route.distance_m),
                "speed_kn": round(stop.speed_kn, 1),
                "chance": chance(stop),
                "value": round(stop.value, 4),
                "error_along_nm": nm(stop.along_m) if target else None,
                "error_across_nm": nm(stop.across_m) if target else None,
                "how": with_tide(how(stop, of(planned)), stop, of(planned)),
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
    return _degrees(float(geodesy.bearing_deg(lat[k], lon[k], lat[k + 1], lon[k + 1])))


def _degrees(course_deg: float) -> float:
    """Return a course in whole degrees from 000 to 359: 360 would be a second name of north."""
    return float(round(course_deg) % 360)


def ellipse(stop: Stop) -> tuple[list[float], list[float]]:
    """Outline (lat, lon), closed, of the region that holds 80 % of a boarding's position errors."""
    angle = np.linspace(0.0, 2 * np.pi, VERTICES + 1)
    turn = np.radians(stop.course_deg)
    along, across = stop.along_m * np.cos(angle), stop.across_m * np.sin(angle)
    north = along * np.cos(turn) - across * np.sin(turn)
    east = along * np.sin(turn) + across * np.cos(turn)
    out_lat, out_lon = geodesy.from_local_m(east, north, stop.lat, stop.lon)
    return np.round(out_lat, 5).tolist(), np.round(out_lon, 5).tolist()
