"""What the scenarios share: passages in the lane, runs of small craft, coasts, night and day."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from detectors.core.arrays import Floats, Ints
from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.exercise import background, geography, radio
from pipelines.exercise.fleet import Identity
from pipelines.exercise.geography import Line, Place, line
from pipelines.exercise.motion import Path, join, sail, still
from pipelines.exercise.stage import HOUR_S, Span, Stage, off_lane_nm
from pipelines.exercise.tries import TRIES

EVER: Final = np.inf
NEVER: Final = -np.inf
WELL_HEARD: Final = 0.8
BOAT_HEARD: Final = 0.55
"""Class B is heard less far: with that chance three reports in four minutes get through."""
AREA: Final = (94.5, -1.0, 105.5, 8.5)
"""West, south, east, north: the area in which reports are believed to be of interest."""

_SOLAR_OFFSET_S: Final = 102.0 / 15.0 * HOUR_S
"""Mean solar time at 102° E, the middle of the Strait, is ahead of UTC by that."""
_DARK_H: Final = (19.25, 28.75)
"""Hours of mean solar time. Below 9° N sunrise and sunset stay within 35 min of 06:00 and 18:00
all year (declination and equation of time), and the east and west of the area within 35 min of
its middle, so that these are certainly night."""


class Passage(NamedTuple):
    """A ship and its way in time."""

    ship: Identity
    path: Path


def passage(
    stage: Stage, start: float, end: float, *, model: str = "", margin_s: float = HOUR_S
) -> Passage | None:
    """Return a ship in the lane that is well heard from `margin_s` before `start` to as long after
    `end` (as far as the exercise goes); None if there is none.
    """
    rng = stage.rng
    ship = stage.fleet.new(model or background.lane_model(stage))
    watched = np.arange(max(start - margin_s, stage.t0), min(end + margin_s, stage.t1) + 1.0, 300.0)
    for _ in range(TRIES):
        voyage = geography.lane(stage.direction(), float(rng.uniform(-1, 1)))
        path = sail(voyage, ship.speed_kn, rng)
        path = path.shifted(start - float(rng.uniform(0.03, 0.95)) * path.duration_s)
        if watched[0] < path.t[0] or watched[-1] > path.t[-1]:
            continue
        if np.all(radio.best_hearing(*path.at(watched)) > WELL_HEARD):
            return Passage(ship, path)
    return None


def boat_run(stage: Stage, start: float, duration_s: float) -> Passage | None:
    """Return a fishing boat on a straight run off the lane in open water, heard all along from
    `start`.
    """
    rng = stage.rng
    boat = stage.fleet.new("fishing")
    for _ in range(TRIES):
        length_m = boat.speed_kn * geodesy.KNOT_MPS * duration_s
        here = stage.fishing_ground()
        way = line(here, geography.away(*here, rng.uniform(0, 360), length_m))
        marks = way.at(np.linspace(0, way.length_m, 40))
        if np.any(radio.best_hearing(*marks, class_b=True) < BOAT_HEARD):
            continue
        if np.all(off_lane_nm(*marks) > 1.0) and stage.clear(way, clearance_m=METRES_PER_NM):
            return Passage(boat, sail(way, boat.speed_kn, rng).shifted(start))
    return None


def enter_parts(stage: Stage, path: Path, parts: Sequence[tuple[Identity, float, float]]) -> None:
    """Let one hull say one thing after another: identity, from, to. What it said before is over,
    not out of range.
    """
    for ship, start, end in parts:
        if start < stage.t1 and end > stage.t0 and start < path.t[-1] and end > path.t[0]:
            stage.enter(ship, path.within(start, end), [(end, EVER)])


def renamed(stage: Stage, ship: Identity, *what: str) -> Identity:
    """Return the ship with those of its fields taken from a new ship of its model."""
    other = stage.fleet.new(ship.model)
    return replace(ship, **{name: getattr(other, name) for name in what})


def nights(stage: Stage) -> list[tuple[float, float]]:
    """Return the dark spans within the exercise."""
    return _solar_spans(stage, _DARK_H)


def days(stage: Stage) -> list[tuple[float, float]]:
    """Return the hours about noon within the exercise, 10:30 to 15:00 by the sun."""
    return _solar_spans(stage, (10.5, 15.0))


def _solar_spans(stage: Stage, hours: tuple[float, float]) -> list[tuple[float, float]]:
    midnight = np.floor((stage.t0 + _SOLAR_OFFSET_S) / 86_400.0) * 86_400.0 - _SOLAR_OFFSET_S
    spans = []
    for day_s in np.arange(midnight - 86_400.0, stage.t1, 86_400.0):
        start = max(float(day_s + hours[0] * HOUR_S), stage.t0)
        end = min(float(day_s + hours[1] * HOUR_S), stage.t1)
        if start < end:
            spans.append((start, end))
    return spans


def dark_span(stage: Stage, length_s: float) -> Span | None:
    """Draw a random span of that length, all of it in darkness; None if none fits."""
    lead_s = 600.0
    fit = [
        (max(start, stage.t0 + lead_s), min(end, stage.t1 - lead_s) - length_s)
        for start, end in nights(stage)
    ]
    fit = [(first, last) for first, last in fit if first < last]
    if not fit:
        return None
    for _ in range(TRIES):
        first, last = fit[int(stage.rng.integers(len(fit)))]
        start = float(stage.rng.uniform(first, last))
        if stage.delivered(start, start + length_s):
            return start, start + length_s
    return None


_NEAR_POINTS: Final = 250
"""So many points of a way towards a coast are asked first, 25 km."""


class Landfall(NamedTuple):
    """A place just off a coast."""

    place: Place
    country: str
    """ISO 3166 alpha-3 code of the land."""


def coast(
    stage: Stage, place: Place, bearing_deg: float, within_nm: float, off_m: float
) -> Landfall | None:
    """Return where a boat that keeps a bearing from a place at sea comes to `off_m` off land."""
    lat, lon = geography.spot(place)
    return coasts(stage, lat, lon, np.array([bearing_deg]), within_nm, np.array([off_m]))[0]


def coasts(
    stage: Stage, lat: Floats, lon: Floats, bearing_deg: Floats, within_nm: float, off_m: Floats
) -> list[Landfall | None]:
    """Return the same for several boats at once: a fifth of the time, and the same places."""
    step_m = 100.0
    along = np.arange(0.0, within_nm * METRES_PER_NM, step_m)
    ashore, asked = np.zeros(len(lat), np.int64), np.arange(len(lat))
    for n in (_NEAR_POINTS, len(along)):  # most coasts are near: then nothing is asked beyond
        ways = geodesy.destination(
            lat[asked, None], lon[asked, None], bearing_deg[asked, None], along[:n]
        )
        land = stage.sea.zones.on_land(*(one.ravel() for one in ways)).reshape(len(asked), -1)
        ashore[asked] = land.argmax(axis=1)  # the first, or 0 where there is none
        asked = asked[~land.any(axis=1)]
        if not len(asked):
            break
    since = np.maximum((ashore - 3 * off_m / step_m).astype(np.int64) - 10, 0)
    boat, step = _spread(since, ashore)
    at_lat, at_lon = geodesy.destination(lat[boat], lon[boat], bearing_deg[boat], along[step])
    free = np.flatnonzero(stage.sea.clear(at_lat, at_lon, off_m[boat]))
    last = np.full(len(lat), -1)
    last[boat[free]] = free  # of several the last one stays
    end_lat, end_lon = geodesy.destination(lat, lon, bearing_deg, along[ashore])
    found: list[Landfall | None] = [None] * len(lat)
    for one in np.flatnonzero(last >= 0).tolist():
        whose = stage.sea.country(float(end_lat[one]), float(end_lon[one]))
        if whose is not None:
            at = last[one]
            found[one] = Landfall((float(at_lat[at]), float(at_lon[at])), whose)
    return found


def _spread(since: Ints, until: Ints) -> tuple[Ints, Ints]:
    """Return each number of some ranges, with which range it is of."""
    count = until - since
    of = np.repeat(np.arange(len(count)), count)
    first = np.cumsum(count) - count
    return of, np.arange(len(of)) - np.repeat(first - since, count)


def water_in(stage: Stage, zone_class: str, clearance_m: float, n: int = 1) -> list[Place]:
    """Up to `n` places on the water of one zone of a class."""
    polygons = list(stage.sea.polygons(zone_class).values())
    for _ in range(TRIES):
        polygon = polygons[int(stage.rng.integers(len(polygons)))]
        lat, lon = stage.sea.sample(polygon, stage.rng, n, clearance_m)
        if len(lat) == n and np.all(radio.best_hearing(lat, lon) > WELL_HEARD):
            return [(float(a), float(b)) for a, b in zip(lat, lon, strict=True)]
    return []


def around(stage: Stage, place: Place, nearest_nm: float, farthest_nm: float) -> Place:
    """Draw a random place at some distance."""
    away = float(stage.rng.uniform(nearest_nm, farthest_nm)) * METRES_PER_NM
    return geography.away(*place, float(stage.rng.uniform(0, 360)), away)


def in_area(lat: Floats, lon: Floats, margin_deg: float = 0.0) -> bool:
    """Tell whether all points lie in `AREA`."""
    west, south, east, north = AREA
    inside = (lon > west + margin_deg) & (lon < east - margin_deg)
    return bool(np.all(inside & (lat > south + margin_deg) & (lat < north - margin_deg)))


def berthed(stage: Stage, base: Place, trip: Path, start: float) -> Path:
    """`trip` from `start`, made fast at `base` before it and, where it returns, after it."""
    before_s = max(start - stage.t0, 60.0)
    after_s = max(stage.t1 - start - trip.duration_s, 60.0)
    parts = [still(base, before_s), trip]
    if geodesy.distance_m(*trip.end_place, *base) < 500.0:
        parts.append(still(trip.end_place, after_s))
    return join(*parts).shifted(start - before_s)


def circle(centre: Place, radius_m: float, speed_kn: float, start: float, end: float) -> Path:
    """Return a way round a circle at a constant speed; the sense follows the sign of the radius."""
    turn_s = 2 * np.pi * abs(radius_m) / (speed_kn * geodesy.KNOT_MPS)
    t = np.arange(start, end + turn_s / 72, turn_s / 72)
    angle = np.sign(radius_m) * 360.0 * (t - start) / turn_s
    lat, lon = geodesy.destination(*centre, angle, abs(radius_m))
    return Path(t, lat, lon, np.zeros(len(t), "int64"))


def moved(path: Path, dlat: float, dlon: float) -> Path:
    """Return the same path at a constant offset in degrees."""
    return Path(path.t, path.lat + dlat, path.lon + dlon, path.status)


def fixed(path: Path, place: Place) -> Path:
    """Return the times and status of a path at one place."""
    n = len(path.t)
    return Path(path.t, np.full(n, place[0]), np.full(n, place[1]), path.status)


def with_a_bend(stage: Stage, way: Line, share: float, *, clearance_m: float) -> Line:
    """Lead half of the ways over a place to one side, up to that `share` of their length, where
    that is clear of land.
    """
    rng = stage.rng
    middle = way.place(float(rng.uniform(0.3, 0.7)) * way.length_m)
    square = float(geodesy.bearing_deg(*way.start_place, *way.end_place)) + 90.0
    aside = geography.away(*middle, square, float(rng.uniform(-share, share)) * way.length_m)
    bent = line(way.start_place, aside, way.end_place)
    return bent if rng.random() < 0.5 and stage.clear(bent, clearance_m=clearance_m) else way
