"""All detectors on a day of five million reports: python tests/benchmarks/bench_detectors.py.

CPU seconds (all threads of the process), as multiples of a plain scan of the same columns, beside
what a user would pick today on the same data in the same run: geopandas.sjoin, MovingPandas' stop
detector (on some vessels, scaled up; it is skipped where it isn't installed), pairs by
scikit-learn's BallTree. Then all again on two days, to see how it grows, and on one with a crowd:
`--crowd` ships more at anchor in one anchorage of Singapore. The last column is the last seconds
over the first, where they aren't too few to tell. `--days 1 2 4` asks for other days, `--reports N`
makes them smaller. A third of the vessels say what they are, and share a few names.
"""

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import geopandas as gpd
import numpy as np
import pandas as pd
from sklearn.neighbors import BallTree

import detectors
from detectors.core import frames, run
from detectors.core.detector import Context
from detectors.kinematics import geodesy, integrity
from detectors.surroundings import coverage_learn, normal
from pipelines.base.settings import PROJECT, REFERENCE
from pipelines.base.yaml_files import read_yaml
from pipelines.exercise import geography
from pipelines.learn import parameters as parameters_of
from pipelines.learn.normal import fit
from pipelines.reference import layers as reference
from pipelines.store.arrow import to_frame

REPORTS_PER_VESSEL = 1000
DAY_S = 86_400
START = pd.Timestamp("2026-01-05", tz="UTC")
STOP_DETECTOR_VESSELS = 20
TICK_S = 600
NEAR_M = 500.0
LEAST_S = 0.1
NAMES = 64


def main() -> None:
    """Make the days, run everything on each, print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--reports", type=int, default=5_000_000, help="a day's")
    arguments.add_argument("--days", type=int, nargs="+", default=[1, 2])
    arguments.add_argument("--crowd", type=int, default=2_000, help="0: no day with one")
    arguments.add_argument("--no-peers", action="store_true")
    given = arguments.parse_args()
    seas = {_days(days): (days, 0) for days in given.days}
    if given.crowd:
        seas["with a crowd"] = given.days[0], given.crowd
    found: dict[str, dict[str, Any]] = {}
    for name, (days, crowd) in seas.items():
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "reports.parquet"
            # Each in a process of its own, so that peaks of memory don't add up.
            alone(write, file, given.reports, days, crowd)
            found[name] = alone(measure, file, days, not found and not given.no_peers)
    report(found)


def alone(call: Callable[..., Any], *arguments: Any) -> Any:
    """The result of a call in a fresh process."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(call, *arguments).result()


def measure(file: Path, days: int, with_peers: bool) -> dict[str, Any]:
    """CPU seconds of each step and the number of its events, peak memory, what peers took."""
    zones = reference.load_zones(PROJECT / "config" / "zones", REFERENCE)
    scan_s, _ = cpu(lambda: scan(file))
    steps: dict[str, tuple[float, int | None]] = {}
    load_s, positions = cpu(lambda: load(file))
    received = [positions]
    del positions
    segment_s, segmented = cpu(lambda: integrity.segment(received.pop()))
    tracked = segmented.tracked
    learn_s, heard = cpu(lambda: coverage_learn.learn(tracked))
    for name, seconds in (("load and sort", load_s), ("tracks", segment_s), ("coverage", learn_s)):
        steps[name] = seconds, None
    vessels = vessels_of(tracked)
    context = Context(
        start=START,
        end=START + pd.Timedelta(days=days),
        zones=zones,
        vessels=vessels,
        statements=statements_of(vessels),
        coverage=heard,
        noise=segmented.noise,
        models={"normal": ordinary(tracked)},
    )
    chosen = detectors.build(read_yaml(PROJECT / "config" / "detectors.yaml"))
    began: list[tuple[str, float]] = []
    total_s, found = cpu(
        lambda: run.run(
            chosen,
            tracked,
            context,
            before_each=lambda name: began.append((name, time.process_time())),
        )
    )
    ends = [*(at for _, at in began[1:]), time.process_time()]
    for (name, at), end in zip(began, ends, strict=True):
        steps[name] = end - at, len(found[name].events)
    steps["all detectors"] = total_s, sum(len(one.events) for one in found.values())
    return {
        "reports": len(tracked),
        "scan_s": scan_s,
        "steps": steps,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "peers": peers(tracked, zones) if with_peers else {},
    }


def report(found: dict[str, dict[str, Any]]) -> None:
    """The table: seconds and multiples of the scan for each sea, and the last over the first."""
    first, last = (list(found.values())[place] for place in (0, -1))
    for name, one in found.items():
        say(f"{name}: {one['reports']:,} reports; plain scan {one['scan_s']:.2f} s CPU")
    grows = f"{'growth':>9}" if len(found) > 1 else ""
    head = "".join(f"{name:>14} {'x scan':>8} {'events':>8}" for name in found)
    say(f"{'step':20}{head}{grows}")
    for step in first["steps"]:
        line = f"{step:20}"
        for one in found.values():
            seconds, events = one["steps"][step]
            number = "" if events is None else f"{events:,}"
            line += f"{seconds:12.2f} s {seconds / one['scan_s']:8.1f} {number:>8}"
        first_s, last_s = first["steps"][step][0], last["steps"][step][0]
        if len(found) > 1:
            line += f"{last_s / first_s:9.2f}" if first_s >= LEAST_S else f"{'':9}"
        say(line)
    peaks = (f"{one['peak_gb']:.2f} GB" for one in found.values())
    say(f"peak memory {', '.join(peaks)}")
    for name, seconds in first["peers"].items():
        say(f"{name:24} {seconds:7.1f} s {seconds / first['scan_s']:7.1f} x scan")


def _days(n: int) -> str:
    return "1 day" if n == 1 else f"{n} days"


def write(file: Path, reports: int, days: int, crowd: int) -> None:
    """Make traffic and write it."""
    zones = reference.load_zones(PROJECT / "config" / "zones", REFERENCE)
    make(reports, days, crowd, zones).to_parquet(file)


def make(reports: int, days: int, crowd: int, zones: Any) -> pd.DataFrame:
    """Traffic along the Strait: ships in the lane, at anchor, fishing, drifting, side by side; and
    a `crowd` at anchor off Singapore.
    """
    random = np.random.default_rng(0)
    n = reports // REPORTS_PER_VESSEL
    axis = geography.axis()
    kind = random.choice(5, n, p=[0.55, 0.2, 0.15, 0.06, 0.04])
    kind, n = np.r_[kind, np.ones(crowd, "int64")], n + crowd
    kn = np.choose(kind, [random.uniform(9, 16, n), 0 * kind, random.uniform(2, 4, n), 0.6, 0.3])
    at_m = random.uniform(0, axis.length_m, n)
    off_m = np.choose(kind, [random.normal(0, 2500, n), *[random.normal(0, 15_000, n)] * 4])
    roads = zones.frame[zones.frame["zone_class"] == "anchorage"].geometry.representative_point()
    road_lat, road_lon = roads.y.to_numpy(), roads.x.to_numpy()
    road = random.integers(0, len(roads), n - crowd)
    berths = off_singapore(zones, crowd)
    road_lat, road_lon = np.r_[road_lat[road], berths[0]], np.r_[road_lon[road], berths[1]]
    off_m[n - crowd :] = 0.0
    pair = np.flatnonzero(kind == 4)
    at_m[pair[1::2]] = at_m[pair[: len(pair) // 2 * 2 : 2]]
    off_m[pair[1::2]] = off_m[pair[: len(pair) // 2 * 2 : 2]] + 60
    # Every tenth falls silent for some hours of each day.
    off_s = np.where(np.arange(n) % 10 == 0, random.uniform(0, 0.8 * DAY_S, n), np.inf)
    lasts_s = random.uniform(1.5, 5.0, n) * 3600
    parts = []
    for day in range(days):
        t = np.sort(random.uniform(0, DAY_S, (n, REPORTS_PER_VESSEL)), axis=1)
        way_m = kn[:, None] * geodesy.KNOT_MPS * (t + day * DAY_S)
        along = (at_m[:, None] + np.where(np.arange(n) % 2, 1, -1)[:, None] * way_m).ravel()
        lat, lon = axis.at(np.abs(along) % axis.length_m)
        anchored = np.repeat(kind == 1, REPORTS_PER_VESSEL)
        lat = np.where(anchored, np.repeat(road_lat, REPORTS_PER_VESSEL), lat)
        lon = np.where(anchored, np.repeat(road_lon, REPORTS_PER_VESSEL), lon)
        lat, lon = geodesy.destination(lat, lon, 45.0, np.repeat(off_m, REPORTS_PER_VESSEL))
        mmsi = np.repeat(200_000_001 + np.arange(n, dtype="int64") * 997 % 500_000_000, t.shape[1])
        parts.append(
            pd.DataFrame(
                {
                    "mmsi": mmsi,
                    "time": START.tz_localize(None)
                    + pd.to_timedelta(((t.ravel() + day * DAY_S) * 1e6).astype("int64"), unit="us"),
                    "lat": lat + random.normal(0, 5e-5, len(lat)),
                    "lon": lon + random.normal(0, 5e-5, len(lon)),
                    "sog_kn": np.repeat(kn, t.shape[1]).round(1),
                    "cog_deg": 135.0,
                    "heading_deg": np.nan,
                    "nav_status": np.where(anchored, 1, 0).astype("int16"),
                    "msg_type": np.int16(1),
                    "ais_class": np.where(np.repeat(kind == 2, t.shape[1]), "B", "A"),
                    "source": "0" * 16,
                    "source_offset": np.arange(len(lat)),
                }
            )[((t < off_s[:, None]) | (t > (off_s + lasts_s)[:, None])).ravel()]
        )
    return pd.concat(parts).sample(frac=1, random_state=0)


def off_singapore(zones: Any, n: int) -> tuple[Any, Any]:
    """Latitudes and longitudes of `n` places in the largest anchorage of Singapore."""
    named = zones.frame["name"].str.startswith("Singapore")
    drawn = zones.frame[named & (zones.frame["zone_class"] == "anchorage")].geometry
    places = drawn.loc[drawn.to_crs(3857).area.idxmax()]
    inside = gpd.GeoSeries([places], crs=4326).sample_points(n, rng=0).explode() if n else []
    points = list(inside)
    return np.array([p.y for p in points]), np.array([p.x for p in points])


def scan(file: Path) -> None:
    """Read every column once and add it up."""
    columns = [c for c in frames.POSITIONS if c not in {"ais_class", "source", "time"}]
    sums = ", ".join(f"sum({c})" for c in columns)
    texts = "max(time), max(ais_class), max(source)"
    connect().execute(f"SELECT {sums}, {texts} FROM '{file}'").fetchall()


def connect() -> duckdb.DuckDBPyConnection:
    """A database in memory that draws no progress bar."""
    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false")
    return connection


def load(file: Path) -> pd.DataFrame:
    """The day as `frames.POSITIONS`, sorted by vessel and time."""
    connection = connect()
    connection.execute("SET memory_limit = '500MB'")
    connection.execute("SET TimeZone = 'UTC'")
    query = f"SELECT * REPLACE (time::TIMESTAMPTZ AS time) FROM '{file}' ORDER BY mmsi, time"
    return frames.conform(to_frame(connection.sql(query).to_arrow_table()), frames.POSITIONS)


def vessels_of(tracked: pd.DataFrame) -> pd.DataFrame:
    """`frames.VESSELS` with a third of them saying what they are, by few names."""
    mmsi = tracked["mmsi"].drop_duplicates().to_numpy()
    said = np.arange(len(mmsi)) % 3 == 0
    names = np.char.add("SEA STAR ", (np.arange(len(mmsi)) % NAMES).astype("str"))
    nothing = {"imo": 0, "callsign": "", "destination": "", "flag_state": ""}
    frame = pd.DataFrame(
        {
            "mmsi": mmsi,
            **nothing,
            "name": np.where(said, names, ""),
            "ship_type": np.where(said, 70, -1),
            "length_m": np.where(said, 120.0, np.nan),
            "beam_m": np.nan,
            "draught_m": np.nan,
            "ais_class": "A",
        }
    )
    return frames.conform(frame, frames.VESSELS)


def statements_of(vessels: pd.DataFrame) -> pd.DataFrame:
    """`frames.STATEMENTS`: each says all day what it is called."""
    said = vessels[(vessels["name"] != "").to_numpy(bool)]
    spans = {"first_time": START, "last_time": START + pd.Timedelta(seconds=DAY_S)}
    about: dict[str, Any] = {
        **spans,
        "reports": 240,
        "source": "0" * 16,
        "source_offset": np.arange(len(said)),
    }
    return frames.conform(said.assign(**about), frames.STATEMENTS)


def ordinary(tracked: pd.DataFrame) -> normal.Normal:
    """Normal traffic, fitted to every fifth vessel."""
    parameters = parameters_of.normal(PROJECT / "config")
    some = tracked[(tracked["mmsi"] % 5 == 0).to_numpy(bool)]
    grid, rows, course_deg = normal.ticks_of(
        some["track_id"].to_numpy(),
        frames.epoch_us(some["time"]),
        some["lat"].to_numpy(),
        some["lon"].to_numpy(),
        parameters.step_s,
        parameters.max_silence_s,
    )
    moving = grid.speed_kn[rows] >= parameters.min_speed_kn
    rows = rows[moving]
    ticks = pd.DataFrame(
        {
            "mmsi": grid.track_id[rows] // 100,
            "track_id": grid.track_id[rows],
            "tick": grid.tick[rows],
            "ship": 0,
            "lat": grid.lat[rows],
            "lon": grid.lon[rows],
            "course_deg": course_deg[moving],
            "speed_kn": grid.speed_kn[rows],
        }
    )
    return fit(ticks, parameters)


def peers(tracked: pd.DataFrame, zones: Any) -> dict[str, float]:
    """CPU seconds of what a user would pick today, on the same reports."""
    lat, lon = tracked["lat"].to_numpy(), tracked["lon"].to_numpy()
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(lon, lat), crs=4326)
    took = {"geopandas.sjoin, zones": cpu(lambda: gpd.sjoin(points, zones.frame[["geometry"]]))[0]}
    took["BallTree pairs, 10 min"] = cpu(lambda: ball_tree_pairs(tracked))[0]
    try:
        import movingpandas as mpd
    except ImportError:
        say("MovingPandas isn't installed: pip install movingpandas")
        return took
    some = tracked["mmsi"].drop_duplicates().to_numpy()
    some = some[:: max(1, len(some) // STOP_DETECTOR_VESSELS)][:STOP_DETECTOR_VESSELS]
    few = tracked[tracked["mmsi"].isin(some)]
    few = few.assign(t=few["time"].dt.tz_localize(None))

    def stops() -> object:
        collection = mpd.TrajectoryCollection(few, "mmsi", t="t", x="lon", y="lat", crs=4326)
        finder = mpd.TrajectoryStopDetector(collection)
        return finder.get_stop_segments(min_duration=pd.Timedelta(hours=2), max_diameter=1000)

    took["MovingPandas stops"] = cpu(stops)[0] * len(tracked) / len(few)
    return took


def ball_tree_pairs(tracked: pd.DataFrame) -> int:
    """Pairs within `NEAR_M` at each tick, each vessel at its last report."""
    tick = frames.epoch_us(tracked["time"]) // (TICK_S * 1_000_000)
    last = tracked.assign(tick=tick).drop_duplicates(["tick", "mmsi"], keep="last")
    pairs = 0
    for _, part in last.groupby("tick"):
        radians = np.radians(part[["lat", "lon"]].to_numpy())
        tree = BallTree(radians, metric="haversine")
        near = tree.query_radius(radians, NEAR_M / geodesy.EARTH_RADIUS_M, count_only=True)
        pairs += int(near.sum() - len(part)) // 2
    return pairs


def cpu(call: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of all threads, and the result."""
    start = time.process_time()
    result = call()
    return time.process_time() - start, result


def say(line: str) -> None:
    """One line on stdout."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
