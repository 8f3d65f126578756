"""Positions that are not so: jumps, circles, land, copies, stuck ones; and what looks alike."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Final

import numpy as np

from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.exercise import background, geography
from pipelines.exercise.geography import Line, Place, line
from pipelines.exercise.motion import (
    AT_ANCHOR,
    MOORED,
    RESTRICTED,
    UNDER_WAY,
    Path,
    join,
    sail,
    stay,
    still,
)
from pipelines.exercise.scenarios.common import (
    EVER,
    NEVER,
    Passage,
    around,
    berthed,
    boat_run,
    circle,
    enter_parts,
    fixed,
    in_area,
    moved,
    passage,
    water_in,
)
from pipelines.exercise.stage import HOUR_S, Span, Stage, Transmits, start_from
from pipelines.exercise.tries import TRIES, Scenario, within

Told = Callable[[Stage, Span, Passage], bool]


def _of_a_victim(shortest_h: float, longest_h: float) -> Callable[[Told], Scenario]:
    """Draw a span, and a ship in the lane that is heard meanwhile; one in six a small class B
    craft.
    """

    def of(tell: Told) -> Scenario:
        @wraps(tell)
        def scenario(stage: Stage) -> bool:
            for _ in range(3):  # a long span may find no ship that is heard all along
                span = stage.span(shortest_h, longest_h)
                if span is None:
                    return False
                before_s = min(HOUR_S, span[0] - stage.t0)
                lasts_s = span[1] - span[0] + before_s + 0.5 * HOUR_S
                found = None
                if stage.rng.random() < 1 / 6 and lasts_s < 4 * HOUR_S:
                    found = boat_run(stage, span[0] - before_s, lasts_s)
                found = found or passage(stage, *span)
                if found:
                    return tell(stage, span, found)
            return False

        return scenario

    return of


# ---- deserves a look


@_of_a_victim(1.0, 5.0)
def jump(stage: Stage, span: Span, found: Passage) -> bool:
    """Let a ship be elsewhere for 1-5 h, as its transmitter says: drifting, at anchor or sailing
    25-250 nm away; then back.
    """
    rng = stage.rng
    there = _sea_place(stage, found.path.place(span[0]), 25, 250)
    if there is None:
        return False
    lasts_s = span[1] - span[0]
    how = int(rng.integers(3))
    if how == 0:
        false = stay(there, lasts_s, rng, mode="drift", status=UNDER_WAY)
    elif how == 1:
        false = stay(there, lasts_s, rng, mode="anchor", status=AT_ANCHOR)
    else:
        speed_kn = float(rng.uniform(8, 15))
        length_m = speed_kn * geodesy.KNOT_MPS * lasts_s * 1.1
        false = sail(
            line(there, geography.away(*there, rng.uniform(0, 360), length_m)), speed_kn, rng
        )
        if not in_area(false.lat, false.lon) or not stage.clear(false):
            false = stay(there, lasts_s, rng, mode="drift", status=UNDER_WAY)
    return _spoof(stage, found, span, false.shifted(span[0]), "position jumps away and back")


@_of_a_victim(0.7, 5.0)
def circles(stage: Stage, span: Span, found: Passage) -> bool:
    """Let a ship go round and round at a constant speed, as it says, 10-200 nm from where it is."""
    rng = stage.rng
    centre = _sea_place(stage, found.path.place(span[0]), 10, 200, clear_nm=2.5)
    if centre is None:
        return False
    radius_m = float(rng.uniform(0.2, 2.0)) * METRES_PER_NM * float(rng.choice((-1.0, 1.0)))
    false = circle(centre, radius_m, float(rng.uniform(4.0, 18.0)), *span)
    return _spoof(stage, found, span, false, "circles far from the true place")


@_of_a_victim(0.7, 4.0)
def ashore(stage: Stage, span: Span, found: Passage) -> bool:
    """Let a ship be miles inland, as it says: at one place, or going round there."""
    rng = stage.rng
    here = found.path.place(sum(span) / 2)
    for _ in range(TRIES * 4):
        there = around(stage, here, 8, 90)
        lat, lon = geodesy.destination(*there, np.arange(0, 360, 30), 2 * METRES_PER_NM)
        if in_area(lat, lon) and stage.sea.zones.on_land(lat, lon).all():
            break
    else:
        return False
    if rng.random() < 0.5:
        false = circle(there, float(rng.uniform(150, 1500)), float(rng.uniform(3, 12)), *span)
    else:
        false = still(there, span[1] - span[0], UNDER_WAY)
        false = false.shifted(span[0])
    return _spoof(stage, found, span, false, "positions on land")


@_of_a_victim(1.0, 6.0)
def offset(stage: Stage, span: Span, found: Passage) -> bool:
    """All positions of a ship are off by the same 3-20 nm for some hours."""
    false = _offset_copy(stage, found.path.within(*span), 3)
    if false is None:
        return False
    return _spoof(stage, found, span, false, "constant offset")


@_of_a_victim(1.0, 6.0)
def offset_copy(stage: Stage, span: Span, found: Passage) -> bool:
    """Beside a ship's own reports there is a copy of them, off by the same 4-20 nm."""
    ship, path = found
    true = path.within(*span)
    false = _offset_copy(stage, true, 4)
    if false is None:
        return False
    stage.enter(ship, path)
    stage.enter(ship, false, [(span[1], EVER)], aerial=true, named=False)
    stage.plant("spoofing", [found], span, "constant-offset copy", suspicious=True)
    return True


@_of_a_victim(1.0, 4.0)
def frozen(stage: Stage, span: Span, found: Passage) -> bool:
    """Let a ship under way say the same position for 1-4 h; speed and course go on, or stop
    as well.
    """
    true = found.path.within(*span)
    false = fixed(true, found.path.place(span[0]))
    how: Transmits = {"exact": True, "true_speed": bool(stage.rng.random() < 0.7)}
    return _spoof(stage, found, span, false, "frozen position under way", how)


def _spoof(
    stage: Stage,
    found: Passage,
    span: Span,
    false: Path,
    note: str,
    how: Transmits | None = None,
) -> bool:
    """Let a ship say what is true, then `false` during the span, then what is true again."""
    ship, path = found
    enter_parts(stage, path, [(ship, NEVER, span[0])])
    false = false.within(*span)
    settings: Transmits = {"aerial": path.within(*span), **(how or {})}
    stage.enter(ship, false, [(span[1], EVER)], **settings)
    enter_parts(stage, path, [(ship, span[1], EVER)])
    stage.plant("spoofing", [(ship, path)], span, note, suspicious=True)
    return True


def _sea_place(
    stage: Stage, here: Place, nearest_nm: float, farthest_nm: float, *, clear_nm: float = 3.0
) -> Place | None:
    for _ in range(TRIES):
        there = around(stage, here, nearest_nm, farthest_nm)
        spot = geography.spot(there)
        if in_area(*spot, 0.5) and stage.sea.clear(*spot, clear_nm * METRES_PER_NM)[0]:
            return there
    return None


def _offset_copy(stage: Stage, true: Path, nearest_nm: float) -> Path | None:
    here = true.start_place
    for _ in range(TRIES):
        there = around(stage, here, nearest_nm, 20)
        false = moved(true, there[0] - here[0], there[1] - here[1])
        if in_area(false.lat, false.lon) and stage.clear(false):
            return false
    return None


# ---- only looks like it


def one_bad_fix(stage: Stage) -> bool:
    """Let a single report of a ship be miles off."""
    span = stage.span(60 / HOUR_S, 60 / HOUR_S + 1e-9)
    found = span and passage(stage, *span)
    if not span or not found:
        return False
    ship, path = found
    there = around(stage, path.place(span[0]), 1.0, 300.0)
    if not in_area(*geography.spot(there)):
        return False
    true = path.within(*span)
    enter_parts(stage, path, [(ship, NEVER, span[0])])
    # At no speed a report is due every minute, so that exactly one falls into this one.
    stage.enter(
        ship, fixed(true, there), [(span[1], EVER)], aerial=true, true_speed=True, named=False
    )
    enter_parts(stage, path, [(ship, span[1], EVER)])
    around_it = span[0] - 600.0, span[1] + 600.0
    stage.plant("spoofing", [found], around_it, "single corrupt fix")
    return True


def swinging(stage: Stage) -> bool:
    """Let a ship at anchor swing all the way round its anchor, once in 4-12 h."""
    rng = stage.rng
    place = water_in(stage, "anchorage", background.SWING_ROOM_M + 100.0)
    if not place:
        return False
    ship = stage.fleet.new(background.lane_model(stage))
    t = np.arange(stage.t0, stage.t1 + 120.0, 120.0)
    turn_s = float(rng.uniform(4, 12)) * HOUR_S
    angle = rng.uniform(0, 360) + 360.0 * (t - t[0]) / turn_s + 6 * np.sin(t / 240.0)
    lat, lon = geodesy.destination(*place[0], angle, float(rng.uniform(150, 330)))
    path = Path(t, lat, lon, np.full(len(t), AT_ANCHOR))
    return stage.play("spoofing", [(ship, path)], stage.whole, "swinging round its anchor")


@within(3.0, 8.0, tries=1)
def survey_lines(stage: Stage, span: Span) -> bool:
    """Let a survey ship go to and fro along parallel lines for hours."""
    rng = stage.rng
    speed_kn, length_nm = float(rng.uniform(4, 6)), float(rng.uniform(2, 5))
    spacing_m, bearing = float(rng.uniform(100, 400)), float(rng.uniform(0, 360))
    n = int((span[1] - span[0]) / HOUR_S * speed_kn / length_nm) + 1
    for _ in range(TRIES // 4):
        corner = stage.open_water()
        step = np.repeat(np.arange(n), 2)
        far = np.tile([0, 1, 1, 0], n)[: 2 * n]
        lat, lon = geodesy.destination(*corner, bearing + 90.0, step * spacing_m)
        lat, lon = geodesy.destination(lat, lon, bearing, far * length_nm * METRES_PER_NM)
        lines = Line(lat, lon)
        way = stage.detour(stage.direction(), corner)
        if way is None or not stage.clear(lines, clearance_m=METRES_PER_NM / 2):
            continue
        ship = stage.fleet.new("survey")
        arrival = sail(way[0], ship.speed_kn, rng)
        work = sail(lines, speed_kn, rng, wander_m=5.0, unsteady=0.01, status=RESTRICTED)
        out = start_from(work.end_place, way[1])
        if not stage.clear(out):
            continue
        path = join(arrival, work, sail(out, ship.speed_kn, rng))
        path = path.shifted(span[0] - arrival.duration_s)
        worked = span[0], span[0] + work.duration_s
        return stage.play("spoofing", [(ship, path)], worked, "survey lines")
    return False


@within(0.5, 1.5, tries=1)
def pilot_circling(stage: Stage, span: Span) -> bool:
    """Let a pilot boat go round in circles off its port, waiting for a ship, then come back."""
    rng = stage.rng
    for _ in range(TRIES):
        base = water_in(stage, "port", 150.0)
        if not base:
            return False
        ground = around(stage, base[0], 1.5, 6.0)
        radius_m = float(rng.uniform(300, 900))
        speed_kn = float(rng.uniform(5, 9))
        rounds = circle(ground, radius_m, speed_kn, 0.0, span[1] - span[0])
        begin, end = rounds.start_place, rounds.end_place
        ways = line(base[0], begin), line(end, base[0])
        if not stage.clear(rounds, *ways, clearance_m=150.0):
            continue
        pilot = stage.fleet.new("pilot")
        out = sail(ways[0], pilot.speed_kn, rng, wander_m=10.0)
        trip = join(out, rounds, sail(ways[1], pilot.speed_kn, rng, wander_m=10.0))
        path = berthed(stage, base[0], trip, span[0] - out.duration_s)
        return stage.play("spoofing", [(pilot, path)], span, "pilot boat circling")
    return False


def unmoved(stage: Stage) -> bool:
    """Let a moored ship send the very same coordinates all day, some with a wrong status."""
    berth = water_in(stage, "port", 120.0)
    if not berth:
        return False
    ship = replace(stage.fleet.new(background.lane_model(stage)))
    status = int(stage.rng.choice((MOORED, MOORED, UNDER_WAY)))
    path = still(berth[0], stage.duration_s, status)
    path = path.shifted(stage.t0)
    stage.enter(ship, path, exact=True)
    stage.plant("spoofing", [(ship, path)], stage.whole, "moored, coordinates unchanged")
    return True


PLANTED: Final[tuple[Scenario, ...]] = (jump, circles, ashore, offset, frozen, offset_copy)
TRAPS: Final[tuple[Scenario, ...]] = (one_bad_fix, swinging, survey_lines, pilot_circling, unmoved)
