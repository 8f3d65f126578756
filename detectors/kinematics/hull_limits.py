"""Limits of what one hull can have done between two reports, for rules that compare hulls."""

from typing import Final

import numpy as np

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.frames import SECOND_US
from detectors.kinematics.geodesy import KNOT_MPS

MAX_JUMP_M: Final = 1852.0
"""Below this distance no speed is held against a report: it may carry an old position or a late
time stamp. Hulls closer than a mile aren't told apart, see `integrity.chains.NEAR_M`."""

MAX_SPEED_KN: Final = 60.0
"""Faster than this over more than `MAX_JUMP_M`, two reports can't be of one hull. The fastest craft
in service make about 50 kn; 102.2 kn is the largest speed that AIS can express."""

UNSUPPORTED_SPEED_KN: Final = 30.0
"""Faster than this over more than `MAX_JUMP_M`, one of the two reports must say that the vessel
goes at least half as fast. No merchant ship makes more (the fastest container ships are built for
25 kn). Not asked where either report doesn't state its speed."""

SHORT_STEP_S: Final = 900.0
"""Within this time any jump beyond `MAX_JUMP_M` needs such support: it takes 11 kn and more, and a
vessel that says 0 kn before and after didn't make it. Most corrupt fixes of moored tankers in the
Singapore Strait are like that, a few miles off with the true speed."""


def can_join(
    distance: Floats, duration_us: Ints, sog_before_kn: Floats, sog_after_kn: Floats
) -> Bools:
    """Tell whether one hull can have made two reports so far apart.

    Speeds are those that the two reports state, NaN where one doesn't.
    """
    supported_kn = 2 * np.maximum(sog_before_kn, sog_after_kn)  # NaN where either is
    at_least_kn = np.where(duration_us > SHORT_STEP_S * SECOND_US, UNSUPPORTED_SPEED_KN, 0.0)
    limit_kn = np.clip(supported_kn, at_least_kn, MAX_SPEED_KN)
    limit_kn = np.where(np.isnan(limit_kn), MAX_SPEED_KN, limit_kn)
    reach_m = limit_kn * KNOT_MPS * duration_us / SECOND_US
    return np.asarray((distance <= MAX_JUMP_M) | (distance <= reach_m))
