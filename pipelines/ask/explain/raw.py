"""The reports that an event rests on, as they stand in the feeds."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pandas as pd

from detectors.core.errors import SelatError
from detectors.core.evidence import Evidence
from pipelines import ingest
from pipelines.base.files import remembered_sha256
from pipelines.base.settings import PROJECT, Installation
from pipelines.ingest.readback import Reported, read_back
from pipelines.publish import checks
from pipelines.store import Queries


@dataclass(frozen=True)
class RawReport:
    """A report that the event rests on, as it stands in the feed."""

    what: str
    """Which it is: "first report", "other last report", …"""
    feed: str
    """The feed file as the user named it, empty where the ledger doesn't know it."""
    source: str
    offset: int
    """First digits of the file's SHA-256, and the report's place in it."""
    reported: Reported
    """The report, or why it can't be shown."""


def raw_reports(
    store: Queries, installation: Installation, evidence: Evidence, feeds: Sequence[str]
) -> list[RawReport]:
    """Read back the reports that evidence names, from the feeds as they are now."""
    places = checks.reports(evidence)
    named = None
    if feeds and places:
        named = {
            file.sha256: file.path for file in ingest.discover(list(feeds), installation.spool)
        }
    # A file may be there several times, by another area or layout.
    ledger, lie = store.ledger(), store.feed_places()
    found: dict[tuple[str, int], tuple[str, Reported]] = {}
    for source in sorted({source for source, _ in places.values()}):
        offsets = [offset for other, offset in places.values() if other == source]
        entry = ledger[ledger["sha256"].str.startswith(source)]
        if entry.empty:
            gone = Reported(problem="the feed was deleted from the store")
            found |= {(source, offset): ("", gone) for offset in offsets}
            continue
        row = entry.iloc[0]
        known = [
            lie[key]
            for key in ledger.loc[ledger["sha256"] == row["sha256"], "feed_key"]
            if key in lie
        ]
        read = _read(row, installation, named, offsets, known)
        found |= {(source, offset): (str(row["name"]), read[offset]) for offset in offsets}
    return [
        RawReport(what, found[place][0], *place, found[place][1]) for what, place in places.items()
    ]


def _read(
    entry: pd.Series,
    installation: Installation,
    named: Mapping[str, Path] | None,
    offsets: list[int],
    known: Sequence[Path],
) -> Mapping[int, Reported]:
    path, problem = _file_of(entry, installation, named, known)
    if path is not None:
        try:
            return _back(
                path,
                _state(path),
                str(entry["name"]),
                str(json.loads(entry["report"]).get("format", "")),
                tuple(offsets),
                int(installation.settings.ingest.max_uncompressed_gb * 1e9),
            )
        except SelatError as error:
            problem = error.told
        except OSError as error:
            problem = f"the feed can't be read: {error.strerror or error}"
    return {offset: Reported(problem=problem) for offset in offsets}


def _file_of(
    entry: pd.Series,
    installation: Installation,
    named: Mapping[str, Path] | None,
    known: Sequence[Path],
) -> tuple[Path | None, str]:
    """Find the feed file of a ledger entry if it is where it was, or else why it can't be had.

    `named` are the files named with --feed by their SHA-256, None where none were; `known` is where
    it was found last.
    """
    name, sha256 = Path(str(entry["name"])), str(entry["sha256"])
    if named is not None:
        path = named.get(sha256)
        return path, "" if path else "none of the files named with --feed is the one that was read"
    # Of a feed that an older version read only its name is known, perhaps relative to where that
    # was started: here, beside the home, or in the project.
    bases = (Path.cwd(), installation.home.parent, installation.home, PROJECT)
    places = dict.fromkeys(
        [*known, *(base / name for base in bases), installation.recordings / name.name]
    )
    problem = ""
    for path in places:
        try:
            if not path.is_file():
                continue
            if remembered_sha256(path) == sha256:
                return path, ""
            problem = problem or f"{path} isn't the file that was read: its content has changed"
        except OSError as error:
            problem = problem or f"{path} can't be read: {error.strerror or error}"
    looked = ", ".join(dict.fromkeys(str(path.parent) for path in places))
    return None, problem or (
        f"the feed {name} isn't there any more; name where it is now with --feed (looked in "
        f"{looked})"
    )


def _state(path: Path) -> tuple[int, int, int]:
    """Return what changes with a file's content: a desk asks for the same event many times."""
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns, stat.st_ino


@lru_cache(maxsize=256)
def _back(
    path: Path,
    _state: tuple[int, int, int],
    name: str,
    kind: str,
    places: tuple[int, ...],
    top: int,
) -> Mapping[int, Reported]:
    return read_back(path, name, kind, places, top)
