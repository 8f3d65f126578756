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
from typing import Final

import numpy as np

from detectors.core.arrays import Bools, Floats

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
    early, late, value, group = (
        np.array([getattr(job, name) for job in jobs], "float64")
        for name in ("early_s", "late_s", "value", "group")
    )
    boarding = np.array([job.boarding for job in jobs], bool)
    orders: list[list[int]] = [[] for _ in runs]
    place = [run.base for run in runs]
    time = [run.opens_s for run in runs]
    left: list[float | None] = [None] * len(runs)
    sailed, boarded = [0.0] * len(runs), [0] * len(runs)
    lasts_s = [np.array([run.duration_s(job) for job in jobs]) for run in runs]
    lengths_m = [np.array([run.length_m(job) for job in jobs]) for run in runs]
    may = [run.may(jobs) for run in runs]
    free = value > 0
    while free.any():
        best: tuple[float, int, int, float] | None = None
        for number, run in enumerate(runs):
            lasts, lengths = lasts_s[number], lengths_m[number]
            out, back = metres[place[number], n_bases:], metres[n_bases:, run.base]
            away = np.isfinite(out) & np.isfinite(back)
            out, back = np.where(away, out, 0.0), np.where(away, back, 0.0)
            begin = np.maximum(time[number] + out / run.speed_mps, early)
            home = begin + lasts + back / run.speed_mps
            departs = left[number] if left[number] is not None else begin - out / run.speed_mps
            good = free & may[number] & away & (begin <= late) & (home <= run.closes_s)
            good &= home - departs <= run.endurance_s
            good &= sailed[number] + out + lengths + back <= run.endurance_m
            if boarded[number] >= run.boardings:
                good &= ~boarding
            rows = np.flatnonzero(good)
            if not len(rows):
                continue
            rate = value[rows] / np.maximum(begin[rows] + lasts[rows] - time[number], 1.0)
            k = int(rows[np.argmax(rate)])
            if best is None or rate.max() > best[0]:
                best = (float(rate.max()), number, k, float(begin[k]))
        if best is None:
            break
        _, number, k, begun = best
        run = runs[number]
        out_m = float(metres[place[number], n_bases + k])
        if left[number] is None:
            left[number] = begun - out_m / run.speed_mps
        sailed[number] += out_m + run.length_m(jobs[k])
        boarded[number] += int(boarding[k])
        place[number], time[number] = n_bases + k, begun + run.duration_s(jobs[k])
        orders[number].append(k)
        free[k] = False
        if group[k] >= 0:
            free &= group != group[k]
    return orders


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
    distances, durations, vehicles = [], [], []
    for number, run in enumerate(runs):
        # What a job takes depends on the unit, so it is a part of the way onwards.
        lasts = np.r_[np.zeros(n_bases), [run.duration_s(job) for job in jobs]]
        seconds = np.where(np.isfinite(metres), metres / run.speed_mps, NEVER) + lasts[:, None]
        seconds = np.minimum(np.ceil(seconds), NEVER).astype("int64")
        sails = np.r_[np.zeros(n_bases), [run.length_m(job) for job in jobs]]
        length = np.where(np.isfinite(metres), metres / _METRES, NEVER) + sails[:, None] / _METRES
        length = np.minimum(np.ceil(length), NEVER).astype("int64")
        seconds[:, n_bases:][:, ~run.may(jobs)] = NEVER
        np.fill_diagonal(seconds, 0)
        np.fill_diagonal(length, 0)
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
