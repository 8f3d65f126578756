"""Fixes that scatter, after which the vessel goes on from where it was."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from detectors.core.evidence import at_least
from detectors.core.frames import SECOND_US
from detectors.hypotheses.spoofing import MIN_OTHERS_FRACTION
from detectors.kinematics import geodesy, scatter
from detectors.kinematics.leaps import MIN_OFFSET_M
from detectors.kinematics.reports import Reports
from detectors.spoofing.limits import Limits
from detectors.spoofing.others import Others
from detectors.spoofing.story import Scene, Story

OTHERS_S: Final = 6 * 3600
"""The last hours of an episode of scattered fixes are held against those of others."""

OVER_S: Final = 300.0
"""Interference that was over for all others so long before a vessel leapt isn't why it did: sets of
class A send every 10 s under way, and miss some (ITU-R M.1371-5, annex 1, table 1)."""


def scattered(limits: Limits, scene: Scene) -> Iterator[Story]:
    """Find episodes of scattered fixes after which the vessel can have gone on."""
    together = scene.together
    for episode in as_one(limits, scene.episodes):
        inside = slice(episode.first, episode.last + 1)
        ends = [k for k in (episode.before, episode.after) if k >= 0]
        # Where every fix meanwhile is false, the sound one next to them stands for them.
        own = together.row[[*range(episode.first, episode.last + 1), *ends]]
        own = own[own >= 0]
        if episode.parted or not len(own) or not ends:
            continue
        # Where the vessel would have been on a straight way between the sound fixes.
        share = (together.time_us[inside] - together.time_us[ends[0]]) / max(
            together.time_us[ends[-1]] - together.time_us[ends[0]], 1
        )
        here, there = ends[0], ends[-1]
        due = geodesy.interpolate(
            together.lat[here],
            together.lon[here],
            together.lat[there],
            together.lon[there],
            np.clip(share, 0.0, 1.0),
        )
        off_m = geodesy.distance_m(*due, together.lat[inside], together.lon[inside])
        bad = together.bad[inside]
        lasts_s = (episode.end_us - episode.start_us) / SECOND_US
        after_s = (scene.end_us - episode.end_us) / SECOND_US
        evidence = {
            "n_reports": len(bad),
            "n_bad_fixes": int(np.count_nonzero(bad)),
            "bad_fraction": float(bad.mean()),
            "min_bad_fraction": scatter.MIN_FRACTION,
            "scatter_m": float(np.median(off_m[bad])),
            "max_scatter_m": float(off_m.max()),
            "min_offset_m": MIN_OFFSET_M,
            "duration_s": at_least(lasts_s, limits, "min_duration_s"),
            "rejoined": episode.joined,
            "leapt": True,
        }
        if episode.joined:
            away_m = geodesy.apart_m(together, here, there)
            away_s = together.seconds(here, there)
            evidence |= {
                "rejoined_m": float(away_m),
                "rejoined_s": away_s,
                "rejoined_kn": float(geodesy.speed_kn(away_m, away_s)),
            }
        yield Story(
            "scatter",
            int(own[0]),
            int(own[0]),
            0.45,
            episode.start_us,
            episode.end_us,
            episode.after < 0 and after_s <= limits.max_silence_s,
            evidence,
            int(together.row[episode.before]) if episode.before >= 0 else -1,
        )


def as_one(limits: Limits, episodes: Sequence[scatter.Episode]) -> list[scatter.Episode]:
    """Return one episode of those of a vessel that follow one another within `alive_s`: what jams a
    receiver lets go of it for minutes. Where nothing was heard meanwhile, within `max_pause_s`; and
    where nothing sound was: both would be told of one report.
    """
    found: list[scatter.Episode] = []
    for one in episodes:
        last = found[-1] if found else one
        unheard = one.first == last.last + 1 or _between_the_same(last, one)
        pause_s = limits.max_pause_s if unheard else limits.alive_s
        if (
            last is not one
            and last.mmsi == one.mmsi
            and not last.parted
            and not one.parted
            and one.start_us - last.end_us <= pause_s * SECOND_US
        ):
            found[-1] = replace(
                last,
                last=one.last,
                after=one.after,
                joined=last.before >= 0 and one.after >= 0,
                end_us=one.end_us,
            )
        else:
            found.append(one)
    return found


def _between_the_same(one: scatter.Episode, other: scatter.Episode) -> bool:
    """Tell whether no sound report lies between two episodes of a vessel."""
    return one.before == other.before >= 0 or one.after == other.after >= 0


def held_against_others(limits: Limits, scene: Scene, others: Others, story: Story) -> Story:
    """Return the story, with how many others nearby had bad fixes when its positions leapt.

    Looked at are the last hours of scattered fixes, else the beginning, so that it doesn't
    matter how far back the others are known.
    """
    reports = scene.reports
    if not story.evidence.get("leapt"):
        return story
    if story.subkind == "scatter":
        since_us = max(story.start_us, story.end_us - OTHERS_S * SECOND_US)
        until_us = story.end_us
    else:
        until_us = int(reports.time_us[story.first])
        since_us = until_us + int((scatter.NEAR_S - OVER_S) * SECOND_US)
    mmsi, lat, lon = place_of(reports, story)
    place = mmsi, since_us, until_us, lat, lon, limits.max_interference_m
    n = others.marks.n_suffering(*place)
    if n == 0:
        return story
    n_near = max(others.n_near(mmsi, min(since_us, until_us), *place[2:]), n)
    evidence = {
        **story.evidence,
        "n_others_scattered": n,
        "n_others_near": n_near,
        "others_scattered_fraction": n / n_near,
        "min_others_scattered_fraction": MIN_OTHERS_FRACTION,
    }
    return replace(story, evidence=evidence)


def place_of(reports: Reports, story: Story) -> tuple[int, float, float]:
    """Return the vessel, and where it was when its positions leapt."""
    mmsi = int(reports.track[story.first]) // 100
    at = story.home if story.home >= 0 else max(story.first - 1, 0)
    at = at if reports.track[at] // 100 == mmsi else story.first
    return mmsi, float(reports.lat[at]), float(reports.lon[at])
