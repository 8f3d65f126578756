"""One number, sent by two hulls at once."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from detectors.core.arrays import Bools, Ints
from detectors.core.detector import Context
from detectors.core.evidence import at_least
from detectors.core.frames import ASTRAY, SECOND_US
from detectors.identity.limits import Limits
from detectors.identity.story import SCORES, Story, VesselReports
from detectors.kinematics import copies, hull_limits, hulls, leaps, timespan
from detectors.vessels.numbers import (
    BAD_FORM,
    BAD_MID,
    OTHER_STATION,
    is_default_number,
    mmsi_kind,
)

AROUND: Final = 5
"""Reports before and after one, most of which are of its own hull unless it strays."""
MAX_STRAYS: Final = 0.25
"""Strays to each report that doesn't. One hull of which reports are misdated by minutes to hours
sails along one track, then along another, and few stray: on 49 simulated nights 0.2 of them at
most. Of two hulls heard at once half stray, or all of the one heard less: 0.56 and more there."""
MAX_OFF: Final = 1 / 3
"""Strays off the way of all that doesn't stray, to each report of another track than that heard
most: misdated ones lie on it, but for fixes gone wrong (0.31 at most there). Of a hull that is
heard less than the other all lie off it, and `hulls.MIN_OF_HULL` are enough."""
ON_ITS_WAY: Final = 0.1
"""Of the reports of the other tracks, that lie on the way of the one heard most: of clock faults on
eight simulated nights 0.13 to 1.0, of false positions (an offset, a jump away) none."""

ASTRAY_S: Final = 300
"""Of fixes that scatter for half an hour a third and more are false by their verdicts: one in five
minutes, heard every minute, or every three as of class B (ITU-R M.1371-5)."""
SURE_SWITCHES: Final = 16
"""Six switches are made by three reports of one hull that are dated wrongly; on 43 simulated nights
a dozen of a vessel's were. Two hulls that are heard every half hour make sixteen in eight hours."""


def two_hulls(limits: Limits, reports: VesselReports, context: Context) -> Iterator[Story]:
    """Find numbers whose reports alternate between tracks that no one hull can have made."""
    found = hulls.alternations(
        reports.track,
        reports.time_us,
        reports.lat,
        reports.lon,
        max_interruption_s=limits.max_interruption_s,
        min_switches=limits.min_switches,
        min_duration_s=limits.min_hulls_s,
    )
    now_us = timespan.window_us(context.start, context.end)[1]
    for one in found:
        mmsi = one.tracks[0] // 100
        if mmsi_kind(mmsi) == OTHER_STATION:
            continue
        # Nearer than verdicts tell hulls apart, taking turns is mostly that of two clocks.
        if np.median(one.apart_m) < hull_limits.MAX_JUMP_M:
            continue
        if hulls.n_plausible(one, reports.track, reports) < 2 or _is_copy(limits, reports, one):
            continue
        first, last = int(one.rows[0]), int(one.rows[-1])
        start_us, last_us = int(reports.time_us[first]), int(reports.time_us[last])
        # Two hulls, and a third that is a fix gone wrong: the second counts.
        tracks, counts = np.unique(reports.track[one.rows], return_counts=True)
        minor = np.argsort(counts, kind="stable")[-2]
        minor_us = reports.time_us[one.rows[reports.track[one.rows] == tracks[minor]]]
        astray_us = _astray_us(context, mmsi, start_us, last_us)
        some = one.rows[:: max(1, len(one.rows) // 500)]
        land = context.zones.on_land(reports.lat[some], reports.lon[some])
        evidence = {
            "n_hulls": _n_hulls(reports, one),
            "n_switches": at_least(one.n_switches, limits, "min_switches"),
            "duration_s": at_least((last_us - start_us) / SECOND_US, limits, "min_hulls_s"),
            "median_distance_m": float(np.median(one.apart_m)),
            "min_distance_m": float(one.apart_m.min()),
            "minor_fraction": float(counts[minor] / len(one.rows)),
            "n_minor_reports": int(np.count_nonzero(~_beside(minor_us, astray_us))),
            "on_land_fraction": float(np.mean(land)),
            "n_astray_reports": len(astray_us),
            "class_b_only": bool(np.all(reports.ais_class_of(one.rows) == "B")),
            "default_number": is_default_number(mmsi),
            "no_such_number": mmsi_kind(mmsi) in (BAD_FORM, BAD_MID),
            "n_reports": len(one.rows),
            "first_report_source": reports.source_of(first),
            "last_report_source": reports.source_of(last),
        }
        still_on = now_us - last_us <= limits.max_interruption_s * SECOND_US
        yield Story(
            "two_hulls",
            one.tracks[:2],
            start_us,
            last_us,
            float(reports.lat[first]),
            float(reports.lon[first]),
            SCORES["two_hulls"] * min(1.0, one.n_switches / SURE_SWITCHES),
            evidence,
            going_on=bool(still_on),
        )


def _astray_us(context: Context, mmsi: int, start_us: int, end_us: int) -> Ints:
    """Return when, in a span, fixes of a vessel went astray."""
    noise = context.noise
    false = ((noise["mmsi"] == mmsi) & noise["reason"].isin(ASTRAY)).to_numpy(bool)
    time_us = noise["time"].to_numpy("datetime64[us]").astype("int64")[false]
    return np.asarray(np.sort(time_us[(time_us >= start_us) & (time_us <= end_us)]))


def _beside(time_us: Ints, astray_us: Ints) -> Bools:
    """Tell which reports came while fixes went astray: some that scatter are taken for another
    hull's.
    """
    first = np.searchsorted(astray_us, time_us - ASTRAY_S * SECOND_US)
    last = np.searchsorted(astray_us, time_us + ASTRAY_S * SECOND_US, side="right")
    return np.asarray(last > first)


def _is_copy(limits: Limits, reports: VesselReports, one: hulls.Alternation) -> bool:
    """Tell whether all other tracks repeat the one heard most, beside it or by a wrong clock: one
    clock's, or that of single reports here and there.
    """
    track = reports.track[one.rows]
    tracks, counts = np.unique(track, return_counts=True)
    main = track == tracks[counts.argmax()]
    original, copy = (
        copies.Track(reports.time_us[own], reports.lat[own], reports.lon[own])
        for own in (one.rows[main], one.rows[~main])
    )
    found = copies.judge(
        original,
        copy,
        max_spread_m=limits.max_copy_spread_m,
        min_moved_m=limits.min_copy_moved_m,
        min_duration_s=limits.min_hulls_s,
        min_reports=limits.min_switches,
    )
    # Whatever the time by which feeds deliver late, no ship follows another of its number by it.
    late = copies.lag(original, copy, limits.max_copy_spread_m) if found is None else None
    if late is not None and late.spread_m <= limits.max_copy_spread_m:
        return True
    if found is not None or _take_turns(limits, reports, one):
        return True
    return copies.one_clock(copies.clock_lags_s(copies.steps(reports, one.here, one.there)))


def _take_turns(limits: Limits, reports: VesselReports, one: hulls.Alternation) -> bool:
    """Tell whether one hull can have made the tracks that take turns, each for a while: few reports
    stray from what is heard right before and after, and hardly any of them from its way.
    """
    stray = _strays(reports.track[one.rows])
    kept = one.rows[~stray]
    if np.count_nonzero(np.diff(reports.track[kept])) >= SURE_SWITCHES:
        return False
    # Where several hulls report in turn, none is like what is heard around it.
    if not len(kept) or not is_of_one_way(reports, kept):
        return False
    around_us = int(copies.MAX_CLOCK_S * SECOND_US)
    start_us, end_us = reports.time_us[one.rows[[0, -1]]]
    every = np.concatenate([np.arange(*reports.span_of(track)) for track in one.tracks])
    time_us = reports.time_us[every]
    every = every[(time_us >= start_us - around_us) & (time_us <= end_us + around_us)]
    every = np.setdiff1d(every, one.rows[stray])
    every = every[np.argsort(reports.time_us[every], kind="stable")]
    way, aside = (
        copies.Track(reports.time_us[rows], reports.lat[rows], reports.lon[rows])
        for rows in (every, one.rows[stray])
    )
    off = np.isnan(copies.strays_s(way, aside))
    if _is_a_way(limits, reports, one.rows[stray][off]):
        return False
    n_off = np.count_nonzero(off)
    n_other = len(one.rows) - np.unique(reports.track[one.rows], return_counts=True)[1].max()
    hardly_any = n_off < max(hulls.MIN_OF_HULL, MAX_OFF * n_other)
    return bool(hardly_any and stray.sum() <= MAX_STRAYS * len(every))


def _is_a_way(limits: Limits, reports: VesselReports, rows: Ints) -> bool:
    """Tell whether reports, by time, of one track are many, and a way that a hull can have sailed.

    The hull heard ten times less than another of its number strays with every report; hours in
    which it alone was heard make these few of all, and no fewer.
    """
    tracks, counts = np.unique(reports.track[rows], return_counts=True)
    if not len(tracks) or counts.max() < SURE_SWITCHES:
        return False
    own = rows[reports.track[rows] == tracks[counts.argmax()]]
    lasts_s = (reports.time_us[own[-1]] - reports.time_us[own[0]]) / SECOND_US
    leaping = leaps.leapt(reports, own[:-1], own[1:])
    return bool(lasts_s >= limits.min_hulls_s and np.mean(leaping) < hulls.MAX_LEAPING)


def is_of_one_way(reports: VesselReports, kept: Ints) -> bool:
    """Tell whether the tracks heard less lie on the way of the one heard most, as misdated ones do;
    positions that are false lie off it.
    """
    tracks, counts = np.unique(reports.track[kept], return_counts=True)
    main = tracks[counts.argmax()]
    rows = np.arange(*reports.span_of(int(main)))
    way, aside = (
        copies.Track(reports.time_us[some], reports.lat[some], reports.lon[some])
        for some in (rows, kept[reports.track[kept] != main])
    )
    on_it = ~np.isnan(copies.strays_s(way, aside))
    return bool(on_it.mean() >= ON_ITS_WAY) if len(on_it) else True


def _n_hulls(reports: VesselReports, one: hulls.Alternation) -> int:
    """Count the hulls that sent a number: two, and each further track of whose reports fewer than
    `ON_ITS_WAY` lie on the way of one heard more. Misdated reports make tracks of a few.
    """
    track = reports.track[one.rows]
    tracks, counts = np.unique(track, return_counts=True)
    heard = tracks[np.argsort(-counts, kind="stable")].tolist()
    ways: list[copies.Track] = []
    for each in heard:
        rows = one.rows[track == each]
        own = copies.Track(reports.time_us[rows], reports.lat[rows], reports.lon[rows])
        astray = [np.mean(~np.isnan(copies.strays_s(way, own))) < ON_ITS_WAY for way in ways]
        if len(ways) < 2 or (all(astray) and len(rows) >= hulls.MIN_OF_HULL):
            ways.append(own)
    return len(ways)


def _strays(track: Ints) -> Bools:
    """Tell of tracks by time which are unlike most of the `AROUND` before and after."""
    at = np.arange(len(track))
    low, high = np.maximum(at - AROUND, 0), np.minimum(at + AROUND + 1, len(track))
    alike = np.zeros(len(track), "int64")
    for each in np.unique(track):  # two or three
        own = track == each
        n = np.r_[0, np.cumsum(own)]
        alike = np.where(own, n[high] - n[low], alike)
    return np.asarray(2 * alike < high - low)
