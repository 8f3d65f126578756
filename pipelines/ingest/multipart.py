"""Messages that span several sentences, put together whatever order the parts come in.

Parts belong together by talker, channel, sequence number and number of parts, and by receiving
station or tag-block group where the feed names them. A part waits for the others for a bounded
number of lines: sequence numbers run from 0 to 9 only, so an old part would soon be joined to a
stranger's.
"""

from functools import reduce
from operator import xor
from typing import Final, NamedTuple

from pipelines.ingest.report import Report
from pipelines.ingest.sentence import Wrapper

MAX_PARTS: Final = 9
"""IEC 61162-1: a message has at most nine sentences."""

WINDOW_LINES: Final = 1000
"""How many lines a part waits. In the feeds at hand parts are at most 40 lines apart."""

WINDOW_US: Final = 10_000_000
"""Parts whose own times are further apart than this aren't of one message."""

Key = tuple[bytes, ...]


class Part(NamedTuple):
    """One sentence of a message of several."""

    number: int
    payload: bytes
    fill_bits: int
    time_us: int | None
    line: int
    text: bytes
    checksum: int = 0
    wrappers: tuple[Wrapper, ...] = ()


class Joined(NamedTuple):
    """A message of several sentences, put together."""

    payload: bytes
    fill_bits: int
    time_us: int | None
    line: int
    text: bytes


class Assembler:
    """Waits for the parts of messages."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._waiting: dict[Key, dict[int, Part]] = {}
        self._finished: dict[Key, tuple[int, dict[int, bytes]]] = {}

    def add(self, key: Key, part: Part, of: int) -> Joined | None:
        """Take a part; the message, if it was the last part missing."""
        self._expire(part.line)
        parts = self._waiting.get(key)
        if parts is not None and _is_other(parts, part):
            if part.number in parts and parts[part.number].payload == part.payload:
                self._report.duplicate_parts += 1
                return None
            self._give_up(self._waiting.pop(key))
            parts = None
        if parts is None:
            if part.number > 1 and self._is_repeat(key, part):
                self._report.duplicate_parts += 1
                return None
            parts = self._waiting[key] = {}
        parts[part.number] = part
        if len(parts) < of:
            return None
        del self._waiting[key]
        self._finished[key] = (part.line, {n: p.payload for n, p in parts.items()})
        self._report.joined_parts += of - 1
        return _join([parts[number] for number in range(1, of + 1)])

    def close(self) -> None:
        """Give up what is still waiting."""
        for parts in self._waiting.values():
            self._give_up(parts)
        self._waiting.clear()

    def _is_repeat(self, key: Key, part: Part) -> bool:
        """Whether another receiver's copy of this part has been used already."""
        finished = self._finished.get(key)
        return (
            finished is not None
            and part.line - finished[0] <= WINDOW_LINES
            and finished[1].get(part.number) == part.payload
        )

    def _expire(self, line: int) -> None:
        # Both are in the order in which they began; only the oldest need a look.
        for key, parts in list(self._waiting.items()):
            if line - next(iter(parts.values())).line <= WINDOW_LINES:
                break
            self._give_up(self._waiting.pop(key))
        if len(self._finished) > WINDOW_LINES:
            self._finished = {
                key: kept for key, kept in self._finished.items() if line - kept[0] <= WINDOW_LINES
            }

    def _give_up(self, parts: dict[int, Part]) -> None:
        for part in parts.values():
            self._report.reject("incomplete multi-part", part.line, part.text)


def _is_other(parts: dict[int, Part], part: Part) -> bool:
    """Whether a part can't belong to those that are waiting under its key."""
    if part.number in parts:
        return True
    times = [p.time_us for p in (*parts.values(), part) if p.time_us is not None]
    return bool(times) and max(times) - min(times) > WINDOW_US


def _join(parts: list[Part]) -> Joined:
    times = [part.time_us for part in parts if part.time_us is not None]
    # A `$PGHP` line before a message of several sentences has the exclusive or of their checksums
    # (so in the Danish feed).
    together = reduce(xor, (part.checksum for part in parts))
    times += [w.time_us for part in parts for w in part.wrappers if w.checksum == together]
    return Joined(
        b"".join(part.payload for part in parts),
        parts[-1].fill_bits,
        times[0] if times else None,
        parts[0].line,
        parts[0].text,
    )
