"""A patrol plan: flags, patrol units and past events in; who goes where, and why not, out.

Pure: everything that it needs is handed in, and the same inputs give the same plan, byte for byte.

The steps: where each flagged vessel will be; which of them each unit could meet, from its base;
tasks (meetings at several times, patrols of risk sectors) with their expected value, which is score
x chance of being there x what a boarding is worth, less by the hour; an assignment of tasks to
units; and, task by task, the exact time and way, which the assignment only estimated. What doesn't
hold then is dropped and listed with its reason.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.arrays import Floats
from detectors.core.frames import SECOND_US
from detectors.kinematics import geodesy
from detectors.surroundings.tide import Tides
from detectors.surroundings.zones import Zones
from pipelines.patrol import assign
from pipelines.patrol.assign import Run
from pipelines.patrol.idle import boarding, searching
from pipelines.patrol.intercept import speed_mps
from pipelines.patrol.model import (
    ANOTHER_UNIT,
    HOUR_US,
    LOWER_VALUE,
    NM,
    SAME_INCIDENT,
    Intercept,
    LeftOut,
    Plan,
    Sailed,
    Sortie,
    Target,
)
from pipelines.patrol.motions import Boat, motions, with_boats
from pipelines.patrol.pairs import intercepts, nearest, why_not
from pipelines.patrol.predict import predict
from pipelines.patrol.problem import Problem
from pipelines.patrol.sailing import sail
from pipelines.patrol.seamap import SeaMap
from pipelines.patrol.sectors import sectors
from pipelines.patrol.tasks import Task, all_tasks
from pipelines.patrol.units import PatrolConfig, Planning, Unit, watches
from pipelines.reference.layers import sea_states

SEEN: Final = "unmatched_sighting"
"""The kind of event of a boat that AIS doesn't show."""


@dataclass(frozen=True)
class Inputs:
    """What a plan rests on."""

    run_id: str
    simulated: bool
    """The run."""
    start: pd.Timestamp
    """When the plan begins."""
    flagged: pd.DataFrame
    """`schemas.FLAGGED`."""
    kinds: Mapping[int, str]
    reasons: Mapping[int, str]
    """By MMSI: kind and reason of the vessel's strongest event."""
    about: Collection[int]
    """The vessels that incidents are about first: of an incident that one is sailed for, if it can
    be met."""
    concluded: Mapping[int, tuple[str, str]]
    """By MMSI: what was concluded, and by whom, for which nobody sails for the vessel any more."""
    tracked: pd.DataFrame
    """`frames.TRACKED` of the flagged vessels, up to the end of the run."""
    past: pd.DataFrame
    """`events.EVENTS` of the days before."""
    past_days: float
    """Of how many of those days the store holds reports."""
    landings: pd.DataFrame
    """lat, lon of documented landing places."""
    zones: Zones | None
    """Lanes and ferry routes among them are followed; territorial seas are told."""
    tides: Tides | None = None
    """High waters, told beside sectors and boats that cross."""
    boats: tuple[Boat, ...] = ()
    """Boats that AIS doesn't show, and whose way is known from who saw them."""
    unheard: tuple[int, ...] = ()
    """Ranks of other incidents of what AIS doesn't show: it can't be predicted, and that is
    said."""


def make(
    inputs: Inputs,
    config: PatrolConfig,
    sea: SeaMap,
    say: Callable[[str], None] = lambda _: None,
    *,
    use_solver: bool = True,
) -> Plan:
    """Make a plan.

    `use_solver` false: the greedy rule only.
    """
    planning = config.planning
    start = inputs.start.floor("min")
    end = start + pd.Timedelta(hours=planning.horizon_h)
    start_us, end_us = _us(start), _us(end)
    say("predicting")
    motion = with_boats(motions(inputs.tracked, config.prediction), inputs.boats, config.prediction)
    prediction = predict(motion, start_us, end_us, config.prediction, inputs.zones, sea)
    bases = _bases(config.units, sea)
    homes = _homes(bases, inputs.zones)
    problem = Problem(planning, sea, prediction, motion, start_us, end_us, inputs.zones, homes)
    # Where dead reckoning puts a boat that was seen too long ago says nothing of it.
    lost = {boat.rank for boat in inputs.boats if not problem.findable(boat.mmsi, config.units)}
    kept = tuple(boat for boat in inputs.boats if boat.rank not in lost)
    targets = _targets(replace(inputs, boats=kept), planning)
    sorties = [
        Sortie(unit, number, *bases[unit.name], _us(opens), _us(closes), homes[unit.name])
        for unit in config.units
        if unit.name in bases
        for number, (opens, closes) in enumerate(watches(unit, start, end), 1)
    ]
    say("risk sectors")
    risky = sectors(
        inputs.past,
        inputs.landings,
        max(inputs.past_days, 1.0),
        planning.sector_deg,
        planning.max_sectors,
    )
    say("intercepts")
    pairs = intercepts(problem, config.units, bases, sorties, targets)
    why = why_not(targets, pairs)
    say("tasks")
    able = _once([one for one in targets if not why[one.mmsi]])
    tasks = all_tasks(problem, sorties, able, risky)
    say("assigning")
    sailed, solver = _assigned(problem, sorties, tasks, pairs, use_solver)
    sailed = [_with_tides(_with_seas(one, problem), inputs.tides) for one in sailed]
    unplaced = tuple(unit.name for unit in config.units if unit.name not in bases)
    return Plan(
        inputs.run_id,
        inputs.simulated,
        start_us,
        end_us,
        start_us + int(planning.stale_after_h * HOUR_US),
        tuple(sailed),
        _left_out(_met(sailed), _met(sailed), targets, pairs),
        tuple(pairs),
        tuple(risky),
        solver,
        prediction,
        tuple(targets),
        unplaced,
        tuple(sorted({*inputs.unheard, *lost})),
    )


def _once(able: Sequence[Target]) -> list[Target]:
    """Return of each incident the vessel to sail for: the one it is about, else its first one."""
    chosen: dict[str, Target] = {}
    for one in sorted(able, key=lambda one: not one.about):
        chosen.setdefault(one.incident or str(one.mmsi), one)
    return [one for one in able if chosen[one.incident or str(one.mmsi)] is one]


def _with_tides(sailed: Sailed, tides: Tides | None) -> Sailed:
    """Put the nearest high water beside what a sortie does but for its return."""
    if tides is None:
        return sailed
    stops = (
        stop
        if stop.target is None and stop.sector is None
        else replace(stop, tide=tides.nearest(stop.lat, stop.lon, stop.begin_us))
        for stop in sailed.stops
    )
    return replace(sailed, stops=tuple(stops))


def _with_seas(sailed: Sailed, problem: Problem) -> Sailed:
    """Put beside stops in whose territorial sea they lie."""
    stops = sailed.stops
    seas = problem.seas([stop.lat for stop in stops], [stop.lon for stop in stops]).tolist()
    with_seas = (replace(stop, sea=sea) for stop, sea in zip(stops, seas, strict=True))
    return replace(sailed, stops=tuple(with_seas))


def for_units(plan: Plan, names: Collection[str]) -> Plan:
    """Return a plan as some of its units get it: their sorties, and what they don't go for."""
    sailed = [one for one in plan.sailed if one.sortie.unit.name in names]
    pairs = [pair for pair in plan.intercepts if pair.unit in names]
    met = _met(plan.sailed)
    left = tuple(
        replace(one, reason=ANOTHER_UNIT) if one.target.mmsi in met else one
        for one in _left_out(_met(sailed), met, plan.targets, pairs)
    )
    return replace(
        plan,
        sailed=tuple(sailed),
        left_out=left,
        intercepts=tuple(pairs),
        unplaced=tuple(name for name in plan.unplaced if name in names),
    )


def _met(sailed: Sequence[Sailed]) -> set[int]:
    return {s.target.mmsi for one in sailed for s in one.stops if s.target}


def _left_out(
    met: Collection[int],
    met_by_all: Collection[int],
    targets: Sequence[Target],
    pairs: Sequence[Intercept],
) -> tuple[LeftOut, ...]:
    """Return the vessels that no sortie goes for, and why."""
    why = why_not(targets, pairs)
    incidents = {one.incident for one in targets if one.mmsi in met_by_all} - {""}
    return tuple(
        LeftOut(
            target,
            why[target.mmsi] or (SAME_INCIDENT if target.incident in incidents else LOWER_VALUE),
            nearest(target, pairs),
        )
        for target in targets
        if target.mmsi not in met
    )


def _us(time: pd.Timestamp) -> int:
    return int((time - pd.Timestamp(0, tz="UTC")) // pd.Timedelta(microseconds=1))


def _targets(inputs: Inputs, planning: Planning) -> list[Target]:
    ranked = inputs.flagged.sort_values("rank", kind="stable")
    columns = (ranked[name].tolist() for name in ("rank", "mmsi", "name", "score", "incident_id"))
    heard = [
        Target(
            int(rank),
            int(mmsi),
            str(name),
            float(score),
            inputs.kinds.get(mmsi, ""),
            inputs.reasons.get(mmsi, ""),
            planning.value_of_kind.get(inputs.kinds.get(mmsi, ""), 1.0),
            str(incident),
            mmsi in inputs.about,
            inputs.concluded.get(mmsi, ()),
        )
        for rank, mmsi, name, score, incident in zip(*columns, strict=True)
    ]
    worth = planning.value_of_kind.get(SEEN, 1.0)
    seen = [
        Target(boat.rank, boat.mmsi, "", boat.score, SEEN, boat.reason, worth, boat.incident, True)
        for boat in inputs.boats
    ]
    return sorted([*heard, *seen], key=lambda target: target.rank)


def _bases(units: Sequence[Unit], sea: SeaMap) -> dict[str, tuple[float, float, float]]:
    """Find the free water nearest to each unit's base, and how far off; units without are out."""
    snapped = sea.snap([u.base.lat for u in units], [u.base.lon for u in units])
    places = zip(*(values.tolist() for values in snapped), strict=True)
    return {u.name: at for u, at in zip(units, places, strict=True) if np.isfinite(at[2])}


def _homes(bases: Mapping[str, tuple[float, float, float]], zones: Zones | None) -> dict[str, str]:
    """Return in whose territorial sea each unit's base lies."""
    if zones is None or not bases:
        return dict.fromkeys(bases, "")
    lat, lon, _ = zip(*bases.values(), strict=True)
    return dict(zip(bases, sea_states(zones, lat, lon), strict=True))


def _assigned(
    problem: Problem,
    sorties: Sequence[Sortie],
    tasks: Sequence[Task],
    pairs: Sequence[Intercept],
    use_solver: bool,
) -> tuple[list[Sailed], str]:
    empty = [Sailed(sortie, ()) for sortie in sorties]
    if not sorties or not tasks:
        return empty, "nothing to assign"
    bases = sorted({(s.lat, s.lon) for s in sorties})
    seas = np.unique([task.job.sea for task in tasks])
    runs = [_run(problem, sortie, bases, seas) for sortie in sorties]
    jobs = [task.job for task in tasks]
    metres = _metres(problem, bases, tasks, sorties)
    ways = {"greedy": assign.greedy(runs, jobs, metres, len(bases))}
    if use_solver:
        solved = assign.solve(
            runs,
            jobs,
            metres,
            len(bases),
            iterations=problem.planning.iterations,
            seed=problem.planning.seed,
        )
        if solved is not None:
            ways["PyVRP"] = solved
    made = {
        name: [
            Sailed(sortie, tuple(sail(problem, sortie, [tasks[k] for k in order])))
            for sortie, order in zip(sorties, orders, strict=True)
        ]
        for name, orders in ways.items()
    }
    best = max(made, key=lambda name: (sum(s.value for s in made[name]), name == "PyVRP"))
    sailed = boarding(problem, made[best], tasks, pairs)
    return searching(problem, sailed, runs, tasks, metres, len(bases)), best


def _run(
    problem: Problem,
    sortie: Sortie,
    bases: Sequence[tuple[float, float]],
    seas: NDArray[np.str_],
) -> Run:
    unit = sortie.unit
    return Run(
        bases.index((sortie.lat, sortie.lon)),
        (sortie.opens_us - problem.start_us) / SECOND_US,
        (sortie.closes_us - problem.start_us) / SECOND_US,
        speed_mps(unit.cruise_kn),
        (unit.endurance_h or np.inf) * 3600.0,
        (unit.endurance_nm or np.inf) * NM,
        unit.boardings,
        unit.boarding_min * 60.0,
        frozenset(seas[~problem.open_to(unit, seas)].tolist()),
    )


def _metres(
    problem: Problem,
    bases: Sequence[tuple[float, float]],
    tasks: Sequence[Task],
    sorties: Sequence[Sortie],
) -> Floats:
    """Distances between bases and tasks; infinite beyond what any sortie could sail."""
    lat = np.array([b[0] for b in bases] + [t.lat for t in tasks])
    lon = np.array([b[1] for b in bases] + [t.lon for t in tasks])
    # Tasks at one place (a sector, a ship at anchor) have the same distances.
    places, place = np.unique(np.column_stack([lat, lon]), axis=0, return_inverse=True)
    n = len(places)
    far_m = max(
        min(
            (s.unit.endurance_nm or np.inf) * NM,
            speed_mps(s.unit.cruise_kn) * (s.closes_us - s.opens_us) / SECOND_US,
        )
        for s in sorties
    )
    between = np.full((n, n), np.inf)
    straight = geodesy.distance_m(
        places[:, None, 0], places[:, None, 1], places[None, :, 0], places[None, :, 1]
    )
    for k in range(n):
        near = k + np.flatnonzero(straight[k, k:] <= far_m)
        here = (float(places[k, 0]), float(places[k, 1]))
        between[k, near] = problem.sea.distances_m(*here, places[near, 0], places[near, 1])
    between = np.minimum(between, between.T)
    return np.asarray(between[np.ix_(place, place)])
