"""Hulls and numbers that don't go one to one: two sets on one ship, one number in many sets."""

from dataclasses import replace

from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.exercise.motion import Path
from pipelines.exercise.scenarios.common import passage
from pipelines.exercise.scenarios.village import off_its_coast
from pipelines.exercise.stage import Stage
from pipelines.exercise.tries import TRIES

TWO_NUMBERS = "one hull under two numbers"
SHARED = "two boats on one default number"


def two_numbers(stage: Stage) -> bool:
    """Let a ship carry two sets with numbers of their own, some metres apart, for hours on end."""
    span = stage.span(2.0, 6.0)
    found = span and passage(stage, *span)
    if not span or not found:
        return False
    ship, path = found
    rng = stage.rng
    other = stage.fleet.new("fishing" if rng.random() < 0.5 else ship.model)
    lat, lon = geodesy.destination(
        path.lat, path.lon, float(rng.uniform(0, 360)), float(rng.uniform(2.0, 12.0))
    )
    stage.enter(ship, path)
    stage.enter(other, Path(path.t, lat, lon, path.status))
    both = max(float(path.t[0]), stage.t0), min(float(path.t[-1]), stage.t1)
    ships = [(ship, path), (other, path)]
    stage.plant("identity", ships, both, TWO_NUMBERS, suspicious=True)
    return True


def shared_default(stage: Stage) -> bool:
    """Let two boats fish far apart with the number that their sets came with: no pretence."""
    number = 9_000_000 + int(stage.rng.integers(1000)) * 1000
    first = len(stage.actors)
    for _ in range(TRIES):
        made = off_its_coast(stage)
        if made is None:
            return False
        apart_m = min(
            (
                float(geodesy.distance_m(*made.path.place(t), *stage.actors[first].path.place(t)))
                for t in (stage.t0, stage.t1)
            ),
            default=0.0,
        )
        if len(stage.actors) == first + 1:
            continue
        if apart_m > 25 * METRES_PER_NM:
            break
        stage.actors.pop()
    else:
        del stage.actors[first:]
        return False
    for k in (first, first + 1):
        actor = stage.actors[k]
        stage.actors[k] = replace(actor, ship=replace(actor.ship, mmsi=number))
    place = stage.actors[first].path.place(stage.t0)
    stage.mark("identity", (number, 0), (stage.t0, stage.t1), place, SHARED)
    return True
