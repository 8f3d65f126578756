"""What ships do before and after: voyages built around something that happens."""

import numpy as np

from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.exercise import background, geography, radio
from pipelines.exercise.fleet import Identity
from pipelines.exercise.geography import Line, Place, line
from pipelines.exercise.motion import Path, join, sail, still
from pipelines.exercise.stage import HOUR_S, Span, Stage, off_lane_nm, start_from
from pipelines.exercise.tries import TRIES


def by_the_lane(stage: Stage, ship: Identity, middle: Path) -> Path | None:
    """Come from the lane to where `middle` (in absolute times) begins, and return from its end.

    None where the way isn't clear.
    """
    ways = stage.detour(stage.direction(), middle.start_place)
    if ways is None:
        return None
    out = start_from(middle.end_place, ways[1])
    if not stage.clear(out):
        return None
    arrival = sail(ways[0], ship.speed_kn, stage.rng, ease_out=True)
    path = join(arrival, middle, sail(out, ship.speed_kn, stage.rng, ease_in=True))
    return path.shifted(float(middle.t[0]) - arrival.duration_s)


def out_and_back(stage: Stage, ship: Identity, home: Place, middle: Path) -> Path | None:
    """Lie at `home`, run to where `middle` begins, and return from its end; None where land is in
    the way.
    """
    ways = line(home, middle.start_place), line(middle.end_place, home)
    if not stage.clear(*ways, clearance_m=60.0):
        return None
    rng = stage.rng
    there, back = (sail(way, ship.speed_kn, rng, wander_m=15.0) for way in ways)
    begin = float(middle.t[0]) - there.duration_s
    before_s = max(begin - stage.t0, 60.0)
    after_s = max(stage.t1 - float(middle.t[-1]) - back.duration_s, 60.0)
    return join(
        still(home, before_s),
        there,
        middle,
        back,
        still(home, after_s),
    ).shifted(begin - before_s)


def from_the_grounds(stage: Stage, ship: Identity, middle: Path) -> Path | None:
    """Fish some miles away, run to where `middle` begins, return and fish on; None where no
    ground fits.
    """
    rng = stage.rng
    start, end = middle.start_place, middle.end_place
    for _ in range(TRIES):
        away_m = float(rng.uniform(3.0, 8.0)) * METRES_PER_NM
        ground = geography.away(*start, float(rng.uniform(0, 360)), away_m)
        spot = geography.spot(ground)
        quiet = off_lane_nm(*spot)[0] > 1.5 and stage.is_open(*spot, 2.0)[0]
        heard = radio.best_hearing(*spot, class_b=ship.ais_class == "B")[0] > 0.5
        if not (quiet and heard and stage.clear(line(start, ground), line(end, ground))):
            continue
        speed_kn = float(rng.uniform(9.0, 15.0))
        first_s = float(middle.t[0]) - stage.t0 + HOUR_S
        before = background.fishing_trip(stage, ship, ground, first_s, radius_m=900.0)
        there = sail(line(before.end_place, start), speed_kn, rng, wander_m=15.0)
        back = sail(line(end, ground), speed_kn, rng, wander_m=15.0)
        last_s = max(stage.t1 - end_s(middle) + HOUR_S, HOUR_S)
        after = background.fishing_trip(stage, ship, ground, last_s, radius_m=900.0)
        path = join(before, there, middle, back, after)
        return path.shifted(float(middle.t[0]) - before.duration_s - there.duration_s)
    return None


def both_by_the_lane(
    stage: Stage, first: tuple[Identity, Path], second: tuple[Identity, Path]
) -> list[tuple[Identity, Path]] | None:
    """Let two ships come and go `by_the_lane`; None where one of them can't."""
    paths = by_the_lane(stage, *first), by_the_lane(stage, *second)
    if paths[0] is None or paths[1] is None:
        return None
    return [(first[0], paths[0]), (second[0], paths[1])]


def along(voyage: Line, ship: Identity, stage: Stage, mark_m: float, middle: Path) -> Path | None:
    """Follow `voyage`, do `middle` (in absolute times) at `mark_m` along it, and go on.

    `middle` begins at the mark; the voyage goes on from where it ends, to a point 3 nm ahead.
    """
    rest = voyage.cut(min(mark_m + 3 * METRES_PER_NM, voyage.length_m), voyage.length_m)
    if rest.length_m < METRES_PER_NM:
        return None
    out = rest.begun_at(middle.end_place)
    if not stage.clear(out):
        return None
    arrival = sail(voyage.cut(0.0, mark_m), ship.speed_kn, stage.rng, ease_out=True)
    path = join(arrival, middle, sail(out, ship.speed_kn, stage.rng, ease_in=True))
    return path.shifted(float(middle.t[0]) - arrival.duration_s)


def drift(stage: Stage, place: Place, span: Span, drift_kn: float, status: int = 0) -> Path:
    """Drift from `place` over `span`."""
    return stage.adrift(place, span[0], span[1] - span[0], drift_kn=drift_kn, status=status)


def stays_open(stage: Stage, path: Path, *, class_b: bool = False) -> bool:
    """Tell whether a ship keeps 2 nm from land, outside zones and the lane, and well heard."""
    seen = path.within(float(path.t[0]), min(float(path.t[-1]), stage.t1 + HOUR_S))
    if len(seen.t) == 0:
        return False
    lat, lon = np.r_[seen.lat[::5], seen.lat[-1:]], np.r_[seen.lon[::5], seen.lon[-1:]]
    ok = stage.is_open(lat, lon, 2.0) & (off_lane_nm(lat, lon) > 1.0)
    if class_b:
        ok &= radio.best_hearing(lat, lon, class_b=True) > 0.7
    return bool(ok.all())


def end_s(path: Path) -> float:
    """Return when a path ends."""
    return float(path.t[-1])


def scattered(stage: Stage, centre: Place, n: int, radius_m: float, apart_m: float) -> list[Place]:
    """Up to `n` places about a centre, at least `apart_m` from one another and from it."""
    places = [centre]
    for _ in range(40 * n):
        away_m = radius_m * np.sqrt(float(stage.rng.uniform()))
        lat, lon = geodesy.destination(*centre, float(stage.rng.uniform(0, 360)), away_m)
        others = np.array(places)
        if np.all(geodesy.distance_m(others[:, 0], others[:, 1], lat, lon) >= apart_m):
            places.append((float(lat), float(lon)))
        if len(places) > n:
            break
    return places[1:]
