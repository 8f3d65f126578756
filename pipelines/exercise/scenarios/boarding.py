"""Boats that come to ships: boarders from astern, fast visits to a mother ship; and their twins.

Boarding in the Straits of Malacca and Singapore: 87 % between 18:00 and 05:59, two thirds of bulk
carriers under way (ReCAAP ISC, half-yearly report 2023), off Pulau Cula and Helen Mar Reef in the
Phillip Channel, two ships within an hour or two of each other (ReCAAP ISC alerts, August 2015,
February 2025); small boats come up at the stern, where the freeboard is low and nobody looks, and
are gone after minutes, or lie there until the alarm is raised.
"""

from typing import Final

import numpy as np

from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.exercise import geography, radio
from pipelines.exercise.fleet import Identity
from pipelines.exercise.geography import line
from pipelines.exercise.motion import UNDER_WAY, Path, alongside, join, sail
from pipelines.exercise.scenarios.common import nights
from pipelines.exercise.scenarios.people import disguised
from pipelines.exercise.scenarios.shores import at_home, berth_at, nearest, run
from pipelines.exercise.stage import HOUR_S, Span, Stage
from pipelines.exercise.tries import TRIES, Scenario, within
from pipelines.exercise.voyages import by_the_lane, scattered, stays_open

_HOURS_S: Final = (1.0 * HOUR_S, 6.0 * HOUR_S)
"""01-06 h of the Strait's time (UTC+8)."""
_DAY_S: Final = 86_400.0


def from_astern(stage: Stage) -> bool:
    """Let a small boat come up from astern of a slow ship under way, between 01 and 06 h, keep
    under its stern for 5-25 min, and make off.
    """
    rng = stage.rng
    for _ in range(TRIES):
        lasts_s = float(rng.uniform(300, 1500))
        start = _early_hour(stage, lasts_s)
        if start is None:
            return False
        ship = stage.fleet.new("cargo" if rng.random() < 0.66 else "tanker")
        speed_kn = float(rng.uniform(7.0, 10.5))
        voyage = geography.lane(
            "east" if rng.random() < 0.8 else "west", float(rng.uniform(-0.5, 1.0))
        )
        path = sail(voyage, speed_kn, rng, unsteady=0.01)
        mark = float(rng.uniform(0.55, 0.93)) * path.duration_s
        path = path.shifted(start - mark)
        span = start, start + lasts_s
        ends = path.at(np.linspace(span[0] - 1200, span[1] + 1200, 7))
        if np.any(radio.best_hearing(*ends, class_b=True) < 0.6):
            continue
        boat = _boarder(stage, path, ship, span)
        if boat is None:
            continue
        stage.enter(ship, path)
        stage.enter(*boat, named=bool(rng.random() < 0.4))
        note = "boarded from astern under way"
        stage.plant("encounter", [(ship, path), boat], span, note, suspicious=True)
        return True
    return False


def _early_hour(stage: Stage, lasts_s: float) -> float | None:
    local = np.arange(stage.t0 - _DAY_S, stage.t1 + _DAY_S, 300.0)
    hour_s = (local + 8 * HOUR_S) % _DAY_S
    fits = (hour_s >= _HOURS_S[0]) & (hour_s <= _HOURS_S[1] - lasts_s)
    fits &= (local > stage.t0 + 1800) & (local < stage.t1 - lasts_s - 1800)
    some = local[fits]
    if not len(some):
        return None
    start = float(some[int(stage.rng.integers(len(some)))] + stage.rng.uniform(0, 300))
    return start if stage.delivered(start, start + lasts_s) else None


def _boarder(stage: Stage, host: Path, ship: Identity, span: Span) -> tuple[Identity, Path] | None:
    """Return a boat from a village: up the wake, under the stern for the span, away to the side."""
    rng = stage.rng
    boat = disguised(stage, stage.fleet.new("fibreglass"))
    kept = host.within(*span)
    course = geodesy.bearing_deg(kept.lat[:-1], kept.lon[:-1], kept.lat[1:], kept.lon[1:])
    course = np.r_[course, course[-1:]]
    # AIS gives the place of the bridge: the stern of a ship is close behind it.
    astern_m = ship.stern_m + float(rng.uniform(8, 30))
    lat, lon = geodesy.destination(kept.lat, kept.lon, course + 180.0, astern_m)
    under = Path(kept.t, np.asarray(lat), np.asarray(lon), np.full(len(kept.t), UNDER_WAY))
    meets, leaves = (float(lat[0]), float(lon[0])), under.end_place
    wake_m = float(rng.uniform(1500, 3500))
    behind = geography.away(*meets, float(course[0]) + 180.0 + rng.uniform(-8, 8), wake_m)
    for village in nearest(stage.moorings, meets, 8):
        ways = line(village.place, behind), line(leaves, village.place)
        if not stage.clear(*ways, line(behind, meets), clearance_m=30.0):
            continue
        berth = village.place
        out = run(stage, (berth, behind), boat.speed_kn)
        up = sail(line(behind, meets), min(boat.speed_kn, 19.0), rng, wander_m=10.0)
        back = run(stage, (leaves, berth), boat.speed_kn)
        trip = join(out, up, under, back).shifted(span[0] - out.duration_s - up.duration_s)
        return boat, at_home(stage, berth, trip)
    return None


@within(3.0, 6.0)
def fast_visits(stage: Stage, span: Span) -> bool:
    """Let a ship that says it fishes drift with the stream; four to six fast boats come to it one
    after the other, each for 6-18 min.
    """
    rng = stage.rng
    place = stage.open_water(class_b=True)
    ends_s = float(rng.uniform(900, 2400)), float(rng.uniform(900, 2400))
    lying = stage.adrift(place, span[0] - ends_s[0], span[1] - span[0] + sum(ends_s), drift_kn=0.3)
    if not stays_open(stage, lying):
        return False
    ship = disguised(stage, stage.fleet.new(str(rng.choice(("fish carrier", "bunker tanker")))))
    path = by_the_lane(stage, ship, lying)
    if path is None:
        return False
    begins = np.linspace(span[0], span[1] - 900.0, int(rng.integers(4, 7)))
    visits = [(float(b), float(b + rng.uniform(360, 1080))) for b in begins]
    boats = [_visitor(stage, path, visit) for visit in visits]
    met = [(boat, visit) for boat, visit in zip(boats, visits, strict=True) if boat]
    if len(met) < 3:
        return False
    whole = met[0][1][0], met[-1][1][1]
    note = "fast boats visit a ship, one after the other"
    stage.play("mother_ship", [(ship, path)], whole, note, suspicious=True)
    for boat, visit in met:
        stage.enter(*boat, named=bool(rng.random() < 0.4))
        ships = [(ship, path), boat]
        stage.plant("encounter", ships, visit, "fast visit to a ship", suspicious=True)
    return True


def _visitor(stage: Stage, host: Path, visit: Span) -> tuple[Identity, Path] | None:
    rng = stage.rng
    boat = disguised(stage, stage.fleet.new("fibreglass"))
    off_m = float(rng.uniform(15, 45))
    beside = alongside(host, *visit, off_m, float(rng.uniform(0, 360)), UNDER_WAY)
    meets, leaves = beside.start_place, beside.end_place
    near = nearest(stage.moorings, meets, 14)
    for index in rng.permutation(len(near)):
        village = near[int(index)]
        if geodesy.distance_m(*village.place, *meets) > 35 * METRES_PER_NM:
            continue
        berth = berth_at(stage, village)
        if not stage.clear(line(berth, meets), line(leaves, berth), clearance_m=30.0):
            continue
        out = run(stage, (berth, meets), boat.speed_kn)
        back = run(stage, (leaves, berth), boat.speed_kn)
        trip = join(out, beside, back).shifted(visit[0] - out.duration_s)
        return boat, at_home(stage, berth, trip)
    return None


# ---- only looks like it


@within(2.5, 5.0, TRIES // 3)
def raft_of_boats(stage: Stage, span: Span) -> bool:
    """Four to six fishing boats come together slowly, one by one, lie alongside one another for
    hours while the stream carries them, and part slowly: a rest, a meal, a catch shared.
    """
    ground = stage.fishing_ground()
    raft = stage.adrift(ground, span[0], span[1] - span[0], drift_kn=0.3)
    if not stage.clear(raft, clearance_m=1500.0):
        stage.taken.pop()
        return False
    made = _rafted(stage, ground, raft, span)
    if made is None:
        stage.taken.pop()
        return False
    note = "raft of fishing boats adrift"
    for k, (boat, path, when) in enumerate(made):
        stage.play("loitering", [(boat, path)], when, note)
        for other, other_path, other_when in made[:k]:
            both = max(when[0], other_when[0]), min(when[1], other_when[1])
            ships = [(boat, path), (other, other_path)]
            stage.plant("encounter", ships, both, note)
    host = made[0]
    stage.plant("mother_ship", [host[:2]], host[2], note)
    return True


def _rafted(
    stage: Stage, ground: tuple[float, float], raft: Path, span: Span
) -> list[tuple[Identity, Path, tuple[float, float]]] | None:
    rng = stage.rng
    n = int(rng.integers(4, 7))
    villages = [
        v
        for v in nearest(stage.moorings, ground, 12)
        if stage.clear(line(v.place, ground), clearance_m=30.0)
    ]
    if not villages:
        return None
    made = []
    bearing = float(rng.uniform(0, 360))
    starts = scattered(stage, ground, n, 2.5 * METRES_PER_NM, 500.0)
    for k, spot in enumerate(starts):
        boat = stage.fleet.new("fishing")
        come_s = 0.0 if k == 0 else float(rng.uniform(0, 0.25)) * (span[1] - span[0])
        go_s = 0.0 if k == 0 else float(rng.uniform(0, 0.25)) * (span[1] - span[0])
        when = span[0] + come_s, span[1] - go_s
        beside = alongside(raft, *when, 6.0 + 6.0 * k, bearing, UNDER_WAY)
        home = villages[int(rng.integers(len(villages)))]
        berth = berth_at(stage, home)
        meets = beside.start_place
        to = run(stage, (berth, spot), boat.speed_kn)
        drift_in = sail(line(spot, meets), float(rng.uniform(2.5, 4.5)), rng, wander_m=15.0)
        off = geography.away(
            *beside.end_place, float(rng.uniform(0, 360)), float(rng.uniform(600, 1500))
        )
        part = sail(line(beside.end_place, off), float(rng.uniform(2.0, 4.0)), rng, wander_m=10.0)
        back = run(stage, (off, berth), boat.speed_kn)
        trip = join(to, drift_in, beside, part, back)
        trip = trip.shifted(when[0] - to.duration_s - drift_in.duration_s)
        if not stage.clear(trip, clearance_m=30.0):
            continue
        made.append((boat, at_home(stage, berth, trip), when))
    return made if len(made) >= 3 else None


def close_astern(stage: Stage) -> bool:
    """Let a fishing boat cross close under a ship's stern by night, between 01 and 06 h, and go on:
    150-400 m for a minute or two.
    """
    rng = stage.rng
    if not nights(stage):
        return False
    for _ in range(TRIES):
        when = _early_hour(stage, 600.0)
        if when is None:
            return False
        ship = stage.fleet.new("cargo")
        voyage = geography.lane(stage.direction(), float(rng.uniform(-0.5, 1.0)))
        path = sail(voyage, float(rng.uniform(8.0, 12.0)), rng)
        path = path.shifted(when - float(rng.uniform(0.3, 0.93)) * path.duration_s)
        here = path.place(when - 60.0)
        if radio.best_hearing(*geography.spot(here), class_b=True)[0] < 0.6:
            continue
        for village in nearest(stage.moorings, here, 6):
            towards = float(geodesy.bearing_deg(*village.place, *here))
            far = geography.away(*here, towards, 3 * METRES_PER_NM)
            ways = line(village.place, here, far), line(far, village.place)
            if not stage.clear(*ways, clearance_m=30.0):
                continue
            boat = stage.fleet.new("fishing")
            out = run(stage, (village.place, here), boat.speed_kn)
            on = run(stage, (here, far), boat.speed_kn)
            back = run(stage, (far, village.place), boat.speed_kn)
            trip = join(out, on, back).shifted(when - out.duration_s)
            own = at_home(stage, village.place, trip)
            span = when - 300.0, when + 300.0
            note = "fishing boat passes close astern"
            return stage.play("encounter", [(ship, path), (boat, own)], span, note)
    return False


ENCOUNTERS: Final[tuple[Scenario, ...]] = (from_astern,)
MOTHER_SHIPS: Final[tuple[Scenario, ...]] = (fast_visits,)
TRAPS: Final[tuple[Scenario, ...]] = (close_astern,)
RAFTS: Final[tuple[Scenario, ...]] = (raft_of_boats,)
