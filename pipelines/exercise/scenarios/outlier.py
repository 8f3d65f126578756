"""Out of the ordinary, which takes weeks of the ordinary to see: only in long exercises, on their
last day.
"""

from typing import Final

import numpy as np

from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.exercise import background, geography, radio
from pipelines.exercise.geography import Line
from pipelines.exercise.motion import NOT_UNDER_COMMAND, UNDER_WAY, join, sail
from pipelines.exercise.scenarios.common import WELL_HEARD
from pipelines.exercise.stage import HOUR_S, Stage
from pipelines.exercise.tries import TRIES, Scenario

NEEDS_S: Final = 7 * 24 * HOUR_S
"""Length of an exercise from which on an ordinary has been seen."""


def against_the_lane(stage: Stage) -> bool:
    """Let a ship go 20-50 nm down the wrong side of the lane."""
    rng = stage.rng
    start = _on_last_day(stage, 5.0)
    if start is None:
        return False
    direction = stage.direction()
    own = geography.lane(direction, float(rng.uniform(-1, 1)))
    wrong = geography.lane("west" if direction == "east" else "east", float(rng.uniform(-0.5, 1)))
    wrong = wrong.reversed()
    ship = stage.fleet.new(background.lane_model(stage))
    for _ in range(TRIES):
        from_m = float(rng.uniform(0.1, 0.8)) * wrong.length_m
        contrary = wrong.cut(from_m, from_m + float(rng.uniform(20, 50)) * METRES_PER_NM)
        marks = contrary.at(np.linspace(0.0, contrary.length_m, 30))
        if not np.all(radio.best_hearing(*marks) > WELL_HEARD):
            continue
        leaves = own.nearest_m(*contrary.start_place)[0]
        again = own.nearest_m(*contrary.end_place)[0]
        room_m = 4 * METRES_PER_NM
        if leaves < 2 * room_m or again + 2 * room_m > own.length_m:
            continue
        before, after = own.cut(0.0, leaves - room_m), own.cut(again + room_m, own.length_m)
        lat = np.r_[before.lat, contrary.lat, after.lat]
        lon = np.r_[before.lon, contrary.lon, after.lon]
        if not stage.clear(Line(lat, lon)):
            continue
        path = sail(Line(lat, lon), ship.speed_kn, rng)
        reaches = before.then(contrary.start_place).length_m
        pace_s = 1.0 / (ship.speed_kn * geodesy.KNOT_MPS)
        path = path.shifted(start - reaches * pace_s)
        span = start, start + contrary.length_m * pace_s
        return stage.play("outlier", [(ship, path)], span, "against the lane", suspicious=True)
    return False


def off_route(stage: Stage) -> bool:
    """Let a ship leave the lane and go at 3-5 kn through open water where ships don't go."""
    rng = stage.rng
    start = _on_last_day(stage, 6.0)
    if start is None:
        return False
    for _ in range(TRIES):
        place = stage.open_water()
        ways = stage.detour(stage.direction(), place)
        if ways is None:
            continue
        ship = stage.fleet.new(str(rng.choice(("cargo", "tanker"))))
        before, after = ways
        parts = before.along_m[-2], after.along_m[1]
        slow = Line(np.r_[before.lat[-2:], after.lat[1]], np.r_[before.lon[-2:], after.lon[1]])
        arrival = sail(before.cut(0.0, float(parts[0])), ship.speed_kn, rng)
        odd = sail(slow, float(rng.uniform(3.0, 5.0)), rng, status=UNDER_WAY)
        rest = sail(after.cut(float(parts[1]), after.length_m), ship.speed_kn, rng)
        if odd.duration_s > 6 * HOUR_S or odd.duration_s < 1.5 * HOUR_S:
            continue
        path = join(arrival, odd, rest).shifted(start - arrival.duration_s)
        span = start, start + odd.duration_s
        return stage.play(
            "outlier", [(ship, path)], span, "slowly, off all routes", suspicious=True
        )
    return False


def engine_trouble(stage: Stage) -> bool:
    """Let a ship in its own lane slow to 3-5 kn for some hours and say it isn't under command."""
    rng = stage.rng
    start = _on_last_day(stage, 5.0)
    if start is None:
        return False
    ship = stage.fleet.new(background.lane_model(stage))
    for _ in range(TRIES):
        own = geography.lane(stage.direction(), float(rng.uniform(-1, 1)))
        slow_kn = float(rng.uniform(3.0, 5.0))
        from_m = float(rng.uniform(0.1, 0.8)) * own.length_m
        to_m = from_m + slow_kn * float(rng.uniform(2, 4)) * METRES_PER_NM
        slow = own.cut(from_m, to_m)
        if not np.all(radio.best_hearing(slow.lat, slow.lon) > WELL_HEARD):
            continue
        arrival = sail(own.cut(0.0, from_m), ship.speed_kn, rng)
        limp = sail(slow, slow_kn, rng, status=NOT_UNDER_COMMAND)
        path = join(arrival, limp, sail(own.cut(to_m, own.length_m), ship.speed_kn, rng))
        path = path.shifted(start - arrival.duration_s)
        span = start, start + limp.duration_s
        return stage.play("outlier", [(ship, path)], span, "not under command")
    return False


def _on_last_day(stage: Stage, lasts_h: float) -> float | None:
    if stage.duration_s < NEEDS_S:
        return None
    return float(stage.rng.uniform(stage.t1 - 23 * HOUR_S, stage.t1 - lasts_h * HOUR_S))


PLANTED: Final[tuple[Scenario, ...]] = (against_the_lane, off_route)
TRAPS: Final[tuple[Scenario, ...]] = (engine_trouble,)
