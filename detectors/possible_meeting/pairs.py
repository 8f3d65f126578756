"""Pairs that can have met, and how likely."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.core import events
from detectors.core.arrays import Floats, Ints
from detectors.core.errors import SelatError
from detectors.core.evidence import Evidence
from detectors.core.frames import NAV_STATUS_UNDEFINED, SECOND_US, is_first
from detectors.core.hypothesis import Known
from detectors.hypotheses.possible_meeting import LOITERED, WAITING_FOR_A_REASON
from detectors.kinematics import bridges, geodesy, prism, reach, shapes, timegrid
from detectors.kinematics.prism import Discs, Prisms
from detectors.kinematics.reports import Reports
from detectors.possible_meeting.limits import Limits
from detectors.possible_meeting.story import (
    SHARE_WORTH,
    Loitering,
    Meeting,
    Meetings,
    Silence,
    Story,
    prisms_of,
    told_apart,
)
from detectors.surroundings.coverage import SLOT_US, Coverage

REACH_CELLS: Final = 7
"""Cells of 0.1 degree: 42 nm each way, as far as those who are to meet come together."""
Overlaps = tuple[Ints, Ints, Ints, Ints]
"""Silence, loitering, from and until when both last."""

STEP_US: Final = 300 * SECOND_US
"""A loiterer's place is asked every five minutes, on the absolute grid."""
TICKS_AT_ONCE: Final = 1_000_000
MOST: Final = 2**20
"""So many pairs are held against one another at most, some 0.1 ms each: thirty times what a night
of 8 M reports had."""
MOST_TICKS: Final = 2**28
"""And so many ticks of silences and loiterings."""
LOSE_TIME: Final = 0.3
"""Of 57 silences of 1-12 h of vessels under way before and after (5 kn or more) on a day in the
Baltic, 17 took half an hour or more longer than the way between their ends asked for."""
BY_PASSES_RATE: Final = 0.002
"""Of 240 vessels on three simulated nights that satellites alone heard so many fell silent in a
half hour, with nothing planted of them, for longer than missed passes explain (9 silences)."""


def between_silences(
    limits: Limits, silences: Sequence[Silence], last: NDArray[np.bool_], heard: Coverage
) -> list[Meeting]:
    """Find pairs of silences in which two vessels can have been together long enough.

    Each silence keeps its best partners among those that were heard again before it. `last` tells
    of which partners are wanted.

    Raises SelatError where `MOST` pairs or more can have met.
    """
    if not last.any():
        return []
    prisms = prisms_of(silences)
    end_us = np.array([s.end_us for s in silences], "int64")
    track = np.array([s.track for s in silences], "int64")
    stay_s = float(limits.min_meeting_s)
    # Where either is wanted the one that ends last is.
    share = limits.min_weight / SHARE_WORTH
    first, second = prism.can_meet(prisms, stay_s, share, last, MOST)
    if len(first) >= MOST:
        raise _too_many(prisms, np.r_[first, second])
    # The silence of the two that ends last comes first.
    later = (end_us[second] > end_us[first]) | (
        (end_us[second] == end_us[first]) & (track[second] > track[first])
    )
    first, second = np.where(later, second, first), np.where(later, first, second)
    first, second = first[last[first]], second[last[first]]
    joint = prism.together(prisms, first, second, stay_s)
    a, b = prisms.rows(first), prisms.rows(second)
    begin_us = np.maximum(a.start_us, b.start_us)
    both_us = np.minimum(a.until_us, b.until_us) - begin_us
    union_us = np.maximum(a.until_us, b.until_us) - np.minimum(a.start_us, b.start_us)
    both_s = both_us / SECOND_US
    lost_s = np.array([s.lost_s for s in silences])
    idle = lost_s >= np.maximum(stay_s, prisms.duration_s * (1.0 - 1.0 / limits.reach_share))
    idle, spare_s = idle[first] & idle[second], np.fmin(lost_s[first], lost_s[second])
    lost_apart_s = np.where(idle, np.abs(lost_s[first] - lost_s[second]), np.nan)
    n = len(first)
    meetings = Meetings(
        first,
        second,
        begin_us,
        end_us[first],
        both_s,
        joint.longest_s,
        np.minimum(1.0, joint.longest_s / np.where(idle, np.minimum(spare_s, both_s), both_s)),
        joint.area_km2,
        joint.lat,
        joint.lon,
        np.full(n, NAV_STATUS_UNDEFINED),
        spare_s,
        np.where(end_us[first] == events.NEVER, 0.0, both_us / union_us),
        _chance(silences, prisms, first, second, lost_apart_s, heard),
    )
    kept = _best(limits, meetings, silences, np.zeros(n, bool))
    begin_us, until_us = kept.begin_us, kept.begin_us + (kept.both_s * SECOND_US).astype("int64")
    origin = kept.lat[:, None], kept.lon[:, None]
    one, other = (
        _silent(prisms.rows(rows), begin_us, until_us, origin) for rows in (kept.first, kept.second)
    )
    alongside = bridges.alongside(one, other, limits.alongside_m)
    return _told(limits, kept, alongside, silences, silences)


def _silent(
    lone: Prisms, begin_us: Ints, until_us: Ints, origin: tuple[Floats, Floats]
) -> bridges.Motion:
    """Return how likely silent vessels are where between two times, from places of origin."""
    at = origin[0][:, 0], origin[1][:, 0]
    last = shapes.plane_m(lone.lat, lone.lon, *at)
    following = shapes.plane_m(lone.next_lat, lone.next_lon, *at)
    apart_m = geodesy.distance_m(lone.lat, lone.lon, lone.next_lat, lone.next_lon)
    rate = bridges.diffusion_m2_s(lone.mps * lone.duration_s, apart_m, lone.duration_s)
    gone = (_moments(begin_us, until_us) - lone.start_us[:, None]) / SECOND_US
    share = gone / np.maximum(lone.duration_s, 1.0)[:, None]
    return bridges.Motion.silent(last, following, share, rate * lone.duration_s)


def _moments(begin_us: Ints, until_us: Ints) -> Ints:
    """Return moments from one time to another, one row each."""
    part = np.linspace(0.0, 1.0, bridges.STEPS + 1)
    return np.asarray(begin_us[:, None] + (part * (until_us - begin_us)[:, None]).astype("int64"))


def _chance(
    silences: Sequence[Silence],
    prisms: Prisms,
    first: Ints,
    second: Ints,
    lost_apart_s: Floats,
    heard: Coverage,
) -> Floats:
    """Return how likely it is that any other silence agrees with the first as the second does.

    So many vessels were heard within `REACH_CELLS` as it began, of whom each falls silent in a
    half hour with the chance of that place and night (see `_rate`). Of those that do, so many begin
    no further apart in time than these two (a Poisson process), and of these as many end so too,
    and so many lose as much time (by as much as `lost_apart_s`; NaN where not both lost any).
    """
    starts_us, rates = prisms.start_us, [_rate(s) for s in silences]
    around = heard.within(prisms.lat, prisms.lon, starts_us // SLOT_US, REACH_CELLS)
    rate = np.nan_to_num(np.array(rates), nan=1.0) * np.maximum(around, 1)
    apart = 1.0 + 2.0 * np.abs(starts_us[first] - starts_us[second]) / SLOT_US
    ends_us = np.array([s.end_us for s in silences], "int64")
    is_open = (ends_us[first] == events.NEVER) | (ends_us[second] == events.NEVER)
    ended_apart_us = np.abs(prisms.until_us[first] - prisms.until_us[second])
    lasted_us = np.maximum(prisms.until_us[first] - starts_us[first], 1)
    alike = np.where(is_open, 1.0, np.minimum((SLOT_US + 2.0 * ended_apart_us) / lasted_us, 1.0))
    lost_alike = LOSE_TIME * (SLOT_US + 2.0 * lost_apart_s * SECOND_US) / lasted_us
    alike *= np.nan_to_num(np.minimum(lost_alike, LOSE_TIME), nan=1.0)
    return np.asarray(1.0 - np.exp(-rate[first] * apart * alike))


def _rate(silence: Silence) -> float:
    """Return the chance that a vessel falls silent so in a half hour.

    Where one is heard by passes an hour's silence is the rule, and says little of how often one
    misses as many passes as this one did.
    """
    rate = silence.facts.number("silence_probability")
    if not silence.facts.get("by_passes"):
        return rate
    return min(rate, max(silence.facts.number("missed_probability"), BY_PASSES_RATE))


def with_loiterers(
    limits: Limits,
    silences: Sequence[Silence],
    loiterings: Sequence[Loitering],
    reports: Reports,
    types: dict[int, int],
    now_us: int,
) -> list[Meeting]:
    """Find silences during which a vessel can have been with one that loitered.

    Each keeps its best partners: those without a reason to wait first.

    Parameters
    ----------
    reports
        Those of the tracks that loitered.
    types
        The ship type that each vessel states.

    Raises SelatError where `MOST_TICKS` or more are to be asked.
    """
    if len(silences) == 0 or len(loiterings) == 0:
        return []
    prisms = prisms_of(silences)
    drifts = _discs(loiterings, reports, now_us)
    mmsi = np.array([s.mmsi for s in loiterings], "int64")
    track = np.array([s.track for s in loiterings], "int64")
    least_us = limits.min_meeting_s * SECOND_US

    def overlapping() -> Iterator[Overlaps]:
        ticks = 0
        for silence, drift in prism.touching(prisms.discs(limits.min_meeting_s), drifts):
            begin_us = np.maximum(prisms.start_us[silence], drifts.start_us[drift])
            last_us = np.minimum(prisms.until_us[silence], drifts.until_us[drift])
            long = (prisms.mmsi[silence] != mmsi[drift]) & (last_us - begin_us >= least_us)
            ticks += int((last_us - begin_us)[long].sum() // STEP_US)
            if ticks >= MOST_TICKS:
                raise _too_many(prisms, silence[long])
            yield silence[long], drift[long], begin_us[long], last_us[long]

    found = [_seen_with(limits, prisms, *some, track, reports) for some in _by_ticks(overlapping())]
    if not found:
        return []
    columns = [np.concatenate(column) for column in zip(*found, strict=True)]
    silence, drift, begin_us, both_s, longest_s, lat, lon, way_m, at_us = columns
    lone = prisms.rows(silence)
    apart_m = geodesy.distance_m(lone.lat, lone.lon, lone.next_lat, lone.next_lon)
    usual_mps = np.array([s.usual_mps for s in silences])[silence]
    row, _ = timegrid.around(reports.track, reports.time_us, track[drift], at_us)
    meetings = Meetings(
        silence,
        drift,
        begin_us,
        np.array([s.end_us for s in silences], "int64")[silence],
        both_s,
        longest_s,
        np.minimum(1.0, longest_s / both_s),
        reach.area_km2(way_m, apart_m),
        lat,
        lon,
        reports.nav_status[row].astype("int64"),
        lone.duration_s - way_m / usual_mps,
        np.zeros(len(silence)),
        np.ones(len(silence)),
    )
    excused = _have_reasons([types.get(int(m), -1) for m in mmsi[drift]], meetings.status)
    kept = _best(limits, meetings, loiterings, excused)
    begin_us, until_us = kept.begin_us, kept.begin_us + (kept.both_s * SECOND_US).astype("int64")
    moments = _moments(begin_us, until_us)
    lat, lon = reports.position_at(np.repeat(track[kept.second], moments.shape[1]), moments.ravel())
    origin = kept.lat[:, None], kept.lon[:, None]
    seen = shapes.plane_m(lat.reshape(moments.shape), lon.reshape(moments.shape), *origin)
    alongside = bridges.alongside(
        _silent(prisms.rows(kept.first), begin_us, until_us, origin),
        bridges.Motion.heard(*seen),
        limits.alongside_m,
    )
    return _told(limits, kept, alongside, silences, loiterings)


def _too_many(prisms: Prisms, rows: Ints) -> SelatError:
    """Return what says where most could have met, by the silences of pairs that could."""
    most = int(np.bincount(rows).argmax())
    at = np.datetime64(int(prisms.start_us[most]), "us").astype("datetime64[m]")
    return SelatError(
        f"too many silent vessels to tell who can have met whom: {len(prisms.mmsi):,}, most around "
        f"{prisms.lat[most]:.4f}, {prisms.lon[most]:.4f}, {at} UTC",
        "so many are hardly vessels: look which feed they come from, and leave it out",
    )


def _by_ticks(parts: Iterable[Overlaps]) -> Iterator[Overlaps]:
    """Yield the same pairs in parts of some `TICKS_AT_ONCE`: each part costs as many calls."""
    held, ticks = list[Overlaps](), 0
    for part in parts:
        of = np.cumsum((part[3] - part[2]) // STEP_US + 1)
        for some in np.split(np.arange(len(of)), np.flatnonzero(np.diff(of // TICKS_AT_ONCE)) + 1):
            if len(some) == 0:
                continue
            held.append((part[0][some], part[1][some], part[2][some], part[3][some]))
            ticks += int(of[some[-1]] - of[some[0]]) + 1
            if ticks >= TICKS_AT_ONCE:
                yield _joined(held)
                held, ticks = [], 0
    if held:
        yield _joined(held)


def _joined(parts: Sequence[Overlaps]) -> Overlaps:
    one, other, begin_us, last_us = (np.concatenate(column) for column in zip(*parts, strict=True))
    return one, other, begin_us, last_us


def _discs(loiterings: Sequence[Loitering], reports: Reports, now_us: int) -> Discs:
    """Return discs that hold each loiterer for as long as it loitered."""
    track = np.array([s.track for s in loiterings], "int64")
    start_us = np.array([s.start_us for s in loiterings], "int64")
    until_us = np.minimum(np.array([s.end_us for s in loiterings], "int64"), now_us)
    first, _ = timegrid.around(reports.track, reports.time_us, track, start_us)
    _, last = timegrid.around(reports.track, reports.time_us, track, until_us)
    of, row = timegrid.ranges(first, last - first + 1)
    begins = np.cumsum(last - first + 1) - (last - first + 1)
    xyz = geodesy.unit_xyz(reports.lat[row], reports.lon[row])
    lat, lon = geodesy.from_unit_xyz(np.add.reduceat(xyz, begins, axis=0))
    away_m = geodesy.distance_m(lat[of], lon[of], reports.lat[row], reports.lon[row])
    return Discs(lat, lon, np.maximum.reduceat(away_m, begins) + 1.0, start_us, until_us)


def _seen_with(
    limits: Limits,
    prisms: Prisms,
    silence: Ints,
    drift: Ints,
    begin_us: Ints,
    last_us: Ints,
    track: Ints,
    reports: Reports,
) -> tuple[Floats | Ints, ...]:
    """Return of pairs of a silence and a loitering, for which that is long enough, how long the one
    can have been where the other was, and where and by which way.
    """
    first = -(-begin_us // STEP_US)
    pair, tick = timegrid.ranges(first, np.maximum(last_us // STEP_US - first + 1, 0))
    at_us = tick * STEP_US
    lat, lon = reports.position_at(track[drift[pair]], at_us)
    lone = prisms.rows(silence[pair])
    there = np.flatnonzero(lone.hold(lat, lon, at_us))
    begin, end = timegrid.stretches(pair[there], cut=np.diff(there) != 1)
    length = end - begin + 1
    # Of each pair the longest stretch, the first of equal ones.
    order = np.lexsort((begin, -length, pair[there[begin]]))
    best = order[is_first(pair[there[begin[order]]])]
    best = best[(length[best] - 1) * STEP_US >= limits.min_meeting_s * SECOND_US]
    begin, end, length = there[begin[best]], there[end[best]], length[best]
    way_m = timegrid.aggregate(np.minimum, lone.way_m(lat, lon), begin, end)
    middle, of = begin + length // 2, pair[begin]
    return (
        silence[of],
        drift[of],
        begin_us[of],
        (last_us - begin_us)[of] / SECOND_US,
        (length - 1) * STEP_US / SECOND_US,
        lat[middle],
        lon[middle],
        way_m,
        at_us[middle],
    )


def _best(
    limits: Limits,
    meetings: Meetings,
    others: Sequence[Story],
    excused: NDArray[np.bool_],
) -> Meetings:
    """Return the best pairs of each silence, those not excused first."""
    weight = meetings.weight(meetings.tightness(limits.tight_area_km2), limits.min_meeting_s)
    rows = np.flatnonzero(
        (weight >= limits.min_weight) & (meetings.longest_s >= limits.min_meeting_s)
    )
    found, weight = meetings.rows(rows), weight[rows]
    track = np.array([s.track for s in others], "int64")[found.second]
    order = np.lexsort((track, found.begin_us, -weight, excused[rows], found.first))
    rank = np.arange(len(order)) - np.searchsorted(found.first[order], found.first[order])
    kept = order[rank < limits.max_per_silence]
    return found.rows(kept)


def _told(
    limits: Limits,
    kept: Meetings,
    alongside: Floats,
    silences: Sequence[Silence],
    others: Sequence[Story],
) -> list[Meeting]:
    """Return those that are worth telling, knowing how likely they were alongside."""
    weight = kept.weight(alongside, limits.min_meeting_s)
    rows = np.flatnonzero(weight >= limits.min_weight)
    return told_apart(kept.rows(rows), weight[rows], alongside[rows], silences, others)


def _have_reasons(ship_types: Sequence[int], statuses: Ints) -> NDArray[np.bool_]:
    """Tell whether loiterers of some types and navigation statuses wait for a reason."""
    kinds, of = np.unique(np.column_stack([ship_types, statuses]), axis=0, return_inverse=True)
    told = [has_reason_to_wait(*kind) for kind in kinds.tolist()]
    return np.array(told, bool)[of.ravel()]


def has_reason_to_wait(ship_type: int, status: int) -> bool:
    """Tell whether a loiterer of some type and navigation status waits for a reason."""
    evidence = Evidence(facts={**LOITERED, "nav_status": status})
    known = Known("possible_meeting", "silent_and_loitering", evidence, (ship_type,))
    return WAITING_FOR_A_REASON.fitting(known) is not None
