"""Bytes of a member to blocks of numbered lines, for formats that are read in columns."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.base.bounded import DamageError
from pipelines.ingest.containers import UNFINISHED, Budget, Member, members
from pipelines.ingest.unlisting import unlisted

HEAD: Final = 1 << 18
MAX_LINE: Final = 1 << 16
BOM: Final = b"\xef\xbb\xbf"

# What is looked at to find the first line that isn't overlong.
_PEEKED: Final = 1 << 24
_KEPT: Final = 1 << 10
_END: Final = re.compile(rb"[\r\n]")
_LONE_RETURN: Final = re.compile(rb"\r(?!\n)")

# Bytes in a block: what is parsed of one fits the processor's cache.
_BLOCK: Final = 1 << 20


@dataclass(frozen=True)
class Block:
    """Whole lines.

    `overlong`: it is the beginning of one line that is too long to be AIS.
    """

    data: bytes
    numbers: NDArray[np.int64]
    overlong: bool = False

    def __len__(self) -> int:
        return len(self.numbers)

    @cached_property
    def ends(self) -> NDArray[np.int64]:
        """Return where each line ends: after its line feed."""
        return np.flatnonzero(np.frombuffer(self.data, np.uint8) == 0x0A) + 1

    def line(self, row: int) -> bytes:
        """Return one line without its end."""
        start = int(self.ends[row - 1]) if row else 0
        return self.data[start : int(self.ends[row]) - 1].removesuffix(b"\r")

    def part(self, start: int, stop: int) -> "Block":
        """Return the lines from `start` to before `stop`."""
        first = int(self.ends[start - 1]) if start else 0
        last = int(self.ends[stop - 1]) if stop else 0
        return Block(self.data[first:last], self.numbers[start:stop])


def head_of(path: Path) -> bytes:
    """Return the first bytes of a file, of the first in it where it is a zip, unpacked.

    Raises DamageError if nothing of it can be read (`Lines.is_lost`).
    """
    budget = Budget(max_bytes=1 << 33, max_ratio=float("inf"))
    for member in members(path, path.name, budget, lambda _: None):
        lines = Lines(member)
        if lines.is_lost:
            raise DamageError(member.damage)
        return lines.head
    return b""


def count_of(data: bytes, pattern: bytes) -> int:
    """Return how often one byte, or two different in a row, occur; quicker than `count`.

    Examples
    --------
    >>> count_of(b"[{},{}]", b"},")
    1
    """
    values = np.frombuffer(data, np.uint8)
    there = values == pattern[0]
    if len(pattern) == 2:
        there = there[:-1] & (values[1:] == pattern[1])
    return int(np.count_nonzero(there))


class Lines:
    """The lines of a member, numbered, or its bytes as they come.

    A line ends at a line feed, at a carriage return, or at both. The number is the one that an
    editor shows.

    Attributes
    ----------
    head
        The first bytes, to tell the format by; overlong lines are cut in it.
    next
        Number of the line after the last one handed out.
    rest
        The cut line at the end of a damaged archive; it is not handed out, since half a number is
        a wrong number.
    rest_at
        Its place, where that isn't `next`.
    unended
        Whether the last line that `blocks` handed out had no end: where somebody is writing the
        file it may be half a line.
    """

    def __init__(self, member: Member, first: int = 1) -> None:
        self._member = member
        self.head, self._blocks = _peek(member)
        self.next = first
        self.rest = b""
        self.rest_at: int | None = None
        self.unended = False

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes as they come; `next` counts bytes then.

        At the end of a damaged archive it is theirs to set `rest` and `rest_at`.
        """
        for piece in self._blocks:
            self.next += len(piece)
            yield piece

    @property
    def damaged(self) -> bool:
        """Tell whether the bytes ended early; known when all have been handed out."""
        return bool(self._member.damage)

    @property
    def is_lost(self) -> bool:
        """Tell whether it is damaged before its first line ends: nobody can tell what it was."""
        begins_a_line = self._member.damage != UNFINISHED and not _END.search(self.head)
        return bool(self._member.damage) and (begins_a_line or not self.head.strip())

    def blocks(self, most: int) -> Iterator[Block]:
        """Yield whole lines in blocks of at most `most` lines, for those who parse columns.

        A line of more than 64 KiB is a block of its own, cut and marked as overlong.
        """
        carry, is_first = b"", True
        for block in self._blocks:
            data = carry + block
            if is_first:
                data, is_first = data.removeprefix(BOM), False
            # A line feed may follow the last carriage return.
            open_end = b"\r" if data.endswith(b"\r") else b""
            data = _ended_by_feeds(data.removesuffix(open_end))
            end = data.rfind(b"\n") + 1
            yield from self._whole(data[:end], most)
            carry = data[end:] + open_end
            if len(carry) > 2 * MAX_LINE:
                # Its text is only wanted for a sample; what matters is that it is overlong.
                carry = carry[: MAX_LINE + 1]
        if self._member.damage:
            self.rest = carry
        elif carry:
            self.unended = not carry.endswith(b"\r")
            yield from self._whole(carry.removesuffix(b"\r") + b"\n", most)

    def _whole(self, data: bytes, most: int) -> Iterator[Block]:
        start = at = 0
        while at < len(data):
            end = data.rfind(b"\n", at, at + MAX_LINE + 1) + 1
            if not end:
                yield from self._counted(data[start:at], most)
                yield self._block(data[at : at + MAX_LINE] + b"\n", 1, overlong=True)
                start = end = data.index(b"\n", at) + 1
            elif end - start >= _BLOCK:
                yield from self._counted(data[start:end], most)
                start = end
            at = end
        yield from self._counted(data[start:], most)

    def _counted(self, data: bytes, most: int) -> Iterator[Block]:
        count = count_of(data, b"\n")
        if not count:
            return
        block = self._block(data, count)
        if count <= most:
            yield block
        else:
            for row in range(0, count, most):
                yield block.part(row, min(row + most, count))

    def _block(self, data: bytes, count: int, *, overlong: bool = False) -> Block:
        first = self.next
        self.next += count
        return Block(data, np.arange(first, first + count, dtype="int64"), overlong)


def _ended_by_feeds(data: bytes) -> bytes:
    """Return lines that end at a carriage return alone, ended by a line feed."""
    if b"\r" not in data or data.count(b"\r") == data.count(b"\r\n"):
        return data
    if b"\n" not in data:
        return data.replace(b"\r", b"\n")
    return _LONE_RETURN.sub(b"\n", data)


def _peek(member: Member) -> tuple[bytes, Iterable[bytes]]:
    """Return the first bytes of a member, and all of them; a JSON list's as an object a line."""
    blocks = unlisted(iter(member))
    taken: list[bytes] = []
    head, size = b"", 0
    for block in blocks:
        taken.append(block)
        size += len(block)
        head = _without_overlong(head + block)
        if len(head) >= HEAD or size >= _PEEKED:
            break
    return head[:HEAD], chain(taken, blocks)


def _without_overlong(head: bytes) -> bytes:
    """Return lines, those too long to be AIS cut; the last one, which may go on, stays too long."""
    *lines, last = head.split(b"\n")
    kept = [line if len(line) <= MAX_LINE else line[:_KEPT] for line in lines]
    return b"\n".join([*kept, last[: MAX_LINE + 1]])
