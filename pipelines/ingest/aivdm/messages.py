"""Messages: from checked payloads to rows of the arena.

`unarmour` makes bits of six-bit characters, `decode` a row, or two, of the bits, by the message's
type (ITU-R M.1371-5, annex 8).
"""

from typing import Any

from pipelines.ingest.aivdm import layouts as at
from pipelines.ingest.aivdm import memory as m
from pipelines.ingest.aivdm.jit import called, inlined
from pipelines.ingest.aivdm.payload import base, class_b_static, other, position, static
from pipelines.ingest.aivdm.words import (
    ARMOUR_ZERO,
    U,
    load,
    lowest,
    not_armour,
    take,
    unarmoured,
)

OK = -1


@inlined
def unarmour(text: Any, place: Any, characters: Any, words: Any) -> Any:
    """Turn a payload into groups of 48 bits and two empty ones; 0 if characters are right."""
    wrong = U(0)
    groups = (characters + 7) >> 3
    for group in range(groups):
        word = load(text, place + 8 * group)
        rest = characters - 8 * group
        if rest < 8:
            kept = lowest(U(0xFFFFFFFFFFFFFFFF), rest)
            word = (word & kept) | (ARMOUR_ZERO & ~kept)
        wrong |= not_armour(word)
        words[group] = unarmoured(word)
    words[groups] = U(0)
    words[groups + 1] = U(0)
    return wrong


@inlined
def decode_position(words: Any, bits: Any, head: Any, tables: Any, layout: Any) -> Any:
    """Make the row of a position report; `OK` or the reason why not."""
    if bits < layout.least_bits:
        return m.SHORT
    position(tables.positions[head.positions], words, head, layout)
    head.positions += 1
    return OK


@inlined
def decode(words: Any, bits: Any, head: Any, type_counts: Any, tables: Any) -> Any:
    """Make a message's row or rows; `OK` or the reason why not."""
    if bits < at.HEADER_BITS:
        return m.SHORT
    kind = take(words, at.MESSAGE_ID)
    if 1 <= kind <= 3:
        outcome = decode_position(words, bits, head, tables, at.CLASS_A)
    else:
        outcome = decode_others(words, bits, kind, head, tables)
    if outcome == OK:
        type_counts[kind] += 1
    return outcome


@called
def decode_others(words: Any, bits: Any, kind: Any, head: Any, tables: Any) -> Any:
    """Make the rows of all messages but the most frequent."""
    if kind == 18:
        return decode_position(words, bits, head, tables, at.CLASS_B)
    if kind == 27:
        return decode_position(words, bits, head, tables, at.LONG_RANGE)
    if kind == 5:
        if bits < at.VOYAGE.least_bits:
            return m.SHORT
        static(tables.statics[head.statics], words, bits, head, at.VOYAGE)
        head.statics += 1
    elif kind in (4, 11):
        if bits < at.BASE.least_bits:
            return m.SHORT
        base(tables.bases[head.bases], words, head)
        head.bases += 1
    elif kind == 24:
        if bits < at.PART_NUMBER.start + at.PART_NUMBER.width:
            return m.SHORT
        part = take(words, at.PART_NUMBER)
        if part > 1:
            return m.PART
        if bits < (at.PART_A.least_bits if part == 0 else at.PART_B.least_bits):
            return m.SHORT
        class_b_static(tables.statics[head.statics], words, bits, head, part)
        head.statics += 1
    elif kind == 19:
        if bits < at.CLASS_B_EXTENDED.least_bits:
            return m.SHORT
        decode_position(words, bits, head, tables, at.CLASS_B_EXTENDED)
        static(tables.statics[head.statics], words, bits, head, at.EXTENDED_STATIC)
        head.statics += 1
    else:
        if (kind == 9 and bits < at.AIRCRAFT_LEAST_BITS) or (
            kind == 21 and bits < at.AID_LEAST_BITS
        ):
            return m.SHORT
        other(tables.others[head.others], words, head)
        head.others += 1
    return OK
