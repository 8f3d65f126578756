"""Which unit could meet which vessel, straight from its base, and why it couldn't."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.core.arrays import Floats
from detectors.core.frames import SECOND_US
from pipelines.patrol.intercept import speed_mps
from pipelines.patrol.model import (
    CONCLUDED,
    HOUR_US,
    NM,
    NO_POSITION,
    NO_WATER,
    OFF_WATCH,
    OTHERS_SEA,
    OUT_OF_REACH,
    UNCERTAIN,
    Intercept,
    Sortie,
    Target,
)
from pipelines.patrol.problem import Problem
from pipelines.patrol.units import Unit

_NOWHERE: Final = (NO_WATER, NO_POSITION)


def intercepts(
    problem: Problem,
    units: Sequence[Unit],
    bases: Mapping[str, tuple[float, float, float]],
    sorties: Sequence[Sortie],
    targets: Sequence[Target],
) -> list[Intercept]:
    """Every pair's earliest meeting."""
    ticks = problem.prediction.tick_us
    ticks = ticks[(ticks >= problem.start_us) & (ticks <= problem.end_us)]
    pairs: list[Intercept] = []
    known = [t for t in targets if t.mmsi in problem.row]
    lat, lon = np.empty((len(known), len(ticks))), np.empty((len(known), len(ticks)))
    for k, target in enumerate(known):
        at = problem.prediction.at(problem.row[target.mmsi], ticks)
        lat[k], lon[k], _ = problem.sea.snap(*at)
    place = {t.mmsi: k for k, t in enumerate(known)}
    for unit in units:
        mine = [s for s in sorties if s.unit is unit]
        out = np.full(lat.shape, np.inf)
        if unit.name in bases:
            base = bases[unit.name][:2]
            out = problem.sea.distances_m(*base, lat.ravel(), lon.ravel()).reshape(lat.shape)
        for target in targets:
            at_row = place.get(target.mmsi)
            if at_row is None:
                pairs.append(Intercept(unit.name, target, NO_POSITION))
                continue
            way = (lat[at_row], lon[at_row], out[at_row])
            pairs.append(_pair(problem, unit, mine, target, ticks, way))
    return pairs


def why_not(targets: Sequence[Target], pairs: Sequence[Intercept]) -> dict[int, str]:
    """By MMSI why a vessel can't be met at all, or needn't be any more; "" where neither is so."""
    why = {}
    for target in targets:
        if target.concluded:
            why[target.mmsi] = CONCLUDED
            continue
        near = nearest(target, pairs)
        reasons = {p.reason for p in pairs if p.target is target}
        # That of the pair which the plan tells: another unit's, beside it, would contradict it.
        why[target.mmsi] = (
            near.reason if near else next((r for r in _NOWHERE if r in reasons), OUT_OF_REACH)
        )
    return why


def nearest(target: Target, pairs: Sequence[Intercept]) -> Intercept | None:
    """Return the nearest thing to a chance of meeting a vessel that there was."""
    mine = [p for p in pairs if p.target is target and np.isfinite(p.out_nm)]
    able = [p for p in mine if p.reason != OUT_OF_REACH]
    if able:
        return max(able, key=lambda p: (p.reason == "", p.chance, -p.out_nm))
    return min(mine, key=lambda p: p.out_nm, default=None)


def _pair(
    problem: Problem,
    unit: Unit,
    sorties: Sequence[Sortie],
    target: Target,
    ticks: NDArray[np.int64],
    way: tuple[Floats, Floats, Floats],
) -> Intercept:
    lat, lon, out_m = way
    if not np.isfinite(lat).any():
        return Intercept(unit.name, target, NO_WATER)
    chance = problem.chance(problem.row[target.mmsi], ticks, unit.search_nm)
    may = problem.open_to(unit, problem.seas(lat, lon))
    best = _soonest(problem, unit, sorties, ticks, np.where(may, out_m, np.inf), chance)
    off_watch = False
    if not may.all() and (best is None or best[0] != ""):
        met = _soonest(problem, unit, sorties, ticks, out_m, chance)
        if met is not None and met[0] in ("", OFF_WATCH) and not may[met[1]]:
            # A longer watch would send it there; for who comes out later it may wait outside.
            off_watch = met[0] == OFF_WATCH
            met = best if off_watch and best and best[0] == OFF_WATCH else (OTHERS_SEA, *met[1:])
        best = met
    if best is None:
        return Intercept(unit.name, target, OUT_OF_REACH)
    reason, k, speed = best
    return Intercept(
        unit.name,
        target,
        reason,
        int(ticks[k]),
        float(lat[k]),
        float(lon[k]),
        speed,
        float(out_m[k]) / NM,
        float(chance[k]),
        off_watch or reason == OFF_WATCH,
    )


def _soonest(
    problem: Problem,
    unit: Unit,
    sorties: Sequence[Sortie],
    ticks: NDArray[np.int64],
    out_m: Floats,
    chance: Floats,
) -> tuple[str, int, float] | None:
    """Return why a unit can't meet a vessel (empty if it can), at which tick, and its speed; None
    where there is no way at any.
    """
    boarding_us = unit.boarding_min * 60 * SECOND_US
    best: tuple[str, int, float] | None = None
    order = ("", UNCERTAIN, OUT_OF_REACH, OFF_WATCH)
    spans = [(s.opens_us, s.closes_us) for s in sorties]
    for speed in (unit.cruise_kn, unit.max_kn):
        sail_us = out_m / speed_mps(speed) * SECOND_US
        for opens, closes in spans:
            reason, good = _possible(
                problem, unit, speed, ticks, sail_us, out_m, boarding_us, chance, opens, closes
            )
            if good is None:
                continue
            if best is None or order.index(reason) < order.index(best[0]):
                best = (reason, good, speed)
        if best is not None and best[0] == "":
            return best
    if best is not None:
        return best
    # Would it do if the watch were all day? At full speed fuel may not last where it does else.
    span = (problem.start_us, problem.end_us)
    for speed in (unit.cruise_kn, unit.max_kn):
        sail_us = out_m / speed_mps(speed) * SECOND_US
        doubt, tick = _possible(
            problem, unit, speed, ticks, sail_us, out_m, boarding_us, chance, *span
        )
        if tick is not None and (best is None or not doubt):
            best = (doubt or OFF_WATCH, tick, speed)
        if tick is not None and not doubt:
            break
    if best is not None:
        return best
    near = np.flatnonzero(np.isfinite(out_m))
    if not len(near):
        return None
    return OUT_OF_REACH, int(near[np.argmin(out_m[near])]), unit.max_kn


def _possible(
    problem: Problem,
    unit: Unit,
    speed: float,
    ticks: NDArray[np.int64],
    sail_us: Floats,
    out_m: Floats,
    boarding_us: float,
    chance: Floats,
    opens: int,
    closes: int,
) -> tuple[str, int | None]:
    """Find the first tick at which a unit could meet a vessel; a reason where it can't well."""
    back_us = sail_us * speed / unit.cruise_kn
    there = (opens + sail_us <= ticks) & (ticks + boarding_us + back_us <= closes)
    there &= sail_us + boarding_us + back_us <= (unit.endurance_h or np.inf) * HOUR_US
    used_nm = out_m / NM * (1 + (speed / unit.cruise_kn) ** 2)
    there &= used_nm <= (unit.endurance_nm or np.inf)
    if unit.boardings == 0 or not there.any():
        return "", None
    likely = np.flatnonzero(there & (chance >= problem.planning.min_chance))
    if len(likely):
        return "", int(likely[0])
    return UNCERTAIN, int(np.flatnonzero(there)[np.argmax(chance[there])])
