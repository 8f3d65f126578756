"""Leaps: reports that aren't where speed and course lead from the report before."""

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.frames import SECOND_US
from detectors.kinematics import geodesy, shapes

MIN_OFFSET_M: Final = 500.0
"""Nearer to where it is due than this, a report isn't told from a poor position."""
MAX_WAY_ERROR: Final = 0.2
"""Share of the way since the report before by which dead reckoning may err."""

UNSTATED_KN: Final = 20.0
OWN_SPEED_TIMES: Final = 1.25
"""A vessel that states no speed: at least 20 kn, or a quarter more than it made just before and
after, as far as reach is bounded elsewhere (see `kinematics.reach`)."""
FASTEST_KN: Final = 60.0
"""As of hulls, see `kinematics.hull_limits`."""


class Reports(Protocol):
    """Reports as arrays; times in microseconds since 1970-01-01 UTC, NaN for what isn't stated."""

    @property
    def time_us(self) -> Ints:
        """When."""

    @property
    def lat(self) -> Floats:
        """Where."""

    @property
    def lon(self) -> Floats:
        """Where."""

    @property
    def sog_kn(self) -> Floats:
        """Speed over ground."""

    @property
    def cog_deg(self) -> Floats:
        """Course over ground."""


@dataclass(frozen=True)
class Leaps:
    """Reports that aren't where the one before, with speed and course, puts them; by how much, and
    how much of it changes of speed and course may explain.
    """

    row: Ints
    east_m: Floats
    north_m: Floats
    slack_m: Floats


def velocity_mps(reports: Reports, at: Ints) -> tuple[Floats, Floats]:
    """Speed over ground to the east and north, as reported; NaN where it isn't."""
    speed_mps = reports.sog_kn[at] * geodesy.KNOT_MPS
    course = np.radians(np.where(reports.sog_kn[at] < 0.5, 0.0, reports.cog_deg[at]))
    return np.asarray(speed_mps * np.sin(course)), np.asarray(speed_mps * np.cos(course))


def astray(reports: Reports, here: Ints, there: Ints) -> tuple[Floats, Floats, Floats]:
    """Return how far east and north report `there` is from where speed and course lead from `here`,
    and how much of that their changes may explain.
    """
    step_s = (reports.time_us[there] - reports.time_us[here]) / SECOND_US
    east, north = shapes.step_m(reports, here, there)
    ways = [velocity_mps(reports, k) for k in (here, there)]
    known = np.isfinite(ways[0][0]) & np.isfinite(ways[1][0])
    way_east, way_north = (
        np.where(known, (ways[0][k] + ways[1][k]) / 2 * step_s, 0.0) for k in (0, 1)
    )
    slack_m = np.hypot(ways[1][0] - ways[0][0], ways[1][1] - ways[0][1]) / 2 * step_s
    slack_m += MAX_WAY_ERROR * np.hypot(way_east, way_north)
    # Without speed or course a vessel may have gone anywhere, as fast as it goes around.
    slack_m[~known] = (
        _made_kn(reports, here[~known], there[~known]) * geodesy.KNOT_MPS * step_s[~known]
    )
    return east - way_east, north - way_north, slack_m


def _made_kn(reports: Reports, here: Ints, there: Ints) -> Floats:
    """Return the speed that was made to reports `here` and from reports `there`, the less of the
    two; within `UNSTATED_KN` and `FASTEST_KN`. Where a track begins or ends that is the least.
    """
    last, speeds = len(reports.time_us) - 1, []
    for a, b in ((np.maximum(here - 1, 0), here), (there, np.minimum(there + 1, last))):
        step_s = (reports.time_us[b] - reports.time_us[a]) / SECOND_US
        way_m = geodesy.apart_m(reports, a, b)
        some = step_s > 0
        speeds.append(np.where(some, geodesy.speed_kn(way_m, np.where(some, step_s, 1.0)), 0.0))
    return np.clip(OWN_SPEED_TIMES * np.minimum(*speeds), UNSTATED_KN, FASTEST_KN)


def among(reports: Reports, rows: Ints) -> Leaps:
    """Those of the reports that are astray from the one before by `MIN_OFFSET_M` and more."""
    east, north, slack_m = astray(reports, rows - 1, rows)
    far = np.hypot(east, north) >= MIN_OFFSET_M + slack_m
    return Leaps(rows[far], east[far], north[far], slack_m[far])


def leapt(reports: Reports, here: Ints, there: Ints) -> Bools:
    """Tell whether reports `there` are astray from `here` by `MIN_OFFSET_M` and more."""
    east, north, slack_m = astray(reports, here, there)
    return np.asarray(np.hypot(east, north) >= MIN_OFFSET_M + slack_m)


def reachable(reports: Reports, here: Ints, there: Ints) -> Bools:
    """Tell whether vessels can have sailed from `here` to `there` at what they say they make, or 5
    kn where that is less, and 5 kn more.
    """
    stated_kn = np.fmax(np.fmax(reports.sog_kn[here], reports.sog_kn[there]), 5.0)
    step_s = (reports.time_us[there] - reports.time_us[here]) / SECOND_US
    gone_m = (stated_kn + 5.0) * geodesy.KNOT_MPS * step_s
    off_m = geodesy.apart_m(reports, here, there)
    return np.asarray(off_m <= gone_m + 0.5 * MIN_OFFSET_M)
