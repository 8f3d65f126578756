"""How a vessel came and went on: past a shore, or into a port unheard."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detectors.core.detector import Context
from detectors.crossing.limits import Limits
from detectors.crossing.sieve import way_m
from detectors.kinematics import geodesy, timegrid
from detectors.surroundings import coverage, passes

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

PAST_S: Final = 600
"""So long before and after it is nearest to the shore: who turns in to land and out again within
minutes is far from where a straight way would have led."""
HEARD_TIMES: Final = 4
"""In between it was heard so often: class B reports every 3 minutes at least, and of six or seven
reports some are lost."""

UNHEARD_S: Final = 3 * 3600
UNHEARD_M: Final = 5 * geodesy.METRES_PER_NM
"""Within so long and so near it went into the port that it made for (judgement). Who switches its
set off, lands at a beach and is home by morning also lies in a port when it is heard next."""
UNHEARD_BY_PASSES_S: Final = 6 * 3600
APPROACHES_M: Final = geodesy.METRES_PER_NM
"""The same where satellites hear now and then a set of class B that lies: of a boat that was in the
approaches as it was heard last, half a night (judgement)."""

PAST_SHARE: Final = 0.9
"""Of its mean speed, made good straight on: a stop of 4 minutes leaves 0.8, a turn still less."""


def passed(evidence: Mapping[str, Any]) -> bool:
    """Tell whether a vessel kept its way past the shore that it came to."""
    made_kn = evidence["passing_kn"]
    on_kn = PAST_SHARE * evidence["mean_speed_kn"]
    return evidence["sailed_on"] and made_kn is not None and made_kn >= on_kn


def came_past(evidence: Mapping[str, Any]) -> bool:
    """Tell whether a vessel came from where it lay at sea and kept its way past the shore that its
    passage begins at: nobody boards from there.
    """
    made_kn = evidence["came_past_kn"]
    on_kn = PAST_SHARE * evidence["mean_speed_kn"]
    from_sea = evidence["came_on"] and evidence["heard_before"]
    return from_sea and made_kn is not None and made_kn >= on_kn


def passing_kn(limits: Limits, grid: timegrid.Grid, row: int) -> float | None:
    """Return the speed made good straight past the place of a row, None where it wasn't heard."""
    return _past_kn(limits, grid, row, along=False)


def turning_kn(limits: Limits, grid: timegrid.Grid, row: int) -> float | None:
    """Return the speed along its way past the place of a row, None where it wasn't heard."""
    return _past_kn(limits, grid, row, along=True)


def _past_kn(limits: Limits, grid: timegrid.Grid, row: int, *, along: bool) -> float | None:
    shift = PAST_S // limits.step_s
    a, b = grid.rows_at(grid.track_id[[row, row]], grid.tick[row] + np.array([-shift, shift]))
    if a < 0 or b < 0 or grid.report[b] - grid.report[a] < HEARD_TIMES:
        return None
    way = np.arange(a, b + 1) if along else np.array([a, b])
    made_m = way_m(grid.lat[way], grid.lon[way])[-1]
    return float(geodesy.speed_kn(made_m, 2 * shift * limits.step_s))


def next_in_port(limits: Limits, grid: timegrid.Grid, final: Ints, context: Context) -> Bools:
    """Tell of runs after whose final rows nothing was heard whether the next was from a port close
    by, where the vessel lay, soon.
    """
    there = np.minimum(final + 1, len(grid.tick) - 1)
    silent_s = (grid.tick[there] - grid.tick[final]) * limits.step_s
    away_m = geodesy.distance_m(grid.lat[final], grid.lon[final], grid.lat[there], grid.lon[there])
    soon = (silent_s <= UNHEARD_S) & (away_m <= UNHEARD_M)
    off_it = (silent_s <= UNHEARD_BY_PASSES_S) & (away_m <= APPROACHES_M)
    tens, until = (
        grid.tick[rows] * limits.step_s // coverage.FEED_SLOT_S for rows in (final, there)
    )
    soon |= off_it & (passes.usual_share(context.coverage, tens, until) <= passes.BY_PASSES)
    known = (grid.track_id[there] == grid.track_id[final]) & soon
    in_port = context.zones.within(grid.lat[there], grid.lon[there], ("port",))
    lies = grid.speed_kn[there] < limits.lying_kn
    return np.asarray(known & (silent_s > limits.step_s) & in_port & lies)
