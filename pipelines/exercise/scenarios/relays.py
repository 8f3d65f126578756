"""Half crossings: two boats meet near the boundary, and each goes back to its own coast.

Most groups hand people over at sea to local fishing boats (MMEA Selangor, Bernama, 31 January
2026); 27 people from Tanjung Balai went ashore at Sungai Besar from one such boat (The Star, 12
January 2026); off Tanjung Kling a boat was on its way to one that waited at Pulau Besar (The Star,
18 September 2025). The local half is what AIS can see: it goes out, meets, and lands.
"""

from typing import Final

from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.exercise import background
from pipelines.exercise.fleet import Identity
from pipelines.exercise.geography import line
from pipelines.exercise.motion import UNDER_WAY, Path, alongside, join, still
from pipelines.exercise.scenarios.common import nights
from pipelines.exercise.scenarios.people import LANDS_S, disguised
from pipelines.exercise.scenarios.shores import at_home, berth_at, nearest, of_country, run, ways
from pipelines.exercise.stage import HOUR_S, Shore, Span, Stage
from pipelines.exercise.tries import TRIES, Scenario

MEETS_S: Final = (300.0, 1200.0)
"""People change boats in 5-20 min."""


def trawler_meets(stage: Stage) -> bool:
    """Let a local boat fish, meet one without AIS near the boundary, land people, and go home."""
    return _half(stage, "fishing", None, "local boat out, meets, lands")


def trawler_meets_boat(stage: Stage) -> bool:
    """Let a local boat meet one that has AIS too, land people, and go home, as the other does."""
    return _half(stage, "fishing", "pom-pom", "local boat out, meets another, lands")


def relay(stage: Stage) -> bool:
    """Two fast boats meet near the boundary; the local one lands people away from ports."""
    return _half(stage, "fibreglass", "fibreglass", "relay of fast boats at the boundary")


PLANTED: Final[tuple[Scenario, ...]] = (trawler_meets, relay, trawler_meets_boat)


def _half(stage: Stage, model: str, other_model: str | None, note: str) -> bool:
    rng = stage.rng
    pairs = ways(
        stage,
        of_country(stage.moorings, "IDN"),
        of_country(stage.beaches, "MYS"),
        (10.0, 50.0),
    )
    for afar, beach, way in pairs[:TRIES]:
        spot = way.place(float(rng.uniform(0.4, 0.65)) * way.length_m)
        homes = [
            home
            for home in nearest(of_country(stage.moorings, "MYS"), beach.place, 8)
            if geodesy.distance_m(*home.place, *beach.place) > 0.7 * METRES_PER_NM
            and stage.clear(line(home.place, spot), line(beach.place, home.place), clearance_m=30.0)
        ]
        if not homes:
            continue
        home = homes[int(rng.integers(len(homes)))]
        boat = disguised(stage, stage.fleet.new(model))
        out = run(stage, (home.place, spot), boat.speed_kn)
        if model == "fishing":
            work_s = float(rng.uniform(0.3, 1.2)) * HOUR_S
            work = background.fishing_trip(stage, boat, spot, work_s, radius_m=900.0)
            out = join(out, work, run(stage, (work.end_place, spot), boat.speed_kn))
        lasts_s = float(rng.uniform(*MEETS_S))
        meet = _moment(stage, out.duration_s, lasts_s, way.length_m / (14 * geodesy.KNOT_MPS))
        if meet is None:
            continue
        adrift_s = float(rng.uniform(120, 1500))
        lying = stage.stay(
            spot, adrift_s + lasts_s, mode="drift", status=UNDER_WAY, start=meet - adrift_s
        )
        ashore_s = float(rng.uniform(*LANDS_S))
        ashore = still(beach.place, ashore_s, UNDER_WAY)
        to = run(stage, (lying.end_place, beach.place), boat.speed_kn)
        back = run(stage, (beach.place, home.place), boat.speed_kn)
        trip = join(out, lying, to, ashore, back).shifted(meet - adrift_s - out.duration_s)
        if not stage.clear(trip, clearance_m=30.0):
            continue
        path = at_home(stage, home.place, trip)
        span = meet, meet + lasts_s
        guest = None
        if other_model is not None:
            guest = _guest(stage, other_model, afar, path, span)
            if guest is None:
                continue
        stage.enter(boat, path, named=bool(rng.random() < 0.7))
        landed = meet + lasts_s + to.duration_s
        whole = float(trip.t[0]), landed
        stage.plant("crossing", [(boat, path)], whole, note, suspicious=True)
        if guest is not None:
            stage.enter(*guest)
            ships = [(boat, path), guest]
            stage.plant("encounter", ships, span, "people change boats at sea", suspicious=True)
        return True
    return False


def _guest(
    stage: Stage, model: str, afar: Shore, host: Path, span: Span
) -> tuple[Identity, Path] | None:
    """Return a boat from the other side: from its village, alongside for the span, and back."""
    rng = stage.rng
    boat = disguised(stage, stage.fleet.new(model))
    off_m = float(rng.uniform(3, 12))
    beside = alongside(host, *span, off_m, float(rng.uniform(0, 360)), UNDER_WAY)
    berth = berth_at(stage, afar)
    meets = beside.start_place
    if not stage.clear(line(berth, meets), line(beside.end_place, berth), clearance_m=30.0):
        return None
    out = run(stage, (berth, meets), boat.speed_kn)
    back = run(stage, (beside.end_place, berth), boat.speed_kn)
    trip = join(out, beside, back).shifted(span[0] - out.duration_s)
    return boat, at_home(stage, berth, trip)


def _moment(stage: Stage, before_s: float, lasts_s: float, after_s: float) -> float | None:
    """Return when to meet by night: out of port, and ashore again, within the exercise."""
    spans = nights(stage)
    for _ in range(TRIES if spans else 0):
        start, end = spans[int(stage.rng.integers(len(spans)))]
        earliest = max(start + 0.2 * before_s, stage.t0 + 0.8 * before_s + 900.0)
        latest = min(end, stage.t1) - lasts_s - after_s
        if earliest >= latest:
            continue
        meet = float(stage.rng.uniform(earliest, latest))
        if stage.delivered(meet - before_s, meet + after_s):
            return meet
    return None
