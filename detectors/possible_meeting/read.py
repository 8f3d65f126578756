"""Silences and loiterings, read from the events of other detectors."""

from typing import Final

import numpy as np
import pandas as pd

from detectors.core import events
from detectors.core.detector import Context
from detectors.core.frames import SECOND_US, epoch_us, of_tracks
from detectors.kinematics import geodesy, reach
from detectors.kinematics.reports import Reports
from detectors.possible_meeting.limits import Limits
from detectors.possible_meeting.story import Loitering, Silence

SERVICE_TYPES: Final = frozenset({31, 32, 33, 34, 35, 50, 51, 52, 53, 54, 55, 58})
"""Tugs, pilots, dredgers, rescue, port and law enforcement craft (ITU-R M.1371-5, table 53): that
one lies waiting says nothing."""


def silences_of(
    limits: Limits, gaps: pd.DataFrame, positions: pd.DataFrame, now_us: int
) -> list[Silence]:
    """Return the silences that are assessed, long enough and not too long."""
    found = []
    for gap in events.records(gaps):
        facts = gap["evidence"]
        start_us, end_us = events.span_us(gap)
        until_us = min(end_us, now_us)
        lasted_s = (until_us - start_us) / SECOND_US
        assessed = not str(gap["explanation"]).startswith("not assessed")
        if not assessed or not limits.min_meeting_s <= lasted_s <= limits.max_silence_s:
            continue
        after = report_at(positions, int(gap["track_ids"]), end_us)
        if after is None:
            continue
        direct_m = geodesy.distance_m(gap["lat"], gap["lon"], *after)
        reach_kn = float(
            reach.fastest_kn(
                np.fmax(facts.number("speed_before_kn"), facts.number("usual_top_speed_kn")),
                geodesy.speed_kn(direct_m, lasted_s),
                limits.reach_share,
                limits.min_reach_kn,
                limits.max_reach_kn,
            )
        )
        found.append(
            Silence(
                gap,
                start_us,
                end_us,
                until_us,
                float(gap["lat"]),
                float(gap["lon"]),
                *after,
                reach_kn * geodesy.KNOT_MPS,
            )
        )
    return found


def types_of(context: Context) -> dict[int, int]:
    """Return the ship type that each vessel states."""
    vessels = context.vessels
    return dict(zip(vessels["mmsi"].tolist(), vessels["ship_type"].tolist(), strict=True))


def loiterings_of(context: Context, reports: Reports) -> list[Loitering]:
    """Return loiterings of vessels whose work it isn't to wait, and whose reports are at hand."""
    types, tracks = types_of(context), set(reports.tracks.tolist())
    stories = [
        Loitering(row, *events.span_us(row))
        for row in events.records(context.events_of("loitering"))
    ]
    return [
        story
        for story in stories
        if types.get(story.mmsi, -1) not in SERVICE_TYPES
        and not story.explanation.startswith("not assessed")
        and story.track in tracks
    ]


def reports_of(found: pd.DataFrame, positions: pd.DataFrame) -> Reports:
    """Return the reports of the tracks that some events are of."""
    tracks = np.unique(found["track_ids"].astype("int64").to_numpy())
    return Reports(positions[of_tracks(positions["track_id"].to_numpy(), tracks)])


def report_at(positions: pd.DataFrame, track: int, at_us: int) -> tuple[float, float] | None:
    """Return where a track's report at a time was; NaN if there is none yet, None if not loaded."""
    tracks = positions["track_id"].to_numpy()
    low, high = np.searchsorted(tracks, [track, track + 1])
    if at_us == events.NEVER:
        return (np.nan, np.nan) if low < high else None
    times_us = epoch_us(positions["time"].iloc[low:high])
    row = int(low + np.searchsorted(times_us, at_us))
    if row >= high or times_us[row - low] != at_us:
        return None
    return float(positions["lat"].iloc[row]), float(positions["lon"].iloc[row])
