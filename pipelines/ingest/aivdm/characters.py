"""Characters of a feed: digits, ends of lines, checksums, and where a sentence begins."""

from typing import Any

import numpy as np

from pipelines.ingest.aivdm.jit import inlined

LF, CR, TAB, BLANK = 10, 13, 9, 32
BANG, HASH, DOLLAR, STAR, COMMA, MINUS, DOT, SLASH, COLON = 33, 35, 36, 42, 44, 45, 46, 47, 58
BACKSLASH, CLOSING, SEMICOLON = 92, 41, 59


@inlined
def is_digit(byte: Any) -> Any:
    """Tell whether a byte is 0 to 9."""
    return 48 <= byte <= 57


@inlined
def is_letter(byte: Any) -> Any:
    """Tell whether a byte is A to Z."""
    return 65 <= byte <= 90


@inlined
def ends_line(byte: Any) -> Any:
    """Tell whether a byte is a carriage return or a line feed."""
    return byte == LF or byte == CR  # noqa: PLR1714 (a tuple would be slow here)


@inlined
def hex_digit(byte: Any) -> Any:
    """Return the value of a hexadecimal digit of either case, or 256."""
    if 48 <= byte <= 57:
        return np.int64(byte) - 48
    upper = np.int64(byte) & 0xDF
    return upper - 55 if 65 <= upper <= 70 else np.int64(256)


@inlined
def checksum_at(buffer: Any, star: Any) -> Any:
    """Return the checksum written behind `*` at `star`, or 256 or more without two digits.

    IEC 61162-1 asks for capital letters, and many programs write small ones.
    """
    return hex_digit(buffer[star + 1]) * 16 + hex_digit(buffer[star + 2])


@inlined
def line_end(buffer: Any, place: Any) -> Any:
    """Find the byte after the end of the line that ends at or after `place`."""
    while not ends_line(buffer[place]):
        place += 1
    if buffer[place] == CR and buffer[place + 1] == LF:
        return place + 2
    return place + 1


@inlined
def is_sentence(buffer: Any, place: Any) -> Any:
    """Tell whether an AIS sentence begins at `place`, by its formatter: !..VDM, or !..VDO,."""
    return (
        buffer[place] == BANG
        and buffer[place + 1] >= BLANK
        and buffer[place + 2] >= BLANK
        and buffer[place + 3] == 86
        and buffer[place + 4] == 68
        and (buffer[place + 5] == 77 or buffer[place + 5] == 79)
        and buffer[place + 6] == COMMA
    )
