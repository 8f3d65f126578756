"""What learning is asked for: config/learn.yaml."""

import math
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from detectors.core.errors import ConfigError
from pipelines.base.yaml_files import first_problem, read_model, read_yaml


class _Block(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


BoundedClass = Literal["anchorage", "waiting_area", "pilot_ground", "ferry_route"]
ByClass = dict[BoundedClass, PositiveFloat]
ShareByClass = dict[BoundedClass, Annotated[float, Field(ge=0, le=1)]]
AREA_KM2: Final[ByClass] = {
    "anchorage": 80.0,
    "waiting_area": 120.0,
    "pilot_ground": 20.0,
    "ferry_route": 400.0,
}
DIAMETER_M: Final[ByClass] = {
    "anchorage": 20_000.0,
    "waiting_area": 20_000.0,
    "pilot_ground": 8_000.0,
    "ferry_route": 200_000.0,
}
LANE_SHARE: Final[ShareByClass] = {
    "anchorage": 0.25,
    "waiting_area": 0.25,
    "pilot_ground": 0.5,
    "ferry_route": 0.5,
}

T = TypeVar("T", bound=_Block)


class PlacesParameters(_Block):
    """When traffic makes a place."""

    min_vessels: int = Field(20, ge=3)
    """Fewest different vessels and UTC days behind an anchorage, a waiting area or a lane. Global
    Fishing Watch asks for 20 vessels that stayed within 500 m (anchorages, S2 cells); what a few do
    in a night must not become normal."""
    min_days: int = Field(3, ge=1)
    """See `min_vessels`."""
    min_stay_s: int = Field(7200, ge=600)
    """Shortest stay at anchor, and how far 90 % of its positions may lie from its middle: the 500 m
    of Global Fishing Watch."""
    max_spread_m: float = Field(500, gt=0)
    """See `min_stay_s`."""
    max_still_kn: float = Field(1.0, gt=0)
    """Slower than this a vessel stands still; slower than that it drifts or keeps station."""
    max_drift_kn: float = Field(2.5, gt=0)
    """See `max_still_kn`."""
    min_off_land_m: float = Field(300, ge=0)
    """Nearer to land a stay is a berth."""
    merge_m: float = Field(1000, ge=0)
    """Back as near as this it is the same visit."""
    max_radius_m: float = Field(1500, ge=100, le=5000)
    """Each stay (or meeting) of a place has half of `min_vessels` others within the first of these
    distances. What is too large so is split at smaller ones, by the square root of two, down to the
    second: the swinging circle of a ship (judgement). 1.5 km was chosen on made-up weeks of 40 to
    6,000 stops strewn over the Strait: 1 km lost half of an anchorage of 60 visits, 2 km made
    places of chance."""
    min_radius_m: float = Field(250, ge=50)
    """See `max_radius_m`."""
    max_area_km2: ByClass = AREA_KM2
    """Larger than this a place isn't believed. Of the 21 anchorages drawn for config/zones 14 are
    below 80 km2 and 17 within 20 km across, and single limits published by port authorities are far
    below; ships that drift need more room than those that are anchored; a boarding ground is a mile
    or two around a charted point; a ferry line of 4 h at 30 kn is no longer than 200 km. All of
    them are judgements."""
    max_diameter_m: ByClass = DIAMETER_M
    """See `max_area_km2`."""
    max_lane_share: ShareByClass = LANE_SHARE
    """Larger shares of a place in a lane (learned, accepted, or drawn: also of a traffic separation
    scheme, its separation zone or a precautionary area) make it none; of anchorages and waiting
    areas the rest of the lane is cut away. Rule 10(g) of the COLREGs: a vessel shall so far as
    practicable avoid anchoring in a traffic separation scheme or near its ends. Pilots board at the
    edge of lanes and ferries must cross them."""
    min_pilot_vessels: int = Field(10, ge=3)
    """Fewest ships that pilot craft met at a pilot ground."""
    pilot_distance_m: float = Field(300, gt=0)
    """Nearer than this a pilot craft meets a ship; AIS positions are good to tens of metres, and
    antennas stand up to 300 m from the ladder."""
    min_trips: int = Field(10, ge=3)
    """Fewest voyages and UTC days of a ferry line."""
    min_trip_days: int = Field(3, ge=1)
    """See `min_trips`."""
    lane_cells_deg: tuple[float, ...] = (0.005, 0.01, 0.02, 0.04)
    """Sides of the cells of the direction field, finest first: 550 m to 4.4 km."""
    min_lane_kn: float = Field(5.0, gt=0)
    """Slower vessels are not sailing along a lane."""
    min_lane_share: float = Field(0.85, gt=0.5, le=1)
    """Share of a cell's passages that go its way, and how concentrated their courses are: 0.9 is a
    circular standard deviation of 26 degrees."""
    min_resultant: float = Field(0.9, gt=0, lt=1)
    """See `min_lane_share`."""
    min_crossing_share: float = Field(0.2, gt=0, lt=0.5)
    """Share of the second stream where two cross."""
    exclude_score: float = Field(0.5, ge=0, le=1)
    """What vessels did during events of this score or more isn't learned from."""
    max_batch_reports: int = Field(4_000_000, ge=1000)
    """Reports in memory at a time."""

    @field_validator("max_area_km2", "max_diameter_m", "max_lane_share", mode="before")
    @classmethod
    def _others_as_before(cls, value: Any, info: ValidationInfo) -> Any:
        """Let who bounds one class keep the bounds of the others."""
        default = cls.model_fields[str(info.field_name)].default
        return {**default, **value} if isinstance(value, dict) else value

    def radii_m(self) -> list[float]:
        """Return the distances at which clusters are looked for, largest first."""
        steps = 2 * math.log2(max(1.0, self.max_radius_m / self.min_radius_m))
        return [self.max_radius_m / 2 ** (k / 2) for k in range(math.floor(steps + 1e-9) + 1)]

    def score(self, n_vessels: int, n_days: int, firmness: float) -> float:
        """Return how much lies behind a place: 0.5 at the fewest vessels and days, times firmness;
        towards 1 with more.
        """
        vessels = n_vessels / (n_vessels + self.min_vessels)
        days = n_days / (n_days + self.min_days)
        return round(float(2 * min(vessels, 0.999) * days * firmness / (vessels + days)), 3)


class NormalParameters(_Block):
    """How normal traffic is fitted; see `detectors.surroundings.normal_fit.fit`."""

    step_s: int = Field(600, ge=60)
    """Step of the time grid; the detector uses that of the model."""
    max_silence_s: int = Field(1800, ge=60)
    """Longest silence that is interpolated over."""
    min_speed_kn: float = Field(2.0, ge=0)
    """Slower vessels are left out: lying still is loitering's matter."""
    min_vessels: int = Field(10, ge=3)
    """Fewest different vessels that make a cell's traffic normal."""
    max_ticks_per_vessel: int = Field(24, ge=1)
    """Of one vessel in one cell no more than this counts."""
    max_components: int = Field(3, ge=1, le=6)
    """Streams in a cell at most."""
    max_share: float = Field(0.0003, gt=0, lt=0.1)
    """Share of the hours of held-out vessels that may lie beyond the threshold of their class: less
    than one in 1,000 vessel-hours."""
    exclude_score: float = Field(0.5, ge=0, le=1)
    """As for places."""
    max_batch_reports: int = Field(4_000_000, ge=1000)
    """See `exclude_score`."""


def places(config: Path, **changes: Any) -> PlacesParameters:
    """Return parameters of places: config/learn.yaml with some of them changed.

    Raises ConfigError if one is unknown or out of range.
    """
    return _built(PlacesParameters, config, "places", changes)


def normal(config: Path, **changes: Any) -> NormalParameters:
    """Return parameters of the model of normal traffic, likewise."""
    return _built(NormalParameters, config, "normal", changes)


def _built(kind: type[T], config: Path, name: str, changes: dict[str, Any]) -> T:
    file = config / "learn.yaml"
    block = read_yaml(file).get(name) or {} if file.exists() else {}
    if not isinstance(block, dict):
        raise ConfigError(f"learn.yaml: the block {name!r} isn't a mapping")
    configured = read_model(file, kind, block, place=(name,))
    try:
        return kind(**{**block, **changes}) if changes else configured
    except ValidationError as error:
        place, problem = first_problem(error)
        raise ConfigError(f"--set {'.'.join(map(str, place))}: {problem}") from error
