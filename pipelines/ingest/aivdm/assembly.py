"""Messages of several sentences: parts wait in slots until all are there.

IEC 61162-1, VDM: the parts of a message share talker, number of parts, sequential message
identifier (0 to 9) and channel; NMEA 4.10 adds the code of the tag-block group. They may come
out of order, between others, twice (from two receivers) or not at all.
"""

from typing import Any

import numpy as np

from pipelines.ingest.aivdm import limits
from pipelines.ingest.aivdm import memory as m
from pipelines.ingest.aivdm.jit import called, inlined
from pipelines.ingest.aivdm.words import load, store


@called
def reject(
    head: Any, rejects: Any, reason: Any, start: Any, end: Any, text: Any, first: Any, last: Any
) -> None:
    """Count a piece that becomes no row; keep the text of the first few of each reason.

    `start` and `end` are bytes of the feed, `first` and `last` of `text`.
    """
    row = rejects.rows[head.rejects]
    row.start = start
    row.end = end
    row.reason = reason
    head.rejects += 1
    nth = rejects.counts[reason]
    rejects.counts[reason] += 1
    if nth < m.MAX_SAMPLES:
        length = min(last - first, m.MAX_TEXT)
        rejects.ranges[reason, nth, 0] = start
        rejects.ranges[reason, nth, 1] = end
        rejects.ranges[reason, nth, 2] = length
        for index in range(length):
            rejects.samples[reason, nth, index] = text[first + index]


@called
def give_up(slot: Any, head: Any, parts: Any, rejects: Any) -> None:
    """Empty a slot; parts whose message never became whole are rejected."""
    waiting = parts.slots[slot]
    if waiting.key != 0 and not waiting.done:
        for part in range(waiting.total):
            if waiting.present >> part & 1:
                piece = parts.pieces[slot, part]
                reject(
                    head,
                    rejects,
                    m.INCOMPLETE,
                    piece.start,
                    piece.end,
                    parts.texts[slot, part],
                    0,
                    piece.length,
                )
    waiting.key = 0
    waiting.present = 0


@inlined
def bucket_of(key: Any, group: Any, station: Any) -> Any:
    """Return the first slot of those in which a message of these numbers waits."""
    mixed = (key ^ (group * 0x9E3779B1) ^ (station * 0x5851F42D)) * 0x2545F491
    return (((mixed >> 20) ^ mixed) & (m.SLOTS // m.WAYS - 1)) * m.WAYS


@inlined
def fits(waiting: Any, key: Any, part: Any, head: Any) -> Any:
    """Return whether a part may belong to the message that waits in a slot.

    A part without a station fits any; times, where known, may not be far apart.
    """
    if waiting.key != key or waiting.group != head.group:
        return False
    swapped = not waiting.done and waiting.present >> part > 1
    limit = limits.SWAPPED_WITHIN_SENTENCES if swapped else limits.PARTS_WITHIN_SENTENCES
    near = head.sentences - waiting.seen <= limit
    if waiting.time > m.NO_TIME and head.time > m.NO_TIME:
        near = near and abs(waiting.time - head.time) <= limits.PARTS_WITHIN_US
    if waiting.station >= 0 and head.station >= 0:
        near = near and waiting.station == head.station
    return near


@called
def slot_for(key: Any, part: Any, head: Any, parts: Any) -> Any:
    """Return the slot of a part's message, or -1, and the slot to empty if there is none.

    Of several messages with the same numbers the one heard last counts. Those of different stations
    wait in buckets of their own, so that any number of them may be between one another; a part that
    names no station goes to the message of its numbers that was heard last, whoever heard it.
    """
    slots = parts.slots
    bucket = bucket_of(key, head.group, head.station)
    nameless = bucket_of(key, head.group, np.int64(m.NO_STATION))
    best = np.int64(-1)
    oldest = bucket
    for slot in range(bucket, bucket + m.WAYS):
        waiting = slots[slot]
        if fits(waiting, key, part, head) and (best < 0 or waiting.seen > slots[best].seen):
            best = np.int64(slot)
        age = waiting.seen if waiting.key else np.int64(-1)
        if age < (slots[oldest].seen if slots[oldest].key else np.int64(-1)):
            oldest = slot
    if nameless != bucket:
        for slot in range(nameless, nameless + m.WAYS):
            waiting = slots[slot]
            if fits(waiting, key, part, head) and (best < 0 or waiting.seen > slots[best].seen):
                best = np.int64(slot)
    else:
        last = parts.latest[nameless // m.WAYS]
        if fits(slots[last], key, part, head) and (best < 0 or slots[last].seen > slots[best].seen):
            best = np.int64(last)
    return best, np.int64(oldest)


@called
def same_piece(parts: Any, slot: Any, part: Any, buffer: Any, payload: Any, characters: Any) -> Any:
    """Return whether a part is there already with the same payload."""
    piece = parts.pieces[slot, part]
    if piece.characters != characters:
        return False
    for index in range(characters):
        if parts.texts[slot, part, piece.payload + index] != buffer[payload + index]:
            return False
    return True


@called
def open_slot(slot: Any, key: Any, total: Any, head: Any, parts: Any) -> None:
    """Begin a message."""
    waiting = parts.slots[slot]
    waiting.key = key
    waiting.group = head.group
    waiting.time = head.time
    waiting.time_from = head.time_from
    waiting.station = head.station
    waiting.offset = head.offset
    waiting.total = total
    waiting.present = 0
    waiting.fill = 0
    waiting.done = 0
    waiting.checksum = 0


@called
def add_part(
    buffer: Any,
    place: Any,
    end: Any,
    payload: Any,
    characters: Any,
    fill: Any,
    total: Any,
    number: Any,
    numbers: Any,
    head: Any,
    parts: Any,
    rejects: Any,
) -> Any:
    """Put a part into its slot; give the slot if that completes the message, else -1.

    `numbers` is what the parts of a message share besides their number: talker, own ship, channel
    and sequential message identifier.
    """
    key = (numbers << 4 | total) + 1
    part = number - 1
    slot, oldest = slot_for(key, part, head, parts)
    if slot >= 0 and parts.slots[slot].present >> part & 1:
        if same_piece(parts, slot, part, buffer, payload, characters):
            head.duplicate_parts += 1
            return np.int64(-1)
        give_up(slot, head, parts, rejects)
        open_slot(slot, key, total, head, parts)
    elif slot < 0:
        slot = oldest
        give_up(slot, head, parts, rejects)
        open_slot(slot, key, total, head, parts)
    parts.latest[bucket_of(key, head.group, np.int64(m.NO_STATION)) // m.WAYS] = slot
    waiting = parts.slots[slot]
    waiting.seen = head.sentences
    waiting.present |= 1 << part
    waiting.checksum ^= head.checksum
    if waiting.time == m.NO_TIME or (number == 1 and head.time != m.NO_TIME):
        waiting.time = head.time
        waiting.time_from = head.time_from
    if waiting.station == m.NO_STATION:
        waiting.station = head.station
    if number == total:
        waiting.fill = fill
    piece = parts.pieces[slot, part]
    piece.start = head.offset
    piece.end = head.base + min(end, head.limit)
    piece.length = min(end - place, m.PART_TEXT)
    piece.payload = payload - place
    piece.characters = characters
    kept = parts.texts[slot, part]
    for index in range(0, piece.length, 8):
        store(kept, index, load(buffer, place + index))
    if waiting.present != (1 << total) - 1:
        return np.int64(-1)
    waiting.done = 1
    head.joined_parts += total - 1
    head.time = waiting.time
    head.time_from = waiting.time_from
    head.checksum = waiting.checksum
    head.station = waiting.station
    head.offset = waiting.offset
    return slot


@called
def join(slot: Any, parts: Any, joined: Any) -> Any:
    """Write the payloads of a whole message one behind the other; give their length."""
    length = np.int64(0)
    for part in range(parts.slots[slot].total):
        piece = parts.pieces[slot, part]
        kept = parts.texts[slot, part]
        for index in range(0, piece.characters, 8):
            store(joined, length + index, load(kept, piece.payload + index))
        length += piece.characters
    return length
