"""Feeds into the store."""

import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from detectors.core.errors import SelatError
from detectors.core.zones import Zones
from pipelines import ingest
from pipelines.flows.windows import utc
from pipelines.listen import recover
from pipelines.progress import Reporter
from pipelines.settings import Installation
from pipelines.store import StoreBusyError, Writer, write


@dataclass
class IngestSummary:
    """What became of the feeds of a run."""

    added: dict[str, dict[str, Any]] = field(default_factory=dict)
    already_there: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def fail(self, name: str, why: object, report: Reporter) -> None:
        """Note and say that a feed, or a part of it, could not be read."""
        self.failed[name] = str(why)
        report.step(f"✗ {name}: {why}")


def ingest_feed(
    store: Writer, feed: ingest.FeedFile, options: ingest.IngestOptions, report: Reporter
) -> dict[str, Any] | None:
    """Add one feed to the store; None if it is there already, else its report.

    Raises
    ------
    IngestError
        If the feed can't be read at all.
    StoreError
        If it is simulated and the store isn't, or the other way round.
    """
    key = feed_key(feed, options)
    if store.has_feed(key):
        store.note_name("ledger", key, feed.name)
        return None
    size = feed.path.stat().st_size
    with report.bar(f"Reading {feed.name}", size) as bar:
        decoding = ingest.decode(
            feed, options, progress=lambda done: bar.to(done, size), announce=report.step
        )
        filled = _LiveReport(decoding)
        store.add_feed(key, sha256=feed.sha256, name=feed.name, batches=decoding, report=filled)
    return filled.now()


class _LiveReport(Mapping[str, Any]):
    """A feed's report as a mapping, read when the feed has been read."""

    def __init__(self, decoding: ingest.Decoding) -> None:
        self._decoding = decoding

    def now(self) -> dict[str, Any]:
        return dict(self._decoding.report.to_dict())

    def __getitem__(self, key: str) -> Any:
        return self.now()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.now())

    def __len__(self) -> int:
        return len(self.now())


def feed_key(feed: ingest.FeedFile, options: ingest.IngestOptions) -> str:
    """Key of a feed in the ledger: its content and all that decides what is read from it."""
    return hashlib.sha256(ingest.key(feed, options).encode()).hexdigest()[:16]


def ingest_all(
    store: Writer,
    installation: Installation,
    zones: Zones,
    report: Reporter,
    feeds: Sequence[str],
    area: str | None,
    mapping: str | None,
    assume_time: str | None = None,
    ingest_one: Callable[..., dict[str, Any] | None] = ingest_feed,
) -> IngestSummary:
    """Ingest every feed that isn't in the store; one that can't be read doesn't stop the others.

    `ingest_one` is `ingest_feed`, or a task that wraps it.

    Raises
    ------
    SelatError
        If feeds were named and none of them could be read.
    """
    summary = IngestSummary()
    named = list(feeds) or list(installation.settings.feeds)
    named += _recorded(installation)
    if not named:
        return summary
    options = ingest_options(installation, zones, area, mapping, assume_time)
    found = ingest.discover(named, installation.spool)
    _say_skipped(found, report)
    errors: list[SelatError] = list(found.unreadable.values())
    for name, unreadable in found.unreadable.items():
        summary.fail(name, unreadable, report)
    for feed in found:
        try:
            added = ingest_one(store, feed, options, report)
        except StoreBusyError:
            raise
        except (SelatError, OSError) as error:
            summary.fail(feed.name, error, report)
            errors.append(error if isinstance(error, SelatError) else _unreadable(feed, error))
            continue
        if added is None:
            summary.already_there.append(feed.name)
            report.step(f"= {feed.name}: already in the store")
        else:
            summary.added[feed.name] = added
            report.step(f"+ {feed.name}: {in_words(added)}")
            if damage := _damage(added):
                summary.fail(feed.name, damage, report)
    # Standard input was kept only to be read; a rerun reads it again.
    shutil.rmtree(installation.spool, ignore_errors=True)
    if errors and not summary.added and not summary.already_there:
        raise errors[0]
    return summary


def _unreadable(feed: ingest.FeedFile, error: OSError) -> ingest.IngestError:
    return ingest.IngestError(f"{feed.name} can't be read: {error.strerror or error}")


def _damage(added: Mapping[str, Any]) -> str:
    """What is wrong with a feed whose good part is in the store; empty if nothing is."""
    for reason in ("truncated archive", "damaged archive"):
        if reason in added["rejected"]:
            return f"{reason}: what came before the damage is in the store, the rest is lost"
    return ""


def _recorded(installation: Installation) -> list[str]:
    """The folder of recorded live feeds, if it holds any; what a dead recorder left is finished."""
    folder = installation.recordings
    if not folder.is_dir():
        return []
    recover(folder)
    return [str(folder)] if any(folder.glob("*.nmea.zst")) else []


def _say_skipped(found: ingest.Feeds, report: Reporter) -> None:
    for name, why in found.skipped:
        report.step(f"– {name}: passed over, {why}")


def in_words(added: Mapping[str, Any]) -> str:
    """A feed's report in one line."""
    rejected = sum(added["rejected"].values())
    return (
        f"{added['rows_read']:,} rows, {added['positions']:,} positions, "
        f"{added['statics']:,} static, {added['outside_area']:,} outside the area, "
        f"{rejected:,} rejected"
    )


def ingest_options(
    installation: Installation,
    zones: Zones,
    area: str | None,
    mapping: str | None,
    assume_time: str | None,
) -> ingest.IngestOptions:
    """How feeds are read in this installation.

    Raises
    ------
    SelatError
        If the area or the mapping isn't known.
    """
    settings = installation.settings
    latest = datetime.now(UTC) + timedelta(hours=settings.ingest.max_future_h)
    return ingest.IngestOptions(
        area=ingest.Area.parse(area or settings.area, zones),
        mapping=mapping,
        mappings=installation.config / "mappings.yaml",
        assume_start=None if assume_time is None else utc(assume_time).to_pydatetime(),
        not_after=latest,
        max_uncompressed_bytes=int(settings.ingest.max_uncompressed_gb * 1e9),
    )


def ingest_only(
    installation: Installation,
    zones: Zones,
    feeds: Sequence[str],
    *,
    area: str | None,
    mapping: str | None,
    assume_time: str | None = None,
    report: Reporter,
    dry_run: bool = False,
) -> IngestSummary:
    """Ingest feeds without detecting anything; with `dry_run` read them and write nothing."""
    if dry_run:
        options = ingest_options(installation, zones, area, mapping, assume_time)
        with TemporaryDirectory() as spool:
            return _read_only(ingest.discover(feeds, Path(spool)), options, report)
    with write(installation.store, installation.settings.store) as store:
        return ingest_all(store, installation, zones, report, feeds, area, mapping, assume_time)


def _read_only(
    feeds: ingest.Feeds, options: ingest.IngestOptions, report: Reporter
) -> IngestSummary:
    summary = IngestSummary()
    _say_skipped(feeds, report)
    for feed in feeds:
        try:
            decoding = ingest.decode(feed, options, announce=report.step)
            for _ in decoding:
                pass
        except (SelatError, OSError) as error:
            summary.fail(feed.name, error, report)
            continue
        summary.added[feed.name] = decoding.report.to_dict()
        report.step(f"(not written) {feed.name}: {in_words(summary.added[feed.name])}")
    return summary
