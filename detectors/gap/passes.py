"""Silences of vessels that are heard by passes: how many chances of being heard they missed."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.detector import Context
from detectors.core.frames import SECOND_US
from detectors.gap.limits import Limits
from detectors.gap.reception import rates_before
from detectors.gap.silences import History, Silences, Slots
from detectors.kinematics import geodesy, timegrid
from detectors.surroundings import coverage, passes, receivers
from detectors.surroundings.rates import DAY_SLOTS


def chances(
    limits: Limits, silences: Silences, reports: History, context: Context
) -> dict[str, NDArray[Any]]:
    """Return, of silences, what each vessel's own hearing makes of them.

    A half hour in which others within a station's reach were heard is a chance: a satellite hears
    what is about at one pass, but sets of class B as the crowd has it (Report ITU-R M.2084), so
    that for one of them only its like count, in its own cell and the eight around; and only while
    what had heard that place in the day before was listening (see `_listening`). Of one that isn't
    heard again and was under way the place is where it would be if it sailed on, as long as that
    lies within the box of all that was heard in the day before. Where the whole
    feed comes by passes (`feed_by_passes`: in `max_feed_share` of the ten minutes of the day before
    it heard anything) and the vessel is heard again, so that it stayed within sight, for class A
    all count that a satellite sees at a time (`coverage.SIGHT_CELLS`); if it was under way before
    and went on, so that it sent several reports in each pass, the passes themselves are the chances
    (see `_by_pass`; evenly heard or not), and what it was heard in doesn't count if it came to lie.
    Of the chances in the
    `history_s` before, the vessel was heard in so many and missed so many; what vessels there show
    in the day before is worth `n_prior_chances` more (see `_prior`). Then the chance of missing all
    those of the silence too is the beta-binomial one (posterior predictive: Gelman et al. 2013,
    Bayesian data analysis, 3rd ed., section 2.4). `by_passes` says
    that the place is heard thinly, by `max_thin_reports` a vessel and half hour in the day before,
    the vessel itself not in each half hour and evenly (see `_evenly`), and that it missed more than
    chance explains; and unless the whole feed does that no coast station heard the place (see
    `_by_stations`). `n_missed_by_chance` is how many miss as much by chance in a day: each half
    hour in which a vessel of its class is heard takes that chance once, or for class A the one
    that its number of reports leaves, if that is less: who was heard four times in each pass is
    missed less often than who was heard once (Poisson, its rate gamma distributed).
    """
    row = silences.row
    own = silences.start_us // coverage.SLOT_US
    density = context.coverage.density(reports.lat[row], reports.lon[row], own - DAY_SLOTS, own - 1)
    first = reports.first_since(row, limits.history_s)
    changes = np.cumsum(np.r_[1, np.diff(reports.time_us // coverage.SLOT_US) != 0])
    n_heard = changes[row] - changes[first] + 1
    silence, step = timegrid.ranges(first, row - first)
    tens_us = coverage.FEED_SLOT_S * SECOND_US
    tens = silences.start_us // tens_us
    until = np.where(silences.is_open, tens, silences.end_us // tens_us)
    usual = passes.usual_share(context.coverage, tens, until)
    feed_by_passes = usual <= limits.max_feed_share
    in_sight = feed_by_passes & ~silences.is_open
    known = context.coverage.once(receivers.Receivers)
    steps = _between(step, reports)
    between = _with_others(limits, steps, in_sight[silence], reports, context, known)
    n_missed = np.bincount(silence, weights=between, minlength=len(row)).astype("int64")
    n_chances = _with_others(limits, silences, in_sight, reports, context, known)
    is_b = reports.ais_class_of(row) == "B"
    under_way = reports.way_before(row, limits.approach_s)[0] >= limits.moving_kn
    # Who lay meanwhile sent every three minutes, of which a pass hears one or none.
    there = np.minimum(row + 1, len(reports.lat) - 1)
    away_m = geodesy.apart_m(reports, row, there)
    silent_s = (silences.end_us - silences.start_us) / SECOND_US
    went = np.asarray(geodesy.speed_kn(away_m, silent_s)) >= limits.moving_kn
    went |= reports.sog_kn[there] >= limits.moving_kn
    by_pass = in_sight & ~is_b & under_way & went
    # It came to lie: what it was heard in under way, sending every ten seconds, says nothing.
    came_to_lie = in_sight & ~is_b & under_way & ~went
    counted = _by_pass(limits, silences, first, reports, context)
    n_heard, n_missed, n_chances = (
        np.where(by_pass, passes, half_hours)
        for passes, half_hours in zip(counted, (n_heard, n_missed, n_chances), strict=True)
    )
    prior = limits.n_prior_passes * np.array(
        [1.0 - limits.min_prior_missed, limits.min_prior_missed]
    )
    heard, missed = (
        np.where(by_pass, of_passes, of_half_hours)
        for of_passes, of_half_hours in zip(
            prior, _prior(limits, silences, reports, context), strict=True
        )
    )
    heard, missed = heard + np.where(came_to_lie, 0, n_heard), missed + n_missed
    chance = np.exp(betaln(heard, missed + n_chances) - betaln(heard, missed))
    each = n_heard > own - reports.time_us[first] // coverage.SLOT_US
    thin = (density <= limits.max_thin_reports) | (by_pass & np.isnan(density))
    thin &= by_pass | ~(each & _evenly(limits, reports, row, first))
    thin[thin & ~feed_by_passes] &= ~_by_stations(
        silences, np.flatnonzero(thin & ~feed_by_passes), reports, known
    )
    # Of some reports in some chances, none in as many more: negative binomial, its posterior one.
    n_past, n_reports = n_heard + n_missed, row - first + 1
    unheard = (n_past / np.maximum(n_past + n_chances, 1)) ** n_reports
    unheard = np.where(is_b | came_to_lie, chance, np.minimum(unheard, chance))
    only_b, any_class = (context.coverage.rates(class_b=b) for b in (True, False))
    heard_b, heard_any = (one.heard_a_day(own, any_class) for one in (only_b, any_class))
    # Two half hours may be one pass; a satellite is in sight for a quarter of an hour at most.
    over_s = (reports.time_us[row] - reports.time_us[first]) / SECOND_US
    # One that isn't heard again has left, more likely than not, while little is known of it.
    rare = chance <= np.where(is_b, limits.max_missed_chance_b, limits.max_missed_chance)
    enough = n_heard >= limits.min_passes + 2 * silences.is_open
    enough &= over_s >= limits.min_regular_s
    enough = rare & (enough | by_pass & (over_s >= coverage.FEED_SLOT_S))
    return {
        "by_passes": thin & enough,
        "heard_thinly": thin,
        "feed_by_passes": feed_by_passes,
        "n_reports_per_half_hour": density,
        "n_chances_heard": n_heard,
        "n_chances_missed": n_missed,
        "n_chances": n_chances,
        "missed_probability": chance,
        "n_missed_by_chance": unheard * np.where(is_b, heard_b, heard_any - heard_b),
    }


def _by_pass(
    limits: Limits, silences: Silences, first: Ints, reports: History, context: Context
) -> tuple[Ints, Ints, Ints]:
    """Return how many passes of the feed vessels were heard in since the rows `first`, how many
    they missed, and how many lie within the silences, others heard within sight.

    A pass counts for the silence where it lies within it whole.
    """
    n, feed = len(silences.row), passes.Passes(context.coverage)
    tens_us = coverage.FEED_SLOT_S * SECOND_US
    silence, row = timegrid.ranges(first, silences.row - first + 1)
    number = feed.at(reports.time_us[row] // tens_us)
    known = number >= 0
    heard = _distinct(silence[known], number[known], n)
    own, until = reports.time_us[first] // tens_us, reports.time_us[silences.row] // tens_us
    low = np.searchsorted(feed.tens, own, side="left")
    high = np.searchsorted(feed.tens, until, side="right")
    each = np.r_[feed.number, feed.number[-1:] + 1]
    missed = np.where(high > low, each[np.maximum(high - 1, 0)] - each[low] + 1, 0) - heard
    there = silences.at_slots(reports, coverage.FEED_SLOT_S, limits.assessed_s)
    half_hour = there.slot * coverage.FEED_SLOT_S // coverage.SLOT_S
    seen = context.coverage.receiving(there.lat, there.lon, half_hour, coverage.SIGHT_CELLS)
    number = feed.at(there.slot)
    counts = (number >= 0) & (seen >= limits.min_neighbours)
    key = there.silence[counts] * (len(feed.length) + 1) + number[counts]
    once, slots = np.unique(key, return_counts=True)
    owner, number = np.divmod(once, len(feed.length) + 1)
    whole = slots == feed.length[number]
    return heard, missed, np.bincount(owner[whole], minlength=n).astype("int64")


def _distinct(owner: Ints, number: Ints, n: int) -> Ints:
    among = int(number.max(initial=0)) + 1
    owners = np.unique(owner * among + number) // among
    return np.asarray(np.bincount(owners, minlength=n), "int64")


def _prior(
    limits: Limits, silences: Silences, reports: History, context: Context
) -> tuple[Floats, Floats]:
    """Return how many chances of the prior were heard, and how many missed.

    Who falls silent for `coverage.SILENCE_S` missed all chances of two half hours at most: of one,
    no more are missed than the root of how often vessels fell silent in the day before, there: who
    sails beyond the coast stations of a feed, where satellites alone hear her, is lost more often
    than all of its vessels are. Where that isn't known yet, every other.
    """
    row, own = silences.row, silences.start_us // coverage.SLOT_US
    heard, fell_silent = context.coverage.between(
        reports.lat[row],
        reports.lon[row],
        own - DAY_SLOTS,
        own - 1,
        reports.ais_class_of(row),
    )
    priors = rates_before(silences, reports, context)
    often = np.sqrt(priors.updated(fell_silent, heard))
    missed = limits.n_prior_chances * np.clip(often, limits.min_prior_missed, 0.5)
    return limits.n_prior_chances - missed, missed


def _evenly(limits: Limits, reports: History, row: Ints, first: Ints) -> Bools:
    """Tell which were heard at even intervals, as by the stations of a thinned feed.

    A pass lasts a quarter of an hour at most and brings what it brings in a burst, so that most
    intervals are far shorter than the mean; of reports thinned at random the median is 0.69 of it
    (they come as of a Poisson process), of regular ones all of it.
    """
    count = row - first
    some = np.flatnonzero(count > 0)
    median_s, mean_s = np.full(len(row), np.nan), np.full(len(row), np.nan)
    silence, step = timegrid.ranges(first, count)
    last = np.cumsum(count)[some] - 1
    median_s[some] = timegrid.quantiles(reports.step_s[step], last - count[some] + 1, last, 0.5)
    mean_s[some] = np.bincount(silence, reports.step_s[step], len(row))[some] / count[some]
    return (median_s >= limits.min_even_share * mean_s) & (mean_s <= limits.max_even_s)


def _between(step: Ints, reports: History) -> Silences:
    """Return the times between reports and the next ones of their tracks as silences."""
    until_us = reports.time_us[np.minimum(step + 1, len(reports.track) - 1)]
    return Silences(step, np.zeros(len(step), bool), reports.time_us[step], until_us, {})


def _with_others(
    limits: Limits,
    silences: Silences,
    in_sight: Bools,
    reports: History,
    context: Context,
    known: receivers.Receivers,
) -> Ints:
    """Return the whole half hours of silences in which others were heard within reach, or within
    sight of a satellite, and what had heard that place heard anything, if the feed says by whom.
    """
    found = np.zeros(len(silences.row), "int64")
    long = np.flatnonzero(silences.end_us - silences.start_us >= coverage.SLOT_US)
    some = Silences(
        silences.row[long],
        silences.is_open[long],
        silences.start_us[long],
        silences.end_us[long],
        {},
    )
    there, within = _sailing_on(limits, some, reports, context)
    place = there.lat, there.lon, there.slot
    seen = context.coverage.receiving(*place, coverage.SIGHT_CELLS)
    near = context.coverage.receiving(*place)
    others = np.where(in_sight[long][there.silence], seen, near) >= limits.min_neighbours
    own_class = reports.ais_class_of(some.row)[there.silence]
    alike = context.coverage.around(*place, own_class)
    others = np.where(own_class == "B", alike.vessels >= 1, others)
    others &= within & _listening(some, there, reports, known)
    found[long] = np.bincount(there.silence, weights=others, minlength=len(long))
    return found


def _sailing_on(
    limits: Limits, silences: Silences, reports: History, context: Context
) -> tuple[Slots, Bools]:
    """Return the whole half hours of silences with where each vessel was, on the straight line to
    where it is heard again, or while it isn't, as far on as it was going; and which of these
    places lie within what the feed is about.

    Who was under way is miles from where it was last heard by the next pass, so that what others
    there send shows nothing of it.
    """
    there = silences.at_slots(reports, coverage.SLOT_S, limits.assessed_s)
    at = np.flatnonzero(silences.is_open[there.silence])
    row = silences.row[there.silence[at]]
    speed_kn, course_deg = reports.way_before(row, limits.approach_s)
    sails = speed_kn >= limits.moving_kn
    at, speed_kn, course_deg = at[sails], speed_kn[sails], course_deg[sails]
    began_us = silences.start_us[there.silence[at]]
    middle_us = there.slot[at] * coverage.SLOT_US + coverage.SLOT_US // 2
    gone_m = speed_kn * geodesy.KNOT_MPS * (middle_us - began_us) / SECOND_US
    lat, lon, within = there.lat.copy(), there.lon.copy(), np.ones(len(there.slot), bool)
    lat[at], lon[at] = geodesy.destination(lat[at], lon[at], course_deg, gone_m)
    edge_m = context.coverage.rates().edge_m(lat[at], lon[at], began_us // coverage.SLOT_US)
    within[at] = ~(edge_m <= 0)
    return replace(there, lat=lat, lon=lon), within


def _by_stations(
    silences: Silences, some: Ints, reports: History, known: receivers.Receivers
) -> Bools:
    """Tell of some silences whether what was heard there in the day before was heard by receivers
    that hear without a break, most of it, amid what a coast station hears: few reports are then
    what gets through at the end of its reach, or what a feed keeps, and no passes.
    """
    row, own = silences.row[some], silences.start_us[some] // coverage.SLOT_US
    place = reports.lat[row], reports.lon[row]
    heard = known.hearing(*place, own - DAY_SLOTS, own - 1, reports.ais_class_of(row))
    steady = np.bincount(heard.place, heard.share * heard.steady, minlength=len(row))
    found = steady >= receivers.MIN_STEADY_SHARE
    at = np.flatnonzero(found)
    lat, lon = (axis[at] for axis in place)
    found[at] = known.reach_ratio(lat, lon, own[at], DAY_SLOTS, 0) <= 1.0
    return found


def _listening(
    silences: Silences, there: Slots, reports: History, known: receivers.Receivers
) -> Bools:
    """Tell of half hours whether a receiver that in the day before had heard where the silence
    began heard anything anywhere; true where that isn't known. Out of reach of a coast station only
    a satellite can have missed it, and others that the station hears show no pass.
    """
    row, own = silences.row, silences.start_us // coverage.SLOT_US
    place = reports.lat[row], reports.lon[row]
    heard = known.hearing(*place, own - DAY_SLOTS, own - 1, reports.ais_class_of(row))
    return known.listening(heard, there.silence, there.slot)
