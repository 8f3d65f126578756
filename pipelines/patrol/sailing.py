"""One sortie, exactly: the time and way of each task, within the limits of its unit."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from detectors.core.frames import SECOND_US
from pipelines.patrol.intercept import MINUTE_US, Meeting, earliest, speed_mps
from pipelines.patrol.model import HOUR_US, NM, Sortie, Stop, Target, utc
from pipelines.patrol.prediction import ellipse_factor
from pipelines.patrol.problem import Problem
from pipelines.patrol.sectors import chance_found
from pipelines.patrol.tasks import Task
from pipelines.patrol.units import Unit

SHOWN_SHARE: Final = 0.8
"""The region given with a position is said to hold this share of the errors."""


def sail(problem: Problem, sortie: Sortie, order: Sequence[Task]) -> list[Stop]:
    """Return the stops of a sortie that holds its limits; tasks that don't fit are left out.

    `order`: no more boardings than its unit does.
    """
    stops: list[Stop] = []
    home: Stop | None = None
    for task in order:
        for speed in (sortie.unit.cruise_kn, sortie.unit.max_kn):
            stop = _stop(problem, sortie, stops, task, speed)
            back = stop and _home(problem, sortie, [*stops, stop])
            if stop and back:
                stops.append(stop)
                home = back
                break
    return [*_joined(stops), home] if home else []


def _joined(stops: Sequence[Stop]) -> list[Stop]:
    """Return stops, one for searches of a sector that follow one another where the unit is.

    Each was a task of its own, worth what is expected there in its hours. The chance that what is
    there is found is that of each of them.
    """
    joined: list[Stop] = []
    for stop in stops:
        if joined and _goes_on(joined[-1], stop):
            value = joined[-1].value + stop.value
            joined[-1] = replace(joined[-1], end_us=stop.end_us, value=value)
        else:
            joined.append(stop)
    return joined


def _goes_on(last: Stop, stop: Stop) -> bool:
    """Tell whether a stop searches on where the one before it did."""
    if stop.sector is None or last.sector is None or stop.sector.name != last.sector.name:
        return False
    return stop.begin_us == last.end_us


def _stop(
    problem: Problem, sortie: Sortie, stops: Sequence[Stop], task: Task, speed: float
) -> Stop | None:
    unit = sortie.unit
    here = (stops[-1].lat, stops[-1].lon) if stops else (sortie.lat, sortie.lon)
    ready = stops[-1].end_us if stops else sortie.opens_us
    early = problem.start_us + int(task.job.early_s * SECOND_US)
    if task.target is None:
        if not problem.open_to(unit, problem.seas(task.lat, task.lon))[0]:
            return None
        route = problem.sea.route(*here, task.lat, task.lon)
        if route is None or task.sector is None:
            return None
        sail_us = _minutes_up(route.distance_m / speed_mps(speed) * SECOND_US)
        begin = max(ready + sail_us, early)
        late = problem.start_us + int(task.job.late_s * SECOND_US)
        if begin > late:
            return None
        end = begin + int(task.job.duration_s * SECOND_US)
        hours = task.job.duration_s / 3600.0
        chance = chance_found(unit.search_nm, unit.cruise_kn, hours, task.sector.area_nm2)
        return Stop(
            None,
            task.sector,
            route,
            speed,
            begin - sail_us,
            begin,
            end,
            task.lat,
            task.lon,
            chance,
            task.sector.expected(utc(begin), hours) * chance,
        )
    meeting = earliest(
        problem.sea,
        here,
        ready,
        speed,
        problem.prediction,
        task.row,
        max(early, ready),
        min(sortie.closes_us, problem.end_us),
        lambda lat, lon: problem.open_to(unit, problem.seas(lat, lon)),
    )
    if meeting is None:
        return None
    return _boarding(problem, unit, task, task.target, meeting, speed, ready)


def _boarding(
    problem: Problem,
    unit: Unit,
    task: Task,
    target: Target,
    meeting: Meeting,
    speed: float,
    ready_us: int,
) -> Stop | None:
    chance = float(problem.chance(task.row, meeting.time_us, unit.search_nm))
    if chance < problem.planning.min_chance:
        return None
    course, along, across = problem.prediction.scale_at(task.row, meeting.time_us)
    factor = float(ellipse_factor(SHOWN_SHARE, problem.prediction.dof[task.row]))
    sail_us = _minutes_up(meeting.route.distance_m / speed_mps(speed) * SECOND_US)
    return Stop(
        target,
        None,
        meeting.route,
        speed,
        # A way of whole minutes, but for rounding, takes no minute from what comes before it.
        max(meeting.time_us - sail_us, ready_us),
        meeting.time_us,
        meeting.time_us + _minutes_up(unit.boarding_min * 60 * SECOND_US),
        meeting.lat,
        meeting.lon,
        chance,
        problem.worth(target, chance, meeting.time_us),
        float(course),
        float(along) * factor,
        float(across) * factor,
        problem.prediction.how[task.row],
    )


def _home(problem: Problem, sortie: Sortie, stops: Sequence[Stop]) -> Stop | None:
    """Find the way back, None where the sortie would break a limit."""
    unit, last = sortie.unit, stops[-1]
    route = problem.sea.route(last.lat, last.lon, sortie.lat, sortie.lon)
    if route is None:
        return None
    sail_us = _minutes_up(route.distance_m / speed_mps(unit.cruise_kn) * SECOND_US)
    back = last.end_us + sail_us
    hours = (back - stops[0].depart_us) / HOUR_US
    used_nm = route.distance_m / NM + sum(_used_nm(stop, unit) for stop in stops)
    if (
        back > sortie.closes_us
        or hours > (unit.endurance_h or np.inf)
        or used_nm > (unit.endurance_nm or np.inf)
    ):
        return None
    return Stop(None, None, route, unit.cruise_kn, last.end_us, back, back, sortie.lat, sortie.lon)


def _used_nm(stop: Stop, unit: Unit) -> float:
    """Return what a stop takes of the unit's endurance.

    Fuel over a distance grows with the square of the speed (the Admiralty coefficient: power with
    its cube), and a sector is searched at cruising speed.
    """
    searched_h = (stop.end_us - stop.begin_us) / HOUR_US if stop.sector else 0.0
    way_nm = stop.route.distance_m / NM * (stop.speed_kn / unit.cruise_kn) ** 2
    return way_nm + searched_h * unit.cruise_kn


def _minutes_up(time_us: float) -> int:
    return int(np.ceil(time_us / MINUTE_US)) * MINUTE_US
