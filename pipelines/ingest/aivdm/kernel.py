"""The kernel: from bytes to rows, one pass, no Python on the way.

`scan` cuts a block into pieces (see `framing`) and makes of each a row, a waiting part, a line of
another kind, or a reject. It only looks at whole lines, so where a feed is cut into blocks doesn't
matter; and every search in it stops at the end of a line, so it can't leave the block.
"""

from typing import Any

import numpy as np

from pipelines.ingest.aivdm import memory as m
from pipelines.ingest.aivdm.assembly import give_up, reject
from pipelines.ingest.aivdm.characters import BLANK, DOLLAR, STAR, checksum_at
from pipelines.ingest.aivdm.framing import is_unnamed, next_piece, stamp
from pipelines.ingest.aivdm.jit import inlined
from pipelines.ingest.aivdm.messages import OK, decode
from pipelines.ingest.aivdm.otherlines import line_without_sentence
from pipelines.ingest.aivdm.own_clock import own_time
from pipelines.ingest.aivdm.payload import AT
from pipelines.ingest.aivdm.sentences import (
    WAITS,
    before_sentence,
    begin,
    payload_of,
    sentence_end,
    where_cut,
)
from pipelines.ingest.aivdm.words import (
    COMMAS,
    U,
    borrowed,
    first_mark,
    folded,
    load,
    lowest,
    marks_below,
    store,
)
from pipelines.ingest.aivdm.wrappers import unwrap


@inlined
def scan_lines(
    buffer: Any,
    start: Any,
    end: Any,
    heads: Any,
    tables: Any,
    rejects: Any,
    stamps: Any,
    type_counts: Any,
    kinds: Any,
    parts: Any,
    groups: Any,
    stations: Any,
    wrappers: Any,
    words: Any,
    joined: Any,
) -> Any:
    """See `scan`."""
    head = heads[0]
    place = start
    while place < end and (
        head.positions < len(tables.positions)
        and head.statics < len(tables.statics)
        and head.bases < len(tables.bases)
        and head.others < len(tables.others)
        and head.rejects + m.PARTS + 1 < len(rejects.rows)
        and head.stamps < len(stamps)
        and head.wrappers + 1 < len(wrappers)
    ):
        begin(place, head)
        first = place
        at_bang = before_sentence(buffer, place, head, wrappers, groups, stations)
        if at_bang < 0:
            if buffer[head.content] == DOLLAR and head.time == m.NO_TIME:
                head.time = own_time(buffer, head.content)
            stamp(head, stamps)
            place = line_without_sentence(buffer, first, head, kinds, wrappers, rejects)
            continue
        head.sentences += 1
        star = at_bang + 1
        parity = U(0)
        while True:
            word = load(buffer, star)
            marks = marks_below(word, COMMAS)
            if marks:
                break
            parity ^= word
            star += 8
        inside = first_mark(marks)
        parity ^= lowest(word, inside)
        star += inside
        bits = np.int64(0)
        if buffer[star] != STAR or checksum_at(buffer, star) > 255:
            outcome = m.MALFORMED
            place = next_piece(buffer, star)
        elif checksum_at(buffer, star) != folded(parity):
            outcome = m.CHECKSUM
            place = next_piece(buffer, star)
            cut = where_cut(buffer, at_bang, star)
            if cut >= 0:
                outcome = m.MALFORMED
                place = cut
        else:
            head.checksum = folded(parity)
            if head.fresh_wrapper:
                unwrap(
                    head,
                    wrappers,
                    folded(parity),
                    buffer[at_bang + 7] == 49,
                    buffer[at_bang + 5] == 79,
                )
            place = sentence_end(buffer, star, head, wrappers, stations)
            if head.time == m.NO_TIME and head.prefix_time != m.NO_TIME:
                head.time = head.prefix_time
                head.time_from = m.FROM_PREFIX
            stamp(head, stamps)
            if buffer[at_bang + 9] == 49 and is_unnamed(buffer, first, at_bang, place, head):
                head.unnamed += 1
            bits, outcome = payload_of(
                buffer, at_bang, star, place, head, parts, joined, words, rejects
            )
            if outcome == OK:
                outcome = decode(words, bits, head, type_counts, tables)
        if outcome == OK:
            head.messages += 1
            if head.time == m.NO_TIME:
                head.untimed = 1
        elif outcome != WAITS:
            reject(
                head,
                rejects,
                outcome,
                head.base + first,
                head.base + min(place, head.limit),
                buffer,
                first,
                place,
            )
    return place


def scan(buffer: Any, start: Any, end: Any, *memory: Any) -> Any:
    """Decode the whole lines in `buffer[start:end]`; give the place to go on from.

    That is `end`, unless a table of the arena is full. The byte before `end` ends a line, and 64
    bytes behind it can be read. `memory` is that of `Memory.arguments`.
    """
    return scan_lines(borrowed(buffer), start, end, *borrowed(memory))


def gather_texts(
    raw: Any, count: Any, size: Any, text_at: Any, length_at: Any, ends: Any, out: Any
) -> None:
    """Write the texts of `count` rows one behind the other, as Arrow wants them, and their ends.

    `raw` holds rows of `size` bytes, with a text at `text_at` in each and its length at
    `length_at`; they end before their first '@', and blanks before it go. Characters are copied 8
    at a time, so that `out` needs 8 bytes more than all texts.
    """
    raw, ends, out = borrowed(raw), borrowed(ends), borrowed(out)
    total = np.int64(0)
    ends[0] = 0
    for row in range(count):
        start = row * size
        length = np.int64(raw[start + length_at])
        used = np.int64(0)
        while used < length and raw[start + text_at + used] != AT:
            used += 1
        if used < length:
            length = used
            while length > 0 and raw[start + text_at + length - 1] == BLANK:
                length -= 1
        for index in range(0, length, 8):
            store(out, total + index, load(raw, start + text_at + index))
        total += length
        ends[row + 1] = total


def expire(slot: Any, heads: Any, rejects: Any, parts: Any) -> Any:
    """Reject the parts that still wait, from `slot` on; give the slot to go on from."""
    head = heads[0]
    while slot < len(parts.slots) and head.rejects + m.PARTS < len(rejects.rows):
        give_up(slot, head, parts, rejects)
        slot += 1
    return slot
