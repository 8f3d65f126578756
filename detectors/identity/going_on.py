"""Whose track goes on under another number: where tracks end and begin, and which pairs fit."""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.detector import Context
from detectors.core.frames import SECOND_US
from detectors.identity.limits import Limits
from detectors.identity.story import VesselReports
from detectors.kinematics import hand_over, timespan, track_ends
from detectors.surroundings import coverage, passes
from detectors.surroundings.lying import Lying
from detectors.surroundings.rates import DAY_SLOTS

BOAT_OF_A_SHIP: Final = 98

MIN_PASS_LIKENESS: Final = 0.5
"""Through the longer pauses of a feed by passes dead reckoning misses one hull by twice what is
likely at most: on 12 simulated nights the five hand-overs had 0.84 to 1.0, the one chance pair left
by all else 0.34."""

NOISE_KN: Final = 0.5
"""What two fixes 10 m off make of a vessel that lies, two minutes apart: 0.23 kn, seldom twice as
much."""

SHORE_M: Final = 1000.0
"""As near to land it may lie at a berth, a yard or a village that no zone shows."""
ANY_COURSE_DEG: Final = 180.0

_TENS_US: Final = coverage.FEED_SLOT_S * SECOND_US


def ends_of(limits: Limits, reports: VesselReports) -> tuple[track_ends.Ends, track_ends.Ends]:
    """Return where well heard tracks of ships end, and where they begin, under way or not; rows
    count from the first of each track.
    """
    found = track_ends.ends(
        reports.track,
        reports.time_us,
        reports.lat,
        reports.lon,
        reports.sog_kn,
        reports.cog_deg,
        limits.motion_of_passes,
    )
    ships = (some.take(_goes_by_itself(reports, some.track_id // 100)) for some in found)
    ending, beginning = (
        replace(s, row=s.row - reports.bounds[np.searchsorted(reports.tracks, s.track_id)])
        for s in ships
    )
    return ending, beginning


def _goes_by_itself(reports: VesselReports, mmsi: Ints) -> NDArray[np.bool_]:
    """Tell whose tracks may go on as another's: of ships, and of boats of a ship's (98MIDxxxx): one
    that is put out or hoisted in leaves the ship's own track going on.
    """
    return np.asarray(reports.is_ship(mmsi) | (mmsi // 10_000_000 == BOAT_OF_A_SHIP))


def well_heard(limits: Limits, some: track_ends.Ends) -> NDArray[np.bool_]:
    """Tell which are heard as often as where stations hear them, and not in passes alone."""
    nearest_s = some.interval_s * (some.n_reports - 1)
    return np.asarray((some.n_reports >= limits.min_reports) & (nearest_s <= limits.max_thin_s))


def pairs_of(
    limits: Limits, ending: track_ends.Ends, beginning: track_ends.Ends, context: Context
) -> hand_over.HandOvers:
    """Return the tracks that go on as another's: heard by stations, under way and at rest, and in
    a feed by passes alone.
    """
    by_passes = passes.come_by_passes(context.coverage, beginning.time_us // _TENS_US)
    usual = beginning.take(well_heard(limits, beginning) & ~by_passes)
    heard = ending.take(well_heard(limits, ending))
    lost = heard.take(silent_s_of(heard, context) >= limits.min_pass_silence_s)
    fresh = usual.take(usual.silent_s >= limits.min_pass_silence_s)
    at_rest = _at_rest(limits, lost, fresh, context)
    heard, usual, lost, fresh = (
        some.take(under_way(limits, some)) for some in (heard, usual, lost, fresh)
    )
    found = hand_over.pairs(heard, usual, limits.motion)
    found = found.join(_after_silence(limits, lost, fresh, found, context)).join(at_rest)
    if not by_passes.any():
        return found
    # By others' passes either was in sight all the while that only the other was heard.
    passing = beginning.take(by_passes & under_way(limits, beginning))
    sailing = ending.take(under_way(limits, ending))
    more = _long_pairs(limits, sailing, passing, context, limits.motion_of_passes)
    return found.join(more.limited(limits.max_speed_change_kn))


def under_way(limits: Limits, some: track_ends.Ends) -> Bools:
    """Tell which are of who made way there."""
    return np.asarray(some.speed_kn >= limits.min_speed_kn)


def _at_rest(
    limits: Limits, lost: track_ends.Ends, fresh: track_ends.Ends, context: Context
) -> hand_over.HandOvers:
    """Return those that stations heard lie on where another lay, out at sea and not where many
    lie: the only one that fits, each heard alone for hours.
    """
    lost, fresh = (some.take(_lies_alone(limits, some, context)) for some in (lost, fresh))
    lost, fresh = (_steady(some) for some in (lost, fresh))
    # At anchor or adrift the way from one report to the next is no course to keep.
    motion = replace(limits.motion_of_passes, max_course_change_deg=ANY_COURSE_DEG)
    some = _long_pairs(limits, lost, fresh, context, motion)
    some = some.limited(limits.max_speed_change_kn)
    return some.take(some.rivals == 0)


def _steady(some: track_ends.Ends) -> track_ends.Ends:
    """Return those that lie or drift with their motion over longer, where that is the same but for
    noise: carried on for an hour and more, that of two fixes misses by half a mile. Who came to
    lie within that time has none but the last.
    """
    same = np.abs(some.mean_kn - some.speed_kn) <= NOISE_KN
    speed_kn = np.where(same, some.mean_kn, some.speed_kn)
    return replace(
        some, speed_kn=speed_kn, course_deg=np.where(same, some.mean_deg, some.course_deg)
    )


def _lies_alone(limits: Limits, some: track_ends.Ends, context: Context) -> Bools:
    """Tell which made no way out at sea, where few lay at once in the day before."""
    slot = some.time_us // coverage.SLOT_US
    lying = context.coverage.once(Lying.of)
    n_lain, _ = lying.around(some.lat, some.lon, slot - DAY_SLOTS, slot)
    alone = at_sea(context, some.lat, some.lon) & (n_lain < limits.min_lying)
    return alone & ~under_way(limits, some)


def at_sea(context: Context, lat: Floats, lon: Floats) -> Bools:
    """Tell which places are known to be of no port, no anchorage and not the shore."""
    zones = context.zones
    lies = zones.within(lat, lon, ("port", "anchorage")) | zones.near_land(lat, lon, SHORE_M)
    return np.asarray(zones.reached(lat, lon) & ~np.asarray(lies), bool)


def _after_silence(
    limits: Limits,
    lost: track_ends.Ends,
    fresh: track_ends.Ends,
    found: hand_over.HandOvers,
    context: Context,
) -> hand_over.HandOvers:
    """Return those that stations heard go on after more than `max_pause_s`: the one that fits an
    end and a beginning that `found` doesn't know.
    """
    more = _long_pairs(limits, lost, fresh, context, limits.motion_of_passes)
    more = more.limited(limits.max_speed_change_kn, limits.max_course_change_deg)
    unmatched = _not_among(more.end, found.end) & _not_among(more.begin, found.begin)
    return more.take(unmatched & (more.pause_s > limits.max_pause_s) & (more.rivals == 0))


def _not_among(some: track_ends.Ends, others: track_ends.Ends) -> NDArray[np.bool_]:
    """Tell which ends aren't among others."""
    known = set(zip(others.track_id.tolist(), others.time_us.tolist(), strict=True))
    own = zip(some.track_id.tolist(), some.time_us.tolist(), strict=True)
    return np.array([end not in known for end in own], bool)


def _long_pairs(
    limits: Limits,
    ending: track_ends.Ends,
    beginning: track_ends.Ends,
    context: Context,
    motion: track_ends.Limits,
) -> hand_over.HandOvers:
    """Return pairs up to a long pause apart that agree well, each heard on its own side alone for
    hours; no further away than after a short pause, which is what a detector's events rest on.
    """
    reach_m = hand_over.reach_m(limits.motion)
    pairs = hand_over.pairs(ending, beginning, motion, within_m=reach_m)
    silent_s = np.minimum(silent_s_of(pairs.end, context), pairs.begin.silent_s)
    return pairs.take(
        (silent_s >= limits.min_pass_silence_s) & (pairs.likeness >= MIN_PASS_LIKENESS)
    )


def silent_s_of(ending: track_ends.Ends, context: Context) -> Floats:
    """Return how long they weren't heard since, as far as is known."""
    now_us = timespan.window_us(context.start, context.end)[1]
    return np.minimum(ending.silent_s, (now_us - ending.time_us) / SECOND_US)


def ended(limits: Limits, ending: track_ends.Ends, context: Context) -> track_ends.Ends:
    """Return those at which a track isn't merely unheard so far."""
    now_us = timespan.window_us(context.start, context.end)[1]
    so_far_s = (now_us - ending.time_us) / SECOND_US
    known = so_far_s >= np.maximum(limits.min_ended_s, 6 * ending.interval_s)
    return ending.take(np.isfinite(ending.silent_s) | known)
