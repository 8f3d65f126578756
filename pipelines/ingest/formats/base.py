"""What a format is: it tells by a feed's first bytes whether it can read it, and then reads it."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from pipelines.ingest.errors import IngestError
from pipelines.ingest.layouts import Layout, choose
from pipelines.ingest.lines import BOM, Lines
from pipelines.ingest.options import IngestOptions
from pipelines.ingest.report import Report
from pipelines.ingest.rows import Batch

SENTENCE: Final = re.compile(rb"![A-Z]{2}VD[MO],\d+,\d+,")
_MAX_LINES: Final = 50
T = TypeVar("T")


@dataclass(frozen=True)
class Head:
    """The beginning of a feed, and what there is to recognise it by.

    Parameters
    ----------
    data
        Its first 256 KiB.
    path
        The file that holds just these bytes; None if they come out of an archive.
    mapping
        Name of the layout that the user wants for tables; None to recognise it.
    kept
        What a format worked out to find nothing, to say why not.
    """

    data: bytes
    name: str
    path: Path | None
    layouts: Mapping[str, Layout]
    mapping: str | None
    kept: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def once(self, work_out: Callable[["Head"], T]) -> T:
        """Return what is worked out of it, the first time that it is asked for."""
        if work_out not in self.kept:
            self.kept[work_out] = work_out(self)
        found: T = self.kept[work_out]
        return found

    @cached_property
    def wanted(self) -> Layout | None:
        """The layout that the user wants."""
        return choose(self.layouts, self.mapping) if self.mapping else None

    @cached_property
    def lines(self) -> list[str]:
        """Its first lines; the last of them may be cut."""
        return self.text_lines[:_MAX_LINES]

    @cached_property
    def text_lines(self) -> list[str]:
        """All of its lines; the last of them may be cut."""
        text = self.data.removeprefix(BOM).decode("utf-8", "replace")
        return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")

    @cached_property
    def is_json(self) -> bool:
        """Tell whether it begins with a JSON object, or a list of them."""
        return re.match(rb"\s*(?:\{\s*[\"}]|\[\s*\{)", self.data.removeprefix(BOM)) is not None

    def named(self, error: IngestError) -> IngestError:
        """Return an error with what the user calls the feed."""
        return IngestError(f"{self.name}: {error.message}", hint=error.hint)


@dataclass(frozen=True)
class Feed:
    """What is read.

    Parameters
    ----------
    path
        The file that holds just these bytes; None if they come out of an archive.
    name
        What the user calls it, for messages.
    source
        What goes into the column `source`.
    announce
        Called with a sentence for people before something takes long; None to say nothing.
    """

    lines: Lines
    path: Path | None
    name: str
    source: str
    options: IngestOptions
    report: Report
    announce: Callable[[str], None] | None = None


@dataclass(frozen=True)
class Found:
    """A way to read a feed.

    Parameters
    ----------
    name
        What goes into the report: the name of the format or layout.
    key
        What the rows depend on beside the feed and the options; part of the ledger's key.
    older_key
        What that was in older programs, where it was another: by rows of every zone.
    """

    name: str
    read: Callable[[Feed], Iterator[Batch]]
    key: str = ""
    older_key: str = ""


class Format(Protocol):
    """A format of feeds; a module of this package each, listed in `formats.FORMATS`."""

    title: str
    """What it is, for people."""

    def find(self, head: Head) -> Sequence[Found]:
        """Return the ways to read a feed that begins like this; none if it has another format."""

    def why_not(self, head: Head) -> IngestError | None:
        """Return what a feed of nearly this format lacks; None if it is quite another."""
