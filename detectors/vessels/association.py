"""Which vessel was seen: sightings matched to AIS tracks, with probabilities.

A sighting has a place, a time and an uncertainty; a track has reports around that time. Where the
track was is interpolated between the reports around the time. Beyond the first and last, and in a
silence too long for that, it is reckoned from the nearest one by its speed and course. The
uncertainty grows with the time to the nearest report and with the speed. No track is carried
further than `Motion.max_silence_s` from a report of its own.

How well a track explains a sighting is weighed against the sighting being a vessel without AIS or
nothing at all:

    weight = N(misfit) · length factor · confidence / density of vessels without AIS

with N the density of a normal distribution whose variances are the sums of those of the sighting,
of where on the hull the antenna stands (`antenna_m`) and of the track, larger along the track than
across it (clocks are off, and a vessel keeps to its course), and the density of vessels by the
length seen: below `Prior.voluntary_length_m` a vessel need not carry AIS. So the rule for a
detection that fits no track and has every reason to is the same as for one that fits a track badly.
The approach is that of Kroodsma et al. (2022, Revealing
the global longline fleet with satellite radar, Scientific Reports 12:21004,
doi:10.1038/s41598-022-23688-7): the probability density of a vessel's position, given its reports
before and after, is weighed for every pair of vessel and detection, and then assigned. Paolo et al.
(2024, Satellite mapping reveals extensive industrial activity at sea, Nature 625:85-91,
doi:10.1038/s41586-023-06825-8) do the same and compare lengths; Rodger & Guida (2021,
Classification-aided SAR and AIS data fusion for space-based maritime surveillance, Remote Sensing
13:104, doi:10.3390/rs13010104) describe how SAR displaces moving ships.

Sightings of one *scene* (the same source at the same time) are of different vessels: a track
explains one of them at most. The most probable assignment is found by the Hungarian method. The
probabilities are those of all assignments, summed one sighting after the other over the sets of
tracks that are taken; where more than `EXACT_UP_TO` sightings and as many tracks hang together, by
belief propagation (Williams & Lau 2014, Approximate evaluation of marginal association
probabilities with belief propagation, IEEE Transactions on Aerospace and Electronic Systems
50:2942-2959, doi:10.1109/TAES.2014.120568), which errs by up to 0.15.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.frames import SECOND_US, is_first, offsets
from detectors.kinematics import geodesy
from detectors.vessels import assignment

MIN_SIGMA_M: Final = 10.0
"""No position is better than this: the accuracy of AIS (ITU-R M.1371-5, annex 2)."""

ANTENNA_SHARE: Final = 0.33
"""Of a hull's length: so far from its middle, which is what is seen, lies the antenna whose place
AIS tells. Root mean square over 1,274 ships of 45 m and more by the dimensions that they state
(ITU-R M.1371-5, annex 8, message 5) in a public sample of AISHub; 0.31 over 25 in a Danish one."""

GATE_SIGMAS: Final = 5.0
"""Pairs further apart than this many standard deviations aren't weighed: their share is below
4 per million."""

MIN_LENGTH_FACTOR: Final = 1e-3
"""However much lengths differ, they say no more: AIS dimensions are typed in by hand."""

LENGTH_SCALE_M: Final = 100.0
"""Lengths of vessels at large are taken as spread evenly over so much."""

PAIRS_AT_ONCE: Final = 2_000_000


@dataclass(frozen=True)
class Motion:
    """How the uncertainty of a track grows."""

    max_silence_s: float
    """No track is carried further than this from a report of its own, so that it is interpolated
    over silences of up to twice as long."""
    still_mps: float
    between_share: float
    beyond_share: float
    """Standard deviation per second to the nearest report: `still_mps` for a vessel that lies
    still, plus a share of the speed between two reports, or beyond the last or first."""
    clock_error_s: float
    """How far the clocks of sighting and receiver may be apart, as a standard deviation: so many
    seconds of the vessel's way along its course."""


@dataclass(frozen=True)
class Prior:
    """How many vessels there are that AIS doesn't show."""

    voluntary_length_m: float
    """Below this a vessel need not carry AIS."""
    small_per_km2: float
    large_per_km2: float
    """Vessels without AIS per square kilometre, below that length (and where it isn't known) and
    from it on."""

    def density_per_m2(self, length_m: Floats, confidence: Floats) -> Floats:
        """Density of what else a sighting may be: a vessel without AIS, or nothing.

        A sighting of confidence c is nothing in 1 - c of the cases in which it is no AIS vessel.
        """
        large = length_m >= self.voluntary_length_m
        per_km2 = np.where(large, self.large_per_km2, self.small_per_km2)
        return np.asarray(per_km2 / 1e6 / np.maximum(confidence, 0.01))


class Tracks(NamedTuple):
    """Reports sorted by (track_id, time)."""

    track_id: Ints
    time_us: Ints
    lat: Floats
    lon: Floats
    sog_kn: Floats
    cog_deg: Floats


class Seen(NamedTuple):
    """Sightings: one scene each number, where one track explains one sighting at most.

    `shift_s`: so many seconds of a vessel's way may it be displaced in any direction (standard
    deviation), as moving ships are in SAR images.
    """

    scene: Ints
    time_us: Ints
    lat: Floats
    lon: Floats
    uncertainty_m: Floats
    length_m: Floats
    confidence: Floats
    shift_s: Floats


class Place(NamedTuple):
    """Where tracks were: NaN where none of their reports is near enough in time.

    `sigma_m` without, `clock_m` what comes along the course for clocks; `course_deg` NaN where it
    isn't known; `nearest_s` the time to the nearest report, `report` its row.
    """

    lat: Floats
    lon: Floats
    sigma_m: Floats
    clock_m: Floats
    speed_mps: Floats
    course_deg: Floats
    nearest_s: Floats
    report: Ints


class Pairs(NamedTuple):
    """Sightings with tracks that may explain them, sorted by (sighting, track_id).

    `lat`, `lon` is where the track was, `misfit` the distance in standard deviations of its
    direction, `sigma_m` the geometric mean of these along and across the track, both with the
    sighting's own; `nearest_s` the time to the track's nearest report, `report` that report's row.
    """

    sighting: Ints
    track_id: Ints
    lat: Floats
    lon: Floats
    distance_m: Floats
    misfit: Floats
    sigma_m: Floats
    nearest_s: Floats
    report: Ints


class Matches(NamedTuple):
    """One row per sighting.

    `unmatched` is the probability that no track explains it; `best` the row of `pairs` that the
    most probable assignment gives it, else the likeliest, -1 where there is none; `assigned`
    whether the assignment gives it a track; `probability` of `best`.
    """

    unmatched: Floats
    best: Ints
    assigned: Bools
    probability: Floats


def candidates(tracks: Tracks, seen: Seen, motion: Motion) -> Pairs:
    """Tracks that were near enough to explain each sighting; see the module for the rule."""
    bounds = offsets(tracks.track_id)
    if len(seen.time_us) == 0 or len(bounds) < 2:
        return _no_pairs()
    n_tracks = len(bounds) - 1
    chunk = max(1, PAIRS_AT_ONCE // n_tracks)
    clock = _Clock(tracks, bounds)
    parts = [
        _candidates(tracks, clock, seen, np.arange(i, min(i + chunk, len(seen.time_us))), motion)
        for i in range(0, len(seen.time_us), chunk)
    ]
    return Pairs(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


class _Clock:
    """The last report of a track at or before a time, by one search for all tracks."""

    def __init__(self, tracks: Tracks, bounds: Ints) -> None:
        self.first, self.last = bounds[:-1], bounds[1:] - 1
        self._begin_us = int(tracks.time_us.min())
        self._span_us = int(tracks.time_us.max()) - self._begin_us + 2
        slot = np.repeat(np.arange(len(self.first)), np.diff(bounds))
        self._key = slot * self._span_us + (tracks.time_us - self._begin_us)

    def before(self, slot: Ints, at_us: Ints) -> Ints:
        """Row of that report; one less than the track's first where there is none."""
        since_us = np.clip(at_us - self._begin_us, -1, self._span_us - 1)
        row = np.searchsorted(self._key, slot * self._span_us + since_us, side="right") - 1
        return np.asarray(np.maximum(row, self.first[slot] - 1))


def _candidates(tracks: Tracks, clock: _Clock, seen: Seen, rows: Ints, motion: Motion) -> Pairs:
    silence_us = int(motion.max_silence_s * SECOND_US)
    begins, ends = tracks.time_us[clock.first], tracks.time_us[clock.last]
    at_us = seen.time_us[rows][:, None]
    alive = (begins[None, :] <= at_us + silence_us) & (ends[None, :] >= at_us - silence_us)
    which, slot = np.nonzero(alive)
    sighting = rows[which]
    place = _place_at(tracks, clock, slot, seen.time_us[sighting], motion)
    distance_m = geodesy.distance_m(place.lat, place.lon, seen.lat[sighting], seen.lon[sighting])
    own = np.maximum(seen.uncertainty_m[sighting], MIN_SIGMA_M)
    own = np.hypot(own, antenna_m(seen.length_m[sighting]))
    across = np.sqrt(own**2 + place.sigma_m**2 + (seen.shift_s[sighting] * place.speed_mps) ** 2)
    along = np.hypot(across, place.clock_m)
    across = np.where(np.isnan(place.course_deg), along, across)
    bearing = geodesy.bearing_deg(place.lat, place.lon, seen.lat[sighting], seen.lon[sighting])
    off = np.radians(bearing - np.nan_to_num(place.course_deg))
    misfit = distance_m * np.hypot(np.cos(off) / along, np.sin(off) / across)
    near = np.flatnonzero(misfit <= GATE_SIGMAS)  # a NaN is never near
    return Pairs(
        sighting[near],
        tracks.track_id[clock.first[slot[near]]],
        place.lat[near],
        place.lon[near],
        distance_m[near],
        misfit[near],
        np.sqrt(along * across)[near],
        place.nearest_s[near],
        place.report[near],
    )


def antenna_m(length_m: Floats) -> Floats:
    """Return how far the antenna of a hull of a length lies from its middle, in metres: a standard
    deviation along either axis, since a hull at anchor points anywhere; 0 where the length isn't
    known.
    """
    return np.asarray(np.nan_to_num(length_m) * ANTENNA_SHARE / np.sqrt(2.0))


def _place_at(tracks: Tracks, clock: _Clock, slot: Ints, at_us: Ints, motion: Motion) -> Place:
    silence_us = int(motion.max_silence_s * SECOND_US)
    low, high = clock.first[slot], clock.last[slot]
    before = clock.before(slot, at_us)
    left, right = np.clip(before, low, high), np.clip(before + 1, low, high)
    since_us = np.where(before >= low, at_us - tracks.time_us[left], np.iinfo("int64").max)
    until_us = np.where(before < high, tracks.time_us[right] - at_us, np.iinfo("int64").max)
    inside = (before >= low) & (before < high)
    both = inside & (tracks.time_us[right] - tracks.time_us[left] <= 2 * silence_us)
    has_left = (since_us <= silence_us) | both
    has_right = (until_us <= silence_us) | both

    # Between two reports, of which the nearer is near enough in time.
    gap_us = np.where(both, since_us + until_us, 1)
    fraction = np.where(both, since_us / gap_us, 0.0)
    ends = tracks.lat[left], tracks.lon[left], tracks.lat[right], tracks.lon[right]
    lat, lon = geodesy.interpolate(*ends, fraction)
    moved_m = geodesy.distance_m(*ends)
    mps = np.where(both, moved_m / np.maximum(gap_us / SECOND_US, 1.0), 0.0)
    course = geodesy.bearing_deg(*ends)
    course = np.atleast_1d(np.where(moved_m > 0, course, np.nan))

    # One report that two receivers dated apart is no stop.
    twice = both & (moved_m == 0)
    stated_mps = np.nan_to_num(tracks.sog_kn[left]) * geodesy.KNOT_MPS
    mps = np.where(twice, stated_mps, mps)
    course = np.where(twice & (stated_mps > 0), tracks.cog_deg[left], course)

    # Beyond the one that is near enough, by its speed and course.
    one = np.flatnonzero(has_left ^ has_right)
    report = np.where(since_us <= until_us, left, right)
    from_row = np.where(has_left[one], left[one], right[one])
    after_s = np.where(has_left[one], since_us[one], -until_us[one]) / SECOND_US
    knots = np.nan_to_num(tracks.sog_kn[from_row])
    course[one] = tracks.cog_deg[from_row]
    known = np.isfinite(course[one])
    way_m = np.where(known, knots * geodesy.KNOT_MPS * after_s, 0.0)
    lat, lon = np.atleast_1d(lat).copy(), np.atleast_1d(lon).copy()
    lat[one], lon[one] = geodesy.destination(
        tracks.lat[from_row], tracks.lon[from_row], np.nan_to_num(course[one]), way_m
    )
    mps[one] = knots * geodesy.KNOT_MPS
    report[one] = from_row

    share = np.where(both, motion.between_share, motion.beyond_share)
    nearest_s = np.minimum(since_us, until_us) / SECOND_US
    grown = (motion.still_mps + share * mps) * nearest_s
    sigma = np.hypot(MIN_SIGMA_M, grown)
    nowhere = ~(has_left | has_right)
    lat[nowhere], lon[nowhere], sigma[nowhere] = np.nan, np.nan, np.nan
    return Place(lat, lon, sigma, motion.clock_error_s * mps, mps, course, nearest_s, report)


def weights(pairs: Pairs, seen: Seen, track_length_m: Floats, prior: Prior) -> Floats:
    """Return how much likelier each pair is than that its sighting is of no track.

    `track_length_m`: length that the vessel of each pair states, NaN where it doesn't.
    """
    density = np.exp(-0.5 * pairs.misfit**2) / (2 * np.pi * pairs.sigma_m**2)
    else_density = prior.density_per_m2(seen.length_m, seen.confidence)[pairs.sighting]
    return np.asarray(
        density * length_factor(seen.length_m[pairs.sighting], track_length_m) / else_density
    )


def length_factor(seen_m: Floats, stated_m: Floats) -> Floats:
    """Return how much likelier a length seen is of a vessel that states a length than of any
    vessel.

    Lengths seen are off by a fifth, at least by 15 m (one or two pixels of a Sentinel-1 image).
    1 where either isn't known.
    """
    sigma = np.maximum(15.0, 0.2 * np.nan_to_num(stated_m))
    normal = np.exp(-0.5 * ((seen_m - stated_m) / sigma) ** 2) / (np.sqrt(2 * np.pi) * sigma)
    factor = np.maximum(normal * LENGTH_SCALE_M, MIN_LENGTH_FACTOR)
    known = np.isfinite(seen_m) & np.isfinite(stated_m) & (stated_m > 0)
    return np.where(known, factor, 1.0)


def match(pairs: Pairs, weight: Floats, scene: Ints) -> Matches:
    """Assign tracks to sightings and give the probabilities.

    Parameters
    ----------
    weight
        See `weights`.
    scene
        Of each sighting; a track explains one sighting of a scene at most.
    """
    n = len(scene)
    probability = np.zeros(len(weight))
    unmatched = np.ones(n)
    assigned_pair = np.full(n, -1)
    for rows, s, place, column, table in assignment.tables(
        pairs.sighting, pairs.track_id, weight, scene
    ):
        shares, none = assignment.marginals(table)
        probability[rows] = shares[place, column]
        unmatched[s] = none
        chosen = assignment.assign(table)
        given = chosen[place] == column
        assigned_pair[s[place[given]]] = rows[given]
    best = _likeliest(pairs.sighting, probability, n)
    assigned = assigned_pair >= 0
    best = np.where(assigned, assigned_pair, best)
    of_best = np.where(best >= 0, probability[best] if len(probability) else 0.0, 0.0)
    return Matches(unmatched, best, assigned, of_best)


def shares(sighting: Ints, track_id: Ints, weight: Floats, scene: Ints) -> Floats:
    """Probability of each pair of a sighting and a track, as in `match`, whatever the pairs."""
    probability = np.zeros(len(weight))
    for rows, _, place, column, table in assignment.tables(sighting, track_id, weight, scene):
        probability[rows] = assignment.marginals(table)[0][place, column]
    return probability


def _likeliest(sighting: Ints, probability: Floats, n: int) -> Ints:
    """Row of the likeliest pair of each sighting, the first of equals; -1 where there is none."""
    best = np.full(n, -1)
    order = np.lexsort((np.arange(len(sighting)), -probability, sighting))
    first = np.flatnonzero(is_first(sighting[order]))
    best[sighting[order[first]]] = order[first]
    return best


def _no_pairs() -> Pairs:
    none, zero = np.zeros(0), np.zeros(0, "int64")
    return Pairs(zero, zero, none, none, none, none, none, none, zero)
