"""What a recording has seen so far: counts, rate, vessels, the last message."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

_MAX_VESSELS: Final = 100_000
_RATE_OVER_S: Final = 10.0
_MAX_SHOWN: Final = 160
# Six-bit armouring, ITU-R M.1371 and IEC 61162-1 annex C: 0–W stand for 0–39, `–w for 40–63.
_SIX_BITS: Final = bytes(
    (code - 48 if code < 88 else code - 56) & 63 if 48 <= code < 120 else 0 for code in range(256)
)


@dataclass
class Counts:
    """What became of all that was received; nothing is left out silently."""

    received_bytes: int = 0
    lines: int = 0
    """Recorded: `stamped` with the time of reception, with an `own_time`, or neither (lines that
    aren't AIS sentences)."""
    stamped: int = 0
    own_time: int = 0
    unglued_lines: int = 0
    """Lines more than were received, since several sentences stood on one."""
    noise_lines: int = 0
    noise_bytes: int = 0
    """Neither text nor an AIS sentence: not recorded."""
    overlong_lines: int = 0
    overlong_bytes: int = 0
    """More than `framing.MAX_LINE` without an end: not recorded."""
    refused_lines: int = 0
    """Of an exercise in a recording of a real feed, or the other way round: not recorded."""
    refused_datagrams: int = 0
    """From a sender that isn't on the list."""
    excess_datagrams: int = 0
    """More than one sender, or all together, may send; see `sources.UdpSource`."""
    long_datagrams: int = 0
    """Larger than `datagrams.MAX_DATAGRAM`."""
    dropped_datagrams: int = 0
    """Dropped by the kernel since we were too slow (known on Linux only)."""
    connections: int = 0

    def left_out(self) -> str:
        """Say what was received and isn't recorded; empty if all is.

        >>> Counts(noise_lines=2, excess_datagrams=1500).left_out()
        '2 lines that are no text, 1,500 datagrams more than may be sent (max_kb_s)'
        """
        counts = {
            "lines that are no text": self.noise_lines,
            "lines that are too long": self.overlong_lines,
            "lines of an exercise beside a real feed, or the other way round": self.refused_lines,
            "datagrams of senders that aren't listed": self.refused_datagrams,
            "datagrams more than may be sent (max_kb_s)": self.excess_datagrams,
            "datagrams that are too large": self.long_datagrams,
            "datagrams that the system dropped": self.dropped_datagrams,
        }
        return ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)


@dataclass(frozen=True)
class Status:
    """The state of a recording at one moment."""

    state: str
    elapsed_s: float
    rate_per_s: float
    vessels: int
    """Distinct ship stations heard (at most 100,000 are told apart)."""
    last_line: str
    last_time: datetime | None
    """The last line recorded, made harmless for a terminal, and when it came."""
    file: Path | None
    file_bytes: int
    """What is being written: the name that it will have; compressed bytes so far."""
    backlog_bytes: int
    counts: Counts


@dataclass(frozen=True)
class Summary:
    """What a recording came to."""

    source: str
    station: str
    duration_s: float
    vessels: int
    counts: Counts
    files: tuple[Path, ...] = ()
    """Finished files, oldest first."""
    recovered: tuple[Path, ...] = ()
    """Files that an earlier recorder left unfinished, finished at the start of this one."""


@dataclass
class Vessels:
    """Distinct ship stations, by the MMSI in the first sentence of each message."""

    mmsis: set[int] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.mmsis)

    def see(self, line: bytes) -> None:
        """Note the vessel of a line, if it has one.

        Ship stations are those whose MMSI begins with 2 to 7 (ITU-R M.585). A new one counts
        only where the sentence's checksum is right, so that noise makes no vessels.

        >>> vessels = Vessels()
        >>> vessels.see(b"!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5C")
        >>> vessels.mmsis
        {477553000}
        """
        start = line.rfind(b"!")
        fields = line[start:].split(b",", 6)
        if start < 0 or len(fields) < 7 or fields[2] != b"1" or len(fields[5]) < 7:
            return
        a, b, c, d, e, f = fields[5][1:7].translate(_SIX_BITS)
        mmsi = (a & 15) << 26 | b << 20 | c << 14 | d << 8 | e << 2 | f >> 4
        if mmsi in self.mmsis or not 200_000_000 <= mmsi < 800_000_000:
            return
        body, star, digits = line[start + 1 :].partition(b"*")
        if len(self.mmsis) < _MAX_VESSELS and star and agrees(body, digits[:2]):
            self.mmsis.add(mmsi)


class Meter:
    """Lines a second over the last ten seconds."""

    def __init__(self, now_s: float) -> None:
        self._marks = deque([(now_s, 0)])

    def rate_per_s(self, now_s: float, lines: int) -> float:
        """Return the rate, given the lines so far; to be asked about once a second."""
        self._marks.append((now_s, lines))
        while len(self._marks) > 2 and self._marks[1][0] <= now_s - _RATE_OVER_S:
            self._marks.popleft()
        then_s, before = self._marks[0]
        return (lines - before) / (now_s - then_s) if now_s > then_s else 0.0


def shown(line: bytes) -> str:
    r"""Return a line made harmless for a terminal, and bounded.

    >>> shown(b"!AIVDM\x1b[31m")
    '!AIVDM\\x1b[31m'
    """
    return ascii(line[:_MAX_SHOWN].decode("latin-1"))[1:-1][:_MAX_SHOWN].replace("\\\\", "\\")


def checksum(body: bytes) -> int:
    """Return the exclusive or of all bytes (IEC 61162-1).

    >>> f"{checksum(b'AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0'):02X}"
    '5C'
    """
    # Folding one big number is several times faster than a loop over its bytes.
    size = 8
    while size < 8 * len(body):
        size *= 2
    folded = int.from_bytes(body, "little")
    while size > 8:
        size //= 2
        folded = (folded >> size) ^ (folded & ((1 << size) - 1))
    return folded


def agrees(body: bytes, digits: bytes) -> bool:
    """Return whether a checksum in hexadecimal is the right one."""
    try:
        return int(digits, 16) == checksum(body)
    except ValueError:
        return False
