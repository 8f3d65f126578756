"""What was heard around and while a vessel was silent."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.detector import Context
from detectors.core.frames import SECOND_US
from detectors.gap.cut_off import in_full_at_an_end
from detectors.gap.limits import Limits
from detectors.gap.silences import History, Silences, Slots
from detectors.kinematics import geodesy
from detectors.surroundings import coverage, receivers
from detectors.surroundings.rates import DAY_SLOTS, Prior

ALL_THE_WAY: Final = 0.9
"""In so many half hours one is heard on the straight way of a vessel that is heard again."""
AT_ONCE: Final = 2_000
"""So many places at a time: what three stations heard around each in a day takes some 70 kB."""
CELL_M: Final = coverage.CELL_DEG * 60 * geodesy.METRES_PER_NM


def unheard(limits: Limits, step: Ints, reports: History, context: Context) -> Bools:
    """Tell whether in most of the whole half hours between a report and the next of its track, or
    of the ten minutes, others around, or the whole feed, weren't heard either.
    """
    excused = np.zeros(len(step), bool)
    for slot_s in (coverage.SLOT_S, coverage.FEED_SLOT_S):
        long = np.flatnonzero((reports.step_s[step] >= slot_s) & ~excused)
        row = step[long]
        there = Silences(
            row,
            np.zeros(len(row), bool),
            reports.time_us[row],
            reports.time_us[np.minimum(row + 1, len(reports.track) - 1)],
            {},
        ).at_slots(reports, slot_s, limits.history_s)
        if slot_s == coverage.FEED_SLOT_S:
            heard = context.coverage.feed_heard(there.slot)
        else:
            ais_class = reports.ais_class_of(row)[there.silence]
            around = context.coverage.around(there.lat, there.lon, there.slot, ais_class)
            heard = around.vessels >= limits.min_neighbours
        excused[long] = (there.count > 0) & (np.nan_to_num(there.mean(heard), nan=1.0) < 0.5)
    return excused


def heard_around(
    limits: Limits, silences: Silences, reports: History, context: Context
) -> Silences:
    """Keep those during which others were heard, and heard more often than the silence is long."""
    there = silences.at_slots(reports, coverage.SLOT_S, limits.assessed_s)
    ais_class = reports.ais_class_of(silences.row)
    around = context.coverage.around(there.lat, there.lon, there.slot, ais_class[there.silence])
    by_station = context.coverage.once(receivers.Receivers)
    hearing, working = _receivers(limits, there, silences, reports, by_station)
    unknown = np.isnan(working)
    down = ~unknown & (working < 0.5)
    beside = (around.vessels >= limits.min_neighbours) & ~down
    n_known, n_silences = known_before(
        limits, there.lat, there.lon, there.silence, silences, reports, context
    )
    near = context.coverage.receiving(there.lat, there.lon, there.slot)
    works = np.where(unknown, near >= limits.min_neighbours, ~down)
    # Heard in full at both ends of the way, it shows itself that one is heard there, if the feed
    # says by whom: else a hole in what was put together looks the same.
    sharp = silences.columns["cut_off_sharply"][there.silence]
    sharp &= hearing["n_receivers"][there.silence] > 0
    known = ((n_known >= limits.min_known_hours) | sharp) & works & ~beside
    beside_fraction = there.mean(beside)
    well_known = n_known >= limits.min_well_known_hours
    jeffreys = Prior(np.array(0.5), np.array(1.0))
    well_known &= jeffreys.updated(n_silences, n_known) <= limits.max_well_known_chance
    well_known &= ~silences.is_open[there.silence]
    moving = silences.columns["speed_before_kn"] >= limits.moving_kn
    # What receives there is known to have worked, and had it before and after.
    proven = ~unknown & ~down & ~silences.is_open[there.silence]
    little = moving[there.silence] & ~well_known & ~proven
    worth = np.where(little, limits.known_worth_moving, limits.known_worth_still)
    worth = np.where(sharp, limits.known_worth_sharp, worth)
    worth[ais_class[there.silence] == "B"] = 0.0
    is_b = ais_class == "B"
    # Of most half hours: the first report of another that was silent too bears its silence.
    around_s = there.median(around.interval_s)
    ratio = np.fmin(silences.columns["interval_ratio"], silences.columns["duration_s"] / around_s)
    long = (ratio >= limits.min_interval_ratio) | ~silences.columns["history_known"]
    anyway = may_go_by_passes(silences)

    def heard_with(within: Bools) -> tuple[Floats, Floats, Bools]:
        """Return the shares known and heard, and whether that is enough, lying within reach."""
        least = np.where(within, np.maximum(worth, limits.known_worth_still), worth)
        known_fraction = there.mean(known | within)
        fraction = beside_fraction + there.mean(np.where(known | within, least, 0.0))
        # Others beside it now and then, all the while that what receives there was working.
        often = there.count * beside_fraction >= limits.min_beside - 1e-9
        often &= ~is_b & (beside_fraction + known_fraction >= limits.min_heard_fraction)
        return known_fraction, fraction, (fraction >= limits.min_heard_fraction) | often

    nowhere = np.zeros(len(there.silence), bool)
    may = ~is_b[there.silence] & ~beside & ~down
    asked = heard_with(nowhere)[1] < limits.min_heard_fraction
    # Of what isn't kept however near the stations are, it needn't be known how near they are.
    asked &= anyway | (long & heard_with(may)[2])
    within = may & _within_reach(there, silences, asked, by_station)
    known_fraction, fraction, enough = heard_with(within)
    keep = enough & long
    tens = silences.at_slots(reports, coverage.FEED_SLOT_S, limits.assessed_s)
    return silences.narrowed(
        keep | anyway,
        n_half_hours=there.count,
        n_neighbours=np.nan_to_num(there.median(around.vessels)).astype("int64"),
        neighbour_fraction=beside_fraction,
        known_fraction=known_fraction,
        heard_fraction=fraction,
        found_in_full=silences.columns["heard_in_full_after"]
        & (beside_fraction + known_fraction >= ALL_THE_WAY),
        neighbour_interval_s=around_s,
        interval_ratio=ratio,
        feed_heard_fraction=tens.mean(context.coverage.feed_heard(tens.slot)),
        feed_usual_fraction=context.coverage.feed_usual(
            silences.start_us // (coverage.FEED_SLOT_S * SECOND_US)
        ),
        receiver_working_fraction=there.mean(working),
        **hearing,
    )


def _within_reach(
    there: Slots, silences: Silences, asked: Bools, known: receivers.Receivers
) -> Bools:
    """Tell at which half hours a vessel that was heard in full at an end of its silence lay amid
    what a coast station heard that worked just then; asked of some silences alone.
    """
    asked = asked & in_full_at_an_end(silences.columns)
    rows = np.flatnonzero(asked[there.silence])
    found = np.zeros(len(there.silence), bool)
    if len(rows):
        place = there.lat[rows], there.lon[rows], there.slot[rows]
        found[rows] = known.within_reach(*place, DAY_SLOTS, 0)
    return found


def _receivers(
    limits: Limits,
    there: Slots,
    silences: Silences,
    reports: History,
    known: receivers.Receivers,
) -> tuple[dict[str, NDArray[Any]], Floats]:
    """Return the receivers that heard what was heard around last positions in the day before, and
    the share of it in each half hour whose receivers were working; where a vessel had gone further
    than a cell is wide, of what was heard where it then was, as far as that is known.
    """
    row, n = silences.row, len(silences.row)
    own = silences.start_us // (coverage.SLOT_S * SECOND_US)
    settled, ais_class = last_settled(limits, silences), reports.ais_class_of(row)

    def hearing(lat: Floats, lon: Floats, of: Ints) -> receivers.Hearing:
        day = own[of] - DAY_SLOTS, own[of] - 1
        return known.hearing(lat, lon, *day, ais_class[of], settled[of])

    heard = hearing(reports.lat[row], reports.lon[row], np.arange(n))
    first = np.searchsorted(heard.place, np.arange(n))
    has = np.bincount(heard.place, minlength=n) > 0
    name, share = np.full(n, "", dtype=object), np.full(n, np.nan)
    name[has] = np.asarray(known.names, dtype=object)[heard.station[first[has]]]
    share[has] = heard.share[first[has]]
    told = {
        "receiver": name,
        "receiver_heard_fraction": share,
        "n_receivers": np.bincount(heard.place, minlength=n),
    }
    working = known.working(heard, there.silence, there.slot)
    began = row[there.silence]
    gone_m = geodesy.distance_m(reports.lat[began], reports.lon[began], there.lat, there.lon)
    sailed = np.flatnonzero(gone_m > CELL_M)
    for some in np.split(sailed, range(AT_ONCE, len(sailed), AT_ONCE)):
        along = hearing(there.lat[some], there.lon[some], there.silence[some])
        there_working = known.working(along, np.arange(len(some)), there.slot[some])
        working[some] = np.where(np.isnan(there_working), working[some], there_working)
    return told, working


def known_before(
    limits: Limits,
    lat: Floats,
    lon: Floats,
    silence: Ints,
    silences: Silences,
    reports: History,
    context: Context,
) -> tuple[Ints, Ints]:
    """Count what was heard around places in the day before silences and while they went on.

    Half hours in which vessels were heard, one each, and how many fell silent in them: over the
    day before and the silence itself (`assessed_s` at most) as far as it is settled, without
    the half hour in which the silence began, since it is itself among those that fell silent.
    """
    own = silences.start_us // (coverage.SLOT_S * SECOND_US)
    last = last_settled(limits, silences)
    ais_class = reports.ais_class_of(silences.row)[silence]
    n_heard, n_silences = context.coverage.between(
        lat, lon, (own - DAY_SLOTS)[silence], np.maximum(last, own - 1)[silence], ais_class
    )
    began = context.coverage.around(lat, lon, own[silence], ais_class)
    among = (last >= own)[silence]
    return n_heard - began.vessels * among, n_silences - began.silences * among


def last_settled(limits: Limits, silences: Silences) -> Ints:
    """Return the last half hour of each silence of which is known who fell silent, those that are
    looked at.
    """
    slot_us = coverage.SLOT_S * SECOND_US
    settled = (silences.end_us - coverage.SILENCE_S * SECOND_US) // slot_us - 1
    own = silences.start_us // slot_us
    return np.asarray(np.minimum(settled, own + limits.assessed_s // coverage.SLOT_S))


def may_go_by_passes(silences: Silences) -> NDArray[np.bool_]:
    """Tell which silences go by passes, or may once more of their history is looked at."""
    columns = silences.columns
    return np.asarray(columns["by_passes"] | (columns["heard_thinly"] & ~columns["history_known"]))


def not_at_an_edge(
    limits: Limits, silences: Silences, reports: History, context: Context
) -> Silences:
    """Keep those that began where others are heard on."""
    row, n = silences.row, len(silences.row)
    n_heard, n_silences = known_before(
        limits, reports.lat[row], reports.lon[row], np.arange(n), silences, reports, context
    )
    priors = rates_before(silences, reports, context)
    ratio = n_silences / np.maximum(n_heard, 1)
    sharp = silences.columns["cut_off_sharply"]
    most = limits.max_other_silence_ratio * np.where(sharp, limits.sharp_edge_factor, 1.0)
    edge = (n_silences >= limits.min_edge_silences) & (ratio > most)
    return silences.narrowed(
        ~edge | may_go_by_passes(silences),
        n_known_hours=n_heard,
        n_other_silences=n_silences,
        other_silence_ratio=ratio,
        silence_probability=priors.updated(n_silences, n_heard),
        feed_silence_probability=priors.mean,
        n_prior_trials=priors.strength,
    )


def rates_before(silences: Silences, reports: History, context: Context) -> Prior:
    """Return how often vessels fell silent anywhere in the day before each silence."""
    slot = silences.start_us // (coverage.SLOT_S * SECOND_US)
    any_class = context.coverage.rates().before(slot)
    class_b = context.coverage.rates(class_b=True).before(slot)
    is_b = reports.ais_class_of(silences.row) == "B"
    return Prior(*(np.where(is_b, b, a) for a, b in zip(any_class, class_b, strict=True)))
