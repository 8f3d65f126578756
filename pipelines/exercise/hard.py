"""A sea as hard as the real one: what is on in it, and what is wrong with it.

What differs from a calm sea (`programme`): a tidal stream carries all that drifts and turns all
that swings; a quarter of the ships has class B, half of these with numbers that nobody gave them;
boats lie at a hundred villages that are in no zone; a fifth of what crews type in is missing or
false; no track ends at sea but for a reason that the truth tells; reports are misdated, copied and
false (`faults`). Planted are also the boats that carry people, boarders and ships at anchor off
limits.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np

from detectors.surroundings.zones import Zones
from pipelines.exercise import (
    background,
    breakdowns,
    faults,
    hideouts,
    homecoming,
    labours,
    meetings,
    planted,
    scenarios,
    statements,
    traps,
)
from pipelines.exercise.fleet import Fleet
from pipelines.exercise.programme import SEA_ROOM_M, keep_afloat, turns_of
from pipelines.exercise.receivers import Receivers
from pipelines.exercise.scenarios import (
    Sorts,
    anchoring,
    boarding,
    crossing,
    hulls,
    people,
    possible_meeting,
    relays,
    shores,
    village,
)
from pipelines.exercise.sea import Sea
from pipelines.exercise.stage import Stage
from pipelines.exercise.stream import Stream
from pipelines.exercise.tries import Scenario

CLASS_B: Final = 0.25
ODD_NUMBERS: Final = 0.5
VESSELS_PER_PLANTED: Final = 60
"""One planted event of each kind, and one trap, for that many vessels."""
_FULL: Final = 0.7
"""Share of the ships that may belong to something planted or a trap."""


_CUSTOMARY: Final = (meetings.among_the_anchored,)
"""Ships at anchor in waters where they may not be are no traps."""
_MEETINGS: Final = tuple(sort for sort in meetings.ALL if sort not in _CUSTOMARY)
_OLD: Final = scenarios.KINDS

SORTS: Final[Mapping[str, Sorts]] = {
    "encounter": Sorts(
        (planted.transfer, *boarding.ENCOUNTERS, *_MEETINGS),
        (
            traps.pilot_transfer,
            traps.tow,
            traps.bunkering,
            traps.overtaking,
            traps.pair_trawl,
            traps.long_pilot_transfer,
            traps.bunkering_in_port,
            *boarding.TRAPS,
            *boarding.RAFTS,
            labours.transfer_in_its_area,
            labours.crew_change,
            labours.convoy,
        ),
        1.5,
    ),
    "loitering": Sorts(
        (planted.loiterer, *hideouts.LOITERERS),
        (
            traps.drift_net,
            traps.waiting,
            traps.at_anchor,
            labours.tow_that_stops,
            labours.engine_trouble,
            labours.search,
            labours.ferry_off_berth,
            labours.survey,
            labours.cable_laying,
            labours.fleet_at_rest,
        ),
    ),
    "gap": Sorts((planted.silence, *hideouts.SILENCES), ()),
    "crossing": Sorts(
        (*people.PLANTED, *relays.PLANTED),
        (*village.TRAPS, crossing.night_ferry, crossing.patrol, crossing.crew_boat),
        2.0,
    ),
    "anchoring": Sorts(anchoring.PLANTED, anchoring.TRAPS),
    "identity": Sorts(
        (*_OLD["identity"].planted, hulls.two_numbers),
        (*_OLD["identity"].traps, hulls.shared_default),
    ),
    "spoofing": Sorts(_OLD["spoofing"].planted, _OLD["spoofing"].traps),
    "mother_ship": Sorts(
        (*boarding.MOTHER_SHIPS, *_OLD["mother_ship"].planted),
        (*boarding.RAFTS, *_OLD["mother_ship"].traps),
        0.7,
    ),
    "possible_meeting": Sorts(possible_meeting.PLANTED, possible_meeting.TRAPS, 0.5),
    "outlier": Sorts(_OLD["outlier"].planted, _OLD["outlier"].traps, 0.5),
}
_BOATS: Final = (
    (village.lying, 0.42),
    (village.out_fishing, 0.3),
    (village.buoys, 0.06),
    (background.fishing, 0.12),
    (background.small_craft, 0.1),
)
_BOATS_LEAST: Final = 0.1
"""Share of what fills up, however many boats there are already."""
_SHIPS: Final = (
    (background.through, 0.38),
    (background.anchored, 0.14),
    (background.caller, 0.08),
    (background.ferry, 0.05),
    (background.harbour_craft, 0.06),
    (village.lying_larger, 0.26),
    (background.patrol, 0.03),
)


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
    """Put all ships of an exercise on the stage, as `programme.staged` does for a calm sea.

    Of an `innocent` one nothing is planted; its traps are there all the same.
    """
    rng = np.random.default_rng(seed)
    stage = Stage(Sea(zones), rng, Fleet(rng, odd_numbers=ODD_NUMBERS), t0, t1)
    outages = breakdowns.feed_outages(rng, t0, t1)
    stage.receivers = replace(Receivers.draw(rng, t0, t1), feed_outages=outages)
    stage.stream = Stream.draw(rng, t0)
    shores.settle(stage)
    _put(stage, vessels, kinds, innocent=innocent)
    _fill(stage, vessels)
    keep_afloat(stage)
    homecoming.bring_home(stage)
    statements.falsify(stage)
    if kinds is None or "spoofing" in kinds:
        breakdowns.interference(stage)
    stage.receivers = stage.receivers.broken(breakdowns.station_outages(stage))
    stage.faults = faults.plan(stage)
    return stage


def _put(stage: Stage, vessels: int, kinds: Collection[str] | None, *, innocent: bool) -> None:
    rounds: list[tuple[float, list[Scenario]]] = []
    for kind, sorts in SORTS.items():
        n = int(vessels / VESSELS_PER_PLANTED * sorts.share + 0.5)
        if kinds is not None and kind not in kinds:
            continue
        for some in (sorts.traps,) if innocent else (sorts.planted, sorts.traps):
            queue = turns_of(stage.rng, some, len(some)) if some else []
            rounds += [((k + 0.5) / n, queue) for k in range(n)]
    for _, queue in sorted(rounds, key=lambda one: one[0]):
        if len(_numbers(stage)) > _FULL * vessels:
            return
        for scenario in tuple(queue):
            if _stays_afloat(stage, partial(scenarios.fits, stage, scenario, innocent=innocent)):
                # None has a second turn before all others have had one, or couldn't.
                queue.remove(scenario)
                queue.append(scenario)
                break


def _fill(stage: Stage, vessels: int) -> None:
    """Fill up with what goes on anyway, so that a quarter has class B."""
    left = max(vessels - len(_numbers(stage)), 0)
    boats = len({a.ship.mmsi for a in stage.actors if a.ship.ais_class == "B"})
    wanted = int(np.clip(round(CLASS_B * vessels) - boats, round(_BOATS_LEAST * left), left))
    for mix, count in ((_BOATS, wanted), (_SHIPS, left - wanted)):
        ends = np.round(np.cumsum([share for _, share in mix]) * count).astype(int)
        for (put, _), n in zip(mix, np.diff(ends, prepend=0), strict=True):
            for _ in range(int(n)):
                if len(_numbers(stage)) < vessels:
                    _stays_afloat(stage, partial(put, stage))


def _stays_afloat(stage: Stage, put: Callable[[], object]) -> bool:
    """Put something on the stage, and take it off again where its helm would run it ashore."""
    actors, events = len(stage.actors), len(stage.events)
    fitted = put()
    paths = [actor.afloat for actor in stage.actors[actors:]]
    if not stage.clear(*paths, clearance_m=SEA_ROOM_M):
        del stage.actors[actors:], stage.events[events:]
        return False
    return bool(fitted)


def _numbers(stage: Stage) -> set[int]:
    return {actor.ship.mmsi for actor in stage.actors}
