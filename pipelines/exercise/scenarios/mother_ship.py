"""One waits and small craft come to it, one after another; and where that is nothing unusual."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.exercise import background, geography, radio
from pipelines.exercise.geography import Place, line
from pipelines.exercise.motion import (
    MOORED,
    UNDER_WAY,
    Path,
    alongside,
    join,
    sail,
)
from pipelines.exercise.scenarios.common import Passage, around, berthed, coast, water_in
from pipelines.exercise.stage import Span, Stage, start_from
from pipelines.exercise.tries import TRIES, Scenario, within


@within(4.0, 8.0)
def waiting_ship(stage: Stage, span: Span) -> bool:
    """Let a ship drift in open water; 3-5 small craft come from the coasts, each for 20-40 min."""
    rng = stage.rng
    place = stage.open_water()
    spot = geography.spot(place)
    ways = stage.detour(stage.direction(), place)
    if ways is None or radio.best_hearing(*spot, class_b=True)[0] < 0.6:
        return False
    margins = rng.uniform(600, 1800, 2)
    drift = stage.adrift(
        place,
        span[0] - float(margins[0]),
        span[1] - span[0] + float(margins.sum()),
        drift_kn=float(rng.uniform(0.2, 0.5)),
    )
    out = start_from(drift.end_place, ways[1])
    stays_off = stage.sea.clear(drift.lat[::5], drift.lon[::5], 2 * METRES_PER_NM).all()
    heard = radio.best_hearing(drift.lat[::5], drift.lon[::5]) > 0.8
    if not stays_off or not heard.all() or not stage.clear(out):
        return False
    models = ("cargo", "tanker", "bunker tanker", "fish carrier")
    ship = stage.fleet.new(str(rng.choice(models)))
    arrival = sail(ways[0], ship.speed_kn, rng, ease_out=True)
    path = join(arrival, drift, sail(out, ship.speed_kn, rng, ease_in=True))
    path = path.shifted(float(drift.t[0]) - arrival.duration_s)
    visits = _visits(stage, span, int(rng.integers(3, 6)))
    boats = [_visitor(stage, path, visit) for visit in visits]
    met = [(boat, visit) for boat, visit in zip(boats, visits, strict=True) if boat]
    notes = "small craft visit a waiting ship", "small craft visits a ship"
    return _visited(stage, Passage(ship, path), met, notes, suspicious=True)


def _visited(
    stage: Stage,
    host: Passage,
    met: Sequence[tuple[Passage, Span]],
    notes: tuple[str, str],
    *,
    suspicious: bool = False,
) -> bool:
    """Plant a ship and its visitors, three or more; the notes are of her and of each meeting."""
    if len(met) < 3:
        return False
    whole = met[0][1][0], met[-1][1][1]
    stage.play("mother_ship", [host], whole, notes[0], suspicious=suspicious)
    for guest, visit in met:
        stage.enter(*guest)
        stage.plant("encounter", [host, guest], visit, notes[1], suspicious=suspicious)
    return True


def _visits(stage: Stage, span: Span, n: int) -> list[Span]:
    """`n` visits of 20-40 min, the first at the beginning of the span, the last at its end."""
    rng = stage.rng
    slots = np.linspace(span[0], span[1] - 2400.0, n)
    jitter = rng.uniform(-1, 1, n) * min(900.0, float(slots[1] - slots[0]) / 4)
    jitter[[0, -1]] = 0.0
    lasts_s = rng.uniform(1200, 2400, n)
    return [(float(s), float(s + d)) for s, d in zip(slots + jitter, lasts_s, strict=True)]


def _visitor(stage: Stage, host: Path, visit: Span) -> Passage | None:
    """Return a small craft from a coast, or from a ground nearby, alongside the host for one
    visit.
    """
    rng = stage.rng
    boat = stage.fleet.new("small craft")
    speed_kn = float(rng.uniform(10, 22))
    beside = alongside(
        host, *visit, float(rng.uniform(15, 60)), float(rng.uniform(0, 360)), UNDER_WAY
    )
    meets, leaves = beside.start_place, beside.end_place
    for k in range(24):
        shore = coast(stage, meets, float(rng.uniform(0, 360)), 30.0, 300.0)
        base = shore.place if shore else None
        if base is None and k > 12:
            base = around(stage, meets, 5.0, 12.0)
        if base is None:
            continue
        ways = line(base, meets), line(leaves, base)
        if geodesy.distance_m(*base, *meets) < 2 * METRES_PER_NM:
            continue
        if not stage.clear(*ways, clearance_m=150.0):
            continue
        out, back = (sail(way, speed_kn, rng, ease_out=True) for way in ways)
        return Passage(boat, join(out, beside, back).shifted(visit[0] - out.duration_s))
    return None


# ---- only looks like it


def served_at_anchor(stage: Stage) -> bool:
    """Let a ship at anchor in an anchorage be served by tug, pilot and bunker craft in turn."""
    craft = ["tug", "pilot", "bunker tanker", "crew boat"]
    return _at_anchor(stage, "supply", craft, "craft of the port serve a ship at anchor")


def landing_fish(stage: Stage) -> bool:
    """Let a fish carrier at anchor in an anchorage take the catch of fishing boats in turn.

    Benign: it happens in sight of a port. The same in open water would deserve a look (fish
    transferred at sea escapes its count), and isn't planted as a trap.
    """
    craft = ["fishing"] * 4
    return _at_anchor(stage, "fish carrier", craft, "fishing boats land at an anchored carrier")


def _at_anchor(stage: Stage, host: str, craft: Sequence[str], note: str) -> bool:
    span = stage.span(4.0, 8.0)
    if span is None:
        return False
    rng = stage.rng
    for _ in range(TRIES):
        found = water_in(stage, "anchorage", background.SWING_ROOM_M, 1 + len(craft))
        if not found:
            return False
        place, bases = found[0], found[1:]
        ship = stage.fleet.new(host)
        path = stage.anchored(place)
        visits = _visits(stage, span, len(craft))
        met: list[tuple[Passage, Span]] = []
        for model, base, visit in zip(rng.permutation(craft), bases, visits, strict=True):
            guest = _guest(stage, str(model), path, base, visit)
            if guest:
                met.append((guest, visit))
        if _visited(stage, Passage(ship, path), met, (note, note)):
            return True
    return False


def _guest(stage: Stage, model: str, host: Path, base: Place, visit: Span) -> Passage | None:
    rng = stage.rng
    craft = stage.fleet.new(model)
    off_m = float(rng.uniform(20, 45))
    beside = alongside(host, *visit, off_m, float(rng.uniform(0, 360)), MOORED)
    meets, leaves = beside.start_place, beside.end_place
    ways = line(base, meets), line(leaves, base)
    if not 1500.0 < ways[0].length_m < 9 * METRES_PER_NM:
        return None
    if not stage.clear(*ways, clearance_m=120.0):
        return None
    speed_kn = min(craft.speed_kn, 10.0)
    out, back = (sail(way, speed_kn, rng, wander_m=10.0, ease_out=True) for way in ways)
    trip = join(out, beside, back)
    return Passage(craft, berthed(stage, base, trip, visit[0] - out.duration_s))


PLANTED: Final[tuple[Scenario, ...]] = (waiting_ship,)
TRAPS: Final[tuple[Scenario, ...]] = (served_at_anchor, landing_fish)
