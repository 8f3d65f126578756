"""Reports that say where the vessel was at another time: a clock's fault, no second hull."""

from typing import Any, Final, NamedTuple

import numpy as np

from detectors.core.frames import SECOND_US
from detectors.kinematics.geodesy import EARTH_RADIUS_M, KNOT_MPS
from detectors.kinematics.integrity.chains import NEAR_M
from detectors.kinematics.integrity.confirmed import CONFIRMING_REPORTS, HULL_STEP_S, MANY_REPORTS
from detectors.kinematics.integrity.jit import part
from detectors.kinematics.integrity.rows import Rows, distance_m, first_from, median
from detectors.kinematics.integrity.verdicts import MIN_SHIFT_S

MAX_SHIFT_S: Final = 7_500.0
"""Feeds of satellites are delivered 15 to 120 minutes late, and some seconds."""

ON_WAY_M: Final = 200.0
"""A report so near the way of the vessel is on it, where it goes at `MOVING_KN` or faster: a fix is
right within tens of metres, and a straight line between reports minutes apart bends as much."""

BEND: Final = 0.02
"""So much of the way to the nearer end of a leg may it lie off in addition: a course that is kept
within a degree or two leaves the straight line so far."""

MOVING_KN: Final = 3.0
"""Faster than any stream."""

SPEED_FITS_KN: Final = 3.0
FROZEN_M: Final = 100.0
FROZEN_SAILED_M: Final = 1_000.0
"""Reports one after the other within errors of 10 m and more, by whose speeds the vessel sailed ten
times as far."""

SPARE_SHARE: Final = 0.2
"""Of the time that is left at both ends of a silence, by how much the way through what belongs into
it may take longer or less."""

DRIFT_S: Final = 10_800.0
DRIFTS: Final = 4
DRIFT_SHARE: Final = 0.1
"""A clock that is off is off by as much all night, or by something else each time. Two ships that
follow one another in a lane come nearer or fall back, be it by a tenth of a knot: in three hours at
10 kn that is two minutes. So it is where each quarter of three hours or more lies further off than
the one before, by a tenth or more of a change of `MIN_SHIFT_S`, half of it within half as much of
the line: the second ship of a number on a simulated night, and none of 349 stretches with wrong
times in 34 simulated nights and three real feeds."""

FILLS_S: Final = 1_800.0
SPARE_AT_ENDS: Final = 0.5
SPARE_OF_ALL: Final = 0.05
"""A station whose clock is off begins and ends to be heard by times that are off as much: a hole as
long as that is left at one end. So what takes up half an hour or more of the vessel's silence, and
longer than it would be off, to half of that and a twentieth of its own length at both ends
together, is sent instead of her positions. (Judgement; on a simulated night a ship displaced along
its course for 4.3 h left 3 minutes.)"""

MAX_LOOKED_AT: Final = 4_096
GONE_M: Final = 300.0
"""Further than errors and a swing make of what lies still. That its fix, speed and course come once
more to the last digit when it has gone is no chance."""


class Legs(NamedTuple):
    """The legs of a track on a plane."""

    x: Any
    y: Any
    """Where each report is, metres from the first."""
    length_m: Any
    speed_kn: Any
    """Of the leg behind each; the speed is -inf where the vessel doesn't sail it."""


@part
def legs_of(track: Rows) -> Legs:
    """Return the legs of a track."""
    n = len(track.lat)
    x, y = _local_m(track.lat, track.lon, track.lat[0], track.lon[0])
    length_m, speed_kn = np.zeros(n), np.full(n, -np.inf)
    for leg in range(n - 1):
        length_m[leg] = np.hypot(x[leg + 1] - x[leg], y[leg + 1] - y[leg])
        leg_s = (track.time_us[leg + 1] - track.time_us[leg]) / SECOND_US
        if leg_s > 0.0 and length_m[leg] / leg_s >= MOVING_KN * KNOT_MPS:
            speed_kn[leg] = length_m[leg] / leg_s / KNOT_MPS
    return Legs(x, y, length_m, speed_kn)


@part
def _local_m(lat: Any, lon: Any, lat0: float, lon0: float) -> Any:
    """Return metres east and north (see `geodesy.to_local_m`)."""
    degree_m = np.pi / 180 * EARTH_RADIUS_M
    east = lon - lon0
    for row in range(len(east)):
        if east[row] < -180.0 or east[row] >= 180.0:
            east[row] = (east[row] + 180.0) % 360.0 - 180.0
    return east * degree_m * np.cos(np.radians(lat0)), (lat - lat0) * degree_m


@part
def misdated_s(track: Rows, legs: Legs, chain: Rows) -> Any:
    """Return by how much each report of a further chain is misdated, if it is the vessel's; else
    NaN: of what sails by its way, of what lies still by where the vessel lay before.
    """
    n = len(chain.lat)
    lies = True
    for row in range(n):
        lies = lies and chain.sog[row] < MOVING_KN
    if lies:
        return np.full(n, lain_s(track, chain))
    shifted = shifts_s(track, legs, chain)
    if _stood(chain, shifted):
        return shifted
    begin = 0
    for row in range(1, n + 1):
        if row < n and chain.time_us[row] - chain.time_us[row - 1] <= HULL_STEP_S * SECOND_US:
            continue
        late_s = (
            delayed_s(track, chain, begin, row) if row - begin >= CONFIRMING_REPORTS else np.nan
        )
        for one in range(begin, row):
            if np.isnan(shifted[one]):
                shifted[one] = late_s
        begin = row
    return shifted


@part
def drifts(track: Rows, shifted: Any, time_us: Any) -> bool:
    """Tell whether what lies on the vessel's way does so ever earlier, or ever later, for hours in
    which the vessel itself was heard too.
    """
    rows = np.flatnonzero(~np.isnan(shifted))
    size = len(rows) // DRIFTS
    if size < MANY_REPORTS:
        return False
    lasted_s = (time_us[rows[-1]] - time_us[rows[0]]) / SECOND_US
    if lasted_s < DRIFT_S or lasted_s > len(rows) * HULL_STEP_S:
        return False
    n_both, most_us = 0, int(HULL_STEP_S * SECOND_US)
    for row in rows:
        begin = first_from(track.time_us, time_us[row] - most_us)
        n_both += begin < first_from(track.time_us, time_us[row] + most_us)
    if n_both < (1.0 - DRIFT_SHARE) * len(rows):
        return False
    middle_s, spread_s = np.zeros(DRIFTS), 0.0
    for k in range(DRIFTS):
        quarter = shifted[rows[k * size : (k + 1) * size]]
        middle_s[k] = median(quarter)
        spread_s = max(spread_s, median(np.abs(quarter - middle_s[k])))
    whole_s = np.abs(middle_s[-1] - middle_s[0])
    # Not with `numpy.diff` and `min`: those take seconds to compile.
    step_s, sign = np.inf, np.sign(middle_s[-1] - middle_s[0])
    for k in range(1, DRIFTS):
        step_s = min(step_s, (middle_s[k] - middle_s[k - 1]) * sign)
    steady = spread_s <= MIN_SHIFT_S / 2 + whole_s / (4 * (DRIFTS - 1))
    return bool(steady and whole_s >= MIN_SHIFT_S and step_s >= DRIFT_SHARE * whole_s)


@part
def fills(track: Rows, shifted: Any, time_us: Any) -> bool:
    """Tell whether a chain takes up a silence of the vessel, but for single reports of hers, from
    end to end, which what a clock misdates doesn't.
    """
    rows = np.flatnonzero(~np.isnan(shifted))
    if len(rows) == 0:
        return False
    off_s = np.abs(median(shifted[rows]))
    lasted_s = (time_us[-1] - time_us[0]) / SECOND_US
    begin, end = first_from(track.time_us, time_us[0]), first_from(track.time_us, time_us[-1] + 1)
    if (
        lasted_s < max(FILLS_S, off_s)
        or end - begin > DRIFT_SHARE * len(time_us)
        or begin == 0
        or end == len(track.time_us)
    ):
        return False
    silent_s = (track.time_us[end] - track.time_us[begin - 1]) / SECOND_US
    return bool(silent_s - lasted_s <= min(SPARE_AT_ENDS * off_s, SPARE_OF_ALL * lasted_s))


@part
def between(others: Rows, shifted: Any) -> None:
    """Write to `shifted` what a copy's reports are misdated by at a place where the vessel wasn't
    heard, as at its berth: as the one before, where it and the next lie within `NEAR_M` of them.
    """
    last = -1
    for row in range(len(shifted)):
        if np.isnan(shifted[row]):
            continue
        for one in range(last + 1, row):
            near = last >= 0
            for end in (last, row):
                near = near and (
                    distance_m(others.lat[end], others.lon[end], others.lat[one], others.lon[one])
                    <= NEAR_M
                )
            if near:
                shifted[one] = shifted[last]
        last = row


@part
def shifts_s(track: Rows, legs: Legs, others: Rows) -> Any:
    """Return how much later than the vessel reports are at their place on its way; else NaN.

    Each is compared with the legs of the track within `MAX_SHIFT_S` (of at most `MAX_LOOKED_AT`
    reports) on which the vessel goes at `MOVING_KN` or faster; the nearest counts.
    """
    found = np.full(len(others.lat), np.nan)
    if len(track.lat) < 2:
        return found
    at_x, at_y = _local_m(others.lat, others.lon, track.lat[0], track.lon[0])
    reach_us = int(MAX_SHIFT_S * SECOND_US)
    for row in range(len(found)):
        at_us = others.time_us[row]
        nearest_m = ON_WAY_M
        begin = first_from(track.time_us, at_us - reach_us)
        end = first_from(track.time_us, at_us + reach_us) - 1
        if end - begin > MAX_LOOKED_AT:
            middle = first_from(track.time_us, at_us)
            begin = max(begin, middle - MAX_LOOKED_AT // 2)
            end = min(end, middle + MAX_LOOKED_AT // 2)
        for leg in range(begin, end):
            if legs.speed_kn[leg] < 0.0 or (
                np.abs(legs.speed_kn[leg] - others.sog[row]) > SPEED_FITS_KN
            ):
                continue
            leg_x = legs.x[leg + 1] - legs.x[leg]
            leg_y = legs.y[leg + 1] - legs.y[leg]
            length_m = legs.length_m[leg]
            from_x, from_y = at_x[row] - legs.x[leg], at_y[row] - legs.y[leg]
            # From most legs it is too far off to be measured: with a metre to spare.
            reach_m = nearest_m + (1.0 + BEND) * length_m + 1.0
            if from_x * from_x + from_y * from_y > reach_m * reach_m:
                continue
            along = (from_x * leg_x + from_y * leg_y) / length_m**2
            along = min(max(along, 0.0), 1.0)
            leg_s = (track.time_us[leg + 1] - track.time_us[leg]) / SECOND_US
            shift = (at_us - track.time_us[leg]) / SECOND_US - along * leg_s
            off_m = np.hypot(from_x - along * leg_x, from_y - along * leg_y)
            off_m -= BEND * min(along, 1.0 - along) * length_m
            if off_m < nearest_m and np.abs(shift) >= MIN_SHIFT_S:
                nearest_m = off_m
                found[row] = np.float32(shift)
    return found


@part
def delayed_s(track: Rows, others: Rows, begin: int, end: int) -> float:
    """Return how much later than sailed some reports, from one to before another, are dated that
    fit a silence of the track; else NaN.

    A pass of a satellite that is dated when it was delivered leaves a hole where it belongs: at its
    stated speed the vessel comes from the report before the hole to the first of them, and from the
    last of them to the report behind it, at times that a constant shift makes right.
    """
    first_s, last_s = others.time_us[begin] / SECOND_US, others.time_us[end - 1] / SECOND_US
    took_s = last_s - first_s
    found, least_s = np.nan, np.inf
    for row in range(len(track.lat) - 1):
        before_s, behind_s = track.time_us[row] / SECOND_US, track.time_us[row + 1] / SECOND_US
        if not behind_s - before_s > took_s:
            continue
        spare_s = behind_s - before_s - took_s
        lay, way_s = _way_to(track, row, others, begin, begin + 1, begin)
        lies, on_s = _way_to(track, row + 1, others, end - 2, end - 1, end - 1)
        earliest, latest = first_s - before_s - way_s, last_s - behind_s + on_s
        if lay and lies:  # it may have done so for any time
            continue
        left_s = spare_s - (0.0 if lay else way_s) - (0.0 if lies else on_s)
        if not (lay or lies):
            # From where it rests, and they don't, it may set out at any time, or come to rest.
            rested, rests = track.sog[row] < MOVING_KN, track.sog[row + 1] < MOVING_KN
            lay, lies = rested and not rests, rests and not rested
        if lay or lies:
            shift_s = latest if lay else earliest
            off_s = np.nan if np.isnan(left_s) else max(-left_s, 0.0)
        else:
            shift_s = (earliest + latest) / 2
            off_s = np.abs(left_s)
        if (
            off_s <= max(MIN_SHIFT_S, SPARE_SHARE * spare_s)
            and MIN_SHIFT_S <= np.abs(shift_s) <= MAX_SHIFT_S
            and off_s < least_s
        ):
            found, least_s = shift_s, off_s
    return float(found)


@part
def _way_to(track: Rows, row: int, others: Rows, a: int, b: int, end: int) -> Any:
    """Tell whether the vessel lies at its report `row` where others begin or `end`, and return how
    long it sails there else; NaN where neither says that it sails. `a` and `b` are the two at the
    end.
    """
    way_m = distance_m(track.lat[row], track.lon[row], others.lat[end], others.lon[end])
    own_kn = others.sog[end]
    if np.isnan(own_kn):
        made_m = distance_m(others.lat[a], others.lon[a], others.lat[b], others.lon[b])
        took_s = max((others.time_us[b] - others.time_us[a]) / SECOND_US, 1.0)
        own_kn = made_m / KNOT_MPS / took_s
    kn = track.sog[row]
    lies = way_m <= GONE_M and not np.fmin(kn, own_kn) > MOVING_KN
    faster = np.fmax(kn, own_kn)
    return lies, way_m / (faster * KNOT_MPS) if faster >= MOVING_KN else np.nan


@part
def lain_s(track: Rows, others: Rows) -> float:
    """Return how much later than the vessel lay there some reports are dated that lie still; else
    NaN: where it had lain when they begin, and was heard elsewhere before half of them.
    """
    lat, lon = median(others.lat), median(others.lon)
    for row in range(len(others.lat)):
        if distance_m(lat, lon, others.lat[row], others.lon[row]) > GONE_M:
            return np.nan
    last_us = others.time_us[-1]
    first, last = -1, -1
    for row in range(len(track.lat)):
        if track.time_us[row] > last_us:
            break
        if distance_m(lat, lon, track.lat[row], track.lon[row]) <= GONE_M:
            first = row if first < 0 else first
            last = row
    if first < 0 or track.time_us[first] > others.time_us[0]:
        return np.nan
    left = last + 1
    while left < len(track.lat) and track.time_us[left] == track.time_us[last]:
        left += 1
    if left == len(track.lat) or track.time_us[left] > median(others.time_us):
        return np.nan
    shift_s = (last_us - track.time_us[last]) / SECOND_US
    return float(shift_s) if MIN_SHIFT_S <= shift_s <= MAX_SHIFT_S else np.nan


@part
def _stood(chain: Rows, shifted: Any) -> bool:
    """Take from `shifted` what stays at one place though it says that it sails, and tell whether
    anything does: a frozen position. A copy of a track with wrong times goes along it.
    """
    n, begin, found = len(chain.lat), 0, False
    for row in range(1, n + 1):
        if row < n and (
            distance_m(chain.lat[begin], chain.lon[begin], chain.lat[row], chain.lon[row])
            <= FROZEN_M
        ):
            continue
        if row - begin >= MANY_REPORTS:
            sog = chain.sog[begin:row].copy()
            for one in range(len(sog)):
                sog[one] = 0.0 if np.isnan(sog[one]) else sog[one]
            lasted_s = (chain.time_us[row - 1] - chain.time_us[begin]) / SECOND_US
            said_kn = median(sog)
            if said_kn >= MOVING_KN and said_kn * KNOT_MPS * lasted_s >= FROZEN_SAILED_M:
                shifted[begin:row] = np.nan
                found = True
        begin = row
    return found
