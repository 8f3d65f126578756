"""One hull under two numbers: two sets that are never anywhere but together."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from detectors.core.detector import Context
from detectors.core.evidence import at_least, at_most
from detectors.core.frames import SECOND_US
from detectors.identity.limits import Limits
from detectors.identity.story import SCORES, Story, VesselReports
from detectors.kinematics import geodesy, timegrid, timespan
from detectors.kinematics.near import Near
from detectors.vessels.numbers import imo_is_valid, plain

STEP_S: Final = 300
"""Five minutes: at 12 kn a mile."""
MAX_SILENCE_S: Final = 1800.0
HANDHELD: Final = 8
"""First digit of a handheld set's number, 8MIDxxxxx (ITU-R M.585-9, annex 2), with which boats'
sets of class B are left; the set itself sends no positions. A boat of a ship's, 98MIDxxxx, may."""
MAX_BREAK_S: Final = 21_600
"""Six hours in which one of them isn't heard, or both lie: as of two hulls, one event."""


def one_hull(
    limits: Limits, reports: VesselReports, statements: pd.DataFrame, context: Context
) -> Iterator[Story]:
    """Find two numbers whose sets sail as one: see `identity`.

    Who lies beside another says nothing, and what is towed or sails in company keeps its distance.
    """
    grid = reports.grid(STEP_S, MAX_SILENCE_S)
    moving = np.flatnonzero(grid.speed_kn >= limits.min_speed_kn)
    if not len(moving):
        return
    moment = grid.tick[moving] - grid.tick[moving].min()
    place = Near(grid.lat[moving], grid.lon[moving], moment, limits.max_beside_m, slack=1.001)
    i, j = (moving[rows] for rows in place.pairs())
    apart = grid.track_id[i] // 100 != grid.track_id[j] // 100
    i, j = i[apart], j[apart]
    swap = grid.track_id[i] > grid.track_id[j]
    i, j = np.where(swap, j, i), np.where(swap, i, j)
    order = np.lexsort((grid.tick[i], grid.track_id[j], grid.track_id[i]))
    i, j = i[order], j[order]
    begins, ends = timegrid.stretches(grid.track_id[i], grid.track_id[j])
    first, last = timegrid.episodes(
        np.repeat(np.arange(len(begins)), ends - begins + 1),
        grid.tick[i],
        max_break=MAX_BREAK_S // STEP_S,
        min_piece=1,
        min_length=-(-limits.min_one_hull_s // STEP_S),
    )
    distance_m = np.asarray(geodesy.distance_m(grid.lat[i], grid.lon[i], grid.lat[j], grid.lon[j]))
    median_m = timegrid.quantiles(distance_m, first, last, 0.5)
    sailed_m = timegrid.aggregate(np.add, grid.speed_kn[i], first, last)
    sailed_m = np.asarray(sailed_m) * geodesy.KNOT_MPS * STEP_S
    as_one = (median_m <= limits.max_one_hull_m) & (sailed_m >= limits.min_one_hull_m)
    spans, kept = timespan.of_runs(
        grid,
        [i, j],
        first[as_one],
        last[as_one],
        window=timespan.window_us(context.start, context.end),
        settle=limits.settle,
        max_break_s=MAX_BREAK_S,
    )
    median_m, sailed_m = median_m[as_one][kept], sailed_m[as_one][kept]
    for k in range(len(spans)):
        row, end = int(i[spans.first[k]]), int(i[spans.last[k]]) + 1
        before, after = int(grid.report[row]), int(grid.report[end])
        tracks = int(grid.track_id[row]), int(grid.track_id[j[spans.first[k]]])
        numbers = np.array(tracks) // 100
        if not (reports.is_ship(numbers) | (numbers // 100_000_000 == HANDHELD)).all():
            continue
        evidence = {
            "median_distance_m": at_most(float(median_m[k]), limits, "max_one_hull_m"),
            "sailed_m": at_least(float(sailed_m[k]), limits, "min_one_hull_m"),
            "duration_s": at_least(
                int(spans.end_us[k] - spans.start_us[k]) // SECOND_US, limits, "min_one_hull_s"
            ),
            "says_the_same": says_the_same(statements, tracks[0] // 100, tracks[1] // 100),
            "n_reports": after - before + 1,
            "first_report_source": reports.source_of(before),
            "last_report_source": reports.source_of(after),
        }
        yield Story(
            "two_numbers",
            tracks,
            int(spans.start_us[k]),
            int(spans.end_us[k]),
            float(grid.lat[row]),
            float(grid.lon[row]),
            SCORES["two_numbers"],
            evidence,
            ("min_speed_kn", "max_beside_m"),
            going_on=bool(spans.open[k]),
        )


def says_the_same(statements: pd.DataFrame, mmsi: int, other: int) -> bool:
    """Tell whether two numbers say one valid IMO number, or one name: no secret, then."""
    said = [statements[(statements["mmsi"] == one).to_numpy(bool)] for one in (mmsi, other)]
    numbers = [set(own["imo"][imo_is_valid(own["imo"])].tolist()) for own in said]
    names = [{plain(str(name)) for name in own["name"]} - {""} for own in said]
    return bool(numbers[0] & numbers[1] or names[0] & names[1])
