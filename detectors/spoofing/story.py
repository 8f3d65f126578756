"""Stories of false positions, and the scene that the rules find them in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.detector import Context
from detectors.core.frames import SECOND_US, offsets
from detectors.kinematics import geodesy, leaps, scatter, shapes, timespan
from detectors.kinematics.integrity import not_a_vessel
from detectors.kinematics.leaps import MIN_OFFSET_M
from detectors.kinematics.reports import Reports
from detectors.spoofing.limits import Limits

NOT_A_VESSEL: Final = (4, 9, 11, 21)
"""Message types of base stations, rescue aircraft and aids to navigation (the same, table 46)."""
MOVED_DEG: Final = 0.00027
"""30 m of latitude: a report this far from the one before is of a moving vessel."""
MIN_ACROSS: Final = 0.35
"""Sine of the angle, 20 degrees, between course and offset from which on it isn't along the track,
where a receiver with a wrong clock puts a ship."""
CIRCLE_BINS_S: Final = (600, 1800, 3600)
"""Bins in which circles are fitted: at 10 kn an arc of a radian (from which on a fit is well
conditioned) takes 10 minutes at a radius of 1.7 nm, an hour at 10 nm."""
MARGIN_S: Final = 1200.0
"""A story within one track goes on while it was seen to do so this shortly before the end."""


@dataclass(frozen=True)
class Story:
    """What was false: reports `first` to `last` of a track, and why.

    `home` is the last report of the track believed true before the story, -1 where there is none.
    """

    subkind: str
    first: int
    last: int
    score: float
    start_us: int
    end_us: int
    going_on: bool
    evidence: Mapping[str, Any]
    home: int = -1


class Fixes:
    """Reports, and those of them that leap or scatter; `noise` are those without a track."""

    def __init__(self, reports: Reports, noise: pd.DataFrame) -> None:
        self.reports = reports
        self.noise = noise
        self.bins = shapes.bins(reports.track, reports.time_us, CIRCLE_BINS_S[0])
        leaping, self.moving = _steps(reports)
        self.leaps = leaps.among(reports, leaping)

    @cached_property
    def together(self) -> scatter.Reports:
        """Reports of vessels with bad fixes, whatever tracks the segmentation made of them."""
        return scatter.merged(self.reports.track, self.reports, self.leaps, self.noise)

    @cached_property
    def marks(self) -> scatter.Marks:
        """Bad fixes among others that are."""
        return scatter.marks(self.together)


class Scene(Fixes):
    """All that the rules look at: reports, what was derived from them, zones, what is now."""

    def __init__(self, limits: Limits, reports: Reports, context: Context) -> None:
        super().__init__(reports, context.noise)
        self.limits = limits
        self.context = context
        self.zones = context.zones
        self.end_us = timespan.window_us(context.start, context.end)[1]

    @cached_property
    def episodes(self) -> list[scatter.Episode]:
        """The episodes of scattered fixes."""
        return scatter.episodes(
            self.together,
            min_bad=self.limits.min_reports,
            min_duration_s=self.limits.min_duration_s,
            max_pause_s=self.limits.max_pause_s,
        )

    @cached_property
    def scattered(self) -> Mapping[int, Sequence[scatter.Episode]]:
        """Those by vessel from before which it went on from where it was: it went nowhere."""
        found: dict[int, list[scatter.Episode]] = {}
        for episode in self.episodes:
            if not episode.parted:
                found.setdefault(episode.mmsi, []).append(episode)
        return found

    @cached_property
    def lon(self) -> Floats:
        """Longitudes without a leap at the antimeridian."""
        return shapes.continuous_lon(self.reports.track, self.reports.lon)

    @cached_property
    def box(self) -> shapes.Box:
        """The box around each of the bins."""
        return shapes.boxes(self.reports.lat, self.lon, self.bins.first)

    def story(
        self, subkind: str, first: int, last: int, score: float, evidence: Mapping[str, Any]
    ) -> Story:
        """Return the story of a stretch of one track."""
        first, last = int(first), int(last)
        times = self.reports.time_us
        final = self.reports.span_of(int(self.reports.track[last]))[1] - 1
        recent = self.end_us - times[last] <= MARGIN_S * SECOND_US
        going_on = bool(last == final and recent)
        return Story(
            subkind, first, last, score, int(times[first]), int(times[last]), going_on, evidence
        )


def of_vessels(positions: pd.DataFrame) -> Reports:
    """Return the reports, those that aren't of vessels left out."""
    other = _not_of_vessels(positions["track_id"].to_numpy(), positions["msg_type"].to_numpy())
    kept = np.flatnonzero(~other)
    if len(kept) == 0:
        return Reports(positions[:0])
    first, end = int(kept[0]), int(kept[-1]) + 1
    # Mostly their numbers come before all others, or behind them: then nothing is copied.
    whole = end - first == len(kept)
    return Reports(positions.iloc[first:end] if whole else positions.iloc[kept])


def _not_of_vessels(track: Ints, msg_type: NDArray[Any]) -> Bools:
    """Tell whether each report is of no vessel: by its number, or by the type of its message."""
    bounds = offsets(track)
    other = not_a_vessel(track[bounds[:-1]] // 100)
    result = np.repeat(other, np.diff(bounds))
    for code in NOT_A_VESSEL:
        result |= msg_type == code
    return np.asarray(result)


def _steps(reports: Reports) -> tuple[Ints, Ints]:
    """Find reports roughly `MIN_OFFSET_M` or more, and `MOVED_DEG` or more, from the one before."""
    step_deg = np.abs(np.diff(reports.lat, prepend=np.nan)) + np.abs(
        np.diff(reports.lon, prepend=np.nan)
    )
    step_deg[reports.bounds[:-1]] = 0.0
    moving = np.flatnonzero(step_deg > MOVED_DEG)
    return moving[step_deg[moving] * shapes.DEGREE_M > MIN_OFFSET_M], moving


def leap_m(reports: Reports, a: int, b: int, speed_kn: float) -> float:
    """Return how much further a report is from the one before than the vessel can have gone."""
    if a < 0 or b >= len(reports.track) or reports.track[a] != reports.track[b]:
        return 0.0
    fastest_kn = np.nanmax([speed_kn, reports.sog_kn[a], reports.sog_kn[b]]) + 5.0
    gone_m = fastest_kn * geodesy.KNOT_MPS * reports.seconds(a, b)
    return reports.distance_m(a, b) - float(gone_m)


def extended(holds: Bools, a: int, b: int, offset: int) -> tuple[int, int]:
    """Return rows a to b with those next to them that hold without a break, plus `offset`."""
    failing = np.flatnonzero(~holds)
    before, after = failing[failing < a], failing[failing > b]
    begin = int(before[-1]) + 1 if len(before) else 0
    finish = int(after[0]) - 1 if len(after) else len(holds) - 1
    return begin + offset, finish + offset
