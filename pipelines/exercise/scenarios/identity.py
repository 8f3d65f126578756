"""Who a ship says it is, and isn't: hand-overs, borrowed numbers, changed names; and what only
looks like that.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.exercise import geography, radio
from pipelines.exercise.motion import MOORED, UNDER_WAY, Path, alongside, join, sail, stay
from pipelines.exercise.scenarios.common import (
    EVER,
    TRIES,
    WELL_HEARD,
    Passage,
    Scenario,
    boat_run,
    enter_parts,
    mark,
    passage,
    renamed,
    water_in,
)
from pipelines.exercise.stage import HOUR_S, Stage, start_from

UNASSIGNED_MIDS: Final = (286, 291, 388, 395, 487, 492, 584, 597, 683, 698, 785, 796)
"""Numbers that no state has (ITU Table of Maritime Identification Digits)."""
_STATIC_S: Final = radio.STATIC_INTERVAL_S
_NEVER: Final = -np.inf


# ---- deserves a look


def handover(stage: Stage) -> bool:
    """A ship under way falls silent and goes on after 0-20 min as somebody else; some alter course
    meanwhile, some are class B.
    """
    rng = stage.rng
    pause_s = float(rng.choice((rng.uniform(0, 60), rng.uniform(60, 600), rng.uniform(600, 1200))))
    span = stage.span(pause_s / HOUR_S, pause_s / HOUR_S + 1e-6)
    if span is None:
        return False
    when = span[0]
    way = str(rng.choice(("straight", "straight", "turn", "boat")))
    found: Passage | None = None
    if way == "turn":
        found = _turning(stage, when)
    elif way == "boat":
        before_s = min(1.5 * HOUR_S, when - stage.t0)
        found = boat_run(stage, when - before_s, before_s + 1.5 * HOUR_S, "fishing")
    found = found or passage(stage, when, when + pause_s)
    if found is None:
        return False
    old, path = found
    new = stage.fleet.new(old.model)
    if rng.random() < 0.5:  # the hull stays what it is, but a liar may type other sizes
        sizes = ("bow_m", "stern_m", "port_m", "starboard_m")
        new = replace(new, **{name: getattr(old, name) for name in sizes})
    again = when + pause_s
    enter_parts(stage, path, [(old, _NEVER, when), (new, again, EVER)])
    mark(
        stage,
        "identity",
        (old.mmsi, new.mmsi),
        (when, max(again, when + 60.0)),
        path.place(when),
        "MMSI handed over under way",
        suspicious=True,
    )
    return True


def _turning(stage: Stage, when: float) -> Passage | None:
    """A ship that leaves the lane, and so alters course, at that time, and passes through open
    water.
    """
    rng = stage.rng
    for _ in range(TRIES // 3):
        place = stage.open_water()
        ways = stage.detour(stage.direction(), place)
        if ways is None:
            continue
        before, after = ways
        ship = stage.fleet.new(str(rng.choice(("cargo", "tanker"))))
        path = sail(
            before.then(*zip(after.lat[1:], after.lon[1:], strict=True)), ship.speed_kn, rng
        )
        bend = float(before.along_m[-2])
        path = path.shifted(when - float(np.interp(bend, _along_m(path), path.t)))
        watched = np.arange(max(when - HOUR_S, stage.t0), min(when + HOUR_S, stage.t1), 300.0)
        inside = path.t[0] < watched[0] and watched[-1] < path.t[-1]
        if inside and np.all(radio.best_hearing(*path.at(watched)) > WELL_HEARD):
            return Passage(ship, path)
    return None


def _along_m(path: Path) -> NDArray[np.float64]:
    pieces = geodesy.distance_m(path.lat[:-1], path.lon[:-1], path.lat[1:], path.lon[1:])
    return np.asarray(np.r_[0.0, np.cumsum(pieces)])


def two_hulls_far(stage: Stage) -> bool:
    """Two ships send under one MMSI at the same time, in different parts of the Strait."""
    span = stage.span(1.0, 3.0)
    if span is None:
        return False
    one = passage(stage, *span)
    for _ in range(TRIES):
        other = passage(stage, *span)
        if one is None or other is None:
            return False
        both = np.linspace(*_together(stage, one.path, other.path), 60)
        apart_m = geodesy.distance_m(*one.path.at(both), *other.path.at(both))
        if apart_m.min() > 45 * METRES_PER_NM:
            return _share_mmsi(stage, one, other)
    return False


def _together(stage: Stage, one: Path, other: Path) -> tuple[float, float]:
    """When both are on the stage."""
    start = max(one.t[0], other.t[0], stage.t0)
    return float(start), float(min(one.t[-1], other.t[-1], stage.t1))


def two_hulls_near(stage: Stage) -> bool:
    """Two ships send under one MMSI, one 10-30 nm behind the other in the lane."""
    span = stage.span(1.0, 3.0)
    if span is None:
        return False
    one = passage(stage, *span)
    if one is None:
        return False
    lag_s = float(stage.rng.uniform(11, 28)) / one.ship.speed_kn * HOUR_S
    other = Passage(stage.fleet.new(one.ship.model), one.path.shifted(lag_s))
    return _share_mmsi(stage, one, other)


def _share_mmsi(stage: Stage, one: Passage, other: Passage) -> bool:
    """Half of them say all that the other says, half only share the number."""
    guise = replace(other.ship, mmsi=one.ship.mmsi) if stage.rng.random() < 0.5 else one.ship
    both = _together(stage, one.path, other.path)
    stage.enter(one.ship, one.path)
    stage.enter(guise, other.path)
    mark(
        stage,
        "identity",
        (one.ship.mmsi, 0),
        both,
        one.path.place(sum(both) / 2),
        "two hulls on one MMSI",
        suspicious=True,
    )
    return True


def renaming(stage: Stage) -> bool:
    """A ship changes name and call sign, or its IMO number too, in the middle of a voyage."""
    span = stage.span(40 / 60, 40 / 60 + 1e-6)
    found = span and passage(stage, *span, margin_s=2 * HOUR_S)
    if not span or not found:
        return False
    ship, path = found
    what = [("name", "callsign", "imo"), ("name", "imo"), ("name", "callsign")]
    new = renamed(stage, ship, *what[int(stage.rng.integers(len(what)))])
    enter_parts(stage, path, [(ship, _NEVER, span[0]), (new, span[0], EVER)])
    mark(
        stage,
        "identity",
        (ship.mmsi, 0),
        span,
        path.place(span[0]),
        "another name under way",
        suspicious=True,
    )
    return True


def same_imo(stage: Stage) -> bool:
    """Two ships under different MMSIs claim one IMO number at the same time."""
    span = stage.span(1.5, 3.0)
    one, other = (passage(stage, *span), passage(stage, *span)) if span else (None, None)
    if span is None or one is None or other is None:
        return False
    twin = replace(other.ship, imo=one.ship.imo)
    if stage.rng.random() < 0.5:
        twin = replace(twin, name=one.ship.name)
    both = _together(stage, one.path, other.path)
    stage.enter(one.ship, one.path)
    stage.enter(twin, other.path)
    ships = [(one.ship, one.path), (twin, other.path)]
    stage.plant("identity", ships, both, "one IMO number on two MMSIs", suspicious=True)
    return True


def invented_numbers(stage: Stage) -> bool:
    """A ship gives an IMO number whose check digit is wrong and an MMSI that no state issues."""
    span = stage.span(1.0, 3.0)
    found = span and passage(stage, *span)
    if not found:
        return False
    ship, path = found
    mid = int(stage.rng.choice(UNASSIGNED_MIDS))
    wrong = ship.imo // 10 * 10 + (ship.imo + int(stage.rng.integers(1, 10))) % 10
    ship = replace(ship, mmsi=mid * 10**6 + ship.mmsi % 10**6, imo=wrong)
    stage.enter(ship, path)
    whole = float(path.t[0]), float(path.t[-1])
    stage.plant(
        "identity", [(ship, path)], whole, "wrong IMO check digit, unassigned MID", suspicious=True
    )
    return True


# ---- only looks like it


def relieved_at_the_edge(stage: Stage) -> bool:
    """A ship leaves the range of the receivers, and minutes later another comes into it nearby."""
    span = stage.span(0.4, 0.4 + 1e-6)
    if span is None:
        return False
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
    lat, lon = out.at(np.array([edge_m]))
    edge = float(lat[0]), float(lon[0])
    model = str(rng.choice(("cargo", "tanker")))
    ships = []
    for way, along_m, when in (
        (out, edge_m, span[0]),
        (back, back.nearest_m(*edge)[0], span[0] + float(rng.uniform(60, 1200))),
    ):
        ship = stage.fleet.new(model)
        path = sail(way, ship.speed_kn, rng)
        path = path.shifted(when - float(np.interp(along_m, _along_m(path), path.t)))
        if path.t[0] > stage.t1 or path.t[-1] < stage.t0:
            return False
        ships.append((ship, path))
    for ship, path in ships:
        stage.enter(ship, path)
    around_it = span[0] - 600.0, span[1]
    stage.plant(
        "identity", ships, around_it, "one leaves range, another comes in", suspicious=False
    )
    return True


def corrected_typing(stage: Stage) -> bool:
    """A watchkeeper corrects a letter of the ship's name."""
    span = stage.span(40 / 60, 40 / 60 + 1e-6)
    found = span and passage(stage, *span, margin_s=2 * HOUR_S)
    if not span or not found:
        return False
    ship, path = found
    wrong = replace(ship, name=_mistyped(stage, ship.name))
    enter_parts(stage, path, [(wrong, _NEVER, span[0]), (ship, span[0], EVER)])
    stage.plant("identity", [(ship, path)], span, "name corrected by a letter", suspicious=False)
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
    enter_parts(stage, path, [(ship, _NEVER, span[0]), (garbled, *span), (ship, span[1], EVER)])
    stage.plant("identity", [(ship, path)], span, "one garbled static message", suspicious=False)
    return True


def casting_off(stage: Stage) -> bool:
    """A tug takes a ship without AIS out of port; the ship switches on as the tug casts off."""
    span = stage.span(0.5, 0.5 + 1e-6)
    if span is None:
        return False
    rng = stage.rng
    for _ in range(TRIES):
        base = water_in(stage, "port", 220.0)
        ways = stage.detour(stage.direction(), base[0]) if base else None
        if not ways:
            continue
        ship, tug = stage.fleet.new("cargo"), stage.fleet.new("tug")
        path = sail(ways[1], float(rng.uniform(6, 8)), rng, wander_m=10.0)
        towed_s = float(rng.uniform(1200, 3000))
        if path.duration_s < 2 * towed_s:
            continue
        path = path.shifted(span[0] - towed_s)
        tow = alongside(
            path, float(path.t[0]), span[0], 70.0, float(rng.uniform(0, 360)), UNDER_WAY
        )
        gone = Path(tow.t, tow.lat[::-1], tow.lon[::-1], tow.status)
        waits = max(float(path.t[0]) - stage.t0, 60.0), max(stage.t1 - span[0] - towed_s, 60.0)
        home = float(tow.lat[0]), float(tow.lon[0])
        tug_path = join(
            stay(home, waits[0], rng, mode="berth", status=MOORED),
            tow,
            gone,
            stay(home, waits[1], rng, mode="berth", status=MOORED),
        ).shifted(float(path.t[0]) - waits[0])
        if not stage.sea.clear_paths([(tug_path.lat, tug_path.lon)], 60.0)[0]:
            continue
        if float(path.t[0]) + towed_s * 2 < stage.t0 or path.t[-1] < stage.t0 + HOUR_S:
            continue
        stage.enter(ship, path, [(_NEVER, span[0])])
        stage.enter(tug, tug_path)
        ships = [(ship, path), (tug, tug_path)]
        stage.plant("identity", ships, span, "tug casts off", suspicious=False)
        return True
    return False


def berth_taken(stage: Stage) -> bool:
    """A ship makes fast in port and switches off; minutes later another switches on and sails."""
    span = stage.span(0.5, 0.5 + 1e-6)
    if span is None:
        return False
    rng = stage.rng
    for _ in range(TRIES):
        berths = water_in(stage, "port", 220.0, 2)
        if not berths:
            continue
        apart_m = float(geodesy.distance_m(*berths[0], *berths[1]))
        if not 100.0 < apart_m < 1.5 * METRES_PER_NM:
            continue
        ways = [stage.detour(stage.direction(), berth) for berth in berths]
        if ways[0] is None or ways[1] is None:
            continue
        comes, sails = stage.fleet.new("cargo"), stage.fleet.new("cargo")
        arrival = sail(ways[0][0], comes.speed_kn, rng, wander_m=10.0, ease_out=True)
        rest = stay(berths[0], HOUR_S, rng, mode="berth", status=MOORED)
        one = join(arrival, rest).shifted(span[0] - arrival.duration_s)
        off = span[0] + float(rng.uniform(60, 600))
        other = sail(
            start_from(berths[1], ways[1][1]), sails.speed_kn, rng, wander_m=10.0, ease_in=True
        )
        other = other.shifted(off + float(rng.uniform(60, 1200)))
        if one.t[-1] < stage.t0 or other.t[0] > stage.t1:
            continue
        stage.enter(comes, one, [(off, EVER)])
        stage.enter(sails, other)
        ships = [(comes, one), (sails, other)]
        stage.plant("identity", ships, span, "one berths, another sails", suspicious=False)
        return True
    return False


def first_heard(stage: Stage) -> bool:
    """A ship is heard for the first time, in the middle of the Strait, as the exercise begins."""
    span = stage.t0, stage.t0 + HOUR_S
    found = passage(stage, *span)
    if not found:
        return False
    stage.enter(*found)
    stage.plant("identity", [found], span, "first heard at the start", suspicious=False)
    return True


PLANTED: Final[tuple[Scenario, ...]] = (
    handover,
    two_hulls_far,
    renaming,
    handover,
    two_hulls_near,
    same_imo,
    handover,
    invented_numbers,
)
TRAPS: Final[tuple[Scenario, ...]] = (
    relieved_at_the_edge,
    corrected_typing,
    berth_taken,
    corrupt_static,
    casting_off,
    first_heard,
)
