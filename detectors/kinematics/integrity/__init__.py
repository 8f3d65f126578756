"""What each report is worth, decided once, looking both ways in time.

`judge_each` gives each report of a stretch a verdict (`verdicts.Verdict`) and a reason;
`settle_each` judges by fixed stretches of UTC, so that a verdict doesn't depend on how the reports
were handed over once all within `settling.SETTLING_S` of its stretch are there. The field does this
with a shortest path or a Viterbi search over candidate assignments; here that is `chains`: the
chain of reports that one hull can have made and that is worth most. `judge_tail` adds the newest
reports to what is judged, until a date is judged whole.

Sources: GFW's gpsdio-segment (https://github.com/GlobalFishingWatch/gpsdio-segment) for what one
hull can have made; A. Viterbi, Error bounds for convolutional codes (1967), for the search.
"""

from detectors.kinematics.integrity.dates import (
    JUDGED,
    LOOK_BACK,
    PROVISIONAL,
    SETTLING,
    STATE,
    VERSION,
    JudgedPart,
    Segmented,
    final_at,
    jammed_in,
    judge_alone,
    judge_part,
    parted,
    reason_of,
    segment,
    with_interference,
)
from detectors.kinematics.integrity.receivers import (
    LEAST_RECEIVERS,
    STEP_S,
    clock_errors,
    late_us,
)
from detectors.kinematics.integrity.settling import SETTLING_S, STRETCH_US
from detectors.kinematics.integrity.tail import TAIL_BACK, counts_of, judge_tail, state_with
from detectors.kinematics.integrity.verdicts import (
    Reports,
    Verdict,
    not_a_vessel,
)

__all__ = [
    "JUDGED",
    "LEAST_RECEIVERS",
    "LOOK_BACK",
    "PROVISIONAL",
    "SETTLING",
    "SETTLING_S",
    "STATE",
    "STEP_S",
    "STRETCH_US",
    "TAIL_BACK",
    "VERSION",
    "JudgedPart",
    "Reports",
    "Segmented",
    "Verdict",
    "clock_errors",
    "counts_of",
    "final_at",
    "jammed_in",
    "judge_alone",
    "judge_part",
    "judge_tail",
    "late_us",
    "not_a_vessel",
    "parted",
    "reason_of",
    "segment",
    "state_with",
    "with_interference",
]
