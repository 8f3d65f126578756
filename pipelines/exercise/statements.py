"""What crews type in, or don't: a fifth of it is missing or false.

Harati-Mokhtari, Wall, Brooks & Wang (2007), Automatic Identification System (AIS): Data Reliability
and Human Error Implications, Journal of Navigation 60(3):373-389, doi:10.1017/S0373463307004298,
found types, lengths, status and drafts wrong or missing by the dozen; in class B nobody checks.
"""

from dataclasses import replace
from typing import Final

import numpy as np

from pipelines.exercise.fleet import Identity, careless
from pipelines.exercise.motion import AT_ANCHOR, FISHING, MOORED, UNDER_WAY
from pipelines.exercise.stage import Stage

_UNNAMED: Final = {"A": 0.05, "B": 0.25}
"""Share of the ships that send no static data."""
_MISSING: Final = 0.06
"""Share that leave something out."""
_FALSE: Final = 0.1
"""Share that say something that isn't so."""
_STALE: Final = 0.15
"""Share of class A whose status is never changed."""
_ABOUT_IDENTITY: Final = ("identity", "spoofing")


def falsify(stage: Stage) -> None:
    """Let ships of all sorts, planted or not, say less than there is, or what isn't so.

    Those whose identity is at issue say what their scenario has them say.
    """
    rng = stage.rng
    spared = {
        mmsi
        for event in stage.events
        if event.kind in _ABOUT_IDENTITY
        for mmsi in (event.mmsi, event.other_mmsi)
    }
    numbers = [actor.ship.mmsi for actor in stage.actors]
    for k, actor in enumerate(stage.actors):
        draw = rng.random(4)
        if actor.ship.mmsi in spared or numbers.count(actor.ship.mmsi) > 1:
            continue
        ship, path = actor.ship, actor.path
        if draw[1] < _MISSING:
            ship = careless(ship, rng)
        elif draw[1] < _MISSING + _FALSE:
            ship = false(ship, rng)
        if ship.ais_class == "A" and draw[2] < _STALE:
            stuck = int(rng.choice((UNDER_WAY, UNDER_WAY, AT_ANCHOR, MOORED, FISHING)))
            path = replace(path, status=np.full(len(path.t), stuck))
        named = actor.named and draw[0] >= _UNNAMED[ship.ais_class]
        stage.actors[k] = replace(actor, ship=ship, path=path, named=named)


def false(ship: Identity, rng: np.random.Generator) -> Identity:
    """Give the ship with a type, a length or a name that isn't its own."""
    flaw = int(rng.integers(4))
    if flaw == 0:
        types = [code for code in (30, 30, 37, 52, 60, 70, 80) if code != ship.ship_type]
        return replace(ship, ship_type=int(rng.choice(types)))
    if flaw == 1:  # a digit too many, a digit too few, or a unit mistaken
        length = ship.bow_m + ship.stern_m
        factor = float(rng.choice((10.0, 0.1, 3.3, 0.3)))
        wrong = int(np.clip(length * factor, 1, 400))
        return replace(ship, bow_m=wrong // 2, stern_m=wrong - wrong // 2)
    if flaw == 2:  # as the set came from the shop
        return replace(ship, name="MY BOAT", callsign="", bow_m=1, stern_m=1, ship_type=37)
    return replace(
        ship, ship_type=int(rng.choice((30, 36, 99))), draught_m=0.0, destination="FISHING"
    )
