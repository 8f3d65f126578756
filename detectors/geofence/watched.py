"""Reports as geofences ask them, and what all their events have in common."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from detectors.core.arrays import Bools, Ints
from detectors.core.evidence import Bound, at_least, at_most
from detectors.core.frames import of_tracks
from detectors.geofence.limits import STEP_S, Limits
from detectors.kinematics import timegrid, timespan
from detectors.kinematics.reports import Reports
from detectors.surroundings import zone_conduct
from detectors.surroundings.settings import ZoneScores
from detectors.surroundings.zones import Zones


@dataclass(frozen=True)
class Story:
    """What a vessel did at a zone or a boundary, from reports `first` to `last`.

    `end_us` is None while it goes on; `anchor_us` the start where left out; `settings` names the
    parameters that shaped what was measured.
    """

    subkind: str
    zone_id: str
    track: int
    start_us: int
    end_us: int | None
    lat: float
    lon: float
    score: float
    first: int
    last: int
    evidence: Mapping[str, Any]
    settings: tuple[str, ...]
    anchor_us: int | None = None


class WatchedReports(Reports):
    """Reports, with the window that events must touch."""

    def __init__(self, positions: pd.DataFrame, window: tuple[int, int]) -> None:
        super().__init__(positions)
        self.window = window
        self.last = len(self.track) - 1

    def touches(self, start_us: Ints, end_us: Ints, settle: timedelta) -> Bools:
        """Tell whether stories touch the window; see `timespan.touches`."""
        return timespan.touches(start_us, end_us, self.window, settle)

    def spans_of(
        self, limits: Limits, grid: timegrid.Grid, found: zone_conduct.Episodes
    ) -> tuple[timespan.Spans, Ints]:
        """Return the spans of episodes that touch the window; see `timespan.of_runs`."""
        return timespan.of_runs(
            grid,
            [found.rows],
            found.first,
            found.last,
            window=self.window,
            settle=limits.settle,
            max_break_s=limits.max_interruption_s,
        )

    def place_at(self, row: int, at_us: int) -> tuple[float, float]:
        """Return where the track of a report was at a time."""
        lat, lon = self.position_at(self.track[row : row + 1], np.array([at_us]))
        return float(lat[0]), float(lon[0])

    def grid_of(self, tracks: Ints, max_silence_s: float) -> timegrid.Grid:
        """Return the time grid of some tracks; its `report` are rows of these reports."""
        mine = np.flatnonzero(of_tracks(self.track, tracks))
        grid = timegrid.resample(
            self.track[mine],
            self.time_us[mine],
            self.lat[mine],
            self.lon[mine],
            STEP_S,
            max_silence_s,
        )
        return replace(grid, report=mine[grid.report])


def of_classes(zones: Zones, zone: Ints, scores: ZoneScores) -> Bools:
    """Tell which zones are of the classes that have a score."""
    return zones.rows_of(list(scores))[zone]


def silence(limits: Limits, silence_s: float) -> Bound:
    """Return the silence in which something was crossed; the limit tells whether when and where
    was interpolated.
    """
    side = at_most if silence_s <= limits.max_silence_s else at_least
    return side(silence_s, limits, "max_silence_s")


def about_zone(zones: Zones, row: int, at_us: int) -> dict[str, Any]:
    """Return what evidence says of a zone: what it is, and which of its rules held at a time."""
    about, rules = zones.records[row], zones.rules_at(row, at_us)
    said = {
        "zone_rules": "; ".join(rule.text for rule in rules),
        "zone_rules_cited": "; ".join(rule.cited for rule in rules),
    }
    return {
        "zone_class": str(about["zone_class"]),
        "zone_name": str(about["name"]),
        "zone_confidence": str(about["confidence"]),
        **(said if rules else {}),
    }
