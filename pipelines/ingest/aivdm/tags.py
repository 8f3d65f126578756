"""Tag blocks: what they say of a sentence's time, station and group.

Source: NMEA 0183 4.10, annex on TAG blocks.
"""

from typing import Any

import numpy as np

from pipelines.ingest.aivdm import limits
from pipelines.ingest.aivdm import memory as m
from pipelines.ingest.aivdm.characters import (
    BACKSLASH,
    COLON,
    COMMA,
    MINUS,
    STAR,
    checksum_at,
    is_digit,
)
from pipelines.ingest.aivdm.jit import called, inlined
from pipelines.ingest.aivdm.times import epoch
from pipelines.ingest.aivdm.words import U, first_mark, folded, load, lowest, marks_of_stops


@called
def station_code(buffer: Any, place: Any, end: Any, head: Any, stations: Any) -> Any:
    """Return the code of a station's name, given out in order of first appearance.

    `stations.keys` is an open-addressing hash table. Names are told apart by their first
    `STATION_NAME` bytes (NMEA 4.10 allows 15). When `MAX_STATIONS` are known, new ones get none.
    """
    length = min(end - place, m.STATION_NAME)
    if length <= 0:
        return np.int64(m.NO_STATION)
    key = U(14695981039346656037)
    for index in range(length):
        key = (key ^ U(buffer[place + index])) * U(1099511628211)
    slot = np.int64((key ^ (key >> U(29))) & U(m.STATION_SLOTS - 1))
    while stations.keys[slot] != 0:
        code = stations.keys[slot] - 1
        same = stations.lengths[code] == length
        index = 0
        while same and index < length:
            same = stations.names[code, index] == buffer[place + index]
            index += 1
        if same:
            return code
        slot = (slot + 1) & (m.STATION_SLOTS - 1)
    if head.stations >= m.MAX_STATIONS:
        head.stations_lost += 1
        return np.int64(m.NO_STATION)
    code = head.stations
    stations.keys[slot] = code + 1
    stations.lengths[code] = length
    for index in range(length):
        stations.names[code, index] = buffer[place + index]
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
def tag_fields(buffer: Any, place: Any, end: Any, head: Any, stations: Any) -> None:
    """Read the fields of a tag block that are kept: c: time, s: source station, g: group."""
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
                head.station = station_code(buffer, place + 2, stop, head, stations)
            elif buffer[place] == 103:
                group_of(buffer, place + 2, stop, head)
        place = stop + 1


@inlined
def tag_block(buffer: Any, place: Any, head: Any, stations: Any) -> Any:
    """Read the tag block that begins at `place`; give its end, or -1 if there is none.

    A block whose checksum is wrong is passed over, and what it says isn't believed: the sentence
    behind it has a checksum of its own. One without a checksum is believed, and so is one with 00,
    which loggers write that don't compute it.
    """
    close = np.int64(place + 1)
    parity = U(0)
    while True:
        word = load(buffer, close)
        marks = marks_of_stops(word)
        if marks:
            break
        parity ^= word
        close += 8
    inside = first_mark(marks)
    parity ^= lowest(word, inside)
    close += inside
    # Two backslashes hold nothing: JSON writes each of a text twice.
    if buffer[close] != BACKSLASH or close == place + 1:
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
    tag_fields(buffer, place + 1, end, head, stations)
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
        and head.pieces - group.seen <= limits.GROUP_WITHIN_SENTENCES
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
