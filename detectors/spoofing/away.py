"""Excursions: sessions of a further track that lead away from an earlier one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from detectors.core.arrays import Bools, Ints
from detectors.core.evidence import at_least, at_most
from detectors.core.frames import SECOND_US
from detectors.kinematics import (
    copies,
    geodesy,
    hull_limits,
    scatter,
    timegrid,
)
from detectors.kinematics.reports import Reports
from detectors.spoofing.copy import Copied, copied
from detectors.spoofing.frozen import calls_itself_the_same, sailed_meanwhile, stood_still
from detectors.spoofing.limits import Limits
from detectors.spoofing.replay import repeats
from detectors.spoofing.story import Scene, Story
from detectors.vessels.numbers import BAD_FORM, BAD_MID, mmsi_kind

STRAGGLERS: Final = 0.1
"""Of an excursion's reports so many may come after the vessel is back. A judgement: of a ship
shifted for two hours on a simulated night 17 of 205 did."""


def excursions(limits: Limits, scene: Scene) -> Iterator[Story]:
    """Find the sessions of further tracks that lead away from earlier tracks of the vessel."""
    reports = scene.reports
    mmsi = reports.tracks // 100
    shared = np.flatnonzero(np.diff(mmsi) == 0)
    for vessel in np.unique(mmsi[shared]).tolist():
        ks = np.flatnonzero(mmsi == vessel)
        for k in ks[1:].tolist():
            own = np.arange(reports.bounds[k], reports.bounds[k + 1])
            homes = np.arange(reports.bounds[ks[0]], reports.bounds[k])
            homes = homes[np.argsort(reports.time_us[homes], kind="stable")]
            cut = np.diff(reports.time_us[own]) > limits.max_silence_s * SECOND_US
            cut |= _goes_on_as_it(limits, reports, own, homes)
            starts, ends = (own[k] for k in timegrid.stretches(reports.track[own], cut=cut))
            own_episodes = scene.scattered.get(vessel, ())
            for a, b in zip(starts.tolist(), ends.tolist(), strict=True):
                story = _excursion(limits, scene, Session(a, b, homes, own_episodes))
                if story:
                    yield story


@dataclass(frozen=True)
class Session:
    """Reports `first` to `last` of a further track.

    `homes` are the reports of all earlier tracks of the MMSI, by time; `episodes` those in which
    its fixes scatter.
    """

    first: int
    last: int
    homes: Ints
    episodes: Sequence[scatter.Episode]


@dataclass(frozen=True)
class Away:
    """Reports `first` to `last` that lead away from a home track.

    `home` are its reports, `last_home` the one before they begin; they `stay` where they last for
    longer than is looked at.
    """

    first: int
    last: int
    home: Ints
    last_home: int
    stay: bool
    came_by_leap: bool


def _away(limits: Limits, scene: Scene, session: Session) -> Away | None:
    """Return which reports of a session lead away from one of the earlier tracks, if any do."""
    reports, times, homes = scene.reports, scene.reports.time_us, session.homes
    a = _without_forerunners(limits, reports, homes, session.first, session.last)
    b, longest_us = session.last, limits.max_away_s * SECOND_US
    stay = bool(times[b] - times[a] > longest_us)
    if stay:
        b = a + int(np.searchsorted(times[a : b + 1], times[a] + longest_us, side="right")) - 1
    before = int(np.searchsorted(times[homes], times[a])) - 1
    if before < 0 or times[a] - times[homes[before]] > limits.max_pause_s * SECOND_US:
        return None
    last_home = int(homes[before])
    home = homes[reports.track[homes] == reports.track[last_home]]
    b = _without_stragglers(limits, reports, home, a, b)
    if any(s.start_us <= times[a] and s.end_us >= times[last_home] for s in session.episodes):
        return None
    if b - a + 1 < limits.min_reports or reports.seconds(a, b) < limits.min_duration_s:
        return None
    came_by_leap = not _reachable(reports, *np.array([[last_home], [a]]))[0]
    if not came_by_leap and (stay or not _left_by_leap(limits, reports, home, b)):
        return None
    return Away(a, b, home, last_home, stay, came_by_leap)


def _excursion(limits: Limits, scene: Scene, session: Session) -> Story | None:
    """Return the story of a session, if it leads away from one of the earlier tracks."""
    away = _away(limits, scene, session)
    if away is None:
        return None
    reports, times = scene.reports, scene.reports.time_us
    away, copy = _held_against_home(limits, reports, away)
    a, b, home, last_home = away.first, away.last, away.home, away.last_home
    alive, n_home, back = _heard_at_home(limits, reports, away)
    # Heard seldom, by satellite, it may be alive and silent for longer.
    both_alive = alive > limits.max_alive_fraction or n_home >= limits.min_reports
    if both_alive and copy is None:
        session = replace(session, first=a, last=b)
        rest = _until_back(limits, reports, home, session)
        rest = rest or _without_misdated(limits, reports, home, session)
        return None if rest is None else _excursion(limits, scene, rest)
    # Of a copy that an outage cuts short the vessel may not be heard to be back.
    leap = (last_home, a) if away.came_by_leap or not len(back) else (b, int(back[0]))
    leap_m, pause_s = reports.distance_m(*leap), reports.seconds(*leap)
    evidence: dict[str, Any] = {
        "jump_m": leap_m,
        "jump_s": at_most(pause_s, limits, "max_pause_s"),
        "jump_kn": float(geodesy.speed_kn(leap_m, max(pause_s, 1.0))),
        "away_s": at_least(reports.seconds(a, b), limits, "min_duration_s"),
        "home_alive_fraction": (at_least if alive > limits.max_alive_fraction else at_most)(
            alive, limits, "max_alive_fraction"
        ),
        "n_home_reports": n_home,
        "returned": bool(len(back)),
        "leapt": True,
        "came_by_leap": away.came_by_leap,
    }
    start_us = int(times[a])
    recent = bool(scene.end_us - times[b] <= limits.max_silence_s * SECOND_US)
    if copy and (both_alive or copy.subkind == "replay"):
        subkind, score = copy.subkind, copy.score
        evidence |= copy.evidence
    elif again := repeats(limits, reports, session.homes, a, b):
        subkind, score = "replay", 0.6
        evidence |= again
    else:
        if stood := _stood_at_home(limits, reports, away):
            return stood
        lay = None if len(back) else sailed_meanwhile(limits, scene, _held(reports, away), a)
        if lay:  # until it is heard at home again, or for good
            return replace(lay, end_us=int(times[b]), going_on=recent and not away.stay)
        subkind, score = "jump", 0.6 if len(back) else 0.5
        score *= 1.0 if pause_s <= limits.alive_s else 0.75
        step = copies.steps(reports, *np.array(leap).reshape(2, 1))
        evidence["along_course"] = bool(np.isfinite(copies.clock_lags_s(step)[0]))
        number = int(reports.track[a]) // 100
        evidence["no_such_number"] = mmsi_kind(number) in (BAD_FORM, BAD_MID)
        if not len(back):
            same = calls_itself_the_same(limits, scene, last_home, last_home, a)
            evidence["says_the_same"] = same
        start_us = start_us if len(back) else int(times[last_home])
    if len(back):
        away_s = reports.seconds(last_home, int(back[0]))
        home_m = reports.distance_m(last_home, int(back[0]))
        evidence["home_made_good_kn"] = float(geodesy.speed_kn(home_m, away_s))
        evidence["changeover_s"] = away_s - reports.seconds(a, b)
    going_on = bool(recent and not away.stay and len(back) == 0)
    return Story(subkind, a, b, score, start_us, int(times[b]), going_on, evidence, last_home)


def _held_against_home(limits: Limits, reports: Reports, away: Away) -> tuple[Away, Copied | None]:
    """Return what reports that lead away copy of the home track, and those of them that do."""
    a, b, home = away.first, away.last, away.home
    # After an outage the vessel itself may be taken for its displaced copy.
    heard_to = _heard_together_to(reports, home, a, b)
    copy = copied(limits, reports, home, a, heard_to)
    if heard_to == b:
        return away, copy
    if copy:
        return replace(away, last=heard_to, stay=False), copy
    return away, copied(limits, reports, home, a, b)


def _heard_at_home(limits: Limits, reports: Reports, away: Away) -> tuple[float, int, Ints]:
    """Return for which share of the time away the home track is alive, how often it is heard in it,
    and its first report soon after that, if there is one.
    """
    times, a, b, home = reports.time_us, away.first, away.last, away.home
    around = home[times[home] >= times[away.last_home]]
    back = around[times[around] > times[b]][:1]
    back = back[times[back] <= times[b] + limits.max_pause_s * SECOND_US]
    around = np.r_[_elsewhere(limits, reports, around[times[around] <= times[b]], a, b), back]
    alive_s = _overlap_s(times[around], times[a], times[b], limits.alive_s)
    n_home = np.count_nonzero((times[around] > times[a]) & (times[around] < times[b]))
    return alive_s / reports.seconds(a, b), int(n_home), back


def _stood_at_home(limits: Limits, reports: Reports, away: Away) -> Story | None:
    """Return the story of a position held at home, where the home track is heard again where the
    further one leads: a few reports are misdated, or the vessel was there all along. It didn't leap
    back.
    """
    if _left_by_leap(limits, reports, away.home, away.last):
        return None
    return stood_still(limits, reports, _held(reports, away), away.first)


def _held(reports: Reports, away: Away) -> Ints:
    """Return the reports of the home track up to where the others lead away."""
    return away.home[: np.searchsorted(away.home, away.last_home) + 1]


def _goes_on_as_it(limits: Limits, reports: Reports, own: Ints, homes: Ints) -> Bools:
    """Tell behind which reports of a further track, none of an earlier one having been heard for
    `max_silence_s`, it leaps: after so many hours away that its own aren't looked back to, the
    vessel goes on under the further track where it is back.
    """
    home_us, after_us = reports.time_us[homes], reports.time_us[own[1:]]
    since = np.searchsorted(home_us, after_us - int(limits.max_silence_s * SECOND_US))
    silent = since == np.searchsorted(home_us, after_us)
    return np.asarray(silent & ~_reachable(reports, own[:-1], own[1:]))


def _reachable(reports: Reports, a: Ints, b: Ints) -> Bools:
    """Tell of which reports one hull can have made each and that of `b`, as the segmentation
    judges it.

    Once a track is known, a vessel that takes turns between it and another (since it was the same
    vessel all along, and one of them began with a false position) makes no leap.
    """
    return hull_limits.can_join(
        geodesy.apart_m(reports, a, b),
        reports.time_us[b] - reports.time_us[a],
        reports.sog_kn[a],
        reports.sog_kn[b],
    )


def _left_by_leap(limits: Limits, reports: Reports, home: Ints, b: int) -> bool:
    """Tell whether the home track is heard again soon where none can have got to from report b."""
    after = home[reports.time_us[home] > reports.time_us[b]][:1]
    return bool(
        len(after)
        and reports.seconds(b, int(after[0])) <= limits.max_pause_s
        and not _reachable(reports, np.array([b]), after)[0]
    )


def _heard_together_to(reports: Reports, home: Ints, a: int, b: int) -> int:
    """Return the last of the reports a to b before an outage in which neither they nor the home
    track were heard for longer than copies are held against each other, and after which only they
    are; b where there is none.
    """
    inside = home[
        (reports.time_us[home] > reports.time_us[a]) & (reports.time_us[home] < reports.time_us[b])
    ]
    if len(inside) == 0:
        return b
    heard_us = int(reports.time_us[inside[-1]])
    last = a + int(np.searchsorted(reports.time_us[a : b + 1], heard_us, side="right")) - 1
    silent_us = reports.time_us[last + 1] - max(heard_us, int(reports.time_us[last]))
    return last if silent_us > copies.ALIVE_S * SECOND_US else b


def _without_forerunners(limits: Limits, reports: Reports, homes: Ints, a: int, b: int) -> int:
    """Return the first of the reports a to b after which the home track is silent: only a few of
    the further track come before, dated wrongly.
    """
    times = reports.time_us
    inside = times[homes[(times[homes] > times[a]) & (times[homes] < times[b])]]
    after = a + np.searchsorted(times[a : b + 1], inside, side="right")
    # A single report of the home track may be misdated too: as many as make a session are there.
    n_since = np.searchsorted(inside, times[a : b + 1])
    few = after[(after - a < limits.min_reports) & (n_since[after - a] >= limits.min_reports)]
    return int(few[-1]) if len(few) and b - few[-1] + 1 >= limits.min_reports else a


def _without_stragglers(limits: Limits, reports: Reports, home: Ints, a: int, b: int) -> int:
    """Return the last of the reports a to b before the home track, silent till then, is heard again
    for good: of the further track only a few come after that, as a feed delivers them late, or
    as a station does whose clock is minutes off.
    """
    times = reports.time_us
    inside = times[home[(times[home] > times[a]) & (times[home] < times[b])]]
    before = a + np.searchsorted(times[a : b + 1], inside) - 1
    most = max(limits.min_reports, STRAGGLERS * (b - a + 1))
    few = np.flatnonzero(b - before < most)
    if not len(few) or few[0] >= limits.min_reports:
        return b
    return int(before[few[0]])


def _elsewhere(limits: Limits, reports: Reports, home: Ints, a: int, b: int) -> Ints:
    """Return which of some reports of the home track aren't where the reports a to b lead, between
    two of them at most `alive_s` apart: a few of these were taken for the home track's, which they
    don't show alive.
    """
    way = slice(a, b + 1)
    further = copies.Track(reports.time_us[way], reports.lat[way], reports.lon[way])
    lat, lon, heard = copies.at(further, reports.time_us[home], limits.alive_s)
    off_m = geodesy.distance_m(lat, lon, reports.lat[home], reports.lon[home])
    return home[~(heard & (off_m <= limits.max_spread_m))]


def _until_back(limits: Limits, reports: Reports, home: Ints, session: Session) -> Session | None:
    """Return a session up to where the home track, till then silent, is heard again, a leap away,
    for `min_reports` while the further one is silent for longer than `alive_s`: the vessel is back,
    and what of it goes on under the further track later is dated wrongly, or taken for it.

    None where the home track is heard as often before that, or doesn't come back so.
    """
    times = reports.time_us[session.first : session.last + 1]
    heard = np.searchsorted(reports.time_us[home], times)
    for gap in np.flatnonzero(np.diff(times) > limits.alive_s * SECOND_US).tolist():
        if heard[gap] - heard[0] >= limits.min_reports:
            return None
        last = session.first + gap
        goes_on = heard[gap + 1] - heard[gap] >= limits.min_reports
        if goes_on and _left_by_leap(limits, reports, home, last):
            return replace(session, last=last)
    return None


def _without_misdated(
    limits: Limits, reports: Reports, home: Ints, session: Session
) -> Session | None:
    """Return a session without what one receiver misdates, of itself or of its homes; None where
    nothing is: the home track, heard again, then doesn't keep to its way by the lag of a clock.

    Who goes on meanwhile as before, without a silence of `alive_s`, is dated right.
    """
    times, a, b = reports.time_us, session.first, session.last
    inside = home[(times[home] > times[a]) & (times[home] < times[b])]
    if len(inside) == 0:
        return None
    after = a + int(np.searchsorted(times[a : b + 1], times[inside[0]]))
    goes_on = times[after] - times[after - 1] <= limits.alive_s * SECOND_US
    beside = inside[times[inside] >= times[after]]
    if min(after - a, b - after + 1, len(beside)) < limits.min_reports:
        return None
    later, true = (
        copies.Track(times[rows], reports.lat[rows], reports.lon[rows])
        for rows in (np.arange(after, b + 1), beside)
    )
    found = copies.lag(later, true, limits.max_spread_m)
    if found is None or not found.like_a_clock or found.spread_m > limits.max_spread_m:
        return None
    if goes_on:
        return replace(session, homes=session.homes[~np.isin(session.homes, inside)])
    return replace(session, last=after - 1)


def _overlap_s(times_us: Ints, begin_us: int, end_us: int, alive_s: float) -> float:
    """Return the seconds of [begin, end] between two of the times at most `alive_s` apart."""
    left, right = times_us[:-1], times_us[1:]
    near = right - left <= alive_s * SECOND_US
    common = np.minimum(right[near], end_us) - np.maximum(left[near], begin_us)
    return float(np.maximum(common, 0).sum()) / SECOND_US
