"""What became of every row of a feed: landed, left out, or rejected for a reason, with samples.

Nothing that was read is unaccounted for: `Report.unaccounted` is 0 after every feed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.frames import from_epoch_us

if TYPE_CHECKING:
    from pipelines.ingest.naming import Named

MAX_SAMPLES: Final = 5
MAX_TEXT: Final = 200
MAX_KINDS: Final = 60
MAX_SKIPPED: Final = 50
MAX_WORDS: Final = 10

REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "checksum": "the NMEA checksum is wrong: the sentence was damaged on its way",
        "malformed": "an AIS sentence that is cut, or whose fields can't be right",
        "not a sentence": "a line that is neither an NMEA sentence, a comment nor blank",
        "overlong line": "a line of more than 64 KiB",
        "payload": "an AIS payload that is empty or has characters that armouring never makes",
        "short": "an AIS message with fewer bits than its type needs",
        "part number": "a type 24 message that is neither part A nor part B",
        "incomplete multi-part": "a part of a message whose other parts didn't arrive",
        "no time": "nothing in the feed says when the report was received",
        "delivery time": "the time behind it is that of its delivery, long after it was received; "
        "no $PGHP line near it tells when that was",
        "time": "a time that can't be read, or lies before 1995 or after 2099",
        "future": "a time in the future by this machine's clock: read again once it has come",
        "mmsi": "an MMSI that isn't nine digits: 100000000 to 999999999, two zeros and seven, or a "
        "zero and eight of which the first is 2 to 7",
        "same number": "an id that happens to get the number of another one: rename it",
        "no position": "the transmitter said that it has no position (lat 91, lon 181)",
        "position": "a latitude or longitude that is out of range or can't be read",
        "columns": "a row with more or fewer columns than the header",
        "json": "a line that isn't a JSON object, or has values of the wrong kind",
        "unreadable file": "a file in an archive: encrypted, a link, or packed in an unknown way",
        "unfinished line": "the last line of a file that grew while it was read",
        "truncated archive": "the compressed file ends too early; the rest is lost",
        "damaged archive": "the compressed file is damaged; what follows the damage is lost",
    }
)
"""Every reason for which a row is rejected, in words."""


@dataclass
class Report:
    """Counts of one feed, filled while it is read."""

    format: str = ""
    """"nmea", "aisstream", the name of a layout, or several of them in an archive."""
    simulated: bool = False
    rows_read: int = 0
    """NMEA: AIS sentences, and lines that should have been one. Tables: their rows."""
    messages: int = 0
    """AIS messages whose sentences were whole, of all types, wherever they are counted below."""
    positions: int = 0
    statics: int = 0
    also_static: int = 0
    """Rows of `statics` that come from a row which is also a position report."""
    outside_area: int = 0
    joined_parts: int = 0
    """Second and later parts of multi-part messages that were put together."""
    duplicate_parts: int = 0
    """Parts that another receiver delivered already."""
    time_from_neighbours: int = 0
    """Reports without a time of their own between two lines that carry one (see `nmea`)."""
    time_of_delivery: int = 0
    """Sentences whose own time is that of their delivery, over a minute after they were received,
    and that got that of their reception (see `aivdm.wrappers`)."""
    time_put_right: int = 0
    """Those of them that a $PGHP line names."""
    delivery_lag_s: float = 0.0
    """How much later than their reception the own times of those were, all together."""
    time_assumed: int = 0
    """Reports that got the time that the user told us to assume."""
    repeated_static: int = 0
    """Rows of tables whose static data repeat the vessel's row before; not in `statics`."""
    first_time: pd.Timestamp | None = None
    last_time: pd.Timestamp | None = None
    rejected: dict[str, int] = field(default_factory=dict)
    """Rows per reason (the keys of `REASONS`)."""
    samples: list[dict[str, Any]] = field(default_factory=list)
    """The first few rejected rows per reason: reason, line (NMEA: byte, as `source_offset`), text
    (escaped, bounded)."""
    other_messages: dict[str, int] = field(default_factory=dict)
    """Rows per kind that are right, but neither positions nor static data ("type 4" …)."""
    other_lines: dict[str, int] = field(default_factory=dict)
    """Lines per kind that aren't AIS: blank, comments, "$ABVSI" … Not in `rows_read`."""
    skipped: list[dict[str, str]] = field(default_factory=list)
    """Members of an archive that aren't feeds, and why."""
    read_as: dict[str, str] = field(default_factory=dict)
    """Of a table without a layout: which columns were taken for what."""
    assumed: list[str] = field(default_factory=list)
    """What was taken for granted of it."""
    unused: list[str] = field(default_factory=list)
    unknown_words: dict[str, int] = field(default_factory=dict)
    """Rows per word for a ship type or a status that isn't understood."""
    ids: dict[int, str] = field(default_factory=dict, repr=False)
    """Ids of vessels that are no MMSIs, by the numbers that they got."""
    mmsis: set[int] = field(default_factory=set, repr=False)
    timed: int = field(default=0, repr=False)
    """Sentences with a time of their own that can be one."""
    unended_bytes: int = 0
    """Of a file of lines whose last one has no end, and may be half a line: its size; else 0."""
    waiting: "Waiting | None" = None
    """Rows rejected as "future", which may land at a later reading."""
    clocks: list[dict[str, Any]] = field(default_factory=list)
    """What the receivers' clocks are seen to be wrong by (see `clocks`)."""

    @property
    def vessels(self) -> int:
        """Distinct MMSI among the positions that landed."""
        return len(self.mmsis)

    @property
    def unaccounted(self) -> int:
        """Rows that were read but became nothing that is counted; always 0."""
        became = (
            self.positions
            + self.statics
            - self.also_static
            + self.outside_area
            + self.joined_parts
            + self.duplicate_parts
            + sum(self.rejected.values())
            + sum(self.other_messages.values())
        )
        return self.rows_read - became

    def reject(self, reason: str, line: int, text: bytes | str) -> None:
        """Count a rejected row, and keep its text where few of the kind are kept."""
        self.reject_many(reason, [(line, text)], 1)

    def reject_many(self, reason: str, rows: Iterable[tuple[int, bytes | str]], n: int) -> None:
        """Count `n` rejected rows; of `rows` (line, text) only the first few are looked at."""
        before = self.rejected.get(reason, 0)
        self.rejected[reason] = before + n
        for line, text in list(rows)[: max(MAX_SAMPLES - before, 0)]:
            self.samples.append({"reason": reason, "line": int(line), "text": escaped(text)})

    def wait(self, mmsi: NDArray[np.integer[Any]], time_us: NDArray[np.int64]) -> None:
        """Note MMSI and time of rows that were rejected as "future"."""
        first, last = from_epoch_us(np.array([time_us.min(), time_us.max()], "int64"))
        if self.waiting is None:
            self.waiting = Waiting(first, last)
        self.waiting.add(first, last, mmsi)

    def other_message(self, kind: str, rows: int) -> None:
        """Count rows of a kind that is right, but isn't kept."""
        _count(self.other_messages, escaped(kind)[:40], rows)

    def other_line(self, kind: str, lines: int) -> None:
        """Count lines that aren't AIS."""
        if lines:
            _count(self.other_lines, kind, lines)

    def skip(self, name: str, why: str) -> None:
        """Say that a member of an archive isn't read."""
        if len(self.skipped) < MAX_SKIPPED:
            self.skipped.append({"name": escaped(name), "why": why})

    def unknown_word(self, word: str, rows: int) -> None:
        """Count rows with a word for a code that isn't understood."""
        _count(self.unknown_words, escaped(word)[:40], rows)

    def number(self, mmsi: int, text: str) -> bool:
        """Note the number that an id got; return whether another id has it already."""
        return self.ids.setdefault(mmsi, text) != text

    def _words_and_ids(self) -> dict[str, Any]:
        """Return the ten commonest words that aren't understood, and how many ids were numbered."""
        told: dict[str, Any] = {}
        if self.read_as:
            told |= {"read_as": self.read_as, "assumed": self.assumed, "unused": self.unused}
        if self.unknown_words:
            common = sorted(self.unknown_words.items(), key=lambda one: (-one[1], one[0]))
            told["unknown_words"] = dict(common[:MAX_WORDS])
        if self.ids:
            told["numbered"] = len(self.ids)
        return told

    def named(self, named: "Named") -> None:
        """Note how a table is read whose layout nobody described."""
        self.read_as, self.assumed = named.said, list(named.assumed)
        self.unused = [escaped(name) for name in named.unused[:MAX_KINDS]]

    def landed(
        self, mmsi: NDArray[np.int64], time_us: NDArray[np.int64], statics: pd.DataFrame
    ) -> None:
        """Count a batch that is handed on: MMSI and time of its positions, and static data."""
        self.positions += len(mmsi)
        self.statics += len(statics)
        self.mmsis.update(pd.unique(mmsi).tolist())
        for times in (from_epoch_us(time_us), statics["time"]):
            if len(times):
                first, last = times.min(), times.max()
                self.first_time = min(self.first_time or first, first)
                self.last_time = max(self.last_time or last, last)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values, for JSON."""
        told = {name: value for name, value in vars(self).items() if name not in _ELSEWHERE}
        for name in ("rejected", "other_messages", "other_lines"):
            told[name] = dict(sorted(told[name].items()))
        return {
            **told,
            "vessels": self.vessels,
            "no_time": self.rejected.get("no time", 0),
            "delivery_lag_s": round(self.delivery_lag_s, 1),
            "first_time": _iso(self.first_time),
            "last_time": _iso(self.last_time),
            "samples": sorted(self.samples, key=lambda s: (s["reason"], s["line"])),
            **self._words_and_ids(),
            **({"unended_bytes": self.unended_bytes} if self.unended_bytes else {}),
            **({} if self.waiting is None else {"waiting": self.waiting.to_dict()}),
        }


_ELSEWHERE: Final = frozenset(
    {
        "read_as",
        "assumed",
        "unused",
        "unknown_words",
        "ids",
        "mmsis",
        "timed",
        "unended_bytes",
        "waiting",
    }
)
"""What isn't told as it is, or not where it says nothing."""


@dataclass
class Waiting:
    """Rows that lay in the future when they were read."""

    first: pd.Timestamp
    last: pd.Timestamp
    rows: int = 0
    mmsis: set[int] = field(default_factory=set, repr=False)

    def add(self, first: pd.Timestamp, last: pd.Timestamp, mmsi: NDArray[np.integer[Any]]) -> None:
        """Count more of them."""
        self.first, self.last = min(self.first, first), max(self.last, last)
        self.rows += len(mmsi)
        self.mmsis.update(pd.unique(mmsi).tolist())

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values, for JSON."""
        return {
            "rows": self.rows,
            "vessels": len(self.mmsis),
            "first_time": _iso(self.first),
            "last_time": _iso(self.last),
        }


def escaped(text: bytes | str | Sequence[str]) -> str:
    r"""Return text of a feed made harmless for a terminal and bounded.

    >>> escaped(b"!AIVDM\x1b[31m")
    '!AIVDM\\x1b[31m'
    """
    if isinstance(text, bytes):
        text = text[: MAX_TEXT + 1].decode("ascii", "backslashreplace")
    printable = str(text)[: MAX_TEXT + 1].encode("unicode_escape").decode("ascii")
    printable = printable.replace("\\\\", "\\")
    return printable if len(printable) <= MAX_TEXT else printable[: MAX_TEXT - 1] + "…"


def _count(counts: dict[str, int], kind: str, rows: int) -> None:
    # A hostile feed could name any number of kinds.
    if kind not in counts and len(counts) >= MAX_KINDS:
        kind = "others"
    counts[kind] = counts.get(kind, 0) + rows


def _iso(time: pd.Timestamp | None) -> str | None:
    return None if time is None else time.isoformat().replace("+00:00", "Z")
