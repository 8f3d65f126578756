"""What only looks like somebody else: ships at the edge of hearing, words put right."""

from dataclasses import replace
from typing import Final

import numpy as np

from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.exercise import geography, radio
from pipelines.exercise.motion import UNDER_WAY, Path, alongside, join, sail, still
from pipelines.exercise.scenarios.common import EVER, NEVER, enter_parts, passage, water_in
from pipelines.exercise.stage import HOUR_S, Span, Stage, start_from
from pipelines.exercise.tries import Scenario, within

_STATIC_S: Final = radio.STATIC_INTERVAL_S


@within(0.4, 0.4 + 1e-6, tries=1)
def relieved_at_the_edge(stage: Stage, span: Span) -> bool:
    """Let a ship leave the range of the receivers; minutes later another comes into it nearby."""
    rng = stage.rng
    out = geography.lane("east", float(rng.uniform(-1, 1)))
    back = geography.lane("west", float(rng.uniform(-1, 1)))
    if rng.random() < 0.5:
        out, back = back, out
    marks = np.arange(0.0, out.length_m, METRES_PER_NM)
    heard = radio.best_hearing(*out.at(marks)) > 0.2
    # Heard for 20 nm, then not for 10 nm.
    edges = [
        k
        for k in range(21, len(marks) - 11)
        if heard[k - 20 : k].all() and not heard[k : k + 10].any()
    ]
    if not edges:
        return False
    edge_m = float(marks[edges[int(rng.integers(len(edges)))]])
    edge = out.place(edge_m)
    model = str(rng.choice(("cargo", "tanker")))
    ships = []
    for way, mark_m, when in (
        (out, edge_m, span[0]),
        (back, back.nearest_m(*edge)[0], span[0] + float(rng.uniform(60, 1200))),
    ):
        ship = stage.fleet.new(model)
        path = sail(way, ship.speed_kn, rng)
        path = path.shifted(when - float(np.interp(mark_m, path.along_m, path.t)))
        if path.t[0] > stage.t1 or path.t[-1] < stage.t0:
            return False
        ships.append((ship, path))
    around_it = span[0] - 600.0, span[1]
    return stage.play("identity", ships, around_it, "one leaves range, another comes in")


def corrected_typing(stage: Stage) -> bool:
    """Let a watchkeeper correct a letter of the ship's name."""
    span = stage.span(40 / 60, 40 / 60 + 1e-6)
    found = span and passage(stage, *span, margin_s=2 * HOUR_S)
    if not span or not found:
        return False
    ship, path = found
    wrong = replace(ship, name=_mistyped(stage, ship.name))
    enter_parts(stage, path, [(wrong, NEVER, span[0]), (ship, span[0], EVER)])
    stage.plant("identity", [(ship, path)], span, "name corrected by a letter")
    return True


def _mistyped(stage: Stage, name: str) -> str:
    rng = stage.rng
    at = int(rng.integers(3, len(name)))
    how = int(rng.integers(3))
    if how == 0:
        return name[:at] + name[at + 1 :]
    if how == 1:
        return (name[:at] + name[at - 1] + name[at:])[:20]
    return name[:at] + "QWXZ"[int(rng.integers(4))] + name[at + 1 :]


def corrupt_static(stage: Stage) -> bool:
    """One static message of a ship arrives garbled under a right checksum."""
    span = stage.span(_STATIC_S / HOUR_S, _STATIC_S / HOUR_S + 1e-6)
    found = span and passage(stage, *span)
    if not span or not found:
        return False
    ship, path = found
    rng = stage.rng
    name = "".join(chr(int(c)) for c in rng.integers(33, 96, 20)).replace("@", "]")
    garbled = replace(
        ship,
        name=name,
        imo=int(rng.integers(10**9)),
        callsign=name[3:9],
        ship_type=int(rng.integers(256)),
    )
    enter_parts(stage, path, [(ship, NEVER, span[0]), (garbled, *span), (ship, span[1], EVER)])
    stage.plant("identity", [(ship, path)], span, "one garbled static message")
    return True


@within(0.5, 0.5 + 1e-06)
def casting_off(stage: Stage, span: Span) -> bool:
    """Let a tug take a ship without AIS out of port; the ship switches on as the tug casts off."""
    rng = stage.rng
    base = water_in(stage, "port", 220.0)
    ways = stage.detour(stage.direction(), base[0]) if base else None
    if not ways:
        return False
    ship, tug = stage.fleet.new("cargo"), stage.fleet.new("tug")
    path = sail(ways[1], float(rng.uniform(6, 8)), rng, wander_m=10.0)
    towed_s = float(rng.uniform(1200, 3000))
    if path.duration_s < 2 * towed_s:
        return False
    path = path.shifted(span[0] - towed_s)
    tow = alongside(path, float(path.t[0]), span[0], 70.0, float(rng.uniform(0, 360)), UNDER_WAY)
    gone = Path(tow.t, tow.lat[::-1], tow.lon[::-1], tow.status)
    waits = max(float(path.t[0]) - stage.t0, 60.0), max(stage.t1 - span[0] - towed_s, 60.0)
    home = tow.start_place
    tug_path = join(
        still(home, waits[0]),
        tow,
        gone,
        still(home, waits[1]),
    ).shifted(float(path.t[0]) - waits[0])
    if not stage.clear(tug_path, clearance_m=60.0):
        return False
    if float(path.t[0]) + towed_s * 2 < stage.t0 or path.t[-1] < stage.t0 + HOUR_S:
        return False
    stage.enter(ship, path, [(NEVER, span[0])])
    stage.enter(tug, tug_path)
    ships = [(ship, path), (tug, tug_path)]
    stage.plant("identity", ships, span, "tug casts off")
    return True


@within(0.5, 0.5 + 1e-06)
def berth_taken(stage: Stage, span: Span) -> bool:
    """Let a ship make fast in port and switch off; minutes later another switches on and sails."""
    rng = stage.rng
    berths = water_in(stage, "port", 220.0, 2)
    if not berths:
        return False
    apart_m = float(geodesy.distance_m(*berths[0], *berths[1]))
    if not 100.0 < apart_m < 1.5 * METRES_PER_NM:
        return False
    ways = [stage.detour(stage.direction(), berth) for berth in berths]
    if ways[0] is None or ways[1] is None:
        return False
    comes, sails = stage.fleet.new("cargo"), stage.fleet.new("cargo")
    arrival = sail(ways[0][0], comes.speed_kn, rng, wander_m=10.0, ease_out=True)
    rest = still(berths[0], HOUR_S)
    one = join(arrival, rest).shifted(span[0] - arrival.duration_s)
    off = span[0] + float(rng.uniform(60, 600))
    other = sail(
        start_from(berths[1], ways[1][1]), sails.speed_kn, rng, wander_m=10.0, ease_in=True
    )
    other = other.shifted(off + float(rng.uniform(60, 1200)))
    if one.t[-1] < stage.t0 or other.t[0] > stage.t1:
        return False
    stage.enter(comes, one, [(off, EVER)])
    stage.enter(sails, other)
    ships = [(comes, one), (sails, other)]
    stage.plant("identity", ships, span, "one berths, another sails")
    return True


def first_heard(stage: Stage) -> bool:
    """Let a ship be heard for the first time, in the middle of the Strait, as the exercise
    begins.
    """
    span = stage.t0, stage.t0 + HOUR_S
    found = passage(stage, *span)
    if not found:
        return False
    stage.enter(*found)
    stage.plant("identity", [found], span, "first heard at the start")
    return True


TRAPS: Final[tuple[Scenario, ...]] = (
    relieved_at_the_edge,
    corrected_typing,
    berth_taken,
    corrupt_static,
    casting_off,
    first_heard,
)
