"""What fails by itself: the feed, stations, satellite navigation."""

from dataclasses import replace
from typing import Final

import numpy as np

from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.exercise import radio
from pipelines.exercise.geography import STATIONS
from pipelines.exercise.radio import Actor, Interference
from pipelines.exercise.receivers import Receivers, Span
from pipelines.exercise.stage import HOUR_S, Stage
from pipelines.exercise.truth import BETWEEN_PASSES, FEED_OUTAGE, OUT_OF_RANGE, RECEIVER_DOWN

_LONG_ENOUGH_S: Final = 18 * HOUR_S
"""Shorter exercises have no breakdowns: too much of them would be lost."""
_FEED_OUTAGES: Final = 0.5
"""Share of the exercises with one."""
_SILENCED: Final = 3
"""Ships that an outage must silence to be worth staging."""
_INTERFERENCE: Final = 0.6
"""Share of the exercises in which somebody disturbs satellite navigation for a while."""
_DISTURBED: Final = 4
"""Ships that it must reach to be worth staging."""
_TRIES: Final = 60


def feed_outages(rng: np.random.Generator, t0: float, t1: float) -> tuple[Span, ...]:
    """In half of the exercises nothing reaches the feed for 65-120 min, once."""
    length_s = float(rng.uniform(65, 120)) * 60
    start = float(rng.uniform(t0 + HOUR_S, max(t1 - 9 * HOUR_S, t0 + HOUR_S)))
    some = t1 - t0 >= _LONG_ENOUGH_S and rng.random() < _FEED_OUTAGES
    return ((start, start + length_s),) if some else ()


def station_outages(stage: Stage) -> tuple[tuple[int, Span], ...]:
    """One or two stations are down for 2-6 h, where that silences some ships but hides nothing
    that is to be found.
    """
    if stage.duration_s < _LONG_ENOUGH_S:
        return ()
    rng = stage.rng
    watched = _watched(stage)
    down: list[tuple[int, Span]] = []
    wanted = int(rng.integers(1, 3))
    for _ in range(_TRIES):
        station = int(rng.integers(len(STATIONS)))
        start = float(rng.uniform(stage.t0 + HOUR_S, stage.t1 - 3 * HOUR_S))
        span = start, start + float(rng.uniform(2, 6)) * HOUR_S
        if station in dict(down) or _silenced(station, span, stage) < _SILENCED:
            continue
        if not _hides(station, span, watched):
            down.append((station, span))
        if len(down) == wanted:
            break
    return tuple(down)


def why_unheard(receivers: Receivers, actor: Actor, start: float, end: float) -> str:
    """Why nobody heard a ship that was sending: what was so for at least half of the time."""
    t = np.linspace(start, end, 25)
    if (~receivers.delivers(t)).mean() >= 0.5:
        return FEED_OUTAGE
    if not receivers.works(t).any():
        return BETWEEN_PASSES
    class_b = np.full(len(t), actor.ship.ais_class == "B")
    chance = radio.hearing(*actor.afloat.at(t), class_b)
    hidden = (chance.max(axis=1) > 0.3) & ((chance * receivers.works(t)).max(axis=1) <= 0.3)
    return RECEIVER_DOWN if hidden.mean() >= 0.5 else OUT_OF_RANGE


def interference(stage: Stage) -> bool:
    """In most exercises the fixes of all ships within 8-15 nm scatter for 15-40 min, then they go
    on as if nothing had been.

    Those of which something is to be found are spared, lest it be hidden. What else happens in the
    exercise doesn't depend on it.
    """
    rng = stage.rng.spawn(1)[0]
    if rng.random() >= _INTERFERENCE:
        return False
    watched = {
        mmsi
        for event in stage.events
        if event.suspicious
        for mmsi in (event.mmsi, event.other_mmsi)
    }
    every = [actor.ship.mmsi for actor in stage.actors]
    sound = [
        k
        for k, a in enumerate(stage.actors)
        if a.ship.mmsi not in watched and a.aerial is None and every.count(a.ship.mmsi) == 1
    ]
    for _ in range(_TRIES):
        length_s = float(rng.uniform(15, 40)) * 60
        start = float(rng.uniform(stage.t0 + HOUR_S, max(stage.t1 - 2 * HOUR_S, stage.t0 + HOUR_S)))
        end, reach_m = start + length_s, float(rng.uniform(8, 15)) * METRES_PER_NM
        there = [k for k in sound if _sends(stage.actors[k], start - HOUR_S, end + HOUR_S)]
        if end > stage.t1 or not stage.delivered(start, end) or not there:
            continue
        places = np.array([stage.actors[k].afloat.place(start) for k in there])
        middle = places[rng.integers(len(there))]
        near = geodesy.distance_m(*middle, *places.T) <= reach_m
        if near.sum() < _DISTURBED or radio.best_hearing(*middle[:, None])[0] < 0.5:
            continue
        for k in np.asarray(there)[near].tolist():
            actor = stage.actors[k]
            spread_m, share = float(rng.uniform(1500, 5000)), float(rng.uniform(0.8, 1.0))
            disturbed = Interference(start, end, spread_m, share)
            stage.actors[k] = replace(actor, disturbed=disturbed)
            ships = [(actor.ship, actor.path)]
            note = "interference with satellite navigation"
            stage.plant("spoofing", ships, (start, end), note)
        return True
    return False


def _sends(actor: Actor, start: float, end: float) -> bool:
    """Tell whether a ship is there and sends all along."""
    there = actor.path.t[0] <= start and actor.path.t[-1] >= end
    return bool(there and all(off >= end or on <= start for off, on in actor.silences))


def _watched(stage: Stage) -> list[tuple[Actor, np.ndarray]]:
    """Ships with something to be found, and the times at which they should be heard."""
    spans: dict[int, list[Span]] = {}
    for event in stage.events:
        if event.suspicious:
            for mmsi in (event.mmsi, event.other_mmsi):
                spans.setdefault(mmsi, []).append((event.start - HOUR_S, event.end + HOUR_S))
    watched = []
    for actor in stage.actors:
        for start, end in spans.get(actor.ship.mmsi, []):
            watched.append((actor, np.arange(start, end, 900.0)))
    return watched


def _silenced(station: int, span: Span, stage: Stage) -> int:
    """Return how many ships are heard by this station alone in the middle of a span."""
    t = np.array([(span[0] + span[1]) / 2])
    there = [a for a in stage.actors if a.path.t[0] < t[0] < a.path.t[-1]]
    lat, lon = (np.concatenate(axis) for axis in zip(*(a.afloat.at(t) for a in there), strict=True))
    chance = radio.hearing(lat, lon, np.array([a.ship.ais_class == "B" for a in there]))
    others = np.delete(chance, station, axis=1).max(axis=1)
    return int(((chance[:, station] > 0.5) & (others < 0.1)).sum())


def _hides(station: int, span: Span, watched: list[tuple[Actor, np.ndarray]]) -> bool:
    for actor, t in watched:
        during = t[(t > span[0]) & (t < span[1])]
        if len(during) == 0:
            continue
        class_b = np.full(len(during), actor.ship.ais_class == "B")
        chance = radio.hearing(*actor.afloat.at(during), class_b)
        others = np.delete(chance, station, axis=1).max(axis=1)
        if np.any((chance[:, station] > 0.3) & (others < 0.7)):
            return True
    return False
