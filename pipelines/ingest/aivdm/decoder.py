"""The decoder: blocks of bytes in, columns out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.ingest.aivdm import memory as m
from pipelines.ingest.aivdm.columns import Columns
from pipelines.ingest.aivdm.compiled import (
    MESSAGE,
    MESSAGE_NO_CACHE,
    Announce,
    Kernel,
    compiling,
    kernel,
)
from pipelines.ingest.aivdm.unwrapping import Unwrapping

CHUNK: Final = 1 << 21
"""Bytes decoded at once: small enough that rows stay in the processor's cache."""

MAX_LINE: Final = 1 << 16
"""Longest line that is looked at, without its end; longer ones are no AIS."""

LF: Final = 10
CR: Final = 13
_STEP: Final = MAX_LINE // 2
_PAD: Final = 64


@dataclass(frozen=True)
class Sample:
    """A rejected piece of the feed: its bytes from `start` to before `end`, and its text."""

    reason: str
    start: int
    end: int
    text: bytes


class Decoder:
    """Decode a feed that comes in blocks of any size.

    Where the feed is cut into blocks doesn't change what comes out. Memory is bounded: the arena of
    rows and the memory for parts of messages are allocated here, and used again for every block.

    `announce`: called with a sentence for people before the kernel is compiled, which happens once
    per machine (see `compiled`).
    """

    def __init__(self, announce: Announce | None = None, rows: int = 1 << 17) -> None:
        self._memory = m.Memory(rows)
        self._arguments = self._memory.arguments()
        self._kernel = prepared(announce)
        self._unwrapping = Unwrapping(self._kernel.match)
        self._buffer = np.full(CHUNK + MAX_LINE + 2 + _PAD, 10, np.uint8)
        self._view = self._buffer.data
        self._filled = 0
        self._base = 0
        self._overlong = -1
        self._overlong_text = b""
        self._finished = False

    def feed(self, block: bytes | bytearray | memoryview) -> Columns:
        """Decode the next bytes; give the rows that they settle (a copy of its own).

        The last few lines wait for those behind them, see `unwrapping`.
        """
        return Columns.joined([columns.copy() for columns in self.stream(block)], self._memory)

    def finish(self) -> Columns:
        """Decode what is left at the end of the feed; rejects parts that still wait for others."""
        return Columns.joined([columns.copy() for columns in self.stream_end()], self._memory)

    def stream(self, block: bytes | bytearray | memoryview) -> Iterator[Columns]:
        """Decode like `feed`, in pieces; each is valid until the next is asked for."""
        if self._finished:
            raise ValueError("the feed is finished; begin another with a new Decoder")
        data = memoryview(block).cast("B")
        for start in range(0, len(data), CHUNK):
            piece = data[start : start + CHUNK]
            self.room()[: len(piece)] = piece
            yield from self.advance(len(piece))

    def room(self) -> memoryview:
        """Return where the next bytes (at most `CHUNK`) can be read into; then call `advance`."""
        return self._view[self._filled : self._filled + CHUNK]

    def advance(self, count: int) -> Iterator[Columns]:
        """Decode `count` bytes that were written to `room`; see `stream`."""
        end = self._filled + count
        start = 0
        if self._overlong >= 0:
            start = self._end_of_line(0, end)
            if start < 0:
                self._carry(end - self._ends_open(end), end)
                return
            yield from self._reject_overlong(self._base + start)
        whole = max(start, self._whole_lines(end))
        for first, stop in self._overlong_lines(start, whole):
            yield from self._scan(start, first)
            self._begin_overlong(first)
            yield from self._reject_overlong(self._base + stop)
            start = stop
        yield from self._scan(start, whole)
        if end - self._ends_open(end) - whole > MAX_LINE:
            self._begin_overlong(whole)
            whole = end - self._ends_open(end)
        self._carry(whole, end)

    def cut(self) -> bytes:
        """Forget the line that isn't whole, for feeds whose end is lost; give its bytes."""
        rest = b"" if self._overlong >= 0 else self._view[: self._filled].tobytes()
        self._base += self._filled
        self._filled = 0
        return rest

    def stream_end(self) -> Iterator[Columns]:
        """Decode what is left like `finish`, in pieces; see `stream`."""
        if self._finished:
            return
        self._finished = True
        if self._overlong >= 0:
            yield from self._reject_overlong(self._base + self._filled)
        elif self._filled:
            self._buffer[self._filled] = 10
            yield from self._scan(0, self._filled + 1, limit=self._filled)
        slot, memory = 0, self._memory
        while slot < m.SLOTS:
            self._rewind(0, 0)
            slot = int(self._kernel.expire(slot, memory.head, memory.rejects, memory.parts))
            yield from self._columns()
        yield from self._unwrapping.end(self._memory)

    # -- what became of the feed ------------------------------------------------------------------

    @property
    def rejects(self) -> dict[str, int]:
        """Pieces of the feed that became no row, per reason."""
        counts = self._memory.rejects.counts
        return {reason: int(n) for reason, n in zip(m.REASONS, counts, strict=True) if n}

    @property
    def samples(self) -> list[Sample]:
        """The first rejected pieces of each reason, with their places and (bounded) texts."""
        rejects = self._memory.rejects
        return [
            Sample(reason, int(start), int(end), rejects.samples[index, nth, :length].tobytes())
            for index, reason in enumerate(m.REASONS)
            for nth, (start, end, length) in enumerate(
                rejects.ranges[index, : int(rejects.counts[index])].tolist()
            )
        ]

    @property
    def messages(self) -> dict[int, int]:
        """Messages per type, those that became rows and the others."""
        return {kind: int(n) for kind, n in enumerate(self._memory.type_counts) if n}

    @property
    def other_lines(self) -> dict[str, int]:
        """Lines per kind that aren't AIS: `$PGHP`, `comment`, `blank`, `tags` (a lone block) …"""
        kinds = self._memory.kinds
        names = [
            int(key).to_bytes(8, "little").rstrip(b"\0").decode("ascii") for key in kinds["key"]
        ]
        names[-1] = "others"
        return {name: int(n) for name, n in zip(names, kinds["lines"], strict=True) if n}

    @property
    def stations(self) -> list[str]:
        """Names of the stations, by code."""
        return self._memory.stations

    @property
    def counts(self) -> dict[str, int]:
        """The feed in numbers: pieces, sentences, messages, joined and duplicate parts …"""
        head = self._memory.head[0]
        return {**{name: int(head[name]) for name in COUNTS}, **self._unwrapping.counts}

    @property
    def unaccounted(self) -> int:
        """Pieces of the feed that became nothing that is counted: 0 after `finish`."""
        n = self.counts
        became = (
            n["messages"]
            + n["joined_parts"]
            + n["duplicate_parts"]
            + n["other_lines"]
            + sum(self.rejects.values())
        )
        return n["pieces"] - became

    # -- blocks -----------------------------------------------------------------------------------

    def _scan(self, start: int, stop: int, limit: int | None = None) -> Iterator[Columns]:
        while start < stop:
            self._rewind(self._base, stop if limit is None else limit)
            with compiling(self._kernel):
                start = int(self._kernel.scan(self._buffer, start, stop, *self._arguments))
            yield from self._columns()

    def _rewind(self, base: int, limit: int) -> None:
        head = self._memory.head[0]
        for table in (*TABLES, "wrappers"):
            head[table] = 0
        head["base"] = base
        head["limit"] = limit

    def _columns(self) -> Iterator[Columns]:
        memory, head = self._memory, self._memory.head[0]
        columns = Columns(
            **{table: rows[: int(head[table])] for table, rows in memory.arena.items()},
            memory=memory,
        )
        wrappers = memory.wrappers[: int(head["wrappers"])]
        yield from self._unwrapping.settled(columns, wrappers, int(head["pieces"]))

    def _carry(self, start: int, end: int) -> None:
        """Keep the bytes of the line that isn't whole yet for the next block."""
        self._buffer[: end - start] = self._buffer[start:end].copy()
        self._filled = end - start
        self._base += start

    def _whole_lines(self, end: int) -> int:
        """Return where the last whole line before `end` ends."""
        feed = last(self._buffer, LF, end)
        # Behind it there may be one that ends with a carriage return.
        rest = self._buffer[feed + 1 : end - self._ends_open(end)]
        return feed + 1 + (last(rest, CR, len(rest)) + 1)

    def _ends_open(self, end: int) -> int:
        """Return 1 if the last byte is a carriage return, whose line feed may come yet; else 0."""
        return int(end > 0 and self._buffer[end - 1] == CR)

    def _overlong_lines(self, start: int, whole: int) -> Iterator[tuple[int, int]]:
        """Yield first byte, and byte after the last, of each line of more than `MAX_LINE` bytes.

        Such a line holds a step of half that length without a line end, wherever steps begin; only
        around those is its length measured.
        """
        place = start
        while place + _STEP <= whole:
            if self._end_of_line(place, place + _STEP, whole=True) >= 0:
                place += _STEP
                continue
            first = max(
                start, 1 + max(last(self._buffer, LF, place), last(self._buffer, CR, place))
            )
            stop = self._end_of_line(place, whole, whole=True)
            if stop - first - line_end_size(self._buffer, stop) > MAX_LINE:
                yield first, stop
            place = stop

    def _end_of_line(self, start: int, end: int, *, whole: bool = False) -> int:
        """Return the byte after the line that ends between `start` and `end`, or -1.

        A carriage return before `end` only ends a line if that is the end of a `whole` line;
        otherwise its line feed may come yet.
        """
        piece = self._view[start:end].tobytes()
        feed = piece.find(b"\n")
        # Looking for a carriage return only before the line feed keeps this short.
        found = piece.find(b"\r", 0, feed if feed >= 0 else len(piece))
        if found < 0:
            return start + feed + 1 if feed >= 0 else -1
        if found + 1 == len(piece):
            return end if whole else -1
        return start + found + (2 if piece[found + 1] == LF else 1)

    def _begin_overlong(self, place: int) -> None:
        self._overlong = self._base + place
        self._overlong_text = self._view[place : place + m.MAX_TEXT].tobytes()

    def _reject_overlong(self, end: int) -> Iterator[Columns]:
        head, rejects = self._memory.head[0], self._memory.rejects
        self._rewind(self._base, 0)
        head["pieces"] += 1
        head["rejects"] = 1
        rejects.rows[0] = (self._overlong, end, m.OVERLONG)
        nth = int(rejects.counts[m.OVERLONG])
        rejects.counts[m.OVERLONG] += 1
        if nth < m.MAX_SAMPLES:
            text = np.frombuffer(self._overlong_text, np.uint8)
            rejects.ranges[m.OVERLONG, nth] = self._overlong, end, len(text)
            rejects.samples[m.OVERLONG, nth, : len(text)] = text
        self._overlong = -1
        yield from self._columns()


TABLES: Final = ("positions", "statics", "bases", "others", "rejects", "stamps")
COUNTS: Final = (
    "pieces",
    "sentences",
    "messages",
    "joined_parts",
    "duplicate_parts",
    "other_lines",
    "damaged_tags",
    "unchecked_tags",
    "unnamed",
    "stations_lost",
)


def prepared(announce: Announce | None) -> Kernel:
    """Return the kernel, after saying that it has to be compiled if it has to be."""
    entries = kernel()
    if entries.cold and announce is not None and not getattr(entries.scan, "signatures", ()):
        announce(MESSAGE if entries.folder else MESSAGE_NO_CACHE)
    return entries


def last(buffer: NDArray[np.uint8], byte: int, end: int) -> int:
    """Return the last place of a byte before `end`, or -1."""
    step = 4096
    while end > 0:
        start = max(end - step, 0)
        found = np.flatnonzero(buffer[start:end] == byte)
        if len(found):
            return start + int(found[-1])
        end, step = start, step * 4
    return -1


def line_end_size(buffer: NDArray[np.uint8], stop: int) -> int:
    """Return bytes of the line end before `stop`: 0 where there is none yet."""
    if stop < 1:
        return 0
    return 2 if stop > 1 and buffer[stop - 1] == 10 and buffer[stop - 2] == 13 else 1
