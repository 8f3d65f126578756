"""A prediction: where vessels are most likely at common times, and how wrong that is."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike
from pydantic import BaseModel, ConfigDict, Field

from detectors.core.arrays import Floats, Ints
from detectors.core.frames import SECOND_US
from detectors.kinematics import geodesy

STILL, WORKING, UNDER_WAY = "still", "working", "under way"
STEP_S: Final = 600
LANE_TURN_DEG: Final = 45.0
"""A vessel whose course differs by more crosses a lane or a route and doesn't follow it."""
_ANGLES: Final = 72


class PredictionParameters(BaseModel):
    """How vessels go on, and how wrong that is."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    max_still_kn: float = Field(0.5, gt=0)
    """Slower than this over ground it lies still, if the way it sailed in the last hour is no
    longer than twice that speed makes it (a fix jitters)."""
    max_working_kn: float = Field(3.0, gt=0)
    """Slower than this it works or drifts."""
    min_straight: float = Field(0.6, ge=0, le=1)
    """Net distance over the way sailed in the last hour; below this it goes to and fro."""
    fix_m: float = Field(150.0, gt=0)
    """Scale of the error at once: AIS position, latency, the vessel's own size."""
    still_m_per_h: float = Field(40.0, ge=0)
    """How fast the scale grows of what lies still: a few weigh anchor."""
    working_m_per_sqrt_h: float = Field(700.0, ge=0)
    """How fast, with the square root of time, of what works, at 1 kn; more in proportion."""
    along_fraction: float = Field(0.16, ge=0)
    """Share of the distance run by which what is under way errs along and across its course."""
    across_fraction: float = Field(0.15, ge=0)
    """See `along_fraction`."""
    lane_across_fraction: float = Field(0.08, ge=0)
    """The same across, while it follows a lane or a ferry route."""
    still_dof: float = Field(0.6, gt=0)
    """Degrees of freedom of the Student t; smaller means heavier tails."""
    working_dof: float = Field(2.0, gt=0)
    """See `still_dof`."""
    under_way_dof: float = Field(1.0, gt=0)
    """See `still_dof`."""
    ferry_turn_min: float = Field(30.0, ge=0)
    """How long a ferry lies at the end of its route."""


Along = Literal["", "lanes", "ferry"]


@dataclass(frozen=True)
class How:
    """How a vessel is thought to go on."""

    mode: str
    """`STILL`, `WORKING` or `UNDER_WAY`."""
    course_deg: float
    speed_kn: float
    """As it was last heard."""
    along: Along = ""
    """Whether a vessel under way follows learned lanes or a ferry route."""


@dataclass(frozen=True)
class Prediction:
    """Where vessels will be at the ticks of a common clock."""

    mmsi: Ints
    """One a row, as in the motions it is made of."""
    tick_us: Ints
    """Times, microseconds since 1970-01-01 UTC, `STEP_S` apart."""
    lat: Floats
    lon: Floats
    """(vessel, tick): where it is most likely; NaN before it was last heard."""
    course_deg: Floats
    """The same: the direction of the long axis of what is said about its error."""
    along_m: Floats
    across_m: Floats
    """The same: scale of the error along and across that."""
    dof: Floats
    """By vessel: degrees of freedom of its error's Student t."""
    how: tuple[How, ...]
    """How each is thought to go on."""

    def at(self, vessel: int, time_us: ArrayLike) -> tuple[Floats, Floats]:
        """Most likely place of a vessel (its row) at times within the ticks."""
        where = self._index(time_us)
        left = np.clip(np.floor(where).astype("int64"), 0, max(len(self.tick_us) - 2, 0))
        right = np.minimum(left + 1, len(self.tick_us) - 1)
        return geodesy.interpolate(
            self.lat[vessel, left],
            self.lon[vessel, left],
            self.lat[vessel, right],
            self.lon[vessel, right],
            where - left,
        )

    def scale_at(self, vessel: int, time_us: ArrayLike) -> tuple[Floats, Floats, Floats]:
        """Course (deg) and scales (m) along and across it, of a vessel's error at times."""
        where = self._index(time_us)
        near = np.clip(np.round(where).astype("int64"), 0, len(self.tick_us) - 1)
        ticks = np.arange(len(self.tick_us))
        along = np.interp(where, ticks, self.along_m[vessel])
        across = np.interp(where, ticks, self.across_m[vessel])
        return self.course_deg[vessel, near], along, across

    def _index(self, time_us: ArrayLike) -> Floats:
        return np.asarray(
            (np.asarray(time_us, "int64") - self.tick_us[0]) / (STEP_S * SECOND_US), "float64"
        )


def chance_within(
    radius_m: ArrayLike, along_m: ArrayLike, across_m: ArrayLike, dof: ArrayLike
) -> Floats:
    """Probability that the error is no longer than a radius, 0-1.

    A bivariate Student t with scales `along_m` and `across_m`, integrated over the disc: the radial
    part is elementary, the angle is summed over evenly spaced directions, which for a periodic
    function converges faster than any power of their number.

    >>> chance_within(1000.0, 500.0, 500.0, 3.0).round(3)
    np.float64(0.719)
    """
    radius, along, across, dof = np.broadcast_arrays(
        *(np.asarray(a, "float64")[..., None] for a in (radius_m, along_m, across_m, dof))
    )
    angle = np.arange(_ANGLES) * (2 * np.pi / _ANGLES)
    q = (np.cos(angle) / along) ** 2 + (np.sin(angle) / across) ** 2
    mass = (1 - (1 + radius**2 * q / dof) ** (-dof / 2)) / q
    total = mass.sum(axis=-1) / _ANGLES / (along * across)[..., 0]
    return np.asarray(np.clip(total, 0.0, 1.0))[()]


def ellipse_factor(share: float, dof: ArrayLike) -> Floats:
    """Return how many scales long the half axes are of the ellipse that holds a share of the
    errors.

    >>> ellipse_factor(0.8, 3.0).round(2)
    np.float64(2.4)
    """
    dof = np.asarray(dof, "float64")
    return np.asarray(np.sqrt(dof * ((1 - share) ** (-2 / dof) - 1)))[()]
