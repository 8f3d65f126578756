"""Pairs that can have met, and how likely."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.core import events
from detectors.core.evidence import Evidence
from detectors.core.frames import NAV_STATUS_UNDEFINED, SECOND_US
from detectors.core.hypothesis import Known
from detectors.hypotheses.possible_meeting import LOITERED, WAITING_FOR_A_REASON
from detectors.kinematics import geodesy
from detectors.possible_meeting.limits import Limits
from detectors.possible_meeting.prism import together
from detectors.possible_meeting.story import Loitering, Meeting, Silence, Table

Ints = NDArray[np.int64]

COINCIDENCE: Final = 0.6
"""Overlap of two silences over their union from which on they are taken to agree."""

STEP_US: Final = 300 * SECOND_US
"""A loiterer's place is asked every five minutes, on the absolute grid."""

PAIRS_AT_ONCE: Final = 200


def pairs_of(limits: Limits, silences: Sequence[Silence]) -> tuple[Ints, Ints]:
    """Find silences that overlap long enough, of two vessels whose ends aren't too far apart."""
    table = Table.of(silences)
    first, second = np.triu_indices(len(silences), 1)
    a, b = table.rows(first), table.rows(second)
    begin_us = np.maximum(a.start_us, b.start_us)
    last_us = np.minimum(a.until_us, b.until_us) - limits.min_meeting_s * SECOND_US
    possible = (a.mmsi != b.mmsi) & (last_us >= begin_us)
    # Whatever the place, both come there from their last positions by the latest moment.
    arrive_m = a.mps * (last_us - a.start_us) + b.mps * (last_us - b.start_us)
    possible &= geodesy.distance_m(a.lat, a.lon, b.lat, b.lon) <= arrive_m / SECOND_US
    leave_us = begin_us + limits.min_meeting_s * SECOND_US
    leave_m = a.mps * (a.until_us - leave_us) + b.mps * (b.until_us - leave_us)
    apart_m = geodesy.distance_m(a.next_lat, a.next_lon, b.next_lat, b.next_lon)
    possible &= ~(apart_m > leave_m / SECOND_US)  # a NaN asks for nothing
    return first[possible], second[possible]


def between_silences(
    limits: Limits, silences: Sequence[Silence], first: Ints, second: Ints
) -> list[Meeting]:
    """Find pairs of silences in which two vessels can have been together long enough."""
    table, found = Table.of(silences), list[Meeting]()
    for i in range(0, len(first), PAIRS_AT_ONCE):
        a, b = first[i : i + PAIRS_AT_ONCE], second[i : i + PAIRS_AT_ONCE]
        joint = together(table.rows(a), table.rows(b), limits.min_meeting_s)
        for k in np.flatnonzero(joint.longest_s >= limits.min_meeting_s):
            one, other = silences[a[k]], silences[b[k]]
            begin_us = max(one.start_us, other.start_us)
            both_s = (min(one.until_us, other.until_us) - begin_us) / SECOND_US
            owner = max((one, other), key=lambda s: (s.end_us, s.track))
            found.append(
                _weighed(
                    limits,
                    one,
                    other,
                    owner,
                    begin_us,
                    max(one.end_us, other.end_us),
                    both_s,
                    float(joint.longest_s[k]),
                    float(joint.area_km2[k]),
                    (float(joint.lat[k]), float(joint.lon[k])),
                )
            )
    return found


def with_loiterers(
    limits: Limits, silences: Sequence[Silence], loiterings: Sequence[Loitering], now_us: int
) -> list[Meeting]:
    """Find silences during which a vessel can have been with one that loitered."""
    found = []
    for silence in silences:
        for loitering in loiterings:
            begin_us = max(silence.start_us, loitering.start_us)
            last_us = min(silence.until_us, loitering.end_us, now_us)
            both_s = (last_us - begin_us) / SECOND_US
            if silence.mmsi == loitering.mmsi or both_s < limits.min_meeting_s:
                continue
            ticks_us = np.arange(-(-begin_us // STEP_US), last_us // STEP_US + 1) * STEP_US
            lat, lon = loitering.places(ticks_us)
            there = silence.holds(lat, lon, ticks_us)
            at, longest = longest_run(there)
            longest_s = max(longest - 1, 0) * STEP_US / SECOND_US
            if longest_s < limits.min_meeting_s:
                continue
            middle, during = at + longest // 2, slice(at, at + longest)
            way_m = silence.way_m(lat[during], lon[during]).min()
            found.append(
                _weighed(
                    limits,
                    silence,
                    loitering,
                    silence,
                    begin_us,
                    silence.end_us,
                    both_s,
                    longest_s,
                    silence.nearer_km2(way_m),
                    (float(lat[middle]), float(lon[middle])),
                    loitering.status_at(int(ticks_us[middle])),
                    silence.spare_s(way_m),
                )
            )
    return found


def _weighed(
    limits: Limits,
    one: Silence | Loitering,
    other: Silence | Loitering,
    owner: Silence | Loitering,
    begin_us: int,
    end_us: int,
    both_s: float,
    longest_s: float,
    area_km2: float,
    place: tuple[float, float],
    status: int = NAV_STATUS_UNDEFINED,
    spare_s: float = float("nan"),
) -> Meeting:
    """Return the meeting with its weight; see the notes of the detector."""
    share = min(1.0, longest_s / both_s)
    agreement = 0.0
    if isinstance(one, Silence) and isinstance(other, Silence) and end_us != events.NEVER:
        union_us = max(one.until_us, other.until_us) - min(one.start_us, other.start_us)
        agreement = both_s * SECOND_US / union_us
    at_once = 0.5 * max(0.0, (agreement - COINCIDENCE) / (1.0 - COINCIDENCE))
    tightness = 1.0 / np.sqrt(1.0 + area_km2 / limits.tight_area_km2)
    weight = float(0.4 * share * (1.0 - (1.0 - tightness) * (1.0 - at_once)))
    if not np.isnan(spare_s):
        weight *= 0.5 + 0.5 * float(np.clip(spare_s / limits.min_meeting_s, 0.0, 1.0))
    low, high = sorted((one, other), key=lambda story: (story.mmsi, story.track))
    return Meeting(
        low,
        high,
        owner.track,
        owner.start_us,
        begin_us,
        end_us,
        both_s,
        longest_s,
        share,
        area_km2,
        agreement,
        weight,
        place,
        status,
        spare_s,
    )


def best(limits: Limits, meetings: Sequence[Meeting], types: dict[int, int]) -> list[Meeting]:
    """Return the best partners of each silence: those without a reason to wait first, by weight."""

    def rank(m: Meeting) -> tuple[bool, float, int, int, int]:
        loiterers = [s for s in (m.one, m.other) if isinstance(s, Loitering)]
        excused = any(has_reason_to_wait(types.get(s.mmsi, -1), m.status) for s in loiterers)
        return excused, -m.weight, m.start_us, m.one.track, m.other.track

    ranked = sorted((m for m in meetings if m.weight >= limits.min_weight), key=rank)
    kept, counts = [], dict[tuple[int, int, bool], int]()
    for meeting in ranked:
        key = (meeting.owner, meeting.owner_start_us, meeting.with_loiterer)
        counts[key] = counts.get(key, 0) + 1
        if counts[key] <= limits.max_per_silence:
            kept.append(meeting)
    return kept


def has_reason_to_wait(ship_type: int, status: int) -> bool:
    """Tell whether a loiterer of some type and navigation status waits for a reason."""
    evidence = Evidence(facts={**LOITERED, "nav_status": status})
    known = Known("possible_meeting", "silent_and_loitering", evidence, (ship_type,))
    return WAITING_FOR_A_REASON.fitting(known) is not None


def longest_run(flags: NDArray[np.bool_]) -> tuple[int, int]:
    """Return first index and length of the longest stretch that holds, the first of equal ones.

    >>> longest_run(np.array([True, False, True, True]))
    (2, 2)
    """
    edges = np.flatnonzero(np.diff(np.r_[False, flags, False].astype("int8")))
    if len(edges) == 0:
        return 0, 0
    lengths = edges[1::2] - edges[::2]
    best = int(lengths.argmax())
    return int(edges[2 * best]), int(lengths[best])
