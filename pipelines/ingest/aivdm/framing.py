"""What stands around a sentence: preambles, times and stations, and lines that are something else.

A feed is cut into *pieces* without gaps: a piece is one sentence with what stands before it (a tag
block, a time, line noise) and behind it (a time, a station, the line's end), or a line without a
sentence. Sources: IEC 61162-1 for sentences; the suffix of station and epoch is the U.S. Coast
Guard's. Tag blocks are read in `tags`, times in `times`, `$PGHP` lines in `wrappers`.
"""

from typing import Any

import numpy as np

from pipelines.ingest.aivdm import limits
from pipelines.ingest.aivdm import memory as m
from pipelines.ingest.aivdm.characters import (
    BACKSLASH,
    BANG,
    BLANK,
    CLOSING,
    COMMA,
    HASH,
    SEMICOLON,
    TAB,
    ends_line,
    is_digit,
    is_letter,
    is_sentence,
    line_end,
)
from pipelines.ingest.aivdm.jit import called, inlined
from pipelines.ingest.aivdm.tags import station_code, tag_block
from pipelines.ingest.aivdm.times import logged_time, time_in_digits
from pipelines.ingest.aivdm.words import U, first_mark, load, marks_of_stops
from pipelines.ingest.aivdm.wrappers import delivered, is_wrapper, wrapper

KIND_BLANK = U(int.from_bytes(b"blank", "little"))
KIND_COMMENT = U(int.from_bytes(b"comment", "little"))
KIND_TAGS = U(int.from_bytes(b"tags", "little"))


@called
def suffix(buffer: Any, place: Any, end: Any, head: Any, wrappers: Any, stations: Any) -> None:
    """Read station and time behind a sentence: `,r003669987,1152921693`, or what AIS-catcher puts
    there for people to read: ` ( MSG: 1, MMSI: 533000001, timestamp: 20220729191340)`.

    The first field that is a time is it; a field of `r` or `b` and digits or letters is the
    receiving or base station. Both only count where a tag block or wrapper doesn't tell.
    """
    if buffer[place] not in (COMMA, BLANK, TAB, SEMICOLON):
        return
    time = np.int64(m.NO_TIME)
    while place < end:
        place += 1
        stop = place
        while stop < end and buffer[stop] not in (COMMA, BLANK, TAB, SEMICOLON):
            stop += 1
        if stop > place and is_digit(buffer[place]):
            found, after = time_in_digits(buffer, place, stop)
            if time == m.NO_TIME and after + (buffer[after] == CLOSING) == stop:
                time = found
        elif stop - place >= 5 and buffer[place] in (98, 114) and head.station == m.NO_STATION:
            plain = True
            for index in range(place, stop):
                byte = buffer[index]
                plain = plain and (is_digit(byte) or is_letter(byte & 0xDF))
            if plain:
                head.station = station_code(buffer, place, stop, head, stations)
        place = stop
    if time != m.NO_TIME and head.time == m.NO_TIME:
        head.time = time
        head.time_from = m.FROM_SUFFIX
    elif time != m.NO_TIME:
        delivered(head, wrappers, time)


@inlined
def stamp(head: Any, stamps: Any) -> None:
    """Note the time of a line that has one of its own, for rows without one around it.

    Times of `$PGHP` lines don't count, since satellite data in them are hours late, those of a
    group are another line's, and those written behind a sentence may be those of its delivery.
    """
    late = head.time_from == m.FROM_SUFFIX and head.lag >= limits.DELIVERY_US
    if head.time > 0 and not late and head.time_from not in (m.FROM_WRAPPER, m.FROM_GROUP):
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
    """Tell whether a sentence surely has no station: alone on its line, no tag block damaged."""
    return (
        head.station == m.NO_STATION
        and not head.damaged
        and (head.content == place or head.prefix_time != m.NO_TIME)
        and (start == 0 or ends_line(buffer[start - 1]))
        and ends_line(buffer[end - 1])
    )


@inlined
def next_stop(buffer: Any, place: Any) -> Any:
    """Find the first place from `place` on of `!`, a backslash or a control character."""
    while True:
        marks = marks_of_stops(load(buffer, place))
        if marks:
            return place + first_mark(marks)
        place += 8


@called
def next_piece(buffer: Any, place: Any) -> Any:
    """Find the next piece: behind the end of the line, or at `!` or a backslash before."""
    place = next_stop(buffer, place)
    while not (ends_line(buffer[place]) or buffer[place] == BANG or buffer[place] == BACKSLASH):
        place = next_stop(buffer, place + 1)
    return line_end(buffer, place) if ends_line(buffer[place]) else place


@called
def preamble(buffer: Any, place: Any, head: Any, wrappers: Any, stations: Any) -> Any:
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
            after = tag_block(buffer, place, head, stations)
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
