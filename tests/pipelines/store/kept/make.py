"""Make the store of today's version that tests keep for ever: `python make.py`, in this folder.

Once a version of the schema is in use, its archive here is never made again: it stands for the
stores on people's disks. The archive holds the store of a simulated night with sightings, a run, a
conclusion and an operation; beside it lies what a reader of that day found in it.
"""

import json
import sys
import tarfile
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from pipelines import store
from pipelines.cli import main as cli
from pipelines.store.catalogue import SCHEMA_VERSION

HERE = Path(__file__).parent
FIRST, LAST = pd.Timestamp("2026-01-05", tz="UTC"), pd.Timestamp("2026-01-08", tz="UTC")


def found_in(root: Path) -> dict[str, Any]:
    """What a reader finds in a store, by questions that every version can be asked."""
    with store.read(root) as reader:
        run = reader.last_run()
        assert run is not None
        events = reader.events(run["run_id"])
        flags = reader.flags(run["run_id"])
        return {
            "simulated": reader.simulated,
            "feeds": reader.ledger()["feed_key"].tolist(),
            "positions": int(reader.files_by_date()["rows"].sum()),
            "vessels": len(reader.vessels(LAST)),
            "sightings": sorted(reader.all_sightings()["sighting_id"]),
            "run_id": run["run_id"],
            "events": sorted(zip(events["event_id"], events["status"], strict=True)),
            "flags": [
                [int(m), round(float(s), 6)]
                for m, s in zip(flags["mmsi"], flags["score"], strict=True)
            ],
            "revisions": int(reader.sql("SELECT count(*) AS n FROM event_revisions")["n"].iloc[0]),
            "dispositions": reader.dispositions()[["conclusion", "author"]].values.tolist(),
            "operations": reader.operations()["name"].tolist(),
        }


def selat(*arguments: object) -> None:
    """Run the command."""
    sys.argv = ["selat", *map(str, arguments)]
    with suppress(SystemExit):  # of success; a failure shows in what is found
        cli.main()


def main() -> None:
    """Write `schema-N.tar.xz` and `schema-N.json`."""
    archive = HERE / f"schema-{SCHEMA_VERSION}.tar.xz"
    if archive.exists():
        raise SystemExit(f"{archive.name} is there and stays as it is")
    with TemporaryDirectory() as folder:
        home, feed = Path(folder) / "home", Path(folder) / "feed"
        selat("exercise", "simulate", feed, "--seed", 5, "--hours", 8, "--vessels", 40)
        there = ("--home", home)
        selat("ingest", feed / "feed.nmea.gz", *there)
        selat("detect", "--sightings", feed / "sightings.csv", *there)
        with store.read(home / "store") as reader:
            event = reader.sql("SELECT event_id FROM events ORDER BY score DESC, event_id")
        selat(
            "disposition",
            "add",
            event["event_id"].iloc[0],
            "--as",
            "boarded",
            "--reason",
            "two boats alongside",
            "--by",
            "KM Kept",
            *there,
        )
        selat(
            "operation",
            "add",
            "Kept",
            "--since",
            "2026-01-05",
            "--until",
            "2026-01-06",
            "--area",
            "100,1,104,4",
            *there,
        )
        found = json.dumps(found_in(home / "store"), indent=1)
        archive.with_name(f"schema-{SCHEMA_VERSION}.json").write_text(found + "\n")
        with tarfile.open(archive, "w:xz", preset=9) as tar:
            for path in sorted((home / "store").rglob("*")):
                if path.is_file() and path.name != "writer.lock":
                    tar.add(path, path.relative_to(home / "store"), filter=_anonymous)


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


if __name__ == "__main__":
    main()
