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

from detectors.core.frames import (
    DAY_US,
    IMPOSSIBLE_JUMP,
    NOISE,
    POSITIONS,
    SECOND_US,
    TIME,
    TRACKED,
    Column,
    conform,
    empty,
    epoch_us,
    from_epoch_us,
    select,
    validate,
)
from detectors.kinematics.geodesy import distance_m, wrap_lon
from detectors.kinematics.hull_limits import STATE
from detectors.kinematics.hull_table import Hulls, Rows, plain_state, untouched

DUPLICATE_WINDOW_S: Final = 5.0
"""Reports of the same content are copies of one transmission when at most this far apart.

A vessel that isn't moving, the only one whose reports repeat themselves, reports every 10 s or
less often: ITU-R M.1371-5, annex 1, tables 1 and 2 (class A: 3 min at anchor or moored, 10 s at
0-14 kn, down to 2 s when fast or turning, where the content changes from report to report;
class B: 30 s to 3 min). Half of 10 s lets receivers' clocks and network delays differ by seconds
and never joins two true reports, nor chains of them."""


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

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Segmented(NamedTuple):
    """What `segment` returns.

    Attributes
    ----------
    tracked
        `frames.TRACKED`: the reports that belong to a track.
    noise
        `frames.NOISE`: all others.
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
    """Return the state before the first call: no hull is known."""
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
    rows = Rows(frame, state)
    plain = rows.plain
    label = np.where(plain[rows.vessel], rows.known_ordinal[rows.vessel], 0)
    hulls = [untouched(state, rows), plain_state(state, rows)]
    busy = np.flatnonzero(~plain)
    if len(busy):
        table = Hulls(state, rows, busy)
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
    """Return confirmed hulls beside the first of each MMSI."""
    confirmed = state["ordinal"] > 0
    return int(np.count_nonzero(confirmed)) - state["mmsi"][confirmed].nunique()
