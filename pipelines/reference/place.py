"""A place that past traffic teaches, as it is found and kept."""

from dataclasses import dataclass, field
from typing import Any

import shapely


@dataclass(frozen=True)
class Place:
    """One learned place."""

    zone_class: str
    """As in `zones.ZONE_CLASSES`."""
    shape: shapely.Geometry
    """Polygon or multipolygon, WGS84."""
    confidence_score: float
    """0-1, for ordering: how far beyond the fewest vessels and days, times how firmly its parts
    belong together."""
    n_vessels: int
    n_visits: int
    n_days: int
    """Different vessels, visits (lanes: vessels by day; ferries: voyages) and UTC days behind
    it."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What else was measured, e.g. direction_deg."""


@dataclass(frozen=True)
class Refused:
    """What looked like a place and can be none."""

    place: Place
    reason: str
