"""The reports of a UTC date, judged: what is worked out once and kept.

A date is judged from its reports, those of the `LOOK_BACK_S` before it as they were judged then,
those of the `SETTLING_S` behind it, and the hulls heard before. So dates judged one after the other
are as in one go, and a change reaches as far as it changes what the next date begins with.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.frames import (
    CLOCK_FAULT,
    FALSE_FIX,
    INTERFERENCE,
    NOISE,
    NOT_A_VESSEL,
    POSITIONS,
    SECOND_US,
    TIME,
    TRACKED,
    Column,
    conform,
    empty,
    epoch_us,
    from_epoch_us,
    select,
    validate,
)
from detectors.kinematics.integrity.settling import (
    LOOK_BACK_S,
    SETTLING_S,
    STRETCH_S,
    settle,
)
from detectors.kinematics.integrity.verdicts import Last, Memory, Reports, Verdict

VERSION: Final = "6"
"""Raised when the same reports get other verdicts."""

LOOK_BACK: Final = timedelta(seconds=LOOK_BACK_S)
SETTLING: Final = timedelta(seconds=SETTLING_S)

PROVISIONAL: Final = timedelta(seconds=STRETCH_S + SETTLING_S)
"""So long after a report its verdict is final at the latest; until then it may change with what
comes in, and so may the events that rest on it."""

JUDGED: Final[Mapping[str, Column]] = {
    **POSITIONS,
    "verdict": Column("uint8", "", "a `Verdict`"),
    "hull": Column("uint8", "", "hull of the number that it is of, from 1; 0 for none"),
    "shift_s": Column("float32", "s", "of a clock fault: how much too late its time is; else NaN"),
}
"""Judged reports, copies left out, sorted by (mmsi, time)."""

STATE: Final[Mapping[str, Column]] = {
    "mmsi": POSITIONS["mmsi"],
    "hull": Column("int16", "", "a hull of the number, from 1"),
    "time": Column(TIME, "UTC", "when it was heard last"),
    "lat": Column("float64", "deg", "where it was then"),
    "lon": Column("float64", "deg", "where it was then"),
}
"""The hulls heard so far: one row each, sorted by (mmsi, hull)."""

_REASONS: Final = {
    Verdict.CLOCK_FAULT: CLOCK_FAULT,
    Verdict.FALSE_FIX: FALSE_FIX,
    Verdict.INTERFERENCE: INTERFERENCE,
    Verdict.NOT_A_VESSEL: NOT_A_VESSEL,
}


def final_at(end: pd.Timestamp | None, now: pd.Timestamp) -> pd.Timestamp | None:
    """Return when what ended then, or goes on, is final; None if it is now."""
    until = (now if end is None or pd.isna(end) else end) + PROVISIONAL
    return until if until > now else None


class Segmented(NamedTuple):
    """Judged reports as detectors get them.

    Attributes
    ----------
    tracked
        `frames.TRACKED`: sound reports, and those of other hulls.
    noise
        `frames.NOISE`: all others but copies.
    """

    tracked: pd.DataFrame
    noise: pd.DataFrame


class JudgedDate(NamedTuple):
    """What `judge_date` returns.

    Attributes
    ----------
    judged
        `JUDGED` of the date.
    state
        `STATE` at its end.
    counts
        Reports without copies, copies, reports that aren't sound, further hulls.
    """

    judged: pd.DataFrame
    state: pd.DataFrame
    counts: dict[str, int]


def judge_date(
    midnight: pd.Timestamp,
    before: pd.DataFrame,
    day: pd.DataFrame,
    after: pd.DataFrame,
    state: pd.DataFrame,
) -> JudgedDate:
    """Judge the reports of the UTC date that begins at `midnight`.

    Parameters
    ----------
    before
        `JUDGED` of the `LOOK_BACK` before it.
    day, after
        `frames.POSITIONS` of the date, and of the `SETTLING` behind it; in any order.
    state
        `STATE` at its beginning.
    """
    for frame, schema in ((before, JUDGED), (day, POSITIONS), (after, POSITIONS), (state, STATE)):
        validate(frame, schema)
    return _judged(midnight, midnight + timedelta(days=1), before, day, after, state)


def judge_alone(positions: pd.DataFrame) -> pd.DataFrame:
    """Return `JUDGED` of reports of any span, in one go, as if there were no others."""
    validate(positions, POSITIONS)
    if positions.empty:
        return empty(JUDGED)
    first = positions["time"].min().floor("D")
    last = positions["time"].max().floor("D") + timedelta(days=1)
    nothing = empty(POSITIONS)
    return _judged(first, last, empty(JUDGED), positions, nothing, empty(STATE)).judged


def segment(positions: pd.DataFrame) -> Segmented:
    """Return tracks and noise of reports of any span, as if there were no others."""
    return parted(judge_alone(positions))


def parted(judged: pd.DataFrame) -> Segmented:
    """Tell tracks from noise among `JUDGED` reports, or some columns of these.

    Tracks have those columns of `frames.TRACKED` that there are.
    """
    hull = judged["hull"].to_numpy("int64")
    schema = {n: c for n, c in TRACKED.items() if n == "track_id" or n in judged.columns}
    tracked = judged[hull > 0]
    track = tracked["mmsi"].to_numpy() * 100 + hull[hull > 0]
    tracked = tracked.assign(track_id=track)
    time_us = epoch_us(tracked["time"])
    step, later = np.diff(track), np.diff(time_us)
    if not np.all((step > 0) | ((step == 0) & (later > 0))):
        tracked = tracked.take(np.lexsort((time_us, track)))
    aside = judged[hull == 0]
    reasons = [_REASONS.get(Verdict(v), FALSE_FIX) for v in range(len(Verdict))]
    words = np.array(reasons, dtype=object)[aside["verdict"].to_numpy()]
    noise = aside.assign(reason=pd.Series(words, aside.index, dtype="str"))
    noise_schema = {n: c for n, c in NOISE.items() if n in noise.columns}
    return Segmented(
        conform(tracked.reset_index(drop=True), schema),
        conform(noise.reset_index(drop=True), noise_schema),
    )


def remembered_at(state: pd.DataFrame) -> Memory:
    """Return `STATE` as the hulls of each number."""
    heard: dict[int, dict[int, Last]] = {}
    columns = (state["mmsi"], state["hull"], epoch_us(state["time"]), state["lat"], state["lon"])
    for mmsi, hull, time_us, lat, lon in zip(*(c.tolist() for c in columns), strict=True):  # hulls
        heard.setdefault(mmsi, {})[hull] = Last(time_us, lat, lon)
    return heard


def _state_of(memory: Memory) -> pd.DataFrame:
    rows = [(mmsi, hull, *last) for mmsi, hulls in memory.items() for hull, last in hulls.items()]
    if not rows:
        return empty(STATE)
    table = pd.DataFrame(rows, columns=list(STATE))
    table["time"] = from_epoch_us(table["time"].to_numpy("int64"))
    return conform(table.sort_values(["mmsi", "hull"], ignore_index=True), STATE)


def _judged(
    start: pd.Timestamp,
    end: pd.Timestamp,
    before: pd.DataFrame,
    span: pd.DataFrame,
    after: pd.DataFrame,
    state: pd.DataFrame,
) -> JudgedDate:
    parts = [select(part, POSITIONS) for part in (before, span, after) if len(part)]
    if not parts:
        return JudgedDate(empty(JUDGED), state, _counts(0, empty(JUDGED), state, state))
    whole = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
    known = np.zeros(len(whole), np.uint8)
    known[: len(before)] = before["hull"].to_numpy("uint8")
    order = _order(whole)
    whole, known = whole.take(order).reset_index(drop=True), known[order]
    reports = Reports(
        whole["mmsi"].to_numpy(),
        epoch_us(whole["time"]),
        whole["lat"].to_numpy(),
        whole["lon"].to_numpy(),
        whole["sog_kn"].to_numpy(),
        whole["cog_deg"].to_numpy(),
    )
    start_us, end_us = start.value // 1_000, end.value // 1_000
    settled = settle(
        reports,
        known,
        remembered_at(state),
        start_us,
        end_us,
        end_us + int(SETTLING_S * SECOND_US),
    )
    inside = (reports.time_us >= start_us) & (reports.time_us < end_us)
    kept = inside & (settled.judged.verdict != Verdict.COPY)
    judged = whole[kept].assign(
        verdict=settled.judged.verdict[kept],
        hull=settled.judged.hull[kept],
        shift_s=settled.judged.shift_s[kept],
    )
    judged = conform(judged.reset_index(drop=True), JUDGED)
    ended = _state_of(settled.memory)
    return JudgedDate(judged, ended, _counts(int(np.count_nonzero(inside)), judged, state, ended))


def _order(positions: pd.DataFrame) -> NDArray[np.int64]:
    """Return what sorts reports in the order in which they are judged."""
    mmsi, time_us = positions["mmsi"].to_numpy(), epoch_us(positions["time"])
    step, later = np.diff(mmsi), np.diff(time_us)
    if np.all((step > 0) | ((step == 0) & (later > 0))):
        return np.arange(len(positions))
    source = pd.factorize(positions["source"], sort=True)[0]
    keys = (positions["source_offset"].to_numpy(), source, time_us, mmsi)
    return np.asarray(np.lexsort(keys), "int64")


def _counts(
    received: int, judged: pd.DataFrame, began: pd.DataFrame, ended: pd.DataFrame
) -> dict[str, int]:
    of_each = np.bincount(judged["verdict"].to_numpy("int64"), minlength=len(Verdict))
    return {
        "reports": len(judged),
        "duplicates": received - len(judged),
        "false_fixes": int(of_each[[Verdict.FALSE_FIX, Verdict.INTERFERENCE]].sum()),
        "clock_faults": int(of_each[Verdict.CLOCK_FAULT]),
        "not_vessels": int(of_each[Verdict.NOT_A_VESSEL]),
        "further_hulls": int((ended["hull"] > 1).sum() - (began["hull"] > 1).sum()),
    }
