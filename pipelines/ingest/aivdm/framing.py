"""What stands around a sentence: tag blocks, times, wrappers, and lines that are something else.

A feed is cut into *pieces* without gaps: a piece is one sentence with what stands before it (a tag
block, a time, line noise) and behind it (a time, a station, the line's end), or a line without a
sentence. Sources: NMEA 0183 4.10, annex on TAG blocks, for tag blocks; IEC 61162-1 for sentences.
The suffix of station and epoch is the U.S. Coast Guard's, `$PGHP` is GateHouse's.
"""

from typing import Any

import numpy as np

from pipelines.ingest.aivdm import memory as m
from pipelines.ingest.aivdm.jit import called, inlined
from pipelines.ingest.aivdm.payload import instant
from pipelines.ingest.aivdm.words import (
    U,
    first_mark,
    folded,
    load,
    lowest,
    marks_below,
    marks_equal,
)

LF, CR, TAB, BLANK = 10, 13, 9, 32
BANG, HASH, DOLLAR, STAR, COMMA, MINUS, DOT, SLASH, COLON = 33, 35, 36, 42, 44, 45, 46, 47, 58
BACKSLASH = 92

KIND_BLANK = U(int.from_bytes(b"blank", "little"))
KIND_COMMENT = U(int.from_bytes(b"comment", "little"))
KIND_TAGS = U(int.from_bytes(b"tags", "little"))

WRAPPER_START = U(int.from_bytes(b"$PGHP,1", "little"))

BLANKS = U(0x2020202020202020)
COMMAS = U(0x2C2C2C2C2C2C2C2C)
BANGS = U(0x2121212121212121)
BACKSLASHES = U(0x5C5C5C5C5C5C5C5C)


@inlined
def is_digit(byte: Any) -> Any:
    """0 to 9."""
    return 48 <= byte <= 57


@inlined
def is_letter(byte: Any) -> Any:
    """A to Z."""
    return 65 <= byte <= 90


@inlined
def ends_line(byte: Any) -> Any:
    """Carriage return or line feed."""
    return byte == LF or byte == CR  # noqa: PLR1714 (a tuple would be slow here)


@inlined
def hex_digit(byte: Any) -> Any:
    """Value of a hexadecimal digit of either case, or 256."""
    if 48 <= byte <= 57:
        return np.int64(byte) - 48
    upper = np.int64(byte) & 0xDF
    return upper - 55 if 65 <= upper <= 70 else np.int64(256)


@inlined
def checksum_at(buffer: Any, star: Any) -> Any:
    """The checksum written behind `*` at `star`, or 256 or more where there are no two digits.

    IEC 61162-1 asks for capital letters, and many programs write small ones.
    """
    return hex_digit(buffer[star + 1]) * 16 + hex_digit(buffer[star + 2])


@inlined
def line_end(buffer: Any, place: Any) -> Any:
    """The byte after the end of the line that ends at or after `place`."""
    while not ends_line(buffer[place]):
        place += 1
    if buffer[place] == CR and buffer[place + 1] == LF:
        return place + 2
    return place + 1


@inlined
def is_sentence(buffer: Any, place: Any) -> Any:
    """Whether an AIS sentence begins at `place`, going by its formatter: !..VDM, or !..VDO,."""
    return (
        buffer[place] == BANG
        and buffer[place + 1] >= BLANK
        and buffer[place + 2] >= BLANK
        and buffer[place + 3] == 86
        and buffer[place + 4] == 68
        and (buffer[place + 5] == 77 or buffer[place + 5] == 79)
        and buffer[place + 6] == COMMA
    )


@inlined
def plausible(time: Any) -> Any:
    """A time within the life of AIS, else `NO_TIME`."""
    return time if m.EARLIEST_US <= time < m.LATEST_US else np.int64(m.NO_TIME)


@called
def epoch(buffer: Any, place: Any, end: Any) -> Any:
    """Microseconds of an epoch in s, ms, µs or ns (told by its digits), or `NO_TIME`; and its end.

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
    """A number of two digits, or 99."""
    if is_digit(buffer[place]) and is_digit(buffer[place + 1]):
        return np.int64(buffer[place]) * 10 + np.int64(buffer[place + 1]) - 528
    return np.int64(99)


@called
def iso_time(buffer: Any, place: Any) -> Any:
    """Microseconds of an ISO 8601 date and time in UTC or with an offset, or `NO_TIME`; its end.

    `2024-01-31T23:59:59[.999][Z|+08:00]`, with a blank in place of T as well.
    """
    none = np.int64(m.NO_TIME), place
    if buffer[place + 4] not in (MINUS, SLASH) or buffer[place + 7] != buffer[place + 4]:
        return none
    if not (buffer[place + 10] in (84, BLANK) and buffer[place + 13] == COLON):
        return none
    if buffer[place + 16] != COLON:
        return none
    time = instant(
        two_digits(buffer, place) * 100 + two_digits(buffer, place + 2),
        two_digits(buffer, place + 5),
        two_digits(buffer, place + 8),
        two_digits(buffer, place + 11),
        two_digits(buffer, place + 14),
        two_digits(buffer, place + 17),
    )
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
    if buffer[place] == BLANK and buffer[place + 1] in (43, MINUS):
        place += 1
    sign = 1 if buffer[place] == 43 else (-1 if buffer[place] == MINUS else 0)
    if sign:
        hours = two_digits(buffer, place + 1)
        minutes = two_digits(buffer, place + 3 + (buffer[place + 3] == COLON))
        if hours <= 14 and minutes < 60:
            time -= sign * (hours * 60 + minutes) * 60_000_000
    return plausible(time), place


@called
def logged_time(buffer: Any, place: Any, end: Any, head: Any) -> None:
    """Look for a time that a logger wrote before a sentence: an epoch or ISO 8601."""
    inside = False
    while place < end and head.prefix_time == m.NO_TIME:
        byte = buffer[place]
        if is_digit(byte) and not inside:
            time, after = iso_time(buffer, place)
            if time == m.NO_TIME:
                time, after = epoch(buffer, place, end)
                if after < end and (is_digit(buffer[after]) or is_letter(buffer[after] & 0xDF)):
                    time = np.int64(m.NO_TIME)
            head.prefix_time = time
            place = max(after, place + 1)
            inside = True
        else:
            inside = is_digit(byte) or is_letter(byte & 0xDF) or byte == DOT
            place += 1


@called
def station_code(
    buffer: Any, place: Any, end: Any, head: Any, keys: Any, names: Any, lengths: Any
) -> Any:
    """Code of a station's name, given out in order of first appearance.

    `keys` is an open-addressing hash table of codes + 1. Names are told apart by their first
    `STATION_NAME` bytes (NMEA 4.10 allows 15). When `MAX_STATIONS` are known, new ones get none.
    """
    length = min(end - place, m.STATION_NAME)
    if length <= 0:
        return np.int64(m.NO_STATION)
    key = U(14695981039346656037)
    for index in range(length):
        key = (key ^ U(buffer[place + index])) * U(1099511628211)
    slot = np.int64((key ^ (key >> U(29))) & U(m.STATION_SLOTS - 1))
    while keys[slot] != 0:
        code = keys[slot] - 1
        same = lengths[code] == length
        index = 0
        while same and index < length:
            same = names[code, index] == buffer[place + index]
            index += 1
        if same:
            return code
        slot = (slot + 1) & (m.STATION_SLOTS - 1)
    if head.stations >= m.MAX_STATIONS:
        head.stations_lost += 1
        return np.int64(m.NO_STATION)
    code = head.stations
    keys[slot] = code + 1
    lengths[code] = length
    for index in range(length):
        names[code, index] = buffer[place + index]
    head.stations += 1
    return code


@called
def group_of(buffer: Any, place: Any, end: Any, head: Any) -> None:
    """Read `g:1-2-1234`: number of the line in its group, lines of the group, the group's code."""
    numbers = np.zeros(3, np.int64)
    field = 0
    digits = 0
    while place < end:
        byte = buffer[place]
        if byte == MINUS and field < 2 and digits:
            field += 1
            digits = 0
        elif is_digit(byte) and digits < 17:
            numbers[field] = numbers[field] * 10 + (np.int64(byte) - 48)
            digits += 1
        else:
            return
        place += 1
    if field == 2 and digits:
        head.group_number = numbers[0]
        head.group_total = numbers[1]
        head.group = numbers[2]


@called
def tag_fields(
    buffer: Any, place: Any, end: Any, head: Any, keys: Any, names: Any, lengths: Any
) -> None:
    """The fields of a tag block that are kept: c: time, s: source station, g: group."""
    while place < end:
        stop = place
        while stop < end and buffer[stop] != COMMA:
            stop += 1
        if stop - place > 2 and buffer[place + 1] == COLON:
            if buffer[place] == 99:
                time, after = epoch(buffer, place + 2, stop)
                if time == m.NO_TIME or after != stop:
                    time = np.int64(m.ABSURD)
                if time != m.ABSURD or head.time == m.NO_TIME:
                    head.time = time
                    head.time_from = m.FROM_TAG
            elif buffer[place] == 115:
                head.station = station_code(buffer, place + 2, stop, head, keys, names, lengths)
            elif buffer[place] == 103:
                group_of(buffer, place + 2, stop, head)
        place = stop + 1


@inlined
def tag_block(buffer: Any, place: Any, head: Any, keys: Any, names: Any, lengths: Any) -> Any:
    """Read the tag block that begins at `place`; give its end, or -1 if there is none.

    A block whose checksum is wrong is passed over, and what it says isn't believed: the sentence
    behind it has a checksum of its own. One without a checksum is believed, and so is one with 00,
    which loggers write that don't compute it.
    """
    close = np.int64(place + 1)
    parity = U(0)
    while True:
        word = load(buffer, close)
        marks = (
            marks_equal(word, BACKSLASHES) | marks_equal(word, BANGS) | marks_below(word, BLANKS)
        )
        if marks:
            break
        parity ^= word
        close += 8
    inside = first_mark(marks)
    parity ^= lowest(word, inside)
    close += inside
    if buffer[close] != BACKSLASH:
        return np.int64(-1)
    end = close
    if close - place > 3 and buffer[close - 3] == STAR:
        # What is behind the text is taken out of its parity again.
        end = close - 3
        tail = buffer[end] ^ buffer[end + 1] ^ buffer[end + 2]
        said = checksum_at(buffer, end)
        if said == 0:
            head.unchecked_tags += 1
        elif said != (folded(parity) ^ tail):
            head.damaged_tags += 1
            head.damaged = 1
            return close + 1
    else:
        head.unchecked_tags += 1
    tag_fields(buffer, place + 1, end, head, keys, names, lengths)
    return close + 1


@called
def inherit(head: Any, groups: Any) -> None:
    """Let lines of a tag-block group share what one of them says about time and station.

    NMEA 4.10: the parameters of a group's first line hold for the group.
    """
    group = groups[head.group & (m.GROUPS - 1)]
    known = (
        group.group == head.group
        and group.total == head.group_total
        and group.seen != 0
        and head.pieces - group.seen <= m.GROUP_WITHIN_SENTENCES
        and head.group_number != 1
    )
    if known:
        if head.time == m.NO_TIME and group.time != m.NO_TIME:
            head.time = group.time
            head.time_from = m.FROM_GROUP
        if head.station == m.NO_STATION:
            head.station = group.station
    group.group = head.group
    group.total = head.group_total
    group.seen = head.pieces
    group.time = head.time
    group.station = head.station


@called
def suffix(
    buffer: Any, place: Any, end: Any, head: Any, keys: Any, names: Any, lengths: Any
) -> None:
    """Read station and time behind a sentence: `,r003669987,1152921693`.

    The first field that is an epoch is the time; a field of `r` or `b` and digits or letters is the
    receiving or base station. Both only count where a tag block or wrapper doesn't tell.
    """
    if buffer[place] not in (COMMA, BLANK, TAB, 59):
        return
    time = np.int64(m.NO_TIME)
    while place < end:
        place += 1
        stop = place
        while stop < end and buffer[stop] not in (COMMA, BLANK, TAB, 59):
            stop += 1
        if stop > place and is_digit(buffer[place]):
            found, after = epoch(buffer, place, stop)
            if time == m.NO_TIME and after == stop:
                time = found
        elif stop - place >= 5 and buffer[place] in (98, 114) and head.station == m.NO_STATION:
            plain = True
            for index in range(place, stop):
                byte = buffer[index]
                plain = plain and (is_digit(byte) or is_letter(byte & 0xDF))
            if plain:
                head.station = station_code(buffer, place, stop, head, keys, names, lengths)
        place = stop
    if time != m.NO_TIME and head.time == m.NO_TIME:
        head.time = time
        head.time_from = m.FROM_SUFFIX


@called
def wrapper(buffer: Any, place: Any, head: Any, wrappers: Any) -> None:
    """Remember the time of a `$PGHP` line for the sentence that follows.

    `$PGHP,1,year,month,day,hour,minute,second,millisecond,country,region,pss,online,cc*hh`, where
    cc is the checksum of the wrapped sentence (of all its parts, combined).
    """
    star = place + 1
    parity = 0
    while buffer[star] != STAR and buffer[star] >= BLANK:
        parity ^= buffer[star]
        star += 1
    if buffer[star] != STAR or checksum_at(buffer, star) != parity:
        return
    numbers = np.zeros(8, np.int64)
    field = 0
    last = place
    for index in range(place + 5, star):
        if buffer[index] == COMMA:
            field += 1
            last = index
        elif 1 <= field <= 8:
            number = numbers[field - 1]
            if is_digit(buffer[index]) and 0 <= number <= 99_999:
                numbers[field - 1] = number * 10 + (np.int64(buffer[index]) - 48)
            else:
                numbers[field - 1] = -1
    time = instant(numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6])
    if field < 9 or min(numbers[4], numbers[5]) < 0 or numbers[6] < 0 or time == m.NO_TIME:
        return
    if not 0 <= numbers[7] <= 999:
        return
    checksum = np.int64(-1)
    if star - last == 3:
        checksum = hex_digit(buffer[last + 1]) * 16 + hex_digit(buffer[last + 2])
    kept = wrappers[head.wrappers % m.WRAPPERS]
    kept.time = plausible(time + numbers[7] * 1_000)
    kept.checksum = checksum
    kept.seen = head.pieces
    head.wrappers += 1
    head.fresh_wrapper = 1


@called
def unwrap(head: Any, wrappers: Any, checksum: Any, alone: Any, own_ship: Any) -> None:
    """Give the sentence at hand the time of the wrapper that names its checksum.

    Where streams are merged, lines of others stand between a wrapper and its sentence. The wrapper
    of several parts names a combination of their checksums, some wrappers of own-ship sentences
    name 00, and some name none: these only count for the very next sentence. A wrapper that names
    another sentence isn't this one's: 38 % of such times would be right within 4 s.
    """
    newest = wrappers[(head.wrappers - 1) % m.WRAPPERS]
    found = np.int64(-1)
    for index in range(m.WRAPPERS):
        kept = wrappers[index]
        near = head.pieces - kept.seen <= m.WRAPPED_WITHIN_PIECES
        if near and kept.checksum == checksum and kept.time != m.NO_TIME:
            found = np.int64(index)
    if found < 0 and head.fresh_wrapper:
        if newest.checksum < 0 or not alone or (own_ship and newest.checksum == 0):
            found = (head.wrappers - 1) % m.WRAPPERS
        else:
            head.unmatched_wrappers += 1
    if found >= 0:
        if head.time == m.NO_TIME and wrappers[found].time != m.NO_TIME:
            head.time = wrappers[found].time
            head.time_from = m.FROM_WRAPPER
        wrappers[found].time = m.NO_TIME
    head.fresh_wrapper = 0


@inlined
def stamp(head: Any, stamps: Any) -> None:
    """Note the time of a line that has one of its own, for rows without one around it.

    Times of `$PGHP` lines don't count, since satellite data in them are hours late, and those of a
    group are another line's.
    """
    if head.time > 0 and head.time_from not in (m.FROM_WRAPPER, m.FROM_GROUP):
        place = head.stamps
        # The last stamp may go if no row without a time is on either side of it.
        if place > 0 and not (head.untimed or head.behind_untimed):
            place -= 1
        stamps[place].time = head.time
        stamps[place].positions = head.positions
        stamps[place].statics = head.statics
        head.stamps = place + 1
        head.behind_untimed = head.untimed
        head.untimed = 0


@inlined
def is_unnamed(buffer: Any, start: Any, place: Any, end: Any, head: Any) -> Any:
    """Whether a sentence surely has no station: alone on its line, and no tag block was damaged."""
    return (
        head.station == m.NO_STATION
        and not head.damaged
        and (head.content == place or head.prefix_time != m.NO_TIME)
        and (start == 0 or ends_line(buffer[start - 1]))
        and ends_line(buffer[end - 1])
    )


@inlined
def next_stop(buffer: Any, place: Any) -> Any:
    """First place from `place` on of `!`, a backslash or a control character."""
    while True:
        word = load(buffer, place)
        marks = (
            marks_equal(word, BACKSLASHES) | marks_equal(word, BANGS) | marks_below(word, BLANKS)
        )
        if marks:
            return place + first_mark(marks)
        place += 8


@called
def next_piece(buffer: Any, place: Any) -> Any:
    """Where the next piece begins: behind the end of the line, or at `!` or a backslash before."""
    place = next_stop(buffer, place)
    while not (ends_line(buffer[place]) or buffer[place] == BANG or buffer[place] == BACKSLASH):
        place = next_stop(buffer, place + 1)
    return line_end(buffer, place) if ends_line(buffer[place]) else place


@called
def preamble(
    buffer: Any, place: Any, head: Any, wrappers: Any, keys: Any, names: Any, lengths: Any
) -> Any:
    """Pass over what stands before a sentence; give its place, or -1 if the line has none.

    `head.content` is left at what follows the tag blocks. What stands before a backslash that
    closes no tag block is the rest of one, and its numbers aren't a logger's.
    """
    while buffer[place] == BLANK or buffer[place] == TAB:
        place += 1
    if buffer[place] == HASH:
        return np.int64(-1)
    since = head.content
    while True:
        place = next_stop(buffer, place)
        byte = buffer[place]
        if byte == BANG and is_sentence(buffer, place):
            if is_wrapper(buffer, head.content):
                wrapper(buffer, head.content, head, wrappers)
            else:
                logged_time(buffer, since, place, head)
            return place
        if ends_line(byte):
            return np.int64(-1)
        after = np.int64(-1)
        if byte == BACKSLASH:
            after = tag_block(buffer, place, head, keys, names, lengths)
        if after > 0:
            if head.tags == 0:
                logged_time(buffer, head.start, place, head)
            head.content = after
            head.tags += 1
            place = since = after
        else:
            place += 1
            if byte == BACKSLASH:
                head.damaged = 1
                since = place


@inlined
def is_wrapper(buffer: Any, place: Any) -> Any:
    """Whether a line is `$PGHP,`."""
    return lowest(load(buffer, place), 7) == WRAPPER_START


@called
def count_kind(key: Any, head: Any, kinds: Any) -> None:
    """Count a line that isn't AIS; the last entry is for kinds that find no room."""
    index = 0
    while index < m.KINDS - 1 and kinds[index].key != 0 and kinds[index].key != key:
        index += 1
    if index < m.KINDS - 1:
        kinds[index].key = key
    kinds[index].lines += 1
    head.other_lines += 1
