"""Which unit does which tasks, in which order, so that the expected value is greatest.

A team orienteering problem with time windows: prizes for tasks, optional visits, a limit of time
and distance for each sortie. A moving target is several tasks, one for each time at which it may be
met, of which at most one is done. PyVRP solves it (Wouda, Lan & Kool 2024, PyVRP: a
high-performance VRP solver package, INFORMS Journal on Computing 36(4), 943-955,
doi:10.1287/ijoc.2023.0055), with a fixed seed and number of iterations, so that the same problem
has the same solution. `greedy` is the plain rule beside it: the best value per hour next.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from detectors.core.arrays import Bools, Floats, Ints

PRIZE_SCALE: Final = 1e6
_METRES: Final = 1000.0
"""The solver's unit of distance: only breaks ties between equal prizes."""
NEVER: Final = 10**7
"""Seconds, or kilometres, that no sortie has."""


@dataclass(frozen=True)
class Job:
    """Something that a unit may do."""

    group: int
    """Of the jobs of one group (not negative) at most one is done; -1: on its own."""
    early_s: float
    late_s: float
    """When it may begin, seconds since the plan's start."""
    value: float
    """What it is worth, 0 or more."""
    boarding: bool
    """Whether it is a boarding, of which a sortie has so many and which takes it so long."""
    duration_s: float = 0.0
    """How long it takes, if it isn't a boarding."""
    sea: str = ""
    """In whose territorial sea."""


@dataclass(frozen=True)
class Run:
    """A sortie to be filled."""

    base: int
    """Number of its base: the first rows of the distances are the bases'."""
    opens_s: float
    closes_s: float
    """When it may leave and must be back, seconds since the plan's start."""
    speed_mps: float
    """Its speed from job to job."""
    endurance_s: float
    endurance_m: float
    """From leaving to being back."""
    boardings: int
    boarding_s: float
    """How many it can do, how long each takes."""
    closed: frozenset[str] = frozenset()
    """Territorial seas in which it does nothing."""

    def may(self, jobs: Sequence[Job]) -> Bools:
        """Tell which jobs lie where this sortie may do them."""
        return np.array([job.sea not in self.closed for job in jobs], bool)

    def duration_s(self, job: Job) -> float:
        """Return how long this sortie takes for a job."""
        return self.boarding_s if job.boarding else job.duration_s

    def length_m(self, job: Job) -> float:
        """Return how far it sails for a job, once there: an area is searched, a vessel boarded
        lies.
        """
        return 0.0 if job.boarding else self.speed_mps * job.duration_s


def greedy(
    runs: Sequence[Run], jobs: Sequence[Job], metres: Floats, n_bases: int
) -> list[list[int]]:
    """Jobs of each run in their order: again and again the most value for the time that it takes.

    Parameters
    ----------
    metres
        Distances between the bases and jobs, in that order; infinite where there is no way.
    n_bases
        How many of its rows are bases.
    """
    free = np.array([job.value for job in jobs], "float64") > 0
    group = np.array([job.group for job in jobs])
    sorties = [_Sortie(run, jobs, metres, n_bases) for run in runs]
    while free.any():
        offers = [(offer, one) for one in sorties if (offer := one.best(free)) is not None]
        if not offers:
            break
        (_, job, begin_s), sortie = max(offers, key=lambda pair: pair[0][0])
        sortie.add(job, begin_s)
        free[job] = False
        if group[job] >= 0:
            free &= group != group[job]
    return [sortie.order for sortie in sorties]


class _Sortie:
    """What a run does so far, and what it could do next; arguments are as of `greedy`."""

    def __init__(self, run: Run, jobs: Sequence[Job], metres: Floats, n_bases: int) -> None:
        self.run, self.metres, self.n_bases = run, metres, n_bases
        self.early_s, self.late_s, self.value = (
            np.array([getattr(job, name) for job in jobs], "float64")
            for name in ("early_s", "late_s", "value")
        )
        self.boarding = np.array([job.boarding for job in jobs], bool)
        self.lasts_s = np.array([run.duration_s(job) for job in jobs])
        self.lengths_m = np.array([run.length_m(job) for job in jobs])
        self.may = run.may(jobs)
        self.order: list[int] = []
        self.place, self.time_s, self.sailed_m, self.boarded = run.base, run.opens_s, 0.0, 0
        self.left_s: float | None = None

    def best(self, free: Bools) -> tuple[float, int, float] | None:
        """Return the value for its time of the best of the free jobs, which it is, and when it
        begins; None where the run can do none.
        """
        run = self.run
        out, back = self.metres[self.place, self.n_bases :], self.metres[self.n_bases :, run.base]
        away = np.isfinite(out) & np.isfinite(back)
        out, back = np.where(away, out, 0.0), np.where(away, back, 0.0)
        begin = np.maximum(self.time_s + out / run.speed_mps, self.early_s)
        home = begin + self.lasts_s + back / run.speed_mps
        departs = self.left_s if self.left_s is not None else begin - out / run.speed_mps
        good = free & self.may & away & (begin <= self.late_s) & (home <= run.closes_s)
        good &= home - departs <= run.endurance_s
        good &= self.sailed_m + out + self.lengths_m + back <= run.endurance_m
        if self.boarded >= run.boardings:
            good &= ~self.boarding
        rows = np.flatnonzero(good)
        if not len(rows):
            return None
        took_s = np.maximum(begin[rows] + self.lasts_s[rows] - self.time_s, 1.0)
        rate = self.value[rows] / took_s
        job = int(rows[np.argmax(rate)])
        return float(rate.max()), job, float(begin[job])

    def add(self, job: int, begin_s: float) -> None:
        """Do a job next."""
        out_m = float(self.metres[self.place, self.n_bases + job])
        if self.left_s is None:
            self.left_s = begin_s - out_m / self.run.speed_mps
        self.sailed_m += out_m + self.lengths_m[job]
        self.boarded += int(self.boarding[job])
        self.place, self.time_s = self.n_bases + job, begin_s + self.lasts_s[job]
        self.order.append(job)


def _ways(run: Run, jobs: Sequence[Job], metres: Floats, n_bases: int) -> tuple[Ints, Ints]:
    """Return how far, in `_METRES`, and for how long a run sails from each place to each.

    What a job takes depends on the unit, so it is a part of the way onwards.
    """
    lasts = np.r_[np.zeros(n_bases), [run.duration_s(job) for job in jobs]]
    seconds = np.where(np.isfinite(metres), metres / run.speed_mps, NEVER) + lasts[:, None]
    seconds = np.minimum(np.ceil(seconds), NEVER).astype("int64")
    sails = np.r_[np.zeros(n_bases), [run.length_m(job) for job in jobs]]
    length = np.where(np.isfinite(metres), metres / _METRES, NEVER) + sails[:, None] / _METRES
    length = np.minimum(np.ceil(length), NEVER).astype("int64")
    seconds[:, n_bases:][:, ~run.may(jobs)] = NEVER
    np.fill_diagonal(seconds, 0)
    np.fill_diagonal(length, 0)
    return length, seconds


def solve(
    runs: Sequence[Run],
    jobs: Sequence[Job],
    metres: Floats,
    n_bases: int,
    *,
    iterations: int,
    seed: int,
) -> list[list[int]] | None:
    """Find the same by PyVRP; None where it isn't installed, or finds nothing."""
    try:
        import pyvrp
        from pyvrp.exceptions import PenaltyBoundWarning
        from pyvrp.stop import MaxIterations
    except ImportError:
        return None
    if not runs or not jobs:
        return None
    groups: dict[int, list[int]] = {}
    for number, job in enumerate(jobs):
        if job.group >= 0:
            groups.setdefault(job.group, []).append(number)
    ordinal = {group: k for k, group in enumerate(groups)}
    clients = [
        pyvrp.Client(
            n_bases + number,
            delivery=[int(job.boarding)],
            tw_early=int(np.ceil(job.early_s)),
            tw_late=int(job.late_s),
            prize=round(job.value * PRIZE_SCALE),
            required=False,
            group=ordinal[job.group] if job.group >= 0 else None,
        )
        for number, job in enumerate(jobs)
    ]
    distances, durations, vehicles = list[Any](), list[Any](), []
    for number, run in enumerate(runs):
        length, seconds = _ways(run, jobs, metres, n_bases)
        distances.append(length)
        durations.append(seconds)
        vehicles.append(
            pyvrp.VehicleType(
                1,
                capacity=[run.boardings],
                start_depot=run.base,
                end_depot=run.base,
                tw_early=int(np.ceil(run.opens_s)),
                tw_late=int(run.closes_s),
                shift_duration=int(min(run.endurance_s, NEVER)),
                max_distance=int(min(run.endurance_m / _METRES, NEVER)),
                unit_distance_cost=1,
                profile=number,
            )
        )
    data = pyvrp.ProblemData(
        [pyvrp.Location(0, 0) for _ in range(len(metres))],
        clients,
        [pyvrp.Depot(number) for number in range(n_bases)],
        vehicles,
        distances,
        durations,
        [pyvrp.ClientGroup(members, required=False) for members in groups.values()],
    )
    with warnings.catch_warnings():
        # Penalties at their bound: many tasks exclude one another, which it says on the way.
        warnings.simplefilter("ignore", PenaltyBoundWarning)
        found = pyvrp.solve(
            data, MaxIterations(iterations), seed=seed, collect_stats=False, display=False
        )
    if not found.is_feasible():
        return None
    orders: list[list[int]] = [[] for _ in runs]
    for route in found.best.routes():
        orders[route.vehicle_type()] = [
            int(visit.idx) for visit in route.schedule() if visit.is_client()
        ]
    return orders if any(orders) else None
