"""What deserves a look: transfers, loiterers and switched-off transmitters, in open water."""

import numpy as np

from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.exercise import geography, radio
from pipelines.exercise.motion import RESTRICTED, UNDER_WAY, Path, alongside, join, sail
from pipelines.exercise.stage import HOUR_S, Span, Stage, off_lane_nm, start_from
from pipelines.exercise.tries import TRIES, within


@within(1.0, 5.0)
def transfer(stage: Stage, span: Span) -> bool:
    """Two ships lie 30-200 m apart for 1-5 h, drifting together, outside every zone.

    One waits at the place, the other comes from the lane and goes back to it. Returns whether
    one fits into the exercise.
    """
    start, end = span
    rng = stage.rng
    place = stage.open_water()
    ways = stage.detour(stage.direction(), place), stage.detour(stage.direction(), place)
    early_s, late_s = rng.uniform(600, 2400, 2)
    drift = stage.adrift(
        place,
        start - early_s,
        end - start + early_s + late_s,
        status=int(rng.choice((UNDER_WAY, RESTRICTED))),
        drift_kn=float(rng.uniform(0.3, 0.8)),
    )
    if ways[0] is None or ways[1] is None or not _stays_open(stage, drift):
        return False
    distance_m, bearing = float(rng.uniform(30, 200)), float(rng.uniform(0, 360))
    beside = alongside(drift, start, end, distance_m, bearing, UNDER_WAY)
    host_out = start_from(drift.end_place, ways[0][1])
    guest_in = ways[1][0].cut(0.0, ways[1][0].length_m - METRES_PER_NM)
    guest_in = guest_in.then(beside.start_place)
    guest_out = start_from(beside.end_place, ways[1][1])
    if not stage.clear(host_out, guest_in, guest_out):
        return False
    host = stage.fleet.new("tanker")
    guest = stage.fleet.new(str(rng.choice(("tanker", "bunker tanker", "cargo"))))
    arrival = sail(ways[0][0], host.speed_kn, rng, ease_out=True)
    host_path = join(arrival, drift, sail(host_out, host.speed_kn, rng, ease_in=True))
    host_path = host_path.shifted(start - early_s - arrival.duration_s)
    arrival = sail(guest_in, guest.speed_kn, rng, ease_out=True)
    guest_path = join(arrival, beside, sail(guest_out, guest.speed_kn, rng, ease_in=True))
    guest_path = guest_path.shifted(start - arrival.duration_s)
    return stage.play(
        "encounter",
        [(host, host_path), (guest, guest_path)],
        span,
        "ship-to-ship transfer",
        suspicious=True,
    )


@within(3.0, 8.0)
def loiterer(stage: Stage, span: Span) -> bool:
    """Let a ship leave the lane and drift for 3-8 h outside every zone, not at anchor."""
    start, end = span
    rng = stage.rng
    place = stage.open_water()
    way = stage.detour(stage.direction(), place)
    drift_kn = float(rng.uniform(0.4, 1.0))
    drift = stage.adrift(place, start, end - start, drift_kn=drift_kn)
    if way is None or not _stays_open(stage, drift):
        return False
    out = start_from(drift.end_place, way[1])
    if not stage.clear(out):
        return False
    ship = stage.fleet.new(str(rng.choice(("tanker", "cargo", "bunker tanker"))))
    arrival = sail(way[0], ship.speed_kn, rng, ease_out=True)
    path = join(arrival, drift, sail(out, ship.speed_kn, rng, ease_in=True))
    path = path.shifted(start - arrival.duration_s)
    return stage.play("loitering", [(ship, path)], span, "drifting in open water", suspicious=True)


@within(2.0, 8.0, TRIES * 4)
def silence(stage: Stage, span: Span) -> bool:
    """Let a ship under way in the lane switch its transmitter off for 2-8 h in good coverage."""
    off, on = span
    rng = stage.rng
    ship = stage.fleet.new(str(rng.choice(("tanker", "cargo", "container"))))
    voyage = geography.lane(stage.direction(), float(rng.uniform(-1, 1)))
    path = sail(voyage, ship.speed_kn, rng)
    path = path.shifted(off - float(rng.uniform(0.1, 0.9)) * path.duration_s)
    watched = np.arange(off - HOUR_S, min(on, stage.t1) + HOUR_S / 2, 600.0)
    if watched[0] < path.t[0] or watched[-1] > path.t[-1]:
        return False
    lat, lon = path.at(np.array([off, on]))
    if not np.all(radio.best_hearing(*path.at(watched)) > 0.8):
        return False
    if not np.all(stage.is_open(lat, lon, 2.0)):
        return False
    note, ships = "transmitter off under way", [(ship, path)]
    return stage.play("gap", ships, span, note, suspicious=True, at=off, silences=[span])


def _stays_open(stage: Stage, drift: Path) -> bool:
    """Tell whether a drifting ship keeps 2 nm from land, outside zones and the lane, and well
    heard.
    """
    seen = drift.within(drift.t[0], min(float(drift.t[-1]), stage.t1 + HOUR_S))
    lat, lon = seen.lat[::5], seen.lon[::5]
    return bool((stage.is_open(lat, lon, 2.0) & (off_lane_nm(lat, lon) > 1.0)).all())
