"""What is on in an exercise, on a sea as hard as the real one, and what is wrong with it.

A tidal stream carries all that drifts and turns all that swings; a quarter of the ships has class
B, half of these with numbers that nobody gave them; boats lie at a hundred villages that are in no
zone; a fifth of what crews type in is missing or false; no track ends at sea but for a reason that
the truth tells; reports are misdated, copied and false (`faults`).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, NamedTuple

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
    statements,
    traps,
)
from pipelines.exercise.fleet import Fleet
from pipelines.exercise.receivers import Receivers
from pipelines.exercise.scenarios import (
    anchoring,
    boarding,
    crossing,
    hulls,
    identity,
    misread,
    mother_ship,
    outlier,
    people,
    possible_meeting,
    relays,
    shores,
    spoofing,
    village,
)
from pipelines.exercise.sea import Sea
from pipelines.exercise.stage import Stage
from pipelines.exercise.stream import Stream
from pipelines.exercise.tries import Scenario
from pipelines.exercise.truth import ExerciseError

CLASS_B: Final = 0.25
ODD_NUMBERS: Final = 0.5
VESSELS_PER_PLANTED: Final = 60
"""One planted event of each kind, and one trap, for that many vessels."""
_FULL: Final = 0.7
"""Share of the ships that may belong to something planted or a trap."""
SEA_ROOM_M: Final = 30.0
"""Clearance of every path from land: more than the error of a reported position."""


class Sorts(NamedTuple):
    """What there is of a kind, and how many of it for each `VESSELS_PER_PLANTED`."""

    planted: Sequence[Scenario]
    traps: Sequence[Scenario]
    share: float = 1.0


SORTS: Final[Mapping[str, Sorts]] = {
    "encounter": Sorts(
        (planted.transfer, *boarding.ENCOUNTERS, *meetings.ALL),
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
        (*village.TRAPS, *crossing.TRAPS),
        2.0,
    ),
    "anchoring": Sorts(anchoring.PLANTED, anchoring.TRAPS),
    "identity": Sorts(
        (*identity.PLANTED, hulls.two_numbers),
        (*misread.TRAPS, hulls.shared_default),
    ),
    "spoofing": Sorts(spoofing.PLANTED, spoofing.TRAPS),
    "mother_ship": Sorts(
        (*boarding.MOTHER_SHIPS, *mother_ship.PLANTED),
        (*boarding.RAFTS, *mother_ship.TRAPS),
        0.7,
    ),
    "possible_meeting": Sorts(possible_meeting.PLANTED, possible_meeting.TRAPS, 0.5),
    "outlier": Sorts(outlier.PLANTED, outlier.TRAPS, 0.5),
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
    """Put all ships of an exercise on their ways, with what happens to them and who listens.

    Only `kinds` are planted, if any are named, with their traps. Of an `innocent` one nothing is
    planted; its traps are there all the same.
    """
    rng = np.random.default_rng(seed)
    outages = breakdowns.feed_outages(rng, t0, t1)
    receivers = replace(Receivers.draw(rng, t0, t1), feed_outages=outages)
    fleet = Fleet(rng, odd_numbers=ODD_NUMBERS)
    stage = Stage(Sea(zones), rng, fleet, t0, t1, Stream.draw(rng, t0), receivers=receivers)
    shores.settle(stage)
    _put(stage, vessels, kinds, innocent=innocent)
    _fill(stage, vessels)
    _keep_afloat(stage)
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
            queue = [some[k] for k in stage.rng.permutation(len(some))]
            rounds += [((k + 0.5) / n, queue) for k in range(n)]
    for _, queue in sorted(rounds, key=lambda one: one[0]):
        if len(_numbers(stage)) > _FULL * vessels:
            return
        for scenario in tuple(queue):
            if _stays_afloat(stage, partial(_fits, stage, scenario, innocent=innocent)):
                # None has a second turn before all others have had one, or couldn't.
                queue.remove(scenario)
                queue.append(scenario)
                break


def _fits(stage: Stage, scenario: Scenario, *, innocent: bool) -> bool:
    """Put a scenario on the stage, and tell whether it fitted; on an innocent night nothing is put
    there that deserves a look, not even around a trap.
    """
    actors, events = len(stage.actors), len(stage.events)
    fitted = scenario(stage)
    if innocent and any(event.suspicious for event in stage.events[events:]):
        del stage.actors[actors:], stage.events[events:]
        return False
    return fitted


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


def _keep_afloat(stage: Stage) -> None:
    """Check that nobody runs ashore; raises ExerciseError if somebody would."""
    clear = stage.sea.clear_paths([actor.afloat for actor in stage.actors], SEA_ROOM_M)
    if not clear.all():
        names = ", ".join(stage.actors[k].ship.name for k in np.flatnonzero(~clear)[:5])
        raise ExerciseError(
            f"{(~clear).sum()} simulated ships would run ashore, among them {names}",
            hint="the routes are made for the land layer in data/reference/land",
        )
