"""From received reports to tracks: duplicates removed, corrupt fixes set aside, hulls told apart.

The same transmission reaches us through several receivers; a fix may be corrupt; and one MMSI may
be used by several transmitters at once. A *track* is what one hull reported: ``track_id`` is
``mmsi * 100 + ordinal``, the ordinal counting the hulls of an MMSI in the order in which they were
confirmed.

The rules follow GFW's gpsdio-segment (https://github.com/GlobalFishingWatch/gpsdio-segment,
``core.py``): reports that no vessel could connect belong to different segments, and a report joins
the segment that it fits best. Here they are strictly causal: the label of a report rests on
earlier reports of that MMSI only, never on later ones. So folding day by day over `segment` gives
the labels of one go, exactly, and nothing that was stored changes when the next day arrives. The
price is that a further hull's track starts with the report that confirms it: the two before it
stay noise.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from detectors.core.errors import FrameError
from detectors.core.frames import (
    DAY_US,
    POSITIONS,
    SECOND_US,
    TIME,
    TRACKED,
    Column,
    conform,
    empty,
    epoch_us,
    from_epoch_us,
    offsets,
    select,
    validate,
)
from detectors.core.geodesy import KNOT_MPS, distance_m, wrap_lon

DUPLICATE_WINDOW_S: Final = 5.0
"""Reports of the same content are copies of one transmission when at most this far apart.

A vessel that isn't moving, the only one whose reports repeat themselves, reports every 10 s or
less often: ITU-R M.1371-5, annex 1, tables 1 and 2 (class A: 3 min at anchor or moored, 10 s at
0-14 kn, down to 2 s when fast or turning, where the content changes from report to report;
class B: 30 s to 3 min). Half of 10 s lets receivers' clocks and network delays differ by seconds
and never joins two true reports, nor chains of them."""

MAX_JUMP_M: Final = 5000.0
"""Below this distance no speed is held against a report: it may carry an old position or a late
time stamp. The tolerance that GFW's segmenter allows for such reports is of this order."""

MAX_SPEED_KN: Final = 60.0
"""Faster than this over more than `MAX_JUMP_M`, two reports can't be of one hull. The fastest craft
in service make about 50 kn; 102.2 kn is the largest speed that AIS can express."""

UNSUPPORTED_SPEED_KN: Final = 30.0
"""Faster than this over more than `MAX_JUMP_M`, one of the two reports must say that the vessel
goes at least half as fast. No merchant ship makes more (the fastest container ships are built for
25 kn). Not asked where either report doesn't state its speed."""

SHORT_STEP_S: Final = 900.0
"""Within this time any jump beyond `MAX_JUMP_M` needs such support: it takes 11 kn and more, and a
vessel that says 0 kn before and after didn't make it. Most corrupt fixes of moored tankers in the
Singapore Strait are like that, a few miles off with the true speed. Beyond `MAX_JUMP_M`, an
unconfirmed hull takes no report after a longer time: three corrupt fixes of one day would else be
taken for a vessel. Class A and B transmitters under way report every 30 s or more often (ITU-R
M.1371-5, annex 1, tables 1 and 2)."""

CONFIRMING_REPORTS: Final = 3
"""Reports at distinct times that confirm a further hull: corrupt fixes seldom agree thrice."""

TENTATIVE_S: Final = 24 * 3600.0
"""Time within which a further hull must be confirmed, from its first report."""

CLOSING_S: Final = 30 * 86400.0
"""A hull silent for longer is closed: by then anything on Earth is within its reach."""

MAX_ORDINAL: Final = 99
"""Hulls of one MMSI that a track id has room for. Reports of any further one are noise."""

MAX_TENTATIVE: Final = 16
"""Unconfirmed hulls of one MMSI remembered at a time; the longest silent gives way. It bounds the
work that a feed of random positions can cause."""

IMPOSSIBLE_JUMP: Final = "impossible jump"
NOISE: Final[Mapping[str, Column]] = {
    **POSITIONS,
    "reason": Column("str", "", f"{IMPOSSIBLE_JUMP} | same time | too many hulls"),
}
"""Reports that belong to no track, each with the reason."""

STATE: Final[Mapping[str, Column]] = {
    "mmsi": Column("int64", "", "Maritime Mobile Service Identity"),
    "slot": Column("int16", "", "place of the hull in the MMSI's list; unique with mmsi"),
    "ordinal": Column("int16", "", "1-99, or 0 while the hull isn't confirmed"),
    "n_reports": Column("int64", "", "reports of the hull so far, at distinct times"),
    "first_time": Column(TIME, "UTC", "its first report"),
    "time": Column(TIME, "UTC", "its last report"),
    "lat": Column("float64", "deg", "latitude of its last report"),
    "lon": Column("float64", "deg", "longitude of its last report"),
    "sog_kn": Column("float64", "kn", "speed over ground of its last report, NaN if not stated"),
}
"""What `segment` must remember: one row per hull, sorted by (mmsi, slot)."""

SUMMARY: Final[Mapping[str, Column]] = {
    "track_id": TRACKED["track_id"],
    "day": Column(TIME, "UTC", "start of the UTC day"),
    "mmsi": TRACKED["mmsi"],
    "start": Column(TIME, "UTC", "first report of the day"),
    "end": Column(TIME, "UTC", "last report of the day"),
    "n_reports": Column("int64", "", "reports of the day"),
    "south": Column("float64", "deg", "lowest latitude"),
    "north": Column("float64", "deg", "highest latitude"),
    "west": Column("float64", "deg", "westernmost longitude; > east across the antimeridian"),
    "east": Column("float64", "deg", "easternmost longitude"),
    "length_m": Column("float64", "m", "sum of the distances between the day's reports"),
    "geometry": Column("object", "", "WKB, EPSG:4326, simplified; a point for a single report"),
}
"""One row per track and UTC day, sorted by (track_id, day)."""

SIMPLIFY_DEG: Final = 0.0005
"""Douglas-Peucker tolerance of stored tracks: 56 m along a meridian, invisible on a chart of the
Strait and a few times the accuracy of a fix."""

_CONTENT: Final = {
    # Columns compared for duplicates and the AIS resolution they are compared in (ITU-R M.1371-5,
    # annex 8, table 48), so that the rounding of a CSV doesn't tell copies apart.
    "lat": 600_000.0,
    "lon": 600_000.0,
    "sog_kn": 10.0,
    "cog_deg": 10.0,
    "heading_deg": 1.0,
    "nav_status": 1.0,
    "msg_type": 1.0,
}
_NEVER: Final = -(2**62)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Segmented(NamedTuple):
    """What `segment` returns.

    Attributes
    ----------
    tracked
        `frames.TRACKED`: the reports that belong to a track.
    noise
        `NOISE`: all others.
    state
        `STATE`, to be handed to the next call.
    counts
        Rows in, tracked, noise by reason; hulls confirmed beside an MMSI's first.
    """

    tracked: pd.DataFrame
    noise: pd.DataFrame
    state: pd.DataFrame
    counts: dict[str, int]


def no_state() -> pd.DataFrame:
    """The state before the first call: no hull is known."""
    return empty(STATE)


def deduplicate(
    positions: pd.DataFrame, since: pd.Timestamp | None = None
) -> tuple[pd.DataFrame, int]:
    """Keep one row per transmission.

    A row is a copy if a row of the same MMSI and content (position, speed, course, heading, status
    and message type, in AIS resolution) was received at most `DUPLICATE_WINDOW_S` before, or at
    the same time with a smaller (source, source_offset). That can be told from the rows of the
    last `DUPLICATE_WINDOW_S` alone, whatever their order.

    Parameters
    ----------
    positions
        `frames.POSITIONS` in any order.
    since
        If given, earlier rows only serve to recognise copies and aren't returned or counted. Who
        works by day passes the last `DUPLICATE_WINDOW_S` of the day before along.

    Returns
    -------
    tuple
        The kept rows sorted by (mmsi, time, source, source_offset), and the number of copies.

    Raises
    ------
    FrameError
        If `positions` isn't a positions frame.
    """
    validate(positions, POSITIONS)
    frame = _sorted(positions)
    time = epoch_us(frame["time"])
    content = np.column_stack([frame["mmsi"].to_numpy(), *_content(frame)])
    # Rows of one content come together by its hash; two contents of one hash (by design of an
    # adversary, else never) are told apart by the comparison, at worst missing a copy.
    key = pd.util.hash_array(content[:, 0])
    for column in content.T[1:]:
        key = key * np.uint64(0x9E3779B97F4A7C15) + pd.util.hash_array(np.ascontiguousarray(column))
    order = np.argsort(key, kind="stable")
    same = np.zeros(len(frame), bool)
    same[1:] = (content[order[1:]] == content[order[:-1]]).all(axis=1)
    same[1:] &= time[order[1:]] - time[order[:-1]] <= DUPLICATE_WINDOW_S * SECOND_US
    copy = np.zeros(len(frame), bool)
    copy[order] = same
    wanted = np.ones(len(frame), bool)
    if since is not None:
        wanted = (frame["time"] >= since).to_numpy()
    kept = frame[wanted & ~copy].reset_index(drop=True)
    return kept, int(np.count_nonzero(wanted & copy))


def segment(positions: pd.DataFrame, state: pd.DataFrame) -> Segmented:
    """Tell the hulls of each MMSI apart and set corrupt fixes aside.

    Two reports can't be of one hull if they are more than `MAX_JUMP_M` apart and joining them
    takes more than `MAX_SPEED_KN`, or a speed that needs support (`UNSUPPORTED_SPEED_KN`,
    `SHORT_STEP_S`) and has none. Report by report, in the order of time (source, source_offset):

    - The first hull of an MMSI is confirmed at once (ordinal 1), and so is the next one when all
      others are closed (silent for more than `CLOSING_S`).
    - A report goes to the nearest open hull that it can belong to; confirmed hulls within
      `MAX_JUMP_M` come before unconfirmed ones, so that a ghost left by a corrupt fix doesn't draw
      the passing vessel's reports. Nearest is from the last position, not a predicted one: speed
      and course are what a corrupt or forged report gets wrong first, and hulls that share an
      MMSI are seldom near each other.
    - A report that fits no open hull starts an unconfirmed one. Its third report at a distinct
      time within `TENTATIVE_S` confirms it and gives it the next ordinal; reports before that one
      stay noise ("impossible jump"). Until then it takes only reports within `MAX_JUMP_M` or
      `SHORT_STEP_S` of its last.
    - Of a hull's reports at one time the first is kept; the others are noise ("same time").

    Parameters
    ----------
    positions
        `frames.POSITIONS` without duplicates, in any order, all newer than what `state` has seen
        of the same MMSI. Late data are taken in by segmenting again from their day on.
    state
        `STATE` after the reports before, or `no_state()`.

    Raises
    ------
    FrameError
        If a frame isn't what it should be, or a report isn't newer than the state of its MMSI.
    """
    validate(positions, POSITIONS)
    validate(state, STATE)
    frame = _sorted(positions)
    state = state.sort_values(["mmsi", "slot"], ignore_index=True)
    rows = _Rows(frame, state)
    plain = rows.plain
    label = np.where(plain[rows.vessel], rows.known_ordinal[rows.vessel], 0)
    hulls = [_untouched(state, rows), _plain_state(state, rows)]
    busy = np.flatnonzero(~plain)
    if len(busy):
        table = _Hulls(state, rows, busy)
        table.run(label)
        hulls.append(table.state())
        del table
    del rows  # as large as the reports themselves
    new_state = pd.concat([part for part in hulls if len(part)] or [no_state()])
    new_state = conform(new_state.sort_values(["mmsi", "slot"], ignore_index=True), STATE)
    n_confirmed = _further_hulls(new_state) - _further_hulls(state)
    return _split(frame, label, new_state, n_confirmed)


def summarise(tracked: pd.DataFrame) -> pd.DataFrame:
    """Extent, length and simplified line of each track and UTC day.

    The line joins the day's reports and may cut corners or land where the vessel was silent. Its
    longitudes run on beyond +-180 where it crosses the antimeridian.

    Parameters
    ----------
    tracked
        `frames.TRACKED`.

    Returns
    -------
    pandas.DataFrame
        `SUMMARY`.
    """
    validate(tracked, TRACKED)
    if tracked.empty:
        return empty(SUMMARY)
    track, time = tracked["track_id"].to_numpy(), epoch_us(tracked["time"])
    lat, lon = tracked["lat"].to_numpy(), tracked["lon"].to_numpy()
    day = time // DAY_US
    new = np.r_[True, (np.diff(track) != 0) | (np.diff(day) != 0)]
    first = np.flatnonzero(new)
    last = np.r_[first[1:], len(tracked)] - 1
    group = np.cumsum(new) - 1
    # Within a group each longitude is the one nearest to its predecessor's: no jump of 360. Turns
    # are counted, not degrees added up, whose rounding would tell of the vessels before.
    jump_deg = np.diff(lon)
    turns = np.cumsum(np.r_[0, np.rint((wrap_lon(jump_deg) - jump_deg) / 360.0).astype("int64")])
    unwrapped = lon + 360.0 * (turns - turns[first][group])
    leg_m = np.r_[0.0, distance_m(lat[:-1], lon[:-1], lat[1:], lon[1:])]
    leg_m[first] = 0.0
    lines = _lines(unwrapped, lat, group, last - first + 1)
    return conform(
        pd.DataFrame(
            {
                "track_id": track[first],
                "day": from_epoch_us(day[first] * DAY_US),
                "mmsi": tracked["mmsi"].to_numpy()[first],
                "start": from_epoch_us(time[first]),
                "end": from_epoch_us(time[last]),
                "n_reports": last - first + 1,
                "south": np.minimum.reduceat(lat, first),
                "north": np.maximum.reduceat(lat, first),
                "west": wrap_lon(np.minimum.reduceat(unwrapped, first)),
                "east": wrap_lon(np.maximum.reduceat(unwrapped, first)),
                "length_m": np.add.reduceat(leg_m, first),
                "geometry": pd.Series(list(shapely.to_wkb(lines)), dtype="object"),
            }
        ),
        SUMMARY,
    )


def _lines(lon: Floats, lat: Floats, group: Ints, size: Ints) -> NDArray[np.object_]:
    coords = np.column_stack([lon, lat])
    shapes = np.empty(len(size), dtype=object)
    single = size == 1
    shapes[single] = shapely.points(coords[single[group]])
    if not single.all():
        many = ~single[group]
        index = np.repeat(np.arange(np.count_nonzero(~single)), size[~single])
        lines = shapely.linestrings(coords[many], indices=index)
        shapes[~single] = shapely.simplify(lines, SIMPLIFY_DEG, preserve_topology=False)
    return shapes


def _sorted(positions: pd.DataFrame) -> pd.DataFrame:
    """Rows in the order in which they are judged, whatever order they came in."""
    step, later = np.diff(positions["mmsi"].to_numpy()), np.diff(epoch_us(positions["time"]))
    if np.all((step > 0) | ((step == 0) & (later > 0))):
        return select(positions, POSITIONS).reset_index(drop=True)
    source = pd.factorize(positions["source"], sort=True)[0]
    order = np.lexsort(
        (
            positions["source_offset"].to_numpy(),
            source,
            epoch_us(positions["time"]),
            positions["mmsi"].to_numpy(),
        )
    )
    return positions[list(POSITIONS)].take(order).reset_index(drop=True)


def _content(frame: pd.DataFrame) -> list[Ints]:
    """Columns of `_CONTENT` as whole numbers of AIS units, -2**62 for null."""
    columns = []
    for name, scale in _CONTENT.items():
        units = np.rint(frame[name].to_numpy("float64") * scale)
        columns.append(np.where(np.isnan(units), -(2.0**62), units).astype("int64"))
    return columns


def can_join(
    distance: Floats, duration_us: Ints, sog_before_kn: Floats, sog_after_kn: Floats
) -> Bools:
    """Whether one hull can have made two reports so far apart: see `segment`.

    Speeds are those that the two reports state, NaN where one doesn't.
    """
    supported_kn = 2 * np.maximum(sog_before_kn, sog_after_kn)  # NaN where either is
    at_least_kn = np.where(duration_us > SHORT_STEP_S * SECOND_US, UNSUPPORTED_SPEED_KN, 0.0)
    limit_kn = np.clip(supported_kn, at_least_kn, MAX_SPEED_KN)
    limit_kn = np.where(np.isnan(limit_kn), MAX_SPEED_KN, limit_kn)
    reach_m = limit_kn * KNOT_MPS * duration_us / SECOND_US
    return np.asarray((distance <= MAX_JUMP_M) | (distance <= reach_m))


class _Rows:
    """Sorted reports as arrays, by vessel (one MMSI), with what is known of each vessel.

    A vessel is *plain* if it has one open hull at most and each report can follow the one before:
    then all are that hull's, and no loop is needed.
    """

    def __init__(self, frame: pd.DataFrame, state: pd.DataFrame) -> None:
        self.mmsi = frame["mmsi"].to_numpy()
        self.time = epoch_us(frame["time"])
        self.lat, self.lon = frame["lat"].to_numpy(), frame["lon"].to_numpy()
        self.sog_kn = frame["sog_kn"].to_numpy()
        bounds = offsets(self.mmsi)
        self.start, self.stop = bounds[:-1], bounds[1:]
        self.vessel = np.repeat(np.arange(len(self.start)), self.stop - self.start)
        self.vessel_mmsi = self.mmsi[self.start]

        first_t = self.time[self.start]
        hull_vessel = self._vessel_of(state["mmsi"].to_numpy())
        here = np.flatnonzero(hull_vessel >= 0)
        hull_vessel = hull_vessel[here]
        last_t = epoch_us(state["time"])[here]
        if np.any(first_t[hull_vessel] <= last_t):
            raise FrameError("reports must be newer than the state of their MMSI")
        ordinal = state["ordinal"].to_numpy("int64")[here]
        born = epoch_us(state["first_time"])[here]
        gone = (ordinal == 0) & (first_t[hull_vessel] - born > TENTATIVE_S * SECOND_US)
        here, hull_vessel, ordinal = here[~gone], hull_vessel[~gone], ordinal[~gone]
        self.n_known = np.bincount(hull_vessel, minlength=len(self.start))
        one = np.flatnonzero(self.n_known[hull_vessel] == 1)
        # The row of `state` of the only hull known of a vessel, -1 where there isn't just one.
        self.known = np.full(len(self.start), -1)
        self.known[hull_vessel[one]] = here[one]
        self.known_ordinal = np.ones(len(self.start), "int64")
        self.known_ordinal[hull_vessel[one]] = ordinal[one]

        previous_t = np.r_[_NEVER, self.time[:-1]]
        previous_lat, previous_lon = np.r_[0.0, self.lat[:-1]], np.r_[0.0, self.lon[:-1]]
        previous_sog_kn = np.r_[np.nan, self.sog_kn[:-1]]
        known = self.known >= 0
        seed, at = self.known[known], self.start[known]
        previous_t[self.start] = _NEVER
        previous_t[at] = epoch_us(state["time"])[seed]
        previous_lat[at] = state["lat"].to_numpy()[seed]
        previous_lon[at] = state["lon"].to_numpy()[seed]
        previous_sog_kn[at] = state["sog_kn"].to_numpy()[seed]
        seen = previous_t != _NEVER
        step_us = np.where(seen, self.time - np.where(seen, previous_t, 0), 0)
        step_m = distance_m(previous_lat, previous_lon, self.lat, self.lon)
        open_still = step_us <= CLOSING_S * SECOND_US
        fits = ~seen | (can_join(step_m, step_us, previous_sog_kn, self.sog_kn) & open_still)
        all_fit = np.ones(len(self.start), bool)
        np.logical_and.at(all_fit, self.vessel[~fits], False)
        self.plain = all_fit & (self.n_known <= 1) & (self.known_ordinal > 0)
        # Number of distinct report times up to each row.
        self.distinct = np.cumsum(~seen | (step_us > 0))
        # The last row of each run of reports within MAX_JUMP_M of their predecessors.
        linked = (step_m <= MAX_JUMP_M) & open_still
        linked[self.start] = False
        breaks = np.flatnonzero(~linked)
        self.run_last = np.r_[breaks[1:], len(linked)][np.cumsum(~linked) - 1] - 1

    def _vessel_of(self, mmsi: Ints) -> Ints:
        """Vessel index of each MMSI, -1 where it has no report here."""
        if len(self.vessel_mmsi) == 0:
            return np.full(len(mmsi), -1)
        at = np.minimum(np.searchsorted(self.vessel_mmsi, mmsi), len(self.vessel_mmsi) - 1)
        return np.where(self.vessel_mmsi[at] == mmsi, at, -1)


def _untouched(state: pd.DataFrame, rows: _Rows) -> pd.DataFrame:
    return state[~state["mmsi"].isin(rows.vessel_mmsi)]


def _plain_state(state: pd.DataFrame, rows: _Rows) -> pd.DataFrame:
    """State after the reports of plain vessels: the one hull of each, moved on."""
    which = np.flatnonzero(rows.plain)
    first, last = rows.start[which], rows.stop[which] - 1
    known = rows.known[which]
    before = known >= 0
    slot = np.zeros(len(which), "int64")
    slot[before] = state["slot"].to_numpy()[known[before]]
    n_reports = rows.distinct[last] - rows.distinct[first] + 1
    n_reports[before] += state["n_reports"].to_numpy()[known[before]]
    born = rows.time[first]
    born[before] = epoch_us(state["first_time"])[known[before]]
    return _state_frame(
        rows.vessel_mmsi[which],
        slot,
        rows.known_ordinal[which],
        n_reports,
        born,
        rows.time[last],
        rows.lat[last],
        rows.lon[last],
        rows.sog_kn[last],
    )


def _state_frame(
    mmsi: Ints,
    slot: Ints,
    ordinal: Ints,
    n: Ints,
    born: Ints,
    time: Ints,
    lat: Floats,
    lon: Floats,
    sog_kn: Floats,
) -> pd.DataFrame:
    columns = {
        "mmsi": mmsi, "slot": slot, "ordinal": ordinal, "n_reports": n,
        "first_time": from_epoch_us(born), "time": from_epoch_us(time), "lat": lat, "lon": lon,
        "sog_kn": sog_kn,
    }  # fmt: skip
    return conform(pd.DataFrame(columns), STATE)


class _Hulls:
    """The hulls of vessels that aren't plain: arrays of (vessel, slot), moved on in lockstep.

    Each step takes the next report of every vessel at once. Where one confirmed hull alone is
    open, the run of near reports that follows is its own too and is taken in the same step, so
    that a vessel with a few corrupt fixes takes a few steps, not one per report.
    """

    def __init__(self, state: pd.DataFrame, rows: _Rows, vessels: Ints) -> None:
        self.rows = rows
        self.vessels = vessels
        place = np.full(len(rows.start), -1)
        place[vessels] = np.arange(len(vessels))
        owner = rows._vessel_of(state["mmsi"].to_numpy())
        here = np.flatnonzero((owner >= 0) & (place[owner] >= 0))
        vessel, slot = place[owner[here]], state["slot"].to_numpy("int64")[here]
        shape = (len(vessels), int(slot.max(initial=0)) + 4)
        self.time = np.full(shape, _NEVER)
        self.born = np.full(shape, _NEVER)
        self.lat, self.lon, self.sog_kn = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self.ordinal = np.zeros(shape, "int64")
        self.n = np.zeros(shape, "int64")
        self.time[vessel, slot] = epoch_us(state["time"])[here]
        self.born[vessel, slot] = epoch_us(state["first_time"])[here]
        self.lat[vessel, slot] = state["lat"].to_numpy()[here]
        self.lon[vessel, slot] = state["lon"].to_numpy()[here]
        self.sog_kn[vessel, slot] = state["sog_kn"].to_numpy()[here]
        self.ordinal[vessel, slot] = state["ordinal"].to_numpy()[here]
        self.n[vessel, slot] = state["n_reports"].to_numpy()[here]

    def run(self, label: Ints) -> None:
        """Take all reports; write the ordinal of each row to `label` (0: none, -1: no room)."""
        cursor, stop = self.rows.start[self.vessels].copy(), self.rows.stop[self.vessels]
        taken: list[tuple[Ints, Ints, Ints]] = []
        active = np.arange(len(self.vessels))
        while len(active):
            row = cursor[active]
            ordinal, last = self._step(active, row)
            taken.append((row, last, ordinal))
            cursor[active] = last + 1
            active = active[cursor[active] < stop[active]]
        first, last, ordinal = (np.concatenate(part) for part in zip(*taken, strict=True))
        size = last - first + 1
        index = np.repeat(first - np.r_[0, np.cumsum(size)[:-1]], size) + np.arange(size.sum())
        label[index] = np.repeat(ordinal, size)

    def _step(self, vessel: Ints, row: Ints) -> tuple[Ints, Ints]:
        """Give each vessel its next report; return its ordinal and the last row so taken."""
        rows = self.rows
        time, lat, lon = rows.time[row], rows.lat[row], rows.lon[row]
        confirmed = self.ordinal[vessel] > 0
        since_us = time[:, None] - np.where(confirmed, self.time[vessel], self.born[vessel])
        used = self.time[vessel] != _NEVER
        limit_us = np.where(confirmed, CLOSING_S, TENTATIVE_S) * SECOND_US
        alive = used & (since_us <= limit_us)
        away_m = distance_m(self.lat[vessel], self.lon[vessel], lat[:, None], lon[:, None])
        step_us = time[:, None] - self.time[vessel]
        near = away_m <= MAX_JUMP_M
        fits = alive & can_join(away_m, step_us, self.sog_kn[vessel], rows.sog_kn[row][:, None])
        fits &= confirmed | near | (step_us <= SHORT_STEP_S * SECOND_US)
        # A distance on Earth is below 2.1e7 m, so 1e8 puts a hull in the second rank.
        rank = np.where(fits, away_m + 1e8 * ~(confirmed & near), np.inf)
        n_open = np.count_nonzero(alive & confirmed, axis=1)
        n_given = self.ordinal[vessel].max(axis=1)
        found = ((n_open > 0) | (n_given >= MAX_ORDINAL)) & fits.any(axis=1)

        slot = np.where(found, rank.argmin(axis=1), self._free(vessel, used, alive, confirmed))
        at_once = ~found & (n_open == 0) & (n_given < MAX_ORDINAL)
        before = np.where(found, self.time[vessel, slot], _NEVER)
        n = np.where(found, self.n[vessel, slot], 0) + (time > before)
        had = np.where(found, self.ordinal[vessel, slot], 0)
        due = at_once | (found & (had == 0) & (n >= CONFIRMING_REPORTS))
        ordinal = np.where(due & (n_given < MAX_ORDINAL), n_given + 1, had)
        self.born[vessel, slot] = np.where(found, self.born[vessel, slot], time)
        self.ordinal[vessel, slot] = ordinal

        lone = (ordinal > 0) & (n_open - (had > 0) == 0)
        last = np.where(lone, rows.run_last[row], row)
        self.n[vessel, slot] = n + rows.distinct[last] - rows.distinct[row]
        self.time[vessel, slot] = rows.time[last]
        self.lat[vessel, slot], self.lon[vessel, slot] = rows.lat[last], rows.lon[last]
        self.sog_kn[vessel, slot] = rows.sog_kn[last]
        no_room = (n >= CONFIRMING_REPORTS) & (ordinal == 0)
        return np.where(no_room, -1, ordinal), last

    def _free(self, vessel: Ints, used: Bools, alive: Bools, confirmed: Bools) -> Ints:
        """Slot for a new hull: the first without one; of too many tentative ones the stalest."""
        tentative = alive & ~confirmed
        full = np.count_nonzero(tentative, axis=1) >= MAX_TENTATIVE
        stalest = np.where(tentative, self.time[vessel], np.iinfo("int64").max).argmin(axis=1)
        free = ~used | (~confirmed & ~alive)
        if not np.all(free.any(axis=1) | full):
            self._grow()
            free = np.pad(
                free, ((0, 0), (0, self.time.shape[1] - free.shape[1])), constant_values=True
            )
        return np.asarray(np.where(full, stalest, free.argmax(axis=1)))

    def _grow(self) -> None:
        more = ((0, 0), (0, 8))
        self.time = np.pad(self.time, more, constant_values=_NEVER)
        self.born = np.pad(self.born, more, constant_values=_NEVER)
        self.lat, self.lon = np.pad(self.lat, more), np.pad(self.lon, more)
        self.sog_kn = np.pad(self.sog_kn, more)
        self.ordinal, self.n = np.pad(self.ordinal, more), np.pad(self.n, more)

    def state(self) -> pd.DataFrame:
        """What is left: confirmed hulls for good (they hold their ordinal), others while alive."""
        newest = self.rows.time[self.rows.stop[self.vessels] - 1]
        young = newest[:, None] - self.born <= TENTATIVE_S * SECOND_US
        keep = (self.time != _NEVER) & ((self.ordinal > 0) | young)
        vessel, slot = np.nonzero(keep)
        return _state_frame(
            self.rows.vessel_mmsi[self.vessels[vessel]],
            slot,
            self.ordinal[keep],
            self.n[keep],
            self.born[keep],
            self.time[keep],
            self.lat[keep],
            self.lon[keep],
            self.sog_kn[keep],
        )


def _split(frame: pd.DataFrame, label: Ints, state: pd.DataFrame, n_confirmed: int) -> Segmented:
    """Tracked and noise frames from the ordinal of each row."""
    track = frame["mmsi"].to_numpy() * 100 + np.maximum(label, 0)
    order = np.argsort(track, kind="stable")
    time = epoch_us(frame["time"])
    repeat = np.zeros(len(frame), bool)
    repeat[order[1:]] = (np.diff(track[order]) == 0) & (np.diff(time[order]) == 0)
    repeat &= label > 0
    kept = order[(label > 0)[order] & ~repeat[order]]
    whole = len(kept) == len(frame) and bool(np.all(np.diff(kept) > 0))
    tracked = (frame if whole else frame.take(kept)).assign(track_id=track[kept])
    dropped = np.flatnonzero((label <= 0) | repeat)
    reason = np.where(label[dropped] < 0, "too many hulls", IMPOSSIBLE_JUMP)
    reason = np.where(repeat[dropped], "same time", reason)
    noise = frame.take(dropped).assign(reason=reason)
    counts = {
        "rows": len(frame),
        "tracked": len(kept),
        "impossible_jump": int(np.count_nonzero(label == 0)),
        "same_time": int(np.count_nonzero(repeat)),
        "too_many_hulls": int(np.count_nonzero(label < 0)),
        "further_hulls": n_confirmed,
    }
    return Segmented(
        conform(tracked.reset_index(drop=True), TRACKED),
        conform(noise.reset_index(drop=True), NOISE),
        state,
        counts,
    )


def _further_hulls(state: pd.DataFrame) -> int:
    """Confirmed hulls beside the first of each MMSI."""
    confirmed = state["ordinal"] > 0
    return int(np.count_nonzero(confirmed)) - state["mmsi"][confirmed].nunique()
