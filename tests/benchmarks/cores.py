"""Peers of a night: the core of two of thirteen detectors as one would write it in a day.

An encounter is two vessels within 500 m of one another below 2.5 kn for 30 minutes, a loitering one
below 3.2 kn for 2 hours, by places at ticks of ten and of two minutes; no verdicts, no evidence,
no products. In SQL for DuckDB and in expressions for Polars, each on one thread, both on the
Parquet files of a store. They find as many but for what rests on which of two reports of one second
is taken. `bench_scale.py` starts this as a program of its own: it imports what it needs alone.
"""

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

STEPS_S: Final = (600, 120)
METRES_A_DEGREE: Final = 111_195.0
KNOT_MPS: Final = 0.514444
NOTED: Final = "SELAT_BENCH_NOTED"
"""In the environment: the file in which a process notes what it took and counted."""


def files(home: str) -> list[str]:
    """Return the files of positions of a home."""
    return sorted(str(path) for path in Path(home).glob("store/positions/**/*.parquet"))


def in_duckdb(home: str) -> list[int]:
    """Return how many encounters and loiterings there are by DuckDB, for each length of a tick."""
    import duckdb

    connection = duckdb.connect()
    for setting in ("threads = 1", "TimeZone = 'UTC'", "enable_progress_bar = false"):
        connection.execute(f"SET {setting}")
    found = []
    for step_s in STEPS_S:
        for statement in CORE.split(";"):
            connection.execute(
                statement.replace("$files", str(files(home))).replace("$step", str(step_s))
            )
        for table in ("encounter", "loitering"):
            counted = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
            found.append(int(counted[0]) if counted else 0)
    return found


CORE: Final = """
CREATE OR REPLACE TEMP TABLE ticks AS
WITH p AS (
    SELECT mmsi, epoch_us(time) AS t, coalesce(lat_x600000 / 6e5, lat_x10000000 / 1e7, lat) AS lat,
           coalesce(lon_x600000 / 6e5, lon_x10000000 / 1e7, lon) AS lon
    FROM read_parquet($files, union_by_name := true)
), d AS (
    SELECT mmsi, t, any_value(lat) AS lat, any_value(lon) AS lon FROM p GROUP BY mmsi, t
), n AS (
    SELECT *, lead(t) OVER w AS t2, lead(lat) OVER w AS lat2, lead(lon) OVER w AS lon2
    FROM d WINDOW w AS (PARTITION BY mmsi ORDER BY t)
), k AS (
    SELECT *, unnest(
               range(ceil(t / ($step * 1e6))::BIGINT, ceil(t2 / ($step * 1e6))::BIGINT)) AS tick
    FROM n WHERE t2 - t <= 1800e6 AND ceil(t2 / ($step * 1e6)) > ceil(t / ($step * 1e6))
), g AS (
    SELECT mmsi, tick, lat + (lat2 - lat) * (tick * $step * 1e6 - t) / (t2 - t) AS lat,
           lon + (lon2 - lon) * (tick * $step * 1e6 - t) / (t2 - t) AS lon
    FROM k
)
SELECT mmsi, tick, lat, lon, CASE WHEN lead(tick) OVER w = tick + 1 THEN
           111195.0 * sqrt(power(lead(lat) OVER w - lat, 2)
           + power((lead(lon) OVER w - lon) * cos(radians(lat)), 2)) / $step / 0.514444 END AS kn
FROM g WINDOW w AS (PARTITION BY mmsi ORDER BY tick);
CREATE OR REPLACE TEMP TABLE encounter AS
WITH s AS (
    SELECT mmsi, tick, lat, lon, floor(lat / 0.0046)::INT AS cy, floor(lon / 0.0046)::INT AS cx
    FROM ticks WHERE kn < 2.5
), b AS (
    SELECT mmsi, tick, lat, lon, cy + dy AS cy, cx + dx AS cx
    FROM s, (VALUES (-1), (0), (1)) AS a(dy), (VALUES (-1), (0), (1)) AS c(dx)
), pairs AS (
    SELECT s.mmsi AS m1, b.mmsi AS m2, s.tick FROM s JOIN b USING (tick, cy, cx)
    WHERE s.mmsi < b.mmsi AND power((s.lat - b.lat) * 111195, 2)
          + power((s.lon - b.lon) * 111195 * cos(radians(s.lat)), 2) <= 250000
), i AS (
    SELECT *, CASE WHEN tick - lag(tick) OVER w <= 1200 // $step + 1 THEN 0 ELSE 1 END AS begins
    FROM pairs WINDOW w AS (PARTITION BY m1, m2 ORDER BY tick)
), r AS (SELECT *, sum(begins) OVER (PARTITION BY m1, m2 ORDER BY tick) AS run FROM i)
SELECT m1, m2, min(tick) AS a, max(tick) AS b FROM r GROUP BY m1, m2, run
HAVING max(tick) - min(tick) + 1 >= 1800 // $step;
CREATE OR REPLACE TEMP TABLE loitering AS
WITH i AS (
    SELECT mmsi, tick,
           CASE WHEN tick - lag(tick) OVER w <= 2400 // $step + 1 THEN 0 ELSE 1 END AS begins
    FROM ticks WHERE kn < 3.2 WINDOW w AS (PARTITION BY mmsi ORDER BY tick)
), r AS (SELECT *, sum(begins) OVER (PARTITION BY mmsi ORDER BY tick) AS run FROM i)
SELECT mmsi, min(tick) AS a, max(tick) AS b FROM r GROUP BY mmsi, run
HAVING max(tick) - min(tick) + 1 >= 7200 // $step
"""


def in_polars(home: str) -> list[int]:
    """Return how many encounters and loiterings there are by Polars, for each length of a tick."""
    os.environ["POLARS_MAX_THREADS"] = "1"
    import polars as pl

    fixes = _fixes(pl, files(home))
    found = []
    for step_s in STEPS_S:
        ticks = _ticks(pl, fixes, step_s)
        found += [_encounters(pl, ticks, step_s), _loiterings(pl, ticks, step_s)]
    return found


def _fixes(pl: Any, paths: Sequence[str]) -> Any:
    """Return mmsi, time in microseconds and place of what was received, one a vessel and time."""
    degrees = [
        pl.coalesce(
            *(pl.col(f"{name}_x{by}") / by for by in (600_000, 10_000_000)), pl.col(name)
        ).alias(name)
        for name in ("lat", "lon")
    ]
    kept = {"lat": pl.Float64, "lon": pl.Float64}
    kept |= {f"{name}_x{by}": pl.Int32 for name in ("lat", "lon") for by in (600_000, 10_000_000)}
    parts = []
    for path in paths:
        part = pl.scan_parquet(path, hive_partitioning=False)
        there = part.collect_schema().names()
        lacking = [
            pl.lit(None, kind).alias(name) for name, kind in kept.items() if name not in there
        ]
        parts.append(
            part.with_columns(lacking).select("mmsi", pl.col("time").dt.epoch("us"), *degrees)
        )
    every = pl.concat(parts).collect()
    return every.sort("mmsi", "time").unique(["mmsi", "time"], keep="first", maintain_order=True)


def _ticks(pl: Any, fixes: Any, step_s: int) -> Any:
    """Return where each vessel was at each tick, and its speed to the next in knots."""
    step_us = step_s * 1_000_000
    next_one = {f"{name}2": pl.col(name).shift(-1) for name in fixes.columns}
    first, end = (-((-pl.col(time)) // step_us) for time in ("time", "time2"))
    between = (
        fixes.lazy()
        .with_columns(**next_one)
        .with_columns(first=first, end=end)
        .filter(
            pl.col("mmsi") == pl.col("mmsi2"),
            pl.col("time2") - pl.col("time") <= 1_800_000_000,
            pl.col("end") > pl.col("first"),
        )
        .with_columns(tick=pl.int_ranges("first", "end"))
        .explode("tick")
    )
    share = (pl.col("tick") * step_us - pl.col("time")) / (pl.col("time2") - pl.col("time"))
    at = {n: pl.col(n) + (pl.col(f"{n}2") - pl.col(n)) * share for n in ("lat", "lon")}
    placed = between.select("mmsi", "tick", **at)
    north = (pl.col("lat").shift(-1) - pl.col("lat")) * METRES_A_DEGREE
    east = (pl.col("lon").shift(-1) - pl.col("lon")) * METRES_A_DEGREE
    east *= pl.col("lat").radians().cos()
    follows = (pl.col("mmsi").shift(-1) == pl.col("mmsi")) & (
        pl.col("tick").shift(-1) == pl.col("tick") + 1
    )
    knots = (north**2 + east**2).sqrt() / step_s / KNOT_MPS
    return placed.with_columns(kn=pl.when(follows).then(knots)).collect()


def _encounters(pl: Any, ticks: Any, step_s: int) -> int:
    cells = {f"c{name}": (pl.col(name) / 0.0046).floor().cast(pl.Int32) for name in ("lat", "lon")}
    slow = ticks.lazy().filter(pl.col("kn") < 2.5).with_columns(**cells)
    around = pl.concat(
        [
            slow.with_columns(clat=pl.col("clat") + north, clon=pl.col("clon") + east)
            for north in (-1, 0, 1)
            for east in (-1, 0, 1)
        ]
    )
    north = (pl.col("lat") - pl.col("lat_b")) * METRES_A_DEGREE
    east = (pl.col("lon") - pl.col("lon_b")) * METRES_A_DEGREE * pl.col("lat").radians().cos()
    pairs = slow.join(around, on=["tick", "clat", "clon"], suffix="_b").filter(
        pl.col("mmsi") < pl.col("mmsi_b"), north**2 + east**2 <= 250_000
    )
    return _runs(pl, pairs, ["mmsi", "mmsi_b"], 1_200 // step_s + 1, 1_800 // step_s)


def _loiterings(pl: Any, ticks: Any, step_s: int) -> int:
    slow = ticks.lazy().filter(pl.col("kn") < 3.2)
    return _runs(pl, slow, ["mmsi"], 2_400 // step_s + 1, 7_200 // step_s)


def _runs(pl: Any, rows: Any, who: list[str], hole: int, least: int) -> int:
    """Return how many runs of ticks without a longer hole there are that last as many."""
    ordered = rows.select(*who, "tick").sort(*who, "tick")
    begins = pl.col("tick") - pl.col("tick").shift() > hole
    for name in who:
        begins |= pl.col(name) != pl.col(name).shift()
    numbered = ordered.with_columns(run=begins.fill_null(True).cum_sum())
    spans = numbered.group_by("run").agg(lasts=pl.col("tick").max() - pl.col("tick").min() + 1)
    return int(spans.filter(pl.col("lasts") >= least).select(pl.len()).collect().item())


CORES: Final[dict[str, Callable[[str], list[int]]]] = {
    "DuckDB core": in_duckdb,
    "Polars core": in_polars,
}


def note(counts: Sequence[int]) -> None:
    """Note the CPU seconds of this process and its children, and what it counted."""
    used = os.times()
    cpu_s = used.user + used.system + used.children_user + used.children_system
    noted = json.dumps({"cpu_s": cpu_s, "counts": list(counts)})
    Path(os.environ[NOTED]).write_text(noted, encoding="utf-8")


if __name__ == "__main__":
    note(CORES[sys.argv[2]](sys.argv[3]))
