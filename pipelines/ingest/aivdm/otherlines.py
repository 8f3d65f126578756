"""Lines without an AIS sentence: of another kind (`$PGHP`, comments, blanks), or rejects."""

from typing import Any

from pipelines.ingest.aivdm import memory as m
from pipelines.ingest.aivdm.assembly import reject
from pipelines.ingest.aivdm.characters import (
    BANG,
    BLANK,
    COMMA,
    DOLLAR,
    HASH,
    STAR,
    TAB,
    checksum_at,
    ends_line,
    is_digit,
    is_letter,
    line_end,
)
from pipelines.ingest.aivdm.framing import KIND_BLANK, KIND_COMMENT, KIND_TAGS, count_kind
from pipelines.ingest.aivdm.jit import called
from pipelines.ingest.aivdm.messages import OK
from pipelines.ingest.aivdm.words import (
    load,
    lowest,
)
from pipelines.ingest.aivdm.wrappers import is_wrapper, wrapper


@called
def line_without_sentence(
    buffer: Any, start: Any, head: Any, kinds: Any, wrappers: Any, rejects: Any
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
    """Return whether an address follows: 3 to 8 capital letters or digits, then a comma or `*`.

    Addresses have 5 characters, those of proprietary sentences (`$P...`) another number.
    """
    stop = place + 1
    while is_letter(buffer[stop]) or is_digit(buffer[stop]):
        stop += 1
    return 4 <= stop - place <= 9 and (buffer[stop] == COMMA or buffer[stop] == STAR)


@called
def address(buffer: Any, place: Any) -> Any:
    """Return `$` or `!` and the first characters of the address, as a word."""
    length = 1
    while length < 7 and buffer[place + length] != COMMA and buffer[place + length] != STAR:
        length += 1
    return lowest(load(buffer, place), length)


@called
def check_sentence(buffer: Any, place: Any) -> Any:
    """Return whether `!` begins a right sentence of another kind than VDM and VDO, or why not."""
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
