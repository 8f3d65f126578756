"""The store's sizes and speeds: python tests/benchmarks/bench_store.py [--hours 24 --copies 8].

Prints two tables in Markdown. Sizes are those of the Parquet files, in MB (10^6 bytes) per million
position reports, provenance (feed, file, byte offset) apart. The simulated day is the exercise feed
with its fleet copied; real feeds are read where ../shared is there.
"""

import argparse
import multiprocessing
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from detectors.core import frames
from pipelines import ingest, store
from pipelines.base.settings import PROJECT, REFERENCE
from pipelines.exercise import simulate
from pipelines.reference.layers import load_zones
from pipelines.store import positions
from pipelines.store.check import check

PROVENANCE = ("source", "source_offset", "feed_key", "station")
"""Columns that say where a row came from."""

SHARED = PROJECT.parent / "shared" / "feeds"
GOAL_MB = 9.0
BATCH_ROWS = 200_000


@dataclass
class Batch:
    """Part of a feed."""

    positions: pd.DataFrame
    statics: pd.DataFrame


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--hours", type=float, default=24)
    arguments.add_argument("--vessels", type=int, default=600)
    arguments.add_argument("--copies", type=int, default=8)
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        simulate(
            home / "exercise",
            seed=5,
            hours=asked.hours,
            vessels=asked.vessels,
            start=datetime(2026, 1, 5, 16, tzinfo=UTC),
            zones=load_zones(PROJECT / "config" / "zones", REFERENCE),
        )
        day = decoded(home / "exercise" / "feed.nmea.gz")
        fleet = copied(day, asked.copies)
        say(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, ")
        say(f"Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}\n\n")
        sizes = {"simulated day": fleet.positions, "simulated day, five decimals": rounded(fleet)}
        sizes |= real_feeds()
        say("| position reports | rows | MB per million | provenance | all |\n")
        say("|---|--:|--:|--:|--:|\n")
        for name, rows in sizes.items():
            bare, provenance = size(home, rows)
            goal = f" (goal {GOAL_MB:g})" if name.endswith("day") else ""
            say(
                f"| {name} | {len(rows):,} | {bare:.2f}{goal} | + {provenance:.2f} | "
                f"{bare + provenance:.2f} |\n"
            )
        say("\n| step | figure |\n|---|--:|\n")
        for step, figure in steps(home / "store", fleet):
            say(f"| {step} | {figure} |\n")


def decoded(path: Path, mapping: str | None = None) -> Batch:
    """A feed as one batch."""
    [feed] = ingest.discover([str(path)], path.parent)
    options = ingest.IngestOptions(area=ingest.Area.parse("all", None), mapping=mapping)
    batches = list(ingest.decode(feed, options))
    return Batch(
        pd.concat([batch.positions for batch in batches], ignore_index=True),
        pd.concat([batch.statics for batch in batches], ignore_index=True),
    )


def copied(day: Batch, copies: int) -> Batch:
    """A fleet `copies` times as large, received in one stream."""

    def copy(frame: pd.DataFrame, k: int) -> pd.DataFrame:
        moved = frame.assign(
            mmsi=frame["mmsi"] + 1000 * k,
            source_offset=frame["source_offset"] * copies + 47 * k,
            time=frame["time"] + pd.Timedelta(seconds=k),
        )
        if "lat" in frame:
            moved["lat"] = np.rint(frame["lat"] * 600_000 + 7_001 * k) / 600_000
        return moved

    parts = [
        pd.concat([copy(frame, k) for k in range(copies)]).sort_values("source_offset")
        for frame in (day.positions, day.statics)
    ]
    return Batch(
        frames.conform(parts[0].reset_index(drop=True), frames.POSITIONS),
        frames.conform(parts[1].reset_index(drop=True), frames.STATICS),
    )


def rounded(day: Batch) -> pd.DataFrame:
    """The reports as a CSV with five decimals of a degree has them."""
    return day.positions.assign(
        lat=day.positions["lat"].round(5), lon=day.positions["lon"].round(5)
    )


def real_feeds() -> dict[str, pd.DataFrame]:
    """Position reports of real feeds, where they are."""
    found = {}
    tankers = SHARED / "sg_tankers_nus"
    if tankers.is_dir():
        rows = pd.concat([pd.read_csv(path) for path in sorted(tankers.glob("raw_*.csv"))])
        frame = pd.DataFrame(
            {
                "mmsi": rows["mmsi"],
                "time": pd.to_datetime(rows["timeStamp"], utc=True).dt.as_unit("us"),
                "lat": rows["latitude"] / 600_000,
                "lon": rows["longitude"] / 600_000,
                "sog_kn": rows["speed_over_ground"] / 10,
                "cog_deg": rows["course_over_ground"] / 10,
                "heading_deg": rows["true_heading"].where(rows["true_heading"] < 360),
                "nav_status": rows["navigation_status"],
                "msg_type": rows["message_type"],
                "ais_class": "A",
                "source": "tankers",
                "source_offset": np.arange(len(rows)),
            }
        )
        found["real: 4 tankers of Singapore, a year, in one file"] = frames.conform(
            frame, frames.POSITIONS
        )
    for name, path in (
        ("real: Danish receivers, 5 minutes", SHARED / "dma_sample_5min" / "ais-sample.txt.gz"),
        ("real: Australian receivers, 2 hours", SHARED / "amsa_terrestrial_2012_2h" / "ais.txt.gz"),
    ):
        if path.exists():
            found[name] = decoded(path).positions
    return found


def size(folder: Path, rows: pd.DataFrame) -> tuple[float, float]:
    """MB per million rows of one file without provenance, and of its provenance."""
    path = folder / "size.parquet"
    days = [table for _, table in positions.sorted_by_day([positions.encode(rows, "feed" * 4)])]
    batches = (batch for table in days for batch in table.to_batches())
    positions.write(path, batches)
    metadata = pq.read_metadata(path)
    provenance = sum(
        metadata.row_group(g).column(c).total_compressed_size
        for g in range(metadata.num_row_groups)
        for c in range(metadata.num_columns)
        if metadata.schema.column(c).name in PROVENANCE
    )
    return (path.stat().st_size - provenance) / len(rows), provenance / len(rows)


def steps(root: Path, fleet: Batch) -> Iterator[tuple[str, str]]:
    """What the store does with a day, and how long that takes."""
    rows = len(fleet.positions)
    million = rows / 1e6
    with store.write(root) as writer:
        seconds = timed(lambda: add(writer, "a", fleet))
        yield "add a feed, store only", f"{seconds / million:.2f} s per million reports"
        times = [timed(writer.publish) for _ in range(20)]
        catalogue = (root / "catalogue.duckdb").stat().st_size / 1e6
        yield (
            f"publish a catalogue of {catalogue:.1f} MB",
            f"{statistics.median(times) * 1e3:.0f} ms",
        )
        for k in range(24):
            hour = Batch(fleet.positions[k :: 24 * 10].reset_index(drop=True), fleet.statics[:0])
            add(writer, f"h{k:02d}", hour)
        held = int(writer.files_by_date()["rows"].sum())
        before = writer.files_by_date()
    seconds = timed(lambda: store.compact(root))
    with store.read(root) as reader:
        after = reader.files_by_date()
        yield (
            f"compact {before['files'].sum()} files into {after['files'].sum()}",
            f"{seconds / held * 1e6:.2f} s per million reports, "
            f"{before['bytes'].sum() / 1e6:.1f} to {after['bytes'].sum() / 1e6:.1f} MB",
        )
        paths = list(reader.sql("SELECT path FROM files")["path"])
        epoch = pd.Timestamp(0, tz="UTC").as_unit("us")
        seconds = timed(lambda: reader.day_positions(paths, epoch))
        yield "read all back", f"{seconds / held * 1e6:.2f} s per million reports"
        reach = pd.DataFrame({"mmsi": fleet.positions["mmsi"].unique()[:10], "reach_time": epoch})
        end = fleet.positions["time"].max()
        need = reader.need(reach)
        yield "read 10 vessels", f"{timed(lambda: reader.positions(need, end)) * 1e3:.0f} ms"
        yield "open a snapshot", f"{timed(lambda: opened(root)) * 1e3:.0f} ms"
    seconds = timed(lambda: check(root))
    yield "check", f"{seconds / held * 1e6:.2f} s per million reports"
    yield (
        "peak memory while a feed is added",
        f"{peak_mb(root.with_name('peak'), fleet):,.0f} MB more",
    )


def opened(root: Path) -> None:
    """Open the newest generation."""
    with store.read(root):
        pass


def add(writer: store.Writer, key: str, feed: Batch) -> None:
    """Add a feed in batches."""
    size = BATCH_ROWS
    parts = [
        Batch(
            feed.positions[k : k + size].reset_index(drop=True),
            feed.statics[k : k + size].reset_index(drop=True),
        )
        for k in range(0, max(len(feed.positions), len(feed.statics)), size)
    ]
    writer.add_feed(key, sha256=key, name=key, batches=parts, report={"simulated": True})


def peak_mb(root: Path, fleet: Batch) -> float:
    """Memory that adding a feed takes beside the feed, from a process of its own."""
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return float(pool.apply(_grown_mb, (root, fleet)))


def _grown_mb(root: Path, fleet: Batch) -> float:
    with store.write(root) as writer:
        before = _memory_mb("VmRSS")
        add(writer, "a", fleet)
        return _memory_mb("VmHWM") - before


def _memory_mb(name: str) -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    [line] = [line for line in status.splitlines() if line.startswith(name)]
    return int(line.split()[1]) / 1e3


def timed(call: Callable[[], Any]) -> float:
    """Wall seconds of a call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def say(text: str) -> None:
    """To stdout, at once."""
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
