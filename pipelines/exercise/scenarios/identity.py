"""Who a ship says it is, and isn't: hand-overs, borrowed numbers, changed names."""

from dataclasses import replace
from typing import Final

import numpy as np

from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.exercise import geography, radio
from pipelines.exercise.motion import Path, sail
from pipelines.exercise.scenarios.common import (
    EVER,
    NEVER,
    WELL_HEARD,
    Passage,
    boat_run,
    enter_parts,
    passage,
    renamed,
)
from pipelines.exercise.stage import HOUR_S, Span, Stage
from pipelines.exercise.tries import TRIES, Scenario, within

UNASSIGNED_MIDS: Final = (286, 291, 388, 395, 487, 492, 584, 597, 683, 698, 785, 796)
"""Numbers that no state has (ITU Table of Maritime Identification Digits)."""


def handover(stage: Stage) -> bool:
    """Let a ship under way fall silent and go on after 0-20 min as somebody else; some alter course
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
        found = boat_run(stage, when - before_s, before_s + 1.5 * HOUR_S)
    found = found or passage(stage, when, when + pause_s)
    if found is None:
        return False
    old, path = found
    new = stage.fleet.new(old.model)
    if rng.random() < 0.5:  # the hull stays what it is, but a liar may type other sizes
        sizes = ("bow_m", "stern_m", "port_m", "starboard_m")
        new = replace(new, **{name: getattr(old, name) for name in sizes})
    again = when + pause_s
    enter_parts(stage, path, [(old, NEVER, when), (new, again, EVER)])
    stage.mark(
        "identity",
        (old.mmsi, new.mmsi),
        (when, max(again, when + 60.0)),
        path.place(when),
        "MMSI handed over under way",
        suspicious=True,
    )
    return True


def _turning(stage: Stage, when: float) -> Passage | None:
    """Return a ship that leaves the lane, and so alters course, at that time, and passes through
    open water.
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
        path = path.shifted(when - float(np.interp(bend, path.along_m, path.t)))
        watched = np.arange(max(when - HOUR_S, stage.t0), min(when + HOUR_S, stage.t1), 300.0)
        inside = path.t[0] < watched[0] and watched[-1] < path.t[-1]
        if inside and np.all(radio.best_hearing(*path.at(watched)) > WELL_HEARD):
            return Passage(ship, path)
    return None


@within(1.0, 3.0, tries=1)
def two_hulls_far(stage: Stage, span: Span) -> bool:
    """Two ships send under one MMSI at the same time, in different parts of the Strait."""
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
    """Return when both are on the stage."""
    start = max(one.t[0], other.t[0], stage.t0)
    return float(start), float(min(one.t[-1], other.t[-1], stage.t1))


@within(1.0, 3.0, tries=1)
def two_hulls_near(stage: Stage, span: Span) -> bool:
    """Two ships send under one MMSI, one 10-30 nm behind the other in the lane.

    Each sails on its own line: who keeps to the other's wake to the metre is the same ship by a
    wrong clock.
    """
    one = passage(stage, *span)
    if one is None:
        return False
    lag_s = float(stage.rng.uniform(11, 28)) / one.ship.speed_kn * HOUR_S
    eastward = one.path.lon[-1] > one.path.lon[0]
    lane = geography.lane("east" if eastward else "west", float(stage.rng.uniform(-1, 1)))
    own_kn = one.ship.speed_kn * float(stage.rng.uniform(0.98, 1.02))
    follows = sail(lane, own_kn, stage.rng).shifted(float(one.path.t[0]) + lag_s)
    other = Passage(stage.fleet.new(one.ship.model), follows)
    return _share_mmsi(stage, one, other)


def _share_mmsi(stage: Stage, one: Passage, other: Passage) -> bool:
    """Half of them say all that the other says, half only share the number."""
    guise = replace(other.ship, mmsi=one.ship.mmsi) if stage.rng.random() < 0.5 else one.ship
    both = _together(stage, one.path, other.path)
    stage.enter(one.ship, one.path)
    stage.enter(guise, other.path)
    stage.mark(
        "identity",
        (one.ship.mmsi, 0),
        both,
        one.path.place(sum(both) / 2),
        "two hulls on one MMSI",
        suspicious=True,
    )
    return True


def renaming(stage: Stage) -> bool:
    """Let a ship change name and call sign, or its IMO number too, in the middle of a voyage."""
    span = stage.span(40 / 60, 40 / 60 + 1e-6)
    found = span and passage(stage, *span, margin_s=2 * HOUR_S)
    if not span or not found:
        return False
    ship, path = found
    what = [("name", "callsign", "imo"), ("name", "imo"), ("name", "callsign")]
    new = renamed(stage, ship, *what[int(stage.rng.integers(len(what)))])
    enter_parts(stage, path, [(ship, NEVER, span[0]), (new, span[0], EVER)])
    stage.mark(
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
    return stage.play(
        "identity",
        [(one.ship, one.path), (twin, other.path)],
        both,
        "one IMO number on two MMSIs",
        suspicious=True,
    )


def invented_numbers(stage: Stage) -> bool:
    """Let a ship give an IMO number whose check digit is wrong and an MMSI that no state issues."""
    span = stage.span(1.0, 3.0)
    found = span and passage(stage, *span)
    if not found:
        return False
    ship, path = found
    mid = int(stage.rng.choice(UNASSIGNED_MIDS))
    wrong = ship.imo // 10 * 10 + (ship.imo + int(stage.rng.integers(1, 10))) % 10
    ship = replace(ship, mmsi=mid * 10**6 + ship.mmsi % 10**6, imo=wrong)
    whole = float(path.t[0]), float(path.t[-1])
    return stage.play(
        "identity", [(ship, path)], whole, "wrong IMO check digit, unassigned MID", suspicious=True
    )


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
