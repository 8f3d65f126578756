"""Whether what sends a number that is no vessel's goes as vessels do.

A number is typed in: who enters that of an aircraft or an aid to navigation would be seen by
nobody. What it does tells: aids and coast stations stay, what drifts goes with the stream, aircraft
fly.
"""

from typing import Final

from detectors.core.frames import SECOND_US
from detectors.kinematics.geodesy import KNOT_MPS, METRES_PER_NM
from detectors.kinematics.integrity.jit import part
from detectors.kinematics.integrity.rows import Rows, apart

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
    """Tell whether reports from row `low` to before `high` are of what goes as vessels do.

    A step counts beside another that is way, if both together are: two aids of one number that are
    heard in turns go to and fro.
    """
    way_m, n_way, n_flies = 0.0, 0, 0
    before, here, went, alone_m = low, low, False, 0.0
    for row in range(low + 1, high):
        if (own.time_us[row] - own.time_us[here]) / SECOND_US < STEP_S:
            continue
        step_m, made_kn = _made(own, here, row)
        goes = WAY_KN <= made_kn <= FLIES_KN
        if made_kn > FLIES_KN:
            n_flies += 1
        elif goes and went and _made(own, before, row)[1] >= WAY_KN:
            way_m, n_way = way_m + alone_m + step_m, n_way + 1 + int(alone_m > 0.0)
            alone_m = 0.0
        elif goes:
            alone_m = step_m
        before, here, went = here, row, goes
    return bool(way_m >= MIN_WAY_M and n_way >= MIN_STEPS and n_flies <= FLIES_SHARE * n_way)


@part
def _made(own: Rows, a: int, b: int) -> tuple[float, float]:
    """Return how far one report is from another, in metres, and the speed made good, in knots."""
    apart_m = apart(own.lat[a], own.lon[a], own.lat[b], own.lon[b])
    return apart_m, apart_m / ((own.time_us[b] - own.time_us[a]) / SECOND_US) / KNOT_MPS
