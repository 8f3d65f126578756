"""The traffic in which the rest happens: lane, callers, anchored ships, ferries, fishing fleets."""

from typing import Final

import numpy as np
import shapely

from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.exercise import geography, radio
from pipelines.exercise.fleet import Identity
from pipelines.exercise.geography import FERRIES, Line, Place, line
from pipelines.exercise.motion import AT_ANCHOR, MOORED, UNDER_WAY, Path, join, sail, stay, still
from pipelines.exercise.stage import HOUR_S, Stage, start_from
from pipelines.exercise.tries import TRIES
from pipelines.exercise.truth import ExerciseError

SWING_ROOM_M: Final = 350.0
"""Clearance from land of a place to anchor: the ship swings up to 300 m from where it stopped."""
FOUL_M: Final = 250.0
"""Ships at anchor lie no nearer to one another: each swings about an anchor of its own, by the
length of cable and ship."""
_LOCAL_TIME_S: Final = 8 * HOUR_S
"""Malaysia, Singapore and Riau Islands ahead of UTC (Sumatra, an hour less, sails by its own)."""
GROUND_RADIUS_M: Final = 1.6 * METRES_PER_NM
"""Of a fishing ground."""


def lane_model(stage: Stage) -> str:
    """Draw what sort of ship comes along the lane."""
    models = ("cargo", "container", "tanker", "gas")
    return str(stage.rng.choice(models, p=(0.42, 0.22, 0.30, 0.06)))


def through(stage: Stage) -> None:
    """Let a ship sail through the whole Strait, at least 2 h of it within the exercise."""
    rng = stage.rng
    ship = stage.fleet.new(lane_model(stage))
    way = geography.lane(stage.direction(), float(rng.uniform(-1, 1)))
    path = sail(way, ship.speed_kn, rng)
    margin_s = min(2 * HOUR_S, stage.duration_s / 2)
    departure = rng.uniform(stage.t0 + margin_s - path.duration_s, stage.t1 - margin_s)
    stage.enter(ship, path.shifted(float(departure)))


def caller(stage: Stage) -> None:
    """Let a ship leave the lane for an anchorage, or weigh anchor and join the lane."""
    rng = stage.rng
    when = float(rng.uniform(stage.t0, stage.t1))
    for _ in range(TRIES):
        place = stage.sea.spot(some_anchorage(stage), rng, SWING_ROOM_M)
        if place is None or not has_room(stage, place):
            continue
        way = stage.detour(stage.direction(), place)
        if way is None:
            continue
        ship = stage.fleet.new(lane_model(stage))
        if rng.random() < 0.5:
            arrival = sail(way[0], ship.speed_kn, rng, ease_out=True)
            rest_s = stage.t1 - when + HOUR_S
            anchored_path = stage.stay(place, rest_s, mode="anchor", status=AT_ANCHOR, start=when)
            path = join(arrival, anchored_path).shifted(when - arrival.duration_s)
        else:
            rest_s = when - stage.t0 + HOUR_S
            anchored_path = stage.stay(
                place, rest_s, mode="anchor", status=AT_ANCHOR, start=when - rest_s
            )
            out = start_from(anchored_path.end_place, way[1])
            departure = sail(out, ship.speed_kn, rng, ease_in=True)
            path = join(anchored_path, departure).shifted(when - rest_s)
        stage.enter(ship, path)
        return
    anchored(stage)


def anchored(stage: Stage) -> tuple[Identity, Path]:
    """Let a ship lie at anchor for the whole exercise, some 250-500 m from the others."""
    rng = stage.rng
    for attempt in range(TRIES):
        place = stage.sea.spot(some_anchorage(stage), rng, SWING_ROOM_M)
        if place is None:
            continue
        close_m = float(rng.choice((FOUL_M, 350.0, 500.0)))
        if attempt < TRIES / 2 and not has_room(stage, place, close_m):
            continue
        ship = stage.fleet.new(lane_model(stage))
        path = stage.anchored(place)
        stage.enter(ship, path)
        return ship, path
    raise ExerciseError("no anchorage has water to anchor in", hint="check the zones: selat doctor")


def has_room(stage: Stage, place: Place, apart_m: float = FOUL_M) -> bool:
    """Tell whether nobody who is on the stage anchors nearer to a place, at whatever time."""
    spots: list[Place] = []
    for path in (actor.path for actor in stage.actors):
        at = np.flatnonzero(path.status == AT_ANCHOR)
        spots += [(float(path.lat[k]), float(path.lon[k])) for k in at[[0, -1][: len(at)]]]
    lat, lon = np.array(spots).reshape(-1, 2).T
    return bool(np.all(geodesy.distance_m(lat, lon, *place) >= apart_m))


def ferry(stage: Stage) -> None:
    """Let a ferry shuttle between the two ends of its line by a timetable; three in four lie moored
    from 22 to 6 h local time.
    """
    rng = stage.rng
    ship = stage.fleet.new("ferry")
    names = sorted(FERRIES)
    way = line(*FERRIES[names[int(rng.integers(len(names)))]])
    berths = [_nudged(stage, (float(way.lat[k]), float(way.lon[k])), 70.0) for k in (0, -1)]
    forth = Line(
        np.r_[berths[0][0], way.lat[1:-1], berths[1][0]],
        np.r_[berths[0][1], way.lon[1:-1], berths[1][1]],
    )
    trips = forth, forth.reversed()
    by_day = rng.random() < 0.75
    every_s = float(rng.choice((30, 60, 60, 90, 120))) * 60
    parts: list[Path] = []
    begin = now = stage.t0 - float(rng.uniform(0, 3 * HOUR_S))
    while now < stage.t1 + HOUR_S:
        trip = sail(
            trips[len(parts) // 2 % 2],
            ship.speed_kn,
            rng,
            wander_m=25.0,
            ease_in=True,
            ease_out=True,
        )
        leaves = np.ceil((now + 600.0) / every_s) * every_s
        hour = ((leaves + _LOCAL_TIME_S) / HOUR_S) % 24
        if by_day and not 6 <= hour < 22:
            leaves += ((6 - hour) % 24) * HOUR_S
        leaves += float(rng.uniform(0, 420))  # some minutes late, as ever
        berth = berths[len(parts) // 2 % 2]
        parts += [still(berth, leaves - now), trip]
        now = leaves + trip.duration_s
    stage.enter(ship, join(*parts).shifted(begin))


def fishing(stage: Stage) -> None:
    """Let a fishing boat work its ground all day, most on a ground that others work too: slow
    zigzags, with stops to haul. One in six is a larger one with class A.
    """
    rng = stage.rng
    ship = stage.fleet.new("trawler" if rng.random() < 1 / 6 else "fishing")
    if stage.grounds and rng.random() < 0.75:
        shared = stage.grounds[int(rng.integers(len(stage.grounds)))]
        place = _nudged(stage, shared, 2.4 * METRES_PER_NM)
        radius_m = 0.8 * METRES_PER_NM
    else:
        place, radius_m = stage.fishing_ground(), GROUND_RADIUS_M
        stage.grounds.append(place)
    trip = fishing_trip(stage, ship, place, stage.duration_s + HOUR_S, radius_m=radius_m)
    stage.enter(ship, trip.shifted(stage.t0))


def fishing_trip(
    stage: Stage,
    ship: Identity,
    place: Place,
    duration_s: float,
    centre: Place | None = None,
    radius_m: float = GROUND_RADIUS_M,
    start: float | None = None,
) -> Path:
    """Fish from `place` around `centre` for at least that long: tows of 20-60 min at 2.5-4 kn,
    hauls of 10-35 min at a standstill, now and then a shift at cruising speed.
    """
    rng = stage.rng
    middle = centre or place
    begins = stage.t0 if start is None else start
    parts = [stage.stay(place, 300.0, mode="drift", status=UNDER_WAY, start=begins, drift_kn=0.4)]
    lasts_s = parts[0].duration_s
    while lasts_s < duration_s:
        speed_kn = ship.speed_kn if rng.random() < 0.15 else float(rng.uniform(2.5, 4.0))
        here = parts[-1].end_place
        there = _nudged(stage, middle, radius_m)
        parts.append(sail(line(here, there), speed_kn, rng, wander_m=30.0, unsteady=0.1))
        haul_s = float(rng.uniform(10, 35)) * 60
        hauled = begins + lasts_s + parts[-1].duration_s
        haul = stage.stay(there, haul_s, mode="drift", status=UNDER_WAY, start=hauled, drift_kn=0.7)
        parts.append(haul)
        lasts_s += parts[-2].duration_s + haul_s
    return join(*parts)


def zigzag(stage: Stage, place: Place, length_m: float) -> Line:
    """Draw a way of at least `length_m` to and fro about a place."""
    n = int(length_m / (0.9 * GROUND_RADIUS_M)) + 8
    angle = stage.rng.uniform(0, 360, n)
    away_m = GROUND_RADIUS_M * np.sqrt(stage.rng.uniform(0.1, 1, n))
    lat, lon = geodesy.destination(place[0], place[1], angle, away_m)
    way = Line(lat, lon).begun_at(place)
    return way if way.length_m >= length_m else zigzag(stage, place, length_m)


def patrol(stage: Stage) -> None:
    """Let a patrol craft make rounds from its port by day or night, 12-22 kn with stops to look."""
    rng = stage.rng
    ship = stage.fleet.new("patrol")
    for _ in range(TRIES):
        home = _harbour(stage)
        angle, away_m = rng.uniform(0, 360, 30), rng.uniform(2, 22, 30) * METRES_PER_NM
        lat, lon = geodesy.destination(*home, angle, away_m)
        marks = [
            (float(a), float(b))
            for a, b, ok in zip(lat, lon, stage.sea.clear(lat, lon, 1000.0), strict=True)
            if ok
        ]
        ways = [line(home, mark) for mark in marks]
        free = stage.sea.clear_paths(ways, 80.0)
        marks = [mark for mark, ok in zip(marks, free, strict=True) if ok]
        if len(marks) >= 3:
            break
    else:
        anchored(stage)
        return
    parts: list[Path] = [still(home, 60.0)]
    lasts_s = -float(rng.uniform(0, 6 * HOUR_S))
    here = home
    while lasts_s < stage.duration_s:
        there = marks[int(rng.integers(len(marks)))]
        if rng.random() < 0.25 or not stage.clear(line(here, there), clearance_m=80.0):
            there = home
        if there == here:
            continue
        speed_kn = float(rng.uniform(0.6, 1.0)) * ship.speed_kn
        run = sail(line(here, there), speed_kn, rng, wander_m=40.0)
        status, minutes = (MOORED, (60, 240)) if there == home else (UNDER_WAY, (5, 20))
        rest_s = float(rng.uniform(*minutes)) * 60
        parts += [run, still(there, rest_s, status)]
        lasts_s += run.duration_s + rest_s
        here = there
    lead_s = max(join(*parts).duration_s - stage.duration_s - HOUR_S, 0.0)
    stage.enter(ship, join(*parts).shifted(stage.t0 - lead_s))


def small_craft(stage: Stage) -> None:
    """Let a small class B craft lie in port, go out for some hours and come back.

    It stays on its own side: one that goes over to another state's coast, perhaps by night, does
    what others are planted for.
    """
    rng = stage.rng
    for _ in range(TRIES):
        home = _harbour(stage)
        away_m = float(rng.uniform(2, 12)) * METRES_PER_NM
        lat, lon = geodesy.destination(*home, float(rng.uniform(0, 360)), away_m)
        pause_s = float(rng.uniform(0.1, 1.5)) * HOUR_S
        pause = stay((float(lat), float(lon)), pause_s, rng, mode="drift", status=UNDER_WAY)
        ways = line(home, pause.place(0.0)), line(pause.end_place, home)
        if not _at_home(stage, home, pause.place(0.0)):
            continue
        if stage.clear(*ways, pause, clearance_m=100.0):
            break
    else:
        anchored(stage)
        return
    ship = stage.fleet.new("small craft")
    speed_kn = float(rng.uniform(0.5, 1.0)) * ship.speed_kn
    out, back = (sail(way, speed_kn, rng, wander_m=40.0) for way in ways)
    before_s = float(rng.uniform(0.0, stage.duration_s)) + 60.0
    path = join(
        still(home, before_s),
        out,
        pause,
        back,
        still(home, stage.duration_s),
    ).shifted(stage.t0 - 60.0)
    stage.enter(ship, path)


def _at_home(stage: Stage, home: Place, place: Place) -> bool:
    """Tell whether the coast of the state that `home` belongs to is the nearest at a place too."""
    distance_m = stage.sea.zones.coasts.distance_m(*np.array([home, place]).T)
    return bool(np.ptp(distance_m.argmin(axis=0)) == 0)


def harbour_craft(stage: Stage) -> None:
    """Let a tug or pilot boat go about its port, made fast between jobs."""
    rng = stage.rng
    ship = stage.fleet.new("tug" if rng.random() < 0.7 else "pilot")
    ports = list(stage.sea.polygons("port").values())
    for _ in range(TRIES):
        lat, lon = stage.sea.sample(ports[rng.integers(len(ports))], rng, 6, 120.0)
        if len(lat) < 2:
            continue
        ways = {
            (i, j): line((lat[i], lon[i]), (lat[j], lon[j]))
            for i in range(len(lat))
            for j in range(len(lat))
            if i != j
        }
        free = stage.sea.clear_paths(ways.values(), 80.0)
        jobs = [pair for pair, clear in zip(ways, free, strict=True) if clear]
        if jobs:
            break
    else:
        anchored(stage)
        return
    here = jobs[int(rng.integers(len(jobs)))][0]
    parts: list[Path] = []
    lasts_s = 0.0
    while lasts_s < stage.duration_s + HOUR_S:
        rest_s = float(rng.uniform(20, 150)) * 60
        parts.append(still((float(lat[here]), float(lon[here])), rest_s))
        onward = [pair for pair in jobs if pair[0] == here]
        job = onward[int(rng.integers(len(onward)))]
        speed_kn = float(rng.uniform(0.5, 0.9)) * ship.speed_kn
        parts.append(sail(ways[job], speed_kn, rng, wander_m=10.0))
        lasts_s += rest_s + parts[-1].duration_s
        here = job[1]
    stage.enter(ship, join(*parts).shifted(stage.t0 - float(rng.uniform(0, HOUR_S))))


def some_anchorage(stage: Stage) -> shapely.Polygon | shapely.MultiPolygon:
    """Draw a random anchorage, a large one more often (by the root of its area)."""
    polygons = list(stage.sea.polygons("anchorage").values())
    weights = np.sqrt(shapely.area(np.asarray(polygons, object)))
    return polygons[int(stage.rng.choice(len(polygons), p=weights / weights.sum()))]


def _harbour(stage: Stage) -> Place:
    """Water in a port where class B is heard."""
    ports = list(stage.sea.polygons("port").values())
    for _ in range(TRIES * 5):
        lat, lon = stage.sea.sample(ports[stage.rng.integers(len(ports))], stage.rng, 1, 80.0)
        if len(lat) and radio.best_hearing(lat, lon, class_b=True)[0] > 0.3:
            return float(lat[0]), float(lon[0])
    raise ExerciseError("no port is in range of a receiver", hint="check the zones: selat doctor")


def _nudged(stage: Stage, place: Place, radius_m: float) -> Place:
    bearing, away = stage.rng.uniform(0, 360), radius_m * np.sqrt(stage.rng.uniform())
    return geography.away(*place, bearing, away)
