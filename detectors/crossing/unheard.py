"""What a boat did between two reports far apart."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.detector import Context
from detectors.core.frames import SECOND_US
from detectors.crossing.beaches import beach_between
from detectors.crossing.endings import NEAR, SHORE, SOON_S, Ending
from detectors.crossing.limits import Limits
from detectors.crossing.straight import one_course
from detectors.hypotheses.landfalls import HARDLY_ASHORE
from detectors.kinematics import geodesy, timegrid
from detectors.kinematics.reports import Reports
from detectors.surroundings import coverage, passes
from detectors.surroundings.coasts import Coasts

DETOUR: Final = 1.1
"""By so much its way is longer by that beach than straight to where it lies next."""


class Landing(NamedTuple):
    """A landing that wasn't heard."""

    begin: int
    lands: int
    leaves: int
    """Rows of the grid: the first of the voyage, the first and the last ashore."""
    lat: float
    lon: float
    """Where its course led to the shore."""
    ashore_s: float
    """How long it can have been there."""


class Silences(NamedTuple):
    """Times of `SOON_S` or more between two reports."""

    low: Ints
    high: Ints
    """The first row of the grid in each, and the first after it."""
    coast_m: Floats
    """How far each state's coast was at the last two reports before it and the first two after it,
    in order of time: (states, 4, silences)."""
    way_kn: Floats
    """The faster of the speeds before it and after it, by positions or as stated."""
    spare_s: Floats
    """What is left of it beside the straight way at that speed."""
    by_passes: Bools
    """Whether the feed comes by passes there."""


def moved(limits: Limits, reports: Reports, grid: timegrid.Grid, context: Context) -> Bools:
    """Tell which rows lie between two reports at rest so far apart that the boat went elsewhere
    meanwhile, of a feed that comes by passes: it didn't creep there.
    """
    rest = reports.sog_kn < limits.min_speed_kn
    lies = np.flatnonzero(rest[:-1] & rest[1:])
    lat, lon = reports.lat, reports.lon
    far_m = geodesy.distance_m(lat[lies], lon[lies], lat[lies + 1], lon[lies + 1])
    went = np.zeros(len(rest), bool)
    went[lies[np.asarray(far_m) >= limits.elsewhere_m]] = True
    row = np.flatnonzero(went[grid.report])
    tens = grid.tick[row] * limits.step_s // coverage.FEED_SLOT_S
    by_passes = passes.usual_share(context.coverage, tens, tens) <= passes.BY_PASSES
    found = np.zeros(len(grid.tick), bool)
    found[row[by_passes]] = True
    return found


def silences(limits: Limits, reports: Reports, grid: timegrid.Grid, context: Context) -> Silences:
    """Return the silences with two reports of the track before them and two after."""
    low, last = timegrid.stretches(grid.report)
    report = grid.report[low]
    ok = ((last - low + 1) * limits.step_s >= SOON_S) & (report >= 1)
    ok &= (report + 2 < len(reports.track)) & (last + 1 < len(grid.tick))
    low, high, report = low[ok], last[ok] + 1, report[ok]
    ok = reports.track[report - 1] == reports.track[report + 2]
    tens = grid.tick[low] * limits.step_s // coverage.FEED_SLOT_S
    until = grid.tick[high] * limits.step_s // coverage.FEED_SLOT_S
    by_passes = passes.usual_share(context.coverage, tens, until) <= passes.BY_PASSES
    rows = report + np.arange(-1, 3)[:, None]
    lat, lon, sog = reports.lat[rows], reports.lon[rows], reports.sog_kn[rows[1:3]]
    step_s = np.diff(reports.time_us[rows], axis=0) / SECOND_US
    made_m = np.asarray(geodesy.distance_m(lat[:-1], lon[:-1], lat[1:], lon[1:]))
    made_kn = np.asarray(geodesy.speed_kn(made_m, np.maximum(step_s, 1.0)))[[0, 2]]
    way_kn = np.minimum(np.fmax(made_kn, sog).max(axis=0), limits.max_mean_speed_kn)
    took_s = made_m[1] / np.maximum(way_kn * geodesy.KNOT_MPS, 1e-6)
    coast_m = context.zones.shores.distance_m(lat.ravel(), lon.ravel())
    coast_m = coast_m.reshape(len(coast_m), *lat.shape)
    return Silences(low, high, coast_m, way_kn, np.maximum(step_s[1] - took_s, 0.0), by_passes)


def heard_by_passes(
    limits: Limits,
    reports: Reports,
    grid: timegrid.Grid,
    ends: Ints,
    how: Sequence[Ending],
    context: Context,
) -> list[dict[str, Any]]:
    """Tell of runs of a feed that comes by passes what the reports around the silences in which
    they were at a coast say; of other feeds nothing.

    `how` says of each how it began and how it ended (`endings`). `next_at_anchor`: the silence in
    which it came ended with it at rest in an anchorage, which is where it had gone. `kept_course`:
    it came by a coast between two reports and had one course all the way of the run.
    `median_sog_kn` is of the reports between its first and its last: of a handful those that it lay
    at its ends would be most.
    """
    tens, until = grid.tick[ends] * limits.step_s // coverage.FEED_SLOT_S
    by_passes = passes.usual_share(context.coverage, tens, until) <= passes.BY_PASSES
    at_coast = np.array([[one.how in (SHORE, NEAR) for one in how[k::2]] for k in (0, 1)])
    before = grid.report[np.array([[one.row for one in how[k::2]] for k in (0, 1)])]
    silent_s = (reports.time_us[before + 1] - reports.time_us[before]) / SECOND_US
    after = before[1] + 1
    lay = (silent_s[1] >= SOON_S) & (reports.sog_kn[after] < limits.lying_kn)
    anchorages = ("anchorage", "sts_area")
    lay &= context.zones.within(reports.lat[after], reports.lon[after], anchorages)
    first, last = grid.report[ends[0]], grid.report[ends[1]] + 1
    by_it = at_coast & (silent_s >= SOON_S) & one_course(limits, reports, before, first, last)
    kept = by_it.any(axis=0)
    return [
        {
            "feed_by_passes": True,
            "next_at_anchor": bool(lay[i]),
            "kept_course": bool(kept[i]),
            **_stated(reports.sog_kn[first[i] + 1 : last[i]]),
        }
        if thin
        else {}
        for i, thin in enumerate(by_passes.tolist())
    ]


def _stated(sog_kn: Floats) -> dict[str, float]:
    known = sog_kn[np.isfinite(sog_kn)]
    return {"median_sog_kn": float(np.median(known))} if len(known) else {}


def may_have_landed(evidence: Mapping[str, Any]) -> bool:
    """Tell whether a landing was heard, or had the time: not where no pass heard it afterwards, nor
    where its way fills the silence.
    """
    ashore = evidence["end_ashore_probability"]
    return bool(evidence["heard_after"] and (ashore is None or ashore >= HARDLY_ASHORE))


def turned_s(silent: Silences, own: int, out: Bools, begin: int) -> float:
    """Return for how long a boat can have lain out there (`out`, by row from `begin` on) where it
    was heard on its way from the coast `own` before a silence and to it after, 0 where it wasn't.
    """
    inside = (silent.low >= begin) & (silent.high < begin + len(out))
    low, high = silent.low[inside] - begin, silent.high[inside] - begin
    before_m, last_m, next_m, after_m = silent.coast_m[own][:, inside]
    turned = (last_m > before_m) & (after_m < next_m) & (out[low] | out[high])
    return float(silent.spare_s[inside][turned].max(initial=0.0))


def lost_s(reports: Reports, last: int, under_way: float) -> float:
    """Return what a boat lost about a report: of the time from the one before it to the one after
    it, what its way leaves at the lower of the speeds that both state. It lay there so long, or
    went on and came back. 0 where that isn't known, or less than `under_way` (knots), and where the
    time is `SOON_S` or more, as of `Silences`.
    """
    if not 0 < last < len(reports.track) - 1:
        return 0.0
    rows = np.arange(last - 1, last + 2)
    kn = float(reports.sog_kn[rows[::2]].min())
    silent_s = float(reports.time_us[rows[2]] - reports.time_us[rows[0]]) / SECOND_US
    if np.ptp(reports.track[rows]) or silent_s >= SOON_S or not kn >= under_way:
        return 0.0
    lat, lon = reports.lat[rows], reports.lon[rows]
    way_m = float(np.sum(geodesy.distance_m(lat[:-1], lon[:-1], lat[1:], lon[1:])))
    return max(silent_s - way_m / (kn * geodesy.KNOT_MPS), 0.0)


def slow_s(
    limits: Limits, grid: timegrid.Grid, silent: Silences, slow: Bools, begin: int, under_way: float
) -> float:
    """Return for how long a boat was slow (`slow`, by row from `begin` on): in a silence before or
    after which it was under way, the time that its way leaves at most.
    """
    total = float(slow.sum()) * limits.step_s
    inside = (silent.low >= begin) & (silent.high <= begin + len(slow))
    inside &= silent.way_kn >= under_way
    before = np.r_[0, np.cumsum(slow)]
    low, high = silent.low[inside] - begin, silent.high[inside] - begin
    counted_s = (before[high] - before[low]) * limits.step_s
    return total - float(np.maximum(counted_s - silent.spare_s[inside], 0.0).sum())


def landings(
    limits: Limits,
    reports: Reports,
    grid: timegrid.Grid,
    silent: Silences,
    ashore: Bools,
    stopped: Bools,
    coasts: Coasts,
) -> Iterator[Landing]:
    """Find landings that weren't heard, of a feed that comes by passes: a boat made for a shore as
    it fell silent, and had minutes to spare there before it was where it is heard next, elsewhere
    than where it set out or lies next. Where stations hear it, many shores lie in their shadow.
    """
    nearest = silent.coast_m[:, 1].argmin(axis=0)
    before_m, last_m = silent.coast_m[nearest, :2, np.arange(len(nearest))].T
    inbound = silent.by_passes & (last_m < before_m) & (last_m > limits.shore_m)
    inbound &= silent.way_kn >= limits.min_speed_kn
    starts, _ = timegrid.stretches(grid.track_id, cut=np.diff(grid.tick) != 1)
    lies = np.flatnonzero(stopped)
    at_shore = np.flatnonzero(ashore)
    for k in np.flatnonzero(inbound).tolist():
        row, high = int(silent.low[k]), int(silent.high[k])
        last, own = int(grid.report[row]), int(nearest[k])
        beach = beach_between(limits, reports, last, own, coasts, limits.shore_m)
        if beach is None or beach.spare_s < limits.min_lying_s:
            continue
        since = int(starts[np.searchsorted(starts, row, side="right") - 1])
        left = at_shore[: np.searchsorted(at_shore, row)]
        begin = max(since, int(left[-1]) if len(left) else since)
        home = lies[np.searchsorted(lies, high) :][:1]
        home = home[grid.track_id[home] == grid.track_id[row]]
        home = home[grid.tick[home] - grid.tick[row] <= limits.memory_s // limits.step_s]
        there = np.r_[begin, home]
        away_m = geodesy.distance_m(grid.lat[there], grid.lon[there], beach.lat, beach.lon)
        straight_m = geodesy.apart_m(grid, home, row)
        by_beach_m = beach.in_m + np.asarray(away_m)[1:]
        # Who lies where it fell silent has come to its place, or at its berth.
        if np.min(away_m) < limits.elsewhere_m or np.any(straight_m < limits.elsewhere_m):
            continue
        if np.any(by_beach_m < DETOUR * straight_m):
            continue
        lands = min(row + int(beach.in_s / limits.step_s), high - 2)
        leaves = min(lands + int(beach.spare_s / limits.step_s), high - 1)
        if (lands - begin) * limits.step_s <= limits.max_voyage_s:
            yield Landing(begin, lands, leaves, beach.lat, beach.lon, beach.spare_s)
