"""From what the user names (file, folder, glob, "-") to the feed files that are there."""

import glob
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from detectors.core.errors import SelatError
from pipelines.base.bounded import BLOCK, DamageError
from pipelines.base.files import FRESH_NS
from pipelines.base.visible import clean
from pipelines.ingest import beside
from pipelines.ingest.containers import first_bytes, kind_of
from pipelines.ingest.errors import ChangedError, IngestError, as_text, explained
from pipelines.ingest.layouts import load_layouts
from pipelines.ingest.lines import head_of
from pipelines.ingest.opening import matching, opened, walked
from pipelines.ingest.report import escaped
from pipelines.ingest.sniff import looks_like_csv, sniff, table_header

_FEED_SUFFIXES: Final = frozenset(
    {".csv", ".tsv", ".nmea", ".nm4", ".ais", ".aivdm", ".jsonl", ".ndjson", ".parquet"}
)
_TABLE_SUFFIXES: Final = frozenset({".csv", ".tsv"})
_PACKED_SUFFIXES: Final = frozenset({".gz", ".zst", ".zip"})
# Prose about a feed may quote a sentence of it.
_PROSE_SUFFIXES: Final = frozenset({".md", ".rst", ".html", ".pdf", ".yaml", ".yml"})
_PROSE_NAMES: Final = ("readme", "source.", "licence", "license", "notice", "changelog")


# What makes a folder a home: its runs and its store hold tables, and none of them is a feed.
_STORE: Final = Path("store", "catalogue.duckdb")
_Known = Callable[[Path], bool] | None

SIGHTINGS: Final = "is a table of sightings, no feed: selat nightly takes it in as such"

STDIN: Final = "standard input"
"""Name of the feed that is piped in."""


@dataclass(frozen=True)
class Seen:
    """A file at a moment: which it is, its size, and when it was changed last.

    `is_fresh`: whether it was changed so lately that another change needn't show in its times.
    """

    file: tuple[int, int]
    size: int
    changed_ns: tuple[int, int]
    is_fresh: bool = field(compare=False)

    @classmethod
    def of(cls, file: BinaryIO) -> "Seen":
        """Return an open file as it is now."""
        stat = os.fstat(file.fileno())
        changed_ns = (stat.st_mtime_ns, stat.st_ctime_ns)
        is_fresh = max(changed_ns) > time.time_ns() - FRESH_NS
        return cls((stat.st_dev, stat.st_ino), stat.st_size, changed_ns, is_fresh)


@dataclass(frozen=True)
class FeedFile:
    """A file to read.

    `seen`: what it was when its digest was taken; None for a file that nobody writes to.
    """

    path: Path
    name: str
    sha256: str
    seen: Seen | None = field(default=None, compare=False)

    @classmethod
    def of(cls, path: Path, name: str) -> "FeedFile":
        """Return a file as it is now."""
        with opened(path) as file:
            seen = Seen.of(file)
            return cls(path, name, _digest(file, seen.size), seen)

    @property
    def size(self) -> int | None:
        """Return how many bytes the digest is of; None for all."""
        return None if self.seen is None else self.seen.size

    def begins_as(self, others: Collection[tuple[str, int]]) -> set[str]:
        """Return which of some contents, each a SHA-256 and its bytes, it holds more behind."""
        of_size: dict[int, set[str]] = {}
        for other, size in others:
            if self.size and 0 < size < self.size:
                of_size.setdefault(size, set()).add(other)
        found: set[str] = set()
        if not of_size:
            return found
        digest, done = hashlib.sha256(), 0
        with opened(self.path) as file:
            for size in sorted(of_size):
                while done < size and (data := file.read(min(BLOCK, size - done))):
                    digest.update(data)
                    done += len(data)
                found |= {digest.hexdigest()} & (of_size[size] if done == size else set())
        return found

    def check(self, *, may_grow: bool) -> None:
        """Make sure that what was read is what the digest says.

        `may_grow`: whether nothing was read of what may have come behind the bytes of the digest.
        """
        if self.seen is None:
            return
        with opened(self.path) as file:
            now = Seen.of(file)
            if now == self.seen and not self.seen.is_fresh:
                return
            grown = now.file == self.seen.file and now.size > self.seen.size and may_grow
            same = now.file == self.seen.file and now.size == self.seen.size
            if not (grown or same) or _digest(file, self.seen.size) != self.sha256:
                raise ChangedError(
                    f"{self.name} changed while it was read",
                    hint="whatever writes it should write a new file and rename it when it is done",
                )


class Feeds(list[FeedFile]):
    """The feed files found, and the other files that were passed over.

    Attributes
    ----------
    skipped
        (name, reason) of each file in a folder or glob that isn't a feed.
    seen
        The tables of sightings among these.
    unreadable
        What was named but isn't there or can't be read, with the error.
    known
        How many files were passed by, since they are known.
    """

    def __init__(self, files: Sequence[FeedFile] = (), skipped: Sequence[tuple[str, str]] = ()):
        super().__init__(files)
        self.skipped = list(skipped)
        self.seen: list[str] = []
        self.unreadable: dict[str, SelatError] = {}
        self.known = 0

    def unread(self, name: str, error: Exception) -> None:
        """Note what can't be read."""
        name = as_text(name)
        self.unreadable[name] = explained(name, error)


def discover(
    feeds: Sequence[str],
    spool: Path,
    stdin: BinaryIO | None = None,
    known: Callable[[Path], bool] | None = None,
) -> Feeds:
    """Find the feed files that the user means.

    A file that is named is taken as it is. Of a folder (with all folders in it, links to folders
    aside) or a glob those files are taken that are feeds: AIS sentences or a table in them, told
    by content, or a feed's usual suffix. The others are listed in `Feeds.skipped`: sightings and
    the truth of an exercise too, whatever they are called (`beside`).

    They come in the order of `feeds`, within a folder or glob by name; each file once.

    Raises IngestError if nothing that was named can be read: it isn't there, or a folder or glob
    holds no feed. Where something else can, see `Feeds.unreadable`.

    Parameters
    ----------
    spool
        Folder in which standard input is kept, under its digest; made if needed.
    known
        Tells which files to pass by, unread.
    """
    found = Feeds()
    seen: set[Path] = set()
    for feed in feeds:
        try:
            for path, name in _expand(feed, spool, stdin, found, known):
                if known and known(path):
                    found.known += 1
                    continue
                if (real := path.resolve()) in seen:
                    continue
                seen.add(real)
                _add(found, path, as_text(name))
        except Exception as error:
            found.unread(feed, error)
    if found.unreadable and not (found or found.known):
        raise next(iter(found.unreadable.values()))
    return found


def _add(found: Feeds, path: Path, name: str) -> None:
    try:
        # What it is called is for people; a name may hold anything, and needn't be UTF-8.
        text = clean(os.fsencode(name).decode("utf-8", "backslashreplace"))
        found.append(FeedFile.of(path, text))
    except Exception as error:
        found.unread(name, error)


def _expand(
    feed: str, spool: Path, stdin: BinaryIO | None, found: Feeds, known: _Known
) -> Iterator[tuple[Path, str]]:
    if feed == "-":
        yield _spooled(stdin or sys.stdin.buffer, spool), STDIN
        return
    path = Path(feed).expanduser()
    if path.is_file():
        yield path, feed
    elif path.is_dir():
        yield from _feeds_among(_walk(path, found), feed, "the folder", found, known)
    elif path.exists():
        raise IngestError(f"{feed} is neither a file nor a folder", hint="pipe it in: … | selat -")
    elif glob.has_magic(feed):
        matches = matching(str(path), partial(_unread, found))
        if not matches:
            raise IngestError(f"no file matches {feed}", hint="check the path and the pattern")
        files = [
            file
            for match in matches
            for file in (_walk(match, found) if os.path.isdir(match) else [match])  # noqa: PTH112 - no error for what is closed
        ]
        yield from _feeds_among(files, feed, "what matches", found, known)
    else:
        raise IngestError(f"there is no file or folder {feed}", hint="check the path")


def _unread(found: Feeds, error: OSError) -> None:
    found.unread(str(error.filename), error)


def _walk(folder: Path, found: Feeds) -> list[Path]:
    paths = []
    for where, folders, files in walked(folder, partial(_unread, found)):
        stores = {name: where / name / _STORE for name in folders}
        homes = [name for name, at in stores.items() if os.path.isfile(at)]  # noqa: PTH113 - no error for what is closed
        found.skipped += [
            (as_text(str(where / name)), "is a home of Selat's own") for name in homes
        ]
        folders[:] = [name for name in folders if name not in homes]
        paths += [where / file for file in files]
    return sorted(paths)


def _feeds_among(
    paths: Sequence[Path], asked: str, what: str, found: Feeds, known: _Known
) -> Iterator[tuple[Path, str]]:
    taken = 0
    passed: list[tuple[str, str]] = []
    for path in paths:
        try:
            why_not = _why_not(path, known)
        except Exception as error:
            found.unread(str(path), error)
            continue
        if why_not:
            passed.append((as_text(str(path)), why_not))
            if why_not == SIGHTINGS:
                found.seen.append(str(path))
        else:
            taken += 1
            yield path, str(path)
    found.skipped += passed
    if not taken:
        listed = "; ".join(f"{escaped(Path(n).name)}: {why}" for n, why in passed[:3])
        raise IngestError(
            f"there is no feed in {what} {asked}",
            hint=listed or "no file is in it",
        )


def is_called_a_feed(name: str) -> bool:
    """Return whether a file in an archive, which isn't looked for by content, has a feed's name."""
    last = name.replace("\\", "/").rpartition("/")[2].casefold()
    # macOS puts a hidden file beside each that it packs.
    return not last.startswith((".", *_PROSE_NAMES)) and Path(last).suffix in _FEED_SUFFIXES


def _why_not(path: Path, known: _Known) -> str:
    """Return why a file found in a folder isn't a feed; empty if it is one."""
    name = path.name.casefold()
    if name.startswith("."):
        return "hidden"
    if not path.is_file():
        return "not a regular file"
    suffixes = [suffix.casefold() for suffix in path.suffixes]
    if set(suffixes[-1:]) & _PROSE_SUFFIXES or name.startswith(_PROSE_NAMES):
        return "text about feeds, by its name"
    inner = [suffix for suffix in suffixes if suffix not in _PACKED_SUFFIXES]
    if set(inner[-1:]) & _TABLE_SUFFIXES and not (known and known(path)):
        return _beside(path)
    if set(inner[-1:]) & _FEED_SUFFIXES:
        return ""
    try:
        kind = kind_of(first_bytes(path))
        if kind == "zip" or looks_like_csv(head := head_of(path)):
            return ""
        plain = path if kind == "plain" else None
        sniff(head, path.name, load_layouts(None), None, plain)
    except DamageError:  # nobody can tell what it was; reading it says why
        return ""
    except IngestError as error:
        return error.message.removeprefix(f"{path.name} ")
    return ""


def _beside(path: Path) -> str:
    """Return what a table is that stands beside feeds; empty if it may be one, or is damaged."""
    try:
        data = head_of(path)
    except Exception:  # reading it says why
        return ""
    header = table_header(data)
    if error := beside.truth(path.name, data, header):
        return error.message.removeprefix(f"{path.name} ")
    if beside.is_seen(header):
        return SIGHTINGS
    return ""


def _spooled(stdin: BinaryIO, spool: Path) -> Path:
    spool.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=spool, prefix=".stdin-", delete=False) as file:
        shutil.copyfileobj(stdin, file)
        fresh = Path(file.name)
    if not fresh.stat().st_size:
        fresh.unlink()
        raise IngestError("standard input is empty", hint="pipe a feed into it")
    with fresh.open("rb") as written:
        kept = spool / f"stdin-{_digest(written, fresh.stat().st_size)[:16]}"
    return fresh.replace(kept)


def _digest(file: BinaryIO, size: int) -> str:
    """Return the digest of the first bytes of a file."""
    digest = hashlib.sha256()
    file.seek(0)
    while size and (data := file.read(min(BLOCK, size))):
        digest.update(data)
        size -= len(data)
    return digest.hexdigest()
