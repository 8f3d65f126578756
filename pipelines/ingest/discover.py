"""From what the user names (file, folder, glob, "-") to the feed files that are there."""

import glob
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from pipelines.ingest.containers import Budget, kind_of, members
from pipelines.ingest.errors import IngestError
from pipelines.ingest.layouts import load_layouts
from pipelines.ingest.lines import Lines
from pipelines.ingest.report import escaped
from pipelines.ingest.sniff import looks_like_csv, sniff
from pipelines.visible import clean

_FEED_SUFFIXES: Final = frozenset(
    {".csv", ".tsv", ".nmea", ".nm4", ".ais", ".aivdm", ".jsonl", ".ndjson", ".parquet"}
)
_PACKED_SUFFIXES: Final = frozenset({".gz", ".zst", ".zip"})
# Prose about a feed may quote a sentence of it.
_PROSE_SUFFIXES: Final = frozenset({".md", ".rst", ".html", ".pdf", ".yaml", ".yml"})
_PROSE_NAMES: Final = ("readme", "source.", "licence", "license", "notice", "changelog")


STDIN: Final = "standard input"
"""Name of the feed that is piped in."""


@dataclass(frozen=True)
class FeedFile:
    """A file to read.

    Parameters
    ----------
    path
        Where it is.
    name
        What the user calls it.
    sha256
        Digest of the file as it lies on disk.
    """

    path: Path
    name: str
    sha256: str


class Feeds(list[FeedFile]):
    """The feed files found, and the other files that were passed over.

    Attributes
    ----------
    skipped
        (name, reason) of each file in a folder or glob that isn't a feed.
    unreadable
        What was named but isn't there or can't be read, with the error.
    """

    def __init__(self, files: Sequence[FeedFile] = (), skipped: Sequence[tuple[str, str]] = ()):
        super().__init__(files)
        self.skipped = list(skipped)
        self.unreadable: dict[str, IngestError] = {}


def discover(feeds: Sequence[str], spool: Path, stdin: BinaryIO | None = None) -> Feeds:
    """Find the feed files that the user means.

    A file that is named is taken as it is. Of a folder (with all folders in it, links to folders
    aside) or a glob those files are taken that are feeds: AIS sentences or a table in them, told
    by content, or a feed's usual suffix. The others are listed in `Feeds.skipped`.

    Parameters
    ----------
    feeds
        Files, folders, globs, or "-" for standard input.
    spool
        Folder in which standard input is kept, under its digest; made if needed.
    stdin
        What to read for "-"; standard input if None.

    Returns
    -------
    Feeds
        In the order of `feeds`, within a folder or glob by name; each file once.

    Raises
    ------
    IngestError
        If nothing that was named can be read: it isn't there, or a folder or glob holds no feed.
        Where something else can, see `Feeds.unreadable`.
    """
    found = Feeds()
    seen: set[Path] = set()
    for feed in feeds:
        try:
            for path, name in _expand(feed, spool, stdin, found.skipped):
                if path.resolve() not in seen:
                    seen.add(path.resolve())
                    _add(found, path, name)
        except IngestError as error:
            found.unreadable[feed] = error
    if found.unreadable and not found:
        raise next(iter(found.unreadable.values()))
    return found


def _add(found: Feeds, path: Path, name: str) -> None:
    try:
        # What it is called is for people; a name may hold anything, and needn't be UTF-8.
        text = clean(os.fsencode(name).decode("utf-8", "backslashreplace"))
        found.append(FeedFile(path, text, _digest(path)))
    except OSError as error:
        hint = "check its permissions and the disk"
        found.unreadable[name] = IngestError(f"{name} can't be read: {error.strerror}", hint=hint)


def _expand(
    feed: str, spool: Path, stdin: BinaryIO | None, skipped: list[tuple[str, str]]
) -> Iterator[tuple[Path, str]]:
    if feed == "-":
        yield _spooled(stdin or sys.stdin.buffer, spool), STDIN
        return
    path = Path(feed).expanduser()
    if path.is_file():
        yield path, feed
    elif path.is_dir():
        yield from _feeds_among(_walk(path), feed, "the folder", skipped)
    elif path.exists():
        raise IngestError(f"{feed} is neither a file nor a folder", hint="pipe it in: … | selat -")
    elif glob.has_magic(feed):
        matches = [Path(name) for name in sorted(glob.glob(str(path), recursive=True))]  # noqa: PTH207
        if not matches:
            raise IngestError(f"no file matches {feed}", hint="check the path and the pattern")
        files = [
            file for match in matches for file in (_walk(match) if match.is_dir() else [match])
        ]
        yield from _feeds_among(files, feed, "what matches", skipped)
    else:
        raise IngestError(f"there is no file or folder {feed}", hint="check the path")


def _walk(folder: Path) -> list[Path]:
    return sorted(
        Path(where) / file for where, _, files in os.walk(folder) for file in files
    )  # fmt: skip


def _feeds_among(
    paths: Sequence[Path], asked: str, what: str, skipped: list[tuple[str, str]]
) -> Iterator[tuple[Path, str]]:
    taken = 0
    passed: list[tuple[str, str]] = []
    for path in paths:
        why_not = _why_not(path)
        if why_not:
            passed.append((str(path), why_not))
        else:
            taken += 1
            yield path, str(path)
    skipped += passed
    if not taken:
        listed = "; ".join(f"{escaped(Path(n).name)}: {why}" for n, why in passed[:3])
        raise IngestError(
            f"there is no feed in {what} {asked}",
            hint=listed or "it is empty; feeds are AIVDM sentences or CSV, plain or compressed",
        )


def _why_not(path: Path) -> str:
    """Why a file found in a folder isn't a feed; empty if it is one."""
    name = path.name.casefold()
    if name.startswith("."):
        return "hidden"
    if not path.is_file():
        return "not a regular file"
    suffixes = [suffix.casefold() for suffix in path.suffixes]
    if set(suffixes[-1:]) & _PROSE_SUFFIXES or name.startswith(_PROSE_NAMES):
        return "text about feeds, by its name"
    inner = [suffix for suffix in suffixes if suffix not in _PACKED_SUFFIXES]
    if set(inner[-1:]) & _FEED_SUFFIXES:
        return ""
    try:
        if _kind(path) == "zip" or looks_like_csv(head := _head(path)):
            return ""
        plain = path if _kind(path) == "plain" else None
        sniff(head, path.name, load_layouts(None), None, plain)
    except IngestError as error:
        return error.message.removeprefix(f"{path.name} ")
    except OSError as error:
        return str(error)
    return ""


def _kind(path: Path) -> str:
    with path.open("rb") as file:
        return kind_of(file.read(8))


def _head(path: Path) -> bytes:
    """First decompressed bytes of a file."""
    budget = Budget(max_bytes=1 << 33, max_ratio=float("inf"))
    for member in members(path, path.name, budget, lambda _: None):
        return Lines(member).head
    return b""


def _spooled(stdin: BinaryIO, spool: Path) -> Path:
    spool.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=spool, prefix=".stdin-", delete=False) as file:
        shutil.copyfileobj(stdin, file)
        fresh = Path(file.name)
    if not fresh.stat().st_size:
        fresh.unlink()
        raise IngestError("standard input is empty", hint="pipe a feed into it")
    kept = spool / f"stdin-{_digest(fresh)[:16]}"
    return fresh.replace(kept)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
