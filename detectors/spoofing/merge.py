"""One story for each false track."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain

from detectors.core.evidence import Bound
from detectors.core.frames import SECOND_US
from detectors.kinematics.reports import Reports
from detectors.spoofing.limits import Limits
from detectors.spoofing.replay import ONE_LAG_S
from detectors.spoofing.story import MARGIN_S, Story


def strongest(stories: Iterable[Story]) -> list[Story]:
    """Return the best scored of those that share reports, of equals the longer, then the first."""
    kept: list[Story] = []  # in order, none of which shares any with another
    for one in sorted(stories, key=lambda s: (-s.score, s.first - s.last, s.first, s.subkind)):
        at = bisect_right(kept, one.last, key=lambda s: s.first)
        if not at or kept[at - 1].last < one.first:
            kept.insert(at, one)
    return kept


def merge(
    limits: Limits, reports: Reports, stories: Iterable[Story], excursions: Sequence[Story]
) -> list[Story]:
    """Return one story per false track: shapes of an excursion belong to it, and a one-way jump
    away from a false stretch to that stretch.
    """
    of: dict[int, list[Story]] = {}
    for one in stories:
        of.setdefault(int(reports.track[one.first]), []).append(one)
    kept = list[Story]()
    for away in excursions:
        at_home = of.get(int(reports.track[away.home]), [])
        left = _left(limits, reports, at_home, away)
        if left is not None:
            at_home[at_home.index(left)] = _leapt(left, away)
            continue
        track = int(reports.track[away.first])
        inside = [s for s in of.get(track, []) if s.first <= away.last and s.last >= away.first]
        if inside:
            of[track] = [s for s in of[track] if s not in inside]
        kept.append(_shaped(away, inside[0]) if inside else away)
    return joined(limits, reports, [*chain.from_iterable(of.values()), *kept])


def _left(limits: Limits, reports: Reports, at_home: Sequence[Story], away: Story) -> Story | None:
    """Return the false stretch of the home track that a jump leads away from; or, where that was
    true before, the one that it goes on with.
    """
    if away.subkind != "jump":
        return None
    longest_s = MARGIN_S if away.evidence["returned"] else limits.max_away_s
    before = [
        s
        for s in at_home
        if s.last <= away.home and reports.seconds(s.last, away.home) <= longest_s
    ]
    after = [s for s in at_home if 0.0 <= reports.seconds(away.last, s.first) <= limits.alive_s]
    return next(reversed(before or after), None)


def _leapt(stretch: Story, away: Story) -> Story:
    """Return the story of a false stretch that ended with a leap."""
    leap = {k: away.evidence[k] for k in ("jump_m", "jump_s", "jump_kn")}
    return replace(
        stretch,
        evidence={**stretch.evidence, **leap, "leapt": True},
        score=min(stretch.score + 0.2, 0.8),
        going_on=False,
    )


def _shaped(away: Story, shape: Story) -> Story:
    """Return an excursion as what its shape shows, unless it shows more itself."""
    if away.subkind not in ("jump", shape.subkind):
        return away
    gain = 0.15 if away.subkind == "jump" and shape.subkind != "jump" else 0.0
    evidence = {**shape.evidence, **away.evidence}
    return replace(away, subkind=shape.subkind, score=away.score + gain, evidence=evidence)


def joined(limits: Limits, reports: Reports, stories: Sequence[Story]) -> list[Story]:
    """Return one story of those of one vessel and kind that follow one another within `alive_s`:
    where one ends may be no more than what the verdicts of the next hours could see. A replay goes
    on, by its lag, while the vessel that it repeats lay still.
    """
    found: list[Story] = []
    for one in sorted(stories, key=lambda s: (reports.track[s.first] // 100, s.start_us, s.first)):
        last = found[-1] if found else one
        if (
            last is not one
            and reports.track[last.first] // 100 == reports.track[one.first] // 100
            and last.subkind == one.subkind
            and one.start_us - last.end_us <= _pause_s(limits, last, one) * SECOND_US
        ):
            best = max(last, one, key=lambda s: (s.score, s.last - s.first))
            end_us = max(last.end_us, one.end_us)
            going_on = last.going_on or one.going_on
            found[-1] = replace(best, start_us=last.start_us, end_us=end_us, going_on=going_on)
        else:
            found.append(one)
    return found


def without_shaped(
    reports: Reports, shaped: Sequence[Story], scattered: Iterable[Story]
) -> list[Story]:
    """Return stories of false fixes, without scatter within a vessel's that have a shape."""
    of: dict[int, list[Story]] = {}
    for one in shaped:
        of.setdefault(int(reports.track[one.first]) // 100, []).append(one)

    def apart(one: Story) -> bool:
        own = of.get(int(reports.track[one.first]) // 100, [])
        return not any(s.start_us <= one.end_us and one.start_us <= s.end_us for s in own)

    return [*shaped, *filter(apart, scattered)]


def _pause_s(limits: Limits, last: Story, one: Story) -> float:
    """Return how far apart two stories of a kind may be that are one."""
    lags = [story.evidence.get("lag_s") for story in (last, one)]
    told_s = [lag.measured for lag in lags if isinstance(lag, Bound)]
    same = len(told_s) == 2 and abs(told_s[0] - told_s[1]) <= ONE_LAG_S
    return limits.max_pause_s if same else limits.alive_s
