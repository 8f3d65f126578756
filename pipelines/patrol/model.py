"""What a patrol plan is made of."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from detectors.core.frames import SECOND_US, from_epoch_us
from detectors.kinematics import geodesy
from detectors.surroundings.tide import HighWater
from pipelines.patrol.prediction import How, Prediction
from pipelines.patrol.route import Route
from pipelines.patrol.sectors import Sector
from pipelines.patrol.units import Unit

NM: Final = geodesy.METRES_PER_NM
HOUR_US: Final = 3600 * SECOND_US

NO_POSITION: Final = "no_position"
NO_WATER: Final = "no_water"
UNCERTAIN: Final = "uncertain"
OFF_WATCH: Final = "off_watch"
OUT_OF_REACH: Final = "out_of_reach"
OTHERS_SEA: Final = "others_sea"
LOWER_VALUE: Final = "lower_value"
ANOTHER_UNIT: Final = "another_unit"
SAME_INCIDENT: Final = "same_incident"
CONCLUDED: Final = "concluded"
"""Reasons why a vessel isn't met, as `labels.PlanLabels` names them."""


@dataclass(frozen=True)
class Target:
    """A flagged vessel, or a boat that AIS doesn't show and others follow."""

    rank: int
    mmsi: int
    """Of a boat that AIS doesn't show minus its rank."""
    name: str
    score: float
    kind: str
    reason: str
    """As flagged; kind and reason of its strongest event."""
    worth: float
    """What a boarding of it is worth beside others."""
    incident: str = ""
    """Its incident, which is sailed for once; empty where it has none."""
    about: bool = False
    """Whether that is about it first."""
    concluded: tuple[str, ...] = ()
    """What somebody concluded on it for which nobody sails any more, and who; empty where nobody
    did."""

    @property
    def number(self) -> str:
        """Return its MMSI as text; empty where it has none."""
        return f"{self.mmsi:09d}" if self.mmsi > 0 else ""


@dataclass(frozen=True)
class Sortie:
    """A part of a unit's watch within the plan."""

    unit: Unit
    number: int
    """1, 2, … within the unit."""
    lat: float
    lon: float
    """Its base, moved to free water."""
    moved_m: float
    """How far it was moved."""
    opens_us: int
    closes_us: int
    """When it may leave and must be back."""
    sea: str = ""
    """The state in whose territorial sea its base lies, by the reference layer; empty where that
    isn't known."""


@dataclass(frozen=True)
class Stop:
    """One task of a sortie, and the way to it."""

    target: Target | None
    sector: Sector | None
    """What it is: a boarding, or a patrol of a sector; both None: back at base."""
    route: Route
    """The way from the stop before."""
    speed_kn: float
    """Speed on it."""
    depart_us: int
    begin_us: int
    end_us: int
    """Leaving the stop before; beginning and end of the task."""
    lat: float
    lon: float
    """Where it begins."""
    chance: float = 0.0
    """That the vessel is found (a boarding), that a search finds what is there (a sector)."""
    value: float = 0.0
    """Expected value."""
    course_deg: float = 0.0
    along_m: float = 0.0
    across_m: float = 0.0
    """Of a vessel: half axes of the region that holds `SHOWN_SHARE` of the errors."""
    how: How | None = None
    """How the vessel is thought to go on."""
    tide: HighWater | None = None
    """The high water nearest to its beginning, where a table says so."""
    sea: str = ""
    """The state in whose territorial sea it begins, as of a `Sortie`."""


@dataclass(frozen=True)
class Sailed:
    """A sortie with what it does; `stops` ends with the return, and is empty if it stays in."""

    sortie: Sortie
    stops: tuple[Stop, ...]

    @property
    def value(self) -> float:
        """Expected value of its tasks."""
        return sum(stop.value for stop in self.stops)

    @property
    def distance_nm(self) -> float:
        """Distance sailed to and from tasks."""
        return sum(stop.route.distance_m for stop in self.stops) / NM

    @property
    def hours(self) -> float:
        """From leaving the base to being back."""
        return (self.stops[-1].end_us - self.stops[0].depart_us) / HOUR_US if self.stops else 0.0


@dataclass(frozen=True)
class LeftOut:
    """A flagged vessel that no unit goes for, and why."""

    target: Target
    reason: str
    """One of the reasons of this module."""
    nearest: "Intercept | None"
    """The nearest thing to a chance that there was, None where there was none."""


@dataclass(frozen=True)
class Intercept:
    """The earliest meeting of a unit with a flagged vessel, straight from its base."""

    unit: str
    target: Target
    reason: str
    """Empty where it can be done; else one of the reasons for leaving a vessel out."""
    time_us: int = 0
    lat: float = float("nan")
    lon: float = float("nan")
    speed_kn: float = 0.0
    out_nm: float = float("nan")
    chance: float = 0.0
    off_watch: bool = False
    """Whether only a longer watch would do; that alone isn't the reason in another state's sea."""


@dataclass(frozen=True)
class Plan:
    """A patrol plan."""

    run_id: str
    simulated: bool
    """The run whose flags it rests on, and whether they are an exercise."""
    start_us: int
    end_us: int
    stale_us: int
    """What it covers, and when it shouldn't be followed any more."""
    sailed: tuple[Sailed, ...]
    """Every sortie, with or without tasks."""
    left_out: tuple[LeftOut, ...]
    """Flagged vessels that no unit goes for, by rank."""
    intercepts: tuple[Intercept, ...]
    """Every pair of unit and flagged vessel."""
    sectors: tuple[Sector, ...]
    """Risk sectors considered, riskiest first."""
    solver: str
    """How the assignment was found."""
    prediction: Prediction
    targets: tuple[Target, ...]
    """What was predicted of whom."""
    unplaced: tuple[str, ...] = field(default=())
    """Units whose base lies in no free water."""
    unheard: tuple[int, ...] = field(default=())
    """Ranks of incidents of what AIS doesn't show and nobody follows: no unit sails for them."""

    @property
    def value(self) -> float:
        """Expected value of all sorties."""
        return sum(one.value for one in self.sailed)


def utc(time_us: int) -> pd.Timestamp:
    """Write a time of a plan."""
    time: pd.Timestamp = from_epoch_us(np.array([time_us])).iloc[0]
    return time
