"""Scenarios beyond meeting, loitering and silence: who says he is somebody or somewhere else, who
crosses by night, who is visited, who may have met, who was only seen; and what resembles them.

Written from what the words mean, without regard to how a detector goes about finding it.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

from pipelines.exercise.scenarios import (
    crossing,
    identity,
    misread,
    mother_ship,
    outlier,
    possible_meeting,
    sightings,
    spoofing,
)
from pipelines.exercise.stage import Stage
from pipelines.exercise.tries import Scenario
from pipelines.exercise.truth import Sighting

VESSELS_PER_PLANTED: Final = 75
_FULL: Final = 0.75
"""Share of the ships that may belong to something planted or a trap."""


class Sorts(NamedTuple):
    """What there is of a kind, and how many of it for each `VESSELS_PER_PLANTED`."""

    planted: Sequence[Scenario]
    traps: Sequence[Scenario]
    share: float = 1.0


KINDS: Final[Mapping[str, Sorts]] = {
    "identity": Sorts(identity.PLANTED, misread.TRAPS),
    "spoofing": Sorts(spoofing.PLANTED, spoofing.TRAPS),
    "crossing": Sorts(crossing.PLANTED, crossing.TRAPS),
    "possible_meeting": Sorts(possible_meeting.PLANTED, possible_meeting.TRAPS, 0.5),
    "mother_ship": Sorts(mother_ship.PLANTED, mother_ship.TRAPS, 0.5),
    "outlier": Sorts(outlier.PLANTED, outlier.TRAPS, 0.5),
}
SIGHTINGS: Final = "unmatched_sighting"
"""The kind that `see` plants, once all ships are there."""


def put(
    stage: Stage,
    vessels: int,
    kinds: Collection[str] | None = None,
    *,
    innocent: bool = False,
) -> None:
    """Put the scenarios of these kinds (all, if none are named) on the stage, and their traps.

    Each sort of a kind has its turn before one comes again. What doesn't fit into the exercise
    (a crossing into one without a night) is left out.
    """
    wanted = {k: sorts for k, sorts in KINDS.items() if kinds is None or k in kinds}
    rounds: list[tuple[float, list[Scenario]]] = []
    for sorts in wanted.values():
        n = int(vessels / VESSELS_PER_PLANTED * sorts.share + 0.5)
        for scenarios in (sorts.traps,) if innocent else (sorts.planted, sorts.traps):
            turns = _turns(stage, scenarios, n)
            rounds += [((k + 0.5) / n, turns[k:] + turns[:k]) for k in range(n)]
    for _, ready in sorted(rounds, key=lambda one: one[0]):
        if len({actor.ship.mmsi for actor in stage.actors}) > _FULL * vessels:
            return
        any(fits(stage, scenario, innocent=innocent) for scenario in ready)


def fits(stage: Stage, scenario: Scenario, *, innocent: bool = False) -> bool:
    """Put a scenario on the stage, and tell whether it fitted; on an innocent night nothing is put
    there that deserves a look, not even around a trap.
    """
    actors, events = len(stage.actors), len(stage.events)
    fitted = scenario(stage)
    if innocent and any(event.suspicious for event in stage.events[events:]):
        del stage.actors[actors:], stage.events[events:]
        return False
    return fitted


def see(stage: Stage, vessels: int, kinds: Collection[str] | None = None) -> list[Sighting]:
    """Return what others saw of the ships, and of `unmatched_sighting` boats if that kind is
    wanted.
    """
    wanted = kinds is None or SIGHTINGS in kinds
    return sightings.see(stage, int(vessels / VESSELS_PER_PLANTED + 0.5) if wanted else 0)


def _turns(stage: Stage, scenarios: Sequence[Scenario], n: int) -> list[Scenario]:
    """At least `n` of the scenarios and one of each, in random order, none a second time before
    each has had its turn.
    """
    turns: list[Scenario] = []
    while len(turns) < max(n, len(scenarios)):
        turns += [scenarios[int(k)] for k in stage.rng.permutation(len(scenarios))]
    return turns


__all__ = ["KINDS", "SIGHTINGS", "put", "see"]
