"""What was measured of crossings."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.detector import Context
from detectors.core.evidence import Bound, at_least
from detectors.core.frames import SECOND_US
from detectors.crossing.before import lain_there, worked_after_s, worked_before_s
from detectors.crossing.endings import NEAR, SHORE, SOON_S, UNHEARD, Ending
from detectors.crossing.limits import Limits
from detectors.crossing.onward import came_and_went, next_in_port, past_kn
from detectors.crossing.passage import Passage
from detectors.crossing.sieve import median, way_m
from detectors.hypotheses.landfalls import AT_PORT_M
from detectors.kinematics import geodesy, timegrid
from detectors.kinematics.reports import Reports
from detectors.surroundings import coverage, nearby, sun, tide

FEED_AROUND: Final = np.arange(SOON_S, SOON_S + 3600, coverage.FEED_SLOT_S) // coverage.FEED_SLOT_S
"""From half an hour before to an hour and a half: a feed of which nothing was heard then begins; so
far after, it ends.
"""
PORT_EDGE_M: Final = 250.0
"""Outlines of ports are drawn to some cables: who lies so near to one lies in it (judgement)."""
SETTINGS: Final = (
    "max_interruption_s",
    "max_silence_s",
    "max_sun_altitude_deg",
    "memory_s",
    "near_m",
    "near_fraction",
    "shore_m",
)
"""Parameters that shape what is measured."""


def bounds(limits: Limits, measured: Mapping[str, Any]) -> dict[str, Bound]:
    """Return what of a crossing the rule bounds, by name."""
    width = "min_width_fraction" if measured["sides_changed"] else "min_one_sided_fraction"
    least = {
        "speed_kn": "min_speed_kn",
        "mean_speed_kn": "min_mean_speed_kn",
        "distance_m": "min_distance_m",
        "width_fraction": width,
        "across_ratio": "min_across_ratio",
    }
    return {name: at_least(measured[name], limits, by) for name, by in least.items()}


def measured(
    limits: Limits,
    grid: timegrid.Grid,
    passages: Sequence[Passage],
    how: Sequence[Ending],
    ends: Ints,
    context: Context,
) -> list[dict[str, Any]]:
    """Return what was measured of passages; `how` says how each began and ended (`endings`), `ends`
    are the first and last rows of their runs.
    """
    straight_kn, along_kn = past_kn(limits, grid, np.array([at.row for at in how], "int64"))
    begin, end = np.array([(passage.begin, passage.end) for passage in passages], "int64").T
    dark = darkness(limits, grid, *timegrid.ranges(begin, end - begin + 1))
    left, arrival = np.array([at.row for at in how], "int64").reshape(-1, 2).T
    came = came_and_went(limits, grid, left, ends[0], end)
    went = came_and_went(limits, grid, arrival, begin, ends[1])
    return [
        {
            **_way(limits, passage),
            "began": began.how,
            "ended": ended.how,
            "start_ashore_probability": began.ashore,
            "end_ashore_probability": ended.ashore,
            **at_row(grid, began.row, "left"),
            "turns": [
                _turn(began, along_kn[2 * k], bool(came[k])),
                _turn(ended, along_kn[2 * k + 1], bool(went[k])),
            ],
            **at_row(grid, ended.row, "arrival"),
            "arrival_coast_m": ended.coast_m,
            "passing_kn": straight_kn[2 * k + 1] if ended.how == SHORE else None,
            "left_coast_m": began.coast_m,
            "came_past_kn": straight_kn[2 * k] if began.how in (SHORE, NEAR) else None,
            "worked_before_s": worked_before_s(limits, grid, passage.begin),
            "worked_after_s": worked_after_s(limits, grid, passage.end),
            **dark[k],
            **(tide_at(limits, grid, passage.end, context) if ended.how in (SHORE, NEAR) else {}),
        }
        for k, (passage, began, ended) in enumerate(zip(passages, how[::2], how[1::2], strict=True))
    ]


def _turn(
    end: Ending, along_kn: float | None, back: bool
) -> tuple[float | None, float | None, bool]:
    """Return what `turned_about` asks of an end: who is heard first, or last, far out wasn't seen
    to turn there.
    """
    unseen = end.how == UNHEARD and end.ashore is None and not back
    return (None, None, back) if unseen else (end.coast_m, along_kn, back)


def _way(limits: Limits, passage: Passage) -> dict[str, Any]:
    passage_s = passage.duration_s(limits.step_s)
    return {
        "from_state": passage.from_state,
        "to_state": passage.to_state,
        "sides_changed": passage.sides_changed,
        "width_fraction": passage.share,
        "across_m": passage.across_m,
        "across_ratio": passage.across_m / max(passage.path_m, 1.0),
        "path_m": passage.path_m,
        "distance_m": passage.made_good_m,
        "passage_s": passage_s,
        "mean_speed_kn": float(geodesy.speed_kn(passage.made_good_m, passage_s)),
        "width_m": passage.width_m,
        "start_from_coast_m": passage.distances_m[0],
        "start_to_coast_m": passage.distances_m[1],
        "end_from_coast_m": passage.distances_m[2],
        "end_to_coast_m": passage.distances_m[3],
    }


def turned_about(
    turns: Sequence[tuple[float | None, float | None, bool]],
    run_states: tuple[str, str],
    to_state: str,
    *,
    set_out: bool,
) -> dict[str, float | None]:
    """Return how near the other coast came who went home from there in one run, or back the way it
    came, and how fast it made its way there and away; nothing known if it didn't.

    `turns` tell so of both ends, and whether it went back from there, or had come from where it
    then went; `run_states` are of the coasts nearest to the run's ends. Who `set_out` from near the
    coast that it left came along it: however it went on, it hadn't come over.
    """
    home = run_states[0]
    found: tuple[float | None, float | None] = (None, None)
    if home == run_states[1]:
        found = turns[home != to_state][:2]
    else:
        known = turns[1:] if set_out and home != to_state else turns
        found = next((turn[:2] for turn in reversed(known) if turn[2]), found)
    return dict(zip(("turned_off_m", "turning_kn"), found, strict=True))


def at_row(grid: timegrid.Grid, row: int, name: str) -> dict[str, Any]:
    """Return where and when a track was at a tick, for a sentence and a map."""
    return {
        f"{name}_lat": float(grid.lat[row]),
        f"{name}_lon": float(grid.lon[row]),
        f"{name}_time": pd.Timestamp(int(grid.tick[row]) * grid.step_s, unit="s", tz="UTC"),
    }


def tide_at(limits: Limits, grid: timegrid.Grid, row: int, context: Context) -> dict[str, Any]:
    """Return the high water nearest to a tick, where a table says so; nothing else."""
    table = context.models.get(tide.MODEL)
    at_us = int(grid.tick[row]) * limits.step_s * SECOND_US
    found = table.nearest(float(grid.lat[row]), float(grid.lon[row]), at_us) if table else None
    if found is None:
        return {}
    return {
        "high_water_place": found.place,
        "after_high_water_s": found.after_s,
        "high_water_m": found.height_m,
    }


def darkness(
    limits: Limits, grid: timegrid.Grid, whose: Ints, rows: Ints
) -> list[dict[str, float]]:
    """Return the share of ticks by night, and the altitude of the sun in the middle of them: of the
    rows of the grid of each, one after the other.
    """
    at_us = grid.tick[rows] * (limits.step_s * SECOND_US)
    altitude_deg = np.asarray(sun.altitude_deg(at_us, grid.lat[rows], grid.lon[rows]))
    count = np.bincount(whose)
    dark = np.bincount(whose, weights=altitude_deg < limits.max_sun_altitude_deg) / count
    middle = altitude_deg[np.cumsum(count) - count + count // 2]
    return [
        {"dark_fraction": share, "sun_altitude_deg": at}
        for share, at in zip(dark.tolist(), middle.tolist(), strict=True)
    ]


def ends_of(
    limits: Limits, grid: timegrid.Grid, ends: Ints, context: Context
) -> list[dict[str, Any]]:
    """Tell how long each whole run is, how far from any coast its ends are, and whether the
    vessel was heard, slower, right before and after.
    """
    flat = ends.ravel()
    shores = context.zones.shores
    each_m = shores.distance_m(grid.lat[flat], grid.lon[flat])
    coast_m = each_m.min(axis=0).reshape(ends.shape)
    of_state = np.array(shores.states)[each_m.argmin(axis=0)].reshape(ends.shape)
    heard = [
        (grid.rows_at(grid.track_id[rows], grid.tick[rows] + shift) >= 0).tolist()
        for rows, shift in zip(ends, (-1, 1), strict=True)
    ]
    return [
        {
            "lain_there": lain_there(limits, grid, b, a),
            "run_path_m": float(way_m(grid.lat[a : b + 1], grid.lon[a : b + 1])[-1]),
            "run_start_coast_m": float(coast_m[0, i]),
            "run_end_coast_m": float(coast_m[1, i]),
            "run_states": tuple(of_state[:, i].tolist()),
            "heard_before": heard[0][i],
            "heard_after": heard[1][i],
        }
        for i, (a, b) in enumerate(ends.T.tolist())
    ]


def reports_of(reports: Reports, grid: timegrid.Grid, ends: Ints) -> list[dict[str, Any]]:
    """Return what each run rests on, from one row of the grid to another; the report after its last
    tick belongs to it.

    The stated speed is a median over time, as the speed by positions that it is held against: of a
    boat that is heard better where it goes slowly most reports are slow ones. At each tick the
    faster of the reports around it counts.
    """
    first, last = grid.report[ends[0]], grid.report[ends[1]] + 1
    sources = [reports.sources_of(rows) for rows in (first, last)]
    found = []
    for i, (a, b) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        before = grid.report[ends[0, i] : ends[1, i] + 1]
        sog_kn = np.fmax(reports.sog_kn[before], reports.sog_kn[before + 1])
        sog_kn = sog_kn[np.isfinite(sog_kn)]
        found.append(
            {
                "n_reports": b - a + 1,
                "n_other_hull_reports": reports.n_of_other_hulls(a, b),
                "median_sog_kn": median(sog_kn) if len(sog_kn) else None,
                "first_report_source": sources[0][i],
                "last_report_source": sources[1][i],
            }
        )
    return found


def craft(mmsi: Ints, vessels: pd.DataFrame, ais_class: NDArray[Any]) -> list[dict[str, Any]]:
    """Return what each says it is, or what is missing; `ais_class` is that of its first report."""
    stated = vessels.drop_duplicates("mmsi").set_index("mmsi").reindex(mmsi)
    columns = (
        ais_class.tolist(),
        stated["ais_class"].fillna("").tolist(),
        stated["ship_type"].fillna(-1).astype("int64").tolist(),
        stated["length_m"].tolist(),
    )
    return [
        {
            "ais_class": sent or known,
            "ship_type": ship_type,
            "length_m": length_m if length_m > 0 else None,
        }
        for sent, known, ship_type, length_m in zip(*columns, strict=True)
    ]


def around(
    limits: Limits,
    grid: timegrid.Grid,
    ends: Ints,
    passage: Ints,
    middle: tuple[Floats, Floats],
    context: Context,
) -> list[dict[str, Any]]:
    """Return what lies where each run leads, and where its passage begins and ends (or the run,
    where it does so soon before or after).
    """
    zones, flat = context.zones, ends.ravel()
    soon = np.abs(ends - passage) * grid.step_s <= SOON_S
    passage = np.where(soon, ends, passage)
    sailed_on = ~soon[1]
    port_m = nearby.nearest_zone_m(zones, grid.lat[flat], grid.lon[flat], ("port",))
    in_port = port_m.reshape(ends.shape) <= PORT_EDGE_M
    # Who comes home to the port that it left has called at none; villages lie beside ports, too,
    # and a boat may be heard first when it is some miles out.
    at = grid.lat[ends], grid.lon[ends]
    apart_m = geodesy.distance_m(at[0][0], at[1][0], at[0][1], at[1][1])
    came_home = port_m.reshape(ends.shape)[1] <= AT_PORT_M
    came_home &= np.asarray(apart_m) <= limits.same_end_m
    away_m = {
        classes[0]: nearby.nearest_zone_m(
            zones, grid.lat[passage.ravel()], grid.lon[passage.ravel()], classes, excuses=True
        ).reshape(passage.shape)
        for classes in (("port",), ("anchorage", "sts_area"))
    }
    length = ends[1] - ends[0] + 1
    begin = np.cumsum(length) - length
    _, rows = timegrid.ranges(ends[0], length)
    on_route = zones.within(grid.lat[rows], grid.lon[rows], ("ferry_route",))
    share = np.add.reduceat(on_route.astype("int64"), begin) / length
    reached = zones.reached(*middle)
    next_there = next_in_port(limits, grid, ends[1], context)
    slot = grid.tick[ends] * limits.step_s // coverage.FEED_SLOT_S
    beyond = slot[:, :, None] + np.array([-1, 1])[:, None, None] * FEED_AROUND
    feed_heard = context.coverage.feed_heard
    feed_begins, feed_ends = feed_heard(slot) & ~feed_heard(beyond).any(axis=2)
    return [
        {
            "zones_reached": bool(reached[i]),
            "n_ends_in_port": int(in_port[:, i].sum()),
            "run_ends_in_port": bool(in_port[1, i] & ~came_home[i]),
            "came_home": bool(came_home[i]),
            "next_in_port": bool(next_there[i]),
            "feed_begins": bool(feed_begins[i]),
            "feed_ends": bool(feed_ends[i]),
            "came_on": bool(~soon[0, i]),
            "sailed_on": bool(sailed_on[i]),
            "ferry_route_fraction": float(share[i]),
            "start_port_m": float(away_m["port"][0, i]),
            "end_port_m": float(away_m["port"][1, i]),
            "start_anchorage_m": float(away_m["anchorage"][0, i]),
            "end_anchorage_m": float(away_m["anchorage"][1, i]),
        }
        for i in range(len(length))
    ]


def like_trips(limits: Limits, grid: timegrid.Grid, first: Ints, last: Ints, this: int) -> int:
    """Count other fast runs of the same track, by day or night, between the same two ends, or, of
    those that came back, it or they, between their end and where they were furthest from that.

    Those that began within the memory before it began, or after it ended. One that
    isn't heard any more, or is still on its way, is like those that it has followed so far.
    """
    final = int(last[np.searchsorted(first, this)])
    memory = limits.memory_s // limits.step_s
    since, until = grid.tick[this] - memory, grid.tick[final] + memory
    track = grid.track_id[this]
    of_track = np.searchsorted(grid.track_id, [track, track + 1])
    own = slice(*np.searchsorted(first, of_track).tolist())
    first, last = first[own], last[own]
    around = (first != this) & (grid.tick[first] >= since) & (grid.tick[first] <= until)
    if not around.any():
        return 0
    begin, end = first[around], last[around] + 1  # the tick after the last step
    here, there = this, final + 1

    def near(one: Ints, other: int | Ints) -> Bools:
        return np.asarray(geodesy.apart_m(grid, one, other) <= limits.same_end_m)

    at_ends = near(np.r_[end, begin, begin, end], np.repeat([there, here], 2 * len(begin)))
    end_there, begin_there, begin_here, end_here = at_ends.reshape(4, -1)
    if not _heard_on(grid, there):
        # As far as it is known: the way passed where this one was heard last.
        run, row = timegrid.ranges(begin, end - begin + 1)
        passed = np.zeros(len(begin), bool)
        passed[run[near(row, there)]] = True
        end_there = begin_there = passed
    like = (begin_here & end_there) | (end_here & begin_there)
    # There and back: as who lay there in between, too.
    if near(np.array([here]), there)[0]:
        far = _furthest(grid, here, there)
        like |= (begin_here & near(end, far)) | (end_here & near(begin, far))
    for k in np.flatnonzero(near(begin, end) & (begin_here | begin_there) & ~like):
        far = _furthest(grid, int(begin[k]), int(end[k]))
        like[k] = near(np.array([far]), there if begin_here[k] else here)[0]
    return int(np.count_nonzero(like))


def _furthest(grid: timegrid.Grid, a: int, b: int) -> int:
    """Return the row from a to b that is furthest from a."""
    return a + int(np.argmax(geodesy.apart_m(grid, a, np.arange(a, b + 1))))


def _heard_on(grid: timegrid.Grid, row: int) -> bool:
    """Tell whether a track goes on after a grid row."""
    after = row + 1
    return bool(after < len(grid.track_id) and grid.track_id[after] == grid.track_id[row])
