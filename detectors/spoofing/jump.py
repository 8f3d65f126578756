"""A leap there, and the opposite one back."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from detectors.core.arrays import Bools, Ints
from detectors.core.evidence import Bound, at_least
from detectors.core.frames import SECOND_US
from detectors.kinematics import geodesy, leaps
from detectors.kinematics.leaps import FASTEST_KN, MIN_OFFSET_M, OWN_SPEED_TIMES
from detectors.kinematics.reports import Reports
from detectors.spoofing.limits import Limits
from detectors.spoofing.story import MIN_ACROSS, Scene, Story

MAX_MISS_RATIO: Final = 0.25
"""By how much of it a leap back may differ from the opposite of the leap away."""
MAX_PASS_MISS_RATIO: Final = 0.1
"""The same where the track wasn't heard for up to `max_pause_s` at a leap, as between passes of a
satellite: who makes a way round so long ends it anywhere. A judgement; a shift of 19 km at a
simulated ship's transmitter showed by 3 %. A ship that steps aside and back at the speed it states
falls behind on both ways, by (1 - sqrt(1 - x^2)) / x of the offset each time where that is a share
x of the way. A leap is `leaps.MAX_WAY_ERROR` of the way at least: so it misses by a fifth or more.
"""
MAX_HOME_MISS_RATIO: Final = 0.1
"""Where neither leap is out of reach the vessel must come to where speed and course led from before
both, to this share of that way. On 12 simulated nights heard by satellites the three shifts that
lasted for `min_reports` did, by 1 to 6 %, and a survey's lines, as far out and back, by 58 %."""


def there_and_back(limits: Limits, scene: Scene) -> Iterator[Story]:
    """Find stretches too near for the segmentation: one leap there, the opposite one back."""
    reports, leapt = scene.reports, scene.leaps
    off_m = np.hypot(leapt.east_m, leapt.north_m)
    large = off_m >= limits.min_leap_m + leapt.slack_m
    row, east, north, slack_m = leapt.row, leapt.east_m, leapt.north_m, leapt.slack_m
    if len(row) < 2:
        return
    # Along its own course a receiver with a wrong clock does the same.
    course = np.radians(reports.cog_deg[row])
    across = np.abs(east * np.cos(course) - north * np.sin(course)) >= MIN_ACROSS * off_m
    across |= ~(reports.sog_kn[row] >= limits.min_sog_kn) | ~np.isfinite(course)
    large &= across
    first, back = row[:-1], row[1:]
    last = back - 1
    lasts_s = (reports.time_us[last] - reports.time_us[first]) / SECOND_US
    waits_s = (reports.time_us[back] - reports.time_us[last]) / SECOND_US
    came_s = (reports.time_us[first] - reports.time_us[first - 1]) / SECOND_US
    left_m = np.hypot(east[:-1] + east[1:], north[:-1] + north[1:])
    allowed_m = np.minimum(
        limits.max_spread_m + (slack_m[:-1] + slack_m[1:]) / 2, MAX_MISS_RATIO * off_m[:-1]
    )
    alike = left_m <= allowed_m
    pause_s = np.maximum(waits_s, came_s)
    soon, longer = pause_s <= limits.alive_s, pause_s <= limits.max_pause_s
    # It can't have gone there, or can't have come back, at any speed near what it states; or it
    # goes on from before as if it had never been there.
    false = ~(leaps.reachable(reports, first - 1, first) & leaps.reachable(reports, last, back))
    home_miss_m = np.hypot(*leaps.astray(reports, first - 1, back)[:2])
    home_m = geodesy.apart_m(reports, first - 1, back)
    false |= home_miss_m <= MAX_HOME_MISS_RATIO * home_m
    likely = np.flatnonzero(
        (reports.track[first] == reports.track[back])
        & alike
        & large[:-1]
        & large[1:]
        & (last - first + 1 >= limits.min_reports)
        & (lasts_s >= limits.min_duration_s)
        & (lasts_s <= limits.max_away_s)
        & (soon | (longer & false & (left_m <= MAX_PASS_MISS_RATIO * off_m[:-1])))
    )
    # A leap from, or to, a single stray report is none of the vessel's.
    strays = _follows(reports, first[likely] - 2, first[likely])
    strays |= _follows(reports, last[likely], back[likely] + 1)
    strays |= _sailed(reports, first[likely], back[likely])
    for i in likely[~strays].tolist():
        a, b = int(first[i]), int(last[i])
        if _by_chance(scene, a, b):
            continue
        evidence = {
            "jump_m": at_least(float(off_m[i]), limits, "min_leap_m"),
            "jump_s": float(came_s[i]),
            "offset_bearing_deg": float(np.degrees(np.arctan2(east[i], north[i])) % 360.0),
            "return_miss_m": Bound(float(left_m[i]), float(allowed_m[i]), "at_most"),
            "away_s": at_least(float(lasts_s[i]), limits, "min_duration_s"),
            "returned": True,
            "leapt": True,
        }
        yield scene.story("jump", a, b, 0.45, evidence)


def _follows(reports: Reports, here: Ints, there: Ints) -> Bools:
    """Tell whether speed and course lead from one report to the other, of the same track."""
    last = len(reports.track) - 1
    inside = (here >= 0) & (there <= last)
    here, there = np.maximum(here, 0), np.minimum(there, last)
    east, north, slack_m = leaps.astray(reports, here, there)
    near = np.hypot(east, north) < MIN_OFFSET_M + slack_m
    return np.asarray(inside & near & (reports.track[here] == reports.track[there]))


def _sailed(reports: Reports, first: Ints, back: Ints) -> Bools:
    """Tell where a track that states no speed leapt at what it made up to then, and back at what it
    made from then on: a fast ferry, heard seldom, that came in, lay and left.
    """
    ends = ((first - 2, first - 1, first), (back + 1, back, back - 1))
    sailed = np.isnan(reports.sog_kn[first]) & np.isnan(reports.sog_kn[back])
    for further, home, there in ends:
        away = np.clip(further, 0, len(reports.track) - 1)
        made_kn, leapt_kn = (
            geodesy.speed_kn(
                geodesy.apart_m(reports, a, b),
                np.maximum(np.abs(reports.time_us[b] - reports.time_us[a]) / SECOND_US, 1.0),
            )
            for a, b in ((away, home), (home, there))
        )
        sailed &= reports.track[away] == reports.track[home]
        sailed &= leapt_kn <= np.minimum(OWN_SPEED_TIMES * made_kn, FASTEST_KN)
    return np.asarray(sailed)


def _by_chance(scene: Scene, a: int, b: int) -> bool:
    """Tell whether reports of a track are a few of those that scatter, as they happen to lie: more
    of the vessel's are bad meanwhile than there are of these.
    """
    reports, together = scene.reports, scene.together
    mmsi, begins, ends = int(reports.track[a]) // 100, reports.time_us[a], reports.time_us[b]
    scattered = scene.scattered.get(mmsi, ())
    if not any(one.start_us <= begins and ends <= one.end_us for one in scattered):
        return False
    meanwhile = (together.mmsi == mmsi) & (together.time_us >= begins) & (together.time_us <= ends)
    return bool(np.count_nonzero(together.bad & meanwhile) > b - a + 1)
