"""Moorings of villages, and beaches: places on the coasts of the Strait that lie in no zone.

Boats by the hundred lie off river mouths and villages that no list of ports has; those that land
people choose beaches and creeks away from all of them (the press names dozens: see
`data/reference/places`). Which these are is drawn anew for each exercise from the coast itself.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.exercise import geography, radio
from pipelines.exercise.geography import Line, Place, line
from pipelines.exercise.motion import Path, sail, still
from pipelines.exercise.scenarios.common import BOAT_HEARD, Landfall, coasts
from pipelines.exercise.stage import HOUR_S, Shore, Stage
from pipelines.exercise.tries import TRIES

MOORINGS: Final = 120
"""Villages with boats in an exercise."""
BEACHES: Final = 90
MAPPED: Final = ("port", "anchorage", "sts_area", "landing_place", "waiting_area")
"""Zone classes in which lying still is nothing unusual, or landing something expected."""
_HEARD: Final = 0.45
"""Class B is heard at a village with that chance, or it might as well not be there."""
_AT_ONCE: Final = 128
"""So many places are tried together, of some six hundred in all."""


def settle(stage: Stage) -> None:
    """Draw the villages and beaches of an exercise."""
    stage.moorings = _drawn(stage, MOORINGS, off_m=(50.0, 220.0), apart_nm=0.5, margin_m=300.0)
    stage.beaches = _drawn(
        stage, BEACHES, off_m=(40.0, 120.0), apart_nm=0.8, margin_m=1.2 * METRES_PER_NM
    )


def _drawn(
    stage: Stage, n: int, *, off_m: tuple[float, float], apart_nm: float, margin_m: float
) -> list[Shore]:
    rng, along = stage.rng, geography.axis()
    knots = along.along_m
    low, high = zip((knots[2], knots[21]), (0.0, 360.0), off_m, strict=True)
    shores: list[Shore] = []
    for done in range(0, n * 15, _AT_ONCE):
        before = rng.bit_generator.state
        drawn = rng.uniform(low, high, (min(_AT_ONCE, n * 15 - done), 3))
        lat, lon = along.at(drawn[:, 0])
        found = coasts(stage, lat, lon, drawn[:, 1], 55.0, drawn[:, 2])
        for used, one in enumerate(_fit(stage, found, margin_m), 1):
            if one is None or not _is_apart(one, shores, apart_nm):
                continue
            shores.append(one)
            if len(shores) == n:
                # What is drawn after this is as if they had been drawn one by one.
                rng.bit_generator.state = before
                rng.random((used, 3))
                return shores
    return shores


def _fit(stage: Stage, found: Sequence[Landfall | None], margin_m: float) -> Iterator[Shore | None]:
    """Give those where boats are heard, off the coasts of the Strait and away from zones."""
    there = [one for one in found if one is not None]
    lat, lon = np.array([one.place for one in there]).reshape(-1, 2).T
    good = radio.best_hearing(lat, lon, class_b=True) >= _HEARD
    good &= stage.sea.outside(lat, lon, MAPPED, margin_m, excuses=False)
    fits = iter(good.tolist())
    for one in found:
        fit = one is not None and next(fits) and one.country in ("IDN", "MYS")
        yield Shore(one.place, one.country) if one is not None and fit else None


def _is_apart(one: Shore, shores: Sequence[Shore], apart_nm: float) -> bool:
    if not shores:
        return True
    lat, lon = np.array([shore.place for shore in shores]).T
    apart_m = geodesy.distance_m(lat, lon, *one.place)
    return bool(apart_m.min() >= apart_nm * METRES_PER_NM)


def berth_at(stage: Stage, shore: Shore) -> Place:
    """Draw a place to lie off a village, some way from where the others lie."""
    for _ in range(TRIES):
        away_m = float(stage.rng.uniform(5.0, 160.0))
        berth = geography.away(*shore.place, float(stage.rng.uniform(0, 360)), away_m)
        spot = geography.spot(berth)
        if stage.sea.clear(*spot, 40.0)[0] and stage.clear(
            line(shore.place, berth), clearance_m=35.0
        ):
            return berth
    return shore.place


def of_country(shores: Sequence[Shore], *countries: str) -> list[Shore]:
    """Return those of some states' coasts."""
    return [shore for shore in shores if shore.country in countries]


def nearest(shores: Sequence[Shore], place: Place, n: int) -> list[Shore]:
    """Return the nearest to a place, nearest first."""
    if not shores:
        return []
    lat, lon = np.array([shore.place for shore in shores]).T
    order = np.argsort(geodesy.distance_m(lat, lon, *place))
    return [shores[int(k)] for k in order[:n]]


def ways(
    stage: Stage,
    starts: Sequence[Shore],
    ends: Sequence[Shore],
    length_nm: tuple[float, float],
    n: int = 250,
) -> list[tuple[Shore, Shore, Line]]:
    """Draw straight ways from shore to shore that keep off land, where boats are heard most of
    the time.
    """
    if not starts or not ends:
        return []
    lat, lon = np.array([shore.place for shore in starts]).T
    to_lat, to_lon = np.array([shore.place for shore in ends]).T
    apart_nm = geodesy.distance_m(lat[:, None], lon[:, None], to_lat, to_lon) / METRES_PER_NM
    fit = np.argwhere((apart_nm >= length_nm[0]) & (apart_nm <= length_nm[1]))
    some = stage.rng.permutation(len(fit))[:n]
    pairs = [
        (starts[i], ends[j], line(starts[i].place, ends[j].place)) for i, j in fit[some].tolist()
    ]
    if not pairs:
        return []
    free = stage.sea.clear_paths([way for _, _, way in pairs], 35.0)
    return [pair for pair, ok in zip(pairs, free, strict=True) if ok and _heard(pair[2])]


def _heard(way: Line) -> bool:
    marks = way.at(np.linspace(0.0, way.length_m, 25))
    return bool(np.mean(radio.best_hearing(*marks, class_b=True) > BOAT_HEARD) > 0.6)


def at_home(stage: Stage, home: Place, trip: Path) -> Path:
    """Lie at `home` before a trip (in absolute times) and after it, as far as the exercise goes.

    What ends after the exercise needs no more.
    """
    path = trip
    if trip.t[0] > stage.t0:
        wait = still(home, float(trip.t[0]) - stage.t0 + HOUR_S)
        path = _after(wait, trip)
    if path.t[-1] < stage.t1:
        rest_s = stage.t1 - float(path.t[-1]) + HOUR_S
        rest = still(path.end_place, rest_s)
        path = _after(path, rest.shifted(float(path.t[-1])))
    return path


def _after(first: Path, then: Path) -> Path:
    """`then` after `first`, in the times of `then`; both meet at one place."""
    early = first.shifted(float(then.t[0] - first.t[-1]))
    return Path(
        np.r_[early.t, then.t[1:]],
        np.r_[early.lat, then.lat[1:]],
        np.r_[early.lon, then.lon[1:]],
        np.r_[early.status[:-1], then.status],
    )


def run(stage: Stage, places: Sequence[Place], speed_kn: float, *, unsteady: float = 0.06) -> Path:
    """Sail from place to place, from time 0, as a small boat is steered."""
    return sail(
        line(*places),
        speed_kn,
        stage.rng,
        wander_m=float(stage.rng.uniform(10, 90)),
        unsteady=unsteady,
    )
