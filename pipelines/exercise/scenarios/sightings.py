"""What others see: satellites, coastal radars and patrols report ships that send AIS, each with the
errors of its kind, and now and then a boat that sends none.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from detectors.core.arrays import Floats
from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import KNOT_MPS, METRES_PER_NM
from pipelines.exercise import geography, radio
from pipelines.exercise.geography import STATIONS, Place, Station
from pipelines.exercise.radio import Actor
from pipelines.exercise.scenarios.common import around
from pipelines.exercise.stage import HOUR_S, SHELTERED, Stage
from pipelines.exercise.tries import TRIES
from pipelines.exercise.truth import Planted, Sighting

KIND: Final = "unmatched_sighting"
VESSELS_PER_PLANTED: Final = 75
"""One boat without AIS for that many vessels."""
SCENE_DEG: Final = (0.9, 1.05)
"""Half the height and width of a scene: Sentinel-1 in its wide swath images 250 km across."""
FLIGHT_DEG: Final = {"ascending": 348.0, "descending": 192.0}
"""Ground track of a sun-synchronous satellite near the equator; the radar looks to its right."""
SLANT_S: Final = 115.0
"""Slant range over speed of the satellite (some 860 km over 7.5 km/s)."""
INCIDENCE_DEG: Final = 38.0
RADAR_RANGE_NM: Final = 16.0
NOBODY_NEAR_NM: Final = 3.0
"""A boat planted without AIS has nobody within that distance who could be taken for it."""
_HEARD_ENOUGH: Final = 0.15
"""Where fewer reports arrive than that, a ship might as well have no AIS: few report it."""
_UNHEARD: Final = 4
"""Ships that no receiver hears are reported so many times a night."""
_SPARSE: Final = 0.6
_KNOWN_S: Final = 900.0


@dataclass(frozen=True)
class _Seen:
    """A ship that sends, at the moment of a sighting."""

    actor: Actor
    place: Place
    speed_kn: float
    course_deg: float
    length_m: float
    heard: float


def see(stage: Stage, vessels: int) -> list[Sighting]:
    """All sightings of an exercise of so many vessels; notes boats without AIS, and traps, in its
    events (none of 0 vessels).

    Called once all ships are on the stage. A ship whose transmitter is off, or lies, isn't
    reported at that time: what a sighting of it should be called is another question.
    """
    n = int(vessels / VESSELS_PER_PLANTED + 0.5)
    made: list[Sighting] = []
    made += _scenes(stage, n)
    made += _radars(stage, n)
    made += _patrols(stage, n)
    made += _beside_loiterers(stage, -(-n // 4))
    made += _unheard(stage)
    return made


def _everyone(stage: Stage, t: float) -> tuple[Floats, Floats]:
    """Return true places of all ships at sea at a time, sending or not."""
    afloat = [a.afloat for a in stage.actors]
    places = [p.place(t) for p in afloat if p.t[0] - 1200 <= t <= p.t[-1] + 1200]
    lat, lon = np.array(places, "float64").reshape(-1, 2).T
    return lat, lon


def _sending(stage: Stage, t: float, *, heard: bool = True) -> list[_Seen]:
    """Ships that truthfully send at a time and around it, and are heard now and then; or those
    that are hardly heard or not.
    """
    sending = [seen for actor in stage.actors if (seen := _seen(stage, actor, t))]
    return [seen for seen in sending if (seen.heard >= _HEARD_ENOUGH) == heard]


def _seen(stage: Stage, actor: Actor, t: float) -> _Seen | None:
    path = actor.path
    around_it = max(t - _KNOWN_S, stage.t0), min(t + _KNOWN_S, stage.t1)
    if actor.aerial is not None or path.t[0] > around_it[0] or path.t[-1] < around_it[1]:
        return None
    if any(off < around_it[1] and on > around_it[0] for off, on in actor.silences):
        return None
    when = np.linspace(*around_it, 5)
    class_b = np.full(len(when), actor.ship.ais_class == "B")
    chance = radio.hearing(*path.at(when), class_b)
    heard = float((chance * stage.receivers.works(when)).max(axis=1).mean())
    before, after = path.place(max(t - 15, path.t[0])), path.place(min(t + 15, path.t[-1]))
    moved_m = float(geodesy.distance_m(*before, *after))
    lasted_s = min(t + 15, path.t[-1]) - max(t - 15, path.t[0])
    return _Seen(
        actor,
        path.place(t),
        float(geodesy.speed_kn(moved_m, max(lasted_s, 1.0))),
        float(geodesy.bearing_deg(*before, *after)),
        float(actor.ship.bow_m + actor.ship.stern_m),
        heard,
    )


def _scenes(stage: Stage, n: int) -> list[Sighting]:
    """Two radar satellite scenes a day: all but the smallest ships, displaced if they move."""
    rng = stage.rng
    made: list[Sighting] = []
    traps = {"azimuth-shifted": n, "AIS is sparse": n}
    boats = -(-n // 3)
    scenes = max(1, round(stage.duration_s / (12 * HOUR_S)))
    for scene in range(scenes):
        t = _moment(stage)
        if t is None:
            continue
        passing = str(rng.choice(("ascending", "descending")))
        along = geography.axis()
        centre = along.place(rng.uniform(0.1, 0.85) * along.length_m)
        note = f"scene {scene + 1}, {passing}, right-looking"
        for seen in _sending(stage, t):
            if not _in_scene(seen.place, centre) or rng.random() > _detectability(seen.length_m):
                continue
            shift_m = _azimuth_shift_m(seen, passing)
            place = geodesy.destination(*seen.place, FLIGHT_DEG[passing], shift_m)
            made.append(_sar(stage, t, place, seen.length_m, note))
            if abs(shift_m) > 250.0 and traps["azimuth-shifted"] > 0:
                traps["azimuth-shifted"] -= 1
                _trap(stage, seen, t, "azimuth-shifted SAR detection of a moving ship")
            elif seen.heard < _SPARSE and traps["AIS is sparse"] > 0:
                traps["AIS is sparse"] -= 1
                _trap(stage, seen, t, "sighting of a ship whose AIS is sparse")
        share = -(-boats // (scenes - scene))
        for _ in range(share):
            boat = _alone(stage, t, partial(_within_scene, stage, centre))
            if boat:
                boats -= 1
                made.append(_sar(stage, t, boat, float(rng.uniform(15, 45)), note))
                _plant(stage, t, boat, 0, "boat without AIS in a SAR scene")
    return made


def _sar(
    stage: Stage, t: float, place: tuple[Floats, Floats] | Place, length_m: float, note: str
) -> Sighting:
    rng = stage.rng
    measured = length_m * rng.normal(1.0, 0.12) + rng.normal(0.0, 8.0)
    return _sighting(
        stage,
        t,
        (float(place[0]), float(place[1])),
        40.0,
        60.0,
        "SELATSIM-SAR",
        max(float(measured), 8.0),
        float(rng.uniform(0.7, 0.98)),
        note,
    )


def _azimuth_shift_m(seen: _Seen, passing: str) -> float:
    """Return how far along the satellite's flight a ship is displaced that moves towards the radar
    (or against it, if it moves away): slant range times radial speed over the satellite's speed
    (Raney 1971, Synthetic aperture imaging radar and moving targets).
    """
    look_deg = FLIGHT_DEG[passing] + 90.0
    away = seen.speed_kn * KNOT_MPS * np.cos(np.radians(seen.course_deg - look_deg))
    return float(-away * np.sin(np.radians(INCIDENCE_DEG)) * SLANT_S)


def _detectability(length_m: float) -> float:
    return float(np.clip((length_m - 5.0) / 45.0, 0.1, 0.95))


def _radars(stage: Stage, n: int) -> list[Sighting]:
    """Three coastal radars report what they see within 16 nm, each some times a day."""
    rng = stage.rng
    made: list[Sighting] = []
    sites = [STATIONS[int(k)] for k in rng.choice(len(STATIONS), 3, replace=False)]
    looks = max(1, round(stage.duration_s / (8 * HOUR_S)))
    boats, twice = -(-n // 3), n
    for look in range(looks):
        for site in sites:
            t = _moment(stage)
            if t is None:
                continue
            ships = [s for s in _sending(stage, t) if _off_nm(site, s.place) < RADAR_RANGE_NM]
            for seen in ships[:12]:
                made.append(_radar(stage, t, seen.place, site))
                if twice > 0 and seen.heard > _SPARSE and rng.random() < 0.3:
                    twice -= 1
                    later = t + float(rng.integers(0, 120))
                    place = seen.actor.path.place(later)
                    made.append(_patrol(stage, later, place, seen.length_m, "seen from aircraft"))
                    _trap(stage, seen, t, "seen by two sensors")
                    _trap(stage, seen, later, "seen by two sensors")
            if boats > 0 and look >= looks - -(-boats // len(sites)):
                home = site.lat, site.lon
                boat = _alone(stage, t, partial(around, stage, home, 2.0, RADAR_RANGE_NM))
                if boat:
                    boats -= 1
                    made.append(_radar(stage, t, boat, site))
                    _plant(stage, t, boat, 0, "boat without AIS on a coastal radar")
    return made


def _radar(stage: Stage, t: float, place: Place, site: Station) -> Sighting:
    confidence = float(stage.rng.uniform(0.6, 0.95))
    source = f"SELATSIM-RADAR-{site.code}"
    return _sighting(stage, t, place, 80.0, 100.0, source, float("nan"), confidence, "")


def _patrols(stage: Stage, n: int) -> list[Sighting]:
    """Patrols report single ships, roughly, and boats without AIS."""
    rng = stage.rng
    made: list[Sighting] = []
    for k in range(3 * n):
        t = _moment(stage)
        if t is None:
            continue
        if k % 3 == 0 and k < 3 * (n - 2 * (n // 3)):
            boat = _alone(stage, t, partial(_somewhere, stage))
            if boat:
                made.append(_patrol(stage, t, boat, float(rng.uniform(7, 18)), "fast boat, no AIS"))
                _plant(stage, t, boat, 0, "boat without AIS met by a patrol")
            continue
        ships = _sending(stage, t)
        if ships:
            seen = ships[int(rng.integers(len(ships)))]
            made.append(_patrol(stage, t, seen.place, seen.length_m, "routine report"))
            if seen.heard < _SPARSE:
                _trap(stage, seen, t, "sighting of a ship whose AIS is sparse")
    return made


def _patrol(stage: Stage, t: float, place: Place, length_m: float, note: str) -> Sighting:
    rng = stage.rng
    uncertainty_m = float(rng.uniform(150, 500))
    guess_m = round(length_m * float(rng.uniform(0.75, 1.3)) / 5) * 5.0
    return _sighting(
        stage,
        t,
        place,
        uncertainty_m / 1.3,
        uncertainty_m,
        "SELATSIM-PATROL",
        max(guess_m, 5.0),
        float(rng.uniform(0.8, 0.99)),
        note,
    )


def _beside_loiterers(stage: Stage, n: int) -> list[Sighting]:
    """Let an aircraft see a ship that waits in open water, and a boat without AIS beside it."""
    rng = stage.rng
    made: list[Sighting] = []
    loiters = [e for e in stage.events if e.kind == "loitering" and e.suspicious]
    for index in rng.permutation(len(loiters)):
        if len(made) >= 2 * n:
            break
        waits: Planted = loiters[int(index)]
        t = float(np.round(rng.uniform(waits.start + 1800, waits.end - 600)))
        ship = next((s for s in _sending(stage, t) if s.actor.ship.mmsi == waits.mmsi), None)
        if ship is None or not stage.delivered(t, t):
            continue
        boat = around(stage, ship.place, 0.4, 1.1)
        for place, length_m, note in (
            (ship.place, ship.length_m, "ship, not making way"),
            (boat, float(rng.uniform(8, 16)), "open boat near a ship, no AIS"),
        ):
            made.append(
                _sighting(stage, t, place, 60.0, 80.0, "SELATSIM-AIRCRAFT", length_m, 0.95, note)
            )
        _plant(stage, t, boat, waits.mmsi, "boat without AIS beside a waiting ship")
    return made


def _unheard(stage: Stage) -> list[Sighting]:
    """Let a radar satellite or a patrol see ships that send where no receiver hears them."""
    rng = stage.rng
    made: list[Sighting] = []
    for k in range(_UNHEARD):
        t = _moment(stage)
        ships = [] if t is None else _sending(stage, t, heard=False)
        if t is None or not ships:
            continue
        seen = ships[int(rng.integers(len(ships)))]
        if k % 2:
            made.append(_patrol(stage, t, seen.place, seen.length_m, "routine report"))
        else:
            made.append(_sar(stage, t, seen.place, seen.length_m, "a scene of its own"))
        _trap(stage, seen, t, "sighting of a ship beyond reception")
    return made


def _sighting(
    stage: Stage,
    t: float,
    place: Place,
    error_m: float,
    uncertainty_m: float,
    source: str,
    length_m: float,
    confidence: float,
    note: str,
) -> Sighting:
    """Return a sighting with a normal error of `error_m` in north and east, whatever it claims."""
    north_m, east_m = stage.rng.normal(0.0, error_m, 2)
    lat, lon = geodesy.destination(
        *place, np.degrees(np.arctan2(east_m, north_m)), np.hypot(north_m, east_m)
    )
    return Sighting(t, float(lat), float(lon), uncertainty_m, source, length_m, confidence, note)


def _moment(stage: Stage) -> float | None:
    """Draw a random whole second that the feed covers."""
    for _ in range(TRIES):
        t = float(np.floor(stage.rng.uniform(stage.t0 + 900, stage.t1 - 900)))
        if stage.delivered(t, t):
            return t
    return None


def _alone(stage: Stage, t: float, draw: Callable[[], Place]) -> Place | None:
    """Draw a place at sea, not off a port, with nobody near it from 10 min before to 10 min
    after.
    """
    others = [_everyone(stage, t + dt) for dt in (-600.0, 0.0, 600.0)]
    for _ in range(TRIES * 4):
        place = draw()
        spot = geography.spot(place)
        if not stage.sea.clear(*spot, METRES_PER_NM)[0]:
            continue
        if not stage.sea.outside(*spot, SHELTERED, METRES_PER_NM)[0]:
            continue
        if radio.best_hearing(*spot)[0] < 0.5:
            continue
        apart_m = np.concatenate([geodesy.distance_m(*other, *place) for other in others])
        if len(apart_m) == 0 or apart_m.min() > NOBODY_NEAR_NM * METRES_PER_NM:
            return place
    return None


def _somewhere(stage: Stage) -> Place:
    along = geography.axis()
    lat, lon = along.at(np.array([stage.rng.uniform(0.05, 0.9) * along.length_m]))
    return around(stage, (float(lat[0]), float(lon[0])), 1.0, 18.0)


def _within_scene(stage: Stage, centre: Place) -> Place:
    up, across = stage.rng.uniform(-1, 1, 2)
    return centre[0] + float(up) * SCENE_DEG[0], centre[1] + float(across) * SCENE_DEG[1]


def _in_scene(place: Place, centre: Place) -> bool:
    inside = np.abs(np.subtract(place, centre)) < SCENE_DEG
    return bool(inside.all())


def _off_nm(site: Station, place: Place) -> float:
    return float(geodesy.distance_m(site.lat, site.lon, *place)) / METRES_PER_NM


def _plant(stage: Stage, t: float, place: Place, mmsi: int, note: str) -> None:
    stage.mark(KIND, (mmsi, 0), (t, t), place, note, suspicious=True)


def _trap(stage: Stage, seen: _Seen, t: float, note: str) -> None:
    mmsi = seen.actor.ship.mmsi
    stage.mark(KIND, (mmsi, 0), (t, t), seen.place, note)
