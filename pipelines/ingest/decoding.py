"""A feed file to batches of rows: opened, recognised, read, accounted for."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

from pipelines.ingest.beside import BesideError
from pipelines.ingest.clocks import Conduct
from pipelines.ingest.containers import (
    PARQUET_MAGIC,
    UNFINISHED,
    Budget,
    Member,
    first_bytes,
    kind_of,
    members,
)
from pipelines.ingest.discovery import STDIN, FeedFile, is_called_a_feed
from pipelines.ingest.errors import CutOffError, IngestError, explained
from pipelines.ingest.formats import Feed, Found
from pipelines.ingest.lines import Lines
from pipelines.ingest.options import DECODER_VERSION, IngestOptions
from pipelines.ingest.report import Report
from pipelines.ingest.rows import Batch
from pipelines.ingest.sniff import sniff

# What every file of Office Open XML has (ISO/IEC 29500-2, 7.2.3).
_OFFICE: Final = "[Content_Types].xml"


class Decoding:
    """The batches of a feed; its report is complete when they have been read."""

    def __init__(
        self,
        feed: FeedFile,
        options: IngestOptions,
        progress: Callable[[int], None] | None = None,
        announce: Callable[[str], None] | None = None,
    ) -> None:
        self._feed, self._options, self._announce = feed, options, announce
        self._progress = progress or (lambda _: None)
        self.report = Report()
        self._formats: set[str] = set()
        self._is_archive = self._is_read_on = False

    def __iter__(self) -> Iterator[Batch]:
        """Read the feed, once.

        In a zip, files that aren't feeds are passed over, and lines are numbered through all
        files that are.

        Raises
        ------
        IngestError
            If the file isn't a feed, is empty, grows too large, is damaged so that nothing can be
            read, has no times at all, or mixes simulated and real sentences.
        ChangedError
            Behind the last batch, if the file isn't any more what its digest says.
        """
        try:
            yield from self._all_batches()
            self._check()
        except IngestError as error:
            # Of a file that is being written to, nothing else that is wrong with it matters.
            self._feed.check(may_grow=self._is_read_on)
            seen = None if self._feed.name == STDIN else self._feed.seen  # that is our own copy
            if isinstance(error, CutOffError) and seen is not None:
                raise error.of_file(seen.changed_ns[0]) from error
            raise
        self._feed.check(may_grow=self._is_read_on)

    def _all_batches(self) -> Iterator[Batch]:
        first = 1
        conduct = Conduct()
        for member in self._members():
            lines = Lines(member, first)
            kind = self._recognise(member, lines)
            if kind is not None:
                for batch in self._batches(member, lines, kind):
                    self.report.landed(*batch.heard, batch.statics)
                    conduct.landed(batch)
                    yield batch
                self._note_damage(member, lines)
                if lines.unended and member.path is not None:
                    self.report.unended_bytes = self._feed.size or 0
            first = lines.next
        self.report.clocks += conduct.found()

    def _members(self) -> Iterator[Member]:
        path, name, options = self._feed.path, self._feed.name, self._options
        try:
            head = first_bytes(path)
        except OSError as error:
            raise explained(name, error) from error
        self._is_archive = kind_of(head) == "zip"
        # What describes these is at their end.
        self._is_read_on = not self._is_archive and not head.startswith(PARQUET_MAGIC)
        budget = Budget(options.max_uncompressed_bytes, options.max_ratio)
        return members(path, name, budget, self._progress, self._feed.size)

    def _recognise(self, member: Member, lines: Lines) -> Found | None:
        """Tell what a member is; None for a file in a zip that isn't a feed."""
        name = self._feed.name
        lost = f"{member.damage}: nothing in it can be read" if lines.is_lost else ""
        if not self._is_archive:
            if lost:
                raise CutOffError(f"{name}: {lost}", hint="fetch it again")
            return self._sniffed(member, lines, name)
        if member.unreadable or lost:
            self._unread(member, lines, member.unreadable or lost, is_meant=True)
            return None
        try:
            return self._sniffed(member, lines, "")
        except BesideError as error:
            self._unread(member, lines, error.message.strip(), is_meant=False)
        except Exception as error:
            why = explained("", error).message.strip()
            self._unread(member, lines, why, is_meant=is_called_a_feed(member.name))
        return None

    def _unread(self, member: Member, lines: Lines, why: str, *, is_meant: bool) -> None:
        """Note that a file in a zip isn't read; one that was meant to be a feed is a loss."""
        self.report.skip(member.name, why)
        if is_meant:
            self.report.rows_read += 1
            self.report.reject("unreadable file", lines.next, f"{member.name}: {why}")

    def _sniffed(self, member: Member, lines: Lines, name: str) -> Found:
        options = self._options
        return sniff(lines.head, name, options.layouts, options.mapping, member.path)

    def _batches(self, member: Member, lines: Lines, kind: Found) -> Iterator[Batch]:
        self._formats.add(kind.name)
        self.report.format = ", ".join(sorted(self._formats))
        source = self._feed.sha256[:16]
        feed = Feed(
            lines, member.path, self._feed.name, source, self._options, self.report, self._announce
        )
        yield from kind.read(feed)

    def _note_damage(self, member: Member, lines: Lines) -> None:
        if member.damage and (lines.rest or member.damage != UNFINISHED):
            self.report.rows_read += 1
            place = lines.next if lines.rest_at is None else lines.rest_at
            self.report.reject(member.damage, place, lines.rest)

    def _check(self) -> None:
        report, name = self.report, self._feed.name
        if not self._formats:
            skipped = "; ".join(f"{s['name']}: {s['why']}" for s in report.skipped[:3])
            if any(s["name"] == _OFFICE for s in report.skipped):
                skipped = "it looks like a workbook: save its sheet as CSV"
            raise IngestError(f"there is no feed in {name}", hint=skipped or "it is empty")
        # Rows from the future may land later: a feed of them alone is noted like any other.
        waiting = report.rejected.get("future", 0)
        kept = report.positions + report.statics + report.outside_area + waiting
        if kept:
            return
        untimed = report.rejected.get("no time", 0)
        if untimed and not report.timed:
            raise IngestError(
                f"{name} has no times: {untimed:,} reports, and nothing says when they were "
                "received",
                hint="record it with tag blocks or epochs; or --assume-time gives all of them "
                "one time that you know",
            )
        misread = report.rejected.get("time", 0)
        if misread and misread == report.rows_read:
            sample = next(s["text"] for s in report.samples if s["reason"] == "time")
            raise IngestError(
                f"{name}: no row has a time that can be read",
                hint=f"is the layout's time_format right? The first row is: {sample}",
            )


def decode(
    feed: FeedFile,
    options: IngestOptions,
    progress: Callable[[int], None] | None = None,
    announce: Callable[[str], None] | None = None,
) -> Decoding:
    """Read a feed: iterate over the result for batches, then look at its `report`.

    `progress` is called with the number of bytes of the file on disk that are dealt with,
    `announce` with a sentence for people before the decoder of sentences is compiled.
    """
    return Decoding(feed, options, progress, announce)


def key(feed: FeedFile, options: IngestOptions) -> str:
    """Return all that a feed's rows depend on: its content, the area, its layout, this decoder.

    A second reading of a feed with the same key gives the same rows. The layout is looked up by
    the feed's header, so a change to one layout concerns only the feeds that are read with it.
    """
    return next(keys(feed, options))


def keys(feed: FeedFile, options: IngestOptions) -> Iterator[str]:
    """Return what `key` does, and what it did with each decoder and layout before, newest first."""
    layouts = dict.fromkeys(_layouts_of(feed, options))
    read_so = [f"{feed.sha256}|{options.key(each)}" for each in layouts]
    return (f"{one}|{version}" for version in range(DECODER_VERSION, 0, -1) for one in read_so)


def _layouts_of(feed: FeedFile, options: IngestOptions) -> tuple[str, str]:
    """Return the layouts that a feed is read with, each with its digest, and as they were in older
    programs; empty if with none.
    """
    used: set[str] = set()
    older: set[str] = set()
    budget = Budget(options.max_uncompressed_bytes, options.max_ratio)
    try:
        for member in members(feed.path, feed.name, budget, lambda _: None, feed.size):
            head = Lines(member).head
            with suppress(Exception):  # not a feed: `decode` says why
                kind = sniff(head, feed.name, options.layouts, options.mapping, member.path)
                used.add(kind.key)
                older.add(kind.older_key or kind.key)
    except Exception:  # it can't be read: `decode` says why
        return "", ""
    return ",".join(sorted(used - {""})), ",".join(sorted(older - {""}))
