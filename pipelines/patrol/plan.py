"""A patrol plan: flags, patrol units and past events in; who goes where, and why not, out.

Pure: everything that it needs is handed in, and the same inputs give the same plan, byte for byte.

The steps: where each flagged vessel will be; which of them each unit could meet, from its base;
tasks (meetings at several times, patrols of risk sectors) with their expected value, which is score
x chance of being there x what a boarding is worth; an assignment of tasks to units; and, task by
task, the exact time and way, which the assignment only estimated. What doesn't hold then is dropped
and listed with its reason.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core import geodesy
from detectors.core.frames import from_epoch_us
from detectors.core.zones import Zones
from pipelines.patrol import assign
from pipelines.patrol.assign import Job, Run
from pipelines.patrol.intercept import MINUTE_US, Meeting, earliest, speed_mps
from pipelines.patrol.predict import (
    SECOND_US,
    UNDER_WAY,
    Motions,
    Prediction,
    chance_within,
    ellipse_factor,
    motions,
    predict,
)
from pipelines.patrol.seamap import Route, SeaMap
from pipelines.patrol.sectors import Sector, chance_found, sectors
from pipelines.patrol.units import PatrolConfig, Planning, Unit, watches

Floats = NDArray[np.float64]

NM: Final = geodesy.METRES_PER_NM
HOUR_US: Final = 3600 * SECOND_US
STAY_SLOT_H: Final = 4.0
"""What lies still is as good as the same place for so long."""
SHOWN_SHARE: Final = 0.8
"""The region given with a position is said to hold this share of the errors."""

NO_POSITION: Final = "no position in the store"
NO_WATER: Final = "not expected in navigable water that the land layer knows"
UNCERTAIN: Final = "position too uncertain"
OFF_WATCH: Final = "outside watch hours"
OUT_OF_REACH: Final = "out of reach"
LOWER_VALUE: Final = "lower value than what the units do instead"


@dataclass(frozen=True)
class Target:
    """A flagged vessel.

    Attributes
    ----------
    rank, mmsi, name, score, kind, reason
        As flagged; kind and reason of its strongest event.
    worth
        What a boarding of it is worth beside others.
    """

    rank: int
    mmsi: int
    name: str
    score: float
    kind: str
    reason: str
    worth: float


@dataclass(frozen=True)
class Sortie:
    """A part of a unit's watch within the plan.

    Attributes
    ----------
    number
        1, 2, … within the unit.
    lat, lon
        Its base, moved to free water.
    moved_m
        How far it was moved.
    opens_us, closes_us
        When it may leave and must be back.
    """

    unit: Unit
    number: int
    lat: float
    lon: float
    moved_m: float
    opens_us: int
    closes_us: int

    @property
    def name(self) -> str:
        """Unit, and which of its sorties."""
        return self.unit.name if self.number == 1 else f"{self.unit.name}, sortie {self.number}"


@dataclass(frozen=True)
class Stop:
    """One task of a sortie, and the way to it.

    Attributes
    ----------
    target, sector
        What it is: a boarding, or a patrol of a sector; both None: back at base.
    route
        The way from the stop before.
    speed_kn
        Speed on it.
    depart_us, begin_us, end_us
        Leaving the stop before; beginning and end of the task.
    lat, lon
        Where it begins.
    chance
        That the vessel is found (a boarding), that a search finds what is there (a sector).
    value
        Expected value.
    course_deg, along_m, across_m
        Of a vessel: half axes of the region that holds `SHOWN_SHARE` of the errors.
    how
        How the vessel is thought to go on.
    """

    target: Target | None
    sector: Sector | None
    route: Route
    speed_kn: float
    depart_us: int
    begin_us: int
    end_us: int
    lat: float
    lon: float
    chance: float = 0.0
    value: float = 0.0
    course_deg: float = 0.0
    along_m: float = 0.0
    across_m: float = 0.0
    how: str = ""


@dataclass(frozen=True)
class Sailed:
    """A sortie with what it does; `stops` ends with the return, and is empty if it stays in."""

    sortie: Sortie
    stops: tuple[Stop, ...]

    @property
    def value(self) -> float:
        """Expected value of its tasks."""
        return sum(stop.value for stop in self.stops)

    @property
    def distance_nm(self) -> float:
        """Distance sailed to and from tasks."""
        return sum(stop.route.distance_m for stop in self.stops) / NM

    @property
    def hours(self) -> float:
        """From leaving the base to being back."""
        return (self.stops[-1].end_us - self.stops[0].depart_us) / HOUR_US if self.stops else 0.0


@dataclass(frozen=True)
class LeftOut:
    """A flagged vessel that no unit goes for, and why."""

    target: Target
    reason: str
    detail: str


@dataclass(frozen=True)
class Intercept:
    """The earliest meeting of a unit with a flagged vessel, straight from its base."""

    unit: str
    target: Target
    reason: str
    """Empty where it can be done; else one of the reasons for leaving a vessel out."""
    time_us: int = 0
    lat: float = float("nan")
    lon: float = float("nan")
    speed_kn: float = 0.0
    out_nm: float = float("nan")
    chance: float = 0.0


@dataclass(frozen=True)
class Plan:
    """A patrol plan.

    Attributes
    ----------
    run_id, simulated
        The run whose flags it rests on, and whether they are an exercise.
    start_us, end_us, stale_us
        What it covers, and when it shouldn't be followed any more.
    sailed
        Every sortie, with or without tasks.
    left_out
        Flagged vessels that no unit goes for, by rank.
    intercepts
        Every pair of unit and flagged vessel.
    sectors
        Risk sectors considered, riskiest first.
    solver
        How the assignment was found.
    prediction, targets
        What was predicted of whom.
    """

    run_id: str
    simulated: bool
    start_us: int
    end_us: int
    stale_us: int
    sailed: tuple[Sailed, ...]
    left_out: tuple[LeftOut, ...]
    intercepts: tuple[Intercept, ...]
    sectors: tuple[Sector, ...]
    solver: str
    prediction: Prediction
    targets: tuple[Target, ...]
    unplaced: tuple[str, ...] = field(default=())
    """Units whose base lies in no free water."""

    @property
    def value(self) -> float:
        """Expected value of all sorties."""
        return sum(one.value for one in self.sailed)


@dataclass(frozen=True)
class Inputs:
    """What a plan rests on.

    Attributes
    ----------
    run_id, simulated
        The run.
    start
        When the plan begins.
    flagged
        `products.FLAGGED`.
    kinds, reasons
        By MMSI: kind and reason of the vessel's strongest event.
    tracked
        `frames.TRACKED` of the flagged vessels, up to the end of the run.
    past
        `events.EVENTS` of the days before.
    past_days
        Of how many of those days the store holds reports.
    landings
        lat, lon of documented landing places.
    zones
        Lanes and ferry routes among them are followed.
    """

    run_id: str
    simulated: bool
    start: pd.Timestamp
    flagged: pd.DataFrame
    kinds: Mapping[int, str]
    reasons: Mapping[int, str]
    tracked: pd.DataFrame
    past: pd.DataFrame
    past_days: float
    landings: pd.DataFrame
    zones: Zones | None


def make(
    inputs: Inputs,
    config: PatrolConfig,
    sea: SeaMap,
    say: Callable[[str], None] = lambda _: None,
    *,
    use_solver: bool = True,
) -> Plan:
    """Make a plan.

    Parameters
    ----------
    sea
        Water to sail in.
    say
        Called with what is being done.
    use_solver
        False: the greedy rule only.
    """
    planning = config.planning
    start = inputs.start.floor("min")
    end = start + pd.Timedelta(hours=planning.horizon_h)
    start_us, end_us = _us(start), _us(end)
    say("predicting")
    targets = _targets(inputs, planning)
    motion = motions(inputs.tracked, config.prediction)
    prediction = predict(motion, start_us, end_us, config.prediction, inputs.zones, sea)
    bases = _bases(config.units, sea)
    sorties = _sorties(config.units, bases, start, end)
    say("risk sectors")
    risky = sectors(
        inputs.past, inputs.landings, max(inputs.past_days, 1.0), planning.sector_deg,
        planning.max_sectors,
    )  # fmt: skip
    bench = _Bench(planning, sea, prediction, motion, start_us, end_us)
    say("intercepts")
    pairs, why = bench.intercepts(config.units, bases, sorties, targets)
    say("tasks")
    tasks = bench.tasks(sorties, [t for t in targets if why[t.mmsi] == ""], risky)
    say("assigning")
    sailed, solver = bench.assigned(sorties, tasks, use_solver)
    met = {s.target.mmsi for one in sailed for s in one.stops if s.target}
    left = [
        LeftOut(t, why[t.mmsi] or LOWER_VALUE, _detail(t, pairs))
        for t in targets
        if t.mmsi not in met
    ]
    unplaced = tuple(unit.name for unit in config.units if unit.name not in bases)
    return Plan(
        inputs.run_id, inputs.simulated, start_us, end_us,
        start_us + int(planning.stale_after_h * HOUR_US), tuple(sailed), tuple(left),
        tuple(pairs), tuple(risky), solver, prediction, tuple(targets), unplaced,
    )  # fmt: skip


def utc(time_us: int) -> pd.Timestamp:
    """A time of a plan."""
    time: pd.Timestamp = from_epoch_us(np.array([time_us])).iloc[0]
    return time


def _us(time: pd.Timestamp) -> int:
    return int((time - pd.Timestamp(0, tz="UTC")) // pd.Timedelta(microseconds=1))


def _targets(inputs: Inputs, planning: Planning) -> list[Target]:
    ranked = inputs.flagged.sort_values("rank", kind="stable")
    columns = (ranked[name].tolist() for name in ("rank", "mmsi", "name", "score"))
    return [
        Target(
            int(rank), int(mmsi), str(name), float(score), inputs.kinds.get(mmsi, ""),
            inputs.reasons.get(mmsi, ""),
            planning.value_of_kind.get(inputs.kinds.get(mmsi, ""), 1.0),
        )
        for rank, mmsi, name, score in zip(*columns, strict=True)
    ]  # fmt: skip


def _bases(units: Sequence[Unit], sea: SeaMap) -> dict[str, tuple[float, float, float]]:
    """The free water nearest to each unit's base and how far that is; no unit without water."""
    snapped = sea.snap([u.base.lat for u in units], [u.base.lon for u in units])
    places = zip(*(values.tolist() for values in snapped), strict=True)
    return {u.name: at for u, at in zip(units, places, strict=True) if np.isfinite(at[2])}


def _sorties(
    units: Sequence[Unit],
    bases: Mapping[str, tuple[float, float, float]],
    start: pd.Timestamp,
    end: pd.Timestamp,
) -> list[Sortie]:
    return [
        Sortie(unit, number, *bases[unit.name], _us(opens), _us(closes))
        for unit in units
        if unit.name in bases
        for number, (opens, closes) in enumerate(watches(unit, start, end), 1)
    ]


def _detail(target: Target, pairs: Sequence[Intercept]) -> str:
    """The nearest thing to a chance that there was, in words."""
    mine = [p for p in pairs if p.target is target and np.isfinite(p.out_nm)]
    if not mine:
        return ""
    if all(p.reason == OUT_OF_REACH for p in mine):
        near = min(mine, key=lambda p: p.out_nm)
        return f"never nearer than {near.out_nm:.0f} nm to a base ({near.unit})"
    able = [p for p in mine if p.reason != OUT_OF_REACH]
    best = max(able, key=lambda p: (p.reason == "", p.chance, -p.out_nm))
    watch = ", were it on watch" if best.reason == OFF_WATCH else ""
    return (
        f"{best.unit} could meet it {utc(best.time_us):%d %b %H:%M}Z{watch}, {best.out_nm:.0f} nm "
        f"from base; chance of finding it {best.chance:.0%}"
    )


@dataclass(frozen=True)
class _Task:
    """A job with what it is; `row` is the target's row of the prediction."""

    job: Job
    lat: float
    lon: float
    target: Target | None = None
    row: int = -1
    sector: Sector | None = None


class _Bench:
    """What the steps share."""

    def __init__(
        self, planning: Planning, sea: SeaMap, prediction: Prediction, motion: Motions,
        start_us: int, end_us: int,
    ) -> None:  # fmt: skip
        self.planning, self.sea, self.prediction, self.motion = planning, sea, prediction, motion
        self.start_us, self.end_us = start_us, end_us
        self.row = {int(mmsi): k for k, mmsi in enumerate(prediction.mmsi)}

    def chance(self, row: int, time_us: Any, search_nm: float) -> Floats:
        """That a vessel is within reach of a search of where it is expected at times, 0-1."""
        _, along, across = self.prediction.scale_at(row, time_us)
        return chance_within(search_nm * NM, along, across, float(self.prediction.dof[row]))

    # ---- which unit could meet which vessel, from its base

    def intercepts(
        self,
        units: Sequence[Unit],
        bases: Mapping[str, tuple[float, float, float]],
        sorties: Sequence[Sortie],
        targets: Sequence[Target],
    ) -> tuple[list[Intercept], dict[int, str]]:
        """Every pair's earliest meeting, and why a vessel can't be met at all ("" if it can)."""
        ticks = self.prediction.tick_us
        ticks = ticks[(ticks >= self.start_us) & (ticks <= self.end_us)]
        pairs: list[Intercept] = []
        known = [t for t in targets if t.mmsi in self.row]
        lat, lon = np.empty((len(known), len(ticks))), np.empty((len(known), len(ticks)))
        for k, target in enumerate(known):
            at = self.prediction.at(self.row[target.mmsi], ticks)
            lat[k], lon[k], _ = self.sea.snap(*at)
        place = {t.mmsi: k for k, t in enumerate(known)}
        for unit in units:
            mine = [s for s in sorties if s.unit is unit]
            out = np.full(lat.shape, np.inf)
            if unit.name in bases:
                base = bases[unit.name][:2]
                out = self.sea.distances_m(*base, lat.ravel(), lon.ravel()).reshape(lat.shape)
            for target in targets:
                at_row = place.get(target.mmsi)
                if at_row is None:
                    pairs.append(Intercept(unit.name, target, NO_POSITION))
                    continue
                way = (lat[at_row], lon[at_row], out[at_row])
                pairs.append(self._pair(unit, mine, target, ticks, way))
        order = (UNCERTAIN, OFF_WATCH, OUT_OF_REACH, NO_WATER, NO_POSITION)
        why = {}
        for target in targets:
            reasons = {p.reason for p in pairs if p.target is target}
            why[target.mmsi] = (
                "" if "" in reasons else next((r for r in order if r in reasons), OUT_OF_REACH)
            )
        return pairs, why

    def _pair(
        self, unit: Unit, sorties: Sequence[Sortie], target: Target, ticks: NDArray[np.int64],
        way: tuple[Floats, Floats, Floats],
    ) -> Intercept:  # fmt: skip
        lat, lon, out_m = way
        if not np.isfinite(lat).any():
            return Intercept(unit.name, target, NO_WATER)
        chance = self.chance(self.row[target.mmsi], ticks, unit.search_nm)
        boarding_us = unit.boarding_min * 60 * SECOND_US
        best: tuple[str, int, float] | None = None
        order = ("", UNCERTAIN, OUT_OF_REACH, OFF_WATCH)
        spans = [(s.opens_us, s.closes_us) for s in sorties]
        for speed in (unit.cruise_kn, unit.max_kn):
            sail_us = out_m / speed_mps(speed) * SECOND_US
            for opens, closes in spans:
                reason, good = self._possible(
                    unit, speed, ticks, sail_us, out_m, boarding_us, chance, opens, closes
                )
                if good is None:
                    continue
                if best is None or order.index(reason) < order.index(best[0]):
                    best = (reason, good, speed)
            if best is not None and best[0] == "":
                break
        if best is None:
            # Would it do if the watch were all day?
            sail_us = out_m / speed_mps(unit.max_kn) * SECOND_US
            doubt, tick = self._possible(
                unit, unit.max_kn, ticks, sail_us, out_m, boarding_us, chance, self.start_us,
                self.end_us,
            )  # fmt: skip
            near = np.flatnonzero(np.isfinite(out_m))
            if not len(near):
                return Intercept(unit.name, target, OUT_OF_REACH)
            best = (
                (OUT_OF_REACH, int(near[np.argmin(out_m[near])]), unit.max_kn)
                if tick is None
                else (doubt or OFF_WATCH, tick, unit.max_kn)
            )
        reason, k, speed = best
        return Intercept(
            unit.name, target, reason, int(ticks[k]), float(lat[k]), float(lon[k]), speed,
            float(out_m[k]) / NM, float(chance[k]),
        )  # fmt: skip

    def _possible(
        self, unit: Unit, speed: float, ticks: NDArray[np.int64], sail_us: Floats, out_m: Floats,
        boarding_us: float, chance: Floats, opens: int, closes: int,
    ) -> tuple[str, int | None]:  # fmt: skip
        """The first tick at which a unit could meet a vessel; a reason where it isn't likely to."""
        back_us = sail_us * speed / unit.cruise_kn
        there = (opens + sail_us <= ticks) & (ticks + boarding_us + back_us <= closes)
        there &= sail_us + boarding_us + back_us <= (unit.endurance_h or np.inf) * HOUR_US
        used_nm = out_m / NM * (1 + (speed / unit.cruise_kn) ** 2)
        there &= used_nm <= (unit.endurance_nm or np.inf)
        if unit.boardings == 0 or not there.any():
            return "", None
        likely = np.flatnonzero(there & (chance >= self.planning.min_chance))
        if len(likely):
            return "", int(likely[0])
        return UNCERTAIN, int(np.flatnonzero(there)[np.argmax(chance[there])])

    # ---- tasks

    def tasks(
        self, sorties: Sequence[Sortie], targets: Sequence[Target], risky: Sequence[Sector]
    ) -> list[_Task]:
        """Meetings at several times, and patrols of sectors."""
        if not sorties:
            return []
        search_nm = float(np.median([s.unit.search_nm for s in sorties]))
        found: list[_Task] = []
        for target in targets:
            found += self._meetings(target, search_nm, sorties)
        found += self._patrols(sorties, risky)
        return found

    def _meetings(self, target: Target, search_nm: float, sorties: Sequence[Sortie]) -> list[_Task]:
        row = self.row[target.mmsi]
        moving = self.motion.mode[row] == UNDER_WAY
        slot_us = int((self.planning.slot_h if moving else STAY_SLOT_H) * HOUR_US)
        found = []
        for early in range(self.start_us, self.end_us, slot_us):
            late = min(early + slot_us, self.end_us)
            # Only while some watch is on.
            if not any(s.opens_us < late and s.closes_us > early for s in sorties):
                continue
            middle = (early + late) // 2
            chance = float(self.chance(row, middle, search_nm))
            lat, lon, _ = self.sea.snap(*self.prediction.at(row, middle))
            if chance < self.planning.min_chance or not np.isfinite(lat[0]):
                continue
            job = Job(
                row, (early - self.start_us) / SECOND_US, (late - self.start_us) / SECOND_US,
                target.score * chance * target.worth, boarding=True,
            )  # fmt: skip
            found.append(_Task(job, float(lat[0]), float(lon[0]), target, row))
        return found

    def _patrols(self, sorties: Sequence[Sortie], risky: Sequence[Sector]) -> list[_Task]:
        if not risky:
            return []
        lat, lon, moved = self.sea.snap([s.lat for s in risky], [s.lon for s in risky])
        lasts_us = int(self.planning.sector_h * HOUR_US)
        search_nm = float(np.median([s.unit.search_nm for s in sorties]))
        cruise_kn = float(np.median([s.unit.cruise_kn for s in sorties]))
        found = []
        for k, sector in enumerate(risky):
            if not np.isfinite(moved[k]):
                continue
            chance = chance_found(search_nm, cruise_kn, self.planning.sector_h, sector.area_nm2)
            for early in range(self.start_us, self.end_us - lasts_us, lasts_us):
                # It begins within the first half of its time, so that two don't overlap much.
                late = early + lasts_us // 2
                expected = sector.expected(utc(early + lasts_us // 4), self.planning.sector_h)
                job = Job(
                    -1, (early - self.start_us) / SECOND_US, (late - self.start_us) / SECOND_US,
                    expected * chance, boarding=False, duration_s=lasts_us / SECOND_US,
                )  # fmt: skip
                found.append(_Task(job, float(lat[k]), float(lon[k]), sector=sector))
        return found

    # ---- the assignment

    def assigned(
        self, sorties: Sequence[Sortie], tasks: Sequence[_Task], use_solver: bool
    ) -> tuple[list[Sailed], str]:
        """The sorties with their tasks, and how they were found."""
        empty = [Sailed(sortie, ()) for sortie in sorties]
        if not sorties or not tasks:
            return empty, "nothing to assign"
        bases = sorted({(s.lat, s.lon) for s in sorties})
        runs = [self._run(sortie, bases) for sortie in sorties]
        jobs = [task.job for task in tasks]
        metres = self._metres(bases, tasks, sorties)
        ways = {"greedy": assign.greedy(runs, jobs, metres, len(bases))}
        if use_solver:
            solved = assign.solve(
                runs, jobs, metres, len(bases), iterations=self.planning.iterations,
                seed=self.planning.seed,
            )  # fmt: skip
            if solved is not None:
                ways["PyVRP"] = solved
        made = {
            name: self._sailed(sorties, [[tasks[k] for k in order] for order in orders])
            for name, orders in ways.items()
        }
        best = max(made, key=lambda name: (sum(s.value for s in made[name]), name == "PyVRP"))
        return self._none_idle(made[best], runs, tasks, metres, len(bases)), best

    def _none_idle(
        self, sailed: list[Sailed], runs: Sequence[Run], tasks: Sequence[_Task], metres: Floats,
        n_bases: int,
    ) -> list[Sailed]:  # fmt: skip
        """A sortie without a task patrols a sector, however little that promises."""
        done = {s.sector.name for one in sailed for s in one.stops if s.sector}
        for number, (one, run) in enumerate(zip(sailed, runs, strict=True)):
            rows = [
                k for k, t in enumerate(tasks)
                if t.sector is not None and t.sector.name not in done
            ]  # fmt: skip
            if one.stops or not rows:
                continue
            take = np.r_[np.arange(n_bases), n_bases + np.array(rows)]
            jobs = [tasks[k].job for k in rows]
            [order] = assign.greedy([run], jobs, metres[np.ix_(take, take)], n_bases)
            stops = self._sail(one.sortie, [tasks[rows[k]] for k in order])
            sailed[number] = Sailed(one.sortie, tuple(stops))
            done |= {s.sector.name for s in stops if s.sector}
        return sailed

    def _run(self, sortie: Sortie, bases: Sequence[tuple[float, float]]) -> Run:
        unit = sortie.unit
        return Run(
            bases.index((sortie.lat, sortie.lon)),
            (sortie.opens_us - self.start_us) / SECOND_US,
            (sortie.closes_us - self.start_us) / SECOND_US,
            speed_mps(unit.cruise_kn),
            (unit.endurance_h or np.inf) * 3600.0,
            (unit.endurance_nm or np.inf) * NM,
            unit.boardings,
            unit.boarding_min * 60.0,
        )

    def _metres(
        self, bases: Sequence[tuple[float, float]], tasks: Sequence[_Task],
        sorties: Sequence[Sortie],
    ) -> Floats:  # fmt: skip
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
            between[k, near] = self.sea.distances_m(*here, places[near, 0], places[near, 1])
        between = np.minimum(between, between.T)
        return np.asarray(between[np.ix_(place, place)])

    def _sailed(self, sorties: Sequence[Sortie], orders: Sequence[Sequence[_Task]]) -> list[Sailed]:
        return [
            Sailed(sortie, tuple(self._sail(sortie, order)))
            for sortie, order in zip(sorties, orders, strict=True)
        ]

    # ---- one sortie, exactly

    def _sail(self, sortie: Sortie, order: Sequence[_Task]) -> list[Stop]:
        """The stops of a sortie that holds its limits; tasks that don't fit are left out."""
        stops: list[Stop] = []
        home: Stop | None = None
        boarded = 0
        for task in order:
            if task.target is not None and boarded >= sortie.unit.boardings:
                continue
            for speed in (sortie.unit.cruise_kn, sortie.unit.max_kn):
                stop = self._stop(sortie, stops, task, speed)
                back = stop and self._home(sortie, [*stops, stop])
                if stop and back:
                    stops.append(stop)
                    home = back
                    boarded += int(task.target is not None)
                    break
        return [*stops, home] if home else []

    def _stop(
        self, sortie: Sortie, stops: Sequence[Stop], task: _Task, speed: float
    ) -> Stop | None:
        unit = sortie.unit
        here = (stops[-1].lat, stops[-1].lon) if stops else (sortie.lat, sortie.lon)
        ready = stops[-1].end_us if stops else sortie.opens_us
        early = self.start_us + int(task.job.early_s * SECOND_US)
        if task.target is None:
            route = self.sea.route(*here, task.lat, task.lon)
            if route is None or task.sector is None:
                return None
            sail_us = _minutes_up(route.distance_m / speed_mps(speed) * SECOND_US)
            begin = max(ready + sail_us, early)
            late = self.start_us + int(task.job.late_s * SECOND_US)
            if begin > late:
                return None
            end = begin + int(task.job.duration_s * SECOND_US)
            hours = task.job.duration_s / 3600.0
            chance = chance_found(unit.search_nm, unit.cruise_kn, hours, task.sector.area_nm2)
            return Stop(
                None, task.sector, route, speed, begin - sail_us, begin, end, task.lat, task.lon,
                chance, task.sector.expected(utc(begin), hours) * chance,
            )  # fmt: skip
        meeting = earliest(
            self.sea, here, ready, speed, self.prediction, task.row, max(early, ready),
            min(sortie.closes_us, self.end_us),
        )  # fmt: skip
        if meeting is None:
            return None
        return self._boarding(unit, task, task.target, meeting, speed)

    def _boarding(
        self, unit: Unit, task: _Task, target: Target, meeting: Meeting, speed: float
    ) -> Stop | None:
        chance = float(self.chance(task.row, meeting.time_us, unit.search_nm))
        if chance < self.planning.min_chance:
            return None
        course, along, across = self.prediction.scale_at(task.row, meeting.time_us)
        factor = float(ellipse_factor(SHOWN_SHARE, self.prediction.dof[task.row]))
        sail_us = _minutes_up(meeting.route.distance_m / speed_mps(speed) * SECOND_US)
        return Stop(
            target, None, meeting.route, speed, meeting.time_us - sail_us, meeting.time_us,
            meeting.time_us + _minutes_up(unit.boarding_min * 60 * SECOND_US),
            meeting.lat, meeting.lon, chance, target.score * chance * target.worth,
            float(course), float(along) * factor, float(across) * factor,
            self.prediction.how[task.row],
        )  # fmt: skip

    def _home(self, sortie: Sortie, stops: Sequence[Stop]) -> Stop | None:
        """The way back, None where the sortie would break a limit."""
        unit, last = sortie.unit, stops[-1]
        if stops[0].depart_us < sortie.opens_us:
            return None
        route = self.sea.route(last.lat, last.lon, sortie.lat, sortie.lon)
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
        return Stop(
            None, None, route, unit.cruise_kn, last.end_us, back, back, sortie.lat, sortie.lon
        )


def _used_nm(stop: Stop, unit: Unit) -> float:
    """What a stop takes of the unit's endurance.

    Fuel over a distance grows with the square of the speed (the Admiralty coefficient: power with
    its cube), and a sector is searched at cruising speed.
    """
    searched_h = (stop.end_us - stop.begin_us) / HOUR_US if stop.sector else 0.0
    way_nm = stop.route.distance_m / NM * (stop.speed_kn / unit.cruise_kn) ** 2
    return way_nm + searched_h * unit.cruise_kn


def _minutes_up(time_us: float) -> int:
    return int(np.ceil(time_us / MINUTE_US)) * MINUTE_US
