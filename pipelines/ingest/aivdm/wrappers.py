"""`$PGHP` lines (GateHouse): when the sentence was received whose checksum they name.

Most stand directly before their sentence, which has their time then and there (`unwrap`). In feeds
that were merged or delivered in bursts, others stand between, or the line comes after its sentence:
these pairs are found afterwards, among what stands near (`match`).
"""

from typing import Any

import numpy as np

from pipelines.ingest.aivdm import limits
from pipelines.ingest.aivdm import memory as m
from pipelines.ingest.aivdm.characters import (
    BLANK,
    COMMA,
    STAR,
    checksum_at,
    ends_line,
    hex_digit,
    is_digit,
)
from pipelines.ingest.aivdm.jit import called, inlined
from pipelines.ingest.aivdm.payload import instant
from pipelines.ingest.aivdm.times import epoch, plausible
from pipelines.ingest.aivdm.words import U, borrowed, load, lowest

WRAPPER_START = U(int.from_bytes(b"$PGHP,1", "little"))


@inlined
def is_wrapper(buffer: Any, place: Any) -> Any:
    """Tell whether a line is `$PGHP,1`."""
    return lowest(load(buffer, place), 7) == WRAPPER_START


@called
def wrapper(buffer: Any, place: Any, head: Any, wrappers: Any) -> None:
    """Note the time of a `$PGHP` line, and how much later than that the line was written.

    `$PGHP,1,year,month,day,hour,minute,second,millisecond,country,region,pss,online,cc*hh`, where
    cc is the checksum of the wrapped sentence (of all its parts, combined). Some loggers write an
    epoch behind it, as behind each sentence: that of the delivery.
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
    time = plausible(time + numbers[7] * 1_000)
    checksum = np.int64(-1)
    if star - last == 3:
        checksum = hex_digit(buffer[last + 1]) * 16 + hex_digit(buffer[last + 2])
    head.fresh_wrapper = 1
    head.fresh_time = time
    head.fresh_checksum = checksum
    head.fresh_piece = head.pieces
    if time != m.NO_TIME:
        lag = np.int64(m.NO_TIME)
        if buffer[star + 3] == COMMA:
            stop = star + 4
            while not ends_line(buffer[stop]) and buffer[stop] != COMMA:
                stop += 1
            written, after = epoch(buffer, star + 4, stop)
            if written != m.NO_TIME and after == stop:
                lag = written - time
                head.lag = lag
        note(head, wrappers, time, head.pieces, checksum, lag)


@inlined
def note(head: Any, wrappers: Any, time: Any, piece: Any, checksum: Any, lag: Any) -> None:
    """Write a row about a wrapper: that it is there, or (without a time) that it is taken."""
    row = wrappers[head.wrappers]
    row.time = time
    row.piece = piece
    row.lag = lag
    row.checksum = checksum
    head.wrappers += 1


@called
def unwrap(head: Any, wrappers: Any, checksum: Any, alone: Any, own_ship: Any) -> None:
    """Give the sentence at hand the time of the wrapper directly before it, if that names it.

    The wrapper of several parts names a combination of their checksums, some wrappers of own-ship
    sentences name 00, and some name none: these only count for the very next sentence.
    """
    if head.fresh_wrapper and head.pieces - head.fresh_piece <= limits.FRESH_WITHIN_PIECES:
        named = head.fresh_checksum
        is_its = named == checksum or named < 0 or not alone or (own_ship and named == 0)
        if is_its and head.fresh_time != m.NO_TIME:
            note(head, wrappers, m.NO_TIME, head.fresh_piece, named, m.NO_TIME)
            if head.time == m.NO_TIME:
                head.time = head.fresh_time
                head.time_from = m.FROM_WRAPPER
    head.fresh_wrapper = 0


@inlined
def delivered(head: Any, wrappers: Any, written: Any) -> None:
    """Note by how much the epoch behind a sentence is later than its wrapper's time."""
    if head.time_from == m.FROM_WRAPPER and head.wrappers > 0:
        head.lag = written - head.time
        wrappers[head.wrappers - 1].lag = head.lag


@called
def around(near: Any, low: Any, piece: Any) -> Any:
    """Find the time of the last wrapper before a piece and that of the first behind it.

    Gives the earlier of them if they are close to one another, else `DELIVERED`.
    """
    before = np.int64(m.NO_TIME)
    after = np.int64(m.NO_TIME)
    index = low
    while index < len(near) and near[index].piece <= piece + limits.WRAPPED_WITHIN_PIECES:
        if near[index].piece < piece:
            before = near[index].time
        elif after == m.NO_TIME:
            after = near[index].time
        index += 1
    if min(before, after) == m.NO_TIME or abs(after - before) > limits.WRAPPERS_APART_US:
        return np.int64(m.DELIVERED)
    return min(before, after)


@called
def nearest(near: Any, low: Any, piece: Any, checksum: Any) -> Any:
    """Find the nearest wrapper that names a checksum and isn't taken; count the late ones."""
    best = np.int64(-1)
    late = 0
    index = low
    while index < len(near) and near[index].piece <= piece + limits.WRAPPED_WITHIN_PIECES:
        row = near[index]
        if row.lag >= limits.DELIVERY_US:
            late += 1
        if not row.taken and row.checksum == checksum:
            closer = best < 0 or abs(row.piece - piece) < abs(near[best].piece - piece)
            best = np.int64(index) if closer else best
        index += 1
    return best, late


@inlined
def lines_near(piece: Any, last: Any) -> Any:
    """Count the pieces of the feed that are near one, which ends with the piece `last`."""
    first = max(piece - limits.WRAPPED_WITHIN_PIECES, 1)
    return min(piece + limits.WRAPPED_WITHIN_PIECES, last) - first + 1


def match(
    pieces: Any,
    checksums: Any,
    times: Any,
    times_from: Any,
    wrappers: Any,
    last: Any,
    counts: Any,
) -> None:
    """Date sentences by the wrappers near them, in the order of the feed.

    A sentence takes the nearest wrapper that names its checksum and that none before it took. Where
    the epochs behind the lines near it lag `DELIVERY_US` or more behind the wrappers' times (on one
    in `DELIVERED_OF` lines), they are those of the delivery: a sentence without a wrapper then has
    the time of the wrappers around it if those are within `WRAPPERS_APART_US`, and else none
    (`DELIVERED`).

    `pieces` ascend to at most `last`, that of the feed so far; two rows of one piece are of one
    sentence. `times` and `times_from` are changed in place, and `counts` (put right, dated by those
    around, refused, and all lags of those put right in microseconds).
    """
    pieces, checksums = borrowed(pieces), borrowed(checksums)
    times, times_from = borrowed(times), borrowed(times_from)
    near, counts = borrowed(wrappers), borrowed(counts)
    low = 0
    for row in range(len(pieces)):
        piece = pieces[row]
        while low < len(near) and near[low].piece < piece - limits.WRAPPED_WITHIN_PIECES:
            low += 1
        if times_from[row] == m.FROM_WRAPPER:
            continue
        if row > 0 and pieces[row - 1] == piece:
            times[row] = times[row - 1]
            times_from[row] = times_from[row - 1]
            continue
        logged = times_from[row] == m.FROM_SUFFIX or times_from[row] == m.FROM_PREFIX
        best, late = nearest(near, low, piece, checksums[row])
        if best >= 0:
            near[best].taken = 1
            if logged:
                near[best].lag = times[row] - near[best].time
                if near[best].lag >= limits.DELIVERY_US:
                    counts[0] += 1
                    counts[3] += near[best].lag
            if logged or times[row] == m.NO_TIME:
                times[row] = near[best].time
                times_from[row] = m.FROM_WRAPPER
        elif logged and late > 0 and limits.DELIVERED_OF * late >= lines_near(piece, last):
            times[row] = around(near, low, piece)
            times_from[row] = m.FROM_AROUND
            counts[1 if times[row] != m.DELIVERED else 2] += 1
