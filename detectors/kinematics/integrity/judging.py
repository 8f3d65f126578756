"""Verdicts of stretches of reports, each vessel by itself."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.core.arrays import Ints
from detectors.core.frames import offsets
from detectors.kinematics.integrity.verdicts import (
    Heard,
    Judged,
    Reports,
    not_a_vessel,
    nothing_heard,
)


def judge_each(
    reports: Reports, known: NDArray[np.uint8] | None = None, heard: Heard | None = None
) -> Judged:
    """Give each report of a stretch its verdict, each vessel by itself: what interference makes is
    a false fix.

    Parameters
    ----------
    reports
        The stretch, with what is before and behind it.
    known
        The hull of each report as far as it was settled before, else 0: a chain keeps the number
        that most of its reports have.
    heard
        The hulls that were heard before that.
    """
    hull = np.zeros(len(reports), np.uint8) if known is None else known.copy()
    always = np.iinfo("int64").max
    whole = np.array([[-always], [always], [always], [-always], [always]])
    return judge_stretches(reports, whole, hull, heard or nothing_heard()).judged


class Stretched(NamedTuple):
    """What `judge_stretches` returns."""

    judged: Judged
    """Of each report that is in a stretch what it is worth; the others are sound and keep the hull
    by which they are known."""
    false: Ints
    """Stretch and row of each report that is a false fix among those around the stretch."""
    heard: Heard
    """The hulls heard up to the end of the last one."""


def judge_stretches(
    reports: Reports, stretches: Ints, known: NDArray[np.uint8], heard: Heard
) -> Stretched:
    """Give the reports of some stretches their verdicts, stretch after stretch; see `judge_each`.

    `stretches`: rows of `stretches.Stretches`.
    """
    # What is compiled is imported by need: whoever only asks the store doesn't pay for it.
    from detectors.kinematics.integrity import stretches as kernel
    from detectors.kinematics.integrity.rows import Rows
    from detectors.kinematics.integrity.several import Last

    n = len(reports)
    found = Judged(np.zeros(n, np.uint8), known.copy(), np.full(n, np.nan, np.float32))
    if n == 0:
        return Stretched(found, np.zeros((2, 0), "int64"), heard)
    bounds = offsets(reports.mmsi)
    mmsis = reports.mmsi[bounds[:-1]]
    own = np.isin(heard.mmsi, mmsis)
    here = heard.within(own)
    stated = reports.lat, reports.lon, reports.sog, reports.cog
    false, last, n_heard = kernel.judge(
        bounds,
        not_a_vessel(mmsis),
        Rows(_own(reports.time_us, "int64"), *(_own(values, "float64") for values in stated)),
        kernel.Stretches(*np.ascontiguousarray(stretches)),
        Last(*map(_own, here[1:], ("int64", "int64", "float64", "float64"))),
        np.searchsorted(here.mmsi, np.r_[mmsis, mmsis[-1] + 1]),
        *found,
    )
    whole = Heard(np.repeat(mmsis, n_heard), *last)
    false = np.array([false >> kernel.ROW_BITS, false & (1 << kernel.ROW_BITS) - 1])
    return Stretched(found, false, whole.and_of(heard.within(~own)))


def _own(values: NDArray[Any], kind: str) -> NDArray[Any]:
    """Return values of a type in memory that may be written: kernels are compiled for that."""
    return np.require(values, kind, ["C", "W"])
