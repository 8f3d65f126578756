"""Feeds into the store."""

import hashlib
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePath
from random import SystemRandom
from tempfile import TemporaryDirectory
from typing import Any, Final

import pandas as pd

from detectors.core.errors import SelatError
from detectors.surroundings.zones import Zones
from pipelines import ingest
from pipelines.base.progress import Reporter
from pipelines.base.settings import IngestSettings, Installation
from pipelines.ingest import clocks, waiting
from pipelines.ingest.listen import recover
from pipelines.run.opened import writing
from pipelines.run.windows import utc
from pipelines.store import RUN_WAIT_S, StoreBusyError, Writer

Failed = Callable[[Path, SelatError], object]

_TRIES: Final = 3
"""How often a feed is read that changes meanwhile."""
_MAX_JITTER: Final = 1.5
RECORDINGS: Final = "the folder of recordings"
"""What it is called where it can't be read."""


@dataclass(frozen=True)
class Reading:
    """How a person asks for feeds to be read; None leaves it to settings and content."""

    area: str | None = None
    """Keep reports inside: "all", a zone's id, or W,S,E,N."""
    mapping: str | None = None
    """Name of the mapping of config/mappings.yaml through which CSV is read."""
    assume_time: str | None = None
    """The one time of all reports of feeds without any, ISO 8601."""


@dataclass
class IngestSummary:
    """What became of the feeds of a run, by name: the report of each that was `added`, the digest
    of each that was there, why others failed; and the tables of sightings that lie among them.
    """

    added: dict[str, dict[str, Any]] = field(default_factory=dict)
    already_there: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)

    def fail(self, name: str, why: object, report: Reporter) -> None:
        """Note and say that a feed, or a part of it, could not be read."""
        text = str(why)
        named = text.startswith((f"{name} ", f"{name}: "))
        # it is told behind the name elsewhere
        self.failed[name] = text[len(name) :].lstrip(": ") if named else text
        report.step(f"✗ {why}" if named else f"✗ {name}: {why}")
        if isinstance(why, SelatError) and why.hint:
            report.step(f"  hint: {why.hint}")


def ingest_feed(
    store: Writer,
    feed: ingest.FeedFile,
    options: ingest.IngestOptions,
    report: Reporter,
    tries: IngestSettings | None = None,
) -> dict[str, Any] | None:
    """Add one feed to the store; None if it is there already, else its report.

    One of which rows waited for their time is read again once that has come, see `waiting`; one
    that changes meanwhile at once, and one whose file system fails, such as a network share that
    comes and goes, as often as `tries` says, after growing waits.

    Raises
    ------
    IngestError
        If the feed can't be read at all.
    OSError
        If its file system fails once too often.
    StoreError
        If it is simulated and the store isn't, or the other way round.
    """
    changed = failed = 0
    while True:
        try:
            return _ingest_as_it_is(store, feed, options, report)
        except ingest.ChangedError:
            changed += 1
            if changed == _TRIES:
                raise
            feed = ingest.FeedFile.of(feed.path, feed.name)
        except OSError as error:
            if tries is None or failed == tries.retries:
                raise
            # Not all at the same moment, where several machines wait for one share.
            wait_s = tries.retry_s * 2**failed * SystemRandom().uniform(1.0, _MAX_JITTER)
            failed += 1
            report.step(f"↻ {feed.name}: {error.strerror or error}; read again in {wait_s:.3g} s")
            time.sleep(wait_s)


def _ingest_as_it_is(
    store: Writer,
    feed: ingest.FeedFile,
    options: ingest.IngestOptions,
    report: Reporter,
) -> dict[str, Any] | None:
    key, *earlier = _keys(feed, options)
    before = None
    if store.has_feed(key):
        if PurePath(feed.name).name not in store.called(key):
            store.note_name("ledger", key, feed.name)
        before = waiting.of_feed(store.waiting(), key, feed.name)
        latest = options.not_after
        if before is None or latest is None or not before.due(latest):
            return None
        report.step(f"↻ {feed.name}: read again, since the time of reports in it has come")
        replaces = [key]
    else:
        cut = store.unended()
        grown = feed.begins_as([(of, size) for _, of, size in cut])
        # Half a number is a wrong number: what was read of a line that goes on now goes with it.
        replaces = [key for key, of, _ in cut if of in grown]
        replaces += waiting.alone(store.waiting(), feed.sha256)
        # What an older decoder read of it would stand beside what this one reads.
        replaces += [one for one in earlier if store.has_feed(one) and one not in replaces]
    size = feed.path.stat().st_size
    with report.bar(f"Reading {feed.name}", size) as bar:
        decoding = ingest.decode(
            feed, options, progress=lambda done: bar.to(done, size), announce=report.step
        )
        filled = _LiveReport(decoding, before)
        store.add_feed(
            key,
            sha256=feed.sha256,
            name=feed.name,
            batches=decoding,
            report=filled,
            path=None if feed.name == ingest.STDIN else feed.path.absolute(),
            replaces=replaces,
            late_from=None if before is None else pd.Timestamp(before.first),
        )
    return filled.now()


class _LiveReport(Mapping[str, Any]):
    """A feed's report as a mapping, read when the feed has been read."""

    def __init__(self, decoding: ingest.Decoding, before: waiting.Waiting | None) -> None:
        self._decoding, self._before = decoding, before

    def now(self) -> dict[str, Any]:
        return waiting.noted(self._decoding.report.to_dict(), self._before)

    def __getitem__(self, key: str) -> Any:
        return self.now()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.now())

    def __len__(self) -> int:
        return len(self.now())


def _keys(feed: ingest.FeedFile, options: ingest.IngestOptions) -> Iterator[str]:
    """Return the key of a feed in the ledger, made of its content and all that decides what is read
    from it, and those that it had with decoders of before.
    """
    every = ingest.keys(feed, options)
    return (hashlib.sha256(one.encode()).hexdigest()[:16] for one in every)


def ingest_all(
    store: Writer,
    installation: Installation,
    zones: Zones,
    report: Reporter,
    feeds: Sequence[str],
    reading: Reading,
    ingest_one: Callable[..., dict[str, Any] | None] = ingest_feed,
    known: Callable[[Path], bool] | None = None,
) -> IngestSummary:
    """Ingest every feed that isn't in the store; one that can't be read doesn't stop the others.

    `ingest_one` is `ingest_feed`, or a task that wraps it; files that are `known` are passed by.
    Small ones are taken in together, all or none of them: a listener's hundred files of a day would
    else be published a hundred times.

    Raises SelatError if feeds were named and none of them could be read.
    """
    summary = IngestSummary()
    wanted = list(feeds) or list(installation.settings.feeds)
    errors: list[SelatError] = []
    try:
        wanted = named(installation, feeds, lambda at, why: summary.fail(at.name, why, report))
    except Exception as error:
        errors.append(ingest.explained(RECORDINGS, error))
        summary.fail(RECORDINGS, errors[-1], report)
    if not wanted:
        return summary
    options = ingest_options(installation, zones, reading)
    found = ingest.discover(wanted, installation.spool, known=known)
    _say_skipped(found, report)
    summary.seen = found.seen
    errors += found.unreadable.values()
    for name, unreadable in found.unreadable.items():
        summary.fail(name, unreadable, report)
    with store.gathered():
        for feed in found:
            try:
                added = ingest_one(store, feed, options, report, installation.settings.ingest)
            except StoreBusyError:
                raise
            except Exception as error:
                raise_if_unusable(store, error)
                errors.append(ingest.explained(feed.name, error))
                summary.fail(feed.name, errors[-1], report)
                continue
            if added is None:
                summary.already_there[feed.name] = feed.sha256
                report.step(f"= {feed.name}: already in the store")
            else:
                summary.added[feed.name] = added
                report.step(f"+ {feed.name}: {in_words(added)}")
                for said in clocks.in_words(added):
                    report.step(f"  {feed.name}: {said}")
                for one in added.get("skipped", ())[:5]:
                    report.step(f"  {feed.name}: {one['name']} passed over, {one['why']}")
                if why := damage(added):
                    summary.fail(feed.name, why, report)
    _say_waiting(waiting.by_content(store.waiting()), found, summary, report)
    _note_places(store, found)
    # Standard input was kept only to be read; a rerun reads it again.
    shutil.rmtree(installation.spool, ignore_errors=True)
    if errors and not (summary.added or summary.already_there or found.known):
        raise errors[0]
    return summary


def named(
    installation: Installation, feeds: Sequence[str], failed: Failed = lambda *_: None
) -> list[str]:
    """Return what feeds are read from: those named, else those of the settings; recordings too.

    `failed`: told of what a dead recorder left and can't be finished.
    """
    return [*(list(feeds) or installation.settings.feeds), *_recorded(installation, failed)]


def raise_if_unusable(store: Writer, error: Exception) -> None:
    """Let an error end the run if it isn't a feed's but the store's, which can't be asked then."""
    if not isinstance(error, SelatError):
        try:
            store.sql("SELECT count(*) FROM ledger")
        except Exception:
            raise error from None


def _say_waiting(
    waits: Mapping[str, waiting.Waiting],
    found: ingest.Feeds,
    summary: IngestSummary,
    report: Reporter,
) -> None:
    """Say what waits for its time; a run that lacks it since our clock may be slow is partial."""
    for feed in found:
        if one := waits.get(feed.sha256):
            if one.may_be_the_clock:
                summary.fail(feed.name, one.in_words(), report)
            else:
                report.step(f"  {feed.name}: {one.in_words()}")


def _note_places(store: Writer, found: ingest.Feeds) -> None:
    """Note where feeds that were read before lie now, if they aren't where they were."""
    here = {feed.sha256: feed.path.absolute() for feed in found if feed.name != ingest.STDIN}
    if not here:
        return
    known = store.places_of(list(here))
    moved = {key: here[sha256] for key, sha256, at in known if at is None or not at.exists()}
    if moved:
        store.place_feeds(moved)


def damage(added: Mapping[str, Any]) -> str:
    """Return what is wrong with a feed whose good part is in the store; empty if nothing is."""
    rejected = added["rejected"]
    for reason in ("truncated archive", "damaged archive"):
        if reason in rejected:
            return f"{reason}: what came before the damage is in the store; fetch it whole"
    if unread := rejected.get("unreadable file"):
        first = next(s["text"] for s in added["samples"] if s["reason"] == "unreadable file")
        return f"{unread:,} of the files in it can't be read, such as {first}"
    return ""


def _recorded(installation: Installation, failed: Failed) -> list[str]:
    """Find the folder of recorded live feeds, if any; finish what a dead recorder left."""
    folder = installation.recordings
    if not folder.is_dir():
        return []
    recover(folder, failed)
    return [str(folder)] if any(folder.glob("*.nmea.zst")) else []


def _say_skipped(found: ingest.Feeds, report: Reporter) -> None:
    for name, why in found.skipped:
        report.step(f"– {name}: passed over, {why}")


def in_words(added: Mapping[str, Any]) -> str:
    """Return a feed's report in one line."""
    rejected = sum(added["rejected"].values())
    numbered = f", {added['numbered']:,} ids numbered" if "numbered" in added else ""
    unknown = ", ".join(f"{word!r} {n:,}" for word, n in added.get("unknown_words", {}).items())
    read_as = "".join(f" {name} ← {column}," for name, column in added.get("read_as", {}).items())
    told = [f"read by its column names:{read_as.rstrip(',')}"] if read_as else []
    told += [f"taken for granted: {', '.join(added['assumed'])}"] if added.get("assumed") else []
    told += [f"not read: {', '.join(added['unused'])}"] if added.get("unused") else []
    return (
        f"{added['rows_read']:,} rows, {added['positions']:,} positions, "
        f"{added['statics']:,} static, {added['outside_area']:,} outside the area, "
        f"{rejected:,} rejected{numbered}"
        + (f"; words not understood: {unknown}" if unknown else "")
        + "".join(f"; {one}" for one in told)
    )


def ingest_options(
    installation: Installation, zones: Zones, reading: Reading
) -> ingest.IngestOptions:
    """Return how feeds are read here. Raises SelatError if area or mapping isn't known."""
    settings = installation.settings
    latest = datetime.now(UTC) + timedelta(hours=settings.ingest.max_future_h)
    start = None if reading.assume_time is None else utc(reading.assume_time).to_pydatetime()
    return ingest.IngestOptions(
        area=ingest.Area.parse(reading.area or settings.area, zones),
        mapping=reading.mapping,
        mappings=installation.config / "mappings.yaml",
        assume_start=start,
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
    reading = Reading(area, mapping, assume_time)
    if dry_run:
        options = ingest_options(installation, zones, reading)
        with TemporaryDirectory() as spool:
            return _read_only(ingest.discover(feeds, Path(spool)), options, report)
    with writing(installation, RUN_WAIT_S, begins=True) as store:
        return ingest_all(store, installation, zones, report, feeds, reading)


def _read_only(
    feeds: ingest.Feeds, options: ingest.IngestOptions, report: Reporter
) -> IngestSummary:
    summary = IngestSummary()
    _say_skipped(feeds, report)
    for name, unreadable in feeds.unreadable.items():
        summary.fail(name, unreadable, report)
    for feed in feeds:
        try:
            decoding = ingest.decode(feed, options, announce=report.step)
            for _ in decoding:
                pass
        except Exception as error:
            summary.fail(feed.name, ingest.explained(feed.name, error), report)
            continue
        summary.added[feed.name] = decoding.report.to_dict()
        report.step(f"(not written) {feed.name}: {in_words(summary.added[feed.name])}")
        if one := waiting.of_report(feed.name, summary.added[feed.name]):
            report.step(f"  {feed.name}: {one.in_words()}")
    return summary
