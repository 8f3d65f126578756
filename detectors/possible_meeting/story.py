"""What a possible meeting is made of: silences, loiterings, and the pair."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detectors.core.evidence import Evidence
from detectors.core.frames import SECOND_US
from detectors.kinematics import geodesy, reach
from detectors.kinematics.reports import Reports

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SLOW_KN: Final = 6.0
"""A vessel that lay still before its silence is taken to have gone as fast as this in it."""


@dataclass(frozen=True)
class Story:
    """An event of another detector: its row, its span, and what it is worth."""

    row: dict[str, Any]
    start_us: int
    end_us: int

    @property
    def facts(self) -> Evidence:
        """Its evidence."""
        found: Evidence = self.row["evidence"]
        return found

    @property
    def mmsi(self) -> int:
        """The vessel."""
        return int(self.row["mmsi"])

    @property
    def track(self) -> int:
        """Its track."""
        return int(self.row["track_ids"])

    @property
    def score(self) -> float:
        """What the event scores, explanations included."""
        return float(self.row["score"])

    @property
    def explanation(self) -> str:
        """Its innocent reason, if any."""
        return str(self.row["explanation"])


@dataclass(frozen=True)
class Silence(Story):
    """A gap: where it began and ended, and how fast the vessel can have gone.

    `until_us` is its end, or now while it is open; `next_lat`, `next_lon` NaN then.
    """

    until_us: int
    lat: float
    lon: float
    next_lat: float
    next_lon: float
    mps: float

    def holds(self, lat: Floats, lon: Floats, at_us: Ints) -> NDArray[np.bool_]:
        """Tell whether the vessel can have been at places at times within its silence."""
        gone_m = geodesy.distance_m(self.lat, self.lon, lat, lon)
        left_m = geodesy.distance_m(lat, lon, self.next_lat, self.next_lon)
        can_go_m = self.mps * (at_us - self.start_us) / SECOND_US
        can_return_m = self.mps * (self.until_us - at_us) / SECOND_US
        return np.asarray((gone_m <= can_go_m) & ~(left_m > can_return_m))

    def way_m(self, lat: Floats, lon: Floats) -> Floats:
        """Return the way by places from its last position to its next one, to them while open."""
        gone_m = geodesy.distance_m(self.lat, self.lon, lat, lon)
        left_m = geodesy.distance_m(lat, lon, self.next_lat, self.next_lon)
        return np.asarray(gone_m + np.nan_to_num(left_m))

    def nearer_km2(self, way_m: float) -> float:
        """Return the area of the places that ask for no longer a way."""
        apart_m = geodesy.distance_m(self.lat, self.lon, self.next_lat, self.next_lon)
        return float(reach.area_km2(way_m, apart_m))

    def spare_s(self, way_m: float) -> float:
        """Return the time left if it goes a way as fast as before, or slowly if it lay still."""
        usual_mps = max(float(self.facts.get("speed_before_kn") or 0.0), SLOW_KN) * geodesy.KNOT_MPS
        return (self.until_us - self.start_us) / SECOND_US - way_m / usual_mps

    def told(self, prefix: str) -> dict[str, Any]:
        """Return what evidence says of it."""
        return {
            f"{prefix}story": "gap",
            f"{prefix}event": self.row["event_id"],
            f"{prefix}silent_s": (self.until_us - self.start_us) / SECOND_US,
            f"{prefix}reach_kn": self.mps / geodesy.KNOT_MPS,
            f"{prefix}last_report_source": self.facts.get("last_report_source", ""),
        }


@dataclass(frozen=True)
class Loitering(Story):
    """A loitering, with the reports of its vessel."""

    reports: Reports

    def places(self, at_us: Ints) -> tuple[Floats, Floats]:
        """Return where the vessel was."""
        return self.reports.position_at(np.full(len(at_us), self.track), at_us)

    def status_at(self, at_us: int) -> int:
        """Return its navigation status by the last report at or before a time."""
        row = int(np.searchsorted(self.reports.time_us, at_us, side="right")) - 1
        return int(self.reports.nav_status[max(row, 0)])

    def told(self, prefix: str) -> dict[str, Any]:
        """Return what evidence says of it."""
        return {
            f"{prefix}story": "loitering",
            f"{prefix}event": self.row["event_id"],
            f"{prefix}first_report_source": self.facts.get("first_report_source", ""),
        }


@dataclass(frozen=True)
class Meeting:
    """A pair, the lower MMSI first, and what was found.

    With a loiterer, `status` is its navigation status then, and `spare_s` the time that the silent
    vessel had to spare (else NaN).
    """

    one: Silence | Loitering
    other: Silence | Loitering
    owner: int
    owner_start_us: int
    start_us: int
    end_us: int
    both_s: float
    longest_s: float
    share: float
    area_km2: float
    agreement: float
    weight: float
    place: tuple[float, float]
    status: int
    spare_s: float

    @property
    def with_loiterer(self) -> bool:
        """Whether one of them loitered."""
        return isinstance(self.one, Loitering) or isinstance(self.other, Loitering)


@dataclass(frozen=True)
class Table:
    """Silences as columns."""

    mmsi: Ints
    start_us: Ints
    until_us: Ints
    lat: Floats
    lon: Floats
    next_lat: Floats
    next_lon: Floats
    mps: Floats

    @classmethod
    def of(cls, silences: Sequence[Silence]) -> "Table":
        """Return the columns of some silences."""
        names = cls.__dataclass_fields__
        return cls(**{name: np.array([getattr(s, name) for s in silences]) for name in names})

    def rows(self, at: Ints) -> "Table":
        """Return some rows."""
        return Table(**{name: values[at] for name, values in vars(self).items()})
