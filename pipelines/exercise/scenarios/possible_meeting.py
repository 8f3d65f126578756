"""Two ships silent at the same time that can have met meanwhile; and two that cannot."""

from typing import Final

import numpy as np

from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.exercise import radio
from pipelines.exercise.motion import UNDER_WAY, Path, alongside, join, sail
from pipelines.exercise.scenarios.common import WELL_HEARD, Passage, passage
from pipelines.exercise.stage import HOUR_S, Span, Stage, start_from
from pipelines.exercise.tries import TRIES, Scenario, within


@within(4.0, 7.0, tries=1)
def in_silence(stage: Stage, span: Span) -> bool:
    """Two ships switch off in good coverage, meet in open water for 1-2 h, go apart again and only
    then switch on.
    """
    rng = stage.rng
    edges_s = rng.uniform(0.8, 1.5, 4) * HOUR_S
    meet = span[0] + float(edges_s[0]), span[1] - float(edges_s[1])
    for _ in range(TRIES):
        place = stage.open_water()
        ways = [stage.detour(stage.direction(), place) for _ in range(2)]
        if ways[0] is None or ways[1] is None:
            continue
        host = stage.fleet.new("tanker")
        guest = stage.fleet.new(str(rng.choice(("tanker", "cargo", "bunker tanker"))))
        drift = stage.adrift(place, meet[0], meet[1] - meet[0])
        beside = alongside(drift, *meet, float(rng.uniform(40, 120)), 90.0, UNDER_WAY)
        ships, silences = [], []
        for ship, way, still, early_s, late_s in (
            (host, ways[0], drift, edges_s[0], edges_s[1]),
            (guest, ways[1], beside, edges_s[2], edges_s[3]),
        ):
            to = way[0].cut(0.0, way[0].length_m - METRES_PER_NM / 2)
            to = to.then(still.start_place)
            out = start_from(still.end_place, way[1])
            arrival = sail(to, ship.speed_kn, rng, ease_out=True)
            path = join(arrival, still, sail(out, ship.speed_kn, rng, ease_in=True))
            ships.append(Passage(ship, path.shifted(meet[0] - arrival.duration_s)))
            silences.append((meet[0] - float(early_s), meet[1] + float(late_s)))
            if not stage.clear(to, out):
                break
        if len(ships) < 2 or not all(map(_fit, [stage] * 2, ships, silences)):
            continue
        if not stage.clear(*(ship.path for ship in ships), clearance_m=100.0):
            continue
        for one, silent in zip(ships, silences, strict=True):
            stage.enter(one.ship, one.path, [silent])
            _gap(stage, one, silent, "transmitter off for a meeting")
        both = max(s[0] for s in silences), min(s[1] for s in silences)
        stage.plant(
            "possible_meeting", ships, both, "two silent ships within reach", suspicious=True
        )
        return True
    return False


def _fit(stage: Stage, one: Passage, silent: Span) -> bool:
    """Tell whether a ship is on the stage and well heard when it goes off, and comes on, the
    air.
    """
    if silent[0] < stage.t0 + 0.5 * HOUR_S or silent[1] > stage.t1 - 0.25 * HOUR_S:
        return False
    path: Path = one.path
    if silent[0] - HOUR_S < path.t[0] or silent[1] + 0.5 * HOUR_S > path.t[-1]:
        return False
    t = np.arange(silent[0] - HOUR_S / 2, silent[1] + HOUR_S / 2, 600.0)
    return bool(np.all(radio.best_hearing(*path.at(t)) > WELL_HEARD))


def _gap(stage: Stage, one: Passage, silent: Span, note: str) -> None:
    stage.plant("gap", [one], silent, note, suspicious=True, at=silent[0])


@within(2.0, 3.0, tries=1)
def too_far_apart(stage: Stage, span: Span) -> bool:
    """Two ships are silent at the same time, but even towards each other they could not have met:
    the gaps deserve a look, a meeting there was none.
    """
    reach_m = 20.0 * 2 * (span[1] - span[0]) / HOUR_S * METRES_PER_NM  # faster than they are
    ships: list[Passage] = []
    for _ in range(TRIES):
        found = passage(stage, *span)
        if found is None:
            return False
        ends = found.path.at(np.asarray(span))
        if not stage.is_open(*ends, 2.0).all():
            continue
        others = [geodesy.distance_m(*ends, *each.path.at(np.asarray(span))) for each in ships]
        if all(apart_m.min() > reach_m for apart_m in others):
            ships.append(found)
        if len(ships) == 2:
            break
    else:
        return False
    one, other = ships
    for each in (one, other):
        stage.enter(each.ship, each.path, [span])
        _gap(stage, each, span, "transmitter off under way")
    stage.plant("possible_meeting", [one, other], span, "two silent ships too far apart")
    return True


PLANTED: Final[tuple[Scenario, ...]] = (in_silence,)
TRAPS: Final[tuple[Scenario, ...]] = (too_far_apart,)
