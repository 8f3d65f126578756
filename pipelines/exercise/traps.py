"""What looks like something and is not: the innocent neighbours of every planted event."""

import numpy as np
import shapely

from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import KNOT_MPS, METRES_PER_NM
from pipelines.exercise import background, geography, radio
from pipelines.exercise.geography import AXIS, Line, Place, line
from pipelines.exercise.motion import (
    AT_ANCHOR,
    MOORED,
    TOWING_ASTERN,
    UNDER_WAY,
    alongside,
    join,
    sail,
    still,
)
from pipelines.exercise.stage import HOUR_S, SHELTERED, Span, Stage
from pipelines.exercise.tries import TRIES, tried, within
from pipelines.exercise.truth import ExerciseError


def pilot_transfer(stage: Stage) -> bool:
    """Let a pilot boat run beside a slowed ship in the lane for 5-15 min at 6-10 kn."""
    return _pilot(stage, (5, 15), (6.0, 10.0), "pilot transfer")


def long_pilot_transfer(stage: Stage) -> bool:
    """Let a pilot boat stay for 25-45 min beside a ship that waits for its pilot at 2.5-5 kn."""
    return _pilot(stage, (25, 45), (2.5, 5.0), "pilot boat that stays long")


def _pilot(
    stage: Stage, minutes: tuple[float, float], speeds_kn: tuple[float, float], note: str
) -> bool:
    span = stage.span(minutes[0] / 60, minutes[1] / 60)
    if span is None:
        return False
    start, end = span
    rng = stage.rng
    for _ in range(TRIES):
        base = _in_port(stage)
        voyage = geography.lane(stage.direction(), float(rng.uniform(-1, 1)))
        mark, off_m = voyage.nearest_m(*base)
        slow_kn = float(rng.uniform(*speeds_kn))
        slow_from, slow_to = mark - 2 * METRES_PER_NM, mark + 4 * METRES_PER_NM
        if off_m > 15 * METRES_PER_NM or slow_from < 0 or slow_to > voyage.length_m:
            continue
        ship = stage.fleet.new(background.lane_model(stage))
        parts = [
            sail(voyage.cut(0.0, slow_from), ship.speed_kn, rng),
            sail(voyage.cut(slow_from, mark), slow_kn, rng),
            sail(voyage.cut(mark, slow_to), slow_kn, rng),
            sail(voyage.cut(slow_to, voyage.length_m), ship.speed_kn, rng),
        ]
        path = join(*parts).shifted(start - parts[0].duration_s - parts[1].duration_s)
        beside = alongside(path, start, end, 35.0, float(rng.uniform(0, 360)), UNDER_WAY)
        meeting = beside.start_place
        way_out, way_back = line(base, meeting), line(beside.end_place, base)
        if not stage.clear(way_out, way_back, clearance_m=100.0):
            continue
        pilot = stage.fleet.new("pilot")
        run_out = sail(way_out, pilot.speed_kn, rng, wander_m=10.0)
        run_back = sail(way_back, pilot.speed_kn, rng, wander_m=10.0)
        waits = max(start - run_out.duration_s - stage.t0, 60.0), max(stage.t1 - end, 60.0)
        pilot_path = join(
            still(base, waits[0]),
            run_out,
            beside,
            run_back,
            still(base, waits[1]),
        ).shifted(start - run_out.duration_s - waits[0])
        return stage.play("encounter", [(ship, path), (pilot, pilot_path)], span, note)
    return False


@tried()
def tow(stage: Stage) -> bool:
    """Let a tug pull a barge 100-300 m behind it, at 4-6 kn for the whole exercise, off the
    lane.
    """
    rng = stage.rng
    voyage = geography.lane(stage.direction(), 1.0, beyond_nm=float(rng.uniform(2, 4)))
    marks = sorted(voyage.nearest_m(AXIS[k].lat, AXIS[k].lon)[0] for k in (4, 9))
    stretch = voyage.cut(*marks)
    speed_kn = float(rng.uniform(4.0, 6.0))
    begin_m = float(rng.uniform(0.0, 0.8)) * stretch.length_m
    way = stretch.cut(begin_m, stretch.length_m)
    if not stage.clear(stretch, clearance_m=METRES_PER_NM):
        return False
    needed_m = speed_kn * KNOT_MPS * (stage.duration_s + 2 * HOUR_S) * 1.1
    way = _back_and_forth(way, stretch, needed_m)
    tug, barge = stage.fleet.new("tug"), stage.fleet.new("barge")
    path = sail(way, speed_kn, rng, status=TOWING_ASTERN).shifted(stage.t0 - HOUR_S)
    lag_s = float(rng.uniform(100.0, 300.0)) / (speed_kn * KNOT_MPS)
    towed = path.shifted(lag_s)
    return stage.play(
        "encounter", [(tug, path), (barge, towed)], (stage.t0, stage.t1), "tug and tow"
    )


def bunkering(stage: Stage) -> bool:
    """Let a bunker tanker lie alongside an anchored ship for 2-4 h, inside an anchorage."""
    return _bunkering(stage, "anchorage", AT_ANCHOR, "bunkering at anchor")


def bunkering_in_port(stage: Stage) -> bool:
    """Let a bunker tanker lie alongside a moored ship for 2-4 h, within port limits."""
    return _bunkering(stage, "port", MOORED, "bunkering in port limits")


def _bunkering(stage: Stage, zone_class: str, status: int, note: str) -> bool:
    span = stage.span(2.0, 4.0)
    if span is None:
        return False
    start, end = span
    rng = stage.rng
    for _ in range(TRIES):
        if zone_class == "port":
            polygons, room_m = list(stage.sea.polygons("port").values()), 250.0
            polygon = polygons[rng.integers(len(polygons))]
        else:
            polygon, room_m = background.some_anchorage(stage), background.SWING_ROOM_M
        lat, lon = stage.sea.sample(polygon, rng, 2, room_m)
        if len(lat) < 2:
            continue
        host_place, guest_place = ((float(lat[k]), float(lon[k])) for k in (0, 1))
        apart_m = float(geodesy.distance_m(*host_place, *guest_place))
        if not 700.0 < apart_m < 6 * METRES_PER_NM:
            continue
        places = (host_place, guest_place) if status == AT_ANCHOR else (guest_place,)
        if not all(background.has_room(stage, place) for place in places):
            continue
        host = stage.fleet.new(background.lane_model(stage))
        guest = stage.fleet.new("bunker tanker")
        anchored = (
            stage.anchored(host_place)
            if status == AT_ANCHOR
            else still(host_place, stage.duration_s, status).shifted(stage.t0)
        )
        off_m = (host.port_m + guest.port_m) + 8.0
        beside = alongside(anchored, start, end, off_m, float(rng.uniform(0, 360)), MOORED)
        way_in = line(guest_place, beside.start_place)
        heard = radio.best_hearing(*geography.spot(host_place))[0] > 0.5
        if not heard or not stage.clear(way_in, clearance_m=150.0):
            continue
        run_in = sail(way_in, 6.0, rng, wander_m=5.0, ease_out=True)
        run_back = sail(line(beside.end_place, guest_place), 6.0, rng, wander_m=5.0, ease_out=True)
        wait_s = max(start - run_in.duration_s - stage.t0, 60.0)
        guest_path = join(
            still(guest_place, wait_s, AT_ANCHOR),
            run_in,
            beside,
            run_back,
            still(guest_place, max(stage.t1 - end, 60.0), AT_ANCHOR),
        ).shifted(start - run_in.duration_s - wait_s)
        return stage.play("encounter", [(host, anchored), (guest, guest_path)], span, note)
    return False


@within(20 / 60, 40 / 60)
def overtaking(stage: Stage, span: Span) -> bool:
    """Let a ship pass another in the same lane: within 500 m for 20-40 min at some 12 kn."""
    start, end = span
    middle = (start + end) / 2
    rng = stage.rng
    direction, across = stage.direction(), float(rng.uniform(-0.9, 0.6))
    beam_m = float(rng.uniform(200.0, 380.0))
    slower = geography.lane(direction, across)
    mark = float(rng.uniform(0.15, 0.9)) * slower.length_m
    place = slower.place(mark)
    if radio.best_hearing(*geography.spot(place))[0] < 0.8:
        return False
    faster = geography.lane(direction, across, beyond_nm=beam_m / METRES_PER_NM)
    # Within 500 m for that long while passing abeam: a chord of the circle around the slower.
    gain_kn = 2 * np.sqrt(500.0**2 - beam_m**2) / (end - start) / KNOT_MPS
    speeds = float(rng.uniform(11.0, 12.5))
    marks = mark, faster.nearest_m(*place)[0]
    ships = []
    for way, way_mark, speed_kn in (
        (slower, marks[0], speeds),
        (faster, marks[1], speeds + float(gain_kn)),
    ):
        ship = stage.fleet.new(str(rng.choice(("cargo", "tanker"))))
        path = sail(way, speed_kn, rng, wander_m=8.0, unsteady=0.0)
        path = path.shifted(middle - way_mark / (speed_kn * KNOT_MPS))
        ships.append((ship, path))
    return stage.play("encounter", ships, span, "overtaking")


def pair_trawl(stage: Stage) -> bool:
    """Two fishing boats pull one net, 150-300 m apart at 3 kn, for the whole exercise."""
    rng = stage.rng
    place = stage.fishing_ground()
    way = background.zigzag(stage, place, 3.2 * KNOT_MPS * stage.duration_s * 1.2)
    path = sail(way, 3.0, rng, unsteady=0.08).shifted(stage.t0)
    beside = alongside(
        path, stage.t0, stage.t1, float(rng.uniform(150, 300)), float(rng.uniform(0, 360)), 0
    )
    ships = [(stage.fleet.new("fishing"), each) for each in (path, beside)]
    return stage.play("encounter", ships, (stage.t0, stage.t1), "pair trawling")


@within(3.0, 5.0, tries=1)
def drift_net(stage: Stage, span: Span) -> bool:
    """Let a fishing boat drift with its net for 3-5 h."""
    place = stage.fishing_ground()
    ship = stage.fleet.new("fishing")
    before = background.fishing_trip(stage, ship, place, span[0] - stage.t0)
    drift = stage.stay(
        before.end_place, span[1] - span[0], mode="drift", status=UNDER_WAY, start=span[0]
    )
    after = background.fishing_trip(
        stage, ship, drift.end_place, stage.t1 - span[1] + HOUR_S, centre=place
    )
    path = join(before, drift, after).shifted(span[0] - before.duration_s)
    return stage.play("loitering", [(ship, path)], span, "fishing with drift nets")


@within(40 / 60, 100 / 60, TRIES * 2)
def waiting(stage: Stage, span: Span) -> bool:
    """Let a tanker wait 40-100 min outside an anchorage, then go in and anchor."""
    start, end = span
    rng = stage.rng
    polygon = background.some_anchorage(stage)
    berth = stage.sea.spot(polygon, rng, background.SWING_ROOM_M)
    if berth is None or not background.has_room(stage, berth):
        return False
    edge = shapely.get_coordinates(polygon)
    corner = edge[rng.integers(len(edge))]
    bearing, away_m = float(rng.uniform(0, 360)), float(rng.uniform(1.0, 3.0)) * METRES_PER_NM
    place = geography.away(corner[1], corner[0], bearing, away_m)
    spot = geography.spot(place)
    outside = stage.sea.outside(*spot, SHELTERED, 500.0)[0]
    if not outside or not stage.sea.clear(*spot, METRES_PER_NM)[0]:
        return False
    way = stage.detour(stage.direction(), place)
    drift = stage.stay(
        place, end - start, mode="drift", status=UNDER_WAY, start=start, drift_kn=0.5
    )
    way_in = line(drift.end_place, berth)
    if way is None or not stage.clear(way_in, clearance_m=150.0):
        return False
    ship = stage.fleet.new("tanker")
    arrival = sail(way[0], ship.speed_kn, rng, ease_out=True)
    run_in = sail(way_in, 7.0, rng, ease_in=True, ease_out=True)
    rest_s = max(stage.t1 - end - run_in.duration_s, 0.0) + HOUR_S
    anchored = stage.stay(
        berth, rest_s, mode="anchor", status=AT_ANCHOR, start=end + run_in.duration_s
    )
    path = join(arrival, drift, run_in, anchored).shifted(start - arrival.duration_s)
    return stage.play("loitering", [(ship, path)], span, "waiting to anchor")


def at_anchor(stage: Stage) -> bool:
    """Let a ship lie at anchor in an anchorage for the whole exercise."""
    ship, path = background.anchored(stage)
    stage.plant("loitering", [(ship, path)], stage.whole, "at anchor in an anchorage")
    return True


def _back_and_forth(first: Line, stretch: Line, needed_m: float) -> Line:
    """`first`, then `stretch` backwards, forwards … until the way is long enough."""
    way, backwards = first, True
    while way.length_m < needed_m:
        leg = stretch.reversed() if backwards else stretch
        way = way.then(*zip(leg.lat[1:].tolist(), leg.lon[1:].tolist(), strict=True))
        backwards = not backwards
    return way


def _in_port(stage: Stage) -> Place:
    polygons = list(stage.sea.polygons("port").values())
    for _ in range(TRIES):
        place = stage.sea.spot(polygons[stage.rng.integers(len(polygons))], stage.rng, 150.0)
        if place is not None:
            return place
    raise ExerciseError("no port has water in it", hint="check the zones: selat doctor")
