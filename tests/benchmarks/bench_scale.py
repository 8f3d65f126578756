"""Three days of a busy Strait, more and more of it: python tests/benchmarks/bench_scale.py.

A simulated feed of three days is copied with new numbers, each copy's vessels moved by some hundred
metres, so that the sea fills up instead of growing. Each night is a process of its own, as `selat
detect --date` has it, products included: CPU seconds and peak memory of all its processes. One
follows the other, as in a home; the third is the night with look-back: it judges the reports of its
day and looks back over all. Beside it, in the same run and on the same Parquet, the core of two of
thirteen detectors in DuckDB and in Polars, each on one thread (see `cores`).

    bench_scale.py [--times 1 3] [--vessels 1100] [--folder DIR] [--picture docs/growth.svg]

``--times 13`` makes ten million reports a day; it takes an hour of one core and some GB of memory.
With ``--folder`` what was made stays there, and is taken up by the next run.
"""

import argparse
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import cores
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipelines.base.allocation import keep_what_is_freed
from pipelines.base.progress import reporter
from pipelines.base.settings import load
from pipelines.exercise import simulate
from pipelines.run import feeds
from pipelines.run.runs import detect_only, raise_if_partial
from pipelines.run.setup import load_zones
from pipelines.store import read

FIRST = pd.Timestamp("2026-01-05T16:00Z")
DATES = ("2026-01-06", "2026-01-07", "2026-01-08")
MOVED_M = 600.0
"""Standard deviation of how far the vessels of a copy are moved, north and east."""
ALIKE = 0.01
"""So much may what peers find differ: of two reports of one second each takes either."""
ARROW = {"ARROW_DEFAULT_MEMORY_POOL": "system"}
"""As `keep_what_is_freed` has it of a process that hasn't imported Arrow."""
STEPS = ("first night", "night with look-back", *cores.CORES)


def main() -> None:
    """Make the feeds, run the nights, print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, nargs="+", default=[1, 3])
    parser.add_argument("--vessels", type=int, default=1100)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--picture", type=Path, help="write how it grows as SVG")
    parser.add_argument("--step", nargs="+", help="do one step in this process")
    given = parser.parse_args()
    if given.step:
        steps: dict[str, Callable[..., None]]
        steps = {"base": base, "ingest": ingest, "night": night}
        steps[given.step[0]](*given.step[1:])
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "base" / "truth.json").exists():
            alone("base", folder, given.vessels)
        rows = [row for k in given.times for row in measured(folder, k)]
    table = pd.DataFrame(rows)
    sys.stdout.write(table.to_string(index=False, float_format=lambda x: f"{x:.2f}") + "\n")
    if given.picture:
        given.picture.write_text(picture(table), encoding="utf-8")


def measured(folder: Path, k: int) -> list[dict[str, Any]]:
    """Each step on `k` times the feed: seconds and memory."""
    home = folder / f"x{k}"
    nights = []
    for day, date in enumerate(DATES):
        alone("ingest", folder, home, k, day)
        nights.append(alone("night", home, date))
    found = {"first night": nights[0], "night with look-back": nights[-1]}
    found |= {name: alone(name, home, script=cores.__file__) for name in cores.CORES}
    ours, theirs = (found[name].counts for name in cores.CORES)
    if not np.allclose(ours, theirs, rtol=ALIKE):
        raise SystemExit(f"peers differ: {ours}, {theirs}")
    with read(home / "store") as store:
        reports = int(store.sql("SELECT sum(rows) AS n FROM files")["n"].iloc[0])
    ratios = {
        step: {
            f"x {name.split()[0]} {what}": of / to
            for name in cores.CORES
            for what, of, to in (
                ("CPU", found[step].cpu_s, found[name].cpu_s),
                ("GB", found[step].peak_gb, found[name].peak_gb),
            )
        }
        for step in STEPS
    }
    return [
        {
            "x": k,
            "reports a day": f"{reports // 3:,}",
            "step": step,
            "CPU s": found[step].cpu_s,
            "peak GB": found[step].peak_gb,
            **ratios[step],
            "load": os.getloadavg()[0],
        }
        for step in STEPS
    ]


class Took(NamedTuple):
    """CPU seconds and peak GB of a process and its children, and what a peer counts."""

    cpu_s: float
    peak_gb: float
    counts: list[int]


def alone(*step: object, script: str = __file__) -> Took:
    """Do a step in a process of its own, of this program or of a peer."""
    sys.stderr.write(f"{time.strftime('%H:%M')} {' '.join(map(str, step))}\n")
    command = [sys.executable, script, "--step", *map(str, step)]
    noted = Path(tempfile.gettempdir()) / f"bench-{os.getpid()}"
    own = {**os.environ, **ARROW, cores.NOTED: str(noted)}
    process = subprocess.Popen(command, env=own)
    peak_kb = 0
    while process.poll() is None:
        peak_kb = max(peak_kb, tree_kb(process.pid))
        time.sleep(0.2)
    if process.returncode:
        raise SystemExit(f"{step} failed")
    said = json.loads(noted.read_text())
    noted.unlink()
    return Took(said["cpu_s"], peak_kb / 1e6, said["counts"])


def tree_kb(pid: int) -> int:
    """Resident memory of a process and its children."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0
    own = int(status.split("VmRSS:")[1].split()[0]) if "VmRSS:" in status else 0
    return own + sum(tree_kb(int(child)) for child in children)


def base(folder: str, vessels: str) -> None:
    """Simulate the three days, and ingest them."""
    to, zones = Path(folder) / "base", load_zones(load(Path(folder) / "base" / "home"))
    to.mkdir(parents=True, exist_ok=True)
    simulate(to, seed=5, hours=72, vessels=int(vessels), start=FIRST.to_pydatetime(), zones=zones)


def ingest(folder: str, home: str, k: str, day: str) -> None:
    """Ingest a day of `k` copies."""
    own = Path(folder) / "base" / "home"
    if not own.exists():
        take(own, Path(folder) / "base" / "feed.nmea.gz")
    path = Path(folder) / f"x{k}-{DATES[int(day)]}.parquet"
    if not path.exists():
        copies(own, path, int(k), int(day))
    take(Path(home), path)


def take(home: Path, feed: Path) -> None:
    """Ingest a feed."""
    with reporter(quiet=True) as report:
        feeds.ingest_only(
            load(home), load_zones(load(home)), [str(feed)], area=None, mapping=None, report=report
        )


def copies(home: Path, path: Path, k: int, day: int) -> None:
    """Write a day of the base, copied: NOAA's columns, numbers of the same states."""
    start = FIRST + pd.Timedelta(days=day)
    with read(home / "store") as store:
        paths = list(store.sql("SELECT path FROM files ORDER BY path")["path"])
        rows = store.day_positions(paths, start, until=start + pd.Timedelta(days=1))
        said = store.vessels(start + pd.Timedelta(days=3)).set_index("mmsi")
    rows = rows.sort_values("time", ignore_index=True)
    mmsi = rows["mmsi"].to_numpy()
    random = np.random.default_rng(5)
    writer = None
    for n in range(k):
        number = np.where(
            n, mmsi // 1_000_000 * 1_000_000 + (mmsi * 7 + n * 99_991) % 1_000_000, mmsi
        )
        moved = random.normal(0.0, MOVED_M / 111_195.0, (2, 4_096)) * (n > 0)
        known = said.reindex(mmsi)
        table = pa.table(
            {
                "mmsi": number,
                "base_date_time": pa.array(rows["time"]),
                "latitude": sent(rows["lat"].to_numpy() + moved[0][mmsi % 4_096]),
                "longitude": sent(rows["lon"].to_numpy() + moved[1][mmsi // 7 % 4_096]),
                "sog": rows["sog_kn"].to_numpy(),
                "cog": rows["cog_deg"].to_numpy(),
                "heading": rows["heading_deg"].to_numpy(),
                "status": rows["nav_status"].to_numpy(),
                "transceiver": pa.array(rows["ais_class"].astype("str")),
                "vessel_name": pa.array(
                    (known["name"].fillna("") + (f" {n}" if n else "")).tolist()
                ),
                "vessel_type": known["ship_type"].fillna(0).to_numpy("int64"),
                "length": known["length_m"].to_numpy(),
            }
        )
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer:
        writer.close()


def sent(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return degrees as AIS sends them: 1/10000 minute is the least it can tell."""
    return np.asarray(np.rint(degrees * 600_000) / 600_000)


def night(home: str, date: str) -> None:
    """Look at a day, with all that comes of it."""
    keep_what_is_freed()  # as the command does, as the next line
    gc.set_threshold(50_000)
    with reporter(quiet=True) as report:
        raise_if_partial(detect_only(load(Path(home)), date, None, None, report))


def picture(table: pd.DataFrame) -> str:
    """CPU seconds and GB over reports a day, both axes by powers of ten, as SVG."""
    reports = table["reports a day"].str.replace(",", "").astype(int).to_numpy()
    colours = dict(zip(STEPS, ("#1b6ca8", "#b03a2e", "#7f8c8d", "#b7950b"), strict=True))
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 330" font-family="sans-serif"'
        ' font-size="13"><rect width="760" height="330" fill="#fff"/>'
    ]
    for left, column in ((60, "CPU s"), (440, "peak GB")):
        values = table[column].to_numpy()
        low, high = np.floor(np.log10(values.min())), np.ceil(np.log10(values.max()))

        def x(n: float, left: int = left) -> float:
            return float(left + 270 * (np.log10(n) - 5.5) / 2)

        def y(v: float, low: float = low, high: float = high) -> float:
            return float(280 - 230 * (np.log10(v) - low) / (high - low))

        parts.append(f'<text x="{left}" y="30">{column} by reports a day</text>')
        for power in np.arange(low, high + 1):
            at = y(10.0**power)
            parts.append(
                f'<path d="M{left} {at:.0f}h270" stroke="#ddd"/>'
                f'<text x="{left - 8}" y="{at + 4:.0f}" text-anchor="end">{10.0**power:g}</text>'
            )
        for n, label in ((1e6, "1 M"), (1e7, "10 M")):
            parts.append(
                f'<path d="M{x(n):.0f} 50v230" stroke="#ddd"/>'
                f'<text x="{x(n):.0f}" y="300" text-anchor="middle">{label}</text>'
            )
        for place, step in enumerate(STEPS):
            own = (table["step"] == step).to_numpy()
            line = " ".join(
                f"{x(n):.1f},{y(v):.1f}" for n, v in zip(reports[own], values[own], strict=True)
            )
            parts.append(
                f'<polyline points="{line}" fill="none" stroke="{colours[step]}" stroke-width="2"/>'
            )
            parts += [
                '<circle cx="{}" cy="{}" r="4" fill="{}"/>'.format(*p.split(","), colours[step])
                for p in line.split()
            ]
            if left == 60:
                parts.append(
                    f'<text x="{60 + 170 * place}" y="322" fill="{colours[step]}">● {step}</text>'
                )
    return "".join([*parts, "</svg>\n"])


if __name__ == "__main__":
    main()
    if "--step" in sys.argv:
        cores.note([])
