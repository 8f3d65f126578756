"""Traps: ships at their work, or in trouble, that stop, crawl or keep company."""

from typing import Final

import numpy as np

from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.exercise import background, geography
from pipelines.exercise.fleet import Identity
from pipelines.exercise.geography import AXIS, FERRIES, Line, line
from pipelines.exercise.motion import (
    MOORED,
    NOT_UNDER_COMMAND,
    RESTRICTED,
    TOWING_ASTERN,
    UNDER_WAY,
    Path,
    alongside,
    join,
    sail,
    still,
)
from pipelines.exercise.stage import HOUR_S, Span, Stage
from pipelines.exercise.tries import tried, within
from pipelines.exercise.voyages import (
    along,
    both_by_the_lane,
    drift,
    out_and_back,
    scattered,
    stays_open,
)

_KM: Final = 1000.0


@within(1.5, 3.0)
def tow_that_stops(stage: Stage, span: Span) -> bool:
    """Let a tug with a barge 100-250 m astern wait 1.5-3 h for the tide, drifting, then go on."""
    rng = stage.rng
    voyage = geography.lane(stage.direction(), 1.0, beyond_nm=float(rng.uniform(2, 4)))
    marks = sorted(voyage.nearest_m(AXIS[k].lat, AXIS[k].lon)[0] for k in (4, 9))
    stretch = voyage.cut(*marks)
    mark = float(rng.uniform(0.3, 0.7)) * stretch.length_m
    lying = drift(stage, stretch.place(mark), span, float(rng.uniform(0.2, 0.5)), TOWING_ASTERN)
    tug, barge = stage.fleet.new("tug"), stage.fleet.new("barge")
    speed_kn = float(rng.uniform(3.5, 5.5))
    if not stage.clear(stretch, clearance_m=METRES_PER_NM):
        return False
    before = sail(stretch.cut(0.0, mark), speed_kn, rng, status=TOWING_ASTERN)
    rest = stretch.cut(mark + METRES_PER_NM, stretch.length_m)
    way = rest.begun_at(lying.end_place)
    after = sail(way, speed_kn, rng, status=TOWING_ASTERN)
    path = join(before, lying, after).shifted(span[0] - before.duration_s)
    if path.t[-1] < stage.t1:
        return False  # both would vanish in the middle of the lane
    lag_s = float(rng.uniform(100.0, 250.0)) / (speed_kn * geodesy.KNOT_MPS)
    ships = [(tug, path), (barge, path.shifted(lag_s))]
    for ship, own in ships:
        stage.play("loitering", [(ship, own)], span, "tow that stops")
    whole = max(float(path.t[0]), stage.t0), min(float(path.t[-1]), stage.t1)
    stage.plant("encounter", ships, whole, "tow that stops")
    return True


@within(2.5, 5.0)
def engine_trouble(stage: Stage, span: Span) -> bool:
    """Let a ship in the lane drift for 2.5-5 h with status "not under command", then go on."""
    rng = stage.rng
    voyage = geography.lane(stage.direction(), float(rng.uniform(0.3, 1.0)))
    mark = float(rng.uniform(0.05, 0.9)) * voyage.length_m
    lying = drift(stage, voyage.place(mark), span, float(rng.uniform(0.4, 1.0)), NOT_UNDER_COMMAND)
    if not stage.is_open(lying.lat[::5], lying.lon[::5], 1.0).all():
        return False
    ship = stage.fleet.new(background.lane_model(stage))
    path = along(voyage, ship, stage, mark, lying)
    if path is None:
        return False
    return stage.play("loitering", [(ship, path)], span, "engine trouble")


@within(3.0, 5.0)
def search(stage: Stage, span: Span) -> bool:
    """Let a rescue craft search an expanding square for 3-5 h at 3-7 kn, from a port and back."""
    rng = stage.rng
    place = stage.open_water()
    speed_kn = float(rng.uniform(3.0, 7.0))
    step_m, heading = float(rng.uniform(0.25, 0.5)) * METRES_PER_NM, float(rng.uniform(0, 360))
    lats, lons = [place[0]], [place[1]]
    length_m, k = 0.0, 0
    while length_m < (span[1] - span[0]) * speed_kn * geodesy.KNOT_MPS:
        leg_m = step_m * (k // 2 + 1)
        lat, lon = geodesy.destination(lats[-1], lons[-1], heading + 90.0 * k, leg_m)
        lats.append(float(lat))
        lons.append(float(lon))
        length_m, k = length_m + leg_m, k + 1
    way = Line(np.array(lats), np.array(lons))
    pattern = sail(way, speed_kn, rng, wander_m=15.0).shifted(span[0])
    ship = stage.fleet.new("rescue")
    path = _from_port(stage, ship, pattern, 45.0) if stays_open(stage, pattern) else None
    if path is None:
        return False
    when = span[0], float(pattern.t[-1])
    return stage.play("loitering", [(ship, path)], when, "search and rescue")


def convoy(stage: Stage) -> bool:
    """Three ships sail in line 350-480 m apart at 8-11 kn, through the whole Strait."""
    rng = stage.rng
    speed_kn, apart_m = float(rng.uniform(8.0, 11.0)), float(rng.uniform(350.0, 480.0))
    voyage = geography.lane(stage.direction(), float(rng.uniform(-0.8, 0.8)))
    path = sail(voyage, speed_kn, rng, wander_m=15.0, unsteady=0.01)
    middle = float(rng.uniform(stage.t0 - 0.2 * stage.duration_s, stage.t0 + stage.duration_s / 2))
    path = path.shifted(middle - float(rng.uniform(0.2, 0.5)) * path.duration_s)
    lag_s = apart_m / (speed_kn * geodesy.KNOT_MPS)
    ships: list[tuple[Identity, Path]] = [
        (stage.fleet.new("supply"), path.shifted(k * lag_s)) for k in range(3)
    ]
    for ship, own in ships:
        stage.enter(ship, own)
    whole = max(float(path.t[0]), stage.t0), min(float(path.t[-1]), stage.t1)
    for k in range(2):
        stage.plant("encounter", ships[k : k + 2], whole, "convoy")
    return True


@within(1.0, 2.5)
def ferry_off_berth(stage: Stage, span: Span) -> bool:
    """Let a ferry wait 60-150 min for its berth, drifting about a mile off it."""
    rng = stage.rng
    names = sorted(FERRIES)
    way = line(*FERRIES[names[int(rng.integers(len(names)))]])
    if rng.random() < 0.5:
        way = way.reversed()
    ship = stage.fleet.new("ferry")
    mark = way.length_m - float(rng.uniform(0.6, 1.6)) * METRES_PER_NM
    lying = drift(stage, way.place(mark), span, float(rng.uniform(0.1, 0.3)))
    berth = way.end_place
    home = way.start_place
    if not stage.clear(lying, clearance_m=300.0):
        return False
    if not stage.clear(line(lying.end_place, berth), clearance_m=40.0):
        return False
    crossing = sail(way.cut(0.0, mark), ship.speed_kn, rng, ease_in=True, ease_out=True)
    run_in = sail(line(lying.end_place, berth), 7.0, rng, ease_out=True)
    before_s = max(span[0] - crossing.duration_s - stage.t0, 60.0)
    rest_s = max(stage.t1 - span[1], 60.0)
    path = join(
        still(home, before_s),
        crossing,
        lying,
        run_in,
        still(berth, rest_s),
    ).shifted(span[0] - crossing.duration_s - before_s)
    note = "ferry waiting off its berth"
    return stage.play("loitering", [(ship, path)], span, note)


@tried()
def survey(stage: Stage) -> bool:
    """Let a survey ship or dredger work to and fro over 2-4 km at 1.5-4.5 kn, all day, with status
    "restricted in her ability to manoeuvre".
    """
    rng = stage.rng
    place = stage.open_water()
    heading, leg_m = float(rng.uniform(0, 360)), float(rng.uniform(2.0, 4.0)) * _KM
    speed_kn, spacing_m = float(rng.uniform(1.5, 4.5)), float(rng.uniform(40.0, 120.0))
    needed = int(speed_kn * geodesy.KNOT_MPS * (stage.duration_s + HOUR_S) / leg_m) + 1
    k = np.arange(2 * needed + 2)
    side = np.where((k // 2) % 2 == k % 2, 0.0, leg_m)
    across = (k // 2) * spacing_m
    point = side * np.exp(1j * np.radians(heading)) + across * np.exp(
        1j * np.radians(heading + 90.0)
    )
    lat, lon = geodesy.destination(*place, np.degrees(np.angle(point)), np.abs(point))
    path = sail(Line(lat, lon), speed_kn, rng, wander_m=4.0, status=RESTRICTED)
    path = path.shifted(stage.t0 - float(rng.uniform(0.0, HOUR_S)))
    if not stays_open(stage, path):
        return False
    ship = stage.fleet.new("survey")
    whole = stage.t0, min(stage.t1, float(path.t[-1]))
    return stage.play("loitering", [(ship, path)], whole, "survey or dredging")


@tried()
def cable_laying(stage: Stage) -> bool:
    """Let a cable layer creep at 0.4-1.4 kn all day, with a guard boat 250-450 m off it."""
    rng = stage.rng
    place = stage.open_water()
    speed_kn = float(rng.uniform(0.4, 1.4))
    length_m = speed_kn * geodesy.KNOT_MPS * (stage.duration_s + HOUR_S) * 1.1
    way = line(place, geography.away(*place, float(rng.uniform(0, 360)), length_m))
    path = sail(way, speed_kn, rng, wander_m=5.0, status=RESTRICTED).shifted(stage.t0)
    if not stays_open(stage, path):
        return False
    guard = alongside(
        path, stage.t0, stage.t1, float(rng.uniform(250, 450)), float(rng.uniform(0, 360)), 0
    )
    ships = [(stage.fleet.new("cable layer"), path), (stage.fleet.new("tug"), guard)]
    for one in ships:
        stage.play("loitering", [one], stage.whole, "cable laying")
    stage.plant("encounter", ships, stage.whole, "cable laying")
    return True


@within(4.0, 7.0, tries=1)
def fleet_at_rest(stage: Stage, span: Span) -> bool:
    """Four to six fishing boats lie 180-450 m apart for 4-7 h, drifting, before they work on."""
    rng = stage.rng
    ground = stage.fishing_ground()
    spots = scattered(stage, ground, int(rng.integers(4, 7)), 420.0, 180.0)
    lying = drift(stage, ground, span, float(rng.uniform(0.2, 0.5)))
    ships: list[tuple[Identity, Path]] = []
    for spot in spots:
        bearing = float(geodesy.bearing_deg(*ground, *spot))
        away_m = float(geodesy.distance_m(*ground, *spot))
        lat, lon = geodesy.destination(lying.lat, lying.lon, bearing, away_m)
        rest = Path(lying.t, np.asarray(lat), np.asarray(lon), lying.status)
        boat = stage.fleet.new("fishing" if rng.random() < 0.8 else "trawler")
        work_s = max(span[0] - stage.t0, 60.0)
        away_m = float(rng.uniform(1.0, 2.5)) * METRES_PER_NM
        there = geography.away(*spot, bearing, away_m)
        before = background.fishing_trip(stage, boat, there, work_s, radius_m=700.0)
        run_in = sail(line(before.end_place, rest.place(span[0])), boat.speed_kn, rng)
        run_out = sail(line(rest.end_place, there), boat.speed_kn, rng)
        after = background.fishing_trip(
            stage, boat, there, stage.t1 - span[1] + HOUR_S, radius_m=700.0
        )
        path = join(before, run_in, rest, run_out, after)
        ships.append((boat, path.shifted(span[0] - before.duration_s - run_in.duration_s)))
    if not stage.clear(*(path for _, path in ships), clearance_m=1000.0):
        return False
    note = "fishing fleet at rest"
    for k, (boat, path) in enumerate(ships):
        stage.play("loitering", [(boat, path)], span, note)
        for other in ships[:k]:
            apart_m = geodesy.distance_m(*path.place(span[0]), *other[1].place(span[0]))
            if apart_m <= 500.0:
                stage.plant("encounter", [(boat, path), other], span, note)
    return True


@within(4.0, 9.0)
def transfer_in_its_area(stage: Stage, span: Span) -> bool:
    """Two tankers lie alongside each other for 4-9 h in a licensed transfer area, the host at
    anchor: business that is notified and watched there.
    """
    rng = stage.rng
    place = stage.transfer_place(licensed=True)
    if place is None:
        return False
    early_s, late_s = rng.uniform(1, 4, 2) * HOUR_S
    length_s = span[1] - span[0] + early_s + late_s
    lying = stage.anchored(place, span[0] - early_s, length_s)
    host, guest = stage.fleet.new("tanker"), stage.fleet.new("tanker")
    off_m = host.port_m + guest.port_m + 6.0
    beside = alongside(lying, *span, off_m, float(rng.uniform(0, 360)), MOORED)
    ships = both_by_the_lane(stage, (host, lying), (guest, beside))
    note = "transfer in a licensed area"
    return bool(ships and stage.play("encounter", ships, span, note))


@within(20 / 60, 40 / 60)
def crew_change(stage: Stage, span: Span) -> bool:
    """Let a crew boat from a port lie 20-40 min alongside a ship at anchor in an anchorage."""
    rng = stage.rng
    place = stage.sea.spot(background.some_anchorage(stage), rng, background.SWING_ROOM_M)
    if place is None:
        return False
    lying = stage.anchored(place)
    host, boat = stage.fleet.new(background.lane_model(stage)), stage.fleet.new("crew boat")
    beside = alongside(lying, *span, host.port_m + 8.0, float(rng.uniform(0, 360)), UNDER_WAY)
    path = _from_port(stage, boat, beside, 10.0)
    if path is None:
        return False
    ships = [(host, lying), (boat, path)]
    return stage.play("encounter", ships, span, "crew change at anchor")


def _from_port(stage: Stage, ship: Identity, middle: Path, within_nm: float) -> Path | None:
    """Come from the water of a port near by and go back to it; None where there is none."""
    place = middle.start_place
    ports = list(stage.sea.polygons("port").values())
    for index in stage.rng.permutation(len(ports)):
        centre = ports[index].centroid
        away_m = float(geodesy.distance_m(centre.y, centre.x, *place))
        if away_m > within_nm * METRES_PER_NM:
            continue
        home = stage.sea.spot(ports[index], stage.rng, 80.0)
        if home is None:
            continue
        path = out_and_back(stage, ship, home, middle)
        if path is not None:
            return path
    return None
