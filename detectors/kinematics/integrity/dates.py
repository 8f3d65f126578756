"""The reports of a UTC date, judged: what is worked out once and kept.

A date is judged from its reports, those of the `LOOK_BACK_S` before it as they were judged then,
those of the `SETTLING_S` behind it, and the hulls heard before. So dates judged one after the other
are as in one go, and a change reaches as far as it changes what the next date begins with.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.arrays import Ints
from detectors.core.frames import (
    CLOCK_FAULT,
    FALSE_FIX,
    INTERFERENCE,
    NOISE,
    NOT_A_VESSEL,
    POSITIONS,
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
from detectors.kinematics.integrity.jammed import jammed_places
from detectors.kinematics.integrity.settling import (
    LOOK_BACK_S,
    SETTLING_S,
    STRETCH_S,
    mark_stretches,
    settle_each,
)
from detectors.kinematics.integrity.verdicts import (
    Heard,
    Judged,
    Reports,
    Verdict,
)

VERSION: Final = "20"
"""Raised when the same reports get other verdicts."""

LOOK_BACK: Final = timedelta(seconds=LOOK_BACK_S)
SETTLING: Final = timedelta(seconds=SETTLING_S)

PROVISIONAL: Final = timedelta(seconds=STRETCH_S + SETTLING_S)
"""So long after a report its verdict is final at the latest; until then it may change with what
comes in, and so may the events that rest on it."""

_SHIFT: Final = (
    "of a clock fault: how much too late its time is; of a report whose receiver's clock was put "
    "right: how much was taken off; else NaN"
)
JUDGED: Final[Mapping[str, Column]] = {
    **POSITIONS,
    "verdict": Column("uint8", "", "a `Verdict`"),
    "hull": Column("uint8", "", "hull of the number that it is of, from 1; 0 for none"),
    "shift_s": Column("float32", "s", _SHIFT),
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
    """Judged reports as detectors get them."""

    tracked: pd.DataFrame
    """`frames.TRACKED`: sound reports, and those of other hulls."""
    noise: pd.DataFrame
    """`frames.NOISE`: all others but copies."""


class JudgedDate(NamedTuple):
    """The reports of a span, judged."""

    judged: pd.DataFrame
    """`JUDGED` of it."""
    state: pd.DataFrame
    """`STATE` at its end."""
    counts: dict[str, int]
    """Reports without copies, copies, reports that aren't sound, further hulls."""


class JudgedPart(NamedTuple):
    """What `judge_part` returns."""

    rows: Ints
    """Which of the reports that were given are of the date and no copies."""
    reports: Reports
    found: Judged
    """These, and what each is worth; what interference makes is a false fix."""
    state: pd.DataFrame
    counts: dict[str, int]
    """As of `JudgedDate`; counts of several parts are added up."""
    astray: list[Ints]
    """What tells interference, by stretch; see `jammed_in`."""


def judge_part(
    start: pd.Timestamp,
    end: pd.Timestamp,
    reports: Reports,
    known: NDArray[np.uint8],
    state: pd.DataFrame,
) -> JudgedPart:
    """Judge the reports from one midnight to before another, of some of the vessels.

    Vessels bear on one another by interference only, which is told when all parts are there.

    Parameters
    ----------
    reports
        All of these vessels from `LOOK_BACK` before to `SETTLING` behind, sorted by (mmsi, time),
        where they are of one time by their place in the feeds.
    known
        The hull of those before `start` as they were judged, 0 of all others and of none.
    state
        `STATE` at the beginning, of these vessels.
    """
    validate(state, STATE)
    start_us, end_us = start.value // 1_000, end.value // 1_000
    settled = settle_each(reports, known, heard_in(state), start_us, end_us)
    inside = (reports.time_us >= start_us) & (reports.time_us < end_us)
    rows = np.flatnonzero(inside & (settled.judged.verdict != Verdict.COPY))
    found = settled.judged.take(rows)
    ended = _state_of(settled.heard)
    of_each = np.bincount(found.verdict, minlength=len(Verdict))
    counts = {
        "reports": len(rows),
        "duplicates": int(np.count_nonzero(inside)) - len(rows),
        "false_fixes": n_false(found.verdict),
        "clock_faults": int(of_each[Verdict.CLOCK_FAULT]),
        "not_vessels": int(of_each[Verdict.NOT_A_VESSEL]),
        "further_hulls": int((ended["hull"] > 1).sum() - (state["hull"] > 1).sum()),
    }
    return JudgedPart(rows, reports.take(rows), found, ended, counts, settled.astray)


def jammed_in(parts: Sequence[JudgedPart]) -> list[Ints]:
    """Return where there was interference in each stretch of a span, from all parts of it."""
    return [jammed_places(of_parts) for of_parts in zip(*(p.astray for p in parts), strict=True)]


def with_interference(part: JudgedPart, jammed: Sequence[Ints], start: pd.Timestamp) -> JudgedPart:
    """Return a part with the interference among its reports marked.

    `jammed` is of the stretches from `start` on; see `jammed_in`.
    """
    if not any(len(places) for places in jammed):
        return part
    found = part.found.take(slice(None))
    mark_stretches(part.reports, found, jammed, start.value // 1_000)
    counts = {**part.counts, "false_fixes": n_false(found.verdict)}
    return part._replace(found=found, counts=counts)


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
    words = reason_of(aside["verdict"].to_numpy())
    noise = aside.assign(reason=pd.Series(words, aside.index, dtype="str"))
    noise_schema = {n: c for n, c in NOISE.items() if n in noise.columns}
    return Segmented(
        conform(tracked.reset_index(drop=True), schema),
        conform(noise.reset_index(drop=True), noise_schema),
    )


def reason_of(verdict: NDArray[np.uint8]) -> NDArray[np.object_]:
    """Return the reason of noise (`frames.NOISE`) by its verdict."""
    reasons = [_REASONS.get(Verdict(v), FALSE_FIX) for v in range(len(Verdict))]
    return np.array(reasons, dtype=object)[verdict]


def heard_in(state: pd.DataFrame) -> Heard:
    """Return `STATE` as arrays."""
    names = ("mmsi", "hull", "time", "lat", "lon")
    mmsi, hull, time, lat, lon = (state[name] for name in names)
    place = lat.to_numpy(), lon.to_numpy()
    return Heard(mmsi.to_numpy(), hull.to_numpy("int64"), epoch_us(time), *place)


def _state_of(heard: Heard) -> pd.DataFrame:
    columns = {**heard._asdict(), "time": from_epoch_us(heard.time_us)}
    return conform(pd.DataFrame(columns), STATE)


def _judged(
    start: pd.Timestamp,
    end: pd.Timestamp,
    before: pd.DataFrame,
    span: pd.DataFrame,
    after: pd.DataFrame,
    state: pd.DataFrame,
) -> JudgedDate:
    parts = [select(part, POSITIONS) for part in (before, span, after) if len(part)]
    whole = pd.concat(parts, ignore_index=True) if len(parts) > 1 else (parts or [span])[0]
    known = np.zeros(len(whole), np.uint8)
    known[: len(before)] = before["hull"].to_numpy("uint8")
    order = _order(whole)
    whole = whole.take(order).reset_index(drop=True)
    part = judge_part(start, end, Reports.of(whole), known[order], state)
    part = with_interference(part, jammed_in([part]), start)
    judged = whole.take(part.rows).reset_index(drop=True).assign(**part.found._asdict())
    return JudgedDate(conform(judged, JUDGED), part.state, part.counts)


def _order(positions: pd.DataFrame) -> NDArray[np.int64]:
    """Return what sorts reports in the order in which they are judged.

    Where they are of one time, by their place in the feeds.
    """
    mmsi, time_us = positions["mmsi"].to_numpy(), epoch_us(positions["time"])
    step, later = np.diff(mmsi), np.diff(time_us)
    if np.all((step > 0) | ((step == 0) & (later > 0))):
        return np.arange(len(positions))
    order = np.lexsort((time_us, mmsi))
    same = (np.diff(mmsi[order]) == 0) & (np.diff(time_us[order]) == 0)
    tied = np.flatnonzero(np.r_[False, same] | np.r_[same, False])
    if len(tied):
        rows = order[tied]
        place = positions[["source", "source_offset"]].take(rows)
        source = pd.factorize(place["source"], sort=True)[0]
        run = np.cumsum(np.r_[True, ~same])[tied]
        order[tied] = rows[np.lexsort((place["source_offset"].to_numpy(), source, run))]
    return np.asarray(order, "int64")


def n_false(verdict: NDArray[np.uint8]) -> int:
    """Count the verdicts that a report lies where the vessel wasn't."""
    return int(np.isin(verdict, [Verdict.FALSE_FIX, Verdict.INTERFERENCE]).sum())
