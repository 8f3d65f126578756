"""What is on in an exercise: which planted events, which traps, and the traffic around them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from detectors.surroundings.zones import Zones
from pipelines.exercise import (
    background,
    breakdowns,
    hideouts,
    labours,
    meetings,
    planted,
    scenarios,
    traps,
)
from pipelines.exercise.fleet import Fleet
from pipelines.exercise.receivers import Receivers
from pipelines.exercise.sea import Sea
from pipelines.exercise.stage import Stage
from pipelines.exercise.truth import ExerciseError

VESSELS_PER_PLANTED: Final = 50
"""One planted event of each kind for that many vessels (300 vessels: 6 of each)."""
SEA_ROOM_M: Final = 30.0
"""Clearance of every path from land: more than the error of a reported position."""

_MIX: Final = (
    (background.through, 0.46),
    (background.anchored, 0.16),
    (background.fishing, 0.13),
    (background.caller, 0.08),
    (background.ferry, 0.06),
    (background.harbour_craft, 0.05),
    (background.small_craft, 0.04),
    (background.patrol, 0.02),
)
_COMMON_TRAPS: Final = (traps.pilot_transfer, traps.drift_net, traps.waiting, traps.at_anchor)
_OTHER_TRAPS: Final = (
    traps.tow,
    traps.bunkering,
    traps.overtaking,
    traps.pair_trawl,
    traps.long_pilot_transfer,
    traps.bunkering_in_port,
    *labours.ALL,
)


CLASSIC: Final = ("encounter", "loitering", "gap")
"""Kinds planted here; those of `scenarios.KINDS` and `scenarios.SIGHTINGS` come from there."""


def staged(
    seed: int,
    t0: float,
    t1: float,
    vessels: int,
    zones: Zones,
    kinds: Collection[str] | None = None,
    *,
    innocent: bool = False,
) -> Stage:
    """All ships of an exercise, on their ways, what happens to them, and who listens.

    Of each kind every second planted event is of a hard sort, each sort in its turn. Only `kinds`
    are planted, if any are named, with their traps. Of an `innocent` one nothing is planted; its
    traps are there all the same.
    """
    rng = np.random.default_rng(seed)
    stage = Stage(Sea(zones), rng, Fleet(rng), t0, t1)
    outages = breakdowns.feed_outages(rng, t0, t1)
    stage.receivers = replace(Receivers.draw(rng, t0, t1), feed_outages=outages)
    n = max(1, round(vessels / VESSELS_PER_PLANTED))
    classic = [kind for kind in CLASSIC if kinds is None or kind in kinds]
    for kind, plain, hard in (
        ("encounter", planted.transfer, meetings.ALL),
        ("loitering", planted.loiterer, hideouts.LOITERERS),
        ("gap", planted.silence, hideouts.SILENCES),
    ):
        if kind not in classic or innocent:
            continue
        turns = turns_of(rng, hard, n)
        for k in range(n):
            if k % 2 == 0 or not turns[k](stage):
                plain(stage, unfinished=k % 4 == 2)
    for common in _COMMON_TRAPS if classic else ():
        for _ in range(max(1, round(n / 2))):
            common(stage)
    for trap in turns_of(rng, _OTHER_TRAPS, 2 * n) if classic else ():
        trap(stage)
    scenarios.put(stage, vessels, kinds, innocent=innocent)

    left = vessels - len({actor.ship.mmsi for actor in stage.actors})
    ends = np.round(np.cumsum([share for _, share in _MIX]) * left).astype(int)
    for (put, _), count in zip(_MIX, np.diff(ends, prepend=0), strict=True):
        for _ in range(int(count)):
            put(stage)
    keep_afloat(stage)
    breakdowns.carelessness(stage)
    if kinds is None or "spoofing" in kinds:
        breakdowns.interference(stage)
    stage.receivers = stage.receivers.broken(breakdowns.station_outages(stage))
    return stage


def turns_of(
    rng: np.random.Generator, sorts: Sequence[Callable[[Stage], bool]], n: int
) -> list[Callable[[Stage], bool]]:
    """`n` of the sorts, in random order, none a second time before each has had its turn."""
    turns: list[Callable[[Stage], bool]] = []
    while len(turns) < n:
        turns += [sorts[k] for k in rng.permutation(len(sorts))]
    return turns[:n]


def keep_afloat(stage: Stage) -> None:
    """Check that nobody runs ashore; raises ExerciseError if somebody would."""
    clear = stage.sea.clear_paths([actor.afloat for actor in stage.actors], SEA_ROOM_M)
    if not clear.all():
        names = ", ".join(stage.actors[k].ship.name for k in np.flatnonzero(~clear)[:5])
        raise ExerciseError(
            f"{(~clear).sum()} simulated ships would run ashore, among them {names}",
            hint="the routes are made for the land layer in data/reference/land",
        )
