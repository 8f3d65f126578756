"""What looks between nights cost: python tests/benchmarks/looks.py FEED.nmea.gz.

The sentences of a feed, each with its time in a tag block, come in files of some minutes, each
looked at by one process that goes on: CPU seconds by kind of look (at everything; at what is new,
with a run or quiet; a glance), in all and each, beside those of one night of the same feed in that
process, which needn't start then.

    looks.py FEED [--every 15] [--whole 180] [--until 96]
"""

import argparse
import gzip
import re
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from pipelines.base.progress import reporter
from pipelines.base.settings import Installation, WatchSettings, load
from pipelines.run import looked
from pipelines.run.looks import Looked, Looker
from pipelines.run.night import NightRequest, run_night

TIME: Final = re.compile(rb"c:(\d+)")
AROUND: Final = 41
"""A sentence is of the time of most of so many around it: some clocks are wrong."""


def main() -> None:
    """Look after each file, then once at all as a night; print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("feed", type=Path)
    parser.add_argument("--every", type=float, default=15, help="minutes")
    parser.add_argument("--whole", type=float, default=180, help="minutes between such looks")
    parser.add_argument("--until", type=int, default=1_000_000, help="so many looks")
    given = parser.parse_args()
    looked._FRESH_NS = 0  # type: ignore[misc]  # files are as old as they would be
    spent: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder, reporter(quiet=True) as report:
        home = installation(Path(folder) / "looks", given.whole)
        looker = Looker(home, [str(home.home / "feeds")], report, given.every)
        for lines in parts(given.feed, given.every)[: given.until]:
            name = f"{sum(map(len, spent.values())):04d}.nmea"
            (home.home / "feeds" / name).write_bytes(b"".join(lines))
            done = looker.look()
            spent[kind(done)].append(done.cpu_s)
        began_s = time.process_time()
        night = installation(Path(folder) / "night", 0.0)
        run_night(night, NightRequest(feeds=(str(given.feed),)), quiet=True, steps=None)
        spent["night"].append(time.process_time() - began_s)
    for name, each in spent.items():
        sys.stdout.write(f"{name:20} {len(each):4} {sum(each):8.1f} {np.mean(each):8.2f}\n")


def installation(folder: Path, whole_min: float) -> Installation:
    """Return a new home with a folder for feeds."""
    (folder / "feeds").mkdir(parents=True)
    found = load(folder)
    watch = WatchSettings(whole_min=whole_min)
    return replace(found, settings=found.settings.model_copy(update={"watch": watch}))


def parts(feed: Path, every_min: float) -> list[list[bytes]]:
    """Return the lines of a feed in the order in which they came, by so many minutes."""
    lines = gzip.decompress(feed.read_bytes()).splitlines(keepends=True)
    times = [int(found[1]) if (found := TIME.search(line[:80])) else 0 for line in lines]
    padded = np.pad(times, AROUND // 2, mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, AROUND)
    usual_s = np.maximum.accumulate(np.median(around, axis=1))
    cuts = np.flatnonzero(np.diff((usual_s - usual_s[0]) // (every_min * 60))) + 1
    edges = [0, *cuts.tolist(), len(lines)]
    return [lines[a:b] for a, b in pairwise(edges)]


def kind(done: Looked) -> str:
    """Return what sort of look it was."""
    if done.whole:
        return "at everything"
    if done.finished is not None:
        return "with a run"
    return "quiet" if done.vessels else "a glance"


if __name__ == "__main__":
    main()
