"""Reports of the same content as an earlier one: copies, and the same once more dated later."""

from typing import Any, Final

import numpy as np

from detectors.core.frames import SECOND_US
from detectors.kinematics.geodesy import KNOT_MPS
from detectors.kinematics.integrity.chains import MAX_SPEED_KN, NEAR_M
from detectors.kinematics.integrity.jit import part
from detectors.kinematics.integrity.rows import Rows
from detectors.kinematics.integrity.shifted import GONE_M, MAX_SHIFT_S, MOVING_KN
from detectors.kinematics.integrity.verdicts import COPY_S, MIN_SHIFT_S

UNIT_M: Final = 0.1852
"""A minute of a great circle in the resolution of AIS, 1/600,000 degree."""

ROUNDED: Final = 30
"""Half a ten-thousandth of a degree in those units, 5.6 m: to four decimals feeds round at worst
of those that tell anything of a boat."""
WENT_M: Final = 32.0
"""Four times as far as two that are rounded so lie apart."""

MAX_AGAIN: Final = 1_024
"""A vessel sends 30 reports a minute at most (ITU-R M.1371-5, annex 1, table 1), which dozens of
providers may deliver; else what a babbler costs would grow with the square of what it sends."""

NO_SPEED: Final = 1_023
NO_COURSE: Final = 3_600
"""What AIS says where none is stated, in tenths."""


@part
def repeated(own: Rows, first: Any, late_s: Any) -> None:
    """Find reports of one vessel of the same content (latitude, longitude, speed, course) as an
    earlier one, the last of which is written to `first`; -1 where there is none.

    Those within `COPY_S` are copies. Of a vessel under way that was elsewhere in between, or of one
    that lay there and was `GONE_M` away in between, a later one is the same report again: a copy
    too within `MIN_SHIFT_S`, and else with a wrong time: `late_s` is how much too late, in seconds,
    and 0 of copies. Of all others `first` is -1. What one provider dates later than another, by
    less than `MIN_SHIFT_S`, is a copy too: see `_dated_again`.
    """
    n = len(own.lat)
    lat, lon = np.empty(n, np.int64), np.empty(n, np.int64)
    stated = np.empty(n, np.int64)
    for row in range(n):
        lat[row] = np.int64(np.rint(own.lat[row] * 600_000))
        lon[row] = np.int64(np.rint(own.lon[row] * 600_000))
        sog = NO_SPEED if np.isnan(own.sog[row]) else np.int64(np.rint(own.sog[row] * 10))
        cog = NO_COURSE if np.isnan(own.cog[row]) else np.int64(np.rint(own.cog[row] * 10))
        stated[row] = sog * 4_096 + cog
    _same_before(lat, lon, stated, first)
    for row in range(n):
        before = first[row]
        if before < 0:
            first[row] = _dated_again(own, lat, lon, stated, first, late_s, row)
            late_s[row] = 0.0
            continue
        between_us = own.time_us[row] - own.time_us[before]
        late_s[row] = 0.0
        if between_us <= COPY_S * SECOND_US:
            continue
        late_s[row] = between_us / SECOND_US
        if between_us > MAX_SHIFT_S * SECOND_US or not _gone_between(
            own, lat, lon, stated, first, row
        ):
            first[row] = _dated_again(own, lat, lon, stated, first, late_s, row)
            late_s[row] = 0.0
        elif late_s[row] < MIN_SHIFT_S:
            late_s[row] = 0.0


@part
def _dated_again(
    own: Rows, lat: Any, lon: Any, stated: Any, first: Any, late_s: Any, row: int
) -> int:
    """Return the earlier report that one of a vessel under way is once more, dated later and either
    maybe rounded: of that place, speed and course, though at that speed the vessel had gone
    `WENT_M` by then; -1 where there is none.

    The vessel came to that place: where a fix froze, what came a minute before is of there too.
    Copies are passed over, since they aren't kept: nothing may rest on them. No more than
    `MAX_AGAIN` reports are looked at.
    """
    sog = stated[row] // 4_096
    if sog >= NO_SPEED or sog < 10 * MOVING_KN:
        return -1
    before, least = row - 1, max(row - MAX_AGAIN, 0)
    while before > least:
        between_s = (own.time_us[row] - own.time_us[before]) / SECOND_US
        if between_s >= MIN_SHIFT_S:
            return -1
        alike = _off(lat, lon, before, row) <= ROUNDED and _alike(stated[before], stated[row])
        if alike and not _is_copy(first, late_s, before):
            break
        before -= 1
    if before <= least or first[before] >= 0 or sog / 10.0 * KNOT_MPS * between_s < WENT_M:
        return -1
    earlier = before - 1
    while earlier >= least and _is_copy(first, late_s, earlier):
        earlier -= 1
    return before if earlier >= least and _off(lat, lon, earlier, before) > ROUNDED else -1


@part
def _alike(one: int, other: int) -> bool:
    """Tell whether what two reports state is the same, one of them maybe in whole knots and
    degrees, rounded or cut.
    """
    if one == other:
        return True
    sog, cog, other_sog, other_cog = one // 4_096, one % 4_096, other // 4_096, other % 4_096
    if max(sog, other_sog) >= NO_SPEED or max(cog, other_cog) >= NO_COURSE:
        return False
    turned = abs(cog - other_cog)
    whole = sog % 10 + cog % 10 == 0 or other_sog % 10 + other_cog % 10 == 0
    return bool(whole and abs(sog - other_sog) < 10 and min(turned, NO_COURSE - turned) < 10)


@part
def _is_copy(first: Any, late_s: Any, row: int) -> bool:
    return bool(first[row] >= 0 and late_s[row] == 0.0)


@part
def _off(lat: Any, lon: Any, a: int, b: int) -> int:
    return int(max(abs(lat[a] - lat[b]), abs(lon[a] - lon[b])))


@part
def _gone_between(own: Rows, lat: Any, lon: Any, stated: Any, first: Any, row: int) -> bool:
    """Tell whether the vessel was elsewhere between two reports of the same content; what came once
    more in between, as all of a track that is delivered twice, doesn't tell where it was.
    """
    before = first[row]
    sog = stated[row] // 4_096
    if sog >= NO_SPEED or row - 1 == before:
        return False
    # Rows are in the order of time: a report in between from elsewhere is right before the second.
    here = row - 1
    if sog >= 10 * MOVING_KN:
        return bool(abs(lat[here] - lat[row]) + abs(lon[here] - lon[row]) > 0)
    while here > before and first[here] >= 0:  # a copy of what came once more, too
        here -= 1
    if here == before or abs(lat[here] - lat[row]) + abs(lon[here] - lon[row]) <= GONE_M / UNIT_M:
        return False
    return _left(own.time_us, lat, lon, first, row)


@part
def _same_before(lat: Any, lon: Any, stated: Any, before: Any) -> None:
    """Write to `before` the last earlier row of the same content, -1 where there is none.

    The table has twice as many places as rows, a power of two: each holds the newest row of one
    content, found by its hash (Knuth's multiplicative one, linear probing).
    """
    size = 16
    while size < 2 * len(lat):
        size *= 2
    slots = np.full(size, -1, np.int32)
    for row in range(len(lat)):
        mixed = lat[row] * 1_000_003 + lon[row]
        mixed = mixed * 1_000_003 + stated[row]
        mixed = (mixed ^ (mixed >> 29)) * 2_654_435_761
        place = (mixed ^ (mixed >> 32)) & (size - 1)
        before[row] = -1
        while slots[place] >= 0:
            other = slots[place]
            if lat[other] == lat[row] and lon[other] == lon[row] and stated[other] == stated[row]:
                before[row] = other
                break
            place = (place + 1) & (size - 1)
        slots[place] = row


@part
def _left(time_us: Any, lat: Any, lon: Any, first: Any, second: int) -> bool:
    """Tell whether a report of what lay still is of a place that the vessel has left since, as it
    can have: between those of one that still lies there come those of another hull.
    """
    before = first[second]
    last = before
    for row in range(before + 1, second):
        if first[row] >= 0:
            continue
        off = abs(lat[row] - lat[before]) + abs(lon[row] - lon[before])
        if off > GONE_M / UNIT_M:
            step_s = (time_us[row] - time_us[last]) / SECOND_US
            step = abs(lat[row] - lat[last]) + abs(lon[row] - lon[last])
            return bool(step * UNIT_M <= NEAR_M + MAX_SPEED_KN * KNOT_MPS * step_s)
        last = row
    return False
