"""Past traffic read once, vessel by vessel, and reduced to what learning needs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.arrays import Floats, Ints
from detectors.core.frames import DAY_US, SECOND_US, epoch_us
from detectors.kinematics import geodesy, stops, timegrid
from detectors.surroundings import lanes
from pipelines.learn.parameters import PlacesParameters
from pipelines.store import Queries

PILOT_TYPE: Final = 50
"""ITU-R M.1371-5, table 53."""
LANE_STEP_S: Final = 60
"""At 16 kn a ship makes 500 m in it, the side of the finest cell."""
LANE_SILENCE_S: Final = 600
STOP_STEP_S: Final = 120
STOP_SILENCE_S: Final = 3600
BERTH_S: Final = 600
"""A ferry lies this long at least."""
TRIP_S: Final = (600, 4 * 3600)
TRIP_MIN_M: Final = 2000.0
PATH_POINTS: Final = 24
_FINE_POINTS: Final = 61
PILOT_KN: Final = (2.0, 14.0)
"""Speeds at which a pilot boards: the ship keeps steerage way and the boat keeps up."""


@dataclass(frozen=True)
class Traffic:
    """Past traffic, reduced."""

    flows: tuple[lanes.Flow, ...]
    """Passages by cell, one per size of cells."""
    stops: pd.DataFrame
    drifts: pd.DataFrame
    """Stays at rest and stays adrift: `stops.STOP_COLUMNS` and `ship_type`."""
    meetings: pd.DataFrame
    """Where a pilot craft under way was nearest to a ship under way: mmsi of the ship, pilot,
    time_us, lat, lon."""
    trips: pd.DataFrame
    """Voyages between two stays: mmsi, ship_type, start_us, end_us; `paths` has `PATH_POINTS`
    places (lat, lon) of each, at equal distances along its way."""
    paths: Floats
    reports: int
    vessels: int
    first: pd.Timestamp | None
    last: pd.Timestamp | None


def batches(
    store: Queries,
    since: pd.Timestamp,
    until: pd.Timestamp,
    max_reports: int,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[pd.DataFrame]:
    """Yield `frames.TRACKED` of all vessels over a span, some vessels at a time."""
    counts = store.report_counts(since, until)
    number = (counts["reports"].cumsum() - 1) // max_reports
    for done, (_, part) in enumerate(counts.groupby(number)):
        if progress:
            progress(done, int(number.iloc[-1]) + 1)
        yield store.track_positions(part["mmsi"].tolist(), since, until)


def flagged_spans(
    store: Queries, since: pd.Timestamp, until: pd.Timestamp, score: float
) -> pd.DataFrame:
    """Return spans of events that nobody learns from: mmsi, start_us, end_us."""
    found = store.events_counted(since, until, score)
    end = found["end"].fillna(until)
    both = [
        pd.DataFrame(
            {"mmsi": found[side], "start_us": epoch_us(found["start"]), "end_us": epoch_us(end)}
        )
        for side in ("mmsi", "other_mmsi")
    ]
    spans = pd.concat(both, ignore_index=True)
    return spans[spans["mmsi"] > 0].reset_index(drop=True)


def outside(spans: pd.DataFrame, mmsi: Ints, start_us: Ints, end_us: Ints) -> NDArray[np.bool_]:
    """Tell which stretches of time of vessels touch none of their flagged spans."""
    keep = np.ones(len(mmsi), bool)
    columns = (spans[c].tolist() for c in ("mmsi", "start_us", "end_us"))
    for vessel, begin, finish in zip(*columns, strict=True):  # a few hundred events at most
        keep &= ~((mmsi == vessel) & (start_us <= finish) & (end_us >= begin))
    return keep


def read(
    store: Queries,
    since: pd.Timestamp,
    until: pd.Timestamp,
    parameters: PlacesParameters,
    progress: Callable[[int, int], None] | None = None,
) -> Traffic:
    """Read a span of past traffic and reduce it.

    Tracks must have been worked out up to `until`; `progress` gets (batches done, in all).
    """
    static = store.vessels(until)
    types = static.set_index("mmsi")["ship_type"]
    spans = flagged_spans(store, since, until, parameters.exclude_score)
    pilots = _pilot_ticks(store, types, since, until)
    flows: list[list[lanes.Flow]] = [[] for _ in parameters.lane_cells_deg]
    still, adrift, met, voyages, ways = [], [], [], [], []
    reports, vessels = 0, 0
    first: pd.Timestamp | None = None
    last: pd.Timestamp | None = None
    for positions in batches(store, since, until, parameters.max_batch_reports, progress):
        if positions.empty:
            continue
        reports += len(positions)
        vessels += int(positions["mmsi"].nunique())
        begin, end = positions["time"].min(), positions["time"].max()
        first, last = min(first or begin, begin), max(last or end, end)
        columns = _columns(positions)
        grid = timegrid.resample(*columns, LANE_STEP_S, LANE_SILENCE_S)
        for level, flow in zip(flows, _flows(grid, spans, parameters), strict=True):
            level.append(flow)
        met.append(_meetings(grid, pilots, parameters.pilot_distance_m))
        coarse = timegrid.resample(*columns, STOP_STEP_S, STOP_SILENCE_S)
        stays = _stays(coarse, parameters.max_still_kn, BERTH_S, types, spans)
        still.append(stays)
        adrift.append(
            _stays(coarse, parameters.max_drift_kn, parameters.min_stay_s // 2, types, spans)
        )
        trips, paths = _trips(stays, columns, coarse)
        voyages.append(trips)
        ways.append(paths)
    return Traffic(
        tuple(
            lanes.merge(level) if level else _no_flow(size)
            for level, size in zip(flows, parameters.lane_cells_deg, strict=True)
        ),
        _joined(still, [*stops.STOP_COLUMNS, "ship_type"]),
        _joined(adrift, [*stops.STOP_COLUMNS, "ship_type"]),
        _joined(met, ["mmsi", "pilot", "time_us", "lat", "lon"]),
        _joined(voyages, ["mmsi", "ship_type", "start_us", "end_us"]),
        np.concatenate(ways) if ways else np.empty((0, PATH_POINTS, 2)),
        reports,
        vessels,
        first,
        last,
    )


def _joined(parts: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    filled = [part for part in parts if len(part)]
    if filled:
        return pd.concat(filled, ignore_index=True)
    return pd.DataFrame({name: np.empty(0) for name in columns})


def _no_flow(size_deg: float) -> lanes.Flow:
    none, some = np.empty(0, "int64"), np.empty(0)
    return lanes.flow(none, none, some, some, some, some, size_deg)


def _columns(positions: pd.DataFrame) -> tuple[Ints, Ints, Floats, Floats]:
    return (
        positions["track_id"].to_numpy(),
        epoch_us(positions["time"]),
        positions["lat"].to_numpy(),
        positions["lon"].to_numpy(),
    )


def _flows(
    grid: timegrid.Grid, spans: pd.DataFrame, parameters: PlacesParameters
) -> Iterator[lanes.Flow]:
    rows = np.flatnonzero(grid.speed_kn >= parameters.min_lane_kn)
    mmsi, time_us = grid.track_id[rows] // 100, grid.tick[rows] * LANE_STEP_S * SECOND_US
    rows = rows[outside(spans, mmsi, time_us, time_us)]
    course = geodesy.course_deg(grid, rows, rows + 1)
    day = grid.tick[rows] * LANE_STEP_S // 86_400
    points = (grid.track_id[rows] // 100, day, grid.lat[rows], grid.lon[rows])
    for size in parameters.lane_cells_deg:
        yield lanes.flow(*points, course, grid.speed_kn[rows], size)


def _stays(
    grid: timegrid.Grid, max_kn: float, min_s: int, types: pd.Series, spans: pd.DataFrame
) -> pd.DataFrame:
    found = stops.stops(grid, max_speed_kn=max_kn, min_duration_s=min_s, max_interruption_s=600)
    keep = outside(spans, *(found[c].to_numpy() for c in ("mmsi", "start_us", "end_us")))
    found = found[keep].reset_index(drop=True)
    return found.assign(ship_type=found["mmsi"].map(types).fillna(-1).astype("int64"))


# ---- pilots


def _pilot_ticks(
    store: Queries, types: pd.Series, since: pd.Timestamp, until: pd.Timestamp
) -> pd.DataFrame:
    """Return pilot craft under way on the time grid, in every cell that lies by theirs."""
    mmsis = [int(m) for m in types.index[types == PILOT_TYPE]]
    if not mmsis:
        return pd.DataFrame({"tick": [], "cell": [], "pilot": [], "plat": [], "plon": []})
    positions = store.track_positions(mmsis, since, until)
    grid = timegrid.resample(*_columns(positions), LANE_STEP_S, LANE_SILENCE_S)
    rows = np.flatnonzero((grid.speed_kn >= PILOT_KN[0]) & (grid.speed_kn <= PILOT_KN[1]))
    steps = np.array([-1, 0, 1]) * _PILOT_CELL_DEG
    shift_lat, shift_lon = (a.ravel() for a in np.meshgrid(steps, steps))
    lat, lon = (np.repeat(a[rows], len(shift_lat)) for a in (grid.lat, grid.lon))
    n = len(rows)
    return pd.DataFrame(
        {
            "tick": np.repeat(grid.tick[rows], len(shift_lat)),
            "cell": lanes.cell_of(
                lat + np.tile(shift_lat, n), lon + np.tile(shift_lon, n), _PILOT_CELL_DEG
            ),
            "pilot": np.repeat(grid.track_id[rows] // 100, len(shift_lat)),
            "plat": lat,
            "plon": lon,
        }
    )


_PILOT_CELL_DEG: Final = 0.02


def _meetings(grid: timegrid.Grid, pilots: pd.DataFrame, distance_m: float) -> pd.DataFrame:
    """Return the nearest approach of each ship and pilot craft, both under way, on each day."""
    rows = np.flatnonzero((grid.speed_kn >= PILOT_KN[0]) & (grid.speed_kn <= PILOT_KN[1]))
    ships = pd.DataFrame(
        {
            "tick": grid.tick[rows],
            "cell": lanes.cell_of(grid.lat[rows], grid.lon[rows], _PILOT_CELL_DEG),
            "mmsi": grid.track_id[rows] // 100,
            "lat": grid.lat[rows],
            "lon": grid.lon[rows],
        }
    )
    pairs = ships.merge(pilots.astype({"tick": "int64", "cell": "int64"}), on=["tick", "cell"])
    pairs = pairs[~pairs["mmsi"].isin(pilots["pilot"].unique())]
    away_m = geodesy.distance_m(
        *(pairs[c].to_numpy("float64") for c in ("lat", "lon", "plat", "plon"))
    )
    pairs = pairs.assign(away_m=away_m, time_us=pairs["tick"] * LANE_STEP_S * SECOND_US)
    pairs = pairs[pairs["away_m"] <= distance_m]
    pairs["day"] = pairs["time_us"] // DAY_US
    nearest = pairs.sort_values(["away_m", "tick"], kind="stable")
    nearest = nearest.drop_duplicates(["mmsi", "pilot", "day"])
    return nearest[["mmsi", "pilot", "time_us", "lat", "lon"]].reset_index(drop=True)


# ---- voyages between two stays


def _trips(
    stays: pd.DataFrame, columns: tuple[Ints, Ints, Floats, Floats], grid: timegrid.Grid
) -> tuple[pd.DataFrame, Floats]:
    """Return voyages of vessels that go to and fro, heard all the way, with their ways."""
    ordered = stays.sort_values(["track_id", "start_us"], kind="stable", ignore_index=True)
    here, there = ordered.iloc[:-1].reset_index(drop=True), ordered.iloc[1:].reset_index(drop=True)
    away_m = geodesy.distance_m(
        *(part[c].to_numpy() for part in (here, there) for c in ("lat", "lon"))
    )
    lasted_s = (there["start_us"] - here["end_us"]) / SECOND_US
    sailed = (
        (here["track_id"] == there["track_id"])
        & (lasted_s >= TRIP_S[0])
        & (lasted_s <= TRIP_S[1])
        & (away_m >= TRIP_MIN_M)
    )
    trips = pd.DataFrame(
        {
            "mmsi": here["mmsi"],
            "ship_type": here["ship_type"],
            "track_id": here["track_id"],
            "start_us": here["end_us"],
            "end_us": there["start_us"],
        }
    )[sailed].reset_index(drop=True)
    many = trips.groupby("mmsi")["mmsi"].transform("size") >= 4
    trips = trips[many].reset_index(drop=True)
    trips = trips[_heard(trips, grid)].reset_index(drop=True)
    if trips.empty:
        return trips.drop(columns="track_id"), np.empty((0, PATH_POINTS, 2))
    fraction = np.linspace(0.0, 1.0, _FINE_POINTS)
    start, end = trips["start_us"].to_numpy(), trips["end_us"].to_numpy()
    at = (start[:, None] + (end - start)[:, None] * fraction).astype("int64")
    tracks = np.repeat(trips["track_id"].to_numpy(), _FINE_POINTS)
    lat, lon = timegrid.position_at(*columns, tracks, at.ravel())
    fine = np.stack([lat, lon], axis=-1).reshape(len(trips), _FINE_POINTS, 2)
    return trips.drop(columns="track_id"), np.stack([_even(way) for way in fine])


def _heard(trips: pd.DataFrame, grid: timegrid.Grid) -> NDArray[np.bool_]:
    """Return voyages with nine tenths of their ticks on the grid."""
    step_us = grid.step_s * SECOND_US
    tracks = np.unique(grid.track_id)
    scale = np.int64(1) << 40
    keys = np.searchsorted(tracks, grid.track_id) * scale + grid.tick
    base = np.searchsorted(tracks, trips["track_id"].to_numpy()) * scale
    first, last = (base + trips[c].to_numpy() // step_us for c in ("start_us", "end_us"))
    heard = np.searchsorted(keys, last) - np.searchsorted(keys, first)
    return np.asarray(heard >= 0.9 * (last - first))


def _even(way: Floats) -> Floats:
    """Return a way (lat, lon) with its points at equal distances."""
    leg_m = geodesy.distance_m(way[:-1, 0], way[:-1, 1], way[1:, 0], way[1:, 1])
    along = np.r_[0.0, np.cumsum(leg_m)]
    at = np.linspace(0.0, along[-1], PATH_POINTS)
    return np.stack([np.interp(at, along, way[:, k]) for k in (0, 1)], axis=-1)
