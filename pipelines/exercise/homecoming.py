"""No track ends at sea for no reason: what a scenario leaves there goes home."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.exercise import geography, radio
from pipelines.exercise.geography import Line, Place, line
from pipelines.exercise.motion import Path, join, sail, still
from pipelines.exercise.radio import Actor
from pipelines.exercise.stage import HOUR_S, Stage

AT_SEA_M: Final = 400.0
"""Farther than that from land and outside ports and anchorages a ship is at sea."""
_OUT_OF_HEARING: Final = 0.1
_SAME_PLACE_M: Final = 2.0 * METRES_PER_NM
_SOON_S: Final = 2 * HOUR_S
_TRIES: Final = 12


def bring_home(stage: Stage) -> None:
    """Lengthen paths that begin or end at sea by a way from, or to, a village, and a mooring."""
    for k, actor in enumerate(stage.actors):
        if actor.aerial is not None:
            continue
        for first in (False, True):
            now = stage.actors[k]
            longer = _lengthened(stage, now, first=first)
            if longer is not None:
                stage.actors[k] = replace(now, path=longer)


def left_at_sea(stage: Stage) -> list[Actor]:
    """Return the ships whose tracks begin or end at sea with nothing in the truth that says why."""
    return [
        actor
        for actor in stage.actors
        if any(_ends_at_sea(stage, actor, first=first) for first in (False, True))
    ]


def _ends_at_sea(stage: Stage, actor: Actor, *, first: bool) -> bool:
    """Tell whether what is heard of a ship begins (or ends) at sea, in range, within the exercise,
    and is neither told of in the truth nor gone on with by the same hull under another name.
    """
    on = _on_air(actor)
    if on is None:
        return False
    t = on[0] if first else on[1]
    if t <= stage.t0 + 300.0 if first else t >= stage.t1 - 300.0:
        return False
    place = actor.afloat.place(t)
    spot = geography.spot(place)
    class_b = actor.ship.ais_class == "B"
    if radio.best_hearing(*spot, class_b=class_b)[0] < _OUT_OF_HEARING:
        return False
    if not stage.sea.clear(*spot, AT_SEA_M)[0]:
        return False
    if not stage.sea.outside(*spot, ("port", "anchorage"), 1.0, excuses=False)[0]:
        return False
    return not _told(stage, actor, t) and not _goes_on(stage, actor, place, t)


def _on_air(actor: Actor) -> tuple[float, float] | None:
    t = np.linspace(actor.path.t[0], actor.path.t[-1], 400)
    on = t[radio.sending(actor, t)]
    return (float(on[0]), float(on[-1])) if len(on) else None


def _told(stage: Stage, actor: Actor, t: float) -> bool:
    mmsi = actor.ship.mmsi
    return any(
        mmsi in (event.mmsi, event.other_mmsi) and event.start - 1800 <= t <= event.end + 1800
        for event in stage.events
    )


def _goes_on(stage: Stage, actor: Actor, place: Place, t: float) -> bool:
    """Tell whether another actor is the same hull, before or after."""
    for other in stage.actors:
        path = other.afloat
        if other is actor or path.t[-1] < t - _SOON_S or path.t[0] > t + _SOON_S:
            continue
        begins = abs(path.t[0] - t) < _SOON_S or abs(path.t[-1] - t) < _SOON_S
        near = float(geodesy.distance_m(*path.place(t), *place)) < _SAME_PLACE_M
        if begins and near and other.ship.model == actor.ship.model:
            return True
    return False


def _lengthened(stage: Stage, actor: Actor, *, first: bool) -> Path | None:
    """Return a path with its way from home before it, or home after it; None where none is wanted,
    or none leads there.
    """
    if not _ends_at_sea(stage, actor, first=first):
        return None
    path, rng = actor.path, stage.rng
    end = path.start_place if first else path.end_place
    for home in _ways_home(stage, end):
        way = home.reversed() if first else home
        leg = sail(way, max(actor.ship.speed_kn, 4.0), rng, wander_m=30.0)
        berth = home.end_place
        wait_s = max((path.t[0] - stage.t0) if first else (stage.t1 - path.t[-1]), 0.0) + HOUR_S
        rest = still(berth, float(wait_s))
        if first:
            before = join(rest, leg)
            whole = join(before, path).shifted(float(path.t[0]) - before.duration_s)
        else:
            whole = join(path, leg, rest)
        if stage.clear(whole, clearance_m=30.0):
            return whole.within(stage.t0, stage.t1)
    return None


def _ways_home(stage: Stage, place: Place) -> Sequence[Line]:
    """Return straight ways to the nearest villages, and ways with a bend off the coast of each."""
    lat, lon = np.array([shore.place for shore in stage.moorings]).T
    near = np.argsort(geodesy.distance_m(lat, lon, *place))[:_TRIES]
    villages = [stage.moorings[int(k)].place for k in near]
    found = [line(place, village) for village in villages]
    for village in villages:
        for bearing in np.arange(0.0, 360.0, 45.0):
            off = geography.away(*village, float(bearing), 4 * METRES_PER_NM)
            found.append(line(place, off, village))
    free = stage.sea.clear_paths(found, 40.0)
    return [way for way, ok in zip(found, free, strict=True) if ok]
