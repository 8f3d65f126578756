"""Whether a boat comes home from sea: what it did since it set out from where it lands."""

from typing import Any, Final

import numpy as np

from detectors.core.arrays import Bools
from detectors.core.frames import SECOND_US
from detectors.crossing.endings import HURRY, SOON_S, usual_kn
from detectors.crossing.limits import Limits
from detectors.kinematics import bridges, geodesy, timegrid
from detectors.kinematics.reports import Reports
from detectors.surroundings.coasts import Coasts

NOTHING: Final[dict[str, Any]] = {"lain_out_s": 0, "gone_over_probability": None}


def lay_out(
    limits: Limits,
    reports: Reports,
    grid: timegrid.Grid,
    run: tuple[int, int],
    where: tuple[Bools, Coasts, int],
) -> dict[str, Any]:
    """Tell how long a boat was heard slower than `lying_kn`, `min_out_m` or more off any coast,
    since it set out from within `same_end_m` of where its run ends (`lain_out_s`, 0 where it wasn't
    heard to), and how likely it was at the other coast in a silence of `SOON_S` or more since then
    (`gone_over_probability`, None without one).

    Parameters
    ----------
    run
        The first and the last row of its run.
    where
        Which rows of the grid are at a shore, the coasts, and the ordinal of the other one.
    """
    begin, end = run
    ashore, coasts, other = where
    # As far back as halves look for where they set out (`Crossing.reads_back`).
    voyage = (limits.max_voyage_s + limits.longest_silence_s) // limits.step_s
    first = int(np.searchsorted(grid.track_id[: begin + 1], grid.track_id[begin]))
    first += int(np.searchsorted(grid.tick[first:begin], grid.tick[end] - voyage))
    at_shore = first + np.flatnonzero(ashore[first:begin])
    if not len(at_shore):
        return NOTHING
    left = int(at_shore[-1])
    away_m = geodesy.distance_m(grid.lat[left], grid.lon[left], grid.lat[end], grid.lon[end])
    if away_m > limits.same_end_m:
        return NOTHING
    rows = np.arange(left, begin)
    slow = rows[grid.speed_kn[rows] < limits.lying_kn]
    off_m = coasts.distance_m(grid.lat[slow], grid.lon[slow]).min(axis=0)
    lain_out_s = int(np.count_nonzero(off_m >= limits.min_out_m)) * limits.step_s
    last = np.arange(grid.report[left], grid.report[begin] + 1)
    silent_s = (reports.time_us[last + 1] - reports.time_us[last]) / SECOND_US
    last, silent_s = last[silent_s >= SOON_S], silent_s[silent_s >= SOON_S]
    if not len(last):
        return {"lain_out_s": lain_out_s, "gone_over_probability": None}
    both = np.stack([last, last + 1])
    lat, lon = reports.lat[both], reports.lon[both]
    coast_m = coasts.distance_m(lat.ravel(), lon.ravel(), of=(other,))[other].reshape(both.shape)
    apart_m = np.asarray(geodesy.distance_m(lat[0], lon[0], lat[1], lon[1]))
    way_m = HURRY * usual_kn(limits, grid.speed_kn[left:end]) * geodesy.KNOT_MPS * silent_s
    chance = bridges.reached(way_m, apart_m, coast_m[0], coast_m[1])
    return {"lain_out_s": lain_out_s, "gone_over_probability": float(chance.max())}
