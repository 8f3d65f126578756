"""Patrol units and planning parameters: config/patrol.yaml, checked."""

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from detectors.core.errors import ConfigError
from pipelines.base.text import LOCAL
from pipelines.base.yaml_files import read_model, read_yaml
from pipelines.patrol.prediction import PredictionParameters
from pipelines.reference import layers as reference

FILE_NAME: Final = "patrol.yaml"
SHORTEST_SORTIE: Final = timedelta(hours=1)
_WATCH: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Base(_Section):
    """Where a unit lies: WGS84 degrees, in navigable water or within 5 km of it."""

    name: str = Field(min_length=1, max_length=60)
    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)


class Unit(_Section):
    """One patrol unit: a boat and its crew."""

    name: str = Field(min_length=1, max_length=60)
    """Unique."""
    base: Base
    """Where it leaves from and must be back: a place with a name, or the name of a port of
    data/reference/places/landmarks.csv."""
    cruise_kn: float = Field(gt=0, le=80)
    """Speeds over ground, from task to task, and at most (where cruising would be too late)."""
    max_kn: float = Field(gt=0, le=80)
    """See `cruise_kn`."""
    endurance_h: float | None = Field(None, gt=0, le=10_000)
    """From leaving the base to being back; None: no limit but the watch."""
    endurance_nm: float | None = Field(None, gt=0, le=100_000)
    """See `endurance_h`."""
    watch: str = "00:00-24:00"
    """Hours of its watch, ``HH:MM-HH:MM`` in Kuala Lumpur; over midnight where the end is earlier.
    It leaves its base and is back within it."""
    boardings: int = Field(3, ge=0, le=50)
    """How many it can do in a watch; in each of the two parts of a watch that a plan's start
    cuts."""
    boarding_min: float = Field(45.0, gt=0, le=1440)
    """How long one takes, the vessel being held where it was met."""
    search_nm: float = Field(6.0, gt=0, le=1000)
    """How far off it finds a vessel that isn't where it was predicted."""
    seas: tuple[str, ...] = ()
    """States in whose territorial sea it may board and search, as a joint operation may agree,
    beside that in which its base lies; by their names in the reference layer. In others no task is
    planned for it."""
    sample: bool = False
    """Made up; a plan says so."""

    @field_validator("watch")
    @classmethod
    def _hours(cls, watch: str) -> str:
        found = _WATCH.fullmatch(watch)
        if not found or (found[3] == "24" and found[4] != "00"):
            raise ValueError("not HH:MM-HH:MM")
        if found[1] == found[3] and found[2] == found[4]:
            raise ValueError("begins when it ends; a whole day is 00:00-24:00")
        return watch

    @model_validator(mode="after")
    def _speeds(self) -> "Unit":
        if self.max_kn < self.cruise_kn:
            raise ValueError("max_kn is below cruise_kn")
        return self


class Planning(_Section):
    """How a plan is made."""

    horizon_h: float = Field(24.0, gt=0, le=72)
    """How far it reaches from its start."""
    stale_after_h: float = Field(12.0, gt=0, le=24 * 31)
    """When it shouldn't be followed any more, counted from its start."""
    min_chance: float = Field(0.15, ge=0, le=1)
    """A target less likely to be found than this isn't sailed for, 0-1."""
    fade_per_h: float = Field(0.02, ge=0, lt=1)
    """By what share a boarding is worth less with each hour from the plan's start: what was landed
    is carried off, and who is found still lying there has had time. So of ways that do as much the
    one to the strongest leads first is taken. A judgement."""
    slot_h: float = Field(1.0, ge=0.5, le=6)
    """A target's copies in time lie this far apart."""
    clearance_m: float = Field(250.0, ge=130, le=5000)
    """How near to land a route may come."""
    iterations: int = Field(2000, ge=1, le=1_000_000)
    """Of the solver; the same ones give the same plan."""
    seed: int = Field(1, ge=0)
    """See `iterations`."""
    value_of_kind: dict[str, float] = Field(default_factory=dict)
    """What a boarding is worth by the kind of a vessel's strongest event, 1 where not named."""
    sector_deg: float = Field(0.25, gt=0.02, le=2)
    """Side of a risk sector, and how long a patrol of one lasts."""
    sector_h: float = Field(2.0, gt=0.25, le=12)
    """See `sector_deg`."""
    history_days: float = Field(60.0, gt=0, le=36_525)
    """How many days before the plan's start risk sectors are learned from."""
    max_sectors: int = Field(12, ge=0, le=100)
    """How many are considered, the riskiest first."""


class PatrolConfig(_Section):
    """All of config/patrol.yaml."""

    units: tuple[Unit, ...] = Field(min_length=1)
    planning: Planning = Planning()
    prediction: PredictionParameters = PredictionParameters()

    @model_validator(mode="after")
    def _names(self) -> "PatrolConfig":
        names = [unit.name for unit in self.units]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two units are called {twice[0]!r}")
        return self


def load(path: Path, ports: pd.DataFrame | None = None) -> PatrolConfig:
    """Load the patrol configuration.

    `ports`: name, lat, lon of the ports that a base may be named by.

    Raises ConfigError if the file can't be read, a value is unknown or out of range, or a base
    isn't known.
    """
    content = read_yaml(path)
    units = content.get("units")
    for unit in units if isinstance(units, list) else ():
        if isinstance(unit, dict) and isinstance(unit.get("base"), str):
            unit["base"] = _port(unit["base"], ports)
    return read_model(path, PatrolConfig, content)


def of(config: Path, reference_dir: Path) -> PatrolConfig:
    """Load the patrol configuration of a configuration folder; raises as `load` does.

    A base may be named by a port of the landmarks in `reference_dir`.
    """
    marks = reference.load_landmarks(reference_dir)
    return load(config / FILE_NAME, marks[marks["kind"] == "port"])


def _port(name: str, ports: pd.DataFrame | None) -> dict[str, Any]:
    known = ports[ports["name"].str.casefold() == name.casefold()] if ports is not None else ()
    if not len(known):
        hint = "name a port of places/landmarks.csv in the reference folder, or give it"
        raise ConfigError(f"patrol.yaml: no port is called {name!r}", hint=hint)
    port = known.iloc[0]  # type: ignore[union-attr]
    return {"name": str(port["name"]), "lat": float(port["lat"]), "lon": float(port["lon"])}


def watches(
    unit: Unit, start: pd.Timestamp, end: pd.Timestamp
) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    """Return the parts of a unit's watches that lie between two times, each long enough to sail.

    >>> unit = Unit(name="a", base=Base(name="b", lat=0, lon=0), cruise_kn=9, max_kn=9,
    ...             watch="20:00-06:00")
    >>> day = pd.Timestamp("2026-01-06T18:00Z")  # 02:00 in Kuala Lumpur
    >>> [f"{a:%H:%M}-{b:%H:%M}" for a, b in watches(unit, day, day + pd.Timedelta("1D"))]
    ['18:00-22:00', '12:00-18:00']
    """
    found = _WATCH.fullmatch(unit.watch)
    assert found  # noqa: S101 - validated
    opens = timedelta(hours=int(found[1]), minutes=int(found[2]))
    closes = timedelta(hours=int(found[3]), minutes=int(found[4]))
    if closes <= opens:
        closes += timedelta(days=1)
    first: date = start.tz_convert(LOCAL).date() - timedelta(days=1)
    days = (end - start).days + 3
    parts = []
    for number in range(days):
        midnight = datetime.combine(first + timedelta(days=number), datetime.min.time(), LOCAL)
        opened = max(pd.Timestamp(midnight + opens).tz_convert("UTC"), start)
        closed = min(pd.Timestamp(midnight + closes).tz_convert("UTC"), end)
        if closed - opened >= SHORTEST_SORTIE:
            parts.append((opened.as_unit("us"), closed.as_unit("us")))
    return parts
