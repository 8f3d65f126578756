"""What looks between nights cost: python tests/benchmarks/looks.py FEED.nmea.gz.

The sentences of a feed, each with its time in a tag block, come in files of some minutes (or a
folder holds such files of any format, in order), each looked at by one process that goes on: CPU
seconds by kind of look (at everything; at what is new, with a run or quiet; a glance), in all and
each, with those of the night that follows, beside those of one night of the same feed alone.
That process needn't start for either night. With a feed `--before` it, a night has looked at that
first: looks reach back into it, as those of a home that goes on do.

    looks.py FEED [--before FEED] [--every 15] [--early 60] [--whole 360] [--until 96]
"""

import argparse
import gc
import gzip
import os
import re
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from pipelines.base import files
from pipelines.base.allocation import ENVIRONMENT
from pipelines.base.progress import reporter
from pipelines.base.settings import Installation, WatchSettings, load
from pipelines.run import watching
from pipelines.run.looks import Looked, Looker
from pipelines.run.night import NightRequest, run_night

TIME: Final = re.compile(rb"c:(\d+)")
AROUND: Final = 41
"""A sentence is of the time of most of so many around it: some clocks are wrong."""


def main() -> None:
    """Look after each file, then once at all as a night; print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("feed", type=Path)
    parser.add_argument("--before", type=Path, help="what a night has looked at already")
    parser.add_argument("--every", type=float, default=15, help="minutes")
    watch = WatchSettings()
    parser.add_argument("--early", type=float, default=watch.early_min, help="minutes, at most")
    parser.add_argument("--whole", type=float, default=watch.whole_min, help="minutes, at most")
    parser.add_argument("--until", type=int, default=1_000_000, help="so many looks")
    given = parser.parse_args()
    gc.set_threshold(50_000)  # as the command does
    files.FRESH_NS = 0  # type: ignore[misc]  # files are as old as they would be
    spent: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder, reporter(quiet=True) as report:
        watch = WatchSettings(early_min=given.early, whole_min=given.whole)
        home = installation(Path(folder) / "looks", watch)
        alone = installation(Path(folder) / "night", watch)
        if given.before:
            for one in (home, alone):
                first = NightRequest(feeds=(str(given.before),))
                run_night(one, first, quiet=True, steps=None)
        looker = Looker(home, [str(home.home / "feeds")], report, given.every)
        with watching.economy(home.settings.detection.memory_gb) as settle_down:
            began = datetime.now(UTC)
            for n, (name, content) in enumerate(parts(given.feed, given.every)[: given.until]):
                (home.home / "feeds" / name).write_bytes(content)
                done = looker.look(began + n * timedelta(minutes=given.every))
                if not spent:
                    settle_down()
                spent[kind(done)].append(done.cpu_s)
        for label, night, feed in (
            ("the night after", home, home.home / "feeds"),
            ("a night alone", alone, given.feed),
        ):
            began_s = time.process_time()
            run_night(night, NightRequest(feeds=(str(feed),)), quiet=True, steps=None)
            spent[label].append(time.process_time() - began_s)
    for name, each in spent.items():
        sys.stdout.write(f"{name:20} {len(each):4} {sum(each):8.1f} {np.mean(each):8.2f}\n")


def installation(folder: Path, watch: WatchSettings) -> Installation:
    """Return a new home with a folder for feeds."""
    (folder / "feeds").mkdir(parents=True)
    found = load(folder)
    return replace(found, settings=found.settings.model_copy(update={"watch": watch}))


def parts(feed: Path, every_min: float) -> list[tuple[str, bytes]]:
    """Return names and contents of files: a folder's, or the lines of a feed in the order in which
    they came, by so many minutes.
    """
    if feed.is_dir():
        return [(path.name, path.read_bytes()) for path in sorted(feed.iterdir())]
    lines = gzip.decompress(feed.read_bytes()).splitlines(keepends=True)
    times = [int(found[1]) if (found := TIME.search(line[:80])) else 0 for line in lines]
    padded = np.pad(times, AROUND // 2, mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, AROUND)
    usual_s = np.maximum.accumulate(np.median(around, axis=1))
    cuts = np.flatnonzero(np.diff((usual_s - usual_s[0]) // (every_min * 60))) + 1
    edges = [0, *cuts.tolist(), len(lines)]
    files = [b"".join(lines[a:b]) for a, b in pairwise(edges)]
    return [(f"{n:04d}.nmea", content) for n, content in enumerate(files)]


def kind(done: Looked) -> str:
    """Return what sort of look it was."""
    if done.whole:
        return "at everything"
    if done.finished is not None:
        return "with a run"
    return "quiet" if done.vessels else "a glance"


if __name__ == "__main__":
    as_the_command = {"OPENBLAS_NUM_THREADS": "1", **{k: str(v) for k, v in ENVIRONMENT.items()}}
    if not as_the_command.items() <= os.environ.items():  # it counts when libraries are loaded
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **as_the_command})
    main()
