"""The newest reports, judged behind those whose verdicts stand: until a date is judged whole.

What is known stays as it is: reports are only added. So a tail costs what came, and what it says
of it is what judging the stretch in one go would say but where the new reports tell something of
those before them: that is left to `dates.judge_part`.
"""

from datetime import timedelta
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.frames import POSITIONS, conform, empty, epoch_us, is_last, select, validate
from detectors.kinematics.integrity.dates import JUDGED, STATE, heard_in, n_false
from detectors.kinematics.integrity.jammed import (
    astray,
    in_squares_around,
    jammed_places,
    mark_interference,
)
from detectors.kinematics.integrity.judging import judge_each
from detectors.kinematics.integrity.verdicts import Reports, Verdict

TAIL_BACK: Final = timedelta(hours=2)
"""So much before it a tail is judged with: a copy of a track that comes late is no further behind
it (`shifted.MAX_SHIFT_S`), interference shows within an hour, a further hull within a quarter."""


def judge_tail(known: pd.DataFrame, fresh: pd.DataFrame, state: pd.DataFrame) -> pd.DataFrame:
    """Return `JUDGED` of new reports, copies left out.

    Parameters
    ----------
    known
        `JUDGED` of what came before, at least of the last `TAIL_BACK`.
    fresh
        `frames.POSITIONS` of what is new.
    state
        `STATE` up to now.
    """
    for frame, schema in ((known, JUDGED), (fresh, POSITIONS), (state, STATE)):
        validate(frame, schema)
    if fresh.empty:
        return empty(JUDGED)
    vessels = fresh["mmsi"].unique()
    around = known["mmsi"].isin(vessels) & (known["time"] >= fresh["time"].min() - TAIL_BACK)
    before = known[around]
    whole = pd.concat([select(before, POSITIONS), fresh], ignore_index=True)
    new = np.arange(len(whole)) >= len(before)
    hull = np.r_[before["hull"].to_numpy(), np.zeros(len(fresh), "uint8")]
    # Of two at one time the one that is known is first: the other is its copy.
    order = np.lexsort((new, epoch_us(whole["time"]), whole["mmsi"].to_numpy()))
    whole, new, hull = whole.take(order).reset_index(drop=True), new[order], hull[order]
    reports = Reports.of(whole)
    judged = judge_each(reports, hull, heard_in(state[state["mmsi"].isin(vessels)]))
    jammed = jammed_places([astray(reports, np.flatnonzero(judged.verdict == Verdict.FALSE_FIX))])
    around = in_squares_around(reports.time_us, reports.lat, reports.lon, jammed)
    mark_interference(reports, judged.verdict, judged.hull, around)
    kept = new & (judged.verdict != Verdict.COPY)
    kept &= ~_at_one_time(reports, hull, judged.hull)
    found = whole[kept].assign(
        verdict=judged.verdict[kept], hull=judged.hull[kept], shift_s=judged.shift_s[kept]
    )
    return conform(found.reset_index(drop=True), JUDGED)


def _at_one_time(
    reports: Reports, known: NDArray[np.uint8], hull: NDArray[np.uint8]
) -> NDArray[np.bool_]:
    """Tell which reports are of the very time of a known one of the same hull, which stays."""
    of_hull = pd.DataFrame({"mmsi": reports.mmsi, "time": reports.time_us})
    of_hull["hull"] = np.where(known > 0, known, hull)
    twice = of_hull.duplicated().to_numpy()
    return np.asarray(twice & (known == 0) & (hull > 0))


def state_with(state: pd.DataFrame, tail: pd.DataFrame) -> pd.DataFrame:
    """Return `STATE` with the hulls of a tail (`JUDGED`) as they were heard last."""
    heard = conform(tail.loc[tail["hull"] > 0, list(STATE)], STATE)
    both = pd.concat([state, heard], ignore_index=True)
    mmsi, hull = both["mmsi"].to_numpy(), both["hull"].to_numpy()
    order = np.lexsort((epoch_us(both["time"]), hull, mmsi))
    last = is_last(mmsi[order], hull[order])
    return both.take(order[last]).reset_index(drop=True)


def counts_of(received: int, tail: pd.DataFrame) -> dict[str, int]:
    """Return what a tail adds to the counts of its date (`dates.JudgedDate`)."""
    verdict = tail["verdict"].to_numpy()
    return {
        "reports": len(tail),
        "duplicates": received - len(tail),
        "false_fixes": n_false(verdict),
        "clock_faults": int(np.count_nonzero(verdict == Verdict.CLOCK_FAULT)),
        "not_vessels": int(np.count_nonzero(verdict == Verdict.NOT_A_VESSEL)),
    }
