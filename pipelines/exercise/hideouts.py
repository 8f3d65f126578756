"""Loiterers and silences that are hard to tell from what goes on around them."""

import numpy as np

from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.exercise import background, geography, radio
from pipelines.exercise.motion import AT_ANCHOR, join, sail
from pipelines.exercise.stage import HOUR_S, Span, Stage
from pipelines.exercise.tries import TRIES, tried, within
from pipelines.exercise.voyages import by_the_lane, drift, stays_open

_KINDS = ("tanker", "cargo", "bunker tanker", "supply")
_LOST, _HEARD = 0.05, 0.8
"""Hearing below which a ship is out of range, and above which it is well heard."""


@within(4.0, 9.0)
def with_pauses(stage: Stage, span: Span) -> bool:
    """Let a ship drift 35-80 min at a time for 4-9 h and motor back up the stream in between."""
    rng = stage.rng
    place = stage.open_water()
    parts, lasts_s = [], 0.0
    here = place
    while lasts_s < span[1] - span[0]:
        still_s = float(rng.uniform(35, 80)) * 60
        still = stage.stay(
            here,
            still_s,
            mode="drift",
            status=0,
            start=span[0] + lasts_s,
            drift_kn=float(rng.uniform(0.4, 1.2)),
        )
        away_m = float(rng.uniform(0.8, 2.0)) * METRES_PER_NM
        here = geography.away(*place, float(rng.uniform(0, 360)), away_m)
        way = geography.line(still.end_place, here)
        move = sail(way, float(rng.uniform(4.0, 7.0)), rng, wander_m=10.0)
        parts += [still, move]
        lasts_s += still.duration_s + move.duration_s
    whole = join(*parts[:-1]).shifted(span[0])
    ship = stage.fleet.new(str(rng.choice(_KINDS)))
    path = by_the_lane(stage, ship, whole) if stays_open(stage, whole) else None
    if path is None:
        return False
    lasted = span[0], float(whole.t[-1])
    note = "drifting with pauses"
    return stage.play("loitering", [(ship, path)], lasted, note, suspicious=True)


def in_the_tide(stage: Stage) -> bool:
    """Let a ship drift for 3-7 h at 1-2 kn, with a stream that runs hard."""
    span = stage.span(3.0, 7.0)
    return span is not None and _drifts(stage, span, (1.5, 2.2), "drifting with the tide")


def before_the_feed(stage: Stage) -> bool:
    """Let a ship go on drifting for 3-7 h, as it has done since before the feed begins."""
    length_s = float(stage.rng.uniform(3.0, 7.0)) * HOUR_S
    span = stage.t0 - 2 * HOUR_S, stage.t0 + min(length_s, 0.8 * stage.duration_s)
    if not stage.delivered(*span):
        return False
    return _drifts(stage, span, (0.4, 1.0), "drifting since before the feed")


@tried(TRIES * 3)
def at_the_edge(stage: Stage) -> bool:
    """Let a ship switch off 40-80 min before it would leave the stations' range, and on again well
    after it is back in it, if ever; another one, 15-40 min away, sails the same way sending.
    """
    rng = stage.rng
    direction = stage.direction()
    ship = stage.fleet.new(str(rng.choice(("tanker", "cargo"))))
    path = sail(geography.lane(direction, float(rng.uniform(-1, 1))), ship.speed_kn, rng)
    path = path.shifted(float(rng.uniform(stage.t0 - path.duration_s, stage.t1)))
    t = np.arange(max(path.t[0], stage.t0), min(path.t[-1], stage.t1), 300.0)
    if len(t) < 30:
        return False
    heard = radio.best_hearing(*path.at(t))
    well = np.flatnonzero(heard > _HEARD)
    lost = np.flatnonzero((heard < _LOST) & (np.arange(len(t)) > (well[0] if len(well) else 0)))
    if not len(well) or not len(lost):
        return False
    off = float(t[well[well < lost[0]][-1]] - rng.uniform(40, 80) * 60)
    back = well[well > lost[0]]
    on = float(t[back[0]] + rng.uniform(40, 120) * 60) if len(back) else np.inf
    end = min(on, stage.t1)
    before = np.arange(off - HOUR_S, off, 300.0)
    known = before[0] > t[0] and radio.best_hearing(*path.at(before)).min() > 0.7
    fits = on == end or not len(back)
    if not known or not fits or end - off < 2 * HOUR_S or not stage.delivered(off, end):
        return False
    note = "transmitter off at the edge of coverage"
    stage.play(
        "gap", [(ship, path)], (off, end), note, suspicious=True, at=off, silences=[(off, on)]
    )
    neighbour = stage.fleet.new("cargo")
    behind_s = float(rng.uniform(15, 40)) * 60 * float(rng.choice((-1.0, 1.0)))
    way = geography.lane(direction, float(rng.uniform(-1, 1)))
    stage.enter(neighbour, sail(way, ship.speed_kn, rng).shifted(float(path.t[0]) + behind_s))
    return True


@within(3.5, 7.0)
def of_a_fishing_boat(stage: Stage, span: Span) -> bool:
    """Let a class B fishing boat be silent for 3.5-7 h on a ground where two others are heard."""
    rng = stage.rng
    ground = stage.fishing_ground()
    if radio.best_hearing(*_around(ground, 3.0), class_b=True).min() < 0.75:
        stage.taken.pop()
        return False
    bearing = float(rng.uniform(0, 360))
    for k in range(3):
        boat = stage.fleet.new("fishing")
        away_m = 1.3 * METRES_PER_NM
        lat, lon = geodesy.destination(*ground, bearing + 120.0 * k, away_m)
        trip = background.fishing_trip(
            stage, boat, (float(lat), float(lon)), stage.duration_s + HOUR_S, radius_m=1300.0
        ).shifted(stage.t0)
        stage.enter(boat, trip, [span] if k == 0 else [])
        if k == 0:
            note = "class B transmitter off on its ground"
            stage.plant("gap", [(boat, trip)], span, note, suspicious=True, at=span[0])
    return True


@within(3.0, 7.0)
def at_anchor(stage: Stage, span: Span) -> bool:
    """Let a ship at anchor in open water switch its transmitter off for 3-7 h."""
    if span[0] < stage.t0 + HOUR_S:
        return False
    rng = stage.rng
    place = stage.open_water()
    arrives = max(stage.t0 + 0.0, span[0] - float(rng.uniform(2.0, 5.0)) * HOUR_S)
    leaves = span[1] + float(rng.uniform(1.0, 3.0)) * HOUR_S
    lying = stage.stay(place, leaves - arrives, mode="anchor", status=AT_ANCHOR, start=arrives)
    ship = stage.fleet.new(str(rng.choice(_KINDS)))
    path = by_the_lane(stage, ship, lying.shifted(arrives))
    note = "transmitter off at anchor"
    return path is not None and stage.play(
        "gap", [(ship, path)], span, note, suspicious=True, at=span[0], silences=[span]
    )


LOITERERS = (with_pauses, in_the_tide, before_the_feed)
SILENCES = (at_the_edge, of_a_fishing_boat, at_anchor)


def _drifts(stage: Stage, span: Span, speeds_kn: tuple[float, float], note: str) -> bool:
    """Drift in open water at up to one of these speeds."""
    rng = stage.rng
    for _ in range(TRIES):
        lying = drift(stage, stage.open_water(), span, float(rng.uniform(*speeds_kn)))
        ship = stage.fleet.new(str(rng.choice(_KINDS)))
        path = by_the_lane(stage, ship, lying) if stays_open(stage, lying) else None
        if path is None:
            stage.taken.pop()
            continue
        return stage.play("loitering", [(ship, path)], span, note, suspicious=True)
    return False


def _around(place: tuple[float, float], away_nm: float) -> tuple[np.ndarray, np.ndarray]:
    lat, lon = geodesy.destination(*place, np.arange(0.0, 360.0, 45.0), away_nm * METRES_PER_NM)
    return np.asarray(lat), np.asarray(lon)
