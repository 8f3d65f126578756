"""Half crossings: out from a coast, where another boat may come from the other side, and a landing.

A boat that has no AIS brings people half-way; one that has takes them over, lands them for minutes
away from ports, and goes home. Its way from shore to shore is what can be seen.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from detectors.core import events
from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.detector import Context
from detectors.core.evidence import at_least, at_most
from detectors.core.frames import SECOND_US
from detectors.crossing.beaches import SAMPLED_M
from detectors.crossing.endings import SHORE, UNHEARD
from detectors.crossing.evidence import at_row, darkness, tide_at
from detectors.crossing.limits import Limits
from detectors.crossing.sieve import way_m
from detectors.crossing.unheard import (
    Landing,
    Silences,
    landings,
    lost_s,
    moved,
    silences,
    slow_s,
    turned_s,
)
from detectors.kinematics import geodesy, timegrid
from detectors.kinematics.reports import Reports
from detectors.surroundings import nearby

AWAY: int = 2
"""So many ticks away from the shore are more than a swing of the boat, and end its stay there."""
MOST_OUT: float = 0.7
"""Lying counts this far out of the way out at least."""
HALT_KN: float = 1.0
"""What a set says of a boat that lies at a beach: nothing, but for errors of its position."""
LOST_S: float = 60.0
"""Who stops for less than a minute lands nobody: people wade ashore in 3 to 15."""
SLOWLY_KN: float = 5.0
"""Slower than this out there is work, lying or waiting."""

Met = Mapping[int, list[tuple[int, int, float]]]
"""Meetings of each track: their start and end in microseconds, and as of `meetings`."""


class Voyage(NamedTuple):
    """Rows of the grid: its first, the landing's first and last; the landing, if not heard."""

    begin: int
    lands: int
    leaves: int
    unheard: Landing | None = None


@dataclass(frozen=True)
class Half:
    """A voyage; rows of the grid: its first, the landing's first and last."""

    begin: int
    lands: int
    leaves: int
    evidence: dict[str, Any]


def halves(
    limits: Limits,
    reports: Reports,
    grid: timegrid.Grid,
    ashore: Bools,
    window_us: tuple[int, int],
    met: Met,
    context: Context,
) -> Iterator[Half]:
    """Find voyages out from a coast and back to it that end with a short landing elsewhere.

    `met`: as of `meetings`.
    """
    stopped = (grid.speed_kn < limits.min_speed_kn) & ~moved(limits, reports, grid, context)
    stopped &= ~made_up(limits, reports, grid, stopped)
    stopped |= halted(limits, reports, grid)
    silent = silences(limits, reports, grid, context)
    step_us = limits.step_s * SECOND_US
    settled_us = limits.settle.total_seconds() * 1e6
    told: set[int] = set()
    # One that was heard to land tells more than one that wasn't.
    for voyage in (
        *map(Voyage, *(rows.tolist() for rows in voyages(limits, grid, ashore, stopped))),
        *(
            Voyage(*landing[:3], landing)
            for landing in landings(
                limits, reports, grid, silent, ashore, stopped, context.zones.shores
            )
        ),
    ):
        begins_us, ends_us = (grid.tick[[voyage.begin, voyage.leaves + 1]] * step_us).tolist()
        near = begins_us <= window_us[1] and ends_us + settled_us >= window_us[0]
        if not near or voyage.begin in told:
            continue
        evidence = _measured(limits, reports, grid, voyage, silent, met, context)
        if evidence is not None:
            told.add(voyage.begin)
            yield Half(voyage.begin, voyage.lands, voyage.leaves, evidence)


def made_up(limits: Limits, reports: Reports, grid: timegrid.Grid, asked: Bools) -> Bools:
    """Tell which of some steps lie between two reports between which no time was lost, if one of
    them is left out: that one is dated wrongly.

    A boat that stops loses the time that it lies there; the step to a report that is dated late
    takes longer, and the next one as much less.
    """
    track, time_us, sog_kn = reports.track, reports.time_us, reports.sog_kn
    goes = sog_kn >= limits.min_speed_kn
    begins = np.zeros(len(track), bool)
    begins[grid.report[asked]] = True
    beside = begins[:-2] | begins[1:-1]
    beside &= (track[2:] == track[:-2]) & goes[:-2] & goes[1:-1] & goes[2:]
    a = np.flatnonzero(beside)
    c = a + 2
    made_m = geodesy.apart_m(reports, a, c)
    stated_kn = np.stack([sog_kn[a], sog_kn[a + 1], sog_kn[c]]).mean(axis=0)
    took_s = np.asarray(made_m) / np.maximum(stated_kn * geodesy.KNOT_MPS, 1e-6)
    lost_s = (time_us[c] - time_us[a]) / SECOND_US - took_s
    # Over two steps each: the first and the second of them.
    over = a[lost_s < LOST_S]
    found = np.zeros(len(track), bool)
    found[over] = found[over + 1] = True
    return np.asarray(asked & found[grid.report])


def halted(limits: Limits, reports: Reports, grid: timegrid.Grid) -> Bools:
    """Tell at which ticks the report nearest to them says that the vessel lies still.

    A boat that lands for three minutes and reports as seldom is always under way between two
    reports. The one before or after must say that it makes way: a field stuck at zero says nothing.
    """
    same = reports.track[1:] == reports.track[:-1]
    goes = reports.sog_kn >= limits.min_speed_kn
    alive = np.r_[False, goes[:-1] & same] | np.r_[goes[1:] & same, False]
    row = np.flatnonzero((reports.sog_kn < HALT_KN) & alive)
    step_us = grid.step_s * SECOND_US
    # At the tick before it, up to a step earlier, a fast boat was half a mile off still.
    nearest = (reports.time_us[row] + step_us // 2) // step_us
    tick = grid.rows_at(reports.track[row], nearest)
    found = np.zeros(len(grid.tick), bool)
    found[tick[tick >= 0]] = True
    return found


def voyages(
    limits: Limits, grid: timegrid.Grid, ashore: Bools, stopped: Bools
) -> tuple[Ints, Ints, Ints]:
    """Find ways from shore to shore that lead far enough out and end with a short stay."""
    first, last = _stretches(grid, np.flatnonzero(ashore))
    came, left = _stays(limits, grid, np.flatnonzero(ashore & stopped))
    if len(came) == 0:
        return came, came, came
    # The first stop at the shore that it came to: on its way home it may follow that shore.
    stop = np.minimum(np.searchsorted(came, first), len(came) - 1)
    # Where it passes a shore without a stop the voyage goes on.
    stops = (came[stop] >= first) & (came[stop] <= last)
    first, last, stop = first[stops], last[stops], stop[stops]
    begin, lands, leaves = np.r_[-1, last[:-1]], came[stop], left[stop]
    lay = left[np.maximum(np.searchsorted(left, begin, side="right") - 1, 0)]
    from_ = np.where((lay >= np.r_[0, first[:-1]]) & (lay <= begin), lay, begin)
    # Where no shore was left since it is heard, the voyage is known from there.
    heard, _ = timegrid.stretches(grid.track_id, cut=np.diff(grid.tick) != 1)
    since = heard[np.searchsorted(heard, first, side="right") - 1]
    begin, from_ = (np.where(rows < since, since, rows) for rows in (begin, from_))
    after = np.minimum(leaves + AWAY + 1, len(grid.tick) - 1)
    ok = _unbroken(grid, begin, lands) & _unbroken(grid, leaves, after)
    ok &= (lands >= first) & (lands <= last) & (after - leaves == AWAY + 1)
    ok &= (lands - begin) * limits.step_s <= limits.max_voyage_s
    ok &= (leaves - lands + 1) * limits.step_s <= limits.max_landing_s
    ok &= geodesy.apart_m(grid, from_, lands) >= limits.elsewhere_m
    begin, lands, leaves = begin[ok], lands[ok], leaves[ok]
    if len(begin) == 0:
        return begin, lands, leaves
    owner, rows = timegrid.ranges(begin, lands - begin + 1)
    out_m = geodesy.apart_m(grid, begin[owner], rows)
    length = lands - begin + 1
    far = np.maximum.reduceat(out_m, np.cumsum(length) - length) >= limits.min_met_out_m
    return begin[far], lands[far], leaves[far]


def _stretches(grid: timegrid.Grid, at: Ints) -> tuple[Ints, Ints]:
    """Return the first and last row of each stretch of such rows, short breaks tolerated."""
    first, last = timegrid.episodes(
        grid.track_id[at], grid.tick[at], max_break=AWAY, min_piece=1, min_length=1
    )
    return at[first], at[last]


def _stays(limits: Limits, grid: timegrid.Grid, at: Ints) -> tuple[Ints, Ints]:
    """Return the first and last row of each stay at a shore: short breaks are tolerated, but none
    over which the place changed by `elsewhere_m`, as from a beach to the berth round the corner.
    """
    first, last = _stretches(grid, at)
    here = np.flatnonzero(geodesy.apart_m(grid, at[:-1], at[1:]) >= limits.elsewhere_m)
    inside = np.searchsorted(first, at[here], side="right") - 1
    cut = here[(inside >= 0) & (last[inside] >= at[here + 1])]
    return np.sort(np.r_[first, at[cut + 1]]), np.sort(np.r_[last, at[cut]])


def _unbroken(grid: timegrid.Grid, first: Ints, last: Ints) -> Bools:
    """Tell whether a track is heard all the way between two of its ticks."""
    same = grid.track_id[first] == grid.track_id[last]
    return np.asarray(same & (grid.tick[last] - grid.tick[first] == last - first))


def _measured(
    limits: Limits,
    reports: Reports,
    grid: timegrid.Grid,
    voyage: Voyage,
    silent: Silences,
    met: Met,
    context: Context,
) -> dict[str, Any] | None:
    """Return what was measured of a voyage; None where it is no half of a crossing."""
    begin, lands, leaves, unheard = voyage
    rows = np.arange(begin, lands + 1)
    lat, lon = grid.lat[rows], grid.lon[rows]
    stay = np.arange(lands, leaves + 1)
    beach = grid.lat[stay], grid.lon[stay]
    if unheard is not None:
        beach = np.array([unheard.lat]), np.array([unheard.lon])
        lat[-1:], lon[-1:] = beach
    coast_m = context.zones.shores.distance_m(lat, lon)
    own = int(coast_m[:, -1].argmin())
    left_shore = bool(coast_m[:, 0].min() <= limits.shore_m + SAMPLED_M)
    if len(coast_m) < 2 or (left_shore and own != int(coast_m[:, 0].argmin())):
        return None
    others = np.delete(coast_m, own, axis=0)
    other_m = others.min(axis=0)
    position = coast_m[own] / np.maximum(coast_m[own] + other_m, 1.0)
    far = int(position.argmax())
    far_out = (position >= MOST_OUT * position[far]) & (coast_m[own] >= limits.min_out_m / 2)
    meetings = _met(limits, grid, rows, met, coast_m.min(axis=0))
    # Who lies in a port out there has called there, as ferries do.
    called = context.zones.within(lat, lon, ("port",))
    lies = (far_out | meetings.during) & ~called & (grid.speed_kn[rows] < limits.lying_kn)
    lay_s = float(_longest(lies) * limits.step_s)
    # Who can have been at the other coast unheard came over, and isn't half of a crossing.
    half = position[far] <= 1.0 - limits.near_fraction
    lying_s = max(lay_s, turned_s(silent, own, far_out & ~called, begin) if half else 0.0)
    # Its turn is at a report, the one before the row at which it was out furthest or the next.
    turn = int(grid.report[rows[far]])
    lost = max(lost_s(reports, row, SLOWLY_KN) for row in (turn, turn + 1))
    lost = lost if half and not called[far] else 0.0
    port_m = nearby.nearest_zone_m(context.zones, *beach, ("port", "anchorage"), excuses=True)
    wide = coast_m[own, far] + other_m[far] >= limits.min_width_m
    # Where it was heard to meet somebody nothing else need speak for that.
    half_way = position[far] > limits.near_fraction
    nearest = "min_met_out_m" if meetings.n_out or half_way else "min_out_m"
    out_m = at_least(float(coast_m[own, far]), limits, nearest)
    share = at_least(float(position[far]), limits, "min_out_fraction")
    apart = at_least(meetings.apart_m, limits, "min_met_out_m")
    out = share.measured >= share.limit and out_m.measured >= out_m.limit
    if unheard is not None and not half:
        return None
    if unheard is not None and not left_shore:
        # A ship that comes in from sea didn't go out.
        out = out and coast_m[own, far] - coast_m[own, 0] >= limits.min_met_out_m
    waits = lying_s >= limits.min_lying_s or lost >= limits.min_lost_s or meetings.n_out > 0
    rendezvous = unheard is None and meetings.n > 0 and meetings.apart_m >= apart.limit
    if not (wide and ((out and waits) or rendezvous)) or (port_m <= limits.port_m).any():
        return None
    states = context.zones.shores.states
    slow = far_out & (grid.speed_kn[rows] < SLOWLY_KN)
    ends = np.r_[begin + far, stay]
    return {
        "from_state": states[own],
        "to_state": states[own],
        "other_state": np.delete(np.array(states), own)[int(others[:, far].argmin())].item(),
        # Held against what makes it one.
        "out_fraction": share if out else share.measured,
        "out_m": out_m if out else out_m.measured,
        "met_apart_m": apart if not out else apart.measured,
        "began": SHORE if left_shore else UNHEARD,
        "lying_s": max(lying_s, lost),
        "slow_s": slow_s(limits, grid, silent, slow, begin, SLOWLY_KN),
        "landing_heard": unheard is None,
        **at_row(grid, begin, "left"),
        **at_row(grid, begin + far, "turn"),
        **at_row(grid, lands + len(stay) // 2, "landing"),
        **_ashore(limits, voyage),
        "end_port_m": float(port_m.min()),
        "path_m": float(way_m(lat, lon)[-1]),
        "duration_s": (leaves + 1 - begin) * limits.step_s,
        "n_met": meetings.n if rendezvous else meetings.n_out,
        **darkness(limits, grid, np.zeros(len(ends), "int64"), ends)[0],
        **tide_at(limits, grid, lands, context),
    }


def _ashore(limits: Limits, voyage: Voyage) -> dict[str, Any]:
    """Return how long it was ashore; if that wasn't heard, how long it can have been, and where."""
    if voyage.unheard is None:
        stay_s = (voyage.leaves - voyage.lands + 1) * limits.step_s
        return {"landing_s": at_most(stay_s, limits, "max_landing_s")}
    return {
        "landing_lat": voyage.unheard.lat,
        "landing_lon": voyage.unheard.lon,
        "ashore_s": voyage.unheard.ashore_s,
    }


def _longest(holds: Bools) -> int:
    """Return the length of the longest stretch in which something holds.

    >>> _longest(np.array([True, False, True, True]))
    2
    """
    first, last = timegrid.stretches(holds)
    length = (last - first + 1)[holds[first]]
    return int(length.max()) if len(length) else 0


def meetings(limits: Limits, met: pd.DataFrame) -> Met:
    """Return the meetings that aren't explained well, for each of the two, with how far apart they
    were before and after, in the half hour before and after, whichever is less.
    """
    found: dict[int, list[tuple[int, int, float]]] = {}
    spans = zip(*(us.tolist() for us in events.spans_us(met)), strict=True)
    for text, evidence, span in zip(met["track_ids"], met["evidence"], spans, strict=True):
        told = evidence.explained
        if told is None or told.weight < limits.max_explained_weight:
            apart = (evidence.number(f"apart_{when}_m") for when in ("before", "after"))
            apart_m = float(np.fmin(*apart))
            for track in text.split(";"):
                found.setdefault(int(track), []).append((*span, apart_m))
    return found


class Meetings(NamedTuple):
    """The meetings of a voyage off the shore."""

    n: int
    n_out: int
    """How many there were, and far from any coast (`min_met_out_m`)."""
    apart_m: float
    """The most that it and another were apart before and after; NaN where there was none."""
    during: Bools
    """Which ticks of the voyage they took."""


def _met(limits: Limits, grid: timegrid.Grid, rows: Ints, met: Met, coast_m: Floats) -> Meetings:
    """Return the meetings of a voyage. Where boats of a village lie off it there is none."""
    step_us = limits.step_s * SECOND_US
    at_us = grid.tick[rows] * step_us
    n, n_out, apart_m, taken = 0, 0, np.nan, np.zeros(len(rows), bool)
    for start_us, end_us, own_m in met.get(int(grid.track_id[rows[0]]), ()):
        during = (at_us >= start_us) & (at_us <= end_us)
        nearest_m = coast_m[during].min(initial=np.inf)
        if not during.any() or nearest_m <= limits.shore_m:
            continue
        n, n_out = n + 1, n_out + int(nearest_m >= limits.min_met_out_m)
        apart_m = float(np.fmax(apart_m, own_m))
        taken |= during
    return Meetings(n, n_out, apart_m, taken)
