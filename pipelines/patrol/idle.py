"""What a sortie does that the assignment gave nothing."""

from collections.abc import Sequence

import numpy as np

from detectors.core.arrays import Floats
from pipelines.patrol import assign
from pipelines.patrol.assign import Run
from pipelines.patrol.model import Intercept, Sailed, Target
from pipelines.patrol.problem import Problem
from pipelines.patrol.sailing import sail
from pipelines.patrol.tasks import Task


def boarding(
    problem: Problem, sailed: Sequence[Sailed], tasks: Sequence[Task], pairs: Sequence[Intercept]
) -> list[Sailed]:
    """Give each sortie without a task the boarding worth most that its unit can make, be it at full
    speed. The assignment only estimates: by cruising speed, and where a vessel is in the middle of
    an hour. It left a unit in port that could be with a vessel and back within its watch.
    """
    able = {(pair.unit, pair.target.mmsi) for pair in pairs if pair.reason == ""}
    done = {_whose(s.target) for one in sailed for s in one.stops if s.target}
    found = list(sailed)
    by_value = sorted(tasks, key=lambda task: -task.job.value)
    for number, one in enumerate(sailed):
        if one.stops:
            continue
        for task in by_value:
            target = task.target
            if target is None or (one.sortie.unit.name, target.mmsi) not in able:
                continue
            if _whose(target) in done:
                continue
            if stops := sail(problem, one.sortie, [task]):
                found[number] = Sailed(one.sortie, tuple(stops))
                done.add(_whose(target))
                break
    return found


def _whose(target: Target) -> str:
    """Return what is sailed for once: an incident, else a vessel without one."""
    return target.incident or str(target.mmsi)


def searching(
    problem: Problem,
    sailed: Sequence[Sailed],
    runs: Sequence[Run],
    tasks: Sequence[Task],
    metres: Floats,
    n_bases: int,
) -> list[Sailed]:
    """Give a sortie without a task a sector to patrol, however little that promises."""
    found = list(sailed)
    done = {s.sector.name for one in sailed for s in one.stops if s.sector}
    for number, (one, run) in enumerate(zip(sailed, runs, strict=True)):
        rows = [
            k for k, t in enumerate(tasks) if t.sector is not None and t.sector.name not in done
        ]
        if one.stops or not rows:
            continue
        take = np.r_[np.arange(n_bases), n_bases + np.array(rows)]
        jobs = [tasks[k].job for k in rows]
        [order] = assign.greedy([run], jobs, metres[np.ix_(take, take)], n_bases)
        stops = sail(problem, one.sortie, [tasks[rows[k]] for k in order])
        found[number] = Sailed(one.sortie, tuple(stops))
        done |= {s.sector.name for s in stops if s.sector}
    return found
