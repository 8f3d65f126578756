"""What is misdated, in plain Python and NumPy; see `slow`."""

import itertools

import numpy as np

from detectors.core.frames import SECOND_US
from detectors.kinematics.geodesy import KNOT_MPS, distance_m, to_local_m
from detectors.kinematics.integrity.backward import (
    BACK_COS,
    BACK_S,
    FAST_KN,
    OWN_S,
    SAME_COS,
    STRAIGHT,
)
from detectors.kinematics.integrity.chains import MAX_SPEED_KN, NEAR_M, SLACK_M
from detectors.kinematics.integrity.confirmed import CONFIRMING_REPORTS, HULL_STEP_S, MANY_REPORTS
from detectors.kinematics.integrity.repeats import MAX_AGAIN, ROUNDED, UNIT_M, WENT_M
from detectors.kinematics.integrity.runs import BRIEF_S
from detectors.kinematics.integrity.shifted import (
    BEND,
    DRIFT_S,
    DRIFT_SHARE,
    DRIFTS,
    FILLS_S,
    FROZEN_M,
    FROZEN_SAILED_M,
    GONE_M,
    MAX_LOOKED_AT,
    MAX_SHIFT_S,
    MOVING_KN,
    ON_WAY_M,
    SPARE_AT_ENDS,
    SPARE_OF_ALL,
    SPARE_SHARE,
    SPEED_FITS_KN,
)
from detectors.kinematics.integrity.verdicts import MIN_SHIFT_S


def repeated(
    mmsi,
    time_us,
    content,
    copy_s,
):
    """Find reports of the same content (latitude, longitude, speed, course) as an earlier one.

    Those within `copy_s` are copies. Of a vessel under way that was elsewhere in between, or of one
    that lay there and was `GONE_M` away in between, a later one is the same report again: a copy
    too within `MIN_SHIFT_S`, and else with a wrong time: how much too late, in seconds, else NaN.
    """
    lat, lon, sog, cog = content
    before = _same_before(mmsi, lat, lon, sog, cog)
    copies = np.zeros(len(mmsi), bool)
    late_s = np.full(len(mmsi), np.nan)
    for b, a in enumerate(before.tolist()):
        between_us = time_us[b] - time_us[a]
        if a >= 0 and between_us <= copy_s * SECOND_US:
            copies[b] = True
            continue
        if a >= 0 and between_us <= MAX_SHIFT_S * SECOND_US and sog[b] < 1_023:
            # What came once more in between, and its copies, don't tell where the vessel was.
            between = [row for row in range(a + 1, b) if not copies[row] and np.isnan(late_s[row])]
            if sog[b] >= 10 * MOVING_KN:
                gone = b - 1 > a and _off(lat, lon, b - 1, b) > 0
            else:
                gone = bool(between) and _off(lat, lon, between[-1], b) > GONE_M / UNIT_M
                gone = gone and _left(a, between, time_us, lat, lon)
            if gone:
                late_s[b] = between_us / SECOND_US
        if late_s[b] < MIN_SHIFT_S:
            copies[b], late_s[b] = True, np.nan
        elif np.isnan(late_s[b]):
            copies[b] = _dated_again(mmsi, time_us, content, (copies, late_s), b)
    return copies, late_s


def _dated_again(mmsi, time_us, content, found, row):
    """Tell whether a report of a vessel under way is one of the minute before once more."""
    lat, lon, sog, cog = content
    copies, late_s = found

    def alike(a, b):
        place = max(abs(lat[a] - lat[b]), abs(lon[a] - lon[b])) <= ROUNDED
        if (sog[a], cog[a]) == (sog[b], cog[b]):
            return place
        if max(sog[a], sog[b]) >= 1_023 or max(cog[a], cog[b]) >= 3_600:
            return False
        whole = any(sog[k] % 10 == 0 and cog[k] % 10 == 0 for k in (a, b))
        turned = (cog[a] - cog[b] + 1_800) % 3_600 - 1_800
        return place and whole and abs(sog[a] - sog[b]) < 10 and abs(turned) < 10

    own = [k for k in range(row) if mmsi[k] == mmsi[row]][-MAX_AGAIN:]
    own = [k for k in own if not copies[k]]
    like = [k for k in own if time_us[row] - time_us[k] < MIN_SHIFT_S * SECOND_US and alike(k, row)]
    if not 10 * MOVING_KN <= sog[row] < 1_023 or not like or own.index(like[-1]) == 0:
        return False
    before, earlier = like[-1], own[own.index(like[-1]) - 1]
    way_m = sog[row] / 10.0 * KNOT_MPS * ((time_us[row] - time_us[before]) / SECOND_US)
    off = max(abs(lat[earlier] - lat[before]), abs(lon[earlier] - lon[before]))
    return bool(np.isnan(late_s[before]) and way_m >= WENT_M and off > ROUNDED)


def _off(lat, lon, a, b):
    return abs(lat[a] - lat[b]) + abs(lon[a] - lon[b])


def _same_before(mmsi, lat, lon, sog, cog):
    newest = {}
    before = np.full(len(mmsi), -1, "int64")
    for row, content in enumerate(zip(mmsi, lat, lon, sog, cog, strict=True)):
        before[row] = newest.get(content, -1)
        newest[content] = row
    return before


def _left(first, between, time_us, lat, lon):
    """Tell whether a report of what lay still is of a place that the vessel has left since, as it
    can have: between those of one that still lies there come those of another hull.
    """
    for last, row in itertools.pairwise([first, *between]):
        if _off(lat, lon, first, row) > GONE_M / UNIT_M:
            step_s = (time_us[row] - time_us[last]) / SECOND_US
            step = _off(lat, lon, last, row)
            return step * UNIT_M <= NEAR_M + MAX_SPEED_KN * KNOT_MPS * step_s
    return False


def drifts(track, shifted, times_us):
    """Tell whether what lies on the vessel's way does so ever earlier, or ever later, for hours in
    which the vessel itself was heard too.
    """
    rows = np.flatnonzero(~np.isnan(shifted))
    if len(rows) // DRIFTS < MANY_REPORTS:
        return False
    lasted_s = np.ptp(times_us[rows]) / SECOND_US
    if not DRIFT_S <= lasted_s <= len(rows) * HULL_STEP_S:
        return False
    most_us = int(HULL_STEP_S * SECOND_US)
    ends = (np.searchsorted(track.time_us, times_us[rows] + s * most_us) for s in (-1, 1))
    if np.count_nonzero(np.less(*ends)) < (1.0 - DRIFT_SHARE) * len(rows):
        return False
    size = len(rows) // DRIFTS
    quarters = shifted[rows[: size * DRIFTS]].reshape(DRIFTS, size)
    middle_s = np.median(quarters, axis=1)
    spread_s = np.median(np.abs(quarters - middle_s[:, None]), axis=1)
    whole_s = middle_s[-1] - middle_s[0]
    least_s = (np.diff(middle_s) * np.sign(whole_s)).min()
    whole_s = abs(whole_s)
    if (spread_s > MIN_SHIFT_S / 2 + whole_s / (4 * (DRIFTS - 1))).any():
        return False
    return bool(whole_s >= MIN_SHIFT_S and least_s >= DRIFT_SHARE * whole_s)


def backward_s(track):
    """Return how much later than the vessel each report is that its track goes out to backwards."""
    found = np.full(len(track), np.nan)
    for row in range(1, len(track)):
        passed_s = (track.time_us[row] - track.time_us[row - 1]) / SECOND_US
        ends = track.take(np.array([row - 1, row]))
        way_m = float(distance_m(ends.lat[0], ends.lon[0], ends.lat[1], ends.lon[1]))
        sog = track.sog[row]
        if not sog >= FAST_KN or passed_s > BACK_S:
            continue
        if way_m < max(SLACK_M, STRAIGHT * sog * KNOT_MPS * passed_s):
            continue
        if not _cos(ends, track.cog[row]) <= BACK_COS:
            continue
        nearest_m = ON_WAY_M
        for leg in range(len(track) - 1):
            pair = np.array([leg, leg + 1])
            leg_s = float(np.diff(track.time_us[pair])[0] / SECOND_US)
            near = np.abs(track.time_us[row] - track.time_us[pair]) <= OWN_S * SECOND_US
            if row in pair or not near.all() or not 0.0 < leg_s <= BRIEF_S:
                continue
            a = track.take(pair)
            x, y = to_local_m(a.lat, a.lon, a.lat[0], a.lon[0])
            length_m = np.hypot(x[1], y[1])
            if abs(length_m / leg_s / KNOT_MPS - sog) > SPEED_FITS_KN:
                continue
            if _cos(a, track.cog[row]) < SAME_COS:
                continue
            own_x, own_y = to_local_m(track.lat[[row]], track.lon[[row]], a.lat[0], a.lon[0])
            share = np.clip((own_x[0] * x[1] + own_y[0] * y[1]) / length_m**2, 0.0, 1.0)
            off_m = np.hypot(own_x[0] - share * x[1], own_y[0] - share * y[1])
            shift = (track.time_us[row] - track.time_us[leg]) / SECOND_US - share * leg_s
            if off_m < nearest_m and abs(shift) >= MIN_SHIFT_S:
                nearest_m, found[row] = off_m, shift
    return found


def _cos(ends, cog):
    """Return the cosine of the angle between the way from one report to the next and a course."""
    x, y = to_local_m(ends.lat, ends.lon, ends.lat[0], ends.lon[0])
    return float(np.cos(np.arctan2(x[1], y[1]) - np.radians(cog)))


def fills(track, shifted, times_us):
    """Tell whether a chain takes up a silence of the vessel from end to end."""
    if np.isnan(shifted).all():
        return False
    off_s = abs(float(np.nanmedian(shifted)))
    lasted_s = np.ptp(times_us) / SECOND_US
    before = track.time_us[track.time_us < times_us[0]]
    behind = track.time_us[track.time_us > times_us[-1]]
    inside = len(track.time_us) - len(before) - len(behind)
    if inside > DRIFT_SHARE * len(times_us) or not len(before) or not len(behind):
        return False
    spare_s = (behind[0] - before[-1]) / SECOND_US - lasted_s
    return bool(
        lasted_s >= max(FILLS_S, off_s)
        and spare_s <= min(SPARE_AT_ENDS * off_s, SPARE_OF_ALL * lasted_s)
    )


def between(others, shifted):
    """Return shifts, with what lies near both of two that have one off by as much as the first."""
    filled = shifted.copy()
    for a, b in itertools.pairwise(np.flatnonzero(~np.isnan(shifted)).tolist()):
        for row in range(a + 1, b):
            lat, lon = others.lat[[a, b]], others.lon[[a, b]]
            if (distance_m(lat, lon, others.lat[row], others.lon[row]) <= NEAR_M).all():
                filled[row] = shifted[a]
    return filled


def shifts_s(track, others):
    """Return how much later than the vessel reports are at their place on its way; else NaN.

    Each is compared with the legs of the track within `MAX_SHIFT_S` (of at most `MAX_LOOKED_AT`
    reports) on which the vessel goes at `MOVING_KN` or faster; the nearest counts.
    """
    found = np.full(len(others), np.nan, np.float32)
    if len(track) < 2 or len(others) == 0:
        return found
    lat0, lon0 = float(track.lat[0]), float(track.lon[0])
    x, y = to_local_m(track.lat, track.lon, lat0, lon0)
    at_x, at_y = to_local_m(others.lat, others.lon, lat0, lon0)
    first = np.searchsorted(track.time_us, others.time_us - int(MAX_SHIFT_S * SECOND_US))
    last = np.searchsorted(track.time_us, others.time_us + int(MAX_SHIFT_S * SECOND_US))
    _nearest(track.time_us, x, y, others.time_us, at_x, at_y, others.sog, first, last, found)
    return found


def delayed_s(track, others):
    """Return how much later than sailed some reports are dated that fit a silence of the track;
    else NaN.

    A pass of a satellite that is dated when it was delivered leaves a hole where it belongs: at its
    stated speed the vessel comes from the report before the hole to the first of them, and from the
    last of them to the report behind it, at times that a constant shift makes right.
    """
    dates_s, own_s = (r.time_us / SECOND_US for r in (track, others))
    before = np.flatnonzero(np.diff(dates_s) > own_s[-1] - own_s[0])
    spare_s = dates_s[before + 1] - dates_s[before] - (own_s[-1] - own_s[0])
    ways_s, at_rest = [], []
    for rows, end in ((before, 0), (before + 1, -1)):
        here = (track.lat[rows], track.lon[rows], others.lat[end], others.lon[end])
        own_kn = _speed_kn(others, end)
        way_m, kn = distance_m(*here), np.fmax(track.sog[rows], own_kn)
        at_rest.append((way_m <= GONE_M) & ~(np.fmin(track.sog[rows], own_kn) > MOVING_KN))
        ways_s.append(way_m / (np.where(kn >= MOVING_KN, kn, np.nan) * KNOT_MPS))
    ways_s = [np.where(lies, 0.0, way_s) for lies, way_s in zip(at_rest, ways_s, strict=True)]
    # From where it rests, and they don't, it may set out at any time, or come to rest.
    rests = [track.sog[rows] < MOVING_KN for rows in (before, before + 1)]
    neither = ~(at_rest[0] | at_rest[1])
    both = at_rest[0] & at_rest[1]
    at_rest = [at_rest[k] | neither & rests[k] & ~rests[1 - k] for k in (0, 1)]
    first = own_s[0] - dates_s[before] - ways_s[0]
    last = own_s[-1] - dates_s[before + 1] + ways_s[1]
    shift_s = np.where(at_rest[0], last, np.where(at_rest[1], first, (first + last) / 2))
    # Where it lay still it may have done so for any time.
    left_s = spare_s - ways_s[0] - ways_s[1]
    off_s = np.where(at_rest[0] | at_rest[1], np.maximum(-left_s, 0.0), np.abs(left_s))
    off_s = np.where(both, np.nan, off_s)
    fits = off_s <= np.maximum(MIN_SHIFT_S, SPARE_SHARE * spare_s)
    fits &= (np.abs(shift_s) >= MIN_SHIFT_S) & (np.abs(shift_s) <= MAX_SHIFT_S)
    if not fits.any():
        return np.nan
    return float(shift_s[np.flatnonzero(fits)[np.argmin(off_s[fits])]])


def lain_s(track, others):
    """Return how much later than the vessel lay there some reports are dated that lie still; else
    NaN: where it had lain when they begin, and was heard elsewhere before half of them.
    """
    place = np.median(others.lat), np.median(others.lon)
    if (distance_m(*place, others.lat, others.lon) > GONE_M).any():
        return np.nan
    near_m = distance_m(*place, track.lat, track.lon)
    lay = np.flatnonzero((near_m <= GONE_M) & (track.time_us <= others.time_us[-1]))
    if not len(lay) or track.time_us[lay[0]] > others.time_us[0]:
        return np.nan
    left = np.searchsorted(track.time_us, track.time_us[lay[-1]], side="right")
    if left == len(track) or track.time_us[left] > np.median(others.time_us):
        return np.nan
    shift_s = float(others.time_us[-1] - track.time_us[lay[-1]]) / SECOND_US
    return shift_s if MIN_SHIFT_S <= shift_s <= MAX_SHIFT_S else np.nan


def _speed_kn(reports, end):
    """Return the speed at the first (0) or last (-1) of some reports: stated, else as it made."""
    if not np.isnan(reports.sog[end]):
        return float(reports.sog[end])
    a, b = (0, 1) if end == 0 else (-2, -1)
    way_m = distance_m(reports.lat[a], reports.lon[a], reports.lat[b], reports.lon[b])
    return float(way_m / KNOT_MPS / max((reports.time_us[b] - reports.time_us[a]) / SECOND_US, 1.0))


def _nearest(
    time_us,
    x,
    y,
    at_us,
    at_x,
    at_y,
    sog,
    first,
    last,
    found,
):
    """Write to `found` the shift of each report against the nearest leg of the track."""
    for row in range(len(at_us)):
        nearest_m = ON_WAY_M
        begin = first[row]
        end = min(last[row], len(time_us)) - 1
        if end - begin > MAX_LOOKED_AT:
            middle = np.searchsorted(time_us, at_us[row])
            begin = max(begin, middle - MAX_LOOKED_AT // 2)
            end = min(end, middle + MAX_LOOKED_AT // 2)
        for leg in range(begin, end):
            leg_x = x[leg + 1] - x[leg]
            leg_y = y[leg + 1] - y[leg]
            length_m = np.hypot(leg_x, leg_y)
            leg_s = (time_us[leg + 1] - time_us[leg]) / SECOND_US
            if leg_s <= 0.0 or length_m / leg_s < MOVING_KN * KNOT_MPS:
                continue
            if abs(length_m / leg_s / KNOT_MPS - sog[row]) > SPEED_FITS_KN:
                continue
            along = ((at_x[row] - x[leg]) * leg_x + (at_y[row] - y[leg]) * leg_y) / length_m**2
            along = min(max(along, 0.0), 1.0)
            off_m = np.hypot(at_x[row] - x[leg] - along * leg_x, at_y[row] - y[leg] - along * leg_y)
            shift = (at_us[row] - time_us[leg]) / SECOND_US - along * leg_s
            off_m -= BEND * min(along, 1.0 - along) * length_m
            if off_m < nearest_m and abs(shift) >= MIN_SHIFT_S:
                nearest_m = off_m
                found[row] = shift


def misdated_s(track, chain):
    """Return by how much each report of a further chain is misdated, if it is the vessel's; else
    NaN: of what sails by its way, of what lies still by where the vessel lay before.
    """
    if (chain.sog < MOVING_KN).all():
        return np.full(len(chain), lain_s(track, chain))
    shifted = shifts_s(track, chain).astype("float64")
    stands = _stands(chain)
    if stands.any():
        shifted[stands] = np.nan
        return shifted
    for part in np.split(np.arange(len(chain)), _breaks(chain.time_us)):
        if len(part) >= CONFIRMING_REPORTS:
            late_s = delayed_s(track, chain.take(part))
            shifted[part] = np.where(np.isnan(shifted[part]), late_s, shifted[part])
    return shifted


def _breaks(times_us):
    """Return which reports of a chain come after a silence."""
    return np.flatnonzero(np.diff(times_us) > HULL_STEP_S * SECOND_US) + 1


def _stands(chain):
    """Tell which reports stay at one place though they say that they sail: a frozen position. A
    copy of a track with wrong times goes along it.
    """
    stands = np.zeros(len(chain), bool)
    begin = 0
    while begin < len(chain):
        far_m = distance_m(chain.lat[begin], chain.lon[begin], chain.lat[begin:], chain.lon[begin:])
        n = int(np.argmin(far_m <= FROZEN_M)) if np.any(far_m > FROZEN_M) else len(far_m)
        run = slice(begin, begin + n)
        said_kn = np.median(np.nan_to_num(chain.sog[run]))
        lasted_s = np.ptp(chain.time_us[run]) / SECOND_US
        sails = said_kn >= MOVING_KN and said_kn * KNOT_MPS * lasted_s >= FROZEN_SAILED_M
        stands[run] = n >= MANY_REPORTS and sails
        begin += n
    return stands
