"""Whether what sends a number that is no vessel's goes as vessels do.

A number is typed in: who enters that of an aircraft or an aid to navigation would be seen by
nobody. What it does tells: aids and coast stations stay, what drifts goes with the stream, aircraft
fly.
"""

from typing import Final

import numpy as np

from detectors.core.frames import SECOND_US
from detectors.kinematics.geodesy import KNOT_MPS, METRES_PER_NM
from detectors.kinematics.integrity.jit import part
from detectors.kinematics.integrity.rows import TO_RAD, Rows, apart_by

STEP_S: Final = 60.0
"""Nearer in time the noise of fixes looks like way: 50 m are 1.6 kn over a minute."""
WAY_KN: Final = 5.0
"""Faster than the streams of these straits carry anything (up to 4 kn, in their narrows: Admiralty
Sailing Directions NP44)."""
FLIES_KN: Final = 50.0
"""Faster than boats make here with a load, and slower than aircraft cruise. A judgement."""
MIN_WAY_M: Final = 3 * METRES_PER_NM
MIN_STEPS: Final = 4
FLIES_SHARE: Final = 0.1
"""So much way in so many steps, and of all steps no more than that share so fast: a fix that is
false now and then makes two steps, there and back. Judgements."""


@part
def makes_way(own: Rows, low: int, high: int) -> bool:
    """Tell whether reports from row `low` to before `high` are of what goes as vessels do."""
    way_m, n_way, n_flies, here = 0.0, 0, 0, low
    for row in range(low + 1, high):
        passed_s = (own.time_us[row] - own.time_us[here]) / SECOND_US
        if passed_s < STEP_S:
            continue
        cosines = np.cos(own.lat[here] * TO_RAD), np.cos(own.lat[row] * TO_RAD)
        step_m = apart_by(*cosines, own.lat[row] - own.lat[here], own.lon[row] - own.lon[here])
        made_kn = step_m / passed_s / KNOT_MPS
        if made_kn > FLIES_KN:
            n_flies += 1
        elif made_kn >= WAY_KN:
            way_m, n_way = way_m + step_m, n_way + 1
        here = row
    return bool(way_m >= MIN_WAY_M and n_way >= MIN_STEPS and n_flies <= FLIES_SHARE * n_way)
