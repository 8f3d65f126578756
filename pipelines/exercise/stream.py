"""The tidal stream of the exercise: it runs along the Strait, turns round, and carries who drifts.

Semi-diurnal: the principal lunar constituent M2 has a period of 12.42 h (Pugh & Woodworth 2014,
Sea-Level Science, table 4.1), so that a stream sets one way for some 6 h 12 min. How strong it runs
and when it turns is drawn anew for each exercise, between what a neap and a spring tide could give:
nothing here says what the tide is at a place on a day.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.core.arrays import Floats
from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import KNOT_MPS
from pipelines.exercise import geography

PERIOD_S: Final = 12.42 * 3600.0
_STRENGTH_KN: Final = (0.7, 1.8)
"""Of the stream at its strongest, in an exercise; a fourth more or less from place to place."""
_ELLIPSE: Final = (0.08, 0.25)
"""Across over along: a stream that turns through all points of the compass, not through nothing."""
_LAG_S_PER_M: Final = 2.0 * 3600.0 / 500_000.0
"""The tide runs up the Strait: 2 h later at 500 km from its western end."""


@dataclass(frozen=True)
class Stream:
    """A stream that rotates along an ellipse whose long axis lies along the Strait."""

    strength_kn: float
    """At its strongest."""
    ellipse: float
    """Strength across over strength along; its sign is the sense of rotation."""
    turn_s: float
    """Epoch seconds at which it runs strongest eastward at the western end."""

    @classmethod
    def draw(cls, rng: np.random.Generator, t0: float) -> "Stream":
        """Draw the stream of an exercise."""
        sense = float(rng.choice((-1.0, 1.0)))
        return cls(
            float(rng.uniform(*_STRENGTH_KN)),
            sense * float(rng.uniform(*_ELLIPSE)),
            t0 + float(rng.uniform(0.0, PERIOD_S)),
        )

    def at(self, lat: float, lon: float, t: Floats) -> NDArray[np.complex128]:
        """Velocity (m/s) at a place, north + i east, at times `t`."""
        unit, strength, phase = self._here(lat, lon, t)
        return np.asarray(unit * strength * (np.cos(phase) + 1j * self.ellipse * np.sin(phase)))

    def carried(self, lat: float, lon: float, t: Floats) -> NDArray[np.complex128]:
        """Return how far (m, north + i east) it has carried from a place at each time since the
        first.

        The stream is taken as that of the place: what drifts doesn't get far in a tide.
        """
        unit, strength, phase = self._here(lat, lon, t)
        reach = strength * PERIOD_S / (2 * np.pi)
        moved = reach * (np.sin(phase) - 1j * self.ellipse * np.cos(phase))
        return np.asarray(unit * (moved - moved[0]))

    def _here(self, lat: float, lon: float, t: Floats) -> tuple[complex, float, Floats]:
        """Return the way of the Strait, the strength (m/s), and the phase at each time."""
        mark = int(np.argmin(geodesy.distance_m(_MARKS[0], _MARKS[1], lat, lon)))
        here_kn = self.strength_kn * (1.0 + 0.25 * np.sin(_ALONG_M[mark] / 60_000.0))
        late_s = self.turn_s + _ALONG_M[mark] * _LAG_S_PER_M
        phase = 2 * np.pi * (np.asarray(t) - late_s) / PERIOD_S
        return complex(_UNIT[mark]), float(here_kn * KNOT_MPS), phase


_AXIS: Final = geography.axis()
_ALONG_M: Final = np.arange(0.0, _AXIS.length_m, 5000.0)
_MARKS: Final = _AXIS.at(_ALONG_M)
_AHEAD: Final = _AXIS.at(_ALONG_M + 4000.0)
_UNIT: Final = np.exp(1j * np.radians(geodesy.bearing_deg(*_MARKS, *_AHEAD)))
