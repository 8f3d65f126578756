"""Bytes to lines, with their numbers."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from pipelines.ingest.containers import Member

HEAD: Final = 1 << 18
MAX_LINE: Final = 1 << 16


class Lines:
    """The lines of a member, in chunks, numbered.

    A line ends at a line feed (a carriage return before it belongs to the line's end); in a file
    without any line feed, at a carriage return. The number is the one that an editor shows.

    Parameters
    ----------
    member
        Where the bytes come from.
    first
        Number of the first line.

    Attributes
    ----------
    head
        The first bytes, to tell the format by.
    next
        Number of the line after the last one handed out.
    rest
        The cut line at the end of a damaged archive; it is not handed out, since half a number is
        a wrong number.
    """

    def __init__(self, member: Member, first: int = 1) -> None:
        self._member = member
        self.head, self._blocks = _peek(member)
        self._newline = b"\n" if b"\n" in self.head or b"\r" not in self.head else b"\r"
        self.next = first
        self.rest = b""

    def __iter__(self) -> Iterator[tuple[int, list[bytes]]]:
        """Chunks of (number of the first line, lines without their ends)."""
        carry = b""
        for block in self._blocks:
            *lines, carry = (carry + block).split(self._newline)
            # A binary file may have no line end at all: hand it out in pieces.
            while len(carry) > MAX_LINE:
                lines.append(carry[:MAX_LINE])
                carry = carry[MAX_LINE:]
            if lines:
                yield self._numbered(lines)
        if self._member.damage:
            self.rest = carry
        elif carry:
            yield self._numbered([carry])

    def _numbered(self, lines: list[bytes]) -> tuple[int, list[bytes]]:
        first = self.next
        self.next += len(lines)
        return first, lines


def _peek(member: Member) -> tuple[bytes, Iterable[bytes]]:
    blocks = iter(member)
    taken: list[bytes] = []
    size = 0
    for block in blocks:
        taken.append(block)
        size += len(block)
        if size >= HEAD:
            break
    return b"".join(taken)[:HEAD], chain(taken, blocks)
