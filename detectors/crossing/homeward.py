"""Whether a boat comes home from sea: what it did since it set out from where it lands."""

from typing import Any, Final

import numpy as np

from detectors.core.arrays import Bools
from detectors.core.frames import SECOND_US
from detectors.crossing.endings import HURRY, SOON_S
from detectors.crossing.half import Met
from detectors.crossing.limits import Limits
from detectors.kinematics import bridges, geodesy, timegrid
from detectors.kinematics.reports import Reports
from detectors.surroundings.coasts import Coasts

NOTHING: Final[dict[str, Any]] = {
    "lain_out_s": 0,
    "n_met_out": 0,
    "nearest_over_m": None,
    "gone_over_probability": None,
}
FAST: Final = 0.9
"""Of its speeds under way: who fishes under way has a usual speed that isn't the one at which it
goes anywhere."""


def lay_out(
    limits: Limits,
    reports: Reports,
    grid: timegrid.Grid,
    run: tuple[int, int],
    where: tuple[Bools, Coasts, int],
    met: Met,
) -> dict[str, Any]:
    """Tell how long a boat was heard slower than `lying_kn`, `min_out_m` or more off any coast,
    since it set out from within `same_end_m` of where its run ends (`lain_out_s`, 0 where it wasn't
    heard to), how often it met another, how near the other coast it was heard, and how likely it
    was there in a silence of `SOON_S` or more since then (`gone_over_probability`, None without).

    Parameters
    ----------
    run
        The first and the last row of its run.
    where
        Which rows of the grid are at a shore, the coasts, and the ordinal of the other one.
    met
        As of `half.meetings`.
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
    away_m = geodesy.apart_m(grid, left, end)
    if away_m > limits.same_end_m:
        return NOTHING
    rows = np.arange(left, begin)
    slow = rows[grid.speed_kn[rows] < limits.lying_kn]
    off_m = coasts.distance_m(grid.lat[slow], grid.lon[slow]).min(axis=0)
    lain_out_s = int(np.count_nonzero(off_m >= limits.min_out_m)) * limits.step_s
    over_m = coasts.distance_m(grid.lat[rows], grid.lon[rows], of=(other,))[other]
    told = {
        "lain_out_s": lain_out_s,
        "n_met_out": _n_met(limits, grid, (left, end), met),
        "nearest_over_m": float(over_m.min()),
    }
    last = np.arange(grid.report[left], grid.report[begin] + 1)
    silent_s = (reports.time_us[last + 1] - reports.time_us[last]) / SECOND_US
    last, silent_s = last[silent_s >= SOON_S], silent_s[silent_s >= SOON_S]
    if not len(last):
        return {**told, "gone_over_probability": None}
    both = np.stack([last, last + 1])
    lat, lon = reports.lat[both], reports.lon[both]
    coast_m = coasts.distance_m(lat.ravel(), lon.ravel(), of=(other,))[other].reshape(both.shape)
    apart_m = np.asarray(geodesy.distance_m(lat[0], lon[0], lat[1], lon[1]))
    under_way = grid.speed_kn[left:end]
    under_way = under_way[under_way >= limits.lying_kn]
    fast_kn = float(np.quantile(under_way, FAST)) if len(under_way) else limits.lying_kn
    way_m = HURRY * fast_kn * geodesy.KNOT_MPS * silent_s
    chance = bridges.reached(way_m, apart_m, coast_m[0], coast_m[1])
    return {**told, "gone_over_probability": float(chance.max())}


def _n_met(limits: Limits, grid: timegrid.Grid, rows: tuple[int, int], met: Met) -> int:
    """Return how many meetings that aren't explained well a boat had between two rows."""
    begin_us, end_us = (int(grid.tick[row]) * limits.step_s * SECOND_US for row in rows)
    own = met.get(int(grid.track_id[rows[0]]), ())
    return sum(since_us <= end_us and until_us >= begin_us for since_us, until_us, _ in own)
