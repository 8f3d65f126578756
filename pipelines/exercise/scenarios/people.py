"""Boats that land people: slow wooden ones and fast fibreglass ones, by night and at noon.

Parameters from what the press and the authorities told of cases:

- a pom-pom with 80 people stopped 3 nm off Sungai Air Tawar at 03:30, from a jetty in Batu Bara,
  heading straight for Selangor (Bernama, 31 January 2026); others with 20-50 people in wooden
  boats;
- a foreign fishing boat with 42 people 2.4 nm off Morib at 13:10 (Malay Mail, 24 May 2024), and a
  local one from the traffic lane to Sungai Sepang at noon (The Sun, 20 January 2024);
- an open boat with two outboards and 20 people 11 nm off Tanjung Kling at 21:25 (The Star, 18
  September 2025); boats with four engines of 200 hp from Batam; 30-60 people landed in minutes;
- landings at beaches and creeks away from ports (`data/reference/places`, with the report of each).

A wooden boat with one diesel makes 6-8 kn; fibreglass with 200 hp and people 16-26 kn; with four
engines 30-42 kn. Few have AIS: these are the ones that do.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.exercise.fleet import Identity
from pipelines.exercise.geography import Line, Place, line
from pipelines.exercise.motion import UNDER_WAY, Path, join, sail, still
from pipelines.exercise.scenarios.common import days, nights, with_a_bend
from pipelines.exercise.scenarios.shores import at_home, berth_at, nearest, of_country, run, ways
from pipelines.exercise.stage import HOUR_S, Shore, Span, Stage
from pipelines.exercise.tries import TRIES, Scenario

SLOW_NM: Final = (10.0, 40.0)
FAST_NM: Final = (7.0, 48.0)
LANDS_S: Final = (180.0, 900.0)
"""A landing takes 3-15 min: people wade ashore."""


class Trip(NamedTuple):
    """A boat's way out, its landing, and its way back, in absolute times."""

    boat: Identity
    path: Path
    legs: tuple[Span, Span]


def slow_over(stage: Stage) -> bool:
    """Let a wooden boat go over at 6-8 kn by night, land for minutes away from ports, and
    return.
    """
    return _plain(stage, "pom-pom", SLOW_NM, "slow boat over by night, lands away from ports")


def fast_over(stage: Stage) -> bool:
    """Let a fibreglass boat go over by night, land for minutes, and be back in the same night."""
    model = "fibreglass" if stage.rng.random() < 0.7 else "four-engined"
    return _plain(stage, model, FAST_NM, "fast boat over by night and back")


def noon_run(stage: Stage) -> bool:
    """Let a boat, slow or fast, go over to land about noon, when nobody expects it."""
    model = str(stage.rng.choice(("pom-pom", "fibreglass")))
    lengths = SLOW_NM if model == "pom-pom" else FAST_NM
    return _plain(stage, model, lengths, "run at noon, lands away from ports", by_day=True)


def outbound(stage: Stage) -> bool:
    """Let a local fishing boat take people out by night at 6-8 kn: from its village to a beach,
    there for minutes, over to the other side, and home.
    """
    for home, beach, way in _over(stage, "MYS", SLOW_NM):
        pick_up = _beach_near(stage, home, way)
        if pick_up is None:
            continue
        boat = disguised(stage, stage.fleet.new("fishing"))
        berth = berth_at(stage, home)
        out = run(stage, (pick_up.place, beach.place), boat.speed_kn)
        arrive = _landing(stage, out.duration_s)
        if arrive is None:
            continue
        waits = _ashore(stage, pick_up.place)
        to = run(stage, (berth, pick_up.place), boat.speed_kn)
        back = run(stage, (beach.place, berth), boat.speed_kn)
        if not stage.clear(line(beach.place, berth), clearance_m=30.0):
            continue
        trip = join(to, waits, out, _ashore(stage, beach.place), back)
        trip = trip.shifted(arrive - out.duration_s - waits.duration_s - to.duration_s)
        span = arrive - out.duration_s, arrive
        return _enter(stage, boat, trip, [span], "slow boat outbound by night")
    return False


def in_and_out(stage: Stage) -> bool:
    """One boat lands people, and another goes out with some two miles away within 90 minutes."""
    for home, beach, way in _over(stage, "IDN", FAST_NM):
        close = nearest(of_country(stage.beaches, "MYS"), beach.place, 4)[1:]
        close = [s for s in close if _nm(s.place, beach.place) < 3.0] or [beach]
        outs = ways(stage, close, of_country(stage.beaches, "IDN"), SLOW_NM, 60)
        arrive = _landing(stage, way.length_m / (20 * geodesy.KNOT_MPS))
        if not outs or arrive is None:
            continue
        one = _trip(stage, "fibreglass", home, way, arrive)
        leave = arrive + float(stage.rng.uniform(-1.0, 1.0)) * 5000.0
        start, other_side, out_way = outs[0]
        boat = disguised(stage, stage.fleet.new("pom-pom"))
        village = nearest(of_country(stage.moorings, "MYS"), start.place, 3)
        village = [v for v in village if stage.clear(line(v.place, start.place), clearance_m=30.0)]
        if one is None or not village or leave < stage.t0 + HOUR_S:
            continue
        over = run(stage, tuple(zip(out_way.lat, out_way.lon, strict=True)), boat.speed_kn)
        if leave + 0.6 * over.duration_s > stage.t1:
            continue
        to = run(stage, (village[0].place, start.place), boat.speed_kn)
        waits = _ashore(stage, start.place)
        back = run(stage, (other_side.place, start.place, village[0].place), boat.speed_kn)
        trip = join(to, waits, over, _ashore(stage, other_side.place), back)
        trip = trip.shifted(leave - to.duration_s - waits.duration_s)
        note = "in and out close together"
        _enter(stage, one.boat, one.path, [*one.legs], note)
        return _enter(stage, boat, trip, [(leave, leave + over.duration_s)], note)
    return False


def beach_switched(stage: Stage) -> bool:
    """Let a patrol show off the beach: the boat turns 1-3 nm short and lands some miles along."""
    return _disturbed(stage, lands=True)


def run_cancelled(stage: Stage) -> bool:
    """Let a patrol show off the beach: the boat turns 1-3 nm short and goes home again."""
    return _disturbed(stage, lands=False)


PLANTED: Final[tuple[Scenario, ...]] = (
    slow_over,
    fast_over,
    noon_run,
    beach_switched,
    outbound,
    in_and_out,
    run_cancelled,
)


def disguised(stage: Stage, boat: Identity) -> Identity:
    """Let a crew have typed in what suits it: what it isn't, or sizes that it hasn't."""
    rng = stage.rng
    said = float(rng.random())
    if said < 0.35:
        return replace(boat, ship_type=int(rng.choice((30, 30, 37, 52, 60, 0))))
    if said < 0.5:
        length = int(rng.choice((1, 3, 45, 60, 120)))
        return replace(boat, bow_m=length // 2, stern_m=length - length // 2)
    return boat


def _plain(
    stage: Stage,
    model: str,
    lengths_nm: tuple[float, float],
    note: str,
    *,
    by_day: bool = False,
) -> bool:
    for home, _, way in _over(stage, "IDN", lengths_nm):
        speed_kn = 7.0 if model == "pom-pom" else 25.0
        arrive = _landing(stage, way.length_m / (speed_kn * geodesy.KNOT_MPS), by_day=by_day)
        trip = _trip(stage, model, home, way, arrive) if arrive is not None else None
        if trip is None:
            continue
        legs = list(trip.legs[: 2 if model != "pom-pom" and not by_day else 1])
        return _enter(stage, trip.boat, trip.path, legs, note)
    return False


def _trip(stage: Stage, model: str, home: Shore, way: Line, arrive: float) -> Trip | None:
    """Over to the end of `way`, ashore for minutes at `arrive`, and back to the village."""
    boat = disguised(stage, stage.fleet.new(model))
    berth = berth_at(stage, home)
    there = way.end_place
    middle = tuple(zip(way.lat[1:-1].tolist(), way.lon[1:-1].tolist(), strict=True))
    if not stage.clear(line(berth, *middle, there), clearance_m=30.0):
        return None
    out = run(stage, (berth, *middle, there), boat.speed_kn)
    ashore = _ashore(stage, there)
    back = run(stage, (there, *middle[::-1], berth), boat.speed_kn * 1.1)
    path = join(out, ashore, back).shifted(arrive - out.duration_s)
    if not stage.clear(path, clearance_m=30.0):
        return None
    start = arrive - out.duration_s
    leaves = arrive + ashore.duration_s
    return Trip(boat, path, ((start, arrive), (leaves, leaves + back.duration_s)))


def _disturbed(stage: Stage, *, lands: bool) -> bool:
    rng = stage.rng
    beaches = of_country(stage.beaches, "MYS")
    for home, beach, way in _over(stage, "IDN", FAST_NM):
        boat = disguised(stage, stage.fleet.new("fibreglass"))
        turn_m = way.length_m - float(rng.uniform(1.0, 3.0)) * METRES_PER_NM
        if turn_m < 4 * METRES_PER_NM:
            continue
        turn = way.place(turn_m)
        other = [s for s in nearest(beaches, beach.place, 9)[1:] if _nm(s.place, turn) < 16.0]
        other = [s for s in other if stage.clear(line(turn, s.place), clearance_m=30.0)]
        police = [
            s
            for s in nearest(of_country(stage.moorings, "MYS"), beach.place, 12)
            if 2.0 < _nm(s.place, beach.place) < 18.0
            and stage.clear(line(s.place, turn), clearance_m=30.0)
        ]
        berth = berth_at(stage, home)
        if not police or (lands and not other):
            continue
        arrive = _landing(stage, turn_m / (boat.speed_kn * geodesy.KNOT_MPS))
        if arrive is None:
            continue
        out = run(stage, (berth, turn), boat.speed_kn)
        if lands:
            there = other[int(rng.integers(len(other)))].place
            way_on, ashore = run(stage, (turn, there), boat.speed_kn), _ashore(stage, there)
            parts = [out, way_on, ashore, run(stage, (there, turn, berth), boat.speed_kn)]
            span = arrive - out.duration_s, arrive + way_on.duration_s
        else:
            parts = [out, run(stage, (turn, berth), boat.speed_kn)]
            span = arrive - out.duration_s, arrive
        trip = join(*parts).shifted(arrive - out.duration_s)
        if not stage.clear(trip, clearance_m=30.0):
            continue
        if not _patrol_shows(stage, police[0].place, line(turn, beach.place), arrive):
            continue
        note = "beach switched before a patrol" if lands else "run cancelled before a patrol"
        return _enter(stage, boat, trip, [span], note)
    return False


def _patrol_shows(stage: Stage, base: Place, last: Line, arrive: float) -> bool:
    """Let a patrol craft come to the approaches of a beach and be there as the boat comes."""
    rng = stage.rng
    spot = last.place(last.length_m * float(rng.uniform(0.4, 0.7)))
    ways_ = line(base, spot), line(spot, base)
    if not stage.clear(*ways_, clearance_m=30.0):
        return False
    craft = stage.fleet.new("patrol")
    out, back = (sail(way, craft.speed_kn, rng, wander_m=30.0) for way in ways_)
    waits_s = float(rng.uniform(1800, 5400))
    wait = still(spot, waits_s, UNDER_WAY)
    early_s = out.duration_s + float(rng.uniform(600, 1500))
    trip = join(out, wait, back).shifted(arrive - early_s)
    stage.enter(craft, at_home(stage, base, trip))
    return True


def _over(
    stage: Stage, country: str, lengths_nm: tuple[float, float]
) -> Sequence[tuple[Shore, Shore, Line]]:
    """Ways from the villages of one side to the beaches of the other, some with a bend."""
    other = "MYS" if country == "IDN" else "IDN"
    homes, beaches = of_country(stage.moorings, country), of_country(stage.beaches, other)
    found = ways(stage, homes, beaches, lengths_nm)[:TRIES]
    return [
        (home, beach, with_a_bend(stage, way, 0.15, clearance_m=35.0)) for home, beach, way in found
    ]


def _landing(stage: Stage, over_s: float, *, by_day: bool = False) -> float | None:
    """Return when to land: in darkness (or about noon), most of the way over within the
    exercise.
    """
    spans = days(stage) if by_day else nights(stage)
    for _ in range(TRIES if spans else 0):
        start, end = spans[int(stage.rng.integers(len(spans)))]
        earliest = max(start + (0.0 if by_day else 0.3) * over_s, stage.t0 + 0.75 * over_s + 600.0)
        latest = min(end, stage.t1 - 0.5 * HOUR_S)
        if earliest >= latest:
            continue
        arrive = float(stage.rng.uniform(earliest, latest))
        if stage.delivered(arrive - over_s, arrive):
            return arrive
    return None


def _ashore(stage: Stage, place: Place) -> Path:
    lasts_s = float(stage.rng.uniform(*LANDS_S))
    return still(place, lasts_s, UNDER_WAY)


def _beach_near(stage: Stage, home: Shore, way: Line) -> Shore | None:
    """Return a beach some miles from a village, from which the way over is clear too."""
    for beach in nearest(of_country(stage.beaches, home.country), home.place, 6):
        ends = line(home.place, beach.place), line(beach.place, (way.lat[-1], way.lon[-1]))
        if _nm(home.place, beach.place) > 0.5 and stage.clear(*ends, clearance_m=30.0):
            return beach
    return None


def _enter(
    stage: Stage,
    boat: Identity,
    trip: Path,
    legs: Sequence[Span],
    note: str,
) -> bool:
    path = at_home(stage, trip.start_place, trip)
    if not stage.clear(path, clearance_m=30.0):
        return False
    stage.enter(boat, path, named=bool(stage.rng.random() < 0.6))
    for leg in legs:
        inside_s = min(leg[1], stage.t1) - max(leg[0], stage.t0)
        if inside_s > 0.6 * (leg[1] - leg[0]):
            stage.plant("crossing", [(boat, path)], leg, note, suspicious=True)
    return True


def _nm(one: Place, other: Place) -> float:
    return float(geodesy.distance_m(*one, *other)) / METRES_PER_NM
