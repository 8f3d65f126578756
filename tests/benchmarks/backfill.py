"""Back-fill a large exercise in every way: time, memory of the largest process, equality.

    python tests/benchmarks/backfill.py OUT [--days 2] [--vessels 1200]

Each way has a copy of the same home and a process of its own. Seconds of CPU are those of all its
processes, of the driver alone and of its workers, memory is that of the largest one. Compared with
one day after the other, as `selat detect --date` has them: every table and every file. Not part of
`make bench`, which keeps to one core: it takes some five minutes of two.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
from soak import FIRST, content, same

from pipelines.base.allocation import keep_what_is_freed
from pipelines.base.progress import reporter
from pipelines.base.settings import load
from pipelines.detect.spread.engines import Dask, engine
from pipelines.exercise import simulate
from pipelines.run import feeds, runs
from pipelines.run.fill import fill, raise_if_partial
from pipelines.run.setup import load_zones
from pipelines.run.sightings import import_only

WAYS: dict[str, dict[str, Any]] = {
    "one day after the other": {},
    "in this process": {"engine": None},
    "1 worker": {"engine": "dask", "workers": 1},
    "2 workers": {"engine": "dask", "workers": 2},
}


def main() -> None:
    """Run all ways, compare, print a table."""
    options = parsed()
    if options.way:
        sys.stdout.write(json.dumps(measured(options, WAYS[options.way])))
        return
    home = prepared(options)
    rows, expected = [], None
    for way in WAYS:
        copy = options.out / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(home, copy, symlinks=True)
        asked = [sys.executable, __file__, *sys.argv[1:], "--way", way]
        ended = subprocess.run(asked, stdout=subprocess.PIPE, text=True, check=True)
        found = content(copy)
        expected = expected or found
        names = expected.keys() | found.keys()
        differing = sorted(name for name in names if not same(expected, found, name))
        rows.append({"way": way, **json.loads(ended.stdout), "differing": len(differing)})
        sys.stderr.write(f"{json.dumps(rows[-1])} {differing[:3]}\n")
    sys.stdout.write(pd.DataFrame(rows).to_string(index=False) + "\n")


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--days", type=int, default=2)
    parser.add_argument("--vessels", type=int, default=1200)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--way", choices=WAYS, help="only this one, in OUT/copy")
    return parser.parse_args()


def prepared(options: argparse.Namespace) -> Path:
    """A home that holds the exercise, with no day looked at."""
    home: Path = options.out / "home"
    if home.exists():
        return home
    folder = options.out / "exercise"
    folder.mkdir(parents=True, exist_ok=True)
    zones = load_zones(load(home))
    simulate(
        folder,
        seed=options.seed,
        hours=24 * options.days,
        vessels=options.vessels,
        start=FIRST.to_pydatetime(),
        zones=zones,
    )
    with reporter(quiet=True) as report:
        feeds.ingest_only(
            load(home),
            zones,
            [str(folder / "feed.nmea.gz")],
            area=None,
            mapping=None,
            report=report,
        )
        import_only(load(home), [str(folder / "sightings.csv")], report)
    return home


def measured(options: argparse.Namespace, way: dict[str, Any]) -> dict[str, Any]:
    """Do it one way in this process, and say what it took."""
    keep_what_is_freed()  # as `selat backfill` does
    installation = load(options.out / "copy")
    dates = [
        f"{(FIRST + pd.Timedelta(days=n)).tz_convert('Asia/Kuala_Lumpur'):%Y-%m-%d}"
        for n in range(options.days)
    ]
    began, worker_mb, workers_s = time.monotonic(), 0, 0.0
    with reporter(quiet=True) as report:
        if not way:
            for date in dates:
                runs.detect_only(installation, date, None, None, report)
        else:
            until = f"{(FIRST + pd.Timedelta(days=options.days)):%Y-%m-%dT%H:%M:%SZ}"
            with engine(way["engine"], None, way.get("workers", 1)) as chosen:
                filled = fill(installation, dates[0], until, chosen, report)
                if isinstance(chosen, Dask):
                    worker_mb = max(chosen.client.run(peak_mb).values())
                    workers_s = sum(chosen.client.run(time.process_time).values())
            raise_if_partial(filled)
    wall_s = time.monotonic() - began
    own, others = (resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "wall_s": round(wall_s),
        "cpu_s": round(sum(u.ru_utime + u.ru_stime for u in (own, others))),
        "driver_s": round(own.ru_utime + own.ru_stime, 1),
        "workers_s": round(workers_s, 1),
        "driver_mb": peak_mb(),
        "worker_mb": worker_mb,
        "cores": os.cpu_count(),
    }


def peak_mb() -> int:
    """Peak memory of this process; what getrusage says may be that of the one that started it."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


if __name__ == "__main__":
    main()
