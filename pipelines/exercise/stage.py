"""The stage of an exercise: its sea, clock and dice, and what has been put on it so far."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, TypedDict, Unpack

import numpy as np

from detectors.core.arrays import Bools, Floats
from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.exercise import geography, radio
from pipelines.exercise.fleet import Fleet, Identity
from pipelines.exercise.geography import Direction, Ended, Line, Place
from pipelines.exercise.motion import AT_ANCHOR, UNDER_WAY, Path, carried
from pipelines.exercise.radio import Actor
from pipelines.exercise.receivers import Faults, Receivers
from pipelines.exercise.sea import Sea
from pipelines.exercise.stream import Stream
from pipelines.exercise.truth import ExerciseError, Planted, pair

Span = tuple[float, float]
"""From when to when (epoch seconds)."""


class Shore(NamedTuple):
    """A place just off a coast, and whose coast it is (ISO 3166 alpha-3)."""

    place: Place
    country: str


SHELTERED: Final = ("port", "anchorage", "sts_area")
"""Zone classes in which stopping, or lying alongside, is nothing unusual (in a transfer area where
that is licensed)."""
HOUR_S: Final = 3600.0
_TRIES: Final = 40


class Transmits(TypedDict, total=False):
    """How a ship transmits: attributes of `radio.Actor`."""

    aerial: Path
    true_speed: bool
    exact: bool
    named: bool


@dataclass
class Stage:
    """Everything that builds an exercise shares this."""

    sea: Sea
    rng: np.random.Generator
    fleet: Fleet
    t0: float
    t1: float
    """Epoch seconds: the exercise."""
    stream: Stream
    """The tide."""
    actors: list[Actor] = field(default_factory=list)
    events: list[Planted] = field(default_factory=list)
    taken: list[Place] = field(default_factory=list)
    """Places where something happens, to keep others away."""
    grounds: list[Place] = field(default_factory=list)
    """Fishing grounds with a fleet on them."""
    receivers: Receivers = field(default_factory=Receivers)
    """Who listens; what fails by itself is decided once all is planted (`simulate`)."""
    moorings: list[Shore] = field(default_factory=list)
    beaches: list[Shore] = field(default_factory=list)
    """Villages with boats, and places to land, outside all zones."""
    faults: Faults = field(default_factory=Faults)
    """What is wrong with the reports that reach the feed."""

    @property
    def duration_s(self) -> float:
        """Length of the exercise."""
        return self.t1 - self.t0

    def stay(
        self,
        place: Place,
        duration_s: float,
        *,
        mode: Literal["drift", "anchor"],
        status: int,
        start: float,
        drift_kn: float = 0.6,
    ) -> Path:
        """Drift or lie at anchor, as `motion.carried` does; the path counts from 0, the tide from
        `start`.
        """
        return carried(
            self.stream, place, start, duration_s, self.rng, mode, status, drift_kn=drift_kn
        )

    @property
    def whole(self) -> Span:
        """All of the exercise."""
        return self.t0, self.t1

    def anchored(
        self, place: Place, start: float | None = None, duration_s: float | None = None
    ) -> Path:
        """Lie at anchor, in the times of the exercise; for all of it if no start is given."""
        begin = self.t0 if start is None else start
        lasts_s = self.duration_s if duration_s is None else duration_s
        return self.stay(place, lasts_s, mode="anchor", status=AT_ANCHOR, start=begin).shifted(
            begin
        )

    def adrift(
        self,
        place: Place,
        start: float,
        duration_s: float,
        *,
        drift_kn: float = 0.6,
        status: int = UNDER_WAY,
    ) -> Path:
        """Drift, in the times of the exercise."""
        path = self.stay(
            place, duration_s, mode="drift", status=status, start=start, drift_kn=drift_kn
        )
        return path.shifted(start)

    def enter(
        self,
        ship: Identity,
        path: Path,
        silences: Sequence[Span] = (),
        **how: Unpack[Transmits],
    ) -> None:
        """Put a ship on the stage for the part of `path` that falls into the exercise.

        A ship that changes what it says enters once for each, with the parts of its path.
        """
        seen = path.within(self.t0, self.t1)
        if len(seen.t) == 0:
            raise ExerciseError(f"{ship.name} would never appear in this exercise")
        self.actors.append(Actor(ship, seen, tuple(silences), **how))

    def plant(
        self,
        kind: str,
        ships: Sequence[tuple[Identity, Path]],
        span: Span,
        note: str,
        *,
        suspicious: bool = False,
        at: float | None = None,
    ) -> None:
        """Note what happens to one ship or two, placed at mid-span, or `at` a time: a trap, if it
        isn't `suspicious`.
        """
        start, end = max(span[0], self.t0), min(span[1], self.t1)
        paths = {ship.mmsi: path for ship, path in ships}
        numbers = (ships[0][0].mmsi, 0) if len(ships) == 1 else pair(*paths)
        place = paths[numbers[0]].place((start + end) / 2 if at is None else at)
        self.mark(kind, numbers, span, place, note, suspicious=suspicious)

    def mark(
        self,
        kind: str,
        vessels: tuple[int, int],
        span: Span,
        place: Place,
        note: str,
        *,
        suspicious: bool = False,
    ) -> None:
        """Note what happens to vessels by their numbers, the second 0 where there is none."""
        times = round(max(span[0], self.t0), 1), round(min(span[1], self.t1), 1)
        spot = round(place[1], 6), round(place[0], 6)
        numbers = pair(*vessels) if all(vessels) else vessels
        self.events.append(Planted(kind, *numbers, *times, *spot, suspicious, note))

    def play(
        self,
        kind: str,
        ships: Sequence[tuple[Identity, Path]],
        span: Span,
        note: str,
        *,
        suspicious: bool = False,
        at: float | None = None,
        silences: Sequence[Span] = (),
    ) -> Literal[True]:
        """Let ships enter, and note what happens to them: a scenario that fits ends with this."""
        for ship, path in ships:
            self.enter(ship, path, silences)
        self.plant(kind, ships, span, note, suspicious=suspicious, at=at)
        return True

    def span(self, shortest_h: float, longest_h: float) -> Span | None:
        """Draw a random span of that length, with some time before it and after, that no outage of
        the feed falls into; None if none fits.
        """
        lead_s = min(0.05 * self.duration_s, HOUR_S)
        longest_s = min(longest_h * HOUR_S, self.duration_s - 2 * lead_s)
        if longest_s < shortest_h * HOUR_S:
            return None
        for _ in range(_TRIES):
            length_s = self.rng.uniform(shortest_h * HOUR_S, longest_s)
            start = self.rng.uniform(self.t0 + lead_s, self.t1 - lead_s - length_s)
            if self.delivered(start, start + length_s):
                return float(start), float(start + length_s)
        return None

    def delivered(self, start: float, end: float, margin_s: float = 900.0) -> bool:
        """Tell whether the feed has no outage from `margin_s` before a span to as long after it."""
        return all(
            down_to + margin_s < start or end < down_from - margin_s
            for down_from, down_to in self.receivers.feed_outages
        )

    def direction(self) -> Direction:
        """Either way through the lane."""
        return "east" if self.rng.random() < 0.5 else "west"

    def find(
        self,
        draw: Callable[[int], tuple[Floats, Floats]],
        fits: Callable[[Floats, Floats], Bools],
        *,
        apart_nm: float,
        what: str,
    ) -> Place:
        """Draw a place from `draw` that `fits`, away from those taken (where the sea isn't too
        full).

        Raises ExerciseError if there is no such place.
        """
        fallback: Place | None = None
        for _ in range(20):
            lat, lon = draw(200)
            good = np.flatnonzero(fits(lat, lon))
            for index in good[:40]:
                place = float(lat[index]), float(lon[index])
                if self._away_from_taken(place, apart_nm):
                    return place
                fallback = fallback or place
        if fallback is None:
            raise ExerciseError(f"found no place for {what}", hint="are the land and zones right?")
        return fallback

    def _away_from_taken(self, place: Place, apart_nm: float) -> bool:
        if not self.taken:
            return True
        lat, lon = np.asarray(self.taken).T
        return bool(np.all(geodesy.distance_m(lat, lon, *place) > apart_nm * METRES_PER_NM))

    def open_water(self, *, class_b: bool = False) -> Place:
        """Draw a place off the lane, 3 nm from land, away from zones and from all that happens, in
        good coverage (for class B too, if asked).
        """

        def draw(n: int) -> tuple[Floats, Floats]:
            along = geography.axis()
            mark = self.rng.uniform(0.0, along.length_m, n)
            lat, lon = along.at(mark)
            away_m = self.rng.uniform(4.0, 22.0, n) * METRES_PER_NM
            return geodesy.destination(lat, lon, self.rng.uniform(0, 360, n), away_m)

        def fits(lat: Floats, lon: Floats) -> Bools:
            ok = off_lane_nm(lat, lon) > 1.5
            ok &= self.is_open(lat, lon, 3.0)
            if class_b:
                ok &= radio.best_hearing(lat, lon, class_b=True) > 0.8
            return ok

        place = self.find(draw, fits, apart_nm=8.0, what="a meeting in open water")
        self.taken.append(place)
        return place

    def is_open(self, lat: Floats, lon: Floats, clearance_nm: float) -> Bools:
        """Tell whether each point is that far from land, 1 nm outside zones, and well heard."""
        ok = self.sea.clear(lat, lon, clearance_nm * METRES_PER_NM)
        ok &= self.sea.outside(lat, lon, SHELTERED, METRES_PER_NM)
        return ok & (radio.best_hearing(lat, lon) > 0.85)

    def fishing_ground(self) -> Place:
        """Draw a place off the lane, 4 nm from land, outside zones, where class B is heard."""

        def draw(n: int) -> tuple[Floats, Floats]:
            stations = np.array([(s.lat, s.lon, s.range_nm) for s in geography.STATIONS])
            station = stations[self.rng.integers(len(stations), size=n)]
            away_nm = station[:, 2] * radio.CLASS_B_RANGE * np.sqrt(self.rng.uniform(0, 0.6, n))
            bearing = self.rng.uniform(0, 360, n)
            return geodesy.destination(
                station[:, 0], station[:, 1], bearing, away_nm * METRES_PER_NM
            )

        def fits(lat: Floats, lon: Floats) -> Bools:
            ok = self.sea.clear(lat, lon, 4.0 * METRES_PER_NM) & (off_lane_nm(lat, lon) > 3.0)
            ok &= self.sea.outside(lat, lon, SHELTERED, 3.0 * METRES_PER_NM)
            return ok & (radio.best_hearing(lat, lon, class_b=True) > 0.6)

        place = self.find(draw, fits, apart_nm=4.5, what="fishing")
        self.taken.append(place)
        return place

    def transfer_place(self, *, licensed: bool) -> Place | None:
        """Draw a place in a transfer area; None where there is no such area, or no water in it."""
        areas = list(self.sea.transfer_areas(licensed=licensed).values())
        if not areas:
            return None
        return self.sea.spot(areas[self.rng.integers(len(areas))], self.rng, METRES_PER_NM)

    def detour(self, direction: Direction, place: Place) -> tuple[Line, Line] | None:
        """Draw a voyage through the lane that leaves it for `place`, up to there and from there on;
        None where the way is not clear of land.
        """
        whole = geography.lane(direction, float(self.rng.uniform(-1, 1)))
        mark, off = whole.nearest_m(*place)
        run = float(np.clip(off, 1.5 * METRES_PER_NM, 8 * METRES_PER_NM))
        if mark - run < 0 or mark + run > whole.length_m:
            return None
        before = whole.cut(0.0, mark - run).then(place)
        rest = whole.cut(mark + run, whole.length_m)
        after = rest.begun_at(place)
        return (before, after) if self.clear(before, after) else None

    def clear(self, *paths: Ended, clearance_m: float = 200.0) -> bool:
        """Tell whether all the lines and paths keep that far off land."""
        return bool(self.sea.clear_paths(paths, clearance_m).all())


def off_lane_nm(lat: Floats, lon: Floats) -> Floats:
    """Distance of each point from the outer edge of the lane (negative within it)."""
    points = np.asarray(geography.AXIS, "float64")
    whole = geography.axis()
    marks = np.arange(0.0, whole.length_m, 2 * METRES_PER_NM)
    half_nm = np.interp(marks, whole.along_m, points[:, 2] + points[:, 3])
    on_lat, on_lon = whole.at(marks)
    away_m = geodesy.distance_m(lat[:, None], lon[:, None], on_lat, on_lon)
    return np.asarray((away_m / METRES_PER_NM - half_nm).min(axis=1))


def start_from(place: Place, rest: Line) -> Line:
    """`rest` with its first point replaced by `place`."""
    return Line(np.r_[place[0], rest.lat[1:]], np.r_[place[1], rest.lon[1:]])
