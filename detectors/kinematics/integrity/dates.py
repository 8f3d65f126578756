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
from detectors.kinematics.integrity.jammed import beside, in_squares_around, jammed_places
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

Ints = NDArray[np.int64]

VERSION: Final = "7"
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

_NO_CELLS: Final = np.zeros((0, 4), "int64")
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


class JudgedPart(NamedTuple):
    """What `judge_part` returns.

    Attributes
    ----------
    judged, state
        As of `JudgedDate`, but that what interference makes is a false fix.
    counts
        As of `JudgedDate`; those of several parts are added up.
    astray
        What tells interference, by stretch; see `jammed_in`.
    """

    judged: pd.DataFrame
    state: pd.DataFrame
    counts: dict[str, int]
    astray: list[Ints]


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
    part = judge_part(midnight, before, day, after, state)
    found = with_interference(part, jammed_in([part]), midnight)
    return JudgedDate(found.judged, found.state, found.counts)


def judge_part(
    midnight: pd.Timestamp,
    before: pd.DataFrame,
    day: pd.DataFrame,
    after: pd.DataFrame,
    state: pd.DataFrame,
) -> JudgedPart:
    """Do the same for some of the vessels, whose reports and state alone are given.

    Vessels bear on one another by interference only, which is told when all parts are there.
    """
    for frame, schema in ((before, JUDGED), (day, POSITIONS), (after, POSITIONS), (state, STATE)):
        validate(frame, schema)
    return _judged(midnight, midnight + timedelta(days=1), before, day, after, state)


def jammed_in(parts: Sequence[JudgedPart]) -> list[Ints]:
    """Return where there was interference in each stretch of a span, from all parts of it."""
    return [jammed_places(of_parts) for of_parts in zip(*(p.astray for p in parts), strict=True)]


def with_interference(part: JudgedPart, jammed: Sequence[Ints], start: pd.Timestamp) -> JudgedPart:
    """Return a part with the interference among its reports marked.

    `jammed` is of the stretches from `start` on; see `jammed_in`.
    """
    if not any(len(places) for places in jammed):
        return part
    judged = part.judged
    found = Judged(*(judged[name].to_numpy(copy=True) for name in Judged._fields))
    mark_stretches(_reports(judged), found, jammed, start.value // 1_000)
    judged = judged.assign(verdict=found.verdict, hull=found.hull)
    counts = {**part.counts, "false_fixes": _false(judged)}
    return part._replace(judged=judged, counts=counts)


def judge_alone(positions: pd.DataFrame) -> pd.DataFrame:
    """Return `JUDGED` of reports of any span, in one go, as if there were no others."""
    validate(positions, POSITIONS)
    if positions.empty:
        return empty(JUDGED)
    first = positions["time"].min().floor("D")
    last = positions["time"].max().floor("D") + timedelta(days=1)
    nothing = empty(POSITIONS)
    part = _judged(first, last, empty(JUDGED), positions, nothing, empty(STATE))
    return with_interference(part, jammed_in([part]), first).judged


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
) -> JudgedPart:
    parts = [select(part, POSITIONS) for part in (before, span, after) if len(part)]
    start_us, end_us = start.value // 1_000, end.value // 1_000
    if not parts:
        nothing = empty(JUDGED)
        strays = [_NO_CELLS] * ((end_us - start_us) // (STRETCH_S * SECOND_US))
        return JudgedPart(nothing, state, _counts(0, nothing, state, state), strays)
    whole = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
    known = np.zeros(len(whole), np.uint8)
    known[: len(before)] = before["hull"].to_numpy("uint8")
    order = _order(whole)
    whole, known = whole.take(order).reset_index(drop=True), known[order]
    reports = _reports(whole)
    settled = settle_each(
        reports,
        known,
        heard_in(state),
        start_us,
        end_us,
    )
    inside = (reports.time_us >= start_us) & (reports.time_us < end_us)
    kept = inside & (settled.judged.verdict != Verdict.COPY)
    judged = whole[kept].assign(
        verdict=settled.judged.verdict[kept],
        hull=settled.judged.hull[kept],
        shift_s=settled.judged.shift_s[kept],
    )
    judged = conform(judged.reset_index(drop=True), JUDGED)
    ended = _state_of(settled.heard)
    counts = _counts(int(np.count_nonzero(inside)), judged, state, ended)
    return JudgedPart(judged, ended, counts, settled.astray)


def _reports(positions: pd.DataFrame) -> Reports:
    return Reports(
        positions["mmsi"].to_numpy(),
        epoch_us(positions["time"]),
        positions["lat"].to_numpy(),
        positions["lon"].to_numpy(),
        positions["sog_kn"].to_numpy(),
        positions["cog_deg"].to_numpy(),
    )


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


def _counts(
    received: int, judged: pd.DataFrame, began: pd.DataFrame, ended: pd.DataFrame
) -> dict[str, int]:
    of_each = np.bincount(judged["verdict"].to_numpy("int64"), minlength=len(Verdict))
    return {
        "reports": len(judged),
        "duplicates": received - len(judged),
        "false_fixes": _false(judged),
        "clock_faults": int(of_each[Verdict.CLOCK_FAULT]),
        "not_vessels": int(of_each[Verdict.NOT_A_VESSEL]),
        "further_hulls": int((ended["hull"] > 1).sum() - (began["hull"] > 1).sum()),
    }


def _false(judged: pd.DataFrame) -> int:
    return n_false(judged["verdict"].to_numpy())


def n_false(verdict: NDArray[np.uint8]) -> int:
    """Count the verdicts that a report lies where the vessel wasn't."""
    return int(np.isin(verdict, [Verdict.FALSE_FIX, Verdict.INTERFERENCE]).sum())


def vessels_around(positions: pd.DataFrame, jammed: Ints) -> Ints:
    """Return the vessels among reports at some hours and squares, or in squares beside these."""
    columns = (positions["lat"].to_numpy(), positions["lon"].to_numpy())
    around = in_squares_around(epoch_us(positions["time"]), *columns, jammed)
    return np.unique(positions["mmsi"].to_numpy()[around])


def astray_around(part: JudgedPart, jammed: Ints) -> Ints:
    """Return the vessels of a part that had false fixes there."""
    astray = np.concatenate(part.astray)
    return np.unique(astray[beside(astray[:, :3], jammed), 3])
