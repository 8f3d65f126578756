"""What a pack costs, against the night that it is of: `python -m tests.benchmarks.release`.

CPU seconds of one process: the night (no briefs), the first pack of its rights, the pack of another
recipient with the same rights, and the same pack again.
"""

import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from pipelines.base.progress import reporter
from pipelines.base.settings import PROJECT, load
from pipelines.exercise import simulate
from pipelines.publish.files import WRITERS
from pipelines.run import feeds, runs
from pipelines.run.packs import export_to
from pipelines.run.setup import load_zones
from pipelines.run.windows import utc

PROFILE = {"title": "x", "holds": ["MYS"], "max_tlp": "RED", "formats": ["csv", "geojson"]}


def timed(what: str, work: Callable[[], Any]) -> None:
    """Do some work and print what it took."""
    began = time.process_time()
    work()
    sys.stdout.write(f"{what:45} {time.process_time() - began:6.1f} s\n")


def main(hours: int, vessels: int) -> None:
    """Measure an exercise of so many hours and vessels."""
    for name in ("brief.html", "brief.pdf"):
        WRITERS.pop(name, None)
    with TemporaryDirectory() as text, reporter(quiet=True) as report:
        folder = Path(text)
        config = Path(shutil.copytree(PROJECT / "config", folder / "config"))
        (config / "recipients.yaml").write_text(yaml.safe_dump({"one": PROFILE, "two": PROFILE}))
        installation = load(folder / "home", config)
        zones = load_zones(installation)
        start = utc("2026-01-05T16:00:00Z").to_pydatetime()
        simulate(folder, seed=11, hours=hours, vessels=vessels, start=start, zones=zones)
        feeds.ingest_only(
            installation,
            zones,
            [str(folder / "feed.nmea.gz")],
            area=None,
            mapping=None,
            report=report,
        )
        sys.stdout.write(f"{hours} h, {vessels} vessels\n")
        timed("night", lambda: runs.detect_only(installation, None, None, None, report))

        def pack(name: str, out: str) -> None:
            export_to(installation, name, out=folder / out, unsigned=True)

        timed("first pack", lambda: pack("one", "a"))
        timed("pack of another recipient with these rights", lambda: pack("two", "b"))
        timed("the same pack again", lambda: pack("one", "c"))


if __name__ == "__main__":
    sizes = [int(text) for text in sys.argv[1:]] or [12, 80]
    main(*sizes)
