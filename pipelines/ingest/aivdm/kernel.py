"""The kernel: from bytes to rows, one pass, no Python on the way.

`scan` cuts a block into pieces (see `framing`) and makes of each a row, a waiting part, a line of
another kind, or a reject. It only looks at whole lines, so where a feed is cut into blocks doesn't
matter; and every search in it stops at the end of a line, so it can't leave the block.
"""

from typing import Any

import numpy as np

from pipelines.ingest.aivdm import layouts as at
from pipelines.ingest.aivdm import memory as m
from pipelines.ingest.aivdm.assembly import add_part, give_up, join, reject
from pipelines.ingest.aivdm.characters import (
    BACKSLASH,
    BANG,
    BLANK,
    COMMA,
    CR,
    DOLLAR,
    HASH,
    STAR,
    TAB,
    checksum_at,
    ends_line,
    is_digit,
    is_letter,
    is_sentence,
    line_end,
)
from pipelines.ingest.aivdm.framing import (
    KIND_BLANK,
    KIND_COMMENT,
    KIND_TAGS,
    count_kind,
    is_unnamed,
    next_piece,
    preamble,
    stamp,
    suffix,
)
from pipelines.ingest.aivdm.jit import called, inlined
from pipelines.ingest.aivdm.payload import AT, aid, base, class_b_static, other, position, static
from pipelines.ingest.aivdm.tags import inherit, tag_block
from pipelines.ingest.aivdm.words import (
    ARMOUR_ZERO,
    COMMAS,
    U,
    borrowed,
    first_mark,
    folded,
    load,
    lowest,
    marks_below,
    not_armour,
    store,
    take,
    unarmoured,
)
from pipelines.ingest.aivdm.wrappers import is_wrapper, unwrap, wrapper

OK = -1
WAITS = -2


@inlined
def unarmour(text: Any, place: Any, characters: Any, words: Any) -> Any:
    """Payload to groups of 48 bits, two empty ones behind them; 0 if all characters are right."""
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
def decode(
    words: Any,
    bits: Any,
    head: Any,
    type_counts: Any,
    positions: Any,
    statics: Any,
    bases: Any,
    aids: Any,
    others: Any,
) -> Any:
    """A message to its row or rows; `OK` or the reason why not."""
    if bits < at.HEADER_BITS:
        return m.SHORT
    kind = take(words, at.MESSAGE_ID)
    if 1 <= kind <= 3:
        if bits < at.CLASS_A.least_bits:
            return m.SHORT
        position(positions[head.positions], words, head, at.CLASS_A)
        head.positions += 1
        type_counts[kind] += 1
        return OK
    outcome = decode_others(words, bits, kind, head, positions, statics, bases, aids, others)
    if outcome == OK:
        type_counts[kind] += 1
    return outcome


@called
def decode_others(
    words: Any,
    bits: Any,
    kind: Any,
    head: Any,
    positions: Any,
    statics: Any,
    bases: Any,
    aids: Any,
    others: Any,
) -> Any:
    """All messages but the most frequent."""
    if kind == 18:
        if bits < at.CLASS_B.least_bits:
            return m.SHORT
        position(positions[head.positions], words, head, at.CLASS_B)
        head.positions += 1
    elif kind == 5:
        if bits < at.VOYAGE.least_bits:
            return m.SHORT
        static(statics[head.statics], words, bits, head, at.VOYAGE)
        head.statics += 1
    elif kind in (4, 11):
        if bits < at.BASE.least_bits:
            return m.SHORT
        base(bases[head.bases], words, head)
        head.bases += 1
    elif kind == 24:
        if bits < at.PART_NUMBER.start + at.PART_NUMBER.width:
            return m.SHORT
        part = take(words, at.PART_NUMBER)
        if part > 1:
            return m.PART
        if bits < (at.PART_A.least_bits if part == 0 else at.PART_B.least_bits):
            return m.SHORT
        class_b_static(statics[head.statics], words, bits, head, part)
        head.statics += 1
    elif kind == 21:
        if bits < at.AID.least_bits:
            return m.SHORT
        aid(aids[head.aids], words, bits, head)
        head.aids += 1
    elif kind == 27:
        if bits < at.LONG_RANGE.least_bits:
            return m.SHORT
        position(positions[head.positions], words, head, at.LONG_RANGE)
        head.positions += 1
    elif kind == 9:
        if bits < at.AIRCRAFT.least_bits:
            return m.SHORT
        position(positions[head.positions], words, head, at.AIRCRAFT)
        head.positions += 1
    elif kind == 19:
        if bits < at.CLASS_B_EXTENDED.least_bits:
            return m.SHORT
        position(positions[head.positions], words, head, at.CLASS_B_EXTENDED)
        static(statics[head.statics], words, bits, head, at.EXTENDED_STATIC)
        head.positions += 1
        head.statics += 1
    else:
        other(others[head.others], words, head)
        head.others += 1
    return OK


@called
def line_without_sentence(
    buffer: Any,
    start: Any,
    head: Any,
    kinds: Any,
    wrappers: Any,
    rejects: Any,
    counts: Any,
    ranges: Any,
    samples: Any,
) -> Any:
    """Tell what a line is that has no AIS sentence; give its end."""
    place = head.content
    while buffer[place] in (BLANK, TAB):
        place += 1
    first = buffer[place]
    stop = place
    while not ends_line(buffer[stop]):
        stop += 1
    end = line_end(buffer, stop)
    reason = OK
    if ends_line(first):
        count_kind(KIND_TAGS if head.tags else KIND_BLANK, head, kinds)
    elif first == HASH:
        count_kind(KIND_COMMENT, head, kinds)
    elif first == DOLLAR and is_address(buffer, place):
        if is_wrapper(buffer, place):
            wrapper(buffer, place, head, wrappers)
        else:
            # What a wrapper before it wrapped was this sentence.
            head.fresh_wrapper = 0
        count_kind(address(buffer, place), head, kinds)
    elif first == BANG:
        reason = check_sentence(buffer, place)
        if reason == OK:
            count_kind(address(buffer, place), head, kinds)
    else:
        reason = m.NOT_A_SENTENCE
    if reason != OK:
        reject(
            head,
            rejects,
            counts,
            ranges,
            samples,
            reason,
            head.offset,
            head.base + min(end, head.limit),
            buffer,
            start,
            stop,
        )
    return end


@called
def is_address(buffer: Any, place: Any) -> Any:
    """Whether an address follows: 3 to 8 capital letters or digits, then a comma or `*`.

    Addresses have 5 characters, those of proprietary sentences (`$P...`) another number.
    """
    stop = place + 1
    while is_letter(buffer[stop]) or is_digit(buffer[stop]):
        stop += 1
    return 4 <= stop - place <= 9 and (buffer[stop] == COMMA or buffer[stop] == STAR)


@called
def address(buffer: Any, place: Any) -> Any:
    """`$` or `!` and the first characters of the address, as a word."""
    length = 1
    while length < 7 and buffer[place + length] != COMMA and buffer[place + length] != STAR:
        length += 1
    return lowest(load(buffer, place), length)


@called
def check_sentence(buffer: Any, place: Any) -> Any:
    """Whether `!` begins a right sentence of another kind than VDM and VDO, or why not."""
    if not is_address(buffer, place):
        return m.MALFORMED
    parity = 0
    star = place + 1
    while buffer[star] != STAR and not ends_line(buffer[star]):
        parity ^= buffer[star]
        star += 1
    if buffer[star] != STAR or checksum_at(buffer, star) > 255:
        return m.MALFORMED
    return OK if checksum_at(buffer, star) == parity else m.CHECKSUM


@called
def where_cut(buffer: Any, place: Any, star: Any) -> Any:
    """The backslash in a damaged sentence at which another one's tag block begins, or -1."""
    for index in range(place, star):
        if buffer[index] == BACKSLASH:
            return np.int64(index)
    return np.int64(-1)


@inlined
def sentence_end(
    buffer: Any, star: Any, head: Any, wrappers: Any, keys: Any, names: Any, lengths: Any
) -> Any:
    """The end of a piece whose sentence has a checksum; reads what stands behind it."""
    place = star + 3
    if ends_line(buffer[place]):
        return place + (2 if buffer[place] == CR and buffer[place + 1] == 10 else 1)
    end = next_piece(buffer, place)
    stop = end
    while stop > place and ends_line(buffer[stop - 1]):
        stop -= 1
    if stop > place:
        suffix(buffer, place, stop, head, wrappers, keys, names, lengths)
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
    buffer: Any,
    start: Any,
    head: Any,
    wrappers: Any,
    groups: Any,
    keys: Any,
    names: Any,
    lengths: Any,
) -> Any:
    """The place of the sentence in the piece that begins at `start`, or -1."""
    if is_sentence(buffer, start):
        return start
    place = start
    if buffer[place] == BACKSLASH:
        after = tag_block(buffer, place, head, keys, names, lengths)
        if after > 0:
            head.tags = 1
            head.content = after
            place = after
        else:
            place += 1
            head.damaged = 1
    if not is_sentence(buffer, place):
        place = preamble(buffer, place, head, wrappers, keys, names, lengths)
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
    slots: Any,
    pieces: Any,
    texts: Any,
    latest: Any,
    joined: Any,
    words: Any,
    rejects: Any,
    counts: Any,
    ranges: Any,
    samples: Any,
) -> Any:
    """The bits of a checked sentence's message, in `words`: their number, and `OK` or why not.

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
    head.channel = 0 if buffer[payload] == COMMA else buffer[payload]
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
    head.own_ship = buffer[place + 5] == 79
    if total == 1:
        if characters > m.MAX_PAYLOAD:
            return np.int64(0), m.MALFORMED
        if unarmour(buffer, payload, characters, words):
            return np.int64(0), m.PAYLOAD
        return characters * 6 - fill, OK
    if star + 3 - place > m.PART_TEXT:
        return np.int64(0), m.MALFORMED
    slot = add_part(
        buffer,
        place,
        end,
        payload,
        characters,
        fill,
        total,
        number,
        numbers,
        head,
        slots,
        pieces,
        texts,
        latest,
        rejects,
        counts,
        ranges,
        samples,
    )
    if slot < 0:
        return np.int64(0), WAITS
    characters = join(slot, slots, pieces, texts, joined)
    if characters > m.MAX_PAYLOAD:
        return np.int64(0), m.MALFORMED
    if unarmour(joined, 0, characters, words):
        return np.int64(0), m.PAYLOAD
    return characters * 6 - slots[slot].fill, OK


@inlined
def scan_lines(
    buffer: Any,
    start: Any,
    end: Any,
    heads: Any,
    positions: Any,
    statics: Any,
    bases: Any,
    aids: Any,
    others: Any,
    rejects: Any,
    stamps: Any,
    counts: Any,
    ranges: Any,
    samples: Any,
    type_counts: Any,
    kinds: Any,
    slots: Any,
    pieces: Any,
    texts: Any,
    latest: Any,
    groups: Any,
    keys: Any,
    names: Any,
    lengths: Any,
    wrappers: Any,
    words: Any,
    joined: Any,
) -> Any:
    """See `scan`."""
    head = heads[0]
    place = start
    while place < end and (
        head.positions < len(positions)
        and head.statics < len(statics)
        and head.bases < len(bases)
        and head.aids < len(aids)
        and head.others < len(others)
        and head.rejects + m.PARTS + 1 < len(rejects)
        and head.stamps < len(stamps)
        and head.wrappers + 1 < len(wrappers)
    ):
        begin(place, head)
        first = place
        at_bang = before_sentence(buffer, place, head, wrappers, groups, keys, names, lengths)
        if at_bang < 0:
            stamp(head, stamps)
            place = line_without_sentence(
                buffer, first, head, kinds, wrappers, rejects, counts, ranges, samples
            )
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
            place = sentence_end(buffer, star, head, wrappers, keys, names, lengths)
            if head.time == m.NO_TIME and head.prefix_time != m.NO_TIME:
                head.time = head.prefix_time
                head.time_from = m.FROM_PREFIX
            stamp(head, stamps)
            if buffer[at_bang + 9] == 49 and is_unnamed(buffer, first, at_bang, place, head):
                head.unnamed += 1
            bits, outcome = payload_of(
                buffer,
                at_bang,
                star,
                place,
                head,
                slots,
                pieces,
                texts,
                latest,
                joined,
                words,
                rejects,
                counts,
                ranges,
                samples,
            )
            if outcome == OK:
                outcome = decode(
                    words, bits, head, type_counts, positions, statics, bases, aids, others
                )
        if outcome == OK:
            head.messages += 1
            if head.time == m.NO_TIME:
                head.untimed = 1
        elif outcome != WAITS:
            reject(
                head,
                rejects,
                counts,
                ranges,
                samples,
                outcome,
                head.base + first,
                head.base + min(place, head.limit),
                buffer,
                first,
                place,
            )
    return place


def scan(
    buffer: Any,
    start: Any,
    end: Any,
    heads: Any,
    positions: Any,
    statics: Any,
    bases: Any,
    aids: Any,
    others: Any,
    rejects: Any,
    stamps: Any,
    counts: Any,
    ranges: Any,
    samples: Any,
    type_counts: Any,
    kinds: Any,
    slots: Any,
    pieces: Any,
    texts: Any,
    latest: Any,
    groups: Any,
    keys: Any,
    names: Any,
    lengths: Any,
    wrappers: Any,
    words: Any,
    joined: Any,
) -> Any:
    """Decode the whole lines in `buffer[start:end]`; give the place to go on from.

    That is `end`, unless a table of the arena is full. The byte before `end` ends a line, and 64
    bytes behind it can be read.
    """
    return scan_lines(
        borrowed(buffer),
        start,
        end,
        borrowed(heads),
        borrowed(positions),
        borrowed(statics),
        borrowed(bases),
        borrowed(aids),
        borrowed(others),
        borrowed(rejects),
        borrowed(stamps),
        borrowed(counts),
        borrowed(ranges),
        borrowed(samples),
        borrowed(type_counts),
        borrowed(kinds),
        borrowed(slots),
        borrowed(pieces),
        borrowed(texts),
        borrowed(latest),
        borrowed(groups),
        borrowed(keys),
        borrowed(names),
        borrowed(lengths),
        borrowed(wrappers),
        borrowed(words),
        borrowed(joined),
    )


def gather_texts(
    raw: Any, count: Any, size: Any, text_at: Any, length_at: Any, whole: Any, ends: Any, out: Any
) -> None:
    """Write the texts of `count` rows one behind the other, as Arrow wants them, and their ends.

    `raw` holds rows of `size` bytes, with a text at `text_at` in each and its length at
    `length_at`; unless they are wanted `whole`, they end before their first '@', and blanks before
    it go. Characters are copied 8 at a time, so that `out` needs 8 bytes more than all texts.
    """
    raw, ends, out = borrowed(raw), borrowed(ends), borrowed(out)
    total = np.int64(0)
    ends[0] = 0
    for row in range(count):
        start = row * size
        length = np.int64(raw[start + length_at])
        if not whole:
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


def expire(
    slot: Any,
    heads: Any,
    rejects: Any,
    counts: Any,
    ranges: Any,
    samples: Any,
    slots: Any,
    pieces: Any,
    texts: Any,
) -> Any:
    """Reject the parts that still wait, from `slot` on; give the slot to go on from."""
    head = heads[0]
    while slot < len(slots) and head.rejects + m.PARTS < len(rejects):
        give_up(slot, head, slots, pieces, texts, rejects, counts, ranges, samples)
        slot += 1
    return slot
