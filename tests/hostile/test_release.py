"""A pack tells nothing of what its recipient may not have.

The same open feeds are packed for the same recipients by a home that holds nothing else, and by one
that holds secret feeds, sightings, a watch-list and conclusions beside them: not a byte may differ.
"""

import gzip
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from pipelines import store
from pipelines.flows import feeds, runs
from pipelines.flows.dispositions import record
from pipelines.flows.packs import Sent, export_to
from pipelines.progress import reporter
from pipelines.settings import PROJECT, Installation, load
from tests.conftest import leaving_out_briefs

MARKS = """
default: {tlp: GREEN, rel: ALL}
plan: {tlp: GREEN, rel: ALL}
feeds:
  - {feed: "secret*", tlp: AMBER, rel: [MYS]}
sightings:
  - {file: "secret*", tlp: AMBER, rel: [MYS]}
  - {source: "SELATSIM-PATROL", tlp: AMBER, rel: [MYS]}
watchlists:
  - {watchlist: secret, tlp: AMBER, rel: [MYS]}
"""
FORMATS = ["brief", "pdf", "csv", "geoparquet", "geojson", "kml", "kmz", "gpx", "gpkg", "xlsx", "tak",
           "rtz"]  # fmt: skip
RECIPIENTS = f"""
ally: {{title: An ally, holds: [AUS], max_tlp: RED, formats: {FORMATS}}}
crew: {{title: A crew, holds: [AUS], max_tlp: RED, formats: [csv, geojson], plan: all,
       language: ms, top: 5, redact: ["*_source", callsign]}}
coast: {{title: A coast, holds: [AUS], max_tlp: RED, formats: [csv], area: "100,1,104,4",
        redact: [feeds]}}
"""
BEGIN_S = 1767628800  # of the exercise
_TIME = re.compile(rb"^\\[^*]*c:(\d+)")


class Parts:
    """An exercise feed, split by who may have what."""

    def __init__(self, exercise: Path, folder: Path) -> None:
        lines = gzip.decompress((exercise / "feed.nmea.gz").read_bytes()).splitlines(keepends=True)
        times = [int(found[1]) if (found := _TIME.match(line)) else 0 for line in lines]
        self.folder = folder
        early, middle, late = BEGIN_S + 1800, BEGIN_S + 7 * 3600, BEGIN_S + 11 * 3600
        # What one receiver hears, and the first half hour and the last hour, are secret.
        whose: dict[str, list[bytes]] = {}
        for line, time in zip(lines, times, strict=True):
            if b"SELATSIM-JUG" in line or not early < time < late:
                name = "secret-1" if time < middle else "secret-2"
                name = "secret-3" if time >= late else name
            else:
                name = "open-1" if time < middle else "open-2"
            whose.setdefault(name, []).append(line)
        for name, own in whose.items():
            (folder / f"{name}.nmea.gz").write_bytes(gzip.compress(b"".join(own), mtime=0))
        shutil.copy(folder / "open-2.nmea.gz", folder / "secret-copy.nmea.gz")
        seen = (exercise / "sightings.csv").read_text().splitlines(keepends=True)
        (folder / "open.csv").write_text("".join(seen[:20]))
        # The same rows, others under the same names, and more.
        other = [line.replace(",0.9", ",0.8") for line in seen[10:20]]
        (folder / "secret.csv").write_text("".join([*seen[:10], *other, *seen[20:]]))

    def __getitem__(self, name: str) -> str:
        return str(self.folder / (name if name.endswith(".csv") else f"{name}.nmea.gz"))


class Home:
    """A home that is used as an operator uses one."""

    def __init__(self, folder: Path, parts: Parts) -> None:
        config = folder / "config"
        shutil.copytree(PROJECT / "config", config)
        (config / "marks.yaml").write_text(MARKS)
        (config / "recipients.yaml").write_text(RECIPIENTS)
        patrol = (config / "patrol.yaml").read_text()
        (config / "patrol.yaml").write_text(patrol.replace("iterations: 2000", "iterations: 20"))
        self.installation = load(folder / "home", config)
        self.zones = runs.load_zones(self.installation)
        self.parts = parts

    def ingest(self, *names: str) -> None:
        with reporter(quiet=True) as report:
            feeds.ingest_only(
                self.installation, self.zones, [self.parts[name] for name in names],
                area=None, mapping=None, report=report,
            )  # fmt: skip

    def night(self, *sightings: str, date: str | None = None) -> str:
        with reporter(quiet=True) as report:
            paths = [self.parts[name] for name in sightings]
            return runs.detect_only(self.installation, date, None, None, report, paths).run_id

    def conclude(self, event_id: str) -> None:
        record(
            self.installation, event_id, author="A", conclusion="cleared", reason="known",
            quiet_until=pd.Timestamp("2026-02-01", tz="UTC"), quiet_within_m=1e6,
        )  # fmt: skip

    def watch(self, mmsis: list[int], name: str) -> None:
        folder = self.installation.config / "watchlists"
        folder.mkdir(exist_ok=True)
        pd.DataFrame({"mmsi": mmsis}).to_csv(folder / f"{name}.csv", index=False)
        (folder / f"{name}.yaml").write_text(f"title: {name}\nsource: a test\nlicence: CC0-1.0\n")

    def flags(self) -> pd.DataFrame:
        with store.read(self.installation.store) as reader:
            run = reader.last_run()
            assert run is not None
            return reader.flags(run["run_id"])
