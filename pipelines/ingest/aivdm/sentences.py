"""Sentences: one piece of a feed from its tag block to the bits of its message.

`!AIVDM,total,number,sequence,channel,payload,fill*hh` (IEC 61162-1, VDM).
"""

from typing import Any

import numpy as np

from pipelines.ingest.aivdm import memory as m
from pipelines.ingest.aivdm.assembly import add_part, join
from pipelines.ingest.aivdm.characters import (
    BACKSLASH,
    COMMA,
    CR,
    ends_line,
    is_digit,
    is_letter,
    is_sentence,
)
from pipelines.ingest.aivdm.framing import next_piece, preamble, suffix
from pipelines.ingest.aivdm.jit import called, inlined
from pipelines.ingest.aivdm.messages import OK, unarmour
from pipelines.ingest.aivdm.tags import inherit, tag_block

WAITS = -2


@called
def where_cut(buffer: Any, place: Any, star: Any) -> Any:
    """Return the backslash in a damaged sentence at which another one's tag block begins, or -1."""
    for index in range(place, star):
        if buffer[index] == BACKSLASH:
            return np.int64(index)
    return np.int64(-1)


@inlined
def sentence_end(buffer: Any, star: Any, head: Any, wrappers: Any, stations: Any) -> Any:
    """Return the end of a piece whose sentence has a checksum; reads what stands behind it."""
    place = star + 3
    if ends_line(buffer[place]):
        return place + (2 if buffer[place] == CR and buffer[place + 1] == 10 else 1)
    end = next_piece(buffer, place)
    stop = end
    while stop > place and ends_line(buffer[stop - 1]):
        stop -= 1
    if stop > place:
        suffix(buffer, place, stop, head, wrappers, stations)
    return end


@inlined
def begin(place: Any, head: Any) -> None:
    """Forget the last piece."""
    head.pieces += 1
    head.start = place
    head.content = place
    head.offset = head.base + place
    head.tags = 0
    head.time = m.NO_TIME
    head.prefix_time = m.NO_TIME
    head.time_from = m.FROM_NONE
    head.station = m.NO_STATION
    head.group = m.NO_GROUP
    head.damaged = 0


@inlined
def before_sentence(
    buffer: Any, start: Any, head: Any, wrappers: Any, groups: Any, stations: Any
) -> Any:
    """Return the place of the sentence in the piece that begins at `start`, or -1."""
    if is_sentence(buffer, start):
        return start
    place = start
    if buffer[place] == BACKSLASH:
        after = tag_block(buffer, place, head, stations)
        if after > 0:
            head.tags = 1
            head.content = after
            place = after
        else:
            place += 1
            head.damaged = 1
    if not is_sentence(buffer, place):
        place = preamble(buffer, place, head, wrappers, stations)
    if head.group != m.NO_GROUP:
        inherit(head, groups)
    return place


@inlined
def payload_of(
    buffer: Any,
    place: Any,
    star: Any,
    end: Any,
    head: Any,
    parts: Any,
    joined: Any,
    words: Any,
    rejects: Any,
) -> Any:
    """Return the bits of a sentence's message, in `words`: their number; `OK` or why not.

    `!AIVDM,total,number,sequence,channel,payload,fill*hh` (IEC 61162-1, VDM).
    """
    if not (is_letter(buffer[place + 1]) and is_letter(buffer[place + 2])):
        return np.int64(0), m.MALFORMED
    if buffer[place + 8] != COMMA or buffer[place + 10] != COMMA:
        return np.int64(0), m.MALFORMED
    total = np.int64(buffer[place + 7]) - 48
    number = np.int64(buffer[place + 9]) - 48
    payload = place + 11
    # Talker, VDM or VDO, identifier (some receivers count beyond 9) and channel, as one number.
    numbers = np.int64(buffer[place + 1]) << 16 | np.int64(buffer[place + 2]) << 8
    numbers |= np.int64(buffer[place + 5])
    while is_digit(buffer[payload]) and payload < place + 14:
        numbers = numbers * 31 + np.int64(buffer[payload])
        payload += 1
    if buffer[payload] != COMMA:
        return np.int64(0), m.MALFORMED
    payload += 1
    numbers = (numbers & 0xFFFFFFFFFF) * 31 + 44
    stop = payload + 8
    while buffer[payload] != COMMA and payload < stop:
        numbers = (numbers * 31 + np.int64(buffer[payload])) & 0xFFFFFFFFFFFFFF
        payload += 1
    if buffer[payload] != COMMA:
        return np.int64(0), m.MALFORMED
    payload += 1
    characters = star - 2 - payload
    fill = np.int64(buffer[star - 1]) - 48
    if characters < 0 or buffer[star - 2] != COMMA or not 0 <= fill <= 5:
        return np.int64(0), m.MALFORMED
    if not (1 <= number <= total <= m.PARTS):
        return np.int64(0), m.MALFORMED
    if characters == 0:
        return np.int64(0), m.PAYLOAD
    if total == 1:
        if characters > m.MAX_PAYLOAD:
            return np.int64(0), m.MALFORMED
        if unarmour(buffer, payload, characters, words):
            return np.int64(0), m.PAYLOAD
        return characters * 6 - fill, OK
    if star + 3 - place > m.PART_TEXT:
        return np.int64(0), m.MALFORMED
    slot = add_part(
        buffer, place, end, payload, characters, fill, total, number, numbers, head, parts, rejects
    )
    if slot < 0:
        return np.int64(0), WAITS
    characters = join(slot, parts, joined)
    if characters > m.MAX_PAYLOAD:
        return np.int64(0), m.MALFORMED
    if unarmour(joined, 0, characters, words):
        return np.int64(0), m.PAYLOAD
    return characters * 6 - parts.slots[slot].fill, OK
