"""Thirty exercise nights in sequence, then five under kill -9: what grows, what is left behind.

    python tests/benchmarks/soak.py OUT [--nights 30] [--vessels 25] [--figure docs/soak.png]

Each night is `selat nightly` on that night's feed alone, a process of its own under one Prefect
server, as `selat serve` has it. Measured of each: CPU, wall and peak memory of the process and of
those it waited for, memory of the server, and what is in the home afterwards. Checked after each:
the store (as `selat store check`), files that nothing names, files left in the temporary folder,
processes left running.

Then five more nights are run twice from a copy of the home: undisturbed, and with ten kill -9 at
random moments, each followed by the same command again. Both stores must be equal, table by table
and file by file. Not part of any test suite: it takes some 25 minutes of a busy core.
"""

import argparse
import gzip
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from pipelines import store
from pipelines.base.settings import load
from pipelines.exercise import simulate
from pipelines.flows.environment import prepare
from pipelines.flows.server import noted, service_auth, started_server
from pipelines.run.setup import load_zones
from pipelines.run.windows import utc
from pipelines.store.catalogue import TABLES
from pipelines.store.check import check
from pipelines.store.place import place
from pipelines.store.writer import strays, work_files

FIRST = utc("2026-01-04T16:00:00Z")
KILLED_NIGHTS, KILLS = 5, 10
DAY_S = 86_400
STAMP = re.compile(rb"c:(\d+)")


def main() -> None:
    """Run, measure, compare, draw."""
    options = parsed()
    out = options.out.absolute()
    out.mkdir(parents=True, exist_ok=True)
    nights = options.nights + KILLED_NIGHTS
    feeds = split(simulated(out / "exercise", nights, options), out / "feeds", nights)
    home = out / "home"
    shutil.rmtree(home, ignore_errors=True)
    rows = []
    with prefect_server(home) as server:
        for night in range(options.nights):
            used = Night(home, feeds[night], night).finish()
            about = {"night": night + 1, **used, "server_mb": resident_mb(server), **held(home)}
            rows.append(about)
            sys.stderr.write(f"{json.dumps(rows[-1])}\n")
            (out / "nights.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
        killed = disturbed(home, feeds, options)
    table = pd.DataFrame(rows)
    report(table, killed)
    if options.figure:
        draw(table, killed, options)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--nights", type=int, default=30)
    parser.add_argument("--vessels", type=int, default=25)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--figure", type=Path)
    return parser.parse_args()


def simulated(folder: Path, nights: int, options: argparse.Namespace) -> Path:
    """One feed of all nights, so that stories cross midnight."""
    feed = folder / "feed.nmea.gz"
    if not feed.exists():
        folder.mkdir(parents=True, exist_ok=True)
        simulate(
            folder,
            seed=options.seed,
            hours=24 * nights,
            vessels=options.vessels,
            start=FIRST.to_pydatetime(),
            zones=load_zones(load()),
        )
    return feed


def split(feed: Path, folder: Path, nights: int) -> list[Path]:
    """The feed cut at each Kuala Lumpur midnight by the times of its sentences."""
    folder.mkdir(exist_ok=True)
    lines = gzip.decompress(feed.read_bytes()).splitlines(keepends=True)
    times, newest = [], 0
    for line in lines:
        stamp = STAMP.search(line[:80])
        newest = max(newest, int(stamp[1]) if stamp else 0)
        times.append(newest)
    edges = [bisect_left(times, int(FIRST.timestamp()) + DAY_S * n) for n in range(nights)]
    edges = [0, *edges[1:], len(lines)]
    paths = []
    for night in range(nights):
        path = folder / f"night-{night + 1:02d}.nmea.gz"
        part = b"".join(lines[edges[night] : edges[night + 1]])
        path.write_bytes(gzip.compress(part, mtime=0))
        paths.append(path)
    return paths


def command(home: Path, feed: Path, night: int) -> list[str]:
    """The nightly run of a night."""
    date = f"{(FIRST + pd.Timedelta(days=night)).tz_convert('Asia/Kuala_Lumpur'):%Y-%m-%d}"
    return [
        sys.executable,
        "-m",
        "pipelines.cli.main",
        "nightly",
        "--feed",
        str(feed),
        "--date",
        date,
        "--home",
        str(home),
        "--quiet",
        "--json",
    ]


class Night:
    """A nightly run in a session and with a temporary folder of its own."""

    def __init__(self, home: Path, feed: Path, night: int) -> None:
        self.temporary = home.parent / f"tmp-{home.name}"
        self.temporary.mkdir(exist_ok=True)
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            command(home, feed, night),
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, "TMPDIR": str(self.temporary)},
        )

    def finish(self) -> dict[str, Any]:
        """Wait for its end; what it used, and what it left."""
        said = self.process.stderr.read() if self.process.stderr else b""
        _, status, used = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        if self.process.returncode:
            raise SystemExit(f"a night failed: {said.decode(errors='replace')[-2000:]}")
        wall_s = time.monotonic() - self.began
        time.sleep(1)  # for processes that are about to end
        return {
            "cpu_s": round(used.ru_utime + used.ru_stime, 2),
            "wall_s": round(wall_s, 1),
            "peak_mb": round(used.ru_maxrss / 1024),
            "left_processes": len(self.others()),
            "left_temporary": sum(1 for path in self.temporary.rglob("*") if path.is_file()),
        }

    def kill(self, after_s: float) -> tuple[bool, int]:
        """Kill -9 after a time: whether it still ran, and how many of its children outlive it."""
        try:
            self.process.wait(after_s)
        except subprocess.TimeoutExpired:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()
            time.sleep(2)
            others = self.others()
            for pid in others:
                os.kill(pid, signal.SIGKILL)
            return True, len(others)
        if self.process.returncode:
            raise SystemExit(f"a night failed with exit code {self.process.returncode}")
        return False, 0

    def others(self) -> list[int]:
        """Processes of the session beside the one that began it."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == self.process.pid and fields[0] != "Z":
                found.append(int(entry.name))
        return [pid for pid in found if pid != self.process.pid]


@contextmanager
def prefect_server(home: Path) -> Iterator[int]:
    """The server of a service of the home, which its nights find; its process id."""
    prepare(home)
    installation = load(home)
    auth = service_auth(installation)
    with (
        started_server(installation, auth, pages=True) as (server, process),
        noted(installation, server),
    ):
        yield process.pid


def resident_mb(pid: int) -> int:
    """Memory of a process and its children."""
    total_kb = 0
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == pid:
                total_kb += int(fields[21]) * os.sysconf("SC_PAGE_SIZE") // 1024
        except OSError:
            continue
    return round(total_kb / 1024)


def held(home: Path) -> dict[str, Any]:
    """What a home holds: bytes by kind, problems of the store, files that nothing names."""
    with store.read(home / "store") as reader:
        stray = strays(
            home / "store", place(home / "store", load(home).settings.store), reader.named()
        )
        known = {run["run_id"] for run in reader.runs().to_dict("records")}
        events = len(reader.sql("SELECT event_id FROM events"))
        reports = int(reader.sql("SELECT sum(rows) AS n FROM files")["n"].iloc[0])
    problems = check(home / "store")
    run_folders = {path.name for path in (home / "runs").iterdir()}
    expected = {"store", "runs", "latest", "prefect", "spool"}
    unnamed = [
        *stray,
        *work_files(home / "store"),
        *(run_folders - known),
        *({path.name for path in home.iterdir()} - expected),
        *(path for path in (home / "spool").rglob("*") if path.is_file()),
    ]
    return {
        "reports": reports,
        "events": events,
        "runs": len(known),
        "positions_kb": size_kb(home / "store" / "positions"),
        "catalogue_kb": size_kb(home / "store" / "catalogue.duckdb"),
        "results_kb": size_kb(home / "runs"),
        "prefect_kb": size_kb(home / "prefect"),
        "problems": len(problems),
        "unnamed": [str(path) for path in unnamed],
    }


def size_kb(path: Path) -> int:
    """Bytes of a file or of all files below a folder, in 1,000."""
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return round(sum(p.stat().st_size for p in files) / 1000)


def disturbed(home: Path, feeds: list[Path], options: argparse.Namespace) -> dict[str, Any]:
    """The last nights undisturbed, and killed at random moments."""
    calm, rough = home.with_name("calm"), home.with_name("rough")
    for folder in (calm, rough):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(home, folder, symlinks=True)
    chance, kills, outlived, moments = random.Random(options.seed), 0, 0, []
    for night in range(options.nights, len(feeds)):
        calmly_s = Night(calm, feeds[night], night).finish()["wall_s"]
        due, wanted = 0, KILLS // KILLED_NIGHTS
        while due < wanted:
            share = chance.uniform(0.05, 0.95)
            was_running, others = Night(rough, feeds[night], night).kill(share * calmly_s)
            content(rough)  # it can be read whatever happened
            if not was_running:
                break
            due, kills, outlived = due + 1, kills + 1, outlived + others
            moments.append(round(share, 2))
        if due == wanted:
            Night(rough, feeds[night], night).finish()
        sys.stderr.write(f"night {night + 1}: killed {due} times\n")
    one, other = content(calm), content(rough)
    differing = [name for name in one.keys() | other.keys() if not same(one, other, name)]
    return {
        "kills": kills,
        "moments": moments,
        "outlived": outlived,
        "differing": sorted(differing),
        "compared": len(one),
        "calm": held(calm),
        "rough": held(rough),
    }


def content(home: Path) -> dict[str, Any]:
    """Every table and every file of positions and of results."""
    with store.read(home / "store") as reader:
        found: dict[str, Any] = {
            name: reader.sql(f"SELECT * FROM {name} ORDER BY ALL") for name in TABLES
        }
    for path in sorted([*(home / "store" / "positions").rglob("*"), *(home / "runs").rglob("*")]):
        if path.is_file():
            found[str(path.relative_to(home))] = path.read_bytes()
    return found


def same(one: dict[str, Any], other: dict[str, Any], name: str) -> bool:
    """Whether a table or file is in both, and equal."""
    if name not in one or name not in other:
        return False
    if isinstance(one[name], pd.DataFrame):
        return bool(one[name].equals(other[name]))
    return bool(one[name] == other[name])


def report(table: pd.DataFrame, killed: dict[str, Any]) -> None:
    """Say what grew."""
    first, last = table.iloc[2 : len(table) // 3], table.iloc[-len(table) // 3 :]
    lines = [f"{len(table)} nights, {table['reports'].iloc[-1]:,} reports"]
    for name in ("cpu_s", "peak_mb", "server_mb"):
        medians = f"{first[name].median():.1f} at first, {last[name].median():.1f} at last"
        lines.append(f"{name}: median {medians}")
    millions = table["reports"].diff().iloc[1:] / 1e6
    for name in ("positions_kb", "catalogue_kb", "results_kb", "prefect_kb"):
        grown = table[name].diff().iloc[1:]
        each = f"{(grown / millions).median() / 1000:.1f} MB per million reports"
        lines.append(f"{name}: +{grown.median():.0f} a night, {each}")
    for name in ("left_processes", "left_temporary", "problems"):
        lines.append(f"{name}: {int(table[name].sum())} in all")
    lines.append(f"unnamed files: {sum(len(one) for one in table['unnamed'])}")
    sys.stdout.write("\n".join([*lines, json.dumps(killed, indent=1), ""]))


def draw(table: pd.DataFrame, killed: dict[str, Any], options: argparse.Namespace) -> None:
    """The curves as a picture."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(13, 3.8), layout="constrained")
    night = table["night"]
    axes[0].plot(night, table["cpu_s"], color="#1f5a7a", marker=".")
    axes[0].set(title="CPU of a night, s", ylim=(0, None))
    axes[1].plot(night, table["peak_mb"], color="#1f5a7a", marker=".", label="peak of a night")
    axes[1].plot(night, table["server_mb"], color="#8a8a8a", marker=".", label="Prefect's server")
    axes[1].set(title="Memory, MB", ylim=(0, None))
    axes[1].legend(frameon=False)
    kinds = {
        "positions_kb": "positions",
        "catalogue_kb": "catalogue",
        "results_kb": "results of runs",
        "prefect_kb": "Prefect's own",
    }
    for (name, label), color in zip(
        kinds.items(), ("#1f5a7a", "#c2571a", "#5b8c3e", "#8a8a8a"), strict=True
    ):
        axes[2].plot(night, table[name] / 1000, label=label, color=color, marker=".")
    axes[2].set(title="What the home holds, MB", ylim=(0, None))
    axes[2].legend(frameon=False)
    for axis in axes:
        axis.set_xlabel("night")
        axis.spines[["top", "right"]].set_visible(False)
    equal = "equal to" if not killed["differing"] else "NOT equal to"
    figure.suptitle(
        f"{len(table)} exercise nights of {options.vessels} vessels in sequence; after "
        f"{killed['kills']} kill -9 in {KILLED_NIGHTS} more nights the store is {equal} that of "
        "undisturbed runs",
        fontsize=11,
    )
    figure.savefig(options.figure, dpi=110)


if __name__ == "__main__":
    main()
