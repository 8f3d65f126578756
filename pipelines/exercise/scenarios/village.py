"""Boats of the villages at what they do every day: lying, fishing by night, ferrying, trading.

They are the innocent twins of `people`: they go about by night, slowly or fast, without lights or
names, come and go at places that no list has, and some of them cross the Strait on business that is
known (wooden traders bring fruit and charcoal from Sumatra to Melaka, Muar and Port Klang).
"""

from typing import Final

import numpy as np

from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.exercise import background, geography, radio
from pipelines.exercise.geography import Line, Place, line
from pipelines.exercise.motion import MOORED, UNDER_WAY, Path, join, still
from pipelines.exercise.scenarios.common import EVER, Passage, nights
from pipelines.exercise.scenarios.shores import at_home, berth_at, nearest, of_country, run, ways
from pipelines.exercise.stage import HOUR_S, Shore, Stage, off_lane_nm
from pipelines.exercise.tries import TRIES, Scenario

_SET_OFF: Final = 0.3
"""Share of the boats at a village whose set goes off with the engine's battery."""
_LONG_S: Final = 1.5 * HOUR_S


# ---- the background


def lying(stage: Stage) -> None:
    """Let a boat lie at its village; in some the set is switched off, or on, meanwhile."""
    rng = stage.rng
    shore = _village(stage)
    boat = stage.fleet.new("fishing" if rng.random() < 0.7 else "small craft")
    path = still(berth_at(stage, shore), stage.duration_s)
    path = path.shifted(stage.t0)
    silences: list[tuple[float, float]] = []
    if rng.random() < _SET_OFF:
        off = float(rng.uniform(stage.t0 + HOUR_S, stage.t1))
        on = EVER if rng.random() < 0.6 else off + float(rng.uniform(1, 9)) * HOUR_S
        silences.append((off, on))
        span = off, min(on, stage.t1)
        if span[1] - span[0] > _LONG_S:
            note = "set switched off at its village"
            stage.plant("gap", [(boat, path)], span, note, at=off)
    stage.enter(boat, path, silences)


def lying_larger(stage: Stage) -> None:
    """Let a trawler or coaster with class A lie in a river mouth."""
    rng = stage.rng
    shore = _village(stage)
    ship = stage.fleet.new(str(rng.choice(("trawler", "tug", "barge"))))
    status = int(rng.choice((MOORED, MOORED, UNDER_WAY)))
    path = still(berth_at(stage, shore), stage.duration_s, status)
    stage.enter(ship, path.shifted(stage.t0))


def out_fishing(stage: Stage) -> None:
    """Let a boat go out from its village to fish, at any hour, and come back to it."""
    if off_its_coast(stage) is None:
        lying(stage)


def buoys(stage: Stage) -> None:
    """Let a boat set three or four net buoys with sets of their own, which drift with the stream,
    and take them in hours later.
    """
    rng = stage.rng
    trip = off_its_coast(stage)
    if trip is None or trip[1].duration_s < 4 * HOUR_S:
        lying(stage)
        return
    path = trip[1]
    start = max(float(path.t[0]) + 0.25 * path.duration_s, stage.t0 + 60.0)
    end = min(start + float(rng.uniform(2.0, 4.0)) * HOUR_S, stage.t1 + HOUR_S)
    if start > stage.t1 - HOUR_S:
        return
    for _ in range(int(rng.integers(3, 5))):
        lat, lon = geodesy.destination(
            *path.place(start), float(rng.uniform(0, 360)), float(rng.uniform(200, 1500))
        )
        drift = stage.adrift((float(lat), float(lon)), start, end - start, drift_kn=0.2)
        if not stage.clear(drift, clearance_m=300.0):
            continue
        buoy = stage.fleet.new("net buoy")
        stage.play("loitering", [(buoy, drift)], (start, end), "net buoy adrift")


# ---- traps


def night_fishing(stage: Stage) -> bool:
    """Let a boat go out from its village by night, fish, and come back to it in the same night."""
    trip = off_its_coast(stage, by_night=True)
    if trip is None:
        return False
    boat, path = trip
    note = "out from and back to the same coast"
    span = max(float(path.t[0]), stage.t0), min(float(path.t[-1]), stage.t1)
    stage.plant("crossing", [(boat, path)], span, note)
    return True


def boundary_fishing(stage: Stage) -> bool:
    """Let a boat fish far out, near the boundary, where others fish, and go home again."""
    rng = stage.rng
    near, far = (of_country(stage.moorings, country) for country in ("IDN", "MYS"))
    pairs = ways(stage, near, far, (14.0, 40.0))
    for home, _, way in pairs[:TRIES]:
        lat, lon = way.at(np.array([float(rng.uniform(0.35, 0.55)) * way.length_m]))
        if off_lane_nm(lat, lon)[0] < 0.5:
            continue
        ground = float(lat[0]), float(lon[0])
        trip = _fishing_at(stage, home, ground, float(rng.uniform(2.0, 5.0)) * HOUR_S)
        if trip is None:
            continue
        boat, path = trip
        note = "fishing near the boundary"
        stage.plant("crossing", [(boat, path)], stage.whole, note)
        return True
    return False


def ferry(stage: Stage) -> bool:
    """Let a small boat ferry people between two villages of one coast, or an island, all day and in
    the night before market.
    """
    rng = stage.rng
    country = str(rng.choice(("IDN", "MYS")))
    villages = of_country(stage.moorings, country)
    pairs = ways(stage, villages, of_country(stage.beaches, country) + villages, (1.0, 9.0))
    open_ways = [way for _, _, way in pairs if _wide(stage, way)]
    if not open_ways:
        return False
    way = open_ways[0]
    ends = tuple((float(way.lat[k]), float(way.lon[k])) for k in (0, -1))
    boat = stage.fleet.new("small craft")
    speed_kn = float(rng.uniform(8.0, 18.0))
    parts: list[Path] = []
    now = -float(rng.uniform(0.0, HOUR_S))
    while now < stage.duration_s:
        here, there = ends if len(parts) % 4 == 0 else ends[::-1]
        long = rng.random() < 0.3
        rest_s = float(rng.uniform(1.0, 3.0) * HOUR_S if long else rng.uniform(300, 2400))
        rest = still(here, rest_s)
        parts += [rest, run(stage, (here, there), speed_kn)]
        now += rest_s + parts[-1].duration_s
    parts.append(still(parts[-1].end_place, HOUR_S))
    path = join(*parts)
    path = path.shifted(stage.t0 - max(path.duration_s - stage.duration_s - HOUR_S, 0.0) / 2)
    if not stage.clear(path, clearance_m=30.0):
        return False
    stage.enter(boat, path, named=bool(rng.random() < 0.6))
    stage.plant("crossing", [(boat, path)], stage.whole, "village ferry")
    return True


def trader(stage: Stage) -> bool:
    """Let a wooden trader go over by night at 7-9 kn into a port, and lie there to be unloaded."""
    rng = stage.rng
    ports = list(stage.sea.polygons("port").values())
    homes = of_country(stage.moorings, "IDN")
    for _ in range(TRIES):
        lat, lon = stage.sea.sample(ports[int(rng.integers(len(ports)))], rng, 1, 60.0)
        if not len(lat) or radio.best_hearing(lat, lon, class_b=True)[0] < 0.5:
            continue
        berth = float(lat[0]), float(lon[0])
        if _country_at(stage, berth) != "MYS":
            continue
        near = [
            home
            for home in nearest(homes, berth, 20)
            if 8 * METRES_PER_NM < geodesy.distance_m(*home.place, *berth) < 45 * METRES_PER_NM
            and stage.clear(line(home.place, berth), clearance_m=30.0)
        ]
        spans = nights(stage)
        if not near or not spans:
            continue
        home = near[int(rng.integers(len(near)))]
        ship = stage.fleet.new("trader")
        over = run(stage, (home.place, berth), ship.speed_kn)
        latest = min(spans[-1][1], stage.t1 - HOUR_S)
        earliest = stage.t0 + 0.7 * over.duration_s
        if earliest >= latest:
            continue
        arrive = float(rng.uniform(earliest, latest))
        trip = over.shifted(arrive - over.duration_s)
        path = at_home(stage, home.place, trip)
        if not stage.clear(path, clearance_m=30.0):
            continue
        span = float(trip.t[0]), arrive
        note = "wooden trader into a port"
        return stage.play("crossing", [(ship, path)], span, note)
    return False


def along_one_coast(stage: Stage) -> bool:
    """Let a boat go by night from one village to another of the same coast, with a stop between.

    It keeps to its own side: one that stops off another state's islet does what others are planted
    for.
    """
    rng = stage.rng
    country = str(rng.choice(("IDN", "MYS")))
    villages = of_country(stage.moorings, country)
    spans = nights(stage)
    for home, other, way in ways(stage, villages, villages, (6.0, 30.0))[:TRIES]:
        if not _on_its_side(stage, way):
            continue
        boat = stage.fleet.new(str(rng.choice(("small craft", "fibreglass", "fishing"))))
        middle = way.at(np.array([0.5 * way.length_m]))
        stop = float(middle[0][0]), float(middle[1][0])
        parts = [
            run(stage, (home.place, stop), boat.speed_kn),
            still(stop, float(rng.uniform(180, 1200)), UNDER_WAY),
            run(stage, (stop, other.place), boat.speed_kn),
        ]
        trip = join(*parts)
        start, end = spans[int(rng.integers(len(spans)))] if spans else (0.0, 0.0)
        latest = min(end, stage.t1) - trip.duration_s
        if latest < start:
            continue
        trip = trip.shifted(float(rng.uniform(start, latest)))
        path = at_home(stage, home.place, trip)
        if not stage.clear(path, clearance_m=30.0):
            continue
        span = float(trip.t[0]), float(trip.t[-1])
        note = "from village to village of one coast"
        return stage.play("crossing", [(boat, path)], span, note)
    return False


TRAPS: Final[tuple[Scenario, ...]] = (
    night_fishing,
    ferry,
    boundary_fishing,
    trader,
    along_one_coast,
)


def off_its_coast(stage: Stage, *, by_night: bool = False) -> Passage | None:
    """Put a boat on the stage that fishes off its own coast; None where none fits."""
    rng = stage.rng
    for _ in range(TRIES):
        home = _village(stage)
        away_m = float(rng.uniform(2.5, 12.0)) * METRES_PER_NM
        ground = geography.away(*home.place, float(rng.uniform(0, 360)), away_m)
        spot = geography.spot(ground)
        heard = radio.best_hearing(*spot, class_b=True)[0] > 0.5
        if not heard or off_lane_nm(*spot)[0] < 0.5:
            continue
        if not stage.sea.clear(*spot, 1.3 * METRES_PER_NM)[0]:
            continue
        if _country_at(stage, ground) != home.country:
            continue
        lasts_s = float(rng.uniform(1.2, 3.0) if by_night else rng.uniform(2.0, 7.0)) * HOUR_S
        trip = _fishing_at(stage, home, ground, lasts_s, by_night=by_night)
        if trip is not None:
            return trip
    return None


def _fishing_at(
    stage: Stage, home: Shore, ground: Place, lasts_s: float, *, by_night: bool = False
) -> Passage | None:
    """Put a boat on the stage that goes from its village to a ground and back."""
    rng = stage.rng
    berth = berth_at(stage, home)
    if not stage.clear(line(berth, ground), clearance_m=30.0):
        return None
    boat = stage.fleet.new("fishing")
    out = run(stage, (berth, ground), boat.speed_kn)
    start = _leaves(stage, 2 * out.duration_s + lasts_s + 1800.0, by_night=by_night)
    if start is None:
        return None
    work = background.fishing_trip(
        stage, boat, ground, lasts_s, radius_m=1500.0, start=start + out.duration_s
    )
    back = run(stage, (work.end_place, berth), boat.speed_kn)
    trip = join(out, work, back).shifted(start)
    path = at_home(stage, berth, trip)
    if not stage.clear(path, clearance_m=30.0):
        return None
    stage.enter(boat, path, named=bool(rng.random() < 0.7))
    return Passage(boat, path)


def _leaves(stage: Stage, lasts_s: float, *, by_night: bool) -> float | None:
    if not by_night:
        return float(stage.rng.uniform(stage.t0 - 0.7 * lasts_s, stage.t1 - HOUR_S))
    fit = [(s, min(e, stage.t1) - lasts_s) for s, e in nights(stage)]
    fit = [(first, last) for first, last in fit if first < last]
    if not fit:
        return None
    return float(stage.rng.uniform(*fit[int(stage.rng.integers(len(fit)))]))


def _wide(stage: Stage, way: Line) -> bool:
    """Tell whether there is room to either side of a way but at its ends."""
    middle = way.cut(0.15 * way.length_m, 0.85 * way.length_m)
    return stage.clear(middle, clearance_m=150.0)


def _on_its_side(stage: Stage, way: Line) -> bool:
    """Tell whether the coast of one state is the nearest all along a way."""
    miles = np.arange(0.0, way.length_m, METRES_PER_NM / 2)
    nearest_state = stage.sea.zones.coasts.distance_m(*way.at(miles)).argmin(axis=0)
    return bool(np.ptp(nearest_state) == 0)


def _village(stage: Stage) -> Shore:
    """Draw a village, one where nobody lies yet rather than another."""
    lat, lon = np.array([shore.place for shore in stage.moorings]).T
    taken = np.zeros(len(lat), bool)
    for actor in stage.actors:
        first = float(actor.path.lat[0]), float(actor.path.lon[0])
        taken |= geodesy.distance_m(lat, lon, *first) < 400.0
    free = np.flatnonzero(~taken) if not taken.all() else np.arange(len(lat))
    return stage.moorings[int(free[int(stage.rng.integers(len(free)))])]


def _country_at(stage: Stage, place: Place) -> str:
    near = nearest([*stage.moorings, *stage.beaches], place, 1)
    return near[0].country
