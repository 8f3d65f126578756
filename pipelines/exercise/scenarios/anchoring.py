"""Ships at anchor where they may not lie; and those that may, or aren't at anchor.

Malaysia detains ships that anchor in its waters without leave of the Director of Marine (Merchant
Shipping Ordinance 1952, section 491B): a tanker 5.9 nm off Pulau Pintu Gedong (The Star, 23 April
2025); 105 in one sweep off eastern Johor in 2021; two tankers moored together 24 nm off Penang in
January 2026 (both as reported in the press). What is at anchor is told by the ground that it keeps
while the stream turns, not by the status that it sends: some of these say "under way".
"""

from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from detectors.core.arrays import Floats
from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.exercise import background, radio
from pipelines.exercise.geography import Place
from pipelines.exercise.motion import AT_ANCHOR, UNDER_WAY, Path, alongside
from pipelines.exercise.stage import HOUR_S, SHELTERED, Span, Stage
from pipelines.exercise.tries import TRIES, Scenario, within
from pipelines.exercise.voyages import both_by_the_lane, by_the_lane, drift


class Waters(NamedTuple):
    """Where ships lie to save the dues of an anchorage, or to wait unseen; by eye, no chart."""

    lat: float
    lon: float
    radius_nm: float


OFF_LIMITS: Final = (
    Waters(1.50, 104.42, 9.0),  # off Tanjung Penawar, eastern Johor
    Waters(1.62, 104.40, 9.0),  # off Desaru
    Waters(5.40, 99.95, 10.0),  # west of Penang
    Waters(2.95, 101.05, 8.0),  # west of Pulau Pintu Gedong
    Waters(2.25, 101.95, 6.0),  # off Kuala Linggi
)
_LASTS_H: Final = (7.5, 22.0)
"""Longer than a change of the stream (6.2 h), so that keeping to the ground shows."""
_STREAM_TURNS_S: Final = 7.0 * HOUR_S


def off_limits(stage: Stage) -> bool:
    """Let a ship anchor off Johor, Penang or Selangor outside every anchorage, for 7 h and more."""
    lying = _lies(stage)
    if lying is None:
        return False
    path, at = lying
    ship = stage.fleet.new(str(stage.rng.choice(("tanker", "cargo", "bunker tanker"))))
    whole = by_the_lane(stage, ship, path) or path
    stage.enter(ship, _says(stage, whole))
    stage.plant("anchoring", [(ship, whole)], at, "at anchor off limits", suspicious=True)
    return True


def two_together(stage: Stage) -> bool:
    """Two tankers lie off limits, one at anchor and the other made fast to it, for 7 h and more."""
    lying = _lies(stage)
    if lying is None:
        return False
    path, at = lying
    rng = stage.rng
    host, guest = stage.fleet.new("tanker"), stage.fleet.new("tanker")
    off_m = host.port_m + guest.port_m + float(rng.uniform(4, 12))
    when = at[0] + 1800.0, at[1] - 1200.0
    if when[1] - when[0] < _STREAM_TURNS_S:
        return False
    beside = alongside(path, *when, off_m, float(rng.uniform(0, 360)), AT_ANCHOR)
    both = both_by_the_lane(stage, (host, path), (guest, beside))
    if both is None:
        return False
    ships = [(ship, _says(stage, own)) for ship, own in both]
    for ship, own in ships:
        stage.enter(ship, own)
    stage.plant("anchoring", ships[:1], at, "two moored together off limits", suspicious=True)
    stage.plant("anchoring", ships[1:], when, "two moored together off limits", suspicious=True)
    stage.plant("encounter", ships, when, "two moored together off limits", suspicious=True)
    return True


def _lies(stage: Stage) -> tuple[Path, tuple[float, float]] | None:
    rng = stage.rng
    for _ in range(TRIES):
        lasts_s = float(rng.uniform(*_LASTS_H)) * HOUR_S
        if lasts_s > stage.duration_s - 1.5 * HOUR_S:
            lasts_s = max(stage.duration_s - 1.5 * HOUR_S, _STREAM_TURNS_S)
        start = float(rng.uniform(stage.t0, max(stage.t1 - lasts_s, stage.t0 + 1.0)))
        place = _off_limits(stage)
        if place is None or start + _STREAM_TURNS_S > stage.t1:
            continue
        path = stage.anchored(place, start, lasts_s)
        return path, (start, min(start + lasts_s, stage.t1))
    return None


def _off_limits(stage: Stage) -> Place | None:
    rng = stage.rng
    for _ in range(TRIES):
        waters = OFF_LIMITS[int(rng.integers(len(OFF_LIMITS)))]
        away_m = waters.radius_nm * METRES_PER_NM * float(np.sqrt(rng.uniform()))
        lat, lon = geodesy.destination(waters.lat, waters.lon, float(rng.uniform(0, 360)), away_m)
        spot = np.array([lat]), np.array([lon])
        ok = stage.sea.clear(*spot, 2 * METRES_PER_NM)[0]
        ok = ok and stage.sea.outside(*spot, SHELTERED, METRES_PER_NM, excuses=False)[0]
        ok = ok and _ruled(stage, *spot)
        if ok and radio.best_hearing(*spot)[0] > 0.6:
            return float(lat), float(lon)
    return None


def _ruled(stage: Stage, lat: Floats, lon: Floats) -> bool:
    """Tell whether a rule asks ships to anchor in designated areas there: off limits is what a rule
    says. Nearer to another state's coast, or further out than anybody was charged, none does.
    """
    at_us = np.array([int(stage.t0 * 1e6)])
    rule = stage.sea.zones.ruled(lat, lon, at_us, "anchoring", "designated")
    return bool(rule[0] >= 0)


def _says(stage: Stage, path: Path) -> Path:
    """Let one in three say that it is under way all along."""
    if stage.rng.random() < 1 / 3:
        return replace(path, status=np.full(len(path.t), UNDER_WAY))
    return path


# ---- only looks like it


def designated(stage: Stage) -> bool:
    """Let a ship wait at anchor inside a designated anchorage, whatever status it sends."""
    ship, path = background.anchored(stage)
    stage.actors[-1] = replace(stage.actors[-1], path=_says(stage, stage.actors[-1].path))
    note = "at anchor in a designated anchorage"
    stage.plant("anchoring", [(ship, path)], stage.whole, note)
    return True


@within(0.75, 1.67, tries=1)
def adrift(stage: Stage, span: Span) -> bool:
    """Let a ship in the same waters wait for 45-100 min, engine stopped: the stream carries it."""
    for _ in range(TRIES):
        place = _off_limits(stage)
        if place is None:
            return False
        lying = drift(stage, place, span, 0.4)
        ship = stage.fleet.new(background.lane_model(stage))
        path = by_the_lane(stage, ship, lying)
        if path is None:
            continue
        note = "adrift for a while, not at anchor"
        return stage.play("anchoring", [(ship, path)], span, note)
    return False


PLANTED: Final[tuple[Scenario, ...]] = (off_limits, two_together)
TRAPS: Final[tuple[Scenario, ...]] = (designated, adrift)
