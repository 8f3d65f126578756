"""Which silences began when their receiver no longer heard as far as it had for some hours."""

import numpy as np

from detectors.core.detector import Context
from detectors.core.frames import SECOND_US
from detectors.gap.limits import Limits
from detectors.gap.silences import History, Silences
from detectors.surroundings import coverage, receivers
from detectors.surroundings.rates import DAY_SLOTS


def heard_far(limits: Limits, silences: Silences, reports: History, context: Context) -> Silences:
    """Return all, with how often their receivers heard as far in the day before and meanwhile.

    Meanwhile is whole half hours of the silence, `assessed_s` at most: see `Silences.at_slots`.
    """
    known = context.coverage.once(receivers.Receivers)
    n = len(silences.row)
    shares = np.full((2, n), np.nan)
    own = silences.start_us // (coverage.SLOT_S * SECOND_US)
    slots = silences.at_slots(reports, coverage.SLOT_S, limits.assessed_s).count
    classes = reports.ais_class_of(silences.row)
    named = silences.columns["n_receivers"] > 0
    for i in np.flatnonzero(named & (slots > 0)).tolist():
        row, slot = silences.row[i], int(own[i])
        # Where a silence begins on the half hour, that one is all silence.
        after = int(-(-silences.start_us[i] // (coverage.SLOT_S * SECOND_US)))
        shares[:, i] = known.as_far(
            str(silences.columns["receiver"][i]),
            (float(reports.lat[row]), float(reports.lon[row])),
            ((slot - DAY_SLOTS, slot - 1), (after, after + int(slots[i]) - 1)),
            str(classes[i]),
        )
    return silences.narrowed(
        np.ones(n, bool), as_far_usual_fraction=shares[0], as_far_fraction=shares[1]
    )
