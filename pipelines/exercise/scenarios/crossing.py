"""Who else is about at night, or fast, where people are carried over."""

from typing import Final

from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.exercise import background
from pipelines.exercise.geography import Place, line
from pipelines.exercise.motion import UNDER_WAY, join, sail, still
from pipelines.exercise.scenarios.common import (
    Passage,
    around,
    berthed,
    dark_span,
    nights,
    water_in,
)
from pipelines.exercise.stage import Stage
from pipelines.exercise.tries import TRIES, Scenario


def night_ferry(stage: Stage) -> bool:
    """Let a ferry keep to its line and its hours by night as by day."""
    spans = nights(stage)
    if not spans:
        return False
    background.ferry(stage)
    actor = stage.actors[-1]
    for span in spans:
        stage.plant("crossing", [(actor.ship, actor.path)], span, "night ferry")
    return True


def patrol(stage: Stage) -> bool:
    """Let a patrol craft leave its port by night, go about the Strait and come back."""
    rng = stage.rng
    craft = stage.fleet.new("patrol")
    for _ in range(TRIES):
        base = water_in(stage, "port", 200.0)
        if not base:
            return False
        places = [base[0]]
        for _ in range(int(rng.integers(3, 7))):
            places.append(around(stage, base[0], 3.0, 15.0))
        way = line(*places, base[0])
        if not stage.clear(way, clearance_m=300.0):
            continue
        trip = sail(way, craft.speed_kn, rng, wander_m=80.0, unsteady=0.1)
        return _go(stage, Passage(craft, trip), base[0], "patrol craft")
    return False


def crew_boat(stage: Stage) -> bool:
    """Let a service boat go by night from a port to a ship at anchor, wait, and come back."""
    rng = stage.rng
    boat = stage.fleet.new("crew boat")
    for _ in range(TRIES):
        base, ship = water_in(stage, "port", 200.0), water_in(stage, "anchorage", 400.0)
        if not base or not ship:
            return False
        way = line(base[0], ship[0])
        near = 2 * METRES_PER_NM < way.length_m < 15 * METRES_PER_NM
        if not near or not stage.clear(way, clearance_m=150.0):
            continue
        over = sail(way, boat.speed_kn, rng, wander_m=20.0)
        waits = still(ship[0], float(rng.uniform(300, 1500)), UNDER_WAY)
        back = sail(way.reversed(), boat.speed_kn, rng, wander_m=20.0)
        return _go(stage, Passage(boat, join(over, waits, back)), base[0], "crew boat")
    return False


def _go(stage: Stage, craft: Passage, base: Place, note: str) -> bool:
    span = dark_span(stage, craft.path.duration_s)
    if span is None:
        return False
    path = berthed(stage, base, craft.path, span[0])
    return stage.play("crossing", [(craft.ship, path)], span, note)


TRAPS: Final[tuple[Scenario, ...]] = (night_ferry, patrol, crew_boat)
