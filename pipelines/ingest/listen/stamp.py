r"""Which lines are recorded, and the time of reception before those that carry none of their own.

A recorded line is the line as it was received, perhaps with a tag block before it (NMEA 0183 4.10
section 7): ``\c:<epoch seconds>,s:<station>*hh\``. The received bytes are never altered.

A sentence has a time of its own, and isn't stamped, if

- a tag block before it has a ``c`` that is a number, and the block's checksum is right or missing
  (a block whose checksum is wrong says nothing: NMEA 0183 4.10; ingest reads it the same way);
- an epoch of 10, 13, 16 or 19 digits stands behind its checksum (U.S. Coast Guard), or an epoch or
  ISO 8601 time before it (loggers), unless nobody can tell which moment that is: of another zone,
  or one of two (`told_times`). Ingest would refuse the file for it, and anybody can send one;
- the line before it is a Gatehouse ``$PGHP`` wrapper, undamaged and meant for it;
- it is a later part of a message whose earlier part has one (grouped tag blocks say the time in
  the first block only).

A sentence with a tag block but no time gets a block of ours before its own: several blocks may
stand before a sentence. Ours then names no station if one of its blocks does.

Sentences glued together on one line (the end of a line was lost) are taken apart, since a tag block
counts for the first sentence of its line only.

Only AIS sentences are stamped. Other text (``$…`` sentences, comments, JSON lines of a web feed)
is recorded as it came; what is neither text nor holds a sentence is noise: counted, not recorded.

An exercise (a station beginning with ``SELATSIM``) and a real feed are never mixed in a file, since
ingest would refuse all of it: the lines of the other kind are counted and not recorded. In a real
one that is whatever may name such a station anywhere in a line: whoever sends us one line would
else take a day of all others with it. (No transmitter can: AIS has no small letters.)
"""

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from detectors.core.errors import ConfigError
from pipelines.ingest.listen.status import Counts, agrees, checksum
from pipelines.ingest.told_times import told_before

SIMULATED: Final = b"SELATSIM"

_EXERCISE: Final = re.compile(rb"(?:^|[\\,])s:" + SIMULATED)
_STATION: Final = re.compile(r"[A-Za-z0-9_-]{1,15}")
_SENTENCE: Final = re.compile(rb"!..VD[MO],", re.DOTALL)
_PART: Final = re.compile(rb"!..VD[MO],(\d{1,2}),(\d{1,2}),(\d{0,3},[^,]{0,8}),", re.DOTALL)
_TAG_TIME: Final = re.compile(rb"c:\s*\d{1,19}(?:\.\d{1,9})?\s*")
_EPOCH: Final = re.compile(rb"(?<![\w.])(?:\d{10}|\d{13}|\d{16}|\d{19})(?:\.\d{1,9})?(?![\w.])")
_CLOCK: Final = re.compile(rb"(?<!\d)\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d")
_SUFFIX: Final = re.compile(rb"\*[0-9A-Fa-f]{2}(,.*)", re.DOTALL)
_WRAPPER: Final = re.compile(rb"\$(PGHP,1,.*,([0-9A-Fa-f]{2})?)\*([0-9A-Fa-f]{2})")
_CONTROLS: Final = bytes([*range(9), *range(10, 32), 127])
# A tag block has at most 80 characters; the bounds keep a hostile line from costing quadratic time.
_TAGGED: Final = re.compile(rb"(?:\\[^\\]{1,80}\\){0,4}!..VD[MO],", re.DOTALL)
_MAX_OPEN: Final = 256


class Stamper:
    """Decides about lines, one after the other.

    `station`: who receives: 1 to 15 letters, digits, - and _.
    """

    def __init__(self, station: str, counts: Counts) -> None:
        if not _STATION.fullmatch(station):
            raise ConfigError(
                f"the station {station!r} can't stand in a tag block",
                hint="1 to 15 letters, digits, - and _",
            )
        self._station = station.encode("ascii")
        self._exercise = self._station.startswith(SIMULATED)
        self._counts = counts
        self._second = -1
        self._stamp = self._stamp_time = b""
        self._stamp_station = tag_block(b"s:" + self._station)
        self._wrapped: bytes | None = None
        self._timed: dict[tuple[bytes, bytes], None] = {}

    def stamp(self, lines: Iterable[bytes], received: float) -> list[bytes]:
        """Return the lines to be recorded of those received at a moment (epoch seconds)."""
        self._set_clock(int(received))
        kept: list[bytes] = []
        quick = self._wrapped is None and not self._timed
        for line in lines:
            if SIMULATED in line and not self._exercise and _EXERCISE.search(line):
                self._counts.refused_lines += 1
                continue
            # Most feeds are nothing but bare sentences.
            if quick and line[:1] == b"!" and line[-3:-2] == b"*" and line.find(b"!", 1) < 0:
                self._counts.stamped += 1
                kept.append(self._stamp + line)
                continue
            pieces = unglued(line)
            self._counts.unglued_lines += len(pieces) - 1
            for piece in pieces:
                recorded = self._decide(piece)
                if recorded is not None:
                    kept.append(recorded)
            quick = self._wrapped is None and not self._timed
        self._counts.lines += len(kept)
        return kept

    def _set_clock(self, second: int) -> None:
        if second != self._second:
            self._second = second
            time = b"c:%d" % second
            self._stamp = tag_block(time + b",s:" + self._station)
            self._stamp_time = tag_block(time)

    def _decide(self, line: bytes) -> bytes | None:
        match = _SENTENCE.search(line)
        if match is None:
            return self._other(line)
        start = match.start()
        has_time, named = _read_tags(line[:start])
        if named and self._exercise and not named.startswith(SIMULATED):
            self._counts.refused_lines += 1
            return None
        has_time = has_time or _has_suffix_time(line[start:]) or self._is_wrapped(line)
        has_time = self._follows_its_message(line, start, has_time=has_time)
        if has_time:
            self._counts.own_time += 1
            return self._stamp_station + line if self._exercise and not named else line
        self._counts.stamped += 1
        return (self._stamp_time if named else self._stamp) + line

    def _other(self, line: bytes) -> bytes | None:
        if not _is_text(line):
            self._counts.noise_lines += 1
            self._counts.noise_bytes += len(line)
            return None
        wrapper = _WRAPPER.search(line)
        if wrapper is not None and agrees(wrapper[1], wrapper[3]):
            self._wrapped = wrapper[2] or b""
        return line

    def _is_wrapped(self, line: bytes) -> bool:
        meant_for, self._wrapped = self._wrapped, None
        return meant_for is not None and (b"*" + meant_for).upper() in line.upper()

    def _follows_its_message(self, line: bytes, start: int, *, has_time: bool) -> bool:
        part = _PART.match(line, start)
        if part is None or part[1] == b"1":
            return has_time
        key = (part[1], part[3])
        if part[2] == b"1":
            self._timed.pop(key, None)
            if has_time:
                self._timed[key] = None
                if len(self._timed) > _MAX_OPEN:
                    del self._timed[next(iter(self._timed))]
            return has_time
        follows = key in self._timed
        if part[2] == part[1]:
            self._timed.pop(key, None)
        return has_time or follows


def unglued(line: bytes) -> list[bytes]:
    """Return the sentences of a line, each with its tag blocks; together they are the line.

    >>> unglued(b"!AIVDM,1,1,,B,177K!AIVDM,1,1,,A,15RT,0*4A")
    [b'!AIVDM,1,1,,B,177K', b'!AIVDM,1,1,,A,15RT,0*4A']
    """
    if line.count(b"!") < 2:
        return [line]
    later = [match.start() for match in _TAGGED.finditer(line)][1:]
    return [line[start:end] for start, end in pairwise([0, *later, len(line)])]


def tag_block(fields: bytes) -> bytes:
    r"""Return a tag block with its checksum.

    >>> tag_block(b"s:2573535,c:1671533231")
    b'\\s:2573535,c:1671533231*08\\'
    """
    return b"\\%s*%02X\\" % (fields, checksum(fields))


def more_follows(line: bytes) -> bool:
    """Return whether a line belongs together with the next one, so that a file shouldn't end here.

    >>> more_follows(b"!AIVDM,2,1,3,B,55P5TL01VIaAL,0*3E"), more_follows(b"!AIVDM,2,2,3,B,1,2*55")
    (True, False)
    """
    part = _PART.search(line)
    return line.startswith(b"$PGHP,") or (part is not None and int(part[2]) < int(part[1]))


def _read_tags(prefix: bytes) -> tuple[bool, bytes]:
    """Return whether a sentence's preamble says a time, and the station it names."""
    if not prefix:
        return False, b""
    if b"\\" not in prefix:
        return _says_time(prefix), b""
    *blocks, tail = prefix.split(b"\\")
    has_time, station = False, b""
    for block in blocks:
        fields, star, digits = block.partition(b"*")
        if star and not agrees(fields, digits):
            continue
        for field in fields.split(b","):
            if field.startswith(b"c:") and _TAG_TIME.fullmatch(field):
                has_time = True
            elif field.startswith(b"s:"):
                station = field[2:]
    return has_time or _says_time(tail), station


def _has_suffix_time(sentence: bytes) -> bool:
    suffix = _SUFFIX.search(sentence)
    return suffix is not None and any(
        _EPOCH.fullmatch(field.strip()) for field in suffix[1].split(b",")[1:]
    )


def _says_time(text: bytes) -> bool:
    if not (_EPOCH.search(text) or _CLOCK.search(text)):
        return False
    told = told_before(text)
    return told is None or not told.is_doubtful


def _is_text(line: bytes) -> bool:
    if line.translate(None, _CONTROLS) != line:
        return False
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
