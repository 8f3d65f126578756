"""One hull under two numbers: two sets that are never anywhere but together."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.detector import Context
from detectors.core.evidence import at_least, at_most
from detectors.core.frames import SECOND_US
from detectors.identity.limits import Limits
from detectors.identity.story import SCORES, Story, VesselReports
from detectors.kinematics import geodesy, near, timegrid, timespan
from detectors.vessels.statement import numbers_and_names

STEP_S: Final = 300
"""Five minutes: at 12 kn a mile."""
MAX_SILENCE_S: Final = 1800.0
MAX_BREAK_S: Final = 21_600
"""Six hours in which one of them isn't heard, or both lie: as of two hulls, one event."""

MOSTLY: Final = 0.5
"""One hull is beside itself whenever both sets are heard but for reports dated wrongly, which are
fewer (a judgement: of two ships of a convoy 390 m apart, one of them dated 80 s late now and then,
one moment in thirty had them so near)."""


class Moving(NamedTuple):
    """Where tracks under way were every `STEP_S`, sorted by (track, tick)."""

    track: Ints
    tick: Ints
    lat: Floats
    lon: Floats
    speed_kn: Floats


class Runs(NamedTuple):
    """Runs of two tracks that sail as one."""

    one: Ints
    other: Ints
    """Rows at which the two are near one another."""
    first: Ints
    last: Ints
    """The runs, as rows of these."""
    median_m: Floats
    sailed_m: Floats


def moving(limits: Limits, grid: timegrid.Grid) -> tuple[Ints, Moving]:
    """Return the rows of a grid at which tracks are under way, and where these were."""
    rows = np.flatnonzero(grid.speed_kn >= limits.min_speed_kn)
    tracks, ticks = grid.track_id[rows], grid.tick[rows]
    return rows, Moving(tracks, ticks, grid.lat[rows], grid.lon[rows], grid.speed_kn[rows])


def as_one(limits: Limits, where: Moving) -> Runs:
    """Find who sails as one: see `identity`.

    Who lies beside another says nothing, and what is towed or sails in company keeps its distance.
    """
    places = where.lat, where.lon, where.tick
    i, j = near.pairs(places, limits.max_beside_m, slack=near.SLACK)
    apart = where.track[i] // 100 != where.track[j] // 100
    i, j = i[apart], j[apart]
    swap = where.track[i] > where.track[j]
    i, j = np.where(swap, j, i), np.where(swap, i, j)
    order = np.lexsort((where.tick[i], where.track[j], where.track[i]))
    i, j = i[order], j[order]
    begins, ends = timegrid.stretches(where.track[i], where.track[j])
    first, last = timegrid.episodes(
        np.repeat(np.arange(len(begins)), ends - begins + 1),
        where.tick[i],
        max_break=MAX_BREAK_S // STEP_S,
        min_piece=1,
        min_length=-(-limits.min_one_hull_s // STEP_S),
    )
    apart_m = geodesy.apart_m(where, i, j)
    median_m = timegrid.quantiles(np.asarray(apart_m), first, last, 0.5)
    sailed_m = timegrid.aggregate(np.add, where.speed_kn[i], first, last)
    sailed_m = np.asarray(sailed_m) * geodesy.KNOT_MPS * STEP_S
    kept = (median_m <= limits.max_one_hull_m) & (sailed_m >= limits.min_one_hull_m)
    kept[kept] = _mostly_beside(where, i, j, first[kept], last[kept])
    return Runs(i, j, first[kept], last[kept], median_m[kept], sailed_m[kept])


def _mostly_beside(where: Moving, i: Ints, j: Ints, first: Ints, last: Ints) -> Bools:
    """Tell of runs whether the two were beside one another for `MOSTLY` of the time in which both
    were under way, from the first row of the run to the last.
    """
    found = np.zeros(len(first), bool)
    for k, (a, b) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        one, other = (where.tick[rows[a] : rows[b] + 1] for rows in (i, j))
        n_both = len(np.intersect1d(one, other, assume_unique=True))
        found[k] = b - a + 1 >= MOSTLY * n_both
    return found


def one_hull(
    limits: Limits,
    reports: VesselReports,
    sailing: Ints,
    statements: pd.DataFrame,
    context: Context,
) -> Iterator[Story]:
    """Return the stories of vessels of which some sail as one."""
    own = np.flatnonzero(np.isin(reports.tracks // 100, sailing))
    if not len(own):
        return
    _, rows = timegrid.ranges(reports.bounds[own], np.diff(reports.bounds)[own])
    places = reports.time_us[rows], reports.lat[rows], reports.lon[rows]
    grid = timegrid.resample(reports.track[rows], *places, STEP_S, MAX_SILENCE_S)
    grid = replace(grid, report=rows[grid.report])
    under_way, where = moving(limits, grid)
    runs = as_one(limits, where)
    i, j = under_way[runs.one], under_way[runs.other]
    spans, kept = timespan.of_runs(
        grid,
        [i, j],
        runs.first,
        runs.last,
        window=timespan.window_us(context.start, context.end),
        settle=limits.settle,
        max_break_s=MAX_BREAK_S,
    )
    median_m, sailed_m = runs.median_m[kept], runs.sailed_m[kept]
    for k in range(len(spans)):
        row, end = int(i[spans.first[k]]), int(i[spans.last[k]]) + 1
        before, after = int(grid.report[row]), int(grid.report[end])
        tracks = int(grid.track_id[row]), int(grid.track_id[j[spans.first[k]]])
        if not reports.is_ship(np.array(tracks) // 100).all():
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
    (numbers, names), (other_numbers, other_names) = (
        numbers_and_names(statements[(statements["mmsi"] == one).to_numpy(bool)])
        for one in (mmsi, other)
    )
    return bool(numbers & other_numbers or names & other_names)
