"""What learning is asked for: config/learn.yaml."""

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from detectors.core.errors import ConfigError
from pipelines.base.yaml_files import first_problem, read_model, read_yaml


class _Block(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


T = TypeVar("T", bound=_Block)


class PlacesParameters(_Block):
    """When traffic makes a place.

    Parameters
    ----------
    min_vessels, min_days
        Fewest different vessels and UTC days behind an anchorage, a waiting area or a lane. Global
        Fishing Watch asks for 20 vessels that stayed within 500 m (anchorages, S2 cells); what a
        few do in a night must not become normal.
    min_stay_s, max_spread_m
        Shortest stay at anchor, and how far 90 % of its positions may lie from its middle: the
        500 m of Global Fishing Watch.
    max_still_kn, max_drift_kn
        Slower than this a vessel stands still; slower than that it drifts or keeps station.
    min_off_land_m
        Nearer to land a stay is a berth.
    merge_m
        Clusters that part only below this distance stay one.
    min_pilot_vessels
        Fewest ships that pilot craft met at a pilot ground.
    pilot_distance_m
        Nearer than this a pilot craft meets a ship; AIS positions are good to tens of metres, and
        antennas stand up to 300 m from the ladder.
    min_trips, min_trip_days
        Fewest voyages and UTC days of a ferry line.
    lane_cells_deg
        Sides of the cells of the direction field, finest first: 550 m to 4.4 km.
    min_lane_kn
        Slower vessels are not sailing along a lane.
    min_lane_share, min_resultant
        Share of a cell's passages that go its way, and how concentrated their courses are: 0.9 is a
        circular standard deviation of 26 degrees.
    min_crossing_share
        Share of the second stream where two cross.
    exclude_score
        What vessels did during events of this score or more isn't learned from.
    max_batch_reports
        Reports in memory at a time.
    """

    min_vessels: int = Field(20, ge=3)
    min_days: int = Field(3, ge=1)
    min_stay_s: int = Field(7200, ge=600)
    max_spread_m: float = Field(500, gt=0)
    max_still_kn: float = Field(1.0, gt=0)
    max_drift_kn: float = Field(2.5, gt=0)
    min_off_land_m: float = Field(300, ge=0)
    merge_m: float = Field(1000, ge=0)
    min_pilot_vessels: int = Field(10, ge=3)
    pilot_distance_m: float = Field(300, gt=0)
    min_trips: int = Field(10, ge=3)
    min_trip_days: int = Field(3, ge=1)
    lane_cells_deg: tuple[float, ...] = (0.005, 0.01, 0.02, 0.04)
    min_lane_kn: float = Field(5.0, gt=0)
    min_lane_share: float = Field(0.85, gt=0.5, le=1)
    min_resultant: float = Field(0.9, gt=0, lt=1)
    min_crossing_share: float = Field(0.2, gt=0, lt=0.5)
    exclude_score: float = Field(0.5, ge=0, le=1)
    max_batch_reports: int = Field(4_000_000, ge=1000)


class NormalParameters(_Block):
    """How normal traffic is fitted; see `detectors.surroundings.normal_fit.fit`.

    Parameters
    ----------
    step_s
        Step of the time grid; the detector uses that of the model.
    max_silence_s
        Longest silence that is interpolated over.
    min_speed_kn
        Slower vessels are left out: lying still is loitering's matter.
    min_vessels
        Fewest different vessels that make a cell's traffic normal.
    max_ticks_per_vessel
        Of one vessel in one cell no more than this counts.
    max_components
        Streams in a cell at most.
    max_share
        Share of the hours of held-out vessels that may lie beyond the threshold of their class:
        less than one in 1,000 vessel-hours.
    exclude_score, max_batch_reports
        As for places.
    """

    step_s: int = Field(600, ge=60)
    max_silence_s: int = Field(1800, ge=60)
    min_speed_kn: float = Field(2.0, ge=0)
    min_vessels: int = Field(10, ge=3)
    max_ticks_per_vessel: int = Field(24, ge=1)
    max_components: int = Field(3, ge=1, le=6)
    max_share: float = Field(0.0003, gt=0, lt=0.1)
    exclude_score: float = Field(0.5, ge=0, le=1)
    max_batch_reports: int = Field(4_000_000, ge=1000)


def places(config: Path, **changes: Any) -> PlacesParameters:
    """Return parameters of places: config/learn.yaml with some of them changed.

    Raises
    ------
    ConfigError
        If one is unknown or out of range.
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
