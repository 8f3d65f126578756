"""One and the same position, though the speed stated says that the vessel sails."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.evidence import Bound, Evidence, at_least, at_most
from detectors.core.frames import SECOND_US, epoch_us
from detectors.kinematics import geodesy, shapes, timegrid
from detectors.kinematics.hull_limits import MAX_SPEED_KN
from detectors.kinematics.reports import Reports
from detectors.spoofing.belief import SAILED_ON
from detectors.spoofing.limits import Limits
from detectors.spoofing.story import Scene, Story, extended
from detectors.vessels.statement import numbers_and_names

MAX_SPEED_CHANGE: Final = 0.3
"""By how much of it the speed made good while a position was held may differ from that before."""
DRIFT_KN: Final = 1.0
"""No faster is what was put overboard with a transmitter taken for drifting. A judgement."""


def frozen(limits: Limits, scene: Scene) -> Iterator[Story]:
    """Find stretches within a small box in which the vessel says that it sails."""
    reports, bins, box = scene.reports, scene.bins, scene.box
    still = np.hypot(box.height_m, box.width_m) <= limits.max_frozen_m
    sails = _says_it_sails(limits, reports)
    fast = np.add.reduceat(sails.astype("int32"), bins.first)
    held = np.flatnonzero(still & (fast >= 0.8 * bins.n))
    first, last = timegrid.episodes(
        _places(limits, scene, held), bins.tick[held], max_break=5, min_piece=1, min_length=2
    )
    tight = _tight(limits, scene, held, first, last)
    first, last = first[tight], last[tight]
    for a, b in zip(bins.first[held[first]], bins.last[held[last]], strict=True):
        inside = slice(a, b + 1)
        lat, lon = (
            np.median(reports.lat[inside]),
            np.median(geodesy.wrap_lon(reports.lon[inside] - reports.lon[a])) + reports.lon[a],
        )
        low, high = reports.stretch(a, bins.step_s)[0], reports.stretch(b, bins.step_s)[1]
        off_m = geodesy.distance_m(lat, lon, reports.lat[low:high], reports.lon[low:high])
        near = (off_m <= limits.max_frozen_m) & sails[low:high]
        begin, finish = extended(near, a - low, b - low, low)
        duration_s = reports.seconds(begin, finish)
        inside = slice(begin, finish + 1)
        extent_m = 2 * float(off_m[begin - low : finish - low + 1].max())
        sog_kn = float(np.nanmedian(reports.sog_kn[inside]))
        if duration_s < limits.min_frozen_s or extent_m > 2 * limits.max_frozen_m:
            continue
        if np.count_nonzero(sails[inside]) < 0.8 * (finish - begin + 1):
            continue
        evidence = {
            "extent_m": Bound(extent_m, 2 * limits.max_frozen_m, "at_most"),
            "median_sog_kn": at_least(sog_kn, limits, "min_sog_kn"),
            "frozen_s": at_least(duration_s, limits, "min_frozen_s"),
            "unmoved_though_sailed_m": sog_kn * geodesy.KNOT_MPS * duration_s,
        }
        yield scene.story("frozen", int(begin), int(finish), 0.5, evidence)


def _says_it_sails(limits: Limits, reports: Reports) -> Bools:
    """Tell which reports state a speed of a vessel under way: 102.2 kn and the like are no speed
    of any, but of a set that is wired wrongly.
    """
    sog_kn = reports.sog_kn
    return np.asarray((sog_kn >= limits.min_sog_kn) & (sog_kn <= MAX_SPEED_KN))


def _places(limits: Limits, scene: Scene, held: Ints) -> Ints:
    """Return a number for the place of each bin, another where it isn't that of the bin before.

    Where few reports are heard each bin is small, and a vessel under way elsewhere in each.
    """
    if len(held) == 0:
        return held
    south, west = scene.box.south[held], scene.box.west[held]
    away_m = shapes.DEGREE_M * np.hypot(
        np.diff(south), np.diff(west) * np.cos(np.radians(south[1:]))
    )
    other = (np.diff(scene.bins.track_id[held]) != 0) | (away_m > 2 * limits.max_frozen_m)
    return np.concatenate([[0], np.cumsum(other)])


def _tight(limits: Limits, scene: Scene, held: Ints, first: Ints, last: Ints) -> Bools:
    """Tell whether the boxes of each run of bins lie within one small box; a sieve."""
    box = scene.box
    slack_deg = 2 * limits.max_frozen_m / shapes.DEGREE_M
    spans = [
        timegrid.aggregate(np.maximum, corner[held], first, last)
        - timegrid.aggregate(np.minimum, corner[held], first, last)
        for corner in (box.south, box.west)
    ]
    n = timegrid.aggregate(np.add, scene.bins.n[held], first, last)
    wide_deg = slack_deg / np.cos(np.radians(box.south[held[first]]))
    return np.asarray((spans[0] <= slack_deg) & (spans[1] <= wide_deg) & (n >= limits.min_reports))


def held_since(limits: Limits, reports: Reports, own: Ints) -> int:
    """Return since which of its own reports a track stays within `max_frozen_m` of its last one."""
    last = own[-1]
    off_m = geodesy.apart_m(reports, last, own)
    moving = np.flatnonzero(off_m > limits.max_frozen_m)
    return int(moving[-1]) + 1 if len(moving) else 0


def stood_still(limits: Limits, reports: Reports, home: Ints, a: int) -> Story | None:
    """Return the end of the home track, if it stood still while the vessel sailed on to a."""
    last, since = int(home[-1]), held_since(limits, reports, home)
    held = home[since:]
    if since == 0 or len(held) < limits.min_reports:
        return None
    first = int(held[0])
    if reports.seconds(first, last) < limits.min_frozen_s:
        return None
    sailed = as_before(limits, reports, home, first, a)
    if not sailed:
        return None
    times = reports.time_us
    off_m = geodesy.apart_m(reports, last, held)
    evidence = {
        "extent_m": Bound(2 * float(off_m.max()), 2 * limits.max_frozen_m, "at_most"),
        "frozen_s": at_least(reports.seconds(first, last), limits, "min_frozen_s"),
        **sailed,
        "jump_m": reports.distance_m(last, a),
        "jump_s": reports.seconds(last, a),
        "leapt": True,
    }
    start_us, end_us = int(times[first]), int(times[last])
    return Story("frozen", first, last, 0.7, start_us, end_us, False, evidence)


def sailed_meanwhile(limits: Limits, scene: Scene, home: Ints, a: int) -> Story | None:
    """Return the end of the home track, if it lay or drifted while the vessel, which calls itself
    the same before and after, can have sailed on to a, no faster than it did before.

    Another hull with its number says another IMO number, or none.
    """
    reports, last = scene.reports, int(home[-1])
    since = _adrift_since(limits, reports, home)
    if since == 0 or len(home) - since < limits.min_reports:
        return None
    left, first = home[since - 1 : since + 1].tolist()
    if not limits.min_frozen_s <= reports.seconds(first, last) <= limits.max_away_s:
        return None
    speeds = _speeds_around(limits, reports, home, left, a)
    if speeds is None or not speeds[1] <= (1 + MAX_SPEED_CHANGE) * speeds[0]:
        return None
    if not calls_itself_the_same(limits, scene, first, last, a):
        return None
    evidence = {
        "lay_s": at_least(reports.seconds(first, last), limits, "min_frozen_s"),
        "speed_before_kn": at_least(speeds[0], limits, "min_sog_kn"),
        "made_good_kn": Bound(speeds[1], (1 + MAX_SPEED_CHANGE) * speeds[0], "at_most"),
        "says_the_same": True,
        "believed_track_id": str(reports.track[a]),
        "believed_because": SAILED_ON,
        "jump_m": reports.distance_m(last, a),
        "jump_s": at_most(reports.seconds(last, a), limits, "max_pause_s"),
        "leapt": True,
    }
    start_us, end_us = int(reports.time_us[first]), int(reports.time_us[last])
    return Story("frozen", first, last, 0.65, start_us, end_us, False, evidence)


def lay_behind(evidence: Evidence) -> bool:
    """Tell by its evidence whether an event is one of `sailed_meanwhile`: what sent there is there.

    That she says the same before and after tells no such thing: of a leap for good to a place that
    is held, where nothing need be, that is told, too.
    """
    return "lay_s" in evidence


def _adrift_since(limits: Limits, reports: Reports, home: Ints) -> int:
    """Return since which of its reports a track lies or drifts; 0 where it did all along, their
    number where it doesn't.
    """
    times_us, frozen_us = reports.time_us[home], int(limits.min_frozen_s * SECOND_US)

    def gone(off_m: Floats, of_us: Ints) -> Bools:
        drifted_m = DRIFT_KN * geodesy.KNOT_MPS * of_us / SECOND_US
        return np.asarray(off_m > limits.max_spread_m + drifted_m)

    soon = np.searchsorted(times_us, times_us + frozen_us)
    soon = np.minimum(soon, len(home) - 1)
    sails = gone(geodesy.apart_m(reports, home, home[soon]), times_us[soon] - times_us)
    sails |= gone(geodesy.apart_m(reports, home[-1], home), times_us[-1] - times_us)
    last = np.flatnonzero(sails)
    return int(last[-1]) + 1 if len(last) else 0


def calls_itself_the_same(limits: Limits, scene: Scene, first: int, last: int, a: int) -> bool:
    """Tell whether a number said one valid IMO number, and at most one name, shortly before and
    during reports `first` to `last`, and soon from a on.

    Boats that share a number share a name as easily, and a default one.
    """
    said, times_us = scene.context.statements, scene.reports.time_us
    own = said[(said["mmsi"] == scene.reports.track[a] // 100).to_numpy(bool)]
    from_us, to_us = epoch_us(own["first_time"]), epoch_us(own["last_time"])
    near_us = limits.max_pause_s * SECOND_US
    before = (from_us <= times_us[last]) & (to_us >= times_us[first] - near_us)
    after = (from_us <= times_us[a] + near_us) & (to_us >= times_us[a])
    (number, names), (number_after, names_after) = (
        numbers_and_names(own[some]) for some in (before, after)
    )
    return number == number_after and len(number) == 1 and len(names | names_after) <= 1


def as_before(limits: Limits, reports: Reports, own: Ints, last: int, back: int) -> dict[str, Any]:
    """Return speed before a report, of those of its track, and from it to where the vessel is heard
    again, as evidence; nothing where it didn't sail on as before.
    """
    speeds = _speeds_around(limits, reports, own, last, back)
    if speeds is None or not abs(speeds[1] / speeds[0] - 1) <= MAX_SPEED_CHANGE:
        return {}
    return {
        "speed_before_kn": at_least(speeds[0], limits, "min_sog_kn"),
        "made_good_kn": speeds[1],
    }


def _speeds_around(
    limits: Limits, reports: Reports, own: Ints, last: int, back: int
) -> tuple[float, float] | None:
    """Return speed before a report, of those of its track, and from it to another; none where it
    isn't known, or wasn't under way.
    """
    sailed_s = (reports.time_us[last] - reports.time_us[own]) / SECOND_US
    then = np.flatnonzero(sailed_s >= limits.min_duration_s)
    if len(then) == 0 or sailed_s[then[-1]] > limits.max_silence_s:
        return None
    before_m = reports.distance_m(int(own[then[-1]]), last)
    before_kn = float(geodesy.speed_kn(before_m, sailed_s[then[-1]]))
    if before_kn < limits.min_sog_kn:
        return None
    return before_kn, float(reports.made_good_kn(last, back))
