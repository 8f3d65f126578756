"""Meetings that are hard to tell from what goes on around them."""

import shapely

from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.exercise import background, geography, radio
from pipelines.exercise.fleet import Identity
from pipelines.exercise.geography import Place
from pipelines.exercise.motion import (
    RESTRICTED,
    UNDER_WAY,
    Path,
    alongside,
    join,
    sail,
)
from pipelines.exercise.stage import HOUR_S, SHELTERED, Span, Stage
from pipelines.exercise.tries import TRIES, within
from pipelines.exercise.voyages import (
    both_by_the_lane,
    by_the_lane,
    drift,
    end_s,
    from_the_grounds,
    scattered,
    stays_open,
)

Ship = tuple[Identity, Path]


@within(1.5, 4.0)
def amid_fishing(stage: Stage, span: Span) -> bool:
    """Plant a transfer of 1.5-4 h in the middle of a fishing fleet at work, 4-8 boats."""
    rng = stage.rng
    place = stage.fishing_ground()
    ships = _transfer(stage, place, span, drift_kn=float(rng.uniform(0.15, 0.4)))
    if ships is None:
        stage.taken.pop()
        return False
    centres = scattered(stage, place, int(rng.integers(4, 9)), 2.6 * METRES_PER_NM, 2200.0)
    for centre in centres:
        if not stage.sea.clear(*geography.spot(centre), METRES_PER_NM)[0]:
            continue
        boat = stage.fleet.new("fishing")
        trip = background.fishing_trip(
            stage, boat, centre, stage.duration_s + HOUR_S, radius_m=750.0
        )
        stage.enter(boat, trip.shifted(stage.t0))
    note = "transfer amid a fishing fleet"
    return stage.play("encounter", ships, span, note, suspicious=True)


@within(1.0, 4.0, TRIES * 3)
def off_an_anchorage(stage: Stage, span: Span) -> bool:
    """Plant a transfer of 1-4 h 0.4-0.9 nm outside the edge of an anchorage with ships in it."""
    rng = stage.rng
    polygon = background.some_anchorage(stage)
    edge = shapely.get_coordinates(polygon)
    corner = edge[rng.integers(len(edge))]
    away_m = float(rng.uniform(0.5, 1.0)) * METRES_PER_NM
    place = geography.away(corner[1], corner[0], float(rng.uniform(0, 360)), away_m)
    spot = geography.spot(place)
    good = stage.sea.outside(*spot, SHELTERED, 700.0)[0]
    good = good and stage.sea.clear(*spot, METRES_PER_NM)[0]
    if not good or radio.best_hearing(*spot)[0] < 0.85:
        return False
    ships = _transfer(
        stage, place, span, drift_kn=float(rng.uniform(0.03, 0.12)), room=(SHELTERED, 350.0)
    )
    if ships is None:
        return False
    stage.play("encounter", ships, span, "transfer at the edge of an anchorage", suspicious=True)
    for _ in range(3):
        berth = stage.sea.spot(polygon, rng, background.SWING_ROOM_M)
        if berth is not None:
            path = stage.anchored(berth)
            stage.enter(stage.fleet.new(background.lane_model(stage)), path)
    return True


@within(1.5, 5.0)
def in_an_unlicensed_area(stage: Stage, span: Span) -> bool:
    """Plant a transfer of 1.5-5 h in a transfer area where none is licensed, the host adrift."""
    place = stage.transfer_place(licensed=False)
    if place is None:
        return False
    drift_kn = float(stage.rng.uniform(0.05, 0.3))
    ships = _transfer(stage, place, span, drift_kn=drift_kn, room=(SHELTERED, 700.0))
    note = "transfer where none is licensed"
    return bool(ships and stage.play("encounter", ships, span, note, suspicious=True))


@within(20 / 60, 40 / 60)
def brief_at_rest(stage: Stage, span: Span) -> bool:
    """Let a small class B craft come alongside a drifting ship for 20-40 min."""
    rng = stage.rng
    place = stage.open_water(class_b=True)
    early_s, late_s = rng.uniform(300, 2000, 2)
    host = stage.fleet.new(str(rng.choice(("tanker", "cargo", "bunker tanker", "supply"))))
    lying = drift(stage, place, (span[0] - early_s, span[1] + late_s), float(rng.uniform(0.2, 0.8)))
    if not stays_open(stage, lying, class_b=True):
        return False
    host_path = by_the_lane(stage, host, lying)
    return host_path is not None and _small_craft_alongside(stage, (host, host_path), span)


@within(20 / 60, 40 / 60, TRIES * 3)
def brief_under_way(stage: Stage, span: Span) -> bool:
    """Let a small class B craft run 20-40 min beside a ship that has slowed to 3-5 kn in the
    lane.
    """
    rng = stage.rng
    voyage = geography.lane(stage.direction(), float(rng.uniform(0.2, 1.0)))
    mark = float(rng.uniform(0.05, 0.95)) * voyage.length_m
    slow_m = float(rng.uniform(2.5, 4.0)) * METRES_PER_NM
    if mark + slow_m > voyage.length_m:
        return False
    slow = voyage.cut(mark, mark + slow_m)
    ok = stage.sea.outside(slow.lat, slow.lon, SHELTERED, METRES_PER_NM)
    ok &= stage.sea.clear(slow.lat, slow.lon, 2 * METRES_PER_NM)
    ok &= radio.best_hearing(slow.lat, slow.lon, class_b=True) > 0.7
    if not ok.all():
        return False
    host = stage.fleet.new(str(rng.choice(("tanker", "cargo"))))
    slow_kn = float(rng.uniform(3.0, 5.0))
    before = sail(voyage.cut(0.0, mark), host.speed_kn, rng)
    slowly = sail(slow, slow_kn, rng, wander_m=10.0)
    after = sail(voyage.cut(mark + slow_m, voyage.length_m), host.speed_kn, rng)
    room_s = slowly.duration_s - (span[1] - span[0])
    if room_s < 300:
        return False
    path = join(before, slowly, after)
    path = path.shifted(span[0] - before.duration_s - float(rng.uniform(0.2, 0.8)) * room_s)
    return _small_craft_alongside(stage, (host, path), span)


def raft(stage: Stage) -> bool:
    """Two ships lie on either side of a third, for 2-4 h each, together for at least 1 h."""
    span = stage.span(2.0, 4.0)
    if span is None or not stage.delivered(span[0], span[1] + 2.5 * HOUR_S):
        return False
    rng = stage.rng
    later_s = float(rng.uniform(0.0, 0.5)) * (span[1] - span[0] - HOUR_S)
    second = span[0] + later_s, min(span[1] + float(rng.uniform(0, 1.5)) * HOUR_S, stage.t1 - 900)
    for _ in range(TRIES):
        place = stage.open_water()
        host, *guests = (stage.fleet.new(m) for m in ("tanker", "bunker tanker", "tanker"))
        lying = drift(
            stage, place, (span[0] - 1500, second[1] + 1500), float(rng.uniform(0.2, 0.6))
        )
        if not stays_open(stage, lying):
            continue
        bearing = float(rng.uniform(0, 360))
        paths = [by_the_lane(stage, host, lying)]
        for guest, when, side in zip(guests, (span, second), (0.0, 180.0), strict=True):
            off_m = host.port_m + guest.port_m + float(rng.uniform(5, 30))
            beside = alongside(lying, *when, off_m, bearing + side, UNDER_WAY)
            paths.append(by_the_lane(stage, guest, beside))
        ships = [(s, p) for s, p in zip([host, *guests], paths, strict=True) if p is not None]
        if len(ships) < 3:
            continue
        for ship, path in ships:
            stage.enter(ship, path)
        both = second[0], min(span[1], second[1])
        for pair, when in (((0, 1), span), ((0, 2), second), ((1, 2), both)):
            members = [ships[k] for k in pair]
            stage.plant("encounter", members, when, "raft of three", suspicious=True)
        return True
    return False


ALL = (
    amid_fishing,
    off_an_anchorage,
    in_an_unlicensed_area,
    brief_at_rest,
    brief_under_way,
    raft,
)


def _transfer(
    stage: Stage,
    place: Place,
    span: Span,
    *,
    drift_kn: float,
    room: tuple[tuple[str, ...], float] = (SHELTERED, METRES_PER_NM),
) -> list[Ship] | None:
    """Two ships from the lane alongside each other at a place; None where one can't get there."""
    rng = stage.rng
    early_s, late_s = rng.uniform(600, 2400, 2)
    status = int(rng.choice((UNDER_WAY, RESTRICTED)))
    lying = drift(stage, place, (span[0] - early_s, span[1] + late_s), drift_kn, status)
    lat, lon = lying.lat[::3], lying.lon[::3]
    if not (stage.sea.outside(lat, lon, *room) & stage.sea.clear(lat, lon, 1500.0)).all():
        return None
    if radio.best_hearing(lat, lon).min() < 0.8:
        return None
    host = stage.fleet.new(str(rng.choice(("tanker", "tanker", "cargo"))))
    guest = stage.fleet.new(str(rng.choice(("tanker", "bunker tanker", "cargo"))))
    off_m = host.port_m + guest.port_m + float(rng.uniform(5, 60))
    beside = alongside(lying, *span, off_m, float(rng.uniform(0, 360)), UNDER_WAY)
    return both_by_the_lane(stage, (host, lying), (guest, beside))


def _small_craft_alongside(stage: Stage, host: Ship, span: Span) -> bool:
    rng = stage.rng
    craft = stage.fleet.new(str(rng.choice(("fishing", "small craft"))))
    off_m = host[0].port_m + float(rng.uniform(5, 40))
    beside = alongside(host[1], *span, off_m, float(rng.uniform(0, 360)), UNDER_WAY)
    path = from_the_grounds(stage, craft, beside)
    if path is None or end_s(path) < span[1]:
        return False
    note = "brief meeting with a small craft"
    return stage.play("encounter", [host, (craft, path)], span, note, suspicious=True)
