"""Tasks: meetings with vessels at several times, and patrols of risk sectors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from detectors.core.frames import SECOND_US
from pipelines.patrol.assign import Job
from pipelines.patrol.model import HOUR_US, Sortie, Target, utc
from pipelines.patrol.prediction import UNDER_WAY
from pipelines.patrol.problem import Problem
from pipelines.patrol.sectors import Sector, chance_found

STAY_SLOT_H: Final = 4.0
"""What lies still is as good as the same place for so long."""


@dataclass(frozen=True)
class Task:
    """A job with what it is; `row` is the target's row of the prediction."""

    job: Job
    lat: float
    lon: float
    target: Target | None = None
    row: int = -1
    sector: Sector | None = None


def all_tasks(
    problem: Problem, sorties: Sequence[Sortie], targets: Sequence[Target], risky: Sequence[Sector]
) -> list[Task]:
    """Meetings at several times, and patrols of sectors."""
    if not sorties:
        return []
    search_nm = float(np.median([s.unit.search_nm for s in sorties]))
    found: list[Task] = []
    for target in targets:
        found += _meetings(problem, target, search_nm, sorties)
    found += _patrols(problem, sorties, risky)
    return found


def _meetings(
    problem: Problem, target: Target, search_nm: float, sorties: Sequence[Sortie]
) -> list[Task]:
    row = problem.row[target.mmsi]
    moving = problem.motion.mode[row] == UNDER_WAY
    slot_us = int((problem.planning.slot_h if moving else STAY_SLOT_H) * HOUR_US)
    found: list[Task] = []
    for early in range(problem.start_us, problem.end_us, slot_us):
        late = min(early + slot_us, problem.end_us)
        # Only while some watch is on.
        if not any(s.opens_us < late and s.closes_us > early for s in sorties):
            continue
        middle = (early + late) // 2
        chance = float(problem.chance(row, middle, search_nm))
        lat, lon, _ = problem.sea.snap(*problem.prediction.at(row, middle))
        if chance < problem.planning.min_chance or not np.isfinite(lat[0]):
            continue
        job = Job(
            row,
            (early - problem.start_us) / SECOND_US,
            (late - problem.start_us) / SECOND_US,
            problem.worth(target, chance, middle),
            boarding=True,
            sea=str(problem.seas(lat, lon)[0]),
        )
        found.append(Task(job, float(lat[0]), float(lon[0]), target, row))
    return found


def _patrols(problem: Problem, sorties: Sequence[Sortie], risky: Sequence[Sector]) -> list[Task]:
    if not risky:
        return []
    lat, lon, moved = problem.sea.snap([s.lat for s in risky], [s.lon for s in risky])
    lasts_us = int(problem.planning.sector_h * HOUR_US)
    search_nm = float(np.median([s.unit.search_nm for s in sorties]))
    cruise_kn = float(np.median([s.unit.cruise_kn for s in sorties]))
    seas = problem.seas(lat, lon).tolist()
    found: list[Task] = []
    for k, sector in enumerate(risky):
        if not np.isfinite(moved[k]):
            continue
        chance = chance_found(search_nm, cruise_kn, problem.planning.sector_h, sector.area_nm2)
        for early in range(problem.start_us, problem.end_us - lasts_us, lasts_us):
            # It begins within the first half of its time, so that two don't overlap much.
            late = early + lasts_us // 2
            expected = sector.expected(utc(early + lasts_us // 4), problem.planning.sector_h)
            job = Job(
                -1,
                (early - problem.start_us) / SECOND_US,
                (late - problem.start_us) / SECOND_US,
                expected * chance,
                boarding=False,
                duration_s=lasts_us / SECOND_US,
                sea=seas[k],
            )
            found.append(Task(job, float(lat[k]), float(lon[k]), sector=sector))
    return found
