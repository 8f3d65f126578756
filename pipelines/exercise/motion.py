"""How a ship moves: paths made of legs and stays, joined and set in time."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from detectors.core.arrays import Floats
from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import KNOT_MPS, METRES_PER_NM
from pipelines.exercise.geography import Ended, Line, Place
from pipelines.exercise.stream import PERIOD_S, Stream

UNDER_WAY: Final = 0
AT_ANCHOR: Final = 1
NOT_UNDER_COMMAND: Final = 2
RESTRICTED: Final = 3
MOORED: Final = 5
FISHING: Final = 7
TOWING_ASTERN: Final = 11
"""Navigation status codes, ITU-R M.1371-5, table 45."""

_STEP_S: Final = 60.0


@dataclass(frozen=True)
class Path(Ended):
    """Where one ship is over time, in straight pieces between knots."""

    t: Floats
    """Seconds, strictly increasing."""
    lat: Floats
    lon: Floats
    """Position at each knot (deg)."""
    status: NDArray[np.int64]
    """Navigation status from each knot on."""

    def at(self, t: Floats) -> tuple[Floats, Floats]:
        """Latitude and longitude at times `t` (held at either end)."""
        return np.interp(t, self.t, self.lat), np.interp(t, self.t, self.lon)

    def status_at(self, t: Floats) -> NDArray[np.int64]:
        """Navigation status at times `t`."""
        index = np.searchsorted(self.t, t, side="right") - 1
        return self.status[np.clip(index, 0, len(self.t) - 1)]

    def shifted(self, seconds: float) -> "Path":
        """Return the same path, later by `seconds`."""
        return Path(self.t + seconds, self.lat, self.lon, self.status)

    def within(self, start: float, end: float) -> "Path":
        """Return the part between two times; empty where there is none."""
        first, last = max(start, float(self.t[0])), min(end, float(self.t[-1]))
        if first >= last:
            return Path(*(np.zeros(0),) * 3, np.zeros(0, "int64"))
        inner = self.t[(self.t > first) & (self.t < last)]
        t = np.r_[first, inner, last]
        return Path(t, *self.at(t), self.status_at(t))

    @property
    def duration_s(self) -> float:
        """From first to last knot."""
        return float(self.t[-1] - self.t[0])


def join(*parts: Path) -> Path:
    """Parts one after the other in time; each is taken to begin where the last one ended."""
    joined = parts[0]
    for part in parts[1:]:
        later = part.shifted(float(joined.t[-1] - part.t[0]))
        status = np.r_[joined.status[:-1], later.status]
        joined = Path(
            np.r_[joined.t, later.t[1:]],
            np.r_[joined.lat, later.lat[1:]],
            np.r_[joined.lon, later.lon[1:]],
            status,
        )
    return joined


def sail(
    line: Line,
    speed_kn: float,
    rng: np.random.Generator,
    *,
    wander_m: float = 40.0,
    unsteady: float = 0.03,
    ease_in: bool = False,
    ease_out: bool = False,
    status: int = UNDER_WAY,
) -> Path:
    """Follow a line at a speed, from time 0.

    The helm wanders some `wander_m` to either side over miles, and the speed by a share of
    `unsteady`; both ends lie exactly on the line. Easing slows the ship to a quarter of its speed
    over the first or last 2 nm.
    """
    knots = line.along_m
    length_m = float(knots[-1])
    step_m = max(speed_kn * KNOT_MPS * _STEP_S, 30.0)
    even = np.linspace(0.0, length_m, max(int(length_m / step_m), 1) + 1)
    along = np.union1d(even, knots)
    along = along[np.r_[True, np.diff(along) > 1.0]]
    lat, lon = line.at(along)

    periods_m = rng.uniform(3.0, 12.0, 3) * METRES_PER_NM
    phases = rng.uniform(0, 2 * np.pi, 3)
    waves = np.sin(2 * np.pi * along[:, None] / periods_m + phases)
    taper = np.clip(np.minimum(along, length_m - along) / METRES_PER_NM, 0.0, 1.0)
    offset_m = wander_m * taper * waves.mean(axis=1)
    course = geodesy.bearing_deg(lat[:-1], lon[:-1], lat[1:], lon[1:])
    course = np.r_[course, course[-1:]]
    lat, lon = geodesy.destination(lat, lon, course + 90.0, offset_m)

    middle = (along[:-1] + along[1:]) / 2
    pace = 1.0 + unsteady * np.sin(2 * np.pi * middle / periods_m[0] + phases[1])
    for eased, left_m in ((ease_in, middle), (ease_out, length_m - middle)):
        if eased:
            pace *= np.clip(np.sqrt(left_m / (2 * METRES_PER_NM)), 0.25, 1.0)
    t = np.r_[0.0, np.cumsum(np.diff(along) / (speed_kn * KNOT_MPS * pace))]
    return Path(t, lat, lon, np.full(len(t), status))


def still(place: Place, duration_s: float, status: int = MOORED) -> Path:
    """Lie still at a place from time 0, made fast for one."""
    t = _ticks(duration_s)
    return Path(t, *(np.full(len(t), value) for value in (*place, status)))


def _ticks(duration_s: float) -> Floats:
    return np.linspace(0.0, duration_s, max(int(duration_s / 120.0), 1) + 1)


def stay(
    place: Place,
    duration_s: float,
    rng: np.random.Generator,
    *,
    mode: Literal["drift", "anchor"],
    status: int,
    drift_kn: float = 0.6,
) -> Path:
    """Stay at a place from time 0: drifting with wind and tide, or swinging at anchor.

    A drifting ship leaves the place at up to `drift_kn`; an anchored one swings 60-150 m about its
    anchor with the tide and yaws a little, slower than 0.3 kn.
    """
    t = _ticks(duration_s)
    lat0, lon0 = place
    if mode == "anchor":
        radius_m = rng.uniform(60.0, 150.0)
        phase, yaw_phase, base = rng.uniform(0, 2 * np.pi, 3)
        angle = base + 1.3 * np.sin(2 * np.pi * t / PERIOD_S + phase)
        angle = angle + 0.08 * np.sin(2 * np.pi * t / 1500.0 + yaw_phase)
        anchor = geodesy.destination(lat0, lon0, np.degrees(angle[0]) + 180.0, radius_m)
        lat, lon = geodesy.destination(*anchor, np.degrees(angle), radius_m)
    else:
        wind_kn, tide_kn = 0.55 * drift_kn, 0.45 * drift_kn
        wind_dir, tide_dir, phase = rng.uniform(0, 2 * np.pi, 3)
        turn = np.cos(phase) - np.cos(2 * np.pi * t / PERIOD_S + phase)
        tide_m = tide_kn * KNOT_MPS * PERIOD_S / (2 * np.pi) * turn
        wind_m = wind_kn * KNOT_MPS * t
        offset = wind_m * np.exp(1j * wind_dir) + tide_m * np.exp(1j * tide_dir)
        lat, lon = geodesy.destination(lat0, lon0, np.degrees(np.angle(offset)), np.abs(offset))
    return Path(t, np.asarray(lat), np.asarray(lon), np.full(len(t), status))


def carried(
    stream: Stream,
    place: Place,
    start: float,
    duration_s: float,
    rng: np.random.Generator,
    mode: Literal["drift", "anchor"],
    status: int,
    *,
    drift_kn: float = 0.6,
) -> Path:
    """Drift with the stream, or swing to it, from time 0, which is `start` by the stream's clock.

    Wind carries a drifting ship as well, at up to half of `drift_kn`; what lies at anchor keeps
    60-150 m down the stream from its anchor, and goes round with it.
    """
    t = _ticks(duration_s)
    if mode == "drift":
        wind = rng.uniform(0.1, 0.5) * drift_kn * KNOT_MPS * np.exp(1j * rng.uniform(0, 2 * np.pi))
        offset = stream.carried(*place, start + t) + wind * t
        anchor = place
    else:
        radius_m = float(rng.uniform(60.0, 150.0))
        yaw = 0.08 * np.sin(2 * np.pi * t / 1500.0 + rng.uniform(0, 2 * np.pi))
        lie = np.exp(1j * (np.angle(stream.at(*place, start + t)) + yaw))
        lat, lon = geodesy.destination(*place, np.degrees(np.angle(lie[0])) + 180.0, radius_m)
        anchor, offset = (float(lat), float(lon)), radius_m * lie
    lat, lon = geodesy.destination(*anchor, np.degrees(np.angle(offset)), np.abs(offset))
    return Path(t, np.asarray(lat), np.asarray(lon), np.full(len(t), status))


def alongside(
    other: Path, start: float, end: float, distance_m: float, bearing_deg: float, status: int
) -> Path:
    """Keep station on another ship from `start` to `end`, in the times of its path.

    The offset turns by a few degrees an hour, as two hulls lying together do.
    """
    kept = other.within(start, end)
    bearing = bearing_deg + (kept.t - kept.t[0]) / 3600.0 * 4.0
    lat, lon = geodesy.destination(kept.lat, kept.lon, bearing, distance_m)
    return Path(kept.t, lat, lon, np.full(len(kept.t), status))


def speed_kn(path: Path) -> Floats:
    """Speed over ground of each piece of a path (kn)."""
    moved_m = geodesy.distance_m(path.lat[:-1], path.lon[:-1], path.lat[1:], path.lon[1:])
    return np.asarray(geodesy.speed_kn(moved_m, np.diff(path.t)))
