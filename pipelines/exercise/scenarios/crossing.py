"""Fast small craft from coast to coast by night; and who else is about at night, or fast."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import KNOT_MPS, METRES_PER_NM
from pipelines.exercise import background, geography, radio
from pipelines.exercise.geography import Place, line
from pipelines.exercise.motion import UNDER_WAY, Path, join, sail, stay, still
from pipelines.exercise.scenarios.common import (
    BOAT_HEARD,
    Passage,
    across,
    around,
    berthed,
    coast,
    nights,
    solar_span,
    water_in,
    with_a_bend,
)
from pipelines.exercise.stage import Span, Stage
from pipelines.exercise.tries import TRIES, Scenario

# ---- deserves a look


def straight_over(stage: Stage) -> bool:
    """Let a fast boat cross in one go, with or without static data."""
    return _over(stage, _crossing(stage), "fast boat across by night")


def partly_heard(stage: Stage) -> bool:
    """Let a fast boat cross; its transmitter is on for a part of the way only."""
    found = _crossing(stage)
    if found is None:
        return False
    (boat, path), leg = found[0], found[1][0]
    rng = stage.rng
    on, off = float(rng.uniform(0.0, 0.35)), float(rng.uniform(0.65, 1.0))
    at = [leg[0] + share * (leg[1] - leg[0]) for share in (on, off)]
    stage.enter(boat, path, [(-np.inf, at[0]), (at[1], np.inf)], named=bool(rng.random() < 0.5))
    _plant(stage, *found, "fast boat across by night, partly heard")
    return True


def and_back(stage: Stage) -> bool:
    """Let a fast boat cross, wait 15-60 min off the other coast, and return in the same night."""
    return _over(stage, _crossing(stage, returns=True), "fast boat across by night and back")


def _over(stage: Stage, found: tuple[Passage, list[Span]] | None, note: str) -> bool:
    if found is None:
        return False
    stage.enter(*found[0], named=bool(stage.rng.random() < 0.5))
    _plant(stage, *found, note)
    return True


def _crossing(
    stage: Stage, *, model: str = "speedboat", returns: bool = False, by_day: bool = False
) -> tuple[Passage, list[Span]] | None:
    """Return a craft on its way over, some minutes off either coast before and after, and when it
    crosses.
    """
    rng = stage.rng
    for _ in range(TRIES // 4):
        way, boat = across(stage), stage.fleet.new(model)
        if way is None:
            return None
        way = with_a_bend(stage, way, 0.2, clearance_m=150.0)
        over = sail(
            way,
            boat.speed_kn,
            rng,
            wander_m=float(rng.uniform(20, 250)),
            unsteady=float(rng.uniform(0.02, 0.12)),
        )
        waits = float(rng.uniform(0, 1200)), float(rng.uniform(900, 3600))
        home = over.end_place
        parts = [over]
        if returns:
            back = sail(way.reversed(), boat.speed_kn, rng, wander_m=60.0)
            pause = stay(home, waits[1], rng, mode="drift", status=UNDER_WAY, drift_kn=0.2)
            parts += [pause, back]
        span = solar_span(stage, sum(part.duration_s for part in parts), by_day=by_day)
        if span is None:
            continue
        start = way.start_place
        before = still(start, waits[0] + 60.0, UNDER_WAY)
        end = parts[-1].end_place
        after = still(end, float(rng.uniform(60, 900)), UNDER_WAY)
        path = join(before, *parts, after).shifted(span[0] - before.duration_s)
        if not stage.clear(path, clearance_m=50.0):
            continue
        legs = [(span[0], span[0] + over.duration_s)]
        if returns:
            legs.append((span[1] - parts[-1].duration_s, span[1]))
        return Passage(boat, path), legs
    return None


def _plant(stage: Stage, boat: Passage, legs: Sequence[Span], note: str) -> None:
    for leg in legs:
        stage.plant("crossing", [boat], leg, note, suspicious=True)


# ---- only looks like it


def night_ferry(stage: Stage) -> bool:
    """Let a ferry keep to its line and its hours by night as by day."""
    spans = nights(stage)
    if not spans:
        return False
    background.ferry(stage)
    actor = stage.actors[-1]
    for span in spans:
        stage.plant("crossing", [(actor.ship, actor.path)], span, "night ferry", suspicious=False)
    return True


def by_day(stage: Stage) -> bool:
    """Let a fast boat cross in daylight."""
    return _harmless(stage, _crossing(stage, by_day=True), "fast boat across by day")


def slowly(stage: Stage) -> bool:
    """Let a fishing boat go over at 6-8 kn by night."""
    return _harmless(stage, _crossing(stage, model="fishing"), "fishing boat slowly across")


def _harmless(stage: Stage, found: tuple[Passage, list[Span]] | None, note: str) -> bool:
    return found is not None and stage.play(
        "crossing", [found[0]], found[1][0], note, suspicious=False
    )


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
    span = solar_span(stage, craft.path.duration_s)
    if span is None:
        return False
    path = berthed(stage, base, craft.path, span[0])
    return stage.play("crossing", [(craft.ship, path)], span, note, suspicious=False)


def along_the_coast(stage: Stage) -> bool:
    """Let a fast boat run by night from one place on a coast to another on the same coast."""
    rng, along = stage.rng, geography.axis()
    boat = stage.fleet.new("speedboat")
    knots = along.along_m
    for _ in range(TRIES * 2):
        mark_m = float(rng.uniform(knots[3], knots[18]))
        apart_m = float(rng.uniform(12, 35)) * METRES_PER_NM
        lat, lon = along.at(np.array([mark_m, mark_m + apart_m]))
        square = float(geodesy.bearing_deg(lat[0], lon[0], lat[1], lon[1])) + 90.0
        side = square + float(rng.choice((0.0, 180.0)))
        off_m = float(rng.uniform(1000, 3000))
        ends = [
            coast(stage, (float(a), float(b)), side, 50.0, off_m)
            for a, b in zip(lat, lon, strict=True)
        ]
        if ends[0] is None or ends[1] is None or ends[0].country != ends[1].country:
            continue
        way = line(ends[0].place, ends[1].place)
        marks = way.at(np.linspace(0.0, way.length_m, 20))
        off = stage.sea.zones.distance_to_land_m(*marks, 6 * METRES_PER_NM)
        heard = radio.best_hearing(*marks, class_b=True) > BOAT_HEARD
        span = solar_span(stage, way.length_m / (boat.speed_kn * KNOT_MPS))
        if span is None:
            return False
        if not heard.all() or not np.isfinite(off).all() or not stage.clear(way, clearance_m=300.0):
            continue
        path: Path = sail(way, boat.speed_kn, rng).shifted(span[0])
        return stage.play(
            "crossing", [(boat, path)], span, "fast boat along one coast", suspicious=False
        )
    return False


PLANTED: Final[tuple[Scenario, ...]] = (straight_over, partly_heard, and_back)
TRAPS: Final[tuple[Scenario, ...]] = (
    night_ferry,
    by_day,
    patrol,
    crew_boat,
    along_the_coast,
    slowly,
)
