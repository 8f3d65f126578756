r"""One line of an NMEA feed: tag blocks, times around the sentence, checksums.

Sources: IEC 61162-1 (sentences, checksum), NMEA 0183 4.10 section 7 (tag blocks; `c` time, `s`
source, `g` group), the Gatehouse `$PGHP` wrapper as documented by the Danish Maritime Authority
(dma-ais AisLib), and the U.S. Coast Guard's log format (`…*hh,r003669987,1152921693`).
"""

import re
from datetime import UTC, datetime
from typing import Final, NamedTuple

SENTENCE: Final = re.compile(
    rb"!([A-Z]{2})VD[MO],([0-9]{1,2}),([0-9]{1,2}),([0-9]{0,3}),([^,*]{0,8}),([^,*]*),([0-5])"
    rb"\*([0-9A-Fa-f]{2})(?![0-9A-Fa-f])"
)
"""Talker, number of parts, part, sequence, channel, payload, fill bits, checksum."""

START: Final = re.compile(rb"!..VD[MO],", re.DOTALL)
"""Where a sentence begins, a damaged talker included. Two may be glued on one line."""

_ARMOUR: Final = bytes([*range(0x30, 0x58), *range(0x60, 0x78)])
_PGHP: Final = re.compile(
    rb"\$PGHP,1,(\d{4}),(\d{1,2}),(\d{1,2}),(\d{1,2}),(\d{1,2}),(\d{1,2}),(\d{1,3}),[^*]*,"
    rb"([0-9A-Fa-f]{2})?\*([0-9A-Fa-f]{2})"
)
# Seconds of ten digits (from 2001 on), so that no MMSI or counter is taken for a time.
_EPOCH: Final = re.compile(rb"(?<![\w.])(\d{10}|\d{13}|\d{16}|\d{19})(?:\.(\d{1,9}))?(?![\w.])")
_CLOCK: Final = re.compile(
    rb"(?<!\d)(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?"
    rb" ?(Z|[+-]\d\d:?\d\d)?"
)
_TAG_NUMBER: Final = re.compile(rb"(\d{1,19})(?:\.(\d{1,9}))?")
_STATION: Final = re.compile(rb"[rbRB]\w{3,15}")

ABSURD: Final = -1
"""A time that is said, but can't be one."""


class Tag(NamedTuple):
    """What stands around a sentence.

    Parameters
    ----------
    time_us
        When it was received, epoch microseconds; None where nothing says so; `ABSURD`.
    station, group
        Who received it, and the group of lines that it belongs to; empty where not said.
    damaged
        Whether a tag block was there, but can't be trusted.
    """

    time_us: int | None = None
    station: bytes = b""
    group: bytes = b""
    damaged: bool = False


NO_TAG: Final = Tag()


class Wrapper(NamedTuple):
    """The time that a `$PGHP` line gives to the sentence with that checksum (None: the next)."""

    time_us: int
    checksum: int | None
    line: int = 0


def checksum(body: bytes) -> int:
    """Exclusive or of all bytes.

    >>> checksum(b"s:2573535,c:1671533231")
    8
    """
    folded = int.from_bytes(body, "little")
    width = 8 * len(body)
    # Folding the halves of one big number is several times faster than a loop over bytes.
    size = 8
    while size < width:
        size *= 2
    while size > 8:
        size //= 2
        folded = (folded >> size) ^ (folded & ((1 << size) - 1))
    return folded


def is_armoured(payload: bytes) -> bool:
    """Whether a payload has only characters that six-bit armouring makes (ITU-R M.1371, IEC
    61162-1 annex C).
    """
    return bool(payload) and not payload.translate(None, _ARMOUR)


def read_prefix(prefix: bytes) -> Tag:
    r"""What stands before a sentence: tag blocks, or a time that a logger put there.

    A tag block with a wrong checksum tells nothing. One without a checksum is believed, and so is
    one with `*00`, which software writes that doesn't compute it.

    >>> read_prefix(b"\\s:r1,c:1700000000\\").time_us
    1700000000000000
    """
    if b"\\" not in prefix:
        return Tag(_logged_time(prefix))
    time_us: int | None = None
    station = group = b""
    lead, *blocks, tail = prefix.split(b"\\")
    # Before the first backslash and behind the last a logger may have put its own time; anything
    # else there is what is left of a tag block.
    logged = None if b"*" in lead else _logged_time(lead)
    logged = _logged_time(tail) if logged is None else logged
    damaged = logged is None and bool(_inked(lead) or _inked(tail))
    for block in blocks:
        if not _inked(block):
            continue
        fields, star, said = block.partition(b"*")
        if b":" not in fields or (star and not _agrees(fields, said)):
            damaged = True
            continue
        for field in fields.split(b","):
            key, _, value = field.partition(b":")
            if key == b"c":
                time_us = _tag_time(value)
            elif key == b"s":
                station = value
            elif key == b"g":
                group = value
    return Tag(logged if time_us is None else time_us, station, group, damaged)


def read_suffix(suffix: bytes) -> tuple[int | None, bytes]:
    """Time and station after a sentence's checksum; of several times the first.

    >>> read_suffix(b",r003669987,1152921693")
    (1152921693000000, b'r003669987')
    """
    if not suffix.startswith(b","):
        return None, b""
    station = b""
    for field in suffix.split(b",")[1:]:
        text = field.strip()
        match = _EPOCH.fullmatch(text)
        if match:
            return _epoch_us(match[1], match[2]), station
        if not station and _STATION.fullmatch(text):
            station = text
    return None, station


def read_wrapper(line: bytes) -> Wrapper | None:
    """The time in a `$PGHP` line; None if it can't be read or its checksum is wrong."""
    match = _PGHP.search(line)
    if match is None or checksum(line[match.start() + 1 : match.end() - 3]) != int(match[9], 16):
        return None
    try:
        *whole, milliseconds = (int(match[n]) for n in range(1, 8))
        moment = datetime(*whole, tzinfo=UTC)  # type: ignore[misc, arg-type]
    except ValueError:
        return None
    time_us = int(moment.timestamp()) * 1_000_000 + milliseconds * 1000
    return Wrapper(time_us, int(match[8], 16) if match[8] else None)


def _inked(text: bytes) -> bytes:
    return text.strip(b"\0 \t\r\n")


def _agrees(fields: bytes, said: bytes) -> bool:
    try:
        return len(said) in {1, 2} and int(said, 16) in {0, checksum(fields)}
    except ValueError:
        return False


def _tag_time(value: bytes) -> int:
    match = _TAG_NUMBER.fullmatch(value.strip())
    return ABSURD if match is None else _epoch_us(match[1], match[2])


def _logged_time(text: bytes) -> int | None:
    if len(text) < 10:
        return None
    clock = _CLOCK.search(text)
    if clock is not None:
        return _clock_us(clock)
    epoch = _EPOCH.search(text)
    return None if epoch is None else _epoch_us(epoch[1], epoch[2])


def _epoch_us(digits: bytes, fraction: bytes | None) -> int:
    """Microseconds from seconds, milli-, micro- or nanoseconds, told apart by their size."""
    number = int(digits)
    if number < 10**11:
        part = int((fraction or b"0").ljust(6, b"0")[:6])
        return number * 1_000_000 + part
    if number < 10**14:
        return number * 1000
    return number if number < 10**17 else number // 1000


def _clock_us(match: re.Match[bytes]) -> int:
    try:
        moment = datetime(*(int(match[n]) for n in range(1, 7)), tzinfo=UTC)  # type: ignore[misc, arg-type]
    except ValueError:
        return ABSURD
    part = int((match[7] or b"0").ljust(6, b"0")[:6])
    zone = match[8]
    ahead_s = 0
    if zone and zone != b"Z":
        digits = zone[1:].replace(b":", b"")
        ahead_s = (int(digits[:2]) * 60 + int(digits[2:])) * 60 * (-1 if zone[:1] == b"-" else 1)
    return (int(moment.timestamp()) - ahead_s) * 1_000_000 + part
