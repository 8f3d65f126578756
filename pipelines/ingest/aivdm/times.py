"""Times written beside a sentence: an epoch, ISO 8601, or its digits alone."""

from typing import Any

import numpy as np

from pipelines.ingest.aivdm import memory as m
from pipelines.ingest.aivdm.characters import (
    BLANK,
    COLON,
    COMMA,
    DOT,
    MINUS,
    SLASH,
    is_digit,
    is_letter,
)
from pipelines.ingest.aivdm.jit import called, inlined
from pipelines.ingest.aivdm.payload import instant


@inlined
def plausible(time: Any) -> Any:
    """Return a time within the life of AIS, else `NO_TIME`."""
    return time if m.EARLIEST_US <= time < m.LATEST_US else np.int64(m.NO_TIME)


@called
def epoch(buffer: Any, place: Any, end: Any) -> Any:
    """Read an epoch in s, ms, µs or ns (told by its digits): microseconds or `NO_TIME`; its end.

    Seconds may have a fraction. 10 digits are seconds (from 2001 on, so that no MMSI is taken for a
    time), 13 milliseconds, 16 microseconds, 19 nanoseconds.
    """
    value = np.int64(0)
    digits = 0
    while place < end and is_digit(buffer[place]):
        if digits < 18:
            value = value * 10 + (np.int64(buffer[place]) - 48)
        digits += 1
        place += 1
    time = np.int64(m.NO_TIME)
    if digits == 10:
        time = value * 1_000_000
        if place < end and buffer[place] == DOT:
            place += 1
            unit = 100_000
            while place < end and is_digit(buffer[place]):
                time += unit * (np.int64(buffer[place]) - 48)
                unit //= 10
                place += 1
    elif digits == 13:
        time = value * 1_000
    elif digits == 16:
        time = value
    elif digits == 19:
        # Only 18 digits were taken, since 19 may overflow.
        time = value // 100
    return plausible(time), place


@inlined
def two_digits(buffer: Any, place: Any) -> Any:
    """Read a number of two digits, or 99."""
    if is_digit(buffer[place]) and is_digit(buffer[place + 1]):
        return np.int64(buffer[place]) * 10 + np.int64(buffer[place + 1]) - 528
    return np.int64(99)


@called
def date_and_clock(buffer: Any, place: Any, between: Any) -> Any:
    """Read year to second, with so many characters between two of them."""
    return instant(
        two_digits(buffer, place) * 100 + two_digits(buffer, place + 2),
        two_digits(buffer, place + 4 + between),
        two_digits(buffer, place + 6 + 2 * between),
        two_digits(buffer, place + 8 + 3 * between),
        two_digits(buffer, place + 10 + 4 * between),
        two_digits(buffer, place + 12 + 5 * between),
    )


@called
def iso_time(buffer: Any, place: Any) -> Any:
    """Read ISO 8601 date and time, UTC or with an offset: microseconds or `NO_TIME`; its end.

    `2024-01-31T23:59:59[.999][Z|+08:00|+08]`, with a blank in place of T as well.
    """
    none = np.int64(m.NO_TIME), place
    if buffer[place + 4] not in (MINUS, SLASH) or buffer[place + 7] != buffer[place + 4]:
        return none
    if not (buffer[place + 10] in (84, BLANK) and buffer[place + 13] == COLON):
        return none
    if buffer[place + 16] != COLON:
        return none
    time = date_and_clock(buffer, place, 1)
    if time == m.NO_TIME:
        return none
    place += 19
    if buffer[place] in (DOT, COMMA) and is_digit(buffer[place + 1]):
        place += 1
        unit = 100_000
        while is_digit(buffer[place]):
            time += unit * (np.int64(buffer[place]) - 48)
            unit //= 10
            place += 1
    parted = buffer[place] == BLANK and buffer[place + 1] in (43, MINUS)
    if parted:
        place += 1
    sign = 1 if buffer[place] == 43 else (-1 if buffer[place] == MINUS else 0)
    if sign:
        hours = two_digits(buffer, place + 1)
        minutes = two_digits(buffer, place + 3 + (buffer[place + 3] == COLON))
        behind = buffer[place + 3]
        if not (parted or is_digit(behind) or behind in (COLON, DOT, MINUS, SLASH)):
            minutes = np.int64(0)  # as PostgreSQL writes it
        if hours <= 14 and minutes < 60:
            time -= sign * (hours * 60 + minutes) * 60_000_000
    return plausible(time), place


@called
def time_in_digits(buffer: Any, place: Any, end: Any) -> Any:
    """Read an epoch or, as AIS-catcher writes it, `20240131235959`, UTC: see `epoch`."""
    time, after = epoch(buffer, place, end)
    if time == m.NO_TIME and after == place + 14:
        time = plausible(date_and_clock(buffer, place, 0))
    return time, after


@called
def logged_time(buffer: Any, place: Any, end: Any, head: Any) -> None:
    """Look for a time that a logger wrote before a sentence, in any of these forms."""
    inside = False
    while place < end and head.prefix_time == m.NO_TIME:
        byte = buffer[place]
        if is_digit(byte) and not inside:
            time, after = iso_time(buffer, place)
            if time == m.NO_TIME:
                time, after = time_in_digits(buffer, place, end)
                if after < end and (is_digit(buffer[after]) or is_letter(buffer[after] & 0xDF)):
                    time = np.int64(m.NO_TIME)
            head.prefix_time = time
            place = max(after, place + 1)
            inside = True
        else:
            inside = is_digit(byte) or is_letter(byte & 0xDF) or byte == DOT
            place += 1
