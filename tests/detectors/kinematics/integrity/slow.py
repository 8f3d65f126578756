"""Verdicts as they are defined, in plain Python and NumPy, vessel by vessel: what the kernels say
must be the same. Chains and runs, which have tests of their own, are those of the product.
"""

import itertools
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from detectors.core.frames import SECOND_US, offsets
from detectors.kinematics.geodesy import KNOT_MPS, distance_m
from detectors.kinematics.integrity.chains import (
    MARGIN,
    MARGIN_KN,
    MAX_UNSUPPORTED_KN,
    NEAR_M,
    SLACK_M,
    best_chain,
    step_cost,
)
from detectors.kinematics.integrity.confirmed import CONFIRMING_REPORTS, HULL_STEP_S, MANY_REPORTS
from detectors.kinematics.integrity.repeats import COPY_S
from detectors.kinematics.integrity.rows import Rows, apart
from detectors.kinematics.integrity.runs import BRIEF_S, HELD_M, MISSED_SHARE, runs
from detectors.kinematics.integrity.seldom import BRIEF_REPORTS
from detectors.kinematics.integrity.settling import LOOK_BACK_S, SETTLING_S, STRETCH_S
from detectors.kinematics.integrity.several import (
    CLOSING_S,
    MAX_HULLS,
    ONE_SHARE,
    SHIFTED_SHARE,
    STUCK_SHARE,
)
from detectors.kinematics.integrity.shifted import MOVING_KN
from detectors.kinematics.integrity.verdicts import (
    JAMMED_S,
    MAX_NUMBER,
    Judged,
    Verdict,
    not_a_vessel,
)
from tests.detectors.kinematics.integrity.slow_shifted import (
    backward_s,
    between,
    drifts,
    fills,
    misdated_s,
    repeated,
    shifts_s,
)


class Last(NamedTuple):
    """Where a hull was heard last."""

    time_us: int
    lat: float
    lon: float


def judge_each(reports, known, memory):
    """Give each report of a stretch its verdict; `memory` is of each number hull and `Last`."""
    n = len(reports)
    verdict = np.zeros(n, np.uint8)
    hull = np.zeros(n, np.uint8)
    shift_s = np.full(n, np.nan, np.float32)
    copies, late_s = repeated(reports.mmsi, reports.time_us, _content(reports), COPY_S)
    verdict[copies] = Verdict.COPY
    late = ~np.isnan(late_s)
    verdict[late] = Verdict.CLOCK_FAULT
    shift_s[late] = late_s[late]
    bounds = offsets(reports.mmsi)
    mmsis = reports.mmsi[bounds[:-1]]
    for place, mmsi in enumerate(mmsis):
        own = slice(int(bounds[place]), int(bounds[place + 1]))
        if not_a_vessel(mmsis)[place] and not makes_way(reports.take(own)):
            verdict[own], shift_s[own] = Verdict.NOT_A_VESSEL, np.nan
            continue
        one = Judged(verdict[own], hull[own], shift_s[own])
        _one_vessel(reports.take(own), known[own], memory.get(int(mmsi), {}), one)
    return Judged(verdict, hull, shift_s)


def makes_way(own):
    """Tell whether what sends a number that is no vessel's goes as vessels do."""
    kept = [0]
    for row, time_us in enumerate(own.time_us):
        if time_us - own.time_us[kept[-1]] >= 60e6:
            kept.append(row)

    def made(steps):
        a, b = kept[:-steps], kept[steps:]
        apart_m = distance_m(own.lat[a], own.lon[a], own.lat[b], own.lon[b])
        return apart_m, apart_m / ((own.time_us[b] - own.time_us[a]) / 1e6) / KNOT_MPS

    if len(kept) < 3:
        return False
    way_m, made_kn = made(1)
    goes, flies = (made_kn >= 5) & (made_kn <= 50), made_kn > 50
    both = goes[1:] & goes[:-1] & (made(2)[1] >= 5)
    goes = np.r_[both, False] | np.r_[False, both]
    far = way_m[goes].sum() >= 3 * 1852
    return far and goes.sum() >= 4 and flies.sum() <= 0.1 * goes.sum()


def _content(reports):
    """Return latitude, longitude, speed and course in the resolution of AIS."""
    sog = np.nan_to_num(reports.sog, nan=102.3)
    return (
        np.rint(reports.lat * 600_000).astype("int64"),
        np.rint(reports.lon * 600_000).astype("int64"),
        np.rint(sog * 10).astype("int64"),
        np.rint(np.nan_to_num(reports.cog, nan=360.0) * 10).astype("int64"),
    )


def _one_vessel(own, known, heard, judged):
    """Tell the hulls of one number apart; `judged` is changed in place."""
    free = judged.verdict == Verdict.SOUND
    times, lat, lon, sog = own.time_us, own.lat, own.lon, own.sog
    steps = steps_m(lat, lon)
    usual = usual_kn(times[free], lat[free], lon[free], sog[free])
    if np.nanmax(sog[free], initial=0.0) < STUCK_SHARE * usual:  # it says 0 kn, always
        unstated = replace(own, sog=np.full(len(own), np.nan))
        chain = np.zeros(len(own), bool)
        whole = runs(_rows(unstated), steps, free, usual)
        length = best_chain(times, lat, lon, unstated.sog, steps, free, whole, usual, chain)
        if length >= ONE_SHARE * np.count_nonzero(free):
            own, sog = unstated, unstated.sog
    whole = runs(_rows(own), steps, free, usual)
    hulls = []
    for _ in range(MAX_HULLS):
        chain = np.zeros(len(own), bool)
        if best_chain(times, lat, lon, sog, steps, free, whole, usual, chain) == 0:
            break
        free &= ~chain
        rows = np.flatnonzero(chain)
        if not hulls:
            late = backward_s(own.take(rows))
            back = ~np.isnan(late)
            judged.verdict[rows[back]] = Verdict.CLOCK_FAULT
            judged.shift_s[rows[back]] = late[back]
            rows = rows[~back]
            hulls.append(rows)
            twins = _same_time(own, rows, free)
            judged.verdict[twins] = Verdict.COPY
            free[twins] = False
            for found, shift_s in _behind_leaps(own, rows, whole):
                late = found[free[found]]
                judged.verdict[late], judged.shift_s[late] = Verdict.CLOCK_FAULT, shift_s
                free[late] = False
            continue
        few = _few(times[rows])
        if not few.all() and _goes_on(own, hulls[0], rows[~few], usual):
            hulls[0] = np.sort(np.r_[hulls[0], rows[~few]])
            free[rows[few]] = True
            twins = _same_time(own, hulls[0], free)
            judged.verdict[twins] = Verdict.COPY
            free[twins] = False
            continue
        shifted = misdated_s(own.take(hulls[0]), own.take(rows))
        sails = ~(sog[rows] < MOVING_KN)
        judged_by = sails if sails.any() else np.ones(len(rows), bool)
        copied = np.mean(~np.isnan(shifted[judged_by])) >= SHIFTED_SHARE
        further = (
            (_is_hull(times[rows]) and not copied)
            or drifts(own.take(hulls[0]), shifted, times[rows])
            or fills(own.take(hulls[0]), shifted, times[rows])
        )
        if copied and not further:
            shifted = between(own.take(rows), shifted)
        for hull in hulls[1:]:
            late = _late_of(own.take(hull), own.take(rows))
            if further and np.mean(~np.isnan(late[judged_by])) >= SHIFTED_SHARE:
                further = drifts(own.take(hull), late, times[rows])
            shifted = np.where(np.isnan(shifted), late, shifted)
        if further:
            # The first hull's reports with wrong times are within the other's reach, hours off.
            strays = ~np.isnan(shifted) & few
            judged.verdict[rows[strays]] = Verdict.CLOCK_FAULT
            judged.shift_s[rows[strays]] = shifted[strays]
            hulls += [] if strays.all() else [rows[~strays]]
            theirs = hulls[0][_few(times[hulls[0]])]
            late = _late_of(own.take(rows[~strays]), own.take(theirs))
            wrong = ~np.isnan(late)
            if np.count_nonzero(wrong) < len(hulls[0]):
                judged.verdict[theirs[wrong]] = Verdict.CLOCK_FAULT
                judged.shift_s[theirs[wrong]] = late[wrong]
                hulls[0] = np.setdiff1d(hulls[0], theirs[wrong])
            continue
        judged.verdict[rows] = np.where(np.isnan(shifted), Verdict.FALSE_FIX, Verdict.CLOCK_FAULT)
        judged.shift_s[rows] = shifted
    judged.verdict[free] = Verdict.FALSE_FIX
    scattered = _scattered(times, hulls)
    for rows in scattered:
        judged.verdict[rows] = Verdict.FALSE_FIX
    false = {int(rows[0]) for rows in scattered}
    hulls = [rows for rows in hulls if int(rows[0]) not in false]
    still = {
        number: last
        for number, last in heard.items()
        if own.time_us[0] - last.time_us <= CLOSING_S * SECOND_US
    }
    numbers = _numbers([own.take(rows) for rows in hulls], [known[rows] for rows in hulls], still)
    if numbers and not still and heard and min(numbers) == 1:
        numbers = [number + max(heard) for number in numbers]
    first = min([*numbers, *still], default=1)
    for rows, number in zip(hulls, numbers, strict=True):
        if number > MAX_NUMBER:
            judged.verdict[rows] = Verdict.FALSE_FIX
            continue
        judged.hull[rows] = number
        judged.verdict[rows] = Verdict.SOUND if number == first else Verdict.OTHER_HULL


def steps_m(lat, lon):
    """How far each report is from the one before it, as the kernels have it."""
    return np.array([0.0, *map(apart, lat[:-1], lon[:-1], lat[1:], lon[1:])])[: len(lat)]


def _rows(own):
    return Rows(own.time_us, own.lat, own.lon, own.sog, own.cog)


def _numbers(hulls, known, still):
    """Give hulls the numbers by which they are known, or of the nearest heard before, or new."""
    numbers = [0] * len(hulls)
    votes = [np.bincount(votes_of, minlength=256) for votes_of in known]
    for least in (MANY_REPORTS, 1):
        for number in range(1, 256):
            of = [0 if numbers[k] else int(own[number]) for k, own in enumerate(votes)]
            if number not in numbers and max(of, default=0) >= least:
                numbers[int(np.argmax(of))] = number
    # New ones by when they were first heard: a false track begins after the true one.
    for place in sorted(range(len(hulls)), key=lambda place: int(hulls[place].time_us[0])):
        if numbers[place]:
            continue
        hull = hulls[place]
        free = [number for number in still if number not in numbers]
        if free:
            lats, lons = ([getattr(still[n], name) for n in free] for name in ("lat", "lon"))
            far_m = distance_m(np.array(lats), np.array(lons), hull.lat[0], hull.lon[0])
            numbers[place] = free[int(np.argmin(far_m))]
        else:
            numbers[place] = max([*numbers, *still], default=0) + 1
    return numbers


def _same_time(own, track, free):
    """Find what lies near the vessel's report of the very same time: times may be coarse."""
    rows = np.flatnonzero(free)
    place = np.minimum(np.searchsorted(own.time_us[track], own.time_us[rows]), len(track) - 1)
    twin = track[place]
    far_m = distance_m(own.lat[rows], own.lon[rows], own.lat[twin], own.lon[twin])
    return np.asarray(rows[(own.time_us[rows] == own.time_us[twin]) & (far_m <= NEAR_M)])


def _behind_leaps(own, track, whole):
    """What a run brings within a quarter of an hour of where the track left it by a clock's leap,
    and how much too late that is."""
    rows = np.arange(len(own))
    for here, there in itertools.pairwise(track):
        if whole[4, there] == here and whole[2, here] > 0:
            soon = own.time_us - own.time_us[there] <= BRIEF_S * SECOND_US
            north, east = own.lat[there] - own.lat[here], own.lon[there] - own.lon[here]
            bearing = np.arctan2(east * np.cos(np.radians(own.lat[there])), north)
            sign = 1 if np.cos(bearing - np.radians(own.cog[there])) > 0 else -1
            far_m = distance_m(own.lat[here], own.lon[here], own.lat[there], own.lon[there])
            yield (
                rows[(rows > here) & soon & (whole[0] == whole[0, here])],
                sign * far_m / (own.sog[there] * KNOT_MPS)
                - (own.time_us[there] - own.time_us[here]) / SECOND_US,
            )


def _goes_on(own, track, rows, usual):
    """Tell whether a further chain lies in one silence of the track, as what goes on from it."""
    before, behind = track[track < rows[0]], track[track > rows[-1]]
    if len(before) + len(behind) < len(track):
        return False
    steps = [(before[-1], rows[0])] if len(before) else []
    steps += [(rows[-1], behind[0])] if len(behind) else []
    sure = []
    for here, there in steps:
        passed_s = (own.time_us[there] - own.time_us[here]) / SECOND_US
        far_m = float(distance_m(*(at[row] for row in (here, there) for at in (own.lat, own.lon))))
        if (
            passed_s <= 0
            or step_cost(far_m, passed_s, own.sog[here], own.sog[there], usual) == np.inf
        ):
            return False
        sure.append(passed_s <= BRIEF_S and _sure(own, here, there, far_m, passed_s, usual))
    return any(sure)


def _sure(own, here, there, far_m, passed_s, usual):
    """Tell whether a report goes on from another, by speed and course of either."""
    sog = own.sog[[here, there]]
    faster = usual if np.isnan(sog).all() else np.nanmax(sog)
    if far_m > (MARGIN * faster + MARGIN_KN) * KNOT_MPS * passed_s + SLACK_M:
        return False
    if far_m <= HELD_M:
        return True
    slower = np.fmin(*sog)
    slack_m = np.nanmin([MISSED_SHARE * slower * KNOT_MPS * passed_s, NEAR_M])
    missed = [_missed_m(own, here, there, passed_s), _missed_m(own, there, here, -passed_s)]
    return bool(np.isinf(missed).all() or min(missed) <= SLACK_M + slack_m)


def _missed_m(own, here, there, passed_s):
    """Return how far one lies from where the other says that it is due; infinity where unstated."""
    sog, cog = own.sog[here], own.cog[here]
    if np.isnan(sog) or (np.isnan(cog) and sog > 0.5):
        return np.inf
    course = np.radians(np.nan_to_num(cog))
    way_deg = sog * KNOT_MPS * passed_s / 111_195.0
    lat = own.lat[here] + way_deg * np.cos(course)
    lon = own.lon[here] + way_deg * np.sin(course) / max(np.cos(np.radians(own.lat[here])), 0.01)
    return apart(lat, lon, own.lat[there], own.lon[there])


def _is_hull(times_us):
    """Tell whether a chain is a hull's: some reports close in time, or many."""
    if len(times_us) >= MANY_REPORTS:
        return True
    if len(times_us) < CONFIRMING_REPORTS:
        return False
    near = np.diff(times_us) <= HULL_STEP_S * SECOND_US
    return bool(np.lib.stride_tricks.sliding_window_view(near, CONFIRMING_REPORTS - 1).all(1).any())


def _scattered(times_us, hulls):
    """Find further hulls that are heard briefly and seldom, two and more within `HULL_STEP_S`."""
    brief = [rows for rows in hulls[1:] if len(rows) < BRIEF_REPORTS]
    spans = [(int(times_us[rows[0]]), int(times_us[rows[-1]])) for rows in brief]
    reach_us = int(HULL_STEP_S * SECOND_US)
    found = []
    for place, (first, last) in enumerate(spans):  # at most MAX_HULLS
        near = (a <= last + reach_us and b >= first - reach_us for a, b in spans)
        if last - first <= JAMMED_S * SECOND_US and sum(near) > 1:
            found.append(brief[place])
    return found


def _few(times_us):
    """Tell which reports of a chain are by themselves, with fewer than `CONFIRMING_REPORTS`."""
    run = np.cumsum(np.r_[False, np.diff(times_us) > HULL_STEP_S * SECOND_US])
    return np.asarray(np.bincount(run)[run] < CONFIRMING_REPORTS)


def _late_of(track, others):
    """Return how much later, at most `BRIEF_S`, than a hull that is heard within that before and
    after reports are at their place on its way; else NaN.
    """
    away_us = others.time_us[:, None] - track.time_us[None, :]
    most_us = BRIEF_S * SECOND_US
    before, after = (away_us > 0) & (away_us <= most_us), (away_us <= 0) & (away_us >= -most_us)
    heard = before.any(axis=1) & after.any(axis=1)
    shifted = shifts_s(track, others)
    return np.where(heard & (np.abs(shifted) <= BRIEF_S), shifted, np.nan)


def usual_kn(time_us, lat, lon, sog):
    """Return the speed that counts where a vessel states none: its own derived one, at most 30 kn.

    Three quarters of its steps are slower. With one report it is the 20 kn of a merchant ship.
    """
    passed_s = np.diff(time_us) / SECOND_US
    steps = passed_s > 1.0
    if not steps.any():
        return 20.0
    apart_m = distance_m(lat[:-1], lon[:-1], lat[1:], lon[1:])[steps]
    derived = apart_m / passed_s[steps] / KNOT_MPS
    return float(min(np.quantile(derived, 0.75), MAX_UNSUPPORTED_KN))


def settle_each(reports, known, start_us, end_us):
    """Judge the reports of a span stretch by stretch; return also the hulls heard up to its end,
    and of each stretch the reports around it that are false.
    """
    n, step_us = len(reports), STRETCH_S * SECOND_US
    found = Judged(np.zeros(n, np.uint8), known.copy(), np.full(n, np.nan, np.float32))
    time_us = reports.time_us
    heard, false = {}, []
    for start in range(start_us, end_us, step_us):
        stop = start + step_us
        within = (time_us >= start - LOOK_BACK_S * SECOND_US) & (
            time_us < stop + SETTLING_S * SECOND_US
        )
        rows = np.flatnonzero(within)
        before = np.where(time_us[rows] < start, found.hull[rows], 0).astype(np.uint8)
        around = reports.take(rows)
        judged = judge_each(around, before, heard)
        false.append(rows[judged.verdict == Verdict.FALSE_FIX])
        own = (time_us[rows] >= start) & (time_us[rows] < stop)
        found.verdict[rows[own]] = judged.verdict[own]
        found.hull[rows[own]] = judged.hull[own]
        found.shift_s[rows[own]] = judged.shift_s[own]
        heard = remembered(heard, around.take(own), judged.hull[own])
    outside = (time_us < start_us) | (time_us >= end_us)
    found.hull[outside] = 0
    return found, heard, false


def remembered(memory, reports, hull):
    """Return the memory with the last report of each hull in it."""
    heard = dict(memory)
    rows = np.flatnonzero(hull)
    key = reports.mmsi[rows] * 256 + hull[rows]
    order = np.lexsort((reports.time_us[rows], key))
    last = rows[order[np.r_[np.diff(key[order]) != 0, True][: len(order)]]]
    for row in last.tolist():  # hulls
        here = Last(int(reports.time_us[row]), float(reports.lat[row]), float(reports.lon[row]))
        mmsi = int(reports.mmsi[row])
        heard[mmsi] = {**heard.get(mmsi, {}), int(hull[row]): here}
    return heard
